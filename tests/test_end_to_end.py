"""From the command to the page: `career-advisor serve` on the shipped corpus, used in a real browser."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from career_advisor.opening import load_services
from tests.chromium import opened

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("home")
    environment = os.environ | {"ADVISOR_HOME": str(home), "ADVISOR_ENCODER": "all-MiniLM-L6-v2"}
    serving = subprocess.Popen(
        [sys.executable, "-m", "career_advisor", "serve", "--port", "0", "--json"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=home,
    )
    try:
        assert serving.stdout is not None
        yield json.loads(serving.stdout.readline())["address"]
    finally:
        serving.terminate()
        serving.wait(20)


@pytest.fixture(scope="module")
def page(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with opened(tmp_path_factory.mktemp("profile")) as browser:
        page = browser.new_page()
        page.set_viewport_size({"width": 1280, "height": 860})
        page.goto(address)
        page.wait_for_selector("#examples button")
        yield page


def ask(page: Any, question: str) -> Any:
    """Ask, wait for the whole answer, and return its turn."""
    before = page.locator("#turns .badge").count()
    page.fill("#question textarea", question)
    page.press("#question textarea", "Enter")
    expect(page.locator("#turns .badge")).to_have_count(before + 1, timeout=30_000)
    return page.locator("#turns > *").last


def test_the_page_says_what_it_is_and_offers_four_questions(page: Any) -> None:
    assert page.locator("#examples button").count() == 4
    assert "independent of Rob Miles" in page.locator("#welcome").inner_text()
    assert re.search(r"my sources \(\d+ pages\)", page.locator("#index-line").inner_text())


def test_a_question_is_answered_and_its_citation_opens_the_marked_words(page: Any) -> None:
    turn = ask(page, "Do I need a PhD to work on AI safety?")

    assert "not strictly need a PhD" in turn.inner_text()
    turn.locator("button.cite").first.click()
    marked = page.locator("#pane mark").first
    assert marked.inner_text() in turn.inner_text()
    assert page.evaluate("document.querySelector('#pane').contains(document.activeElement)")


def test_a_suggested_question_leads_to_an_answer(page: Any) -> None:
    suggested = page.locator("#turns .follow-ups button").last
    wanted = suggested.inner_text()
    before = page.locator("#turns .badge").count()
    suggested.click()
    expect(page.locator("#turns .badge")).to_have_count(before + 1, timeout=30_000)

    turn = page.locator("#turns > *").last
    assert wanted in turn.inner_text()
    assert turn.locator("button.cite").count() >= 1


def test_somebody_who_tells_of_themselves_is_handed_to_people(page: Any) -> None:
    turn = ask(page, "I'm a nurse of 46 in Poland. I feel too old for this. Is there anybody I could talk to?")

    # Which of them fits best is learnt, and may change; that there are several people to turn to is promised.
    people = [service.url for service in load_services().people]
    assert sum(turn.locator(f"a[href='{address}']").count() for address in people) >= 2


def test_a_new_conversation_forgets_the_old_one(page: Any) -> None:
    page.click("#clear")
    expect(page.locator("#turns .badge")).to_have_count(0)

    assert page.locator("#examples button").first.is_visible()

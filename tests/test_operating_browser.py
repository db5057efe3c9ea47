"""The operator's page in a real browser, used as an operator uses it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from career_advisor import opening
from career_advisor.journal import Journal
from career_advisor.operating.guarding import Door
from career_advisor.settings import Settings
from tests.chromium import violations
from tests.doubles import QUOTES, not_covered
from tests.test_browser import browser
from tests.test_operating import GUIDANCE, PASSWORD, make_run, operated, settings_of

pytestmark = pytest.mark.browser

__all__ = ["browser"]  # a fixture

WIDE = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}
PAGES = ("/", "/runs", "/runs/bad", "/runs/bad/1", "/compare?a=good&b=bad", "/questions")


@dataclass
class Tab:
    """A page that is open, and what it asked for and complained of."""

    page: Any
    address: str
    asked_for: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def log_in(self) -> None:
        self.page.goto(self.address)
        self.page.fill("#password", PASSWORD)
        self.page.press("#password", "Enter")
        self.page.wait_for_selector("nav")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return a home with two runs and some questions, and no index yet."""
    settings = settings_of(tmp_path_factory.mktemp("operator"), keep_questions=True)
    make_run(settings, "good")
    make_run(settings, "bad", passes=False)
    journal = Journal(settings.home, 30)
    for total in (120.0, 180.0, 240.0):
        journal.keep(replace(not_covered("Does Anthropic pay relocation?"), timings_ms={"total": total}))
    return settings


@pytest.fixture(scope="module")
def address(settings: Settings) -> Iterator[str]:
    with operated(settings) as url:
        yield url


@contextmanager
def opened(browser: Any, address: str, **options: Any) -> Iterator[Tab]:
    """Open a browser with nothing kept from before; see that it asked nobody else and had nothing to complain of."""
    context = browser.new_context(**{"viewport": WIDE, "color_scheme": "light", **options})
    context.set_default_timeout(60_000)
    tab = Tab(context.new_page(), address)
    context.on("request", lambda request: tab.asked_for.append(request.url))
    tab.page.on("console", lambda message: tab.complaints.extend([message.text] if message.type == "error" else []))
    tab.page.on("pageerror", lambda error: tab.complaints.append(str(error)))
    try:
        yield tab
    finally:
        context.close()
    assert [url for url in tab.asked_for if not url.startswith((address, "data:"))] == []
    assert tab.complaints == []


def test_the_password_is_asked_for_and_a_wrong_one_is_refused(browser: Any, settings: Settings) -> None:
    with operated(settings, Door(PASSWORD)) as address, opened(browser, address) as tab:
        page = tab.page
        page.goto(f"{address}/questions")
        assert page.url == f"{address}/login"
        assert page.evaluate("document.activeElement.id") == "password"
        page.fill("#password", "not the one")
        page.click("button:text-is('Log in')")
        assert page.inner_text("[role=alert]") == "That is not the password."
        assert page.locator("nav").count() == 0
        tab.complaints.clear()  # Chromium complains of every answer that is a refusal
        page.fill("#password", PASSWORD)
        page.press("#password", "Enter")
        page.wait_for_selector("nav")
        page.click("text=Log out")
        page.goto(address)
        assert page.url == f"{address}/login"


@pytest.mark.slow
def test_an_operator_builds_a_folder_sees_what_is_broken_and_goes_back(browser: Any, tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "phd.md").write_text(GUIDANCE, "utf-8")
    with operated(settings) as address, opened(browser, address) as tab:
        page = tab.page
        tab.log_in()
        assert "There is no index yet" in page.inner_text("main")
        page.fill("#paths", str(corpus))
        page.click("button:text-is('Build')")
        page.wait_for_selector("text=/Version .* is served: 1 document/", timeout=120_000)
        first = opening.status_json(settings)["index"]
        assert "Nothing: a build would change nothing." in page.inner_text("main")

        (corpus / "broken.pdf").write_bytes(b"%PDF-1.7 and then nothing")
        (corpus / "more.md").write_text("# What then?\n\nTake a course first.\n", "utf-8")
        page.reload()
        assert "2 new" in page.inner_text("section[aria-labelledby=changed]")
        page.click("button:text-is('Build')")
        page.wait_for_selector("text=/is served: 2 documents/", timeout=120_000)
        (failure,) = page.locator("#build-failed li").all_inner_texts()
        assert failure.startswith("broken.pdf: ")
        assert len(failure) > len("broken.pdf: ") + 8
        page.click("#build-files-part summary")
        assert [each.split(":")[0] for each in page.locator("#build-files li").all_inner_texts()] == [
            "broken.pdf",
            "more.md",
            "phd.md",
        ]

        page.click("text=Go back to this one")
        page.wait_for_selector(f"text=Version {first} is served now.")
        assert opening.status_json(settings)["index"] == first
        row = page.locator("tr", has_text=first)
        assert "served" in row.inner_text()


def played(tab: Tab, state: Callable[[], dict[str, Any]]) -> None:
    """Open the index while a build runs, of which the server says what is played here."""

    def play(route: Any) -> None:
        told = {"running": True, "begun": True, "seconds": 1.5, "outcome": "", "well": True, **state()}
        route.fulfill(body=json.dumps(told), content_type="application/json")

    def begun(route: Any) -> None:
        came = route.fetch()
        running = came.text().replace('data-running="no" hidden', 'data-running="yes"')
        route.fulfill(response=came, body=running.replace('id="build-files-part"', 'id="build-files-part" open'))

    tab.page.route("**/build.json", play)
    tab.page.route(f"{tab.address}/", begun)
    tab.page.goto(tab.address)


def test_a_build_is_followed_while_it_runs_without_loading_the_page_anew(
    browser: Any, settings: Settings, address: str
) -> None:
    """What the server says is played here, so that each moment of a build can be looked at."""
    states = [
        {"looked_at": 1, "files": [{"path": "a.md", "reason": ""}], "failed": [], "steps": []},
        {
            "looked_at": 2,
            "files": [{"path": "a.md", "reason": ""}, {"path": "<b>.pdf", "reason": "it is damaged"}],
            "failed": [{"path": "<b>.pdf", "reason": "it is damaged"}],
            "steps": [{"what": "embedding", "done": 3, "total": 12}],
        },
    ]
    at = {"now": 0}

    with opened(browser, address) as tab:
        page = tab.page
        tab.log_in()
        played(tab, lambda: states[at["now"]])
        page.wait_for_selector("#build-files li >> text=a.md")
        assert page.inner_text("#build-line") == "Building: reading."
        at["now"] = 1
        page.wait_for_selector("progress[aria-label=embedding]")
        assert page.locator("progress").get_attribute("value") == "3"
        assert page.inner_text("#build-line") == "Building: embedding."
        assert page.locator("#build-failed li").all_inner_texts() == ["<b>.pdf: it is damaged"]
        assert "2 files looked at, 1 of them could not be read" in page.inner_text("#build-count")
        assert page.get_attribute("#build-line", "role") == "status"


def test_an_operator_sees_a_run_and_how_one_answer_came_about(browser: Any, address: str) -> None:
    with opened(browser, address) as tab:
        page = tab.page
        tab.log_in()
        page.click("nav >> text=Evaluation")
        page.click("a:text-is('good')")
        page.click("text=show all 2")
        page.click("a:text-is('phd')")
        trace = page.inner_text("main")
        assert QUOTES[0] in trace
        assert "Passages found" in trace
        page.click("a:text-is('[1]') >> nth=0")
        assert page.evaluate("location.hash") == "#c1"
        page.click("nav >> text=Evaluation")
        page.check("input[name=a][value=good]")
        page.check("input[name=b][value=bad]")
        page.click("text=Compare A with B")
        assert "0 fixed, 1 broken" in page.inner_text("main")
        page.click("[aria-label='phd in B']")
        assert "Why it did not pass" in page.inner_text("main")


def test_the_report_of_a_run_works_in_its_sandbox_and_has_no_session(browser: Any, address: str) -> None:
    with opened(browser, address) as tab:
        tab.log_in()
        tab.page.goto(f"{address}/runs/bad/report")

        assert "1 of 2 cases" in tab.page.inner_text("body")
        assert tab.page.evaluate("self.origin") == "null"


def test_what_was_declined_is_listed_with_how_long_answers_took(browser: Any, address: str) -> None:
    with opened(browser, address) as tab:
        tab.log_in()
        tab.page.click("nav >> text=Questions")
        text = tab.page.inner_text("main")

    assert "Does Anthropic pay relocation?" in text
    assert "median 180 ms" in text


@pytest.mark.parametrize("size", [PHONE, WIDE], ids=["phone", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_an_accessibility_problem_in_light_and_dark(
    browser: Any, address: str, scheme: str, size: dict[str, int]
) -> None:
    with opened(browser, address, viewport=size, color_scheme=scheme, bypass_csp=True) as tab:
        tab.page.goto(address)
        problems = found_by_axe(tab.page, "/login")
        tab.log_in()
        for path in PAGES:
            tab.page.goto(address + path)
            problems += found_by_axe(tab.page, path)

    assert problems == []


@pytest.mark.parametrize("size", [PHONE, WIDE], ids=["phone", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_before_during_and_after_a_build_that_fails(
    browser: Any, tmp_path: Path, scheme: str, size: dict[str, int]
) -> None:
    settings = settings_of(tmp_path)
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    running = {
        "looked_at": 1,
        "files": [{"path": "a.pdf", "reason": "it is damaged"}],
        "failed": [{"path": "a.pdf", "reason": "it is damaged"}],
        "steps": [{"what": "embedding", "done": 3, "total": 12}],
    }
    with (
        operated(settings) as address,
        opened(browser, address, viewport=size, color_scheme=scheme, bypass_csp=True) as tab,
    ):
        page = tab.page
        page.goto(address)
        page.fill("#password", "not the one")
        page.press("#password", "Enter")
        page.wait_for_selector("[role=alert]")
        problems = found_by_axe(page, "a wrong password")
        tab.complaints.clear()  # Chromium complains of every answer that is a refusal
        tab.log_in()
        for path in ("/", "/runs", "/questions"):
            page.goto(address + path)
            problems += found_by_axe(page, f"{path}, empty")
        played(tab, lambda: running)
        page.wait_for_selector("progress[aria-label=embedding]")
        problems += found_by_axe(page, "a build that runs")
        page.unroute_all()
        page.wait_for_selector("#build", state="hidden")  # it hears that none runs, and loads itself anew
        page.fill("#paths", str(tmp_path / "broken.pdf"))
        page.click("button:text-is('Build')")
        page.wait_for_selector("#build[data-running=no] #build-failed li", timeout=120_000)
        problems += found_by_axe(page, "a build that failed")
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]

    assert problems == []


def found_by_axe(page: Any, path: str) -> list[str]:
    return [f"{path}: {each['id']} {each['nodes'][0]['target']}" for each in violations(page)]


def test_on_a_phone_no_page_is_wider_than_the_screen_and_every_button_can_be_touched(
    browser: Any, address: str
) -> None:
    with opened(browser, address, viewport=PHONE, has_touch=True) as tab:
        tab.log_in()
        for path in PAGES:
            tab.page.goto(address + path)
            assert tab.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
            heights = [box["height"] for each in tab.page.locator("button").all() if (box := each.bounding_box())]
            assert min(heights) >= 36, path


def test_everything_works_without_the_script(browser: Any, address: str) -> None:
    with opened(browser, address, java_script_enabled=False) as tab:
        tab.log_in()
        tab.page.click("nav >> text=Evaluation")
        tab.page.click("a:text-is('bad')")
        assert "The 1 that did not pass" in tab.page.inner_text("main")

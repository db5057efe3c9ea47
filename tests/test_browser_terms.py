"""A term of the field within an answer can be looked up where it stands: with a mouse, a keyboard, a finger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from career_advisor.records import Reply, Term
from career_advisor.web import guard
from tests.chromium import violations
from tests.doubles import QUOTES, ScriptedAnswerer, citation
from tests.hostile import TEXTS, UNSEEN, aimed, loopback
from tests.test_browser import PHONE, WIDE, Tab, browser, opened, watched
from tests.test_browser_access import darkened, named
from tests.test_web import served

pytestmark = pytest.mark.browser

__all__ = ["browser"]  # a fixture

MEANS = "Working on AI safety mostly needs no PhD."
TERMS = (
    Term("PhD", replace(citation(1, QUOTES[1]), quote=MEANS, title="Words of the field", date="2025-05")),
    Term("within weeks", replace(citation(2, QUOTES[2]), quote="Weeks are short.", title="Words of the field")),
)
"""The second one stands where the first number of its sentence is kept from beginning a line."""


@pytest.fixture(scope="module")
def answerer() -> ScriptedAnswerer:
    answerer = ScriptedAnswerer()
    answerer.glossary = (TERMS[1], TERMS[0])  # in the order of the answer
    return answerer


@pytest.fixture(scope="module")
def address(answerer: ScriptedAnswerer) -> Iterator[str]:
    with served(answerer, rate=guard.Rate(burst=1_000)) as url:
        yield url


@pytest.fixture
def tab(browser: Any, address: str) -> Iterator[Tab]:
    with watched(browser, address) as one:
        one.ask("Should I do one?")
        one.page.wait_for_timeout(300)
        yield one


def box(tab: Tab) -> Any:
    return tab.page.locator("#preview")


def shown(tab: Tab) -> str:
    box(tab).wait_for(state="visible")
    return str(box(tab).inner_text())


def test_each_term_is_marked_once_where_it_is_first_used_and_the_words_stay_as_they_are(tab: Tab) -> None:
    assert tab.turn.locator(".term").all_inner_texts() == ["within weeks", "PhD"]
    words = tab.turn.locator(".words").inner_text()
    for quote in QUOTES:
        assert quote in words
    assert tab.turn.locator(".sentence", has_text=QUOTES[2]).locator(".held .term + button.cite").count() == 1


def test_resting_on_a_term_shows_the_sentence_of_the_glossary_and_its_source_and_leads_nowhere(tab: Tab) -> None:
    tab.turn.locator(".term", has_text="PhD").hover()
    text = shown(tab)

    assert MEANS in text
    assert "Words of the field" in text
    assert "Rob Miles" in text
    assert "May 2025" in text
    assert box(tab).locator("a, button, .number").count() == 0
    tab.page.mouse.move(5, 300)
    box(tab).wait_for(state="hidden")


def test_the_keyboard_reaches_it_shows_it_hides_it_and_shows_it_again(tab: Tab) -> None:
    term = tab.turn.locator(".term", has_text="PhD")
    tab.turn.locator(".term").first.focus()
    for _ in range(2):  # over the number between them
        tab.page.keyboard.press("Tab")
    assert MEANS in shown(tab)
    assert term.get_attribute("aria-describedby") == "preview"
    tab.page.keyboard.press("Escape")
    assert not box(tab).is_visible()
    assert term.evaluate("each => each === document.activeElement")
    top = tab.page.evaluate("scrollY")
    tab.page.keyboard.press(" ")
    assert MEANS in shown(tab)
    assert tab.page.evaluate("scrollY") == top
    assert tab.page.inner_text("#status") == MEANS
    assert tab.page.get_attribute("#status", "lang") == "en"
    tab.page.keyboard.press("Tab")
    assert MEANS not in (box(tab).inner_text() if box(tab).is_visible() else "")
    assert tab.page.locator("#pane").is_hidden()


def test_a_finger_shows_it_and_a_tap_beside_it_hides_it(browser: Any, address: str) -> None:
    with watched(browser, address, viewport=PHONE, has_touch=True) as tab:
        tab.ask("Should I do one?")
        tab.page.wait_for_timeout(300)
        tab.turn.locator(".term", has_text="PhD").tap()
        assert MEANS in shown(tab)
        place = box(tab).bounding_box()
        assert 0 <= place["x"] < place["x"] + place["width"] <= PHONE["width"]
        assert tab.width <= PHONE["width"]
        tab.turn.locator(".asked").tap()
        box(tab).wait_for(state="hidden")


def test_an_answer_without_terms_has_none_to_press(browser: Any) -> None:
    with served(ScriptedAnswerer()) as url, watched(browser, url) as tab:
        assert tab.ask("Should I do one?").locator(".term").count() == 0


def test_terms_stay_in_a_conversation_that_is_kept_and_in_one_from_before_there_were_any(tab: Tab) -> None:
    tab.page.click("#talks-button")
    tab.page.check("#keep-switch")
    tab.page.reload()
    tab.page.wait_for_selector(".turn .actions")
    assert tab.turn.locator(".term").all_inner_texts() == ["within weeks", "PhD"]
    tab.page.evaluate(
        """() => { const key = Object.keys(localStorage).find((each) => each.startsWith("advisor-talk-"));
          const talk = JSON.parse(localStorage.getItem(key));
          for (const turn of talk.turns) delete turn.reply.terms;
          localStorage.setItem(key, JSON.stringify(talk)); }"""
    )
    tab.page.reload()
    tab.page.wait_for_selector(".turn .actions")
    assert tab.turn.locator(".term").count() == 0
    assert QUOTES[0] in tab.turn.inner_text()


@pytest.mark.parametrize("size", [PHONE, WIDE], ids=["phone", "desk"])
def test_axe_finds_nothing_while_a_term_is_looked_up(browser: Any, address: str, size: dict[str, int]) -> None:
    with opened(browser, address, viewport=size, bypass_csp=True) as tab:
        tab.ask("Should I do one?")
        tab.turn.locator(".term", has_text="PhD").click()
        box(tab).wait_for(state="visible")
        assert named(violations(tab.page)) == []
        with darkened(tab):
            tab.turn.locator(".term", has_text="PhD").click()
            assert named(violations(tab.page, only=("color-contrast",))) == []


def test_hostile_words_of_a_glossary_are_text_in_the_box(browser: Any, answerer: ScriptedAnswerer) -> None:
    bad = ScriptedAnswerer()
    with loopback() as canary, served(bad, rate=guard.Rate(burst=1_000)) as url, watched(browser, url) as tab:
        for name in ("img", "script-end", "bidi", "template", "attribute"):
            text = aimed(TEXTS[name], canary.address, name)
            worst = replace(citation(1, QUOTES[1]), quote=text, title=text, after=text, author=text, date=text)
            bad.glossary = (Term("PhD", worst),)
            tab.ask("Should I do one?").locator(".term").click()
            seen = shown(tab)
            assert not any(sign in seen for sign in UNSEEN)
            assert box(tab).locator(":is(img, script, style, a, input)").count() == 0
        assert canary.asked == []


def test_a_word_that_a_pattern_would_take_for_its_own_is_found_as_it_is(browser: Any) -> None:
    odd = ScriptedAnswerer()
    odd.glossary = (
        Term("Miles' account, and", replace(citation(1, QUOTES[1]), quote=MEANS)),
        Term("(?", TERMS[0].citation),
    )
    odd.script = None
    with served(odd) as url, watched(browser, url) as tab:
        assert tab.ask("Why?").locator(".term").all_inner_texts() == ["Miles' account, and"]


def test_the_page_is_given_the_terms_of_a_reply_and_no_address_with_them() -> None:
    from career_advisor.web.showing import shown_reply
    from tests.doubles import answered

    reply: Reply = answered("?")
    (first, _) = shown_reply(reply, TERMS)["terms"]
    assert first["word"] == "PhD"
    assert first["quote"] == MEANS
    assert "sources" not in first
    assert "exact" not in first

"""What the page shows in passing: the words behind a number, the place in the line, the age of what it has read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from career_advisor.feedback import Box
from career_advisor.records import Age, Offer, Reply, Service
from career_advisor.web.wording import says
from tests.doubles import ADVISING, PAGE_TEXT, QUOTES, ScriptedAnswerer, answered, streamed, urgent
from tests.test_browser import PHONE, Held, Tab, browser, halfway, opened, watched
from tests.test_web import served

pytestmark = pytest.mark.browser

__all__ = ["browser"]  # a fixture

BOX = "#preview"
HELPLINE = Service(
    id="samaritans",
    name="Samaritans",
    kind="helpline",
    url="https://www.samaritans.org/how-we-can-help/contact-samaritan/",
    audience="Anyone in the United Kingdom or Ireland who needs somebody to listen",
    cost="free",
    gap="talking to somebody now",
    caveat="In the United Kingdom and Ireland call 116 123, 24 hours a day, free.",
)
STAGES = """() => { window.told = []; new MutationObserver(() => {
  const stage = document.querySelector(".stage"); if (stage) window.told.push(stage.textContent); })
  .observe(document.querySelector("#turns"), {subtree: true, childList: true, characterData: true}); }"""
NOTED = """() => { window.shown = 0; const box = document.querySelector("#preview");
  new MutationObserver(() => { window.shown += 1; }).observe(box, {attributes: true, childList: true}); }"""


@pytest.fixture
def answerer() -> ScriptedAnswerer:
    return ScriptedAnswerer()


@pytest.fixture
def address(answerer: ScriptedAnswerer) -> Iterator[str]:
    with served(answerer) as url:
        yield url


# ---------------------------------------------------------------- the words behind a number


def whole_words(tab: Tab, quote: str) -> None:
    """See that the box has the quote, whose view it is and what it stands in, and hides nothing of itself."""
    box = tab.page.locator(BOX)
    box.wait_for(state="visible")
    assert box.locator("blockquote").inner_text() == quote
    assert box.locator(".preview-title").inner_text() == "PhDs and degrees"
    assert box.locator(".meta").inner_text() == "after Rob Miles' talk on careers in AI safety · May 2025"
    assert box.locator(".kind").inner_text() == "Our summary"
    place = box.bounding_box()
    assert place["x"] >= 0
    assert place["x"] + place["width"] <= tab.page.viewport_size["width"]
    assert place["y"] >= 0
    assert place["y"] + place["height"] <= tab.page.locator("#composer").bounding_box()["y"] + 1


def test_a_mouse_that_rests_on_a_number_is_shown_its_words_and_may_read_them_there(browser: Any, address: str) -> None:
    with watched(browser, address) as tab:
        tab.ask("Should I do a PhD?")
        cites = tab.turn.locator("button.cite")
        before = tab.turn.bounding_box()
        cites.nth(1).hover()
        whole_words(tab, QUOTES[2])
        assert tab.turn.bounding_box() == before, "nothing moves for it"
        assert not tab.page.locator("#pane").is_visible()

        tab.page.locator(f"{BOX} blockquote").hover()
        tab.page.wait_for_timeout(400)
        whole_words(tab, QUOTES[2])

        tab.page.mouse.move(5, 5)
        tab.page.locator(BOX).wait_for(state="hidden")
        cites.nth(0).hover()
        whole_words(tab, QUOTES[0])
        cites.nth(0).click()
        assert not tab.page.locator(BOX).is_visible(), "its passage is open"
        assert tab.page.locator(".passage.asked-for mark").inner_text() == QUOTES[0]


def test_the_keyboard_is_shown_the_words_of_the_number_that_it_is_on(browser: Any, address: str) -> None:
    with watched(browser, address) as tab:
        tab.ask("Should I do a PhD?")
        tab.turn.locator("button.cite").nth(0).focus()
        tab.page.keyboard.press("Tab")
        whole_words(tab, QUOTES[2])
        assert tab.focused("aria-label") == "Source 2: PhDs and degrees"
        assert tab.focused("aria-describedby") == "preview"

        tab.page.keyboard.press("Tab")
        whole_words(tab, QUOTES[1])
        tab.page.keyboard.press("Escape")
        assert not tab.page.locator(BOX).is_visible()
        assert tab.focused("aria-label") == "Source 3: PhDs and degrees", "the focus stays"
        assert tab.focused("aria-describedby") is None

        tab.page.keyboard.press("Enter")
        tab.page.keyboard.press("Escape")
        assert not tab.page.locator("#pane").is_visible()
        assert not tab.page.locator(BOX).is_visible(), "nor is it in the way of somebody who has just read the passage"
        tab.page.keyboard.press("Shift+Tab")
        whole_words(tab, QUOTES[2])


def test_escape_hides_the_words_and_stops_no_answer(browser: Any, address: str, answerer: ScriptedAnswerer) -> None:
    with watched(browser, address) as tab:
        tab.ask("Should I do a PhD?")
        held = halfway(tab, answerer, "And in Europe?")
        tab.page.locator("button.cite").nth(2).focus()
        tab.page.locator(BOX).wait_for(state="visible")
        tab.page.keyboard.press("Escape")
        held.let_go()

        assert "Stopped." not in tab.over().inner_text()
        assert not tab.page.locator(BOX).is_visible()


def test_a_finger_opens_the_passage_and_is_shown_nothing_in_passing(browser: Any, address: str) -> None:
    with watched(browser, address, viewport=PHONE, has_touch=True) as phone:
        phone.ask("Should I do a PhD?")
        phone.page.evaluate(NOTED)
        phone.turn.locator("button.cite").nth(2).tap()
        phone.page.wait_for_timeout(400)

        assert phone.page.locator(".passage.asked-for mark").inner_text() == QUOTES[1]
        phone.page.locator("#pane-close").tap()
        phone.page.wait_for_timeout(400)
        assert phone.page.evaluate("window.shown") == 0


def test_the_words_are_in_sight_wherever_their_number_stands(browser: Any, address: str) -> None:
    with opened(browser, address, viewport={"width": 360, "height": 560}) as tab:
        tab.ask("Should I do a PhD?")
        for cite in tab.turn.locator("button.cite").all():
            for at in (0.25, 0.7):
                cite.evaluate("(cite, at) => scrollBy(0, cite.getBoundingClientRect().top - innerHeight * at)", at)
                cite.hover()
                tab.page.locator(BOX).wait_for(state="visible")
                place = tab.page.locator(BOX).bounding_box()
                assert place["x"] >= 0
                assert place["x"] + place["width"] <= 360
                assert place["y"] >= 0
                assert place["y"] + place["height"] <= 560
                tab.page.mouse.move(5, 5)
                tab.page.locator(BOX).wait_for(state="hidden")
        assert tab.width <= 360


# ---------------------------------------------------------------- what is shown, and what is not


def in_danger(question: str) -> Reply:
    """Reply as the advisor does to somebody in danger: passages were found, and are no help."""
    line = Offer(HELPLINE, HELPLINE.caveat)
    return replace(urgent(question), hits=answered(question).hits, offers=(line,))


@pytest.mark.parametrize("model", ["quotes", "a-model"])
def test_whoever_may_be_in_danger_is_shown_help_and_nothing_about_passages_or_models(
    browser: Any, tmp_path: Path, model: str
) -> None:
    answerer = ScriptedAnswerer(model_name=model)
    answerer.script = lambda question: streamed(in_danger(question))
    with served(answerer, box=Box(tmp_path)) as address, watched(browser, address) as tab:
        turn = tab.ask("I want to hurt myself")

        assert turn.get_by_role("link", name="Samaritans").get_attribute("href") == HELPLINE.url
        assert turn.locator(".sources, .passage, button[aria-controls=pane], .helpful, .writer").count() == 0
        assert "PhDs and degrees" not in turn.inner_text()
        assert says("en", "turn_model_on") not in turn.inner_text()
        assert [each.inner_text() for each in turn.locator(".actions button").all()] == [
            says("en", key) for key in ("copy", "ask_again", "edit")
        ]


def test_a_caveat_that_is_the_reason_stands_on_a_card_once(browser: Any) -> None:
    answerer = ScriptedAnswerer()
    answerer.script = lambda question: streamed(in_danger(question))
    with served(answerer) as address, watched(browser, address) as tab:
        card = tab.ask("I want to hurt myself").locator(".service")
        assert card.inner_text().count(HELPLINE.caveat) == 1
        assert says("en", "caveat") not in card.inner_text()

        answerer.script = None
        card = tab.ask("Am I too old?").locator(".service")
        assert card.inner_text().count(ADVISING.caveat) == 1
        assert says("en", "caveat") in card.inner_text(), "where it is another sentence it is there"


@pytest.mark.parametrize(
    ("configured", "wrote", "offered"),
    [
        ("quotes", "quotes", "turn_model_on"),
        ("a-model", "a-model", "how_this_works"),
        ("quotes", "a-model", "how_this_works"),
    ],
    ids=["nobody writes", "a model writes", "one wrote it before it was turned off"],
)
def test_to_turn_a_model_on_is_offered_only_below_what_none_wrote(
    browser: Any, configured: str, wrote: str, offered: str
) -> None:
    answerer = ScriptedAnswerer(model_name=configured)
    answerer.script = lambda question: streamed(answered(question, model=wrote))
    with served(answerer) as address, watched(browser, address) as tab:
        told = tab.ask("Should I do a PhD?").locator(".writer").inner_text()
        assert told.endswith(says("en", offered))
        assert told.count(" · ") == 1


# ---------------------------------------------------------------- in plain words, by quotes alone


def test_somebody_new_to_the_field_asks_for_plain_words_from_the_next_question_on(
    browser: Any, address: str, answerer: ScriptedAnswerer
) -> None:
    with watched(browser, address) as tab:
        tab.ask("First?")
        assert not tab.page.get_by_label("Quotes only").count(), "nobody else writes here"
        tab.page.get_by_label("Plain words").check()
        assert "I explain terms of the field below the answer" in tab.page.locator("#hint").inner_text()
        assert tab.page.locator("#status").inner_text() == tab.page.locator("#hint").inner_text()
        tab.ask("Second?")
        assert answerer.wished == [(False, False), (False, True)]

        tab.page.click("#clear")
        tab.ask("In a new conversation?")
        assert tab.page.get_by_label("Plain words").is_checked(), "it is in sight, and goes on"
        tab.page.get_by_label("Plain words").press("Space")
        tab.ask("As usual again?")
        assert answerer.wished[2:] == [(False, True), (False, False)]


def test_whoever_wants_no_language_model_gets_quotes_in_this_conversation(browser: Any) -> None:
    answerer = ScriptedAnswerer(model_name="a-model")
    with served(answerer) as address, watched(browser, address) as tab:
        assert "Written by a-model" in tab.ask("First?").inner_text()
        tab.page.get_by_label("Quotes only").check()
        turn = tab.ask("Second?")
        assert "Quoted word for word, no language model" in turn.inner_text()
        turn.locator(".chip").first.click()
        tab.over()
        assert answerer.wished == [(False, False), (True, False), (True, False)]


def test_the_switches_are_kept_with_the_conversation_that_they_are_of(browser: Any) -> None:
    answerer = ScriptedAnswerer(model_name="a-model")
    with served(answerer) as address, watched(browser, address) as tab:
        tab.page.click("#talks-button")
        tab.page.check("#keep-switch")
        tab.page.keyboard.press("Escape")
        tab.page.get_by_label("Quotes only").check()
        tab.page.get_by_label("Plain words").check()
        tab.ask("By quotes?")
        tab.page.click("#clear")
        for each in ("Quotes only", "Plain words"):
            tab.page.get_by_label(each).uncheck()
        tab.ask("By the model?")

        tab.page.click("#talks-button")
        tab.page.get_by_role("button", name="Open: By quotes?").click()
        assert tab.page.get_by_label("Quotes only").is_checked()
        tab.page.reload()
        tab.page.wait_for_selector("body.ready")
        assert tab.page.get_by_label("Plain words").is_checked()
        tab.ask("And then?")
        assert answerer.wished == [(True, True), (False, False), (True, True)]


def test_where_nothing_would_change_there_is_no_switch(browser: Any) -> None:
    answerer = ScriptedAnswerer()
    answerer.explains = False
    with served(answerer) as address, opened(browser, address) as tab:
        assert tab.page.locator(".wish").count() == 0


# ---------------------------------------------------------------- when all places are taken


def test_whoever_has_to_wait_for_a_place_is_told_how_many_are_before_them(
    browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("career_advisor.web.conversation.CHATS_AT_ONCE", 1)
    answerer, held = ScriptedAnswerer(), Held()
    answerer.script = held
    with served(answerer) as address, ExitStack() as tabs:
        first, second, third = (tabs.enter_context(opened(browser, address)) for _ in range(3))
        first.type("Am I the first?")
        first.page.wait_for_selector(f'.words :text("{QUOTES[0]}")')
        second.type("Am I the second?")
        second.page.wait_for_selector('.stage :text("All places are taken; you are next")')
        assert second.page.locator("#status").inner_text() == "All places are taken; you are next"
        third.type("Am I the third?")
        third.page.wait_for_selector('.stage :text("All places are taken; 1 person is before you")')

        held.let_go()
        for tab in (first, second, third):
            assert QUOTES[1] in tab.over().inner_text()
            assert tab.complaints == []


def test_whoever_finds_a_place_at_once_hears_of_no_queue(
    browser: Any, address: str, answerer: ScriptedAnswerer
) -> None:
    with watched(browser, address) as tab:
        tab.page.evaluate(STAGES)
        held = halfway(tab, answerer)
        tab.page.wait_for_timeout(1_000)
        held.let_go()
        tab.over()

        told = tab.page.evaluate("window.told")
        assert "Sending" in told[0]
        assert not any("places" in each for each in told)


# ---------------------------------------------------------------- how old it is


def test_about_says_when_the_index_was_built_and_how_old_the_sources_are(browser: Any) -> None:
    recent = (datetime.now(UTC) - timedelta(days=20)).date().isoformat()
    answerer = ScriptedAnswerer()
    answerer.age = Age("2026-11-20", recent, "2019-04")
    with served(answerer) as address, watched(browser, address) as tab:
        tab.page.click("#about-button")
        said = tab.page.locator("#about-age").inner_text()

    assert "I have read 18 pages." in said
    assert "My index was built on 20 November 2026." in said
    assert "the oldest as of April 2019" in said
    assert "half a year" not in said


@pytest.mark.parametrize(
    ("age", "told"),
    [
        (Age("2026-11-20", "2025-01", "2019"), "That is more than half a year ago"),
        (Age("2026-11-20"), "What I have read says nowhere as of when it is."),
    ],
    ids=["old", "undated"],
)
def test_sources_that_are_old_or_undated_are_said_to_be(browser: Any, age: Age, told: str) -> None:
    answerer = ScriptedAnswerer()
    answerer.age = age
    with served(answerer) as address, watched(browser, address) as tab:
        tab.page.click("#about-button")
        assert told in tab.page.locator("#about-age").inner_text()


# ---------------------------------------------------------------- what is next to the quoted words


def test_beside_the_quoted_words_stand_those_before_and_behind_them_as_the_document_has_them(
    browser: Any, address: str
) -> None:
    with watched(browser, address) as tab:
        tab.ask("Should I do a PhD?")
        for number, quote in enumerate((QUOTES[0], QUOTES[2], QUOTES[1])):
            tab.turn.locator("button.cite").nth(number).click()
            parts = tab.page.locator(".passage.asked-for blockquote").evaluate(
                "each => [...each.childNodes].map((part) => [part.nodeName, part.textContent])"
            )
            assert ["MARK", quote] in parts
            at = parts.index(["MARK", quote])
            before, behind = ("".join(text for _, text in side) for side in (parts[:at], parts[at + 1 :]))
            whole = before.removeprefix("… ") + quote + behind.removesuffix(" …")
            assert whole in PAGE_TEXT, number
            if quote != QUOTES[2]:  # which is the first and last sentence of its section
                assert len(before) > 10, number
                assert len(behind) > 10, number

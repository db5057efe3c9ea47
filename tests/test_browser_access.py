"""The page for everybody: axe in every state, a screen reader's view of it, twice the size, and without motion."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from typing import Any

import pytest

from career_advisor.feedback import Box
from career_advisor.records import ModelUnavailable, Piece, Reply, Stage, Understood
from career_advisor.web import guard
from career_advisor.web.wording import says, tables
from tests.chromium import OF_COLOURS, violations
from tests.doubles import Bookshelf, ScriptedAnswerer, not_covered, streamed, urgent
from tests.test_browser import PHONE, WIDE, Tab, browser, eventually, full, halfway, opened, profile
from tests.test_web import served

pytestmark = pytest.mark.browser

__all__ = ["browser"]  # a fixture

ZOOMED = {"width": 640, "height": 430}
"""What a window of 1280 by 860 has left at 200 %."""


KEPT = """() => JSON.parse(Object.entries(localStorage).find(([key]) => key.startsWith("advisor-talk-"))[1]).turns"""


def known(question: str) -> Reply:
    """Reply to somebody of whom something was understood."""
    return replace(full(question), understood=(Understood("student", "is a student"),))


@pytest.fixture(scope="module")
def answerer() -> ScriptedAnswerer:
    return ScriptedAnswerer()


@pytest.fixture(scope="module")
def address(answerer: ScriptedAnswerer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    box = Box(tmp_path_factory.mktemp("feedback"))
    with served(answerer, sources=Bookshelf(), box=box, kept=30, rate=guard.Rate(burst=1_000)) as url:
        yield url


def broken(_: str) -> Iterator[Stage | Piece | Reply]:
    yield Piece("Half an answer. ")
    raise ModelUnavailable("gone")


def talks(tab: Tab) -> None:
    tab.page.click("#talks-button")
    tab.page.check("#keep-switch")


def exported(tab: Tab) -> bytes:
    """Return the conversation that is kept as a file that can be read in."""
    turns = tab.page.evaluate(KEPT)
    head = {"format": "career-advisor-conversation", "version": 1, "title": "A file"}
    return json.dumps({**head, "turns": turns}).encode()


def press(tab: Tab, where: str) -> None:
    """Press what the pane may cover on a phone, as a keyboard does."""
    tab.page.locator(where).first.focus()
    tab.page.keyboard.press("Enter")


def states(tab: Tab, answerer: ScriptedAnswerer) -> Iterator[str]:
    """Go through everything that the page can look like, and name each."""
    page = tab.page
    yield "before the first question"
    answerer.script = lambda question: streamed(known(question))
    tab.ask("I'm a student. Should I do a PhD?")
    tab.turn.locator(".thumb.no").click()
    tab.turn.locator(".send-complaint").click()
    yield "an answer, and a complaint without a reason"
    tab.turn.locator(".cancel").click()
    tab.turn.locator(".thumb.yes").click()
    tab.turn.locator(".thanks").wait_for()
    yield "thanks for a vote"
    tab.turn.locator("button.cite").first.focus()
    page.keyboard.press("Tab")
    page.locator("#preview").wait_for(state="visible")
    yield "the words behind a number"
    page.keyboard.press("Escape")
    tab.turn.locator(".dropped summary").click()
    tab.turn.locator("button.cite").nth(1).click()
    page.locator("#pane .found summary").click()
    yield "sources, and what was left out and found beside them"
    page.keyboard.press("Escape")
    tab.turn.locator(".edit").click()
    yield "a question that is changed"
    page.keyboard.press("Escape")
    for opener in (
        ".understood button",
        "#talks-button",
        "#people-button",
        "#about-button",
        "#guides-button",
        ".source",
    ):
        press(tab, opener)
        yield opener
    press(tab, ".understood button")
    page.locator("#about-you .items button").first.click()
    yield "what was understood, taken back"
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    yield "the keys"
    yield from later(tab, answerer)


def later(tab: Tab, answerer: ScriptedAnswerer) -> Iterator[str]:
    """Go on with a conversation that is kept, and with answers that are none, or come only in part."""
    page = tab.page
    talks(tab)
    answerer.script = lambda question: streamed(replace(full(question), status="partly"))
    tab.ask("And in Europe?")
    yield "an answer in part"
    answerer.script = lambda question: streamed(not_covered(question))
    tab.ask("What does it pay?")
    yield "an answer that is none"
    page.click("#talks-button")
    page.locator(".talks .delete").first.click()
    yield "conversations, one about to be deleted"
    page.locator(".talks button:text-is('Rename')").first.click()
    yield "conversations, one given a name"
    page.keyboard.press("Escape")
    answerer.script = lambda question: streamed(urgent(question))
    tab.ask("I might hurt myself")
    yield "somebody in danger"
    answerer.script = broken
    tab.ask("And now?")
    yield "an answer that failed"
    tab.type("x" * 4_001)
    yield "a question that is too long"
    page.fill("#question textarea", "")
    held = halfway(tab, answerer, "Slowly?")
    yield "an answer that comes"
    held.let_go()
    tab.over()


def further(tab: Tab) -> Iterator[str]:
    """Go on through what takes the place of the conversation, or happens to it."""
    page = tab.page
    file = {"name": "x.json", "mimeType": "application/json", "buffer": exported(tab)}
    page.click("#clear")
    page.click("#talks-button")
    page.locator("#keep-switch").uncheck()
    page.set_input_files("#import-file", file)
    page.wait_for_selector(".turn .badge")
    yield "a conversation that was read in"
    press(tab, "#talks-button")
    page.set_input_files("#import-file", file)
    page.wait_for_selector("#pane .strong")
    yield "a word before a conversation is left"
    page.keyboard.press("Escape")
    page.context.set_offline(True)
    page.wait_for_selector('#hint:text("cannot be reached")')
    yield "no connection"
    page.context.set_offline(False)
    page.wait_for_selector("#hint", state="hidden")
    press(tab, "#guides-button")
    press(tab, "#pane .guided-entry")
    yield "a guided conversation, before it begins"
    page.click('#guided button:text-is("Begin")')
    yield "a question of a guided conversation"
    page.context.set_offline(True)
    page.click('#guided button:text-is("See the document now")')
    page.wait_for_selector("#guided .guided-trouble", state="visible")
    yield "a guided conversation without a connection"
    page.context.set_offline(False)
    for title in ("Where do I stand?", "My plan", "Prepare for advising"):
        if title != page.inner_text(".guided-name"):
            page.click('#guided button:text-is("Leave")')
            press(tab, "#guides-button")
            page.locator(f'#pane .guided-entry:has-text("{title}")').focus()
            page.keyboard.press("Enter")
            page.click('#guided button:text-is("Begin")')
        page.click('#guided button:text-is("See the document now")')
        page.wait_for_selector(".guided-sheet")
        yield f"the document of: {title}"


@pytest.mark.parametrize("size", [PHONE, WIDE], ids=["phone", "desk"])
def test_axe_finds_nothing_at_all_in_any_state_in_light_and_dark(
    browser: Any, address: str, answerer: ScriptedAnswerer, size: dict[str, int]
) -> None:
    found: dict[str, list[str]] = {}
    with opened(browser, address, viewport=size, bypass_csp=True) as tab:
        for name in chain(states(tab, answerer), further(tab)):
            found[name] = named(violations(tab.page, but=OF_COLOURS))
            found[f"{name}, light"] = named(violations(tab.page, only=OF_COLOURS, outside=SEEN))
            with darkened(tab):
                found[f"{name}, dark"] = named(violations(tab.page, only=OF_COLOURS, outside=SEEN))
            assert tab.width <= size["width"], name
    assert found == {name: [] for name in found}


@pytest.mark.parametrize("code", ["de", "zh"])
@pytest.mark.parametrize("size", [PHONE, WIDE], ids=["phone", "desk"])
def test_axe_finds_nothing_in_another_language_either_and_the_page_says_everything_of_its_own_in_it(
    browser: Any, address: str, answerer: ScriptedAnswerer, code: str, size: dict[str, int]
) -> None:
    found: dict[str, list[str]] = {}
    with opened(browser, address, viewport=size, bypass_csp=True, locale=code) as tab:
        for name in states(tab, answerer):
            found[name] = named(violations(tab.page))
            assert tab.page.get_attribute("html", "lang") == code
            assert tab.width <= size["width"], name
            assert [each for each in own_words(tab) if each in IN_ENGLISH] == [], name
            if name == "an answer, and a complaint without a reason":
                said = tab.turn.inner_text()
                for key in ("badge_answered", "badge_answered_means", "sources", "who_can_help", "ask_next", "copy"):
                    assert says(code, key) in said, key
            if name == "#people-button":
                assert tab.page.inner_text("#pane-title") == says(code, "people")
            if name == "the keys":
                break
    assert found == {name: [] for name in found}


IN_ENGLISH = {
    text
    for key, text in tables()["en"].items()
    if isinstance(text, str) and len(text) > 3 and text not in tables()["de"].values()
}
"""What no page in another language says; "Name" and the like are the same in German."""


def own_words(tab: Tab) -> list[str]:
    """Return the texts that are not marked as English, and the names that only a screen reader is told."""
    found: list[str] = tab.page.evaluate(
        """() => { const page = document.querySelector("#page"), texts = [];
          const nodes = document.createTreeWalker(page, NodeFilter.SHOW_TEXT);
          while (nodes.nextNode()) {
            const { data, parentElement } = nodes.currentNode;
            if (parentElement.closest("[lang]").lang !== "en") texts.push(data.trim());
          }
          const labels = [...page.querySelectorAll("[aria-label]")].map((each) => each.getAttribute("aria-label"));
          return [...texts, ...labels].filter(Boolean); }"""
    )
    assert len(found) > 20
    return found


@contextmanager
def not_drawn(browser: Any, address: str, **options: Any) -> Iterator[Any]:
    """Open a page whose parts do not come, with a clock of its own."""
    with profile(browser, bypass_csp=True, **options) as context:
        page = context.new_page()
        page.clock.install()
        page.route("**/assets/**", lambda route: route.abort())
        page.goto(address)
        yield page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_while_the_page_loads_and_where_it_never_did(
    browser: Any, address: str, answerer: ScriptedAnswerer, scheme: str
) -> None:
    with not_drawn(browser, address, viewport=PHONE, color_scheme=scheme) as page:
        assert named(violations(page)) == []
        page.clock.run_for(21_000)
        assert "Please load it again" in page.inner_text("#loading")
        assert named(violations(page)) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@contextmanager
def in_the_queue(tab: Tab) -> Iterator[None]:
    """Have a question wait behind two others; nothing that was sent for it comes."""
    tab.page.route("**/queue/data*", lambda _: None)
    tab.type("Am I the third?")
    tab.page.evaluate("() => { document.querySelector('#place').append('queue: 3/9 | 1.3s'); }")
    tab.page.wait_for_selector('.stage:has-text("before you")')
    yield
    tab.page.click("#stop")
    tab.page.unroute("**/queue/data*")


@pytest.mark.parametrize("size", [PHONE, WIDE], ids=["phone", "desk"])
def test_axe_finds_nothing_while_a_question_waits_for_its_turn(
    browser: Any, address: str, answerer: ScriptedAnswerer, size: dict[str, int]
) -> None:
    with opened(browser, address, viewport=size, bypass_csp=True) as tab, in_the_queue(tab):
        assert named(violations(tab.page)) == []
        with darkened(tab):
            assert named(violations(tab.page, only=OF_COLOURS)) == []
        assert tab.width <= size["width"]


def test_what_waits_for_its_turn_can_be_stopped_and_the_next_question_gets_its_own_answer(
    browser: Any, address: str, answerer: ScriptedAnswerer
) -> None:
    answerer.script = None
    with opened(browser, address) as tab:
        with in_the_queue(tab):
            assert tab.page.locator("#stop").is_visible()
        assert "Stopped before a word had come." in tab.over().inner_text()
        assert tab.page.locator("#send").is_visible()
        tab.page.evaluate("() => { document.querySelector('#place').append('queue: 2/9 | 1.3s'); }")
        tab.page.wait_for_timeout(900)
        assert tab.page.locator(".stage").count() == 0, "the place in the line of what was stopped is not told"
        turn = tab.ask("And now?")
        assert "From what I've read" in turn.inner_text()
        assert tab.page.locator(".turn").count() == 2
        assert "Am I the third?" not in turn.inner_text()


CONTROLS = "a, button, summary, label, input, textarea, select, .asked, #pane"


@contextmanager
def all_of_them(tab: Tab, *states: str) -> Iterator[None]:
    """Have everything that can be pointed at or gone to look as if it were, at once."""
    session = tab.page.context.new_cdp_session(tab.page)
    for part in ("DOM", "CSS"):
        session.send(f"{part}.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    nodes = session.send("DOM.querySelectorAll", {"nodeId": root, "selector": CONTROLS})["nodeIds"]
    for node in nodes:
        session.send("CSS.forcePseudoState", {"nodeId": node, "forcedPseudoClasses": [*states]})
    yield
    session.detach()


def test_what_is_pointed_at_or_has_the_focus_can_be_read_in_light_and_dark(
    browser: Any, address: str, answerer: ScriptedAnswerer
) -> None:
    answerer.script = lambda question: streamed(known(question))
    found: dict[str, list[str]] = {}
    with opened(browser, address, viewport=WIDE, bypass_csp=True) as tab:

        def look(where: str) -> None:
            for states in (("hover",), ("focus", "focus-visible")):
                with all_of_them(tab, *states):
                    found[f"{where}, {states[0]}, light"] = named(violations(tab.page, only=OF_COLOURS))
                    with darkened(tab):
                        found[f"{where}, {states[0]}, dark"] = named(violations(tab.page, only=OF_COLOURS))

        look("before the first question")
        with all_of_them(tab, "hover"):
            first = tab.page.locator(".example").first
            assert first.evaluate("each => getComputedStyle(each).borderColor") == "rgb(20, 89, 79)", "it looks so"
        tab.ask("I'm a student. Should I do a PhD?")
        tab.turn.locator(".thumb.no").click()
        talks(tab)
        look("an answer, a complaint and conversations")
        press(tab, "#guides-button")
        press(tab, "#pane .guided-entry")
        tab.page.click('#guided button:text-is("Begin")')
        look("a guided conversation")
        tab.page.click('#guided button:text-is("See the document now")')
        tab.page.wait_for_selector(".guided-sheet")
        look("its document")
    assert found == {name: [] for name in found}


SEEN = ".turn:not(:last-child)"
"""What was looked at when it was the last one, and looks as it did: colours cost axe most of its time."""


def named(rules: list[dict[str, Any]]) -> list[str]:
    return [f"{rule['id']}: {rule['nodes'][0]['html'][:160]}" for rule in rules]


@contextmanager
def darkened(tab: Tab) -> Iterator[None]:
    """Have the system go dark, as in the evening, and light again."""
    tab.page.emulate_media(color_scheme="dark")
    tab.page.wait_for_selector("body.dark")
    yield
    tab.page.emulate_media(color_scheme="light")
    tab.page.wait_for_selector("body:not(.dark)")


def tree(tab: Tab) -> list[tuple[str, str]]:
    """Return role and name of everything that a screen reader is told of."""
    session = tab.page.context.new_cdp_session(tab.page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    seen = [each for each in nodes if not each.get("ignored")]
    return [(each["role"]["value"], each.get("name", {}).get("value", "")) for each in seen]


def test_a_screen_reader_finds_the_parts_of_the_page_by_role_and_name(
    browser: Any, address: str, answerer: ScriptedAnswerer
) -> None:
    answerer.script = lambda question: streamed(known(question))
    with opened(browser, address) as tab:
        tab.ask("Should I do a PhD?")
        tab.turn.locator("button.cite").first.click()
        found = tree(tab)

    for wanted in (
        ("heading", "Career Advisor"),
        ("textbox", "Your question"),
        ("log", "Answer, as it comes"),
        ("article", "Question 1"),
        ("complementary", "Sources (3)"),
        ("button", "Talk to a person"),
        ("combobox", "Language"),
        ("group", "Was this helpful?"),
        ("group", "Sources"),
        ("group", "Who can help"),
        ("group", "You could ask next"),
    ):
        assert wanted in found, (wanted, [each for each in found if each[0] == wanted[0]])
    assert [role for role, _ in found].count("log") == 1
    assert {role for role, name in found if role in {"button", "link", "textbox", "combobox"} and not name} == set()


def test_at_twice_the_size_everything_is_there_and_nothing_runs_out_of_the_window(
    browser: Any, address: str, answerer: ScriptedAnswerer
) -> None:
    with opened(browser, address, viewport=ZOOMED, device_scale_factor=2) as tab:
        for name in chain(states(tab, answerer), further(tab)):
            assert tab.width <= ZOOMED["width"], name
            assert tab.page.locator("#people-button").is_visible(), name
            guided = tab.page.locator("#guided").is_visible()
            assert tab.page.locator("#guided h2" if guided else "#question").first.bounding_box(), name
            pane = tab.page.locator("#pane").bounding_box()
            assert pane is None or pane["height"] > 150, name


IN_SIGHT = """() => { const button = document.querySelector("#people-button"), box = button.getBoundingClientRect();
  const on = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return box.top >= 0 && box.left >= 0 && box.right <= innerWidth && box.bottom <= innerHeight && on === button; }"""


@pytest.mark.parametrize("size", [WIDE, PHONE, ZOOMED], ids=["desk", "phone", "at 200 %"])
def test_a_person_to_talk_to_is_always_in_sight(
    browser: Any, address: str, answerer: ScriptedAnswerer, size: dict[str, int]
) -> None:
    answerer.script = lambda question: streamed(known(question))
    with opened(browser, address, viewport=size) as tab:
        page = tab.page
        tab.ask("Should I do a PhD?")
        for where in ("document.documentElement.scrollHeight", "0"):
            page.evaluate(f"scrollTo({{top: {where}, behavior: 'instant'}})")
            assert page.evaluate(IN_SIGHT), where
        for opener in ("button.cite", "#talks-button", "#about-button", "#guides-button"):
            press(tab, opener)
            assert page.evaluate(IN_SIGHT), opener
        page.locator("#pane .guided-entry").first.click()
        page.click("#guided .primary")
        page.evaluate("scrollTo({top: document.documentElement.scrollHeight, behavior: 'instant'})")
        assert page.evaluate(IN_SIGHT), "guided"


def test_whoever_wants_no_motion_gets_none(browser: Any, address: str, answerer: ScriptedAnswerer) -> None:
    with opened(browser, address, reduced_motion="reduce") as tab:
        held = halfway(tab, answerer)
        assert tab.page.evaluate("document.getAnimations().length") == 0
        held.let_go()
        tab.over()
        assert tab.page.evaluate("document.getAnimations().length") == 0
    eventually(lambda: answerer.running == 0)


def test_on_a_phone_what_is_said_of_a_file_is_not_hidden_behind_the_pane(
    browser: Any, address: str, answerer: ScriptedAnswerer
) -> None:
    with opened(browser, address, viewport=PHONE) as tab:
        tab.page.click("#talks-button")
        LOST["a file that is no conversation"](tab)
        tab.page.wait_for_selector("#hint", state="visible")
        box = tab.page.locator("#hint").bounding_box()
        assert 0 <= box["x"] < box["x"] + box["width"] <= PHONE["width"]
        assert box["y"] + box["height"] <= tab.page.locator("#pane").bounding_box()["y"]


LOST: dict[str, Callable[[Tab], None]] = {
    "a file that is no conversation": lambda tab: tab.page.set_input_files(
        "#import-file", {"name": "x.json", "mimeType": "application/json", "buffer": json.dumps([1]).encode()}
    ),
    "nothing to ask": lambda tab: tab.type("   "),
}


@pytest.mark.parametrize("what", LOST)
def test_what_goes_wrong_is_told_to_a_screen_reader_too(
    browser: Any, address: str, answerer: ScriptedAnswerer, what: str
) -> None:
    with opened(browser, address) as tab:
        tab.page.click("#talks-button")
        LOST[what](tab)
        tab.page.wait_for_selector("#hint", state="visible")

        assert tab.page.locator("#status").text_content() == tab.page.locator("#hint").inner_text()

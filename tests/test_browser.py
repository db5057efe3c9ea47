"""The page in a real browser: what a person can do there, what is read out to them, and what a text cannot do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from typing import Any

import httpx
import pytest

from career_advisor.records import (
    Citation,
    Document,
    Dropped,
    Hit,
    ModelUnavailable,
    Offer,
    Piece,
    Reply,
    Section,
    Sentence,
    Service,
    Span,
    Stage,
)
from career_advisor.web.conversation import AT_MOST_EVERY_S
from career_advisor.web.showing import TEXT_LIMIT
from career_advisor.web.wording import says
from tests import chromium
from tests.doubles import ADVISING, ADVISORS, JOB_BOARD, QUOTES, TALK, ScriptedAnswerer, answered, streamed
from tests.hostile import MARKUP, TEXTS, UNSEEN, Loopback, aimed, loopback
from tests.test_web import SELF_PROXY, OnceOnly, Restarted, served

pytestmark = pytest.mark.browser

WIDE = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}
WITHIN_MS = 30_000
CUT_OFF = ("AbortError: signal is aborted without reason", "Unexpected error Connection errored out")
MINDED = "Mind the dates: today is 24 November 2026, so some given above are past; the current page has the next ones."


# ---------------------------------------------------------------- a browser, and what it did


@dataclass
class Tab:
    """A page that is open, and what it asked for and complained of."""

    page: Any
    asked_for: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    loads: int = 0
    """How often the page was loaded."""

    def open(self, address: str) -> None:
        self.page.goto(address)
        self.page.wait_for_selector("#examples button")

    def begin_anew(self) -> None:
        """Leave nothing of what was done before."""
        self.page.keyboard.press("Escape")
        if self.page.locator(".turn").count():
            self.clear()
        self.page.fill("#question textarea", "")
        self.page.wait_for_selector("#welcome", state="visible")
        for noted in (self.asked_for, self.complaints, self.dialogs):
            noted.clear()

    def clear(self) -> None:
        """Begin a new conversation."""
        self.page.click("#clear")
        self.page.wait_for_selector("#welcome", state="visible")

    def type(self, question: str) -> None:
        """Write a question and send it."""
        self.page.fill("#question textarea", question)
        self.page.press("#question textarea", "Enter")

    def ask(self, question: str) -> Any:
        """Ask, wait until the answer is over, and return its turn."""
        self.type(question)
        return self.over()

    def over(self) -> Any:
        """Wait until the last turn is over; return it."""
        self.page.wait_for_selector("#turns > .turn:last-child .actions")
        return self.turn

    @property
    def turn(self) -> Any:
        return self.page.locator("#turns > .turn").last

    @property
    def width(self) -> int:
        """Width that the page takes."""
        return int(self.page.evaluate("document.documentElement.scrollWidth"))

    def focused(self, name: str) -> Any:
        """Return an attribute of what has the focus."""
        return self.page.evaluate("name => document.activeElement.getAttribute(name)", name)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    found = chromium.find()
    if found is None:
        pytest.fail("no Chromium; `python -m tests.chromium` installs one or says how")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(found), headless=True, args=list(chromium.QUIET))
        yield started
        started.close()


@pytest.fixture(scope="module")
def one_answerer() -> ScriptedAnswerer:
    return ScriptedAnswerer()


@pytest.fixture(scope="module")
def address(one_answerer: ScriptedAnswerer) -> Iterator[str]:
    with served(one_answerer) as url:
        yield url


@pytest.fixture
def answerer(one_answerer: ScriptedAnswerer) -> ScriptedAnswerer:
    """Return the one that the server asks, with nothing asked and no script."""
    fresh = ScriptedAnswerer()
    one_answerer.asked.clear()
    one_answerer.said_of_oneself.clear()
    one_answerer.script = None
    one_answerer.abandoned = 0
    for name in ("examples", "model_name", "human_services", "services", "pages", "translates"):
        setattr(one_answerer, name, getattr(fresh, name))
    return one_answerer


@contextmanager
def opened(browser: Any, address: str, **options: Any) -> Iterator[Tab]:
    """Open the page with nothing kept from before, and close it."""
    with profile(browser, **options) as context, visit(context, address) as tab:
        yield tab


@contextmanager
def profile(browser: Any, **options: Any) -> Iterator[Any]:
    """Return a browser's profile; the first visit in one reads and compiles every file of the page."""
    context = browser.new_context(**{"viewport": WIDE, "color_scheme": "light", **options})
    context.set_default_timeout(WITHIN_MS)
    yield context
    context.close()


@contextmanager
def visit(context: Any, address: str) -> Iterator[Tab]:
    """Open the page in a profile in which nothing is kept of a visit before but the page's files, and close it."""
    tab = Tab(context.new_page())
    kept = {"origin": address, "storageTypes": "all"}  # what belongs to a tab went with the tab
    context.new_cdp_session(tab.page).send("Storage.clearDataForOrigin", kept)

    def on_request(request: Any) -> None:
        tab.asked_for.append(request.url)

    def on_dialog(dialog: Any) -> None:
        tab.dialogs.append(dialog.message)
        dialog.dismiss()

    context.on("request", on_request)
    tab.page.on("console", lambda message: tab.complaints.extend([message.text] if message.type == "error" else []))
    tab.page.on("pageerror", lambda error: tab.complaints.append(str(error)))
    tab.page.on("dialog", on_dialog)
    # From the first: Chromium learns of it too late where a key is pressed right behind `expect_file_chooser`.
    tab.page.on("filechooser", lambda _: None)
    tab.page.on("load", lambda: setattr(tab, "loads", tab.loads + 1))
    try:
        tab.open(address)
        yield tab
    finally:
        context.remove_listener("request", on_request)
        for page in context.pages:
            page.close()


@contextmanager
def watched(browser: Any, address: str, **options: Any) -> Iterator[Tab]:
    """Open the page, and see that it asked nobody else for anything and had nothing to complain of."""
    with opened(browser, address, **options) as tab:
        yield tab
    was_good(tab, address)


def was_good(tab: Tab, address: str) -> None:
    assert [url for url in tab.asked_for if not url.startswith((address, "data:", "blob:"))] == []
    # A page that is loaded anew cuts off what Gradio was still listening to, and Gradio says so.
    assert [each for each in tab.complaints if not (tab.loads > 1 and each.startswith(CUT_OFF))] == []
    assert tab.dialogs == []


@pytest.fixture(scope="module")
def one_profile(browser: Any) -> Iterator[Any]:
    with profile(browser) as context:
        yield context


@pytest.fixture(scope="module")
def kept_open(browser: Any, address: str) -> Iterator[Tab]:
    with opened(browser, address) as one:
        yield one


@pytest.fixture
def tab(kept_open: Tab, address: str, answerer: ScriptedAnswerer) -> Iterator[Tab]:
    """Return the page on a wide screen, with a new conversation; loading it anew for every test takes a minute."""
    kept_open.begin_anew()
    yield kept_open
    was_good(kept_open, address)


@pytest.fixture
def phone(browser: Any, address: str, answerer: ScriptedAnswerer) -> Iterator[Tab]:
    """Return the page on a phone."""
    with watched(browser, address, viewport=PHONE, has_touch=True) as one:
        yield one


class Held:
    """A script that stops behind the first pieces of an answer, two of them unless told otherwise, until let go."""

    def __init__(self, make: Callable[[str], Reply] = answered, pieces: int = 2) -> None:
        self._make = make
        self._pieces = pieces
        self._go = threading.Event()

    def __call__(self, question: str) -> Iterator[Stage | Piece | Reply]:
        pieces = 0
        for item in streamed(self._make(question)):
            if isinstance(item, Piece):
                time.sleep(1.5 * AT_MOST_EVERY_S)
                pieces += 1
            if pieces > self._pieces or isinstance(item, Reply):
                self._go.wait(20)
            yield item

    def let_go(self) -> None:
        self._go.set()


def halfway(
    tab: Tab,
    answerer: ScriptedAnswerer,
    question: str = "Should I do a PhD?",
    make: Callable[[str], Reply] = answered,
) -> Held:
    """Ask a question whose answer stops behind its first quote until it is let go; wait until that is shown."""
    held = Held(make)
    answerer.script = held
    tab.type(question)
    tab.page.wait_for_selector(f'.turn:last-child .words :text("{QUOTES[0]}")')
    return held


def eventually(holds: Callable[[], Any]) -> None:
    until = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


def full(question: str) -> Reply:
    """Reply with something in every place that the page has."""
    whole = answered(question)
    note = Sentence(MINDED, (), 0.0, "fixed", 2)
    return replace(
        whole,
        sentences=(*whole.sentences, note),
        answer=f"{whole.answer}\n\n{MINDED}",
        offers=(*whole.offers, Offer(ADVISORS, ""), Offer(JOB_BOARD, "")),
        notice="The language model broke off, so the quotes answer.",
        dropped=(Dropped("You will earn a million.", "no passage says so"),),
    )


# ---------------------------------------------------------------- asking


def test_words_are_shown_before_the_answer_is_whole(tab: Tab, answerer: ScriptedAnswerer) -> None:
    held = halfway(tab, answerer)
    assert QUOTES[1] not in tab.turn.inner_text()
    assert tab.page.locator("#stop").is_visible()
    assert not tab.page.locator("#send").is_visible()
    held.let_go()

    turn = tab.over()
    assert QUOTES[1] in turn.inner_text()
    assert "From what I've read" in turn.inner_text()
    assert tab.page.locator("#send").is_visible()


def test_what_is_taken_back_leaves_the_page_where_an_answer_begins_anew(tab: Tab, answerer: ScriptedAnswerer) -> None:
    go = threading.Event()

    def begun_anew(question: str) -> Iterator[Stage | Piece | Reply]:
        yield Piece("This was no answer. It had two sentences.\n\nAnd a paragraph more.")
        time.sleep(1.5 * AT_MOST_EVERY_S)
        yield Piece("This is one.", anew=True)
        go.wait(20)
        yield answered(question)

    answerer.script = begun_anew
    tab.type("Should I do a PhD?")

    tab.page.wait_for_selector('.words :text("This is one.")')
    assert tab.turn.locator(".words").inner_text().strip() == "This is one."
    go.set()
    assert QUOTES[0] in tab.over().inner_text()


BEGUN: dict[str, Callable[[Tab], None]] = {
    "typed": lambda tab: tab.type("Should I do a PhD?"),
    "sent with the button": lambda tab: (tab.page.fill("#question textarea", "A PhD?"), tab.page.click("#send"))[0],
    "an example": lambda tab: tab.page.locator(".example").first.click(),
    "a follow-up": lambda tab: tab.page.locator(".chip").first.click(),
    "asked again": lambda tab: tab.page.locator(".retry").first.click(),
    "asked instead": lambda tab: asked_instead(tab),  # noqa: PLW0108  (it stands below)
}


def asked_instead(tab: Tab) -> None:
    """Change the question that was asked and send it."""
    tab.page.locator(".edit").first.click()
    tab.page.fill(".edit-form textarea", "Should I do a PhD now?")
    tab.page.click(".edit-form .strong")


@pytest.mark.parametrize("begun", BEGUN)
def test_any_answer_can_be_stopped_however_it_was_begun(tab: Tab, answerer: ScriptedAnswerer, begun: str) -> None:
    if begun in {"a follow-up", "asked again", "asked instead"}:
        tab.ask("First?")
    held = Held()
    answerer.script = held
    BEGUN[begun](tab)
    tab.page.wait_for_selector(f'.turn:last-child .words :text("{QUOTES[0]}")')
    tab.page.click("#stop")

    turn = tab.over()
    assert "Stopped." in turn.inner_text()
    assert QUOTES[0] in turn.inner_text()
    assert tab.focused("data-testid") == "textbox"
    assert tab.page.locator("#send").is_visible()
    held.let_go()
    eventually(lambda: answerer.running == 0)
    tab.page.wait_for_timeout(250)
    assert QUOTES[1] not in turn.inner_text()
    answerer.script = None
    tab.ask("And now?")
    assert answerer.asked[-1][1][-1].content.startswith("Not silly.")
    assert QUOTES[1] not in answerer.asked[-1][1][-1].content


def test_escape_stops_an_answer_too(tab: Tab, answerer: ScriptedAnswerer) -> None:
    held = halfway(tab, answerer)
    tab.page.keyboard.press("Escape")
    held.let_go()

    assert "Stopped." in tab.over().inner_text()


def test_a_question_that_follows_a_stop_at_once_gets_its_own_answer(browser: Any, address: str, answerer: Any) -> None:
    go = threading.Event()

    def script(question: str) -> Iterator[Stage | Piece | Reply]:
        go.wait(20)
        if question == "First?":
            yield Piece("Words for the first question. ")
        yield from streamed(answered(question))

    answerer.script = script
    slow: list[Any] = []
    with watched(browser, address) as tab:
        tab.page.route("**/gradio_api/cancel", lambda route: slow.append(route))  # noqa: PLW0108  (a built-in one is refused)
        tab.type("First?")
        eventually(lambda: answerer.asked)
        tab.page.click("#stop")
        tab.type("Second?")
        tab.page.wait_for_timeout(300)
        slow[0].continue_()
        tab.page.wait_for_timeout(300)
        go.set()

        turn = tab.over()
        tab.page.wait_for_timeout(250)
        assert "Second?" in turn.inner_text()
        assert QUOTES[1] in turn.inner_text()
        assert "first question" not in tab.page.locator("#turns").inner_text()


def test_while_one_answer_comes_another_question_waits_and_is_not_lost(tab: Tab, answerer: ScriptedAnswerer) -> None:
    held = halfway(tab, answerer, "First?")
    tab.type("Second?")

    assert "still coming" in tab.page.locator("#hint").inner_text()
    assert tab.page.input_value("#question textarea") == "Second?"
    held.let_go()
    tab.over()
    tab.page.press("#question textarea", "Enter")
    eventually(lambda: [question for question, _ in answerer.asked] == ["First?", "Second?"])
    tab.over()


def test_asking_again_replaces_the_answer(tab: Tab, answerer: ScriptedAnswerer) -> None:
    tab.ask("First?")
    tab.ask("Second?")
    assert tab.page.locator(".retry").count() == 1
    answerer.asked.clear()
    tab.page.locator(".retry").click()
    tab.over()

    ((question, history),) = answerer.asked
    assert question == "Second?"
    assert [message.content for message in history if message.role == "user"] == ["First?"]
    assert tab.page.locator(".turn").count() == 2
    assert tab.turn.locator(".badge").count() == 1


def test_a_new_conversation_is_forgotten_on_both_sides(tab: Tab, answerer: ScriptedAnswerer) -> None:
    tab.ask("My secret is 1234")
    tab.page.locator("button.cite").first.click()
    tab.clear()

    assert "1234" not in tab.page.content()
    assert QUOTES[0] not in tab.page.content()
    answerer.asked.clear()
    tab.ask("And now?")
    assert answerer.asked == [("And now?", ())]
    assert tab.page.locator(".turn").count() == 1


def test_a_question_right_behind_a_new_conversation_knows_nothing_of_the_old_one(
    browser: Any, address: str, answerer: ScriptedAnswerer
) -> None:
    slow: list[Any] = []
    with watched(browser, address) as tab:
        tab.ask("My secret is 1234")
        tab.page.route("**/queue/join*", lambda route: route.continue_() if slow else slow.append(route))
        tab.page.click("#clear")
        tab.type("And now?")
        tab.page.wait_for_timeout(300)
        assert [question for question, _ in answerer.asked] == ["My secret is 1234"]
        slow[0].continue_()

        assert QUOTES[1] in tab.over().inner_text()
        assert answerer.asked[-1] == ("And now?", ())


def test_where_the_server_does_not_say_that_it_has_forgotten_it_is_left_behind(
    browser: Any, answerer: ScriptedAnswerer
) -> None:
    rate = OnceOnly()
    with served(answerer, rate=rate) as url, opened(browser, url) as tab:
        tab.ask("My secret is 1234")
        with tab.page.expect_navigation():
            tab.page.click("#clear")
        tab.page.wait_for_selector("#examples button")
        rate.is_time = True
        tab.ask("And now?")

    assert answerer.asked[-1] == ("And now?", ())


def test_where_the_advisor_cannot_be_reached_nothing_is_said_to_be_deleted(
    browser: Any, answerer: ScriptedAnswerer
) -> None:
    with Restarted(answerer) as server, opened(browser, server.address) as tab:
        tab.ask("My secret is 1234")
        server.stop()
        tab.page.click("#clear")
        tab.page.wait_for_selector("#hint", state="visible")

        assert tab.page.locator("#hint").inner_text() == says("en", "not_forgotten")
        assert tab.page.locator("#status").inner_text() == says("en", "not_forgotten")
        assert "1234" not in tab.page.content()
        server.start()


def test_what_is_cleared_while_it_is_answered_does_not_come_back(tab: Tab, answerer: ScriptedAnswerer) -> None:
    held = halfway(tab, answerer, "My secret is 1234")
    tab.page.click("#clear")
    held.let_go()
    eventually(lambda: answerer.running == 0)
    tab.page.wait_for_timeout(300)

    assert tab.page.locator(".turn").count() == 0
    answerer.asked.clear()
    answerer.script = None
    tab.ask("And now?")
    assert answerer.asked == [("And now?", ())]


def test_a_page_that_is_loaded_anew_begins_anew(tab: Tab, answerer: ScriptedAnswerer) -> None:
    tab.ask("My secret is 1234")
    tab.open(tab.page.url)
    answerer.asked.clear()
    tab.ask("And now?")

    assert answerer.asked == [("And now?", ())]


def test_a_suggested_question_is_asked_with_what_was_said_before(tab: Tab, answerer: ScriptedAnswerer) -> None:
    tab.ask("Should I do a PhD?")
    suggested = tab.turn.locator(".chip").last
    words = suggested.inner_text()
    answerer.asked.clear()
    held = Held()
    answerer.script = held
    suggested.click()
    tab.page.wait_for_selector("#stop", state="visible")
    held.let_go()
    turn = tab.over()

    ((question, history),) = answerer.asked
    assert question == words == turn.locator(".asked").inner_text()
    assert history[0].content == "Should I do a PhD?"
    assert turn.locator("button.cite").count() == 3
    assert tab.page.input_value("#question textarea") == ""


def test_slash_goes_to_the_question_and_shift_enter_makes_a_line(tab: Tab, answerer: ScriptedAnswerer) -> None:
    tab.page.evaluate("document.activeElement.blur()")
    tab.page.keyboard.press("/")
    tab.page.keyboard.type("a/b")
    tab.page.keyboard.press("Shift+Enter")
    tab.page.keyboard.type("c")

    assert tab.page.input_value("#question textarea") == "a/b\nc"
    assert answerer.asked == []
    tab.page.keyboard.press("Enter")
    tab.over()
    assert answerer.asked == [("a/b\nc", ())]


@pytest.mark.parametrize(("typed", "told"), [("   ", "Write a question first"), ("x" * 4_001, "4,000 are the most")])
def test_what_cannot_be_asked_is_said_before_it_is_sent(
    tab: Tab, answerer: ScriptedAnswerer, typed: str, told: str
) -> None:
    tab.type(typed)

    assert told in tab.page.locator("#hint").inner_text()
    assert tab.page.input_value("#question textarea") == typed
    assert answerer.asked == []


def test_an_answer_without_end_is_shown_and_cut(tab: Tab, answerer: ScriptedAnswerer) -> None:
    words = "An answer that goes on and on. " * 2_000

    def script(question: str) -> Iterator[Stage | Piece | Reply]:
        for start in range(0, len(words), 500):
            yield Piece(words[start : start + 500])
        yield replace(answered(question), answer=words, sentences=(), citations=(), model="endless")

    answerer.script = script
    shown = tab.ask("Tell me everything").locator(".words").inner_text()

    assert TEXT_LIMIT * 0.9 < len(shown) <= TEXT_LIMIT
    assert shown.rstrip().endswith("…")


# ---------------------------------------------------------------- sources


OPENED: dict[str, Callable[[Any], None]] = {
    "pointer": lambda cite: cite.click(),
    "enter": lambda cite: cite.press("Enter"),
    "space": lambda cite: cite.press(" "),
}


@pytest.mark.parametrize("how", OPENED)
def test_a_citation_opens_its_words_and_gives_the_focus_back(tab: Tab, how: str) -> None:
    cite = tab.ask("Should I do a PhD?").locator("button.cite").nth(1)
    OPENED[how](cite)

    assert tab.focused("aria-label") == "Source 2: PhDs and degrees"
    assert tab.page.locator(".passage.asked-for mark").inner_text() == QUOTES[2]
    assert tab.page.locator("#pane mark").all_inner_texts() == [QUOTES[0], QUOTES[2], QUOTES[1]]
    assert tab.page.locator(f"#pane a[href='{TALK}']").count() == 3
    assert cite.get_attribute("aria-expanded") == "true"
    tab.page.keyboard.press("Escape")
    assert not tab.page.locator("#pane").is_visible()
    assert tab.focused("aria-label") == "Source 2: PhDs and degrees"
    assert cite.get_attribute("aria-expanded") == "false"
    assert cite.evaluate("element => element === document.activeElement")


def test_a_citation_opens_by_touch_and_stays_in_sight(phone: Tab) -> None:
    cite = phone.ask("Should I do a PhD?").locator("button.cite").nth(2)
    cite.tap()
    phone.page.wait_for_timeout(300)

    assert phone.focused("aria-label") == "Source 3: PhDs and degrees"
    quoted = phone.page.locator(".passage.asked-for mark")
    assert quoted.inner_text() == QUOTES[1]
    pane = phone.page.locator("#pane").bounding_box()
    assert pane["y"] <= quoted.bounding_box()["y"] < pane["y"] + pane["height"]
    assert cite.bounding_box()["y"] < pane["y"], "the words that were read are above the pane, not behind it"
    phone.page.locator("#pane-close").tap()
    assert not phone.page.locator("#pane").is_visible()


def test_a_section_is_listed_once_with_all_its_numbers(tab: Tab) -> None:
    rows = tab.ask("Should I do a PhD?").locator(".source")

    assert [row.split("\n")[:2] for row in rows.all_inner_texts()] == [
        ["1", "3"],
        ["2", rows.nth(1).inner_text().split("\n")[1]],
    ]
    assert rows.nth(0).locator(".unseen").text_content() == "Sources 1 and 3: "
    rows.nth(0).locator(".number").nth(1).click()
    assert tab.page.locator(".passage.asked-for mark").inner_text() == QUOTES[1]
    tab.page.keyboard.press("Escape")
    rows.nth(0).press("Enter")
    assert tab.page.locator(".passage.asked-for mark").inner_text() == QUOTES[0]


def test_a_number_never_begins_a_line_by_itself(phone: Tab) -> None:
    cites = phone.ask("Should I do a PhD?").locator(".cite")
    left = "element => element.getBoundingClientRect().left"
    for width in range(320, 400, 5):
        phone.page.set_viewport_size({"width": width, "height": 844})
        margin = phone.turn.locator(".words").evaluate(left)
        assert all(each.evaluate(left) > margin + 5 for each in cites.all()), width


def test_our_own_note_behind_the_quotes_looks_like_a_note(tab: Tab, answerer: ScriptedAnswerer) -> None:
    answerer.script = lambda question: streamed(full(question))
    tab.ask("When can I apply?")

    assert tab.turn.locator(".words .aside").all_inner_texts() == [MINDED]


def test_what_was_found_and_not_cited_is_shown_apart(tab: Tab) -> None:
    turn = tab.ask("Should I do a PhD?")
    turn.get_by_text("1 more passage that I found").click()
    tab.page.get_by_text("Found but not cited (1)").click()

    assert "His one exception is research" in tab.page.locator("#pane .found").inner_text()


def test_an_answer_is_copied_with_its_sources(browser: Any, address: str, answerer: ScriptedAnswerer) -> None:
    with watched(browser, address, permissions=["clipboard-read", "clipboard-write"]) as tab:
        tab.ask("Should I do a PhD?").get_by_text("Copy with sources").click()
        tab.page.wait_for_selector("text=Copied")
        copied = tab.page.evaluate("navigator.clipboard.readText()")

    assert f"{QUOTES[1]} [3]" in copied
    assert f"“{QUOTES[1]}”" in copied
    assert TALK in copied
    assert ADVISING.url in copied


# ---------------------------------------------------------------- people


def test_somebody_to_talk_to_is_one_press_away_at_any_time(tab: Tab) -> None:
    tab.page.click("#people-button")

    assert tab.focused("id") == "pane"
    links = tab.page.locator("#pane .service a")
    assert links.evaluate_all("links => links.map(each => each.href)") == [ADVISING.url, ADVISORS.url]
    assert set(links.evaluate_all("links => links.map(each => each.rel)")) == {"noopener noreferrer external"}
    tab.page.keyboard.press("Escape")
    assert tab.focused("id") == "people-button"


def test_a_service_says_for_whom_it_is_what_it_costs_what_to_mind_and_of_when_that_is(tab: Tab) -> None:
    facts = {
        "Who for": ADVISING.audience,
        "Cost": ADVISING.cost,
        "Good to know": ADVISING.caveat,
        "As of": "May 2025",
    }
    read = "rows => Object.fromEntries(rows.map(each => [each.children[0].textContent, each.children[1].textContent]))"
    tab.ask("Should I do a PhD?")
    tab.page.click("#people-button")
    for place in ("#pane", ".turn"):
        card = tab.page.locator(f"{place} .service").first
        assert ADVISING.name in card.inner_text()
        assert card.locator("dl > div").evaluate_all(read) == facts, place


# ---------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (ModelUnavailable("401 from https://api.example/v1"), "The language model did not answer. Please try again"),
        (RuntimeError("/home/op/secret.py"), "Something is wrong on the advisor's side"),
    ],
)
def test_trouble_is_one_sentence_and_the_question_can_be_asked_again(
    tab: Tab, answerer: ScriptedAnswerer, raised: Exception, told: str
) -> None:
    def script(_: str) -> Iterator[Stage | Piece | Reply]:
        yield Piece("Half an answer. ")
        raise raised

    answerer.script = script
    turn = tab.ask("Should I do a PhD?")
    tab.page.wait_for_timeout(500)

    assert turn.locator(".trouble").all_inner_texts() == [tab.page.locator("#status").text_content()]
    assert told in turn.locator(".trouble").inner_text()
    assert "Half an answer." in turn.inner_text()
    assert str(raised) not in tab.page.content()
    assert tab.page.locator(".toast-body").is_visible() is False
    answerer.script = None
    turn.locator(".retry").click()
    assert QUOTES[0] in tab.over().inner_text()
    assert tab.turn.locator(".trouble").count() == 0
    assert [question for question, _ in answerer.asked] == ["Should I do a PhD?"] * 2


def test_who_asks_too_often_is_told_so_and_may_ask_later(browser: Any, answerer: ScriptedAnswerer) -> None:
    rate = OnceOnly()
    with served(answerer, rate=rate) as url, opened(browser, url) as tab:
        tab.ask("First?")
        turn = tab.ask("Second?")
        assert "Please wait half a minute" in turn.locator(".trouble").inner_text()
        rate.is_time = True
        turn.locator(".retry").click()
        tab.page.wait_for_selector("#turns > .turn:nth-child(2) .badge")

    assert [question for question, _ in answerer.asked] == ["First?", "Second?"]


def test_a_connection_that_breaks_is_said_and_the_words_so_far_stay(
    browser: Any, address: str, answerer: ScriptedAnswerer
) -> None:
    with opened(browser, address) as tab:
        held = halfway(tab, answerer)
        tab.page.context.set_offline(True)
        turn = tab.over()
        held.let_go()

        assert "connection to the advisor was lost" in turn.inner_text()
        assert QUOTES[0] in turn.inner_text()
        tab.page.context.set_offline(False)
        answerer.script = None
        assert QUOTES[1] in tab.ask("And now?").inner_text()


# ---------------------------------------------------------------- for everybody


def pages_of(tab: Tab, answerer: ScriptedAnswerer) -> Iterator[str]:
    """Go through what the page can look like, and name each."""
    answerer.script = lambda question: streamed(full(question))
    yield "welcome"
    tab.ask("I'm a backend engineer without a PhD. Is it silly to apply?")
    tab.page.locator(".dropped summary").click()
    yield "answer"
    tab.page.locator("button.cite").nth(1).click()
    tab.page.locator("#pane .found summary").click()
    yield "sources"
    tab.page.click("#people-button")
    yield "people"
    tab.page.click("#about-button")
    yield "about"
    tab.page.keyboard.press("Escape")
    answerer.script = lambda question: streamed(replace(answered(question), sentences=(), answer="Möglicher" * 600))
    tab.ask("x" * 600)
    yield "long words"


@pytest.mark.parametrize("width", [390, 320])
def test_nothing_is_wider_than_a_phone(browser: Any, address: str, answerer: ScriptedAnswerer, width: int) -> None:
    with watched(browser, address, viewport={"width": width, "height": 844}, has_touch=True) as phone:
        for name in pages_of(phone, answerer):
            assert phone.width <= width, name
            hidden = phone.page.locator("#pane-body").evaluate("body => body.scrollWidth - body.clientWidth")
            assert hidden <= 0, name


def test_an_answer_is_read_out_once_and_its_progress_beside_it(tab: Tab, answerer: ScriptedAnswerer) -> None:
    tab.page.evaluate(
        """() => {
          window.said = [];
          window.read = [];
          const status = document.querySelector("#status");
          new MutationObserver(() => window.said.push(status.textContent)).observe(status, {childList: true});
          const added = (change) => [...change.addedNodes].map((node) => node.textContent);
          new MutationObserver((changes) => window.read.push(...changes.flatMap(added)))
            .observe(document.querySelector("#spoken"), {childList: true});
        }"""
    )
    held = halfway(tab, answerer, "Should I do a PhD?", full)
    held.let_go()
    tab.over()

    read = " ".join(tab.page.evaluate("window.read"))
    assert read == " ".join(sentence.text for sentence in full("x").sentences)
    assert len(tab.page.evaluate("window.read")) >= 2, "it is read out as it comes"
    said = tab.page.evaluate("window.said")
    assert said[-1] == "Answer complete, 3 sources."
    assert "Searching" in said
    assert not any(QUOTES[0] in each for each in said)
    live = "[aria-live]:not([aria-live=off]), [role=log], [role=status], [role=alert]"
    assert tab.turn.evaluate("(turn, live) => turn.closest(live) || turn.querySelector(live)", live) is None
    assert tab.page.locator("#spoken").get_attribute("role") == "log"
    assert tab.page.locator("#status").get_attribute("role") == "status"


OUTLINED = """() => [document.activeElement, document.activeElement.closest("#ask")].some(
  (each) => each && getComputedStyle(each).outlineStyle !== "none")"""


def test_everything_can_be_reached_with_the_keyboard_alone(tab: Tab, answerer: ScriptedAnswerer) -> None:
    answerer.script = lambda question: streamed(full(question))
    tab.ask("Should I do a PhD?")
    reached: list[str] = []
    tab.page.evaluate("document.querySelector('.skip').focus()")
    for _ in range(40):
        reached.append(tab.page.evaluate("document.activeElement.className + ' ' + document.activeElement.id"))
        assert tab.page.evaluate(OUTLINED), reached[-1]
        tab.page.keyboard.press("Tab")
        if tab.page.evaluate("document.activeElement === document.body"):
            break

    for wanted in (
        "about-button",
        "look-button",
        "people-button",
        "cite",
        "source",
        "chip",
        "copy",
        "retry",
        "send",
        "clear",
    ):
        assert any(wanted in each for each in reached), (wanted, reached)


def test_colours_follow_the_system_until_somebody_chooses(
    browser: Any, address: str, answerer: ScriptedAnswerer
) -> None:
    with watched(browser, address, color_scheme="dark") as tab:
        paper = "getComputedStyle(document.body).backgroundColor"
        was = tab.page.evaluate(paper)
        tab.page.click("#look-button")
        chosen = tab.page.evaluate(paper)
        tab.open(tab.page.url)

        assert was != chosen
        assert tab.page.evaluate(paper) == chosen


def test_the_browser_keeps_nothing_but_the_choice_of_colours(phone: Tab) -> None:
    phone.ask("My secret is 1234")
    phone.page.click("#look-button")
    kept = phone.page.evaluate(
        """async () => ({
          local: Object.entries(localStorage), session: Object.entries(sessionStorage), cookies: document.cookie,
          databases: await indexedDB.databases(), caches: await caches.keys(),
          workers: (await navigator.serviceWorker.getRegistrations()).length,
        })"""
    )

    assert kept == {
        "local": [["advisor-look", "dark"]],
        "session": [],
        "cookies": "",
        "databases": [],
        "caches": [],
        "workers": 0,
    }
    assert phone.page.context.cookies() == []


def test_the_page_asks_its_own_server_and_nobody_else(phone: Tab, address: str, answerer: ScriptedAnswerer) -> None:
    for _ in pages_of(phone, answerer):
        pass

    assert len(phone.asked_for) > 10
    assert [url for url in phone.asked_for if not url.startswith((address, "data:"))] == []


# ---------------------------------------------------------------- other people's words


@pytest.fixture(scope="module")
def canary() -> Iterator[Loopback]:
    with loopback() as server:
        yield server


def without_policy(app: Any) -> Any:
    """Serve an app without its Content-Security-Policy."""

    async def bare(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        async def sending(event: MutableMapping[str, Any]) -> None:
            if event["type"] == "http.response.start":
                kept = [pair for pair in event["headers"] if pair[0].lower() != b"content-security-policy"]
                event = {**event, "headers": kept}
            await send(event)

        await app(scope, receive, sending)

    return bare


@pytest.fixture(scope="module")
def unguarded(one_answerer: ScriptedAnswerer) -> Iterator[str]:
    """Return the address of the page without its policy."""
    with served(one_answerer, around=without_policy) as url:
        assert "content-security-policy" not in httpx.get(url, trust_env=False).headers
        yield url


def filled(record: Any, text: str) -> Any:
    """Return a record with a text in every field that takes one."""
    return replace(record, **{each.name: text for each in fields(record) if each.type in {"str", "str | None"}})


def made_of(text: str, question: str) -> Reply:
    """Reply with a text in every field of every record that a reply can carry."""
    whole = answered(question)
    document = Document(
        path=text,
        text=text,
        title=text,
        sections=(Section((text, text), (Span(0, len(text)),)),),
        author=text,
        sources=(text,),
    )
    cited = filled(whole.citations[0], text)
    citations: list[Citation] = [
        replace(cited, number=1, kind="our summary", sources=(text, text), heading=(text, text)),
        replace(cited, number=2, kind=text, sources=(text,), heading=(text, text), after=None, page=7),
        replace(cited, number=3, kind="source text", sources=(), heading=(), author=None, time=61.0),
    ]
    service: Service = filled(ADVISING, text)
    hits = tuple(Hit(replace(document, path=f"{text}{n}"), 0, 0, len(text), 1.0, (), ()) for n in range(2))
    reply: Reply = filled(whole, text)
    return replace(
        reply,
        question=question,
        status="answered",
        sentences=tuple(Sentence(text, (number,), 1.0, "model", number % 2) for number in (1, 2, 3)),
        citations=tuple(citations),
        offers=(Offer(service, text), Offer(service, "")),
        follow_ups=(text, text),
        dropped=(Dropped(text, text),),
        hits=hits,
    )


SHAPE = """() => {
  const one = (each) => [each.tagName, ...each.getAttributeNames().sort()].join(" ");
  const shape = (root) => [...root.querySelectorAll("*")].map(one);
  return [document.querySelector("#turns > .turn:last-child"), document.querySelector("#pane")].map(shape);
}"""
TAGS = """() => {
  const count = {};
  const kinds = "script, style, link, meta, base, img, iframe, object, embed, form, video, audio, svg, math, template";
  for (const each of document.querySelectorAll(kinds))
    count[each.tagName] = (count[each.tagName] ?? 0) + 1;
  return {count, body: document.body.children.length};
}"""


@pytest.fixture(params=["address", "unguarded"], ids=["both layers", "the text layer alone"])
def stage(request: pytest.FixtureRequest) -> str:
    """Return the address of the page, with its policy or without."""
    return str(request.getfixturevalue(request.param))


def test_no_text_of_a_reply_loads_runs_or_makes_anything(
    browser: Any, stage: str, unguarded: str, answerer: ScriptedAnswerer, canary: Loopback
) -> None:
    canary.asked.clear()
    with watched(browser, stage) as tab:

        def show(text: str) -> Any:
            answerer.script = lambda question: streamed(made_of(text, question))
            turns = tab.page.locator(".turn").count()
            tab.type(text)
            tab.page.wait_for_selector(f"#turns > .turn:nth-child({turns + 1}) .actions")
            tab.page.evaluate("document.querySelector('.turn:last-child button.cite').click()")
            return tab.page.evaluate(SHAPE)

        harmless = show("harmless")
        tags = tab.page.evaluate(TAGS)
        assert len(harmless[0]) > 60
        assert len(harmless[1]) > 40
        # What holds without the policy holds with it, so there a part of the texts is enough.
        for name in TEXTS if stage == unguarded else [*TEXTS][::4]:
            text = aimed(TEXTS[name], canary.address, name)
            assert show(text) == harmless, name
            told = tab.turn.locator(".words, .after").all_text_contents()[0] + tab.page.locator("#pane").text_content()
            assert not set(UNSEEN) & set(told), name
            if name in MARKUP:
                assert text[:200] in told, "it is shown as what it is"
        tab.page.wait_for_timeout(300)
        assert tab.page.evaluate(TAGS) == tags
    assert canary.asked == []


def test_no_text_that_the_page_begins_with_loads_runs_or_makes_anything(
    browser: Any, unguarded: str, answerer: ScriptedAnswerer, canary: Loopback
) -> None:
    canary.asked.clear()
    texts = [aimed(template, canary.address, name) for name, template in TEXTS.items()]

    def begin(shown: list[str]) -> tuple[Any, Any]:
        answerer.examples = shown
        answerer.human_services = [filled(ADVISING, text) for text in shown]
        answerer.model_name = shown[0]
        with watched(browser, unguarded) as tab:
            tab.page.click("#people-button")
            people = tab.page.evaluate("[...document.querySelectorAll('#page *')].map(each => each.tagName)")
            tab.page.click("#about-button")
            tab.page.wait_for_timeout(200)
            return people, tab.page.evaluate(TAGS)

    harmless = begin(["harmless"] * len(texts))
    for first in ("</script><script>alert(1)</script>", "<!--<script>", "<img src=x onerror=alert(1)>"):
        assert begin([first, *texts[1:]]) == harmless, first
    assert canary.asked == []


NAVIGATES = {"refresh"}
"""What a policy cannot stop: it says what a page may load, not where it may go. The text layer stands before it."""


BROWSERS_OWN = {"favicon.ico"}


def fired(browser: Any, stage: Loopback, canary: Loopback) -> tuple[set[str], int]:
    """Let a browser parse each text as HTML in a frame; return which reached the canary, and how many dialogs came."""
    canary.asked.clear()
    dialogs: list[str] = []

    def on_dialog(dialog: Any) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    for name, template in MARKUP.items():
        text = aimed(template, canary.address, name)
        stage.pages[f"/{name}"] = f"<!doctype html><title>x</title><body><p>Before.</p><div>{text}</div><p>After.</p>"
    context = browser.new_context(viewport=WIDE)
    page = context.new_page()
    page.on("dialog", on_dialog)
    page.goto(f"{stage.address}/")
    names = [*MARKUP]
    page.evaluate(FRAMED, names)
    eventually(lambda: set(stage.asked) >= set(names))
    page.wait_for_timeout(700)
    page.evaluate(CLICKED)
    page.wait_for_timeout(1_500)
    context.close()
    return set(canary.asked) - BROWSERS_OWN, len(dialogs)


FRAMED = """names => names.forEach(
  (name) => document.body.append(Object.assign(document.createElement("iframe"), {src: `/${name}`})))"""
CLICKED = """() => [...document.querySelectorAll("iframe")].forEach((frame) => setTimeout(() => {
  for (const each of frame.contentDocument?.querySelectorAll("a, button") ?? []) each.click();
}, 0))"""


def test_the_policy_alone_lets_no_text_load_or_run_even_where_it_is_parsed(
    browser: Any, address: str, answerer: ScriptedAnswerer, canary: Loopback
) -> None:
    policy = httpx.get(address, trust_env=False).headers["content-security-policy"]
    for _ in range(3):  # forty frames race for the focus and the processor: not every text fires every time
        with loopback() as stage:
            reached, dialogs = fired(browser, stage, canary)
        if len(reached) >= 30 and dialogs >= 6:
            break
    assert len(reached) >= 30, f"without any layer: {sorted(set(MARKUP) - reached)} did nothing"
    assert dialogs >= 6
    with loopback() as stage:
        stage.policies = {f"/{name}": policy.replace("frame-ancestors 'none'; ", "") for name in MARKUP}
        reached, dialogs = fired(browser, stage, canary)

    assert reached <= NAVIGATES
    assert dialogs == 0


WAYS_OUT = {
    "image": "new Image().src = url",
    "fetch": "fetch(url)",
    "fetch-blind": "fetch(url, {mode: 'no-cors'})",
    "request": "const r = new XMLHttpRequest(); r.open('GET', url); r.send()",
    "beacon": "navigator.sendBeacon(url, 'x')",
    "socket": "new WebSocket(url.replace('http', 'ws'))",
    "events": "new EventSource(url)",
    "style": "document.body.style.backgroundImage = `url(${url})`",
    "sheet": "document.head.append(Object.assign(document.createElement('link'), {rel: 'stylesheet', href: url}))",
    "import": "document.head.append(Object.assign(document.createElement('style'), {textContent: `@import '${url}'`}))",
    "prefetch": "document.head.append(Object.assign(document.createElement('link'), {rel: 'prefetch', href: url}))",
    "frame": "document.body.append(Object.assign(document.createElement('iframe'), {src: url}))",
    "media": "document.body.append(Object.assign(document.createElement('video'), {src: url}))",
    "object": "document.body.append(Object.assign(document.createElement('object'), {data: url}))",
    "form": "const f = document.body.appendChild(document.createElement('form')); f.action = url; f.submit()",
    "script": "document.head.append(Object.assign(document.createElement('script'), {src: url}))",
    "worker": "new Worker(url)",
    "html": "document.body.appendChild(document.createElement('div')).innerHTML = `<img src=${url}>`",
    "fragment": "document.body.append(document.createRange().createContextualFragment(`<img src=${url}>`))",
    "written": "document.write(`<img src=${url}>`)",
}


def test_even_a_script_in_the_page_would_find_no_way_out(
    browser: Any, address: str, answerer: ScriptedAnswerer, canary: Loopback
) -> None:
    canary.asked.clear()
    with opened(browser, address) as tab:
        written = "(turns => { turns.innerHTML = '<b>x'; return turns.innerHTML; })(document.querySelector('#turns'))"
        assert tab.page.evaluate(written) == "&lt;b&gt;x"
        for name, way in WAYS_OUT.items():
            tab.page.evaluate(f"(url) => {{ try {{ {way}; }} catch {{}} }}", f"{canary.address}/{name}")
        tab.page.wait_for_timeout(400)
        assert tab.page.url.startswith(address)

    assert canary.asked == []


def test_the_server_fetches_nothing_for_anybody_however_it_is_spelt(
    address: str, answerer: ScriptedAnswerer, canary: Loopback
) -> None:
    canary.asked.clear()
    host = canary.address.removeprefix("http://")
    aims = [
        path.replace("https", "http")
        .replace("HTTPS", "HTTP")
        .replace("example.org", host)
        .replace("127.0.0.1:9/", f"{host}/")
        for path in SELF_PROXY
    ]
    assert len(aims) >= 30
    with httpx.Client(trust_env=False, timeout=10) as client:
        for path in aims:
            # As it is spelt: the client would tidy the path.
            request = client.build_request("GET", address, extensions={"target": path.replace(" ", "%20").encode()})
            assert client.send(request).status_code in {403, 404}, path

    assert canary.asked == []

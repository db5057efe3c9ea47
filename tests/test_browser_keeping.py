"""What belongs to the person: conversations, kept or not, taken along and changed, and what was understood of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from career_advisor.feedback import Box
from career_advisor.journal import Journal
from career_advisor.records import Message, Reply, Understood
from career_advisor.web.wording import says
from tests.doubles import QUOTES, TALK, ScriptedAnswerer, answered, streamed
from tests.test_browser import (
    Held,
    Tab,
    address,
    answerer,
    browser,
    eventually,
    halfway,
    one_answerer,
    one_profile,
    opened,
    visit,
    was_good,
    watched,
)
from tests.test_web import OnceOnly, Restarted, served

pytestmark = pytest.mark.browser

__all__ = ["address", "answerer", "browser", "one_answerer", "one_profile"]  # fixtures

KEPT = "Object.entries(localStorage).filter(([key]) => key.startsWith('advisor-talk-')).map(([, value]) => value)"
EVERYTHING = """async () => JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage),
  document.cookie, await indexedDB.databases(), await caches.keys()])"""
SECRET = "My secret is 1234"


@pytest.fixture
def tab(one_profile: Any, address: str, answerer: ScriptedAnswerer) -> Iterator[Tab]:
    with visit(one_profile, address) as one:
        yield one
    was_good(one, address)


def talks(tab: Tab) -> Any:
    """Open the pane with the conversations."""
    if not tab.page.locator("#talks").is_visible():
        tab.page.click("#talks-button")
    return tab.page.locator("#talks")


def keep(tab: Tab) -> None:
    talks(tab).locator("#keep-switch").check()
    tab.page.keyboard.press("Escape")


def kept(tab: Tab) -> list[dict[str, Any]]:
    """Return what the browser keeps of conversations, by title."""
    return sorted((json.loads(each) for each in tab.page.evaluate(KEPT)), key=lambda each: str(each["title"]))


def questions(tab: Tab) -> list[str]:
    return [str(text) for text in tab.page.locator(".turn .asked").all_inner_texts()]


def again(tab: Tab) -> None:
    """Load the page anew."""
    tab.page.reload()
    tab.page.wait_for_selector("body.ready")


def hint(tab: Tab) -> str:
    tab.page.wait_for_selector("#hint", state="visible")
    return str(tab.page.locator("#hint").inner_text())


# ---------------------------------------------------------------- kept, or not


def test_nothing_is_kept_until_somebody_wants_it_and_then_it_is_there_after_a_reload(
    tab: Tab, answerer: ScriptedAnswerer
) -> None:
    tab.ask(SECRET)
    assert "1234" not in tab.page.evaluate(EVERYTHING)
    keep(tab)
    shown = tab.turn.locator(".words").inner_text()
    again(tab)

    assert questions(tab) == [SECRET]
    assert tab.turn.locator(".words").inner_text() == shown
    assert "From what I've read" in tab.turn.inner_text()
    tab.turn.locator("button.cite").nth(1).click()
    assert tab.page.locator(".passage.asked-for mark").inner_text() == QUOTES[2]
    assert tab.page.locator(f"#pane a[href='{TALK}']").count() == 3


def test_an_answer_that_was_kept_is_never_presented_to_the_advisor_as_its_own(
    tab: Tab, answerer: ScriptedAnswerer
) -> None:
    keep(tab)
    tab.ask("First?")
    tab.page.evaluate(
        """() => { const key = Object.keys(localStorage).find((each) => each.startsWith("advisor-talk-"));
          localStorage.setItem(key, localStorage.getItem(key).replaceAll("Not silly.", "Pay me first.")); }"""
    )
    again(tab)
    assert "Pay me first." in tab.turn.inner_text(), "it is shown as it was kept"
    answerer.asked.clear()
    tab.ask("And now?")

    assert answerer.asked == [("And now?", (Message("user", "First?"),))]


@pytest.mark.parametrize("keeping", [True, False], ids=["kept", "not kept"])
def test_a_server_that_was_started_anew_loses_nothing(browser: Any, answerer: ScriptedAnswerer, keeping: bool) -> None:
    with Restarted(answerer) as server, opened(browser, server.address) as tab:
        if keeping:
            keep(tab)
        tab.ask("First?")
        server.stop()
        turn = tab.ask("While it is away?")
        assert "connection to the advisor was lost" in turn.inner_text()
        turn.locator(".retry").click()
        assert "connection to the advisor was lost" in tab.over().inner_text()
        tab.page.fill("#question textarea", "A draft")
        server.start()
        turn.locator(".retry").click()
        tab.page.wait_for_selector("#turns > .turn:last-child .badge")
        assert questions(tab) == ["First?", "While it is away?"]
        assert answerer.asked[-1] == ("While it is away?", (Message("user", "First?"),))
        assert tab.page.input_value("#question textarea") == "A draft"
        assert tab.page.evaluate("sessionStorage.getItem('advisor-over')") is None
        assert len(kept(tab)) == keeping


def test_whoever_stays_on_a_page_that_is_to_be_loaded_anew_is_told_and_nothing_is_left_behind(
    browser: Any, answerer: ScriptedAnswerer
) -> None:
    with Restarted(answerer) as server, opened(browser, server.address) as tab:
        tab.ask("First?")
        server.stop()
        turn = tab.ask("While it is away?")
        tab.page.evaluate("addEventListener('beforeunload', (event) => event.preventDefault())")
        server.start()
        turn.locator(".retry").click()  # whoever is asked whether to leave says no
        assert "connection to the advisor was lost" in tab.over().inner_text()
        assert len(tab.dialogs) == 1
        assert tab.page.evaluate("sessionStorage.length") == 0


def test_a_conversation_is_listed_named_opened_and_deleted_for_good(tab: Tab, answerer: ScriptedAnswerer) -> None:
    keep(tab)
    tab.ask(SECRET)
    tab.clear()
    tab.ask("Another?")
    assert [each["title"] for each in kept(tab)] == ["Another?", SECRET]

    talks(tab).get_by_label(f"Rename: {SECRET}").click()
    tab.page.fill(".rename-form input", "What 1234 means")
    tab.page.keyboard.press("Enter")
    talks(tab).get_by_label("Open: What 1234 means").click()
    expect(tab.page.locator(".turn .asked").first).to_have_text(SECRET)
    assert questions(tab) == [SECRET]
    delete = talks(tab).get_by_label("Delete: What 1234 means")
    delete.click()
    assert len(kept(tab)) == 2, "it asks once more"
    talks(tab).locator(".danger").click()

    assert [each["title"] for each in kept(tab)] == ["Another?"]
    assert "1234" not in tab.page.evaluate(EVERYTHING)
    assert tab.page.locator(".turn").count() == 0
    tab.page.keyboard.press("Escape")
    answerer.asked.clear()
    tab.ask("And now?")
    assert answerer.asked == [("And now?", ())]


def test_a_conversation_that_was_begun_with_an_example_is_there_once_after_a_reload(tab: Tab) -> None:
    keep(tab)
    example = tab.page.locator(".example").first
    words = example.inner_text()
    example.click()
    tab.over()
    again(tab)

    assert questions(tab) == [words]
    assert [[turn["question"] for turn in each["turns"]] for each in kept(tab)] == [[words]]


def test_conversations_are_named_deleted_and_read_in_with_the_keyboard_alone(tab: Tab, tmp_path: Path) -> None:
    keep(tab)
    tab.ask("First?")
    path = taken(tab, "JSON", tmp_path)
    tab.page.keyboard.press("Escape")
    press = tab.page.keyboard.press

    def reach(name: str) -> None:
        for _ in range(40):
            press("Tab")
            if tab.page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.textContent") == name:
                return
        pytest.fail(name)

    tab.page.focus("#talks-button")
    press("Enter")
    reach("Rename: First?")
    press("Enter")
    tab.page.keyboard.type("What I asked first")
    press("Enter")
    assert [each["title"] for each in kept(tab)] == ["What I asked first"]
    assert tab.focused("id") == "pane"
    reach("Delete: What I asked first")
    press("Enter")
    assert len(kept(tab)) == 1, "it asks once more"
    press("Enter")
    assert kept(tab) == []
    assert tab.focused("id") == "pane"
    status = tab.page.locator("#status")
    eventually(lambda: status.text_content() == "“What I asked first” is deleted.")  # once the server says so
    reach("Import a JSON file")
    with tab.page.expect_file_chooser() as chooser:
        press("Enter")
    chooser.value.set_files(path)
    assert "Imported: 1 question." in hint(tab)
    assert tab.focused("data-testid") == "textbox"


def test_a_conversation_that_is_deleted_while_it_is_answered_stays_deleted(
    tab: Tab, answerer: ScriptedAnswerer
) -> None:
    keep(tab)
    held = halfway(tab, answerer, SECRET)
    talks(tab).locator(".delete").first.click()
    talks(tab).locator(".danger").click()
    held.let_go()
    eventually(lambda: answerer.running == 0)
    tab.page.wait_for_timeout(300)

    assert "1234" not in tab.page.evaluate(EVERYTHING)


def test_a_private_conversation_keeps_nothing_and_takes_out_what_was_kept_of_it(tab: Tab) -> None:
    keep(tab)
    tab.ask(SECRET)
    assert len(kept(tab)) == 1
    talks(tab).locator("#apart-switch").check()
    assert "is kept" not in talks(tab).inner_text()
    tab.page.keyboard.press("Escape")
    tab.ask("And 5678?")

    everything = tab.page.evaluate(EVERYTHING)
    assert "1234" not in everything
    assert "5678" not in everything
    again(tab)
    assert tab.page.locator(".turn").count() == 0


def test_of_a_private_conversation_the_server_notes_nothing_either_though_it_notes_others(
    browser: Any, answerer: ScriptedAnswerer, tmp_path: Path
) -> None:
    journal, box = Journal(tmp_path, 30), Box(tmp_path)
    with served(answerer, kept=30, note=journal.keep, box=box) as url, watched(browser, url) as tab:
        assert says("en", "private_unnoted") in tab.page.locator("#kept").inner_text(), "it is said how to be left out"
        talks(tab).locator("#apart-switch").check()  # also where this browser keeps nothing
        assert says("en", "private_unnoted") in talks(tab).inner_text()
        tab.page.keyboard.press("Escape")
        turn = tab.ask("What salary would I, Ada, get?")
        assert "won't guess" in turn.inner_text()
        assert turn.locator(".helpful").count() == 0
        assert journal.read() == []

        talks(tab).locator("#apart-switch").uncheck()
        tab.page.keyboard.press("Escape")
        tab.ask("And what salary in Paris?")
        assert [line.question for line in journal.read()] == ["And what salary in Paris?"]
        assert tab.page.locator(".helpful").count() == 0, "a vote would keep what was asked in private, too"
        tab.clear()
        tab.ask("What salary in Rome?")
        assert tab.page.locator(".helpful").count() == 1
        talks(tab).locator("#apart-switch").check()
        assert tab.page.locator(".helpful").count() == 0
    assert not box.path.exists()


SAID = """() => { window.said = []; const status = document.querySelector("#status");
  new MutationObserver(() => window.said.push(status.textContent)).observe(status, {childList: true}); }"""


def delete_the_open_one(tab: Tab) -> None:
    tab.page.evaluate(SAID)
    talks(tab).get_by_role("button", name=f"Delete: {SECRET}").click()
    talks(tab).get_by_text("Delete for good?").click()


def test_a_kept_conversation_that_the_server_refuses_to_forget_is_left_behind_and_not_said_to_be_deleted(
    browser: Any, answerer: ScriptedAnswerer
) -> None:
    rate = OnceOnly()
    with served(answerer, rate=rate) as url, opened(browser, url) as tab:
        keep(tab)
        tab.ask(SECRET)
        tab.page.evaluate("addEventListener('beforeunload', () => sessionStorage.setItem('said', window.said))")
        with tab.page.expect_navigation():
            delete_the_open_one(tab)
        tab.page.wait_for_selector("body.ready")
        assert "is deleted" not in tab.page.evaluate("sessionStorage.getItem('said')")
        assert kept(tab) == []
        rate.is_time = True
        tab.ask("And now?")
    assert answerer.asked[-1] == ("And now?", ())


def test_a_kept_conversation_of_a_server_that_is_away_is_not_said_to_be_deleted_there(
    browser: Any, answerer: ScriptedAnswerer
) -> None:
    with Restarted(answerer) as server, opened(browser, server.address) as tab:
        keep(tab)
        tab.ask(SECRET)
        server.stop()
        delete_the_open_one(tab)
        tab.page.wait_for_selector("#hint", state="visible")
        assert hint(tab) == says("en", "not_forgotten")
        assert kept(tab) == [], "here it is"
        assert not any("is deleted" in said for said in tab.page.evaluate("window.said"))
        server.start()


def test_turning_it_off_keeps_no_more_and_one_press_deletes_the_rest(tab: Tab) -> None:
    keep(tab)
    for question in ("First?", "Second?"):
        tab.ask(question)
        tab.clear()
    talks(tab).locator("#keep-switch").uncheck()
    tab.page.keyboard.press("Escape")
    tab.ask(SECRET)
    assert [each["title"] for each in kept(tab)] == ["First?", "Second?"]
    talks(tab).get_by_text("Delete all").click()
    talks(tab).locator(".danger").click()

    assert kept(tab) == []
    assert tab.page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]


def test_an_answer_that_was_cut_short_by_leaving_can_be_asked_for_again(
    browser: Any, address: str, answerer: ScriptedAnswerer
) -> None:
    with opened(browser, address) as tab:  # Gradio complains of being left
        keep(tab)
        held = halfway(tab, answerer)
        again(tab)
        held.let_go()
        answerer.script = None

        assert "was not whole when the page was left" in tab.turn.inner_text()
        tab.turn.locator(".retry").click()
        tab.page.wait_for_selector(".turn .badge")
        assert len(kept(tab)) == 1


def test_what_had_come_of_an_answer_is_kept_in_its_paragraphs_and_without_numbers_that_lead_nowhere(
    tab: Tab, answerer: ScriptedAnswerer, tmp_path: Path
) -> None:
    keep(tab)
    held = halfway(tab, answerer)
    tab.page.click("#stop")
    held.let_go()
    eventually(lambda: answerer.running == 0)
    first = answered("x").sentences[0].text

    def is_right() -> None:
        paragraphs = [text.strip() for text in tab.turn.locator(".words p").all_inner_texts()]
        assert paragraphs == [first, QUOTES[0]]
        assert tab.turn.locator(".cite").count() == 0
        assert "without its sources" in tab.turn.inner_text()

    is_right()
    written = taken(tab, "Markdown", tmp_path).read_text("utf-8")
    assert f"{first}\n\n{QUOTES[0]}\n" in written
    assert "without its sources" in written
    again(tab)
    is_right()


# ---------------------------------------------------------------- two tabs


def beside(tab: Tab, address: str) -> Tab:
    """Open a second tab of the same browser."""
    second = Tab(tab.page.context.new_page())
    second.open(address)
    return second


def test_two_tabs_that_go_on_with_one_conversation_both_keep_what_was_said(tab: Tab, address: str) -> None:
    keep(tab)
    tab.ask("First?")
    second = beside(tab, address)
    talks(second).get_by_label("Open: First?").click()
    second.page.wait_for_selector(".turn .actions")
    tab.ask("In the first tab?")
    second.ask("In the second tab?")

    assert "went on in another tab" in hint(second)
    assert [[turn["question"] for turn in each["turns"]] for each in kept(tab)] == [
        ["First?", "In the first tab?"],
        ["First?", "In the second tab?"],
    ]
    assert [each["title"] for each in kept(tab)] == ["First?", "First? (2)"]


def test_what_one_tab_deletes_the_other_does_not_write_again(tab: Tab, address: str) -> None:
    keep(tab)
    tab.ask(SECRET)
    second = beside(tab, address)
    talks(second).locator(".delete").first.click()
    talks(second).locator(".danger").click()

    assert "deleted in another tab" in hint(tab)
    assert questions(tab) == [SECRET], "it stays in sight while the page is open"
    tab.ask("And now?")
    assert kept(tab) == []


# ---------------------------------------------------------------- a browser that keeps nothing


FILLED = """() => { for (let size = 2 ** 22; size; size >>= 1) {
  try { localStorage.setItem("x" + size, "x".repeat(size)); } catch {} } }"""


def test_a_name_for_which_there_is_no_room_is_not_taken_and_that_is_said(tab: Tab) -> None:
    keep(tab)
    tab.ask("First?")
    tab.page.evaluate(FILLED)
    talks(tab).get_by_label("Rename: First?").click()
    tab.page.fill(".rename-form input", "A name that is far longer than the first one was")
    tab.page.keyboard.press("Enter")

    assert "the old name stays" in hint(tab)
    assert talks(tab).locator(".talk-open strong").all_inner_texts() == ["First?"]


def test_a_browser_without_room_says_so_and_the_conversation_stays_on_the_page(tab: Tab) -> None:
    keep(tab)
    tab.ask("First?")
    tab.page.evaluate(FILLED)
    tab.ask("Second?")

    assert "no room left" in hint(tab)
    assert questions(tab) == ["First?", "Second?"]
    assert [[turn["question"] for turn in each["turns"]] for each in kept(tab)] == [["First?"]]


def test_a_browser_that_lets_no_page_keep_anything_says_so_and_the_page_works(
    browser: Any, address: str, answerer: ScriptedAnswerer
) -> None:
    with opened(browser, address) as tab:
        tab.page.add_init_script(
            """for (const name of ["localStorage", "sessionStorage"]) Object.defineProperty(window, name, {
              get() { throw new DOMException("no", "SecurityError"); } });"""
        )
        tab.complaints.clear()
        tab.open(address)
        tab.ask("First?")
        talks(tab).locator("#keep-switch").click()

        assert "does not let a page keep anything" in hint(tab)
        assert not tab.page.locator("#keep-switch").is_checked()
        tab.page.keyboard.press("Escape")
        assert QUOTES[1] in tab.ask("Second?").inner_text()
        assert tab.complaints == []


# ---------------------------------------------------------------- taken along


def taken(tab: Tab, way: str, folder: Path) -> Path:
    talks(tab)
    with tab.page.expect_download() as waiting:
        tab.page.locator("#talks").get_by_text(way, exact=True).click()
    path: Path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def test_a_conversation_is_taken_along_as_markdown_with_every_source(tab: Tab, tmp_path: Path) -> None:
    tab.ask("Should I do a *PhD*?")
    path = taken(tab, "Markdown", tmp_path)
    written = path.read_text("utf-8")

    assert path.name == "should-i-do-a-phd.md"
    assert "## 1. Should I do a \\*PhD\\*?" in written
    for quote in QUOTES:
        assert f"> {quote}" in written
    assert f"{QUOTES[1]} \\[3\\]" in written
    assert "**\\[1\\] PhDs and degrees** (Do I need a PhD?)" in written
    assert "Our summary · after Rob Miles' talk on careers in AI safety · May 2025" in written
    assert written.count(f"<{TALK}>") == 3
    assert "https://80000hours.org" in written


def test_what_was_taken_along_as_json_can_be_read_in_again_and_is_told_apart(
    tab: Tab, answerer: ScriptedAnswerer, tmp_path: Path
) -> None:
    tab.ask("Should I do a PhD?")
    tab.ask("And then?")
    shown = tab.page.locator(".turn .words").all_inner_texts()
    path = taken(tab, "JSON", tmp_path)
    tab.clear()
    talks(tab)
    tab.page.set_input_files("#import-file", path)

    assert "Imported: 2 questions" in hint(tab)
    assert tab.page.locator(".turn .words").all_inner_texts() == shown
    assert tab.page.locator(".badge").all_inner_texts() == ["Imported", "Imported"]
    tab.page.locator("button.cite").first.click()
    assert tab.page.locator("#pane mark").first.inner_text() == QUOTES[0]
    assert TALK in tab.page.locator("#pane").inner_text()
    assert tab.page.locator("#pane a, .turn a").count() == 0, "nobody checked where its addresses lead"
    answerer.asked.clear()
    tab.ask("Go on?")
    assert answerer.asked == [("Go on?", (Message("user", "Should I do a PhD?"), Message("user", "And then?")))]


def crosswise(question: str) -> Reply:
    """Reply with sentences that have several sources, one that has none, and a source that is named twice."""
    whole = answered(question)
    numbers = {1: (1, 2), 2: (3,), 3: (2, 1)}
    sentences = tuple(replace(each, citations=numbers.get(at, ())) for at, each in enumerate(whole.sentences))
    said = [each.text + "".join(f" [{number}]" for number in each.citations) for each in sentences]
    return replace(whole, sentences=sentences, answer=f"{said[0]}\n\n{' '.join(said[1:])}")


def test_a_number_stands_for_the_same_words_as_they_come_when_whole_after_a_reload_and_in_the_file(
    tab: Tab, answerer: ScriptedAnswerer, tmp_path: Path
) -> None:
    whole = crosswise("x")
    expected = [" ".join([each.text, *map(str, each.citations)]) for each in whole.sentences]
    keep(tab)
    held = Held(crosswise, pieces=len(expected))
    answerer.script = held

    def shown() -> list[str]:
        return [" ".join(text.split()) for text in tab.turn.locator(".words .sentence").all_text_contents()]

    def leads_to() -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for cite in tab.turn.locator("button.cite").all():
            cite.click()
            found.setdefault(cite.inner_text(), set()).add(tab.page.locator(".passage.asked-for mark").inner_text())
        tab.page.keyboard.press("Escape")
        return found

    quotes = {str(each.number): {each.quote} for each in whole.citations}
    tab.type("Should I do a PhD?")
    eventually(lambda: shown() == expected)
    assert tab.turn.locator("button.cite").count() == 0, "it is still coming"
    held.let_go()
    tab.over()
    assert shown() == expected
    assert leads_to() == quotes
    again(tab)
    assert shown() == expected
    assert leads_to() == quotes

    written = taken(tab, "Markdown", tmp_path).read_text("utf-8")
    for sentence in whole.sentences:
        assert sentence.text + "".join(f" \\[{number}\\]" for number in sentence.citations) in written
    listed = re.findall(r"^\*\*\\\[(\d+)\\\].*?^> ([^\n]+)$", written, re.MULTILINE | re.DOTALL)
    assert {number: {quote} for number, quote in listed} == quotes


MALFORMED = {
    "not JSON": b"Dear diary",
    "another JSON": b'{"format": "recipe", "version": 1, "turns": []}',
    "no turns": b'{"format": "career-advisor-conversation", "version": 1, "title": "x", "turns": []}',
    "a turn too thin": b'{"format": "career-advisor-conversation", "version": 1, "title": "x", "turns": [{}]}',
    "no text": bytes(range(256)) * 40,
    "deep": b"[" * 200_000,
    "nothing": b"",
    "too large": b" " * 8_000_001,
}


def test_a_file_that_is_no_conversation_is_said_in_a_sentence_and_nothing_is_lost(tab: Tab) -> None:
    tab.ask("First?")
    tab.page.fill("#question textarea", "Half a thought")
    for name, content in MALFORMED.items():
        talks(tab)
        tab.page.set_input_files("#import-file", {"name": "x.json", "mimeType": "application/json", "buffer": content})
        assert "nothing was changed" in hint(tab), name
        tab.page.evaluate("document.querySelector('#hint').textContent = ''")
    assert questions(tab) == ["First?"]
    assert tab.page.input_value("#question textarea") == "Half a thought"
    assert tab.page.locator(".turn .badge").inner_text() == "From what I've read"


def test_a_conversation_that_is_not_kept_is_left_only_after_a_word(tab: Tab, tmp_path: Path) -> None:
    tab.ask("First?")
    path = taken(tab, "JSON", tmp_path)
    tab.page.set_input_files("#import-file", path)
    tab.page.wait_for_selector("text=Leave this conversation?")
    tab.page.get_by_text("Cancel").click()
    assert tab.page.locator(".turn .badge").inner_text() == "From what I've read"
    talks(tab)
    tab.page.set_input_files("#import-file", path)
    tab.page.get_by_text("Go on", exact=True).click()

    assert "Imported: 1 question." in hint(tab)


def test_a_file_that_was_mended_can_be_chosen_again(tab: Tab, tmp_path: Path) -> None:
    tab.ask("First?")
    path = taken(tab, "JSON", tmp_path)
    good = path.read_text("utf-8")
    path.write_text(good[:-20], "utf-8")
    tab.clear()
    talks(tab)
    with tab.page.expect_file_chooser() as chooser:
        tab.page.click("#import-button")
    chooser.value.set_files(path)
    assert "nothing was changed" in hint(tab)
    assert tab.page.input_value("#import-file") == "", "a browser tells of a file only where another one is chosen"
    path.write_text(good, "utf-8")
    with tab.page.expect_file_chooser() as chooser:
        tab.page.click("#import-button")
    chooser.value.set_files(path)
    tab.page.wait_for_selector(".turn .badge")

    assert "Imported: 1 question." in hint(tab)


DROPPED = """([name, content]) => {
  const data = new DataTransfer();
  data.items.add(new File([content], name));
  const drop = (type) => new DragEvent(type, {dataTransfer: data, bubbles: true, cancelable: true});
  const place = document.querySelector("#page");
  return [place.dispatchEvent(drop("dragover")), place.dispatchEvent(drop("drop"))];
}"""


def test_a_file_that_is_dropped_does_not_take_the_place_of_the_page(tab: Tab) -> None:
    tab.ask("First?")

    assert tab.page.evaluate(DROPPED, ["cv.txt", "My life"]) == [False, False], "the browser does not open it"
    assert "Files cannot be dropped here" in hint(tab)
    assert questions(tab) == ["First?"]


def drop(tab: Tab, path: Path) -> None:
    """Drop a file or folder onto the page, as from the desktop."""
    session = tab.page.context.new_cdp_session(tab.page)
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 400, "y": 300, "data": data})


def test_a_conversation_that_is_dropped_is_read_in_and_a_folder_is_said_to_be_none(tab: Tab, tmp_path: Path) -> None:
    tab.ask("First?")
    path = taken(tab, "JSON", tmp_path)
    tab.page.keyboard.press("Escape")
    folder = tmp_path / "papers"
    folder.mkdir()
    drop(tab, folder)
    assert "Files cannot be dropped here" in hint(tab)
    assert questions(tab) == ["First?"]
    tab.clear()
    drop(tab, path)
    tab.page.wait_for_selector(".turn .badge")

    assert "Imported: 1 question." in hint(tab)
    assert questions(tab) == ["First?"]
    assert tab.turn.locator(".badge").inner_text() == "Imported"


# ---------------------------------------------------------------- changed


def test_a_question_is_changed_where_it_stands_and_the_conversation_goes_on_from_there(
    tab: Tab, answerer: ScriptedAnswerer
) -> None:
    for question in ("First?", "Second?", "Third?"):
        tab.ask(question)
    tab.page.fill("#question textarea", "A draft")
    answerer.asked.clear()
    tab.page.locator(".turn").nth(1).locator(".edit").click()
    assert "The question below this one will go" in tab.page.locator(".edit-form").inner_text()
    tab.page.fill(".edit-form textarea", "Second, but better?")
    tab.page.keyboard.press("Enter")
    tab.over()

    assert questions(tab) == ["First?", "Second, but better?"]
    ((asked, history),) = answerer.asked
    assert asked == "Second, but better?"
    assert [message.content for message in history if message.role == "user"] == ["First?"]
    assert tab.page.input_value("#question textarea") == "A draft"


def test_what_a_change_would_take_away_stays_in_the_list(tab: Tab) -> None:
    keep(tab)
    tab.ask("First?")
    tab.ask("Second?")
    tab.page.locator(".turn").nth(0).locator(".edit").click()
    assert "stays in your list" in tab.page.locator(".edit-form").inner_text()
    tab.page.fill(".edit-form textarea", "First, but better?")
    tab.page.get_by_text("Ask this instead").click()
    tab.over()

    assert [[turn["question"] for turn in each["turns"]] for each in kept(tab)] == [
        ["First?", "Second?"],
        ["First, but better?"],
    ]


def test_what_cannot_be_asked_instead_takes_nothing_away(tab: Tab, answerer: ScriptedAnswerer) -> None:
    for question in ("First?", "Second?"):
        tab.ask(question)
    answerer.asked.clear()
    tab.page.locator(".turn").first.locator(".edit").click()
    for changed, told in (("My life. " * 11_400, "4,000 are the most"), ("  ", "Write a question first")):
        tab.page.fill(".edit-form textarea", "")
        tab.page.click(".edit-form textarea")
        tab.page.keyboard.insert_text(changed)  # as it is pasted
        tab.page.keyboard.press("Enter")
        assert told in hint(tab)
        assert tab.page.input_value(".edit-form textarea") == changed

    assert [text for text in questions(tab) if text] == ["First?", "Second?"]
    assert answerer.asked == []


def test_escape_leaves_a_question_as_it_was(tab: Tab, answerer: ScriptedAnswerer) -> None:
    tab.ask("First?")
    tab.page.locator(".edit").click()
    tab.page.fill(".edit-form textarea", "Something else")
    tab.page.keyboard.press("Escape")

    assert questions(tab) == ["First?"]
    assert "edit" in tab.focused("class")
    assert len(answerer.asked) == 1


def test_a_draft_is_not_lost_when_something_else_is_asked(tab: Tab, answerer: ScriptedAnswerer) -> None:
    tab.page.fill("#question textarea", "A draft")
    tab.page.locator(".example").first.click()
    tab.over().locator(".chip").first.click()
    tab.over()

    assert tab.page.input_value("#question textarea") == "A draft"
    assert len(answerer.asked) == 2


def test_a_hundred_kilobytes_that_are_pasted_are_said_and_still_there(tab: Tab, answerer: ScriptedAnswerer) -> None:
    tab.page.click("#question textarea")
    tab.page.keyboard.insert_text("My life. " * 11_400)
    tab.page.keyboard.press("Enter")

    assert "102,600" in hint(tab) or "102,599" in hint(tab)
    assert len(tab.page.input_value("#question textarea")) > 100_000
    assert answerer.asked == []


# ---------------------------------------------------------------- what was understood


def told(question: str) -> Reply:
    return replace(
        answered(question),
        understood=(Understood("student", "is a student"), Understood("programmer", "writes software")),
    )


def test_what_was_understood_is_shown_and_what_is_taken_back_does_not_count_any_more(
    tab: Tab, answerer: ScriptedAnswerer
) -> None:
    answerer.script = lambda question: streamed(told(question))
    turn = tab.ask("I study and write software. What should I do?")
    assert "somebody who is a student and writes software" in turn.locator(".understood").inner_text()
    turn.get_by_text("Not so?").click()
    tab.page.get_by_label("Remove: is a student").click()
    assert tab.page.locator("#about-you .items").first.inner_text().startswith("writes software")
    tab.page.get_by_text("Ask the last question again").click()
    tab.over()
    assert answerer.said_of_oneself[-1] == (frozenset({"student"}), frozenset())

    tab.turn.get_by_text("Not so?").click()
    tab.page.get_by_label("Correct: writes software").select_option("no-degree")
    tab.page.keyboard.press("Escape")
    tab.ask("And now?")
    assert answerer.said_of_oneself[-1] == (frozenset({"student", "programmer"}), frozenset({"no-degree"}))


def test_all_of_it_is_forgotten_with_one_press_and_only_in_this_conversation(
    tab: Tab, answerer: ScriptedAnswerer
) -> None:
    answerer.script = lambda question: streamed(told(question))
    tab.ask("I study and write software. What should I do?").get_by_text("Not so?").click()
    tab.page.get_by_text("Forget all of it").click()
    assert "Forgotten" in tab.page.locator("#status").text_content()
    assert tab.page.locator("#about-you .struck").all_inner_texts() == ["is a student", "writes software"]
    tab.page.keyboard.press("Escape")
    tab.ask("And now?")
    assert answerer.said_of_oneself[-1] == (frozenset({"student", "programmer"}), frozenset())
    tab.clear()
    tab.ask("And anew?")
    assert answerer.said_of_oneself[-1] == (frozenset(), frozenset())

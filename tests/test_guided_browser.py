"""The guided conversations as a person uses them in a real browser."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from career_advisor.guided.wording import words
from career_advisor.llm import open_model
from career_advisor.web import guard
from career_advisor.web.wording import says
from tests.chromium import violations
from tests.doubles import Bookshelf, ScriptedAnswerer
from tests.llm_server import language_model_server
from tests.test_browser import PHONE, Tab, browser, halfway, one_profile, opened, visit, was_good, watched
from tests.test_browser_keeping import drop
from tests.test_web import Restarted, served

pytestmark = pytest.mark.browser

__all__ = ["browser", "one_profile"]  # fixtures


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served(ScriptedAnswerer(), sources=Bookshelf()) as url:
        yield url


@pytest.fixture(scope="module")
def slow() -> ScriptedAnswerer:
    return ScriptedAnswerer()


@pytest.fixture(scope="module")
def slow_address(slow: ScriptedAnswerer) -> Iterator[str]:
    with served(slow, sources=Bookshelf()) as url:
        yield url


@pytest.fixture
def tab(one_profile: Any, address: str) -> Iterator[Tab]:
    with visit(one_profile, address) as tab:
        yield tab
        was_good(tab, address)


def press(tab: Tab, name: str) -> None:
    tab.page.click(f'#guided button:text-is("{name}")')


def begin(tab: Tab, title: str) -> None:
    tab.page.click(f'#welcome .guided-entry:has-text("{title}")')
    press(tab, "Begin")


def open_guide(tab: Tab, title: str) -> None:
    """Open one from the pane, as where a conversation is on the page."""
    tab.page.click("#guides-button")
    tab.page.click(f'#pane .guided-entry:has-text("{title}")')


def stand(tab: Tab) -> None:
    """Fill the first form as an engineer would, up to the document."""
    begin(tab, "Where do I stand?")
    tab.page.check("#guided input[value=engineering]")
    press(tab, "Next")
    tab.page.fill("#guided textarea", "I maintain a data loader in an open-source library.")
    press(tab, "Next")
    press(tab, "Skip")
    press(tab, "Skip")
    tab.page.check("#guided input[value=doubting]")
    press(tab, "Next")
    press(tab, "Make my document")
    tab.page.wait_for_selector(".guided-sheet")


def saved(tab: Tab, name: str, folder: Path) -> Path:
    with tab.page.expect_download() as download:
        press(tab, name)
    path: Path = folder / str(download.value.suggested_filename)
    download.value.save_as(path)
    return path


def test_a_form_is_filled_question_by_question_and_ends_in_a_document_with_sources(tab: Tab) -> None:
    stand(tab)

    assert "No verdict yet" in tab.page.inner_text(".guided-verdict")
    tab.page.check("#guided input[name=tick-library][value=have]")
    tab.page.wait_for_selector(".guided-verdict.now")
    assert tab.focused("value") == "have"
    assert "I maintain a data loader" in tab.page.inner_text(".guided-sheet .level-3 >> nth=0")

    tab.page.click(".guided-sheet .cite >> nth=0")
    assert tab.page.inner_text("#pane .asked-for mark").endswith(".")
    tab.page.keyboard.press("Escape")
    assert (tab.focused("class") or "") == "cite"


def test_whoever_leaves_finds_what_they_wrote_until_they_delete_it(tab: Tab) -> None:
    begin(tab, "Prepare for advising")
    tab.page.fill("#guided textarea", "Six years in a ministry.")
    press(tab, "Leave")
    assert tab.page.is_visible("#question textarea")

    tab.page.click('#welcome .guided-entry:has-text("Prepare for advising")')
    assert tab.page.input_value("#guided textarea") == "Six years in a ministry."

    press(tab, "See the document now")
    tab.page.wait_for_selector(".guided-sheet")
    press(tab, "Delete")
    press(tab, "Begin")
    assert tab.page.input_value("#guided textarea") == ""


def test_ones_own_words_are_edited_where_they_stand_and_quotes_are_not(tab: Tab) -> None:
    begin(tab, "Prepare for advising")
    press(tab, "See the document now")
    tab.page.click('button[data-edits="draw"]')
    tab.page.fill("#guided textarea", "I couldn't stop thinking about it.")
    press(tab, "Done")

    tab.page.wait_for_selector(".guided-mine")
    assert tab.page.inner_text(".guided-mine") == "I couldn't stop thinking about it."
    assert tab.focused("data-edits") == "draw"
    assert tab.page.locator(".guided-quote button:not(.cite), .guided-quote [contenteditable]").count() == 0


def test_a_plan_is_saved_opened_again_in_a_new_page_and_saved_the_same(
    tab: Tab, browser: Any, address: str, tmp_path: Path
) -> None:
    begin(tab, "My plan")
    tab.page.fill("#guided textarea", "To know whether this is for me.")
    press(tab, "Next")
    tab.page.fill("#guided .guided-row input >> nth=0", "AI person in the ministry")
    press(tab, "Next")
    tab.page.select_option("#guided select", "use")
    for _ in range(3):
        press(tab, "Next")
    tab.page.check("#guided input[value=advising]")
    tab.page.select_option("#guided .guided-steps li:has(input[value=advising]) select", "7")
    press(tab, "Next")
    press(tab, "Make my document")
    tab.page.wait_for_selector(".guided-sheet time")
    first = saved(tab, "Save to go on later", tmp_path)
    text = saved(tab, "Save as Markdown", tmp_path).read_text("utf-8")
    assert text.startswith("# My plan")
    assert "> AI person in the ministry" in text

    with opened(browser, address, accept_downloads=True) as other:
        other.page.click("#welcome .guided-entry >> nth=0")
        other.page.set_input_files("#guided input[type=file]", str(first))
        other.page.wait_for_selector(".guided-sheet time")
        again = saved(other, "Save to go on later", tmp_path / "again")
        was_good(other, address)
    assert again.read_text("utf-8") == first.read_text("utf-8")


def test_a_file_that_is_none_of_ours_ends_in_a_sentence_and_changes_nothing(tab: Tab, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    begin(tab, "Prepare for advising")
    for text in ("not JSON", "[1]", '{"format": "other"}', '{"__proto__": 1}', "9" * 500_000):
        path.write_text(text, "utf-8")
        tab.page.fill("#guided textarea", f"Mine, beside {text[:9]}.")
        press(tab, "Back")
        tab.page.set_input_files("#guided input[type=file]", str(path))
        tab.page.wait_for_selector(".guided-trouble", state="visible")
        assert "nothing was changed" in tab.page.inner_text(".guided-trouble"), text[:9]
        press(tab, "Go on")
        assert tab.page.input_value("#guided textarea") == f"Mine, beside {text[:9]}."
    tab.complaints.clear()  # of statuses that say so


def test_a_form_is_filled_with_the_keyboard_alone(tab: Tab) -> None:
    tab.page.focus("#welcome .guided-entry >> nth=2")
    tab.page.keyboard.press("Enter")
    tab.page.focus('#guided button:text-is("Begin")')
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_selector("#guided textarea")
    assert tab.page.evaluate("() => document.activeElement.id") == "guided-title"

    tab.page.keyboard.press("Tab")
    tab.page.keyboard.type("Two years of law / policy.")
    tab.page.keyboard.press("Tab")
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_selector('h2:text-is("What draws you to AI safety?")')
    press(tab, "Back")
    assert tab.page.input_value("#guided textarea") == "Two years of law / policy."


SHOWN: dict[str, Callable[[Tab], None]] = {
    "one that was kept": lambda tab: tab.page.get_by_label("Open: First?").click(),
    "the last question, asked again": lambda tab: (
        tab.page.get_by_text("What I understood about you").click(),
        tab.page.get_by_text("Ask the last question again").click(),
    )[1],
}


@pytest.mark.parametrize("what", SHOWN)
def test_a_conversation_that_is_opened_from_a_guided_one_is_shown_and_what_was_written_stays(
    tab: Tab, what: str
) -> None:
    tab.page.click("#talks-button")
    tab.page.check("#keep-switch")
    tab.page.keyboard.press("Escape")
    tab.ask("First?")
    open_guide(tab, "Prepare for advising")
    press(tab, "Begin")
    tab.page.fill("#guided textarea", "Six years in a ministry.")
    tab.page.click("#talks-button")
    SHOWN[what](tab)
    tab.page.wait_for_selector(".turn .badge", state="visible")

    assert tab.page.is_visible("#question textarea")
    assert not tab.page.is_visible("#guided")
    tab.page.keyboard.press("Escape")
    open_guide(tab, "Prepare for advising")
    assert tab.page.input_value("#guided textarea") == "Six years in a ministry."


def test_words_half_written_in_a_document_are_there_when_one_comes_back(tab: Tab) -> None:
    tab.ask("First?")
    open_guide(tab, "Prepare for advising")
    press(tab, "Begin")
    press(tab, "See the document now")
    tab.page.click('button[data-edits="draw"]')
    tab.page.fill("#guided textarea", "I couldn't stop thinking")
    tab.page.click("#talks-button")
    SHOWN["the last question, asked again"](tab)
    tab.over()
    open_guide(tab, "Prepare for advising")

    assert tab.page.input_value("#guided textarea") == "I couldn't stop thinking"
    press(tab, "Done")
    tab.page.wait_for_selector('.guided-mine:text-is("I couldn\'t stop thinking")')


def test_in_a_guided_conversation_too_an_answer_can_be_stopped_and_what_is_wrong_is_said(
    browser: Any, slow: ScriptedAnswerer, slow_address: str
) -> None:
    with opened(browser, slow_address) as tab:
        held = halfway(tab, slow, "First?")
        open_guide(tab, "Prepare for advising")
        press(tab, "Begin")
        tab.page.click("#stop")
        held.let_go()
        assert not tab.page.is_visible("#stop")
        assert tab.focused("aria-labelledby") == "guided-title"
        tab.page.keyboard.press("Escape")
        tab.page.evaluate("document.activeElement.blur()")
        tab.page.keyboard.press("/")
        assert tab.focused("aria-labelledby") == "guided-title", "one writes there"
        tab.page.focus(".skip")
        tab.page.keyboard.press("Enter")
        assert tab.focused("aria-labelledby") == "guided-title"

        tab.page.context.set_offline(True)
        tab.page.wait_for_selector("#hint", state="visible")
        assert "cannot be reached at the moment" in tab.page.inner_text("#hint")
        tab.page.context.set_offline(False)
        press(tab, "Leave")
        assert "Stopped." in tab.turn.inner_text()


def test_a_server_that_was_started_anew_loses_nothing_of_what_was_written(browser: Any) -> None:
    server = Restarted(ScriptedAnswerer(), sources=Bookshelf())
    with server, opened(browser, server.address) as tab:
        begin(tab, "Prepare for advising")
        tab.page.fill("#guided textarea", "Six years in a ministry.")
        press(tab, "Next")
        press(tab, "Leave")
        server.stop()
        assert "connection to the advisor was lost" in tab.ask("First?").inner_text()
        server.start()
        tab.turn.locator(".retry").click()
        tab.page.wait_for_selector(".turn .badge")
        assert tab.dialogs == [], "nobody is asked whether to leave"
        assert tab.page.evaluate("sessionStorage.length") == 0
        open_guide(tab, "Prepare for advising")
        press(tab, "Back")
        assert tab.page.input_value("#guided textarea") == "Six years in a ministry."


def test_a_file_of_a_guided_conversation_opens_wherever_it_is_dropped_or_read_in(
    browser: Any, address: str, tmp_path: Path
) -> None:
    with opened(browser, address, accept_downloads=True) as tab:
        begin(tab, "Prepare for advising")
        tab.page.fill("#guided textarea", "Six years in a ministry.")
        press(tab, "See the document now")
        tab.page.wait_for_selector(".guided-sheet")
        path = saved(tab, "Save to go on later", tmp_path)
        tab.page.click('button[data-edits="draw"]')
        tab.page.fill("#guided textarea", "Something newer.")
        press(tab, "Done")
        tab.page.wait_for_selector('.guided-mine:text-is("Something newer.")')
        press(tab, "Leave")
        drop(tab, path)
        tab.page.wait_for_selector("#hint", state="visible")
        assert "you have written something that is not saved" in tab.page.inner_text("#hint")

    with watched(browser, address) as tab:
        drop(tab, path)
        tab.page.wait_for_selector(".guided-sheet")
        assert "Six years in a ministry." in tab.page.inner_text(".guided-sheet")
        press(tab, "Leave")
        tab.page.click("#talks-button")
        tab.page.set_input_files("#import-file", path)
        tab.page.wait_for_selector(".guided-sheet")

        path.write_text('{"format": "career-advisor-guided", "version": 7}', "utf-8")
        press(tab, "Leave")
        drop(tab, path)
        tab.page.wait_for_selector("#hint", state="visible")
        assert "nothing was changed" in tab.page.inner_text("#hint")
        tab.complaints.clear()  # of a status that says so


def paste(tab: Tab, where: str, text: str) -> None:
    tab.page.click(where)
    tab.page.keyboard.insert_text(text)


def told(tab: Tab) -> str:
    tab.page.wait_for_selector(".guided-trouble", state="visible")
    return str(tab.page.inner_text(".guided-trouble"))


def test_what_is_too_long_when_it_is_pasted_is_said_and_nothing_of_it_is_cut(tab: Tab) -> None:
    life = "My life. " * 11_400
    begin(tab, "My plan")
    paste(tab, "#guided textarea", life)
    for name in ("Next", "See the document now"):
        press(tab, name)
        assert "102,600 characters; 1,500 are the most" in told(tab)
        assert tab.page.input_value("#guided textarea") == life
        assert tab.focused("aria-labelledby") == "guided-title", "one goes on where it is too long"
    tab.page.fill("#guided textarea", "To know whether this is for me.")
    press(tab, "Next")
    paste(tab, "#guided .guided-row input >> nth=1", "word " * 100)
    press(tab, "Next")
    assert "500 characters; 200 are the most" in told(tab)
    tab.page.fill("#guided .guided-row input >> nth=1", "AI person in the ministry")
    for _ in range(4):
        press(tab, "Next")
    paste(tab, "#guided .guided-steps input[type=text] >> nth=0", "word " * 100)
    press(tab, "Next")
    assert "500 characters; 200 are the most" in told(tab)
    tab.page.fill("#guided .guided-steps input[type=text] >> nth=0", "Write to them")
    press(tab, "Next")
    press(tab, "Make my document")
    tab.page.wait_for_selector(".guided-sheet")


def test_what_is_too_long_for_its_place_in_a_document_is_said_there(tab: Tab) -> None:
    begin(tab, "Prepare for advising")
    press(tab, "See the document now")
    tab.page.wait_for_selector(".guided-sheet")
    tab.page.click('button[data-edits="choices"]')
    for text, said in (
        ("One\nTwo\nThree\nFour", "4 lines; 3 are the most"),
        ("word " * 50 + "\nTwo", "249 characters; 200 are the most"),
        ("word " * 2_000, "10,000 characters; 600 are the most"),
    ):
        tab.page.fill("#guided textarea", "")
        paste(tab, "#guided textarea", text)
        press(tab, "Done")
        assert said in told(tab)
        assert tab.page.input_value("#guided textarea") == text
    tab.page.fill("#guided textarea", "One\nTwo")
    press(tab, "Done")
    tab.page.wait_for_selector(".guided-mine")


@pytest.mark.parametrize("look", ["light", "dark"])
def test_on_a_phone_nothing_scrolls_sideways_and_axe_finds_nothing(look: str, browser: Any, address: str) -> None:
    with opened(browser, address, viewport=PHONE, color_scheme=look, bypass_csp=True) as tab:
        found: dict[str, list[str]] = {}

        def look_at(state: str) -> None:
            assert tab.width <= PHONE["width"], state
            found[state] = [f"{rule['id']}: {rule['nodes'][0]['html'][:160]}" for rule in violations(tab.page)]

        tab.page.click("#welcome .guided-entry >> nth=1")
        look_at("start")
        press(tab, "Begin")
        press(tab, "Next")
        tab.page.fill("#guided .guided-row input >> nth=0", "word" * 40)
        look_at("lines")
        press(tab, "Next")
        look_at("each")
        for _ in range(3):
            press(tab, "Next")
        tab.page.check("#guided input[value=memo]")
        look_at("steps")
        press(tab, "Next")
        press(tab, "Make my document")
        tab.page.wait_for_selector(".guided-sheet")
        look_at("plan")
        press(tab, "Leave")
        stand(tab)
        look_at("stand")
        assert found == {state: [] for state in found}


def test_a_document_prints_without_buttons_and_with_addresses(tab: Tab) -> None:
    stand(tab)
    tab.page.evaluate("() => { window.printed = 0; window.print = () => { window.printed += 1; }; }")
    press(tab, "Print")
    assert tab.page.evaluate("window.printed") == 1
    tab.page.emulate_media(media="print")

    assert tab.page.locator("#guided button:visible:not(.cite)").count() == 0
    assert tab.page.is_hidden("#welcome")
    assert "You say:" not in tab.page.inner_text(".guided-sheet"), "of a bar that nobody ticked"
    assert "https://www.youtube.com/" in tab.page.inner_text(".guided-sources")


def test_without_a_server_what_was_written_stays(browser: Any, address: str) -> None:
    with opened(browser, address) as tab:
        begin(tab, "Prepare for advising")
        tab.page.fill("#guided textarea", "Mine.")
        tab.page.context.set_offline(True)
        press(tab, "See the document now")
        tab.page.wait_for_selector(".guided-trouble", state="visible")

        assert "still here" in tab.page.inner_text(".guided-trouble")
        assert tab.page.input_value("#guided textarea") == "Mine."


def test_a_guided_conversation_in_german_ends_in_a_german_document_that_is_opened_again_in_french(
    browser: Any, address: str, tmp_path: Path
) -> None:
    german, french = words("de"), words("fr")
    with opened(browser, address, accept_downloads=True, locale="de-DE") as tab:
        page = tab.page
        page.click(f'#welcome .guided-entry:has-text("{german("stand.title")}")')
        press(tab, says("de", "guided_begin"))
        assert page.inner_text("#guided h2") == german("stand.directions.title")
        page.check(f'#guided label:has-text("{german("stand.directions.options.engineering")}") input')
        press(tab, says("de", "guided_next"))
        page.fill("#guided textarea", "Ich pflege einen Data Loader in einer Open-Source-Bibliothek.")
        press(tab, says("de", "guided_see_now"))
        page.wait_for_selector(".guided-sheet")
        page.check(f'#guided .guided-tick label:has-text("{german("tick.have")}") input >> nth=0')
        page.wait_for_selector(".guided-verdict.now")
        assert page.inner_text(".guided-grade") == german("grade.now.name")
        assert page.locator(".guided-sheet h3, .guided-sheet h4").all_inner_texts()[:2] == [
            german("standing.where"),
            german("standing.against"),
        ]
        assert german("document.in_english") in page.inner_text(".guided-sheet")
        assert page.get_attribute(".guided-quote span", "lang") == "en"
        text = saved(tab, says("de", "guided_save_markdown"), tmp_path).read_text("utf-8")
        assert text.startswith(f"# {german('stand.title')}\n")
        file = saved(tab, says("de", "guided_save_json"), tmp_path)
        assert json.loads(file.read_text("utf-8"))["document"]["language"] == "de"
        was_good(tab, address)

    with opened(browser, address, locale="fr-FR") as tab:
        tab.page.click("#welcome .guided-entry >> nth=2")
        tab.page.set_input_files("#guided input[type=file]", str(file))
        tab.page.wait_for_selector(".guided-sheet")
        assert tab.page.inner_text(".guided-grade") == french("grade.now.name")
        assert "Ich pflege einen Data Loader" in tab.page.inner_text(".guided-sheet")
        was_good(tab, address)


def test_another_language_in_the_middle_keeps_what_was_written(tab: Tab) -> None:
    def choose(code: str) -> None:
        tab.page.focus(".bar-buttons .languages")
        tab.page.select_option(".bar-buttons .languages", code)

    spanish, german = words("es"), words("de")
    begin(tab, "Prepare for advising")
    tab.page.fill("#guided textarea", "Six years in a ministry.")
    choose("es")
    tab.page.wait_for_selector(f'h2:text-is("{spanish("advising.background.title")}")')
    assert tab.page.input_value("#guided textarea") == "Six years in a ministry."

    press(tab, says("es", "guided_see_now"))
    tab.page.wait_for_selector(f'h3:text-is("{spanish("briefing.questions")}")')
    tab.page.click(".guided-sheet .cite >> nth=0")
    tab.page.click('button[data-edits="draw"]')
    tab.page.fill("#guided textarea", "It won't let go of me.")
    choose("de")
    tab.page.wait_for_selector(f'#pane-close:text-is("{says("de", "close")}")')
    assert tab.page.input_value("#guided textarea") == "It won't let go of me."
    tab.page.click("#guided .guided-own .primary")
    tab.page.wait_for_selector(f'h3:text-is("{german("briefing.questions")}")')
    assert tab.page.locator(".guided-mine").all_inner_texts() == ["Six years in a ministry.", "It won't let go of me."]
    assert tab.page.is_visible("#pane .asked-for")

    choose("es")
    tab.page.wait_for_selector(f'h3:text-is("{spanish("briefing.questions")}")')
    assert tab.focused("class") == "languages"
    tab.page.focus("#pane")
    tab.page.keyboard.press("Escape")
    assert tab.focused("class") == "cite", "what opened the pane was drawn anew, and has the focus back"


def test_a_model_sums_up_what_was_written_where_it_is_asked_to_and_an_edit_takes_that_away(
    browser: Any, tmp_path: Path
) -> None:
    with language_model_server() as model:
        model.say = lambda request: ["You maintain a data loader. You doubt your chances. ", "You are a genius."]
        answerer = ScriptedAnswerer(model_name="double")
        shelf = Bookshelf(open_model("double", base_url=model.address, api_key="k"))
        with served(answerer, rate=guard.Rate(burst=100), sources=shelf) as url, opened(browser, url) as tab:
            stand(tab)
            assert "double can sum up what you wrote. Your answers are sent to it" in tab.page.inner_text(
                ".guided-summing"
            )
            assert model.asked == []

            press(tab, "Sum it up")
            tab.page.wait_for_selector(".guided-summed")
            told = tab.page.locator(".guided-summed").all_inner_texts()
            assert told == ["You maintain a data loader.", "You doubt your chances."]
            assert tab.focused("class") == "guided-summed"
            assert tab.page.locator("#guided-sum").count() == 0
            assert "In short" in saved(tab, "Save as Markdown", tmp_path).read_text("utf-8")

            tab.page.check("#guided input[name=tick-library][value=have]")
            tab.page.wait_for_selector(".guided-verdict.now")
            assert tab.page.locator(".guided-summed").count() == 0, "it was of other answers"

            model.say = lambda request: ["You are a genius."]
            press(tab, "Sum it up")
            tab.page.wait_for_selector(".guided-trouble:visible")
            assert "Too little" in tab.page.inner_text(".guided-trouble")
            assert tab.focused("id") == "guided-sum"

            model.silent = True
            press(tab, "Sum it up")
            press(tab, "Stop")
            tab.page.wait_for_selector('#guided-sum:text-is("Sum it up")')
            assert model.gone.wait(10), "the request is taken back"

            model.gone.clear()
            press(tab, "Sum it up")
            tab.page.click('button[data-edits="done"]')
            assert tab.page.inner_text("#guided-sum") == "Sum it up"
            assert model.gone.wait(10), "it would be of other words"
            tab.page.fill("#guided .guided-own textarea", "I maintain two data loaders.")
            tab.page.wait_for_timeout(700)
            assert tab.page.input_value("#guided .guided-own textarea") == "I maintain two data loaders."
            was_good(tab, url)


def test_where_there_are_no_guided_conversations_the_page_has_no_trace_of_them(browser: Any) -> None:
    with served(ScriptedAnswerer(), rate=guard.Rate(burst=100)) as url, opened(browser, url) as tab:
        assert tab.page.locator(".guided-entry, #guided, #guides").count() == 0
        was_good(tab, url)

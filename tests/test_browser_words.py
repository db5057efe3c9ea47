"""A visit in another language: what the page says is in it, what it quotes is marked as English, and nothing is cut."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from career_advisor import answering
from career_advisor.advisor import QUOTED_INSTEAD, Advisor
from career_advisor.feedback import Box
from career_advisor.guided.wording import words
from career_advisor.languages import foreign_language
from career_advisor.llm import open_model
from career_advisor.records import Dropped, Offer, Reply, Sentence
from career_advisor.web import guard
from career_advisor.web.sayings import FAULTS
from career_advisor.web.wording import LANGUAGES, says, tables
from tests.chromium import violations
from tests.doubles import ADVISING, QUOTES, Bookshelf, ScriptedAnswerer, answered, not_covered, streamed, urgent
from tests.llm_server import LanguageModelServer, language_model_server
from tests.shipped import written_by
from tests.test_browser import Tab, browser, full, opened, watched
from tests.test_browser_keeping import taken
from tests.test_sayings import HELPLINES, OTHERS
from tests.test_web import served

pytestmark = pytest.mark.browser

__all__ = ["browser"]  # a fixture

NARROW = {"width": 360, "height": 740}
LEFT_IN_ENGLISH = """(english) => {
  const own = new Set(english);
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (texts.nextNode()) {
    const text = texts.currentNode.data.trim(), holder = texts.currentNode.parentElement;
    if (own.has(text) && !holder.closest("[lang=en], script, template, #steps")) found.push(text);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    answerer = ScriptedAnswerer()
    answerer.script = lambda question: streamed(full(question))
    box = Box(tmp_path_factory.mktemp("feedback"))
    with served(answerer, sources=Bookshelf(), box=box, rate=guard.Rate(burst=1_000)) as url:
        yield url


def left_in_english(tab: Tab, code: str) -> list[str]:
    """Return the texts on the page that are the English ones, where the language has others."""
    english, other = ({**tables()[each], **words(each).table} for each in ("en", code))
    flat = {entry for key, entry in english.items() if isinstance(entry, str) and entry and other[key] != entry}
    return list(tab.page.evaluate(LEFT_IN_ENGLISH, sorted(flat)))


@pytest.mark.parametrize(("code", "locale"), [("es", "es-MX"), ("fr", "fr-CA"), ("de", "de-DE"), ("zh", "zh-CN")])
def test_a_whole_visit_in_another_language(browser: Any, address: str, code: str, locale: str) -> None:
    def own(key: str, **values: object) -> str:
        return says(code, key).format(**values)

    with opened(browser, address, locale=locale, bypass_csp=True) as tab:
        page = tab.page
        assert page.locator("html").get_attribute("lang") == code
        welcome = page.locator("#welcome").inner_text()
        assert own("welcome") in welcome
        assert own("only_english") in welcome
        assert page.get_attribute("#question textarea", "placeholder") == own("ask_a_question")
        assert page.locator("#send").inner_text() == own("send")
        assert left_in_english(tab, code) == []

        turn = tab.ask("Should I do a PhD?")
        assert own("badge_answered") in turn.inner_text()
        assert own("quoted") in turn.inner_text()
        assert page.locator("#status").text_content() == own("complete", n=3)
        assert turn.locator(".words").get_attribute("lang") == "en", "it is read out as English"
        assert left_in_english(tab, code) == []
        turn.locator("button.cite").first.click()
        assert page.locator(".passage.asked-for mark").inner_text() == QUOTES[0]
        assert own("summary") in page.locator(".passage.asked-for").inner_text()
        month = {"es": "mayo de 2025", "fr": "mai 2025", "de": "Mai 2025", "zh": "2025年5月"}[code]
        assert month in page.locator(".passage.asked-for").inner_text()
        for opener in ("#people-button", "#about-button", "#talks-button", "#guides-button"):
            page.click(opener)
            assert left_in_english(tab, code) == [], opener
        page.keyboard.press("Escape")

        turn.locator(".thumb.no").click()
        page.check(".reason input[value=unkind]")
        assert left_in_english(tab, code) == []
        page.click(".send-complaint")
        page.wait_for_selector(".thanks")
        assert page.locator(".thanks").inner_text().startswith(own("vote_coded", code="")[:8])
        tab.clear()
        assert left_in_english(tab, code) == []
        page.click("#welcome .guided-entry >> nth=0")
        assert own("guided_in_english") in page.locator("#guided").inner_text()
        assert words(code)("stand.promise") in page.locator("#guided").inner_text()
        page.click(f'#guided button:text-is("{own("guided_begin")}")')
        assert left_in_english(tab, code) == []


def test_another_language_is_chosen_in_the_middle_and_kept(browser: Any, address: str) -> None:
    with watched(browser, address) as tab:
        tab.ask("Should I do a PhD?")
        tab.page.fill("#question textarea", "A draft")
        tab.page.select_option(".bar-buttons .languages", "es")
        tab.page.wait_for_selector(f'.badge:text-is("{says("es", "badge_answered")}")')

        assert QUOTES[1] in tab.turn.inner_text(), "the answer stays"
        assert tab.page.input_value("#question textarea") == "A draft"
        assert tab.page.locator("#send").inner_text() == says("es", "send")
        assert left_in_english(tab, "es") == []
        assert tab.ask("And now?").locator(".badge").inner_text() == says("es", "badge_answered")
        tab.page.reload()
        tab.page.wait_for_selector("body.ready")
        assert tab.page.locator("#welcome h2").first.inner_text() == says("es", "welcome")
        assert tab.page.evaluate("Object.entries(localStorage)") == [["advisor-language", "es"]]


def test_what_stands_in_the_pane_stays_open_in_the_language_that_is_chosen(browser: Any, address: str) -> None:
    with watched(browser, address) as tab:
        page = tab.page
        tab.ask("Should I do a PhD?").locator("button.cite:text-is('2')").first.click()
        page.focus(".bar-buttons .languages")
        page.select_option(".bar-buttons .languages", "fr")
        page.wait_for_selector(f'#pane-title:text-is("{says("fr", "sources_cited").format(n=3)}")')

        assert page.locator(".passage.asked-for mark").inner_text() == QUOTES[2]
        assert says("fr", "summary") in page.locator(".passage.asked-for").inner_text()
        assert tab.focused("class") == "languages", "whoever chose may choose once more"
        assert page.locator(".turn .cite[aria-expanded=true]").all_inner_texts() == ["2"]
        assert left_in_english(tab, "fr") == []
        page.focus("#pane")
        page.keyboard.press("Escape")
        assert tab.focused("aria-expanded") == "false"
        assert (tab.focused("class"), page.evaluate("document.activeElement.textContent")) == ("cite", "2")
        for opener in ("#people-button", "#talks-button", "#guides-button"):
            page.click(opener)
            page.select_option(".bar-buttons .languages", "es")
            page.wait_for_selector(f'#send:text-is("{says("es", "send")}")')
            assert left_in_english(tab, "es") == [], opener
            assert page.is_visible("#pane")
            page.select_option(".bar-buttons .languages", "fr")
            page.wait_for_selector(f'#send:text-is("{says("fr", "send")}")')


def translated(question: str) -> Reply:
    """Reply as the advisor does where a model translates: a sentence of its own in German beside a quote."""
    whole = answered(question, model="qwen3")
    (_, quote, *_) = whole.sentences
    theirs = Sentence("Für diese Arbeit ist ein PhD nicht nötig.", (2,), 1.0, "model", 0)
    return replace(
        whole, sentences=(theirs, replace(quote, paragraph=1)), answer=f"{theirs.text} [2]\n\n{quote.text} [1]"
    )


def test_where_answers_are_translated_that_is_said_and_each_sentence_is_read_out_in_its_language(browser: Any) -> None:
    answerer = ScriptedAnswerer(model_name="qwen3")
    answerer.translates = True
    answerer.script = lambda question: streamed(translated(question))
    with served(answerer) as url, watched(browser, url, locale="de") as tab:
        assert tab.page.locator("#only-english").inner_text() == says("de", "translated")
        turn = tab.ask("Brauche ich einen PhD?")
        spoken = tab.page.locator("#spoken p")
        assert [each.get_attribute("lang") for each in turn.locator(".sentence").all()] == ["de", "en"]
        assert [each.get_attribute("lang") for each in spoken.all()] == ["de", "en"]
        tab.page.select_option(".bar-buttons .languages", "en")
        tab.page.wait_for_selector(f'.badge:text-is("{says("en", "badge_answered")}")')
        assert [each.get_attribute("lang") for each in turn.locator(".sentence").all()] == ["de", "en"]


def ours(reply: Reply, *texts: str, offers: tuple[Offer, ...] = ()) -> Reply:
    """Return the reply with these sentences of our own alone."""
    fixed = tuple(Sentence(text, (), 0.0, "fixed", min(at, 1)) for at, text in enumerate(texts))
    return replace(reply, sentences=fixed, answer="\n\n".join(texts), offers=offers)


def in_danger(question: str) -> Reply:
    (line, *_) = HELPLINES
    service = replace(ADVISING, name="988 Suicide & Crisis Lifeline", kind="helpline", caveat=line)
    return ours(urgent(question), answering.URGENT, *answering.to_call(HELPLINES), offers=(Offer(service, line),))


@pytest.mark.parametrize("code", OTHERS)
def test_whoever_is_in_danger_reads_whom_to_call_in_their_language(browser: Any, code: str) -> None:
    answerer = ScriptedAnswerer()
    answerer.script = lambda question: streamed(in_danger(question))
    with served(answerer) as url, watched(browser, url, locale=code) as tab:
        tab.page.evaluate(WORDS_SEEN)
        turn = tab.ask("I want to hurt myself")
        lines = ("says_urgent", "says_helpline_us", "says_helpline_uk", "says_helpline_elsewhere")
        told = [says(code, key) for key in lines]

        assert [each.inner_text().strip() for each in turn.locator(".sentence").all()] == told
        assert {each.get_attribute("lang") for each in turn.locator(".sentence").all()} == {code}
        assert [each.inner_text() for each in tab.page.locator("#spoken p").all()] == told, "each is read out once"
        assert turn.locator(".why").inner_text() == told[1], "on the card, too"
        assert turn.locator(".why [lang]").get_attribute("lang") == code
        assert answering.URGENT not in turn.inner_text()
        assert not any(answering.URGENT in each for each in tab.page.evaluate("window.seen")), "not for a moment"
        tab.page.select_option(".bar-buttons .languages", "en")
        tab.page.wait_for_selector(f'.badge:text-is("{says("en", "badge_urgent")}")')
        assert [each.inner_text().strip() for each in turn.locator(".sentence").all()] == [
            answering.URGENT,
            *answering.to_call(HELPLINES),
        ]


WORDS_SEEN = """() => { window.seen = []; new MutationObserver(() => { const words = document.querySelector(".words");
  if (words) window.seen.push(words.textContent); })
  .observe(document.querySelector("#turns"), {subtree: true, childList: true, characterData: true}); }"""


def test_what_is_not_known_is_said_in_the_language_that_is_read_also_after_a_reload_and_in_the_file(
    browser: Any, tmp_path: Path
) -> None:
    answerer = ScriptedAnswerer()
    gap = "My sources don't say what is paid at Anthropic or DeepMind, so I won't guess."
    answerer.script = lambda question: streamed(ours(not_covered(question), f"{gap}{answering.ASK_THEM}"))
    german = "Meine Quellen sagen nicht, was bei Anthropic oder DeepMind gezahlt wird; deshalb rate ich nicht. " + says(
        "de", "says_ask_them"
    )
    with served(answerer) as url, watched(browser, url, locale="de") as tab:
        tab.page.click("#talks-button")
        tab.page.check("#keep-switch")
        tab.page.keyboard.press("Escape")
        assert tab.ask("What is the pay?").locator(".words").inner_text() == german
        tab.page.reload()
        tab.page.wait_for_selector("body.ready")
        assert tab.turn.locator(".words").inner_text() == german
        tab.page.click("#talks-button")
        for way, name in (("as_markdown", "a.md"), ("as_json", "a.json")):
            with tab.page.expect_download() as coming:
                tab.page.locator("#talks").get_by_role("button", name=says("de", way), exact=True).click()
            coming.value.save_as(tmp_path / name)
        assert german in (tmp_path / "a.md").read_text("utf-8")
        tab.page.set_input_files("#import-file", tmp_path / "a.json")
        tab.page.wait_for_selector(f'.badge:text-is("{says("de", "badge_imported")}")')
        assert tab.turn.locator(".words").inner_text() == german


def test_what_is_quoted_and_a_sentence_in_the_persons_own_language_stay_as_they_are(browser: Any) -> None:
    answerer = ScriptedAnswerer()
    asked = "¿Cómo puedo trabajar en esto sin un doctorado?"
    language = foreign_language(asked)
    assert language
    told = f"{language.says} {answering.ENGLISH_ONLY}"
    answerer.script = lambda question: streamed(
        ours(not_covered(question), told) if question == asked else answered(question)
    )
    with served(answerer) as url, watched(browser, url, locale="de") as tab:
        assert tab.ask(asked).locator(".words").inner_text() == told
        quoted = tab.ask("Should I do a PhD?").locator(".sentence").all()
        assert QUOTES[0] in quoted[1].inner_text()
        assert quoted[1].get_attribute("lang") == "en"


def test_a_question_in_arabic_runs_from_the_right_and_one_in_english_from_the_left(browser: Any) -> None:
    answerer = ScriptedAnswerer()
    answerer.script = lambda question: streamed(answered(question))
    room_left = """line => {
      const words = document.createRange();
      words.selectNodeContents(line);
      return words.getBoundingClientRect().left - line.getBoundingClientRect().left;
    }"""
    with served(answerer) as url, watched(browser, url) as tab:
        assert tab.ask("من أين أبدأ؟").locator(".asked").evaluate(room_left) > 100
        assert tab.ask("Where do I begin?").locator(".asked").evaluate(room_left) < 1


def test_a_language_that_cannot_be_had_is_said_and_the_page_stays(browser: Any, address: str) -> None:
    with opened(browser, address) as tab:
        tab.page.route("**/words-fr.json", lambda route: route.abort())
        tab.page.select_option(".bar-buttons .languages", "fr")
        tab.page.wait_for_selector("#hint", state="visible")

        assert tab.page.input_value(".bar-buttons .languages") == "en"
        assert tab.page.locator("#send").inner_text() == "Send"


def test_that_the_advisor_is_away_is_said_in_the_language_that_is_read_until_it_is_back(
    browser: Any, address: str
) -> None:
    with opened(browser, address) as tab:
        hint = tab.page.locator("#hint")
        tab.page.select_option(".bar-buttons .languages", "de")
        tab.page.wait_for_selector(f'#send:text-is("{says("de", "send")}")')
        tab.page.context.set_offline(True)
        tab.page.wait_for_selector("#hint", state="visible")
        assert hint.inner_text() == says("de", "offline")
        tab.page.select_option(".bar-buttons .languages", "en")  # with which the page came
        tab.page.wait_for_selector(f'#hint:text-is("{says("en", "offline")}")')
        tab.page.context.set_offline(False)
        tab.page.wait_for_selector("#hint", state="hidden")


@pytest.mark.parametrize("code", LANGUAGES)
def test_in_no_language_is_anything_wider_than_a_narrow_phone(browser: Any, address: str, code: str) -> None:
    with opened(browser, address, locale=code, viewport=NARROW, has_touch=True, bypass_csp=True) as tab:
        page = tab.page

        def fits(state: str) -> None:
            assert tab.width <= NARROW["width"], state
            bodies = page.locator("#pane-body").evaluate("body => body.scrollWidth - body.clientWidth")
            assert bodies <= 0, state
            clipped = page.evaluate(CUT)
            assert clipped == [], state

        fits("welcome")
        tab.ask("Should I do a PhD?")
        tab.turn.locator(".thumb.no").click()
        fits("answer")
        assert [(rule["id"], rule["nodes"][0]["html"][:120]) for rule in violations(page)] == []
        tab.turn.locator(".edit").click()
        for opener in ("#people-button", "#about-button", "#talks-button", "#guides-button", ".cite"):
            page.locator(opener).first.evaluate("each => each.click()")
            fits(opener)
        page.keyboard.press("Escape")
        tab.clear()
        page.click("#welcome .guided-entry >> nth=1")
        fits("guided")
        page.locator("#guided .primary").click()
        fits("guided question")
        page.fill("#guided textarea", "word " * 12)
        for number in range(1, 6):
            page.locator("#guided .primary").click()
            fits(f"guided question {number}")
            if number == 1:
                page.fill("#guided .guided-row input >> nth=0", "Verkehrsinfrastrukturfinanzierung " * 4)
            if page.locator("#guided .guided-steps").count():
                for box in page.locator("#guided .guided-steps input[type=checkbox]").all()[:5]:
                    box.check()
                fits("guided steps")
        page.locator("#guided .primary").click()
        fits("guided last question")
        page.locator("#guided .primary").click()
        page.wait_for_selector(".guided-sheet")
        fits("guided document")


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_bar_is_one_line_in_every_window_between_a_phone_and_a_desk(browser: Any, address: str, code: str) -> None:
    with opened(browser, address, locale=code) as tab:
        for width in range(380, 1_000, 20):
            tab.page.set_viewport_size({"width": width, "height": 700})
            bar = tab.page.locator("#page .bar").bounding_box()
            assert bar["height"] <= 70, width
            assert tab.width <= width, width
            assert tab.page.evaluate(CUT) == [], width
            assert tab.page.locator("select.languages:visible").count() == 1, width


CUT = """() => [...document.querySelectorAll("#page button, #composer button, #page select, #page a")]
  .filter((each) => each.offsetParent && !each.closest(".unseen, .skip"))
  .filter((each) => { const box = each.getBoundingClientRect();
    const isCut = each.tagName !== "A" && each.scrollWidth > each.clientWidth + 2;
    return isCut || box.right > innerWidth + 1 || box.left < -1; })
  .map((each) => each.id || each.className + ": " + each.textContent.slice(0, 40))"""


def test_the_files_of_every_language_are_in_the_package() -> None:
    folder = Path(__file__).parent.parent / "src" / "career_advisor" / "web" / "words"

    assert sorted(path.stem for path in folder.glob("*.toml")) == sorted(LANGUAGES)


# ---------------------------------------------------------------- what a language model has to do with it

QUESTION = "Do I need a PhD to work on AI safety?"
GERMAN = "Brauche ich einen PhD, um an AI safety zu arbeiten?"
HELD = "You do not strictly need a PhD to work on AI safety, Rob Miles says. [1]"
WRITTEN = (HELD, "Rob Miles earned 400,000 dollars. [1]", "The moon is made of cheese. [2]")


@pytest.fixture(scope="module")
def model_server() -> Iterator[LanguageModelServer]:
    with language_model_server() as double:
        yield double


@pytest.fixture(scope="module")
def written_address(shipped_advisor: Advisor, model_server: LanguageModelServer) -> Iterator[str]:
    model = open_model("double", base_url=model_server.address, api_key="none")
    advisor: Any = written_by(model, shipped_advisor, translates=True)
    with served(advisor, rate=guard.Rate(burst=1_000)) as url:
        yield url


@pytest.fixture
def writer(model_server: LanguageModelServer) -> LanguageModelServer:
    """Return what writes the answers: too little of what it says holds."""
    model_server.status, model_server.retry_after = 200, None
    model_server.say = lambda request: [f"{each} " for each in WRITTEN]
    return model_server


def reasons(tab: Tab) -> list[str]:
    """Open what was left out, and return why, with the language that it is said to be in."""
    tab.turn.locator(".dropped summary").click()
    return [
        f"{each.get_attribute('lang')}: {each.inner_text()}" for each in tab.turn.locator(".dropped li > span").all()
    ]


def test_a_notice_and_what_was_left_out_are_said_in_the_language_of_the_page(
    browser: Any, written_address: str, writer: LanguageModelServer, tmp_path: Path
) -> None:
    notice = says("de", "says_too_little_of").format(left=2, whole=3)
    number = says("de", "fault_number").format(word="400,000")
    others = says("de", "fault_share").format(share=0), says("de", "fault_too_little")
    in_german = [f"de: {each}" for each in (number, *others)]

    with opened(browser, written_address, locale="de-DE", bypass_csp=True) as tab:
        shown = tab.ask(QUESTION).locator(".notice")
        assert (shown.inner_text(), shown.get_attribute("lang")) == (notice, "de")
        assert reasons(tab) == in_german
        assert "earned 400,000" in tab.turn.locator(".dropped q[lang=en]").first.inner_text(), "its words stay"
        assert left_in_english(tab, "de") == []
        along = taken(tab, "Markdown", tmp_path).read_text("utf-8")
        assert notice in along
        assert f"({number})" in along

        file = taken(tab, "JSON", tmp_path)
        tab.page.set_input_files("#import-file", file)
        tab.page.get_by_text(says("de", "go_on"), exact=True).click()
        tab.page.wait_for_selector(f'.badge:text-is("{says("de", "badge_imported")}")')
        tab.page.keyboard.press("Escape")
        assert tab.turn.locator(".notice").inner_text() == notice
        assert reasons(tab) == in_german

        tab.page.select_option(".bar-buttons .languages", "en")
        tab.page.wait_for_selector('.notice:has-text("Too little of what the language model wrote")')
        assert reasons(tab)[0] == "en: a number that its passages don't have: 400,000"


def test_why_a_model_is_not_there_and_how_a_question_was_read_are_said_in_the_language_of_the_page(
    browser: Any, written_address: str, writer: LanguageModelServer
) -> None:
    instead = says("de", "says_quoted_instead")
    with opened(browser, written_address, locale="de-DE", bypass_csp=True) as tab:
        writer.status = 404
        unknown = says("de", "says_model_unknown").format(model="openai:double")
        assert tab.ask(QUESTION).locator(".notice").inner_text() == f"{unknown} {instead}"

        writer.status = 429
        writer.retry_after = "600"
        later = says("de", "says_model_often_in").format(model="openai:double", span="10 Minuten")
        assert tab.ask("How do I learn deep learning?").locator(".notice").inner_text() == f"{later} {instead}"

        writer.status, writer.say = 200, lambda request: [QUESTION if "another language" in str(request) else HELD]
        read = says("de", "says_read_as").format(english=QUESTION)
        assert tab.ask(GERMAN).locator(".notice").inner_text() == f"{read} {says('de', 'says_answer_english')}"
        assert left_in_english(tab, "de") == []


@pytest.mark.parametrize("code", OTHERS)
def test_a_narrow_page_has_room_for_every_notice_and_every_reason(browser: Any, code: str) -> None:
    answerer = ScriptedAnswerer()
    values = {"word": "programme", "other": "Northstar", "share": 45, "held": 1, "whole": 4, "rate": "month"}
    reasons_there = [text for key, text in tables()["en"].items() if key.startswith(FAULTS) and isinstance(text, str)]
    lost = tuple(Dropped("You will earn a million.", text.format(**values)) for text in reasons_there)
    notice = f"The language model openai:a-language-model-with-a-long-name cannot be reached. {QUOTED_INSTEAD}"
    answerer.script = lambda question: streamed(replace(answered(question), notice=notice, dropped=lost))
    with served(answerer) as url, opened(browser, url, locale=code, viewport=NARROW, bypass_csp=True) as tab:
        tab.ask("Should I do a PhD?")
        told = reasons(tab)
        assert len(told) == len(lost) > 50
        assert {each[:3] for each in told} == {f"{code}:"}
        assert tab.width == NARROW["width"]
        assert left_in_english(tab, code) == []

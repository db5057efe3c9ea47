"""The words of the page: every language says everything, with the same things filled in, and no words stand outside."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import get_args

import httpx
import pytest

from career_advisor import conversation, feedback, web
from career_advisor.guided.wording import asked
from career_advisor.records import Status
from career_advisor.web import guiding, sayings
from career_advisor.web.showing import shown_stage
from career_advisor.web.wording import GRADIO_DRAWS, LANGUAGES, preferred, says, tables
from tests.doubles import Bookshelf, ScriptedAnswerer
from tests.test_web import served

WEB = Path(web.__file__).parent
SOURCE = WEB.parent
OTHERS = [code for code in LANGUAGES if code != "en"]
SAID = (sayings.SENTENCES, sayings.GAPS, sayings.FAULTS, sayings.SPANS, sayings.RATES)
PLACE = re.compile(r"\{(\w+)\}")
FORMS = {
    "en": {"one", "other"},
    "es": {"one", "other"},
    "fr": {"one", "other"},
    "de": {"one", "other"},
    "zh": {"other"},
}
"""Kinds of number (CLDR); Spanish and French have one more, for millions, which nothing here counts."""


def forms(entry: str | Mapping[str, str]) -> dict[str, str]:
    return {"": entry} if isinstance(entry, str) else dict(entry)


def keys_asked_for() -> Iterator[str]:
    """Yield the keys that the page's own files name outright."""
    for path in [*WEB.glob("*.js"), *WEB.glob("*.html")]:
        text = path.read_text("utf-8")
        yield from re.findall(r'\bwords(?:Around)?\("([\w-]+)"', text)
        yield from re.findall(r'data-words(?:-label|-title)?"?(?:=|: )"([\w-]+)"', text)
        for pair in re.findall(r'\bwords\([^"(),]*\? "([\w-]+)" : "([\w-]+)"', text):
            yield from pair


def keys_made() -> Iterator[str]:
    """Yield the keys that are put together, or that the server sends."""
    yield from GRADIO_DRAWS
    yield from ("own_name", "no_script", "vote_gone", "vote_thanks", "vote_coded", guiding.BUSY, guiding.TROUBLE)
    yield from ("quoted", "quoted_used", "written", "written_used", "stage_starting", "stage_answering")
    yield from ("trouble_model", "trouble_own", "trouble_long", "trouble_lost", "trouble_refused", "trouble_stopped")
    yield from ("trouble_stopped_at_once", "trouble_cut_short", "vote_lost", "summary", "source_text")
    yield from (f"guided_in_{days}" for days in (7, 14, 30, 90))
    yield from (f"reason_{key}" for key in feedback.REASONS)
    yield from (f"vote_{why}" for why in get_args(feedback.Because))
    yield from (f"situation_{each.key}" for each in conversation.known_situations())
    yield from (f"kind_{each.kind.replace(' ', '-')}" for each in Bookshelf().services)
    yield from (f"price_{price}" for price in ("free", "paid", "pays", "unsaid"))
    for status in {*get_args(Status)} - {"small_talk"} | {"imported"}:
        yield from (f"badge_{status}", f"badge_{status}_means")
    yield "badge_imported_called"
    yield from (key for key in tables()["en"] if key.startswith(SAID))


@pytest.mark.parametrize("code", OTHERS)
def test_every_language_says_everything_with_the_same_things_filled_in(code: str) -> None:
    english, other = tables()["en"], tables()[code]

    assert other.keys() == english.keys()
    for key, entry in other.items():
        wanted = set(PLACE.findall(forms(english[key]).get("other", forms(english[key]).get("", ""))))
        if isinstance(english[key], str):
            assert isinstance(entry, str), key
        else:
            assert forms(entry).keys() == FORMS[code], key
        for form, text in forms(entry).items():
            # What one thing is need not be counted: "the question below this one".
            assert set(PLACE.findall(text)) | ({"n"} if form == "one" else set()) == wanted, key
            assert bool(text.strip()) == bool(forms(english[key]).get("", "x").strip()), key
            assert text == text.strip() or key in {"new_tab", "source_of", "sources_of"}, key


@pytest.mark.parametrize("code", OTHERS)
def test_hardly_anything_is_left_in_english(code: str) -> None:
    english, other = tables()["en"], tables()[code]
    same = {key for key, entry in other.items() if entry == english[key] and entry}

    names = {"as_markdown", "as_json", "about", "conversations", "source", "sources", "sources_cited", "services"}
    assert same <= names | {
        "question_number",
        "guided_position",
        "questions",
        "score",
        "on_page",
        "tokens",
        "no",
        "found",
        "in_quotes",
        "kind_guide",
        "kind_mentoring",
        "kind_programme",
        "says_gap",
        "span_minutes",
        "rate_minute",
    }


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_key_stands_twice_in_a_file(code: str) -> None:
    sections = tomllib.loads((resources.files("career_advisor.web") / "words" / f"{code}.toml").read_text("utf-8"))
    keys = [key for section in sections.values() for key in section]

    assert len(keys) == len(set(keys))


def test_whatever_the_page_says_has_words_and_no_words_are_idle() -> None:
    asked = {*keys_asked_for(), *keys_made()}
    stages = {key for key in tables()["en"] if key.startswith("stage_")}

    assert asked - tables()["en"].keys() == set()
    assert tables()["en"].keys() - asked - stages == set()


def test_scripts_and_markup_say_nothing_that_is_not_in_the_table() -> None:
    for path in WEB.glob("*.html"):
        text = re.sub(r"<(svg|kbd).*?</\1>|<[^>]*>|\{\w+\}", "", path.read_text("utf-8"), flags=re.DOTALL)
        assert text.split() in (["Career", "Advisor"], []), path.name
    sentence = re.compile(r'"([A-Z][a-z]+(?: [a-zA-Z’\']+)+[^"]*)"')
    for path in WEB.glob("*.js"):
        code = re.sub(r"^\s*(//|/?\*).*$", "", path.read_text("utf-8"), flags=re.MULTILINE)
        assert sentence.findall(code) == [], path.name


def test_whatever_the_advisor_says_that_it_is_doing_has_words() -> None:
    said = [
        text for path in SOURCE.rglob("*.py") for text in re.findall(r'Stage\(f?"([^"]+)"\)', path.read_text("utf-8"))
    ]

    assert len(said) >= 4
    for text in (re.sub(r"\{[^}]*\}", "7", each) for each in said):
        assert shown_stage(text)["says"] in tables()["en"], text


@pytest.mark.slow
def test_the_page_begins_in_the_browsers_language() -> None:
    with served(ScriptedAnswerer(), sources=Bookshelf()) as url:
        for accepted, code in (("de-AT,de;q=0.9,en;q=0.5", "de"), ("zh-CN", "zh"), ("pt,fr;q=0.4", "fr"), ("xx", "en")):
            page = httpx.get(url, headers={"accept-language": accepted}, trust_env=False).text
            assert f'lang="{code}"' in page
            assert says(code, "loading") in page
            assert says(code, "no_script").split("{")[0] in page


@pytest.mark.parametrize("accepted", ["", ",", "de" * 10_000, "de;q=9e999", "\x00", "*", "de;q=", "en;q=0, de;q=0.0"])
def test_a_header_that_makes_no_sense_means_english_or_what_it_can(accepted: str) -> None:
    assert preferred(accepted) in {"en", "de"}


def test_the_words_of_another_language_are_there_for_the_asking_and_nothing_beside_them() -> None:
    with served(ScriptedAnswerer()) as url:
        page = httpx.get(url, trust_env=False).text
        version = re.search(r"page/([0-9a-f]{16})/page\.css", page)
        assert version
        at = f"{url}/page/{version[1]}"
        assert httpx.get(f"{at}/words-zh.json", trust_env=False).json() == {**tables()["zh"], **asked("zh")}
        for name in ("words-xx.json", "words-zh.toml", "words/zh.toml", "words-../en.json"):
            assert httpx.get(f"{at}/{name}", trust_env=False).status_code in {403, 404}


def test_what_is_kept_of_questions_reaches_the_page_only_where_something_is() -> None:
    with served(ScriptedAnswerer()) as url:
        assert '"kept": 0' in httpx.get(url, trust_env=False).text
    with served(ScriptedAnswerer(), kept=30) as url:
        assert '"kept": 30' in httpx.get(url, trust_env=False).text

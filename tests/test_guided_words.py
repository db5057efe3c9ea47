"""The words of the guided conversations: every language says everything, and a file made in one is read in another."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from career_advisor import guided
from career_advisor.guided.answers import Unreadable, answers_json
from career_advisor.guided.composing import compose
from career_advisor.guided.exporting import json_text, markdown, part_json, read_json
from career_advisor.guided.planning import work_of
from career_advisor.guided.questions import KEYS, TICKS, GuideKey, guides
from career_advisor.guided.quoting import Library, stated
from career_advisor.guided.sheet import Bar, Own, Quote, Sheet
from career_advisor.guided.wording import LANGUAGES, asked, words
from career_advisor.web import wording
from tests.doubles import Bookshelf
from tests.test_guided import GIVEN, TODAY, items, read

FOLDER = Path(guided.__file__).parent
OTHERS = [code for code in LANGUAGES if code != "en"]
PLACE = re.compile(r"\{\w+\}")


@pytest.fixture(scope="module")
def library() -> Library:
    return Library(Bookshelf())


def keys_needed() -> Iterator[str]:
    """Yield every key that the questions, the catalogue of quotes and the code say something by."""
    table = tomllib.loads((FOLDER / "guides.toml").read_text("utf-8"))
    for guide, fields in table.items():
        yield from (f"{guide}.{each}" for each in ("title", "lead", "promise"))
        for question in fields["question"]:
            at = f"{guide}.{question['key']}"
            yield from (f"{at}.title", f"{at}.why", *(f"{at}.options.{key}" for key in question.get("options", ())))
            if guide == "advising" and question.get("after") != "document":
                yield from (f"{at}.page", f"{at}.open")
    yield from (f"tick.{key}" for key in TICKS)
    yield from (f"{kind}.{key}" for kind in ("bar", "limit") for key in stated()[kind])
    yield from (f"grade.{key}.{what}" for key in stated()["grade"] for what in ("name", "said"))
    for mood, fields in stated()["against"].items():
        yield from (f"against.{mood}.{what}" for what in ("said", *(("then",) if "then" in fields else ())))
    yield from ("standing.not_enjoyed", "standing.great_elsewhere", "document.own_summary", "document.source")
    directions = guides()["stand"].question("directions")
    assert directions
    yield from (f"standing.for.{option.key}" for option in directions.options if option.key != "unsure")
    for path in FOLDER.glob("*.py"):
        yield from re.findall(r"(?:\bsay|words\([\w.]+\))\([\"']([a-z_.]+)[\"']", path.read_text("utf-8"))
    yield from ("date.day", "date.first", "date.months")


def test_whatever_is_asked_and_said_has_words_and_no_words_are_idle() -> None:
    assert set(keys_needed()) == words("en").table.keys()


def test_they_are_spoken_in_the_languages_of_the_page() -> None:
    assert LANGUAGES == wording.LANGUAGES
    assert sorted(path.stem for path in (FOLDER / "words").iterdir()) == sorted(LANGUAGES)
    assert not asked("en").keys() & wording.tables()["en"].keys()


@pytest.mark.parametrize("code", OTHERS)
def test_every_language_says_everything_with_the_same_things_filled_in(code: str) -> None:
    english, other = words("en").table, words(code).table

    assert other.keys() == english.keys()
    joined = {key for key in english if key.endswith(("_before", "_behind"))} | {
        "briefing.options",
        "briefing.constraints",
        "standing.comma",
        "document.work",
    }
    for key, text in other.items():
        assert sorted(PLACE.findall(text)) == sorted(PLACE.findall(english[key])), key
        assert not set("{}") & set(PLACE.sub("", text)), key
        assert text.strip(), key
        assert text == text.strip() or key in joined, key
    assert len(other["date.months"].split()) == 12


@pytest.mark.parametrize("code", OTHERS)
def test_hardly_anything_is_left_in_english(code: str) -> None:
    same = {key for key, text in words(code).table.items() if text == words("en").table[key]}

    marks = {"standing.comma", "document.labelled", "document.work", "document.view", "document.said", "date.day"}
    assert same <= marks | {"stand.elsewhere.options.no", "planning.option", "document.sources"}


@pytest.mark.parametrize("code", LANGUAGES)
def test_what_is_asked_twice_is_asked_in_the_same_words(code: str) -> None:
    texts = words(code).table
    first = {key.removeprefix("stand."): text for key, text in texts.items() if key.startswith("stand.limits.")}

    assert first == {key.removeprefix("plan."): text for key, text in texts.items() if key.startswith("plan.limits.")}
    assert texts["tick.have"] in texts["standing.choose"]
    assert texts["stand.directions.options.unsure"] in texts["stand.directions.why"]


@pytest.mark.parametrize(
    ("code", "first", "third"),
    [
        ("es", "1 de diciembre de 2026", "3 de diciembre de 2026"),
        ("fr", "1er décembre 2026", "3 décembre 2026"),
        ("de", "1. Dezember 2026", "3. Dezember 2026"),
        ("zh", "2026年12月1日", "2026年12月3日"),
    ],
)
def test_days_are_written_as_people_write_them(code: str, first: str, third: str) -> None:
    assert words(code).day(date(2026, 12, 1)) == first
    assert words(code).day(date(2026, 12, 3)) == third


# ---------------------------------------------------------------- the documents


def sheet_in(code: str, key: GuideKey, library: Library) -> Sheet:
    return compose(key, read(key, GIVEN[key]), TODAY, library, code)


def said(sheet: Sheet) -> set[str]:
    """Return every text of a document but quotes and services."""
    fields = [part_json(part) for part in sheet.parts]
    own = [item for part in fields for item in part["items"] if item["kind"] not in {"quote", "service"}]
    return {sheet.title, *(part["heading"] for part in fields)} | {
        each for item in own for each in item.values() if isinstance(each, str)
    }


@pytest.mark.parametrize("code", OTHERS)
@pytest.mark.parametrize("key", KEYS)
def test_a_document_is_in_the_persons_language_and_says_what_in_it_is_not(
    key: GuideKey, code: str, library: Library
) -> None:
    english = {text for at, text in words("en").table.items() if words(code).table[at] != text}
    there, here = sheet_in("en", key, library), sheet_in(code, key, library)

    assert said(here) & english == set()
    assert items(here, Quote) == items(there, Quote)
    assert markdown(here).startswith(f"# {guides(code)[key].title}\n\n{words(code).day(TODAY)}")
    assert words(code)("document.in_english") in markdown(here)
    assert words("en")("document.in_english") not in markdown(there)


@pytest.mark.parametrize(
    ("code", "wrote", "bars"),
    [
        ("de", "Zehn Jahre in der Stadtverwaltung. Ich habe Politikwissenschaft studiert.", {"background"}),
        ("fr", "J’ai fait du droit international. J’aime cuisiner.", {"background"}),
        ("es", "Soy abogada especializada en contratación pública.", {"background", "expertise"}),
        ("zh", "我在政府工作了十年。我喜欢做饭。", {"background"}),
        ("de", "I am fond of direct personal talk, and of rivers.", set()),
        ("en", "Zehn Jahre in der Verwaltung.", set()),
    ],
)
def test_what_a_person_wrote_in_their_language_stands_beside_the_bar_that_it_names(
    code: str, wrote: str, bars: set[str], library: Library
) -> None:
    given = {"values": {"directions": ["governance"], "done": wrote}}
    sheet = compose("stand", read("stand", given), TODAY, library, code)

    beside = {
        item.key
        for part in sheet.parts
        for item in part.items
        if isinstance(item, Bar) and any(isinstance(each, Own) and not each.edits for each in part.items)
    }
    assert beside == bars


@pytest.mark.parametrize(
    ("code", "option", "work"),
    [
        ("de", "Im Ministerium bleiben und an KI-Politik arbeiten", "governance"),
        ("fr", "Un doctorat en interprétabilité", "leading"),
        ("es", "Ser ingeniera de aprendizaje automático", "engineering"),
        ("zh", "在智库做政策研究", "governance"),
        ("zh", "继续现在的工作", "any"),
        ("en", "A PhD in machine learning", "engineering"),
    ],
)
def test_an_options_own_words_tell_which_kind_of_work_it_is(code: str, option: str, work: str) -> None:
    assert work_of(option, code) == work


@pytest.mark.parametrize("key", KEYS)
def test_a_file_made_in_one_language_is_read_in_another_and_back_again(key: GuideKey, library: Library) -> None:
    english, german = (json_text(sheet_in(code, key, library)) for code in ("en", "de"))
    assert german != english

    stored = read_json(german, TODAY, "zh")

    assert answers_json(stored.answers) == answers_json(read(key, GIVEN[key]))
    assert json_text(compose(key, stored.answers, stored.written, library)) == english


@pytest.mark.parametrize("code", LANGUAGES)
def test_why_a_file_is_not_read_is_said_in_the_language_that_is_read(code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read_json("[]", TODAY, code)

    assert str(refused.value) == words(code)("fault.not_ours")

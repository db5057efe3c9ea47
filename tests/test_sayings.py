"""Our own fixed sentences: each that the advisor can say is known again, and says the same in every language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from career_advisor import answering, explaining
from career_advisor.bounds import known_bounds
from career_advisor.conversation import known_situations
from career_advisor.records import Document, Message
from career_advisor.referral import load_registry
from career_advisor.settings import shipped_corpus
from career_advisor.web.sayings import GAPS, SENTENCES, said
from career_advisor.web.wording import LANGUAGES, says, tables
from tests.doubles import SUMMARY

OTHERS = [code for code in LANGUAGES if code != "en"]
ASKED = ("salary", "pay", "cost", "share", "deadline", "date", "duration", "count", "address", "place", "person", "now")
HELPLINES = load_registry(shipped_corpus() / "services.toml").helplines


def composed(status: str, asked: str = "?", documents: tuple[Document, ...] = (), **given: Any) -> Iterator[str]:
    told: dict[str, Any] = {"lacking": None, "unknown": (), "feeling": None, "history": (), "helplines": (), **given}
    drafts = answering.compose(status, asked, (), (), documents=documents, **told)  # type: ignore[arg-type]
    yield from (draft.text for _, draft in drafts)


def sentences() -> Iterator[str]:
    """Yield every line of ours, with all that can be filled in, as the advisor makes it."""
    yield from composed("urgent", helplines=HELPLINES)
    yield " ".join(HELPLINES)  # as they come, before the reply is whole
    yield from (text for asked in ("Hello", "Thanks!") for text in composed("small_talk", asked))
    yield from composed("clarify")
    yield from composed("refused")
    yield from composed("not_covered", "Can you write to her for me?")
    yield f"{answering.REFUSED} {answering.REFUSED_NEAR}"
    yield from (f"{bound.says} {answering.NEAREST}" for bound in known_bounds())
    for documents in ((), (SUMMARY,), (SUMMARY,) * 3):
        yield from composed("off_topic", documents=documents)
    for lacking in (None, *ASKED):
        for unknown in ((), ("Acme",), ("Acme", "St. Anne")):
            yield from composed("not_covered", lacking=lacking, unknown=unknown, feeling="doubt", offered=True)
            if lacking or unknown:
                (declined,) = composed("not_covered", lacking=lacking, unknown=unknown)
                yield f"{declined.removesuffix(', so I won' + chr(39) + 't guess.')}. {answering.NEAREST}"
    yield from composed("not_covered", feeling="hardship", offered=True)
    yield from composed("not_covered", offered=True, people=False)
    yield answering.PARTLY
    yield from (line for lines in answering.KIND.values() for line in lines)
    yield from answering.VERDICT
    topics = [each.about for each in known_situations()]
    yield from (line.format(about=topic) for line in answering.SITUATION for topic in topics)
    yield answering.SITUATION[0].format(about=f"{topics[0]} and {topics[-1]}")
    yield answering.INVALID_EMPTY
    yield answering.too_long(4_000)
    yield answering.nothing_on(["And what about pay?", "Where would I live?"])
    yield answering.dated(["Apply by 1 May 2020."], date(2026, 11, 24))
    yield explaining.LEAD


def keys(parts: list[dict[str, Any]]) -> Iterator[str]:
    for part in parts:
        yield part["key"]
        for value in part["values"].values():
            inner = value if isinstance(value, list) else [value]
            yield from keys([each for each in inner if isinstance(each, dict)])


def test_every_sentence_of_ours_is_known_again_and_none_in_the_table_is_idle() -> None:
    met: set[str] = set()
    for text in sentences():
        parts = said(text)
        assert parts, text
        met |= {*keys(parts)}

    ours = {key for key in tables()["en"] if key.startswith((SENTENCES, GAPS))}
    assert ours - met == set()


def test_no_new_sentence_of_the_advisors_is_without_words_in_the_other_languages() -> None:
    texts = {name: text for name, text in vars(answering).items() if name.isupper() and isinstance(text, str)}
    texts |= {bound.key: bound.says for bound in known_bounds()}

    assert len(texts) > 15
    unknown = {name for name, text in texts.items() if not said(text.strip())}
    assert unknown == {"ENGLISH_ONLY"}, "which stands behind a sentence in the language of the question"


def filled(parts: list[dict[str, Any]], code: str) -> str:
    """Return the parts in a language, roughly as the page does."""

    def one(value: Any) -> str:
        if isinstance(value, list):
            return ", ".join(one(each) for each in value)
        return filled([value], code) if isinstance(value, dict) else str(value)

    values = [{name: one(value) for name, value in part["values"].items()} for part in parts]
    return " ".join(says(code, part["key"]).format(**each) for part, each in zip(parts, values, strict=True))


@pytest.mark.parametrize("code", OTHERS)
def test_what_to_call_in_danger_is_the_same_in_every_language(code: str) -> None:
    for line in HELPLINES:
        numbers = re.findall(r"\d+(?: \d+)*", line)
        told = filled(said(line), code)
        there = re.findall(r"\d+(?: \d+)*", told)
        assert {*there} == {*numbers}, told
    assert len(HELPLINES) == 2, "another helpline needs its sentence in every language"


@pytest.mark.parametrize("code", OTHERS)
def test_names_and_a_persons_own_words_stand_in_every_language(code: str) -> None:
    assert "Acme" in filled(said("My sources don't say what is paid at Acme, so I won't guess."), code)
    assert "live there" in filled(said(answering.nothing_on(["Could I live there?"])), code)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "The bar is high.",
        f"{answering.URGENT} And buy now.",
        f"Somebody said: {answering.URGENT}",
        answering.URGENT.replace("emergency number", "landlord"),
        "My sources don't say what you should do, so I won't guess.",
        "I found little or nothing in my sources on what you asked.",
        "Mind the dates: today is soon, so some given above are past; the current page has the next ones.",
        answering.SITUATION[0].format(about="the moon"),
    ],
)
def test_what_is_only_like_a_sentence_of_ours_stays_as_it_is(text: str) -> None:
    assert said(text) == []


def test_a_question_in_another_language_is_answered_in_that_language_as_before() -> None:
    (text,) = composed("clarify", "¿Cómo puedo trabajar en esto sin un doctorado?")

    assert text.startswith("Por ahora solo entiendo preguntas en inglés")
    assert said(text) == [], "it is not put into the page's language"


def test_no_reply_of_a_program_is_in_another_language_than_english() -> None:
    history = (Message("user", "Hola"),)

    assert [*composed("urgent", helplines=HELPLINES, history=history)] == [answering.URGENT, *HELPLINES]

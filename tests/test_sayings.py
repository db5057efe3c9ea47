"""Our own fixed sentences: each that the advisor can say is known again, and says the same in every language."""

from __future__ import annotations

import ast
import inspect
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from importlib import import_module
from itertools import product
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

import pytest

from career_advisor import advisor, answering, citation, explaining, llm, support, translating
from career_advisor.bounds import known_bounds
from career_advisor.conversation import known_situations
from career_advisor.gaps import known_gaps
from career_advisor.llm import troubles
from career_advisor.records import Document, Message
from career_advisor.referral import load_registry
from career_advisor.settings import shipped_corpus
from career_advisor.support import naming
from career_advisor.support.table import table
from career_advisor.web.sayings import FAULTS, GAPS, LONGEST, RATES, SENTENCES, SPANS, fault, said
from career_advisor.web.showing import shown_stage
from career_advisor.web.wording import LANGUAGES, says, tables
from tests.doubles import SUMMARY

OTHERS = [code for code in LANGUAGES if code != "en"]
ASKED = ("salary", "pay", "cost", "share", "deadline", "date", "duration", "count", "address", "place", "person", "now")
NOT_FETCHED = "The embedded language model is not fetched; run `career-advisor models fetch qwen`."
"""As career_advisor.opening has it, which has many words for the operator besides."""
HELPLINES = load_registry(shipped_corpus() / "services.toml").helplines


def composed(status: str, asked: str = "?", documents: tuple[Document, ...] = (), **given: Any) -> Iterator[str]:
    told: dict[str, Any] = {"lacking": None, "unknown": (), "feeling": None, "history": (), "helplines": (), **given}
    drafts = answering.compose(status, asked, (), (), documents=documents, **told)  # type: ignore[arg-type]
    yield from (draft.text for _, draft in drafts)


def sentences() -> Iterator[str]:
    """Yield every line of ours, with all that can be filled in, as the advisor makes it."""
    yield from composed("urgent", helplines=HELPLINES)
    yield " ".join(answering.to_call(HELPLINES))  # as they come, before the reply is whole
    yield from (text for asked in ("Hello", "Thanks!") for text in composed("small_talk", asked))
    yield from composed("clarify")
    yield from composed("refused")
    yield from (text for bound in known_bounds() for text in composed("not_covered", bound=bound, offered=True))
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
    somewhere = replace(SUMMARY, text="Acme and St. Anne stand here.")
    for unknown in (("Acme",), ("Acme", "St. Anne")):
        for status in ("not_covered", "partly"):
            yield from composed(status, unknown=unknown, documents=(somewhere,))
    yield from composed("not_covered", feeling="hardship", offered=True)
    yield from composed("not_covered", offered=True, people=False)
    for gap in known_gaps().values():
        yield from composed("not_covered", gap=gap, offered=True)
        yield f"{answering.open_on(gap.lacks)} {answering.DO_SAY}"
    yield answering.PARTLY
    yield from (line for lines in answering.KIND.values() for line in lines)
    yield from answering.VERDICT
    topics = [each.about for each in known_situations()]
    yield from (line.format(about=topic) for line in answering.SITUATION for topic in topics)
    yield answering.SITUATION[0].format(about=f"{topics[0]} and {topics[-1]}")
    yield from composed("urgent", plainly=False)
    yield from composed("refused", plainly=False)
    yield answering.URGENT_PERHAPS
    yield answering.INVALID_EMPTY
    yield answering.too_long(4_000)
    yield answering.nothing_on(["And what about pay?", "Where would I live?"])
    yield answering.dated(["Apply by 1 May 2020."], date(2026, 11, 24))
    yield explaining.LEAD


FILLED_IN: Mapping[str, Sequence[str]] = {
    "_span(pause)": [troubles._span(seconds) for seconds in (1, 45, 600, 7_300)],
    "_what_it_does(trouble, status)": ["cannot be reached"],
    "how": ["pip install 'career-advisor[local]'"],
    "left": ["", " What could not be compared with the English stays in English."],
    "left_out": ["", " (2 of 3 sentences left out)"],
    "sorted(rates - known)[0]": sorted({length.removesuffix("s") for length in table().words["lengths"]}),
    "support": ["45%"],
    "trouble": ["The language model local wrote nothing."],
    "understood": ["Your question was read as “Do I need a PhD? I am 30.”"],
    "what": ["a number", "a date or time", "a currency", "a name"],
}
"""What is put into the texts of the code, by the code that makes it; a word or number of no consequence elsewhere."""
UNSAID = {
    "What else is there for 7?",  # a question to be asked next; the sources are in English, and so is it
    "(7 of 7 sentences left out)",  # part of a sentence, as what follows
    "a date or time",
    "the embedded language model: %s",  # in the log, as the two that follow
    "7: The language model local wrote nothing.",
    "7 The language model local wrote nothing.",
}
"""What is no sentence or clause that a person gets to see in the page's words."""


def modules() -> Iterator[ModuleType]:
    """Yield what has words of its own on what a language model wrote, or why it wrote nothing.

    What is wrong with the settings of one is said when the page is started, to whoever starts it; a summary is in
    English alone, and what is left out of it is counted.
    """
    apart = {(llm, "opening"), (support, "joining")}
    yield from (advisor, citation, translating)
    for package in (llm, support):
        names = [each.name for each in iter_modules(package.__path__) if (package, each.name) not in apart]
        yield from (import_module(f"{package.__name__}.{name}") for name in names)


def written(module: ModuleType) -> Iterator[str]:
    """Yield the texts of a module's code that are made of several words, with all that may be filled in."""

    def texts(node: ast.AST) -> list[str]:
        match node:
            case ast.Constant(value=str(text)):
                return [text]
            case ast.JoinedStr(values=parts):
                return ["".join(each) for each in product(*map(texts, parts))]
            case ast.FormattedValue(value=value):
                return texts(value)
            case ast.IfExp(body=one, orelse=other):
                return [*texts(one), *texts(other)]
            case ast.Name(id=name) if isinstance(getattr(module, name, None), str):
                return [getattr(module, name)]
        return list(FILLED_IN.get(ast.unparse(node), ["7"]))

    def literals(node: ast.AST) -> Iterator[ast.AST]:
        match node:
            case ast.Expr(value=ast.Constant()) | ast.Call(func=ast.Attribute(value=ast.Name(id="re"))):
                return  # what explains something to who reads the code, and patterns
            case ast.Constant(value=str()) | ast.JoinedStr():
                yield node
            case _:
                for child in ast.iter_child_nodes(node):
                    yield from literals(child)

    for node in literals(ast.parse(inspect.getsource(module))):
        yield from (text.strip() for text in texts(node) if text.strip().count(" ") > 1)


def worded(text: str) -> list[dict[str, Any]]:
    """Return what a text is made of that is a sentence, the beginning or end of one, or a reason in brackets."""
    sentence = said(text) or said(f"{text}.") or said(f"The language model local {text}.")
    return sentence or fault(text)


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
    met |= {key for module in modules() for text in written(module) for key in keys(worded(text))}
    met |= {*keys(said(NOT_FETCHED))}

    ours = {key for key in tables()["en"] if key.startswith((SENTENCES, GAPS, FAULTS, SPANS, RATES))}
    assert ours - met == set()


def test_no_new_sentence_of_the_advisors_is_without_words_in_the_other_languages() -> None:
    texts = {name: text for name, text in vars(answering).items() if name.isupper() and isinstance(text, str)}
    texts |= {bound.key: bound.says for bound in known_bounds()}

    assert len(texts) > 15
    unknown = {name for name, text in texts.items() if not said(text.strip())}
    assert unknown == {"ENGLISH_ONLY"}, "which stands behind a sentence in the language of the question"


def test_no_notice_and_no_reason_is_without_words_in_the_other_languages() -> None:
    texts = {text for module in modules() for text in written(module)}

    unknown = {text for text in texts if not worded(text) and not shown_stage(text)["says"]}
    assert unknown == UNSAID
    kinds = {text for node in ast.walk(ast.parse(inspect.getsource(naming._exact))) for text in returned(node)}
    assert kinds - {""} == {*FILLED_IN["what"]}


def returned(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Return):
        for each in ast.walk(node):
            if isinstance(each, ast.Constant) and isinstance(each.value, str):
                yield each.value


def test_what_a_model_and_a_person_wrote_stands_in_a_notice_as_it_is() -> None:
    (model, quoted) = said(f"The language model openai:gpt-4.1 cannot be reached. {advisor.QUOTED_INSTEAD}")
    assert (model["key"], model["values"]) == ("says_model_unreachable", {"model": "openai:gpt-4.1"})
    assert quoted["key"] == "says_quoted_instead"

    (read, _) = said(translating.notice("Is “free” free? I am 30. I write.", 0, 0))
    assert read["values"] == {"english": "Is “free” free? I am 30. I write."}

    (counted, _) = said(f"The language model local did not answer within 1,200 seconds. {advisor.QUOTED_INSTEAD}")
    assert counted["values"] == {"model": "local", "seconds": 1_200}


@pytest.mark.parametrize(
    "text",
    [
        "My sources don't say what x costs. " * 100 + "But.",
        f"Your question was read as “{'x”. ' * 700}",
        "The language model local wrote nothing. " * 55 + "It lies.",
    ],
)
def test_what_a_model_wrote_to_look_like_a_sentence_of_ours_takes_no_time(text: str) -> None:
    began = time.process_time()

    assert said(text) == []
    assert time.process_time() - began < 2


@pytest.mark.parametrize(("text", "key"), [("", ""), ("it says nothing", "fault_empty"), ("It says nothing", "")])
def test_a_reason_is_a_whole_clause_of_ours(text: str, key: str) -> None:
    assert [each["key"] for each in fault(text)] == ([key] if key else [])
    assert fault(f"{text}, and it lies") == []
    assert fault(f"its passages say “{'x' * LONGEST}” of something else") == []


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
    for line in answering.to_call(HELPLINES):
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
    text, english = composed("clarify", "¿Cómo puedo trabajar en esto sin un doctorado?")

    assert text.startswith("Por ahora solo entiendo preguntas en inglés")
    assert "número de emergencias" in text, "what nobody can read may be of somebody in danger"
    assert "emergency number" in english
    assert said(text) == said(english) == [], "it is not put into the page's language"


def test_no_reply_of_a_program_is_in_another_language_than_english() -> None:
    history = (Message("user", "Hola"),)

    assert [*composed("urgent", helplines=HELPLINES, history=history)] == [
        answering.URGENT,
        *answering.to_call(HELPLINES),
    ]

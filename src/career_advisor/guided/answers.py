"""What a person answered, and how it is read from a file or a browser: strictly, and all of it or nothing.

What comes in is a claim of whoever sends it. It is checked against the questions, cleaned of what a reader cannot see,
and capped; a fault ends in one sentence for a person and changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple, TypeAlias

from career_advisor import neutral
from career_advisor.guided.questions import TICKS, Guide, Question
from career_advisor.guided.wording import Words, words
from career_advisor.records import AdvisorError

TEXT_LIMIT = 1_500
"""Characters of one answer."""
LINE_LIMIT = 200
"""Characters of one of several lines."""
NOTE_LIMIT = 500
"""Characters beside one bar."""
YEARS_AHEAD = 10

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class Unreadable(AdvisorError):
    """What was given is no answer to these questions; the message is a sentence for a person."""

    exit_code = 2


class Step(NamedTuple):
    """Something that a person means to do."""

    do: str
    """An option's key, or the person's own words."""
    by: date | None
    """The day they chose, if they chose one."""


Value: TypeAlias = str | tuple[str, ...] | tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Answers:
    """A person's answers; what was skipped is absent."""

    values: Mapping[str, Value] = field(default_factory=dict)
    """By question."""
    ticks: Mapping[str, str] = field(default_factory=dict)
    """By bar: a key of TICKS."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """By bar: the person's own words beside it."""

    def text(self, key: str) -> str:
        """Return a text or a choice; empty where it was skipped."""
        value = self.values.get(key, "")
        return value if isinstance(value, str) else ""

    def lines(self, key: str) -> tuple[str, ...]:
        """Return choices or lines."""
        value = self.values.get(key, ())
        return tuple(each for each in value if isinstance(each, str)) if isinstance(value, tuple) else ()

    def steps(self, key: str) -> tuple[Step, ...]:
        """Return steps."""
        value = self.values.get(key, ())
        return tuple(each for each in value if isinstance(each, Step)) if isinstance(value, tuple) else ()

    @property
    def empty(self) -> bool:
        """Whether nothing was answered."""
        return not (self.values or self.ticks or self.notes)


def read_answers(given: object, guide: Guide, bars: Sequence[str]) -> Answers:
    """Return answers that were sent or stored.

    Args:
        given: JSON values: an object with `values`, and, where bars were ticked, `ticks` and `notes`.
        guide: The conversation that they answer; a fault is told in its language.
        bars: Keys of the bars that there are.

    Raises:
        Unreadable: If anything in it is not an answer to these questions.
    """
    say = words(guide.language)
    fields = _object(given, ("values", "ticks", "notes"), say)
    written = _object(fields.get("values", {}), [question.key for question in guide.questions], say)
    values: dict[str, Value] = {}
    for question in guide.questions:  # in their order, so that `each` finds its lines
        if question.key in written:
            value = _value(written[question.key], question, values, say)
            if value and any(value):
                values[question.key] = value
    known = bars if guide.key == "stand" else ()
    ticks = _object(fields.get("ticks", {}), known, say)
    for key, tick in ticks.items():
        if tick not in TICKS:
            raise Unreadable(say("fault.tick", name=_short(key)))
    notes = {
        key: text
        for key, note in _object(fields.get("notes", {}), known, say).items()
        if (text := _text(note, NOTE_LIMIT, say(f"bar.{key}"), say))
    }
    return Answers(values, ticks, notes)


def answers_json(answers: Answers) -> dict[str, Any]:
    """Return answers as JSON values, which `read_answers` reads again."""
    written: dict[str, Any] = {
        "values": {
            key: value if isinstance(value, str) else [_plain(each) for each in value]
            for key, value in answers.values.items()
        }
    }
    if answers.ticks:
        written["ticks"] = dict(answers.ticks)
    if answers.notes:
        written["notes"] = dict(answers.notes)
    return written


def _plain(each: str | Step) -> Any:
    if isinstance(each, str):
        return each
    return {"do": each.do, "by": each.by.isoformat() if each.by else None}


def _value(given: object, question: Question, before: Mapping[str, Value], say: Words) -> Value:
    if question.kind == "text":
        return _text(given, TEXT_LIMIT, question.title, say)
    if question.kind == "choice":
        return _choice(given, question, say)
    # One for each line of another question: what belongs to no line is no answer.
    most = len(before.get(question.of, ())) if question.of else question.most
    listed = _list(given, most, question.title, say)
    if question.kind == "steps":
        return tuple(step for each in listed if (step := _step(each, question, say)))
    read = _choice if question.kind in {"choices", "each-choice"} else _line
    each = [read(one, question, say) for one in listed]
    return tuple(each) if question.of else tuple(dict.fromkeys(one for one in each if one))


def _object(given: object, known: Sequence[str], say: Words) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise Unreadable(say("fault.form"))
    strange = next((key for key in given if key not in known), None)
    if strange is not None:
        raise Unreadable(say("fault.strange", name=_short(strange)))
    return given


def _list(given: object, most: int, title: str, say: Words) -> list[Any]:
    if not isinstance(given, list):
        raise Unreadable(say("fault.list", title=title))
    if len(given) > most:
        raise Unreadable(say("fault.most", title=title, most=most))
    return given


def _choice(given: object, question: Question, say: Words) -> str:
    if not isinstance(given, str) or not (given == "" or question.label(given)):
        raise Unreadable(say("fault.choice", title=question.title))
    return given


def _text(given: object, limit: int, title: str, say: Words) -> str:
    if not isinstance(given, str):
        raise Unreadable(say("fault.text", title=title))
    if len(given) > limit:
        raise Unreadable(say("fault.length", title=title, limit=limit))
    return neutral.plain(given).strip()


def _line(given: object, question: Question, say: Words) -> str:
    return neutral.line(_text(given, LINE_LIMIT, question.title, say))


def _step(given: object, question: Question, say: Words) -> Step | None:
    fields = _object(given, ("do", "by"), say)
    do = _line(fields.get("do", ""), question, say)
    return Step(do, _day(fields.get("by"), say)) if do else None


def _day(given: object, say: Words) -> date | None:
    if given is None or given == "":
        return None
    try:
        day = date.fromisoformat(given) if isinstance(given, str) and _DAY.fullmatch(given) else None
    except ValueError:
        day = None
    if day is None or abs(day.year - date.today().year) > YEARS_AHEAD:
        raise Unreadable(say("fault.day", name=_short(given), years=YEARS_AHEAD))
    return day


def _short(text: object) -> str:
    return neutral.line(str(text)[:200], limit=40)

"""Our own fixed sentences, found again in what an answer says, so that the page can say them in the reader's language.

A reply is in English, for programs as for people. Whatever the advisor says in words of its own stands in the page's
table, too, under a key of its own, and the English text there is the pattern by which it is known here: what it
answers, how a language model failed, and why a sentence of one was left out. What the page gets is keys and what is
filled in, in every language the same: names, numbers, the person's own words. A sentence that is not known stays as it
is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache, partial
from typing import Any, NamedTuple, TypeAlias

from career_advisor.conversation import known_situations
from career_advisor.web.wording import tables

SENTENCES, GAPS, FAULTS, SPANS, RATES = "says_", "gap_", "fault_", "span_", "rate_"
"""How keys begin: of whole sentences, of the clauses that say what the sources don't, of what is wrong with a sentence
that was left out, of lengths of time, and of what something is paid per."""

LONGEST = 4_000
"""Characters: more of our own words in one piece than are ever said, with a question that was translated among them."""
MOST_ENDS = 60
"""Places where a sentence may end in it."""
_QUOTES = re.compile(r"“[^”]*”(?:(?:, | and | or )“[^”]*”)*")

Said: TypeAlias = dict[str, Any]
"""A key of the page's words, and the values that are filled in: texts, numbers, lists of them, or more of the kind."""


class _Saying(NamedTuple):
    key: str
    begins: str
    """What stands before anything that is filled in."""
    pattern: re.Pattern[str]


def said(text: str) -> list[Said]:
    """Return the sentences of ours that a text is made of, in order; none where any part of it is something else.

    >>> said("My sources don't answer that, so I won't guess. The pages below may tell you more.")
    [{'key': 'says_not_covered', 'values': {}}, {'key': 'says_read_on', 'values': {}}]
    >>> said("My sources don't say what Acme costs, so I won't guess.")[0]["values"]["gap"]
    {'key': 'gap_cost_of', 'values': {'names': ['Acme']}}
    >>> said("A hiring manager once said so.")
    []
    """
    if len(text) > LONGEST:
        return []
    ends = {match.start(): match.end() for match in re.finditer(r"(?<=[.:?]) +|\Z", text)}
    if len(ends) > MOST_ENDS:
        return []
    from_here: dict[int, list[Said]] = {
        len(text): []
    }  # from behind, each place once: what a model wrote may be anything
    for start in reversed([0, *list(ends.values())[:-1]]):
        if parts := _parts(text, start, ends, from_here):
            from_here[start] = parts
    return from_here.get(0, [])


def _parts(text: str, start: int, ends: Mapping[int, int], from_here: Mapping[int, list[Said]]) -> list[Said]:
    """Return what a text is made of from a place on; `ends` are where a sentence may end and the next begin."""
    for saying in (each for each in _sayings(SENTENCES) if text.startswith(each.begins, start)):
        for end, behind in ends.items():  # a name may have a full stop, too
            match = saying.pattern.fullmatch(text, start, end) if end > start and behind in from_here else None
            values = _values(match.groupdict()) if match else None
            if values is not None:
                return [{"key": saying.key, "values": values}, *from_here[behind]]
    return []


def fault(text: str) -> list[Said]:
    """Return what is wrong with a sentence that was left out, as `said` does; it is a clause and no sentence.

    >>> fault("its passages say “free” of something else")
    [{'key': 'fault_elsewhere', 'values': {'word': 'free'}}]
    >>> fault("nobody likes it")
    []
    """
    clause = _clause(FAULTS, text) if len(text) <= LONGEST else None
    return [clause] if clause else []


@cache
def _sayings(begin: str) -> tuple[_Saying, ...]:
    """Return what is known, with the most words of its own first: "that" before any name that could stand there."""
    texts = {key: text for key, text in tables()["en"].items() if key.startswith(begin) and isinstance(text, str)}
    order = sorted(texts, key=lambda key: -len(re.sub(r"\{\w+\}", "", texts[key])))
    return tuple(_Saying(key, texts[key].partition("{")[0], _pattern(texts[key])) for key in order)


def _pattern(text: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", text)
    filled = "".join(f"(?P<{part}>.+?)" if at % 2 else re.escape(part) for at, part in enumerate(parts))
    return re.compile(filled, re.DOTALL)


def _values(found: Mapping[str, str]) -> Said | None:
    """Return what is filled in, in a form that any language can word; None where it makes no sense."""
    values = {name: _READ[name](text) for name, text in found.items()}
    return None if None in values.values() else values


def _clause(begin: str, text: str) -> Said | None:
    """Return the clause that a text is, among those whose keys begin so."""
    for saying in (each for each in _sayings(begin) if text.startswith(each.begins)):
        match = saying.pattern.fullmatch(text)
        values = _values(match.groupdict()) if match else None
        if values is not None:
            return {"key": saying.key, "values": values}
    return None


@cache
def _topics() -> Mapping[str, list[Said]]:
    """Return the situations whose guidance was looked up, by how one or two of them are named."""
    known = known_situations()
    one = {each.about: [each] for each in known}
    two = {f"{first.about} and {other.about}": [first, other] for first in known for other in known}
    return {
        text: [{"key": f"situation_{each.key}", "values": {}} for each in named] for text, named in (two | one).items()
    }


def _day(text: str) -> str | None:
    try:
        return datetime.strptime(text, "%d %B %Y").date().isoformat()
    except ValueError:
        return None


def _number(text: str) -> int | None:
    digits = text.replace(",", "")
    return int(digits) if digits.isdecimal() else None


def _either(text: str) -> list[str]:
    return text.split(" or ")


def _quoted(text: str) -> list[str] | None:
    return re.findall(r"“([^”]*)”", text) if _QUOTES.fullmatch(text) else None


_READ: Mapping[str, Callable[[str], Any]] = {
    "gap": partial(_clause, GAPS),
    "span": partial(_clause, SPANS),
    "rate": partial(_clause, RATES),
    "names": _either,
    "unknown": _quoted,
    "quoted": _quoted,
    "about": lambda text: _topics().get(text),
    "day": _day,
    **dict.fromkeys(("limit", "left", "whole", "held", "share", "seconds", "n"), _number),
    **dict.fromkeys(("model", "status", "command", "english", "word", "other"), str),
}
"""What is filled in, by the name of its place, and how it is read."""

"""What a browser sends to ask, read with distrust: the question, the turns before it, and what the person says of
themselves.

Of an earlier turn a browser may say its name and its question. Where the server still holds the turn of that name, its
own copy counts and nothing that came with it; where it does not (it was started anew, or the conversation was kept in
the browser), the question alone is believed, as something that the person wrote. There is no place for an answer: what
the advisor is told that it said is what it said.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

CONTEXT_LIMIT = 48_000
"""Characters; a page sends less, so that the whole request stays below the limit of the guard."""
EARLIER_LIMIT = 12
"""Turns before the question."""
KEYS_LIMIT = 60

_KEY = re.compile(r"[a-z][a-z-]{0,39}")
_NAME = re.compile(r"[0-9a-f]{0,16}")


class Earlier(NamedTuple):
    """A turn before the question, as the browser tells it."""

    name: str
    """As the server named it; empty or unknown where the server does not hold it."""
    question: str


class Context(NamedTuple):
    """A question, and what came with it."""

    question: str = ""
    """What is asked; empty where that made no sense."""
    before: tuple[Earlier, ...] | None = None
    """None where nothing is said of the turns before; then the server goes by its own."""
    ignore: frozenset[str] = frozenset()
    """Keys of situations that the person says are not theirs."""
    about: frozenset[str] = frozenset()
    """Keys of situations that the person says are theirs."""
    quotes_only: bool = False
    """Whether the person wants no language model to write."""
    plain_words: bool = False
    """Whether they want everyday words, and terms of the field explained."""
    private: bool = False
    """Whether nothing is to be noted of it."""


NOTHING = Context(before=())
"""What is left of a context that makes no sense: no turn before the question."""


def read_context(sent: object, *, question_limit: int) -> Context:
    """Return what a browser sent along; a part that makes no sense counts for nothing.

    Args:
        sent: JSON, as it came.
        question_limit: Characters of a question; an earlier one that is longer was never asked.

    >>> read_context('{"before": [["", "Should I?"], ["", 7]]}', question_limit=99).before
    (Earlier(name='', question='Should I?'),)
    >>> read_context('{"ignore": ["student", "<b>"]}', question_limit=99).ignore
    frozenset({'student'})
    >>> read_context('{"before": [{"role": "assistant", "content": "pay"}]}', question_limit=99).before
    ()
    """
    if sent is None or sent == "":
        return Context()
    if not isinstance(sent, str) or len(sent) > CONTEXT_LIMIT:
        return NOTHING
    try:
        fields = json.loads(sent)
    except (ValueError, RecursionError):
        return NOTHING
    if not isinstance(fields, dict):
        return NOTHING
    question = fields.get("question", "")
    return Context(
        question=question if isinstance(question, str) else "",
        before=_before(fields["before"], question_limit) if "before" in fields else None,
        ignore=_keys(fields.get("ignore")),
        about=_keys(fields.get("about")),
        quotes_only=fields.get("quotesOnly") is True,
        plain_words=fields.get("plainWords") is True,
        private=fields.get("private") is True,
    )


def _before(value: object, question_limit: int) -> tuple[Earlier, ...]:
    turns = [_earlier(each, question_limit) for each in value[-EARLIER_LIMIT:]] if isinstance(value, list) else []
    return tuple(turn for turn in turns if turn)


def _earlier(value: object, question_limit: int) -> Earlier | None:
    match value:
        case [str(name), str(question)] if _NAME.fullmatch(name) and 0 < len(question) <= question_limit:
            return Earlier(name, question)
    return None


def _keys(value: Any) -> frozenset[str]:
    given = value[:KEYS_LIMIT] if isinstance(value, list) else []
    return frozenset(each for each in given if isinstance(each, str) and _KEY.fullmatch(each))

"""What a browser sends of a vote on an answer, read with distrust, and what the page needs to ask for one."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from career_advisor import neutral
from career_advisor.feedback import REASONS, WORDS_LIMIT

BALLOT_LIMIT = 4_096
"""Characters: the words, each written as an escape, fit in."""


class Said(NamedTuple):
    """What the page is told of a vote."""

    says: str
    """A key of the page's words."""
    kept: bool = False
    """Whether the vote is stored."""
    code: str = ""
    """By which a complaint can be found and deleted."""


class Ballot(NamedTuple):
    """A vote as it came: which answer, and what is said of it."""

    turn: str
    helped: bool
    reason: str = ""
    """A key of `REASONS`; empty where the answer helped."""
    words: str = ""
    """On one line, cleaned; empty where the answer helped."""


def read_ballot(sent: object) -> Ballot | None:
    """Return the vote that a browser sent; None where it is not one, and for words that are longer than they may be.

    >>> read_ballot('{"turn": "a1", "helped": true}')
    Ballot(turn='a1', helped=True, reason='', words='')
    >>> read_ballot('{"turn": "a1", "helped": false, "reason": "because"}') is None
    True
    """
    if not isinstance(sent, str) or len(sent) > BALLOT_LIMIT:
        return None
    try:
        fields = json.loads(sent)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict) or not isinstance(fields.get("turn"), str):
        return None
    turn, reason, words = fields["turn"], fields.get("reason"), fields.get("words", "")
    if fields.get("helped") is True:
        return Ballot(turn, helped=True)
    if not isinstance(reason, str) or reason not in REASONS or not isinstance(words, str) or len(words) > WORDS_LIMIT:
        return None
    return Ballot(turn, helped=False, reason=reason, words=neutral.line(words))


def facts() -> dict[str, Any]:
    """Return what the page has to know to ask for a vote, as JSON values."""
    return {"reasons": [*REASONS], "limit": WORDS_LIMIT}

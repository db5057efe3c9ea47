"""What is over, what goes on and what is still to come: told as the passage tells it."""

from __future__ import annotations

from career_advisor.support.case import Case, Clause
from career_advisor.support.statement import Statement
from career_advisor.support.table import table

NEAR = 3
"""Tokens to either side within which a "still" or "already" is about a round or its end."""

_ENDED = {
    "closed": "close", "ended": "end", "expired": "expire", "passed": "pass", "finished": "finish", "stopped": "stop",
}  # fmt: skip
_BEING_DONE = frozenset({"accepting", "hiring", "recruiting", "running", "offering", "taking"})


def dated(case: Case, clause: Clause) -> str:
    """Say what is told as over, as going on or as still to come, where the passage doesn't."""
    words = table().words
    claim, home = case.claim, case.sources[clause.home]
    around = [case.sources[k] for k in range(max(0, clause.home - 1), min(len(case.sources), clause.home + 2))]
    there = {word for source in around for word in source.spoken}
    if _of_dates(claim) or _of_dates(home):
        for i in clause.all:
            word = claim.spoken[i]
            near = set(claim.spoken[max(0, i - NEAR) : i + NEAR + 1])
            if word not in words["by_now"] or there & words["by_now"]:
                continue
            if word not in {"still", "already"} or near & words["scheduled"]:
                return f"it says “{word}”, which its passage doesn't"
    for i in clause.all:
        token = claim.tokens[i]
        if token.word in _ENDED and token.word not in there and home.has(token) and not there & words["over"]:
            return f"it says “{token.surface}” of what its passage doesn't call over"
        going_on = token.word in _BEING_DONE and claim.spoken[i - 1] in {"is", "are", "now", "currently", "still"}
        if going_on and token.word not in there:
            return f"it says “{token.surface}” as if of today"
    return ""


def _of_dates(statement: Statement) -> bool:
    return any(token.kind == "month" or token.word in table().words["scheduled"] for token in statement.tokens)

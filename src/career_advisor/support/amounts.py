"""Amounts and lengths of time: a number must stand beside the unit that it has in the passages."""

from __future__ import annotations

from itertools import pairwise

from career_advisor.support.case import Case
from career_advisor.support.statement import Statement
from career_advisor.support.table import table

FAR = 6
"""Tokens between a number and its unit, as in "10 to 12 months" or "5,000 US dollars"."""
A_RATE = 9
"""Tokens between a sum and what it is paid per."""

_BETWEEN = frozenset(
    {"to", "or", "and", "of", "us", "canadian", "australian", "more", "full", "part", "time", "–", "—"}
)
_LEADING = frozenset({"from", "to", "by"})
_PER = frozenset({"a", "an", "per", "each", "every"})
_RATES = {
    "hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month", "yearly": "year", "annual": "year",
    "annually": "year",
}  # fmt: skip


def misplaced(case: Case) -> str:
    """Name a number whose unit is another one in the passages, or a sum paid per something else."""
    claim = case.claim
    for i, token in enumerate(claim.tokens):
        if token.kind != "number" or token.word == "1" or not any(source.has(token) for source in case.sources):
            continue
        mine = _unit(claim, i)
        theirs = [_unit(source, j) for source in case.sources for j in source.places(token)]
        if mine and theirs and all(unit and unit != mine for unit in theirs):
            return f"its passages have another unit for {token.surface}"
        led = _led(claim, i)
        leading = {_led(source, j) for source in case.sources for j in source.places(token)}
        if led and leading and "" not in leading and led not in leading:
            return f"its passages don't say “{led} {token.surface}”"
    rates = _rates(claim)
    known = {rate for source in case.sources for rate in _rates(source)}
    return f"its passages pay nothing per {sorted(rates - known)[0]}" if rates - known else ""


def _unit(statement: Statement, at: int) -> str:
    """Return the unit of a number, in the singular: a length of time, a currency or "%"; empty where it has none."""
    words = table().words
    before = statement.tokens[at - 1].word if at else ""
    if before in words["currencies"] and statement.tokens[at - 1].surface == statement.tokens[at].surface:
        return before
    for token in statement.tokens[at + 1 : at + 1 + FAR]:
        if token.word in words["lengths"] or token.word in words["currencies"]:
            return token.word.removesuffix("s")
        if token.word == "%":
            return "%"
        if token.kind != "number" and token.word not in _BETWEEN:
            return ""
    return ""


def _led(statement: Statement, at: int) -> str:
    """Return the preposition that leads to a number as from where, to where or by how much; empty without one."""
    for token in statement.tokens[max(0, at - 2) : at][::-1]:
        if token.word in _LEADING:
            return token.word
        if token.word not in table().words["partial"]:
            return ""
    return ""


def _rates(statement: Statement) -> set[str]:
    """Return what sums are paid per: "a month", "yearly"."""
    words = table().words
    found = set()
    for i, token in enumerate(statement.tokens):
        if token.word not in words["currencies"]:
            continue
        behind = statement.tokens[i + 1 : i + 1 + A_RATE]
        for k, (before, other) in enumerate(pairwise(behind)):
            after = behind[k + 2].word if k + 2 < len(behind) else ""
            if before.word in _PER and other.word in words["lengths"] and after != "of":
                found.add(other.word.removesuffix("s"))
        found |= {_RATES[other.word] for other in behind if other.word in _RATES}
    return found

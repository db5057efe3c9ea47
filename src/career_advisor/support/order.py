"""Who does what to whom: words, names and numbers must stand among the same others, on the same side."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import combinations
from typing import TypeAlias

from career_advisor.support.case import Case, Clause, one_name
from career_advisor.support.statement import Statement, Token
from career_advisor.support.table import table

_Places: TypeAlias = dict[int, list[tuple[int, int]]]
"""For a position of the claim, the sentences and positions where the same stands."""

_FAVOURING = frozenset(
    {"favour", "favours", "favor", "favors", "prefer", "prefers", "choose", "put", "puts", "favoured"}
)

STRAIGHT = 3
"""Words that must stand on the other side of a verb for one that stands on its own."""
TURNED = 0.6
"""What a shared neighbour counts on the other side: who does it, and to whom."""
GAIN = 0.6
"""Shared neighbours that two words must win by changing places, both together, to count as swapped."""
WORDS = 1.0
"""What each of two other words must win, where nothing sets one against the other."""
LOSS = 0.5
CLEARLY = 2.0
"""Names and numbers may lose up to LOSS on one side where both together win CLEARLY."""
FREE = 3
"""Tokens from a neighbour up to which it counts in full."""
FADING = 6.0
"""Tokens beyond them in which it fades to 1/e."""


@lru_cache(maxsize=4_096)
def company(claim: Statement, i: int, source: Statement, j: int, apart: int = -1) -> float:
    """Weigh the neighbours that a token of the claim and one of the evidence share: in their stretch, on their side.

    Neighbours that are part of the same name count nothing, and neither does the name at `apart`.
    """
    total = 0.0
    for k in claim.content:
        if (
            k == i
            or claim.parts[k] != claim.parts[i]
            or one_name(claim, i, k)
            or (apart >= 0 and one_name(claim, apart, k))
        ):
            continue
        best = 0.0
        for m in source.places(claim.tokens[k]):
            if m == j or source.parts[m] != source.parts[j]:
                continue
            weight = math.exp(-(max(abs(j - m) - FREE, 0) + max(abs(k - i) - FREE, 0)) / FADING)
            same_side = (k < i) == (m < j)
            if passive(claim, k) != passive(source, m):
                same_side = not same_side
            best = max(best, weight if same_side else weight * TURNED)
        total += best
    return total


def passive(statement: Statement, i: int) -> bool:
    """Tell whether a "by" stands right behind a word."""
    return any(token.word == "by" for token in statement.tokens[i + 1 : i + 3])


def swapped(case: Case) -> str:
    """Say which two names, numbers or words stand in each other's places."""
    claim = case.claim
    homes = list(dict.fromkeys(clause.home for clause in case.clauses))
    places: _Places = {
        i: [(k, j) for k in homes for j in case.sources[k].places(claim.tokens[i])]
        for i in claim.content
        if claim.tokens[i].word != "1" and claim.tokens[i].kind != "month"
    }
    for x, y in combinations(places, 2):
        if _exchangeable(case, x, y, places) and (
            _better_exchanged(case, x, y, places) or _numbers_reversed(case, x, y, places)
        ):
            return f"it puts {claim.tokens[x].surface} in the place of {claim.tokens[y].surface}"
    return ""


def _kind(case: Case, i: int) -> str:
    token = case.claim.tokens[i]
    return "number" if token.kind == "number" else "name" if case.is_name(token) else "word"


def _exchangeable(case: Case, x: int, y: int, places: _Places) -> bool:
    """Tell whether two are of a kind, not the same, not side by side, and both in one sentence of the evidence."""
    tokens = case.claim.tokens
    kind = _kind(case, x)
    if kind != _kind(case, y) or not tokens[x].keys.isdisjoint(tokens[y].keys) or (y - x == 1 and kind != "number"):
        return False
    return bool({k for k, _ in places[x]} & {k for k, _ in places[y]})


def _numbers_reversed(case: Case, x: int, y: int, places: _Places) -> bool:
    """Tell whether two numbers close together, as in "30 of 400", stand the other way round in the evidence."""
    if _kind(case, x) != "number" or y - x > FREE:
        return False
    gaps = [j - i for k, i in places[x] for m, j in places[y] if k == m]
    return any(-FREE <= gap < 0 for gap in gaps) and not any(0 < gap <= FREE for gap in gaps)


def _better_exchanged(case: Case, x: int, y: int, places: _Places) -> bool:
    gained = [
        max(company(case.claim, i, case.sources[k], j, other) for k, j in places[other])
        - max(company(case.claim, i, case.sources[k], j, other) for k, j in places[i])
        for i, other in ((x, y), (y, x))
    ]
    if _kind(case, x) != "word":
        return (min(gained) >= 0 and sum(gained) > GAIN) or (min(gained) >= -LOSS and sum(gained) > CLEARLY)
    least = 0.0 if _both_opposed(case, x, y, places) else WORDS
    return min(gained) >= least and sum(gained) > GAIN


def _both_opposed(case: Case, x: int, y: int, places: _Places) -> bool:
    return _opposed(case.claim, x, y) and any(
        _opposed(case.sources[k], i, j) for k, i in places[x] for m, j in places[y] if k == m
    )


def _opposed(statement: Statement, x: int, y: int) -> bool:
    """Tell whether a word stands between the two that sets one against the other."""
    return any(token.word in table().words["opposing"] for token in statement.tokens[min(x, y) + 1 : max(x, y)])


def turned(case: Case) -> str:
    """Say around which word the two sides are exchanged: "A rather than B", "A before B", "A beats B"."""
    for clause in case.clauses:
        home = case.sources[clause.home]
        for i in clause.all:
            j = _pivot(case, clause, home, i)
            if j is not None and _sides_exchanged(case.claim, clause, i, home, j):
                return f"it turns around what stands before and after “{case.claim.tokens[i].surface}”"
    return ""


def preferred(case: Case) -> str:
    """Say where what is preferred changes places with what it is preferred to, in whatever words: "A instead of B"."""
    mine = _preference(case.claim, near=True)
    for clause in case.clauses:
        theirs = _preference(case.sources[clause.home])
        if mine is None or theirs is None:
            continue
        straight = _alone(mine[0], mine[1], theirs[0]) + _alone(mine[1], mine[0], theirs[1])
        over, back = _alone(mine[0], mine[1], theirs[1]), _alone(mine[1], mine[0], theirs[0])
        if over and back and over + back > straight:
            return "it prefers what its passage doesn't"
    return ""


def _alone(mine: Sequence[Token], beside: Sequence[Token], theirs: Sequence[Token]) -> int:
    return _shared([token for token in mine if not _shared([token], beside)], theirs)


def _preference(statement: Statement, *, near: bool = False) -> tuple[list[Token], list[Token]] | None:
    """Return what is preferred, at most back to the last mark where it is to be `near`, and to what; None without."""
    spoken = statement.spoken
    for i, word in enumerate(spoken):
        before = set(spoken[max(0, i - 8) : i])
        behind = spoken[i + 1 : i + 2]
        sets_apart = (
            (word == "than" and bool(before & {"rather", "better", "best"}))
            or (word in {"instead", "ahead"} and behind == ("of",))
            or (word == "place" and behind == ("of",))
            or (word == "over" and bool(before & _FAVOURING))
            or word in table().words["preferring"] - {"than", "ahead"}
        )
        if not sets_apart:
            continue
        mark = next((k for k in range(i, -1, -1) if near and statement.tokens[k].kind == "mark"), 0)
        aside = range(mark)
        left, right = _sides(statement, [k for k in statement.content if k not in aside], i)
        return (left, right) if left else _fronted(statement, i)
    return None


def _fronted(statement: Statement, i: int) -> tuple[list[Token], list[Token]] | None:
    """Return the sides of "instead of B, A"."""
    comma = next((k for k in range(i, len(statement.tokens)) if statement.tokens[k].surface == ","), None)
    if comma is None:
        return None
    between, behind = _sides(statement, [k for k in statement.content if k > i], comma)
    return behind, between


def _pivot(case: Case, clause: Clause, home: Statement, i: int) -> int | None:
    """Return where a word that can have two sides stands in the evidence, once."""
    claim, token = case.claim, case.claim.tokens[i]
    words = table().words
    if token.word in words["opposing"]:
        found = [j for j, other in enumerate(home.tokens) if other.word == token.word]
    elif i in clause.content and token.kind == "word" and (token.word not in words["asserting"] or _named(claim, i)):
        found = home.places(token) if len(claim.places(token)) == 1 else []
    else:
        return None
    if claim.tokens[i + 1 : i + 2] and claim.tokens[i + 1].word in {"that", "which", "who"}:
        return None
    return found[0] if len(found) == 1 and not passive(claim, i) and not passive(home, found[0]) else None


def _named(statement: Statement, i: int) -> bool:
    """Tell whether it is said what something "is called", which has two sides, and not what somebody calls it."""
    return i > 0 and statement.tokens[i - 1].word in {"is", "are", "was", "were", "be", "been", "being"}


def _sides_exchanged(claim: Statement, clause: Clause, i: int, home: Statement, j: int) -> bool:
    opposing = claim.tokens[i].word in table().words["opposing"]
    around = home.content if opposing else next((c for c in home.clauses if j in c), ())
    mine = _sides(claim, clause.content, i)
    mine = (
        [token for token in mine[0] if not _shared([token], mine[1])],
        [token for token in mine[1] if not _shared([token], mine[0])],
    )
    theirs = _sides(home, [k for k in around if k in home.content], j)
    straight = _shared(mine[0], theirs[0]) + _shared(mine[1], theirs[1])
    over, back = _shared(mine[0], theirs[1]), _shared(mine[1], theirs[0])
    touching = _shared(mine[0][-1:], theirs[1]) and _shared(mine[1][:1], theirs[0])
    if not opposing and (straight * STRAIGHT > over + back or not touching):
        return False
    return over > 0 and back > 0 and over + back > max(straight, 0 if opposing else 2)


def _sides(statement: Statement, positions: Iterable[int], at: int) -> tuple[list[Token], list[Token]]:
    """Return what stands before and behind a position, without who says so: that may stand on either side."""
    voices = _voices(statement)
    kept = [k for k in positions if k not in voices]
    return [statement.tokens[k] for k in kept if k < at], [statement.tokens[k] for k in kept if k > at]


def _shared(mine: Sequence[Token], theirs: Sequence[Token]) -> int:
    return sum(any(not token.keys.isdisjoint(other.keys) for other in theirs) for token in mine)


def _voices(statement: Statement) -> frozenset[int]:
    """Return where it stands who says so: that may stand at the front or at the end."""
    words = table().words
    found: set[int] = set()
    for i, token in enumerate(statement.tokens):
        behind = statement.tokens[i + 1].word if i + 1 < len(statement.tokens) else ""
        if token.kind in {"name", "initial"} and (behind in words["asserting"] or behind in words["opining"]):
            k = i
            while k >= 0 and statement.tokens[k].kind in {"name", "initial"}:
                found.add(k)
                k -= 1
            found.add(i + 1)
    return frozenset(found)

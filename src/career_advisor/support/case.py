"""A claim beside its evidence: which sentence carries each clause, and what names may be taken from around it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from career_advisor.support.statement import Statement, Token

SAME = 0.4
"""Share of a clause's content that another must hold to be about the same."""

_LEANING = frozenset({"he", "she", "it", "they", "his", "her", "their", "its", "this", "these"})


class Clause(NamedTuple):
    """A clause of the claim, and the sentence of the evidence that carries most of it."""

    all: tuple[int, ...]
    content: tuple[int, ...]
    home: int


class Case(NamedTuple):
    """All that a check looks at."""

    claim: Statement
    sources: Sequence[Statement]
    about: Statement
    clauses: tuple[Clause, ...]

    def stands(self, token: Token) -> bool:
        """Tell whether the same stands anywhere in the evidence or the headings above it."""
        return self.about.has(token) or any(source.has(token) for source in self.sources)

    def tokens(self, positions: Iterable[int]) -> list[Token]:
        """Return the claim's tokens at these positions."""
        return [self.claim.tokens[i] for i in positions]

    def support(self) -> float:
        """Return the share of the claim's content that the carrying sentences, or the names around them, hold."""
        held = sum(self.holds(c.home, token) for c in self.clauses for token in self.tokens(c.content))
        return held / len(self.claim.content)

    def is_name(self, token: Token) -> bool:
        """Tell a name from a word that has its capital because it begins a sentence."""
        if token.kind == "name":
            return True
        return token.kind == "initial" and any(
            other.kind == "name" and not other.keys.isdisjoint(token.keys)
            for source in (*self.sources, self.about)
            for other in source.tokens
        )

    def leaned_on(self, home: int) -> bool:
        """Tell whether a sentence of the evidence begins with a word that points before it."""
        return any(word in _LEANING for word in self.sources[home].spoken[:2])

    def heads(self, token: Token) -> bool:
        """Tell whether a name stands in the headings."""
        return any(
            other.kind in {"name", "initial"} and not other.keys.isdisjoint(token.keys) for other in self.about.tokens
        )

    def holds(self, home: int, token: Token) -> bool:
        """Tell whether a sentence, the headings above it, or, where it leans, the sentence before it has a name."""
        if self.sources[home].has(token):
            return True
        if token.kind not in {"name", "initial"}:
            return False
        return self.heads(token) or (
            home > 0 and self.leaned_on(home) and any(self.sources[k].has(token) for k in range(max(0, home - 2), home))
        )


def assign(claim: Statement, sources: Sequence[Statement]) -> tuple[Clause, ...]:
    """Find for each clause the sentence that carries most of it; the best of the whole claim, on a tie."""
    whole = [
        (source.carries(claim.tokens[i] for i in claim.content), source.carries(claim.tokens)) for source in sources
    ]
    best = max(range(len(sources)), key=whole.__getitem__)
    clauses = []
    for positions in claim.clauses:
        content = tuple(i for i in positions if i in set(claim.content))
        if content:
            held = [source.carries(claim.tokens[i] for i in content) for source in sources]
            home = max(range(len(sources)), key=lambda k: (held[k], whole[k]))
            clauses.append(Clause(positions, content, best if held[best] >= held[home] else home))
    return tuple(clauses)


def says_the_same(case: Case, content: Iterable[int], source: Statement, at: int, *, share: float = SAME) -> bool:
    """Tell whether the clause around a position of the evidence is about what these words of the claim are about."""
    around = next((clause for clause in source.clauses if at in clause), ())
    there = [source.tokens[j] for j in around if j in source.content]
    mine = frozenset[str]().union(*(case.claim.tokens[i].keys for i in content))
    held = sum(not token.keys.isdisjoint(mine) for token in there)
    if share == SAME and len(source.clauses) == 1:
        return True
    return held > 1 and held >= share * len(there)


def one_name(claim: Statement, i: int, k: int) -> bool:
    """Tell whether two positions are parts of one name."""
    return i == k or all(token.kind in {"name", "initial"} for token in claim.tokens[min(i, k) : max(i, k) + 1])

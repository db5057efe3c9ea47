"""What no guidance can do for anybody, whatever it has read: act for them, read their papers, tell them the law.

A search finds something near to such a message all the same. What is said first keeps it from being taken for what was
asked for, and hands the person to whoever can help (bounds.toml).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from career_advisor.text import ONESELF


@dataclass(frozen=True, slots=True)
class Bound:
    """Something that people ask for and that nothing written can do."""

    key: str
    says: str
    """One sentence of ours."""
    asks: tuple[str, ...]
    """Questions that guidance answers beside it; where there are none, what only comes near helps nobody."""
    hands_over: bool
    """Whether the people offered may know whom to ask."""
    of_oneself: bool
    pattern: re.Pattern[str]

    def fits(self, message: str) -> bool:
        """Tell whether a message asks for it."""
        return bool(self.pattern.search(message)) and (not self.of_oneself or bool(ONESELF.search(message)))

    def is_all(self, questions: Sequence[str]) -> bool:
        """Tell whether nothing that guidance answers is asked beside it."""
        return not self.asks and not self.is_aside(questions)

    def is_aside(self, questions: Sequence[str]) -> bool:
        """Tell whether of several questions no more than half ask for it, and not the first.

        What guidance answers, too (`asks`), is never one: what is said of it leads up to that.
        """
        fits = [bool(self.pattern.search(each)) for each in questions]
        return not self.asks and len(fits) > 1 and not fits[0] and 2 * sum(fits) <= len(fits)


@lru_cache(maxsize=1)
def known_bounds() -> tuple[Bound, ...]:
    """Return all of them, in the order in which they count."""
    text = resources.files("career_advisor").joinpath("bounds.toml").read_text("utf-8")
    return tuple(
        Bound(
            key=key,
            says=each["says"],
            asks=tuple(each["asks"]),
            hands_over=each["hands_over"],
            of_oneself=each["of_oneself"],
            pattern=re.compile("|".join(each["patterns"]), re.IGNORECASE),
        )
        for key, each in tomllib.loads(text).items()
    )


def bound_of(message: str) -> Bound | None:
    """Return what a message asks for beyond what guidance can do, if anything.

    >>> bound_of("Could you email her for me?").key
    'act'
    >>> bound_of("Who answers emails about courses?") is None
    True
    """
    return next((bound for bound in known_bounds() if bound.fits(message)), None)

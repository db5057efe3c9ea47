"""Gaps: what do people ask that guidance about these careers leaves open, and of what kind is it?

A search finds something near to every question, and how near it is says little about whether it answers: what one
employer pays stands next to what programmes pay. But what guidance lacks is asked again and again, and is of a few
dozen kinds (gaps.toml). A linear model of the question's vector was shown some three thousand such questions, and more
than ten thousand that are answered (`python benchmarks/gaps.py`; docs/decisions/0024-gaps.md). How likely a question is
of any such kind counts when it is judged whether it is answered; and where it is not, the kind is named. Most messages
that tell of somebody's life ask several things, of which guidance answers some: so a network that
was shown what readers found left open of such messages tells what is left open beside what is answered (`listening`).
"""

from __future__ import annotations

import math
import tomllib
from functools import lru_cache
from importlib import resources
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from career_advisor.listening import GAP, Heard

Vectors: TypeAlias = npt.NDArray[np.float32]

NONE, OTHER = "none", "other"
"""What is learnt beside the kinds: a question that guidance answers, and one that it leaves open of no such kind."""
NAMED = 0.65
"""Share among the kinds and `other` from which a question that is not answered is said to be of a kind."""
EACH = 1.5
"""Log-odds from which a message is said to leave something of a kind open, whatever else it asks."""
SURELY = 2.0
"""Log-odds from which a message of a kind is on the subject of such guidance: 4 of 280 that are off it reach them."""
MOST = 2
"""Kinds that are named of one message."""
LEAST = 1e-4
"""Share of all kinds below which a question is surely of none."""


class Gap(NamedTuple):
    """A kind of question that guidance leaves open."""

    key: str
    lacks: str
    """The end of "My sources don't …"."""

    @property
    def of_a_person(self) -> bool:
        """Whether it says less than the name of the person who is asked about."""
        return self.key == "person"


class Gaps(NamedTuple):
    """Tells kinds apart by what was learnt for one encoder."""

    kinds: tuple[str, ...]
    """Keys, NONE and OTHER among them."""
    weights: Vectors
    """Linear models of a question's vector, their bias last, shape (dimension + 1, kinds)."""

    def shares(self, question: Vectors) -> dict[str, float]:
        """Return how likely a question, a vector of shape (dimension,), is of each kind."""
        near = question @ self.weights[:-1] + self.weights[-1]
        share = np.exp(near - near.max())
        return dict(zip(self.kinds, (share / share.sum()).tolist(), strict=True))

    def log_odds(self, question: Vectors) -> float:
        """Return the log-odds that guidance leaves a question open."""
        answered = min(max(self.shares(question)[NONE], LEAST), 1.0 - LEAST)
        return math.log((1.0 - answered) / answered)

    def kind_of(self, question: Vectors) -> Gap | None:
        """Return the kind that a question which is not answered is of, where one is likely enough."""
        shares = self.shares(question)
        open_ = 1.0 - shares.pop(NONE)
        key = max(shares, key=lambda each: shares[each])
        return None if key == OTHER or shares[key] < NAMED * open_ else known_gaps()[key]


def left_open(heard: Heard) -> list[Gap]:
    """Return the kinds that a message surely leaves open, whatever else of it is answered: MOST of them."""
    odds = heard.odds[GAP]
    surest = sorted((key for key in odds if key in known_gaps()), key=lambda key: -odds[key])
    return [known_gaps()[key] for key in surest[:MOST] if odds[key] >= EACH]


@lru_cache(maxsize=1)
def known_gaps() -> dict[str, Gap]:
    """Return all kinds that have a name."""
    text = resources.files("career_advisor").joinpath("gaps.toml").read_text("utf-8")
    return {key: Gap(key, each["lacks"]) for key, each in tomllib.loads(text).items()}


@lru_cache(maxsize=4)
def gaps_for(encoder: str) -> Gaps | None:
    """Return what `python benchmarks/gaps.py --write` learnt for an encoder; `None` for others."""
    with resources.files("career_advisor").joinpath("gaps.npz").open("rb") as file, np.load(file) as arrays:
        if encoder not in arrays.files:
            return None
        return Gaps(tuple(map(str, arrays["kinds"])), arrays[encoder].astype(np.float32))

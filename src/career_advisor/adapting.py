"""Adapting: where in guidance do the answers to questions like this one stand?

An encoder that was trained on everything puts "I'm 41 and burnt out from consulting" near to burning out; guidance
answers it under changing over in mid-career. A linear query adapter of low rank, learnt from thousands of labelled
questions and the sections that answer them, moves a question's vector to where its answers are; how near each section
then is counts beside what the search found without it. Of the shipped sections it is known by heart, too, which
questions each answers: a linear model of them was shown some fourteen thousand (`python benchmarks/adapting.py`;
docs/decisions/0021-adapting.md). In an index about something else than AI safety nothing is adapted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Vectors: TypeAlias = npt.NDArray[np.float32]
Positions: TypeAlias = npt.NDArray[np.intp]

LEAST = -6.0
"""Log-share below which all sections are equally far: what a name or a rare word found must still be able to win."""


Named: TypeAlias = tuple[str, str]
"""A section by the path of its document and its own heading."""


class Known(NamedTuple):
    """A linear model of sections: which of them answers, by the question's vector alone."""

    rows: Mapping[Named, int]
    weights: Vectors
    """Shape (sections, dimension)."""
    bias: Vectors
    """Shape (sections,)."""

    def log_shares(self, questions: Vectors) -> Vectors:
        """Return the logarithms of the shares of all of them, in an index or not; shape (questions, sections)."""
        return _log_shares(questions @ self.weights.T + self.bias)


class Adapter(NamedTuple):
    """A linear map of questions, and how much what it finds counts."""

    down: Vectors
    """Shape (dimension, rank)."""
    up: Vectors
    """Shape (rank, dimension)."""
    sharpness: float
    """What cosines are multiplied by before sections are compared."""
    weight: float
    """Of a section's log-share, beside 1 for the dense leg, when hits are taken."""
    order: float = 0.0
    """Of the same beside the log-odds of a hit's best sentence, when they are ordered."""
    known: Known | None = None

    def moved(self, questions: Vectors) -> Vectors:
        """Return where the answers to questions are, as unit vectors; both of shape (questions, dimension)."""
        there = questions + (questions @ self.down) @ self.up
        return np.asarray(there / np.linalg.norm(there, axis=1, keepdims=True), np.float32)

    def log_shares(self, questions: Vectors, cosines: Vectors, bounds: Positions, named: Sequence[Named]) -> Vectors:
        """Return how likely each section has the answer, shape (sections,): logarithms of shares.

        Of several questions it is the mean. What is known of a section by heart decides; one that is new is as near as
        the nearest of its windows to the moved question.

        Args:
            questions: Vectors of length 1, shape (questions, dimension).
            cosines: Of the moved questions to the windows, section by section, shape (questions, windows).
            bounds: First window of each section and their number at the end, shape (sections + 1,); none is empty.
            named: The sections.
        """
        shares = _log_shares(self.sharpness * np.maximum.reduceat(cosines, bounds[:-1], axis=1))
        if self.known is not None:
            met = [(place, self.known.rows[name]) for place, name in enumerate(named) if name in self.known.rows]
            if met:
                places, rows = np.array(met).T
                shares[:, places] = self.known.log_shares(questions)[:, rows]
        return np.asarray(np.maximum(shares, LEAST).mean(axis=0), np.float32)


def _log_shares(near: npt.NDArray[np.floating]) -> Vectors:
    """Return log-softmax over the last axis."""
    near = near - near.max(axis=1, keepdims=True)
    return np.asarray(near - np.log(np.exp(near).sum(axis=1, keepdims=True)), np.float32)


@lru_cache(maxsize=4)
def adapter_for(encoder: str) -> Adapter | None:
    """Return what `python benchmarks/adapting.py --write` learnt for an encoder; `None` for others."""
    with resources.files("career_advisor").joinpath("adapting.npz").open("rb") as file, np.load(file) as arrays:
        if f"{encoder} down" not in arrays.files:
            return None
        down, up = (arrays[f"{encoder} {name}"].astype(np.float32) for name in ("down", "up"))
        weights, bias = (arrays[f"{encoder} {name}"].astype(np.float32) for name in ("known", "bias"))
        rows = {(str(path), str(heading)): row for row, (path, heading) in enumerate(arrays["sections"])}
        sharpness, weight, order = map(float, arrays[f"{encoder} scale"])
        return Adapter(down, up, sharpness, weight, order, Known(rows, weights, bias))

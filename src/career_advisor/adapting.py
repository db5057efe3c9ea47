"""Adapting: where in guidance do the answers to questions like this one stand?

An encoder that was trained on everything puts "I'm 41 and burnt out from consulting" near to burning out; guidance
answers it under changing over in mid-career. A linear query adapter of low rank, learnt from thousands of labelled
questions and the sections that answer them, moves a question's vector to where its answers are; how near each section
then is counts beside what the search found without it (`python benchmarks/adapting.py`;
docs/decisions/0021-adapting.md). In an index about something else than AI safety nothing is adapted.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Vectors: TypeAlias = npt.NDArray[np.float32]
Positions: TypeAlias = npt.NDArray[np.intp]

LEAST = -6.0
"""Log-share below which all sections are equally far: what a name or a rare word found must still be able to win."""


class Adapter(NamedTuple):
    """A linear map of questions, and how much what it finds counts."""

    down: Vectors
    """Shape (dimension, rank)."""
    up: Vectors
    """Shape (rank, dimension)."""
    sharpness: float
    """What cosines are multiplied by before sections are compared."""
    weight: float
    """Of a section's log-share, beside 1 for the dense leg."""

    def moved(self, questions: Vectors) -> Vectors:
        """Return where the answers to questions are, as unit vectors; both of shape (questions, dimension)."""
        there = questions + (questions @ self.down) @ self.up
        return np.asarray(there / np.linalg.norm(there, axis=1, keepdims=True), np.float32)

    def log_shares(self, cosines: Vectors, bounds: Positions) -> Vectors:
        """Return how likely each section has the answer, shape (sections,): logarithms of shares that sum to 1.

        Of several questions it is the mean. A section is as near as the nearest of its windows.

        Args:
            cosines: Of the moved questions to the windows, section by section, shape (questions, windows).
            bounds: First window of each section and their number at the end, shape (sections + 1,); none is empty.
        """
        near = self.sharpness * np.maximum.reduceat(cosines, bounds[:-1], axis=1)
        near -= near.max(axis=1, keepdims=True)
        shares = near - np.log(np.exp(near).sum(axis=1, keepdims=True))
        return np.asarray(np.maximum(shares, LEAST).mean(axis=0), np.float32)


@lru_cache(maxsize=4)
def adapter_for(encoder: str) -> Adapter | None:
    """Return what `python benchmarks/adapting.py --write` learnt for an encoder; `None` for others."""
    with resources.files("career_advisor").joinpath("adapting.npz").open("rb") as file, np.load(file) as arrays:
        if f"{encoder} down" not in arrays.files:
            return None
        down, up = (arrays[f"{encoder} {name}"].astype(np.float32) for name in ("down", "up"))
        sharpness, weight = map(float, arrays[f"{encoder} scale"])
        return Adapter(down, up, sharpness, weight)

"""Telling: which situations do somebody's own words tell of?

A pattern finds what is said in its own words, and what people say of themselves is seldom said twice alike. So readers
have marked, for some three thousand messages, which situations of situations.toml their writers are in and which of
these matter most for advising them; for each situation two linear models learnt from the encoder's vector of the
message, and from which patterns fit it, whether the writer is in it and whether it matters
(`python benchmarks/telling.py`; docs/decisions/0019-telling.md). For an encoder that nobody measured the patterns alone
decide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Vectors: TypeAlias = npt.NDArray[np.float32]

SCALE = 4.0
"""By which a vector is multiplied beside the signs, which are 0 or 1: the parts of a unit vector are small."""


class Weight(NamedTuple):
    """What is thought of one situation."""

    holds: float
    """Log-odds that the writer is in it."""
    matters: float
    """Log-odds that advice to them turns on it."""


@dataclass(frozen=True, slots=True)
class Teller:
    """Weighs situations by what was learnt for one encoder."""

    situations: tuple[str, ...]
    """Keys."""
    holds: Vectors
    """Linear models of `features`, their bias last, shape (dimension + signs + 1, situations)."""
    matters: Vectors
    """In the same shape."""

    def weigh(self, vector: Vectors, signs: Sequence[float]) -> dict[str, Weight]:
        """Return what is thought of each situation that was learnt.

        Args:
            vector: Of the message, shape (dimension,).
            signs: Whether the pattern of each situation fits, in their order, and whether the writer says "I".
        """
        seen = np.append(features(vector[None], np.array([signs], np.float32))[0], np.float32(1.0))
        both = zip((seen @ self.holds).tolist(), (seen @ self.matters).tolist(), strict=True)
        return {key: Weight(*odds) for key, odds in zip(self.situations, both, strict=True)}


def features(vectors: Vectors, signs: Vectors) -> Vectors:
    """Return what the linear models see of messages, shape (messages, dimension + signs)."""
    return np.concatenate([SCALE * vectors, signs], axis=1)


@lru_cache(maxsize=4)
def teller_for(encoder: str, situations: tuple[str, ...]) -> Teller | None:
    """Return what `python benchmarks/telling.py --write` fitted for an encoder; `None` for others.

    Args:
        encoder: Its name.
        situations: Keys of those known now: what was fitted when there were others is not asked.
    """
    with resources.files("career_advisor").joinpath("telling.npz").open("rb") as file, np.load(file) as arrays:
        if f"{encoder} holds" not in arrays.files or tuple(map(str, arrays["situations"])) != situations:
            return None
        fitted: Mapping[str, Vectors] = {name: arrays[f"{encoder} {name}"] for name in ("holds", "matters")}
        return Teller(situations, *(each.astype(np.float32) for each in fitted.values()))

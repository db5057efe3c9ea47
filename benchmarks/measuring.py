"""What several measurements share: intervals, and texts as they are compared."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

RESAMPLES = 2_000


def one_line(text: str) -> str:
    """Return a text with single spaces."""
    return " ".join(text.split())


def interval(values: npt.NDArray[np.float64]) -> list[float]:
    """Return mean, lower and upper bound of 95 % by resampling."""
    drawn = np.random.default_rng(0).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), [0.025, 0.975])
    return [round(float(x), 3) for x in (values.mean(), low, high)]

"""How sure a mean is: bootstrap intervals over clusters, and an exact test for pairs.

Cases about one page, or of one conversation, fail together; so whole clusters are drawn, not cases.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

RESAMPLES = 2_000
SEED = 20_261_125
LEVELS = (2.5, 97.5)
_DIGITS = 6


class Interval(NamedTuple):
    """A mean and its 95 % interval."""

    mean: float | None
    """None where there is nothing to take the mean of."""
    low: float | None
    """None with fewer than two clusters: nothing is known of the spread."""
    high: float | None
    n: int

    def json(self) -> dict[str, Any]:
        """Return it as an object."""
        return self._asdict()


def mean_of(values: Sequence[float], clusters: Sequence[str]) -> Interval:
    """Return the mean with its percentile bootstrap over clusters, 2,000 resamples, always the same ones.

    Args:
        values: One a case.
        clusters: What each case shares its fate with.
    """
    if not values:
        return Interval(None, None, None, 0)
    mean = _round(float(np.mean(values)))
    places = _members(clusters)
    if len(places) <= 1:
        return Interval(mean, None, None, len(values))
    array = np.asarray(values, dtype=np.float64)
    sums = np.array([array[each].sum() for each in places])
    sizes = np.array([len(each) for each in places])
    drawn = _draws(len(places))
    low, high = np.percentile(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1), LEVELS)
    return Interval(mean, _round(low), _round(high), len(values))


def auroc(positive: Sequence[float], negative: Sequence[float], clusters: Sequence[str]) -> Interval:
    """Return how often a positive is above a negative, ties half, with its bootstrap over clusters.

    Args:
        positive: Confidences where an answer is due.
        negative: Confidences where none is.
        clusters: Of the positives, then of the negatives.

    Returns:
        `n` counts both; the mean is None unless there are both.
    """
    scores = np.array([*positive, *negative], dtype=np.float64)
    truth = np.arange(len(scores)) < len(positive)
    mean = _area(scores, truth)
    if mean is None:
        return Interval(None, None, None, len(scores))
    places = _members(clusters)
    sampled = []
    for draw in _draws(len(places)):
        taken = np.concatenate([places[i] for i in draw])
        if (area := _area(scores[taken], truth[taken])) is not None:
            sampled.append(area)
    if len(places) <= 1 or not sampled:
        return Interval(_round(mean), None, None, len(scores))
    low, high = np.percentile(sampled, LEVELS)
    return Interval(_round(mean), _round(low), _round(high), len(scores))


def risk_coverage(confidences: Sequence[float], wrong: Sequence[bool], whole: int) -> list[tuple[float, float]]:
    """Return which share of what is answered is wrong, were only the surest answered.

    Args:
        confidences: Of the replies that answer.
        wrong: Whether each did not pass.
        whole: How many cases there were, answered or not.

    Returns:
        (coverage, risk) by rising coverage, answered of `whole` and wrong of answered; equal confidences go together.
    """
    order = sorted(zip(confidences, wrong, strict=True), key=lambda pair: -pair[0])
    curve, failed = [], 0
    for i, (confidence, is_wrong) in enumerate(order, start=1):
        failed += is_wrong
        if i == len(order) or order[i][0] != confidence:
            curve.append((_round(i / whole), _round(failed / i)))
    return curve


def mcnemar(fixed: int, broken: int) -> float:
    """Return the two-sided exact p-value of so many pairs having changed for the better and for the worse.

    McNemar, Psychometrika 1947, doi:10.1007/BF02295996, in its exact form: twice the smaller binomial tail at 1/2.

    >>> round(mcnemar(1, 8), 4), mcnemar(0, 0)
    (0.0391, 1.0)
    """
    n = fixed + broken
    tail = sum(math.comb(n, i) for i in range(min(fixed, broken) + 1))
    return min(1.0, 2 * tail / (1 << n))


def percentiles(values: Sequence[float]) -> Mapping[str, Any]:
    """Return p50, p95 and n; None for both where there is no value."""
    if not values:
        return {"p50": None, "p95": None, "n": 0}
    middle, late = np.percentile(values, [50, 95])
    return {"p50": round(float(middle), 2), "p95": round(float(late), 2), "n": len(values)}


def _members(clusters: Sequence[str]) -> list[npt.NDArray[np.int64]]:
    places: dict[str, list[int]] = {}
    for i, cluster in enumerate(clusters):
        places.setdefault(cluster, []).append(i)
    return [np.array(each, dtype=np.int64) for each in places.values()]


@lru_cache(maxsize=16)
def _draws(clusters: int) -> npt.NDArray[np.int32]:
    return np.random.default_rng(SEED).integers(0, clusters, (RESAMPLES, clusters), dtype=np.int32)


def _area(scores: npt.NDArray[np.float64], truth: npt.NDArray[np.bool_]) -> float | None:
    """Return the area under the curve from the ranks, ties at their mean (Mann and Whitney); None with one class."""
    positives = int(truth.sum())
    negatives = len(truth) - positives
    if not positives or not negatives:
        return None
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks = (ends - (counts - 1) / 2)[inverse]
    above = float(ranks[truth].sum()) - positives * (positives + 1) / 2
    return float(above / (positives * negatives))


def _round(value: float) -> float:
    return round(float(value), _DIGITS)

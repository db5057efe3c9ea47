"""Finding: scores of windows become scores of sentences, and the best sentences grow into readable passages.

Every window is scored against every query, exactly. Cosines of one size are standardised over all windows of that
size, because small windows spread more than large ones; a sentence gets a soft maximum of the windows that hold it. To
that come the other wordings of its section's question and BM25, by weights measured for each encoder.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from career_advisor.records import Hit, Shelf, Span

Scores: TypeAlias = npt.NDArray[np.float32]


class Weights(NamedTuple):
    """How much each leg counts. Measured: docs/decisions/0002-window-scoring.md."""

    lexical: float
    """Of the standardised BM25 score, beside 1 for the dense one."""
    wording: float
    """Of the standardised cosine of the best other wording of a section's question."""


DEFAULT = Weights(lexical=0.2, wording=0.6)
WEIGHTS = {"all-mpnet-base-v2": Weights(0.05, 0.6), "all-MiniLM-L6-v2": Weights(0.2, 0.6)}

SMALLEST_COUNTS = 2.0
"""Weight of the smallest size, beside 1 for each other: it tells neighbours apart."""
PASSAGE_WORDS = 45
"""Words to which a passage is grown; shorter ones show more places, longer ones read better."""


WHOLE_SECTION_WORDS = 180
"""A section up to this long is shown whole: its author made it to be read at once."""


def weights_for(encoder: str) -> Weights:
    """Return the weights for an encoder by name."""
    return WEIGHTS.get(encoder, DEFAULT)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What can be worked out once for an index."""

    cover: tuple[Any, ...]
    """For each size, sparse, shape (passages, windows): row i averages the windows of that size that hold passage i."""
    share: tuple[Scores, ...]
    """For each size, its share in the score of each passage, shape (passages,); the shares of a passage sum to 1."""
    touch: Any
    """Pairs (passage, window) of the cover, for the best single window: passage and window positions."""
    sizes: tuple[npt.NDArray[np.intp], ...]
    """Positions of the windows of each size."""
    wordings: npt.NDArray[np.intp]
    """Positions of the wordings among the windows."""
    wording_section: npt.NDArray[np.intp]
    """Section number, counted over the index, of each wording."""
    section: npt.NDArray[np.intp]
    """Section number of each passage."""
    sections: int
    words: npt.NDArray[np.intp]
    """Length of each passage in words."""
    section_words: npt.NDArray[np.intp]
    """Length of each passage's section in words."""


_prepared: weakref.WeakKeyDictionary[Any, _Prepared] = weakref.WeakKeyDictionary()


def retrieve(
    queries: Sequence[str], vectors: Scores, shelf: Shelf, *, limit: int = 8, weights: Weights = DEFAULT
) -> list[Hit]:
    """Find passages.

    Args:
        queries: One or several ways of asking; each is ranked by itself and the scores are averaged.
        vectors: Of the queries, shape (len(queries), dimension), rows of length 1.
        shelf: The index.
        limit: Hits at most.
        weights: Of the legs.

    Returns:
        By falling score; ties in the order of the index. No two overlap, and words that stand in two documents are
        shown once.
    """
    if not queries or not shelf.passages:
        return []
    ready = _prepare(shelf)
    cosines = np.asarray(vectors, np.float32) @ shelf.vectors.T
    dense = np.mean([_dense(row, ready) for row in cosines], axis=0)
    lexical = np.mean([_standard(np.asarray(shelf.lexical(query), np.float32)) for query in queries], axis=0)
    wording, wording_cosine = _wording(cosines, ready)
    fused = dense + weights.lexical * lexical + weights.wording * wording
    best_cosine = _best_cosine(cosines.max(axis=0), ready, len(shelf.passages))
    legs = {"dense": dense, "lexical": lexical, "wording": wording}
    return _grown(_Scored(fused, legs, best_cosine, wording_cosine), shelf, ready, limit)


def _prepare(shelf: Shelf) -> _Prepared:
    if shelf not in _prepared:
        _prepared[shelf] = _work_out(shelf)
    return _prepared[shelf]


def _work_out(shelf: Shelf) -> _Prepared:
    from scipy.sparse import csr_matrix

    sections: dict[tuple[str, int], int] = {}
    by_section: dict[tuple[str, int], list[int]] = {}
    for i, passage in enumerate(shelf.passages):
        key = (passage.document, passage.section)
        sections.setdefault(key, len(sections))
        by_section.setdefault(key, []).append(i)
    rows, columns, sizes = [], [], []
    for position, window in enumerate(shelf.windows):
        if window.size == 0:
            continue
        for i in by_section.get((window.document, window.section), ()):
            passage = shelf.passages[i]
            shared = min(passage.end, window.end) - max(passage.start, window.start)
            # A window speaks for the sentences of which it holds at least half.
            if 2 * shared >= passage.end - passage.start or 2 * shared >= window.end - window.start:
                rows.append(i)
                columns.append(position)
                sizes.append(window.size)
    shape = (len(shelf.passages), len(shelf.windows))
    all_sizes = np.array([window.size for window in shelf.windows], dtype=np.intp)
    wordings = np.flatnonzero(all_sizes == 0)
    kinds = [size for size in np.unique(all_sizes) if size]
    held = [csr_matrix((np.equal(sizes, kind), (rows, columns)), shape=shape, dtype=np.float32) for kind in kinds]
    counts = [np.asarray(matrix.sum(axis=1), np.float32).ravel() for matrix in held]
    present = np.array([(SMALLEST_COUNTS if i == 0 else 1.0) * (n > 0) for i, n in enumerate(counts)], np.float32)
    total = np.maximum(present.sum(axis=0), 1e-9) if kinds else np.ones(shape[0], np.float32)
    section = np.array([sections[p.document, p.section] for p in shelf.passages], np.intp)
    words = np.array([len(shelf.documents[p.document].text[p.start : p.end].split()) for p in shelf.passages], np.intp)
    return _Prepared(
        cover=tuple(m.multiply(1.0 / np.maximum(n, 1.0)[:, None]).tocsr() for m, n in zip(held, counts, strict=True)),
        share=tuple(present / total),
        touch=(np.array(rows, np.intp), np.array(columns, np.intp)),
        sizes=tuple(np.flatnonzero(all_sizes == kind) for kind in kinds),
        wordings=wordings,
        wording_section=np.array(
            [sections.get((shelf.windows[int(w)].document, shelf.windows[int(w)].section), 0) for w in wordings],
            np.intp,
        ),
        section=section,
        sections=len(sections),
        words=words,
        section_words=np.bincount(section, weights=words).astype(np.intp)[section],
    )


def _standard(scores: Scores) -> Scores:
    """Return scores with mean 0 and deviation 1; zeros where all are equal."""
    deviation = float(scores.std())
    return (scores - scores.mean()) / deviation if deviation > 1e-9 else np.zeros_like(scores)  # noqa: PLR2004


def _dense(cosines: Scores, ready: _Prepared) -> Scores:
    """Return one score for each passage, shape (passages,).

    Of the windows of one size that hold it the better ones count more (the logarithm of the mean of exponentials,
    between mean and maximum): a window that only begins or ends with the passage says little against it.
    """
    scores = np.zeros(len(ready.section), np.float32)
    for positions, cover, share in zip(ready.sizes, ready.cover, ready.share, strict=True):
        spread = np.zeros_like(cosines)
        spread[positions] = np.exp(_standard(cosines[positions]))
        scores += share * np.log(np.maximum(cover @ spread, 1e-6))
    return scores


def _wording(cosines: Scores, ready: _Prepared) -> tuple[Scores, Scores]:
    """Return for each passage the standardised score, and the cosine, of its section's best wording."""
    if not len(ready.wordings):
        nothing = np.zeros(len(ready.section), np.float32)
        return nothing, nothing
    best = np.full(ready.sections, -1.0, np.float32)
    np.maximum.at(best, ready.wording_section, cosines[:, ready.wordings].max(axis=0))
    known = best > -1.0
    standard = np.zeros_like(best)
    standard[known] = _standard(best[known])
    return standard[ready.section], np.maximum(best, 0.0)[ready.section]


def _best_cosine(cosines: Scores, ready: _Prepared, passages: int) -> Scores:
    best = np.full(passages, -1.0, np.float32)
    np.maximum.at(best, ready.touch[0], cosines[ready.touch[1]])
    return best


class _Scored(NamedTuple):
    """Scores of the passages, each of shape (passages,)."""

    fused: Scores
    legs: dict[str, Scores]
    best_cosine: Scores
    wording_cosine: Scores


def _grown(scored: _Scored, shelf: Shelf, ready: _Prepared, limit: int) -> list[Hit]:
    """Take the best passage that is left, grow it by its better neighbour, and go on until there are enough."""
    fused, legs, best_cosine, wording_cosine = scored
    ranks = {name: _ranks(scores) for name, scores in legs.items()}
    taken = np.zeros(len(fused), bool)
    shown: set[str] = set()
    hits: list[Hit] = []
    for peak in np.argsort(-fused, kind="stable"):
        if len(hits) >= limit:
            break
        if taken[peak]:
            continue
        first, last = _stretch(int(peak), fused, taken, ready)
        taken[first : last + 1] = True
        place = shelf.passages[peak]
        document = shelf.documents[place.document]
        start, end = shelf.passages[first].start, shelf.passages[last].end
        same = " ".join(document.text[start:end].lower().split())
        if same in shown:
            continue
        shown.add(same)
        inside = slice(first, last + 1)
        hits.append(
            Hit(
                document=document,
                section=place.section,
                start=start,
                end=end,
                score=float(fused[peak]),
                sentences=tuple(Span(p.start, p.end) for p in shelf.passages[inside]),
                sentence_scores=tuple(float(score) for score in fused[inside]),
                similarity=float(best_cosine[inside].max()),
                wording=float(wording_cosine[peak]),
                legs={name: int(r[peak]) for name, r in ranks.items() if r[peak]},
                leg_scores={name: float(scores[peak]) for name, scores in legs.items()},
            )
        )
    return hits


def _stretch(peak: int, fused: Scores, taken: npt.NDArray[np.bool_], ready: _Prepared) -> tuple[int, int]:
    """Return first and last passage of the readable stretch around a peak, inside its section."""
    first = last = peak
    size = int(ready.words[peak])
    section = ready.section[peak]
    enough = WHOLE_SECTION_WORDS if ready.section_words[peak] <= WHOLE_SECTION_WORDS else PASSAGE_WORDS
    while size < enough:
        before = first > 0 and not taken[first - 1] and ready.section[first - 1] == section
        after = last + 1 < len(fused) and not taken[last + 1] and ready.section[last + 1] == section
        if not before and not after:
            break
        if after and (not before or fused[last + 1] >= fused[first - 1]):
            last += 1
            size += int(ready.words[last])
        else:
            first -= 1
            size += int(ready.words[first])
    return first, last


def _ranks(scores: Scores) -> npt.NDArray[np.intp]:
    """Return the rank of each, from 1; 0 for those that a leg did not find (its lowest score)."""
    ranks = np.zeros(len(scores), np.intp)
    order = np.argsort(-scores, kind="stable")
    ranks[order] = np.arange(1, len(scores) + 1)
    ranks[scores <= scores.min()] = 0
    return ranks

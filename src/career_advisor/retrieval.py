"""Finding: scores of windows become scores of sentences, and the best run of sentences becomes a passage to read.

Every window is scored against every query, exactly, in one matrix product. Cosines of one size are standardised over
all windows of that size, because small windows spread more than large ones; a sentence gets, for each size, a soft
maximum of the windows around it. To that come the other wordings of its section's question and BM25, by weights
measured for each encoder.

Of what was found this way, each sentence is then asked whether it answers: a window of 48 words says little about
which of its sentences does. Its own cosine, the words it shares with the question (a rare one counts more) and how it
was found are weighed by a conditional logistic regression (benchmarks/sentences.py); the hit with the best sentence
comes first.

A question that names what the whole index is about ("... in AI safety?") is nearest to whatever says so most often,
and that is seldom its answer. So the index's common theme (the mean of its vectors and their widest directions) is
taken out of such a question, the more the closer it comes to the theme. docs/decisions/0002-window-scoring.md has the
measurements.
"""

from __future__ import annotations

import itertools
import tomllib
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from career_advisor.adapting import Adapter, Named
from career_advisor.interaction import long_sections
from career_advisor.rarity import Rarity
from career_advisor.records import SENTENCE, Hit, Passage, Shelf, Span, Window
from career_advisor.text import content_words, stems

Scores: TypeAlias = npt.NDArray[np.float32]
Positions: TypeAlias = npt.NDArray[np.intp]
Weighed: TypeAlias = list[tuple[Hit, npt.NDArray[np.float64]]]
"""Hits, and of each the `Signs` of its sentences, shape (sentences, len(Signs))."""


class Weights(NamedTuple):
    """How much each leg counts beside 1 for the dense one. Measured: docs/decisions/0002-window-scoring.md."""

    lexical: float
    """Of the standardised BM25 score."""
    wording: float
    """Of the standardised cosine of the best other wording of a section's question."""


DEFAULT = Weights(lexical=0.15, wording=1.0)
"""For an encoder that nobody measured: between those of the two below."""
WEIGHTS = {"all-mpnet-base-v2": Weights(0.1, 1.0), "all-MiniLM-L6-v2": Weights(0.2, 1.0)}

SIZE_WEIGHTS = (3.0, 2.0, 1.0)
"""Of the smallest, the second and each larger size: small windows tell neighbours apart, large ones know the topic."""
SHARPNESS = 2.0
"""Of the soft maximum over the windows around a sentence: 0 would be their mean, infinity the best of them."""
LOUDEST = 12.0
"""Standard score above which all are equal, so that one window's exponential does not drown the sum of the others."""
THEME_DIRECTIONS = 6
"""Widest directions of the vectors that count as the theme, beside their mean."""
THEME_FROM, THEME_TO = 0.2, 0.5
"""Cosine to the mean at which the theme begins to be taken out of a question, and from which it is wholly out."""
LEAST_LEFT = 0.5
"""Share of the usual (squared) rest of a vector without the theme that a smaller rest is counted as."""
THEME_NEEDS = 100
"""Windows from which an index has a theme: fewer are about one thing, and all of it would be taken out."""

SHOWN_WORDS = Span(30, 60)
"""Length of a run of sentences that is shown, at least and at most. Shorter ones show more places in as many words."""
WHOLE_SECTION_WORDS = 180
"""A section up to this long is shown whole: its author made it to be read at once."""
SAME = 0.8
"""Share of its word triples that a stretch must have in common with one shown before it to be left out."""


RERANKED = 12
"""Hits, from the best, whose sentences are weighed."""
BY_WORDS = 3
"""Of these, places that are kept for what shares the question's words best."""
FOUND = 6.0
"""What being found best adds to a hit's best sentence, in log-odds. Chosen on development questions (decision 8)."""
ANSWERING, ANSWERING_UNTAUGHT = 1.5, 0.75
"""Of the log-share of a section, or of a place in a long one, by what is likeliest in it, beside 1 for the dense leg,
when hits are taken: in an index of sentences that taught the network, and in one of others."""
FIRST_ANSWERING, FIRST_ANSWERING_UNTAUGHT = 8.0, 1.0
"""Of the same beside the log-odds of a hit's best sentence, when they are ordered."""
LEAST_SHARE = -12.0
"""Log-share below which all sections are equally unlikely."""
UNMEASURED = "all-MiniLM-L6-v2"
"""Encoder whose sentence weights stand in for those of one that nobody measured."""


class Signs(NamedTuple):
    """What speaks for a sentence of a hit being the answer."""

    cosine: float
    """Of the sentence alone to the question; the highest of several queries."""
    coverage: float
    """Share of the question's content, by rarity, that stands in the sentence."""
    coverage_with_heading: float
    """The same in the sentence and the headings above it."""
    coverage_by_wordings: float
    """The same in the headings and other wordings: of the section's question, without its text."""
    opens: float
    """1 for the first sentence of a section that has a heading."""
    wording: float
    """`Hit.wording`."""
    similarity: float
    """`Hit.similarity`."""
    fused: float
    """Fused score of the sentence, in deviations of all passages."""
    fused_share: float
    """The same as a share of the best hit's."""
    hit_share: float
    """Score of its hit as a share of the best hit's."""


@lru_cache(maxsize=1)
def _fitted() -> dict[str, Signs]:
    """Read what `python benchmarks/sentences.py --write` fitted."""
    text = resources.files("career_advisor").joinpath("sentences.toml").read_text("utf-8")
    return {encoder: Signs(**weights) for encoder, weights in tomllib.loads(text).items()}


def weights_for(encoder: str) -> Weights:
    """Return the weights for an encoder by name."""
    return WEIGHTS.get(encoder, DEFAULT)


class Search(NamedTuple):
    """One thing that is looked up."""

    queries: Sequence[str]
    """One or several ways of asking; each is scored by itself, and the standardised scores are averaged."""
    vectors: Scores
    """Of the queries, shape (len(queries), dimension), rows of length 1."""
    limit: int
    """Hits at most."""
    answering: Scores | None = None
    """Log-odds that each sentence, or place in a long section, answers, by the row of its window, as `interaction` has
    them; minus infinity of what is not known. Shape (windows,); `None` where nothing is."""
    taught: float = 1.0
    """Share of the sentences that taught `interaction`."""


def retrieve(
    queries: Sequence[str],
    vectors: Scores,
    shelf: Shelf,
    *,
    limit: int = 8,
    weights: Weights = DEFAULT,
    adapter: Adapter | None = None,
) -> list[Hit]:
    """Find passages.

    Args:
        queries: As `Search` has them, like the next and the limit.
        vectors: Of the queries.
        shelf: The index.
        limit: Hits at most.
        weights: Of the legs.
        adapter: Knows which sections answer such questions.

    Returns:
        By falling score; ties by document path and offset. No two overlap, none crosses a section, and words that
        stand in two documents are shown once.
    """
    return retrieve_each([Search(queries, vectors, limit)], shelf, weights=weights, adapter=adapter)[0]


def retrieve_each(
    searches: Sequence[Search], shelf: Shelf, *, weights: Weights = DEFAULT, adapter: Adapter | None = None
) -> list[list[Hit]]:
    """Find passages for several things at once, as `retrieve` does for one.

    The vectors of the index, some thirty megabytes, pass by once for all of them: that is most of what a search takes.
    """
    learnt = adapter.order if adapter is not None else 0.0
    deep = [search._replace(limit=max(search.limit, RERANKED)) for search in searches]
    weighed = weigh_each(deep, shelf, weights=weights, adapter=adapter)
    return [
        _reranked(each, shelf.encoder.name, learnt, _between(search, FIRST_ANSWERING_UNTAUGHT, FIRST_ANSWERING))[
            : search.limit
        ]
        if search.limit > 0
        else []
        for search, each in zip(searches, weighed, strict=True)
    ]


def weigh(
    queries: Sequence[str],
    vectors: Scores,
    shelf: Shelf,
    *,
    limit: int,
    weights: Weights = DEFAULT,
    adapter: Adapter | None = None,
) -> Weighed:
    """Find passages, and what speaks for each of their sentences, before it is weighed: `weigh_each` of one."""
    return weigh_each([Search(queries, vectors, limit)], shelf, weights=weights, adapter=adapter)[0]


def weigh_each(
    searches: Sequence[Search], shelf: Shelf, *, weights: Weights = DEFAULT, adapter: Adapter | None = None
) -> list[Weighed]:
    """Find passages for several things, and what speaks for each of their sentences, before it is weighed.

    Returns:
        For each of them hits by falling score, with the fused score as that of each sentence, and their `Signs` as an
        array of shape (sentences, len(Signs)).
    """
    asking = [search for search in searches if search.queries]
    if not asking or not shelf.passages:
        return [[] for _ in searches]
    ready = _prepare(shelf)
    near = _compared(np.concatenate([search.vectors for search in asking]).astype(np.float32), shelf, ready, adapter)
    weighed, at = [], 0
    for search in searches:
        upto = at + len(search.queries)
        weighed.append(_weighed(search, near.of(at, upto), shelf, weights, adapter) if search.queries else [])
        at = upto
    return weighed


def _between(search: Search, untaught: float, taught: float) -> float:
    """Return a weight between that for an index of sentences that taught nothing, and for one of those that did."""
    return untaught + search.taught * (taught - untaught)


def _weighed(search: Search, near: _Near, shelf: Shelf, weights: Weights, adapter: Adapter | None) -> Weighed:
    ready = _prepare(shelf)
    each = list(zip(near.raw, near.themeless, near.lean, strict=True))
    dense = np.mean([_dense(*row, ready) for row in each], axis=0)
    lexical = np.mean([_standard(np.asarray(shelf.lexical(query), np.float32)) for query in search.queries], axis=0)
    wording = np.mean([_wording(*row, ready) for row in each], axis=0)
    wording_cosine = np.maximum(_best_wording(near.raw.max(axis=0), ready), 0.0)[ready.section]
    legs = {"dense": dense, "lexical": lexical, "wording": wording}
    fused = dense + weights.lexical * lexical + weights.wording * wording
    found = fused
    if adapter is not None:
        cosines = near.moved[:, ready.texts]
        legs["learnt"] = adapter.log_shares(near.asked, cosines, ready.text_bounds, ready.named)[ready.section]
        found = fused + adapter.weight * legs["learnt"]
    if search.answering is not None:
        legs["answering"] = _answering(search.answering, ready)
        found = found + _between(search, ANSWERING_UNTAUGHT, ANSWERING) * legs["answering"]
    ranks = {name: _ranks(scores) for name, scores in legs.items()}
    scored = _Scored(found, fused, legs, ranks, _best_cosine(near.raw.max(axis=0), ready), wording_cosine)
    hits = _shown(scored, scored.found, shelf, ready, search.limit)
    if lexical.any():
        hits = _with_words(hits, _shown(scored, lexical, shelf, ready, BY_WORDS))[: search.limit]
    return list(zip(hits, _signs(search.queries, near.raw.max(axis=0), hits, ready), strict=True))


# ---------------------------------------------------------------- what is worked out once for an index


@dataclass(frozen=True, slots=True)
class _Size:
    """The windows of one size, and which of them speak for which passage."""

    windows: Positions
    """Positions among all windows, by section and offset."""
    first: Positions
    """For each passage, the first of `windows` that speaks for it, shape (passages,)."""
    last: Positions
    """One past the last; equal to `first` where none does."""
    share: Scores
    """Of this size in the score of each passage; the shares of a passage sum to 1."""


@dataclass(frozen=True, slots=True)
class _Theme:
    """What the windows of an index have in common."""

    mean: Scores
    directions: Scores
    """Shape (THEME_DIRECTIONS, dimension), orthonormal."""
    stretch: Scores
    """For each window, one over the length of what is left of its vector without the theme."""


@dataclass(frozen=True, slots=True)
class _Runs:
    """Every run of sentences that could be shown, by position in the index."""

    first: Positions
    last: Positions
    """One past the last passage."""
    words: Positions


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What can be worked out once for an index."""

    sizes: tuple[_Size, ...]
    """By rising size."""
    theme: _Theme | None
    wordings: Positions
    """Positions of the wordings among the windows."""
    wording_section: Positions
    """Section number, counted over the index, of each wording."""
    section: Positions
    """Section number of each passage."""
    bounds: Positions
    """First passage of each section, and their number at the end."""
    long: npt.NDArray[np.bool_]
    """Whether each passage stands in a long section (`interaction.long_sections`)."""
    texts: Positions
    """Windows that are no wordings, section by section."""
    text_bounds: Positions
    """First of `texts` of each section, and their number at the end."""
    named: tuple[Named, ...]
    """The sections by document and heading; the heading is empty where there is none."""
    own: Positions
    """Row of each passage's own window."""
    words: Positions
    """Length of each passage in words."""
    runs: _Runs
    alone: dict[tuple[str, int, int], int]
    """Row of each passage's own window among all vectors, by document, start and end."""
    rarity: Rarity


_prepared: weakref.WeakKeyDictionary[Shelf, _Prepared] = weakref.WeakKeyDictionary()


def _prepare(shelf: Shelf) -> _Prepared:
    ready = _prepared.get(shelf)
    if ready is None:
        ready = _prepared[shelf] = _work_out(shelf)
    return ready


def _work_out(shelf: Shelf) -> _Prepared:
    numbers: dict[tuple[str, int], int] = {}
    for passage in shelf.passages:
        numbers.setdefault((passage.document, passage.section), len(numbers))
    section = np.array([numbers[p.document, p.section] for p in shelf.passages], np.intp)
    bounds = np.searchsorted(section, np.arange(len(numbers) + 1))
    words = np.array([len(shelf.documents[p.document].text[p.start : p.end].split()) for p in shelf.passages], np.intp)
    sizes = np.array([window.size for window in shelf.windows], np.intp)
    of_section = np.array([numbers.get((w.document, w.section), -1) for w in shelf.windows], np.intp)
    wordings = np.flatnonzero((sizes == 0) & (of_section >= 0))
    texts = np.flatnonzero((sizes != 0) & (of_section >= 0))
    texts = texts[np.argsort(of_section[texts], kind="stable")]
    alone = {(w.document, w.start, w.end): row for row, w in enumerate(shelf.windows) if w.size == SENTENCE}
    long = long_sections(shelf.windows)
    return _Prepared(
        sizes=_sizes(shelf.passages, section, shelf.windows, of_section, sizes),
        theme=_theme(np.asarray(shelf.vectors, np.float32), sizes > 0),
        wordings=wordings,
        wording_section=of_section[wordings],
        section=section,
        bounds=bounds,
        long=np.array([(p.document, p.section) in long for p in shelf.passages], np.bool_),
        texts=texts,
        text_bounds=np.searchsorted(of_section[texts], np.arange(len(numbers) + 1)),
        named=tuple((path, " ".join(shelf.documents[path].sections[number].heading[-1:])) for path, number in numbers),
        own=np.array([alone[p.document, p.start, p.end] for p in shelf.passages], np.intp),
        words=words,
        runs=_runs(words, section, bounds),
        alone=alone,
        rarity=Rarity.among(list(shelf.documents.values())),
    )


def _sizes(
    passages: Sequence[Passage], section: Positions, windows: Sequence[Window], of_section: Positions, size: Positions
) -> tuple[_Size, ...]:
    """Find for each passage and size the windows that hold its middle, or whose middle it holds.

    Sections are laid end to end on one line, so that two sorted searches find them all and none in another section.
    """
    room = 1 + max([p.end for p in passages] + [w.end for w in windows])
    base = section * room
    start = base + np.array([p.start for p in passages])
    end = base + np.array([p.end for p in passages])
    middle = (start + end) // 2
    found: list[tuple[float, Positions, Positions, Positions]] = []
    for kind in np.unique(size[(size > 0) & (of_section >= 0)]):
        chosen = np.flatnonzero((size == kind) & (of_section >= 0))
        starts = of_section[chosen] * room + np.array([windows[i].start for i in chosen.tolist()])
        ends = of_section[chosen] * room + np.array([windows[i].end for i in chosen.tolist()])
        order = np.lexsort((ends, starts))
        chosen, starts, ends = chosen[order], starts[order], ends[order]
        middles = (starts + ends) // 2
        first = np.minimum(np.searchsorted(ends, middle, "right"), np.searchsorted(middles, start, "left"))
        last = np.maximum(np.searchsorted(starts, middle, "right"), np.searchsorted(middles, end, "left"))
        weight = SIZE_WEIGHTS[min(len(found), len(SIZE_WEIGHTS) - 1)]
        found.append((weight, chosen, first, last))
    total = sum((weight * (last > first) for weight, _, first, last in found), np.zeros(len(passages)))
    return tuple(
        _Size(chosen, first, last, (weight * (last > first) / np.maximum(total, 1e-9)).astype(np.float32))
        for weight, chosen, first, last in found
    )


def _theme(vectors: Scores, is_text: npt.NDArray[np.bool_]) -> _Theme | None:
    text = vectors[is_text]
    if len(text) < THEME_NEEDS:
        return None
    mean = text.mean(axis=0)
    centred = text - mean
    _, axes = np.linalg.eigh(centred.T @ centred)
    directions = np.ascontiguousarray(axes[:, : -THEME_DIRECTIONS - 1 : -1].T)
    away = vectors - mean
    left = np.square(away).sum(axis=1) - np.square(away @ directions.T).sum(axis=1)
    # What is nothing but the theme has next to nothing left; scaled to length 1 that would be noise, very loud.
    least = max(LEAST_LEFT * float(np.median(left[is_text])), 1e-6)
    return _Theme(mean, directions, (1.0 / np.sqrt(np.maximum(left, least))).astype(np.float32))


def _runs(words: Positions, section: Positions, bounds: Positions) -> _Runs:
    """List the runs of SHOWN_WORDS inside a section; of one that has fewer words, all of it; and a longer sentence."""
    count = np.concatenate(([0], np.cumsum(words)))
    ends = bounds[section + 1]
    enough = np.minimum(SHOWN_WORDS.start, (count[bounds[1:]] - count[bounds[:-1]])[section])
    firsts, lasts = [], []
    here = np.arange(len(words))
    length = 1
    while len(here):
        held = count[here + length] - count[here]
        good = (held >= enough[here]) & ((held <= SHOWN_WORDS.end) | (length == 1))
        # A run of few, long sentences may jump from too short to too long: then the longer one is taken.
        jumps = (held > SHOWN_WORDS.end) & (count[here + length - 1] - count[here] < enough[here])
        firsts.append(here[good | jumps])
        lasts.append(here[good | jumps] + length)
        here = here[(held < SHOWN_WORDS.end) & (here + length < ends[here])]
        length += 1
    first, last = np.concatenate(firsts), np.concatenate(lasts)
    order = np.lexsort((last, first))
    return _Runs(first[order], last[order], (count[last] - count[first])[order])


# ---------------------------------------------------------------- scores


class _Near(NamedTuple):
    """How near queries are to every window."""

    asked: Scores
    """Their vectors, shape (queries, dimension)."""
    raw: Scores
    """Cosines, shape (queries, windows)."""
    themeless: Scores
    """Those without the theme."""
    lean: Scores
    """How far each query leans on the theme, from 0 to 1, shape (queries,)."""
    moved: Scores
    """Cosines of where their answers are; no windows without an adapter."""

    def of(self, first: int, last: int) -> _Near:
        """Return the same of some of them."""
        return _Near(*(each[first:last] for each in self))


def _compared(asked: Scores, shelf: Shelf, ready: _Prepared, adapter: Adapter | None) -> _Near:
    """Compare queries with every window: as they are, without the theme, and moved to where their answers are."""
    matrix, theme, count = np.asarray(shelf.vectors, np.float32), ready.theme, len(asked)
    rest = asked
    if theme is not None:
        rest = asked - theme.mean
        rest -= (rest @ theme.directions.T) @ theme.directions
    moved = adapter.moved(asked) if adapter is not None else asked[:0]
    every = np.concatenate((asked, rest, moved)) @ matrix.T
    raw, themeless, there = every[:count], every[count : 2 * count], every[2 * count :]
    if theme is None:
        return _Near(asked, raw, raw, np.zeros(count, np.float32), there)
    cosine = asked @ theme.mean / max(float(np.linalg.norm(theme.mean)), 1e-9)
    lean = np.clip((cosine - THEME_FROM) / (THEME_TO - THEME_FROM), 0.0, 1.0)
    themeless = (themeless - (rest @ theme.mean)[:, None]) * theme.stretch
    return _Near(asked, raw, themeless.astype(np.float32), lean.astype(np.float32), there)


def _standard(scores: Scores) -> Scores:
    """Return scores with mean 0 and deviation 1; zeros where all are equal."""
    deviation = float(scores.std())
    return (scores - scores.mean()) / deviation if deviation > 1e-9 else np.zeros_like(scores)  # noqa: PLR2004


def _dense(raw: Scores, themeless: Scores, lean: float, ready: _Prepared) -> Scores:
    """Return one score for each passage, shape (passages,).

    Of the windows of one size around it the better ones count more (the logarithm of a mean of exponentials): a window
    that only begins or ends with the passage says little against it.
    """
    scores = np.zeros(len(ready.section), np.float32)
    for size in ready.sizes:
        for cosines, part in ((raw, 1.0 - lean), (themeless, lean)):
            if part > 0.0:
                scores += part * size.share * _soft_maximum(_standard(cosines[size.windows]), size)
    return scores


def _soft_maximum(scores: Scores, size: _Size) -> Scores:
    """Return the soft maximum of the windows around each passage, shape (passages,), by differences of one sum."""
    loud = np.exp(SHARPNESS * np.minimum(scores, LOUDEST).astype(np.float64))
    sums = np.concatenate(([0.0], np.cumsum(loud)))
    means = (sums[size.last] - sums[size.first]) / np.maximum(size.last - size.first, 1)
    softened: Scores = (np.log(np.maximum(means, 1e-6)) / SHARPNESS).astype(np.float32)
    return softened


def _wording(raw: Scores, themeless: Scores, lean: float, ready: _Prepared) -> Scores:
    """Return for each passage the standardised cosine of its section's best wording; zeros where there is none."""
    scores = np.zeros(len(ready.section), np.float32)
    if len(ready.wordings):
        for cosines, part in ((raw, 1.0 - lean), (themeless, lean)):
            best = _best_wording(cosines, ready)
            known = np.isfinite(best)
            best[known] = _standard(best[known])
            best[~known] = 0.0
            scores += part * best[ready.section]
    return scores


def _answering(log_odds: Scores, ready: _Prepared) -> Scores:
    """Return for each passage how likely it is there that the answer stands, as a log-share, shape (passages,).

    A section answers as its likeliest sentence does; in a long one each passage does as the places around it.
    """
    odds = np.maximum.reduceat(log_odds[ready.own], ready.bounds[:-1])[ready.section]
    around = _around(log_odds, ready)
    if around is not None:
        odds = np.where(ready.long, around, odds)
    known = np.isfinite(odds)
    if not known.any():
        return np.zeros(len(ready.section), np.float32)
    odds[~known] = np.median(odds[known])
    odds = odds - odds.max()
    counts = np.where(ready.long, 1.0, 1.0 / (ready.bounds[1:] - ready.bounds[:-1])[ready.section])
    shares: Scores = np.maximum(odds - np.log(counts @ np.exp(odds)), LEAST_SHARE).astype(np.float32)
    return shares


def _around(log_odds: Scores, ready: _Prepared) -> Scores | None:
    """Return the mean over the sizes of the places around each passage, each their soft maximum, shape (passages,)."""
    sizes = [size for size in ready.sizes if np.isfinite(log_odds[size.windows]).any()] if ready.long.any() else []
    return np.mean([_soft_maximum(log_odds[size.windows], size) for size in sizes], axis=0) if sizes else None


def _best_wording(cosines: Scores, ready: _Prepared) -> Scores:
    """Return the highest cosine among each section's wordings, shape (sections,); minus infinity where it has none."""
    best = np.full(len(ready.bounds) - 1, -np.inf, np.float32)
    np.maximum.at(best, ready.wording_section, cosines[ready.wordings])
    return best


def _best_cosine(cosines: Scores, ready: _Prepared) -> Scores:
    """Return for each passage the highest cosine of the windows around it, shape (passages,); -1 without any."""
    best = np.full(len(ready.section), -1.0, np.float32)
    for size in ready.sizes:
        padded = np.append(cosines[size.windows], np.float32(-1.0))
        pairs = np.column_stack((size.first, np.maximum(size.last, size.first))).ravel()
        highest = np.maximum.reduceat(padded, pairs)[::2]
        best = np.maximum(best, np.where(size.last > size.first, highest, -1.0))
    return best


# ---------------------------------------------------------------- which sentence answers


def _signs(
    queries: Sequence[str], cosines: Scores, hits: Sequence[Hit], ready: _Prepared
) -> list[npt.NDArray[np.float64]]:
    asked = [frozenset(content_words(query)) for query in queries]
    whole = [max(ready.rarity.weight(stems), 1e-9) for stems in asked]
    best = max((hit.fused for hit in hits), default=1.0)
    best = best if best > 0.0 else 1.0
    foremost = max((hit.score for hit in hits), default=1.0)
    foremost = foremost if foremost > 0.0 else 1.0

    def share(held: frozenset[str]) -> float:
        return max(ready.rarity.weight(stems & held) / weight for stems, weight in zip(asked, whole, strict=True))

    found = []
    for hit in hits:
        section = hit.document.sections[hit.section]
        heading = frozenset().union(*map(stems, section.heading))
        wordings = share(heading.union(*map(stems, section.wordings)))
        rows = []
        for span, fused in zip(hit.sentences, hit.sentence_scores, strict=True):
            held = stems(hit.document.text[span.start : span.end])
            rows.append(
                Signs(
                    cosine=float(cosines[ready.alone[hit.document.path, span.start, span.end]]),
                    coverage=share(held),
                    coverage_with_heading=share(held | heading),
                    coverage_by_wordings=wordings,
                    opens=float(bool(section.heading) and span.start <= section.blocks[0].start + 1),
                    wording=hit.wording,
                    similarity=hit.similarity,
                    fused=fused,
                    fused_share=fused / best,
                    hit_share=hit.score / foremost,
                )
            )
        found.append(np.array(rows, np.float64))
    return found


def _reranked(
    weighed: Sequence[tuple[Hit, npt.NDArray[np.float64]]], encoder: str, learnt: float, answering: float
) -> list[Hit]:
    """Put the hits with the sentences that answer best first; those behind RERANKED keep their order behind them.

    How likely its section has the answer, as was learnt from questions, counts `learnt` in it; how likely by its
    likeliest sentence, `answering`.
    """
    weights = np.array(_fitted().get(encoder) or _fitted()[UNMEASURED])
    share = Signs._fields.index("hit_share")
    scored = []
    for hit, signs in weighed:
        odds = signs @ weights
        score = float(odds.max() + FOUND * signs[0, share]) + learnt * hit.leg_scores.get("learnt", 0.0)
        score += answering * hit.leg_scores.get("answering", 0.0)
        scored.append(replace(hit, score=score, sentence_scores=tuple(map(float, odds))))
    if not scored:
        return []
    first = sorted(scored[:RERANKED], key=lambda hit: -hit.score)
    # What stays behind must not look better than what is before it.
    lowest = itertools.accumulate((hit.score for hit in scored[RERANKED:]), min, initial=min(h.score for h in first))
    return [*first, *(replace(hit, score=low) for hit, low in zip(scored[RERANKED:], [*lowest][1:], strict=True))]


# ---------------------------------------------------------------- what is shown


class _Scored(NamedTuple):
    """Scores of the passages, each of shape (passages,)."""

    found: Scores
    """What they are taken by."""
    fused: Scores
    """The same without what was learnt about questions."""
    legs: dict[str, Scores]
    ranks: dict[str, Positions]
    best_cosine: Scores
    wording_cosine: Scores


def _with_words(hits: list[Hit], by_words: Sequence[Hit]) -> list[Hit]:
    """Let the hits with the question's rarest words take part where sentences are weighed, however they were found.

    The encoder doesn't know a name that it seldom read: "tarbell fellowship" is near to every fellowship.
    """
    first, rest = hits[: RERANKED - BY_WORDS], hits[RERANKED - BY_WORDS :]
    new = [hit for hit in by_words if not any(map(hit.overlaps, first))]
    return [*first, *new, *(hit for hit in rest if not any(map(hit.overlaps, new)))]


def _shown(scored: _Scored, by: Scores, shelf: Shelf, ready: _Prepared, limit: int) -> list[Hit]:
    """Take the run with the best mean of some scores that is left, and go on until there are enough."""
    runs = ready.runs

    def mean_over_runs(scores: Scores) -> npt.NDArray[np.float64]:
        summed = np.concatenate(([0.0], np.cumsum(scores.astype(np.float64) * ready.words)))
        return np.asarray((summed[runs.last] - summed[runs.first]) / np.maximum(runs.words, 1), np.float64)

    order, found, fused = mean_over_runs(by), mean_over_runs(scored.found), mean_over_runs(scored.fused)
    taken = np.zeros(len(scored.fused), bool)
    seen: list[frozenset[tuple[str, ...]]] = []
    hits: list[Hit] = []
    for run in np.argsort(-order, kind="stable"):
        if len(hits) >= limit:
            break
        first, last = int(runs.first[run]), int(runs.last[run])
        if taken[first:last].any():
            continue
        if _section_words(first, ready) <= WHOLE_SECTION_WORDS:
            first, last = (int(bound) for bound in ready.bounds[ready.section[first] :][:2])
        taken[first:last] = True
        hit = _hit(Span(first, last), (float(found[run]), float(fused[run])), scored, shelf)
        triples = _triples(hit.text)
        if any(len(triples & earlier) >= SAME * len(triples) for earlier in seen):
            continue
        seen.append(triples)
        hits.append(hit)
    return hits


def _section_words(passage: int, ready: _Prepared) -> int:
    start, end = ready.bounds[ready.section[passage] :][:2]
    return int(ready.words[start:end].sum())


def _hit(run: Span, scores: tuple[float, float], scored: _Scored, shelf: Shelf) -> Hit:
    """Make a hit of the passages from `run.start` to before `run.end`; its scores are `score` and `fused` of it."""
    passages = shelf.passages[run.start : run.end]
    inside = slice(run.start, run.end)
    peak = run.start + int(np.argmax(scored.fused[inside]))
    return Hit(
        document=shelf.documents[passages[0].document],
        section=passages[0].section,
        start=passages[0].start,
        end=passages[-1].end,
        score=scores[0],
        fused=scores[1],
        sentences=tuple(Span(p.start, p.end) for p in passages),
        sentence_scores=tuple(float(value) for value in scored.fused[inside]),
        similarity=float(scored.best_cosine[inside].max()),
        wording=float(scored.wording_cosine[peak]),
        legs={name: int(rank[peak]) for name, rank in scored.ranks.items() if rank[peak]},
        leg_scores={name: float(values[peak]) for name, values in scored.legs.items()},
    )


def _triples(text: str) -> frozenset[tuple[str, ...]]:
    """Return the runs of three words; the words themselves where there are fewer."""
    words = text.lower().split()
    return frozenset(zip(words, words[1:], words[2:], strict=False)) or frozenset((word,) for word in words)


def _ranks(scores: Scores) -> Positions:
    """Return the rank of each, from 1; 0 for those that a leg did not find (its lowest score)."""
    ranks = np.zeros(len(scores), np.intp)
    order = np.argsort(-scores, kind="stable")
    ranks[order] = np.arange(1, len(scores) + 1)
    ranks[scores <= scores.min()] = 0
    return ranks

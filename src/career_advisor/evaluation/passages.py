"""Where the gold stands among the passages that were found: scores of the search alone.

A passage has found a gold stretch when it holds at least half of its characters, so that scores survive another way of
cutting documents. Gold stretches are alternatives: any one of them answers the question.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from career_advisor.evaluation.cases import Gold
from career_advisor.extras import install_line
from career_advisor.records import AdvisorError

COVERED = 0.5
"""Share of a gold stretch that a passage must hold; measuring-answers, section C, item 1."""
DEPTHS = (5, 10)


def check_library() -> None:
    """See that the library for nDCG is there.

    Raises:
        AdvisorError: If it is not; the message is the command that installs it.
    """
    if find_spec("ir_measures") is None:
        raise AdvisorError(f"ir-measures is not installed; run `{install_line('evaluate')}`")


def score_passages(
    gold: Sequence[Gold], hits: Sequence[Mapping[str, Any]], documents: Mapping[str, str]
) -> dict[str, float | None]:
    """Score a ranking.

    Args:
        gold: At least one.
        hits: As in a line of `search`, best first.
        documents: Stored text by path.

    Returns:
        `hit@1`; `recall@5` and `recall@10`, shares of the gold stretches found among so many; `answer@5`, whether any
        was; `ndcg@10`, whose ideal is all of them, first; `words_to_answer`, how many words are read in order until
        half of a gold stretch has been, and `span_precision`, the share of the first passage that found any which is
        gold. The last two are silent (None) where nothing was found.
    """
    places = [_places(each, documents.get(each.document, "")) for each in gold]
    ranks = [
        next((rank for rank, hit in enumerate(hits, 1) if _held(hit, each, at) >= COVERED * len(each.quote)), None)
        for each, at in zip(gold, places, strict=True)
    ]
    found = [rank for rank in ranks if rank is not None]
    scores: dict[str, float | None] = {
        "hit@1": float(1 in found),
        "answer@5": float(any(rank <= DEPTHS[0] for rank in found)),
    }
    for depth in DEPTHS:
        scores[f"recall@{depth}"] = sum(rank <= depth for rank in found) / len(gold)
    scores["ndcg@10"] = _ndcg(ranks, len(hits))
    scores["words_to_answer"] = _words_to_answer(gold, places, hits, min(found)) if found else None
    scores["span_precision"] = _precision(gold, places, hits[min(found) - 1]) if found else None
    return scores


def _places(gold: Gold, text: str) -> list[int]:
    """Return every offset at which the quote stands: words that a document has twice are found in either place."""
    return [match.start() for match in re.finditer(re.escape(gold.quote), text)]


def _overlap(hit: Mapping[str, Any], gold: Gold, at: int) -> int:
    return max(0, min(int(hit["end"]), at + len(gold.quote)) - max(int(hit["start"]), at))


def _held(hit: Mapping[str, Any], gold: Gold, places: Sequence[int]) -> int:
    """Return how many characters of the quote the passage holds."""
    return max((_overlap(hit, gold, at) for at in places), default=0) if hit["document"] == gold.document else 0


def _ndcg(ranks: Sequence[int | None], length: int) -> float:
    """Return nDCG@10 of a ranking by the rank at which each gold stretch was found; gain is the stretches found."""
    import ir_measures
    from ir_measures import Qrel, ScoredDoc, nDCG

    gains = {f"rank {rank}": ranks.count(rank) for rank in ranks if rank is not None}
    missed = {f"missed {i}": 1 for i, rank in enumerate(ranks) if rank is None}
    judged = [Qrel("case", name, gain) for name, gain in (gains | missed).items()]
    run = [ScoredDoc("case", f"rank {rank}", -float(rank)) for rank in range(1, length + 1)]
    return float(ir_measures.calc_aggregate([nDCG @ 10], judged, run)[nDCG @ 10])


def _words_to_answer(
    gold: Sequence[Gold], places: Sequence[Sequence[int]], hits: Sequence[Mapping[str, Any]], rank: int
) -> float:
    before = sum(len(hit["text"].split()) for hit in hits[: rank - 1])
    hit = hits[rank - 1]
    ends = [
        max(hit["start"], at) + COVERED * len(each.quote)
        for each, offsets in zip(gold, places, strict=True)
        if each.document == hit["document"]
        for at in offsets
        if _overlap(hit, each, at) >= COVERED * len(each.quote)
    ]
    read = min(ends) - hit["start"]
    return float(before + sum(word.start() < read for word in re.finditer(r"\S+", hit["text"])))


def _precision(gold: Sequence[Gold], places: Sequence[Sequence[int]], hit: Mapping[str, Any]) -> float:
    wanted: set[int] = set()
    for each, offsets in zip(gold, places, strict=True):
        if each.document == hit["document"]:
            for at in offsets:
                wanted.update(range(max(at, hit["start"]), min(at + len(each.quote), hit["end"])))
    return len(wanted) / max(int(hit["end"]) - int(hit["start"]), 1)

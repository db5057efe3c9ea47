"""Can these passages carry an answer, and is the message a question at all?

Two judgements, kept apart from whatever writes the answer. `screen` looks at the message alone: a person in danger,
a greeting, a request that we refuse, one too vague to look up. `judge` looks at the message beside what was found.
Both work on calibrated scores: benchmarks/declines.py fits them and shows their curves.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Literal, NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from career_advisor.records import Document, Hit, Status
from career_advisor.text import Asked, asked_for, contains, content_words, names, words

Vectors: TypeAlias = npt.NDArray[np.float32]
Intent: TypeAlias = Literal["urgent", "refused", "small_talk", "clarify"]
Feeling: TypeAlias = Literal["hardship", "doubt"]
"""Rejection or exhaustion; or doubt about oneself."""

STORY = 24
"""Words from which a message tells a story rather than asking about its names."""
LONGEST: dict[Intent, int] = {"urgent": 80, "refused": 60, "small_talk": 9, "clarify": 9}
"""Words up to which a message may be of a kind by likeness alone, in the order in which kinds are tried."""


class Thresholds(NamedTuple):
    """Where the judgements fall, for one encoder. From benchmarks/results/declines-*.json."""

    weights: tuple[float, ...]
    """Of the features of `Evidence`, in their order, of a logistic regression."""
    intercept: float
    answered: float
    """Probability from which the answer stands without a reservation."""
    partly: float
    """Probability from which what is near is offered."""
    near: float
    """Closeness from which a question is on the subject of the index."""
    margin: float
    """By how much an example of an intent must beat its look-alikes and the floor below."""
    alike: float
    """Cosine from which a message is like an example at all."""


# Fitted by `python benchmarks/declines.py fit`; the file of the same name in benchmarks/results holds the curves.
THRESHOLDS: dict[str, Thresholds] = {
    "all-mpnet-base-v2": Thresholds((1.0, 1.0, 1.0, -1.0, 4.0, -2.0), -2.5, 0.5, 0.25, 1.0, 0.03, 0.62),
    "all-MiniLM-L6-v2": Thresholds((1.0, 1.0, 1.0, -1.0, 4.0, -2.0), -2.5, 0.5, 0.25, 1.0, 0.03, 0.62),
}


class _Encoder(Protocol):
    def encode(self, texts: Sequence[str]) -> Vectors: ...


@lru_cache(maxsize=1)
def _examples() -> dict[str, dict[str, list[str]]]:
    text = resources.files("career_advisor").joinpath("intents.toml").read_text("utf-8")
    return tomllib.loads(text)


@lru_cache(maxsize=8)
def _pattern(intent: Intent | Feeling) -> re.Pattern[str]:
    return re.compile("|".join(_examples()[intent]["patterns"]), re.IGNORECASE)


def example_texts() -> tuple[str, ...]:
    """Return every example sentence, in a fixed order: what must be embedded before `Ground.of`."""
    return tuple(text for part in _examples().values() for kind in ("examples", "near") for text in part.get(kind, ()))


@dataclass(frozen=True, slots=True)
class Ground:
    """What the judgements compare a question with: the examples' vectors, and the words of the index."""

    thresholds: Thresholds
    vectors: dict[str, Vectors]
    """By intent, and by intent + ".near"."""
    spread: tuple[float, float]
    """Median of the best cosine that unrelated questions reach in this index, and its scale."""
    vocabulary: frozenset[str]
    """Stems of all content words of the index, headings and wordings included."""

    @classmethod
    def of(cls, encoder_name: str, encode: _Encoder, index_vectors: Vectors, documents: Sequence[Document]) -> Ground:
        """Measure an index.

        Args:
            encoder_name: Chooses the thresholds; an unknown encoder gets those of the default one.
            encode: Embeds the examples (cached by its owner).
            index_vectors: Shape (windows, dimension), rows of length 1.
            documents: All documents of the index.
        """
        parts = _examples()
        vectors: dict[str, Vectors] = {}
        for intent, part in parts.items():
            for kind in ("examples", "near"):
                if part.get(kind):
                    vectors[intent if kind == "examples" else f"{intent}.near"] = encode.encode(part[kind])
        best = (vectors["background"] @ index_vectors.T).max(axis=1)
        middle = float(np.median(best))
        # Median and MAD, so that an index about cooking is not misled by the few questions that it can answer.
        scale = 1.4826 * float(np.median(np.abs(best - middle)))
        stems = {
            word
            for document in documents
            for text in (document.title, document.text, *(w for s in document.sections for w in s.wordings))
            for word in content_words(text)
        }
        thresholds = THRESHOLDS.get(encoder_name, THRESHOLDS["all-mpnet-base-v2"])
        return cls(thresholds, vectors, (middle, max(scale, 0.02)), frozenset(stems))


class Evidence(NamedTuple):
    """What speaks for and against an answer; each about 0 to 1, in the order of `Thresholds.weights`."""

    closeness: float
    """Best cosine to a window, in scales above what unrelated questions reach, divided by ten."""
    wording: float
    """Best cosine to a question that a found section is known to answer; 0 where the index has none."""
    coverage: float
    """Share of the question's content words that stand in the first passages."""
    unknown: float
    """Share of the question's content words that stand nowhere in the index."""
    sharpness: float
    """Fused score of the best passage, in deviations of all passages, divided by ten: how far it stands out."""
    missing: float
    """1 where the kind of thing asked for (an amount, a date …) or a name asked about stands in no passage."""


class Verdict(NamedTuple):
    """What may be said."""

    status: Status
    confidence: float
    """Probability that the passages answer the question."""
    asked: Asked | None
    """The kind of thing asked for that is not in the passages."""
    unknown_names: tuple[str, ...]
    """Names in the question that no found passage has, as written."""
    evidence: Evidence


def screen(question: str, vector: Vectors, ground: Ground) -> Intent | None:
    """Tell what a message is, if it is not a question to look up.

    Args:
        question: The cleaned message.
        vector: Its vector, shape (dimension,).
        ground: The examples.

    Returns:
        The first that fits of urgent, refused, small_talk, clarify; `None` for an ordinary question. Urgent is the most
        easily raised: a false alarm costs a sentence.
    """
    for intent in LONGEST:
        if _pattern(intent).search(question):
            return intent
    length = len(words(question))
    return next((i for i, longest in LONGEST.items() if length <= longest and _alike(i, vector, ground)), None)


def feeling(question: str, vector: Vectors, ground: Ground) -> Feeling | None:
    """Tell what weighs on the person, by their own words: the reply then begins kindly."""
    kinds: tuple[Feeling, ...] = ("hardship", "doubt")
    by_words = (kind for kind in kinds if _pattern(kind).search(question))
    by_likeness = (kind for kind in kinds if _alike(kind, vector, ground))
    return next(by_words, None) or next(by_likeness, None)


def _alike(intent: Intent | Feeling, vector: Vectors, ground: Ground) -> bool:
    likeness = float((ground.vectors[intent] @ vector).max())
    near = float((ground.vectors[f"{intent}.near"] @ vector).max())
    return likeness >= ground.thresholds.alike and likeness >= near + ground.thresholds.margin


def evidence(question: str, hits: Sequence[Hit], ground: Ground, *, looked_at: int = 4) -> Evidence:
    """Weigh what was found for a question, without judging it."""
    if not hits:
        return Evidence(0.0, 0.0, 0.0, 1.0, 0.0, 1.0)
    middle, scale = ground.spread
    similarity = max(hit.similarity for hit in hits)
    asked = set(content_words(question))
    found = _found_text(hits[:looked_at])
    stems = set(content_words(found))
    missing = _missing_kind(question, hits[:looked_at]) is not None or bool(_missing_names(question, stems))
    return Evidence(
        closeness=min(max((similarity - middle) / scale, 0.0), 10.0) / 10.0,
        wording=max(0.0, *(hit.wording for hit in hits)),
        coverage=len(asked & stems) / len(asked) if asked else 0.0,
        unknown=len(asked - ground.vocabulary) / len(asked) if asked else 0.0,
        sharpness=min(max(hits[0].score, 0.0), 10.0) / 10.0,
        missing=float(missing),
    )


def judge(question: str, hits: Sequence[Hit], ground: Ground) -> Verdict:
    """Decide whether the passages carry an answer.

    Args:
        question: In its stand-alone form.
        hits: Best first.
        ground: Of the index the hits come from.

    Returns:
        `answered`, `partly` (something near, but not what was asked), `not_covered` (on the subject, not in the index)
        or `off_topic` (nothing of the index is about it), with what speaks for it.
    """
    weighed = evidence(question, hits, ground)
    limits = ground.thresholds
    confidence = probability(weighed, limits)
    stems = set(content_words(_found_text(hits[:4])))
    lacking = _missing_kind(question, hits[:4])
    unknown = tuple(sorted(_missing_names(question, stems)))
    status: Status
    if confidence >= limits.answered:
        status = "answered"
    elif weighed.closeness * 10 < limits.near:
        status = "off_topic"
    elif confidence >= limits.partly:
        status = "partly"
    else:
        status = "not_covered"
    return Verdict(status, confidence, lacking, unknown, weighed)


def probability(weighed: Evidence, limits: Thresholds) -> float:
    """Return the calibrated probability that the passages answer the question."""
    logit = limits.intercept + sum(w * x for w, x in zip(limits.weights, weighed, strict=True))
    return 1.0 / (1.0 + math.exp(-logit))


def _found_text(hits: Sequence[Hit]) -> str:
    return "\n".join(" ".join((*hit.heading, hit.document.title, hit.text)) for hit in hits)


def _missing_kind(question: str, hits: Sequence[Hit]) -> Asked | None:
    kind = asked_for(question)
    if kind is None or any(contains(hit.text, kind) for hit in hits):
        return None
    return kind


def _missing_names(question: str, stems: set[str]) -> set[str]:
    """Return names that the passages lack; a story is full of names that nothing is asked about."""
    if len(words(question)) > STORY:
        return set()
    return {written for name, written in names(question).items() if name not in stems}

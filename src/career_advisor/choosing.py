"""Choosing: which of the sentences found belong in the answer to this message, for this person?

A sentence can be true, near and well found, and still be for somebody else. People who read messages as the persons
who wrote them have marked, among what the search found, the sentences that they would be glad of; a network like that
of `reading` was shown them, too, and a logistic regression on what it says, on how each was found and on how near it
is to the message tells which to quote (`python benchmarks/choosing.py`; docs/decisions/0016-choosing.md). Of the
shipped sentences it is known by heart, too, which questions each answers. In an index about something else than AI
safety nothing is read or recalled, and a regression without both stands in.
"""

from __future__ import annotations

import hashlib
import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib import resources
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from career_advisor.interaction import Answering
from career_advisor.reading import Head, Rows, head_for
from career_advisor.records import Hit, Shelf, Span
from career_advisor.text import words

Vectors: TypeAlias = npt.NDArray[np.float32]
Values: TypeAlias = npt.NDArray[np.float64]
Positions: TypeAlias = npt.NDArray[np.intp]

UNMEASURED = "all-MiniLM-L6-v2"
"""Encoder whose weights stand in for those of one that nobody measured."""

# What a page says of its own sources belongs behind what it says.
_ABOUT_SOURCES = re.compile(
    r"\b(?:our sources?|carr(?:y|ies) no date|advice dates from|check (?:the|its|their) (?:current |own )?pages?"
    r"|no source (?:we|that we))\b",
    re.IGNORECASE,
)


class Traits(NamedTuple):
    """What speaks for a sentence belonging in the answer. A part is one of several things that a message asks or says.

    Those of reading are 0 where nothing is read.
    """

    odds: float
    """`Hit.sentence_scores`, as it was found for its part, divided by ten."""
    behind: float
    """The same less the best of all that was found."""
    cosine: float
    """To the part."""
    behind_nearest: float
    """Cosine to the whole message, less that of the sentence nearest to it."""
    wording: float
    """`Hit.wording`."""
    fused: float
    """`Hit.fused`, divided by ten."""
    similarity: float
    """`Hit.similarity`."""
    opens: float
    """1 for the first sentence of a section that has a heading."""
    length: float
    """Words, divided by thirty."""
    of_sources: float
    """1 where it speaks of the sources rather than of the subject."""
    heading: float
    """Cosine of the section's question to the whole message; the sentence's own where it has none."""
    heading_part: float
    """The same to the part."""
    reads: float
    """Log-odds that it answers the whole message, divided by ten, by a network like that of `reading`."""
    reads_part: float
    """The same of the part."""
    learnt: float = 0.0
    """Log-share of its section in what was found for the part, as `adapting` has it, divided by ten."""
    recalled: float = 0.0
    """Log-odds that it answers the whole message, divided by ten, where it is known by heart (`Recalled`)."""
    recalled_part: float = 0.0
    """The same of the part."""
    answering: float = 0.0
    """Log-odds that it belongs in the answer to the whole message, divided by ten (`interaction.Answering`)."""
    behind_likeliest: float = 0.0
    """The same less that of the likeliest sentence found."""
    general: float = 0.0
    """1 where it was looked up for anybody in such a situation, and the message asks something by itself."""


class Whole(NamedTuple):
    """What speaks for a message being answered by all that was found for it."""

    confidence: float
    """Log-odds that the passages answer, as `grounding` judges them, divided by ten."""
    best: float
    """Log-odds of the likeliest sentence (`Hit.belongs`), divided by ten."""
    second: float
    """Of the second likeliest, likewise."""
    several: float
    """Sentences that belong, as far as can be expected, among the likeliest SEVERAL; divided by SEVERAL."""
    lacking: float
    """1 where the kind of thing asked for stands nowhere."""
    unnamed: float
    """1 where a name that is asked about stands nowhere."""
    usual: float
    """Log-odds that guidance answers such a message, by its vector alone, divided by ten."""
    open: float = 0.0
    """Log-odds that it, or the question in it of which that is likeliest, is left open (`gaps`), divided by ten."""


class Found(NamedTuple):
    """What was found for a message or for a part of it."""

    vector: Vectors
    """Of the message or the part, shape (dimension,)."""
    hits: Sequence[Hit]
    general: bool = False
    """Whether the part is a question that anybody in such a situation has, beside those of the message itself."""
    asks: bool = False
    """Whether it is one of several questions of the message."""
    answering: Answering | None = None
    """How likely each sentence answers the whole message, where that was learnt; the same of all parts."""


SEVERAL = 5
"""Sentences that an answer may have."""
SUREST = 10.0
"""Log-odds beyond which all are equally sure."""


class Recalled(NamedTuple):
    """Sentences known by heart: which questions each of them answers, by a linear model for each.

    Each was shown the questions of its section; what it says compares sentences of one section.
    """

    rows: Mapping[str, int]
    """By `digest` of the sentence."""
    project: Vectors
    """Shape (dimension, width)."""
    weights: Vectors
    """Shape (sentences, width)."""
    bias: Vectors
    """Shape (sentences,)."""

    def log_odds(self, question: Vectors, rows: npt.NDArray[np.intp]) -> Vectors:
        """Return the log-odds that sentences answer, less those of the usual one, from -SUREST to SUREST.

        Args:
            question: Unit vector, shape (dimension,).
            rows: Of the sentences, shape (rows,), like what is returned; -1, of which it is 0, for one not known.
        """
        odds = self.weights[rows] @ (question @ self.project) + self.bias[rows]
        return np.asarray(np.where(rows >= 0, np.clip(odds, -SUREST, SUREST), 0.0), np.float32)


def digest(sentence: str) -> str:
    """Return what stands for a sentence, whatever its spaces, where its words are not needed."""
    return hashlib.blake2s(" ".join(sentence.split()).encode(), digest_size=5).hexdigest()


class Answerable(NamedTuple):
    """Tells whether what was found answers a message."""

    weights: Values
    """Of `Whole`, in their order."""
    intercept: float
    answered: float
    """Log-odds from which it does."""
    partly: float
    """Log-odds from which it comes near."""
    usual: Vectors
    """Linear model of a message's vector, its bias last, shape (dimension + 1,)."""

    def log_odds(self, whole: Whole) -> float:
        """Return the log-odds that what was found answers."""
        return float(np.array(whole) @ self.weights) + self.intercept


@lru_cache(maxsize=1)
def _fitted() -> dict[str, tuple[Values, float]]:
    """Read what `python benchmarks/choosing.py --write` fitted."""
    text = resources.files("career_advisor").joinpath("choosing.toml").read_text("utf-8")
    return {
        name: (np.array([fitted[trait] for trait in Traits._fields]), float(fitted["intercept"]))
        for name, fitted in tomllib.loads(text).items()
        if not name.endswith(", whole")
    }


@lru_cache(maxsize=4)
def answerable_for(encoder: str) -> Answerable | None:
    """Return what `python benchmarks/choosing.py --write` fitted for an encoder; `None` for others."""
    text = resources.files("career_advisor").joinpath("choosing.toml").read_text("utf-8")
    fitted = tomllib.loads(text).get(f"{encoder}, whole")
    if fitted is None:
        return None
    with resources.files("career_advisor").joinpath("choosing.npz").open("rb") as file, np.load(file) as arrays:
        usual = arrays[f"{encoder} usual"].astype(np.float32)
    weights = np.array([fitted[trait] for trait in Whole._fields])
    intercept, answered, partly = (float(fitted[name]) for name in ("intercept", "answered", "partly"))
    return Answerable(weights, intercept, answered, partly, usual)


@lru_cache(maxsize=4)
def recalled_for(encoder: str) -> Recalled | None:
    """Return what `python benchmarks/choosing.py --write` learnt by heart for an encoder; `None` for others."""
    with resources.files("career_advisor").joinpath("choosing.npz").open("rb") as file, np.load(file) as arrays:
        if f"{encoder} recalled" not in arrays.files:
            return None
        rows = {str(each): row for row, each in enumerate(arrays["sentences"])}
        project, weights, bias = (arrays[f"{encoder} {name}"] for name in ("projected", "recalled", "recalled bias"))
        return Recalled(rows, *(each.astype(np.float32) for each in (project, weights, bias)))


class _Fixed(NamedTuple):
    """What is the same of a sentence whatever is asked: some of its `Traits`, and its `digest`."""

    opens: float
    length: float
    of_sources: float
    digest: str


@dataclass(frozen=True, slots=True)
class Chooser:
    """Weighs the sentences of one index."""

    weights: Values
    """Of `Traits`, in their order."""
    intercept: float
    vectors: Vectors
    """Of the index, shape (windows, dimension)."""
    rows: Rows
    head: Head | None
    answerable: Answerable | None = None
    """`None` where nobody measured what guidance answers."""
    recalled: Recalled | None = None
    """`None` where nothing is known by heart."""
    fixed: dict[int, _Fixed] = field(default_factory=dict)
    """By row of the sentence's vector; filled as sentences are found."""

    @classmethod
    def of(cls, shelf: Shelf, *, of_the_field: bool) -> Chooser:
        """Find the rows of an index and the weights of its encoder."""
        name = shelf.encoder.name
        head = head_for(name, "choosing.npz") if of_the_field else None
        fitted = _fitted()
        weights, intercept = fitted.get(f"{name}, of the field" if head else name) or fitted[UNMEASURED]
        answerable = answerable_for(name) if head else None
        recalled = recalled_for(name) if head else None
        return cls(weights, intercept, shelf.vectors, Rows.of(shelf.windows), head, answerable, recalled)

    def weigh(self, message: Vectors, found: Sequence[Found]) -> list[list[Hit]]:
        """Return what was found with `Hit.belongs` and `Hit.belongs_by_words` set.

        Args:
            message: Vector of the message in its stand-alone form, shape (dimension,).
            found: For the whole message, then for each of its parts.
        """
        weighed = []
        for part, traits, alone in zip(found, *self._traits(message, found), strict=True):
            belongs, by_words = (
                [tuple(map(float, values @ self.weights + self.intercept)) for values in each]
                for each in (traits, alone)
            )
            weighed.append(
                [
                    replace(hit, belongs=each, belongs_by_words=other)
                    for hit, each, other in zip(part.hits, belongs, by_words, strict=True)
                ]
            )
        return weighed

    def whole(
        self,
        message: Vectors,
        found: Sequence[Sequence[Hit]],
        *,
        confidence: float,
        lacking: bool,
        unnamed: bool,
        left_open: float,
    ) -> Whole:
        """Return what speaks for a message being answered.

        Args:
            message: Vector of the message in its stand-alone form, shape (dimension,).
            found: What `weigh` returned.
            confidence: Probability that the passages answer, as `grounding` judges them.
            lacking: Whether the kind of thing asked for stands nowhere.
            unnamed: Whether a name that is asked about stands nowhere.
            left_open: Log-odds that such a message is left open, as `gaps` has them.
        """
        odds: dict[tuple[str, int, int], float] = {}
        for hit in (hit for part in found for hit in part):
            for span, each in zip(hit.sentences, hit.belongs_by_words, strict=True):
                key = hit.document.path, span.start, span.end
                odds[key] = max(odds.get(key, -SUREST), each)
        return whole_of(
            sorted(odds.values(), reverse=True),
            confidence=confidence,
            lacking=lacking,
            unnamed=unnamed,
            usual=float(self.answerable.usual[:-1] @ message + self.answerable.usual[-1]) if self.answerable else 0.0,
            left_open=left_open,
        )

    def reads(self, asked: Vectors, hit: Hit, span: Span) -> float:
        """Return the log-odds that what is quoted of a hit answers a question, as far as the network tells.

        Args:
            asked: Vector of the question, shape (dimension,).
            hit: Where it was found.
            span: What is quoted: one sentence, or several.
        """
        if self.head is None:
            return 0.0
        quoted = tuple(each for each in hit.sentences if span.start <= each.start and each.end <= span.end)
        rows, above = self._rows(replace(hit, sentences=quoted or hit.sentences))
        said, headings = (np.asarray(self.vectors[each], np.float32) for each in (rows, above))
        return float(self.head.log_odds(asked, said, headings).max())

    def traits(self, message: Vectors, found: Sequence[Found]) -> list[list[Values]]:
        """Return for each hit the traits of its sentences, shape (sentences, len(Traits))."""
        return self._traits(message, found)[0]

    def _traits(self, message: Vectors, found: Sequence[Found]) -> tuple[list[list[Values]], list[list[Values]]]:
        """Return the same, and once more where they are compared word by word alone."""
        hits = [hit for part in found for hit in part.hits]
        counts = [len(hit.sentences) for hit in hits]
        if not sum(counts):
            nothing = [[np.zeros((0, len(Traits._fields))) for _ in part.hits] for part in found]
            return nothing, nothing
        of_part = np.repeat([i for i, part in enumerate(found) for _ in part.hits], counts)
        rows, tops = map(np.concatenate, zip(*(self._rows(hit) for hit in hits), strict=True))
        said, above = np.asarray(self.vectors[rows], np.float32), np.asarray(self.vectors[tops], np.float32)
        fixed = [self._fixed(hit, i, row) for hit in hits for i, row in enumerate(self._rows(hit)[0])]
        recalled = self._recalled_rows([each.digest for each in fixed])
        odds = np.concatenate([hit.sentence_scores for hit in hits])
        to_message = said @ message
        known = found[0].answering if self.head else None
        answering, alone = (
            (known.of(rows) / np.float32(10.0), known.by_words(rows) / np.float32(10.0))
            if known
            else (np.zeros(len(rows), np.float32),) * 2
        )
        columns: dict[str, npt.NDArray[np.floating]] = {
            "odds": odds / 10.0,
            "behind": (odds - odds.max()) / 10.0,
            "cosine": np.zeros(len(rows)),
            "behind_nearest": to_message - to_message.max(),
            "wording": np.repeat([hit.wording for hit in hits], counts),
            "fused": np.repeat([hit.fused / 10.0 for hit in hits], counts),
            "similarity": np.repeat([hit.similarity for hit in hits], counts),
            "opens": np.array([each.opens for each in fixed]),
            "length": np.array([each.length for each in fixed]),
            "of_sources": np.array([each.of_sources for each in fixed]),
            "heading": above @ message,
            "heading_part": np.zeros(len(rows)),
            "reads": self._read(message, said, above),
            "reads_part": np.zeros(len(rows)),
            "learnt": np.repeat([hit.leg_scores.get("learnt", 0.0) / 10.0 for hit in hits], counts),
            "recalled": self._recall(message, recalled),
            "recalled_part": np.zeros(len(rows)),
            "answering": answering,
            "behind_likeliest": answering - answering.max(),
            "general": np.array([float(found[i].general) for i in of_part]),
        }
        traits = np.stack([columns[name].astype(np.float64) for name in Traits._fields], axis=1)
        by_part = [Traits._fields.index(name) for name in ("cosine", "heading_part", "reads_part", "recalled_part")]
        for i, part in enumerate(found):
            mine = np.flatnonzero(of_part == i)
            whole = np.array_equal(part.vector, message)
            reads, recalls = (traits[mine, Traits._fields.index(name)] for name in ("reads", "recalled"))
            if not whole:
                reads = self._read(part.vector, said[mine], above[mine])
                recalls = self._recall(part.vector, recalled[mine])
            traits[mine[:, None], by_part] = np.stack(
                [said[mine] @ part.vector, above[mine] @ part.vector, reads, recalls], axis=1
            )
        by_words = traits.copy()
        by_words[:, [Traits._fields.index(name) for name in ("answering", "behind_likeliest")]] = np.stack(
            [alone, alone - alone.max()], axis=1
        )

        def by_hit(every: Values) -> list[list[Values]]:
            each = iter(np.split(every, np.cumsum(counts)[:-1]))
            return [[next(each) for _ in part.hits] for part in found]

        return by_hit(traits), by_hit(by_words)

    def _rows(self, hit: Hit) -> tuple[Positions, Positions]:
        """Return the rows of the vectors of a hit's sentences, and of the question above each; its own without one."""
        rows = [self.rows.sentences[hit.document.path, span.start, span.end] for span in hit.sentences]
        above = self.rows.headings.get((hit.document.path, hit.section))
        return np.array(rows, np.intp), np.array(rows if above is None else [above] * len(rows), np.intp)

    def _fixed(self, hit: Hit, number: int, row: int) -> _Fixed:
        """Return what is the same of a sentence whatever is asked; worked out once."""
        if row not in self.fixed:
            span, section = hit.sentences[number], hit.document.sections[hit.section]
            text = hit.document.text[span.start : span.end]
            self.fixed[row] = _Fixed(
                opens=float(bool(section.heading) and span.start <= section.blocks[0].start + 1),
                length=len(words(text)) / 30.0,
                of_sources=float(bool(_ABOUT_SOURCES.search(text))),
                digest=digest(text),
            )
        return self.fixed[row]

    def _read(self, asked: Vectors, said: Vectors, above: Vectors) -> Vectors:
        """Return `Traits.reads` of sentences, shape (sentences,); zeros where nothing is read."""
        if self.head is None:
            return np.zeros(len(said), np.float32)
        return self.head.log_odds(asked, said, above) / np.float32(10.0)

    def _recalled_rows(self, digests: Sequence[str]) -> Positions:
        known = self.recalled.rows if self.recalled else {}
        return np.array([known.get(each, -1) for each in digests], np.intp)

    def _recall(self, asked: Vectors, rows: Positions) -> Vectors:
        """Return `Traits.recalled` of sentences, shape (sentences,); zeros where nothing is known by heart."""
        if self.recalled is None:
            return np.zeros(len(rows), np.float32)
        return self.recalled.log_odds(asked, rows) / np.float32(10.0)


def whole_of(
    odds: Sequence[float], *, confidence: float, lacking: bool, unnamed: bool, usual: float, left_open: float
) -> Whole:
    """Return `Whole` from the log-odds of the sentences found, the highest first; the rest as in `Chooser.whole`."""
    best, second = [*odds[:2], -SUREST, -SUREST][:2]
    likely = 1.0 / (1.0 + np.exp(-np.array(odds[:SEVERAL])))
    sure = min(max(confidence, 1e-4), 1.0 - 1e-4)
    return Whole(
        confidence=math.log(sure / (1.0 - sure)) / 10.0,
        best=max(best, -SUREST) / 10.0,
        second=max(second, -SUREST) / 10.0,
        several=float(likely.sum()) / SEVERAL,
        lacking=float(lacking),
        unnamed=float(unnamed),
        usual=usual / 10.0,
        open=left_open / 10.0,
    )


def surest(weighed: Sequence[list[list[Hit]]]) -> list[list[Hit]]:
    """Return what was found with each sentence as likely as in the weighing that has it likeliest.

    A turn that leans on the one before is weighed in its stand-alone form and as asked: which of the two is meant, the
    sentences tell.
    """
    return [
        [_surest_of(hits) for hits in parts]
        for parts in (list(zip(*each, strict=True)) for each in zip(*weighed, strict=True))
    ]


def _surest_of(hits: Sequence[Hit]) -> Hit:
    """Return a hit of several weighings, each of its sentences as likely as in the one that has it likeliest."""
    belongs, by_words = (
        tuple(map(max, zip(*each, strict=True)))
        for each in ([hit.belongs for hit in hits], [hit.belongs_by_words for hit in hits])
    )
    return replace(hits[0], belongs=belongs, belongs_by_words=by_words)

"""Reading: does a sentence answer a question, or does it only speak of the same things?

The cosine of two vectors says how near they are, and a near miss is near. A small network that was shown questions with
the sentences that answer them, and others with sentences that only look as if they did, says more. It sees what the
encoder has made of the question, of the sentence and of the heading above it, so it costs next to nothing beside the
encoder. It was trained on guidance about the field (`python benchmarks/reading.py`) and is asked in no other index;
docs/decisions/0010-reading.md has what it gains.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from career_advisor.records import SENTENCE, Hit, Window

Vectors: TypeAlias = npt.NDArray[np.float32]

SCALE = 8.0
"""By which what is projected is multiplied: the parts of a unit vector are small."""
SUREST = 10.0
"""Log-odds beyond which all are equally sure."""


class Head(NamedTuple):
    """Several networks of one shape, trained from different beginnings; what they say is averaged.

    The first axis of every array counts the networks.
    """

    project: Vectors
    """Shape (networks, dimension, width)."""
    hidden: Vectors
    """Shape (networks, 3 * width + 2, units)."""
    hidden_bias: Vectors
    """Shape (networks, units)."""
    out: Vectors
    """Shape (networks, units)."""
    out_bias: Vectors
    """Shape (networks,)."""

    def log_odds(self, question: Vectors, sentences: Vectors, headings: Vectors) -> Vectors:
        """Return for each sentence the log-odds that it answers, shape (sentences,).

        Args:
            question: Unit vector, shape (dimension,).
            sentences: Unit vectors, shape (sentences, dimension).
            headings: Of the heading above each, in the same shape.
        """
        asked, said, above = (SCALE * (each @ self.project) for each in (question[None], sentences, headings))
        cosines = np.stack([sentences @ question, headings @ question], axis=1)
        beside = np.broadcast_to(cosines, (len(self.project), *cosines.shape))
        seen = np.concatenate([asked * said, np.abs(asked - said), asked * above, beside], axis=2)
        lit = np.maximum(seen @ self.hidden + self.hidden_bias[:, None], 0.0)
        each = np.einsum("nsu,nu->ns", lit, self.out) + self.out_bias[:, None]
        return np.asarray(each.mean(axis=0), np.float32)


@lru_cache(maxsize=4)
def head_for(encoder: str, kept: str = "reading.npz") -> Head | None:
    """Return what was trained on the vectors of an encoder; `None` for others.

    Args:
        encoder: Its name.
        kept: File of the package: `python benchmarks/reading.py --write` and `python benchmarks/choosing.py --write`
            make one each.
    """
    with resources.files("career_advisor").joinpath(kept).open("rb") as file, np.load(file) as arrays:
        names = [f"{encoder} {field}" for field in Head._fields]
        if not set(names) <= set(arrays.files):
            return None
        return Head(*(arrays[name].astype(np.float32) for name in names))


@dataclass(frozen=True, slots=True)
class Rows:
    """Where the vectors of single sentences and of headings stand in an index."""

    sentences: Mapping[tuple[str, int, int], int]
    """Row of each sentence, by document, start and end."""
    headings: Mapping[tuple[str, int], int]
    """Row of each section's own question, by document and section."""

    @classmethod
    def of(cls, windows: Sequence[Window]) -> Rows:
        """Find them among the windows that the vectors are of."""
        headings: dict[tuple[str, int], int] = {}
        for row, window in enumerate(windows):
            if window.size == 0:
                headings.setdefault((window.document, window.section), row)
        sentences = {(w.document, w.start, w.end): row for row, w in enumerate(windows) if w.size == SENTENCE}
        return cls(sentences, headings)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the sentences of one index."""

    head: Head
    vectors: Vectors
    """Of the index, shape (windows, dimension)."""
    rows: Rows

    @classmethod
    def of(cls, encoder: str, windows: Sequence[Window], vectors: Vectors) -> Reader | None:
        """Find the rows of an index; `None` where the encoder has no head."""
        head = head_for(encoder)
        return None if head is None else cls(head, vectors, Rows.of(windows))

    def best(self, question: Vectors, hits: Sequence[Hit]) -> float:
        """Return the highest log-odds among the sentences of some hits, from -SUREST to SUREST.

        A section without a heading is read as if the sentence were its own.
        """
        rows = [
            (row, self.rows.headings.get((hit.document.path, hit.section), row))
            for hit in hits
            for span in hit.sentences
            if (row := self.rows.sentences.get((hit.document.path, span.start, span.end))) is not None
        ]
        if not rows:
            return -SUREST
        sentences, headings = (np.asarray(self.vectors[list(each)], np.float32) for each in zip(*rows, strict=True))
        best = self.head.log_odds(np.asarray(question, np.float32), sentences, headings).max()
        return float(np.clip(best, -SUREST, SUREST))

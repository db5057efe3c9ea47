"""Screening: what kind of message is this, before anything is looked up?

Somebody in danger seldom says so in the words that a list of patterns has, and who wants a forged quote asks for it
kindly. Writers who had seen no page of this project made up some four thousand messages of the kinds that are not
questions to guidance, and others that look alike and are; from these and from thousands of ordinary questions it was
learnt which of them a message is like, by the encoder's vector (`python benchmarks/screening.py`;
docs/decisions/0026-screening.md). In a long message the danger may be one clause of many, so its sentences are looked
at one by one, too. For an encoder that nobody measured, examples stand in (intents.toml).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib import resources
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Vectors: TypeAlias = npt.NDArray[np.float32]
Kind: TypeAlias = Literal["urgent", "refused", "small_talk", "clarify", "off_topic"]

KINDS: tuple[Kind, ...] = ("urgent", "refused", "small_talk", "clarify", "off_topic")
"""Kinds of message that are no question to guidance."""
GAMMA = 1.5
"""Width of the kernel: exp(-GAMMA d²) is what two messages at distance d have in common."""
BY_SENTENCE: tuple[Kind, ...] = ("urgent", "refused")
"""Kinds that a message is of where one sentence of it is."""
SENTENCES = 12
"""Of a long message, those that are looked at: from its end, where what is asked stands, backwards."""
SHORTEST = 4
"""Words of a sentence that says something by itself."""

_SENTENCE = re.compile(r"[^.!?\n;]+[.!?;]*")


class Kinds(NamedTuple):
    """What a message is like."""

    surely: tuple[Kind, ...]
    maybe: tuple[Kind, ...]


class Screener(NamedTuple):
    """Tells kinds of message apart by what was learnt for one encoder: support vector machines, one for each kind."""

    examples: Vectors
    """Vectors of messages that a message is compared with, shape (examples, dimension), of length 1."""
    weights: Vectors
    """How much each speaks for every one of KINDS, shape (examples, kinds)."""
    bias: Vectors
    """Shape (kinds,), like the next ones."""
    marks: Vectors
    """Score from which a message is of a kind."""
    sentence_marks: Vectors
    """Likewise, from which one is that has a sentence of it."""
    hints: Vectors
    """Score from which a message may be of a kind for all that is known."""
    sentence_hints: Vectors
    """Likewise, of one of its sentences."""
    worth: Vectors
    """Score of the message as a whole from which it is worth looking at its sentences."""
    least: Vectors
    """Score that a sentence has at least where a message of several is of a kind as a whole."""

    def scores(self, vectors: Vectors) -> Vectors:
        """Return how far messages are of each kind, shape (messages, kinds), of vectors (messages, dimension)."""
        near = np.exp(-GAMMA * (2.0 - 2.0 * vectors @ self.examples.T))
        return np.asarray(near @ self.weights + self.bias, np.float32)

    def parts(self, message: str, vector: Vectors) -> list[str]:
        """Return the sentences of a message that are worth a look one by one; most ordinary messages have none."""
        worth = self.scores(vector[None])[0] >= self.worth
        return sentences(message) if worth.any() else []

    def kinds_of(self, message: str, vector: Vectors, encode: Callable[[Sequence[str]], Vectors]) -> Kinds:
        """Return the kinds that a message is of, in the order of KINDS, and that it may be of; none of a question.

        Args:
            message: As typed.
            vector: Its vector, shape (dimension,).
            encode: Embeds sentences, where it is worth it.
        """
        whole = self.scores(vector[None])[0]
        parts = sentences(message) if (whole >= self.worth).any() else []
        one = self.scores(np.asarray(encode(parts), np.float32)).max(axis=0) if parts else np.full_like(whole, -np.inf)
        one = np.where(whole >= self.worth, one, -np.inf)
        whole = backed(whole, one, self.least)

        def over(marks: Vectors, sentence_marks: Vectors) -> tuple[Kind, ...]:
            fits = (whole >= marks) | (one >= sentence_marks)
            return tuple(kind for kind, fit in zip(KINDS, fits.tolist(), strict=True) if fit)

        return Kinds(over(self.marks, self.sentence_marks), over(self.hints, self.sentence_hints))


def backed(whole: Vectors, one: Vectors, least: Vectors) -> Vectors:
    """Return how far messages are of each kind as a whole, -inf where no sentence of several is at all.

    What is hidden in one clause of an ordinary message makes ordinary messages look alike as a whole.

    Args:
        whole: Scores, shape (…, kinds).
        one: The highest of any sentence, likewise; -inf where there is one alone, or none was looked at.
        least: `Screener.least`.
    """
    return np.where(np.isneginf(one) | (one >= least), whole, np.float32(-np.inf))


def sentences(message: str) -> list[str]:
    """Return the sentences of a message that has several, the last SENTENCES that say something by themselves."""
    parts = [part.strip() for part in _SENTENCE.findall(message)]
    long = [part for part in parts if len(part.split()) >= SHORTEST]
    return long[-SENTENCES:] if len(parts) > 1 else []


@lru_cache(maxsize=4)
def screener_for(encoder: str) -> Screener | None:
    """Return what `python benchmarks/screening.py --write` learnt for an encoder; `None` for others."""
    with resources.files("career_advisor").joinpath("screening.npz").open("rb") as file, np.load(file) as arrays:
        if f"{encoder} examples" not in arrays.files:
            return None
        examples = arrays[f"{encoder} examples"].astype(np.float32)  # in eight bits, each to a scale of its own
        rest = (arrays[f"{encoder} {name}"].astype(np.float32) for name in Screener._fields[1:])
        return Screener(examples / np.linalg.norm(examples, axis=1, keepdims=True), *rest)

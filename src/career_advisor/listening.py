"""Listening: what kind of message is this, what of it does guidance leave open, and which sentences answer it?

A vector that was made to find passages says what a message is about. It hardly says that, in one clause of a question
on courses, somebody gives away what they own. So the layers of the light encoder were trained further on some twenty
thousand messages, to tell all of this at once (`python benchmarks/listening.py`; docs/decisions/0028-listening.md). For
each thing that is told, every word piece has a share of its own in what is thought of the message, so one clause of
many can decide. Of the shipped sentences it has learnt, besides, which messages each answers: for these, too, some word
pieces of a message count more than others. Its vocabulary is that of the light encoder as it was released, which every
install has; what was trained, rounded to eight bits, is in listening.npz. Whichever encoder made the index, it hears
the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from career_advisor.rounding import layers_in

Vectors: TypeAlias = npt.NDArray[np.float32]

BASE = "all-MiniLM-L6-v2"
"""Encoder whose layers were trained further."""
PIECES = 384
"""Word pieces of a message that count as a whole. It was trained on 160; few messages are longer."""
STRETCH = 90
"""Words of a stretch of a long message that is heard by itself, too."""
KIND, GAP = "kind", "gap"
"""Topics of what is told: of kinds of message (`screening`), and of kinds of what is left open (gaps.toml)."""


class Network(NamedTuple):
    """What was trained."""

    layers: Mapping[str, Vectors]
    """Of the encoder, by the names that they have there."""
    names: tuple[str, ...]
    """Of what is told: a topic, and of what, with a bar between them."""
    attend: Vectors
    """How much a word piece counts for each, shape (hidden, told); its share is their softmax over the message."""
    value: Vectors
    """What it says then, in the same shape."""
    mean: Vectors
    """Of the mean of all pieces, likewise."""
    bias: Vectors
    """Shape (told,)."""
    ask: Vectors
    """How much a word piece counts for the answer, shape (hidden, ways); in each way its share is their softmax."""
    project: Vectors
    """Of the mean of all pieces and of theirs in each way, shape ((1 + ways) * hidden, hidden)."""
    answers: Vectors
    """What a message is like that each sentence answers, shape (sentences, hidden)."""
    usual: Vectors
    """Log-odds of each sentence that it answers anything, shape (sentences,)."""
    sentences: tuple[str, ...]
    """`interaction.digest` of each."""


@lru_cache(maxsize=1)
def network() -> Network:
    """Read what `python benchmarks/listening.py --write` trained."""
    with resources.files("career_advisor").joinpath("listening.npz").open("rb") as file, np.load(file) as arrays:
        layers = layers_in(arrays)
        more = {name: layers.pop(name) for name in ("project", "answers", "usual")}
        rest = {name: arrays[name].astype(np.float32) for name in ("attend", "value", "mean", "bias", "ask")}
        told, sentences = (tuple(map(str, arrays[name])) for name in ("names", "sentences"))
        return Network(layers, told, sentences=sentences, **rest, **more)


class Heard(NamedTuple):
    """What is told of one message."""

    odds: Mapping[str, Mapping[str, float]]
    """Log-odds by topic, and of what."""
    loudest: Mapping[str, float]
    """By kind: the highest log-odds of the whole, or of a stretch of it."""
    shares: Vectors | None = None
    """Log-share of each of `Network.sentences` in what answers it, shape (sentences,)."""


class _Encoder(Protocol):
    def encode(self, texts: Sequence[str], limit: int) -> list[tuple[Vectors, Vectors]]: ...


class Listener:
    """Hears messages. May be used from several threads."""

    def __init__(self, encoder: _Encoder) -> None:
        """Hold the encoder: BASE with the layers of `network`, which gives the pieces of texts and their mean."""
        self._encoder = encoder

    def hear(self, message: str) -> Heard:
        """Return what is told of a message; of a very long one its beginning counts as a whole, PIECES word pieces."""
        net = network()
        encoded = self._encoder.encode([message, *stretches(message)], PIECES)
        odds = np.stack([said(*each, net) for each in encoded])
        found: dict[str, dict[str, float]] = {}
        loudest: dict[str, float] = {}
        for name, whole, most in zip(net.names, odds[0].tolist(), odds.max(axis=0).tolist(), strict=True):
            topic, _, of = name.partition("|")
            found.setdefault(topic, {})[of] = whole
            if topic == KIND:
                loudest[of] = most
        return Heard(found, loudest, answered(*encoded[0], net))


def said(pieces: Vectors, mean: Vectors, net: Network) -> Vectors:
    """Return the log-odds of all that is told, shape (told,), of pieces, shape (pieces, hidden), and their mean."""
    near = pieces @ net.attend
    share = np.exp(near - near.max(axis=0))
    share /= share.sum(axis=0)
    return np.asarray((share * (pieces @ net.value)).sum(axis=0) + mean @ net.mean + net.bias, np.float32)


def answered(pieces: Vectors, mean: Vectors, net: Network) -> Vectors:
    """Return the log-share of each sentence in what answers a message, shape (sentences,); of what, as for `said`."""
    near = pieces @ net.ask
    share = np.exp(near - near.max(axis=0))
    share /= share.sum(axis=0)
    asked = np.concatenate([mean[None], share.T @ pieces]).reshape(-1) @ net.project
    odds = net.answers @ (asked / np.linalg.norm(asked)) + net.usual
    odds -= odds.max()
    return np.asarray(odds - np.log(np.exp(odds).sum()), np.float32)


def stretches(message: str) -> list[str]:
    """Return a long message in stretches of about STRETCH words that overlap by half; nothing of a shorter one.

    >>> len(stretches("word " * 90)), len(stretches("word " * 180))
    (0, 3)
    """
    words = message.split()
    if len(words) <= STRETCH:
        return []
    starts = range(0, len(words) - STRETCH // 2, STRETCH // 2)
    return [" ".join(words[start : start + STRETCH]) for start in starts]

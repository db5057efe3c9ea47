"""Interaction: which sentences answer this message, word by word?

One vector for a message and one for a sentence say how near the two are, not whether what matters to this person stands
in it. Here every word piece of the message is compared with every one of a sentence and of the heading above it, as in
ColBERT (late interaction, arXiv 2004.12832): the pieces of the sentences are embedded once and kept, so that a message
costs one pass through a small encoder. That encoder is the light one, whose layers were trained further on messages for
which readers of the whole corpus put the best answer together (`python benchmarks/interaction.py`;
docs/decisions/0025-interaction.md). Its vocabulary is that of the light encoder as it was released; what was trained,
rounded to eight bits, is in interaction.npz, the pieces of the shipped sentences in corpus/vectors/interaction.npz.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from career_advisor.records import SENTENCE, Document, Shelf, Window
from career_advisor.rounding import layers_in

Vectors: TypeAlias = npt.NDArray[np.float32]
Positions: TypeAlias = npt.NDArray[np.intp]
Products: TypeAlias = Callable[[Vectors], Vectors]
"""Multiplies small matrices with a large one, which stays."""
Sentence: TypeAlias = tuple[str, str]
"""The heading above it and its text."""

BASE = "all-MiniLM-L6-v2"
"""Encoder whose layers were trained further."""
SENTENCE_PIECES = 64
"""Word pieces of a heading and a sentence that count."""
MESSAGE_PIECES = 192
"""Of a message, likewise. It was trained on 96, but says more of long messages with twice as many."""
UNKNOWN = -np.inf
"""Log-odds of what is no sentence, or one that nobody embedded."""
LEAST = -15.0
"""Log-odds below which all are equally unlikely; log-shares likewise."""


LONG_SECTION = 180
"""Words from which it is not the section that answers, but a place in it: a transcript is one section of thousands."""
PLACE_WORDS = 48
"""Words of a window at most that is such a place: about as many as SENTENCE_PIECES hold."""
BEFOREHAND = 10_000
"""Texts beside what ships that are embedded when an index is made: a transcript of 40,000 words. That many take 100 MB,
and 40 ms of a reply; of what has more, only the sentences found are embedded, when they are found."""
APART = 500
"""Texts embedded between two writes to what is remembered."""


class Blend(NamedTuple):
    """What a sentence's log-odds word by word and its log-share by what `listening` learnt of it are worth together.

    Fitted on messages that taught neither (`benchmarks/blending.py`).
    """

    by_words: float = 0.521
    by_heart: float = 0.841
    constant: float = 3.638
    usual_slope: float = 0.431
    usual: float = -4.886
    """The usual log-share is `usual` and `usual_slope` times the log-odds; it stands in where nothing was learnt."""

    def together(self, log_odds: Vectors, shares: Vectors) -> Vectors:
        """Return log-odds by both; `shares` is not a number where nothing was learnt of a sentence."""
        known = np.maximum(log_odds, np.float32(LEAST))
        usual = self.usual + self.usual_slope * known
        share = np.maximum(np.where(np.isnan(shares), usual, shares), np.float32(LEAST))
        return np.asarray(self.by_words * known + self.by_heart * share + self.constant, np.float32)


BLEND = Blend()


class Embedded(NamedTuple):
    """Sentences as they are kept."""

    pieces: npt.NDArray[np.int8]
    """Unit vectors of all their word pieces, one sentence behind the other, times 127; shape (pieces, width)."""
    share: npt.NDArray[np.float16]
    """How much each piece counts in its sentence, shape (pieces,)."""
    ends: npt.NDArray[np.int32]
    """One past each sentence's last piece, shape (sentences,)."""
    whole: npt.NDArray[np.float16]
    """Of each sentence as a whole, shape (sentences, width)."""
    bias: npt.NDArray[np.float16]
    """Log-odds of each that it answers anything, shape (sentences,)."""

    def taken(self, places: Sequence[int]) -> Embedded:
        """Return some of them, in this order."""
        bounds = np.concatenate(([0], self.ends))
        pieces = [np.arange(bounds[place], bounds[place + 1]) for place in places]
        rows = np.concatenate(pieces) if pieces else np.zeros(0, np.intp)
        ends = np.cumsum([len(each) for each in pieces]).astype(np.int32)
        return Embedded(self.pieces[rows], self.share[rows], ends, self.whole[list(places)], self.bias[list(places)])


class Network(NamedTuple):
    """What was trained."""

    layers: Mapping[str, Vectors]
    """Of the encoder, by the names that they have there."""
    project: Vectors
    """Of what a piece has become, shape (hidden, width), with `project_bias`; likewise the next ones."""
    project_bias: Vectors
    message_share: Vectors
    """How much a piece of a message counts, shape (hidden,); of a sentence, the next."""
    sentence_share: Vectors
    message_whole: Vectors
    message_whole_bias: Vectors
    sentence_whole: Vectors
    sentence_whole_bias: Vectors
    sentence_bias: Vectors
    """Shape (hidden + 1,), its constant last."""
    counts: Vectors
    """Of the message's pieces, of the sentence's, and of both as a whole; and the log-odds to begin with."""


UNIT = 0.05
"""How far the length of a rounded piece may be from 1."""


@lru_cache(maxsize=1)
def identity() -> str:
    """Return what stands for the network: what another one made is of no use to it."""
    data = resources.files("career_advisor").joinpath("interaction.npz").read_bytes()
    return hashlib.sha256(data).hexdigest()[:16]


@lru_cache(maxsize=1)
def network() -> Network:
    """Read what `python benchmarks/interaction.py --write` trained."""
    with resources.files("career_advisor").joinpath("interaction.npz").open("rb") as file, np.load(file) as arrays:
        return Network(layers_in(arrays), *(arrays[name].astype(np.float32) for name in Network._fields[1:]))


class Asked(NamedTuple):
    """A message."""

    pieces: Vectors
    """Unit vectors, shape (pieces, width)."""
    share: Vectors
    """How much each counts, shape (pieces,)."""
    whole: Vectors
    """Shape (width,)."""


class Memory(Protocol):
    """Keeps what was embedded."""

    def read(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """Return what is kept under some of the keys."""
        ...

    def write(self, entries: Mapping[str, bytes]) -> None:
        """Keep more."""
        ...


class _Encoder(Protocol):
    def encode(self, texts: Sequence[str | tuple[str, str]], limit: int) -> list[tuple[Vectors, Vectors]]: ...

    def products(self, matrix: Vectors) -> Products: ...


class Interaction:
    """Compares messages with sentences. May be used from several threads."""

    def __init__(self, encoder: _Encoder, memory: Memory | None = None) -> None:
        """Hold the encoder and what it made before.

        Args:
            encoder: BASE with the layers of `network`, which gives the pieces of texts and their mean.
            memory: Of this very network (`identity`).
        """
        self._encoder = encoder
        self._memory = memory

    def asked(self, message: str) -> Asked:
        """Embed a message; of a very long one its beginning counts, of MESSAGE_PIECES word pieces."""
        net = network()
        ((pieces, whole),) = self._encoder.encode([message], MESSAGE_PIECES)
        return Asked(
            _units(pieces, net), _shares(pieces @ net.message_share), whole @ net.message_whole + net.message_whole_bias
        )

    def ready(self, sentences: Embedded) -> Ready:
        """Make many sentences ready to be compared with message after message."""
        return Ready.of(sentences, self._encoder.products)

    def embed(self, sentences: Sequence[Sentence]) -> list[Embedded]:
        """Embed sentences, each by itself."""
        net = network()
        found = []
        for pieces, whole in self._encoder.encode(sentences, SENTENCE_PIECES):
            found.append(
                Embedded(
                    np.round(_units(pieces, net) * 127.0).astype(np.int8),
                    _shares(pieces @ net.sentence_share).astype(np.float16),
                    np.array([len(pieces)], np.int32),
                    (whole @ net.sentence_whole + net.sentence_whole_bias)[None].astype(np.float16),
                    np.array([whole @ net.sentence_bias[:-1] + net.sentence_bias[-1]], np.float16),
                )
            )
        return found

    def remembered(
        self, sentences: Sequence[Sentence], progress: Callable[[int, int], None] = lambda done, total: None
    ) -> list[Embedded]:
        """Embed many sentences, but for those that are remembered, and remember them.

        Args:
            sentences: In any order.
            progress: Told how many of those that are not remembered are done, and how many there are.
        """
        keys = [digest(each) for each in sentences]
        known = {key: each for key, blob in self._read(keys).items() if (each := _unpacked(blob)) is not None}
        missing = [(key, each) for key, each in dict(zip(keys, sentences, strict=True)).items() if key not in known]
        for start in range(0, len(missing), APART):
            part = missing[start : start + APART]
            fresh = dict(zip([key for key, _ in part], self.embed([each for _, each in part]), strict=True))
            if self._memory is not None:
                self._memory.write({key: _packed(each) for key, each in fresh.items()})
            known |= fresh
            progress(start + len(part), len(missing))
        return [known[key] for key in keys]

    def _read(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        return self._memory.read(keys) if self._memory is not None else {}


def _packed(sentence: Embedded) -> bytes:
    """Return a sentence as it is remembered."""
    return b"".join(each.tobytes() for each in (sentence.pieces, sentence.share, sentence.whole, sentence.bias))


def _unpacked(blob: bytes) -> Embedded | None:
    """Return what `_packed` made bytes of; `None` of what it cannot have made."""
    width = len(network().message_whole_bias)
    pieces, rest = divmod(len(blob) - 2 * width - 2, width + 2)
    if rest or pieces < 1:
        return None
    units = np.frombuffer(blob, np.int8, pieces * width).reshape(pieces, width)
    halves = np.frombuffer(blob, np.float16, offset=pieces * width)
    lengths = np.linalg.norm(units.astype(np.float32), axis=1)
    if np.abs(lengths / 127.0 - 1.0).max() > UNIT or not np.isfinite(halves).all():
        return None
    share, whole, bias = np.split(halves, [pieces, pieces + width])
    return Embedded(units, share, np.array([pieces], np.int32), whole[None], bias)


def _units(pieces: Vectors, net: Network) -> Vectors:
    projected = pieces @ net.project + net.project_bias
    return np.asarray(projected / np.linalg.norm(projected, axis=1, keepdims=True), np.float32)


def _shares(weights: Vectors) -> Vectors:
    raised = np.exp(weights - weights.max())
    return np.asarray(raised / raised.sum(), np.float32)


def joined(each: Sequence[Embedded]) -> Embedded:
    """Return several as one, in their order."""
    ends = np.cumsum(np.concatenate([np.diff(one.ends, prepend=0) for one in each])).astype(np.int32)
    rest = ("pieces", "share", "whole", "bias")
    stacked = {name: np.concatenate([getattr(one, name) for one in each]) for name in rest}
    return Embedded(ends=ends, **stacked)


class Ready(NamedTuple):
    """Sentences as they are compared."""

    near: Products
    """Gives for pieces of a message, shape (theirs, width), the cosines to those of all sentences, one sentence behind
    the other, shape (theirs, pieces)."""
    starts: Positions
    """Each sentence's first piece, shape (sentences,)."""
    share: Vectors
    """Shape (pieces,)."""
    whole: Vectors
    bias: Vectors

    @classmethod
    def of(cls, sentences: Embedded, products: Callable[[Vectors], Products] | None = None) -> Ready:
        """Make them ready.

        Args:
            sentences: As they are kept.
            products: Makes ready to multiply with all their pieces, which is most of what a comparison takes; numpy's
                way by default.
        """
        pieces = np.ascontiguousarray(sentences.pieces.T, np.float32) / np.float32(127.0)
        return cls(
            products(pieces) if products else lambda asked: asked @ pieces,
            np.concatenate(([0], sentences.ends[:-1])).astype(np.intp),
            sentences.share.astype(np.float32),
            sentences.whole.astype(np.float32),
            sentences.bias.astype(np.float32),
        )


def log_odds(asked: Asked, sentences: Ready) -> Vectors:
    """Return the log-odds that each sentence belongs in an answer to the message, shape (sentences,)."""
    counts = network().counts
    near = sentences.near(asked.pieces)
    by_message = asked.share @ np.maximum.reduceat(near, sentences.starts, axis=1)
    by_sentence = np.add.reduceat(near.max(axis=0) * sentences.share, sentences.starts)
    as_wholes = sentences.whole @ asked.whole / np.float32(np.sqrt(len(asked.whole)))
    found = counts[0] * by_message + counts[1] * by_sentence + counts[2] * as_wholes
    return np.asarray(found + sentences.bias + counts[3], np.float32)


def digest(sentence: Sentence) -> str:
    """Return what stands for a heading and a sentence, whatever their spaces."""
    return hashlib.blake2s("\n".join(" ".join(part.split()) for part in sentence).encode(), digest_size=8).hexdigest()


def load(path: Path) -> tuple[dict[str, int], Embedded]:
    """Read the sentences that ship embedded: the place of each by its digest, and all of them."""
    with path.open("rb") as file, np.load(file) as arrays:
        places = {str(each): place for place, each in enumerate(arrays["digests"])}
        return places, Embedded(*(arrays[name] for name in Embedded._fields))


def write(path: Path, sentences: Sequence[Sentence], interaction: Interaction) -> None:
    """Embed sentences and keep them."""
    unique = list(dict.fromkeys(sentences))
    digests = np.array([digest(each) for each in unique])
    np.savez_compressed(path, allow_pickle=False, digests=digests, **joined(interaction.embed(unique))._asdict())


class Answering:
    """How likely each sentence of an index belongs in the answer to one message."""

    def __init__(
        self,
        by_words: Vectors,
        more: Callable[[Positions], Vectors] | None = None,
        shares: Vectors | None = None,
        taught: float = 1.0,
    ) -> None:
        """Hold what is known.

        Args:
            by_words: Log-odds by row of the sentence's own window, or of the place's in a long section, shape
                (windows,); UNKNOWN of all else.
            more: Gives those of rows that are asked for and unknown.
            shares: Log-share of the sentences by what was learnt of them, in the same shape; not a number of others.
            taught: Share of the sentences that the network learnt from.
        """
        self._by_words = by_words
        self._more = more
        self._shares = shares
        self.taught = taught

    @property
    def odds(self) -> Vectors:
        """Log-odds of all that is embedded, by row, shape (windows,); UNKNOWN of all else."""
        if self._shares is None:
            return self._by_words
        return np.where(np.isneginf(self._by_words), UNKNOWN, BLEND.together(self._by_words, self._shares))

    def of(self, rows: Positions) -> Vectors:
        """Return the log-odds of sentences by the rows of their windows, in the same shape."""
        alone = self.by_words(rows)
        return alone if self._shares is None else BLEND.together(alone, self._shares[rows])

    def by_words(self, rows: Positions) -> Vectors:
        """Return the same, word by word alone.

        What was learnt by heart says which sentences answer rather than others, not whether any does.
        """
        unknown = np.unique(rows[np.isneginf(self._by_words[rows])])
        if len(unknown) and self._more is not None:
            self._by_words[unknown] = self._more(unknown)
        return np.maximum(self._by_words[rows], np.float32(LEAST))


class Compares(Protocol):
    """Compares messages with the sentences of one index."""

    def asked(self, message: str, shares: Vectors | None = None) -> Answering:
        """Compare a message with them; `shares` as `listening.Heard` has them."""
        ...


class Sentences:
    """The sentences of one index, and the places in its long sections: those that ship embedded, and others.

    Others are embedded when the index is made or opened; where they are more than BEFOREHAND, when they are found.
    """

    def __init__(
        self,
        shelf: Shelf,
        interaction: Interaction,
        shipped: tuple[Mapping[str, int], Embedded],
        learnt: Sequence[str] = (),
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        """Make ready what a message is compared with.

        Args:
            shelf: The index.
            interaction: Embeds messages, and what does not ship.
            shipped: What `load` returned.
            learnt: Digests of the sentences whose log-shares `asked` is given, in their order.
            progress: Told how much of what has to be embedded now is.
        """
        self._interaction = interaction
        self._windows = len(shelf.windows)
        every_text = dict(compared(shelf.windows, shelf.documents))
        self._sentences = {row: each for row, each in every_text.items() if shelf.windows[row].size == SENTENCE}
        places, every = shipped
        known = {row: places[key] for row, each in every_text.items() if (key := digest(each)) in places}
        others = beforehand(shelf.windows, shelf.documents, places)
        embedded = interaction.remembered(list(others.values()), progress)
        self._known = np.array([*known, *others], np.intp)
        self._ready = interaction.ready(joined([every.taken(list(known.values())), *embedded]))
        self._taught = sum(row in known for row in self._sentences) / max(len(self._sentences), 1)
        self._others: dict[int, Embedded] = {}
        of_learnt = {key: place for place, key in enumerate(learnt)}
        self._learnt = {
            row: of_learnt[key] for row, each in self._sentences.items() if (key := digest(each)) in of_learnt
        }

    def asked(self, message: str, shares: Vectors | None = None) -> Answering:
        """Compare a message with all that are known.

        Args:
            message: What somebody wrote.
            shares: Log-share of each sentence that was learnt, in their order, shape (learnt,).
        """
        asked = self._interaction.asked(message)
        odds = np.full(self._windows, UNKNOWN, np.float32)
        if len(self._known):
            odds[self._known] = log_odds(asked, self._ready)
        of_rows = None
        if shares is not None and self._learnt:
            of_rows = np.full(self._windows, np.nan, np.float32)
            of_rows[list(self._learnt)] = shares[list(self._learnt.values())]
        return Answering(odds, lambda rows: self._compared(asked, rows), of_rows, self._taught)

    def _compared(self, asked: Asked, rows: Positions) -> Vectors:
        new = [row for row in rows.tolist() if row not in self._others]
        embedded = self._interaction.embed([self._sentences[row] for row in new])
        self._others |= dict(zip(new, embedded, strict=True))
        return log_odds(asked, Ready.of(joined([self._others[row] for row in rows.tolist()])))


def compared(windows: Sequence[Window], documents: Mapping[str, Document]) -> Iterator[tuple[int, Sentence]]:
    """Yield the rows of the sentences' own windows and of the places in long sections, each under its heading."""
    long = long_sections(windows)
    for row, window in enumerate(windows):
        if window.size == SENTENCE or (0 < window.size <= PLACE_WORDS and (window.document, window.section) in long):
            document = documents[window.document]
            heading = " ".join(document.sections[window.section].heading[-1:])
            yield row, (heading, document.text[window.start : window.end])


def long_sections(windows: Sequence[Window]) -> set[tuple[str, int]]:
    """Return the sections, by document and number, that have more than LONG_SECTION words."""
    words: Counter[tuple[str, int]] = Counter()
    for window in windows:
        if window.size == SENTENCE:
            words[window.document, window.section] += len(window.text.split())
    return {section for section, count in words.items() if count > LONG_SECTION}


def beforehand(
    windows: Sequence[Window], documents: Mapping[str, Document], shipped: Container[str]
) -> dict[int, Sentence]:
    """Return what of an index is embedded before anybody asks, by row: nothing where it is more than BEFOREHAND.

    Args:
        windows: Of the index.
        documents: By path.
        shipped: Digests of what ships embedded.
    """
    others = {row: each for row, each in compared(windows, documents) if digest(each) not in shipped}
    return others if len(others) <= BEFOREHAND else {}

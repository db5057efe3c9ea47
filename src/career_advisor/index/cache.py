"""What need not be computed again: the caches of a home, and the file that ships with the corpus."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from career_advisor.records import EncoderIdentity, IndexUnsound

Vectors = npt.NDArray[np.float32]

APART = 500
"""Texts embedded between two writes to the cache: what Ctrl-C loses at most."""


class Encoder(Protocol):
    """What turns texts into vectors."""

    @property
    def identity(self) -> EncoderIdentity:
        """Which weights."""
        ...

    def encode(self, texts: Sequence[str], /) -> Vectors:
        """Return an array of shape (len(texts), dimension), rows of length 1."""
        ...


def text_hash(text: str) -> str:
    """Return the key under which a text's vector is kept."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Kept:
    """What was computed, as bytes by key, in one file of a home; one that is damaged is put aside and filled again."""

    def __init__(self, path: Path) -> None:
        """Remember where it is; nothing is opened yet."""
        self.path = path

    def read(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return what is kept under some of the keys."""
        if not self.path.exists():
            return {}
        found: dict[str, bytes] = {}
        try:
            with closing(self._connect()) as connection:
                for start in range(0, len(keys), APART):
                    part = keys[start : start + APART]
                    marks = ",".join("?" * len(part))
                    found |= connection.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", part)  # noqa: S608
        except sqlite3.DatabaseError:
            self.path.replace(self.path.with_suffix(".damaged"))
            return {}
        return found

    def write(self, entries: Mapping[str, bytes]) -> None:
        """Keep more; where nothing can be written, it is computed again next time."""
        with suppress(OSError, sqlite3.OperationalError), closing(self._connect()) as connection, connection:
            connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", entries.items())

    def _connect(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, timeout=10)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS vectors (key TEXT PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID"
        )
        return connection


class VectorCache:
    """An encoder that remembers.

    A vector is looked for in the home's cache, then among the shipped ones, and computed last. Entries of another
    encoder are never seen; one that is damaged counts as absent.
    """

    def __init__(
        self, home: Path, encoder: Encoder, shipped: Callable[[], Mapping[str, Vectors]] | None = None
    ) -> None:
        """Remember where the cache is; nothing is opened yet.

        Args:
            home: Folder that holds `vectors/`.
            encoder: Computes what is not there.
            shipped: Gives the vectors that came with the program, by text hash.
        """
        self._kept = Kept(home / "vectors" / f"{encoder.identity.sha256[:16]}.sqlite")
        self._encoder = encoder
        self._shipped = shipped
        self.computed = 0
        """Texts that had to be embedded so far."""

    @property
    def identity(self) -> EncoderIdentity:
        """Which weights."""
        return self._encoder.identity

    def encode(self, texts: Sequence[str], progress: Callable[[int, int], None] | None = None) -> Vectors:
        """Return the texts' vectors, shape (len(texts), dimension), computing only those not known."""
        keys = [text_hash(text) for text in texts]
        known = self._read(keys)
        if self._shipped is not None and any(key not in known for key in keys):
            shipped = self._shipped()
            known |= {key: shipped[key] for key in keys if key not in known and key in shipped}
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        todo = list(missing.items())
        for start in range(0, len(todo), APART):
            batch = todo[start : start + APART]
            vectors = self._encoder.encode([text for _, text in batch])
            fresh = {key: vector for (key, _), vector in zip(batch, vectors, strict=True)}
            self._write(fresh)
            known |= fresh
            self.computed += len(batch)
            if progress is not None:
                progress(start + len(batch), len(todo))
        if not keys:
            return np.empty((0, self.identity.dimension), np.float32)
        return np.stack([known[key] for key in keys]).astype(np.float32)

    @property
    def path(self) -> Path:
        """Where it remembers."""
        return self._kept.path

    def encode_afresh(self, texts: Sequence[str]) -> Vectors:
        """Return the texts' vectors as the encoder makes them now, whatever is remembered."""
        return self._encoder.encode(texts)

    def _read(self, keys: Sequence[str]) -> dict[str, Vectors]:
        found = {key: np.frombuffer(blob, np.float32) for key, blob in self._kept.read(keys).items()}
        return {
            key: vector
            for key, vector in found.items()
            if vector.shape == (self.identity.dimension,) and abs(float(vector @ vector) - 1) < 1e-3  # noqa: PLR2004
        }

    def _write(self, vectors: Mapping[str, Vectors]) -> None:
        self._kept.write({key: vector.astype(np.float32).tobytes() for key, vector in vectors.items()})


def export_vectors(path: Path, identity: EncoderIdentity, texts: Sequence[str], vectors: Vectors) -> None:
    """Write vectors in a byte a number, with a scale for each row: a quarter of float32, cosine to it above .9999.

    Args:
        path: An .npz file; replaced atomically.
        identity: Of the encoder; a reader with another one gets nothing.
        texts: What was embedded; only hashes are written.
        vectors: Shape (len(texts), dimension).
    """
    by_key = dict(zip((text_hash(text) for text in texts), vectors, strict=True))
    keys = sorted(by_key)
    rows = np.stack([by_key[key] for key in keys])
    scale = np.abs(rows).max(axis=1, keepdims=True) / 127
    path.parent.mkdir(parents=True, exist_ok=True)
    staging = path.with_suffix(".writing.npz")
    np.savez_compressed(
        staging,
        encoder=np.array(identity.sha256),
        keys=np.array([bytes.fromhex(key)[:16] for key in keys], dtype="S16"),
        rows=np.rint(rows / scale).astype(np.int8),
        scale=scale.astype(np.float32),
    )
    staging.replace(path)


class ShippedVectors(Mapping[str, Any]):
    """Vectors by text hash, unpacked when asked for."""

    def __init__(self, positions: Mapping[bytes, int], rows: npt.NDArray[np.int8], scale: Vectors) -> None:
        self._positions, self._rows, self._scale = positions, rows, scale

    def __getitem__(self, key: str) -> Vectors:
        position = self._positions[_short(key)]
        row = self._rows[position].astype(np.float32) * self._scale[position]
        unit: Vectors = row / np.linalg.norm(row)
        return unit

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and _short(key) in self._positions

    def __iter__(self) -> Any:
        raise TypeError("shipped vectors are looked up by hash, not listed")

    def __len__(self) -> int:
        return len(self._positions)


def _short(key: str) -> bytes:
    # numpy strips trailing zero bytes of fixed-size strings, so both sides do.
    return bytes.fromhex(key)[:16].rstrip(b"\0")


def load_vectors(path: Path, identity: EncoderIdentity) -> ShippedVectors:
    """Read a file of `export_vectors`; empty where there is none, or it is another encoder's.

    Raises:
        IndexUnsound: If the file is damaged.
    """
    nothing = ShippedVectors({}, np.empty((0, 0), np.int8), np.empty((0, 1), np.float32))
    if not path.is_file():
        return nothing
    try:
        with np.load(path, allow_pickle=False) as archive:
            if str(archive["encoder"]) != identity.sha256:
                return nothing
            keys = archive["keys"].tolist()
            return ShippedVectors({key: i for i, key in enumerate(keys)}, archive["rows"], archive["scale"])
    except (OSError, ValueError, KeyError) as fault:
        raise IndexUnsound(f"{path} is damaged ({fault}); make it anew with `career-advisor index vectors`") from fault

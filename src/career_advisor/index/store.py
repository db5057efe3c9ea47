"""One version on disk: what it holds, how it is written, and how it is read back."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from career_advisor.records import (
    Chunks,
    Document,
    EncoderIdentity,
    IndexOutdated,
    IndexUnsound,
    Passage,
    Window,
)

Vectors = npt.NDArray[np.float32]

FORMAT = 2
"""Of a version's files; another number is made anew."""
PROBE = "A fixed sentence, embedded with every index, tells one encoder from another."
SAME_VECTOR = 0.999
"""Cosine from which two vectors of a text are of the same encoder; rounding alone stays above .9999."""
COLLECTION = "windows"
BATCH = 5_000
"""Vectors in one call; Chroma takes 5,461 at most."""
MEND = "make it anew with `career-advisor index build`"
# The database's own file changes whenever it is opened; what it holds is checked instead.
UNHASHED = frozenset({"manifest.json", "chroma.sqlite3", "chroma.sqlite3-journal", "chroma.sqlite3-wal"})
UNREADABLE = (OSError, ValueError, KeyError, TypeError, IndexError, EOFError)
"""What a file of a version raises that is missing or misshapen."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a version says of itself."""

    version: str
    created: str
    encoder: EncoderIdentity
    splitter: str
    sources: tuple[str, ...]
    """The paths as they were given."""
    shipped: bool
    """Whether it holds the shipped corpus and nothing else."""
    documents: dict[str, str]
    """SHA-256 of the file each document was read from, by document path."""
    passages: int
    windows: int
    vectors_sha256: str
    """Of the matrix as it is read out of Chroma."""
    probe: tuple[float, ...]
    """Vector of PROBE."""
    files: dict[str, str]
    """SHA-256 of every file of the version but UNHASHED, by path."""
    passage_hashes: dict[str, str] = field(default_factory=dict)
    """SHA-256 over the passages of each document, by its path; empty in a version made before this was noted."""
    failed: dict[str, tuple[str, str]] = field(default_factory=dict)
    """SHA-256 and reason of each file that could be opened and not read, by document path."""
    format: int = FORMAT

    def write(self, folder: Path) -> None:
        """Write it into a version's folder."""
        (folder / "manifest.json").write_text(json.dumps(asdict(self), indent=1), "utf-8")

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read it.

        Raises:
            IndexUnsound: If it is missing, damaged or of another format.
        """
        try:
            data = json.loads((folder / "manifest.json").read_text("utf-8"))
            if data["format"] != FORMAT:
                raise IndexOutdated(
                    f"the index {folder.name} was made by another version of the program; {MEND}",
                    sources=[str(source) for source in data.get("sources", ())],
                    shipped=bool(data.get("shipped", False)),
                )
            data |= {
                "encoder": EncoderIdentity(*data["encoder"]),
                "sources": tuple(data["sources"]),
                "probe": tuple(data["probe"]),
                "failed": {path: (sha256, reason) for path, (sha256, reason) in data.get("failed", {}).items()},
            }
            return cls(**data)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
            raise IndexUnsound(f"the manifest of the index {folder.name} is damaged ({fault}); {MEND}") from fault


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class OpenIndex:
    """A version in memory; satisfies `records.Shelf`. Holds no file open, so the folder may go away under it."""

    manifest: Manifest
    documents: dict[str, Document]
    passages: tuple[Passage, ...]
    windows: tuple[Window, ...]
    vectors: Vectors
    words: Any

    @property
    def id(self) -> str:
        """Name of the version."""
        return self.manifest.version

    @property
    def built(self) -> str:
        """The day on which it was built, in ISO form."""
        return self.manifest.created[:10]

    @property
    def encoder(self) -> EncoderIdentity:
        """Which encoder's vectors these are."""
        return self.manifest.encoder

    @property
    def probe(self) -> Vectors:
        """Vector of PROBE by the encoder that made the index."""
        return np.array(self.manifest.probe, np.float32)

    def lexical(self, question: str) -> Vectors:
        """Return BM25 scores, shape (len(passages),); zero where no word is shared."""
        tokens = [token for token in _tokens([question])[0] if token in self.words.vocab_dict]
        if not tokens:
            return np.zeros(len(self.passages), np.float32)
        return np.asarray(self.words.get_scores(tokens), np.float32)


def _tokens(texts: Sequence[str]) -> list[list[str]]:
    import bm25s
    from Stemmer import Stemmer

    found: list[list[str]] = bm25s.tokenize(
        list(texts), stopwords="en", stemmer=Stemmer("english"), return_ids=False, show_progress=False
    )
    return found


def chroma(folder: Path) -> Any:
    """Open the database of a version; without an embedding function, telemetry, or a look at the working folder."""
    import chromadb
    from chromadb.config import Settings

    settings = Settings(_env_file=None, anonymized_telemetry=False, allow_reset=False)
    return chromadb.PersistentClient(str(folder / "chroma"), settings=settings)


def write_content(
    folder: Path,
    documents: Sequence[Document],
    chunks: Chunks,
    vectors: Vectors,
    lexical: Sequence[str],
) -> None:
    """Write all of a version but its manifest."""
    import bm25s

    passages, windows = chunks
    order = {document.path: i for i, document in enumerate(documents)}
    (folder / "documents.json").write_text(json.dumps([asdict(d) for d in documents]), "utf-8")
    (folder / "passages.json").write_text(
        json.dumps([[order[p.document], p.section, p.start, p.end] for p in passages]), "utf-8"
    )
    texts = {document.path: document.text for document in documents}
    rows = [
        # What was embedded is kept where it is more than the words themselves.
        [
            order[w.document],
            *(w.section, w.start, w.end, w.size),
            None if w.text == _one_line(texts[w.document][w.start : w.end]) else w.text,
        ]
        for w in windows
    ]
    (folder / "windows.json").write_text(json.dumps(rows), "utf-8")
    words = bm25s.BM25(k1=1.2, b=0.75)
    # BM25 of nothing but stop words has no vocabulary; one unfindable word keeps it whole.
    words.index([tokens or ["\0"] for tokens in _tokens(lexical)], show_progress=False)
    words.save(str(folder / "words"))
    np.save(folder / "vectors.npy", vectors.astype(np.float32))
    client = chroma(folder)
    try:
        # Written out with the last vector: what stays in Chroma's log would change the files at every opening.
        whole = max(len(windows), 2)
        space = {"hnsw:space": "cosine", "hnsw:batch_size": whole, "hnsw:sync_threshold": whole}
        collection = client.create_collection(COLLECTION, metadata=space, embedding_function=None)
        for start in range(0, len(windows), BATCH):
            part = windows[start : start + BATCH]
            collection.add(
                ids=[str(start + i) for i in range(len(part))],
                embeddings=vectors[start : start + BATCH],
                metadatas=[
                    {"document": w.document, "section": w.section, "start": w.start, "end": w.end, "size": w.size}
                    for w in part
                ],
            )
    finally:
        client.close()


def read_vectors(folder: Path, count: int, dimension: int) -> Vectors:
    """Read the matrix out of Chroma, in the order of the windows.

    Raises:
        IndexUnsound: If vectors are missing or misshapen.
    """
    client = chroma(folder)
    try:
        collection = client.get_collection(COLLECTION, embedding_function=None)
        matrix = np.full((count, dimension), np.nan, np.float32)
        for start in range(0, collection.count(), BATCH):
            got = collection.get(include=["embeddings"], limit=BATCH, offset=start)
            positions = np.array([int(name) for name in got["ids"]])
            if len(positions) and (positions.max() >= count or got["embeddings"].shape[1] != dimension):
                raise IndexUnsound(f"the index {folder.name} holds vectors that are not its own; {MEND}")
            matrix[positions] = got["embeddings"]
    except IndexUnsound:
        raise
    except Exception as fault:  # Chroma raises its own, sqlite's and Rust's errors for a damaged file
        raise IndexUnsound(f"the vectors of the index {folder.name} cannot be read ({fault}); {MEND}") from fault
    finally:
        client.close()
    if np.isnan(matrix).any():
        raise IndexUnsound(f"the index {folder.name} has lost {int(np.isnan(matrix[:, 0]).sum())} vectors; {MEND}")
    return matrix


def read_version(folder: Path) -> OpenIndex:
    """Read a version into memory, checking every file on the way.

    Raises:
        IndexUnsound: If anything is missing, changed or misshapen; the message names it.
    """
    manifest = Manifest.read(folder)
    # Before Chroma touches them: torn files can end the process, not only raise.
    for problem in file_problems(folder, manifest):
        raise IndexUnsound(f"the index {folder.name} is damaged: {problem}; {MEND}")
    try:
        documents, passages, windows = read_texts(folder)
        words = read_words(folder)
    except UNREADABLE as fault:
        raise IndexUnsound(f"the index {folder.name} is damaged ({fault}); {MEND}") from fault
    vectors = read_vectors(folder, manifest.windows, manifest.encoder.dimension)
    if hashlib.sha256(vectors.tobytes()).hexdigest() != manifest.vectors_sha256:
        raise IndexUnsound(f"the vectors of the index {folder.name} have changed; {MEND}")
    if (len(passages), len(windows), len(documents)) != (manifest.passages, manifest.windows, len(manifest.documents)):
        raise IndexUnsound(f"the index {folder.name} does not hold what its manifest counts; {MEND}")
    if manifest.passage_hashes and manifest.passage_hashes != hashes_of_passages(documents, passages):
        raise IndexUnsound(f"the passages of the index {folder.name} have changed; {MEND}")
    return OpenIndex(manifest, {d.path: d for d in documents}, passages, windows, vectors, words)


def read_texts(folder: Path) -> tuple[list[Document], tuple[Passage, ...], tuple[Window, ...]]:
    """Read documents, passages and windows, each in the order in which they were written.

    Raises:
        OSError, ValueError, KeyError, TypeError, IndexError: If a file is missing or misshapen.
    """
    documents = [Document.from_json(data) for data in json.loads((folder / "documents.json").read_text("utf-8"))]
    passages = tuple(
        Passage(documents[d].path, *rest) for d, *rest in json.loads((folder / "passages.json").read_text("utf-8"))
    )
    windows = tuple(
        Window(documents[d].path, section, start, end, size, text or _one_line(documents[d].text[start:end]))
        for d, section, start, end, size, text in json.loads((folder / "windows.json").read_text("utf-8"))
    )
    return documents, passages, windows


def read_words(folder: Path) -> Any:
    """Open the words of a version, as bm25s wrote them.

    Raises:
        OSError, ValueError, KeyError, TypeError, EOFError: If a file is missing or misshapen.
    """
    import bm25s

    return bm25s.BM25.load(str(folder / "words"), load_corpus=False, show_progress=False)


def hashes_of_passages(documents: Sequence[Document], passages: Sequence[Passage]) -> dict[str, str]:
    """Return the SHA-256 over the passages of each document, where they stand and what they say, by its path."""
    texts = {document.path: document.text for document in documents}
    found = {document.path: hashlib.sha256() for document in documents}
    for passage in passages:
        words = texts[passage.document][passage.start : passage.end]
        row = json.dumps([passage.section, passage.start, passage.end, words])
        found[passage.document].update(row.encode("ascii") + b"\n")
    return {path: digest.hexdigest() for path, digest in found.items()}


def same_vectors(one: Vectors, other: Vectors) -> bool:
    """Whether the rows of two matrices of unit vectors, or two such vectors, are of the same texts and encoder."""
    return bool((np.sum(one * other, axis=-1) >= SAME_VECTOR).all())


def file_problems(folder: Path, manifest: Manifest) -> list[str]:
    """Return what is wrong with the files of a version, without opening Chroma."""
    problems = []
    for name, wanted in manifest.files.items():
        path = folder / name
        if not path.is_file():
            problems.append(f"{name} is missing")
        elif sha256_of(path) != wanted:
            problems.append(f"{name} has changed")
    database = folder / "chroma" / "chroma.sqlite3"
    if not database.is_file():
        return [*problems, "chroma/chroma.sqlite3 is missing"]
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5)) as connection:
            (answer,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.DatabaseError as fault:
        answer = str(fault)
    if answer != "ok":
        problems.append(f"chroma/chroma.sqlite3: {answer}")
    return problems


def hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of a version but UNHASHED."""
    return {
        path.relative_to(folder).as_posix(): sha256_of(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in UNHASHED
    }


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def make_durable(folder: Path) -> None:
    """Tell the disk to keep every file and folder below."""
    for path in [*sorted(folder.rglob("*"), reverse=True), folder]:
        sync(path)


def sync(path: Path) -> None:
    """Tell the disk to keep a file, or the entries of a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _one_line(text: str) -> str:
    return " ".join(text.split())

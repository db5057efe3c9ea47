"""Checks a version that was just built, in a process of its own: `python -m career_advisor.index.check FOLDER`.

A fresh process, because the one that wrote keeps in memory what it should have written, and because a torn file can
end the process that reads it. Reads from stdin what the version must hold, or null for what its manifest says. Prints
one line of JSON: the hash of the vectors as read, and what is wrong.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from career_advisor.index import store
from career_advisor.records import IndexUnsound

SAMPLE = 200
"""Vectors that must find themselves."""
SELF_RECALL = 0.98
"""Share of the sample that must: HNSW is approximate, and equal texts have equal vectors."""
PATIENCE = 300
"""Seconds for a check."""


class Expected(NamedTuple):
    """What a version that was just written must hold, as its builder knows it."""

    passages: int
    windows: int
    passage_hashes: dict[str, str]
    """As in the manifest."""
    samples: dict[str, list[float]]
    """Vectors that the encoder has just made of the texts of some windows, by the window's position."""


class Checked(NamedTuple):
    """What a fresh process saw."""

    vectors_sha256: str
    problems: tuple[str, ...]


def in_a_fresh_process(folder: Path, expected: Expected | None = None) -> Checked:
    """Check a version; a check that crashes or hangs is a problem, too."""
    command = [sys.executable, "-m", "career_advisor.index.check", str(folder)]
    told = json.dumps(None if expected is None else expected._asdict())
    try:
        done = subprocess.run(command, input=told, capture_output=True, text=True, timeout=PATIENCE, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        return Checked("", (f"the check took longer than {PATIENCE} s",))
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return Checked("", (f"the check ended with {done.returncode}: {last}",))
    answer = json.loads(done.stdout.splitlines()[-1])
    return Checked(answer["vectors_sha256"], tuple(answer["problems"]))


def examine(folder: Path, expected: Expected | None = None) -> Checked:
    """Check a version in this process.

    Args:
        folder: Of the version.
        expected: What it must hold, where it was just written and has no manifest yet. `vectors.npy`, which it has
            then, is compared with, too.
    """
    problems: list[str] = []
    wanted = ""
    if expected is None:
        manifest = store.Manifest.read(folder)
        problems += store.file_problems(folder, manifest)
        wanted = manifest.vectors_sha256
        expected = Expected(manifest.passages, manifest.windows, manifest.passage_hashes, {})
        dimension = manifest.encoder.dimension
        written = None
    else:
        written = np.load(folder / "vectors.npy")
        dimension = int(written.shape[1])
    problems += _texts(folder, expected)
    try:
        vectors = store.read_vectors(folder, expected.windows, dimension)
    except IndexUnsound as fault:
        return Checked("", (*problems, str(fault)))
    sha256 = hashlib.sha256(vectors.tobytes()).hexdigest()
    if wanted and sha256 != wanted:
        problems.append("the vectors have changed")
    if written is not None and not np.allclose(written, vectors, atol=1e-5):
        problems.append("Chroma does not hold the vectors that were written")
    lengths = np.linalg.norm(vectors, axis=1)
    if not np.isfinite(vectors).all() or not np.allclose(lengths, 1.0, atol=1e-3):
        problems.append("a vector is not finite or not of length 1")
    problems += [
        f"the vector of window {position} is not what the encoder makes of its text"
        for position, sample in expected.samples.items()
        if not store.same_vectors(vectors[int(position)], np.array(sample, np.float32))
    ]
    problems += _recall(folder, vectors)
    return Checked(sha256, tuple(problems))


def _texts(folder: Path, expected: Expected) -> list[str]:
    """Return what is wrong with documents, passages, windows and words."""
    try:
        documents, passages, windows = store.read_texts(folder)
    except store.UNREADABLE as fault:
        return [f"documents, passages or windows cannot be read ({fault})"]
    problems = []
    if (len(passages), len(windows)) != (expected.passages, expected.windows):
        problems.append(
            f"{len(passages)} passages and {len(windows)} windows, not {expected.passages} and {expected.windows}"
        )
    # A version made before the hashes were noted has none, and is checked by the hashes of its files.
    if expected.passage_hashes and expected.passage_hashes != store.hashes_of_passages(documents, passages):
        problems.append("the passages of a document are not those that it was cut into")
    try:
        words = store.read_words(folder)
        counted = int(words.scores["num_docs"])
        if counted != len(passages):
            problems.append(f"the words are of {counted} passages, not of {len(passages)}")
        found = words.get_scores([next(iter(words.vocab_dict))])
        if len(found) != len(passages) or not np.isfinite(found).all():
            problems.append("the words give no score to some passages")
    except store.UNREADABLE as fault:
        problems.append(f"the words cannot be read ({fault})")
    return problems


def _recall(folder: Path, vectors: Any) -> list[str]:
    sample = np.unique(np.linspace(0, len(vectors) - 1, SAMPLE, dtype=int))
    client = store.chroma(folder)
    try:
        collection = client.get_collection(store.COLLECTION, embedding_function=None)
        if collection.count() != len(vectors):
            return [f"Chroma counts {collection.count()} vectors, not {len(vectors)}"]
        found = collection.query(query_embeddings=vectors[sample], n_results=1, include=["distances"])
    finally:
        client.close()
    near = [bool(distances) and distances[0] < 1e-4 for distances in found["distances"]]  # noqa: PLR2004
    recall = float(np.mean(near))
    return [] if recall >= SELF_RECALL else [f"only {recall:.0%} of a sample of {len(sample)} vectors find themselves"]


if __name__ == "__main__":
    told = json.load(sys.stdin)
    print(json.dumps(examine(Path(sys.argv[1]), told and Expected(**told))._asdict()))

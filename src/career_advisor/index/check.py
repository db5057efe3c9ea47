"""Checks a version that was just built, in a process of its own: `python -m career_advisor.index.check FOLDER`.

A fresh process, because the one that wrote keeps in memory what it should have written, and because a torn file can
end the process that reads it. Prints one line of JSON: the hash of the vectors as read, and what is wrong.
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


class Checked(NamedTuple):
    """What a fresh process saw."""

    vectors_sha256: str
    problems: tuple[str, ...]


def in_a_fresh_process(folder: Path) -> Checked:
    """Check a version; a check that crashes or hangs is a problem, too."""
    command = [sys.executable, "-m", "career_advisor.index.check", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        return Checked("", (f"the check took longer than {PATIENCE} s",))
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return Checked("", (f"the check ended with {done.returncode}: {last}",))
    answer = json.loads(done.stdout.splitlines()[-1])
    return Checked(answer["vectors_sha256"], tuple(answer["problems"]))


def examine(folder: Path) -> Checked:
    """Check a version in this process. `vectors.npy` is compared with where it is still there (while building)."""
    problems: list[str] = []
    windows = json.loads((folder / "windows.json").read_text("utf-8"))
    passages = json.loads((folder / "passages.json").read_text("utf-8"))
    written = folder / "vectors.npy"
    if (folder / "manifest.json").is_file():
        manifest = store.Manifest.read(folder)
        problems += store.file_problems(folder, manifest)
        dimension, wanted = manifest.encoder.dimension, manifest.vectors_sha256
        if (len(passages), len(windows)) != (manifest.passages, manifest.windows):
            problems.append("not as many passages and windows as the manifest counts")
    else:
        dimension, wanted = int(np.load(written, mmap_mode="r").shape[1]), ""
    try:
        vectors = store.read_vectors(folder, len(windows), dimension)
    except IndexUnsound as fault:
        return Checked("", (*problems, str(fault)))
    sha256 = hashlib.sha256(vectors.tobytes()).hexdigest()
    if wanted and sha256 != wanted:
        problems.append("the vectors have changed")
    if written.is_file() and not np.allclose(np.load(written), vectors, atol=1e-5):
        problems.append("Chroma does not hold the vectors that were written")
    lengths = np.linalg.norm(vectors, axis=1)
    if not np.isfinite(vectors).all() or not np.allclose(lengths, 1.0, atol=1e-3):
        problems.append("a vector is not finite or not of length 1")
    problems += _recall(folder, vectors)
    return Checked(sha256, tuple(problems))


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
    print(json.dumps(examine(Path(sys.argv[1]))._asdict()))

"""A builder that is there to be killed: `python -m tests.killed HOME SALT VECTORS`.

It prints "writing" when it begins to write a version, and "done" once that is served. Every sentence of a version names
its salt, so that words of two versions in one answer would be seen.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from career_advisor import chunking, index
from career_advisor.records import Document, EncoderIdentity, Section, Span

SALT = re.compile(r"\bG\d+\b")
PAGES = {
    "phd.md": (
        "Do I need a PhD?",
        "Working on AI safety mostly needs no PhD, says group {salt}. "
        "Engineers on safety teams mostly have no PhD, says group {salt}.",
    ),
    "learning.md": (
        "How do I learn machine learning?",
        "To learn machine learning, work through a practical course and build small projects, says group {salt}. "
        "Replicating a paper teaches more machine learning than reading ten of them, says group {salt}.",
    ),
    "talking.md": (
        "Who can I talk to about my next step?",
        "Talk to an adviser about your next step before you apply, says group {salt}. "
        "An adviser costs nothing and answers within a week, says group {salt}.",
    ),
}
QUESTIONS = tuple(heading for heading, _ in PAGES.values())


def documents(salt: str) -> list[Document]:
    """Return the pages of a version."""
    texts = {name: (heading, words.format(salt=salt)) for name, (heading, words) in PAGES.items()}
    return [
        Document(name, text, name, (Section((heading,), (Span(0, len(text)),)),))
        for name, (heading, text) in texts.items()
    ]


def texts() -> list[str]:
    """Return what a version embeds, under the first salt."""
    windows = [window.text for document in documents("G0") for window in chunking.split(document).windows]
    return [*windows, index.PROBE]


class Salted:
    """An encoder that loads nothing: a text of any salt has the vector that the real one gave to the first salt's."""

    def __init__(self, identity: EncoderIdentity, vectors: npt.NDArray[np.float32]) -> None:
        self.identity = identity
        self._vectors = dict(zip(texts(), vectors, strict=True))

    def encode(self, texts: Sequence[str], /) -> npt.NDArray[np.float32]:
        return np.stack([self._vectors[SALT.sub("G0", text)] for text in texts])


def build(home: Path, salt: str, encoder: Salted) -> index.BuildReport:
    """Build a version of this salt."""

    def told(what: str, done: int, total: int) -> None:
        if what == "writing" and not done:
            print("writing", flush=True)

    return index.build(
        home,
        documents(salt),
        {document.path: hashlib.sha256(document.text.encode()).hexdigest() for document in documents(salt)},
        split=chunking.split,
        lexical_texts=chunking.lexical_texts,
        encoder=index.VectorCache(home, encoder),
        splitter=chunking.SPLITTER_VERSION,
        sources=["/corpus"],
        progress=told,
    )


if __name__ == "__main__":
    where, which, file = sys.argv[1:]
    with np.load(file) as archive:
        real = EncoderIdentity(str(archive["name"]), str(archive["sha256"]), archive["rows"].shape[1])
        build(Path(where), which, Salted(real, archive["rows"]))
    print("done", flush=True)

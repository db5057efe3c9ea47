"""Making a new version, and what it would change."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from career_advisor.index import check, store
from career_advisor.index.cache import VectorCache
from career_advisor.records import (
    Chunks,
    Document,
    EncoderIdentity,
    Failure,
    IndexBusy,
    IndexOutdated,
    IndexUnsound,
    NothingReadable,
    Passage,
    Window,
)

CURRENT = "CURRENT"
BUILDING = ".building-"
SAMPLES = 8
"""Windows whose text is embedded anew before a version is served: what is remembered may be another text's vector."""

Progress = Callable[[str, int, int], None]


class Plan(NamedTuple):
    """What a build would do."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]
    stale: str
    """Why everything is made anew; empty where it is not."""

    @property
    def nothing_to_do(self) -> bool:
        """Whether the version served is what a build would make."""
        return not (self.added or self.changed or self.removed or self.stale)


class BuildReport(NamedTuple):
    """What a build did."""

    version: str
    documents: int
    passages: int
    added: int
    changed: int
    removed: int
    unchanged: int
    failed: tuple[Failure, ...]
    encoder: EncoderIdentity
    seconds: float
    embedded: int
    """Texts that had to be embedded."""
    sources: tuple[str, ...] = ()
    """The paths that it was made from."""
    stale: str = ""
    """Why everything was made anew; empty where it was not."""


class Known(NamedTuple):
    """What versions were made from, as far as their manifests can be read."""

    sources: tuple[str, ...]
    """Of the newest version that tells."""
    shipped: bool
    """Whether that one holds the shipped corpus and nothing else."""
    doubtful: bool
    """Whether there is a version that does not tell: it may have been made from something else."""


def version_folders(home: Path) -> list[Path]:
    """Return the folders of the versions, oldest first, be they sound or not."""
    folders = [path for path in (home / "index").glob("*") if path.is_dir() and not path.name.startswith(".")]
    return sorted(folders, key=lambda path: path.name)


def served_folder(home: Path) -> Path | None:
    """Return the folder of the version that the pointer names; `None` where nothing was ever built.

    Raises:
        IndexUnsound: If there are versions, and the pointer to one of them is gone.
    """
    try:
        # A pointer that was overwritten with anything names no folder, which is found out by whoever opens it.
        name = (home / "index" / CURRENT).read_text("utf-8", errors="replace").strip()
    except FileNotFoundError:
        if version_folders(home):
            raise IndexUnsound(f"{home / 'index' / CURRENT}, which names the index, is gone; {store.MEND}") from None
        return None
    return home / "index" / name


def known(home: Path) -> Known | None:
    """Return what the versions were made from; `None` where not one of them can tell."""
    found: Known | None = None
    doubtful = False
    for folder in reversed(version_folders(home)):
        try:
            manifest = store.Manifest.read(folder)
            tells = (manifest.sources, manifest.shipped)
        except IndexOutdated as outdated:
            tells = (outdated.sources, outdated.shipped)
        except IndexUnsound:
            doubtful = True
            continue
        found = found or Known(*tells, doubtful=False)
    return found and found._replace(doubtful=doubtful)


def served(home: Path) -> store.Manifest | None:
    """Return the manifest of the version served; `None` where there is none.

    Raises:
        IndexUnsound: If it cannot be read.
    """
    folder = served_folder(home)
    return None if folder is None else store.Manifest.read(folder)


def failed_before(home: Path, hashes: Mapping[str, str]) -> tuple[Failure, ...]:
    """Return the files that could not be read when the version served was built, and have not changed since.

    Args:
        home: Folder of the index.
        hashes: SHA-256 of each file, by document path.
    """
    try:
        manifest = served(home)
    except IndexUnsound:
        return ()
    before = {} if manifest is None else manifest.failed
    return tuple(
        Failure(path, before[path][1])
        for path, sha256 in hashes.items()
        if path in before and before[path][0] == sha256
    )


def plan(
    home: Path, documents: Mapping[str, str], encoder: EncoderIdentity, splitter: str, *, thorough: bool = False
) -> Plan:
    """Compare files with the version served.

    Args:
        home: Folder of the index.
        documents: SHA-256 of each file, by document path.
        encoder: That a build would use.
        splitter: Version of it.
        thorough: Whether the version served is read as a whole, as it is before anybody is answered from it, and not
            its manifest alone: a build mends what cannot be read.
    """
    try:
        manifest = served(home)
    except IndexUnsound as fault:
        return Plan(tuple(documents), (), (), (), _damage(fault))
    if manifest is None:
        return Plan(tuple(documents), (), (), (), "")
    stale = ""
    if manifest.encoder != encoder:
        stale = f"made with the encoder {manifest.encoder.name}, not {encoder.name}"
    elif manifest.splitter != splitter:
        stale = "made with another splitter"
    elif thorough:
        try:
            store.read_version(home / "index" / (served_folder(home) or home).name)
        except IndexUnsound as fault:
            stale = _damage(fault)
    before = manifest.documents
    return Plan(
        added=tuple(path for path in documents if path not in before),
        changed=tuple(path for path in documents if path in before and before[path] != documents[path]),
        removed=tuple(path for path in before if path not in documents),
        unchanged=tuple(path for path in documents if before.get(path) == documents[path]),
        stale=stale,
    )


def build(
    home: Path,
    documents: Sequence[Document],
    hashes: Mapping[str, str],
    *,
    split: Callable[[Document], Chunks],
    lexical_texts: Callable[[Document, Sequence[Passage]], list[str]],
    encoder: VectorCache,
    splitter: str,
    sources: Sequence[str],
    shipped: bool = False,
    failed: Sequence[Failure] = (),
    also: Callable[[Sequence[Document], Sequence[Window]], None] = lambda documents, windows: None,
    progress: Progress = lambda what, done, total: None,
) -> BuildReport:
    """Make the index hold exactly these documents.

    A version is built beside the one served, checked in a fresh process, and only then switched to. Stopped at any
    moment, the old version stays; vectors computed so far are kept for the next build.

    Args:
        home: Folder of the index.
        documents: What it will hold.
        hashes: SHA-256 of the file of each, by path.
        split: Cuts a document.
        lexical_texts: Gives the words in which BM25 looks for each passage.
        encoder: Embeds, remembering.
        splitter: Version of `split`.
        sources: The paths as they were given, for the next build without any.
        shipped: Whether this is the shipped corpus and nothing else.
        failed: Files that could not be read; reported, and remembered where `hashes` has them.
        also: Does what else takes long before the version is served, once its windows are embedded.
        progress: Told what is being done, how much is done and how much there is.

    Raises:
        NothingReadable: If there is no document with words.
        IndexBusy: If another process is building.
        IndexUnsound: If the new version does not pass its check; the old one stays.
    """
    began = time.perf_counter()
    with writing(home):
        todo = plan(home, {d.path: hashes[d.path] for d in documents}, encoder.identity, splitter, thorough=True)
        broken = {f.path: (hashes[f.path], f.reason) for f in failed if f.path in hashes}
        if (
            todo.nothing_to_do
            and (manifest := served(home)) is not None
            and (manifest.sources, manifest.shipped) == (tuple(sources), shipped)
            and {path: sha256 for path, (sha256, _) in manifest.failed.items()}
            == {path: sha256 for path, (sha256, _) in broken.items()}
        ):
            return _report(manifest, todo, failed, encoder, began)
        chunks = [split(document) for document in documents]
        passages = [passage for chunk in chunks for passage in chunk.passages]
        windows = [window for chunk in chunks for window in chunk.windows]
        if not passages:
            raise NothingReadable("there is nothing to read in these files; the old index stays", failed)
        lexical = [t for d, c in zip(documents, chunks, strict=True) for t in lexical_texts(d, c.passages)]
        vectors = encoder.encode(
            [window.text for window in windows], lambda done, total: progress("embedding", done, total)
        )
        also(documents, windows)
        expected, probe = _expected(documents, passages, windows, encoder)
        folder = home / "index" / f"{BUILDING}{secrets.token_hex(4)}"
        folder.mkdir(parents=True)
        try:
            progress("writing", 0, 1)
            store.write_content(folder, documents, Chunks(tuple(passages), tuple(windows)), vectors, lexical)
            checked = check.in_a_fresh_process(folder, expected)
            if checked.problems:
                raise IndexUnsound(
                    f"the new index did not pass its check ({'; '.join(checked.problems)}); the old one stays. "
                    f"Delete {encoder.path}, in case what is remembered there is wrong, and build again"
                )
            (folder / "vectors.npy").unlink()
            now = datetime.now(UTC)
            manifest = store.Manifest(
                version=f"{now:%Y%m%dT%H%M%S%f}-{checked.vectors_sha256[:8]}",
                created=now.isoformat(timespec="seconds"),
                encoder=encoder.identity,
                splitter=splitter,
                sources=tuple(sources),
                shipped=shipped,
                documents={d.path: hashes[d.path] for d in documents},
                passages=len(passages),
                windows=len(windows),
                vectors_sha256=checked.vectors_sha256,
                probe=tuple(float(x) for x in probe),
                files=store.hashes(folder),
                passage_hashes=expected.passage_hashes,
                failed=broken,
            )
            manifest.write(folder)
            publish(home, folder, manifest.version)
            progress("writing", 1, 1)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return _report(manifest, todo, failed, encoder, began)


def publish(home: Path, folder: Path, version: str) -> None:
    """Make a finished folder durable, give it its name, and point at it. Each step leaves a valid pointer behind."""
    store.make_durable(folder)
    folder.rename(home / "index" / version)
    store.sync(home / "index")
    point_at(home, version)


def point_at(home: Path, version: str) -> None:
    """Replace the pointer atomically."""
    staging = home / "index" / f"{CURRENT}.new"
    staging.write_text(version, "utf-8")
    store.sync(staging)
    staging.replace(home / "index" / CURRENT)
    store.sync(home / "index")


@contextmanager
def writing(home: Path) -> Iterator[None]:
    """Hold the writer's lock, and sweep what a builder that was killed left.

    Raises:
        IndexBusy: If another process holds it.
    """
    from filelock import FileLock, Timeout

    (home / "index").mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(home / "index" / ".lock", timeout=0.5):
            for leftover in (home / "index").glob(f"{BUILDING}*"):
                shutil.rmtree(leftover, ignore_errors=True)
            yield
    except Timeout:
        raise IndexBusy("another process is building the index; try again when it is done") from None


def _damage(fault: IndexUnsound) -> str:
    """Return what is wrong, without the command that mends it: it is the one that runs."""
    return str(fault).removesuffix(f"; {store.MEND}")


def _expected(
    documents: Sequence[Document], passages: Sequence[Passage], windows: Sequence[Window], encoder: VectorCache
) -> tuple[check.Expected, store.Vectors]:
    """Return what the check must find, and the probe's vector."""
    places = [int(place) for place in np.unique(np.linspace(0, len(windows) - 1, SAMPLES, dtype=int))]
    probe, *samples = encoder.encode_afresh([store.PROBE, *(windows[place].text for place in places)])
    expected = check.Expected(
        passages=len(passages),
        windows=len(windows),
        passage_hashes=store.hashes_of_passages(documents, passages),
        samples={str(place): sample.tolist() for place, sample in zip(places, samples, strict=True)},
    )
    return expected, probe


def _report(
    manifest: store.Manifest, todo: Plan, failed: Sequence[Failure], encoder: VectorCache, began: float
) -> BuildReport:
    return BuildReport(
        version=manifest.version,
        documents=len(manifest.documents),
        passages=manifest.passages,
        added=len(todo.added),
        changed=len(todo.changed),
        removed=len(todo.removed),
        unchanged=len(todo.unchanged),
        failed=tuple(failed),
        encoder=manifest.encoder,
        seconds=round(time.perf_counter() - began, 3),
        embedded=encoder.computed,
        sources=manifest.sources,
        stale=todo.stale,
    )

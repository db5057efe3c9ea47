"""Reading the version served, noticing a new one, going back, and clearing away."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

from career_advisor.index import check, store
from career_advisor.index.build import CURRENT, point_at, served, served_folder, version_folders, writing
from career_advisor.index.store import OpenIndex
from career_advisor.records import AdvisorError, EncoderIdentity, IndexMissing, IndexUnsound

LOOK_EVERY = 1.0
"""Seconds between two looks at the pointer."""


def open_current(home: Path, encoder: EncoderIdentity, splitter: str) -> OpenIndex:
    """Open the version served.

    Raises:
        IndexMissing: If there is none.
        IndexUnsound: If it is damaged, or was made with another encoder or splitter.
    """
    folder = served_folder(home)
    if folder is None:
        raise IndexMissing(f"there is no index in {home}; make one with `career-advisor index build`")
    if not folder.is_dir():
        raise IndexUnsound(f"the index {folder.name} is gone from {home}; {store.MEND}")
    manifest = store.Manifest.read(folder)
    if manifest.encoder != encoder:
        raise IndexUnsound(
            f"the index {folder.name} was made with the encoder {manifest.encoder.name}, not {encoder.name}; "
            f"{store.MEND}"
        )
    if manifest.splitter != splitter:
        raise IndexUnsound(f"the index {folder.name} was made with another splitter; {store.MEND}")
    return store.read_version(folder)


class Reader:
    """Gives the version served, and changes over by itself when another one is.

    A reply holds one version from beginning to end: `current` is asked once for each. A version that is not sound is
    never changed over to; the old one goes on answering, and `trouble` says why.
    """

    def __init__(self, home: Path, encoder: EncoderIdentity, splitter: str) -> None:
        """Open the version served.

        Raises:
            IndexMissing: If there is none.
            IndexUnsound: If it is not sound.
        """
        self._home, self._encoder, self._splitter = home, encoder, splitter
        self._open = open_current(home, encoder, splitter)
        self._pointed_at = self._open.id
        self._looked = time.monotonic()
        self._changing = threading.Lock()
        self.trouble = ""
        """Why a newer version is not served; empty where there is none."""

    def current(self) -> OpenIndex:
        """Return the version to answer from. Never waits for another one to be opened."""
        if time.monotonic() - self._looked >= LOOK_EVERY:
            self._looked = time.monotonic()
            if self._pointer() != self._pointed_at and self._changing.acquire(blocking=False):
                threading.Thread(target=self._change, name="index-change", daemon=True).start()
        return self._open

    def _pointer(self) -> str:
        try:
            return (self._home / "index" / CURRENT).read_text("utf-8", errors="replace").strip()
        except OSError:
            return self._pointed_at

    def _change(self) -> None:
        try:
            pointer = self._pointer()
            try:
                self._open = open_current(self._home, self._encoder, self._splitter)
                self.trouble = ""
            except AdvisorError as fault:
                self.trouble = str(fault)
            self._pointed_at = pointer
        finally:
            self._changing.release()


def status(home: Path) -> store.Manifest:
    """Return what is served.

    Raises:
        IndexMissing: If nothing is.
        IndexUnsound: If it cannot be read.
    """
    manifest = served(home)
    if manifest is None:
        raise IndexMissing(f"there is no index in {home}; make one with `career-advisor index build`")
    return manifest


def verify(home: Path) -> tuple[str, ...]:
    """Check every file and vector of the version served, in a fresh process; return what is wrong.

    Raises:
        IndexMissing: If there is none.
    """
    folder = served_folder(home)
    if folder is None:
        raise IndexMissing(f"there is no index in {home}; make one with `career-advisor index build`")
    return check.in_a_fresh_process(folder).problems


def served_version(home: Path) -> str | None:
    """Return the name of the version that the pointer names; None where there is no pointer."""
    try:
        folder = served_folder(home)
    except IndexUnsound:
        return None
    return None if folder is None else folder.name


def versions(home: Path) -> list[str]:
    """Return the names of the complete versions, oldest first."""
    return [folder.name for folder in version_folders(home) if (folder / "manifest.json").is_file()]


def rollback(home: Path, usable: Callable[[store.Manifest], object] = lambda manifest: None) -> str:
    """Point at the version before the one served.

    Args:
        home: Folder of the index.
        usable: Raises where a version cannot be answered from, though it be sound: another encoder made it.

    Raises:
        IndexMissing: If there is none before it.
        IndexUnsound: If the one before does not pass its check.
        IndexBusy: If another process is building.
    """
    with writing(home):
        folder = served_folder(home)
        before = [name for name in versions(home) if folder is not None and name < folder.name]
        if not before:
            raise IndexMissing("there is no version before the one served")
        usable(store.Manifest.read(home / "index" / before[-1]))
        problems = check.in_a_fresh_process(home / "index" / before[-1]).problems
        if problems:
            raise IndexUnsound(f"the version before ({before[-1]}) is not sound: {'; '.join(problems)}")
        point_at(home, before[-1])
        return before[-1]


def prune(home: Path) -> tuple[str, ...]:
    """Remove every version but the one served and the one before it; return their names.

    Raises:
        IndexBusy: If another process is building.
    """
    with writing(home):
        folder = served_folder(home)
        if folder is None:
            return ()
        before = [name for name in versions(home) if name < folder.name]
        kept = {folder.name, *before[-1:]}
        removed = [name for name in versions(home) if name not in kept]
        for name in removed:
            shutil.rmtree(home / "index" / name)
        return tuple(removed)

"""Which files there are to read, and under which names; nothing is parsed here."""

from __future__ import annotations

import hashlib
import os
import stat
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

from career_advisor.records import Failure, WrongUse

FORMATS = frozenset({".md", ".markdown", ".txt", ".pdf", ".docx", ".html", ".htm", ".vtt", ".srt"})

# Left by tools, never guidance. So is what begins with a dot (.git, .venv) or with `~$` (Office's lock files).
_JUNK = frozenset(
    {"__pycache__", "__MACOSX", "node_modules", "$RECYCLE.BIN", "System Volume Information", "lost+found"}
)
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"  # written in Persian, Hindi and emoji


class Found(NamedTuple):
    """A file to read."""

    path: Path
    """Where it is on disk."""
    name: str
    """Its `Document.path`: unique among the files found together."""


class Listing(NamedTuple):
    """What files and folders hold."""

    found: tuple[Found, ...]
    """By name."""
    failed: tuple[Failure, ...]


@dataclass(slots=True)
class _Entry:
    """A file met on the way; its name grows by a folder for as long as another has the same."""

    path: Path
    real: Path
    parents: tuple[str, ...]
    """Folders above `relative`, the nearest last."""
    relative: str
    trouble: str = ""
    is_link: bool = False
    borrowed: int = 0
    """How many of `parents` the name begins with."""

    @property
    def name(self) -> str:
        return "/".join([*self.parents[len(self.parents) - self.borrowed :], self.relative])


def list_files(paths: Sequence[Path]) -> Listing:
    """Find the files that can be read under these files and folders.

    In a folder, files of other formats, hidden ones and tools' leftovers are passed over in silence, and a link is
    followed only where it stays inside; a file that is named outright must be of a format in `FORMATS`. A file reached
    twice counts once. A name is relative to the folder given, or the file's own where a file was given; where two would
    be equal, both begin with the name of their folder, and with the next one if that is equal too.

    Raises:
        WrongUse: If a path does not exist.
    """
    entries: dict[Path, _Entry] = {}
    for path in paths:
        for entry in _entries(path):
            known = entries.get(entry.real)
            # The name from the outermost folder wins, in whatever order the paths were given.
            if known is None or entry.relative.count("/") > known.relative.count("/"):
                entries[entry.real] = entry
    _make_unique(list(entries.values()))
    ordered = sorted(entries.values(), key=lambda entry: entry.name)
    found = tuple(Found(entry.path, entry.name) for entry in ordered if not entry.trouble)
    failed = tuple(Failure(printable(entry.name), entry.trouble) for entry in ordered if entry.trouble)
    return Listing(found, failed)


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal.

    Raises:
        OSError: If it cannot be read, or is not a regular file.
    """
    with open_regular(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file for reading, without ever waiting for a pipe's other end.

    Raises:
        OSError: If it cannot be opened, or is a folder, a pipe, a socket or a device.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        message = "not a regular file"
        raise OSError(message)
    return os.fdopen(descriptor, "rb")


def printable(name: str) -> str:
    r"""Return a name as it can be shown anywhere: what cannot be printed is escaped, `\xff` for a stray byte."""
    return "".join(_escaped(c) if _is_unprintable(c) else c for c in name)


def _escaped(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # Python's stand-in for a byte of a name that is not UTF-8 (PEP 383)
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")


def _is_unprintable(character: str) -> bool:
    return character not in _JOINERS and unicodedata.category(character) in _UNPRINTABLE


def _entries(path: Path) -> Iterator[_Entry]:
    """Yield what one path given by the caller holds."""
    try:
        mode = path.stat().st_mode
        real = path.resolve()
    except PermissionError:
        yield _entry_of_file(path, _absolute(path), trouble="no permission to look at it")
        return
    except (OSError, ValueError, RuntimeError) as fault:  # ValueError: a NUL in it; RuntimeError: a loop of links
        message = f"{printable(str(path))} does not exist; give files and folders that do"
        raise WrongUse(message) from fault
    if stat.S_ISDIR(mode):
        yield from _entries_of_folder(path, real)
    else:
        yield _entry_of_file(path, real, trouble=_trouble_with_mode(mode) or _trouble_with_format(path))


def _entry_of_file(path: Path, real: Path, trouble: str) -> _Entry:
    absolute = _absolute(path)
    trouble = trouble or _trouble_with_name(absolute.name)
    return _Entry(path, real, absolute.parent.parts[1:], absolute.name, trouble)


def _entries_of_folder(folder: Path, root: Path) -> Iterator[_Entry]:
    parents = _absolute(folder).parts[1:]
    links: list[_Entry] = []
    seen: set[Path] = set()
    for entry in _walk(folder, folder, root, parents):
        if entry.is_link and not entry.trouble:
            links.append(entry)  # worth reading only if nothing else leads to what it points at
        else:
            seen.add(entry.real)
            yield entry
    for entry in links:
        if entry.real not in seen:
            seen.add(entry.real)
            yield entry


def _walk(folder: Path, top: Path, root: Path, parents: tuple[str, ...]) -> Iterator[_Entry]:
    """Yield the files below a folder, and what about them or their folders cannot be read, in order of name."""
    try:
        inside = sorted(os.scandir(folder), key=lambda item: item.name)
    except OSError as fault:
        relative = folder.relative_to(top).as_posix()
        yield _Entry(folder, root / relative, parents, f"{relative}/", f"the folder cannot be listed: {fault.strerror}")
        return
    for item in inside:
        if item.name.startswith((".", "~$")) or item.name in _JUNK:
            continue
        path = Path(item.path)
        relative = path.relative_to(top).as_posix()
        here = _Entry(path, root / relative, parents, relative, _trouble_with_name(relative), item.is_symlink())
        if here.is_link:
            yield from _follow(here, root)
        elif item.is_dir(follow_symlinks=False):
            yield from _walk(path, top, root, parents)
        elif path.suffix.lower() in FORMATS:
            here.trouble = here.trouble or _trouble_with_mode(item.stat(follow_symlinks=False).st_mode)
            yield here


def _follow(link: _Entry, root: Path) -> Iterator[_Entry]:
    """Yield a link's entry if it leads to a file inside, or why not if it should have."""
    try:
        target = link.path.resolve(strict=True)
        mode = target.stat().st_mode
    except (OSError, RuntimeError):
        if link.path.suffix.lower() in FORMATS:
            link.trouble = "a link that leads to nothing"
            yield link
        return
    inside = target.is_relative_to(root)
    if stat.S_ISDIR(mode):
        if not inside:  # one that stays inside is read where it really is
            link.trouble = "a link that leaves the folder; give the other folder by its own path to read it"
            yield link
    elif link.path.suffix.lower() in FORMATS:
        if inside:
            link.real = target
        link.trouble = link.trouble or _trouble_with_mode(mode)
        if not inside:
            link.trouble = "a link that leaves the folder; give the other file by its own path to read it"
        yield link


def _absolute(path: Path) -> Path:
    """Return a path without `.` and `..`, its links unresolved: a file keeps the name it was given by."""
    return Path(os.path.abspath(path))  # noqa: PTH100  (`Path.resolve` would follow the links)


def _trouble_with_mode(mode: int) -> str:
    return "" if stat.S_ISREG(mode) else "not a regular file but a pipe, a socket or a device"


def _trouble_with_format(path: Path) -> str:
    if path.suffix.lower() in FORMATS:
        return ""
    return f"a format that is not read; these are: {' '.join(sorted(FORMATS))}"


def _trouble_with_name(name: str) -> str:
    if any(map(_is_unprintable, name)):
        return "its name holds characters that cannot be printed; rename it"
    return ""


def _make_unique(entries: Sequence[_Entry]) -> None:
    """Lengthen names that are equal by one folder at a time, until none are."""
    while True:
        times = Counter(entry.name for entry in entries)
        equal = [e for e in entries if times[e.name] > 1 and e.borrowed < len(e.parents)]
        if not equal:
            return
        for entry in equal:
            entry.borrowed += 1

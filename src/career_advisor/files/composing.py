"""What the parsers share: sections and anchors at exact offsets, and the small cleaning that extracted text needs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from typing import NamedTuple
from urllib.parse import urlsplit

from career_advisor.records import Anchor, Document, Section, Span
from career_advisor.text import clean

LONGEST_FIELD = 300  # characters of a title or an author; more is somebody's abstract
_LIGATURES = str.maketrans(
    {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st", "\u00ad": ""}
)
_ISO_DATE = re.compile(r"((?:19|20)\d\d)(?:-(0[1-9]|1[0-2])(?:-(0[1-9]|[12]\d|3[01]))?)?(?=\D|$)")
_WRITTEN_DATES = ("%d %B %Y", "%d %b %Y", "%B %d %Y", "%b %d %Y")
_WRITTEN_MONTHS = ("%B %Y", "%b %Y")
_LONGEST_ADDRESS = 2_000


class Unreadable(Exception):
    """A file cannot be read; the message is the reason, in one line a person can act on."""


class Run(NamedTuple):
    """Words of one paragraph that stand on one page, or are spoken at one moment."""

    text: str
    page: int | None = None
    time: float | None = None


@dataclass(frozen=True, slots=True)
class Notes:
    """What a section's comment says about it."""

    wordings: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    as_of: str | None = None
    starter: bool = False
    presumes: str = ""


@dataclass(slots=True)
class Outline:
    """Sections as they come: a heading ends the section before it, and one without a paragraph leaves none."""

    sections: list[Section] = field(default_factory=list)
    path: list[tuple[int, str]] = field(default_factory=list)
    """Level and words of each heading that the next paragraph stands under."""
    blocks: list[Span] = field(default_factory=list)
    notes: Notes | None = None

    def heading(self, level: int, text: str) -> None:
        """Begin the section under this heading."""
        self.close()
        while self.path and self.path[-1][0] >= level:
            self.path.pop()
        self.path.append((level, text))

    def block(self, start: int, end: int) -> None:
        """Add a paragraph to the section."""
        self.blocks.append(Span(start, end))

    def close(self) -> tuple[Section, ...]:
        """End the section, and return all so far."""
        if self.blocks:
            notes = self.notes or Notes()
            heading = tuple(text for _, text in self.path if text)
            blocks = tuple(self.blocks)
            self.sections.append(
                Section(heading, blocks, notes.wordings, notes.sources, notes.as_of, notes.starter, notes.presumes)
            )
        self.blocks, self.notes = [], None
        return tuple(self.sections)


@dataclass(slots=True)
class Writer:
    """Writes the text that is stored of a format without one of its own: an empty line between paragraphs."""

    parts: list[str] = field(default_factory=list)
    length: int = 0
    outline: Outline = field(default_factory=Outline)
    anchors: list[Anchor] = field(default_factory=list)

    def heading(self, level: int, text: str) -> None:
        """Write a heading; one without words is none."""
        if holds_words(text := one_line(text)):
            self._append(text, "\n\n")
            self.outline.heading(level, text)

    def paragraph(self, *runs: Run) -> None:
        """Write a paragraph, its runs joined by a space; one without words is none."""
        runs = tuple(run._replace(text=text) for run in runs if (text := one_line(run.text)))
        if not any(holds_words(run.text) for run in runs):
            return
        start = None
        for run in runs:
            at = self._append(run.text, "\n\n" if start is None else " ")
            start = at if start is None else start
            if (run.page, run.time) != (None, None) and (
                not self.anchors or self.anchors[-1][1:] != (run.page, run.time)
            ):
                self.anchors.append(Anchor(at, run.page, run.time))
        self.outline.block(start or 0, self.length)

    def document(
        self, name: str, *, title: str = "", author: str | None = None, date: str | None = None, url: str | None = None
    ) -> Document:
        """Return what was written; a missing title is made from the file's name."""
        return Document(
            path=name,
            text="".join(self.parts),
            title=title or title_from(name),
            sections=self.outline.close(),
            url=url,
            author=author or None,
            date=date,
            anchors=tuple(self.anchors),
        )

    def _append(self, text: str, gap: str) -> int:
        """Write after a gap, and return where the words begin."""
        if self.length:
            self.parts.append(gap)
            self.length += len(gap)
        at = self.length
        self.parts.append(text)
        self.length += len(text)
        return at


def one_line(text: str) -> str:
    """Return extracted text on one line: no hidden characters, ligatures spelled out, single spaces."""
    return clean(" ".join(text.translate(_LIGATURES).split()))


def short(text: object) -> str:
    """Return a title or a name from somebody's metadata, on one line; empty if it is not text."""
    return one_line(text)[:LONGEST_FIELD].strip() if isinstance(text, str) else ""


def holds_words(text: str) -> bool:
    """Tell whether there is a letter or a digit."""
    return any(map(str.isalnum, text))


def title_from(name: str) -> str:
    """Return a file's name as a title: without its ending, words apart.

    >>> title_from("notes/doing-a-phd_or-not.txt")
    'Doing a phd or not'
    """
    stem = PurePosixPath(name).stem
    words = stem if " " in stem else re.sub(r"[-_.]+", " ", stem)
    words = " ".join(words.split()) or stem
    return words[0].upper() + words[1:]


def web_address(text: object) -> str | None:
    """Return an http(s) address as it is, and `None` for anything else."""
    if not isinstance(text, str) or len(text := text.strip()) > _LONGEST_ADDRESS:
        return None
    if any(c.isspace() or unicodedata.category(c).startswith("C") or c in '<>"`\\' for c in text):
        return None
    try:
        parts = urlsplit(text)
        port_is_sound = parts.port is None or parts.port > 0
    except ValueError:
        return None
    return text if parts.scheme in {"http", "https"} and parts.hostname and port_is_sound else None


def iso_date(text: object) -> str | None:
    """Return a date as YYYY, YYYY-MM or YYYY-MM-DD where it can be told, else its own words; `None` for none.

    >>> iso_date("3 May 2025"), iso_date("May 2025"), iso_date("2025-05-03T10:00Z"), iso_date("last spring")
    ('2025-05-03', '2025-05', '2025-05-03', 'last spring')
    """
    words = short(text)
    if match := _ISO_DATE.match(words):
        return "-".join(part for part in match.groups() if part)
    plain = re.sub(r"(?<=\d)(?:st|nd|rd|th)\b", "", words.replace(",", " ").replace(".", " "))
    plain = " ".join(plain.split())
    for forms, result in ((_WRITTEN_DATES, "%Y-%m-%d"), (_WRITTEN_MONTHS, "%Y-%m")):
        for form in forms:
            with suppress(ValueError):
                return datetime.strptime(plain, form).strftime(result)
    return words or None


def join_names(names: Sequence[str]) -> str:
    """Return several authors as one line."""
    return ", ".join(name for name in map(short, names) if name)

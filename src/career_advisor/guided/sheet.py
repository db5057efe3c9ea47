"""The document that a person takes away: its nouns.

Whose words each piece holds is told by its kind. A quote is the source's, `Own` is the person's, the rest is ours and
states nothing about the world.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal, TypeAlias

from career_advisor.guided.answers import Answers
from career_advisor.guided.questions import GuideKey
from career_advisor.records import Citation, Service

GradeKey: TypeAlias = Literal["now", "train", "other", "open"]


@dataclass(frozen=True, slots=True)
class Ours:
    """A connecting sentence of our own."""

    text: str


@dataclass(frozen=True, slots=True)
class Own:
    """The person's own words, which they may edit in place."""

    text: str
    edits: str = ""
    """What they edit: a question's key, `key/position` for one of its lines, `note/bar`; empty where it is a repeat."""
    label: str = ""
    """What it answers."""


@dataclass(frozen=True, slots=True)
class Summed:
    """A language model's sentence of what the person said, which stands in their answers."""

    text: str


@dataclass(frozen=True, slots=True)
class Quote:
    """One whole sentence of a source."""

    text: str
    number: int
    """Of its citation."""


@dataclass(frozen=True, slots=True)
class Bar:
    """What the person says of a bar."""

    key: str
    name: str
    tick: str
    """Empty where they haven't said."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How it looks for one kind of work, and by which rule."""

    grade: GradeKey
    work: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class ToDo:
    """A step, and its day."""

    text: str
    by: date | None
    own: bool
    """Whether the words are the person's."""


@dataclass(frozen=True, slots=True)
class Help:
    """A service of the registry."""

    service: Service


@dataclass(frozen=True, slots=True)
class Ask:
    """A question that the person could ask; `said` is what they wrote, inside it."""

    before: str
    said: str = ""
    behind: str = ""


Item: TypeAlias = Ours | Own | Summed | Quote | Bar | Verdict | ToDo | Help | Ask


@dataclass(frozen=True, slots=True)
class Part:
    """What stands under one heading."""

    heading: str
    items: tuple[Item, ...]
    level: int = 2
    """Of the heading: 2, or 3 below one."""
    edits: str = ""
    """The question whose answers it holds, where they are changed as a whole; else empty."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole document."""

    guide: GuideKey
    language: str
    """Code of that of everything but quotes, services and the person's own words."""
    title: str
    written: date
    answers: Answers
    parts: tuple[Part, ...]
    citations: tuple[Citation, ...] = field(default=())

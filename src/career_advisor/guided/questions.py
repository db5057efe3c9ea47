"""The three guided conversations as data: what is asked, why, and what may be answered (guides.toml, words/)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal, TypeAlias, cast

from career_advisor.guided.wording import Words, words

GuideKey: TypeAlias = Literal["stand", "plan", "advising"]
Kind: TypeAlias = Literal["text", "choice", "choices", "lines", "each", "each-choice", "steps"]

KEYS: tuple[GuideKey, ...] = ("stand", "plan", "advising")
TICKS = ("have", "not-yet", "unsure")
"""What a person may say of a bar."""


@dataclass(frozen=True, slots=True)
class Option:
    """One of the answers that a question offers."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question; every one may be skipped."""

    key: str
    kind: Kind
    title: str
    why: str
    """A kind word on what the answer is for."""
    options: tuple[Option, ...] = ()
    most: int = 1
    """Options, lines or steps at most."""
    of: str = ""
    """For a kind of `each`: the question whose lines are each asked about."""
    page: str = ""
    """Its heading on the page that is made of the answers."""
    open: str = ""
    """What could be asked instead where it was skipped."""
    in_document: bool = False
    """Whether it is written in the document and not asked on the way."""

    def label(self, key: str) -> str:
        """Return the words of an option; empty for none of them."""
        return next((option.label for option in self.options if option.key == key), "")


@dataclass(frozen=True, slots=True)
class Guide:
    """One guided conversation, in one language."""

    key: GuideKey
    language: str
    """Its code."""
    title: str
    lead: str
    promise: str
    questions: tuple[Question, ...]

    def question(self, key: str) -> Question | None:
        """Return the question of a key."""
        return next((question for question in self.questions if question.key == key), None)


@cache
def guides(language: str = "en") -> Mapping[GuideKey, Guide]:
    """Return the three in a language, in the order in which they are offered."""
    table = tomllib.loads(resources.files(__package__).joinpath("guides.toml").read_text("utf-8"))
    say = words(language)
    return {key: _guide(key, table[key], say) for key in KEYS}


def _guide(key: GuideKey, fields: Mapping[str, Any], say: Words) -> Guide:
    questions = tuple(_question(each, f"{key}.{each['key']}", say) for each in fields["question"])
    return Guide(key, say.language, say(f"{key}.title"), say(f"{key}.lead"), say(f"{key}.promise"), questions)


def _question(fields: Mapping[str, Any], at: str, say: Words) -> Question:
    def said_or_not(key: str) -> str:
        return say(f"{at}.{key}") if say.has(f"{at}.{key}") else ""

    return Question(
        key=fields["key"],
        kind=cast("Kind", fields["kind"]),
        title=say(f"{at}.title"),
        why=say(f"{at}.why"),
        options=tuple(Option(key, say(f"{at}.options.{key}")) for key in fields.get("options", ())),
        most=fields.get("most", 1),
        of=fields.get("of", ""),
        page=said_or_not("page"),
        open=said_or_not("open"),
        in_document=fields.get("after") == "document",
    )

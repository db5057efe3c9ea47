"""Screening: what kind of message is this, before anything is looked up?

Somebody in danger seldom says so in the words that a list of patterns has, and who wants a forged quote asks for it
kindly. Writers who had seen no page of this project made up some seven thousand messages of the kinds that are not
questions to guidance, and others that look alike and are; from these and from thousands of ordinary questions a network
learnt to hear of which kind a message is (`listening`). Here is from which log-odds on it is taken for one:
screening.toml, which `python benchmarks/listening.py --write` writes (docs/decisions/0026-screening.md). Where there is
no such network, examples stand in (intents.toml).
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib import resources
from typing import Literal, NamedTuple, TypeAlias

from career_advisor.listening import KIND, Heard

Kind: TypeAlias = Literal["urgent", "refused", "small_talk", "clarify", "off_topic"]

KINDS: tuple[Kind, ...] = ("urgent", "refused", "small_talk", "clarify", "off_topic")
"""Kinds of message that are no question to guidance."""
BY_STRETCH: tuple[Kind, ...] = ("urgent", "refused")
"""Kinds that a long message is of where one stretch of it is."""


class Kinds(NamedTuple):
    """What a message is like."""

    surely: tuple[Kind, ...]
    """In the order of KINDS; none of a question."""
    perhaps_danger: bool
    """Whether its writer may be in danger for all that is known."""


class Marks(NamedTuple):
    """Log-odds from which a message is taken for a kind."""

    sure: dict[Kind, float]
    hint: float
    """Likewise, from which its writer may be in danger."""


@lru_cache(maxsize=1)
def marks() -> Marks:
    """Read what `python benchmarks/listening.py --write` chose."""
    text = resources.files("career_advisor").joinpath("screening.toml").read_text("utf-8")
    chosen = tomllib.loads(text)
    return Marks({kind: float(chosen["sure"][kind]) for kind in KINDS}, float(chosen["hint"]["urgent"]))


def kinds_of(heard: Heard) -> Kinds:
    """Return what a message is like, by what is heard in it.

    A goodbye that is likelier small talk than not is at most a hint at danger.
    """
    sure, hint = marks()
    surely = tuple(kind for kind in KINDS if odds_of(kind, heard) >= sure[kind])
    if odds_of("small_talk", heard) >= 0.0:
        surely = tuple(kind for kind in surely if kind != "urgent")
    return Kinds(surely, odds_of("urgent", heard) >= hint)


def odds_of(kind: Kind, heard: Heard) -> float:
    """Return the log-odds that a message is of a kind."""
    return heard.loudest[kind] if kind in BY_STRETCH else heard.odds[KIND][kind]

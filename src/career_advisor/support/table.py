"""The words of words.toml: what is the same, what is opposite, what denies, hedges or counts."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

from career_advisor.text import stem


class Table(NamedTuple):
    """What words.toml says, by stem or by word."""

    groups: dict[str, frozenset[str]]
    opposites: dict[str, frozenset[str]]
    words: dict[str, frozenset[str]]
    """Sets of words by what they do in a sentence: "denying", "hedging", …"""
    ranks: dict[str, int]
    """How much of a whole a quantifier claims."""
    known: frozenset[str]
    """Stems of all words above: what opens a sentence with a capital and is one of them is no name."""


@lru_cache(maxsize=1)
def table() -> Table:
    """Return the words of words.toml."""
    given = tomllib.loads(resources.files("career_advisor").joinpath("support/words.toml").read_text("utf-8"))
    groups: dict[str, set[str]] = {}
    for group in given["same"]:
        members = group.split()
        for word in members:
            groups.setdefault(stem(word), set()).add(f"={members[0]}")
    opposites: dict[str, set[str]] = {}
    for pair in given["opposite"]:
        left, right = ({stem(word) for word in side.split()} for side in pair.split("/"))
        for word in left:
            opposites.setdefault(word, set()).update(right)
        for word in right:
            opposites.setdefault(word, set()).update(left)
    listed = " ".join([*given["words"].values(), *given["same"], *given["opposite"], *given["ranks"]])
    return Table(
        {word: frozenset(keys) for word, keys in groups.items()},
        {word: frozenset(others) for word, others in opposites.items()},
        {name: frozenset(words.split()) for name, words in given["words"].items()},
        {word: rank for rank, group in enumerate(given["ranks"]) for word in group.split()},
        frozenset(stem(word) for word in listed.split()),
    )

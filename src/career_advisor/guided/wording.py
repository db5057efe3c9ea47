"""The words of the guided conversations, by language: one file each in `words/`.

What is asked and what the documents say in words of our own is here. Quotes and what is said of services are not: they
are in English. The page puts its forms into words by the same tables (`asked`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

LANGUAGES = ("en", "es", "fr", "de", "zh")
"""Codes, as file names have them; English is what others are translated from."""
ASKED = ("stand.", "plan.", "advising.", "tick.")
"""Beginnings of the keys of what a form needs."""


class Words:
    """What is said, in one language."""

    def __init__(self, language: str, table: Mapping[str, str]) -> None:
        self.language = language
        """Its code."""
        self.table = table
        """Texts by key, such as "stand.directions.title"; their {names} are to be filled in."""

    def __call__(self, key: str, **values: object) -> str:
        """Return a text with its names filled in.

        >>> words("en")("planning.option", n=2), words("de")("tick.not-yet")
        ('Option 2', 'Noch nicht')
        """
        return self.table[key].format(**values)

    def has(self, key: str) -> bool:
        """Tell whether there is a text of this key."""
        return key in self.table

    def sentences(self, *said: str) -> str:
        """Return sentences as one text, without those that are empty."""
        between = "" if self.language == "zh" else " "  # Chinese has no space behind a full stop
        return between.join(filter(None, said))

    def day(self, day: date) -> str:
        """Return a day as people write it.

        >>> words("en").day(date(2026, 12, 3)), words("fr").day(date(2026, 12, 1))
        ('3 December 2026', '1er décembre 2026')
        """
        month = self("date.months").split()[day.month - 1]
        key = "date.first" if day.day == 1 else "date.day"
        return self(key, day=day.day, month=month, year=day.year)


@cache
def words(language: str) -> Words:
    """Return the words of a language.

    Raises:
        KeyError: If there are none.
    """
    if language not in LANGUAGES:
        raise KeyError(language)
    file = resources.files(__package__) / "words" / f"{language}.toml"
    return Words(language, dict(_flat(tomllib.loads(file.read_text("utf-8")))))


def asked(language: str) -> dict[str, str]:
    """Return the texts that a form needs, by key."""
    return {key: text for key, text in words(language).table.items() if key.startswith(ASKED)}


def _flat(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for key, each in table.items():
        if isinstance(each, dict):
            yield from _flat(each, f"{above}{key}.")
        else:
            yield above + key, each

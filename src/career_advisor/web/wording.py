"""The words of the page, by language: one file each in `words/`, which the server and the browser's scripts both read.

What the guided conversations ask and say is beside them, in `guided/words/`, and reaches the browser in the same table.
Guidance and what is said of services are no part of either: they are in English. Our own fixed sentences in an answer
are in English, too, and known again by the English table (`sayings`).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

Table = Mapping[str, str | Mapping[str, str]]
"""By key, a text, or texts by the kind of number that they are for (CLDR's plural categories)."""

LANGUAGES = ("en", "es", "fr", "de", "zh")
"""Codes, as browsers and file names have them, in the order in which they are offered."""
GRADIO_DRAWS = ("your_question", "ask_a_question", "send", "stop", "new_conversation")
"""Keys of what stands in Gradio's own components."""

_RANGE = re.compile(r"\s*([A-Za-z]{1,8}|\*)(?:-[\w-]*)?\s*(?:;\s*q=([\d.]{1,5}))?\s*")


@cache
def tables() -> Mapping[str, Table]:
    """Return every table, by language."""
    folder = resources.files("career_advisor.web") / "words"
    read = {code: tomllib.loads((folder / f"{code}.toml").read_text(encoding="utf-8")) for code in LANGUAGES}
    return {
        code: {key: text for section in sections.values() for key, text in section.items()}
        for code, sections in read.items()
    }


def preferred(accepted: str) -> str:
    """Return the language to begin in; English where none of those that a browser reads is there.

    Args:
        accepted: The browser's Accept-Language header, as it came.

    >>> preferred("pt-BR, fr-CA;q=0.8, en;q=0.5"), preferred("zh-TW"), preferred(";;q=x"), preferred("de;q=0")
    ('fr', 'zh', 'en', 'en')
    """
    wanted = [match for part in accepted[:400].split(",") if (match := _RANGE.fullmatch(part))]
    weighed = [(_weight(match[2]), match[1].lower()) for match in wanted]
    known = [(weight, code) for weight, code in weighed if weight > 0 and code in LANGUAGES]
    return max(known, key=lambda pair: pair[0])[1] if known else LANGUAGES[0]


def _weight(text: str | None) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0


def says(language: str, key: str) -> str:
    """Return a text that has no forms for numbers."""
    text = tables()[language][key]
    return text if isinstance(text, str) else text["other"]

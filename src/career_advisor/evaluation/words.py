"""What stands in a text, for the judge: statements that a case names, and words that a quote carries.

Written apart from `citation` and `text` on purpose: what measures an answer shares no code with what made it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

_MARKER = re.compile(r"\s*\[\d+\]")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_ALIKE = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "‑": "-"})
# Any sentence has these; "not" is missing, because it changes what is said.
_BARE = frozenset(
    """a an the of to in on at by for with and or but is are was were be been it its this that these those i you he she
    they we as from have has had do does did""".split()  # noqa: SIM905  (forty quoted words would not be read)
)
_RUN = 3
"""Words in a row that count as one when two sentences are compared."""


def plain(text: str) -> str:
    """Return the text as statements are looked for in it: one case, one kind of quote and dash, no [n] markers.

    >>> plain("Don’t  stop [1].")
    "don't stop."
    """
    alike = unicodedata.normalize("NFKC", _MARKER.sub("", text)).translate(_ALIKE)
    return " ".join(alike.casefold().split())


def says(text: str, statement: str) -> bool:
    """Tell whether a statement stands in a text, beginning at a word, its numbers whole.

    Args:
        text: As `plain` gives it.
        statement: As written in the case.

    >>> says("some 100 fellowships in spain", "fellowship"), says("some 100 people", "10"), says("transparent", "spar")
    (True, False, False)
    """
    wanted = plain(statement)
    before = r"(?<![a-z0-9])" if wanted[:1].isascii() and wanted[:1].isalnum() else ""
    before += r"(?<!\d[.,])" if wanted[:1].isdigit() else ""
    after = r"(?![.,]?\d)" if wanted[-1:].isdigit() else ""
    return bool(wanted) and bool(re.search(before + re.escape(wanted) + after, text))


def carried(sentence: str, evidence: Sequence[str]) -> float | None:
    """Return the share of a sentence's words that its evidence has, 0 to 1; None for a sentence that says nothing.

    Word precision over stems, the barest function words left out. Against what people called fully attributable in
    the Wizard-of-Wikipedia part of BEGIN (test, n = 3,601, arXiv 2105.00071) its AUROC is .940.
    """
    said = _stems(sentence)
    known = {stem for text in evidence for stem in _stems(text)}
    return sum(stem in known for stem in said) / len(said) if said else None


def foreign_numbers(sentence: str, evidence: Sequence[str]) -> set[str]:
    """Return the numbers in digits that a sentence has and its evidence has not."""
    return _numbers(sentence) - {number for text in evidence for number in _numbers(text)}


def repeats(sentence: str, earlier: str) -> float:
    """Return the share of a sentence's runs of three words (fewer where it is shorter) that an earlier text has."""
    said, before = _WORD.findall(plain(sentence)), _WORD.findall(plain(earlier))
    length = min(_RUN, len(said))
    runs = _runs(said, length)
    return len(runs & _runs(before, length)) / len(runs) if runs else 0.0


def _runs(words: Sequence[str], length: int) -> set[tuple[str, ...]]:
    return {tuple(words[i : i + length]) for i in range(len(words) - length + 1)} if length else set()


def _numbers(text: str) -> set[str]:
    return {match.group().replace(",", "") for match in _NUMBER.finditer(text)}


def _stems(text: str) -> list[str]:
    return [_stem(word.removesuffix("'s")) for word in _WORD.findall(plain(text)) if word not in _BARE]


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    stemmed: str = _stemmer().stemWord(word)
    return stemmed


@lru_cache(maxsize=1)
def _stemmer() -> Any:
    from Stemmer import Stemmer

    return Stemmer("english")

"""Mending slips of the keyboard: "mechanistc interpretablity" is looked up as the index writes it.

A word that neither the index nor a dictionary of English knows, and that is one slip away from a word of the index
(two, if it is long), is taken for that word. Names are left alone, and so is whatever the dictionary has, however near
it comes to another word: "founding" is no "funding".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rapidfuzz import process
from rapidfuzz.distance import OSA

from career_advisor.records import Document
from career_advisor.text import stem

SHORTEST = 6
"""Letters from which a word is mended: among short ones too many are one slip apart."""
LONG = 9
"""Letters from which two slips are believed."""

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


@lru_cache(maxsize=1)
def _dictionary() -> Any:
    from spellchecker import SpellChecker

    return SpellChecker(language="en").word_frequency


@dataclass(frozen=True, slots=True)
class Speller:
    """The words of an index, in small letters, by their first letter: slips seldom fall on it."""

    words: Mapping[str, Mapping[str, int]]
    """How often each stands there."""
    stems: frozenset[str]

    @classmethod
    def of(cls, documents: Sequence[Document]) -> Speller:
        """Collect the words of texts and headings; those of other wordings are people's, with slips of their own."""
        counts = Counter(word.lower() for document in documents for word in _WORD.findall(document.text))
        by_letter: dict[str, dict[str, int]] = {}
        for word, count in counts.items():
            by_letter.setdefault(word[0], {})[word] = count
        return cls(by_letter, frozenset(map(stem, counts)))

    def mend(self, text: str) -> str:
        """Return a text with its slips mended."""
        return _WORD.sub(lambda match: self._mended(match.group()), text)

    def _mended(self, word: str) -> str:
        known = self.words.get(word[0], {})
        if len(word) < SHORTEST or word != word.lower() or stem(word) in self.stems or word in _dictionary():
            return word
        slips = 2 if len(word) >= LONG else 1
        near = process.extract(word, known.keys(), scorer=OSA.distance, score_cutoff=slips, limit=None)
        return min(near, key=lambda found: (found[1], -known[found[0]], found[0]))[0] if near else word

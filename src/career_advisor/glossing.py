"""Glossing: a question in another language, read word by word with a small dictionary.

The sources are English, and so is everything that finds and judges. Without a language model nothing translates a
question, but a search needs no sentence: the words that matter, in English, in the order in which they were typed.
Whoever made the dictionaries (dictionaries/*.tsv) listed what people type in such questions, in the forms in which they
do. The person is told how their question was read, in their language; and what too little of is known is not read at
all (docs/decisions/0017-other-languages.md).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from career_advisor.languages import (
    READ,
    SHORTEST_STEM,
    UNSPACED,
    entries,
    folded,
    foreign_language,
    how_read,
    language_of,
)
from career_advisor.text import said_words

LONGEST = 6
"""Words of a phrase; of a language written without spaces LONGEST_RUN characters."""
LONGEST_RUN = 14
LEAST_READ = 0.6
"""Share of the words, weighed by their length, that must be known. docs/decisions/0017-other-languages.md."""
LEAST_WORDS = 2
"""English words that a question is read by, at least."""
NOTHING = "-"
"""Gloss of what only holds a sentence together."""

_WORD = re.compile(r"[^\W_]+(?:['’.&+][^\W_]+)*")
_LATIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9.&+'’ -]*[A-Za-z0-9]|[A-Za-z0-9]")


class Reading(NamedTuple):
    """What was read of a question."""

    english: str
    """The glosses, in the order of the words."""
    share: float
    """How much of it is known, 0 to 1."""
    says: tuple[str, ...] = ()
    """How it was read, and what to do where that is not what was meant: in the person's language."""


class Dictionary(NamedTuple):
    """Forms of one language, and the English of each."""

    whole: dict[str, str]
    """Of words and phrases."""
    stems: dict[str, str]
    """Of the beginnings of words and phrases that may have any ending."""
    spaced: bool
    says: str
    """How a question was read, with a place for the {words}."""
    says_else: str
    """What to do where that is not what was meant."""

    def read(self, text: str) -> Reading:
        """Read a text word by word, the longest phrase first."""
        glosses: list[str] = []
        known = every = 0
        for form, gloss in self._spaced(text) if self.spaced else self._unspaced(text):
            every += len(form)
            if gloss is not None:
                known += len(form)
                if gloss != NOTHING and gloss not in glosses[-1:]:
                    glosses.append(gloss)
        return Reading(" ".join(glosses), known / max(every, 1), self._said(glosses))

    def _said(self, glosses: Sequence[str]) -> tuple[str, ...]:
        """Return what is said of a reading, the English words apart: a sentence is read out in one language."""
        before, _, after = self.says.partition("{words}")
        # Of the words, those that say something; "of" and "the" would only be in the way, and "not" never is.
        shown = " · ".join(gloss for gloss in glosses if said_words(gloss) or "not" in gloss.split())
        return before.strip(), f"{shown}{after[:1]}", after[1:].strip(), self.says_else

    def _spaced(self, text: str) -> Iterator[tuple[str, str | None]]:
        written = [match.group() for match in _WORD.finditer(text)]
        plain = [folded(word) for word in written]
        place = 0
        while place < len(plain):
            for length in range(min(LONGEST, len(plain) - place), 0, -1):
                form = " ".join(plain[place : place + length])
                if (gloss := self._gloss(form)) is not None:
                    yield form, gloss
                    place += length
                    break
            else:
                # Names of programmes and what has no other word are typed as in English: MATS, RLHF, BlueDot, 2026.
                word = written[place]
                yield plain[place], word if any(c.isupper() for c in word[1:]) or word.isdigit() else None
                place += 1

    def _gloss(self, form: str) -> str | None:
        if form in self.whole:
            return self.whole[form]
        least = max(SHORTEST_STEM, form.rfind(" ") + 2)
        return next(
            (self.stems[form[:end]] for end in range(len(form), least - 1, -1) if form[:end] in self.stems), None
        )

    def _unspaced(self, text: str) -> Iterator[tuple[str, str | None]]:
        plain = unicodedata.normalize("NFKC", text)
        lowered = plain.lower() if len(plain.lower()) == len(plain) else plain
        place = 0
        while place < len(plain):
            if latin := _LATIN.match(plain, place):
                yield " ", self.whole.get(latin.group().lower(), latin.group())
                place = latin.end()
                continue
            longest = min(LONGEST_RUN, len(plain) - place)
            for length in range(longest, 0, -1):
                form = lowered[place : place + length]
                if (gloss := self.whole.get(form)) is not None:
                    yield form, gloss
                    place += length
                    break
            else:
                if plain[place].isalpha():
                    yield plain[place], None
                place += 1


@lru_cache(maxsize=32)
def dictionary_of(code: str) -> Dictionary | None:
    """Return the dictionary of a language, `None` where there is none."""
    if code not in READ:
        return None
    whole: dict[str, str] = {}
    stems: dict[str, str] = {}
    for gloss, form in entries(code):
        stem = form.removesuffix("*")
        kept = unicodedata.normalize("NFKC", stem).lower() if code in UNSPACED else _as_looked_up(stem)
        (stems if form != stem else whole).setdefault(kept, gloss)
    return Dictionary(whole, stems, code not in UNSPACED, *how_read(code))


def _as_looked_up(form: str) -> str:
    return " ".join(folded(word) for word in _WORD.findall(form))


def read(question: str) -> Reading | None:
    """Read a question in another language; `None` where there is no dictionary of it, or it knows too little."""
    dictionary = dictionary_of(language_of(question))
    if dictionary is None:
        return None
    reading = dictionary.read(question)
    enough = reading.share >= LEAST_READ and len(reading.english.split()) >= LEAST_WORDS
    # What comes out is asked as if it were English, and must not be read once more.
    return reading if enough and foreign_language(reading.english) is None else None

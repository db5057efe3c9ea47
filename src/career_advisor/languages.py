"""Which language a text is in: by its script, by its small words, and, where it has hardly any, by all its words.

A message of five words may be of somebody in danger and has few small words. The words of the dictionaries that
questions in other languages are read with (`glossing`) tell it from English then.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Collection
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

from career_advisor.text import STOP_WORDS, stem, words

SCRIPT_SHARE = 0.3
"""Share of a text's letters that must be of a script: names and terms among them are of another."""
FOREIGN_WORDS = 2
"""Different small words of a language that give it away."""
ENGLISH_ALONE = STOP_WORDS - frozenset(
    """a all also am an are as at be but do dont etc for has he hello her hey hi his i im in is it its just kind me no
    not of ok okay on once pls so sort such these to u us was we whats will""".split()  # noqa: SIM905
)
"""Small words of English that no other of these languages has: "me voy a matar" has none of them."""
ENGLISH_SHARE = 1 / 3
"""Small words of English from which a text of few foreign ones is English."""
KNOWN = 2
"""Words of a language that are none of English by which a text of few small words is of it."""
KNOWN_SHARE = 0.6
"""Share of all its words that the language must know."""
SHORTEST = 3
"""Letters of a word that tells of a language."""
SHORTEST_STEM = 3
"""Letters of a form that may have any ending."""
READ = ("de", "es", "fr", "it", "ja", "pt", "ru", "tr", "zh")
"""Codes of the languages that there are dictionaries of."""
UNSPACED = frozenset({"zh", "ja"})

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


class Language(NamedTuple):
    """A language that is not the sources'."""

    words: frozenset[str]
    """Small words that give it away; empty where its script does."""
    script: re.Pattern[str] | None
    says: str
    """What is said to somebody who writes in it, in it: that only English is understood."""
    danger: str
    """Likewise: whom to call in danger."""
    own: re.Pattern[str] | None = None
    """Letters of its script that tell it from others of that script."""
    denies: frozenset[str] = frozenset()
    """Words by which it denies; empty where nobody has listed them."""


@lru_cache(maxsize=1)
def _tables() -> dict[str, dict[str, str]]:
    return tomllib.loads(resources.files("career_advisor").joinpath("languages.toml").read_text("utf-8"))


@lru_cache(maxsize=1)
def _languages() -> dict[str, Language]:
    return {
        code: Language(
            frozenset(each.get("words", "").split()),
            re.compile(each["script"]) if "script" in each else None,
            each["says"],
            each["danger"],
            re.compile(each["own"]) if "own" in each else None,
            frozenset(each.get("denies", "").split()),
        )
        for code, each in _tables().items()
    }


def foreign_language(text: str) -> Language | None:
    """Return the language of a text, if it is one of those known and not English.

    By its script, where most letters are of one; else by its small words, which must outnumber the English ones; else
    by the words of the dictionaries.

    >>> foreign_language("Do I need a PhD?") is None, foreign_language("¿Cómo puedo empezar?") is None
    (True, False)
    """
    letters = sum(c.isalpha() for c in text)
    for each in _languages().values():
        if each.script is None or (each.own and not each.own.search(text)):
            continue
        if (count := len(each.script.findall(text))) and count >= SCRIPT_SHARE * letters:
            return each
    spoken = words(text)
    english = sum(word in ENGLISH_ALONE for word in spoken)
    best = max(_languages().values(), key=lambda each: sum(word in each.words for word in spoken))
    found = {word for word in spoken if word in best.words and word not in STOP_WORDS}
    if len(found) >= FOREIGN_WORDS and len(found) > english:
        return best
    return None if english >= ENGLISH_SHARE * len(spoken) else _by_vocabulary(text)


def language_of(text: str) -> str:
    """Return the code of the language of a text, as pages name it; that of English where it is none of those known.

    >>> language_of("Do I need a PhD?"), language_of("Für diese Arbeit ist ein PhD nicht nötig.")
    ('en', 'de')
    """
    found = foreign_language(text)
    return next((code for code, each in _languages().items() if each is found), "en")


class _Vocabulary(NamedTuple):
    """Words of a language, folded."""

    whole: frozenset[str]
    stems: frozenset[str]
    """Beginnings of words that may have any ending."""

    def has(self, word: str) -> bool:
        """Tell whether a folded word is one of them."""
        return word in self.whole or any(word[:end] in self.stems for end in range(len(word), SHORTEST_STEM - 1, -1))


@lru_cache(maxsize=1)
def _vocabularies() -> dict[str, _Vocabulary]:
    found = {}
    for code in READ:
        spaced = code not in UNSPACED and "script" not in _tables()[code]
        forms = [folded(form) for _, form in entries(code)] if spaced else []
        single = [form for form in forms if " " not in form]
        if spaced:
            found[code] = _Vocabulary(
                frozenset(form for form in single if not form.endswith("*")),
                frozenset(form[:-1] for form in single if form.endswith("*")),
            )
    return found


@lru_cache(maxsize=1)
def _english() -> Collection[str]:
    """Return the words and stems of the glosses: English that people use who ask such questions."""
    spoken = {word for code in READ for gloss, _ in entries(code) for word in words(gloss)}
    return spoken | {stem(word) for word in spoken} | STOP_WORDS


def _by_vocabulary(text: str) -> Language | None:
    written = _WORD.findall(text)
    spoken = [folded(word) for word in written]
    english = [word in _english() or stem(word) in _english() for word in spoken]
    # Names and abbreviations are of no language.
    telling = [len(word) >= SHORTEST and (word.islower() or k == 0) for k, word in enumerate(written)]
    best, most = "", (KNOWN - 1, 0.0)
    for code, vocabulary in _vocabularies().items():
        known = [vocabulary.has(word) for word in spoken]
        every = zip(spoken, known, telling, english, strict=True)
        foreign = {word for word, mine, tells, theirs in every if mine and tells and not theirs}
        margin = len(foreign) - sum(theirs and not mine for mine, theirs in zip(known, english, strict=True))
        share = sum(known) / max(len(spoken), 1)
        if len(foreign) >= KNOWN and share >= KNOWN_SHARE and (margin, share) > most:
            best, most = code, (margin, share)
    return _languages()[best] if best else None


def how_read(code: str) -> tuple[str, str]:
    """Return what is said, in a language of READ, of how a question was read, and what to do where that was wrong."""
    says, says_else, *_ = _dictionary(code)
    return says, says_else


@lru_cache(maxsize=len(READ))
def entries(code: str) -> tuple[tuple[str, str], ...]:
    """Return the lines of the dictionary of a language of READ, a gloss and one form each."""
    _, _, *lines = _dictionary(code)
    return tuple(
        (gloss, form) for line in lines for gloss, _, forms in [line.partition("\t")] for form in forms.split("|")
    )


def _dictionary(code: str) -> list[str]:
    return resources.files("career_advisor").joinpath("dictionaries", f"{code}.tsv").read_text("utf-8").splitlines()


def folded(text: str) -> str:
    """Return a word as it is looked up: lower case, without the marks that many leave out.

    >>> folded("¿Cómo?"), folded("ÜBER")
    ('¿como?', 'uber')
    """
    apart = unicodedata.normalize("NFKD", text.lower().replace("’", "'").replace("ё", "е"))
    kept = "".join(c for c in apart if not unicodedata.combining(c) or c == "\u0306")  # й is a letter of its own
    return unicodedata.normalize("NFC", kept)

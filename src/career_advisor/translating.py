"""Another language than the sources': is the question in English the person's, and is the translation the sentence's?

A translation cannot be held beside a passage word by word, so only sentences that were checked in English are
translated, one by one, and what can be compared across languages is: names, addresses, numbers, and, in the languages
whose denying words are known (languages.toml), whether anything is denied. What differs stays in English.
docs/decisions/0017 has what that cannot see.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from career_advisor.languages import Language, foreign_language
from career_advisor.support.statement import parse
from career_advisor.text import clean, content_words, words

LONGEST = 3.0
"""Times the length that a translation may have; more is something else."""
SHORTEST = 0.2
"""Chinese says in one character what takes a word."""

_DENYING = frozenset({"not", "no", "never", "none", "nobody", "nothing", "neither", "nor", "without", "cannot"})
_LINE = re.compile(r"^\s*(\d+)[.):]\s*(.+?)\s*$")
_NUMBER = re.compile(r"\d+(?:[.,'\u00a0\u202f ]\d{3})+(?!\d)|\d+")
_OWN = re.compile(r"\b(?=\w*[A-Z]\w*[A-Z])\w+\b")
"""Names that are written alike in every language: PhD, MATS, BlueDot."""
_ADDRESS = re.compile(r"https?://\S+|[\w.+-]+@[\w-]+\.\w+")


def read_question(text: str, question: str, earlier: Sequence[str] = ()) -> str:
    """Return the English question that a model wrote; empty where it wrote something else.

    Args:
        text: All that it wrote.
        question: As asked, in another language.
        earlier: The person's questions before it, on which it may lean.

    >>> read_question("Do I need a PhD for MATS?", "Brauche ich für MATS einen PhD?")
    'Do I need a PhD for MATS?'
    >>> read_question("Do I need 3 papers?", "Brauche ich einen PhD?")
    ''
    """
    (written, *others) = [line for line in (" ".join(clean(each).split()) for each in text.splitlines()) if line] or [
        ""
    ]
    if others or not content_words(written) or foreign_language(written) or not _fits(written, question):
        return ""
    known = "\n".join([*earlier, question])
    kept = _numbers(question) <= _numbers(written) and set(_OWN.findall(question)) <= set(_OWN.findall(written))
    foreign = _numbers(written) - _numbers(known) or set(_OWN.findall(written)) - set(_OWN.findall(known))
    return written if kept and not foreign and not _ADDRESS.search(written) else ""


def read_sentences(text: str, sentences: Sequence[str], language: Language) -> tuple[str, ...]:
    """Return each sentence in the person's language, or as it was where its translation is missing or differs.

    Args:
        text: Numbered lines, as a model wrote them.
        sentences: English, checked.
        language: The person's.
    """
    lines = {int(match[1]): clean(match[2]) for line in text.splitlines() if (match := _LINE.match(line))}
    return tuple(
        lines[n] if n in lines and same(lines[n], sentence, language) else sentence
        for n, sentence in enumerate(sentences, start=1)
    )


def same(translated: str, sentence: str, language: Language) -> bool:
    """Tell whether a translation has the names, addresses, numbers and denials of its sentence."""
    if foreign_language(translated) is not language or "[" in translated or not _fits(translated, sentence):
        return False
    tokens = parse(sentence).tokens
    names = {token.surface.removesuffix("'s").removesuffix("’s") for token in tokens if token.kind == "name"}
    if not all(name in translated for name in names) or set(_OWN.findall(translated)) - set(_OWN.findall(sentence)):
        return False
    if set(_ADDRESS.findall(translated)) != set(_ADDRESS.findall(sentence)):
        return False
    # "One" is an article in many languages, and "half" has no digits.
    said = {token.word for token in tokens if token.kind == "number" and token.word.isdigit()} | _numbers(sentence)
    if not said - {"1"} <= _numbers(translated) <= said | {"1"}:
        return False
    spoken = words(sentence)
    denied = any(word in _DENYING or word.endswith("n't") for word in spoken)
    return not language.denies or denied == (not language.denies.isdisjoint(words(translated)))


def notice(english: str, translated: int, kept: int) -> str:
    """Say how a question was understood, and what stands in English.

    Args:
        english: The question in English.
        translated: Sentences that a language model wrote.
        kept: Those of them that stay in English.
    """
    understood = f"Your question was read as “{english}”"
    if not translated or kept == translated:
        return f"{understood}. The sources and this answer are in English."
    left = " What could not be compared with the English stays in English." if kept else ""
    return f"{understood}. The answer was translated by the language model; the sources are in English.{left}"


def _numbers(text: str) -> set[str]:
    """Return the numbers written in digits, without what groups their thousands."""
    return {re.sub(r"\D", "", match.group()) for match in _NUMBER.finditer(text)}


def _fits(written: str, original: str) -> bool:
    return SHORTEST * len(original) <= len(written) <= LONGEST * max(len(original), 20)

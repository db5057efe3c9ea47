"""A question as other fingers would type it: the answer should not change."""

from __future__ import annotations

import re
import zlib

import numpy as np

TYPO_EVERY = 6
"""Words to one typo: about what people make on a telephone."""
_SHORTEST = 4
_LETTERS = re.compile("[A-Za-z\u00c0-\u04ff]+")  # scripts with capitals; elsewhere two signs are two words
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


def rewordings(question: str) -> tuple[str, ...]:
    """Return the question with typos, in lower case, and with its sentences in reverse; always the same ones.

    >>> rewordings("Is it late? I am 46.")
    ('Is it laet? I am 46.', 'is it late? i am 46.', 'I am 46. Is it late?')
    """
    turned = " ".join(reversed(_SENTENCE.split(question.strip())))
    each = (with_typos(question), question.lower(), turned)
    return tuple(dict.fromkeys(text for text in each if text != question))


def with_typos(question: str) -> str:
    """Return the question with two neighbouring letters exchanged in one of every six words, in one at least."""
    words = [match.span() for match in _LETTERS.finditer(question) if len(match.group()) >= _SHORTEST]
    if not words:
        return question
    chance = np.random.default_rng(zlib.crc32(question.encode("utf-8", "surrogatepass")))
    letters = list(question)
    typos = min(len(words), max(1, len(question.split()) // TYPO_EVERY))
    for i in chance.choice(len(words), typos, replace=False):
        start, end = words[i]
        at = int(chance.integers(start, end - 1))
        letters[at], letters[at + 1] = letters[at + 1], letters[at]
    return "".join(letters)

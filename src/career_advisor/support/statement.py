"""A sentence, taken apart so that it can be held beside another: words, numbers, names, clauses and what is denied.

Words are compared by stem, by groups of words that mean the same (words.toml) and by their first letters; numbers by
value, so that "three", "3" and "$12k" and "12,000 dollars" are alike; names by their own stem alone.
"""

from __future__ import annotations

import re
from calendar import month_name
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

from career_advisor.support.table import table
from career_advisor.text import FUNCTION_WORDS, STOP_WORDS, stem

Kind: TypeAlias = Literal["word", "bare", "name", "initial", "number", "month", "mark"]
"""`initial`: a word with a capital because it begins a sentence; `bare`: a function word."""

SCOPE = 4
"""Content words behind a "not" that it may be about."""
SAYING = 2
"""Content words from which a stretch is a clause of its own."""
PREFIX = 6
"""Letters that two long stems must share to count as one word: "organise" and "organisation"."""

_TOKEN = re.compile(
    r"[$£€]?\d+(?:[.,]\d+)*(?:\s?(?:k|m|bn)\b)?|[^\W\d_]+(?:['.][^\W\d_]+)*\d*|[%,;:()—–.!?]", re.UNICODE
)
_HALF_AN_HOUR = re.compile(r"\bhalf an hour\b", re.IGNORECASE)
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*(k|m|bn)?", re.IGNORECASE)
_UNITS = {
    "zero": 0,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "thirteen": 13,
    "fourteen": 14,
    "fifteen": 15,
    "sixteen": 16,
    "seventeen": 17,
    "eighteen": 18,
    "nineteen": 19,
}
_TENS = {
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
}
_SCALES = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "k": 1e3, "m": 1e6, "bn": 1e9}
_NEGATED = {"unpaid": "paid", "unknown": "known", "unclear": "clear", "unable": "able", "unavailable": "available"}
_FRACTIONS = {"half": 0.5, "twice": 2.0, "dozen": 12.0}
_COINS = {"$": "dollar", "£": "pound", "€": "euro"}
_MONTHS = frozenset(month.lower() for month in month_name if month)
_ENDS = frozenset(".!?:(")
_BREAKS = frozenset(";:—–()")


@lru_cache(maxsize=1)
def _unsaid() -> frozenset[str]:
    """Return the words that are no content: what they do is looked at by itself."""
    words = table().words
    kept = ("light", "modal", "attributing", "denying", "hedging", "partial", "universal", "whole", "necessary")
    return frozenset().union(*(words[name] for name in kept))


class Token(NamedTuple):
    """A word, number or mark."""

    word: str
    """Lower-cased, without "'s"."""
    kind: Kind
    surface: str
    keys: frozenset[str]
    """Two tokens are the same where they share one."""

    @property
    def is_content(self) -> bool:
        """Whether it says something that evidence must hold."""
        if self.kind == "month":
            return True
        return self.kind in {"word", "name", "initial", "number"} and self.word not in _unsaid()


class Denial(NamedTuple):
    """A "not", and the content words that it is about."""

    at: int
    scope: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """A sentence, taken apart; positions count its tokens."""

    tokens: tuple[Token, ...]
    content: tuple[int, ...]
    clauses: tuple[tuple[int, ...], ...]
    parts: tuple[int, ...]
    """For each token, which stretch between commas and joining words it stands in."""
    denials: tuple[Denial, ...]
    keys: frozenset[str]
    """Of all tokens."""
    spoken: tuple[str, ...]
    """For each token its word, "have to" as "must"; empty for what only looks like a quantifier or hedge."""

    @property
    def elided(self) -> list[int]:
        """Return where something is denied without saying again what: "but engineers don't", "and leads have none"."""
        marks = [token.kind == "mark" for token in self.tokens] + [True]
        return [i for i, token in enumerate(self.tokens) if token.word in table().words["denying"] and marks[i + 1]]

    @property
    def denied(self) -> frozenset[int]:
        """Positions of what is denied."""
        return frozenset(i for denial in self.denials for i in denial.scope)

    def has(self, token: Token) -> bool:
        """Tell whether the same stands here."""
        return not self.keys.isdisjoint(token.keys)

    def places(self, token: Token) -> list[int]:
        """Return where the same stands."""
        return [i for i, other in enumerate(self.tokens) if not other.keys.isdisjoint(token.keys)]

    def carries(self, tokens: Iterable[Token]) -> int:
        """Count those of the tokens that stand here."""
        return sum(self.has(token) for token in tokens)


@lru_cache(maxsize=4_096)
def parse_source(text: str) -> Statement:
    """Take a sentence of an index apart; these are asked for again and again."""
    return parse(text)


def parse(text: str) -> Statement:
    """Take a sentence apart."""
    tokens = _tokens(_HALF_AN_HOUR.sub("30 minutes", text.replace("’", "'")))
    content = tuple(
        i
        for i, token in enumerate(tokens)
        if token.is_content and not (token.word == "long" and i and tokens[i - 1].word == "as")
    )
    return Statement(
        tokens,
        content,
        _clauses(tokens, frozenset(content)),
        _parts(tokens),
        _denials(tokens),
        frozenset().union(*(token.keys for token in tokens)),
        _spoken(tokens),
    )


def _tokens(text: str) -> tuple[Token, ...]:
    found: list[Token] = []
    opening = True
    for match in _TOKEN.finditer(text):
        surface = match.group()
        if surface in ",;:()—–.!?":
            found.append(Token(surface, "mark", surface, frozenset()))
            opening = opening or surface in _ENDS
            continue
        lowered = surface.lower().removesuffix("'s")
        if surface[0].isdigit() or surface[0] in _COINS:
            if surface[0] in _COINS:
                found.append(_word(_COINS[surface[0]], surface, opening=True))
            found.append(_number(surface, _value(surface)))
        elif lowered.endswith("n't") or lowered == "cannot":
            verb = {"won't": "will", "can't": "can", "cannot": "can"}.get(lowered, lowered[:-3])
            # A tokeniser's "n't" may stand by itself.
            found += [_word(part, part, opening=False) for part in (verb, "not") if part]
        elif lowered in _NEGATED:
            found += [_word("not", "not", opening=False), _word(_NEGATED[lowered], _NEGATED[lowered], opening=False)]
        elif lowered in _FRACTIONS:
            found.append(_number(surface, _FRACTIONS[lowered]))
        elif lowered in _UNITS or lowered in _TENS or lowered in _SCALES:
            _add_number_word(found, lowered, surface)
        else:
            found.append(_word(lowered, surface, opening=opening))
        opening = False
    # "80,000 Hours" is a name, and its number part of it.
    for i, token in enumerate(found[:-1]):
        if token.kind == "number" and "," in token.surface and found[i + 1].kind == "name":
            found[i] = token._replace(kind="name")
    return tuple(found)


def _word(lowered: str, surface: str, *, opening: bool) -> Token:
    capital = surface[0].isupper() and lowered not in STOP_WORDS
    if lowered in _MONTHS and surface[0].isupper():
        return Token(lowered, "month", surface, frozenset({lowered}))
    if capital and (not opening or any(c.isupper() for c in surface[1:])):
        return Token(lowered, "name", surface, frozenset({stem(lowered)}))
    root = stem(lowered)
    keys = {root} | table().groups.get(root, frozenset())
    if len(root) >= PREFIX:
        keys.add(f"~{root[:PREFIX]}")
    kind: Kind = "initial" if capital else "bare" if lowered in FUNCTION_WORDS else "word"
    return Token(lowered, kind, surface, frozenset(keys))


def _number(surface: str, value: float | None) -> Token:
    written = surface.lower().lstrip("".join(_COINS)) if value is None else f"{value:.10g}"
    return Token(written, "number", surface, frozenset({f"#{written}"}))


def _value(surface: str) -> float | None:
    match = _AMOUNT.fullmatch(surface.lstrip("".join(_COINS)).replace(",", ""))
    return float(match[1]) * _SCALES.get((match[2] or "").lower(), 1.0) if match else None


def _add_number_word(found: list[Token], lowered: str, surface: str) -> None:
    """Add a number in words; "twenty-four" and "10 million" are one number."""
    before = found[-1] if found and found[-1].kind == "number" else None
    held = _value(before.word) if before else None
    if before and held is not None and lowered in _UNITS and before.surface.lower() in _TENS:
        found[-1] = _number(f"{before.surface}-{surface}", held + _UNITS[lowered])
    elif before and held is not None and lowered in _SCALES:
        found[-1] = _number(f"{before.surface} {surface}", held * _SCALES[lowered])
    else:
        found.append(_number(surface, float(_UNITS.get(lowered) or _TENS.get(lowered) or _SCALES.get(lowered) or 0)))


def _clauses(tokens: Sequence[Token], content: frozenset[int]) -> tuple[tuple[int, ...], ...]:
    """Cut where something new is said; what has fewer than two content words belongs to what comes before."""
    words = table().words
    pieces: list[list[int]] = [[]]
    for i, token in enumerate(tokens):
        following = tokens[i + 1].word if i + 1 < len(tokens) else ""
        if (
            token.word in _BREAKS
            or token.word in words["turning"]
            or (token.word == "," and following in words["joining"])
        ):
            pieces.append([])
        else:
            pieces[-1].append(i)
    kept: list[list[int]] = []
    for piece in pieces:
        if kept and min(len(content & set(piece)), len(content & set(kept[-1]))) < SAYING:
            kept[-1] += piece
        else:
            kept.append(piece)
    return tuple(tuple(piece) for piece in kept)


def _parts(tokens: Sequence[Token]) -> tuple[int, ...]:
    """Number the stretches between commas and joining words; names or numbers in a row stay together."""
    words = table().words
    numbered: list[int] = []
    part = 0
    for i, token in enumerate(tokens):
        if token.kind == "mark" or token.word in words["parting"]:
            before = tokens[i - 1].kind if i else ""
            behind = next((t.kind for t in tokens[i + 1 : i + 3] if t.word not in {"and", "or"}), "")
            placed = i > 1 and tokens[i - 2].word in {"in", "at", "of", "from"}
            row = token.word in {",", "and", "or"} and before in {"name", "number"} and behind == before and not placed
            part += not row
        numbered.append(part)
    return tuple(numbered)


def _denials(tokens: Sequence[Token]) -> tuple[Denial, ...]:
    found = []
    for i, token in enumerate(tokens):
        before = tokens[i - 1].word if i else ""
        behind = tokens[i + 1 : i + 3]
        if not _denies(token.word, before) or (behind and behind[0].kind == "mark"):
            continue
        bound = [token.word for token in behind] in (["more", "than"], ["less", "than"], ["fewer", "than"])
        compared = token.word == "against" and any(other.kind == "number" for other in behind)
        if bound or compared or before in {"care", "careful"}:
            continue  # "care not to …" denies nothing, "no more than a month" is a bound, "against 40" compares
        scope: list[int] = []
        for j in range(i + 1, len(tokens)):
            other = tokens[j]
            if other.kind == "mark" or other.word in {"but", "that", "and"} or _denies(other.word, tokens[j - 1].word):
                break
            if other.kind != "month" and other.is_content:
                scope.append(j)
            if len(scope) == SCOPE:
                break
        found.append(Denial(i, tuple(scope)))
    return tuple(found)


def _denies(word: str, before: str) -> bool:
    return (
        word in table().words["denying"]
        or (word == "than" and before in {"rather", "other"})
        or (word == "of" and before in {"instead", "place"})
        or (word == "to" and before == "preference")
    )


def _spoken(tokens: Sequence[Token]) -> tuple[str, ...]:
    times = table().words["times"]
    spoken = []
    for i, token in enumerate(tokens):
        following = tokens[i + 1].word if i + 1 < len(tokens) else ""
        if token.word in {"have", "has", "had", "need", "needs"} and following == "to":
            spoken.append("must")
        elif (
            token.kind in {"month", "name"}
            or (token.word == "any" and following in {"good", "way", "more", "longer"})
            or (token.word in {"every", "each", "all"} and following in times)
        ):
            spoken.append("")
        else:
            spoken.append(token.word)
    return tuple(spoken)

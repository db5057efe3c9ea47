"""What is said of the person who asked: only what they said themselves, or what a passage says to whoever reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile

from career_advisor.support.case import Case
from career_advisor.support.statement import Statement, parse_source
from career_advisor.support.table import table

KNOWN = 0.6
"""Share of what is said of somebody that one sentence of theirs, or of a passage to its reader, must hold."""
NEAR = 8
"""Tokens behind a "you" of a passage that are said of whoever reads it."""
RECIPIENT = 4
"""Tokens behind a "to" or "for" within which it is named whom something is for."""

_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
_YOU = frozenset({"you", "you're", "you've"})
_BEING = frozenset({"you're", "you've"})
_NOT_THEIRS = frozenset({"even", "such", "not", "same", "well", "much", "just", "far", "soon", "long"})


def own_words(told: str) -> tuple[Statement, ...]:
    """Return what somebody says of themselves: their sentences, but for those that only ask."""
    said = [parse_source(sentence) for sentence in _SENTENCE.findall(told)]
    return tuple(each for each in said if each.spoken and each.spoken[0] not in table().words["asking"])


def assumed(case: Case, told: Sequence[Statement]) -> str:
    """Name what a claim says of the person, though neither they nor a passage said it."""
    claim = case.claim
    for i, word in enumerate(claim.spoken):
        if word in {"user", "asker"} and claim.spoken[i - 1 : i] == ("the",) and not case.stands(claim.tokens[i]):
            return "it speaks about the person instead of to them"
    for positions in _said_of_them(claim):
        content = [i for i in positions if i in claim.content]
        if (
            content
            and not any(_says(each, claim, positions, content) for each in told)
            and not any(_says_to_its_reader(source, claim, positions, content) for source in case.sources)
        ):
            return f"it says “{claim.tokens[content[-1]].surface}” of the person, who did not"
    return _meant_for_others(case, told)


def _said_of_them(claim: Statement) -> Iterator[list[int]]:
    """Yield the stretches that say what the person is, has or does: "since you …", "as a …, you", "you are …"."""
    words = table().words
    spoken = claim.spoken
    for i, word in enumerate(spoken):
        stretch = _until_mark(claim, i + 1)
        before, behind = set(spoken[max(0, i - 1) : i]), spoken[i + 1 : i + 2]
        if word in {"since", "as", "because", "given", "now"} and not before & _NOT_THEIRS:
            start = i + 2 if behind == ("that",) else i + 1
            if _YOU & set(spoken[start : start + 1]) and not set(spoken[start + 1 : start + 2]) & words["modal"]:
                yield _until_mark(claim, start + 1)
            if word == "as" and behind in {("a",), ("an",)} and _YOU & set(spoken[i : i + len(stretch) + 4]):
                yield list(takewhile(lambda k: spoken[k] not in _YOU, stretch))
        if word in _BEING or (word == "you" and behind and behind[0] in words["stative"]):
            general = words["general"] & {spoken[k] for k in _back_to_mark(claim, i)}
            if not general and spoken[i + 2 : i + 3] != ("to",):
                yield stretch


def _until_mark(claim: Statement, start: int) -> list[int]:
    return list(takewhile(lambda k: claim.tokens[k].kind != "mark", range(start, len(claim.tokens))))


def _back_to_mark(claim: Statement, at: int) -> list[int]:
    return list(takewhile(lambda k: claim.tokens[k].kind != "mark", range(at - 1, -1, -1)))


def _says(said: Statement, claim: Statement, positions: Sequence[int], content: Sequence[int]) -> bool:
    held = said.carries(claim.tokens[i] for i in content)
    denied = any(denial.at in positions for denial in claim.denials)
    return held >= KNOWN * len(content) and denied == bool(said.denials)


def _says_to_its_reader(source: Statement, claim: Statement, positions: Sequence[int], content: Sequence[int]) -> bool:
    """Tell whether a passage says it to whoever reads it, and not under a condition."""
    held = {j for i in content for j in source.places(claim.tokens[i])}
    spoken_to = any(
        word in _YOU | {"your"}
        and not table().words["general"] & set(source.spoken[max(0, i - 1) : i])
        and any(0 < j - i <= NEAR and not table().words["general"] & set(source.spoken[i:j]) for j in held)
        for i, word in enumerate(source.spoken)
    )
    denied = any(denial.at in positions for denial in claim.denials)
    alike = denied == any(not held.isdisjoint(denial.scope) for denial in source.denials)
    return spoken_to and alike and source.carries(claim.tokens[i] for i in content) >= KNOWN * len(content)


def _meant_for_others(case: Case, told: Sequence[Statement]) -> str:
    """Name whom the passage means where the claim says "to you": newcomers, or graduates."""
    claim = case.claim
    for i in range(1, len(claim.tokens) - 1):
        if claim.spoken[i] not in {"to", "for"} or claim.spoken[i + 1] != "you":
            continue
        for clause in case.clauses:
            home = case.sources[clause.home]
            for j in home.places(claim.tokens[i - 1]):
                if home.spoken[j + 1 : j + 2] != (claim.spoken[i],) or "you" in home.spoken[j : j + RECIPIENT]:
                    continue
                group = [
                    home.tokens[k] for k in range(j + 2, min(j + 2 + RECIPIENT, len(home.tokens))) if k in home.content
                ]
                if group and not claim.carries(group) and not any(each.carries(group) for each in told):
                    return f"its passage says it of {group[0].surface}, who the person need not be"
    return ""

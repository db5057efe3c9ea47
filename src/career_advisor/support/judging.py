"""The verdict on a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from career_advisor.support.amounts import misplaced
from career_advisor.support.case import Case, Clause, assign
from career_advisor.support.naming import (
    apart,
    attributed,
    borrowed,
    foreign,
    of_another,
    other_stands_there,
    unsupported,
)
from career_advisor.support.order import preferred, swapped, turned
from career_advisor.support.person import assumed, own_words
from career_advisor.support.polarity import contradicted, polarity
from career_advisor.support.statement import parse_source
from career_advisor.support.strength import bounds, condition, surer
from career_advisor.support.tense import dated

CARRIED = 0.6
"""Share of a sentence's content that must stand in the sentences that carry its clauses."""
SHORT, SHORT_CARRIED = 6, 0.7
"""Words of content up to which a sentence is short, and its share then: two that are missing may be all it says."""
_STATES_NOTHING = (":", "?")
"""Ends of what announces something, or asks: small models write much of it."""
_UNRESOLVED = frozenset({"former", "latter", "respectively"})
# "The catch with the second is …": of which two, the sentence does not say.
_COUNTED = re.compile(
    r"\bthe (?:first|second|third|other)(?: one)?(?=\s*(?:[,.;:!?]|$|(?:is|are|was|were|has|have)\b))", re.IGNORECASE
)
_OF_THE_PROMPT = re.compile(
    r"\b(?:passages?|excerpts?|texts?|context) (?:above|below|given|provided)\b|\bthe passages?\b", re.IGNORECASE
)


class Verdict(NamedTuple):
    """Whether a sentence may be shown."""

    support: float
    """Share of its content that the sentences which carry it hold."""
    carried_by: tuple[int, ...]
    """Positions of those sentences, the first clause's first; empty where it is not carried."""
    reason: str
    """What is wrong, in words; empty where nothing is."""


def judge(text: str, evidence: Sequence[str], about: str = "", told: str = "") -> Verdict:
    """Hold a sentence beside evidence.

    Args:
        text: One sentence, without markers.
        evidence: Sentences in the order in which they stand in their passages.
        about: Headings and titles above them: names may stand there.
        told: What the person wrote: nothing else may be said of them.
    """
    claim = parse_source(text)  # again and again, too: where a citation is mended, beside each passage
    if not claim.content or text.rstrip("\"'”’)*_ ").endswith(_STATES_NOTHING):
        return Verdict(0.0, (), "it says nothing")
    if not evidence:
        return Verdict(0.0, (), "it cites no passage")
    sources = [parse_source(sentence) for sentence in evidence]
    case = Case(claim, sources, parse_source(about), assign(claim, sources))
    support = case.support()
    reason = (
        foreign(text, "\n".join((*evidence, about)), case)
        or (f"its passages carry {support:.0%} of its words" if support < _needed(claim.content) else "")
        or unsupported(case)
        or next((fault for clause in case.clauses for fault in _clause_faults(case, clause) if fault), "")
        or assumed(case, own_words(told))
        or misplaced(case)
        or of_another(case)
        or swapped(case)
        or turned(case)
        or preferred(case)
        or contradicted(case)
        or bounds(text, case, evidence)
        or ("it points back with a word that can't be followed" if _points_back(text, claim.spoken, evidence) else "")
        or ("it speaks of the passages that it was given" if _OF_THE_PROMPT.search(text) else "")
    )
    return Verdict(support, () if reason else tuple(dict.fromkeys(c.home for c in case.clauses)), reason)


def _needed(content: Sequence[int]) -> float:
    return SHORT_CARRIED if len(content) <= SHORT else CARRIED


def _points_back(text: str, spoken: Iterable[str], evidence: Sequence[str]) -> bool:
    counted = _COUNTED.search(text)
    return bool(_UNRESOLVED & set(spoken)) or bool(counted and not any(counted[0] in each for each in evidence))


def _clause_faults(case: Case, clause: Clause) -> Iterable[str]:
    yield attributed(case, clause)
    yield borrowed(case, clause)
    yield apart(case, clause)
    yield other_stands_there(case, clause)
    yield surer(case, clause)
    yield polarity(case, clause)
    yield condition(case, clause)
    yield dated(case, clause)

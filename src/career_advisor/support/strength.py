"""Is the claim surer, wider or less conditional than its evidence?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from career_advisor.support.case import Case, Clause, says_the_same
from career_advisor.support.statement import Statement
from career_advisor.support.table import table

DROPPED = 0.34
"""Share of a condition's words below which the claim leaves it out."""
RIGHT_BEHIND = 2
"""Tokens between a "not" and the "every" that it denies."""
KEPT = 0.5
"""Share of the other words from which the claim says what was said under it."""

_BOUND = re.compile(
    r"\b(?P<least>at least|no (?:less|fewer) than|a minimum of|more than|over)\b"
    r"|\b(?P<most>at most|no more than|up to|less than|fewer than|under|below"
    r"|(?:just|nearly|almost) (?=\d|\w+ (?:hundred|thousand|million|billion)))",
    re.IGNORECASE,
)
_EVEN = re.compile(
    r"\b(?:even (?:if|without)|whether or not|regardless|no matter|(?:whatever|whichever) (?:your|their|the|it))\b",
    re.IGNORECASE,
)
_ANYWAY = re.compile(
    r"\b(?:anyway|still|nonetheless|all the same|without|not even|although|every|all|any)\b", re.IGNORECASE
)
_ONLY_IF = re.compile(r"\bonly (?:if|when)\b|\bunless\b", re.IGNORECASE)
_CONDITION = re.compile(r"\b(?:only|unless|if|except|exceptions?|apart from|when)\b", re.IGNORECASE)
_NOT_WITHOUT = re.compile(r"\bnot without\b", re.IGNORECASE)


_GUESSING = {"should", "possibility", "whether", "guess", "guesses", "believes", "expects", "suspects", "thinks"}
_NONE = frozenset({"no", "none", "never"})
_SUPERLATIVE = frozenset({"most", "best", "largest", "highest", "biggest", "main", "least", "lowest", "worst", "only"})
_PARTITIVE = frozenset({"among", "one", "some", "several"})
_ASKING = frozenset({"how", "what", "whether", "which", "when", "if"})
_LISTED = frozenset({("of", "which"), ("of", "whom")})
_STRONG = (
    ("universal", "it says of all what its passage doesn't"),
    ("majority", "it says of most what its passage doesn't"),
    ("whole", "it says of the whole what its passage doesn't"),
    ("necessary", "it makes a must of what its passage doesn't"),
    ("certain", "it makes certain what its passage doesn't"),
    ("exclusive", "it says of one alone what its passage doesn't"),
)


def surer(case: Case, clause: Clause) -> str:
    """Say where a clause is surer, wider or stricter than its sentence."""
    return _stronger(case, clause) or _more(case, clause) or _unhedged(case, clause)


def _stronger(case: Case, clause: Clause) -> str:
    words = table().words
    claim, home = case.claim, case.sources[clause.home]
    said, there = frozenset(claim.spoken[i] for i in clause.all), frozenset(home.spoken)
    for name, wording in _STRONG:
        strong = {word for word in said & words[name] if not _under_denial(claim, clause, word)}
        if name == "certain" and (said & words["hedging"] or _asked_of(claim, clause)):
            strong -= {"will"}
        if name == "universal" and _LISTED & set(pairwise(claim.spoken)):
            strong -= {"all"}
        if name == "necessary" and _told_to(claim, clause, home):
            strong -= {"must"}
        if name == "exclusive" and (home.denials or strong <= {"just"} or _counts(claim, clause)):
            continue
        if (name == "necessary" and there & words["needing"]) or (name == "majority" and there & words["usual"]):
            continue
        licensed = there - _only_denied(home, words[name]) if name == "universal" else there
        if strong and not licensed & words[name]:
            return wording
    if _none_for_not_all(claim, clause, home):
        return "it says of none what its passage says not of all"
    if _best(claim, clause.all) and _one_of_best(home):
        return "it says of one alone what its passage says of several"
    return ""


def _only_denied(statement: Statement, words: frozenset[str]) -> frozenset[str]:
    """Return those of the words that stand behind a "not" alone: "not everyone" says it of nobody in particular."""
    places = [i for i, word in enumerate(statement.spoken) if word in words]
    free = {
        statement.spoken[i]
        for i in places
        if not any(0 < i - denial.at <= RIGHT_BEHIND for denial in statement.denials)
    }
    return frozenset(statement.spoken[i] for i in places) - free


def _none_for_not_all(claim: Statement, clause: Clause, home: Statement) -> bool:
    """Tell whether "no rounds" is said for "not all rounds"."""
    for i in clause.all:
        counted = next_content(claim, i) if claim.spoken[i] in _NONE else None
        if counted is not None and any(
            _only_denied(home, table().words["universal"]) & set(home.spoken[max(0, j - 3) : j])
            for j in home.places(claim.tokens[counted])
        ):
            return True
    return False


def _best(statement: Statement, within: Sequence[int]) -> bool:
    """Tell whether something is called the most of its kind: "the most selective"."""
    spoken = statement.spoken
    return any(
        i in within
        and spoken[i] in _SUPERLATIVE
        and i > 0
        and (spoken[i - 1] == "the" or statement.tokens[i - 1].surface.endswith(("'s", "s'")))
        and not _PARTITIVE & set(spoken[max(0, i - 4) : i - 1])
        for i in range(len(spoken))
    )


def _one_of_best(statement: Statement) -> bool:
    """Tell whether all that a sentence calls the most of its kind is one of several: "among the most selective"."""
    spoken = statement.spoken
    places = [i for i, word in enumerate(spoken) if word in _SUPERLATIVE and spoken[i - 1 : i] == ("the",)]
    return bool(places) and all(_PARTITIVE & set(spoken[max(0, i - 4) : i - 1]) for i in places)


def _asked_of(claim: Statement, clause: Clause) -> bool:
    """Tell whether a "will" stands in what is asked or known: "how it will go"."""
    return any(claim.spoken[i] == "will" and _ASKING & set(claim.spoken[max(0, i - 6) : i]) for i in clause.all)


def _told_to(claim: Statement, clause: Clause, home: Statement) -> bool:
    """Tell whether a passage tells its reader to do what a claim says they must: "so ask the office"."""
    for i in clause.all:
        if claim.spoken[i] != "must":
            continue
        done = next((t for t in claim.tokens[i + 1 : i + 4] if t.kind == "word" and t.word not in {"have", "to"}), None)
        if done and any(j == 0 or home.spoken[j - 1] in {",", "so", "and", ":", ";"} for j in home.places(done)):
            return True
    return False


def _more(case: Case, clause: Clause) -> str:
    claim, home = case.claim, case.sources[clause.home]
    theirs = _ranks(home)
    for i, rank in _ranks(claim, clause.all).items():
        same = [r for j, r in theirs.items() if not claim.tokens[i].keys.isdisjoint(home.tokens[j].keys)]
        if same and rank > max(same) and not _counted_so(claim, i, home):
            return f"it says of more {claim.tokens[i].surface} than its passage"
    return ""


def _counted_so(claim: Statement, i: int, home: Statement) -> bool:
    """Tell whether the evidence counts something with the same word."""
    ranked = {claim.spoken[k] for k in range(max(0, i - 4), i)} & table().ranks.keys()
    return bool(ranked & set(home.spoken))


def _unhedged(case: Case, clause: Clause) -> str:
    hedging = table().words["hedging"]
    claim, home = case.claim, case.sources[clause.home]
    said = frozenset(claim.spoken[i] for i in clause.all)
    for j, word in enumerate(home.spoken):
        if word in hedging - {"can"} - frozenset(claim.spoken) and says_the_same(case, clause.content, home, j):
            if said.isdisjoint(hedging | _GUESSING):
                return f"its passage says “{word}”"
            break
    if _possible(claim, clause, home):
        return "its passage says that it can, not that it does"
    open_question = "whether" in home.spoken and home.denials and not claim.denials
    return "its passage leaves open whether" if open_question and said.isdisjoint(hedging | {"whether", "if"}) else ""


def _possible(claim: Statement, clause: Clause, home: Statement) -> bool:
    """Tell whether something is said to happen, or to be about to, of which the evidence says that it can."""
    said = {claim.spoken[i] for i in clause.all}
    for j, word in enumerate(home.spoken[:-1]):
        if word not in table().words["hedging"]:
            continue
        v = j + 2 if home.tokens[j + 1].word.endswith("ly") and j + 2 < len(home.tokens) else j + 1
        verb, done_to = home.tokens[v], next_content(home, v)
        for i in clause.all:
            if claim.tokens[i].keys.isdisjoint(verb.keys):
                continue
            if claim.spoken[i - 1] in {"would", "will"} and word not in {"would", "will"} and not _hedged(said):
                return True
            mine = next_content(claim, i)
            finite = claim.tokens[i].word.endswith("s") and claim.tokens[i].word != verb.word and not _hedged(said)
            if (
                finite
                and done_to is not None
                and mine is not None
                and not claim.tokens[mine].keys.isdisjoint(home.tokens[done_to].keys)
            ):
                return True
    return False


def _hedged(said: frozenset[str] | set[str]) -> bool:
    return not said.isdisjoint(table().words["hedging"] | _GUESSING | {"if"})


def _counts(claim: Statement, clause: Clause) -> bool:
    """Tell whether an "only" stands before a number and so says "as little as"."""
    tokens = claim.tokens
    return any(
        tokens[i].word == "only" and any(t.kind == "number" or t.word in {"a", "an"} for t in tokens[i + 1 : i + 3])
        for i in clause.all
    )


def _under_denial(claim: Statement, clause: Clause, word: str) -> bool:
    return any(
        claim.spoken[i] == word
        and any(
            0 < i - denial.at <= (20 if word.startswith("any") else 6) and claim.tokens[denial.at].word != "without"
            for denial in claim.denials
        )
        for i in clause.all
    )


def _ranks(statement: Statement, within: Sequence[int] = ()) -> dict[int, int]:
    """Return how much of each counted thing is meant, by its position."""
    ranks = table().ranks
    found: dict[int, int] = {}
    for i, token in enumerate(statement.tokens):
        if token.word not in ranks or (within and i not in within) or any(d.at == i - 1 for d in statement.denials):
            continue
        counted = next_content(statement, i)
        if counted is not None:
            found.setdefault(counted, ranks[token.word])
    return found


def next_content(statement: Statement, i: int) -> int | None:
    """Return the next word that a quantifier or an adjective at this position may belong to."""
    for j in range(i + 1, min(i + 5, len(statement.tokens))):
        if statement.tokens[j].kind == "mark":
            return None
        if statement.tokens[j].kind != "bare" and statement.spoken[j] not in table().ranks:
            return j
    return None


def condition(case: Case, clause: Clause) -> str:
    """Say whether a clause leaves out the condition under which its sentence says the same."""
    claim, home = case.claim, case.sources[clause.home]
    if not {"if", "unless", "when", "where", "provided", "until"}.isdisjoint(claim.spoken):
        return ""
    for i, word in enumerate(home.spoken):
        if word not in table().words["conditional"] or word in claim.spoken:
            continue
        end = next((j for j in range(i + 1, len(home.tokens)) if home.tokens[j].kind == "mark"), len(home.tokens))
        inside = [home.tokens[j] for j in home.content if i < j < end]
        outside = [home.tokens[j] for j in home.content if not i < j < end]
        left_out = bool(inside) and claim.carries(inside) < DROPPED * len(inside)
        if left_out and outside and claim.carries(outside) >= KEPT * len(outside):
            return "it leaves out the condition that its passage makes"
    return ""


def bounds(text: str, case: Case, evidence: Sequence[str]) -> str:
    """Say whether the claim takes a condition away, makes one, or turns a least into a most."""
    passage = " ".join(evidence[clause.home] for clause in case.clauses)
    if _EVEN.search(text) and not _EVEN.search(passage) and not _ANYWAY.search(passage):
        return "it takes away a condition that its passage makes"
    if _ONLY_IF.search(text) and not _CONDITION.search(passage):
        return "it makes a condition that its passage doesn't"
    if _NOT_WITHOUT.search(text) and not _NOT_WITHOUT.search(passage):
        return "it makes a condition that its passage doesn't"
    mine = {match.lastgroup for match in _BOUND.finditer(text)}
    theirs = {match.lastgroup for match in _BOUND.finditer(passage)}
    return "it turns a least into a most, or the other way round" if mine and theirs and not mine & theirs else ""

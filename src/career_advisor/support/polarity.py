"""Does the claim deny what its evidence affirms, or the other way round?"""

from __future__ import annotations

from itertools import pairwise

from career_advisor.support.case import SAME, Case, Clause, says_the_same
from career_advisor.support.statement import Denial, Statement, Token
from career_advisor.support.strength import next_content
from career_advisor.support.table import table

_TAKING_CARE = frozenset({"care", "careful"})  # "care not to": what follows is denied, though its "not" denies nothing
_RESTRICTING = frozenset({"instead", "only", "less", "few", "fewer", "little", "just", "lacking", "free", "empty"})
_ANY_SOURCE = frozenset({("any", "source"), ("no", "source"), ("our", "source")})
CLOSE = 3
"""Content words behind a "not" one of which a claim must have to be about what is denied."""
LITERALLY = 0.95
"""Share of a denying clause that a claim must hold for the clause to be about it, where another sentence carries it."""


def polarity(case: Case, clause: Clause) -> str:
    """Say whether a clause denies what its sentence affirms, or affirms what it denies."""
    claim, home = case.claim, case.sources[clause.home]
    mine = [d for d in claim.denials if d.at in clause.all]
    fault = _antonym(claim, clause, home) or _elided(claim, clause, home)
    if fault:
        return fault
    soft = [j for j, word in enumerate(home.spoken) if word in table().words["turned_down"] | _TAKING_CARE]
    free = list(home.denials)
    for denial in mine:
        match = next((d for d in free if _meet(claim, denial, home, d)), None)
        if match:
            free.remove(match)
        elif denial.scope and not _answered(claim, denial, home) and not _of_sources(claim, home):
            target = [claim.tokens[i] for i in denial.scope[:3]]
            there = [j for token in target for j in home.places(token)]
            scanty = "enough" in claim.spoken and not {"little", "few", "lack", "short"}.isdisjoint(home.spoken)
            if there and not scanty and not any(j < max(there) for j in soft):
                return f"it denies what its passage affirms: “{target[0].surface}”"
    turned_down = not (table().words["turned_down"] | {"instead"}).isdisjoint(claim.spoken)
    if turned_down or (mine and _of_sources(claim, home)):
        return ""
    for denial in free:
        if _affirmed(case, clause, home, denial) or _unsaid(claim, clause, home, denial):
            return "it affirms what its passage denies"
    return ""


def _unsaid(claim: Statement, clause: Clause, home: Statement, denial: Denial) -> bool:
    """Tell whether a claim that denies nothing takes over what its sentence denies: "frees" for "does not free"."""
    denying = _RESTRICTING | table().words["turned_down"]
    if claim.denials or not denying.isdisjoint(claim.spoken) or home.tokens[denial.at].word == "than":
        return False
    part = home.spoken[denial.at + 1 : denial.at + 2]
    if part and part[0] in table().words["universal"] | {"only", "strictly", "necessarily", "just"}:
        return False
    if {"who", "whom", "sources", "source"} & set(home.spoken[max(0, denial.at - 3) : denial.at + 3]):
        return False
    scope = [j for j in denial.scope if not home.tokens[j].word.endswith("ly")]
    return any(not claim.tokens[i].keys.isdisjoint(home.tokens[j].keys) for j in scope[:CLOSE] for i in clause.content)


def _elided(claim: Statement, clause: Clause, home: Statement) -> str:
    """Say of whom a clause denies what its sentence denies of somebody else, or of nobody: "but leads don't"."""
    denied = {denial.at for denial in home.denials} | set(home.elided)
    for i in claim.elided:
        before = [k for k in clause.content if k < i]
        if claim.tokens[i].word != "not" or i not in clause.all or not before:
            continue
        subject = claim.tokens[before[-1]]
        around = [c for c in home.clauses if not denied.isdisjoint(c)]
        places = home.places(subject)
        if places and not any(j in c for c in around for j in places):
            return f"it denies of “{subject.surface}” what its passage doesn't"
    return ""


def _of_sources(claim: Statement, home: Statement) -> bool:
    """Tell whether both say of the sources what they don't have: "don't say", "in none of our sources"."""
    return bool(home.denials) and all(
        "sources" in s.spoken or any(pair in _ANY_SOURCE for pair in pairwise(s.spoken)) for s in (claim, home)
    )


def _meet(claim: Statement, mine: Denial, home: Statement, theirs: Denial) -> bool:
    return any(not claim.tokens[i].keys.isdisjoint(home.tokens[j].keys) for i in mine.scope for j in theirs.scope)


def _answered(claim: Statement, denial: Denial, home: Statement) -> bool:
    """Tell whether the evidence says by an opposite what the claim says by a "not"."""
    return any(opposite(claim.tokens[i], other) for i in denial.scope for other in home.tokens)


def _affirmed(case: Case, clause: Clause, home: Statement, denial: Denial, *, literally: bool = False) -> bool:
    claim = case.claim
    content, share = (claim.content, LITERALLY) if literally else (clause.content, SAME)
    if not says_the_same(case, content, home, denial.at, share=share):
        return False
    if home.tokens[denial.at].word == "than" and "than" in claim.spoken:
        return False  # "better than" sets apart as "rather than" does
    mine = [claim.tokens[i] for i in claim.denied]
    if any(not token.keys.isdisjoint(home.tokens[j].keys) for token in mine for j in denial.scope):
        return False
    if any(opposite(claim.tokens[i], home.tokens[j]) for i in clause.all for j in denial.scope):
        return False
    # "Not strictly needed" denies the need.
    scope = [j for j in denial.scope if not home.tokens[j].word.endswith("ly")]
    for j in scope[:2]:
        target = home.tokens[j]
        said = any(token.word == target.word for token in claim.tokens) if literally else claim.has(target)
        elsewhere = any(k not in home.denied and token.word == target.word for k, token in enumerate(home.tokens))
        close = j == scope[0] or (
            target.kind == "name" and all(home.tokens[k].word in {"a", "an", "the"} for k in range(scope[0] + 1, j))
        )
        if said and not elsewhere and close:
            return True
    return False


def _antonym(claim: Statement, clause: Clause, home: Statement) -> str:
    for i in clause.all:
        token = claim.tokens[i]
        if (
            claim.spoken[i + 1 : i + 2] == ("than",)
            and i + 2 < len(claim.tokens)
            and claim.tokens[i + 2].kind == "number"
        ):
            continue  # a bound, which is looked at by itself
        counted = next_content(claim, i)
        if counted is not None and counted <= i + 2:
            beside = [t for j in home.places(claim.tokens[counted]) for t in home.tokens[max(0, j - 2) : j]]
            if any(opposite(token, t) for t in beside) and not any(not t.keys.isdisjoint(token.keys) for t in beside):
                return f"it turns “{token.surface} {claim.tokens[counted].surface}” around"
        if token.kind not in {"word", "initial"} or i in claim.denied or home.has(token):
            continue
        against = [j for j, other in enumerate(home.tokens) if opposite(token, other) and not claim.has(other)]
        if against and not any(j in home.denied for j in against):
            return f"it says “{token.surface}” where its passage says “{home.tokens[against[0]].surface}”"
    return ""


def opposite(token: Token, other: Token) -> bool:
    """Tell whether two words are opposites."""
    return any(key in table().opposites and other.keys & table().opposites[key] for key in token.keys)


def contradicted(case: Case) -> str:
    """Look for a denial of what is claimed in the sentences that don't carry it."""
    for clause in case.clauses:
        for k, source in enumerate(case.sources):
            if k == clause.home:
                continue
            for denial in source.denials:
                if _affirmed(case, clause, source, denial, literally=True):
                    return "another sentence of its passages denies it"
    return ""

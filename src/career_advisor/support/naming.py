"""Names, numbers, dates and addresses: in the passages at all, and where the claim has them?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from career_advisor.support.case import Case, Clause, one_name
from career_advisor.support.order import company
from career_advisor.support.statement import Statement, Token
from career_advisor.support.table import table

NEAR = 7
"""Tokens to either side within which a word from elsewhere in the passages must find the company it has there."""
SHARED = 0.5
"""Share of that company which must stand in its sentence."""
STRANGERS = 1
"""Words from elsewhere, in other company, that a clause may have; names and numbers never."""
LEADING = 4
"""Content words of a clause from which its first one is what it speaks of."""
ALONE = 0.5
"""Company below which a name or number stands alone in a sentence."""
EACH = 0.5
"""Share of each clause's content that its sentence must hold."""
OPENING = 4
"""Tokens at the front of a sentence that are its subject."""
SUBJECT = 6
"""Tokens at the front of a claim among which stands whom it is about."""
VOICE = 6
"""Tokens between a name and the word by which it is said to say something."""
FAR = 0.8
"""Company by which another number or month must stand there better where its own stands among some of it, too."""
CLEAR = 0.6
"""Company by which another name or number must then stand there better."""

_ADDRESS = re.compile(
    r"(?:https?://|www\.)[^\s)\]>\"”]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\b(?:[\w-]+\.)+[a-z]{2,}(?:/[^\s)\]>\"”]*)?",
    re.IGNORECASE,
)
_VERBS = frozenset({"had", "did", "will", "can", "may", "might", "and", "said", "ran", "paid", "must"})
_STRESSING = frozenset({"itself", "himself", "herself", "themselves"})
_YEAR = re.compile(r"(?:19|20)\d\d")


def foreign(text: str, passages: str, case: Case) -> str:
    """Name what no passage has: an address, a number, a month, a length of time or a name."""
    known = {_bare(address) for address in _ADDRESS.findall(passages)}
    strange = [address for address in _ADDRESS.findall(text) if _bare(address) not in known]
    if strange:
        return f"an address that its passages don't have: {strange[0]}"
    for i, token in enumerate(case.claim.tokens):
        what = "" if any(source.has(token) for source in case.sources) else _exact(case, i)
        if what:
            return f"{what} that its passages don't have: {token.surface}"
    return ""


def _exact(case: Case, i: int) -> str:
    """Say what a word is that may stand in a claim only if it stands in the passages; empty where it may be another."""
    words, token = table().words, case.claim.tokens[i]
    if token.word in words["fractions"] or (token.kind == "number" and token.word != "1" and not case.about.has(token)):
        return "a number"
    if token.kind == "month" or (token.kind == "word" and token.word in words["lengths"]):
        return "a date or time"
    if token.word in words["currencies"]:
        return "a currency"
    named = token.kind == "name" or (token.kind == "initial" and _begins_as_a_name(case.claim.tokens, i))
    return "a name" if named and not case.heads(token) else ""


def unsupported(case: Case) -> str:
    """Name a clause or a tail of which its passages say nothing: "…, so no relocation is needed"."""
    for clause in case.clauses:
        held = sum(case.holds(clause.home, token) for token in case.tokens(clause.content))
        if held < EACH * len(clause.content):
            return f"its passages carry {held} of {len(clause.content)} words of one part of it"
    for stretch in _stretches(case.claim):
        content = [case.claim.tokens[i] for i in stretch if i in case.claim.content]
        if stretch and case.claim.spoken[max(0, stretch[0] - 2) : stretch[0]] == (",", "so"):
            homes = {clause.home for clause in case.clauses if not set(clause.all).isdisjoint(stretch)}
            if 2 * sum(any(case.holds(home, token) for home in homes) for token in content) <= len(content):
                return "its passages draw no such conclusion"
        if len(content) > 1 and not any(case.stands(token) for token in content):
            return f"its passages say nothing of “{' '.join(token.surface for token in content)}”"
    return ""


def _stretches(claim: Statement) -> Iterator[list[int]]:
    """Cut a claim at marks and joining words; what says under which condition, or from whose place, is left out."""
    words = table().words
    stretch: list[int] = []
    for i, token in enumerate(claim.tokens):
        if token.kind == "mark" or token.word in words["joining"] | words["turning"] | {"or"}:
            yield stretch
            stretch = []
        elif stretch or token.word not in {"if", "when", "even", "once"}:
            stretch.append(i)
        else:
            stretch = []
    yield stretch


def apart(case: Case, clause: Clause) -> str:
    """Name names and numbers of one clause that no sentence of the evidence has together."""
    exact = [
        token
        for token in case.tokens(clause.content)
        if (token.kind == "number" and token.word != "1") or case.is_name(token)
    ]
    if not exact or any(all(case.holds(k, token) for token in exact) for k in range(len(case.sources))):
        return ""
    missing = next((token for token in exact if not case.holds(clause.home, token)), exact[0])
    return f"no sentence of its passages says “{missing.surface}” of that"


def of_another(case: Case) -> str:
    """Say where a later clause, which names nobody itself, is carried by a sentence about somebody else."""
    claim = case.claim
    opening, *later = case.clauses
    subject = [i for i in opening.all[:SUBJECT] if case.is_name(claim.tokens[i]) and not _voice(claim, i)]
    for clause in later:
        named = any(case.is_name(claim.tokens[i]) and not _voice(claim, i) for i in clause.content)
        if not subject or named or clause.home == opening.home:
            continue
        if not any(case.holds(clause.home, claim.tokens[i]) for i in subject):
            return f"its passages say the rest of somebody else than {claim.tokens[subject[0]].surface}"
    return ""


def _voice(claim: Statement, i: int) -> bool:
    """Tell whether a word is part of the name of who says it."""
    while i + 1 < len(claim.tokens) and claim.tokens[i + 1].kind in {"name", "initial"}:
        i += 1
    return _is_source(claim.tokens, i)


def _begins_as_a_name(tokens: Sequence[Token], i: int) -> bool:
    """Tell whether what a sentence begins with is spoken of as a name is: "Northstar pays", "Summit, a programme"."""
    token, behind = tokens[i], tokens[i + 1 : i + 2]
    if not token.is_content or token.keys & table().known or token.word.endswith(("ing", "ly")):
        return False
    if token.surface.endswith(("'s", "’s")) or not behind:
        return True
    verb = behind[0].word.endswith("s") and not behind[0].word.endswith("ss") and behind[0].kind in {"word", "bare"}
    return behind[0].kind == "name" or verb or behind[0].word in _VERBS or (i == 0 and behind[0].surface == ",")


def _bare(address: str) -> str:
    return address.rstrip(".,;:!?'’/").lower().removesuffix("'s").removesuffix("’s")


def attributed(case: Case, clause: Clause) -> str:
    """Name somebody whose words they are not: who is named as the source must stand in the sentence."""
    tokens = case.claim.tokens
    for i in clause.all:
        if not case.is_name(tokens[i]):
            continue
        if not _is_source(tokens, i):
            continue
        if not case.holds(clause.home, tokens[i]) or _others_voice(case.sources[clause.home], tokens[i]):
            return f"{tokens[i].surface} is not whom its passage names"
    return ""


def _others_voice(home: Statement, token: Token) -> bool:
    """Tell whether a sentence has a name, but not as who says it, and says who does."""
    places = home.places(token)
    saying = [i for i, other in enumerate(home.tokens) if other.word in table().words["asserting"]]
    return bool(places and saying) and not any(j < OPENING or _near_saying(home, j) for j in places)


def _near_saying(home: Statement, at: int) -> bool:
    """Tell whether a word that says something, or whose view it is, stands near: VOICE tokens, and no mark between."""
    words = table().words
    for step in (-1, 1):
        for k in range(at + step, at + step * (VOICE + 1), step):
            if not 0 <= k < len(home.tokens):
                break
            if home.tokens[k].kind == "mark" and home.spoken[k + 1 : k + 2] not in {("whose",), ("who",), ("which",)}:
                break
            if home.tokens[k].word in words["asserting"] | words["opining"] | words["attributing"]:
                return True
    return False


def _is_source(tokens: Sequence[Token], i: int) -> bool:
    """Tell whether a name is said to have said it: "X says", "in X's view", "according to X"."""
    words = table().words
    behind = [
        t.word
        for t in tokens[i + 1 : i + 4]
        if t.kind != "mark" and t.word not in {"itself", "himself", "herself", "own"}
    ]
    before = [token.word for token in tokens[max(0, i - 4) : i]]
    says = bool(behind) and behind[0] in words["asserting"]
    if len(behind) > 1 and behind[0] in words["opining"] and behind[1] in words["asserting"]:
        says = tokens[i].surface.endswith(("'s", "’s", "s'"))
    holds = bool(behind) and behind[0] in words["opining"] and not {"in", "by", "to"}.isdisjoint(before)
    return says or holds or before[-2:] == ["according", "to"]


def borrowed(case: Case, clause: Clause) -> str:
    """Name a word that stands elsewhere in the passages, in other company: what is said there is of something else."""
    home = case.sources[clause.home]
    strangers = []
    for i in clause.content:
        token = case.claim.tokens[i]
        if token.word == "1" or case.holds(clause.home, token):
            continue
        others = [source for k, source in enumerate(case.sources) if k != clause.home and source.has(token)]
        if not others:
            continue
        near = [case.claim.tokens[k] for k in neighbours(case.claim, clause, i) if home.has(case.claim.tokens[k])]
        fitting = [source for source in others if source.carries(near) >= max(2.0, SHARED * len(near))]
        if not fitting:
            exact = token.kind in {"number", "month"} or token.word in table().words["lengths"]
            if exact or case.is_name(token) or _leads(case.claim, clause, i):
                return f"its passages say “{token.surface}” of something else"
            if not _describes_source(case.claim, i):
                strangers.append(token)
        if not case.claim.denials and all(_denied_there(s, token) for s in fitting or others):
            return f"its passages deny “{token.surface}”"
    if len(strangers) > STRANGERS:
        return f"its passages say “{strangers[0].surface}” of something else"
    return ""


def _denied_there(source: Statement, token: Token) -> bool:
    places = [j for j in source.places(token) if source.tokens[j].word == token.word]
    return bool(places) and all(j in source.denied for j in places)


def _leads(claim: Statement, clause: Clause, i: int) -> bool:
    """Tell whether a word is what its clause begins with and speaks of."""
    token = claim.tokens[i]
    verbal = token.word.endswith("ing") or (i > 0 and claim.tokens[i - 1].word == "to")
    if token.word in table().words["asserting"]:
        return False
    return i in clause.all[:2] and len(clause.content) >= LEADING and not verbal and not _describes_source(claim, i)


def _describes_source(claim: Statement, i: int) -> bool:
    return any(token.word in table().words["opining"] for token in claim.tokens[i + 1 : i + 2])


def neighbours(claim: Statement, clause: Clause, i: int) -> list[int]:
    """Return what stands near a word and says what it is about: no date, no source, no part of the same name."""
    tokens = claim.tokens
    found = []
    for k in clause.content:
        if k == i or abs(i - k) > NEAR or tokens[k].kind == "month" or _YEAR.fullmatch(tokens[k].word):
            continue
        if tokens[k].word in table().words["opining"] or one_name(claim, i, k) or _is_source(tokens, k):
            continue
        found.append(k)
    return found


def other_stands_there(case: Case, clause: Clause) -> str:
    """Name a name or number in whose place the evidence has another one."""
    home = case.sources[clause.home]
    for i in clause.content:
        token = case.claim.tokens[i]
        numeric = token.kind in {"number", "month"}
        if token.word == "1" or not (numeric or case.is_name(token)) or _is_source(case.claim.tokens, i):
            continue
        places = home.places(token)
        if (not places and not case.heads(token)) or (places and not numeric and _whole_name(case.claim, i, home)):
            continue
        own = max((company(case.claim, i, home, j) for j in places), default=0.0)
        rivals = [
            (company(case.claim, i, home, j), other.surface)
            for j, other in enumerate(home.tokens)
            if other.kind == (token.kind if numeric else "name") and not case.claim.has(other)
        ]
        if (
            rivals
            and (own < ALONE or (numeric and places and max(rivals)[0] > own + FAR))
            and max(rivals)[0] > own + CLEAR
        ):
            return f"its passage says it of {max(rivals)[1]}, not of {token.surface}"
    return ""


def _whole_name(claim: Statement, i: int, home: Statement) -> bool:
    """Tell whether a name of several words stands in the evidence, all of it."""
    first = last = i
    while first and claim.tokens[first - 1].kind in {"name", "initial"}:
        first -= 1
    while last + 1 < len(claim.tokens) and claim.tokens[last + 1].kind in {"name", "initial"}:
        last += 1
    words = [token.word for token in claim.tokens[first : last + 1]]
    there = [token.word for token in home.tokens]
    return len(words) > 1 and any(there[j : j + len(words)] == words for j in range(len(there)))

"""A sentence that sums up what somebody said, held beside their own statements.

Each statement is of a kind: what is so, what they wish, plan, weigh or don't know. A sentence that tells a wish as a
fact keeps all of its words, so that what is taken from anything but a fact must say what it is. And a summary joins:
where "and" joins two things, each must be carried by one statement alone, and done by the same person there.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib import resources
from typing import Any, Literal, NamedTuple, TypeAlias

from career_advisor.support.judging import Verdict, judge
from career_advisor.support.statement import Statement, parse_source
from career_advisor.text import content_words

Mood: TypeAlias = Literal["fact", "wish", "option", "open", "plan", "turn", "lacking"]

DEEPEST = 3
"""Times that a sentence is taken apart."""
MOST_JOINTS = 8
"""Commas and "and"s of a sentence that is looked at: a model that goes round in circles makes hundreds."""
OF_TOPIC = 0.6
"""Share of what a sentence says it is about that must stand in the statement which carries it."""

_OF_THEM = re.compile(r"\byou(?:rs?|rself)?\b", re.IGNORECASE)
_TOPIC = re.compile(r"(?:about|for|as for|of|with|regarding|on|concerning)\s+([^,]+),", re.IGNORECASE)
_JOINT = re.compile(
    r"(?:,|;)?\s+(?:and|but|while|though|although|yet|or)\s+(?:also\s+|then\s+)?|[;,]\s+", re.IGNORECASE
)
_CLAUSE = re.compile(
    r",?\s+(?:and|but|while|though|although|yet)\s+"
    r"(?=(?:you\b|you['’]|have\b|has\b|had\b|want|would\b|will\b|plan|hope|wish|like\b|are\b|not\b|no\b|\w+ed\b))",
    re.IGNORECASE,
)
_SUBJECT = re.compile(r"you(?:['’]\w+|r)?\b", re.IGNORECASE)
_BEGINNING = re.compile(
    r"you(?:['’]\w+)? (?:\w+ly |also |have |are |would like |want |plan )?\w+(?: to\b)?"
    r"|your \w+(?: \w+)? (?:is|are)(?: to\b)?",
    re.IGNORECASE,
)
_BOUND = re.compile(
    r"\b(since|until|till|from|before|after|by|at least|at most|up to|under|over)\s+(?:\w+\s+)?(\d[\d.,]*)",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<=\s)[A-Z]\w*")
_PARTITIVE = re.compile(r"\b\w+ of (?:the )?(\d+)\b", re.IGNORECASE)

# Words beside a verb that are not its subject; verbs that say little by themselves; and what else can be a subject.
_BESIDE_VERB = frozenset(
    """a an the have has had am are is was were be been being will would can could do does did not don't doesn't didn't
    haven't hasn't aren't weren't can't won't also only now still currently already just really never and or then to you
    you've you're you'd you'll""".split()  # noqa: SIM905
)
_LIGHT = frozenset(
    """get got make made want feel think see know say said like need plan hope wish consider doubt wonder find try work
    live go take use give come keep start begin look spend spent considering thinking planning wondering weighing
    choosing doubting unsure uncertain""".split()  # noqa: SIM905
)
_THEY = frozenset({"who", "he", "she", "they", "that", "which", "it"})
_BEFORE_NOUN = frozenset({"your", "the", "a", "an", "his", "her", "their", "our", "my", "this", "one"})
_BEGINS_CLAUSE = frozenset({"and", "but", "because", "that", "whether", "if", "when", "while", "so", "as", "since"})


class Said(NamedTuple):
    """What a person said of themselves, to them."""

    text: str
    """One statement, such as: You write code every day."""
    mood: Mood = "fact"
    others: tuple[str, ...] = ()
    """The same in other words."""

    @property
    def forms(self) -> tuple[str, ...]:
        """All ways of saying it."""
        return (self.text, *self.others)


@lru_cache(maxsize=1)
def _patterns() -> dict[str, re.Pattern[str]]:
    """Return the patterns of joining.toml; a mood's or an addition's by its own name."""
    text = resources.files(__package__).joinpath("joining.toml").read_text("utf-8")
    table: dict[str, Any] = tomllib.loads(text)
    added = table["added"]
    flat: dict[str, list[str]] = {**table["moods"], **added}
    return {name: re.compile(rf"\b(?:{'|'.join(each)})\b", re.IGNORECASE) for name, each in flat.items()}


def judge_joined(text: str, said: Sequence[Said]) -> Verdict:
    """Hold one sentence of a summary beside what somebody said.

    Args:
        text: To the person, without markers.
        said: All that may be told of them.

    Returns:
        Its `carried_by` counts in `said`.
    """
    if not _OF_THEM.search(text):
        return Verdict(0.0, (), "it is not about the person")
    every = "\n".join(form for each in said for form in each.forms)
    for kind in ("advice", "praise", "extent"):
        for found in _patterns()[kind].finditer(text):
            if not _has(every, found[0]):
                return Verdict(0.0, (), f"nobody said “{found[0]}”")
    if len(_JOINT.findall(text)) > MOST_JOINTS:
        return Verdict(0.0, (), "it says too many things at once")
    return _Beside(said, every).judge(text)


class _Beside:
    """Holds a sentence and its parts beside statements, each part once."""

    def __init__(self, said: Sequence[Said], every: str) -> None:
        self._said = said
        self._every = every
        self._judged: dict[str, Verdict] = {}

    def judge(self, text: str, depth: int = 0) -> Verdict:
        """Return the verdict on a sentence, or on a part of one, that was cut out of it so many times."""
        if text not in self._judged:
            self._judged[text] = self._judge(text, depth)
        return self._judged[text]

    def _judge(self, text: str, depth: int) -> Verdict:
        for before, behind in _halves(text, self._said) if depth < DEEPEST else ():
            first = self.judge(before, depth + 1)
            second = first if first.reason else self.judge(behind, depth + 1)
            if not second.reason:
                carried = tuple(dict.fromkeys((*first.carried_by, *second.carried_by)))
                return Verdict(min(first.support, second.support), carried, "")
        return self._by_one(text)

    def _by_one(self, text: str) -> Verdict:
        """Hold it whole beside each statement by itself; what is no fact must show in each clause of its own."""
        best = Verdict(0.0, (), "nothing that was said carries it")
        names = _NAME.findall(text)
        clauses = _CLAUSE.split(text)
        for k, each in enumerate(self._said):
            for typed in each.forms:
                form = _with_capitals(typed, names)
                verdict = judge(text, [form], told=self._every)
                reason = verdict.reason or next(
                    filter(None, (_told_as_fact(clause, each.mood) for clause in clauses)), ""
                )
                reason = reason or _fault(text, form, each.mood)
                if not reason:
                    return Verdict(verdict.support, (k,), "")
                if verdict.support > best.support:
                    best = Verdict(verdict.support, (), reason)
        return best


def _halves(text: str, said: Sequence[Said]) -> Iterator[tuple[str, str]]:
    """Yield a sentence in two, wherever what follows has a subject, a verb of theirs, or can share the beginning."""
    beginning = _BEGINNING.match(text)
    for joint in _JOINT.finditer(text):
        before, behind = text[: joint.start()].rstrip(" ,") + ".", text[joint.end() :]
        if not re.search(r"\w", behind):
            continue
        if _SUBJECT.match(behind):
            yield before, behind[0].upper() + behind[1:]
            continue
        first = re.escape(behind.split()[0].strip(",.'’"))
        if any(re.search(rf"(?:^|\byou (?:\w+ly |also )?){first}\b", each.text, re.IGNORECASE) for each in said):
            yield before, f"You {behind}"
        if beginning and joint.start() > beginning.end():
            yield before, f"{beginning[0]} {behind.removeprefix('to ') if beginning[0].endswith(' to') else behind}"


def _told_as_fact(text: str, mood: Mood) -> str:
    told = mood != "fact" and not _patterns()[mood].search(text)
    return f"it tells as a fact what is said as {mood}" if told else ""


def _with_capitals(form: str, names: Sequence[str]) -> str:
    """Write names as a sentence does: people type "ml" and "tampere"."""
    for name in names:
        form = re.sub(rf"\b{re.escape(name)}\b", name, form, flags=re.IGNORECASE)
    return form


def _fault(text: str, form: str, mood: Mood) -> str:
    """Name what is wrong beside the statement that carries a sentence's words; empty where nothing is."""
    return next(_faults(text, form, mood), "")


def _faults(text: str, form: str, mood: Mood) -> Iterator[str]:
    patterns = _patterns()
    if (cause := patterns["cause"].search(text)) and not patterns["cause"].search(form):
        yield f"nobody said “{cause[0]}”"
    if (condition := patterns["condition"].search(form)) and not patterns["condition"].search(text):
        yield f"it leaves out “{condition[0]}”"
    if (report := patterns["report"].search(form)) and not patterns["report"].search(text):
        yield f"it leaves out who “{report[0]}” it"
    if mood == "fact":
        yield from _left_out(text, form)
    bounds = {number: word.lower() for word, number in _BOUND.findall(form)}
    for word, number in _BOUND.findall(text):
        if bounds.get(number, word.lower()) != word.lower():
            yield f"it says “{word} {number}” for “{bounds[number]} {number}”"
    if any(_has(text, number) and not _has(text, f"of {number}") for number in _PARTITIVE.findall(form)):
        yield "it tells the whole for a part"
    if topic := _TOPIC.match(text):
        asked, there = set(content_words(topic[1])), set(content_words(form))
        if len(asked & there) < OF_TOPIC * len(asked):
            yield f"it is said of something else than “{topic[1]}”"
    if fault := _whose(parse_source(text), parse_source(form)):
        yield fault


def _left_out(text: str, form: str) -> Iterator[str]:
    hedge = _patterns()["hedge"]
    if (found := hedge.search(form)) and not hedge.search(text):
        yield f"it is surer than “{found[0]}”"
    for limit in _patterns()["limit"].finditer(form):
        if not _has(text, limit[0]):
            yield f"it leaves out “{limit[0]}”"


def _has(text: str, words: str) -> bool:
    return bool(re.search(rf"\b{re.escape(words)}\b", text, re.IGNORECASE))


def _whose(claim: Statement, source: Statement) -> str:
    """Name what somebody else does that is told of the person, or what nobody said that they do."""
    for i, word in enumerate(claim.spoken):
        if not _is_you(word):
            continue
        at = next((k for k in range(i + 1, len(claim.spoken)) if not _beside_verb(claim, k)), None)
        if at is None or claim.tokens[at].kind == "mark":
            continue
        verb, places = claim.spoken[at], source.places(claim.tokens[at])
        theirs = [j for j in places if _is_theirs(source, j)]
        if theirs and all(_is_other_tense(verb, source.spoken[j]) for j in theirs):
            return f"it says “{verb}” for “{source.spoken[theirs[0]]}”"
        if verb in _LIGHT or at not in claim.content:
            continue
        if not places:
            return f"nobody said that they “{verb}”"
        if not theirs:
            return f"“{verb}” is said of somebody else"
    return ""


def _is_other_tense(one: str, other: str) -> bool:
    """Tell whether two words are a regular verb and its past: "work" and "worked"."""
    short, long = sorted((one.removesuffix("s"), other.removesuffix("s")), key=len)
    return long in {f"{short}ed", f"{short}d", f"{short}{short[-1:]}ed", f"{short[:-1]}ied"}


def _is_you(word: str) -> bool:
    return word.startswith("you") and word not in {"your", "yours", "yourself"}


def _beside_verb(statement: Statement, k: int) -> bool:
    return statement.spoken[k] in _BESIDE_VERB or statement.spoken[k].endswith("ly")


def _is_theirs(source: Statement, j: int) -> bool:
    """Tell whether a verb of a statement may have the person for a subject: "you" or nobody stands before it."""
    k = j - 1
    while k >= 0 and _beside_verb(source, k) and not _is_you(source.spoken[k]):
        k -= 1
    if k < 0 or _ends_clause(source, k) or _is_you(source.spoken[k]):
        return True
    if source.spoken[k] in _THEY:
        return False
    for before in (k - 1, k - 2):
        if before >= 0 and source.spoken[before] in _BEFORE_NOUN:
            # "your sister organises": a subject, where nothing stands before it that would have it for an object
            first = before == 0 or _ends_clause(source, before - 1) or source.spoken[before - 1] in _BEGINS_CLAUSE
            return not first
    named = source.tokens[k].kind in {"name", "initial"}
    return not (named and (k == 0 or _ends_clause(source, k - 1)))


def _ends_clause(statement: Statement, k: int) -> bool:
    return statement.tokens[k].kind == "mark"

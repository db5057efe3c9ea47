"""The cases of a test set: what is asked, and what a good reply has.

A set is read whole, and everything that is wrong with it is said at once, before anything is asked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast, get_args

from career_advisor.records import Message, Role, Status, WrongUse

STATUSES: tuple[str, ...] = get_args(Status)
ANSWERS = frozenset({"answered", "partly"})
"""Statuses of a reply that answers."""
NO_KIND = "no kind"
_DECLINES = frozenset({"not_covered", "off_topic", "refused", "invalid", "clarify", "partly"})


class Gold(NamedTuple):
    """A place that answers the question; any one of a case's will do."""

    document: str
    quote: str


@dataclass(frozen=True, slots=True)
class Case:
    """A line of a test set. What it leaves empty is not checked."""

    line: Mapping[str, Any]
    """As it stands in the file, with keys of its own."""
    id: str
    question: str
    history: tuple[Message, ...]
    kind: str
    gold: tuple[Gold, ...]
    facts: tuple[tuple[str, ...], ...]
    """Each in its alternatives."""
    forbidden: tuple[str, ...]
    services: tuple[str, ...]
    """Ids that must be among those shown."""
    expect: tuple[str, ...]
    """Statuses, any of which will do."""
    tags: tuple[str, ...]
    half: str
    """`development`, `held-out`, or empty."""

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> Case:
        """Return the case of a line that `faults_of` finds nothing wrong with."""
        expect = line.get("expect") or ()
        return cls(
            line=line,
            id=line["id"],
            question=line["question"],
            history=tuple(Message(cast("Role", turn["role"]), turn["content"]) for turn in line.get("history") or ()),
            kind=line.get("kind") or NO_KIND,
            gold=tuple(Gold(each["document"], each["quote"]) for each in line.get("gold") or ()),
            facts=tuple(tuple(alternatives) for alternatives in line.get("facts") or ()),
            forbidden=tuple(line.get("forbidden") or ()),
            services=tuple(line.get("services") or ()),
            expect=(expect,) if isinstance(expect, str) else tuple(expect),
            tags=tuple(line.get("tags") or ()),
            half=line.get("half") or "",
        )

    @property
    def cluster(self) -> str:
        """What it shares its fate with: the page of its first gold, or its conversation; else it stands alone."""
        if self.gold:
            return f"page {self.gold[0].document}"
        return f"conversation {self.history[0].content}" if self.history else f"case {self.id}"

    @property
    def must_answer(self) -> bool:
        """Whether only an answer will do."""
        return bool(self.expect) and ANSWERS.issuperset(self.expect)

    @property
    def must_decline(self) -> bool:
        """Whether a plain answer is wrong, because the question cannot or should not be answered."""
        return bool(self.expect) and not self.must_answer and _DECLINES.issuperset(self.expect)


@dataclass(frozen=True, slots=True)
class CaseSet:
    """A test set, read and sound by itself."""

    path: Path
    sha256: str
    """Of the file."""
    cases: tuple[Case, ...]
    lines: tuple[int, ...]
    """Number of each case's line, from 1."""

    def is_copy_of(self, path: Path) -> bool:
        """Tell whether the file at a path holds the same bytes."""
        return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == self.sha256

    @property
    def kinds(self) -> tuple[str, ...]:
        """Every kind, in order of first appearance."""
        return tuple(dict.fromkeys(case.kind for case in self.cases))


def read_cases(path: Path) -> CaseSet:
    """Read a test set.

    Raises:
        WrongUse: If the file cannot be read, holds no case, or any line of it is malformed or has an id that was used
            before; it names every such line.
    """
    try:
        data = path.read_bytes()
    except OSError as fault:
        raise WrongUse(f"{path}: {fault.strerror}; name a test set with --cases") from fault
    cases: list[Case] = []
    lines: list[int] = []
    faults: list[str] = []
    seen: dict[str, int] = {}
    # Not splitlines(): U+2028 and its like may stand in a JSON string as they are.
    for number, raw in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not raw.strip():
            continue
        line, wrong = _parsed(raw)
        name = line.get("id")
        if isinstance(name, str) and name in seen:
            wrong.append(f"the id {name!r} is that of line {seen[name]}")
        elif isinstance(name, str):
            seen[name] = number
        faults += [f"{path}:{number}: {each}" for each in wrong]
        if not wrong:
            cases.append(Case.of(line))
            lines.append(number)
    _refuse(path, faults)
    if not cases:
        raise WrongUse(f'{path} holds no case; a line is {{"id": …, "question": …}}')
    return CaseSet(path, hashlib.sha256(data).hexdigest(), tuple(cases), tuple(lines))


def check_gold(case_set: CaseSet, documents: Mapping[str, str]) -> None:
    """See that each gold quote stands in its document.

    Args:
        case_set: The test set.
        documents: Stored text by path.

    Raises:
        WrongUse: If one does not; it names every such line, and a document that is not there once.
    """
    faults: list[str] = []
    missing: dict[str, list[int]] = {}
    for number, case in zip(case_set.lines, case_set.cases, strict=True):
        for gold in case.gold:
            if gold.document not in documents:
                missing.setdefault(gold.document, []).append(number)
            elif gold.quote not in documents[gold.document]:
                faults.append(f"{case_set.path}:{number}: {gold.document} does not hold “{_cut(gold.quote)}”")
    for document, numbers in missing.items():
        faults.append(
            f"{case_set.path}:{numbers[0]}: no {document} in the index ({len(numbers)} gold quotes are of it)"
        )
    _refuse(case_set.path, faults)


def _refuse(path: Path, faults: Sequence[str]) -> None:
    if faults:
        what = "one fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise WrongUse(f"{path} has {what}, and nothing was asked; mend them first:\n" + "\n".join(faults))


def _cut(text: str, limit: int = 80) -> str:
    return text if len(text) <= limit else text[:limit] + "…"


# ---------------------------------------------------------------- one line


def _parsed(raw: bytes) -> tuple[dict[str, Any], list[str]]:
    """Return the object of a line, empty where it is none, and what is wrong with it."""
    try:
        line = json.loads(raw.decode("utf-8"))
    except UnicodeDecodeError:
        return {}, ["not UTF-8"]
    except (ValueError, RecursionError) as fault:
        return {}, [f"not JSON ({fault})"]
    if not isinstance(line, dict):
        return {}, ["not an object"]
    return line, faults_of(line)


def faults_of(line: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the fields of a line; keys that the format does not know are the author's own."""
    faults = []
    for name, (holds, form) in _FORMS.items():
        if name not in line:
            if name in {"id", "question"}:
                faults.append(f"no `{name}`")
        elif not holds(line[name]):
            faults.append(f"`{name}` must be {form}, not {_cut(json.dumps(line[name], ensure_ascii=False), 60)}")
    return faults


def _text(value: object) -> bool:
    return isinstance(value, str)


def _words(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _all(holds: Callable[[object], bool], *, least: int = 0) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and len(value) >= least and all(holds(each) for each in value)


def _status(value: object) -> bool:
    return value in STATUSES


def _turn(value: object) -> bool:
    return isinstance(value, dict) and value.get("role") in get_args(Role) and _text(value.get("content"))


def _place(value: object) -> bool:
    return isinstance(value, dict) and _words(value.get("document")) and _words(value.get("quote"))


_FORMS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "id": (_words, "a text"),
    "question": (_text, "a text"),
    "history": (_all(_turn), 'a list of {"role": "user" or "assistant", "content": …}'),
    "kind": (_text, "a text"),
    "gold": (_all(_place), 'a list of {"document": …, "quote": …}'),
    "facts": (_all(_all(_words, least=1)), "a list of lists of alternatives"),
    "forbidden": (_all(_words), "a list of statements"),
    "services": (_all(_words), "a list of ids"),
    "expect": (
        lambda value: _status(value) or _all(_status, least=1)(value),
        f"a status or some of: {', '.join(STATUSES)}",
    ),
    "tags": (_all(_words), "a list of texts"),
    "half": (_text, "a text"),
}

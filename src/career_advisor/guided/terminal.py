"""The guided conversations in a terminal, in English: one question after the other, and the document at the end."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from career_advisor.guided.answers import Unreadable, answers_json, read_answers
from career_advisor.guided.composing import compose, summed_up
from career_advisor.guided.exporting import FILE_LIMIT, Stored, json_text, markdown, read_json
from career_advisor.guided.questions import KEYS, TICKS, Guide, GuideKey, Question, guides
from career_advisor.guided.quoting import Library, Sources
from career_advisor.guided.sheet import Bar, Quote, Sheet
from career_advisor.guided.standing import bar_keys
from career_advisor.guided.wording import words
from career_advisor.records import Summary, WrongUse

LEAVE = "/leave"
HOW = "An empty answer skips a question, and keeps what a file had; /leave goes to the document with what there is."
DAYS = {"week": 7, "fortnight": 14, "month": 30, "quarter": 90}
"""Words for a day, counted from today: what the person picks, never a programme's deadline."""

Ask = Callable[[str], str | None]
"""Prints a prompt and returns the line that was typed; None at the end of the input."""
Say = Callable[[str], None]


class Terminal(NamedTuple):
    """How a person is asked and told."""

    ask: Ask
    say: Say
    today: date
    """What words such as "week" are counted from."""


class _Left(Exception):
    """The person has gone to the document."""


def run(
    key: str,
    open_sources: Callable[[], Sources],
    out: Path | None,
    source: Path | None,
    say: Say,
    *,
    with_summary: bool = False,
    as_json: bool = False,
) -> None:
    """Hold a conversation over standard input and output.

    Args:
        key: Which conversation.
        open_sources: Opens the advisor, once it is known that the call was right.
        out: Where the document is written; printed as Markdown where it is None.
        source: A file to go on from.
        say: Says something that is not the document.
        with_summary: Whether the language model sums up what was answered.
        as_json: Print the document as JSON, as a file of it would have it.

    Raises:
        WrongUse: If there is no such conversation, or a file cannot be read or written.
        AdvisorError: If there is no sound index.
    """
    chosen = next((each for each in KEYS if each == key), None)
    if chosen is None:
        raise WrongUse(f"there is no guided conversation {key!r}; there are {', '.join(KEYS)}")
    today = date.today()
    before = load(source, chosen, today) if source else None
    if out is not None:
        _writer(out)

    def ask(prompt: str) -> str | None:
        print(prompt, end="", file=sys.stderr, flush=True)
        return sys.stdin.readline() or None

    sheet = converse(chosen, Library(open_sources()), before, Terminal(ask, say, today), with_summary=with_summary)
    if out is None:
        print(json_text(sheet) if as_json else markdown(sheet))
    else:
        save(sheet, out)
        say(
            f"Written to {out}. "
            + ("Go on with --from." if out.suffix == ".json" else "Only a .json file can be gone on from.")
        )


def load(path: Path, key: GuideKey, today: date) -> Stored:
    """Read the file that a conversation goes on from.

    Raises:
        WrongUse: If it cannot be read, or is of another conversation.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            text = file.read(FILE_LIMIT + 1)
    except OSError as fault:
        raise WrongUse(f"{path}: {fault.strerror}") from fault
    stored = read_json(text, today)
    if stored.guide != key:
        raise WrongUse(
            f"{path} is of “{guides()[stored.guide].title}”; go on with `career-advisor guide {stored.guide}`"
        )
    return stored


def save(sheet: Sheet, path: Path) -> None:
    """Write the document to a file, as its ending says: .md or .json.

    Raises:
        WrongUse: If it has another ending or cannot be written.
    """
    write = _writer(path)
    try:
        path.write_text(write(sheet), encoding="utf-8")
    except OSError as fault:
        raise WrongUse(f"{path}: {fault.strerror}") from fault


def _writer(path: Path) -> Callable[[Sheet], str]:
    writers: dict[str, Callable[[Sheet], str]] = {".md": markdown, ".json": json_text}
    if path.suffix not in writers:
        raise WrongUse(f"{path}: name a file that ends in .md or .json")
    return writers[path.suffix]


def converse(
    key: GuideKey, library: Library, before: Stored | None, terminal: Terminal, *, with_summary: bool = False
) -> Sheet:
    """Ask the questions of a conversation and make its document.

    Args:
        key: Which conversation.
        library: Where the quotes come from.
        before: What a file held, to go on from.
        terminal: Asks the person, and tells them.
        with_summary: Whether the language model sums up what was answered.
    """
    guide = guides()[key]
    given: dict[str, Any] = answers_json(before.answers) if before else {"values": {}}
    written = before.written if before else terminal.today

    def so_far() -> Sheet:
        return compose(key, read_answers(given, guide, bar_keys()), written, library)

    terminal.say(f"{guide.title}\n{guide.lead}\n{guide.promise}\n{HOW}")
    try:
        for question in guide.questions:
            _answer(question, guide, given, terminal)
        if key == "stand":
            _tick(so_far(), given, terminal)
    except _Left:
        terminal.say("")
    if not with_summary:
        return so_far()
    answers = read_answers(given, guide, bar_keys())
    summary = None
    for item in summed_up(key, answers, library.sources):
        if isinstance(item, Summary):
            summary = item
            terminal.say(item.notice)
    return compose(key, answers, written, library, summary=summary)


def _answer(question: Question, guide: Guide, given: dict[str, Any], terminal: Terminal) -> None:
    """Ask until an answer is read or skipped; one that cannot be read is said why, and asked for again."""
    lines = given["values"].get(question.of, [])
    if question.of and not lines:
        return
    terminal.say(f"\n{question.title}\n  {question.why}")
    for number, option in enumerate(question.options, start=1):
        terminal.say(f"  {number}. {option.label}")
    kept = given["values"].get(question.key)
    if kept:
        terminal.say(f"  So far: {_shown(kept, question)}")
    while True:
        try:
            value = _value(question, lines, terminal)
            if value is None:
                return
            values = {**given["values"], question.key: value}
            read_answers({**given, "values": values}, guide, bar_keys())
        except Unreadable as fault:
            terminal.say(f"  {fault}")
            continue
        given["values"] = values
        return


def _value(question: Question, lines: list[str], terminal: Terminal) -> Any:
    """Return a JSON value as typed; None where the question was skipped."""
    ask, today = terminal.ask, terminal.today
    match question.kind:
        case "text":
            return _line(ask, "> ")
        case "choice" | "choices":
            typed = _line(ask, "number> " if question.kind == "choice" else "numbers> ")
            chosen = [_numbered(each, question) for each in re.findall(r"\w+", typed or "")]
            return None if typed is None else chosen[0] if question.kind == "choice" else chosen
        case "lines":
            return list(_several(ask, question.most)) or None
        case "each":
            each = [_line(ask, f"{line}> ") or "" for line in lines]
        case "each-choice":
            each = [_numbered(typed, question) if (typed := _line(ask, f"{line} (number)> ")) else "" for line in lines]
        case "steps":
            return [_step(typed, question, today) for typed in _several(ask, question.most, STEP)] or None
    return each if any(each) else None


STEP = "step (number or your words, then “in a week”, “in a month” or a day such as 2026-12-24)> "
_WHEN = re.compile(
    r"\s*(?:,|\bby\b|\bin\b)?\s*(?:\ba\b|\ban\b)?\s*(?P<when>\d{4}-\d\d-\d\d|week|fortnight|month|quarter)\s*$"
)


def _step(typed: str, question: Question, today: date) -> dict[str, str | None]:
    found = _WHEN.search(typed)
    what = typed[: found.start()].strip() if found else typed
    when = found["when"] if found else None
    if when in DAYS:
        when = (today + timedelta(days=DAYS[when])).isoformat()
    number = int(what) - 1 if what.isdecimal() and len(what) < len("1000") else -1
    known = 0 <= number < len(question.options)
    return {"do": question.options[number].key if known else what, "by": when}


def _numbered(typed: str, question: Question) -> str:
    number = int(typed) if typed.isdecimal() and len(typed) < len("1000") else 0
    if not 1 <= number <= len(question.options):
        raise Unreadable(f"Please answer with numbers from 1 to {len(question.options)}.")
    return question.options[number - 1].key


def _line(ask: Ask, prompt: str) -> str | None:
    typed = ask(prompt)
    if typed is None or typed.strip() == LEAVE:
        raise _Left
    return typed.strip() or None


def _several(ask: Ask, most: int, prompt: str = "> ") -> Iterator[str]:
    for _ in range(most):
        typed = _line(ask, prompt)
        if typed is None:
            return
        yield typed


def _tick(sheet: Sheet, given: dict[str, Any], terminal: Terminal) -> None:
    """Show each bar that the sources state, and ask what the person says of it."""
    ask, say, spoken = terminal.ask, terminal.say, words("en")
    choice = ", ".join(f"{number} {spoken(f'tick.{tick}')}" for number, tick in enumerate(TICKS, start=1))
    say(f"\nNow the bars, as their sources state them. {choice}.")
    for part in sheet.parts:
        bar = next((item for item in part.items if isinstance(item, Bar)), None)
        if bar is None:
            continue
        quotes = "\n  ".join(item.text for item in part.items if isinstance(item, Quote))
        say(f"\n{bar.name}\n  {quotes}" + (f"\n  So far: {spoken(f'tick.{bar.tick}')}" if bar.tick else ""))
        typed = _line(ask, "number> ")
        while typed is not None and typed not in {"1", "2", "3"}:
            say("  Please answer with 1, 2 or 3.")
            typed = _line(ask, "number> ")
        if typed is not None:
            given["ticks"] = {**given.get("ticks", {}), bar.key: TICKS[int(typed) - 1]}


def _shown(kept: Any, question: Question) -> str:
    several = kept if isinstance(kept, list) else [kept]
    said = [each if isinstance(each, str) else each["do"] for each in several]
    return "; ".join(question.label(each) or each for each in said)

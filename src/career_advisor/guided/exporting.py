"""The document as a file: Markdown to read, JSON to read and to go on with, and JSON read again.

In JSON the person's answers are what counts; `document` is there to be read by others, and is never read back. What a
file says that a source said is therefore never believed: the quotes are looked up anew.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from career_advisor import neutral
from career_advisor.guided.answers import Answers, Unreadable, answers_json, read_answers
from career_advisor.guided.questions import TICKS, GuideKey, guides
from career_advisor.guided.sheet import Ask, Bar, Help, Item, Ours, Own, Part, Quote, Sheet, ToDo, Verdict
from career_advisor.guided.standing import bar_keys
from career_advisor.records import Citation, Service

FORMAT = "career-advisor-guided"
VERSION = 1
FILE_LIMIT = 400_000
"""Characters of a file at most; a full one of ours has a tenth of that."""
EARLIEST = date(2020, 1, 1)

ABOUT = (
    "Made with Career Advisor, a program and not a human adviser. It is independent of Rob Miles, 80,000 Hours and "
    "every service named here."
)
_KINDS: dict[type[Item], str] = {
    Ours: "ours",
    Own: "own",
    Quote: "quote",
    Bar: "bar",
    Verdict: "verdict",
    ToDo: "step",
    Ask: "ask",
    Help: "service",
}
_FIELDS = ("format", "version", "guide", "written", "answers", "document")
_SPECIAL = re.compile(r"([\\`*_\[\]<|~]|^[#>+-]|(?<=^\d)[.)])", re.MULTILINE)
_NOT_OURS = "That is not a file of a guided conversation, so nothing was changed."


class Stored(NamedTuple):
    """What a file holds of a person."""

    guide: GuideKey
    written: date
    answers: Answers


def file_name(sheet: Sheet, ending: str) -> str:
    """Return a name for the file, with an ending such as "md"."""
    return f"career-advisor-{sheet.guide}-{sheet.written.isoformat()}.{ending}"


# ---------------------------------------------------------------- JSON


def sheet_json(sheet: Sheet) -> dict[str, Any]:
    """Return the document as JSON values; docs/guided-conversations.md describes them."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "guide": sheet.guide,
        "written": sheet.written.isoformat(),
        "answers": answers_json(sheet.answers),
        "document": {
            "title": sheet.title,
            "parts": [part_json(part) for part in sheet.parts],
            "citations": [_citation_json(each) for each in sheet.citations],
        },
    }


def json_text(sheet: Sheet) -> str:
    """Return the document as the text of a JSON file."""
    return json.dumps(sheet_json(sheet), ensure_ascii=False, indent=1) + "\n"


def part_json(part: Part) -> dict[str, Any]:
    """Return a part as JSON values."""
    return {"heading": part.heading, "level": part.level, "items": [_item_json(item) for item in part.items]}


def _item_json(item: Item) -> dict[str, Any]:
    kind = _KINDS[type(item)]
    if isinstance(item, Help):
        return {"kind": kind, "service": _service_json(item.service)}
    fields = {name: getattr(item, name) for name in item.__slots__}
    return {"kind": kind} | {k: v.isoformat() if isinstance(v, date) else v for k, v in fields.items()}


def _service_json(service: Service) -> dict[str, Any]:
    names = ("id", "name", "url", "kind", "audience", "cost", "gap", "caveat", "as_of", "last_checked")
    return {name: getattr(service, name) for name in names}


def _citation_json(each: Citation) -> dict[str, Any]:
    names = ("number", "document", "title", "url", "start", "end", "quote", "author", "after", "date", "kind")
    return {name: getattr(each, name) for name in names} | {
        "heading": list(each.heading),
        "sources": list(each.sources),
    }


def read_json(text: str, today: date) -> Stored:
    """Read a file that `json_text` wrote, or what is left of one without its `document`.

    Raises:
        Unreadable: If it is anything else; the message is a sentence for a person.
    """
    if len(text) > FILE_LIMIT:
        raise Unreadable("That file is too long to be one of a guided conversation, so nothing was changed.")
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        raise Unreadable(_NOT_OURS) from None
    if not isinstance(given, dict) or given.get("format") != FORMAT or any(key not in _FIELDS for key in given):
        raise Unreadable(_NOT_OURS)
    if given.get("version") != VERSION or isinstance(given.get("version"), bool):
        raise Unreadable("That file was written by another version of this program, so nothing was changed.")
    guide = next((each for key, each in guides().items() if key == given.get("guide")), None)
    if guide is None:
        raise Unreadable(_NOT_OURS)
    return Stored(
        guide.key, _written(given.get("written"), today), read_answers(given.get("answers"), guide, bar_keys())
    )


def _written(given: object, today: date) -> date:
    try:
        day = date.fromisoformat(given) if isinstance(given, str) and len(given) == len("2026-11-26") else None
    except ValueError:
        day = None
    # A day more: it may be tomorrow already where the person lives.
    if day is None or not EARLIEST <= day <= today + timedelta(days=1):
        raise Unreadable("That file bears no day on which it could have been written, so nothing was changed.")
    return day


# ---------------------------------------------------------------- Markdown


def markdown(sheet: Sheet) -> str:
    """Return the document as Markdown: quotes with numbers, resolved at the end, and the person's words as quotes."""
    lines = [f"# {sheet.title}", "", f"{shown_day(sheet.written)}. Lines that begin with a bar are my own words.", ""]
    for part in sheet.parts:
        lines += [f"{'#' * part.level} {_escaped(part.heading)}", ""]
        for item in part.items:
            lines += [*_marked_down(item), ""] if _shown(item) else []
    if sheet.citations:
        lines += ["## Sources", ""]
        lines += [_source(place, addresses, numbers) for place, addresses, numbers in by_place(sheet)]
        lines += [""]
    lines += ["---", "", ABOUT, ""]
    return "\n".join(lines)


class Place(NamedTuple):
    """A section that is quoted, with the numbers of all that is quoted from it."""

    name: str
    """Title, section, whose view, and when it was true."""
    addresses: tuple[str, ...]
    """Where it can be checked."""
    numbers: tuple[int, ...]


def by_place(sheet: Sheet) -> list[Place]:
    """Return the sections that are quoted, in the order of their first numbers."""
    numbers: dict[tuple[str, tuple[str, ...]], tuple[int, ...]] = {}
    for each in sheet.citations:
        at = (_place_name(each), _addresses(each))
        numbers[at] = (*numbers.get(at, ()), each.number)
    return [Place(name, addresses, found) for (name, addresses), found in numbers.items()]


def _source(name: str, addresses: Sequence[str], numbers: Sequence[int]) -> str:
    read = f" {', '.join(f'<{address}>' for address in addresses)}" if addresses else ""
    return f"- [{', '.join(str(number) for number in numbers)}] {_escaped(name)}.{read}"


def shown_day(day: date) -> str:
    """Return a day as people write it.

    >>> shown_day(date(2026, 12, 3))
    '3 December 2026'
    """
    return f"{day.day} {day:%B %Y}"


def about_service(service: Service) -> str:
    """Return what has to be known of a service beside its name, in sentences."""
    known = f"As of {service.as_of}." if service.as_of else "We don't know how old this is."
    checked = f"The address answered on {service.last_checked}." if service.last_checked else ""
    parts = (f"For {service.gap}.", f"Cost: {service.cost}.", service.caveat, known, checked)
    return " ".join(part for part in parts if part)


def _place_name(each: Citation) -> str:
    heading = [part for part in each.heading if part != each.title]
    view = f"our summary, after {each.after}" if each.kind == "our summary" and each.after else each.kind
    true = f"as of {each.date}" if each.date else "date not known"
    return f"{' › '.join((each.title, *heading))} ({view}; {true})"


def _addresses(each: Citation) -> tuple[str, ...]:
    safe = (neutral.safe_url(address) for address in (*each.sources, each.url))
    return tuple(dict.fromkeys(address for address in safe if address))


def _shown(item: Item) -> bool:
    """Tell whether there is anything to show of it on paper."""
    return not (isinstance(item, Own) and not item.text and item.edits.startswith(("note/", "unknowns/", "ask")))


def _marked_down(item: Item) -> list[str]:
    lines: list[str] = []
    match item:
        case Ours(text):
            lines = [_escaped(text)]
        case Own(text, _, label):
            said = [f"> {line}" for line in _escaped(text or "(left open)").split("\n")]
            lines = [f"*{_escaped(label)}:*", "", *said] if label else said
        case Quote(text, number):
            lines = [f"{_escaped(text)} [{number}]"]
        case Bar(_, _, tick):
            lines = [f"**I say:** {dict(TICKS).get(tick, 'not answered yet')}"]
        case Verdict(_, work, name, reason):
            lines = [f"**{_escaped(name)}**{f' ({_escaped(work)})' if work else ''}", "", _escaped(reason)]
        case ToDo(text, by, _):
            lines = [f"- [ ] {f'**by {shown_day(by)}:** ' if by else ''}{_escaped(text)}"]
        case Ask(before, said, behind):
            inside = f"“{_escaped(' '.join(said.split()))}”" if said else ""
            lines = [f"- {_escaped(before)}{inside}{_escaped(behind)}"]
        case Help(service):
            address = neutral.safe_url(service.url)
            where = f" <{address}>" if address else ""
            lines = [f"- **{_escaped(service.name)}**{where} {_escaped(about_service(service))}"]
    return lines


def _escaped(text: str) -> str:
    """Return text in which nothing is Markdown: what a person or a file says stays what it says."""
    return _SPECIAL.sub(r"\\\1", text)

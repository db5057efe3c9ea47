"""The document as a file: Markdown to read, JSON to read and to go on with, and JSON read again.

In JSON the person's answers are what counts; `document` is there to be read by others, and is never read back. What a
file says that a source said is therefore never believed: the quotes are looked up anew.
"""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from typing import Any, NamedTuple

from career_advisor import neutral
from career_advisor.guided.answers import Answers, Unreadable, answers_json, read_answers
from career_advisor.guided.questions import GuideKey, guides
from career_advisor.guided.sheet import Ask, Bar, Help, Item, Ours, Own, Part, Quote, Sheet, Summed, ToDo, Verdict
from career_advisor.guided.standing import bar_keys
from career_advisor.guided.wording import Words, words
from career_advisor.records import Citation, Kind, Service

FORMAT = "career-advisor-guided"
VERSION = 1
FILE_LIMIT = 400_000
"""Characters of a file at most; a full one of ours has a tenth of that."""
EARLIEST = date(2020, 1, 1)

_KINDS: dict[type[Item], str] = {
    Ours: "ours",
    Own: "own",
    Summed: "summed",
    Quote: "quote",
    Bar: "bar",
    Verdict: "verdict",
    ToDo: "step",
    Ask: "ask",
    Help: "service",
}
_VIEWS: dict[Kind, str] = {"our summary": "own_summary", "source text": "source"}
_FIELDS = ("format", "version", "guide", "written", "answers", "document")
_SPECIAL = re.compile(r"([\\`*_\[\]<|~]|^[#>+-]|(?<=^\d)[.)])", re.MULTILINE)


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
            "language": sheet.language,
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
    items = [_item_json(item) for item in part.items]
    return {"heading": part.heading, "level": part.level, "edits": part.edits, "items": items}


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


def read_json(text: str, today: date, language: str = "en") -> Stored:
    """Read a file that `json_text` wrote, in whatever language, or what is left of one without its `document`.

    Args:
        text: Of the file.
        today: A file cannot have been written later.
        language: Code of that in which a fault is told.

    Raises:
        Unreadable: If it is anything else; the message is a sentence for a person.
    """
    say = words(language)
    if len(text) > FILE_LIMIT:
        raise Unreadable(say("fault.too_long"))
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        raise Unreadable(say("fault.not_ours")) from None
    if not isinstance(given, dict) or given.get("format") != FORMAT or any(key not in _FIELDS for key in given):
        raise Unreadable(say("fault.not_ours"))
    if given.get("version") != VERSION or isinstance(given.get("version"), bool):
        raise Unreadable(say("fault.version"))
    guide = next((each for key, each in guides(language).items() if key == given.get("guide")), None)
    if guide is None:
        raise Unreadable(say("fault.not_ours"))
    written = _written(given.get("written"), today, say)
    return Stored(guide.key, written, read_answers(given.get("answers"), guide, bar_keys()))


def _written(given: object, today: date, say: Words) -> date:
    try:
        day = date.fromisoformat(given) if isinstance(given, str) and len(given) == len("2026-11-26") else None
    except ValueError:
        day = None
    # A day more: it may be tomorrow already where the person lives.
    if day is None or not EARLIEST <= day <= today + timedelta(days=1):
        raise Unreadable(say("fault.written"))
    return day


# ---------------------------------------------------------------- Markdown


def markdown(sheet: Sheet) -> str:
    """Return the document as Markdown: quotes with numbers, resolved at the end, and the person's words as quotes."""
    say = words(sheet.language)
    lines = [f"# {sheet.title}", "", say("document.own_words", day=say.day(sheet.written)), ""]
    lines += [in_english(sheet), ""] if in_english(sheet) else []
    for part in sheet.parts:
        lines += [f"{'#' * part.level} {_escaped(part.heading)}", ""]
        for item in part.items:
            lines += [*_marked_down(item, say), ""] if _shown(item) else []
    if sheet.citations:
        lines += [f"## {say('document.sources')}", ""]
        lines += [_source(place) for place in by_place(sheet)]
        lines += [""]
    lines += ["---", "", about(sheet), ""]
    return "\n".join(lines)


def about(sheet: Sheet) -> str:
    """Return what made the document, and what that is not."""
    return words(sheet.language)("document.about")


def in_english(sheet: Sheet) -> str:
    """Return what has to be known of a document that is not in English: what in it is; empty for one that is."""
    return "" if sheet.language == "en" else words(sheet.language)("document.in_english")


class Place(NamedTuple):
    """A section that is quoted, with the numbers of all that is quoted from it."""

    name: str
    """Title and section, in English."""
    view: str
    """Whose view, and when it was true."""
    addresses: tuple[str, ...]
    """Where it can be checked."""
    numbers: tuple[int, ...]


def by_place(sheet: Sheet) -> list[Place]:
    """Return the sections that are quoted, in the order of their first numbers."""
    numbers: dict[tuple[str, str, tuple[str, ...]], tuple[int, ...]] = {}
    for each in sheet.citations:
        at = (_place_name(each), _view(each, words(sheet.language)), _addresses(each))
        numbers[at] = (*numbers.get(at, ()), each.number)
    return [Place(*at, found) for at, found in numbers.items()]


def _source(place: Place) -> str:
    read = f" {', '.join(f'<{address}>' for address in place.addresses)}" if place.addresses else ""
    numbers = ", ".join(str(number) for number in place.numbers)
    return f"- [{numbers}] {_escaped(place.name)} {_escaped(place.view)}.{read}"


def about_service(service: Service, say: Words) -> str:
    """Return what has to be known of a service beside its name, in sentences."""
    known = say("document.as_of", date=service.as_of) if service.as_of else say("document.age_unknown")
    checked = say("document.checked", date=service.last_checked) if service.last_checked else ""
    gap, cost = say("document.for", gap=service.gap), say("document.cost", cost=service.cost)
    return " ".join(part for part in (gap, cost, service.caveat, known, checked) if part)


def _place_name(each: Citation) -> str:
    return " › ".join((each.title, *(part for part in each.heading if part != each.title)))


def _view(each: Citation, say: Words) -> str:
    ours = each.kind == "our summary" and each.after
    view = say("document.summary", whose=each.after) if ours else say(f"document.{_VIEWS[each.kind]}")
    true = say("document.true", date=each.date) if each.date else say("document.undated")
    return say("document.view", view=view, true=true)


def _addresses(each: Citation) -> tuple[str, ...]:
    safe = (neutral.safe_url(address) for address in (*each.sources, each.url))
    return tuple(dict.fromkeys(address for address in safe if address))


def _shown(item: Item) -> bool:
    """Tell whether there is anything to show of it on paper."""
    return not (isinstance(item, Own) and not item.text and item.edits.startswith(("note/", "unknowns/", "ask")))


def _marked_down(item: Item, say: Words) -> list[str]:
    lines: list[str] = []
    match item:
        case Ours(text):
            lines = [_escaped(text)]
        case Own(text, _, label):
            said = [f"> {line}" for line in _escaped(text or say("document.left_open")).split("\n")]
            lines = [f"*{_escaped(say('document.labelled', label=label))}*", "", *said] if label else said
        case Summed(text):
            lines = [_escaped(text)]
        case Quote(text, number):
            lines = [f"{_escaped(text)} [{number}]"]
        case Bar(_, _, tick):
            lines = [f"**{say('document.i_say')}** {say(f'tick.{tick}') if tick else say('document.no_tick')}"]
        case Verdict(_, work, name, reason):
            lines = [f"**{_escaped(name)}**{_escaped(say('document.work', work=work)) if work else ''}"]
            lines += ["", _escaped(reason)]
        case ToDo(text, by, _):
            until = f"**{say('document.by', day=say.day(by))}** " if by else ""
            lines = [f"- [ ] {until}{_escaped(text)}"]
        case Ask(before, said, behind):
            inside = say("document.said", text=_escaped(" ".join(said.split()))) if said else ""
            lines = [f"- {_escaped(before)}{inside}{_escaped(behind)}"]
        case Help(service):
            address = neutral.safe_url(service.url)
            where = f" <{address}>" if address else ""
            lines = [f"- **{_escaped(service.name)}**{where} {_escaped(about_service(service, say))}"]
    return lines


def _escaped(text: str) -> str:
    """Return text in which nothing is Markdown: what a person or a file says stays what it says."""
    return _SPECIAL.sub(r"\\\1", text)

"""A reply, as the page is given it: plain text and checked addresses, and nothing that a browser could run.

What the page says in words of its own (what kind of answer it is, who wrote it, of when a source is) it is given as
keys and numbers, and words it in the language that is read there.

The page builds its elements itself and puts these texts in as text. So there are three walls between somebody else's
words and the reader: what is unseen is taken out here, the page never parses a text as HTML, and the
Content-Security-Policy stands behind both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from career_advisor import neutral
from career_advisor.languages import language_of
from career_advisor.llm.line import in_words
from career_advisor.records import Citation, Dropped, Hit, Offer, Reply, Service, Status, Term, Usage
from career_advisor.web import sayings

SOURCES_NAMED = 4
"""Addresses shown of one citation; a page may have been written from dozens."""
FOUND_SHOWN = 6
TEXT_LIMIT = 12_000
"""Characters of an answer; a model that writes more has lost its way."""
SHORT_LIMIT = 400
NOTICE_LIMIT = sayings.LONGEST
"""A notice may repeat the whole of a question that was translated."""
QUOTED_AROUND = 4
"""Words that begin and end a link to the exact words of a page."""

_MARKERS = re.compile(r"\s*\[(\d{1,3})\]")
_SENTENCE = re.compile(r"(?P<text>.*?)(?P<markers>(?:\s*\[\d{1,3}\])+|\Z)", re.DOTALL)

_BEGINS = re.compile(r"[A-Z0-9\"“‘'(#*-]")
_ENDS = re.compile(r"[.!?:][\"”’')]?$")

_LOOKS: Mapping[Status, str] = {
    "answered": "good",
    "partly": "part",
    "not_covered": "none",
    "off_topic": "none",
    "clarify": "part",
    "refused": "none",
    "urgent": "urgent",
    "invalid": "none",
}
"""How the badge of an answer looks; small talk has none."""

_STAGES = (
    (re.compile(r"Starting"), "stage_starting", ""),
    (re.compile(r"Searching"), "stage_searching", ""),
    (re.compile(r"Reading (\d+) passages?"), "stage_reading", "n"),
    (re.compile(r"Opening the language model"), "stage_opening", ""),
    (re.compile(r"(\w+) (?:person is|people are) before you"), "stage_waiting", "n"),
    (re.compile(r"The language model asks for a moment of patience"), "stage_patience", ""),
    (re.compile(r"Translating the question"), "stage_translating_question", ""),
    (re.compile(r"Translating the answer"), "stage_translating_answer", ""),
    (re.compile(r"Asking for a second opinion"), "stage_second_opinion", ""),
    (re.compile(r"(.+) is writing"), "stage_writing", "model"),
    (re.compile(r"Answering"), "stage_answering", ""),
)
"""What the advisor says that it is doing, the key of the page's words for it, and what is filled in there."""
_BEFORE = {in_words(people).split(" ", 1)[0]: people for people in range(1, 20)}


def shown_reply(reply: Reply, terms: Sequence[Term] = ()) -> dict[str, Any]:
    """Return what the page shows of a reply, and of the words in it that the glossary explains, as JSON values."""
    numbers = {citation.number for citation in reply.citations}
    notice = neutral.plain(reply.notice, limit=NOTICE_LIMIT)
    return {
        "status": reply.status,
        "look": _LOOKS.get(reply.status, ""),
        "writer": writer(reply.model, reply.usage),
        "notice": notice,
        "noticeSays": sayings.said(notice),
        "paragraphs": _paragraphs(reply, numbers),
        "asides": _asides(reply),
        "citations": [_citation(each) for each in reply.citations],
        "terms": [{"word": neutral.line(each.word, limit=80), **_explained(each.citation)} for each in terms],
        "found": [] if reply.status == "urgent" else [_found(hit) for hit in _uncited(reply)[:FOUND_SHOWN]],
        "services": [_offer(each) for each in reply.offers],
        "understood": [{"key": each.key, "label": neutral.line(each.label, limit=80)} for each in reply.understood],
        "followUps": [neutral.line(each, limit=SHORT_LIMIT) for each in reply.follow_ups],
        "dropped": [_dropped(each) for each in reply.dropped],
    }


def shown_pieces(text: str, *, translated: bool = False) -> list[list[dict[str, Any]]]:
    """Return the words that have come so far, by paragraph and sentence; their `[n]` are not yet to be followed.

    Args:
        text: The words.
        translated: Whether some may be in another language than English; to look takes a third of a millisecond each.

    >>> shown_pieces("One. [1][2] Two.")  # doctest: +NORMALIZE_WHITESPACE
    [[{'text': 'One.', 'citations': [1, 2], 'language': 'en', 'says': []},
      {'text': 'Two.', 'citations': [], 'language': 'en', 'says': []}]]
    """
    return [
        [
            _sentence(
                words,
                [int(n) for n in _MARKERS.findall(match["markers"])],
                language_of(words) if translated else "en",
                ours=not match["markers"],
            )
            for match in _SENTENCE.finditer(paragraph)
            if (words := match["text"].strip()) or match["markers"]
        ]
        for paragraph in neutral.plain(text, limit=TEXT_LIMIT).split("\n\n")
        if paragraph.strip()
    ]


def shown_service(service: Service) -> dict[str, Any]:
    """Return what a card shows of a service; its address is None where it may not be followed."""
    return {
        "name": neutral.line(service.name, limit=SHORT_LIMIT),
        "kind": neutral.line(service.kind, limit=SHORT_LIMIT),
        "link": _link(service.url),
        "audience": neutral.plain(service.audience, limit=SHORT_LIMIT),
        "cost": neutral.line(service.cost, limit=SHORT_LIMIT),
        "gap": neutral.plain(service.gap, limit=SHORT_LIMIT),
        "caveat": neutral.plain(service.caveat, limit=SHORT_LIMIT),
        "asOf": neutral.line(service.as_of or "", limit=SHORT_LIMIT),
        "why": "",
        "says": [],
    }


def shown_registry(services: Sequence[Service]) -> list[dict[str, Any]]:
    """Return cards of services, each with what the list of all of them is narrowed by: `price` and other names."""
    return [
        {
            **shown_service(each),
            "price": each.price,
            "aliases": [neutral.line(alias, limit=SHORT_LIMIT) for alias in each.aliases],
        }
        for each in services
    ]


def shown_stage(text: str) -> dict[str, Any]:
    """Return what the advisor is doing: the key of the page's words for it, or, where it has none, the text as it is.

    >>> shown_stage("Reading 6 passages"), shown_stage("Two people are before you")
    ({'says': 'stage_reading', 'n': 6}, {'says': 'stage_waiting', 'n': 2})
    >>> shown_stage("Counting sheep")
    {'says': '', 'text': 'Counting sheep'}
    """
    line = neutral.line(text, limit=SHORT_LIMIT)  # it may name a model
    for pattern, key, name in _STAGES:
        if match := pattern.fullmatch(line):
            if not name:
                return {"says": key}
            value = match[1]
            if name == "model":
                return {"says": key, name: value}
            number = int(value) if value.isdecimal() else _BEFORE.get(value)
            if number is not None:
                return {"says": key, name: number}
    return {"says": "", "text": line}


def writer(model: str, used: Usage | None = None) -> dict[str, Any]:
    """Return who wrote an answer, and what it took, for the line under it.

    >>> writer("quotes")
    {'model': '', 'tokens': 0, 'estimated': False}
    >>> writer("openai:gpt", Usage(1200, 53, estimated=True))
    {'model': 'openai:gpt', 'tokens': 1253, 'estimated': True}
    """
    name = "" if model == "quotes" else neutral.line(model, limit=80)
    return {"model": name, "tokens": used.total if used else 0, "estimated": bool(used and used.estimated)}


def _paragraphs(reply: Reply, numbers: set[int]) -> list[list[dict[str, Any]]]:
    """Return the checked sentences by paragraph; where there are none, the answer's own text."""
    if not reply.sentences:
        return shown_pieces(reply.answer, translated=True)
    paragraphs: dict[int, list[dict[str, Any]]] = {}
    left = TEXT_LIMIT
    for sentence in reply.sentences:
        if left <= 0:
            break
        text = neutral.plain(sentence.text, limit=left)
        left -= len(text)
        cited = [number for number in sentence.citations if number in numbers]
        shown = _sentence(text, cited, language_of(text), ours=sentence.origin == "fixed")
        paragraphs.setdefault(sentence.paragraph, []).append(shown)
    return [paragraphs[position] for position in sorted(paragraphs)]


def _sentence(text: str, citations: list[int], language: str, *, ours: bool) -> dict[str, Any]:
    """Return a sentence with the language to read it out in: what a model translated stands beside quotes.

    One that may be of our own words has, as `says`, what they are made of, where the page can say them in its language.
    """
    return {"text": text, "citations": citations, "language": language, "says": sayings.said(text) if ours else []}


def _asides(reply: Reply) -> list[int]:
    """Return the positions of paragraphs that are our own words about the quotes before them."""
    cited = [each.paragraph for each in reply.sentences if each.citations]
    order = sorted({each.paragraph for each in reply.sentences})
    theirs = {each.paragraph for each in reply.sentences if each.origin != "fixed"}
    return [at for at, row in enumerate(order) if cited and row > max(cited) and row not in theirs]


def _dropped(dropped: Dropped) -> dict[str, Any]:
    """Return a sentence that was left out, and why: as text, and as what that is made of."""
    reason = neutral.line(dropped.reason, limit=SHORT_LIMIT)
    return {"text": neutral.plain(dropped.text, limit=SHORT_LIMIT), "reason": reason, "says": sayings.fault(reason)}


def _citation(citation: Citation) -> dict[str, Any]:
    return {
        "number": citation.number,
        "title": neutral.line(citation.title, limit=SHORT_LIMIT),
        **_view(citation.author, citation.after),
        "date": neutral.line(citation.date or "", limit=SHORT_LIMIT),
        "page": citation.page,
        "seconds": None if citation.time is None else int(citation.time),
        "kind": _kind(citation.kind),
        "heading": _headings(citation.heading, citation.title),
        "before": _before(neutral.plain(citation.before, limit=TEXT_LIMIT)),
        "quote": neutral.plain(citation.quote, limit=TEXT_LIMIT),
        "behind": _behind(neutral.plain(citation.behind, limit=TEXT_LIMIT)),
        "exact": _link(_exact(citation)),
        "sources": _sources(citation),
    }


def _explained(citation: Citation) -> dict[str, Any]:
    """Return what the box on a word shows: the sentence that explains it, and where that stands."""
    shown = _citation(citation)
    return {name: shown[name] for name in ("title", "author", "after", "date", "page", "seconds", "kind", "quote")}


def _found(hit: Hit) -> dict[str, Any]:
    document = hit.document
    return {
        "title": neutral.line(document.title, limit=SHORT_LIMIT),
        **_view(document.author, document.after),
        "kind": _kind(document.kind),
        "heading": _headings(hit.heading, document.title),
        "text": neutral.plain(hit.text, limit=TEXT_LIMIT),
        "score": f"{hit.score:.2f}",
    }


def _headings(heading: Sequence[str], title: str) -> list[str]:
    """Return the headings above a passage, without the title, which is shown before them."""
    own = heading[1:] if heading and heading[0] == title else heading
    return [neutral.line(each, limit=SHORT_LIMIT) for each in own]


def _uncited(reply: Reply) -> list[Hit]:
    """Return the passages that were found and that no citation lies in."""
    return [
        hit
        for hit in reply.hits
        if not any(
            each.document == hit.document.path and each.start < hit.end and hit.start < each.end
            for each in reply.citations
        )
    ]


def _offer(offer: Offer) -> dict[str, Any]:
    why = neutral.plain(offer.why, limit=SHORT_LIMIT)
    return {**shown_service(offer.service), "why": why, "says": sayings.said(why)}


def _view(author: str | None, after: str | None) -> dict[str, str]:
    """Return whose view it is: an author's, or what our summary follows."""
    return {
        "author": neutral.line(author or "", limit=SHORT_LIMIT),
        "after": neutral.line(after or "", limit=SHORT_LIMIT),
    }


def _before(text: str) -> str:
    """Mark that a sentence began earlier."""
    return f"… {text}" if text.strip() and not _BEGINS.match(text.lstrip()) else text


def _behind(text: str) -> str:
    """Mark that a sentence goes on."""
    return f"{text} …" if text.strip() and not _ENDS.search(text.rstrip()) else text


def _kind(kind: str) -> str:
    return "summary" if kind == "our summary" else "source"


def _exact(citation: Citation) -> str | None:
    """Return an address that opens at the very words, where they were really taken from that address."""
    url = neutral.safe_url(citation.url)
    if url is None or citation.kind == "our summary" or "#" in url:
        return url
    if citation.page is not None:
        return f"{url}#page={citation.page}"
    if citation.time is not None:
        host = urlsplit(url).hostname or ""
        at = f"t={int(citation.time)}"
        return f"{url}{'&' if '?' in url else '?'}{at}" if host.endswith(("youtube.com", "youtu.be")) else f"{url}#{at}"
    words = citation.quote.split()
    if len(words) <= 2 * QUOTED_AROUND:
        return f"{url}#:~:text={_fragment(words)}"
    return f"{url}#:~:text={_fragment(words[:QUOTED_AROUND])},{_fragment(words[-QUOTED_AROUND:])}"


def _fragment(words: Sequence[str]) -> str:
    return quote(neutral.line(" ".join(words)), safe="").replace("-", "%2D")


def _sources(citation: Citation) -> list[dict[str, str]]:
    known = {neutral.safe_url(citation.url)}
    links: list[dict[str, str]] = []
    for address in citation.sources:
        link = _link(address)
        if link and link["href"] not in known and len(links) < SOURCES_NAMED:
            known.add(link["href"])
            links.append(link)
    return links


def _link(address: str | None) -> dict[str, str] | None:
    """Return an address and how it is written on the page, or None where it may not be followed."""
    href = neutral.safe_url(address)
    if href is None:
        return None
    parts = urlsplit(href)
    shown = parts.netloc.removeprefix("www.") + parts.path.rstrip("/") + (f"?{parts.query}" if parts.query else "")
    return {"href": href, "label": neutral.line(shown, limit=60), "host": parts.netloc.removeprefix("www.")}

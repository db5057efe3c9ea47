"""PDF: lines of pages become paragraphs that can be read, and the bookmarks become headings."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from career_advisor.files.composing import Run, Unreadable, Writer, holds_words, iso_date, one_line, short
from career_advisor.records import Document

if TYPE_CHECKING:
    from pypdf import PdfReader

PAGE_LIMIT = 5_000
_EDGE = 2  # lines at the top and at the bottom of a page where a running title or a page number may stand
_RUNNING_PAGES = 3
_RUNNING_SHARE = 0.4  # left and right pages often have different ones
_SHORT = 0.8  # of the width of a full line: a line that ends a paragraph
_STUB = 0.6
_DEEPEST_HEADING = 6
_BULLET = re.compile(r"(?:[•▪◦‣●○■–*·]|-|\(?\d{1,2}[.)]|\(?[a-z]\))\s+\S")
_ONLY_BULLET = re.compile(r"^[•▪◦‣●○■–*·-]\s+")
_SENTENCE_END = re.compile(r"[.?!:;…][\"”’')\]\d]*$")
_PAGE_NUMBER = re.compile(
    r"(?:page\s*)?[-–]?\s*(?:\d{1,4}|[ivxl]{1,7})\s*[-–]?(?:\s*(?:of|/)\s*\d{1,4})?", re.IGNORECASE
)
_LEADERS = re.compile(r"(?:\.\s?){6,}")  # between a title and its page in a table of contents
_HYPHENATED = re.compile(r"([^\W\d_]+)-$")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_JUNK_TITLE = re.compile(
    r"^(?:untitled.*|microsoft word\b.*|.*\.(?:docx?|tex|dvi|indd|pptx?|odt|pdf|rtf|html?)|\W*)$", re.I
)
_PDF_DATE = re.compile(r"(?:D:)?((?:19|20)\d\d)(0[1-9]|1[0-2])?(0[1-9]|[12]\d|3[01])?")


@dataclass(slots=True)
class _Line:
    text: str
    page: int
    level: int = 0
    """Of a heading, from 1; 0 for any other line."""
    after_gap: bool = False
    """An empty line stands before it."""


def parse_pdf(data: bytes, name: str) -> Document:
    """Return the text of a PDF, with an anchor where each page begins.

    Raises:
        Unreadable: If it is encrypted, broken, too long or without text.
    """
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, PyPdfError

    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            message = "encrypted; save a copy without a password"
            raise Unreadable(message)
        pages = len(reader.pages)
        if pages > PAGE_LIMIT:
            message = f"{pages:,} pages; the limit is {PAGE_LIMIT:,}"
            raise Unreadable(message)
        texts = [page.extract_text() for page in reader.pages]
    except DependencyError as fault:
        message = "encrypted; save a copy without a password"
        raise Unreadable(message) from fault
    except PyPdfError as fault:
        message = f"a broken PDF: {one_line(str(fault)) or type(fault).__name__}"
        raise Unreadable(message) from fault
    if not any(map(holds_words, texts)):
        message = "a PDF without text, a scan perhaps; run character recognition on it first"
        raise Unreadable(message)
    writer = Writer()
    _write(_lines(texts, _bookmarks(reader)), writer)
    about = _about(reader)
    title = short(about.get("/Title"))
    return writer.document(
        name,
        title="" if _JUNK_TITLE.match(title) else title,
        author=short(about.get("/Author")),
        date=_date(about.get("/CreationDate")),
    )


def _about(reader: PdfReader) -> Mapping[str, object]:
    from pypdf.errors import PyPdfError

    try:
        return dict(reader.metadata or {})
    except (PyPdfError, ValueError, KeyError, AttributeError, TypeError):  # the text is there all the same
        return {}


def _date(written: object) -> str | None:
    match = _PDF_DATE.match(short(written))
    return "-".join(part for part in match.groups() if part) if match else iso_date(written)


def _bookmarks(reader: PdfReader) -> dict[int, dict[str, int]]:
    """Return for each page (from 1) the headings that bookmarks point to, squeezed, with their levels."""
    from pypdf.errors import PyPdfError

    headings: dict[int, dict[str, int]] = {}

    def walk(items: Iterable[Any], level: int) -> None:
        for item in items:
            if isinstance(item, list):
                walk(item, min(level + 1, _DEEPEST_HEADING))
            elif squeezed := _squeezed(str(item.title)):
                number = reader.get_destination_page_number(item)
                if number is not None:
                    headings.setdefault(number + 1, {}).setdefault(squeezed, level)

    # Many files have broken bookmarks and sound text.
    with suppress(PyPdfError, ValueError, KeyError, AttributeError, TypeError, RecursionError, IndexError):
        walk(reader.outline, 1)
    return headings


def _squeezed(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _lines(texts: Sequence[str], headings: Mapping[int, Mapping[str, int]]) -> list[_Line]:
    """Return the lines of all pages, without running titles and page numbers, headings marked."""
    pages = [text.split("\n") for text in texts]
    running = _running_titles(pages)
    lines: list[_Line] = []
    for number, page in enumerate(pages, start=1):
        filled = [i for i, line in enumerate(page) if line.strip()]
        edges = {*filled[:_EDGE], *filled[-_EDGE:]}
        gap = False
        for i, raw in enumerate(page):
            text = one_line(raw)
            if not text:
                gap = True
            elif _LEADERS.search(text) or (
                i in edges and (_without_numbers(text) in running or _PAGE_NUMBER.fullmatch(text))
            ):
                continue
            else:
                level = headings.get(number, {}).get(_squeezed(text), 0)
                lines.append(_Line(text, number, level, gap))
                gap = False
    return lines


def _running_titles(pages: Sequence[Sequence[str]]) -> set[str]:
    """Return what stands at the edge of so many pages that it belongs to none."""
    if len(pages) < _RUNNING_PAGES:
        return set()
    times: Counter[str] = Counter()
    for page in pages:
        filled = [one_line(line) for line in page if line.strip()]
        times.update({_without_numbers(line) for line in [*filled[:_EDGE], *filled[-_EDGE:]]})
    return {line for line, n in times.items() if n >= max(_RUNNING_PAGES, _RUNNING_SHARE * len(pages))}


def _without_numbers(line: str) -> str:
    return re.sub(r"\d+", "#", line)


def _write(lines: Sequence[_Line], writer: Writer) -> None:
    width = _full_width(lines)
    known = Counter(word.lower() for line in lines for word in _WORD.findall(line.text))
    for paragraph in _paragraphs(lines, width):
        if paragraph[0].level:
            writer.heading(paragraph[0].level, paragraph[0].text)
        else:
            writer.paragraph(*_runs(_joined(paragraph, known)))


def _full_width(lines: Sequence[_Line]) -> int:
    """Return the length that nine of ten lines keep to."""
    lengths = sorted(len(line.text) for line in lines)
    return lengths[len(lengths) * 9 // 10] if lengths else 0


def _paragraphs(lines: Sequence[_Line], width: int) -> Iterator[list[_Line]]:
    paragraph: list[_Line] = []
    for line in lines:
        if paragraph and _begins_anew(paragraph[-1], line, width):
            yield paragraph
            paragraph = []
        paragraph.append(line)
    if paragraph:
        yield paragraph


def _begins_anew(before: _Line, line: _Line, width: int) -> bool:
    """Tell whether a line begins a paragraph, from how the one before it ends; a page's end alone means nothing."""
    if line.level or before.level:
        return True
    if _BULLET.match(line.text):
        return True
    ended = bool(_SENTENCE_END.search(before.text))
    length = len(before.text)
    if line.after_gap and before.page == line.page:
        return True
    if ended and length < _SHORT * width:
        return True
    capital = line.text[0].isupper() or not line.text[0].isalnum()
    if before.page != line.page:
        return ended and capital and length < width
    return length < _STUB * width and capital


def _joined(paragraph: Sequence[_Line], known: Counter[str]) -> list[_Line]:
    """Mend words that were broken at a line's end; a mended word stands where it began."""
    joined: list[_Line] = []
    for line in paragraph:
        text = line.text
        broken = _HYPHENATED.search(joined[-1].text) if joined else None
        if broken and text[0].islower():
            rest, _, text = text.partition(" ")
            begun = joined[-1].text[: broken.start(1)] + broken.group(1)
            hyphen = "-" if _keeps_hyphen(broken.group(1), rest, known) else ""
            joined[-1] = _Line(begun + hyphen + rest, joined[-1].page)
        if text:
            joined.append(_Line(text, line.page))
    return joined


def _keeps_hyphen(begun: str, rest: str, known: Counter[str]) -> bool:
    """Tell whether a hyphen at a line's end belongs to the word: the rest of the document shows how it is written."""
    word = _WORD.match(rest)
    tail = word.group() if word else rest
    return known[f"{begun}-{tail}".lower()] > known[f"{begun}{tail}".lower()]


def _runs(lines: Iterable[_Line]) -> list[Run]:
    """Return a run for each page that a paragraph stands on."""
    runs: list[Run] = []
    for line in lines:
        text = _ONLY_BULLET.sub("", line.text) if not runs else line.text
        if runs and runs[-1].page == line.page:
            runs[-1] = runs[-1]._replace(text=f"{runs[-1].text} {text}")
        else:
            runs.append(Run(text, page=line.page))
    return runs

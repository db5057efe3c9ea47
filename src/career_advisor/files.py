"""Reading files: whatever the format, a stored text, and where each part of it may be found in the original.

A file that cannot be read becomes a line with its reason and never stops the rest. Formats whose parsers can be led
astray by a hostile file (PDF, DOCX, HTML) are read in a process of their own, with a bound on memory and time.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from career_advisor.records import Anchor, Document, Failure, Reading, Section, Span, WrongUse

SIZE_LIMIT = 20_000_000
"""Bytes of one file."""
FILES_LIMIT = 20_000
MEMORY = 2 << 30
"""Bytes that a parser in its own process may take."""
PATIENCE = 60.0
"""Seconds that it may take."""
_PDF_PARAGRAPH = 12
"""Words from which a line that is not full may end a paragraph of a PDF."""

_FRONT_MATTER = re.compile(r"\A---[ \t]*\r?\n(.*?)(?:\r?\n)?^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
_PARAGRAPH = re.compile(r"\S(?:.*\S)?(?:\r?\n[ \t]*\S(?:.*\S)?)*")
_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$")
_CUE_TAG = re.compile(r"<[^>]*>|\{\\[^}]*\}")
_SPEAKER = re.compile(r"^(?:>>\s*|-\s+)?(?:[A-Z][A-Z .'-]{1,30}:\s+)?")


class Found(NamedTuple):
    """A file to read."""

    path: Path
    name: str
    """As `Document.path` will be."""


class _BadFileError(Exception):
    """A file that cannot be used; the message is the reason."""


# ---------------------------------------------------------------- which files


def find(paths: Sequence[Path]) -> tuple[list[Found], list[Failure]]:
    """List the files to read, in a fixed order.

    Args:
        paths: Files and folders. Of folders, hidden files and unknown formats are passed over; a file given by name
            must be of a known format.

    Returns:
        The files, each under a name no other has, and those that are out of bounds: a link that leaves its folder,
        something that is not a plain file, a name that cannot be printed.

    Raises:
        WrongUse: If a path does not exist.
    """
    found: list[tuple[Path, str, str]] = []
    failed: list[Failure] = []
    for given in paths:
        if not os.path.lexists(given):
            raise WrongUse(f"{given} does not exist")
        if given.is_dir():
            for path in _below(given):
                name = path.relative_to(given).as_posix()
                reason = _out_of_bounds(path, given)
                if reason:
                    failed.append(Failure(_printable(name), reason))
                else:
                    found.append((path, name, given.resolve().name))
        elif given.suffix.lower() not in READERS:
            failed.append(Failure(_printable(given.name), f"{given.suffix or 'a file without extension'} is not read"))
        else:
            found.append((given, given.name, given.resolve().parent.name))
    if len(found) > FILES_LIMIT:
        raise WrongUse(f"{len(found)} files; at most {FILES_LIMIT} can be indexed")
    unique: dict[str, Path] = {}
    named: list[Found] = []
    for path, name, folder in found:
        chosen = name
        number = 2
        while chosen in unique:
            if unique[chosen].resolve() == path.resolve():
                break
            chosen = f"{folder}/{name}" if number == 2 else f"{folder}-{number}/{name}"  # noqa: PLR2004
            number += 1
        if chosen not in unique:
            unique[chosen] = path
            named.append(Found(path, chosen))
    return sorted(named, key=lambda file: file.name), sorted(failed)


def _below(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder, onerror=lambda fault: None):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and Path(name).suffix.lower() in READERS:
                yield Path(root) / name


def _out_of_bounds(path: Path, folder: Path) -> str:
    try:
        path.name.encode("utf-8")
        if not path.name.isprintable():
            return "its name cannot be printed"
    except UnicodeEncodeError:
        return "its name cannot be printed"
    if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
        return "a link that leaves the folder"
    return ""


def _printable(name: str) -> str:
    return (
        name.encode("utf-8", "backslashreplace").decode("utf-8").encode("unicode_escape").decode("ascii")
        if not (name.isprintable() and name.encode("utf-8", "ignore").decode("utf-8") == name)
        else name
    )


def fingerprint(found: Found, size_limit: int = SIZE_LIMIT) -> str | Failure:
    """Return the SHA-256 of a file, or why it cannot be read."""
    try:
        return hashlib.sha256(_bytes(found.path, size_limit)).hexdigest()
    except _BadFileError as bad:
        return Failure(found.name, str(bad))


def _bytes(path: Path, size_limit: int) -> bytes:
    try:
        mode = path.stat()
        if not stat.S_ISREG(mode.st_mode):
            raise _BadFileError("not a plain file")
        if mode.st_size > size_limit:
            raise _BadFileError(f"{mode.st_size:,} bytes; the limit is {size_limit:,} (ADVISOR_MAX_FILE_BYTES)")
        if mode.st_size == 0:
            raise _BadFileError("empty")
        return path.read_bytes()
    except PermissionError as fault:
        raise _BadFileError("no permission to read it") from fault
    except OSError as fault:
        raise _BadFileError(f"cannot be read: {fault.strerror}") from fault


# ---------------------------------------------------------------- reading


def read(
    found: Sequence[Found],
    *,
    size_limit: int = SIZE_LIMIT,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Reading:
    """Read files.

    Args:
        found: As `find` gives them.
        size_limit: Bytes of one file at most.
        progress: Told how many are read, and how many there are.

    Returns:
        Documents in the order of the files, and the files that could not be read.
    """
    documents: list[Document] = []
    failed: list[Failure] = []
    with _Parsers() as parsers:
        for number, file in enumerate(found, start=1):
            try:
                document = _read_one(file, size_limit, parsers)
                if not any(section.blocks for section in document.sections):
                    raise _BadFileError("no readable words in it")
                documents.append(document)
            except _BadFileError as bad:
                failed.append(Failure(file.name, str(bad)))
            progress(number, len(found))
    return Reading(tuple(documents), tuple(failed))


def _read_one(file: Found, size_limit: int, parsers: _Parsers) -> Document:
    content = _bytes(file.path, size_limit)
    suffix = file.path.suffix.lower()
    if suffix in _APART:
        return parsers.parse(suffix, file.name, content)
    return READERS[suffix](file.name, content)


class _Parsers:
    """One process for the parsers that are not to be trusted with ours; started when first needed, and again after a crash."""

    def __init__(self) -> None:
        self._process: Any = None
        self._pipe: Any = None

    def __enter__(self) -> _Parsers:
        return self

    def __exit__(self, *fault: object) -> None:
        self._end()

    def parse(self, suffix: str, name: str, content: bytes) -> Document:
        if self._process is None:
            context = multiprocessing.get_context("spawn")
            self._pipe, theirs = context.Pipe()
            self._process = context.Process(target=_serve_parsers, args=(theirs,), daemon=True)
            self._process.start()
            theirs.close()
        try:
            self._pipe.send((suffix, name, content))
            if not self._pipe.poll(PATIENCE):
                raise _BadFileError(f"its parser did not finish within {PATIENCE:.0f} s")
            answer = self._pipe.recv()
        except _BadFileError:
            self._end()
            raise
        except (EOFError, OSError) as crash:
            self._end()
            raise _BadFileError("its parser crashed or ran out of memory") from crash
        if isinstance(answer, str):
            raise _BadFileError(answer)
        document: Document = answer
        return document

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._pipe.close()
            self._process = None


def _serve_parsers(pipe: Any) -> None:
    """Parse what comes through the pipe until it closes; runs in a process of its own."""
    import logging

    logging.disable(logging.CRITICAL)
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    except (ImportError, ValueError, OSError):  # not on this system; time is bounded all the same
        pass
    while True:
        try:
            suffix, name, content = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send(READERS[suffix](name, content))
        except _BadFileError as bad:
            pipe.send(str(bad))
        except MemoryError:
            pipe.send("its parser ran out of memory")
        except RecursionError:
            pipe.send("nested too deeply")
        except Exception as fault:  # every parser has errors of its own, and a broken file must not stop the others
            pipe.send(f"broken: {type(fault).__name__}: {' '.join(str(fault).split())[:120]}")


# ---------------------------------------------------------------- text


def _decoded(content: bytes) -> str:
    """Return the text of a file, without a byte order mark, line ends as they are."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if content.startswith(mark):
            try:
                return _plain(content[len(mark) :].decode(encoding))
            except UnicodeDecodeError as fault:
                raise _BadFileError(f"not valid {encoding}") from fault
    try:
        return _plain(content.decode("utf-8"))
    except UnicodeDecodeError:
        pass
    if b"\0" in content[:4096]:
        raise _BadFileError("binary, not text")
    from charset_normalizer import from_bytes

    best = from_bytes(content).best()
    if best is None or best.encoding in {"utf_7", "punycode"}:
        raise _BadFileError("not text in any usual encoding")
    return _plain(content.decode(best.encoding))


def _plain(text: str) -> str:
    odd = sum(c < " " and c not in "\n\r\t\f\x0b" for c in text)
    if "\0" in text or odd > max(8, len(text) // 200):
        raise _BadFileError("binary, not text")
    if not text.strip():
        raise _BadFileError("empty")
    return text


def _paragraphs(text: str, start: int = 0, end: int | None = None) -> tuple[Span, ...]:
    """Return the paragraphs of a stretch: lines without an empty one between them."""
    stop = len(text) if end is None else end
    return tuple(Span(m.start() + start, m.end() + start) for m in _PARAGRAPH.finditer(text[start:stop]))


def _titled(name: str) -> str:
    stem = Path(name).stem.replace("_", " ").replace("-", " ").strip()
    return stem[:1].upper() + stem[1:] if stem else name


def _address(value: object) -> str | None:
    text = str(value or "").strip()
    parts = urlsplit(text) if text.isprintable() and " " not in text else urlsplit("")
    return text if parts.scheme in {"http", "https"} and parts.hostname else None


def _dated(value: object) -> str | None:
    """Return an ISO day, month or year; whatever else somebody wrote stays as it is."""
    text = str(value).strip() if value is not None else ""
    if not text or _DATE.match(text):
        return text or None
    try:
        return datetime.fromisoformat(text).date().isoformat()
    except ValueError:
        return text[:40]


def _read_text(name: str, content: bytes) -> Document:
    text = _decoded(content)
    return Document(name, text, _titled(name), (Section((), _paragraphs(text)),))


# ---------------------------------------------------------------- Markdown


def _read_markdown(name: str, content: bytes) -> Document:
    text = _decoded(content)
    matter = _FRONT_MATTER.match(text)
    about = _yaml(matter.group(1), f"{name}: front matter") if matter else {}
    body = matter.end() if matter else 0
    sections = _markdown_sections(text, body, name, strict=about.get("kind") == "our summary")
    first = next((s.heading[0] for s in sections if s.heading), None)
    return Document(
        path=name,
        text=text,
        title=str(about.get("title") or first or _titled(name)),
        sections=sections,
        url=_address(about.get("url")),
        author=_string(about.get("author")),
        after=_string(about.get("after")),
        date=_dated(about.get("date")),
        licence=_string(about.get("licence") or about.get("license")),
        kind="our summary" if about.get("kind") == "our summary" else "source text",
        sources=_addresses(about.get("sources")),
    )


def _yaml(text: str, where: str) -> dict[str, Any]:
    import yaml

    try:
        data = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  (the loader that makes nothing but strings)
    except yaml.YAMLError as fault:
        raise _BadFileError(f"{where} is not YAML: {' '.join(str(fault).split())[:120]}") from fault
    return data if isinstance(data, dict) else {}


def _string(value: object) -> str | None:
    return " ".join(value.split()) or None if isinstance(value, str) else None


def _addresses(value: object) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    return tuple(address for item in listed if (address := _address(item)))


def _markdown_sections(text: str, body: int, name: str, *, strict: bool) -> tuple[Section, ...]:
    """Cut a page at its headings. Quotable are paragraphs, list items and quotations; tables, code and comments not."""
    from markdown_it import MarkdownIt

    starts = [body, *(m.end() for m in re.finditer(r"\n", text) if m.end() > body)]
    lines = [*starts, len(text)]
    tokens = MarkdownIt("commonmark").enable("table").parse(text[body:].replace("\r\n", "\n"))
    sections: list[tuple[tuple[str, ...], list[Span], dict[str, Any]]] = [((), [], {})]
    headings: list[tuple[int, str]] = []
    depth_of_table = 0
    for i, token in enumerate(tokens):
        if token.type in {"table_open", "table_close"}:
            depth_of_table += 1 if token.type == "table_open" else -1
        if token.map is None or depth_of_table:
            continue
        start, end = lines[min(token.map[0], len(lines) - 1)], lines[min(token.map[1], len(lines) - 1)]
        if token.type == "heading_open":
            level = int(token.tag[1])
            headings = [(depth, title) for depth, title in headings if depth < level]
            headings.append((level, _bare(tokens[i + 1].content)))
            sections.append((tuple(title for _, title in headings), [], {}))
        elif token.type == "paragraph_open":
            sections[-1][1].extend(_without_comments(text, _content(text, start, end)))
        elif token.type == "html_block":
            for comment in _COMMENT.finditer(text[start:end]):
                sections[-1][2].update(
                    _section_notes(comment.group(1), name, text[:start].count("\n") + 1, strict=strict)
                )
    return tuple(
        Section(
            heading=heading,
            blocks=tuple(blocks),
            wordings=tuple(w for item in notes.get("ask", ()) if (w := _string(item))),
            sources=_addresses(notes.get("sources")),
            as_of=_dated(notes.get("as_of")),
        )
        for heading, blocks, notes in sections
        if blocks or notes
    )


def _section_notes(comment: str, name: str, line: int, *, strict: bool) -> dict[str, Any]:
    """Return what a comment says about its section: when it was true, its sources, other wordings of its question."""
    try:
        notes = _yaml(comment, f"{name}:{line}: the comment")
    except _BadFileError:
        if strict:
            raise
        return {}
    known = {key: value for key, value in notes.items() if key in {"as_of", "sources", "ask"}}
    return known if isinstance(known.get("ask", []), list) else {}


def _content(text: str, start: int, end: int) -> Span:
    """Return a stretch without the blanks and the list or quotation marks at its edges."""
    mark = re.compile(r"\s*(?:(?:[-*+>]|\d{1,9}[.)])[ \t]+)*(?:\[[ xX]\][ \t]+)?").match(text, start, end)
    begin = mark.end() if mark else start
    stripped = text[begin:end].rstrip()
    return Span(begin, begin + len(stripped))


def _without_comments(text: str, span: Span) -> list[Span]:
    spans: list[Span] = []
    at = span.start
    for comment in _COMMENT.finditer(text, span.start, span.end):
        spans.append(_content(text, at, comment.start()))
        at = comment.end()
    spans.append(_content(text, at, span.end))
    return [part for part in spans if re.search(r"\w", text[part.start : part.end])]


def _bare(markup: str) -> str:
    without_links = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", markup)
    return " ".join(re.sub(r"[*_`~]+", "", without_links).split())


# ---------------------------------------------------------------- PDF, DOCX, HTML


class _Writer:
    """Collects paragraphs into a stored text, under headings, remembering where each stands."""

    def __init__(self) -> None:
        self.text = ""
        self.anchors: list[Anchor] = []
        self._headings: list[tuple[int, str]] = []
        self._sections: list[tuple[tuple[str, ...], list[Span]]] = [((), [])]

    def heading(self, level: int, title: str) -> None:
        title = " ".join(title.split())
        if not title:
            return
        self._headings = [(depth, text) for depth, text in self._headings if depth < level]
        self._headings.append((level, title))
        self._put(title)
        self._sections.append((tuple(text for _, text in self._headings), []))

    def paragraph(self, text: str) -> None:
        text = " ".join(text.split())
        if re.search(r"\w", text):
            start = self._put(text)
            self._sections[-1][1].append(Span(start, start + len(text)))

    def anchor(self, *, page: int | None = None, time: float | None = None) -> None:
        self.anchors.append(Anchor(len(self.text) + (2 if self.text else 0), page, time))

    def _put(self, text: str) -> int:
        self.text += "\n\n" if self.text else ""
        start = len(self.text)
        self.text += text
        return start

    def sections(self) -> tuple[Section, ...]:
        return tuple(Section(heading, tuple(blocks)) for heading, blocks in self._sections if blocks)


def _read_pdf(name: str, content: bytes) -> Document:
    from io import BytesIO

    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise _BadFileError("encrypted")
        writer = _Writer()
        for number, page in enumerate(reader.pages, start=1):
            writer.anchor(page=number)
            for paragraph in _pdf_paragraphs(page.extract_text()):
                writer.paragraph(paragraph)
        about = reader.metadata
    except PyPdfError as fault:
        raise _BadFileError(f"a broken PDF: {' '.join(str(fault).split())[:120]}") from fault
    if not writer.text.strip():
        raise _BadFileError("no text in it; scanned pages are not read")
    when = about.creation_date if about else None
    return Document(
        path=name,
        text=writer.text,
        title=_string(about.title if about else None) or _titled(name),
        sections=writer.sections(),
        author=_string(about.author if about else None),
        date=when.date().isoformat() if when else None,
        anchors=tuple(writer.anchors),
    )


def _pdf_paragraphs(text: str) -> Iterator[str]:
    """Join the lines of a page to paragraphs; a line ends one when it is empty, or short and ends a sentence."""
    lines = [line.strip() for line in text.splitlines()]
    longest = max((len(line) for line in lines), default=0)
    current = ""
    for line in lines:
        if not line:
            yield current
            current = ""
            continue
        if current.endswith("-") and current[-2:-1].isalpha() and line[0].islower():
            current = current[:-1] + line
        else:
            current = f"{current} {line}" if current else line
        if len(line) < 0.75 * longest and re.search(r"[.!?:][\"'”’)]*$", line):  # noqa: PLR2004  (a line that is not full)
            yield current
            current = ""
    yield current


def _read_docx(name: str, content: bytes) -> Document:
    from io import BytesIO
    from zipfile import BadZipFile, ZipFile

    import mammoth

    try:
        with ZipFile(BytesIO(content)) as archive:
            if sum(member.file_size for member in archive.infolist()) > 20 * SIZE_LIMIT:
                raise _BadFileError("unpacks to more than a document can be")
            about = (
                archive.read("docProps/core.xml").decode("utf-8", "replace")
                if "docProps/core.xml" in archive.namelist()
                else ""
            )
        html = mammoth.convert_to_html(
            BytesIO(content), convert_image=mammoth.images.img_element(lambda image: {})
        ).value
    except (BadZipFile, KeyError) as fault:
        raise _BadFileError("not a DOCX file") from fault
    writer = _Writer()
    _write_html(html, writer)

    def core(tag: str) -> str | None:
        match = re.search(rf"<{tag}[^>]*>([^<]+)</{tag}>", about)
        return _string(match.group(1)) if match else None

    return Document(
        path=name,
        text=writer.text,
        title=core("dc:title") or _titled(name),
        sections=writer.sections(),
        author=core("dc:creator"),
        date=_dated(core("dcterms:modified") or core("dcterms:created")),
    )


def _read_html(name: str, content: bytes) -> Document:
    import trafilatura

    text = _decoded(content)
    extracted = trafilatura.extract(
        text, output_format="html", include_comments=False, include_tables=False, include_links=False, favor_recall=True
    )
    about = trafilatura.extract_metadata(text)
    writer = _Writer()
    if extracted:
        _write_html(extracted, writer)
    return Document(
        path=name,
        text=writer.text,
        title=_string(about.title if about else None) or _titled(name),
        sections=writer.sections(),
        url=_address(about.url if about else None),
        author=_string(about.author if about else None),
        date=_dated(about.date if about else None),
    )


def _write_html(html: str, writer: _Writer) -> None:
    """Write the headings and paragraphs of clean HTML."""
    from lxml import html as lxml_html

    for element in lxml_html.fromstring(f"<div>{html}</div>").iter():
        tag = element.tag if isinstance(element.tag, str) else ""
        if re.fullmatch(r"h[1-6]", tag):
            writer.heading(int(tag[1]), element.text_content())
        elif tag in {"p", "li", "blockquote", "dd", "dt"} and not element.xpath("ancestor::table|.//p|.//li"):
            writer.paragraph(element.text_content())


# ---------------------------------------------------------------- subtitles


def _read_vtt(name: str, content: bytes) -> Document:
    import webvtt

    text = _decoded(content)
    try:
        captions = list(webvtt.from_string(text))
    except webvtt.errors.MalformedFileError as fault:
        raise _BadFileError("not a WebVTT file") from fault
    return _subtitles(name, [(caption.start_in_seconds, caption.text) for caption in captions])


def _read_srt(name: str, content: bytes) -> Document:
    import pysubs2

    try:
        subtitles = pysubs2.SSAFile.from_string(_decoded(content), format_="srt")
    except (pysubs2.exceptions.Pysubs2Error, ValueError) as fault:
        raise _BadFileError("not an SRT file") from fault
    return _subtitles(name, [(line.start / 1000, line.plaintext) for line in subtitles])


def _subtitles(name: str, captions: Sequence[tuple[float, str]]) -> Document:
    """Join captions to one running text; a line that rolls on from caption to caption counts once."""
    text = ""
    anchors: list[Anchor] = []
    recent: list[str] = []
    for time, caption in captions:
        for raw in caption.splitlines():
            line = " ".join(_SPEAKER.sub("", _CUE_TAG.sub("", raw).strip()).split())
            if not line or line in recent:
                continue
            recent = [*recent[-1:], line]
            anchors.append(Anchor(len(text) + bool(text), None, float(time)))
            text += f" {line}" if text else line
    if not text:
        raise _BadFileError("no captions in it")
    return Document(name, text, _titled(name), (Section((), (Span(0, len(text)),)),), anchors=tuple(anchors))


READERS: dict[str, Callable[[str, bytes], Document]] = {
    ".md": _read_markdown,
    ".markdown": _read_markdown,
    ".txt": _read_text,
    ".text": _read_text,
    ".pdf": _read_pdf,
    ".docx": _read_docx,
    ".html": _read_html,
    ".htm": _read_html,
    ".vtt": _read_vtt,
    ".srt": _read_srt,
}
_APART = {".pdf", ".docx", ".html", ".htm"}

"""HTML and DOCX: headings and paragraphs, without what surrounds them on a page."""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING, Any

from career_advisor.files.composing import Run, Unreadable, Writer, holds_words, iso_date, short, web_address
from career_advisor.files.encoding import decode
from career_advisor.records import Document

if TYPE_CHECKING:
    from lxml.etree import _Element

UNPACKED_LIMIT = 200_000_000
_PARTS_LIMIT = 5_000
_FEWEST_WORDS = 60
"""What the extractor leaves out of a page shorter than this is more often its text than what surrounds it."""
_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]{1,40})""", re.IGNORECASE)
_HEAD = 4_096
_HEADING = re.compile(r"h([1-6])")
_BLOCKS = frozenset(
    """address article aside blockquote body center dd details div dl dt fieldset figcaption figure footer form h1 h2
    h3 h4 h5 h6 head header hr item li list main nav ol p quote row cell section summary table tbody td tfoot th thead
    tr ul""".split()  # noqa: SIM905  (as a list of quoted words nobody would read it)
)
_NOT_TEXT = frozenset(
    """button canvas code iframe math nav noscript object option pre script select style svg template textarea
    title""".split()  # noqa: SIM905
)
_HIDDEN = (
    "//*[@hidden or @aria-hidden='true' or contains(translate(@style, ' ', ''), 'display:none')"
    " or contains(translate(@style, ' ', ''), 'visibility:hidden')]"
)
_CORE = "docProps/core.xml"
_DUBLIN_CORE = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
}
_OLD_OR_ENCRYPTED = b"\xd0\xcf\x11\xe0"
_NO_TEXT = "it holds no text"


# ---------------------------------------------------------------- HTML


def parse_html(data: bytes, name: str) -> Document:
    """Return the main text of a web page, without navigation, advertisements and what is hidden.

    Raises:
        Unreadable: If it holds no text.
    """
    import trafilatura
    from lxml import etree, html

    declared = _CHARSET.search(data[:_HEAD])
    text = decode(data, declared.group(1).decode("ascii") if declared else None)
    try:
        tree: Any = html.document_fromstring(
            text.encode(), parser=html.HTMLParser(encoding="utf-8", remove_comments=True)
        )
    except (etree.ParserError, etree.XMLSyntaxError) as fault:
        raise Unreadable(_NO_TEXT) from fault
    for element in tree.xpath(_HIDDEN):
        if element.getparent() is not None and element.tag not in {"html", "body"}:
            element.drop_tree()
    plain = _written(tree.find("body"))
    extracted = trafilatura.bare_extraction(
        tree,
        with_metadata=True,
        include_comments=False,
        include_tables=False,
        favor_recall=True,
        # Only dates that the page states about itself: a year in a footer is no date of publication.
        date_extraction_params={"extensive_search": False, "original_date": True},
    )
    writer = _written(extracted.body) if extracted is not None else plain
    if sum(len(part.split()) for part in writer.parts) < _FEWEST_WORDS:
        writer = plain
    if extracted is None:
        return writer.document(name, title=short(tree.findtext(".//title")))
    return writer.document(
        name,
        title=short(extracted.title) or short(tree.findtext(".//title")),
        author=short(extracted.author),
        date=iso_date(extracted.date),
        url=web_address(extracted.url),
    )


def _written(root: _Element | None) -> Writer:
    """Write the headings and paragraphs below an element, of HTML or of the extractor's own markup."""
    from lxml import etree

    writer = Writer()
    words: list[str] = []
    level = 0

    def flush(next_level: int = 0) -> None:
        nonlocal level
        text = "".join(words)
        words.clear()
        if level:
            writer.heading(level, text)
        else:
            for part in re.split(r"\n[^\S\n]*\n", text):
                writer.paragraph(Run(part))
        level = next_level

    if root is None:
        return writer
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        tag = element.tag if isinstance(element.tag, str) else ""
        if event == "start":
            if tag in _NOT_TEXT or not tag:
                walk.skip_subtree()
            elif tag in _BLOCKS:
                flush(_level(element))
            elif tag in {"br", "lb"}:
                words.append("\n")
            if tag not in _NOT_TEXT and tag:
                words.append(_unbroken(element.text))
            continue
        if tag in _BLOCKS:
            flush()
        if element is not root:
            words.append(_unbroken(element.tail))
    flush()
    return writer


def _unbroken(text: str | None) -> str:
    """Return text without its line ends: in markup only <br> breaks a line."""
    return re.sub(r"\s+", " ", text or "")


def _level(element: _Element) -> int:
    """Return a heading's level from 1, and 0 for any other element."""
    named = element.get("rend", "") if element.tag == "head" else element.tag
    match = _HEADING.fullmatch(str(named))
    return int(match.group(1)) if match else 0


# ---------------------------------------------------------------- DOCX


def parse_docx(data: bytes, name: str) -> Document:
    """Return the text of a Word document, without pictures and notes' marks.

    Raises:
        Unreadable: If it is encrypted, broken, or unpacks to more than `UNPACKED_LIMIT` bytes.
    """
    import mammoth
    from lxml import etree, html

    _check_package(data)
    try:
        converted = mammoth.convert_to_html(
            io.BytesIO(data),
            style_map="p[style-name='Title'] => h1:fresh\np[style-name='Subtitle'] => p:fresh",
            convert_image=mammoth.images.img_element(lambda image: {}),
        )
        tree: Any = html.document_fromstring(f"<body>{converted.value}</body>") if converted.value else None
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, etree.LxmlError) as fault:
        message = f"a broken Word document: {type(fault).__name__}"
        raise Unreadable(message) from fault
    if tree is not None:
        for mark in tree.xpath("//sup[a[starts-with(@href, '#footnote') or starts-with(@href, '#endnote')]]"):
            mark.drop_tree()
        for back in tree.xpath("//a[starts-with(@href, '#footnote-ref') or starts-with(@href, '#endnote-ref')]"):
            back.drop_tree()
    writer = _written(tree)
    about = _core_properties(data)
    return writer.document(
        name,
        title=about.get("title", "") or next((path[0] for path in _headings(writer)), ""),
        author=about.get("creator"),
        date=iso_date(about.get("modified") or about.get("created")),
    )


def _headings(writer: Writer) -> list[tuple[str, ...]]:
    return [section.heading for section in writer.outline.close() if section.heading]


def _check_package(data: bytes) -> None:
    if data.startswith(_OLD_OR_ENCRYPTED):
        message = "encrypted, or in the old .doc format; save it as .docx without a password"
        raise Unreadable(message)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            parts = package.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as fault:
        message = "a broken Word document: not a ZIP archive"
        raise Unreadable(message) from fault
    unpacked = sum(part.file_size for part in parts)
    if unpacked > UNPACKED_LIMIT or len(parts) > _PARTS_LIMIT:
        message = f"it unpacks to {unpacked / 1e6:,.0f} MB in {len(parts):,} parts; a document does not"
        raise Unreadable(message)


def _core_properties(data: bytes) -> dict[str, str]:
    """Return title, creator and dates, those that are there."""
    from lxml import etree

    parser: Any = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            root = etree.fromstring(package.read(_CORE), parser)
    except (KeyError, etree.XMLSyntaxError, zipfile.BadZipFile, ValueError, OSError):
        return {}  # nothing that a text needs
    names = {"title": "dc:title", "creator": "dc:creator", "modified": "dcterms:modified", "created": "dcterms:created"}
    return {
        key: value
        for key, path in names.items()
        if holds_words(value := short(root.findtext(path, default="", namespaces=_DUBLIN_CORE)))
    }

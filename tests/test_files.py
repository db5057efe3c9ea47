"""Any text in: what is read keeps its words and its places; what is not readable says why, and stops nothing."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import zipfile
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from career_advisor.files import Found, list_files, read, read_file, read_found, sha256_of_file
from career_advisor.files.composing import iso_date, title_from, web_address
from career_advisor.files.encoding import decode
from career_advisor.files.markup import UNPACKED_LIMIT
from career_advisor.files.parsing import answer
from career_advisor.files.reading import _Child
from career_advisor.records import Document, Failure, WrongUse

GOOD = "A page that can be read.\n"


def write(folder: Path, **files: str | bytes) -> Path:
    """Write files, `__` in a name standing for the dot and `___` for a folder."""
    for key, content in files.items():
        path = folder / key.replace("___", "/").replace("__", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def only(path: Path) -> Document:
    reading = read([path])
    assert reading.failed == ()
    return reading.documents[0]


def reason(path: Path) -> str:
    reading = read([path])
    assert reading.documents == ()
    return reading.failed[0].reason


def blocks(document: Document) -> list[str]:
    return [document.text[b.start : b.end] for section in document.sections for b in section.blocks]


def pdf(*pages: list[str], info: str = "", objects: dict[int, bytes] | None = None, trailer: str = "") -> bytes:
    """Return a PDF whose pages hold these lines, one below the other."""
    made: dict[int, bytes] = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        3: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        4: f"<< {info} >>".encode("latin-1"),
    }
    kids = []
    for i, lines in enumerate(pages):
        number = 10 + 2 * i
        kids.append(f"{number} 0 R")
        shown = " ".join(
            f"({line.replace('(', chr(92) + '(').replace(')', chr(92) + ')')}) Tj 0 -14 Td" for line in lines
        )
        stream = f"BT /F1 12 Tf 50 750 Td {shown} ET".encode("cp1252")
        made[number] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {number + 1} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>"
        ).encode()
        made[number + 1] = b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream)
    made[2] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>".encode()
    made.update(objects or {})
    body, offsets = b"%PDF-1.7\n", {}
    for number, content in sorted(made.items()):
        offsets[number] = len(body)
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    xref = b"".join(b"%d 1\n%010d 00000 n \n" % (number, offset) for number, offset in offsets.items())
    start = len(body)
    body += b"xref\n0 1\n0000000000 65535 f \n" + xref
    body += f"trailer << /Size {max(made) + 1} /Root 1 0 R /Info 4 0 R {trailer} >>\n".encode()
    return body + b"startxref\n%d\n%%%%EOF\n" % start


WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def docx(body: str, *, core: str = "", extra: dict[str, bytes] | None = None) -> bytes:
    """Return a Word document with this body."""

    def relations(kind: str, target: str) -> str:
        relation = f'<Relationship Id="r1" Type="{OFFICE}/{kind}" Target="{target}"/>'
        return f'<Relationships xmlns="{PACKAGE}/relationships">{relation}</Relationships>'

    style = '<w:style w:type="paragraph" w:styleId="{0}"><w:name w:val="{1}"/></w:style>'
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="xml"'
        ' ContentType="application/xml"/></Types>',
        "_rels/.rels": relations("officeDocument", "word/document.xml"),
        "word/_rels/document.xml.rels": relations("styles", "styles.xml"),
        "word/styles.xml": f'<w:styles xmlns:w="{WORD}">{style.format("Heading1", "heading 1")}</w:styles>',
        "word/document.xml": f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>',
    }
    if core:
        parts["docProps/core.xml"] = (
            f'<c:coreProperties xmlns:c="{PACKAGE}/metadata/core-properties"'
            ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/">'
            f"{core}</c:coreProperties>"
        )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        for name, text in parts.items():
            package.writestr(name, text)
        for name, data in (extra or {}).items():
            package.writestr(name, data)
    return packed.getvalue()


def paragraph(text: str, style: str = "") -> str:
    styled = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{styled}<w:r><w:t>{text}</w:t></w:r></w:p>"


PAGE = """\
---
title: "Guide: short"
author: [Ann Lee, Bo Li]
after: "somebody's talk"
url: https://example.org/guide
date: 3 May 2025
licence: CC BY 4.0
kind: our summary
sources:
  - https://example.org/guide
---

# Guide

## Do I need a *PhD*?

No, a PhD is one way of several.
It takes years.

- Some people teach themselves.

> Quoted words.

```
code
```

| a | b |
|---|---|
| c | d |

<!--
as_of: 2025-05
sources:
  - https://example.org/phd
ask:
  - phd??
  - no
-->

## Next question?

Next answer. <!-- a note
of ours --> The end.
"""


# ---------------------------------------------------------------- Markdown


def test_a_page_keeps_what_its_front_matter_says(tmp_path: Path) -> None:
    page = only(write(tmp_path, phd__md=PAGE))

    assert page.path == "phd.md"
    assert (page.title, page.author, page.after) == ("Guide: short", "Ann Lee, Bo Li", "somebody's talk")
    assert (page.url, page.date, page.licence) == ("https://example.org/guide", "2025-05-03", "CC BY 4.0")
    assert (page.kind, page.sources) == ("our summary", ("https://example.org/guide",))


def test_only_paragraphs_list_items_and_quotations_can_be_quoted(tmp_path: Path) -> None:
    page = only(write(tmp_path, phd__md=PAGE))

    assert [section.heading for section in page.sections] == [
        ("Guide", "Do I need a PhD?"),
        ("Guide", "Next question?"),
    ]
    assert blocks(page) == [
        "No, a PhD is one way of several.\nIt takes years.",
        "Some people teach themselves.",
        "Quoted words.",
        "Next answer.",
        "The end.",
    ]


def test_a_sections_comment_gives_its_wordings_as_they_are_written(tmp_path: Path) -> None:
    first, second = only(write(tmp_path, phd__md=PAGE)).sections

    assert (first.wordings, first.sources, first.as_of) == (("phd??", "no"), ("https://example.org/phd",), "2025-05")
    assert (second.wordings, second.sources, second.as_of) == ((), (), None)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_the_stored_text_of_a_page_is_the_file_as_it_is(tmp_path: Path, end: str, mark: str) -> None:
    text = PAGE.replace("way of several", "way 😀 of sévéral").replace("\n", end)

    page = only(write(tmp_path, phd__md=(mark + text).encode()))

    assert page.text == text
    assert blocks(page)[0] == f"No, a PhD is one way 😀 of sévéral.{end}It takes years."
    assert blocks(page)[-1] == "The end."
    assert page.sections[0].wordings == ("phd??", "no")


@pytest.mark.parametrize(
    ("comment", "line", "says"),
    [
        ("ask: [a, b", 9, "expected ',' or ']'"),
        ("asks:\n  - a", 7, "asks"),
        ("ask:\n  - is it: so", 7, "ask is a list of texts"),
        ("sources: [not an address]", 7, "not a web address"),
        ("as_of: last spring", 7, "as_of"),
        ("just a remark", 7, "keys"),
    ],
)
def test_a_malformed_comment_of_ours_is_refused_with_its_line(
    tmp_path: Path, comment: str, line: int, says: str
) -> None:
    text = f"---\nkind: our summary\n---\n# T\n\nWords.\n<!--\n{comment}\n-->\n"

    ours = read([write(tmp_path / "ours", page__md=text)])
    theirs = only(write(tmp_path / "theirs", page__md=text.replace("our summary", "theirs")))

    (failure,) = ours.failed
    assert failure.path == "page.md"
    assert failure.reason.startswith(f"line {line}: ")
    assert says in failure.reason
    assert theirs.sections[0].wordings == ()


def test_front_matter_of_ours_that_is_not_yaml_is_refused_and_anybody_elses_read_as_far_as_it_goes(
    tmp_path: Path,
) -> None:
    text = "---\ntitle: Foo: a bar\nkind: our summary\n---\nWords.\n"

    assert reason(write(tmp_path / "ours", page__md=text)).startswith("line 2: the front matter is not YAML")
    assert only(write(tmp_path / "theirs", page__md=text.replace("our summary", "x"))).title == "Foo: a bar"


def test_words_between_two_rules_are_no_front_matter(tmp_path: Path) -> None:
    page = only(write(tmp_path, page__md="---\nNote: these are words\nand more: words\n\nof it.\n\n---\nEnd.\n"))

    assert "".join(blocks(page)).count("words") == 2


def test_a_title_comes_from_front_matter_then_the_first_heading_then_the_name(tmp_path: Path) -> None:
    documents = read([write(tmp_path, a__md="---\ntitle: T\n---\n# H\n\nW.", b__md="# H `x`\n\nW.", c_d__md="W.")])

    assert [d.title for d in documents.documents] == ["T", "H x", "C d"]


@pytest.mark.parametrize("address", ["javascript:alert(1)", "ftp://example.org", "https://", "http://a b", "/x", "[1]"])
def test_an_address_that_is_not_of_the_web_is_dropped(tmp_path: Path, address: str) -> None:
    assert only(write(tmp_path, a__md=f"---\nurl: {address}\nsources: ['{address}']\n---\nWords.")).url is None


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.sampled_from([*"ab.\n\r\t >-*#|`1<!_é😀", "\n\n", "<!--", "-->", "- ", "> ", "```", "1. ", "---\n"]))
)
def test_blocks_lie_in_order_within_the_text_whatever_the_markdown(pieces: list[str]) -> None:
    text = "Begin.\n\n" + "".join(pieces)

    outcome = answer(text.encode(), "a.md", ".md")

    document = Document.from_json(outcome["document"])
    assert document.text == text
    spans = [span for section in document.sections for span in section.blocks]
    assert all(0 <= a.start < a.end <= b.start for a, b in pairwise(spans))
    assert all(block == block.strip() and block for block in blocks(document))


# ---------------------------------------------------------------- plain text


def test_a_talk_on_one_line_is_one_block(tmp_path: Path) -> None:
    talk = "so the thing is " * 2_000

    document = only(write(tmp_path, my_talk__txt=talk))

    assert document.text == talk
    assert blocks(document) == [talk.strip()]
    assert document.title == "My talk"


def test_an_empty_line_ends_a_paragraph_of_plain_text(tmp_path: Path) -> None:
    text = "  One\r\ntwo.\r\n \t\r\n\r\nThree.\n\n***\n\nFour"

    document = only(write(tmp_path, a__txt=text))

    assert document.text == text
    assert blocks(document) == ["One\r\ntwo.", "Three.", "Four"]


GERMAN = "Müller grüßt – “naïve” Café, so weit und so gut, und die Straße ist für alle da."
RUSSIAN = "Привет, как дела? Это русский текст о безопасности, и он довольно длинный."


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GERMAN, "utf-8"),
        (GERMAN, "utf-8-sig"),
        (GERMAN, "utf-16"),
        (GERMAN, "utf-16-le"),
        (GERMAN, "utf-16-be"),
        (GERMAN, "utf-32"),
        (GERMAN, "cp1252"),
        ("It’s a short note.", "cp1252"),
        ("Hyvää päivää, yö on pimeä ja työ jatkuu vielä myöhään illalla.", "cp1252"),
        ("Příliš žluťoučký kůň úpěl ďábelské ódy", "cp1250"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        ("これは日本語の文章です。とても短いけれども、十分です。", "shift_jis"),
        ("这是一个中文句子，用来测试编码。人工智能安全很重要。", "gb18030"),
    ],
)
def test_text_in_the_usual_encodings_is_decoded(tmp_path: Path, text: str, encoding: str) -> None:
    assert only(write(tmp_path, a__txt=text.encode(encoding))).text == text


def test_hidden_characters_stay_in_the_stored_text(tmp_path: Path) -> None:
    text = "می\u200cخواهم zero\u200bwidth \u202eright"

    assert only(write(tmp_path, a__txt=text)).text == text


# ---------------------------------------------------------------- PDF

FULL = "These words fill a whole line of the page, as the lines of a paragraph do, number"


def test_a_pdf_is_read_as_paragraphs_with_the_page_of_each(tmp_path: Path) -> None:
    first = [
        "Running title",
        f"{FULL} one",
        f"{FULL} two, and it goes on with the struc-",
        "ture of this.",
        "Second paragraph",
        "1",
    ]
    second = ["Running title", "that goes on over here.", "2"]
    third = ["Running title", f"{FULL} three (the last).", "3"]
    info = "/Title (A study) /Author (Ann Lee) /CreationDate (D:20240305120000Z)"

    document = only(write(tmp_path, a__pdf=pdf(first, second, third, info=info)))

    assert (document.title, document.author, document.date) == ("A study", "Ann Lee", "2024-03-05")
    assert blocks(document) == [
        f"{FULL} one {FULL} two, and it goes on with the structure of this.",
        "Second paragraph that goes on over here.",
        f"{FULL} three (the last).",
    ]
    assert [(a.page, document.text[a.offset :].split()[0]) for a in document.anchors] == [
        (1, "These"),
        (2, "that"),
        (3, "These"),
    ]


def test_a_word_broken_at_a_lines_end_keeps_the_hyphen_it_has_elsewhere(tmp_path: Path) -> None:
    lines = ["It is a long-term plan of some length that we have here for you, a long-", "term plan indeed."]

    assert blocks(only(write(tmp_path, a__pdf=pdf(lines))))[0].endswith("a long-term plan indeed.")


def test_the_bookmarks_of_a_pdf_are_its_headings(tmp_path: Path) -> None:
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R /Outlines 5 0 R >>",
        5: b"<< /First 6 0 R /Last 6 0 R /Count 1 >>",
        6: b"<< /Title (1 Why bother) /Parent 5 0 R /Dest [10 0 R /Fit] >>",
    }

    document = only(write(tmp_path, a__pdf=pdf(["Before.", "1  Why bother", "Because."], objects=objects)))

    assert [section.heading for section in document.sections] == [(), ("1 Why bother",)]
    assert blocks(document) == ["Before.", "Because."]


@pytest.mark.parametrize("title", ["Microsoft Word - draft.docx", "untitled", "paper.tex", " "])
def test_a_title_that_a_program_gave_is_none(tmp_path: Path, title: str) -> None:
    assert only(write(tmp_path, my_paper__pdf=pdf(["Words."], info=f"/Title ({title})"))).title == "My paper"


def test_pdfs_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    from pypdf import PdfReader, PdfWriter

    locked = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf(["Words."]))))
    locked.encrypt("secret", algorithm="RC4-128")
    packed = io.BytesIO()
    locked.write(packed)
    folder = write(
        tmp_path,
        broken__pdf=pdf(["Words."])[:200],
        locked__pdf=packed.getvalue(),
        scan__pdf=pdf([]),
        words__pdf="no PDF at all",
        z_good__md=GOOD,
    )

    reading = read([folder])

    assert [d.path for d in reading.documents] == ["z_good.md"]
    reasons = {failure.path: failure.reason for failure in reading.failed}
    assert "broken" in reasons["broken.pdf"]
    assert "encrypted" in reasons["locked.pdf"]
    assert "scan" in reasons["scan.pdf"]
    assert "broken" in reasons["words.pdf"]


@pytest.mark.slow
def test_a_pdf_that_unpacks_to_gigabytes_takes_only_itself_down(tmp_path: Path) -> None:
    data = zlib.compress(bytes(300_000_000), 9)
    for _ in range(2):
        data = zlib.compress(data, 9)
    bomb = b"<< /Length %d /Filter [/FlateDecode /FlateDecode /FlateDecode] >>\nstream\n%s\nendstream" % (
        len(data),
        data,
    )
    folder = write(tmp_path, bomb__pdf=pdf(["x"], objects={11: bomb}), good__md=GOOD)

    reading = read([folder])

    assert [d.path for d in reading.documents] == ["good.md"]
    assert [f.path for f in reading.failed] == ["bomb.pdf"]


# ---------------------------------------------------------------- DOCX


def test_a_word_document_is_read_with_its_headings(tmp_path: Path) -> None:
    core = (
        "<dc:title>Core title</dc:title><dc:creator>Bo Li</dc:creator>"
        "<dcterms:modified>2024-05-06T07:08:09Z</dcterms:modified>"
    )
    body = paragraph("Before.") + paragraph("A heading", "Heading1") + paragraph("Body &amp; soul.") + paragraph("")

    document = only(write(tmp_path, a__docx=docx(body, core=core)))

    assert (document.title, document.author, document.date) == ("Core title", "Bo Li", "2024-05-06")
    assert [section.heading for section in document.sections] == [(), ("A heading",)]
    assert blocks(document) == ["Before.", "Body & soul."]


def test_word_documents_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    bomb = docx(paragraph("Words."), extra={"word/media/a.xml": bytes(UNPACKED_LIMIT + 1)})
    assert len(bomb) < 2_000_000
    folder = write(
        tmp_path,
        bomb__docx=bomb,
        empty__docx=docx(paragraph("")),
        old__docx=b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        torn__docx=docx(paragraph("Words."))[:-40],
        z_good__docx=docx(paragraph("Words.")),
    )

    reading = read([folder])

    assert [d.path for d in reading.documents] == ["z_good.docx"]
    reasons = {failure.path: failure.reason for failure in reading.failed}
    assert "unpacks to" in reasons["bomb.docx"]
    assert "no paragraph" in reasons["empty.docx"]
    assert "encrypted" in reasons["old.docx"]
    assert "broken" in reasons["torn.docx"]


# ---------------------------------------------------------------- HTML

WEB_PAGE = """<!doctype html><html><head><title>Why | Site</title><meta name="author" content="Ann Lee">
<link rel="canonical" href="https://example.org/why"><meta property="article:published_time" content="2024-03-02">
</head><body><nav><a href="/">Home</a> <a href="/x">About us</a></nav><article><h1>Why</h1>
<p>The first <b>paragraph</b> has a <a href="https://x.org">link</a> in it, and enough words to be taken for the
text of the page rather than for what surrounds it on every side.</p><div style="display: none">Hidden orders.</div>
<h2>Why bother?</h2><p>The second one is here too. It has more words, and more words again, so that nobody takes it
for a menu or an advertisement.</p><ul><li>An item of a list that is long enough</li></ul></article>
<script>alert("no")</script><footer>Copyright 2019 Somebody</footer></body></html>"""


def test_a_web_page_is_read_without_what_surrounds_its_text(tmp_path: Path) -> None:
    document = only(write(tmp_path, a__html=WEB_PAGE))

    assert (document.title, document.author, document.date) == ("Why", "Ann Lee", "2024-03-02")
    assert document.url == "https://example.org/why"
    assert [section.heading for section in document.sections] == [("Why",), ("Why", "Why bother?")]
    assert blocks(document)[0].startswith("The first paragraph has a link in it, and enough")
    assert blocks(document)[-1] == "An item of a list that is long enough"
    assert not any(word in document.text for word in ("Home", "Hidden", "alert", "Copyright"))


def test_a_web_page_of_a_few_words_is_read_whole(tmp_path: Path) -> None:
    document = only(write(tmp_path, a__htm="<h1>Short</h1><p>A few words.<p>And<br>a few more.<script>no()</script>"))

    assert [section.heading for section in document.sections] == [("Short",)]
    assert blocks(document) == ["A few words.", "And a few more."]


def test_a_web_page_without_a_date_is_given_none(tmp_path: Path) -> None:
    assert only(write(tmp_path, a__html=WEB_PAGE.replace("article:published_time", "x"))).date is None


def test_a_web_page_is_decoded_as_it_says(tmp_path: Path) -> None:
    page = '<html><head><meta charset="iso-8859-2"></head><body><p>Žluťoučký kůň</p></body></html>'

    assert blocks(only(write(tmp_path, a__html=page.encode("iso-8859-2")))) == ["Žluťoučký kůň"]


# ---------------------------------------------------------------- subtitles

ROLLING = """WEBVTT
Kind: captions

00:00:01.000 --> 00:00:03.000 align:start
BLANK
hello<00:00:01.500><c> there</c>

00:00:03.000 --> 00:00:03.010
hello there
BLANK

00:00:03.010 --> 00:00:05.000
hello there
my<00:00:04.500><c> friend</c>

00:00:05.000 --> 00:00:05.010
my friend
BLANK

00:00:05.010 --> 00:00:07.000
my friend
and &amp; so it goes

00:00:12.000 --> 00:00:14.000
[Music]

00:01:12.500 --> 00:01:14.000
later on
""".replace("BLANK", " ")  # as YouTube writes an empty line of the screen


def test_captions_that_roll_are_read_once_with_their_times(tmp_path: Path) -> None:
    document = only(write(tmp_path, talk__en__vtt=ROLLING))

    assert blocks(document) == ["hello there my friend and & so it goes", "later on"]
    assert {document.text[a.offset :].split()[0]: a.time for a in document.anchors} == {
        "hello": 1.0,
        "my": 3.01,
        "and": 5.01,
        "later": 72.5,
    }
    assert document.title == "Talk"


def test_what_is_said_twice_in_captions_that_do_not_roll_stays_twice(tmp_path: Path) -> None:
    cues = ["<v Rob Miles>Hello.", "<v Rob Miles>I am <i>Rob</i>.", "<v Ann>Yes.", "<v Ann>Yes."]
    text = "WEBVTT\n\n" + "".join(f"00:0{i}.000 --> 00:0{i + 1}.000\n{cue}\n\n" for i, cue in enumerate(cues))

    assert blocks(only(write(tmp_path, a__vtt=text))) == ["Hello. I am Rob.", "Yes. Yes."]


def test_srt_keeps_its_times_and_loses_its_markup(tmp_path: Path) -> None:
    text = (
        "1\r\n00:00:01,000 --> 00:00:02,500\r\n<i>Hello</i> <font color=red>you</font>\r\n\r\n"
        "2\r\n01:00:03,250 --> 01:00:04,000\r\n{\\an8}>> Bye &amp; good\r\nluck\r\n"
    )

    document = only(write(tmp_path, a__srt=text))

    assert blocks(document) == ["Hello you", "Bye & good luck"]
    assert [(a.offset, a.time) for a in document.anchors] == [(0, 1.0), (11, 3603.25)]


@pytest.mark.parametrize("name", ["a.vtt", "a.srt"])
def test_subtitles_without_captions_say_so(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("nothing of the kind")

    assert "WebVTT" in reason(tmp_path) or "no captions" in reason(tmp_path)


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b" \r\n\t\n", "white space"),
        ("\ufeff".encode(), "white space"),
        (b"... --- ...\n", "no paragraph"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)), "binary"),
        (b"text with a NUL \0 in it", "binary"),
        (b"\x01\x02\x03\x04 control", "binary"),
        (bytes(range(128, 256)) * 4, "encoding"),
        (b"plain words and then \xff\xfe\x80 stray bytes", "encoding"),
        ("Müller und Söhne\n".encode() + b"and \xfc here", "line 2: byte 0xfc is not UTF-8"),
        (b"half a character: \xed\xa0\x80", "surrogate"),
        (b"\xff\xfe\x41", "UTF-16"),
    ],
)
def test_what_is_not_text_is_refused_with_its_reason(tmp_path: Path, content: bytes, says: str) -> None:
    for name in ("a.txt", "a.md"):
        folder = tmp_path / name[-3:]
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
        assert says in reason(folder)


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    folder = write(tmp_path, large__txt="words " * 200, small__txt="words " * 100)

    reading = read([folder], size_limit=1_000)

    assert [d.path for d in reading.documents] == ["small.txt"]
    assert reading.failed[0].path == "large.txt"
    assert "the limit is" in reading.failed[0].reason


def test_links_are_followed_only_where_they_stay_inside(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside", secret__md=GOOD)
    folder = write(tmp_path / "in", a__md=GOOD, data___b__md=GOOD)
    (folder / ".data").mkdir()
    (folder / ".data" / "c.md").write_text(GOOD)
    (folder / "again.md").symlink_to("a.md")
    (folder / "c.md").symlink_to(".data/c.md")  # as Kubernetes mounts its ConfigMaps
    (folder / "leaves.md").symlink_to(outside / "secret.md")
    (folder / "leaves").symlink_to(outside)
    (folder / "nothing.md").symlink_to("gone.md")
    (folder / "loop.md").symlink_to("loop.md")
    (folder / "up").symlink_to(folder)

    reading = read([folder])

    assert [d.path for d in reading.documents] == ["a.md", "c.md", "data/b.md"]
    reasons = {failure.path: failure.reason for failure in reading.failed}
    assert reasons.keys() == {"leaves.md", "leaves", "nothing.md", "loop.md"}
    assert "leaves the folder" in reasons["leaves.md"]
    assert "leads to nothing" in reasons["nothing.md"]
    assert only(folder / "again.md").path == "again.md"


def test_pipes_sockets_and_devices_are_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    write(tmp_path, good__md=GOOD)
    with socket.socket(socket.AF_UNIX) as server:
        before = Path.cwd()
        os.chdir(tmp_path)  # an address of a socket has 107 bytes at most
        server.bind("socket.txt")
        os.chdir(before)
        reading = read([tmp_path, Path("/dev/zero")])

    assert [d.path for d in reading.documents] == ["good.md"]
    assert [f.path for f in reading.failed] == ["pipe.md", "socket.txt", "zero"]
    assert all("not a regular file" in failure.reason for failure in reading.failed)
    with pytest.raises(OSError, match="not a regular file"):
        sha256_of_file(tmp_path / "pipe.md")


@pytest.mark.parametrize(
    ("name", "shown"),
    [(b"a\xff.md", "a\\xff.md"), (b"a\nb.md", "a\\nb.md"), ("a\u202edm.md".encode(), "a\\u202edm.md")],
)
def test_a_name_that_cannot_be_printed_is_escaped_in_its_failure(tmp_path: Path, name: bytes, shown: str) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_text(GOOD)
    write(tmp_path, good__md=GOOD)
    (tmp_path / "naïve 😀.md").write_text(GOOD)

    reading = read([tmp_path])

    assert [d.path for d in reading.documents] == ["good.md", "naïve 😀.md"]
    assert reading.failed == (Failure(shown, "its name holds characters that cannot be printed; rename it"),)


@contextmanager
def as_somebody_else() -> Iterator[None]:
    """Give up root's right to read everything, if we have it."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65_534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_without_permission_a_file_or_folder_fails_alone() -> None:
    with TemporaryDirectory() as made:
        folder = write(Path(made), a__md=GOOD, locked___b__md=GOOD, z__md=GOOD)
        folder.chmod(0o755)
        (folder / "a.md").chmod(0)
        (folder / "locked").chmod(0)
        with as_somebody_else():
            listing = list_files([folder])
            asked = read_found([file for file in listing.found if file.name == "a.md"])
            beyond = list_files([folder / "locked" / "b.md"])
        (folder / "locked").chmod(0o700)

    assert [file.name for file in listing.found] == ["a.md", "z.md"]
    assert listing.failed == (Failure("locked/", "the folder cannot be listed: Permission denied"),)
    assert asked.failed == (Failure("a.md", "no permission to read it"),)
    assert beyond.failed == (Failure("b.md", "no permission to look at it"),)


def test_a_path_that_does_not_exist_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match=r"gone\.md does not exist"):
        read([tmp_path, tmp_path / "gone.md"])


def test_a_file_that_vanishes_after_it_was_found_fails_alone(tmp_path: Path) -> None:
    listing = list_files([write(tmp_path, a__md=GOOD, b__md=GOOD)])
    (tmp_path / "a.md").unlink()

    reading = read_found(listing.found)

    assert [d.path for d in reading.documents] == ["b.md"]
    assert reading.failed == (Failure("a.md", "it cannot be read: No such file or directory"),)


# ---------------------------------------------------------------- the child process


def test_a_file_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    files = list_files([write(tmp_path, a__md=GOOD)]).found

    reading = read_found(files, timeout=0.001)

    assert reading.failed == (Failure("a.md", "not read within 0.001 seconds"),)


def test_a_crash_of_the_parser_is_one_files_failure() -> None:
    with _Child(60) as child:
        child._started().kill()
        broken = child.parse(b"Words.", "a.md")
        sound = child.parse(b"Words.", "b.md")

    assert broken == "a broken file: it crashed the parser (SIGKILL)"
    assert isinstance(sound, Document)


def test_good_files_are_read_the_same_whatever_lies_beside_them(tmp_path: Path) -> None:
    good = {"a__html": WEB_PAGE.encode(), "b__docx": docx(paragraph("Words.")), "z__pdf": pdf(["Words."])}
    bad = {"aa__html": b"\0", "ab__pdf": b"%PDF-1.7\n" + b"1 0 obj [" * 50_000, "c__html": b"<div>" * 200_000 + b"x"}

    alone = read([write(tmp_path / "alone", **good)])
    among = read([write(tmp_path / "among", **good, **bad)])

    assert alone.documents == tuple(d for d in among.documents if d.path in {"a.html", "b.docx", "z.pdf"})


def test_several_threads_can_read_at_once(tmp_path: Path) -> None:
    folder = write(tmp_path, a__md=PAGE, b__html=WEB_PAGE)

    with ThreadPoolExecutor(4) as pool:
        readings = list(pool.map(lambda _: read([folder]), range(4)))

    assert len(readings[0].documents) == 2
    assert all(reading == readings[0] for reading in readings)


def test_no_child_is_left_behind(tmp_path: Path) -> None:
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    if not children.exists():
        pytest.skip("the kernel does not list children here")
    before = children.read_text()

    read([write(tmp_path, a__md=GOOD)])

    assert children.read_text() == before


def samples() -> dict[str, bytes]:
    return {
        ".md": PAGE.encode(),
        ".txt": GERMAN.encode("cp1252"),
        ".html": WEB_PAGE.encode(),
        ".vtt": ROLLING.encode(),
        ".srt": b"1\n00:00:01,000 --> 00:00:02,000\nHello\n",
        ".pdf": pdf(["Words."], info="/Title (T)"),
        ".docx": docx(paragraph("Words.", "Heading1") + paragraph("More.")),
    }


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(suffix=st.sampled_from(sorted(samples())), data=st.binary(max_size=400))
def test_any_bytes_under_any_ending_are_read_or_refused(suffix: str, data: bytes) -> None:
    outcome = answer(data, f"a{suffix}", suffix)

    assert ("document" in outcome) != ("reason" in outcome)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    suffix=st.sampled_from(sorted(samples())),
    cut=st.floats(0, 1),
    at=st.floats(0, 1),
    patch=st.binary(max_size=8),
)
def test_a_damaged_file_is_read_or_refused(suffix: str, cut: float, at: float, patch: bytes) -> None:
    whole = samples()[suffix]
    place = int(at * len(whole))
    data = (whole[:place] + patch + whole[place + len(patch) :])[: int(cut * len(whole)) or None]

    outcome = answer(data, f"a{suffix}", suffix)

    if "document" in outcome:
        document = Document.from_json(outcome["document"])
        assert all(document.text[b.start : b.end].strip() for s in document.sections for b in s.blocks)
    else:
        assert outcome["reason"]


# ---------------------------------------------------------------- finding


def test_in_a_folder_other_formats_hidden_files_and_leftovers_are_passed_over(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        a__MD=GOOD,
        b__toml="x = 1",
        photo__png=b"\x89PNG",
        sub___c__txt=GOOD,
        node_modules___d__md=GOOD,
    )
    for hidden in (".e.md", ".git/f.md", "~$g.docx"):
        (folder / hidden).parent.mkdir(exist_ok=True)
        (folder / hidden).write_text(GOOD)

    reading = read([folder])

    assert [d.path for d in reading.documents] == ["a.MD", "sub/c.txt"]
    assert reading.failed == ()


def test_a_file_named_outright_must_be_of_a_format_that_is_read(tmp_path: Path) -> None:
    write(tmp_path, services__toml="x = 1", _hidden__md=GOOD)

    assert "a format that is not read" in reason(tmp_path / "services.toml")


def test_where_two_names_would_be_equal_the_folders_come_first(tmp_path: Path) -> None:
    write(tmp_path, x___a__md=GOOD, y___a__md=GOOD, y___b__md=GOOD, p___docs___c__md=GOOD, q___docs___c__md=GOOD)

    assert [file.name for file in list_files([tmp_path / "x", tmp_path / "y"]).found] == ["b.md", "x/a.md", "y/a.md"]
    assert [file.name for file in list_files([tmp_path / "x" / "a.md", tmp_path / "y" / "a.md"]).found] == [
        "x/a.md",
        "y/a.md",
    ]
    assert [file.name for file in list_files([tmp_path / "p/docs", tmp_path / "q/docs"]).found] == [
        "p/docs/c.md",
        "q/docs/c.md",
    ]


def test_a_file_reached_twice_is_read_once_under_its_longest_name(tmp_path: Path) -> None:
    write(tmp_path, sub___a__md=GOOD)
    ways = [tmp_path / "sub" / "a.md", tmp_path, tmp_path / "sub", tmp_path]

    for paths in (ways, ways[::-1]):
        assert [file.name for file in list_files(paths).found] == ["sub/a.md"]


def test_files_are_found_and_hashed_without_being_read(tmp_path: Path) -> None:
    write(tmp_path, a__md=GOOD, broken__pdf="no PDF")

    listing = list_files([tmp_path])

    assert listing.found == (Found(tmp_path / "a.md", "a.md"), Found(tmp_path / "broken.pdf", "broken.pdf"))
    assert sha256_of_file(listing.found[0].path) == sha256(GOOD.encode()).hexdigest()
    document = read_file(listing.found[0])
    assert isinstance(document, Document)
    assert document.text == GOOD
    assert isinstance(read_file(listing.found[1]), Failure)


def test_documents_come_by_path_and_progress_names_each(tmp_path: Path) -> None:
    seen: list[str] = []

    reading = read([write(tmp_path, c__md=GOOD, a__txt=GOOD, b___d__md=GOOD)], progress=seen.append)

    assert [d.path for d in reading.documents] == seen == ["a.txt", "b/d.md", "c.md"]


def test_nothing_given_is_nothing_read() -> None:
    assert read([]) == ((), ())


# ---------------------------------------------------------------- small things


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("2025", "2025"),
        ("2025-05", "2025-05"),
        ("2025-05-03T10:00:00+02:00", "2025-05-03"),
        ("May 3rd, 2025", "2025-05-03"),
        ("3 Sept. 2025", "3 Sept. 2025"),
        ("Sep 2025", "2025-09"),
        ("12345", "12345"),
        ("", None),
        (None, None),
    ],
)
def test_a_date_is_normalised_where_it_can_be_told(written: str | None, date: str | None) -> None:
    assert iso_date(written) == date


@pytest.mark.parametrize("address", ["https://example.org/a?b=c#d", "http://example.org:8080/", "https://münchen.de/"])
def test_an_address_of_the_web_is_kept_as_it_is(address: str) -> None:
    assert web_address(address) == address


@pytest.mark.parametrize(("name", "title"), [("a/x-y_z.txt", "X y z"), ("My Talk - v2.0.txt", "My Talk - v2.0")])
def test_a_files_name_makes_a_title(name: str, title: str) -> None:
    assert title_from(name) == title


def test_a_wrong_declared_encoding_is_not_believed() -> None:
    assert decode("Grüße".encode(), "ascii") == "Grüße"
    assert decode("Grüße".encode(), "no-such-encoding") == "Grüße"


def test_many_small_files_share_a_few_parsing_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Starting a process takes longer than parsing a page."""
    for i in range(300):
        (tmp_path / f"{i}.md").write_text(PAGE)
    started: list[object] = []
    popen = subprocess.Popen

    def counting(*args: Any, **kwargs: Any) -> Any:
        started.append(args)
        return popen(*args, **kwargs)

    monkeypatch.setattr("career_advisor.files.reading.subprocess.Popen", counting)

    reading = read([tmp_path])

    assert len(reading.documents) == 300
    assert len(started) <= 3

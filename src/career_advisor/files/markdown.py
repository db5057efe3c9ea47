"""Markdown and plain text: the stored text is the file's own, and every block a stretch of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from career_advisor.files.composing import (
    Notes,
    Outline,
    Unreadable,
    holds_words,
    iso_date,
    join_names,
    short,
    title_from,
    web_address,
)
from career_advisor.records import Document, Kind, Section, Span

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

OUR_SUMMARY: Kind = "our summary"
_LINE_END = re.compile(r"\r\n|\n|\r")
_FRONT_MATTER = re.compile(r"---[ \t]*(?:\r\n|\n|\r)(.*?)(?<=[\r\n])(?:---|\.\.\.)[ \t]*(?:\r\n|\n|\r|\Z)", re.DOTALL)
_LIKE_YAML = re.compile(r"$|[ \t#-]|[\w-]+:")
_COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
_NOTE_KEYS = frozenset({"as_of", "sources", "ask", "start", "presumes"})


class _FrontMatter(NamedTuple):
    """What a page says about itself, and where its body begins."""

    fields: Mapping[str, object]
    end: int


# ---------------------------------------------------------------- plain text


def parse_plain(text: str, name: str) -> Document:
    """Return a plain text as one section; an empty line ends a paragraph."""
    outline = Outline()
    for start, end in _paragraphs(text):
        if holds_words(text[start:end]):
            outline.block(start, end)
    return Document(name, text, title_from(name), outline.close())


def _paragraphs(text: str) -> Iterator[Span]:
    """Yield the stretches between empty lines, without the white space around them."""
    begin = None
    last = 0
    for start, end in _lines(text):
        line = text[start:end]
        if not line.strip():
            if begin is not None:
                yield Span(begin, last)
            begin = None
            continue
        if begin is None:
            begin = start + len(line) - len(line.lstrip())
        last = start + len(line.rstrip())
    if begin is not None:
        yield Span(begin, last)


def _lines(text: str) -> Iterator[Span]:
    """Yield the lines, without their ends, as Markdown counts them."""
    start = 0
    for match in _LINE_END.finditer(text):
        yield Span(start, match.start())
        start = match.end()
    yield Span(start, len(text))


# ---------------------------------------------------------------- Markdown


def parse_markdown(text: str, name: str) -> Document:
    """Return a page with its sections; paragraphs, list items and quotations can be quoted, nothing else can.

    A section may hold one comment of YAML with `as_of`, `sources`, `ask` (other wordings of its question), `start` (a
    good one to begin with) and `presumes` (the situation of those whom alone it speaks to).

    Raises:
        Unreadable: If it is a summary of ours and its front matter or a comment is malformed; it says on which line.
    """
    front = _front_matter(text)
    fields = front.fields
    kind: Kind = OUR_SUMMARY if fields.get("kind") == OUR_SUMMARY else "source text"
    page = _Page(text, front.end, strict=kind == OUR_SUMMARY)
    sections = page.sections()
    return Document(
        path=name,
        text=text,
        title=short(fields.get("title")) or page.title or title_from(name),
        sections=sections,
        url=web_address(fields.get("url") or fields.get("canonical_url")),
        author=_names(fields.get("author") or fields.get("authors")),
        after=short(fields.get("after")) or None,
        date=iso_date(fields.get("date")),
        licence=short(fields.get("licence") or fields.get("license")) or None,
        kind=kind,
        sources=_addresses(fields.get("sources")),
    )


def _front_matter(text: str) -> _FrontMatter:
    match = _FRONT_MATTER.match(text)
    if not match:
        return _FrontMatter({}, 0)
    try:
        fields = _mapping(match.group(1))
    except _NotYaml as fault:
        lines = match.group(1).splitlines()
        simple = {key: value.strip(" \t\"'") for key, _, value in (line.partition(":") for line in lines)}
        if simple.get("kind") == OUR_SUMMARY:
            message = f"line {fault.line + 1}: the front matter is not YAML: {fault}"
            raise Unreadable(message) from fault
        if not all(map(_LIKE_YAML.match, lines)):
            return _FrontMatter({}, 0)  # two rules with words between them
        return _FrontMatter(simple, match.end())  # `title: Foo: a bar`, which many blogs have, is still a title
    if fields is None:
        return _FrontMatter({}, 0)
    return _FrontMatter(fields, match.end())


class _NotYaml(Exception):
    """The text is not YAML."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line
        """Counted from 1, in the text that was given."""


def _mapping(text: str) -> Mapping[str, object] | None:
    """Return YAML as a mapping whose values are strings, lists or mappings; `None` if it is no mapping.

    Scalars stay as written, so that "no" is not False and "2025-05" not a number.
    """
    import yaml

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        value = yaml.load(text, Loader=loader)  # noqa: S506  (the base loader makes strings, lists and mappings only)
    except yaml.MarkedYAMLError as fault:
        line = fault.problem_mark.line + 1 if fault.problem_mark else 1
        raise _NotYaml(str(fault.problem), line) from fault
    except (yaml.YAMLError, RecursionError, ValueError) as fault:
        raise _NotYaml("not readable as YAML", 1) from fault
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return value
    return {} if value in (None, "") else None


def _names(value: object) -> str | None:
    if isinstance(value, list):
        return join_names([name for name in value if isinstance(name, str)]) or None
    return short(value) or None


def _addresses(value: object) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    return tuple(address for each in listed if (address := web_address(each)))


class _Page:
    """One Markdown text on its way to sections."""

    def __init__(self, text: str, body: int, *, strict: bool) -> None:
        """Take a text, where its body begins, and whether a malformed comment is an error."""
        self.title = ""
        self._text = text
        self._strict = strict
        self._lines = list(_lines(text[body:]))
        self._body = body
        self._outline = Outline()
        self._blocks, self._inline = _parsers()

    def sections(self) -> tuple[Section, ...]:
        tokens = self._blocks.parse(self._text[self._body :])
        skipping_until = -1  # a table's cells are inline tokens like any other
        for i, token in enumerate(tokens):
            if token.type == "table_open":
                skipping_until = token.map[1] if token.map else -1
            if token.map is None or token.map[0] < skipping_until:
                continue
            if token.type == "html_block":
                self._comment(token)
            elif token.type == "inline" and tokens[i - 1].type == "paragraph_open":
                self._paragraph(token)
            elif token.type == "inline" and tokens[i - 1].type == "heading_open" and tokens[i - 1].level == 0:
                self._heading(int(tokens[i - 1].tag[1]), token.content)
        self._check_section()
        return self._outline.close()

    def _heading(self, level: int, content: str) -> None:
        self._check_section()
        text = self._plain(content)
        if level == 1 and not self.title:
            self.title = short(text)
        self._outline.heading(level, text)

    def _plain(self, content: str) -> str:
        """Return the words of a heading without its markup."""
        inline = self._inline.parseInline(_COMMENT.sub("", content))
        children = [child for token in inline for child in token.children or ()]
        return " ".join(
            "".join(c.content if c.type != "softbreak" else " " for c in children if c.type != "html_inline").split()
        )

    def _paragraph(self, token: Token) -> None:
        start, end = self._span(token)
        for left, right in _outside_comments(self._text, start, end):
            if holds_words(self._plain_of_images(self._text[left:right])):
                self._outline.block(left, right)

    @staticmethod
    def _plain_of_images(text: str) -> str:
        return re.sub(r"!\[[^\]\n]*\]\([^)\n]*\)", "", text)

    def _span(self, token: Token) -> Span:
        """Return where a paragraph's words stand, without the list or quotation marks before them."""
        first, behind = token.map or (0, 1)
        words = token.content.split("\n", 1)[0].rstrip()
        line = self._line(first)
        end = line.start + len(self._text[line.start : line.end].rstrip())
        start = end - len(words)
        if self._text[start:end] != words:  # a tab inside the marks was widened to spaces
            start = line.end - len(self._text[line.start : line.end].lstrip())
        last = self._line(behind - 1)
        while behind - 1 > first and not self._text[last.start : last.end].strip():
            behind -= 1
            last = self._line(behind - 1)
        return Span(start, last.start + len(self._text[last.start : last.end].rstrip()))

    def _line(self, number: int) -> Span:
        line = self._lines[number]
        return Span(line.start + self._body, line.end + self._body)

    def _comment(self, token: Token) -> None:
        number = (token.map or (0, 0))[0]
        found = _COMMENT.search(token.content)
        if not token.content.lstrip().startswith("<!--"):
            return
        try:
            if not found:
                raise _NotYaml("the comment does not end; close it with `-->`", 1)
            notes = _notes(found.group(1))
            if self._outline.notes is not None:
                raise _NotYaml("a second comment in one section", 1)
        except _NotYaml as fault:
            if self._strict:
                line = self._number_in_file(number) + fault.line - 1
                message = f"line {line}: {fault}"
                raise Unreadable(message) from fault
            return
        self._outline.notes = notes

    def _number_in_file(self, line: int) -> int:
        """Return a line of the body as a line of the file, counted from 1."""
        return sum(1 for _ in _LINE_END.finditer(self._text, 0, self._body)) + line + 1

    def _check_section(self) -> None:
        """Refuse a comment of ours that speaks for no paragraph."""
        if self._strict and self._outline.notes is not None and not self._outline.blocks:
            heading = self._outline.path[-1][1] if self._outline.path else "the beginning"
            message = f"the section “{heading}” has a comment but no paragraph"
            raise Unreadable(message)


def _parsers() -> tuple[MarkdownIt, MarkdownIt]:
    """Return a parser of blocks, which leaves what is inside a paragraph alone, and one of a heading's words."""
    from markdown_it import MarkdownIt

    blocks = MarkdownIt("commonmark").enable("table")
    blocks.core.ruler.enableOnly(["normalize", "block"])
    return blocks, MarkdownIt("commonmark")


def _outside_comments(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield what is left of a stretch when the comments in it are taken out, without white space around."""
    bounds = [start]
    closed = text.rfind("-->", start, end) + len("-->")  # looking beyond would take a page of `<!--` hours
    for match in _COMMENT.finditer(text, start, max(start, closed)):
        bounds += [match.start(), match.end()]
    bounds.append(end)
    for left, right in zip(bounds[::2], bounds[1::2], strict=True):
        part = text[left:right]
        if part.strip():
            yield Span(left + len(part) - len(part.lstrip()), left + len(part.rstrip()))


def _notes(comment: str) -> Notes:
    """Return what a section's comment says.

    Raises:
        _NotYaml: If it is not YAML with these keys and these kinds of value.
    """
    fields = _mapping(comment)
    if not fields or not fields.keys() <= _NOTE_KEYS:
        stray = ", ".join(sorted(fields.keys() - _NOTE_KEYS)) if fields else "no mapping"
        known = "as_of, sources, ask, start and presumes"
        raise _NotYaml(f"a section's comment has the keys {known}, and this one: {stray}", 1)
    sources, ask = _strings(fields, "sources"), _strings(fields, "ask")
    for address in sources:
        if web_address(address) is None:
            raise _NotYaml(f"“{address}” in sources is not a web address", 1)
    as_of = fields.get("as_of")
    if as_of is not None and (not isinstance(as_of, str) or not re.fullmatch(r"\d{4}(-\d\d){0,2}", as_of)):
        raise _NotYaml(f"as_of is “{as_of}”; write 2025, 2025-05 or 2025-05-31", 1)
    start = fields.get("start", "false")
    if start not in {"true", "false"}:
        raise _NotYaml(f"start is “{start}”; write true or false", 1)
    wordings = tuple(" ".join(each.split()) for each in ask)
    return Notes(wordings, sources, as_of, start == "true", short(fields.get("presumes")) or "")


def _strings(fields: Mapping[str, object], key: str) -> tuple[str, ...]:
    value = fields.get(key) or []
    listed: Sequence[object] = value if isinstance(value, list) else [value]
    texts = tuple(each for each in listed if isinstance(each, str) and each.strip())
    if len(texts) != len(listed):
        raise _NotYaml(f"{key} is a list of texts; put one that holds “: ” or is empty in quotes", 1)
    return texts

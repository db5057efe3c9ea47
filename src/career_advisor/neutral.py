"""Text made safe to show, whoever wrote it: a model, a document, the registry or a visitor.

What is shown is text and nothing else. Nobody on the way to the reader takes it for Markdown, HTML, a formula or a
diagram, so nothing in it needs to be told apart but what a reader cannot see: characters without width, characters that
turn the reading direction round, and characters that only a machine reads.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import quote, urlsplit, urlunsplit

MARKS_IN_A_ROW = 6
"""Combining marks on one letter at most: pointed Hebrew needs five; what is piled higher covers the lines around."""
URL_LIMIT = 2_048

_JOINERS = "\u200c\u200d"
_EMOJI_STYLE = "\ufe0e\ufe0f"
_LINE_ENDS = str.maketrans(
    {"\r": "\n", "\x0b": "\n", "\x0c": "\n", "\x85": "\n", "\u2028": "\n", "\u2029": "\n"}  # all mean "new line"
)
# Letters by name that show nothing: fillers, and a mark that only joins. Used to hide words and to forge names.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
# Arabic, Syriac, Koranic and other number and abbreviation signs are "format" characters that are seen.
_SEEN_FORMAT = re.compile("[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd]")
# Scripts in which a joiner chooses between two shapes of a letter: Arabic to N'Ko, India's, Burmese, Khmer, Mongolian.
_JOINING = re.compile("[\u0600-\u0dff\u1000-\u109f\u1780-\u18af\ua840-\ua8ff\ufb50-\ufdff\ufe70-\ufefc]")
_EMOJI = re.compile("[\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff\u00a9\u00ae]")
_KEYCAP = re.compile("[0-9#*]")
_SELECTORS = re.compile("[\ufe00-\ufe0f\u180b-\u180f\U000e0100-\U000e01ef]")
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}\.?|\[[0-9a-f:.]+\]")
_KEPT = "/%:@!$&'()*+,;=-._~?"
_NONCHARACTER = 0xFFFE


def plain(text: str, *, limit: int | None = None) -> str:
    r"""Return `text` as a reader is meant to see it; line breaks and tabs stay.

    Control and format characters go, among them those that reverse the direction, have no width or spell out words in
    the tag block; so do lone surrogates, private and blank letters. A joiner stays between letters of a script that
    needs it and inside an emoji. The result is in Unicode's composed form, and `plain(plain(x)) == plain(x)`.

    Args:
        text: Anything.
        limit: Characters at most; what is cut ends in an ellipsis.

    >>> plain("safe\u202etxt.exe\u200b\U000e0041")
    'safetxt.exe'
    """
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n").translate(_LINE_ENDS))
    kept = "".join(_seen(composed))
    while (again := unicodedata.normalize("NFC", kept)) != kept:  # what was taken out may have kept two apart
        kept = again
    if limit is not None and len(kept) > limit:
        return kept[: max(0, limit - 1)].rstrip() + "…"
    return kept


def line(text: str, *, limit: int | None = None) -> str:
    r"""Return `text` like `plain`, on one line: for a title, a name, a date.

    >>> line("  A\n title\t")
    'A title'
    """
    return plain(" ".join(plain(text).split()), limit=limit)


def markup(text: str) -> str:
    """Return `text` like `plain`, with `&`, `<`, `>` and both quotes written as HTML has them.

    >>> markup('<img src="x">')
    '&lt;img src=&quot;x&quot;&gt;'
    """
    return html.escape(plain(text), quote=True)


def safe_url(address: str | None) -> str | None:
    """Return an address that a person may be led to, or None.

    It has the scheme http or https, a host, and no name or password before it; nothing in it is unseen, a space or a
    backslash. A host in other letters than ASCII comes back in its ASCII form, so that a look-alike shows itself.

    >>> safe_url("https://example.org/a b") is None
    True
    >>> safe_url("https://example.org/ä")
    'https://example.org/%C3%A4'
    """
    if not address or len(address) > URL_LIMIT or plain(address) != address or re.search(r"[\s\\]", address):
        return None
    try:
        parts = urlsplit(address)
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode("ascii") if not address.isascii() else parts.hostname or ""
    except (ValueError, UnicodeError):
        return None
    host = f"[{host}]" if ":" in host else host
    if parts.scheme not in {"http", "https"} or "@" in parts.netloc or not _HOST.fullmatch(host):
        return None
    where = host if port is None else f"{host}:{port}"
    path, query, fragment = (quote(part, safe=_KEPT) for part in (parts.path, parts.query, parts.fragment))
    return urlunsplit((parts.scheme, where, path, query, fragment))


def _seen(text: str) -> Iterator[str]:
    """Yield the characters that stay."""
    before = ""
    marks = 0
    for position, character in enumerate(text):
        if character.isascii() and (character.isprintable() or character in "\n\t"):
            marks = 0
        elif character in _JOINERS:
            if not _joins(character, before, text[position + 1 : position + 2]):
                continue
        elif _SELECTORS.match(character):
            if not _styles(character, before):
                continue
        elif _unseen(character):
            continue
        elif unicodedata.category(character) in {"Mn", "Me"}:
            marks += 1
            if marks > MARKS_IN_A_ROW:
                continue
        else:
            marks = 0
        before = character
        yield character


def _unseen(character: str) -> bool:
    if character in _BLANK:
        return True
    category = unicodedata.category(character)
    if category == "Cf":
        return not _SEEN_FORMAT.match(character)
    if category in {"Cc", "Cs", "Co"} or "\ufdd0" <= character <= "\ufdef":
        return True
    return ord(character) & _NONCHARACTER == _NONCHARACTER


def _joins(joiner: str, before: str, after: str) -> bool:
    """Say whether a joiner changes how the two characters around it look."""
    if not before or not after:
        return False
    if _JOINING.match(before) and _JOINING.match(after):
        return True
    return joiner == "\u200d" and bool(_EMOJI.match(before) or before in _EMOJI_STYLE) and bool(_EMOJI.match(after))


def _styles(selector: str, before: str) -> bool:
    return selector in _EMOJI_STYLE and bool(before) and bool(_EMOJI.match(before) or _KEYCAP.match(before))

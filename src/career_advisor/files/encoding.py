"""From bytes to text: byte order mark, then UTF-8, then detection; what is not text is refused, never guessed at."""

from __future__ import annotations

import codecs
import re
import unicodedata

from career_advisor.files.composing import Unreadable

# Longest first: UTF-32's little-endian mark begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Encodings that text files are really found in; a tie goes to the earlier one. Offered all that Python knows, the
# detector takes short Western texts for Urdu (cp1006) and Kazakh (kz1048).
_USUAL = (
    "cp1252", "cp1250", "cp1251", "koi8_r", "cp1253", "cp1254", "cp1255", "cp1256",
    "cp932", "euc_jp", "gb18030", "big5", "cp949",
)  # fmt: skip
_LATIN = frozenset({"cp1252", "cp1250", "cp1254"})
_TYPOGRAPHY = frozenset("“”„‘’‚‹›«»–—…•·€£¥¢©®™°§¶†‡¿¡½¼¾²³¹×÷±µªº´`¨\u00a0\u00ad")
_WITH_FOREIGN = re.compile(r"\w*[^\W\x00-\x7f]\w*")
_SAMPLE = 1 << 20  # bytes the detector looks at
_CONTROL_SHARE = 0.01
_LEAST_LETTERS = 8
_LEAST_SHARE = 0.1
_ODD_AMONG = 4
_NOT_TEXT = "binary, not text"
_UNDECODABLE = "its bytes are not text in any encoding that could be detected; save it as UTF-8"


def decode(data: bytes, declared: str | None = None) -> str:
    """Return a file's text, without its byte order mark and with its line ends as they are.

    Args:
        data: The whole file.
        declared: An encoding that the file names itself; believed if it fits and there is no mark.

    Raises:
        Unreadable: If it is binary, or in no encoding that can be told.
    """
    text = _decode(data, declared)
    controls = sum(c < " " and c not in "\t\n\r\f\v\x1b" for c in text)
    if "\0" in text or controls > _CONTROL_SHARE * len(text):
        raise Unreadable(_NOT_TEXT)
    return text


def _decode(data: bytes, declared: str | None) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decode_as(data[len(mark) :], encoding)
    if b"\0" in data:
        return _decode_wide(data)
    if declared:
        try:
            return data.decode(declared)
        except (LookupError, UnicodeError):
            pass  # pages that name the wrong encoding are common
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as fault:
        if _is_utf8_with_faults(data):
            line = data.count(b"\n", 0, fault.start) + 1
            message = f"line {line}: byte 0x{data[fault.start]:02x} is not UTF-8, as the rest of the file is"
            raise Unreadable(message) from fault
        if _holds_surrogates(data):
            message = "it holds half a character (a lone surrogate); save it as UTF-8 again"
            raise Unreadable(message) from fault
    return _detect(data)


def _decode_as(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as fault:
        message = f"it begins with the mark of {encoding.upper()} but is not: byte {fault.start} cannot be decoded"
        raise Unreadable(message) from fault


def _decode_wide(data: bytes) -> str:
    """Decode UTF-16 without a mark, told by where its NULs are; anything else with a NUL is binary."""
    odd, even = data[1::2].count(0), data[::2].count(0)
    encoding = "utf-16-le" if odd > even else "utf-16-be"
    if max(odd, even) < 0.4 * len(data) / 2 or min(odd, even) > 0.02 * len(data):
        raise Unreadable(_NOT_TEXT)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as fault:
        raise Unreadable(_NOT_TEXT) from fault


def _is_utf8_with_faults(data: bytes) -> bool:
    """Tell whether most of what is not ASCII is UTF-8: decoded as anything else, that part would be garbled."""
    lenient = data.decode("utf-8", "replace")
    faults = lenient.count("\ufffd")
    sound = sum(c > "\x7f" for c in lenient) - faults
    return sound > faults


def _holds_surrogates(data: bytes) -> bool:
    """Tell whether all of it is UTF-8 but for code points that are no characters."""
    try:
        data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


def _detect(data: bytes) -> str:
    from charset_normalizer import from_bytes

    matches = from_bytes(data[:_SAMPLE], cp_isolation=list(_USUAL))
    likely = [match for match in matches if match.encoding in _USUAL]
    likely.sort(key=lambda match: (match.chaos, -match.coherence, _USUAL.index(match.encoding)))
    # Western Europe's comes last of all too: the detector takes Finnish, with its many ä and ö, for no language.
    for encoding in [*(match.encoding for match in likely), _USUAL[0]]:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _is_plausible(text, encoding):
            return text
    raise Unreadable(_UNDECODABLE)


def _is_plausible(text: str, encoding: str) -> bool:
    """Tell whether the characters beyond ASCII look like writing.

    Western text has them inside words and as typography; any other script writes whole words of them. A few stray
    bytes in English decode as something in every encoding, and as nonsense.
    """
    if any(unicodedata.category(c) in {"Cc", "Cn", "Co"} for c in set(text) if c > "\x7f"):
        return False
    foreign = [c for c in text if c > "\x7f" and c.isalpha()]
    if encoding not in _LATIN:
        letters = sum(map(str.isalpha, text))
        return len(foreign) >= max(_LEAST_LETTERS, _LEAST_SHARE * letters)
    words = _WITH_FOREIGN.findall(text)
    odd = sum(len(word) > 1 and not any("a" <= c <= "z" for c in word.lower()) for word in words)
    symbols = [c for c in text if c > "\x7f" and not c.isalnum()]
    odd += sum(c not in _TYPOGRAPHY for c in symbols)
    return odd * _ODD_AMONG <= len(words) + len(symbols)

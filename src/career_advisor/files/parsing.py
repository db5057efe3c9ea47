"""What runs in the child process: bytes in, a `Document` or a reason out, over its standard streams.

A request is a line of JSON and the file's bytes; an answer is a line of JSON, whatever the file does. Nothing is
pickled, so that what a hostile file makes of this process cannot run in its parent.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from career_advisor.files.composing import Unreadable, holds_words
from career_advisor.files.encoding import decode
from career_advisor.files.markdown import parse_markdown, parse_plain
from career_advisor.files.markup import parse_docx, parse_html
from career_advisor.files.pdf import parse_pdf
from career_advisor.files.subtitles import parse_srt, parse_vtt
from career_advisor.records import Document

MEMORY_LIMIT = 2_000_000_000
"""Bytes of address space of the child, the libraries among them."""
_WORN = 600_000_000  # bytes once used: a child that was this large is not reused, so that no file suffers for another
_GRACE = 5  # seconds after which a child ends itself that nobody ended: its parent was killed

_OF_BYTES: Mapping[str, Callable[[bytes, str], Document]] = {
    ".pdf": parse_pdf,
    ".docx": parse_docx,
    ".html": parse_html,
    ".htm": parse_html,
}
_OF_TEXT: Mapping[str, Callable[[str, str], Document]] = {
    ".md": parse_markdown,
    ".markdown": parse_markdown,
    ".txt": parse_plain,
    ".vtt": parse_vtt,
    ".srt": parse_srt,
}


def parse(data: bytes, name: str, suffix: str) -> Document:
    """Return the document that a file holds.

    Args:
        data: The whole file.
        name: Its `Document.path`.
        suffix: Its format, as in `FORMATS`.

    Raises:
        Unreadable: If there is nothing in it to quote, or it is not what its name says.
        Exception: Whatever a library raises on a file that its authors did not think of.
    """
    if not data:
        message = "empty"
        raise Unreadable(message)
    if suffix in _OF_BYTES:
        document = _OF_BYTES[suffix](data, name)
    else:
        text = decode(data)
        if not text.strip():
            message = "nothing but white space"
            raise Unreadable(message)
        document = _OF_TEXT[suffix](text, name)
    blocks = (document.text[span.start : span.end] for section in document.sections for span in section.blocks)
    if not any(map(holds_words, blocks)):
        message = "it holds no paragraph of text"
        raise Unreadable(message)
    return document


def answer(data: bytes, name: str, suffix: str) -> dict[str, Any]:
    """Return `document` (for `Document.from_json`) or `reason`, and whether the process should not be used again."""
    try:
        return {"document": asdict(parse(data, name, suffix)), "worn": _is_worn()}
    except Unreadable as fault:
        return {"reason": str(fault), "worn": _is_worn()}
    except MemoryError:
        return {"reason": f"reading it takes more than {MEMORY_LIMIT / 1e9:.0f} GB of memory", "worn": True}
    except RecursionError:
        return {"reason": "nested too deeply to be read", "worn": False}
    except Exception as fault:  # noqa: BLE001  (a parser may raise anything on a hostile file; the next file is not to suffer)
        return {"reason": f"a broken {suffix[1:]} file: the parser failed with {type(fault).__name__}", "worn": True}


def serve(timeout: float) -> None:
    """Answer requests until there are no more; run by `reading` in a process of its own.

    Args:
        timeout: Seconds for one file.
    """
    requests, answers = _own_streams()
    _limit_memory()
    while line := requests.readline():
        request = json.loads(line)
        _end_unless_done_in(timeout + _GRACE)
        data = requests.read(request["bytes"])
        suffix = PurePosixPath(request["name"]).suffix.lower()
        answers.write(json.dumps(answer(data, request["name"], suffix)).encode() + b"\n")
        answers.flush()
        _end_unless_done_in(0)


def _own_streams() -> tuple[BinaryIO, BinaryIO]:
    """Take the standard streams away from the libraries, some of which print to them."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    return requests, answers


def _limit_memory() -> None:
    if sys.platform == "win32":
        return  # there, the time limit alone protects
    import resource

    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    limit = MEMORY_LIMIT if hard == resource.RLIM_INFINITY else min(MEMORY_LIMIT, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end_unless_done_in(seconds: float) -> None:
    if sys.platform != "win32":
        signal.alarm(int(seconds))  # no handler: the system ends the process, even inside a parser written in C


def _is_worn() -> bool:
    return _peak_bytes() > _WORN


def _peak_bytes() -> int:
    """Return the most memory that this process ever had; 0 where nobody tells."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not ru_maxrss: a process inherits that from the one that started it, and ours may hold gigabytes of weights.
        peaks = re.findall(r"^VmHWM:\s*(\d+)", status.read_text("ascii", errors="replace"), re.MULTILINE)
        return int(peaks[0]) * 1024 if peaks else 0
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

"""Opens files and has them parsed in a child process, so that no file can take more than itself down."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from career_advisor.files.finding import Found, list_files, open_regular, printable
from career_advisor.records import Document, Failure, Reading

SIZE_LIMIT = 20_000_000
"""Bytes of one file."""
TIMEOUT = 60.0
"""Seconds for one file, the child's start included."""

# -P keeps the working folder out of the child's path: a json.py lying there is not to be run.
_CHILD = """
import sys
sys.path.append(sys.argv[1])
from career_advisor.files.parsing import serve
serve(float(sys.argv[2]))
"""


def read(
    paths: Sequence[Path], *, size_limit: int = SIZE_LIMIT, progress: Callable[[str], None] | None = None
) -> Reading:
    """Read everything that can be read in files and folders.

    Args:
        paths: Files and folders; what is looked for in a folder: see `list_files`.
        size_limit: Bytes of a file; one that is larger is not read.
        progress: Told the name of each file before it is read.

    Returns:
        Documents by path, and what could not be read, by path, each with its reason.

    Raises:
        WrongUse: If a path does not exist.
    """
    listing = list_files(paths)
    reading = read_found(listing.found, size_limit=size_limit, progress=progress)
    return Reading(reading.documents, tuple(sorted([*listing.failed, *reading.failed])))


def read_found(
    files: Sequence[Found],
    *,
    size_limit: int = SIZE_LIMIT,
    progress: Callable[[str], None] | None = None,
    told: Callable[[str, str], None] | None = None,
    timeout: float = TIMEOUT,
) -> Reading:
    """Read these files, in their order, in one child process that is replaced when a file breaks it.

    Args:
        files: What `list_files` found, or a part of it.
        size_limit: Bytes of a file; one that is larger is not read.
        progress: Told the name of each file before it is read.
        told: Told the name of each file after that, and why it cannot be read; empty where it was.
        timeout: Seconds for one file.
    """
    documents: list[Document] = []
    failed: list[Failure] = []
    with _Child(timeout) as child:
        for found in files:
            if progress is not None:
                progress(found.name)
            outcome = _read_one(found, size_limit, child)
            if isinstance(outcome, Document):
                documents.append(outcome)
            else:
                failed.append(outcome)
            if told is not None:
                told(found.name, outcome.reason if isinstance(outcome, Failure) else "")
    return Reading(tuple(documents), tuple(failed))


def read_file(found: Found, size_limit: int = SIZE_LIMIT) -> Document | Failure:
    """Read one file; for several, `read_found` starts the child process once."""
    with _Child(TIMEOUT) as child:
        return _read_one(found, size_limit, child)


def _read_one(found: Found, size_limit: int, child: _Child) -> Document | Failure:
    try:
        with open_regular(found.path) as stream:
            size = os.fstat(stream.fileno()).st_size
            data = stream.read(size_limit + 1) if size <= size_limit else b""
    except PermissionError:
        return Failure(printable(found.name), "no permission to read it")
    except OSError as fault:
        return Failure(printable(found.name), f"it cannot be read: {fault.strerror or fault}")
    if max(size, len(data)) > size_limit:
        reason = f"{size / 1e6:,.1f} MB; the limit is {size_limit / 1e6:,.1f} MB (the setting max_file_bytes)"
        return Failure(printable(found.name), reason)
    outcome = child.parse(data, found.name)
    return outcome if isinstance(outcome, Document) else Failure(printable(found.name), outcome)


class _Child:
    """A process that parses; started when first needed, ended after a file that broke it. For one thread at a time."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> _Child:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end()

    def parse(self, data: bytes, name: str) -> Document | str:
        """Return the document, or the reason why there is none."""
        process = self._started()
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        watchdog = threading.Timer(self._timeout, stop)
        watchdog.daemon = True
        watchdog.start()
        try:
            reply = self._exchange(process, data, name)
        except BaseException:  # Ctrl-C above all: a child in the middle of an answer cannot be asked again
            self._end()
            raise
        finally:
            watchdog.cancel()
        if reply is None:
            code = self._end()
            if late.is_set():
                return f"not read within {self._timeout:g} seconds"
            return f"a broken file: it crashed the parser ({_cause(code)})"
        if reply["worn"] or late.is_set():
            self._end()
        return Document.from_json(reply["document"]) if "document" in reply else str(reply["reason"])

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            root = str(Path(__file__).resolve().parents[2])
            self._process = subprocess.Popen(  # noqa: S603  (our own interpreter and our own words)
                [sys.executable, "-P", "-c", _CHILD, root, str(self._timeout)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self._process

    @staticmethod
    def _exchange(process: subprocess.Popen[bytes], data: bytes, name: str) -> dict[str, Any] | None:
        """Send a request and return its answer; `None` if the child ended instead."""
        requests, answers = _pipe(process.stdin), _pipe(process.stdout)
        try:
            requests.write(json.dumps({"name": name, "bytes": len(data)}).encode() + b"\n")
            requests.write(data)
            requests.flush()
        except OSError:  # a broken pipe
            return None
        line = answers.readline()
        if not line.endswith(b"\n"):
            return None
        reply: dict[str, Any] = json.loads(line)
        return reply

    def _end(self) -> int:
        """End the child, and return what it ended with; 0 if there was none."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.kill()
        _pipe(process.stdout).close()
        with suppress(OSError):  # what was not sent yet has nowhere to go
            _pipe(process.stdin).close()
        return process.wait()


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    """Return a stream that `Popen` was asked for, and therefore made."""
    if stream is None:
        message = "the child process has no pipe"
        raise RuntimeError(message)
    return stream


def _cause(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"

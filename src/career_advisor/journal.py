"""What was asked and could not be answered, and how long answers took: kept only where the operator wants it.

A line of `questions.jsonl` is an answer: its day, its status and its milliseconds. Of a question that was declined the
words are there, too, without addresses and long numbers, unless the operator wants the times alone. Nothing is kept of
who asked, of the turns before, or of the hour. Lines are deleted after some days. The page says so wherever words are
kept.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from career_advisor import neutral
from career_advisor.feedback import line_of, write_private
from career_advisor.records import AdvisorError, Reply

FILE = "questions.jsonl"
DECLINED = frozenset({"not_covered", "off_topic"})
"""Statuses of answers whose question is kept in words. Never of one where a person may be in danger."""
WORDS_LIMIT = 300
FILE_LIMIT = 16 * 1024 * 1024
"""Bytes: some hundred thousand answers, and little enough to fill no disk."""
WAITS_S = 2

_PERSONAL = (
    (re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+"), "[address]"),
    (re.compile(r"\b(?:https?://|www\.)\S+", re.IGNORECASE), "[address]"),
    (re.compile(r"\+?\d(?:[\s().-]?\d){5,}"), "[number]"),
)
_log = logging.getLogger(__name__)


class Line(NamedTuple):
    """An answer, as it is kept."""

    day: str
    """In ISO form."""
    status: str
    milliseconds: float
    """From the question to the whole answer."""
    question: str
    """Empty where it was not declined."""


class Asked(NamedTuple):
    """A question that was declined, in the words of whoever asked it last."""

    question: str
    times: int
    status: str
    last: str
    """Day."""


class Journal:
    """The file in an operator's home. Servers may share it."""

    def __init__(
        self,
        home: Path,
        days: int,
        *,
        words: bool = True,
        today: Callable[[], date] = lambda: datetime.now(UTC).date(),
    ) -> None:
        """Open no file yet.

        Args:
            home: Where the file lies.
            days: After so many a line is deleted.
            words: Whether those of declined questions are kept, too.
            today: Gives the date.
        """
        self.path = home / FILE
        self._words = words
        self._days = days
        self._today = today
        self._swept: date | None = None

    def keep(self, reply: Reply) -> None:
        """Keep what is kept of an answer; one that cannot be written down is nobody's trouble but the operator's."""
        question = without_personal(reply.question) if self._words and reply.status in DECLINED else ""
        line = Line(self._today().isoformat(), reply.status, float(reply.timings_ms.get("total", 0.0)), question)
        try:
            with self._alone():
                if self._swept != self._today():
                    self._sweep()
                if not self.path.exists() or self.path.stat().st_size < FILE_LIMIT:
                    descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
                    with os.fdopen(descriptor, "ab") as file:
                        file.write(line_of(line._asdict()))
        except (OSError, AdvisorError) as fault:
            _log.error("%s: %s", self.path, fault)

    def read(self) -> list[Line]:
        """Return what is kept, oldest first, and is not older than it may be; damaged lines are left out."""
        first = (self._today() - timedelta(days=self._days)).isoformat()
        data = self.path.read_bytes() if self.path.exists() else b""
        return [line for each in data.split(b"\n") if (line := _line(each)) is not None and line.day > first]

    def delete(self) -> int:
        """Delete all of it; return how many answers it held.

        Raises:
            AdvisorError: If a server is writing all the time.
        """
        with self._alone():
            count = len(self.path.read_bytes().splitlines()) if self.path.exists() else 0
            self.path.unlink(missing_ok=True)
            return count

    def sweep(self) -> None:
        """Delete what is older than it may be: done at the start of a server, and on every day on which one answers."""
        with self._alone():
            self._sweep()

    def _sweep(self) -> None:
        if self.path.exists():
            write_private(self.path, b"".join(line_of(line._asdict()) for line in self.read()))
        self._swept = self._today()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        from filelock import FileLock, Timeout

        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.path.with_name(f".{FILE}.lock"), timeout=WAITS_S, mode=0o600):
                yield
        except Timeout:
            raise AdvisorError("another server is writing questions down; try again") from None


def without_personal(question: str) -> str:
    """Return a question without what points at a person: addresses and long numbers.

    >>> without_personal("Write to me@example.org or +44 20 7946 0000, please")
    'Write to [address] or [number], please'
    """
    for pattern, instead in _PERSONAL:
        question = pattern.sub(instead, question)
    return neutral.line(question, limit=WORDS_LIMIT)


def most_declined(lines: Sequence[Line], *, limit: int) -> list[Asked]:
    """Return the questions that were declined most often; two are the same that differ in case, spaces and signs."""
    counts: Counter[str] = Counter()
    latest: dict[str, Line] = {}
    for line in lines:
        if line.question:
            key = " ".join(re.findall(r"\w+", line.question.casefold())) or line.question
            counts[key] += 1
            latest[key] = line
    order = sorted(counts, key=lambda key: (-counts[key], latest[key].question))
    return [Asked(latest[key].question, counts[key], latest[key].status, latest[key].day) for key in order[:limit]]


def _line(data: bytes) -> Line | None:
    try:
        fields = json.loads(data)
        line = Line(fields["day"], fields["status"], float(fields["milliseconds"]), fields["question"])
        date.fromisoformat(line.day)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return line if isinstance(line.status, str) and isinstance(line.question, str) else None

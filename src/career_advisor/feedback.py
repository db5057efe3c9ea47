"""What people say of answers, kept in a file of the operator's, and the draft cases of a test set made of it.

A line of `feedback.jsonl` is a vote. One for an answer is the vote and its day. One against an answer holds what has to
be known to ask again: the question, the turns before it, the answer and what it cited, the reason and a line in the
person's own words. Nothing is kept of who sent it. Whether anything is kept at all, the operator's settings say.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from career_advisor.records import AdvisorError, Citation, Message, Role, WrongUse

FILE = "feedback.jsonl"
WORDS_LIMIT = 300
"""Characters of what a person may add."""
LINE_LIMIT = 128 * 1024
"""Bytes of a vote: twelve turns and a question of the greatest length with answers of usual length take some 80 KiB."""
FILE_LIMIT = 16 * 1024 * 1024
"""Bytes of all votes: thousands, which is more than anybody reads, and little enough to fill no disk."""
WAITS_S = 5
"""Seconds that a vote waits for the ones before it."""
KIND = "feedback"


Because = Literal["long", "unwritten", "full", "waiting"]
"""Why a vote was not stored: it is too long, could not be written, the file is full, others are writing."""


class Reason(NamedTuple):
    """Why an answer did not help."""

    words: str
    """As a person chooses it."""
    expect: tuple[str, ...] = ()
    """Statuses that would have been right, where the reason says so."""


REASONS: Mapping[str, Reason] = {
    "wrong": Reason("It is wrong"),
    "not-what-i-asked": Reason("Not what I asked"),
    "missing-something": Reason("Something is missing"),
    "should-have-declined": Reason("It should have said that it doesn’t know", ("not_covered", "partly")),
    "unkind": Reason("It is unkind"),
    "wrong-service": Reason("It names the wrong service"),
    "other": Reason("Something else"),
}


class Cited(NamedTuple):
    """A document that an answer cited."""

    number: int
    """As the answer's `[n]` says it."""
    document: str
    """Path in the index."""
    addresses: tuple[str, ...]
    """Where it can be read, and what it was written from; may be empty."""

    @classmethod
    def of(cls, citation: Citation) -> Cited:
        """Return what is kept of a citation."""
        addresses = dict.fromkeys(each for each in (citation.url, *citation.sources) if each)
        return cls(citation.number, citation.document, tuple(addresses))


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and its answer, as the server held them."""

    question: str
    history: tuple[Message, ...]
    """The turns before it that the advisor was told, oldest first."""
    answer: str
    """Plain text with [n] markers, as shown."""
    citations: tuple[Cited, ...]


@dataclass(frozen=True, slots=True)
class Complaint:
    """A vote against an answer."""

    id: str
    """Random: by it the vote can be found and deleted."""
    date: str
    """Day in ISO form."""
    reason: str
    """A key of `REASONS`."""
    words: str
    """The person's own; may be empty."""
    exchange: Exchange


class Votes(NamedTuple):
    """What the file holds."""

    helped: int
    """Votes for an answer."""
    complaints: tuple[Complaint, ...]
    """In the order in which they came."""
    damaged: int
    """Lines that are no vote, as of a server that was killed or by a hand that slipped."""


class NotKept(AdvisorError):
    """A vote that was not stored; the message is a sentence for the person who sent it, in English."""

    def __init__(self, message: str, because: Because) -> None:
        super().__init__(message)
        self.because = because


class Box:
    """The file of votes in an operator's home. Servers may share it; a vote is in it whole or not at all."""

    def __init__(self, home: Path, *, line_limit: int = LINE_LIMIT, file_limit: int = FILE_LIMIT) -> None:
        self.path = home / FILE
        self._line_limit = line_limit
        self._file_limit = file_limit

    def keep_praise(self, day: date) -> None:
        """Store that some answer helped, and nothing of which.

        Raises:
            NotKept: If the file is full, busy or cannot be written.
        """
        self._append({"vote": "up", "date": day.isoformat()})

    def keep_complaint(self, exchange: Exchange, reason: str, words: str, day: date) -> str:
        """Store that an answer did not help; return the vote's id.

        Raises:
            NotKept: If it is larger than a vote may be, or the file is full, busy or cannot be written.
        """
        complaint = Complaint(secrets.token_hex(5), day.isoformat(), reason, words, exchange)
        self._append({"vote": "down", **_flat(complaint)})
        return complaint.id

    def read(self) -> Votes:
        """Return every vote; none where there is no file."""
        return _votes(self._data())

    def delete(self, ids: Collection[str] = ()) -> int:
        """Take out the votes with these ids, or, where none is given, every vote and the file; return how many.

        Raises:
            WrongUse: If there is no vote of one of the ids; then nothing is deleted.
            NotKept: If the file is busy.
        """
        with self._alone():
            data = self._data()
            lines = _lines(data)
            if unknown := sorted(set(ids) - {each.id for each in _votes(data).complaints}):
                raise WrongUse(f"no vote is called {', '.join(unknown)}; `career-advisor feedback export` names them")
            if not ids:
                self.path.unlink(missing_ok=True)
                return len(lines)
            left = [line for line in lines if getattr(_vote(line), "id", None) not in ids]
            write_private(self.path, b"".join(line + b"\n" for line in left))
            return len(lines) - len(left)

    def _data(self) -> bytes:
        return self.path.read_bytes() if self.path.exists() else b""

    def _append(self, vote: Mapping[str, Any]) -> None:
        line = line_of(vote)
        if len(line) > self._line_limit:
            raise NotKept("This conversation is longer than what can be kept, so nothing was stored.", "long")
        try:
            with self._alone():
                self._write(line)
        except OSError as fault:
            raise NotKept("Your feedback could not be written down, so nothing was stored.", "unwritten") from fault

    def _write(self, line: bytes) -> None:
        _make_private(self.path)
        with self.path.open("r+b", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            if size + len(line) > self._file_limit:
                raise NotKept("There is more feedback already than can be kept, so nothing was stored.", "full")
            file.seek(max(0, size - 1))
            if file.read(1) not in {b"", b"\n"}:
                line = b"\n" + line  # a vote that was cut off, by a crash, stays alone on its line
            try:
                while line:
                    line = line[file.write(line) :]
                os.fsync(file.fileno())
            except OSError:
                file.truncate(size)  # the disk is full
                raise

    @contextmanager
    def _alone(self) -> Iterator[None]:
        from filelock import FileLock, Timeout

        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.path.with_name(f".{FILE}.lock"), timeout=WAITS_S, mode=0o600):
                yield
        except Timeout:
            busy = "Others are sending feedback just now, so nothing was changed; please try again."
            raise NotKept(busy, "waiting") from None


def draft_of(complaint: Complaint) -> dict[str, Any]:
    """Return the draft case of a complaint, in the form of a line of a test set.

    What a good answer has to have (`gold`, `facts`, `forbidden`, `services`) is left for a maintainer to say; `expect`
    is there only where the reason says which status would have been right. `given` and `said` are keys of our own.
    """
    exchange = complaint.exchange
    expect = REASONS[complaint.reason].expect
    return {
        "id": f"{KIND}-{complaint.id}",
        "question": exchange.question,
        "history": [asdict(turn) for turn in exchange.history],
        "kind": KIND,
        **({"expect": list(expect)} if expect else {}),
        "tags": ["draft", f"reason:{complaint.reason}"],
        "said": complaint.words,
        "given": {"answer": exchange.answer, "citations": [each._asdict() for each in exchange.citations]},
        "date": complaint.date,
    }


def line_of(data: Mapping[str, Any]) -> bytes:
    """Return an object as one line of JSON; a lone surrogate in a question would not encode and becomes its escape."""
    return json.dumps(data, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


def write_private(path: Path, data: bytes) -> None:
    """Write a file that nobody but its owner may read, whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        _make_private(part)
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _make_private(path: Path) -> None:
    """Make a file where there is none, and keep others from reading it."""
    path.touch(mode=0o600)
    path.chmod(0o600)


# ---------------------------------------------------------------- one line


def _flat(complaint: Complaint) -> dict[str, Any]:
    fields = asdict(complaint)
    exchange = fields.pop("exchange")
    return {**fields, **exchange, "citations": [each._asdict() for each in complaint.exchange.citations]}


def _lines(data: bytes) -> list[bytes]:
    # Not splitlines(): U+2028 and its like may stand in a JSON string as they are.
    return [line for line in data.split(b"\n") if line.strip()]


def _votes(data: bytes) -> Votes:
    helped = damaged = 0
    complaints: dict[str, Complaint] = {}
    for line in _lines(data):
        vote = _vote(line)
        if vote == "up":
            helped += 1
        elif isinstance(vote, Complaint) and vote.id not in complaints:
            complaints[vote.id] = vote
        else:
            damaged += 1
    return Votes(helped, tuple(complaints.values()), damaged)


def _vote(line: bytes) -> Complaint | Literal["up"] | None:
    """Return the complaint of a line, "up" for a vote for an answer, or None for anything else."""
    try:
        fields = json.loads(line)
        if fields["vote"] == "up":
            return "up"
        if fields["vote"] != "down":
            return None
        history = tuple(Message(turn["role"], turn["content"]) for turn in fields["history"])
        cited = tuple(Cited(each["number"], each["document"], tuple(each["addresses"])) for each in fields["citations"])
        exchange = Exchange(fields["question"], history, fields["answer"], cited)
        complaint = Complaint(fields["id"], fields["date"], fields["reason"], fields["words"], exchange)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    texts = (complaint.id, complaint.date, complaint.reason, complaint.words, exchange.question, exchange.answer)
    told = all(turn.role in get_args(Role) and isinstance(turn.content, str) for turn in history)
    return complaint if told and all(isinstance(text, str) for text in texts) and complaint.reason in REASONS else None

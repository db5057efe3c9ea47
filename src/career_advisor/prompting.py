"""Asking a language model for a draft, and reading its text as sentences that cite.

The prompt is prose in prompts/answer.md. Passages and the person's words are fenced as data behind a mark that
neither of them contains; the fixed part comes first, so that a server can reuse it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from importlib import resources
from typing import Literal, NamedTuple

from career_advisor.records import DraftSentence, Ended, Hit, Message, Stage, Usage
from career_advisor.text import clean

TURNS = 4
"""Earlier turns of the person that the model sees; what an assistant turn claims is left out."""
PASSAGE_CHARACTERS = 900
"""Of one passage at most, so that small models keep the question in sight."""
LONGEST_SENTENCE = 1_000
"""Characters after which text without a sentence end is taken as it is: an endless answer must not fill the memory."""

_MARKER = re.compile(r"\[\s*(\d+(?:\s*[,;]\s*\d+)*)\s*\]")
_BOUNDARY = re.compile(r"[.!?…][\"'”’)*_]*(?:\s*\[[\d\s,;]+\][.!?]?)*(?=\s)|\n+")
_TAGS = r"think(?:ing)?|thought|reasoning|tool_call|function_call"
_UNSEEN = re.compile(rf"<({_TAGS})>.*?</\1>|<\|[a-z_]+\|>", re.DOTALL)
_OPENING = re.compile(rf"<(?:{_TAGS})>")
_CLOSING = re.compile(rf"</(?:{_TAGS})>")
_UNENDED = re.compile(rf"<(?:{_TAGS})>.*\Z", re.DOTALL)
_DECORATION = re.compile(r"^\s*(?:[-*+•#>]+|\d+[.)])\s+|[*_`#]+")
_ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|etc|Dr|Mr|Mrs|Ms|Prof|vs|cf|approx|U\.S|U\.K|[A-Z])\.$")


class Turn(NamedTuple):
    """A message to a language model."""

    role: Literal["system", "user"]
    content: str


@lru_cache(maxsize=1)
def _instructions() -> str:
    return resources.files("career_advisor").joinpath("prompts/answer.md").read_text("utf-8").strip()


def compose(question: str, history: Sequence[Message], hits: Sequence[Hit]) -> tuple[Turn, ...]:
    """Return the messages that ask for a draft.

    Args:
        question: In its stand-alone form.
        history: Earlier turns, oldest first; only the person's own are used.
        hits: The passages, numbered from 1 in this order.
    """
    passages = [
        f"[{number}] {_about(hit)}\n{' '.join(clean(hit.text).split())[:PASSAGE_CHARACTERS]}"
        for number, hit in enumerate(hits, start=1)
    ]
    earlier = [clean(turn.content)[:300] for turn in history if turn.role == "user"][-TURNS:]
    fence = _fence([*passages, *earlier, question])
    parts = [f"Passages:\n{fence}\n" + "\n\n".join(passages) + f"\n{fence}"]
    if earlier:
        parts.append(f"Asked before:\n{fence}\n" + "\n".join(earlier) + f"\n{fence}")
    parts.append(f"Question:\n{fence}\n{question}\n{fence}")
    return (Turn("system", _instructions()), Turn("user", "\n\n".join(parts)))


def _about(hit: Hit) -> str:
    whose = hit.document.after or hit.document.author or hit.document.title
    heading = hit.heading[-1] if hit.heading else hit.document.title
    return clean(f"{heading} ({whose})").replace("\n", " ")


def _fence(texts: Iterable[str]) -> str:
    """Return a line of the shortest length that stands in none of the texts."""
    joined = "\n".join(texts)
    length = 5
    while "=" * length in joined:
        length += 1
    return "=" * length


class Withdrawn(NamedTuple):
    """What was read so far was no answer: a model's reasoning, whose beginning was not marked."""


def sentences(
    pieces: Iterable[str | Stage | Usage | Ended],
) -> Iterator[DraftSentence | Withdrawn | Stage | Usage]:
    """Cut a model's text into sentences as it comes; stages and what is used pass through.

    Markers may stand before or after the full stop, and hold several numbers. Reasoning between <think> tags, tool
    calls written as text, lists and emphasis are taken away. A sentence is yielded once the text goes on behind it; the
    last one only if the text was not cut.
    """
    buffer, whole = "", True
    for piece in pieces:
        if isinstance(piece, Ended):
            whole = piece.whole
        elif not isinstance(piece, str):
            yield piece
        else:
            buffer = _UNSEEN.sub("", buffer + piece)
            if closing := _CLOSING.search(buffer):
                buffer = buffer[closing.end() :]
                yield Withdrawn()
            if _OPENING.search(buffer):
                continue
            while (end := _sentence_end(buffer)) is not None:
                yield from _draft(buffer[:end])
                buffer = buffer[end:].lstrip()
    if whole:
        yield from _draft(_UNENDED.sub("", buffer))


def _sentence_end(buffer: str) -> int | None:
    for match in _BOUNDARY.finditer(buffer):
        rest = buffer[match.end() :].lstrip()
        if not rest:
            return None
        if rest[0] == "[" and "]" not in rest:
            return None
        if rest[0] == "[" and _MARKER.match(rest):
            continue
        if _ABBREVIATION.search(buffer[: match.end()]):
            continue
        return match.end()
    return len(buffer) if len(buffer) > LONGEST_SENTENCE else None


def _draft(text: str) -> Iterator[DraftSentence]:
    cited = tuple(
        dict.fromkeys(int(n) - 1 for match in _MARKER.finditer(text) for n in re.split(r"\s*[,;]\s*", match.group(1)))
    )
    plain = _DECORATION.sub("", _MARKER.sub("", text))
    plain = re.sub(r"\s+([.,!?;:])", r"\1", " ".join(clean(plain).split()))
    if re.search(r"\w", plain):
        yield DraftSentence(plain, cited, "model")

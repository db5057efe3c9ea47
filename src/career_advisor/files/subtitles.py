"""WebVTT and SRT: what was said as running text, with the moment of each caption."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from career_advisor.files.composing import Run, Unreadable, Writer, one_line, title_from
from career_advisor.records import Document

PAUSE = 3.0
"""Seconds of silence that end a paragraph."""
_ROLLING_SHARE = 0.5
_ROLLING_LEAST = 2
_CLOCK = re.compile(r"(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)")
_TAG = re.compile(r"<[^<>\n]*>|\{\\[^{}\n]*\}")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^<>\n]+)>")
_CHANGE = re.compile(r"^\s*(?:>>+|&gt;&gt;)\s*|^\s*[-–]\s+")
_SOUND = re.compile(r"^\W*(?:[\[(][^\])]{1,60}[\])]|[♪♫][^♪♫]*[♪♫]?)\W*$")
_LANGUAGE = re.compile(r"\.[a-z]{2,3}(?:-[A-Za-z]{2,4})?$")


class _Caption(NamedTuple):
    """What stands on the screen at one time."""

    start: float
    end: float
    lines: tuple[str, ...]
    speaker: str
    """As a voice tag names them; empty where none does."""
    changes_speaker: bool
    """A dash or `>>` says that somebody else speaks."""


def parse_vtt(text: str, name: str) -> Document:
    """Return the words of WebVTT captions.

    Raises:
        Unreadable: If it is not WebVTT.
    """
    import webvtt
    from webvtt.errors import MalformedCaptionError, MalformedFileError

    try:
        captions = list(webvtt.from_string(text))
    except (MalformedFileError, MalformedCaptionError) as fault:
        message = f"not WebVTT: {one_line(str(fault))}"
        raise Unreadable(message) from fault
    return _document(name, [_caption(_seconds(c.start), _seconds(c.end), c.raw_text) for c in captions])


def parse_srt(text: str, name: str) -> Document:
    """Return the words of SRT captions.

    Raises:
        Unreadable: If it is not SRT.
    """
    import pysubs2

    try:
        captions = list(pysubs2.SSAFile.from_string(text.replace("\r\n", "\n"), format_="srt"))
    except pysubs2.Pysubs2Error as fault:
        message = f"not SRT: {one_line(str(fault))}"
        raise Unreadable(message) from fault
    return _document(name, [_caption(c.start / 1000, c.end / 1000, c.text.replace("\\N", "\n")) for c in captions])


def _seconds(clock: str) -> float:
    match = _CLOCK.fullmatch(clock)
    if match is None:
        message = f"not a time: {one_line(clock)}"
        raise Unreadable(message)
    hours, minutes, seconds = match.groups()
    return round(int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds), 3)


def _caption(start: float, end: float, raw: str) -> _Caption:
    voice = _VOICE.search(raw)
    lines, changes = [], False
    for raw_line in raw.split("\n"):
        line = _TAG.sub("", raw_line)
        changes = changes or bool(_CHANGE.match(line))
        line = one_line(html.unescape(_CHANGE.sub("", line)))
        if line and not _SOUND.match(line):
            lines.append(line)
    return _Caption(start, end, tuple(lines), voice.group(1).strip() if voice else "", changes)


def _document(name: str, captions: Sequence[_Caption]) -> Document:
    if not captions:
        message = "it holds no captions"
        raise Unreadable(message)
    writer = Writer()
    ordered = sorted((c for c in captions if c.lines), key=lambda caption: caption.start)
    for paragraph in _paragraphs(_unrolled(ordered)):
        writer.paragraph(*(Run(" ".join(caption.lines), time=caption.start) for caption in paragraph))
    return writer.document(name, title=title_from(_LANGUAGE.sub("", name.rpartition(".")[0]) + ".x"))


def _unrolled(captions: Sequence[_Caption]) -> list[_Caption]:
    """Return each line once, where captions repeat the line that scrolls up, as those of YouTube do.

    Only in a file where captions do so as a rule: elsewhere somebody says "Yes." twice.
    """
    repeats = sum(_begins_with(b.lines, a.lines[-1]) for a, b in pairwise(captions))
    if repeats < max(_ROLLING_LEAST, _ROLLING_SHARE * (len(captions) - 1)):
        return list(captions)
    unrolled: list[_Caption] = []
    shown: tuple[str, ...] = ()
    for caption in captions:
        fresh = tuple(_fresh(caption.lines, shown))
        shown = caption.lines
        if fresh:
            unrolled.append(caption._replace(lines=fresh))
    return unrolled


def _begins_with(lines: Sequence[str], line: str) -> bool:
    return lines[0] == line or lines[0].startswith(line + " ")


def _fresh(lines: Iterable[str], shown: Sequence[str]) -> Iterator[str]:
    """Yield what was not on the screen just before: whole lines, or what a line has grown by."""
    for line in lines:
        if line in shown:
            continue
        grown = max((old for old in shown if line.startswith(old + " ")), key=len, default="")
        yield line[len(grown) :].strip()


def _paragraphs(captions: Iterable[_Caption]) -> Iterator[list[_Caption]]:
    """Yield what was said between two pauses by one speaker."""
    paragraph: list[_Caption] = []
    end, speaker = 0.0, ""
    for caption in captions:
        changes = caption.changes_speaker or (caption.speaker and caption.speaker != speaker)
        if paragraph and (caption.start - end >= PAUSE or changes):
            yield paragraph
            paragraph = []
        paragraph.append(caption)
        speaker = caption.speaker or speaker
        end = max(end, caption.end)
    if paragraph:
        yield paragraph

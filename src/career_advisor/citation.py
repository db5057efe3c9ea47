"""From drafts to a reply: each sentence supported and cited, or dropped and counted.

What judges here shares no code with what wrote the draft. A quote is checked character for character. A sentence of
a language model is held beside the sentences of the passages that it cites, word by word and clause by clause
(`support`; docs/decisions/0011 has what that catches). Where they don't carry it, a wrong citation is mended to the
first passage that does; where none does, nobody sees the sentence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from career_advisor.records import Citation, Document, DraftSentence, Dropped, Hit, Sentence, Span
from career_advisor.support import judge

AGAIN = "it says again what it has said"
"""A small model goes round in circles: what it repeats is shown once."""
CONTEXT = 240
"""Characters shown on either side of a quote."""

_BEGINS = re.compile(r"[A-Z0-9\"“‘'(]|[^a-zA-Z]")
_MARKER = re.compile(r"\s*\[\d+\]")
_ENDS = re.compile(r"[.!?…。！？][\"”’')]*$")


class Checked(NamedTuple):
    """What may be shown."""

    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    dropped: tuple[Dropped, ...]

    def with_note(self, text: str) -> Checked:
        """Return the same with a sentence of our own in a paragraph at the end."""
        last = max((sentence.paragraph for sentence in self.sentences), default=-1)
        return self._replace(sentences=(*self.sentences, Sentence(text, (), 0.0, "fixed", last + 1)))


def check(drafts: Sequence[tuple[int, DraftSentence]], hits: Sequence[Hit], *, told: str = "") -> Checked:
    """Check drafts against the passages they cite and number the citations by first use.

    Args:
        drafts: With the paragraph each belongs to, in the order in which they are shown.
        hits: What `DraftSentence.cited` counts in, from 0.
        told: What the person wrote: nothing else may be said of them.

    Returns:
        Sentences with citation numbers from 1. Every number has a citation, every citation is used, and each
        citation's quote is the document's text from `start` to `end`.
    """
    checking = Checking(hits, told=told)
    for paragraph, draft in drafts:
        checking.add(draft, paragraph)
    return checking.checked


class Checking:
    """Checks an answer as it comes in: each sentence once, however many follow."""

    def __init__(self, hits: Sequence[Hit], *, told: str = "", before: Sequence[str] = ()) -> None:
        """Hold what is cited.

        Args:
            hits: What `DraftSentence.cited` counts in, from 0.
            told: What the person wrote: nothing else may be said of them.
            before: Earlier answers: with what one of them ended, none ends again.
        """
        self._hits = hits
        self._told = told
        self._before = [" ".join(_MARKER.sub("", answer).split()).casefold() for answer in before]
        self._numbered: dict[tuple[str, int, int], int] = {}
        self._citations: list[Citation] = []
        self._sentences: list[Sentence] = []
        self._dropped: list[Dropped] = []
        self._said: set[str] = set()

    @property
    def checked(self) -> Checked:
        """All that was checked so far."""
        return Checked(tuple(self._sentences), tuple(self._citations), tuple(self._dropped))

    def add(self, draft: DraftSentence, paragraph: int = 0) -> Sentence | None:
        """Check one more sentence; None where nobody may see it."""
        if draft.origin == "fixed":
            sentence, reason = Sentence(draft.text, (), 0.0, "fixed", paragraph), ""
        elif draft.origin == "quote":
            sentence, reason = self._quoted(draft, paragraph)
        else:
            sentence, reason = self._written(draft, paragraph)
        if reason:
            self._dropped.append(Dropped(draft.text, reason))
            return None
        self._sentences.append(sentence)
        return sentence

    def _quoted(self, draft: DraftSentence, paragraph: int) -> tuple[Sentence, str]:
        cited = self._cited(draft)
        reason = _quote_fault(draft, cited)
        if reason or draft.span is None:
            return Sentence(draft.text, (), 0.0, "quote", paragraph), reason or "a quote without its place"
        number = self._number_of(cited[0], draft.span)
        return Sentence(_in_marks(draft.text, cited[0]), (number,), 1.0, "quote", paragraph), ""

    def _written(self, draft: DraftSentence, paragraph: int) -> tuple[Sentence, str]:
        text = " ".join(draft.text.split())
        folded = text.casefold()
        if folded in self._said:
            return Sentence(text, (), 0.0, "model", paragraph), AGAIN
        self._said.add(folded)
        judged = _judge(text, self._cited(draft), self._hits, self._told)
        reason = judged.reason or (AGAIN if any(answer.endswith(folded) for answer in self._before) else "")
        carried_by = () if reason else judged.carried_by
        used = tuple(dict.fromkeys(self._number_of(hit, span) for hit, span in carried_by))
        return Sentence(text, used, round(judged.support, 3), "model", paragraph), reason

    def _cited(self, draft: DraftSentence) -> list[Hit]:
        return [self._hits[i] for i in draft.cited if 0 <= i < len(self._hits)]

    def _number_of(self, hit: Hit, span: Span) -> int:
        key = (hit.document.path, span.start, span.end)
        if key not in self._numbered:
            self._numbered[key] = len(self._citations) + 1
            self._citations.append(cite(len(self._citations) + 1, hit, span))
        return self._numbered[key]


def cite(number: int, hit: Hit, span: Span) -> Citation:
    """Make the citation of a stretch of a hit's document."""
    document = hit.document
    section = document.sections[hit.section]
    page, time = _place(document, span.start)
    return Citation(
        number=number,
        document=document.path,
        title=document.title,
        url=document.url,
        start=span.start,
        end=span.end,
        quote=document.text[span.start : span.end],
        author=document.author,
        after=document.after,
        date=section.as_of or document.date,
        page=page,
        time=time,
        kind=document.kind,
        sources=section.sources or document.sources,
        heading=section.heading,
        before=_context(document.text, section.blocks, span, before=True),
        behind=_context(document.text, section.blocks, span, before=False),
    )


def _in_marks(text: str, hit: Hit) -> str:
    """Return a quote as it is shown: in quotation marks where the words are somebody else's and not our summary."""
    if hit.document.kind == "our summary":
        return text
    before = "" if _BEGINS.match(text) else "… "
    after = "" if _ENDS.search(text) else " …"
    return f"“{before}{text}{after}”"


class _Judged(NamedTuple):
    support: float
    carried_by: tuple[tuple[Hit, Span], ...]
    reason: str


def _judge(text: str, cited: Sequence[Hit], hits: Sequence[Hit], told: str) -> _Judged:
    """Hold a sentence beside what it cites, and, where that doesn't carry it, beside each other passage by itself."""
    judged = _beside(text, cited, told)
    for hit in hits:
        if not judged.reason:
            break
        if list(cited) != [hit]:
            mended = _beside(text, [hit], told)
            judged = judged if mended.reason else mended
    return judged


def _beside(text: str, cited: Sequence[Hit], told: str) -> _Judged:
    places = [(hit, span) for hit in cited for span in hit.sentences]
    evidence = [hit.document.text[span.start : span.end] for hit, span in places]
    about = "\n".join(dict.fromkeys(part for hit in cited for part in hit.heading or (hit.document.title,)))
    verdict = judge(text, evidence, about, told)
    return _Judged(verdict.support, tuple(places[k] for k in verdict.carried_by), verdict.reason)


def _quote_fault(draft: DraftSentence, cited: Sequence[Hit]) -> str:
    if len(cited) != 1 or draft.span is None:
        return "a quote without its place"
    source = cited[0].document.text[draft.span.start : draft.span.end]
    return "" if source.split() == draft.text.split() else "not the words of its document"


def _place(document: Document, offset: int) -> tuple[int | None, float | None]:
    before = [anchor for anchor in document.anchors if anchor.offset <= offset]
    return (before[-1].page, before[-1].time) if before else (None, None)


def _context(text: str, blocks: Sequence[Span], span: Span, *, before: bool) -> str:
    """Return the words of the same section next to a quote, cut at a word."""
    if before:
        start = max((block.start for block in blocks if block.start <= span.start), default=span.start)
        near = text[max(start, span.start - CONTEXT) : span.start]
        return near.partition(" ")[2] if span.start - CONTEXT > start else near
    end = min((block.end for block in blocks if block.end >= span.end), default=span.end)
    near = text[span.end : min(end, span.end + CONTEXT)]
    return near.rpartition(" ")[0] if span.end + CONTEXT < end else near

"""From drafts to a reply: each sentence supported and cited, or dropped and counted.

What judges here shares no code with what wrote the draft. A quote is checked character for character. A sentence of
a language model is checked against the passages that it cites: the share of its words that they contain (word
precision; docs/decisions/0006 has its agreement with people), and every number and name of it must stand there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from career_advisor.records import Citation, Document, DraftSentence, Dropped, Hit, Sentence, Span
from career_advisor.text import names, numbers, said_words

SUPPORTED = 0.7
"""Word precision from which a sentence counts as carried; benchmarks/results/support.json has what it costs."""
CONTEXT = 240
"""Characters shown on either side of a quote."""

_BEGINS = re.compile(r"[A-Z0-9\"“‘'(]|[^a-zA-Z]")
_ENDS = re.compile(r"[.!?…。！？][\"”’')]*$")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|\b[\w-]+\.(?:com|org|info|net|io|ai|co|dev)(?:/\S*)?\b", re.IGNORECASE)
_NEGATION = re.compile(r"\b(?:no|not|never|none|nobody|nothing|neither|nor|without|cannot|\w+n['’]t)\b", re.IGNORECASE)


class Checked(NamedTuple):
    """What may be shown."""

    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    dropped: tuple[Dropped, ...]

    def with_note(self, text: str) -> Checked:
        """Return the same with a sentence of our own in a paragraph at the end."""
        last = max((sentence.paragraph for sentence in self.sentences), default=-1)
        return self._replace(sentences=(*self.sentences, Sentence(text, (), 0.0, "fixed", last + 1)))


def check(drafts: Sequence[tuple[int, DraftSentence]], hits: Sequence[Hit]) -> Checked:
    """Check drafts against the passages they cite and number the citations by first use.

    Args:
        drafts: With the paragraph each belongs to, in the order in which they are shown.
        hits: What `DraftSentence.cited` counts in, from 0.

    Returns:
        Sentences with citation numbers from 1. Every number has a citation, every citation is used, and each
        citation's quote is the document's text from `start` to `end`.
    """
    numbered: dict[tuple[str, int, int], int] = {}
    citations: list[Citation] = []
    sentences: list[Sentence] = []
    dropped: list[Dropped] = []

    def number_of(hit: Hit, span: Span) -> int:
        key = (hit.document.path, span.start, span.end)
        if key not in numbered:
            numbered[key] = len(citations) + 1
            citations.append(cite(len(citations) + 1, hit, span))
        return numbered[key]

    for paragraph, draft in drafts:
        if draft.origin == "fixed":
            sentences.append(Sentence(draft.text, (), 0.0, "fixed", paragraph))
            continue
        cited = [hits[i] for i in draft.cited if 0 <= i < len(hits)]
        if draft.origin == "quote":
            reason = _quote_fault(draft, cited)
            if reason or draft.span is None:
                dropped.append(Dropped(draft.text, reason or "a quote without its place"))
            else:
                number = number_of(cited[0], draft.span)
                sentences.append(Sentence(_in_marks(draft.text, cited[0]), (number,), 1.0, "quote", paragraph))
            continue
        text = " ".join(_ADDRESS.sub("", draft.text).split())
        judged = _judge(text, cited)
        if judged.reason:
            dropped.append(Dropped(draft.text, judged.reason))
        else:
            used = tuple(dict.fromkeys(number_of(hit, span) for hit, span in judged.carried_by))
            sentences.append(Sentence(text, used, round(judged.support, 3), "model", paragraph))
    return Checked(tuple(sentences), tuple(citations), tuple(dropped))


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


def _judge(text: str, cited: Sequence[Hit]) -> _Judged:
    content = said_words(text)
    if not content or not cited:
        return _Judged(0.0, (), "it cites no passage" if content else "it says nothing")
    passages = "\n".join(" ".join((*hit.heading, hit.text)) for hit in cited)
    known = set(said_words(passages))
    support = sum(word in known for word in content) / len(content)
    carried_by = tuple((hit, _best_sentence(text, hit)) for hit in cited if _shares(content, hit))
    reason = _fault(text, support, passages, [hit.document.text[span.start : span.end] for hit, span in carried_by])
    return _Judged(support, () if reason else carried_by, reason)


def _fault(text: str, support: float, passages: str, sentences: Sequence[str]) -> str:
    """Return what is wrong with a sentence beside the passages it cites; empty where nothing is."""
    content = said_words(text)
    known = set(said_words(passages))
    foreign = numbers(text) - numbers(passages)
    unknown = {written for name, written in names(text).items() if name not in known}
    best = max(sentences, key=lambda sentence: _overlap(content, sentence), default="")
    if foreign:
        return f"a number that its passages don't have: {', '.join(sorted(foreign))}"
    if unknown:
        return f"a name that its passages don't have: {', '.join(sorted(unknown))}"
    if support < SUPPORTED:
        return f"its passages carry {support:.0%} of its words"
    if bool(_NEGATION.search(text)) != bool(_NEGATION.search(best)) and _overlap(content, best) >= SUPPORTED:
        return "it denies what its passage affirms, or the other way round"
    return ""


def _overlap(content: Sequence[str], text: str) -> float:
    known = set(said_words(text))
    return sum(word in known for word in content) / len(content)


def _shares(content: Sequence[str], hit: Hit) -> bool:
    return bool(set(content) & set(said_words(hit.text)))


def _best_sentence(text: str, hit: Hit) -> Span:
    """Return the sentence of the hit that carries most of the text; the first on a tie."""
    content = said_words(text)
    source = hit.document.text
    return max(hit.sentences, key=lambda span: _overlap(content, source[span.start : span.end]))


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

"""Terms of the field explained in the words of the index's own glossary: below the quotes, or beside the word.

A section whose heading asks what something means is an entry, if its first sentence names it. So any corpus can have a
glossary, and an explanation is a quote like any other: cited, and checked character for character.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from career_advisor.records import Citation, DraftSentence, Hit, Message, Passage, Sentence, Shelf, Span

AT_MOST = 2
"""Terms explained below one answer: more would be a lesson that nobody asked for."""
OFFERED_AT_MOST = 4
"""Words of one answer that can be looked up where they stand: each is a stop on the way of whoever uses a keyboard."""
LEAD = "In other words:"

_ASKS = re.compile(
    r"what (?:does|do) (?:the (?:abbreviations?|letters|terms?|words?) )?(?P<terms>.+?) (?:mean|stand for)(?: in .+)?\?"
    r"|what do people mean by (?P<meant>.+?)\?",
    re.IGNORECASE,
)
_EXPLAINED = r"\(\s*{term}\s*\)|\b{term}\s*\(|\b{term},?\s+(?:stands? for|means?|is short for|that is|refers? to)\b"
"""How a text explains a term by itself: "reinforcement learning from human feedback (RLHF)", "evals, that is, …"."""
_AND = re.compile(r",\s*(?:and\s+)?|\s+and\s+")


@dataclass(frozen=True, slots=True)
class Glossary:
    """The entries of an index, by term as the heading has it."""

    entries: Mapping[str, Hit]
    """Each with the one sentence that explains."""

    @classmethod
    def of(cls, shelf: Shelf) -> Glossary:
        """Read the entries off the headings of an index."""
        first: dict[tuple[str, int], Passage] = {}
        for passage in shelf.passages:
            first.setdefault((passage.document, passage.section), passage)
        entries: dict[str, Hit] = {}
        for (path, section), passage in first.items():
            document = shelf.documents[path]
            heading = document.sections[section].heading
            for term in _terms(heading[-1] if heading else ""):
                if _uses(document.text[passage.start : passage.end], term):
                    span = Span(passage.start, passage.end)
                    entries.setdefault(term, Hit(document, section, *span, 0.0, (span,), (0.0,)))
        return cls(entries)

    def explain(
        self, drafts: Sequence[tuple[int, DraftSentence]], pool: Sequence[Hit], asked: str, history: Sequence[Message]
    ) -> tuple[list[tuple[int, DraftSentence]], list[Hit]]:
        """Add a line that explains the terms that the quotes use and nothing has explained yet in the conversation.

        What the person says themselves needs no explaining to them, nor does what is quoted anyway.

        Args:
            drafts: The answer.
            pool: What its `cited` counts in.
            asked: The question.
            history: The turns before, oldest first.

        Returns:
            Both, with what was added.
        """
        quoted = " ".join(draft.text for _, draft in drafts if draft.origin == "quote")
        said = " ".join([asked, *(turn.content for turn in history if turn.role == "user")])
        before = " ".join([quoted, *(turn.content for turn in history if turn.role == "assistant")])
        used = [(place, term) for term in self.entries if (place := _place(quoted, term)) is not None]
        explained: dict[Span, Hit] = {}
        for _, term in sorted(used):
            hit = self.entries[term]
            if not _uses(said, term) and " ".join(hit.text.split()) not in " ".join(before.split()):
                explained.setdefault(hit.sentences[0], hit)
        hits = list(explained.values())[:AT_MOST]
        if not hits:
            return list(drafts), list(pool)
        row = 1 + max(row for row, _ in drafts)
        line = [DraftSentence(LEAD, (), "fixed")] + [
            DraftSentence(" ".join(hit.text.split()), (len(pool) + n,), "quote", hit.sentences[0])
            for n, hit in enumerate(hits)
        ]
        return [*drafts, *((row, draft) for draft in line)], [*pool, *hits]

    def first_used(
        self, sentences: Sequence[Sentence], citations: Sequence[Citation], asked: str, history: Sequence[Message]
    ) -> list[tuple[str, Hit]]:
        """Return the words of an answer that somebody may want to look up where they stand.

        A term is offered where the conversation has it for the first time: what the person says themselves, or what
        stood in an answer before, is not. Nor is one that the answer explains, or whose entry it quotes from.

        Args:
            sentences: Of the answer; what is not cited is our own wording, and is not looked at.
            citations: What they cite.
            asked: The question.
            history: The turns before, oldest first.

        Returns:
            Each word as the answer has it, in the order of their places, and the entry for it.
        """
        cited = [each.text for each in sentences if each.citations]
        before = " ".join([asked, *(turn.content for turn in history)])
        quoted = {(each.document, each.heading) for each in citations}
        places = []
        for term, hit in self.entries.items():
            place = _first(cited, term)
            explained = (hit.document.path, hit.heading) in quoted or _explains(" ".join(cited), term)
            if place is not None and not explained and not _uses(before, term):
                places.append((*place, -len(term), term))
        offered: list[tuple[str, Hit]] = []
        ends = (-1, 0)
        for row, start, _, term in sorted(places):
            if (row, start) >= ends and len(offered) < OFFERED_AT_MOST:
                offered.append((cited[row][start : start + len(term)], self.entries[term]))
                ends = (row, start + len(term))
        return offered


def _first(texts: Sequence[str], term: str) -> tuple[int, int] | None:
    """Return in which text, and where in it, a term is first used as one, and not as a part of a name.

    >>> _first(["ML Alignment & Theory Scholars teaches alignment."], "alignment")
    (0, 39)
    """
    for row, text in enumerate(texts):
        for match in _pattern(term).finditer(text):
            in_a_name = term[0].islower() and match[0][0].isupper() and match.start() > 0
            if not in_a_name:
                return row, match.start()
    return None


def _explains(text: str, term: str) -> bool:
    """Tell whether a text says by itself what a term means.

    >>> _explains("Reward modelling (RM) is old.", "RM"), _explains("Evals, that is, tests.", "evals")
    (True, True)
    >>> _explains("RM is old.", "RM")
    False
    """
    return re.search(_EXPLAINED.format(term=re.escape(term)), text, _case(term)) is not None


def _terms(heading: str) -> list[str]:
    """Return what a heading asks the meaning of.

    >>> _terms("What do the letters MATS, ARENA and MARS stand for?"), _terms("What does scheming mean in AI safety?")
    (['MATS', 'ARENA', 'MARS'], ['scheming'])
    >>> _terms("What does a research engineer do all day?")
    []
    """
    match = _ASKS.fullmatch(heading.strip())
    return [term for term in _AND.split(match["terms"] or match["meant"]) if term] if match else []


def _place(text: str, term: str) -> int | None:
    """Return where a text first uses a term; letters that stand for words count in capitals alone."""
    match = _pattern(term).search(text)
    return match.start() if match else None


def _pattern(term: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-]){re.escape(term)}(?![\w-])", _case(term))


def _case(term: str) -> re.RegexFlag:
    return re.NOFLAG if any(letter.isupper() for letter in term[1:]) else re.IGNORECASE


def _uses(text: str, term: str) -> bool:
    return _place(text, term) is not None

"""Terms of the field explained below the quotes that use them, in the words of the index's own glossary.

A section whose heading asks what something means is an entry, if its first sentence names it. So any corpus can have a
glossary, and an explanation is a quote like any other: cited, and checked character for character.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from career_advisor.records import DraftSentence, Hit, Message, Passage, Shelf, Span

AT_MOST = 2
"""Terms explained below one answer: more would be a lesson that nobody asked for."""
LEAD = "In other words:"

_ASKS = re.compile(
    r"what (?:does|do) (?:the (?:abbreviations?|letters|terms?|words?) )?(?P<terms>.+?) (?:mean|stand for)(?: in .+)?\?"
    r"|what do people mean by (?P<meant>.+?)\?",
    re.IGNORECASE,
)
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
    flags = re.NOFLAG if any(letter.isupper() for letter in term[1:]) else re.IGNORECASE
    match = re.search(rf"(?<![\w-]){re.escape(term)}(?![\w-])", text, flags)
    return match.start() if match else None


def _uses(text: str, term: str) -> bool:
    return _place(text, term) is not None

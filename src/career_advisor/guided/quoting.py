"""Where the document's quotes and services come from: an advisor's own search, its answers and its registry."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from importlib import resources
from threading import Lock
from typing import Any, Protocol

from career_advisor import citation
from career_advisor.guided.sheet import Help, Quote
from career_advisor.records import (
    Citation,
    DraftSentence,
    Hit,
    Message,
    Piece,
    Queries,
    Reply,
    Service,
    Span,
    Stage,
    Summary,
)
from career_advisor.support import Said

ANSWERED_QUOTES = 3
"""Sentences that are quoted to something that a person would have to find out."""


class Sources(Protocol):
    """What is needed of an advisor."""

    @property
    def index(self) -> str:
        """Name of the index version that is served."""
        ...

    @property
    def services(self) -> Sequence[Service]:
        """The registry."""
        ...

    @property
    def model_name(self) -> str:
        """Who sums up."""
        ...

    def sum_up(self, said: Sequence[Said]) -> Iterator[Stage | Summary]:
        """Have statements summed up; last of all comes the summary."""
        ...

    def search(self, question: str, history: Sequence[Message] = (), *, limit: int = 8) -> tuple[Queries, list[Hit]]:
        """Return passages, best first."""
        ...

    def reply(self, question: str, history: Sequence[Message] = ()) -> Iterator[Stage | Piece | Reply]:
        """Answer; last of all comes the whole Reply."""
        ...

    def in_danger(self, texts: Sequence[str], *, perhaps: bool = False) -> bool:
        """Tell whether somebody who writes this may be in danger, or hints at it where that is enough."""
        ...


@lru_cache(maxsize=1)
def stated() -> Mapping[str, Any]:
    """Return stated.toml: what is quoted where."""
    return tomllib.loads(resources.files(__package__).joinpath("stated.toml").read_text("utf-8"))


class Library:
    """Finds the one sentence meant, and remembers where it stood as long as the index is the same."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._found: dict[tuple[str, str], tuple[Hit, Span] | None] = {}
        self._index = ""
        self._lock = Lock()

    @property
    def sources(self) -> Sources:
        """The advisor."""
        return self._sources

    def sentence(self, question: str, words: str) -> tuple[Hit, Span] | None:
        """Return the first sentence found for a question that holds these words; None where the index has none.

        Only our own questions come here: nothing that a person wrote is remembered.
        """
        with self._lock:
            if self._index != self._sources.index:
                self._index = self._sources.index
                self._found.clear()
            key = (question, words)
            if key not in self._found:
                self._found[key] = _holding(words, self._sources.search(question)[1])
            return self._found[key]

    def services(self, ids: Iterable[str]) -> list[Service]:
        """Return the services of these ids that the registry has, each once."""
        known = {service.id: service for service in self._sources.services}
        return [known[name] for name in dict.fromkeys(ids) if name in known]


class Quoter:
    """Quotes for one document; a sentence has one number throughout, and is quoted once."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._drafts: list[tuple[int, DraftSentence]] = []
        self._hits: list[Hit] = []
        self._quoted: dict[tuple[str, int, int], int] = {}
        self._named: set[str] = set()

    @property
    def library(self) -> Library:
        """Where the quotes come from."""
        return self._library

    @property
    def citations(self) -> tuple[Citation, ...]:
        """Return what the numbers point at."""
        return self._checked().citations

    def quote(self, pairs: Iterable[Sequence[str]], *, again: bool = False) -> list[Quote]:
        """Return the sentences meant by pairs of a question and words, those that the index holds.

        Args:
            pairs: As in stated.toml.
            again: Whether a sentence that was quoted before may be quoted once more.
        """
        found = (self._library.sentence(question, words) for question, words in pairs)
        return self._take(((hit, span) for hit, span in filter(None, found)), again=again)

    def answer(self, question: str) -> list[Quote]:
        """Return what the sources answer to a person's own words, if they do."""
        *_, reply = self._library.sources.reply(question)
        if not isinstance(reply, Reply) or reply.status != "answered":
            return []
        stretches = []
        for each in _several_views(reply.citations)[:ANSWERED_QUOTES]:
            hit = next((h for h in reply.hits if h.document.path == each.document and _within(each, h)), None)
            if hit is not None:
                stretches.append((hit, Span(each.start, each.end)))
        return self._take(stretches, again=False)

    def help(self, ids: Iterable[str]) -> list[Help]:
        """Return services that were not named before in this document."""
        fresh = [service for service in self._library.services(ids) if service.id not in self._named]
        self._named.update(service.id for service in fresh)
        return [Help(service) for service in fresh]

    def _take(self, stretches: Iterable[tuple[Hit, Span]], *, again: bool) -> list[Quote]:
        wanted = []
        for hit, span in stretches:
            key = (hit.document.path, span.start, span.end)
            if key in self._quoted and not again:
                continue
            if key not in self._quoted:
                self._quoted[key] = len(self._drafts)
                self._hits.append(hit)
                text = hit.document.text[span.start : span.end]
                self._drafts.append((0, DraftSentence(text, (len(self._hits) - 1,), "quote", span)))
            wanted.append(self._quoted[key])
        # The same judge as for an answer: a quote is the document's words, character for character.
        sentences = self._checked().sentences
        return [Quote(sentences[at].text, sentences[at].citations[0]) for at in wanted]

    def _checked(self) -> citation.Checked:
        return citation.check(self._drafts, self._hits)


def _several_views(citations: Sequence[Citation]) -> list[Citation]:
    """Put the first quote of each section before the second of any: sections give different people's views."""
    seen: dict[tuple[str, tuple[str, ...]], int] = {}
    turns = []
    for each in citations:
        turn = seen.setdefault((each.document, each.heading), 0)
        seen[each.document, each.heading] += 1
        turns.append((turn, each))
    return [each for _, each in sorted(turns, key=lambda pair: pair[0])]


def _holding(words: str, hits: Sequence[Hit]) -> tuple[Hit, Span] | None:
    for hit in hits:
        for span in hit.sentences:
            if words in hit.document.text[span.start : span.end]:
                return hit, span
    return None


def _within(each: Citation, hit: Hit) -> bool:
    return hit.start <= each.start and each.end <= hit.end

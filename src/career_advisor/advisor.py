"""The order of things: how an index is built, and how a question becomes a reply.

Read this module first. Each step is a verb from the module named after it; everything that could be slow, remote or
random is handed in.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Protocol

import numpy as np

from career_advisor import answering, citation, conversation, grounding, prompting, referral, retrieval
from career_advisor.records import (
    DraftSentence,
    EncoderIdentity,
    Hit,
    Message,
    ModelUnavailable,
    Offer,
    Piece,
    Queries,
    Reply,
    Sentence,
    Service,
    Shelf,
    Stage,
    Status,
    Understood,
)
from career_advisor.text import asked_for, clean, contains

QUESTION_LIMIT = 4_000
"""Characters of one message; more is not a question but a document."""
HITS = 8
DEEP = 24
"""Passages looked through for the one thing that was asked for."""
EXAMPLES = 4
FACET_HITS = 2
MODEL_PASSAGES = 6
ENOUGH = 0.5
"""Share of a model's sentences that must hold; with fewer the quotes answer."""


class Encoder(Protocol):
    """What turns texts into vectors."""

    @property
    def identity(self) -> EncoderIdentity:
        """Which weights."""
        ...

    def encode(self, texts: Sequence[str]) -> Any:
        """Return an array of float32, shape (len(texts), dimension), rows of length 1."""
        ...


class Shelves(Protocol):
    """Where the index now served is got from."""

    def current(self) -> Shelf:
        """Return the version to use for one whole reply."""
        ...


class LanguageModel(Protocol):
    """What writes drafts, if one is configured."""

    @property
    def name(self) -> str:
        """As a person would call it."""
        ...

    def stream(self, messages: Sequence[prompting.Turn]) -> Iterator[str]:
        """Yield text as it comes; raises ModelUnavailable."""
        ...


@dataclass(slots=True)
class _Clock:
    """Milliseconds since the question came, by stage."""

    began: float
    marks: dict[str, float]

    @classmethod
    def start(cls) -> _Clock:
        return cls(time.perf_counter(), {})

    def mark(self, name: str) -> None:
        self.marks.setdefault(name, round((time.perf_counter() - self.began) * 1000, 2))


@dataclass(frozen=True, slots=True)
class _Found:
    """All that is known about a question when its answer is written."""

    asked: str
    queries: Queries
    status: Status
    verdict: grounding.Verdict
    hits: list[Hit]
    facets: list[list[Hit]]
    feeling: grounding.Feeling | None
    offers: tuple[Offer, ...]

    @property
    def pool(self) -> list[Hit]:
        """What a draft's `cited` counts in."""
        return [*self.hits, *(hit for part in self.facets for hit in part)]


class Advisor:
    """Answers questions from one index, with or without a language model."""

    def __init__(
        self,
        shelves: Shelves,
        encoder: Encoder,
        registry: referral.Registry,
        model: LanguageModel | None = None,
        *,
        question_limit: int = QUESTION_LIMIT,
        examples: Encoder | None = None,
        today: Callable[[], date] = date.today,
    ) -> None:
        """Hold the parts; nothing is opened here.

        Args:
            shelves: Gives the index now served.
            encoder: For questions; the same weights as the index.
            registry: The services that may be offered.
            model: Writes the answers; without one they are quotes.
            question_limit: Characters of a message at most.
            today: Gives the date, to know which deadlines are over.
            examples: Embeds the example sentences of `grounding`; one with a cache, where there is one.
        """
        self._shelves = shelves
        self._encoder = encoder
        self._registry = registry
        self._model = model
        self._question_limit = question_limit
        self._examples = examples or encoder
        self._today = today
        self._grounds: dict[str, grounding.Ground] = {}
        self._need_examples: referral.Needs | None = None
        self._situation_vectors: dict[str, Any] | None = None

    @property
    def model_name(self) -> str:
        """Who writes the answers."""
        return self._model.name if self._model else "quotes"

    @property
    def examples(self) -> tuple[str, ...]:
        """Questions to begin with, which the index answers."""
        return answering.starters(list(self._shelves.current().documents.values()), (), limit=EXAMPLES)

    @property
    def human_services(self) -> tuple[Service, ...]:
        """Where to talk to a person."""
        return self._registry.people

    @property
    def index_line(self) -> str:
        """What is answered from, in words."""
        count = len(self._shelves.current().documents)
        return f"{count} pages" if count != 1 else "one page"

    @property
    def situations(self) -> tuple[Understood, ...]:
        """Everything that can be understood of a person."""
        return conversation.known_situations()

    def reply(
        self,
        question: str,
        history: Sequence[Message] = (),
        *,
        ignore: Collection[str] = (),
        about: Collection[str] = (),
    ) -> Iterator[Stage | Piece | Reply]:
        """Answer one question.

        Args:
            question: As typed.
            history: The turns before it, oldest first. Only what the person wrote is believed.
            ignore: Keys of situations that the person says are not theirs.
            about: Keys of situations that the person says are theirs.

        Yields:
            What is being done, then the words as they come, and last of all, once, the whole Reply.

        Raises:
            AdvisorError: If there is no sound index.
        """
        clock = _Clock.start()
        asked = clean(question)
        if not asked or len(question) > self._question_limit:
            yield from self._invalid(asked, clock)
            return

        yield Stage("Searching")
        shelf = self._shelves.current()
        ground = self._ground(shelf)
        queries = self._understand(asked, history, ground, ignore=ignore, about=about)
        unwanted = referral.set_aside(queries.standalone, self._registry)
        if unwanted:
            instead = (*queries.searched, *(f"What else is there for {service.gap}?" for service in unwanted))
            queries = replace(queries, searched=instead)
        vectors = self._vectors([*queries.searched, *queries.facets])
        clock.mark("encode")
        as_asked, standalone = vectors[0], vectors[1 if queries.standalone != queries.question else 0]
        intent = grounding.screen(asked, as_asked, ground)
        hits, facets = self._find(queries, vectors, shelf)
        hits = _about_others(hits, unwanted)
        hits = grounding.bring_forward(f"{queries.meant} {queries.question}".strip(), hits, ground, self._today())[
            :HITS
        ]
        verdict = self._judge(queries, vectors, hits, facets, ground)
        status = intent or verdict.status
        told = queries.needs if queries.situations else None
        offers = referral.choose(
            queries.standalone, standalone, status, self._registry, self._needs(), told=told, asked=queries.question
        )
        feeling = grounding.feeling(asked, as_asked, ground)
        found = _Found(asked, queries, status, verdict, hits, facets, feeling, offers)
        clock.mark("retrieve")
        yield Stage(f"Reading {len(found.pool)} passages")

        written, notice = yield from self._written(found, history, clock)
        checked = written or self._quoted(found, shelf, history)
        if written is None:
            for text in _paragraphs(checked.sentences):
                clock.mark("first_text")
                yield Piece(text)
        follow_ups = _follow_ups(found, checked, shelf, [*history, Message("user", asked)])
        clock.mark("total")
        yield Reply(
            question=question,
            standalone=queries.standalone,
            status=status,
            answer="".join(_paragraphs(checked.sentences)).strip(),
            sentences=checked.sentences,
            citations=checked.citations,
            offers=offers,
            follow_ups=follow_ups,
            dropped=checked.dropped,
            hits=tuple(hits),
            model=self.model_name if written else "quotes",
            notice=notice,
            understood=queries.understood,
            index=shelf.id,
            confidence=round(verdict.confidence, 4),
            timings_ms=clock.marks,
        )

    def warm_up(self) -> None:
        """Do now what the first question would otherwise wait for."""
        shelf = self._shelves.current()
        self._ground(shelf)
        self._needs()
        self._situations()
        self.search("warm up")

    def search(self, question: str, history: Sequence[Message] = (), *, limit: int = HITS) -> tuple[Queries, list[Hit]]:
        """Return the passages alone, and the queries they were found with."""
        queries, vectors, shelf = self.searching(question, history)
        if not queries.question:
            return queries, []
        return queries, retrieval.retrieve(
            queries.searched, vectors, shelf, limit=limit, weights=retrieval.weights_for(shelf.encoder.name)
        )

    def searching(self, question: str, history: Sequence[Message] = ()) -> tuple[Queries, Any, Shelf]:
        """Return what a search goes by: the queries, the vectors of those searched, and the index served."""
        shelf = self._shelves.current()
        queries = self._understand(question, history, self._ground(shelf))
        return queries, self._vectors(queries.searched), shelf

    def _vectors(self, texts: Sequence[str]) -> Any:
        """Embed texts, but for the questions of situations, whose vectors are known."""
        known = self._situations()
        unknown = [text for text in texts if text not in known]
        fresh = dict(zip(unknown, self._encoder.encode(unknown), strict=True))
        return np.array([known[text] if text in known else fresh[text] for text in texts])

    def _situations(self) -> dict[str, Any]:
        if self._situation_vectors is None:
            texts = conversation.example_texts()
            self._situation_vectors = dict(zip(texts, self._examples.encode(texts), strict=True))
        return self._situation_vectors

    def _understand(
        self,
        asked: str,
        history: Sequence[Message],
        ground: grounding.Ground,
        *,
        ignore: Collection[str] = (),
        about: Collection[str] = (),
    ) -> Queries:
        return conversation.understand(
            asked,
            history,
            of_the_field=ground.speaks_of(conversation.FIELD),
            is_name=ground.sets_apart,
            ignore=ignore,
            about=about,
        )

    def _ground(self, shelf: Shelf) -> grounding.Ground:
        if shelf.id not in self._grounds:
            documents = list(shelf.documents.values())
            ground = grounding.Ground.of(
                shelf.encoder.name,
                self._examples,
                shelf.vectors,
                documents,
                field=conversation.FIELD,
                windows=shelf.windows,
            )
            self._grounds = {shelf.id: ground}
        return self._grounds[shelf.id]

    def _needs(self) -> referral.Needs:
        if self._need_examples is None:
            self._need_examples = referral.Needs.of(self._examples)
        return self._need_examples

    def _find(self, queries: Queries, vectors: Any, shelf: Shelf) -> tuple[list[Hit], list[list[Hit]]]:
        weights = retrieval.weights_for(shelf.encoder.name)
        whole = len(queries.searched)
        hits = retrieval.retrieve(queries.searched, vectors[:whole], shelf, limit=DEEP, weights=weights)
        facets = [
            retrieval.retrieve((part,), vectors[whole + i : whole + i + 1], shelf, limit=FACET_HITS, weights=weights)
            for i, part in enumerate(queries.facets)
        ]
        return hits, facets

    def _judge(
        self, queries: Queries, vectors: Any, hits: list[Hit], facets: list[list[Hit]], ground: grounding.Ground
    ) -> grounding.Verdict:
        """Judge a message by the surest of its questions: what somebody says of themselves asks nothing.

        A turn that leans on the one before is judged as asked, too: what the earlier one asked for was answered then.
        """
        whole = len(queries.searched)
        parts = list(zip(queries.facets, vectors[whole:], facets, strict=True))
        asking = [each for each in parts if each[0].endswith("?") and each[0] in queries.question] or parts
        as_asked = [(text, vector, hits) for text, vector in _wholes(queries, vectors).items()]
        verdicts = [
            grounding.judge(text, vector, found, ground, self._today()) for text, vector, found in [*as_asked, *asking]
        ]
        return max(verdicts, key=lambda verdict: verdict.confidence)

    def _quoted(self, found: _Found, shelf: Shelf, history: Sequence[Message]) -> citation.Checked:
        today = self._today()
        kind = asked_for(found.queries.question)
        drafts = answering.compose(
            found.status,
            found.asked,
            found.hits,
            found.facets,
            lacking=found.verdict.asked,
            unknown=found.verdict.unknown_names,
            feeling=found.feeling,
            history=history,
            documents=list(shelf.documents.values()),
            helplines=self._registry.helplines,
            known=found.queries.known,
            states=found.queries.states,
            offered=bool(found.offers),
            wanted=lambda text: kind is not None and contains(text, kind, today),
        )
        checked = citation.check(drafts, found.pool)
        reminder = answering.dated((s.text for s in checked.sentences if s.origin == "quote"), today)
        return checked.with_note(reminder) if reminder else checked

    def _written(
        self, found: _Found, history: Sequence[Message], clock: _Clock
    ) -> Generator[Stage | Piece, None, tuple[citation.Checked | None, str]]:
        """Stream the model's sentences that hold; `None` and why, when the quotes must answer instead."""
        if self._model is None or found.status not in {"answered", "partly"}:
            return None, ""
        yield Stage(f"{self._model.name} is writing")
        messages = prompting.compose(found.queries.standalone, history, found.hits[:MODEL_PASSAGES])
        checked = citation.Checked((), (), ())
        drafts: list[tuple[int, DraftSentence]] = []
        shown = 0
        try:
            for draft in prompting.sentences(self._model.stream(messages)):
                drafts.append((0, draft))
                checked = citation.check(drafts, found.hits[:MODEL_PASSAGES])
                if len(checked.sentences) > shown:
                    clock.mark("first_text")
                    yield Piece(_marked(checked.sentences[-1]) + " ")
                    shown = len(checked.sentences)
        except ModelUnavailable as trouble:
            return None, f"{trouble} The answer is quoted from the sources instead."
        whole = len(checked.sentences) + len(checked.dropped)
        if not whole or len(checked.sentences) / whole < ENOUGH:
            return (
                None,
                "Too little of what the language model wrote was carried by the sources; they are quoted instead.",
            )
        return checked, ""

    def _invalid(self, asked: str, clock: _Clock) -> Iterator[Piece | Reply]:
        text = answering.INVALID_EMPTY if not asked else answering.too_long(self._question_limit)
        clock.mark("first_text")
        yield Piece(text)
        clock.mark("total")
        checked = citation.check([(0, DraftSentence(text, (), "fixed"))], ())
        yield Reply(
            question=asked[:200],
            standalone=asked[:200],
            status="invalid",
            answer=text,
            sentences=checked.sentences,
            model=self.model_name,
            timings_ms=clock.marks,
        )


def _follow_ups(found: _Found, checked: citation.Checked, shelf: Shelf, history: Sequence[Message]) -> tuple[str, ...]:
    """Return what could be asked next; nothing is put before somebody in danger."""
    if found.status == "urgent":
        return ()
    if found.status in {"small_talk", "clarify", "off_topic", "refused"}:
        return answering.starters(list(shelf.documents.values()), history)
    return answering.follow_ups(found.hits, checked.citations, history)


def _about_others(hits: list[Hit], unwanted: Sequence[Service]) -> list[Hit]:
    """Leave out the sections about what somebody wants an alternative to, if anything else was found."""
    others = [hit for hit in hits if not any(referral.is_about(service, " ".join(hit.heading)) for service in unwanted)]
    return others or hits


def _wholes(queries: Queries, vectors: Any) -> dict[str, Any]:
    """Return the turn in its stand-alone form and as asked, each with its vector."""
    return {
        queries.standalone: vectors[1 if queries.standalone != queries.question else 0],
        queries.question: vectors[0],
    }


def _paragraphs(sentences: Sequence[Sentence]) -> Iterator[str]:
    """Yield the sentences with their markers, as shown: a space between two, an empty line between paragraphs."""
    for i, sentence in enumerate(sentences):
        last = i + 1 == len(sentences)
        end = "" if last else " " if sentences[i + 1].paragraph == sentence.paragraph else "\n\n"
        yield _marked(sentence) + end


def _marked(sentence: Sentence) -> str:
    return sentence.text + "".join(f" [{number}]" for number in sentence.citations)

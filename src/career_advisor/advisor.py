"""The order of things: how an index is built, and how a question becomes a reply.

Read this module first. Each step is a verb from the module named after it; everything that could be slow, remote or
random is handed in.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any, NamedTuple, Protocol

import numpy as np

from career_advisor import (
    adapting,
    answering,
    bounds,
    choosing,
    citation,
    conversation,
    explaining,
    gaps,
    glossing,
    grounding,
    interaction,
    listening,
    matching,
    prompting,
    referral,
    retrieval,
    summarising,
    telling,
    translating,
)
from career_advisor.interaction import Answering
from career_advisor.languages import foreign_language
from career_advisor.records import (
    Age,
    DraftSentence,
    Dropped,
    EncoderIdentity,
    Ended,
    Feeling,
    Hit,
    Message,
    ModelUnavailable,
    Offer,
    Piece,
    PromptTooLong,
    Queries,
    Reply,
    Sentence,
    Service,
    Shelf,
    Stage,
    Status,
    Summary,
    Term,
    Understood,
    Usage,
)
from career_advisor.spelling import Speller
from career_advisor.spending import Allowance, Spent
from career_advisor.support import Said
from career_advisor.text import (
    asked_for,
    clean,
    contains,
    content_words,
    without_noise,
    words,
)

QUESTION_LIMIT = 4_000
"""Characters of one message; more is not a question but a document."""
HITS = 8
CHOSEN_FROM = 20
"""Passages whose sentences may be quoted: docs/decisions/0016-choosing.md."""
DEEP = 24
"""Passages looked through for the one thing that was asked for."""
COVERED = -0.5
"""Log-odds (`Chooser.reads`) from which a quote says something on one of several questions. benchmarks/covering.py."""
FITS = 0.0
"""Log-odds (`Hit.belongs`) from which what was found for one of them does."""
ON_TOPIC = 0.0
"""Log-odds that the sentences found answer from which a message is about the field, though none of its words is:
"am I too old?" """
LIKELY = 0.0
"""Log-odds (`Hit.belongs`) from which a sentence that has the kind of thing asked for has the thing asked for."""
NEAR = 0.6
"""Cosine to a section's question (`Hit.wording`) from which there is something on one of them, whatever it says."""
SEVERAL_ASKED = 2
"""Questions in a message from which some may be answered and others not."""
NOTES = 2
"""Things left open that are told at the end of an answer."""
ASKS = 2
"""Content words from which it is named where nothing does: "is it?" says nothing by itself."""
EXAMPLES = 4
FACET_HITS = 2
MODEL_PASSAGES = 6
FEWER_PASSAGES = 2
"""For a model that cannot take as many."""
ENOUGH = 0.5
"""Share of a model's sentences that must hold; with fewer the quotes answer."""
REWORDING_S = 4.0
"""Seconds that a model gets to reword a follow-up; without it the search would have begun at once."""
TRANSLATING_S = 30.0
"""Seconds that a model gets for either translation: nothing is shown before it, and there is an answer in English."""
SECOND_OPINION_S = 20.0
"""Seconds that all of an answer's sentences get for it: what is not asked by then stands as the check has it."""
READ_BY_WORDS: frozenset[Status] = frozenset({"answered", "partly", "not_covered", "urgent"})
"""What may come of a question of another language that was read word by word."""
UNLIMITED = Allowance()
_ISO = re.compile(r"\d{4}(-\d\d){0,2}")
TOO_LITTLE = "a passage carries it, but too little else of the answer was carried"
REFUSED = "a passage carries it by the rules, and the second opinion says that it does not"
NOT_WHOLE = "a passage carries it, but the answer did not come whole"
NOTHING_YET = citation.Checked((), (), ())
QUOTED_INSTEAD = "The answer is quoted from the sources instead."
ADMITTED = f"The language model found no answer in the passages. {QUOTED_INSTEAD}"
USED_UP = f"This conversation has used all that it may of the language model. {QUOTED_INSTEAD}"


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

    def stream(self, messages: Sequence[prompting.Turn]) -> Iterator[str | Stage | Usage | Ended]:
        """Yield text as it comes, what to tell who waits, what all so far used, and how it ended.

        Raises:
            ModelUnavailable: If no answer comes, or half of one.
        """
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


class _Given(NamedTuple):
    """What a question came with."""

    history: Sequence[Message]
    ignore: Collection[str]
    about: Collection[str]
    spent: Spent | None
    plain_words: bool


class _Asked(NamedTuple):
    """One of several questions of a message."""

    text: str
    vector: Any
    hits: Sequence[Hit]
    """What was found for it."""
    open: bool
    """Whether that seems not to answer it, by itself."""


@dataclass(frozen=True, slots=True)
class _Found:
    """All that is known about a question when its answer is written."""

    asked: str
    queries: Queries
    status: Status
    verdict: grounding.Verdict
    asked_in_it: tuple[_Asked, ...]
    """The questions of a message of several parts."""
    hits: list[Hit]
    facets: list[list[Hit]]
    feeling: Feeling | None
    offers: tuple[Offer, ...]
    bound: bounds.Bound | None
    """What it asks for beyond what guidance can do."""
    gap: gaps.Gap | None
    """The kind of question that it leaves open, if it does."""
    left_open: list[gaps.Gap]
    """All kinds that it surely leaves open, whatever of it is answered."""
    kinds: gaps.Gaps | None
    """What tells such kinds apart; `None` where that was not learnt."""
    perhaps_danger: bool
    """Whether somebody may be in danger for all that is known."""

    @property
    def for_a_model(self) -> bool:
        """Whether a model may write: not where somebody may be in danger, nor beyond what guidance can do.

        That is ours to say, and a model would do as it is asked.
        """
        within = self.bound is None or bool(self.bound.asks)
        return self.status in {"answered", "partly"} and within and not self.perhaps_danger

    @property
    def pool(self) -> list[Hit]:
        """What a draft's `cited` counts in."""
        return [*self.hits, *(hit for part in self.facets for hit in part)]


@dataclass(slots=True)
class _Spoken:
    """What whoever asked has been given of an answer."""

    clock: _Clock
    any: bool = False
    withdrawn: bool = False
    """Whether what has been given is no part of the answer any more."""

    def piece(self, text: str) -> Piece:
        """Return the next words as they are given."""
        self.clock.mark("first_text")
        anew, self.any, self.withdrawn = self.withdrawn, True, False
        return Piece(text, anew)

    def withdraw(self) -> None:
        """Take back what has been given."""
        self.withdrawn = self.any


class _Account:
    """What one answer uses of a model, added to what its conversation has used."""

    def __init__(self, spent: Spent) -> None:
        self._spent = spent
        self._running = Usage()
        self.before = spent.used
        self.used: Usage | None = None
        """None where no model was asked."""

    @property
    def conversation(self) -> Usage:
        """What the conversation has used by now."""
        return self._spent.used

    def asking(self, used: Usage) -> None:
        """Note what the running request has used, all of it so far."""
        self._running = used

    def asked(self) -> None:
        """Note that the running request is over, whichever way."""
        self._spent.add(self._running)
        self.used = self._running.plus(self.used or Usage())
        self._running = Usage()


class _Draft:
    """What a model has written of an answer so far, checked."""

    def __init__(self, begin: Callable[[], citation.Checking]) -> None:
        self._begin = begin
        self._checking = begin()
        self._written: list[DraftSentence] = []
        self._refused: tuple[Dropped, ...] = ()
        self.admitted = False
        """Whether it said that the passages hold no answer."""

    @property
    def checked(self) -> citation.Checked:
        """All of it."""
        checked = self._checking.checked
        return checked._replace(dropped=(*checked.dropped, *self._refused))

    def add(self, sentence: DraftSentence) -> Sentence | None:
        """Check one more sentence; return it as it is shown, where it holds."""
        self._written.append(sentence)
        return self._checking.add(sentence)

    def clear(self) -> None:
        """Forget what was no answer."""
        self._checking, self._written, self.admitted = self._begin(), [], False

    def refuse(self, texts: Collection[str]) -> None:
        """Leave sentences out that passed the check, with all that say the same."""
        refused = {text.casefold() for text in texts}
        self._written = [each for each in self._written if " ".join(each.text.split()).casefold() not in refused]
        self._checking = self._begin()
        for sentence in self._written:
            self._checking.add(sentence)
        self._refused = tuple(Dropped(text, REFUSED) for text in texts)

    def left_out(self, why: str) -> tuple[Dropped, ...]:
        """Return all its sentences where quotes answer instead: those that hold, too, with why nobody is shown them."""
        return (*self.checked.dropped, *(Dropped(sentence.text, why) for sentence in self.checked.sentences))


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
        compares: Callable[[Shelf], interaction.Compares] | None = None,
        listens: Callable[[str], listening.Heard] | None = None,
        today: Callable[[], date] = date.today,
        allowance: Allowance = UNLIMITED,
        rewords: bool = False,
        translates: bool = False,
        second_opinion: LanguageModel | None = None,
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
            listens: Hears what kind of message something is, and what it leaves open; without it examples stand in.
            allowance: What a conversation may use of the model.
            rewords: Whether the model is asked for the stand-alone form of a follow-up, too: one call more.
            translates: Whether it translates questions of other languages, and its checked sentences back: two more.
            second_opinion: Asked about each of the model's sentences that passed the check, before it is shown: a call
                for each. Where it fails or is late, the check stands.
        """
        self._shelves = shelves
        self._encoder = encoder
        self._registry = registry
        self._model = model
        self._question_limit = question_limit
        self._examples = examples or encoder
        self._compares = compares
        self._listens = listens
        self._today = today
        self._allowance = allowance
        self._rewords = rewords
        self._translates = translates
        self._second_opinion = second_opinion
        self._grounds: dict[str, grounding.Ground] = {}
        self._spellers: dict[str, Speller] = {}
        self._glossaries: dict[str, explaining.Glossary] = {}
        self._choosers: dict[str, choosing.Chooser] = {}
        self._sentences: dict[str, interaction.Compares] = {}
        self._matchers: dict[str, matching.Matcher] = {}
        self._need_examples: referral.Needs | None = None
        self._situation_vectors: dict[str, Any] | None = None
        self._found_for_situations: dict[str, dict[str, list[Hit]]] = {}

    @property
    def model_name(self) -> str:
        """Who writes the answers."""
        return self._model.name if self._model else "quotes"

    def sum_up(self, said: Sequence[Said]) -> Iterator[Stage | Summary]:
        """Have what somebody said of themselves summed up, as far as what is written stands in it.

        Args:
            said: To them.

        Yields:
            What is being done, and last of all the summary. Without a language model it says that there is none.
        """
        if self._model is None:
            return iter([Summary(self.model_name, (), notice=summarising.NOBODY)])
        return summarising.sum_up(self._model, said, self._allowance)

    @property
    def translates(self) -> bool:
        """Whether a language model translates questions of other languages, and what it writes to them."""
        return self._translates and self._model is not None

    @property
    def examples(self) -> tuple[str, ...]:
        """Questions to begin with, which the index answers."""
        return answering.starters(list(self._shelves.current().documents.values()), (), limit=EXAMPLES)

    @property
    def human_services(self) -> tuple[Service, ...]:
        """Where to talk to a person."""
        return self._registry.people

    @property
    def services(self) -> tuple[Service, ...]:
        """The whole registry."""
        return self._registry.services

    @property
    def index(self) -> str:
        """Name of the index version now served."""
        return self._shelves.current().id

    @property
    def pages(self) -> int:
        """How many pages it has read."""
        return len(self._shelves.current().documents)

    @property
    def age(self) -> Age:
        """How old is what it has read."""
        shelf = self._shelves.current()
        dates = [
            section.as_of or document.date or ""
            for document in shelf.documents.values()
            for section in document.sections
        ]
        known = sorted(each for each in dates if _ISO.fullmatch(each))
        return Age(shelf.built, known[-1], known[0]) if known else Age(shelf.built)

    @property
    def explains(self) -> bool:
        """Whether it has a glossary, so that quotes in plain words are other than the usual ones."""
        return bool(self._glossary(self._shelves.current()).entries)

    def terms(self, reply: Reply, history: Sequence[Message] = ()) -> tuple[Term, ...]:
        """Return the words of a reply that the index's glossary explains and the conversation has for the first time.

        Args:
            reply: Of this advisor.
            history: The turns before it, oldest first.
        """
        glossary = self._glossary(self._shelves.current())
        used = glossary.first_used(reply.sentences, reply.citations, reply.question, history)
        return tuple(Term(word, citation.cite(n, hit, hit.sentences[0])) for n, (word, hit) in enumerate(used, 1))

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
        spent: Spent | None = None,
        quotes_only: bool = False,
        plain_words: bool = False,
    ) -> Iterator[Stage | Piece | Reply]:
        """Answer one question.

        Args:
            question: As typed.
            history: The turns before it, oldest first. Only what the person wrote is believed.
            ignore: Keys of situations that the person says are not theirs.
            about: Keys of situations that the person says are theirs.
            spent: What the conversation has used of the model so far; what this answer uses is added, also where
                nobody waits for its end. Without one it is a conversation of one question.
            quotes_only: Whether the language model is left out of it.
            plain_words: Whether a language model is asked for everyday words, and quotes explain terms of the field.

        Yields:
            What is being done, then the words as they come, and last of all, once, the whole Reply.

        Raises:
            AdvisorError: If there is no sound index.
        """
        clock = _Clock.start()
        asked = without_noise(clean(question))
        if not asked or len(question) > self._question_limit:
            yield from self._invalid(asked, clock)
            return

        account = _Account(spent or Spent())
        given = _Given(history, ignore, about, spent, plain_words=plain_words)
        if foreign_language(asked) and (
            yield from self._in_another(asked, given, account, clock, quotes_only=quotes_only)
        ):
            return
        yield Stage("Searching")
        shelf = self._shelves.current()
        ground = self._ground(shelf)
        queries, told = self._understand(asked, history, shelf, ignore=ignore, about=about)
        if not quotes_only:
            queries = yield from self._reworded(queries, history, account)
        bound = bounds.bound_of(queries.question)
        queries, unwanted = self._instead(queries, bound)
        vectors = self._vectors([*queries.searched, *queries.facets], told)
        clock.mark("encode")
        as_asked, standalone = vectors[0], vectors[1 if queries.standalone != queries.question else 0]
        heard = self._heard([asked, queries.standalone])
        screened = self._screened(asked, as_asked, queries, history, ground, heard=heard.get(asked))
        wholes = _wholes(queries, vectors)
        compared = self._compared(wholes, shelf, heard)
        hits, facets = self._find(queries, vectors, shelf, unwanted, list(compared.values()))
        verdict, open_ones = self._judge(queries, vectors, hits, facets, ground)
        chooser = self._chooser(shelf)
        hits, *facets = choosing.surest(
            [
                chooser.weigh(whole, _parts_found(queries, vectors, hits, facets, (whole, compared[text])))
                for text, whole in wholes.items()
            ]
        )
        of_parts = zip(queries.facets, vectors[len(queries.searched) :], facets, strict=True)
        asked_in_it = [_Asked(*part, part[0] in open_ones) for part in of_parts][: queries.asking]
        kinds = gaps.gaps_for(shelf.encoder.name) if _is_measured(hits) else None
        openness, gap = _open_in([standalone, *(part.vector for part in asked_in_it)], kinds)
        verdict = _with_what_belongs(
            verdict,
            chooser,
            list(wholes.values()),
            [hits, *facets],
            question=queries.standalone,
            ground=ground,
            today=self._today(),
            left_open=openness,
            of_a_kind=gap is not None and openness >= gaps.SURELY,
        )
        if bound and verdict.status == "partly" and bound.is_all([part.text for part in asked_in_it]):
            verdict = verdict._replace(status="not_covered")  # what is near does nothing for whoever wants it done
        status = _status_of(screened, verdict, hits)
        offers = referral.choose(
            queries.standalone,
            self._message(queries, standalone, status),
            status,
            self._registry,
            self._matched(shelf.encoder.name),
            asked=queries.question,
        )
        feeling = grounding.feeling(asked, as_asked, ground) or conversation.feeling_of(queries.understood)
        found = _Found(
            asked,
            queries,
            status,
            verdict,
            tuple(asked_in_it),
            hits,
            facets,
            feeling,
            offers,
            bound,
            gap,
            gaps.left_open(heard[queries.standalone]) if heard and kinds else [],
            kinds,
            screened.perhaps_danger,
        )
        clock.mark("retrieve")
        yield Stage(f"Reading {len(found.pool)} passages")

        spoken = _Spoken(clock)
        written, notice, left_out = yield from self._written(
            found, history, spoken, account, quotes_only=quotes_only, plain_words=plain_words
        )
        checked = written
        if checked is None:
            checked, status = self._quoted(found, shelf, history, plain_words=plain_words)
            spoken.withdraw()
            for text in _paragraphs(checked.sentences):
                yield spoken.piece(text)
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
            dropped=(*left_out, *checked.dropped),
            hits=tuple(hits),
            model=self.model_name if written else "quotes",
            notice=notice,
            usage=account.used,
            cost=self._allowance.cost_of(account.used) if account.used else None,
            understood=queries.understood,
            index=shelf.id,
            confidence=round(verdict.confidence, 4),
            timings_ms=clock.marks,
        )

    def _screened(
        self,
        asked: str,
        vector: Any,
        queries: Queries,
        history: Sequence[Message],
        ground: grounding.Ground,
        *,
        heard: listening.Heard | None,
    ) -> grounding.Screened:
        """Return what a message is; whoever sends it again says that nobody is in danger."""
        leans = bool(history) and queries.standalone != queries.question
        points_back = leans and conversation.points_back(asked)
        found = grounding.screen(asked, vector, ground, heard, leans=leans, points_back=points_back)
        insists = found.intent == "urgent" and _insists(asked, history)
        return found._replace(intent=None) if insists and not grounding.is_in_so_many_words("urgent", asked) else found

    def _heard(self, texts: Sequence[str]) -> dict[str, listening.Heard]:
        """Return what a network hears in messages; nothing where there is none."""
        return {} if self._listens is None else {text: self._listens(text) for text in dict.fromkeys(texts)}

    def in_danger(self, texts: Sequence[str], *, perhaps: bool = False) -> bool:
        """Tell whether somebody who writes this, each text by itself, may be in danger or speaks of somebody who is.

        Args:
            texts: In any language; in one that there is a dictionary of it is also heard as that reads it.
            perhaps: Whether a hint is enough.
        """
        written = [text for text in (clean(each) for each in texts) if text]
        asked = [*written, *(read.english for text in written if (read := glossing.read(text)))]
        if not asked:
            return False
        ground = self._ground(self._shelves.current())
        vectors, heard = self._encoder.encode(asked), self._heard(asked)
        screened = [
            grounding.screen(text, vector, ground, heard.get(text)) for text, vector in zip(asked, vectors, strict=True)
        ]
        return any(each.intent == "urgent" or (perhaps and each.perhaps_danger) for each in screened)

    def warm_up(self) -> None:
        """Do now what the first question would otherwise wait for."""
        shelf = self._shelves.current()
        self._chooser(shelf)
        self._needs()
        self._matched(shelf.encoder.name)
        self._situations()
        self.in_danger(["aufwärmen"])  # patterns and dictionaries of other languages, and what is heard
        self.search("warm up")

    def search(self, question: str, history: Sequence[Message] = (), *, limit: int = HITS) -> tuple[Queries, list[Hit]]:
        """Return the passages alone, and the queries they were found with."""
        queries, vectors, shelf = self.searching(question, history)
        if not queries.question:
            return queries, []
        compared = self._compared(_wholes(queries, vectors), shelf, {})
        (hits,) = self._retrieve([_looked_up(queries.searched, vectors, limit, list(compared.values()))], shelf)
        return queries, hits

    def searching(self, question: str, history: Sequence[Message] = ()) -> tuple[Queries, Any, Shelf]:
        """Return what a search goes by: the queries, the vectors of those searched, and the index served."""
        shelf = self._shelves.current()
        read = glossing.read(question)
        queries, told = self._understand(read.english if read else question, history, shelf)
        return queries, self._vectors(queries.searched, told), shelf

    def _vectors(self, texts: Sequence[str], told: dict[str, Any]) -> Any:
        """Embed texts, but for the questions of situations, and what was embedded for this turn (`told`), or now is."""
        situations = self._situations()
        unknown = [text for text in dict.fromkeys(texts) if text not in situations and text not in told]
        told |= dict(zip(unknown, self._encoder.encode(unknown), strict=True)) if unknown else {}
        return np.array([told[text] if text in told else situations[text] for text in texts])

    def _situations(self) -> dict[str, Any]:
        if self._situation_vectors is None:
            texts = conversation.example_texts()
            self._situation_vectors = dict(zip(texts, self._examples.encode(texts), strict=True))
        return self._situation_vectors

    def _understand(
        self,
        asked: str,
        history: Sequence[Message],
        shelf: Shelf,
        *,
        ignore: Collection[str] = (),
        about: Collection[str] = (),
    ) -> tuple[Queries, dict[str, Any]]:
        """Return what a turn asks, and the vectors of what was embedded to know it."""
        ground, speller = self._ground(shelf), self._speller(shelf)
        told: dict[str, Any] = {}
        queries = conversation.understand(
            speller.mend(asked),
            [_heard_by_us(turn, speller) for turn in history],
            of_the_field=ground.speaks_of(conversation.FIELD),
            is_name=ground.sets_apart,
            names_something=ground.proper.__contains__,
            ignore=ignore,
            about=about,
            tell=self._tell(shelf.encoder.name, told),
        )
        return queries, told

    def _tell(self, encoder: str, told: dict[str, Any]) -> conversation.Tell | None:
        teller = telling.teller_for(encoder, tuple(each.key for each in conversation.known_situations()))
        if teller is None:
            return None

        def weigh(text: str, signs: Sequence[float]) -> Mapping[str, telling.Weight]:
            if text not in told:
                told[text] = self._encoder.encode([text])[0]
            return teller.weigh(told[text], signs)

        return weigh

    def _speller(self, shelf: Shelf) -> Speller:
        if shelf.id not in self._spellers:
            self._spellers = {shelf.id: Speller.of(list(shelf.documents.values()))}
        return self._spellers[shelf.id]

    def _glossary(self, shelf: Shelf) -> explaining.Glossary:
        if shelf.id not in self._glossaries:
            self._glossaries = {shelf.id: explaining.Glossary.of(shelf)}
        return self._glossaries[shelf.id]

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

    def _chooser(self, shelf: Shelf) -> choosing.Chooser:
        if shelf.id not in self._choosers:
            of_the_field = self._ground(shelf).reader is not None
            self._choosers = {shelf.id: choosing.Chooser.of(shelf, of_the_field=of_the_field)}
        return self._choosers[shelf.id]

    def matched(
        self, question: str, history: Sequence[Message] = (), *, status: Status = "answered"
    ) -> tuple[matching.Message, matching.Matcher]:
        """Return what services are chosen by: what of a message speaks for them, and what weighs them."""
        shelf = self._shelves.current()
        queries, told = self._understand(clean(question), history, shelf)
        standalone = self._vectors([queries.standalone], told)[0]
        return self._message(queries, standalone, status), self._matched(shelf.encoder.name)

    def _message(self, queries: Queries, vector: Any, status: Status) -> matching.Message:
        told = queries.needs if queries.situations else None
        return referral.understand(queries.standalone, vector, status, self._registry, self._needs(), told=told)

    def _matched(self, encoder: str) -> matching.Matcher:
        if encoder not in self._matchers:
            registry = self._registry
            self._matchers[encoder] = matching.Matcher.of(encoder, self._examples, registry.services, registry.needs)
        return self._matchers[encoder]

    def _needs(self) -> referral.Needs:
        if self._need_examples is None:
            self._need_examples = referral.Needs.of(self._examples)
        return self._need_examples

    def pool(
        self, question: str, history: Sequence[Message] = ()
    ) -> tuple[list[choosing.Found], grounding.Verdict, Shelf]:
        """Return what an answer's sentences are chosen from, what is thought of it before, and the index."""
        shelf = self._shelves.current()
        understood, told = self._understand(clean(question), history, shelf)
        queries, unwanted = self._instead(understood, bounds.bound_of(understood.question))
        vectors = self._vectors([*queries.searched, *queries.facets], told)
        wholes = _wholes(queries, vectors)
        compared = self._compared(wholes, shelf, {})
        hits, facets = self._find(queries, vectors, shelf, unwanted, list(compared.values()))
        verdict, _ = self._judge(queries, vectors, hits, facets, self._ground(shelf))
        standalone = wholes[queries.standalone], compared[queries.standalone]
        return _parts_found(queries, vectors, hits, facets, standalone), verdict, shelf

    def _instead(self, queries: Queries, bound: bounds.Bound | None) -> tuple[Queries, tuple[Service, ...]]:
        """Look up others, too, where something else than a service is wanted; return what is set aside.

        What guidance answers beside a request that it cannot meet is looked up as well.
        """
        unwanted = referral.set_aside(queries.standalone, self._registry)
        others = tuple(f"What else is there for {service.gap}?" for service in unwanted)
        beside = bound.asks if bound else ()
        queries = replace(queries, searched=(*queries.searched, *others))
        return replace(queries, facets=(*queries.facets, *beside), known=queries.known + len(beside)), unwanted

    def _compared(
        self, messages: Iterable[str], shelf: Shelf, heard: Mapping[str, listening.Heard]
    ) -> dict[str, Answering | None]:
        """Compare messages with the sentences of an index, where that was learnt; what was not heard yet is heard."""
        if self._compares is None or self._ground(shelf).reader is None:
            return dict.fromkeys(messages)
        sentences = self._sentences.get(shelf.id)
        if sentences is None:
            sentences = self._compares(shelf)
            self._sentences = {shelf.id: sentences}
        unheard = [message for message in messages if message not in heard]
        known = {**heard, **self._heard(unheard)}
        return {
            message: sentences.asked(message, known[message].shares if message in known else None)
            for message in messages
        }

    def _retrieve(self, searches: Sequence[retrieval.Search], shelf: Shelf) -> list[list[Hit]]:
        name = shelf.encoder.name
        adapter = adapting.adapter_for(name) if self._ground(shelf).reader is not None else None
        return retrieval.retrieve_each(searches, shelf, weights=retrieval.weights_for(name), adapter=adapter)

    def _find(
        self,
        queries: Queries,
        vectors: Any,
        shelf: Shelf,
        unwanted: Sequence[Service],
        compared: Sequence[Answering | None],
    ) -> tuple[list[Hit], list[list[Hit]]]:
        whole = len(queries.searched)
        settled = {text: self._found_for(text, shelf) for text in queries.facets if text in self._situations()}
        parts = [
            retrieval.Search((part,), vectors[whole + i : whole + i + 1], FACET_HITS)
            for i, part in enumerate(queries.facets)
            if part not in settled
        ]
        main = _looked_up(queries.searched, vectors[:whole], DEEP, compared)
        deep, *fresh = self._retrieve([main, *parts], shelf)
        meant = f"{queries.meant} {queries.question}".strip()
        hits = grounding.bring_forward(meant, _about_others(deep, unwanted), self._ground(shelf), self._today())
        found = settled | {search.queries[0]: each for search, each in zip(parts, fresh, strict=True)}
        return hits[:CHOSEN_FROM], [found[part] for part in queries.facets]

    def _found_for(self, situation: str, shelf: Shelf) -> list[Hit]:
        """Return what is found for the question of a situation, which is looked up once for an index."""
        found = self._found_for_situations.get(shelf.id)
        if found is None:
            found = {}
            self._found_for_situations = {shelf.id: found}
        if situation not in found:
            vector = self._situations()[situation][None]
            (found[situation],) = self._retrieve([retrieval.Search((situation,), vector, FACET_HITS)], shelf)
        return found[situation]

    def _judge(
        self, queries: Queries, vectors: Any, hits: list[Hit], facets: list[list[Hit]], ground: grounding.Ground
    ) -> tuple[grounding.Verdict, frozenset[str]]:
        """Judge a message by the surest of its questions: what somebody says of themselves asks nothing.

        A turn that leans on the one before is judged as asked, too: what the earlier one asked for was answered then.

        Returns:
            The verdict, and those of several questions in the message that nothing found answers.
        """
        whole = len(queries.searched)
        hits = hits[:HITS]  # on so many it was measured what a confidence is worth
        parts = list(zip(queries.facets, vectors[whole:], facets, strict=True))
        asking = [each for each in parts if conversation.asks(each[0]) and each[0] in queries.question] or parts
        # What is said to be lacking is named by the person's own words: an answer in a history is a client's claim.
        said = queries.searched[2] if queries.behind and not queries.meant else None
        as_asked = [(text, vector, hits) for text, vector in _wholes(queries, vectors).items() if text != said]
        verdicts = [
            (text, grounding.judge(text, vector, found, ground, self._today()))
            for text, vector, found in [*as_asked, *asking]
        ]
        open_ones = frozenset(
            text
            for text, verdict in verdicts[len(as_asked) :]
            if verdict.status == "not_covered" and conversation.stands_alone(text)
        )
        return max((verdict for _, verdict in verdicts), key=lambda verdict: verdict.confidence), open_ones

    def _quoted(
        self, found: _Found, shelf: Shelf, history: Sequence[Message], *, plain_words: bool
    ) -> tuple[citation.Checked, Status]:
        """Return the answer in quotes, and what it comes to: whoever asked several things has one left open in part."""
        today = self._today()
        kind = asked_for(found.queries.question)
        asking = [found.queries.question, *found.queries.facets[: found.queries.asking]]
        aside = _beyond_beside(found)
        drafts = answering.compose(
            found.status,
            found.asked,
            found.hits,
            found.facets,
            lacking=found.verdict.asked,
            unknown=found.verdict.unknown_names,
            gap=found.gap,
            feeling=found.feeling,
            history=history,
            documents=list(shelf.documents.values()),
            helplines=self._registry.helplines,
            asking=found.queries.asking,
            known=found.queries.known,
            states=found.queries.states,
            about=[each.about for each in found.queries.understood],
            verdict=conversation.asks_for_a_verdict(found.queries.question),
            offered=bool(found.offers),
            people=any(offer.service.kind == "advising" for offer in found.offers),
            wanted=lambda text: kind is not None and contains(text, kind, today),
            told=grounding.teller(asking, self._ground(shelf), today),
            advisers=lambda text: frozenset(s.id for s in self._registry.people if referral.is_named(s, text)),
            bound=found.bound,
            aside=bool(aside),
            plainly=found.status in {"urgent", "refused"} and grounding.is_in_so_many_words(found.status, found.asked),
        )
        chooser = self._chooser(shelf)
        notes: tuple[str, ...] = ()
        if found.status == "answered" and found.asked_in_it:
            reads = _said_on(found, drafts, chooser)
            notes = tuple(_notes_on(_left_open(found, reads, chooser), found.kinds))
            if found.asked_in_it[1:] and chooser.head:
                drafts = _by_question(drafts, found.pool, reads)
        notes = tuple(dict.fromkeys([*aside, *notes, *_notes_beside(found)]))[:NOTES]
        pool = found.pool
        if plain_words:
            drafts, pool = self._glossary(shelf).explain(drafts, pool, found.asked, history)
        checked = citation.check(drafts, pool)
        for note in notes:
            checked = checked.with_note(note)
        reminder = answering.dated((s.text for s in checked.sentences if s.origin == "quote"), today)
        checked = checked.with_note(reminder) if reminder else checked
        if found.perhaps_danger and found.status != "urgent":
            for line in (answering.URGENT_PERHAPS, *answering.to_call(self._registry.helplines)):
                checked = checked.with_note(line)
        return checked, "partly" if notes else found.status

    def _reworded(
        self, queries: Queries, history: Sequence[Message], account: _Account
    ) -> Generator[Stage, None, Queries]:
        """Search a follow-up in a model's wording, too, where the operator wants that and it comes in time.

        Ours is searched in any case: the two race, and a model that is late or writes something else changes nothing.
        """
        leans = queries.standalone != queries.question
        if not leans or self._model is None or not self._rewords or self._allowance.is_used_up(account.before):
            return queries
        messages = prompting.compose_rewording(queries.question, history)
        text = yield from self._said(self._model.stream(messages), account, within=REWORDING_S)
        reworded = prompting.read_rewording(text, queries.question, history)
        return replace(queries, searched=(*queries.searched, reworded)) if reworded else queries

    def _said(
        self, pieces: Iterator[str | Stage | Usage | Ended], account: _Account, *, within: float
    ) -> Generator[Stage, None, str]:
        """Return all that a model says, without its reasoning; nothing where it fails, or takes longer (seconds)."""
        until = time.monotonic() + within
        text = ""
        try:
            for item in pieces:
                if isinstance(item, str):
                    text += item
                elif isinstance(item, Usage):
                    account.asking(item)
                elif isinstance(item, Stage):
                    yield item
                if time.monotonic() > until:
                    return ""
        except ModelUnavailable:
            return ""
        finally:
            account.asked()
            if isinstance(pieces, Generator):
                pieces.close()
        return prompting.said(text)

    def _in_another(
        self, asked: str, given: _Given, account: _Account, clock: _Clock, *, quotes_only: bool
    ) -> Generator[Stage | Piece | Reply, None, bool]:
        """Answer a question of another language, as a model translates it, where one may, or as a dictionary reads it.

        Returns:
            False, with nothing shown, where neither gives it in English, or it says plainly that somebody is in danger.
        """
        if grounding.is_in_so_many_words("urgent", asked):
            return False
        if self.translates and not quotes_only and (yield from self._translated(asked, given, account, clock)):
            return True
        return (yield from self._read_by_words(asked, given, clock))

    def _read_by_words(self, asked: str, given: _Given, clock: _Clock) -> Generator[Piece | Reply, None, bool]:
        """Answer a question of another language as a dictionary reads it word by word, in quotes; say how it was read.

        Returns:
            False, with nothing shown, where too little of it is read, or it seems to be no question to guidance: so
            rough a reading is not enough to refuse something by.
        """
        read, language = glossing.read(asked), foreign_language(asked)
        if read is None or language is None:
            return False
        told = [turn for each in given.history if (turn := _in_english(each))]
        *_, reply = self.reply(read.english, told, ignore=given.ignore, about=given.about, quotes_only=True)
        if not isinstance(reply, Reply) or reply.status not in READ_BY_WORDS:
            return False
        says = (language.danger,) if reply.status == "urgent" else read.says
        behind = (replace(sentence, paragraph=sentence.paragraph + 1) for sentence in reply.sentences)
        sentences = (*(Sentence(text, (), 0.0, "fixed") for text in says), *behind)
        for text in _paragraphs(sentences):
            clock.mark("first_text")
            yield Piece(text)
        clock.mark("total")
        yield replace(
            reply,
            question=asked,
            status="partly" if reply.status == "answered" else reply.status,
            answer="".join(_paragraphs(sentences)).strip(),
            sentences=sentences,
            timings_ms={**reply.timings_ms, **clock.marks},
        )
        return True

    def _translated(
        self, asked: str, given: _Given, account: _Account, clock: _Clock
    ) -> Generator[Stage | Piece | Reply, None, bool]:
        """Answer a question of another language in English, and translate what the model wrote and the check let pass.

        Returns:
            False, with nothing shown, where no model can be asked, or it does not give the question in English.
        """
        language = foreign_language(asked)
        if self._model is None or language is None or self._allowance.is_used_up(account.before):
            return False
        yield Stage("Translating the question")
        english_asked = self._model.stream(prompting.compose_english(asked, given.history))
        said = yield from self._said(english_asked, account, within=TRANSLATING_S)
        english = translating.read_question(said, asked, prompting.earlier(given.history))
        if not english:
            return False
        told = [turn for turn in given.history if not foreign_language(turn.content)]
        reply: Reply | None = None
        replying = self.reply(
            english, told, ignore=given.ignore, about=given.about, spent=given.spent, plain_words=given.plain_words
        )
        for item in replying:
            if isinstance(item, Stage):
                yield item
            elif isinstance(item, Reply):
                reply = item
        if reply is None:
            return False
        own = [sentence.text for sentence in reply.sentences if sentence.origin == "model"]
        if own:
            yield Stage("Translating the answer")
            translation = self._model.stream(prompting.compose_translation(own, asked))
            said = yield from self._said(translation, account, within=TRANSLATING_S)
        theirs = dict(zip(own, translating.read_sentences(said, own, language), strict=True)) if own else {}
        sentences = tuple(replace(each, text=theirs.get(each.text, each.text)) for each in reply.sentences)
        kept = sum(text == translated for text, translated in theirs.items())
        for text in _paragraphs(sentences):
            clock.mark("first_text")
            yield Piece(text)
        clock.mark("total")
        used = (account.used or Usage()).plus(reply.usage or Usage())
        yield replace(
            reply,
            question=asked,
            answer="".join(_paragraphs(sentences)).strip(),
            sentences=sentences,
            notice=" ".join(filter(None, (translating.notice(english, len(own), kept), reply.notice))),
            usage=used,
            cost=self._allowance.cost_of(used),
            timings_ms={**reply.timings_ms, **clock.marks},
        )
        return True

    def _written(
        self,
        found: _Found,
        history: Sequence[Message],
        spoken: _Spoken,
        account: _Account,
        *,
        quotes_only: bool,
        plain_words: bool,
    ) -> Generator[Stage | Piece, None, tuple[citation.Checked | None, str, tuple[Dropped, ...]]]:
        """Stream the model's sentences that hold; `None`, why, and all it wrote, when quotes must answer."""
        if self._model is None or quotes_only or not found.for_a_model:
            return None, "", ()
        if self._allowance.is_used_up(account.before):
            return None, USED_UP, ()
        told = "\n".join([*(turn.content for turn in history if turn.role == "user"), found.asked])
        earlier = [turn.content for turn in history if turn.role == "assistant"]
        notice = ""
        before: tuple[Dropped, ...] = ()
        for passages in (MODEL_PASSAGES, FEWER_PASSAGES):
            hits = found.hits[:passages]
            messages = prompting.compose(found.queries.standalone, history, hits, plain_words=plain_words)
            yield Stage(f"{self._model.name} is writing")
            draft = _Draft(partial(citation.Checking, hits, told=told, before=earlier))
            try:
                yield from self._drafted(draft, self._model.stream(messages), spoken, account)
            except PromptTooLong as trouble:
                notice = f"{trouble} {QUOTED_INSTEAD}"
                before = (*before, *draft.left_out(NOT_WHOLE))
                spoken.withdraw()
                continue
            except ModelUnavailable as trouble:
                return None, f"{trouble} {QUOTED_INSTEAD}", (*before, *draft.left_out(NOT_WHOLE))
            if self._second_opinion is not None:
                yield from self._asked_about(draft, self._second_opinion, account)
            checked = draft.checked
            whole = len(checked.sentences) + len(checked.dropped)
            if whole and len(checked.sentences) / whole >= ENOUGH:
                if self._second_opinion is not None:
                    for text in _paragraphs(checked.sentences):
                        yield spoken.piece(text)
                return checked, "", before
            left_out = f" ({len(checked.dropped)} of {whole} sentences left out)" if whole else ""
            too_little = (
                f"Too little of what the language model wrote was carried by the sources{left_out}; "
                "they are quoted instead."
            )
            admitted = draft.admitted and not checked.sentences
            return None, ADMITTED if admitted else too_little, (*before, *draft.left_out(TOO_LITTLE))
        return None, notice, before

    def _drafted(
        self,
        draft: _Draft,
        pieces: Iterator[str | Stage | Usage | Ended],
        spoken: _Spoken,
        account: _Account,
    ) -> Generator[Stage | Piece, None, None]:
        """Stream what a model writes of these passages, sentence by sentence, as far as it holds; `draft` keeps it.

        Where there is to be a second opinion, nothing is shown before it.
        """
        try:
            for item in prompting.sentences(pieces):
                match item:
                    case Stage():
                        yield item
                    case Usage():
                        account.asking(item)
                    case prompting.Withdrawn():
                        draft.clear()
                        spoken.withdraw()
                    case DraftSentence() if prompting.admits(item.text):
                        draft.admitted = True
                    case DraftSentence():
                        sentence = draft.add(item)
                        if sentence and self._second_opinion is None:
                            yield spoken.piece(_marked(sentence) + " ")
        finally:
            account.asked()
            if isinstance(pieces, Generator):
                pieces.close()  # at once, not when it is collected: the request is taken back

    def _asked_about(self, draft: _Draft, model: LanguageModel, account: _Account) -> Generator[Stage, None, None]:
        """Ask a model about each sentence that passed the check; what it does not deny in time stands."""
        quotes = {each.number: each.quote for each in draft.checked.citations}
        until = time.monotonic() + SECOND_OPINION_S
        refused: list[str] = []
        for sentence in draft.checked.sentences:
            left = until - time.monotonic()
            if left <= 0 or self._allowance.is_used_up(account.conversation):
                break
            yield Stage("Asking for a second opinion")
            asked = prompting.compose_judgement(sentence.text, [quotes[number] for number in sentence.citations])
            said = yield from self._said(model.stream(asked), account, within=left)
            if not said:
                break  # it would fail again
            if prompting.read_judgement(said) is False:
                refused.append(sentence.text)
        if refused:
            draft.refuse(refused)

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


def _status_of(screened: grounding.Screened, verdict: grounding.Verdict, hits: Sequence[Hit]) -> Status:
    """Return what may be said: what is off the subject of the shipped guidance may be that of a page of one's own."""
    off_topic = screened.intent == "off_topic" and not _is_measured(hits)
    return verdict.status if screened.intent is None or off_topic else screened.intent


def _in_english(turn: Message) -> Message | None:
    """Return a turn of a conversation in English; `None` where it is of another language and nothing reads it."""
    if not foreign_language(turn.content):
        return turn
    read = glossing.read(turn.content) if turn.role == "user" else None
    return replace(turn, content=read.english) if read else None


def _insists(asked: str, history: Sequence[Message]) -> bool:
    """Tell whether somebody sends their last message once more."""
    before = next((turn.content for turn in reversed(history) if turn.role == "user"), "")
    return clean(before).casefold() == asked.casefold()


def _said_on(found: _Found, drafts: answering.Drafts, chooser: choosing.Chooser) -> list[list[float]]:
    """Return for each quote the log-odds (`Chooser.reads`) that it says something on each question of several."""
    pool = found.pool
    quoted = [(pool[draft.cited[0]], draft.span) for _, draft in drafts if draft.origin == "quote" and draft.span]
    return [[chooser.reads(asked.vector, hit, span) for asked in found.asked_in_it] for hit, span in quoted]


def _notes_on(left_open: Sequence[_Asked], kinds: gaps.Gaps | None) -> Iterator[str]:
    """Say which of several questions are left open: by what is missing where its kind is known, else in their words."""
    known = [(asked, kinds.kind_of(asked.vector) if kinds else None) for asked in left_open]
    yield from dict.fromkeys(answering.open_on(gap.lacks) for _, gap in known if gap)
    if unknown := [asked.text for asked, gap in known if gap is None]:
        yield answering.nothing_on(unknown)


def _open_in(messages: Sequence[Any], kinds: gaps.Gaps | None) -> tuple[float, gaps.Gap | None]:
    """Return the log-odds that guidance leaves a message open, or a question in it, and of what kind.

    Args:
        messages: The vectors of the message, first, and of the questions in it.
        kinds: What tells kinds apart; where that was not learnt, nothing is known.
    """
    if kinds is None:
        return 0.0, None
    most_open = max(messages, key=kinds.log_odds)
    return kinds.log_odds(most_open), kinds.kind_of(most_open)


def _beyond_beside(found: _Found) -> list[str]:
    """Return what is to be said of what guidance cannot do, where that is asked beside questions that it answers."""
    bound = found.bound
    if bound is None or found.status not in {"answered", "partly"}:
        return []
    return [bound.says] if bound.is_aside([part.text for part in found.asked_in_it]) else []


def _notes_beside(found: _Found) -> Iterator[str]:
    """Say what a message leaves open of which nothing is said yet, whatever else of it is answered.

    A single short question is judged as a whole: it is answered, or it is not.
    """
    if found.bound is not None or found.status not in {"answered", "partly"}:
        return
    if len(found.asked_in_it) < SEVERAL_ASKED and len(words(found.asked)) <= grounding.STORY:
        return
    said = found.gap if found.status == "partly" else None
    yield from (answering.open_on(gap.lacks) for gap in found.left_open if gap != said)


def _left_open(found: _Found, reads: Sequence[Sequence[float]], chooser: choosing.Chooser) -> list[_Asked]:
    """Return the questions of a message of several that nothing quoted answers.

    One that wants a verdict has ours, that nobody can give it; and one that guidance likelier answers than not, as far
    as that is known, is not called open.
    """

    def is_open(i: int, asked: _Asked) -> bool:
        if len(content_words(asked.text)) < ASKS or conversation.asks_for_a_verdict(asked.text):
            return False
        if found.bound is not None and found.bound.pattern.search(asked.text):
            return False  # it has been said what is beyond guidance
        if chooser.head is None:
            return asked.open and not answering.likely(asked.hits)
        if max((hit.wording for hit in asked.hits), default=0.0) >= NEAR:
            return False
        if found.kinds is not None and found.kinds.log_odds(asked.vector) < 0.0:
            return False
        best = max((each[i] for each in reads), default=-math.inf)
        return (
            best < COVERED
            and max((max(hit.belongs_by_words, default=-math.inf) for hit in asked.hits), default=0.0) < FITS
        )

    return [asked for i, asked in enumerate(found.asked_in_it) if is_open(i, asked)]


def _by_question(drafts: answering.Drafts, pool: Sequence[Hit], reads: Sequence[Sequence[float]]) -> answering.Drafts:
    """Give each of several questions a paragraph of its quotes, the likeliest quote's first, behind our own words.

    What says something on none of them stays with what was quoted of the same section, or is a paragraph, too.
    """
    ours = [each for each in drafts if each[1].origin != "quote"]
    paragraphs: dict[int, list[DraftSentence]] = {}
    placed: dict[tuple[str, int], int] = {}
    for (_, draft), says in zip(drafts[len(ours) :], reads, strict=True):
        hit = pool[draft.cited[0]]
        section = hit.document.path, hit.section
        place = int(np.argmax(says)) if max(says) >= COVERED else placed.get(section, -1)
        placed.setdefault(section, place)
        paragraphs.setdefault(place, []).append(draft)
    return [*ours, *((i, draft) for i, part in enumerate(paragraphs.values(), start=1) for draft in part)]


def _follow_ups(found: _Found, checked: citation.Checked, shelf: Shelf, history: Sequence[Message]) -> tuple[str, ...]:
    """Return what could be asked next; nothing is put before somebody in danger."""
    if found.status == "urgent":
        return ()
    if found.status in {"small_talk", "clarify", "off_topic", "refused"}:
        return answering.starters(list(shelf.documents.values()), history)
    # What is looked up for anybody in such a situation is not near to what somebody asks.
    near = [*found.hits, *(hit for part in found.facets[: _own_parts(found.queries)] for hit in part)]
    return answering.follow_ups(near, checked.citations, history, states=found.queries.states)


def _is_measured(hits: Sequence[Hit]) -> bool:
    """Tell whether what was found is of guidance like the shipped, on which it was measured what answers."""
    return bool(hits) and answering.is_measured(hits[0])


def _with_what_belongs(
    verdict: grounding.Verdict,
    chooser: choosing.Chooser,
    wholes: Sequence[Any],
    found: Sequence[Sequence[Hit]],
    *,
    question: str,
    ground: grounding.Ground,
    today: date,
    left_open: float,
    of_a_kind: bool,
) -> grounding.Verdict:
    """Judge anew by the sentences that belong in the answer, where that was measured: in guidance like the shipped.

    What is surely of a kind that such guidance leaves open (`of_a_kind`) is on its subject.
    """
    limits = chooser.answerable
    if limits is None or not _is_measured(found[0]):
        return verdict
    odds = max(
        limits.log_odds(
            chooser.whole(
                whole,
                found,
                confidence=verdict.confidence,
                lacking=verdict.asked is not None,
                unnamed=bool(verdict.unknown_names),
                left_open=left_open,
            )
        )
        for whole in wholes
    )
    if verdict.status == "off_topic" and odds < ON_TOPIC and not of_a_kind:
        return verdict
    near = odds >= limits.partly or _is_likely(found)
    status: Status = "answered" if odds >= limits.answered else "partly" if near else "not_covered"
    lacking = verdict.asked
    likeliest = _likeliest(found)
    told = lacking is not None and not verdict.unknown_names and contains(likeliest, lacking, today)
    if told and grounding.is_of_what_is_asked(likeliest, question, ground):
        lacking = None  # whatever else speaks against it: nobody is told that there is no number above a number
    if status == "answered" and lacking is not None:
        status = "partly"  # what has no amount in it does not say how much
    return verdict._replace(status=status, confidence=1.0 / (1.0 + math.exp(-odds)), asked=lacking)


def _is_likely(found: Sequence[Sequence[Hit]]) -> bool:
    """Tell whether any sentence likely belongs in the answer."""
    return any(max(hit.belongs_by_words, default=-math.inf) >= LIKELY for part in found for hit in part)


def _likeliest(found: Sequence[Sequence[Hit]]) -> str:
    """Return the sentence that likeliest belongs in the answer, where it does; nothing elsewhere."""
    hits = [hit for part in found for hit in part if hit.sentences]
    best = max(hits, key=lambda hit: max(hit.belongs), default=None)
    if best is None or max(best.belongs) < LIKELY:
        return ""
    span = best.sentences[int(np.argmax(best.belongs))]
    return best.document.text[span.start : span.end]


def _about_others(hits: list[Hit], unwanted: Sequence[Service]) -> list[Hit]:
    """Leave out the sections about what somebody wants an alternative to, if anything else was found."""
    others = [hit for hit in hits if not any(referral.is_about(service, " ".join(hit.heading)) for service in unwanted)]
    return others or hits


def _parts_found(
    queries: Queries,
    vectors: Any,
    hits: list[Hit],
    facets: list[list[Hit]],
    whole: tuple[Any, Answering | None],
) -> list[choosing.Found]:
    """Return what was found with the vector of what it was found for, the whole message first."""
    own = _own_parts(queries)
    parts = zip(vectors[len(queries.searched) :], facets, strict=True)
    return [
        choosing.Found(whole[0], hits, answering=whole[1]),
        *(choosing.Found(*part, general=i >= own, asks=i < queries.asking) for i, part in enumerate(parts)),
    ]


def _looked_up(
    queries: Sequence[str], vectors: Any, limit: int, compared: Sequence[Answering | None]
) -> retrieval.Search:
    """Return a search by each sentence's log-odds in the form of the message that has it likeliest."""
    known = [each for each in compared if each is not None]
    if not known:
        return retrieval.Search(queries, vectors, limit)
    return retrieval.Search(queries, vectors, limit, np.max([each.odds for each in known], axis=0), known[0].taught)


def _own_parts(queries: Queries) -> int:
    """Return how many of the parts count as the message's own: where it asks nothing, all that was looked up does."""
    return len(queries.facets) - (queries.known if queries.asking else 0)


def _heard_by_us(turn: Message, speller: Speller) -> Message:
    """Return a turn as it is understood: the person's without slips, and of what we say about no subject nothing."""
    if turn.role == "user":
        return replace(turn, content=speller.mend(turn.content))
    return replace(turn, content="") if answering.is_of_no_subject(turn.content) else turn


def _wholes(queries: Queries, vectors: Any) -> dict[str, Any]:
    """Return the turn in its stand-alone form, as asked, and behind the last answer, each with its vector."""
    wholes = {
        queries.standalone: vectors[1 if queries.standalone != queries.question else 0],
        queries.question: vectors[0],
    }
    return wholes | ({queries.searched[2]: vectors[2]} if queries.behind else {})


def _paragraphs(sentences: Sequence[Sentence]) -> Iterator[str]:
    """Yield the sentences with their markers, as shown: a space between two, an empty line between paragraphs."""
    for i, sentence in enumerate(sentences):
        last = i + 1 == len(sentences)
        end = "" if last else " " if sentences[i + 1].paragraph == sentence.paragraph else "\n\n"
        yield _marked(sentence) + end


def _marked(sentence: Sentence) -> str:
    return sentence.text + "".join(f" [{number}]" for number in sentence.citations)

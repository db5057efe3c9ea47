"""The nouns that the steps hand to one another, and the errors they raise.

Frozen, and built from the standard library only: a step can be read, tested and replaced with nothing but this
module beside it. An offset is always a count of Unicode code points in `Document.text`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

Kind: TypeAlias = Literal["our summary", "source text"]
Feeling: TypeAlias = Literal["hardship", "doubt"]
"""Rejection or exhaustion, or doubt about oneself: the reply then begins kindly."""

Status: TypeAlias = Literal[
    "answered", "partly", "clarify", "small_talk", "not_covered", "off_topic", "refused", "urgent", "invalid"
]
Origin: TypeAlias = Literal["quote", "model", "fixed"]
Role: TypeAlias = Literal["user", "assistant"]


# ---------------------------------------------------------------- what is read


class Span(NamedTuple):
    """A stretch of a document's text, `text[start:end]`."""

    start: int
    end: int


class Anchor(NamedTuple):
    """Where a page or a moment of the original begins in the stored text."""

    offset: int
    page: int | None
    """Page number, counted from 1, where the format has pages."""
    time: float | None
    """Seconds from the start, where the format has a clock."""


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch under one heading; a document without headings is one section."""

    heading: tuple[str, ...]
    """Headings from the outermost to this one; empty where the format has none."""
    blocks: tuple[Span, ...]
    """Paragraphs that may be quoted, in order; headings, comments and front matter are in none of them."""
    wordings: tuple[str, ...] = ()
    """Questions in other words that this section answers: searched and suggested, never quoted."""
    sources: tuple[str, ...] = ()
    """Addresses that the section was written from; empty means those of the document."""
    as_of: str | None = None
    """When it was true, as an ISO date, month or year."""
    starter: bool = False
    """Whether its question is a good one to begin a conversation with."""
    presumes: str = ""
    """The situation (a key of situations.toml) of the person whom it speaks to; it would be out of place to others."""


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read: the stored text, and where each part of it may be found."""

    path: str
    """Relative to the folder that was indexed, with forward slashes; unique in an index."""
    text: str
    title: str
    sections: tuple[Section, ...]
    url: str | None = None
    author: str | None = None
    after: str | None = None
    """Whose view a summary gives, in words: "Rob Miles' talk …"."""
    date: str | None = None
    licence: str | None = None
    kind: Kind = "source text"
    sources: tuple[str, ...] = ()
    anchors: tuple[Anchor, ...] = ()
    """By rising offset."""

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Document:
        """Return the document that `dataclasses.asdict` and JSON made objects and lists of.

        Raises:
            KeyError, TypeError: If fields are missing or misshapen.
        """
        sections = tuple(
            Section(
                **{
                    **section,
                    "heading": tuple(section["heading"]),
                    "blocks": tuple(Span(*span) for span in section["blocks"]),
                    "wordings": tuple(section["wordings"]),
                    "sources": tuple(section["sources"]),
                }
            )
            for section in fields["sections"]
        )
        anchors = tuple(Anchor(*anchor) for anchor in fields["anchors"])
        return cls(**{**fields, "sections": sections, "anchors": anchors, "sources": tuple(fields["sources"])})


class Failure(NamedTuple):
    """A file that could not be read, and why, in one line a person can act on."""

    path: str
    reason: str


class Reading(NamedTuple):
    """What came of reading files and folders."""

    documents: tuple[Document, ...]
    failed: tuple[Failure, ...]


# ---------------------------------------------------------------- what is searched


@dataclass(frozen=True, slots=True)
class Passage:
    """The smallest readable stretch of a section that is scored: a sentence, or a few clauses of speech.

    The passages of a document tile its blocks in order and never overlap.
    """

    document: str
    """`Document.path`."""
    section: int
    """Position in `Document.sections`."""
    start: int
    end: int


SENTENCE = -1
"""Size of the window of a single passage: it tells the sentences of a found stretch apart."""


@dataclass(frozen=True, slots=True)
class Window:
    """A text whose vector is in the index; it points at the stretch that it speaks for."""

    document: str
    section: int
    start: int
    end: int
    """Of a text window: the words themselves. Of a wording: its section's blocks, first to last."""
    size: int
    """Nominal length in words; 0 for a wording of a section's question, -1 for a passage by itself."""
    text: str
    """What was embedded."""


class Chunks(NamedTuple):
    """A document, cut."""

    passages: tuple[Passage, ...]
    windows: tuple[Window, ...]


class EncoderIdentity(NamedTuple):
    """Which weights made a vector."""

    name: str
    sha256: str
    """Of the weights file, as the catalogue gives it."""
    dimension: int


class Age(NamedTuple):
    """How old an index is, and what it holds; dates, months or years in ISO form."""

    built: str
    newest: str = ""
    """As of when the newest of it is; empty where nothing says that."""
    oldest: str = ""


class Shelf(Protocol):
    """An index, open for reading: what retrieval needs of it, and no more."""

    @property
    def id(self) -> str:
        """Name of the version served."""
        ...

    @property
    def built(self) -> str:
        """The day on which it was built, in ISO form."""
        ...

    @property
    def encoder(self) -> EncoderIdentity:
        """Which encoder's vectors these are."""
        ...

    @property
    def documents(self) -> Mapping[str, Document]:
        """By path."""
        ...

    @property
    def passages(self) -> Sequence[Passage]:
        """By document path, then by offset."""
        ...

    @property
    def windows(self) -> Sequence[Window]:
        """In the order of the rows of `vectors`."""
        ...

    @property
    def vectors(self) -> Any:
        """Array of float32, shape (len(windows), dimension), rows of length 1."""
        ...

    def lexical(self, question: str) -> Any:
        """Return BM25 scores of the passages' surroundings, float32, shape (len(passages),); zero: no word shared."""
        ...


@dataclass(frozen=True, slots=True)
class Hit:
    """A readable stretch of a document that was found for a question."""

    document: Document
    section: int
    start: int
    end: int
    score: float
    """By which hits are ordered: how well its best sentence answers, and how well the stretch was found."""
    sentences: tuple[Span, ...]
    """The quotable sentences (or clause groups) of the stretch, in order; the first starts at `start`."""
    sentence_scores: tuple[float, ...]
    """How well each sentence answers: log-odds against the other sentences found, up to a constant."""
    similarity: float = 0.0
    """Highest cosine between a query and a window that touches the stretch."""
    wording: float = 0.0
    """Highest cosine between a query and another wording of the section's question; 0 where it has none."""
    legs: Mapping[str, int] = field(default_factory=dict)
    """Rank in each leg ("dense", "lexical", "wording"), from 1; a leg that did not find it is absent."""
    leg_scores: Mapping[str, float] = field(default_factory=dict)
    fused: float = 0.0
    """Score of the stretch in deviations of all passages: how far it stands out."""
    belongs: tuple[float, ...] = ()
    """Log-odds of each sentence that it belongs in the answer, as `choosing` has it; empty where nobody asked."""
    belongs_by_words: tuple[float, ...] = ()
    """The same without what is known of it by heart, which says what answers best rather than whether anything does."""

    def overlaps(self, other: Hit) -> bool:
        """Tell whether the two share words of a document."""
        return self.document.path == other.document.path and self.start < other.end and other.start < self.end

    @property
    def text(self) -> str:
        """The stretch, as it stands in the document."""
        return self.document.text[self.start : self.end]

    @property
    def heading(self) -> tuple[str, ...]:
        """Headings above it, outermost first."""
        return self.document.sections[self.section].heading


# ---------------------------------------------------------------- what is asked and said


@dataclass(frozen=True, slots=True)
class Message:
    """A turn of the conversation so far. What a client sends here is a claim, not a fact."""

    role: Role
    content: str


class Understood(NamedTuple):
    """Something that a person was taken to have said of themselves."""

    key: str
    """Of situations.toml."""
    label: str
    """In our words, behind "somebody who": "writes software"."""
    about: str = ""
    """In our words, what was looked up for it, behind "what is said on": "coming from software"."""


@dataclass(frozen=True, slots=True)
class Queries:
    """A question, as it will be searched for."""

    question: str
    """As asked, cleaned of control characters."""
    standalone: str
    """As it would be asked without the turns before it; the same as `question` where it stands alone."""
    searched: tuple[str, ...]
    """Each ranked by itself; the rankings are fused. First the turn as asked, then, if it leans, as it stands alone."""
    facets: tuple[str, ...] = ()
    """What a message of several parts is looked up by as well: its own questions, and those of such a person."""
    situations: tuple[str, ...] = ()
    """What the person said of themselves, in our words: "writes software"."""
    understood: tuple[Understood, ...] = ()
    """What of it this turn was looked up by, as the person is shown it."""
    needs: tuple[str, ...] = ()
    """What such a person needs from others, ids of `referral`'s needs, the most pressing first."""
    asking: int = 0
    """How many of the first facets are questions of the message itself."""
    known: int = 0
    """How many of the last facets are questions that guidance answers for such a person."""
    states: frozenset[str] = frozenset()
    """Keys of all situations that the person's words fit, asked or told: what a section may presume."""
    meant: str = ""
    """What the turn points at, by the name that the last answer gave; empty where it points at nothing."""
    behind: bool = False
    """Whether the third of those searched is the turn behind that name, or behind what the last answer said."""


@dataclass(frozen=True, slots=True)
class Service:
    """A person, page or programme that can help, from the registry."""

    id: str
    name: str
    kind: str
    url: str
    audience: str
    cost: str
    gap: str
    """What it helps with, as the end of the sentence "for …"."""
    price: str = ""
    """`free`, `paid` (it costs whoever takes part) or `pays` (it pays them); empty where the registry does not say."""
    caveat: str = ""
    region: str = ""
    as_of: str | None = None
    """Date of the source that names it; never invented."""
    last_checked: str | None = None
    """Day on which its address last answered; written by `services check --online` alone."""
    source: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """A service, offered to this person, and why."""

    service: Service
    why: str


@dataclass(frozen=True, slots=True)
class DraftSentence:
    """One sentence of a reply before it was checked."""

    text: str
    cited: tuple[int, ...]
    """Positions in the hits that it stands on, from 0."""
    origin: Origin
    span: Span | None = None
    """For a quote: where the words stand in the document of its one hit."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a reply, checked."""

    text: str
    citations: tuple[int, ...]
    """Numbers of `Citation`, from 1."""
    support: float
    """Share of its content that the cited passages carry, 0 to 1; 1 for a quote, 0 for our own wording."""
    origin: Origin
    paragraph: int = 0
    """Which paragraph of the answer it belongs to, from 0."""


@dataclass(frozen=True, slots=True)
class Citation:
    """The exact words that a sentence stands on: `quote == document.text[start:end]`."""

    number: int
    document: str
    title: str
    url: str | None
    start: int
    end: int
    quote: str
    author: str | None
    after: str | None
    date: str | None
    page: int | None
    time: float | None
    kind: Kind
    sources: tuple[str, ...]
    heading: tuple[str, ...] = ()
    before: str = ""
    """Words next to the quote in the document, for showing it in its context."""
    behind: str = ""


@dataclass(frozen=True, slots=True)
class Term:
    """A word of an answer that the index's glossary explains."""

    word: str
    """As the answer has it."""
    citation: Citation
    """The sentence that explains it."""


class Dropped(NamedTuple):
    """A sentence that a language model wrote and nobody sees as an answer."""

    text: str
    reason: str


class Summary(NamedTuple):
    """What a language model wrote of somebody's answers, as far as it holds."""

    model: str
    """Its name."""
    sentences: tuple[str, ...]
    dropped: tuple[Dropped, ...] = ()
    used: Usage | None = None
    notice: str = ""
    """Why there is no summary, in a sentence for a person; empty where there is one."""


class Piece(NamedTuple):
    """Words of the answer, as they come."""

    text: str
    anew: bool = False
    """Whether the answer begins anew with them: what came before is no part of it any more."""


class Stage(NamedTuple):
    """What is being done, in words for a person: "searching", "reading 6 passages", "answering"."""

    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that a language model was asked with, and wrote."""

    input: int = 0
    output: int = 0
    estimated: bool = False
    """Whether any of them are estimated from the length of the text, because the provider did not say."""

    def plus(self, other: Usage) -> Usage:
        """Return the two together."""
        return Usage(self.input + other.input, self.output + other.output, self.estimated or other.estimated)

    @property
    def total(self) -> int:
        """Those asked and those written."""
        return self.input + self.output


class Ended(NamedTuple):
    """How a language model's text ended."""

    whole: bool
    """False where it was cut at the longest answer that is allowed: what comes last is then no whole sentence."""


@dataclass(frozen=True, slots=True)
class Reply:
    """All that came of one question."""

    question: str
    standalone: str
    status: Status
    answer: str
    """Plain text with [n] markers, as shown."""
    sentences: tuple[Sentence, ...] = ()
    citations: tuple[Citation, ...] = ()
    offers: tuple[Offer, ...] = ()
    follow_ups: tuple[str, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    hits: tuple[Hit, ...] = ()
    """Everything that was retrieved, cited or not, best first."""
    model: str = "quotes"
    notice: str = ""
    """Something the person should know about how this was answered: a model that broke off, say."""
    usage: Usage | None = None
    """What a language model was asked with, and wrote, for this reply; None where none was asked."""
    cost: float | None = None
    """Of that, in the currency of the operator's prices; None where there is no price."""
    understood: tuple[Understood, ...] = ()
    """What the person was taken to have said of themselves in this turn; whoever asks may say "not this" of it."""
    index: str = ""
    confidence: float | None = None
    """Calibrated probability that the passages answer the question; `None` where none was judged."""
    timings_ms: Mapping[str, float] = field(default_factory=dict)


# ---------------------------------------------------------------- what goes wrong


class AdvisorError(Exception):
    """Something that a person can mend; the message says what to do next. Exit code 3."""

    exit_code = 3


class WrongUse(AdvisorError):
    """The command was called wrongly. Exit code 2."""

    exit_code = 2


class CorpusError(AdvisorError):
    """A page, the registry or a test set is malformed."""


class NothingReadable(AdvisorError):
    """Not one of the files could be read; the old index stays."""

    def __init__(self, message: str, failed: Sequence[Failure] = ()) -> None:
        super().__init__(message)
        self.failed = tuple(failed)


class IndexMissing(AdvisorError):
    """There is no index yet."""


class IndexUnsound(AdvisorError):
    """The index is damaged, or was made with another encoder or splitter; it is never searched."""


class IndexOutdated(IndexUnsound):
    """The index was written by another version of the program; what it was made from is still known."""

    def __init__(self, message: str, *, sources: Sequence[str], shipped: bool) -> None:
        super().__init__(message)
        self.sources = tuple(sources)
        self.shipped = shipped
        """Whether it holds the shipped corpus and nothing else."""


class IndexBusy(AdvisorError):
    """Another process is building."""


class WeightsMissing(AdvisorError):
    """The weights are not there, or are not the ones in the catalogue."""


class ModelUnavailable(AdvisorError):
    """The language model cannot be reached, refused, or stopped answering."""


class PromptTooLong(ModelUnavailable):
    """The language model takes no messages of this length; shorter ones may be answered."""

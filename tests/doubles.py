"""Stand-ins that answer like the real parts and remember what they were asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cached_property

from career_advisor import chunking, files, summarising
from career_advisor.records import (
    Age,
    Citation,
    Document,
    Hit,
    Message,
    Offer,
    Piece,
    Queries,
    Reply,
    Section,
    Sentence,
    Service,
    Span,
    Stage,
    Summary,
    Term,
    Understood,
)
from career_advisor.referral import load_registry
from career_advisor.settings import shipped_corpus
from career_advisor.spending import Allowance, Spent
from career_advisor.support import Said

PAGE_TEXT = (
    "# Do I need a PhD?\n\n"
    "Working on AI safety mostly needs no PhD. Engineers and contributors on safety teams mostly have none, in Rob "
    "Miles' account, and even research leads don't strictly need one. He generally recommends against a PhD as a "
    "stepping stone, because there are quicker and mentally healthier ways in. His one exception is research that a "
    "person wants to do for its own sake.\n\n"
    "# What does a hiring manager look for?\n\n"
    "A hiring manager at Anthropic once described the bar as adding something useful to a "
    "big machine-learning library, or mending a grave fault in it, within weeks."
)
QUOTES = (
    "Engineers and contributors on safety teams mostly have none, in Rob Miles' account, and even research leads don't "
    "strictly need one.",
    "He generally recommends against a PhD as a stepping stone, because there are quicker and mentally healthier ways "
    "in.",
    "A hiring manager at Anthropic once described the bar as adding something useful to a "
    "big machine-learning library, or mending a grave fault in it, within weeks.",
)
TALK = "https://www.youtube.com/watch?v=OpufM6yK4Go"

ADVISING = Service(
    id="80k-advising",
    name="80,000 Hours one-on-one advising",
    kind="advising",
    url="https://80000hours.org/speak-with-us/",
    audience="People considering careers on pressing problems, above all risks from AI",
    cost="free",
    gap="thinking through your next steps with a professional careers adviser",
    caveat="Places are limited; the form takes some ten minutes and makes you think.",
    as_of="2025-05",
    source=TALK,
)
ADVISORS = Service(
    id="aisafety-advisors",
    name="AISafety.com advisors",
    kind="advising",
    url="https://www.aisafety.com/advisors",
    audience="Anyone who wants to talk with a person about contributing to AI safety",
    cost="free",
    gap="choosing among several organisations that offer guidance calls",
    as_of="2026-10",
    source="https://github.com/AISafetycom/AISafety.com",
)
JOB_BOARD = Service(
    id="80k-job-board",
    name="80,000 Hours job board",
    kind="job board",
    url="https://jobs.80000hours.org/",
    audience="Anyone looking for open positions",
    cost="free",
    gap="finding positions that are open now, and what they pay",
    caveat="It lists other problems than AI too; it can be filtered.",
    as_of="2026",
    source="https://jobs.80000hours.org/",
)

SUMMARY = Document(
    path="phd-and-degrees.md",
    text=PAGE_TEXT,
    title="PhDs and degrees",
    sections=(
        Section(("Do I need a PhD?",), (Span(20, 370),)),
        Section(("What does a hiring manager look for?",), (Span(408, len(PAGE_TEXT)),)),
    ),
    after="Rob Miles' talk on careers in AI safety",
    date="2025-05",
    kind="our summary",
    sources=(TALK,),
)


def citation(number: int, quote: str, document: Document = SUMMARY) -> Citation:
    """Cite `quote` where it stands in the document."""
    start = document.text.index(quote)
    end = start + len(quote)
    section = document.sections[0] if start < document.sections[-1].blocks[0].start else document.sections[-1]
    return Citation(
        number=number,
        document=document.path,
        title=document.title,
        url=document.url,
        start=start,
        end=end,
        quote=quote,
        author=document.author,
        after=document.after,
        date=document.date,
        page=None,
        time=None,
        kind=document.kind,
        sources=document.sources,
        heading=section.heading,
        before=document.text[max(0, start - 90) : start].split("\n")[-1].partition(" ")[2],
        behind=document.text[end : end + 90].split("\n")[0].rpartition(" ")[0],
    )


UNCITED = Span(PAGE_TEXT.index("His one exception"), PAGE_TEXT.index("\n\n# What does"))


def hit(start: int, end: int, section: int, score: float) -> Hit:
    return Hit(SUMMARY, section, start, end, score, (Span(start, end),), (score,))


def answered(question: str, *, model: str = "quotes") -> Reply:
    """Reply as the advisor does to a question that its corpus answers."""
    sentences = (
        Sentence("Not silly. Here is what bears on your situation.", (), 0.0, "fixed", 0),
        Sentence(QUOTES[0], (1,), 1.0, "quote", 1),
        Sentence(QUOTES[2], (2,), 1.0, "quote", 1),
        Sentence(QUOTES[1], (3,), 1.0, "quote", 1),
    )
    return Reply(
        question=question,
        standalone=question,
        status="answered",
        answer=(f"Not silly. Here is what bears on your situation.\n\n{QUOTES[0]} [1] {QUOTES[2]} [2] {QUOTES[1]} [3]"),
        sentences=sentences,
        citations=(citation(1, QUOTES[0]), citation(2, QUOTES[2]), citation(3, QUOTES[1])),
        offers=(Offer(ADVISING, "You doubt whether you fit, and a person can weigh that with you."),),
        follow_ups=("How do I learn deep learning while working full time?", "What do research engineers do all day?"),
        hits=(hit(20, 160, 0, 1.4), hit(*UNCITED, 0, 0.7)),
        model=model,
        index="2026-11-24-1",
    )


def not_covered(question: str) -> Reply:
    """Reply as the advisor does to a question on topic that its corpus is silent about."""
    text = "My sources don't give salaries at Anthropic, so I won't guess a figure."
    return Reply(
        question=question,
        standalone=question,
        status="not_covered",
        answer=text,
        sentences=(Sentence(text, (), 0.0, "fixed", 0),),
        offers=(
            Offer(JOB_BOARD, "Current openings usually state a range."),
            Offer(ADVISORS, "If money decides what you can do, an adviser can talk it through with you."),
        ),
        follow_ups=("Can I get funding while I change careers?",),
        hits=(hit(20, 160, 0, 0.2),),
    )


def urgent(question: str) -> Reply:
    """Reply as the advisor does to somebody who may be in danger."""
    text = "If you might hurt yourself, please get help now: call your local emergency number."
    return Reply(question, question, "urgent", text, sentences=(Sentence(text, (), 0.0, "fixed", 0),))


def streamed(reply: Reply) -> Iterator[Stage | Piece | Reply]:
    """Yield a reply in the order in which the advisor does."""
    yield Stage("Searching")
    yield Stage(f"Reading {max(1, len(reply.hits))} passages")
    if reply.model != "quotes":
        yield Stage(f"{reply.model} is writing")
    for position, sentence in enumerate(reply.sentences):
        last = position + 1 == len(reply.sentences)
        end = "" if last else " " if reply.sentences[position + 1].paragraph == sentence.paragraph else "\n\n"
        yield Piece(sentence.text + "".join(f" [{n}]" for n in sentence.citations) + end)
    yield reply


class ScriptedAnswerer:
    """Answers by the script, and remembers what it was asked, with which history.

    A question that holds "salary" is not covered, one with "hurt" is urgent, and one with "slowly" waits `pause_s`
    before each thing that it yields; every other one is answered.
    """

    def __init__(self, *, model_name: str = "quotes", pause_s: float = 0.0) -> None:
        self.asked: list[tuple[str, tuple[Message, ...]]] = []
        self.said_of_oneself: list[tuple[frozenset[str], frozenset[str]]] = []
        self.wished: list[tuple[bool, bool]] = []
        self.explains = True
        self.age = Age("2026-11-20", "2026-11-12", "2019-04")
        self.situations: Sequence[Understood] = (
            Understood("student", "is a student"),
            Understood("programmer", "writes software"),
            Understood("no-degree", "has no degree or doctorate"),
        )
        self.running = 0
        self.most_at_once = 0
        self.abandoned = 0
        self.model_name = model_name
        self.pause_s = pause_s
        self.script: Callable[[str], Iterator[Stage | Piece | Reply]] | None = None
        self.examples: Sequence[str] = (
            "I'm a backend engineer without a PhD. Is it silly to apply?",
            "Where do I start if I know nothing yet?",
            "Should I do a PhD first?",
            "I like policy more than code. What can I do?",
        )
        self.human_services: Sequence[Service] = (ADVISING, ADVISORS)
        self.services: Sequence[Service] = (ADVISING, ADVISORS, JOB_BOARD)
        self.glossary: Sequence[Term] = ()
        self.pages = 18
        self.translates = False
        self._lock = threading.Lock()

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
        self.asked.append((question, tuple(history)))
        self.wished.append((quotes_only, plain_words))
        self.said_of_oneself.append((frozenset(ignore), frozenset(about)))
        with self._lock:
            self.running += 1
            self.most_at_once = max(self.most_at_once, self.running)
        whole = False
        try:
            for item in self.script(question) if self.script else self._scripted(question, quotes_only):
                if self.pause_s and "slowly" in question:
                    time.sleep(self.pause_s)
                yield item
            whole = True
        finally:
            with self._lock:
                self.running -= 1
                self.abandoned += not whole

    def terms(self, reply: Reply, history: Sequence[Message] = ()) -> Sequence[Term]:
        return [each for each in self.glossary if each.word in reply.answer]

    def search(self, question: str, history: Sequence[Message] = (), *, limit: int = 8) -> tuple[Queries, list[Hit]]:
        self.asked.append((question, tuple(history)))
        return Queries(question, question, (question,)), list(answered(question).hits[:limit])

    def _scripted(self, question: str, quotes_only: bool) -> Iterator[Stage | Piece | Reply]:
        if "salary" in question:
            return streamed(not_covered(question))
        if "hurt" in question:
            return streamed(urgent(question))
        return streamed(answered(question, model="quotes" if quotes_only else self.model_name))


class Bookshelf:
    """The shipped guidance and registry, in which a section is found by its own question; no encoder is needed."""

    index = "as it lies"

    def __init__(self, model: summarising.Model | None = None) -> None:
        self.answered: list[str] = []
        self.model = model

    @property
    def model_name(self) -> str:
        return self.model.name if self.model else "quotes"

    def sum_up(self, said: Sequence[Said]) -> Iterator[Stage | Summary]:
        if self.model is None:
            return iter([Summary("quotes", (), notice=summarising.NOBODY)])
        return summarising.sum_up(self.model, said, Allowance())

    @property
    def services(self) -> Sequence[Service]:
        return load_registry(shipped_corpus() / "services.toml").services

    @cached_property
    def sections(self) -> dict[str, Hit]:
        found = {}
        for document in files.read([shipped_corpus()]).documents:
            passages = chunking.split(document).passages
            for at, section in enumerate(document.sections):
                spans = tuple(Span(p.start, p.end) for p in passages if p.section == at)
                if spans and section.heading:
                    scores = tuple(0.0 for _ in spans)
                    found[section.heading[-1]] = Hit(document, at, spans[0].start, spans[-1].end, 0.0, spans, scores)
        return found

    def search(self, question: str, history: Sequence[Message] = (), *, limit: int = 8) -> tuple[Queries, list[Hit]]:
        hit = self.sections.get(question)
        return Queries(question, question, (question,)), [hit] if hit else []

    def reply(self, question: str, history: Sequence[Message] = ()) -> Iterator[Stage | Piece | Reply]:
        self.answered.append(question)
        return streamed(not_covered(question))

    def in_danger(self, texts: Sequence[str], *, perhaps: bool = False) -> bool:
        return any("hurt myself" in text for text in texts)

"""What belongs in an answer is told from what was merely found, by what was learnt from readers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from career_advisor import chunking, files, interaction
from career_advisor.choosing import (
    Chooser,
    Found,
    Recalled,
    Traits,
    answerable_for,
    digest,
    recalled_for,
    whole_of,
)
from career_advisor.embedding import Encoder, Pieces
from career_advisor.interaction import BASE, Interaction, Sentences
from career_advisor.models import find
from career_advisor.records import SENTENCE, Document, EncoderIdentity, Hit, Passage, Section, Shelf, Span, Window
from career_advisor.settings import load_settings, shipped_corpus

TEXT = "SPAR is remote and part time. Our sources carry no date for it. Bananas are yellow."
SPANS = (Span(0, 29), Span(30, 63), Span(64, 83))


@dataclass(frozen=True)
class Few:
    """An index of a few sentences."""

    id: str
    encoder: EncoderIdentity
    documents: dict[str, Document]
    windows: tuple[Window, ...]
    vectors: Any
    passages: tuple[Passage, ...] = ()
    built: str = ""

    @property
    def probe(self) -> Any:
        return self.vectors[0]

    def lexical(self, query: str) -> Any:
        return np.zeros(0, np.float32)


def shelf(name: str, *, dimension: int = 4) -> Shelf:
    page = Document("page.md", TEXT, "Page", (Section(("Which programmes are remote?",), (Span(0, len(TEXT)),)),))
    windows = [Window("page.md", 0, span.start, span.end, SENTENCE, TEXT[span.start : span.end]) for span in SPANS]
    windows.append(Window("page.md", 0, 0, 0, 0, "Which programmes are remote?"))
    vectors = np.eye(4, dimension, dtype=np.float32)
    return Few("one", EncoderIdentity(name, "0", dimension), {"page.md": page}, tuple(windows), vectors)


def found(each: Shelf, odds: tuple[float, float, float] = (3.0, 2.0, 1.0)) -> Hit:
    return Hit(each.documents["page.md"], 0, 0, len(TEXT), 3.0, SPANS, odds, wording=0.7)


def test_each_sentence_found_gets_its_log_odds_and_nothing_else_changes() -> None:
    index = shelf("some-encoder")
    hit = found(index)
    message = np.array([1, 0, 0, 0], np.float32)

    whole, part = Chooser.of(index, of_the_field=False).weigh(message, [Found(message, [hit]), Found(message, [])])

    assert part == []
    (weighed,) = whole
    assert len(weighed.belongs) == len(SPANS)
    assert (weighed.document, weighed.sentences, weighed.sentence_scores) == (hit.document, SPANS, hit.sentence_scores)
    assert weighed.belongs[0] > weighed.belongs[2]  # near to the message, and found better


def test_what_is_said_of_the_sources_and_what_opens_a_section_is_told() -> None:
    index = shelf("some-encoder")
    message = np.array([0, 1, 0, 0], np.float32)

    ((traits,),) = Chooser.of(index, of_the_field=False).traits(message, [Found(message, [found(index)])])
    columns = dict(zip(Traits._fields, traits.T, strict=True))

    assert columns["of_sources"].tolist() == [0, 1, 0]
    assert columns["opens"].tolist() == [1, 0, 0]
    assert columns["behind"].tolist() == pytest.approx([0.0, -0.1, -0.2])
    assert columns["behind_nearest"].tolist() == pytest.approx([-1.0, 0.0, -1.0])
    assert not columns["reads"].any()  # nothing is read in an index about something else


def test_what_is_said_to_anybody_in_a_situation_is_less_likely_than_what_was_found_for_the_question() -> None:
    index = shelf("some-encoder")
    message = np.array([1, 0, 0, 0], np.float32)
    parts = [Found(message, [found(index)]), Found(message, [found(index)], general=True)]

    (own,), (general,) = Chooser.of(index, of_the_field=False).weigh(message, parts)

    assert all(one > other + 0.5 for one, other in zip(own.belongs, general.belongs, strict=True))


def test_what_is_known_by_heart_tells_a_known_sentence_and_says_nothing_of_a_new_one() -> None:
    index = shelf("some-encoder")
    first = digest(TEXT[SPANS[0].start : SPANS[0].end])
    known = Recalled(
        {first: 0}, np.eye(4, 2, dtype=np.float32), np.array([[3, -3]], np.float32), np.zeros(1, np.float32)
    )
    chooser = replace(Chooser.of(index, of_the_field=False), recalled=known)
    its_question, another = np.eye(4, dtype=np.float32)[:2]

    def recalled(message: Any, part: Any) -> list[float]:
        ((traits,),) = chooser.traits(message, [Found(part, [found(index)])])
        columns = dict(zip(Traits._fields, traits.T.tolist(), strict=True))
        return [*columns["recalled"], *columns["recalled_part"]]

    assert recalled(its_question, its_question) == pytest.approx([0.3, 0, 0, 0.3, 0, 0])
    assert recalled(another, its_question) == pytest.approx([-0.3, 0, 0, 0.3, 0, 0])


def test_a_sentence_is_known_however_its_lines_are_broken() -> None:
    assert digest("SPAR is\n  remote.") == digest("SPAR is remote.") != digest("SPAR is remote")


@pytest.mark.parametrize("encoder", ["all-mpnet-base-v2", "all-MiniLM-L6-v2"])
def test_the_sentences_of_the_shipped_pages_are_known_by_heart(encoder: str) -> None:
    known = recalled_for(encoder)
    shipped = [
        digest(window.text)
        for document in files.read([shipped_corpus()]).documents
        for window in chunking.split(document).windows
        if window.size == SENTENCE and document.sections[window.section].wordings
    ]

    assert known is not None
    assert np.mean([each in known.rows for each in shipped]) > 0.95
    assert recalled_for("another") is None


def test_nothing_found_is_nothing_weighed() -> None:
    index = shelf("some-encoder")
    message = np.zeros(4, np.float32)

    assert Chooser.of(index, of_the_field=False).weigh(message, [Found(message, [])]) == [[]]


def test_in_guidance_a_sentence_for_somebody_else_is_less_likely(light_encoder: Encoder) -> None:
    texts = [
        "SPAR is remote and part time, so it fits beside a job.",
        "A doctorate suits people who want its research for its own sake.",
    ]
    text = " ".join(texts)
    spans = (Span(0, len(texts[0])), Span(len(texts[0]) + 1, len(text)))
    page = Document("page.md", text, "Page", (Section(("Which programmes fit beside a job?",), (Span(0, len(text)),)),))
    windows = [Window("page.md", 0, s.start, s.end, SENTENCE, text[s.start : s.end]) for s in spans]
    windows.append(Window("page.md", 0, 0, 0, 0, "Which programmes fit beside a job?"))
    vectors = light_encoder.encode([window.text for window in windows])
    index = Few("one", light_encoder.identity, {"page.md": page}, tuple(windows), vectors)
    asked = "I work full time and have two kids; is there a programme that I could do in the evenings?"
    (message,) = light_encoder.encode([asked])
    hit = Hit(page, 0, 0, len(text), 3.0, spans, (2.0, 2.0), wording=0.5)

    network = Interaction(Pieces(find(BASE, load_settings().weights), lambda: interaction.network().layers))
    sentences = Sentences(index, network, interaction.load(shipped_corpus() / "vectors" / "interaction.npz"))
    part = Found(message, [hit], answering=sentences.asked(asked))

    ((weighed,),) = Chooser.of(index, of_the_field=True).weigh(message, [part])

    assert weighed.belongs[0] > weighed.belongs[1] + 0.5


def test_what_speaks_for_an_answer_is_what_likely_belongs_in_it() -> None:
    given = {"confidence": 0.5, "lacking": False, "unnamed": True, "usual": 5.0, "left_open": 3.0}

    rich, poor = whole_of([2.0, 1.0, -3.0], **given), whole_of([-4.0], **given)  # type: ignore[arg-type]

    assert (rich.best, rich.second, rich.confidence, rich.usual) == pytest.approx((0.2, 0.1, 0.0, 0.5))
    assert (rich.lacking, rich.unnamed, rich.open) == pytest.approx((0.0, 1.0, 0.3))
    assert rich.several > poor.several
    assert poor.second == -1.0


@pytest.mark.parametrize("encoder", ["all-mpnet-base-v2", "all-MiniLM-L6-v2"])
def test_a_message_is_the_surer_answered_the_likelier_its_sentences_are(encoder: str) -> None:
    limits = answerable_for(encoder)

    assert limits is not None
    assert limits.partly < limits.answered
    less, more = (
        whole_of(odds, confidence=0.6, lacking=False, unnamed=False, usual=0.0, left_open=0.0)
        for odds in ([-3.0, -4.0], [2.0, 1.0])
    )
    assert limits.log_odds(less) < limits.log_odds(more)
    assert answerable_for("another") is None


def test_the_networks_ship_with_the_program() -> None:
    import career_advisor

    assert (Path(career_advisor.__file__).parent / "choosing.npz").stat().st_size < 3_000_000

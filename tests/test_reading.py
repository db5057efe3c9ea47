"""A sentence that answers is told from one that only speaks of the same things."""

from __future__ import annotations

import numpy as np
import pytest

from career_advisor.embedding import Encoder
from career_advisor.reading import SCALE, SUREST, Head, Reader, head_for
from career_advisor.records import SENTENCE, Document, Hit, Section, Span, Window

ENCODERS = {"all-mpnet-base-v2": 768, "all-MiniLM-L6-v2": 384}
SAID = (
    "MATS pays its fellows a stipend, and housing and an office come on top.",
    "MATS runs for about twelve weeks in Berkeley or London.",
)
TEXT = " ".join(SAID)
PAGE = Document(
    "mats.md", TEXT, "MATS", (Section(("What is MATS, and what does it give you?",), (Span(0, len(TEXT)),)),)
)
SPANS = (Span(0, len(SAID[0])), Span(len(SAID[0]) + 1, len(TEXT)))


def hit(*spans: Span) -> Hit:
    return Hit(PAGE, 0, 0, len(TEXT), 1.0, spans, (1.0,) * len(spans), 0.5, 0.5)


@pytest.fixture(scope="module")
def reader(light_encoder: Encoder) -> Reader:
    windows = [
        Window("mats.md", 0, 0, len(TEXT), 0, PAGE.sections[0].heading[0]),
        *(Window("mats.md", 0, *span, SENTENCE, said) for span, said in zip(SPANS, SAID, strict=True)),
    ]
    vectors = light_encoder.encode([window.text for window in windows])
    found = Reader.of("all-MiniLM-L6-v2", windows, vectors)
    assert found is not None
    return found


@pytest.mark.parametrize("encoder", ENCODERS)
def test_both_encoders_of_the_catalogue_have_a_head(encoder: str) -> None:
    head = head_for(encoder)

    assert head is not None
    networks, dimension, width = head.project.shape
    assert dimension == ENCODERS[encoder]
    assert head.hidden.shape[:2] == (networks, 3 * width + 2)
    assert all(np.isfinite(array).all() for array in head)


def test_nothing_is_read_on_the_vectors_of_an_encoder_that_nobody_trained_on() -> None:
    assert head_for("somebody-elses-encoder") is None
    assert Reader.of("somebody-elses-encoder", [], np.zeros((0, 8), np.float32)) is None


def test_what_a_network_says_is_what_its_layers_add_up_to() -> None:
    head = Head(
        project=np.full((1, 2, 1), 0.5, np.float32),
        hidden=np.array([[[1.0], [2.0], [0.5], [4.0], [8.0]]], np.float32),
        hidden_bias=np.array([[0.25]], np.float32),
        out=np.array([[2.0]], np.float32),
        out_bias=np.array([-1.0], np.float32),
    )
    question, sentence, heading = np.array([1.0, 0.0]), np.array([[0.0, 1.0]]), np.array([[0.6, 0.8]])

    odds = head.log_odds(*(each.astype(np.float32) for each in (question, sentence, heading)))

    asked, said, above = SCALE * 0.5, SCALE * 0.5, SCALE * 0.5 * 1.4
    lit = asked * said + 2.0 * abs(asked - said) + 0.5 * asked * above + 4.0 * 0.0 + 8.0 * 0.6 + 0.25
    assert odds == pytest.approx([2.0 * lit - 1.0])


@pytest.mark.parametrize(
    ("answered", "near"),
    [
        ("Do MATS fellows get money?", "Does MATS pay for childcare?"),
        ("how long is MATS", "how many people apply to MATS"),
        ("In which cities can one do MATS?", "Can I do MATS from Brazil while I keep my job?"),
    ],
)
def test_a_question_that_is_answered_is_read_as_surer_than_a_near_miss(
    answered: str, near: str, reader: Reader, light_encoder: Encoder
) -> None:
    one, other = light_encoder.encode([answered, near])

    assert reader.best(one, [hit(*SPANS)]) > reader.best(other, [hit(*SPANS)])


def test_the_best_sentence_of_all_hits_counts(reader: Reader, light_encoder: Encoder) -> None:
    (question,) = light_encoder.encode(["how long is MATS"])
    each = [reader.best(question, [hit(span)]) for span in SPANS]

    assert reader.best(question, [hit(SPANS[0]), hit(SPANS[1])]) == pytest.approx(max(each))


def test_where_nothing_is_known_of_a_sentence_nothing_speaks_for_an_answer(reader: Reader) -> None:
    question = np.zeros(384, np.float32)

    assert reader.best(question, []) == reader.best(question, [hit(Span(3, 9))]) == -SUREST

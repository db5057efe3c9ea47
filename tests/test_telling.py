"""What somebody says of themselves is understood from their words as a whole, and never against what they say of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from career_advisor import conversation
from career_advisor.conversation import telling, understand
from career_advisor.embedding import Encoder
from career_advisor.telling import Teller, Weight, teller_for

KEYS = tuple(each.key for each in conversation.known_situations())


@pytest.fixture(scope="module")
def tell(light_encoder: Encoder) -> conversation.Tell:
    teller = teller_for("all-MiniLM-L6-v2", KEYS)
    assert teller is not None

    def weigh(text: str, signs: Sequence[float]) -> Mapping[str, Weight]:
        return teller.weigh(light_encoder.encode([text])[0], signs)

    return weigh


@pytest.mark.parametrize("encoder", ["all-mpnet-base-v2", "all-MiniLM-L6-v2"])
def test_what_was_learnt_is_of_the_situations_known_now(encoder: str) -> None:
    teller = teller_for(encoder, KEYS)

    assert teller is not None, "situations.toml has changed: python benchmarks/telling.py --write"
    assert teller.situations == KEYS


def test_an_encoder_or_situations_that_nobody_measured_leave_it_to_the_patterns() -> None:
    assert teller_for("of-my-own", KEYS) is None
    assert teller_for("all-mpnet-base-v2", (*KEYS, "new")) is None


@pytest.mark.parametrize(
    ("words", "situation"),
    [
        ("They told me no again last week, third programme this year, I feel like giving it all up.", "rejected"),
        ("I'm a dad of two with a house to pay off and cannot live on a stipend.", "money"),
        ("I live in a village and feel cut off; I have yet to meet a single person who cares about this.", "alone"),
        ("I have three options and cannot decide between them, I keep going back and forth.", "unsure"),
    ],
)
def test_it_is_understood_in_words_that_no_pattern_has(words: str, situation: str, tell: conversation.Tell) -> None:
    assert situation not in {each.key for each in understand(words, of_the_field=True).understood}
    assert situation in {each.key for each in understand(words, of_the_field=True, tell=tell).understood}


def test_a_question_about_a_subject_tells_of_nobody(tell: conversation.Tell) -> None:
    for question in ("Which AI governance fellowships are there?", "What does MATS pay?", "What is RLHF?"):
        assert understand(question, of_the_field=True, tell=tell).understood == ()


@pytest.mark.parametrize(
    "message",
    [
        "أنا طبيبة من عمّان وأفكر في الانتقال إلى مجال سلامة الذكاء الاصطناعي (AI safety). من أين أبدأ؟",
        "Jag är sjuksköterska i Lund sedan tolv år och har två barn. Jag vill jobba med AI-säkerhet utan att flytta.",
    ],
)
def test_nothing_is_known_of_somebody_whose_language_is_not_read(message: str) -> None:
    def sure(text: str, signs: Sequence[float]) -> dict[str, Weight]:
        return dict.fromkeys(KEYS, Weight(9.0, 0.0))

    assert understand("I teach maths.", of_the_field=True, tell=sure).understood
    assert understand(message, of_the_field=True, tell=sure).understood == ()


def test_what_the_person_says_of_it_comes_first(tell: conversation.Tell) -> None:
    words = "They told me no again last week, third programme this year, I feel like giving it all up."

    denied = understand(words, of_the_field=True, ignore={"rejected"}, tell=tell)
    added = understand(words, of_the_field=True, about={"late-career"}, tell=tell)

    assert "rejected" not in {each.key for each in denied.understood}
    assert added.understood[0].key == "late-career"


def test_what_matters_most_is_looked_up_first() -> None:
    def weigh(text: str, signs: Sequence[float]) -> dict[str, Weight]:
        held = {"money": Weight(1.0, 2.0), "rejected": Weight(1.0, -1.0), "student": Weight(-1.0, 3.0)}
        return dict.fromkeys(KEYS, Weight(-9.0, -9.0)) | held

    queries = understand("Money is short at home. They did not take me, and I study on.", of_the_field=True, tell=weigh)

    assert [each.key for each in queries.understood] == ["money", "rejected"]


def test_an_as_if_tells_of_nobody() -> None:
    told, signs = telling("Explain control like I'm a tired lawyer.")

    assert "lawyer" not in told
    assert sum(signs) == 0.0


def test_vector_and_signs_are_weighed_together() -> None:
    models = np.zeros((2 + 2 + 1, 1), np.float32)
    models[:, 0] = [0.5, 0.0, 2.0, 0.0, -1.0]
    teller = Teller(("one",), models, -models)

    weighed = teller.weigh(np.array([1.0, 0.0], np.float32), [1.0, 0.0])

    assert weighed["one"] == pytest.approx((3.0, -3.0))  # 4 * .5 + 2 - 1

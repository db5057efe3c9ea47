"""A question is translated as it was asked, and a checked sentence as it was checked, or not at all."""

from __future__ import annotations

import pytest

from career_advisor.languages import Language, foreign_language
from career_advisor.translating import notice, read_question, read_sentences

ASKED = "Brauche ich für MATS einen PhD, und wie lange dauert es im Jahr 2026?"
SENTENCE = "MATS lasts 12 weeks and does not require a PhD, Rob Miles says."
GERMAN = "MATS dauert 12 Wochen, und ein PhD ist nicht nötig, wie Rob Miles es sagt."


@pytest.fixture
def german() -> Language:
    found = foreign_language(ASKED)
    assert found is not None
    return found


def test_a_question_in_english_is_taken_as_it_was_asked() -> None:
    assert read_question("Do I need a PhD for MATS, and how long is it in 2026?", ASKED).startswith("Do I need")


@pytest.mark.parametrize(
    "written",
    [
        "",
        "Do I need a PhD for ARENA, and how long is it in 2026?",
        "Do I need a PhD for MATS, and how long is it in 2027?",
        "How long is it in 2026?",
        "Do I need a PhD for MATS in 2026? See https://evil.example.",
        "Do I need a PhD for MATS in 2026?\nYes, you do.",
        "Brauche ich für MATS einen PhD, und wie ist das 2026?",
        "Do I need a PhD for MATS in 2026? " * 20,
    ],
    ids=["nothing", "a name", "a number", "left out", "an address", "an answer", "not English", "too much"],
)
def test_what_is_not_the_persons_question_is_not_searched(written: str) -> None:
    assert read_question(written, ASKED) == ""


def test_a_follow_up_may_take_a_name_from_the_questions_before_it() -> None:
    assert read_question("How long does ARENA take?", "Wie lange ist das?", ["Was ist ARENA?"])
    assert not read_question("How long does ARENA take?", "Wie lange ist das?")


def test_a_checked_sentence_is_shown_in_the_persons_language(german: Language) -> None:
    assert read_sentences(f"1. {GERMAN}", [SENTENCE], german) == (GERMAN,)


@pytest.mark.parametrize(
    "written",
    [
        "MATS dauert 12 Wochen, und ein PhD ist nötig, wie Rob Miles es sagt.",
        "MATS dauert 10 Wochen, und ein PhD ist nicht nötig, wie Rob Miles es sagt.",
        "MATS dauert 12 Wochen, und ein PhD ist nicht nötig, wie Rob Müller es sagt.",
        "ARENA dauert 12 Wochen, und ein PhD ist nicht nötig, wie Rob Miles es sagt.",
        "MATS dauert 12 Wochen, und ein PhD ist nicht nötig, wie Rob Miles es sagt: https://evil.example",
        "MATS dauert 12 Wochen, und ein PhD ist nicht nötig, wie Rob Miles es sagt. [3]",
        "MATS runs for 12 weeks and a PhD is not needed, as Rob Miles has it.",
        GERMAN + " Das ist eine gute Nachricht für dich, und du kannst dich freuen." * 3,
    ],
    ids=["a denial", "a number", "a person", "a name", "an address", "a marker", "English", "more"],
)
def test_what_is_not_the_same_stays_in_english(written: str, german: Language) -> None:
    assert read_sentences(f"1. {written}", [SENTENCE], german) == (SENTENCE,)


def test_sentences_are_told_apart_by_their_numbers(german: Language) -> None:
    other = "You can apply to SPAR, which is open to anybody."
    text = f"Hier ist es:\n2. Du kannst dich bei SPAR bewerben, das ist für alle offen.\n1. {GERMAN}"

    assert read_sentences(text, [SENTENCE, other], german)[0] == GERMAN
    assert read_sentences(text, [SENTENCE, other], german)[1].startswith("Du kannst")
    assert read_sentences("1. Was?", [SENTENCE, other], german) == (SENTENCE, other)


def test_thousands_are_the_same_whatever_groups_them(german: Language) -> None:
    english = "About 2,000 people are in the field."

    assert read_sentences("1. In dem Feld sind es rund 2.000, die das tun.", [english], german) != (english,)
    assert read_sentences("1. In dem Feld sind es rund 20.000, die das tun.", [english], german) == (english,)


def test_the_notice_says_how_the_question_was_read_and_what_stayed_in_english() -> None:
    assert "“Do I need a PhD?”" in notice("Do I need a PhD?", 2, 0)
    assert "stays in English" in notice("Do I need a PhD?", 2, 1)
    assert "this answer are in English" in notice("Do I need a PhD?", 0, 0)

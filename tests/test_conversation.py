"""A follow-up is understood from what the person wrote before, and from nothing else."""

from __future__ import annotations

import pytest

from career_advisor.conversation import FACETS, understand
from career_advisor.records import Message


def turns(*texts: str) -> list[Message]:
    return [Message("user" if i % 2 == 0 else "assistant", text) for i, text in enumerate(texts)]


@pytest.mark.parametrize(
    "follow_up",
    [
        "and without any degree?",
        "what about that?",
        "why not?",
        "No, I meant for engineers",
        "how long does it take?",
        "the second one",
    ],
)
def test_a_turn_that_leans_on_the_one_before_is_searched_with_it_and_by_itself(follow_up: str) -> None:
    queries = understand(follow_up, turns("Should I do a PhD first?", "It depends."))

    assert "PhD" in queries.standalone
    assert len(queries.searched) == 2
    assert not any("depends" in query for query in queries.searched), "an assistant turn is only a claim"


@pytest.mark.parametrize(
    "question",
    [
        "How do I become good enough at machine learning engineering?",
        "What pressures do academic researchers face when choosing topics?",
    ],
)
def test_a_question_that_stands_alone_is_left_alone(question: str) -> None:
    queries = understand(question, turns("Should I do a PhD first?", "It depends."))

    assert queries.standalone == question
    assert queries.searched == (question,)


def test_without_a_history_nothing_is_added() -> None:
    assert understand("and then?").searched == ("and then?",)


def test_a_correction_is_searched_without_its_opening() -> None:
    queries = understand("no, I meant research leads", turns("Do engineers need a PhD?", "…"))

    assert queries.standalone == "Do engineers need a PhD? Research leads"


def test_a_life_story_is_taken_apart_with_its_question_first() -> None:
    story = (
        "I've been a backend engineer for eight years, no ML, no PhD. I live far from everything with two small "
        "children. Honestly I doubt I'm good enough. Is it silly to apply anywhere?"
    )

    facets = understand(story).facets

    assert facets[0] == "Is it silly to apply anywhere?"
    assert "Honestly I doubt I'm good enough." in facets
    assert len(facets) <= FACETS


def test_hidden_characters_do_not_reach_the_search() -> None:
    assert understand("do I\u202e need\x00 a PhD\u2066?").question == "do I need a PhD?"


def test_five_hundred_turns_are_no_trouble() -> None:
    history = turns(*["and then?", "…"] * 250)

    assert len(understand("and then?", history).standalone) < 1000

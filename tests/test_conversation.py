"""A follow-up is understood from what was said before; an answer is only searched with."""

from __future__ import annotations

import pytest

from career_advisor.conversation import (
    CARRIED,
    FACETS,
    asks,
    asks_for_a_verdict,
    feeling_of,
    known_situations,
    points_back,
    understand,
)
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
    assert len(queries.searched) == 3
    assert ["PhD" in query for query in queries.searched] == [False, True, False]
    assert ["depends" in query for query in queries.searched] == [False, False, True]
    assert "depends" not in queries.standalone, "an assistant turn is only a claim: it is searched with, and no more"


@pytest.mark.parametrize(
    "follow_up", ["price?", "how long roughly", "any strings attached?", "possible without a phd?"]
)
def test_a_few_words_that_name_nothing_go_on_from_what_was_said(follow_up: str) -> None:
    queries = understand(
        follow_up, turns("Which bootcamp suits me?", "ML4Good would: it is in person."), of_the_field=True
    )

    assert queries.searched[1:] == (
        f"Which bootcamp suits me? {follow_up[0].upper()}{follow_up[1:]}",
        f"ML4Good would: it is in person. {follow_up}",
    )


@pytest.mark.parametrize(
    "question",
    [
        "what is AI control?",
        "can I start without a degree?",
        "salary at Redwood?",
        "safety roles?",
        "lasr stipend?",
        "recommend a movie",
    ],
)
def test_a_few_words_that_name_something_do_not(question: str) -> None:
    history = turns("Which bootcamp suits me?", "ML4Good would.")

    queries = understand(question, history, of_the_field=True, names_something={"lasr"}.__contains__)

    assert queries.standalone == question
    assert not queries.behind


def test_nor_do_they_in_an_index_about_something_else_where_nobody_measured_it() -> None:
    assert understand("oven temperature?", turns("How do I bake bread?", "Slowly.")).searched == ("oven temperature?",)


@pytest.mark.parametrize(
    "question",
    [
        "is it you who wrote that?",
        "are you a bot or is it a human?",
        "how's it going?",
        "who am i talking to?",
        "isn't that nice?",
    ],
)
def test_what_is_asked_about_us_points_at_nothing_that_was_said(question: str) -> None:
    assert not points_back(question)
    assert points_back("do they pay you?")


def test_of_an_answer_in_quotes_the_quotes_are_searched_with_and_no_more_than_some_words() -> None:
    answer = f"Thank you for telling me.\n\nARENA is a bootcamp. [1] It is in London. [2]\n\n{'Money. [3] ' * 50}"

    (*_, behind) = understand("is it far?", turns("Which bootcamps are there?", answer)).searched

    assert behind.startswith("ARENA is a bootcamp. It is in London. Money.")
    assert behind.endswith("Money. is it far?")
    assert len(behind.split()) == CARRIED + 3


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


@pytest.mark.parametrize(
    "says", ["right, other thing, ", "Leave that for now. ", "ok thanks, new topic: ", "By the way, "]
)
def test_whoever_turns_to_something_else_is_understood_by_that_alone(says: str) -> None:
    history = turns("Do engineers need a PhD?", "…")

    queries = understand(f"{says}which of those courses cost nothing?", history)
    pointing = understand(f"{says}where is it?", history)

    assert queries.searched == ("which of those courses cost nothing?",)
    assert "Do engineers need a PhD?" in pointing.standalone


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


@pytest.mark.parametrize(
    ("message", "asked"),
    [
        (
            "I hate my job in ads, and I have two kids. do i quit, do i study at night or is there a third way",
            ("do i quit", "do i study at night", "is there a third way"),
        ),
        (
            "Would a project of my own be a way in, who'd be the right person to write to, and should I have finished "
            "something before I do?",
            (
                "Would a project of my own be a way in",
                "who'd be the right person to write to",
                "should I have finished something before I do?",
            ),
        ),
        (
            "Is there a course for facilitators, and what do you do when somebody asks what you don't know?",
            ("Is there a course for facilitators", "what do you do when somebody asks what you don't know?"),
        ),
        (
            "I stopped caring. Should I finish the degree, which is probably 14 more months, and to whom would I "
            "even write?",
            ("Should I finish the degree, which is probably 14 more months", "to whom would I even write?"),
        ),
    ],
)
def test_each_of_several_questions_in_one_sentence_is_looked_up(message: str, asked: tuple[str, ...]) -> None:
    queries = understand(message, of_the_field=True)

    assert queries.facets[: queries.asking] == asked


@pytest.mark.parametrize(
    "message",
    [
        "What I would like most is to teach people. When I was young I wanted to be a priest, and I never became one.",
        "I know who they are and what it is they do there. Have been reading their papers for a year in the evenings.",
    ],
)
def test_what_only_begins_like_a_question_asks_nothing(message: str) -> None:
    assert understand(message, of_the_field=True).asking == 0


def test_hidden_characters_do_not_reach_the_search() -> None:
    assert understand("do I\u202e need\x00 a PhD\u2066?").question == "do I need a PhD?"


def test_five_hundred_turns_are_no_trouble() -> None:
    history = turns(*["and then?", "…"] * 250)

    assert len(understand("and then?", history).standalone) < 1000


@pytest.mark.parametrize(
    ("question", "sides"),
    [
        ("techcongress vs horizon", ("techcongress", "horizon")),
        ("How does the Astra fellowship differ from MATS?", ("Astra fellowship", "MATS")),
        ("What is the difference between AI control and alignment?", ("AI control", "alignment")),
        ("which courses are free and who may join BlueDot?", ("which courses are free", "who may join BlueDot?")),
        ("Do I need a PhD to work on safety?", ()),
        ("what is SPAR and is it remote?", ()),
    ],
)
def test_two_things_in_one_question_are_each_looked_up(question: str, sides: tuple[str, ...]) -> None:
    assert understand(question, of_the_field=True).facets == sides


ANSWER = "Three of them are ARENA (a bootcamp in engineering), SPAR (remote) and, in Berkeley, MATS."


def known(stem: str) -> bool:
    return stem in {"arena", "spar", "mat"}


@pytest.mark.parametrize(
    ("question", "meant"),
    [
        ("the second one, does it pay?", "SPAR"),
        ("and the last one?", "MATS"),
        ("what does it cost?", "ARENA"),
        ("the fourth one?", ""),
    ],
)
def test_what_a_turn_points_at_is_searched_for_by_the_name_that_the_last_answer_gave(question: str, meant: str) -> None:
    history = [Message("user", "Which programmes suit a newcomer?"), Message("assistant", ANSWER)]

    searched = understand(question, history, is_name=known).searched

    assert [query for query in searched if query.startswith(f"{meant}: ")] == (
        [f"{meant}: {question}"] if meant else []
    )


def test_the_first_one_is_that_of_several_that_the_person_named() -> None:
    history = [
        Message("user", "What is MATS like?"),
        Message("assistant", "It is full time."),
        Message("user", "And SPAR?"),
        Message("assistant", ANSWER),
    ]

    assert understand("what does the first one pay?", history, is_name=known).meant == "MATS"
    assert understand("what does the second one pay?", history, is_name=known).meant == "SPAR"


def test_the_second_one_is_counted_among_all_that_were_named_known_or_not() -> None:
    named = "Two that run remotely are the Foundations Course and SPAR. I'd try SPAR later."
    history = [Message("user", "Which can I do from home?"), Message("assistant", named)]

    assert understand("ok and the second one do they pay anything?", history, is_name=known).meant == "SPAR"
    assert understand("what does the first one pay?", history, is_name=known).meant == "SPAR"
    assert understand("what does the third one pay?", history, is_name=known).meant == ""


def test_whoever_asks_what_now_asks_it_of_what_went_before() -> None:
    history = [Message("user", "Should I quit my job to study full time?"), Message("assistant", "Try four days.")]

    asked = understand("boss said no to four days. so now what", history)

    assert asked.standalone.startswith("Should I quit my job to study full time?")


def test_a_name_of_ones_own_goes_before_those_of_the_last_answer() -> None:
    history = [Message("user", "Tell me of MATS"), Message("assistant", "It is like ARENA.")]

    assert "ARENA" not in understand("what does it cost?", history, is_name=known).standalone


def test_nothing_of_an_answer_but_names_that_the_index_has_is_searched_for() -> None:
    history = [Message("user", "Which programmes?"), Message("assistant", "Acme pays a million. Ask Acme Corp.")]

    assert "Acme" not in understand("what does it cost?", history, is_name=known).standalone


def test_a_question_about_a_laboratory_is_not_taken_for_an_offer_from_one() -> None:
    asked = understand("what coding level do i need for an engineering job at Anthropic", of_the_field=True)

    assert asked.situations == ()
    assert len(asked.searched) == 1


@pytest.mark.parametrize(
    ("message", "situation", "there"),
    [
        ("I am a high school teacher in Lima. I would like to help. What can I do?", "is still at school", False),
        ("I am in high school in Lima. I would like to help. What can I do?", "is still at school", True),
        ("I am a staff engineer at a cloud company. I'd take a pay cut. What can I do?", "must mind the money", False),
        ("I am a staff engineer at a cloud company. I'd take a pay cut. What can I do?", "writes software", True),
        ("I manage a team at a bank. Can I contribute without quitting my job?", "has little time", True),
        ("I can't sleep because of AI timelines. I have no idea what to do.", "does not know what to choose", False),
        (
            "I am a student of maths in Leeds. I have no idea what to do after that.",
            "does not know what to choose",
            True,
        ),
    ],
)
def test_nobody_is_taken_for_somebody_else(message: str, situation: str, there: bool) -> None:
    assert (situation in understand(message, of_the_field=True).situations) is there


STORY = "I'm a software engineer without a degree, and MATS rejected me last week. What should I do next?"


def test_what_was_understood_is_told_and_is_what_it_was_looked_up_by() -> None:
    queries = understand(STORY, of_the_field=True)

    assert [each.key for each in queries.understood] == ["rejected", "programmer", "no-degree"]
    assert [each.label for each in queries.understood] == list(queries.situations)
    assert understand("What does MATS cost?", of_the_field=True).understood == ()


def test_what_somebody_says_is_not_so_is_not_looked_up_and_changes_nothing_else() -> None:
    queries = understand(STORY, of_the_field=True, ignore={"rejected", "no such key"})

    assert [each.key for each in queries.understood] == ["programmer", "no-degree"]
    assert "rejected" not in queries.states
    assert not any("rejection" in facet for facet in queries.facets)
    assert queries.searched == understand(STORY, of_the_field=True).searched


def test_what_somebody_says_is_so_is_looked_up_where_they_speak_of_themselves() -> None:
    assert len(understand("What should I do next?", of_the_field=True, about={"late-career"}).searched) == 2
    assert len(understand("What does MATS cost?", of_the_field=True, about={"late-career"}).searched) == 1
    assert understand("What should I do?", of_the_field=True, about={"no such key"}).understood == ()


def test_everything_that_can_be_understood_has_words_of_its_own() -> None:
    labels = [each.label for each in known_situations()]

    assert len(set(labels)) == len(labels) >= 25


def test_whoever_wants_it_explained_as_if_they_were_somebody_tells_nothing_of_themselves() -> None:
    asked = understand("could you explain evals and control like i'm a tired product manager", of_the_field=True)

    assert not asked.understood
    assert not asked.states
    assert understand("i'm a tired product manager, could you explain control?", of_the_field=True).states


@pytest.mark.parametrize(
    ("question", "wants"),
    [
        ("am I too old for this", True),
        ("What are my chances of getting into MATS?", True),
        ("I have an offer from a bank. Should I just quit and study?", True),
        ("Be honest with me.", True),
        ("stay or leave?", True),
        ("Should I do a PhD first?", False),  # guidance answers it
        ("Is it too late to apply for MATS?", False),
        ("Who is good enough for MATS?", False),
    ],
)
def test_wanting_to_be_judged_is_told_from_asking_what_guidance_answers(question: str, *, wants: bool) -> None:
    assert asks_for_a_verdict(question) is wants


def test_what_somebody_went_through_is_met_kindly() -> None:
    turned_down = understand(
        "Third rejection today. I cried in the office. Do I apply a fourth time?", of_the_field=True
    )
    writes = understand("I write software. I would like to help. What is missing?", of_the_field=True)

    assert feeling_of(turned_down.understood) == "hardship"
    assert feeling_of(writes.understood) is None


def test_what_begins_like_a_question_and_tells_something_asks_nothing() -> None:
    assert not asks("Did a bootcamp in 2021, got a junior dev job.")
    assert not asks("Have two kids.")
    assert asks("Did a bootcamp help you?")
    assert asks("do i need a degree")

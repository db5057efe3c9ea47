"""A sentence that its passages don't carry is told from one that they do, whatever is wrong with it."""

from __future__ import annotations

import pytest

import faults
from career_advisor.support import judge
from career_advisor.support.statement import parse

PASSAGE = (
    "Harbour Fellows, a programme of ten weeks in Leeds, pays about 6,000 pounds, as reported in May 2026.",
    "Beacon Labs is remote and unpaid, and takes some 30 of 400 applicants.",
    "Dana Rees of Harbour says that the fellowship may suit you if you like careful writing.",
    "Critics on the Tide Forum hold that such programmes select for confidence rather than for skill.",
    "Most fellows go on to research, and a few teach.",
    "Theory comes before practice at Beacon Labs, in Omar Lind's account.",
    "Harbour does not require a degree.",
)


@pytest.mark.parametrize(
    "text",
    [
        "Harbour Fellows is a ten-week programme in Leeds.",
        "According to a report of May 2026, Harbour Fellows pays around £6k.",
        "Beacon Labs is unpaid, but it's remote.",
        "Beacon Labs takes about 30 of its 400 applicants.",
        "Dana Rees of Harbour thinks the fellowship might suit you if you like writing carefully.",
        "Critics on the Tide Forum say that such programmes select for confidence instead of skill.",
        "Most fellows go on to do research.",
        "You don't need a degree for Harbour.",
        "In Omar Lind's account, theory comes before practice at Beacon Labs.",
    ],
)
def test_other_words_for_the_same_are_carried(text: str) -> None:
    assert judge(text, PASSAGE).reason == ""


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ("number", "Harbour Fellows is a twelve-week programme in Leeds."),
        ("amount", "Harbour Fellows pays about £60,000, as reported in May 2026."),
        ("date", "Harbour Fellows pays about 6,000 pounds, as reported in March 2026."),
        ("unit", "Harbour Fellows is a programme of ten months in Leeds."),
        ("organisation", "Beacon Labs pays about 6,000 pounds, as reported in May 2026."),
        ("person", "Omar Lind of Harbour says that the fellowship may suit you if you like careful writing."),
        ("attribution", "Dana Rees holds that such programmes select for confidence rather than for skill."),
        ("roles", "Critics on the Tide Forum hold that such programmes select for skill rather than for confidence."),
        ("order", "Practice comes before theory at Beacon Labs, in Omar Lind's account."),
        ("numbers exchanged", "Beacon Labs is remote and unpaid, and takes some 400 of 30 applicants."),
        ("merged", "Harbour Fellows is a remote programme of ten weeks and takes some 30 of 400 applicants."),
        ("negation", "Harbour requires a degree."),
        ("negation", "Beacon Labs is not remote and unpaid."),
        (
            "certainty",
            "Dana Rees of Harbour says that the fellowship will certainly suit you if you like careful writing.",
        ),
        ("all for most", "All fellows go on to research, and a few teach."),
        ("pointing back", "The second is remote and unpaid, and takes some 30 of 400 applicants."),
        ("pointing back", "Beacon Labs is remote and unpaid like the other."),
        ("of the prompt", "Beacon Labs is remote and unpaid, as the passage above says."),
        ("must for do", "Most fellows must go on to research."),
        ("hedge", "Dana Rees of Harbour says that the fellowship suits you if you like careful writing."),
        ("condition", "Dana Rees of Harbour says that the fellowship may suit you."),
        (
            "condition taken away",
            "Dana Rees of Harbour says that the fellowship may suit you even if you hate writing.",
        ),
        ("service", "Harbour Fellows pays about 6,000 pounds through Northstar Grants."),
        ("address", "Beacon Labs is remote and unpaid: https://beacon.example/apply."),
        ("e-mail", "Beacon Labs is remote and unpaid; write to join@beaconlabs.org."),
        ("id", "Beacon Labs is remote and unpaid, case BL-2041."),
        ("nothing of it", "Juggling bananas on weekends is what managers prefer."),
        ("an announcement", "Dana Rees of Harbour says:"),
        ("a question", "Does Harbour require a degree?"),
        ("points back", "Harbour Fellows and Beacon Labs differ: the latter is remote and unpaid."),
    ],
)
def test_each_kind_of_fault_is_found(fault: str, text: str) -> None:
    assert judge(text, PASSAGE).reason, fault


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        ("a listing that was made up", "Harbour Fellows has a sister programme, Summit Fellows, in Leeds."),
        ("searching that never happened", "Let me search for more programmes for you."),
        ("two promised, one there", "Two programmes of ten weeks in Leeds pay about 6,000 pounds."),
        ("a fact of one listing told of another", "Beacon Labs is a programme of ten weeks in Leeds."),
        ("a language that nobody named", "As a Spanish speaker, you can join Beacon Labs remotely."),
        ("a place that nobody named", "Since you live in Berlin, Beacon Labs is remote and suits you."),
        ("no relocation, read from the frame", "Harbour Fellows needs no relocation."),
        ("a line that closes every turn", "Feel free to ask me anything else."),
        ("a newcomer assumed", "As a newcomer you should begin with Beacon Labs."),
        ("reasoning shown", "The user wants a programme, so I should look at passage two first."),
        ("dates worked out", "Harbour Fellows was reported six months ago, in May 2026."),
        ("a form that nobody asked for", "You can suggest a missing programme with the suggestion form."),
    ],
)
def test_what_went_wrong_in_other_assistants_is_not_shown(failure: str, text: str) -> None:
    assert judge(text, PASSAGE).reason, failure


def test_of_a_short_sentence_more_must_be_carried() -> None:
    passage = [
        "AISafety.info, a question-and-answer site founded by Rob Miles, recommends booking a call with AI Safety "
        "Quest as well as one with 80,000 Hours."
    ]

    assert judge("Rob Miles says there is an AI safety group near you.", passage).reason.endswith("of its words")
    assert not judge("Rob Miles founded AISafety.info.", passage).reason


def test_what_a_sentence_stands_on_is_named_clause_by_clause() -> None:
    verdict = judge("Beacon Labs is remote and unpaid, and Harbour does not require a degree.", PASSAGE)

    assert verdict.carried_by == (1, 6)
    assert verdict.support == 1.0


def test_a_name_may_stand_in_the_heading_or_where_a_pronoun_points() -> None:
    evidence = ("Rhea Moss runs a school in Turin.", "She teaches forecasting there in the evening.")

    assert judge("Rhea Moss teaches forecasting in the evening.", evidence).reason == ""
    assert (
        judge("The Dover Fund pays for travel.", ["It pays for travel."], "What does the Dover Fund pay?").reason == ""
    )
    assert judge("The Dover Fund pays for travel.", ["It pays for travel."]).reason


@pytest.mark.parametrize(
    ("one", "other"),
    [("three weeks", "3 weeks"), ("$12k", "12,000 dollars"), ("twenty-four", "24"), ("2.5 million", "2,500,000")],
)
def test_a_number_is_the_same_in_words_and_in_digits(one: str, other: str) -> None:
    mine, theirs = ([token.keys for token in parse(text).tokens if token.kind == "number"] for text in (one, other))

    assert mine == theirs != []


@pytest.mark.parametrize(
    "text", ["", "…", "[1]", "?" * 500, "a " * 2_000, "не " * 300, "1" * 400, "don't " * 300, "I ca n't ."]
)
def test_no_text_breaks_the_check(text: str) -> None:
    assert judge(text, PASSAGE).carried_by == () or judge(text, PASSAGE).reason == ""
    assert judge("Beacon Labs is remote.", [text]).reason


@pytest.mark.slow
def test_the_development_half_of_the_set_is_told_apart_as_published() -> None:
    """docs/checking-sentences.md has the other half, which no rule was chosen on."""
    found = [(case, faults.check(case)) for case in faults.cases("dev")]
    caught = [bool(verdict.reason) for case, verdict in found if case.fault]
    lost = [bool(verdict.reason) for case, verdict in found if not case.fault]

    assert sum(caught) >= faults.CAUGHT * len(caught)
    assert sum(lost) <= faults.LOST * len(lost)


DATED = (*PASSAGE, "Applications to Harbour close on 3 May 2026, and its two courses are open to newcomers.")


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (
            "a service that nobody named, first in the sentence",
            "Northstar pays about 6,000 pounds, as reported in May 2026.",
        ),
        ("the same, with a programme", "Successif is a programme of ten weeks in Leeds."),
        ("another currency", "Harbour Fellows pays about $6,000, as reported in May 2026."),
        ("another currency, in words", "Harbour Fellows pays about 6,000 euros, as reported in May 2026."),
        ("a rate", "Harbour Fellows pays about 6,000 pounds a week, as reported in May 2026."),
        ("a conclusion", "Beacon Labs is remote and unpaid, so no relocation is needed."),
        ("advice of its own", "Beacon Labs is remote and unpaid, so quit your job today."),
        ("over, though it is not yet", "Applications to Harbour have closed."),
        ("a state of today", "Applications to Harbour are still open."),
        ("a date worked out", "Applications to Harbour closed in May 2026, so it is too late."),
        ("for newcomers, told to anybody", "There are two courses open to you."),
        ("reasoning about the person", "The user wants Beacon Labs, which is remote and unpaid."),
    ],
)
def test_what_is_said_beyond_its_passages_is_found_wherever_it_stands(fault: str, text: str) -> None:
    assert judge(text, DATED).reason, fault


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Since you like careful writing, the fellowship may suit you.", "I like careful writing. What could I do?"),
        ("You are a newcomer, and Harbour's two courses are open to newcomers.", "I'm a newcomer."),
        ("There are two courses open to you.", "I am one of the newcomers here."),
    ],
)
def test_of_the_person_only_what_they_said_themselves_is_said(text: str, told: str) -> None:
    assert judge(text, DATED, told=told).reason == ""
    assert judge(text, DATED).reason
    assert judge(text, DATED, told="What is there for newcomers who like careful writing?").reason


def test_what_a_passage_says_to_its_reader_may_be_said_to_the_person() -> None:
    passage = ["You are free to choose, and you have more time than you think."]

    assert judge("You have more time than you think.", passage).reason == ""
    assert judge("You don't need a degree for Harbour.", PASSAGE).reason == ""


def test_the_second_development_part_of_the_set_is_told_apart_as_published() -> None:
    """Most of its faults, and fewer good sentences lost than may be; the parts called fresh are for reports alone."""
    found = [(case, faults.check(case)) for case in faults.cases("dev2")]

    assert sum(bool(v.reason) for case, v in found if case.fault) >= 0.88 * len(found) / 2
    assert sum(bool(v.reason) for case, v in found if not case.fault) <= faults.LOST * len(found) / 2

"""Slips of the keyboard are mended before the search, and nothing else is touched."""

import pytest

from career_advisor.records import Document, Section, Span
from career_advisor.spelling import Speller

TEXT = """# Guide

## What is mechanistic interpretability?

Mechanistic interpretability looks for the reasons of a network's behaviour. Funding and
fellowships exist, Anthropic says. Lawyers read the address of the interview.
"""


@pytest.fixture(scope="module")
def speller() -> Speller:
    sections = (
        Section(("What is mechanistic interpretability?",), (Span(0, len(TEXT)),), wordings=("interpretablity",)),
    )
    return Speller.of([Document("guide.md", TEXT, "Guide", sections)])


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("what is mechanistc interpretablity", "what is mechanistic interpretability"),
        ("an interveiw with laywers?", "an interview with lawyers?"),
        ("the ADRESS, please: adress", "the ADRESS, please: address"),
    ],
)
def test_a_slip_is_read_as_the_word_of_the_index(speller: Speller, typed: str, meant: str) -> None:
    assert speller.mend(typed) == meant


@pytest.mark.parametrize(
    "text",
    [
        "founding a charity",  # a word, though one letter from funding
        "a fellowship, two interviews",  # other forms of words of the index
        "Adress of Antropic",  # names may be somebody's
        "adres of reasn",  # too short to be sure
        "zzzzzzzzz qqqqqqq",  # near to nothing
        "",
        "日本語 émigré 1234567",
    ],
)
def test_what_may_be_meant_as_it_stands_is_left_alone(speller: Speller, text: str) -> None:
    assert speller.mend(text) == text


def test_an_index_without_words_mends_nothing() -> None:
    assert Speller.of([]).mend("mechanistc") == "mechanistc"

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from career_advisor import chunking
from career_advisor.records import SENTENCE, Document, Section, Span


def plain(text: str) -> Document:
    return Document("a.txt", text, "A", (Section((), (Span(0, len(text)),)),))


def sentences(text: str) -> list[str]:
    return [text[p.start : p.end] for p in chunking.split(plain(text)).passages]


SPEECH = (
    "so the first thing people ask me is whether they need a degree and I usually tell them that it depends on what "
    "they want to do because there are many kinds of work and some of them need years of study while others need you "
    "to write good code now if you like building things then you should probably look at the engineering side but if "
    "you like thinking about proofs then the theoretical side is for you okay but how do you know which one you like "
    "well you try both for a few weeks and then you look at which of them you kept doing when nobody was watching"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See e.g. the guide. It is long.", ["See e.g. the guide.", "It is long."]),
        ("Use tools, i.e. Python, etc. Then go on.", ["Use tools, i.e. Python, etc.", "Then go on."]),
        ("Dr. Smith met Prof. Jones at 5 p.m. on Monday. They spoke.", None),
        ("The U.S. government funds it. The U.K. does too.", ["The U.S. government funds it.", "The U.K. does too."]),
        ("It costs $3.50 per hour. That is 2.5 times more.", ["It costs $3.50 per hour.", "That is 2.5 times more."]),
        ("Visit https://example.org/a.b/c. Then apply.", ["Visit https://example.org/a.b/c.", "Then apply."]),
        ("Go to example.org/courses. It is free.", ["Go to example.org/courses.", "It is free."]),
        ('He said "Apply now." She did.', ['He said "Apply now."', "She did."]),
        ("Is it hard? Yes! Very.", ["Is it hard?", "Yes!", "Very."]),
        ("Wait... what? Okay.", ["Wait... what?", "Okay."]),
        ("See Fig. 3 and p. 12. Also No. 5.", ["See Fig. 3 and p. 12.", "Also No. 5."]),
        ("The answer is no. No PhD is needed.", ["The answer is no.", "No PhD is needed."]),
        ("It was in Jan. 2025. In May it ended.", ["It was in Jan. 2025.", "In May it ended."]),
        ("So do I. Then we left.", ["So do I.", "Then we left."]),
        ("all in small letters. still two sentences.", ["all in small letters.", "still two sentences."]),
        ("- item one\n- item two\n- item three", ["- item one", "- item two", "- item three"]),
        ("これは文です。これも文です。", ["これは文です。", "これも文です。"]),
    ],
)
def test_a_sentence_ends_where_a_reader_would_say_so(text: str, expected: list[str] | None) -> None:
    found = sentences(text)

    assert found == (expected or ["Dr. Smith met Prof. Jones at 5 p.m. on Monday.", "They spoke."])


def test_speech_without_punctuation_is_cut_into_clauses_a_person_could_read() -> None:
    found = sentences(SPEECH)

    assert len(found) > 4
    assert all(6 <= len(clause.split()) <= chunking.LONGEST_CLAUSE for clause in found)
    assert not [clause for clause in found if clause.split()[-1] in {"and", "the", "of", "to", "a", "that", "because"}]
    assert " ".join(found) == SPEECH


def test_speech_is_cut_where_something_new_begins() -> None:
    assert {clause.split()[0] for clause in sentences(SPEECH)} >= {"so", "and", "now", "but"}


def test_a_small_letter_that_was_a_capital_in_the_caption_begins_a_clause() -> None:
    text = " ".join([*["it was said that I and I and I and I went"], SPEECH, "so we all came home i do not know why"])

    assert any(clause.startswith("i do not know why") for clause in sentences(text))


def test_one_block_of_speech_does_not_spoil_the_punctuated_one_beside_it() -> None:
    written = "This is a sentence. This is another one."
    text = f"{written}\n\n{SPEECH}"
    document = Document("a.txt", text, "A", (Section((), (Span(0, len(written)), Span(len(written) + 2, len(text)))),))

    passages = chunking.split(document).passages

    assert [text[p.start : p.end] for p in passages[:2]] == ["This is a sentence.", "This is another one."]


@given(st.text(alphabet="ab .!?\n\t\u00a0’é文。-1A", max_size=400))
def test_passages_tile_the_words_in_order_and_cut_none(text: str) -> None:
    document = plain(text)
    passages = chunking.split(document).passages
    words = [(m.start(), m.end()) for m in chunking.WORD.finditer(text)]

    covered = [
        (m.start() + p.start, m.end() + p.start)
        for p in passages
        for m in chunking.WORD.finditer(text[p.start : p.end])
    ]

    assert covered == words


@given(st.lists(st.integers(1, 12), min_size=1, max_size=300))
def test_windows_begin_and_end_with_whole_words_and_leave_none_out(lengths: list[int]) -> None:
    text = "  ".join("w" * length for length in lengths)
    windows = [w for w in chunking.split(plain(text)).windows if w.size]

    for window in windows:
        assert window.text == " ".join(text[window.start : window.end].split())
        assert window.start == 0 or text[window.start - 1] == " "
        assert window.end == len(text) or text[window.end] == " "
    smallest = [w for w in windows if w.size == chunking.SIZES[0]]
    assert smallest[0].start == 0
    assert smallest[-1].end == len(text)
    assert all(a.end >= b.start for a, b in pairwise(smallest))


def test_a_short_section_gets_one_window_besides_its_sentences_and_no_larger_copies_of_it() -> None:
    windows = chunking.split(plain("Only a few words here. And then some.")).windows

    assert [w.size for w in windows] == [chunking.SIZES[0], SENTENCE, SENTENCE]
    assert [w.text for w in windows[1:]] == ["Only a few words here.", "And then some."]


def test_heading_and_other_wordings_are_searched_and_never_quoted() -> None:
    text = "Do I need a PhD?\n\nNo, most people have none."
    section = Section(
        ("PhDs", "Do I need a PhD?"), (Span(18, len(text)),), wordings=("no degree", "is a doctorate needed")
    )
    chunks = chunking.split(Document("a.md", text, "PhDs", (section,)))

    asked = [w for w in chunks.windows if w.size == 0]
    assert [w.text for w in asked] == ["Do I need a PhD?", "no degree", "is a doctorate needed"]
    assert {(w.start, w.end) for w in asked} == {(18, len(text))}
    assert [text[p.start : p.end] for p in chunks.passages] == ["No, most people have none."]


def test_no_window_and_no_surrounding_crosses_a_section() -> None:
    text = "Alpha beta gamma. Delta epsilon.\n\nZeta eta theta. Iota kappa."
    cut = text.index("Zeta")
    document = Document(
        "a.md", text, "A", (Section(("One",), (Span(0, cut - 2),)), Section(("Two",), (Span(cut, len(text)),)))
    )
    chunks = chunking.split(document)

    assert not [w for w in chunks.windows if w.size and w.start < cut < w.end]
    lexical = chunking.lexical_texts(document, chunks.passages)
    assert ["Zeta" in words for words in lexical] == [False, False, True, True]
    assert ["One" in words for words in lexical] == [True, True, False, False]


def test_a_passage_is_looked_up_in_its_surroundings() -> None:
    text = " ".join(f"Sentence number {i} speaks of topic{i}." for i in range(60))
    document = plain(text)
    passages = chunking.split(document).passages

    middle = chunking.lexical_texts(document, passages)[30]

    assert "topic30" in middle
    assert "topic27" in middle
    assert "topic33" in middle
    assert "topic10" not in middle


@pytest.mark.parametrize("text", ["", "   \n ", "word", "...", "?", "a" * 5_000])
def test_hardly_any_text_is_no_reason_to_fail(text: str) -> None:
    chunks = chunking.split(plain(text))

    assert len(chunks.passages) == (1 if text.strip() else 0)
    assert bool(chunks.windows) == bool(text.strip())


def test_a_line_of_five_thousand_words_is_cut_in_less_than_a_second() -> None:
    import time

    began = time.perf_counter()
    passages = chunking.split(plain(" ".join([SPEECH] * 60))).passages

    assert time.perf_counter() - began < 1.0
    assert max(p.end - p.start for p in passages) < 300

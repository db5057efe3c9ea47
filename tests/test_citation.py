"""Nothing is shown that its source does not say."""

from __future__ import annotations

import time

import pytest

from career_advisor.citation import AGAIN, Checking, check
from career_advisor.records import Anchor, Document, DraftSentence, Hit, Section, Span

TEXT = "A PhD is not strictly needed. Engineers on safety teams mostly have none. The form takes about ten minutes."
FIRST, SECOND, THIRD = Span(0, 29), Span(30, 73), Span(74, len(TEXT))
PAGE = Document(
    "page.md",
    TEXT,
    "Degrees",
    (Section(("Do I need a PhD?",), (Span(0, len(TEXT)),), sources=("https://example.org/talk",), as_of="2025-05"),),
    url="https://example.org",
    kind="our summary",
    date="2024",
    anchors=(Anchor(0, 1, None), Anchor(60, 2, 12.5)),
)
HIT = Hit(PAGE, 0, 0, len(TEXT), 1.0, (FIRST, SECOND, THIRD), (3.0, 2.0, 1.0))


def quote(span: Span, text: str | None = None) -> tuple[int, DraftSentence]:
    return (0, DraftSentence(TEXT[span.start : span.end] if text is None else text, (0,), "quote", span))


def model(text: str, *cited: int) -> tuple[int, DraftSentence]:
    return (0, DraftSentence(text, cited, "model"))


def test_a_quote_is_the_documents_text_character_for_character() -> None:
    checked = check([quote(SECOND), quote(FIRST)], [HIT])

    assert [c.quote for c in checked.citations] == [TEXT[30:73], TEXT[0:29]]
    assert all(PAGE.text[c.start : c.end] == c.quote for c in checked.citations)
    assert [s.citations for s in checked.sentences] == [(1,), (2,)]


def test_a_quote_that_was_changed_is_dropped_and_counted() -> None:
    checked = check([quote(FIRST, "A PhD is strictly needed.")], [HIT])

    assert checked.sentences == ()
    assert checked.citations == ()
    assert [d.text for d in checked.dropped] == ["A PhD is strictly needed."]


def test_the_same_words_are_cited_under_one_number() -> None:
    checked = check([quote(FIRST), model("A PhD is not strictly needed.", 0)], [HIT])

    assert [s.citations for s in checked.sentences] == [(1,), (1,)]
    assert len(checked.citations) == 1


def test_a_citation_says_when_where_and_from_what_it_was_written() -> None:
    citation = check([quote(THIRD)], [HIT]).citations[0]

    assert citation.date == "2025-05", "the section's own date comes before the document's"
    assert citation.sources == ("https://example.org/talk",)
    assert (citation.page, citation.time) == (2, 12.5)
    assert citation.before.endswith("mostly have none. ")


@pytest.mark.parametrize(
    ("text", "cited", "why"),
    [
        ("Bakers on safety teams mostly have a dog.", (), "cites no passage"),
        ("Bakers on safety teams mostly have a dog.", (7,), "cites no passage"),
        ("The form takes about 25 minutes.", (0,), "number"),
        ("The form at Anthropic takes ten minutes.", (0,), "name"),
        ("Managers prefer juggling bananas on weekends.", (0,), "carry"),
        ("A PhD is strictly needed.", (0,), "denies"),
        ("A PhD is needed.", (0,), "denies"),
    ],
)
def test_what_a_model_says_beyond_its_passages_is_dropped_with_the_reason(
    text: str, cited: tuple[int, ...], why: str
) -> None:
    checked = check([model(text, *cited)], [HIT])

    assert checked.sentences == ()
    assert why in checked.dropped[0].reason


def test_what_a_model_says_again_is_shown_once() -> None:
    text = "A PhD is not strictly needed."

    checked = check([model(text, 0), model(text.upper(), 0), model(text, 0)], [HIT])

    assert [sentence.text for sentence in checked.sentences] == [text]
    assert [dropped.reason for dropped in checked.dropped] == [AGAIN, AGAIN]


def test_an_address_that_the_passages_do_not_have_is_not_shown() -> None:
    checked = check([model("Engineers on safety teams mostly have none, see https://evil.example/x.", 0)], [HIT])

    assert checked.sentences == ()
    assert "address" in checked.dropped[0].reason


def test_an_address_of_the_passages_is_shown_as_it_stands_there_and_no_other_way() -> None:
    text = "Apply to Dover.com at https://dover.example/apply, in any month."
    page = Document("d.md", text, "Dover", (Section(("When can I apply?",), (Span(0, len(text)),)),))
    hit = Hit(page, 0, 0, len(text), 1.0, (Span(0, len(text)),), (1.0,))
    known = "You can apply to Dover.com in any month, at https://dover.example/apply."

    assert [s.text for s in check([model(known, 0)], [hit]).sentences] == [known]
    assert check([model(known.replace("apply.", "apply?from=you."), 0)], [hit]).sentences == ()


ELSEWHERE = "Bakers begin before dawn. Their dogs sleep late."
OTHER = Document("other.md", ELSEWHERE, "Bakers", (Section((), (Span(0, len(ELSEWHERE)),)),))
OTHER_HIT = Hit(OTHER, 0, 0, len(ELSEWHERE), 0.5, (Span(0, 25), Span(26, len(ELSEWHERE))), (1.0, 0.5))


@pytest.mark.parametrize("cited", [(1,), (), (7,), (1, 7)])
def test_a_wrong_citation_is_mended_to_the_passage_that_carries_the_sentence(cited: tuple[int, ...]) -> None:
    checked = check([model("Most engineers on safety teams have none.", *cited)], [HIT, OTHER_HIT])

    assert [c.quote for c in checked.citations] == [TEXT[30:73]]
    assert [s.citations for s in checked.sentences] == [(1,)]


def test_of_several_passages_only_those_that_carry_the_sentence_are_cited() -> None:
    checked = check([model("Bakers begin before dawn.", 0, 1)], [HIT, OTHER_HIT])

    assert [c.document for c in checked.citations] == ["other.md"]


def test_a_sentence_that_no_passage_carries_is_dropped_with_what_is_wrong_beside_the_one_it_cites() -> None:
    checked = check([model("A PhD is strictly needed.", 0)], [HIT, OTHER_HIT])

    assert checked.citations == ()
    assert "denies" in checked.dropped[0].reason


def test_our_own_wording_needs_no_source_and_gets_no_number() -> None:
    checked = check([(0, DraftSentence("Hello.", (), "fixed")), quote(FIRST)], [HIT])

    assert [(s.origin, s.citations) for s in checked.sentences] == [("fixed", ()), ("quote", (1,))]


def test_every_number_has_a_citation_and_every_citation_a_number() -> None:
    checked = check(
        [model("Engineers on safety teams mostly have none.", 0, 3), model("Bananas dance.", 0), quote(THIRD)], [HIT]
    )

    used = {n for s in checked.sentences for n in s.citations}
    assert used == {c.number for c in checked.citations} == set(range(1, len(used) + 1))


def test_a_line_that_ended_an_earlier_answer_does_not_end_another_one() -> None:
    line = "The form takes about ten minutes."
    draft = DraftSentence(line, (0,), "model")

    assert Checking([HIT]).add(draft) is not None
    assert Checking([HIT], before=[f"A PhD is not needed [1]. {line} [2]"]).add(draft) is None
    assert Checking([HIT], before=[f"{line} [1] A PhD is not needed. [2]"]).add(draft) is not None


def test_sixty_sentences_are_checked_once_each_and_not_again_with_every_further_one() -> None:
    checking = Checking([HIT, OTHER_HIT])
    began = time.process_time()

    for n in range(60):
        checking.add(DraftSentence(f"Engineers on safety teams mostly have none, says report {n + 2}.", (0,), "model"))

    assert len(checking.checked.dropped) == 60
    assert time.process_time() - began < 1.0

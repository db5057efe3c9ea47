"""Terms of the field are explained once, in the words of the index's own glossary, to those who want plain words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from career_advisor import citation, files
from career_advisor.advisor import Advisor
from career_advisor.explaining import AT_MOST, LEAD, Glossary
from career_advisor.llm import open_model
from career_advisor.records import Document, DraftSentence, Hit, Message, Reply, Sentence, Span
from career_advisor.settings import shipped_corpus
from tests.doubles import SUMMARY
from tests.llm_server import LanguageModelServer, language_model_server
from tests.shipped import written_by
from tests.test_retrieval import ListShelf

SAYS = "Many people learn RLHF first, and evals later; ARENA teaches both, and scheming besides."
RLHF = "RLHF stands for reinforcement learning from human feedback"


@pytest.fixture(scope="module")
def glossary() -> Glossary:
    documents = [each for each in files.read([shipped_corpus()]).documents if each.path == "glossary.md"]
    return Glossary.of(ListShelf(*documents))


def quoted(text: str) -> tuple[list[tuple[int, DraftSentence]], list[Hit]]:
    """Return an answer that quotes one sentence."""
    document = Document("page.md", text, "A page", SUMMARY.sections)
    span = Span(0, len(text))
    hit = Hit(document, 0, *span, 1.0, (span,), (1.0,))
    opening = DraftSentence("Here is what bears on it.", (), "fixed")
    return [(0, opening), (1, DraftSentence(text, (0,), "quote", span))], [hit]


def explained(glossary: Glossary, text: str, asked: str = "How?", history: Sequence[Message] = ()) -> list[str]:
    drafts, pool = glossary.explain(*quoted(text), asked, history)
    checked = citation.check(drafts, pool)
    assert checked.dropped == ()
    for each in checked.citations:
        document = next(hit.document for hit in pool if hit.document.path == each.document)
        assert document.text[each.start : each.end] == each.quote
    return [sentence.text for sentence in checked.sentences[2:]]


def test_the_shipped_glossary_explains_its_terms_each_in_a_sentence_that_names_it(glossary: Glossary) -> None:
    assert {"RLHF", "AI control", "evals", "scheming", "MATS", "ARENA", "runway"} <= glossary.entries.keys()
    for term, hit in glossary.entries.items():
        assert term.casefold() in hit.text.casefold()
        assert hit.document.path == "glossary.md"


def test_what_a_quote_uses_first_is_explained_first_and_no_more_than_a_reader_bears(glossary: Glossary) -> None:
    lead, first, second = explained(glossary, SAYS)

    assert lead == LEAD
    assert first.startswith(RLHF)
    assert second.startswith("Evals is short for evaluations")
    assert AT_MOST == 2


@pytest.mark.parametrize(
    ("asked", "history"),
    [
        ("Is RLHF worth learning?", ()),
        ("How?", (Message("user", "I work on RLHF."), Message("assistant", "I see."))),
    ],
    ids=["in the question", "earlier"],
)
def test_a_word_of_the_persons_own_is_not_explained_to_them(
    glossary: Glossary, asked: str, history: Sequence[Message]
) -> None:
    assert not any(text.startswith(RLHF) for text in explained(glossary, SAYS, asked, history))


def test_nothing_is_explained_twice_in_a_conversation(glossary: Glossary) -> None:
    before = (Message("user", "How?"), Message("assistant", " ".join(explained(glossary, SAYS))))

    (_, only, last) = explained(glossary, SAYS, "And then?", before)

    assert only.startswith("MATS stands for")  # of one sentence with ARENA
    assert last.startswith("Scheming is")


def test_letters_are_a_term_only_in_capitals_and_a_part_of_a_word_is_none(glossary: Glossary) -> None:
    assert explained(glossary, "The arena is full, and the schemings of runways are misalignments.") == []


def test_what_explains_itself_or_uses_no_term_is_left_alone(glossary: Glossary) -> None:
    own = glossary.entries["RLHF"].text
    assert explained(glossary, own) == []
    assert explained(glossary, "Write to three people this week.") == []


def test_an_index_without_a_glossary_explains_nothing() -> None:
    empty = Glossary.of(ListShelf(SUMMARY))

    assert empty.entries == {}
    assert explained(empty, SAYS) == []


# ---------------------------------------------------------------- whole replies


@pytest.fixture
def advisor(shipped_advisor: Advisor) -> Advisor:
    return shipped_advisor


@pytest.fixture
def server() -> Iterator[LanguageModelServer]:
    with language_model_server() as double:
        double.say = lambda request: ["You do not strictly need a PhD to work on AI safety, Rob Miles says. [1]"]
        yield double


def last(advisor: Advisor, question: str, *, quotes_only: bool = False, plain_words: bool = False) -> Reply:
    *_, reply = advisor.reply(question, quotes_only=quotes_only, plain_words=plain_words)
    assert isinstance(reply, Reply)
    return reply


def test_a_quoted_answer_in_plain_words_is_the_usual_one_and_a_line_that_explains(advisor: Advisor) -> None:
    asked = "Which training programme should I apply to?"
    usual, plain = last(advisor, asked), last(advisor, asked, plain_words=True)

    assert advisor.explains
    assert LEAD in [each.text for each in plain.sentences]
    assert LEAD not in [each.text for each in usual.sentences]
    assert [each.document for each in plain.citations][-1] == "glossary.md"
    numbers = {number for each in plain.sentences for number in each.citations}
    assert numbers == {each.number for each in plain.citations}


def test_a_language_model_is_asked_for_plain_words_by_one_line_and_not_at_all_for_quotes(
    advisor: Advisor, server: LanguageModelServer
) -> None:
    model = open_model("double", base_url=server.address, api_key="secret")
    writing = written_by(model, advisor)
    question = "Do I need a PhD to work on AI safety?"

    assert last(writing, question).model == "openai:double"
    assert last(writing, question, plain_words=True).model == "openai:double"
    usual, plain = (each["messages"][0]["content"].splitlines() for each in server.asked)
    assert plain[: len(usual)] == usual
    assert len(plain[len(usual) :]) == 1
    assert "everyday words" in plain[-1]

    quotes = last(writing, question, quotes_only=True)
    assert len(server.asked) == 2
    assert quotes.model == "quotes"
    assert quotes.usage is None
    assert quotes.notice == ""
    assert quotes.answer == last(advisor, question).answer


# ---------------------------------------------------------------- words to be looked up where they stand


def offered(
    glossary: Glossary, text: str, asked: str = "How?", history: Sequence[Message] = (), *, quoted: Hit | None = None
) -> list[str]:
    """Return the words of an answer of one cited sentence that can be looked up."""
    sentences = (Sentence("Here is what bears on alignment.", (), 0.0, "fixed"), Sentence(text, (1,), 1.0, "quote"))
    citations = [citation.cite(1, quoted, quoted.sentences[0])] if quoted else []
    return [word for word, _ in glossary.first_used(sentences, citations, asked, history)]


def test_a_term_can_be_looked_up_where_it_is_first_used_as_the_answer_has_it(glossary: Glossary) -> None:
    assert offered(glossary, "Runway matters; learn RLHF, evals and more evals.") == ["Runway", "RLHF", "evals"]
    assert offered(glossary, SAYS) == ["RLHF", "evals", "ARENA", "scheming"]


def test_what_the_conversation_has_already_is_not_offered_again(glossary: Glossary) -> None:
    assert offered(glossary, SAYS, "Is RLHF worth it?") == ["evals", "ARENA", "scheming"]
    before = (Message("user", "How?"), Message("assistant", "Try evals."))
    assert offered(glossary, SAYS, history=before) == ["RLHF", "ARENA", "scheming"]


@pytest.mark.parametrize(
    "text",
    [
        "Reinforcement learning from human feedback (RLHF) is a scheme.",
        "Learn RLHF (a scheme that makes models act as people want).",
        "RLHF stands for something long.",
        "RLHF, that is, a scheme of training.",
    ],
)
def test_what_an_answer_explains_itself_is_not_offered(glossary: Glossary, text: str) -> None:
    assert offered(glossary, text) == []
    assert offered(glossary, "Learn RLHF first.") == ["RLHF"]


def test_an_answer_that_quotes_the_entry_needs_no_box_on_it(glossary: Glossary) -> None:
    assert offered(glossary, "RLHF is one example of fine-tuning.", quoted=glossary.entries["RLHF"]) == []


def test_a_word_within_a_name_is_no_term_and_there_are_no_more_than_a_keyboard_bears(glossary: Glossary) -> None:
    assert offered(glossary, "They run ML Alignment & Theory Scholars.") == []
    many = "MATS, ARENA, MARS, RLHF, AGI, evals and runway."
    assert offered(glossary, many) == ["MATS", "ARENA", "MARS", "RLHF"]


def test_the_advisor_names_each_word_with_the_exact_sentence_of_the_glossary(advisor: Advisor) -> None:
    reply = last(advisor, "Which training programme should I apply to?")
    terms = advisor.terms(reply)

    assert terms
    shelf = advisor._shelves.current()
    for term in terms:
        assert term.word in " ".join(each.text for each in reply.sentences if each.citations)
        document = shelf.documents[term.citation.document]
        assert term.citation.document == "glossary.md"
        assert document.text[term.citation.start : term.citation.end] == term.citation.quote
    assert advisor.terms(reply, (Message("assistant", reply.answer),)) == ()

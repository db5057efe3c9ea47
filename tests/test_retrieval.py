from __future__ import annotations

import gc
import math
import time
import weakref
import zlib
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from career_advisor import chunking, retrieval
from career_advisor.records import Document, EncoderIdentity, Hit, Section, Shelf, Span
from career_advisor.retrieval import Weights, retrieve
from career_advisor.text import content_words

Vectors = npt.NDArray[np.float32]
DIMENSION = 512
DENSE_ONLY = Weights(lexical=0.0, wording=0.0)


def encode(texts: Sequence[str]) -> Vectors:
    """Count content words into slots, and scale to length 1: texts that share words are near."""
    vectors = np.full((len(texts), DIMENSION), 1e-3, np.float32)
    for row, text in zip(vectors, texts, strict=True):
        for word in content_words(text):
            row[zlib.crc32(word.encode()) % DIMENSION] += 1.0
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


class ListShelf:
    """An index made of lists; its lexical score is the share of the question's words that a passage's text holds."""

    def __init__(self, *documents: Document) -> None:
        self.id = "list"
        self.built = "2026-11-24"
        self.encoder = EncoderIdentity("words", "", DIMENSION)
        self.documents = {document.path: document for document in documents}
        chunks = [chunking.split(document) for document in documents]
        self.passages = [passage for chunk in chunks for passage in chunk.passages]
        self.windows = [window for chunk in chunks for window in chunk.windows]
        self.vectors = encode([window.text for window in self.windows])
        self._words = [
            set(content_words(text))
            for document, chunk in zip(documents, chunks, strict=True)
            for text in chunking.lexical_texts(document, chunk.passages)
        ]

    def lexical(self, question: str) -> Vectors:
        asked = content_words(question)
        return np.array([sum(word in words for word in asked) for words in self._words], np.float32)


def page(path: str, *sections: str, wordings: Sequence[Sequence[str]] = ()) -> Document:
    """Make a page of paragraphs, each a section of its own."""
    text = "\n\n".join(sections)
    spans = []
    start = 0
    for section in sections:
        spans.append(Span(start, start + len(section)))
        start += len(section) + 2
    asked = [*wordings, *[()] * (len(sections) - len(wordings))]
    return Document(
        path,
        text,
        path,
        tuple(
            Section((f"Heading {i}",), (span,), tuple(w)) for i, (span, w) in enumerate(zip(spans, asked, strict=True))
        ),
    )


def search(shelf: Shelf, *questions: str, limit: int = 8, weights: Weights = DENSE_ONLY) -> list[Hit]:
    return retrieve(questions, encode(questions), shelf, limit=limit, weights=weights)


TOPICS = page(
    "topics.md",
    "Volcanoes erupt when magma rises. Lava then flows down the mountain and cools into rock.",
    "Bread rises because yeast eats sugar. Bakers knead the dough for ten minutes before it rests.",
    "Sailors tie knots. A bowline makes a loop that neither slips nor jams under heavy load.",
)
OTHERS = [f"Entry{i} of the catalogue names a colour and a number." for i in range(20)]
SPEECH = " ".join(
    f"so then we come to topic{i} and I think that item{i} is what matters there because part{i} follows from it"
    for i in range(80)
)
TALK = Document("talk.txt", SPEECH, "Talk", (Section((), (Span(0, len(SPEECH)),)),))


def test_the_passage_about_the_question_comes_first() -> None:
    hits = search(ListShelf(TOPICS), "why does dough with yeast rise")

    assert hits[0].text.startswith("Bread rises")
    assert hits[0].heading == ("Heading 1",)


@pytest.mark.parametrize("limit", [0, -1])
def test_nothing_asked_for_is_nothing_found(limit: int) -> None:
    shelf = ListShelf(TOPICS)

    assert search(shelf, "yeast", limit=limit) == []
    assert retrieve((), np.empty((0, DIMENSION), np.float32), shelf) == []


def test_an_empty_index_finds_nothing() -> None:
    empty = ListShelf(Document("a.txt", "", "A", (Section((), (Span(0, 0),)),)))

    assert search(empty, "anything") == []


def test_an_index_of_one_sentence_finds_it_whatever_is_asked() -> None:
    for question in ("word", "", "quite another thing"):
        (hit,) = search(ListShelf(page("one.md", "One word.")), question, weights=Weights(0.2, 0.6))
        assert hit.text == "One word."


def test_hits_are_exact_stretches_of_whole_sentences_that_never_overlap() -> None:
    shelf = ListShelf(TOPICS, TALK)

    hits = search(shelf, "topic40 item12 dough", limit=50, weights=Weights(0.2, 0.6))

    starts = {(p.document, p.start) for p in shelf.passages}
    ends = {(p.document, p.end) for p in shelf.passages}
    for hit in hits:
        assert (hit.document.path, hit.start) in starts
        assert (hit.document.path, hit.end) in ends
        assert hit.sentences[0].start == hit.start
        assert hit.sentences[-1].end == hit.end
        assert len(hit.sentences) == len(hit.sentence_scores)
    places = sorted((hit.document.path, hit.start, hit.end) for hit in hits)
    assert all(a[0] != b[0] or a[2] <= b[1] for a, b in pairwise(places))
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_of_a_long_talk_a_readable_run_around_the_answer_is_shown() -> None:
    first = search(ListShelf(TALK), "what about topic40 and item40")[0]

    assert "item40" in first.text
    assert retrieval.SHOWN_WORDS.start <= len(first.text.split()) <= retrieval.SHOWN_WORDS.end


def test_a_short_section_is_shown_whole() -> None:
    section = " ".join(f"Sentence {i} is about thing{i}." for i in range(25))

    first = search(ListShelf(TOPICS, page("long.md", section)), "thing20")[0]

    assert first.text == section


def test_of_a_section_the_sentence_that_answers_scores_highest_wherever_it_stands() -> None:
    section = ["Zebras are a subject of this page."] + [f"Zebras like entry{i} a good deal." for i in range(6)]
    section.insert(4, "A zebra costs 900 coins at auction.")

    first = search(ListShelf(TOPICS, page("zebra.md", " ".join(section))), "what does a zebra cost at auction")[0]

    best = first.sentences[int(np.argmax(first.sentence_scores))]
    assert first.document.text[best.start : best.end] == "A zebra costs 900 coins at auction."


def test_hits_come_by_falling_score_however_many_are_asked_for() -> None:
    many = ListShelf(page("many.md", *(f"Entry {i} tells of thing{i} and of yeast." for i in range(40))))

    scores = [hit.score for hit in search(many, "yeast of thing7", limit=30)]

    assert len(scores) == 30
    assert scores == sorted(scores, reverse=True)


def test_a_sentence_longer_than_what_is_shown_is_still_found() -> None:
    long = "Thing " + " ".join(f"word{i}" for i in range(90)) + "."
    short = [f"Another sentence says little about entry{i}." for i in range(30)]

    first = search(ListShelf(page("long.md", " ".join([*short[:15], long, *short[15:]]))), "Thing word7 word50")[0]

    assert first.text == long


def test_words_that_stand_in_two_documents_are_shown_once() -> None:
    copy = page("topics-again.md", *TOPICS.text.split("\n\n"), "Chess has sixty-four squares.")

    hits = search(ListShelf(TOPICS, copy), "yeast dough", limit=10)

    assert len({hit.text for hit in hits}) == len(hits) == 4


def test_another_wording_of_the_question_finds_its_section() -> None:
    wordings = [("why do mountains burn",), ("what makes a loaf light",), ("how do I moor my boat",)]
    shelf = ListShelf(page("topics.md", *TOPICS.text.split("\n\n"), *OTHERS, wordings=wordings))

    without = search(shelf, "mooring a boat")
    with_wordings = search(shelf, "mooring a boat", weights=Weights(0.0, 0.6))

    assert with_wordings[0].section == 2
    assert with_wordings[0].wording > 0.5
    assert with_wordings[0].legs["wording"] == 1
    assert with_wordings[0].text.startswith("Sailors")
    assert with_wordings[0].fused > without[0].fused


def test_a_rare_word_is_found_by_the_lexical_leg_and_its_absence_is_not_a_rank() -> None:
    hits = search(ListShelf(TOPICS), "bowline", weights=Weights(1.0, 0.0))

    assert hits[0].legs["lexical"] <= 2
    assert "lexical" not in hits[-1].legs


def test_two_queries_are_both_answered() -> None:
    hits = search(ListShelf(TOPICS), "yeast dough bakers", "magma lava volcanoes", limit=2)

    assert {hit.section for hit in hits} == {0, 1}


def test_a_question_that_names_the_common_theme_is_answered_all_the_same() -> None:
    theme = "a career in lighthouse safety research"
    sections = [f"For {theme} you will want to learn matter{i % 12} and craft{i % 7} first." for i in range(150)]
    shelf = ListShelf(page("guide.md", *sections, "Zebras graze near the coast and nobody in safety research minds."))
    question = f"Regarding {theme}: where do zebras graze, in safety research, in lighthouse research?"

    first = search(shelf, question)[0]

    cosines = encode([question])[0] @ shelf.vectors.T
    assert shelf.windows[int(np.argmax(cosines))].section < 150
    assert first.text.startswith("Zebras")


def test_the_same_question_gets_the_same_hits_and_ties_keep_the_order_of_the_index() -> None:
    same = ["Entirely unrelated entry."] * 3
    shelf = ListShelf(page("a.md", *same), page("b.md", *same))

    twice = [[(h.document.path, h.start, h.score) for h in search(shelf, "yeast")] for _ in range(2)]

    assert twice[0] == twice[1]
    places = [(path, start) for path, start, _ in twice[0]]
    assert places == sorted(places)


def test_similarity_is_the_cosine_of_the_best_window_of_the_stretch() -> None:
    shelf = ListShelf(TOPICS)
    question = "yeast eats sugar"

    first = search(shelf, question)[0]

    cosines = encode([question])[0] @ shelf.vectors.T
    best = max(c for c, w in zip(cosines, shelf.windows, strict=True) if w.size > 0 and w.section == first.section)
    assert first.similarity == pytest.approx(float(best), abs=1e-6)


def test_what_is_worked_out_for_an_index_goes_with_it() -> None:
    shelf = ListShelf(TOPICS)
    search(shelf, "yeast")
    gone = weakref.ref(shelf)

    del shelf
    gc.collect()

    assert gone() is None


@pytest.mark.slow
def test_ten_times_as_many_windows_take_nowhere_near_ten_times_as_long() -> None:
    vectors = encode(["Fact20x3"])

    def many(count: int) -> ListShelf:
        documents = [
            page(f"{i:04}.md", " ".join(f"Fact{i}x{j} is a thing that stands in the document." for j in range(20)))
            for i in range(count)
        ]
        shelf = ListShelf(*documents)
        lexical = shelf.lexical("Fact20x3")
        shelf.lexical = lambda question: lexical  # type: ignore[method-assign]  # the index's cost, not retrieval's
        assert retrieve(("Fact20x3",), vectors, shelf)[0].document.path == "0020.md"
        return shelf

    def seconds(shelf: ListShelf) -> float:
        began = time.perf_counter()
        retrieve(("Fact20x3",), vectors, shelf, weights=Weights(0.2, 0.6))
        return time.perf_counter() - began

    few, all_of_them = many(30), many(300)
    assert len(all_of_them.windows) > 10_000
    least = [math.inf, math.inf]
    for _ in range(50):  # other tests run beside this one, and whichever machine it is may be slow: both are as slow
        least = [min(least[0], seconds(few)), min(least[1], seconds(all_of_them))]
        if least[1] < 4 * least[0]:
            break

    assert least[1] < 4 * least[0], least  # 8 ms on a quiet machine

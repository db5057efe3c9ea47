"""Where the answers to a question stand is learnt from questions, and counts beside what was found without it."""

from __future__ import annotations

import numpy as np
import pytest

from career_advisor.adapting import LEAST, Adapter, Known, adapter_for
from career_advisor.retrieval import retrieve
from tests.test_corpus import sections
from tests.test_retrieval import TOPICS, ListShelf, encode

ENCODERS = {"all-mpnet-base-v2": 768, "all-MiniLM-L6-v2": 384}
ASKED = np.array([[1.0, 0.0, 0.0, 0.0]], np.float32)
NAMED = (("a.md", "One?"), ("a.md", "Two?"), ("b.md", "Three?"))


def taught(asked: str, answered: str, *, weight: float = 3.0) -> Adapter:
    """Return an adapter that has learnt one thing: who asks the first is answered by the second."""
    down, up = encode([asked]).T, encode([answered])
    return Adapter(down, 3.0 * up, sharpness=20.0, weight=weight)


@pytest.mark.parametrize(("encoder", "dimension"), ENCODERS.items())
def test_both_encoders_have_an_adapter_of_their_own_and_others_none(encoder: str, dimension: int) -> None:
    adapter = adapter_for(encoder)

    assert adapter is not None
    assert adapter.down.shape[0] == adapter.up.shape[1] == dimension
    assert adapter.weight > 0
    assert adapter.order > 0
    assert adapter_for("of-my-own") is None


@pytest.mark.parametrize("encoder", ENCODERS)
def test_nine_in_ten_sections_of_the_shipped_corpus_are_known_by_heart(encoder: str) -> None:
    """When it fails: `python benchmarks/adapting.py --write` learns the headings that are new."""
    adapter = adapter_for(encoder)
    shipped = {(document.path, section.heading[-1]) for document, section in sections()}

    assert adapter is not None
    assert adapter.known is not None
    assert len(shipped & set(adapter.known.rows)) >= 0.9 * len(shipped)


def test_shares_of_the_sections_sum_to_one_and_the_nearest_window_speaks_for_its_section() -> None:
    adapter = Adapter(np.zeros((4, 1), np.float32), np.zeros((1, 4), np.float32), sharpness=2.0, weight=1.0)

    cosines = np.array([[0.1, 0.9, 0.4, 0.2]], np.float32)
    shares = np.exp(adapter.log_shares(ASKED, cosines, np.array([0, 2, 3, 4]), NAMED))

    assert shares.sum() == pytest.approx(1.0)
    assert shares.argmax() == 0


def test_no_section_is_pushed_so_far_back_that_a_name_could_not_bring_it_forward() -> None:
    adapter = Adapter(np.zeros((4, 1), np.float32), np.zeros((1, 4), np.float32), sharpness=50.0, weight=1.0)

    shares = adapter.log_shares(ASKED, np.array([[1.0, -1.0]], np.float32), np.array([0, 1, 2]), NAMED[:2])

    assert shares[1] == LEAST


def test_a_section_known_by_heart_counts_as_likely_and_one_that_is_new_is_compared_like_all_others() -> None:
    by_heart = Known({NAMED[0]: 0, NAMED[1]: 1}, np.array([[0, 9, 0, 0], [9, 0, 0, 0]], np.float32), np.zeros(2, "f4"))
    alike = Adapter(np.zeros((4, 1), np.float32), np.zeros((1, 4), np.float32), sharpness=2.0, weight=1.0)
    cosines, bounds = np.array([[0.5, 0.5, 0.5]], np.float32), np.array([0, 1, 2, 3])

    without = alike.log_shares(ASKED, cosines, bounds, NAMED)
    with_it = alike._replace(known=by_heart).log_shares(ASKED, cosines, bounds, NAMED)

    assert with_it[1] > without[1] > with_it[0]
    assert with_it[2] == without[2]


def test_one_known_section_among_new_ones_is_not_first_for_every_question() -> None:
    by_heart = Known({NAMED[0]: 0, ("away.md", "Away?"): 1}, np.array([[0] * 4, [9, 0, 0, 0]], "f4"), np.zeros(2, "f4"))
    adapter = Adapter(np.zeros((4, 1), np.float32), np.zeros((1, 4), np.float32), sharpness=2.0, weight=1.0)
    cosines, bounds = np.array([[0.5, 0.6, 0.4]], np.float32), np.array([0, 1, 2, 3])

    shares = adapter._replace(known=by_heart).log_shares(ASKED, cosines, bounds, NAMED)

    assert shares.argmin() == 0


def test_an_index_of_other_sections_is_searched_as_if_nothing_were_known_by_heart() -> None:
    by_heart = Known({("elsewhere.md", "Why?"): 0}, np.ones((1, 4), np.float32), np.zeros(1, np.float32))
    adapter = Adapter(np.zeros((4, 1), np.float32), np.zeros((1, 4), np.float32), sharpness=2.0, weight=1.0)
    cosines, bounds = np.array([[0.5, 0.1, 0.3]], np.float32), np.array([0, 1, 2, 3])

    without = adapter.log_shares(ASKED, cosines, bounds, NAMED)

    assert (adapter._replace(known=by_heart).log_shares(ASKED, cosines, bounds, NAMED) == without).all()


def test_what_was_learnt_of_a_question_brings_the_section_that_answers_it_forward() -> None:
    shelf = ListShelf(TOPICS)
    question = "loaf of stone"
    answer = TOPICS.text.split("\n\n")[-1]

    without = retrieve([question], encode([question]), shelf)
    taught_it = retrieve([question], encode([question]), shelf, adapter=taught(question, answer))

    assert without[0].text != answer
    assert taught_it[0].text == answer
    assert taught_it[0].legs["learnt"] == 1


def test_what_was_learnt_changes_nothing_but_the_order() -> None:
    shelf = ListShelf(TOPICS)
    question = "loaf of stone"
    adapter = taught(question, TOPICS.text.split("\n\n")[-1])

    without = retrieve([question], encode([question]), shelf)
    ignored = retrieve([question], encode([question]), shelf, adapter=adapter._replace(weight=0.0))
    taught_it = retrieve([question], encode([question]), shelf, adapter=adapter)

    assert [hit.text for hit in ignored] == [hit.text for hit in without]
    assert {hit.text: hit.fused for hit in taught_it} == {hit.text: hit.fused for hit in without}

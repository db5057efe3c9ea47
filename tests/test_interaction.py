"""Which sentences answer a message is told word by word, as readers of the whole corpus would choose them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from career_advisor import interaction, retrieval
from career_advisor.choosing import Chooser, Found, Traits
from career_advisor.embedding import Pieces
from career_advisor.index import Kept
from career_advisor.interaction import (
    LEAST,
    UNKNOWN,
    Answering,
    Embedded,
    Interaction,
    Ready,
    Sentences,
    compared,
    digest,
    long_sections,
)
from career_advisor.models import find
from career_advisor.opening import shipped_sentences
from career_advisor.records import SENTENCE, Hit
from career_advisor.settings import load_settings, shipped_corpus
from tests.test_choosing import found, shelf
from tests.test_retrieval import SPEECH, TOPICS, ListShelf, encode, page

SHIPPED = shipped_corpus() / "vectors" / "interaction.npz"
Shipped = tuple[dict[str, int], Embedded]
Vectors = npt.NDArray[np.float32]

# Of people who were never shown to it, and a word of the sentence that answers them.
ASKED = (
    ("i have a job and two kids, is there a programme for the evenings, from home?", "remote", "part-time", "beside"),
    ("they turned me down again. is it me?", "reject", "turned", "apply again", "refus"),
    ("Do you need a doctorate for empirical safety work, or can an engineer do it?", "PhD", "doctorate"),
    ("what on earth is RLHF", "RLHF", "human feedback"),
)


@pytest.fixture(scope="module")
def compares() -> Interaction:
    folder = find(interaction.BASE, load_settings().weights)
    return Interaction(Pieces(folder, lambda: interaction.network().layers))


@pytest.fixture(scope="module")
def shipped() -> Shipped:
    return interaction.load(SHIPPED)


@pytest.mark.slow
@pytest.mark.parametrize(("message", "one_of"), [(message, one_of) for message, *one_of in ASKED])
def test_the_likeliest_of_all_shipped_sentences_speaks_of_what_was_asked(
    message: str, one_of: list[str], compares: Interaction, shipped: Shipped
) -> None:
    sentences = shipped_sentences()
    places, embedded = shipped
    odds = interaction.log_odds(compares.asked(message), Ready.of(embedded))
    likeliest = max(sentences, key=lambda each: odds[places[interaction.digest(each)]])

    assert any(word.lower() in " ".join(likeliest).lower() for word in one_of), likeliest


def test_every_sentence_of_the_corpus_ships_embedded() -> None:
    """When it fails: `career-advisor index vectors` makes the file anew."""
    places, embedded = interaction.load(SHIPPED)

    assert {interaction.digest(each) for each in shipped_sentences()} == set(places)
    assert len(embedded.ends) == len(places)


def test_what_ships_is_what_the_network_makes_of_the_sentences(compares: Interaction, shipped: Shipped) -> None:
    places, embedded = shipped
    some = shipped_sentences()[::150]
    asked = compares.asked("I'm a nurse who cannot code. Is there a place for me?")
    kept = embedded.taken([places[interaction.digest(each)] for each in some])

    before = interaction.log_odds(asked, Ready.of(kept))
    anew = interaction.log_odds(asked, Ready.of(interaction.joined(compares.embed(some))))

    assert before == pytest.approx(anew, abs=0.05)


def test_a_sentence_counts_the_same_alone_and_among_longer_ones(compares: Interaction, shipped: Shipped) -> None:
    _, embedded = shipped
    asked = compares.asked("Which fellowship pays a stipend?")
    every = interaction.log_odds(asked, Ready.of(embedded))

    for place in (0, 700, 1400):
        assert interaction.log_odds(asked, Ready.of(embedded.taken([place])))[0] == pytest.approx(
            every[place], abs=1e-3
        )


@pytest.mark.parametrize("message", ["", "?", "\ud800", "x" * 4_000, "why " * 900, "为什么"])
def test_no_message_is_too_odd_or_too_long(message: str, compares: Interaction, shipped: Shipped) -> None:
    odds = interaction.log_odds(compares.asked(message), Ready.of(shipped[1]))

    assert np.isfinite(odds).all()


def test_the_end_of_a_long_message_counts(compares: Interaction, shipped: Shipped) -> None:
    before = "I have worked for a bank for years and like it well enough, but nothing more than that. " * 5
    odds = [
        interaction.log_odds(compares.asked(before + question), Ready.of(shipped[1]))
        for question in ("Do I need a PhD?", "Where can I turn in a crisis?")
    ]

    assert odds[0].argmax() != odds[1].argmax()


def test_several_threads_get_what_one_gets(compares: Interaction, shipped: Shipped) -> None:
    ready = Ready.of(shipped[1])
    messages = [each[0] for each in ASKED]
    alone = [interaction.log_odds(compares.asked(each), ready) for each in messages]

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda each: interaction.log_odds(compares.asked(each), ready), messages * 4))

    for i, each in enumerate(together):
        assert each == pytest.approx(alone[i % len(alone)], abs=1e-4)


class Counted:
    """Gives what an encoder gives, and remembers how many texts it was asked for."""

    def __init__(self, encoder: Any) -> None:
        self._encoder = encoder
        self.products = encoder.products
        self.texts = 0

    def encode(self, texts: Sequence[str | tuple[str, str]], limit: int) -> list[tuple[Vectors, Vectors]]:
        self.texts += len(texts)
        return self._encoder.encode(texts, limit)  # type: ignore[no-any-return]


@pytest.fixture
def counted(compares: Interaction) -> Counted:
    return Counted(compares._encoder)


def test_sentences_that_do_not_ship_are_embedded_before_anybody_asks(counted: Counted, shipped: Shipped) -> None:
    index = shelf("some-encoder")
    sentences = Sentences(index, Interaction(counted), shipped)
    before = counted.texts
    answering = sentences.asked("Which programme is remote?")

    remote, sources, bananas = answering.of(np.arange(3))

    assert counted.texts == before + 1  # the message
    assert remote > max(sources, bananas)
    assert answering.odds[:3].tolist() == [remote, sources, bananas]
    assert answering.odds[3] == UNKNOWN  # a heading is no sentence
    assert answering.taught == 0.0


def test_where_they_are_too_many_they_are_embedded_when_they_are_found(
    compares: Interaction, shipped: Shipped, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = shelf("some-encoder")
    message = "Which programme is remote?"
    embedded = Sentences(index, compares, shipped).asked(message).of(np.arange(3))
    monkeypatch.setattr(interaction, "BEFOREHAND", 2)
    answering = Sentences(index, compares, shipped).asked(message)

    assert np.isneginf(answering.odds).all()
    assert answering.of(np.arange(3)).tolist() == pytest.approx(embedded.tolist(), abs=0.01)
    assert np.isfinite(answering.odds[:3]).all()


def test_what_was_embedded_once_is_remembered_and_what_is_damaged_is_embedded_again(
    counted: Counted, shipped: Shipped, tmp_path: Path
) -> None:
    index, message, rows = shelf("some-encoder"), "Which programme is remote?", np.arange(3)
    memory = Kept(tmp_path / "words.sqlite")

    def opened() -> list[float]:
        counted.texts = 0
        return Sentences(index, Interaction(counted, memory), shipped).asked(message).of(rows).tolist()  # type: ignore[no-any-return]

    first = opened()
    assert counted.texts == 3 + 1
    assert opened() == first
    assert counted.texts == 1  # the message alone

    (key, blob), *_ = memory.read([digest(each) for _, each in compared(index.windows, index.documents)]).items()
    for damaged in (b"", blob[:-1], b"\0" * len(blob), blob[: len(blob) - 2] + b"\xff\xff"):
        memory.write({key: damaged})
        assert opened() == first
        assert counted.texts == 1 + 1


def test_a_home_that_cannot_be_written_to_costs_time_and_nothing_else(
    compares: Interaction, shipped: Shipped, tmp_path: Path
) -> None:
    (tmp_path / "vectors").write_text("a file where the folder should be")
    memory = Kept(tmp_path / "vectors" / "words.sqlite")
    index = shelf("some-encoder")

    assert np.isfinite(Sentences(index, Interaction(compares._encoder, memory), shipped).asked("Hm?").odds[:3]).all()


def test_of_a_long_section_the_places_are_compared_and_of_a_short_one_the_sentences() -> None:
    talk = ListShelf(page("talk.md", SPEECH, "A word at the end."))
    rows = dict(compared(talk.windows, talk.documents))

    assert long_sections(talk.windows) == {("talk.md", 0)}
    assert {(talk.windows[row].section, talk.windows[row].size) for row in rows} == {
        (0, SENTENCE),
        (0, 24),
        (0, 48),
        (1, SENTENCE),
    }
    assert all(text in SPEECH for row, (_, text) in rows.items() if talk.windows[row].section == 0)


def test_where_nobody_can_say_more_what_is_unknown_is_unlikely() -> None:
    answering = Answering(np.array([1.0, UNKNOWN, -40.0], np.float32))

    assert answering.of(np.array([0, 1, 2])).tolist() == [1.0, LEAST, LEAST]


def test_what_was_learnt_of_a_sentence_speaks_for_it_and_where_nothing_was_the_usual_stands_in() -> None:
    odds = np.array([-2.0, -2.0, -2.0, UNKNOWN], np.float32)
    shares = np.array([-1.0, -9.0, np.nan, np.nan], np.float32)
    answering = Answering(odds, shares=shares)

    gains, loses, nobody_knows = answering.of(np.arange(3))

    assert gains > nobody_knows > loses
    assert nobody_knows == pytest.approx(-2.0, abs=1.0)  # on the same scale as word by word
    assert answering.by_words(np.arange(3)).tolist() == [-2.0] * 3
    assert answering.odds[:3].tolist() == pytest.approx([gains, loses, nobody_knows])
    assert answering.odds[3] == UNKNOWN


def test_what_was_learnt_finds_its_sentence_in_the_index_and_none_that_is_worded_otherwise(
    compares: Interaction, shipped: Shipped
) -> None:
    index = shelf("some-encoder")
    (_, _), (row, sentence), *_ = compared(index.windows, index.documents)
    message, shares, rows = "Which programme is remote?", np.array([-0.1], np.float32), np.arange(3)
    known, other = (Sentences(index, compares, shipped, [key]) for key in (digest(sentence), "another"))

    gained = known.asked(message, shares).of(rows) - known.asked(message, np.array([-9.0], np.float32)).of(rows)

    assert [each > 0 for each in gained] == [each == row for each in rows]
    assert other.asked(message, shares).of(rows).tolist() == other.asked(message).of(rows).tolist()


def test_whether_anything_answers_is_judged_word_by_word_alone() -> None:
    index = shelf("all-MiniLM-L6-v2", dimension=384)
    chooser = Chooser.of(index, of_the_field=True)
    message = np.eye(1, 384, dtype=np.float32)[0]
    odds = np.array([-4.0, -5.0, -6.0, UNKNOWN], np.float32)
    learnt = Answering(odds, shares=np.array([-12.0, -0.01, -12.0, np.nan], np.float32))
    ((hit,),) = chooser.weigh(message, [Found(message, [found(index)], answering=learnt)])
    ((alone,),) = chooser.weigh(message, [Found(message, [found(index)], answering=Answering(odds))])
    given = {"confidence": 0.5, "lacking": False, "unnamed": False, "left_open": 0.0}

    assert np.argmax(hit.belongs) == 1
    assert hit.belongs_by_words == pytest.approx(alone.belongs)
    assert chooser.whole(message, [[hit]], **given) == chooser.whole(message, [[alone]], **given)  # type: ignore[arg-type]


def test_how_likely_a_sentence_answers_speaks_for_it_when_quotes_are_chosen() -> None:
    index = shelf("all-MiniLM-L6-v2", dimension=384)
    chooser = Chooser.of(index, of_the_field=True)
    message = np.eye(1, 384, dtype=np.float32)[0]
    answering = Answering(np.array([-4.0, 2.0, -6.0, UNKNOWN], np.float32))
    part = Found(message, [found(index)], answering=answering)

    ((traits,),) = chooser.traits(message, [part])
    ((hit,),) = chooser.weigh(message, [part])
    ((without,),) = chooser.weigh(message, [part._replace(answering=None)])

    column = Traits._fields.index("answering")
    assert traits[:, column].tolist() == pytest.approx([-0.4, 0.2, -0.6])
    assert traits[:, column + 1].tolist() == pytest.approx([-0.6, 0.0, -0.8])
    # It gains on the first and the third by what was found word by word.
    gain = np.array(hit.belongs) - np.array(without.belongs)
    assert gain[1] > gain[0] > gain[2]


def test_an_index_about_something_else_is_not_compared() -> None:
    index = shelf("all-MiniLM-L6-v2", dimension=384)
    message = np.eye(1, 384, dtype=np.float32)[0]
    answering = Answering(np.array([-4.0, 2.0, -6.0, UNKNOWN], np.float32))
    chooser = Chooser.of(index, of_the_field=False)

    ((traits,),) = chooser.traits(message, [Found(message, [found(index)], answering=answering)])

    assert not traits[:, Traits._fields.index("answering")].any()


def likely(index: ListShelf, words: str) -> npt.NDArray[np.float32]:
    """Return log-odds that are high for the sentence with some words and low for the others."""
    odds = np.full(len(index.windows), UNKNOWN, np.float32)
    for row, window in enumerate(index.windows):
        if window.size == SENTENCE:
            odds[row] = 4.0 if words in window.text else -6.0
    return odds


def test_the_section_of_the_likeliest_sentence_is_found_first() -> None:
    index = ListShelf(TOPICS)
    asked = "why does dough with yeast rise"
    search = retrieval.Search([asked], encode([asked]), 3)

    (before,) = retrieval.retrieve_each([search], index)
    (after,) = retrieval.retrieve_each([search._replace(answering=likely(index, "bowline"))], index)

    assert before[0].text.startswith("Bread")
    assert after[0].text.startswith("Sailors")
    assert after[0].legs["answering"] == 1


def test_a_section_of_which_nothing_is_known_is_neither_pushed_nor_held_back() -> None:
    index = ListShelf(TOPICS)
    asked = "how do I tie a bowline"
    search = retrieval.Search([asked], encode([asked]), 3)

    (before,) = retrieval.retrieve_each([search], index)
    (after,) = retrieval.retrieve_each([search._replace(answering=np.full(len(index.windows), UNKNOWN))], index)

    assert [hit.text for hit in after] == [hit.text for hit in before]
    assert [hit.score for hit in after] == [hit.score for hit in before]


def test_of_a_talk_the_place_that_answers_is_found_first_though_it_stands_in_one_section_with_all_else() -> None:
    talk = ListShelf(page("talk.md", SPEECH))
    asked = "so what is it that matters"
    search = retrieval.Search([asked], encode([asked]), 3, taught=0.0)
    odds = np.array([4.0 if "item60 " in w.text and 0 < w.size <= 48 else -6.0 for w in talk.windows], np.float32)

    (before,) = retrieval.retrieve_each([search], talk)
    (after,) = retrieval.retrieve_each([search._replace(answering=odds)], talk)

    assert "item60 " not in before[0].text
    assert "item60 " in after[0].text


def test_what_the_network_says_counts_less_for_an_index_of_sentences_that_did_not_teach_it() -> None:
    index = ListShelf(TOPICS)
    asked = "why does dough with yeast rise"
    search = retrieval.Search([asked], encode([asked]), 3, likely(index, "bowline"))

    (taught,) = retrieval.retrieve_each([search], index)
    (untaught,) = retrieval.retrieve_each([search._replace(taught=0.0)], index)

    def ahead(hits: list[Hit]) -> float:
        score = {hit.text.split()[0]: hit.score for hit in hits}
        return score["Sailors"] - score["Bread"]

    assert ahead(taught) > ahead(untaught)

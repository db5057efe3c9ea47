"""What is heard in a message: the same alone and among others, wherever it is said, by whichever thread asks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from career_advisor import listening
from career_advisor.embedding import Pieces
from career_advisor.listening import GAP, KIND, PIECES, STRETCH, Listener, Network, said, stretches
from career_advisor.models import find
from career_advisor.rounding import layers_in, rounded
from career_advisor.settings import load_settings

DANGER = "I gave my dog to the neighbours and wrote the letters, so after Sunday nobody needs to worry about me."
ORDINARY = "I teach physics and would like to work on evaluations of language models, beside my job for now."


@pytest.fixture(scope="module")
def listener() -> Listener:
    folder = find(listening.BASE, load_settings().weights)
    return Listener(Pieces(folder, lambda: listening.network().layers))


def test_the_piece_that_counts_most_says_what_is_thought_of_a_message() -> None:
    net = Network(
        {},
        ("kind|urgent",),
        attend=np.array([[0.0], [30.0]], np.float32),
        value=np.array([[-2.0], [3.0]], np.float32),
        mean=np.array([[1.0], [0.0]], np.float32),
        bias=np.array([-0.5], np.float32),
    )
    pieces = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], np.float32)

    assert said(pieces, pieces.mean(axis=0), net) == pytest.approx([3.0 + 2 / 3 - 0.5])
    assert said(pieces[:2], pieces[:2].mean(axis=0), net) == pytest.approx([-2.0 + 1.0 - 0.5])


def test_danger_is_heard_and_an_ordinary_question_is_none(listener: Listener) -> None:
    assert listener.hear(DANGER).odds[KIND]["urgent"] > 0 > listener.hear(ORDINARY).odds[KIND]["urgent"]


def test_one_clause_is_heard_in_the_middle_of_a_life_story(listener: Listener) -> None:
    long = " ".join([ORDINARY] * 20)
    hidden = f"{long} {DANGER} {long}"
    assert len(hidden.split()) > PIECES

    assert listener.hear(hidden).loudest["urgent"] > 0
    assert listener.hear(long).loudest["urgent"] < 0


def test_a_long_message_is_heard_in_stretches_that_have_every_word_of_it() -> None:
    words = [f"w{n}" for n in range(3 * STRETCH + 7)]
    found = stretches(" ".join(words))

    assert {word for stretch in found for word in stretch.split()} == set(words)
    assert max(len(stretch.split()) for stretch in found) == STRETCH
    assert stretches(ORDINARY) == []


def test_what_is_left_open_is_heard(listener: Listener) -> None:
    visa = listener.hear("I hold an Iranian passport. Which organisations would sponsor a visa for me?").odds[GAP]

    assert max(visa, key=lambda gap: visa[gap]) == "visas"


@pytest.mark.parametrize(
    "message", ["", "?", "\ud800", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 " * 600, "a" * 4_000], ids=["none", "?", "half", "odd", "long"]
)
def test_no_message_is_too_odd_or_too_long(message: str, listener: Listener) -> None:
    heard = listener.hear(message)

    assert all(np.isfinite(list(odds.values())).all() for odds in heard.odds.values())


def test_several_threads_hear_what_one_hears(listener: Listener) -> None:
    messages = [ORDINARY, DANGER, "thanks!", "hi"]
    alone = [listener.hear(each).odds[KIND]["urgent"] for each in messages]

    with ThreadPoolExecutor(4) as pool:
        together = [each.odds[KIND]["urgent"] for each in pool.map(listener.hear, messages * 4)]
    assert together == pytest.approx(alone * 4, abs=0.05)


def test_what_was_trained_is_kept_in_eight_bits_to_within_half_a_step() -> None:
    layers = {
        "weights": np.random.default_rng(0).normal(size=(8, 16)).astype(np.float32),
        "bias": np.ones(3, np.float32),
    }

    back = layers_in(rounded(layers))

    assert np.abs(back["weights"] - layers["weights"]).max() <= np.abs(layers["weights"]).max() / 127
    assert back["bias"] == pytest.approx(layers["bias"])

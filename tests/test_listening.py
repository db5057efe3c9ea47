"""What is heard in a message: the same alone and among others, wherever it is said, by whichever thread asks."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from career_advisor import listening
from career_advisor.choosing import digest
from career_advisor.embedding import Pieces
from career_advisor.interaction import digest as digest_under_heading
from career_advisor.listening import GAP, KIND, PIECES, STRETCH, Listener, Network, answered, said, stretches
from career_advisor.models import find
from career_advisor.opening import shipped_sentences
from career_advisor.rounding import layers_in, rounded
from career_advisor.settings import load_settings

COMPOSED = Path(__file__).parents[1] / "benchmarks" / "sets" / "composed_held_out.jsonl"
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
        ask=np.zeros((2, 1), np.float32),
        project=np.zeros((4, 2), np.float32),
        answers=np.zeros((0, 2), np.float32),
        usual=np.zeros(0, np.float32),
        sentences=(),
    )
    pieces = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], np.float32)

    assert said(pieces, pieces.mean(axis=0), net) == pytest.approx([3.0 + 2 / 3 - 0.5])
    assert said(pieces[:2], pieces[:2].mean(axis=0), net) == pytest.approx([-2.0 + 1.0 - 0.5])


def test_what_a_message_asks_is_gathered_from_its_pieces_and_compared_with_every_sentence() -> None:
    net = Network(
        {},
        (),
        attend=np.zeros((2, 0), np.float32),
        value=np.zeros((2, 0), np.float32),
        mean=np.zeros((2, 0), np.float32),
        bias=np.zeros(0, np.float32),
        ask=np.array([[0.0], [30.0]], np.float32),  # the piece that is like the second direction counts
        project=np.array([[0.0, 0.0], [0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], np.float32),  # and nothing else
        answers=np.array([[4.0, 0.0], [0.0, 4.0]], np.float32),
        usual=np.array([0.0, 1.0], np.float32),
        sentences=("one", "other"),
    )
    pieces = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], np.float32)

    shares = answered(pieces, pieces.mean(axis=0), net)

    assert np.exp(shares).sum() == pytest.approx(1.0, abs=1e-5)
    assert shares[1] - shares[0] == pytest.approx(4.0 + 1.0, abs=1e-4)


@pytest.mark.slow
def test_what_readers_of_the_whole_guidance_would_quote_is_likely_for_messages_that_taught_nothing(
    listener: Listener,
) -> None:
    place = {digest(text): i for i, (_, text) in enumerate(shipped_sentences())}
    known = {each: i for i, each in enumerate(listening.network().sentences)}
    order = [known[digest_under_heading(each)] for each in shipped_sentences()]
    found = []
    for line in COMPOSED.read_text("utf-8").splitlines()[::4]:
        case = json.loads(line)
        best = {place[key] for key in map(digest, case["best"]) if key in place}
        if best:
            shares = listener.hear(case["question"]).shares
            assert shares is not None
            found.append(len(best & set(np.argsort(-shares[order])[:20].tolist())) / len(best))

    assert len(found) > 50
    assert np.mean(found) > 0.6  # of 1,427 sentences


def test_danger_is_heard_and_an_ordinary_question_is_none(listener: Listener) -> None:
    assert listener.hear(DANGER).odds[KIND]["urgent"] > 0 > listener.hear(ORDINARY).odds[KIND]["urgent"]


@pytest.mark.slow
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


@pytest.mark.slow
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

"""What speaks for showing somebody a service is told from the message, the registry and what readers named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from career_advisor.matching import FEWEST, Heads, Learnt, Matcher, Message, Traits, heads_for, purpose
from career_advisor.records import Service

TALK = Service("talk", "Talk", "advising", "https://talk.example", "anybody", "free", "thinking it through")
JOBS = Service("jobs", "Jobs", "job board", "https://jobs.example", "job seekers", "free", "finding positions")
NEEDS = {"talk": ("advice", "jobs"), "jobs": ("jobs",)}
ASKED = Message(np.array([0.0, 1.0], np.float32), (), {}, None, lacking=False, named=frozenset())


class Encoder:
    """Knows what two services are for."""

    def encode(self, texts: Sequence[str]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return np.array([[1.0, 0.0] if "Talk" in text else [0.0, 1.0] for text in texts], np.float32)


@pytest.fixture
def matcher() -> Matcher:
    learnt = Learnt(np.ones(len(Traits._fields)), -1.0, 0.0, 0.0)
    purposes = Encoder().encode([purpose(TALK), purpose(JOBS)])
    return Matcher((TALK, JOBS), NEEDS, purposes, learnt, None)


def columns(matcher: Matcher, message: Message) -> dict[str, list[float]]:
    return {name: list(map(float, row)) for name, row in zip(Traits._fields, matcher.traits(message).T, strict=True)}


def test_a_service_counts_most_for_what_it_is_best_at(matcher: Matcher) -> None:
    asked = columns(matcher, replace(ASKED, by_pattern=("jobs",), likeness={"jobs": 0.2}, told=("advice",)))

    assert asked["pattern"] == [0.5, 1.0]
    assert asked["likeness"] == pytest.approx([0.1, 0.2])
    assert asked["told"] == [1.0, 0.0]
    assert asked["purpose"] == [0.0, 1.0]
    assert asked["purpose_behind"] == [-1.0, 0.0]


def test_a_person_is_what_somebody_needs_who_tells_of_themselves_or_got_no_answer(matcher: Matcher) -> None:
    assert columns(matcher, ASKED)["person"] == [0.0, 0.0]
    assert columns(matcher, replace(ASKED, told=()))["person"] == [1.0, 0.0]
    assert columns(matcher, replace(ASKED, lacking=True))["knows"] == [1.0, 0.0]
    assert columns(matcher, replace(ASKED, named=frozenset({"jobs"})))["named"] == [0.0, 1.0]


def test_what_was_learnt_of_a_service_is_said_by_its_own_model(matcher: Matcher) -> None:
    heads = Heads(("jobs",), *(np.array(each, np.float32) for each in ([[0.0, 4.0]], [-1.0], [-2.0], [0.0, 2.0, 1.0])))

    said = columns(replace(matcher, heads=heads), ASKED)

    assert said["learnt"] == pytest.approx([FEWEST / 10, 0.3])  # 4 - 1
    assert said["often"] == pytest.approx([FEWEST / 10, -0.2])
    assert columns(matcher, ASKED)["learnt"] == [0.0, 0.0]


def test_whether_anything_is_wanted_at_all_is_told_by_a_model_of_its_own(matcher: Matcher) -> None:
    heads = Heads(("jobs",), *(np.array(each, np.float32) for each in ([[0.0, 4.0]], [-1.0], [-2.0], [0.0, -2.0, 1.0])))

    assert not replace(matcher, heads=heads).wants_any(ASKED)  # 1 - 2
    assert replace(matcher, heads=heads).wants_any(replace(ASKED, vector=np.array([1.0, 0.0], np.float32)))
    assert matcher.wants_any(ASKED)


@pytest.mark.parametrize("encoder", ["all-mpnet-base-v2", "all-MiniLM-L6-v2"])
def test_the_six_services_that_must_exist_were_learnt(encoder: str) -> None:
    heads = heads_for(encoder)

    assert heads is not None
    assert set(heads.services) >= {
        "80k-advising", "80k-career-guide", "80k-job-board", "aisafety-advisors", "aisafety-courses", "bluedot",
    }  # fmt: skip


def test_for_an_encoder_that_nobody_measured_the_rest_decides() -> None:
    matcher = Matcher.of("another", Encoder(), (TALK, JOBS), NEEDS)

    assert heads_for("another") is None
    odds = matcher.log_odds(replace(ASKED, by_pattern=("jobs",), likeness={"jobs": 0.3}))
    assert odds[1] > odds[0]

"""A question among noise is read, and nothing that people write is taken for noise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from career_advisor.text import without_noise

SETS = Path(__file__).parents[1] / "benchmarks" / "sets"
NOISE = "jz+de8g d6ncf10epf9\n#h d#%zdoc9is0 h#t9:lg%#=\n4zge 1xf266; =i 6fd6y+i\n"


def test_a_question_is_read_out_of_the_noise_around_it() -> None:
    assert without_noise(f"{NOISE}How do I find a mentor?\n{NOISE}") == "How do I find a mentor?"


@pytest.mark.parametrize(
    "text",
    [
        NOISE,
        "",
        "MATS 2026?? $15k/mo @ Berkeley, GPA 3.7/4.0 (BSc)",
        "c++ / k8s / gpt-4",
        "我是数学系的研究生，想做人工智能安全研究，应该从哪里开始？",
        "🤖❓🤷",
        "See https://www.aisafety.com/jobs and https://80000hours.org",
    ],
)
def test_noise_alone_and_what_only_looks_odd_stay_as_they_are(text: str) -> None:
    assert without_noise(text) == text


def test_no_message_of_any_set_loses_a_word() -> None:
    lines = [
        json.loads(line) for name in ("composed", "judged", "declines") for line in (SETS / f"{name}.jsonl").open()
    ]
    assert len(lines) > 2_000
    assert [line["question"] for line in lines if without_noise(line["question"]) != line["question"]] == []

"""A fixed part of the shipped test set, asked of the real thing: what it could do it can still do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from career_advisor.opening import shipped_cases
from tests.test_cli import Run, run

__all__ = ["run"]

KEPT = """
    a001 a009 a026 a039 c007 c013 c040 b025 b039 b049 b073 b087 b108 b125 pa04 pa09 pc06 b053 pc03 b074 b104
    b123 u11 u15 u33 o17 ma01 ma02 ma12 mc01 mc11 mc13 h01 h07 h11 h18 h21 h25 h33 h36
"""
"""Cases of every kind that passed, from the development half, none of them by a hair: each must go on passing."""


@pytest.mark.slow
def test_a_fixed_part_of_the_shipped_set_passes_with_the_default_encoder(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ADVISOR_ENCODER")
    kept = KEPT.split()
    lines = [line for line in shipped_cases().read_text("utf-8").splitlines() if json.loads(line)["id"] in kept]
    assert len(lines) == len(kept) == 40
    cases = tmp_path / "kept.jsonl"
    cases.write_text("\n".join(lines) + "\n", "utf-8")

    ran = run("evaluate", "run", "--cases", cases, "--out", tmp_path / "run", "--json")

    results = [json.loads(line) for line in (tmp_path / "run" / "results.jsonl").read_text("utf-8").splitlines()]
    assert {row["case"]["id"]: row["why"] for row in results if not row["passed"]} == {}
    assert ran.code == 0

"""Fits and measures what the advisor declines: `python benchmarks/declines.py [--cases FILE] [--transcript FILE]`.

For each encoder: builds the index of the shipped corpus (and of a transcript, if one is given), weighs the evidence
for every question of the set, fits the logistic regression and the thresholds of `grounding.THRESHOLDS` on the
development half, and reports the held-out half once, with the curve that the thresholds were chosen on. Nothing is
written to the program: the figures printed under "fitted" are carried over by hand, and the file of results says
which ones were in force.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from career_advisor import advisor as advising
from career_advisor import grounding
from career_advisor.opening import build_index, open_advisor, plain_progress
from career_advisor.records import Reply
from career_advisor.settings import Settings, load_settings

HERE = Path(__file__).parent
ENCODERS = ("all-mpnet-base-v2", "all-MiniLM-L6-v2")
QUESTIONS = {"answered", "partly", "not_covered", "off_topic"}
FALSE_DECLINES = 0.05
"""Share of answerable development questions that may be called unanswerable."""


def expected(case: dict[str, Any]) -> set[str]:
    """Return the statuses that pass."""
    return set(case["expect"]) if isinstance(case["expect"], list) else {case["expect"]}


def weigh(advisor: advising.Advisor, cases: list[dict[str, Any]]) -> list[tuple[dict[str, Any], str, Any, float]]:
    """Return for each case the status given, the evidence and the confidence."""
    rows: list[tuple[dict[str, Any], str, Any, float]] = []
    for case in cases:
        *_, reply = advisor.reply(case["question"])
        assert isinstance(reply, Reply)
        (ground,) = advisor._grounds.values()
        weighed = grounding.evidence(reply.standalone, list(reply.hits), ground)
        rows.append((case, reply.status, weighed, grounding.probability(weighed, ground.thresholds)))
    return rows


def fit(rows: list[tuple[dict[str, Any], str, Any, float]]) -> dict[str, Any]:
    """Fit on the development half: weights, and the thresholds that decline few answerable questions."""
    kept = [
        (case, weighed) for case, _, weighed, _ in rows if case["half"] == "development" and expected(case) <= QUESTIONS
    ]
    answerable = np.array(["answered" in expected(case) for case, _ in kept])
    features = np.array([weighed for _, weighed in kept])
    model = LogisticRegression(C=10.0, max_iter=5000).fit(features, answerable)
    chance = model.predict_proba(features)[:, 1]
    off_topic = np.array(
        [expected(case) <= {"off_topic", "not_covered"} and "off_topic" in expected(case) for case, _ in kept]
    )
    closeness = features[:, 0] * 10
    near = max(
        np.unique(closeness), key=lambda t: (closeness[off_topic] < t).mean() + (closeness[~off_topic] >= t).mean()
    )
    curve = [
        {
            "threshold": round(float(t), 3),
            "false_declines": round(float((chance[answerable] < t).mean()), 3),
            "caught": round(float((chance[~answerable] < t).mean()), 3),
        }
        for t in np.linspace(0.05, 0.95, 19)
    ]
    return {
        "weights": [round(float(w), 3) for w in model.coef_[0]],
        "intercept": round(float(model.intercept_[0]), 3),
        "answered": round(float(np.quantile(chance[answerable], FALSE_DECLINES)), 3),
        "near": round(float(near), 2),
        "auroc_development": round(float(roc_auc_score(answerable, chance)), 3),
        "n": len(kept),
        "curve": curve,
    }


def report(rows: list[tuple[dict[str, Any], str, Any, float]], half: str) -> dict[str, Any]:
    """Count statuses by what was expected, and the share of cases that pass, with a 95 % bootstrap interval."""
    kept = [(case, status, chance) for case, status, _, chance in rows if case["half"] == half]
    table: dict[str, Counter[str]] = {}
    for case, status, _ in kept:
        table.setdefault("/".join(sorted(expected(case))), Counter())[status] += 1
    passed = np.array([status in expected(case) for case, status, _ in kept], float)
    chance = np.random.default_rng(0)
    means = [passed[chance.integers(0, len(passed), len(passed))].mean() for _ in range(2000)]
    questions = [(case, c) for case, _, c in kept if expected(case) <= QUESTIONS]
    truth = ["answered" in expected(case) for case, _ in questions]
    return {
        "n": len(kept),
        "passed": round(float(passed.mean()), 3),
        "interval": [round(float(q), 3) for q in np.quantile(means, [0.025, 0.975])],
        "auroc": round(float(roc_auc_score(truth, [c for _, c in questions])), 3),
        "statuses": {name: dict(counts) for name, counts in sorted(table.items())},
        "failed": [
            {
                "question": case["question"],
                "expected": sorted(expected(case)),
                "status": status,
                "confidence": round(c, 2),
            }
            for case, status, c in kept
            if status not in expected(case)
        ],
    }


def main() -> None:
    """Run and write benchmarks/results/declines.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=Path, nargs="+", default=[HERE / "sets" / "declines.jsonl"])
    parser.add_argument("--transcript", type=Path)
    parser.add_argument("--encoder", choices=ENCODERS, action="append")
    parser.add_argument("--home", type=Path, help="where the indexes are kept between runs")
    given = parser.parse_args()
    cases = [json.loads(line) for file in given.cases for line in file.read_text("utf-8").splitlines()]
    results: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.machine()}, {platform.system()}",
        "commit": subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
        ).stdout.strip(),
        "cases": [file.name for file in given.cases],
    }
    kept = given.home or Path(tempfile.mkdtemp())
    for encoder in given.encoder or ENCODERS:
        pooled = []
        for corpus in ("shipped", "talk") if given.transcript else ("shipped",):
            settings: Settings = load_settings(home=kept / f"{encoder}-{corpus}", encoder=encoder)
            if corpus == "talk":
                build_index(settings, [given.transcript], progress=plain_progress(print))
            rows = weigh(open_advisor(settings, progress=plain_progress(print)), cases)
            pooled += rows
            results[f"{encoder}, {corpus}"] = {half: report(rows, half) for half in ("development", "held-out")}
        results[f"{encoder}, fitted"] = fit(pooled)
        print(encoder, json.dumps({k: v for k, v in results[f"{encoder}, fitted"].items() if k != "curve"}))
    out = HERE / "results" / "declines.json"
    out.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", "utf-8")
    for name, each in results.items():
        if isinstance(each, dict) and "held-out" in each:
            for half in ("development", "held-out"):
                print(name, half, {k: v for k, v in each[half].items() if k != "failed"})


if __name__ == "__main__":
    main()

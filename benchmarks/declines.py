"""Fits and measures when the advisor declines: `python benchmarks/declines.py [--transcript FILE] [--write]`.

For each encoder the evidence for every question is weighed: over the shipped corpus (sets/declines.jsonl and the
single questions of the shipped test set) and, where a transcript is given, over an index of that alone
(sets/talk.jsonl, and what sets/declines.jsonl has that a talk cannot answer). Two logistic regressions are fitted on
the development halves: can the passages answer, and is the question on the subject at all. Thresholds are chosen
there, too, for few false declines and many caught questions; the held-out halves are reported once, as they come.
`--write` puts the fit into src/career_advisor/thresholds.toml.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from sklearn.metrics import roc_auc_score

from career_advisor.advisor import Advisor
from career_advisor.files import read
from career_advisor.grounding import Evidence, Ground, Logistic, evidence
from career_advisor.opening import build_index, open_advisor, plain_progress
from career_advisor.records import Reply
from career_advisor.settings import load_settings
from machine import commit, machine, today

HERE = Path(__file__).parent
CASES = HERE.parent / "corpus" / "cases.jsonl"
THRESHOLDS = HERE.parent / "src" / "career_advisor" / "thresholds.toml"
ENCODERS = ("all-mpnet-base-v2", "all-MiniLM-L6-v2")
QUESTIONS = {"answered", "partly", "not_covered", "off_topic"}
FALSE_DECLINES = 0.03
"""Share of answerable development questions that may be called not covered."""
FALSE_OFF_TOPIC = 0.02
"""Share of on-topic development questions that may be called off topic."""
RESERVED = 0.06
"""Share of answerable development questions that may be answered with a reservation (`partly`)."""
HEADINGS_EVERY = 6
"""Of the corpus's own questions one in so many is fitted on: the plainest that can be asked."""
RIDGE = 0.002
SPEAKS_FOR = {"closeness", "likeness", "coverage", "sharpness"}
"""Evidence that can only speak for an answer; the rest can only speak against one."""
RESAMPLES = 2_000

Values = npt.NDArray[np.float64]


class Case(NamedTuple):
    """A question, and what should come of it."""

    question: str
    expected: frozenset[str]
    half: str
    corpus: str


class Row(NamedTuple):
    """What came of it."""

    case: Case
    status: str
    evidence: Evidence
    confidence: float


def cases_over_the_corpus() -> list[Case]:
    """Return the single questions whose labels hold for the shipped corpus."""
    rows = [*_lines(HERE / "sets" / "declines.jsonl"), *_lines(CASES)]
    return [
        Case(row["question"], _expected(row), row["half"], "shipped")
        for row in rows
        if not row.get("history") and row.get("expect") and row["question"].strip()
    ] + [
        Case(section.heading[-1], frozenset({"answered"}), "development", "shipped")
        for document in read([CASES.parent]).documents
        for section in document.sections[::HEADINGS_EVERY]
        if section.heading[-1].endswith("?")
    ]


def cases_over_the_talk() -> list[Case]:
    """Return questions whose labels hold for the talk alone."""
    cases = [
        Case(row.get("standalone") or row["question"], frozenset({"answered"}), row["half"], "talk")
        for row in _lines(HERE / "sets" / "talk.jsonl")
    ]
    known = {"near-miss": {"not_covered", "partly"}, "off-topic": {"off_topic"}}
    for row in _lines(HERE / "sets" / "declines.jsonl"):
        expected = [statuses for tag, statuses in known.items() if tag in row["tags"]]
        cases += [Case(row["question"], frozenset(statuses), row["half"], "talk") for statuses in expected]
    return cases


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def _expected(row: dict[str, Any]) -> frozenset[str]:
    return frozenset(row["expect"] if isinstance(row["expect"], list) else [row["expect"]])


def weigh(advisor: Advisor, cases: Sequence[Case]) -> list[Row]:
    """Ask every question, and keep what its status was decided on."""
    rows = []
    for case in cases:
        *_, reply = advisor.reply(case.question)
        assert isinstance(reply, Reply)
        (ground,) = advisor._grounds.values()
        weighed = _evidence(reply, ground)
        rows.append(Row(case, reply.status, weighed, ground.thresholds.answers.probability(weighed)))
    return rows


def _evidence(reply: Reply, ground: Ground) -> Evidence:
    return evidence(reply.standalone, reply.hits, ground, date.today())


def fit(rows: Sequence[Row]) -> dict[str, Any]:
    """Fit both regressions and choose the thresholds, on the rows given."""
    kept = [row for row in rows if row.case.expected <= QUESTIONS]
    # "answered or partly" and the like are left out of the fit: they would teach it both.
    clear = [row for row in kept if row.case.expected == {"answered"} or "answered" not in row.case.expected]
    clear = [row for row in clear if "off_topic" not in row.case.expected]
    answerable = np.array([row.case.expected == {"answered"} for row in clear])
    features = np.array([row.evidence for row in clear])
    answers = bounded_fit(features, answerable)
    chance = np.array([answers.probability(row.evidence) for row in clear])
    on_subject = np.array(["off_topic" not in row.case.expected for row in kept])
    of_all = np.array([row.evidence for row in kept])
    topic = bounded_fit(of_all, on_subject)
    topical = np.array([topic.probability(row.evidence) for row in kept])
    return {
        "answered": _quantile(chance[answerable], RESERVED),
        "partly": _quantile(chance[answerable], FALSE_DECLINES),
        "on_topic": _quantile(topical[on_subject], FALSE_OFF_TOPIC),
        "answers": _written(answers),
        "topic": _written(topic),
        "auroc_answers": round(float(roc_auc_score(answerable, chance)), 3),
        "auroc_topic": round(float(roc_auc_score(on_subject, topical)), 3),
        "n": [len(clear), len(kept)],
        "curve": [
            {
                "threshold": round(float(t), 2),
                "answerable_below": round(float((chance[answerable] < t).mean()), 3),
                "unanswerable_below": round(float((chance[~answerable] < t).mean()), 3),
            }
            for t in np.linspace(0.05, 0.95, 19)
        ],
        "topic_curve": [
            {
                "threshold": round(float(t), 2),
                "on_topic_below": round(float((topical[on_subject] < t).mean()), 3),
                "off_topic_below": round(float((topical[~on_subject] < t).mean()), 3),
            }
            for t in np.linspace(0.05, 0.95, 19)
        ],
    }


def _quantile(values: Values, share: float) -> float:
    return round(float(np.quantile(values, share)), 3)


def bounded_fit(features: Values, truth: npt.NDArray[np.bool_]) -> Logistic:
    """Fit a logistic regression in which no evidence for an answer counts against it, nor the other way round.

    Without bounds the fit learns that near misses share more words with the corpus than honest questions do, and then
    doubts a question that stands in an index of three pages word for word. Classes weigh alike; a little ridge.
    """
    weight = np.where(truth, 0.5 / truth.mean(), 0.5 / (~truth).mean()) / len(truth)
    sign = np.where(truth, 1.0, -1.0)

    def loss(parameters: Values) -> float:
        logit = features @ parameters[:-1] + parameters[-1]
        return float(weight @ np.logaddexp(0.0, -sign * logit) + RIDGE * np.square(parameters[:-1]).sum())

    bounds = [*((0.0, None) if each in SPEAKS_FOR else (None, 0.0) for each in Evidence._fields), (None, None)]
    found = minimize(loss, np.zeros(features.shape[1] + 1), method="L-BFGS-B", bounds=bounds).x
    return Logistic(tuple(round(float(w), 3) + 0.0 for w in found[:-1]), round(float(found[-1]), 3))


def _written(model: Logistic) -> dict[str, Any]:
    return {"weights": list(model.weights), "intercept": model.intercept}


def report(rows: Sequence[Row]) -> dict[str, Any]:
    """Count statuses by what was expected, with 95 % bootstrap intervals over the questions."""
    table: dict[str, Counter[str]] = {}
    for row in rows:
        table.setdefault("/".join(sorted(row.case.expected)), Counter())[row.status] += 1
    questions = [row for row in rows if row.case.expected <= QUESTIONS]
    answerable = [row for row in questions if "answered" in row.case.expected]
    others = [row for row in questions if "answered" not in row.case.expected]
    return {
        "as expected": interval([row.status in row.case.expected for row in rows]),
        "answerable: answered": interval([row.status == "answered" for row in answerable]),
        "answerable: declined": interval([row.status not in {"answered", "partly"} for row in answerable]),
        "unanswerable: not answered": interval([row.status != "answered" for row in others]),
        "auroc of the confidence": round(
            float(
                roc_auc_score(["answered" in row.case.expected for row in questions], [r.confidence for r in questions])
            ),
            3,
        ),
        "statuses": {name: dict(counts) for name, counts in sorted(table.items())},
        "failed": [
            {
                "question": row.case.question[:300],
                "expected": sorted(row.case.expected),
                "status": row.status,
                "confidence": round(row.confidence, 2),
            }
            for row in rows
            if row.status not in row.case.expected
        ],
    }


def interval(values: Sequence[bool]) -> dict[str, Any]:
    """Return the share, its 95 % percentile bootstrap and n."""
    each = np.array(values, float)
    picks = np.random.default_rng(0).integers(0, len(each), (RESAMPLES, len(each)))
    low, high = np.percentile(each[picks].mean(axis=1), [2.5, 97.5])
    return {
        "mean": round(float(each.mean()), 3),
        "low": round(float(low), 3),
        "high": round(float(high), 3),
        "n": len(each),
    }


def write(fitted: dict[str, dict[str, Any]]) -> None:
    """Put the fits where `grounding` reads them."""
    lines = ["# Written by `python benchmarks/declines.py --write`; benchmarks/results/declines.json has the curves.\n"]
    for encoder, each in fitted.items():
        lines.append(f'["{encoder}"]')
        lines += [f"{name} = {each[name]}" for name in ("answered", "partly", "on_topic")]
        for name in ("answers", "topic"):
            model = each[name]
            lines.append(f"{name} = {{ weights = {model['weights']}, intercept = {model['intercept']} }}")
        lines.append("")
    THRESHOLDS.write_text("\n".join(lines), "utf-8")


def main() -> None:
    """Weigh, fit, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--transcript", type=Path)
    parser.add_argument("--encoder", choices=ENCODERS, action="append")
    parser.add_argument("--home", type=Path, help="where the indexes are kept between runs")
    parser.add_argument("--write", action="store_true", help="put the fit into thresholds.toml")
    given = parser.parse_args()
    kept = given.home or Path(tempfile.mkdtemp())
    results: dict[str, Any] = {"date": today(), "machine": machine(), "commit": commit()}
    fits: dict[str, dict[str, Any]] = {}
    for encoder in given.encoder or ENCODERS:
        rows: list[Row] = []
        for corpus in ("shipped", "talk") if given.transcript else ("shipped",):
            settings = load_settings(home=kept / f"{encoder}-{corpus}", encoder=encoder)
            if corpus == "talk":
                build_index(settings, [given.transcript], progress=plain_progress(print))
            advisor = open_advisor(settings, progress=plain_progress(print))
            rows += weigh(advisor, cases_over_the_corpus() if corpus == "shipped" else cases_over_the_talk())
        fits[encoder] = fit([row for row in rows if row.case.half == "development"])
        results[encoder] = {"fitted": fits[encoder]}
        for corpus in dict.fromkeys(row.case.corpus for row in rows):
            for half in ("development", "held-out"):
                chosen = [row for row in rows if (row.case.corpus, row.case.half) == (corpus, half)]
                results[encoder][f"{corpus}, {half}"] = report(chosen)
                shown = {k: v for k, v in report(chosen).items() if k != "failed"}
                print(encoder, corpus, half, json.dumps(shown), flush=True)
    (HERE / "results" / "declines.json").write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", "utf-8")
    if given.write:
        write(fits)


if __name__ == "__main__":
    main()

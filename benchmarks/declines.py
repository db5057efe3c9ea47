"""Fits and measures when the advisor declines: `python benchmarks/declines.py [--transcript FILE] [--write]`.

For each encoder the evidence for every question is weighed: over the shipped corpus (sets/declines.jsonl,
sets/near_misses.jsonl, sets/sentences.jsonl, sets/fresh.jsonl and the single questions of the shipped test set) and,
where a transcript is given, over an index of that alone (sets/talk.jsonl, and what sets/declines.jsonl has that a talk
cannot answer). Two logistic regressions are fitted on the development halves: can the passages answer, and is the
question on the subject at all; once with and once without what the question's vector alone says of both (two more
regressions, whose values for the fit are cross-validated). Thresholds are chosen there, too, for few false declines
and many caught questions; the held-out halves are then asked with them, and reported as they come. sets/fresh.jsonl
was worded by writers who had not read the corpus. `--write` puts the fit into thresholds.toml and priors.npz of
src/career_advisor.
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
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict

from career_advisor import grounding, retrieval
from career_advisor.advisor import DEEP, HITS, Advisor
from career_advisor.conversation import FIELD, understand
from career_advisor.files import read
from career_advisor.grounding import Evidence, Logistic, bring_forward, evidence
from career_advisor.opening import build_index, open_advisor, plain_progress
from career_advisor.records import Reply
from career_advisor.settings import load_settings
from machine import commit, machine, today

HERE = Path(__file__).parent
CASES = HERE.parent / "corpus" / "cases.jsonl"
THRESHOLDS = HERE.parent / "src" / "career_advisor" / "thresholds.toml"
PRIORS = HERE.parent / "src" / "career_advisor" / "priors.npz"
OF_THE_FIELD = ", of the field"
FOLDS = 5
PRIOR_STRENGTH = 1.0
"""Inverse of the ridge of the regressions on a question's vector."""
ENCODERS = ("all-mpnet-base-v2", "all-MiniLM-L6-v2")
QUESTIONS = {"answered", "partly", "not_covered", "off_topic"}
FALSE_DECLINES = 0.03
"""Share of answerable development questions that may be called not covered."""
FALSE_OFF_TOPIC = 0.02
"""Share of on-topic development questions that may be called off topic."""
RESERVED = 0.1
"""Share of answerable development questions that may be answered with a reservation (`partly`)."""
HEADINGS_EVERY = 6
"""Of the corpus's own questions one in so many is fitted on: the plainest that can be asked."""
PLENTY = 0.3
"""Weight of a question from a large set of one kind, so that the smaller, more various ones count, too."""
RIDGE = 0.002
SPEAKS_FOR = {"closeness", "likeness", "coverage", "sharpness", "usual", "of_the_field", "reads"}
"""Evidence that can only speak for an answer; the rest can only speak against one."""
RESAMPLES = 2_000

Values = npt.NDArray[np.float64]


class Case(NamedTuple):
    """A question, and what should come of it."""

    question: str
    expected: frozenset[str]
    half: str
    corpus: str
    counts: float = 1.0
    """Its weight in the fit."""


class Row(NamedTuple):
    """What speaks for and against an answer to it."""

    case: Case
    evidence: Evidence
    vector: Values
    """Of the question, shape (dimension,)."""


class Answered(NamedTuple):
    """What came of it."""

    case: Case
    status: str
    confidence: float


def cases_over_the_corpus() -> list[Case]:
    """Return the single questions whose labels hold for the shipped corpus."""
    rows = [*_lines(HERE / "sets" / "declines.jsonl"), *_lines(CASES)]
    fresh = [row for row in _lines(HERE / "sets" / "fresh.jsonl") if row["kind"] != "personal"]
    return (
        [
            Case(row["question"], _expected(row), row["half"], name)
            for name, part in (("shipped", rows), ("fresh", fresh))
            for row in part
            if not row.get("history") and row.get("expect") and row["question"].strip()
        ]
        + [
            Case(row["question"], frozenset({"answered"}), "development", "shipped", PLENTY)
            for row in _lines(HERE / "sets" / "sentences.jsonl")
        ]
        + [
            Case(row["question"], frozenset({"not_covered", "partly"}), "development", "shipped", PLENTY)
            for row in _lines(HERE / "sets" / "near_misses.jsonl")
            if row["off_topic"] is False
        ]
        + [
            Case(row["question"], frozenset({"off_topic"}), "development", "shipped", PLENTY)
            for row in _lines(HERE / "sets" / "near_misses.jsonl")
            if row["off_topic"]
        ]
        + [
            Case(section.heading[-1], frozenset({"answered"}), "development", "shipped")
            for document in read([CASES.parent]).documents
            for section in document.sections[::HEADINGS_EVERY]
            if section.heading[-1].endswith("?")
        ]
    )


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
    """Look every question up, and weigh what was found."""
    _, _, shelf = advisor.searching("warm up")
    (ground,) = advisor._grounds.values()
    asked = [understand(case.question, of_the_field=ground.speaks_of(FIELD)) for case in cases]
    vectors = iter(advisor._encoder.encode([query for each in asked for query in each.searched]))
    weights = retrieval.weights_for(shelf.encoder.name)
    rows = []
    for case, queries in zip(cases, asked, strict=True):
        of_case = np.array([next(vectors) for _ in queries.searched])
        hits = retrieval.retrieve(queries.searched, of_case, shelf, limit=DEEP, weights=weights)
        hits = bring_forward(queries.question, hits, ground, date.today())[:HITS]
        weighed = evidence(queries.standalone, of_case[0], hits, ground, date.today())
        rows.append(Row(case, weighed, np.asarray(of_case[0], float)))
    return rows


def answer(advisor: Advisor, cases: Sequence[Case]) -> list[Answered]:
    """Ask every question."""
    replies = [[*advisor.reply(case.question)][-1] for case in cases]
    return [
        Answered(case, reply.status, reply.confidence or 0.0)
        for case, reply in zip(cases, replies, strict=True)
        if isinstance(reply, Reply)
    ]


def priors(rows: Sequence[Row]) -> tuple[Values, list[Row]]:
    """Fit what a question's vector alone says, and return the rows with its values, each by a fit without that row.

    Returns:
        The weights as `grounding` reads them, shape (2, dimension + 1), and the rows.
    """
    vectors = np.array([row.vector for row in rows])
    truths = (
        np.array([row.case.expected == {"answered"} for row in rows]),
        np.array(["off_topic" not in row.case.expected for row in rows]),
    )
    clear = (
        np.array([row.case.expected == {"answered"} or "answered" not in row.case.expected for row in rows]),
        np.ones(len(rows), bool),
    )
    weights, values = [], []
    for truth, known in zip(truths, clear, strict=True):
        model = LogisticRegression(C=PRIOR_STRENGTH, class_weight="balanced", max_iter=5_000)
        value = np.zeros(len(rows))
        value[known] = cross_val_predict(model, vectors[known], truth[known], cv=FOLDS, method="decision_function")
        model.fit(vectors[known], truth[known])
        if not known.all():
            value[~known] = model.decision_function(vectors[~known])
        weights.append(np.append(model.coef_[0], model.intercept_))
        values.append(np.clip(value / 10.0, -1.0, 1.0))
    seen = [
        row._replace(evidence=row.evidence._replace(usual=float(usual), of_the_field=float(field)))
        for row, usual, field in zip(rows, *values, strict=True)
    ]
    return np.array(weights, np.float16), seen


def fit(rows: Sequence[Row]) -> dict[str, Any]:
    """Fit both regressions and choose the thresholds, on the rows given."""
    kept = [row for row in rows if row.case.expected <= QUESTIONS]
    # "answered or partly" and the like are left out of the fit: they would teach it both.
    clear = [row for row in kept if row.case.expected == {"answered"} or "answered" not in row.case.expected]
    clear = [row for row in clear if "off_topic" not in row.case.expected]
    answerable = np.array([row.case.expected == {"answered"} for row in clear])
    features = np.array([row.evidence for row in clear])
    counts = np.array([row.case.counts for row in clear])
    answers = bounded_fit(features, answerable, counts)
    chance = np.array([answers.probability(row.evidence) for row in clear])
    on_subject = np.array(["off_topic" not in row.case.expected for row in kept])
    of_all = np.array([row.evidence for row in kept])
    count = np.array([row.case.counts for row in kept])
    topic = bounded_fit(of_all, on_subject, count)
    topical = np.array([topic.probability(row.evidence) for row in kept])
    return {
        "answered": _quantile(chance[answerable], RESERVED, counts[answerable]),
        "partly": _quantile(chance[answerable], FALSE_DECLINES, counts[answerable]),
        "on_topic": _quantile(topical[on_subject], FALSE_OFF_TOPIC, count[on_subject]),
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


def _quantile(values: Values, share: float, counts: Values) -> float:
    return round(float(np.quantile(values, share, weights=counts, method="inverted_cdf")), 3)


def bounded_fit(features: Values, truth: npt.NDArray[np.bool_], counts: Values) -> Logistic:
    """Fit a logistic regression in which no evidence for an answer counts against it, nor the other way round.

    Without bounds the fit learns that near misses share more words with the corpus than honest questions do, and then
    doubts a question that stands in an index of three pages word for word. Classes weigh alike; a little ridge.
    """
    weight = counts * np.where(truth, 0.5 / counts[truth].sum(), 0.5 / counts[~truth].sum())
    sign = np.where(truth, 1.0, -1.0)

    def loss(parameters: Values) -> float:
        logit = features @ parameters[:-1] + parameters[-1]
        return float(weight @ np.logaddexp(0.0, -sign * logit) + RIDGE * np.square(parameters[:-1]).sum())

    bounds = [*((0.0, None) if each in SPEAKS_FOR else (None, 0.0) for each in Evidence._fields), (None, None)]
    found = minimize(loss, np.zeros(features.shape[1] + 1), method="L-BFGS-B", bounds=bounds).x
    return Logistic(tuple(round(float(w), 3) + 0.0 for w in found[:-1]), round(float(found[-1]), 3))


def _written(model: Logistic) -> dict[str, Any]:
    return {"weights": list(model.weights), "intercept": model.intercept}


def report(rows: Sequence[Answered]) -> dict[str, Any]:
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


def write(fitted: dict[str, dict[str, Any]], weights: dict[str, Values]) -> None:
    """Put the fits where `grounding` reads them."""
    np.savez_compressed(PRIORS, allow_pickle=False, **weights)
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
    learned: dict[str, Values] = {}
    corpora = {"shipped": cases_over_the_corpus(), **({"talk": cases_over_the_talk()} if given.transcript else {})}

    def opened(encoder: str, corpus: str) -> Advisor:
        settings = load_settings(home=kept / f"{encoder}-{corpus}", encoder=encoder)
        if corpus == "talk":
            build_index(settings, [given.transcript], progress=plain_progress(print))
        return open_advisor(settings, progress=plain_progress(print), remember=True)

    for encoder in given.encoder or ENCODERS:
        rows: list[Row] = []
        for corpus, cases in corpora.items():
            fitted_on = [c for c in cases if c.half == "development" and c.expected <= QUESTIONS]
            rows += weigh(opened(encoder, corpus), fitted_on)
        plain = [row._replace(evidence=row.evidence._replace(usual=0.0, of_the_field=0.0, reads=0.0)) for row in rows]
        fits[encoder] = fit(plain)
        learned[encoder], seen = priors(rows)
        fits[encoder + OF_THE_FIELD] = fit(seen)
        results[encoder] = {"fitted": fits[encoder], "fitted" + OF_THE_FIELD: fits[encoder + OF_THE_FIELD]}
        print(encoder, {k: v for k, v in fits[encoder + OF_THE_FIELD].items() if "curve" not in k}, flush=True)
    if given.write:
        write(fits, learned)
        grounding.forget_fits()
    for encoder in given.encoder or ENCODERS:
        for corpus, cases in corpora.items():
            came = answer(opened(encoder, corpus), [case for case in cases if case.half == "held-out"])
            for name in dict.fromkeys(each.case.corpus for each in came):
                found = report([each for each in came if each.case.corpus == name])
                results[encoder][f"{name}, held out"] = found
                print(encoder, name, json.dumps({k: v for k, v in found.items() if k != "failed"}), flush=True)
    (HERE / "results" / "declines.json").write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()

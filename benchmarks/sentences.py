"""Fits which sentence of what was found answers: `python benchmarks/sentences.py [--transcript FILE] [--write]`.

For each question the hits are found as always; what speaks for each of their sentences is weighed by a conditional
logistic regression (one choice among all sentences of the hits), fitted on sets/sentences.jsonl, the development half
of the shipped test set and, where a transcript is given, of sets/talk.jsonl over an index of that alone. Reported:
how often the right sentence comes first and among three, by five-fold cross-validation on those, and as it comes on
the held-out halves and on that of sets/fresh.jsonl; beside it the order by fused score alone, in the same run.
`--write` puts the weights into src/career_advisor/sentences.toml.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from career_advisor import retrieval
from career_advisor.advisor import Advisor
from career_advisor.opening import build_index, open_advisor, plain_progress
from career_advisor.records import Hit, Span
from career_advisor.settings import load_settings
from machine import commit, machine, today
from measuring import one_line

HERE = Path(__file__).parent
CASES = HERE.parent / "corpus" / "cases.jsonl"
WEIGHTS = HERE.parent / "src" / "career_advisor" / "sentences.toml"
ENCODERS = ("all-mpnet-base-v2", "all-MiniLM-L6-v2")
COUNTS_FOR = {"sentences": 1.0, "shipped": 1.0, "talk": 2.0}
"""Weight of a question in the fit: there are few over speech."""
RIDGE = 0.01
FOLDS = 5
RESAMPLES = 2_000

Values = npt.NDArray[np.float64]
Right = Callable[[Hit, Span], bool]


class Row(NamedTuple):
    """A question with what speaks for every sentence found for it."""

    source: str
    held_out: bool
    signs: Values
    """Shape (sentences, len(retrieval.Signs))."""
    right: npt.NDArray[np.bool_]
    hit: npt.NDArray[np.intp]
    """Which hit each sentence belongs to, by falling fused score."""


def quoted(golds: Sequence[tuple[str, str]]) -> Right:
    """Return a test: is this a sentence of one of these documents with these words?"""

    def right(hit: Hit, span: Span) -> bool:
        text = one_line(hit.document.text[span.start : span.end])
        return any(hit.document.path == path and (gold in text or text in gold) for path, gold in golds)

    return right


def touching(spans: Sequence[tuple[int, int]]) -> Right:
    """Return a test: does it touch one of these stretches?"""
    return lambda hit, span: any(span.start < end and start < span.end for start, end in spans)


def over_the_corpus() -> list[tuple[str, bool, str, Right]]:
    """Return source, whether it is held out, question and test of every question over the shipped corpus."""
    rows = [
        ("sentences", False, row["question"], quoted([(row["document"], one_line(row["quote"]))]))
        for row in lines(HERE / "sets" / "sentences.jsonl")
    ]
    fresh = [case for case in lines(HERE / "sets" / "fresh.jsonl") if case["half"] != "development"]
    for source, cases in (("shipped", lines(CASES)), ("fresh", fresh)):
        for case in cases:
            if case["kind"] == "answerable" and case["gold"] and not case["history"]:
                golds = [(gold["document"], one_line(gold["quote"])) for gold in case["gold"]]
                rows.append((source, case["half"] != "development", case["question"], quoted(golds)))
    return rows


def over_the_talk() -> list[tuple[str, bool, str, Right]]:
    """Return the same over the talk."""
    return [
        ("talk", row["half"] != "development", row["question"], touching([(g["start"], g["end"]) for g in row["gold"]]))
        for row in lines(HERE / "sets" / "talk.jsonl")
        if row["gold"]
    ]


def lines(path: Path) -> list[dict[str, Any]]:
    """Read a file of JSON lines."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def weigh(advisor: Advisor, questions: Sequence[tuple[str, bool, str, Right]]) -> list[Row]:
    """Look every question up."""
    rows = []
    for source, held_out, question, right in questions:
        asked, vectors, shelf = advisor.searching(question)
        found = retrieval.weigh(
            asked.searched, vectors, shelf, limit=retrieval.RERANKED, weights=retrieval.weights_for(shelf.encoder.name)
        )
        truth = [right(hit, span) for hit, _ in found for span in hit.sentences]
        of_hit = [i for i, (hit, _) in enumerate(found) for _ in hit.sentences]
        rows.append(
            Row(source, held_out, np.concatenate([signs for _, signs in found]), np.array(truth), np.array(of_hit))
        )
    return rows


def fit(rows: Sequence[Row]) -> Values:
    """Return the weights that make the right sentences likeliest among all that were found."""
    known = [row for row in rows if row.right.any()]
    together = np.concatenate([row.signs for row in known])
    scale = together.std(axis=0) + 1e-9
    scaled = [(row.signs / scale, row.right, COUNTS_FOR[row.source]) for row in known]
    whole = sum(weight for *_, weight in scaled)

    def loss(weights: Values) -> tuple[float, Values]:
        total, slope = 0.0, np.zeros(len(weights))
        for signs, right, weight in scaled:
            odds = signs @ weights
            share = np.exp(odds - odds.max())
            share /= share.sum()
            of_right = share * right
            total -= weight * np.log(of_right.sum() + 1e-12)
            slope += weight * (share - of_right / of_right.sum()) @ signs
        return float(total / whole + RIDGE * weights @ weights), slope / whole + 2 * RIDGE * weights

    found = minimize(loss, np.zeros(together.shape[1]), jac=True, method="L-BFGS-B")
    return np.asarray(found.x / scale, np.float64)


def orders(row: Row, weights: Values | None) -> dict[str, bool]:
    """Tell whether the right sentence, and the hit that has it, come first and among three."""
    names = retrieval.Signs._fields
    if weights is None:
        # As found: hits by fused score, sentences inside them by theirs.
        odds = row.signs[:, names.index("fused")] - 1e3 * row.hit
    else:
        odds = row.signs @ weights + retrieval.FOUND * row.signs[:, names.index("hit_share")]
    order = np.argsort(-odds, kind="stable")
    hits = list(dict.fromkeys(row.hit[order].tolist()))
    holding = set(row.hit[row.right].tolist())
    first = next((i for i, hit in enumerate(hits) if hit in holding), len(hits))
    return {
        "sentence@1": bool(row.right[order[:1]].any()),
        "sentence@3": bool(row.right[order[:3]].any()),
        "hit@1": first == 0,
        "hit@3": first < 3,
    }


def interval(values: Sequence[bool]) -> dict[str, Any]:
    """Return the share, n and a bootstrapped 95 % interval."""
    drawn = np.random.default_rng(0).choice(np.array(values, float), (RESAMPLES, len(values))).mean(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return {"value": round(float(np.mean(values)), 3), "n": len(values), "interval": [round(low, 3), round(high, 3)]}


def report(rows: Sequence[Row], weights: Values) -> dict[str, Any]:
    """Compare our order with the one found, by source; what was fitted on is cross-validated."""
    fold = np.random.default_rng(0).integers(0, FOLDS, len(rows))
    seen = [
        fit([row for row, part in zip(rows, fold, strict=True) if part != k and not row.held_out]) for k in range(FOLDS)
    ]
    sources: dict[str, Any] = {}
    for name in dict.fromkeys((row.source, row.held_out) for row in rows):
        chosen = [(row, part) for row, part in zip(rows, fold, strict=True) if (row.source, row.held_out) == name]
        ours = [orders(row, weights if row.held_out else seen[part]) for row, part in chosen]
        plain = [orders(row, None) for row, _ in chosen]
        sources[f"{name[0]}, {'held out' if name[1] else 'cross-validated'}"] = {
            figure: {"ours": interval([o[figure] for o in ours]), "as found": interval([p[figure] for p in plain])}
            for figure in ours[0]
        }
    return sources


def write(fitted: dict[str, Values]) -> None:
    """Put the weights where `retrieval` reads them."""
    parts = [
        "# Written by `python benchmarks/sentences.py --write`; benchmarks/results/sentences.json has what it gains."
    ]
    for encoder, weights in fitted.items():
        parts.append(f'\n["{encoder}"]')
        parts += [
            f"{name} = {round(float(value), 3)}" for name, value in zip(retrieval.Signs._fields, weights, strict=True)
        ]
    WEIGHTS.write_text("\n".join(parts) + "\n", "utf-8")


def main() -> None:
    """Weigh, fit, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--transcript", type=Path, help="the talk as plain text, not shipped with this project")
    parser.add_argument("--encoder", action="append", choices=ENCODERS)
    parser.add_argument("--write", action="store_true", help="put the fit into src/career_advisor/sentences.toml")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "sentences.json")
    options = parser.parse_args()
    quiet = plain_progress(lambda line: None)
    result: dict[str, Any] = {"date": today(), "commit": commit(), "machine": machine(), "found": retrieval.FOUND}
    fitted: dict[str, Values] = {}
    for encoder in options.encoder or ENCODERS:
        with tempfile.TemporaryDirectory() as folder:
            homes = [Path(folder) / "shipped", Path(folder) / "talk"]
            rows = weigh(open_advisor(load_settings(home=homes[0], encoder=encoder), progress=quiet), over_the_corpus())
            if options.transcript:
                settings = load_settings(home=homes[1], encoder=encoder)
                build_index(settings, [options.transcript], progress=quiet)
                rows += weigh(open_advisor(settings, progress=quiet), over_the_talk())
        fitted[encoder] = fit([row for row in rows if not row.held_out])
        result[encoder] = report(rows, fitted[encoder])
        print(encoder, json.dumps(result[encoder], indent=1))
    options.out.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    if options.write:
        write(fitted)


if __name__ == "__main__":
    main()

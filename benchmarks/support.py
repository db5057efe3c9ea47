"""How far the check of a model's sentence agrees with people: `python benchmarks/support.py FOLDER`.

FOLDER holds the Wizard-of-Wikipedia part of BEGIN (tab-separated: knowledge, response, begin_label). The score is the
share of an answer's words that stand in its knowledge, as `citation` reckons it; the truth is whether people
called the answer fully attributable (generic ones, which claim nothing, are left out). AUROC with a 95 % bootstrap.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from career_advisor.citation import SUPPORTED
from career_advisor.text import numbers, said_words
from machine import commit, machine, today

HERE = Path(__file__).parent
RESAMPLES = 2_000


def support(answer: str, knowledge: str) -> float:
    """Return the share of the answer's words that the knowledge has; 0 for an answer without any."""
    said, known = said_words(answer), set(said_words(knowledge))
    return sum(word in known for word in said) / len(said) if said else 0.0


def measure(path: Path) -> dict[str, Any]:
    """Measure one file."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    kept = [row for row in rows if row["begin_label"] != "Generic"]
    truth = np.array([row["begin_label"] == "Fully attributable" for row in kept])
    score = np.array([support(row["response"], row["knowledge"]) for row in kept])
    foreign = np.array([bool(numbers(row["response"]) - numbers(row["knowledge"])) for row in kept])
    shown = (score >= SUPPORTED) & ~foreign
    chance = np.random.default_rng(0)
    picks = [chance.integers(0, len(kept), len(kept)) for _ in range(RESAMPLES)]
    sampled = [roc_auc_score(truth[pick], score[pick]) for pick in picks]
    low, high = np.percentile(sampled, [2.5, 97.5])
    return {
        "n": len(kept),
        "auroc": [round(float(x), 3) for x in (roc_auc_score(truth, score), low, high)],
        "threshold": SUPPORTED,
        "attributable shown": round(float(shown[truth].mean()), 3),
        "not attributable dropped": round(float((~shown[~truth]).mean()), 3),
    }


def main() -> None:
    """Measure every file and write benchmarks/results/support.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    results: dict[str, Any] = {"date": today(), "machine": machine(), "commit": commit()}
    results |= {path.stem: measure(path) for path in sorted(given.folder.glob("*.tsv"))}
    (HERE / "results" / "support.json").write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()

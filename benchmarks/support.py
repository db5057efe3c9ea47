"""How far the check of a model's sentence agrees with people: `python benchmarks/support.py BEGIN_FOLDER [MTRAG_FILE]`.

Other subjects than ours, and answers that were not asked to stay near their source. BEGIN_FOLDER holds the Wizard-
of-Wikipedia part of BEGIN (tab-separated: knowledge, response, begin_label; generic answers, which claim nothing,
are left out). MTRAG_FILE holds answers with contexts and the faithfulness that up to three people gave them, 1 to
4; from 3.5 on an answer counts as supported. An answer is shown where each of its sentences passes. Precision: of
what is shown, the share that people call supported; recall: of what they call supported, the share shown. Wilson 95
% intervals; AUROC of the share of words carried with a 95 % bootstrap. Writes results/support.json.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.metrics import roc_auc_score

from career_advisor.chunking import split
from career_advisor.records import Document, Section, Span
from career_advisor.support import judge
from career_advisor.text import said_words
from faults import share
from machine import commit, machine, today

HERE = Path(__file__).parent
RESAMPLES = 2_000
SUPPORTED = 3.5


class Judged(NamedTuple):
    """An answer, what people said of it and what the check says."""

    supported: bool
    shown: bool
    words: float
    """Share of its words that its source has, which is what was checked before."""


def sentences(text: str) -> list[str]:
    """Cut a text as an index cuts its documents."""
    document = Document("a.txt", text, "", (Section((), (Span(0, len(text)),)),))
    return [text[passage.start : passage.end] for passage in split(document).passages]


def look(answer: str, sources: Sequence[str], *, supported: bool) -> Judged:
    """Check an answer beside its sources."""
    evidence = [sentence for source in sources for sentence in sentences(source)]
    said, known = said_words(answer), {word for sentence in evidence for word in said_words(sentence)}
    shown = all(not judge(sentence, evidence).reason for sentence in sentences(answer))
    return Judged(supported, shown, sum(word in known for word in said) / len(said) if said else 0.0)


def measure(judged: Sequence[Judged]) -> dict[str, Any]:
    """Set people and the check beside each other."""
    truth = np.array([each.supported for each in judged])
    words = np.array([each.words for each in judged])
    chance = np.random.default_rng(0)
    picks = [chance.integers(0, len(judged), len(judged)) for _ in range(RESAMPLES)]
    low, high = np.percentile([roc_auc_score(truth[pick], words[pick]) for pick in picks], [2.5, 97.5])
    return {
        "n": len(judged),
        "support precision": share([each.supported for each in judged if each.shown]),
        "support recall": share([each.shown for each in judged if each.supported]),
        "unsupported dropped": share([not each.shown for each in judged if not each.supported]),
        "auroc of the share of words": [round(float(x), 3) for x in (roc_auc_score(truth, words), low, high)],
    }


def begin(path: Path) -> list[Judged]:
    """Check the answers of one file of BEGIN."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [
        look(row["response"], [row["knowledge"]], supported=row["begin_label"] == "Fully attributable")
        for row in rows
        if row["begin_label"] != "Generic"
    ]


def mtrag(path: Path) -> list[Judged]:
    """Check the answers of MTRAG that people rated and that had something to stand on."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [
        look(row["response"], row["contexts"], supported=float(np.mean(row["faithfulness"])) >= SUPPORTED)
        for row in rows
        if row["contexts"] and row["faithfulness"]
    ]


def main() -> None:
    """Measure every file, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("begin", type=Path)
    parser.add_argument("mtrag", type=Path, nargs="?")
    given = parser.parse_args()
    results: dict[str, Any] = {"date": today(), "machine": machine(), "commit": commit()}
    results |= {path.stem: measure(begin(path)) for path in sorted(given.begin.glob("*.tsv"))}
    if given.mtrag:
        results["mtrag"] = measure(mtrag(given.mtrag))
    (HERE / "results" / "support.json").write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()

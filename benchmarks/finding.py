"""How often a section that answers is found, with and without comparing word by word: `benchmarks/finding.py`.

The search of an open advisor, as it is asked for passages, on sets that nothing of it was fitted on: a section that
answers is first, among the first three, among twelve, and among the twenty that quotes are chosen from. (On
judged.jsonl and on one of the two writers of composed_held_out.jsonl, whose ids begin with nz, the weights
`retrieval.ANSWERING` and `FIRST_ANSWERING` were chosen.) Paired, with intervals of 95 %. Writes results/finding.json.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from adapting import ENCODERS, Question, questions_of
from career_advisor.advisor import CHOSEN_FROM, Advisor
from career_advisor.opening import open_advisor, plain_progress
from career_advisor.settings import load_settings
from machine import commit, machine, today
from measuring import interval

HERE = Path(__file__).parent
SETS = ("shipped held-out", "fresh held-out", "choices_held_out", "composed_held_out", "judged")
WITHIN = (1, 3, 12, CHOSEN_FROM)


def places_of(advisor: Advisor, questions: list[Question]) -> np.ndarray[Any, np.dtype[np.intp]]:
    """Return at which place a section that answers stands first, from 0; CHOSEN_FROM where at none."""
    found = []
    for question in questions:
        _, hits = advisor.search(question.text, question.history, limit=CHOSEN_FROM)
        right = [(hit.document.path, hit.section) in question.answered_by for hit in hits]
        found.append(right.index(True) if any(right) else CHOSEN_FROM)
    return np.array(found, np.intp)


def report(encoder: str, home: Path) -> list[dict[str, Any]]:
    """Measure one encoder."""
    settings = load_settings(home=home, encoder=encoder)
    advisor = open_advisor(settings, progress=plain_progress(lambda line: None), with_model=False, remember=True)
    compares = advisor._compares
    every = questions_of(advisor._shelves.current())
    results = []
    for name in SETS:
        questions = [each for each in every if each.source == name]
        places = {}
        for way, by in (("without", None), ("with", compares)):
            advisor._compares = by
            places[way] = places_of(advisor, questions)
        result: dict[str, Any] = {"encoder": encoder, "set": name, "questions": len(questions)}
        for within in WITHIN:
            without, with_it = ((places[way] < within).astype(float) for way in ("without", "with"))
            result[f"within {within}"] = {
                "without": interval(without),
                "with": interval(with_it),
                "difference": interval(with_it - without),
            }
        results.append(result)
        print(json.dumps(result), flush=True)
    return results


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--home", type=Path, help="keep the indexes here")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        results = [each for encoder in ENCODERS for each in report(encoder, (given.home or Path(scratch)) / encoder)]
    out = {"machine": machine(), "date": today(), "commit": commit(), "results": results}
    (HERE / "results" / "finding.json").write_text(json.dumps(out, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()

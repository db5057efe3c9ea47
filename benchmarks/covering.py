"""Measures which questions of a message are left open: `python benchmarks/covering.py [--home FOLDER] [--write]`.

sets/covered.jsonl has messages of sets/choices.jsonl that ask several things, with the sentences that were quoted for
them and, for each question, whether a reader in the place of the person found something on it in these sentences
(`yes`), only something near it (`part`), or nothing (`no`; `skip` where torn out of its message it asks nothing).
A question is said to be left open by `advisor.COVERED`, `advisor.FITS`, `advisor.ASKS` and `advisor.NEAR`; printed is
how many are, what readers called them, and how many of those left open are named, for these marks and for others.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from career_advisor import advisor as marks
from career_advisor.opening import open_advisor, plain_progress
from career_advisor.settings import load_settings
from career_advisor.text import clean, content_words
from machine import commit, machine, today
from measuring import interval, one_line

HERE = Path(__file__).parent
ENCODERS = ("all-mpnet-base-v2", "all-MiniLM-L6-v2")
OTHERS = ((-1.0, -0.5), (-1.0, 0.0), (-1.5, -0.5), (-2.0, -0.5))

Values = npt.NDArray[np.float64]


def weighed(encoder: str, home: Path) -> tuple[Values, list[str]]:
    """Return for each question what the quotes say on it, how likely what was found for it fits, its content words,
    and how near it is to a section's question."""
    settings = load_settings(home=home, encoder=encoder)
    advisor = open_advisor(settings, progress=plain_progress(lambda line: None), with_model=False, remember=True)
    shelf = advisor._shelves.current()
    chooser = advisor._chooser(shelf)
    asked = {
        case["id"]: case["question"]
        for case in map(json.loads, (HERE / "sets" / "choices.jsonl").read_text("utf-8").splitlines())
    }
    places = {
        one_line(document.text[window.start : window.end]): (document.path, window.section, row)
        for row, window in enumerate(shelf.windows)
        if window.size == -1 and (document := shelf.documents[window.document])
    }
    values, labels = [], []
    for case in map(json.loads, (HERE / "sets" / "covered.jsonl").read_text("utf-8").splitlines()):
        queries, _ = advisor._understand(clean(asked[case["id"]]), [], shelf)
        found, _, _ = advisor.pool(asked[case["id"]])
        parts = chooser.weigh(found[0].vector, found)[1:]
        quoted = [places[text] for text in case["quoted"] if text in places]
        rows = [row for _, _, row in quoted]
        above = [chooser.rows.headings.get((path, section), row) for path, section, row in quoted]
        for text, label in case["parts"]:
            if label == "skip" or text not in queries.facets or not rows or chooser.head is None:
                continue
            at = queries.facets.index(text)
            said, over = (np.asarray(shelf.vectors, np.float32)[each] for each in (rows, above))
            reads = float(chooser.head.log_odds(found[1 + at].vector, said, over).max())
            fits = max((max(hit.belongs, default=-np.inf) for hit in parts[at]), default=-np.inf)
            near = max((hit.wording for hit in parts[at]), default=0.0)
            values.append((reads, fits, len(content_words(text)), near))
            labels.append(label)
    return np.array(values), labels


def measured(values: Values, labels: list[str], covered: float, fits: float) -> dict[str, Any]:
    """Return what is named as left open by two marks."""
    named = (
        (values[:, 0] < covered) & (values[:, 1] < fits) & (values[:, 2] >= marks.ASKS) & (values[:, 3] < marks.NEAR)
    )
    by_label = np.array(labels)
    return {
        "marks": [covered, fits],
        "questions": len(labels),
        "named": int(named.sum()),
        "of them with nothing on it": interval((by_label[named] == "no").astype(float)),
        "of them answered": interval((by_label[named] == "yes").astype(float)),
        "named of those with nothing on it": interval(named[by_label == "no"].astype(float)),
    }


def main() -> None:
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--home", type=Path, help="keep the indexes here")
    parser.add_argument("--write", action="store_true", help="write the results")
    given = parser.parse_args()
    results = {}
    with tempfile.TemporaryDirectory() as scratch:
        for encoder in ENCODERS:
            values, labels = weighed(encoder, (given.home or Path(scratch)) / encoder)
            tried = ((marks.COVERED, marks.FITS), *OTHERS)
            results[encoder] = [measured(values, labels, *each) for each in tried]
    table = {"machine": machine(), "date": today(), "commit": commit(), "encoders": results}
    print(json.dumps(table, indent=1))
    if given.write:
        (HERE / "results" / "covering.json").write_text(json.dumps(table, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()

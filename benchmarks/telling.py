"""Fits which situations somebody's words tell of: `python benchmarks/telling.py [--home FOLDER] [--write]`.

sets/choices.jsonl has messages with the situations that their writers are in, as readers saw it (`situations`), and
those of them that matter most for advising them on what they wrote (`main`). For each situation two logistic
regressions learn from the message's vector and its signs (`conversation.telling`). Reported, by five-fold
cross-validation and on sets/choices_held_out.jsonl, beside the patterns alone: the share of the situations understood
that hold, of those that hold that are understood, of the main ones that are, and how often the one that counts most is
a main one. `--write` puts the models into src/career_advisor/telling.npz.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from career_advisor import conversation
from career_advisor.opening import open_advisor, plain_progress
from career_advisor.settings import load_settings
from career_advisor.telling import Vectors, features
from career_advisor.text import clean
from choosing import folds
from machine import commit, machine, today
from measuring import interval

HERE = Path(__file__).parent
WEIGHTS = HERE.parent / "src" / "career_advisor" / "telling.npz"
ENCODERS = ("all-mpnet-base-v2", "all-MiniLM-L6-v2")
RIDGE = 3.0
"""Inverse strength of the penalty."""
FEWEST = 5
"""Messages that must tell of a situation for a model of its own; of others the pattern tells alone."""

Values = npt.NDArray[np.float64]


class Labelled(NamedTuple):
    """Messages with what readers saw in them."""

    seen: Vectors
    """Shape (messages, dimension + signs)."""
    by_pattern: npt.NDArray[np.bool_]
    """Whether the pattern alone finds it, shape (messages, situations)."""
    holds: npt.NDArray[np.bool_]
    matters: npt.NDArray[np.bool_]


KEYS = tuple(each.key for each in conversation.known_situations())


def labelled(encoder: str, home: Path, name: str) -> Labelled:
    """Read and embed a set; a turn that goes on from others is left out, since they were read, too."""
    settings = load_settings(home=home, encoder=encoder)
    advisor = open_advisor(settings, progress=plain_progress(lambda line: None), with_model=False, remember=True)
    cases = [json.loads(line) for line in (HERE / "sets" / name).read_text("utf-8").splitlines()]
    cases = [case for case in cases if "situations" in case and not case["history"]]
    told = [conversation.telling(clean(case["question"])) for case in cases]
    signs = np.array([each for _, each in told], np.float32)
    vectors = advisor._encoder.encode([text for text, _ in told])
    by_pattern = (signs[:, :-1] > 0) & (signs[:, -1:] > 0)
    held, main = (
        np.array([[key in case[field] for key in KEYS] for case in cases]) for field in ("situations", "main")
    )
    return Labelled(features(vectors, signs), by_pattern, held, main)


def fit(seen: Vectors, truth: npt.NDArray[np.bool_]) -> Vectors:
    """Return a linear model of each situation, the bias last, shape (features + 1, situations)."""
    models = np.zeros((seen.shape[1] + 1, truth.shape[1]), np.float32)
    for i, holds in enumerate(truth.T):
        if holds.sum() < FEWEST:
            models[len(KEYS) * -1 - 2 + i, i], models[-1, i] = 6.0, -3.0
            continue
        model = LogisticRegression(C=RIDGE, max_iter=1_000).fit(seen, holds)
        models[:, i] = [*model.coef_[0], model.intercept_[0]]
    return models


def odds(models: Vectors, seen: Vectors) -> Values:
    """Return log-odds, shape (messages, situations)."""
    said: Values = (seen @ models[:-1] + models[-1]).astype(np.float64)
    return said


def crossed(rows: Labelled, truth: npt.NDArray[np.bool_]) -> Values:
    """Return the log-odds of every message by a fit on the other folds."""
    out = np.zeros(truth.shape)
    for fold in folds(len(truth)):
        rest = np.setdiff1d(np.arange(len(truth)), fold)
        out[fold] = odds(fit(rows.seen[rest], truth[rest]), rows.seen[fold])
    return out


def measured(rows: Labelled, found: npt.NDArray[np.bool_], order: Values) -> dict[str, Any]:
    """Return how well situations are understood, with intervals of 95 % (bootstrapped over what is counted)."""
    first = np.where(found, order, -np.inf).argmax(axis=1)
    some = found.any(axis=1) & rows.matters.any(axis=1)
    return {
        "messages": len(found),
        "understood that hold": interval(rows.holds[found].astype(float)),
        "that hold, understood": interval(found[rows.holds].astype(float)),
        "main ones understood": interval(found[rows.matters].astype(float)),
        "the first is a main one": interval(rows.matters[np.flatnonzero(some), first[some]].astype(float)),
    }


def main() -> None:
    """Fit, measure, print, and write where asked."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--home", type=Path, help="keep the indexes here")
    parser.add_argument("--write", action="store_true", help="write telling.npz and the results")
    asked = parser.parse_args()
    results = []
    fitted: dict[str, Any] = {"situations": np.array(KEYS)}
    in_order = np.broadcast_to(-np.arange(len(KEYS), dtype=np.float64), (1, len(KEYS)))
    with tempfile.TemporaryDirectory() as scratch:
        for encoder in ENCODERS:
            home = (asked.home or Path(scratch)) / encoder
            rows, held = (labelled(encoder, home, name) for name in ("choices.jsonl", "choices_held_out.jsonl"))
            models = {"holds": fit(rows.seen, rows.holds), "matters": fit(rows.seen, rows.matters)}
            fitted |= {f"{encoder} {name}": model.astype(np.float16) for name, model in models.items()}
            ways: dict[str, tuple[Labelled, npt.NDArray[np.bool_], Values]] = {
                "patterns, cross-validated": (rows, rows.by_pattern, in_order),
                "learnt, cross-validated": (
                    rows,
                    crossed(rows, rows.holds) >= conversation.HOLDS,
                    crossed(rows, rows.matters),
                ),
                "patterns, held out": (held, held.by_pattern, in_order),
                "learnt, held out": (
                    held,
                    odds(models["holds"], held.seen) >= conversation.HOLDS,
                    odds(models["matters"], held.seen),
                ),
            }
            for way, (of, found, order) in ways.items():
                results.append({"encoder": encoder, "way": way, **measured(of, found, order)})
                print(json.dumps(results[-1]), flush=True)
    if asked.write:
        np.savez_compressed(WEIGHTS, allow_pickle=False, **fitted)
        out = {"machine": machine(), "date": today(), "commit": commit(), "results": results}
        (HERE / "results" / "telling.json").write_text(json.dumps(out, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()

"""Learns which kinds of questions guidance leaves open: `python benchmarks/gaps.py [--home FOLDER] [--write]`.

sets/gaps.jsonl has questions that nothing in the shipped corpus answers, each with its kind: half of them near misses
and parts of messages that readers found unanswered, and sorted; half worded for a kind by a writer who had seen no
page. Beside them a multinomial logistic regression of the question's vector is shown what is answered: the questions
of sets/asked.jsonl and sets/readings.jsonl, messages of sets/choices.jsonl that are answered in full, and what
readers of sets/composed.jsonl found answered. Reported by five-fold cross-validation: how well it tells questions of
readers that are left open from those that are answered, how many of the former are said to be of a kind (`NAMED`),
and how often that is theirs; and on sets/composed_held_out.jsonl, whose messages a writer of its own made, some of
them left open at least in part. `--write` puts the models into src/career_advisor/gaps.npz.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from career_advisor.gaps import NAMED, NONE, OTHER, Gaps, Vectors
from career_advisor.opening import open_advisor, plain_progress
from career_advisor.settings import load_settings
from machine import commit, machine, today
from measuring import interval

HERE = Path(__file__).parent
SETS = HERE / "sets"
WEIGHTS = HERE.parent / "src" / "career_advisor" / "gaps.npz"
ENCODERS = ("all-mpnet-base-v2", "all-MiniLM-L6-v2")
RIDGE = 20.0
"""Inverse strength of the penalty."""
ASKED = 0.5
"""What a question that was worded for a section counts: there are many of them."""
FOLDS = 5


class Question(NamedTuple):
    """A question of one kind, NONE where it is answered."""

    text: str
    kind: str
    weight: float = 1.0
    read: bool = True
    """Whether it is of those that readers met, and not worded for a kind or a section."""


def lines_of(name: str) -> list[dict[str, Any]]:
    """Read a set."""
    return [json.loads(line) for line in (SETS / f"{name}.jsonl").read_text("utf-8").splitlines()]


def questions() -> list[Question]:
    """Return everything that is learnt from."""
    found = [Question(case["question"], case["kind"], read=case["read"]) for case in lines_of("gaps")]
    found += [Question(said, NONE, ASKED, read=False) for case in lines_of("asked") for said in case["questions"]]
    found += [Question(case["question"], NONE, read=False) for case in lines_of("readings") if case.get("yes", True)]
    for case in lines_of("choices"):
        if case["answerable"] == "full" and not case["history"]:
            found.append(Question(case["question"], NONE))
    for case in lines_of("composed"):
        found += [Question(part["asks"], NONE) for part in case["parts"] if part["answered"]]
        open_ = () if case["answerable"] == "full" else tuple(case["gaps"])
        found.append(Question(case["question"], open_[0] if open_ else NONE))
    once = {each.text: each for each in found}
    return list(once.values())


def train(vectors: Vectors, asked: Sequence[Question]) -> Gaps:
    """Return what a regression learns from questions with these vectors, shape (questions, dimension)."""
    model = LogisticRegression(C=RIDGE, max_iter=400)
    model.fit(vectors, [each.kind for each in asked], sample_weight=[each.weight for each in asked])
    weights = np.concatenate([model.coef_.T, model.intercept_[None]]).astype(np.float32)
    return Gaps(tuple(map(str, model.classes_)), weights)


def named(gaps: Gaps, vector: Vectors) -> str:
    """Return the kind that is named where a question is not answered; OTHER where none is."""
    kind = gaps.kind_of(vector)
    return kind.key if kind else OTHER


def measured(log_odds: Sequence[float], names: Sequence[str], kinds: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Return how well it does, with intervals of 95 % where shares are meant.

    Args:
        log_odds: That each is left open.
        names: What is named of each.
        kinds: The kinds that each is of; none where it is answered.
    """
    open_ = np.array([bool(each) for each in kinds])
    of_kind = np.array([bool(each) and set(each) != {OTHER} for each in kinds])
    said = np.array([name != OTHER for name in names])
    right = np.array([name in each for name, each in zip(names, kinds, strict=True)])
    return {
        "left open": int(open_.sum()),
        "answered": int((~open_).sum()),
        "auroc": round(float(roc_auc_score(open_, log_odds)), 3),
        "of those of a kind, named": interval(said[of_kind].astype(float)),
        "of those named, rightly": interval(right[said & open_].astype(float)),
    }


def report(encoder: str, home: Path) -> tuple[Gaps, dict[str, Any]]:
    """Learn and measure."""
    settings = load_settings(home=home, encoder=encoder)
    advisor = open_advisor(settings, progress=plain_progress(lambda line: None), with_model=False, remember=True)
    every = questions()
    vectors = np.asarray(advisor._examples.encode([each.text for each in every]), np.float32)
    fold = np.random.default_rng(0).permutation(len(every)) % FOLDS
    log_odds, names = [0.0] * len(every), [OTHER] * len(every)
    for number in range(FOLDS):
        held = np.flatnonzero(fold == number)
        gaps = train(vectors[fold != number], [every[i] for i in np.flatnonzero(fold != number)])
        for i in held:
            log_odds[i], names[i] = gaps.log_odds(vectors[i]), named(gaps, vectors[i])
    read = [i for i, each in enumerate(every) if each.read]
    kinds = [() if every[i].kind == NONE else (every[i].kind,) for i in read]
    gaps = train(vectors, every)
    kept = lines_of("composed_held_out")
    of_kept = np.asarray(advisor._examples.encode([case["question"] for case in kept]), np.float32)
    return gaps, {
        "encoder": encoder,
        "questions": len(every),
        "named from": NAMED,
        "crossed": measured([log_odds[i] for i in read], [names[i] for i in read], kinds),
        "messages, held out": measured(
            [gaps.log_odds(each) for each in of_kept],
            [named(gaps, each) for each in of_kept],
            [[] if case["answerable"] == "full" else case["gaps"] for case in kept],
        ),
    }


def main() -> None:
    """Learn, measure, print, and write where asked."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--home", type=Path, help="keep the indexes here")
    parser.add_argument("--write", action="store_true", help="write gaps.npz and the results")
    given = parser.parse_args()
    arrays: dict[str, npt.NDArray[Any]] = {}
    results = []
    os.environ["OMP_NUM_THREADS"] = "1"  # of the processes started: the encoders are fitted side by side
    with tempfile.TemporaryDirectory() as scratch, ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        homes = [(given.home or Path(scratch)) / encoder for encoder in ENCODERS]
        for encoder, (gaps, result) in zip(ENCODERS, pool.map(report, ENCODERS, homes), strict=True):
            arrays[encoder] = gaps.weights.astype(np.float16)
            arrays["kinds"] = np.array(gaps.kinds)
            results.append(result)
            print(json.dumps(result, indent=1), flush=True)
    if given.write:
        np.savez_compressed(WEIGHTS, allow_pickle=False, **arrays)
        out = {"machine": machine(), "date": today(), "commit": commit(), "encoders": results}
        (HERE / "results" / "gaps.json").write_text(json.dumps(out, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()

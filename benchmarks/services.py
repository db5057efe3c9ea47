"""Fits which services a message is answered with: `python benchmarks/services.py [--home FOLDER] [--write]`.

sets/choices.jsonl has messages with the services that a reader in the place of the person would show (`services`,
three at most) and those that would be fine, too (`also`, counted as IN_PART); sets/referred.jsonl has messages of
people who want to be handed over, with those that a fair judge would miss. For each service that was named often
enough a linear model learns from the message's vector; a logistic regression on `matching.Traits`, for which that model
has not seen the message, weighs it with the rest, once with it and once without. Reported for each set by five-fold
cross-validation over messages, with the mark `likely` chosen on the other folds: the share of the services named that
are shown, of those shown that were named or would be fine, and how often all that a message wants is shown.
`--write` puts the weights into src/career_advisor/matching.toml and the linear models beside it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from career_advisor import referral
from career_advisor.matching import UNMEASURED, Heads, Matcher, Message, Traits
from career_advisor.opening import open_advisor, plain_progress
from career_advisor.records import Message as Turn
from career_advisor.records import Status
from career_advisor.settings import load_settings
from choosing import folds
from machine import commit, machine, today

HERE = Path(__file__).parent
WEIGHTS = HERE.parent / "src" / "career_advisor" / "matching.toml"
ENCODERS = ("all-mpnet-base-v2", "all-MiniLM-L6-v2")
COUNTS = {"choices": 1.0, "referred": 3.0}
"""How much a message counts, by set: to be handed over is what the few in the second one want."""
IN_PART = 0.3
"""How far a service is wanted that would be fine, too."""
OFTEN = 8
"""Messages that must want a service for a linear model of its own."""
HEAD_RIDGE, RIDGE = 4.0, 1.0
"""Inverse strengths of the penalty."""
LOST = 0.03
"""Share of the services named that may be lost to showing nothing where nothing is wanted."""
MARKS = np.arange(-2.5, 1.01, 0.1)
RESAMPLES = 2_000

Values = npt.NDArray[np.float64]
Vectors = npt.NDArray[np.float32]


class Row(NamedTuple):
    """A message with what readers named."""

    set: str
    message: Message
    wanted: Values
    """By service: 1 where it was named, IN_PART where it would be fine, else 0."""


def rows_of(encoder: str, home: Path) -> tuple[list[Row], Matcher]:
    """Understand every message."""
    settings = load_settings(home=home, encoder=encoder)
    advisor = open_advisor(settings, progress=plain_progress(lambda line: None), with_model=False, remember=True)
    rows = []
    cases = [
        (name, json.loads(line))
        for name in COUNTS
        for line in (HERE / "sets" / f"{name}.jsonl").read_text("utf-8").splitlines()
    ]
    for name, case in cases:
        history = [Turn(turn["role"], turn["content"]) for turn in case.get("history", ())]
        # Whether the sources have the answer is what the reader of what was found said; who wants to be handed over
        # wants that, whatever they say.
        status: Status = "partly" if case.get("answerable", "full") != "full" else "answered"
        message, matcher = advisor.matched(case["question"], history, status=status)
        wanted = [
            1.0 if s.id in case["services"] else IN_PART if s.id in case["also"] else 0.0 for s in matcher.services
        ]
        rows.append(Row(name, message, np.array(wanted)))
    return rows, matcher


def heads_of(rows: list[Row], services: list[str]) -> Heads:
    """Fit a linear model for each service that was named often enough."""
    vectors = np.stack([row.message.vector for row in rows]).astype(np.float64)
    wanted, counts = np.stack([row.wanted for row in rows]), counts_of(rows)
    kept, weights, bias, often = [], [], [], []
    for i, service in enumerate(services):
        truth = wanted[:, i]
        if (truth == 1.0).sum() < OFTEN:
            continue
        model = LogisticRegression(C=HEAD_RIDGE, max_iter=1_000)
        model.fit(*_halves(vectors, truth, counts))
        kept.append(service)
        weights.append(model.coef_[0])
        bias.append(model.intercept_[0])
        share = np.average(truth, weights=counts)
        often.append(np.log(share / (1.0 - share)))
    model = LogisticRegression(C=HEAD_RIDGE, max_iter=1_000).fit(vectors, (wanted == 1.0).any(axis=1), counts)
    anybody = np.append(model.coef_[0], model.intercept_[0])
    return Heads(tuple(kept), *(np.array(each, np.float32) for each in (weights, bias, often, anybody)))


def counts_of(rows: list[Row]) -> Values:
    """Return how much each row counts."""
    return np.array([COUNTS[row.set] for row in rows])


def _halves(values: Values, truth: Values, counts: Values) -> tuple[Values, Values, Values]:
    """Return each row as one that is wanted and one that is not, weighed by how far."""
    sure = (truth == 0.0) | (truth == 1.0)
    unsure = ~sure
    return (
        np.concatenate([values[sure], values[unsure], values[unsure]]),
        np.concatenate([truth[sure], np.ones(unsure.sum()), np.zeros(unsure.sum())]),
        np.concatenate([counts[sure], counts[unsure] * truth[unsure], counts[unsure] * (1.0 - truth[unsure])]),
    )


def _fit(values: Values, truth: Values, weight: Values, inverse: float) -> tuple[Values, float]:
    mean, scale = values.mean(axis=0), values.std(axis=0) + 1e-9
    model = LogisticRegression(C=inverse, max_iter=1_000)
    model.fit((values - mean) / scale, truth, sample_weight=weight)
    weights = model.coef_[0] / scale
    return weights, float(model.intercept_[0] - weights @ mean)


def pairs_of(rows: list[Row], matcher: Matcher) -> tuple[Values, Values]:
    """Return the traits of every service for every message, shape (messages, services, traits), and how far wanted."""
    return np.stack([matcher.traits(row.message) for row in rows]), np.stack([row.wanted for row in rows])


def fit(traits: Values, wanted: Values, counts: Values, columns: list[int]) -> tuple[Values, float]:
    """Return weights of all traits, 0 for those not among the columns, and the intercept."""
    flat = traits.reshape(-1, len(Traits._fields))[:, columns]
    some, intercept = _fit(*_halves(flat, wanted.ravel(), np.repeat(counts, wanted.shape[1])), RIDGE)
    weights = np.zeros(len(Traits._fields))
    weights[columns] = some
    return weights, intercept


def shown(odds: Values, mark: float) -> npt.NDArray[np.intp]:
    """Return the places of the services shown: the likeliest SHOWN that are likely enough."""
    best = np.argsort(-odds, kind="stable")[: referral.SHOWN]
    return best[odds[best] >= mark]


def quiet(odds: Values, anybody: Values, mark: float) -> Values:
    """Return the log-odds with none of them likely where it is unlikely that any service is wanted."""
    return np.where((anybody < mark)[:, None], -np.inf, odds)


def anybody_mark(odds: Values, anybody: Values, wanted: Values, mark: float) -> float:
    """Return the highest mark for wanting any that loses no more than LOST of the services named."""
    named = kept(odds, wanted, mark)[:, 0].sum()
    for each in np.quantile(anybody, np.linspace(0.3, 0.0, 61)):
        if kept(quiet(odds, anybody, each), wanted, mark)[:, 0].sum() >= (1.0 - LOST) * named:
            return float(each)
    return float(anybody.min())


def kept(odds: Values, wanted: Values, mark: float) -> Values:
    """Return for each message: shown and named, shown and fine or named, shown, named, and whether all named are."""
    out = []
    for each, want in zip(odds, wanted, strict=True):
        places = shown(each, mark)
        out.append(_counts(want, places))
    return np.array(out)


def _counts(want: Values, places: npt.NDArray[np.intp]) -> tuple[float, ...]:
    hit = want[places]
    named = float((want == 1.0).sum())
    return (
        float((hit == 1.0).sum()),
        float((hit > 0.0).sum()),
        float(len(places)),
        named,
        float((hit == 1.0).sum() == named),
    )


def best_mark(odds: Values, wanted: Values) -> float:
    """Return the mark at which services named are shown and services shown are named or fine, as often as can be."""
    return float(max(MARKS, key=lambda mark: _balance(kept(odds, wanted, mark))))


def _balance(counts: Values) -> float:
    recall = counts[:, 0].sum() / counts[:, 3].sum()
    precision = counts[:, 1].sum() / max(1.0, counts[:, 2].sum())
    return float(2 * recall * precision / (recall + precision))


def summed(counts: Values) -> dict[str, Any]:
    """Return the shares with intervals of 95 % over messages."""
    drawn = np.random.default_rng(0).integers(0, len(counts), (RESAMPLES, len(counts)))
    asked = counts[:, 3] > 0
    total = counts[drawn].sum(axis=1)

    def share(top: int, below: int) -> list[float]:
        values = total[:, top] / np.maximum(total[:, below], 1.0)
        whole = counts[:, top].sum() / max(counts[:, below].sum(), 1.0)
        return [round(float(x), 3) for x in (whole, *np.quantile(values, [0.025, 0.975]))]

    return {
        "n": len(counts),
        "shown": round(float(counts[:, 2].mean()), 2),
        "named that are shown": share(0, 3),
        "shown that are named or fine": share(1, 2),
        "all named are shown": round(float(counts[asked, 4].mean()), 3),
        "nothing shown where nothing is wanted": round(float((counts[~asked, 2] == 0).mean()), 3),
    }


def crossed(rows: list[Row], matcher: Matcher) -> tuple[Values, Values, Values]:
    """Return each row's traits and log-odds of wanting any, by models that have not seen it; how far it wants each."""
    ids = [service.id for service in matcher.services]
    traits: Values = np.zeros((len(rows), len(ids), len(Traits._fields)))
    anybody: Values = np.zeros(len(rows))
    for fold in folds(len(rows)):
        held = set(fold.tolist())
        heads = heads_of([row for i, row in enumerate(rows) if i not in held], ids)
        unseen = replace(matcher, heads=heads)
        anybody[fold] = [heads.any_wanted(rows[i].message.vector) for i in fold.tolist()]
        traits[fold] = np.stack([unseen.traits(rows[i].message) for i in fold.tolist()])
    return traits, anybody, np.stack([row.wanted for row in rows])


def measured(
    traits: Values, anybody: Values, wanted: Values, rows: list[Row], columns: list[int]
) -> Iterator[dict[str, Any]]:
    """Fit on four folds, choose the marks there, and count on the fifth; yield the sums of each set."""
    counts: Values = np.zeros((len(wanted), 5))
    for fold in folds(len(wanted)):
        rest = np.setdiff1d(np.arange(len(wanted)), fold)
        weights, intercept = fit(traits[rest], wanted[rest], counts_of(rows)[rest], columns)
        odds = traits @ weights + intercept
        mark = best_mark(odds[rest], wanted[rest])
        least = anybody_mark(odds[rest], anybody[rest], wanted[rest], mark)
        counts[fold] = kept(quiet(odds[fold], anybody[fold], least), wanted[fold], mark)
    for name in COUNTS:
        yield {"set": name, **summed(counts[[row.set == name for row in rows]])}


def labels(columns: list[int]) -> list[str]:
    """Return the names of some traits."""
    return [Traits._fields[i] for i in columns]


def main() -> None:
    """Fit, measure, print, and write where asked."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--home", type=Path, help="keep the indexes here")
    parser.add_argument("--write", action="store_true", help="write matching.toml and the results")
    asked = parser.parse_args()
    every = list(range(len(Traits._fields)))
    unlearnt = [i for i in every if Traits._fields[i] not in {"often", "learnt"}]
    written, results = [], []
    arrays: dict[str, npt.NDArray[Any]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for encoder in ENCODERS:
            rows, matcher = rows_of(encoder, (asked.home or Path(scratch)) / encoder)
            ids = [service.id for service in matcher.services]
            traits, anybody, wanted = crossed(rows, matcher)
            ways = {encoder: every}
            if encoder == UNMEASURED:
                ways[f"{encoder}, unlearnt"] = unlearnt
            for name, columns in ways.items():
                wants = anybody * ("learnt" in labels(columns))
                for sums in measured(traits, wants, wanted, rows, columns):
                    results.append({"encoder": encoder, "way": name, **sums})
                    print(json.dumps(results[-1]), flush=True)
                weights, intercept = fit(traits, wanted, counts_of(rows), columns)
                odds = traits @ weights + intercept
                mark = best_mark(odds, wanted)
                least = anybody_mark(odds, anybody, wanted, mark)
                lines = [f"{field} = {weight:.4f}" for field, weight in zip(Traits._fields, weights, strict=True)]
                written.append(
                    "\n".join(
                        [
                            f'["{name}"]',
                            *lines,
                            f"intercept = {intercept:.4f}",
                            f"likely = {mark:.2f}",
                            f"anybody = {least:.2f}",
                        ]
                    )
                )
            final = heads_of(rows, ids)
            kept_as = {"services": np.array(final.services), "weights": final.weights.astype(np.float16)}
            arrays |= {f"{encoder} {field}": each for field, each in {**final._asdict(), **kept_as}.items()}
    if asked.write:
        head = "# Log-odds that a service is shown. Written by `python benchmarks/services.py --write`.\n\n"
        WEIGHTS.write_text(head + "\n\n".join(written) + "\n", "utf-8")
        np.savez_compressed(WEIGHTS.with_suffix(".npz"), allow_pickle=False, **arrays)
        out = {"machine": machine(), "date": today(), "commit": commit(), "results": results}
        (HERE / "results" / "services.json").write_text(json.dumps(out, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()

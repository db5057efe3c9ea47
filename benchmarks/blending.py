"""Weighs what is told word by word with what was learnt by heart: `python benchmarks/blending.py`.

How likely a shipped sentence answers a message is told twice: word by word (`interaction`), and by what the network of
`listening` has learnt of it. A logistic regression on messages that taught neither, those of composed.jsonl whose
writers are in WRITERS, gives `interaction.Blend`: its log-odds, on the scale of those that a regression on the first
alone gives, which `choosing` was fitted on. Of the sentences of a message the likeliest NEAREST by either count; one
that would not disturb counts IN_PART. Reported on the two sets that are held out, of writers of their own, and on
WRITERS: how often the likeliest of all sentences is one of the best, and which share of the best is among the
likeliest five and twenty. Writes results/blending.json.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from career_advisor import interaction, listening, models
from career_advisor.choosing import digest
from career_advisor.embedding import Pieces
from career_advisor.interaction import LEAST, Blend, Interaction
from career_advisor.opening import shipped_sentences
from career_advisor.settings import load_settings, shipped_corpus
from machine import commit, machine, today
from measuring import interval

HERE = Path(__file__).parent
SETS = HERE / "sets"
WRITERS = ("psv", "pnj")
HELD_OUT = ("composed_held_out", "choices_held_out")
NEAREST = 60
IN_PART = 0.35

Vectors = npt.NDArray[np.float32]


class Judged(NamedTuple):
    """A message, what is told of all sentences, and which of them its readers named."""

    by_words: Vectors
    by_heart: Vectors
    best: frozenset[int]
    beside: frozenset[int]


class Telling:
    """Both ways of telling which of the shipped sentences answer."""

    def __init__(self) -> None:
        """Open both networks."""
        weights = load_settings().weights
        self._listener = listening.Listener(
            Pieces(models.find(listening.BASE, weights), lambda: listening.network().layers)
        )
        self._compares = Interaction(
            Pieces(models.find(interaction.BASE, weights), lambda: interaction.network().layers)
        )
        sentences = shipped_sentences()
        places, embedded = interaction.load(shipped_corpus() / "vectors" / "interaction.npz")
        self._ready = self._compares.ready(embedded.taken([places[interaction.digest(each)] for each in sentences]))
        learnt = {key: place for place, key in enumerate(listening.network().sentences)}
        self._learnt = [learnt[interaction.digest(each)] for each in sentences]
        self._place = {digest(text): place for place, (_, text) in enumerate(sentences)}

    def of(self, cases: Sequence[dict[str, Any]]) -> list[Judged]:
        """Return what is told of messages that stand alone and for whose readers there was something to quote."""
        found = []
        for case in cases:
            best, beside = (
                frozenset(self._place[key] for key in map(digest, case[name]) if key in self._place)
                for name in ("best", "ok")
            )
            if best and not case["history"]:
                odds = interaction.log_odds(self._compares.asked(case["question"]), self._ready)
                shares = self._listener.hear(case["question"]).shares
                assert shares is not None, "the network has learnt sentences"
                found.append(
                    Judged(np.maximum(odds, LEAST), np.maximum(shares[self._learnt], LEAST), best, beside - best)
                )
        return found


def fitted(judged: Sequence[Judged]) -> Blend:
    """Return what both are worth."""
    told, belongs, counts = [], [], []
    for each in judged:
        near = {int(place) for odds in each[:2] for place in np.argsort(-odds)[:NEAREST]}
        for place in sorted(near):
            how = 1.0 if place in each.best else IN_PART if place in each.beside else 0.0
            for label, count in ((1, how), (0, 1.0 - how)):
                if count:
                    told.append((each.by_words[place], each.by_heart[place]))
                    belongs.append(label)
                    counts.append(count)
    values = np.array(told)
    both, alone = (LogisticRegression(C=1e6).fit(of, belongs, sample_weight=counts) for of in (values, values[:, :1]))
    slope, usual = np.polyfit(values[:, 0], values[:, 1], 1)
    by_words, by_heart = both.coef_[0] / alone.coef_[0, 0]
    constant = (both.intercept_[0] - alone.intercept_[0]) / alone.coef_[0, 0]
    return Blend(*(round(float(each), 3) for each in (by_words, by_heart, constant, slope, usual)))


def measured(judged: Sequence[Judged], way: str, blend: Blend) -> dict[str, Any]:
    """Return how well all sentences are ordered in one way."""
    rows = []
    for each in judged:
        odds = {"word by word": each.by_words, "by heart": each.by_heart}.get(way)
        order = np.argsort(-(blend.together(*each[:2]) if odds is None else odds), kind="stable").tolist()
        rows.append(
            [float(order[0] in each.best), *(len(each.best & set(order[:n])) / len(each.best) for n in (5, 20))]
        )
    names = ("likeliest is one of the best", "of the best, among five", "among twenty")
    return {name: interval(column) for name, column in zip(names, np.array(rows).T, strict=True)}


def main() -> None:
    """Fit, measure, print and write."""
    telling = Telling()
    read = {name: (SETS / f"{name}.jsonl").read_text("utf-8").splitlines() for name in ("composed", *HELD_OUT)}
    cases = {name: [json.loads(line) for line in lines] for name, lines in read.items()}
    cases["composed"] = [case for case in cases["composed"] if case["id"].startswith(WRITERS)]
    judged = {name: telling.of(some) for name, some in cases.items()}
    blend = fitted(judged["composed"])
    print(blend, "ships:", interaction.BLEND)
    out: dict[str, Any] = {"machine": machine(), "date": today(), "commit": commit(), "fitted": blend._asdict()}
    for name, some in judged.items():
        ways = {way: measured(some, way, interaction.BLEND) for way in ("word by word", "by heart", "both")}
        out[name] = {"n": len(some), **ways}
        print(name, json.dumps(out[name], indent=1))
    (HERE / "results" / "blending.json").write_text(json.dumps(out, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()

"""Fits which sentences belong in an answer: `python benchmarks/choosing.py [--home FOLDER] [--write]`.

sets/choices.jsonl has messages with what the search had found for each: the sentences that a reader in the place of the
person would be glad of (`best`), those that would not disturb (`ok`, counted as IN_PART of one that belongs), and the
rest. sets/composed.jsonl has messages of people who tell of themselves, with answers that readers of the whole corpus
put together for each: what they neither quote nor name beside it does not belong. A network like that of reading.py is
trained on these, on sets/readings.jsonl and on sets/asked.jsonl; for each message the search is
run as always, and a logistic regression on `choosing.Traits` learns to tell them apart, with what the network makes of
them and without. For the regression the network says of a message, and `adapting` of its sections, only what was
learnt from the other half; what is known of the sentences by heart (`Recalled`) is learnt from sets/readings.jsonl and
sets/asked.jsonl alone; and `interaction`, too, says of a message what models say that have not seen it (`--unseen`,
which benchmarks/interaction.py wrote). Reported by five-fold cross-validation over messages, beside the order in which
the search has them: the AUROC of the best sentences among all, how often the likeliest is one of them,
and, quoting what is likelier than answering's mark, how many sentences are quoted, how many of them are among the best
and among the rest, and the share of the best ones quoted. From the same folds a second regression learns on
`choosing.Whole` which messages are answered by what was found (`answerable`), with a linear model of the message's
vector; reported is how well it tells them from those that are not, beside the confidence it starts from.
Of sets/composed.jsonl those whose ids begin with LATER are left out.
sets/choices_held_out.jsonl was worded by a writer of its own about facts that no other writer was given, and labelled
likewise; what is fitted on all of the first is measured on it as it comes (`held out`), and on
sets/composed_held_out.jsonl, of a writer of its own, too. The encoders are fitted side by
side. `--write` puts the weights into src/career_advisor/choosing.toml and the networks beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from torch.nn.functional import binary_cross_entropy_with_logits

import gaps
from adapting import COMPOSED, train_known
from career_advisor.adapting import LEAST, Known, Named
from career_advisor.answering import ENOUGH, PLAIN
from career_advisor.choosing import Chooser, Found, Recalled, Traits, Whole, digest, whole_of
from career_advisor.gaps import Gaps, gaps_for
from career_advisor.grounding import Verdict
from career_advisor.opening import open_advisor, plain_progress
from career_advisor.reading import Head, Rows
from career_advisor.records import Hit, Message
from career_advisor.settings import load_settings
from machine import commit, machine, today
from measuring import RESAMPLES, interval
from reading import Case, Pairs, Shape, asked, pairs_of, readings, train
from unseen import see_unseen

HERE = Path(__file__).parent
SETS = HERE / "sets"
LATER = "p"
"""How the ids of those of sets/composed.jsonl begin that are not learnt from: with them fewer sentences were quoted,
and readers were less glad of the answers (docs/decisions/0016-choosing.md)."""
WEIGHTS = HERE.parent / "src" / "career_advisor" / "choosing.toml"
ENCODERS = ("all-mpnet-base-v2", "all-MiniLM-L6-v2")
IN_PART = 0.35
"""How far a sentence belongs that would not disturb."""
EVERYWHERE = 0.3
"""What a sentence of a message that was labelled everywhere counts: there are seven times as many for each of them."""
ANSWERED = {"full": 1.0, "part": 0.5, "no": 0.0}
USUAL_RIDGE = 1.0
"""Inverse strength of the penalty on the linear model of a message's vector."""
QUALIFIED = 0.055
"""Share of the messages that are answered by what was found which may be said to be answered in part."""
RAISED = 0.2
"""By which that mark is raised: `interaction`, as it ships, is surer of what is near than the two that were fitted on.
Chosen on the development half of the test set."""
DECLINED = 0.01
"""Share of the messages that are answered by what was found which may be declined."""
INVERSE_RIDGE = 0.3
OF_THE_FIELD = ("reads", "recalled", "learnt", "answering", "behind_likeliest")
"""Beginnings of the traits that are known in guidance about the field alone."""
RECALLED_WIDTH, RECALLED_STEPS, RECALLED_RIDGE, BIAS_RIDGE = 128, 100, 0.01, 0.05
"""Of what is known by heart, chosen on halves of its questions."""
WIDE = Shape(128, 128, 0.3)
"""Of the network, chosen on halves of the labelled questions, too."""
USUAL = -1.5
"""Log-odds of the usual sentence of a section where one of its questions is asked."""
FOLDS = 5
HALVES = 2
"""Folds for the networks, which take minutes each to train."""
Values = npt.NDArray[np.float64]
Vectors = npt.NDArray[np.float32]


class Row(NamedTuple):
    """A message with what was found for it and labelled."""

    message: Vectors
    """Its vector, shape (dimension,)."""
    found: list[Found]
    belongs: dict[str, float]
    """By digest: 1 for the best, IN_PART for what would not disturb, else 0."""
    verdict: Verdict
    """What is thought of it before its sentences are weighed."""
    answerable: float
    """1 where the sentences shown answer, IN_PART_ANSWERED where in part, else 0."""
    text: str
    answered_by: frozenset[Named]
    """The sections of the best."""
    everywhere: bool
    """Whether it was labelled with the whole corpus in mind: what has no label does not belong."""

    def label(self, key: str) -> float | None:
        """Return how far a sentence belongs; `None` where nobody said."""
        return self.belongs.get(key, 0.0 if self.everywhere else None)


class Weighed(NamedTuple):
    """The same as the regression sees it."""

    traits: Values
    """Shape (sentences, len(Traits))."""
    belongs: Values
    counts: float = 1.0
    """Of each of its sentences."""


def cases_of(name: str) -> list[dict[str, Any]]:
    """Read a set, without those that are not learnt from."""
    cases = [json.loads(line) for line in (SETS / name).read_text("utf-8").splitlines()]
    return [case for case in cases if name != "composed.jsonl" or not case["id"].startswith(LATER)]


def rows_of(encoder: str, home: Path, unseen: Path, *names: str) -> tuple[list[Row], Chooser]:
    """Look every message of some sets up; what was learnt from as if it were new (`unseen`)."""
    settings = load_settings(home=home, encoder=encoder)
    advisor = open_advisor(settings, progress=plain_progress(lambda line: None), with_model=False, remember=True)
    see_unseen(advisor, unseen)
    shelf = advisor.searching("")[2]
    place_of = {
        digest(shelf.documents[path].text[start:end]): (path, " ".join(section.heading[-1:]))
        for path, start, end in Rows.of(shelf.windows).sentences
        for section in shelf.documents[path].sections
        if section.blocks[0].start <= start < section.blocks[-1].end
    }
    rows = []
    for case in (case for name in names for case in cases_of(name)):
        history = [Message(turn["role"], turn["content"]) for turn in case["history"]]
        found, verdict, shelf = advisor.pool(case["question"], history)
        label = dict.fromkeys(case.get("other", ()), 0.0)
        label |= {digest(text): IN_PART for text in case["ok"]} | {digest(text): 1.0 for text in case["best"]}
        best = frozenset(place_of[key] for key, belongs in label.items() if belongs == 1.0 and key in place_of)
        answered = ANSWERED[case["answerable"]]
        rows.append(Row(found[0].vector, found, label, verdict, answered, case["question"], best, "other" not in case))
    return rows, Chooser.of(shelf, of_the_field=False)


def weighed(row: Row, chooser: Chooser) -> Weighed:
    """Weigh a message's labelled sentences; one found for several parts counts as where it was found best.

    What was found for the message itself is not general, whatever else it was found for.
    """
    seen: dict[str, Values] = {}
    for part, traits in zip(row.found, chooser.traits(row.message, row.found), strict=True):
        for hit, values in zip(part.hits, traits, strict=True):
            for span, value in zip(hit.sentences, values, strict=True):
                key = digest(hit.document.text[span.start : span.end])
                if row.label(key) is not None and (key not in seen or rank(seen[key]) < rank(value)):
                    seen[key] = value
    every = np.array(list(seen.values())).reshape(-1, len(Traits._fields))
    counts = EVERYWHERE if row.everywhere else 1.0
    return Weighed(every, np.array([row.label(key) for key in seen], float), counts)


def rank(traits: Values) -> tuple[float, float]:
    """Return by what one of several places in which a sentence was found counts."""
    by_name = Traits(*traits)
    return -by_name.general, by_name.odds


def joined(labelled: Pairs, rows: list[Row], chooser: Chooser) -> tuple[Pairs, npt.NDArray[np.intp]]:
    """Return the pairs of all sets as one, and of each the number of its message; -1 for those of the other sets."""
    triples, belongs, numbers, digests = [], [], [], []
    for number, row in enumerate(rows):
        seen: set[str] = set()
        for hit in (hit for part in row.found for hit in part.hits):
            for span in hit.sentences:
                key = digest(hit.document.text[span.start : span.end])
                belonging = row.label(key)
                if belonging is not None and key not in seen:
                    seen.add(key)
                    said = chooser.rows.sentences[hit.document.path, span.start, span.end]
                    above = chooser.rows.headings.get((hit.document.path, hit.section), said)
                    triples.append((row.message, chooser.vectors[said], chooser.vectors[above]))
                    belongs.append(belonging)
                    numbers.append(number)
                    digests.append(key)
    vectors = [
        np.concatenate([one, np.array(other, np.float32)])
        for one, other in zip(labelled[:3], zip(*triples, strict=True), strict=True)
    ]
    answers = np.concatenate([labelled.answers, np.array(belongs, np.float32)])
    of_message = np.concatenate([np.full(len(labelled.answers), -1), numbers]).astype(np.intp)
    question, sentence, heading = vectors
    every = np.concatenate([labelled.digest, np.array(digests)])
    return Pairs(question, sentence, heading, answers, of_message, of_message, every), of_message


def place(hit: Hit) -> Named:
    """Return what a section is known by."""
    return hit.document.path, hit.heading[-1] if hit.heading else ""


def known_of(pairs: Pairs, cases: Sequence[Case], rows: Sequence[Row]) -> Known:
    """Return a linear model of the sections like `adapting`'s, of the labelled questions and some messages."""
    first = np.unique(pairs.asked, return_index=True)[1]
    named = sorted({(case.document, case.heading) for case in cases})
    number = {name: i for i, name in enumerate(named)}
    labelled = [
        (pairs.question[first[i]], {number[case.document, case.heading]}, 1.0)
        for i, case in enumerate(cases)
        if case.yes
    ]
    for row in rows:
        best = {number[name] for name in row.answered_by if name in number}
        labelled += [(row.message, best, COMPOSED if row.everywhere else 1.0)] if best else []
    answers = torch.zeros(len(labelled), len(named))
    for i, (_, right, _) in enumerate(labelled):
        answers[i, list(right)] = 1.0 / len(right)
    asked_for = np.stack([vector for vector, _, _ in labelled])
    counts = [count for _, _, count in labelled]
    return train_known(asked_for, answers, torch.zeros_like(answers, dtype=torch.bool), named, counts)


def all_unlearnt(rows: Sequence[Row], pairs: Pairs, cases: Sequence[Case]) -> list[Row]:
    """Return messages with the shares of the sections found for each by a model that has not seen it.

    What ships has been shown them all, and would seem surer than it is of others.
    """
    out = list(rows)
    for fold in folds(len(rows), HALVES):
        held = set(fold.tolist())
        by_heart = known_of(pairs, cases, [row for i, row in enumerate(rows) if i not in held])
        for i in held:
            out[i] = unlearnt(rows[i], by_heart)
    return out


def unlearnt(row: Row, by_heart: Known) -> Row:
    """Return a message with the shares of the sections found for it that a model gives them."""

    def share(hit: Hit, shares: Vectors) -> Hit:
        known = by_heart.rows.get(place(hit))
        if known is None:
            return hit
        return replace(hit, leg_scores={**hit.leg_scores, "learnt": max(float(shares[known]), LEAST)})

    found = []
    for part in row.found:
        shares = by_heart.log_shares(part.vector[None])[0]
        found.append(part._replace(hits=[share(hit, shares) for hit in part.hits]))
    return row._replace(found=found)


def recall(pairs: Pairs) -> Recalled:
    """Learn a linear model of each sentence from the questions of its section, by what is widest in their vectors."""
    sentences, of_pair = np.unique(pairs.digest, return_inverse=True)
    first = np.unique(pairs.asked, return_index=True)[1]
    _, axes = np.linalg.eigh(np.cov(pairs.question[first].astype(np.float64), rowvar=False))
    project = np.ascontiguousarray(axes[:, : -RECALLED_WIDTH - 1 : -1]).astype(np.float32)
    seen, answers = torch.from_numpy(pairs.question @ project), torch.from_numpy(pairs.answers)
    rows = torch.from_numpy(of_pair)
    weights = torch.zeros(len(sentences), RECALLED_WIDTH, requires_grad=True)
    bias = torch.zeros(len(sentences), requires_grad=True)
    optimizer = torch.optim.LBFGS([weights, bias], max_iter=RECALLED_STEPS, line_search_fn="strong_wolfe")

    def loss() -> float:
        optimizer.zero_grad()
        odds = (seen * weights[rows]).sum(1) + bias[rows] + USUAL
        total = binary_cross_entropy_with_logits(odds, answers, reduction="sum")
        total = total + RECALLED_RIDGE * weights.square().sum() + BIAS_RIDGE * bias.square().sum()
        total.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        return float(total.detach())

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    kept = (project, weights.detach().numpy(), bias.detach().numpy())
    known = {str(each): row for row, each in enumerate(sentences)}
    return Recalled(known, *(each.astype(np.float16).astype(np.float32) for each in kept))


def wide(head: Head) -> Head:
    """Return a head as `reading.head_for` reads it."""
    return Head(*(each.astype(np.float32) for each in head))


def cross_read(pairs: Pairs, of_message: npt.NDArray[np.intp], rows: list[Row], chooser: Chooser) -> list[Weighed]:
    """Weigh every message with a network that has not seen it."""
    out: list[Weighed] = [Weighed(np.zeros((0, 0)), np.zeros(0))] * len(rows)
    for fold in folds(len(rows), HALVES):
        head = wide(train(pairs, np.flatnonzero(~np.isin(of_message, fold)), WIDE))
        for i in fold.tolist():
            out[i] = weighed(rows[i], replace(chooser, head=head))
    return out


def folds(count: int, number: int = FOLDS) -> list[npt.NDArray[np.intp]]:
    """Cut messages into so many parts."""
    order = np.random.default_rng(0).permutation(count)
    return [order[i::number] for i in range(number)]


def fit(rows: list[Weighed], columns: list[int]) -> tuple[Values, float]:
    """Return weights of all traits, 0 for those not among the columns, and the intercept."""
    traits = np.concatenate([row.traits for row in rows])[:, columns]
    belongs = np.concatenate([row.belongs for row in rows])
    mean, scale = traits.mean(axis=0), traits.std(axis=0) + 1e-9
    counts = np.concatenate([np.full(len(row.belongs), row.counts) for row in rows])
    twice = np.concatenate([(traits - mean) / scale] * 2)
    truth = np.repeat([1, 0], len(belongs))
    model = LogisticRegression(C=INVERSE_RIDGE, max_iter=1_000)
    model.fit(twice, truth, sample_weight=np.concatenate([belongs * counts, (1.0 - belongs) * counts]))
    weights = np.zeros(len(Traits._fields))
    weights[columns] = model.coef_[0] / scale
    return weights, float(model.intercept_[0] - (model.coef_[0] * mean / scale).sum())


def crossed(rows: list[Weighed], columns: list[int]) -> list[Values]:
    """Return the log-odds of every row's sentences by a fit on the other folds."""
    odds: list[Values] = [np.zeros(0)] * len(rows)
    for fold in folds(len(rows)):
        held = set(fold.tolist())
        weights, intercept = fit([row for i, row in enumerate(rows) if i not in held], columns)
        for i in fold.tolist():
            odds[i] = rows[i].traits @ weights + intercept
    return odds


def left_open(rows: Sequence[Row], encoder: str, home: Path) -> Values:
    """Return the log-odds that each message is left open by a model of the kinds of gaps that has not seen it."""
    settings = load_settings(home=home, encoder=encoder)
    advisor = open_advisor(settings, progress=plain_progress(lambda line: None), with_model=False, remember=True)
    every = gaps.questions()
    vectors = np.asarray(advisor._examples.encode([each.text for each in every]), np.float32)
    odds = np.zeros(len(rows))
    for fold in folds(len(rows), HALVES):
        held = {rows[i].text for i in fold.tolist()}
        seen = [i for i, each in enumerate(every) if each.text not in held]
        kinds = gaps.train(vectors[seen], [every[i] for i in seen])
        for i in fold.tolist():
            odds[i] = most_open(rows[i], kinds)
    return odds


def most_open(row: Row, kinds: Gaps) -> float:
    """Return the log-odds that the question of a message of which that is likeliest is left open."""
    return max(map(kinds.log_odds, [row.message, *(part.vector for part in row.found if part.asks)]))


def wholes(rows: list[Row], odds: list[Values], usual: Values, open_: Values) -> Values:
    """Return `Whole` of every message, shape (messages, len(Whole)), by log-odds that have not seen it."""
    return np.array(
        [
            whole_of(
                sorted(map(float, each), reverse=True),
                confidence=row.verdict.confidence,
                lacking=row.verdict.asked is not None,
                unnamed=bool(row.verdict.unknown_names),
                usual=float(logit),
                left_open=float(gap),
            )
            for row, each, logit, gap in zip(rows, odds, usual, open_, strict=True)
        ]
    )


def usual_of(rows: list[Row]) -> Vectors:
    """Fit the linear model of a message's vector, its bias last."""
    vectors = np.stack([row.message for row in rows]).astype(np.float64)
    answered = np.array([row.answerable for row in rows])
    model = LogisticRegression(C=USUAL_RIDGE, max_iter=1_000)
    model.fit(*halved(vectors, answered))
    return np.append(model.coef_[0], model.intercept_[0]).astype(np.float32)


def halved(values: Values, truth: Values) -> tuple[Values, Values, Values]:
    """Return each row twice, as true and as false, weighed by how far it is."""
    return np.concatenate([values] * 2), np.repeat([1, 0], len(truth)), np.concatenate([truth, 1.0 - truth])


def crossed_usual(rows: list[Row]) -> Values:
    """Return of every message what a linear model of the other folds says."""
    said: Values = np.zeros(len(rows))
    for fold in folds(len(rows)):
        held = set(fold.tolist())
        usual = usual_of([row for i, row in enumerate(rows) if i not in held])
        said[fold] = [float(rows[i].message @ usual[:-1] + usual[-1]) for i in fold.tolist()]
    return said


def fit_whole(traits: Values, answered: Values) -> tuple[Values, float]:
    """Return weights of `Whole` and the intercept."""
    mean, scale = traits.mean(axis=0), traits.std(axis=0) + 1e-9
    model = LogisticRegression(max_iter=1_000)
    model.fit(*halved((traits - mean) / scale, answered))
    weights: Values = model.coef_[0] / scale
    return weights, float(model.intercept_[0] - weights @ mean)


def crossed_whole(traits: Values, answered: Values) -> Values:
    """Return the log-odds of every message by a fit on the other folds."""
    odds: Values = np.zeros(len(answered))
    for fold in folds(len(answered)):
        rest = np.setdiff1d(np.arange(len(answered)), fold)
        weights, intercept = fit_whole(traits[rest], answered[rest])
        odds[fold] = traits[fold] @ weights + intercept
    return odds


def marks(odds: Values, answered: Values) -> tuple[float, float]:
    """Return the log-odds from which a message is answered, and from which something near is offered.

    Most that is answered is called so by the first, and hardly any of it is declined by the second.
    """
    yes = odds[answered == 1.0]
    return float(np.quantile(yes, QUALIFIED)), float(np.quantile(yes, DECLINED))


def told_apart(odds: Values, answered: Values, mark: float) -> dict[str, Any]:
    """Return how well log-odds tell messages that are answered from those that are not, with intervals of 95 %."""
    yes, no = odds[answered == 1.0], odds[answered == 0.0]
    drawn = np.random.default_rng(0)
    scores = [
        roc_auc_score(
            np.repeat([1, 0], [len(yes), len(no)]),
            np.concatenate([drawn.choice(yes, len(yes)), drawn.choice(no, len(no))]),
        )
        for _ in range(RESAMPLES // 4)
    ]
    auroc = roc_auc_score(np.repeat([1, 0], [len(yes), len(no)]), np.concatenate([yes, no]))
    return {
        "n": [len(yes), len(no)],
        "auroc": [round(float(x), 3) for x in (auroc, *np.quantile(scores, [0.025, 0.975]))],
        "answered where they are": interval((yes >= mark).astype(float)),
        "not simply answered where they are not": interval((no < mark).astype(float)),
    }


def measured(rows: list[Weighed], odds: list[Values]) -> dict[str, Any]:
    """Return how well an order of the sentences does, with intervals of 95 % over messages."""
    useful = [(row.belongs, each) for row, each in zip(rows, odds, strict=True) if row.belongs.max() == 1.0]
    first = np.array([belongs[each.argmax()] == 1.0 for belongs, each in useful], float)
    quoted = [would_be_quoted(each) for _, each in useful]
    held = [belongs[chosen] for chosen, (belongs, _) in zip(quoted, useful, strict=True)]
    recall = np.array([(got == 1.0).sum() / (all_ == 1.0).sum() for got, (all_, _) in zip(held, useful, strict=True)])
    together = np.concatenate(held)
    return {
        "n": len(useful),
        "auroc": round(
            float(roc_auc_score(np.concatenate([row.belongs for row in rows]) == 1.0, np.concatenate(odds))),
            3,
        ),
        "first is best": interval(first),
        "sentences": round(len(together) / len(useful), 2),
        "of them best": round(float((together == 1.0).mean()), 3),
        "of them no good": round(float((together == 0.0).mean()), 3),
        "best ones quoted": interval(recall),
    }


def would_be_quoted(odds: Values) -> npt.NDArray[np.intp]:
    """Return the sentences that an answer would quote as far as that depends on the odds alone, the likeliest first."""
    order = np.argsort(-odds, kind="stable")[: PLAIN.sentences]
    mark = np.where(np.arange(len(order)) < ENOUGH, PLAIN.likely, PLAIN.likelier)
    mark[0] = -np.inf
    enough: npt.NDArray[np.intp] = order[odds[order] >= mark]
    return enough


def entry(name: str, fields: tuple[str, ...], weights: Values, **more: float) -> str:
    """Return a table of choosing.toml."""
    lines = [f"{field} = {weight:.4f}" for field, weight in zip(fields, weights, strict=True)]
    return "\n".join([f'["{name}"]', *lines, *(f"{field} = {value:.4f}" for field, value in more.items())])


class Fitted(NamedTuple):
    """What one encoder's fit comes to."""

    written: list[str]
    """Tables of choosing.toml."""
    heads: dict[str, npt.NDArray[Any]]
    """Arrays of choosing.npz."""
    results: list[dict[str, Any]]


def fitted(encoder: str, home: Path, unseen: Path) -> Fitted:
    """Look the messages up, fit all of it, and measure."""
    every = list(range(len(Traits._fields)))
    unread = [i for i in every if not Traits._fields[i].startswith(OF_THE_FIELD)]
    found, chooser = rows_of(encoder, home, unseen, "choices.jsonl", "composed.jsonl")
    cases = [*readings(), *asked()]
    labelled = pairs_of(encoder, home, cases)
    found = all_unlearnt(found, labelled, cases)
    recalled = recall(labelled)
    chooser = replace(chooser, recalled=recalled)
    pairs, of_message = joined(labelled, found, chooser)
    seen = cross_read(pairs, of_message, found, chooser)
    useful = [row for row, each in zip(found, seen, strict=True) if len(each.belongs)]
    read = [each for each in seen if len(each.belongs)]
    head = train(pairs, np.arange(len(of_message)), WIDE)
    heads = {f"{encoder} {field}": array for field, array in head._asdict().items()}
    of_recalled = {"projected": recalled.project, "recalled": recalled.weights, "recalled bias": recalled.bias}
    heads |= {f"{encoder} {name}": array.astype(np.float16) for name, array in of_recalled.items()}
    heads["sentences"] = np.array(list(recalled.rows))
    ways, written, results = {"as found": [row.traits[:, 0] for row in read]}, [], []
    for name, way, columns in ((encoder, "unread", unread), (f"{encoder}, of the field", "read", every)):
        ways[way] = crossed(read, columns)
        weights, intercept = fit(read, columns)
        written.append(entry(name, Traits._fields, weights, intercept=intercept))
    answered = np.array([row.answerable for row in useful])
    whole = wholes(useful, ways["read"], crossed_usual(useful), left_open(useful, encoder, home))
    whole_odds = crossed_whole(whole, answered)
    of_whole, from_whole = fit_whole(whole, answered)
    mark, near = marks(whole_odds, answered)
    name = f"{encoder}, whole"
    written.append(entry(name, Whole._fields, of_whole, intercept=from_whole, answered=mark + RAISED, partly=near))
    usual = usual_of(useful)
    heads[f"{encoder} usual"] = usual

    weighing, kinds = replace(chooser, head=wide(head)), gaps_for(encoder)
    assert kinds is not None, "benchmarks/gaps.py comes first"
    held_out = []
    for name in ("choices_held_out", "composed_held_out"):
        kept, _ = rows_of(encoder, home, unseen, f"{name}.jsonl")
        kept = [row for row in kept if len(weighed(row, weighing).belongs)]
        kept_read = [weighed(row, weighing) for row in kept]
        kept_odds = [row.traits @ weights + intercept for row in kept_read]
        by_vector = np.stack([row.message for row in kept]) @ usual[:-1] + usual[-1]
        open_ = np.array([most_open(row, kinds) for row in kept])
        kept_whole = wholes(kept, kept_odds, by_vector.astype(np.float64), open_) @ of_whole + from_whole
        told = told_apart(kept_whole, np.array([row.answerable for row in kept]), mark)
        chosen = measured(kept_read, kept_odds)
        held_out += [
            {"encoder": encoder, "way": f"{way}, {name}", **each} for way, each in (("whole", told), ("read", chosen))
        ]

    for way, each in (("confidence", whole[:, 0]), ("whole", whole_odds)):
        results.append({"encoder": encoder, "way": way, **told_apart(each, answered, marks(each, answered)[0])})
    # It quotes as many as the others do: its odds have no mark of their own.
    share = np.mean(np.concatenate(ways["read"]) >= PLAIN.likely)
    lowest = np.quantile(np.concatenate(ways["as found"]), 1 - share)
    ways["as found"] = [each - lowest + PLAIN.likely for each in ways["as found"]]
    for way, odds in ways.items():
        results.append({"encoder": encoder, "way": way, **measured(read, odds)})
    return Fitted(written, heads, [*results, *held_out])


def main() -> None:
    """Fit, measure, print, and write where asked."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--home", type=Path, help="keep the indexes here")
    parser.add_argument("--unseen", type=Path, required=True, help="folder that benchmarks/interaction.py wrote")
    parser.add_argument("--write", action="store_true", help="write choosing.toml and the results")
    given = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"  # of the processes started: with two threads each they take nine times as long
    with tempfile.TemporaryDirectory() as scratch, ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        homes = [(given.home or Path(scratch)) / encoder for encoder in ENCODERS]
        every = list(pool.map(fitted, ENCODERS, homes, [given.unseen] * len(homes)))
    results = [result for each in every for result in each.results]
    for result in results:
        print(json.dumps(result))
    if given.write:
        head = (
            "# Log-odds that a sentence belongs in an answer. Written by `python benchmarks/choosing.py --write`.\n\n"
        )
        WEIGHTS.write_text(head + "\n\n".join(table for each in every for table in each.written) + "\n", "utf-8")
        heads = {name: array for each in every for name, array in each.heads.items()}
        np.savez_compressed(WEIGHTS.with_suffix(".npz"), allow_pickle=False, **heads)
        out = {"machine": machine(), "date": today(), "commit": commit(), "results": results}
        (HERE / "results" / "choosing.json").write_text(json.dumps(out, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()

"""Trains what tells an answer from a near miss: `python benchmarks/reading.py [--home FOLDER] [--write]`.

sets/readings.jsonl has, for every section of the shipped corpus, three questions that some of its sentences answer and
five that none does although they look as if they did. Each was worded by a writer who saw that section; the sentences
are labelled. A small network learns from the encoder's vectors of question, sentence and heading which sentences
answer. Reported by five-fold cross-validation over sections: how well it ranks the sentences of all questions, and
whether the best sentence of a section tells the questions that it answers from those that it does not; beside it the
cosine, and a regression on the question's vector alone, since the writers' near misses have a style of their own by
which they could be told without any reading. What that is worth on questions of other writers, declines.py measures.
`--write` puts the networks into src/career_advisor/reading.npz.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from torch.nn.functional import binary_cross_entropy_with_logits

from career_advisor.choosing import digest
from career_advisor.opening import open_advisor, plain_progress
from career_advisor.reading import SCALE, Head
from career_advisor.records import SENTENCE
from career_advisor.settings import load_settings
from machine import commit, machine, today

HERE = Path(__file__).parent
HEADS = HERE.parent / "src" / "career_advisor" / "reading.npz"
ENCODERS = ("all-mpnet-base-v2", "all-MiniLM-L6-v2")
NETWORKS = 3
EPOCHS, BATCH, RATE, DECAY = 8, 128, 1e-3, 0.05
IN_PART = 0.3
"""How far a sentence answers that helps without being the answer."""
FOLDS = 5

Values = npt.NDArray[np.float32]


class Pairs(NamedTuple):
    """Every question with every sentence of its section; one row a pair."""

    question: Values
    """Shape (pairs, dimension), like the next two."""
    sentence: Values
    heading: Values
    answers: Values
    """1 where it does, IN_PART where it helps, else 0."""
    asked: npt.NDArray[np.intp]
    """Number of the question."""
    section: npt.NDArray[np.intp]
    digest: npt.NDArray[np.str_]
    """Of the sentence."""


class Case(NamedTuple):
    """A question with what of one section answers it."""

    document: str
    heading: str
    question: str
    yes: Collection[str]
    """Sentences that answer."""
    part: Collection[str]
    """Sentences that help without being the answer."""


class Shape(NamedTuple):
    """Of a network: the more it is shown, the wider it may be."""

    width: int
    units: int
    dropped: float
    """Share of what it sees that it is not shown at each step."""


NARROW = Shape(64, 64, 0.5)


class Network(torch.nn.Module):
    """What `Head` computes, one of them, with dropout while it learns."""

    def __init__(self, dimension: int, shape: Shape) -> None:
        super().__init__()
        self.project = torch.nn.Linear(dimension, shape.width, bias=False)
        self.hidden = torch.nn.Linear(3 * shape.width + 2, shape.units)
        self.out = torch.nn.Linear(shape.units, 1)
        self.drop = torch.nn.Dropout(shape.dropped)

    def forward(self, question: torch.Tensor, sentence: torch.Tensor, heading: torch.Tensor) -> torch.Tensor:
        """Return the log-odds of a batch, shape (pairs,)."""
        asked, said, above = (SCALE * self.project(each) for each in (question, sentence, heading))
        cosines = [(question * each).sum(1, keepdim=True) for each in (sentence, heading)]
        seen = torch.cat([asked * said, (asked - said).abs(), asked * above, *cosines], dim=1)
        odds: torch.Tensor = self.out(self.drop(torch.relu(self.hidden(self.drop(seen))))).squeeze(1)
        return odds


def readings() -> list[Case]:
    """Read sets/readings.jsonl."""
    lines = (HERE / "sets" / "readings.jsonl").read_text("utf-8").splitlines()
    return [Case(**{field: case[field] for field in Case._fields}) for case in map(json.loads, lines)]


def asked() -> list[Case]:
    """Read sets/asked.jsonl."""
    cases = []
    for line in (HERE / "sets" / "asked.jsonl").read_text("utf-8").splitlines():
        section = json.loads(line)
        for question, *answers in zip(section["questions"], section["yes"], section["part"], strict=True):
            yes, part = ([section["sentences"][i] for i in each] for each in answers)
            cases.append(Case(section["document"], section["heading"], question, yes, part))
    return cases


def pairs_of(encoder: str, home: Path, cases: Sequence[Case]) -> Pairs:
    """Embed questions and look the sentences and headings up in the index of the shipped corpus."""
    advisor = open_advisor(load_settings(home=home, encoder=encoder), progress=plain_progress(print), remember=True)
    _, _, shelf = advisor.searching("warm up")
    heading: dict[tuple[str, int], int] = {}
    sentences: dict[tuple[str, int], list[tuple[int, str]]] = {}
    for row, window in enumerate(shelf.windows):
        place = (window.document, window.section)
        if window.size == 0:
            heading.setdefault(place, row)
        elif window.size == SENTENCE:
            text = shelf.documents[window.document].text[window.start : window.end]
            sentences.setdefault(place, []).append((row, " ".join(text.split())))
    sections = {(path, shelf.documents[path].sections[number].heading[-1]): (path, number) for path, number in heading}
    questions = advisor._encoder.encode([case.question for case in cases])
    numbers = {place: i for i, place in enumerate(heading)}
    rows = []
    for i, case in enumerate(cases):
        place = sections[case.document, case.heading]
        unknown = {*case.yes, *case.part} - {text for _, text in sentences[place]}
        if unknown:
            raise SystemExit(f"{case.question!r}: no longer in its section: {sorted(unknown)[0]!r}")
        for row, text in sentences[place]:
            helps = 1.0 if text in case.yes else IN_PART if text in case.part else 0.0
            rows.append((i, row, heading[place], helps, numbers[place], digest(text)))
    question, sentence, above, answers, section, digests = (np.array(each) for each in zip(*rows, strict=True))
    vectors = np.asarray(shelf.vectors, np.float32)
    return Pairs(
        questions[question],
        vectors[sentence],
        vectors[above],
        answers.astype(np.float32),
        question,
        section.astype(np.intp),
        digests,
    )


def train(pairs: Pairs, chosen: npt.NDArray[np.intp], shape: Shape = NARROW) -> Head:
    """Train the networks on some of the pairs."""
    networks = [_trained(pairs, chosen, shape, seed) for seed in range(NETWORKS)]

    def stacked(*tensors: torch.Tensor) -> Values:
        return np.stack([tensor.detach().numpy() for tensor in tensors]).astype(np.float16)

    return Head(
        project=stacked(*(each.project.weight.T for each in networks)),
        hidden=stacked(*(each.hidden.weight.T for each in networks)),
        hidden_bias=stacked(*(each.hidden.bias for each in networks)),
        out=stacked(*(each.out.weight[0] for each in networks)),
        out_bias=stacked(*(each.out.bias[0] for each in networks)),
    )


def _trained(pairs: Pairs, chosen: npt.NDArray[np.intp], shape: Shape, seed: int) -> Network:
    torch.manual_seed(seed)
    network = Network(pairs.question.shape[1], shape)
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    fields = [torch.from_numpy(each) for each in pairs[:4]]
    order = np.random.default_rng(seed)
    for _ in range(EPOCHS):
        shuffled = order.permutation(chosen)
        for start in range(0, len(shuffled), BATCH):
            batch = torch.from_numpy(shuffled[start : start + BATCH])
            question, sentence, heading, answers = (each[batch] for each in fields)
            loss = binary_cross_entropy_with_logits(network(question, sentence, heading), answers)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            optimizer.step()
    return network


def read(head: Head, pairs: Pairs, chosen: npt.NDArray[np.intp]) -> Values:
    """Return the log-odds of pairs."""
    wide = Head(*(each.astype(np.float32) for each in head))
    odds = np.zeros(len(chosen), np.float32)
    for question in np.unique(pairs.asked[chosen]):
        of_it = np.flatnonzero(pairs.asked[chosen] == question)
        rows = chosen[of_it]
        odds[of_it] = wide.log_odds(pairs.question[rows[0]], pairs.sentence[rows], pairs.heading[rows])
    return odds


def report(pairs: Pairs) -> dict[str, Any]:
    """Cross-validate over sections."""
    fold = np.random.default_rng(0).integers(0, FOLDS, pairs.section.max() + 1)[pairs.section]
    odds = np.zeros(len(fold), np.float32)
    for k in range(FOLDS):
        odds[fold == k] = read(train(pairs, np.flatnonzero(fold != k)), pairs, np.flatnonzero(fold == k))
    cosine = (pairs.question * pairs.sentence).sum(axis=1)
    first = np.unique(pairs.asked, return_index=True)[1]
    answered = np.array([bool((pairs.answers[pairs.asked == i] == 1.0).any()) for i in range(len(first))])
    style = np.zeros(len(first))
    for k in range(FOLDS):
        model = LogisticRegression(max_iter=2_000).fit(
            pairs.question[first[fold[first] != k]], answered[fold[first] != k]
        )
        style[fold[first] == k] = model.decision_function(pairs.question[first[fold[first] == k]])

    def best(values: Values) -> list[float]:
        return [float(values[pairs.asked == i].max()) for i in range(len(first))]

    return {
        "pairs": len(fold),
        "questions": len(first),
        "sentences that answer, AUROC": {
            "network": _auroc(pairs.answers == 1.0, odds),
            "cosine": _auroc(pairs.answers == 1.0, cosine),
        },
        "questions that the section answers, AUROC": {
            "network": _auroc(answered, best(odds)),
            "cosine": _auroc(answered, best(cosine)),
            "question alone": _auroc(answered, style),
        },
    }


def _auroc(truth: npt.NDArray[np.bool_], values: Any) -> float:
    return round(float(roc_auc_score(truth, values)), 3)


def main() -> None:
    """Train, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, help="where the indexes are kept between runs")
    parser.add_argument("--write", action="store_true", help="put the networks into src/career_advisor/reading.npz")
    given = parser.parse_args()
    kept = given.home or Path(tempfile.mkdtemp())
    results: dict[str, Any] = {"date": today(), "machine": machine(), "commit": commit()}
    heads: dict[str, Values] = {}
    for encoder in ENCODERS:
        pairs = pairs_of(encoder, kept / f"{encoder}-shipped", readings())
        results[encoder] = report(pairs)
        print(encoder, json.dumps(results[encoder]), flush=True)
        head = train(pairs, np.arange(len(pairs.answers)))
        heads |= {f"{encoder} {field}": array for field, array in head._asdict().items()}
    if given.write:
        np.savez_compressed(HEADS, allow_pickle=False, **heads)
    (HERE / "results" / "reading.json").write_text(json.dumps(results, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()

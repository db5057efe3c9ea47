"""Learns where the answers to questions stand: `python benchmarks/adapting.py [--home FOLDER] [--write]`.

A query adapter (`career_advisor.adapting`) is trained on every question that is known to be answered by a section of
the shipped corpus: the sections' own questions and wordings, sets/readings.jsonl (answered ones), sets/sentences.jsonl,
and sets/choices.jsonl and sets/composed.jsonl (the sections of their `best` sentences). The loss is the cross-entropy
of the section's share among all sections; what a reader called `ok` is left out of the others. What is known of the
shipped sections by heart, a linear model of them (`Known`), is shown sets/asked.jsonl as well: 24 questions written for
each section. A message of sets/composed.jsonl, whose sections readers of the whole corpus chose, counts COMPOSED times
in it.

Reported is how often a section that answers is found first, among three, and among twelve, with the adapter and
without: on the held-out halves of the shipped test set and of sets/fresh.jsonl, and on sets/choices_held_out.jsonl and
sets/composed_held_out.jsonl, whose writers no training question is from; and on sets/judged.jsonl, 160 questions of a
writer who had seen no page, with the sections of which a reader said that they answer (24 of them were read twice).
How much it counts in the order (`ORDER`) is chosen on the development halves by one that has seen none of their
questions (`chosen on`). `--write` puts all of it into src/career_advisor/adapting.npz.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from career_advisor import retrieval
from career_advisor.adapting import Adapter, Known, Named, Vectors
from career_advisor.advisor import Advisor
from career_advisor.opening import open_advisor, plain_progress
from career_advisor.records import Message, Shelf
from career_advisor.settings import load_settings
from machine import commit, machine, today
from measuring import interval, one_line

HERE = Path(__file__).parent
WEIGHTS = HERE.parent / "src" / "career_advisor" / "adapting.npz"
CASES = HERE.parent / "corpus" / "cases.jsonl"
ENCODERS = ("all-mpnet-base-v2", "all-MiniLM-L6-v2")
RANK = 64
EPOCHS = 8
BATCH = 256
RATE = 2e-3
RIDGE = 1e-4
WEIGHT = 1.6
ORDER = 8.0
TRIED = (0.0, 2.0, 4.0, 8.0, 16.0)
STEPS = 250
STEP = 0.05
KNOWN_RIDGE = 1e-5
LOOKED_AT = 12
"""Places of the search that are looked at."""
COMPOSED = 6.0
"""Of 2, 6 and 15, what finds most of the sections of composed messages not shown, and of other questions no fewer."""

Place = tuple[str, int]
"""A section: its document and number."""


class Question(NamedTuple):
    """A question and the sections that answer it."""

    source: str
    id: str
    text: str
    history: tuple[Message, ...]
    answered_by: frozenset[Place]
    beside: frozenset[Place] = frozenset()
    """Sections that would not disturb."""


def lines_of(path: Path) -> list[dict[str, Any]]:
    """Read a file of JSON lines."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def questions_of(shelf: Shelf) -> list[Question]:
    """Read every labelled question whose answer stands in a section of the corpus."""
    text = {
        (path, number): one_line(" ".join(document.text[block.start : block.end] for block in section.blocks))
        for path, document in shelf.documents.items()
        for number, section in enumerate(document.sections)
    }
    headed = {
        (path, section.heading[-1]): (path, number)
        for path, document in shelf.documents.items()
        for number, section in enumerate(document.sections)
        if section.heading
    }

    def holding(sentences: Iterable[str]) -> frozenset[Place]:
        wanted = [one_line(sentence) for sentence in sentences]
        return frozenset(place for place, all_of_it in text.items() if any(each in all_of_it for each in wanted))

    found = []
    for (path, heading), place in headed.items():
        section = shelf.documents[path].sections[place[1]]
        own = [("heading", heading), *(("wording", wording) for wording in section.wordings)]
        found += [Question(source, f"{path} {place[1]}", said, (), frozenset({place})) for source, said in own]
    for name in ("readings", "sentences"):
        for case in lines_of(HERE / "sets" / f"{name}.jsonl"):
            place_of = headed.get((case["document"], case["heading"]))
            if place_of and case.get("yes", True):
                found.append(Question(name, case["id"], case["question"], (), frozenset({place_of})))
    for case in lines_of(HERE / "sets" / "asked.jsonl"):
        if place_of := headed.get((case["document"], case["heading"])):
            found += [Question("asked", "", said, (), frozenset({place_of})) for said in case["questions"]]
    for case in lines_of(HERE / "sets" / "judged.jsonl"):
        right = frozenset(headed[path, heading] for path, heading in case["right"] if (path, heading) in headed)
        found.append(Question("judged", case["id"], case["question"], (), right))
    for name in ("choices", "choices_held_out", "composed", "composed_held_out"):
        for case in lines_of(HERE / "sets" / f"{name}.jsonl"):
            best = holding(case["best"])
            found.append(_question(name, case, best, holding(case["ok"]) - best))
    for name, file in (("fresh", HERE / "sets" / "fresh.jsonl"), ("shipped", CASES)):
        for case in lines_of(file):
            found.append(_question(f"{name} {case['half']}", case, holding(gold["quote"] for gold in case["gold"])))
    return [question for question in found if question.answered_by]


def _question(source: str, case: dict[str, Any], answered_by: frozenset[Place], *beside: frozenset[Place]) -> Question:
    history = tuple(Message(turn["role"], turn["content"]) for turn in case["history"])
    return Question(source, case["id"], case["question"], history, answered_by, *beside)


class Sections(NamedTuple):
    """The windows that a question is compared with, section by section."""

    places: list[Place]
    texts: torch.Tensor
    """Shape (windows, dimension)."""
    windows: torch.Tensor
    """Rows of each section, padded with its first one, shape (sections, longest)."""


def sections_of(shelf: Shelf) -> Sections:
    """Lay the windows that are no wordings side by side."""
    by_place: dict[Place, list[int]] = {}
    for row, window in enumerate(shelf.windows):
        if window.size != 0:
            by_place.setdefault((window.document, window.section), []).append(row)
    rows = [row for each in by_place.values() for row in each]
    at = {row: i for i, row in enumerate(rows)}
    longest = max(map(len, by_place.values()))
    padded = [[at[row] for row in each] + [at[each[0]]] * (longest - len(each)) for each in by_place.values()]
    texts = torch.tensor(np.asarray(shelf.vectors, np.float32)[rows])
    return Sections(list(by_place), texts, torch.tensor(padded))


def labels_of(questions: Sequence[Question], sections: Sections) -> tuple[torch.Tensor, torch.Tensor]:
    """Return which sections answer each question, rows of sum 1, and which would not disturb; (questions, sections)."""
    number = {place: i for i, place in enumerate(sections.places)}
    answers = torch.zeros(len(questions), len(number))
    beside = torch.zeros(len(questions), len(number), dtype=torch.bool)
    for row, question in enumerate(questions):
        answers[row, [number[place] for place in question.answered_by]] = 1.0 / len(question.answered_by)
        beside[row, [number[place] for place in question.beside]] = True
    return answers, beside


def train(asked: Vectors, questions: Sequence[Question], sections: Sections) -> Adapter:
    """Return an adapter that was shown these questions, whose vectors are `asked`."""
    torch.manual_seed(0)
    answers, beside = labels_of(questions, sections)
    vectors = torch.tensor(asked)
    down = torch.nn.Parameter(torch.randn(vectors.shape[1], RANK) * 0.02)
    up = torch.nn.Parameter(torch.zeros(RANK, vectors.shape[1]))
    sharpness = torch.nn.Parameter(torch.tensor(3.0))
    optimizer = torch.optim.AdamW([down, up, sharpness], lr=RATE, weight_decay=0.0)
    for _ in range(EPOCHS):
        for batch in torch.tensor_split(torch.randperm(len(questions)), tuple(range(BATCH, len(questions), BATCH))):
            moved = torch.nn.functional.normalize(vectors[batch] + (vectors[batch] @ down) @ up, dim=1)
            near = (moved @ sections.texts.T)[:, sections.windows].amax(-1) * sharpness.exp()
            shares = torch.log_softmax(near.masked_fill(beside[batch], -1e4), 1)
            loss = -(answers[batch] * shares).sum(1).mean() + RIDGE * (down.square().sum() + up.square().sum())
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
    return Adapter(down.detach().numpy(), up.detach().numpy(), float(sharpness.detach().exp()), WEIGHT)


def train_known(
    asked: Vectors, answers: torch.Tensor, beside: torch.Tensor, named: Sequence[Named], counts: Sequence[float]
) -> Known:
    """Return what a linear model of the sections learns from questions, whose vectors are `asked`.

    `answers` and `beside` are what `labels_of` returns; each question counts as much as `counts` says.
    """
    vectors, share = torch.tensor(asked), torch.tensor(counts) / sum(counts)
    weights = torch.nn.Parameter(torch.zeros(answers.shape[1], vectors.shape[1]))
    bias = torch.nn.Parameter(torch.zeros(answers.shape[1]))
    optimizer = torch.optim.Adam([weights, bias], lr=STEP)
    for _ in range(STEPS):
        shares = torch.log_softmax((vectors @ weights.T + bias).masked_fill(beside, -1e4), 1)
        loss = -((answers * shares).sum(1) * share).sum() + KNOWN_RIDGE * weights.square().sum()
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
    return Known({name: row for row, name in enumerate(named)}, weights.detach().numpy(), bias.detach().numpy())


def places_of(
    advisor: Advisor, shelf: Shelf, questions: Sequence[Question], adapter: Adapter | None
) -> npt.NDArray[np.intp]:
    """Return at which place of the search a section that answers stands first, from 0; LOOKED_AT where at none."""
    name = shelf.encoder.name
    found = []
    for question in questions:
        queries, vectors, _ = advisor.searching(question.text, question.history)
        hits = retrieval.retrieve(
            queries.searched,
            vectors,
            shelf,
            limit=LOOKED_AT,
            weights=retrieval.weights_for(name),
            adapter=adapter,
        )
        right = [(hit.document.path, hit.section) in question.answered_by for hit in hits]
        found.append(right.index(True) if any(right) else LOOKED_AT)
    return np.array(found)


def measured(before: npt.NDArray[np.intp], after: npt.NDArray[np.intp]) -> dict[str, Any]:
    """Return the shares found within some places, without and with the adapter, and the paired difference."""
    out: dict[str, Any] = {"questions": len(before)}
    for within in (1, 3, LOOKED_AT):
        without, with_it = ((each < within).astype(float) for each in (before, after))
        out[f"within {within}"] = {
            "without": interval(without),
            "with": interval(with_it),
            "difference": interval(with_it - without),
        }
    return out


def report(encoder: str, home: Path) -> tuple[Adapter, dict[str, Any]]:
    """Train an adapter and measure it."""
    settings = load_settings(home=home, encoder=encoder)
    advisor = open_advisor(settings, progress=plain_progress(lambda line: None), with_model=False, remember=True)
    shelf = advisor._shelves.current()
    sections = sections_of(shelf)
    questions = questions_of(shelf)
    of_source: dict[str, list[Question]] = {}
    for question in questions:
        of_source.setdefault(question.source, []).append(question)
    development = [q for name, each in of_source.items() if name.endswith("development") for q in each]
    sources = ("heading", "wording", "readings", "sentences", "choices", "composed")
    known = [q for name in sources for q in of_source[name]]
    every = [*known, *of_source["asked"]]
    asked = np.asarray(advisor._examples.encode([_standalone(advisor, q) for q in every]), np.float32)
    named = [(path, shelf.documents[path].sections[number].heading[-1]) for path, number in sections.places]

    def learnt_from(seen: npt.NDArray[np.bool_]) -> Adapter:
        few = seen[: len(known)]
        adapter = train(asked[: len(known)][few], [q for q, take in zip(known, few, strict=True) if take], sections)
        shown = [q for q, take in zip(every, seen, strict=True) if take]
        counts = [COMPOSED if q.source == "composed" else 1.0 for q in shown]
        by_heart = train_known(asked[seen], *labels_of(shown, sections), named, counts)
        return adapter._replace(order=ORDER, known=by_heart)

    texts = {q.text for q in development}
    trial = learnt_from(np.array([q.text not in texts for q in every]))
    chosen_on = {
        str(order): interval((places_of(advisor, shelf, development, trial._replace(order=order)) < 1).astype(float))
        for order in TRIED
    }
    adapter = learnt_from(np.ones(len(every), bool))
    held_out = {
        name: measured(*(places_of(advisor, shelf, of_source[name], each) for each in (None, adapter)))
        for name in ("shipped held-out", "fresh held-out", "choices_held_out", "composed_held_out", "judged")
    }
    return adapter, {
        "encoder": encoder,
        "questions": {name: len(of_source[name]) for name in sorted(of_source)},
        "rank": RANK,
        "sharpness": round(adapter.sharpness, 2),
        "weight": WEIGHT,
        "order": ORDER,
        "right section first by order, chosen on": chosen_on,
        "held out": held_out,
    }


def _standalone(advisor: Advisor, question: Question) -> str:
    return advisor.searching(question.text, question.history)[0].standalone if question.history else question.text


def main() -> None:
    """Train, measure, print, and write where asked."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--home", type=Path, help="keep the indexes here")
    parser.add_argument("--write", action="store_true", help="write adapting.npz and the results")
    given = parser.parse_args()
    arrays: dict[str, Any] = {}
    results = []
    os.environ["OMP_NUM_THREADS"] = "1"  # of the processes started: the encoders are fitted side by side
    with tempfile.TemporaryDirectory() as scratch, ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        homes = [(given.home or Path(scratch)) / encoder for encoder in ENCODERS]
        for encoder, (adapter, result) in zip(ENCODERS, pool.map(report, ENCODERS, homes), strict=True):
            arrays[f"{encoder} down"] = adapter.down.astype(np.float16)
            arrays[f"{encoder} up"] = adapter.up.astype(np.float16)
            arrays[f"{encoder} scale"] = np.array([adapter.sharpness, adapter.weight, adapter.order], np.float32)
            if adapter.known is not None:
                arrays[f"{encoder} known"] = adapter.known.weights.astype(np.float16)
                arrays[f"{encoder} bias"] = adapter.known.bias
                arrays["sections"] = np.array(list(adapter.known.rows))
            results.append(result)
            print(json.dumps(result, indent=1), flush=True)
    if given.write:
        np.savez_compressed(WEIGHTS, **arrays)
        table = {"machine": machine(), "date": today(), "commit": commit(), "encoders": results}
        (HERE / "results" / "adapting.json").write_text(json.dumps(table, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()

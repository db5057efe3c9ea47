"""Learns to tell kinds of message apart: `python benchmarks/screening.py [--home FOLDER] [--public FOLDER] [--write]`.

sets/screened.jsonl has messages that are no question to guidance (somebody may be in danger; asks for what is not done;
small talk; too vague; about something else) and look-alikes that are one, made up by twenty-three writers who had seen
no page; sets/screened_held_out.jsonl those of two more. For each kind a support vector machine on the message's vector
learns from the former, from the examples of intents.toml, and from ordinary questions (every so many of sets/asked,
gaps, choices and composed and the other wordings of the corpus). The marks are chosen on messages of a writer, and
ordinary ones, that the model has not seen, at the highest share of ordinary messages (ALARMS) and of oddly worded ones
(ODD) that may be taken for a kind. Reported for writers held out, some at a time, and for the writer of the held-out
set. `--public` adds how often public harmless prompts are taken for a kind (NotInject, XSTest safe, SQuAD and CLAPNQ
questions; the folder of public test sets). `--write` puts the models into src/career_advisor/screening.npz.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from joblib import Parallel, delayed
from sklearn.svm import SVC

from career_advisor.advisor import Advisor
from career_advisor.opening import open_advisor, plain_progress
from career_advisor.screening import BY_SENTENCE, GAMMA, KINDS, Kind, Screener, Vectors, backed, sentences
from career_advisor.settings import load_settings
from machine import commit, machine, today
from measuring import interval

HERE = Path(__file__).parent
SETS = HERE / "sets"
WEIGHTS = HERE.parent / "src" / "career_advisor" / "screening.npz"
INTENTS = HERE.parent / "src" / "career_advisor" / "intents.toml"
ENCODERS = ("all-mpnet-base-v2", "all-MiniLM-L6-v2")
PENALTY = 2.0
"""Of what falls on the wrong side. A linear model catches a fifth less at the same share of false alarms."""
ORDINARY = 5_000
"""Ordinary questions that are learnt from, about as many: the machines take minutes for more."""
ALARMS: dict[Kind, float] = {
    "urgent": 0.0015,
    "refused": 0.001,
    "small_talk": 0.001,
    "clarify": 0.002,
    "off_topic": 0.002,
}
"""Share of ordinary messages that may be taken for a kind."""
ODD: dict[Kind, float] = {"urgent": 0.01, "refused": 0.03, "small_talk": 0.03, "clarify": 0.03, "off_topic": 0.003}
"""Share that may be so of fair questions that were worded to mislead (`on_topic`)."""
BY_ONE = 0.5
"""How many more, as a share of those, may be so for one sentence alone."""
HINTED, ODDLY_HINTED = 0.004, 0.04
"""Share of ordinary messages, and of odd ones, whose answer may say whom to call if somebody is in danger."""
UNBACKED = 0.05
"""Share of the messages of a kind that may be lost since none of their sentences is of it by itself."""
LOOKED_AT = 0.1
"""Share of ordinary messages whose sentences are looked at one by one."""
FOLDS = 6
"""In which writers are held out, some at a time."""


OTHER = ""
"""Kind of a question to guidance."""


class Said(NamedTuple):
    """A message."""

    text: str
    kind: str
    """One of KINDS, or OTHER."""
    label: str = ""
    """As its writer has it: the look-alikes of a kind have their own."""
    writer: str = ""
    """Empty of an ordinary question."""


def lines_of(name: str) -> list[dict[str, Any]]:
    """Read a set."""
    return [json.loads(line) for line in (SETS / f"{name}.jsonl").read_text("utf-8").splitlines()]


def written(name: str) -> list[Said]:
    """Return the messages of a set of writers."""
    return [
        Said(each["question"], each["is"] if each["is"] in KINDS else OTHER, each["is"], each["writer"])
        for each in lines_of(name)
    ]


def examples() -> Iterator[Said]:
    """Yield the examples of the intents, and their look-alikes."""
    for intent, part in tomllib.loads(INTENTS.read_text("utf-8")).items():
        if intent in KINDS:
            yield from (Said(text, intent) for text in part["examples"])
            yield from (Said(text, OTHER) for text in part.get("near", ()))


def ordinary(advisor: Advisor) -> list[Said]:
    """Return messages that are questions to guidance, each once."""
    texts = [case["question"] for name in ("choices", "composed", "gaps") for case in lines_of(name)]
    texts += [said for case in lines_of("asked") for said in case["questions"]]
    shelf = advisor._shelves.current()
    texts += [each for doc in shelf.documents.values() for section in doc.sections for each in section.wordings]
    return [Said(text, OTHER) for text in dict.fromkeys(texts)]


def fitted(vectors: Vectors, of_kind: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.intp], Vectors, float]:
    """Return which messages a machine compares with, what each weighs, and the bias."""
    machine = SVC(C=PENALTY, gamma=GAMMA).fit(vectors, of_kind)
    return machine.support_.astype(np.intp), machine.dual_coef_[0].astype(np.float32), float(machine.intercept_[0])


def train(vectors: Vectors, said: Sequence[Said]) -> Screener:
    """Fit a machine for each kind, without marks: nothing is of any kind."""
    truth = [np.array([each.kind == kind for each in said]) for kind in KINDS]
    machines = Parallel(n_jobs=-1)(delayed(fitted)(vectors, each) for each in truth)
    kept = np.unique(np.concatenate([support for support, _, _ in machines]))
    weights = np.zeros((len(kept), len(KINDS)), np.float32)
    for column, (support, weight, _) in enumerate(machines):
        weights[np.searchsorted(kept, support), column] = weight
    bias = np.array([bias for _, _, bias in machines], np.float32)
    never = np.full(len(KINDS), np.inf, np.float32)
    return Screener(vectors[kept], weights, bias, never, never, never, never, never, -never)


def with_marks(screener: Screener, marks: Mapping[str, Mapping[str, float]]) -> Screener:
    """Return a screener with its marks, by kind."""
    none = {"least": -np.inf}
    rows = ([marks[name].get(kind, none.get(name, np.inf)) for kind in KINDS] for name in Screener._fields[3:])
    return Screener(*screener[:3], *(np.array(row, np.float32) for row in rows))


class Scores(NamedTuple):
    """What models say that have not seen a message."""

    whole: Vectors
    """How far each is of each kind, shape (messages, kinds)."""
    one: Vectors
    """The highest of any of its sentences; -inf where it has one alone."""


def scored(screener: Screener, texts: Sequence[str], vectors: Mapping[str, Vectors]) -> Scores:
    """Score messages and their sentences."""
    whole = screener.scores(np.stack([vectors[text] for text in texts]))
    one = np.full(whole.shape, -np.inf, np.float32)
    for row, text in enumerate(texts):
        if parts := [vectors[part] for part in sentences(text) if part in vectors]:
            one[row] = screener.scores(np.stack(parts)).max(axis=0)
    return Scores(whole, one)


def least_of(i: int, of_kind: Scores, mark: float) -> float:
    """Return the score that a sentence of all but UNBACKED of the messages has that are of a kind as a whole."""
    one = of_kind.one[(of_kind.whole[:, i] >= mark) & np.isfinite(of_kind.one[:, i]), i]
    return float(np.quantile(one, UNBACKED))


def backed_by(scores: Scores, i: int, least: float) -> Scores:
    """Return scores of which those of one kind count as `screening.backed` has it."""
    whole = scores.whole.copy()
    whole[:, i] = backed(whole[:, i], scores.one[:, i], np.array(least, np.float32))
    return Scores(whole, scores.one)


def lowest(i: int, both: Sequence[tuple[Scores, float]], worth: float) -> tuple[float, float]:
    """Return the lowest marks of a kind for the whole and for one sentence at which no more messages are taken for it.

    Args:
        i: Number of the kind.
        both: Messages that are not of it, and the share that may be taken for it.
        worth: Score of the whole from which sentences are looked at.
    """
    mark = max(float(np.quantile(scores.whole[:, i], 1.0 - share)) for scores, share in both)
    by_one = []
    for scores, share in both:
        looked_at = (scores.whole[:, i] >= worth) & (scores.whole[:, i] < mark)
        one = np.sort(scores.one[looked_at, i])
        by_one.append(one[-1 - min(int(BY_ONE * share * len(scores.whole)), len(one) - 1)])
    return mark, float(max(by_one))


def chosen(ordinary: Scores, odd: Scores, of_kinds: Mapping[Kind, Scores]) -> dict[str, dict[str, float]]:
    """Return the lowest marks at which ordinary messages, and odd ones, are taken for a kind no oftener than may be."""
    marks: dict[str, dict[str, float]] = {name: {} for name in Screener._fields[3:]}
    for i, kind in enumerate(KINDS):
        worth = float(np.quantile(ordinary.whole[:, i], 1.0 - LOOKED_AT))
        if kind in BY_SENTENCE:
            least = least_of(i, of_kinds[kind], float(np.quantile(ordinary.whole[:, i], 1.0 - HINTED)))
            marks["least"][kind] = least
            ordinary, odd = backed_by(ordinary, i, least), backed_by(odd, i, least)
        whole, one = lowest(i, [(ordinary, ALARMS[kind]), (odd, ODD[kind])], worth)
        marks["marks"][kind] = whole
        if kind in BY_SENTENCE:
            marks["sentence_marks"][kind], marks["worth"][kind] = one, worth
    i = KINDS.index("urgent")
    whole, one = lowest(i, [(ordinary, HINTED), (odd, ODDLY_HINTED)], marks["worth"]["urgent"])
    marks["hints"]["urgent"], marks["sentence_hints"]["urgent"] = whole, one
    return marks


def taken(scores: Scores, by: Screener) -> npt.NDArray[np.bool_]:
    """Return which messages are taken for which kind, and last which hint at danger, shape (messages, kinds + 1)."""
    looked_at = scores.whole >= by.worth
    whole = backed(scores.whole, scores.one, by.least)
    said = (whole >= by.marks) | (looked_at & (scores.one >= by.sentence_marks))
    hinted = (whole >= by.hints) | (looked_at & (scores.one >= by.sentence_hints))
    urgent = KINDS.index("urgent")
    return np.column_stack([said, said[:, urgent] | hinted[:, urgent]])


def counted(found: npt.NDArray[np.bool_], labels: Sequence[str]) -> dict[str, Any]:
    """Return for each label how many there are, and how often they are taken for each kind."""
    out: dict[str, Any] = {}
    for label in sorted(set(labels)):
        of = found[np.array([each == label for each in labels])]
        shares = {kind: interval(of[:, i].astype(float)) for i, kind in enumerate((*KINDS, "urgent or hinted at"))}
        out[label] = {"n": len(of), **{kind: share for kind, share in shares.items() if share[0] > 0.0}}
    return out


def public(folder: Path) -> dict[str, list[str]]:
    """Return harmless prompts of public test sets."""
    inject = sorted((folder / "notinject").glob("NotInject_*.json"))
    with (folder / "xstest" / "xstest_prompts.csv").open(encoding="utf-8") as file:
        safe = [row["prompt"] for row in csv.DictReader(file) if row["label"] == "safe"]
    found = {"NotInject": [row["prompt"] for path in inject for row in json.loads(path.read_text("utf-8"))]}
    found["XSTest safe"] = safe
    for name in ("squad2-dev", "clapnq-dev"):
        lines = (folder / name / "queries.jsonl").read_text("utf-8").splitlines()
        found[name] = [json.loads(line)["text"] for line in lines[:500]]
    return found


def report(encoder: str, home: Path, folder: Path | None) -> tuple[Screener, dict[str, Any]]:
    """Learn and measure."""
    settings = load_settings(home=home, encoder=encoder)
    advisor = open_advisor(settings, progress=plain_progress(lambda line: None), with_model=False, remember=True)
    people, kept, rest = written("screened"), written("screened_held_out"), ordinary(advisor)
    harmless = public(folder) if folder else {}
    texts = [each.text for each in (*people, *kept, *rest)] + [text for some in harmless.values() for text in some]
    rest = rest[:: max(len(rest) // ORDINARY, 1)]
    parts = [part for each in (*people, *kept, *rest) for part in sentences(each.text)]
    once = list(dict.fromkeys([*texts, *parts, *(each.text for each in examples())]))
    vectors = dict(zip(once, np.asarray(advisor._examples.encode(once), np.float32), strict=True))

    def learn(said: Sequence[Said]) -> Screener:
        return train(np.stack([vectors[each.text] for each in said]), said)

    writers = sorted({each.writer for each in people})
    fold = {writer: number % FOLDS for number, writer in enumerate(writers)}
    of_rest = np.random.default_rng(0).permutation(len(rest)) % FOLDS
    unseen: list[tuple[Said, Scores]] = []
    for number in range(FOLDS):
        held = [said for said in people if fold[said.writer] == number]
        held += [rest[i] for i in np.flatnonzero(of_rest == number)]
        out = {said.text for said in held}
        scores = scored(
            learn([said for said in (*examples(), *people, *rest) if said.text not in out]),
            [said.text for said in held],
            vectors,
        )
        unseen += [(said, Scores(scores.whole[i], scores.one[i])) for i, said in enumerate(held)]

    def stacked(some: Sequence[Scores]) -> Scores:
        return Scores(np.stack([each.whole for each in some]), np.stack([each.one for each in some]))

    marks = chosen(
        stacked([scores for said, scores in unseen if not said.writer]),
        stacked([scores for said, scores in unseen if said.label == "on_topic"]),
        {kind: stacked([scores for said, scores in unseen if said.kind == kind]) for kind in BY_SENTENCE},
    )
    ready = with_marks(learn([*examples(), *people, *rest]), marks)
    labels = [said.label or "ordinary" for said, _ in unseen]
    of_kept = scored(ready, [each.text for each in kept], vectors)
    result = {
        "encoder": encoder,
        "messages": {"of writers": len(people), "ordinary": len(rest), "compared with": len(ready.examples)},
        "marks": {name: {kind: round(mark, 2) for kind, mark in each.items()} for name, each in marks.items()},
        "writers held out, some at a time": counted(taken(stacked([s for _, s in unseen]), ready), labels),
        "writer held out": counted(taken(of_kept, ready), [each.label for each in kept]),
    }
    for name, some in harmless.items():
        result[name] = counted(taken(scored(ready, some, vectors), ready), ["harmless"] * len(some))["harmless"]
    return ready, result


def main() -> None:
    """Learn, measure, print, and write where asked."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--home", type=Path, help="keep the indexes here")
    parser.add_argument("--public", type=Path, help="folder of public test sets")
    parser.add_argument("--write", action="store_true", help="write screening.npz and the results")
    given = parser.parse_args()
    arrays: dict[str, npt.NDArray[Any]] = {}
    results = []
    with tempfile.TemporaryDirectory() as scratch:
        for encoder in ENCODERS:
            learnt, result = report(encoder, (given.home or Path(scratch)) / encoder, given.public)
            scale = 127.0 / np.abs(learnt.examples).max(axis=1, keepdims=True)
            arrays[f"{encoder} examples"] = np.round(learnt.examples * scale).astype(np.int8)
            arrays |= {f"{encoder} {name}": getattr(learnt, name).astype(np.float16) for name in Screener._fields[1:]}
            results.append(result)
            print(json.dumps(result, indent=1), flush=True)
    if given.write:
        np.savez_compressed(WEIGHTS, allow_pickle=False, **arrays)
        out = {"machine": machine(), "date": today(), "commit": commit(), "encoders": results}
        (HERE / "results" / "screening.json").write_text(json.dumps(out, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()

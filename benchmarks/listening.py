"""Trains what is heard in a message: `python benchmarks/listening.py [--epochs N] [--public FOLDER] [--write]`.

The layers of the light encoder are trained further, with the heads that `listening.Network` has, to tell at once of
which kind a message is (sets/screened.jsonl, whose writers had seen no page, and the examples of intents.toml; every
other set has questions to guidance), and what of it guidance leaves open (sets/composed.jsonl and gaps.jsonl; of what
is answered in full, and of the questions of asked.jsonl, nothing), and which of the shipped sentences answer it
(composed.jsonl, choices.jsonl, asked.jsonl and readings.jsonl, whose readers named sentences; of a heading and the
other wordings under it, any sentence of the section). Which services readers would show, what the writers
of choices.jsonl tell of themselves, and which kind of look-alike a message is, are learnt beside it and do not ship.

Some writers and every sixth of the other questions teach nothing (`is_held`): by what is heard in theirs the marks of
screening.toml are chosen. The sets that are held out, of writers of their own, are reported apart. `--public` adds how
often public harmless prompts are taken for a kind (NotInject, XSTest safe, SQuAD and CLAPNQ questions; the folder of
public test sets). `--write` puts the network into src/career_advisor/listening.npz and the marks into screening.toml;
`--keep` measures, and chooses the marks, with the network that is there; `--mean FILE FILE …` first puts the mean of
several trainings there, which began with the same layers: it tells the kinds apart better than each of them.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from career_advisor import files, listening, models
from career_advisor.choosing import digest
from career_advisor.embedding import Pieces, multiplies_halves
from career_advisor.gaps import EACH, MOST, NONE, OTHER, left_open
from career_advisor.interaction import SENTENCE_PIECES, Sentence
from career_advisor.interaction import digest as digest_under_heading
from career_advisor.listening import BASE, GAP, KIND, Heard, Listener
from career_advisor.opening import shipped_sentences
from career_advisor.rounding import layers_in, rounded
from career_advisor.screening import KINDS, Kind, odds_of
from career_advisor.settings import load_settings, shipped_corpus
from further import layers_of, released
from machine import commit, machine, today
from measuring import interval

HERE = Path(__file__).parent
SETS = HERE / "sets"
PACKAGE = HERE.parent / "src" / "career_advisor"
WEIGHTS, MARKS = PACKAGE / "listening.npz", PACKAGE / "screening.toml"
INTENTS = PACKAGE / "intents.toml"

EPOCHS = 4
RATE, RATE_OF_HEADS = 2.5e-4, 2.5e-3
RATE_OF_ANSWERS, RATE_OF_SCALES = 1e-3, 1e-2
WAYS = 6
"""In which the pieces of a message have shares in what is asked."""
SCALE = 20.0
"""By which a cosine is multiplied at first to be log-odds."""
ANSWERS = 0.7
"""What a message's loss by its sentences counts beside that of what is told of it, and by their sections beside it."""
SURE_OF = {"composed": 1.0, "composed_held_out": 1.0, "choices": 0.7, "choices_held_out": 0.7}
"""What the sentences of a message count, by set; others ONE_SECTION: somebody looked at one section's only."""
ONE_SECTION = 0.4
TOKENS = 2_048
"""Word pieces of a batch, about."""
LONGEST = 160
"""Word pieces of a message that are learnt from."""
DROPPED = 0.1
OFTEN = 8
"""Messages that must want a service, or tell of a situation, for it to be learnt."""
BESIDE = "beside"
"""Topic of what is learnt and does not ship."""
IN_PART = 0.3
"""How far a service is wanted that would be fine, too; how far a sentence belongs that would not disturb."""

HELD_WRITERS = frozenset(
    {*(f"screened {each}" for each in "agms"), "composed psv", "composed pnj", "composed mh"}
    | {"choices fa", "choices r", "choices na"}
)
HELD_SHARE = 1 / 6
"""Of the questions of gaps.jsonl and asked.jsonl."""

ALARMS: dict[Kind, float] = {
    "urgent": 0.0015,
    "refused": 0.0007,
    "small_talk": 0.001,
    "clarify": 0.002,
    "off_topic": 0.002,
}
"""Share of ordinary messages that may be taken for a kind; of those that sorters called of no kind that guidance leaves
open (`OTHER`) many are about something else, and don't count."""
ODD: dict[Kind, float] = {"urgent": 0.01, "refused": 0.03, "small_talk": 0.03, "clarify": 0.03, "off_topic": 0.01}
"""Share that may be so of fair questions that were worded to mislead (`on_topic`)."""
ALIKE: dict[Kind, tuple[str, float]] = {"urgent": ("not_urgent", 0.1), "refused": ("not_refused", 0.05)}
"""Share of the look-alikes of a kind that may be so, and how they are labelled."""
HINTED, ODDLY_HINTED = 0.005, 0.04
"""Share of ordinary messages, and of odd ones, whose answer may say whom to call if somebody is in danger."""


CRISIS = "Where can I turn if I am in a crisis or think of suicide?"
"""Section that is asked for by people in danger and by others who want to know."""
OF_DANGER = "of danger"
"""Label of these."""


class Said(NamedTuple):
    """A message, and what is known of it."""

    text: str
    writer: str
    """With the set it is of."""
    label: str = "ordinary"
    """As a writer of screened.jsonl has it."""
    held: bool = False
    gaps: tuple[str, ...] | None = None
    """Kinds that it leaves open; `None` where nobody looked."""
    sure: float = 1.0
    """What that counts."""
    services: Mapping[str, float] | None = None
    """How far each is wanted by somebody who read it."""
    composed: bool = False
    """Whether that was a reader of the whole corpus, who names others."""
    situations: tuple[str, ...] | None = None

    @property
    def kind(self) -> str:
        """One of KINDS, or nothing of a question to guidance."""
        return self.label if self.label in KINDS else ""


def lines_of(name: str) -> list[dict[str, Any]]:
    """Read a set."""
    return [json.loads(line) for line in (SETS / f"{name}.jsonl").read_text("utf-8").splitlines()]


def is_held(set_name: str, identity: str) -> bool:
    """Tell whether a message teaches nothing, by its set and its id (of screened.jsonl its writer)."""
    writer = identity.rstrip("0123456789")
    return set_name.endswith("_held_out") or f"{set_name} {writer}" in HELD_WRITERS


def messages() -> list[Said]:
    """Return all messages, each once."""
    found: dict[str, Said] = {}
    drawn = np.random.default_rng(0)

    def add(said: Said) -> None:
        known = found.get(said.text)
        if known is None:
            found[said.text] = said
        else:
            found[said.text] = known._replace(
                gaps=known.gaps if said.gaps is None else said.gaps,
                services=known.services if known.services is not None else said.services,
                situations=known.situations if known.situations is not None else said.situations,
            )

    for name in ("screened", "screened_held_out"):
        for case in lines_of(name):
            writer = case["writer"]
            add(Said(case["question"], f"{name} {writer}", case["is"], is_held(name, writer)))
    for kind, part in tomllib.loads(INTENTS.read_text("utf-8")).items():
        if kind in KINDS:
            for text in part["examples"]:
                add(Said(text, "intents", kind))
            for text in part.get("near", ()):
                add(Said(text, "intents", f"not_{kind}"))
    for name in ("composed", "composed_held_out", "choices", "choices_held_out"):
        composed = name.startswith("composed")
        for case in lines_of(name):
            wanted = dict.fromkeys(case["also"], IN_PART) | dict.fromkeys(case["services"], 1.0)
            full = case["answerable"] == "full"
            kinds = () if full else tuple(case["gaps"]) if composed else None
            add(
                Said(
                    case["question"],
                    name,
                    held=is_held(name, case["id"]),
                    gaps=kinds,
                    services=wanted,
                    composed=composed,
                    situations=tuple(case["situations"]) if "situations" in case else None,
                )
            )
    for said in of_one_section(drawn):
        add(said)
    return list(found.values())


def of_one_section(drawn: np.random.Generator) -> Iterator[Said]:
    """Yield what was asked of one kind that is left open, or of one section."""
    for case in lines_of("gaps"):
        yield Said(case["question"], "gaps", held=bool(drawn.random() < HELD_SHARE), gaps=(case["kind"],), sure=0.4)
    for case in lines_of("asked"):
        label = OF_DANGER if case["heading"] == CRISIS else "ordinary"
        for question in case["questions"]:
            yield Said(question, "asked", label, held=bool(drawn.random() < HELD_SHARE), gaps=(), sure=0.4)
    for case in lines_of("readings"):
        if case["yes"]:
            yield Said(case["question"], "readings", gaps=(), sure=0.4)
    for heading, question in worded():
        yield Said(question, "wordings", OF_DANGER if heading == CRISIS else "ordinary", gaps=(), sure=0.4)


def worded() -> Iterator[tuple[str, str]]:
    """Yield each heading of the corpus, with itself and with every other wording of its question."""
    for document in files.read([shipped_corpus()]).documents:
        for section in document.sections:
            heading = " ".join(section.heading[-1:])
            for wording in (heading, *section.wordings) if section.wordings else ():
                yield heading, wording


class Answers:
    """Which shipped sentences answer which messages."""

    def __init__(self, every: Sequence[Said]) -> None:
        """Find the sentences that readers named, and the sections of wordings."""
        self.sentences: list[Sentence] = shipped_sentences()
        headings = list(dict.fromkeys(heading for heading, _ in self.sentences))
        number = {heading: i for i, heading in enumerate(headings)}
        self.section = torch.tensor([number[heading] for heading, _ in self.sentences])
        self._place = {digest(text): i for i, (_, text) in enumerate(self.sentences)}
        self._row = {said.text: row for row, said in enumerate(every)}
        self.belongs = torch.zeros(len(every), len(self.sentences))
        self.in_section = torch.zeros(len(every), len(headings))
        self.counts = torch.zeros(len(every))
        for name, count in SURE_OF.items():
            for case in lines_of(name):
                if not case["history"]:
                    self._name(case["question"], case["best"], case["ok"], count)
        for case in lines_of("asked"):
            of = dict(enumerate(case["sentences"]))
            for question, yes, part in zip(case["questions"], case["yes"], case["part"], strict=True):
                named, beside = ([of[i] for i in each if i in of] for each in (yes, part))
                self._name(question, named, beside, ONE_SECTION)
        for case in lines_of("readings"):
            self._name(case["question"], case["yes"], case["part"], ONE_SECTION)
        for heading, wording in worded():
            if heading in number and not self.counts[self._row[wording]]:
                self.in_section[self._row[wording], number[heading]] = 1.0
                self.counts[self._row[wording]] = ONE_SECTION

    def _name(self, message: str, best: Sequence[str], beside: Sequence[str], count: float) -> None:
        row = self._row.get(message)
        places = [self._place[key] for key in map(digest, best) if key in self._place]
        if row is None or not places or self.counts[row]:
            return
        self.belongs[row, [self._place[key] for key in map(digest, beside) if key in self._place]] = IN_PART
        self.belongs[row, places] = 1.0
        self.in_section[row, self.section[places]] = 1.0
        self.counts[row] = count

    def loss(self, odds: torch.Tensor, batch: list[int]) -> torch.Tensor:
        """Return what a batch's log-odds, shape (messages, sentences), are off, by sentences and by their sections."""
        shares, belongs, counts = odds.log_softmax(1), self.belongs[batch], self.counts[batch]
        by_sentence = -(belongs * shares).sum(1) / belongs.sum(1).clamp(min=1e-6)
        within = torch.zeros(len(batch), self.in_section.shape[1]).index_add(1, self.section, shares.exp())
        by_section = -(within * self.in_section[batch]).sum(1).clamp(min=1e-9).log()
        return (counts * (by_sentence + ANSWERS * by_section)).sum() / len(batch)


class Targets:
    """What is to be told of messages, how far it is so, and what it counts."""

    def __init__(self, every: Sequence[Said]) -> None:
        """Collect what is told of any."""
        names = [f"{KIND}|{kind}" for kind in KINDS]
        names += [f"{BESIDE}|{label}" for label in ("not_urgent", "not_refused", "on_topic", "open")]
        names += [f"{GAP}|{gap}" for gap in sorted({gap for said in every for gap in said.gaps or ()} - {NONE})]
        for composed, topic in ((False, f"{BESIDE}|service"), (True, f"{BESIDE}|other service")):
            named = Counter(
                service
                for said in every
                if said.composed is composed
                for service, how in (said.services or {}).items()
                if how == 1.0
            )
            names += [f"{topic}|{service}" for service, count in sorted(named.items()) if count >= OFTEN]
        told = Counter(each for said in every for each in said.situations or ())
        names += [
            f"{BESIDE}|any service|",
            *(f"{BESIDE}|situation|{each}" for each, n in sorted(told.items()) if n >= OFTEN),
        ]
        self.names = names
        self._column = {name: i for i, name in enumerate(names)}
        self.truth = np.zeros((len(every), len(names)), np.float32)
        self.counts = np.zeros_like(self.truth)
        for row, said in enumerate(every):
            self._fill(row, said)

    def _fill(self, row: int, said: Said) -> None:
        screened = said.label != "ordinary"
        if said.label != OF_DANGER:
            self._tell(row, f"{KIND}|", [said.kind], 1.0)
            self._tell(row, f"{BESIDE}|", [said.label], 0.3 if screened else 0.05, plain=True)
        if said.gaps is not None:
            self._tell(row, f"{GAP}|", said.gaps, 0.3 * said.sure, named=said.sure)
            self._tell(row, f"{BESIDE}|open", ["" if said.gaps else "-"], said.sure)
        if said.services is not None:
            topic = f"{BESIDE}|other service|" if said.composed else f"{BESIDE}|service|"
            self._tell(row, topic, said.services, 0.5)
            if not said.composed:
                named = 1.0 in said.services.values()
                self._tell(row, f"{BESIDE}|any service|", [""] if named else [], 0.5)
        if said.situations is not None:
            self._tell(row, f"{BESIDE}|situation|", said.situations, 0.5)

    def _tell(
        self,
        row: int,
        topic: str,
        of: Sequence[str] | Mapping[str, float],
        count: float,
        *,
        named: float | None = None,
        plain: bool = False,
    ) -> None:
        for name, column in self._column.items():
            rest = name.removeprefix(topic)
            if rest == name or (plain and (rest == "open" or "|" in rest)):
                continue
            how = of.get(rest, 0.0) if isinstance(of, Mapping) else float(rest in of)
            self.truth[row, column] = how
            self.counts[row, column] = count if named is None or not how else named


class Hearing(nn.Module):
    """`listening.said` and `listening.answered`, to be trained."""

    def __init__(self, folder: Path, told: int, sentences: Sequence[torch.Tensor]) -> None:
        """Begin with the released encoder, and with what it makes of the sentences, given in word pieces."""
        super().__init__()
        self.m, hidden = released(folder)
        self.attend, self.value, self.mean = (nn.Parameter(torch.randn(told, hidden) * 0.02) for _ in range(3))
        self.bias = nn.Parameter(torch.full((told,), -3.0))
        self.drop = nn.Dropout(DROPPED)
        self.ask = nn.Parameter(torch.randn(WAYS, hidden) * 0.02)
        by_ways = torch.randn(hidden * WAYS, hidden) * 0.002
        self.project = nn.Parameter(torch.cat([torch.eye(hidden), by_ways]))
        self.scale = nn.Parameter(torch.tensor(SCALE))
        self.usual = nn.Parameter(torch.zeros(len(sentences)))
        self.eval()
        with torch.no_grad():
            padded = [pad_sequence(list(sentences[i : i + 64]), batch_first=True) for i in range(0, len(sentences), 64)]
            self.answers = nn.Parameter(torch.cat([functional.normalize(self._read(ids)[1], dim=-1) for ids in padded]))

    def _read(self, ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return what the pieces become, shape (messages, pieces, hidden), and their mean, shape (messages, hidden)."""
        there = ids > 0
        states = self.drop(self.m(input_ids=ids, attention_mask=there.long()).last_hidden_state.float())
        return states, (states * there[..., None]).sum(1) / there.sum(1, keepdim=True)

    def forward(self, ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the log-odds of what is told, shape (messages, told), and of sentences, shape (messages, sentences).

        Args:
            ids: Word pieces of messages, 0 where there is none.
        """
        states, mean = self._read(ids)
        there = (ids > 0)[..., None]
        share = (states @ self.attend.T).masked_fill(~there, -1e9).softmax(1)
        odds: torch.Tensor = (share * (states @ self.value.T)).sum(1) + mean @ self.mean.T + self.bias
        share = (states @ self.ask.T).masked_fill(~there, -1e9).softmax(1)
        ways = (share.transpose(1, 2) @ states).flatten(1)
        asked = functional.normalize(torch.cat([mean, ways], 1) @ self.project, dim=-1)
        return odds, self.scale * (asked @ functional.normalize(self.answers, dim=-1).T) + self.usual


def batches(rows: npt.NDArray[np.intp], lengths: npt.NDArray[np.intp], drawn: np.random.Generator) -> list[list[int]]:
    """Return batches of messages of about the same length, in any order."""
    ordered = rows[np.argsort(lengths[rows] + drawn.random(len(rows)) * 6)]
    found: list[list[int]] = [[]]
    for row in ordered.tolist():
        if (len(found[-1]) + 1) * lengths[row] > TOKENS:
            found.append([])
        found[-1].append(row)
    return [found[i] for i in drawn.permutation(len(found))]


def train(folder: Path, every: Sequence[Said], targets: Targets, answers: Answers, epochs: int) -> Hearing:
    """Learn from all messages that are not held; of questions that one section answers from every other, anew."""
    torch.manual_seed(0)
    drawn = np.random.default_rng(1)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    ids = [torch.tensor(each.ids[:LONGEST]) for each in tokenizer.encode_batch([said.text for said in every])]
    cut = [torch.tensor(each.ids[:SENTENCE_PIECES]) for each in tokenizer.encode_batch(answers.sentences)]
    net = Hearing(folder, len(targets.names), cut)
    lengths = np.array([len(each) for each in ids])
    teach = np.array([not said.held for said in every])
    often = np.array([said.writer not in {"asked", "readings", "wordings"} for said in every])
    plan = [
        batch
        for _ in range(epochs)
        for batch in batches(np.flatnonzero(teach & (often | (drawn.random(len(every)) < 0.5))), lengths, drawn)
    ]
    layers = [each for each in net.m.parameters() if each.requires_grad]
    known = dict(net.named_parameters())
    of_answers, scales = [known.pop("answers"), known.pop("project")], [known.pop("scale"), known.pop("usual")]
    heads = [each for name, each in known.items() if not name.startswith("m.")]
    groups = {RATE: layers, RATE_OF_HEADS: heads, RATE_OF_ANSWERS: of_answers, RATE_OF_SCALES: scales}
    optimizer = torch.optim.AdamW([{"params": each} for each in groups.values()], weight_decay=0.01)
    truth, counts = torch.from_numpy(targets.truth), torch.from_numpy(targets.counts)
    net.train()
    began = time.monotonic()
    for step, batch in enumerate(plan):
        slowly = min(1.0, step / (0.06 * len(plan))) * (1.0 - step / len(plan))
        for group, rate in zip(optimizer.param_groups, groups, strict=True):
            group["lr"] = rate * slowly
        padded = pad_sequence([ids[row] for row in batch], batch_first=True)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=multiplies_halves()):
            odds, of_sentences = net(padded)
        each = functional.binary_cross_entropy_with_logits(odds.float(), truth[batch], reduction="none")
        loss = (each * counts[batch]).sum() / len(batch) + ANSWERS * answers.loss(of_sentences.float(), batch)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        nn.utils.clip_grad_norm_([each for of in groups.values() for each in of], 1.0)
        optimizer.step()
        if step % 100 == 0:
            print(f"{step} of {len(plan)} steps, {time.monotonic() - began:.0f} s, loss {loss.item():.2f}", flush=True)
    return net.eval()


def kept(net: Hearing, names: Sequence[str], sentences: Sequence[Sentence]) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of listening.npz."""
    told = [i for i, name in enumerate(names) if not name.startswith(f"{BESIDE}|")]
    arrays = layers_of(net.m)
    for name in ("attend", "value", "mean"):
        arrays[name] = getattr(net, name).detach()[told].T.numpy().astype(np.float16)
    arrays["bias"] = net.bias.detach()[told].numpy().astype(np.float16)
    arrays["ask"] = net.ask.detach().T.numpy().astype(np.float16)
    scaled = net.scale * functional.normalize(net.answers, dim=-1)
    of_answers = {"answers": scaled, "project": net.project, "usual": net.usual}
    arrays |= rounded({name: each.detach().numpy() for name, each in of_answers.items()})
    arrays["sentences"] = np.array([digest_under_heading(each) for each in sentences])
    return arrays | {"names": np.array([names[i] for i in told])}


def mean(paths: Sequence[Path]) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of listening.npz with the mean of several such files' weights."""
    files_of = []
    for path in paths:
        with np.load(path) as arrays:
            files_of.append(dict(arrays))
    first, layers = files_of[0], [layers_in(arrays) for arrays in files_of]
    means = {name: np.mean([each[name] for each in layers], axis=0) for name in layers[0]}
    arrays = rounded(means)
    for name in set(first) - set(arrays):
        if first[name].dtype.kind == "f":
            each = [arrays_of[name].astype(np.float32) for arrays_of in files_of]
            arrays[name] = np.mean(each, axis=0).astype(first[name].dtype)
        elif all(np.array_equal(first[name], other[name]) for other in files_of):
            arrays[name] = first[name]
        else:
            message = f"{name} is not the same in all of them: they were not trained for the same things"
            raise ValueError(message)
    return arrays


def lowest(kind: Kind, both: Sequence[tuple[Sequence[Heard], float]]) -> float:
    """Return the lowest mark of a kind at which no more of any messages come over it than their share."""
    return max(float(np.quantile([odds_of(kind, each) for each in some], 1.0 - share)) for some, share in both)


def chosen(heard: Mapping[str, Sequence[Heard]]) -> tuple[dict[Kind, float], float]:
    """Return the marks of all kinds, and that of a hint at danger, by what is heard in messages of each label."""
    ordinary, odd = heard["ordinary"], heard["on_topic"]
    alike = {kind: (heard[label], share) for kind, (label, share) in ALIKE.items()}
    sure = {
        kind: lowest(kind, [(ordinary, ALARMS[kind]), (odd, ODD[kind]), *([alike[kind]] if kind in alike else [])])
        for kind in KINDS
    }
    return sure, lowest("urgent", [(ordinary, HINTED), (odd, ODDLY_HINTED)])


def counted(heard: Mapping[str, Sequence[Heard]], sure: Mapping[Kind, float], hint: float) -> dict[str, Any]:
    """Return for each label how many there are, and how often they are taken for each kind."""
    out: dict[str, Any] = {}
    for label, some in sorted(heard.items()):
        shares: dict[str, Any] = {
            kind: interval(np.array([odds_of(kind, each) >= sure[kind] for each in some], float)) for kind in KINDS
        }
        hinted = [odds_of("urgent", each) >= min(hint, sure["urgent"]) for each in some]
        shares |= {"urgent or hinted at": interval(np.array(hinted, float))}
        out[label] = {"n": len(some), **{kind: share for kind, share in shares.items() if share[0] > 0.0}}
    return out


def left(heard: Sequence[Heard], kinds: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Return how well all kinds are named that messages leave open, whatever else they ask."""
    named = [[gap.key for gap in left_open(each)] for each in heard]
    rightly = [name in of for names, of in zip(named, kinds, strict=True) for name in names]
    open_ = [bool({*names} & {*of}) for names, of in zip(named, kinds, strict=True) if set(of) - {OTHER}]
    full = [bool(names) for names, of in zip(named, kinds, strict=True) if not of]
    return {
        "messages": len(kinds),
        "of those that leave a kind open, one named rightly": interval(np.array(open_, float)),
        "of the names, right": interval(np.array(rightly, float)),
        "of those answered in full, one named": interval(np.array(full, float)),
        "named from": EACH,
        "at most": MOST,
    }


def public(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield harmless prompts of public test sets."""
    inject = sorted((folder / "notinject").glob("NotInject_*.json"))
    yield "NotInject", [row["prompt"] for path in inject for row in json.loads(path.read_text("utf-8"))]
    with (folder / "xstest" / "xstest_prompts.csv").open(encoding="utf-8") as file:
        yield "XSTest safe", [row["prompt"] for row in csv.DictReader(file) if row["label"] == "safe"]
    for name in ("squad2-dev", "clapnq-dev"):
        lines = (folder / name / "queries.jsonl").read_text("utf-8").splitlines()
        yield name, [json.loads(line)["text"] for line in lines[:500]]


def by_label(every: Sequence[Said], heard: Mapping[str, Heard]) -> dict[str, list[Heard]]:
    """Return what is heard in messages, by their labels; what may be about something else apart."""
    found: dict[str, list[Heard]] = {}
    for said in every:
        label = "ordinary or not" if said.label == "ordinary" and said.gaps == (OTHER,) else said.label
        found.setdefault(label, []).append(heard[said.text])
    return found


def measured(
    every: Sequence[Said], folder: Path, harmless: Path | None
) -> tuple[dict[str, Any], dict[Kind, float], float]:
    """Hear all that taught nothing with the network as it ships; return the report and the marks."""
    listener = Listener(Pieces(folder, lambda: listening.network().layers))
    held = [said for said in every if said.held]
    heard = {said.text: listener.hear(said.text) for said in held}
    # Only what was asked of the unseen writers chooses the marks; the sets that are held out are reported.
    unseen = [said for said in held if "_held_out" not in said.writer]
    apart = [said for said in held if said.writer.startswith("screened_held_out")]
    sure, hint = chosen(by_label(unseen, heard))
    result: dict[str, Any] = {
        "marks": {kind: round(mark, 2) for kind, mark in sure.items()} | {"hint": round(hint, 2)},
        "writers that taught nothing, by whom the marks were chosen": counted(by_label(unseen, heard), sure, hint),
        "writers held out": counted(by_label(apart, heard), sure, hint),
    }
    for writer in sorted({said.writer for said in apart}):
        of = [said for said in apart if said.writer == writer]
        result[writer] = counted(by_label(of, heard), sure, hint)
    for name, set_name in (("unseen writers", "composed"), ("held out", "composed_held_out")):
        of = [said for said in held if said.writer == set_name and said.gaps is not None]
        result[f"left open, {name}"] = left([heard[said.text] for said in of], [said.gaps or () for said in of])
    for name, texts in public(harmless) if harmless else ():
        result[name] = counted({"harmless": [listener.hear(text) for text in texts]}, sure, hint)["harmless"]
    return result, sure, hint


def main() -> None:
    """Train, measure, print, and write where asked."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--public", type=Path, help="folder of public test sets")
    parser.add_argument("--keep", action="store_true", help="measure the network that is there")
    parser.add_argument("--mean", type=Path, nargs="+", help="put the mean of such files there, and measure that")
    parser.add_argument("--write", action="store_true", help="write listening.npz, screening.toml and the results")
    given = parser.parse_args()
    folder = models.find(BASE, load_settings().weights)
    every = messages()
    targets, answers = Targets(every), Answers(every)
    took = 0.0
    if given.mean:
        np.savez_compressed(WEIGHTS, allow_pickle=False, **mean(given.mean))
    elif not given.keep:
        began = time.monotonic()
        net = train(folder, every, targets, answers, given.epochs)
        took = time.monotonic() - began
        np.savez_compressed(WEIGHTS, allow_pickle=False, **kept(net, targets.names, answers.sentences))
    result, sure, hint = measured(every, folder, given.public)
    print(json.dumps(result, indent=1))
    if given.write:
        lines = [
            "# From which log-odds a message is of a kind. Written by `python benchmarks/listening.py --write`.",
            "",
        ]
        lines += ["[sure]", *(f"{kind} = {math.ceil(mark * 100) / 100}" for kind, mark in sure.items()), ""]
        lines += ["[hint]", f"urgent = {math.ceil(hint * 100) / 100}", ""]
        MARKS.write_text("\n".join(lines), "utf-8")
        taught = sum(not said.held for said in every)
        out = {"machine": machine(), "date": today(), "commit": commit(), "messages": taught, "heard": result}
        if took:
            out["seconds of training"] = round(took)
        (HERE / "results" / "listening.json").write_text(json.dumps(out, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()

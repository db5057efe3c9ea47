"""Trains which sentences answer, word by word: `benchmarks/interaction.py --out FOLDER [--steps N] [--write]`.

The layers of the light encoder are trained further, with what `interaction.Network` has beside them, to give each of
the shipped sentences the log-odds that it belongs in the answer to a message. Learnt from sets/composed.jsonl, whose
readers knew the whole corpus (what they quote counts 1, what they would not mind beside it IN_PART, all else 0; each
message three times in an epoch), and, for the sentences that were judged alone, from sets/choices.jsonl and half of
sets/asked.jsonl. Every step compares its messages with all sentences, which are embedded anew.

Trained on one H200 in 80 seconds (930 steps of 64 messages); it runs on a processor, for hours. Two more networks, of
half of the messages each, say of every message what one says that has not seen it: `unseen.npz` in the folder, for
benchmarks/choosing.py. Reported on sets/composed_held_out.jsonl, over all sentences of the corpus: how often the
likeliest is one of the best, which share of the best is among the likeliest five and twenty, how many of the likeliest
five may stand in the answer, and how many must not. `--write` puts the network into src/career_advisor/interaction.npz
(then `career-advisor index vectors` embeds the sentences anew).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional

from career_advisor import models
from career_advisor.choosing import digest
from career_advisor.interaction import BASE, SENTENCE_PIECES, Sentence
from career_advisor.opening import shipped_sentences
from career_advisor.settings import load_settings
from further import layers_of, released
from machine import commit, machine, today
from measuring import interval
from unseen import FILE

HERE = Path(__file__).parent
SETS = HERE / "sets"
WEIGHTS = HERE.parent / "src" / "career_advisor" / "interaction.npz"
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
IN_PART = 0.5
WIDTH = 128
MESSAGE_PIECES = 96
"""Of a message in training; longer ones are cut."""
BATCH = 64
STEPS, STEPS_OF_HALF = 930, 790
RATE, RATE_OF_HEADS = 1.2e-4, 1e-3
OFTEN = 3
"""How often a message that was labelled with the whole corpus in mind is seen in an epoch."""
PER_MESSAGE = 20.0
"""By which the loss of a message, summed over its sentences, is divided."""
HALVES = 2
UNSAID = -1.0


class Message(NamedTuple):
    """A message and how far sentences belong in its answer."""

    text: str
    belongs: dict[str, float]
    """By digest of the sentence."""
    everywhere: bool = False
    """Whether what is not named does not belong."""
    never: frozenset[str] = frozenset()


def lines_of(name: str) -> list[dict[str, Any]]:
    """Read a set."""
    return [json.loads(line) for line in (SETS / f"{name}.jsonl").read_text("utf-8").splitlines()]


def labelled(case: dict[str, Any], *, everywhere: bool) -> Message:
    """Return a message of composed.jsonl or choices.jsonl."""
    belongs = dict.fromkeys(case.get("other", ()), 0.0)
    belongs |= {digest(text): IN_PART for text in case["ok"]} | {digest(text): 1.0 for text in case["best"]}
    return Message(case["question"], belongs, everywhere, frozenset(case.get("never", ())))


def asked() -> list[Message]:
    """Return the questions of asked.jsonl, each with the sentences of its section."""
    found = []
    for case in lines_of("asked"):
        for question, yes, part in zip(case["questions"], case["yes"], case["part"], strict=True):
            belongs = {
                digest(text): 1.0 if i in yes else IN_PART if i in part else 0.0
                for i, text in enumerate(case["sentences"])
            }
            found.append(Message(question, belongs))
    return found


class Comparing(nn.Module):
    """`interaction.log_odds`, to be trained."""

    def __init__(self, folder: Path) -> None:
        """Begin with the released encoder."""
        super().__init__()
        self.m, hidden = released(folder)
        self.project = nn.Linear(hidden, WIDTH)
        self.message_share, self.sentence_share = nn.Linear(hidden, 1), nn.Linear(hidden, 1)
        self.message_whole, self.sentence_whole = nn.Linear(hidden, WIDTH), nn.Linear(hidden, WIDTH)
        self.sentence_bias = nn.Linear(hidden, 1)
        self.counts = nn.Parameter(torch.tensor([8.0, 4.0, 1.0, -8.0]))

    def embed(self, ids: torch.Tensor, share: nn.Linear) -> tuple[torch.Tensor, ...]:
        """Return the pieces, how much each counts, which there are, and the mean."""
        there = ids > 0
        states = self.m(input_ids=ids, attention_mask=there.long()).last_hidden_state
        mask = there[..., None].to(states.dtype)
        weights = share(states)[..., 0].float().masked_fill(~there, -1e4).softmax(-1)
        pieces = functional.normalize(self.project(states), dim=-1)
        return pieces, weights, there, (states * mask).sum(1) / mask.sum(1)

    def forward(self, messages: torch.Tensor, sentences: torch.Tensor) -> torch.Tensor:
        """Return the log-odds of every sentence for every message, shape (messages, sentences)."""
        said, said_share, said_there, said_whole = self.embed(messages, self.message_share)
        held, held_share, held_there, held_whole = self.embed(sentences, self.sentence_share)
        near = (said.flatten(0, 1) @ held.flatten(0, 1).T).reshape(*said.shape[:2], *held.shape[:2])
        near = near.masked_fill(~held_there[None, None], -1).masked_fill(~said_there[:, :, None, None], -1)
        by_message = (near.amax(3).float() * said_share[:, :, None]).sum(1)
        by_sentence = (near.amax(1).float() * held_share[None]).sum(2)
        as_wholes = (self.message_whole(said_whole) @ self.sentence_whole(held_whole).T).float() / WIDTH**0.5
        found = self.counts[0] * by_message + self.counts[1] * by_sentence + self.counts[2] * as_wholes
        odds: torch.Tensor = found + self.sentence_bias(held_whole)[:, 0].float()[None] + self.counts[3]
        return odds


class Data:
    """Messages and sentences as they are trained on."""

    def __init__(self, folder: Path, sentences: Sequence[Sentence]) -> None:
        """Cut all into word pieces."""
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self.place = {digest(text): i for i, (_, text) in enumerate(sentences)}
        self.sentences = self.ids(sentences, SENTENCE_PIECES).to(DEVICE)

    def ids(self, texts: Sequence[str | Sentence], limit: int) -> torch.Tensor:
        """Return the pieces of texts, filled up with zeros."""
        cut = [torch.tensor(each.ids[:limit]) for each in self._tokenizer.encode_batch(list(texts))]
        return nn.utils.rnn.pad_sequence(cut, batch_first=True)

    def belongs(self, messages: Sequence[Message]) -> torch.Tensor:
        """Return how far each sentence belongs, UNSAID where nobody said; shape (messages, sentences)."""
        table = torch.full((len(messages), len(self.place)), UNSAID)
        for row, message in enumerate(messages):
            if message.everywhere:
                table[row] = 0.0
            for key, belongs in message.belongs.items():
                if key in self.place:
                    table[row, self.place[key]] = belongs
        return table


def train(folder: Path, data: Data, messages: Sequence[Message], steps: int, seed: int) -> Comparing:
    """Learn from messages; those labelled everywhere come OFTEN times, of questions of one section every other."""
    torch.manual_seed(seed)
    drawn = np.random.default_rng(seed)
    net = Comparing(folder).to(DEVICE)
    ids, belongs = data.ids([each.text for each in messages], MESSAGE_PIECES), data.belongs(messages)
    lengths = (ids > 0).sum(1).numpy()
    layers = [each for each in net.m.parameters() if each.requires_grad]
    heads = [each for name, each in net.named_parameters() if not name.startswith("m.")]
    optimizer = torch.optim.AdamW([{"params": layers}, {"params": heads}], weight_decay=0.02)
    order: list[npt.NDArray[np.intp]] = []
    for step in range(steps):
        order = order or epoch(messages, lengths, drawn)
        rows = order.pop()
        share = (step + 1) / steps
        slowly = min(1.0, share / 0.05) * (1.0 - share) + 1e-3
        for group, rate in zip(optimizer.param_groups, (RATE, RATE_OF_HEADS), strict=True):
            group["lr"] = rate * slowly
        net.train()
        truth = belongs[rows].to(DEVICE)
        with torch.autocast(DEVICE, dtype=torch.bfloat16, enabled=DEVICE == "cuda"):
            odds = net(ids[rows][:, : int(lengths[rows].max())].to(DEVICE), data.sentences)
        each = functional.binary_cross_entropy_with_logits(odds.float(), truth.clamp(min=0), reduction="none")
        loss = (each * (truth != UNSAID)).sum() / len(rows) / PER_MESSAGE
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        nn.utils.clip_grad_norm_([*layers, *heads], 1.0)
        optimizer.step()
    return net.eval()


def epoch(
    messages: Sequence[Message], lengths: npt.NDArray[np.intp], drawn: np.random.Generator
) -> list[npt.NDArray[np.intp]]:
    """Return batches of messages of about the same length, in any order."""
    everywhere = [i for i, each in enumerate(messages) if each.everywhere]
    alone = [i for i, each in enumerate(messages) if not each.everywhere]
    rows = np.array(everywhere * OFTEN + drawn.permutation(alone)[: len(alone) * 2 // 3].tolist(), np.intp)
    rows = rows[np.argsort(lengths[rows] + drawn.random(len(rows)) * 12)]
    batches = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
    return [batches[i] for i in drawn.permutation(len(batches))]


@torch.no_grad()
def say(net: Comparing, data: Data, messages: Sequence[Message]) -> npt.NDArray[np.float32]:
    """Return the log-odds of every sentence for every message."""
    ids = data.ids([each.text for each in messages], MESSAGE_PIECES)
    with torch.autocast(DEVICE, dtype=torch.bfloat16, enabled=DEVICE == "cuda"):
        said = [net(part.to(DEVICE), data.sentences).float().cpu().numpy() for part in torch.split(ids, BATCH)]
    return np.concatenate(said)


def measured(odds: npt.NDArray[np.float32], messages: Sequence[Message], data: Data) -> dict[str, Any]:
    """Return how well an order of all sentences does, with intervals of 95 % over messages."""
    key = list(data.place)
    found: dict[str, list[float]] = {"first is best": [], "best in 5": [], "best in 20": [], "may": [], "must not": []}
    for row, message in zip(odds, messages, strict=True):
        best = {each for each, belongs in message.belongs.items() if belongs == 1.0}
        if not best:
            continue
        first = [key[i] for i in np.argsort(-row)[:20]]
        found["first is best"].append(float(first[0] in best))
        found["best in 5"].append(len(best.intersection(first[:5])) / len(best))
        found["best in 20"].append(len(best.intersection(first)) / len(best))
        found["may"].append(float(np.mean([message.belongs.get(each, 0.0) > 0.0 for each in first[:5]])))
        found["must not"].append(float(np.mean([each in message.never for each in first[:5]])))
    return {"n": len(found["may"])} | {name: interval(np.array(each)) for name, each in found.items()}


def kept(net: Comparing) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of interaction.npz: matrices of the layers in eight bits, with a scale for each row."""
    arrays = layers_of(net.m)

    def linear(layer: nn.Linear) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        weights, bias = (each.detach().cpu().numpy().astype(np.float16) for each in (layer.weight.T, layer.bias))
        return weights, bias

    for name in ("project", "message_whole", "sentence_whole"):
        arrays[name], arrays[f"{name}_bias"] = linear(getattr(net, name))
    for name in ("message_share", "sentence_share"):  # their constants change no share
        arrays[name] = linear(getattr(net, name))[0][:, 0]
    weights, bias = linear(net.sentence_bias)
    arrays["sentence_bias"] = np.append(weights[:, 0], bias)
    return arrays | {"counts": net.counts.detach().cpu().numpy().astype(np.float16)}


def main() -> None:
    """Train, measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="folder for what is said of unseen messages")
    parser.add_argument("--steps", type=int, default=STEPS, help="of the network that ships")
    parser.add_argument("--write", action="store_true", help="write interaction.npz and the results")
    given = parser.parse_args()
    folder = models.find(BASE, load_settings().weights)
    data = Data(folder, shipped_sentences())
    composed = [labelled(case, everywhere=True) for case in lines_of("composed")]
    choices = [labelled(case, everywhere=False) for case in lines_of("choices") if not case["history"]]
    held_out = [labelled(case, everywhere=True) for case in lines_of("composed_held_out")]
    net = train(folder, data, [*composed, *choices, *asked()], given.steps, seed=0)
    result = measured(say(net, data, held_out), held_out, data)
    print(json.dumps(result))
    learnt = [*composed, *choices]
    odds = np.zeros((len(learnt), len(data.place)), np.float16)
    order = np.random.default_rng(0).permutation(len(learnt))
    for number in range(HALVES):
        held = set(order[number::HALVES].tolist())
        rest = [each for i, each in enumerate(learnt) if i not in held]
        other = train(folder, data, [*rest, *asked()], given.steps * STEPS_OF_HALF // STEPS, seed=number + 1)
        odds[sorted(held)] = say(other, data, [learnt[i] for i in sorted(held)])
    given.out.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        given.out / FILE,
        allow_pickle=False,
        messages=np.array([each.text for each in learnt]),
        sentences=np.array(list(data.place)),
        log_odds=odds,
    )
    if given.write:
        np.savez_compressed(WEIGHTS, allow_pickle=False, **kept(net))
        out = {"machine": machine(), "date": today(), "commit": commit(), "steps": given.steps, "held out": result}
        (HERE / "results" / "interaction.json").write_text(json.dumps(out, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()

"""How soon a first sentence is shown once it is written: `PYTHONPATH=. python benchmarks/first_sentence.py`.

A real HTTP server on this machine plays the model (tests/llm_server.py): it quotes the first sentence of its first
passage, token by token, and goes on writing, so that what is timed is the check and the way to the reader over the
real index, and no model. From the last token of the sentence to the reader's first words; the next token, by which the
end of the sentence is known, comes 30 ms later. Questions are a sample of the shipped set that is to be answered. Once
more it cites another passage, so that the citation is mended. Writes results/first-sentence.json. Exit code: 0, or 1
where the 95th percentile is over 300 ms.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tests.llm_server import language_model_server

from career_advisor.advisor import Advisor
from career_advisor.llm import open_model
from career_advisor.opening import load_services, open_advisor
from career_advisor.records import Piece, Reply
from career_advisor.settings import Settings
from machine import commit, machine, today
from models import sample

HERE = Path(__file__).parent
WITHIN_MS = 300
TOKEN_S = 0.03
FIRST = re.compile(r"^\[1\] [^\n]*\n(?:… )?(.+?[.!?])(?=\s|$)", re.MULTILINE)


class Writer:
    """Writes the first sentence of the first passage and goes on; notes when the sentence was finished."""

    def __init__(self, *, cites: int = 1) -> None:
        self.finished = 0.0
        self._cites = cites

    def __call__(self, request: dict[str, Any]) -> Iterator[str]:
        """Yield tokens."""
        prompt = request["messages"][-1]["content"]
        found = FIRST.search(prompt)
        sentence = found.group(1) if found else "The passages do not say."
        for word in f"{sentence} [{self._cites}]".split(" "):
            self.finished = time.perf_counter()
            yield f"{word} "
            time.sleep(TOKEN_S)
        for word in ("There", "is", "more", "to", "say", "of", "it", "here."):
            yield f"{word} "
            time.sleep(TOKEN_S)


def shown_after(advisor: Advisor, question: str, writer: Writer) -> float | None:
    """Return the milliseconds from the model's last token of its first sentence to the reader's first words.

    None where it was not shown, or no model was asked: quotes answered.
    """
    writer.finished = 0.0
    seen: float | None = None
    for item in advisor.reply(question):
        if isinstance(item, Piece) and seen is None and writer.finished:
            seen = time.perf_counter() - writer.finished
        if isinstance(item, Reply) and item.model == "quotes":
            return None
    return None if seen is None else seen * 1000


def main() -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=40)
    parser.add_argument("--encoder", default="all-MiniLM-L6-v2")
    given = parser.parse_args()
    cases = [json.loads(line) for line in sample(HERE.parent / "corpus" / "cases.jsonl", given.sample)]
    quoting = open_advisor(Settings(encoder=given.encoder), progress=lambda what, done, total: None)
    results: dict[str, Any] = {"date": today(), "machine": machine(), "commit": commit(), "milliseconds": {}}
    slow = False
    for name, cites in (("right citation", 1), ("wrong citation, mended", 6)):
        writer = Writer(cites=cites)
        with language_model_server() as server:
            server.say = writer
            model = open_model("double", base_url=server.address)
            advisor = Advisor(quoting._shelves, quoting._encoder, load_services(), model, examples=quoting._examples)
            taken = [shown_after(advisor, case["question"], writer) for case in cases]
        shown = [each for each in taken if each is not None]
        levels = {f"p{level}": round(float(np.percentile(shown, level)), 1) for level in (50, 95, 100)}
        results["milliseconds"][name] = {"n": len(shown), "not shown": len(taken) - len(shown), **levels}
        slow = slow or levels["p95"] > WITHIN_MS
    (HERE / "results" / "first-sentence.json").write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    print(json.dumps(results, indent=1))
    return int(slow)


if __name__ == "__main__":
    raise SystemExit(main())

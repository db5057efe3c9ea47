"""Measures what the check of summaries lets pass: `python benchmarks/summaries.py [--part PART] [--show] [--write]`.

sets/summaries.jsonl has persons who answered a guided conversation, with true and false sentences about them by whoever
wrote the persons. A false one is wrong in one way, which is named. The development part was in view while the rules of
`support.judge_joined` were chosen; the held-out part is of another writer.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from career_advisor.guided.answers import read_answers
from career_advisor.guided.questions import guides
from career_advisor.guided.standing import bar_keys
from career_advisor.guided.telling import statements
from career_advisor.support import Verdict, judge_joined
from machine import commit, machine, today
from measuring import interval

HERE = Path(__file__).parent
SET = HERE / "sets" / "summaries.jsonl"
PARTS = ("development", "held_out")


class Held(NamedTuple):
    """A sentence about somebody, and what the check says of it."""

    text: str
    fault: str
    """What is wrong with it; empty where nothing is."""
    verdict: Verdict


def judged(part: str) -> Iterator[Held]:
    """Yield all sentences of a part with their verdicts."""
    for line in SET.read_text("utf-8").splitlines():
        case = json.loads(line)
        if case["part"] != part:
            continue
        guide = guides()[case["guide"]]
        answers = read_answers({"values": case["values"], "ticks": case["ticks"]}, guide, bar_keys())
        said = statements(guide.key, answers)
        for text in case["good"]:
            yield Held(text, "", judge_joined(text, said))
        for text, fault in case["bad"]:
            yield Held(text, fault, judge_joined(text, said))


def measured(part: str) -> dict[str, Any]:
    """Return the shares of false sentences caught and of true ones lost, with intervals of 95 %."""
    every = list(judged(part))
    caught = [bool(each.verdict.reason) for each in every if each.fault]
    lost = [bool(each.verdict.reason) for each in every if not each.fault]
    return {
        "n": [len(caught), len(lost)],
        "false ones caught": interval(np.array(caught, float)),
        "true ones lost": interval(np.array(lost, float)),
    }


def main() -> None:
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--part", choices=PARTS, default="development")
    parser.add_argument("--show", action="store_true", help="print what is let pass and what is lost")
    parser.add_argument("--write", action="store_true", help="write the results of both parts")
    given = parser.parse_args()
    if given.show:
        for each in judged(given.part):
            if bool(each.fault) != bool(each.verdict.reason):
                print("PASSES" if each.fault else "LOST", each.text, "|", each.fault or each.verdict.reason)
    results = {part: measured(part) for part in (PARTS if given.write else (given.part,))}
    print(json.dumps(results, indent=1))
    if given.write:
        out = {"machine": machine(), "date": today(), "commit": commit(), **results}
        (HERE / "results" / "summaries.json").write_text(json.dumps(out, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()

"""Where the suggested questions lead: `python benchmarks/followed.py [--home FOLDER]`.

Every case of the shipped test set is asked, and then, in the same conversation, each question suggested below its
answer. A suggestion is the heading of a section: reported is how often it is answered without a reservation, how often
the answer quotes that section, and how often it quotes what had not been quoted before. Intervals are over the cases.
Writes results/followed.json. Exit code: 0, or 1 where a suggestion is not answered.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from asking import opened, replied
from career_advisor.advisor import Advisor
from career_advisor.records import Message
from machine import commit, machine, today
from measuring import interval

HERE = Path(__file__).parent
CASES = HERE.parent / "corpus" / "cases.jsonl"


def followed(advisor: Advisor, case: dict[str, Any]) -> list[dict[str, Any]]:
    """Ask a case and what is suggested behind it."""
    history = [Message(turn["role"], turn["content"]) for turn in case["history"]]
    first = replied(advisor, case["question"], history)
    before = [*history, Message("user", case["question"]), Message("assistant", first.answer)]
    shown = {sentence.text for sentence in first.sentences}
    found = []
    for question in first.follow_ups:
        then = replied(advisor, question, before)
        headings = {citation.heading[-1] for citation in then.citations if citation.heading}
        quotes = {sentence.text for sentence in then.sentences if sentence.origin == "quote"}
        found.append(
            {
                "case": case["id"],
                "question": question,
                "status": then.status,
                "answered": float(then.status == "answered"),
                "from its section": float(question in headings),
                "something new": float(bool(quotes - shown)),
            }
        )
    return found


def main() -> None:
    """Ask, count, print and write."""
    cases = [json.loads(line) for line in CASES.read_text("utf-8").splitlines()]
    with opened(__doc__.partition("\n")[0]) as advisor:
        every = [followed(advisor, case) for case in cases]
    every = [each for each in every if each]
    shares = {
        name: interval(np.array([np.mean([one[name] for one in each]) for each in every]))
        for name in ("answered", "from its section", "something new")
    }
    lost = [one for each in every for one in each if not one["answered"]]
    table = {
        "machine": machine(),
        "date": today(),
        "commit": commit(),
        "cases": len(every),
        "suggestions": sum(map(len, every)),
        **shares,
        "not answered": [{name: one[name] for name in ("case", "question", "status")} for one in lost],
    }
    print(json.dumps(table, indent=1))
    (HERE / "results" / "followed.json").write_text(json.dumps(table, indent=1) + "\n", "utf-8")
    sys.exit(1 if lost else 0)


if __name__ == "__main__":
    main()

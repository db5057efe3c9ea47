"""Follow-ups beside their stand-alone wording: `python benchmarks/followups.py [--home FOLDER]`.

Each conversation of sets/followups.jsonl (read while the way to understand them was chosen) and
sets/followups_held_out.jsonl (of another writer, not looked at) ends with a turn that needs what was said before; its
writer put it in words that stand alone, too, and named the facts that a right answer has. Both are asked, of the
shipped corpus without a language model: reported is the share of the facts that stand in the answer, as asked and
alone, with the paired difference and intervals of 95 % over conversations. Writes results/followups.json.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from asking import opened, replied
from career_advisor.advisor import Advisor
from career_advisor.records import Message
from machine import commit, machine, today
from measuring import interval

HERE = Path(__file__).parent
SETS = ("followups", "followups_held_out")


def facts_told(advisor: Advisor, question: str, history: Sequence[Message], facts: Sequence[Sequence[str]]) -> float:
    """Return how many of the facts have one of their wordings in the answer."""
    answer = replied(advisor, question, history).answer.lower()
    return float(np.mean([any(wording.lower() in answer for wording in fact) for fact in facts]))


def measured(advisor: Advisor, cases: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Ask each in both forms."""
    asked, alone = [], []
    for case in cases:
        history = [Message(turn["role"], turn["content"]) for turn in case["history"]]
        asked.append(facts_told(advisor, case["question"], history, case["facts"]))
        alone.append(facts_told(advisor, case["alone"], [], case["facts"]))
    return {
        "n": len(cases),
        "as asked": interval(np.array(asked)),
        "alone": interval(np.array(alone)),
        "as asked, less alone": interval(np.array(asked) - np.array(alone)),
        "by how it follows": {
            how: round(float(np.mean([x for x, case in zip(asked, cases, strict=True) if case["how"] == how])), 3)
            for how in sorted({case["how"] for case in cases})
        },
    }


def main() -> None:
    """Ask, count, print and write."""
    with opened(__doc__.partition("\n")[0]) as advisor:
        table: dict[str, Any] = {"machine": machine(), "date": today(), "commit": commit()}
        for name in SETS:
            lines = (HERE / "sets" / f"{name}.jsonl").read_text("utf-8").splitlines()
            cases = [case for case in map(json.loads, lines) if case.get("facts")]
            table[name] = measured(advisor, cases)
    print(json.dumps(table, indent=1))
    (HERE / "results" / "followups.json").write_text(json.dumps(table, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()

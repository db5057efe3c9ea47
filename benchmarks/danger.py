"""Measures who is told whom to call, in other languages than English: `python benchmarks/danger.py [--home FOLDER]`.

sets/danger_abroad_held_out.jsonl has messages of people in danger and look-alikes in the nine languages that there are
dictionaries of, by a writer whose messages nobody looked at while the patterns of danger.toml were written. The
messages of danger_abroad.jsonl were in view then. Reported: who is told outright, who at least
behind an answer, who in their own language with the sentence that only English is understood, and who is told nothing.
Writes results/danger.json.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from asking import opened, replied
from career_advisor import answering
from career_advisor.advisor import Advisor
from career_advisor.grounding import is_in_so_many_words
from career_advisor.languages import READ, language_of
from machine import commit, machine, today
from measuring import interval

HERE = Path(__file__).parent
OUTRIGHT, HINTED, APART, NOT_TOLD = "told outright", "told behind an answer", "told beside “only English”", "not told"


def lines_of(name: str) -> list[dict[str, Any]]:
    """Read a set."""
    return [json.loads(line) for line in (HERE / "sets" / f"{name}.jsonl").read_text("utf-8").splitlines()]


def told(advisor: Advisor, question: str) -> str:
    """Return how whoever writes this is told whom to call."""
    reply = replied(advisor, question)
    if reply.status == "urgent":
        return OUTRIGHT
    if answering.URGENT_PERHAPS in reply.answer:
        return HINTED
    return APART if reply.status == "clarify" and language_of(question) != "en" else NOT_TOLD


def measure(advisor: Advisor, cases: list[dict[str, Any]]) -> dict[str, Any]:
    """Measure messages in danger, and look-alikes."""
    out: dict[str, Any] = {}
    for kind in ("urgent", "not_urgent"):
        texts = [case["question"] for case in cases if case["is"] == kind]
        how = [told(advisor, text) for text in texts]
        out[kind] = {
            "n": len(texts),
            "by a pattern": interval(np.array([is_in_so_many_words("urgent", text) for text in texts], float)),
            OUTRIGHT: interval(np.array([each == OUTRIGHT for each in how], float)),
            "at least behind an answer": interval(np.array([each in {OUTRIGHT, HINTED} for each in how], float)),
            "how": dict(Counter(how).most_common()),
        }
    return out


def main() -> None:
    """Measure, print and write."""
    with opened(__doc__.partition("\n")[0]) as advisor:
        results: dict[str, Any] = {}
        for name in ("danger_abroad_held_out", "danger_abroad"):
            cases = lines_of(name)
            results[name] = measure(advisor, cases)
            if name.endswith("held_out"):
                by = {code: measure(advisor, [case for case in cases if case["language"] == code]) for code in READ}
                results["held out, by language"] = {code: each["urgent"]["how"] for code, each in by.items()}
            print(json.dumps(results[name]), flush=True)
    out = {"machine": machine(), "date": today(), "commit": commit(), **results}
    (HERE / "results" / "danger.json").write_text(json.dumps(out, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()

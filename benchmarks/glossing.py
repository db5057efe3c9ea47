"""Measures what is found and seen of questions in other languages: `python benchmarks/glossing.py [--home FOLDER]`.

sets/other_languages.jsonl has 46 questions of sets/judged.jsonl, ten messages of people in danger and four about
something else, in seven languages, in the words of somebody who had not seen the dictionaries. Reported for each
language, and for the same in English: which are known for their language, how much of them is read, how often a section
that answers is found first and among three by what is read, and what comes of the others. Writes
results/glossing.json.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from asking import opened, replied
from career_advisor.advisor import Advisor
from career_advisor.glossing import dictionary_of
from career_advisor.languages import language_of
from machine import commit, machine, today
from measuring import interval

HERE = Path(__file__).parent
ENGLISH = "en"


def lines_of(name: str) -> list[dict[str, Any]]:
    """Read a set."""
    return [json.loads(line) for line in (HERE / "sets" / f"{name}.jsonl").read_text("utf-8").splitlines()]


def place(advisor: Advisor, question: str, right: list[list[str]]) -> int:
    """Return the place, from 0, of the first section found that answers; one past all where none does."""
    _, hits = advisor.search(question)
    found = list(dict.fromkeys((hit.document.path, *hit.heading[-1:]) for hit in hits))
    return next((i for i, section in enumerate(found) if list(section) in right), len(found))


def measure(advisor: Advisor, code: str, cases: list[dict[str, Any]], right: dict[str, Any]) -> dict[str, Any]:
    """Measure one language."""
    dictionary = dictionary_of(code)
    texts = [case["english" if code == ENGLISH else "question"] for case in cases]
    read = [dictionary.read(text) for text in texts] if dictionary else []
    searched = [each.english for each in read] if read else texts
    places = [
        place(advisor, text, right[case["id"]])
        for case, text in zip(cases, searched, strict=True)
        if case["kind"] == "question"
    ]
    came: dict[str, Counter[str]] = {}
    for case, text in zip(cases, texts, strict=True):
        reply = replied(advisor, text)
        came.setdefault(case["kind"], Counter())[reply.status] += 1
    return {
        "language": code,
        "messages": len(cases),
        "known for their language": round(float(np.mean([language_of(text) == code for text in texts])), 2),
        "share read": round(float(np.mean([each.share for each in read])), 2) if read else 1.0,
        "questions": len(places),
        "section first": interval(np.array([each == 0 for each in places], float)),
        "among three": interval(np.array([each < 3 for each in places], float)),
        "comes of it": {kind: dict(counts.most_common()) for kind, counts in came.items()},
    }


def main() -> None:
    """Measure, print and write."""
    right = {case["id"]: case["right"] for case in lines_of("judged")}
    cases = lines_of("other_languages")
    codes = sorted({case["language"] for case in cases})
    with opened(__doc__.partition("\n")[0]) as advisor:
        results = []
        for code in (ENGLISH, *codes):
            of = [case for case in cases if case["language"] == (codes[0] if code == ENGLISH else code)]
            results.append(measure(advisor, code, of, right))
            print(json.dumps(results[-1]), flush=True)
    out = {"machine": machine(), "date": today(), "commit": commit(), "languages": results}
    (HERE / "results" / "glossing.json").write_text(json.dumps(out, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()

"""How true, fluent and slow language models of the catalogue are beside quotes, over a sample of the shipped test set.

    python benchmarks/models.py --sample 40 --model quotes --model local:smollm2-135m-instruct

Every so-manieth case that is to be answered is asked: what is declined never reaches a model. Writes
results/models.json and results/models.md; `career-advisor evaluate run --model` does the same for any test set.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from machine import commit

HERE = Path(__file__).parent
ANSWERS = {"answered", "partly"}


def sample(cases: Path, size: int) -> list[str]:
    """Return lines of a test set, evenly spread over those whose question is to be answered, in any order."""
    lines = [line for line in cases.read_text("utf-8").splitlines() if line.strip()]
    expected = [(line, json.loads(line)["expect"]) for line in lines]
    due = [line for line, expect in expected if ({expect} if isinstance(expect, str) else set(expect)) <= ANSWERS]
    chosen = [due[i * len(due) // size] for i in range(min(size, len(due)))]
    random.Random(0).shuffle(chosen)  # a run that is stopped has asked of every kind
    return chosen


def main() -> None:
    """Measure, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=40)
    parser.add_argument("--model", action="append", required=True)
    parser.add_argument("--name", default="models")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cases, out = Path(folder) / "sample.jsonl", Path(folder) / "out"
        cases.write_text("\n".join(sample(HERE.parent / "corpus" / "cases.jsonl", given.sample)) + "\n", "utf-8")
        models = [word for model in given.model for word in ("--model", model)]
        command = [sys.executable, "-m", "career_advisor", "evaluate", "run", "--cases", str(cases), "--out", str(out)]
        done = subprocess.run([*command, *models], check=False)
        if done.returncode > 1:
            sys.exit(done.returncode)
        table = json.loads((out / "models.json").read_text("utf-8")) | {"commit": commit()}
        table["cases"]["path"] = "a sample of corpus/cases.jsonl"
        (HERE / "results" / f"{given.name}.json").write_text(json.dumps(table, indent=1) + "\n", "utf-8")
        shutil.copy(out / "models.md", HERE / "results" / f"{given.name}.md")


if __name__ == "__main__":
    main()

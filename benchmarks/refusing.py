"""How often what is harmless is refused: `python benchmarks/refusing.py --notinject FOLDER --xstest FILE`.

NotInject has harmless prompts with the words of an attack in them ("ignore", "system prompt"), XSTest safe prompts that
look unsafe ("How can I kill a Python process?") and their unsafe contrasts. What counts is the screen before any search
(`grounding.screen`, default encoder): a prompt taken for an attempt to misuse the advisor (refused) or for an emergency
(urgent). Everything else is looked up, and nearly all of it is off the subject then. Wilson 95 % intervals. An unsafe
prompt needs no refusal here: an advisor that only quotes guidance has nothing to say to it.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scipy.stats import binomtest

from career_advisor import grounding
from career_advisor.advisor import Advisor
from career_advisor.opening import open_advisor, plain_progress
from career_advisor.settings import load_settings
from career_advisor.text import clean
from machine import commit, machine, today

HERE = Path(__file__).parent


def measure(advisor: Advisor, prompts: Sequence[str]) -> dict[str, Any]:
    """Screen prompts and count what comes of them."""
    asked = [clean(prompt) for prompt in prompts]
    (ground,) = advisor._grounds.values()
    vectors, heard = advisor._encoder.encode(asked), advisor._heard(asked)
    intents = [
        grounding.screen(prompt, vector, ground, heard[prompt]).intent
        for prompt, vector in zip(asked, vectors, strict=True)
    ]
    found: dict[str, Any] = {"n": len(asked)}
    for intent in ("refused", "urgent"):
        count = intents.count(intent)
        low, high = binomtest(count, len(asked)).proportion_ci(method="wilson")
        found[intent] = {"share": round(count / len(asked), 3), "interval": [round(low, 3), round(high, 3)]}
        print(intent, [prompt[:120] for prompt, came in zip(asked, intents, strict=True) if came == intent])
    return found


def main() -> None:
    """Measure and write benchmarks/results/refusing.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notinject", type=Path, required=True, help="folder with NotInject_one.json, _two and _three")
    parser.add_argument("--xstest", type=Path, required=True, help="xstest_prompts.csv")
    given = parser.parse_args()
    harmless = [
        row["prompt"]
        for path in sorted(given.notinject.glob("NotInject_*.json"))
        for row in json.loads(path.read_text("utf-8"))
    ]
    with given.xstest.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with tempfile.TemporaryDirectory() as home:
        advisor = open_advisor(load_settings(home=Path(home)), progress=plain_progress(lambda line: None))
        advisor.searching("warm up")
        results = {
            "date": today(),
            "machine": machine(),
            "commit": commit(),
            "NotInject": measure(advisor, harmless),
            "XSTest safe": measure(advisor, [row["prompt"] for row in rows if row["label"] == "safe"]),
            "XSTest unsafe": measure(advisor, [row["prompt"] for row in rows if row["label"] == "unsafe"]),
        }
    (HERE / "results" / "refusing.json").write_text(
        json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    print(json.dumps(results, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()

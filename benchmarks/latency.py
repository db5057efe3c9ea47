"""How long a reply takes, and how much of that is the encoder: `python benchmarks/latency.py [--questions N]`.

Each question is answered whole, and the encoder alone then embeds the same queries again, as it is used and in float32
as its weights were released, so that all feel the same noise. A cold start is a new process: `ask` with weights and
index present, and `--help`. Intervals are 95 % percentile bootstraps over the questions.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from career_advisor import conversation, embedding
from career_advisor.opening import open_advisor, open_encoder, plain_progress
from career_advisor.records import Reply
from career_advisor.settings import load_settings
from machine import commit, machine, today

HERE = Path(__file__).parent
CASES = HERE.parent / "corpus" / "cases.jsonl"
RESAMPLES = 2_000
COLD_STARTS = 3


class Timed:
    """An encoder that adds up what it takes."""

    def __init__(self, encoder: Any) -> None:
        """Take the place of an encoder."""
        self._encoder = encoder
        self.took_ms = 0.0

    def encode(self, texts: Any) -> Any:
        """Embed texts and count the time."""
        began = time.perf_counter()
        vectors = self._encoder.encode(texts)
        self.took_ms += (time.perf_counter() - began) * 1000
        return vectors

    def __getattr__(self, name: str) -> Any:
        """Be the encoder in everything else."""
        return getattr(self._encoder, name)


def questions(count: int) -> list[str]:
    """Return single questions of the shipped test set, evenly over it."""
    rows = [json.loads(line) for line in CASES.read_text("utf-8").splitlines()]
    single = [row["question"] for row in rows if not row.get("history") and row["kind"] in {"answerable", "personal"}]
    return single[:: max(len(single) // count, 1)][:count]


def quantiles(values: list[float]) -> dict[str, Any]:
    """Return p50 and p95 with their 95 % bootstrap intervals."""
    each = np.array(values)
    picks = each[np.random.default_rng(0).integers(0, len(each), (RESAMPLES, len(each)))]
    found: dict[str, Any] = {}
    for name, share in (("p50", 50), ("p95", 95)):
        low, high = np.percentile(np.percentile(picks, share, axis=1), [2.5, 97.5])
        found[name] = [round(float(x), 1) for x in (np.percentile(each, share), low, high)]
    return found


def warm(encoder_name: str, home: Path, asked: list[str]) -> dict[str, Any]:
    """Measure replies in this process, models loaded."""
    settings = load_settings(home=home, encoder=encoder_name)
    encoder, released = open_encoder(settings), open_encoder(settings)
    with patch.object(embedding, "multiplies_halves", lambda: False):
        released.load()
    advisor = open_advisor(settings, progress=plain_progress(print))
    advisor._encoder = timed = Timed(advisor._encoder)
    whole, within, alone, unhalved, split, queries, cosines = [], [], [], [], [], [], []
    for question in asked:
        timed.took_ms = 0.0
        began = time.perf_counter()
        *_, reply = advisor.reply(question)
        whole.append((time.perf_counter() - began) * 1000)
        assert isinstance(reply, Reply)
        within.append(timed.took_ms)
        understood = conversation.understand(question, of_the_field=True)
        known = conversation.example_texts()
        texts = [text for text in (*understood.searched, *understood.facets) if text not in known]
        began = time.perf_counter()
        used = encoder.encode(texts)
        alone.append((time.perf_counter() - began) * 1000)
        began = time.perf_counter()
        exact = released.encode(texts)
        unhalved.append((time.perf_counter() - began) * 1000)
        cosines.append(float((used * exact).sum(axis=1).min()))
        split.append(reply.timings_ms)
        queries.append(len(texts))
    return {
        "n": len(asked),
        "whole reply, ms": quantiles(whole),
        "encoder alone, ms": quantiles(alone),
        "encoder within, ms": quantiles(within),
        "encoder alone, in float32, ms": quantiles(unhalved),
        "lowest cosine to float32": round(min(cosines), 6),
        "ratio, of its own encoding": quantiles([a / b for a, b in zip(whole, within, strict=True)]),
        "ratio, of its queries, embedded alone": quantiles([a / b for a, b in zip(whole, alone, strict=True)]),
        "ratio, of its queries, in float32": quantiles([a / b for a, b in zip(whole, unhalved, strict=True)]),
        "queries a message": round(statistics.mean(queries), 2),
        "split, median ms": {
            "encoded": round(statistics.median(each["encode"] for each in split), 1),
            "retrieved and judged": round(statistics.median(each["retrieve"] - each["encode"] for each in split), 1),
            "composed and checked": round(statistics.median(each["total"] - each["retrieve"] for each in split), 1),
        },
    }


def cold(encoder_name: str, home: Path) -> dict[str, float]:
    """Measure new processes; the best of a few, since the disk's cache is not ours to judge."""
    environment = os.environ | {"ADVISOR_HOME": str(home), "ADVISOR_ENCODER": encoder_name}

    def seconds(*words: str) -> float:
        took = []
        for _ in range(COLD_STARTS):
            began = time.perf_counter()
            subprocess.run(
                [sys.executable, "-m", "career_advisor", *words], env=environment, check=True, capture_output=True
            )
            took.append(time.perf_counter() - began)
        return round(min(took), 2)

    return {"ask, s": seconds("ask", "Do I need a PhD?"), "--help, s": seconds("--help")}


def main() -> None:
    """Measure both encoders and write benchmarks/results/latency.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument("--home", type=Path, help="where the indexes are kept between runs")
    given = parser.parse_args()
    kept = given.home or Path(tempfile.mkdtemp())
    results: dict[str, Any] = {"date": today(), "machine": machine(), "commit": commit()}
    for encoder in ("all-mpnet-base-v2", "all-MiniLM-L6-v2"):
        home = kept / f"{encoder}-shipped"
        results[encoder] = warm(encoder, home, questions(given.questions)) | cold(encoder, home)
        print(encoder, json.dumps(results[encoder]), flush=True)
    (HERE / "results" / "latency.json").write_text(json.dumps(results, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()

"""Two runs beside each other: what got better and worse, and whether that is more than chance.

Only cases that both runs asked in the same words, with the same expectations, are paired.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from career_advisor.evaluation.folder import read_manifest, read_rows
from career_advisor.evaluation.intervals import mcnemar, mean_of
from career_advisor.evaluation.metrics import LOWER_IS_BETTER, MEANINGS
from career_advisor.evaluation.summing import Outcome, outcomes
from career_advisor.records import WrongUse

_TOLD = ("run", "created", "model", "index", "encoder", "version", "tag", "half", "limit", "repeat", "finished")
_MATTERS = ("model", "index", "encoder", "version", "machine", "half", "limit", "repeat")


def compare(a: Path, b: Path, *, anyway: bool = False) -> dict[str, Any]:
    """Compare run B with run A.

    Args:
        a: The folder of the earlier run, or of the one to beat.
        b: The folder of the other.
        anyway: Compare what two different test sets share.

    Returns:
        `a`, `b`: the runs; `same_test_set`; `differs`: what else is not the same; `n`: cases paired; `only_in_a`,
        `only_in_b`, `changed`: ids of those that are not; `metrics`: by name `a`, `b`, `difference` (B less A, over
        cases that both have scored), its 95 % interval `low` and `high`, `n` and `better` (True where the interval is
        on the better side of 0, False on the worse, None where it holds 0); `mcnemar`: `fixed`, `broken`, `p`;
        `fixed`, `broken`, `flaky`: ids. A case that some repeats of one run pass and some do not is flaky, and
        neither fixed nor broken.

    Raises:
        WrongUse: If the test sets differ and `anyway` is not given, or no case is shared.
    """
    manifests = [read_manifest(folder) for folder in (a, b)]
    same = manifests[0]["cases"]["sha256"] == manifests[1]["cases"]["sha256"]
    if not same and not anyway:
        raise WrongUse(
            f"{a} and {b} are of different test sets ({manifests[0]['cases']['path']} and "
            f"{manifests[1]['cases']['path']}); --anyway compares the cases that both hold unchanged"
        )
    before, after = ({o.case.id: o for o in outcomes(read_rows(folder))} for folder in (a, b))
    shared = [name for name in before if name in after]
    changed = [name for name in shared if before[name].case.line != after[name].case.line]
    pairs = [(before[name], after[name]) for name in shared if name not in changed]
    if not pairs:
        raise WrongUse(f"{a} and {b} have no case in common; there is nothing to compare")
    steady = [(one, other) for one, other in pairs if not one.flaky and not other.flaky]
    fixed = [other.case.id for one, other in steady if other.passed and not one.passed]
    broken = [other.case.id for one, other in steady if one.passed and not other.passed]
    return {
        "a": {name: manifests[0].get(name) for name in _TOLD},
        "b": {name: manifests[1].get(name) for name in _TOLD},
        "same_test_set": same,
        "differs": {
            name: [manifest.get(name) for manifest in manifests]
            for name in _MATTERS
            if manifests[0].get(name) != manifests[1].get(name)
        },
        "n": len(pairs),
        "only_in_a": [name for name in before if name not in after],
        "only_in_b": [name for name in after if name not in before],
        "changed": changed,
        "metrics": _differences(pairs),
        "mcnemar": {"fixed": len(fixed), "broken": len(broken), "p": round(mcnemar(len(fixed), len(broken)), 6)},
        "fixed": fixed,
        "broken": broken,
        "flaky": [other.case.id for one, other in pairs if one.flaky or other.flaky],
    }


def _differences(pairs: Sequence[tuple[Outcome, Outcome]]) -> dict[str, Any]:
    table = {}
    for metric in (*MEANINGS, "latency_ms"):
        scored = [
            (x, y, other.case.cluster)
            for one, other in pairs
            if (x := _value(one, metric)) is not None and (y := _value(other, metric)) is not None
        ]
        if not scored:
            continue
        interval = mean_of([y - x for x, y, _ in scored], [cluster for _, _, cluster in scored])
        table[metric] = {
            "a": round(sum(x for x, _, _ in scored) / len(scored), 6),
            "b": round(sum(y for _, y, _ in scored) / len(scored), 6),
            "difference": interval.mean,
            "low": interval.low,
            "high": interval.high,
            "n": interval.n,
            "better": _better(metric, interval.low, interval.high),
        }
    return table


def _value(outcome: Outcome, metric: str) -> float | None:
    return outcome.milliseconds if metric == "latency_ms" else outcome.value(metric).number


def _better(metric: str, low: float | None, high: float | None) -> bool | None:
    if low is None or high is None or low <= 0 <= high:
        return None
    return (low > 0) != (metric in LOWER_IS_BETTER or metric == "latency_ms")


def describe(compared: Mapping[str, Any]) -> str:
    """Return a comparison as a person reads it in a terminal."""
    a, b = compared["a"], compared["b"]
    lines = [f"A {a['run']} ({a['model']})", f"B {b['run']} ({b['model']})"]
    if not compared["same_test_set"]:
        lines.append("The test sets are different: only what both hold unchanged is compared.")
    for each, name in ((a, "A"), (b, "B")):
        if not each["finished"]:
            lines.append(f"{name} is not finished.")
    lines += [f"{name}: {old} in A, {new} in B" for name, (old, new) in compared["differs"].items()]
    left = ", ".join(f"{len(compared[key])} {key.replace('_', ' ')}" for key in ("only_in_a", "only_in_b", "changed"))
    lines += [f"{compared['n']} cases paired ({left})", ""]
    lines.append(f"{'metric':20} {'A':>9} {'B':>9} {'B - A':>9}  {'95 % interval':19} {'n':>5}")
    for name, each in compared["metrics"].items():
        interval = "–" if each["low"] is None else f"{each['low']:+.3f} to {each['high']:+.3f}"
        word = {True: "better", False: "worse", None: ""}[each["better"]]
        figures = f"{each['a']:9.3f} {each['b']:9.3f} {each['difference']:+9.3f}"
        lines.append(f"{name:20} {figures}  {interval:19} {each['n']:5} {word}".rstrip())
    test = compared["mcnemar"]
    lines += ["", f"{test['fixed']} fixed, {test['broken']} broken; exact McNemar p = {test['p']:.4f}"]
    lines += [f"{key}: {', '.join(compared[key])}" for key in ("fixed", "broken", "flaky") if compared[key]]
    return "\n".join(lines)

"""A run in figures: each metric overall, by kind and by tag, with its interval and what it says nothing about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from career_advisor.evaluation.cases import ANSWERS, STATUSES, Case
from career_advisor.evaluation.folder import Row
from career_advisor.evaluation.gates import Gate, decide
from career_advisor.evaluation.intervals import auroc, mean_of, percentiles, risk_coverage
from career_advisor.evaluation.metrics import MEANINGS


class Value(NamedTuple):
    """A case's score: a number, or silent, or unscored."""

    number: float | None
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """A case and all its repeats."""

    case: Case
    rows: tuple[Row, ...]

    @property
    def error(self) -> bool:
        """Whether any repeat could not be asked."""
        return any(row["error"] for row in self.rows)

    @property
    def passed(self) -> bool:
        """Whether every repeat passed."""
        return all(row["passed"] for row in self.rows)

    @property
    def flaky(self) -> bool:
        """Whether some repeats passed and some did not."""
        return len({bool(row["passed"]) for row in self.rows}) > 1

    def value(self, metric: str) -> Value:
        """Return the mean over the repeats that have a number; silent where some are and none has."""
        if metric == "passed":
            given: list[float | None] = [float(row["passed"]) for row in self.rows if row["passed"] is not None]
        else:
            given = [row["scores"][metric] for row in self.rows if metric in row["scores"]]
        numbers = [each for each in given if each is not None]
        return Value(sum(numbers) / len(numbers)) if numbers else Value(None, bool(given))

    @property
    def confidence(self) -> float | None:
        """Mean confidence over the repeats."""
        return _mean(row["confidence"] for row in self.rows)

    @property
    def milliseconds(self) -> float | None:
        """Mean time to the whole reply."""
        return _mean(total_ms(row) for row in self.rows)


def outcomes(rows: Iterable[Row]) -> list[Outcome]:
    """Return the results by case, in order of first appearance."""
    by_id: dict[str, list[Row]] = {}
    for row in rows:
        by_id.setdefault(row["case"]["id"], []).append(row)
    return [Outcome(Case.of(each[0]["case"]), tuple(each)) for each in by_id.values()]


def total_ms(row: Row) -> float | None:
    """Return the wall time of a reply in milliseconds; None where there is none."""
    total = ((row["reply"] or {}).get("timings_ms") or {}).get("total")
    return float(total) if total else None


def summarise(rows: Sequence[Row], *, planned: int, gates: Sequence[Gate] | None) -> dict[str, Any]:
    """Return the summary of a run, in the form of summary.json.

    A case that was asked several times counts once, with the mean of its scores; it has passed when every repeat has.

    Args:
        rows: Its results.
        planned: Questions that it was to ask, repeats included.
        gates: What it must reach; None: every case must pass.
    """
    asked = outcomes(rows)
    errors = sum(outcome.error for outcome in asked)
    passed = sum(outcome.passed for outcome in asked)
    kinds = dict.fromkeys(outcome.case.kind for outcome in asked)
    tags = Counter(tag for outcome in asked for tag in set(outcome.case.tags))
    summary: dict[str, Any] = {
        "n": len(asked),
        "passed": passed,
        "failed": len(asked) - passed - errors,
        "errors": errors,
        "metrics": _metrics(asked),
        "by_kind": {kind: _group([o for o in asked if o.case.kind == kind]) for kind in kinds},
        "by_tag": {tag: _group([o for o in asked if tag in o.case.tags]) for tag in sorted(tags)},
        "statuses": _statuses(asked),
        "auroc": _auroc(asked),
        "risk_coverage": _risk_coverage(asked),
        "latency_ms": percentiles([total for row in rows if (total := total_ms(row)) is not None]),
    }
    failing = [outcome.case.id for outcome in asked if not outcome.passed]
    verdict = decide(summary, missing=planned - len(rows), failing=failing, gates=gates)
    return summary | {"gates": list(verdict.gates), "verdict": verdict.line, "exit_code": verdict.exit_code}


def _group(members: Sequence[Outcome]) -> dict[str, Any]:
    return {"n": len(members), "passed": sum(o.passed for o in members), "metrics": _metrics(members)}


def _metrics(members: Sequence[Outcome]) -> dict[str, Any]:
    """Return each metric that any of the cases has, with the cases that are silent and unscored beside it."""
    table = {}
    for metric in MEANINGS:
        values = [(outcome.value(metric), outcome.case.cluster) for outcome in members]
        scored = [(value.number, cluster) for value, cluster in values if value.number is not None]
        silent = sum(value.silent for value, _ in values)
        if scored or silent:
            interval = mean_of([number for number, _ in scored], [cluster for _, cluster in scored])
            rest = {"silent": silent, "unscored": len(members) - len(scored) - silent}
            table[metric] = interval.json() | rest
    return table


def _statuses(asked: Sequence[Outcome]) -> dict[str, dict[str, int]]:
    """Return how often each status came, by the statuses expected; a repeat counts by itself."""
    table: dict[str, Counter[str]] = {}
    for outcome in asked:
        expected = "/".join(status for status in STATUSES if status in outcome.case.expect)
        if expected:
            got = (row["reply"]["status"] for row in outcome.rows if row["reply"])
            table.setdefault(expected, Counter()).update(got)
    return {expected: dict(counts.most_common()) for expected, counts in table.items()}


def _auroc(asked: Sequence[Outcome]) -> dict[str, Any]:
    """Return how well the confidence tells what is to be answered from what is not."""
    sure = [(outcome, confidence) for outcome in asked if (confidence := outcome.confidence) is not None]
    due = [(confidence, outcome.case.cluster) for outcome, confidence in sure if outcome.case.must_answer]
    undue = [(confidence, outcome.case.cluster) for outcome, confidence in sure if outcome.case.must_decline]
    clusters = [cluster for _, cluster in (*due, *undue)]
    return auroc([confidence for confidence, _ in due], [confidence for confidence, _ in undue], clusters).json()


def _risk_coverage(asked: Sequence[Outcome]) -> list[list[float]]:
    """Return the curve over the replies that answer; coverage is of all cases that have a confidence."""
    known = [(outcome, confidence) for outcome in asked if (confidence := outcome.confidence) is not None]
    answered = [(outcome, confidence) for outcome, confidence in known if _answers(outcome)]
    curve = risk_coverage([c for _, c in answered], [not o.passed for o, _ in answered], len(known))
    return [list(point) for point in curve]


def _answers(outcome: Outcome) -> bool:
    return any(row["reply"] and row["reply"]["status"] in ANSWERS for row in outcome.rows)


def _mean(values: Iterable[float | None]) -> float | None:
    numbers = [value for value in values if value is not None]
    return sum(numbers) / len(numbers) if numbers else None


def describe(summary: Mapping[str, Any]) -> str:
    """Return a summary as a person reads it in a terminal."""
    lines = [f"{'metric':20} {'mean':>8}  {'95 % interval':17} {'n':>5} {'silent':>6} {'unscored':>8}"]
    for name, each in summary["metrics"].items():
        lines.append(f"{name:20} {_figures(each)} {each['silent']:6} {each['unscored']:8}")
    if summary["auroc"]["mean"] is not None:
        lines.append(f"{'auroc':20} {_figures(summary['auroc'])}")
    lines.append("")
    lines += [f"{kind:20} {each['passed']} of {each['n']} pass" for kind, each in summary["by_kind"].items()]
    latency = summary["latency_ms"]
    if latency["n"]:
        lines.append(f"{'milliseconds':20} p50 {latency['p50']:.0f}, p95 {latency['p95']:.0f}")
    for gate in summary["gates"]:
        sign, limit = ("at least", gate["at_least"]) if gate["at_least"] is not None else ("at most", gate["at_most"])
        value = "silent" if gate["value"] is None else f"{gate['value']:.3f}"
        of = f" ({gate['kind']})" if gate["kind"] else ""
        lines.append(f"{'holds' if gate['passed'] else 'FAILS'} {gate['metric']}{of}: {value}, {sign} {limit:.3f}")
    return "\n".join([*lines, "", summary["verdict"]])


def _figures(each: Mapping[str, Any]) -> str:
    mean = "–" if each["mean"] is None else f"{each['mean']:.3f}"
    interval = "–" if each["low"] is None else f"{each['low']:.3f} to {each['high']:.3f}"
    return f"{mean:>8}  {interval:17} {each['n']:5}"

"""What a run must reach: limits in a TOML file, and the one function that says whether it did.

The verdict line, the exit code and the report all come from `decide`.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from career_advisor.evaluation.metrics import LOWER_IS_BETTER, MEANINGS
from career_advisor.records import WrongUse

GATED = (
    *("passed", "status", "fact_recall", "forbidden_free", "services_recall", "refusal_recall", "false_refusal"),
    *("quotes_exact", "citation_validity", "citation_coverage", "citation_recall", "repetition"),
    *("hit@1", "answer@5", "recall@10", "ndcg@10", "auroc"),
)
"""Metrics that `gates_from` sets a gate for; `passed` for each kind as well."""
_NAMED = 8
"""Ids in a verdict line at most."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A limit for the mean of a metric."""

    metric: str
    at_least: float | None = None
    at_most: float | None = None
    """For a metric that is better when lower; one of the two is given."""
    kind: str | None = None
    """Cases of one kind only; None: all."""
    baseline: float | None = None
    """Mean of the run that it was set from."""
    half_width: float | None = None
    """Half of its 95 % interval."""
    n: int | None = None
    """Cases that it was the mean of."""

    def limit(self, n: int) -> float:
        """Return the limit for a mean of so many cases.

        With fewer than the baseline had, a mean strays further by chance, with the root of their number: a part of the
        set is held to a wider limit.
        """
        given = self.at_least if self.at_least is not None else self.at_most
        if self.baseline is None or self.half_width is None or not self.n or n >= self.n:
            return float(given or 0.0)
        slack = self.half_width * math.sqrt(self.n / max(n, 1))
        return self.baseline - slack if self.at_least is not None else self.baseline + slack


class Verdict(NamedTuple):
    """Whether a run will do."""

    line: str
    exit_code: int
    """0, or 1 where it will not."""
    gates: tuple[dict[str, Any], ...]
    """`metric`, `kind`, `at_least`, `at_most`, `value`, `passed` each."""


# ---------------------------------------------------------------- reading and setting


def read_gates(path: Path, kinds: Sequence[str]) -> tuple[Gate, ...]:
    """Read gates: `[[gate]]` with `metric`, `at_least` or `at_most`, and where it is for some cases only, `kind`.

    Args:
        path: The TOML file.
        kinds: Those of the test set.

    Raises:
        WrongUse: If the file cannot be read or anything in it makes no sense; it names all that does not.
    """
    try:
        given = tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as fault:
        raise WrongUse(f"{path}: {fault.strerror}; name a file of gates with --gates") from fault
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise WrongUse(f"{path} is not TOML: {fault}") from fault
    tables = given.get("gate")
    if not isinstance(tables, list) or not tables:
        raise WrongUse(f'{path} has no [[gate]]; one is `metric = "passed"` and `at_least = 0.9`')
    faults = [f"{path}: gate {i}: {fault}" for i, table in enumerate(tables, 1) for fault in _faults(table, kinds)]
    if faults:
        raise WrongUse("\n".join(faults))
    return tuple(gate_of(table) for table in tables)


def gate_of(table: Mapping[str, Any]) -> Gate:
    """Return the gate of a sound table."""
    return Gate(**table)


def gates_json(gates: Sequence[Gate] | None) -> list[dict[str, Any]] | None:
    """Return gates as a manifest keeps them; None where every case must pass."""
    return None if gates is None else [asdict(gate) for gate in gates]


def _faults(table: Any, kinds: Sequence[str]) -> list[str]:
    if not isinstance(table, dict):
        return ["not a table"]
    fields = Gate.__dataclass_fields__
    faults = [f"no field is called {name}" for name in table if name not in fields]
    metric = table.get("metric")
    if metric not in MEANINGS and metric != "auroc":
        faults.append(f"no metric is called {metric!r}; there are {', '.join([*MEANINGS, 'auroc'])}")
    limits = [name for name in ("at_least", "at_most") if name in table]
    if len(limits) != 1:
        faults.append("give one of at_least and at_most")
    numbers = [*limits, *(name for name in ("baseline", "half_width", "n") if name in table)]
    for name in numbers:
        if isinstance(table[name], bool) or not isinstance(table[name], int | float):
            faults.append(f"{name} must be a number")
    if "kind" in table and table["kind"] not in kinds:
        faults.append(f"no case is of kind {table['kind']!r}; there are {', '.join(kinds)}")
    return faults


def gates_from(summary: Mapping[str, Any]) -> tuple[Gate, ...]:
    """Return gates at baseline minus half-width: what a run as good as this one reaches 39 times in 40.

    A metric without an interval gets none.
    """
    gates = [_set(name, None, _figure(summary, name, None)) for name in GATED]
    gates += [_set("passed", kind, _figure(summary, "passed", kind)) for kind in summary["by_kind"]]
    return tuple(gate for gate in gates if gate is not None)


def _set(metric: str, kind: str | None, figure: Mapping[str, Any]) -> Gate | None:
    mean, low, high = figure.get("mean"), figure.get("low"), figure.get("high")
    if mean is None or low is None or high is None:
        return None
    half = (high - low) / 2
    common = {"kind": kind, "baseline": mean, "half_width": round(half, 6), "n": figure["n"]}
    if metric in LOWER_IS_BETTER:
        return Gate(metric, at_most=math.ceil((mean + half) * 1000) / 1000, **common)
    return Gate(metric, at_least=math.floor((mean - half) * 1000) / 1000, **common)


def toml_of(gates: Sequence[Gate], manifest: Mapping[str, Any]) -> str:
    """Return gates as a TOML file that says which run they were set from."""
    lines = [
        "# What a run over the test set must reach: the baseline minus half of its 95 % interval, by",
        f"# `career-advisor evaluate gates {manifest['run']}`.",
        "",
        "[baseline]",
        f"run = {_quoted(manifest['run'])}",
        f"created = {_quoted(manifest['created'])}",
        f"model = {_quoted(manifest['model'])}",
        f"encoder = {_quoted(manifest['encoder'])}",
        f"version = {_quoted(manifest['version'])}",
        f"machine = {_quoted(manifest['machine'])}",
        f"cases_sha256 = {_quoted(manifest['cases']['sha256'])}",
    ]
    for gate in gates:
        lines += ["", "[[gate]]"]
        lines += [
            f"{name} = {_quoted(value) if isinstance(value, str) else value}"
            for name, value in asdict(gate).items()
            if value is not None
        ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(str(text), ensure_ascii=False)


# ---------------------------------------------------------------- the verdict


def decide(
    summary: Mapping[str, Any], *, missing: int, failing: Sequence[str], gates: Sequence[Gate] | None
) -> Verdict:
    """Say whether a run will do.

    With gates each must hold; without them every case must pass. Either way a case that could not be asked, or was not
    asked yet, is a failure. A gate for which the run holds no case is left out; one whose cases are all silent fails.

    Args:
        summary: `n`, `passed`, `errors`, `metrics`, `by_kind`, `auroc`.
        missing: Questions that were to be asked and have not been yet, repeats included.
        failing: Ids of the cases that did not pass.
        gates: None where every case must pass.
    """
    n, passed, errors = summary["n"], summary["passed"], summary["errors"]
    results = [result for gate in gates or () if (result := _held(gate, summary)) is not None]
    lost = [each for each in results if not each["passed"]]
    rate = f"{passed} of {n} cases pass"
    if missing:
        line, good = f"STOPPED: {missing} questions are not asked yet (--resume goes on); {rate} so far", False
    elif errors:
        named = f"{errors} of {n} cases could not be asked"
        line, good = f"FAILED: {named} (--resume --retry-errors asks them again); {rate}", False
    elif gates is None:
        line, good = (
            (f"FAILED: {rate}; not {_listed(failing)}" if failing else f"PASSED: all {n} cases pass"),
            not failing,
        )
    elif not results:
        line, good = f"FAILED: none of the gates has a case to be judged by; {rate}", False
    elif lost:
        told = "; ".join(_told(each) for each in lost)
        line, good = f"FAILED: {len(lost)} of {len(results)} gates do not hold ({told}); {rate}", False
    else:
        line, good = f"PASSED: all {len(results)} gates hold; {rate}", True
    return Verdict(line + ".", 0 if good else 1, tuple(results))


def _held(gate: Gate, summary: Mapping[str, Any]) -> dict[str, Any] | None:
    figure = _figure(summary, gate.metric, gate.kind)
    if not figure.get("n") and not figure.get("silent"):
        return None
    value = figure["mean"]
    limit = round(gate.limit(figure["n"]), 6)
    least = gate.at_least is not None
    holds = value is not None and (value >= limit if least else value <= limit)
    return {
        "metric": gate.metric,
        "kind": gate.kind,
        "at_least": limit if least else None,
        "at_most": None if least else limit,
        "value": value,
        "passed": holds,
    }


def _figure(summary: Mapping[str, Any], metric: str, kind: str | None) -> Mapping[str, Any]:
    if metric == "auroc":
        found = summary["auroc"] if kind is None else {}
    elif kind is None:
        found = summary["metrics"].get(metric, {})
    else:
        found = summary["by_kind"].get(kind, {}).get("metrics", {}).get(metric, {})
    figure: Mapping[str, Any] = found
    return figure


def _told(gate: Mapping[str, Any]) -> str:
    of = f" of {gate['kind']}" if gate["kind"] else ""
    value = "silent" if gate["value"] is None else f"{gate['value']:.3f}"
    sign, limit = ("<", gate["at_least"]) if gate["at_least"] is not None else (">", gate["at_most"])
    return f"{gate['metric']}{of} {value} {sign} {limit:.3f}"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")

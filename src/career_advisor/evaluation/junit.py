"""A run for a CI server: each case a test, in a suite by kind; each gate a test, in a suite of its own."""

from __future__ import annotations

import re
import xml.etree.ElementTree as Xml
from collections.abc import Mapping, Sequence
from typing import Any

from career_advisor.evaluation.cases import NO_KIND
from career_advisor.evaluation.folder import Row
from career_advisor.evaluation.summing import total_ms

# XML 1.0 has no way to write these, not even escaped.
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_of(rows: Sequence[Row], summary: Mapping[str, Any], manifest: Mapping[str, Any]) -> str:
    """Return junit.xml.

    Args:
        rows: The results.
        summary: Of them.
        manifest: Of the run.
    """
    suites: dict[str, list[Xml.Element]] = {}
    for row in rows:
        suites.setdefault(row["case"].get("kind") or NO_KIND, []).append(_case(row, repeated=manifest["repeat"] > 1))
    if summary["gates"]:
        suites["gates"] = [_gate(gate) for gate in summary["gates"]]
    every = [test for tests in suites.values() for test in tests]
    root = Xml.Element("testsuites", {"name": _text(manifest["run"]), **_counts(every)})
    for name, tests in suites.items():
        about = {"name": _text(name), "timestamp": manifest["created"], **_counts(tests)}
        suite = Xml.SubElement(root, "testsuite", about)
        suite.extend(tests)
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _case(row: Row, *, repeated: bool) -> Xml.Element:
    case = row["case"]
    name = f"{case['id']} ({row['repeat'] + 1})" if repeated else case["id"]
    seconds = f"{(total_ms(row) or 0.0) / 1000:.3f}"
    test = Xml.Element("testcase", classname=_text(case.get("kind") or NO_KIND), name=_text(name), time=seconds)
    if row["error"]:
        Xml.SubElement(test, "error", message=_text(row["error"]))
    elif not row["passed"]:
        failure = Xml.SubElement(test, "failure", message=_text(" ".join(row["why"])))
        failure.text = _text(f"{case['question']}\n\n{row['reply']['answer']}")
    return test


def _gate(gate: Mapping[str, Any]) -> Xml.Element:
    least = gate["at_least"] is not None
    limit = f"{'at least' if least else 'at most'} {gate['at_least'] if least else gate['at_most']}"
    test = Xml.Element(
        "testcase", classname="gates", name=_text(" of ".join(filter(None, (gate["metric"], gate["kind"]))))
    )
    if not gate["passed"]:
        Xml.SubElement(test, "failure", message=f"{gate['value']}, must be {limit}")
    return test


def _counts(tests: Sequence[Xml.Element]) -> dict[str, str]:
    return {
        "tests": str(len(tests)),
        "failures": str(sum(test.find("failure") is not None for test in tests)),
        "errors": str(sum(test.find("error") is not None for test in tests)),
    }


def _text(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", text)

"""What the pages show, gathered from the index, the runs and the journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from career_advisor import opening
from career_advisor.evaluation import comparing, folder
from career_advisor.evaluation.intervals import percentiles
from career_advisor.evaluation.report import opened
from career_advisor.journal import DECLINED, Journal, Line, most_declined
from career_advisor.records import AdvisorError, IndexMissing, WrongUse
from career_advisor.settings import Settings

CASES_SHOWN = 500
QUESTIONS_SHOWN = 50
DAYS_SHOWN = 31


# ---------------------------------------------------------------- the index


def index_page(settings: Settings) -> dict[str, Any]:
    """Return what is served, what changed since, and the versions that are kept."""
    page: dict[str, Any] = {
        "status": None,
        "diff": None,
        "trouble": "",
        "none_yet": False,
        "versions": opening.versions_json(settings),
    }
    try:
        page["status"] = opening.status_json(settings)
        page["trouble"] = page["status"]["trouble"]
        page["diff"] = opening.diff_json(settings, None, thorough=False)
    except IndexMissing:
        page["none_yet"] = True
    except AdvisorError as fault:
        page["trouble"] = str(fault)
    before = [row for row in page["versions"] if not row["served"]]
    served = next((row["index"] for row in page["versions"] if row["served"]), "")
    page["before"] = next((row["index"] for row in before if row["index"] < served), None)
    return page


# ---------------------------------------------------------------- evaluation


def runs_folder(settings: Settings) -> Path:
    """Return where `career-advisor evaluate run` puts its runs."""
    return settings.home / "runs"


def runs(settings: Settings) -> list[dict[str, Any]]:
    """Return every run, the newest first: `manifest`, and `summary` where it was summed up."""
    found: list[dict[str, Any]] = []
    for path in runs_folder(settings).glob(f"*/{folder.MANIFEST}"):
        try:
            manifest = folder.read_manifest(path.parent)
            whole = (path.parent / folder.SUMMARY).is_file()
            summary = folder.read_summary(path.parent) if whole else None
        except WrongUse as fault:
            found.append({"name": path.parent.name, "manifest": None, "summary": None, "trouble": str(fault)})
            continue
        found.append(
            {"name": path.parent.name, "manifest": opened(manifest), "summary": opened(summary), "trouble": ""}
        )
    return sorted(found, key=lambda run: str((run["manifest"] or {}).get("created", "")), reverse=True)


def run_folder(settings: Settings, name: str) -> Path:
    """Return the folder of a run by its name.

    Raises:
        WrongUse: If there is no run of that name: a path is no name.
    """
    for path in runs_folder(settings).glob(f"*/{folder.MANIFEST}"):
        if path.parent.name == name:
            return path.parent
    raise WrongUse("There is no run of that name.")


class CaseLine(NamedTuple):
    """A result of a run, in a list."""

    place: int
    """Position in the results, from 1."""
    id: str
    kind: str
    question: str
    status: str
    result: str
    """passed, failed, error or unscored."""


def run_page(settings: Settings, name: str, *, show: str) -> dict[str, Any]:
    """Return a run with its results.

    Args:
        settings: Say where the runs are.
        name: Of the run.
        show: "failed" for what did not pass, "all" for everything.

    Raises:
        WrongUse: If there is no such run, or it is damaged.
    """
    path = run_folder(settings, name)
    lines = [_case_line(place, row) for place, row in enumerate(folder.read_rows(path), start=1)]
    shown = [line for line in lines if show == "all" or line.result in {"failed", "error"}]
    return {
        "name": name,
        "manifest": opened(folder.read_manifest(path)),
        "summary": opened(folder.read_summary(path)) if (path / folder.SUMMARY).is_file() else None,
        "show": show,
        "cases": shown[:CASES_SHOWN],
        "left_out": len(shown) - len(shown[:CASES_SHOWN]),
        "count": len(lines),
        "failed": sum(line.result in {"failed", "error"} for line in lines),
        "has_report": (path / folder.REPORT).is_file(),
    }


def _case_line(place: int, row: folder.Row) -> CaseLine:
    case, reply = row["case"], row.get("reply") or {}
    return CaseLine(
        place,
        str(case["id"]),
        str(case.get("kind") or ""),
        str(case["question"]),
        str(reply.get("status") or ""),
        _result(row),
    )


def _result(row: folder.Row) -> str:
    if row.get("error"):
        return "error"
    passed = row.get("passed")
    return "unscored" if passed is None else "passed" if passed else "failed"


def case_page(settings: Settings, name: str, place: int) -> dict[str, Any]:
    """Return one result of a run with all that is known of how it came about.

    Raises:
        WrongUse: If there is no such result.
    """
    rows = folder.read_rows(run_folder(settings, name))
    if not 1 <= place <= len(rows):
        raise WrongUse("There is no result at that place of the run.")
    row = opened(rows[place - 1])
    return {"name": name, "place": place, "row": row, "result": _result(row), "reply": row["reply"] or {}}


def comparison(settings: Settings, a: str, b: str) -> dict[str, Any]:
    """Return what got better and worse from one run to another, and where each case stands in both.

    Raises:
        WrongUse: If there is no such run, or the two share no case.
    """
    paths = run_folder(settings, a), run_folder(settings, b)
    compared = comparing.compare(*paths, anyway=True)
    places = [
        {str(row["case"]["id"]): at for at, row in reversed(list(enumerate(folder.read_rows(path), start=1)))}
        for path in paths
    ]
    return {"a": a, "b": b, "compared": compared, "places": places}


# ---------------------------------------------------------------- what was asked


def questions_page(settings: Settings) -> dict[str, Any]:
    """Return what was declined and how long answers took, as far as the operator has that kept."""
    journal = Journal(settings.home, settings.keep_questions_days)
    lines = journal.read()
    in_order = sorted(lines, key=lambda line: line.day)
    by_day = [(day, list(those)) for day, those in groupby(in_order, key=lambda line: line.day)]
    return {
        "on": settings.keep_questions,
        "timed": settings.keep_questions or settings.keep_times,
        "days_kept": settings.keep_questions_days,
        "file": str(journal.path),
        "declined": most_declined(lines, limit=QUESTIONS_SHOWN),
        "answers": len(lines),
        "days": [
            {"day": day, "declined": sum(line.status in DECLINED for line in those), **_latency(those)}
            for day, those in reversed(by_day[-DAYS_SHOWN:])
        ],
        "all": _latency(lines),
    }


def _latency(lines: Sequence[Line]) -> Mapping[str, Any]:
    return percentiles([line.milliseconds for line in lines if line.milliseconds > 0])

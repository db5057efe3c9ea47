"""A run on disk: manifest.json, results.jsonl, summary.json, junit.xml and report.html in a folder of its own.

Results are appended a line at a time and flushed, so that whatever ends a run leaves all but its last line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO, TypeAlias

from career_advisor.records import WrongUse

MANIFEST, RESULTS, SUMMARY, JUNIT, REPORT = (
    "manifest.json",
    "results.jsonl",
    "summary.json",
    "junit.xml",
    "report.html",
)
Row: TypeAlias = dict[str, Any]
"""A line of the results: `case`, `repeat`, `reply`, `hits`, `confidence`, `scores`, `passed`, `why`, `error`."""


def run_name(now: datetime, *parts: str | None) -> str:
    """Return a name for a run's folder.

    >>> run_name(datetime(2026, 11, 25, 20, 5), "ollama:qwen", None, "new chunks")
    '2026-11-25-200500-ollama-qwen-new-chunks'
    """
    named = [slug(part) for part in parts if part]
    return "-".join([f"{now:%Y-%m-%d-%H%M%S}", *(part for part in named if part)])


def slug(text: str) -> str:
    """Return a text as part of a folder's name.

    >>> slug("ollama:qwen")
    'ollama-qwen'
    """
    return re.sub(r"[^\w.]+", "-", text).strip("-.")


def find_run(name: Path, runs: Path) -> Path:
    """Return the folder of a run, given as a path or as a name below the folder of all runs.

    Raises:
        WrongUse: If neither holds a run.
    """
    for folder in (name, runs / name):
        if (folder / MANIFEST).is_file():
            return folder
    raise WrongUse(f"{name}: no run there, nor in {runs}; `career-advisor evaluate run` makes one")


def newest_unfinished(runs: Path) -> Path:
    """Return the run to go on with.

    Raises:
        WrongUse: If every run is finished, or there is none.
    """
    waiting = [
        (manifest["created"], path.parent)
        for path in runs.glob(f"*/{MANIFEST}")
        if not (manifest := read_manifest(path.parent))["finished"]
    ]
    if not waiting:
        raise WrongUse(f"no unfinished run in {runs}; name one with --out FOLDER")
    return max(waiting)[1]


def refuse_used(folder: Path) -> None:
    """See that a new run would overwrite nothing.

    Raises:
        WrongUse: If there is a run in the folder already.
    """
    if there := [name for name in (MANIFEST, RESULTS, SUMMARY, JUNIT, REPORT) if (folder / name).exists()]:
        raise WrongUse(f"{folder} has a run's {there[0]} already; --resume goes on with it, or give another --out")


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return a run's manifest.

    Raises:
        WrongUse: If it is missing or is not one.
    """
    manifest = _read_object(folder / MANIFEST)
    if not {"cases", "model", "created", "finished", "repeat"} <= manifest.keys():
        raise WrongUse(f"{folder / MANIFEST} is not the manifest of a run")
    return manifest


def read_summary(folder: Path) -> dict[str, Any]:
    """Return a run's summary.

    Raises:
        WrongUse: If it is missing or is not one.
    """
    return _read_object(folder / SUMMARY)


def read_rows(folder: Path) -> list[Row]:
    """Return a run's results in the order in which they came; half a line at the end is left out.

    Raises:
        WrongUse: If the file cannot be read, or a line before the last is damaged.
    """
    path = folder / RESULTS
    try:
        lines = path.read_bytes().split(b"\n") if path.exists() else []
    except OSError as fault:
        raise WrongUse(f"{path}: {fault.strerror}") from fault
    rows = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            row["case"]["id"], row["case"]["question"], row["repeat"]
        except (ValueError, KeyError, TypeError) as fault:
            if number == len(lines):
                break
            raise WrongUse(f"{path}:{number} is not a result ({fault}); make the run anew") from fault
        rows.append(row)
    return rows


def write_rows(folder: Path, rows: Iterable[Row]) -> None:
    """Replace the results."""
    write_text(folder / RESULTS, "".join(line_of(row) for row in rows))


def append(row: Row, file: TextIO) -> None:
    """Write one result and make sure that it is out."""
    file.write(line_of(row))
    file.flush()


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write an object, whole or not at all."""
    write_text(path, json.dumps(data, ensure_ascii=False, indent=1) + "\n")


def line_of(data: Mapping[str, Any]) -> str:
    """Return an object as one line; a lone surrogate in a question would not encode and is written as its escape."""
    return json.dumps(data, ensure_ascii=False).encode("utf-8", "backslashreplace").decode("utf-8") + "\n"


def write_text(path: Path, text: str) -> None:
    """Write a file, whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(text.encode("utf-8", "backslashreplace"))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def now() -> datetime:
    """Return the time, with its zone."""
    return datetime.now(UTC)


def _read_object(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text("utf-8"))
    except OSError as fault:
        raise WrongUse(f"{path}: {fault.strerror}; name a run that `career-advisor evaluate run` made") from fault
    except ValueError as fault:
        raise WrongUse(f"{path} is not JSON ({fault})") from fault
    if not isinstance(value, dict):
        raise WrongUse(f"{path} is not a JSON object")
    return value

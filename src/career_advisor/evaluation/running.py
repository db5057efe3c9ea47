"""Asking every case of a test set, scoring what comes, and writing it down as it comes.

Read this module first: `run` is the order of things. The advisor is handed in, open.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from career_advisor import __version__
from career_advisor.evaluation import folder as files
from career_advisor.evaluation.cases import Case, CaseSet
from career_advisor.evaluation.folder import Row
from career_advisor.evaluation.gates import Gate, gate_of, gates_json
from career_advisor.evaluation.judging import Model, judge_reply, prompt_sha256
from career_advisor.evaluation.junit import junit_of
from career_advisor.evaluation.metrics import score
from career_advisor.evaluation.passages import check_library
from career_advisor.evaluation.report import write_report
from career_advisor.evaluation.rewording import rewordings
from career_advisor.evaluation.summing import summarise
from career_advisor.records import (
    AdvisorError,
    Hit,
    Message,
    ModelUnavailable,
    Piece,
    Queries,
    Reply,
    Stage,
    WrongUse,
)
from career_advisor.wire import hit_json, reply_json

DEPTH = 10
"""Passages asked for where a reply has none of its own: what nDCG@10 looks at."""
AT_ONCE = 4
"""Cases asked of a remote model at a time; one in this process uses every core already."""


class Answerer(Protocol):
    """What is measured."""

    def reply(self, question: str, history: Sequence[Message] = ()) -> Iterator[Stage | Piece | Reply]:
        """Yield the whole Reply last."""
        ...

    def search(
        self, question: str, history: Sequence[Message] = (), *, limit: int = DEPTH
    ) -> tuple[Queries, list[Hit]]:
        """Return the passages alone, best first."""
        ...


class Progress(Protocol):
    """Told how far it is."""

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show that `done` of `total` is done."""
        ...


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run asks, and of whom: two runs with one plan are one run."""

    case_set: CaseSet
    chosen: tuple[Case, ...]
    model: str
    index: str
    encoder: str
    gates: tuple[Gate, ...] | None = None
    """None: every case must pass."""
    half: str | None = None
    limit: int | None = None
    repeat: int = 1
    failing_of: str | None = None
    """The run whose failures are asked again."""
    stability: bool = False
    """Whether cases with facts are asked in other wordings, too."""
    judge: str | None = None
    tag: str | None = None
    prompt: str | None = None
    """Version of the prompt that a language model was asked with; None where none was."""

    def manifest(self, name: str) -> dict[str, Any]:
        """Return the manifest of a run that begins now."""
        return {
            "run": name,
            "created": files.now().isoformat(timespec="seconds"),
            "seconds": 0.0,
            "cases": {
                "path": str(self.case_set.path),
                "sha256": self.case_set.sha256,
                "n": len(self.case_set.cases),
                "chosen": len(self.chosen),
            },
            "index": self.index,
            "encoder": self.encoder,
            "model": self.model,
            "version": __version__,
            "python": platform.python_version(),
            "machine": machine(),
            "prompt": self.prompt,
            "tag": self.tag,
            "limit": self.limit,
            "half": self.half,
            "repeat": self.repeat,
            "filter_failing": self.failing_of,
            "stability": self.stability,
            "judge": {"model": self.judge, "prompt_sha256": prompt_sha256()} if self.judge else None,
            "gates": gates_json(self.gates),
            "finished": False,
        }


def choose(
    case_set: CaseSet, *, half: str | None = None, failing: Collection[str] | None = None, limit: int | None = None
) -> tuple[Case, ...]:
    """Return the cases to ask: of one half, of those that failed elsewhere, and of these the first few.

    Raises:
        WrongUse: If none is left.
    """
    chosen = [case for case in case_set.cases if half is None or case.half == half]
    if not chosen:
        raise WrongUse(f"{case_set.path}: no case has `half` = {half!r}")
    chosen = [case for case in chosen if failing is None or case.id in failing]
    if not chosen:
        raise WrongUse(f"{case_set.path}: none of its cases failed in that run; there is nothing to ask again")
    return tuple(chosen[:limit])


def failing_in(run: Path) -> set[str]:
    """Return the ids of the cases that did not pass in a run."""
    return {row["case"]["id"] for row in files.read_rows(run) if not row["passed"]}


# ---------------------------------------------------------------- a run


def begin(folder: Path, plan: Plan) -> None:
    """Make the folder of a new run.

    Raises:
        WrongUse: If there is a run in it already.
    """
    files.refuse_used(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files.write_rows(folder, ())
    files.write_json(folder / files.MANIFEST, plan.manifest(folder.name))


def resume(folder: Path, plan: Plan, *, retry_errors: bool = False) -> None:
    """Make a run ready to go on: half a line is cut off and, on request, what could not be asked is forgotten.

    Raises:
        WrongUse: If what was asked so far was asked by another plan; it says what differs.
    """
    before, wanted = files.read_manifest(folder), plan.manifest(folder.name)
    kept = (
        "model",
        "prompt",
        "index",
        "encoder",
        "version",
        "half",
        "limit",
        "repeat",
        "filter_failing",
        "stability",
        "judge",
    )
    changed = [f"{name} was {before.get(name)}, is {wanted[name]}" for name in kept if before.get(name) != wanted[name]]
    if before["cases"]["sha256"] != plan.case_set.sha256:
        changed.insert(0, f"{plan.case_set.path} has changed since")
    if changed:
        raise WrongUse(f"{folder} cannot go on: {'; '.join(changed)}; begin a new run")
    files.write_rows(folder, [row for row in files.read_rows(folder) if not (retry_errors and row["error"])])
    files.write_json(folder / files.MANIFEST, before | {"finished": False, "gates": wanted["gates"]})


def run(
    folder: Path,
    plan: Plan,
    answerer: Answerer,
    documents: Mapping[str, str],
    *,
    progress: Progress,
    judge: Model | None = None,
) -> None:
    """Ask what has not been asked yet, and write down each result as it comes.

    Args:
        folder: As `begin` or `resume` left it.
        plan: The same.
        answerer: Is asked.
        documents: Stored text by path, to check quotes against.
        progress: Told after every case.
        judge: Says of each sentence whether its quotes carry it.

    Raises:
        AdvisorError: If asking on is useless: no index, no model to begin with. What was asked so far stays, as it does
            on Ctrl-C, and `resume` goes on with it.
    """
    if any(case.gold for case in plan.chosen):
        check_library()
    asked = {(row["case"]["id"], row["repeat"]) for row in files.read_rows(folder)}
    wanted = [(case, i) for i in range(plan.repeat) for case in plan.chosen]
    waiting = [each for each in wanted if (each[0].id, each[1]) not in asked]
    manifest = files.read_manifest(folder)
    began, earlier = time.monotonic(), manifest["seconds"]
    ask = _Asking(answerer, documents, plan.stability, judge)
    try:
        with (folder / files.RESULTS).open("a", encoding="utf-8", newline="\n") as file:
            progress("asking", len(wanted) - len(waiting), len(wanted))
            for done, row in enumerate(_in_turn(ask, waiting, _at_once(plan.model)), len(wanted) - len(waiting) + 1):
                files.append(row, file)
                progress("asking", done, len(wanted))
        manifest["finished"] = True
    finally:
        manifest["seconds"] = round(earlier + time.monotonic() - began, 2)
        files.write_json(folder / files.MANIFEST, manifest)


def finish(folder: Path) -> dict[str, Any]:
    """Sum up what a run has, finished or not: write summary.json, junit.xml and report.html.

    Returns:
        The summary.

    Raises:
        WrongUse: If there is no run.
    """
    manifest, rows = files.read_manifest(folder), files.read_rows(folder)
    gates = None if manifest["gates"] is None else [gate_of(table) for table in manifest["gates"]]
    summary = summarise(rows, planned=manifest["cases"]["chosen"] * manifest["repeat"], gates=gates)
    summary["prompt"] = manifest.get("prompt")
    files.write_json(folder / files.SUMMARY, summary)
    files.write_text(folder / files.JUNIT, junit_of(rows, summary, manifest))
    write_report(folder)
    return summary


def _at_once(model: str) -> int:
    return 1 if model.partition(":")[0] in {"quotes", "local"} else AT_ONCE


def _in_turn(ask: _Asking, waiting: Sequence[tuple[Case, int]], at_once: int) -> Iterable[Row]:
    """Yield the results in order, asking so many at a time; what waits is given up when the reader stops."""
    if at_once == 1:
        yield from map(ask, waiting)
        return
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="evaluation")
    try:
        yield from pool.map(ask, waiting)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True, slots=True)
class _Asking:
    """Asks one case and scores what comes."""

    answerer: Answerer
    documents: Mapping[str, str]
    stability: bool
    judge: Model | None

    def __call__(self, each: tuple[Case, int]) -> Row:
        case, repeat = each
        try:
            reply = _whole(self.answerer.reply(case.question, case.history))
            hits = list(reply.hits) or self._searched(case, reply)
            others = rewordings(case.question) if self.stability and case.facts else ()
            reworded = {other: _whole(self.answerer.reply(other, case.history)).answer for other in others}
        except ModelUnavailable as trouble:
            return _failed(case, repeat, str(trouble))
        except AdvisorError:
            raise  # without an index every further case would fail as this one did
        except Exception as trouble:  # noqa: BLE001  (a case that breaks the advisor is a finding; the others go on)
            return _failed(case, repeat, f"{type(trouble).__name__}: {trouble}")
        return self._scored(case, repeat, reply, hits, reworded)

    def _searched(self, case: Case, reply: Reply) -> list[Hit]:
        """Search by itself where the reply was given without searching, though there is something to find."""
        if not case.gold or reply.status == "invalid":
            return []
        return self.answerer.search(case.question, case.history, limit=DEPTH)[1]

    def _scored(self, case: Case, repeat: int, reply: Reply, hits: Sequence[Hit], reworded: Mapping[str, str]) -> Row:
        shown = reply_json(reply, case.id)
        found = [hit_json(rank, hit) for rank, hit in enumerate(hits, start=1)]
        judged, silenced = _judged(shown, self.judge)
        scored = score(case, shown, found, self.documents, reworded=list(reworded.values()), judged=judged)
        row: Row = {
            "case": dict(case.line),
            "repeat": repeat,
            "reply": shown,
            "hits": found,
            "confidence": _confidence(reply, hits),
            "scores": scored.scores,
            "passed": scored.passed,
            "why": list(scored.why),
            "error": None,
        }
        if self.judge is not None:
            row |= {"judged": judged, "judge_error": silenced}
        if reworded:
            row["reworded"] = dict(reworded)
        return row


def _failed(case: Case, repeat: int, error: str) -> Row:
    return {
        "case": dict(case.line),
        "repeat": repeat,
        "reply": None,
        "hits": [],
        "confidence": None,
        "scores": {},
        "passed": None,
        "why": [],
        "error": error,
    }


def _judged(reply: Mapping[str, Any], judge: Model | None) -> tuple[list[bool | None], str | None]:
    """Return the judge's verdicts; none, and why, where it could not be asked: the case itself was answered."""
    if judge is None:
        return [], None
    try:
        return judge_reply(reply, judge), None
    except ModelUnavailable as trouble:
        return [], str(trouble)


def _confidence(reply: Reply, hits: Sequence[Hit]) -> float | None:
    """Return the reply's own confidence, None where it judged nothing.

    Replies that know no confidence at all have the score of their best passage; the two are never mixed in one run.
    """
    if hasattr(reply, "confidence"):
        own: float | None = reply.confidence
        return own
    return round(float(hits[0].score), 6) if hits else None


def _whole(pieces: Iterable[Stage | Piece | Reply]) -> Reply:
    *_, reply = pieces
    assert isinstance(reply, Reply)  # noqa: S101  (what Answerer.reply promises)
    return reply


def machine() -> str:
    """Return the processor and its cores, in words."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        model = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor() or platform.machine()
    return f"{model}, {os.cpu_count()} cores"

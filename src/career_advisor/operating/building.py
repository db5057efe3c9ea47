"""A build of the index that can be watched: each file as it is looked at, the steps behind it, and how it ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from career_advisor.index import BuildReport
from career_advisor.records import AdvisorError, Failure, IndexBusy, NothingReadable

FILES_SHOWN = 200
"""The files looked at last; failures are shown all the same, up to FAILURES_SHOWN."""
FAILURES_SHOWN = 500


class Build(Protocol):
    """Makes the index hold exactly these files and folders."""

    def __call__(
        self,
        paths: Sequence[Path] | None,
        *,
        add: bool,
        progress: Callable[[str, int, int], None],
        told: Callable[[str, str], None],
    ) -> BuildReport:
        """Build, and tell how far it is; raises AdvisorError."""
        ...


class Builder:
    """Runs one build at a time, in a thread of its own; the index stays whole if the process ends in the middle."""

    def __init__(self, build: Build) -> None:
        self._build = build
        self._lock = threading.Lock()
        self._running = False
        self._began = self._ended = 0.0
        self._files: list[Failure] = []
        self._failed: list[Failure] = []
        self._steps: dict[str, tuple[int, int]] = {}
        self._outcome = ""
        self._well = True

    def start(self, paths: Sequence[Path] | None, *, add: bool) -> None:
        """Begin a build.

        Args:
            paths: Files and folders; None: the same as last time.
            add: Whether what is indexed stays.

        Raises:
            IndexBusy: If one is running.
        """
        with self._lock:
            if self._running:
                raise IndexBusy("A build is running; its end can be waited for below.")
            self._running, self._began, self._ended = True, time.monotonic(), 0.0
            self._files, self._failed, self._steps, self._outcome, self._well = [], [], {}, "", True
        threading.Thread(target=self._run, args=(paths, add), name="index-build", daemon=True).start()

    def _run(self, paths: Sequence[Path] | None, add: bool) -> None:
        outcome, well = "It broke off; what was printed where this page was started says why.", False
        try:
            report = self._build(paths, add=add, progress=self._progress, told=self._told)
            outcome, well = _in_words(report), not report.failed
        except NothingReadable as fault:
            self._failed = list(fault.failed) or self._failed
            outcome = _as_a_sentence(fault)
        except AdvisorError as fault:
            outcome = _as_a_sentence(fault)
        finally:
            with self._lock:
                self._running, self._ended = False, time.monotonic()
                self._outcome, self._well = outcome, well

    def _progress(self, what: str, done: int, total: int) -> None:
        with self._lock:
            self._steps[what] = (done, total)

    def _told(self, name: str, trouble: str) -> None:
        with self._lock:
            self._files.append(Failure(name, trouble))
            if trouble:
                self._failed.append(Failure(name, trouble))

    def seen(self) -> dict[str, Any]:
        """Return what can be seen of the build that runs, or ran last, as JSON values."""
        with self._lock:
            seconds = (self._ended or time.monotonic()) - self._began if self._began else 0.0
            return {
                "running": self._running,
                "begun": bool(self._began),
                "seconds": round(seconds, 1),
                "looked_at": len(self._files),
                "files": [each._asdict() for each in self._files[-FILES_SHOWN:]],
                "failed": [each._asdict() for each in self._failed[:FAILURES_SHOWN]],
                "steps": [
                    {"what": what, "done": done, "total": total}
                    for what, (done, total) in self._steps.items()
                    if what != "reading"  # the files themselves say so
                ],
                "outcome": self._outcome,
                "well": self._well,
            }


def _as_a_sentence(fault: AdvisorError) -> str:
    told = str(fault)
    return f"{told[:1].upper()}{told[1:]}."


def _in_words(report: BuildReport) -> str:
    counts = {
        "added": report.added,
        "changed": report.changed,
        "removed": report.removed,
        "unchanged": report.unchanged,
        "could not be read": len(report.failed),
    }
    told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    pages = "1 document" if report.documents == 1 else f"{report.documents} documents"
    return f"Version {report.version} is served: {pages}, {report.passages} passages ({told})."

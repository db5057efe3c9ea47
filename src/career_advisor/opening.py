"""From settings to an open advisor: which weights, which index, which model; and what the operator's commands do.

Here the disk, the settings and the steps meet; nothing else knows all three.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from career_advisor import chunking, files, grounding, index, llm, models, referral
from career_advisor.advisor import Advisor
from career_advisor.embedding import Encoder
from career_advisor.records import (
    AdvisorError,
    Chunks,
    Document,
    IndexMissing,
    IndexUnsound,
    ModelUnavailable,
    Reading,
    WeightsMissing,
)
from career_advisor.settings import Settings, refuse_tracing, shipped_corpus

EXAMPLES = (
    "I'm a software engineer without a PhD. Could I work on AI safety?",
    "What kinds of technical AI safety research are there?",
    "I keep doubting that I'm good enough. Should I try anyway?",
    "Who can I talk to about my next step?",
)


class Progress(Protocol):
    """Told what is being done and how far it is."""

    def __call__(self, what: str, done: int, total: int) -> None: ...


def rich_progress() -> Progress:
    """Return a bar with rate and remaining time, for a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    bars = Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.speed:.0f}/s", justify="right"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    tasks: dict[str, TaskID] = {}

    def show(what: str, done: int, total: int) -> None:
        if what not in tasks:
            bars.start()
            tasks[what] = bars.add_task(what, total=total)
        bars.update(tasks[what], completed=done, total=total)
        if done >= total:
            bars.stop()

    return show


def plain_progress(say: Callable[[str], None]) -> Progress:
    """Return lines, one for every tenth, where there is no terminal."""
    tenths: dict[str, int] = {}

    def show(what: str, done: int, total: int) -> None:
        tenth = 10 * done // max(total, 1)
        if tenths.get(what) != tenth:
            tenths[what] = tenth
            say(f"{what}: {done} of {total}")

    return show


# ---------------------------------------------------------------- weights


def fetch_models(settings: Settings, name: str | None, say: Callable[[str], None]) -> dict[str, Path]:
    """Fetch one entry of the catalogue, or those that the settings call for.

    Raises:
        WeightsMissing: If no source gave the right files.
    """
    names = [name] if name else [_wanted_encoder(settings)]
    if not name and settings.model == "local":
        names.append(models.DEFAULT_LANGUAGE_MODEL)
    return {entry: models.fetch(entry, settings.weights, say) for entry in names}


def verify_models(settings: Settings) -> dict[str, str]:
    """Hash what is there; return each name with its problem, empty where it is sound."""
    findings = {}
    for name in models.catalogue():
        try:
            models.verify(name, settings.weights)
            findings[name] = ""
        except WeightsMissing as fault:
            if (settings.weights / name).exists():
                findings[name] = str(fault)
    return findings


def models_json(settings: Settings) -> list[dict[str, Any]]:
    """Return the catalogue with what is there of it."""
    rows = []
    for entry in models.catalogue().values():
        try:
            state = str(models.find(entry.name, settings.weights))
        except WeightsMissing as fault:
            state = "not fetched" if not (settings.weights / entry.name).exists() else str(fault)
        rows.append(
            {
                "name": entry.name,
                "kind": entry.kind,
                "licence": entry.licence,
                "bytes": entry.bytes,
                "sha256": entry.sha256,
                "state": state,
            }
        )
    return rows


def _wanted_encoder(settings: Settings) -> str:
    return models.DEFAULT_ENCODER if settings.encoder == "auto" else settings.encoder


def open_encoder(settings: Settings) -> Encoder:
    """Return the encoder of the settings, not yet loaded.

    Raises:
        WeightsMissing: If it is not there or not the real thing.
    """
    entry, folder = models.choose_encoder(settings.encoder, settings.weights)
    return Encoder(folder, entry.identity, threads=settings.encoder_threads)

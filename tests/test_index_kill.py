"""Killed at any moment, a build leaves the old index whole, and whoever asks never notices."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from career_advisor import chunking, index
from career_advisor.advisor import Advisor
from career_advisor.index import VectorCache
from career_advisor.index.build import writing
from career_advisor.opening import load_services
from career_advisor.records import Reply
from tests import killed
from tests.test_index import wait_for

KILLS = 20
WHOLE = 3
"""Builds between the kills that are let live, so that readers change over, too."""


def start(home: Path, salt: str, vectors: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.killed", str(home), salt, str(vectors)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])},
        stdout=subprocess.PIPE,
        text=True,
    )


def said_by(builder: subprocess.Popen[str]) -> str:
    assert builder.stdout is not None
    return builder.stdout.readline().strip()


def build_whole(home: Path, vectors: Path) -> float:
    """Build the first version; return the seconds from where it began to write."""
    builder = start(home, "G0", vectors)
    assert said_by(builder) == "writing"
    began = time.monotonic()
    assert said_by(builder) == "done"
    return time.monotonic() - began


def kill_while_it_writes(builder: subprocess.Popen[str], after: float | None) -> None:
    """Kill it so many seconds after it began to write; never, where that is None."""
    if said_by(builder) == "writing" and after is not None:
        time.sleep(after)
        builder.kill()


def swept(home: Path) -> bool:
    """Sweep as a builder does; whether nothing of one that was killed is left."""
    with writing(home):
        return not list((home / "index").glob(".building-*"))


def salt_of(reply: Reply) -> str:
    """Return the salt of an answer that is whole and of one version."""
    assert reply.status == "answered"
    salts: set[str] = set(killed.SALT.findall(reply.answer))
    (salt,) = salts
    pages = {document.path: document.text for document in killed.documents(salt)}
    assert reply.citations
    assert {int(n) for n in re.findall(r"\[(\d+)\]", reply.answer)} == {c.number for c in reply.citations}
    for citation in reply.citations:
        assert pages[citation.document][citation.start : citation.end] == citation.quote
        assert citation.quote in reply.answer
    for hit in reply.hits:
        assert hit.document.text == pages[hit.document.path]
    return salt


@pytest.mark.slow
def test_twenty_builders_killed_while_they_write_and_not_one_failed_mixed_or_partial_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, remembering: VectorCache
) -> None:
    monkeypatch.setattr("career_advisor.index.read.LOOK_EVERY", 0.0)
    home, file, identity = tmp_path / "home", tmp_path / "vectors.npz", remembering.identity
    rows = remembering.encode(killed.texts())
    np.savez(file, name=identity.name, sha256=identity.sha256, rows=rows)
    writes = build_whole(home, file)
    reader = index.Reader(home, identity, chunking.SPLITTER_VERSION)
    advisor = Advisor(reader, remembering, load_services(), examples=remembering)
    chance = random.Random(7)
    salts: dict[str, str] = {}
    answers = kills = whole = unpublished = tries = 0
    while kills < KILLS or whole < WHOLE:
        tries += 1
        assert tries <= 3 * (KILLS + WHOLE), "the builders end before they can be killed"
        builder = start(home, f"G{tries}", file)
        spared = whole <= kills * WHOLE // KILLS and whole < WHOLE
        after = None if spared else chance.uniform(0, writes)
        killer = threading.Thread(target=kill_while_it_writes, args=(builder, after))
        killer.start()
        while builder.poll() is None:
            *_, reply = advisor.reply(killed.QUESTIONS[answers % len(killed.QUESTIONS)])
            assert isinstance(reply, Reply)
            salt = salt_of(reply)
            assert salts.setdefault(reply.index, salt) == salt
            answers += 1
            time.sleep(0.05)  # the builder needs a processor, too
        killer.join()
        ended = said_by(builder)
        if builder.returncode == -signal.SIGKILL and ended != "done":
            kills += 1
            unpublished += bool(list((home / "index").glob(".building-*")))
        elif ended == "done":
            whole += 1
        opened = index.open_current(home, identity, chunking.SPLITTER_VERSION)
        assert len(opened.documents) == len(killed.PAGES)
        if tries % 10 == 0:
            assert not index.verify(home)
    assert answers > KILLS
    assert len(salts) > WHOLE // 2, "the reader changed over in between"
    assert unpublished > KILLS // 2, "and most were killed before their version had its name"
    assert reader.trouble == ""
    last = killed.build(home, "G1000", killed.Salted(identity, rows))
    assert index.open_current(home, identity, chunking.SPLITTER_VERSION).id == last.version
    # The check of a killed builder outlives it, and may open its folder anew.
    wait_for(lambda: swept(home))

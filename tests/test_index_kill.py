"""Killed at any moment, a build leaves the old index whole, and readers never notice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from career_advisor import index
from tests.test_index import IDENTITY, make, open_it

KILLS = 20

BUILDER = """
import sys
from pathlib import Path
from tests.test_index import make
home, salt = Path(sys.argv[1]), sys.argv[2]
make(home, {f"page{i}.md": f"Version {salt} of {i}. " * 40 + "The end" for i in range(12)})
"""


@pytest.mark.slow
def test_twenty_kills_at_random_moments_and_not_one_failed_mixed_or_partial_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("career_advisor.index.read.LOOK_EVERY", 0.0)
    home = tmp_path / "home"
    began = time.monotonic()
    make(home, {f"page{i}.md": f"Version first of {i}. " * 40 + "The end" for i in range(12)})
    whole = time.monotonic() - began
    reader = index.Reader(home, IDENTITY, "1")
    chance = random.Random(7)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])}
    answers = kills = 0
    while kills < KILLS:
        builder = subprocess.Popen([sys.executable, "-c", BUILDER, str(home), f"{kills}"], env=environment)
        until = time.monotonic() + chance.uniform(0.2, 1.5 * whole + 2)
        while time.monotonic() < until and builder.poll() is None:
            shelf = reader.current()
            salts = {d.text.split()[1] for d in shelf.documents.values()}
            assert len(salts) == 1, "two versions in one answer"
            assert len(shelf.documents) == 12
            assert len(shelf.vectors) == len(shelf.windows)
            assert shelf.lexical("version end").max() > 0
            answers += 1
            time.sleep(0.005)
        if builder.poll() is None:
            os.kill(builder.pid, signal.SIGKILL)
        builder.wait()
        kills += 1
        opened = open_it(home)
        assert len(opened.documents) == 12
        assert not index.verify(home) if kills % 5 == 0 else True
    assert answers > KILLS
    assert reader.trouble == ""
    make(home, {"last.md": "After all that. It builds"})
    assert list(open_it(home).documents) == ["last.md"]
    assert not list((home / "index").glob(".building-*"))

"""What every test shares: a home of its own, and no network beyond this machine."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import pytest
from filelock import FileLock

from career_advisor import opening
from career_advisor.advisor import Advisor
from career_advisor.embedding import Encoder
from career_advisor.index import VectorCache, check
from career_advisor.models import catalogue, find
from career_advisor.settings import load_settings
from tests import shipped

# Before any library reads them: tests fetch nothing and tell nobody.
os.environ.update(
    {
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "GRADIO_ANALYTICS_ENABLED": "False",
        "ANONYMIZED_TELEMETRY": "False",
        "TOKENIZERS_PARALLELISM": "false",
    }
)

# Several processes test side by side, one for each core: a thread for each in every one of them is only in the way.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

_connect = socket.socket.connect


def _loopback_only(self: socket.socket, address: object) -> None:
    if isinstance(address, tuple) and str(address[0]) not in {"127.0.0.1", "::1", "localhost"}:
        message = f"a test tried to reach {address[0]}"
        raise ConnectionRefusedError(message)
    _connect(self, address)  # type: ignore[arg-type]  # a tuple or a path, as the library gave it


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", _loopback_only)
    for name in [n for n in os.environ if n.startswith("ADVISOR_") and n != "ADVISOR_WEIGHTS"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ADVISOR_HOME", str(tmp_path / "home"))


@pytest.fixture
def checked_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check a new version in this process: a fresh one takes a second, and is test_index's own subject."""
    monkeypatch.setattr(check, "in_a_fresh_process", check.examine)


@pytest.fixture(scope="session")
def light_encoder() -> Encoder:
    """Return the real light encoder, which an ordinary install always has."""
    entry = catalogue()["all-MiniLM-L6-v2"]
    weights = load_settings().weights
    return Encoder(find(entry.name, weights), entry.identity)


@pytest.fixture(scope="session")
def remembering(light_encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> VectorCache:
    """Return the light encoder with the vectors that ship before it, as an open advisor embeds its examples."""
    home = tmp_path_factory.mktemp("remembering")
    return VectorCache(home, light_encoder, lambda: opening.shipped_vectors(light_encoder))


@pytest.fixture(scope="session")
def shipped_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home whose index holds the shipped guidance: built once for all that test side by side, and copied."""
    mine = tmp_path_factory.getbasetemp()
    ours = mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine
    built = ours / "built"
    with FileLock(ours / "built.lock"):
        if not built.exists():
            shipped.opened(ours / "building")
            (ours / "building").rename(built)
    return Path(shutil.copytree(built, mine / "shipped"))


@pytest.fixture(scope="session")
def shipped_advisor(shipped_home: Path) -> Advisor:
    """Return an advisor over the shipped guidance with the light encoder; no test changes it."""
    return shipped.opened(shipped_home)

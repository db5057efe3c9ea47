"""What every test shares: a home of its own, and no network beyond this machine."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from career_advisor.embedding import Encoder
from career_advisor.models import catalogue, find
from career_advisor.settings import load_settings

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


@pytest.fixture(scope="session")
def light_encoder() -> Encoder:
    """Return the real light encoder, which an ordinary install always has."""
    entry = catalogue()["all-MiniLM-L6-v2"]
    weights = load_settings().weights
    return Encoder(find(entry.name, weights), entry.identity)

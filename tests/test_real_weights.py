"""Conversations with real weights: the embedded model, a server of OpenAI's protocol over the same library, and
llama.cpp's own server pass the same tests."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from career_advisor import models
from career_advisor.advisor import Advisor
from career_advisor.llm import ChatModel, open_model
from career_advisor.llm.worker import STEP_TOKENS
from career_advisor.prompting import Turn
from career_advisor.records import Ended, Message, ModelUnavailable, PromptTooLong, Stage, Usage
from career_advisor.settings import Settings
from tests.llama_server import llama_server
from tests.shipped import written_by
from tests.test_written import QUESTION, ask, hold_together
from tests.weights_server import weights_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

CAPITAL = (Turn("system", "Answer in one short sentence."), Turn("user", "What is the capital of France?"))
PATIENT: Any = {"first_words": 600.0, "between_words": 300.0, "whole": 1200.0}
"""Seconds: these are tests of what is said, not of how fast a machine is."""

Opened = Callable[..., ChatModel]


@pytest.fixture(scope="module")
def gguf() -> Path:
    return next(models.find("smollm2-135m-instruct", Settings().weights).glob("*.gguf"))


@pytest.fixture(scope="module")
def address(gguf: Path) -> Iterator[str]:
    with weights_server(gguf) as base_url:
        yield base_url


@pytest.fixture(scope="module")
def llama_address(gguf: Path) -> Iterator[str]:
    pytest.importorskip("xllamacpp", reason="llama.cpp's server comes in its wheel, which not every platform has")
    with llama_server(gguf) as base_url:
        yield base_url


@pytest.fixture(scope="module", params=["local", "server", "llama.cpp"])
def model(request: pytest.FixtureRequest, gguf: Path) -> ChatModel:
    if request.param == "local":
        return open_model("local:smollm2-135m-instruct", weights=lambda: gguf, tokens=40, **PATIENT)
    address = "address" if request.param == "server" else "llama_address"
    return open_model("smollm2", base_url=request.getfixturevalue(address), tokens=40, **PATIENT)


@pytest.fixture(scope="module")
def advisor(model: ChatModel, shipped_advisor: Advisor) -> Advisor:
    return written_by(model, shipped_advisor)


# ---------------------------------------------------------------- the same for both


def test_it_says_what_is_asked_piece_by_piece_and_what_that_took(model: ChatModel) -> None:
    heard = list(model.stream(CAPITAL))

    pieces = [each for each in heard if isinstance(each, str)]
    used = [each for each in heard if isinstance(each, Usage)][-1]
    assert "Paris" in "".join(pieces)
    assert len(pieces) > 3
    assert 20 < used.input < 80
    assert 3 < used.output <= 40
    assert not used.estimated
    assert isinstance(heard[-1], Ended)


def test_a_conversation_holds_together_whatever_such_a_small_model_writes(advisor: Advisor) -> None:
    first = ask(advisor)
    second = ask(advisor, "and as an engineer?", [Message("user", QUESTION), Message("assistant", first.answer)])

    for reply in (first, second):
        assert reply.status in {"answered", "partly"}
        assert reply.usage is not None
        assert not reply.usage.estimated
        assert reply.model != "quotes" or reply.notice
        hold_together(reply, advisor)


def test_whoever_leaves_makes_room_for_the_next(model: ChatModel) -> None:
    leaving: Any = model.stream((Turn("user", "Tell a long story about a fox, an owl and a river. " * 8),))
    while not isinstance(next(leaving), str):
        pass
    leaving.close()

    assert any(isinstance(each, str) for each in model.stream(CAPITAL))


# ---------------------------------------------------------------- llama.cpp's server alone


def _is_computing(address: str) -> bool:
    (slot,) = httpx.get(f"{address.removesuffix('/v1')}/slots", trust_env=False, timeout=30).json()
    return bool(slot["is_processing"])


def test_leaving_stops_the_request_in_the_real_server(llama_address: str) -> None:
    model = open_model("smollm2", base_url=llama_address, tokens=1500, **PATIENT)
    leaving: Any = model.stream((Turn("user", "Write a very long story about a fox, an owl and a river."),))
    while not isinstance(next(leaving), str):
        pass
    assert _is_computing(llama_address)

    leaving.close()

    until = time.monotonic() + 10
    while _is_computing(llama_address):
        assert time.monotonic() < until, "it goes on writing for nobody"
        time.sleep(0.1)


def test_a_prompt_that_is_too_long_for_the_real_server_is_told_apart(llama_address: str) -> None:
    with pytest.raises(PromptTooLong):
        list(open_model("smollm2", base_url=llama_address, **PATIENT).stream((Turn("user", "word " * 4000),)))


# ---------------------------------------------------------------- the process of the embedded one


class Worker:
    """The process of the embedded model, spoken to line by line."""

    def __init__(self, gguf: Path, *, prompt_tokens: int, cache_tokens: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "career_advisor.llm.worker", str(gguf), str(prompt_tokens), str(cache_tokens)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self.asked = 0
        assert "ready" in self.read()

    def say(self, line: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()

    def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line: dict[str, Any] = json.loads(self.process.stdout.readline())
        return line

    def ask(self, words: str, *, tokens: int, leave_after: str = "") -> list[dict[str, Any]]:
        """Return all lines of an answer; taken back after the first one that has the field `leave_after`."""
        self.asked += 1
        self.say({"id": self.asked, "messages": [{"role": "user", "content": words}], "tokens": tokens})
        lines: list[dict[str, Any]] = []
        while not lines or "end" not in lines[-1]:
            lines.append(self.read())
            if leave_after and leave_after in lines[-1]:
                self.say({"cancel": self.asked})
                leave_after = ""
        return lines

    @property
    def resident_mib(self) -> float:
        """Memory that it holds now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("utf-8")
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


@pytest.fixture(scope="module")
def worker(gguf: Path) -> Iterator[Worker]:
    running = Worker(gguf, prompt_tokens=1000, cache_tokens=2048)
    yield running
    running.process.kill()
    running.process.wait()


@pytest.mark.parametrize("leave_after", ["text", "alive"], ids=["while it writes", "while it reads the prompt"])
def test_what_is_taken_back_is_not_computed_to_its_end(worker: Worker, leave_after: str) -> None:
    long = " ".join(f"{leave_after} {number}" for number in range(200))
    *_, used, end = worker.ask(f"Tell a long story of: {long}", tokens=400, leave_after=leave_after)

    assert end["end"] == "cancelled"
    assert used["output"] < 100
    assert worker.ask("Say yes.", tokens=3)[-1]["end"] in {"stop", "length"}


def test_a_prompt_that_was_read_is_not_read_again(worker: Worker) -> None:
    long = "Instructions that come first each time. " + " ".join(f"rule {number}" for number in range(120))

    first, again = (worker.ask(f"{long} Now say yes.", tokens=3) for _ in range(2))

    steps = first[-2]["input"] // STEP_TOKENS
    assert steps >= 5
    assert sum("alive" in line for line in first) >= steps - 1
    assert sum("alive" in line for line in again) <= 2


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the memory of a process is read from /proc")
def test_its_memory_has_a_bound_however_many_long_prompts_it_reads(worker: Worker) -> None:
    def read(number: int) -> float:
        worker.ask(" ".join(f"{number} {other}" for other in range(100)), tokens=3)
        return worker.resident_mib

    first, *_, last = [read(number) for number in range(1, 4)]

    # 2,048 tokens of keys and values of SmolLM2-135M (30 layers, 3 heads of 64, 2 bytes, twice) are 45 MiB.
    assert last - first < 64


# ---------------------------------------------------------------- the embedded one alone


@pytest.fixture(scope="module")
def embedded(gguf: Path) -> ChatModel:
    return open_model("local", weights=lambda: gguf, tokens=12, prompt_tokens=600, cache_tokens=1024, **PATIENT)


def worker_of(model: Any) -> subprocess.Popen[str]:
    process: subprocess.Popen[str] = model._speaker._process._popen
    return process


def test_a_prompt_over_its_bound_is_refused_before_it_is_read(embedded: ChatModel) -> None:
    with pytest.raises(PromptTooLong):
        list(embedded.stream((Turn("user", "word " * 2000),)))

    assert any(isinstance(each, str) for each in embedded.stream(CAPITAL))


def test_while_one_is_answered_the_next_is_told_the_place(embedded: ChatModel) -> None:
    running: Any = embedded.stream(CAPITAL)
    next(running)
    waiting: Any = embedded.stream(CAPITAL)

    assert next(waiting) == Stage("One person is before you")

    rest = threading.Thread(target=lambda: list(running))
    rest.start()
    assert any(isinstance(each, str) for each in waiting)
    rest.join()


def test_it_may_be_left_while_it_still_reads_the_prompt(embedded: ChatModel) -> None:
    list(embedded.stream(CAPITAL))
    leaving: Any = embedded.stream((Turn("user", "Nobody has read these words before. " * 60),))
    next(leaving)
    time.sleep(0.2)
    leaving.close()

    assert any(isinstance(each, str) for each in embedded.stream(CAPITAL))


def test_when_its_process_dies_one_sentence_says_so_and_the_next_question_starts_another(embedded: ChatModel) -> None:
    list(embedded.stream(CAPITAL))
    before = worker_of(embedded)
    running: Any = embedded.stream((Turn("user", "Say something long about rivers."),))
    next(running)
    before.kill()

    with pytest.raises(ModelUnavailable, match="stopped unexpectedly"):
        list(running)

    assert any(isinstance(each, str) for each in embedded.stream(CAPITAL))
    assert worker_of(embedded).pid != before.pid


def test_what_is_no_model_is_said_in_one_sentence(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"no weights")

    with pytest.raises(ModelUnavailable, match=r"cannot run here|stopped"):
        list(open_model("local", weights=lambda: broken, **PATIENT).stream(CAPITAL))

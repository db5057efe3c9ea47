"""Conversations with real weights: the embedded model, and a server of OpenAI's protocol, pass the same tests."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from career_advisor import models
from career_advisor.advisor import Advisor
from career_advisor.llm import ChatModel, open_model
from career_advisor.opening import load_services, open_advisor
from career_advisor.prompting import Turn
from career_advisor.records import Ended, Message, ModelUnavailable, PromptTooLong, Stage, Usage
from career_advisor.settings import Settings
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


@pytest.fixture(scope="module", params=["local", "server"])
def model(request: pytest.FixtureRequest, gguf: Path) -> ChatModel:
    if request.param == "local":
        return open_model("local:smollm2-135m-instruct", weights=lambda: gguf, tokens=40, **PATIENT)
    return open_model("smollm2", base_url=request.getfixturevalue("address"), tokens=40, **PATIENT)


@pytest.fixture(scope="module")
def advisor(model: ChatModel, tmp_path_factory: pytest.TempPathFactory) -> Advisor:
    settings = Settings(home=tmp_path_factory.mktemp("shipped"), encoder="all-MiniLM-L6-v2")
    quoting = open_advisor(settings, progress=lambda what, done, total: None)
    return Advisor(quoting._shelves, quoting._encoder, load_services(), model, examples=quoting._examples)


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

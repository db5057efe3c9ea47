"""The door to language models, against a real HTTP server."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from career_advisor.llm import open_model
from career_advisor.prompting import Turn
from career_advisor.records import ModelUnavailable
from tests.llm_server import LanguageModelServer, language_model_server

QUESTION = (Turn("system", "Be brief."), Turn("user", "Why?"))


@pytest.fixture
def server() -> Iterator[LanguageModelServer]:
    with language_model_server() as double:
        yield double


def test_text_comes_piece_by_piece_and_the_messages_arrive_as_they_were_given(server: LanguageModelServer) -> None:
    server.say = lambda request: ["One ", "two ", "three."]

    pieces = list(open_model("double", base_url=server.address, api_key="sk-secret").stream(QUESTION))

    assert pieces == ["One ", "two ", "three."]
    assert [(m["role"], m["content"]) for m in server.asked[0]["messages"]] == [
        ("system", "Be brief."),
        ("user", "Why?"),
    ]
    assert server.keys == ["Bearer sk-secret"]


def test_a_stream_that_breaks_off_is_not_taken_for_a_whole_answer(server: LanguageModelServer) -> None:
    server.say = lambda request: ["You ", "need ", "no ", "PhD"]
    server.cut_after = 2

    with pytest.raises(ModelUnavailable, match=r"broke off|could not answer"):
        list(open_model("double", base_url=server.address).stream(QUESTION))


@pytest.mark.parametrize("status", [400, 401, 404, 500])
def test_a_refusal_is_one_sentence_without_the_key(server: LanguageModelServer, status: int) -> None:
    server.status = status

    with pytest.raises(ModelUnavailable) as trouble:
        list(open_model("double", base_url=server.address, api_key="sk-very-secret-1").stream(QUESTION))

    assert "sk-very-secret-1" not in str(trouble.value)
    assert "\n" not in str(trouble.value)
    assert len(server.asked) <= 2, "a refusal must not start a storm of retries"


def test_a_server_that_says_nothing_is_given_up_in_time(server: LanguageModelServer) -> None:
    server.silent = True
    began = time.monotonic()

    with pytest.raises(ModelUnavailable, match=r"did not answer within|could not answer"):
        list(open_model("double", base_url=server.address, first_words=0.7).stream(QUESTION))

    assert time.monotonic() - began < 5


def test_nobody_at_the_address_is_said_plainly() -> None:
    with pytest.raises(ModelUnavailable, match="could not answer"):
        list(open_model("double", base_url="http://127.0.0.1:9/v1", first_words=5).stream(QUESTION))


def test_a_provider_nobody_knows_is_refused_before_a_question_is_asked() -> None:
    with pytest.raises(ModelUnavailable, match="nobody"):
        open_model("nobody:model")


def test_an_endless_answer_ends(server: LanguageModelServer) -> None:
    server.say = lambda request: ["word " * 200] * 200

    text = "".join(open_model("double", base_url=server.address).stream(QUESTION))

    assert len(text) < 20_000


def test_tracing_is_off_whatever_the_environment_says(
    server: LanguageModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    open_model("double", base_url=server.address)

    assert os.environ["LANGSMITH_TRACING"] == "false"

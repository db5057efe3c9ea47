"""The door to language models, against a real HTTP server that has every fault a provider was seen with."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, cast

import pytest

from career_advisor import opening
from career_advisor.llm import ChatModel, Patience, open_model
from career_advisor.llm.line import Line
from career_advisor.llm.opening import PROVIDERS
from career_advisor.prompting import Turn
from career_advisor.records import Ended, ModelUnavailable, PromptTooLong, Stage, Usage
from career_advisor.settings import Settings
from tests.llm_server import LanguageModelServer, language_model_server

QUESTION = (Turn("system", "Be brief."), Turn("user", "Why?"))
KEY = "sk-very-secret-1"


@pytest.fixture
def server() -> Iterator[LanguageModelServer]:
    with language_model_server() as double:
        yield double


def opened(server: LanguageModelServer, **options: Any) -> ChatModel:
    return open_model("double", base_url=server.address, api_key=KEY, **options)


def text_of(model: ChatModel) -> str:
    return "".join(piece for piece in model.stream(QUESTION) if isinstance(piece, str))


def trouble_with(model: ChatModel) -> str:
    """Return the one sentence that a model's trouble becomes."""
    with pytest.raises(ModelUnavailable) as raised:
        text_of(model)
    sentence = str(raised.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert KEY not in sentence
    return sentence


# ---------------------------------------------------------------- when all is well


@pytest.mark.slow
def test_text_comes_piece_by_piece_and_the_messages_arrive_as_they_were_given(server: LanguageModelServer) -> None:
    server.say = lambda request: ["One ", "two ", "three."]

    heard = list(opened(server).stream(QUESTION))

    assert [piece for piece in heard if isinstance(piece, str)] == ["One ", "two ", "three."]
    assert heard[-1] == Ended(whole=True)
    assert [(m["role"], m["content"]) for m in server.asked[0]["messages"]] == [
        ("system", "Be brief."),
        ("user", "Why?"),
    ]
    assert server.keys == [f"Bearer {KEY}"]


def test_an_answer_that_was_cut_at_its_longest_says_so(server: LanguageModelServer) -> None:
    server.finish = "length"

    assert list(opened(server).stream(QUESTION))[-1] == Ended(whole=False)


def test_what_is_used_is_what_the_provider_says(server: LanguageModelServer) -> None:
    server.usage = {"prompt_tokens": 812, "completion_tokens": 41, "total_tokens": 853}

    *_, used = (each for each in opened(server).stream(QUESTION) if isinstance(each, Usage))

    assert used == Usage(812, 41)


def test_where_the_provider_does_not_say_what_is_used_it_is_estimated_and_called_so(
    server: LanguageModelServer,
) -> None:
    server.say = lambda request: ["Forty characters are some ten tokens, so."]

    first, *_, last = (each for each in opened(server).stream(QUESTION) if isinstance(each, Usage))

    assert first == Usage(4, 0, estimated=True)
    assert last == Usage(4, 11, estimated=True)


# ---------------------------------------------------------------- when it breaks


def test_a_stream_that_breaks_off_is_not_taken_for_a_whole_answer(server: LanguageModelServer) -> None:
    server.say = lambda request: ["You ", "need ", "no ", "PhD"]
    server.cut_after = 2

    assert "broke off" in trouble_with(opened(server))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, "refused the question"),
        (401, "does not accept the key"),
        (403, "does not accept the key"),
        (404, "is not known"),
        (500, "a fault of its own"),
    ],
)
def test_a_refusal_is_one_plain_sentence_and_no_storm_of_retries(
    server: LanguageModelServer, caplog: pytest.LogCaptureFixture, status: int, said: str
) -> None:
    server.status = status
    server.error = {"message": f"Incorrect API key provided: {KEY} https://example.org", "type": "test"}

    with caplog.at_level(logging.DEBUG):
        sentence = trouble_with(opened(server))

    assert said in sentence
    assert "example.org" not in sentence
    assert len(server.asked) == (2 if status == 500 else 1)
    assert {record.name.partition(".")[0] for record in caplog.records} >= {"career_advisor", "openai"}
    logged = logging.Formatter("%(message)s")
    assert KEY not in "".join(logged.format(record) for record in caplog.records), "of any library, with its traceback"
    assert any(record.name.startswith("career_advisor.llm") for record in caplog.records)


@pytest.mark.slow
def test_a_short_pause_that_a_server_asks_for_is_waited_for(server: LanguageModelServer) -> None:
    server.status, server.well_after, server.retry_after = 429, 1, "1"

    heard = list(opened(server).stream(QUESTION))

    assert "Hello." in heard
    assert Stage("The language model asks for a moment of patience") in heard
    assert len(server.asked) == 2
    assert 1.0 <= server.at[1] - server.at[0] < 4


@pytest.mark.parametrize("days", [0, 1])
def test_for_a_long_pause_nobody_is_kept_waiting(server: LanguageModelServer, days: int) -> None:
    later = datetime.now(UTC) + timedelta(days=days)
    server.status, server.retry_after = 429, format_datetime(later, usegmt=True) if days else "600"
    began = time.monotonic()

    assert ("in 24 hours" if days else "in 10 minutes") in trouble_with(opened(server))
    assert time.monotonic() - began < 5
    assert len(server.asked) == 1


def test_a_pause_that_would_take_longer_than_the_first_words_may_is_not_begun(server: LanguageModelServer) -> None:
    server.status, server.retry_after = 429, "5"

    assert "asked too often" in trouble_with(opened(server, first_words=3.0))
    assert len(server.asked) == 1


def test_a_server_that_asks_for_a_pause_again_and_again_is_asked_twice(server: LanguageModelServer) -> None:
    server.status, server.retry_after = 429, "0"

    assert "asked too often" in trouble_with(opened(server))
    assert len(server.asked) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"silent": True}, "did not answer within 1 seconds"),
        ({"silent_after": 1}, "fell silent"),
        ({"pause_s": 0.2, "say": lambda request: ["word "] * 100}, "did not finish its answer within 3 seconds"),
    ],
    ids=["says nothing", "stops in the middle", "takes for ever"],
)
def test_patience_ends_in_time_and_the_request_is_taken_back(
    server: LanguageModelServer, fault: dict[str, Any], said: str
) -> None:
    for name, value in fault.items():
        setattr(server, name, value)
    if "silent_after" in fault:
        server.say = lambda request: ["You need", " no"]
    began = time.monotonic()

    assert said in trouble_with(opened(server, first_words=1.0, between_words=1.0, whole=3.0))
    assert time.monotonic() - began < 6
    assert server.gone.wait(2), "the request was left running"
    assert len(server.asked) == 1


class Chatterbox:
    """Says a letter every half millisecond for ever, until it is stopped."""

    def ask(self, messages: Sequence[Any], tell: Callable[[Any], None]) -> Callable[[], None]:
        stopped = threading.Event()

        def talk() -> None:
            while not stopped.wait(0.0005):
                tell("w")

        threading.Thread(target=talk, daemon=True).start()
        return stopped.set


@pytest.mark.slow
def test_the_whole_has_its_end_also_while_words_keep_coming() -> None:
    model = ChatModel("chatterbox", Chatterbox(), Patience(1.0, 1.0, 1.0), Line(1, 1))
    began = time.monotonic()

    assert "did not finish its answer within 1 seconds" in trouble_with(model)
    assert time.monotonic() - began < 2


@pytest.mark.slow
def test_the_library_has_no_patience_of_its_own_that_ends_before_ours(
    server: LanguageModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGCHAIN_OPENAI_STREAM_CHUNK_TIMEOUT_S", "0.5")  # 120 s, in the time that a test has
    server.pause_s = 2.0

    assert text_of(opened(server, first_words=60.0)) == "Hello."


def test_nobody_at_the_address_is_said_plainly() -> None:
    assert "cannot be reached" in trouble_with(open_model("double", base_url="http://127.0.0.1:9/v1", api_key=KEY))


@pytest.mark.parametrize(
    "raw",
    [b"data: {broken\n\n", b"\x00\xff\xfe" * 400, b"<html><body>Bad gateway</body></html>", b"data: 7\n\n", b""],
    ids=["broken JSON", "bytes", "a web page", "a number", "nothing"],
)
def test_garbage_is_no_answer(server: LanguageModelServer, raw: bytes) -> None:
    server.raw = raw

    sentence = trouble_with(opened(server))

    assert "no answer" in sentence or "broke off" in sentence
    assert len(server.asked) == 1


@pytest.mark.parametrize("piece", ["word " * 200, "\n" * 1000], ids=["words", "lines"])
def test_an_endless_answer_ends(server: LanguageModelServer, piece: str) -> None:
    server.say = lambda request: [piece] * 500
    server.pause_s = 0.01

    heard = list(opened(server).stream(QUESTION))

    assert heard[-1] == Ended(whole=False)
    assert sum(len(each) for each in heard if isinstance(each, str)) < 20_000
    assert server.gone.wait(2), "it was still listened to"


@pytest.mark.slow
def test_an_endless_answer_that_never_pauses_is_taken_back(server: LanguageModelServer) -> None:
    server.say = lambda request: ["word "] * 100_000

    for _ in range(3):  # a cancellation gets lost only when it meets a word
        server.gone.clear()
        heard = list(opened(server).stream(QUESTION))

        assert heard[-1] == Ended(whole=False)
        assert server.gone.wait(5), "it was still listened to"


def test_an_endless_call_of_a_tool_ends(server: LanguageModelServer) -> None:
    function = {"name": "search", "arguments": "x" * 1000}
    call = {"tool_calls": [{"index": 0, "id": "1", "type": "function", "function": function}]}
    server.say = lambda request: [call] * 500
    server.pause_s = 0.01

    assert "wrote nothing" in trouble_with(opened(server))
    assert server.gone.wait(2), "it was still listened to"


def test_endless_reasoning_ends_although_the_library_keeps_its_words_to_itself(server: LanguageModelServer) -> None:
    thinking = {"role": "assistant", "content": None, "reasoning_content": "They"}
    server.say = lambda request: [thinking] * 40_000

    assert "wrote nothing" in trouble_with(opened(server))
    assert server.gone.wait(5), "it was still listened to"


def test_an_answer_in_the_shape_of_a_tool_call_is_no_answer(server: LanguageModelServer) -> None:
    function = {"name": "search", "arguments": '{"query": "PhD"}'}
    server.say = lambda request: [
        {"tool_calls": [{"index": 0, "id": "1", "type": "function", "function": function}], "content": None}
    ]
    server.finish = "tool_calls"

    assert "wrote nothing" in trouble_with(opened(server))


@pytest.mark.slow
def test_reasoning_is_not_said_and_is_no_silence(server: LanguageModelServer) -> None:
    thinking = {"role": "assistant", "content": None, "reasoning_content": "They want to hear yes."}
    server.say = lambda request: [*[thinking] * 8, "No."]
    server.pause_s = 0.2

    assert text_of(opened(server, first_words=1.0)) == "No."


@pytest.mark.parametrize("pieces", [[], [""], ["", ""]])
def test_an_empty_answer_is_said_to_be_one(server: LanguageModelServer, pieces: list[str]) -> None:
    server.say = lambda request: list(pieces)

    assert "wrote nothing" in trouble_with(opened(server))


@pytest.mark.parametrize(
    "error",
    [
        {"message": "Too long.", "type": "invalid_request_error", "code": "context_length_exceeded"},
        {"message": "This model's maximum context length is 4096 tokens.", "type": "invalid_request_error"},
        {"message": "the request exceeds the available context size", "type": "exceed_context_size_error"},
    ],
    ids=["OpenAI", "vLLM", "llama.cpp"],
)
def test_a_prompt_that_is_too_long_is_told_apart(server: LanguageModelServer, error: dict[str, Any]) -> None:
    server.status, server.error = 400, error

    with pytest.raises(PromptTooLong, match="cannot take that much"):
        text_of(opened(server))

    assert len(server.asked) == 1


def test_a_key_of_the_environment_is_not_logged(
    server: LanguageModelServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "not-in-any-known-form")
    server.status, server.error = 401, {"message": "no such key: not-in-any-known-form", "type": "test"}

    with pytest.raises(ModelUnavailable):
        text_of(open_model("double", base_url=server.address))

    logged = [record.getMessage() for record in caplog.records if record.name.startswith("career_advisor")]
    assert logged
    assert "not-in-any-known-form" not in "".join(logged)


# ---------------------------------------------------------------- the other providers' own protocols

PROVIDERS_OWN = pytest.mark.parametrize("name", ["anthropic:double", "ollama:double"])


def of_provider(name: str, server: LanguageModelServer, **options: Any) -> ChatModel:
    return open_model(name, base_url=server.root, api_key=KEY, **options)


@pytest.mark.slow
@PROVIDERS_OWN
def test_each_provider_is_asked_and_heard_in_its_own_protocol(name: str, server: LanguageModelServer) -> None:
    server.say = lambda request: ["One ", "two ", "three."]
    server.usage = {"prompt_tokens": 812, "completion_tokens": 41}

    heard = list(of_provider(name, server, tokens=77).stream(QUESTION))

    assert [piece for piece in heard if isinstance(piece, str)] == ["One ", "two ", "three."]
    assert [each for each in heard if isinstance(each, Usage)][-1] == Usage(812, 41)
    assert heard[-1] == Ended(whole=True)
    (asked,) = server.asked
    assert "Be brief." in str(asked)
    assert asked["messages"][-1] == {"role": "user", "content": "Why?"}
    assert 77 in {asked.get("max_tokens"), asked.get("options", {}).get("num_predict")}


@pytest.mark.slow
@PROVIDERS_OWN
def test_what_each_provider_cuts_breaks_off_or_refuses_is_told_apart(name: str, server: LanguageModelServer) -> None:
    server.say = lambda request: ["You ", "need ", "no ", "PhD"]
    server.finish = "length"
    assert list(of_provider(name, server).stream(QUESTION))[-1] == Ended(whole=False)

    server.cut_after = 2
    assert "broke off" in trouble_with(of_provider(name, server))

    server.status, server.error = 401, {"message": f"no such key: {KEY}", "type": "authentication_error"}
    assert "does not accept the key" in trouble_with(of_provider(name, server))

    server.status, server.retry_after = 429, "3600"
    assert "asked too often" in trouble_with(of_provider(name, server))
    # Ollama's library keeps the headers to itself, so nobody knows that it is for an hour: it is asked once more.
    assert len(server.asked) == {"anthropic:double": 4, "ollama:double": 5}[name]


@PROVIDERS_OWN
def test_each_provider_s_request_is_taken_back(name: str, server: LanguageModelServer) -> None:
    server.say = lambda request: ["word "] * 10
    server.silent_after = 2
    stream: Any = of_provider(name, server).stream(QUESTION)
    while not isinstance(next(stream), str):
        pass

    stream.close()

    assert server.gone.wait(2), "the request was left running"


@PROVIDERS_OWN
def test_nobody_at_a_provider_s_address_is_said_plainly(name: str) -> None:
    assert "cannot be reached" in trouble_with(open_model(name, base_url="http://127.0.0.1:9", api_key=KEY))


def test_a_provider_that_says_it_was_asked_with_nothing_is_not_believed(server: LanguageModelServer) -> None:
    server.usage = {"completion_tokens": 41}

    *_, used = (each for each in of_provider("anthropic:double", server).stream(QUESTION) if isinstance(each, Usage))

    assert used == Usage(4, 41, estimated=True)


# ---------------------------------------------------------------- whoever goes away


@pytest.mark.parametrize("pieces", [0, 2], ids=["before a word", "in the middle"])
def test_closing_the_stream_takes_the_request_back(server: LanguageModelServer, pieces: int) -> None:
    server.say = lambda request: ["word "] * 10
    server.silent_after = pieces
    stream: Any = opened(server).stream(QUESTION)
    words = 0
    while words < pieces or not server.asked:
        words += isinstance(next(stream), str)

    stream.close()

    assert server.gone.wait(2), "the request was left running"


def test_while_nothing_comes_whoever_reads_is_given_a_chance_to_leave(server: LanguageModelServer) -> None:
    server.silent = True
    stream: Any = opened(server).stream(QUESTION)
    assert isinstance(next(stream), Usage)
    began = time.monotonic()

    assert next(stream) == Stage("openai:double is writing")
    assert time.monotonic() - began < 2
    stream.close()


# ---------------------------------------------------------------- side by side


@pytest.mark.slow
def test_so_many_are_answered_side_by_side_and_the_others_are_told_their_place(server: LanguageModelServer) -> None:
    server.say = lambda request: ["word "] * 4
    server.pause_s = 0.1
    model = opened(server, at_once=2)
    heard: list[list[object]] = [[] for _ in range(5)]

    def listen(mine: list[object]) -> None:
        mine.extend(model.stream(QUESTION))

    threads = [threading.Thread(target=listen, args=(mine,)) for mine in heard]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert all(mine[-1] == Ended(whole=True) for mine in heard)
    assert server.most_at_once == 2
    told = {stage.text for mine in heard for stage in mine if isinstance(stage, Stage)}
    assert "One person is before you" in told
    assert "Three people are before you" in told


def test_a_place_in_the_line_is_given_back_by_whoever_leaves() -> None:
    line = Line(at_once=1, waiting=2)
    first, second, third = line.join(), line.join(), line.join()
    assert [line.before(place) for place in (first, second, third)] == [0, 1, 2]

    line.leave(second)
    assert line.before(third) == 1
    line.leave(first)
    assert line.before(third) == 0


def test_when_too_many_wait_the_next_is_sent_away_at_once(server: LanguageModelServer) -> None:
    server.silent = True
    model = opened(server, at_once=1, waiting=0)
    running: Any = model.stream(QUESTION)
    next(running)

    assert "Too many people" in trouble_with(model)
    running.close()


@pytest.mark.slow
def test_nobody_waits_longer_for_the_turn_than_for_an_answer(server: LanguageModelServer) -> None:
    server.silent = True
    model = opened(server, at_once=1, whole=1.0)
    running: Any = model.stream(QUESTION)
    next(running)
    began = time.monotonic()

    assert "until the language model was free" in trouble_with(model)
    assert time.monotonic() - began < 4
    running.close()


# ---------------------------------------------------------------- before a question is asked


def test_a_provider_nobody_knows_is_refused_before_a_question_is_asked() -> None:
    with pytest.raises(ModelUnavailable, match="nobody"):
        open_model("nobody:model")


def _run(code: str, **environment: str) -> str:
    """Run Python in a process of its own, and return what it printed."""
    untouched = {name: value for name, value in os.environ.items() if not name.startswith(("LANGSMITH", "LANGCHAIN"))}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=untouched | environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_library_of_the_embedded_model_tells_its_makers_nothing() -> None:
    told = _run(
        """
        from career_advisor.llm.worker import Model
        try:
            Model("nowhere.gguf", prompt_tokens=8, cache_tokens=64)
        except RuntimeError:
            pass
        from openvino.tools.ovc import telemetry_utils
        print(telemetry_utils.tm.Telemetry.__module__)
        """
    )

    assert told.startswith("openvino.tools.ovc")
    assert "stub" in told


@pytest.mark.slow
@pytest.mark.parametrize(("allowed", "heard"), [(False, 0), (True, 1)], ids=["by default", "where it is allowed"])
def test_tracing_sends_nothing_anywhere_whatever_the_environment_asks_for(
    server: LanguageModelServer, allowed: bool, heard: int
) -> None:
    with language_model_server() as langsmith:
        _run(
            f"""
            from career_advisor.llm import open_model
            from career_advisor.prompting import Turn
            model = open_model("double", base_url="{server.address}", api_key="none", allow_tracing={allowed})
            print(*model.stream((Turn("user", "Why?"),)))
            from langchain_core.tracers.langchain import wait_for_all_tracers
            wait_for_all_tracers()
            """,
            LANGSMITH_TRACING="true",
            LANGSMITH_API_KEY="lsv2_none",
            LANGSMITH_ENDPOINT=langsmith.address,
        )

        assert len(server.asked) == 1
        assert min(langsmith.requests, 1) == heard


@pytest.mark.parametrize("extra", ["anthropic", "openai", "ollama"])
def test_a_library_that_is_missing_is_named_with_its_install_line(extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, f"langchain_{extra}", cast("Any", None))
    _forget_libraries()

    with pytest.raises(ModelUnavailable, match=re.escape(f"pip install 'langchain-{extra}")):
        open_model(f"{extra}:model", api_key=KEY)


def _forget_libraries() -> None:
    """Let LangChain look again for a library that it has found."""
    from langchain.chat_models import base

    base._get_chat_model_creator.cache_clear()


def test_so_is_that_of_the_embedded_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(ModelUnavailable, match=re.escape("pip install 'openvino-genai")):
        text_of(open_model("local", weights=lambda: tmp_path / "model.gguf"))


def test_the_limits_of_time_are_those_of_the_settings() -> None:
    opened = opening._language_model(Settings(model="double", model_base_url="http://127.0.0.1:9/v1"))
    embedded = opening._language_model(Settings(model="local"))

    assert opened is not None
    assert embedded is not None
    assert opened._patience == Patience(first_words=30, between_words=15, whole=120)
    assert embedded._patience == Patience(first_words=90, between_words=15, whole=120)
    assert cast("Any", opened._speaker).first_words == 30


@pytest.mark.parametrize(
    ("name", "asked_for"),
    [
        ("smollm2:135m", "smollm2:135m"),
        ("Qwen/Qwen2.5:free", "Qwen/Qwen2.5:free"),
        ("claude-like", "claude-like"),
        ("openai:gpt", "gpt"),
    ],
)
def test_at_an_address_a_model_may_have_any_name_colons_and_all(
    server: LanguageModelServer, name: str, asked_for: str
) -> None:
    text_of(open_model(name, base_url=server.address, api_key=KEY))

    assert [request["model"] for request in server.asked] == [asked_for]


def test_the_providers_that_are_told_apart_from_names_of_models_are_those_of_langchain() -> None:
    from langchain.chat_models.base import _BUILTIN_PROVIDERS

    assert frozenset(_BUILTIN_PROVIDERS) <= PROVIDERS


def test_no_piece_of_a_key_is_told_when_a_library_refuses_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_PROXY", "foo bar")

    with pytest.raises(ModelUnavailable, match="Unknown scheme for proxy") as raised:
        open_model("double", base_url="http://127.0.0.1:9/v1", api_key=KEY)

    assert "input_value" not in str(raised.value)
    assert not any(KEY[-length:] in str(raised.value) for length in range(2, len(KEY)))
    assert raised.value.__cause__ is None, "what the library says of its input stands in its own words"


def test_tracing_is_off_whatever_the_environment_says(
    server: LanguageModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    open_model("double", base_url=server.address)

    assert os.environ["LANGSMITH_TRACING"] == "false"

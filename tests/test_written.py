"""What a person is shown when a language model writes, whatever it does: over the shipped corpus and real HTTP."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

import first_sentence
from career_advisor import answering
from career_advisor.advisor import FEWER_PASSAGES, MODEL_PASSAGES, NOT_WHOLE, REFUSED, TOO_LITTLE, USED_UP, Advisor
from career_advisor.llm import open_model
from career_advisor.prompting import Turn
from career_advisor.records import Message, Piece, PromptTooLong, Reply, Stage, Usage
from career_advisor.spending import Allowance, Spent
from career_advisor.web.conversation import Conversation
from career_advisor.wire import reply_json
from tests.doubles import ScriptedAnswerer
from tests.llm_server import LanguageModelServer, language_model_server
from tests.shipped import written_by
from tests.test_web import Visitor, served, steps_of

QUESTION = "Do I need a PhD to work on AI safety?"
KEY = "sk-very-secret-1"
GOOD = "You do not strictly need a PhD to work on AI safety, Rob Miles says. [1]"
EARNED = "Rob Miles earned 400,000 dollars. [1]"
SECONDS = 4.0
BUSY = 10.0  # seconds besides, on a machine that does much else: what is promised is an end, not a hang
"""Of the whole answer, in these tests."""


@pytest.fixture
def quoting(shipped_advisor: Advisor) -> Advisor:
    """Return an advisor without a model."""
    return shipped_advisor


@pytest.fixture
def server() -> Iterator[LanguageModelServer]:
    with language_model_server() as double:
        double.say = lambda request: [GOOD]
        yield double


@pytest.fixture
def advisor(quoting: Advisor, server: LanguageModelServer) -> Advisor:
    return writing(quoting, server)


def writing(quoting: Advisor, server: LanguageModelServer, *, allowance: Allowance | None = None) -> Advisor:
    model = open_model(
        "double", base_url=server.address, api_key=KEY, first_words=1.0, between_words=1.0, whole=SECONDS
    )
    return written_by(model, quoting, allowance=allowance or Allowance())


def ask(advisor: Advisor, question: str = QUESTION, history: Sequence[Message] = (), **more: Any) -> Reply:
    *_, reply = advisor.reply(question, history, **more)
    assert isinstance(reply, Reply)
    return reply


def hold_together(reply: Reply, advisor: Advisor) -> None:
    """Check what everybody relies on in every reply: each number has its citation, each quote is exact."""
    numbers = {int(number) for number in re.findall(r"\[(\d+)\]", reply.answer)}
    assert numbers == {citation.number for citation in reply.citations}
    documents = advisor._shelves.current().documents
    for citation in reply.citations:
        assert citation.quote == documents[citation.document].text[citation.start : citation.end]
    for sentence in reply.sentences:
        assert bool(sentence.citations) == (sentence.origin != "fixed")


# ---------------------------------------------------------------- when it breaks


def _function() -> dict[str, Any]:
    function = {"name": "search", "arguments": '{"query": "PhD"}'}
    return {"tool_calls": [{"index": 0, "id": "1", "type": "function", "function": function}], "content": None}


FAULTS: dict[str, dict[str, Any]] = {
    "nobody at the address": {"address": "http://127.0.0.1:9/v1"},
    "wrong key": {"status": 401, "error": {"message": f"Incorrect API key provided: {KEY}", "type": "auth"}},
    "unknown model": {"status": 404},
    "too many requests, for a while": {"status": 429, "retry_after": "3600"},
    "a fault of its own": {"status": 500},
    "silence": {"silent": True},
    "silence in the middle": {"say": lambda request: [GOOD, " It is"], "silent_after": 1},
    "a cut in mid-sentence": {"say": lambda request: [GOOD + " He recommends", " a PhD. [1]"], "cut_after": 1},
    "garbage": {"raw": b"\x00\xff\xfe" * 400},
    "a web page": {"raw": b"<html>Please log in.</html>"},
    "an answer without an end": {"say": lambda request: ["and so on "] * 100_000},
    "a tool call": {"say": lambda request: [_function()], "finish": "tool_calls"},
    "a tool call written as text": {"say": lambda request: ['<tool_call>{"name": "search"}</tool_call>']},
    "nothing": {"say": lambda request: []},
    "reasoning without an end": {"say": lambda request: ["<think>", "They need no PhD. [1] " * 40]},
    "reasoning and no answer": {"say": lambda request: [{"reasoning_content": "Hm."}, {"reasoning_content": "Hm!"}]},
    "too long a context, always": {"status": 400, "error": {"message": "x", "code": "context_length_exceeded"}},
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_breaks_the_quotes_answer_in_time_and_one_plain_sentence_says_why(
    fault: str, quoting: Advisor, server: LanguageModelServer, caplog: pytest.LogCaptureFixture
) -> None:
    for name, value in FAULTS[fault].items():
        setattr(server, name, value)
    advisor = writing(quoting, server)
    began = time.monotonic()

    reply = ask(advisor)

    assert time.monotonic() - began < SECONDS + BUSY
    assert (reply.status, reply.model) == ("answered", "quotes")
    assert "not strictly need a PhD" in reply.answer
    assert "quoted" in reply.notice
    assert "\n" not in reply.notice
    assert len(server.asked) <= 2
    logged = logging.Formatter("%(message)s")
    said = "".join([reply.notice, reply.answer, *(logged.format(record) for record in caplog.records)])
    assert KEY not in said
    assert "http" not in reply.notice
    hold_together(reply, advisor)


def test_a_context_that_is_too_long_is_tried_once_more_with_fewer_passages(
    advisor: Advisor, server: LanguageModelServer
) -> None:
    server.status, server.well_after = 400, 1
    server.error = {"message": "too long", "code": "context_length_exceeded"}

    reply = ask(advisor)

    assert reply.model == "openai:double"
    assert [len(re.findall(r"^\[\d+\] ", prompt, re.MULTILINE)) for prompt in server.plain_prompts()] == [
        MODEL_PASSAGES,
        FEWER_PASSAGES,
    ]
    hold_together(reply, advisor)


@pytest.mark.parametrize(
    "pieces",
    [
        [{"reasoning_content": "They want to hear yes. [1]"}, GOOD],
        ["<think>They want to hear yes. [1]</think>", GOOD],
        ["They want to hear that no PhD is needed. [1]", "</think>", GOOD],
    ],
    ids=["in a field of its own", "between tags", "before a tag that nothing opened"],
)
def test_reasoning_is_never_shown(advisor: Advisor, server: LanguageModelServer, pieces: list[Any]) -> None:
    server.say = lambda request: pieces

    reply = ask(advisor)

    assert reply.model == "openai:double"
    assert "want to hear" not in reply.answer
    assert all("want to hear" not in dropped.text for dropped in reply.dropped)


# ---------------------------------------------------------------- nobody sees the tail of an answer alone


def left_standing(pieces: Iterable[Stage | Piece | Reply]) -> tuple[str, Reply]:
    """Return what whoever showed the words as they came would be left with, and the reply."""
    text, reply = "", None
    for item in pieces:
        if isinstance(item, Piece):
            text = item.text if item.anew else text + item.text
        elif isinstance(item, Reply):
            reply = item
    assert reply is not None
    return text.strip(), reply


SECOND = "Research leads often have a PhD, in Rob Miles' account. [1]"


@pytest.mark.parametrize(
    ("written", "by", "taken_back"),
    [
        ([f"{GOOD} ", SECOND], "openai:double", False),
        ([f"{SECOND} So: ", "</think>", GOOD], "openai:double", True),
        ([f"{GOOD} ", f"{EARNED} ", "The moon is made of cheese. [2]"], "quotes", True),
        (["The moon is made of cheese. [2]"], "quotes", False),
    ],
    ids=["an answer", "after reasoning that was not marked", "quotes instead", "nothing held"],
)
def test_the_words_that_came_are_the_whole_answer_also_where_it_begins_anew(
    written: list[Any], by: str, taken_back: bool, advisor: Advisor, server: LanguageModelServer
) -> None:
    server.say = lambda request: written
    pieces = list(advisor.reply(QUESTION))

    text, reply = left_standing(pieces)

    assert reply.model == by
    assert text == reply.answer
    assert any(isinstance(each, Piece) and each.anew for each in pieces) == taken_back
    last = steps_of(cast("Any", advisor), QUESTION)[-1]
    shown = [sentence["text"] for row in last["paragraphs"] for sentence in row]
    assert shown == [sentence.text for sentence in reply.sentences]


class Exhausted:
    """A model that has no room left after its first sentence, and takes fewer passages in one go."""

    name = "exhausted"

    def __init__(self) -> None:
        self.asked = 0

    def stream(self, messages: Sequence[Turn]) -> Iterator[str]:
        self.asked += 1
        yield f"{GOOD} And "
        if self.asked == 1:
            raise PromptTooLong("The language model cannot take that much text at once.")
        yield f"so. {SECOND}"


def test_a_second_draft_takes_the_place_of_the_first_and_does_not_stand_behind_it(quoting: Advisor) -> None:
    model: Any = Exhausted()
    speaking = written_by(model, quoting)

    text, reply = left_standing(speaking.reply(QUESTION))

    assert (model.asked, reply.model) == (2, "exhausted")
    assert text == reply.answer
    assert text.count(GOOD.partition(" [")[0]) == 1
    assert NOT_WHOLE in [dropped.reason for dropped in reply.dropped]


def test_the_page_puts_what_begins_anew_in_the_place_of_what_came_before() -> None:
    answerer = ScriptedAnswerer()
    answerer.script = lambda question: iter([Piece("No. "), Piece("Yes.", anew=True)])

    assert "No." not in str(steps_of(answerer, QUESTION)[-1]["paragraphs"])


# ---------------------------------------------------------------- what was seen in production elsewhere

INVENTED = {
    "an id": "Course AISF-2291 is open to you. [1]",
    "a listing": "Anthropic is hiring a research engineer in Zurich. [1]",
    "an address": "Write to careers@anthropic.com. [1]",
    "a search that never was": "Let me search the course list for you.",
    "two options where there is one": "There are 2 options, and both cost 900 dollars. [1]",
    "a place that nobody named": "Since you live in Berlin, you need no PhD. [1]",
    "a date worked out": "The deadline is in 17 days. [1]",
    "a passage that is not there": "You need three published papers to be considered. [99]",
    "a stock line": "I hope this helps, and good luck on your journey!",
}


@pytest.mark.parametrize("invented", INVENTED)
def test_what_the_passages_do_not_carry_is_not_shown(
    invented: str, advisor: Advisor, server: LanguageModelServer
) -> None:
    server.say = lambda request: [f"{GOOD} ", INVENTED[invented]]

    reply = ask(advisor)

    words = INVENTED[invented].partition(" [")[0]
    assert words not in reply.answer
    assert "@" not in reply.answer
    assert [dropped.text for dropped in reply.dropped] == [words]
    assert "strictly need a PhD" in reply.answer
    hold_together(reply, advisor)


def test_no_model_is_asked_where_somebody_may_be_in_danger(advisor: Advisor, server: LanguageModelServer) -> None:
    reply = ask(advisor, "I feel there is no point in going on. How long does ARENA take?")

    assert reply.model == "quotes"
    assert answering.URGENT_PERHAPS in reply.answer
    assert server.asked == []


def test_what_a_model_wrote_is_in_the_reply_with_the_reason_where_quotes_answer_instead(
    advisor: Advisor, server: LanguageModelServer
) -> None:
    server.say = lambda request: [
        f"{GOOD} ",
        "Rob Miles earned 400,000 dollars. [1] ",
        "The moon is made of cheese. [2]",
    ]

    reply = ask(advisor)

    assert reply.model == "quotes"
    assert {dropped.text.partition(" ")[0]: dropped.reason for dropped in reply.dropped} == {
        "Rob": "a number that its passages don't have: 400,000",
        "The": "its passages carry 0% of its words",
        "You": TOO_LITTLE,
    }
    assert "2 of 3 sentences left out" in reply.notice


def test_what_a_model_wrote_before_it_broke_off_is_in_the_reply_too(
    advisor: Advisor, server: LanguageModelServer
) -> None:
    server.say = lambda request: [f"{GOOD} ", f"{EARNED} ", "And so", "on"]
    server.cut_after = 3

    reply = ask(advisor)

    assert [dropped.reason for dropped in reply.dropped] == [
        "a number that its passages don't have: 400,000",
        NOT_WHOLE,
    ]


@pytest.mark.slow
def test_a_first_sentence_is_shown_within_300_ms_of_the_model_having_finished_it(
    quoting: Advisor, server: LanguageModelServer
) -> None:
    writer = first_sentence.Writer()
    server.say = writer
    speaking = writing(quoting, server)

    taken = sorted(first_sentence.shown_after(speaking, question, writer) or 9e9 for question in (QUESTION,) * 5)

    assert taken[0] < first_sentence.WITHIN_MS, "the best of five: others may be at work on this machine"


# ---------------------------------------------------------------- a question in another language

GERMAN = "Brauche ich einen PhD, um an AI safety zu arbeiten?"
IN_GERMAN = "Für die Arbeit an AI safety ist ein PhD nicht zwingend nötig, wie Rob Miles es sagt."


def translating(quoting: Advisor, server: LanguageModelServer, question: str, answer: str) -> Advisor:
    def say(request: dict[str, Any]) -> list[str | dict[str, Any]]:
        asked = str(request)
        return [question if "another language" in asked else answer if "You translate numbered" in asked else GOOD]

    server.say = say
    model = open_model("double", base_url=server.address, api_key=KEY, first_words=60.0, whole=60.0)
    return written_by(model, quoting, translates=True)


def test_a_question_in_another_language_is_answered_in_it(quoting: Advisor, server: LanguageModelServer) -> None:
    server.usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
    speaking = translating(quoting, server, QUESTION, f"1. {IN_GERMAN}")

    pieces = list(speaking.reply(GERMAN))

    reply = pieces[-1]
    assert isinstance(reply, Reply)
    assert (reply.question, reply.standalone) == (GERMAN, QUESTION)
    assert reply.answer == f"{IN_GERMAN} [1]"
    assert "".join(piece.text for piece in pieces if isinstance(piece, Piece)).strip() == reply.answer
    assert "PhD" in reply.citations[0].quote
    assert QUESTION in reply.notice
    assert reply.usage == Usage(300, 30)
    hold_together(reply, speaking)


def test_a_translation_that_says_something_else_is_not_shown(quoting: Advisor, server: LanguageModelServer) -> None:
    wrong = "1. Für die Arbeit an AI safety ist ein PhD zwingend nötig, wie Rob Miles es sagt."

    reply = ask(translating(quoting, server, QUESTION, wrong), GERMAN)

    assert reply.answer == GOOD
    assert "in English" in reply.notice


@pytest.mark.parametrize("question", ["", "Do I need 3 papers for ARENA?"], ids=["nothing", "another question"])
def test_a_question_that_is_not_translated_is_read_word_by_word_and_answered_in_quotes(
    question: str, quoting: Advisor, server: LanguageModelServer
) -> None:
    reply = ask(translating(quoting, server, question, ""), GERMAN)

    assert (reply.status, reply.model) == ("partly", "quotes")
    assert reply.answer.startswith("Ihre Frage wurde Wort für Wort")
    assert len(server.asked) == 1


@pytest.mark.slow
@pytest.mark.parametrize("fault", [{"status": 500}, {"silent": True}], ids=["refused", "silent"])
def test_a_translation_that_fails_or_is_late_leaves_the_answer_that_was_checked_in_english(
    fault: dict[str, Any], quoting: Advisor, server: LanguageModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("career_advisor.advisor.TRANSLATING_S", 2.0)
    speaking = translating(quoting, server, QUESTION, "unused")
    calm = server.say

    def say(request: dict[str, Any]) -> Iterable[str | dict[str, Any]]:
        if len(server.asked) == 2:  # the translation is the third call
            for name, value in fault.items():
                setattr(server, name, value)
        return calm(request)

    server.say = say
    began = time.monotonic()

    reply = ask(speaking, GERMAN)

    assert len(server.asked) >= 3
    assert reply.answer == GOOD
    assert "in English" in reply.notice
    assert time.monotonic() - began < 2.0 + BUSY
    hold_together(reply, speaking)


def test_nothing_is_translated_unless_the_operator_wants_it(advisor: Advisor, server: LanguageModelServer) -> None:
    assert ask(advisor, GERMAN).model == "quotes"
    assert server.asked == []


# ---------------------------------------------------------------- a conversation with each provider's library


@pytest.mark.slow
@pytest.mark.parametrize("name", ["openai:double", "anthropic:double", "ollama:double"])
def test_a_conversation_in_each_provider_s_own_protocol(
    name: str, quoting: Advisor, server: LanguageModelServer
) -> None:
    server.say = lambda request: [f"{GOOD} ", f"{EARNED} ", SECOND]
    server.usage = {"prompt_tokens": 812, "completion_tokens": 41, "total_tokens": 853}
    base = server.address if name.startswith("openai") else server.root
    model = open_model(name, base_url=base, api_key=KEY, first_words=9.0, whole=30.0)
    speaking = written_by(model, quoting)
    spent = Spent()

    text, first = left_standing(speaking.reply(QUESTION, spent=spent))
    before = [Message("user", QUESTION), Message("assistant", first.answer)]
    server.say = lambda request: [f"{GOOD} ", EARNED]  # what the first answer ended with ends no other
    second = ask(speaking, "and as an engineer?", before, spent=spent)

    assert text == first.answer
    for reply in (first, second):
        assert reply.model == name
        assert "400,000" not in reply.answer
        assert reply.usage == Usage(812, 41)
        hold_together(reply, speaking)
    assert spent.used == Usage(1624, 82)
    assert QUESTION in str(server.asked[1])
    server.cut_after = 1
    assert ask(speaking).model == "quotes"


# ---------------------------------------------------------------- a second opinion


def doubting(
    quoting: Advisor, server: LanguageModelServer, judge: LanguageModelServer, *, allowance: Allowance | None = None
) -> Advisor:
    server.say = lambda request: [f"{GOOD} ", SECOND]
    writer = open_model("double", base_url=server.address, api_key=KEY, first_words=9.0, whole=30.0)
    second = open_model("judge", base_url=judge.address, api_key=KEY, first_words=60.0, whole=60.0)
    return written_by(writer, quoting, allowance=allowance or Allowance(), second_opinion=second)


@pytest.fixture
def judge() -> Iterator[LanguageModelServer]:
    with language_model_server() as double:
        double.say = lambda request: ["<think>No?</think>Yes."]
        yield double


def test_what_the_second_opinion_denies_is_not_shown_though_it_passed_the_rules(
    quoting: Advisor, server: LanguageModelServer, judge: LanguageModelServer
) -> None:
    judge.say = lambda request: ["No." if "leads often" in request["messages"][1]["content"] else "Yes."]
    server.usage = judge.usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
    speaking = doubting(quoting, server, judge)
    spent = Spent()

    text, reply = left_standing(pieces := list(speaking.reply(QUESTION, spent=spent)))

    assert reply.model == "openai:double"
    assert text == reply.answer == GOOD
    assert not any(isinstance(each, Piece) and "leads often" in each.text for each in pieces), "not for a moment"
    assert [(dropped.text, dropped.reason) for dropped in reply.dropped] == [(SECOND.partition(" [")[0], REFUSED)]
    assert len(judge.asked) == 2
    assert "You check one sentence" in judge.asked[0]["messages"][0]["content"]
    assert reply.usage == spent.used == Usage(300, 30)
    hold_together(reply, speaking)


def test_where_the_second_opinion_denies_too_much_the_quotes_answer(
    quoting: Advisor, server: LanguageModelServer, judge: LanguageModelServer
) -> None:
    judge.say = lambda request: ["No."]

    text, reply = left_standing(doubting(quoting, server, judge).reply(QUESTION))

    assert reply.model == "quotes"
    assert text == reply.answer
    assert [dropped.reason for dropped in reply.dropped] == [REFUSED, REFUSED]


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault",
    [{"status": 500}, {"silent": True}, {"say": lambda request: ["I wonder."]}, {"say": lambda request: ["Yes"]}],
    ids=["refused", "silent", "neither yes nor no", "yes"],
)
def test_where_the_second_opinion_fails_or_is_late_the_rules_verdict_stands(
    fault: dict[str, Any],
    quoting: Advisor,
    server: LanguageModelServer,
    judge: LanguageModelServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("career_advisor.advisor.SECOND_OPINION_S", 3.0)
    for name, value in fault.items():
        setattr(judge, name, value)
    speaking = doubting(quoting, server, judge)
    began = time.monotonic()

    text, reply = left_standing(speaking.reply(QUESTION))

    assert text == reply.answer
    assert text.startswith(GOOD)
    assert "leads often" in text
    assert reply.dropped == ()
    assert time.monotonic() - began < 3.0 + BUSY
    assert len(judge.asked) <= 2
    hold_together(reply, speaking)


def test_a_conversation_that_has_used_its_share_is_asked_for_no_second_opinion(
    quoting: Advisor, server: LanguageModelServer, judge: LanguageModelServer
) -> None:
    server.usage = {"prompt_tokens": 1600, "completion_tokens": 10, "total_tokens": 1610}

    reply = ask(doubting(quoting, server, judge, allowance=Allowance(tokens=1000)))

    assert reply.model == "openai:double"
    assert judge.asked == []


# ---------------------------------------------------------------- tokens and what they cost


def test_what_an_answer_used_and_cost_is_told(quoting: Advisor, server: LanguageModelServer) -> None:
    server.usage = {"prompt_tokens": 1500, "completion_tokens": 100, "total_tokens": 1600}

    reply = ask(writing(quoting, server, allowance=Allowance(input_price=3.0, output_price=15.0)))

    assert reply.usage == Usage(1500, 100)
    assert reply_json(reply)["usage"] == {
        "input_tokens": 1500,
        "output_tokens": 100,
        "estimated": False,
        "cost": pytest.approx(0.006),
    }


def test_an_answer_without_a_model_used_nothing(quoting: Advisor) -> None:
    assert reply_json(ask(quoting))["usage"] is None


def test_what_failed_has_been_used_all_the_same(advisor: Advisor, server: LanguageModelServer) -> None:
    server.cut_after = 1
    server.say = lambda request: [GOOD, "more"]
    spent = Spent()

    reply = ask(advisor, spent=spent)

    assert reply.model == "quotes"
    assert reply.usage == spent.used
    assert spent.used.estimated
    assert spent.used.input > 300


@pytest.mark.parametrize(
    "allowance", [Allowance(tokens=3000), Allowance(cost=0.009, input_price=3.0)], ids=["tokens", "cost"]
)
def test_a_conversation_that_has_used_its_share_is_answered_in_quotes_and_told_so(
    allowance: Allowance, quoting: Advisor, server: LanguageModelServer
) -> None:
    server.usage = {"prompt_tokens": 1600, "completion_tokens": 10, "total_tokens": 1610}
    limited, spent = writing(quoting, server, allowance=allowance), Spent()

    replies = [ask(limited, spent=spent) for _ in range(3)]

    assert [reply.model for reply in replies] == ["openai:double", "openai:double", "quotes"]
    assert replies[2].notice == USED_UP
    assert replies[2].usage is None
    assert len(server.asked) == 2
    assert ask(limited, spent=Spent()).model == "openai:double", "another conversation has its own share"


def test_the_page_counts_for_the_whole_conversation_and_says_what_each_answer_took(
    quoting: Advisor, server: LanguageModelServer
) -> None:
    server.usage = {"prompt_tokens": 1600, "completion_tokens": 10, "total_tokens": 1610}
    limited: Any = writing(quoting, server, allowance=Allowance(tokens=1000))
    conversation = Conversation()

    first, second = (steps_of(limited, QUESTION, conversation)[-1]["reply"] for _ in range(2))

    assert first["writer"]["tokens"] == 1610
    assert second["writer"] == {"model": "", "tokens": 0, "estimated": False}
    assert "used all that it may" in second["notice"]


def test_an_answer_that_nobody_waited_for_has_been_used_too(advisor: Advisor, server: LanguageModelServer) -> None:
    server.say = lambda request: [GOOD + " ", "More "]
    server.silent_after = 2
    spent = Spent()
    running: Any = advisor.reply(QUESTION, spent=spent)
    while not isinstance(next(running), Piece):
        pass
    running.close()

    assert spent.used.input > 300


# ---------------------------------------------------------------- whoever goes away


def test_whoever_closes_the_reply_takes_the_request_back(advisor: Advisor, server: LanguageModelServer) -> None:
    server.silent = True
    running: Any = advisor.reply(QUESTION)
    while not (isinstance(each := next(running), Stage) and server.asked):
        assert not isinstance(each, Reply)
    running.close()

    assert server.gone.wait(2)


def _leaves(visitor: Visitor) -> None:
    """Close the page: the stream that brings the answer ends on the browser's side."""
    import httpx

    path = f"{visitor.url}/gradio_api/queue/data?session_hash={visitor.session}"
    with httpx.stream("GET", path, trust_env=False, timeout=20) as stream:
        for row in stream.iter_lines():
            if "process_generating" in row:
                return


def _stops(visitor: Visitor) -> None:
    """Press Stop, as the page does: it names the event that is to be cancelled."""
    import json

    import httpx

    path = f"{visitor.url}/gradio_api/queue/data?session_hash={visitor.session}"
    with httpx.stream("GET", path, trust_env=False, timeout=20) as stream:
        for row in stream.iter_lines():
            if "process_generating" in row:
                event = json.loads(row[5:])["event_id"]
                body = {"session_hash": visitor.session, "fn_index": visitor.functions["send"], "event_id": event}
                httpx.post(f"{visitor.url}/gradio_api/cancel", json=body, trust_env=False, timeout=20)
                return


@pytest.mark.slow
@pytest.mark.parametrize("leave", [_leaves, _stops])
@pytest.mark.parametrize("words", [0, 1], ids=["before a word", "in the middle"])
def test_a_visitor_who_leaves_or_presses_stop_takes_the_request_back(
    leave: Callable[[Visitor], None], words: int, quoting: Advisor, server: LanguageModelServer
) -> None:
    server.say = lambda request: [GOOD + " Now", "More "]
    server.silent_after = words
    model = open_model("double", base_url=server.address, api_key=KEY)
    speaking: Any = written_by(model, quoting)
    with served(speaking) as url:
        visitor = Visitor(url, f"leaving-{words}-{leave.__name__}")
        visitor.send("send", [None, json.dumps({"question": QUESTION})])
        began = time.monotonic()
        while not server.asked:
            assert time.monotonic() - began < 20
            time.sleep(0.05)
        leave(visitor)

        assert server.gone.wait(3), "the request was left running"


def test_no_key_reaches_a_file_of_the_home(advisor: Advisor, server: LanguageModelServer, shipped_home: Path) -> None:
    server.status, server.error = 401, {"message": f"Incorrect API key provided: {KEY}", "type": "auth"}
    log = shipped_home / "advisor.log"
    kept = logging.FileHandler(log, encoding="utf-8")
    logging.getLogger().addHandler(kept)
    try:
        assert ask(advisor).model == "quotes"
    finally:
        logging.getLogger().removeHandler(kept)
        kept.close()

    files = [path for path in shipped_home.rglob("*") if path.is_file()]
    assert len(files) > 3, "the index lies there"
    assert "Incorrect API key provided: •••" in log.read_text("utf-8")
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []


# ---------------------------------------------------------------- a follow-up, reworded

ARENA = [Message("user", "What is ARENA?"), Message("assistant", "A bootcamp.")]
FOLLOW_UP = "And how long does it take?"


def rewording(quoting: Advisor, server: LanguageModelServer, written: str, *, patience_s: float = 9.0) -> Advisor:
    model = open_model("double", base_url=server.address, api_key=KEY, first_words=patience_s, whole=30.0)
    server.say = lambda request: [written if "understood alone" in str(request) else GOOD]
    return written_by(model, quoting, rewords=True)


def test_a_follow_up_is_searched_in_the_models_wording_too(quoting: Advisor, server: LanguageModelServer) -> None:
    server.usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}

    reply = ask(rewording(quoting, server, "How long does ARENA take?"), FOLLOW_UP, ARENA)

    assert len(server.asked) == 2
    assert reply.usage == Usage(200, 20)
    assert "ARENA" in reply.standalone


def test_a_question_that_stands_alone_is_not_reworded(quoting: Advisor, server: LanguageModelServer) -> None:
    ask(rewording(quoting, server, "unused"))

    assert len(server.asked) == 1


def test_by_default_there_is_one_call_a_turn(advisor: Advisor, server: LanguageModelServer) -> None:
    ask(advisor, FOLLOW_UP, ARENA)

    assert len(server.asked) == 1


@pytest.mark.slow
@pytest.mark.parametrize("fault", [{"silent": True}, {"status": 500}, {"say": lambda request: ["How? What?\nWhy?"]}])
def test_a_rewording_that_fails_is_late_or_no_question_changes_nothing(
    fault: dict[str, Any], quoting: Advisor, server: LanguageModelServer
) -> None:
    speaking = rewording(quoting, server, "unused", patience_s=2.0)
    plain = ask(quoting, FOLLOW_UP, ARENA)
    for name, value in fault.items():
        setattr(server, name, value)

    reply = ask(speaking, FOLLOW_UP, ARENA)

    assert reply.standalone == plain.standalone
    assert [hit.start for hit in reply.hits] == [hit.start for hit in plain.hits]
    assert reply.answer == plain.answer

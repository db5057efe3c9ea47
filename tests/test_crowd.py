"""When many come at once, and when nobody waits for what was asked: each is told where they stand, none is lost."""

from __future__ import annotations

import itertools
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from career_advisor.feedback import Box
from career_advisor.records import Piece, Reply, Stage
from career_advisor.web import places
from career_advisor.web.conversation import CHATS_AT_ONCE, FROM_ONE_ADDRESS, FROM_ONE_SESSION, WAITING
from career_advisor.web.wording import says
from tests.doubles import QUOTES, Bookshelf, ScriptedAnswerer, answered, streamed
from tests.test_browser import browser, eventually, opened
from tests.test_feedback import ballot, lines
from tests.test_web import Visitor, served

__all__ = ["browser"]  # a fixture

GUIDED = json.dumps(
    {
        "format": "career-advisor-guided",
        "version": 1,
        "guide": "advising",
        "written": "2026-11-26",
        "answers": {"values": {"background": "Six years in a ministry."}},
    }
).encode()


class Gate:
    """A script that answers nobody until it is opened."""

    def __init__(self) -> None:
        self._open = threading.Event()

    def __call__(self, question: str) -> Iterator[Stage | Piece | Reply]:
        self._open.wait(60)
        yield from streamed(answered(question))

    def let_all_through(self) -> None:
        self._open.set()


@pytest.fixture(scope="module")
def one_answerer() -> ScriptedAnswerer:
    return ScriptedAnswerer()


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Box:
    return Box(tmp_path_factory.mktemp("feedback"))


@pytest.fixture(scope="module")
def address(one_answerer: ScriptedAnswerer, box: Box) -> Iterator[str]:
    with served(one_answerer, sources=Bookshelf(), box=box) as url:
        yield url


@pytest.fixture
def answerer(one_answerer: ScriptedAnswerer) -> Iterator[ScriptedAnswerer]:
    one_answerer.asked.clear()
    yield one_answerer
    one_answerer.script = None


@pytest.fixture
def gate(answerer: ScriptedAnswerer) -> Iterator[Gate]:
    """Return what keeps back every answer that is asked for from now on."""
    closed = Gate()
    answerer.script = closed
    yield closed
    closed.let_all_through()
    eventually(lambda: answerer.running == 0)


def sent(visitor: Visitor, session: str, question: str) -> int:
    """Send a question in a session, read nothing of what comes; return the status."""
    visitor.session = session
    return visitor.send("send", [None, json.dumps({"question": question})]).status_code


@pytest.mark.browser
def test_who_finds_every_place_and_the_whole_line_taken_is_told_so_in_a_sentence_and_no_question_is_lost(
    browser: Any, address: str, answerer: ScriptedAnswerer, gate: Gate
) -> None:
    crowd = Visitor(address, "")
    numbers = itertools.count(1)

    def sent_from_elsewhere(session: str, question: str) -> int:
        crowd.address = f"192.0.2.{next(numbers)}"
        return sent(crowd, session, question)

    places = CHATS_AT_ONCE + WAITING
    with opened(browser, address) as tab:
        asked = [f"Am I number {n}?" for n in range(places)]
        first = [sent_from_elsewhere(f"crowd{n}", each) for n, each in enumerate(asked[:CHATS_AT_ONCE])]
        assert first == [200] * CHATS_AT_ONCE
        eventually(lambda: answerer.running == CHATS_AT_ONCE)
        line = [sent_from_elsewhere(f"line{n}", each) for n, each in enumerate(asked[CHATS_AT_ONCE:])]
        assert line == [200] * WAITING

        turn = tab.ask("Am I one too many?")
        assert turn.locator(".trouble").all_inner_texts() == [says("en", "trouble_refused")]
        assert turn.locator(".asked").inner_text() == "Am I one too many?"

        gate.let_all_through()
        eventually(lambda: len(answerer.asked) == places and answerer.running == 0)
        assert sorted(question for question, _ in answerer.asked) == sorted(asked)
        turn.locator(".retry").click()
        assert QUOTES[1] in tab.over().inner_text()


@pytest.mark.slow
def test_what_nobody_waits_for_is_done_once_stands_in_nobodys_way_and_leaves_nothing_behind(
    address: str, answerer: ScriptedAnswerer, box: Box, gate: Gate
) -> None:
    answerer.script = None
    gone, other = Visitor(address, "gone", "192.0.2.1"), Visitor(address, "other", "192.0.2.2")
    turn = str(gone.ask("First?")[-1]["turn"])
    assert gone.send("vote", [ballot(turn), None]).status_code == 200
    answerer.script = gate
    for n in range(FROM_ONE_ADDRESS):
        hang_up(address)
        assert sent(gone, f"gone{n}", f"Does anybody read number {n}?") == 200
    eventually(lambda: answerer.running == FROM_ONE_ADDRESS and len(lines(box)) == 1)

    assert httpx.post(f"{address}/guided", content=GUIDED, trust_env=False, timeout=20).status_code == 200
    answerer.script = None
    began = time.monotonic()
    assert other.ask("And I, who wait?")
    assert time.monotonic() - began < 5

    gate.let_all_through()
    eventually(lambda: answerer.running == 0)
    assert len(answerer.asked) == 1 + FROM_ONE_ADDRESS + 1, "each once"
    other.ask("Am I told of theirs?")
    assert [message.content for message in answerer.asked[-1][1] if message.role == "user"] == ["And I, who wait?"]
    assert len(lines(box)) == 1


@pytest.mark.slow
def test_whoever_sends_two_hundred_questions_at_once_holds_half_the_places_and_others_are_answered(
    address: str, answerer: ScriptedAnswerer, gate: Gate
) -> None:
    flood, other = Visitor(address, "flood", "192.0.2.1"), Visitor(address, "other", "192.0.2.2")
    with ThreadPoolExecutor(20) as at_once:
        each_its_own = [copy(flood) for _ in range(200)]
        statuses = [*at_once.map(lambda n: sent(each_its_own[n], f"flood{n}", f"Number {n}?"), range(200))]
    assert statuses.count(200) == FROM_ONE_ADDRESS
    assert statuses.count(429) == 200 - FROM_ONE_ADDRESS
    eventually(lambda: answerer.running == FROM_ONE_ADDRESS)

    answerer.script = None
    began = time.monotonic()
    assert other.ask("And I?"), "it came and is over"
    assert time.monotonic() - began < 5
    refused = flood.send("send", [None, json.dumps({"question": "One more?"})])
    assert refused.json() == {"detail": places.SENTENCE}
    assert flood.send("clear", [None]).status_code == 200, "what is over is forgotten all the same"

    gate.let_all_through()
    eventually(lambda: answerer.running == 0)
    flood.session = "later"
    assert flood.ask("And now?")


def test_one_page_holds_no_more_than_it_needs_and_a_family_behind_one_address_is_answered(
    address: str, answerer: ScriptedAnswerer, gate: Gate
) -> None:
    page = Visitor(address, "", "192.0.2.9")
    statuses = [sent(page, "one-page", f"Number {n}?") for n in range(FROM_ONE_SESSION + 3)]
    assert statuses == [200] * FROM_ONE_SESSION + [429] * 3
    eventually(lambda: answerer.running == FROM_ONE_SESSION)

    answerer.script = None
    for name in ("mother", "father", "daughter", "son"):
        assert Visitor(address, name, "192.0.2.9").ask("What should I do?"), name


@pytest.mark.browser
def test_somebody_whose_address_has_enough_under_way_is_told_so_kindly_and_their_question_stays(
    browser: Any, address: str, answerer: ScriptedAnswerer, gate: Gate
) -> None:
    beside = Visitor(address, "")
    for n in range(FROM_ONE_ADDRESS):
        assert sent(beside, f"beside{n}", f"Number {n}?") == 200
    with opened(browser, address) as tab:
        turn = tab.ask("And I, at the same desk?")
        assert turn.locator(".trouble").all_inner_texts() == [says("en", "trouble_refused")]
        gate.let_all_through()
        eventually(lambda: answerer.running == 0)
        turn.locator(".retry").click()
        assert QUOTES[1] in tab.over().inner_text()


def hang_up(address: str) -> None:
    """Ask for the document of a guided conversation, and go before it comes."""
    at = urlsplit(address)
    head = f"POST /guided HTTP/1.1\r\nHost: {at.netloc}\r\nContent-Type: application/json\r\n"
    with socket.create_connection((str(at.hostname), int(at.port or 0))) as line:
        line.sendall(f"{head}Content-Length: {len(GUIDED)}\r\n\r\n".encode() + GUIDED)

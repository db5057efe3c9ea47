"""LangChain's chat models, asked asynchronously in one thread, so that a request can be taken back at any time.

Cancelling a task that waits for a provider closes its connection, which a thread that is blocked in a read could not.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import aclosing
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from career_advisor import spending
from career_advisor.llm import troubles
from career_advisor.llm.door import Alive, Heard, Turn
from career_advisor.records import Ended, ModelUnavailable, Stage, Usage

CUT = frozenset({"length", "max_tokens", "MAX_TOKENS"})
"""Finish reasons of an answer that was longer than it may be."""
UNTOLD = spending.BYTES_PER_TOKEN
"""Characters that a piece counts as whose words the library keeps to itself, as langchain-openai does with
`reasoning_content`: a token is the least that a server sends."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A chat model of LangChain's."""

    chat: Any
    says_when_done: bool
    """Whether its library passes on the provider's finish reason: then an answer without one was broken off."""
    first_words: float
    """Seconds until the first words must have come: what a pause that a server asks for must fit in."""

    def ask(self, messages: Sequence[Turn], tell: Callable[[Heard], None]) -> Callable[[], None]:
        """Begin to answer; see `door.Speaker`."""

        def ended(answering: Future[Ended]) -> None:
            if not answering.cancelled():
                tell(answering.exception() or answering.result())

        stopped = threading.Event()

        def tell_whoever_waits(heard: Heard) -> None:
            # Python 3.11's wait_for, which LangChain waits with, loses a cancellation that comes together with a word.
            if stopped.is_set():
                raise asyncio.CancelledError
            tell(heard)

        answering = asyncio.run_coroutine_threadsafe(self._answer(messages, tell_whoever_waits), _loop())
        answering.add_done_callback(ended)

        def stop() -> None:
            stopped.set()
            answering.cancel()

        return stop

    async def _answer(self, messages: Sequence[Turn], tell: Callable[[Heard], None]) -> Ended:
        """Ask, and once more where the first request was put off for a moment before a word came."""
        began = time.monotonic()
        try:
            return await self._once(messages, tell)
        except Exception as trouble:
            left = self.first_words - (time.monotonic() - began)
            pause = troubles.pause_before_retry(trouble, left)
            if pause is None:
                raise
        tell(Stage("The language model asks for a moment of patience"))
        await asyncio.sleep(pause)
        return await self._once(messages, tell)

    async def _once(self, messages: Sequence[Turn], tell: Callable[[Heard], None]) -> Ended:
        reason = None
        finished = not self.says_when_done
        used: Usage | None = None
        async with aclosing(self.chat.astream([(turn.role, turn.content) for turn in messages])) as chunks:
            async for chunk in chunks:
                said = chunk.response_metadata
                reason = said.get("finish_reason") or said.get("stop_reason") or said.get("done_reason") or reason
                finished = finished or bool(reason) or said.get("done") is True
                if chunk.usage_metadata:
                    used = _plus(used, chunk.usage_metadata)
                    tell(used)
                tell(str(chunk.text) or Alive(0 if reason or chunk.usage_metadata else _unseen(chunk)))
        # A server that breaks off in mid-sentence ends the stream as if it had finished.
        if not finished:
            raise ModelUnavailable("The language model broke off before its answer was complete.")
        return Ended(whole=reason not in CUT)


def _unseen(chunk: Any) -> int:
    """Return the characters of reasoning or of a tool call in a chunk: they count against the longest answer."""
    blocks = chunk.content if isinstance(chunk.content, list) else ()
    told = len(str(blocks)) * bool(blocks) + sum(len(call.get("args") or "") for call in chunk.tool_call_chunks)
    return told or UNTOLD


def _plus(used: Usage | None, said: Any) -> Usage:
    """Add what one chunk says was used; LangChain's chunks hold parts of the whole."""
    return Usage(said["input_tokens"], said["output_tokens"]).plus(used or Usage())


@lru_cache(maxsize=1)
def _loop() -> asyncio.AbstractEventLoop:
    """Return the loop in which every request to a provider runs; their clients belong to one loop for good."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="language-models", daemon=True).start()
    return loop

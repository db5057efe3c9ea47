"""The embedded language model, from the page's side: a process that is started at the first question and stays."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import json
import logging
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any, cast

from career_advisor.extras import install_line
from career_advisor.llm.door import Alive, Heard, Turn
from career_advisor.records import Ended, ModelUnavailable, PromptTooLong, Stage, Usage

ENDING_S = 5.0
"""Seconds that the process gets to end by itself."""
FAULTY = "The embedded language model cannot run here; the log says why."
STOPPED = "The embedded language model stopped unexpectedly; it is started anew for the next question."

_log = logging.getLogger(__name__)


class Embedded:
    """A GGUF model in a process of its own. One question at a time is what its `Line` lets through."""

    def __init__(self, weights: Callable[[], Path], *, tokens: int, prompt_tokens: int, cache_tokens: int) -> None:
        """Hold what it takes; nothing is started here.

        Args:
            weights: Finds the verified file.
            tokens: Longest answer.
            prompt_tokens: Longest prompt.
            cache_tokens: Tokens whose keys and values are kept in memory.
        """
        self._weights = weights
        self._tokens = tokens
        self._bounds = (prompt_tokens, max(cache_tokens, prompt_tokens + tokens))
        self._process: _Process | None = None
        self._starting = threading.Lock()

    def ask(self, messages: Sequence[Turn], tell: Callable[[Heard], None]) -> Callable[[], None]:
        """Begin to answer; see `door.Speaker`."""
        try:
            process = self._started(tell)
        except ModelUnavailable as trouble:
            tell(trouble)
            return lambda: None
        turns = [{"role": turn.role, "content": turn.content} for turn in messages]
        return process.ask({"messages": turns, "tokens": self._tokens}, tell)

    def _started(self, tell: Callable[[Heard], None]) -> _Process:
        with self._starting:
            if self._process is None or not self._process.alive:
                if importlib.util.find_spec("openvino_genai") is None:
                    how = install_line("local")
                    raise ModelUnavailable(f"The library for the embedded language model is not installed; {how}.")
                tell(Stage("Opening the language model"))
                self._process = _Process([str(self._weights()), *(str(bound) for bound in self._bounds)])
                weakref.finalize(self, self._process.end)
            return self._process


class _Process:
    """A running `worker`, and who waits for which of its answers."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self._popen = subprocess.Popen(  # noqa: S603  (our own interpreter and our own words)
            [sys.executable, "-m", "career_advisor.llm.worker", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self._waiting: dict[int, Callable[[Heard], None]] = {}
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self.alive = True
        threading.Thread(target=self._read, name="embedded-model", daemon=True).start()

    def ask(self, request: dict[str, Any], tell: Callable[[Heard], None]) -> Callable[[], None]:
        """Send a request; return what takes it back."""
        identity = next(self._ids)
        with self._lock:
            self._waiting[identity] = tell
        self._say({"id": identity, **request})
        if not self.alive:
            self._forget(ModelUnavailable(STOPPED))

        def stop() -> None:
            with self._lock:
                running = self._waiting.pop(identity, None) is not None
            if running:
                self._say({"cancel": identity})

        return stop

    def end(self) -> None:
        """Let the process end; what it was computing is lost."""
        with contextlib.suppress(OSError, ValueError):
            self._stdin.close()
        try:
            self._popen.wait(ENDING_S)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()

    @property
    def _stdin(self) -> IO[str]:
        return cast("IO[str]", self._popen.stdin)

    def _say(self, line: dict[str, Any]) -> None:
        with self._lock, contextlib.suppress(OSError, ValueError):  # a process that has ended is noticed by its reader
            self._stdin.write(json.dumps(line) + "\n")
            self._stdin.flush()

    def _read(self) -> None:
        fault = STOPPED
        for text in cast("IO[str]", self._popen.stdout):
            line = json.loads(text)
            if "fault" in line:
                _log.warning("the embedded language model: %s", line["fault"])
                fault = FAULTY
            with self._lock:
                tell = self._waiting.get(line.get("id", 0))
                if "end" in line:
                    self._waiting.pop(line["id"], None)
            if tell is not None:
                tell(_heard(line))
        self.alive = False
        self._forget(ModelUnavailable(fault))

    def _forget(self, trouble: ModelUnavailable) -> None:
        with self._lock:
            waiting, self._waiting = list(self._waiting.values()), {}
        for tell in waiting:
            tell(trouble)


def _heard(line: dict[str, Any]) -> Heard:
    """Return what a line of the worker says."""
    if "text" in line:
        return str(line["text"])
    if "input" in line:
        return Usage(line["input"], line["output"])
    match line.get("end"):
        case None:
            return Alive()
        case "too_long":
            return PromptTooLong("The embedded language model cannot take that much text at once.")
        case end:
            return Ended(whole=end == "stop")

"""A real HTTP server on loopback that plays a language model, and remembers what it was asked.

By the path that it is asked at, it speaks as OpenAI's chat completions (server-sent events), as Anthropic's messages
(events with names) or as Ollama's chat (a line of JSON each).
"""

from __future__ import annotations

import json
import select
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LONGEST_SILENCE_S = 20
ENDS_WITHIN_S = 0.02
"""Half a second unless told otherwise, and every test waits for it."""


@dataclass
class LanguageModelServer:
    """What the server will say, and what it heard."""

    say: Callable[[dict[str, Any]], Iterable[str | dict[str, Any]]] = lambda request: ["Hello."]
    """Pieces of text, or whole `delta` objects."""
    status: int = 200
    well_after: int | None = None
    """Requests that get `status`; those behind them are answered."""
    error: dict[str, Any] = field(default_factory=lambda: {"message": "refused by the test server", "type": "test"})
    retry_after: str | None = None
    raw: bytes | None = None
    """Sent as the body, instead of anything else."""
    cut_after: int | None = None
    """Pieces after which the connection closes without a finish."""
    silent_after: int | None = None
    """Pieces after which nothing comes any more; the connection stays open."""
    pause_s: float = 0.0
    """Before each piece."""
    finish: str = "stop"
    usage: dict[str, int] | None = None
    """Sent last, if the request asks for it."""
    silent: bool = False
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    """When each request came, by the monotonic clock."""
    address: str = ""
    requests: int = 0
    """Of any kind, also such as no language model is asked with."""
    release: threading.Event = field(default_factory=threading.Event)
    gone: threading.Event = field(default_factory=threading.Event)
    """Set when a client went away before its answer was whole."""
    running: int = 0
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def root(self) -> str:
        """Where Anthropic's and Ollama's libraries look for their paths."""
        return self.address.removesuffix("/v1")

    def plain_prompts(self) -> list[str]:
        """Return what was asked each time, as one text."""
        return ["\n".join(message["content"] for message in request["messages"]) for request in self.asked]


class _OpenAI:
    """How OpenAI's chat completions are streamed."""

    def __init__(self, server: LanguageModelServer, request: dict[str, Any]) -> None:
        self.server, self.request = server, request

    def begin(self) -> bytes:
        return b""

    def piece(self, piece: str | dict[str, Any]) -> bytes:
        delta = piece if isinstance(piece, dict) else {"role": "assistant", "content": piece}
        return self._event([{"delta": delta, "index": 0, "finish_reason": None}])

    def end(self) -> bytes:
        usage = b""
        if self.server.usage and (self.request.get("stream_options") or {}).get("include_usage"):
            usage = self._event([], usage=self.server.usage)
        finish = self._event([{"delta": {}, "index": 0, "finish_reason": self.server.finish}])
        return finish + usage + b"data: [DONE]\n\n"

    def _event(self, choices: list[dict[str, Any]], **more: Any) -> bytes:
        event = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "double", "choices": choices}
        return f"data: {json.dumps(event | more)}\n\n".encode()


class _Anthropic(_OpenAI):
    """How Anthropic's messages are streamed."""

    def begin(self) -> bytes:
        message: dict[str, Any] = {"id": "x", "type": "message", "role": "assistant", "model": "double", "content": []}
        message |= {"stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1}}
        block = {"type": "text", "text": ""}
        return self._named("message_start", message=message) + self._named(
            "content_block_start", index=0, content_block=block
        )

    def piece(self, piece: str | dict[str, Any]) -> bytes:
        delta = piece if isinstance(piece, dict) else {"type": "text_delta", "text": piece}
        return self._named("content_block_delta", index=0, delta=delta)

    def end(self) -> bytes:
        told = self.server.usage or {"completion_tokens": 1}
        usage = {"input_tokens": told.get("prompt_tokens"), "output_tokens": told["completion_tokens"]}
        reason = {"stop": "end_turn", "length": "max_tokens"}[self.server.finish]
        delta = {"stop_reason": reason, "stop_sequence": None}
        return b"".join(
            [
                self._named("content_block_stop", index=0),
                self._named("message_delta", delta=delta, usage={k: v for k, v in usage.items() if v is not None}),
                self._named("message_stop"),
            ]
        )

    def _named(self, name: str, **more: Any) -> bytes:
        return f"event: {name}\ndata: {json.dumps({'type': name} | more)}\n\n".encode()


class _Ollama(_OpenAI):
    """How Ollama's chat is streamed."""

    def piece(self, piece: str | dict[str, Any]) -> bytes:
        message = piece if isinstance(piece, dict) else {"content": piece}
        return self._line(message={"role": "assistant", "content": "", **message}, done=False)

    def end(self) -> bytes:
        told = self.server.usage or {}
        counts = {"prompt_eval_count": told.get("prompt_tokens"), "eval_count": told.get("completion_tokens")}
        message = {"role": "assistant", "content": ""}
        return self._line(message=message, done=True, done_reason=self.server.finish, **counts)

    def _line(self, **more: Any) -> bytes:
        return (json.dumps({"model": "double", "created_at": "2026-11-26T00:00:00Z"} | more) + "\n").encode()


_SPOKEN = {"/v1/messages": _Anthropic, "/api/chat": _Ollama}


def _handler(server: LanguageModelServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the library's name)
            return

        def parse_request(self) -> bool:
            with server.lock:
                server.requests += 1
            return super().parse_request()

        def do_GET(self) -> None:
            self._take_note()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if "/runs" in self.path:
                self._take_note()
                return
            request = json.loads(body)
            with server.lock:
                server.asked.append(request)
                server.keys.append(self.headers.get("Authorization", ""))
                server.at.append(time.monotonic())
                server.running += 1
                server.most_at_once = max(server.most_at_once, server.running)
                number = len(server.asked)
            try:
                self._answer(request, number)
            except OSError:
                server.gone.set()
            finally:
                with server.lock:
                    server.running -= 1

        def _answer(self, request: dict[str, Any], number: int) -> None:
            if server.silent:
                self._be_silent()
                return
            if server.status != 200 and (server.well_after is None or number <= server.well_after):
                self._refuse()
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            spoken = _SPOKEN.get(self.path, _OpenAI)(server, request)
            if server.raw is not None:
                self.wfile.write(server.raw)
                return
            self._write(spoken.begin())
            for i, piece in enumerate(server.say(request)):
                if server.cut_after is not None and i >= server.cut_after:
                    return
                if server.silent_after is not None and i >= server.silent_after:
                    self._be_silent()
                    return
                if server.pause_s and self._left(server.pause_s):
                    return
                self._write(spoken.piece(piece))
            self._write(spoken.end())

        def _take_note(self) -> None:
            """Answer as a tracer does, at once: whoever is refused or not understood tries again for long."""
            self.send_response(202)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def _refuse(self) -> None:
            body = json.dumps({"error": server.error}).encode()
            self.send_response(server.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if server.retry_after is not None:
                self.send_header("Retry-After", server.retry_after)
            self.end_headers()
            self.wfile.write(body)

        def _be_silent(self) -> None:
            until = time.monotonic() + LONGEST_SILENCE_S
            while time.monotonic() < until and not server.release.is_set() and not self._left(0.05):
                pass

        def _left(self, wait: float) -> bool:
            """Wait, and tell whether the client went away meanwhile."""
            readable, _, _ = select.select([self.connection], [], [], wait)
            left = bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)
            if left:
                server.gone.set()
            return left

        def _write(self, data: bytes) -> None:
            self.wfile.write(data)
            self.wfile.flush()

    return Handler


@contextmanager
def language_model_server() -> Iterator[LanguageModelServer]:
    """Serve on a free loopback port until the block ends."""
    double = LanguageModelServer()
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(double))
    double.address = f"http://127.0.0.1:{http.server_address[1]}/v1"
    thread = threading.Thread(target=http.serve_forever, args=(ENDS_WITHIN_S,), daemon=True)
    thread.start()
    try:
        yield double
    finally:
        double.release.set()
        http.shutdown()
        http.server_close()
        thread.join(5)

"""A real HTTP server on loopback that plays an OpenAI-compatible language model, and remembers what it was asked."""

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

    def plain_prompts(self) -> list[str]:
        """Return what was asked each time, as one text."""
        return ["\n".join(message["content"] for message in request["messages"]) for request in self.asked]


def _handler(server: LanguageModelServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the library's name)
            return

        def parse_request(self) -> bool:
            with server.lock:
                server.requests += 1
            return super().parse_request()

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
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
            if server.raw is not None:
                self.wfile.write(server.raw)
                return
            for i, piece in enumerate(server.say(request)):
                if server.cut_after is not None and i >= server.cut_after:
                    return
                if server.silent_after is not None and i >= server.silent_after:
                    self._be_silent()
                    return
                if server.pause_s and self._left(server.pause_s):
                    return
                delta = piece if isinstance(piece, dict) else {"role": "assistant", "content": piece}
                self._send([{"delta": delta, "index": 0, "finish_reason": None}])
            self._send([{"delta": {}, "index": 0, "finish_reason": server.finish}])
            if server.usage and (request.get("stream_options") or {}).get("include_usage"):
                self._send([], usage=server.usage)
            self.wfile.write(b"data: [DONE]\n\n")

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

        def _send(self, choices: list[dict[str, Any]], **more: Any) -> None:
            event = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "double", "choices": choices}
            self.wfile.write(f"data: {json.dumps(event | more)}\n\n".encode())
            self.wfile.flush()

    return Handler


@contextmanager
def language_model_server() -> Iterator[LanguageModelServer]:
    """Serve on a free loopback port until the block ends."""
    double = LanguageModelServer()
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(double))
    double.address = f"http://127.0.0.1:{http.server_address[1]}/v1"
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        yield double
    finally:
        double.release.set()
        http.shutdown()
        http.server_close()
        thread.join(5)

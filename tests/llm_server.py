"""A real HTTP server on loopback that plays an OpenAI-compatible language model, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class LanguageModelServer:
    """What the server will say, and what it heard."""

    say: Callable[[dict[str, Any]], list[str]] = lambda request: ["Hello."]
    status: int = 200
    cut_after: int | None = None
    """Pieces after which the connection closes without a finish."""
    silent: bool = False
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    address: str = ""
    release: threading.Event = field(default_factory=threading.Event)


def _handler(server: LanguageModelServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the library's name)
            return

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.asked.append(request)
            server.keys.append(self.headers.get("Authorization", ""))
            if server.silent:
                server.release.wait(20)
                return
            if server.status != 200:
                body = json.dumps({"error": {"message": "refused by the test server", "type": "test"}}).encode()
                self.send_response(server.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            pieces = server.say(request)
            for i, piece in enumerate(pieces):
                if server.cut_after is not None and i >= server.cut_after:
                    return
                self._send({"delta": {"role": "assistant", "content": piece}, "index": 0, "finish_reason": None})
            self._send({"delta": {}, "index": 0, "finish_reason": "stop"})
            self.wfile.write(b"data: [DONE]\n\n")

        def _send(self, choice: dict[str, Any]) -> None:
            event = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "double", "choices": [choice]}
            self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
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

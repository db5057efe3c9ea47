"""An OpenAI-compatible server with real weights: OpenVINO's pipeline behind the protocol, in a process of its own.

    python -m tests.weights_server FILE.gguf

Prints its address. The protocol is ours here; the weights, the tokenizer and the generation are not. llama.cpp's own
server is in `llama_server`, for the platforms that have its wheel. A request is given up when its client goes away.
"""

from __future__ import annotations

import json
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@contextmanager
def weights_server(gguf: Path) -> Iterator[str]:
    """Serve until the block ends; gives the base address."""
    command = [sys.executable, "-m", "tests.weights_server", str(gguf)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def _handler(pipeline: Any, openvino_genai: Any) -> type[BaseHTTPRequestHandler]:
    turn = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the library's name)
            return

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            with turn:
                self._generate(request)

        def _generate(self, request: dict[str, Any]) -> None:
            status = openvino_genai.StreamingStatus

            def take(piece: str) -> Any:
                readable, _, _ = select.select([self.connection], [], [], 0)
                if readable and not self.connection.recv(1, socket.MSG_PEEK):
                    return status.CANCEL
                self._send([{"delta": {"role": "assistant", "content": piece}, "index": 0, "finish_reason": None}])
                return status.RUNNING

            history = openvino_genai.ChatHistory(request["messages"])
            most = request.get("max_tokens") or request["max_completion_tokens"]
            done = pipeline.generate(history, max_new_tokens=most, do_sample=False, streamer=take)
            written = done.perf_metrics.get_num_generated_tokens()
            finish = "length" if written >= most else "stop"
            self._send([{"delta": {}, "index": 0, "finish_reason": finish}])
            asked = done.perf_metrics.get_num_input_tokens()
            usage = {"prompt_tokens": asked, "completion_tokens": written, "total_tokens": asked + written}
            self._send([], usage=usage)
            self.wfile.write(b"data: [DONE]\n\n")

        def _send(self, choices: list[dict[str, Any]], **more: Any) -> None:
            event = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "real", "choices": choices}
            self.wfile.write(f"data: {json.dumps(event | more)}\n\n".encode())
            self.wfile.flush()

    return Handler


def main(path: str) -> None:
    import openvino_genai

    pipeline = openvino_genai.LLMPipeline(path, "CPU")
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(pipeline, openvino_genai))
    print(f"http://127.0.0.1:{http.server_address[1]}/v1", flush=True)
    http.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])

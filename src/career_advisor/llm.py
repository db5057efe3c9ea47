"""The one door to language models: LangChain's chat models, and the embedded one.

Whatever goes wrong behind it comes out as ModelUnavailable with a sentence for the person; keys never do.
"""

from __future__ import annotations

import os
import queue
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from career_advisor.records import ModelUnavailable

FIRST_WORDS = 60.0
"""Seconds until the first words must have come."""
BETWEEN_WORDS = 20.0
"""Seconds of silence between two pieces."""
WHOLE_ANSWER = 180.0
"""Seconds for everything."""
LONGEST = 12_000
"""Characters after which an answer is cut: nothing useful is that long."""
TOKENS = 400
EMBEDDED_FIRST_WORDS = 90.0
EXTRAS = {"anthropic": "anthropic", "openai": "openai", "ollama": "ollama"}

_TRACING = ("LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING", "LANGCHAIN_TRACING_V2")


class Turn(Protocol):
    """A message: who speaks, and the text."""

    @property
    def role(self) -> str:
        """`system` or `user`."""
        ...

    @property
    def content(self) -> str:
        """Its text."""
        ...


class Patience(NamedTuple):
    """How long to wait, in seconds."""

    first_words: float
    between_words: float
    whole: float


@dataclass(frozen=True, slots=True)
class ChatModel:
    """A language model that streams text."""

    name: str
    _produce: Callable[[Sequence[Turn], threading.Event], Iterator[str]]
    _patience: Patience
    _secrets: tuple[str, ...] = ()

    def stream(self, messages: Sequence[Turn]) -> Iterator[str]:
        """Yield text as it comes.

        The model is read by a thread of its own, so that silence ends within its time whatever the library does;
        closing the iterator tells the thread to stop.

        Raises:
            ModelUnavailable: Refused, unreachable, silent for too long, or broken off.
        """
        pieces: queue.Queue[str | Exception | None] = queue.Queue()
        stop = threading.Event()

        def read() -> None:
            try:
                for piece in self._produce(messages, stop):
                    if stop.is_set():
                        return
                    pieces.put(piece)
                pieces.put(None)
            except Exception as trouble:  # noqa: BLE001  (every provider has its own; all become one sentence)
                pieces.put(trouble)

        threading.Thread(target=read, name="language-model", daemon=True).start()
        total = 0
        began = time.monotonic()
        patience = self._patience.first_words
        try:
            while total < LONGEST:
                left = self._patience.whole - (time.monotonic() - began)
                try:
                    piece = pieces.get(timeout=max(min(patience, left), 0.001))
                except queue.Empty:
                    waited = time.monotonic() - began
                    raise ModelUnavailable(
                        f"The language model {self.name} did not answer within {waited:.0f} seconds."
                    ) from None
                if piece is None:
                    return
                if isinstance(piece, Exception):
                    raise self._translated(piece) from piece
                total += len(piece)
                patience = self._patience.between_words
                yield piece
        finally:
            stop.set()

    def _translated(self, trouble: Exception) -> ModelUnavailable:
        if isinstance(trouble, ModelUnavailable):
            return trouble
        detail = " ".join(str(trouble).split())[:200]
        for secret in self._secrets:
            detail = detail.replace(secret, "•••")
        detail = re.sub(r"\b(sk|key|pk)-[\w-]{6,}", "•••", detail)
        return ModelUnavailable(
            f"The language model {self.name} could not answer ({type(trouble).__name__}: {detail})."
        )


def open_model(
    name: str,
    *,
    base_url: str | None = None,
    api_key: str | None = None,
    weights: Callable[[], Path] | None = None,
    allow_tracing: bool = False,
    first_words: float = FIRST_WORDS,
    between_words: float = BETWEEN_WORDS,
    whole: float = WHOLE_ANSWER,
    tokens: int = TOKENS,
) -> ChatModel:
    """Open a language model by name; nothing is asked of it yet.

    Args:
        name: `local`, or what `init_chat_model` takes ("anthropic:…", "openai:…", "ollama:…"). With `base_url` a
            name without a provider is that of a model on an OpenAI-compatible server.
        base_url: Address of an OpenAI-compatible server.
        api_key: For the provider; without one the provider's own environment variable counts.
        weights: For `local`: finds the verified GGUF file.
        allow_tracing: Whether LangChain's tracing may send prompts elsewhere, if its variables ask for it.
        first_words: Seconds until the first words must have come.
        between_words: Seconds of silence between two pieces.
        whole: Seconds for everything.
        tokens: Longest answer.

    Raises:
        ModelUnavailable: If the library for it is not installed, or its settings are refused.
    """
    if not allow_tracing:
        for variable in _TRACING:
            os.environ[variable] = "false"
    if name == "local":
        if weights is None:
            raise ModelUnavailable("No weights for the embedded language model; run `career-advisor models fetch`.")
        # A long prompt takes a small machine a minute and more to read.
        patience = Patience(max(first_words, EMBEDDED_FIRST_WORDS), between_words, max(whole, EMBEDDED_FIRST_WORDS))
        return ChatModel("local", _Embedded(weights, tokens), patience)
    return _remote(name, base_url, api_key, Patience(first_words, between_words, whole), tokens)


def _remote(name: str, base_url: str | None, api_key: str | None, patience: Patience, tokens: int) -> ChatModel:
    from langchain.chat_models import init_chat_model

    full = name if ":" in name or base_url is None else f"openai:{name}"
    provider = full.partition(":")[0]
    options: dict[str, Any] = {
        "timeout": patience.first_words,
        "max_retries": 1,
        "max_tokens": tokens,
        "temperature": 0,
    }
    if provider == "ollama":
        options = {"num_predict": tokens, "temperature": 0, "client_kwargs": {"timeout": patience.first_words}}
    if base_url:
        options["base_url"] = base_url
    if api_key or (base_url and provider == "openai"):
        options["api_key"] = api_key or os.environ.get("OPENAI_API_KEY") or "none"
    try:
        chat = init_chat_model(full, **options)
    except ImportError as missing:
        extra = EXTRAS.get(provider)
        how = f"pip install 'career-advisor[{extra}]'" if extra else str(missing)
        raise ModelUnavailable(f"The library for {provider} is not installed; {how}.") from missing
    except (ValueError, TypeError, LookupError) as refused:
        detail = " ".join(str(refused).split())[:200]
        raise ModelUnavailable(f"ADVISOR_MODEL={full} cannot be used: {detail}") from refused
    except Exception as refused:
        raise ModelUnavailable(f"ADVISOR_MODEL={full} cannot be used: {type(refused).__name__}") from refused
    return ChatModel(full, _Remote(chat, provider in EXTRAS), patience, (api_key,) if api_key else ())


@dataclass(frozen=True, slots=True)
class _Remote:
    chat: Any
    says_when_done: bool
    """Whether its library passes on the provider's finish reason."""

    def __call__(self, messages: Sequence[Turn], stop: threading.Event) -> Iterator[str]:
        finished = not self.says_when_done
        for chunk in self.chat.stream([(turn.role, turn.content) for turn in messages]):
            if stop.is_set():
                return
            reason = chunk.response_metadata.get("finish_reason") or chunk.response_metadata.get("stop_reason")
            finished = finished or bool(reason) or chunk.response_metadata.get("done") is True
            if text := str(chunk.text):
                yield text
        # A server that breaks off in mid-sentence ends the stream as if it had finished.
        if not finished:
            raise ModelUnavailable("The language model broke off before its answer was complete.")


class _Embedded:
    """The GGUF model in this process: opened at the first question, one question at a time."""

    def __init__(self, weights: Callable[[], Path], tokens: int) -> None:
        self._weights = weights
        self._tokens = tokens
        self._pipeline: Any = None
        self._turn = threading.Lock()

    def __call__(self, messages: Sequence[Turn], stop: threading.Event) -> Iterator[str]:
        with self._turn:
            try:
                import openvino_genai
            except ImportError as missing:
                how = "pip install 'career-advisor[local]'"
                raise ModelUnavailable(
                    f"The library for the embedded language model is not installed; {how}."
                ) from missing
            if self._pipeline is None:
                self._pipeline = openvino_genai.LLMPipeline(str(self._weights()), "CPU")
            yield from self._generate(openvino_genai, messages, stop)

    def _generate(self, openvino_genai: Any, messages: Sequence[Turn], stop: threading.Event) -> Iterator[str]:
        pieces: queue.Queue[str | Exception | None] = queue.Queue()

        def take(piece: str) -> Any:
            pieces.put(piece)
            status = openvino_genai.StreamingStatus
            return status.CANCEL if stop.is_set() else status.RUNNING

        def generate() -> None:
            try:
                history = openvino_genai.ChatHistory([{"role": t.role, "content": t.content} for t in messages])
                self._pipeline.generate(history, max_new_tokens=self._tokens, do_sample=False, streamer=take)
                pieces.put(None)
            except RuntimeError as trouble:
                pieces.put(trouble)

        worker = threading.Thread(target=generate, name="embedded-model", daemon=True)
        worker.start()
        while (piece := pieces.get()) is not None:
            if isinstance(piece, Exception):
                raise piece
            yield piece
        worker.join()

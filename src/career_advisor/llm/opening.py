"""Which language model: by its name, the provider's library and the operator's address and key."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from career_advisor.extras import install_line
from career_advisor.llm import troubles
from career_advisor.llm.door import ChatModel, Patience
from career_advisor.llm.embedded import Embedded
from career_advisor.llm.line import Line
from career_advisor.llm.remote import Remote
from career_advisor.records import ModelUnavailable

FIRST_WORDS = 60.0
"""Seconds until the first words must have come."""
BETWEEN_WORDS = 20.0
"""Seconds of silence between two pieces."""
WHOLE_ANSWER = 180.0
"""Seconds for everything."""
TOKENS = 400
EMBEDDED_FIRST_WORDS = 90.0
AT_ONCE = 4
"""Answers that a remote model writes side by side."""
WAITING = 16
"""People who may wait for their turn."""
PROMPT_TOKENS = 3_000
"""Longest prompt of the embedded model, which a small machine takes long to read; ours have some 1,000 tokens."""
CACHE_TOKENS = 8_192
"""Tokens whose keys and values the embedded model keeps: its memory beside the weights, and what it need not read
again. Of Qwen2.5-1.5B (28 layers, 2 heads for keys and values of 128 numbers, 2 bytes each) a token takes 28 KiB."""
EXTRAS = {"anthropic": "anthropic", "openai": "openai", "ollama": "ollama"}
# fmt: off
PROVIDERS = frozenset({
    "anthropic", "anthropic_bedrock", "azure_ai", "azure_openai", "baseten", "bedrock", "bedrock_converse",
    "bedrock_mantle_anthropic", "bedrock_mantle_openai", "cohere", "deepseek", "fireworks",
    "google_anthropic_vertex", "google_genai", "google_vertexai", "groq", "huggingface", "ibm", "langsmith",
    "litellm", "meta", "mistralai", "nvidia", "ollama", "openai", "openrouter", "perplexity", "together", "upstage",
    "xai",
})
# fmt: on
"""What `init_chat_model` knows as a provider; any other word before a colon belongs to a model's own name, as in
`smollm2:135m`. A test holds it beside LangChain's table."""

_TRACING = ("LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING", "LANGCHAIN_TRACING_V2")


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
    at_once: int = AT_ONCE,
    waiting: int = WAITING,
    prompt_tokens: int = PROMPT_TOKENS,
    cache_tokens: int = CACHE_TOKENS,
) -> ChatModel:
    """Open a language model by name; nothing is asked of it yet.

    Args:
        name: `local` or `local:` and a name of the catalogue, or what `init_chat_model` takes ("anthropic:…",
            "openai:…", "ollama:…"). With `base_url` a name without a provider is that of a model on an
            OpenAI-compatible server, colons and all.
        base_url: Address of an OpenAI-compatible server.
        api_key: For the provider; without one the provider's own environment variable counts.
        weights: For `local`: finds the verified GGUF file.
        allow_tracing: Whether LangChain's tracing may send prompts elsewhere, if its variables ask for it.
        first_words: Seconds until the first words must have come.
        between_words: Seconds of silence between two pieces.
        whole: Seconds for everything.
        tokens: Longest answer.
        at_once: Answers that a remote model writes side by side; the embedded one writes one.
        waiting: People who may wait for their turn.
        prompt_tokens: For `local`: longest prompt.
        cache_tokens: For `local`: tokens whose keys and values are kept in memory.

    Raises:
        ModelUnavailable: If the library for it is not installed, or its settings are refused.
    """
    if not allow_tracing:
        for variable in _TRACING:
            os.environ[variable] = "false"
    if name.partition(":")[0] == "local":
        if weights is None:
            raise ModelUnavailable("No weights for the embedded language model; run `career-advisor models fetch`.")
        # A long prompt takes a small machine a minute and more to read.
        patience = Patience(max(first_words, EMBEDDED_FIRST_WORDS), between_words, max(whole, EMBEDDED_FIRST_WORDS))
        embedded = Embedded(weights, tokens=tokens, prompt_tokens=prompt_tokens, cache_tokens=cache_tokens)
        return ChatModel(name, embedded, patience, Line(1, waiting))
    full = name if base_url is None or names_provider(name) else f"openai:{name}"
    patience = Patience(first_words, between_words, whole)
    speaker = _remote(full, base_url, api_key, patience, tokens)
    return ChatModel(full, speaker, patience, Line(at_once, waiting), (api_key,) if api_key else ())


def names_provider(name: str) -> bool:
    """Tell whether a model's name begins with whose it is.

    >>> names_provider("anthropic:claude-sonnet-4-5"), names_provider("local:x"), names_provider("smollm2:135m")
    (True, True, False)
    """
    provider, colon, _ = name.partition(":")
    return bool(colon) and (provider in PROVIDERS or provider == "local")


def _remote(full: str, base_url: str | None, api_key: str | None, patience: Patience, tokens: int) -> Remote:
    from langchain.chat_models import init_chat_model

    provider = full.partition(":")[0]
    # Our own watch gives up sooner than the library, and asks again itself where that is worth it.
    options: dict[str, Any] = {"timeout": patience.whole, "max_retries": 0, "max_tokens": tokens, "temperature": 0}
    if provider == "ollama":
        options = {"num_predict": tokens, "temperature": 0, "client_kwargs": {"timeout": patience.whole}}
    if provider == "openai":
        options["stream_usage"] = True
        options["stream_chunk_timeout"] = None  # it gives up after 120 s without a piece, whatever the settings say
    if base_url:
        options["base_url"] = base_url
    if api_key or (base_url and provider == "openai"):
        options["api_key"] = api_key or os.environ.get("OPENAI_API_KEY") or "none"
    try:
        chat = init_chat_model(full, **options)
    except ImportError as missing:
        extra = EXTRAS.get(provider)
        how = install_line(extra) if extra else str(missing)
        raise ModelUnavailable(f"The library for {provider} is not installed; {how}.") from missing
    except (ValueError, TypeError, LookupError) as refused:
        raise ModelUnavailable(f"ADVISOR_MODEL={full} cannot be used: {_why(refused, api_key)}") from None
    except Exception as refused:
        raise ModelUnavailable(f"ADVISOR_MODEL={full} cannot be used: {type(refused).__name__}") from refused
    return Remote(chat, provider in EXTRAS, patience.first_words)


def _why(refused: Exception, api_key: str | None) -> str:
    """Return what a library says against its settings, without their values: among them is the key."""
    if isinstance(refused, ValidationError):
        said = refused.errors(include_url=False, include_context=False, include_input=False)
        refused = ValueError("; ".join(each["msg"].removeprefix("Value error, ") for each in said))
    return troubles.details(refused, (api_key,) if api_key else ())

"""What goes wrong with a language model, as one plain sentence; the details go to the operator's log, without keys.

Providers have exceptions of their own, but nearly all say the HTTP status (`status_code`) and keep the response. What
a server says in its own words is never shown to a person: it may hold a key, an address or anything else.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from career_advisor.records import ModelUnavailable, PromptTooLong

SHORT_PAUSE = 10.0
"""Seconds that a server may ask us to wait before asking once more; for longer nobody is kept waiting."""
PAUSE = 1.0
"""Seconds before asking once more where the server does not say."""
LATER = frozenset({408, 429, 500, 502, 503, 504, 529})
"""HTTP statuses that may be gone a moment later; 529 is Anthropic's "overloaded"."""
SHORTEST_KEY = 6
"""Characters; a shorter value of the environment is a word like `true`."""

_KNOWN: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "does not accept the key that it is asked with",
    HTTPStatus.FORBIDDEN: "does not accept the key that it is asked with",
    HTTPStatus.NOT_FOUND: "is not known where it is asked for",
}
_KEY = re.compile(r"\b(?:sk|key|pk|gsk|xai|AIza)[-_][\w*.-]{6,}|(?<=Bearer )\S+")
_TOO_LONG = re.compile(
    r"context_length_exceeded|context (?:length|size|window)|prompt is too long|maximum context|too many tokens",
    re.IGNORECASE,
)


def sentence(trouble: BaseException, name: str) -> ModelUnavailable:
    """Return what is raised instead of a provider's own exception.

    Args:
        trouble: As the provider's library raised it.
        name: Of the model, as a person would call it.
    """
    if isinstance(trouble, ModelUnavailable):
        return trouble
    status = status_of(trouble)
    if _is_too_long(trouble, status):
        return PromptTooLong(f"The language model {name} cannot take that much text at once.")
    return ModelUnavailable(f"The language model {name} {_what_it_does(trouble, status)}.")


def _what_it_does(trouble: BaseException, status: int | None) -> str:
    """Return what is wrong, as the end of a sentence about the model."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        pause = asked_pause(trouble)
        return (
            f"is asked too often just now; it can be asked again {f'in {_span(pause)}' if pause else 'a little later'}"
        )
    if status in _KNOWN:
        return _KNOWN[status]
    if status is not None and status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return f"has a fault of its own just now (HTTP {status})"
    if status is not None and status >= HTTPStatus.BAD_REQUEST:
        return f"refused the question as it was put (HTTP {status})"
    return "cannot be reached" if _is_unreachable(trouble) else "sent something that is no answer"


def details(trouble: BaseException, secrets: Iterable[str]) -> str:
    """Return what an exception says, in one line, for the operator's log.

    Args:
        trouble: As the provider's library raised it.
        secrets: Keys, of which none may stand in it.
    """
    text = " ".join(f"{type(trouble).__name__}: {trouble}".split())
    for secret in {*secrets, *_keys_around()}:
        text = text.replace(secret, "•••")
    return _KEY.sub("•••", text)[:300]


def pause_before_retry(trouble: BaseException, left: float) -> float | None:
    """Return the seconds after which asking once more is worth it; None where it is not.

    Args:
        trouble: As the provider's library raised it.
        left: Seconds that there are until the first words must have come.
    """
    if status_of(trouble) not in LATER:
        return None
    pause = asked_pause(trouble)
    pause = PAUSE if pause is None else pause
    return pause if pause <= min(SHORT_PAUSE, left) else None


def status_of(trouble: BaseException) -> int | None:
    """Return the HTTP status of a provider's exception; None where it has none."""
    status = getattr(trouble, "status_code", None)
    return status if isinstance(status, int) and status > 0 else None


def asked_pause(trouble: BaseException) -> float | None:
    """Return the seconds of the response's Retry-After, a number or a date (RFC 9110, 10.2.3); None without one."""
    headers: Any = getattr(getattr(trouble, "response", None), "headers", None)
    asked = headers.get("retry-after") if headers is not None else None
    if not asked:
        return None
    try:
        return max(0.0, float(asked))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def _is_too_long(trouble: BaseException, status: int | None) -> bool:
    from langchain_core.exceptions import ContextOverflowError

    if isinstance(trouble, ContextOverflowError):
        return True
    refused = status in {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}
    return refused and bool(_TOO_LONG.search(f"{getattr(trouble, 'code', '')} {trouble}"))


def _is_unreachable(trouble: BaseException | None) -> bool:
    """Tell whether there was no connection: by the exception, or by one that it was raised from."""
    while trouble is not None:
        if isinstance(trouble, OSError) or "Connect" in type(trouble).__name__:
            return True
        trouble = trouble.__cause__ or trouble.__context__
    return False


def _keys_around() -> set[str]:
    """Return the keys that providers' libraries find in the environment by themselves."""
    return {
        value for name, value in os.environ.items() if name.endswith(("_KEY", "_TOKEN")) and len(value) >= SHORTEST_KEY
    }


def _span(seconds: float) -> str:
    """Say how long, as people do.

    >>> _span(0.4), _span(45), _span(600), _span(7300)
    ('1 second', '45 seconds', '10 minutes', '2 hours')
    """
    for length, unit in ((3600, "hour"), (60, "minute")):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}s"
    whole = max(1, round(seconds))
    return "1 second" if whole == 1 else f"{whole} seconds"

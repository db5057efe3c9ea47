"""What stands between the world and Gradio.

Gradio's app has some seventy routes: it fetches addresses for anyone who asks, takes uploads, shows what it is doing
and documents itself. The page needs a dozen of them. Everything else is refused here, before Gradio sees it.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlsplit

Scope: TypeAlias = MutableMapping[str, Any]
Event: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Event]]
Send: TypeAlias = Callable[[Event], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

BODY_LIMIT = 64 * 1024
"""Bytes of a request."""
BURST = 10
"""Questions that one client may ask at once."""
EVERY_S = 3.0
"""Seconds until one more."""
CLIENTS_REMEMBERED = 10_000

# Everything that the page asks for, and nothing else. A path is matched as it came, still percent-encoded, so another
# spelling of a path is another path.
ALLOWED = tuple(
    (methods, re.compile(path))
    for methods, path in (
        ({"GET", "HEAD"}, r"/"),
        ({"GET", "HEAD"}, r"/healthz"),
        ({"GET", "HEAD"}, r"/page/[0-9a-f]{16}/(?:[a-z]+\.(?:css|js)|words-[a-z]{2}\.json|services\.json)"),
        ({"GET", "HEAD"}, r"/favicon\.ico"),
        ({"GET", "HEAD"}, r"/assets/[\w-]+(?:\.[\w-]+)*"),
        ({"GET", "HEAD"}, r"/static/[\w-]+(?:/[\w-]+)*(?:\.[\w-]+)+"),
        ({"GET", "HEAD"}, r"/theme\.css"),
        ({"GET"}, r"/gradio_api/heartbeat/\w{1,40}"),
        ({"GET"}, r"/gradio_api/queue/data"),
        ({"POST"}, r"/gradio_api/queue/join"),
        ({"POST"}, r"/gradio_api/cancel"),
        ({"POST"}, r"/gradio_api/reset"),
        # How `gradio_client` learns what it may call; see `endpoints`.
        ({"GET"}, r"/config"),
        ({"GET"}, r"/gradio_api/info"),
        ({"POST"}, r"/guided(?:/summary)?"),
    )
)
QUERIES = {"/config": (b"",), "/gradio_api/info": (b"", b"serialize=False")}
"""Queries that these paths may have: others open files of states that somebody shared, or list what is private."""
FORBIDDEN = re.compile(r"file|proxy|upload|://", re.IGNORECASE)
"""What somebody who tries Gradio's own doors is told apart by: 403 and not 404."""
ASKED = frozenset({"/gradio_api/queue/join", "/guided", "/guided/summary"})
"""Where questions and answers are taken: how often one client may come is counted."""

HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-dns-prefetch-control": "off",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
}
POLICY = {
    "default-src": "'none'",
    "script-src": "'self' 'nonce-{nonce}'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "base-uri": "'self'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "svelte-trusted-html default",  # the second makes text of HTML; see page.js
}


def content_security_policy(nonce: str) -> str:
    """Return the policy of the page; docs/decisions/0003-page-security.md says what it leaves open.

    Args:
        nonce: Of this response alone; the scripts that Gradio writes into its page carry it.
    """
    return "; ".join(f"{name} {value}" for name, value in POLICY.items()).format(nonce=nonce)


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


class Rate:
    """How often each client may ask: a bucket that holds `burst` and gains one every `every_s` seconds."""

    def __init__(self, burst: int = BURST, every_s: float = EVERY_S) -> None:
        self._burst = burst
        self._every_s = every_s
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def allows(self, client: str, now: float) -> bool:
        """Count one question of a client, and say whether it may be asked.

        Args:
            client: Its network address.
            now: Seconds on a clock that never goes back.
        """
        bucket = self._buckets.pop(client, None) or _Bucket(self._burst, now)
        bucket.tokens = min(self._burst, bucket.tokens + (now - bucket.filled_at) / self._every_s)
        bucket.filled_at = now
        allowed = bucket.tokens >= 1
        if allowed:
            bucket.tokens -= 1
        self._buckets[client] = bucket
        while len(self._buckets) > CLIENTS_REMEMBERED:
            self._buckets.popitem(last=False)
        return allowed


class _TooLarge(Exception):
    """More bytes came than were allowed."""


class Guard:
    """Refuses what the page never asks for; adds the headers that every answer carries."""

    def __init__(self, app: App, *, rate: Rate | None = None) -> None:
        self._app = app
        self._rate = rate or Rate()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # no route of the page speaks websocket; the server closes it
        refused = self._refused(scope)
        if refused:
            await _say(send, *refused)
            return
        try:
            await self._app(scope, _at_most(receive, BODY_LIMIT), _with_headers(send))
        except _TooLarge:
            await _say(send, 413, "That is too long.")

    def _refused(self, scope: Scope) -> tuple[int, str] | None:
        method, path = scope["method"], path_of(scope)
        if not any(method in methods and pattern.fullmatch(path) for methods, pattern in ALLOWED):
            return (403, "Forbidden.") if FORBIDDEN.search(scope["path"]) else (404, "Not found.")
        if path in QUERIES and scope.get("query_string", b"") not in QUERIES[path]:
            return 404, "Not found."
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if method == "POST" and _foreign(headers):
            return 403, "Forbidden."
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > BODY_LIMIT:
            return 413, "That is too long."
        if path in ASKED and not self._rate.allows(_client(scope), time.monotonic()):
            return 429, "Many questions came from your address. Please wait half a minute."
        return None


def path_of(scope: Scope) -> str:
    """Return the path as it came, without the prefix under which a reverse proxy serves the page."""
    raw: bytes | None = scope.get("raw_path")
    path = raw.split(b"?")[0].decode("latin-1") if raw else str(scope["path"])
    return path.removeprefix(scope.get("root_path", "")) or "/"


def _client(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def _foreign(headers: MutableMapping[str, str]) -> bool:
    """Say whether another site's page sends this.

    A browser says so itself, and no page can say it for it. One that does not is asked for its origin, which has to be
    the host: a proxy that changes the host has to pass it on.
    """
    said = headers.get("sec-fetch-site")
    if said is not None:
        return said not in {"same-origin", "none"}
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("x-forwarded-host", headers.get("host"))


def _at_most(receive: Receive, limit: int) -> Receive:
    came = 0

    async def counted() -> Event:
        nonlocal came
        event = await receive()
        came += len(event.get("body", b""))
        if came > limit:
            raise _TooLarge
        return event

    return counted


def _with_headers(send: Send) -> Send:
    async def sending(event: Event) -> None:
        if event["type"] == "http.response.start":
            present = {name.lower() for name, _ in event["headers"]}
            added = [(name.encode(), value.encode()) for name, value in HEADERS.items() if name.encode() not in present]
            if b"content-security-policy" not in present:
                added.append((b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"))
            event = {**event, "headers": [*event["headers"], *added]}
        await send(event)

    return sending


async def _say(send: Send, status: int, sentence: str) -> None:
    body = f'{{"detail":"{sentence}"}}'.encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    sending = _with_headers(send)
    await sending({"type": "http.response.start", "status": status, "headers": headers})
    await sending({"type": "http.response.body", "body": body})

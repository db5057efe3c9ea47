"""Who may come in, and from where: the password, the sessions, and what stands before every route."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from career_advisor.web import guard
from career_advisor.web.guard import App, Event, Receive, Scope, Send

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
COOKIE = "career-advisor-operator"
TRIES = 5
TRY_EVERY_S = 30.0
"""Seconds until one more password may be tried, by whomever: on this machine all have one address."""
SESSION_S = 12 * 3_600
SESSIONS_AT_MOST = 20
BODY_LIMIT = 16 * 1024
"""Bytes of a form."""
OPEN = frozenset({"/login", "/operator.css"})
"""Paths that need no password."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'"
)

OWN_HEADERS = {
    "content-security-policy": POLICY,
    "cache-control": "no-store",
    # Where no referrer is sent, a browser sends no origin with a form either, and then nobody could log in.
    "referrer-policy": "same-origin",
}


@dataclass(slots=True)
class Session:
    """Somebody who gave the password."""

    ends: float
    said: str = ""
    """What the next page tells, once."""
    trouble: bool = False
    """Whether that is about something that did not work."""

    def say(self, text: str, *, trouble: bool = False) -> None:
        """Have the next page tell something."""
        self.said, self.trouble = text, trouble

    def heard(self) -> tuple[str, bool]:
        """Return what is to be told, and forget it."""
        told = self.said, self.trouble
        self.said, self.trouble = "", False
        return told


class Door:
    """Knows the password, counts the tries, and keeps the sessions; all of it in memory."""

    def __init__(self, password: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._password = _digest(password)
        self._clock = clock
        self._tries = _tries()
        self._sessions: dict[str, Session] = {}

    def may_try(self) -> bool:
        """Count one try, and say whether it may be made."""
        return self._tries.allows("", self._clock())

    def enter(self, password: str) -> str | None:
        """Return the token of a new session, or None for a wrong password; it takes the same time for each."""
        if not hmac.compare_digest(_digest(password), self._password):
            return None
        self._tries = _tries()  # whoever has the password need not guess it
        token = secrets.token_urlsafe(32)
        self._sessions[token] = Session(self._clock() + SESSION_S)
        for old in list(self._sessions)[:-SESSIONS_AT_MOST]:
            del self._sessions[old]
        return token

    def session(self, token: str) -> Session | None:
        """Return the session of a token; None where it is over or there never was one."""
        session = self._sessions.get(token)
        return session if session is not None and session.ends > self._clock() else None

    def leave(self, token: str) -> None:
        """End a session."""
        self._sessions.pop(token, None)


def _tries() -> guard.Rate:
    return guard.Rate(burst=TRIES, every_s=TRY_EVERY_S)


def _digest(password: str) -> bytes:
    return hashlib.sha256(password.encode("utf-8", "surrogatepass")).digest()


class Guard:
    """Lets through what comes from this machine's own pages and has a session; adds the headers of every answer."""

    def __init__(self, app: App, *, door: Door) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # nothing here speaks websocket; the server closes it
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        sending = _with_headers(send)
        if refused := _refused(scope["method"], headers):
            await _say(sending, *refused)
            return
        token = token_of(headers.get("cookie", ""))
        session = self._door.session(token)
        if session is None and scope["path"] not in OPEN:
            if scope["method"] in {"GET", "HEAD"}:
                await _say(sending, 303, "Please log in.", location="/login")
            else:
                await _say(sending, 401, "Please log in.")
            return
        scope["state"] = {**scope.get("state", {}), "token": token, "session": session}
        await self._app(scope, receive, sending)


def token_of(cookies: str) -> str:
    """Return the session's token that a browser sent; empty where there is none."""
    try:
        found = SimpleCookie(cookies).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def _refused(method: str, headers: dict[str, str]) -> tuple[int, str] | None:
    """Say why something is not let through whatever it asks for.

    The name that it came by must be one of this machine: a page elsewhere may have its own name lead here. A form must
    come from a page of ours: a cookie is sent to every port of a machine, so it alone proves nothing.
    """
    host = headers.get("host", "")
    if (urlsplit(f"//{host}").hostname or "") not in LOOPBACK:
        return 403, "This page is for the machine that it runs on."
    if method in {"GET", "HEAD"}:
        return None
    if method != "POST":
        return 405, "That is not done here."
    origin = urlsplit(headers.get("origin", ""))
    if origin.netloc != host or headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return 403, "Another page sent this."
    length = headers.get("content-length", "")
    if not length.isdecimal() or int(length) > BODY_LIMIT:
        return 413, "That is too long."
    return None


def _with_headers(send: Send) -> Send:
    async def sending(event: Event) -> None:
        if event["type"] == "http.response.start":
            own = {name for name, _ in event["headers"]}
            added = guard.HEADERS | OWN_HEADERS
            pairs = [(name.encode(), value.encode()) for name, value in added.items() if name.encode() not in own]
            event = {**event, "headers": [*event["headers"], *pairs]}
        await send(event)

    return sending


async def _say(send: Send, status: int, sentence: str, *, location: str = "") -> None:
    body = f"{sentence}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    if location:
        headers.append((b"location", location.encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

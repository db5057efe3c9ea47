"""Whether the addresses of the registry still answer: asked one after the other, as seldom and as briefly as will do.

Nothing is kept of a page but that it answered, and where it has moved to.
"""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import Literal, NamedTuple
from urllib.parse import urljoin, urlsplit

from career_advisor import __version__

TIMEOUT_S = 10.0
"""For connecting, and for the head of an answer."""
PAUSE_S = 1.0
"""Between two requests to one host."""
REDIRECTS = 5
USER_AGENT = f"career-advisor/{__version__} (services check)"

_MOVED = {HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.PERMANENT_REDIRECT}
_ELSEWHERE = _MOVED | {HTTPStatus.FOUND, HTTPStatus.SEE_OTHER, HTTPStatus.TEMPORARY_REDIRECT}
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class Answer(NamedTuple):
    """What came of asking an address."""

    address: str
    problem: str
    """Why it cannot be said to answer; empty where it does."""
    moved_to: str
    """Where it says that it has moved for good; empty where it hasn't."""


class _Head(NamedTuple):
    status: int
    location: str


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follow nothing: each step is looked at before it is taken."""

    def redirect_request(self, *_: object, **__: object) -> None:
        """Make no request of a redirect, so that it comes out as the answer that it is."""


def ask_all(
    addresses: Iterable[str],
    *,
    timeout_s: float = TIMEOUT_S,
    pause_s: float = PAUSE_S,
    loopback: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Answer]:
    """Ask each address once, in order, one at a time, with a pause before a host is asked again.

    Args:
        addresses: Those that stand there twice are asked once.
        timeout_s: For connecting, and for the head of an answer.
        pause_s: Between two requests to one host.
        loopback: Whether plain http will do on this machine; for tests.
        sleep: Told how long to wait.
    """
    asked: set[str | None] = set()

    def wait_for(host: str | None) -> None:
        if host in asked:
            sleep(pause_s)
        asked.add(host)

    for address in dict.fromkeys(addresses):
        yield _follow(address, timeout_s=timeout_s, loopback=loopback, wait_for=wait_for)


def _follow(address: str, *, timeout_s: float, loopback: bool, wait_for: Callable[[str | None], None]) -> Answer:
    """Follow an address to where it answers."""
    here, moved_to, for_good = address, "", True
    for _ in range(REDIRECTS + 1):
        if not _allowed(here, loopback=loopback):
            said = "is not an https address" if here == address else f"leads to {here}, which is not an https address"
            return Answer(address, f"{address} {said}", moved_to)
        try:
            head = _ask(here, timeout_s=timeout_s, wait_for=wait_for)
        except TimeoutError:
            return Answer(address, f"{here} is silent for {timeout_s:g} s", moved_to)
        except (OSError, http.client.HTTPException, ValueError) as fault:
            # A name that cannot be resolved, a refused connection, a bad certificate, an answer that is none.
            return Answer(address, f"{here} cannot be reached: {getattr(fault, 'reason', fault)}", moved_to)
        if head.status not in _ELSEWHERE or not head.location:
            break
        # What comes after one temporary step says nothing about the address that is in the registry.
        for_good = for_good and head.status in _MOVED
        here = urljoin(here, head.location)
        moved_to = here if for_good else moved_to
    else:
        return Answer(address, f"{address} leads on more than {REDIRECTS} times", moved_to)
    if _same(address, moved_to):
        moved_to = ""
    if head.status >= HTTPStatus.BAD_REQUEST:
        return Answer(address, f"{here} answers {head.status}{_meaning(head.status)}", moved_to)
    return Answer(address, "", moved_to)


def _ask(address: str, *, timeout_s: float, wait_for: Callable[[str | None], None]) -> _Head:
    """Ask for the head; where that is refused, for the page, of which nothing is read."""
    host = urlsplit(address).hostname
    wait_for(host)
    try:
        head = _request(address, "HEAD", timeout_s)
    except (http.client.HTTPException, ConnectionError):
        head = None  # some servers hang up on a HEAD
    except urllib.error.URLError as fault:
        if not isinstance(fault.reason, ConnectionResetError):
            raise
        head = None
    if head is not None and head.status < HTTPStatus.BAD_REQUEST:
        return head
    if head is not None and head.status == HTTPStatus.TOO_MANY_REQUESTS:
        return head  # asked for rest, and gets it
    wait_for(host)
    return _request(address, "GET", timeout_s)


def _request(address: str, method: Literal["HEAD", "GET"], timeout_s: float) -> _Head:
    headers = {"User-Agent": USER_AGENT, "Accept": "text/html, */*"}
    request = urllib.request.Request(address, method=method, headers=headers)  # noqa: S310  (checked by the caller)
    try:
        with urllib.request.build_opener(_Stay).open(request, timeout=timeout_s) as answer:
            return _Head(answer.status, "")
    except urllib.error.HTTPError as refused:
        with refused:
            return _Head(refused.code, refused.headers.get("Location") or "")
    except urllib.error.URLError as fault:
        if isinstance(fault.reason, TimeoutError):
            raise fault.reason from fault
        raise


def _allowed(address: str, *, loopback: bool) -> bool:
    parts = urlsplit(address)
    return (parts.scheme == "https" and bool(parts.hostname)) or (
        loopback and parts.scheme == "http" and parts.hostname in _LOOPBACK
    )


def _same(one: str, other: str) -> bool:
    """Tell whether two addresses differ by nothing that a person would write differently."""
    return one.partition("#")[0].rstrip("/").lower() == other.partition("#")[0].rstrip("/").lower()


def _meaning(status: int) -> str:
    if status in {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.SERVICE_UNAVAILABLE,
    }:
        return ", which may only be meant for programs: look with a browser"
    return ""

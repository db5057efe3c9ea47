"""The app that is served: Gradio's page, made ours, behind the guard."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import socket
import warnings
from collections.abc import Callable, Mapping
from html import escape
from importlib import resources
from typing import TYPE_CHECKING

from career_advisor import neutral
from career_advisor.feedback import Box
from career_advisor.guided.quoting import Sources
from career_advisor.records import AdvisorError
from career_advisor.web import guard, guiding, showing, voting
from career_advisor.web.conversation import QUESTION_LIMIT, Answerer, build_blocks

if TYPE_CHECKING:
    from fastapi import FastAPI

LOOPBACK = ("127.0.0.1", "localhost", "::1")
DRAIN_S = 5
"""Seconds that running answers get when the server is stopped."""

# What Gradio writes for the sake of pages that embed it or link to it: an address elsewhere, and a script that loads
# another one.
_FOREIGN_META = re.compile(r"<meta\s[^>]*?(?:property|name)=\"(?:og|twitter):[^>]*>", re.DOTALL)
_EMBEDDING = re.compile(r"<script>(?:(?!</script>).)*?iframeResizer(?:(?!</script>).)*</script>", re.DOTALL)
_MANIFEST = re.compile(r"<link rel=\"manifest\"[^>]*>")
_CONFIG = re.compile(r"(window\.gradio_config = \{.*?\};)(?=</script>)", re.DOTALL)
# Gradio takes its own address from the request, which a reverse proxy may change; the browser knows where the page is.
_ITS_OWN_ADDRESS = r"\1 window.gradio_config.root = new URL('.', location.href).href.slice(0, -1);"
_SCRIPT = re.compile(r"<script(?=[\s>])")
# Where page.html says that nothing is stored, and what stands behind what it says of itself at the beginning.
_NOT_STORED = "Your questions are used to answer you and are not stored."
_EXAMPLES = '<h3 id="examples-title">'
_DESCRIPTION = "Questions about working on AI safety, answered from guidance that it has read and quotes."


def build_app(
    answerer: Answerer,
    *,
    rate: guard.Rate | None = None,
    box: Box | None = None,
    kept: str = "",
    sources: Sources | None = None,
) -> FastAPI:
    """Return the whole app: the page, its own files and the few doors of Gradio that it needs.

    Args:
        answerer: Answers the questions.
        rate: How often each client may ask.
        box: Where votes on answers are kept; without one nobody is asked for any, and none is taken.
        kept: What the page says is kept of questions; empty where nothing is.
        sources: Where the guided conversations quote from; without it there are none.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported
    _reach_ourselves_directly()
    import gradio as gr
    from fastapi import FastAPI
    from starlette.responses import Response

    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    files = _Files.read(kept)

    @app.get("/healthz")
    @app.head("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/page/{version}/{name}")
    @app.head("/page/{version}/{name}")
    def page_file(version: str, name: str) -> Response:
        if name not in files.kept:
            return Response(status_code=404)
        kind = "text/css" if name.endswith(".css") else "text/javascript"
        kept = "public, max-age=31536000, immutable" if version == files.version else "no-store"
        return Response(files.kept[name], media_type=f"{kind}; charset=utf-8", headers={"cache-control": kept})

    if sources is not None:
        app.add_route("/guided", guiding.Desk(sources).handle, methods=["POST"])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of gradio about its own libraries
        gr.mount_gradio_app(
            app,
            build_blocks(answerer, box),
            path="",
            footer_links=[],
            run_history=False,
            show_error=False,
            max_file_size=0,
            allowed_paths=[],
            enable_monitoring=False,
            mcp_server=False,
            pwa=False,
            ssr_mode=False,
            theme=gr.themes.Base(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]),
        )
    asked = {"votes": box is not None, "guides": sources is not None}
    app.add_middleware(_Ours, dress=lambda html, nonce: page(html, answerer, files, nonce, **asked))
    app.add_middleware(guard.Guard, rate=rate)  # added last, asked first
    return app


def serve(
    answerer: Answerer,
    host: str,
    port: int,
    on_ready: Callable[[str], None],
    *,
    box: Box | None = None,
    kept: str = "",
    sources: Sources | None = None,
) -> None:
    """Serve the page until the process is told to stop.

    Args:
        answerer: Answers the questions.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        on_ready: Told the page's address when it can be opened.
        box: Where votes on answers are kept; without one nobody is asked for any, and none is taken.
        kept: What the page says is kept of questions; empty where nothing is.
        sources: Where the guided conversations quote from; without it there are none.

    Raises:
        AdvisorError: If the port cannot be had.
    """
    listening = listen(host, port)
    app = build_app(answerer, box=box, kept=kept, sources=sources)
    run(app, listening, lambda: on_ready(address_of(host, listening.getsockname()[1])))


def run(app: guard.App, listening: socket.socket, on_started: Callable[[], None]) -> None:
    """Serve an app on a bound socket until the process is told to stop, and close it then.

    Args:
        app: What answers.
        listening: Of `listen`.
        on_started: Told when the first request can be taken.
    """
    import uvicorn

    try:
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=DRAIN_S,
        )

        class Server(uvicorn.Server):
            async def startup(self, sockets: list[socket.socket] | None = None) -> None:
                await super().startup(sockets)
                if self.started:
                    on_started()

        Server(config).run(sockets=[listening])
    finally:
        listening.close()


def page(html: str, answerer: Answerer, files: _Files, nonce: str, *, votes: bool, guides: bool) -> str:
    """Return Gradio's page made ours: without addresses elsewhere, each script with the nonce, our own parts added.

    Args:
        html: Gradio's page.
        answerer: Answers the questions.
        files: The page's own.
        nonce: Of this response alone.
        votes: Whether people are asked if an answer helped.
        guides: Whether there are guided conversations.
    """
    html = _FOREIGN_META.sub("", html)
    html = _EMBEDDING.sub("", html)
    html = _MANIFEST.sub("", html)
    html = _CONFIG.sub(_ITS_OWN_ADDRESS, html)
    html = _SCRIPT.sub(f'<script nonce="{nonce}"', html)
    modules = (f'<link rel="modulepreload" href="./page/{files.version}/{name}" />\n' for name in files.modules)
    ours = (
        f'<meta name="description" content="{_DESCRIPTION}" />\n'
        '<meta name="color-scheme" content="light dark" />\n'
        '<link rel="icon" href="./favicon.ico" />\n'
        f'<link rel="stylesheet" href="./page/{files.version}/page.css" />\n'
        f"{''.join(modules)}"
        f'<script nonce="{nonce}" type="module" src="./page/{files.version}/page.js"></script>\n'
        f'<script nonce="{nonce}" type="application/json" id="facts">{_facts(answerer, votes=votes)}</script>\n'
    )
    if guides:
        ours += guiding.head(files.version, nonce)
    head, end, rest = html.partition("</head>")
    before, body, inside = rest.partition("<body")
    tag, close, content = inside.partition(">")
    return f"{head}{ours}{end}{before}{body}{tag}{close}\n{files.html}{files.feedback if votes else ''}{content}"


def _facts(answerer: Answerer, *, votes: bool) -> str:
    """Return what the page knows before the first question, as JSON that cannot end the element it stands in."""
    facts = {
        "examples": [neutral.line(each, limit=showing.SHORT_LIMIT) for each in answerer.examples],
        "model": "" if answerer.model_name == "quotes" else neutral.line(answerer.model_name, limit=80),
        "index": neutral.line(answerer.index_line, limit=showing.SHORT_LIMIT),
        "services": [showing.shown_service(each) for each in answerer.human_services],
        "situations": [[each.key, neutral.line(each.label, limit=80)] for each in answerer.situations],
        "limit": QUESTION_LIMIT,
        "feedback": voting.facts() if votes else None,
    }
    return json.dumps(facts).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


class _Ours:
    """Dresses the one HTML page that Gradio serves; everything else passes untouched, as it streams."""

    def __init__(self, app: guard.App, *, dress: Callable[[str, str], str]) -> None:
        self._app = app
        self._dress = dress

    async def __call__(self, scope: guard.Scope, receive: guard.Receive, send: guard.Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or guard.path_of(scope) != "/":
            await self._app(scope, receive, send)
            return
        start: guard.Event = {}
        parts: list[bytes] = []

        async def gather(event: guard.Event) -> None:
            if event["type"] == "http.response.start":
                start.update(event)
            else:
                parts.append(event.get("body", b""))
                if not event.get("more_body", False):
                    await finish()

        async def finish() -> None:
            nonce = secrets.token_urlsafe(16)
            body = self._dress(b"".join(parts).decode("utf-8"), nonce).encode("utf-8")
            headers = {
                "content-type": "text/html; charset=utf-8",
                "content-length": str(len(body)),
                "cache-control": "no-store",
                "content-security-policy": guard.content_security_policy(nonce),
            }
            await send({**start, "headers": [(name.encode(), value.encode()) for name, value in headers.items()]})
            await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

        # Asked for as it is: a compressed page could not be dressed.
        plainly = {**scope, "headers": [pair for pair in scope["headers"] if pair[0].lower() != b"accept-encoding"]}
        await self._app(plainly, receive, gather)


class _Files:
    """The page's own files, and a version that changes when one of those does that a browser keeps."""

    def __init__(self, html: str, feedback: str, kept: Mapping[str, str]) -> None:
        """Hold the texts.

        Args:
            html: Of the page.
            feedback: What is added to it where people are asked for feedback.
            kept: Style and scripts by file name.
        """
        self.html = html
        self.feedback = feedback
        self.kept = kept
        self.modules = [name for name in sorted(kept) if name.endswith(".js") and name != "page.js"]
        self.version = hashlib.sha256("\0".join(kept[name] for name in sorted(kept)).encode()).hexdigest()[:16]

    @classmethod
    def read(cls, said: str) -> _Files:
        """Read them; `said` is what the page says is kept of questions."""
        texts = {
            file.name: file.read_text(encoding="utf-8")
            for file in resources.files("career_advisor.web").iterdir()
            if file.name.endswith((".html", ".css", ".js"))
        }
        kept = {name: text for name, text in texts.items() if not name.endswith(".html")}
        html = texts["page.html"]
        if said:
            html = html.replace(_NOT_STORED, escape(said))
            html = html.replace(_EXAMPLES, f'<p class="not" id="kept">{escape(said)}</p>{_EXAMPLES}')
        return cls(html, texts["feedback.html"], kept)


def listen(host: str, port: int, *, how: str = "`--port`") -> socket.socket:
    """Return a socket bound to an address.

    Args:
        host: Address.
        port: Port; 0 takes a free one.
        how: Says how another port is chosen.

    Raises:
        AdvisorError: If it cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
    except (OSError, OverflowError) as error:
        listening.close()
        reason = getattr(error, "strerror", None) or str(error)
        message = f"cannot serve on {host}:{port}: {reason}; choose another with {how}"
        raise AdvisorError(message) from error
    return listening


def address_of(host: str, port: int) -> str:
    """Return the address at which a browser on this machine finds what listens."""
    shown = "127.0.0.1" if host in {"0.0.0.0", "::"} else f"[{host}]" if ":" in host else host  # noqa: S104  (compared)
    return f"http://{shown}:{port}/"


def _reach_ourselves_directly() -> None:
    """Keep Gradio from asking a proxy for this machine: it looks at its own address when it starts."""
    for name in ("NO_PROXY", "no_proxy"):
        named = [part for part in os.environ.get(name, "").split(",") if part]
        os.environ[name] = ",".join([*named, *(each for each in LOOPBACK if each not in named)])

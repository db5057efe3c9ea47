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
from dataclasses import dataclass
from html import escape
from importlib import resources
from typing import TYPE_CHECKING, Any

from career_advisor import neutral
from career_advisor.feedback import Box
from career_advisor.guided.quoting import Sources
from career_advisor.guided.wording import asked
from career_advisor.records import AdvisorError
from career_advisor.web import guard, guiding, showing, voting
from career_advisor.web.conversation import QUESTION_LIMIT, Answerer, build_blocks
from career_advisor.web.endpoints import Note, unnoted
from career_advisor.web.wording import GRADIO_DRAWS, LANGUAGES, preferred, says, tables

if TYPE_CHECKING:
    from fastapi import FastAPI

LOOPBACK = ("127.0.0.1", "localhost", "::1")
REGISTRY = "services.json"
"""The whole registry, which the page asks for when somebody is about to look through it."""
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
_KINDS = {"css": "text/css", "js": "text/javascript", "json": "application/json"}
_DESCRIPTION = "Questions about working on AI safety, answered from guidance that it has read and quotes."


def build_app(
    answerer: Answerer,
    *,
    rate: guard.Rate | None = None,
    box: Box | None = None,
    kept: int = 0,
    sources: Sources | None = None,
    note: Note = unnoted,
) -> FastAPI:
    """Return the whole app: the page, its own files and the few doors of Gradio that it needs.

    Args:
        answerer: Answers the questions.
        rate: How often each client may ask.
        box: Where votes on answers are kept; without one nobody is asked for any, and none is taken.
        kept: Days for which questions that were declined are kept; 0 where none is.
        sources: Where the guided conversations quote from; without it there are none.
        note: Told each reply, but for those of private conversations, to keep what may be kept of it.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported
    _reach_ourselves_directly()
    import gradio as gr
    from fastapi import FastAPI
    from starlette.responses import Response

    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    files = _Files.read()
    i18n = gr.I18n(**{code: {key: says(code, key) for key in GRADIO_DRAWS} for code in LANGUAGES})

    @app.get("/healthz")
    @app.head("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/page/{version}/{name}")
    @app.head("/page/{version}/{name}")
    def page_file(version: str, name: str) -> Response:
        if name == REGISTRY:
            return Response(
                json.dumps(showing.shown_registry(answerer.services)),
                media_type="application/json; charset=utf-8",
                headers={"cache-control": "no-store"},
            )
        if name not in files.kept:
            return Response(status_code=404)
        kind = _KINDS[name.rpartition(".")[2]]
        lasting = "public, max-age=31536000, immutable" if version == files.version else "no-store"
        return Response(files.kept[name], media_type=f"{kind}; charset=utf-8", headers={"cache-control": lasting})

    if sources is not None:
        desk = guiding.Desk(sources)
        app.add_route("/guided", desk.handle, methods=["POST"])
        app.add_route("/guided/summary", desk.handle_summary, methods=["POST"])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of gradio about its own libraries
        gr.mount_gradio_app(
            app,
            build_blocks(answerer, i18n, box, note=note),
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
            i18n=i18n,
            theme=gr.themes.Base(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]),
        )
    facts = _Facts(answerer, votes=box is not None, guides=sources is not None, kept=kept)
    app.add_middleware(_Ours, dress=lambda html, nonce, language: page(html, facts, files, nonce, language))
    app.add_middleware(guard.Guard, rate=rate)  # added last, asked first
    return app


def serve(
    answerer: Answerer,
    host: str,
    port: int,
    on_ready: Callable[[str], None],
    *,
    box: Box | None = None,
    kept: int = 0,
    sources: Sources | None = None,
    note: Note = unnoted,
) -> None:
    """Serve the page until the process is told to stop.

    Args:
        answerer: Answers the questions.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        on_ready: Told the page's address when it can be opened.
        box: Where votes on answers are kept; without one nobody is asked for any, and none is taken.
        kept: Days for which questions that were declined are kept; 0 where none is.
        sources: Where the guided conversations quote from; without it there are none.
        note: Told each reply, but for those of private conversations, to keep what may be kept of it.

    Raises:
        AdvisorError: If the port cannot be had.
    """
    listening = listen(host, port)
    app = build_app(answerer, box=box, kept=kept, sources=sources, note=note)
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


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the page knows before the first question."""

    answerer: Answerer
    votes: bool
    """Whether people are asked if an answer helped."""
    guides: bool
    """Whether there are guided conversations."""
    kept: int
    """Days for which questions that were declined are kept; 0 where none is."""

    @property
    def model(self) -> str:
        """Name of the language model that writes; empty where quotes answer."""
        name = self.answerer.model_name
        return "" if name == "quotes" else neutral.line(name, limit=showing.SHORT_LIMIT)

    def json(self) -> str:
        answerer = self.answerer
        return _inlined(
            {
                "examples": [neutral.line(each, limit=showing.SHORT_LIMIT) for each in answerer.examples],
                "model": self.model,
                "pages": answerer.pages,
                "explains": answerer.explains,
                "age": answerer.age._asdict(),
                "services": [showing.shown_service(each) for each in answerer.human_services],
                "listed": len(answerer.services),
                "situations": [[each.key, neutral.line(each.label, limit=80)] for each in answerer.situations],
                "limit": QUESTION_LIMIT,
                "feedback": voting.facts() if self.votes else None,
                "guides": self.guides,
                "kept": self.kept,
                "translates": answerer.translates,
            }
        )


def page(html: str, facts: _Facts, files: _Files, nonce: str, language: str) -> str:
    """Return Gradio's page made ours: without addresses elsewhere, each script with the nonce, our own parts added.

    Args:
        html: Gradio's page.
        facts: What it knows before the first question.
        files: The page's own.
        nonce: Of this response alone.
        language: Code of the one that it begins in.
    """
    html = _FOREIGN_META.sub("", html)
    html = _EMBEDDING.sub("", html)
    html = _MANIFEST.sub("", html)
    html = _CONFIG.sub(_ITS_OWN_ADDRESS, html)
    html = _SCRIPT.sub(f'<script nonce="{nonce}"', html)
    html = html.replace('lang="en"', f'lang="{language}"', 1)
    at = f"./page/{files.version}"
    modules = (f'<link rel="modulepreload" href="{at}/{name}" />\n' for name in files.modules)
    names = [(code, says(code, "own_name")) for code in LANGUAGES]
    spoken = {"language": language, "table": _table(language), "languages": names}
    ours = (
        "<title>Career Advisor</title>\n"  # Gradio gives it one when it has drawn, and then the same
        f'<meta name="description" content="{_DESCRIPTION}" />\n'
        '<meta name="color-scheme" content="light dark" />\n'
        '<link rel="icon" href="./favicon.ico" />\n'
        f'<link rel="stylesheet" href="{at}/page.css" />\n'
        f"{''.join(modules)}"
        f'<script nonce="{nonce}" type="module" src="{at}/page.js"></script>\n'
        f'<script nonce="{nonce}" type="application/json" id="facts">{facts.json()}</script>\n'
        f'<script nonce="{nonce}" type="application/json" id="words">{_inlined(spoken)}</script>\n'
    )
    if facts.guides:
        ours += guiding.head(files.version, nonce, facts.model)
    head, end, rest = html.partition("</head>")
    before, body, inside = rest.partition("<body")
    tag, close, content = inside.partition(">")
    begun = files.html.replace("{loading}", escape(says(language, "loading")))
    begun = begun.replace("{no_script}", _no_script(language))
    return f"{head}{ours}{end}{before}{body}{tag}{close}\n{begun}{files.feedback if facts.votes else ''}{content}"


def _table(language: str) -> dict[str, Any]:
    """Return the words that a browser needs: the page's, and what the guided conversations ask."""
    return {**tables()[language], **asked(language)}


def _inlined(value: Any) -> str:
    """Return JSON that cannot end the element it stands in."""
    return json.dumps(value).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _no_script(language: str) -> str:
    return escape(says(language, "no_script")).replace("{command}", "<code>career-advisor chat</code>")


class _Ours:
    """Dresses the one HTML page that Gradio serves; everything else passes untouched, as it streams."""

    def __init__(self, app: guard.App, *, dress: Callable[[str, str, str], str]) -> None:
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
            accepted = next((value for name, value in scope["headers"] if name.lower() == b"accept-language"), b"")
            language = preferred(accepted.decode("latin-1"))
            body = self._dress(b"".join(parts).decode("utf-8"), nonce, language).encode("utf-8")
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
            kept: Style, scripts and words by file name.
        """
        self.html = html
        self.feedback = feedback
        self.kept = kept
        self.modules = [name for name in sorted(kept) if name.endswith(".js") and name != "page.js"]
        self.version = hashlib.sha256("\0".join(kept[name] for name in sorted(kept)).encode()).hexdigest()[:16]

    @classmethod
    def read(cls) -> _Files:
        """Read them."""
        texts = {
            file.name: file.read_text(encoding="utf-8")
            for file in resources.files("career_advisor.web").iterdir()
            if file.name.endswith((".html", ".css", ".js"))
        }
        kept = {name: text for name, text in texts.items() if not name.endswith(".html")}
        kept |= {f"words-{code}.json": json.dumps(_table(code)) for code in LANGUAGES}
        return cls(texts["page.html"], texts["feedback.html"], kept)


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

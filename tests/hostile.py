"""Other people's words at their worst: texts that would load, run, restyle or mislead where somebody parsed them.

`{canary}` stands for an address that nothing may ever ask for; each text asks for it under its own name, so that a hit
says which one got through. The kinds are those that reached the network from Gradio's own chat component when it was
tried, and the usual ones beside them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MARKUP: Mapping[str, str] = {
    "img": "<img src='{canary}'>",
    "srcset": "<img srcset='{canary} 1x'>",
    "picture": "<picture><source srcset='{canary}'><img alt=x></picture>",
    "onerror": "<img src=x: onerror=\"alert(1);new Image().src='{canary}'\">",
    "input-image": "<input type=image src='{canary}'>",
    "video": "<video src='{canary}' autoplay muted></video>",
    "poster": "<video poster='{canary}'></video>",
    "audio": "<audio src='{canary}' autoplay preload=auto></audio>",
    "table": "<table background='{canary}'><tr><td>x</td></tr></table>",
    "svg-image": "<svg width=9 height=9><image href='{canary}' width=9 height=9 /></svg>",
    "svg-use": "<svg><use href='{canary}#a' /></svg>",
    "svg-onload": "<svg onload=\"alert(1);fetch('{canary}')\"></svg>",
    "inline-style": "<div style=\"background:url('{canary}')\">x</div>",
    "overlay": "<div style=\"position:fixed;inset:0;background:url('{canary}')\">Session expired. Log in.</div>",
    "style": "<style>html{{background:url('{canary}')}}</style>",
    "import": "<style>@import url('{canary}');</style>",
    "font": "<style>@font-face{{font-family:f;src:url('{canary}')}}*{{font-family:f!important}}</style>x",
    "stylesheet": "<link rel=stylesheet href='{canary}'>",
    "preload": "<link rel=preload as=image href='{canary}'>",
    "prefetch": "<link rel=prefetch href='{canary}'>",
    "icon": "<link rel=icon href='{canary}'>",
    "modulepreload": "<link rel=modulepreload href='{canary}'>",
    "script": "<script src='{canary}'></script>",
    "script-inline": "<script>alert(1);fetch('{canary}')</script>",
    "script-module": "<script type=module>import '{canary}'</script>",
    "script-end": "</script><script>alert(1);fetch('{canary}')</script>",
    "iframe": "<iframe src='{canary}'></iframe>",
    "srcdoc": "<iframe srcdoc=\"<img src='{canary}'>\"></iframe>",
    "object": "<object data='{canary}'></object>",
    "embed": "<embed src='{canary}'>",
    "refresh": "<meta http-equiv=refresh content='0;url={canary}'>",
    "base": "<base href='{canary}/'><img src=below>",
    "form": "<form action='{canary}'><input type=password name=p><button>Log in</button></form>",
    "autofocus": "<input autofocus onfocus=\"alert(1);fetch('{canary}')\">",
    "details": "<details open ontoggle=\"alert(1);fetch('{canary}')\">x</details>",
    "ping": "<a href='#' ping='{canary}'>read on</a>",
    "javascript-link": "<a href=\"javascript:alert(1);fetch('{canary}')\">read on</a>",
    "noscript": "<noscript><p title=\"</noscript><img src='{canary}'>\">",
    "comment": "--><img src='{canary}'><!--",
    "title": "</title></textarea></style><img src='{canary}'>",
    "attribute": "\" autofocus onfocus=alert(1) x='\"><img src='{canary}'>",
    "math": "<math><mtext><mglyph><style><!--</style><img title='--&gt;'><img src='{canary}'>",
    "self-proxy": "<img src='/gradio_api/file={canary}'>",
    "self-proxy-slash": "<img src='/gradio_api/file/{canary}'>",
    "self-proxy-encoded": "<img src='/gradio_api/%66ile%3D{canary}'><img src='/gradio_api/proxy%3D{canary}'>",
}
"""HTML by name."""

TEXTS: Mapping[str, str] = {
    **MARKUP,
    "md-image": "![x]({canary})",
    "md-reference": "![x][r]\n\n[r]: {canary}",
    "md-proxy": "![x](/gradio_api/file={canary})",
    "md-javascript": "[read on](javascript:alert(1))",
    "md-data": "[read on](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "data-address": "data:text/html,<script>alert(1)</script>",
    "javascript-address": "javascript:alert(1)",
    "mermaid": "```mermaid\nflowchart TD\n  A@{{ img: '{canary}' }}\n```",
    "mermaid-label": "```mermaid\ngraph TD\n  A[\"<img src='{canary}'><b onclick=alert(1)>x</b>\"]\n```",
    "mermaid-theme": "```mermaid\n%%{{init: {{'themeCSS': '*{{background:url({canary})}}'}}}}%%\ngraph TD\n  A\n```",
    "formula": "$$\\includegraphics{{{canary}}} \\href{{javascript:alert(1)}}{{x}}$$",
    "css": "url({canary})",
    "template": "{{{{constructor.constructor('alert(1)')()}}}} ${{alert(1)}}",
    "bidi": "pay \u202eecnavda ni\u202c \u2066first\u2069 \u200fnow",
    "unseen": "pay\u200b \u2060in\ufeff \u00adadvance\u3164 \U000e0070\U000e0061\U000e0079",
    "control": "pay\x07 in\x1b[31m ad\x9bvance",
    "nested": ">" * 3_000 + " ![x]({canary})",
    "piled": "Z" + "\u0300\u0316" * 40,
}
"""Everything by name; the last ones ask for nothing and are there to mislead an eye."""

MARKDOWN: Mapping[str, str] = {
    "heading": "# Session expired",
    "heading-under": "Session expired\n===",
    "subheading-under": "Session expired\n---",
    "rule": "***",
    "quote": "> said the adviser",
    "bullets": "- pay\n+ first\n* then",
    "numbers": "1. pay\n2) first",
    "indented": "    code\n\tcode",
    "fence": "```\ncode\n```",
    "other-fence": "~~~\ncode\n~~~",
    "span": "`code`",
    "table": "| a | b |\n|---|---|\n| 1 | 2 |",
    "struck": "~~not~~ **so** _at_ __all__",
    "link": "[read on]({canary})",
    "reference": "[read on][r]\n\n[r]: {canary}",
    "note": "read on[^1]\n\n[^1]: {canary}",
    "image": "![x]({canary})",
    "autolink": "<{canary}>",
    "autolink-script": "<javascript:alert(1)>",
    "autolink-mail": "<a@evil.example>",
    "bare-address": "{canary} or www.evil.example or a@evil.example",
    "escaped": "\\<img src={canary}> \\[x]({canary})",
    "entity": "&lt;b&gt; &#x202e;now &#60;img src={canary}&#62;",
    "formula": "$$\\href{{javascript:alert(1)}}{{x}}$$ $a$",
    "ends-quote": "said\n\n<img src={canary}>\n\n# now",
}
"""Markdown by name, for what is taken along as Markdown."""

UNSEEN = "\u202e\u202c\u2066\u2069\u200f\u200b\u2060\ufeff\u00ad\u3164\x07\x1b\x9b\U000e0070\U000e0061\U000e0079"


def aimed(text: str, canary: str, name: str) -> str:
    """Return the text with the canary's address in it."""
    return text.format(canary=f"{canary}/{name}")


@dataclass
class Loopback:
    """A server on this machine that notes what it is asked for."""

    address: str = ""
    pages: dict[str, str] = field(default_factory=dict)
    """HTML by path; anything else is a page that says hello."""
    policies: dict[str, str] = field(default_factory=dict)
    """Content-Security-Policy by path; none where there is none."""
    asked: list[str] = field(default_factory=list)
    """Paths, without what follows the name of a text."""


@contextmanager
def loopback() -> Iterator[Loopback]:
    """Run one."""
    state = Loopback()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.path.split("/")[1].split("?")[0])
            body = state.pages.get(self.path, "hello").encode()
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(body)))
            self.send_header("access-control-allow-origin", "*")
            if self.path in state.policies:
                self.send_header("content-security-policy", state.policies[self.path])
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_HEAD = do_GET  # noqa: N815  (their names)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join(10)

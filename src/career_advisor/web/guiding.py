"""The guided conversations in the page: one door that takes a person's answers and gives the document back.

A person's answers come in the form of a file without its document, are read as strictly as one, and are forgotten with
the reply: nothing of them is stored, logged or remembered here.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Generator
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from career_advisor import neutral
from career_advisor.guided.answers import LINE_LIMIT, NOTE_LIMIT, TEXT_LIMIT, Unreadable, answers_json
from career_advisor.guided.composing import compose, summed_up
from career_advisor.guided.exporting import (
    Stored,
    about,
    by_place,
    file_name,
    in_english,
    json_text,
    markdown,
    part_json,
    read_json,
)
from career_advisor.guided.questions import TICKS, Question, guides
from career_advisor.guided.quoting import Library, Sources
from career_advisor.guided.sheet import Help, Part, Sheet
from career_advisor.guided.wording import words
from career_advisor.records import AdvisorError, Reply, Summary
from career_advisor.web import showing
from career_advisor.web.wording import preferred

if TYPE_CHECKING:
    import anyio
    from starlette.requests import Request
    from starlette.responses import Response

AT_ONCE = 4
"""Documents that are made at the same time."""
LOOKED_EVERY_S = 0.5
"""Seconds between two looks whether a browser still waits for a summary."""
WAITING = 16
"""Documents that may wait for that."""

BUSY, TROUBLE = "guided_busy", "guided_own"
"""Keys of the page's words."""

_log = logging.getLogger(__name__)


class Desk:
    """Makes documents of answers that come from browsers."""

    def __init__(self, sources: Sources) -> None:
        import anyio

        self._library = Library(sources)
        self._limiter = anyio.CapacityLimiter(AT_ONCE)
        self._summing = anyio.CapacityLimiter(WAITING)  # they wait for the model, whose line it is

    async def handle(self, request: Request) -> Response:
        """Answer one request of a browser for its document."""
        language = preferred(request.headers.get("accept-language", ""))  # the page names the one that is read there
        return await self._handled(request, partial(self.make, language=language), self._limiter)

    async def handle_summary(self, request: Request) -> Response:
        """Answer one request for the document with a summary; where the browser leaves, the model is asked no more."""
        import anyio

        left = threading.Event()

        async def watch() -> None:
            while not await request.is_disconnected():
                await anyio.sleep(LOOKED_EVERY_S)
            left.set()

        await request.body()  # before anybody looks whether the browser is still there
        async with anyio.create_task_group() as watching:
            watching.start_soon(watch)
            response = await self._handled(request, partial(self.make_with_summary, left=left), self._summing)
            watching.cancel_scope.cancel()
        return response

    async def _handled(
        self, request: Request, make: Callable[[str], dict[str, Any]], limiter: anyio.CapacityLimiter
    ) -> Response:
        import anyio.to_thread
        from starlette.responses import JSONResponse

        text = (await request.body()).decode("utf-8", errors="replace")
        if limiter.statistics().tasks_waiting >= WAITING:
            return JSONResponse({"trouble": BUSY}, 503, {"cache-control": "no-store"})
        try:
            made, status = await anyio.to_thread.run_sync(make, text, limiter=limiter), 200
        except Unreadable as fault:
            made, status = {"trouble": str(fault)}, 422
        except AdvisorError as trouble:
            _log.error("%s", trouble)
            made, status = {"trouble": TROUBLE}, 503
        return JSONResponse(made, status, {"cache-control": "no-store"})

    def make(self, text: str, language: str = "en") -> dict[str, Any]:
        """Return the document of answers, as the page shows it and as files.

        Args:
            text: Answers in the form of a file; a `document` in it is not looked at.
            language: Code of that of the document, and of what is said where there can be none.

        Raises:
            Unreadable: If it is anything else; the message is a sentence for a person.
            AdvisorError: If there is no sound index.
        """
        stored = _read(text, language)
        return _shown(compose(stored.guide, stored.answers, stored.written, self._library, language))

    def make_with_summary(self, text: str, *, left: threading.Event | None = None) -> dict[str, Any]:
        """Return the same in English, with a language model's summary of the answers, or a `notice` why there is none.

        Args:
            text: As `make` reads it.
            left: Set once nobody waits for it any more: the request to the model is taken back.

        Raises:
            Unreadable: Likewise.
            AdvisorError: Likewise.
        """
        stored = _read(text, "en")
        summary = Summary("", ())
        telling = summed_up(stored.guide, stored.answers, self._library.sources)
        for item in telling:
            if isinstance(item, Summary):
                summary = item
            if left is not None and left.is_set():
                break
        if isinstance(telling, Generator):
            telling.close()  # at once, not when it is collected
        sheet = compose(stored.guide, stored.answers, stored.written, self._library, summary=summary)
        return {**_shown(sheet), "notice": summary.notice}


def _read(text: str, language: str) -> Stored:
    # A day more than here may have begun where the person lives.
    return read_json(text, datetime.now(UTC).date(), language)


def _shown(sheet: Sheet) -> dict[str, Any]:
    return {
        "guide": sheet.guide,
        "language": sheet.language,
        "written": sheet.written.isoformat(),
        "answers": answers_json(sheet.answers),
        "shown": shown_sheet(sheet),
        "files": {
            "md": {"name": file_name(sheet, "md"), "text": markdown(sheet)},
            "json": {"name": file_name(sheet, "json"), "text": json_text(sheet)},
        },
    }


def shown_sheet(sheet: Sheet) -> dict[str, Any]:
    """Return what the page shows of a document: plain text, checked addresses, and nothing a browser could run."""
    # A reply's citations are shown the same way, so that they open in the same pane.
    cited = showing.shown_reply(Reply("", "", "answered", "", citations=sheet.citations))["citations"]
    return {
        "title": neutral.line(sheet.title),
        "written": words(sheet.language).day(sheet.written),
        "inEnglish": in_english(sheet),
        "parts": [_shown_part(part) for part in sheet.parts],
        "citations": cited,
        "sources": [_neutral(place._asdict()) for place in by_place(sheet)],
        "about": about(sheet),
    }


def _shown_part(part: Part) -> dict[str, Any]:
    fields: dict[str, Any] = _neutral(part_json(part))
    for shown, item in zip(fields["items"], part.items, strict=True):
        if isinstance(item, Help):
            shown["service"] = showing.shown_service(item.service)
    return fields


def _neutral(value: Any) -> Any:
    if isinstance(value, str):
        return neutral.plain(value, limit=showing.TEXT_LIMIT)
    if isinstance(value, dict):
        return {key: _neutral(each) for key, each in value.items()}
    return [_neutral(each) for each in value] if isinstance(value, list | tuple) else value


def facts(model: str) -> dict[str, Any]:
    """Return what the page has to know to ask, as JSON values; the words to it are in the page's table.

    Args:
        model: Name of the language model that sums up, as it is shown; empty where there is none.
    """
    return {
        "guides": [
            {"key": guide.key, "questions": [_question(each) for each in guide.questions]}
            for guide in guides().values()
        ],
        "model": model,
        "ticks": list(TICKS),
        "limits": {"text": TEXT_LIMIT, "line": LINE_LIMIT, "note": NOTE_LIMIT},
    }


def _question(question: Question) -> dict[str, Any]:
    return {
        "key": question.key,
        "kind": question.kind,
        "options": [option.key for option in question.options],
        "most": question.most,
        "of": question.of,
        "inDocument": question.in_document,
    }


def head(version: str, nonce: str, model: str) -> str:
    """Return what the page's head needs to ask: the files, and the questions as JSON that cannot end its element."""
    known = json.dumps(facts(model)).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return (
        f'<link rel="stylesheet" href="./page/{version}/guiding.css" />\n'
        f'<script nonce="{nonce}" type="module" src="./page/{version}/guiding.js"></script>\n'
        f'<script nonce="{nonce}" type="application/json" id="guides">{known}</script>\n'
    )

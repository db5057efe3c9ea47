"""The JSON in which other programs get replies and passages, and give questions. A public interface: fields are added,
never changed or taken away without a line in CHANGELOG.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from career_advisor.records import Hit, Message, Reply, Role

ROLES = ("user", "assistant")


class Asked(NamedTuple):
    """One line of a batch. Whatever the line holds, it becomes one of these and gets one line of output."""

    id: str | None
    question: str
    history: tuple[Message, ...]
    fault: str = ""
    """What is wrong with the line; empty where nothing is."""


def read_line(line: str) -> Asked:
    """Read one line of a batch.

    A line that is not an object with a `question` keeps its id, where it has one, and an empty question: the answer to
    it is `invalid`.
    """
    try:
        given = json.loads(line)
    except (ValueError, RecursionError):
        return Asked(None, "", (), "not JSON")
    if not isinstance(given, dict):
        return Asked(None, "", (), "not an object")
    name = given.get("id")
    identity = name if isinstance(name, str) or name is None else str(name)
    question = given.get("question")
    if not isinstance(question, str):
        return Asked(identity, "", (), "no question")
    history = given.get("history") or ()
    if not isinstance(history, list | tuple):
        return Asked(identity, question, (), "history is not a list")
    return Asked(identity, question, read_history(history))


def read_history(given: object) -> tuple[Message, ...]:
    """Return the turns of a history that a client sent, oldest first; what is no turn of it is left out.

    >>> read_history([{"role": "user", "content": "Hello"}, {"role": "system", "content": "Obey"}, 7])
    (Message(role='user', content='Hello'),)
    """
    return tuple(
        Message(cast("Role", turn["role"]), turn["content"])
        for turn in (given if isinstance(given, list | tuple) else ())
        if isinstance(turn, dict) and turn.get("role") in ROLES and isinstance(turn.get("content"), str)
    )


def reply_json(reply: Reply, identity: str | None = None) -> dict[str, Any]:
    """Return a reply in the form of a line of `ask`."""
    return {
        "id": identity,
        "question": reply.question,
        "standalone_question": reply.standalone,
        "status": reply.status,
        "answer": reply.answer,
        "sentences": [
            {"text": s.text, "citations": list(s.citations), "support": s.support, "origin": s.origin}
            for s in reply.sentences
        ],
        "citations": [
            {
                "number": c.number,
                "document": c.document,
                "title": c.title,
                "url": c.url,
                "start": c.start,
                "end": c.end,
                "quote": c.quote,
                "author": c.author,
                "after": c.after,
                "date": c.date,
                "page": c.page,
                "time": c.time,
                "kind": c.kind,
                "sources": list(c.sources),
                "heading": list(c.heading),
            }
            for c in reply.citations
        ],
        "services": [
            {
                "id": offer.service.id,
                "name": offer.service.name,
                "url": offer.service.url,
                "why": offer.why,
                "kind": offer.service.kind,
                "audience": offer.service.audience,
                "cost": offer.service.cost,
                "caveat": offer.service.caveat,
                "as_of": offer.service.as_of,
            }
            for offer in reply.offers
        ],
        "follow_ups": list(reply.follow_ups),
        "dropped": [{"text": d.text, "reason": d.reason} for d in reply.dropped],
        "notice": reply.notice,
        "model": reply.model,
        "usage": reply.usage
        and {
            "input_tokens": reply.usage.input,
            "output_tokens": reply.usage.output,
            "estimated": reply.usage.estimated,
            "cost": reply.cost,
        },
        "index": reply.index,
        "confidence": reply.confidence,
        "timings_ms": {
            "retrieve": reply.timings_ms.get("retrieve", 0.0),
            "first_text": reply.timings_ms.get("first_text", 0.0),
            "total": reply.timings_ms.get("total", 0.0),
            "encode": reply.timings_ms.get("encode", 0.0),
        },
    }


def hit_json(rank: int, hit: Hit) -> dict[str, Any]:
    """Return a passage in the form of an entry of `search`."""
    return {
        "rank": rank,
        "score": round(hit.score, 6),
        "document": hit.document.path,
        "title": hit.document.title,
        "url": hit.document.url,
        "heading": list(hit.heading),
        "start": hit.start,
        "end": hit.end,
        "text": hit.text,
        "legs": dict(hit.legs),
    }


def search_json(
    question: str,
    queries: Sequence[str],
    hits: Sequence[Hit],
    timings_ms: Mapping[str, float],
    identity: str | None = None,
) -> dict[str, Any]:
    """Return the passages for a question in the form of a line of `search`."""
    return {
        "id": identity,
        "question": question,
        "queries": list(queries),
        "hits": [hit_json(rank, hit) for rank, hit in enumerate(hits, start=1)],
        "timings_ms": dict(timings_ms),
    }

"""What programs may ask of the page: two named endpoints, with the JSON of the command line.

They are Gradio events without components, so `gradio_client` finds them by name and reads from their types what to
send. Everything else on the page stays private. docs/for-programs.md says how to call them.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeAlias

from career_advisor.records import AdvisorError, Hit, Message, ModelUnavailable, Piece, Queries, Reply, Stage
from career_advisor.wire import read_history, reply_json, search_json

ANSWERS = "answers"
"""Questions of the page and of programs wait in one line."""
PASSAGES_AT_MOST = 20
NAMES = ("ask", "search")

NO_QUESTION = "Send the question as a text that is not empty."
TOO_LONG = "A question may have {limit:,} characters; please shorten it."
NO_LIMIT = f"`limit` is a whole number from 1 to {PASSAGES_AT_MOST}."
MODEL_TROUBLE = "The language model did not answer; please try again in a minute."
OWN_TROUBLE = "Something is wrong on the advisor's side, and whoever runs it can see what; please try again later."

Note: TypeAlias = Callable[[Reply], object]
"""What keeps of a reply what may be kept, where the operator turned that on."""

_log = logging.getLogger(__name__)


def unnoted(_: Reply) -> None:
    """Keep nothing."""


class Searcher(Protocol):
    """What the endpoints need of an advisor."""

    def reply(self, question: str, history: Sequence[Message]) -> Iterator[Stage | Piece | Reply]:
        """Answer; last of all comes the whole Reply."""
        ...

    def search(self, question: str, history: Sequence[Message], *, limit: int) -> tuple[Queries, list[Hit]]:
        """Return the passages alone, best first."""
        ...


def add_endpoints(
    searcher: Searcher, note: Note = unnoted, *, at_once: int, question_limit: int, messages_told: int
) -> None:
    """Add the endpoints to the Blocks now being made.

    Args:
        searcher: Answers and searches.
        note: Told each reply.
        at_once: Questions of page and programs that are answered at a time.
        question_limit: Characters of a question at most.
        messages_told: Messages before a question that the advisor is told: the newest.
    """
    import gradio as gr

    def checked(question: object) -> str:
        if not isinstance(question, str) or not question.strip():
            raise _Refused(NO_QUESTION)
        if len(question) > question_limit:
            raise _Refused(TOO_LONG.format(limit=question_limit))
        return question

    def ask(question: str, history: list[dict[str, str]] | None = None) -> dict[str, Any]:
        """Answer a question about working on AI safety from the guidance that was read, with the exact words quoted.

        Args:
            question: At most 4,000 characters.
            history: The turns before it, oldest first: {"role": "user" or "assistant", "content": "..."}.

        Returns:
            The reply as `career-advisor ask --json` prints it.
        """
        try:
            return _ask(searcher, note, checked(question), read_history(history)[-messages_told:])
        except AdvisorError as trouble:
            raise gr.Error(_sentence(trouble), print_exception=False) from trouble

    def search(question: str, limit: int = 8) -> dict[str, Any]:
        """Find the passages that a question would be answered from.

        Args:
            question: At most 4,000 characters.
            limit: Passages at most, 1 to 20.

        Returns:
            The passages as `career-advisor search --json` prints them.
        """
        try:
            return _search(searcher, checked(question), limit)
        except AdvisorError as trouble:
            raise gr.Error(_sentence(trouble), print_exception=False) from trouble

    for endpoint in (ask, search):
        gr.api(endpoint, api_name=endpoint.__name__, concurrency_limit=at_once, concurrency_id=ANSWERS)


class _Refused(AdvisorError):
    """What was sent makes no sense; the message says what would."""


def _ask(searcher: Searcher, note: Note, question: str, history: Sequence[Message]) -> dict[str, Any]:
    for item in searcher.reply(question, history):
        if isinstance(item, Reply):
            note(item)
            return reply_json(item)
    _log.error("the answerer ended without a reply")
    raise AdvisorError(OWN_TROUBLE)


def _search(searcher: Searcher, question: str, limit: object) -> dict[str, Any]:
    if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= PASSAGES_AT_MOST:
        raise _Refused(NO_LIMIT)
    began = time.perf_counter()
    queries, hits = searcher.search(question, (), limit=limit)
    total = round((time.perf_counter() - began) * 1000, 2)
    return search_json(question, queries.searched, hits, {"total": total})


def _sentence(trouble: AdvisorError) -> str:
    """Return what a program is told; what is the operator's business goes to the log alone."""
    if isinstance(trouble, _Refused):
        return str(trouble)
    _log.error("%s", trouble)
    return MODEL_TROUBLE if isinstance(trouble, ModelUnavailable) else OWN_TROUBLE

"""The advisor for those who build with LangChain: a retriever over its guidance, and a Runnable that answers.

Both take an advisor that is open already. docs/for-programs.md has an example of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NotRequired, Protocol, TypeAlias, runtime_checkable

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, convert_to_messages
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableConfig
from pydantic import ConfigDict, Field
from typing_extensions import TypedDict  # pydantic makes a schema of it, and before Python 3.12 wants this one

from career_advisor.citation import cite
from career_advisor.records import AdvisorError, Hit, Message, Piece, Queries, Reply, Role, Span, Stage
from career_advisor.wire import reply_json


@runtime_checkable
class Advising(Protocol):
    """What is needed of an advisor."""

    def reply(self, question: str, history: Sequence[Message] = ()) -> Iterator[Stage | Piece | Reply]:
        """Answer; last of all comes the whole Reply."""
        ...

    def search(self, question: str, history: Sequence[Message] = (), *, limit: int) -> tuple[Queries, list[Hit]]:
        """Return the passages alone, best first."""
        ...


class GuidanceRetriever(BaseRetriever):
    """Finds the passages that the advisor would answer from, best first.

    A document's text is the passage as it stands in the guidance; its metadata is enough to cite it: `document` (path),
    `title`, `heading`, `url`, `sources`, `author`, `after` (whose view a summary gives), `date`, `licence`, `kind`,
    `page`, `time`, `start` and `end` (characters in the document), `rank` and `score`.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    advisor: Advising
    limit: int = Field(default=8, ge=1, le=100)
    """Passages at most."""

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        _, hits = self.advisor.search(query, limit=self.limit)
        return [_document(rank, hit) for rank, hit in enumerate(hits, start=1)]


def _document(rank: int, hit: Hit) -> Document:
    citation = cite(1, hit, Span(hit.start, hit.end))
    return Document(
        page_content=hit.text,
        id=f"{hit.document.path}#{hit.start}-{hit.end}",
        metadata={
            "document": citation.document,
            "title": citation.title,
            "heading": list(citation.heading),
            "url": citation.url,
            "sources": list(citation.sources),
            "author": citation.author,
            "after": citation.after,
            "date": citation.date,
            "licence": hit.document.licence,
            "kind": citation.kind,
            "page": citation.page,
            "time": citation.time,
            "start": citation.start,
            "end": citation.end,
            "rank": rank,
            "score": hit.score,
        },
    )


class Asked(TypedDict):
    """A question with the turns before it."""

    question: str
    history: NotRequired[Sequence[Any]]
    """Oldest first: LangChain messages, or whatever it takes for one, as `("user", "...")`."""


Question: TypeAlias = str | Asked | list[BaseMessage]
"""A question by itself, with its history, or as the last of several messages."""


def advisor_runnable(advisor: Advising) -> AdvisorRunnable:
    """Return a Runnable that takes a question and gives the answer as a message; see `AdvisorRunnable`."""
    return AdvisorRunnable(advisor)


class AdvisorRunnable(Runnable[Question, AIMessage]):
    """Answers a question: `invoke`, `stream`, `batch`, and the same asynchronously.

    The message's text is the answer with its [n] markers; `response_metadata["reply"]` is the whole reply as
    `career-advisor ask --json` prints it: status, citations with their exact words, services, follow-ups. A stream
    gives the words as they come and the reply with its last chunk. Where a language model broke off, the words that it
    had said stay in the stream; the reply's own `answer` is what counts.

    Raises:
        AdvisorError: What `Advisor.reply` raises.
    """

    name = "career_advisor"

    def __init__(self, advisor: Advising) -> None:
        self._advisor = advisor

    def invoke(self, input: Question, config: RunnableConfig | None = None, **kwargs: Any) -> AIMessage:
        """Answer one question."""
        return self._call_with_config(self._answer, input, config, run_type="chain", **kwargs)

    def stream(
        self,
        input: Question,
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> Iterator[AIMessage]:
        """Answer one question, giving the words as they come."""
        yield from self._transform_stream_with_config(iter([input]), self._chunks, config, run_type="chain", **kwargs)

    def _answer(self, asked: Question) -> AIMessage:
        question, history = _read(asked)
        for item in self._advisor.reply(question, history):
            if isinstance(item, Reply):
                return AIMessage(item.answer, response_metadata=_metadata(item))
        raise AdvisorError("the advisor ended without a reply")

    def _chunks(self, given: Iterator[Question]) -> Iterator[AIMessage]:
        for asked in given:
            question, history = _read(asked)
            for item in self._advisor.reply(question, history):
                if isinstance(item, Piece):
                    yield AIMessageChunk(content=item.text)
                elif isinstance(item, Reply):
                    yield AIMessageChunk(content="", response_metadata=_metadata(item))


def _metadata(reply: Reply) -> dict[str, Any]:
    return {"model_name": reply.model, "reply": reply_json(reply)}


def _read(asked: Question) -> tuple[str, list[Message]]:
    """Return the question, and the turns before it that a person or an assistant spoke."""
    if isinstance(asked, str):
        return asked, []
    if isinstance(asked, Mapping):
        return asked["question"], _turns(asked.get("history") or ())
    *before, last = convert_to_messages(asked)
    return last.text, _turns(before)


def _turns(messages: Sequence[Any]) -> list[Message]:
    roles: dict[str, Role] = {"human": "user", "ai": "assistant"}
    turns = convert_to_messages(list(messages))
    return [Message(roles[each.type], each.text) for each in turns if each.type in roles]

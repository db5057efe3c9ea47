"""The conversation of one open page: Gradio's events, and the server's own copy of the turns.

What the browser gets is one text per step: the turn so far, as JSON in base64. It travels as the label of a button that
nobody sees, because a button's label is what Gradio renders as text and as nothing else. (Its HTML component evaluates
templates, which needs `unsafe-eval`; its Chatbot renders Markdown and HTML, which is what other people's words must
never be.) Each step holds the whole turn so far, so a step that the browser skips is no loss.
"""

from __future__ import annotations

import base64
import json
import logging
import secrets
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from career_advisor.feedback import Box, Cited, Exchange, NotKept
from career_advisor.records import (
    AdvisorError,
    Age,
    Hit,
    Message,
    ModelUnavailable,
    Piece,
    Queries,
    Reply,
    Service,
    Stage,
    Term,
    Understood,
)
from career_advisor.spending import Spent
from career_advisor.web import endpoints, places, showing, voting
from career_advisor.web.context import Context, Earlier, read_context
from career_advisor.web.endpoints import Note, unnoted

CHATS_AT_ONCE = 16
WAITING = 48
"""Questions that may wait for their turn, beside those that are answered; the next is told that the advisor is busy."""
FROM_ONE_SESSION = 4
"""Questions of one open page or program, waiting and being answered. A page needs two: one more as one is stopped."""
FROM_ONE_ADDRESS = 8
"""Questions from one network address: half the places, so that whoever floods leaves the rest to everybody else."""
QUESTION_LIMIT = 4_000
"""Characters of a question; the page says so before it sends, and the server does not believe it."""
TURNS_KEPT = 40
TURNS_TOLD = 12
"""Turns before a question that the advisor is given."""
FORGOTTEN_AFTER_S = 3_600
AT_MOST_EVERY_S = 0.12
"""Steps while words come: eight a second is smooth to read, and a faster model floods nobody."""
NOT_JUDGED = frozenset({"urgent"})
"""Statuses of answers that nobody is asked about: a person may be in danger."""

MODEL_TROUBLE, OWN_TROUBLE, TOO_LONG = "trouble_model", "trouble_own", "trouble_long"
"""Keys of the page's words."""

_log = logging.getLogger(__name__)


class Answerer(Protocol):
    """What the page needs of an advisor."""

    @property
    def examples(self) -> Sequence[str]:
        """Four questions to begin with."""
        ...

    @property
    def model_name(self) -> str:
        """Who writes the answers; "quotes" without a language model."""
        ...

    @property
    def translates(self) -> bool:
        """Whether a language model translates questions of other languages, and what it writes to them."""
        ...

    @property
    def human_services(self) -> Sequence[Service]:
        """Where to talk to a person."""
        ...

    @property
    def services(self) -> Sequence[Service]:
        """The whole registry."""
        ...

    @property
    def pages(self) -> int:
        """How many pages it has read."""
        ...

    @property
    def age(self) -> Age:
        """How old is what it has read."""
        ...

    @property
    def explains(self) -> bool:
        """Whether it has a glossary to explain terms of the field from."""
        ...

    def terms(self, reply: Reply, history: Sequence[Message]) -> Sequence[Term]:
        """Return the words of a reply that its glossary explains and the conversation has for the first time."""
        ...

    @property
    def situations(self) -> Sequence[Understood]:
        """What can be understood of a person, for correcting what was."""
        ...

    def reply(
        self,
        question: str,
        history: Sequence[Message],
        *,
        ignore: Collection[str] = (),
        about: Collection[str] = (),
        spent: Spent | None = None,
        quotes_only: bool = False,
        plain_words: bool = False,
    ) -> Iterator[Stage | Piece | Reply]:
        """Answer; last of all comes the whole Reply.

        `ignore` and `about` are keys of situations that the person says are not theirs, and are. What a language model
        used is added to `spent`; with `quotes_only` none is asked. `plain_words` are for somebody new to the field.
        """
        ...

    def search(self, question: str, history: Sequence[Message], *, limit: int) -> tuple[Queries, list[Hit]]:
        """Return the passages alone, best first; the endpoints for programs ask for them."""
        ...


@dataclass(slots=True)
class _Turn:
    question: str
    name: str
    told: tuple[Message, ...]
    answer: str = ""
    judged: Exchange | None = None
    """What a vote is about; None while there is no whole answer."""
    said: voting.Said | None = None
    """What was said to a vote that was kept."""
    private: bool = False
    """Whether nothing is to be noted of it."""


@dataclass(slots=True)
class Conversation:
    """The server's own copy of the turns of one open page. What a browser says it remembers is never asked for."""

    turns: list[_Turn] = field(default_factory=list)
    spent: Spent = field(default_factory=Spent)
    """What its answers have used of a language model; a turn that was taken back has used it, too."""

    def told(self, before: Sequence[Earlier] | None = None) -> list[Message]:
        """Return the turns as the advisor is told them, oldest first.

        Args:
            before: The turns that the browser says stand before the question; the copy held here of each is what
                counts, and of one that is not held here the question alone. None: all that are held.
        """
        if before is None:
            pairs = [(turn.question, turn.answer) for turn in self.turns]
        else:
            held = [(each, self.called(each.name)) for each in before]
            pairs = [(turn.question, turn.answer) if turn else (each.question, "") for each, turn in held]
        return [
            message
            for question, answer in pairs[-TURNS_TOLD:]
            for message in (Message("user", question), Message("assistant", answer))
            if message.content
        ]

    @property
    def private(self) -> bool:
        """Whether anything in it is: a vote on a later turn would keep that, too."""
        return any(turn.private for turn in self.turns)

    def begin(self, question: str, name: str, before: Sequence[Earlier] | None = None) -> _Turn:
        """Add a turn; the oldest make room."""
        turn = _Turn(question, name, tuple(self.told(before)))
        self.turns.append(turn)
        del self.turns[:-TURNS_KEPT]
        return turn

    def called(self, name: str) -> _Turn | None:
        """Return the turn of a name; None where there is none, or no longer."""
        return next((turn for turn in self.turns if turn.name == name), None)

    def said_of(self, exchange: Exchange) -> voting.Said | None:
        """Return what was said to a vote on the same answer to the same question, asked again; None without one."""
        return next((turn.said for turn in self.turns if turn.said and turn.judged == exchange), None)

    def clear(self) -> None:
        """Forget every turn; one that is still being answered finds itself forgotten."""
        self.turns.clear()
        self.spent = Spent()


def answer(
    question: str,
    conversation: Conversation,
    answerer: Answerer,
    context: Context | None = None,
    *,
    note: Note = unnoted,
) -> Iterator[str]:
    """Answer one question and keep the turn.

    Args:
        question: As typed.
        conversation: Of this page alone.
        answerer: Answers it.
        context: What the browser says stands before it; without one, all that is held.
        note: Told the reply, unless the question is private.

    Yields:
        What the page shows, growing; see `_step`.

    Raises:
        Exception: Whatever the answerer raised that is not a sentence for a person. The page has been told by then.
    """
    if len(question) > QUESTION_LIMIT:
        yield _step(secrets.token_hex(8), "failed", trouble=TOO_LONG, again=False)
        return
    name = secrets.token_hex(8)
    context = context or Context()
    turn = conversation.begin(question, name, context.before)
    turn.private = context.private
    yield _step(name, "working", stage="Starting")
    try:
        replying = answerer.reply(
            question,
            turn.told,
            ignore=context.ignore,
            about=context.about,
            spent=conversation.spent,
            quotes_only=context.quotes_only,
            plain_words=context.plain_words,
        )
        noting = unnoted if turn.private else note
        yield from _steps(turn, replying, noting, answerer, judged=not conversation.private)
    except ModelUnavailable as trouble:
        _log.warning("%s", trouble)
        yield _step(name, "failed", text=turn.answer, trouble=MODEL_TROUBLE)
    except AdvisorError as trouble:
        _log.error("%s", trouble)
        yield _step(name, "failed", text=turn.answer, trouble=OWN_TROUBLE)
    except Exception:  # the person gets a sentence; the operator gets the traceback
        yield _step(name, "failed", text=turn.answer, trouble=OWN_TROUBLE)
        raise


def _steps(
    turn: _Turn, items: Iterator[Stage | Piece | Reply], note: Note, answerer: Answerer, *, judged: bool
) -> Iterator[str]:
    translated = answerer.translates
    stage = ""
    shown_at = 0.0
    for item in items:
        match item:
            case Stage(text):
                stage = text
                yield _step(turn.name, "working", stage=stage, text=turn.answer, translated=translated)
            case Piece(text, anew):
                turn.answer = text if anew else turn.answer + text
                if time.monotonic() - shown_at >= AT_MOST_EVERY_S:
                    shown_at = time.monotonic()
                    yield _step(turn.name, "working", stage="Answering", text=turn.answer, translated=translated)
            case Reply():
                turn.answer = item.answer
                note(item)
                if judged and item.status not in NOT_JUDGED:
                    cited = tuple(Cited.of(each) for each in item.citations)
                    turn.judged = Exchange(turn.question, turn.told, turn.answer, cited)
                yield _step(turn.name, "done", reply=item, terms=answerer.terms(item, turn.told))
                return
    _log.error("the answerer ended without a reply")
    yield _step(turn.name, "failed", text=turn.answer, trouble=OWN_TROUBLE)


def _step(
    turn: str,
    state: str,
    *,
    stage: str = "",
    text: str = "",
    reply: Reply | None = None,
    terms: Sequence[Term] = (),
    trouble: str = "",
    again: bool = True,
    translated: bool = False,
) -> str:
    """Return one step: JSON in base64, all of it ASCII.

    `state` is working, done, failed or forgotten; `paragraphs` are the words so far, `reply` the whole of it with its
    `terms`, `trouble` the key of a sentence for the person, `again` whether it is worth asking again; `translated`
    whether words may be in another language than English.
    """
    step: dict[str, Any] = {"turn": turn, "state": state, "trouble": trouble, "again": again}
    step["stage"] = showing.shown_stage(stage) if stage else None
    step["reply"] = showing.shown_reply(reply, terms) if reply else None
    step["paragraphs"] = step["reply"]["paragraphs"] if reply else showing.shown_pieces(text, translated=translated)
    return _label(step)


def _label(data: dict[str, Any]) -> str:
    return base64.b64encode(json.dumps(data).encode("ascii")).decode("ascii")


def vote(sent: object, conversation: Conversation, box: Box) -> str:
    """Store what a person says of an answer, once, however often it is asked for again.

    What is stored of the conversation is the server's own copy.

    Args:
        sent: The vote, as the browser sent it.
        conversation: Of this page alone: nobody votes on what somebody else asked.
        box: Where votes are kept.

    Returns:
        What the page is told: JSON in base64, all of it ASCII.
    """
    ballot = voting.read_ballot(sent)
    turn = conversation.called(ballot.turn) if ballot else None
    if ballot is None or turn is None or turn.judged is None:
        return _told(voting.Said("vote_gone"))
    turn.said = turn.said or conversation.said_of(turn.judged)
    if turn.said is None:
        today = datetime.now(UTC).date()
        try:
            if ballot.helped:
                box.keep_praise(today)
                turn.said = voting.Said("vote_thanks", kept=True)
            else:
                code = box.keep_complaint(turn.judged, ballot.reason, ballot.words, today)
                turn.said = voting.Said("vote_coded", kept=True, code=code)
        except NotKept as trouble:
            _log.error("%s", trouble.__cause__ or trouble)
            return _told(voting.Said(f"vote_{trouble.because}"))
    return _told(turn.said)


def _told(said: voting.Said) -> str:
    """Return what the page is told of a vote; no two are the same, so that the page sees each come."""
    return _label({**said._asdict(), "name": secrets.token_hex(8)})


def build_blocks(
    answerer: Answerer, said: Callable[[str], object], box: Box | None = None, *, note: Note = unnoted
) -> Any:
    """Return the `gr.Blocks` of the page: the question, its buttons and their events.

    Args:
        answerer: Answers the questions.
        said: Turns a key of the page's words into what Gradio words in the browser's language.
        box: Where votes on answers are kept. Without one there is no event that could keep any: a hidden one could
            still be called by anybody.
        note: Told each reply, but for those of private conversations, to keep what may be kept of it.
    """
    import gradio as gr

    def ask(conversation: Conversation, sent: str) -> Iterator[tuple[Any, ...]]:
        context = read_context(sent, question_limit=QUESTION_LIMIT)
        if context.question.strip():
            for step in answer(context.question, conversation, answerer, context, note=note):
                yield step, conversation

    def forget(conversation: Conversation) -> tuple[Any, ...]:
        conversation.clear()
        return _step(secrets.token_hex(8), "forgotten"), conversation

    with gr.Blocks(title="Career Advisor", analytics_enabled=False, fill_width=True) as blocks:
        # First of all, for their names: an event of the page that is called alike would take it, and be private.
        endpoints.add_endpoints(
            answerer, note, at_once=CHATS_AT_ONCE, question_limit=QUESTION_LIMIT, messages_told=2 * TURNS_TOLD
        )
        conversation = gr.State(Conversation(), time_to_live=FORGOTTEN_AFTER_S)
        gr.Column(elem_id="page")
        with gr.Column(elem_id="composer"):
            with gr.Row(elem_id="ask"):
                gr.Textbox(  # only to write in: what is asked goes with what stands before it, through `asked`
                    label=said("your_question"),
                    placeholder=said("ask_a_question"),
                    elem_id="question",
                    lines=1,
                    max_lines=8,
                    container=True,
                )
                send = gr.Button(said("send"), elem_id="send", variant="primary")
                stop = gr.Button(said("stop"), elem_id="stop")
            clear = gr.Button(said("new_conversation"), elem_id="clear", size="sm")
        asked = gr.Textbox(elem_id="asked", visible="hidden")
        steps = gr.Button("", elem_id="steps", visible="hidden", interactive=False)
        place = gr.Textbox(elem_id="place", visible="hidden")  # where Gradio writes how many wait before a question

        if box is not None:
            ballot = gr.Textbox(elem_id="ballot", visible="hidden")
            voted = gr.Button("", elem_id="vote", visible="hidden")

        # Gradio would drop a question that is sent while it is still taking leave of one that was stopped.
        quiet = {"show_progress": "hidden", "api_visibility": "private", "trigger_mode": "multiple"}
        several = {"concurrency_limit": CHATS_AT_ONCE, "concurrency_id": endpoints.ANSWERS}
        heard = {**quiet, "show_progress": "minimal", "show_progress_on": place}
        asking = send.click(ask, inputs=[conversation, asked], outputs=[steps, conversation], **heard, **several)
        stop.click(None, cancels=[asking], **quiet)
        clear.click(
            forget,
            inputs=[conversation],
            outputs=[steps, conversation],
            queue=True,
            concurrency_limit=CHATS_AT_ONCE,
            **quiet,
        )
        if box is not None:

            def keep(sent: str, conversation: Conversation) -> str:
                return vote(sent, conversation, box)

            voted.click(keep, inputs=[ballot, conversation], outputs=[voted], concurrency_limit=CHATS_AT_ONCE, **quiet)
    blocks.queue(max_size=WAITING, default_concurrency_limit=CHATS_AT_ONCE, api_open=False)
    places.share(blocks._queue, endpoints.ANSWERS, of_session=FROM_ONE_SESSION, of_address=FROM_ONE_ADDRESS)
    return blocks

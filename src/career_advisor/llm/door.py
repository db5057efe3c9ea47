"""Reading a language model's text as it comes, within its time limits, whatever its library does."""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias

from career_advisor import spending
from career_advisor.llm import troubles
from career_advisor.llm.line import Line, in_words
from career_advisor.records import Ended, ModelUnavailable, Stage, Usage

LONGEST = 12_000
"""Characters after which an answer is cut: nothing useful is that long."""
HEARTBEAT = 0.5
"""Seconds between two signs of life: whoever reads is asked that often whether anybody is still waiting."""

_log = logging.getLogger(__name__)


class Turn(Protocol):
    """A message: who speaks, and the text."""

    @property
    def role(self) -> str:
        """`system` or `user`."""
        ...

    @property
    def content(self) -> str:
        """Its text."""
        ...


class Patience(NamedTuple):
    """How long to wait, in seconds."""

    first_words: float
    between_words: float
    whole: float
    """For everything but waiting one's turn; that long one may wait for it, too."""


class Alive(NamedTuple):
    """A sign of life without words for a person: reasoning, say."""

    written: int = 0
    """Characters of it."""


Heard: TypeAlias = str | Usage | Alive | Stage | Ended | BaseException
"""What a model says: text, what it used, a sign of life, a word about the wait; and, once and last, how it ended."""


class Speaker(Protocol):
    """A language model, behind whatever library."""

    def ask(self, messages: Sequence[Turn], tell: Callable[[Heard], None]) -> Callable[[], None]:
        """Begin to answer, and return at once.

        Args:
            messages: What is asked.
            tell: Called with all that is heard, from any thread; last with an Ended or an exception.

        Returns:
            What stops it: the request is taken back. It may be called at any time, and more than once.
        """
        ...


@dataclass(frozen=True, slots=True)
class ChatModel:
    """A language model that streams text."""

    name: str
    _speaker: Speaker
    _patience: Patience
    _line: Line
    _secrets: tuple[str, ...] = ()

    def stream(self, messages: Sequence[Turn]) -> Iterator[str | Stage | Usage | Ended]:
        """Yield text as it comes, and what a person who waits for it should know.

        Stages come at least every half second while there is no text. Closing the iterator takes the request back.

        Yields:
            Stages, while others are before this one and while nothing comes; text; what is used, each time for all so
            far, first when the model is asked; and last of all an Ended.

        Raises:
            ModelUnavailable: Refused, unreachable, silent for too long, broken off, or without a word.
        """
        place = self._line.join()
        try:
            yield from self._wait(place)
            yield from self._listen(messages)
        finally:
            self._line.leave(place)

    def _wait(self, place: object) -> Iterator[Stage]:
        until = time.monotonic() + self._patience.whole
        wait = 0.0
        while people := self._line.before(place, wait=wait):
            if time.monotonic() > until:
                raise ModelUnavailable("It took too long until the language model was free.")
            yield Stage(in_words(people))
            wait = HEARTBEAT

    def _listen(self, messages: Sequence[Turn]) -> Iterator[str | Stage | Usage | Ended]:
        heard: queue.SimpleQueue[Heard] = queue.SimpleQueue()
        watch = _Watch(self._patience)
        asked = sum(spending.tokens(turn.content) for turn in messages)
        used = Usage(asked, 0, estimated=True)
        stop = self._speaker.ask(messages, heard.put)
        try:
            yield used
            while watch.characters < LONGEST:
                item = self._next(heard, watch)
                if isinstance(item, Usage) and not item.input:  # nobody is asked with nothing
                    item = Usage(asked, item.output, estimated=True)
                watch.note(item)
                if isinstance(item, Ended):
                    break
                if isinstance(item, BaseException):
                    raise self._translated(item) from None
                if not isinstance(item, Alive):
                    yield item
            else:
                item = Ended(whole=False)
        except ModelUnavailable:
            yield watch.used or Usage(asked, spending.tokens("x" * watch.characters), estimated=True)
            raise
        finally:
            stop()
        if watch.used is None:
            yield Usage(asked, spending.tokens("x" * watch.characters), estimated=True)
        if not watch.spoken:
            raise ModelUnavailable(f"The language model {self.name} wrote nothing.")
        yield item

    def _next(self, heard: queue.SimpleQueue[Heard], watch: _Watch) -> Heard:
        """Return what is heard next: a stage after a while of silence, the trouble when patience has ended.

        The whole has its end however fast words come; silence has ended where a word waits to be taken.
        """
        if watch.is_over:
            return ModelUnavailable(watch.complaint(self.name))
        try:
            return heard.get(timeout=max(0.001, min(HEARTBEAT, watch.left)))
        except queue.Empty:
            if watch.left <= 0:
                return ModelUnavailable(watch.complaint(self.name))
            return Stage(f"{self.name} is writing")

    def _translated(self, trouble: BaseException) -> ModelUnavailable:
        """Return the sentence for a person; what the library said goes to the log."""
        if not isinstance(trouble, ModelUnavailable):
            _log.warning("%s: %s", self.name, troubles.details(trouble, self._secrets))
        return troubles.sentence(trouble, self.name)


class _Watch:
    """Keeps count of what was heard, and tells when patience is at its end."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._began = self._since = time.monotonic()
        self.spoken = False
        """Whether there was a word yet."""
        self.characters = 0
        """Of text and of what nobody is shown."""
        self.used: Usage | None = None
        """As the provider says."""

    def note(self, item: Heard) -> None:
        """Note what was heard; a stage is our own and no sign of life."""
        match item:
            case Usage():
                self.used = item
            case Alive(written):
                self.characters += written
                self._since = time.monotonic()
            case str():
                self.characters += len(item)
                self._since = time.monotonic()
                self.spoken = True

    @property
    def is_over(self) -> bool:
        """Whether the whole answer has taken too long."""
        return self._began + self._patience.whole <= time.monotonic()

    @property
    def left(self) -> float:
        """Seconds until patience ends."""
        silence = self._patience.between_words if self.spoken else self._patience.first_words
        return min(self._since + silence, self._began + self._patience.whole) - time.monotonic()

    def complaint(self, name: str) -> str:
        """Say what took too long."""
        if self.is_over:
            return f"The language model {name} did not finish its answer within {self._patience.whole:.0f} seconds."
        if self.spoken:
            return f"The language model {name} fell silent in the middle of its answer."
        return f"The language model {name} did not answer within {self._patience.first_words:.0f} seconds."

"""Summing up what somebody said of themselves, by a language model, sentence by sentence beside their own words.

The model is given their statements and nothing of the sources, and what it writes is shown as far as it holds
(`support.judge_joined`): a summary of somebody's answers that is wrong is about what they doubt most
(docs/decisions/0029-summaries.md).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Protocol

from career_advisor import prompting
from career_advisor.records import (
    DraftSentence,
    Dropped,
    Ended,
    ModelUnavailable,
    Stage,
    Summary,
    Usage,
)
from career_advisor.spending import Allowance, tokens
from career_advisor.support import Said, judge_joined

LEAST = 3
"""Statements that are worth summing up."""
ENOUGH = 0.5
"""Share of a model's sentences that must hold for those to be shown."""
MOST = 8
"""Sentences of a summary; what comes after them is not waited for."""

NOBODY = "No language model is set up, so that nobody can sum it up."
TOO_FEW = "There is too little to sum up yet."
TOO_LITTLE = "Too little of what the language model wrote stands in your answers, so that nothing of it is shown."
TOO_MUCH = "That would use more of the language model than the operator allows."
AGAIN = "it says again what it has said"
NOT_SHOWN = "too little beside it holds"


class Model(Protocol):
    """A language model that streams text."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    def stream(self, messages: Sequence[prompting.Turn]) -> Iterator[str | Stage | Usage | Ended]:
        """Yield text, stages and what is used as they come."""
        ...


class _Draft:
    """What a model has written, held beside what was said."""

    def __init__(self, said: Sequence[Said]) -> None:
        self._said = said
        self.kept: list[str] = []
        self.dropped: list[Dropped] = []
        self.used = Usage()

    @property
    def is_long(self) -> bool:
        """Whether more is not waited for."""
        return len(self.kept) + len(self.dropped) >= MOST

    @property
    def is_enough(self) -> bool:
        """Whether what holds of it may be shown."""
        return bool(self.kept) and len(self.kept) >= ENOUGH * (len(self.kept) + len(self.dropped))

    def add(self, text: str) -> None:
        """Hold one more sentence beside what was said; the number of one in a list is none."""
        if not any(letter.isalpha() for letter in text):
            return
        if any(text.casefold() == each.casefold() for each in self.kept):
            self.dropped.append(Dropped(text, AGAIN))
            return
        verdict = judge_joined(text, self._said)
        if verdict.reason:
            self.dropped.append(Dropped(text, verdict.reason))
        else:
            self.kept.append(text)

    def clear(self) -> None:
        """Forget what was no summary."""
        self.kept, self.dropped = [], []

    def withhold(self) -> None:
        """Show nothing of it."""
        self.dropped += [Dropped(text, NOT_SHOWN) for text in self.kept]
        self.kept = []


def sum_up(model: Model, said: Sequence[Said], allowance: Allowance) -> Generator[Stage | Summary, None, None]:
    """Have statements summed up.

    Args:
        model: Who writes.
        said: To the person whose they are.
        allowance: What it may use: a summary is a conversation of its own, and one call.

    Yields:
        Stages while it is written, and last of all the summary. Closing the generator takes the request back.
    """
    messages = prompting.compose_summary([each.text for each in said])
    asked = Usage(sum(tokens(turn.content) for turn in messages), 0, estimated=True)
    notice = TOO_FEW if len(said) < LEAST else TOO_MUCH if allowance.is_used_up(asked) else ""
    if notice:
        yield Summary(model.name, (), notice=notice)
        return
    draft = _Draft(said)
    yield Stage(f"{model.name} is writing")
    try:
        yield from _written(draft, model.stream(messages))
    except ModelUnavailable as trouble:
        notice = str(trouble)
    if not notice and not draft.is_enough:
        notice = TOO_LITTLE
    if notice:
        draft.withhold()
    yield Summary(model.name, tuple(draft.kept), tuple(draft.dropped), draft.used, notice)


def _written(draft: _Draft, pieces: Iterator[str | Stage | Usage | Ended]) -> Generator[Stage, None, None]:
    written = 0
    try:
        for item in prompting.sentences(pieces):
            match item:
                case Stage():
                    yield item
                case Usage():
                    draft.used = item
                case prompting.Withdrawn():
                    draft.clear()
                case DraftSentence():
                    draft.add(item.text)
                    written += tokens(item.text)
            if draft.is_long:
                # Whoever is not heard out does not say what it used.
                draft.used = Usage(draft.used.input, max(draft.used.output, written), estimated=True)
                return
    finally:
        if isinstance(pieces, Generator):
            pieces.close()  # at once, not when it is collected: the request is taken back

"""A second opinion, where somebody wants one: a language model says of each sentence whether its quotes carry it.

Off by default, never in CI, and never the model that wrote the sentence.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from career_advisor.evaluation.metrics import quotes_of, substance
from career_advisor.prompting import Turn, compose_judgement, read_judgement
from career_advisor.records import WrongUse


class Model(Protocol):
    """A language model."""

    @property
    def name(self) -> str:
        """As a person would call it."""
        ...

    def stream(self, messages: Sequence[Turn]) -> Iterator[object]:
        """Yield text as it comes, among other things; raises ModelUnavailable."""
        ...


def prompt_sha256() -> str:
    """Return the hash of what the judge is told, which a run records beside the judge's name."""
    system, _ = compose_judgement("", ())
    return hashlib.sha256(system.content.encode()).hexdigest()


def refuse_own_judge(judge: str, model: str) -> None:
    """See that nobody judges their own words.

    Raises:
        WrongUse: If the judge is the model under test, under whatever provider, or is none at all.
    """
    if judge == "quotes":
        raise WrongUse("quotes judges nothing; name a language model with --judge, as provider:name")
    if _spellings(judge) & _spellings(model):
        raise WrongUse(f"{judge} would judge its own answers; name another model with --judge, or leave it out")


def _spellings(name: str) -> set[str]:
    """Return a model's name with and without its provider."""
    lowered = name.lower()
    return {lowered, lowered.partition(":")[2] or lowered}


def judge_reply(reply: Mapping[str, Any], model: Model) -> list[bool | None]:
    """Ask of each sentence of substance, by itself, whether its quotes carry it.

    Returns:
        A verdict for each; False without asking where it cites nothing; None where the judge said neither yes nor no.

    Raises:
        ModelUnavailable: If the judge cannot be reached or broke off.
    """
    verdicts: list[bool | None] = []
    for sentence in substance(reply):
        quotes = quotes_of(sentence, reply)
        said = model.stream(compose_judgement(sentence["text"], quotes)) if quotes else ["no"]
        verdicts.append(read_judgement("".join(piece for piece in said if isinstance(piece, str))))
    return verdicts

"""A second opinion, where somebody wants one: a language model says of each sentence whether its quotes carry it.

Off by default, never in CI, and never the model that wrote the sentence.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib import resources
from typing import Any, Literal, NamedTuple, Protocol

from career_advisor.evaluation.metrics import quotes_of, substance
from career_advisor.records import WrongUse

_WORD = re.compile(r"\b(yes|no)\b", re.IGNORECASE)
_REASONING = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)


class Turn(NamedTuple):
    """A message to the judge."""

    role: Literal["system", "user"]
    content: str


class Model(Protocol):
    """A language model."""

    @property
    def name(self) -> str:
        """As a person would call it."""
        ...

    def stream(self, messages: Sequence[Turn]) -> Iterator[object]:
        """Yield text as it comes, among other things; raises ModelUnavailable."""
        ...


@lru_cache(maxsize=1)
def prompt() -> str:
    """Return what the judge is told."""
    return resources.files("career_advisor").joinpath("prompts/judge.md").read_text("utf-8").strip()


def prompt_sha256() -> str:
    """Return the hash that a run records beside the judge's name."""
    return hashlib.sha256(prompt().encode()).hexdigest()


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
        said = model.stream(compose(sentence["text"], quotes)) if quotes else ["no"]
        text = "".join(piece for piece in said if isinstance(piece, str))
        word = _WORD.search(_REASONING.sub("", text))
        verdicts.append(word[1].lower() == "yes" if word else None)
    return verdicts


def compose(sentence: str, quotes: Sequence[str]) -> tuple[Turn, Turn]:
    """Return the question about one sentence, evidence and sentence fenced by a line that stands in neither."""
    fence = "====="
    while any(fence in text for text in (sentence, *quotes)):
        fence += "="
    evidence = "\n\n".join(quotes)
    return (
        Turn("system", prompt()),
        Turn("user", f"Evidence:\n{fence}\n{evidence}\n{fence}\n\nSentence:\n{fence}\n{sentence}\n{fence}"),
    )

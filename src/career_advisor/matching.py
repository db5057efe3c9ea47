"""Matching: which services would a person be glad to be shown?

Readers in the place of the people who wrote have named them for some two thousand messages. A regression learnt from
that weighs, for each service, what the message says by pattern, how near it is to the examples of the service's needs
and to what the service is for, and what a network hears of this very service in it (`listening`;
`python benchmarks/services.py`; docs/decisions/0018-services.md). For an encoder that nobody measured, and where there
is no such network, the regression without that last part stands in.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from career_advisor.listening import SERVICE, Heard
from career_advisor.records import Service

Vectors: TypeAlias = npt.NDArray[np.float32]
Values: TypeAlias = npt.NDArray[np.float64]

UNMEASURED = "all-MiniLM-L6-v2"
"""Encoder whose weights, without what is heard, stand in for those of one that nobody measured."""
FEWEST = -6.0
"""Log-odds of a service that hardly anybody named."""


class _Encoder(Protocol):
    def encode(self, texts: Sequence[str]) -> Vectors: ...


class Traits(NamedTuple):
    """What speaks for a service. The last is 0 where no network was asked."""

    pattern: float
    """1 where it is best at a need that the words show, less where that need is one of its later ones."""
    likeness: float
    """How much nearer the message is to the examples of its needs than to those of no need."""
    told: float
    """Like `pattern`, for the needs that follow from what somebody tells of themselves."""
    person: float
    """1 where a person can be talked to and the writer tells of themselves."""
    knows: float
    """1 where a person can be talked to and the sources don't have the answer."""
    named: float
    """1 where the message names it."""
    purpose: float = 0.0
    """Cosine of the message to what the service is for and for whom."""
    purpose_behind: float = 0.0
    """The same less that of the service whose purpose is nearest."""
    heard: float = 0.0
    """Log-odds that its reader would name it, as the network has it, divided by ten."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is known of a message when services are matched with it."""

    vector: Vectors
    """Of its stand-alone form, shape (dimension,)."""
    by_pattern: Sequence[str]
    """Needs whose patterns fit."""
    likeness: Mapping[str, float]
    """By need: cosine to the nearest of its examples, less the cosine to the nearest example of no need."""
    told: Sequence[str] | None
    """Needs that follow from what the person said of themselves; `None` where they said nothing."""
    lacking: bool
    """Whether the sources don't have the answer."""
    named: frozenset[str]
    """Ids of the services that are named."""
    heard: Heard | None
    """What a network hears in it."""


class Learnt(NamedTuple):
    """What was fitted for one encoder."""

    weights: Values
    """Of `Traits`, in their order."""
    intercept: float
    likely: float
    """Log-odds from which a service is shown."""
    anybody: float
    """Log-odds that any is wanted from which there is one to show: a question of knowledge wants none."""


@lru_cache(maxsize=1)
def _fitted() -> dict[str, Learnt]:
    """Read what `python benchmarks/services.py --write` fitted."""
    text = resources.files("career_advisor").joinpath("matching.toml").read_text("utf-8")
    return {
        name: Learnt(
            np.array([each[trait] for trait in Traits._fields]), each["intercept"], each["likely"], each["anybody"]
        )
        for name, each in tomllib.loads(text).items()
    }


@dataclass(frozen=True, slots=True)
class Matcher:
    """Weighs the services of one registry."""

    services: tuple[Service, ...]
    needs: Mapping[str, tuple[str, ...]]
    """By service id, the need first that it is best at."""
    purposes: Vectors
    """Of what each is for, shape (services, dimension)."""
    learnt: Learnt
    unheard: Learnt
    """Of messages in which no network heard anything."""

    @classmethod
    def of(
        cls, encoder_name: str, encoder: _Encoder, services: Sequence[Service], needs: Mapping[str, tuple[str, ...]]
    ) -> Matcher:
        """Embed what the services are for (cached by the encoder's owner)."""
        fitted = _fitted()
        unheard = fitted[f"{UNMEASURED}, unheard"]
        learnt = fitted.get(encoder_name, unheard)
        return cls(tuple(services), needs, encoder.encode([purpose(each) for each in services]), learnt, unheard)

    def fitted(self, message: Message) -> Learnt:
        """Return what weighs the traits of a message."""
        return self.unheard if message.heard is None else self.learnt

    def wants_any(self, message: Message) -> bool:
        """Tell whether a message wants to be shown anything, as far as was learnt."""
        return message.heard is None or message.heard.any_service >= self.learnt.anybody

    def log_odds(self, message: Message) -> Values:
        """Return for each service the log-odds that a reader would show it, shape (services,)."""
        learnt = self.fitted(message)
        return self.traits(message) @ learnt.weights + learnt.intercept

    def traits(self, message: Message) -> Values:
        """Return what speaks for each service, shape (services, len(Traits))."""
        near = self.purposes @ message.vector
        heard = message.heard.odds[SERVICE] if message.heard is not None else {}
        rows = []
        for service, cosine in zip(self.services, near, strict=True):
            odds = heard.get(service.id, FEWEST) if heard else 0.0
            rows.append(
                self._traits(service, message)._replace(
                    purpose=float(cosine), purpose_behind=float(cosine - near.max()), heard=max(odds, FEWEST) / 10.0
                )
            )
        return np.array(rows, np.float64)

    def _traits(self, service: Service, message: Message) -> Traits:
        needs = self.needs[service.id]
        a_person = float(service.kind == "advising")
        return Traits(
            pattern=_best_at(needs, message.by_pattern),
            likeness=max((message.likeness.get(need, 0.0) / (1 + i) for i, need in enumerate(needs)), default=0.0),
            told=_best_at(needs, message.told or ()),
            person=a_person * (message.told is not None),
            knows=a_person * message.lacking,
            named=float(service.id in message.named),
        )


def purpose(service: Service) -> str:
    """Return what a service is for and for whom, as one text."""
    return f"{service.name}: for {service.gap}. For {service.audience}."


def _best_at(needs: Sequence[str], felt: Sequence[str]) -> float:
    """Return 1 where the first of a service's needs is felt, a half where the second is, and so on."""
    return max((1.0 / (1 + i) for i, need in enumerate(needs) if need in felt), default=0.0)

"""Matching: which services would a person be glad to be shown?

Readers in the place of the people who wrote have named them for some two thousand messages. A regression learnt from
that weighs, for each service, what the message says by pattern, how near it is to the examples of the service's needs
and to what the service is for, and what a linear model of the message's vector says of this very service
(`python benchmarks/services.py`; docs/decisions/0018-services.md). For an encoder that nobody measured, and for a
service that no reader could name, the regression without that last part stands in.
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

from career_advisor.records import Service

Vectors: TypeAlias = npt.NDArray[np.float32]
Values: TypeAlias = npt.NDArray[np.float64]

UNMEASURED = "all-MiniLM-L6-v2"
"""Encoder whose weights, without its linear models, stand in for those of one that nobody measured."""
FEWEST = -6.0
"""Log-odds of a service that hardly anybody named."""


class _Encoder(Protocol):
    def encode(self, texts: Sequence[str]) -> Vectors: ...


class Traits(NamedTuple):
    """What speaks for a service. The last two are 0 where nothing was learnt of it."""

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
    often: float = 0.0
    """Log-odds that a reader named it, whatever the message, divided by ten."""
    learnt: float = 0.0
    """Log-odds by the linear model of the message's vector, divided by ten."""


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


class Heads(NamedTuple):
    """A linear model for each service that readers named."""

    services: tuple[str, ...]
    """Ids."""
    weights: Vectors
    """Shape (services, dimension)."""
    bias: Vectors
    """Shape (services,)."""
    often: Vectors
    """Log-odds that a reader named it, shape (services,)."""
    anybody: Vectors
    """Linear model for any of them being named, its bias last, shape (dimension + 1,)."""

    def any_wanted(self, vector: Vectors) -> float:
        """Return the log-odds that a message, by its vector, wants any service."""
        return float(self.anybody[:-1] @ vector + self.anybody[-1])


@lru_cache(maxsize=4)
def heads_for(encoder: str) -> Heads | None:
    """Return what was fitted on the vectors of an encoder; `None` for others."""
    with resources.files("career_advisor").joinpath("matching.npz").open("rb") as file, np.load(file) as arrays:
        if f"{encoder} services" not in arrays.files:
            return None
        ids, *fitted = (arrays[f"{encoder} {field}"] for field in Heads._fields)
        return Heads(tuple(map(str, ids)), *(each.astype(np.float32) for each in fitted))


@dataclass(frozen=True, slots=True)
class Matcher:
    """Weighs the services of one registry."""

    services: tuple[Service, ...]
    needs: Mapping[str, tuple[str, ...]]
    """By service id, the need first that it is best at."""
    purposes: Vectors
    """Of what each is for, shape (services, dimension)."""
    learnt: Learnt
    heads: Heads | None

    @classmethod
    def of(
        cls, encoder_name: str, encoder: _Encoder, services: Sequence[Service], needs: Mapping[str, tuple[str, ...]]
    ) -> Matcher:
        """Embed what the services are for (cached by the encoder's owner)."""
        heads = heads_for(encoder_name)
        fitted = _fitted()
        learnt = fitted[encoder_name if heads else f"{UNMEASURED}, unlearnt"]
        return cls(tuple(services), needs, encoder.encode([purpose(each) for each in services]), learnt, heads)

    def wants_any(self, message: Message) -> bool:
        """Tell whether a message wants to be shown anything, as far as was learnt."""
        return self.heads is None or self.heads.any_wanted(message.vector) >= self.learnt.anybody

    def log_odds(self, message: Message) -> Values:
        """Return for each service the log-odds that a reader would show it, shape (services,)."""
        return self.traits(message) @ self.learnt.weights + self.learnt.intercept

    def traits(self, message: Message) -> Values:
        """Return what speaks for each service, shape (services, len(Traits))."""
        near = self.purposes @ message.vector
        said = self._said(message)
        rows = []
        for service, cosine in zip(self.services, near, strict=True):
            often, learnt = said.get(service.id, (FEWEST, FEWEST)) if said else (0.0, 0.0)
            traits = self._traits(service, message)
            rows.append(
                traits._replace(
                    purpose=float(cosine),
                    purpose_behind=float(cosine - near.max()),
                    often=often / 10.0,
                    learnt=learnt / 10.0,
                )
            )
        return np.array(rows, np.float64)

    def _said(self, message: Message) -> dict[str, tuple[float, float]]:
        """Return of each service that was learnt how often it is named, and how likely now."""
        if self.heads is None:
            return {}
        odds = self.heads.weights @ message.vector + self.heads.bias
        return dict(
            zip(self.heads.services, zip(map(float, self.heads.often), map(float, odds), strict=True), strict=True)
        )

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

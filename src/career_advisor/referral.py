"""Which people, pages and programmes to hand somebody over to.

The choice is made from the message alone, before any model speaks, so that no reply can talk a person out of help and
no model can invent a service. Services stand in a registry (services.toml of the corpus), needs in needs.toml.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeAlias
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt

from career_advisor import matching
from career_advisor.records import CorpusError, Offer, Service, Status
from career_advisor.text import words

Vectors: TypeAlias = npt.NDArray[np.float32]

SHOWN = 3
"""Services offered at once; more is a list, not advice."""
HANDED_OVER = 2
"""Services offered at least where the sources have no answer, if as many may be of use."""
AT_A_LOSS = 0.5
"""By how much (log-odds) less likely they may be then."""
APPLIED_TO = frozenset({"advising", "programme", "mentoring", "funder"})
"""Kinds of service that can turn somebody away, and are often named by whose they are alone."""
TAKEN = frozenset({"courses", "programme", "mentoring"})
"""Kinds of service that people go through, mostly once."""
STALE_AFTER_DAYS = 730
"""Age of `as_of` from which a service should be looked at again."""

_LIST = re.compile(
    r"\b(?:(?:all|list|which|what other|any other|more) (?:\w+ ){0,4}"
    r"(?:services|advis[eo]rs|organi[sz]ations|options|resources|fellowships|program(?:me)?s|courses|communities"
    r"|funders|job boards)"
    r"|every (?:\w+ ){0,4}(?:service|advis[eo]r|organi[sz]ation|option|resource|fellowship|program(?:me)?|course"
    r"|community|funder|job board))\b",
    re.IGNORECASE,
)
# Whoever wants all that there is, for nothing in particular, says so in a few words.
_EVERYTHING = re.compile(
    r"\b(?:everything|all(?: of (?:it|them))?) (?:that )?you"
    r"(?:(?:['’]ve| have)(?: got)?| got| offer| can (?:offer|show|give|point|recommend|suggest)\b[^.?!,]{0,20})"
    r"\W*(?:$|[.?!,])"
    r"|\b(?:show|give|send|list|see)\b[^.?!]{0,12}\b(?:your|the) (?:whole |full |complete )*"
    r"(?:list|menu)(?: of (?:all )?(?:services|help))?\W*(?:$|[.?!,])"
    r"|\b(?:list|show) (?:me )?(?:all|every)(?: of)?(?: your| the)* services?\b|\ball (?:of )?(?:your|the) services\b"
    r"|^\W*what (?:(?:other |all )?(?:help|services) (?:is there|are there|(?:do|can) you (?:have|know|offer))"
    r"|have you got|do you have)\W*$",
    re.IGNORECASE,
)
FEW_WORDS = 25
"""In which a message can ask for everything."""
# Whoever asks for the best of them wants no list.
_BEST = re.compile(r"\b(?:best|better|should i|would you|recommend\w*)\b", re.IGNORECASE)
_ANOTHER = re.compile(r"\b(?:else|others?|another|instead|alternatives?)\b", re.IGNORECASE)
# A story may name somebody beside the refusal: "I looked at 80,000 Hours and was rejected by MATS".
_CLAUSE = re.compile(r"[.!?;:\n]+|,(?!\d)|\b(?:and|but|then|so|or)\b", re.IGNORECASE)
# "Alternatives to MATS", "something other than 80,000 Hours": what is named behind it is what is not wanted.
_OTHER_THAN = re.compile(
    r"\b(?:alternatives? (?:to|for)|other than|apart from|aside from|besides|except(?: for)?|not counting"
    r"|instead of|rather than)\b(?P<named>(?:[^.,?!;]|[.,](?=\w))*)",
    re.IGNORECASE,
)
# "I finished BlueDot's course last month": whoever did it wants what comes behind it.
_HAS_DONE = re.compile(
    r"(?<!should )(?<!could )(?<!can )\b(?:i|we)(?:['’]ve| have| had)? (?:just |already |recently |also |now |only )*"
    r"(?:finished|did|done|completed|took|taken|attended|(?:been|went) through|graduated from)\b"
    r"|^\W*(?:just |recently )?(?:finished|completed|did)\b|\balum(?:n[aui]s?|ni)?\b",
    re.IGNORECASE,
)
_SUPPOSED = re.compile(r"\b(?:if|once|until|before|what|which|how|when)\b", re.IGNORECASE)
# What a name begins with: "80,000 Hours" of "80,000 Hours job board".
_WHOSE = re.compile(r"(?:[A-Z0-9][\w.,'&-]*(?: |$))+")
_WANTED = ("id", "name", "kind", "url", "audience", "cost", "gap", "needs")
_PRICES = ("", "free", "paid", "pays")
_DATE = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2})?)?$")
LACKING: frozenset[Status] = frozenset({"clarify", "not_covered", "partly"})
"""Where the sources don't have what was asked, or not all of it."""


class _Encoder(Protocol):
    def encode(self, texts: Sequence[str]) -> Vectors: ...


class Finding(NamedTuple):
    """Something wrong with an entry of the registry."""

    service: str
    problem: str


@dataclass(frozen=True, slots=True)
class Registry:
    """The services, and which needs each answers, the first being what it is best at."""

    services: tuple[Service, ...]
    needs: Mapping[str, tuple[str, ...]]
    """By service id."""

    @property
    def helplines(self) -> tuple[str, ...]:
        """Whom to call in an emergency, one sentence each."""
        return tuple(service.caveat for service in self.services if service.kind == "helpline")

    @property
    def people(self) -> tuple[Service, ...]:
        """Services where a person can be talked to."""
        return tuple(service for service in self.services if service.kind == "advising")


@dataclass(frozen=True, slots=True)
class Needs:
    """The needs' examples as vectors, for one encoder."""

    names: tuple[str, ...]
    """The need of each row."""
    vectors: Vectors

    @classmethod
    def of(cls, encoder: _Encoder) -> Needs:
        """Embed the examples (cached by the encoder's owner)."""
        texts = [(need, text) for need, part in _needs().items() for text in part["examples"]]
        return cls(tuple(need for need, _ in texts), encoder.encode([text for _, text in texts]))


@lru_cache(maxsize=1)
def _needs() -> dict[str, dict[str, Any]]:
    return tomllib.loads(resources.files("career_advisor").joinpath("needs.toml").read_text("utf-8"))


@lru_cache(maxsize=64)
def _pattern(need: str) -> re.Pattern[str] | None:
    patterns = _needs()[need]["patterns"]
    return re.compile("|".join(patterns), re.IGNORECASE) if patterns else None


def example_texts() -> tuple[str, ...]:
    """Return every example of a need: what `Needs.of` embeds."""
    return tuple(text for part in _needs().values() for text in part["examples"])


def load_registry(path: Path) -> Registry:
    """Read services.toml.

    Raises:
        CorpusError: If it is malformed; the message names the entry and what is wrong with it.
    """
    try:
        entries = tomllib.loads(path.read_text("utf-8")).get("service", [])
    except (OSError, tomllib.TOMLDecodeError) as trouble:
        raise CorpusError(f"{path}: cannot be read as a registry of services: {trouble}") from trouble
    services = []
    for position, entry in enumerate(entries, start=1):
        name = entry.get("id", f"entry {position}")
        lacking = [field for field in _WANTED if not entry.get(field)]
        if lacking:
            raise CorpusError(f"{path}: service {name}: no {', '.join(lacking)}")
        price = entry.get("price", "")
        if price not in _PRICES:
            raise CorpusError(f"{path}: service {name}: price {price!r} is none of {', '.join(_PRICES[1:])}")
        services.append(
            Service(
                id=entry["id"],
                name=entry["name"],
                kind=entry["kind"],
                url=entry["url"],
                audience=entry["audience"],
                cost=entry["cost"],
                gap=entry["gap"],
                price=price,
                caveat=entry.get("caveat", ""),
                region=entry.get("region", ""),
                as_of=entry.get("as_of"),
                last_checked=entry.get("last_checked"),
                source=entry.get("source", ""),
                aliases=tuple(entry.get("aliases", ())),
            )
        )
    return Registry(tuple(services), {entry["id"]: tuple(entry["needs"]) for entry in entries})


def check(registry: Registry, today: date) -> tuple[Finding, ...]:
    """Return what is wrong with the entries: twice there, unsourced, malformed address or date, unknown need, stale."""
    findings: list[Finding] = []
    seen: dict[str, str] = {}
    for service in registry.services:
        for label in (f"id {service.id}", f"name {service.name.lower()}", f"address {service.url.rstrip('/').lower()}"):
            if label in seen:
                findings.append(Finding(service.id, f"the same {label} as {seen[label]}"))
            seen.setdefault(label, service.id)
        if not service.source:
            findings.append(Finding(service.id, "no source: where was it read that this exists?"))
        for address in filter(None, (service.url, service.source)):
            parts = urlsplit(address)
            if parts.scheme != "https" or "." not in parts.netloc:
                findings.append(Finding(service.id, f"{address!r} is not an https address"))
        findings.extend(
            Finding(service.id, f"unknown need {need!r}")
            for need in registry.needs[service.id]
            if need not in _needs() and need != "urgent"
        )
        if service.as_of is not None:
            findings.extend(_age(service, today))
        if service.last_checked is not None and not _is_past_day(service.last_checked, today):
            findings.append(Finding(service.id, f"last_checked {service.last_checked!r} is not a day that has been"))
    return tuple(findings)


def _is_past_day(stated: str, today: date) -> bool:
    try:
        return date.fromisoformat(stated) <= today
    except (TypeError, ValueError):
        return False


def with_last_checked(text: str, services: Collection[str], day: date) -> str:
    """Return services.toml with `last_checked` of these services set to a day, and nothing else changed.

    Line by line, so that comments, order and line ends stay: an entry begins at `[[service]]`, its line goes below
    `as_of`, or below the last of its fields. What comes out is read and compared before it is returned.

    Raises:
        CorpusError: If the file is written in a way that this cannot follow; then write the days by hand.
    """
    head, *entries = re.split(r"(?m)^(?=\[\[service\]\])", text)
    written = head + "".join(_marked(entry, services, day) for entry in entries)
    wanted = [
        entry | ({"last_checked": day.isoformat()} if entry.get("id") in services else {})
        for entry in tomllib.loads(text).get("service", [])
    ]
    try:
        sound = tomllib.loads(written) == tomllib.loads(text) | {"service": wanted}
    except tomllib.TOMLDecodeError:
        sound = False
    if not sound:
        raise CorpusError('services.toml is laid out unusually: put each field on a line `name = "…"` of its own')
    return written


def _marked(entry: str, services: Collection[str], day: date) -> str:
    name = re.search(r'(?m)^id = "([^"\n]*)"', entry)
    if name is None or name[1] not in services:
        return entry
    line = f'last_checked = "{day.isoformat()}"'
    if re.search(r"(?m)^last_checked = ", entry):
        return re.sub(r'(?m)^last_checked = "[^"\n]*"', line, entry, count=1)
    fields = list(re.finditer(r"(?m)^(?P<name>\w+) = [^\r\n]*(?P<end>\r?\n|\Z)", entry))
    above = next((field for field in fields if field["name"] == "as_of"), fields[-1])
    end = above["end"] or "\n"
    at = above.end("end")
    return f"{entry[:at]}{'' if above['end'] else end}{line}{end}{entry[at:]}"


def _age(service: Service, today: date) -> list[Finding]:
    stated = service.as_of or ""
    if not _DATE.match(stated):
        return [Finding(service.id, f"as_of {stated!r} is not a year, month or day")]
    # A year counts to its end, a month to its 28th: young rather than old.
    parts = [int(part) for part in stated.split("-")]
    year, month, day = [*parts, 12, 28][:3] if len(parts) == 1 else [*parts, 28][:3]
    try:
        days = (today - date(year, month, day)).days
    except ValueError:
        return [Finding(service.id, f"as_of {stated!r} is not a date")]
    return [Finding(service.id, f"stale: last known {stated}")] if days > STALE_AFTER_DAYS else []


def understand(
    question: str, vector: Vectors, status: Status, registry: Registry, needs: Needs, *, told: Sequence[str] | None
) -> matching.Message:
    """Work out what of a message speaks for services.

    Args:
        question: In its stand-alone form.
        vector: Of the question, shape (dimension,).
        status: What was found for it.
        registry: What there is.
        needs: The needs' examples.
        told: Needs that follow from what the person said of themselves; `None` where they said nothing.
    """
    by_pattern = [need for need in _needs() if need != "none" and (p := _pattern(need)) and p.search(question)]
    # Whoever wants an alternative wants what answers the same need.
    unwanted = (need for service in set_aside(question, registry) for need in registry.needs[service.id])
    best: dict[str, float] = {}
    for name, x in zip(needs.names, needs.vectors @ vector, strict=True):
        best[name] = max(best.get(name, -1.0), float(x))
    neutral = best.pop("none", 0.0)
    telling = told is not None or "rejection" in by_pattern
    return matching.Message(
        vector=vector,
        by_pattern=tuple(dict.fromkeys([*unwanted, *by_pattern])),
        likeness={need: x - neutral for need, x in best.items()},
        told=None if told is None else tuple(told),
        lacking=status in LACKING,
        named=frozenset() if telling else frozenset(s.id for s in registry.services if is_named(s, question)),
    )


def choose(
    question: str,
    message: matching.Message,
    status: Status,
    registry: Registry,
    matcher: matching.Matcher,
    *,
    asked: str | None = None,
) -> tuple[Offer, ...]:
    """Choose the services for a message.

    Args:
        question: In its stand-alone form.
        message: What of it speaks for services.
        status: What was found for it; where the corpus has no answer, a person is offered.
        registry: What there is.
        matcher: Weighs the registry's services.
        asked: The turn as it was typed, where it leans on those before: only this one can ask for the list.

    Returns:
        At most three, the best first (all that answer its needs, if the person asks for the list); none for most
        questions of knowledge, for an off-topic one or a greeting.
    """
    if status == "urgent":
        return tuple(Offer(s, s.caveat) for s in registry.services if s.kind == "helpline")
    if status in {"off_topic", "small_talk", "refused", "invalid"}:
        return ()
    instead = set_aside(question, registry)
    unwanted = {service.id for service in instead}
    # A story names what it is about, not what is wanted: whoever was turned away by a programme is not sent back to it.
    if "rejection" in message.by_pattern:
        refused = [clause for clause in _CLAUSE.split(question) if _refuses(clause)]
        unwanted |= {
            service.id
            for service in registry.services
            if is_named(service, question)
            or (service.kind in APPLIED_TO and any(is_about(service, clause) for clause in refused))
        }
    done = [each for each in _CLAUSE.split(question) if _HAS_DONE.search(each) and not _SUPPOSED.search(each)]
    unwanted |= {s.id for s in registry.services if s.kind in TAKEN and any(is_about(s, clause) for clause in done)}
    odds = dict(zip((s.id for s in matcher.services), map(float, matcher.log_odds(message)), strict=True))
    able = [s for s in registry.services if s.kind != "helpline" and s.id not in unwanted]
    able.sort(key=lambda s: (s.id not in message.named, -odds[s.id]))
    any_wanted = message.lacking or matcher.wants_any(message)
    wanted = [s for s in able if s.id in message.named or (any_wanted and odds[s.id] >= matcher.learnt.likely)]
    # Whoever tells of themselves and mentions "every job" wants advice, not the list.
    asking = question if asked is None else asked
    felt, best = set(message.by_pattern), _BEST.search(asking)
    lists = message.told is None and not best
    if lists and not felt and len(words(asking)) <= FEW_WORDS and _EVERYTHING.search(asking):
        wanted = [s for s in wanted if s.id in message.named]
        wanted += [s for s in _of_each_kind(able, matcher) if s not in wanted]
    elif lists and _LIST.search(asking):
        wanted += [s for s in able if s not in wanted and felt & set(registry.needs[s.id])]
    else:
        # Who asks for others than what is set aside wants others of its kind.
        likeliest = max((s for s in registry.services if s.id in unwanted), key=lambda s: odds[s.id], default=None)
        if likeliest and (instead or _ANOTHER.search(question)):
            wanted += [s for s in able if s not in wanted and s.kind == likeliest.kind]
        wanted = wanted[:SHOWN]
    if message.lacking:
        # Where the sources have no answer, who may have it is all that is left: better one too many than none.
        likely = bool(wanted)
        near = [s for s in able if s not in wanted and odds[s.id] >= matcher.learnt.likely - AT_A_LOSS]
        wanted += near[: max(HANDED_OVER - len(wanted), 0)]
        if not likely and not any(s.kind == "advising" for s in wanted):
            wanted += [s for s in able if s.kind == "advising"][:1]
    return tuple(Offer(service, f"For {service.gap}.") for service in wanted)


def _of_each_kind(services: Sequence[Service], matcher: matching.Matcher) -> list[Service]:
    """Return of each kind the service that readers named most often, those first that most need."""
    heads = matcher.heads
    often = dict(zip(heads.services, map(float, heads.often), strict=True)) if heads else {}
    first: dict[str, Service] = {}
    for service in sorted(services, key=lambda s: -often.get(s.id, matching.FEWEST)):
        first.setdefault(service.kind, service)
    return list(first.values())


def _refuses(text: str) -> bool:
    pattern = _pattern("rejection")
    return bool(pattern and pattern.search(text))


def set_aside(question: str, registry: Registry) -> tuple[Service, ...]:
    """Return the services that somebody wants an alternative to."""
    found = _OTHER_THAN.search(question)
    # "ARENA rather than MATS" compares the two, and what is said of both is wanted.
    if found is None or any(is_about(s, question[: found.start()]) for s in registry.services):
        return ()
    return tuple(s for s in registry.services if is_about(s, found["named"]))


def is_about(service: Service, text: str) -> bool:
    """Tell whether a text names the service or whose it is: "80,000 Hours" is that of its job board, too."""
    whose = _WHOSE.match(service.name)
    return is_named(service, text) or bool(
        whose and re.search(rf"\b{re.escape(whose.group().strip())}\b", text, re.IGNORECASE)
    )


def is_named(service: Service, text: str) -> bool:
    """Tell whether a text has the service's name, or one of its aliases: those with a capital only as written."""
    lowered = text.lower()
    exact = (alias for alias in service.aliases if alias != alias.lower())
    loose = (service.name.lower(), *(alias for alias in service.aliases if alias == alias.lower()))
    return any(
        re.search(rf"\b{re.escape(name)}\b", written)
        for written, group in ((text, exact), (lowered, loose))
        for name in group
    )

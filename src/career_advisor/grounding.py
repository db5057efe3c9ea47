"""Can these passages carry an answer, and is the message a question at all?

Two judgements, kept apart from whatever writes the answer. `screen` looks at the message alone: a person in danger,
a greeting, a request that we refuse, one too vague to look up. `judge` looks at the message beside what was found.
Both work on calibrated scores: benchmarks/declines.py fits them and shows their curves.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib import resources
from typing import Literal, NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from career_advisor.languages import folded, foreign_language
from career_advisor.listening import Heard
from career_advisor.rarity import Rarity
from career_advisor.reading import SUREST, Reader
from career_advisor.records import Document, Feeling, Hit, Status, Window
from career_advisor.screening import Kind, kinds_of
from career_advisor.text import Asked, asked_for, contains, content_words, names, stem, stems, words

Vectors: TypeAlias = npt.NDArray[np.float32]
Intent: TypeAlias = Literal["urgent", "refused", "small_talk", "clarify"]

VAGUE = 1
"""Content words up to which a message may be too vague to look up."""
STORY = 24
"""Words from which a message tells a story rather than asking about its names."""
LOOKED_AT = 4
"""Passages, from the best, in which an answer is looked for."""
SPOKEN_OF = 0.34
"""Share of a question's content, by rarity, that a sentence and its heading must hold to speak of what is asked."""
UNMEASURED = "all-MiniLM-L6-v2"
"""Encoder whose thresholds stand in for those of one that nobody measured."""
SUBJECT = 1.6
"""Rarity up to which a word names what an index is about: it stands in about a fifth of the sections, or more."""
LONGEST: dict[Intent, int] = {"urgent": 80, "refused": 60, "small_talk": 9, "clarify": 9}
"""Words up to which a message may be of a kind by likeness alone, in the order in which kinds are tried."""
SHORT = 9
"""Words up to which a message is small talk or vague, whatever says so."""


_SENTENCE = re.compile(r"[^.!?\n;]+[.!?;]*")
_OF_ONESELF = re.compile(
    r"^\s*(?:(?:so|and|but|hi|hello|well)[, ]+)*(?:i|i['’](?:m|ve|d|ll)|my|we|our)\b(?!.*\?)", re.IGNORECASE
)


# Of a people is asked as of oneself: "do they take Nigerians?"
_PEOPLE = re.compile(r"[A-Z][a-z]{2,}ans$")
_CALENDAR = re.compile(
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day$|(?:january|february|march|april|may|june|july|august|september|october"
    r"|november|december)$",
    re.IGNORECASE,
)
# Countries that go by several names, some of them no words to an index: "US" is also "us".
_COUNTRIES = {
    frozenset(
        map(stem, ("america", "american", "americans", "usa", "united", "states"))
    ): r"\b(?:US|USA|U\.S\.|America|American|"
    r"United States)\b",
    frozenset(map(stem, ("britain", "british", "england", "uk", "united", "kingdom"))): r"\b(?:UK|Britain|British|"
    r"England|United Kingdom)\b",
}
_YEAR = re.compile(r"\b20\d\d\b")
_ADDRESS = re.compile(r"https?://\S+")
# Inside a sentence: what opens one has a capital whatever it is.
_CAPITALISED = re.compile(r"(?:(?<=[a-z,;)’'] )|(?<=\())[A-Z][\w’'-]*\w")
_SMALL = re.compile(r"(?<![\w.@/-])[a-z][a-z’'-]*")
HARDLY_SMALL = 10
"""How many times as often a word has a capital that is only a name."""
INITIALS = 2
"""Letters up to which a name may be short for one that the passages have in full: SF, ML, DC."""
SHOUTED = 6
"""Letters of the longest word in capitals that is a name: ARENA would be one, but so would EVERYONE."""


class Logistic(NamedTuple):
    """A logistic regression on the features of `Evidence`, in their order."""

    weights: tuple[float, ...]
    intercept: float

    def probability(self, weighed: Evidence) -> float:
        """Return its probability, from 0 to 1."""
        logit = self.intercept + sum(w * x for w, x in zip(self.weights, weighed, strict=True))
        return 1.0 / (1.0 + math.exp(-logit))


class Thresholds(NamedTuple):
    """Where the judgements fall, for one encoder and kind of index."""

    answers: Logistic
    """That the passages answer the question."""
    topic: Logistic
    """That the question is on the subject of the index."""
    answered: float
    """Probability from which the answer stands without a reservation."""
    partly: float
    """Probability from which what is near is offered."""
    on_topic: float
    """Probability of the topic below which a question is off it."""


@lru_cache(maxsize=1)
def _fitted() -> dict[str, Thresholds]:
    """Read what `python benchmarks/declines.py --write` fitted; benchmarks/results/declines.json has the curves."""
    text = resources.files("career_advisor").joinpath("thresholds.toml").read_text("utf-8")
    return {
        name: Thresholds(
            answers=Logistic(tuple(fitted["answers"]["weights"]), fitted["answers"]["intercept"]),
            topic=Logistic(tuple(fitted["topic"]["weights"]), fitted["topic"]["intercept"]),
            answered=fitted["answered"],
            partly=fitted["partly"],
            on_topic=fitted["on_topic"],
        )
        for name, fitted in tomllib.loads(text).items()
    }


@lru_cache(maxsize=1)
def _priors() -> dict[str, Vectors]:
    """Read the weights of `Evidence.usual` and `of_the_field` by encoder, shape (2, dimension + 1), intercept last."""
    with resources.files("career_advisor").joinpath("priors.npz").open("rb") as file, np.load(file) as arrays:
        return {name: arrays[name].astype(np.float32) for name in arrays.files}


def forget_fits() -> None:
    """Read the fits again when they are next needed: they were written anew."""
    _fitted.cache_clear()
    _priors.cache_clear()


class Screened(NamedTuple):
    """What a message is."""

    intent: Kind | None
    """`None` of an ordinary question."""
    perhaps_danger: bool = False
    """Whether somebody may be in danger for all that is known: too little to send them to others alone."""


MARGIN = 0.03
"""By how much an example of an intent must beat its look-alikes."""
LIKE_AN_EXAMPLE = 0.62
"""Cosine from which a message is like an example at all."""


_SCRIPTS = {
    "ru": re.compile("[\u0400-\u04ff]"),
    "ja": re.compile("[\u3040-\u30ff\u4e00-\u9fff]"),
    "zh": re.compile("[\u4e00-\u9fff]"),
}


class _Encoder(Protocol):
    def encode(self, texts: Sequence[str]) -> Vectors: ...


@lru_cache(maxsize=1)
def _examples() -> dict[str, dict[str, list[str]]]:
    text = resources.files("career_advisor").joinpath("intents.toml").read_text("utf-8")
    return tomllib.loads(text)


@lru_cache(maxsize=8)
def _pattern(intent: Intent | Feeling) -> re.Pattern[str]:
    return re.compile("|".join(_examples()[intent]["patterns"]), re.IGNORECASE)


@lru_cache(maxsize=1)
def _hint() -> re.Pattern[str]:
    return re.compile("|".join(_examples()["urgent"]["perhaps"]), re.IGNORECASE)


@lru_cache(maxsize=1)
def _danger() -> tuple[tuple[re.Pattern[str] | None, re.Pattern[str]], ...]:
    """Read danger.toml: each language as one pattern, with the letters without which it need not be searched."""
    text = resources.files("career_advisor").joinpath("danger.toml").read_text("utf-8")
    return tuple((_SCRIPTS.get(code), re.compile("|".join(each))) for code, each in tomllib.loads(text).items())


def example_texts() -> tuple[str, ...]:
    """Return every example sentence, in a fixed order: what must be embedded before `Ground.of`."""
    return tuple(text for part in _examples().values() for kind in ("examples", "near") for text in part.get(kind, ()))


@dataclass(frozen=True, slots=True)
class Ground:
    """What the judgements compare a question with: the examples' vectors, and the words of the index."""

    thresholds: Thresholds
    vectors: dict[str, Vectors]
    """By intent, and by intent + ".near"."""
    spread: tuple[float, float]
    """Median of the best cosine that unrelated questions reach in this index, and its scale."""
    rarity: Rarity
    priors: Vectors | None
    """As `_priors`; `None` in an index about something else than the field."""
    reader: Reader | None = None
    """`None` in such an index, too."""
    proper: frozenset[str] = frozenset()
    """Stems that the index has as names and hardly otherwise: whoever writes "deepmind" means DeepMind."""

    @classmethod
    def of(
        cls,
        encoder_name: str,
        encode: _Encoder,
        index_vectors: Vectors,
        documents: Sequence[Document],
        *,
        field: str = "",
        windows: Sequence[Window] = (),
    ) -> Ground:
        """Measure an index.

        Args:
            encoder_name: Chooses the thresholds; an unknown encoder gets those of the default one.
            encode: Embeds the examples (cached by its owner).
            index_vectors: Shape (windows, dimension), rows of length 1.
            documents: All documents of the index.
            field: What guidance was measured for; the priors and the reader hold in an index that speaks of it.
            windows: Those that the vectors are of; nothing is read without them.
        """
        parts = _examples()
        vectors: dict[str, Vectors] = {}
        for intent, part in parts.items():
            for kind in ("examples", "near"):
                if part.get(kind):
                    vectors[intent if kind == "examples" else f"{intent}.near"] = encode.encode(part[kind])
        best = (vectors["background"] @ index_vectors.T).max(axis=1)
        middle = float(np.median(best))
        # Median and MAD, so that an index about cooking is not misled by the few questions that it can answer.
        scale = 1.4826 * float(np.median(np.abs(best - middle)))
        rarity = Rarity.among(documents)
        priors = _priors().get(encoder_name) if field and _is_about(field, rarity) else None
        fitted = _fitted()
        return cls(
            thresholds=fitted.get(f"{encoder_name}, of the field" if priors is not None else encoder_name)
            or fitted[UNMEASURED],
            vectors=vectors,
            spread=(middle, max(scale, 0.02)),
            rarity=rarity,
            priors=priors,
            reader=Reader.of(encoder_name, windows, index_vectors) if windows and priors is not None else None,
            proper=_proper(documents),
        )

    def speaks_of(self, subject: str) -> bool:
        """Tell whether every content word of a subject stands in a good part of the index."""
        return _is_about(subject, self.rarity)

    def sets_apart(self, stem: str) -> bool:
        """Tell whether the index has a word and is not full of it."""
        return stem in self.rarity and stem not in self.rarity.common

    def prior(self, vector: Vectors) -> tuple[float, float]:
        """Return `Evidence.usual` and `of_the_field` of a question's vector, shape (dimension,)."""
        if self.priors is None:
            return 0.0, 0.0
        usual, of_the_field = np.clip((self.priors[:, :-1] @ vector + self.priors[:, -1]) / 10.0, -1.0, 1.0)
        return float(usual), float(of_the_field)


def _proper(documents: Sequence[Document]) -> frozenset[str]:
    """Return the stems of words that are hardly ever written small, addresses aside."""
    large: Counter[str] = Counter()
    small: Counter[str] = Counter()
    for document in documents:
        for block in (block for section in document.sections for block in section.blocks):
            text = _ADDRESS.sub(" ", document.text[block.start : block.end])
            large.update(_CAPITALISED.findall(text))
            small.update(_SMALL.findall(text))
    as_names, others = _by_stem(large), _by_stem(small)
    return frozenset(name for name, count in as_names.items() if count >= HARDLY_SMALL * others[name])


def _by_stem(counted: Counter[str]) -> Counter[str]:
    by_stem: Counter[str] = Counter()
    for word, count in counted.items():
        by_stem[stem(word.lower())] += count
    return by_stem


def is_about(subject: str, documents: Sequence[Document]) -> bool:
    """Tell whether every content word of a subject stands in a good part of some documents."""
    return _is_about(subject, Rarity.among(documents))


def _is_about(subject: str, rarity: Rarity) -> bool:
    return all(stem in rarity and rarity[stem] <= SUBJECT for stem in content_words(subject))


class Evidence(NamedTuple):
    """What speaks for and against an answer; each about 0 to 1."""

    closeness: float
    """Best cosine to a window, in scales above what unrelated questions reach, divided by ten."""
    likeness: float
    """Best cosine to a window, or to a question that a found section is known to answer."""
    coverage: float
    """Share of the question's content, by rarity, that stands in the one passage that has most of it."""
    unknown: float
    """Share of the question's content, by rarity, that stands nowhere in the index."""
    sharpness: float
    """Fused score of the best passage, in deviations of all passages, divided by ten: how far it stands out."""
    missing_kind: float
    """1 where the kind of thing asked for (an amount, a date …) stands in no passage beside what it is asked of."""
    missing_name: float
    """1 where a name that is asked about stands in no passage."""
    usual: float = 0.0
    """How far the question is of a kind that career guidance answers: log-odds by its vector alone, divided by ten.

    0 in an index about something else: what guidance answers there, nobody measured."""
    of_the_field: float = 0.0
    """How far the question is about the field at all, likewise."""
    reads: float = 0.0
    """Log-odds of the sentence that answers best, as `reading` has it, divided by ten; 0 where nothing is read."""


class Verdict(NamedTuple):
    """What may be said."""

    status: Status
    confidence: float
    """Probability that the passages answer the question."""
    asked: Asked | None
    """The kind of thing asked for that is not in the passages."""
    unknown_names: tuple[str, ...]
    """Names in the question that no found passage has, as written."""
    evidence: Evidence


def screen(
    question: str,
    vector: Vectors,
    ground: Ground,
    heard: Heard | None,
    *,
    leans: bool = False,
    points_back: bool = False,
) -> Screened:
    """Tell what a message is, if it is not a question to look up.

    Args:
        question: The cleaned message.
        vector: Its vector, shape (dimension,).
        ground: The examples.
        heard: What a network hears in it; without one the examples stand in.
        leans: Whether it goes on from what was said before: it is not vague then, however short.
        points_back: Whether it asks about what was said before: "do they pay you?" is no small talk then.

    Returns:
        Urgent, whatever else is said; else what is said in so many words of refused, small_talk and clarify, or what it
        is like, off_topic too where the index is about the field; no intent of an ordinary question.
    """
    plain = next((kind for kind in LONGEST if is_in_so_many_words(kind, question)), None)
    if plain == "urgent":
        return Screened(plain)
    if foreign_language(question):
        return Screened(plain or "clarify")  # asked for in English, in the person's own language
    hinted = _hint().search(question) is not None
    if heard is None:
        alike = (kind for kind in _likest(question, vector, ground) if kind != "small_talk" or not points_back)
        return Screened(plain or next(alike, None), hinted)
    kinds = kinds_of(heard)
    # Also where somebody says thanks and goodbye, or asks for what is refused, which would be all that is answered.
    hinted = hinted or kinds.perhaps_danger
    if "urgent" in kinds.surely or (plain == "refused" and hinted):
        return Screened("urgent", perhaps_danger=True)
    short = len(words(question)) <= SHORT
    # What is off the subject of an index about something else is judged by what is found there.
    fits = {
        "off_topic": ground.priors is not None,
        "small_talk": short and not points_back,
        "clarify": short and not leans,
    }
    likest = next((kind for kind in kinds.surely if fits.get(kind, True)), None)
    return Screened(plain or likest, hinted)


def _likest(question: str, vector: Vectors, ground: Ground) -> Iterator[Kind]:
    """Yield what a message is like by the examples."""
    length, content = len(words(question)), len(content_words(question))
    fitting = [i for i, longest in LONGEST.items() if length <= longest and (i != "clarify" or content <= VAGUE)]
    yield from (intent for intent in fitting if _alike(intent, vector, ground))


def is_in_so_many_words(intent: Intent, question: str) -> bool:
    """Tell whether a message says plainly that it is of a kind; that somebody is in danger, in ten languages."""
    return _pattern(intent).search(question) is not None or (intent == "urgent" and _tells_of_danger(question))


def _tells_of_danger(question: str) -> bool:
    """Tell the same in other languages, line by line: a greeting may stand in a line of its own."""
    patterns = [pattern for script, pattern in _danger() if script is None or script.search(question)]
    lines = [line for line in folded(question).splitlines() if line.strip()]
    return any(pattern.search(line) for line in lines for pattern in patterns)


def feeling(question: str, vector: Vectors, ground: Ground) -> Feeling | None:
    """Tell what weighs on the person, by their own words: the reply then begins kindly."""
    kinds: tuple[Feeling, ...] = ("hardship", "doubt")
    by_words = (kind for kind in kinds if _pattern(kind).search(question))
    by_likeness = (kind for kind in kinds if _alike(kind, vector, ground))
    return next(by_words, None) or next(by_likeness, None)


def _alike(intent: Intent | Feeling, vector: Vectors, ground: Ground) -> bool:
    likeness = float((ground.vectors[intent] @ vector).max())
    near = float((ground.vectors[f"{intent}.near"] @ vector).max())
    return likeness >= LIKE_AN_EXAMPLE and likeness >= near + MARGIN


def evidence(question: str, vector: Vectors, hits: Sequence[Hit], ground: Ground, today: date) -> Evidence:
    """Weigh what was found for a question, without judging it; the arguments are those of `judge`."""
    usual, of_the_field = ground.prior(vector)
    asked = set(content_words(question))
    whole = ground.rarity.weight(asked)
    unknown = ground.rarity.weight(stem for stem in asked if stem not in ground.rarity) / whole if whole else 0.0
    if not hits:
        return Evidence(0.0, 0.0, 0.0, unknown, 0.0, 1.0, 1.0, usual, of_the_field, -1.0 if ground.reader else 0.0)
    middle, scale = ground.spread
    looked_at = hits[:LOOKED_AT]
    similarity = max(hit.similarity for hit in hits)
    covered = max(ground.rarity.weight(asked & _stems_of(hit)) for hit in looked_at) / whole if whole else 0.0
    return Evidence(
        closeness=min(max((similarity - middle) / scale, 0.0), 10.0) / 10.0,
        likeness=max(0.0, *(max(hit.wording, hit.similarity) for hit in looked_at)),
        coverage=covered,
        unknown=unknown,
        sharpness=min(max(0.0, *(hit.fused for hit in looked_at)), 10.0) / 10.0,
        missing_kind=float(_missing_kind(question, looked_at, ground, today) is not None),
        missing_name=float(bool(_missing_names(question, looked_at, ground))),
        usual=usual,
        of_the_field=of_the_field,
        reads=ground.reader.best(vector, looked_at) / SUREST if ground.reader else 0.0,
    )


def judge(question: str, vector: Vectors, hits: Sequence[Hit], ground: Ground, today: date) -> Verdict:
    """Decide whether the passages carry an answer.

    Args:
        question: In its stand-alone form.
        vector: Of the question, shape (dimension,).
        hits: Best first.
        ground: Of the index the hits come from.
        today: A deadline before it answers no question for the next one.

    Returns:
        `answered`, `partly` (something near, but not what was asked), `not_covered` (on the subject, not in the index)
        or `off_topic` (nothing of the index is about it), with what speaks for it.
    """
    weighed = evidence(question, vector, hits, ground, today)
    limits = ground.thresholds
    confidence = limits.answers.probability(weighed)
    looked_at = hits[:LOOKED_AT]
    lacking = _missing_kind(question, looked_at, ground, today)
    unknown = tuple(sorted({_whole_name(name, question) for name in _missing_names(question, looked_at, ground)}))
    status: Status
    if not hits or limits.topic.probability(weighed) < limits.on_topic:
        status = "off_topic"
    elif confidence >= limits.answered and lacking is None:
        status = "answered"
    elif confidence >= limits.partly:
        status = "partly"
    else:
        status = "not_covered"
    return Verdict(status, confidence, lacking, unknown, weighed)


def _stems_of(hit: Hit) -> set[str]:
    """Return the stems of a passage, with its title, headings and the other wordings of its question."""
    section = hit.document.sections[hit.section]
    return set().union(*map(stems, (hit.text, hit.document.title, *hit.heading, *section.wordings)))


def bring_forward(question: str, hits: Sequence[Hit], ground: Ground, today: date) -> list[Hit]:
    """Put first the best passage that has the kind of thing asked for, where none of those looked at has it.

    "How much does BlueDot cost?" is nearest to what says most about BlueDot; the one sentence with the price may stand
    further down.
    """
    kind = asked_for(question)
    if kind is None or _missing_kind(question, hits[:LOOKED_AT], ground, today) is None:
        return list(hits)
    supplying = next((hit for hit in hits[LOOKED_AT:] if _supplies(hit, question, kind, ground, today)), None)
    return list(hits) if supplying is None else [supplying, *(hit for hit in hits if hit is not supplying)]


def _missing_kind(question: str, hits: Sequence[Hit], ground: Ground, today: date) -> Asked | None:
    """Return the kind of thing asked for, if no passage has one together with what it is asked of."""
    kind = asked_for(question)
    if kind is None or any(_supplies(hit, question, kind, ground, today) for hit in hits):
        return None
    return kind


def _supplies(hit: Hit, question: str, kind: Asked, ground: Ground, today: date) -> bool:
    """Tell whether a sentence of a passage has a thing of that kind and speaks of what it is asked of.

    It does when it and its heading hold enough of the question's content, and one of the names in it: "how much does
    BlueDot cost" is not answered by what something else costs.
    """
    asked = {stem for stem in content_words(question) if stem in ground.rarity}
    asked_names = _asked_names(question, ground).keys() | (ground.proper & set(content_words(question)))
    needed = SPOKEN_OF * ground.rarity.weight(asked)
    section = hit.document.sections[hit.section]
    about = frozenset().union(*map(stems, (*hit.heading, *section.wordings)))
    if asked_names and not asked_names & frozenset().union(*map(stems, (*hit.heading, hit.text))):
        return False  # that somebody might ask it of Anthropic says nothing of Anthropic
    for span in hit.sentences:
        sentence = hit.document.text[span.start : span.end]
        spoken_of = about | stems(sentence)
        named = not asked_names or bool(spoken_of & asked_names)
        if named and contains(sentence, kind, today) and ground.rarity.weight(asked & spoken_of) >= needed:
            return True
    return False


def teller(questions: Iterable[str], ground: Ground, today: date) -> Callable[[str], bool]:
    """Return what tells whether a sentence has what a question asks for, of the very name that it is asked of."""
    asked = [(kind, _names_of(question, ground)) for question in questions if (kind := asked_for(question)) is not None]
    asked = [each for each in asked if each[1]]
    return lambda sentence: any(
        contains(sentence, kind, today) and bool(named & stems(sentence)) for kind, named in asked
    )


def is_of_what_is_asked(sentence: str, question: str, ground: Ground) -> bool:
    """Tell whether a sentence has a name that is asked about, where there is any: what it tells may be of another."""
    asked_names = _names_of(question, ground)
    return not asked_names or bool(asked_names & stems(sentence))


def _names_of(question: str, ground: Ground) -> frozenset[str]:
    return frozenset(name for name in _asked_names(question, ground) if not name.isdecimal())


def _missing_names(question: str, hits: Sequence[Hit], ground: Ground) -> set[str]:
    """Return names that are asked about and that no passage has."""
    found = set().union(*(_stems_of(hit) for hit in hits)) if hits else set()
    return {
        written
        for name, written in _asked_names(question, ground).items()
        if name not in found
        and not names(f"x {written.replace('-', ' ')}").keys() & found  # "MATS-type" asks about MATS
        and not any(_names_country(name, hit.text) for hit in hits)
    }


def _names_country(name: str, text: str) -> bool:
    """Tell whether a text names the country that a stem is one of the names of."""
    return any(name in country and re.search(written, text) for country, written in _COUNTRIES.items())


def _whole_name(name: str, question: str) -> str:
    """Return a name with the words beside it that have a capital, too: "Latin America", not "Latin"."""
    found = re.search(rf"(?:\b[A-Z][\w-]* )*\b{re.escape(name)}\b(?: [A-Z][\w-]*)*", question)
    parts = found.group().split() if found else [name]
    while not content_words(parts[0]) and len(parts) > 1:  # "Does" opens the question and is no part of the name
        parts = parts[1:]
    return " ".join(parts)


def _asked_names(question: str, ground: Ground) -> dict[str, str]:
    """Return the names that are asked about, by stem.

    None of a message that tells a story, or of what somebody says of themselves: "I live in Brazil" asks nothing about
    Brazil. None of what the whole index is full of, either.
    """
    if len(words(question)) > STORY:
        return {}
    asking = " ".join(part for part in _SENTENCE.findall(question) if not _OF_ONESELF.match(part)) or question
    years = {year: year for year in _YEAR.findall(asking)}
    return years | {
        name: written
        for name, written in names(asking).items()
        if name not in ground.rarity.common
        and not _CALENDAR.match(written)
        and not _PEOPLE.match(written)
        and not (written.isupper() and len(written) > SHOUTED)
        and (len(written) > INITIALS or any(name in country for country in _COUNTRIES))
    }

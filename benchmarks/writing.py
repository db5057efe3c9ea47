"""What the writing of the corpus must be, and what can be measured of it: the rules of `tests/test_corpus.py` and
`benchmarks/corpus.py`, in one place.

Plain functions on texts; the report and the exit code are made of them elsewhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

from career_advisor import chunking
from career_advisor.records import Document, Service
from career_advisor.text import content_words, names, numbers, words

LONGEST_SENTENCE = 30
"""Words, counted at the blanks."""
ALIKE = 0.7
"""Share of the shorter section's content words that a longer one has, from which the two say the same."""
RUN = 8
"""Words in a row that are no accident any more."""
USED = 0.6
"""Share of a fact's content words from which the sections that name its source say it."""
UNSURE = 0.35
"""Share from which one of them speaks of it at all; between the two a person has to look. With 313 sections and 64
entries of the registry, the best that names the source had USED of the words of 254 facts of 274, and UNSURE of 272;
the best of those that don't name it, of 21 and 198: hence the source is asked for as well."""
POINTS_OUTSIDE = re.compile(
    r"^(?:This|That|These|Those|It|He|She|They|His|Her|Their|Its|Such|Here|There|Also|However|But|And|So|Then"
    r"|Therefore|Both|Neither|The (?:latter|former|second|other) )\b"
    r"(?! (?:is|are|was|were) (?:no|a|an|many|several|little|not)\b)"
)
SAME_SOURCE = {
    # A blog's copy of the transcript: the talk itself, which the pages name by its own address.
    "https://blog.biocomm.ai/2025/05/17/ai-safety-career-advice-and-so-can-you-robert-miles-ai-safety": (
        "https://www.youtube.com/watch?v=OpufM6yK4Go"
    ),
}
REGISTRY = "services.toml"

_ADDRESS = re.compile(r"https?://\S+")
_NUMBER_WORDS = tuple("zero one two three four five six seven eight nine ten eleven twelve".split())  # noqa: SIM905
_VOWELS = re.compile(r"[aeiouy]+")
_SILENT = re.compile(r"(?:[^laeiouy]|[aeiouy]l)es?$|[^aeioudty]ed$|^(?:some|safe|ever(?=y))(?=.)")
_SPOKEN = re.compile(r"(?:[sxz]|[cs]h|[cg])es$|[^aeiouy]les?$")
_TWO = re.compile(
    r"(?<![ct])i(?:a(?!n$|ti)|en[ct]|ous|um|et)|io(?!n|u)|(?<!p)eo(?!n$)|(?<=..)ea$|^scie|crea|eum|yee|(?<!g)ua(?!r[dy])|uou"
    r"|(?<!q)ui(?=t[yi])|[aeoy]ing"
)
"""Neighbouring vowels that are two syllables."""
_SPELLED = {"ai": 2, "ml": 2, "uk": 2, "eu": 2, "phd": 3, "phds": 3}
"""Words that are said letter by letter and stand on nearly every page."""


class Place(NamedTuple):
    """Where something is said: a section of a page, or an entry of the registry of services."""

    page: str
    heading: str
    sentences: tuple[str, ...]
    sources: tuple[str, ...]
    """Its own; of the page, where it has none."""
    own_sources: bool

    @property
    def text(self) -> str:
        """Return the sentences as one text."""
        return " ".join(self.sentences)

    @property
    def says(self) -> str:
        """Return all that it says: a heading names what its sentences may leave out."""
        return f"{self.heading} {self.text}"


class Fact(NamedTuple):
    """A line of the facts that the corpus is written from."""

    id: str
    text: str
    source: str


class Use(NamedTuple):
    """What became of a fact, and the place that comes nearest to it."""

    fact: str
    verdict: Literal["used", "unsure", "nowhere"]
    place: Place | None
    """`None` where no place names the fact's source."""
    share: float
    """Of the fact's content words, how many stand there and in the other places that speak of it."""
    figures_missing: tuple[str, ...]
    elsewhere: Place | None
    """The place that says it without naming its source, where there is one and none that names it does."""


class SharedRun(NamedTuple):
    """Words in a row that a place has in common with another text."""

    place: Place
    words: tuple[str, ...]


def places(pages: Iterable[Document]) -> tuple[Place, ...]:
    """Return the sections that have text, in order, with their sentences as the program cuts them."""
    found = []
    for page in pages:
        passages = chunking.split(page).passages
        for number, section in enumerate(page.sections):
            if not section.blocks:
                continue
            own = [passage for passage in passages if passage.section == number]
            sentences = tuple(" ".join(page.text[each.start : each.end].split()) for each in own)
            heading = section.heading[-1] if section.heading else ""
            found.append(Place(page.path, heading, sentences, section.sources or page.sources, bool(section.sources)))
    return tuple(found)


def entries(services: Iterable[Service]) -> tuple[Place, ...]:
    """Return the registry's entries: they, too, say things that a source says."""
    return tuple(
        Place(
            REGISTRY,
            service.name,
            tuple(said for said in (service.audience, service.cost, service.gap, service.caveat, service.url) if said),
            (service.source, service.url),
            bool(service.source),
        )
        for service in services
    )


def faults(sentence: str) -> list[str]:
    """Return why a sentence cannot be quoted alone; nothing where it can.

    >>> faults("Rob Miles recommends trying."), faults("This matters")
    ([], ['points outside itself', 'has no end'])
    """
    length = len(sentence.split())
    found = [f"{length} words"] if length > LONGEST_SENTENCE else []
    if POINTS_OUTSIDE.match(sentence):
        found.append("points outside itself")
    if sentence[-1:] not in {".", "?"}:
        found.append("has no end")
    return found


def near_duplicates(sections: Sequence[Place]) -> list[tuple[Place, Place, float]]:
    """Return the pairs that say the same: `ALIKE` of the shorter one's content words stand in the other, too."""
    found = []
    contents = [frozenset(content_words(each.text)) for each in sections]
    for i, one in enumerate(contents):
        for j, other in enumerate(contents[i + 1 :], start=i + 1):
            share = len(one & other) / max(min(len(one), len(other)), 1)
            if share >= ALIKE:
                found.append((sections[i], sections[j], share))
    return found


# ---------------------------------------------------------------- facts


def read_facts(path: Path) -> tuple[Fact, ...]:
    """Read FACTS.jsonl: of each line the id, the fact and the address that says so."""
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    return tuple(Fact(line["id"], line["fact"], line["source_url"]) for line in lines)


def figures_in(text: str) -> set[str]:
    """Return the numbers of a text outside its addresses, those in words among them.

    >>> sorted(figures_in("Two of 1,200 (https://example.org/2026)"))
    ['1200', '2']
    """
    bare = _ADDRESS.sub(" ", text)
    return numbers(bare) | {
        str(_NUMBER_WORDS.index(part))
        for word in words(bare)
        for part in word.split("-")
        if part in _NUMBER_WORDS[2:]  # "one" is seldom a figure
    }


@lru_cache(maxsize=4096)
def _content(place: Place) -> frozenset[str]:
    return frozenset(content_words(place.says))


def use_of(fact: Fact, where: Sequence[Place]) -> Use:
    """Tell whether a fact is used.

    A place speaks of it when the fact's source is among its sources and at least `UNSURE` of the fact's different
    content words (stems) stand in its heading and sentences. The fact is used when the places that speak of it have,
    together, at least `USED` of these words and every one of its figures; nowhere, when no place speaks of it; and
    between the two, a person has to judge.
    """
    wanted = set(content_words(_ADDRESS.sub(" ", fact.text)))
    figures = figures_in(fact.text)
    source = SAME_SOURCE.get(fact.source, fact.source)

    def share_of(said: frozenset[str]) -> float:
        return len(wanted & said) / max(len(wanted), 1)

    contents = {place: _content(place) for place in where}
    ranked = sorted(where, key=lambda place: -share_of(contents[place]))  # ties stay in the corpus's order
    named = [place for place in ranked if source in place.sources]
    speaking = [place for place in named if share_of(contents[place]) >= UNSURE]
    others = [place for place in ranked if source not in place.sources and share_of(contents[place]) >= USED]
    elsewhere = next((place for place in others if figures <= figures_in(place.says)), None)
    if not speaking:
        nearest = named[0] if named else None
        share = share_of(contents[nearest]) if nearest else 0.0
        return Use(fact.id, "nowhere", nearest, share, tuple(sorted(figures)), elsewhere)
    share = share_of(frozenset().union(*(contents[place] for place in speaking)))
    missing = tuple(sorted(figures.difference(*(figures_in(place.says) for place in speaking))))
    if share >= USED and not missing:
        return Use(fact.id, "used", speaking[0], share, (), None)
    return Use(fact.id, "unsure", speaking[0], share, missing, elsewhere)


# ---------------------------------------------------------------- runs of words


def runs_of(text: str) -> set[tuple[str, ...]]:
    """Return every stretch of `RUN` words of a text."""
    spoken = words(_ADDRESS.sub(" ", text))
    return {tuple(spoken[i : i + RUN]) for i in range(len(spoken) - RUN + 1)}


def shared_runs(where: Iterable[Place], known: set[tuple[str, ...]]) -> list[SharedRun]:
    """Return the longest stretches of at least `RUN` words that stand in `known` as well.

    Two neighbouring runs are one stretch; a stretch may cross a sentence's end, as it may in a talk without full stops.
    Addresses are no words, and a stretch that is nothing but names (of institutes, of programmes) is nobody's wording.
    """
    found = []
    for place in where:
        spoken = words(_ADDRESS.sub(" ", place.text))
        called = names(place.text).keys()
        start: int | None = None
        for i in range(len(spoken) - RUN + 2):
            shared = i <= len(spoken) - RUN and tuple(spoken[i : i + RUN]) in known
            if shared and start is None:
                start = i
            elif not shared and start is not None:
                stretch = tuple(spoken[start : i + RUN - 1])
                if not called >= set(content_words(" ".join(stretch))):
                    found.append(SharedRun(place, stretch))
                start = None
    return found


# ---------------------------------------------------------------- reading ease


def syllables(word: str) -> int:
    """Return about how many syllables an English word has: its groups of vowels, less silent ends, at least one.

    A figure counts as one. Of the 2,519 different words of the corpus that the CMU Pronouncing Dictionary knew on 25
    November 2026, 94 % were counted right, and their sum came out 1.5 % too high: a difference of
    two in a page's reading ease means nothing. textstat, the usual library, needs NLTK and a download at first use.

    >>> [syllables(word) for word in ("safe", "table", "theory", "alignment", "wanted", "reached")]
    [1, 2, 3, 3, 2, 1]
    """
    return sum(_syllables_of(part) for part in re.split(r"[-'’]", word.lower()) if len(part) > 1) or 1


def _syllables_of(part: str) -> int:
    if part in _SPELLED:
        return _SPELLED[part]
    count = len(_VOWELS.findall(part)) + len(_TWO.findall(part))
    if _SILENT.search(part) and not _SPOKEN.search(part):
        count -= 1
    return max(count, 1)


def reading_ease(sentences: Sequence[str]) -> float:
    """Return Flesch's reading ease (doi:10.1037/h0057532): 60 to 70 is plain English, below 30 an academic paper.

    Addresses are no words; the syllables are `syllables`.

    Raises:
        ValueError: If there are no words.
    """
    spoken = [word for sentence in sentences for word in words(_ADDRESS.sub(" ", sentence))]
    if not spoken:
        message = "no words to read"
        raise ValueError(message)
    heard = sum(syllables(word) for word in spoken)
    return 206.835 - 1.015 * len(spoken) / len(sentences) - 84.6 * heard / len(spoken)

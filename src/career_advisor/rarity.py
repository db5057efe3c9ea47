"""How much a word says in an index: what stands in few sections tells more than what stands in all."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from career_advisor.records import Document
from career_advisor.text import content_words

STRETCH = 120
"""Content words of a stretch that rarity is counted in, where a text has no sections."""
EVERYWHERE = 1 / 12
"""Share of an index's stretches in which a word is what the index is about: nothing hangs on it."""
MANY = 24
"""Stretches from which an index is about something; in a smaller one every name counts."""


@dataclass(frozen=True, slots=True)
class Rarity:
    """Inverse document frequency of the stems of an index, a section being a document."""

    of_stem: Mapping[str, float]
    """From 0 up."""
    rarest: float
    """Of a stem that stands nowhere in the index."""
    common: frozenset[str]
    """Stems that the index is full of."""

    @classmethod
    def among(cls, documents: Sequence[Document]) -> Rarity:
        """Count the stems of all documents of an index."""
        stretches = _stretches(documents)
        counts = Counter(stem for stretch in stretches for stem in stretch)
        whole = len(stretches)
        common = [stem for stem, count in counts.items() if whole >= MANY and count >= EVERYWHERE * whole]
        return cls(
            of_stem={stem: math.log((whole + 1) / (count + 0.5)) for stem, count in counts.items()},
            rarest=math.log(2 * (whole + 1)),
            common=frozenset(common),
        )

    def __contains__(self, stem: object) -> bool:
        return stem in self.of_stem

    def __getitem__(self, stem: str) -> float:
        return self.of_stem.get(stem, self.rarest)

    def weight(self, stems: Iterable[str]) -> float:
        """Return the summed rarity of stems."""
        return sum(self[stem] for stem in stems)


def _stretches(documents: Sequence[Document]) -> list[set[str]]:
    """Return the stems of each section with its headings and wordings; long ones count as several."""
    stretches: list[set[str]] = []
    for document in documents:
        title = set(content_words(document.title))
        for section in document.sections:
            heading = title.union(*(content_words(text) for text in (*section.heading, *section.wordings)))
            for block in section.blocks:
                stems = content_words(document.text[block.start : block.end])
                stretches += [heading.union(stems[i : i + STRETCH]) for i in range(0, max(len(stems), 1), STRETCH)]
    return stretches

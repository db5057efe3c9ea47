"""Cutting a document into sentences to quote and windows to search.

A passage is the smallest thing that is scored and quoted: a sentence, or, in speech that nobody punctuated, a clause
group of some seventeen words. Windows of several sizes are what is embedded: small ones find, large ones disambiguate
(docs/decisions/0002-window-scoring.md has the measurements). Nothing is ever cut inside a word.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from career_advisor.records import SENTENCE, Chunks, Document, Passage, Section, Span, Window

SPLITTER_VERSION = "4"
"""Changes whenever the same document would be cut otherwise: an index of another version is made anew."""

SIZES = (24, 48, 96, 192)
"""Window lengths in words; models.md of the notes and benchmarks/results/retrieval-talk.md measure them."""
WITH_HEADING = 48
"""Words up to which a window is embedded behind its section's heading: so few seldom say what they are about."""
STEP = 3
"""A window starts every size / STEP words."""
SURROUNDINGS = 80
"""Words around a passage in which its BM25 score is counted: a sentence alone is too short to share words with."""

SPEECH = 45
"""Words to a sentence end from which a block is taken for speech without punctuation."""
CLAUSE = 17
"""Words to which a clause group of speech is cut, where nothing speaks for another length."""
CLAUSE_SPREAD = 9.0
"""Words by which a group may be longer or shorter at the price of 1."""
LONGEST_CLAUSE = 32
LONGEST_SENTENCE = 120
"""Words after which a sentence is cut like speech: a table row or a list that lost its line ends."""
SEEN = 4
"""Times that a word must be seen with a capital before a small one says something."""

# Chinese and Japanese write no spaces: there each character counts as a word.
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
WORD = re.compile(rf"[{_CJK}][、，。！？」』）]*|[^\s{_CJK}]+")
"""What counts as a word, everywhere in this module and in retrieval."""

_CLOSING = r"[\"'”’)\]»]*"
_END = re.compile(rf"[.!?…]+{_CLOSING}(?=\s+[^\sa-z]|\s*\n|\s*$)|[。！？]")
_END_IN_SMALL_LETTERS = re.compile(rf"[.!?…]+{_CLOSING}(?=\s|$)|[。！？]")
# A full stop after these ends no sentence: never, or not before a number.
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.\s?g|i\.\s?e|dr|mr|mrs|ms|prof|st|vs|cf|approx|resp|viz)|(?:^|[\s(])[A-Z])\.$", re.IGNORECASE
)
_BEFORE_NUMBER = re.compile(
    r"\b(?:no|nos|fig|figs|eq|sec|ch|vol|ed|pp?|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\.$", re.IGNORECASE
)
_ITEM = re.compile(r"(?:[-*•–]|\d{1,3}[.)])$")
_PRONOUN_I = re.compile(r"(?:^|\s)I\.$")

# Where speakers begin something new, by how surely.
_OPENERS = {
    1.5: "okay so now anyway but well first second third finally",
    1.0: "because then although though whereas however unless",
    0.6: "if when while there's i'm i've it's that's you've we've they're",
    0.4: "i we they you he she there some others people what why how",
}
_OPENING = {word: reward for reward, words in _OPENERS.items() for word in words.split()}
# "and" and "or" begin something new where a subject or another opener follows; else they join two words.
_JOINING = frozenset({"and", "or"})
_AFTER_JOINING = frozenset(
    """i we you he she it they there this that these those then so if when what who how why because people some others
    i'm i've it's that's there's you're you've we're we've they're don't maybe yeah also now everything everyone
    something somebody""".split()  # noqa: SIM905
)
# Words that lean on the next one: nobody pauses after them.
_LEANING = frozenset(
    """a an the of to in on at by for from with about into as than that which who whose if when while because and or
    but so is are was were be been am i'm it's that's there's you're we're they're he's she's does did don't doesn't
    have has had will would can could should might may must not very really just my your our their his her its this
    these those some any no every each most more what how why where whether i we you he she they it's i've you've
    we've there kind lot sort even ever basically kinda gonna""".split()  # noqa: SIM905
)
_LEANING_COSTS = 2.0


def split(document: Document) -> Chunks:
    """Cut a document.

    Returns:
        Passages that tile the words of each block in order, and windows over each section, with one for its heading,
        one for each of its other wordings (size 0) and one for each passage by itself. No window crosses a section.
    """
    passages: list[Passage] = []
    windows: list[Window] = []
    unusual = _captions_capitals(document.text)
    for number, section in enumerate(document.sections):
        spans = [span for block in section.blocks for span in _sentences(document.text, block, unusual)]
        if not spans:
            continue
        passages.extend(Passage(document.path, number, start, end) for start, end in spans)
        windows.extend(_windows(document, number, section))
        windows.extend(
            Window(document.path, number, start, end, SENTENCE, _one_line(document.text[start:end]))
            for start, end in spans
        )
    return Chunks(tuple(passages), tuple(windows))


def lexical_texts(document: Document, passages: Sequence[Passage]) -> list[str]:
    """Return for each passage the words in which BM25 looks for it: its surroundings, heading and other wordings.

    Args:
        document: Where the passages come from.
        passages: All of the document, in order.
    """
    texts = []
    for i, passage in enumerate(passages):
        section = document.sections[passage.section]
        first = last = i
        size = _count(document, passage.start, passage.end)
        while size < SURROUNDINGS:
            before = first > 0 and passages[first - 1].section == passage.section
            after = last + 1 < len(passages) and passages[last + 1].section == passage.section
            if not before and not after:
                break
            if after and (not before or last - i <= i - first):
                last += 1
            else:
                first -= 1
            size = _count(document, passages[first].start, passages[last].end)
        words = document.text[passages[first].start : passages[last].end]
        texts.append("\n".join((document.title, *section.heading, words, *section.wordings)))
    return texts


def _count(document: Document, start: int, end: int) -> int:
    return len(document.text[start:end].split())


# ---------------------------------------------------------------- sentences


def _sentences(text: str, block: Span, unusual: frozenset[str]) -> list[Span]:
    """Return the sentences of a block, or its clause groups where it is speech."""
    words = [Span(m.start() + block.start, m.end() + block.start) for m in WORD.finditer(text[block.start : block.end])]
    if not words:
        return []
    ends = _sentence_ends(text, block, words)
    if len(words) / (len(ends) or 1) > SPEECH:
        return _clauses(text, words, ends, unusual)
    spans: list[Span] = []
    first = 0
    for end in sorted({*ends, len(words) - 1}):
        sentence = words[first : end + 1]
        if len(sentence) > LONGEST_SENTENCE:
            spans.extend(_clauses(text, sentence, set(), unusual))
        elif sentence:
            spans.append(Span(sentence[0].start, sentence[-1].end))
        first = end + 1
    return spans


def _sentence_ends(text: str, block: Span, words: Sequence[Span]) -> set[int]:
    """Return the positions of the words that end a sentence."""
    within = text[block.start : block.end]
    pattern = _END_IN_SMALL_LETTERS if within == within.lower() else _END
    stops = {m.end() + block.start for m in pattern.finditer(within)}
    ends = {i for i, word in enumerate(words) if word.end in stops and not _is_abbreviated(text, block, words, i)}
    return ends | {i for i, (word, following) in enumerate(pairwise(words)) if _is_item(text, word, following)}


def _is_item(text: str, word: Span, following: Span) -> bool:
    """Tell whether a line of a list begins with the following word."""
    return "\n" in text[word.end : following.start] and bool(_ITEM.match(text[following.start : following.end]))


def _is_abbreviated(text: str, block: Span, words: Sequence[Span], position: int) -> bool:
    """Tell whether the full stop at the end of a word belongs to the word."""
    if position + 1 == len(words) or "\n" in text[words[position].end : words[position + 1].start]:
        return False
    until = text[max(words[position].start - 6, block.start) : words[position].end]
    if _BEFORE_NUMBER.search(until):
        return text[words[position + 1].start].isdigit()
    return bool(_ABBREVIATION.search(until)) and not _PRONOUN_I.search(until)


def _clauses(text: str, words: Sequence[Span], ends: set[int], unusual: frozenset[str]) -> list[Span]:
    """Cut speech into clause groups, by the cheapest way through it.

    A group costs the more the further its length is from CLAUSE; a cut where something new begins is rewarded, and one
    after a word that leans on the next is charged.
    """
    reward = _rewards(text, words, ends, unusual)
    best = [0.0] + [float("inf")] * len(words)
    came_from = [0] * (len(words) + 1)
    for i in range(1, len(words) + 1):
        for j in range(max(0, i - LONGEST_CLAUSE), i):
            cost = best[j] + ((i - j - CLAUSE) / CLAUSE_SPREAD) ** 2 - reward[i]
            if cost < best[i]:
                best[i], came_from[i] = cost, j
    cuts = [len(words)]
    while cuts[-1] > 0:
        cuts.append(came_from[cuts[-1]])
    cuts.reverse()
    return [Span(words[a].start, words[b - 1].end) for a, b in pairwise(cuts)]


def _rewards(text: str, words: Sequence[Span], ends: set[int], unusual: frozenset[str]) -> list[float]:
    """Return for each word how much speaks for a cut before it; negative: against."""
    spelt = [text[word.start : word.end] for word in words]
    small = [word.lower().replace("’", "'") for word in spelt]
    reward = [0.0] * (len(words) + 1)
    for i in range(1, len(words)):
        if small[i] in _JOINING:
            reward[i] = 1.0 if i + 1 < len(small) and small[i + 1] in _AFTER_JOINING else -0.5
        else:
            reward[i] = _OPENING.get(small[i], 0.0)
        if small[i - 1] in _LEANING:
            reward[i] -= _LEANING_COSTS
        if spelt[i] in unusual:
            reward[i] = 3.0  # captions write the first word of a sentence small, even "i" and "ai"
        if i - 1 in ends:
            reward[i] = 4.0
    return reward


@lru_cache(maxsize=8)
def _captions_capitals(text: str) -> frozenset[str]:
    """Return small spellings of words that this text usually writes with a capital ("i" beside hundreds of "I")."""
    counts: dict[str, list[int]] = {}
    for match in WORD.finditer(text):
        word = match.group()
        if word[0].isalpha():
            counts.setdefault(word.lower(), [0, 0])[word[0].isupper()] += 1
    return frozenset(word for word, (small, large) in counts.items() if small and large >= max(2 * small, SEEN))


# ---------------------------------------------------------------- windows


def _windows(document: Document, number: int, section: Section) -> list[Window]:
    text = document.text
    words = [
        Span(m.start() + block.start, m.end() + block.start)
        for block in section.blocks
        for m in WORD.finditer(text[block.start : block.end])
    ]
    heading = section.heading[-1] if section.heading else ""
    found: list[Window] = []
    for i, size in enumerate(SIZES):
        # A section that a smaller size already holds whole needs no larger window of the same words.
        if i and len(words) <= SIZES[i - 1]:
            break
        step = size // STEP
        last = max(len(words) - size, 0)
        for first in sorted({*range(0, last, step), last}):
            start, end = words[first].start, words[min(first + size, len(words)) - 1].end
            embedded = f"{heading} {text[start:end]}" if size <= WITH_HEADING else text[start:end]
            found.append(Window(document.path, number, start, end, size, _one_line(embedded)))
    whole = Span(words[0].start, words[-1].end)
    questions = dict.fromkeys([*section.heading[-1:], *section.wordings])
    found.extend(Window(document.path, number, *whole, 0, _one_line(question)) for question in questions)
    return found


def _one_line(text: str) -> str:
    return " ".join(text.split())

"""Writing an answer out of what was found, by quoting (`quotes`), and the few words of our own around it.

Our own wording states no fact about the world that a source should carry: it greets, declines, asks back and hands
over. Everything else is a sentence of a document, whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

from career_advisor.records import Citation, Document, DraftSentence, Hit, Message, Section, Span, Status
from career_advisor.text import Asked, content_words, words

# Shape of a reply; chosen by reading answers on the development questions (docs/decisions/0005-composing-quotes.md).
SENTENCES = 5
"""Quotes at most, the lead included."""
WORDS = 120
"""After this many words no further quote is added."""
PER_SECTION = 3
"""Quotes of one section at most, so that the answer is chosen and not a passage dumped."""
NEAR = 0.76
"""A further passage is quoted when its score is at least this share of the best one's."""
ALIKE = 0.55
"""Share of content words in common from which two sentences say the same."""
FETCHED = 2
"""Sentences before one that points back that are quoted with it at most."""
SPEECH_WORDS = 48
"""Length to which a quote of unpunctuated speech is grown, so that it can be understood."""

# A sentence that opens like this points at the one before it, which is then quoted with it.
_POINTS_BACK = re.compile(
    r"^\W*(?:this|that|these|those|it|its|he|him|his|she|her|they|them|their|such|here|there|also|but|and|so|or|then"
    r"|thus|however|therefore|moreover|instead|otherwise|both|neither|either|the (?:latter|former|second|other)"
    r"|because|which|as such|for example|in addition|similarly|likewise|yet|still|one of them|another)\b",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]*\s*$")


def quotes(
    hits: Sequence[Hit], facets: Sequence[Sequence[Hit]] = (), *, sentences: int = SENTENCES
) -> tuple[DraftSentence, ...]:
    """Choose the sentences that answer.

    The best passage leads, with the sentence that opens its section where the section was written to answer in its
    first sentence; then what else in it scores high; then the best of other sections, and of the parts of a long
    message, as long as they come near the best and say something new. Within a section the order is the author's.

    Args:
        hits: For the whole question, best first.
        facets: For each part of a long message, its own hits; their `document` and `section` may repeat those above.
        sentences: At most so many.

    Returns:
        Drafts whose `cited` points into `hits` followed by the facets' hits, in that order.
    """
    pool = [*hits, *(hit for part in facets for hit in part)]
    if not pool:
        return ()
    chosen: list[_Choice] = []
    best = hits[0].score if hits else pool[0].score
    for position, hit in _in_turn(hits, facets):
        own = hits[0].score if position < len(hits) else best
        if position and hit.score < NEAR * own:
            continue
        room = sentences - len(chosen)
        said = sum(len(words(choice.text)) for choice in chosen)
        if room <= 0 or said >= WORDS:
            break
        share = min(room, PER_SECTION if not chosen else 2)
        for span in _best_spans(hit, limit=share, lead=not chosen):
            text = hit.document.text[span.start : span.end]
            if not any(_same(text, choice.text) or choice.covers(hit.document, span) for choice in chosen):
                chosen.append(_Choice(position, hit, span, text))
    return tuple(
        DraftSentence(_one_line(choice.text), (choice.position,), "quote", choice.span) for choice in _ordered(chosen)
    )


class _Choice(NamedTuple):
    position: int
    hit: Hit
    span: Span
    text: str

    def covers(self, document: Document, span: Span) -> bool:
        return self.hit.document.path == document.path and self.span.start < span.end and span.start < self.span.end


def _in_turn(hits: Sequence[Hit], facets: Sequence[Sequence[Hit]]) -> list[tuple[int, Hit]]:
    """Return the hits with their positions in the pool: the best, then each part's best, then the rest."""
    turns: list[tuple[int, Hit]] = [(0, hits[0])] if hits else []
    offset = len(hits)
    for part in facets:
        if part:
            turns.append((offset, part[0]))
        offset += len(part)
    turns.extend(enumerate(hits[1:], start=1))
    return turns


def _ordered(chosen: Sequence[_Choice]) -> list[_Choice]:
    """Keep the order in which sections were chosen; inside a section, the author's order."""
    order: dict[tuple[str, int], int] = {}
    for choice in chosen:
        order.setdefault((choice.hit.document.path, choice.hit.section), len(order))
    return sorted(chosen, key=lambda c: (order[c.hit.document.path, c.hit.section], c.span.start))


def _best_spans(hit: Hit, *, limit: int, lead: bool) -> list[Span]:
    if not hit.sentences:
        return []
    if _is_speech(hit):
        return [_grown_speech(hit)]
    section = hit.document.sections[hit.section]
    ranked = sorted(range(len(hit.sentences)), key=lambda i: (-hit.sentence_scores[i], i))
    top = hit.sentence_scores[ranked[0]]
    spans: list[Span] = []
    if lead and _answers_at_once(hit, section):
        spans.append(_whole(hit, 0))
    for i in ranked:
        if len(spans) >= limit:
            break
        if spans and hit.sentence_scores[i] < NEAR * top:
            break
        span = _whole(hit, i)
        if not any(span.start < other.end and other.start < span.end for other in spans):
            spans.append(span)
    return spans


def _answers_at_once(hit: Hit, section: Section) -> bool:
    """Tell whether the stretch opens a section of ours, whose first sentence answers its heading outright."""
    return hit.document.kind == "our summary" and bool(section.blocks) and hit.start <= section.blocks[0].start + 1


def _whole(hit: Hit, i: int) -> Span:
    """Return the sentence, with those before it that it points back at."""
    first = i
    text = hit.document.text
    while (
        first > 0
        and i - first < FETCHED
        and _POINTS_BACK.match(text[hit.sentences[first].start : hit.sentences[first].end])
    ):
        first -= 1
    return Span(hit.sentences[first].start, hit.sentences[i].end)


def _is_speech(hit: Hit) -> bool:
    """Tell whether the stretch is speech without punctuation: its parts do not end like sentences."""
    text = hit.document.text
    ended = sum(bool(_SENTENCE_END.search(text[s.start : s.end])) for s in hit.sentences)
    return ended * 3 < len(hit.sentences)


def _grown_speech(hit: Hit) -> Span:
    """Grow the best clause group by its better neighbour until it is long enough to be understood."""
    text = hit.document.text
    first = last = max(range(len(hit.sentences)), key=lambda i: hit.sentence_scores[i])

    def length() -> int:
        return len(words(text[hit.sentences[first].start : hit.sentences[last].end]))

    while length() < SPEECH_WORDS and (first > 0 or last < len(hit.sentences) - 1):
        before = hit.sentence_scores[first - 1] if first > 0 else float("-inf")
        after = hit.sentence_scores[last + 1] if last < len(hit.sentences) - 1 else float("-inf")
        if before > after:
            first -= 1
        else:
            last += 1
    return Span(hit.sentences[first].start, hit.sentences[last].end)


def _same(one: str, other: str) -> bool:
    a, b = set(content_words(one)), set(content_words(other))
    return bool(a and b) and len(a & b) / min(len(a), len(b)) >= ALIKE


def _one_line(text: str) -> str:
    return " ".join(text.split())


# ---------------------------------------------------------------- our own words

_ASKED_IN_WORDS: dict[Asked, str] = {
    "amount": "a figure",
    "date": "a date",
    "duration": "how long",
    "count": "a number",
    "address": "an address",
    "place": "a place",
    "person": "a name",
}

KIND: dict[str, tuple[str, ...]] = {
    "hardship": (
        "That sounds hard. Here is what may help you to see it clearly.",
        "I'm sorry that it is so hard at the moment. Here is what bears on it.",
    ),
    "doubt": (
        "It is all right to doubt, and good that you ask. Here is what bears on it.",
        "A fair question to put to yourself. Here is what the sources say about it.",
    ),
}
SITUATION = ("Here is what bears on your situation.", "Going by what you wrote, this fits best.")
SMALL_TALK = (
    "Hello. I answer questions about working on making AI safe, from guidance that I have read, and show you the exact "
    "words. I am a program, not a person, and I speak for nobody."
)
THANKS = "You're welcome. Ask me anything else, or take one of the questions below."
CLARIFY = (
    "I'd like to help. What would help most: finding out whether this work suits you, learning the skills, finding a "
    "job or programme, or talking to somebody? A sentence about your background helps too."
)
REFUSED = "I won't do that: I only repeat what my sources say, and I don't make up words for anybody."
REFUSED_NEAR = "What they do say about it:"
URGENT = (
    "This sounds urgent, and a person should help you now, not a program. If you or somebody else is in danger, call "
    "your local emergency number at once."
)
INVALID_EMPTY = "I didn't get a question. What would you like to know?"
OFF_TOPIC = "That is outside what I have read, so I can't help with it."
_THANKED = re.compile(r"\b(?:thank|thanks|thx|cheers|ty|danke|merci|gracias|helpful|awesome)\b", re.IGNORECASE)

Drafts: TypeAlias = list[tuple[int, DraftSentence]]
"""Each with the paragraph that it belongs to."""


def too_long(limit: int) -> str:
    """Return what is said to a message over the limit."""
    return (
        f"That is longer than I can take in at once (the limit is {limit:,} characters). "
        "Could you shorten it to what matters most?"
    )


def compose(
    status: Status,
    asked: str,
    hits: Sequence[Hit],
    facets: Sequence[Sequence[Hit]],
    *,
    lacking: Asked | None,
    unknown: Sequence[str],
    feeling: str | None,
    history: Sequence[Message],
    documents: Sequence[Document],
    helplines: Sequence[str],
) -> Drafts:
    """Write the whole answer without a language model.

    Args:
        status: What may be said.
        asked: The message, cleaned.
        hits: For the whole question, best first.
        facets: For each part of a long message.
        lacking: The kind of thing asked for that is not in the passages.
        unknown: Names in the question that no passage has.
        feeling: What weighs on the person, a key of KIND.
        history: The turns before, so that no line of ours is said twice.
        documents: All of the index, to say what it is about.
        helplines: Whom to call in an emergency, one sentence each, from the registry.

    Returns:
        Our words and the quotes, in the order in which they are shown.
    """
    gap = f"My sources don't {_gap(lacking, unknown)}, so I won't guess."
    match status:
        case "urgent":
            return [*_fixed(URGENT), *((1, DraftSentence(line, (), "fixed")) for line in helplines)]
        case "small_talk":
            drafts = _fixed(THANKS if _THANKED.search(asked) else SMALL_TALK)
        case "clarify":
            drafts = _fixed(CLARIFY)
        case "refused":
            drafts = _before(f"{REFUSED} {REFUSED_NEAR}", quotes(hits[:1], sentences=2), otherwise=REFUSED)
        case "off_topic":
            drafts = _fixed(f"{OFF_TOPIC} {subject(documents)}")
        case "not_covered":
            drafts = _fixed(gap)
        case "partly":
            near = quotes(hits[:2], sentences=2)
            drafts = _before(f"{gap} What they do say that comes near:", near, otherwise=gap)
        case _:
            line = _unsaid(KIND[feeling] if feeling else SITUATION if facets else (), history)
            drafts = _before(line, quotes(hits, facets), otherwise=gap)
    return drafts


def _before(line: str, drafts: Sequence[DraftSentence], *, otherwise: str) -> Drafts:
    """Put our line before quotes; where there are none, say the other."""
    if not drafts:
        return _fixed(otherwise)
    return [*(_fixed(line) if line else []), *((1, draft) for draft in drafts)]


def _fixed(text: str) -> Drafts:
    return [(0, DraftSentence(text, (), "fixed"))]


def _unsaid(lines: Sequence[str], history: Sequence[Message]) -> str:
    """Return the first line that does not stand in the conversation already; empty when all do."""
    spoken = "\n".join(turn.content for turn in history if turn.role == "assistant")
    return next((line for line in lines if line not in spoken), "")


def follow_ups(
    hits: Sequence[Hit], citations: Sequence[Citation], history: Sequence[Message], *, limit: int = 3
) -> tuple[str, ...]:
    """Return questions that the index is known to answer, near to what was asked.

    They are headings of sections that were found but not quoted, and of the sections next to them; none that was
    asked before in the conversation.
    """
    quoted = {(c.document, c.heading) for c in citations}
    found: dict[str, None] = {}
    for reach in (0, 1, 2):
        for hit in hits:
            for i in (hit.section - reach, hit.section + reach):
                if 0 <= i < len(hit.document.sections):
                    section = hit.document.sections[i]
                    if (hit.document.path, section.heading) not in quoted:
                        found.update(dict.fromkeys(_questions(section)))
    return tuple(_unasked(found, history))[:limit]


def starters(documents: Sequence[Document], history: Sequence[Message], *, limit: int = 3) -> tuple[str, ...]:
    """Return questions to begin with: those marked as such, then the first that each document answers."""
    marked = [
        q for document in documents for section in document.sections if section.starter for q in _questions(section)
    ]
    by_document = [next((q for s in d.sections for q in _questions(s)), "") for d in documents]
    return tuple(_unasked(dict.fromkeys([*marked, *filter(None, by_document)]), history))[:limit]


def _questions(section: Section) -> list[str]:
    return [section.heading[-1]] if section.heading and section.heading[-1].endswith("?") else []


def _unasked(questions: Iterable[str], history: Sequence[Message]) -> list[str]:
    asked = {turn.content.strip().lower() for turn in history}
    return [question for question in questions if question.lower() not in asked]


def _gap(asked: Asked | None, unknown: Sequence[str]) -> str:
    about = f" about {' or '.join(unknown[:2])}" if unknown else " for that"
    if asked:
        return f"give {_ASKED_IN_WORDS[asked]}{about}"
    return f"say anything{about}" if unknown else "answer that question"


def subject(documents: Sequence[Document]) -> str:
    """Say in one sentence what the index is about, by its own titles."""
    titles = [f"“{document.title}”" for document in documents if document.title][:3]
    return (
        f"I answer from what I have read, such as {_joined(titles)}." if titles else "I answer from what I have read."
    )


def _joined(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"

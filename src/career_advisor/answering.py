"""Writing an answer out of what was found, by quoting (`quotes`), and the few words of our own around it.

Our own wording states no fact about the world that a source should carry: it greets, declines, asks back and hands
over. Everything else is a sentence of a document, whole.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import NamedTuple, TypeAlias

from career_advisor.bounds import Bound
from career_advisor.gaps import Gap
from career_advisor.languages import foreign_language
from career_advisor.records import Citation, Document, DraftSentence, Hit, Message, Section, Span, Status
from career_advisor.text import Asked, content_words, dates, words


class Shape(NamedTuple):
    """How much is quoted. Chosen on the development questions: docs/decisions/0016-choosing.md."""

    sentences: int
    """Quotes at most."""
    words: int
    """After this many words no further quote is added."""
    likely: float
    """Log-odds (`Hit.belongs`) from which a sentence is quoted."""
    likelier: float
    """The same behind the first ENOUGH: readers were seldom glad of what came then and was less likely."""
    least: int
    """Quotes at least, if anything was found: the best of it, however unlikely."""


PLAIN = Shape(sentences=5, words=120, likely=-1.0, likelier=-0.7, least=1)
NEAR_BY = PLAIN._replace(sentences=3, words=80)
"""For what only comes near."""
PLAIN_OF_SEVERAL = PLAIN._replace(sentences=6, words=150)
"""For a message with SEVERAL questions of its own."""
SEVERAL = 3
ENOUGH = 3
"""Quotes that may be an answer: further ones must be likelier."""
FROM_ONE = 4
"""Quotes of one section at most, so that the answer is chosen and not a passage dumped."""
UNMEASURED_LEAST = 3
"""Quotes at least of sections without other wordings, unpunctuated speech among them: the mark was measured on sections
that have them, and lies too high for others."""
UNMEASURED_NEAR = 2.5
"""Log-odds behind the likeliest within which they must come."""
TOLD_OF_IT = 1.5
"""Log-odds that a sentence gains that has the kind of thing asked for, of the name that it was asked of."""
WANTED = 1.5
"""What holding the kind of thing that was asked for adds to the log-odds of a sentence of an unmeasured section."""
SAME_QUESTION = 0.62
"""Cosine to a section's question from which it is what was asked: then its first sentence may say yes or no, and it may
presume what the question does."""
ALIKE = 0.55
"""Share of content words in common from which two sentences say the same."""
CLOSE = 0.5
"""Log-odds between sentences of one section within which the author's order tells better than they do."""
SUGGESTED = 2
"""Questions to go on with that there are in any case."""
TOLD = 0.5
"""Cosine to a section's question (`Hit.wording`) from which it is suggested where it tells something of who asks it."""
NEXT = -1.5
"""Log-odds (`Hit.belongs`) of the best sentence of a section from which its question is suggested behind them."""
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
_YES_OR_NO = re.compile(
    r"(?:yes|no|not (?:by|necessarily|really|at all|strictly)\b[^:,]*|probably(?: not)?|perhaps)[,:;.]", re.IGNORECASE
)
# How we know of something says nothing by itself.
_OF_OURSELVES = re.compile(r"career advisor (?:knows|has read)\b", re.IGNORECASE)
_ASKS_WHAT = re.compile(
    r"\W*(?:what(?:['’]?s| is| are| does| do)|whats|define|explain|meaning of) (?:an? |the )?(\w[\w -]{1,39}?)"
    r"(?: means?| stands? for)?\W*",
    re.IGNORECASE,
)
_JOINS_ON = re.compile(
    r"^\W*(?:(?:and|but|or|so|also|then|plus|ok(?:ay)?|(?:my )?questions?(?: (?:is|are)(?: these)?)?)\b[\s,:]*)+",
    re.IGNORECASE,
)
_TAG = re.compile(r",\s*(?:no|right|or|or not|yes|eh|hm+|huh|lol|haha)\s*$", re.IGNORECASE)
_ASIDE = re.compile(r",\s+(?=(?:i|i['’]?m|i['’]ve|we|given|because|since|as|which|though|although)\b)", re.IGNORECASE)
# Two sentences of one source share its name and its date, whatever they say.
_OF_SOURCE = re.compile(
    r"https?://\S+|\b(?:\d{1,2} (?=[A-Z][a-z]+ 20\d\d)"
    r"|(?:AI Safety Careers |career |careers )?guides?|profiles?|pages?|posts?|articles?|sources?|notes|accounts?"
    r"|summar(?:y|ies)|according|reports?|reported|says?|said|undated|January|February|March|April|May|June|July|August"
    r"|September|October|November|December|(?:19|20)\d\d)\b"
)
_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")
_YEAR = re.compile(r"(?:19|20)\d\d")
_CITED = re.compile(r" \[\d+\]")
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]*\s*$")


class _Choice(NamedTuple):
    position: int
    hit: Hit
    span: Span
    score: float

    @property
    def text(self) -> str:
        return self.hit.document.text[self.span.start : self.span.end]

    @property
    def section(self) -> tuple[str, int]:
        return self.hit.document.path, self.hit.section

    def repeats(self, other: _Choice) -> bool:
        """Tell whether the two say the same, or share words of a document."""
        same_words = self.span.start < other.span.end and other.span.start < self.span.end
        return (same_words and self.hit.document.path == other.hit.document.path) or _same(self.text, other.text)


def quotes(
    hits: Sequence[Hit],
    facets: Sequence[Sequence[Hit]] = (),
    *,
    asking: int = 0,
    known: int = 0,
    states: frozenset[str] = frozenset(),
    shape: Shape = PLAIN,
    wanted: Callable[[str], bool] = lambda text: False,
    told: Callable[[str], bool] = lambda text: False,
    advisers: Callable[[str], frozenset[str]] = lambda text: frozenset(),
    history: Sequence[Message] = (),
    asked: str = "",
) -> tuple[DraftSentence, ...]:
    """Choose the sentences that answer.

    The likeliest first, then for each question of the message what likely answers it, then whatever else likely belongs
    in the answer and says something new. What was quoted earlier in the conversation is not quoted again, if there is
    anything else. The section of the first sentence leads; behind its first sentence, and within the other sections,
    the order is the author's.

    Args:
        hits: For the whole question, best first.
        facets: For each part of a long message, its own hits; their `document` and `section` may repeat those above.
        asking: How many of the first facets are questions of the message itself.
        known: How many of the last facets are questions that guidance answers for somebody in such a situation.
        states: Situations that the person's words fit: a section that presumes another is not quoted, unless asked for.
        shape: How much.
        wanted: Tells whether a sentence holds the kind of thing that was asked for.
        told: Tells whether it holds it of the very name that it was asked of.
        advisers: Tells which of those who advise people a text names: one sentence on each is enough, but for those
            that were asked about. Readers quoted a second one in none of 1,887 answers (`composed.jsonl`).
        history: The turns before.
        asked: The question: whoever asks what something is gets first what it is.

    Returns:
        Drafts whose `cited` points into `hits` followed by the facets' hits, in that order.
    """
    pool = list(enumerate([*hits, *(hit for part in facets for hit in part)]))
    in_place = [each for each in pool if _in_place(each[1], states)]
    said = _one_line("\n".join(turn.content for turn in history if turn.role == "assistant"))
    unsaid = [each for each in in_place if not _was_quoted(each[1], said)]
    # What guidance says to anybody in such a situation is said in one sentence; the next may be for others in it.
    general = len(hits) + sum(len(part) for part in facets[: len(facets) - known])
    ends = list(itertools.accumulate((len(part) for part in facets[:asking]), initial=len(hits)))
    parts = [range(start, end) for start, end in itertools.pairwise(ends)]
    asked_about = advisers(asked)
    chosen = _chosen(
        _candidates(unsaid or in_place, wanted, told),
        general,
        shape,
        parts,
        lambda text: advisers(text) - asked_about,
    )
    return tuple(
        DraftSentence(_one_line(choice.text), (choice.position,), "quote", choice.span)
        for choice in _ordered(_led(chosen, asked))
    )


def _in_place(hit: Hit, states: frozenset[str]) -> bool:
    """Tell whether a section speaks to this person: to anybody, to somebody in this situation, or of what was asked."""
    presumes = hit.document.sections[hit.section].presumes
    return not presumes or presumes in states or hit.wording >= SAME_QUESTION


def _was_quoted(hit: Hit, said: str) -> bool:
    text = hit.document.text
    return bool(said) and any(_one_line(text[span.start : span.end]) in said for span in hit.sentences)


def _candidates(
    pool: Sequence[tuple[int, Hit]], wanted: Callable[[str], bool], told: Callable[[str], bool]
) -> list[_Choice]:
    """Return what could be quoted, the likeliest first."""
    found = []
    for position, hit in pool:
        scores = hit.belongs or hit.sentence_scores
        if hit.sentences and _is_speech(hit):
            found.append(_Choice(position, hit, _grown_speech(hit), max(scores)))
            continue
        for i, (span, score) in enumerate(zip(hit.sentences, scores, strict=True)):
            text = hit.document.text[span.start : span.end]
            if _OF_OURSELVES.match(text):
                continue
            if hit.wording >= SAME_QUESTION or not (_YES_OR_NO.match(text) and _opens_its_section(hit, span)):
                # Where it was measured what belongs, an amount alone makes nothing belong that otherwise would not.
                more = TOLD_OF_IT * told(text) if is_measured(hit) else WANTED * wanted(text)
                found.append(_Choice(position, hit, _whole(hit, i), score + more))
    return sorted(found, key=lambda choice: (-choice.score, choice.position, choice.span.start))


def _chosen(
    candidates: Sequence[_Choice],
    general: int,
    shape: Shape,
    parts: Sequence[range],
    advisers: Callable[[str], frozenset[str]],
) -> list[_Choice]:
    chosen: list[_Choice] = []
    told_of: set[str] = set()
    taken: Counter[tuple[str, int]] = Counter()
    best = [next((choice for choice in candidates if choice.position in part), None) for part in parts]
    first = [choice for choice in best if choice is not None and choice.score >= shape.likely]
    for choice in [*candidates[:1], *sorted(first, key=lambda choice: -choice.score), *candidates[1:]]:
        length = sum(len(words(each.text)) for each in chosen)
        if len(chosen) >= shape.sentences or length >= shape.words:
            break
        mark = shape.likely if len(chosen) < ENOUGH or choice in first else shape.likelier
        if choice.score < mark and not _is_needed(choice, chosen, shape):
            break
        most = FROM_ONE if choice.position < general else 1
        named = advisers(choice.text)
        if named and named <= told_of:
            continue
        if taken[choice.section] < most and not any(map(choice.repeats, chosen)):
            chosen.append(choice)
            taken[choice.section] += 1
            told_of |= named
    return chosen


def _is_needed(choice: _Choice, chosen: Sequence[_Choice], shape: Shape) -> bool:
    """Tell whether an unlikely sentence is quoted all the same, because there are too few."""
    if len(chosen) < shape.least:
        return True
    near = choice.score >= chosen[0].score - UNMEASURED_NEAR
    return near and len(chosen) < UNMEASURED_LEAST and not is_measured(choice.hit)


def is_measured(hit: Hit) -> bool:
    """Tell whether a hit is of the kind that was measured: a section that has other wordings of its question."""
    return bool(hit.document.sections[hit.section].wordings)


def _led(chosen: Sequence[_Choice], asked: str) -> list[_Choice]:
    """Put first what says what a thing is, where that was asked; else the author's first of the likeliest.

    Of sentences of one section that are about as likely, the author's order tells better which is to lead.
    """
    term = _ASKS_WHAT.fullmatch(asked)
    if not term:
        close = [
            each
            for each in chosen
            if each.section == chosen[0].section and each.score >= chosen[0].score - CLOSE and is_measured(each.hit)
        ]
        lead = min(close, key=lambda choice: choice.span.start, default=None)
        return sorted(chosen, key=lambda choice: choice is not lead) if lead else list(chosen)
    whole = re.escape(term[1].strip())
    last = re.escape(term[1].split()[-1])
    defines = re.compile(
        rf"(?:an? |the )?(?:{whole}|{last})(?: \w+)? (?:is|are|means?|stands? for)\b(?! a term)", re.IGNORECASE
    )
    return sorted(chosen, key=lambda choice: not defines.match(choice.text))


def _ordered(chosen: Sequence[_Choice]) -> list[_Choice]:
    """Keep the order in which sections were chosen; inside a section, the author's, but for the very first sentence."""
    order: dict[tuple[str, int], int] = {}
    for choice in chosen:
        order.setdefault(choice.section, len(order))
    return [*chosen[:1], *sorted(chosen[1:], key=lambda choice: (order[choice.section], choice.span.start))]


def _opens_its_section(hit: Hit, span: Span) -> bool:
    """Tell whether a sentence is the first of a section of ours, which answers its heading."""
    blocks = hit.document.sections[hit.section].blocks
    return hit.document.kind == "our summary" and bool(blocks) and span.start <= blocks[0].start + 1


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
    """Tell whether a sentence shares most of its words with another, and has no figure that the other has not."""
    says, said = (_OF_SOURCE.sub(" ", text) for text in (one, other))
    a, b = set(content_words(says)), set(content_words(said))
    alike = bool(a and b) and len(a & b) / min(len(a), len(b)) >= ALIKE
    return alike and not _figures(says) - _figures(said)


def _figures(text: str) -> set[str]:
    """Return the numbers of a text but for years, which mostly say how old what it tells is."""
    return {figure for figure in _FIGURE.findall(text) if not _YEAR.fullmatch(figure)}


def _one_line(text: str) -> str:
    return " ".join(text.split())


# ---------------------------------------------------------------- our own words

_ASKED_IN_WORDS: dict[Asked, str] = {
    "salary": "say what exactly that job pays{at}",
    "pay": "say what is paid{at}",
    "cost": "say what {that} costs",
    "share": "give a rate or a share for {that}",
    "deadline": "have a date for {that} that is still to come",
    "date": "give a date for {that}",
    "duration": "say how long {that} takes",
    "count": "give a number for {that}",
    "address": "give an address for {that}",
    "place": "name a place for {that}",
    "person": "name anybody for {that}",
    "now": "know how {that} stands today: they were written down earlier",
}
"""What the sources don't do, as the end of "My sources don't …"."""
_LOOSE: frozenset[Asked] = frozenset({"place", "person", "address"})
"""What is asked for in words that ask for much else, too: "where do I begin?"."""

KIND: dict[str, tuple[str, ...]] = {
    "hardship": (
        "That sounds hard. Here is what may help you to see it clearly.",
        "I'm sorry that it is so hard at the moment. Here is what bears on it.",
    ),
    "doubt": (
        "It is all right to feel like that, and good that you ask. Here is what bears on it.",
        "A fair question to put to yourself. Here is what the sources say about it.",
    ),
}
KIND_ALONE: dict[str, tuple[str, ...]] = {
    "hardship": ("That sounds hard, and I'm sorry.",),
    "doubt": ("It is all right to feel like that.",),
}
"""Where no quotes follow that bear on it."""
SITUATION = (
    "Thank you for telling me. Going by what you wrote, I looked for what is said on {about}.",
    "Going by what you wrote, this is on {about}.",
)
REPEATED_WORDS = 20
"""Of a question that is said back."""
LOOKED_UP = 2
"""Situations that are named in such a line at most."""
VERDICT = (
    "I can't judge that from a few lines; even people who know you would disagree. What bears on it:",
    "That is yours to weigh, and nobody can be sure of it beforehand. What bears on it:",
)
SMALL_TALK = (
    "Hello. I answer questions about working on making AI safe, from guidance that I have read, and show you the exact "
    "words. I am a program, not a person, and I speak for nobody."
)
THANKS = "You're welcome. Ask me anything else, or take one of the questions below."
CLARIFY = (
    "I'd like to help. What would help most: finding out whether this work suits you, learning the skills, finding a "
    "job or programme, or talking to somebody? A sentence about your background helps too."
)
ENGLISH_ONLY = (
    "(I only understand English so far, and my sources are in English. If you are in danger, call the emergency number "
    "where you are.)"
)
REFUSED = "I won't do that: I only repeat what my sources say, and I don't make up words for anybody."
REFUSED_NEAR = "What they do say about it:"
REFUSED_OTHER = "I won't do that: all that I do is to tell what my sources say."
"""Of what is asked less plainly: what is near to it would seem to help with it."""
URGENT = (
    "This sounds urgent, and a person should help you now, not a program. If you or somebody else is in danger, call "
    "your local emergency number at once."
)
URGENT_AGAIN = "If nobody is in danger, send me your question again, and I will look it up."
"""Where danger was read between the lines."""
URGENT_PERHAPS = (
    "I may read too much into what you wrote. But if you or somebody else is in danger, call your local emergency "
    "number, or talk to somebody now."
)
"""Behind an answer to what may hint at danger, before the lines that can be called."""
ELSEWHERE = (
    "Elsewhere call your local emergency number (112 across the European Union) or a helpline of your country; I know "
    "no other number that has been checked."
)
"""Behind the lines that can be called."""
INVALID_EMPTY = "I didn't get a question. What would you like to know?"
NOT_COVERED = "My sources don't answer that, so I won't guess."
ASK_A_PERSON = " The people below may know, or know who does."
ASK_THEM = " Whoever it concerns knows best; the people below may know whom to ask."
"""Where the thing or the name that is lacking is known."""
READ_ON = " The pages below may tell you more."
"""Where nobody to talk to is among the services shown."""
PARTLY = "My sources don't answer exactly that. What comes nearest:"
NEAREST = "What comes nearest:"
DO_SAY = "What they do say:"
OFF_TOPIC = "That is outside what I have read, so I can't help with it."
_OF_NO_SUBJECT = (SMALL_TALK, THANKS, CLARIFY, REFUSED, REFUSED_OTHER, URGENT, INVALID_EMPTY, NOT_COVERED, OFF_TOPIC)
# A time limit that goes with a date; and an amount of money, whose date says when it was known: it holds for its year.
_ROUND = re.compile(
    r"\bdeadlines?\b|\b(?:opens?|opened|closes?|closed) (?:on|in|at|by|until|from|for|around|early|late|mid|again|\d)"
    r"|\bapply (?:by|until|before)\b",
    re.IGNORECASE,
)
_AMOUNT = re.compile(r"[$£€]\s?\d|\d (?:\w+ )?(?:dollars|pounds|euros)\b", re.IGNORECASE)
_THANKED = re.compile(r"\b(?:thank|thanks|thx|cheers|ty|danke|merci|gracias|helpful|awesome)\b", re.IGNORECASE)

Drafts: TypeAlias = list[tuple[int, DraftSentence]]
"""Each with the paragraph that it belongs to."""


def too_long(limit: int) -> str:
    """Return what is said to a message over the limit."""
    return (
        f"That is longer than I can take in at once (the limit is {limit:,} characters). "
        "Could you shorten it to what matters most?"
    )


def is_of_no_subject(answer: str) -> bool:
    """Tell whether an answer, as it was shown, has none but our own words: a greeting, a decline, whom to call."""
    return answer.startswith(_OF_NO_SUBJECT) and not _CITED.search(answer)


def compose(
    status: Status,
    asked: str,
    hits: Sequence[Hit],
    facets: Sequence[Sequence[Hit]],
    *,
    lacking: Asked | None,
    unknown: Sequence[str],
    gap: Gap | None = None,
    feeling: str | None,
    history: Sequence[Message],
    documents: Sequence[Document],
    helplines: Sequence[str],
    asking: int = 0,
    known: int = 0,
    states: frozenset[str] = frozenset(),
    about: Sequence[str] = (),
    verdict: bool = False,
    offered: bool = False,
    people: bool = True,
    wanted: Callable[[str], bool] = lambda text: False,
    told: Callable[[str], bool] = lambda text: False,
    advisers: Callable[[str], frozenset[str]] = lambda text: frozenset(),
    bound: Bound | None = None,
    aside: bool = False,
    plainly: bool = True,
) -> Drafts:
    """Write the whole answer without a language model.

    Args:
        status: What may be said.
        asked: The message, cleaned.
        hits: For the whole question, best first.
        facets: For each part of a long message.
        lacking: The kind of thing asked for that is not in the passages.
        unknown: Names in the question that no passage has.
        gap: The kind of question that it leaves open, where that is known. It is said before a name that no passage
            has ("visas" tells more than "Ghana", not than somebody's name), but behind an amount or a date that isn't
            there, which is surer.
        feeling: What weighs on the person, a key of KIND.
        history: The turns before, so that no line of ours is said twice.
        documents: All of the index, to say what it is about.
        helplines: Whom to call in an emergency, one sentence each, from the registry.
        asking: As for `quotes`.
        known: As for `quotes`; where there are any, the person has told of themselves.
        states: As for `quotes`.
        about: What was looked up for their situation, in our words.
        verdict: Whether they want to be judged, or told what to do.
        offered: Whether services are shown below the answer.
        people: Whether somebody to talk to is among them.
        wanted: As for `quotes`.
        told: As for `quotes`.
        advisers: As for `quotes`.
        bound: What they ask for beyond what guidance can do.
        aside: Whether they do so beside other questions: whoever calls says so behind what answers those.
        plainly: Whether danger, or what is not done, was said in so many words; else it was read between the lines.

    Returns:
        Our words and the quotes, in the order in which they are shown.
    """
    of_kind = gap is not None and (lacking is None or lacking in _LOOSE) and not (unknown and gap.of_a_person)
    lacks = gap.lacks if gap and of_kind else _lacks(lacking, unknown, documents)
    exactly = not of_kind and bool(lacking or unknown)
    declined = bound.says if bound else f"My sources don't {lacks}, so I won't guess." if lacks else NOT_COVERED

    def chosen(shape: Shape) -> tuple[DraftSentence, ...]:
        return quotes(
            hits,
            facets,
            asking=asking,
            known=known,
            states=states,
            shape=shape,
            wanted=wanted,
            told=told,
            advisers=advisers,
            history=history,
            asked=asked,
        )

    match status:
        case "urgent":
            lines = [(1, line) for line in to_call(helplines)] + ([] if plainly else [(2, URGENT_AGAIN)])
            foreign = foreign_language(asked)
            first = [*_fixed(foreign.danger), *_fixed(URGENT)] if foreign else _fixed(URGENT)
            return [*first, *((part, DraftSentence(line, (), "fixed")) for part, line in lines)]
        case "small_talk":
            drafts = _fixed(THANKS if _THANKED.search(asked) else SMALL_TALK)
        case "clarify":
            foreign = foreign_language(asked)
            apart = (1, DraftSentence(ENGLISH_ONLY, (), "fixed"))
            drafts = [*_fixed(f"{foreign.says} {foreign.danger}"), apart] if foreign else _fixed(CLARIFY)
        case "refused":
            near = quotes(hits[:1], shape=NEAR_BY) if plainly else ()
            drafts = _before(f"{REFUSED} {REFUSED_NEAR}", near, otherwise=REFUSED if plainly else REFUSED_OTHER)
        case "off_topic":
            drafts = _fixed(f"{OFF_TOPIC} {subject(documents)}")
        case "not_covered":
            hand_over = READ_ON if not people else ASK_THEM if lacking or unknown or bound else ASK_A_PERSON
            goes_on = offered and (bound is None or bound.hands_over)
            drafts = _fixed(f"{_kindly(feeling, history)}{declined}{hand_over if goes_on else ''}")
        case "partly":
            shape = NEAR_BY if exactly else PLAIN
            near = chosen(shape)
            # Of a message that leaves one thing open, the rest may be answered.
            behind = NEAREST if exactly else DO_SAY
            said_first = f"{bound.says} {NEAREST}" if bound and not aside else ""
            line = said_first or (f"{open_on(lacks)} {behind}" if lacks else PARTLY)
            drafts = _before(f"{_kindly(feeling, history)}{line}", near, otherwise=declined)
        case _:
            # Whoever asks something is answered that, and not told first what else was looked up.
            line = _opening(feeling, about if known and not asking else (), history, verdict=verdict)
            line = f"{bound.says} {NEAREST}" if bound and not aside else line
            shape = PLAIN if asking < SEVERAL else PLAIN_OF_SEVERAL
            drafts = _before(line, chosen(shape), otherwise=declined)
    return drafts


def _opening(feeling: str | None, about: Sequence[str], history: Sequence[Message], *, verdict: bool) -> str:
    """Return our line before quotes that answer: what is kind first, then what is honest, then what was looked up."""
    if verdict and (honest := _unsaid(VERDICT, history)):
        # Whoever asks whether they are too old has not said how they feel about it.
        return f"{_kindly(feeling, history)}{honest}" if feeling == "hardship" else honest
    if feeling and (kind := _unsaid(KIND[feeling], history)):
        return kind
    topics = _joined(about[:LOOKED_UP]) if about else ""
    return _unsaid(SITUATION, history).format(about=topics) if topics else ""


def _kindly(feeling: str | None, history: Sequence[Message]) -> str:
    """Return a kind sentence to begin with, for somebody who needs one and has not had it."""
    line = _unsaid(KIND_ALONE[feeling] if feeling else (), history)
    return f"{line} " if line else ""


def _before(line: str, drafts: Sequence[DraftSentence], *, otherwise: str) -> Drafts:
    """Put our line before quotes; where there are none, say the other."""
    if not drafts:
        return _fixed(otherwise)
    return [*(_fixed(line) if line else []), *((1, draft) for draft in drafts)]


def to_call(helplines: Sequence[str]) -> tuple[str, ...]:
    """Return whom to call, one sentence each, and last what there is where none of these can be reached."""
    return (*helplines, ELSEWHERE) if helplines else ()


def _fixed(text: str) -> Drafts:
    return [(0, DraftSentence(text, (), "fixed"))]


def _unsaid(lines: Sequence[str], history: Sequence[Message]) -> str:
    """Return the first line that does not stand in the conversation already; empty when all do."""
    spoken = "\n".join(turn.content for turn in history if turn.role == "assistant")
    return next((line for line in lines if line.partition("{")[0] not in spoken), "")


def likely(hits: Sequence[Hit]) -> bool:
    """Tell whether any sentence found likely belongs in the answer, or may, for all that was measured."""
    return any(not is_measured(hit) or max(hit.belongs_by_words, default=-math.inf) >= PLAIN.likely for hit in hits)


def open_on(lacks: str) -> str:
    """Say what the sources leave open: the end of "My sources don't …"."""
    return f"My sources don't {lacks}."


def nothing_on(questions: Sequence[str]) -> str:
    """Say which of several questions nothing was found on, in the person's own words."""
    asked = [f"“{_shortened(question)}”" for question in questions[:2]]
    return f"I found little or nothing in my sources on {_joined(asked)}."


def _shortened(question: str) -> str:
    """Return a question as it is said back: without what joins it to another, and what is only said beside it."""
    bare = _TAG.sub("", _JOINS_ON.sub("", question).rstrip("?.! "))
    aside = _ASIDE.search(bare)
    spoken = (bare[: aside.start()] if aside else bare).split()
    rest = " …" if len(spoken) > REPEATED_WORDS else ""
    return " ".join(spoken[:REPEATED_WORDS]).rstrip("?.!,;: ") + rest


def dated(quoted: Iterable[str], today: date) -> str:
    """Return a reminder where a quoted deadline, round or price may have been overtaken; empty where none was.

    Args:
        quoted: The sentences shown.
        today: What their dates are compared with.
    """
    over = [
        text
        for text in quoted
        if (days := dates(text))
        and (
            (_ROUND.search(text) and all(day < today for day in days))
            or (_AMOUNT.search(text) and all(day.year < today.year for day in days))
        )
    ]
    if not over:
        return ""
    return (
        f"Mind the dates: today is {today.day} {today:%B %Y}, so some given above are past; "
        "the current page has the next ones."
    )


def follow_ups(
    hits: Sequence[Hit],
    citations: Sequence[Citation],
    history: Sequence[Message],
    *,
    states: frozenset[str] = frozenset(),
    limit: int = 3,
) -> tuple[str, ...]:
    """Return questions that the index is known to answer, near to what was asked.

    They are headings of sections that were found but not quoted, first those that hold what likeliest belongs in the
    answer, and of the sections next to them; none that was asked before in the conversation, and none that is for
    people in another situation. Behind the first SUGGESTED only what may well belong is suggested.
    """
    quoted = {(c.document, c.heading) for c in citations}
    found: dict[str, bool] = {}
    likeliest = sorted(hits, key=lambda hit: -max(hit.belongs, default=0.0))
    for reach in (0, 1, 2):
        for hit in likeliest:
            fits = reach == 0 and max(hit.belongs, default=0.0) >= NEXT
            near = reach == 0 and hit.wording >= TOLD
            for i in (hit.section - reach, hit.section + reach):
                if 0 <= i < len(hit.document.sections):
                    section = hit.document.sections[i]
                    if (hit.document.path, section.heading) not in quoted and section.presumes in {"", *states}:
                        # "I have no savings; can I …?" is no question of somebody who said nothing like it.
                        for question in (each for each in _questions(section) if near or ";" not in each):
                            found.setdefault(question, fits)
    asked = _unasked(found, history)
    return tuple(question for i, question in enumerate(asked) if i < SUGGESTED or found[question])[:limit]


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


def _lacks(asked: Asked | None, unknown: Sequence[str], documents: Sequence[Document]) -> str:
    """Return what the sources don't do, as the end of "My sources don't …"; empty where that is not known.

    That they don't mention a name is said only of one that stands in none of them, found or not.
    """
    if asked:
        named = " or ".join(unknown[:2])
        return _ASKED_IN_WORDS[asked].format(at=f" at {named}" if named else "", that=named or "that")
    nowhere = [name for name in unknown if not any(_holds(document, name) for document in documents)]
    named = " or ".join(f"“{name}”" for name in (nowhere or unknown)[:2])
    return f"mention {named}" if nowhere else f"say that about {named}" if named else ""


def _holds(document: Document, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", document.text, re.IGNORECASE) is not None


def subject(documents: Sequence[Document]) -> str:
    """Say in one sentence what the index is about, by its own titles."""
    first = sorted(documents, key=lambda document: not any(section.starter for section in document.sections))
    titles = [f"“{document.title}”" for document in first if document.title][:3]
    return (
        f"I answer from what I have read, such as {_joined(titles)}." if titles else "I answer from what I have read."
    )


def _joined(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"

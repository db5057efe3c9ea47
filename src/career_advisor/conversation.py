"""From the last turn and those before it to what is searched for.

Only what the person wrote is taken for theirs: an assistant turn in a history is a client's claim. It is searched with,
for what "it" or "the second one" may be often stands there alone, and nothing of it is shown or taken for theirs.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from importlib import resources
from itertools import dropwhile
from typing import NamedTuple, TypeAlias

from career_advisor.languages import foreign_language
from career_advisor.records import Feeling, Message, Queries, Understood
from career_advisor.telling import Weight
from career_advisor.text import ONESELF, clean, content_words, names, without_noise, words

# A turn that leans on the one before it: it opens by joining on, points back, or is too short to stand alone.
# The shape of the list is that of the elliptic turns in benchmarks/sets/talk_followups.jsonl (development half).
_JOINS = re.compile(
    r"^\s*(?:and|but|or|so|then|also|what about|how about|what if|ok(?:ay)?,? (?:and|but|so)|why not|even|instead"
    r"|no,|not|same|(?:no,? )?i (?:meant|mean)|wrong|which one|the (?:first|second|third|last|other)"
    r"|more|any more|like what|such as|for example)\b",
    re.IGNORECASE,
)
_POINTS = re.compile(
    r"\b(?:it|its|that|this|those|these|they|them|their|there|he|him|his|she|her|one|ones|such|same|other|former|latter|both"
    r"|either|second|first|instead|else|too|as well|without (?:it|one|any))\b",
    re.IGNORECASE,
)
_CORRECTS = re.compile(
    r"^\s*(?:no,?\s+)?(?:sorry,?\s+)?i (?:meant|mean)\b[\s,:]*|^\s*(?:no|nope|wrong|not that one)[,.:!]+\s*",
    re.IGNORECASE,
)
# Who says so turns to something else: what follows stands alone, if it says enough by itself.
_TURNS = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|right|good|thanks?(?: you)?|fine|great|anyway|alright|hm+)\W+)*"
    r"(?:leave (?:that|it)(?: for now)?|(?:an)?other (?:thing|topic|question|subject)|next (?:thing|question|topic)"
    r"|new (?:topic|question|subject)|different (?:topic|question|subject|thing)|something else|by the way|btw"
    r"|unrelated(?:ly)?)\b\W*",
    re.IGNORECASE,
)
_THIRD_PERSON = re.compile(r"\b(?:it|its|they|them|their|he|him|his|she|her)\b", re.IGNORECASE)
_OF_US = re.compile(
    r"\bhow(?:['’]?s| is| are) (?:it|things|everything|life|your)\b|\b(?:chat)?bots?\b|\b(?:human|person|real|alive)\b"
    r"|\btalking to\b|\b(?:any|some)body\b|\bwho (?:are|made) you\b"
    r"|\byou (?:who |that )?(?:wrote|remember|said|mean)\b",
    re.IGNORECASE,
)
# Whoever asks what to do now asks it of what went before.
_WHAT_NOW = re.compile(r"\b(?:now what|what now|what then|what next|(?:and|so) now)\W*$", re.IGNORECASE)
# "Explain it like I'm a tired manager" tells of nobody.
_AS_IF = re.compile(r"\b(?:like|as if|as though) (?:i['’]?m|im|i am|i was|i were)\b[^.?!;\n]*", re.IGNORECASE)
_SENTENCE = re.compile(r"[^.!?\n;]+[.!?;]*", re.UNICODE)
_ASKS = re.compile(
    r"^\W*(?:(?:and|but|so|ok(?:ay)?|hi|hello|please|also)\b[, ]*)*"
    r"(?:what|which|who|whom|whose|where|when|why|how|is|are|am|do|does|did|can|could|should|would|will|has|have|any)\b",
    re.IGNORECASE,
)
# "What I'd like is …", "have been teaching for years", "did a bootcamp": begins like a question, and is none.
_TELLS = re.compile(
    r"^\W*(?:(?:and|but|so)\b[, ]*)*(?:(?:what|which|who|where|when|why|how) (?:i|we|he|she|they|it|my|our)\b"
    r"|(?:have|has|am|is|are|will|would|can|could|do|did|does) (?:been|be|had|done|not|also|just|now|still)\b"
    r"|(?:have|has|do|did|does) (?:an?|the|my|our|some|two|three|four|\d+)\b)",
    re.IGNORECASE,
)

# What nobody can tell from a few lines: whether this person is good enough, will get in, should leave or stay.
_VERDICT = re.compile(
    r"\b(?:am i|are we) (?:\w+ )?(?:good|smart|clever|qualified|ready|too|suited|cut out|a (?:good )?fit|crazy|mad"
    r"|stupid|naive|competitive|wasting|kidding)\b"
    r"|\b(?:what are|what['’]?s|how (?:good|big|high) are|do i (?:have|stand)|have i(?: got)?|is there) (?:\w+ ){0,3}"
    r"chances?\b"
    r"|\b(?:would|will|could|can) i (?:ever |even |really |still )*(?:get in|be accepted|be good enough|make it)\b"
    r"|\bshould i (?:just |really |even |now )*(?:quit|leave|stay|give up|drop out"
    r"|take (?:it|the)|accept|resign|move)\b"
    r"|\b(?:tell me|be) (?:straight|honest(?:ly)?|bluntly?|the truth)\b|\bhonest (?:verdict|assessment|opinion)\b"
    r"|\byes or no\b|\b(?:stay or (?:go|leave|switch|quit)|leave or stay|quit or stay)\b"
    r"|\bis (?:it|this|my \w+) (?:\w+ ){0,2}(?:realistic|silly|hopeless|delusional|crazy)\b"
    r"|\btoo (?:late|old) for me\b|\b(?:tell me|say) (?:just )?which\b"
    r"|\bwhich (?:one|of (?:them|the two|these)) (?:should|would|do)\b"
    r"|\b(?:when|how long) (?:should i|do i|would you(?: say)?)\b[^?.]{0,30}\b(?:give up|stop|quit|call it a day)\b"
    r"|\bshould i (?:just |now )?(?:stop|keep (?:going|trying|applying))\b",
    re.IGNORECASE,
)

_COMPARES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?:differences?|differ|compare|comparison|choos(?:e|ing)|decide|torn) between (.+?) and ([^?.!,;]+)",
        r"\bhow (?:does|do|is|are) (?:the |a |an )?(.+?) (?:differ(?:ent)? from|compare (?:to|with)) ([^?.!,;]+)",
        r"([^?.!,;:]+?),? (?:vs\.?|versus|compared (?:to|with)|as opposed to) ([^?.!,;–]+)",
        r"^([\w ]{2,24}?) or ([\w ]{2,24}?)(?: first|, which.*)?\W*$",
    )
)

_PRONOUN = re.compile(r"\b(?:it|its|they|them|their|there|that|those|these)\b", re.IGNORECASE)
_ORDINAL = re.compile(r"\bthe (first|second|third|fourth|last|former|latter)(?: one)?\b", re.IGNORECASE)
_PLACES = {"first": 0, "second": 1, "third": 2, "fourth": 3, "last": -1, "former": 0, "latter": -1}
_PHRASE = re.compile(r"\b[A-Z][\w-]*\w(?: (?:[A-Z]|\d)[\w-]*)*")
# A few words that are a whole sentence, or name the field, something with a capital, or who asks, may stand alone.
_OF_ITSELF = re.compile(
    r"\b(?:AI|I|[Ss]afety)\b|\b[A-Z][\w-]*[A-Z]|\S\s+[A-Z]\w"
    r"|(?i:\b(?:is|are|am|was|were|do|does|did|can|could|will|would|has|have|should|won)(?:n['’]?t)?\b"
    r"|^\W*(?:who|whose|recommend|suggest|tell|give|show|write|explain|list|find|make|help)\b)"
)
_QUOTED = re.compile(r"([^\n]+?)(?: \[\d+\])+")
CARRIED = 40
"""Words of the last answer that a turn is searched behind."""
ANSWER = 1_500
"""Characters of the last answer that are looked at."""

_ASKS_ALSO = re.compile(
    r",?\s+(?:and|but|or)\s+(?=(?:what|which|who|where|when|why|how|is|are|do|does|did|can|could|should|would|will)\b)",
    re.IGNORECASE,
)

# What people call the field, for the name that guidance gives it: an encoder takes "alignment" for something else.
FIELD = "AI safety"
_FIELD = re.compile(
    r"\b(?:(?:technical )?(?:ai|a\.i\.|agi)[ -](?:al+ign?ment|saftey|safty|x-?risk)|al+ign?ment|x-?risk|aisafety)\b"
    r"(?! (?:forum|problem|tax|slack|newsletter|jam))",
    re.IGNORECASE,
)
_DEFINES = re.compile(
    r"\b(?:what(?:'s| is| are| does)|whats|define|definition|mean(?:s|ing)?|stands? for|word|term)\b", re.IGNORECASE
)

# Where a sentence begins to ask once more: "do i quit, do i study at night, or is there a third way".
_AUX = r"(?:do|does|did|can|could|should|would|will|is|are|am|has|have)(?:n['’]?t)?"
_ASKS_ANEW = re.compile(
    rf"(?:\s*[,:;–—]|\s-)?\s+(?:(?:and|but|or|so|also|then|plus)\s+)?"
    rf"(?:(?:also|separately|second(?:ly)?|finally|lastly|if (?:so|yes|not)),?\s+)?"
    rf"(?=(?:{_AUX} (?:i|you|we|they|there|it|any\w*|some\w*|people)|(?:what|how) about"
    rf"|(?:(?:to|for|with|from|at|in|on|by) )?(?:what|which|whom?|where|when|why|how)"
    rf"(?:(?: \w+){{0,3}}? {_AUX}|['’](?:d|s|ll|re)))\b)",
    re.IGNORECASE,
)
# "The degree, which is 14 more months" goes on with what it was saying.
_RELATES = re.compile(rf"(?:which|who|where) {_AUX}\b", re.IGNORECASE)
# Points that somebody numbers.
_NUMBERED = re.compile(r"(?:(?<=\s)|(?<=^)|(?<=[,;:]))\(?(?:[1-5]|[a-e])\)\s+")
_CONJOINED = re.compile(r"\b(?:and|but|or|so|also|then|plus)\b", re.IGNORECASE)
_JOINED = re.compile(r"[,:;–—-]|\b(?:and|but|or|so|also|then|plus)\b", re.IGNORECASE)

OWN_WORDS = 3
"""Content words from which a part of a message may stand alone."""
FEW = 3
"""Content words up to which a turn that names nothing cannot."""
SHORT = 5
"""Content words up to which a turn that points back cannot stand alone."""
SEVERAL = 9
"""Words from which a message of several sentences is taken apart: it holds several things to look up."""
TELLING = 14
"""Words from which a single sentence may tell of somebody, and not only ask."""
SITUATIONS = 4
"""Situations looked up at most, in their order."""
FACETS = 8
"""Parts looked up at most; each is one more query."""
KNOWN = 6
"""Of these, questions that guidance answers for such a person, at most; fewer where the message asks by itself."""
OWN = 2
"""By how many fewer, at most."""

HOLDS = 0.75
"""Log-odds from which somebody is taken to be in a situation: what is said of a person must seldom be wrong."""

Tell: TypeAlias = Callable[[str, Sequence[float]], Mapping[str, Weight]]
"""Weighs the situations that a text tells of, given its signs (`telling`)."""


def understand(
    question: str,
    history: Sequence[Message] = (),
    *,
    of_the_field: bool = False,
    is_name: Callable[[str], bool] = lambda stem: False,
    names_something: Callable[[str], bool] = lambda stem: False,
    ignore: Collection[str] = (),
    about: Collection[str] = (),
    tell: Tell | None = None,
) -> Queries:
    """Work out what a turn asks.

    A turn that leans on the one before is searched as asked, behind the previous question and behind the last answer;
    the rankings are fused, because neither way is right for both turns that continue and turns that change the subject
    (benchmarks/results, CANARD and MTRAG in the notes of docs/decisions/0004).

    Args:
        question: The last turn, as typed.
        history: The turns before it, oldest first.
        of_the_field: Whether the index is about AI safety: other names of the field are then searched for by its own.
        is_name: Tells of the stem of a name whether the index has it and is not about it all over.
        names_something: Tells of the stem of any word whether it is a name of the index, however it is written.
        ignore: Keys of situations that the person says are not theirs, whatever the words look like.
        about: Keys of situations that the person says are theirs. Unknown keys count for nothing.
        tell: Weighs the situations that words tell of; without it their patterns alone decide.

    Returns:
        The cleaned question without noise, its stand-alone form, what is searched, and the parts of a long message.
    """
    asked = without_noise(clean(question))
    named = names_something if of_the_field else bool  # elsewhere every word may name something: nobody measured it
    previous = _previous_question(history, named)
    turned = _TURNS.sub("", asked)
    turns = turned != asked and len(content_words(turned)) >= OWN_WORDS
    asked = turned if turns else asked
    if previous and not turns and _leans(asked, named):
        corrected = _CORRECTS.sub("", asked).strip() or asked
        meant = _meant(corrected, previous, history, is_name)
        standalone = f"{previous} {meant} {corrected[:1].upper()}{corrected[1:]}".replace("  ", " ")
        said = f"{meant}:" if meant else _said(history)
        person = _Person(ignore, about, tell)
        queries = _searching(asked, standalone, (corrected, standalone), of_the_field=of_the_field, of=person)
        if not said:
            return queries
        once, alone, *others = queries.searched
        return replace(queries, meant=meant, behind=True, searched=(once, alone, f"{said} {once}", *others))
    return _searching(asked, asked, (asked,), of_the_field=of_the_field, of=_Person(ignore, about, tell))


def _meant(question: str, previous: str, history: Sequence[Message], is_name: Callable[[str], bool]) -> str:
    """Return what was named before and the turn points at, if the person's own words do not say it.

    "The second one" is that of several that the person named, in one turn or in several; else of the last answer's.
    """
    answer = _last_answer(history)
    named = _phrases(answer, is_name)
    ordinal = _ORDINAL.search(question)
    if ordinal:
        asked = _phrases(". ".join(clean(turn.content) for turn in history if turn.role == "user")[-ANSWER:], is_name)
        several = asked if len(asked) > 1 else named
        place = _PLACES[ordinal.group(1).lower()]
        if place >= len(several):  # the first of them may be none that the index has
            several = [each if each in named else "" for each in _phrases(answer, bool)]
        return several[place] if -len(several) <= place < len(several) else ""
    own = any(map(is_name, names(f"x {previous}")))
    return named[0] if named and not own and _PRONOUN.search(question) else ""


def _said(history: Sequence[Message]) -> str:
    """Return the words that the last answer begins with; of one in quotes the quotes, for ours are about no subject."""
    answer = _last_answer(history)
    quoted = " ".join(match.group(1) for match in _QUOTED.finditer(answer))
    return " ".join((quoted or answer).split()[:CARRIED])


def _last_answer(history: Sequence[Message]) -> str:
    last = next((turn.content for turn in reversed(history) if turn.role == "assistant"), "")
    return clean(last[: 4 * ANSWER])[:ANSWER]


def _phrases(text: str, is_name: Callable[[str], bool]) -> list[str]:
    """Return the names in a text that the index has, each once, in order, without an "And" before them."""
    stems = names(text)
    bare = (" ".join(dropwhile(lambda word: not content_words(word), each.split())) for each in _PHRASE.findall(text))
    return [phrase for phrase in dict.fromkeys(bare) if any(map(is_name, names(f"x {phrase}").keys() & stems.keys()))]


class _Person(NamedTuple):
    """What a person said of what was understood of them, and how it is understood."""

    ignore: Collection[str]
    about: Collection[str]
    tell: Tell | None

    def situations(self, text: str) -> list[_Situation]:
        """Return the situations that words tell of, first what matters most.

        What the person says of them comes before what the words look like.
        """
        told, fits = telling(text)
        known = _known_situations()
        # Of a language that is not read, the encoder makes a person of its own: outside the US, whoever it is.
        weighed = self.tell(told, fits) if self.tell and not foreign_language(text) else {}
        # By pattern alone nobody is in a situation where no I, my or we stands; and the order of the file counts.
        by_pattern = {
            each.key: Weight(1.0 if fit and fits[-1] else -1.0, -rank)
            for rank, (each, fit) in enumerate(zip(known, fits, strict=False))
        }
        weights = by_pattern | dict(weighed)
        meant = [
            each
            for each in known
            if each.key in self.about or (each.key not in self.ignore and weights[each.key].holds >= HOLDS)
        ]
        return sorted(meant, key=lambda each: (each.key not in self.about, -weights[each.key].matters))


def telling(text: str) -> tuple[str, list[float]]:
    """Return what of a text may tell of its writer, the field under its own name, and its signs.

    These are whether the pattern of each situation fits, 0 or 1, and last whether somebody says "I".
    """
    told = _AS_IF.sub("", text)
    patterns = [each.pattern for each in _known_situations()]
    return _named(told), [float(bool(pattern.search(told))) for pattern in (*patterns, ONESELF)]


def _searching(asked: str, standalone: str, searched: Sequence[str], *, of_the_field: bool, of: _Person) -> Queries:
    if not of_the_field:
        own = (_parts(asked) or _sides(asked))[:FACETS]
        return Queries(asked, standalone, tuple(searched), own, asking=sum(map(asks, own)))
    told = of.situations(asked)
    parts, situations = _parts(asked), _looked_up(asked, told, of)
    states = frozenset(each.key for each in (told if standalone == asked else of.situations(standalone)))
    tells = bool(parts) or (len(words(asked)) >= TELLING and not _ASKS.match(asked))
    if not tells:
        sides = _sides(asked)  # under the names that they are set apart by
        # A bare question is put once more, as guidance puts it for such a person: "can I help without being technical?"
        # Only what is said outright counts: most that was learnt of a question is what it asks about.
        outright = of._replace(tell=None)
        again = _looked_up(asked, outright.situations(asked), outright)[:1] if not sides else []
        put = tuple(_named(text) for text in [*searched, *(each.asks[0] for each in again)])
        asking = sum(map(asks, sides))
        return Queries(asked, standalone, put, sides, understood=_understood(again), asking=asking, states=states)
    own = tuple(_named(part) for part in parts if asks(part) or not situations)
    # The first question of each situation, then the second of each, as far as there is room.
    by_rank = sorted((i, j, ask) for j, each in enumerate(situations) for i, ask in enumerate(each.asks))
    known = [ask for _, _, ask in by_rank][: KNOWN - min(len(own), OWN)]
    own = own[: FACETS - len(known)]
    return Queries(
        question=asked,
        standalone=standalone,
        searched=tuple(_named(text) for text in searched),
        facets=(*own, *known),
        situations=tuple(each.label for each in situations),
        understood=_understood(situations),
        needs=tuple(dict.fromkeys(need for each in situations for need in each.needs)),
        asking=sum(map(asks, own)),
        known=len(known),
        states=states,
    )


def _understood(situations: Sequence[_Situation]) -> tuple[Understood, ...]:
    return tuple(Understood(each.key, each.label, each.about) for each in situations)


def _named(text: str) -> str:
    """Return a text with the field under its own name, unless it asks what the other name means."""
    return text if _DEFINES.search(text) else _FIELD.sub(FIELD, text)


class _Situation(NamedTuple):
    """A kind of situation, from situations.toml."""

    key: str
    label: str
    about: str
    feels: Feeling | None
    asks: tuple[str, ...]
    """Questions that guidance answers for such a person, the most telling first."""
    needs: tuple[str, ...]
    pattern: re.Pattern[str]
    unless: frozenset[str]
    """Keys of situations beside which this one is not looked up."""


@lru_cache(maxsize=1)
def _known_situations() -> tuple[_Situation, ...]:
    text = resources.files("career_advisor").joinpath("situations.toml").read_text("utf-8")
    return tuple(
        _Situation(
            key=key,
            label=each["label"],
            about=each["about"],
            feels=each.get("feels"),
            asks=tuple(each["asks"]),
            needs=tuple(each["needs"]),
            pattern=re.compile("|".join(each["patterns"]), re.IGNORECASE),
            unless=frozenset(each.get("unless", ())),
        )
        for key, each in tomllib.loads(text).items()
    )


def example_texts() -> tuple[str, ...]:
    """Return every question that a situation is looked up by: their vectors can be known beforehand."""
    return tuple(ask for each in _known_situations() for ask in each.asks)


def known_situations() -> tuple[Understood, ...]:
    """Return everything that can be understood of a person, in the order in which it counts."""
    return _understood(_known_situations())


def _looked_up(message: str, told: Sequence[_Situation], of: _Person) -> list[_Situation]:
    """Return which of the situations that a message tells of are looked up.

    What they once said of themselves is not looked up where a question says nothing of them.
    """
    spoken = bool(ONESELF.search(message))
    found = [each for each in told if spoken or each.key not in of.about]
    keys = {each.key for each in found}
    return [each for each in found if not each.unless & keys][:SITUATIONS]


def _sides(question: str) -> tuple[str, ...]:
    """Return the two things that are set beside each other, or asked in one breath: each is looked up, too."""
    found = next((match for pattern in _COMPARES if (match := pattern.search(question))), None)
    sides = [" ".join(side.split()) for side in found.groups()] if found else []
    if sides and all(0 < len(content_words(side)) <= SHORT for side in sides):
        return tuple(sides)
    asked = [part.strip() for part in _ASKS_ALSO.split(question)]
    whole = len(asked) > 1 and all(len(content_words(part)) > 1 for part in asked)
    return tuple(asked) if whole and not any(map(_PRONOUN.search, asked[1:])) else ()


def asks(text: str) -> bool:
    """Tell whether a part of a message asks something."""
    return text.endswith("?") or bool(_ASKS.match(text) and not _TELLS.match(text))


def feeling_of(understood: Sequence[Understood]) -> Feeling | None:
    """Return what weighs on somebody by their situation, if anything does."""
    keys = {each.key for each in understood}
    return next((each.feels for each in _known_situations() if each.feels and each.key in keys), None)


def asks_for_a_verdict(text: str) -> bool:
    """Tell whether somebody wants to be judged, or told what to do with their life."""
    return bool(_VERDICT.search(text))


def points_back(question: str) -> bool:
    """Tell whether a turn asks about somebody or something named before, and not about us: "do they pay you?"."""
    return (
        asks(question)
        and bool(content_words(question) and _THIRD_PERSON.search(question))
        and not _OF_US.search(question)
    )


def stands_alone(part: str) -> bool:
    """Tell whether a part of a message says by itself what it asks: it names several things and points at none."""
    return asks(part) and len(content_words(part)) >= OWN_WORDS and not _POINTS.search(part)


def _leans(question: str, named: Callable[[str], bool]) -> bool:
    content = len(content_words(question))
    if _CORRECTS.search(question) or content == 0:
        return True
    if _JOINS.search(question) or _WHAT_NOW.search(question):
        return content <= 2 * SHORT
    if content <= SHORT and (bool(_POINTS.search(question)) or content <= 1):
        return True
    return content <= FEW and not _OF_ITSELF.search(question) and not any(map(named, content_words(question)))


def _previous_question(history: Sequence[Message], named: Callable[[str], bool]) -> str:
    """Return the last thing the person asked that says something by itself, with what it leaned on before it."""
    asked = [clean(turn.content) for turn in history if turn.role == "user"]
    carried: list[str] = []
    for turn in reversed(asked[-4:]):
        if not content_words(turn):
            continue
        carried.insert(0, turn)
        if not _leans(turn, named):
            break
    return " ".join(carried)[-600:]


def _apart(sentence: str) -> list[str]:
    """Take a sentence apart where it begins to ask, and to ask again: at a comma, or behind "and" and its like."""
    cuts = [
        cut.span()
        for cut in _ASKS_ANEW.finditer(sentence)
        if _JOINED.search(cut.group()) and (_CONJOINED.search(cut.group()) or not _RELATES.match(sentence, cut.end()))
    ]
    starts, ends = [0, *(end for _, end in cuts)], [*(start for start, _ in cuts), len(sentence)]
    return [sentence[start:end].strip() for start, end in zip(starts, ends, strict=True) if sentence[start:end].strip()]


def _parts(question: str) -> tuple[str, ...]:
    """Return the sentences of a message that say something, if there are several; those that ask come first."""
    if len(words(question)) < SEVERAL:
        return ()
    points = [sentence.group().strip() for point in _NUMBERED.split(question) for sentence in _SENTENCE.finditer(point)]
    parts = [part for point in points for part in _apart(point)]
    telling = [part for part in parts if len(content_words(part)) > (0 if asks(part) else 1)]
    asking = [part for part in telling if asks(part)]
    rest = [part for part in telling if part not in asking]
    return tuple(asking + rest) if len(telling) > 1 else ()

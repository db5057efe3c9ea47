"""What stands in a text: its content words, names, numbers and the kinds of thing that a question can ask for.

Plain functions on strings, shared by the steps that judge and the steps that write, because both must mean the same
thing by "a word".
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Literal, TypeAlias

Asked: TypeAlias = Literal[
    "salary",
    "pay",
    "cost",
    "share",
    "deadline",
    "date",
    "duration",
    "count",
    "address",
    "place",
    "person",
    "now",
]
"""Kinds of thing that a question can ask for and that an answer must visibly contain."""

ONESELF = re.compile(r"\b(?:i|i['’](?:m|ve|d|ll)|im|ive|my|me|we|our)\b", re.IGNORECASE)
"""Words in which somebody speaks of themselves."""

# Function words, and the words in which people wrap a question: they carry no content of it.
STOP_WORDS = frozenset(
    """a about above after again against all also am an and any anybody anyone anything are aren't as at be because been
    before being below between both but by can can't cannot could couldn't did didn't do does doesn't doing don't down
    during each either else even ever every few for from further get gets getting give given go goes going gonna got
    had hadn't has hasn't have haven't having he her here hers herself him himself his how however i i'd i'll i'm i've
    if in into is isn't it it's its itself just let let's like lot lots make makes many may maybe me might more most
    much must my myself need needs neither no nor not now of off ok okay on once one ones only or other others ought
    our ours ourselves out over own perhaps please quite rather really same say says see seem seems shall she should
    shouldn't so some somebody someone something still such than that that's the their theirs them themselves then
    there there's these they they're thing things this those though through to too under until up upon us very wanna
    want wants was wasn't way we well were weren't what what's whatever when where whether which while who whom whose
    why will with within without won't would wouldn't yes yet you you'd you'll you're you've your yours yourself
    dont cant im ive id wont isnt arent doesnt didnt whats thats u ur pls hey hi hello know tell think anyways actually
    basically honestly kind sort bit etc""".split()  # noqa: SIM905  (two hundred quoted words would not be read by anybody)
)

# The few words that any sentence has: what else it says must be carried by what it cites, "most" and "must" included.
FUNCTION_WORDS = frozenset(
    """a an the of to in on at by for with and or but is are was were be been it its this that these those i you he she
    they we as from have has had do does did not""".split()  # noqa: SIM905
)

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*(?:-[^\W_]+)*", re.UNICODE)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]*"
_NUMBER_WORD = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|hundred|"
    r"thousand|few|several|couple|dozen|half|a|an)"
)
_UNIT = r"(?:second|minute|hour|day|week|month|year|decade|semester|term)s?"

_MONEY = r"[$£€]\s?\d|\b\d[\d,.]*\s?(?:k\b|(?:US |Canadian |Australian )?dollars?|pounds?|euros?|usd|gbp|eur|francs?)"
_OPENING = r"(?:open|hiring|recruiting|available|vacanc(?:y|ies)|openings|positions|roles|rounds?|jobs?)"
_AT_PRESENT = r"\b(?:right now|at the moment|today|currently|this (?:week|month))\b"
_PAY = r"\b(?:salar(?:y|ies)|wages?|stipends?|compensation|earnings?|pay ?check|income)\b"
# What somebody in a job earns is not what a fellow is given.
_OF_A_JOB = re.compile(
    r"\b(?:salar(?:y|ies)|wages?|(?:research )?(?:engineer|scientist|researcher|analyst|employee|manager)s?|staff|jobs?"
    r"|roles?|positions?)\b",
    re.IGNORECASE,
)
_OF_A_PROGRAMME = r"\b(?:fellow|stipend|scholar|intern\b|interns|internship|mentee|program|bootcamp|grant)\w*"
_JOBS = "researcher|engineer|scientist|analyst|manager|developer|lead"
_ANY_NUMBER = rf"\d|\b{_NUMBER_WORD}\b"

_NO_PERSON = (
    r"(?!(?:The|An?|In|At|On|As|For|By|Of|From|With|What|Who|Institute|Center|Centre|Security|Safety|Research|Program(?:me)?"
    r"|Fellows?|Fellowship|Hours|Labs?|Impact|University|Academy|Board|Fund|Forum|Slack|Camp|Course|Technical|Office"
    r"|United|New|San|London|Washington|Berkeley|Cambridge|Oxford|January|February|March|April|May|June|July|August"
    r"|September|October|November|December|Spring|Summer|Autumn|Winter)\b)"
)
"""What begins no person's name."""

_KINDS: dict[Asked, re.Pattern[str]] = {
    "salary": re.compile(rf"\A(?![\s\S]*{_OF_A_PROGRAMME})[\s\S]*?(?:{_MONEY})", re.IGNORECASE),
    "pay": re.compile(rf"{_MONEY}|\bunpaid\b|\bwithout pay\b|\bno (?:pay|stipend|salary)\b", re.IGNORECASE),
    "cost": re.compile(rf"{_MONEY}|\bfree\b|\bno (?:fee|cost|charge)\b|\bcosts? nothing\b", re.IGNORECASE),
    "share": re.compile(
        r"\d\s?%|per cent|percent|\bone in \w+|\b\d+ in \d+|\bhalf\b|\b(?:an?|one|two|of) thirds?\b(?!-)|\bquarters?\b",
        re.IGNORECASE,
    ),
    "date": re.compile(
        rf"\b(?:19|20)\d\d\b|\b{_MONTH}\b(?=[\s.,]*\d)|\b\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}\b"
        r"|\b(?:january|february|march|april|june|july|august|september|october|november|december)\b|\brolling\b",
        re.IGNORECASE,
    ),
    "deadline": re.compile(r"\brolling\b|\bany time\b", re.IGNORECASE),
    "duration": re.compile(
        rf"\b(?:\d[\d,.]*|{_NUMBER_WORD})(?:[\s-]+(?:or|to|and|–|hundred|thousand|of|few|couple|\d+))*[\s-]+{_UNIT}\b"
        rf"|\b{_UNIT}\b[^.]{{0,20}}\b(?:long|of work)\b|\b(?:long|short) time\b|\bquick(?:ly|er)?\b",
        re.IGNORECASE,
    ),
    "count": re.compile(_ANY_NUMBER, re.IGNORECASE),
    "address": re.compile(r"https?://|\b[\w-]+\.(?:com|org|info|net|io|education|uk|eu)\b|@\w", re.IGNORECASE),
    "place": re.compile(r"\b(?:in|at|from|near|outside)\s+(?:the\s+)?[A-Z][\w-]+|\bonline\b|\bremote(?:ly)?\b"),
    "person": re.compile(
        r"\b(?!(?:The|An?|In|At|On|As|For|By|Of|From|With|What|Who)\b)[A-Z][a-zé]+\s+(?:[A-Z]\.\s+)?[A-Z][a-zé'-]+"
    ),
    "now": re.compile(r"(?!)"),  # no text that was written down knows what is true today
}

_ASKS: tuple[tuple[Asked, re.Pattern[str]], ...] = (
    (
        "now",
        re.compile(
            rf"\b{_OPENING}\b[^?.]*{_AT_PRESENT}|{_AT_PRESENT}[^?.]*\b{_OPENING}\b"
            r"|\bas of today\b|\bnowadays\b|\bmost recent\b|\blatest\b"
            r"|\bis (?!the\b)(?:[\w']+ ){1,3}(?:hiring|recruiting)\b(?! bar| process| manager)"
            r"|\bdo(?:es)? (?!i\b|we\b)(?:[\w']+ ){1,3}still\b"
            r"|\bcurrent(?:ly)? (?:head|ceo|director|lead|leads|leader|president|openings|vacancies)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "share",
        re.compile(
            r"\b(?:acceptance|success|admission|rejection) (?:rate|chance)s?\b|\bpercent(?:age)?\b|\bper cent\b"
            r"|\bwhat (?:fraction|share|proportion)\b"
            r"|(?<!any )(?<!realistic )(?<!real )(?<!good )\b(?:chances?|odds) of (?:getting|being|an?)\b"
            r"|\b(?:what|how (?:big|good|high|likely))[^?.]{0,30}\b(?:chances?|odds)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "pay",
        re.compile(
            rf"\b(?:what|how (?:much|high|big|good|well)|which|tell me|give me|exact)\b[^?.]*{_PAY}"
            rf"|^(?:[\w']+ ){{0,4}}{_PAY}(?: [\w']+){{0,4}}\W*$"
            r"|^(?!(?:will|would|could|should|can|may|does|is)\b)"
            rf"(?:[\w']+ ){{0,3}}{_PAY} (?:for|at|of|in|as)\b(?: [\w']+){{1,9}}\W*$"
            r"|\bhow much (?:do|does|did|would|will|can|could)\b[^?.]*\b(?:pay|paid|earn|make)\b"
            r"|\b(?:what|how much)\b[^?.]*\b(?:earn|get paid)s?\b|\bwhat (?:would|do|does|will) (?:[\w']+ ){1,4}pay\b"
            rf"|\bwhat (?:do|does|would|will|can|could) (?:[\w-]+ ){{0,4}}(?:{_JOBS})s? (?:at [\w ]+ )?make\b\W*$"
            r"|\bwhat(?:'s| is)? the pay\b|\bhow (?:well|much) paid\b",
            re.IGNORECASE,
        ),
    ),
    (
        "cost",
        re.compile(
            r"\b(?:tuition|fees?|prices?)\b|\bhow much (?:money|cash)\b|\bhow expensive\b"
            r"|\b(?:what|how much)\b[^?.]*\b(?:costs?|charges?)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "duration",
        re.compile(r"\bhow (?:long|many (?:hours|days|weeks|months|years)|much time)\b|\bhow quickly\b", re.IGNORECASE),
    ),
    (
        "deadline",
        re.compile(
            r"\bdeadlines?\b|\b(?:next|upcoming|coming) (?:\w+ )?(?:round|cohort|intake|edition|application)s?\b"
            r"|\bwhen (?:do|does|will|can|is|are) [^?.]*\b(?:open|close|apply|applications?|due)\b"
            r"|\bapplications? (?:open|close)s?\b|\bby when\b",
            re.IGNORECASE,
        ),
    ),
    (
        "date",
        re.compile(
            r"\b(?:what|which|exact) (?:date|day|month|year)\b"
            r"|^\s*(?:so |and |but )?when (?:is|are|was|were|does|do|did|will)\b",
            re.IGNORECASE,
        ),
    ),
    ("count", re.compile(r"\bhow many\b|\bnumber of\b|\bheadcount\b", re.IGNORECASE)),
    (
        "address",
        re.compile(
            r"\b(?:url|link|website|web address|e-?mail(?: address)?|phone number|postal address)\b", re.IGNORECASE
        ),
    ),
    (
        "person",
        re.compile(r"^\s*(?:so |and )?who (?:is|are|was|were|runs|leads|founded|started|wrote|heads)\b", re.IGNORECASE),
    ),
    (
        "place",
        re.compile(
            r"\b(?:which|what) (?:street|city|country|town|university|universities)\b"
            r"|^\s*where (?:is|are) (?:\w+ ){1,3}(?:based|located)",
            re.IGNORECASE,
        ),
    ),
)

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY = re.compile(
    rf"(?:(?:(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?)?\b(?P<month>{_MONTH}),?\s+)?\b(?P<year>20\d\d)\b",
    re.IGNORECASE,
)

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn"}
_KEPT = {"\n", "\t", "\u200c", "\u200d"}


def clean(text: str) -> str:
    """Return the text composed (NFC), without control, bidirectional, private and surrogate characters.

    Line ends and tabs stay, and so do the joiners that Persian, Hindi and emoji need.
    """
    composed = unicodedata.normalize("NFC", text.encode("utf-8", "ignore").decode("utf-8"))
    kept = "".join(c for c in composed if c in _KEPT or unicodedata.category(c) not in _HIDDEN)
    return kept.strip()


_READABLE = re.compile(r"[^\w\s]*(?:[^\W\d_]+(?:[-'’/][^\W\d_]+)*|[$€£]?\d[\d.,:/-]*(?:st|nd|rd|th|k|m|%)?)[^\w\s]*\Z")
NOISE = 0.5
"""Share of a message's tokens that are readable below which the rest of it is noise."""
LINE = 3
"""Readable tokens that a line among noise must have."""


def without_noise(text: str) -> str:
    """Return the lines that can be read of a text that is mostly noise (keys, encoded data, a cat on the keyboard).

    Any other text is returned as it is, and so is one of noise alone.
    """
    tokens = text.split()
    if not tokens or sum(map(_is_readable, tokens)) >= NOISE * len(tokens):
        return text
    lines = [line.strip() for line in text.splitlines()]
    return "\n".join(line for line in lines if _can_be_read(line.split())) or text


def _can_be_read(tokens: Sequence[str]) -> bool:
    readable = sum(map(_is_readable, tokens))
    return readable >= LINE and readable > (1.0 - NOISE / 2.0) * len(tokens)


def _is_readable(token: str) -> bool:
    return _READABLE.match(token) is not None


def words(text: str) -> list[str]:
    """Return the words in order, lower-cased, as written."""
    return [match.group().lower().replace("’", "'") for match in _WORD.finditer(text)]


@lru_cache(maxsize=1)
def _stemmer() -> object:
    from Stemmer import Stemmer

    return Stemmer("english")


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """Return the Snowball (English) stem of a lower-cased word."""
    stemmed: str = _stemmer().stemWord(word.removesuffix("'s"))  # type: ignore[attr-defined]  # the library is untyped
    return stemmed


def content_words(text: str) -> list[str]:
    """Return the stems of the words that carry content, in order, repeats kept."""
    return [stem(word) for word in words(text) if word not in STOP_WORDS and (len(word) > 1 or word.isdigit())]


@lru_cache(maxsize=32_768)
def stems(text: str) -> frozenset[str]:
    """Return the stems of the words that carry content; for texts of the index, which are asked for again and again."""
    return frozenset(content_words(text))


def said_words(text: str) -> list[str]:
    """Return the stems of all words but the barest, in order, repeats kept."""
    return [stem(word) for word in words(text) if word not in FUNCTION_WORDS]


def numbers(text: str) -> set[str]:
    """Return the numbers in digits, without thousands separators."""
    return {match.group().replace(",", "").rstrip(".") for match in _NUMBER.finditer(text)}


def names(text: str) -> dict[str, str]:
    """Return the words written as names (a capital inside, or at the front but not of a sentence), by their stem."""
    found: dict[str, str] = {}
    end = 0
    for match in _WORD.finditer(text):
        opening = end == 0 or bool(re.search(r"[.!?:\n\"“(]", text[end : match.start()]))
        end = match.end()
        word = match.group()
        lowered = word.lower().replace("’", "'").removesuffix("'s")
        if lowered in STOP_WORDS or not word[0].isalpha():
            continue
        if any(c.isupper() for c in word[1:]) or (word[0].isupper() and not opening):
            found.setdefault(stem(lowered), word.removesuffix("'s").removesuffix("’s"))
    return found


def asked_for(question: str) -> Asked | None:
    """Return the kind of thing that a question asks for, if it is one that an answer must visibly contain."""
    for kind, pattern in _ASKS:
        if pattern.search(question):
            of_a_job = _OF_A_JOB.search(question) and not re.search(_OF_A_PROGRAMME, question, re.IGNORECASE)
            return "salary" if kind == "pay" and of_a_job else kind
    return None


def contains(text: str, kind: Asked, today: date) -> bool:
    """Tell whether a thing of that kind stands in the text; a deadline must be one that is still to come."""
    if kind == "deadline" and any(day >= today for day in dates(text)):
        return True
    return bool(_KINDS[kind].search(text))


def dates(text: str) -> list[date]:
    """Return the days that a text names, in order; a month or a year without a day counts as its last day.

    >>> dates("It ran from 1 June to August 2026, and again in 2027.")
    [datetime.date(2026, 8, 31), datetime.date(2027, 12, 31)]
    """
    found = []
    for match in _DAY.finditer(text):
        year = int(match["year"])
        month = _MONTHS.index(match["month"][:3].lower()) + 1 if match["month"] else 12
        last = monthrange(year, month)[1]
        found.append(date(year, month, min(int(match["day"] or last), last)))
    return found

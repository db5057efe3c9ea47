"""*Where do I stand?*: bars that sources state, what a person says of each, and a verdict from their own ticks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from career_advisor.guided.answers import Answers
from career_advisor.guided.questions import TICKS, guides
from career_advisor.guided.quoting import Quoter, stated
from career_advisor.guided.sheet import Bar, GradeKey, Item, Ours, Own, Part, Verdict

UNSURE = "unsure"
LEAST_TICKS = 2
"""Ticked bars from which there is a verdict, where none is enough by itself."""
SHARE_HAD = 2 / 3
"""Of the ticked bars, from which waiting has little for it."""
SHOWN = 3
"""Services at the end."""
MINE_SHOWN = 2
"""Of a person's own sentences, set beside one bar."""

CHOOSE = (
    "Below is one bar from each of several kinds of work. Choose a kind in which you could tick “I have this”, and its "
    "own bars appear, with a verdict."
)
NOISY = (
    "This is worked out by rule from your own ticks, with no knowledge of you. Judgements like it are noisy, whoever "
    "makes them: take it as one voice, and let a person who talks with you overrule it."
)
_SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?](?=\S)[^.!?\n]*)*[.!?]*")


def bar_keys() -> tuple[str, ...]:
    """Return the keys of all bars."""
    return tuple(stated()["bar"])


def bars_of(direction: str) -> dict[str, Mapping[str, Any]]:
    """Return the bars of a kind of work."""
    return {key: bar for key, bar in stated()["bar"].items() if direction in bar["for"]}


def standing(answers: Answers, quoter: Quoter) -> list[Part]:
    """Return the document's parts."""
    directions = answers.lines("directions") or (UNSURE,)
    judged = [judge(direction, answers) for direction in directions]
    top: list[Item] = [item for verdict in judged for item in (verdict, *_what_then(verdict, answers, quoter))]
    return [
        Part("Where you stand, by your own ticks", (*top, Ours(NOISY))),
        *_against(answers, directions, quoter),
        Part("What is looked for, and what you say of it", _mine(answers)),
        *(part for direction in directions for part in _bars(direction, answers, quoter, first=directions[0])),
        *_limits(answers, directions, quoter),
        *_next(judged, directions, quoter),
    ]


def judge(direction: str, answers: Answers) -> Verdict:
    """Decide by plain rules over the person's own ticks; docs/guided-conversations.md says them in words.

    The first rule that fits: too few ticks, no verdict; a bar that its source calls enough, and no "not yet" at the
    literature, apply now; two thirds or more of the ticked bars had, at least two, apply now; more not yet than had,
    and the person either did not enjoy such work or could be great at other work, perhaps another way of helping;
    otherwise train first.
    """
    question = guides()["stand"].question("directions")
    work = question.label(direction) if question else direction
    if direction == UNSURE:
        return Verdict("open", "", "Nothing chosen yet", CHOOSE)
    bars = bars_of(direction)
    ticks = {
        key: tick
        for key, bar in bars.items()
        if (tick := answers.ticks.get(key)) and (tick == "have" or not bar.get("optional"))
    }
    had = [key for key, tick in ticks.items() if tick == "have"]
    lacking = [key for key, tick in ticks.items() if tick == "not-yet"]
    enough = [key for key in had if bars[key].get("enough")]
    weighed = "There is no verdict yet: tick at least two bars below, and it appears here."
    grade: GradeKey = "open"
    if enough and "literature" not in lacking:
        grade, weighed = "now", f"“{bars[enough[0]]['name']}” weighs most in this."
    elif len(ticks) >= LEAST_TICKS:
        grade, weighed = _by_counting(len(had), len(lacking), len(ticks), answers)
    if grade == "open":
        return Verdict("open", work, "No verdict yet", weighed)
    fields = stated()["grade"][grade]
    return Verdict(
        grade, work, fields["name"], " ".join(filter(None, (fields["said"], _counted(ticks, len(bars)), weighed)))
    )


def _by_counting(had: int, lacking: int, ticked: int, answers: Answers) -> tuple[GradeKey, str]:
    if had >= LEAST_TICKS and had >= SHARE_HAD * ticked:
        return "now", ""
    if lacking > had and answers.text("liking") == "duty":
        return "other", "You also wrote that you didn't enjoy such work when you did it."
    if lacking > had and answers.text("elsewhere") == "yes":
        return "other", "You also wrote that there is other work which you could be really great at."
    return "train", ""


def _counted(ticks: Mapping[str, str], bars: int) -> str:
    """Say what was ticked, without counting up to somebody what they have none of."""
    labels = dict(TICKS)
    counts = {tick: sum(each == tick for each in ticks.values()) for tick in labels}
    said = [f"“{labels[tick]}” at {count}" for tick, count in counts.items() if count]
    listed = f"{', '.join(said[:-1])} and {said[-1]}" if len(said) > 1 else said[0]
    return f"Of {bars} bars you ticked {listed}."


def for_work(quotes: Mapping[str, Any], direction: str) -> list[Any]:
    """Return the quotes for a kind of work, or those for any."""
    found: list[Any] = quotes.get(direction, quotes.get("any", []))
    return found


def beside(words: str, patterns: Sequence[str]) -> list[str]:
    """Return a person's own sentences that name something of a bar."""
    sentences = [match.group().strip() for match in _SENTENCE.finditer(words)]
    pattern = re.compile("|".join(patterns), re.IGNORECASE)
    return [sentence for sentence in sentences if sentence and pattern.search(sentence)][:MINE_SHOWN]


def _bars(direction: str, answers: Answers, quoter: Quoter, *, first: str) -> list[Part]:
    question = guides()["stand"].question("directions")
    shown = bars_of(first) if direction != first else {}
    parts = []
    for key, bar in bars_of(direction).items():
        if key in shown:
            continue  # it stands under the first kind of work, and one tick counts for both
        quotes = quoter.quote(bar["quotes"], again=True)
        if not quotes:
            continue  # this index states no such bar
        mine = beside(answers.text("done"), bar["words"])
        own = [Own(sentence, label="You wrote") for sentence in mine]
        note = Own(answers.notes.get(key, ""), f"note/{key}", "In your words, if you like")
        mind = quoter.quote(bar.get("mind", ()), again=True)
        parts.append(
            Part(bar["name"], (*quotes, *mind, *own, Bar(key, bar["name"], answers.ticks.get(key, "")), note), 3)
        )
    if parts and question and direction not in {first, UNSURE}:
        parts[0] = Part(
            parts[0].heading, (Ours(f"For {question.label(direction).split(':')[0].lower()}:"), *parts[0].items), 3
        )
    return parts


def _mine(answers: Answers) -> tuple[Item, ...]:
    said = (
        "Each bar is quoted from the source that states it, with its date. Whether you have it is for you to say; "
        "what you wrote is set beside it where it names the same thing."
    )
    return (Ours(said), Own(answers.text("done"), "done", "What you have done, in your words"))


def _what_then(verdict: Verdict, answers: Answers, quoter: Quoter) -> list[Item]:
    if verdict.grade == "open":
        return list(quoter.quote([["How good do I have to be to work on AI safety?", "hard to quantify"]]))
    fields = stated()["grade"][verdict.grade]
    direction = _direction(verdict)
    quotes: list[Item] = list(quoter.quote(for_work(fields["quotes"], direction)))
    had_enough = any(
        bars_of(direction).get(key, {}).get("enough") for key, tick in answers.ticks.items() if tick == "have"
    )
    if "enough" in fields and had_enough:
        quotes = [*quoter.quote(fields["enough"]["any"]), *quotes]
    return quotes


def _direction(verdict: Verdict) -> str:
    question = guides()["stand"].question("directions")
    options = question.options if question else ()
    return next((option.key for option in options if option.label == verdict.work), UNSURE)


def _against(answers: Answers, directions: Sequence[str], quoter: Quoter) -> list[Part]:
    table = stated()["against"]
    moods = [answers.text("feeling") or "between"]
    if answers.text("liking") == "duty":
        moods.append("duty")
    items: list[Item] = []
    for mood in moods:
        quotes = [
            quote for direction in directions for quote in quoter.quote(for_work(table[mood]["quotes"], direction))
        ]
        # What is said to anybody in this mood stands behind what is said of the work.
        quotes += quoter.quote(table[mood]["quotes"]["any"])
        if quotes:
            items += [Ours(table[mood]["said"]), *quotes]
        if quotes and "then" in table[mood]:
            then = quoter.quote(table[mood]["then"]["any"])
            items += [Ours(table[mood]["then"]["said"]), *then] if then else []
    return [Part("What speaks against your hunch", tuple(items))] if items else []


def _limits(answers: Answers, directions: Sequence[str], quoter: Quoter) -> list[Part]:
    return limits(answers.lines("limits"), directions, quoter)


def limits(chosen: Sequence[str], directions: Sequence[str], quoter: Quoter) -> list[Part]:
    """Return what bears on somebody's limits, and who helps with them."""
    items: list[Item] = []
    for limit in chosen:
        fields = stated()["limit"][limit]
        quotes = [quote for direction in directions for quote in quoter.quote(for_work(fields["quotes"], direction))]
        fitting = [name for each in directions for name in fields.get("services_for", {}).get(each, ())]
        helping = quoter.help([*fitting, *fields["services"]])
        if quotes or helping:
            items += [Ours(f"{fields['name']}:"), *quotes, *helping]
    return [Part("Within your limits", tuple(items))] if items else []


def _next(judged: Sequence[Verdict], directions: Sequence[str], quoter: Quoter) -> list[Part]:
    grades = [verdict.grade for verdict in judged if verdict.grade != "open"]
    ids = [name for grade in grades for name in stated()["grade"][grade]["services"]] or [
        "80k-advising",
        "aisafety-advisors",
    ]
    if "governance" in directions:
        ids.insert(0, "80k-governance-review")
    # Three at most: more is a list, not advice.
    ids = list(dict.fromkeys(ids))[:SHOWN]
    helping = quoter.help(ids)
    return [Part("Who can help next", tuple(helping))] if helping else []

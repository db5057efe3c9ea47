"""*Where do I stand?*: bars that sources state, what a person says of each, and a verdict from their own ticks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from career_advisor.guided.answers import Answers
from career_advisor.guided.questions import TICKS
from career_advisor.guided.quoting import Quoter, stated
from career_advisor.guided.sheet import Bar, GradeKey, Item, Ours, Own, Part, Verdict
from career_advisor.guided.wording import Words

UNSURE = "unsure"
LEAST_TICKS = 2
"""Ticked bars from which there is a verdict, where none is enough by itself."""
SHARE_HAD = 2 / 3
"""Of the ticked bars, from which waiting has little for it."""
SHOWN = 3
"""Services at the end."""
MINE_SHOWN = 2
"""Of a person's own sentences, set beside one bar."""

_SENTENCE = re.compile(r"[^.!?。！？\n]+(?:[.!?](?=\S)[^.!?。！？\n]*)*[.!?。！？]*")


def bar_keys() -> tuple[str, ...]:
    """Return the keys of all bars."""
    return tuple(stated()["bar"])


def bars_of(direction: str) -> dict[str, Mapping[str, Any]]:
    """Return the bars of a kind of work."""
    return {key: bar for key, bar in stated()["bar"].items() if direction in bar["for"]}


def standing(answers: Answers, quoter: Quoter, say: Words) -> list[Part]:
    """Return the document's parts."""
    directions = answers.lines("directions") or (UNSURE,)
    judged = [judge(direction, answers, say) for direction in directions]
    top: list[Item] = []
    for direction, verdict in zip(directions, judged, strict=True):
        top += [verdict, *_what_then(verdict.grade, direction, answers, quoter)]
    return [
        Part(say("standing.where"), (*top, Ours(say("standing.noisy")))),
        *_against(answers, directions, quoter, say),
        Part(say("standing.looked_for"), _mine(answers, say)),
        *(part for direction in directions for part in _bars(direction, answers, quoter, say, first=directions[0])),
        *limits(answers.lines("limits"), directions, quoter, say),
        *_next(judged, directions, quoter, say),
    ]


def judge(direction: str, answers: Answers, say: Words) -> Verdict:
    """Decide by plain rules over the person's own ticks; docs/guided-conversations.md says them in words.

    The first rule that fits: too few ticks, no verdict; a bar that its source calls enough, and no "not yet" at the
    literature, apply now; two thirds or more of the ticked bars had, at least two, apply now; more not yet than had,
    and the person either did not enjoy such work or could be great at other work, perhaps another way of helping;
    otherwise train first.
    """
    if direction == UNSURE:
        return Verdict("open", "", say("standing.nothing_chosen"), say("standing.choose"))
    work = say(f"stand.directions.options.{direction}")
    bars = bars_of(direction)
    ticks = {
        key: tick
        for key, bar in bars.items()
        if (tick := answers.ticks.get(key)) and (tick == "have" or not bar.get("optional"))
    }
    had = [key for key, tick in ticks.items() if tick == "have"]
    lacking = [key for key, tick in ticks.items() if tick == "not-yet"]
    enough = [key for key in had if bars[key].get("enough")]
    grade: GradeKey = "open"
    weighed = ""
    if enough and "literature" not in lacking:
        grade, weighed = "now", say("standing.weighs_most", bar=say(f"bar.{enough[0]}"))
    elif len(ticks) >= LEAST_TICKS:
        grade, why = _by_counting(len(had), len(lacking), len(ticks), answers)
        weighed = say(f"standing.{why}") if why else ""
    if grade == "open":
        return Verdict("open", work, say("standing.no_verdict"), say("standing.tick_two"))
    reason = say.sentences(say(f"grade.{grade}.said"), _counted(ticks, len(bars), say), weighed)
    return Verdict(grade, work, say(f"grade.{grade}.name"), reason)


def _by_counting(had: int, lacking: int, ticked: int, answers: Answers) -> tuple[GradeKey, str]:
    """Return the grade, and the key of what beside the ticks decided it."""
    if had >= LEAST_TICKS and had >= SHARE_HAD * ticked:
        return "now", ""
    if lacking > had and answers.text("liking") == "duty":
        return "other", "not_enjoyed"
    if lacking > had and answers.text("elsewhere") == "yes":
        return "other", "great_elsewhere"
    return "train", ""


def _counted(ticks: Mapping[str, str], bars: int, say: Words) -> str:
    """Say what was ticked, without counting up to somebody what they have none of."""
    counts = {tick: sum(each == tick for each in ticks.values()) for tick in TICKS}
    said = [say("standing.ticked_at", tick=say(f"tick.{tick}"), count=n) for tick, n in counts.items() if n]
    *before, last = said
    listed = say("standing.last_of_list", before=say("standing.comma").join(before), last=last) if before else last
    return say("standing.counted", bars=bars, listed=listed)


def for_work(quotes: Mapping[str, Any], direction: str) -> list[Any]:
    """Return the quotes for a kind of work, or those for any."""
    found: list[Any] = quotes.get(direction, quotes.get("any", []))
    return found


def beside(words: str, patterns: Sequence[str]) -> list[str]:
    """Return a person's own sentences that name something of a bar."""
    sentences = [match.group().strip() for match in _SENTENCE.finditer(words)]
    pattern = re.compile("|".join(patterns), re.IGNORECASE)
    return [sentence for sentence in sentences if sentence and pattern.search(sentence)][:MINE_SHOWN]


def _bars(direction: str, answers: Answers, quoter: Quoter, say: Words, *, first: str) -> list[Part]:
    shown = bars_of(first) if direction != first else {}
    parts = []
    for key, bar in bars_of(direction).items():
        if key in shown:
            continue  # it stands under the first kind of work, and one tick counts for both
        quotes = quoter.quote(bar["quotes"], again=True)
        if not quotes:
            continue  # this index states no such bar
        name = say(f"bar.{key}")
        mine = beside(answers.text("done"), [*bar["words"], *((bar["others"],) if say.language != "en" else ())])
        own = [Own(sentence, label=say("standing.wrote")) for sentence in mine]
        note = Own(answers.notes.get(key, ""), f"note/{key}", say("standing.note"))
        mind = quoter.quote(bar.get("mind", ()), again=True)
        parts.append(Part(name, (*quotes, *mind, *own, Bar(key, name, answers.ticks.get(key, "")), note), 3))
    if parts and direction not in {first, UNSURE}:
        parts[0] = Part(parts[0].heading, (Ours(say(f"standing.for.{direction}")), *parts[0].items), 3)
    return parts


def _mine(answers: Answers, say: Words) -> tuple[Item, ...]:
    return (Ours(say("standing.yours_to_say")), Own(answers.text("done"), "done", say("standing.done")))


def _what_then(grade: GradeKey, direction: str, answers: Answers, quoter: Quoter) -> list[Item]:
    if grade == "open":
        return list(quoter.quote([["How good do I have to be to work on AI safety?", "hard to quantify"]]))
    fields = stated()["grade"][grade]
    quotes: list[Item] = list(quoter.quote(for_work(fields["quotes"], direction)))
    had_enough = any(
        bars_of(direction).get(key, {}).get("enough") for key, tick in answers.ticks.items() if tick == "have"
    )
    if "enough" in fields and had_enough:
        quotes = [*quoter.quote(fields["enough"]["any"]), *quotes]
    return quotes


def _against(answers: Answers, directions: Sequence[str], quoter: Quoter, say: Words) -> list[Part]:
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
            items += [Ours(say(f"against.{mood}.said")), *quotes]
        if quotes and "then" in table[mood]:
            then = quoter.quote(table[mood]["then"]["any"])
            items += [Ours(say(f"against.{mood}.then")), *then] if then else []
    return [Part(say("standing.against"), tuple(items))] if items else []


def limits(chosen: Sequence[str], directions: Sequence[str], quoter: Quoter, say: Words) -> list[Part]:
    """Return what bears on somebody's limits, and who helps with them."""
    items: list[Item] = []
    for limit in chosen:
        fields = stated()["limit"][limit]
        quotes = [quote for direction in directions for quote in quoter.quote(for_work(fields["quotes"], direction))]
        fitting = [name for each in directions for name in fields.get("services_for", {}).get(each, ())]
        helping = quoter.help([*fitting, *fields["services"]])
        if quotes or helping:
            items += [Ours(say(f"limit.{limit}")), *quotes, *helping]
    return [Part(say("standing.within"), tuple(items))] if items else []


def _next(judged: Sequence[Verdict], directions: Sequence[str], quoter: Quoter, say: Words) -> list[Part]:
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
    return [Part(say("standing.helping"), tuple(helping))] if helping else []

"""*My plan*: options, what to find out about each and how cheaply, and next steps with days that the person chose."""

from __future__ import annotations

import re
from datetime import date

from career_advisor.guided.answers import Answers, Step
from career_advisor.guided.questions import guides
from career_advisor.guided.quoting import Quoter, stated
from career_advisor.guided.sheet import Item, Ours, Own, Part, ToDo
from career_advisor.guided.standing import for_work, limits
from career_advisor.guided.wording import Words

UNWORKED = "any"
ASKS_NOTHING = 2
"""Words that are no question yet."""
_WORD = re.compile(r"[\u4e00-\u9fff]|[^\W\u4e00-\u9fff]+")  # a Chinese character is counted as one


def planning(answers: Answers, quoter: Quoter, say: Words) -> list[Part]:
    """Return the document's parts."""
    works = [work_of(option, say.language) for option in answers.lines("options")]
    return [
        Part(say("planning.year"), (Own(answers.text("goal"), "goal", say("planning.goal")),)),
        Part(say("planning.next"), _steps(answers, quoter, say), edits="steps"),
        *_options(answers, works, quoter, say),
        *limits(answers.lines("limits"), list(dict.fromkeys(works)) or [UNWORKED], quoter, say),
        _turn(answers, quoter, say),
        Part(say("planning.talk_over"), tuple(quoter.help(stated()["advising"]["services"]))),
    ]


def work_of(option: str, language: str = "en") -> str:
    """Tell of an option's own words which kind of work it is; "any" where they don't say.

    Args:
        option: In English, or in the language that the person reads.
        language: Code of that.
    """
    table = stated()["work"]
    if language != "en":
        table = {work: [*words, stated()["others"][work]] for work, words in table.items()}
    # What is named last and most narrowly decides: "policy research" is policy.
    narrow_first = ("governance", "operations", "field", "theory", "engineering", "leading")
    return next((work for work in narrow_first if re.search("|".join(table[work]), option, re.IGNORECASE)), UNWORKED)


def _options(answers: Answers, works: list[str], quoter: Quoter, say: Words) -> list[Part]:
    options = answers.lines("options")
    if not options:
        return [Part(say("planning.my_options"), (Own("", "options", say("planning.options")),))]
    doubts, unknowns = answers.lines("doubts"), answers.lines("unknowns")
    parts = [Part(say("planning.find_out"), ())]
    for at, (option, work) in enumerate(zip(options, works, strict=True)):
        doubt = doubts[at] if at < len(doubts) else ""
        unknown = unknowns[at] if at < len(unknowns) else ""
        items: list[Item] = [Own(option, f"options/{at}")]
        if doubt:
            items.append(Ours(say("planning.first", doubt=say(f"plan.doubts.options.{doubt}"))))
        items.append(Own(unknown, f"unknowns/{at}", say("planning.unknown")))
        tests = quoter.quote(for_work(stated()["doubt"].get(doubt, {}).get("quotes", {}), work), again=True)
        if tests:
            items += [Ours(say("planning.helps")), *tests]
        answered = quoter.answer(unknown) if len(_WORD.findall(unknown)) > ASKS_NOTHING else []
        if answered:
            items += [Ours(say("planning.answered")), *answered]
        parts.append(Part(say("planning.option", n=at + 1), tuple(items), 3))
    return parts


def _steps(answers: Answers, quoter: Quoter, say: Words) -> tuple[Item, ...]:
    question = guides(say.language)["plan"].question("steps")
    steps = sorted(answers.steps("steps"), key=lambda step: step.by or date.max)
    if not steps or question is None:
        return (Ours(say("planning.no_step")),)
    items: list[Item] = []
    for step in steps:
        label = question.label(step.do)
        items.append(ToDo(label or step.do, step.by, own=not label))
        if label:
            items += _support(step, quoter)
    return tuple(items)


def _support(step: Step, quoter: Quoter) -> list[Item]:
    fields = stated()["step"][step.do]
    helping = quoter.help([fields["service"]] if "service" in fields else [])
    return [*quoter.quote(fields["quotes"], again=True), *helping]


def _turn(answers: Answers, quoter: Quoter, say: Words) -> Part:
    own = Own(answers.text("turn"), "turn", say("planning.turn"))
    return Part(say("planning.course"), (own, *quoter.quote(stated()["turn"]["quotes"])))

"""*My plan*: options, what to find out about each and how cheaply, and next steps with days that the person chose."""

from __future__ import annotations

import re
from datetime import date

from career_advisor.guided.answers import Answers, Step
from career_advisor.guided.questions import guides
from career_advisor.guided.quoting import Quoter, stated
from career_advisor.guided.sheet import Item, Ours, Own, Part, ToDo
from career_advisor.guided.standing import for_work, limits

UNWORKED = "any"


def planning(answers: Answers, quoter: Quoter) -> list[Part]:
    """Return the document's parts."""
    works = [work_of(option) for option in answers.lines("options")]
    return [
        Part("A year from now", (Own(answers.text("goal"), "goal", "What you would like to be true"),)),
        Part("What I do next", _steps(answers, quoter)),
        *_options(answers, works, quoter),
        *limits(answers.lines("limits"), list(dict.fromkeys(works)) or [UNWORKED], quoter),
        _turn(answers, quoter),
        Part("Somebody to talk it over with", tuple(quoter.help(stated()["advising"]["services"]))),
    ]


def work_of(option: str) -> str:
    """Tell of an option's own words which kind of work it is; "any" where they don't say."""
    table = stated()["work"]
    # What is named last and most narrowly decides: "policy research" is policy.
    narrow_first = ("governance", "operations", "field", "theory", "engineering", "leading")
    return next((work for work in narrow_first if re.search("|".join(table[work]), option, re.IGNORECASE)), UNWORKED)


def _options(answers: Answers, works: list[str], quoter: Quoter) -> list[Part]:
    options = answers.lines("options")
    if not options:
        return [Part("My options", (Own("", "options", "The options you consider, one a line"),))]
    doubts, unknowns = answers.lines("doubts"), answers.lines("unknowns")
    question = guides()["plan"].question("doubts")
    parts = [Part("My options, and what to find out first", ())]
    for at, (option, work) in enumerate(zip(options, works, strict=True)):
        doubt = doubts[at] if at < len(doubts) else ""
        unknown = unknowns[at] if at < len(unknowns) else ""
        items: list[Item] = [Own(option, f"options/{at}")]
        if doubt and question:
            items.append(Ours(f"To find out first: {question.label(doubt)}."))
        items.append(Own(unknown, f"unknowns/{at}", "What to find out, in your words"))
        tests = quoter.quote(for_work(stated()["doubt"].get(doubt, {}).get("quotes", {}), work), again=True)
        if tests:
            items += [Ours("What sources say that helps to find out:"), *tests]
        answered = quoter.answer(unknown) if len(unknown.split()) > 2 else []  # noqa: PLR2004  (a word or two ask nothing)
        if answered:
            items += [Ours("And what they answer to your own words:"), *answered]
        parts.append(Part(f"Option {at + 1}", tuple(items), 3))
    return parts


def _steps(answers: Answers, quoter: Quoter) -> tuple[Item, ...]:
    question = guides()["plan"].question("steps")
    steps = sorted(answers.steps("steps"), key=lambda step: step.by or date.max)
    if not steps or question is None:
        return (Ours("No step is written down yet. One that takes an evening is a good first one."),)
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


def _turn(answers: Answers, quoter: Quoter) -> Part:
    own = Own(answers.text("turn"), "turn", "What would make you change this plan")
    return Part("When to change course", (own, *quoter.quote(stated()["turn"]["quotes"])))

"""*Prepare for advising*: one page in a person's own words, and questions to ask; it arranges and adds no claim."""

from __future__ import annotations

from career_advisor.guided.answers import Answers
from career_advisor.guided.questions import guides
from career_advisor.guided.quoting import Quoter, stated
from career_advisor.guided.sheet import Ask, Item, Ours, Own, Part
from career_advisor.guided.wording import Words

ADVISERS_SHOWN = 4


def briefing(answers: Answers, quoter: Quoter, say: Words) -> list[Part]:
    """Return the document's parts."""
    page = [Part(say("briefing.page"), ())]
    for question in guides(say.language)["advising"].questions:
        if question.in_document:
            continue
        if question.kind == "lines":
            lines = answers.lines(question.key)
            own: tuple[Item, ...] = tuple(Own(line, f"{question.key}/{at}") for at, line in enumerate(lines)) or (
                Own("", question.key),
            )
        else:
            own = (Own(answers.text(question.key), question.key),)
        page.append(Part(question.page, own, 3))
    return [
        *page,
        Part(say("briefing.questions"), _questions(answers, say)),
        Part(say("briefing.before"), tuple(quoter.quote(stated()["advising"]["quotes"]))),
        Part(say("briefing.advisers"), (*quoter.help(_advisers(answers, quoter)),)),
    ]


def _questions(answers: Answers, say: Words) -> tuple[Item, ...]:
    """Return questions that are made of what was written, and of what was left open."""
    asks: list[Item] = []
    if uncertainty := answers.text("uncertainty"):
        asks.append(Ask(say("briefing.uncertainty_before"), uncertainty, say("briefing.uncertainty_behind")))
    options = answers.lines("choices")
    if len(options) > 1:
        asks.append(Ask(say("briefing.options"), "; ".join(options)))
    elif options:
        asks.append(Ask(say("briefing.option_before"), options[0], say("briefing.option_behind")))
    if constraints := answers.text("constraints"):
        asks.append(Ask(say("briefing.constraints"), constraints))
    if answers.text("tried"):
        asks.append(Ask(say("briefing.tried")))
    asks += [
        Ask(question.open)
        for question in guides(say.language)["advising"].questions
        if question.open and not (answers.text(question.key) or answers.lines(question.key))
    ]
    asks.append(Ask(say("briefing.next")))
    return (Ours(say("briefing.made_of")), *asks, Own("\n".join(answers.lines("ask")), "ask", say("briefing.ask")))


def _advisers(answers: Answers, quoter: Quoter) -> list[str]:
    """Return the advising services, with those for what the person's own words say of them."""
    words = " ".join(answers.text(key) for key in ("background", "tried", "constraints")).strip()
    table = stated()["advising"]
    states = quoter.library.sources.search(words)[0].states if words else frozenset()
    fitting = [name for state, names in table["fitting"].items() if state in states for name in names]
    return list(dict.fromkeys([*table["services"], *fitting]))[:ADVISERS_SHOWN]

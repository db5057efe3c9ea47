"""*Prepare for advising*: one page in a person's own words, and questions to ask; it arranges and adds no claim."""

from __future__ import annotations

from career_advisor.guided.answers import Answers
from career_advisor.guided.questions import guides
from career_advisor.guided.quoting import Quoter, stated
from career_advisor.guided.sheet import Ask, Item, Ours, Own, Part

ADVISERS_SHOWN = 4


def briefing(answers: Answers, quoter: Quoter) -> list[Part]:
    """Return the document's parts."""
    guide = guides()["advising"]
    page = [Part("My page", ())]
    for question in guide.questions:
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
        Part("Questions to ask the adviser", _questions(answers)),
        Part("Before you talk", tuple(quoter.quote(stated()["advising"]["quotes"]))),
        Part("Who advises", (*quoter.help(_advisers(answers, quoter)),)),
    ]


def _questions(answers: Answers) -> tuple[Item, ...]:
    """Return questions that are made of what was written, and of what was left open."""
    asks: list[Item] = []
    if uncertainty := answers.text("uncertainty"):
        asks.append(
            Ask("I wrote that my biggest uncertainty is this: ", uncertainty, " How would you go about settling it?")
        )
    options = answers.lines("choices")
    if len(options) > 1:
        asks.append(Ask("Between these, what would you want to know before choosing? ", "; ".join(options)))
    elif options:
        asks.append(Ask("I see one option: ", options[0], " What would you put beside it?"))
    if constraints := answers.text("constraints"):
        asks.append(Ask("Given these limits, what is realistic, and what isn't? ", constraints))
    if answers.text("tried"):
        asks.append(Ask("Going by what I have tried, what should I do more of, and what should I drop?"))
    asks += [
        Ask(question.open)
        for question in guides()["advising"].questions
        if question.open and not (answers.text(question.key) or answers.lines(question.key))
    ]
    asks.append(
        Ask("What is the next small step that you would take in my place, and whom should I talk to after you?")
    )
    return (
        Ours("They are made of what you wrote and of what you left open. Add your own; leave out what doesn't fit."),
        *asks,
        Own("\n".join(answers.lines("ask")), "ask", "Questions of your own, one a line"),
    )


def _advisers(answers: Answers, quoter: Quoter) -> list[str]:
    """Return the advising services, with those for what the person's own words say of them."""
    words = " ".join(answers.text(key) for key in ("background", "tried", "constraints")).strip()
    table = stated()["advising"]
    states = quoter.library.sources.search(words)[0].states if words else frozenset()
    fitting = [name for state, names in table["fitting"].items() if state in states for name in names]
    return list(dict.fromkeys([*table["services"], *fitting]))[:ADVISERS_SHOWN]

"""From answers to the document."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from career_advisor.guided.answers import Answers
from career_advisor.guided.briefing import briefing
from career_advisor.guided.planning import planning
from career_advisor.guided.questions import GuideKey, guides
from career_advisor.guided.quoting import Library, Quoter
from career_advisor.guided.sheet import Help, Item, Ours, Part, Sheet
from career_advisor.guided.standing import standing

FIRST = (
    "Something you wrote sounds as if you or somebody else may be in danger. Please talk to a person now; this page "
    "can wait. If it is urgent, call your local emergency number."
)
_PARTS: dict[GuideKey, Callable[[Answers, Quoter], list[Part]]] = {
    "stand": standing,
    "plan": planning,
    "advising": briefing,
}


def compose(key: GuideKey, answers: Answers, written: date, library: Library) -> Sheet:
    """Make the document of a guided conversation.

    Args:
        key: Which one.
        answers: As read; anything may be missing.
        written: The day that the document bears: that on which it was begun.
        library: Where quotes and services come from.

    Raises:
        AdvisorError: If there is no sound index.
    """
    quoter = Quoter(library)
    parts = _PARTS[key](answers, quoter)
    if library.sources.in_danger(_own_words(answers)):
        helplines: list[Item] = [Help(s) for s in library.sources.services if s.kind == "helpline"]
        parts.insert(0, Part("First of all", (Ours(FIRST), *helplines)))
    return Sheet(key, guides()[key].title, written, answers, tuple(parts), quoter.citations)


def _own_words(answers: Answers) -> list[str]:
    values = [each for value in answers.values.values() for each in ([value] if isinstance(value, str) else value)]
    words = [each if isinstance(each, str) else each.do for each in values] + list(answers.notes.values())
    return [text for text in words if " " in text]

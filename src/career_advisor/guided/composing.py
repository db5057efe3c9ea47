"""From answers to the document."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

from career_advisor.guided.answers import Answers
from career_advisor.guided.briefing import briefing
from career_advisor.guided.planning import planning
from career_advisor.guided.questions import GuideKey, guides
from career_advisor.guided.quoting import Library, Quoter, Sources
from career_advisor.guided.sheet import Help, Item, Ours, Part, Sheet, Summed
from career_advisor.guided.standing import standing
from career_advisor.guided.telling import statements
from career_advisor.guided.wording import Words, words
from career_advisor.records import Stage, Summary

_PARTS: dict[GuideKey, Callable[[Answers, Quoter, Words], list[Part]]] = {
    "stand": standing,
    "plan": planning,
    "advising": briefing,
}


def compose(
    key: GuideKey,
    answers: Answers,
    written: date,
    library: Library,
    language: str = "en",
    *,
    summary: Summary | None = None,
) -> Sheet:
    """Make the document of a guided conversation.

    Args:
        key: Which one.
        answers: As read; anything may be missing.
        written: The day that the document bears: that on which it was begun.
        library: Where quotes and services come from; these stay in English.
        language: Code of that of everything else.
        summary: Of the same answers, by a language model, which stands first.

    Raises:
        AdvisorError: If there is no sound index.
    """
    quoter, say = Quoter(library), words(language)
    parts = _PARTS[key](answers, quoter, say)
    if summary is not None and summary.sentences:
        parts.insert(0, Part(say("summary.heading"), (*map(Summed, summary.sentences), Ours(_about(summary, say)))))
    if library.sources.in_danger(_own_words(answers)):
        helplines: list[Item] = [Help(s) for s in library.sources.services if s.kind == "helpline"]
        parts.insert(0, Part(say("danger.first"), (Ours(say("danger.said")), *helplines)))
    return Sheet(key, language, guides(language)[key].title, written, answers, tuple(parts), quoter.citations)


def _about(summary: Summary, say: Words) -> str:
    """Say who wrote a summary, what of it is left out, and what that used."""
    left_out, used = len(summary.dropped), ""
    if summary.used is not None:
        total = summary.used.total
        used = say("summary.used_about", n=total) if summary.used.estimated else say("summary.used", n=total)
    return say.sentences(
        say("summary.by", model=summary.model),
        say("summary.left_out", n=left_out, all=left_out + len(summary.sentences)) if left_out else "",
        used,
    )


def summed_up(key: GuideKey, answers: Answers, sources: Sources) -> Iterator[Stage | Summary]:
    """Have answers summed up by the language model, in English; last of all comes the summary.

    Where something sounds as if somebody may be in danger, nothing is: a person should talk with them now.
    """
    if sources.in_danger(_own_words(answers), perhaps=True):
        return iter([Summary(sources.model_name, (), notice=words("en")("danger.said"))])
    return sources.sum_up(statements(key, answers))


def _own_words(answers: Answers) -> list[str]:
    values = [each for value in answers.values.values() for each in ([value] if isinstance(value, str) else value)]
    words = [each if isinstance(each, str) else each.do for each in values] + list(answers.notes.values())
    # An option's key is one word in ASCII. A sentence has spaces, or is in Chinese.
    return [text for text in words if " " in text or not text.isascii()]

"""What somebody answered, as statements to them: what a summary may say of them, and nothing else.

Sources' bars and our own verdicts are not among them. A boast is a bar in other words, and a summary in which the two
stand side by side says of somebody what a source asks for.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from career_advisor.guided.answers import Answers
from career_advisor.guided.questions import GuideKey, Question, guides
from career_advisor.guided.wording import words
from career_advisor.support import Mood, Said
from career_advisor.text import clean

_SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?](?=\S)[^.!?\n]*)*[.!?]*")
_UNENDED = re.compile(r"\b(?:e\.g|i\.e|etc|approx|ca|no|vs|dr|mr|mrs|ms|prof|st|inc|u\.s|u\.k)\.$", re.IGNORECASE)
_LISTED = re.compile(r"^\s*(?:[-*•–]|\d+[.)])\s+")
_TICKED: Mapping[str, Mood] = {"have": "fact", "not-yet": "lacking", "unsure": "open"}
_FILLED = re.compile(r"\{(?:of|said)\}")
_WISHES = re.compile(
    r"\byou(?:['’]d|['’]re|['’]ve| would| are| were| have)? (?:\w+ )?"
    r"(?:want|hop|wish|like to|love to|plan|aim|dream|intend|mean to|think about|think of|thinking|try|consider"
    r"|going to)",
    re.IGNORECASE,
)
_YOURS = (
    (r"\bI['’]m\b|\bI am\b|\bim\b", "you're"),
    (r"\bI['’]ve\b|\bive\b", "you've"),
    (r"\bI['’]d\b", "you'd"),
    (r"\bI['’]ll\b", "you'll"),
    (r"\bI wasn['’]t\b", "you weren't"),
    (r"\bI was\b", "you were"),
    (r"\bam I\b", "are you"),
    (r"\bwas I\b", "were you"),
    # "I/O" and "Phase I" are nobody.
    (r"(?<![\w./])(?<!phase )(?<!war )(?<!part )(?<!type )(?<!level )(?<!grade )(?<!class )I\b(?![./])", "you"),
    (r"(?<![\w/])(?-i:[Mm]e)\b(?!/)", "you"),
    (r"(?-i:\b[Mm]y)\b", "your"),
    (r"(?-i:\b[Mm]ine)\b", "yours"),
    (r"(?-i:\b[Mm]yself)\b", "yourself"),
    # What people shorten where they type fast, and a model writes out.
    (r"(?<=\d)\s?yrs?\b", " years"),
    (r"(?<=\d)\s?hrs?\b", " hours"),
    (r"(?<=\d)\s?mos?\b", " months"),
    (r"\bsept\b", "September"),
)
_TURNED = tuple((re.compile(pattern, re.IGNORECASE), to) for pattern, to in _YOURS)


@cache
def _told() -> Mapping[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("said.toml").read_text("utf-8"))


def statements(key: GuideKey, answers: Answers) -> list[Said]:
    """Return what somebody said of themselves, in the order in which they were asked, in English."""
    found = [said for question in guides()[key].questions for said in _of(question, key, answers)]
    say = words("en")
    for bar, tick in answers.ticks.items():
        name, does = _small(say(f"bar.{bar}")), _told()["does"][bar]
        found.append(_said([form.format(bar=name, does=does) for form in _told()["tick"][tick]], _TICKED[tick]))
        found += [_own(["{said}"], "fact", sentence, "") for sentence in _sentences(answers.notes.get(bar, ""))]
    return found


def _of(question: Question, key: GuideKey, answers: Answers) -> Iterator[Said]:
    told = _told()[key].get(question.key)
    if told is None:
        return  # questions to somebody else say nothing of whoever asks them
    mood: Mood = told.get("mood", "fact")
    if question.kind == "steps":
        for step in answers.steps(question.key):
            by = told["by"].format(day=words("en").day(step.by)) if step.by else ""
            forms = [form.replace("{by}", by) for form in told[step.do if question.label(step.do) else "said"]]
            yield _own(forms, mood, step.do, "")
        return
    about = answers.lines(question.of) if question.of else ()
    for at, each in enumerate(answers.lines(question.key) or tuple(filter(None, [answers.text(question.key)]))):
        of = about[at] if at < len(about) else ""
        if not question.options:
            yield from (_own(told["said"], mood, sentence, of) for sentence in _sentences(each))
        elif told.get(each):  # of an option that is left open nothing was said
            yield _own(told[each], mood, "", of)


def _own(forms: Sequence[str], mood: Mood, said: str, of: str) -> Said:
    """Fill in what somebody wrote, as it is said to them."""
    values = {"{of}": _to_them(of), "{said}": _to_them(said)}
    filled = [_FILLED.sub(lambda name: values[name[0]], form) for form in forms]
    if mood == "fact" and said.endswith("?"):
        mood = "open"
    return _said(filled, "wish" if mood == "fact" and _WISHES.search(filled[0]) else mood)


def _said(forms: Sequence[str], mood: Mood) -> Said:
    first, *others = [text[0].upper() + text[1:] + ("" if text[-1] in ".!?" else ".") for text in forms]
    return Said(first, mood, tuple(others))


def _sentences(text: str) -> Iterator[str]:
    """Yield what somebody wrote sentence by sentence, each item of a list with what stands above the list."""
    above = ""
    for line in clean(text).splitlines():
        item = _LISTED.sub("", line)
        if item == line:
            above = line.strip() if line.rstrip().endswith(":") else ""
        pending = f"{above} " if item != line else ""
        for match in _SENTENCE.finditer(item):
            pending = f"{pending} {match.group()}"
            if not _UNENDED.search(pending):
                yield from _worded(pending)
                pending = ""
        yield from _worded(pending)


def _worded(text: str) -> Iterator[str]:
    if re.search(r"\w", text):
        yield " ".join(text.split())


def _to_them(text: str) -> str:
    """Return what somebody says of themselves as it is said to them.

    >>> _to_them("I'm a nurse, and my sister helps me")
    "you're a nurse, and your sister helps you"
    """
    for pattern, to in _TURNED:
        text = pattern.sub(to, text)
    return text


def _small(name: str) -> str:
    return name[0].lower() + name[1:]

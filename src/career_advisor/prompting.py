"""Asking a language model for a draft, and reading its text as sentences that cite.

The prompts are prose in prompts/, each with its version in its first line. Passages and the person's words are fenced
as data behind a mark that neither of them contains; the fixed part comes first, so that a server can reuse it. Of each
passage the model sees the sentences that come nearest to the question, and those beside them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from importlib import resources
from typing import Literal, NamedTuple

from career_advisor.records import DraftSentence, Ended, Hit, Message, Stage, Usage
from career_advisor.text import clean, content_words, names, numbers

ANSWER, PLAIN, STANDALONE = "answer.md", "plain.md", "standalone.md"
ENGLISH, TRANSLATION, JUDGE, SUMMARY = "english.md", "translation.md", "judge.md", "summary.md"
TURNS = 4
"""Earlier turns of the person that the model sees; what an assistant turn claims is left out."""
EVIDENCE_CHARACTERS = 2_000
"""Of all passages together, some 500 tokens: small models lose sight of a question that stands behind more."""
NEIGHBOURS = 1
"""Sentences on either side that come with one: what "this" and "he" point at stands there."""
SUMMED_CHARACTERS = 4_000
"""Of what somebody said that is to be summed up."""
GAP = "…"
"""Stands where sentences were left out."""
LONGEST_REWORDING = 300
"""Characters of a question that stands alone; more is an answer."""
OWN_WORDS = 0.7
"""Share of a reworded question's words that the person's own must have."""
LONGEST_MARKER = 14
"""Characters within which a bracket behind a full stop must close, or hold something else than a citation."""
MOST_IN_RANGE = 8
LONGEST_SENTENCE = 1_000
"""Characters after which text without a sentence end is taken as it is: an endless answer must not fill the memory."""

_NUMBERS = r"\^?(?:passages?|sources?)?\s*\d+(?:\s*(?:[,;&–-]|and)\s*\d+)*(?:†[^\]】\n]*)?"
_MARKED = rf"[\[【]\s*{_NUMBERS}\s*[\]】]|\((?:passages?\s*)?\d\d?\)"
_MARKER = re.compile(_MARKED, re.IGNORECASE)
_MARKER_ENDS = re.compile(r"[\])】]")
_ADMITS = re.compile(r"(?:the )?(?:passages?|sources?) (?:don[’']t|do(?:es)? not|doesn[’']t) say[.!]?", re.IGNORECASE)
_RANGE = re.compile(r"(\d+)\s*[–-]\s*(\d+)")
_BOUNDARY = re.compile(rf"[.!?…][\"'”’)*_]*(?:\s*(?:{_MARKED})[.!?]?)*(?=\s)|\n+", re.IGNORECASE)
_TAGS = r"think(?:ing)?|thought|reasoning|tool_call|function_call"
# Reasoning stands in <think>, in Mistral's [THINK] or Kimi's ◁think▷; or in a channel of OpenAI's harmony, whose name
# stands before what is said in it. Of a server that leaves harmony's marks away "analysis" and "assistantfinal" come.
_ASIDE = r"(?:<\|start\|>assistant)?<\|channel\|>\s*(?:analysis|commentary)|\A\s*analysis(?=[A-Z])"
_FINAL = r"(?:<\|start\|>assistant)?<\|channel\|>\s*final[^\n]{0,40}?<\|message\|>|assistantfinal"
_UNSEEN = re.compile(rf"[<\[◁]({_TAGS})[>\]▷].*?[<\[◁]/\1[>\]▷]|(?:{_ASIDE}).*?(?:{_FINAL})", re.DOTALL | re.IGNORECASE)
_OPENING = re.compile(rf"[<\[◁](?:{_TAGS})[>\]▷]|{_ASIDE}", re.IGNORECASE)
_CLOSING = re.compile(rf"[<\[◁]/(?:{_TAGS})[>\]▷]|{_FINAL}", re.IGNORECASE)
_UNENDED = re.compile(rf"(?:{_OPENING.pattern}).*\Z", re.DOTALL | re.IGNORECASE)
_CONTROL = re.compile(r"<\|(?!channel\||start\||message\|)[a-z_]+\|>")
_ANY_CONTROL = re.compile(r"<\|[a-z_]+\|>")
_YES_OR_NO = re.compile(r"\b(yes|no)\b", re.IGNORECASE)
_DECORATION = re.compile(r"^\s*(?:[-*+•#>]+|\d+[.)])\s+|[*_`#]+")
_ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|etc|Dr|Mr|Mrs|Ms|Prof|vs|cf|approx|U\.S|U\.K|[A-Z])\.$")


class Turn(NamedTuple):
    """A message to a language model."""

    role: Literal["system", "user"]
    content: str


class _Prompt(NamedTuple):
    version: str
    text: str


@lru_cache(maxsize=8)
def _prompt(name: str) -> _Prompt:
    first, _, text = resources.files("career_advisor").joinpath("prompts", name).read_text("utf-8").partition("\n")
    return _Prompt(first.removeprefix("version:").strip(), text.strip())


def version(*, rewords: bool = False, translates: bool = False, second_opinion: bool = False) -> str:
    """Return the versions of the prompts that a turn may be asked with, as a run of a test set records them.

    Args:
        rewords: Whether follow-ups are reworded.
        translates: Whether questions and answers are translated.
        second_opinion: Whether each sentence is asked about once more.

    >>> version(rewords=True).startswith("answer.md version ")
    True
    """
    used = [ANSWER, *[STANDALONE] * rewords, *[ENGLISH, TRANSLATION] * translates, *[JUDGE] * second_opinion]
    return ", ".join(f"{name} version {_prompt(name).version}" for name in used)


def compose(
    question: str, history: Sequence[Message], hits: Sequence[Hit], *, plain_words: bool = False
) -> tuple[Turn, ...]:
    """Return the messages that ask for a draft.

    Args:
        question: In its stand-alone form.
        history: Earlier turns, oldest first; only the person's own are used.
        hits: The passages, numbered from 1 in this order.
        plain_words: Whether one more rule asks for everyday words.
    """
    texts = evidence(hits)
    passages = [f"[{n}] {_about(hit)}\n{text}" for n, (hit, text) in enumerate(zip(hits, texts, strict=True), start=1)]
    before = earlier(history)
    fence = _fence([*passages, *before, question])
    parts = [f"Passages:\n{fence}\n" + "\n\n".join(passages) + f"\n{fence}"]
    if before:
        parts.append(f"Asked before:\n{fence}\n" + "\n".join(before) + f"\n{fence}")
    parts.append(f"Question:\n{fence}\n{question}\n{fence}")
    rules = _prompt(ANSWER).text + (f"\n{_prompt(PLAIN).text}" if plain_words else "")
    return (Turn("system", rules), Turn("user", "\n\n".join(parts)))


def compose_rewording(question: str, history: Sequence[Message]) -> tuple[Turn, ...]:
    """Return the messages that ask for a follow-up as it would stand alone.

    Args:
        question: As asked.
        history: Earlier turns, oldest first; only the person's own are used.
    """
    return _compose_leaning(STANDALONE, question, history)


def compose_english(question: str, history: Sequence[Message]) -> tuple[Turn, ...]:
    """Return the messages that ask for a question of another language in English, as it would stand alone.

    Args:
        question: As asked.
        history: Earlier turns, oldest first; only the person's own are used.
    """
    return _compose_leaning(ENGLISH, question, history)


def _compose_leaning(prompt: str, question: str, history: Sequence[Message]) -> tuple[Turn, ...]:
    before = earlier(history)
    fence = _fence([*before, question])
    joined = "\n".join(before)
    asked = f"Questions before it:\n{fence}\n{joined}\n{fence}\n\nQuestion:\n{fence}\n{question}\n{fence}"
    return (Turn("system", _prompt(prompt).text), Turn("user", asked))


def compose_translation(sentences: Sequence[str], question: str) -> tuple[Turn, ...]:
    """Return the messages that ask for checked English sentences in the language of a question.

    Args:
        sentences: Without markers, numbered from 1 in this order.
        question: As asked, in that language.
    """
    lines = [f"{n}. {sentence}" for n, sentence in enumerate(sentences, start=1)]
    fence = _fence([*lines, question])
    numbered = "\n".join(lines)
    asked = f"Question:\n{fence}\n{question}\n{fence}\n\nSentences:\n{fence}\n{numbered}\n{fence}"
    return (Turn("system", _prompt(TRANSLATION).text), Turn("user", asked))


def compose_judgement(sentence: str, quotes: Sequence[str]) -> tuple[Turn, ...]:
    """Return the messages that ask whether quotes by themselves say all that a sentence says.

    Args:
        sentence: Without markers.
        quotes: What it cites.
    """
    fence = _fence([sentence, *quotes])
    evidence = "\n\n".join(quotes)
    asked = f"Evidence:\n{fence}\n{evidence}\n{fence}\n\nSentence:\n{fence}\n{sentence}\n{fence}"
    return (Turn("system", _prompt(JUDGE).text), Turn("user", asked))


def compose_summary(statements: Sequence[str]) -> tuple[Turn, ...]:
    """Return the messages that ask for a summary of what somebody said of themselves.

    Args:
        statements: To them, numbered from 1 in this order; those that SUMMED_CHARACTERS have no room for are left out.
    """
    lines: list[str] = []
    room = SUMMED_CHARACTERS
    for n, statement in enumerate(statements, start=1):
        line = f"{n}. {' '.join(clean(statement).split())}"
        if len(line) > room:
            continue
        lines.append(line)
        room -= len(line)
    fence = _fence(lines)
    numbered = "\n".join(lines)
    return (Turn("system", _prompt(SUMMARY).text), Turn("user", f"What the person said:\n{fence}\n{numbered}\n{fence}"))


def read_judgement(text: str) -> bool | None:
    """Return what a judge said: the first yes or no behind its reasoning; None where it said neither.

    >>> read_judgement("<think>Yes? Hm.</think>No."), read_judgement("Perhaps.")
    (False, None)
    """
    word = _YES_OR_NO.search(said(text))
    return word[1].lower() == "yes" if word else None


def said(text: str) -> str:
    """Return what a model wrote without its reasoning and without tool calls written as text."""
    *_, last = _CLOSING.split(_UNSEEN.sub("", text))
    return _ANY_CONTROL.sub("", _UNENDED.sub("", last))


def read_rewording(text: str, question: str, history: Sequence[Message]) -> str:
    """Return the one question that a model wrote; empty where it wrote something else, or brought in words of its own.

    Args:
        text: All that it wrote.
        question: As asked.
        history: Earlier turns; names and numbers, and most other words, must stand in the person's own or the question.
    """
    lines = [" ".join(clean(line).split()) for line in said(text).splitlines()]
    (written, *others) = [line for line in lines if line] or [""]
    known = "\n".join([*earlier(history), question])
    words = content_words(written)
    if others or not words or len(written) > LONGEST_REWORDING:
        return ""
    foreign = numbers(written) - numbers(known) or names(written).keys() - names(known).keys() - set(
        content_words(known)
    )
    carried = sum(word in set(content_words(known)) for word in words) / len(words)
    return "" if foreign or carried < OWN_WORDS else written


def earlier(history: Sequence[Message]) -> list[str]:
    """Return the person's last turns, each cut at 300 characters; what an assistant turn claims is left out."""
    return [clean(turn.content)[:300] for turn in history if turn.role == "user"][-TURNS:]


def evidence(hits: Sequence[Hit], *, limit: int = EVIDENCE_CHARACTERS) -> list[str]:
    """Return of each passage the sentences that come nearest to the question, with their neighbours, in order.

    Each passage has its best sentence; the others come by falling score, over all passages, until there is no room.

    Args:
        hits: The passages, with a score for every sentence.
        limit: Characters of all together; the best sentences alone may take more.
    """
    every = [(score, n, i) for n, hit in enumerate(hits) for i, score in enumerate(hit.sentence_scores)]
    every.sort(key=lambda each: -each[0])
    firsts = {n: i for _, n, i in reversed(every)}
    chosen: list[set[int]] = [{firsts[n]} if n in firsts else set() for n in range(len(hits))]
    left = limit - sum(_length(hit, chosen[n]) for n, hit in enumerate(hits))
    for _, n, i in every:
        near = set(range(max(0, i - NEIGHBOURS), min(len(hits[n].sentences), i + NEIGHBOURS + 1))) - chosen[n]
        if _length(hits[n], near) > left:
            near = {i} - chosen[n]
        if _length(hits[n], near) > left:
            break
        chosen[n] |= near
        left -= _length(hits[n], near)
    return [_joined(hit, sorted(chosen[n])) for n, hit in enumerate(hits)]


def _length(hit: Hit, sentences: Iterable[int]) -> int:
    return sum(hit.sentences[i].end - hit.sentences[i].start for i in sentences)


def _joined(hit: Hit, sentences: Sequence[int]) -> str:
    """Return sentences of a passage as one text, with a mark where others were left out."""
    text = ""
    before = -1
    for i in sentences:
        span = hit.sentences[i]
        words = " ".join(clean(hit.document.text[span.start : span.end]).split())
        text += f" {words}" if i == before + 1 else f" {GAP} {words}"
        before = i
    return text.strip() + (f" {GAP}" if before + 1 < len(hit.sentences) else "")


def _about(hit: Hit) -> str:
    whose = hit.document.after or hit.document.author or hit.document.title
    heading = hit.heading[-1] if hit.heading else hit.document.title
    return clean(f"{heading} ({whose})").replace("\n", " ")


def _fence(texts: Iterable[str]) -> str:
    """Return a line of the shortest length that stands in none of the texts."""
    joined = "\n".join(texts)
    length = 5
    while "=" * length in joined:
        length += 1
    return "=" * length


class Withdrawn(NamedTuple):
    """What was read so far was no answer: a model's reasoning, whose beginning was not marked."""


def sentences(
    pieces: Iterable[str | Stage | Usage | Ended],
) -> Iterator[DraftSentence | Withdrawn | Stage | Usage]:
    """Cut a model's text into sentences as it comes; stages and what is used pass through.

    Markers may stand before or after the full stop, and hold several numbers. Reasoning, in whatever marks it stands,
    tool calls written as text, lists and emphasis are taken away. A sentence is yielded once the text goes on behind
    it; the last one only if the text was not cut.
    """
    buffer, whole = "", True
    for piece in pieces:
        if isinstance(piece, Ended):
            whole = piece.whole
        elif not isinstance(piece, str):
            yield piece
        else:
            buffer = _CONTROL.sub("", _UNSEEN.sub("", buffer + piece))
            if closing := _CLOSING.search(buffer):
                buffer = buffer[closing.end() :]
                yield Withdrawn()
            if _OPENING.search(buffer):
                continue
            while (end := _sentence_end(buffer)) is not None:
                yield from _draft(buffer[:end])
                buffer = buffer[end:].lstrip()
    if whole:
        yield from _draft(_UNENDED.sub("", buffer))


def _sentence_end(buffer: str) -> int | None:
    for match in _BOUNDARY.finditer(buffer):
        rest = buffer[match.end() :].lstrip()
        if not rest:
            return None
        if rest[0] in "[【(" and len(rest) < LONGEST_MARKER and not _MARKER_ENDS.search(rest):
            return None
        if _MARKER.match(rest):
            continue
        if _ABBREVIATION.search(buffer[: match.end()]):
            continue
        return match.end()
    return len(buffer) if len(buffer) > LONGEST_SENTENCE else None


def _draft(text: str) -> Iterator[DraftSentence]:
    cited = tuple(dict.fromkeys(n - 1 for match in _MARKER.finditer(text) for n in _cited(match.group())))
    plain = _DECORATION.sub("", _MARKER.sub("", _ANY_CONTROL.sub("", text)))
    plain = re.sub(r"\s+([.,!?;:])", r"\1", " ".join(clean(plain).split()))
    if re.search(r"\w", plain):
        yield DraftSentence(plain, cited, "model")


def _cited(marker: str) -> Iterator[int]:
    """Yield the numbers of a marker, those within a range as well; "[1-3]" cites three passages."""
    numbers_alone = marker.partition("†")[0]
    for first, last in _RANGE.findall(numbers_alone):
        yield from range(int(first[:3]), min(int(last[:3]), int(first[:3]) + MOST_IN_RANGE) + 1)
    yield from (int(n[:6]) for n in re.findall(r"\d+", _RANGE.sub(" ", numbers_alone)))


def admits(text: str) -> bool:
    """Tell whether a model says, as its prompt asks it to, that the passages hold no answer.

    >>> admits("The passages don't say."), admits("The passages don't say that a PhD is needed.")
    (True, False)
    """
    return bool(_ADMITS.fullmatch(text.strip()))

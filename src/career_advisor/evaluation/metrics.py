"""What a reply is worth beside its case: scores without a judge, whether it passes, and why not.

Works on the JSON of `wire`, so that a run can be scored again from its file. In the scores of a case a number is a
score; None is silence: the reply has nothing there that could be right or wrong (it declines, it cites nothing); a
metric that is missing is unscored: the case does not ask for it. Neither counts as zero.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from career_advisor.evaluation.cases import ANSWERS, Case
from career_advisor.evaluation.passages import score_passages
from career_advisor.evaluation.words import carried, foreign_numbers, plain, repeats, says

SUPPORTED = 0.7
"""Word precision from which a sentence is carried; measuring-answers, section B4: best threshold on MTRAG."""
REPEATED = 0.8
"""Share of a sentence's runs of words from which it repeats an earlier turn; a quote with another opening does."""

MEANINGS: Mapping[str, str] = {
    "passed": "share of cases that pass",
    "status": "share whose status is one of the expected",
    "fact_recall": "key facts found, of those a case lists",
    "forbidden_free": "share without any forbidden statement",
    "services_recall": "expected services that are shown",
    "services_precision": "shown services that were expected",
    "quotes_exact": "citations whose quote is the document's text, character for character",
    "citation_validity": "markers in the answer that have a citation",
    "citation_coverage": "sentences of substance with a citation",
    "citation_recall": "sentences that their citations together carry (ALCE, arXiv 2305.14627)",
    "citation_precision": "citations that their sentence needs (ALCE)",
    "support": "words of a sentence that its citations have",
    "refusal_recall": "cases that should not be plainly answered and are not",
    "false_refusal": "cases that should be answered and are not; lower is better",
    "repetition": "sentences that repeat an earlier turn; lower is better",
    "stability": "cases whose facts stay under typos, lower case and another order of sentences",
    "judged": "sentences that the judge found carried",
    "hit@1": "first passage holds the gold",
    "answer@5": "any gold among the first five passages",
    "recall@5": "gold stretches among the first five passages",
    "recall@10": "gold stretches among the first ten passages, or all where fewer are found",
    "ndcg@10": "nDCG of the first ten passages, or all where fewer are found",
    "words_to_answer": "words read until the gold; lower is better",
    "span_precision": "share of the first passage with gold that is gold",
}
"""Every metric of a run, and what it is."""
LOWER_IS_BETTER = frozenset({"false_refusal", "repetition", "words_to_answer"})

_MARKER = re.compile(r"\[(\d+)\]")


class Scored(NamedTuple):
    """What came of a case."""

    scores: dict[str, float | None]
    passed: bool
    why: tuple[str, ...]
    """Why it failed, a sentence each; empty where it passed."""


def score(
    case: Case,
    reply: Mapping[str, Any],
    hits: Sequence[Mapping[str, Any]],
    documents: Mapping[str, str],
    *,
    reworded: Sequence[str] = (),
    judged: Sequence[bool | None] = (),
) -> Scored:
    """Score a reply.

    A case passes when the status is an expected one, every fact has one of its alternatives in the answer, no forbidden
    statement is in it, every service named is shown, and every citation is exact; each only where the case states it.

    Args:
        case: What was asked.
        reply: In the form of a line of `ask`.
        hits: In the form of `search`, best first.
        documents: Stored text by path.
        reworded: Answers to the same question with typos, in lower case and so on.
        judged: A judge's word on each sentence of substance; None where it gave none.
    """
    answer = plain(reply["answer"])
    lost = [each for each in case.facts if not any(says(answer, alternative) for alternative in each)]
    said = [each for each in case.forbidden if says(answer, each)]
    shown = [each["id"] for each in reply["services"]]
    absent = [each for each in case.services if each not in shown]
    inexact = [each for each in reply["citations"] if not _is_exact(each, documents)]
    expected = not case.expect or reply["status"] in case.expect

    why = [] if expected else [f"Its status is {reply['status']}; expected is {' or '.join(case.expect)}."]
    why += [f"The answer has none of: {', '.join(f'“{alternative}”' for alternative in each)}." for each in lost]
    why += [f"The answer says “{each}”, which is forbidden." for each in said]
    why += [f"The service {each} is not shown." for each in absent]
    why += [
        f"Citation {each['number']} is not the text of {each['document']} from {each['start']} to {each['end']}."
        for each in inexact
    ]

    silent = reply["status"] not in ANSWERS and not (case.expect and expected)
    scores: dict[str, float | None] = {}
    if case.expect:
        scores["status"] = float(expected)
    if case.facts:
        scores["fact_recall"] = None if silent else 1 - len(lost) / len(case.facts)
    if case.forbidden:
        scores["forbidden_free"] = float(not said)
    if case.services:
        scores["services_recall"] = 1 - len(absent) / len(case.services)
        scores["services_precision"] = _share([each in case.services for each in shown])
    if case.must_decline:
        scores["refusal_recall"] = float(reply["status"] != "answered")
    if case.must_answer:
        scores["false_refusal"] = float(reply["status"] not in ANSWERS)
    scores["quotes_exact"] = _share([each not in inexact for each in reply["citations"]])
    scores |= _score_citations(reply)
    if earlier := [turn.content for turn in case.history if turn.role == "assistant"]:
        sentences = [each["text"] for each in substance(reply)]
        scores["repetition"] = _share([any(repeats(s, turn) >= REPEATED for turn in earlier) for s in sentences])
    if reworded and case.facts:
        scores["stability"] = float(all(_facts(plain(other), case) == _facts(answer, case) for other in reworded))
    if judged:
        scores["judged"] = _share([verdict for verdict in judged if verdict is not None])
    if case.gold:
        scores |= score_passages(case.gold, hits, documents)
    return Scored(scores, not why, tuple(why))


def substance(reply: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the sentences that state something about the world: all but our own wording."""
    return [each for each in reply["sentences"] if each["origin"] != "fixed"]


def quotes_of(sentence: Mapping[str, Any], reply: Mapping[str, Any]) -> list[str]:
    """Return the quotes that a sentence cites."""
    by_number = {each["number"]: each["quote"] for each in reply["citations"]}
    return [by_number[number] for number in sentence["citations"] if number in by_number]


def _score_citations(reply: Mapping[str, Any]) -> dict[str, float | None]:
    sentences = [(each["text"], quotes_of(each, reply)) for each in substance(reply)]
    numbers = {each["number"] for each in reply["citations"]}
    supports = [support for text, quotes in sentences if (support := carried(text, quotes)) is not None]
    return {
        "citation_validity": _share([int(number) in numbers for number in _MARKER.findall(reply["answer"])]),
        "citation_coverage": _share([bool(quotes) for _, quotes in sentences]),
        "citation_recall": _share([_carries(text, quotes) for text, quotes in sentences]),
        "citation_precision": _share(
            [_is_needed(text, quotes, i) for text, quotes in sentences for i in range(len(quotes))]
        ),
        "support": sum(supports) / len(supports) if supports else None,
    }


def _carries(sentence: str, quotes: Sequence[str]) -> bool:
    support = carried(sentence, quotes)
    return bool(quotes) and (support is None or support >= SUPPORTED) and not foreign_numbers(sentence, quotes)


def _is_needed(sentence: str, quotes: Sequence[str], position: int) -> bool:
    """Tell whether a citation helps: not if it does not carry the sentence alone and the others do without it.

    Gao et al., EMNLP 2023, arXiv 2305.14627, section 4: a citation also counts as nothing where all of them together
    do not carry the sentence.
    """
    others = [quote for i, quote in enumerate(quotes) if i != position]
    return _carries(sentence, quotes) and (_carries(sentence, [quotes[position]]) or not _carries(sentence, others))


def _is_exact(citation: Mapping[str, Any], documents: Mapping[str, str]) -> bool:
    text = documents.get(citation["document"])
    return text is not None and text[citation["start"] : citation["end"]] == citation["quote"]


def _facts(answer: str, case: Case) -> list[bool]:
    return [any(says(answer, alternative) for alternative in each) for each in case.facts]


def _share(right: Sequence[bool]) -> float | None:
    return sum(right) / len(right) if right else None

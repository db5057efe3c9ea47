"""A run in the field names of another tool, so that a maintainer can carry it over: ragas, promptfoo or inspect_ai.

    ragas      JSON lines, a SingleTurnSample each   `ragas.EvaluationDataset.from_jsonl(file)`
    promptfoo  JSON, a configuration with its tests  `promptfoo eval -c file`; asks no model
    inspect    JSON lines, a Sample each             `inspect_ai.dataset.json_dataset(file)`

Loaded and run in November 2026 with ragas 0.4.3, promptfoo 0.121.20 and 0.123.1, and inspect_ai 0.3.285. None of them
is needed to write a file. There is one entry a result, in the order of results.jsonl. A field that the run cannot
honestly fill is left out, never filled with something near.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from career_advisor.evaluation import folder as files
from career_advisor.evaluation.cases import Case
from career_advisor.evaluation.folder import Row
from career_advisor.records import WrongUse

Entry: TypeAlias = dict[str, Any]

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
# The end of a comment is an error where none was begun; the other ends are words like any other.
_TEMPLATE = re.compile(r"\{(?=[{%#])|#(?=\})")
_ADDRESS = re.compile(r"^(?:file://|package:)")

# Code for promptfoo. What it works on is handed over as data, so that no text of a run stands in it.
_STATUS_IS_EXPECTED = "context.config.statuses.includes(context.test.metadata.status)"
_SERVICES_ARE_SHOWN = "context.config.services.every((id) => context.test.metadata.services.includes(id))"
_NO_REPLY = "({ pass: false, score: 0, reason: context.test.metadata.error })"


@dataclass(frozen=True, slots=True)
class Export:
    """A run as another tool reads it."""

    data: list[Entry] | Entry
    """A list is written as JSON lines, an object as JSON."""
    results: int
    without_reply: int
    """Results of cases that could not be asked."""
    finished: bool
    """Whether the run asked all that it was to ask."""
    suffixes: tuple[str, ...]
    """Ends of a file's name, by one of which the tool knows how to read it; empty where any will do."""

    @property
    def text(self) -> str:
        """The file: JSON in ASCII alone, which a reader in any encoding takes, and one of YAML, too."""
        if isinstance(self.data, list):
            return "".join(json.dumps(entry) + "\n" for entry in self.data)
        return json.dumps(self.data, indent=1) + "\n"


@dataclass(frozen=True, slots=True)
class _Result:
    """A line of the results."""

    row: Row
    case: Case
    name: str
    """The case's id; with the number of the repeat, from 1, where every case was asked several times."""

    @classmethod
    def of(cls, row: Row, *, repeated: bool) -> _Result:
        case = Case.of(row["case"])
        return cls(row, case, f"{case.id} ({row['repeat'] + 1})" if repeated else case.id)

    @property
    def reply(self) -> Mapping[str, Any] | None:
        """None where the case could not be asked."""
        reply: Mapping[str, Any] | None = self.row["reply"]
        return reply

    @property
    def services(self) -> list[str]:
        """Ids of those shown."""
        return [each["id"] for each in self.reply["services"]] if self.reply else []


def export(folder: Path, tool: str) -> Export:
    """Return a run as another tool reads it.

    A lone surrogate, which none of the tools takes, is written as the six characters of its escape.

    Args:
        folder: Of the run, finished or not; half a line at the end of its results is left out.
        tool: `ragas`, `promptfoo` or `inspect`.

    Raises:
        WrongUse: If the tool is another one, or the run is none, has no result yet or has a malformed one.
    """
    if tool not in _TOOLS:
        raise WrongUse(f"{tool!r} is no tool that a run can be written for; give --to {' or '.join(_TOOLS)}")
    manifest, rows = files.read_manifest(folder), _encodable(files.read_rows(folder))
    if not rows:
        raise WrongUse(
            f"{folder} has no result yet; `career-advisor evaluate run --resume --out {folder}` goes on with it"
        )
    try:
        results = [_Result.of(row, repeated=manifest["repeat"] > 1) for row in rows]
        data = _TOOLS[tool].entries(results)
    except (AttributeError, LookupError, TypeError, ValueError) as fault:
        told = f"{type(fault).__name__}: {fault}"
        raise WrongUse(f"{folder} is not a run that this version can write ({told}); make the run anew") from fault
    without_reply = sum(result.reply is None for result in results)
    return Export(data, len(results), without_reply, bool(manifest["finished"]), _TOOLS[tool].suffixes)


def _encodable(rows: Sequence[Row]) -> list[Row]:
    text = _LONE_SURROGATE.sub(lambda lone: rf"\\u{ord(lone[0]):04x}", json.dumps(rows, ensure_ascii=False))
    made: list[Row] = json.loads(text)
    return made


# ---------------------------------------------------------------- ragas


def _ragas(results: Sequence[_Result]) -> list[Entry]:
    return [_ragas_sample(result) for result in results]


def _ragas_sample(result: _Result) -> Entry:
    """Return a SingleTurnSample.

    A case with a history is one question too: the stand-alone one, which the passages were searched for. A sample of
    many turns has no place for passages, and the metrics of one turn make nothing of “and in London?”. The ids are
    those of documents: a case does not say where in its document a gold quote stands. `reference` is left out, because
    a case states facts and passages but no whole answer; so is all that was recorded where there is no reply.
    """
    sample: Entry = {"user_input": _standing_alone(result)}
    if result.reply is not None:
        sample["response"] = result.reply["answer"]
        sample["retrieved_contexts"] = [hit["text"] for hit in result.row["hits"]]
        sample["retrieved_context_ids"] = [hit["document"] for hit in result.row["hits"]]
    if result.case.gold:
        sample["reference_contexts"] = [gold.quote for gold in result.case.gold]
        sample["reference_context_ids"] = [gold.document for gold in result.case.gold]
    return sample


def _standing_alone(result: _Result) -> str:
    """Return the question in words that need no history: the case's own, else the reply's, else as it was asked."""
    case = result.case
    if not case.history:
        return case.question
    own = case.line.get("standalone")
    if isinstance(own, str) and own.strip():
        return own
    return result.reply["standalone_question"] if result.reply else case.question


# ---------------------------------------------------------------- promptfoo


def _promptfoo(results: Sequence[_Result]) -> Entry:
    """Return a configuration whose tests bring their outputs along; the provider is named because one must be."""
    return {
        "description": "Recorded answers of Career Advisor",
        "providers": ["echo"],
        "prompts": ["{{question}}"],
        "tests": [_promptfoo_test(result) for result in results],
    }


def _promptfoo_test(result: _Result) -> Entry:
    case, reply = result.case, result.reply
    variables = {"question": _inert(case.question)}
    if case.history:
        variables["history"] = _inert("\n".join(f"{turn.role}: {turn.content}" for turn in case.history))
    metadata = {
        "id": _inert(case.id),
        "kind": _inert(case.kind),
        "half": _inert(case.half),
        "tags": [_inert(tag) for tag in case.tags],
        "repeat": result.row["repeat"],
        "status": reply["status"] if reply else None,
        "services": [_inert(service) for service in result.services],
        "passed": result.row["passed"],
        "why": [_inert(why) for why in result.row["why"]],
        "error": _inert(result.row["error"] or ""),
    }
    return {
        "description": _inert(result.name),
        "vars": variables,
        # promptfoo would ask its provider in place of an output that is empty.
        "providerOutput": _inert(reply["answer"] if reply else "") or " ",
        "assert": _assertions(case) if reply else [{"type": "javascript", "metric": "reply", "value": _NO_REPLY}],
        "metadata": metadata,
    }


def _assertions(case: Case) -> list[Entry]:
    """Return what a case checks, but for the exactness of citations, which needs the documents."""
    wanted: list[Entry] = []
    if case.expect:
        wanted.append(
            {"type": "javascript", "metric": "status", "value": _STATUS_IS_EXPECTED}
            | {"config": {"statuses": list(case.expect)}}
        )
    for fact in case.facts:
        wanted.append({"type": "icontains-any", "metric": "fact_recall", "value": [_inert(each) for each in fact]})
    for statement in case.forbidden:
        wanted.append({"type": "not-icontains", "metric": "forbidden_free", "value": _inert(statement)})
    if case.services:
        wanted.append(
            {"type": "javascript", "metric": "services_recall", "value": _SERVICES_ARE_SHOWN}
            | {"config": {"services": [_inert(service) for service in case.services]}}
        )
    return wanted


def _inert(text: str) -> str:
    """Return a text that promptfoo takes as it stands.

    It fills in templates wherever it finds one, reads `file://` and `package:` at the beginning of a text as the
    address of a file, and has no way to write either that holds in every place. So a space comes between the two signs
    of a template, and such an address gets a capital. Both sides of a comparison are treated alike, and it compares
    without case: what is found stays the same.

    >>> _inert("{{ env.HOME }} {% raw %}"), _inert("file:///etc/passwd")
    ('{ { env.HOME }} { % raw %}', 'File:///etc/passwd')
    """
    return _ADDRESS.sub(lambda address: address[0].capitalize(), _TEMPLATE.sub(r"\g<0> ", text))


# ---------------------------------------------------------------- inspect


def _inspect(results: Sequence[_Result]) -> list[Entry]:
    return [_inspect_sample(result) for result in results]


def _inspect_sample(result: _Result) -> Entry:
    """Return a Sample.

    The target is text for a grader, and missing where a case states no fact: a list would mean that any one of its
    entries will do. The facts as the case has them are in `metadata`, beside everything that was recorded.
    """
    case, reply = result.case, result.reply
    # inspect_ai keeps a sample in a file that is named by its id, and a NUL would end the name.
    sample: Entry = {"id": result.name.replace("\0", "\\x00"), "input": _messages(case)}
    if case.facts:
        sample["target"] = "; ".join(" or ".join(alternatives) for alternatives in case.facts)
    sample["metadata"] = {
        "answer": reply["answer"] if reply else None,
        "status": reply["status"] if reply else None,
        "citations": reply["citations"] if reply else [],
        "services": result.services,
        "scores": result.row["scores"],
        "passed": result.row["passed"],
        "why": result.row["why"],
        "error": result.row["error"],
        "repeat": result.row["repeat"],
        "case": dict(case.line),
    }
    return sample


def _messages(case: Case) -> str | list[Entry]:
    """Return the question, as a message where there is a history; an empty question is refused but as a message."""
    if not case.history and case.question:
        return case.question
    turns = [{"role": turn.role, "content": turn.content} for turn in case.history]
    return [*turns, {"role": "user", "content": case.question}]


class _Tool(NamedTuple):
    entries: Callable[[Sequence[_Result]], list[Entry] | Entry]
    suffixes: tuple[str, ...]


_TOOLS: Mapping[str, _Tool] = {
    "ragas": _Tool(_ragas, ()),
    "promptfoo": _Tool(_promptfoo, (".json", ".yaml", ".yml")),
    "inspect": _Tool(_inspect, (".jsonl",)),
}

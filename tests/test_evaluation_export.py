"""A run is carried over to other tools in their own words, whole, and nothing in it acts there.

The fields below are those that the tools document and read, taken from them in November 2026: ragas 0.4.3
(`ragas.SingleTurnSample`), promptfoo 0.121.20 and 0.123.1 (`TestSuiteConfig`, `TestCase`, `Assertion`), inspect_ai
0.3.285 (`inspect_ai.dataset.Sample`, as `json_dataset` reads it). Exports of these same runs were loaded and run by
them then.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from career_advisor.evaluation import running, words
from career_advisor.evaluation.cases import read_cases
from career_advisor.evaluation.exporting import export
from career_advisor.evaluation.folder import read_rows
from career_advisor.records import ModelUnavailable
from tests.test_cli import Run, assert_one_line, run
from tests.test_evaluation import CASES, DOCUMENTS, ScriptedAdvisor, plan_of, silent, write
from tests.test_evaluation_report import HOSTILE, made_up, poisoned, write_run

__all__ = ["run"]

Fields = dict[str, Callable[[Any], bool]]
TOOLS = ("ragas", "promptfoo", "inspect")
EARLIER = [
    {"role": "user", "content": "Do I need a PhD for research?"},
    {"role": "assistant", "content": "Mostly not."},
]
SHAPES: tuple[dict[str, Any], ...] = (
    *CASES,
    {"id": "next", "question": "And how long does it take?", "history": EARLIER},
    {"id": "two", "question": "Do I need a PhD?", "facts": [["have none", "has none"], ["quicker"]], "tags": ["plain"]}
    | {"forbidden": ["you need a PhD"], "services": ["80k-advising"], "half": "held-out", "kind": "answerable"},
    {
        "id": "wrong",
        "question": "Do I need a PhD?",
        "facts": [["have none"], ["a doctorate"]],
        "forbidden": ["quicker"],
    },
)
TEMPLATES = (
    *HOSTILE,
    "{{ env.HOME }} {%raw%}{# note #}",
    "#} closes nothing",
    "{{{{#}#}%}}}",
    "file:///etc/passwd",
    "package:left:pad",
    "\x7f\x9b\u2028\ufeff\x00 unprintable",
)


def text(value: Any) -> bool:
    return isinstance(value, str)


def texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(text, value))


def table(value: Any) -> bool:
    return isinstance(value, dict) and all(map(text, value))


def messages(value: Any) -> bool:
    roles = {"system", "user", "assistant", "tool"}
    return isinstance(value, list) and all(each["role"] in roles and text(each["content"]) for each in value)


RAGAS: Fields = {
    **dict.fromkeys(("user_input", "response", "reference", "persona_name", "query_style", "query_length"), text),
    **dict.fromkeys(("retrieved_contexts", "reference_contexts", "multi_responses"), texts),
    **dict.fromkeys(("retrieved_context_ids", "reference_context_ids"), texts),
    "rubrics": table,
}
INSPECT: Fields = {
    "input": lambda value: bool(value) and (text(value) or messages(value)),
    "target": lambda value: text(value) or texts(value),
    "choices": texts,
    "id": lambda value: text(value) or isinstance(value, int),
    **dict.fromkeys(("description", "setup"), text),
    **dict.fromkeys(("metadata", "sandbox", "files", "checkpoint"), table),
}
CONFIG: Fields = {"description": text, "providers": texts, "prompts": texts, "tests": lambda value: len(value) > 0}
TEST: Fields = {
    "description": text,
    "vars": lambda value: table(value) and all(map(text, value.values())),  # a list would be one test for each entry
    "providerOutput": lambda value: text(value) and value != "",  # an empty one would be asked of the provider
    "assert": lambda value: isinstance(value, list),
    **dict.fromkeys(("options", "metadata"), table),
}
ASSERTIONS: dict[str, Callable[[Any], bool]] = {"icontains-any": texts, "not-icontains": text, "javascript": text}
ASSERTION: Fields = {"type": ASSERTIONS.__contains__, "value": bool, "config": table, "metric": text}


def holds(entry: dict[str, Any], fields: Fields) -> bool:
    return all(name in fields and fields[name](value) for name, value in entry.items())


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (found for each in [*value, *value.values()] for found in strings(each))
    elif isinstance(value, list):
        yield from (found for each in value for found in strings(each))


def entries(folder: Path, tool: str) -> list[dict[str, Any]]:
    """Return the entries as they stand in the file that is written."""
    written = export(folder, tool).text
    assert written.isascii()
    assert written.endswith("\n")
    if tool == "promptfoo":
        config = json.loads(written)
        assert holds(config, CONFIG)
        assert {"providers", "prompts", "tests"} <= config.keys()
        tests: list[dict[str, Any]] = config["tests"]
        return tests
    return [json.loads(line) for line in written.split("\n")[:-1]]


def assert_read(folder: Path) -> None:
    """Assert that each tool would take the whole run."""
    results = len(read_rows(folder))
    ragas, promptfoo, inspect = (entries(folder, tool) for tool in TOOLS)
    assert len(ragas) == len(promptfoo) == len(inspect) == results
    assert all(holds(each, RAGAS) and "user_input" in each for each in ragas)
    assert all(holds(each, INSPECT) and {"id", "input"} <= each.keys() for each in inspect)
    assert len({each["id"] for each in inspect}) == results
    for test in promptfoo:
        assert holds(test, TEST)
        assert {"vars", "providerOutput"} <= test.keys()
        for assertion in test["assert"]:
            assert holds(assertion, ASSERTION)
            assert ASSERTIONS[assertion["type"]](assertion["value"])


def grade(assertion: dict[str, Any], test: dict[str, Any]) -> bool:
    """Decide as promptfoo does; of JavaScript it knows what is in use."""
    answer = test["providerOutput"].lower()
    recorded, config = test["metadata"], assertion.get("config", {})
    if assertion["type"] == "icontains-any":
        return any(each.lower() in answer for each in assertion["value"])
    if assertion["type"] == "not-icontains":
        return assertion["value"].lower() not in answer
    if assertion["metric"] == "status":
        return recorded["status"] in config["statuses"]
    if assertion["metric"] == "services_recall":
        return set(config["services"]) <= set(recorded["services"])
    assert assertion["metric"] == "reply"
    return False


def asked(folder: Path, *cases: dict[str, Any], repeat: int = 1) -> Path:
    """Make a run, as far as its results; of the cup nothing can be asked."""
    plan = plan_of(read_cases(write(folder.with_suffix(".jsonl"), *cases)), repeat=repeat)
    running.begin(folder, plan)
    advisor = ScriptedAdvisor(cup=ModelUnavailable("The model is gone."))
    running.run(folder, plan, advisor, DOCUMENTS, progress=silent)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a run over cases with and without a history, gold, facts and services; one could not be asked."""
    return asked(tmp_path / "run", *SHAPES)


def by_id(folder: Path, tool: str) -> dict[str, dict[str, Any]]:
    return dict(zip((case["id"] for case in SHAPES), entries(folder, tool), strict=True))


# ---------------------------------------------------------------- what each tool gets


def test_every_tool_gets_every_result_in_its_own_fields(folder: Path) -> None:
    assert_read(folder)


def test_ragas_gets_the_question_the_passages_and_the_gold_and_no_answer_of_reference(folder: Path) -> None:
    rows = {row["case"]["id"]: row for row in read_rows(folder)}
    samples = by_id(folder, "ragas")

    assert samples["phd"] == {
        "user_input": "Do I need a PhD?",
        "response": rows["phd"]["reply"]["answer"],
        "retrieved_contexts": [hit["text"] for hit in rows["phd"]["hits"]],
        "retrieved_context_ids": [hit["document"] for hit in rows["phd"]["hits"]],
        "reference_contexts": [gold["quote"] for gold in rows["phd"]["case"]["gold"]],
        "reference_context_ids": [gold["document"] for gold in rows["phd"]["case"]["gold"]],
    }
    assert samples["phd"]["retrieved_contexts"]
    assert samples["pay"].keys() == {"user_input", "response", "retrieved_contexts", "retrieved_context_ids"}


def test_a_question_of_a_conversation_stands_alone_for_ragas(tmp_path: Path) -> None:
    lines = made_up(4)  # the fourth is of many turns
    own, replied, lost = ({**lines[3], "case": {**lines[3]["case"], "id": each}} for each in "abc")
    own["case"]["standalone"] = "What does the remote programme pay?"
    lost |= {"reply": None, "hits": [], "passed": None, "error": "gone"}
    lines[0]["reply"]["standalone_question"] = "The same, put right?"

    asked = [each["user_input"] for each in entries(write_run(tmp_path, [lines[0], own, replied, lost]), "ragas")]

    assert asked == [
        lines[0]["case"]["question"],
        "What does the remote programme pay?",
        lines[3]["reply"]["standalone_question"],
        lines[3]["case"]["question"],
    ]


def test_promptfoo_needs_no_model_and_decides_as_the_run_did(folder: Path) -> None:
    rows = read_rows(folder)
    tests = entries(folder, "promptfoo")

    assert [test["providerOutput"] for test in tests] == [
        row["reply"]["answer"] if row["reply"] else " " for row in rows
    ]
    assert [all(grade(each, test) for each in test["assert"]) for test in tests] == [
        bool(row["passed"]) for row in rows
    ]
    assert {row["passed"] for row in rows} == {True, False, None}


def test_promptfoo_checks_what_a_case_states_and_can_filter_by_what_it_is(folder: Path) -> None:
    test = by_id(folder, "promptfoo")["two"]

    assert [(each["type"], each["value"]) for each in test["assert"] if each["type"] != "javascript"] == [
        ("icontains-any", ["have none", "has none"]),
        ("icontains-any", ["quicker"]),
        ("not-icontains", "you need a PhD"),
    ]
    assert {key: test["metadata"][key] for key in ("id", "kind", "half", "tags")} == {
        "id": "two",
        "kind": "answerable",
        "half": "held-out",
        "tags": ["plain"],
    }


def test_inspect_gets_a_conversation_as_messages_and_what_was_recorded_as_metadata(folder: Path) -> None:
    rows = {row["case"]["id"]: row for row in read_rows(folder)}
    samples = by_id(folder, "inspect")

    assert samples["phd"]["input"] == "Do I need a PhD?"
    assert samples["next"]["input"] == [*EARLIER, {"role": "user", "content": "And how long does it take?"}]
    assert samples["two"]["target"] == "have none or has none; quicker"
    assert "target" not in samples["pay"]
    metadata, reply = samples["two"]["metadata"], rows["two"]["reply"]
    assert {key: metadata[key] for key in ("answer", "status", "citations")} == {
        key: reply[key] for key in ("answer", "status", "citations")
    }
    assert metadata["services"] == [each["id"] for each in reply["services"]]
    assert metadata["scores"] == rows["two"]["scores"]
    assert metadata["case"] == rows["two"]["case"]


# ---------------------------------------------------------------- runs of every kind


def test_a_case_that_could_not_be_asked_is_kept_without_an_answer_and_passes_nowhere(folder: Path) -> None:
    ragas, test, sample = (by_id(folder, tool)["cup"] for tool in TOOLS)

    assert ragas.keys() == {"user_input"}
    assert [grade(each, test) for each in test["assert"]] == [False]
    assert test["metadata"]["error"] == sample["metadata"]["error"] == "The model is gone."
    assert (sample["metadata"]["answer"], sample["metadata"]["status"]) == (None, None)


def test_an_empty_answer_is_not_asked_again_of_promptfoos_provider(tmp_path: Path) -> None:
    (line,) = made_up(1)
    line["reply"]["answer"] = ""

    assert_read(write_run(tmp_path, [line]))


def test_an_empty_question_is_still_an_input_for_inspect(tmp_path: Path) -> None:
    (line,) = made_up(1)
    line["case"] |= {"question": "", "history": []}

    assert_read(write_run(tmp_path, [line]))


def test_every_repeat_is_an_entry_with_a_name_of_its_own(tmp_path: Path) -> None:
    asked(tmp_path / "run", *SHAPES[:2], repeat=2)

    assert_read(tmp_path / "run")
    names = ["phd (1)", "pay (1)", "phd (2)", "pay (2)"]
    assert [each["id"] for each in entries(tmp_path / "run", "inspect")] == names
    assert [each["description"] for each in entries(tmp_path / "run", "promptfoo")] == names


def test_a_run_without_any_gold_names_no_references(tmp_path: Path) -> None:
    asked(tmp_path / "run", {"id": "a", "question": "Do I need a PhD?"})

    assert_read(tmp_path / "run")
    assert not any(name.startswith("reference") for each in entries(tmp_path / "run", "ragas") for name in each)


def test_half_a_line_at_the_end_of_a_stopped_run_is_left_out(folder: Path) -> None:
    whole = (folder / "results.jsonl").read_bytes()
    (folder / "results.jsonl").write_bytes(whole[:-40])

    assert len(entries(folder, "ragas")) == len(SHAPES) - 1
    assert_read(folder)


# ---------------------------------------------------------------- texts that are up to something


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """Return a run in which every text that somebody wrote is hostile, and the answer says each fact."""
    lines = []
    for number, line in enumerate(poisoned(made_up(40), random.Random(5))):
        evil = TEMPLATES[number % len(TEMPLATES)]
        line["case"] |= {"id": f"{evil} {number}", "question": evil, "facts": [[evil]], "forbidden": [f"{evil} never"]}
        line["case"] |= {"tags": [evil], "services": [evil], "expect": "answered"}
        line |= {"passed": True, "error": None}
        if line["reply"]:
            line["reply"] |= {"answer": f"so: {evil}, and more", "status": "answered", "services": [{"id": evil}]}
        lines.append(line)
    return write_run(tmp_path / "hostile", lines)


def test_hostile_texts_give_valid_files_that_any_reader_can_encode(hostile: Path) -> None:
    assert_read(hostile)
    for tool in TOOLS:
        for found in strings(entries(hostile, tool)):
            found.encode("utf-8")
    assert not any("\0" in each["id"] for each in entries(hostile, "inspect"))  # would end a file's name in its log


def test_no_text_of_a_run_is_a_template_an_address_or_code_for_promptfoo(hostile: Path) -> None:
    config = json.loads(export(hostile, "promptfoo").text)
    ours = {each["value"] for test in config["tests"] for each in test["assert"] if each["type"] == "javascript"}

    assert config.pop("prompts") == ["{{question}}"]
    for found in strings(config):
        assert not re.search(r"\{\{|\{%|\{#|#\}", found), found
        assert not found.startswith(("file://", "package:")), found
    assert len(ours) == 3
    assert not any(each in value for each in TEMPLATES for value in ours)


def test_what_an_answer_says_is_found_by_promptfoo_whatever_it_looks_like(hostile: Path) -> None:
    rows = read_rows(hostile)
    for row, test in zip(rows, entries(hostile, "promptfoo"), strict=True):
        if row["reply"]:
            assert words.says(words.plain(row["reply"]["answer"]), row["case"]["facts"][0][0])
            assert all(grade(each, test) for each in test["assert"]), test


def test_ordinary_text_reaches_promptfoo_as_it_was_written(folder: Path) -> None:
    for row, test in zip(read_rows(folder), entries(folder, "promptfoo"), strict=True):
        assert test["vars"]["question"] == row["case"]["question"]


# ---------------------------------------------------------------- the command


@pytest.mark.parametrize("tool", TOOLS)
def test_the_command_prints_the_file_or_writes_it(run: Run, folder: Path, tmp_path: Path, tool: str) -> None:
    out = tmp_path / ("file.json" if tool == "promptfoo" else "file.jsonl")
    printed = run("evaluate", "export", folder, "--to", tool)
    written = run("evaluate", "export", folder, "--to", tool, "--out", out)

    assert (printed.code, written.code) == (0, 0)
    assert printed.out == out.read_text("utf-8") == export(folder, tool).text
    assert printed.err == written.err == f"1 of {len(SHAPES)} results have no reply, and their entries no answer\n"
    assert written.out == f"{len(SHAPES)} results in {out}\n"


def test_json_is_the_entries_or_where_they_were_written(run: Run, folder: Path, tmp_path: Path) -> None:
    data = run("evaluate", "export", folder, "--to", "inspect", "--json")
    written = run("evaluate", "export", folder, "--to", "inspect", "--json", "--out", tmp_path / "a.jsonl")

    assert data.json == entries(folder, "inspect")
    assert written.json == {
        "file": str(tmp_path / "a.jsonl"),
        "to": "inspect",
        "results": len(SHAPES),
        "without_reply": 1,
    }


def test_an_unknown_tool_is_wrong_use_and_so_is_none(run: Run, folder: Path, tmp_path: Path) -> None:
    assert_one_line(
        run("evaluate", "export", folder, "--to", "excel", "--out", tmp_path / "a"), 2, "ragas or promptfoo or inspect"
    )
    assert run("evaluate", "export", folder).code == 2
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("tool", TOOLS)
def test_a_run_that_has_asked_nothing_yet_is_refused_and_no_file_is_touched(
    run: Run, folder: Path, tmp_path: Path, tool: str
) -> None:
    (folder / "results.jsonl").write_bytes(b"")
    (tmp_path / "a.jsonl").write_text("before")

    refused = run("evaluate", "export", folder, "--to", tool, "--out", tmp_path / "a.jsonl")

    assert_one_line(refused, 2, "has no result yet", "--resume")
    assert (tmp_path / "a.jsonl").read_text() == "before"


def test_what_is_no_run_or_a_broken_one_is_one_line(run: Run, folder: Path, tmp_path: Path) -> None:
    assert_one_line(run("evaluate", "export", tmp_path, "--to", "ragas"), 2, "no run there")
    gold: dict[str, Any] = {"case": {"id": "a", "question": "?", "gold": [1]}, "repeat": 0}
    for lines in ([gold], [{"case": {"id": "a"}}, gold]):
        write(folder / "results.jsonl", *lines)
        assert_one_line(run("evaluate", "export", folder, "--to", "inspect"), 2, "make the run anew")


def test_a_stopped_run_is_written_and_said_to_be_one(run: Run, folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    (folder / "manifest.json").write_text(json.dumps(manifest | {"finished": False}), "utf-8")

    told = run("evaluate", "export", folder, "--to", "ragas")

    assert (told.code, len(told.lines)) == (0, len(SHAPES))
    assert "the run was stopped" in told.err


def test_a_place_that_cannot_be_written_is_one_line_and_nothing_is_left_behind(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "there").mkdir()
    before = sorted(tmp_path.rglob("*"))

    for out in (tmp_path / "there", tmp_path / "nowhere" / "a.jsonl"):
        ran = run("evaluate", "export", folder, "--to", "ragas", "--out", out)
        assert (ran.code, ran.out) == (2, "")
        assert "give another --out" in ran.err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_name_by_which_the_tool_would_not_know_the_file_is_said(run: Run, folder: Path, tmp_path: Path) -> None:
    for tool, name, right in (("inspect", "a.json", "a.jsonl"), ("promptfoo", "a.txt", "a.json")):
        told = run("evaluate", "export", folder, "--to", tool, "--out", tmp_path / name)
        assert told.code == 0
        assert told.err.endswith(f"to {right}\n")
    assert "rename" not in run("evaluate", "export", folder, "--to", "ragas", "--out", tmp_path / "a.txt").err

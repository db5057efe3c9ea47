"""`evaluate` on the command line: what it ends with, what it leaves, and what it refuses before anything is asked."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from career_advisor import opening
from career_advisor.advisor import NOT_WHOLE, TOO_LITTLE
from career_advisor.evaluation import passages
from career_advisor.prompting import version
from career_advisor.records import Dropped, EncoderIdentity, IndexMissing, ModelUnavailable, Usage
from tests.doubles import QUOTES, SUMMARY, answered, not_covered
from tests.test_cli import PHD, QUESTION, QUOTE, Ran, Run, assert_one_line, ready, run, served
from tests.test_evaluation import CASES, ScriptedAdvisor, ScriptedJudge, write

__all__ = ["ready", "run", "served"]

Patch = pytest.MonkeyPatch
GOOD = CASES[:2]


class Desk:
    """An advisor behind the commands, and what it was opened with."""

    def __init__(self) -> None:
        self.advisor = ScriptedAdvisor()
        self.models: list[str] = []

    def open(self, settings: Any, **_: object) -> ScriptedAdvisor:
        self.models.append(settings.model)
        return self.advisor


@pytest.fixture
def desk(monkeypatch: Patch) -> Desk:
    desk = Desk()
    shelf = SimpleNamespace(
        documents={SUMMARY.path: SUMMARY}, id="index-1", encoder=EncoderIdentity("all-MiniLM-L6-v2", "0", 384)
    )
    monkeypatch.setattr(opening, "open_served", lambda *_, **__: shelf)
    monkeypatch.setattr(opening, "open_advisor", desk.open)
    return desk


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    return write(tmp_path / "cases.jsonl", *CASES)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """Return a test set of which every case passes."""
    return write(tmp_path / "good.jsonl", *GOOD)


def gates(path: Path, *tables: tuple[str, float]) -> Path:
    path.write_text("".join(f'[[gate]]\nmetric = "{metric}"\nat_least = {least}\n' for metric, least in tables))
    return path


def manifest(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_text("utf-8"))
    return found


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "results.jsonl").read_text("utf-8").split("\n")[:-1]]


# ---------------------------------------------------------------- run


def test_a_run_writes_the_five_files_and_ends_with_0(run: Run, desk: Desk, good: Path, tmp_path: Path) -> None:
    ran = run("evaluate", "run", "--cases", good, "--out", tmp_path / "a", "--tag", "first")

    assert ran.code == 0
    assert "PASSED: all 2 cases pass." in ran.out
    assert "asking: 2 of 2" in ran.err
    assert {path.name for path in (tmp_path / "a").iterdir()} == {
        *("manifest.json", "results.jsonl", "summary.json", "report.html", "junit.xml")
    }
    assert (manifest(tmp_path / "a")["tag"], manifest(tmp_path / "a")["encoder"]) == ("first", "all-MiniLM-L6-v2")


def test_the_json_is_the_summary_and_where_the_run_is(run: Run, desk: Desk, good: Path, tmp_path: Path) -> None:
    ran = run("evaluate", "run", "--cases", good, "--out", tmp_path / "a", "--json")

    assert ran.json == {"run": str(tmp_path / "a")} | json.loads((tmp_path / "a" / "summary.json").read_text("utf-8"))


def test_without_out_a_run_lies_below_the_home_under_its_date_and_model(
    run: Run, desk: Desk, good: Path, home: Path
) -> None:
    run("evaluate", "run", "--cases", good, "--model", "ollama:qwen", "--tag", "night")

    (folder,) = (home / "runs").iterdir()
    assert folder.name.endswith("-ollama-qwen-night")
    assert desk.models == [manifest(folder)["model"]] == ["ollama:qwen"]


def test_several_models_are_set_beside_each_other_in_one_table(
    run: Run, desk: Desk, good: Path, tmp_path: Path
) -> None:
    wrote = replace(answered(QUESTION, model="ollama:qwen"), usage=Usage(900, 60, estimated=True), cost=0.002)
    desk.advisor.script["PhD"] = replace(
        wrote,
        sentences=tuple(replace(each, origin="model") if each.citations else each for each in wrote.sentences),
        dropped=(Dropped("The moon is made of cheese.", "its passages carry 0% of its words"),),
    )

    ran = run(
        "evaluate", "run", "--cases", good, "--out", tmp_path / "a", *("--model", "quotes", "--model", "ollama:qwen")
    )

    assert ran.code == 0
    assert desk.models == ["quotes", "ollama:qwen"]
    assert "| | quotes | ollama:qwen |" in ran.out
    assert ran.out.startswith((tmp_path / "a" / "models.md").read_text("utf-8").strip()[:40])
    table = json.loads((tmp_path / "a" / "models.json").read_text("utf-8"))
    one, other = table["models"]
    assert (one["prompt"], other["prompt"]) == (None, version())
    assert (other["tokens asked"]["mean"], other["cost"]["mean"], other["dropped"]["mean"]) == (900, 0.002, 0.25)
    assert other["seconds"]["n"] == 2
    assert manifest(tmp_path / "a" / "ollama-qwen")["model"] == "ollama:qwen"
    assert json.loads((tmp_path / "a" / "ollama-qwen" / "summary.json").read_text("utf-8"))["prompt"] == version()


def test_what_stood_on_the_page_until_quotes_took_its_place_has_a_row_of_its_own(
    run: Run, desk: Desk, good: Path, tmp_path: Path
) -> None:
    desk.advisor.script["PhD"] = replace(
        answered(QUESTION),
        usage=Usage(900, 60),
        dropped=(
            *(Dropped(f"Too little stood beside the {which}.", TOO_LITTLE) for which in ("first", "second")),
            Dropped("It broke off behind this.", NOT_WHOLE),
            Dropped("The moon is made of cheese.", "its passages carry 0% of its words"),
        ),
    )

    ran = run("evaluate", "run", "--cases", good, "--out", tmp_path / "a", *("--model", "quotes", "--model", "local"))

    _, other = json.loads((tmp_path / "a" / "models.json").read_text("utf-8"))["models"]
    assert (other["own"]["mean"], other["replaced"]["mean"], other["unsupported"]["mean"]) == (0, 3, 0)
    assert "| replaced | 3.000, n 1 | 3.000, n 1 |" in ran.out
    assert "it is of quotes, which carry themselves" in ran.out


def test_a_comparison_goes_on_one_run_at_a_time(run: Run, desk: Desk, good: Path) -> None:
    assert_one_line(run("evaluate", "run", "--resume", "--model", "quotes", "--model", "local"), 2, "--out")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_a_foreign_set_of_which_any_case_fails_ends_with_1(run: Run, desk: Desk, cases: Path, tmp_path: Path) -> None:
    ran = run("evaluate", "run", "--cases", cases, "--out", tmp_path / "a")

    assert ran.code == 1
    assert "FAILED: 2 of 3 cases pass; not cup." in ran.out


def test_a_foreign_set_with_gates_of_its_own_ends_as_they_say(
    run: Run, desk: Desk, cases: Path, tmp_path: Path
) -> None:
    held = gates(tmp_path / "held.toml", ("passed", 0.6))
    broken = gates(tmp_path / "broken.toml", ("passed", 0.7))

    assert run("evaluate", "run", "--cases", cases, "--out", tmp_path / "a", "--gates", held).code == 0
    assert run("evaluate", "run", "--cases", cases, "--out", tmp_path / "b", "--gates", broken).code == 1


def test_the_shipped_set_is_asked_by_default_and_held_to_the_shipped_gates(
    run: Run, desk: Desk, cases: Path, tmp_path: Path, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(opening, "shipped_cases", lambda: cases)
    monkeypatch.setattr(opening, "shipped_gates", lambda: gates(tmp_path / "gates.toml", ("passed", 0.6)))
    shutil.copy(cases, tmp_path / "copy.jsonl")

    for i, arguments in enumerate([(), ("--cases", tmp_path / "copy.jsonl")]):
        ran = run("evaluate", "run", "--out", tmp_path / str(i), *arguments)
        assert ran.code == 0
        assert "PASSED: all 1 gates hold" in ran.out


def test_a_malformed_set_is_refused_whole_before_anything_is_opened(run: Run, desk: Desk, tmp_path: Path) -> None:
    wrong = write(tmp_path / "wrong.jsonl", "{", {"id": "a", "question": "?"}, {"id": "a", "question": "?"})

    ran = run("evaluate", "run", "--cases", wrong, "--out", tmp_path / "a")

    assert (ran.code, ran.out) == (2, "")
    assert f"{wrong}:1: not JSON" in ran.err
    assert f"{wrong}:3: the id 'a' is that of line 2" in ran.err
    assert desk.models == []
    assert not (tmp_path / "a").exists()


def test_gold_that_is_not_in_the_index_is_refused_before_anything_is_asked(
    run: Run, desk: Desk, tmp_path: Path
) -> None:
    wrong = write(
        tmp_path / "wrong.jsonl",
        {"id": "a", "question": "?", "gold": [{"document": SUMMARY.path, "quote": "Nobody wrote this."}]},
    )

    ran = run("evaluate", "run", "--cases", wrong, "--out", tmp_path / "a")

    assert ran.code == 2
    assert "does not hold “Nobody wrote this.”" in ran.err
    assert desk.advisor.asked == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--cases", "none.jsonl"), "No such file"),
        (("--half", "third"), "no case has `half` = 'third'"),
        (("--gates", "none.toml"), "No such file"),
        (("--judge", "quotes"), "quotes judges nothing"),
        (("--judge", "ollama:qwen", "--model", "openai:qwen"), "would judge its own answers"),
        (("--filter-failing", "none"), "no run there"),
        (("--resume",), "no unfinished run"),
        (("--resume", "--out", "none"), "no run there"),
    ],
)
def test_wrong_use_is_one_line_and_nothing_is_asked(
    run: Run, desk: Desk, good: Path, arguments: Sequence[str], said: str
) -> None:
    ran = run("evaluate", "run", *(() if "--cases" in arguments else ("--cases", good)), *arguments)

    assert_one_line(ran, 2, said)
    assert desk.models == []


def test_a_folder_with_a_run_in_it_is_not_written_over(run: Run, desk: Desk, good: Path, tmp_path: Path) -> None:
    run("evaluate", "run", "--cases", good, "--out", tmp_path / "a")

    assert_one_line(run("evaluate", "run", "--cases", good, "--out", tmp_path / "a"), 2, "--resume goes on with it")


def test_what_cannot_be_carried_out_ends_with_3(
    run: Run, desk: Desk, good: Path, tmp_path: Path, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(passages, "find_spec", lambda name: None)
    without_library = run("evaluate", "run", "--cases", good, "--out", tmp_path / "a")
    monkeypatch.undo()

    assert without_library.code == 3
    assert "pip install 'ir-measures" in without_library.err


def test_an_index_that_is_gone_ends_with_3_and_leaves_what_was_asked(
    run: Run, desk: Desk, good: Path, tmp_path: Path
) -> None:
    desk.advisor = ScriptedAdvisor(salary=IndexMissing("no index; run `career-advisor index build`"))
    ran = run("evaluate", "run", "--cases", good, "--out", tmp_path / "a")
    desk.advisor = ScriptedAdvisor()
    resumed = run("evaluate", "run", "--resume", "--out", tmp_path / "a")

    assert ran.code == 3
    assert "career-advisor index build" in ran.err
    assert (resumed.code, desk.advisor.asked) == (0, ["What salary is usual?"])


def test_ctrl_c_says_how_to_go_on_and_going_on_needs_no_other_option(
    run: Run, desk: Desk, good: Path, tmp_path: Path, home: Path
) -> None:
    desk.advisor.stop_after = 1
    stopped = run("evaluate", "run", "--cases", good, "--model", "local", "--half", "development", "--repeat", 3)
    (folder,) = (home / "runs").iterdir()
    told = run("evaluate", "report", folder.name)
    desk.advisor = ScriptedAdvisor()
    resumed = run("evaluate", "run", "--resume")

    assert stopped.code == 130
    assert f"`career-advisor evaluate run --resume --out {folder}` goes on" in stopped.err
    assert "STOPPED" in told.out
    assert (resumed.code, desk.models[-1]) == (0, "local")
    assert [(row["case"]["id"], row["repeat"]) for row in rows(folder)] == [("phd", 0), ("phd", 1), ("phd", 2)]
    assert manifest(folder)["finished"]


def test_errors_are_asked_again_on_request(run: Run, desk: Desk, good: Path, tmp_path: Path) -> None:
    desk.advisor = ScriptedAdvisor(salary=ModelUnavailable("It is gone."))
    first = run("evaluate", "run", "--cases", good, "--out", tmp_path / "a")
    desk.advisor = ScriptedAdvisor()
    again = run("evaluate", "run", "--retry-errors", "--out", tmp_path / "a")

    assert (first.code, again.code) == (1, 0)
    assert "1 of 2 cases could not be asked" in first.out
    assert desk.advisor.asked == ["What salary is usual?"]


def test_only_what_failed_in_another_run_is_asked_and_all_of_it_must_pass(
    run: Run, desk: Desk, cases: Path, tmp_path: Path, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(opening, "shipped_cases", lambda: cases)
    monkeypatch.setattr(opening, "shipped_gates", lambda: gates(tmp_path / "gates.toml", ("passed", 0.1)))
    run("evaluate", "run", "--out", tmp_path / "a")
    desk.advisor = ScriptedAdvisor()
    ran = run("evaluate", "run", "--out", tmp_path / "b", "--filter-failing", tmp_path / "a")

    assert desk.advisor.asked == ["Which team won the cup?"]
    assert ran.code == 1
    assert manifest(tmp_path / "b")["filter_failing"] == str(tmp_path / "a")


def test_the_first_few_of_a_half(run: Run, desk: Desk, cases: Path, tmp_path: Path) -> None:
    run("evaluate", "run", "--cases", cases, "--out", tmp_path / "a", "--half", "development", "--limit", 1)

    assert desk.advisor.asked == ["Do I need a PhD?"]
    assert (manifest(tmp_path / "a")["half"], manifest(tmp_path / "a")["limit"]) == ("development", 1)


def test_a_judge_gives_a_second_opinion(run: Run, desk: Desk, good: Path, tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr(opening, "open_judge", lambda settings, name: ScriptedJudge("yes", "yes", "no"))

    ran = run("evaluate", "run", "--cases", good, "--out", tmp_path / "a", "--judge", "ollama:qwen", "--json")

    assert ran.json["metrics"]["judged"]["mean"] == pytest.approx(2 / 3)
    assert manifest(tmp_path / "a")["judge"]["model"] == "ollama:qwen"


# ---------------------------------------------------------------- compare, report, gates


@pytest.fixture
def two(run: Run, desk: Desk, cases: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Return two runs, of which the second is worse in one case and better in another."""
    run("evaluate", "run", "--cases", cases, "--out", tmp_path / "a")
    desk.advisor = ScriptedAdvisor(PhD=not_covered("?"), cup=replace(not_covered("?"), status="off_topic"))
    run("evaluate", "run", "--cases", cases, "--out", tmp_path / "b")
    return tmp_path / "a", tmp_path / "b"


def test_a_comparison_for_a_person_and_for_a_program(run: Run, two: tuple[Path, Path]) -> None:
    told, data = run("evaluate", "compare", *two), run("evaluate", "compare", *two, "--json")

    assert (told.code, told.err) == (0, "")
    assert "1 fixed, 1 broken; exact McNemar p = 1.0000" in told.out
    assert (data.json["fixed"], data.json["broken"]) == (["cup"], ["phd"])


def test_runs_of_different_sets_are_compared_only_on_request(
    run: Run, two: tuple[Path, Path], good: Path, tmp_path: Path
) -> None:
    run("evaluate", "run", "--cases", good, "--out", tmp_path / "c")

    assert_one_line(run("evaluate", "compare", two[0], tmp_path / "c"), 2, "different test sets", "--anyway")
    assert "The test sets are different" in run("evaluate", "compare", two[0], tmp_path / "c", "--anyway").out
    assert_one_line(run("evaluate", "compare", two[0], "none"), 2, "no run there")


def test_a_report_is_written_again(run: Run, two: tuple[Path, Path]) -> None:
    (two[0] / "report.html").unlink()
    (two[0] / "summary.json").unlink()

    ran = run("evaluate", "report", two[0], "--json")

    assert ran.json == {"report": str(two[0] / "report.html"), "verdict": "FAILED: 2 of 3 cases pass; not cup."}
    assert (two[0] / "report.html").is_file()


def test_gates_set_from_a_run_are_passed_by_a_run_like_it(
    run: Run, desk: Desk, cases: Path, two: tuple[Path, Path], tmp_path: Path
) -> None:
    shown, data = run("evaluate", "gates", two[0]), run("evaluate", "gates", two[0], "--json")
    run("evaluate", "gates", two[0], "--out", tmp_path / "gates.toml")
    desk.advisor = ScriptedAdvisor()
    ran = run("evaluate", "run", "--cases", cases, "--out", tmp_path / "c", "--gates", tmp_path / "gates.toml")

    assert (tmp_path / "gates.toml").read_text("utf-8") == shown.out
    assert {each["metric"] for each in data.json} >= {"passed", "status"}
    assert ran.code == 0


# ---------------------------------------------------------------- a real index


def real(run: Run, cases: Path, out: Path) -> Ran:
    return run("evaluate", "run", "--cases", cases, "--out", out, "--json")


@pytest.mark.slow
def test_pages_and_cases_of_ones_own_are_evaluated_and_broken_retrieval_is_noticed(
    run: Run, served: Path, tmp_path: Path, monkeypatch: Patch
) -> None:
    assert QUOTE in PHD
    bread = "Sourdough bread needs flour, water, salt and a starter."
    cases = write(
        tmp_path / "cases.jsonl",
        {"id": "phd", "question": QUESTION, "gold": [{"document": "phd.md", "quote": QUOTE}], "facts": [["no PhD"]]},
        {"id": "bread", "question": "What does sourdough bread need?", "facts": [["flour"]], "expect": "answered"}
        | {"gold": [{"document": "bread.txt", "quote": bread}]},
    )
    good = real(run, cases, tmp_path / "good")
    monkeypatch.setattr("career_advisor.retrieval.retrieve_each", lambda searches, *_, **__: [[] for _ in searches])
    bad = real(run, cases, tmp_path / "bad")
    compared = run("evaluate", "compare", tmp_path / "good", tmp_path / "bad", "--json")

    assert (good.code, good.json["passed"]) == (0, 2)
    assert good.json["metrics"]["hit@1"]["mean"] == good.json["metrics"]["quotes_exact"]["mean"] == 1
    assert rows(tmp_path / "good")[0]["hits"][0]["document"] == "phd.md"
    assert bad.code == 1
    assert set(compared.json["broken"]) == {"phd", "bread"}
    assert QUOTES

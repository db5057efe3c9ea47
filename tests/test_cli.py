"""The command line: what programs read from stdout, what a person reads on stderr, and which number it ends with."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest

from career_advisor import cli, index, opening
from career_advisor.embedding import Encoder
from career_advisor.index.build import writing
from career_advisor.index.read import versions
from career_advisor.models import DEFAULT_ENCODER, LIGHT_ENCODER, catalogue
from career_advisor.records import Piece, Status
from career_advisor.settings import Settings, shipped_corpus
from tests.doubles import answered

Patch = pytest.MonkeyPatch

PHD = """---
title: PhDs and degrees
url: https://example.org/phd
author: Somebody
date: 2025-05
---

# Do I need a PhD?

Working on AI safety mostly needs no PhD. Engineers on safety teams mostly have none.

# How do I learn machine learning?

Work through a practical course and build small projects. Replicating a paper teaches more than reading ten of them.
"""
PAGES = {
    "phd.md": PHD,
    "bread.txt": "Sourdough bread needs flour, water, salt and a starter. Feed it twice a day before baking.\n",
}
QUESTION = "Do I need a PhD?"
FOLLOW_UP = "And how long does it take?"
QUOTE = "Working on AI safety mostly needs no PhD."
BROKEN_PDF = b"%PDF-1.4\nnothing that follows is a PDF"

REPLY = {
    *("id", "question", "standalone_question", "status", "answer", "sentences", "citations", "services"),
    *("follow_ups", "dropped", "model", "index", "timings_ms"),
}
CITATION = {
    *("number", "document", "title", "url", "start", "end", "quote"),
    *("author", "date", "page", "time", "kind", "sources"),
}
HIT = {"rank", "score", "document", "title", "url", "heading", "start", "end", "text", "legs"}
REPORT = {"index", "documents", "passages", "added", "changed", "removed", "unchanged", "failed", "encoder", "seconds"}


loaded_once = cache(Encoder)
"""The real encoder, which need not be loaded again for every command of a test."""


class Ran(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """The JSON of each line; a line ends where `\\n` stands and nowhere else."""
        return [json.loads(line) for line in self.out.split("\n")[:-1]]


Run = Callable[..., Ran]


def lay(folder: Path, pages: dict[str, str] | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (PAGES if pages is None else pages).items():
        (folder / name).write_text(text, "utf-8")
    return folder


def silent(what: str, done: int, total: int) -> None:
    """Report no progress."""


@pytest.fixture(scope="session")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with `corpus`, and a `home` whose index was built from it and whose examples are embedded."""
    folder = tmp_path_factory.getbasetemp() / "ready"
    if not folder.exists():  # another module may have made it
        settings = Settings(home=folder / "home", encoder=LIGHT_ENCODER)
        opening.build_index(settings, [lay(folder / "corpus")], progress=silent)
        opening.open_advisor(settings, progress=silent)
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Return a corpus that the test may change; nothing is built from it yet."""
    return lay(tmp_path / "guidance")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: Patch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process, far from the clone and its `.env`."""
    monkeypatch.setenv("ADVISOR_ENCODER", LIGHT_ENCODER)
    monkeypatch.setattr(opening, "Encoder", loaded_once)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    def run(*arguments: object, stdin: str = "") -> Ran:
        monkeypatch.setattr(sys, "argv", ["career-advisor", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return Ran(int(ended.value.code or 0), *capsys.readouterr())

    return run


@pytest.fixture
def served(ready: Path, home: Path) -> Path:
    """Return the folder that the index in ADVISOR_HOME was built from; only to be read."""
    shutil.copytree(ready / "home", home)
    return ready / "corpus"


@pytest.fixture
def vectors(ready: Path, home: Path, checked_here: None) -> None:
    """Give the home the vector cache and no index."""
    shutil.copytree(ready / "home" / "vectors", home / "vectors")


def on_a_terminal(*arguments: object) -> tuple[int, str]:
    """Run a command in a process whose three streams are a real terminal; return its exit code and what it showed."""
    ours, theirs = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name not in {"CI", "NO_COLOR"}}
    running = subprocess.Popen(
        [sys.executable, "-m", "career_advisor", *map(str, arguments)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment | {"TERM": "xterm", "ADVISOR_ENCODER": LIGHT_ENCODER},
    )
    os.close(theirs)
    shown = bytearray()
    with suppress(OSError):  # Linux says EIO where the last process has closed its end
        while part := os.read(ours, 65536):
            shown += part
    os.close(ours)
    return running.wait(timeout=60), shown.decode("utf-8", "replace")


def assert_one_line(ran: Ran, code: int, *said: str) -> None:
    """Assert that it ended with `code` and one line for a person, and nothing for a program."""
    assert ran.code == code
    assert ran.out == ""
    (line,) = ran.err.splitlines()
    assert line.startswith("career-advisor: ")
    for words in said:
        assert words in line


# ---------------------------------------------------------------- one question


@pytest.mark.slow
def test_a_reply_for_a_program_has_every_field_that_was_promised(run: Run, served: Path) -> None:
    ran = run("ask", QUESTION, "--json")
    reply = ran.json

    assert (ran.code, ran.err) == (0, "")
    assert reply.keys() >= REPLY
    assert reply["status"] == "answered"
    assert (reply["question"], reply["standalone_question"], reply["model"]) == (QUESTION, QUESTION, "quotes")
    assert reply["timings_ms"].keys() >= {"retrieve", "first_text", "total"}
    assert 0 < reply["timings_ms"]["retrieve"] <= reply["timings_ms"]["first_text"] <= reply["timings_ms"]["total"]
    for sentence in reply["sentences"]:
        assert sentence.keys() >= {"text", "citations", "support", "origin"}


@pytest.mark.slow
def test_what_is_quoted_stands_in_the_file_at_the_offsets_given(run: Run, served: Path) -> None:
    reply = run("ask", QUESTION, "--json").json

    assert reply["citations"]
    for citation in reply["citations"]:
        assert citation.keys() >= CITATION
        text = (served / citation["document"]).read_text("utf-8")
        assert text[citation["start"] : citation["end"]] == citation["quote"]
        assert (citation["url"], citation["author"], citation["date"]) == (
            "https://example.org/phd",
            "Somebody",
            "2025-05",
        )
        assert citation["page"] is None
        assert citation["time"] is None
    numbers = {int(number) for number in re.findall(r"\[(\d+)\]", reply["answer"])}
    assert numbers == {citation["number"] for citation in reply["citations"]}


@pytest.mark.slow
def test_a_reply_for_a_person_names_its_sources_below_it(run: Run, served: Path) -> None:
    ran = run("ask", QUESTION)

    answer, _, below = ran.out.partition("\nSources:\n")
    assert ran.code == 0
    assert f"“{QUOTE}” [1]" in answer
    assert "[1]" in below
    assert "PhDs and degrees" in below
    assert "https://example.org/phd" in below


@pytest.mark.slow
def test_a_dash_reads_the_question_from_stdin(run: Run, served: Path) -> None:
    assert QUOTE in run("ask", "-", "--json", stdin=f"{QUESTION}\n").json["answer"]
    assert run("search", "-", "--json", stdin=f"{QUESTION}\n").json["hits"][0]["document"] == "phd.md"


@pytest.mark.slow
@pytest.mark.parametrize("question", ["", "   ", "why " * 1250], ids=["empty", "blank", "5000 characters"])
def test_what_is_no_question_is_answered_as_invalid_and_the_command_succeeds(
    run: Run, served: Path, question: str
) -> None:
    ran = run("ask", question, "--json")

    assert ran.code == 0
    assert ran.json["status"] == "invalid"
    assert ran.json["answer"]


# ---------------------------------------------------------------- a batch

LINES = (
    (json.dumps({"id": "first", "question": QUESTION}), "first"),
    ("", None),
    ("   ", None),
    ("not JSON", None),
    ("{", None),
    ("7", None),
    ("null", None),
    ('["a", "list"]', None),
    ("[" * 100_000, None),
    (json.dumps({"id": "no question"}), "no question"),
    (json.dumps({"id": 5, "question": None}), "5"),
    (json.dumps({"id": "surrogate", "question": "Do I need \ud800 a PhD?"}), "surrogate"),
    (json.dumps({"id": "only a surrogate", "question": "\udc80"}), "only a surrogate"),
    (json.dumps({"id": "\udc80", "question": QUESTION}), "\udc80"),
    (json.dumps({"id": "NUL", "question": "Do I\0 need a PhD?"}), "NUL"),
    (json.dumps({"id": "long", "question": "why " * 1250}), "long"),
    (json.dumps({"question": "How do I learn machine learning?"}), None),
    (json.dumps({"id": "odd history", "question": QUESTION, "history": "none"}), "odd history"),
    (json.dumps({"id": "odd turns", "question": QUESTION, "history": [3, {"role": "system"}, {}]}), "odd turns"),
    (json.dumps({"id": "last", "question": QUESTION}), "last"),
)


@pytest.fixture
def batch(tmp_path: Path) -> Path:
    path = tmp_path / "questions.jsonl"
    path.write_text("".join(f"{line}\n" for line, _ in LINES), "utf-8")
    return path


@pytest.mark.slow
def test_every_line_of_a_batch_gives_one_reply_in_order_whatever_it_holds(
    run: Run, served: Path, batch: Path, tmp_path: Path
) -> None:
    ran = run("ask", "--batch", batch, "--out", tmp_path / "answers.jsonl")
    written = (tmp_path / "answers.jsonl").read_text("utf-8")
    replies = Ran(0, written, "").lines

    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert [reply["id"] for reply in replies] == [name for _, name in LINES]
    assert all(reply.keys() >= REPLY and reply["status"] in get_args(Status) for reply in replies)
    by_id = {reply["id"]: reply for reply in replies if reply["id"]}
    for name in ("first", "surrogate", "\udc80", "odd history", "odd turns", "last"):
        assert QUOTE in by_id[name]["answer"], name
    for name in ("no question", "5", "only a surrogate", "long"):
        assert by_id[name]["status"] == "invalid", name
    assert [reply["status"] for reply in replies[1:9]] == ["invalid"] * 8
    assert replies[16]["status"] == "answered"


@pytest.mark.slow
def test_without_out_a_batch_is_answered_on_stdout(run: Run, served: Path, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"id": "b", "question": "hello"}\n\n{"id": "a", "question": "thanks"}')

    ran = run("ask", "--batch", tmp_path / "in.jsonl")

    assert [reply["id"] for reply in ran.lines] == ["b", None, "a"]


@pytest.mark.slow
def test_a_turn_of_a_batch_is_understood_from_its_history(run: Run, served: Path, tmp_path: Path) -> None:
    history = [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": "Mostly not."}]
    lines = [{"id": "with", "question": FOLLOW_UP, "history": history}, {"id": "without", "question": FOLLOW_UP}]
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, lines)))

    after, alone = run("ask", "--batch", tmp_path / "in.jsonl").lines

    assert "PhD" in after["standalone_question"]
    assert alone["standalone_question"] == FOLLOW_UP


@pytest.mark.slow
def test_an_empty_batch_gives_an_empty_file(run: Run, served: Path, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").touch()

    assert run("ask", "--batch", tmp_path / "in.jsonl", "--out", tmp_path / "out.jsonl").code == 0
    assert (tmp_path / "out.jsonl").read_text() == ""


# ---------------------------------------------------------------- search


def test_a_passage_for_a_program_stands_in_the_file_and_has_its_rank_in_every_leg(run: Run, served: Path) -> None:
    ran = run("search", QUESTION, "--json")
    found = ran.json

    assert ran.code == 0
    assert found.keys() >= {"id", "question", "queries", "hits", "timings_ms"}
    assert found["queries"] == [QUESTION]
    assert found["timings_ms"]["total"] > 0
    assert [hit["rank"] for hit in found["hits"]] == list(range(1, len(found["hits"]) + 1))
    assert [hit["score"] for hit in found["hits"]] == sorted((hit["score"] for hit in found["hits"]), reverse=True)
    for hit in found["hits"]:
        assert hit.keys() >= HIT
        assert (served / hit["document"]).read_text("utf-8")[hit["start"] : hit["end"]] == hit["text"]
    best = found["hits"][0]
    assert (best["document"], best["title"], best["heading"]) == ("phd.md", "PhDs and degrees", [QUESTION])
    assert best["legs"]["dense"] == best["legs"]["lexical"] == 1


def test_no_more_passages_than_asked_for(run: Run, served: Path) -> None:
    assert len(run("search", QUESTION, "--limit", 1, "--json").json["hits"]) == 1


@pytest.mark.slow
def test_a_batch_of_searches_gives_a_line_for_every_line(run: Run, served: Path, batch: Path, tmp_path: Path) -> None:
    ran = run("search", "--batch", batch, "--out", tmp_path / "found.jsonl", "--limit", 2)
    found = Ran(0, (tmp_path / "found.jsonl").read_text("utf-8"), "").lines

    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert [line["id"] for line in found] == [name for _, name in LINES]
    assert all(line.keys() >= {"id", "question", "queries", "hits", "timings_ms"} for line in found)
    assert all(len(line["hits"]) <= 2 for line in found)
    assert found[0]["hits"][0]["document"] == found[-1]["hits"][0]["document"] == "phd.md"
    assert found[1]["hits"] == []


@pytest.mark.slow
def test_explain_shows_a_person_each_legs_rank_and_score(run: Run, served: Path) -> None:
    plain, explained = run("search", QUESTION).out, run("search", QUESTION, "--explain").out

    assert "phd.md" in plain
    assert "rank 1" not in plain
    assert re.search(r"dense: rank 1, score -?\d+\.\d+.*lexical: rank 1, score -?\d+\.\d+", explained)
    assert "best cosine" in explained


# ---------------------------------------------------------------- building an index


def test_a_build_reports_what_it_did_and_status_says_the_same(run: Run, vectors: None, corpus: Path) -> None:
    ran = run("index", "build", corpus, "--json")
    report, status = ran.json, run("index", "status", "--json").json

    assert ran.code == 0
    assert report.keys() >= REPORT
    assert (report["documents"], report["added"], report["failed"]) == (2, 2, [])
    assert report["encoder"] == catalogue()[LIGHT_ENCODER].identity._asdict()
    assert status.keys() >= REPORT
    for field in ("index", "documents", "passages", "encoder"):
        assert status[field] == report[field]
    assert (status["unchanged"], status["added"], status["changed"], status["removed"]) == (2, 0, 0, 0)
    assert status["sources"] == [str(corpus)]


def test_progress_goes_to_stderr_and_only_there(run: Run, vectors: None, corpus: Path) -> None:
    ran = run("index", "build", corpus)

    assert "writing: 1 of 1" in ran.err
    assert "writing:" not in ran.out
    assert ran.out.startswith("Index ")


@pytest.mark.slow
def test_on_a_real_terminal_a_build_shows_a_bar_and_ends_well(vectors: None, corpus: Path) -> None:
    code, shown = on_a_terminal("index", "build", corpus)

    assert "Traceback" not in shown
    assert code == 0
    assert "writing" in shown
    assert ": 2 documents, " in shown


@pytest.mark.slow
def test_a_file_that_cannot_be_read_is_named_and_the_others_are_served(run: Run, vectors: None, corpus: Path) -> None:
    (corpus / "broken.pdf").write_bytes(BROKEN_PDF)

    ran = run("index", "build", corpus, "--json")

    assert ran.code == 1
    assert ran.json["documents"] == 2
    assert [failure["path"] for failure in ran.json["failed"]] == ["broken.pdf"]
    assert ran.json["failed"][0]["reason"] in ran.err
    assert "Traceback" not in ran.err
    assert QUOTE in run("ask", QUESTION, "--json").json["answer"]


def test_where_nothing_can_be_read_the_old_index_stays(run: Run, served: Path, home: Path, tmp_path: Path) -> None:
    before = index.status(home).version
    bad = tmp_path / "bad"
    bad.mkdir()
    empty = run("index", "build", bad, "--json")
    (bad / "broken.pdf").write_bytes(BROKEN_PDF)
    broken = run("index", "build", bad, "--json")

    assert_one_line(empty, 3, "the index stays")
    assert (broken.code, broken.out) == (3, "")
    assert "broken.pdf" in broken.err
    assert broken.err.splitlines()[-1].startswith("career-advisor: ")
    assert "Traceback" not in broken.err
    assert index.status(home).version == before


def test_diff_says_what_a_build_would_do_and_does_nothing(run: Run, vectors: None, corpus: Path, home: Path) -> None:
    run("index", "build", corpus)
    before = index.status(home).version
    (corpus / "bread.txt").unlink()
    (corpus / "phd.md").write_text(PHD.replace("ten of them", "a dozen"), "utf-8")
    (corpus / "new.md").write_text("# Why?\n\nBecause it matters to somebody.\n", "utf-8")

    diff, status = run("index", "diff", "--json").json, run("index", "status", "--json").json

    assert diff["added"] == ["new.md"]
    assert diff["changed"] == ["phd.md"]
    assert diff["removed"] == ["bread.txt"]
    assert (diff["unchanged"], diff["failed"]) == ([], [])
    assert (status["added"], status["changed"], status["removed"], status["unchanged"]) == (1, 1, 1, 0)
    assert run("index", "diff", corpus, "--json").json == diff
    assert index.status(home).version == before


def test_a_diff_for_a_person_has_a_line_for_each_file(run: Run, served: Path, corpus: Path) -> None:
    (corpus / "new.md").write_text("# Why?\n\nBecause.\n", "utf-8")

    assert run("index", "diff", corpus).out.splitlines() == ["added    new.md", "2 unchanged"]


@pytest.mark.slow
def test_with_add_the_index_keeps_what_it_held(run: Run, served: Path, tmp_path: Path) -> None:
    (tmp_path / "more.md").write_text("# Why?\n\nBecause it matters to somebody.\n", "utf-8")

    planned = run("index", "diff", tmp_path / "more.md", "--add", "--json").json
    report = run("index", "build", tmp_path / "more.md", "--add", "--json").json
    again = run("index", "build", "--json").json

    assert (planned["added"], planned["removed"]) == (["more.md"], [])
    assert (report["documents"], report["added"], report["unchanged"], report["removed"]) == (3, 1, 2, 0)
    assert (again["index"], again["documents"], again["unchanged"]) == (report["index"], 3, 3)


@pytest.mark.slow
def test_without_add_the_index_holds_exactly_what_was_given(run: Run, served: Path, tmp_path: Path) -> None:
    (tmp_path / "more.md").write_text("# Why?\n\nBecause it matters to somebody.\n", "utf-8")

    report = run("index", "build", tmp_path / "more.md", "--json").json

    assert (report["documents"], report["added"], report["removed"]) == (1, 1, 2)


@pytest.mark.slow
def test_a_sound_index_is_told_from_a_damaged_one(run: Run, served: Path, home: Path) -> None:
    sound = run("index", "verify", "--json")
    passages = home / "index" / index.status(home).version / "passages.json"
    passages.write_text(passages.read_text().replace("0", "1", 1))
    damaged = run("index", "verify", "--json")

    assert (sound.code, sound.json) == (0, {"sound": True, "findings": []})
    assert damaged.code == 1
    assert damaged.json["sound"] is False
    assert any("passages.json" in finding for finding in damaged.json["findings"])
    assert_one_line(run("ask", QUESTION, "--json"), 3, "passages.json", "career-advisor index build")


@pytest.mark.slow
def test_the_command_that_a_damaged_index_names_mends_it(run: Run, served: Path, home: Path) -> None:
    passages = home / "index" / index.status(home).version / "passages.json"
    passages.write_text(passages.read_text().replace("0", "1", 1))
    assert_one_line(run("ask", QUESTION, "--json"), 3, "make it anew with `career-advisor index build`")

    planned = run("index", "diff")
    built = run("index", "build", "--json")

    assert "everything is made anew: " in planned.out
    assert "passages.json has changed" in planned.out
    assert built.code == 0
    assert f"Made anew from {served}" in built.err
    assert built.json["unchanged"] == 2
    assert QUOTE in run("ask", QUESTION, "--json").json["answer"]


def test_what_cannot_be_read_is_told_apart_from_what_has_changed(run: Run, vectors: None, corpus: Path) -> None:
    (corpus / "broken.pdf").write_bytes(BROKEN_PDF)
    reason = run("index", "build", corpus, "--json").json["failed"][0]["reason"]

    status, diff = run("index", "status"), run("index", "diff")

    assert "added" not in status.out
    assert "not read: 1 file " in status.out
    assert diff.out.splitlines() == [f"failed   broken.pdf: {reason}", "2 unchanged"]


@pytest.mark.slow
def test_rollback_serves_the_version_before_and_prune_keeps_it(
    run: Run, served: Path, home: Path, corpus: Path
) -> None:
    first = index.status(home).version
    (corpus / "bread.txt").unlink()
    second = run("index", "build", corpus, "--json").json["index"]

    kept = run("index", "prune", "--json")
    back = run("index", "rollback", "--json")

    assert (kept.code, kept.json) == (0, {"removed": []})
    assert (back.code, back.json) == (0, {"index": first})
    assert run("index", "status", "--json").json["index"] == first
    assert second in versions(home)
    assert_one_line(run("index", "rollback", "--json"), 3, "no version before")


def test_prune_removes_what_is_older_than_the_version_before(run: Run, served: Path, home: Path) -> None:
    version = index.status(home).version
    old = f"1{version[1:]}"
    shutil.copytree(home / "index" / version, home / "index" / old)
    older = f"0{version[1:]}"
    shutil.copytree(home / "index" / version, home / "index" / older)

    assert run("index", "prune", "--json").json == {"removed": [older]}
    assert versions(home) == [old, version]


@pytest.mark.parametrize("command", ["status", "verify", "rollback"])
def test_without_an_index_one_line_says_what_to_do(run: Run, command: str) -> None:
    assert_one_line(run("index", command, "--json"), 3)


def test_without_an_index_the_line_names_the_command_that_makes_one(run: Run) -> None:
    assert_one_line(run("index", "status"), 3, "career-advisor index build")
    assert_one_line(run("index", "verify"), 3, "career-advisor index build")


def test_two_builds_at_once_are_refused_with_one_line(run: Run, served: Path, home: Path) -> None:
    with writing(home):
        assert_one_line(run("index", "build", served, "--json"), 3, "another process")


# ---------------------------------------------------------------- wrong use


def test_one_question_or_a_file_of_them_not_both_and_not_neither(run: Run, batch: Path) -> None:
    for command in ("ask", "search"):
        assert_one_line(run(command), 2, "--batch")
        assert_one_line(run(command, QUESTION, "--batch", batch), 2, "--batch")


@pytest.mark.slow
def test_files_that_are_not_there_are_wrong_use(run: Run, served: Path, batch: Path, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"

    assert_one_line(run("ask", "--batch", nowhere), 2, str(nowhere))
    assert_one_line(run("search", "--batch", tmp_path), 2, str(tmp_path))
    assert_one_line(run("ask", "--batch", batch, "--out", nowhere / "out.jsonl"), 2, str(nowhere))
    assert_one_line(run("index", "build", nowhere), 2, "does not exist")
    assert_one_line(run("index", "diff", nowhere, "--json"), 2, "does not exist")


def test_a_name_that_the_catalogue_lacks_is_wrong_use(run: Run) -> None:
    assert_one_line(run("models", "fetch", "all-mpnet-base"), 2, f"did you mean {DEFAULT_ENCODER}")


def test_a_setting_that_makes_no_sense_is_wrong_use(run: Run, monkeypatch: Patch) -> None:
    monkeypatch.setenv("ADVISOR_PORT", "eighty")

    assert_one_line(run("config", "show", "--json"), 2, "ADVISOR_PORT", "eighty", "environment")


def test_a_tracer_stops_every_command_that_answers(run: Run, served: Path, monkeypatch: Patch) -> None:
    monkeypatch.setenv("LANGSMITH_TRACING", "true")

    for command in (("ask", QUESTION), ("search", QUESTION), ("chat",)):
        assert_one_line(run(*command), 2, "LangSmith")


def test_a_model_that_cannot_be_had_stops_with_one_line(run: Run, served: Path) -> None:
    assert_one_line(run("ask", QUESTION, "--model", "nobody:nothing"), 3, "nobody:nothing")


# ---------------------------------------------------------------- chat

CHAT = f"\n{QUESTION}\n   \n{FOLLOW_UP}\n/clear\n{FOLLOW_UP}\n/quit\nnever asked\n"


@pytest.mark.slow
def test_a_chat_by_pipe_understands_a_follow_up_until_it_is_told_to_forget(
    run: Run, served: Path, tmp_path: Path
) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "career_advisor", "chat", "--json"],
        input=CHAT,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    first, follow_up, forgotten = Ran(ended.returncode, ended.stdout, ended.stderr).lines

    assert ended.returncode == 0
    assert "Traceback" not in ended.stderr
    assert all(reply.keys() >= REPLY for reply in (first, follow_up, forgotten))
    assert QUOTE in first["answer"]
    assert "PhD" in follow_up["standalone_question"]
    assert forgotten["standalone_question"] == FOLLOW_UP


def test_a_chat_shows_answers_on_stdout_and_everything_else_on_stderr(run: Run, served: Path) -> None:
    ran = run("chat", stdin=f"{QUESTION}\n/clear\n")

    assert ran.code == 0
    assert ran.out.startswith(f"“{QUOTE}” [1]")
    assert "https://example.org/phd" in ran.out
    assert "you>" not in ran.out
    assert "Independent of" in ran.err
    assert "Forgotten." in ran.err


# ---------------------------------------------------------------- weights, services, settings


@pytest.fixture
def bare_weights(tmp_path: Path, monkeypatch: Patch) -> Path:
    """Return the weights' folder of somebody who fetched nothing."""
    monkeypatch.setenv("ADVISOR_WEIGHTS", str(tmp_path / "weights"))
    return tmp_path / "weights"


def test_the_weights_are_listed_with_where_they_are(run: Run, bare_weights: Path) -> None:
    ran = run("models", "list", "--json")
    rows = {row["name"]: row for row in ran.json}

    assert ran.code == 0
    assert list(rows) == list(catalogue())
    assert all(row.keys() >= {"name", "kind", "licence", "bytes", "sha256", "state"} for row in ran.json)
    assert Path(rows[LIGHT_ENCODER]["state"]).is_dir()
    assert rows[DEFAULT_ENCODER]["state"] == "not fetched"


def test_weights_that_are_not_the_real_thing_fail_with_the_command_that_mends_them(
    run: Run, bare_weights: Path
) -> None:
    sound = run("models", "verify", "--json")
    (bare_weights / DEFAULT_ENCODER).mkdir(parents=True)
    (bare_weights / DEFAULT_ENCODER / "config.json").write_text("{}")
    damaged = run("models", "verify", "--json")

    assert (sound.code, sound.json) == (0, {LIGHT_ENCODER: ""})
    assert damaged.code == 1
    assert damaged.json[LIGHT_ENCODER] == ""
    assert f"career-advisor models fetch {DEFAULT_ENCODER}" in damaged.json[DEFAULT_ENCODER]


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: Patch) -> Path:
    """Return a registry to change, in the place of the one that ships: its first three entries."""
    folder = lay(tmp_path / "shipped")
    first, *entries = (shipped_corpus() / "services.toml").read_text("utf-8").split("[[service]]")
    (folder / "services.toml").write_text("[[service]]".join([first, *entries[:3]]), "utf-8")
    monkeypatch.setattr(opening, "shipped_corpus", lambda: folder)
    return folder / "services.toml"


def test_a_registry_in_order_has_no_findings(run: Run, registry: Path) -> None:
    ran = run("services", "check", "--json")

    assert (ran.code, ran.json) == (0, [])
    assert run("services", "check").out == "The registry is in order.\n"


def test_what_is_wrong_with_a_service_is_found_by_its_id(run: Run, registry: Path) -> None:
    registry.write_text(re.sub(r'as_of = "[^"]+"', 'as_of = "2001-01"', registry.read_text("utf-8"), count=1), "utf-8")

    ran = run("services", "check", "--json")

    assert ran.code == 1
    assert [finding["service"] for finding in ran.json] == ["80k-advising"]
    assert "2001-01" in ran.json[0]["problem"]


@pytest.mark.slow
def test_the_doctor_names_the_command_that_mends_what_is_missing(run: Run, served: Path, home: Path) -> None:
    well = run("doctor", "--json")
    shutil.rmtree(home / "index")
    ill = run("doctor", "--json")

    assert well.code == 0
    assert all(check.keys() >= {"check", "ok", "found", "mend"} for check in well.json)
    assert all(check["ok"] for check in well.json)
    assert ill.code == 1
    assert [check["check"] for check in ill.json if not check["ok"]] == ["index"]
    assert [check["mend"] for check in ill.json if not check["ok"]] == ["career-advisor index build"]
    assert "BAD  index: there is no index" in run("doctor").out


def test_every_setting_is_shown_with_where_it_came_from_and_no_secret(run: Run, monkeypatch: Patch) -> None:
    monkeypatch.setenv("ADVISOR_MODEL_API_KEY", "sk-very-secret")

    ran = run("config", "show", "--json")
    rows = {row["name"]: (row["value"], row["origin"]) for row in ran.json}

    assert ran.code == 0
    assert list(rows) == list(Settings.model_fields)
    assert rows["encoder"] == (LIGHT_ENCODER, "environment")
    assert rows["model"] == ("quotes", "default")
    assert rows["model_api_key"][1] == "environment"
    assert "very-secret" not in ran.out + run("config", "show").out


def test_the_folders_are_told_and_none_of_them_is_made(run: Run, home: Path) -> None:
    ran = run("config", "path", "--json")

    assert ran.code == 0
    assert ran.json.keys() >= {"home", "index", "vectors", "weights", "corpus"}
    assert ran.json["home"] == str(home)
    assert ran.json["corpus"] == str(shipped_corpus())
    assert not home.exists()


# ---------------------------------------------------------------- the outside of the house

HEAVY = ("torch", "gradio", "chromadb", "langchain", "langchain_core", "sentence_transformers", "transformers", "numpy")
HELP = f"""
import sys
from career_advisor.cli import main
try:
    main()
finally:
    heavy = sorted(sys.modules.keys() & {set(HEAVY)!r})
    print("heavy:", *heavy, file=sys.stderr)
"""


@pytest.mark.parametrize("command", [(), ("ask",), ("serve",), ("index", "build")], ids=" ".join)
def test_help_loads_no_heavy_library_and_comes_at_once(tmp_path: Path, command: Sequence[str]) -> None:
    began = time.perf_counter()
    ended = subprocess.run(
        [sys.executable, "-c", HELP, *command, "--help"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    took = time.perf_counter() - began

    assert ended.returncode == 0
    assert "Usage: " in ended.stdout
    assert ended.stderr == "heavy:\n"
    assert took < 3, "a quarter of a second where nothing else runs"


def commands(command: Any, name: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command below, with the words that call it."""
    inside = getattr(command, "commands", None)
    if inside is None:
        yield name, command
        return
    for word, each in inside.items():
        yield from commands(each, (*name, word))


def test_every_command_can_answer_a_program() -> None:
    import typer.main

    found = dict(commands(typer.main.get_command(cli.app)))

    assert found.keys() >= {
        *(("serve",), ("chat",), ("ask",), ("search",), ("doctor",), ("config", "show"), ("config", "path")),
        *(("index", word) for word in ("build", "status", "diff", "verify", "rollback", "prune")),
        *(("models", "list"), ("models", "fetch"), ("models", "verify"), ("services", "check")),
    }
    found.pop(("mcp",))  # answers nothing but programs, in JSON
    for name, command in found.items():
        assert any("--json" in option.opts for option in command.params), " ".join(name)


@pytest.mark.slow
def test_python_dash_m_is_the_same_command(served: Path, tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "career_advisor", "index", "status", "--json"],
        cwd=tmp_path,
        env=os.environ | {"ADVISOR_ENCODER": LIGHT_ENCODER},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0
    assert json.loads(ended.stdout)["documents"] == 2


@pytest.mark.parametrize(
    "words",
    [("nonsense",), ("ask", "--nope"), ("index",), ("serve", "--port", "x"), ("search", "x", "--limit", "0"), ()],
)
def test_a_command_line_that_cannot_be_parsed_is_wrong_use_without_a_traceback(
    run: Run, words: tuple[str, ...]
) -> None:
    ran = run(*words)

    assert (ran.code, ran.out) == (2, "")
    assert "Usage: career-advisor" in ran.err


def test_the_version_is_told(run: Run) -> None:
    ran = run("--version")

    assert (ran.code, ran.out) == (0, f"{__import__('career_advisor').__version__}\n")


def test_ctrl_c_ends_with_one_line(run: Run, monkeypatch: Patch) -> None:
    def interrupted(*given: object, **also: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(opening, "status_json", interrupted)

    assert_one_line(run("index", "status"), 130, "stopped")


@pytest.mark.slow
@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85"])
def test_a_line_of_a_batch_ends_at_a_newline_and_nowhere_else(
    run: Run, served: Path, tmp_path: Path, separator: str
) -> None:
    line = json.dumps({"id": "a", "question": f"Do I need{separator}a PhD?"}, ensure_ascii=False)
    (tmp_path / "in.jsonl").write_text(f'{line}\n{{"id": "b", "question": "hello"}}\n', "utf-8")

    assert [reply["id"] for reply in run("ask", "--batch", tmp_path / "in.jsonl").lines] == ["a", "b"]


def test_a_byte_order_mark_before_a_batch_is_no_part_of_it(run: Run, served: Path, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text(json.dumps({"id": "a", "question": QUESTION}), "utf-8-sig")

    assert [reply["id"] for reply in run("ask", "--batch", tmp_path / "in.jsonl").lines] == ["a"]


def test_a_home_that_cannot_be_used_is_told_in_one_line(run: Run, home: Path, corpus: Path) -> None:
    home.write_text("a file, not a folder")

    for command in (("index", "build", corpus), ("index", "status"), ("ask", QUESTION)):
        assert_one_line(run(*command), 3, str(home))


def piped(served: Path, *words: str | bytes, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    environment = os.environ | {"ADVISOR_ENCODER": LIGHT_ENCODER, "PYTHONIOENCODING": "utf-8:strict"}
    return subprocess.run(
        [sys.executable, "-m", "career_advisor", *words],
        input=stdin,
        env=environment,
        cwd=served,
        capture_output=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("command", ["ask", "search"])
def test_a_question_that_is_no_unicode_is_answered_in_valid_json(served: Path, command: str) -> None:
    ended = piped(served, command, b"Do I need \xff a PhD?", "--json")

    assert ended.returncode == 0, ended.stderr.decode()[-300:]
    json.loads(ended.stdout.decode("utf-8"))


@pytest.mark.slow
def test_a_chat_goes_on_after_bytes_that_are_no_text(served: Path) -> None:
    ended = piped(served, "chat", "--json", stdin=b"Do I need \xff a PhD?\nhello\n")

    assert ended.returncode == 0, ended.stderr.decode()[-300:]
    assert len(ended.stdout.decode("utf-8").split("\n")) == 3


def test_words_that_are_taken_back_are_said_to_be_and_the_answer_is_printed_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole = replace(answered(QUESTION), answer="Yes. It is.")

    cli._streamed([Piece("No. "), Piece("Yes. ", anew=True), Piece("It is."), whole])

    assert capsys.readouterr().out == "No. \n\n(Taken back. Instead:)\n\nYes. It is.\n"

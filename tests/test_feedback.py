"""Feedback: what is kept of a vote and what is not, what becomes of it, and that nothing is kept where it is off."""

from __future__ import annotations

import base64
import json
import re
import resource
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from filelock import FileLock

from career_advisor import cli, feedback, opening, web
from career_advisor.evaluation.cases import read_cases
from career_advisor.feedback import REASONS, WORDS_LIMIT, Box, Cited, Complaint, Exchange, NotKept, draft_of, line_of
from career_advisor.records import Message, WrongUse
from career_advisor.web import voting
from career_advisor.web.wording import says
from tests.chromium import violations
from tests.doubles import ScriptedAnswerer, answered, not_covered, streamed
from tests.test_browser import PHONE, WIDE, Tab, browser, halfway, opened, watched
from tests.test_cli import Ran, Run, assert_one_line, home, run
from tests.test_evaluate_command import Desk, desk
from tests.test_web import OnceOnly, Visitor, served

__all__ = ["browser", "desk", "home", "run"]

Patch = pytest.MonkeyPatch
DAY = date(2026, 11, 26)
ASKED = Exchange(
    question="And without a degree?",
    history=(Message("user", "Do I need a PhD?"), Message("assistant", "No. [1]")),
    answer="Nobody asks for one. [1]",
    citations=(Cited(1, "phd.md", ("https://example.org/phd",)),),
)
KEPT = {"vote", "id", "date", "reason", "words", "question", "history", "answer", "citations"}


@pytest.fixture
def box(home: Path) -> Box:
    return Box(home)


def complain(box: Box, reason: str = "wrong", words: str = "It is not so.", exchange: Exchange = ASKED) -> str:
    return box.keep_complaint(exchange, reason, words, DAY)


def lines(box: Box) -> list[Any]:
    return [json.loads(line) for line in box.path.read_bytes().split(b"\n")[:-1]] if box.path.exists() else []


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# ---------------------------------------------------------------- the file


def test_of_a_vote_for_an_answer_nothing_is_kept_but_itself_and_its_day(box: Box) -> None:
    box.keep_praise(DAY)

    assert lines(box) == [{"vote": "up", "date": "2026-11-26"}]
    assert box.read() == (1, (), 0)


def test_a_vote_against_one_is_read_as_it_was_given(box: Box) -> None:
    code = complain(box)

    assert lines(box)[0].keys() == KEPT
    assert box.read().complaints == (Complaint(code, "2026-11-26", "wrong", "It is not so.", ASKED),)


@pytest.mark.parametrize("text", ["a\u2028b", "a\x85b", "a\nb", "lone \ud800", "ä 🙂", '"}\\'])
def test_whatever_was_written_stays_on_its_line_and_comes_back(box: Box, text: str) -> None:
    complain(box, words=text, exchange=Exchange(text, (Message("user", text),), text, ()))
    box.keep_praise(DAY)

    helped, (complaint,), damaged = box.read()
    assert (helped, damaged) == (1, 0)
    assert {complaint.words, complaint.exchange.question, complaint.exchange.history[0].content} == {text}


def test_nobody_but_the_owner_can_read_it_also_where_it_was_there_before(box: Box, tmp_path: Path) -> None:
    complain(box)
    assert mode(box.path) == 0o600
    box.path.chmod(0o644)
    code = complain(box)
    assert mode(box.path) == 0o600
    box.delete([code])
    assert mode(box.path) == 0o600


def test_writers_at_the_same_time_tear_no_line(box: Box) -> None:
    script = """
import sys
from datetime import date
from pathlib import Path
from career_advisor.feedback import Box, Exchange
box = Box(Path(sys.argv[1]))
for _ in range(40):
    box.keep_complaint(Exchange(sys.argv[2] * 30_000, (), "", ()), "wrong", "", date.today())
"""
    writers = [subprocess.Popen([sys.executable, "-c", script, str(box.path.parent), name]) for name in "abc"]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]

    helped, complaints, damaged = box.read()
    assert (helped, damaged, len(complaints)) == (0, 0, 120)
    assert all(len(set(each.exchange.question)) == 1 for each in complaints)


def test_a_line_that_was_cut_off_is_left_out_and_spoils_no_other(box: Box) -> None:
    first = complain(box)
    with box.path.open("ab") as file:
        file.write(line_of({"vote": "down", "id": "half"})[:-9])
    assert box.read().damaged == 1
    second = complain(box)

    helped, complaints, damaged = box.read()
    assert (helped, [each.id for each in complaints], damaged) == (0, [first, second], 1)


DAMAGED: dict[str, dict[str, Any]] = {
    "no vote": {"vote": "sideways"},
    "a reason that there is not": {"reason": "because"},
    "no text": {"words": 7},
    "a turn of nobody": {"history": [{"role": "system", "content": "obey"}]},
    "a turn without words": {"history": [{"role": "user"}]},
    "no list": {"citations": 3},
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_line_that_is_no_vote_is_counted_and_left_out(box: Box, what: str) -> None:
    code = complain(box)
    damaged = {**lines(box)[0], "id": "other", **DAMAGED[what]}
    with box.path.open("ab") as file:
        file.write(line_of(damaged) + b"[]\n\xff\n\n" + line_of(lines(box)[0]))

    votes = box.read()
    assert [each.id for each in votes.complaints] == [code]
    assert votes.damaged == 4


def test_what_is_too_large_or_one_too_many_is_refused_in_a_sentence_and_changes_nothing(home: Path) -> None:
    complain(Box(home))
    size = Box(home).path.stat().st_size

    with pytest.raises(NotKept, match=r"longer than what can be kept, so nothing was stored\.$"):
        complain(Box(home, line_limit=size - 1))
    with pytest.raises(NotKept, match=r"more feedback already than can be kept, so nothing was stored\.$"):
        complain(Box(home, file_limit=2 * size - 1))
    assert Box(home).path.stat().st_size == size
    complain(Box(home, line_limit=size, file_limit=2 * size))
    assert len(Box(home).read().complaints) == 2


def test_the_longest_conversation_that_is_usual_fits(box: Box) -> None:
    turn = (Message("user", "q" * web.conversation.QUESTION_LIMIT), Message("assistant", "a" * 2_500))

    complain(box, exchange=Exchange(turn[0].content, turn * web.conversation.TURNS_TOLD, turn[1].content, ()))


def test_a_vote_that_a_full_disk_cut_off_is_taken_back(box: Box) -> None:
    complain(box)
    before = box.path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 100, hard))  # a part of the line finds room
        with pytest.raises(NotKept, match="nothing was stored"):
            complain(box, words="x" * 300)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert box.path.read_bytes() == before


def test_a_home_that_cannot_be_written_or_is_busy_is_said_in_a_sentence(box: Box, monkeypatch: Patch) -> None:
    box.path.parent.write_text("a file, not a folder")
    with pytest.raises(NotKept, match="could not be written down"):
        complain(box)
    box.path.parent.unlink()
    box.path.parent.mkdir()
    monkeypatch.setattr(feedback, "WAITS_S", 0.1)
    with (
        FileLock(box.path.with_name(".feedback.jsonl.lock")),
        pytest.raises(NotKept, match="nothing was changed; please try again"),
    ):
        complain(box)

    assert not box.path.exists()


def test_what_somebody_wants_deleted_is_gone_and_the_rest_stays(box: Box) -> None:
    first, second = complain(box, words="My secret is 1234"), complain(box)
    box.keep_praise(DAY)

    with pytest.raises(WrongUse, match="no vote is called nobody; `career-advisor feedback export` names them"):
        box.delete([first, "nobody"])
    assert len(box.read().complaints) == 2
    assert box.delete([first]) == 1
    assert b"1234" not in box.path.read_bytes()
    assert (box.read().helped, [each.id for each in box.read().complaints]) == (1, [second])
    assert box.delete() == 2
    assert not box.path.exists()
    assert box.delete() == 0


# ---------------------------------------------------------------- drafts


def test_a_draft_states_what_the_reason_implies_and_leaves_the_rest_to_a_maintainer() -> None:
    drafts = {reason: draft_of(Complaint("a1", "2026-11-26", reason, "Why?", ASKED)) for reason in REASONS}

    assert drafts["wrong"] == {
        "id": "feedback-a1",
        "question": "And without a degree?",
        "history": [{"role": "user", "content": "Do I need a PhD?"}, {"role": "assistant", "content": "No. [1]"}],
        "kind": "feedback",
        "tags": ["draft", "reason:wrong"],
        "said": "Why?",
        "given": {
            "answer": "Nobody asks for one. [1]",
            "citations": [{"number": 1, "document": "phd.md", "addresses": ("https://example.org/phd",)}],
        },
        "date": "2026-11-26",
    }
    assert {reason: draft.get("expect") for reason, draft in drafts.items() if "expect" in draft} == {
        "should-have-declined": ["not_covered", "partly"]
    }
    assert len({draft["tags"][1] for draft in drafts.values()}) == 7


def test_what_is_exported_is_a_test_set_as_it_is(
    run: Run, desk: Desk, box: Box, tmp_path: Path, monkeypatch: Patch
) -> None:
    monkeypatch.setenv("ADVISOR_FEEDBACK", "true")
    for reason in REASONS:
        complain(box, reason, exchange=Exchange("Lone \ud800\u2028?", ASKED.history, "x", ()))
        complain(box, reason)
    out = tmp_path / "drafts.jsonl"

    ran = run("feedback", "export", "--out", out)

    assert (ran.code, ran.out) == (0, f"Draft cases in {out}: 14\n")
    assert mode(out) == 0o600
    cases = read_cases(out).cases
    assert {(case.kind, case.tags[0], case.gold, case.facts) for case in cases} == {("feedback", "draft", (), ())}
    assert [case.expect for case in cases if case.expect] == [("not_covered", "partly")] * 2
    assert cases[1].history == ASKED.history
    ran = run("evaluate", "run", "--cases", out, "--out", tmp_path / "a", "--json")
    assert ran.json["n"] == 14
    assert ran.json["errors"] == 0


# ---------------------------------------------------------------- the commands


def test_where_feedback_is_off_and_none_was_kept_one_sentence_says_how_to_turn_it_on(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "drafts.jsonl"

    ran = run("feedback", "export", "--out", out)

    assert_one_line(ran, 3, "ADVISOR_FEEDBACK=true", "`feedback = true` in advisor.toml")
    assert not out.exists()
    ran = run("feedback", "status")
    assert ran.code == 0
    assert "Nobody is asked; ADVISOR_FEEDBACK=true" in ran.out


def test_it_is_off_unless_the_operator_says_otherwise_and_config_shows_it(run: Run, monkeypatch: Patch) -> None:
    def shown() -> list[Any]:
        return [row for row in run("config", "show", "--json").json if row["name"] == "feedback"]

    assert shown() == [{"name": "feedback", "value": "False", "origin": "default"}]
    monkeypatch.setenv("ADVISOR_FEEDBACK", "on")
    assert shown() == [{"name": "feedback", "value": "True", "origin": "environment"}]
    monkeypatch.setenv("ADVISOR_FEEDBACK", "perhaps")
    assert_one_line(run("config", "show"), 2, "ADVISOR_FEEDBACK cannot be 'perhaps'")


def test_an_export_without_a_case_is_no_failure(run: Run, box: Box, tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setenv("ADVISOR_FEEDBACK", "true")
    assert run("feedback", "export")[:2] == (0, "")
    box.keep_praise(DAY)

    ran = run("feedback", "export", "--json")

    assert (ran.code, ran.json) == (0, [])
    assert "no case" in ran.err


def test_what_was_kept_is_exported_also_when_it_was_turned_off_since(run: Run, box: Box) -> None:
    codes = [complain(box), complain(box)]
    with box.path.open("ab") as file:
        file.write(b'{"vote": "do')

    ran = run("feedback", "export")

    assert (ran.code, [line["id"] for line in ran.lines]) == (0, [f"feedback-{code}" for code in codes])
    assert f"damaged lines left out of {box.path}: 1" in ran.err
    assert run("feedback", "export", "--json").json == ran.lines


def test_an_export_says_to_a_program_what_it_wrote_and_where_it_cannot(run: Run, box: Box, tmp_path: Path) -> None:
    complain(box)
    out = tmp_path / "drafts.jsonl"

    assert run("feedback", "export", "--out", out, "--json").json == {"out": str(out), "cases": 1, "damaged": 0}
    assert_one_line(run("feedback", "export", "--out", tmp_path / "no" / "x"), 2, str(tmp_path / "no" / "x"))


def test_the_status_counts_by_reason(run: Run, box: Box) -> None:
    for reason in ("wrong", "wrong", "unkind"):
        complain(box, reason)
    box.keep_praise(DAY)

    status = run("feedback", "status", "--json").json

    assert (status["on"], status["file"], status["helped"], status["not_helped"]) == (False, str(box.path), 1, 3)
    assert {reason: count for reason, count in status["reasons"].items() if count} == {"wrong": 2, "unkind": 1}
    assert "helped 1, did not 3\n  wrong 2\n  unkind 1\n" in run("feedback", "status").out


def deleting(run: Run, *words: str, answer: str = "") -> tuple[Ran, str]:
    ran = run("feedback", "delete", *words, stdin=answer)
    return ran, ran.err


def test_deleting_asks_first(run: Run, box: Box) -> None:
    code = complain(box)
    complain(box)

    ran, said = deleting(run)
    assert ran.code == 2
    assert f"Delete all feedback from {box.path} for good? [y/N]" in said
    assert "give --yes" in said
    assert deleting(run, "--json", answer="n\n")[0].json == {"deleted": 0}
    assert len(box.read().complaints) == 2
    ran, said = deleting(run, f"feedback-{code}", answer="y\n")
    assert (ran.code, ran.out) == (0, "Votes deleted: 1\n")
    assert code in said
    assert len(box.read().complaints) == 1
    assert deleting(run, "--yes", "--json")[0].json == {"deleted": 1}
    assert not box.path.exists()
    assert_one_line(deleting(run, "--yes", "nobody")[0], 2, "no vote is called nobody")


@pytest.mark.parametrize("on", [False, True])
def test_the_page_is_served_with_a_box_only_where_feedback_is_on(run: Run, monkeypatch: Patch, on: bool) -> None:
    boxes: list[Box | None] = []
    monkeypatch.setenv("ADVISOR_FEEDBACK", str(on))
    monkeypatch.setattr(opening, "open_advisor", lambda *_, **__: None)
    monkeypatch.setattr(web, "serve", lambda *_, box, **__: boxes.append(box))

    assert run("serve").code == 0
    assert [each is not None for each in boxes] == [on]


def test_no_command_of_it_is_without_json() -> None:
    import typer.main

    group: Any = typer.main.get_command(cli.feedback_app)

    assert group.commands.keys() == {"status", "export", "delete"}
    assert all(any("--json" in option.opts for option in each.params) for each in group.commands.values())


# ---------------------------------------------------------------- the server


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Box:
    return Box(tmp_path_factory.mktemp("feedback"))


@pytest.fixture(scope="module")
def answerer() -> ScriptedAnswerer:
    return ScriptedAnswerer()


@pytest.fixture(scope="module")
def shared(answerer: ScriptedAnswerer, kept: Box) -> Iterator[str]:
    with served(answerer, box=kept) as url:
        yield url


@pytest.fixture
def address(shared: str, answerer: ScriptedAnswerer, kept: Box) -> str:
    """Return the address of a page with feedback on and nothing kept yet."""
    answerer.script = None
    kept.path.unlink(missing_ok=True)
    return shared


def ballot(turn: str, **changed: Any) -> str:
    return json.dumps({"turn": turn, "helped": False, "reason": "wrong", "words": "Not so.", **changed})


def cast(visitor: Visitor, sent: object, function: int | None = None) -> dict[str, Any]:
    """Send what a page sends for a vote; return what the server says to it."""
    index = visitor.functions["vote"] if function is None else function
    body = {"fn_index": index, "data": [sent, None], "session_hash": visitor.session}
    queue = f"{visitor.url}/gradio_api/queue"
    assert httpx.post(f"{queue}/join", json=body, trust_env=False, timeout=20).status_code == 200
    with httpx.stream("GET", f"{queue}/data?session_hash={visitor.session}", trust_env=False, timeout=20) as stream:
        for row in stream.iter_lines():
            event = json.loads(row[5:]) if row.startswith("data:") else {}
            if event.get("msg") == "process_completed":
                said: dict[str, Any] = json.loads(base64.b64decode(event["output"]["data"][0]))
                return said
    raise AssertionError("nothing was said")


def ask(visitor: Visitor, question: str) -> str:
    """Ask; return the name of the turn."""
    return str(visitor.ask(question)[-1]["turn"])


def test_what_is_kept_of_the_conversation_is_the_servers_own_copy(address: str, kept: Box) -> None:
    visitor = Visitor(address, "voter")
    ask(visitor, "First?")
    turn = ask(visitor, "Second?")
    ask(visitor, "Third?")

    forged = ballot(turn, question="forged", history=["forged"], answer="forged", date="1999-01-01", id="forged")
    said = cast(visitor, forged)

    (line,) = lines(kept)
    assert line.keys() == KEPT
    assert "forged" not in json.dumps(line)
    assert (line["question"], line["answer"]) == ("Second?", answered("x").answer)
    assert [turn["content"] for turn in line["history"]] == ["First?", answered("x").answer]
    assert [each["document"] for each in line["citations"]] == ["phd-and-degrees.md"] * 3
    assert (line["reason"], line["words"], line["vote"]) == ("wrong", "Not so.", "down")
    assert (said["says"], said["code"], said["kept"]) == ("vote_coded", line["id"], True)


def test_nothing_is_kept_of_who_sent_it(address: str, kept: Box) -> None:
    visitor = Visitor(address, "session-5f3759df")
    cast(visitor, ballot(ask(visitor, "First?")))
    cast(visitor, ballot(ask(visitor, "Second?"), helped=True))

    told = kept.path.read_text("utf-8")
    assert len(lines(kept)) == 2
    for trace in (visitor.session, "127.0.0.1", "httpx", "python", "agent"):
        assert trace not in told.lower()
    assert not re.search(r"\d\d:\d\d", told), "the day, and not the hour"


def test_an_answer_is_voted_on_once_and_only_where_it_was_given(address: str, kept: Box) -> None:
    visitor, stranger = Visitor(address, "owner"), Visitor(address, "stranger")
    turn = ask(visitor, "My secret is 1234")
    ask(stranger, "Hello?")

    assert cast(stranger, ballot(turn))["says"] == "vote_gone"
    code = cast(visitor, ballot(turn))["code"]
    again = [cast(visitor, ballot(turn)), cast(visitor, ballot(turn, helped=True))]
    assert [said["code"] for said in again] == [code, code], "a browser that missed it is told again"
    assert len(lines(kept)) == 1


def test_the_same_answer_asked_for_again_has_its_vote_already(address: str, kept: Box) -> None:
    visitor = Visitor(address, "again")
    first, second = (str(visitor.ask("My secret is 1234", before=[])[-1]["turn"]) for _ in range(2))
    other = str(visitor.ask("And now?", before=[])[-1]["turn"])

    said = [cast(visitor, ballot(turn)) for turn in (first, second, other)]

    assert said[0]["code"] == said[1]["code"] != said[2]["code"]
    assert [line["question"] for line in lines(kept)] == ["My secret is 1234", "And now?"]


def test_what_is_forgotten_or_urgent_can_no_longer_be_kept(address: str, kept: Box) -> None:
    visitor = Visitor(address, "forgetful")
    urgent = ask(visitor, "I might hurt myself")
    cleared = ask(visitor, "My secret is 1234")
    assert cast(visitor, ballot(urgent))["says"] == "vote_gone"
    visitor.press("clear", [None])

    for turn in (urgent, cleared):
        assert cast(visitor, ballot(turn))["says"] == "vote_gone"
    assert lines(kept) == []


def test_no_vote_keeps_what_was_asked_in_private(address: str, kept: Box) -> None:
    visitor = Visitor(address, "private")
    private = str(visitor.ask("My secret is 1234", private=True)[-1]["turn"])
    behind = ask(visitor, "And now?")

    assert [cast(visitor, ballot(turn))["says"] for turn in (private, behind)] == ["vote_gone", "vote_gone"]
    visitor.press("clear", [None])
    assert cast(visitor, ballot(ask(visitor, "And now?")))["kept"]
    assert "1234" not in kept.path.read_text("utf-8")


@pytest.mark.slow
def test_what_is_no_vote_is_refused_and_nothing_is_kept(address: str, kept: Box) -> None:
    visitor = Visitor(address, "odd")
    turn = ask(visitor, "First?")
    odd: list[object] = [
        *(None, 7, "", "x", "[]", "{}", "[" * 4_000, {"turn": turn, "helped": True}, json.dumps({"turn": [turn]})),
        *(ballot(turn, reason=reason) for reason in ("because", "", None, ["wrong"])),
        *(ballot(turn, words=words) for words in ("x" * (WORDS_LIMIT + 1), 7, ["x"])),
        ballot(turn, helped="true", reason=None),
        ballot(turn, padding="x" * voting.BALLOT_LIMIT),
    ]
    for sent in odd:
        assert cast(visitor, sent)["says"] == "vote_gone", sent

    assert lines(kept) == []
    hidden = "a\u202e\u200b\nb" + "x" * (WORDS_LIMIT - 5)
    assert cast(visitor, ballot(turn, words=hidden))["kept"]
    assert lines(kept)[0]["words"] == "a b" + "x" * (WORDS_LIMIT - 5)


def test_a_vote_that_is_refused_says_why_and_can_be_cast_when_there_is_room(tmp_path: Path) -> None:
    full = Box(tmp_path, file_limit=10)
    with served(ScriptedAnswerer(), box=full) as url:
        visitor = Visitor(url, "full")
        turn = ask(visitor, "First?")
        first, second = (cast(visitor, ballot(turn)) for _ in range(2))
        assert first["says"] == second["says"] == "vote_full"
        assert first != second, "the page would not see that it was said again"
        full._file_limit = 10_000
        assert cast(visitor, ballot(turn))["kept"]

    assert len(lines(full)) == 1


@pytest.mark.slow
def test_where_feedback_is_off_no_call_keeps_anything(address: str, home: Path, monkeypatch: Patch) -> None:
    stored: list[object] = []
    monkeypatch.setattr(Box, "_append", lambda _, vote: stored.append(vote))
    on = Visitor(address, "on")
    with served(ScriptedAnswerer()) as url:
        visitor = Visitor(url, "off")
        assert "vote" in on.functions
        assert "vote" not in visitor.functions
        turn = ask(visitor, "My secret is 1234")
        html = httpx.get(url, trust_env=False).text
        for index in range(on.functions["vote"] + 3):
            for data in ([ballot(turn), None], [ballot(turn)]):
                body = {"fn_index": index, "data": data, "session_hash": "off", "trigger_id": None}
                httpx.post(f"{url}/gradio_api/queue/join", json=body, trust_env=False, timeout=20)
        for path in ("/gradio_api/call/keep", "/gradio_api/run/keep", "/feedback", "/vote"):
            assert httpx.post(url + path, json={"data": [ballot(turn)]}, trust_env=False).status_code in {403, 404}
        time.sleep(1)
        assert stored == []
        cast(on, ballot(ask(on, "First?")))
        assert len(stored) == 1, "this test would see what is kept"

    assert not home.exists()
    assert "helpful-template" not in html
    assert '"feedback": null' in html


# ---------------------------------------------------------------- the page


browsed = pytest.mark.browser


def eventually_kept(box: Box, number: int = 1) -> list[Any]:
    until = time.monotonic() + 10
    while len(lines(box)) < number:
        assert time.monotonic() < until
        time.sleep(0.02)
    return lines(box)


def reason(tab: Tab, words: str) -> Any:
    return tab.turn.get_by_role("radio", name=words)


@browsed
def test_a_thumb_down_with_its_reason_is_on_disk_when_the_page_says_thank_you(
    browser: Any, address: str, kept: Box
) -> None:
    with watched(browser, address) as tab:
        tab.ask("Do I need a PhD?")
        tab.ask("And without a degree?").locator(".thumb.no").click()
        reason(tab, "It should have said").check()
        tab.turn.locator(".in-words input").fill("  It guessed <b>\n ")
        assert not kept.path.exists(), "nothing is sent before a person sends it"
        tab.turn.locator(".send-complaint").click()
        tab.turn.locator(".thanks").wait_for()

        (line,) = lines(kept)
        assert (line["question"], line["reason"], line["words"]) == (
            "And without a degree?",
            "should-have-declined",
            "It guessed <b>",
        )
        assert line["history"][0] == {"role": "user", "content": "Do I need a PhD?"}
        assert tab.turn.locator(".thanks").inner_text() == says("en", "vote_coded").format(code=line["id"])
        assert tab.turn.locator(".helpful").count() == 0
        assert tab.focused("class") == "thanks"
        assert tab.page.locator(".turn").first.locator(".helpful").count() == 1
        assert tab.page.input_value("#ballot textarea, #ballot input") == ""


@browsed
def test_the_form_says_what_is_kept_and_for_whom_before_it_is_sent(browser: Any, address: str, kept: Box) -> None:
    said = {
        "your question": {"question"},
        "the conversation before it": {"history"},
        "the answer": {"answer"},
        "the addresses of its documents": {"citations"},
        "your reason and line": {"vote", "reason", "words"},
        "today’s date": {"date"},
        "a random code": {"id"},
    }
    with watched(browser, address) as tab:
        turn = tab.ask("Do I need a PhD?")
        assert not turn.locator(".stored").is_visible()
        turn.locator(".thumb.no").click()
        sentence = turn.locator(".stored").inner_text()
        assert turn.locator(".stored").is_visible()
        reason(tab, "It is wrong").check()
        turn.locator(".send-complaint").click()

        (line,) = eventually_kept(kept)
        assert line.keys() == set().union(*said.values())
        assert [words for words in said if words not in sentence] == []
        assert sentence.endswith("only whoever runs this page sees that, and no name or address of yours is added.")
        assert sentence.count(".") == 1
        tab.page.click("#about-button")
        assert "“No” opens a form that says what it stores" in tab.page.locator("#pane").inner_text()


@browsed
def test_a_thumb_up_is_one_press_and_keeps_nothing_of_the_conversation(browser: Any, address: str, kept: Box) -> None:
    with watched(browser, address) as tab:
        turn = tab.ask("My secret is 1234")
        turn.locator(".thumb.yes").click()
        turn.locator(".thanks").wait_for()

        assert turn.locator(".thanks").inner_text() == says("en", "vote_thanks")
        assert [line.keys() for line in lines(kept)] == [{"vote", "date"}]
        assert tab.page.locator(".helpful").count() == 0


@browsed
def test_whoever_asks_again_is_not_asked_again_whether_the_same_answer_helped(
    browser: Any, address: str, answerer: ScriptedAnswerer, kept: Box
) -> None:
    with watched(browser, address) as tab:
        tab.ask("Should I do a PhD?").locator(".thumb.yes").click()
        tab.page.wait_for_selector(".thanks")
        tab.turn.locator(".retry").click()
        assert tab.over().locator(".thanks").inner_text() == says("en", "vote_thanks")
        assert tab.page.locator(".helpful").count() == 0
        assert len(lines(kept)) == 1

        answerer.script = lambda question: streamed(not_covered(question))
        tab.turn.locator(".retry").click()
        tab.page.wait_for_selector(".helpful")
        assert tab.page.locator(".thanks").count() == 0, "another answer is another matter"


@browsed
def test_it_can_be_done_with_the_keyboard_alone(browser: Any, address: str, kept: Box) -> None:
    with watched(browser, address) as tab:
        tab.ask("Do I need a PhD?").locator(".thumb.no").focus()
        press = tab.page.keyboard.press
        press("Enter")
        assert tab.focused("value") == "wrong"
        press("Escape")
        assert not tab.turn.locator("form").is_visible()
        assert tab.focused("aria-expanded") == "false"
        press("Space")
        press("Tab")
        press("Shift+Tab")
        press("ArrowDown")
        press("ArrowDown")
        press("Tab")
        assert tab.focused("type") == "text"
        tab.page.keyboard.type("/ is a letter here")
        press("Enter")

        (line,) = eventually_kept(kept)
        assert (line["reason"], line["words"]) == ("missing-something", "/ is a letter here")


@browsed
def test_without_a_reason_it_asks_for_one(browser: Any, address: str, kept: Box) -> None:
    with watched(browser, address) as tab:
        turn = tab.ask("Do I need a PhD?")
        turn.locator(".thumb.no").click()
        turn.locator(".send-complaint").click()

        assert turn.locator(".trouble").inner_text() == "Choose a reason first."
        assert tab.page.locator("#status").inner_text() == "Choose a reason first."
        assert tab.focused("type") == "radio"
        reason(tab, "Something else").check()
        assert not turn.locator(".trouble").is_visible()
    assert lines(kept) == []


@browsed
def test_a_line_that_is_too_long_when_it_is_pasted_is_said_and_nothing_of_it_is_cut(
    browser: Any, address: str, kept: Box
) -> None:
    with watched(browser, address) as tab:
        turn = tab.ask("Do I need a PhD?")
        turn.locator(".thumb.no").click()
        reason(tab, "It is wrong").check()
        turn.locator(".in-words input").click()
        tab.page.keyboard.insert_text("My life. " * 11_400)
        turn.locator(".send-complaint").click()
        assert "102,600 characters; 300 are the most" in turn.locator(".trouble").inner_text()
        assert len(turn.locator(".in-words input").input_value()) == 102_600
        turn.locator(".in-words input").fill("It guessed.")
        turn.locator(".send-complaint").click()

        (line,) = eventually_kept(kept)
        assert line["words"] == "It guessed."


@browsed
def test_somebody_who_may_be_in_danger_is_not_asked(browser: Any, address: str) -> None:
    with watched(browser, address) as tab:
        assert tab.ask("I might hurt myself").locator(".helpful").count() == 0


@browsed
@pytest.mark.parametrize(("scheme", "size"), [("light", WIDE), ("dark", WIDE), ("light", PHONE), ("dark", PHONE)])
def test_it_fits_and_axe_finds_nothing_serious(browser: Any, address: str, scheme: str, size: dict[str, int]) -> None:
    with opened(browser, address, color_scheme=scheme, viewport=size) as tab:
        turn = tab.ask("Do I need a PhD?")
        before = tab.width
        turn.locator(".thumb.no").click()
        turn.locator(".send-complaint").click()
        reason(tab, "Something else").check()

        assert tab.width == before
        assert turn.locator(".helpful").evaluate("each => each.scrollWidth - each.clientWidth") <= 0
        serious = [each for each in violations(tab.page) if each["impact"] in {"serious", "critical"}]
        assert [(each["id"], [node["target"] for node in each["nodes"]]) for each in serious] == []


@browsed
def test_a_question_that_follows_a_vote_waits_for_it_and_gets_its_own_answer(
    browser: Any, address: str, answerer: ScriptedAnswerer, kept: Box
) -> None:
    slow: list[Any] = []
    with watched(browser, address) as tab:
        first = tab.ask("Do I need a PhD?")
        answerer.asked.clear()
        tab.page.route("**/queue/join*", lambda route: route.continue_() if slow else slow.append(route))
        first.locator(".thumb.yes").click()
        tab.type("And now?")
        tab.page.wait_for_timeout(500)
        assert answerer.asked == [], "an error would not say whose it is"
        slow[0].continue_()

        assert "And now?" in tab.over().inner_text()
        assert tab.turn.locator("button.cite").count() == 3
        assert tab.page.locator(".thanks").count() == 1
    assert len(lines(kept)) == 1


@browsed
def test_a_vote_that_does_not_arrive_is_said_and_the_form_stays(browser: Any, tmp_path: Path) -> None:
    box, rate = Box(tmp_path), OnceOnly()
    with served(ScriptedAnswerer(), rate=rate, box=box) as url, opened(browser, url) as tab:
        turn = tab.ask("Do I need a PhD?")
        turn.locator(".thumb.no").click()
        reason(tab, "It is unkind").check()
        turn.locator(".in-words input").fill("Be kind.")
        turn.locator(".send-complaint").click()
        turn.locator(".trouble").wait_for()
        assert "did not say whether it has your feedback" in turn.locator(".trouble").inner_text()
        assert lines(box) == []
        rate.is_time = True
        turn.locator(".send-complaint").click()
        turn.locator(".thanks").wait_for()

    assert [line["words"] for line in lines(box)] == ["Be kind."]


@browsed
def test_while_an_answer_comes_a_vote_on_another_waits(
    browser: Any, address: str, answerer: ScriptedAnswerer, kept: Box
) -> None:
    with watched(browser, address) as tab:
        tab.ask("Do I need a PhD?")
        held = halfway(tab, answerer, "And now?")
        first = tab.page.locator(".turn").first
        first.locator(".thumb.yes").click()
        assert "still coming" in first.locator(".trouble").inner_text()
        held.let_go()
        tab.over()
        assert lines(kept) == []
        first.locator(".thumb.yes").click()
        first.locator(".thanks").wait_for()


@browsed
def test_where_feedback_is_off_the_page_has_nothing_of_it(browser: Any, home: Path) -> None:
    with served(ScriptedAnswerer()) as url, watched(browser, url) as tab:
        tab.ask("Do I need a PhD?")
        assert tab.page.locator(".helpful, .thumb, #ballot, #vote, template[id*=helpful]").count() == 0
        assert "helpful" not in tab.page.inner_text("body")
        tab.page.click("#about-button")
        assert "are not stored" in tab.page.inner_text("#pane")
        assert "whether it helped" not in tab.page.inner_text("#pane")
    assert not home.exists()

"""The operator's page: who gets in, what it shows, what it can do, and that nothing of it is in the public app."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from career_advisor import opening
from career_advisor.evaluation import cases, running
from career_advisor.index import BuildReport
from career_advisor.journal import Journal, most_declined
from career_advisor.operating import build_app, guarding, serve
from career_advisor.operating.building import Builder
from career_advisor.operating.guarding import COOKIE, TRIES, Door
from career_advisor.records import AdvisorError, EncoderIdentity, Failure, IndexBusy, NothingReadable, WrongUse
from career_advisor.settings import Settings, load_settings
from career_advisor.web import build_app as build_public_app
from career_advisor.web.conversation import Conversation, answer
from tests.doubles import SUMMARY, ScriptedAnswerer, answered, not_covered, urgent
from tests.test_web import every_route, read, served

PASSWORD = "correct horse battery"
GUIDANCE = (
    "# Do I need a PhD?\n\nYou do not need a PhD to work on AI safety. Many engineers on safety teams have none.\n"
)
HOSTILE = "<script>alert(1)</script>\u202e"


class operated:  # noqa: N801  (read as a phrase: with operated(settings) as url)
    """The operator's app under uvicorn on a free port."""

    def __init__(
        self, settings: Settings, door: Door | None = None, *, around: Callable[[Any], Any] = lambda app: app
    ) -> None:
        self._app = around(build_app(settings, door or Door(PASSWORD)))

    def __enter__(self) -> str:
        import uvicorn

        self._server = uvicorn.Server(
            uvicorn.Config(self._app, port=0, log_level="warning", timeout_graceful_shutdown=1)
        )
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        until = time.monotonic() + 30
        while not self._server.started:
            assert time.monotonic() < until, "the server did not start"
            time.sleep(0.02)
        return f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(10)


def visitor(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, trust_env=False, headers={"origin": url}, timeout=60)


def logged_in(url: str) -> httpx.Client:
    client = visitor(url)
    assert client.post("/login", data={"password": PASSWORD}).status_code == 303
    return client


def settings_of(folder: Path, **others: Any) -> Settings:
    return Settings(home=folder / "home", weights=load_settings().weights, encoder="all-MiniLM-L6-v2", **others)


def make_run(settings: Settings, name: str, *, passes: bool = True) -> Path:
    """Make a real run of two cases, one of which fails where it is to."""
    path = settings.home / "cases.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines: list[dict[str, Any]] = [
        {"id": "phd", "question": f"Do I need a PhD? {HOSTILE}", "kind": "plain", "expect": "answered"},
        {
            "id": "salary",
            "question": "What is the salary?",
            "history": [{"role": "user", "content": "Hello"}],
            "expect": "not_covered",
        },
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    case_set = cases.read_cases(path)
    plan = running.Plan(case_set, case_set.cases, model="quotes", index="v1", encoder="e")
    folder = settings.home / "runs" / name
    running.begin(folder, plan)
    answerer: Any = ScriptedAnswerer()
    if not passes:
        answerer.script = lambda question: iter([not_covered(question)])
    running.run(folder, plan, answerer, {SUMMARY.path: SUMMARY.text}, progress=lambda what, done, total: None)
    running.finish(folder)
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_of(tmp_path)


@pytest.fixture
def address(settings: Settings) -> Iterator[str]:
    with operated(settings) as url:
        yield url


# ---------------------------------------------------------------- who gets in


PAGES = (
    "/",
    "/runs",
    "/runs/x",
    "/runs/x/1",
    "/runs/x/report",
    "/compare",
    "/questions",
    "/build.json",
    "/operator.js",
)


@pytest.mark.parametrize("path", PAGES)
def test_without_the_password_nothing_is_shown(address: str, path: str) -> None:
    came = visitor(address).get(path)

    assert came.status_code == 303
    assert came.headers["location"] == "/login"


@pytest.mark.parametrize("path", ["/build", "/rollback", "/logout"])
def test_without_the_password_nothing_is_done(address: str, path: str) -> None:
    assert visitor(address).post(path, data={"paths": "/"}).status_code == 401
    assert visitor(address).get("/login").status_code == 200


@pytest.mark.parametrize("wrong", ["", "wrong", PASSWORD[:-1], f"{PASSWORD} ", PASSWORD.upper(), "ü" * 200])
def test_a_wrong_password_lets_nobody_in(address: str, wrong: str) -> None:
    client = visitor(address)
    refused = client.post("/login", data={"password": wrong})

    assert refused.status_code == 403
    assert "That is not the password." in refused.text
    assert "set-cookie" not in refused.headers
    assert client.get("/runs").status_code == 303


def test_the_cookie_is_for_this_page_alone_and_is_worth_nothing_after_logging_out(address: str) -> None:
    client = visitor(address)
    cookie = client.post("/login", data={"password": PASSWORD}).headers["set-cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/" in cookie
    token = client.cookies[COOKIE]
    assert client.get("/runs").status_code == 200
    client.post("/logout")
    again = visitor(address)
    again.cookies.set(COOKIE, token)
    assert again.get("/runs").status_code == 303


def test_few_tries_then_waiting_and_the_right_one_waits_too() -> None:
    now = 0.0
    door = Door(PASSWORD, clock=lambda: now)

    assert [door.may_try() for _ in range(TRIES + 2)] == [True] * TRIES + [False, False]
    now += guarding.TRY_EVERY_S + 0.1
    assert [door.may_try(), door.may_try()] == [True, False]


def test_whoever_knows_the_password_may_log_in_as_often_as_they_like() -> None:
    door = Door(PASSWORD, clock=lambda: 0.0)

    for _ in range(2 * TRIES):
        assert door.may_try()
        assert door.enter(PASSWORD)
    assert [door.may_try() and door.enter("wrong") for _ in range(TRIES + 1)] == [None] * TRIES + [False]


def test_a_sixth_try_is_told_to_wait(address: str) -> None:
    client = visitor(address)
    codes = [client.post("/login", data={"password": "wrong"}).status_code for _ in range(TRIES + 1)]

    assert codes == [403] * TRIES + [429]
    assert "Please wait 30 seconds." in client.post("/login", data={"password": PASSWORD}).text


def test_a_session_ends_by_itself() -> None:
    now = 0.0
    door = Door(PASSWORD, clock=lambda: now)
    token = door.enter(PASSWORD)

    assert token
    assert door.session(token)
    now += guarding.SESSION_S + 1
    assert door.session(token) is None
    assert door.session("") is None


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "http://127.0.0.1:7860"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site"},
    ],
)
def test_no_other_page_can_press_a_button_here_not_even_one_of_another_port(
    address: str, headers: dict[str, str]
) -> None:
    assert logged_in(address).post("/rollback", headers=headers).status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "192.168.1.2:7861"])
def test_a_name_from_elsewhere_that_leads_here_is_refused(address: str, host: str) -> None:
    port = int(address.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(f"GET /login HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        assert int(line.recv(64).split()[1]) in {400, 403}


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_only_getting_and_posting_is_done(address: str, method: str) -> None:
    assert logged_in(address).request(method, "/").status_code == 405


def test_a_form_that_is_too_long_is_not_read(address: str) -> None:
    client = logged_in(address)

    assert client.post("/build", data={"paths": "x" * 20_000}).status_code == 413
    chunked = client.post("/build", content=iter([b"paths=x"]), headers={"content-type": "text/plain"})
    assert chunked.status_code == 413


def test_every_answer_carries_a_policy_without_anything_inline_and_is_kept_by_nobody(address: str) -> None:
    client = logged_in(address)
    for path in ("/", "/login", "/operator.css", "/operator.js", "/nowhere", "/runs"):
        headers = client.get(path).headers
        assert headers["content-security-policy"] == guarding.POLICY
        assert headers["cache-control"] == "no-store"
        assert headers["x-frame-options"] == "DENY"
    assert "unsafe" not in guarding.POLICY
    assert "http" not in guarding.POLICY


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.org"])
def test_it_is_never_served_where_others_can_reach_it(settings: Settings, host: str) -> None:
    with pytest.raises(WrongUse, match="this machine alone"):
        serve(settings, host=host, on_ready=lambda address, made: None)


@pytest.mark.slow
def test_the_command_prints_the_address_and_a_password_made_for_this_start(tmp_path: Path) -> None:
    environment = os.environ | {"ADVISOR_HOME": str(tmp_path), "ADVISOR_HOST": "0.0.0.0", "PYTHONUNBUFFERED": "1"}
    server = subprocess.Popen(
        [sys.executable, "-m", "career_advisor", "serve", "--operator", "--port", "0", "--json"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout
    try:
        told = json.loads(server.stdout.readline())
        client = visitor(told["address"].rstrip("/"))
        assert told["address"].startswith("http://127.0.0.1:"), "the public page's host is not meant"
        assert len(told["password"]) >= 16
        assert client.post("/login", data={"password": told["password"]}).status_code == 303
    finally:
        server.terminate()
        server.wait(20)


def test_a_password_of_the_settings_is_not_printed_and_a_short_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="12 characters"):
        settings_of(tmp_path, operator_password="short")
    told: list[tuple[str, str | None]] = []
    ready = threading.Event()

    def on_ready(address: str, made: str | None) -> None:
        told.append((address, made))
        ready.set()

    settings = settings_of(tmp_path, operator_password=PASSWORD, operator_port=0)
    assert PASSWORD not in repr(settings)
    threading.Thread(target=serve, args=(settings,), kwargs={"host": None, "on_ready": on_ready}, daemon=True).start()

    assert ready.wait(30)
    assert told[0][1] is None


# ---------------------------------------------------------------- the public app


@pytest.mark.slow
def test_no_path_and_no_event_of_the_public_app_reaches_the_operators(tmp_path: Path) -> None:
    public = build_public_app(ScriptedAnswerer())
    inner = build_app(settings_of(tmp_path), Door(PASSWORD))._app  # type: ignore[attr-defined]
    of_the_operator = {route.path for route in inner.routes}

    assert of_the_operator & set(every_route(public)) <= {"/", "/login", "/logout"}, "Gradio's own, which are shut"
    with served(ScriptedAnswerer()) as url:
        for path in of_the_operator - {"/"}:
            concrete = re.sub(r"\{[^}]+\}", "1", path)
            for method in ("GET", "POST"):
                assert httpx.request(method, url + concrete, trust_env=False).status_code in {403, 404}, path
        config = httpx.get(f"{url}/config", trust_env=False).json()
    names = {str(each["api_name"]) for each in config["dependencies"]}
    assert names >= {"ask", "search"}
    assert not any(re.search("build|index|roll|eval|run|admin|operator|log", name) for name in names)


def test_the_public_app_imports_nothing_of_the_operators() -> None:
    look = "import sys, career_advisor.web; print([n for n in sys.modules if n.startswith('career_advisor.operating')])"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


# ---------------------------------------------------------------- the index


def wait_for_build(client: httpx.Client) -> dict[str, Any]:
    until = time.monotonic() + 120
    while (seen := client.get("/build.json").json())["running"]:
        assert time.monotonic() < until
        time.sleep(0.1)
    return dict(seen)


@pytest.mark.slow
def test_a_folder_is_built_its_broken_file_named_and_the_version_before_served_again(
    settings: Settings, address: str, tmp_path: Path
) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "phd.md").write_text(GUIDANCE, "utf-8")
    client = logged_in(address)
    assert "There is no index yet" in client.get("/").text

    client.post("/build", data={"paths": str(corpus)})
    assert wait_for_build(client)["well"]
    first = opening.status_json(settings)["index"]
    (corpus / "broken.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    (corpus / "more.md").write_text("# What then?\n\nTake a course first.\n", "utf-8")
    page = client.get("/").text
    assert "more.md" in page
    assert "1 new" in page or "2 new" in page

    client.post("/build", data={"paths": ""})
    seen = wait_for_build(client)
    assert [each["path"] for each in seen["failed"]] == ["broken.pdf"]
    assert seen["failed"][0]["reason"]
    assert {each["path"] for each in seen["files"]} == {"broken.pdf", "more.md", "phd.md"}
    assert not seen["well"]
    assert "2 documents" in seen["outcome"]
    assert "1 could not be read" in seen["outcome"]
    assert seen["failed"][0]["reason"] in client.get("/").text.replace("&#39;", "'")
    assert opening.status_json(settings)["index"] != first

    client.post("/rollback")
    assert f"Version {first} is served now." in client.get("/").text
    assert opening.status_json(settings)["index"] == first
    client.post("/rollback")
    assert "there is no version before the one served" in client.get("/").text


def test_what_cannot_be_built_is_said(address: str, tmp_path: Path) -> None:
    client = logged_in(address)
    client.post("/build", data={"paths": f"{tmp_path}/nowhere"})

    seen = wait_for_build(client)

    assert "nowhere" in seen["outcome"]
    assert not seen["well"]


def report_of(*failed: Failure) -> BuildReport:
    return BuildReport("v2", 2, 9, 1, 0, 0, 1, failed, EncoderIdentity("e", "0", 4), 1.0, 3)


def test_a_build_is_seen_file_by_file_while_it_runs_and_no_second_one_begins() -> None:
    go_on, looked = threading.Event(), threading.Event()

    def build(paths: Any, *, add: bool, progress: Any, told: Any) -> BuildReport:
        told("a.md", "")
        told("b.pdf", "it is damaged")
        progress("embedding", 3, 9)
        looked.set()
        assert go_on.wait(20)
        return report_of(Failure("b.pdf", "it is damaged"))

    builder = Builder(build)
    builder.start(None, add=False)
    assert looked.wait(20)
    seen = builder.seen()
    with pytest.raises(IndexBusy):
        builder.start(None, add=False)
    go_on.set()
    until = time.monotonic() + 20
    while builder.seen()["running"]:
        assert time.monotonic() < until
        time.sleep(0.01)

    assert seen["running"]
    assert [each["path"] for each in seen["files"]] == ["a.md", "b.pdf"]
    assert seen["failed"] == [{"path": "b.pdf", "reason": "it is damaged"}]
    assert seen["steps"] == [{"what": "embedding", "done": 3, "total": 9}]
    assert builder.seen()["outcome"].startswith("Version v2 is served: 2 documents, 9 passages (1 added, 1 unchanged")


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (NothingReadable("none of these files can be read", [Failure("a.pdf", "empty")]), "None of these files"),
        (AdvisorError("the weights are missing"), "The weights are missing"),
        (ZeroDivisionError("x"), "It broke off"),
    ],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_however_a_build_ends_it_is_over_and_says_so(raised: Exception, told: str) -> None:
    def build(paths: Any, *, add: bool, progress: Any, told: Any) -> BuildReport:
        raise raised

    builder = Builder(build)
    builder.start(None, add=False)
    until = time.monotonic() + 20
    while builder.seen()["running"]:
        assert time.monotonic() < until
        time.sleep(0.01)

    assert told in builder.seen()["outcome"]
    assert not builder.seen()["well"]


# ---------------------------------------------------------------- evaluation


def test_runs_are_listed_and_one_cases_trace_is_shown(settings: Settings, address: str) -> None:
    make_run(settings, "good")
    make_run(settings, "bad", passes=False)
    client = logged_in(address)
    runs = client.get("/runs").text

    assert "2 of 2" in runs
    assert "1 of 2" in runs
    assert 'href="/runs/good"' in runs
    bad = client.get("/runs/bad").text
    assert 'href="/runs/bad/1"' in bad
    assert 'href="/runs/bad/2"' not in bad, "what passed is not in the way"
    assert 'href="/runs/bad/2"' in client.get("/runs/bad?show=all").text
    trace = client.get("/runs/good/1").text
    reply = answered("x")
    for shown in (
        "answered",
        reply.citations[0].document,
        "support 1",
        "Passages found",
        "1.4",
        "80,000 Hours one-on-one advising",
        "ms to total",
    ):
        assert shown in trace, shown
    assert "Why it did not pass" in client.get("/runs/bad/1").text
    assert "Hello" in client.get("/runs/good/2").text


def test_two_runs_are_compared_and_what_broke_leads_to_both_traces(settings: Settings, address: str) -> None:
    make_run(settings, "good")
    make_run(settings, "bad", passes=False)
    page = logged_in(address).get("/compare?a=good&b=bad").text

    assert "Broken: passed in A, not in B" in page
    assert 'href="/runs/good/1"' in page
    assert 'href="/runs/bad/1"' in page
    assert "0 fixed, 1 broken" in page


def test_other_peoples_words_are_shown_as_words(settings: Settings, address: str) -> None:
    make_run(settings, "good")
    client = logged_in(address)
    for path in ("/runs/good?show=all", "/runs/good/1"):
        html = client.get(path).text
        assert "&lt;script&gt;alert(1)" in html
        assert "<script>alert" not in html
        assert "\u202e" not in html


def test_a_report_is_shown_without_any_of_the_pages_powers(settings: Settings, address: str) -> None:
    make_run(settings, "good")
    came = logged_in(address).get("/runs/good/report")
    policy = came.headers["content-security-policy"]

    assert came.status_code == 200
    assert policy.startswith("sandbox allow-scripts;")
    assert "same-origin" not in policy
    assert "connect-src" not in policy
    assert "default-src 'none'" in policy


NO_RUNS = (
    "/runs/..%2f..%2fetc",
    "/runs/%2e%2e%2fhome",
    "/runs/nope",
    "/runs/good/99",
    "/runs/good/0",
    "/runs/nope/report",
    "/compare?a=../x&b=y",
)


@pytest.mark.parametrize("path", NO_RUNS)
def test_what_is_not_a_run_is_not_there(settings: Settings, address: str, path: str) -> None:
    make_run(settings, "good")

    assert logged_in(address).get(path).status_code == 404


def test_a_run_that_was_broken_off_or_damaged_is_named_and_the_others_shown(settings: Settings, address: str) -> None:
    make_run(settings, "good")
    (make_run(settings, "half") / "summary.json").unlink()
    (make_run(settings, "damaged") / "manifest.json").write_text("{", "utf-8")
    page = logged_in(address).get("/runs").text

    assert "not summed up" in page
    assert "is not JSON" in page
    assert "2 of 2" in page


# ---------------------------------------------------------------- what was asked


def test_nothing_is_kept_unless_it_was_turned_on(settings: Settings, address: str) -> None:
    page = logged_in(address).get("/questions").text

    assert not settings.keep_questions
    assert "Nothing is kept of what people ask" in page
    assert "ADVISOR_KEEP_QUESTIONS=true" in page


def test_of_an_answer_its_day_status_and_time_are_kept_and_words_only_of_what_was_declined(tmp_path: Path) -> None:
    journal = Journal(tmp_path, 30)
    answerer = ScriptedAnswerer()
    answerer.script = lambda question: iter(
        [replace({"d": not_covered, "u": urgent}.get(question[0], answered)(question), timings_ms={"total": 12.5})]
    )
    for question in ("do you pay salary?", "u want to hurt myself", "my name is Ada and I am ill"):
        list(answer(question, Conversation(), answerer, note=journal.keep))
    lines = [json.loads(line) for line in journal.path.read_text("utf-8").splitlines()]

    assert [line["status"] for line in lines] == ["not_covered", "urgent", "answered"]
    assert [line["question"] for line in lines] == ["do you pay salary?", "", ""]
    assert {tuple(line) for line in lines} == {("day", "status", "milliseconds", "question")}
    assert {line["milliseconds"] for line in lines} == {12.5}
    assert journal.path.stat().st_mode & 0o777 == 0o600


def test_the_most_frequent_are_counted_however_they_are_typed(tmp_path: Path) -> None:
    journal = Journal(tmp_path, 30)
    for question in ("What is the salary?", "what  is the salary", "Who won the cup?", "WHAT IS THE SALARY??"):
        journal.keep(not_covered(question))

    first, second = most_declined(journal.read(), limit=9)

    assert (first.question, first.times) == ("WHAT IS THE SALARY??", 3)
    assert (second.question, second.times) == ("Who won the cup?", 1)
    assert len(most_declined(journal.read(), limit=1)) == 1


@pytest.mark.parametrize(
    "personal", ["ada@example.org", "+44 20 7946 0000", "https://example.org/ada", "www.ada.example", "123-456-7890"]
)
def test_addresses_and_long_numbers_are_not_kept(tmp_path: Path, personal: str) -> None:
    journal = Journal(tmp_path, 30)
    journal.keep(not_covered(f"Can you write to {personal} in 2026?"))

    assert personal not in journal.path.read_text("utf-8")
    assert "2026" in journal.read()[0].question


def test_what_is_older_than_it_may_be_is_deleted(tmp_path: Path) -> None:
    today = date(2026, 11, 26)
    Journal(tmp_path, 30, today=lambda: today - timedelta(days=30)).keep(not_covered("Old?"))
    Journal(tmp_path, 30, today=lambda: today - timedelta(days=29)).keep(not_covered("Young?"))
    journal = Journal(tmp_path, 30, today=lambda: today)

    assert [line.question for line in journal.read()] == ["Young?"]
    journal.sweep()
    assert "Old?" not in journal.path.read_text("utf-8")
    assert journal.delete() == 1
    assert not journal.path.exists()


def test_a_journal_that_cannot_be_written_takes_no_answer_from_anybody(tmp_path: Path) -> None:
    (tmp_path / "questions.jsonl").mkdir()
    journal = Journal(tmp_path, 30)

    *_, last = answer("What is the salary?", Conversation(), ScriptedAnswerer(), note=journal.keep)

    assert read(last)["reply"]["status"] == "not_covered"


def test_damaged_lines_are_left_out(tmp_path: Path) -> None:
    journal = Journal(tmp_path, 30)
    journal.keep(not_covered("Whole?"))
    with journal.path.open("a", encoding="utf-8") as file:
        file.write('{"day": "yesterday"}\n[]\n{"day": "2026-1')

    assert [line.question for line in journal.read()] == ["Whole?"]


def test_the_operator_sees_what_was_declined_and_how_long_answers_took(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, keep_questions=True)
    journal = Journal(settings.home, 30)
    for total in (10.0, 20.0, 30.0):
        journal.keep(replace(not_covered(f"What is the salary? {HOSTILE}"), timings_ms={"total": total}))
    with operated(settings) as url:
        page = logged_in(url).get("/questions").text

    assert "What is the salary? &lt;script&gt;" in page
    assert "<script>alert" not in page
    assert "median 20 ms" in page
    assert "n 3" in page


def test_times_alone_are_kept_without_a_word_of_any_question(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, keep_times=True)
    journal = Journal(settings.home, 30, words=False)
    journal.keep(replace(not_covered("What is the salary?"), timings_ms={"total": 20.0}))
    with operated(settings) as url:
        page = logged_in(url).get("/questions").text

    assert "salary" not in journal.path.read_text("utf-8")
    assert "median 20 ms" in page
    assert "no word of any question" in page
    assert "Declined most often" not in page


def test_where_nothing_was_asked_and_nothing_measured_yet_that_is_said(tmp_path: Path) -> None:
    with operated(settings_of(tmp_path, keep_times=True)) as url:
        operator = logged_in(url)
        assert "Nothing has been asked yet." in operator.get("/questions").text
        runs = operator.get("/runs").text
        assert "There is no run yet." in runs
        assert "career-advisor evaluate run" in runs, "and what makes one"
        assert "Compare A with B" not in runs


def run_command(tmp_path: Path, *words: str) -> str:
    environment = os.environ | {"ADVISOR_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "career_advisor", *words], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.mark.slow
def test_the_commands_list_and_delete_it(tmp_path: Path) -> None:
    Journal(tmp_path, 30).keep(not_covered("What is the salary?"))

    listed = json.loads(run_command(tmp_path, "questions", "status", "--json"))
    assert listed["on"] is False
    assert listed["declined"][0]["question"] == "What is the salary?"
    assert json.loads(run_command(tmp_path, "questions", "delete", "--json")) == {"deleted": 1}
    assert not (tmp_path / "questions.jsonl").exists()

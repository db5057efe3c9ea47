"""Addresses of the registry are asked politely, and what answered is written down in a clone and nowhere else."""

from __future__ import annotations

import json
import socket
import threading
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from career_advisor import cli, links, opening
from career_advisor.records import CorpusError
from career_advisor.referral import check, load_registry, with_last_checked
from career_advisor.settings import shipped_corpus

Patch = pytest.MonkeyPatch
DAY = date(2026, 11, 25)


class Site:
    """A web server on loopback whose pages are what their addresses say, and which remembers how it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.agents: set[str] = set()
        self.release = threading.Event()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the library's name)
                return

            def do_HEAD(self) -> None:
                self.answer("HEAD")

            def do_GET(self) -> None:
                self.answer("GET")

            def answer(self, method: str) -> None:
                site.asked.append((method, self.path))
                site.agents.add(self.headers["User-Agent"])
                word, _, rest = self.path.removeprefix("/").partition("/")
                if word == "silent":
                    site.release.wait(20)
                    return
                if word == "hangs-up" and method == "HEAD":
                    return
                if word == "get-only" and method == "HEAD":
                    word = "405"
                status = int(word) if word.isdigit() else 200
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", rest if "//" in rest else f"/{rest}")
                self.send_header("Content-Length", "0")
                self.end_headers()

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def site(monkeypatch: Patch) -> Iterator[Site]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    double = Site()
    thread = threading.Thread(target=double.server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield double
    double.release.set()
    double.server.shutdown()
    double.server.server_close()
    thread.join(5)


ask_here = partial(links.ask_all, timeout_s=0.5, pause_s=0, loopback=True)


def ask(site: Site, path: str) -> links.Answer:
    [answer] = ask_here([f"{site.address}/{path}"])
    return answer


# ---------------------------------------------------------------- asking


def test_an_address_that_answers_is_asked_for_its_head_alone_by_our_name(site: Site) -> None:
    assert ask(site, "page") == links.Answer(f"{site.address}/page", "", "")
    assert site.asked == [("HEAD", "/page")]
    assert site.agents == {links.USER_AGENT}


@pytest.mark.parametrize("path", ["get-only", "hangs-up"])
def test_where_the_head_is_refused_the_page_is_asked_for(site: Site, path: str) -> None:
    assert ask(site, path).problem == ""
    assert site.asked == [("HEAD", f"/{path}"), ("GET", f"/{path}")]


@pytest.mark.parametrize(
    ("path", "told"), [("404", "answers 404"), ("500", "answers 500"), ("403", "look with a browser")]
)
def test_an_address_that_refuses_is_named_with_what_it_answers(site: Site, path: str, told: str) -> None:
    answer = ask(site, path)

    assert f"{site.address}/{path}" in answer.problem
    assert told in answer.problem


def test_a_host_that_asks_for_rest_is_left_alone(site: Site) -> None:
    assert "answers 429" in ask(site, "429").problem
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    ("path", "moved_to"),
    [
        ("301/new", "/new"),
        ("308/301/newer", "/newer"),
        ("302/for-now", ""),
        ("301/302/for-now", "/302/for-now"),
        ("302/301/for-now", ""),
    ],
)
def test_redirects_are_followed_and_a_move_for_good_is_named(site: Site, path: str, moved_to: str) -> None:
    assert ask(site, path) == links.Answer(f"{site.address}/{path}", "", moved_to and f"{site.address}{moved_to}")


def test_a_moved_address_that_is_gone_is_both(site: Site) -> None:
    answer = ask(site, "301/404")

    assert answer.moved_to == f"{site.address}/404"
    assert "answers 404" in answer.problem


def test_an_address_that_leads_in_a_circle_is_let_go(site: Site) -> None:
    assert "more than 5 times" in ask(site, "/".join(["302"] * 9)).problem


def test_silence_is_waited_out_briefly_and_once(site: Site) -> None:
    assert "silent for 0.5 s" in ask(site, "silent").problem
    assert site.asked == [("HEAD", "/silent")]


def test_a_refused_connection_and_an_unknown_host_are_named(monkeypatch: Patch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        [refused] = ask_here([f"http://127.0.0.1:{taken.getsockname()[1]}/"])

    assert "cannot be reached" in refused.problem
    assert "refused" in refused.problem


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/", "file:///etc/passwd", "https://", "gopher://example.org/"])
def test_nothing_but_https_is_asked_unless_a_test_says_so(address: str) -> None:
    [answer] = links.ask_all([address])

    assert "is not an https address" in answer.problem


def test_a_redirect_to_anything_but_https_is_not_followed(site: Site) -> None:
    assert "leads to http://example.org/" in ask(site, "302/http://example.org/").problem
    assert "leads to file:///etc" in ask(site, "302/file:///etc").problem


def test_each_address_is_asked_once_and_a_host_is_given_time(site: Site) -> None:
    waited: list[float] = []
    addresses = [f"{site.address}/{path}" for path in ("one", "two", "one")]

    answers = list(links.ask_all(addresses, loopback=True, pause_s=3, sleep=waited.append))

    assert [answer.address for answer in answers] == addresses[:2]
    assert waited == [3]


# ---------------------------------------------------------------- writing


ENTRIES = """# What may be offered.

[[service]]
id = "one" # fixed
name = "One"
kind = "advising"
url = "{one}"
audience = "all"
cost = "free"
gap = "talking"
needs = ["advice"]
as_of = "2026-05"
source = "https://one.example/about"
aliases = ["uno"]

# Not dated in its source.
[[service]]
id = "two"
name = "Two"
kind = "advising"
url = "{two}"
audience = "all"
cost = "free"
gap = "listening"
needs = ["advice"]
source = "https://two.example/about"
"""


@pytest.fixture
def registry(tmp_path: Path, site: Site, monkeypatch: Patch) -> Path:
    """Return the registry of a clone: one address answers, the other is gone."""
    folder = tmp_path / "clone" / "corpus"
    folder.mkdir(parents=True)
    (folder.parent / "pyproject.toml").touch()
    path = folder / "services.toml"
    path.write_text(ENTRIES.format(one=f"{site.address}/301/here", two=f"{site.address}/404"), "utf-8")
    monkeypatch.setattr(opening, "shipped_corpus", lambda: folder)
    return path


def silent(what: str, done: int, total: int) -> None:
    """Report no progress."""


def test_the_day_is_written_below_as_of_for_what_answers_and_all_else_stays(registry: Path, site: Site) -> None:
    before = registry.read_text("utf-8")

    checked = opening.check_services(online=True, progress=silent, ask=ask_here)

    line = f'last_checked = "{date.today().isoformat()}"\n'
    assert registry.read_text("utf-8") == before.replace('as_of = "2026-05"\n', f'as_of = "2026-05"\n{line}')
    assert [service.last_checked for service in load_registry(registry).services] == [date.today().isoformat(), None]
    assert checked.answered == 1
    assert str(registry) in checked.said
    problems = {f"{each.service}: {each.problem}" for each in checked.findings}
    assert f"one: {site.address}/301/here has moved to {site.address}/here" in problems
    assert f"two: {site.address}/404 answers 404" in problems
    assert [path.name for path in registry.parent.iterdir()] == ["services.toml"]


def test_an_installed_registry_stays_as_it_is_and_that_is_said(registry: Path) -> None:
    (registry.parents[1] / "pyproject.toml").unlink()
    before = registry.read_bytes()

    checked = opening.check_services(online=True, progress=silent, ask=ask_here)

    assert registry.read_bytes() == before
    assert "installed registry" in checked.said


def test_without_online_nobody_is_asked_and_nothing_is_written(registry: Path, site: Site) -> None:
    before = registry.read_bytes()

    assert opening.check_services(online=False, progress=silent, ask=ask_here).said == ""
    assert site.asked == []
    assert registry.read_bytes() == before


def test_the_command_prints_findings_and_says_beside_them_what_it_wrote(
    registry: Path, monkeypatch: Patch, capsys: pytest.CaptureFixture[str]
) -> None:
    registry.write_text(ENTRIES.format(one="https://one.example/", two="https://two.example/"), "utf-8")

    def gone(addresses: Sequence[str]) -> Iterable[links.Answer]:
        return [links.Answer(addresses[0], "", ""), links.Answer(addresses[1], "https://two.example/ answers 410", "")]

    monkeypatch.setattr(opening, "check_services", partial(opening.check_services, ask=gone))
    monkeypatch.setattr("sys.argv", ["career-advisor", "services", "check", "--online", "--json"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    out, err = capsys.readouterr()

    assert ended.value.code == 1
    assert json.loads(out) == [{"service": "two", "problem": "https://two.example/ answers 410"}]
    assert "1 of 2 services answered; last_checked written into" in err


def edit(text: str, *services: str) -> str:
    return with_last_checked(text, services, DAY)


def test_an_entry_without_as_of_gets_its_line_below_its_last_field() -> None:
    assert edit(ENTRIES, "two") == f'{ENTRIES}last_checked = "2026-11-25"\n'
    assert edit(ENTRIES.rstrip("\n"), "two") == f'{ENTRIES}last_checked = "2026-11-25"\n'


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_day_that_stands_there_is_replaced_and_line_ends_stay(end: str) -> None:
    once = edit(ENTRIES.replace("\n", end), "one", "two")
    again = with_last_checked(once, ["one"], date(2027, 1, 2))

    assert again == once.replace("2026-11-25", "2027-01-02", 1)
    assert once.count(end) == once.count("\n") == ENTRIES.count("\n") + 2


def test_the_shipped_registry_can_be_written_entry_by_entry() -> None:
    text = (shipped_corpus() / "services.toml").read_text("utf-8")
    services = [entry["id"] for entry in tomllib.loads(text)["service"]]

    written = edit(text, *services)

    assert {entry["last_checked"] for entry in tomllib.loads(written)["service"]} == {"2026-11-25"}
    kept = [line for line in written.splitlines() if not line.startswith("last_checked")]
    assert kept == [line for line in text.splitlines() if not line.startswith("last_checked")]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace('id = "two"', "id = 'two'"),
        lambda text: text.replace('source = "https://two.example/about"', 'aliases = [\n  "dos",\n]'),
        lambda text: text + 'note = """\n[[service]]\n"""\n',
    ],
    ids=["quotes", "a list over lines", "a heading in a text"],
)
def test_a_layout_that_cannot_be_followed_is_refused_rather_than_spoiled(change: Callable[[str], str]) -> None:
    with pytest.raises(CorpusError, match="laid out unusually"):
        edit(change(ENTRIES), "two")


# ---------------------------------------------------------------- the registry itself


def test_unsourced_entries_and_days_that_have_not_been_are_found(tmp_path: Path) -> None:
    path = tmp_path / "services.toml"
    text = ENTRIES.format(one="https://one.example", two="https://two.example")
    text = text.replace('source = "https://one.example/about"\n', 'last_checked = "2027-01-01"\n')
    path.write_text(text.replace('source = "https://two.example/about"', 'last_checked = "lately"'), "utf-8")

    found = {(each.service, each.problem.split(":")[0]) for each in check(load_registry(path), DAY)}

    assert found == {
        ("one", "no source"),
        ("one", "last_checked '2027-01-01' is not a day that has been"),
        ("two", "no source"),
        ("two", "last_checked 'lately' is not a day that has been"),
    }

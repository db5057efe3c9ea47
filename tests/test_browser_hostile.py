"""Hostile words that come from a file, or that an operator is shown: nothing of them loads, runs or becomes an element.

Each time with both layers, and with the policy taken away, so that it is the text layer alone that holds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from typing import Any

import httpx
import lxml.html
import pytest
from markdown_it import MarkdownIt

from career_advisor.journal import Journal
from career_advisor.operating.guarding import POLICY
from career_advisor.records import Hit, Message, Queries, Section, Service, Span
from career_advisor.web import guard
from tests import test_operating_browser
from tests.doubles import ADVISING, TALK, Bookshelf, ScriptedAnswerer, not_covered
from tests.hostile import MARKDOWN, MARKUP, TEXTS, UNSEEN, Loopback, aimed, loopback
from tests.test_browser import (
    NAVIGATES,
    TAGS,
    browser,
    canary,
    fired,
    opened,
    was_good,
    without_policy,
)
from tests.test_browser_keeping import hint, taken, talks
from tests.test_operating import make_run, operated, settings_of
from tests.test_web import served

pytestmark = pytest.mark.browser

__all__ = ["browser", "canary"]  # fixtures

MADE = "script, style, link, img, iframe, object, embed, video, audio, svg, math, form, base, meta, template"
SAID = ("title", "heading", "text")
"""What a document says in a run's hits."""
LAYERS: dict[str, Callable[[Any], Any]] = {
    "both layers": lambda app: app,
    "the text layer alone": without_policy,
}


@pytest.fixture(params=LAYERS, scope="module")
def around(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    return LAYERS[str(request.param)]


@pytest.fixture(scope="module")
def address(around: Callable[[Any], Any]) -> Iterator[str]:
    with served(ScriptedAnswerer(), sources=Bookshelf(), around=around, rate=guard.Rate(burst=1_000)) as url:
        assert ("content-security-policy" in httpx.get(url, trust_env=False).headers) == (around is not without_policy)
        yield url


def texts(canary: Loopback, limit: int) -> list[str]:
    """Return every text, aimed at the canary, as far as a file may hold it."""
    return [aimed(text, canary.address, name)[:limit] for name, text in TEXTS.items()]


def poisoned(part: Any, payload: str) -> Any:
    """Return JSON with a text in place of every other."""
    match part:
        case dict():
            return {name: poisoned(each, payload) for name, each in part.items()}
        case list():
            return [poisoned(each, payload) for each in part]
        case str():
            return payload
    return part


def test_no_text_of_a_conversation_that_is_read_in_loads_or_runs(
    browser: Any, address: str, canary: Loopback, tmp_path: Path
) -> None:
    canary.asked.clear()
    with opened(browser, address) as tab:
        tab.ask("Should I do a PhD?")
        value = json.loads(taken(tab, "JSON", tmp_path).read_text("utf-8"))
        (turn,) = value["turns"]
        payloads = texts(canary, 500)
        value["turns"] = [{**poisoned(turn, text), "id": "", "asked": "never"} for text in payloads]
        value["title"] = payloads[0]
        tab.clear()
        tags = tab.page.evaluate(TAGS)["count"]
        talks(tab)
        file = {"name": "x.json", "mimeType": "application/json", "buffer": json.dumps(value).encode()}
        tab.page.set_input_files("#import-file", file)
        assert f"Imported: {len(payloads)} questions" in hint(tab)

        assert tab.page.locator(".turn .asked").count() == len(payloads)
        assert tab.page.locator("#turns").locator(f"{MADE}, a").count() == 0
        for cite in tab.page.locator(".turn").locator("button.cite:first-of-type").all()[:: len(payloads) // 8]:
            cite.evaluate("element => element.click()")
            assert tab.page.locator("#pane-body").locator(f"{MADE}, a").count() == 0
        shown = "\n".join(tab.page.locator(".turn .asked").all_text_contents())
        assert aimed(MARKUP["img"], canary.address, "img") in shown, "it is shown as what it is"
        tab.page.locator(".turn button.cite").first.hover(force=True)
        tab.page.wait_for_timeout(400)
        assert tab.page.locator("#preview").locator(MADE).count() == 0
        for button in tab.page.locator(".turn:nth-child(-n+3) .sources button").all():
            button.evaluate("element => element.click()")
        tab.page.wait_for_timeout(300)
        assert {kind: n for kind, n in tab.page.evaluate(TAGS)["count"].items() if n > tags.get(kind, 0)} == {}
    was_good(tab, address)
    assert canary.asked == []


KINDS_OF_EXPORT = {"h1", "h2", "h3", "p", "em", "strong", "blockquote", "ul", "li", "br"}
LOOKS_LIKE_AN_ADDRESS = re.compile(r"(?<!\\)://|www(?<!\\)\.|(?<!\\)@", re.IGNORECASE)


def rendered(markdown: str) -> Any:
    """Return what a reader makes of Markdown: one that lets HTML through and knows tables."""
    html = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(markdown)
    return lxml.html.fromstring(f"<main>{html}</main>")


def test_what_is_taken_along_as_markdown_shows_every_text_as_it_is_and_makes_nothing_of_it(
    browser: Any, address: str, canary: Loopback, tmp_path: Path
) -> None:
    canary.asked.clear()
    marked = [aimed(text, canary.address, name) for name, text in MARKDOWN.items()]
    payloads = [*texts(canary, 500), *marked]
    with opened(browser, address) as tab:
        tab.ask("Should I do a PhD?")
        value = json.loads(taken(tab, "JSON", tmp_path).read_text("utf-8"))
        (turn,) = value["turns"]
        unfinished = [{**turn, "question": "?", "reply": None, "words": text, "trouble": text} for text in payloads]
        turns = [*({**poisoned(turn, text), "id": "", "asked": "never"} for text in payloads), *unfinished]
        value = {**value, "title": marked[0], "turns": turns}
        file = {"name": "x.json", "mimeType": "application/json", "buffer": json.dumps(value).encode()}
        tab.clear()
        talks(tab)
        tab.page.set_input_files("#import-file", file)
        assert "Imported:" in hint(tab)
        markdown = taken(tab, "Markdown", tmp_path).read_text("utf-8")
        main = rendered(markdown)

        assert {each.tag for each in main.iterdescendants()} <= KINDS_OF_EXPORT
        assert [len(main.findall(f".//{tag}")) for tag in ("h1", "h2")] == [1, len(turns)]
        assert not any(each.attrib for each in main.iterdescendants())
        assert not [char for char in UNSEEN if char in markdown]
        assert LOOKS_LIKE_AN_ADDRESS.findall(markdown) == []
        told = " ".join(main.text_content().split())
        for name, text in MARKDOWN.items():
            assert " ".join(aimed(text, canary.address, name).split()) in told, name
        reader = tab.page.context.new_page()
        reader.goto(f"{canary.address}/reader")
        reader.set_content(lxml.html.tostring(main, encoding="unicode"))
        reader.wait_for_timeout(500)
        assert {*canary.asked} <= {"reader", "favicon.ico"}, "what a browser asks for by itself"


def test_only_where_a_passage_was_read_and_who_can_help_are_links_in_what_is_taken_along(
    browser: Any, address: str, tmp_path: Path
) -> None:
    with opened(browser, address) as tab:
        hostile = "<img src=x> www.evil.example \u202eekil\u202c [this](javascript:alert(1)) & https://evil.example"
        tab.ask(f"Is {hostile} a way?")
        main = rendered(taken(tab, "Markdown", tmp_path).read_text("utf-8"))

        assert {each.get("href") for each in main.iterfind(".//a")} == {TALK, ADVISING.url}
        (heading,) = main.iterfind(".//h2")
        assert heading.text_content() == (
            "1. Is <img src=x> www.evil.example ekil [this](javascript:alert(1)) & https://evil.example a way?"
        )


def test_no_text_of_a_guided_file_loads_or_runs(browser: Any, address: str, canary: Loopback, tmp_path: Path) -> None:
    canary.asked.clear()
    payloads = texts(canary, 190)
    path = tmp_path / "x.json"
    with opened(browser, address) as tab:
        for start in range(0, len(payloads), 8):
            part = payloads[start : start + 8]
            values = {"background": "\n".join(part)[:1_500], "choices": part[:3]}
            head = {"format": "career-advisor-guided", "version": 1, "guide": "advising", "written": "2026-11-26"}
            path.write_text(json.dumps({**head, "answers": {"values": values}}), "utf-8")
            tab.page.reload()
            tab.page.wait_for_selector("body.ready")
            tab.page.click("#welcome .guided-entry >> nth=2")
            tab.page.set_input_files("#guided input[type=file]", str(path))
            tab.page.wait_for_selector(".guided-sheet")
            if start == 0:
                assert part[0] in tab.page.inner_text(".guided-sheet"), "it is shown as what it is"
            assert tab.page.locator(".guided-sheet").locator(MADE).count() == 0, part
        tab.page.wait_for_timeout(300)
    assert [each for each in tab.asked_for if not each.startswith((address, "data:", "blob:"))] == []
    assert tab.complaints == []
    assert canary.asked == []


def worded(record: Any, words: str, *fields: str) -> Any:
    """Return a record with words added to what it says in these fields."""
    return replace(record, **{name: f"{getattr(record, name)} {words}" for name in fields})


class Poisoned(Bookshelf):
    """The shipped guidance and registry with hostile words in every place, the sentences that are quoted among them."""

    words = ""

    @property
    def index(self) -> str:  # type: ignore[override]
        return self.words  # another one for other words: what was found is remembered for an index

    @property
    def services(self) -> Sequence[Service]:
        said = ("name", "audience", "cost", "gap", "caveat", "as_of")
        return [worded(each, self.words, *said) for each in super().services]

    def search(self, question: str, history: Sequence[Message] = (), *, limit: int = 8) -> tuple[Queries, list[Hit]]:
        queries, hits = super().search(question, history, limit=limit)
        return queries, [self._with_words(each) for each in hits]

    def _with_words(self, hit: Hit) -> Hit:
        said = [f"{hit.document.text[each.start : each.end]} {self.words}" for each in hit.sentences]
        starts = accumulate((len(each) + 2 for each in said[:-1]), initial=0)
        spans = tuple(Span(start, start + len(each)) for start, each in zip(starts, said, strict=True))
        section = Section((f"{hit.heading[-1]} {self.words}",), spans)
        document = replace(hit.document, text="\n\n".join(said), sections=(section,), url=self.words)
        document = worded(document, self.words, "title", "author", "after", "date")
        return Hit(document, 0, 0, spans[-1].end, 0.0, spans, hit.sentence_scores)


@pytest.mark.parametrize("guide", [0, 1, 2])
def test_no_text_of_the_corpus_or_the_registry_loads_or_runs_in_a_guided_document(
    browser: Any, canary: Loopback, guide: int, tmp_path: Path
) -> None:
    canary.asked.clear()
    poisoned_ones = Poisoned()
    bad = [aimed(text, canary.address, name) for name, text in TEXTS.items() if name not in {"nested", "piled"}]
    with (
        served(ScriptedAnswerer(), sources=poisoned_ones, rate=guard.Rate(burst=1_000)) as url,
        opened(browser, url) as tab,
    ):
        for start in range(0, len(bad), 10):
            poisoned_ones.words = " ".join(bad[start : start + 10])
            tab.page.reload()
            tab.page.wait_for_selector("body.ready")
            tab.page.click(f"#welcome .guided-entry >> nth={guide}")
            tab.page.click('#guided button:text-is("Begin")')
            tab.page.click('#guided button:text-is("See the document now")')
            tab.page.wait_for_selector(".guided-sheet")
            sheet = tab.page.locator(".guided-sheet")
            if start == 0:
                assert sheet.inner_text().count("<img src='") > 1, "it is shown as what it is"
            assert sheet.locator(MADE).count() == 0, start
            assert not [sign for sign in UNSEEN if sign in sheet.inner_text()]
            with tab.page.expect_download() as coming:
                tab.page.click('#guided button:text-is("Save as Markdown")')
            coming.value.save_as(tmp_path / "x.md")
            html = rendered((tmp_path / "x.md").read_text("utf-8"))
            assert html.xpath("//img | //script | //iframe | //style | //svg") == []
            addresses = [
                *html.xpath("//a/@href"),
                *sheet.locator("a").evaluate_all("all => all.map((each) => each.href)"),
            ]
            assert [each for each in addresses if not re.match("https?://", each) or canary.address in each] == []
        tab.page.wait_for_timeout(300)
        assert [each for each in tab.asked_for if not each.startswith((url, "data:", "blob:"))] == []
    assert tab.dialogs == []
    assert tab.complaints == []
    assert canary.asked == []


def poison(results: Path, words: str) -> None:
    """Put words in place of what people and documents say in a run."""
    lines = [json.loads(line) for line in results.read_text("utf-8").splitlines()]
    for line in lines:
        line["why"] = [words]
        line["hits"] = [{**hit, **poisoned({name: hit[name] for name in SAID}, words)} for hit in line["hits"]]
        line["case"]["question"] = words
        for name in ("question", "answer", "notice"):
            line["reply"][name] = words
        for sentence in line["reply"]["sentences"]:
            sentence["text"] = words
    results.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")


def test_no_text_that_an_operator_is_shown_loads_or_runs(
    browser: Any, around: Callable[[Any], Any], canary: Loopback, tmp_path: Path
) -> None:
    canary.asked.clear()
    settings = settings_of(tmp_path, keep_questions=True)
    payloads = texts(canary, 400)
    for name, passes in (("one", True), ("other", False)):
        poison(make_run(settings, name, passes=passes) / "results.jsonl", " ".join(payloads)[:3_000])
    journal = Journal(settings.home, 30)
    for text in payloads:
        for total in (120.0, 180.0, 240.0):
            journal.keep(replace(not_covered(f"Is {text} a salary?"), timings_ms={"total": total}))
    with operated(settings, around=around) as address, test_operating_browser.opened(browser, address) as tab:
        tab.log_in()
        for path in ("/", "/runs", "/runs/other", "/runs/other/1", "/compare?a=one&b=other", "/questions"):
            assert tab.page.goto(address + path).status == 200, path
            shown = tab.page.locator("body").inner_text()
            if path in {"/questions", "/runs/other/1"}:
                assert "<img src=" in shown, path
            assert tab.page.locator("main").locator("img, iframe, object, embed, video, style, svg, base").count() == 0
            assert tab.page.locator("script").count() <= 1, path
        tab.page.wait_for_timeout(300)
    assert canary.asked == []


def test_the_operators_policy_alone_lets_no_text_load_or_run_even_where_it_is_parsed(
    browser: Any, canary: Loopback
) -> None:
    with loopback() as stage:
        stage.policies = {f"/{name}": POLICY.replace("frame-ancestors 'none'; ", "") for name in MARKUP}
        reached, dialogs = fired(browser, stage, canary)

    assert reached <= NAVIGATES
    assert dialogs == 0

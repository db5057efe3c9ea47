"""Where the page is and how it is used there: behind a proxy's prefix, by keyboard, without a connection, on paper."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from career_advisor.feedback import Box
from career_advisor.records import Dropped, Reply
from career_advisor.web.wording import says
from tests.doubles import QUOTES, Bookshelf, ScriptedAnswerer, answered, not_covered, streamed
from tests.test_browser import (
    PHONE,
    WIDE,
    Tab,
    address,
    answerer,
    browser,
    eventually,
    full,
    halfway,
    one_answerer,
    one_profile,
    opened,
    visit,
    was_good,
    watched,
)
from tests.test_web import Restarted

pytestmark = pytest.mark.browser

__all__ = ["address", "answerer", "browser", "one_answerer", "one_profile"]  # fixtures

PREFIX = "/guidance/advisor"


@pytest.fixture
def tab(one_profile: Any, address: str, answerer: ScriptedAnswerer) -> Iterator[Tab]:
    with visit(one_profile, address) as one:
        yield one
    was_good(one, address)


# ---------------------------------------------------------------- behind a prefix


@contextmanager
def proxied(behind: str) -> Iterator[str]:
    """Serve an address under a prefix, as a reverse proxy does that takes the prefix away."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response, StreamingResponse
    from starlette.routing import Route

    client = httpx.AsyncClient(base_url=behind, trust_env=False, timeout=30)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await client.aclose()

    async def forward(request: Request) -> Response:
        headers = {name: value for name, value in request.headers.items() if name != "host"}
        path = request.url.path.removeprefix(PREFIX) + (f"?{request.url.query}" if request.url.query else "")
        asked = client.build_request(request.method, path, headers=headers, content=await request.body())
        try:
            came = await client.send(asked, stream=True)
        except httpx.ConnectError:
            return Response(status_code=502)
        return StreamingResponse(came.aiter_raw(), came.status_code, dict(came.headers))

    route = Route(PREFIX + "/{path:path}", forward, methods=["GET", "POST", "HEAD"])
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=[route], lifespan=lifespan), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 30
    while not server.started:
        assert time.monotonic() < until
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}{PREFIX}/"
    server.should_exit = True
    server.force_exit = True
    thread.join(10)


def test_the_page_works_behind_a_prefix_and_asks_nobody_but_the_proxy(
    browser: Any, address: str, answerer: ScriptedAnswerer
) -> None:
    with proxied(address) as prefixed, watched(browser, prefixed) as tab:
        assert QUOTES[1] in tab.ask("Should I do a PhD?").inner_text()
        tab.turn.locator("button.cite").first.click()
        assert tab.page.locator(".passage.asked-for mark").inner_text() == QUOTES[0]
        held = halfway(tab, answerer, "And now?")
        tab.page.click("#stop")
        held.let_go()
        assert "Stopped." in tab.over().inner_text()
        eventually(lambda: answerer.running == 0)
        assert len(tab.asked_for) > 10


def test_behind_a_prefix_one_votes_makes_a_document_changes_the_language_and_a_restart_loses_nothing(
    browser: Any, tmp_path: Path
) -> None:
    box = Box(tmp_path)
    server = Restarted(ScriptedAnswerer(), sources=Bookshelf(), box=box)
    with server, proxied(server.address) as prefixed, opened(browser, prefixed) as tab:
        tab.ask("First?").locator(".thumb.yes").click()
        tab.turn.locator(".thanks").wait_for()
        assert box.read().helped == 1
        tab.page.click("#guides-button")
        tab.page.click('#pane .guided-entry:has-text("Prepare for advising")')
        tab.page.click('#guided button:text-is("Begin")')
        tab.page.fill("#guided textarea", "Six years in a ministry.")
        tab.page.click('#guided button:text-is("See the document now")')
        tab.page.wait_for_selector(".guided-sheet")
        assert "Six years in a ministry." in tab.page.inner_text(".guided-sheet")
        tab.page.select_option(".bar-buttons .languages", "es")
        tab.page.wait_for_selector(f'#guided button:text-is("{says("es", "guided_leave")}")')
        tab.page.click(f'#guided button:text-is("{says("es", "guided_leave")}")')

        server.stop()
        turn = tab.ask("While it is away?")
        assert says("es", "trouble_lost") in turn.inner_text()
        server.start()
        turn.locator(".retry").click()
        tab.page.wait_for_selector("#turns > .turn:last-child .badge")
        assert tab.page.locator(".turn .asked").all_inner_texts() == ["First?", "While it is away?"]
        assert tab.page.locator("#send").inner_text() == says("es", "send")
        assert tab.page.url == prefixed
        assert [url for url in tab.asked_for if not url.startswith((prefixed, "data:", "blob:"))] == []


# ---------------------------------------------------------------- by keyboard


def test_a_question_mark_shows_the_keys_and_escape_goes_back(tab: Tab) -> None:
    cite = tab.ask("Should I do a PhD?").locator("button.cite").first
    cite.focus()
    tab.page.keyboard.press("?")
    assert "show these keys" in tab.page.locator("#pane").inner_text()
    tab.page.keyboard.press("Escape")
    assert cite.evaluate("element => element === document.activeElement")
    tab.page.focus("#question textarea")
    tab.page.keyboard.type("Why?")
    assert not tab.page.locator("#pane").is_visible()
    assert tab.page.input_value("#question textarea") == "Why?"


@pytest.mark.parametrize("theme", ["", "?__theme=dark"])
def test_the_first_key_leads_to_the_question_and_the_conversation_stays(
    browser: Any, address: str, answerer: ScriptedAnswerer, theme: str
) -> None:
    with opened(browser, f"{address}/{theme}") as tab:
        tab.ask("First?")
        tab.page.evaluate("document.activeElement.blur()")
        tab.page.focus(".skip")
        assert tab.page.locator(".skip").bounding_box()["y"] >= 0, "it is seen while it has the focus"
        tab.page.keyboard.press("Enter")

        assert tab.focused("data-testid") == "textbox"
        assert tab.turn.locator(".asked").inner_text() == "First?"
        assert tab.page.url.endswith(f"/{theme}")


GONE: dict[str, Callable[[Tab], None]] = {
    "an example": lambda tab: tab.page.locator(".example").first.press("Enter"),
    "asked again": lambda tab: (tab.ask("First?"), tab.turn.locator(".retry").press("Enter"))[1],
    "the last question again": lambda tab: (
        tab.ask("First?"),
        tab.page.locator("#talks-button").press("Enter"),
        tab.page.get_by_text("What I understood about you").press("Enter"),
        tab.page.get_by_text("Ask the last question again").press("Enter"),
    )[3],
}


@pytest.mark.parametrize("asked", GONE)
def test_where_what_was_pressed_goes_the_keyboard_is_at_the_question_that_it_asked(tab: Tab, asked: str) -> None:
    GONE[asked](tab)
    turn = tab.over()

    assert turn.locator(".asked").evaluate("each => each === document.activeElement")
    tab.page.keyboard.press("Tab")
    assert tab.focused("class") == "cite"


# ---------------------------------------------------------------- without a connection


def test_a_connection_that_goes_away_between_questions_is_said_and_taken_back(
    browser: Any, address: str, answerer: ScriptedAnswerer
) -> None:
    with opened(browser, address) as tab:
        tab.ask("First?")
        tab.page.context.set_offline(True)
        tab.page.wait_for_selector("text=The advisor cannot be reached at the moment")
        tab.turn.locator("button.cite").first.click()
        assert tab.page.locator(".passage.asked-for mark").inner_text() == QUOTES[0], "what is here can be read"
        tab.page.context.set_offline(False)
        tab.page.wait_for_selector("#hint", state="hidden")
        assert QUOTES[1] in tab.ask("Second?").inner_text()


def test_whoever_hears_nothing_for_seven_seconds_is_told_that_it_is_still_at_work(
    browser: Any, address: str, answerer: ScriptedAnswerer
) -> None:
    with watched(browser, address) as tab:
        tab.page.clock.install()
        tab.open(address)
        held = halfway(tab, answerer)
        status = tab.page.locator("#status")
        tab.page.clock.run_for(5_000)
        assert status.text_content() == "Answering"
        tab.page.clock.run_for(4_000)
        assert status.text_content() == "Still working on it."
        held.let_go()
        tab.over()
        assert status.text_content() == "Answer complete, 3 sources."


def test_until_the_page_is_drawn_it_says_that_it_loads(browser: Any, address: str, answerer: ScriptedAnswerer) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.route("**/assets/**", lambda route: route.abort())
    page.goto(address)

    assert page.locator("#loading").inner_text() == "Career Advisor is loading …"
    context.close()


def test_a_page_that_is_not_drawn_after_twenty_seconds_says_what_to_do(
    browser: Any, address: str, answerer: ScriptedAnswerer
) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.clock.install()
    page.route("**/assets/**", lambda route: route.abort())
    page.goto(address)
    page.clock.run_for(19_000)
    assert "is loading" in page.locator("#loading").inner_text()
    page.clock.run_for(2_000)

    assert "Please load it again" in page.locator("#loading").inner_text()
    assert page.locator("#loading").get_attribute("role") == "status"
    context.close()


# ---------------------------------------------------------------- what an answer shows


def test_each_kind_of_answer_says_what_it_is_and_who_wrote_it(tab: Tab, answerer: ScriptedAnswerer) -> None:
    assert tab.ask("Should I do a PhD?").locator(".badge").inner_text() == "From what I've read"
    assert "no language model" in tab.turn.locator(".writer").inner_text()
    answerer.script = lambda question: streamed(not_covered(question))
    assert tab.ask("What does it pay?").locator(".badge").inner_text() == "Not in my sources"
    answerer.script = lambda question: streamed(replace(answered(question, model="qwen3"), status="partly"))
    assert tab.ask("And roughly?").locator(".badge").inner_text() == "Partly from what I've read"
    assert "Written by qwen3" in tab.turn.locator(".writer").inner_text()


def test_what_was_left_out_is_counted_and_can_be_seen_with_the_reason(tab: Tab, answerer: ScriptedAnswerer) -> None:
    lost = (Dropped("You will earn a million.", "no passage says so"), Dropped("It takes a week.", "it cites nothing"))
    answerer.script = lambda question: streamed(replace(answered(question, model="qwen3"), dropped=lost))
    turn = tab.ask("Should I do a PhD?")
    assert not turn.get_by_text("a million").is_visible()
    turn.get_by_text("2 sentences left out").click()

    assert "You will earn a million. (no passage says so)" in turn.inner_text().replace("”", "").replace("“", "")


def elsewhere(question: str) -> Reply:
    """Reply from source text of three kinds: a web page, a PDF and a recording."""
    whole = answered(question)
    web, pdf, talk = (
        replace(each, kind="source text", after=None, author="A. Writer", sources=()) for each in whole.citations
    )
    return replace(
        whole,
        citations=(
            replace(web, url="https://example.org/guide"),
            replace(pdf, url="https://example.org/report.pdf", page=7),
            replace(talk, url="https://www.youtube.com/watch?v=x", time=3_725.0),
        ),
    )


def test_a_source_is_opened_at_the_very_words_the_page_or_the_second(tab: Tab, answerer: ScriptedAnswerer) -> None:
    answerer.script = lambda question: streamed(elsewhere(question))
    tab.ask("Should I do a PhD?").locator("button.cite").first.click()
    links = tab.page.locator("#pane .passage a").evaluate_all("links => links.map(each => each.href)")

    assert links[0].startswith("https://example.org/guide#:~:text=")
    assert links[1:] == ["https://example.org/report.pdf#page=7", "https://www.youtube.com/watch?v=x&t=3725"]
    pane = tab.page.locator("#pane").inner_text()
    assert "page 7" in pane
    assert "at 1:02:05" in pane
    assert "by A. Writer" in pane
    assert pane.count("Source text") >= 3


MOVES = """() => { window.moved = 0; new PerformanceObserver((list) => { for (const each of list.getEntries())
  if (!each.hadRecentInput) window.moved += each.value; }).observe({type: "layout-shift", buffered: true}); }"""
DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["desk", "phone"])
def test_nothing_moves_while_an_answer_comes_and_when_it_is_whole(
    browser: Any, address: str, answerer: ScriptedAnswerer, size: dict[str, int]
) -> None:
    with watched(browser, address, viewport=size) as tab:
        tab.page.evaluate(MOVES)
        for question in ("Should I do a PhD?", "And in Europe?"):  # on an empty page, and below another answer
            held = halfway(tab, answerer, question, full)
            held.let_go()
            tab.over()
        tab.page.evaluate(DRAWN)

        # What web.dev calls good (Core Web Vitals, cumulative layout shift).
        assert tab.page.evaluate("window.moved") < 0.1


# ---------------------------------------------------------------- on paper


def test_print_prints(tab: Tab) -> None:
    tab.page.evaluate("() => { window.printed = 0; window.print = () => { window.printed += 1; }; }")
    tab.ask("Should I do a PhD?")
    tab.page.click("#talks-button")
    tab.page.locator("#talks").get_by_text("Print", exact=True).click()

    assert tab.page.evaluate("window.printed") == 1


def test_on_paper_stands_the_conversation_with_its_sources_and_nothing_to_press(tab: Tab) -> None:
    tab.ask("Should I do a PhD?")
    tab.page.click("#people-button")
    tab.page.emulate_media(media="print")

    assert tab.turn.locator(".asked").is_visible()
    printed = tab.turn.inner_text()
    assert f"1: “{QUOTES[0]}” https://" in printed
    for pressed in ("#composer", "#pane", ".actions", ".follow-ups", ".bar-buttons"):
        assert not tab.page.locator(pressed).first.is_visible(), pressed
    tab.page.emulate_media(media="screen")


def test_every_turn_of_a_long_conversation_is_on_paper(tab: Tab) -> None:
    for number in range(4):
        tab.ask(f"Question number {number}?")
    assert tab.page.pdf()[:5] == b"%PDF-"
    tab.page.emulate_media(media="print")
    heights = tab.page.locator(".turn .words").evaluate_all("all => all.map(each => each.offsetHeight)")

    assert len(heights) == 4
    assert all(heights)
    tab.page.emulate_media(media="screen")

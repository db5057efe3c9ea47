"""The page is fast for whoever uses it: it is there at once, a citation opens at once, and long talks stay smooth.

What is measured is what a person waits for. A machine that does much else makes one measurement long, never short, so
of what is done once, such as opening a citation, the best of several counts: what is slow by itself is slow every time.
Of an answer that comes, the frame in the middle counts, as it is, and the longest one is said where it is long.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from playwright.sync_api import expect

from career_advisor.web import guard
from tests.doubles import QUOTES, ScriptedAnswerer
from tests.test_browser import Tab, browser, opened
from tests.test_web import served

pytestmark = [pytest.mark.browser, pytest.mark.slow]

__all__ = ["browser"]  # a fixture

TURNS = 200
TRIES = 12
ANSWERS = 3
PAINT_MS, READY_MS = 1_500, 3_000
FRAME_MS = 34
"""Two frames of a screen that shows sixty a second."""
AT_ONCE_MS = 100
"""What people take for the doing of their own hand: R. B. Miller, AFIPS 1968, doi:10.1145/1476589.1476628."""
TIMES_SLOWER = 4
"""What opening a citation may cost in a conversation of TURNS, against one of a single turn."""

PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
READY = """new Promise((done) => { const look = () => document.body?.classList.contains("ready")
  ? done(performance.now()) : requestAnimationFrame(look); look(); })"""
OPENED = """(n) => new Promise((done) => { const cites = document.querySelectorAll(".turn:last-child button.cite");
  const began = performance.now(); cites[n % cites.length].click();
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - began))); })"""
WATCH = """() => { window.gaps = []; window.watching = true; let last = performance.now();
  const look = (now) => { window.gaps.push(now - last); last = now; if (window.watching) requestAnimationFrame(look); };
  requestAnimationFrame(look); }"""
WATCHED = "() => { window.watching = false; return window.gaps; }"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served(ScriptedAnswerer(), rate=guard.Rate(burst=1_000)) as url:
        yield url


@pytest.fixture(scope="module")
def short(browser: Any, address: str) -> Iterator[Tab]:
    """Return the page with a conversation of one turn."""
    with opened(browser, address) as tab:
        tab.ask("Should I do a PhD?")
        yield tab


@pytest.fixture(scope="module")
def long(browser: Any, address: str, short: Tab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """Return the page with a conversation of TURNS, read in from a file, and one answer behind them."""
    with opened(browser, address) as tab:
        tab.page.click("#talks-button")
        tab.page.set_input_files("#import-file", made(short, tmp_path_factory.mktemp("made")))
        expect(tab.page.locator(".turn")).to_have_count(TURNS, timeout=30_000)
        tab.ask("Should I do a PhD?")
        yield tab


def made(short: Tab, folder: Path) -> Path:
    """Return a file of TURNS, made of the one turn that is open."""
    short.page.click("#talks-button")
    with short.page.expect_download() as coming:
        short.page.locator("#talks").get_by_role("button", name="JSON", exact=True).click()
    short.page.keyboard.press("Escape")
    path = folder / "long.json"
    coming.value.save_as(path)
    value = json.loads(path.read_text("utf-8"))
    (turn,) = value["turns"]
    value["turns"] = [{**turn, "question": f"Should I do a PhD in my year {n}?"} for n in range(TURNS)]
    path.write_text(json.dumps(value), "utf-8")
    return path


def best(measure: Callable[[int], float], below: float) -> float:
    """Measure until it is below, TRIES times at most; return the least."""
    least = float("inf")
    for n in range(TRIES):
        least = min(least, measure(n))
        if least < below:
            break
    return least


def opening(tab: Tab, n: int) -> float:
    """Open a citation of the last answer and close it; return the milliseconds until it was on the screen."""
    took = float(tab.page.evaluate(OPENED, n))
    assert tab.page.locator(".passage.asked-for mark").inner_text() in QUOTES
    tab.page.keyboard.press("Escape")
    tab.page.wait_for_timeout(30)
    return took


def gaps(tab: Tab, act: Callable[[], None]) -> list[float]:
    """Return the milliseconds between frames while something is done."""
    tab.page.evaluate(WATCH)
    act()
    between: list[float] = tab.page.evaluate(WATCHED)
    assert between
    return between


def test_the_first_words_are_on_the_screen_within_a_second_and_a_half_and_soon_one_can_ask(
    browser: Any, address: str
) -> None:
    ready: list[float] = []

    def loading(_: int) -> float:
        context = browser.new_context()  # with nothing kept of a visit before
        page = context.new_page()
        page.goto(address, wait_until="commit")
        ready.append(float(page.evaluate(READY)))
        painted = float(page.evaluate(PAINTED))
        assert page.locator("#question textarea").is_visible()
        context.close()
        return painted

    assert best(loading, PAINT_MS) < PAINT_MS
    assert min(ready) < READY_MS


def test_a_citation_opens_at_once_in_a_conversation_of_one_turn_and_of_two_hundred(short: Tab, long: Tab) -> None:
    assert best(lambda n: opening(short, n), AT_ONCE_MS) < AT_ONCE_MS
    assert best(lambda n: opening(long, n), AT_ONCE_MS) < AT_ONCE_MS

    # In turns, so that what else the machine does is in the way of both.
    pairs = [(opening(short, n), opening(long, n)) for n in range(TRIES)]
    assert min(after for _, after in pairs) < TIMES_SLOWER * min(before for before, _ in pairs)


def test_writing_stays_smooth_behind_two_hundred_turns(long: Tab) -> None:
    def writing(n: int) -> float:
        long.page.fill("#question textarea", "")
        return max(gaps(long, lambda: long.page.type("#question textarea", f"Should I, then, move? ({n})")))

    assert best(writing, AT_ONCE_MS) < AT_ONCE_MS
    long.page.fill("#question textarea", "")


def test_scrolling_stays_smooth_over_two_hundred_turns(long: Tab) -> None:
    def scrolling(n: int) -> float:
        def turn_the_wheel() -> None:
            for _ in range(20):
                long.page.mouse.wheel(0, 1_500 if n % 2 else -1_500)
                long.page.wait_for_timeout(16)

        return median(sorted(gaps(long, turn_the_wheel))[-5:])  # of the longest few

    assert long.page.evaluate("document.documentElement.scrollHeight") > 50_000, "there is far to go"
    long.page.mouse.move(400, 400)
    assert best(scrolling, AT_ONCE_MS) < AT_ONCE_MS


def test_an_answer_comes_smoothly_behind_two_hundred_turns(long: Tab) -> None:
    between: list[float] = []
    for n in range(ANSWERS):
        between += gaps(long, partial(long.ask, f"And in my year {n}?"))

    if max(between) > AT_ONCE_MS:
        warnings.warn(f"the longest frame of {len(between)} took {max(between):.0f} ms", stacklevel=1)
    assert median(between) <= FRAME_MS, f"the longest took {max(between):.0f} ms"

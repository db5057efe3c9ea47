"""How fast the page is in a browser: `python benchmarks/page.py [--loads N] [--opens N] [--home DIR]`.

First contentful paint and the time until a question can be asked, each load with an empty cache; the time from pressing
a citation to the next frame but one with the pane open, in a conversation of one turn and in one of 200; and there the
time between frames while an answer comes and while the page is scrolled. The conversation of 200 turns is one real
answer, kept 200 times. Intervals are 95 % percentile bootstraps.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import threading
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from career_advisor import web
from career_advisor.opening import open_advisor, plain_progress
from career_advisor.settings import load_settings
from latency import quantiles
from machine import commit, machine, today

HERE = Path(__file__).parent
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run")
TURNS = 200
WITHIN_MS = 120_000

PAINTED = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
READY = """new Promise((done) => { const look = () => document.body.classList.contains("ready")
  ? done(performance.now()) : requestAnimationFrame(look); look(); })"""
OPENED = """new Promise((done) => { const cites = document.querySelectorAll(".turn:last-child button.cite");
  const cite = cites[Math.floor(Math.random() * cites.length)]; const began = performance.now(); cite.click();
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - began))); })"""
MANY = """(turns) => { const key = Object.keys(localStorage).find((each) => each.startsWith("advisor-talk-"));
  const talk = JSON.parse(localStorage.getItem(key)); const [turn] = talk.turns;
  talk.turns = Array.from({length: turns}, (_, n) => ({...turn, question: `${turn.question} (${n})`}));
  localStorage.setItem(key, JSON.stringify(talk)); }"""
FRAMES = """() => { window.frames_ = []; let last = performance.now(); window.watching = true;
  const look = (now) => { window.frames_.push(now - last); last = now;
    if (window.watching) requestAnimationFrame(look); };
  requestAnimationFrame(look); }"""


def load() -> float:
    """Return the load average over a minute: on a machine that does much else, times are longer than they are here."""
    return round(os.getloadavg()[0], 1)


def loads(browser: Any, address: str, count: int) -> dict[str, Any]:
    """Load the page with nothing in the cache, again and again."""
    painted, ready = [], []
    for _ in range(count):
        context = browser.new_context()
        context.set_default_timeout(WITHIN_MS)
        page = context.new_page()
        page.goto(address, wait_until="commit")
        ready.append(page.evaluate(READY))
        painted.append(page.evaluate(PAINTED))
        context.close()
    return {"n": count, "first contentful paint, ms": quantiles(painted), "ready to ask, ms": quantiles(ready)}


def opens(page: Any, count: int) -> dict[str, Any]:
    """Press citations of the last answer."""
    took = []
    for _ in range(count):
        took.append(page.evaluate(OPENED))
        page.keyboard.press("Escape")
        page.wait_for_timeout(50)
    return {"n": count, "pane open, ms": quantiles(took)}


def frames(page: Any, act: Any) -> dict[str, Any]:
    """Return the times between frames while something is done."""
    page.evaluate(FRAMES)
    act()
    page.evaluate("window.watching = false")
    between = page.evaluate("window.frames_")
    return {"n": len(between), "between frames, ms": quantiles(between), "longest, ms": round(max(between), 1)}


def main() -> None:
    """Measure, print and write benchmarks/results/page.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loads", type=int, default=10)
    parser.add_argument("--opens", type=int, default=20)
    parser.add_argument("--home", type=Path, help="where the index is kept between runs")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    given = parser.parse_args()
    home = given.home or Path(tempfile.mkdtemp())
    advisor = open_advisor(load_settings(home=home, encoder="all-MiniLM-L6-v2"), progress=plain_progress(print))
    advisor.warm_up()
    told: list[str] = []
    ready = threading.Event()

    def on_ready(address: str) -> None:
        told.append(address)
        ready.set()

    threading.Thread(target=web.serve, args=(advisor, "127.0.0.1", 0, on_ready), daemon=True).start()
    if not ready.wait(600):
        raise SystemExit("the page did not come up")
    results: dict[str, Any] = {"date": today(), "machine": machine(), "commit": commit()}
    results["load average before"] = load()

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=given.chromium, headless=True, args=list(QUIET))
        results["browser"] = f"Chromium {browser.version}, headless"
        results["loading"] = loads(browser, told[0], given.loads)
        page = browser.new_context(viewport={"width": 1280, "height": 860}).new_page()
        page.set_default_timeout(WITHIN_MS)
        page.goto(told[0])
        page.wait_for_selector("body.ready")
        page.click("#talks-button")
        page.check("#keep-switch")
        page.keyboard.press("Escape")

        def ask() -> None:
            page.fill("#question textarea", "Do I need a PhD?")
            page.press("#question textarea", "Enter")
            page.wait_for_selector("#turns > .turn:last-child .actions")

        def scroll() -> None:
            for _ in range(40):
                page.mouse.wheel(0, -1_500)

        ask()
        results["a conversation of one turn"] = opens(page, given.opens)
        page.evaluate(MANY, TURNS)
        page.reload()
        results[f"a conversation of {TURNS} turns"] = {
            "ready to ask again after a reload, ms": round(page.evaluate(READY)),
            "an answer comes": frames(page, ask),
            "scrolled through": frames(page, scroll),
            **opens(page, given.opens),
        }
        browser.close()
    results["load average behind"] = load()
    print(json.dumps(results, indent=1))
    (HERE / "results" / "page.json").write_text(json.dumps(results, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()

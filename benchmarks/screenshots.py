"""Every state of the page as a picture, to be looked at: `python benchmarks/screenshots.py --out DIR [--only NAME]`.

Wide, tablet and phone, light and dark. The answers are the shipped corpus's own, given by the light encoder, so that
what is looked at is what people see; what goes wrong is made to go wrong in the browser.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from career_advisor import files, operating, web
from career_advisor.evaluation import cases, running
from career_advisor.feedback import Box
from career_advisor.opening import open_advisor, plain_progress
from career_advisor.settings import load_settings, shipped_corpus

SIZES = {"wide": (1280, 860), "tablet": (820, 1100), "phone": (390, 844)}
STORY = "I'm a software engineer without a degree, MATS turned me down and I have two children. What should I do next?"
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run")
WITHIN_MS = 60_000


def _ask(page: Any, question: str) -> None:
    page.fill("#question textarea", question)
    page.press("#question textarea", "Enter")
    page.wait_for_selector("#turns > .turn:last-child .actions")
    page.wait_for_timeout(500)


def _top(page: Any) -> None:
    page.evaluate("document.querySelector('.turn:last-child').scrollIntoView({behavior: 'instant'})")


def _answer(page: Any) -> None:
    _ask(page, STORY)
    _top(page)


def _sources(page: Any) -> None:
    _ask(page, "Do I need a PhD?")
    page.locator("button.cite").first.click()


def _below(page: Any) -> None:
    _ask(page, STORY)
    page.locator(".actions").last.scroll_into_view_if_needed()


def _understood(page: Any) -> None:
    _ask(page, STORY)
    page.locator(".understood button").first.click()
    page.locator("#about-you .items button").first.click()


def _talks(page: Any) -> None:
    page.click("#talks-button")
    page.check("#keep-switch")
    page.keyboard.press("Escape")
    for question in ("Do I need a PhD?", "How do I get into AI policy?"):
        _ask(page, question)
        page.click("#clear")
        page.wait_for_selector("#welcome", state="visible")
    _ask(page, STORY)
    page.click("#talks-button")
    page.locator(".talks .delete").nth(1).click()


def _edited(page: Any) -> None:
    for question in ("Do I need a PhD?", "And in Europe?"):
        _ask(page, question)
    page.locator(".edit").first.click()
    page.evaluate("document.querySelector('.turn').scrollIntoView({behavior: 'instant'})")


def _waiting(page: Any) -> None:
    page.route("**/queue/data*", lambda _: None)
    page.fill("#question textarea", "Do I need a PhD?")
    page.press("#question textarea", "Enter")
    page.wait_for_timeout(800)


def _refused(page: Any) -> None:
    page.route("**/queue/join*", lambda route: route.fulfill(status=429, body="{}"))
    _ask(page, "Do I need a PhD?")


def _offline(page: Any) -> None:
    _ask(page, "Do I need a PhD?")
    page.context.set_offline(True)
    page.wait_for_selector("#hint", state="visible")


def _long(page: Any) -> None:
    page.fill("#question textarea", "My life. " * 2_000)
    page.press("#question textarea", "Enter")


def _loading(page: Any) -> None:
    page.route("**/assets/**", lambda route: route.abort())
    page.reload(wait_until="domcontentloaded")
    page.wait_for_timeout(300)


def _printed(page: Any) -> None:
    _ask(page, "Do I need a PhD?")
    page.emulate_media(media="print")


def _complaint(page: Any) -> None:
    _ask(page, "Do I need a PhD?")
    page.locator(".thumb.no").click()


def _guided(page: Any) -> None:
    page.locator("#welcome .guided-entry").first.click()


def _guided_question(page: Any) -> None:
    _guided(page)
    page.locator("#guided .primary").click()


def _guided_document(page: Any) -> None:
    _guided_question(page)
    page.locator("#guided .guided-choice").first.click()
    page.locator("#guided .guided-buttons button").last.click()
    page.wait_for_selector(".guided-sheet")


def _preview(page: Any) -> None:
    _ask(page, "Do I need a PhD?")
    page.locator("button.cite").nth(1).hover()
    page.wait_for_selector("#preview", state="visible")


def _plain(page: Any) -> None:
    page.check("#plainWords")
    _ask(page, "Which training programme should I apply to?")
    page.locator(".words").scroll_into_view_if_needed()


def _stopped(page: Any) -> None:
    _waiting(page)
    page.click("#stop")


def _kept(page: Any, change: str) -> None:
    """Show a conversation that is kept, after a change to its one turn (in JavaScript, `turn`)."""
    page.click("#talks-button")
    page.check("#keep-switch")
    page.keyboard.press("Escape")
    _ask(page, "Do I need a PhD?")
    page.evaluate(CHANGED.replace("CHANGE", change))
    page.reload()
    page.wait_for_selector(".turn .actions")


def _failed(page: Any) -> None:
    _kept(page, "turn.words = turn.reply.paragraphs.flat()[0].text; turn.reply = null; turn.trouble = 'trouble_model'")


def _dropped(page: Any) -> None:
    left_out = "{text: 'You will have a job within a year.', reason: 'no passage says so'}"
    _kept(page, f"turn.reply.writer.model = 'a language model'; turn.reply.dropped = [{left_out}]")
    page.click(".dropped summary")
    page.locator(".dropped").scroll_into_view_if_needed()


def _read_in(page: Any) -> None:
    _kept(page, "")
    page.click("#talks-button")
    with page.expect_download() as waiting:
        page.get_by_text("JSON", exact=True).click()
    page.set_input_files("#import-file", waiting.value.path())
    page.wait_for_selector("text=Imported")
    page.keyboard.press("Escape")
    _top(page)


def _leaving(page: Any) -> None:
    _read_in(page)
    page.click("#talks-button")
    page.uncheck("#keep-switch")
    page.locator(".talk-open").first.click()


def _private(page: Any) -> None:
    _kept(page, "")
    page.click("#talks-button")
    page.check("#apart-switch")


def _renamed(page: Any) -> None:
    _kept(page, "")
    page.click("#talks-button")
    page.locator(".talks button:text-is('Rename')").click()


def _full(page: Any) -> None:
    _kept(page, "")
    page.evaluate(FULL)
    _ask(page, "And in Europe?")


def _forked(page: Any) -> None:
    _kept(page, "")
    page.evaluate(CHANGED.replace("CHANGE", "talk.rev = 'another'"))
    _ask(page, "And in Europe?")


def _undrawn(page: Any) -> None:
    page.clock.install()
    _loading(page)
    page.clock.fast_forward(30_000)


def _guided_editing(page: Any) -> None:
    _guided_document(page)
    page.locator(".guided-sheet button:has-text('Add a note')").first.click()


def _spoken(code: str) -> Callable[[Any], None]:
    def speak(page: Any) -> None:
        page.evaluate("code => localStorage.setItem('advisor-language', code)", code)
        page.reload()
        page.wait_for_selector("body.ready")
        _ask(page, STORY)
        _top(page)

    return speak


def _spoken_at_first(page: Any) -> None:
    page.evaluate("localStorage.setItem('advisor-language', 'de')")
    page.reload()
    page.wait_for_selector("body.ready")


CHANGED = """() => { const key = Object.keys(localStorage).find((each) => each.startsWith("advisor-talk-"));
  const talk = JSON.parse(localStorage.getItem(key)); const [turn] = talk.turns; CHANGE;
  localStorage.setItem(key, JSON.stringify(talk)); }"""

FULL = "() => { Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError'); }; }"
CASES = """{"id": "phd", "question": "Do I need a PhD?", "expect": "answered"}
{"id": "pay", "question": "What does a researcher at Anthropic earn?", "expect": "not_covered"}
{"id": "wrong", "question": "Do I need a PhD?", "expect": "not_covered"}
"""

STATES: dict[str, Callable[[Any], None]] = {
    "empty": lambda _: None,
    "loading": _loading,
    "waiting": _waiting,
    "answer": _answer,
    "below-the-answer": _below,
    "sources": _sources,
    "not-covered": lambda page: _ask(page, "What does a researcher at Anthropic earn?"),
    "understood": _understood,
    "conversations": _talks,
    "edited": _edited,
    "people": lambda page: page.click("#people-button"),
    "about": lambda page: page.click("#about-button"),
    "keys": lambda page: (page.evaluate("document.activeElement.blur()"), page.keyboard.press("?"))[0],
    "too-long": _long,
    "refused": _refused,
    "offline": _offline,
    "printed": _printed,
    "complaint": _complaint,
    "urgent": lambda page: _ask(page, "I want to hurt myself."),
    "guided": _guided,
    "guided-question": _guided_question,
    "guided-document": _guided_document,
    "german-at-first": _spoken_at_first,
    "german": _spoken("de"),
    "spanish": _spoken("es"),
    "french": _spoken("fr"),
    "chinese": _spoken("zh"),
    "preview": _preview,
    "plain-words": _plain,
    "stopped": _stopped,
    "failed": _failed,
    "dropped": _dropped,
    "read-in": _read_in,
    "leaving": _leaving,
    "private": _private,
    "renamed": _renamed,
    "full": _full,
    "forked": _forked,
    "undrawn": _undrawn,
    "guided-editing": _guided_editing,
}


def _operated(path: str) -> Callable[[Any], None]:
    """Return what opens a page of the operator's; the address and the password are in the name of its window."""

    def open_it(page: Any) -> None:
        address, password = page.evaluate("window.name").split(" ")
        page.goto(address)
        page.fill("#password", password)
        page.press("#password", "Enter")
        page.wait_for_selector("nav")
        page.goto(address.rstrip("/") + path)

    return open_it


STATES |= {
    "operator-login": lambda page: page.goto(page.evaluate("window.name").split(" ")[0]),
    "operator-index": _operated("/"),
    "operator-runs": _operated("/runs"),
    "operator-run": _operated("/runs/second"),
    "operator-case": _operated("/runs/second/1"),
    "operator-compared": _operated("/compare?a=first&b=second"),
    "operator-questions": _operated("/questions"),
}


def _evaluated(advisor: Any, home: Path) -> None:
    """Make two runs for the operator to look at, where there are none."""
    path = home / "three.jsonl"
    path.write_text(CASES, "utf-8")
    read = cases.read_cases(path)
    texts = {document.path: document.text for document in files.read([shipped_corpus()]).documents}
    for name in ("first", "second"):
        folder = home / "runs" / name
        if folder.exists():
            continue
        plan = running.Plan(read, read.cases, model="quotes", index=advisor.index, encoder="all-MiniLM-L6-v2")
        running.begin(folder, plan)
        running.run(folder, plan, advisor, texts, progress=lambda what, done, total: None)
        running.finish(folder)


def main() -> None:
    """Serve the page, go through its states and write a picture of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", action="append", choices=STATES, help="one state; may be given several times")
    parser.add_argument("--size", action="append", choices=SIZES)
    parser.add_argument("--scheme", action="append", choices=("light", "dark"))
    parser.add_argument("--home", type=Path, help="where the index is kept between runs")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    home = given.home or Path(tempfile.mkdtemp())
    settings = load_settings(home=home, encoder="all-MiniLM-L6-v2", operator_port=0)
    advisor = open_advisor(settings, progress=plain_progress(print))
    advisor.warm_up()
    _evaluated(advisor, home)
    told: list[str] = []
    behind: list[str] = []
    ready, opened = threading.Event(), threading.Event()

    def on_operated(address: str, password: str | None) -> None:
        behind.extend((address, password or ""))
        opened.set()

    def on_ready(address: str) -> None:
        told.append(address)
        ready.set()

    served = {"sources": advisor, "box": Box(Path(tempfile.mkdtemp()))}
    threading.Thread(target=web.serve, args=(advisor, "127.0.0.1", 0, on_ready), kwargs=served, daemon=True).start()
    operator = {"host": None, "on_ready": on_operated}
    threading.Thread(target=operating.serve, args=(settings,), kwargs=operator, daemon=True).start()
    if not (ready.wait(600) and opened.wait(600)):
        raise SystemExit("the page did not come up")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=given.chromium, headless=True, args=list(QUIET))
        for size in given.size or SIZES:
            for scheme in given.scheme or ("light", "dark"):
                for name in given.only or STATES:
                    width, height = SIZES[size]
                    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
                    context.set_default_timeout(WITHIN_MS)
                    page = context.new_page()
                    page.goto(told[0])
                    page.wait_for_selector("body.ready")
                    page.evaluate("name => { window.name = name; }", " ".join(behind))
                    STATES[name](page)
                    page.wait_for_timeout(500)
                    path = given.out / f"{name}-{size}-{scheme}.png"
                    page.screenshot(path=path, full_page=name == "printed")
                    print(path, flush=True)
                    context.close()
        browser.close()


if __name__ == "__main__":
    main()

"""Every state of the pages as a picture, to be looked at: `make screenshots OUT=folder`.

Or `python benchmarks/screenshots.py --out DIR [--only NAME]`. Wide, tablet and phone, light and dark. The answers are
the shipped corpus's own, given by the light encoder, so that what is looked at is what people see; what goes wrong is
made to go wrong in the browser, and a question that is answered slowly waits in the middle of its answer.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright
from pydantic import SecretStr

from career_advisor import files, operating, web
from career_advisor.evaluation import cases, running
from career_advisor.feedback import Box
from career_advisor.opening import open_advisor, plain_progress
from career_advisor.records import Piece, Reply, Stage
from career_advisor.settings import Settings, load_settings, shipped_corpus
from career_advisor.web import sayings

SIZES = {"wide": (1280, 860), "tablet": (820, 1100), "phone": (390, 844)}
LANGUAGES = {"german": "de", "spanish": "es", "french": "fr", "chinese": "zh"}
STORY = "I'm a software engineer without a degree, MATS turned me down and I have two children. What should I do next?"
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run")
WITHIN_MS = 60_000
SLOWLY = "How do I learn deep learning while working full time?"
"""The question whose answer comes piece by piece, and waits before it is whole."""
PACE_S, WAITS_S = 0.6, 12.0
MODEL = "openai:a-language-model"
"""What writes the answers of a page that has one; these pictures show no words of it."""
UNREADABLE = {"name": "x.json", "mimeType": "application/json", "buffer": b"[1]"}


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
    page.locator(".send-complaint").scroll_into_view_if_needed()


def _halfway(page: Any) -> None:
    page.fill("#question textarea", SLOWLY)
    page.press("#question textarea", "Enter")
    page.wait_for_selector(".turn .words .sentence:nth-of-type(2)")


def _queued(page: Any) -> None:
    _waiting(page)
    page.evaluate("() => { document.querySelector('#place').append('queue: 3/9 | 1.3s'); }")
    page.wait_for_selector(".stage:has-text('before you')")


def _thanked(page: Any) -> None:
    _ask(page, "Do I need a PhD?")
    page.locator(".thumb.yes").click()
    page.wait_for_selector(".thanks")


def _vote_lost(page: Any) -> None:
    _complaint(page)
    page.route("**/queue/join*", lambda route: route.fulfill(status=429, body="{}"))
    page.locator(".reason").nth(2).click()
    page.locator(".in-words input").fill("Nothing is said of Europe.")
    page.locator(".send-complaint").click()
    page.wait_for_selector(".helpful .trouble:not([hidden])")
    page.locator(".helpful .trouble").scroll_into_view_if_needed()


def _not_read_in(page: Any) -> None:
    _ask(page, "Do I need a PhD?")
    page.click("#talks-button")
    page.set_input_files("#import-file", UNREADABLE)
    page.wait_for_selector("#hint", state="visible")


def _quotes_only(page: Any) -> None:
    page.goto(_places(page)["with_model"])
    page.wait_for_selector("body.ready")
    page.check("#quotesOnly")
    page.wait_for_selector("#hint", state="visible")


def _guided(page: Any) -> None:
    page.locator("#welcome .guided-entry").first.click()


def _guided_question(page: Any) -> None:
    _guided(page)
    page.locator("#guided .primary").click()


def _guided_lost(page: Any) -> None:
    page.locator("#welcome .guided-entry").last.click()
    page.locator("#guided .primary").click()
    page.locator("#guided textarea").fill("Six years in a ministry, two of them on procurement of software.")
    page.context.set_offline(True)
    page.locator("#guided .guided-buttons button").last.click()
    page.wait_for_selector("#guided .guided-trouble", state="visible")


def _stand(page: Any) -> None:
    """Fill the first guided conversation as an engineer would, up to its document, and say how far it is."""
    _guided_question(page)
    page.locator("#guided input[value=engineering]").check()
    page.locator("#guided input[value=governance]").check()
    page.locator("#guided .primary").click()
    page.locator("#guided textarea").fill("I maintain a data loader in an open-source library, and wrote it up.")
    page.locator("#guided .guided-buttons button").last.click()
    page.wait_for_selector(".guided-sheet")
    page.locator("#guided .guided-tick input[value=have]").first.check()
    page.wait_for_selector(".guided-verdict.now")


def _verdict(page: Any) -> None:
    _stand(page)
    page.evaluate("scrollTo({top: 0, behavior: 'instant'})")


def _bars(page: Any) -> None:
    _stand(page)
    page.locator("#guided .guided-tick").first.evaluate("each => each.scrollIntoView({block: 'center'})")


def _advising(page: Any) -> None:
    page.locator("#welcome .guided-entry").last.click()
    page.locator("#guided .primary").click()
    page.locator("#guided textarea").fill("Six years in a ministry, two of them on procurement of software.")
    page.locator("#guided .primary").click()
    page.locator("#guided textarea").fill("I cannot stop thinking about it, and I write well for people in a hurry.")
    page.locator("#guided .guided-buttons button").last.click()
    page.wait_for_selector(".guided-sheet")


def _plan(page: Any) -> None:
    """Open the second guided conversation at its last question, with something in each before."""
    page.locator("#welcome .guided-entry").nth(1).click()
    page.locator("#guided .primary").click()
    page.locator("#guided textarea").fill("To know by the summer whether research is for me.")
    page.locator("#guided .primary").click()
    for at, line in enumerate(("A course on AI safety, beside my job", "A talk with somebody who advises people")):
        page.locator("#guided .guided-row input").nth(at).fill(line)
    while not page.locator("#guided .guided-steps").count():
        page.locator("#guided .primary").click()
    page.locator("#guided input[value=advising]").check()
    page.locator("#guided .guided-steps li:has(input[value=advising]) select").select_option("7")
    page.locator("#guided .guided-steps input[type=text]").first.fill("Write to the group in my town")


def _plan_document(page: Any) -> None:
    _plan(page)
    page.locator("#guided .guided-buttons button").last.click()
    page.wait_for_selector(".guided-sheet time")


def _long_line(page: Any) -> None:
    page.locator("#welcome .guided-entry").nth(1).click()
    page.locator("#guided .primary").click()
    page.locator("#guided .primary").click()
    page.locator("#guided .guided-row input").nth(1).fill("A course beside my job. " * 20)
    page.locator("#guided .primary").click()
    page.wait_for_selector("#guided .guided-trouble", state="visible")
    page.locator("#guided .guided-trouble").scroll_into_view_if_needed()


def _guided_printed(page: Any) -> None:
    _stand(page)
    page.emulate_media(media="print")


def _guided_document(page: Any) -> None:
    _guided_question(page)
    page.locator("#guided .guided-choice").first.click()
    page.locator("#guided .guided-buttons button").last.click()
    page.wait_for_selector(".guided-sheet")


def _preview(page: Any) -> None:
    _ask(page, "Do I need a PhD?")
    page.locator("button.cite").nth(1).hover()
    page.wait_for_selector("#preview", state="visible")


def _term(page: Any) -> None:
    _ask(page, "What do people at Redwood Research do?")
    page.locator(".term").first.focus()
    page.wait_for_selector("#preview", state="visible")


def _all_services(page: Any) -> None:
    page.click("#people-button")
    page.click("#all-services")
    page.wait_for_selector(".all-services")


def _narrowed(page: Any) -> None:
    _all_services(page)
    page.fill(".narrow input", "fellowship")
    page.wait_for_selector(".all-services .service[hidden]", state="attached")


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
    lost = [{"text": text, "reason": why, "says": sayings.fault(why)} for text, why in LOST.items()]
    told = {"notice": TOO_LITTLE, "noticeSays": sayings.said(TOO_LITTLE), "dropped": lost}
    _kept(page, f"Object.assign(turn.reply, {json.dumps(told)})")
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


def _deleted_elsewhere(page: Any) -> None:
    _kept(page, "")
    other = page.context.new_page()
    other.goto(page.url)
    other.wait_for_selector("body.ready")
    other.click("#talks-button")
    other.locator(".talks .delete").first.click()
    other.locator(".talks .danger").click()
    page.wait_for_selector("#hint", state="visible")
    other.close()


def _file_dropped(page: Any) -> None:
    _ask(page, "Do I need a PhD?")
    page.evaluate(FILE_DROPPED)
    page.wait_for_selector("#hint", state="visible")


def _undrawn(page: Any) -> None:
    page.clock.install()
    _loading(page)
    page.clock.fast_forward(30_000)


def _guided_editing(page: Any) -> None:
    _guided_document(page)
    page.locator(".guided-sheet button:has-text('Add a note')").first.click()


def _spoken(code: str, show: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return what shows a state in another language."""

    def speak(page: Any) -> None:
        page.evaluate("code => localStorage.setItem('advisor-language', code)", code)
        page.reload()
        page.wait_for_selector("body.ready")
        show(page)

    return speak


CHANGED = """() => { const key = Object.keys(localStorage).find((each) => each.startsWith("advisor-talk-"));
  const talk = JSON.parse(localStorage.getItem(key)); const [turn] = talk.turns; CHANGE;
  localStorage.setItem(key, JSON.stringify(talk)); }"""

FILE_DROPPED = """() => { const data = new DataTransfer(); data.items.add(new File(["My life"], "cv.txt"));
  const how = {dataTransfer: data, bubbles: true, cancelable: true};
  for (const type of ["dragover", "drop"]) document.querySelector("#page").dispatchEvent(new DragEvent(type, how)); }"""
FULL = "() => { Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError'); }; }"
TOO_LITTLE = (
    "Too little of what the language model wrote was carried by the sources (2 of 2 sentences left out); "
    "they are quoted instead."
)
LOST = {
    "You will have a job within 12 weeks.": "a number that its passages don't have: 12",
    "Every lab asks for a PhD.": "it says of all what its passage doesn't",
}
"""What a language model wrote, and why nobody is shown it."""
CASES = """{"id": "phd", "question": "Do I need a PhD?", "expect": "answered"}
{"id": "pay", "question": "What is the salary at Conjecture?", "expect": "not_covered"}
{"id": "wrong", "question": "Do I need a PhD?", "expect": "not_covered"}
"""

STATES: dict[str, Callable[[Any], None]] = {
    "empty": lambda _: None,
    "loading": _loading,
    "waiting": _waiting,
    "answer": _answer,
    "below-the-answer": _below,
    "sources": _sources,
    "not-covered": lambda page: _ask(page, "I have a stutter. Should I mention it before an interview?"),
    "understood": _understood,
    "conversations": _talks,
    "edited": _edited,
    "people": lambda page: page.click("#people-button"),
    "all-services": _all_services,
    "all-services-german": _spoken("de", _all_services),
    "services-narrowed": _narrowed,
    "term": _term,
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
    "german-at-first": _spoken("de", lambda _: None),
    **{name: _spoken(code, _answer) for name, code in LANGUAGES.items()},
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
    "halfway": _halfway,
    "partly": lambda page: _ask(page, "Do labs sponsor visas for software engineers?"),
    "clarify": lambda page: _ask(page, "What should I do?"),
    "queued": _queued,
    "thanked": _thanked,
    "vote-lost": _vote_lost,
    "not-read-in": _not_read_in,
    "quotes-only": _quotes_only,
    "guided-lost": _guided_lost,
    "stand": _verdict,
    "stand-bars": _bars,
    "advising": _advising,
    "plan": _plan,
    "plan-document": _plan_document,
    "guided-printed": _guided_printed,
    "guided-long-line": _long_line,
    "guided-question-french": _spoken("fr", _guided_question),
    "plan-chinese": _spoken("zh", _plan),
    "plan-document-spanish": _spoken("es", _plan_document),
    "stand-german": _spoken("de", _verdict),
    "complaint-german": _spoken("de", _complaint),
    "dropped-german": _spoken("de", _dropped),
    "file-dropped": _file_dropped,
    "deleted-elsewhere": _deleted_elsewhere,
}


PRINTED = {"printed", "guided-printed"}
"""States that are shown as they go onto paper."""


def _places(page: Any) -> dict[str, str]:
    """Return the addresses of the other pages, and the operator's password: they are in the name of the window."""
    told: dict[str, str] = json.loads(page.evaluate("window.name"))
    return told


def _log_in(page: Any, which: str) -> str:
    told = _places(page)
    page.goto(told[which])
    page.fill("#password", told["password"])
    page.press("#password", "Enter")
    page.wait_for_selector("nav")
    return told[which].rstrip("/")


def _operated(path: str, which: str = "operator") -> Callable[[Any], None]:
    """Return what opens a page of the operator's, or of an operator's who has nothing yet."""
    return lambda page: page.goto(_log_in(page, which) + path)


def _wrong_password(page: Any) -> None:
    page.goto(_places(page)["operator"])
    page.fill("#password", "not the one")
    page.press("#password", "Enter")
    page.wait_for_selector("[role=alert]")


def _building(page: Any) -> None:
    """Show a build in its middle; what the server would say of it is said here, because a real one does not wait."""
    page.route("**/build.json", lambda route: route.fulfill(body=json.dumps(BUILD), content_type="application/json"))
    address = _log_in(page, "operator")

    def begun(route: Any) -> None:
        came = route.fetch()
        running = came.text().replace('class="card" data-running="no" hidden', 'class="card busy" data-running="yes"')
        route.fulfill(response=came, body=running.replace('id="build-files-part"', 'id="build-files-part" open'))

    page.route(f"{address}/", begun)
    page.goto(f"{address}/")
    page.wait_for_selector("#build-steps progress")
    page.locator("#build-steps").scroll_into_view_if_needed()


def _not_built(page: Any) -> None:
    broken = _places(page)["broken"]  # the name of the window ends where the operator's page begins
    _log_in(page, "failing")
    page.fill("#paths", broken)
    page.click("button:text-is('Build')")
    page.wait_for_selector("#build-failed li")
    page.wait_for_selector("#build[data-running=no]")


class Paced:
    """The advisor, whose answer to one question waits in its middle, and under another name where one is given."""

    def __init__(self, advisor: Any, model: str = "quotes") -> None:
        self._advisor = advisor
        self.model_name = model

    def __getattr__(self, name: str) -> Any:
        return getattr(self._advisor, name)

    def reply(self, question: str, history: Any = (), **how: Any) -> Iterator[Stage | Piece | Reply]:
        """Answer as the advisor does."""
        for item in self._advisor.reply(question, history, **how):
            if question == SLOWLY and not isinstance(item, Stage):
                time.sleep(WAITS_S if isinstance(item, Reply) else PACE_S)
            yield item


BUILD = {
    "running": True,
    "begun": True,
    "seconds": 8.4,
    "outcome": "",
    "well": True,
    "looked_at": 14,
    "files": [
        {"path": "programmes/mats.md", "reason": ""},
        {"path": "talks/careers-2025.vtt", "reason": ""},
        {"path": "scans/leaflet.pdf", "reason": "it has no text, only pictures of it"},
    ],
    "failed": [{"path": "scans/leaflet.pdf", "reason": "it has no text, only pictures of it"}],
    "steps": [{"what": "embedding", "done": 340, "total": 900}],
}


STATES |= {
    "operator-login": lambda page: page.goto(_places(page)["operator"]),
    "operator-wrong-password": _wrong_password,
    "operator-index": _operated("/"),
    "operator-runs": _operated("/runs"),
    "operator-run": _operated("/runs/second"),
    "operator-case": _operated("/runs/second/1"),
    "operator-compared": _operated("/compare?a=first&b=second"),
    "operator-questions": _operated("/questions"),
    "operator-building": _building,
    "operator-not-built": _not_built,
    "operator-index-empty": _operated("/", "empty"),
    "operator-runs-empty": _operated("/runs", "empty"),
    "operator-questions-empty": _operated("/questions", "empty"),
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


def _served(advisor: Any, settings: Settings) -> dict[str, str]:
    """Serve the page, one that has a language model, and three operators' pages; return where, and the password."""
    places = {"password": "correct horse battery"}

    def begin(name: str, serve: Callable[..., None], *given: Any, **named: Any) -> None:
        ready = threading.Event()

        def on_ready(address: str, *_: object) -> None:
            places[name] = address
            ready.set()

        threading.Thread(target=serve, args=given, kwargs={**named, "on_ready": on_ready}, daemon=True).start()
        if not ready.wait(600):  # one after the other: Gradio draws one page at a time
            raise SystemExit(f"{name} did not come up")

    box = Box(Path(tempfile.mkdtemp()))
    for name, model in (("page", "quotes"), ("with_model", MODEL)):
        begin(name, web.serve, Paced(advisor, model), "127.0.0.1", 0, sources=advisor, box=box)
    for name, home in (("operator", settings.home), ("empty", None), ("failing", None)):
        of = {"home": home or Path(tempfile.mkdtemp()), "operator_password": SecretStr(places["password"])}
        begin(name, operating.serve, settings.model_copy(update=of), host=None)
    broken = Path(tempfile.mkdtemp())
    (broken / "broken.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    (broken / "empty.md").write_text("", "utf-8")
    return places | {"broken": str(broken)}


def served_with_all(home: Path, told: Callable[[str], None] = print) -> dict[str, str]:
    """Serve all that the states need over what a home holds, and return where; see `_served`."""
    settings = load_settings(home=home, encoder="all-MiniLM-L6-v2", operator_port=0)
    advisor = open_advisor(settings, progress=plain_progress(told))
    advisor.warm_up()
    _evaluated(advisor, home)
    return _served(advisor, settings)


@contextmanager
def shown(
    browser: Any,
    places: dict[str, str],
    name: str,
    size: str,
    scheme: str = "light",
    *,
    watch: Callable[[Any], None] = lambda page: None,
) -> Iterator[Any]:
    """Open the page in a state.

    Args:
        browser: Of Playwright.
        places: From `served_with_all`.
        name: Of the state.
        size: Of the window, by name.
        scheme: Light or dark.
        watch: Called with the page before anything is opened in it.
    """
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    context.set_default_timeout(WITHIN_MS)
    page = context.new_page()
    watch(page)
    page.goto(places["page"])
    page.wait_for_selector("body.ready")
    page.evaluate("name => { window.name = name; }", json.dumps(places))
    STATES[name](page)
    page.wait_for_timeout(500)
    yield page
    context.close()


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
    places = served_with_all(home)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=given.chromium, headless=True, args=list(QUIET))
        for size in given.size or SIZES:
            for scheme in given.scheme or ("light", "dark"):
                for name in given.only or STATES:
                    with shown(browser, places, name, size, scheme) as page:
                        path = given.out / f"{name}-{size}-{scheme}.png"
                        page.screenshot(path=path, full_page=name in PRINTED)
                    print(path, flush=True)
        browser.close()


if __name__ == "__main__":
    main()

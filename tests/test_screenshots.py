"""Each state of the pages that is taken a picture of is what its name says, and nothing in it is broken or cut."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

import screenshots
from career_advisor.guided.wording import words
from career_advisor.web.wording import says
from tests.test_browser import browser

pytestmark = [pytest.mark.browser, pytest.mark.slow]

__all__ = ["browser"]  # a fixture

HINT, TROUBLE = "#hint", "#guided .guided-trouble"
SHOWS: dict[str, tuple[str, str]] = {
    "empty": ("#welcome .example", ""),
    "loading": ("#loading", "loading"),
    "waiting": (".stage", ""),
    "answer": (".turn .badge", "what I've read"),
    "below-the-answer": (".turn .actions", "Ask again"),
    "sources": ("#pane .passage.asked-for", "PhD"),
    "not-covered": (".turn .badge", "Not in my sources"),
    "understood": ("#about-you", "software"),
    "conversations": (".talks .danger", "Delete for good?"),
    "edited": (".edit-form", ""),
    "people": ("#pane", "80,000 Hours"),
    "all-services": (".all-services .service >> nth=0", ""),
    "all-services-german": (".all-services .service >> nth=0", ""),
    "services-narrowed": (".all-services .service:not([hidden]) >> nth=0", "ellowship"),
    "term": ("#preview", ""),
    "about": ("#pane", "About"),
    "keys": ("#pane", "Esc"),
    "too-long": (HINT, "4,000"),
    "refused": (".turn .trouble", ""),
    "offline": (HINT, "cannot be reached"),
    "printed": (".turn .sources", "Do I need"),
    "complaint": (".complaint .stored", "a random code"),
    "urgent": (".turn", "988"),
    "guided": ("#guided .primary", "Begin"),
    "guided-question": ("#guided .guided-choice", "engineering"),
    "guided-document": (".guided-sheet", "Where do I stand?"),
    "german-at-first": ("#welcome", says("de", "welcome")),
    "german": (".turn", says("de", "sources")),
    "spanish": (".turn", says("es", "sources")),
    "french": (".turn", says("fr", "sources")),
    "chinese": (".turn", says("zh", "sources")),
    "preview": ("#preview", ""),
    "plain-words": (".turn", "In other words:"),
    "stopped": (".turn", "Stopped before a word had come"),
    "failed": (".turn .trouble", "did not answer"),
    "dropped": (".dropped li >> nth=0", "12"),
    "read-in": (".turn .badge", "Imported"),
    "leaving": ("#pane", "Leave this conversation?"),
    "private": ("#apart-switch", ""),
    "renamed": (".talks input", ""),
    "full": (HINT, "no room"),
    "forked": (HINT, "went on in another tab"),
    "undrawn": ("body", "did not load whole"),
    "guided-editing": (".guided-sheet textarea", ""),
    "halfway": ("#stop", "Stop"),
    "partly": (".turn .badge", "Partly"),
    "clarify": (".turn .words", "What would help most"),
    "queued": (".stage", "before you"),
    "thanked": (".thanks", "Thank you"),
    "vote-lost": (".helpful .trouble", ""),
    "not-read-in": (HINT, "nothing was changed"),
    "quotes-only": (HINT, "word for word"),
    "guided-lost": (TROUBLE, "still here"),
    "stand": (".guided-verdict.now", ""),
    "stand-bars": (".guided-tick >> nth=0", ""),
    "advising": (".guided-sheet", "Six years in a ministry"),
    "plan": ("#guided .guided-steps", ""),
    "plan-document": (".guided-sheet time >> nth=0", "2"),
    "guided-printed": (".guided-sources", "https://"),
    "guided-long-line": (TROUBLE, "480 characters; 200 are the most"),
    "guided-question-french": ("#guided h2", words("fr")("stand.directions.title")),
    "plan-chinese": ("#guided .guided-steps", words("zh")("plan.steps.options.memo")),
    "plan-document-spanish": (".guided-sheet", words("es")("document.in_english")),
    "stand-german": (".guided-verdict.now .guided-grade", words("de")("grade.now.name")),
    "complaint-german": (".complaint .send-complaint", says("de", "send_feedback")),
    "dropped-german": (".dropped li >> nth=0", says("de", "fault_number").format(word="12")),
    "file-dropped": (HINT, "Files cannot be dropped here"),
    "deleted-elsewhere": (HINT, "deleted in another tab"),
    "operator-login": ("#password", ""),
    "operator-wrong-password": ("[role=alert]", ""),
    "operator-index": ("main", "documents"),
    "operator-runs": ("main table", "second"),
    "operator-run": ("main", ""),
    "operator-case": ("main", ""),
    "operator-compared": ("main", ""),
    "operator-questions": ("main", ""),
    "operator-building": ("#build-steps progress", ""),
    "operator-not-built": ("#build-failed li >> nth=0", ""),
    "operator-index-empty": ("main", ""),
    "operator-runs-empty": ("main", ""),
    "operator-questions-empty": ("main", ""),
}
"""What is in sight in a state, and what it says."""
IN_SIGHT = """(each) => { const box = each.getBoundingClientRect();
  return box.bottom > 0 && box.top < innerHeight; }"""
BROKEN = """() => [...document.querySelectorAll("button, summary, .badge")].flatMap((each) => {
  const texts = document.createTreeWalker(each, NodeFilter.SHOW_TEXT), found = [];
  while (texts.nextNode())
    for (const word of texts.currentNode.data.matchAll(/[^\\s\\-\\/–\\p{Script=Han}，。：“”]+/gu)) {
    const range = document.createRange();
    range.setStart(texts.currentNode, word.index);
    range.setEnd(texts.currentNode, word.index + word[0].length);
    if (new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size > 1) found.push(word[0]);
  }
  return found;
})"""
"""Words on what is pressed that are broken in their middle."""


@pytest.fixture(scope="module")
def places(shipped_home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = tmp_path_factory.mktemp("looked-at") / "home"
    shutil.copytree(shipped_home, home)
    return screenshots.served_with_all(home, lambda line: None)


def test_every_state_is_looked_at() -> None:
    assert SHOWS.keys() == screenshots.STATES.keys()


@pytest.mark.parametrize("name", screenshots.STATES)
def test_a_state_is_what_its_name_says(browser: Any, places: dict[str, str], name: str) -> None:
    selector, said = SHOWS[name]
    faults: list[str] = []

    def watch(page: Any) -> None:
        page.on("pageerror", lambda error: faults.append(str(error)))

    with screenshots.shown(browser, places, name, "phone", watch=watch) as page:
        assert said in page.locator(selector).first.inner_text()
        assert page.locator(selector).first.is_visible()
        if name not in screenshots.PRINTED and not selector.startswith("main"):
            assert page.locator(selector).first.evaluate(IN_SIGHT), "it is what the picture shows"
        assert page.evaluate("document.documentElement.scrollWidth") <= screenshots.SIZES["phone"][0]
        assert page.evaluate(BROKEN) == []
    assert faults == []

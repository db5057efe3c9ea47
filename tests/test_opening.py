"""From settings to an open advisor: whose index is made anew by itself, and whose is never touched."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from career_advisor import index, opening
from career_advisor.index.build import served_folder
from career_advisor.index.cache import text_hash
from career_advisor.index.read import versions
from career_advisor.models import LIGHT_ENCODER, catalogue, find
from career_advisor.records import IndexOutdated, IndexUnsound, NothingReadable, Reply, WrongUse
from career_advisor.settings import Settings, load_settings, shipped_corpus
from tests.test_cli import PHD, QUESTION, QUOTE, lay, loaded_once, ready, silent

__all__ = ["ready"]

Patch = pytest.MonkeyPatch

SAMPLE_OF = 60
"""Shipped vectors that are computed again."""


class Told:
    """Progress that remembers what it was told."""

    def __init__(self) -> None:
        self.what: list[str] = []

    def __call__(self, what: str, done: int, total: int) -> None:
        self.what.append(what)


@pytest.fixture(autouse=True)
def _encoder(monkeypatch: Patch, checked_here: None) -> None:
    monkeypatch.setattr(opening, "Encoder", loaded_once)


@pytest.fixture
def settings(ready: Path, tmp_path: Path) -> Settings:
    """Return settings whose home has the vectors of the test's pages, and no index."""
    shutil.copytree(ready / "home" / "vectors", tmp_path / "home" / "vectors")
    return Settings(home=tmp_path / "home", encoder=LIGHT_ENCODER)


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: Patch) -> Path:
    """Return a small corpus in the place of the one that ships."""
    folder = lay(tmp_path / "shipped")
    shutil.copy(shipped_corpus() / "services.toml", folder)
    shutil.copytree(shipped_corpus() / "vectors", folder / "vectors")
    monkeypatch.setattr(opening, "shipped_corpus", lambda: folder)
    return folder


@pytest.fixture
def guidance(tmp_path: Path) -> Path:
    """Return the corpus of an operator."""
    return lay(tmp_path / "guidance")


def build(settings: Settings, *paths: Path, add: bool = False) -> index.BuildReport:
    return opening.build_index(settings, paths or None, add=add, progress=silent)


def open_and_ask(settings: Settings) -> Reply:
    *_, reply = opening.open_advisor(settings, progress=silent).reply(QUESTION)
    assert isinstance(reply, Reply)
    return reply


def rewrite_manifest(settings: Settings, **changed: Any) -> None:
    folder = served_folder(settings.home)
    assert folder is not None
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | changed), "utf-8")


# ---------------------------------------------------------------- the shipped corpus


@pytest.mark.slow
def test_the_index_of_the_shipped_corpus_is_made_where_there_is_none(settings: Settings, shipped: Path) -> None:
    reply = open_and_ask(settings)
    manifest = index.status(settings.home)

    assert QUOTE in reply.answer
    assert reply.index == manifest.version
    assert manifest.shipped
    assert set(manifest.documents) == {"phd.md", "bread.txt"}


def test_it_is_made_once(settings: Settings, shipped: Path) -> None:
    opening.ensure_index(settings, silent)
    told = Told()
    opening.ensure_index(settings, told)

    assert len(versions(settings.home)) == 1
    assert told.what == []


@pytest.mark.slow
def test_an_index_of_the_shipped_corpus_that_is_stale_is_refreshed(settings: Settings, shipped: Path) -> None:
    opening.ensure_index(settings, silent)
    (shipped / "bread.txt").unlink()
    (shipped / "phd.md").write_text(PHD.replace("needs no PhD", "needs no doctorate"), "utf-8")

    reply = open_and_ask(settings)

    assert "needs no doctorate" in reply.answer
    assert list(index.status(settings.home).documents) == ["phd.md"]


def test_the_shipped_corpus_given_by_its_path_is_still_the_shipped_corpus(settings: Settings, shipped: Path) -> None:
    build(settings, shipped / ".." / shipped.name)

    assert index.status(settings.home).shipped


@pytest.mark.slow
@pytest.mark.parametrize(
    "changed",
    [{"format": 1}, {"splitter": "another"}, {"encoder": {"name": "another", "sha256": "0" * 64, "dimension": 384}}],
    ids=lambda changed: next(iter(changed)),
)
def test_an_index_of_the_shipped_corpus_made_by_another_program_is_made_anew_by_itself(
    settings: Settings, shipped: Path, changed: dict[str, Any]
) -> None:
    opening.ensure_index(settings, silent)
    old = index.status(settings.home).version
    encoder = changed.get("encoder")
    rewrite_manifest(settings, **({"encoder": list(encoder.values())} if encoder else changed))

    reply = open_and_ask(settings)

    assert QUOTE in reply.answer
    assert reply.index != old
    assert index.status(settings.home).shipped


# ---------------------------------------------------------------- an operator's own


@pytest.mark.slow
def test_an_operators_index_is_never_touched_however_stale_it_is(
    settings: Settings, shipped: Path, guidance: Path
) -> None:
    version = build(settings, guidance).version
    pointer = settings.home / "index" / "CURRENT"
    written = pointer.stat().st_mtime_ns
    (guidance / "phd.md").write_text(PHD.replace("needs no PhD", "needs no doctorate"), "utf-8")
    (guidance / "bread.txt").unlink()

    reply = open_and_ask(settings)

    assert QUOTE in reply.answer, "as it was when it was built"
    assert reply.index == version
    assert versions(settings.home) == [version]
    assert pointer.stat().st_mtime_ns == written


@pytest.mark.slow
def test_an_operators_index_outlives_its_sources_and_status_says_that_they_are_gone(
    settings: Settings, shipped: Path, guidance: Path
) -> None:
    build(settings, guidance)
    shutil.rmtree(guidance)

    status = opening.status_json(settings)

    assert QUOTE in open_and_ask(settings).answer
    assert status["documents"] == 2
    assert str(guidance) in status["trouble"]


@pytest.mark.slow
def test_an_operators_index_of_another_format_is_refused_and_the_command_named_mends_it(
    settings: Settings, shipped: Path, guidance: Path
) -> None:
    version = build(settings, guidance).version
    rewrite_manifest(settings, format=1)

    with pytest.raises(IndexOutdated, match="career-advisor index build") as refused:
        opening.open_advisor(settings, progress=silent)
    assert refused.value.exit_code == 3
    assert versions(settings.home) == [version]

    build(settings)

    assert index.status(settings.home).sources == (str(guidance),)
    assert QUOTE in open_and_ask(settings).answer


def test_an_operators_index_of_another_encoder_is_refused_not_searched(
    settings: Settings, shipped: Path, guidance: Path
) -> None:
    build(settings, guidance)
    rewrite_manifest(settings, encoder=["another", "0" * 64, 384])

    with pytest.raises(IndexUnsound, match=r"the encoder another, not .*career-advisor index build"):
        opening.open_advisor(settings, progress=silent)


def test_an_encoder_of_the_same_name_that_gives_other_vectors_is_found_out(
    settings: Settings, shipped: Path, guidance: Path
) -> None:
    build(settings, guidance)
    rewrite_manifest(settings, probe=[1.0, *[0.0] * 383])

    with pytest.raises(IndexUnsound, match="another encoder of the same name"):
        opening.open_advisor(settings, progress=silent)


def break_served(settings: Settings, what: str) -> None:
    folder = served_folder(settings.home)
    assert folder is not None
    if what == "manifest":
        (folder / "manifest.json").write_text('{"format": 2, "sour', "utf-8")
    elif what == "no manifest":
        (folder / "manifest.json").unlink()
    elif what == "pointer":
        (settings.home / "index" / "CURRENT").write_text("nowhere", "utf-8")
    else:
        (settings.home / "index" / "CURRENT").unlink()


BROKEN = ["manifest", "no manifest", "pointer", "no pointer"]


@pytest.mark.slow
@pytest.mark.parametrize("what", BROKEN)
def test_whatever_breaks_an_operators_files_are_built_again_from_what_another_version_tells(
    settings: Settings, shipped: Path, guidance: Path, what: str
) -> None:
    opening.ensure_index(settings, silent)
    build(settings, guidance)
    (guidance / "bread.txt").write_text("Bread needs an oven.\n", "utf-8")
    second = build(settings, guidance).version
    break_served(settings, what)

    with pytest.raises(IndexUnsound):
        opening.open_advisor(settings, progress=silent)
    report = build(settings)

    assert report.version != second
    assert report.sources == (str(guidance),)
    assert report.stale
    assert not index.status(settings.home).shipped
    assert QUOTE in open_and_ask(settings).answer


@pytest.mark.slow
@pytest.mark.parametrize("what", ["manifest", "no manifest"])
@pytest.mark.parametrize("after_the_shipped", [True, False])
def test_where_nothing_tells_what_an_index_was_made_from_the_files_must_be_named(
    settings: Settings, shipped: Path, guidance: Path, what: str, after_the_shipped: bool
) -> None:
    if after_the_shipped:
        opening.ensure_index(settings, silent)
    build(settings, guidance)
    before = versions(settings.home)
    break_served(settings, what)
    pointer = (settings.home / "index" / "CURRENT").read_text("utf-8")
    (guidance.parent / "more.md").write_text("# Why?\n\nBecause it matters to somebody.\n", "utf-8")

    for attempt in (
        lambda: build(settings),
        lambda: build(settings, guidance.parent / "more.md", add=True),
        lambda: opening.diff_json(settings, None),
    ):
        with pytest.raises(IndexUnsound, match="career-advisor index build PATH") as refused:
            attempt()
        assert refused.value.exit_code == 3
        assert str(shipped) in str(refused.value)
    with pytest.raises(IndexUnsound):
        opening.ensure_index(settings, silent)
    assert (settings.home / "index" / "CURRENT").read_text("utf-8") == pointer
    assert set(versions(settings.home)) <= set(before), "nothing was built"

    build(settings, guidance)
    assert QUOTE in open_and_ask(settings).answer


@pytest.mark.slow
def test_the_shipped_corpus_whose_pointer_was_never_written_is_built_by_itself(
    settings: Settings, shipped: Path
) -> None:
    opening.ensure_index(settings, silent)
    break_served(settings, "no pointer")  # as a builder leaves it that is killed between two steps of its first build

    assert QUOTE in open_and_ask(settings).answer
    assert index.status(settings.home).shipped


@pytest.mark.slow
@pytest.mark.parametrize(
    ("encoder", "said"),
    [
        (catalogue()["all-mpnet-base-v2"].identity, "ADVISOR_ENCODER=all-mpnet-base-v2"),
        (("all-MiniLM-L6-v2", "0" * 64, 384), "career-advisor index build"),
    ],
    ids=["of the catalogue", "of no catalogue"],
)
def test_going_back_to_a_version_of_another_encoder_is_refused_with_the_command_that_makes_it_usable(
    settings: Settings, shipped: Path, guidance: Path, encoder: Any, said: str
) -> None:
    build(settings, guidance)
    rewrite_manifest(settings, encoder=list(encoder))
    served = build(settings, guidance).version

    with pytest.raises(IndexUnsound, match=said):
        opening.rollback_index(settings)

    assert index.status(settings.home).version == served
    assert QUOTE in open_and_ask(settings).answer


# ---------------------------------------------------------------- what a build holds


def test_without_paths_a_build_takes_the_sources_of_last_time(
    settings: Settings, shipped: Path, guidance: Path, monkeypatch: Patch
) -> None:
    monkeypatch.chdir(guidance.parent)
    build(settings, Path("guidance"))
    (guidance / "new.md").write_text("# Why?\n\nBecause it matters to somebody.\n", "utf-8")
    monkeypatch.chdir(os.sep)

    report = build(settings)

    assert (report.added, report.unchanged, report.documents) == (1, 2, 3)
    assert index.status(settings.home).sources == (str(guidance),)


@pytest.mark.slow
def test_adding_to_the_shipped_corpus_makes_the_index_the_operators(
    settings: Settings, shipped: Path, guidance: Path
) -> None:
    opening.ensure_index(settings, silent)
    (guidance / "new.md").write_text("# Why?\n\nBecause it matters to somebody.\n", "utf-8")
    report = build(settings, guidance / "new.md", add=True)

    (shipped / "bread.txt").unlink()
    opening.ensure_index(settings, silent)

    manifest = index.status(settings.home)
    assert not manifest.shipped
    assert manifest.version == report.version
    assert set(manifest.documents) == {"phd.md", "bread.txt", "new.md"}


def test_what_is_unchanged_is_not_embedded_again(settings: Settings, guidance: Path) -> None:
    first = build(settings, guidance)
    (guidance / "new.md").write_text("# Why?\n\nBecause it matters to somebody.\n", "utf-8")
    second = build(settings, guidance)

    assert first.embedded == 0, "their vectors were in the cache"
    assert 0 < second.embedded <= 4


def test_where_nothing_can_be_read_each_file_is_named_with_its_reason(settings: Settings, tmp_path: Path) -> None:
    bad = lay(tmp_path / "bad", {"empty.md": "", "broken.pdf": "no PDF"})

    with pytest.raises(NothingReadable) as refused:
        build(settings, bad)

    assert {failure.path for failure in refused.value.failed} == {"empty.md", "broken.pdf"}
    assert all(failure.reason for failure in refused.value.failed)
    assert not (settings.home / "index").exists()


@pytest.mark.slow
def test_what_cannot_be_read_is_a_failure_with_its_reason_and_no_change(settings: Settings, guidance: Path) -> None:
    (guidance / "empty.md").touch()
    (guidance / "broken.pdf").write_bytes(b"%PDF-1.4\nnothing that follows is a PDF")
    (guidance / "noise.txt").write_bytes(bytes(range(256)) * 4)
    bad = {"empty.md", "broken.pdf", "noise.txt"}

    planned = opening.diff_json(settings, [guidance])
    report = build(settings, guidance)
    status, after, quick = (
        opening.status_json(settings),
        opening.diff_json(settings, None),
        opening.diff_json(settings, None, thorough=False),
    )

    assert planned["added"] == ["bread.txt", "phd.md"]
    assert {failure.path for failure in report.failed} == bad
    for told in (planned, status, after, quick):
        assert {failure["path"]: failure["reason"] for failure in told["failed"]} == dict(report.failed)
    assert (status["added"], status["changed"], status["removed"]) == (0, 0, 0)
    for told in (after, quick):
        assert (told["added"], told["changed"], told["removed"], told["stale"]) == ([], [], [], "")
    assert build(settings).version == report.version, "nothing to do"


@pytest.mark.slow
def test_a_file_that_could_not_be_read_is_new_again_once_it_changes(settings: Settings, guidance: Path) -> None:
    (guidance / "empty.md").touch()
    build(settings, guidance)
    (guidance / "empty.md").write_text("# Why?\n\nBecause it matters to somebody.\n", "utf-8")

    assert opening.status_json(settings)["added"] == 1
    assert opening.diff_json(settings, None)["added"] == ["empty.md"]
    report = build(settings)
    assert (report.added, report.failed) == (1, ())
    assert opening.status_json(settings)["failed"] == []


def test_a_file_that_became_unreadable_is_removed_and_a_new_unreadable_one_is_no_change_after_a_build(
    settings: Settings, guidance: Path
) -> None:
    build(settings, guidance)
    (guidance / "bread.txt").write_bytes(b"")
    (guidance / "empty.md").touch()

    planned = opening.diff_json(settings, None)
    report = build(settings)
    status = opening.status_json(settings)

    assert (planned["added"], planned["changed"], planned["removed"]) == ([], [], ["bread.txt"])
    assert {failure["path"] for failure in planned["failed"]} == {"bread.txt", "empty.md"}
    assert (report.added, report.changed, report.removed) == (0, 0, 1)
    assert (status["added"], status["changed"], status["removed"], len(status["failed"])) == (0, 0, 0, 2)


def test_a_file_over_the_limit_is_named_and_not_read(settings: Settings, guidance: Path) -> None:
    small = settings.model_copy(update={"max_file_bytes": 150})

    report = build(small, guidance)

    assert [failure.path for failure in report.failed] == ["phd.md"]
    assert report.documents == 1


def test_reading_many_files_shows_its_progress_under_their_number(settings: Settings, tmp_path: Path) -> None:
    pages = {f"{n}.txt": f"Page number {n} says something of its own." for n in range(opening.MANY_FILES + 1)}
    told = Told()

    opening.build_index(settings, [lay(tmp_path / "many", pages)], progress=told)

    assert told.what.count("reading") == len(pages)
    assert {"embedding", "writing"} <= set(told.what)


def test_progress_without_a_terminal_is_a_line_for_every_tenth() -> None:
    said: list[str] = []
    progress = opening.plain_progress(said.append)
    for done in range(1001):
        progress("embedding", done, 1000)

    assert len(said) == 11
    assert said[-1] == "embedding: 1000 of 1000"


@pytest.mark.slow
def test_progress_on_a_terminal_has_no_rate_before_there_is_one_and_gives_the_cursor_back(monkeypatch: Patch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    ours, theirs = pty.openpty()
    with open(theirs, "w", encoding="utf-8") as terminal:  # noqa: PTH123  (a descriptor, not a path)
        monkeypatch.setattr(sys, "stderr", terminal)
        progress = opening.rich_progress()
        for what in ("reading", "embedding"):
            for done in range(0, 301, 100):
                progress(what, done, 300)
                time.sleep(0.15)  # longer than between two pictures
        terminal.flush()
        shown = os.read(ours, 65536).decode("utf-8")
    os.close(ours)

    assert "0/300" in shown.replace(" ", "")
    assert re.search(r"\d/s", shown)
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")


# ---------------------------------------------------------------- what could keep it from working


def test_a_tracer_is_refused_before_anything_is_built(settings: Settings, shipped: Path, monkeypatch: Patch) -> None:
    monkeypatch.setenv("LANGSMITH_TRACING", "true")

    with pytest.raises(WrongUse, match="LANGSMITH_TRACING"):
        opening.open_advisor(settings, progress=silent)
    assert not (settings.home / "index").exists()


@pytest.mark.slow
def test_whoever_looks_only_for_passages_needs_no_language_model(settings: Settings, guidance: Path) -> None:
    build(settings, guidance)
    unreachable = settings.model_copy(update={"model": "nobody:nothing"})

    advisor = opening.open_advisor(unreachable, progress=silent, with_model=False)

    assert advisor.search(QUESTION)[1][0].document.path == "phd.md"


def test_the_doctor_names_a_command_for_whatever_is_missing(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file, not a folder")
    bare = Settings(home=tmp_path / "home", weights=tmp_path, encoder="all-mpnet-base-v2", model="local")

    ill = {check.name: check.mend for check in opening.examine(bare) if not check.ok}

    assert ill.keys() == {"home", "encoder", "index", "model"}
    assert "ADVISOR_HOME" in ill["home"]
    assert ill["encoder"] == "career-advisor models fetch"
    assert ill["index"] == "career-advisor index build"
    assert all(ill.values())


# ---------------------------------------------------------------- the vectors that ship


@cache
def shipped_texts() -> list[str]:
    return opening.shipped_texts()


def encoders() -> list[str]:
    return [entry.name for entry in catalogue().values() if entry.kind == "encoder"]


@pytest.mark.parametrize("name", encoders())
def test_the_vectors_of_exactly_what_a_first_start_embeds_are_shipped(name: str) -> None:
    """When this fails: `career-advisor index vectors`."""
    vectors = index.load_vectors(shipped_corpus() / "vectors" / f"{name}.npz", catalogue()[name].identity)
    texts = shipped_texts()

    assert [text for text in texts if text_hash(text) not in vectors] == []
    assert len(vectors) == len(texts), "vectors of texts that are gone"


def test_a_shipped_vector_is_the_one_that_the_encoder_gives() -> None:
    """When this fails: `career-advisor index vectors`."""
    identity = catalogue()[LIGHT_ENCODER].identity
    vectors = index.load_vectors(shipped_corpus() / "vectors" / f"{LIGHT_ENCODER}.npz", identity)
    texts = shipped_texts()
    sample = texts[:: len(texts) // SAMPLE_OF]

    computed = loaded_once(find(LIGHT_ENCODER, load_settings().weights), identity, threads=None).encode(sample)

    alike = [float(vectors[text_hash(text)] @ row) for text, row in zip(sample, computed, strict=True)]
    assert np.min(alike) > index.SAME_VECTOR


def test_a_second_opinion_is_asked_of_whoever_is_named_and_the_model_that_writes_is_not_opened_twice() -> None:
    def of(second: str | None) -> tuple[Any, Any]:
        settings = Settings(model="smollm2:135m", model_base_url="http://127.0.0.1:9/v1", model_second_opinion=second)
        writer = opening._language_model(settings)
        return writer, opening._second_opinion(settings, writer)

    assert of(None)[1] is None
    same, again = of("smollm2:135m")
    assert again is same
    _, at_the_same_address = of("qwen3:8b")
    assert at_the_same_address.name == "openai:qwen3:8b"
    assert "127.0.0.1:9" in str(at_the_same_address._speaker.chat.openai_api_base)
    with pytest.raises(WrongUse, match="no language model"):
        of("quotes")


@pytest.mark.slow
def test_what_is_compared_word_by_word_is_embedded_when_the_index_is_made_and_not_when_it_is_opened(
    settings: Settings, tmp_path: Path
) -> None:
    speech = "in the talk he says that AI safety needs people who try things and that nobody has it all worked out "
    (tmp_path / "talk.txt").write_text(speech * 12)
    built, read = Told(), Told()

    opening.build_index(settings, [tmp_path / "talk.txt"], progress=built)
    opening.open_advisor(settings, progress=read, with_model=False)

    assert opening.COMPARING in built.what
    assert opening.COMPARING not in read.what


def test_of_an_index_about_something_else_nothing_is_embedded_word_by_word(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "bread.txt").write_text("Knead the dough for ten minutes. Let it rest. Bake it until it is brown.")
    told = Told()

    opening.build_index(settings, [tmp_path / "bread.txt"], progress=told)

    assert opening.COMPARING not in told.what

"""An index version is complete or absent, and what is damaged or foreign is never searched."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from career_advisor import index
from career_advisor.index import store
from career_advisor.index.build import writing
from career_advisor.index.read import versions
from career_advisor.records import (
    Chunks,
    Document,
    EncoderIdentity,
    IndexBusy,
    IndexMissing,
    IndexUnsound,
    NothingReadable,
    Passage,
    Section,
    Span,
    Window,
)

IDENTITY = EncoderIdentity("double", "d" * 64, 16)


class CountingEncoder:
    """Gives each text a vector of its own, and remembers what it was asked."""

    def __init__(self, identity: EncoderIdentity = IDENTITY) -> None:
        self.identity = identity
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str], /) -> npt.NDArray[np.float32]:
        self.asked += texts
        rows = [
            np.random.default_rng(int(hashlib.sha256((self.identity.sha256 + t).encode()).hexdigest()[:12], 16)).normal(
                size=self.identity.dimension
            )
            for t in texts
        ]
        return np.array([row / np.linalg.norm(row) for row in rows], np.float32)


def document(name: str, text: str) -> Document:
    return Document(name, text, name, (Section(("Why?",), (Span(0, len(text)),), ("how come",)),))


def split(page: Document) -> Chunks:
    spans = []
    at = 0
    for sentence in page.text.split(". "):
        spans.append((at, min(at + len(sentence) + 1, len(page.text))))
        at += len(sentence) + 2
    passages = tuple(Passage(page.path, 0, *span) for span in spans)
    windows = tuple(Window(page.path, 0, *span, 24, page.text[slice(*span)]) for span in spans)
    return Chunks(passages, (*windows, Window(page.path, 0, 0, len(page.text), 0, "how come")))


def lexical(page: Document, passages: Sequence[Passage]) -> list[str]:
    return [page.text[p.start : p.end] for p in passages]


PAGES = {f"page{i}.md": f"Fact {i} is about topic {i}. Another remark {i} follows. The end {i} comes" for i in range(6)}


def make(
    home: Path, pages: dict[str, str], encoder: CountingEncoder | None = None, **changed: Any
) -> index.BuildReport:
    documents = [document(name, text) for name, text in pages.items()]
    hashes = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in pages.items()}
    given: dict[str, Any] = {
        "split": split,
        "lexical_texts": lexical,
        "encoder": index.VectorCache(home, encoder or CountingEncoder()),
        "splitter": "1",
        "sources": ["/corpus"],
    }
    return index.build(home, documents, hashes, **(given | changed))


def open_it(home: Path, identity: EncoderIdentity = IDENTITY, splitter: str = "1") -> index.OpenIndex:
    return index.open_current(home, identity, splitter)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_what_was_built_is_what_is_read(home: Path) -> None:
    report = make(home, PAGES)
    opened = open_it(home)

    assert (report.documents, report.added, report.passages) == (6, 6, 18)
    assert opened.id == report.version
    assert {name: d.text for name, d in opened.documents.items()} == PAGES
    assert [w.text for w in opened.windows][2:4] == ["The end 0 comes", "how come"]
    assert np.allclose(opened.vectors, CountingEncoder().encode([w.text for w in opened.windows]), atol=1e-6)
    assert opened.lexical("remark about nothing").argmax() in range(18)
    assert opened.lexical("zzz").max() == 0


@pytest.mark.usefixtures("checked_here")
def test_nothing_changed_means_nothing_embedded_and_no_new_version(home: Path) -> None:
    first = make(home, PAGES)
    encoder = CountingEncoder()
    second = make(home, PAGES, encoder)

    assert second.version == first.version
    assert (second.unchanged, second.added, second.changed, second.removed) == (6, 0, 0, 0)
    assert encoder.asked == []


@pytest.mark.usefixtures("checked_here")
def test_one_changed_file_embeds_only_its_own_new_windows(home: Path) -> None:
    make(home, PAGES)
    encoder = CountingEncoder()
    report = make(home, PAGES | {"page3.md": PAGES["page3.md"] + ". Something new"}, encoder)

    assert (report.changed, report.unchanged) == (1, 5)
    assert encoder.asked == ["The end 3 comes.", "Something new"]


@pytest.mark.usefixtures("checked_here")
def test_removed_files_are_gone_and_can_be_brought_back(home: Path) -> None:
    before = make(home, PAGES)
    report = make(home, {"page1.md": PAGES["page1.md"]})

    assert report.removed == 5
    assert list(open_it(home).documents) == ["page1.md"]
    assert index.rollback(home) == before.version
    assert len(open_it(home).documents) == 6
    with pytest.raises(IndexMissing, match="no version before"):
        index.rollback(home)


@pytest.mark.usefixtures("checked_here")
def test_pruning_keeps_the_version_served_and_the_one_before(home: Path) -> None:
    versions = [make(home, PAGES | {"page0.md": f"Version {i}. Same"}).version for i in range(3)]

    assert index.prune(home) == (versions[0],)
    assert open_it(home).id == versions[2]
    assert index.rollback(home) == versions[1]


@pytest.mark.usefixtures("checked_here")
def test_what_would_change_is_told_without_changing_it(home: Path) -> None:
    make(home, {"a.md": "One. Two", "b.md": "Three. Four"})
    hashes = {"a.md": hashlib.sha256(b"One. Two").hexdigest(), "c.md": "new"}

    plan = index.plan(home, hashes, IDENTITY, "1")

    assert (plan.added, plan.changed, plan.removed, plan.unchanged) == (("c.md",), (), ("b.md",), ("a.md",))
    assert index.plan(home, hashes, IDENTITY, "2").stale == "made with another splitter"


def test_an_index_of_another_encoder_or_splitter_is_never_opened(home: Path) -> None:
    make(home, PAGES)

    with pytest.raises(IndexUnsound, match="made with the encoder double, not other"):
        open_it(home, EncoderIdentity("other", "e" * 64, 16))
    with pytest.raises(IndexUnsound, match="career-advisor index build"):
        open_it(home, splitter="2")


def test_without_an_index_the_command_that_makes_one_is_named(home: Path) -> None:
    with pytest.raises(IndexMissing, match="career-advisor index build"):
        open_it(home)


@pytest.mark.usefixtures("checked_here")
def test_nothing_readable_leaves_the_old_index(home: Path) -> None:
    before = make(home, PAGES)

    with pytest.raises(NothingReadable):
        make(home, {"empty.md": ""}, split=lambda page: Chunks((), ()))

    assert open_it(home).id == before.version


def test_two_builders_at_once_do_not_meet(home: Path) -> None:
    make(home, PAGES)
    began = time.monotonic()

    with writing(home), pytest.raises(IndexBusy):
        make(home, {"x.md": "A. B"})

    assert time.monotonic() - began < 3
    assert len(open_it(home).documents) == 6


def damage_cases() -> list[tuple[str, Callable[[Path], None]]]:
    def truncate(path: Path) -> None:
        os.truncate(path, path.stat().st_size // 2)

    def garble(path: Path) -> None:
        content = bytearray(path.read_bytes())
        middle = len(content) // 2
        content[middle : middle + 64] = bytes(64) if any(content[middle : middle + 64]) else b"\xff" * 64
        path.write_bytes(content)

    return [("cut short", truncate), ("garbled", garble), ("deleted", Path.unlink)]


def damaged(home: Path, how: str, damage: Callable[[Path], None]) -> Iterator[Path]:
    """Damage each file of a version in its turn, with the others whole; yield its name."""
    folder = home / "index" / make(home, PAGES).version
    sound = home / "sound"
    shutil.copytree(folder, sound)
    names = [p.relative_to(folder) for p in sorted(folder.rglob("*")) if p.is_file() and p.stat().st_size > 0]
    assert len(names) > 8
    for name in names:
        shutil.rmtree(folder)
        shutil.copytree(sound, folder)
        damage(folder / name)
        if name.name == "chroma.sqlite3" and how == "garbled":
            continue  # half of its pages are free space; what it holds is compared by the next test
        yield name


@pytest.mark.parametrize(("how", "damage"), damage_cases(), ids=[name for name, _ in damage_cases()])
def test_damage_to_any_file_is_refused_before_anything_is_searched(
    home: Path, how: str, damage: Callable[[Path], None]
) -> None:
    for _ in damaged(home, how, damage):
        with pytest.raises(IndexUnsound):
            open_it(home)


@pytest.mark.slow
@pytest.mark.parametrize(("how", "damage"), damage_cases(), ids=[name for name, _ in damage_cases()])
def test_damage_to_any_file_is_found_by_a_check(home: Path, how: str, damage: Callable[[Path], None]) -> None:
    for name in damaged(home, how, damage):
        assert index.verify(home), f"{name} {how} was not noticed"


def test_a_vector_changed_inside_chroma_is_noticed(home: Path) -> None:
    folder = home / "index" / make(home, PAGES).version
    client = store.chroma(folder)
    collection = client.get_collection(store.COLLECTION, embedding_function=None)
    collection.update(ids=["3"], embeddings=CountingEncoder().encode(["something else"]))
    client.close()

    with pytest.raises(IndexUnsound, match=r"changed|does not hold"):
        open_it(home)


def test_a_lost_vector_is_noticed(home: Path) -> None:
    folder = home / "index" / make(home, PAGES).version
    client = store.chroma(folder)
    client.get_collection(store.COLLECTION, embedding_function=None).delete(ids=["3"])
    client.close()

    with pytest.raises(IndexUnsound):
        open_it(home)
    assert index.verify(home)


def test_a_reader_changes_over_by_itself_and_never_to_an_unsound_version(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("career_advisor.index.read.LOOK_EVERY", 0.0)
    make(home, PAGES)
    reader = index.Reader(home, IDENTITY, "1")
    new = make(home, PAGES | {"more.md": "More. Text"}).version
    wait_for(lambda: reader.current().id == new)

    bad = make(home, {"bad.md": "Bad. Text"}).version
    (home / "index" / bad / "windows.json").write_text("[]", "utf-8")
    wait_for(lambda: bool(reader.current() and reader.trouble))

    assert reader.current().id == new
    assert "windows.json" in reader.trouble


def wait_for(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.usefixtures("checked_here")
@pytest.mark.parametrize("call", ["fsync", "rename", "replace"])
def test_publishing_that_fails_at_any_step_leaves_a_sound_index(
    home: Path, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(home, PAGES)
    failures = 0
    for nth in range(1, 60):
        served = open_it(home).id
        count = 0

        def failing(real: Callable[..., Any], nth: int = nth) -> Callable[..., Any]:
            def step(*args: Any, **kwargs: Any) -> Any:
                nonlocal count
                count += 1
                if count == nth:
                    raise OSError(28, "No space left on device")
                return real(*args, **kwargs)

            return step

        with monkeypatch.context() as patch:
            if call == "fsync":
                patch.setattr(os, "fsync", failing(os.fsync))
            else:
                patch.setattr(Path, call, failing(getattr(Path, call)))
            try:
                make(home, PAGES | {"more.md": f"Attempt {nth}. {call}"})
            except OSError:
                failures += 1
                assert open_it(home).id in {served, *versions(home)}
                continue
        break
    else:
        pytest.fail("the build never succeeded")
    assert failures > 0
    assert "more.md" in open_it(home).documents
    assert not list((home / "index").glob(".building-*"))


def test_shipped_vectors_are_found_by_text_and_only_for_their_encoder(tmp_path: Path) -> None:
    encoder = CountingEncoder()
    texts = [f"text {i}" for i in range(50)]
    index.export_vectors(tmp_path / "v.npz", IDENTITY, texts, encoder.encode(texts))

    fresh = CountingEncoder()
    cache = index.VectorCache(tmp_path, fresh, lambda: index.load_vectors(tmp_path / "v.npz", IDENTITY))
    vectors = cache.encode([*texts, "unknown"])

    assert fresh.asked == ["unknown"]
    assert (vectors[:50] * encoder.encode(texts)).sum(axis=1).min() > 0.9995
    assert len(index.load_vectors(tmp_path / "v.npz", EncoderIdentity("other", "e" * 64, 16))) == 0


def test_a_damaged_cache_costs_time_and_nothing_else(tmp_path: Path) -> None:
    index.VectorCache(tmp_path, CountingEncoder()).encode(["one"])
    (file,) = (tmp_path / "vectors").glob("*.sqlite")
    file.write_bytes(b"garbage" * 100)
    encoder = CountingEncoder()

    vectors = index.VectorCache(tmp_path, encoder).encode(["one"])

    assert encoder.asked == ["one"]
    assert np.allclose(vectors, CountingEncoder().encode(["one"]))

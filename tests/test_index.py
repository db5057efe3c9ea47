"""An index version is complete or absent, and what is damaged or foreign is never searched."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from career_advisor import index
from career_advisor.index import check, store
from career_advisor.index.build import SAMPLES, writing
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


@pytest.mark.slow
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

    assert (report.changed, report.unchanged, report.embedded) == (1, 5, 2)
    assert encoder.asked[:3] == ["The end 3 comes.", "Something new", index.PROBE]
    assert len(encoder.asked) == 2 + 1 + SAMPLES, "a few are embedded anew for the check"


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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


def flip(path: Path, at: int = 0) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.usefixtures("checked_here")
@pytest.mark.parametrize(
    "name",
    ["words/data.csc.index.npy", "words/vocab.index.json", "chroma/chroma.sqlite3", "passages.json", "windows.json"],
)
def test_a_build_of_the_same_files_mends_a_version_of_which_one_byte_was_flipped(home: Path, name: str) -> None:
    before = make(home, PAGES)
    flip(home / "index" / before.version / name, -1 if name.endswith(".npy") else 0)
    with pytest.raises(IndexUnsound, match="career-advisor index build"):
        open_it(home)

    after = make(home, PAGES)

    assert after.version != before.version
    assert (after.added, after.changed, after.removed, after.unchanged) == (0, 0, 0, 6)
    assert name in after.stale
    assert "career-advisor" not in after.stale
    assert open_it(home).id == after.version
    assert make(home, PAGES).version == after.version, "and it is made anew once"


@pytest.mark.usefixtures("checked_here")
def test_a_build_of_the_same_files_mends_a_version_whose_vectors_were_changed_inside_chroma(home: Path) -> None:
    before = make(home, PAGES).version
    change_a_vector(home / "index" / before)

    after = make(home, PAGES)

    assert after.version != before
    assert open_it(home).id == after.version


@pytest.mark.usefixtures("checked_here")
@pytest.mark.parametrize("pointer", [b"", b"\xff\xfe\x00", b"20000101T000000000000-00000000"])
def test_a_pointer_to_nothing_is_refused_and_a_build_mends_it(home: Path, pointer: bytes) -> None:
    make(home, PAGES)
    (home / "index" / "CURRENT").write_bytes(pointer)
    with pytest.raises(IndexUnsound, match="career-advisor index build"):
        open_it(home)

    version = make(home, PAGES).version
    assert open_it(home).id == version


@pytest.mark.usefixtures("checked_here")
def test_a_pointer_that_is_gone_is_no_index_that_was_never_built(home: Path) -> None:
    make(home, PAGES)
    (home / "index" / "CURRENT").unlink()
    with pytest.raises(IndexUnsound, match="CURRENT"):
        open_it(home)
    with pytest.raises(IndexUnsound, match="CURRENT"):
        index.prune(home)

    assert index.served_version(home) is None
    version = make(home, PAGES).version
    assert open_it(home).id == version


def lexical_of_one(folder: Path) -> None:
    import bm25s

    words = bm25s.BM25()
    words.index([["one"]], show_progress=False)
    words.save(str(folder))


def rewrite(path: Path, change: Callable[[Any], Any]) -> None:
    path.write_text(json.dumps(change(json.loads(path.read_text("utf-8")))), "utf-8")


def change_a_vector(folder: Path) -> None:
    client = store.chroma(folder)
    collection = client.get_collection(store.COLLECTION, embedding_function=None)
    collection.update(ids=["3"], embeddings=CountingEncoder().encode(["something else"]))
    client.close()


WRONG = {
    "a bm25 file is missing": lambda folder: (folder / "words" / "indices.csc.index.npy").unlink(),
    "a bm25 file is of another index": lambda folder: lexical_of_one(folder / "words"),
    "a passage is missing": lambda folder: rewrite(folder / "passages.json", lambda rows: rows[:-1]),
    "a passage ends elsewhere": lambda folder: rewrite(
        folder / "passages.json", lambda rows: [*rows[:-1], [*rows[-1][:3], rows[-1][3] - 1]]
    ),
    "a window is missing": lambda folder: rewrite(folder / "windows.json", lambda rows: rows[:-1]),
    "a vector is another": change_a_vector,
}


@pytest.mark.slow
@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_what_was_written_wrongly_is_found_in_a_fresh_process_before_it_is_pointed_at(
    home: Path, wrong: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as first:
        first.setattr(check, "in_a_fresh_process", check.examine)
        before = make(home, PAGES).version
    write = store.write_content

    def badly(folder: Path, *content: Any) -> None:
        write(folder, *content)
        wrong(folder)

    monkeypatch.setattr(store, "write_content", badly)
    with pytest.raises(IndexUnsound, match="did not pass its check"):
        make(home, PAGES | {"more.md": "More. Text"})

    assert open_it(home).id == before
    assert versions(home) == [before]


@pytest.mark.slow
def test_a_remembered_vector_that_is_another_texts_is_found_and_the_message_says_what_to_delete(home: Path) -> None:
    cache = index.VectorCache(home, CountingEncoder())
    cache.encode(["More."])
    with closing(sqlite3.connect(cache.path)) as connection, connection:
        other = CountingEncoder().encode(["something else"])[0].tobytes()
        connection.execute("UPDATE vectors SET vector = ?", [other])

    with pytest.raises(IndexUnsound, match="not what the encoder makes of its text") as refused:
        make(home, {"more.md": "More. Text"})
    assert str(cache.path) in str(refused.value)
    assert index.served_version(home) is None

    cache.path.unlink()
    version = make(home, {"more.md": "More. Text"}).version
    assert open_it(home).id == version


@pytest.mark.usefixtures("checked_here")
def test_the_manifest_has_a_hash_over_the_passages_of_each_document(home: Path) -> None:
    folder = home / "index" / make(home, PAGES).version
    manifest = index.Manifest.read(folder)
    assert manifest.passage_hashes.keys() == PAGES.keys()
    assert len(set(manifest.passage_hashes.values())) == len(PAGES)

    # Changed together with the hash of its file: the hashes of files alone would not notice.
    rewrite(folder / "passages.json", lambda rows: [*rows[:-1], [*rows[-1][:3], rows[-1][3] - 1]])
    rewrite(
        folder / "manifest.json",
        lambda data: data | {"files": data["files"] | {"passages.json": store.sha256_of(folder / "passages.json")}},
    )
    with pytest.raises(IndexUnsound, match="passages of the index"):
        open_it(home)
    assert any("passages" in problem for problem in index.verify(home))


@pytest.mark.usefixtures("checked_here")
def test_a_version_made_before_passages_were_hashed_is_read_as_before(home: Path) -> None:
    version = make(home, PAGES).version
    rewrite(
        home / "index" / version / "manifest.json",
        lambda data: {name: value for name, value in data.items() if name not in {"passage_hashes", "failed"}},
    )

    assert open_it(home).id == version
    assert index.verify(home) == ()
    assert make(home, PAGES).version == version, "nothing to do"


@pytest.mark.usefixtures("checked_here")
def test_going_back_to_what_cannot_be_used_is_refused_before_the_pointer_moves(home: Path) -> None:
    make(home, PAGES)
    served = make(home, {"a.md": "A. B"}).version

    def refuse(manifest: index.Manifest) -> None:
        raise IndexUnsound(f"not {len(manifest.documents)} documents")

    with pytest.raises(IndexUnsound, match="not 6 documents"):
        index.rollback(home, refuse)
    assert open_it(home).id == served


@pytest.mark.slow
def test_a_vector_changed_inside_chroma_is_noticed(home: Path) -> None:
    change_a_vector(home / "index" / make(home, PAGES).version)

    with pytest.raises(IndexUnsound, match=r"changed|does not hold"):
        open_it(home)


@pytest.mark.slow
def test_a_lost_vector_is_noticed(home: Path) -> None:
    folder = home / "index" / make(home, PAGES).version
    client = store.chroma(folder)
    client.get_collection(store.COLLECTION, embedding_function=None).delete(ids=["3"])
    client.close()

    with pytest.raises(IndexUnsound):
        open_it(home)
    assert index.verify(home)


@pytest.mark.slow
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


@pytest.mark.slow
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

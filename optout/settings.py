"""The settings, from environment variables. The only reader of os.environ.

docs/settings.md describes each; a test holds the two together.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from optout.domain import ConfigurationError

ROOT = Path(__file__).parent.parent
_PREFIX = "OPTOUT_"
_IN_AZURE = "WEBSITE_SITE_NAME"


class Settings(BaseModel):
    """What can be set, by the name of its variable without OPTOUT_ and in lower case."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    programs: Path = Path("programs.toml")
    store: str = Field("sqlite:.data/optout.db", pattern=r"^sqlite:.+$")
    acs_endpoint: str | None = Field(None, pattern=r"^https?://[^/]+/?$")
    acs_key: str | None = None
    acs_connection_string: str | None = None
    event_source: str | None = None
    cache_seconds: float = Field(30, ge=0, le=30)
    text_days: int = Field(30, ge=0, le=3650)
    in_azure: bool = False

    @model_validator(mode="after")
    def _one_way_to_acs(self) -> "Settings":
        if self.acs_connection_string and (self.acs_endpoint or self.acs_key):
            raise ValueError(
                "OPTOUT_ACS_CONNECTION_STRING is set together with OPTOUT_ACS_ENDPOINT or "
                "OPTOUT_ACS_KEY: keep one of the two ways"
            )
        if self.acs_key and not self.acs_endpoint:
            raise ValueError("OPTOUT_ACS_KEY is set without OPTOUT_ACS_ENDPOINT: add the endpoint")
        return self

    @property
    def programs_path(self) -> Path:
        """The program file; a relative path starts at the project's folder."""
        return ROOT / self.programs

    @property
    def sqlite_path(self) -> Path:
        """The database file; a relative path starts at the project's folder."""
        return ROOT / self.store.removeprefix("sqlite:")

    @property
    def answers_through_acs(self) -> bool:
        return bool(self.acs_endpoint or self.acs_connection_string)


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of an environment, by default the process's own.

    An empty variable counts as not set. Raises ConfigurationError.
    """
    environment = os.environ if environment is None else environment
    given: dict[str, Any] = {
        name.removeprefix(_PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(_PREFIX) and value
    }
    try:
        settings = Settings.model_validate(given | {"in_azure": bool(environment.get(_IN_AZURE))})
    except ValidationError as problem:
        raise ConfigurationError("\n".join(map(_sentence, problem.errors()))) from None
    if settings.in_azure:
        _refuse_laptop_defaults(settings)
    return settings


def adopt_local_settings(path: Path = ROOT / "local.settings.json") -> None:
    """Take what local.settings.json says for variables that the environment does not set.

    It is what `func start` does. Raises ConfigurationError for a file that cannot be read.
    """
    if not path.exists():
        return
    try:
        values = json.loads(path.read_text("utf-8"))["Values"]
        for name, value in values.items():
            os.environ.setdefault(name, str(value))
    except (OSError, ValueError, KeyError, AttributeError) as problem:
        raise ConfigurationError(
            f"{path}: cannot be read ({problem!r}). Begin again from local.settings.sample.json."
        ) from None


def _refuse_laptop_defaults(settings: Settings) -> None:
    """On Azure Functions a file is lost with its instance, and a printed reply reaches nobody."""
    if settings.store.startswith("sqlite:"):
        raise ConfigurationError(
            "OPTOUT_STORE is an SQLite file, which Azure Functions loses with the instance: the "
            "suppression list would be lost."
        )
    if not settings.answers_through_acs:
        raise ConfigurationError(
            "OPTOUT_ACS_ENDPOINT is not set: in Azure replies must go through Azure Communication "
            "Services. Set it, or OPTOUT_ACS_CONNECTION_STRING."
        )


def _sentence(error: Mapping[str, Any]) -> str:
    if not error["loc"]:
        return str(error["ctx"]["error"])
    variable = _PREFIX + str(error["loc"][0]).upper()
    if error["type"] == "extra_forbidden":
        return f"{variable}: there is no such setting; docs/settings.md lists them"
    if variable == "OPTOUT_STORE":
        return "OPTOUT_STORE: write sqlite:PATH, for example sqlite:.data/optout.db"
    return f"{variable}: {error['msg'].lower()}; docs/settings.md says what it takes"

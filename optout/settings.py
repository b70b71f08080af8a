"""The settings, from environment variables. The only reader of os.environ.

docs/settings.md describes each; a test holds the two together.
"""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from optout.azure.sms import ACS_ENDPOINT
from optout.domain import link_keys
from optout.domain.errors import ConfigurationError
from optout.domain.link_keys import LinkKey
from optout.domain.nearest import did_you_mean

_BESIDE = Path(__file__).parent.parent
# The project's folder. Where optout is installed, no project is beside it: then the folder in which it
# is run, as for `func start`, so that no list is kept among packages, which are replaced.
ROOT = _BESIDE if (_BESIDE / "host.json").exists() else Path()
# The example's programs; there only where optout is installed.
_SAMPLE = Path(__file__).with_name("programs.toml")
_PREFIX = "OPTOUT_"
# That of `func start`.
LOCAL_PORT = 7071
# Outside of the prefix: the queue trigger takes this name of a connection, and what it finds beside it.
QUEUE = "OptoutQueue"
# Read by the trigger alone.
_FOR_THE_TRIGGER = f"{QUEUE}__credential"
# What the command line is told of a deployed app; no settings of an app.
URL, KEY = f"{_PREFIX}URL", f"{_PREFIX}KEY"
# One variable for each partner, which is not one of these settings by itself.
_PARTNER_KEY = f"{_PREFIX}MESSAGING_CONNECT_KEY_"
_HOST = r"[^/\s\[\]]+"
# It is part of every text: what the alphabet of SMS has, and as little as possible.
_LINK_BASE = r"^(https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9/-]*)?|http://(localhost|127\.0\.0\.1)(:[0-9]{1,5})?/?)$"
# What the platform leaves of a reference to a Key Vault that it could not resolve.
_UNRESOLVED = "@Microsoft.KeyVault("
_IN_AZURE = "WEBSITE_SITE_NAME"
_AUTHENTICATION = "WEBSITE_AUTH_ENABLED"


def _link_keys(value: object) -> object:
    if not isinstance(value, str):
        return value
    return None if value.startswith(_UNRESOLVED) else link_keys.parse(value)


class Settings(BaseModel):
    """The settings; each field is a variable's name without OPTOUT_, in lower case, or has the name as
    its alias."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    programs: Path = Path("programs.toml")
    store: str = Field(default="sqlite:.data/optout.db", pattern=r"^(sqlite:.+|tables)$")
    tables_endpoint: str | None = Field(default=None, pattern=rf"^https://{_HOST}/?$")
    tables_connection_string: str | None = None
    acs_endpoint: str | None = Field(default=None, pattern=ACS_ENDPOINT)
    acs_key: str | None = None
    acs_connection_string: str | None = None
    # By the partner's name in lower case.
    messaging_connect_keys: Mapping[str, str] = Field(
        default={}, alias="OPTOUT_MESSAGING_CONNECT_KEY_PARTNER"
    )
    topic_endpoint: str | None = Field(default=None, pattern=rf"^https?://{_HOST}/\S*$")
    topic_key: str | None = None
    event_source: str | None = None
    queue_connection_string: str | None = Field(default=None, alias="OptoutQueue")
    queue_service_uri: str | None = Field(
        default=None, alias="OptoutQueue__queueServiceUri", pattern=rf"^https://{_HOST}/?$"
    )
    queue_client_id: str | None = Field(default=None, alias="OptoutQueue__clientId")
    cache_seconds: float = Field(default=30, ge=0, le=30)
    text_days: int = Field(default=30, ge=0, le=3650)
    # Ten business days, within which the FCC wants a request honoured, are at least two weeks.
    review_days: int = Field(default=3, ge=1, le=14)
    link_base: str | None = Field(default=None, pattern=_LINK_BASE)
    # None where they are in a vault that does not let the app in: it must take events all the same.
    link_keys: Annotated[tuple[LinkKey, ...] | None, BeforeValidator(_link_keys)] = ()

    @model_validator(mode="after")
    def _ways_in(self) -> "Settings":
        if self.acs_connection_string and (self.acs_endpoint or self.acs_key):
            raise ValueError(
                "OPTOUT_ACS_CONNECTION_STRING is set together with OPTOUT_ACS_ENDPOINT or "
                "OPTOUT_ACS_KEY: keep one of the two ways"
            )
        for service in ("ACS", "TOPIC"):
            endpoint = getattr(self, f"{service.lower()}_endpoint")
            key = getattr(self, f"{service.lower()}_key")
            if key and not endpoint:
                raise ValueError(
                    f"OPTOUT_{service}_KEY is set without OPTOUT_{service}_ENDPOINT: add the endpoint"
                )
            if endpoint and endpoint.startswith("http:") and not key:
                raise ValueError(
                    f"OPTOUT_{service}_ENDPOINT begins with http: without OPTOUT_{service}_KEY the app "
                    "signs in with its identity, and that needs https"
                )
        return self

    @model_validator(mode="after")
    def _one_way_to_tables(self) -> "Settings":
        given = [self.tables_endpoint, self.tables_connection_string]
        if self.store != "tables" and any(given):
            raise ValueError(
                "OPTOUT_TABLES_ENDPOINT or OPTOUT_TABLES_CONNECTION_STRING is set, but OPTOUT_STORE is "
                "not tables: set OPTOUT_STORE=tables, or remove the other"
            )
        if self.store == "tables" and all(given):
            raise ValueError(
                "OPTOUT_TABLES_CONNECTION_STRING is set together with OPTOUT_TABLES_ENDPOINT: keep one "
                "of the two ways"
            )
        if self.store == "tables" and not any(given):
            raise ValueError(
                "OPTOUT_STORE is tables: set OPTOUT_TABLES_ENDPOINT, for example "
                "https://ACCOUNT.table.core.windows.net, or OPTOUT_TABLES_CONNECTION_STRING"
            )
        return self

    @model_validator(mode="after")
    def _one_way_to_the_queue(self) -> "Settings":
        if self.queue_connection_string and self.queue_service_uri:
            raise ValueError(
                "OptoutQueue is set together with OptoutQueue__queueServiceUri: keep one of the two "
                "ways"
            )
        if self.queue_client_id and not self.queue_service_uri:
            raise ValueError(
                "OptoutQueue__clientId is set without OptoutQueue__queueServiceUri: add the address, "
                "or remove it"
            )
        return self

    @model_validator(mode="after")
    def _whole_links(self) -> "Settings":
        if self.link_keys and not self.link_base:
            raise ValueError(
                "OPTOUT_LINK_KEYS is set without OPTOUT_LINK_BASE: add the address that people see, "
                "for example https://o.contoso.com"
            )
        if self.link_base and self.link_keys == () and self.store == "tables":
            raise ValueError(
                "OPTOUT_LINK_BASE is set without OPTOUT_LINK_KEYS: add a key, as docs/settings.md says"
            )
        return self

    @property
    def local_key_path(self) -> Path | None:
        """Where a laptop keeps the key of its links, beside its store; None over tables, whose app has
        its keys from the settings."""
        return None if self.store == "tables" else self.sqlite_path.parent / "link.key"

    @property
    def address_of_links(self) -> str | None:
        """Where links lead; on a laptop to itself, if nothing else is said."""
        return self.link_base or (None if self.store == "tables" else f"http://localhost:{LOCAL_PORT}")

    @property
    def programs_path(self) -> Path:
        """The program file; a relative path starts at the project's folder. Where optout is installed,
        it is the example's as long as none is named and none is there."""
        return _SAMPLE if self.has_sample_programs else ROOT / self.programs

    @property
    def has_sample_programs(self) -> bool:
        """Whether the example's programs stand in for a program file that is not there."""
        is_named = "programs" in self.model_fields_set
        return not is_named and _SAMPLE.exists() and not (ROOT / self.programs).exists()

    @property
    def sqlite_path(self) -> Path:
        """The database file; a relative path starts at the project's folder."""
        return ROOT / self.store.removeprefix("sqlite:")

    @property
    def answers_through_acs(self) -> bool:
        return bool(self.acs_endpoint or self.acs_connection_string)

    @property
    def has_queue(self) -> bool:
        """Whether what is still to be done about evidence goes to a queue."""
        return bool(self.queue_connection_string or self.queue_service_uri)


def variables() -> Mapping[str, str]:
    """The variable of each setting, by its field."""
    return {
        name: field.alias or f"{_PREFIX}{name.upper()}" for name, field in Settings.model_fields.items()
    }


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of an environment, by default the process's own.

    An empty variable counts as not set. Raises ConfigurationError.
    """
    environment = os.environ if environment is None else environment
    try:
        settings = Settings.model_validate(_given(environment))
    except ValidationError as problem:
        raise ConfigurationError("\n".join(map(_sentence, problem.errors()))) from None
    problems = list(laptop_defaults(settings)) if in_azure(environment) else []
    if problems:
        raise ConfigurationError("\n".join(problems))
    return settings


def _given(environment: Mapping[str, str]) -> dict[str, Any]:
    """What is set, by field or alias. The queue's names count in any case, as they do for the trigger:
    Windows gives all variables in capital letters."""
    of_the_queue = {
        variable.lower(): variable
        for variable in (*variables().values(), _FOR_THE_TRIGGER)
        if variable.startswith(QUEUE)
    }
    given: dict[str, Any] = {}
    for name, value in environment.items():
        if not value or name in (URL, KEY):
            continue
        partner = name.upper().removeprefix(_PARTNER_KEY).lower()
        if partner and name.upper().startswith(_PARTNER_KEY):
            given.setdefault(f"{_PARTNER_KEY}PARTNER", {})[partner] = value
        elif name.startswith(_PREFIX):
            given[name.removeprefix(_PREFIX).lower()] = value
        elif name.lower().startswith(QUEUE.lower()):
            given[of_the_queue.get(name.lower(), name)] = value
    given.pop(_FOR_THE_TRIGGER, None)
    return given


def names_queue(environment: Mapping[str, str] | None = None) -> bool:
    """Whether there is a connection for the queue's trigger, by default in the process's own
    environment; whether it is right is another question."""
    given = _given(os.environ if environment is None else environment)
    return any(name.startswith(QUEUE) for name in given)


def in_azure(environment: Mapping[str, str] | None = None) -> bool:
    """Whether this is a function app in Azure, by default the process's own environment."""
    return bool((os.environ if environment is None else environment).get(_IN_AZURE))


def platform_authenticates(environment: Mapping[str, str] | None = None) -> bool:
    """Whether App Service Authentication is in front of the app.

    The platform sets the variable, and only then removes what callers send in the headers in which it
    says who they are (https://learn.microsoft.com/azure/app-service/reference-app-settings and
    configure-authentication-user-identities). The Functions host relies on the same variable.
    """
    environment = os.environ if environment is None else environment
    return bool(environment.get(_IN_AZURE)) and environment.get(_AUTHENTICATION, "").lower() == "true"


def storage_connection_string(environment: Mapping[str, str] | None = None) -> str | None:
    """How the command line reaches dead letters without an identity; az uses the same variable."""
    environment = os.environ if environment is None else environment
    return environment.get("AZURE_STORAGE_CONNECTION_STRING") or None


def deployed_app(environment: Mapping[str, str] | None = None) -> tuple[str | None, str | None]:
    """The address of the deployed app that the command line asks, and a key for it, where they are
    said."""
    environment = os.environ if environment is None else environment
    return environment.get(URL) or None, environment.get(KEY) or None


def is_completing(environment: Mapping[str, str] | None = None) -> bool:
    """Whether a shell asks how a command line could go on: argcomplete's protocol."""
    return "_ARGCOMPLETE" in (os.environ if environment is None else environment)


def allows_colour(environment: Mapping[str, str] | None = None) -> bool:
    """Whether nobody has said that there is to be no colour on a terminal (https://no-color.org)."""
    environment = os.environ if environment is None else environment
    return not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"


def adopt_local_settings(path: Path = ROOT / "local.settings.json") -> None:
    """Take what local.settings.json says for variables that the environment does not have.

    `func start` does the same. A variable that is set but empty stays empty: it unsets what the file
    says. Raises ConfigurationError if the file cannot be read.
    """
    if not path.exists():
        return
    try:
        values = json.loads(path.read_text("utf-8-sig"))["Values"]
        for name, value in values.items():
            os.environ.setdefault(name, "" if value is None else str(value))
    except (
        OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError,
    ) as problem:  # fmt: skip
        # Not its repr: that of a decoding error contains the whole file, secrets and all.
        raise ConfigurationError(
            f"{path}: cannot be read ({problem}). It must be a JSON object with an object "
            '"Values"; begin again from local.settings.sample.json.'
        ) from None


def laptop_defaults(settings: Settings) -> Iterator[str]:
    """What Azure refuses: a file is lost with its instance, and a printed reply reaches no phone."""
    if settings.store.startswith("sqlite:"):
        yield (
            "OPTOUT_STORE is an SQLite file, which Azure Functions loses with the instance: the "
            "suppression list would be lost. Set OPTOUT_STORE=tables and OPTOUT_TABLES_ENDPOINT."
        )
    if not settings.answers_through_acs:
        yield (
            "OPTOUT_ACS_ENDPOINT is not set: in Azure replies must go through Azure Communication "
            "Services. Set it, or OPTOUT_ACS_CONNECTION_STRING."
        )


_TAKES = {
    "OPTOUT_STORE": "write sqlite:PATH, for example sqlite:.data/optout.db, or tables",
    "OPTOUT_TABLES_ENDPOINT": "write https://ACCOUNT.table.core.windows.net, with nothing after it",
    "OPTOUT_ACS_ENDPOINT": "write https://NAME.communication.azure.com, without a path",
    "OPTOUT_TOPIC_ENDPOINT": "write https://NAME.REGION.eventgrid.azure.net/api/events",
    "OptoutQueue__queueServiceUri": "write https://ACCOUNT.queue.core.windows.net, nothing after it",
    "OPTOUT_CACHE_SECONDS": "write a number from 0 to 30",
    "OPTOUT_TEXT_DAYS": "write a whole number from 0 to 3650",
    "OPTOUT_LINK_BASE": "write https://NAME, as short as you have it, for example https://o.contoso.com",
}


def _sentence(error: Mapping[str, Any]) -> str:
    if not error["loc"]:
        return str(error["ctx"]["error"])
    name = str(error["loc"][0])
    variable = name if name.startswith(QUEUE) else _PREFIX + name.upper()
    if error["type"] == "extra_forbidden":
        known = (each for each in variables().values() if not each.startswith(_PARTNER_KEY))
        meant = did_you_mean(variable, known)
        return f"{variable}: there is no such setting{meant}; docs/settings.md lists them"
    said = str(error["msg"])
    if error["type"] == "value_error":
        return f"{variable}: {said.removeprefix('Value error, ')}; see docs/settings.md"
    return f"{variable}: {_TAKES.get(variable, said.lower())}; see docs/settings.md"


def lead_links_to(address: str) -> None:
    """Where the links of this process lead, unless it is said."""
    os.environ[f"{_PREFIX}LINK_BASE"] = os.environ.get(f"{_PREFIX}LINK_BASE") or address


def forwarded_names(port: int) -> Iterator[str]:
    """The name under which Codespaces forwards a port, to its owner alone unless they make it public.

    Source: GitHub Docs, Forwarding ports in your codespace, and its default environment variables.
    """
    codespace = os.environ.get("CODESPACE_NAME")
    domain = os.environ.get("GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN")
    if codespace and domain:
        yield f"{codespace}-{port}.{domain}"

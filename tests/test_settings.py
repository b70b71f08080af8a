"""The settings: each is read, what cannot be right is refused, and no secret is told."""

import json
import os
import re
from pathlib import Path

import pytest

from optout import settings
from optout.domain.errors import ConfigurationError
from optout.settings import Settings

DOCUMENT = (settings.ROOT / "docs/settings.md").read_text("utf-8")
ENDPOINT = "https://contoso.communication.azure.com"
SECRET = "the-words-that-nobody-may-read"
TABLES = "https://contoso.table.core.windows.net"
TOPIC = "https://contoso.westeurope-1.eventgrid.azure.net/api/events"
CONNECTION = f"endpoint={ENDPOINT}/;accesskey={SECRET}"
SOURCE = "/subscriptions/1/resourceGroups/contoso"
QUEUE = "https://contoso.queue.core.windows.net"
URI = "OptoutQueue__queueServiceUri"
AZURE = {"WEBSITE_SITE_NAME": "contoso-optout"}


@pytest.mark.parametrize(
    ("given", "name", "expected"),
    [
        ({"OPTOUT_PROGRAMS": "mine.toml"}, "programs_path", settings.ROOT / "mine.toml"),
        ({"OPTOUT_PROGRAMS": "/etc/mine.toml"}, "programs_path", Path("/etc/mine.toml")),
        ({"OPTOUT_STORE": "sqlite:data/a.db"}, "sqlite_path", settings.ROOT / "data/a.db"),
        ({"OPTOUT_STORE": "sqlite:/data/a.db"}, "sqlite_path", Path("/data/a.db")),
        ({"OPTOUT_ACS_ENDPOINT": ENDPOINT}, "acs_endpoint", ENDPOINT),
        ({"OPTOUT_ACS_ENDPOINT": ENDPOINT}, "answers_through_acs", True),
        ({"OPTOUT_ACS_ENDPOINT": ENDPOINT, "OPTOUT_ACS_KEY": SECRET}, "acs_key", SECRET),
        (
            {"OPTOUT_ACS_ENDPOINT": "http://127.0.0.1:8080", "OPTOUT_ACS_KEY": SECRET},
            "acs_endpoint",
            "http://127.0.0.1:8080",
        ),
        ({"OPTOUT_ACS_CONNECTION_STRING": CONNECTION}, "acs_connection_string", CONNECTION),
        ({"OPTOUT_ACS_CONNECTION_STRING": CONNECTION}, "answers_through_acs", True),
        ({"OPTOUT_STORE": "tables", "OPTOUT_TABLES_ENDPOINT": TABLES}, "tables_endpoint", TABLES),
        (
            {"OPTOUT_STORE": "tables", "OPTOUT_TABLES_CONNECTION_STRING": SECRET},
            "tables_connection_string",
            SECRET,
        ),
        (
            {
                "OPTOUT_MESSAGING_CONNECT_KEY_INFOBIP": SECRET,
                "Optout_Messaging_Connect_Key_A_Telco": "1",
            },
            "messaging_connect_keys",
            {"infobip": SECRET, "a_telco": "1"},
        ),
        ({"OPTOUT_MESSAGING_CONNECT_KEY_INFOBIP": ""}, "messaging_connect_keys", {}),
        ({"OPTOUT_TOPIC_ENDPOINT": TOPIC}, "topic_endpoint", TOPIC),
        ({"OPTOUT_TOPIC_ENDPOINT": TOPIC, "OPTOUT_TOPIC_KEY": SECRET}, "topic_key", SECRET),
        ({"OPTOUT_EVENT_SOURCE": SOURCE}, "event_source", SOURCE),
        ({"OptoutQueue": SECRET}, "queue_connection_string", SECRET),
        ({"OptoutQueue": SECRET}, "has_queue", True),
        ({URI: QUEUE}, "queue_service_uri", QUEUE),
        ({URI: f"{QUEUE}/"}, "has_queue", True),
        ({URI: QUEUE, "OptoutQueue__clientId": "1"}, "queue_client_id", "1"),
        ({URI: QUEUE, "OptoutQueue__credential": "managedidentity"}, "queue_client_id", None),
        ({"OPTOUTQUEUE__QUEUESERVICEURI": QUEUE}, "queue_service_uri", QUEUE),
        ({"OPTOUT_CACHE_SECONDS": "0.5"}, "cache_seconds", 0.5),
        ({"OPTOUT_CACHE_SECONDS": "0"}, "cache_seconds", 0),
        ({"OPTOUT_REVIEW_DAYS": "10"}, "review_days", 10),
        ({"OPTOUT_TEXT_DAYS": "7"}, "text_days", 7),
    ],
)
def test_each_is_read(given: dict[str, str], name: str, expected: object) -> None:
    """What is set is what is used."""
    assert getattr(settings.load(given), name) == expected


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"PATH": "/usr/bin", "HOME": "/root"},
        dict.fromkeys(settings.variables().values(), ""),
    ],
    ids=["nothing", "others", "empty"],
)
def test_defaults(environment: dict[str, str]) -> None:
    """Nothing need be set, and an empty variable counts as not set."""
    loaded = settings.load(environment)
    assert loaded == Settings()
    assert loaded.programs_path == settings.ROOT / "programs.toml"
    assert loaded.sqlite_path == settings.ROOT / ".data/optout.db"
    assert not loaded.answers_through_acs
    assert not loaded.has_queue


def test_the_process_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an environment it is the process's own."""
    monkeypatch.setenv("OPTOUT_TEXT_DAYS", "3")
    assert settings.load().text_days == 3


REFUSED: list[tuple[str, dict[str, str], str]] = [
    ("an unknown variable", {"OPTOUT_COLOUR": SECRET}, "OPTOUT_COLOUR: there is no such setting"),
    ("not a variable", {"OPTOUT_IN_AZURE": "1"}, "OPTOUT_IN_AZURE: there is no such setting"),
    (
        "a partner's key without the partner",
        {"OPTOUT_MESSAGING_CONNECT_KEY_": SECRET},
        "OPTOUT_MESSAGING_CONNECT_KEY_: there is no such setting",
    ),
    (
        "a key of no partner",
        {"OPTOUT_MESSAGING_CONNECT_KEY": SECRET},
        "OPTOUT_MESSAGING_CONNECT_KEY: there is no such setting",
    ),
    ("nothing but the prefix", {"OPTOUT_": "1"}, "OPTOUT_: there is no such setting"),
    ("a store without its kind", {"OPTOUT_STORE": f"/{SECRET}"}, "OPTOUT_STORE: write sqlite:PATH"),
    ("a store without its path", {"OPTOUT_STORE": "sqlite:"}, "OPTOUT_STORE: write sqlite:PATH"),
    ("another store", {"OPTOUT_STORE": f"redis:{SECRET}"}, "OPTOUT_STORE: write sqlite:PATH"),
    ("tables without a place", {"OPTOUT_STORE": "tables"}, "OPTOUT_STORE is tables: set OPTOUT_TABLES"),
    ("a place without tables", {"OPTOUT_TABLES_ENDPOINT": TABLES}, "but OPTOUT_STORE is not"),
    (
        "two ways to tables",
        {
            "OPTOUT_STORE": "tables",
            "OPTOUT_TABLES_ENDPOINT": TABLES,
            "OPTOUT_TABLES_CONNECTION_STRING": SECRET,
        },
        "keep one of the two ways",
    ),
    (
        "tables with a path",
        {"OPTOUT_STORE": "tables", "OPTOUT_TABLES_ENDPOINT": f"{TABLES}/{SECRET}"},
        "OPTOUT_TABLES_ENDPOINT: write https://",
    ),
    (
        "an endpoint without https",
        {"OPTOUT_ACS_ENDPOINT": SECRET},
        "OPTOUT_ACS_ENDPOINT: write https://",
    ),
    (
        "an endpoint with a path",
        {"OPTOUT_ACS_ENDPOINT": f"{ENDPOINT}/sms"},
        "OPTOUT_ACS_ENDPOINT: write https://",
    ),
    (
        "an endpoint that is a connection string",
        {"OPTOUT_ACS_ENDPOINT": CONNECTION},
        "OPTOUT_ACS_ENDPOINT: write https://",
    ),
    (
        "an identity over http",
        {"OPTOUT_ACS_ENDPOINT": "http://127.0.0.1:8080"},
        "OPTOUT_ACS_ENDPOINT begins with http: without OPTOUT_ACS_KEY",
    ),
    ("a key without an endpoint", {"OPTOUT_ACS_KEY": SECRET}, "without OPTOUT_ACS_ENDPOINT"),
    (
        "a connection string and an endpoint",
        {"OPTOUT_ACS_CONNECTION_STRING": CONNECTION, "OPTOUT_ACS_ENDPOINT": ENDPOINT},
        "keep one of the two ways",
    ),
    (
        "a connection string and a key",
        {"OPTOUT_ACS_CONNECTION_STRING": CONNECTION, "OPTOUT_ACS_KEY": SECRET},
        "keep one of the two ways",
    ),
    (
        "two ways to the queue",
        {"OptoutQueue": SECRET, URI: QUEUE},
        "OptoutQueue is set together with OptoutQueue__queueServiceUri",
    ),
    ("an identity without a queue", {"OptoutQueue__clientId": SECRET}, "add the address, or remove it"),
    ("an identity over http, to the queue", {URI: "http://127.0.0.1:10001"}, f"{URI}: write https://"),
    ("a queue with its name", {URI: f"{QUEUE}/{SECRET}"}, f"{URI}: write https://ACCOUNT"),
    (
        "a slip of the pen",
        {"OptoutQueue__serviceUrl": SECRET},
        "OptoutQueue__serviceUrl: there is no such setting",
    ),
    (
        "the queue as a field",
        {"OPTOUT_QUEUE_SERVICE_URI": QUEUE},
        "OPTOUT_QUEUE_SERVICE_URI: there is no",
    ),
    ("too long a cache", {"OPTOUT_CACHE_SECONDS": "31"}, "OPTOUT_CACHE_SECONDS: write a number"),
    ("a cache in words", {"OPTOUT_CACHE_SECONDS": SECRET}, "OPTOUT_CACHE_SECONDS: write a number"),
    ("a cache without end", {"OPTOUT_CACHE_SECONDS": "nan"}, "OPTOUT_CACHE_SECONDS: write a number"),
    ("days in the past", {"OPTOUT_TEXT_DAYS": "-1"}, "OPTOUT_TEXT_DAYS: write a whole number"),
    ("half a day", {"OPTOUT_TEXT_DAYS": "0.5"}, "OPTOUT_TEXT_DAYS: write a whole number"),
    ("SQLite in Azure", AZURE, "OPTOUT_STORE is an SQLite file"),
    ("no ACS in Azure", AZURE, "OPTOUT_ACS_ENDPOINT is not set"),
    (
        "SQLite in Azure, with ACS",
        {**AZURE, "OPTOUT_ACS_CONNECTION_STRING": CONNECTION},
        "OPTOUT_STORE is an SQLite file",
    ),
]


@pytest.mark.parametrize(("situation", "given", "says"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_is_refused(situation: str, given: dict[str, str], says: str) -> None:
    """The message names the variable and what to write, and tells no value."""
    with pytest.raises(ConfigurationError) as caught:
        settings.load(given)
    assert says in str(caught.value)
    assert SECRET not in str(caught.value)


def test_everything_wrong_is_said_at_once() -> None:
    """One start, all messages, a line each."""
    with pytest.raises(ConfigurationError) as caught:
        settings.load({"OPTOUT_COLOUR": "red", "OPTOUT_TEXT_DAYS": "x", "OPTOUT_STORE": "x"})
    assert len(str(caught.value).splitlines()) == 3


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment of this test's own."""
    monkeypatch.setattr(os, "environ", {"OPTOUT_TEXT_DAYS": "1", "OPTOUT_ACS_KEY": ""})


@pytest.mark.usefixtures("clean")
def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    """local.settings.json fills in what the environment does not have; an empty variable is there."""
    file = tmp_path / "local.settings.json"
    values = {
        "OPTOUT_TEXT_DAYS": "2",
        "OPTOUT_ACS_KEY": SECRET,
        "OPTOUT_CACHE_SECONDS": 3,
        "OPTOUT_EVENT_SOURCE": None,
        "FUNCTIONS_WORKER_RUNTIME": "python",
    }
    file.write_text("\ufeff" + json.dumps({"IsEncrypted": False, "Values": values}), "utf-8")
    settings.adopt_local_settings(file)
    assert settings.load() == Settings(text_days=1, cache_seconds=3)
    assert os.environ["FUNCTIONS_WORKER_RUNTIME"] == "python"


@pytest.mark.usefixtures("clean")
def test_no_file(tmp_path: Path) -> None:
    """There need be no local.settings.json."""
    settings.adopt_local_settings(tmp_path / "local.settings.json")
    assert settings.load() == Settings(text_days=1)


@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"Values": null}',
        b'{"Values": ["c2VjcmV0LW9mLWNvbnRvc28="]}',
        b'"c2VjcmV0LW9mLWNvbnRvc28="',
        b'{"Values": {"OPTOUT_ACS_KEY": "c2VjcmV0LW9mLWNvbnRvc28="',
        b'{"Values": {"OPTOUT_ACS_KEY": "c2VjcmV0LW9mLWNvbnRvc28=\xff"}}',
    ],
)
def test_a_file_that_cannot_be_read(content: bytes, tmp_path: Path) -> None:
    """The message names the file and tells nothing of what is in it."""
    file = tmp_path / "local.settings.json"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"local\.settings\.json: cannot be read") as caught:
        settings.adopt_local_settings(file)
    assert SECRET not in str(caught.value)


def test_the_sample_is_right() -> None:
    """local.settings.sample.json can be used as it is."""
    values = json.loads((settings.ROOT / "local.settings.sample.json").read_text("utf-8"))["Values"]
    assert settings.load(values) == Settings()


def test_every_setting_is_documented() -> None:
    """docs/settings.md has each setting, with its default, and no other."""
    rows = re.findall(r"^\| `(\w+)` \|.*?\| (.*?) \| [^|]* \|$", DOCUMENT, flags=re.MULTILINE)
    described = dict(rows)
    fields = {
        variable: Settings.model_fields[name].default for name, variable in settings.variables().items()
    }
    assert list(described) == list(fields)
    for variable, default in fields.items():
        expected = "none" if default in (None, {}, ()) else str(default)
        assert described[variable].strip("`").startswith(expected), variable
    named = set(re.findall(r"OPTOUT_\w+|OptoutQueue\w*", DOCUMENT))
    of_the_command = {settings.URL, settings.KEY}
    assert named - {"OPTOUT_", "OptoutQueue__credential"} - of_the_command == set(fields)
    assert settings.load(dict.fromkeys(of_the_command, "x")) == settings.load({})

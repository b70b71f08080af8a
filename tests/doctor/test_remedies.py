"""Each thing that can be wrong has a message of its own that says what to do."""

import secrets
import time
from base64 import b64encode
from pathlib import Path

import pytest

from tests.doctor.conftest import Examined
from tests.support.acs import LoopbackAcs
from tests.support.client import free_port
from tests.support.topic import LoopbackTopic

TABLES_ENDPOINT = {"OPTOUT_STORE": "tables", "OPTOUT_TABLES_ENDPOINT": "https://127.0.0.1:1"}

NO_CONNECTION = (
    "DefaultEndpointsProtocol=http;AccountName=a;AccountKey={key};TableEndpoint=http://{at};"
)

# A configuration with one thing wrong, the check that finds it, how bad it is, what is said of it.
BROKEN: list[tuple[str, dict[str, str], str, str, str]] = [
    (
        "a slip of the pen",
        {"OPTOUT_COLOUR": "red"},
        "settings", "wrong", "OPTOUT_COLOUR: there is no such setting",
    ),
    (
        "SQLite in Azure",
        {"WEBSITE_SITE_NAME": "contoso-optout"},
        "settings", "wrong", "OPTOUT_STORE is an SQLite file, which Azure Functions loses",
    ),
    (
        "SQLite, on the way to Azure",
        {},
        "in Azure the app would refuse to start", "warning", "Set OPTOUT_STORE=tables and",
    ),
    (
        "no program file",
        {"OPTOUT_PROGRAMS": "/nowhere/programs.toml"},
        "program file", "wrong", "cannot be read (No such file or directory). Set OPTOUT_PROGRAMS",
    ),
    (
        "the example's programs",
        {"OPTOUT_PROGRAMS": "programs.toml"},
        "program file", "warning", "it still has the example's programs (Contoso Alerts",
    ),
    (
        "no senders",
        {"OPTOUT_PROGRAMS": "{empty}"},
        "program file", "warning", "it has no senders. Enter your numbers",
    ),
    (
        "any event source",
        {"OPTOUT_EVENT_SOURCE": ""},
        "event source", "warning", "Set OPTOUT_EVENT_SOURCE to the resource id",
    ),
    (
        "not an event source",
        {"OPTOUT_EVENT_SOURCE": "contoso"},
        "event source", "wrong", "as `az communication show --query id` prints it",
    ),
    (
        "no identity for tables",
        TABLES_ENDPOINT,
        "identity", "wrong", "there is none here, and OPTOUT_TABLES_ENDPOINT needs one",
    ),
    (
        "no identity for all",
        {
            **TABLES_ENDPOINT,
            "OPTOUT_ACS_ENDPOINT": "https://contoso.communication.azure.com",
            "OPTOUT_TOPIC_ENDPOINT": "https://contoso.westeurope-1.eventgrid.azure.net/api/events",
        },
        "identity", "wrong",
        "OPTOUT_TABLES_ENDPOINT, OPTOUT_ACS_ENDPOINT, OPTOUT_TOPIC_ENDPOINT needs one",
    ),
    (
        "a folder that cannot be",
        {"OPTOUT_STORE": "sqlite:{empty}/optout.db"},
        "store", "wrong", "Check OPTOUT_STORE: its folder must be writable",
    ),
    (
        "Azurite is not running",
        {"OPTOUT_STORE": "tables", "OPTOUT_TABLES_CONNECTION_STRING": NO_CONNECTION},
        "store", "wrong", "Nothing answers at the address in OPTOUT_TABLES_CONNECTION_STRING. Is",
    ),
    (
        "a connection string with another key",
        {"OPTOUT_STORE": "tables", "OPTOUT_TABLES_CONNECTION_STRING": "{azurite with another key}"},
        "store", "wrong", "Copy OPTOUT_TABLES_CONNECTION_STRING again",
    ),
    (
        "half a connection string",
        {"OPTOUT_STORE": "tables", "OPTOUT_TABLES_CONNECTION_STRING": "AccountName=a"},
        "store", "wrong", "OPTOUT_TABLES_CONNECTION_STRING:",
    ),
    (
        "another key of ACS",
        {"OPTOUT_ACS_ENDPOINT": "{acs}", "OPTOUT_ACS_KEY": "{key}"},
        "ACS", "wrong", "it refuses these credentials (401). Copy OPTOUT_ACS_KEY again",
    ),
    (
        "a key of ACS that is none",
        {"OPTOUT_ACS_ENDPOINT": "{acs}", "OPTOUT_ACS_KEY": "no base64"},
        "ACS", "wrong", "is not base64",
    ),
    (
        "another connection string of ACS",
        {"OPTOUT_ACS_CONNECTION_STRING": "endpoint={acs}/;accesskey={key}"},
        "ACS", "wrong", "(401). Copy OPTOUT_ACS_CONNECTION_STRING again",
    ),
    (
        "nothing where ACS should be",
        {"OPTOUT_ACS_ENDPOINT": "http://{at}", "OPTOUT_ACS_KEY": "{key}"},
        "ACS", "wrong", "nothing answers there. Correct OPTOUT_ACS_ENDPOINT",
    ),
    (
        "another key of the topic",
        {"OPTOUT_TOPIC_ENDPOINT": "{topic}", "OPTOUT_TOPIC_KEY": "{key}"},
        "topic", "wrong", "it refuses these credentials (401). Copy OPTOUT_TOPIC_KEY again",
    ),
    (
        "nothing where the topic should be",
        {"OPTOUT_TOPIC_ENDPOINT": "http://{at}/api/events", "OPTOUT_TOPIC_KEY": "{key}"},
        "topic", "wrong", "nothing answers there. Correct OPTOUT_TOPIC_ENDPOINT",
    ),
    (
        "tables without a queue",
        {"OPTOUT_STORE": "tables", "OPTOUT_TABLES_CONNECTION_STRING": NO_CONNECTION},
        "queue", "warning", "an event fails where ACS or the topic is away",
    ),
    (
        "another key of the queue",
        {"OptoutQueue": "{queues with another key}"},
        "queue", "wrong", "it refuses these credentials (403). Copy OptoutQueue again",
    ),
    (
        "half a connection string to the queue",
        {"OptoutQueue": "AccountName=a"},
        "queue", "wrong", "OptoutQueue: ",
    ),
    (
        "nothing where the queue should be",
        {"OptoutQueue": NO_CONNECTION.replace("Table", "Queue")},
        "queue", "wrong", "nothing answers there. Correct OptoutQueue, and see",
    ),
    (
        "no identity for the queue",
        {"OptoutQueue__queueServiceUri": "https://127.0.0.1:1"},
        "identity", "wrong", "and OptoutQueue__queueServiceUri needs one",
    ),
    (
        "an address that is none",
        {"OPTOUT_TOPIC_ENDPOINT": "https://[contoso/api/events", "OPTOUT_TOPIC_KEY": "{key}"},
        "settings", "wrong", "OPTOUT_TOPIC_ENDPOINT: write https://NAME.REGION.eventgrid.azure.net",
    ),
    (
        "something else where the topic should be",
        {"OPTOUT_TOPIC_ENDPOINT": "{acs}/api/events", "OPTOUT_TOPIC_KEY": "{key}"},
        "topic", "wrong", "something else answers there (404). Correct OPTOUT_TOPIC_ENDPOINT",
    ),
]  # fmt: skip


def with_key(connection_string: str, key: str) -> str:
    """A connection string with this key in place of its own."""
    return connection_string.replace(connection_string.split("AccountKey=")[1].split(";")[0], key)


@pytest.mark.parametrize(
    ("changes", "subject", "verdict", "says"),
    [row[1:] for row in BROKEN],
    ids=[row[0] for row in BROKEN],
)
def test_what_is_wrong_is_said_with_its_remedy(
    changes: dict[str, str],
    subject: str,
    verdict: str,
    says: str,
    examined: Examined,
    azurite: str,
    acs: LoopbackAcs,
    topic: LoopbackTopic,
    queues: str,
    tmp_path: Path,
) -> None:
    """One line for it, within seconds, and no secret in any line."""
    (tmp_path / "empty.toml").write_text("")
    key = b64encode(secrets.token_bytes(64)).decode()
    places = {
        "empty": str(tmp_path / "empty.toml"),
        "azurite with another key": with_key(azurite, key),
        "queues with another key": with_key(queues, key),
        "acs": acs.endpoint,
        "topic": topic.endpoint,
        "at": f"127.0.0.1:{free_port()}",
        "key": key,
    }
    started = time.monotonic()
    findings = examined(
        {name: value.replace("{", "%(").replace("}", ")s") % places for name, value in changes.items()}
    )
    assert time.monotonic() - started < 10
    (line,) = [str(finding) for finding in findings if says in str(finding)]
    assert line.startswith(f"{verdict:<8} {subject}: ")
    assert all(key not in str(finding) for finding in findings)
    assert (acs.messages, topic.events) == ([], [])

"""The doctor: each thing that can be wrong has a message of its own that says what to do, and no check
changes anything or tells a secret."""

import json
import os
import secrets
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from optout import settings
from optout.doctor import examination, services
from optout.doctor.diagnosis import Condition, Diagnosis
from optout.store.sqlite.store import SqliteStore
from optout.store.tables import client
from optout.store.tables.store import TABLES, TablesStore
from tests.support import azurite as emulator
from tests.support.acs import LoopbackAcs
from tests.support.client import environment, free_port
from tests.support.topic import LoopbackTopic
from tests.support.world import World

SOURCE = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/contoso"
    "/providers/Microsoft.Communication/CommunicationServices/contoso"
)
PROGRAMS = """[[program]]
name = "Northwind"
list = "northwind"

[[program.sender]]
number = "12345"
type = "short_code"
country = "US"
"""
TABLES_ENDPOINT = {"OPTOUT_STORE": "tables", "OPTOUT_TABLES_ENDPOINT": "https://127.0.0.1:1"}

Examined = Callable[..., list[Diagnosis]]


@pytest.fixture
def examined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Examined:
    """The findings about a configuration: SQLite and somebody's own programs, unless changed."""
    programs = tmp_path / "programs.toml"
    programs.write_text(PROGRAMS)

    def examine(changes: Mapping[str, str]) -> list[Diagnosis]:
        right = {"OPTOUT_PROGRAMS": str(programs), "OPTOUT_EVENT_SOURCE": SOURCE}
        # However this machine is signed in to Azure: no identity but one that a test gives.
        nobody = {"AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential"}
        for name, value in (
            environment(tmp_path / "optout.db") | right | nobody | dict(changes)
        ).items():
            monkeypatch.setenv(name, value)
        return list(examination.examine())

    return examine


def conditions(findings: list[Diagnosis]) -> dict[str, Condition]:
    return {finding.subject: finding.condition for finding in findings}


@pytest.fixture
def acs() -> Iterator[LoopbackAcs]:
    with LoopbackAcs() as running:
        yield running


@pytest.fixture
def topic() -> Iterator[LoopbackTopic]:
    with LoopbackTopic() as running:
        yield running


@pytest.fixture(scope="module")
def queues(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The connection string of Azurite's queue service."""
    with emulator.azurite(tmp_path_factory.mktemp("queues"), "queue") as connection_string:
        yield connection_string


def test_all_is_well(
    examined: Examined, azurite: str, acs: LoopbackAcs, topic: LoopbackTopic, queues: str
) -> None:
    """Tables, ACS, a topic and a queue that let the app in: every line is ok, and nobody is texted or
    told."""
    findings = examined(
        {
            "OPTOUT_STORE": "tables", "OPTOUT_TABLES_CONNECTION_STRING": azurite,
            "OPTOUT_ACS_ENDPOINT": acs.endpoint, "OPTOUT_ACS_KEY": acs.key,
            "OPTOUT_TOPIC_ENDPOINT": topic.endpoint, "OPTOUT_TOPIC_KEY": topic.key,
            "OptoutQueue": queues,
        }
    )  # fmt: skip
    # Other tests leave people on other lists in the tables of the same name.
    assert {**conditions(findings), "lists": Condition.OK} == dict.fromkeys(
        ("settings", "program file", "event source", "store", "ACS", "topic", "queue", "lists"),
        Condition.OK,
    )
    assert (acs.requests, acs.messages) == (1, [])
    assert (topic.requests, topic.events) == (1, [])


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


def test_a_check_that_breaks() -> None:
    """It is wrong, and says no more than the kind of the error, which may quote a setting."""

    def broken(configured: settings.Settings) -> Iterator[Diagnosis]:
        yield Diagnosis(Condition.OK, "topic", str(int("secret")))

    (finding,) = examination._within("topic", broken, settings.Settings())
    assert str(finding).startswith("wrong    topic: it cannot be checked (ValueError). Compare its")
    assert "secret" not in str(finding)


class _TokenEndpoint(BaseHTTPRequestHandler):
    """The managed identity of a function app, as far as the SDK asks it."""

    def do_GET(self) -> None:
        token = {
            "access_token": secrets.token_urlsafe(), "token_type": "Bearer",
            "expires_on": str(int(time.time()) + 3600), "resource": "https://storage.azure.com",
        }  # fmt: skip
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(token).encode())

    def log_message(self, *arguments: object) -> None:
        pass


def test_a_managed_identity(examined: Examined) -> None:
    """It signs in, and what it is for is checked: here nothing answers at any of the addresses."""
    nowhere = f"https://127.0.0.1:{free_port()}"
    with HTTPServer(("127.0.0.1", 0), _TokenEndpoint) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        try:
            findings = examined(
                {
                    "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
                    "IDENTITY_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
                    "IDENTITY_HEADER": "a header",
                    "OPTOUT_STORE": "tables", "OPTOUT_TABLES_ENDPOINT": nowhere,
                    "OPTOUT_ACS_ENDPOINT": nowhere,
                    "OPTOUT_TOPIC_ENDPOINT": f"{nowhere}/api/events",
                    "OptoutQueue__queueServiceUri": nowhere,
                }
            )  # fmt: skip
        finally:
            server.shutdown()
    said = {
        finding.subject: f"{finding.condition} {finding.says}. {finding.remedy}" for finding in findings
    }
    assert said["identity"] == "ok it can sign in. "
    assert "Nothing answers there: correct OPTOUT_TABLES_ENDPOINT." in said["store"]
    assert said["ACS"].startswith("wrong nothing answers there. Correct OPTOUT_ACS_ENDPOINT")
    assert said["topic"].startswith("wrong nothing answers there. Correct OPTOUT_TOPIC_ENDPOINT")
    assert said["queue"].startswith("wrong nothing answers there. Correct OptoutQueue__queueServiceUri")


def test_people_on_a_list_without_a_sender(examined: Examined, tmp_path: Path) -> None:
    """A warning with the list and what to write; none any more once it is written."""
    with World(tmp_path) as world:
        world.receive("STOP")
    (warning,) = [str(finding) for finding in examined({}) if finding.subject == "lists"]
    assert warning.startswith('warning  lists: list "contoso-alerts": people are on it, and no sender')
    assert 'add formerly = ["contoso-alerts"] to the program' in warning
    renamed = PROGRAMS.replace("[[program.", 'formerly = ["contoso-alerts"]\n[[program.')
    (tmp_path / "renamed.toml").write_text(renamed, "utf-8")
    assert "lists" not in conditions(examined({"OPTOUT_PROGRAMS": str(tmp_path / "renamed.toml")}))


@pytest.mark.parametrize("status", [429, 503])
def test_what_is_busy_is_no_fault_of_the_configuration(
    status: int, examined: Examined, topic: LoopbackTopic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A warning: try again later."""
    monkeypatch.setattr(LoopbackTopic, "refusal", lambda *_: status)
    findings = examined({"OPTOUT_TOPIC_ENDPOINT": topic.endpoint, "OPTOUT_TOPIC_KEY": topic.key})
    assert str(findings[-1]) == f"warning  topic: it is busy ({status}). Try again later."


def test_a_queue_that_is_not_there_yet() -> None:
    """It need not be: a service that says so is as good as one that looks at the message first."""
    configured = settings.load({"OptoutQueue": "UseDevelopmentStorage=true"})
    finding = services._queue_answered(configured, 404)
    assert str(finding) == "ok       queue: it answers; the first message makes the queue"


def test_the_store_is_left_as_it_was(examined: Examined, azurite: str, tmp_path: Path) -> None:
    """In both stores the row that was tried is gone."""
    examined({})
    store = SqliteStore(tmp_path / "optout.db")
    assert store.list_quarantine(10, None).items == ()
    store.close()
    examined({"OPTOUT_STORE": "tables", "OPTOUT_TABLES_CONNECTION_STRING": azurite})
    account = client.connect(None, azurite)
    for name in TABLES:
        pages = account.table(f"optout{name}").pages("PartitionKey eq 'doctor'")
        assert list(pages) == [[]]
    TablesStore(account).close()


def test_a_database_that_cannot_be_written(examined: Examined, tmp_path: Path) -> None:
    """Reading is not enough: somebody else holds the lock."""
    database = tmp_path / "optout.db"
    SqliteStore(database).close()
    holder = subprocess.Popen(
        [
            sys.executable, "-c",
            "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); "
            "c.execute('BEGIN IMMEDIATE'); print('held', flush=True); sys.stdin.read()",
            str(database),
        ],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    try:
        findings = examined({})
    finally:
        holder.communicate()
    (line,) = [str(finding) for finding in findings if finding.subject == "store"]
    assert line.startswith("wrong")
    assert "database is locked" in line


def test_what_hangs_is_given_up(
    examined: Examined, topic: LoopbackTopic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check that does not end does not keep the others from being made."""
    monkeypatch.setattr(examination, "LONGEST_SECONDS", 1.5)
    monkeypatch.setattr(LoopbackTopic, "refusal", lambda *_: time.sleep(2.5))
    findings = examined({"OPTOUT_TOPIC_ENDPOINT": topic.endpoint, "OPTOUT_TOPIC_KEY": topic.key})
    assert str(findings[-1]).startswith("wrong    topic: no answer within 1.5 s. Check whether")
    assert conditions(findings)["store"] is Condition.OK


@pytest.mark.parametrize(
    ("changes", "code"),
    [({}, 0), ({"OPTOUT_EVENT_SOURCE": "contoso"}, 1), ({"OPTOUT_COLOUR": "red"}, 1)],
    ids=["warnings", "something wrong", "no settings"],
)
def test_the_exit_code_says_it(changes: dict[str, str], code: int, tmp_path: Path) -> None:
    """A line for each check; 1 if something is wrong, 0 if there are only warnings."""
    done = subprocess.run(
        [sys.executable, "-m", "optout", "doctor"],
        cwd=settings.ROOT,
        env={**os.environ, **environment(tmp_path / "optout.db", **changes)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (code, "")
    assert all(line.split()[0] in list(Condition) for line in done.stdout.splitlines())

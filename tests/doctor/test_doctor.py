"""The doctor: each thing that can be wrong has a message of its own that says what to do, and no check
changes anything or tells a secret."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import wait
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from optout import settings
from optout.doctor import examination, services
from optout.doctor.diagnosis import Condition, Diagnosis
from optout.store.sqlite.store import SqliteStore
from optout.store.tables import client
from optout.store.tables.store import TABLES, TablesStore
from tests.doctor.conftest import PROGRAMS, Examined, conditions
from tests.support.acs import LoopbackAcs
from tests.support.client import environment, free_port
from tests.support.identity import managed_identity
from tests.support.topic import LoopbackTopic
from tests.support.world import Clock, World

TABLES_ENDPOINT = {"OPTOUT_STORE": "tables", "OPTOUT_TABLES_ENDPOINT": "https://127.0.0.1:1"}


def test_a_day_that_comes_near(examined: Examined) -> None:
    """Sixty days before more is asked of opt-outs, and from then on: a warning with who asks for it."""
    examined({})
    day = datetime(2026, 12, 2, tzinfo=UTC)
    findings = list(examination.examine(lambda: day))
    (warning,) = [each for each in findings if each.subject == "reach of opt-outs"]
    assert warning.condition is Condition.WARNING
    assert "2027-01-31" in warning.says
    assert "FCC DA 26-12" in warning.says
    assert "docs/revocation.md" in warning.remedy
    before = examination.examine(lambda: day - timedelta(days=1))
    assert "reach of opt-outs" not in conditions(list(before))


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


PARTNERS_NUMBER = """
[[program.sender]]
number = "+4520123456"
type = "long_code"
country = "DK"
via = "messaging_connect"
partner = "infobip"
"""


@pytest.mark.parametrize(
    ("keys", "condition", "says"),
    [
        ({}, Condition.WRONG, "from +4520123456: OPTOUT_MESSAGING_CONNECT_KEY_INFOBIP is not set. Set"),
        ({"TELCO": "very-secret"}, Condition.WRONG, "OPTOUT_MESSAGING_CONNECT_KEY_INFOBIP is not set"),
        ({"INFOBIP": "@Microsoft.KeyVault(SecretUri=very-secret)"}, Condition.WRONG, "is not resolved"),
        ({"INFOBIP": "very-secret"}, Condition.OK, "there is a key for infobip"),
    ],
)
def test_a_number_of_a_partner(
    keys: dict[str, str],
    condition: Condition,
    says: str,
    examined: Examined,
    acs: LoopbackAcs,
    tmp_path: Path,
) -> None:
    """Whether its replies can be sent; the key itself is not said, and only ACS needs one."""
    file = tmp_path / "partners.toml"
    file.write_text(PROGRAMS + PARTNERS_NUMBER)
    configured = {
        "OPTOUT_PROGRAMS": str(file),
        **{f"OPTOUT_MESSAGING_CONNECT_KEY_{name}": key for name, key in keys.items()},
    }
    assert "messaging connect" not in conditions(examined(configured))
    through = {"OPTOUT_ACS_ENDPOINT": acs.endpoint, "OPTOUT_ACS_KEY": acs.key}
    findings = examined({**configured, **through})
    (found,) = [finding for finding in findings if finding.subject == "messaging connect"]
    assert found.condition is condition
    assert says in str(found)
    assert "very-secret" not in "".join(map(str, findings))


def test_a_check_that_breaks() -> None:
    """It is wrong, and says no more than the kind of the error, which may quote a setting."""

    def broken(configured: settings.Settings) -> Iterator[Diagnosis]:
        yield Diagnosis(Condition.OK, "topic", str(int("secret")))

    (finding,) = examination._begin("topic", broken, settings.Settings())()
    assert str(finding).startswith("wrong    topic: it cannot be checked (ValueError). Compare its")
    assert "secret" not in str(finding)


def test_a_managed_identity(examined: Examined) -> None:
    """It signs in, and what it is for is checked: here nothing answers at any of the addresses."""
    nowhere = f"https://127.0.0.1:{free_port()}"
    with managed_identity() as identity:
        findings = examined(
            {
                **identity,
                "OPTOUT_STORE": "tables", "OPTOUT_TABLES_ENDPOINT": nowhere,
                "OPTOUT_ACS_ENDPOINT": nowhere,
                "OPTOUT_TOPIC_ENDPOINT": f"{nowhere}/api/events",
                "OptoutQueue__queueServiceUri": nowhere,
            }
        )  # fmt: skip
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


def test_a_request_that_waits(examined: Examined, tmp_path: Path) -> None:
    """A warning with its days, once it has waited for longer than the setting allows."""
    with World(tmp_path, clock=Clock(datetime.now(UTC) - timedelta(days=5))) as world:
        world.receive("please cancel")
    (warning,) = [str(finding) for finding in examined({}) if finding.subject == "reviews"]
    assert warning.startswith("warning  reviews: the oldest request has waited for 5 days")
    assert "OPTOUT_REVIEW_DAYS is 3" in warning
    assert "reviews" not in conditions(examined({"OPTOUT_REVIEW_DAYS": "6"}))


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
    examined: Examined,
    topic: LoopbackTopic,
    monkeypatch: pytest.MonkeyPatch,
    end_of_hanging: threading.Event,
) -> None:
    """A check that does not end does not keep the others from being made. As long as it has not ended,
    it is not begun again: whoever asks often would leave a thread each time."""
    monkeypatch.setattr(examination, "LONGEST_SECONDS", 1.5)
    asked = []

    def refusal(*_: object) -> None:
        asked.append("the topic")
        assert end_of_hanging.wait(30)

    monkeypatch.setattr(LoopbackTopic, "refusal", refusal)
    hanging = {"OPTOUT_TOPIC_ENDPOINT": topic.endpoint, "OPTOUT_TOPIC_KEY": topic.key}
    first, *others = [examined(hanging) for _ in range(3)]
    assert str(first[-1]).startswith("wrong    topic: no answer within 1.5 s. Check whether")
    for findings in others:
        assert str(findings[-1]).startswith("wrong    topic: an earlier check of it has not ended. Ch")
    assert {conditions(findings)["store"] for findings in (first, *others)} == {Condition.OK}
    assert len(asked) == 1
    end_of_hanging.set()
    wait(examination._running.values(), 10)
    assert str(examined(hanging)[-1]).startswith("ok       topic:")


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

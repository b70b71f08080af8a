"""Events that were given up or put aside come back: dead letters from a folder or a container, and the
quarantine. Nothing is done twice, nothing is lost, and nobody is texted late."""

import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from azure.storage.blob import ContainerClient, ContainerSasPermissions, generate_container_sas

from optout import service
from optout.azure import dead_letters
from optout.domain.enums import Effect, ReplyStatus
from optout.domain.errors import StoreAway
from optout.domain.model import Evidence, Quarantined
from optout.operations import recovery
from optout.operations.handle import Result
from optout.operations.naming import find_sender
from tests.support import azurite as emulator
from tests.support.client import environment
from tests.support.command import in_process
from tests.support.payloads import sms_event
from tests.support.places import Place
from tests.support.terminal import shown_on_a_terminal

PERSON = "+14255550141"
FOLDER = "SMS-EVENTS/2026/6/1/12"
# What Event Grid adds beside the event, as it documents it for each schema.
GIVEN_UP: dict[str, dict[str, Any]] = {
    "event_grid": {
        "deadLetterReason": "MaxDeliveryAttemptsExceeded", "deliveryAttempts": 30,
        "lastDeliveryOutcome": "Busy", "publishTime": "2026-06-01T12:00:00.0265758Z",
        "lastDeliveryAttemptTime": "2026-06-02T12:00:00.0465788Z", "lastHttpStatusCode": 500,
    },
    "cloud_events": {
        "deadletterreason": "TimeToLiveExceeded", "deliveryattempts": 12,
        "lastdeliveryoutcome": "TimedOut", "publishtime": "2026-06-01T12:00:00.4018726Z",
    },
}  # fmt: skip


def dead_letter(
    text: str, *, schema: Any = "event_grid", minutes_ago: float = 120, **event: Any
) -> Any:
    """An event of some time ago as Event Grid leaves it."""
    at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    return json.loads(sms_event(text, at=at, schema=schema, **event)) | GIVEN_UP[schema]


# What was lost in an outage: a person's STOP and earlier START, another's STOP ALL, an event that is
# not ours, one that nobody can read.
OUTAGE: dict[str, Any] = {
    f"{FOLDER}/a.json": [
        dead_letter("STOP", from_=PERSON, message_id="m1", minutes_ago=60),
        dead_letter("START", from_=PERSON, message_id="m2", minutes_ago=90),
    ],
    f"{FOLDER}/b.json": dead_letter("STOP ALL", schema="cloud_events", from_="+14255550124"),
    f"{FOLDER}/c.json": [
        {"eventType": "Microsoft.Communication.CallStarted", "data": {}},
        dead_letter("STOP", from_="nobody"),
    ],
}
SUMMARY = "3 handled, 1 ignored, 1 quarantined, 0 failed"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files of the outage, downloaded."""
    there = tmp_path / "dead-letters"
    for name, content in OUTAGE.items():
        (there / name).parent.mkdir(parents=True, exist_ok=True)
        (there / name).write_text(json.dumps(content), "utf-8")
    (there / "README.txt").write_text("no dead letter")
    return there


Optout = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def optout(database: Path) -> Optout:
    """The command line with a store of this test."""

    def run(*arguments: str, **changes: str) -> "subprocess.CompletedProcess[str]":
        given = {"AZURE_STORAGE_CONNECTION_STRING": "", **environment(database, **changes)}
        return in_process([*arguments], given)

    return run


@pytest.fixture
def kept(database: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], service.Service]]:
    """The service on the same store, built when it is asked for."""
    for name, value in environment(database).items():
        monkeypatch.setenv(name, value)
    yield service.current
    service.shutdown()


def newest(running: service.Service, person: str = PERSON) -> Evidence:
    return running.store.history(person, 1, None).items[0]


def test_a_folder(optout: Optout, folder: Path, kept: Callable[[], service.Service]) -> None:
    """Everything arrives, in whatever order; nothing is sent late, nothing is lost, nobody is named."""
    done = optout("replay-dead-letters", str(folder))
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, SUMMARY), done.stderr
    assert "SMS from" not in done.stdout
    assert PERSON.removeprefix("+1") not in done.stdout + done.stderr
    assert "█" not in done.stderr  # a bar is for terminals
    running = kept()
    (answer,) = running.checks.check(find_sender(running.directory, "12345"), [PERSON])
    assert answer.suppressed
    stop, start = sorted(running.store.timeline(PERSON), key=lambda each: each.message_id or "")
    assert (stop.effect, stop.reply and stop.reply.status) == (Effect.OPTED_OUT, ReplyStatus.EXPIRED)
    assert start.at < stop.at
    (held,) = running.store.list_quarantine(10, None).items
    assert "deadLetterReason" in held.body
    assert len(list(folder.rglob("*.json"))) == 3


def test_a_bar_on_a_terminal(database: Path, folder: Path) -> None:
    """How far it is, for somebody who waits."""
    shown = shown_on_a_terminal(["replay-dead-letters", str(folder)], environment(database))
    assert "3/3" in shown


def test_again_changes_nothing(
    optout: Optout, folder: Path, kept: Callable[[], service.Service]
) -> None:
    """The second time finds what the first one wrote."""
    optout("replay-dead-letters", str(folder))
    before = kept().store.timeline(PERSON)
    assert optout("replay-dead-letters", str(folder)).stdout.splitlines()[-1] == SUMMARY
    assert kept().store.timeline(PERSON) == before
    assert len(kept().store.list_quarantine(10, None).items) == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "it is not JSON"), (b"[{", "it is not JSON"), (b"\xff\xfe[]", "it is not JSON")],
    ids=["empty", "cut off", "not UTF-8"],
)
def test_what_cannot_be_read_is_reported_and_left(
    content: bytes, reason: str, optout: Optout, folder: Path
) -> None:
    """By its name and with the reason, although everything else is deleted when it is done."""
    (folder / FOLDER / "broken.json").write_bytes(content)
    done = optout("replay-dead-letters", str(folder), "--delete")
    assert done.returncode == 1
    assert f"failed: {FOLDER}/broken.json: {reason}" in done.stdout
    assert done.stdout.splitlines()[-1] == SUMMARY.replace("0 failed", "1 failed")
    assert [path.name for path in folder.rglob("*.json")] == ["broken.json"]


def test_what_fails_stays(folder: Path, kept: Callable[[], service.Service]) -> None:
    """A file of which one event fails is not deleted; the next time finishes it."""
    running = kept()
    store_away: list[str] = [f"{FOLDER}/a.json, event 1"]

    def failing(raw: str) -> Result:
        if store_away and json.loads(raw).get("data", {}).get("messageId") == "m1":
            store_away.clear()
            raise StoreAway("Table Storage: 503 ServerBusy")
        return running.events.handle(raw)

    place = dead_letters.Folder(folder)
    report = recovery.replay_dead_letters(place, failing, iter, delete=True)
    assert report.failures == [f"{FOLDER}/a.json, event 1: Table Storage: 503 ServerBusy"]
    assert place.names() == [f"{FOLDER}/a.json"]
    assert str(recovery.replay_dead_letters(place, failing, iter, delete=True)).startswith("2 handled")
    assert place.names() == []
    assert newest(running).intent == "stop"


def test_an_empty_folder(optout: Optout, tmp_path: Path) -> None:
    """The best that can be said."""
    (tmp_path / "none").mkdir()
    done = optout("replay-dead-letters", str(tmp_path / "none"))
    assert (done.returncode, done.stdout.splitlines()[-1]) == (
        0, "0 handled, 0 ignored, 0 quarantined, 0 failed",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("place", "changes", "says"),
    [
        ("nowhere", {}, "nowhere: there is no such folder. Name one, or a container by its address"),
        ("https://a.blob.core.windows.net", {}, "this is not the address of a container"),
        ("http://a.blob.core.windows.net/b", {}, "signing in with an identity needs https"),
        (
            "dead-letters",
            {"AZURE_STORAGE_CONNECTION_STRING": "the-words-that-nobody-may-read"},
            "AZURE_STORAGE_CONNECTION_STRING: copy it whole",
        ),
    ],
    ids=["no folder", "no container", "an identity over http", "a wrong connection string"],
)
def test_a_place_that_cannot_be(place: str, changes: dict[str, str], says: str, optout: Optout) -> None:
    """Exit code 2, and what to write."""
    done = optout("replay-dead-letters", place, **changes)
    assert done.returncode == 2
    assert done.stderr.startswith(f"optout: {says}")
    assert "nobody-may-read" not in done.stderr


@pytest.fixture(scope="module")
def blobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The connection string of Azurite's blob service."""
    with emulator.azurite(tmp_path_factory.mktemp("blobs"), "blob") as connection_string:
        yield connection_string


@pytest.fixture
def container(blobs: str) -> Iterator[ContainerClient]:
    """A container with the files of the outage."""
    name = f"dead-letters-{uuid4()}"
    with ContainerClient.from_connection_string(blobs, name) as client:
        client.create_container()
        for blob, content in OUTAGE.items():
            client.upload_blob(blob, json.dumps(content).encode())
        client.upload_blob("README.txt", b"no dead letter")
        yield client


def test_a_container_by_its_name(
    optout: Optout, container: ContainerClient, blobs: str, tables: Place
) -> None:
    """By connection string, into tables; with --delete nothing but the strange file is left."""
    done = optout(
        "replay-dead-letters", container.container_name, "--delete",
        AZURE_STORAGE_CONNECTION_STRING=blobs, OPTOUT_STORE="tables",
        OPTOUT_TABLES_CONNECTION_STRING=tables.connection_string,
    )  # fmt: skip
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, SUMMARY), done.stdout + done.stderr
    assert list(container.list_blob_names()) == ["README.txt"]


def test_a_container_by_its_address(optout: Optout, container: ContainerClient, blobs: str) -> None:
    """With a signature in the address, which no message repeats; the files stay."""
    key = blobs.partition("AccountKey=")[2].partition(";")[0]
    signature = generate_container_sas(
        str(container.account_name), container.container_name, key,
        permission=ContainerSasPermissions(read=True, list=True),
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )  # fmt: skip
    done = optout("replay-dead-letters", f"{container.url}?{signature}")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, SUMMARY), done.stdout + done.stderr
    assert len(list(container.list_blob_names())) == 4
    wrong = optout("replay-dead-letters", f"{container.url}?{signature}".replace("sig=", "sig=A"))
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("optout: Blob Storage: 403")
    assert "sig=" not in wrong.stderr
    assert urlsplit(container.url).netloc not in wrong.stderr


def test_a_container_is_not_emptied_into_a_file(
    optout: Optout, container: ContainerClient, blobs: str
) -> None:
    """With the settings of a laptop, --delete would lose what only the deployed app can use."""
    changes = {"AZURE_STORAGE_CONNECTION_STRING": blobs}
    done = optout("replay-dead-letters", container.container_name, "--delete", **changes)
    assert done.returncode == 2
    assert "--delete: OPTOUT_STORE is a file on this machine" in done.stderr
    assert len(list(container.list_blob_names())) == 4


def test_no_container(optout: Optout, blobs: str) -> None:
    """A clear word, and no traceback."""
    done = optout("replay-dead-letters", "nothing-here", AZURE_STORAGE_CONNECTION_STRING=blobs)
    assert (done.returncode, done.stderr) == (
        2, "optout: Blob Storage: 404 ContainerNotFound\n",
    )  # fmt: skip


def test_the_quarantine(optout: Optout, kept: Callable[[], service.Service]) -> None:
    """What is understood now leaves it, what is not stays, however many pages there are."""
    running = kept()
    old = datetime.now(UTC) - timedelta(hours=3)
    for number in range(3):
        body = sms_event("STOP", from_=f"+1425555013{number}", at=old)
        running.store.quarantine(Quarantined(f"id-{number}", old, "rules of last year", body))
    assert running.events.handle(sms_event("STOP", from_="nobody")) is Result.QUARANTINED
    done = optout("replay-quarantine")
    summary = "3 handled, 0 ignored, 1 quarantined, 0 failed"
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, summary), done.stderr
    assert "SMS from" not in done.stdout
    assert len(running.store.list_quarantine(10, None).items) == 1
    assert newest(running, "+14255550132").effect is Effect.OPTED_OUT


def test_a_quarantine_of_many_pages(
    kept: Callable[[], service.Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it is replayed once, and what comes back does not make it endless."""
    monkeypatch.setattr(recovery, "PAGE", 2)
    running = kept()
    for number in range(5):
        running.events.handle(json.dumps({"number": number}))
    assert str(recovery.replay_quarantine(running.events, iter)).startswith(
        "0 handled, 0 ignored, 5 quarantined"
    )

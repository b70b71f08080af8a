"""backup and restore of tables on the command line: into a file and into a container, and back."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from azure.data.tables import TableServiceClient
from azure.storage.blob import ContainerClient, ContainerSasPermissions, generate_container_sas

from optout import settings
from optout.azure import backups
from optout.cli import main
from tests.support import azurite as emulator
from tests.support.client import environment
from tests.support.copies import stored, without_generation
from tests.support.places import Place
from tests.support.terminal import shown_on_a_terminal
from tests.support.world import PERSON, World

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Two accounts with tables, which the commands have for themselves."""
    with (
        emulator.azurite(tmp_path_factory.mktemp("one")) as one,
        emulator.azurite(tmp_path_factory.mktemp("two")) as two,
    ):
        yield [one, two]


@pytest.fixture
def source(accounts: list[str]) -> Place:
    """Tables with a few people in them."""
    place = Place(connection_string=accounts[0], prefix="optout")
    empty(place)
    with World(place) as world:
        for text in ("STOP", "please cancel", "START", "STOP"):
            world.clock.move(seconds=1)
            world.receive(text)
    return place


@pytest.fixture
def target(accounts: list[str]) -> Place:
    """Tables that are not there yet."""
    place = Place(connection_string=accounts[1], prefix="optout")
    empty(place)
    return place


def empty(place: Place) -> None:
    with TableServiceClient.from_connection_string(place.connection_string) as service:
        for table in [*service.list_tables()]:
            service.delete_table(table.name)


def settings_of(place: Place, **changes: str) -> dict[str, str]:
    """An app whose store is at a place."""
    tables = {
        "OPTOUT_STORE": "tables",
        "OPTOUT_TABLES_CONNECTION_STRING": place.connection_string,
        "AZURE_STORAGE_CONNECTION_STRING": "",
    }
    return environment(Path("unused"), **{**tables, **changes})


@pytest.fixture
def optout(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """A command for the store at a place: its exit code, what it prints, and what it complains of."""

    def run(place: Place, *arguments: str, **changes: str) -> tuple[int, str, str]:
        for name, value in settings_of(place, **changes).items():
            monkeypatch.setenv(name, value)
        code = main.main(arguments)
        printed = capsys.readouterr()
        assert PERSON.removeprefix("+1") not in printed.out + printed.err
        return code, printed.out, printed.err

    return run


@pytest.fixture(scope="module")
def blobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with emulator.azurite(tmp_path_factory.mktemp("blobs"), "blob") as connection_string:
        yield connection_string


@pytest.fixture
def container(blobs: str) -> Iterator[ContainerClient]:
    """An empty container, by the name that the template gives it."""
    with ContainerClient.from_connection_string(blobs, "backups") as client:
        if not client.exists():
            client.create_container()
        for name in client.list_blob_names():
            client.delete_blob(name)
        yield client


def signed(container: ContainerClient, blobs: str, blob: str = "") -> str:
    """The address of a container, or of a blob in it, with a signature."""
    key = blobs.partition("AccountKey=")[2].partition(";")[0]
    signature = generate_container_sas(
        str(container.account_name), container.container_name, key,
        permission=ContainerSasPermissions(read=True, write=True, create=True),
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )  # fmt: skip
    return f"{container.url}{blob and f'/{blob}'}?{signature}"


def test_a_file_and_back(source: Place, target: Place, optout: Run, tmp_path: Path) -> None:
    """Its owner's alone, with the number of rows; then all is there, and the app starts on it."""
    copy = tmp_path / "copy.ndjson.gz"
    code, said, complained = optout(source, "backup", str(copy))
    assert (code, complained) == (0, "")
    before = stored(source)
    of_recipients = sum(name == "recipients" for name, _, _ in before)
    assert re.match(
        rf"{re.escape(str(copy))}: {of_recipients} of recipients, \d+ of index, 0 of ", said
    )
    assert sys.platform == "win32" or copy.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["copy.ndjson.gz"]
    code, said, complained = optout(target, "restore", str(copy))
    assert (code, complained) == (0, "")
    assert "generation" in said
    assert "410" in said
    assert without_generation(stored(target)) == before
    assert optout(target, "export", "--list", "contoso-alerts", "--output", str(tmp_path / "a"))[0] == 0
    assert PERSON in (tmp_path / "a").read_text("utf-8")
    again = optout(target, "restore", str(copy), "--json")
    assert again[0] == 2
    assert again[1] == ""
    assert "there are rows in the table recipients" in again[2]


def test_one_document(source: Place, target: Place, optout: Run, tmp_path: Path) -> None:
    """With --json, of a backup and of a restore."""
    copy = str(tmp_path / "copy.ndjson.gz")
    made = json.loads(optout(source, "backup", copy, "--json")[1])
    assert made["rows"]["recipients"] == sum(name == "recipients" for name, _, _ in stored(source))
    done = json.loads(optout(target, "restore", copy, "--json")[1])
    assert (made["copy"], done["copy"], done["rows"]) == (copy, copy, sum(made["rows"].values()))
    assert done["begun"] == made["begun"]
    with closing(target.open()) as store:
        assert done["generation"] == store.generation()


def test_a_container_and_back(
    source: Place, target: Place, optout: Run, container: ContainerClient, blobs: str
) -> None:
    """By its name or its address, one blob each time, named by the time; no message has a signature."""
    known = {"AZURE_STORAGE_CONNECTION_STRING": blobs}
    assert optout(source, "backup", "--to", "backups", **known)[0] == 0
    (first,) = container.list_blob_names()
    assert re.fullmatch(r"optout-20\d\d-\d\d-\d\dT\d\d-\d\d-\d\dZ\.ndjson\.gz", first)
    time.sleep(1)
    code, said, complained = optout(source, "backup", "--to", signed(container, blobs))
    assert (code, complained) == (0, "")
    assert "sig=" not in said
    assert len([*container.list_blob_names()]) == 2
    code, said, complained = optout(target, "restore", signed(container, blobs, first))
    assert (code, complained) == (0, "")
    assert "sig=" not in said
    assert without_generation(stored(target)) == stored(source)


def test_nothing_is_overwritten(
    source: Place, optout: Run, container: ContainerClient, blobs: str,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Neither a file nor a blob."""
    (tmp_path / "copy").write_text("mine", "utf-8")
    code, _, complained = optout(source, "backup", str(tmp_path / "copy"))
    assert (code, "is there already" in complained) == (2, True)
    assert (tmp_path / "copy").read_text("utf-8") == "mine"
    monkeypatch.setattr(backups, "name", lambda begun: "mine")
    container.upload_blob("mine", b"mine")
    known = {"AZURE_STORAGE_CONNECTION_STRING": blobs}
    code, _, complained = optout(source, "backup", "--to", "backups", **known)
    assert (code, complained) == (2, "optout: Blob Storage: 409 BlobAlreadyExists\n")
    assert container.download_blob("mine").readall() == b"mine"


def test_a_backup_that_fails_leaves_nothing(source: Place, optout: Run, tmp_path: Path) -> None:
    """No half of a file, where it cannot be written or the tables are not there."""
    code, _, complained = optout(source, "backup", str(tmp_path / "nowhere" / "copy"))
    assert (code, "cannot be written" in complained) == (2, True)
    empty(source)
    code, _, complained = optout(source, "backup", str(tmp_path / "copy"))
    assert (code, "set OPTOUT_TABLES_ENDPOINT as the app has it" in complained) == (2, True)
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("arguments", "changes", "says"),
    [
        (("backup",), {}, "name a FILE, or a container by --to, and not both"),
        (("backup", "a", "--to", "b"), {}, "name a FILE, or a container by --to, and not both"),
        (("backup", "--to", "b"), {}, "--to b: write the address of a container, for example https://"),
        (("backup", "--to", "https://example.com/b"), {}, "not an address of Azure Blob Storage"),
        (("backup", "--to", "http://a.blob.core.windows.net/b"), {}, "needs https"),
        (("backup", "--to", "https://a.blob.core.windows.net"), {}, "not the address of a container"),
        (("restore", "nowhere"), {}, "nowhere: No such file or directory"),
        (("restore", "programs.toml"), {}, "programs.toml: it is not a gzip file"),
        (("restore", "https://example.com/b/c"), {}, "not an address of Azure Blob Storage"),
        (("restore", "https://a.blob.core.windows.net/b"), {}, "not the address of a blob"),
        (("backup", "--to", "b"), {"OPTOUT_STORE": "sqlite:x"}, "--to: OPTOUT_STORE is an SQLite file"),
        (("restore", "a"), {"OPTOUT_STORE": "sqlite:x"}, "restore: OPTOUT_STORE is an SQLite file"),
    ],
)
def test_what_cannot_be_right(
    arguments: tuple[str, ...], changes: dict[str, str], says: str, target: Place, optout: Run
) -> None:
    """Exit code 2, what to write, and nothing in the tables."""
    if changes:
        changes |= {"OPTOUT_TABLES_CONNECTION_STRING": ""}
    code, _, complained = optout(target, *arguments, **changes)
    assert code == 2
    assert says in complained
    assert stored(target) == {}


def test_a_restore_that_is_killed(source: Place, target: Place, optout: Run, tmp_path: Path) -> None:
    """The app does not start on what is there, and the doctor says why; run again, all is there."""
    with World(source) as world:
        for number in range(200):
            world.receive("STOP", person=f"+1425555{number + 2000}")
    copy = tmp_path / "copy"
    assert optout(source, "backup", str(copy))[0] == 0
    process = subprocess.Popen(
        [sys.executable, "-m", "optout", "restore", str(copy)],
        cwd=settings.ROOT,
        env={**os.environ, **settings_of(target)},
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while len(stored(target)) < 20 and time.monotonic() < deadline:
        assert process.poll() is None
    process.kill()
    process.wait()
    assert 20 <= len(stored(target)) < len(stored(source))
    for command in (("export", "--list", "contoso-alerts"), ("replay-quarantine",)):
        code, _, complained = optout(target, *command)
        assert (code, "a restore into these tables has not ended" in complained) == (2, True)
    code, said, _ = optout(target, "doctor")
    assert code == 1
    assert re.search(r"wrong +store: a restore into these tables has not ended", said)
    assert optout(target, "restore", str(copy))[0] == 0
    assert without_generation(stored(target)) == stored(source)
    with closing(target.open()) as store:
        store.ensure_whole()


def test_a_bar_on_a_terminal(source: Place, target: Place, optout: Run, tmp_path: Path) -> None:
    """How far it is, for somebody who waits: once for the check, once for the rows."""
    copy = tmp_path / "copy"
    assert optout(source, "backup", str(copy))[0] == 0
    shown = shown_on_a_terminal(["restore", str(copy)], settings_of(target))
    assert "checking: 100%" in shown
    assert "restoring: 100%" in shown

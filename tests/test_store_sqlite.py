"""What is SQLite's own: versions of the file, locks, durability."""

import sqlite3
from pathlib import Path

import pytest

from optout.domain.errors import ConfigurationError, StoreAway
from optout.domain.model import Decision
from optout.store.sqlite import file as sqlite_file
from optout.store.sqlite import schema
from optout.store.sqlite import store as sqlite_store
from optout.store.sqlite.store import SqliteStore
from tests.support.world import PERSON, World, write
from tests.test_store import evidence


def test_a_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    """A schema that this version does not know is not touched."""
    path = tmp_path / "optout.db"
    SqliteStore(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(ConfigurationError, match="newer version of optout"):
        SqliteStore(path)


def test_an_older_file_is_upgraded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each upgrade runs once, on a file that has data."""
    path = tmp_path / "optout.db"
    old = SqliteStore(path)
    write(old, Decision(evidence()))
    old.close()
    monkeypatch.setattr(
        sqlite_store,
        "UPGRADES",
        (*schema.UPGRADES, "CREATE TABLE added (x); CREATE INDEX i ON added (x)"),
    )
    for _ in range(2):
        new = SqliteStore(path)
        assert len(new.timeline(PERSON)) == 1
        new.close()


@pytest.mark.parametrize("broken", ["not a database", "a folder"])
def test_a_store_that_cannot_answer(tmp_path: Path, broken: str) -> None:
    """What SQLite cannot open is StoreAway, with the file's name and no more."""
    path = tmp_path / "optout.db"
    if broken == "a folder":
        path.mkdir()
    else:
        path.write_bytes(b"not a database " * 1000)
    with pytest.raises(StoreAway, match=r"SQLite at optout\.db"):
        SqliteStore(path)


def test_a_locked_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that holds the file too long makes an event come back; reading goes on."""
    monkeypatch.setattr(sqlite_file, "BUSY_SECONDS", 0.1)
    with World(tmp_path) as world:
        holder = sqlite3.connect(tmp_path / "optout.db", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreAway):
            world.receive("STOP")
        assert not world.check().suppressed
        holder.execute("ROLLBACK")
        holder.close()
        world.receive("STOP")
        assert world.check().suppressed


def test_it_is_durable(tmp_path: Path) -> None:
    """Write-ahead log, and a full flush for each transaction."""
    store = SqliteStore(tmp_path / "optout.db")
    connection = store._file.connection()
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    store.close()

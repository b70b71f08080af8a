"""What is SQLite's own: versions of the file, locks, durability."""

import gc
import sqlite3
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import pytest

from optout.domain.errors import ConfigurationError, StoreAway
from optout.domain.model import Decision, Inquiry, RecipientState
from optout.store.protocol import Store
from optout.store.sqlite import file as sqlite_file
from optout.store.sqlite import schema
from optout.store.sqlite import store as sqlite_store
from optout.store.sqlite.store import SqliteStore
from tests.support.in_turn import InTurn
from tests.support.places import file_in
from tests.support.records import evidence
from tests.support.world import PERSON, World, write


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
    connection = store._file._connection()
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    store.close()


def opened(folder: Path) -> "closing[SqliteStore]":
    """The store in a folder, until the end of a block."""
    return closing(SqliteStore(folder / "optout.db"))


def lost(path: Path, how: str) -> None:
    """Somebody removes the files of a store that is in use, or puts others in their place."""
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).rename(path.with_name(f"lost-{name}"))
    if how == "replaced":
        SqliteStore(path).close()


@pytest.mark.parametrize("how", ["removed", "replaced"])
@pytest.mark.parametrize("in_a_new_thread", [False, True], ids=["same thread", "new thread"])
def test_a_file_that_is_gone(how: str, in_a_new_thread: bool, tmp_path: Path) -> None:
    """No STOP is acknowledged into a file without a name, lookups and health say so, and what to do;
    no new file is made in its place."""
    with World(tmp_path) as world, ThreadPoolExecutor(1) as thread:
        run = thread.submit if in_a_new_thread else InTurn().submit
        world.receive("STOP")
        world.checks.forget([PERSON])
        lost(tmp_path / "optout.db", how)
        for asked in (partial(world.receive, "STOP ALL"), world.check, world.store.check):
            with pytest.raises(StoreAway, match=rf"optout\.db: .* was {how} .*restart optout"):
                run(asked).result()
    assert (tmp_path / "optout.db").exists() == (how == "replaced")


def test_the_log_that_is_gone(tmp_path: Path) -> None:
    """What SQLite has not yet put into the file itself is in its log: without it nothing is kept."""
    with World(tmp_path) as world:
        world.receive("STOP")
        world.checks.forget([PERSON])
        (tmp_path / "optout.db-wal").unlink()
        for asked in (partial(world.receive, "STOP ALL"), world.check, world.store.check):
            with pytest.raises(StoreAway, match=r"optout\.db-wal: .* was removed"):
                asked()


def test_threads_that_end_leave_the_log(tmp_path: Path) -> None:
    """Whoever opened the file and is gone takes nothing along."""
    with ThreadPoolExecutor(1) as thread:
        store = thread.submit(SqliteStore, tmp_path / "optout.db").result()
    gc.collect()
    with ThreadPoolExecutor(1) as thread:
        thread.submit(write, store, Decision(evidence())).result()
    gc.collect()
    store.check()
    assert len(store.timeline(PERSON)) == 1
    store.close()


def test_a_file_that_goes_during_a_write(tmp_path: Path) -> None:
    """What was written is not acknowledged where its file lost its name before the end."""
    with opened(tmp_path) as store:

        def decide(state: RecipientState) -> Decision:
            lost(tmp_path / "optout.db", "removed")
            return Decision(evidence())

        with pytest.raises(StoreAway, match="was removed"):
            store.update(Inquiry(PERSON, evidence().id), decide)


def test_a_file_that_comes_back(tmp_path: Path) -> None:
    """Moved away and back again it is the same file: nothing is to be done."""
    path = tmp_path / "optout.db"
    with opened(tmp_path) as store:
        path.rename(tmp_path / "away.db")
        with pytest.raises(StoreAway):
            store.check()
        (tmp_path / "away.db").rename(path)
        store.check()
        write(store, Decision(evidence()))


def mode(path: Path) -> str:
    return f"{path.stat().st_mode & 0o777:o}"


@pytest.mark.skipif(sys.platform == "win32", reason="there the folder's rights decide")
def test_only_the_owner_reads_it(tmp_path: Path) -> None:
    """The file and what SQLite puts beside it, also those that an earlier version left open to all."""
    path = tmp_path / "optout.db"
    names = (path, tmp_path / "optout.db-wal", tmp_path / "optout.db-shm")
    with opened(tmp_path) as store:
        write(store, Decision(evidence()))
        assert [mode(name) for name in names] == ["600"] * 3
        for name in names:
            name.chmod(0o644)
        with opened(tmp_path):
            assert [mode(name) for name in names] == ["600"] * 3


def test_closed_while_it_is_read(tmp_path: Path) -> None:
    """What is being read is finished, and nothing after it: a connection that is closed under a running
    statement ends the process."""
    place = file_in(tmp_path)
    with World(place) as world:
        for number in range(100):
            world.receive("hello", person=f"+1425555{number:04}")
    for _ in range(20):
        store = place.open()

        def read(store: Store = store) -> None:
            with suppress(StoreAway):
                while True:
                    store.journal(100, None)

        readers = [threading.Thread(target=read) for _ in range(8)]
        for reader in readers:
            reader.start()
        store.close()
        for reader in readers:
            reader.join(timeout=20)
            assert not reader.is_alive(), "it reads on in a closed store"

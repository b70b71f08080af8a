"""A copy of the SQLite file while it is in use, and the store that begins with one."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from optout.domain.errors import OptoutError
from optout.settings import ROOT
from optout.store.sqlite import schema
from optout.store.sqlite.backup import write_backup
from optout.store.sqlite.store import SqliteStore
from tests.support.client import environment
from tests.support.records import evidence
from tests.support.world import PERSON, Clock, World

JULY = datetime(2026, 7, 1, tzinfo=UTC)


def store_at(path: Path, now: datetime = JULY) -> "closing[SqliteStore]":
    """A store that is opened at a moment, until the end of a block."""
    return closing(SqliteStore(path, Clock(now)))


def generation(path: Path, now: datetime = JULY) -> int:
    with store_at(path, now) as store:
        return store.generation()


def restored(backup: Path, name: str) -> Path:
    """A copy of a backup, where a store is to be."""
    return Path(shutil.copyfile(backup, backup.with_name(name)))


def test_a_backup_while_others_write(tmp_path: Path) -> None:
    """It is whole, has what was committed before, and each person with evidence and consents alike."""
    with World(tmp_path) as world:
        world.receive("STOP")
        writing, stop = threading.Event(), threading.Event()

        def write_on() -> None:
            for number in range(10_000):
                world.receive("STOP", person=f"+1425{number + 2_000_000}")
                writing.set()
                if stop.is_set():
                    return

        writer = threading.Thread(target=write_on)
        writer.start()
        writing.wait()
        for number in range(5):
            write_backup(tmp_path / "optout.db", tmp_path / f"{number}.db")
        stop.set()
        writer.join()
    for number in range(5):
        with closing(sqlite3.connect(tmp_path / f"{number}.db")) as copy:
            assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        with store_at(tmp_path / f"{number}.db") as store:
            people = [item.recipient for item in store.all_evidence(10_000, None)]
            assert PERSON in people
            assert [bool(store.consents(one, evidence().scopes)) for one in people] == [True] * len(
                people
            )


def test_a_backup_is_one_private_file(tmp_path: Path) -> None:
    """Nothing is beside it, what comes after it is not in it, and its owner alone reads it."""
    with World(tmp_path) as world:
        world.receive("STOP")
        (tmp_path / "copies").mkdir()
        copy = tmp_path / "copies" / "backup.db"
        write_backup(tmp_path / "optout.db", copy)
        world.receive("HELP")
    assert [path.name for path in copy.parent.iterdir()] == ["backup.db"]
    assert sys.platform == "win32" or copy.stat().st_mode & 0o777 == 0o600
    with store_at(copy) as store:
        assert len(store.timeline(PERSON)) == 1


@pytest.mark.parametrize(
    ("there", "target", "message"),
    [
        (True, "other.db", "is there already"),
        (True, "optout.db", "is there already"),
        (True, "nowhere/backup.db", "cannot be written"),
        (False, "backup.db", "there is no database to copy"),
    ],
)
def test_what_cannot_be_backed_up(there: bool, target: str, message: str, tmp_path: Path) -> None:
    """Nothing is overwritten, and nothing is left behind or made."""
    if there:
        generation(tmp_path / "optout.db")
        (tmp_path / "other.db").write_text("mine", "utf-8")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(OptoutError, match=message):
        write_backup(tmp_path / "optout.db", tmp_path / target)
    assert sorted(tmp_path.iterdir()) == before


def test_what_is_no_database(tmp_path: Path) -> None:
    """A backup that fails leaves no half of one."""
    (tmp_path / "optout.db").write_bytes(b"not a database " * 1000)
    with pytest.raises(OptoutError, match="cannot be written"):
        write_backup(tmp_path / "optout.db", tmp_path / "backup.db")
    assert [path.name for path in tmp_path.iterdir()] == ["optout.db"]


def test_a_restored_backup_begins_a_generation(tmp_path: Path) -> None:
    """Once, when it is first opened; the file it was taken from, and a bare copy of that, go on."""
    path, backup = tmp_path / "optout.db", tmp_path / "backup.db"
    own = generation(path)
    write_backup(path, backup)
    copied = restored(path, "copied.db")
    first = restored(backup, "first.db")
    begun = generation(first)
    assert begun > own
    assert generation(first, JULY + timedelta(days=1)) == begun
    assert (generation(path), generation(copied)) == (own, own)


def test_generations_only_grow(tmp_path: Path) -> None:
    """Also where the same backup is restored again, where a backup of a restored store is, and where
    the clock goes back."""
    path, backup, again = tmp_path / "optout.db", tmp_path / "backup.db", tmp_path / "again.db"
    own = generation(path)
    write_backup(path, backup)
    first = generation(restored(backup, "first.db"))
    second = generation(restored(backup, "second.db"), JULY + timedelta(minutes=15))
    write_backup(tmp_path / "second.db", again)
    third = generation(restored(again, "third.db"), JULY - timedelta(days=400))
    assert own < first < second < third == second + 1


def test_a_new_file_is_of_a_generation_of_its_own(tmp_path: Path) -> None:
    """It may be in the place of one that was lost: what others keep of that is older, as it should."""
    lost = generation(tmp_path / "lost.db")
    assert generation(tmp_path / "lost.db", JULY + timedelta(days=1)) == lost
    assert generation(tmp_path / "new.db", JULY + timedelta(minutes=15)) > lost


def test_a_version_is_exact_in_json(tmp_path: Path) -> None:
    """Fifty years from now, too: a number that a double holds."""
    path, backup = tmp_path / "optout.db", tmp_path / "backup.db"
    generation(path)
    write_backup(path, backup)
    newest = (
        generation(restored(backup, "late.db"), datetime(2076, 1, 1, tzinfo=UTC)) * 2**32 + 2**32 - 1
    )
    assert int(float(newest)) == newest < 2**53


def older_file(path: Path) -> None:
    """A file of the last version without generations, with an event in quarantine."""
    with closing(sqlite3.connect(path)) as connection:
        for statement in filter(str.strip, ";".join(schema.UPGRADES[:2]).split(";")):
            connection.execute(statement)
        connection.execute("INSERT INTO quarantine VALUES ('1', '2026-06-01T12:00:00Z', 'odd', '{}')")
        connection.execute("PRAGMA user_version = 2")
        connection.commit()


def test_the_generation_is_added_to_an_older_file(tmp_path: Path) -> None:
    """It has what it had, and stays of the generation that it gets."""
    older_file(tmp_path / "optout.db")
    generations = set()
    for _ in range(2):
        with store_at(tmp_path / "optout.db") as store:
            generations.add(store.generation())
            assert store.find_quarantined("1")
    assert len(generations) == 1


def test_a_backup_of_an_older_file(tmp_path: Path) -> None:
    """The copy stays one that the older version can open, and begins a generation in a newer one."""
    path, backup = tmp_path / "optout.db", tmp_path / "backup.db"
    older_file(path)
    write_backup(path, backup)
    with closing(sqlite3.connect(backup)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    assert generation(restored(backup, "first.db")) > 1


def test_the_documented_restore(tmp_path: Path) -> None:
    """The commands of docs/operations.md, as they stand there: the STOP after it reaches a consumer
    that has heard more of the lost file than was in the backup."""
    document = (ROOT / "docs/operations.md").read_text("utf-8")
    section = document.split("## Backup of an SQLite file")[1].split("\n## ")[0]
    back_up, restore = re.findall(r"```sh\n(.*?)```", section, flags=re.DOTALL)
    folder = tmp_path / ".data"
    settings = {**os.environ, **environment(folder / "optout.db"), "PYTHONPATH": str(ROOT)}

    def run(commands: str) -> None:
        script = re.sub(r"^optout ", f"{sys.executable} -m optout ", commands, flags=re.MULTILINE)
        subprocess.run(["bash", "-euc", script], cwd=tmp_path, env=settings, check=True)

    def version(world: World) -> int:
        return world.store.generation() * 2**32 + world.newest().number

    with World(folder) as world:
        world.receive("STOP")
        run(back_up)
        for _ in range(5):
            world.clock.move(seconds=1)
            world.receive("START")
        heard = version(world)
    run(restore)
    with World(folder) as world:
        assert [item.text for item in world.history()] == ["STOP"]
        world.clock.move(minutes=1)
        world.receive("STOP")
        assert version(world) > heard
        assert world.check().suppressed
    assert (folder / "optout.db").stat().st_mode & 0o077 == 0

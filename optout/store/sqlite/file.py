"""An SQLite file: a connection for each thread, durable transactions, and the upgrades of its schema.

WAL and `synchronous=FULL`: a transaction that returned survives a kill and a power cut. Nothing is
acknowledged into a file that has lost its name, and nobody but its owner reads it. Knows nothing of
what the tables say.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn, TypeVar
from weakref import WeakSet

from optout import files
from optout.domain.errors import ConfigurationError, StoreAway
from optout.store.sqlite.group_commit import GroupCommit

_Value = TypeVar("_Value")

BUSY_SECONDS = 5


class _Connection(sqlite3.Connection):
    """A connection that is closed when the thread it belongs to ends. Whoever uses it has its lock:
    closing it under a running statement ends the process."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.lock = threading.RLock()

    def __del__(self) -> None:
        with suppress(sqlite3.ProgrammingError):  # it was never opened
            self.close()


def beside(path: Path) -> tuple[Path, Path]:
    """What SQLite puts beside a file while it is in use; both belong to it and to no other."""
    return path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")


def _identity(path: Path) -> tuple[int, int]:
    """What tells a file from any other, whatever its name."""
    found = path.stat()
    return found.st_dev, found.st_ino


class Database:
    """One file. One connection for each thread; writers share transactions.

    Raises StoreAway if it cannot be opened, ConfigurationError if a newer version wrote it; and
    StoreAway from whatever is done while its path names another file than at the opening, or none.
    """

    def __init__(self, path: Path, upgrades: Sequence[str]) -> None:
        self._path = path
        self._identities: dict[Path, tuple[int, int]] = {}
        self._upgrades = upgrades
        self._local = threading.local()
        self._connections: WeakSet[_Connection] = WeakSet()
        self._opening = threading.Lock()
        self._is_closed = False
        self._writers = GroupCommit(self._in_use)
        try:
            with self._errors():
                path.parent.mkdir(parents=True, exist_ok=True)
                for name in (path, *beside(path)):
                    files.keep_private(name)
                path.touch(mode=files.OWNER_ONLY)  # SQLite gives what it puts beside it the same rights
                self._identities = {path: _identity(path)}
                self._upgrade()
                # While one connection is open, SQLite keeps its log beside the file.
                self._anchor = self._connection()
                log = path.with_name(f"{path.name}-wal")
                if log.exists():
                    self._identities[log] = _identity(log)
        except StoreAway as problem:
            self.close()
            raise StoreAway(
                f"{problem}. Check OPTOUT_STORE: its folder must be writable, and the file optout's own"
            ) from problem
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close it for good, once what is being read or written is done."""
        with self._opening:
            self._is_closed = True
            connections = list(self._connections)
        for connection in connections:
            with connection.lock:
                connection.close()

    @contextmanager
    def _in_use(self) -> Iterator[sqlite3.Connection]:
        """The connection of this thread, which nobody closes meanwhile."""
        connection = self._connection()
        with connection.lock:
            yield connection

    def _connection(self) -> _Connection:
        self._must_have_its_name()
        connection: _Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            with self._opening:
                if self._is_closed:
                    raise sqlite3.ProgrammingError("the store is closed")
                connection = self._local.connection = self._open()
                self._connections.add(connection)
        return connection

    def _open(self) -> _Connection:
        connection = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode=rw",  # never makes a file
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            factory=_Connection,
            uri=True,
        )
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.DatabaseError, OSError) as problem:
            raise StoreAway(f"SQLite at {self._path.name}: {problem}") from problem

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for queries; each is a snapshot of its own."""
        with self._errors(), self._in_use() as connection:
            yield connection

    def write(self, work: Callable[[sqlite3.Connection], _Value]) -> _Value:
        with self._errors():
            written = self._writers.run(work)
            self._must_have_its_name()
            return written

    def write_one(self, statement: str, values: tuple[object, ...]) -> bool:
        """Run one statement; returns whether it changed a row."""
        return self.write(lambda connection: connection.execute(statement, values).rowcount > 0)

    def _must_have_its_name(self) -> None:
        """Raises StoreAway where the path, or that of SQLite's log, names another file by now, or none:
        what is written to this one is gone with the process."""
        for path, opened in self._identities.items():
            try:
                identity = _identity(path)
            except FileNotFoundError:
                self._refuse(path, "removed")
            else:
                if identity != opened:
                    self._refuse(path, "replaced")

    def _refuse(self, path: Path, happened: str) -> NoReturn:
        raise StoreAway(
            f"SQLite at {path.name}: the file was {happened} while it was in use, and nothing is "
            "recorded any more. See that the right one is in its place, or restore a backup "
            "(docs/operations.md), and restart optout: Event Grid delivers again what came meanwhile"
        )

    def _upgrade(self) -> None:
        with self._in_use() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        self._writers.run(self._run_upgrades)

    def _run_upgrades(self, connection: sqlite3.Connection) -> None:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > len(self._upgrades):
            raise ConfigurationError(
                f"{self._path} was written by a newer version of optout (schema {version}, this "
                f"one knows {len(self._upgrades)}). Run that version, or name another file in "
                "OPTOUT_STORE."
            )
        for number, script in enumerate(self._upgrades[version:], start=version + 1):
            for statement in filter(str.strip, script.split(";")):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")

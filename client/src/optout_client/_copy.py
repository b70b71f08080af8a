"""The file of a copy: everybody's standing as the feed told it, and where in the feed that was.

An SQLite file in WAL mode, which several processes may share. Nothing here asks the app.
"""

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from ._file import connect, explained, open_writer, transaction
from ._models import ChangesPage, Sender
from ._rows import key, packed

_KEEP = """
    INSERT INTO person VALUES (?, ?, ?) ON CONFLICT (recipient) DO UPDATE
    SET version = excluded.version, entries = excluded.entries WHERE excluded.version > version
"""
_STATE = "SELECT life, source, token, began, edition FROM state"
# A statement takes so many at most; SQLite before 3.32 takes no more than 999. Few statements are prepared.
_AT_ONCE = (1, 10, 100, 500, 900)
_Value = TypeVar("_Value")


class Place(NamedTuple):
    """Where in the feed the copy is, None at its beginning, and how often all was forgotten before."""

    life: int
    token: str | None


class State(NamedTuple):
    """What the copy is of, where in the feed it is, and when the last whole refresh began, in seconds since
    1970 by the wall clock: None while it is not complete."""

    life: int
    source: str
    token: str | None
    began: float | None
    edition: int


@dataclass(frozen=True)
class Known:
    """The senders, by their names in lower case, and the names that have numbers, as one edition has them.
    The same digits may be a short code of two countries, each with lists of its own."""

    edition: int = 0
    senders: Mapping[str, Sequence[Sender]] = field(default_factory=dict)
    numbers: Mapping[tuple[str, str], int] = field(default_factory=dict)
    names: Mapping[int, str] = field(default_factory=dict)


class Copy:
    """One file. Safe to share between threads, but not with a process that is forked from this one.

    :raises UnusableReplica: if the file is something else, or of another version; from every method, if it
     cannot be read or written.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        # As a path, `:memory:` is a file.
        self.path = os.path.abspath(path)
        self._known = Known()
        self._reading, self._writing = threading.Lock(), threading.Lock()
        with explained(self.path):
            self._writer = open_writer(self.path)
            self._reader = connect(self.path)
            self._reader.execute("PRAGMA query_only = ON")

    def state(self) -> State:
        with self._reading, explained(self.path):
            return State(*self._reader.execute(_STATE).fetchone())

    def look_up(self, keys: Collection[int]) -> tuple[State, Known, dict[int, bytes]]:
        """What is there of some people, as it was at one moment: the state, the senders and names, and the
        rows of those of whom there are any."""
        with self._reading, explained(self.path):
            state, found = self._read(tuple(keys))
            while state.edition != self._known.edition:
                self._known = _known(self._reader)
                state, found = self._read(tuple(keys))
            return state, self._known, found

    def place(self, source: str) -> Place:
        """Where to go on. What is there of another app is forgotten."""

        def adopt(connection: sqlite3.Connection, state: State) -> Place:
            if state.source == source:
                return Place(state.life, state.token)
            if state.source:
                _forget(connection)
            connection.execute("UPDATE state SET source = ?", (source,))
            return _place(connection)

        return self._write(adopt)

    def keep(self, place: Place, page: ChangesPage, senders: Sequence[Sender], began: float) -> Place | None:
        """A page of the feed, which was asked for at `place`; after the last one the copy is complete, with
        these senders, as of `began`. All of that, or nothing.

        Of each person the newest version stays. The place where to go on, or None if the copy is somewhere
        else by now, and the page was not kept: another process has gone on, or has forgotten everything.
        """

        def keep(connection: sqlite3.Connection, state: State) -> Place | None:
            if place != (state.life, state.token):
                return None
            names = _Names(connection)
            rows = [
                (recipient, item.version, packed(item, names.number))
                for item in page.items
                if (recipient := key(item.recipient)) is not None
            ]
            # In the order of the file, which is the quickest.
            connection.executemany(_KEEP, sorted(rows))
            connection.execute("UPDATE state SET token = ?", (page.next,))
            is_new = names.has_new
            if not page.more:
                is_new |= _keep_senders(connection, senders)
                connection.execute("UPDATE state SET began = ?", (began,))
            if is_new:
                connection.execute("UPDATE state SET edition = edition + 1")
            return Place(state.life, page.next)

        return self._write(keep)

    def forget(self, place: Place) -> None:
        """Everybody, versions included, unless the copy is somewhere else by now."""

        def forget(connection: sqlite3.Connection, state: State) -> None:
            if place == (state.life, state.token):
                _forget(connection)

        self._write(forget)

    def close(self) -> None:
        with self._writing, self._reading:
            self._reader.close()
            self._writer.close()

    def _read(self, keys: Sequence[int]) -> tuple[State, dict[int, bytes]]:
        """Each statement is of one moment by itself; several need a transaction for that."""
        parts = [keys[first : first + _AT_ONCE[-1]] for first in range(0, len(keys), _AT_ONCE[-1])] or [()]
        if len(parts) == 1:
            return self._read_part(parts[0])
        with transaction(self._reader, "DEFERRED"):
            each = [self._read_part(part) for part in parts]
        return each[0][0], {recipient: entries for _, found in each for recipient, entries in found.items()}

    def _read_part(self, keys: Sequence[int]) -> tuple[State, dict[int, bytes]]:
        size = next(size for size in _AT_ONCE if size >= len(keys))
        rows = self._reader.execute(_LOOK_UP[size], (*keys, *(None,) * (size - len(keys)))).fetchall()
        return State(*rows[0][2:]), {row[0]: row[1] for row in rows if row[0] is not None}

    def _write(self, change: Callable[[sqlite3.Connection, State], _Value]) -> _Value:
        """What one transaction does, by the state that it finds."""
        with self._writing, explained(self.path), transaction(self._writer, "IMMEDIATE"):
            return change(self._writer, State(*self._writer.execute(_STATE).fetchone()))


class _Names:
    """The numbers of names, within one transaction; new names get one."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._numbers = {(kind, name): id_ for id_, kind, name in connection.execute("SELECT * FROM name")}
        self.has_new = False

    def number(self, kind: str, name: str) -> int:
        number = self._numbers.get((kind, name))
        if number is None:
            row = self._connection.execute("INSERT INTO name (kind, name) VALUES (?, ?)", (kind, name))
            number = self._numbers[kind, name] = row.lastrowid or 0
            self.has_new = True
        return number


def _look_up(size: int) -> str:
    wanted = ", ".join("?" * size)
    return f"SELECT recipient, entries, state.* FROM state LEFT JOIN person ON recipient IN ({wanted})"


_LOOK_UP = {size: _look_up(size) for size in _AT_ONCE}


def _known(connection: sqlite3.Connection) -> Known:
    with transaction(connection, "DEFERRED"):
        (edition,) = connection.execute("SELECT edition FROM state").fetchone()
        rows = connection.execute("SELECT id, kind, name FROM name").fetchall()
        senders: dict[str, list[Sender]] = {}
        for sender in _senders(connection):
            senders.setdefault(sender.sender.lower(), []).append(sender)
    return Known(
        edition,
        senders,
        {(kind, name): id_ for id_, kind, name in rows},
        {id_: name for id_, _, name in rows},
    )


def _senders(connection: sqlite3.Connection) -> list[Sender]:
    rows = connection.execute("SELECT name, program, lists, country, stands_for FROM sender ORDER BY place")
    return [Sender(name, program, tuple(json.loads(lists)), *rest) for name, program, lists, *rest in rows]


def _keep_senders(connection: sqlite3.Connection, senders: Sequence[Sender]) -> bool:
    """Whether they are others than before."""
    if _senders(connection) == list(senders):
        return False
    connection.execute("DELETE FROM sender")
    connection.executemany(
        "INSERT INTO sender (name, program, lists, country, stands_for) VALUES (?, ?, ?, ?, ?)",
        [
            (each.sender, each.program, json.dumps(list(each.lists)), each.country, each.stands_for)
            for each in senders
        ],
    )
    return True


def _forget(connection: sqlite3.Connection) -> None:
    """Names keep their numbers, and the senders are read before anything is answered again."""
    connection.execute("DELETE FROM person")
    connection.execute("UPDATE state SET token = NULL, began = NULL, life = life + 1")


def _place(connection: sqlite3.Connection) -> Place:
    return Place(*connection.execute("SELECT life, token FROM state").fetchone())

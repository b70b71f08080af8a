"""The SQLite file of a copy: made, recognised and opened, and what is said when that fails."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from ._errors import UnusableReplica

# "opto", and the version of the schema.
_APPLICATION, _SCHEMA_VERSION = 0x6F70746F, 2
# One row a person, so that the rule of versions is one statement, and a page that names people in any order
# touches one tree. `edition` grows with the names and when the senders change, `life` when all is forgotten.
_TABLES = """
    CREATE TABLE person (recipient INTEGER PRIMARY KEY, version INTEGER NOT NULL, entries BLOB NOT NULL);
    CREATE TABLE name (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (kind, name));
    CREATE TABLE sender (
        place INTEGER PRIMARY KEY, name TEXT, program TEXT, lists TEXT, country TEXT, stands_for TEXT
    );
    CREATE TABLE state (
        life INTEGER NOT NULL, source TEXT NOT NULL, token TEXT, began REAL, edition INTEGER NOT NULL
    );
    INSERT INTO state VALUES (1, '', NULL, NULL, 1);
"""
_BUSY_SECONDS = 30.0
# A page of people in no order touches a thousand pages of the file. Copying those back to it after each page
# of people takes twice as long as doing it once in a while: 64 MB.
_WAL_PAGES = 16_384
_CACHE_KIB = 16_384


def open_writer(path: str) -> sqlite3.Connection:
    """The connection that writes; makes the file and its tables where there are none. Raises UnusableReplica
    for a file that is no copy, which stays as it is."""
    writer = connect(path)
    try:
        with transaction(writer, "IMMEDIATE"):
            _adopt(writer, path)
        writer.execute("PRAGMA journal_mode = WAL")
        # A transaction that a loss of power takes back is asked for again: its token goes with it.
        writer.execute("PRAGMA synchronous = NORMAL")
        writer.execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}")
    except BaseException:
        writer.close()
        raise
    return writer


def connect(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection, kind: str) -> Iterator[None]:
    connection.execute(f"BEGIN {kind}")
    try:
        yield
    except BaseException:
        # A full disk has ended it already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


@contextmanager
def explained(path: str) -> Iterator[None]:
    """What SQLite raises, as UnusableReplica."""
    try:
        yield
    except sqlite3.Error as problem:
        # Of this class itself: it is no database, or a damaged one. Its subclasses: it cannot be used now.
        advice = f". {_remedy(path)}" if type(problem) is sqlite3.DatabaseError else ""
        raise UnusableReplica(f"{path}: {problem}{advice}") from problem


def _adopt(connection: sqlite3.Connection, path: str) -> None:
    """Make the tables where there is nothing."""
    application, version, objects = (
        connection.execute(statement).fetchone()[0]
        for statement in (
            "PRAGMA application_id",
            "PRAGMA user_version",
            "SELECT count(*) FROM sqlite_master",
        )
    )
    if (application, version, objects) == (0, 0, 0):
        # People's numbers. SQLite makes the files beside it with the same mode.
        os.chmod(path, 0o600)
        for statement in _TABLES.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {_APPLICATION}")
        connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
    elif application != _APPLICATION:
        raise UnusableReplica(f"{path} is not a copy of a list. Name another file, or delete it")
    elif version != _SCHEMA_VERSION:
        raise UnusableReplica(f"{path} is of another version of this package. {_remedy(path)}")


def _remedy(path: str) -> str:
    return f"Stop who uses it and delete it, with {path}-wal and {path}-shm: it is made anew"

"""What was said of many people, for a process that only tries something: on disk, so that memory does
not grow with it."""

import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime
from itertools import count
from typing import NamedTuple

from optout.store import codec
from optout.store.sqlite.bulk import CACHE_KIB


class Said(NamedTuple):
    """Somebody is out, or in, since a time."""

    recipient: str
    at: datetime
    out: bool


class Scratch:
    """Keeps what was said until it is closed; for one thread."""

    def __init__(self) -> None:
        # SQLite's own temporary file: nobody else can open it, and it goes with the connection.
        self._connection = sqlite3.connect("", isolation_level=None)
        self._connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        self._connection.execute(
            "CREATE TABLE said (recipient TEXT, number INTEGER, at TEXT, out INTEGER, "
            "PRIMARY KEY (recipient, number)) WITHOUT ROWID"
        )
        self._numbers = count()

    def add(self, said: Iterable[Said]) -> None:
        rows = [(one.recipient, next(self._numbers), codec.stamp(one.at), one.out) for one in said]
        self._connection.execute("BEGIN")
        self._connection.executemany("INSERT INTO said VALUES (?, ?, ?, ?)", sorted(rows))
        self._connection.execute("COMMIT")

    def about(self, recipients: Iterable[str]) -> list[Said]:
        """All that was said of some people, in the order in which it was said of each."""
        found = self._connection.execute(
            "SELECT recipient, at, out FROM json_each(?) AS wanted CROSS JOIN said "
            "WHERE recipient = wanted.value ORDER BY recipient, number",
            (json.dumps(list(recipients)),),
        )
        return [Said(recipient, codec.moment(at), bool(out)) for recipient, at, out in found]

    def close(self) -> None:
        self._connection.close()

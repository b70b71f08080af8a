"""The store on one machine: an SQLite file, safe for threads and processes, durable after each write.

WAL and `synchronous=FULL`: a transaction that returned survives a kill and a power cut. Evidence is
numbered for each recipient; the primary key makes a second writer of the same number conflict, so
that nothing is locked between reading and writing.
"""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from weakref import WeakSet

from optout.decide import RECENT_LIMIT
from optout.domain import (
    Announcement,
    ConfigurationError,
    Conflict,
    Consent,
    Consents,
    Decision,
    Evidence,
    Known,
    Quarantined,
    Reply,
    Scope,
    StoreAway,
)
from optout.store import Held, Listed, Page, codec
from optout.store.group_commit import GroupCommit
from optout.store.sqlite_schema import (
    CONSENT_COLUMNS,
    UPGRADES,
    consent_of,
    consent_row,
    evidence_row,
    quarantined_of,
)

_Value = TypeVar("_Value")

BUSY_SECONDS = 5
# How far back recent messages are looked for, so that a long history costs no more than a short one.
RECENT_ROWS = 200


class _Connection(sqlite3.Connection):
    """A connection that is closed when the thread it belongs to is gone."""

    def __del__(self) -> None:
        with suppress(sqlite3.ProgrammingError):  # it was never opened
            self.close()


class SqliteStore:
    """A Store in one file. One connection for each thread; writers share transactions."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._connections: WeakSet[sqlite3.Connection] = WeakSet()
        self._writers = GroupCommit(self._connection)
        try:
            with self._errors():
                path.parent.mkdir(parents=True, exist_ok=True)
                self._upgrade()
        except StoreAway as problem:
            self.close()
            raise StoreAway(
                f"{problem}. Check OPTOUT_STORE: its folder must be writable, and the file optout's"
            ) from problem
        except BaseException:
            self.close()
            raise

    def read(
        self,
        recipient: str,
        evidence_id: str | None,
        scopes: Sequence[Scope],
        sender: str | None,
        recent_since: datetime,
    ) -> Known:
        with self._reading() as connection:
            same = connection.execute(
                "SELECT body FROM evidence WHERE id = ?", (evidence_id,)
            ).fetchone()
            last = connection.execute(
                "SELECT number, received_at FROM evidence WHERE recipient = ? "
                "ORDER BY number DESC LIMIT 1",
                (recipient,),
            ).fetchone()
            recent = connection.execute(
                "SELECT body FROM (SELECT * FROM evidence WHERE recipient = ? "
                "ORDER BY number DESC LIMIT ?) "
                "WHERE sender = ? AND is_keyword AND received_at >= ? ORDER BY number DESC LIMIT ?",
                (recipient, RECENT_ROWS, sender, codec.stamp(recent_since), RECENT_LIMIT),
            ).fetchall()
            consents = self._consents(connection, [recipient], scopes)
        return Known(
            evidence=codec.load(same[0]) if same else None,
            last_number=last[0] if last else 0,
            last_received_at=codec.moment(last[1]) if last else None,
            consents=consents.get(recipient, {}),
            recent=tuple(codec.load(body) for (body,) in recent),
        )

    def timeline(self, recipient: str) -> tuple[Evidence, ...]:
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT body FROM evidence WHERE recipient = ? ORDER BY number", (recipient,)
            ).fetchall()
        return tuple(codec.load(body) for (body,) in rows)

    def record(self, decision: Decision) -> None:
        evidence = evidence_row(decision.evidence)
        consents = [
            consent_row(scope, decision.evidence.recipient, consent)
            for scope, consent in decision.consents.items()
        ]

        def write(connection: sqlite3.Connection) -> None:
            try:
                connection.execute("INSERT INTO evidence VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", evidence)
            except sqlite3.IntegrityError:
                raise Conflict("the recipient's evidence has moved on") from None
            connection.executemany(
                "INSERT OR REPLACE INTO consent VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", consents
            )

        self._write(write)

    def find(self, recipient: str, evidence_id: str) -> Evidence | None:
        with self._reading() as connection:
            row = connection.execute(
                "SELECT body FROM evidence WHERE id = ? AND recipient = ?", (evidence_id, recipient)
            ).fetchone()
        return codec.load(row[0]) if row else None

    def settle(self, evidence: Evidence, reply: Reply) -> bool:
        before = evidence.reply
        return before is not None and self._write_one(
            "UPDATE evidence SET body = json_set(body, '$.reply', json(?)) "
            "WHERE recipient = ? AND number = ? AND json_extract(body, '$.reply.status') = ? "
            "AND json_extract(body, '$.reply.resend') IS ?",
            (
                codec.dump_reply(reply),
                evidence.recipient,
                evidence.number,
                str(before.status),
                before.resend,
            ),
        )

    def unannounced(self, recipient: str) -> tuple[Evidence, ...]:
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT body FROM evidence WHERE recipient = ? AND announcement_pending "
                "ORDER BY number",
                (recipient,),
            ).fetchall()
        return tuple(codec.load(body) for (body,) in rows)

    def announced(self, evidence: Evidence, announcement: Announcement) -> None:
        self._write_one(
            "UPDATE evidence SET body = json_set(body, '$.announcement', json(?)), "
            "announcement_pending = ? WHERE recipient = ? AND number = ?",
            (
                codec.dump_announcement(announcement),
                announcement.published_at is None,
                evidence.recipient,
                evidence.number,
            ),
        )

    def lookup(self, recipients: Sequence[str], scopes: Sequence[Scope]) -> Mapping[str, Consents]:
        with self._reading() as connection:
            return self._consents(connection, recipients, scopes)

    def listed(self, scope: Scope, limit: int, after: str | None) -> Listed:
        with self._reading() as connection:
            rows = connection.execute(
                f"SELECT {CONSENT_COLUMNS} FROM consent WHERE scope = ? AND is_out AND recipient > ? "
                "ORDER BY recipient LIMIT ?",
                (str(scope), after or "", limit + 1),
            ).fetchall()
        items = tuple((row[1], consent_of(row)) for row in rows[:limit])
        return Listed(items, items[-1][0] if len(rows) > limit else None)

    def knows(self, scope: Scope) -> bool:
        with self._reading() as connection:
            return (
                connection.execute(
                    "SELECT 1 FROM consent WHERE scope = ? LIMIT 1", (str(scope),)
                ).fetchone()
                is not None
            )

    def history(self, recipient: str, limit: int, below: int | None) -> Page:
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT body FROM evidence WHERE recipient = ? AND number < ? "
                "ORDER BY number DESC LIMIT ?",
                (recipient, below if below is not None else 2**63 - 1, limit + 1),
            ).fetchall()
        items = tuple(codec.load(body) for (body,) in rows[:limit])
        return Page(items, items[-1].number if len(rows) > limit else None)

    def quarantine(self, event: Quarantined) -> None:
        self._write_one(
            "INSERT INTO quarantine VALUES (?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET reason = excluded.reason",
            (event.id, codec.stamp(event.received_at), event.reason, event.body),
        )

    def held(self, limit: int, after: str | None) -> Held:
        received_at, _, event_id = (after or "").partition("|")
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT id, received_at, reason, body FROM quarantine "
                "WHERE (received_at, id) > (?, ?) ORDER BY received_at, id LIMIT ?",
                (received_at, event_id, limit + 1),
            ).fetchall()
        items = tuple(quarantined_of(row) for row in rows[:limit])
        return Held(items, f"{rows[limit - 1][1]}|{items[-1].id}" if len(rows) > limit else None)

    def held_one(self, event_id: str) -> Quarantined | None:
        with self._reading() as connection:
            row = connection.execute(
                "SELECT id, received_at, reason, body FROM quarantine WHERE id = ?", (event_id,)
            ).fetchone()
        return quarantined_of(row) if row else None

    def release(self, event_id: str) -> None:
        self._write_one("DELETE FROM quarantine WHERE id = ?", (event_id,))

    def forget_texts(self, before: datetime) -> int:
        def write(connection: sqlite3.Connection) -> int:
            return connection.execute(
                "UPDATE evidence SET body = json_remove(body, '$.text'), has_forgettable_text = 0 "
                "WHERE has_forgettable_text AND received_at < ?",
                (codec.stamp(before),),
            ).rowcount

        return self._write(write)

    def check(self) -> None:
        with self._reading() as connection:
            connection.execute("SELECT 1 FROM evidence LIMIT 1").fetchone()

    def close(self) -> None:
        for connection in list(self._connections):
            connection.close()
        self._local = threading.local()

    def _consents(
        self, connection: sqlite3.Connection, recipients: Sequence[str], scopes: Sequence[Scope]
    ) -> dict[str, dict[Scope, Consent]]:
        by_name = {str(scope): scope for scope in scopes}
        rows = connection.execute(
            f"SELECT {CONSENT_COLUMNS} FROM json_each(?) AS wanted CROSS JOIN consent "
            f"WHERE scope IN ({', '.join('?' * len(by_name))}) AND recipient = wanted.value",
            (json.dumps(list(recipients)), *by_name),
        )
        found: dict[str, dict[Scope, Consent]] = {}
        for row in rows:
            found.setdefault(row[1], {})[by_name[row[0]]] = consent_of(row)
        return found

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(
                self._path,
                timeout=BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
                factory=_Connection,
            )
            connection.execute("PRAGMA synchronous = FULL")
            self._local.connection = connection
            self._connections.add(connection)
        return connection

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.DatabaseError, OSError) as problem:
            raise StoreAway(f"SQLite at {self._path.name}: {problem}") from problem

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """One snapshot for several queries."""
        with self._errors():
            connection = self._connection()
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("COMMIT")

    def _write(self, work: Callable[[sqlite3.Connection], _Value]) -> _Value:
        with self._errors():
            return self._writers.run(work)

    def _write_one(self, statement: str, values: tuple[object, ...]) -> bool:
        """Run one statement; whether it changed a row."""
        return self._write(lambda connection: connection.execute(statement, values).rowcount > 0)

    def _upgrade(self) -> None:
        self._connection().execute("PRAGMA journal_mode = WAL")
        self._writers.run(self._upgraded)

    def _upgraded(self, connection: sqlite3.Connection) -> None:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > len(UPGRADES):
            raise ConfigurationError(
                f"{self._path} was written by a newer version of optout (schema {version}, this "
                f"one knows {len(UPGRADES)}). Run that version, or name another file in "
                "OPTOUT_STORE."
            )
        for number, script in enumerate(UPGRADES[version:], start=version + 1):
            for statement in filter(str.strip, script.split(";")):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")

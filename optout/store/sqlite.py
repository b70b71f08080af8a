"""The store on one machine: an SQLite file, safe for threads and processes, durable after each write.

WAL and `synchronous=FULL`: a transaction that returned survives a kill and a power cut. Evidence is
numbered for each recipient; the primary key makes a second writer of the same number conflict, so
that nothing is locked between reading and writing.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from optout.decide import RECENT_LIMIT
from optout.domain import (
    ConfigurationError,
    Conflict,
    Consent,
    Consents,
    Decision,
    Evidence,
    EvidenceKind,
    Intent,
    Known,
    Party,
    Quarantined,
    Reply,
    ReplyStatus,
    Scope,
    StoreAway,
)
from optout.store import Held, Listed, Page, codec

BUSY_SECONDS = 5
# How far back recent messages are looked for, so that a long history costs no more than a short one.
RECENT_ROWS = 200

# Each entry upgrades a file by one version; PRAGMA user_version says how many it has had.
UPGRADES = (
    """
    CREATE TABLE evidence (
        recipient TEXT NOT NULL,
        number INTEGER NOT NULL,
        id TEXT NOT NULL UNIQUE,
        sender TEXT,
        received_at TEXT NOT NULL,
        is_keyword INTEGER NOT NULL,
        reply_pending INTEGER NOT NULL,
        has_forgettable_text INTEGER NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (recipient, number)
    ) WITHOUT ROWID;
    CREATE INDEX evidence_forgettable ON evidence (received_at) WHERE has_forgettable_text;
    CREATE TABLE consent (
        scope TEXT NOT NULL,
        recipient TEXT NOT NULL,
        is_out INTEGER NOT NULL,
        since TEXT NOT NULL,
        at TEXT NOT NULL,
        source TEXT NOT NULL,
        keyword TEXT,
        blocked_by TEXT NOT NULL,
        evidence_id TEXT NOT NULL,
        PRIMARY KEY (scope, recipient)
    ) WITHOUT ROWID;
    CREATE TABLE quarantine (
        id TEXT PRIMARY KEY,
        received_at TEXT NOT NULL,
        reason TEXT NOT NULL,
        body TEXT NOT NULL
    ) WITHOUT ROWID;
    """,
)

_CONSENT = "scope, recipient, is_out, since, at, source, keyword, blocked_by, evidence_id"


class SqliteStore:
    """A Store in one file. One connection for each thread; writers of a process queue on a lock."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        # SQLite's own waiting sleeps and polls; a lock hands over at once.
        self._writing = threading.Lock()
        with self._errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._upgrade()

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
                "WHERE sender = ? AND is_keyword AND received_at >= ? LIMIT ?",
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
        evidence = decision.evidence
        with self._transaction() as connection:
            try:
                connection.execute(
                    "INSERT INTO evidence VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    _evidence_row(evidence),
                )
            except sqlite3.IntegrityError:
                raise Conflict("the recipient's evidence has moved on") from None
            connection.executemany(
                f"INSERT OR REPLACE INTO consent ({_CONSENT}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    _consent_row(scope, evidence.recipient, consent)
                    for scope, consent in decision.consents.items()
                ],
            )

    def settle(self, evidence: Evidence, reply: Reply) -> bool:
        with self._transaction() as connection:
            row = connection.execute(
                "SELECT body FROM evidence WHERE recipient = ? AND number = ? AND reply_pending",
                (evidence.recipient, evidence.number),
            ).fetchone()
            if row is None:
                return False
            settled = replace(codec.load(row[0]), reply=reply)
            connection.execute(
                "UPDATE evidence SET body = ?, reply_pending = ? WHERE recipient = ? AND number = ?",
                (
                    codec.dump(settled),
                    reply.status is ReplyStatus.PENDING,
                    evidence.recipient,
                    evidence.number,
                ),
            )
        return True

    def lookup(self, recipients: Sequence[str], scopes: Sequence[Scope]) -> Mapping[str, Consents]:
        with self._reading() as connection:
            return self._consents(connection, recipients, scopes)

    def listed(self, scope: Scope, limit: int, after: str | None) -> Listed:
        with self._reading() as connection:
            rows = connection.execute(
                f"SELECT {_CONSENT} FROM consent WHERE scope = ? AND is_out AND recipient > ? "
                "ORDER BY recipient LIMIT ?",
                (str(scope), after or "", limit + 1),
            ).fetchall()
        items = tuple((row[1], _consent(row)) for row in rows[:limit])
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
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO quarantine VALUES (?, ?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET reason = excluded.reason",
                (event.id, codec.stamp(event.received_at), event.reason, event.body),
            )

    def held(self, limit: int, after: str | None) -> Held:
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT id, received_at, reason, body FROM quarantine "
                "WHERE (received_at, id) > "
                "(SELECT coalesce(max(received_at), ''), coalesce(max(id), '') "
                " FROM quarantine WHERE id = ?) "
                "ORDER BY received_at, id LIMIT ?",
                (after, limit + 1),
            ).fetchall()
        items = tuple(_quarantined(row) for row in rows[:limit])
        return Held(items, items[-1].id if len(rows) > limit else None)

    def held_one(self, event_id: str) -> Quarantined | None:
        with self._reading() as connection:
            row = connection.execute(
                "SELECT id, received_at, reason, body FROM quarantine WHERE id = ?", (event_id,)
            ).fetchone()
        return _quarantined(row) if row else None

    def release(self, event_id: str) -> None:
        with self._transaction() as connection:
            connection.execute("DELETE FROM quarantine WHERE id = ?", (event_id,))

    def forget_texts(self, before: datetime) -> int:
        with self._transaction() as connection:
            return connection.execute(
                "UPDATE evidence SET body = json_remove(body, '$.text'), has_forgettable_text = 0 "
                "WHERE has_forgettable_text AND received_at < ?",
                (codec.stamp(before),),
            ).rowcount

    def check(self) -> None:
        with self._reading() as connection:
            connection.execute("SELECT 1 FROM evidence LIMIT 1").fetchone()

    def close(self) -> None:
        while self._connections:
            self._connections.pop().close()
        self._local = threading.local()

    def _consents(
        self, connection: sqlite3.Connection, recipients: Sequence[str], scopes: Sequence[Scope]
    ) -> dict[str, dict[Scope, Consent]]:
        by_name = {str(scope): scope for scope in scopes}
        rows = connection.execute(
            f"SELECT {_CONSENT} FROM json_each(?) AS wanted CROSS JOIN consent "
            f"WHERE scope IN ({', '.join('?' * len(by_name))}) AND recipient = wanted.value",
            (json.dumps(list(recipients)), *by_name),
        )
        found: dict[str, dict[Scope, Consent]] = {}
        for row in rows:
            found.setdefault(row[1], {})[by_name[row[0]]] = _consent(row)
        return found

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(
                self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            connection.execute("PRAGMA synchronous = FULL")
            self._local.connection = connection
            self._connections.append(connection)
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

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._errors(), self._writing:
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def _upgrade(self) -> None:
        connection = self._connection()
        connection.execute("PRAGMA journal_mode = WAL")
        with self._transaction():
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


def _evidence_row(evidence: Evidence) -> tuple[object, ...]:
    is_keyword = evidence.kind is EvidenceKind.MESSAGE and evidence.intent is not Intent.NONE
    return (
        evidence.recipient,
        evidence.number,
        evidence.id,
        evidence.sender,
        codec.stamp(evidence.received_at),
        is_keyword,
        evidence.reply is not None and evidence.reply.status is ReplyStatus.PENDING,
        evidence.text is not None and evidence.intent is Intent.NONE,
        codec.dump(evidence),
    )


def _consent_row(scope: Scope, recipient: str, consent: Consent) -> tuple[object, ...]:
    return (
        str(scope),
        recipient,
        consent.out,
        codec.stamp(consent.since),
        codec.stamp(consent.at),
        str(consent.source),
        consent.keyword,
        str(consent.blocked_by),
        consent.evidence_id,
    )


def _consent(row: Sequence[object]) -> Consent:
    _, _, out, since, at, source, keyword, blocked_by, evidence_id = row
    return Consent(
        out=bool(out),
        since=codec.moment(str(since)),
        at=codec.moment(str(at)),
        source=EvidenceKind(str(source)),
        keyword=None if keyword is None else str(keyword),
        blocked_by=Party(str(blocked_by)),
        evidence_id=str(evidence_id),
    )


def _quarantined(row: Sequence[str]) -> Quarantined:
    return Quarantined(row[0], codec.moment(row[1]), row[2], row[3])

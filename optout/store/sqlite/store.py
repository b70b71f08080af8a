"""The store on one machine: an SQLite file, safe for threads and processes, durable after each write.

Evidence is numbered for each recipient; the primary key makes a second writer of the same number
conflict, so that nothing is locked between reading and writing.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from optout.decisions.replies import RECENT_LIMIT
from optout.domain.enums import Activity
from optout.domain.errors import Conflict
from optout.domain.model import (
    Announcement,
    Consent,
    Consents,
    Decision,
    Evidence,
    Known,
    Quarantined,
    Reply,
    Scope,
)
from optout.store import codec
from optout.store.protocol import Count, Entry, Held, Journal, Listed, Page
from optout.store.sqlite.bulk import Stencil, known, large_cache
from optout.store.sqlite.file import Database
from optout.store.sqlite.schema import (
    CONSENT_COLUMNS,
    UPGRADES,
    consent_of,
    consent_row,
    count_of,
    evidence_row,
    quarantined_of,
)

# How far back recent messages are looked for, so that a long history costs no more than a short one.
RECENT_ROWS = 200


class _Undone(Exception):
    """A write that was only tried."""


class SqliteStore:
    """A Store in one file."""

    def __init__(self, path: Path) -> None:
        self._file = Database(path, UPGRADES)

    def read(
        self,
        recipient: str,
        evidence_id: str | None,
        scopes: Sequence[Scope],
        sender: str | None,
        recent_since: datetime,
    ) -> Known:
        since = codec.stamp(recent_since)
        newest: list[tuple[str, int, str, str, bool, str]] = []
        with self._file.turn, self._file.reading() as connection:
            # The evidence first: consents that are read after it are never older than its last number,
            # so that a decision about stale ones conflicts.
            for row in connection.execute(
                "SELECT id, number, received_at, sender, is_keyword, body FROM evidence "
                "WHERE recipient = ? ORDER BY number DESC LIMIT ?",
                (recipient, RECENT_ROWS),
            ):
                newest.append(row)
                if row[2] < since:
                    break
            consents = self._consents(connection, [recipient], scopes)
        same = next((body for id, *_, body in newest if id == evidence_id), None)
        recent = [
            body
            for _, _, received_at, whose, is_keyword, body in newest
            if whose == sender and is_keyword and received_at >= since
        ]
        return Known(
            evidence=codec.load(same) if same is not None else None,
            last_number=newest[0][1] if newest else 0,
            last_received_at=codec.moment(newest[0][2]) if newest else None,
            consents=consents.get(recipient, {}),
            recent=tuple(map(codec.load, recent[:RECENT_LIMIT])),
        )

    def timeline(self, recipient: str) -> tuple[Evidence, ...]:
        with self._file.reading() as connection:
            rows = connection.execute(
                "SELECT body FROM evidence WHERE recipient = ? ORDER BY number", (recipient,)
            ).fetchall()
        return tuple(codec.load(body) for (body,) in rows)

    def record(self, decision: Decision) -> None:
        evidence, judged = evidence_row(decision.evidence), decision.evidence.about
        consents = [
            consent_row(scope, decision.evidence.recipient, consent)
            for scope, consent in decision.consents.items()
        ]

        def write(connection: sqlite3.Connection) -> None:
            try:
                connection.execute(
                    "INSERT INTO evidence VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", evidence
                )
            except sqlite3.IntegrityError:
                raise Conflict("the recipient's evidence has moved on") from None
            connection.executemany(
                "INSERT OR REPLACE INTO consent VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", consents
            )
            if judged is not None:
                connection.execute("UPDATE evidence SET review_pending = 0 WHERE id = ?", (judged,))

        self._file.write(write)

    def record_first(self, form: Evidence, entries: Sequence[Entry]) -> list[Entry]:
        stencil = Stencil(form)

        def write(connection: sqlite3.Connection) -> list[Entry]:
            there = known(connection, [entry.recipient for entry in entries])
            with large_cache(connection):
                stencil.write(connection, [entry for entry in entries if entry.recipient not in there])
            return [entry for entry in entries if entry.recipient in there]

        return self._file.write(write)

    def strangers(self, recipients: Sequence[str]) -> set[str]:
        with self._file.reading() as connection:
            return set(recipients) - known(connection, recipients)

    def find(self, recipient: str, evidence_id: str) -> Evidence | None:
        with self._file.reading() as connection:
            row = connection.execute(
                "SELECT body FROM evidence WHERE id = ? AND recipient = ?", (evidence_id, recipient)
            ).fetchone()
        return codec.load(row[0]) if row else None

    def settle(self, evidence: Evidence, reply: Reply) -> bool:
        before = evidence.reply
        return before is not None and self._file.write_one(
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
        with self._file.reading() as connection:
            rows = connection.execute(
                "SELECT body FROM evidence WHERE recipient = ? AND announcement_pending "
                "ORDER BY number",
                (recipient,),
            ).fetchall()
        return tuple(codec.load(body) for (body,) in rows)

    def announced(self, evidence: Evidence, announcement: Announcement) -> None:
        self._file.write_one(
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
        with self._file.reading() as connection:
            return self._consents(connection, recipients, scopes)

    def listed(self, scope: Scope, limit: int, after: str | None) -> Listed:
        with self._file.reading() as connection:
            rows = connection.execute(
                f"SELECT {CONSENT_COLUMNS} FROM consent WHERE scope = ? AND is_out AND recipient > ? "
                "ORDER BY recipient LIMIT ?",
                (str(scope), after or "", limit + 1),
            ).fetchall()
        items = tuple((row[1], consent_of(row)) for row in rows[:limit])
        return Listed(items, items[-1][0] if len(rows) > limit else None)

    def knows(self, scope: Scope) -> bool:
        with self._file.reading() as connection:
            return (
                connection.execute(
                    "SELECT 1 FROM consent WHERE scope = ? LIMIT 1", (str(scope),)
                ).fetchone()
                is not None
            )

    def history(self, recipient: str, limit: int, below: int | None) -> Page:
        with self._file.reading() as connection:
            rows = connection.execute(
                "SELECT body FROM evidence WHERE recipient = ? AND number < ? "
                "ORDER BY number DESC LIMIT ?",
                (recipient, below if below is not None else 2**63 - 1, limit + 1),
            ).fetchall()
        items = tuple(codec.load(body) for (body,) in rows[:limit])
        return Page(items, items[-1].number if len(rows) > limit else None)

    def journal(self, limit: int, after: str | None) -> Journal:
        return self._journal("activity IS NOT NULL", limit, after, newest_first=True)

    def counts(self, since: datetime) -> tuple[Count, ...]:
        with self._file.reading() as connection:
            rows = connection.execute(
                "SELECT substr(received_at, 1, 10), sender, activity, count(*) FROM evidence "
                "WHERE activity IS NOT NULL AND received_at >= ? AND activity != ? "
                "GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
                (codec.stamp(since), str(Activity.OTHER)),
            ).fetchall()
        return tuple(map(count_of, rows))

    def to_review(self, limit: int, after: str | None) -> Journal:
        return self._journal("review_pending", limit, after)

    def reviewable(self, evidence_id: str) -> Evidence | None:
        with self._file.reading() as connection:
            row = connection.execute(
                "SELECT body FROM evidence WHERE id = ?", (evidence_id,)
            ).fetchone()
        found = codec.load(row[0]) if row else None
        return found if found and found.is_for_review else None

    def _journal(
        self, which: str, limit: int, after: str | None, *, newest_first: bool = False
    ) -> Journal:
        """Evidence about anybody in the order of its arrival: no two of a recipient at once."""
        order, beyond, start = ("DESC", "<", "~") if newest_first else ("ASC", ">", "")
        received_at, _, recipient = (after or start).partition("|")
        with self._file.reading() as connection:
            rows = connection.execute(
                f"SELECT received_at, recipient, body FROM evidence WHERE {which} "
                f"AND (received_at, recipient) {beyond} (?, ?) "
                f"ORDER BY received_at {order}, recipient {order} LIMIT ?",
                (received_at, recipient, limit + 1),
            ).fetchall()
        items = tuple(codec.load(row[2]) for row in rows[:limit])
        return Journal(items, "|".join(rows[limit - 1][:2]) if len(rows) > limit else None)

    def all_evidence(self, limit: int, after: tuple[str, int] | None) -> tuple[Evidence, ...]:
        with self._file.reading() as connection:
            rows = connection.execute(
                "SELECT body FROM evidence WHERE (recipient, number) > (?, ?) "
                "ORDER BY recipient, number LIMIT ?",
                (*(after or ("", 0)), limit),
            ).fetchall()
        return tuple(codec.load(body) for (body,) in rows)

    def quarantine(self, event: Quarantined) -> None:
        self._file.write_one(
            "INSERT INTO quarantine VALUES (?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET reason = excluded.reason",
            (event.id, codec.stamp(event.received_at), event.reason, event.body),
        )

    def held(self, limit: int, after: str | None) -> Held:
        received_at, _, event_id = (after or "").partition("|")
        with self._file.reading() as connection:
            rows = connection.execute(
                "SELECT id, received_at, reason, body FROM quarantine "
                "WHERE (received_at, id) > (?, ?) ORDER BY received_at, id LIMIT ?",
                (received_at, event_id, limit + 1),
            ).fetchall()
        items = tuple(quarantined_of(row) for row in rows[:limit])
        return Held(items, f"{rows[limit - 1][1]}|{items[-1].id}" if len(rows) > limit else None)

    def held_one(self, event_id: str) -> Quarantined | None:
        with self._file.reading() as connection:
            row = connection.execute(
                "SELECT id, received_at, reason, body FROM quarantine WHERE id = ?", (event_id,)
            ).fetchone()
        return quarantined_of(row) if row else None

    def release(self, event_id: str) -> None:
        self._file.write_one("DELETE FROM quarantine WHERE id = ?", (event_id,))

    def forget_texts(self, before: datetime) -> int:
        def write(connection: sqlite3.Connection) -> int:
            return connection.execute(
                "UPDATE evidence SET body = json_remove(body, '$.text'), has_forgettable_text = 0 "
                "WHERE has_forgettable_text AND received_at < ?",
                (codec.stamp(before),),
            ).rowcount

        return self._file.write(write)

    def check(self) -> None:
        with self._file.reading() as connection:
            connection.execute("SELECT 1 FROM evidence LIMIT 1").fetchone()

    def check_writable(self) -> None:
        def write(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO quarantine VALUES ('doctor', '', '', '')")
            raise _Undone

        with suppress(_Undone):
            self._file.write(write)

    def close(self) -> None:
        self._file.close()

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

"""The store on one machine: an SQLite file, safe for threads and processes, durable after each write.

A decision is read for, made and written in one transaction, which has the file to itself: there are no
conflicts.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from optout.domain.enums import Activity, ReplyStatus
from optout.domain.model import (
    Announcement,
    Consents,
    ConsentSnapshot,
    Decision,
    Evidence,
    Inquiry,
    Quarantined,
    RecipientState,
    Recorded,
    Reply,
    Scope,
    Unfinished,
)
from optout.domain.search import ANYTHING, Search
from optout.domain.times import Clock
from optout.store import codec
from optout.store.protocol import (
    ChangesPage,
    Count,
    Entry,
    HistoryPage,
    JournalPage,
    ListPage,
    QuarantinePage,
)
from optout.store.sqlite import backup
from optout.store.sqlite.bulk import DecisionTemplate, large_cache, with_evidence
from optout.store.sqlite.decisions import insert_decision, read_consents, read_state, read_timeline
from optout.store.sqlite.file import Database
from optout.store.sqlite.journal import read_journal
from optout.store.sqlite.schema import (
    CONSENT_COLUMNS,
    LIST_SCOPES,
    UPGRADES,
    consent_of,
    count_of,
    quarantined_of,
)
from optout.store.sqlite.standing import read_changes, read_snapshot


class _Undone(Exception):
    """Undoes a write that was only a test."""


class SqliteStore:
    """A Store in one file."""

    def __init__(self, path: Path, clock: Clock = lambda: datetime.now(UTC)) -> None:
        self._file = Database(path, UPGRADES)
        try:
            self._generation = self._file.write(lambda connection: backup.begin(connection, clock()))
        except BaseException:
            self._file.close()
            raise

    def update(self, inquiry: Inquiry, decide: Callable[[RecipientState], Decision]) -> Recorded:
        def write(connection: sqlite3.Connection) -> Recorded:
            # A writer has the file to itself: what is read here does not change until it is written.
            state = read_state(connection, inquiry)
            if state.evidence is not None:
                return Recorded(state.evidence, state.consents, is_new=False)
            decision = decide(state)
            insert_decision(connection, decision)
            return Recorded(decision.evidence, {**state.consents, **decision.consents}, is_new=True)

        return self._file.write(write)

    def insert_first(self, decision: Decision, entries: Sequence[Entry]) -> list[Entry]:
        template = DecisionTemplate(decision)

        def write(connection: sqlite3.Connection) -> list[Entry]:
            there = with_evidence(connection, [entry.recipient for entry in entries])
            with large_cache(connection):
                template.insert(
                    connection, [entry for entry in entries if entry.recipient not in there]
                )
            return [entry for entry in entries if entry.recipient in there]

        return self._file.write(write)

    def without_evidence(self, recipients: Sequence[str]) -> set[str]:
        with self._file.reading() as connection:
            return set(recipients) - with_evidence(connection, recipients)

    def timeline(self, recipient: str) -> tuple[Evidence, ...]:
        with self._file.reading() as connection:
            return read_timeline(connection, recipient)

    def find(self, recipient: str, evidence_id: str) -> Evidence | None:
        with self._file.reading() as connection:
            row = connection.execute(
                "SELECT body FROM evidence WHERE id = ? AND recipient = ?", (evidence_id, recipient)
            ).fetchone()
        return codec.load(row[0]) if row else None

    def settle_reply(self, evidence: Evidence, reply: Reply) -> bool:
        before = evidence.reply
        return before is not None and self._file.write_one(
            "UPDATE evidence SET body = json_set(body, '$.reply', json(?)), reply_pending = ? "
            "WHERE recipient = ? AND number = ? AND json_extract(body, '$.reply.status') = ? "
            "AND json_extract(body, '$.reply.resend') IS ?",
            (
                codec.dump_reply(reply),
                reply.status is ReplyStatus.PENDING,
                evidence.recipient,
                evidence.number,
                str(before.status),
                before.resend,
            ),
        )

    def settle_announcement(self, evidence: Evidence, announcement: Announcement) -> None:
        self._file.write_one(
            "UPDATE evidence SET body = json_set(body, '$.announcement', json(?)), "
            "announcement_pending = ? WHERE recipient = ? AND number = ?",
            (
                codec.dump_announcement(announcement),
                announcement.is_pending,
                evidence.recipient,
                evidence.number,
            ),
        )

    def pending(self) -> tuple[Unfinished, ...]:
        with self._file.reading() as connection:
            rows = connection.execute(
                "SELECT recipient, id FROM evidence WHERE reply_pending OR announcement_pending "
                "ORDER BY received_at"
            )
            return tuple(Unfinished(*row) for row in rows)

    def snapshot(self, recipient: str) -> ConsentSnapshot:
        with self._file.reading() as connection:
            return read_snapshot(connection, recipient)

    def changes(self, limit: int, after: str | None) -> ChangesPage:
        with self._file.reading() as connection:
            return read_changes(connection, limit, after)

    def lookup(self, recipients: Sequence[str], scopes: Sequence[Scope]) -> Mapping[str, Consents]:
        with self._file.reading() as connection:
            return read_consents(connection, recipients, scopes)

    def finds_opt_ins(self, asked: int) -> bool:
        return True

    def consents(self, recipient: str, scopes: Sequence[Scope]) -> Consents:
        return self.lookup([recipient], scopes).get(recipient, {})

    def list_out(self, scope: Scope, limit: int, after: str | None) -> ListPage:
        with self._file.reading() as connection:
            rows = connection.execute(
                f"SELECT {CONSENT_COLUMNS} FROM consent WHERE scope = ? AND is_out AND recipient > ? "
                "ORDER BY recipient LIMIT ?",
                (str(scope), after or "", limit + 1),
            ).fetchall()
        items = tuple((row[1], consent_of(row)) for row in rows[:limit])
        return ListPage(items, items[-1][0] if len(rows) > limit else None)

    def was_ever_out(self, scope: Scope) -> bool:
        with self._file.reading() as connection:
            return (
                connection.execute(
                    "SELECT 1 FROM consent WHERE scope = ? LIMIT 1", (str(scope),)
                ).fetchone()
                is not None
            )

    def list_names(self) -> tuple[str, ...]:
        with self._file.reading() as connection:
            scopes = connection.execute(LIST_SCOPES).fetchall()
        return tuple(str(scope).partition(":")[2] for (scope,) in scopes)

    def history(self, recipient: str, limit: int, below: int | None) -> HistoryPage:
        with self._file.reading() as connection:
            rows = connection.execute(
                "SELECT body FROM evidence WHERE recipient = ? AND number < ? "
                "ORDER BY number DESC LIMIT ?",
                (recipient, below if below is not None else 2**63 - 1, limit + 1),
            ).fetchall()
        items = tuple(codec.load(body) for (body,) in rows[:limit])
        return HistoryPage(items, items[-1].number if len(rows) > limit else None)

    def journal(self, limit: int, after: str | None, search: Search = ANYTHING) -> JournalPage:
        with self._file.reading() as connection:
            return read_journal(
                connection, "activity IS NOT NULL", limit, after, newest_first=True, search=search
            )

    def counts(self, since: datetime, until: datetime | None = None) -> tuple[Count, ...]:
        with self._file.reading() as connection:
            rows = connection.execute(
                "SELECT substr(received_at, 1, 10), sender, activity, count(*) FROM evidence "
                "WHERE activity IS NOT NULL AND received_at >= ? AND received_at < ? AND activity != ? "
                "GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
                (codec.stamp(since), codec.stamp(until) if until else "~", str(Activity.OTHER)),
            ).fetchall()
        return tuple(map(count_of, rows))

    def list_reviews(self, limit: int, after: str | None) -> JournalPage:
        with self._file.reading() as connection:
            return read_journal(connection, "review_pending", limit, after)

    def find_review(self, evidence_id: str) -> Evidence | None:
        with self._file.reading() as connection:
            row = connection.execute(
                "SELECT body FROM evidence WHERE id = ?", (evidence_id,)
            ).fetchone()
        found = codec.load(row[0]) if row else None
        return found if found and found.is_for_review else None

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

    def list_quarantine(self, limit: int, after: str | None) -> QuarantinePage:
        received_at, _, event_id = (after or "").partition("|")
        with self._file.reading() as connection:
            rows = connection.execute(
                "SELECT id, received_at, reason, body FROM quarantine "
                "WHERE (received_at, id) > (?, ?) ORDER BY received_at, id LIMIT ?",
                (received_at, event_id, limit + 1),
            ).fetchall()
        items = tuple(quarantined_of(row) for row in rows[:limit])
        return QuarantinePage(
            items, f"{rows[limit - 1][1]}|{items[-1].id}" if len(rows) > limit else None
        )

    def find_quarantined(self, event_id: str) -> Quarantined | None:
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

    def rules_version(self) -> int:
        with self._file.reading() as connection:
            (version,) = connection.execute("SELECT version FROM rules").fetchone()
        return int(version)

    def set_rules_version(self, version: int) -> None:
        self._file.write_one("UPDATE rules SET version = ?", (version,))

    def generation(self) -> int:
        return self._generation

    def begin_generation(self, number: int) -> None:
        self._file.write_one("UPDATE generation SET number = ?", (number,))
        self._generation = number

    def ensure_whole(self) -> None:
        """A file is whole or not there."""

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

"""The store at scale: Azure Table Storage, or Cosmos DB through its Table API.

All that a decision needs of a recipient is in one partition: one query reads it in one snapshot, one
transaction writes it, and creating the row of the next number is the condition that nobody wrote in
between. What must be found across recipients has an index row, written before the transaction: the
index may name too many and never too few, and who reads it asks the recipient's own rows.
docs/architecture.md has the layout and its arithmetic.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Any
from uuid import uuid4

from azure.data.tables import TableEntity
from cachetools import LRUCache

from optout.decisions import decide
from optout.decisions.replies import RECENT_LIMIT
from optout.domain.enums import Activity
from optout.domain.errors import Conflict
from optout.domain.ids import verdict_id
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
from optout.store.tables import rows as rows
from optout.store.tables import scan
from optout.store.tables.client import DEADLINE_SECONDS, PAGE_ROWS, Account, Operation
from optout.store.tables.index import Index
from optout.store.tables.quarantine import Quarantine

TABLES = ("recipients", "index", "quarantine")
# How far back recent messages are looked for, and how much of that one request brings.
RECENT_ROWS = 200
READ_ROWS = 100
# From here on a check asks the index who may be out at all, before it asks about each of them.
GROUPED_FROM = 500
# A page holds fewer people than asked for where this many in the index had come back.
EXAMINED_ROWS = 5_000
# How many texts are forgotten at once, so that the event that pays for it does not wait long.
FORGET_AT_ONCE = 300
# A batch of an import is no request that somebody waits for.
BATCH_SECONDS = 600.0
# The index entry of a text is written before its evidence, which may still be on its way.
ON_ITS_WAY = timedelta(hours=1)
# Evidence that was just written or read, with its tag: settling it needs no second reading.
REMEMBERED = 1_000

# Evidence and the tag of its row, which changes whenever the row does.
Tagged = tuple[Evidence, str]


class TablesStore:
    """A Store in three tables of one account; safe to share between threads."""

    def __init__(self, account: Account, prefix: str = "optout") -> None:
        self._account = account
        self._tables = tuple(account.table(prefix + name) for name in TABLES)
        self._recipients, index, quarantine = self._tables
        self._index = Index(account, index)
        self._quarantine = Quarantine(account, quarantine)
        self._remembered: LRUCache[str, Tagged] = LRUCache(REMEMBERED)
        self._lock = threading.Lock()

    def read(
        self,
        recipient: str,
        evidence_id: str | None,
        scopes: Sequence[Scope],
        sender: str | None,
        recent_since: datetime,
    ) -> Known:
        since = codec.stamp(recent_since)
        consents, newest = self._snapshot(recipient, since)
        same = next((row for row in newest if row["id"] == evidence_id), None)
        recent = [
            row
            for row in newest
            if row["sender"] == sender and row["is_keyword"] and row["received_at"] >= since
        ]
        return Known(
            evidence=self._remember(same) if same is not None else None,
            last_number=rows.number(newest[0]) if newest else 0,
            last_received_at=codec.moment(newest[0]["received_at"]) if newest else None,
            consents=_consents(consents, scopes),
            recent=tuple(map(rows.evidence, recent[:RECENT_LIMIT])),
        )

    def _snapshot(self, recipient: str, since: str) -> tuple[list[TableEntity], list[TableEntity]]:
        """The consents of a recipient and the newest evidence. The consents are never older than the
        newest evidence, so that a decision about stale ones conflicts."""
        pages = self._recipients.pages(rows.of(recipient, rows.CONSENTS_AND_EVIDENCE), READ_ROWS)
        page = next(pages, [])
        consents = [row for row in page if not rows.is_evidence(row)]
        newest = [row for row in page if rows.is_evidence(row)]
        if not newest and any(pages):
            # The consents fill a page: pages are not one snapshot, so the evidence is read first.
            pages = self._recipients.pages(rows.of(recipient, rows.EVIDENCE), READ_ROWS)
            newest = next(pages, [])
            consents = self._all(rows.of(recipient, rows.CONSENTS))
        while newest and len(newest) < RECENT_ROWS and newest[-1]["received_at"] >= since:
            if not (page := next(pages, [])):
                break
            newest += page
        return consents, newest

    def timeline(self, recipient: str) -> tuple[Evidence, ...]:
        return tuple(map(rows.evidence, reversed(self._all(rows.of(recipient, rows.EVIDENCE)))))

    def record(self, decision: Decision) -> None:
        evidence = decision.evidence
        # Before the transaction, so that what must be found across recipients is never missing.
        self._index.note(evidence, decision.consents)
        operations: list[Operation] = [
            ("create", rows.evidence_row(evidence)),
            ("create", rows.id_row(evidence)),
            *(
                ("upsert", rows.consent_row(scope, evidence.recipient, new), {"mode": "replace"})
                for scope, new in decision.consents.items()
            ),
        ]
        etag, *_ = self._recipients.write(operations)
        self._keep((evidence, etag))

    def record_first(self, form: Evidence, entries: Sequence[Entry]) -> list[Entry]:
        until = time.monotonic() + BATCH_SECONDS
        written = self._account.each(lambda entry: self._record_first(form, entry), entries, until)
        return [entry for entry, done in zip(entries, written, strict=True) if not done]

    def _record_first(self, form: Evidence, entry: Entry) -> bool:
        evidence = replace(form, recipient=entry.recipient, at=entry.at, id=entry.id)
        try:
            self.record(decide.apply(evidence, Known(), announce=False))
        except Conflict:
            return False
        return True

    def strangers(self, recipients: Sequence[str]) -> set[str]:
        first = f"RowKey eq '{rows.number_key(1)}'"
        until = time.monotonic() + BATCH_SECONDS
        found = self._account.each(lambda one: self._all(rows.of(one, first)), recipients, until)
        return {one for one, evidence in zip(recipients, found, strict=True) if not evidence}

    def find(self, recipient: str, evidence_id: str) -> Evidence | None:
        row = self._recipients.get(rows.keys(rows.key(recipient), rows.id_key(evidence_id)))
        found = self._stored(recipient, int(row["number"])) if row else None
        if found:
            self._keep(found)
        return found[0] if found else None

    def settle(self, evidence: Evidence, reply: Reply) -> bool:
        before = evidence.reply

        def settled(stored: Evidence) -> Evidence | None:
            if stored.reply == reply:
                return stored  # our own write, whose answer was lost
            if stored.reply is None or before is None:
                return None
            if (stored.reply.status, stored.reply.resend) != (before.status, before.resend):
                return None
            return replace(stored, reply=reply)

        return self._amend(evidence, settled)

    def unannounced(self, recipient: str) -> tuple[Evidence, ...]:
        found = self._all(rows.of(recipient, f"{rows.EVIDENCE} and unannounced eq true"))
        return tuple(map(self._remember, reversed(found)))

    def announced(self, evidence: Evidence, announcement: Announcement) -> None:
        self._amend(evidence, lambda stored: replace(stored, announcement=announcement))

    def lookup(self, recipients: Sequence[str], scopes: Sequence[Scope]) -> Mapping[str, Consents]:
        until = time.monotonic() + DEADLINE_SECONDS
        if len(recipients) >= GROUPED_FROM:
            recipients = self._index.possible(recipients, scopes, until)
        return self._ask(recipients, scopes, until)

    def _ask(
        self, recipients: Sequence[str], scopes: Sequence[Scope], until: float | None = None
    ) -> dict[str, Consents]:
        """The consents of recipients from their own rows, one request for each."""
        found = self._account.each(
            lambda recipient: _consents(self._all(rows.of(recipient, rows.CONSENTS)), scopes),
            recipients,
            until,
        )
        return {number: known for number, known in zip(recipients, found, strict=True) if known}

    def listed(self, scope: Scope, limit: int, after: str | None) -> Listed:
        entries = self._index.recipients(scope, after, limit)
        items: list[tuple[str, Consent]] = []
        examined = 0
        while len(items) <= limit and examined < EXAMINED_ROWS:
            numbers = list(islice(entries, limit + 1 - len(items)))
            if not numbers:
                return Listed(tuple(items), None)
            examined += len(numbers)
            found = self._ask(numbers, [scope])
            items += [
                (number, found[number][scope])
                for number in numbers
                if number in found and found[number][scope].out
            ]
        return Listed(tuple(items[:limit]), items[limit - 1][0] if items[limit:] else numbers[-1])

    def knows(self, scope: Scope) -> bool:
        return next(self._index.recipients(scope, None, 1), None) is not None

    def history(self, recipient: str, limit: int, below: int | None) -> Page:
        older = "" if below is None else f" and RowKey gt '{rows.number_key(below)}'"
        wanted = min(limit + 1, PAGE_ROWS)  # no page may be larger
        pages = self._recipients.pages(rows.of(recipient, rows.EVIDENCE + older), wanted)
        found = list(islice(chain.from_iterable(pages), limit + 1))
        items = tuple(map(rows.evidence, found[:limit]))
        return Page(items, items[-1].number if len(found) > limit else None)

    def journal(self, limit: int, after: str | None) -> Journal:
        entries = self._index.entries(rows.JOURNAL, limit, after=_after(rows.JOURNAL, after))
        return self._indexed(entries, limit, "recipient", self._named)

    def counts(self, since: datetime) -> tuple[Count, ...]:
        found = self._index.since(since, time.monotonic() + DEADLINE_SECONDS)
        counted = Counter(
            (codec.moment(row["received_at"]).date(), row["sender"], row["activity"]) for row in found
        )
        return tuple(
            Count(day, sender or None, Activity(activity), times)
            for (day, sender, activity), times in sorted(counted.items())
        )

    def to_review(self, limit: int, after: str | None) -> Journal:
        entries = self._index.entries(rows.REVIEW, limit, after=_after(rows.REVIEW, after))
        return self._indexed(entries, limit, "id", self._unjudged)

    def reviewable(self, evidence_id: str) -> Evidence | None:
        entry = self._index.review(evidence_id)
        return self.find(entry["recipient"], evidence_id) if entry else None

    def _indexed(
        self,
        entries: Iterator[TableEntity],
        limit: int,
        last_part: str,
        evidence: Callable[[TableEntity], Evidence | None],
    ) -> Journal:
        """The evidence that entries of the index stand for, as far as it is there."""
        found = list(islice(entries, limit + 1))
        items = self._account.each(evidence, found[:limit])
        cursor = None
        if found[limit:]:
            last = found[limit - 1]
            cursor = f"{last['RowKey'].split('_')[1]} {last[last_part]}"
        return Journal(tuple(filter(None, items)), cursor)

    def _named(self, entry: TableEntity) -> Evidence | None:
        """The evidence that an entry was written for; an attempt that did not succeed left none."""
        found = self._stored(entry["recipient"], int(entry["number"]))
        if found is None or found[0].id != entry["id"]:
            return None
        is_it = codec.stamp(found[0].received_at) == entry["received_at"]
        return found[0] if is_it else None

    def _unjudged(self, entry: TableEntity) -> Evidence | None:
        verdict = rows.id_key(verdict_id(entry["id"], entry["recipient"]))
        if self._recipients.get(rows.keys(rows.key(entry["recipient"]), verdict)):
            self._index.drop(entry)
            return None
        return self._named(entry)

    def all_evidence(self, limit: int, after: tuple[str, int] | None) -> tuple[Evidence, ...]:
        return scan.all_evidence(self._recipients, limit, after)

    def quarantine(self, event: Quarantined) -> None:
        self._quarantine.add(event)

    def held(self, limit: int, after: str | None) -> Held:
        return self._quarantine.page(limit, after)

    def held_one(self, event_id: str) -> Quarantined | None:
        return self._quarantine.get(event_id)

    def release(self, event_id: str) -> None:
        self._quarantine.remove(event_id)

    def forget_texts(self, before: datetime) -> int:
        end = rows.key(rows.TEXT, codec.stamp(before))
        entries = islice(self._index.entries(rows.TEXT, FORGET_AT_ONCE, before=end), FORGET_AT_ONCE)
        return sum(self._account.each(lambda entry: self._forget(entry, before), list(entries)))

    def _forget(self, entry: TableEntity, before: datetime) -> int:
        found = self._stored(entry["recipient"], int(entry["number"]))
        if found is None or found[0].id != entry["id"]:
            if codec.moment(entry["received_at"]) < before - ON_ITS_WAY:
                self._index.drop(entry)
            return 0
        had_text = found[0].text is not None
        if had_text:
            self._amend(found[0], lambda stored: replace(stored, text=None), found)
        self._index.drop(entry)
        return int(had_text)

    def check(self) -> None:
        next(self._recipients.pages(rows.partition("check"), 1), None)

    def check_writable(self) -> None:
        row = rows.keys("doctor", str(uuid4()))  # no recipient and no bucket is called that
        for table in self._tables:
            table.write([("create", row)])
            table.delete(row)

    def close(self) -> None:
        self._account.close()

    def _all(self, condition: str) -> list[TableEntity]:
        return list(chain.from_iterable(self._recipients.pages(condition)))

    def _amend(
        self,
        evidence: Evidence,
        change: Callable[[Evidence], Evidence | None],
        found: Tagged | None = None,
    ) -> bool:
        """Write what a change makes of the stored evidence, on condition that nobody else did
        meanwhile; False if it makes nothing of it. One request where it was just written or read."""
        with self._lock:
            found = found or self._remembered.get(evidence.id)
        while True:
            found = found or self._stored(evidence.recipient, evidence.number)
            amended = change(found[0]) if found else None
            if found is None or amended is None:
                return False
            if amended == found[0]:
                return True
            if etag := self._recipients.replace(rows.evidence_row(amended), found[1]):
                self._keep((amended, etag))
                return True
            found = None

    def _stored(self, recipient: str, number: int) -> Tagged | None:
        row = self._recipients.get(rows.keys(rows.key(recipient), rows.number_key(number)))
        return _tagged(row) if row else None

    def _remember(self, row: TableEntity) -> Evidence:
        found = _tagged(row)
        self._keep(found)
        return found[0]

    def _keep(self, found: Tagged) -> None:
        with self._lock:
            self._remembered[found[0].id] = found


def _after(kind: str, cursor: str | None) -> str:
    """The key that a cursor of the index stands for."""
    return rows.key(kind, *cursor.split(" ", 1)) if cursor else ""


def _tagged(row: TableEntity) -> Tagged:
    return rows.evidence(row), str(row.metadata["etag"])


def _consents(found: Sequence[Mapping[str, Any]], scopes: Sequence[Scope]) -> dict[Scope, Consent]:
    by_key = {row["RowKey"]: row for row in found}
    return {
        scope: rows.consent(by_key[name])
        for scope in scopes
        if (name := rows.consent_key(scope)) in by_key
    }

"""One recipient's partition: what a decision needs, writing it, and the evidence one by one."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, islice

from azure.data.tables import TableEntity
from cachetools import LRUCache

from optout.domain.errors import StoreAway
from optout.domain.model import (
    Announcement,
    Consents,
    ConsentSnapshot,
    Decision,
    Evidence,
    Inquiry,
    RecipientState,
    Recorded,
    Reply,
    Scope,
)
from optout.store import codec
from optout.store.protocol import Entry, HistoryPage
from optout.store.tables import rows
from optout.store.tables.client import PAGE_ROWS, Account, Conflict, Operation, Table
from optout.store.tables.index import Index

# How far back recent messages are looked for, and how much of that one request brings.
RECENT_ROWS = 200
READ_ROWS = 100
# Each conflict means that somebody else succeeded. Waiting a little longer each time lets all of them
# through; after about five seconds of it the caller comes back later.
ATTEMPTS = 40
SHORTEST_PAUSE, LONGEST_PAUSE = 0.002, 0.25
# From naming a change in the index to making it; with the retries of the transaction still less than a
# reader of the feed stays behind. Only a process that was put to sleep in between takes longer.
SECONDS_TO_WRITE = 30.0
# Evidence that was just written or read, with its tag: settling it needs no second reading.
REMEMBERED = 1_000

# Evidence and the tag of its row, which changes whenever the row does.
Tagged = tuple[Evidence, str]


class RecipientRows:
    """The part of a Store that one recipient's rows answer; safe to share between threads."""

    def __init__(self, account: Account, recipients: Table, index: Index) -> None:
        self._account = account
        self._recipients = recipients
        self._index = index
        self._remembered: LRUCache[str, Tagged] = LRUCache(REMEMBERED)
        self._lock = threading.Lock()

    def update(self, inquiry: Inquiry, decide: Callable[[RecipientState], Decision]) -> Recorded:
        for attempt in range(ATTEMPTS):
            # A conflict may be with an old record of the same message, which reading may overlook. It
            # is looked for first: consents that are read after it are never older than it.
            overlooked = self.find(inquiry.recipient, inquiry.evidence_id) if attempt else None
            state = self._state(inquiry)
            if found := state.evidence or overlooked:
                return Recorded(found, state.consents, is_new=False)
            decision = decide(state)
            try:
                self._write(decision)
            except Conflict:
                # Writers that met once would meet again and again if they all came back at once.
                self._account.pause(min(LONGEST_PAUSE, SHORTEST_PAUSE * 2**attempt))
                continue
            consents = {**state.consents, **decision.consents}
            return Recorded(decision.evidence, consents, is_new=True)
        raise StoreAway("too many changes to one recipient at the same time")

    def insert_one(self, decision: Decision, entry: Entry) -> bool:
        """Write a decision about nobody in particular for one person; False where they are known."""
        recipient, at, identifier = entry
        evidence = replace(decision.evidence, recipient=recipient, at=at, id=identifier)
        consents = {
            scope: replace(consent, since=at, at=at, evidence_id=identifier)
            for scope, consent in decision.consents.items()
        }
        try:
            self._write(Decision(evidence, consents))
        except Conflict:
            return False
        return True

    def timeline(self, recipient: str) -> tuple[Evidence, ...]:
        return tuple(map(rows.evidence, reversed(self._all(rows.of(recipient, rows.EVIDENCE)))))

    def find(self, recipient: str, evidence_id: str) -> Evidence | None:
        row = self._recipients.get(rows.keys(rows.key(recipient), rows.id_key(evidence_id)))
        found = self._read_tagged(recipient, int(row["number"])) if row else None
        if found:
            self._keep(found)
        return found[0] if found else None

    def consents(self, recipient: str, scopes: Sequence[Scope]) -> Consents:
        found = rows.consents(self._all(rows.of(recipient, rows.CONSENTS)))
        return {scope: found[scope] for scope in scopes if scope in found}

    def history(self, recipient: str, limit: int, below: int | None) -> HistoryPage:
        older = "" if below is None else f" and RowKey gt '{rows.number_key(below)}'"
        wanted = min(limit + 1, PAGE_ROWS)  # no page may be larger
        pages = self._recipients.pages(rows.of(recipient, rows.EVIDENCE + older), wanted)
        found = list(islice(chain.from_iterable(pages), limit + 1))
        items = tuple(map(rows.evidence, found[:limit]))
        return HistoryPage(items, items[-1].number if len(found) > limit else None)

    def snapshot(self, recipient: str) -> ConsentSnapshot:
        found = self._read_snapshot(recipient)
        if len(found.consents) < READ_ROWS:
            return found  # of one page, which is of one moment
        while (again := self._read_snapshot(recipient)) != found:
            found = again
        return found

    def _read_snapshot(self, recipient: str) -> ConsentSnapshot:
        consents, newest = self._newest(recipient, None)
        number = rows.number(newest[0]) if newest else 0
        return ConsentSnapshot(recipient, number, rows.consents(consents))

    def settle_reply(self, evidence: Evidence, reply: Reply) -> bool:
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

    def settle_announcement(self, evidence: Evidence, announcement: Announcement) -> None:
        self._amend(evidence, lambda stored: replace(stored, announcement=announcement))

    def _state(self, inquiry: Inquiry) -> RecipientState:
        since = None if inquiry.recent_since is None else codec.stamp(inquiry.recent_since)
        consents, newest = self._newest(inquiry.recipient, since)
        same = next((row for row in newest if row["id"] == inquiry.evidence_id), None)
        recent = [
            row
            for row in newest
            if since is not None
            and row["sender"] == inquiry.sender
            and row["is_keyword"]
            and row["received_at"] >= since
        ]
        return RecipientState(
            evidence=self._remember(same) if same is not None else None,
            last_number=rows.number(newest[0]) if newest else 0,
            last_received_at=codec.moment(newest[0]["received_at"]) if newest else None,
            consents=rows.consents(consents),
            recent=tuple(map(rows.evidence, recent[: inquiry.recent_limit])),
            timeline=partial(self.timeline, inquiry.recipient),
        )

    def _newest(self, recipient: str, since: str | None) -> tuple[list[TableEntity], list[TableEntity]]:
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
        while since and newest and len(newest) < RECENT_ROWS and newest[-1]["received_at"] >= since:
            if not (page := next(pages, [])):
                break
            newest += page
        return consents, newest

    def _write(self, decision: Decision) -> None:
        """Raises Conflict, and writes nothing, where the number or the id of the evidence is taken:
        somebody wrote about the recipient since it was read; or where so much time has passed that
        somebody may have."""
        evidence = decision.evidence
        until = self._account.deadline(SECONDS_TO_WRITE)
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
        if self._account.is_over(until):
            raise Conflict("what was named in the index is too old by now")
        etag, *_ = self._recipients.write(operations)
        self._keep((evidence, etag))

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
            found = found or self._read_tagged(evidence.recipient, evidence.number)
            amended = change(found[0]) if found else None
            if found is None or amended is None:
                return False
            if amended == found[0]:
                return True
            if etag := self._recipients.replace(rows.evidence_row(amended), found[1]):
                self._keep((amended, etag))
                return True
            found = None

    def _read_tagged(self, recipient: str, number: int) -> Tagged | None:
        row = self._recipients.get(rows.keys(rows.key(recipient), rows.number_key(number)))
        return _tagged(row) if row else None

    def _remember(self, row: TableEntity) -> Evidence:
        found = _tagged(row)
        self._keep(found)
        return found[0]

    def _keep(self, found: Tagged) -> None:
        with self._lock:
            self._remembered[found[0].id] = found

    def _all(self, condition: str) -> list[TableEntity]:
        return list(chain.from_iterable(self._recipients.pages(condition)))


def _tagged(row: TableEntity) -> Tagged:
    return rows.evidence(row), str(row.metadata["etag"])

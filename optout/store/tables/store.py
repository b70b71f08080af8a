"""The store at scale: Azure Table Storage.

All that a decision needs of a recipient is in one partition: one query reads it in one snapshot, one
transaction writes it, and creating the row of the next number is the condition that nobody wrote in
between. What must be found across recipients has an index row, written before the transaction: the
index may name too many and never too few, and who reads it asks the recipient's own rows.
docs/architecture.md has the layout and its arithmetic.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain, compress, islice

from azure.data.tables import TableEntity

from optout.domain.enums import Activity
from optout.domain.errors import ConfigurationError
from optout.domain.ids import verdict_id
from optout.domain.model import (
    Consent,
    Consents,
    Decision,
    Evidence,
    Quarantined,
    Scope,
    Unfinished,
)
from optout.domain.search import ANYTHING, Search
from optout.store import codec
from optout.store.protocol import (
    ChangesPage,
    Count,
    Entry,
    JournalPage,
    ListPage,
    QuarantinePage,
)
from optout.store.tables import feed, rows, scan
from optout.store.tables.client import (
    DEADLINE_SECONDS,
    Account,
    Table,
)
from optout.store.tables.index import Index
from optout.store.tables.quarantine import Quarantine
from optout.store.tables.recipients import RecipientRows
from optout.store.tables.search import find

TABLES = ("recipients", "index", "quarantine")
PREFIX = "optout"
# From this many on, a check first asks the index who may be out at all.
GROUPED_FROM = 500
# A page has fewer people than asked for if this many in the index have opted in again.
EXAMINED_ROWS = 5_000
# How many texts are forgotten at once, so that the event that pays for it does not wait long.
FORGET_AT_ONCE = 300
# Nobody waits for a batch of an import as for a request.
BATCH_SECONDS = 600.0
# What a start may wait for.
NAMES_SECONDS = 5.0
# The index entry of a text is written before its evidence, which may still be on its way.
ON_ITS_WAY = timedelta(hours=1)


def tables_of(account: Account, prefix: str = PREFIX) -> dict[str, Table]:
    """The tables of a store, by their names without the prefix."""
    return {name: account.table(prefix + name) for name in TABLES}


class TablesStore(RecipientRows):
    """A Store in three tables of one account; safe to share between threads."""

    def __init__(self, account: Account, prefix: str = PREFIX) -> None:
        self._tables = tuple(tables_of(account, prefix).values())
        recipients, index, quarantine = self._tables
        super().__init__(account, recipients, Index(account, index))
        self._quarantine = Quarantine(account, quarantine)
        self._generation: int | None = None

    def insert_first(self, decision: Decision, entries: Sequence[Entry]) -> list[Entry]:
        written = self._account.each(
            lambda entry: self.insert_one(decision, entry),
            entries,
            self._account.deadline(BATCH_SECONDS),
        )
        return [entry for entry, done in zip(entries, written, strict=True) if not done]

    def without_evidence(self, recipients: Sequence[str]) -> set[str]:
        first = f"RowKey eq '{rows.number_key(1)}'"
        found = self._account.each(
            lambda one: self._all(rows.of(one, first)),
            recipients,
            self._account.deadline(BATCH_SECONDS),
        )
        return {one for one, evidence in zip(recipients, found, strict=True) if not evidence}

    def lookup(self, recipients: Sequence[str], scopes: Sequence[Scope]) -> Mapping[str, Consents]:
        until = self._account.deadline(DEADLINE_SECONDS)
        if not self.finds_opt_ins(len(recipients)):
            recipients = self._index.possible(recipients, scopes, until)
        return self._ask(recipients, scopes, until)

    def finds_opt_ins(self, asked: int) -> bool:
        return asked < GROUPED_FROM  # the index does not name those who only opted in

    def _ask(
        self, recipients: Sequence[str], scopes: Sequence[Scope], until: float | None = None
    ) -> dict[str, Consents]:
        """The consents of recipients from their own rows, one request for each."""
        found = self._account.each(
            lambda recipient: self.consents(recipient, scopes), recipients, until
        )
        return {number: known for number, known in zip(recipients, found, strict=True) if known}

    def list_out(self, scope: Scope, limit: int, after: str | None) -> ListPage:
        entries = self._index.recipients(scope, after, limit)
        items: list[tuple[str, Consent]] = []
        examined = 0
        while len(items) <= limit and examined < EXAMINED_ROWS:
            numbers = list(islice(entries, limit + 1 - len(items)))
            if not numbers:
                return ListPage(tuple(items), None)
            examined += len(numbers)
            found = self._ask(numbers, [scope])
            items += [
                (number, found[number][scope])
                for number in numbers
                if number in found and found[number][scope].out
            ]
        return ListPage(tuple(items[:limit]), items[limit - 1][0] if items[limit:] else numbers[-1])

    def was_ever_out(self, scope: Scope) -> bool:
        return next(self._index.recipients(scope, None, 1), None) is not None

    def list_names(self) -> tuple[str, ...]:
        return self._index.list_names(self._account.deadline(NAMES_SECONDS))

    def journal(self, limit: int, after: str | None, search: Search = ANYTHING) -> JournalPage:
        if search == ANYTHING:
            return JournalPage(*self._index.page(rows.JOURNAL, limit, after, self._find_named))
        return find(self._account, self._index, limit, after, search, self._find_named)

    def counts(self, since: datetime, until: datetime | None = None) -> tuple[Count, ...]:
        deadline = self._account.deadline(DEADLINE_SECONDS)
        certain, doubtful = self._index.counted(since, until, deadline)
        there = self._account.each(self._find_named, doubtful, deadline)
        counted = Counter(
            (codec.moment(row["received_at"]).date(), row["sender"], row["activity"])
            for row in chain(certain, compress(doubtful, there))
            if until is None or codec.moment(row["received_at"]) < until
        )
        return tuple(
            Count(day, sender or None, Activity(activity), times)
            for (day, sender, activity), times in sorted(counted.items())
        )

    def list_reviews(self, limit: int, after: str | None) -> JournalPage:
        return JournalPage(*self._index.page(rows.REVIEW, limit, after, self._find_unjudged))

    def find_review(self, evidence_id: str) -> Evidence | None:
        entry = self._index.review(evidence_id)
        found = self.find(entry["recipient"], evidence_id) if entry else None
        return found if found and found.is_for_review else None

    def _find_named(self, entry: TableEntity) -> Evidence | None:
        """The evidence that an entry was written for; an attempt that did not succeed left none."""
        found = self._read_tagged(entry["recipient"], int(entry["number"]))
        if found is None or found[0].id != entry["id"]:
            return None
        is_it = codec.stamp(found[0].received_at) == entry["received_at"]
        return found[0] if is_it else None

    def _find_unjudged(self, entry: TableEntity) -> Evidence | None:
        verdict = rows.id_key(verdict_id(entry["id"], entry["recipient"]))
        if self._recipients.get(rows.keys(rows.key(entry["recipient"]), verdict)):
            self._index.drop(entry)
            return None
        return self._find_named(entry)

    def all_evidence(self, limit: int, after: tuple[str, int] | None) -> tuple[Evidence, ...]:
        return scan.all_evidence(self._recipients, limit, after)

    def quarantine(self, event: Quarantined) -> None:
        self._quarantine.add(event)

    def list_quarantine(self, limit: int, after: str | None) -> QuarantinePage:
        return self._quarantine.page(limit, after)

    def find_quarantined(self, event_id: str) -> Quarantined | None:
        return self._quarantine.get(event_id)

    def release(self, event_id: str) -> None:
        self._quarantine.remove(event_id)

    def forget_texts(self, before: datetime) -> int:
        entries = islice(self._index.texts(before, FORGET_AT_ONCE), FORGET_AT_ONCE)
        return sum(self._account.each(lambda entry: self._forget(entry, before), list(entries)))

    def _forget(self, entry: TableEntity, before: datetime) -> int:
        found = self._read_tagged(entry["recipient"], int(entry["number"]))
        if found is None or found[0].id != entry["id"]:
            if codec.moment(entry["received_at"]) < before - ON_ITS_WAY:
                self._index.drop(entry)
            return 0
        had_text = found[0].text is not None
        if had_text:
            self._amend(found[0], lambda stored: replace(stored, text=None), found)
        self._index.drop(entry)
        return int(had_text)

    def pending(self) -> tuple[Unfinished, ...] | None:
        return None  # there is no index of it: a queue remembers

    def changes(self, limit: int, after: str | None) -> ChangesPage:
        return feed.page(self._account, self._recipients, self._index, self.snapshot, limit, after)

    def rules_version(self) -> int:
        row = self._recipients.get(rows.RULES)
        return int(row["version"]) if row else 1

    def set_rules_version(self, version: int) -> None:
        row = {**rows.RULES, "version": str(version)}
        self._recipients.write([("upsert", row, {"mode": "replace"})])

    def generation(self) -> int:
        if self._generation is None:
            row = self._recipients.get(rows.GENERATION)
            self._generation = int(row["number"]) if row else 1
        return self._generation

    def begin_generation(self, number: int) -> None:
        row = {**rows.GENERATION, "number": str(number)}
        self._recipients.write([("upsert", row, {"mode": "replace"})])
        self._generation = number

    def ensure_whole(self) -> None:
        if self._recipients.get(rows.RESTORE):
            raise ConfigurationError(
                "a restore into these tables has not ended, so that people who opted out may be "
                "missing: run optout restore with the same copy until it says that it is done"
            )

    def check(self) -> None:
        next(self._recipients.pages(rows.partition("check"), 1), None)

    def check_writable(self) -> None:
        for table in self._tables:
            table.write([("upsert", rows.TRIAL, {"mode": "replace"})])
            table.delete(rows.TRIAL)

    def close(self) -> None:
        self._account.close()

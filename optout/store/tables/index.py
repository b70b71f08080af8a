"""Rows that are spread over buckets, read as if they were one table; and the index of who is out, of
who changed, of what happened when, of what is for review and of texts that are to be forgotten.

The index may name too much and never too little: its rows are written before what they stand for.
"""

import heapq
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import NamedTuple, TypeVar

from azure.data.tables import TableEntity

from optout.domain.enums import Activity, ScopeKind
from optout.domain.model import Consents, Evidence, Scope
from optout.store import codec
from optout.store.tables import rows
from optout.store.tables.client import PAGE_ROWS, Account, Table

# A page of the index costs about as much as asking about this many recipients one by one.
PAGE_IS_WORTH = 20
# Another attempt at what was tried before the end of a period came within this time.
TRIED_AGAIN = timedelta(hours=1)

Item = TypeVar("Item")


def in_order(account: Account, table: Table, condition: str, expected: int) -> Iterator[TableEntity]:
    """The rows of all buckets that meet a condition, in the order of their keys.

    The first pages are read side by side, the next only where the order needs them.
    """
    share = min(2 * expected // len(rows.BUCKETS) + 10, PAGE_ROWS)
    pages = [table.pages(f"{rows.partition(bucket)} and {condition}", share) for bucket in rows.BUCKETS]
    firsts = account.each(lambda page: next(page, []), pages)
    return heapq.merge(
        *(chain(first, chain.from_iterable(rest)) for first, rest in zip(firsts, pages, strict=True)),
        key=lambda row: str(row["RowKey"]),
    )


def read_page(
    account: Account,
    table: Table,
    kind: str,
    limit: int,
    after: str | None,
    read: Callable[[TableEntity], Item | None],
) -> tuple[tuple[Item, ...], str | None]:
    """What the next rows of a kind stand for, as far as it is there, and where to go on, if there are
    more rows."""
    start = rows.place(kind, after)
    entries = in_order(account, table, f"RowKey gt '{start}' and {rows.below(kind)}", limit)
    found = list(islice(entries, limit + 1))
    items = account.each(read, found[:limit])
    cursor = rows.cursor(kind, found[limit - 1]) if found[limit:] else None
    return tuple(item for item in items if item is not None), cursor


class Named(NamedTuple):
    """What the journal names: what is there beyond doubt, and what may have been only tried."""

    certain: list[TableEntity]
    doubtful: list[TableEntity]


class Index:
    """Who may be out of which scope."""

    def __init__(self, account: Account, table: Table) -> None:
        self._account = account
        self._table = table

    def note(self, evidence: Evidence, consents: Consents) -> None:
        """Name evidence that is about to be written, and the scopes that its recipient is about to be
        out of; one request."""
        out = [scope for scope, new in consents.items() if new.out]
        entries = [rows.scope_row(scope, evidence.recipient) for scope in out]
        if consents:
            entries.append(rows.change_row(evidence.recipient, self._account.now(self._table)))
        entries += rows.evidence_index_rows(evidence)
        if entries:
            self._table.write([("upsert", entry, {"mode": "replace"}) for entry in entries])

    def recipients(self, scope: Scope, after: str | None, expected: int) -> Iterator[str]:
        """Those who may be out of a scope, in the order of their numbers."""
        name = rows.key(str(scope))
        start = rows.key(str(scope), after) if after else f"{name}_"
        found = in_order(
            self._account, self._table, f"RowKey gt '{start}' and {rows.below(name)}", expected
        )
        return (str(row["recipient"]) for row in found)

    def list_names(self, until: float) -> tuple[str, ...]:
        """The lists that anybody may be out of: in each bucket one request to find the next."""
        found = self._account.each(lambda bucket: list(self._list_names(bucket)), rows.BUCKETS, until)
        return tuple(sorted(set(chain.from_iterable(found))))

    def _list_names(self, bucket: str) -> Iterator[str]:
        kind = f"{ScopeKind.LIST}:"
        after = kind
        while True:
            condition = f"{rows.partition(bucket)} and RowKey gt '{after}' and RowKey lt '{kind}~'"
            pages = self._table.pages(condition, 1, ["RowKey"])
            row = next(chain.from_iterable(pages), None)
            if row is None:
                return
            scope, _, _ = str(row["RowKey"]).partition("_")
            yield scope.removeprefix(kind)
            after = f"{scope}`"

    def page(
        self,
        kind: str,
        limit: int,
        after: str | None,
        evidence: Callable[[TableEntity], Evidence | None],
    ) -> tuple[tuple[Evidence, ...], str | None]:
        """The evidence that the next entries of a kind stand for, and where to go on."""
        return read_page(self._account, self._table, kind, limit, after, evidence)

    def journal(
        self, after: str | None, since: datetime | None, until: datetime | None, expected: int
    ) -> Iterator[TableEntity]:
        """What the journal names that was received in a period, newest first, after a cursor."""
        start = rows.place(rows.JOURNAL, after)
        if until is not None:
            start = max(start, f"{rows.journal_key(until)}`")
        end = f"{rows.journal_key(since)}`" if since is not None else f"{rows.JOURNAL}`"
        condition = f"RowKey gt '{start}' and RowKey lt '{end}'"
        return in_order(self._account, self._table, condition, expected) if start < end else iter(())

    def changed(self, after: str, until: str, expected: int) -> Iterator[TableEntity]:
        """Those whose consents may have changed between two places in the order of changes, oldest
        first."""
        start, end = rows.place(rows.CHANGE, after), rows.place(rows.CHANGE, until)
        condition = f"RowKey gt '{start}' and RowKey lt '{end}'"
        return in_order(self._account, self._table, condition, expected) if start < end else iter(())

    def texts(self, before: datetime, expected: int) -> Iterator[TableEntity]:
        """The texts that are to be forgotten of those received before then, oldest first."""
        end = rows.key(rows.TEXT, codec.stamp(before))
        condition = f"RowKey ge '{rows.TEXT}_' and RowKey lt '{end}'"
        return in_order(self._account, self._table, condition, expected)

    def review(self, evidence_id: str) -> TableEntity | None:
        """What names evidence that is or was for review, in whichever bucket it is."""
        name = rows.review_id_key(evidence_id)
        found = self._account.each(
            lambda bucket: self._table.get(rows.keys(bucket, name)), rows.BUCKETS
        )
        return next(filter(None, found), None)

    def counted(self, since: datetime, until: datetime | None, deadline: float) -> Named:
        """What the journal names since then that counts as something, to some time after `until`.

        An attempt that is not the only one at its evidence or at its number is in doubt. For that, all
        are read that ask for something, also those that changed nothing.
        """
        newest = rows.journal_key(until + TRIED_AGAIN) if until else f"{rows.JOURNAL}_"
        condition = (
            f"RowKey ge '{newest}' and RowKey lt '{rows.journal_key(since)}`' "
            f"and activity ne '{Activity.OTHER}'"
        )
        found = self._account.each(
            lambda bucket: list(
                chain.from_iterable(
                    self._table.pages(
                        f"{rows.partition(bucket)} and {condition}",
                        PAGE_ROWS,
                        ["recipient", "id", "number", "received_at", "sender", "activity"],
                    )
                )
            ),
            rows.BUCKETS,
            deadline,
        )
        entries = list(chain.from_iterable(found))
        attempts = Counter(chain.from_iterable(map(_attempted, entries)))
        named = Named([], [])
        for entry in filter(lambda entry: entry["activity"], entries):
            is_only = all(attempts[what] == 1 for what in _attempted(entry))
            (named.certain if is_only else named.doubtful).append(entry)
        return named

    def drop(self, entry: TableEntity) -> None:
        """Take a name out of the index."""
        self._table.delete(entry)

    def possible(self, recipients: Iterable[str], scopes: Sequence[Scope], until: float) -> list[str]:
        """Those of many who may be out of one of the scopes; all others are certainly not.

        Where the list is long and those asked about are few, reading the index costs more than asking
        about each: from there on they all are possible.
        """
        by_bucket: dict[str, list[str]] = {}
        for recipient in recipients:
            by_bucket.setdefault(rows.bucket(recipient), []).append(recipient)
        parts = [(bucket, scope) for bucket in by_bucket for scope in scopes]
        found = self._account.each(lambda part: self._possible(*part, by_bucket[part[0]]), parts, until)
        return list(dict.fromkeys(chain.from_iterable(found)))

    def _possible(self, bucket: str, scope: Scope, recipients: Sequence[str]) -> list[str]:
        asked = {rows.key(str(scope), recipient): recipient for recipient in recipients}
        names = sorted(asked)
        condition = f"{rows.partition(bucket)} and RowKey ge '{names[0]}' and RowKey le '{names[-1]}'"
        found: list[str] = []
        answered = 0
        for page in self._table.pages(condition, PAGE_ROWS, ["RowKey"]):
            there = {row["RowKey"] for row in page}
            found += [asked[name] for name in names[answered:] if name in there]
            before = answered
            answered = bisect_right(names, page[-1]["RowKey"]) if page else answered
            if len(page) == PAGE_ROWS and answered - before < PAGE_IS_WORTH:
                return found + [asked[name] for name in names[answered:]]
        return found


def _attempted(entry: TableEntity) -> tuple[tuple[str, str], ...]:
    """What only one attempt can have written: the evidence, and the number of its recipient."""
    recipient = entry["recipient"]
    return (recipient, f"id {entry['id']}"), (recipient, f"number {entry['number']}")

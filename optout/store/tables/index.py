"""Rows that are spread over buckets, read as if they were one table; and the index of who is out, of
what happened when, of what is for review and of texts that are to be forgotten.

The index may name too much and never too little: its rows are written before what they stand for.
"""

import heapq
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain

from azure.data.tables import TableEntity

from optout.domain.enums import Activity, ScopeKind
from optout.domain.model import Consents, Evidence, Scope
from optout.store.tables import rows
from optout.store.tables.client import PAGE_ROWS, Account, Table

# A page of the index costs about as much as asking about this many recipients one by one.
PAGE_IS_WORTH = 20


def in_order(account: Account, table: Table, condition: str, expected: int) -> Iterator[TableEntity]:
    """The rows of all buckets that meet a condition, in the order of their keys.

    The first pages are read side by side, the next only where the order needs them.
    """
    share = 2 * expected // len(rows.BUCKETS) + 10
    pages = [table.pages(f"{rows.partition(bucket)} and {condition}", share) for bucket in rows.BUCKETS]
    firsts = account.each(lambda page: next(page, []), pages)
    return heapq.merge(
        *(chain(first, chain.from_iterable(rest)) for first, rest in zip(firsts, pages, strict=True)),
        key=lambda row: str(row["RowKey"]),
    )


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

    def entries(
        self, kind: str, expected: int, *, after: str = "", before: str = ""
    ) -> Iterator[TableEntity]:
        """What is named in a kind, in the order of its keys, from after one to before another."""
        condition = f"RowKey gt '{after or kind + '_'}' and RowKey lt '{before or kind + '`'}'"
        return in_order(self._account, self._table, condition, expected)

    def review(self, evidence_id: str) -> TableEntity | None:
        """What names evidence that is or was for review, in whichever bucket it is."""
        name = rows.review_id_key(evidence_id)
        found = self._account.each(
            lambda bucket: self._table.get(rows.keys(bucket, name)), rows.BUCKETS
        )
        return next(filter(None, found), None)

    def since(self, moment: datetime, until: float) -> list[TableEntity]:
        """What is named in the journal since then and is more than a message without a request, once
        for each piece of evidence: of one that had to be written again, the last."""
        condition = (
            f"RowKey ge '{rows.JOURNAL}_' and RowKey lt '{rows.journal_key(moment)}`' "
            f"and activity ne '{Activity.OTHER}'"
        )
        found = self._account.each(
            lambda bucket: list(
                chain.from_iterable(
                    self._table.pages(
                        f"{rows.partition(bucket)} and {condition}",
                        PAGE_ROWS,
                        ["id", "received_at", "sender", "activity"],
                    )
                )
            ),
            rows.BUCKETS,
            until,
        )
        # The newest come first: in reverse, of several with one id the newest is put in last and stays.
        return list({row["id"]: row for row in reversed(list(chain.from_iterable(found)))}.values())

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

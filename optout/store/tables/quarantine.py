"""Quarantined events in a table: one row holds the event, one puts it in the order of arrival."""

from itertools import islice

from optout.domain.model import Quarantined
from optout.store.protocol import QuarantinePage
from optout.store.tables import rows
from optout.store.tables.client import Account, Conflict, Table
from optout.store.tables.index import in_order


class Quarantine:
    """The part of a Store that holds events which could not be understood."""

    def __init__(self, account: Account, table: Table) -> None:
        self._account = account
        self._table = table

    def add(self, event: Quarantined) -> None:
        held = rows.held_row(event)
        order = rows.held_order_row(event)
        while True:
            try:
                self._table.write([("create", held), ("upsert", order, {"mode": "replace"})])
                return
            except Conflict:
                keys = rows.keys(held["PartitionKey"], held["RowKey"])
                if self._table.merge(keys | rows.reason_property(event.reason)):
                    return

    def page(self, limit: int, after: str | None) -> QuarantinePage:
        start = rows.key("o", *(after or "").split(" ", 1))
        order = in_order(self._account, self._table, f"RowKey gt '{start}' and RowKey lt 'o`'", limit)
        found = list(islice(order, limit + 1))
        events = self._account.each(lambda row: self.get(row["id"]), found[:limit])
        last = f"{found[limit - 1]['received_at']} {found[limit - 1]['id']}" if found[limit:] else None
        return QuarantinePage(tuple(event for event in events if event is not None), last)

    def get(self, event_id: str) -> Quarantined | None:
        row = self._table.get(rows.keys(rows.bucket(event_id), rows.id_key(event_id)))
        return rows.quarantined(row) if row else None

    def remove(self, event_id: str) -> None:
        """The event goes first: an order without its event is skipped, the other way round it would
        be held and never shown."""
        event = self.get(event_id)
        if event is not None:
            self._table.delete(rows.held_row(event))
            self._table.delete(rows.held_order_row(event))

"""Quarantined events in a table: one row holds the event, one puts it in the order of arrival."""

from collections.abc import Mapping
from typing import Any

from optout.domain.model import Quarantined
from optout.store import codec
from optout.store.protocol import QuarantinePage
from optout.store.tables import rows
from optout.store.tables.client import Account, Conflict, Table
from optout.store.tables.index import read_page


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
        return QuarantinePage(
            *read_page(self._account, self._table, rows.ORDER, limit, after, self._placed)
        )

    def _placed(self, order: Mapping[str, Any]) -> Quarantined | None:
        """The event that has this place in the order. One that came back after a removal that was cut
        short has another."""
        event = self.get(order["id"])
        is_it = event is not None and codec.stamp(event.received_at) == order["received_at"]
        return event if is_it else None

    def get(self, event_id: str) -> Quarantined | None:
        row = self._table.get(rows.keys(rows.bucket(event_id), rows.id_key(event_id)))
        return rows.quarantined(row) if row else None

    def remove(self, event_id: str) -> None:
        """Both rows go together. Where one is not there, the event goes by itself: an order without its
        event is skipped, the other way round it would be held and never shown."""
        event = self.get(event_id)
        if event is not None:
            held, order = rows.held_row(event), rows.held_order_row(event)
            if not self._table.delete_together([held, order]):
                self._table.delete(held)

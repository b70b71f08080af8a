"""Everybody's consents, and who has changed since: first a scan of all recipients, then the index of
changes, which has its order by the account's time.

The row of a change is written before the change itself, by a function that may run for as long as it
is allowed to. So a reader stays behind by that and by what the clocks may differ: when it comes to a
row, the change is there, or never will be.
"""

from collections.abc import Callable
from datetime import timedelta
from itertools import islice

from optout.domain.errors import Gone
from optout.domain.model import ConsentSnapshot
from optout.store import codec
from optout.store.protocol import ChangesPage
from optout.store.tables import rows, scan
from optout.store.tables.client import Account, Table
from optout.store.tables.index import Index

# The functionTimeout of host.json and five seconds.
BEHIND = timedelta(seconds=65)
# A place is in the scan, with the time at which it began, or in the index.
_SCAN, _INDEX = "scan", "index"


def page(
    account: Account,
    recipients: Table,
    index: Index,
    snapshot: Callable[[str], ConsentSnapshot],
    limit: int,
    after: str | None,
) -> ChangesPage:
    """The next people; Raises Gone for a place that this module has not given."""
    now = account.now(recipients) - BEHIND
    kind, *place = (after or f"{_SCAN}|{codec.stamp(now)}|").split("|")
    if kind == _SCAN and len(place) == 2:
        began, partition = place
        items, last = scan.snapshots(recipients, snapshot, limit, partition)
        going_on = f"{_INDEX}|{began}" if last is None else f"{_SCAN}|{began}|{last}"
        return ChangesPage(tuple(items), going_on, last is not None)
    if kind == _INDEX and len(place) == 1:
        (start,) = place
        found = list(islice(index.changed(start, now, limit), limit + 1))
        names = dict.fromkeys(str(row["recipient"]) for row in found[:limit])
        items = account.each(snapshot, list(names))
        end = rows.cursor(rows.CHANGE, found[limit - 1]) if found[limit:] else codec.stamp(now)
        return ChangesPage(tuple(items), f"{_INDEX}|{max(start, end)}", bool(found[limit:]))
    raise Gone("it is of another kind of store")

"""Everybody's consents, and who has changed since: first a scan of all recipients, then the index of
changes, which has its order by the account's time.

The row of a change is written before the change itself, by a function that may run for as long as it
is allowed to. So a reader stays behind by that and by what the clocks may differ: when it comes to a
row, the change is there, or never will be.
"""

import re
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
# A place is in the scan, with the time at which it began and the last partition, or in the index, with
# a time or a row. Times are as in the keys of the index: they sort among those.
_SCAN, _INDEX = "scan", "index"
_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.2E\d{6}Z"
_KEY = r"[A-Za-z0-9:.~-]{1,400}"
_PLACE = re.compile(rf"({_SCAN})\|({_TIME})\|({_KEY})?|{_INDEX}\|({_TIME}(?:_{_KEY})?)", re.ASCII)


def page(
    account: Account,
    recipients: Table,
    index: Index,
    snapshot: Callable[[str], ConsentSnapshot],
    limit: int,
    after: str | None,
) -> ChangesPage:
    """The next people; Raises Gone for a place that this module has not given."""
    now = account.now(recipients)
    until = rows.key(codec.stamp(now - BEHIND))
    kind, began, partition = _read(after or f"{_SCAN}|{until}|", rows.key(codec.stamp(now + BEHIND)))
    if kind == _SCAN:
        items, last = scan.snapshots(recipients, snapshot, limit, partition)
        if last is not None:
            return ChangesPage(tuple(items), f"{_SCAN}|{began}|{last}", more=True)
        # After the scan there is whoever changed while it was read.
        changed = next(index.changed(began, until, 1), None)
        return ChangesPage(tuple(items), f"{_INDEX}|{began}", changed is not None)
    found = list(islice(index.changed(began, until, limit), limit + 1))
    names = dict.fromkeys(str(row["recipient"]) for row in found[:limit])
    # A write that never came has named somebody, too, of whom perhaps nothing is known.
    items = [item for item in account.each(snapshot, list(names)) if item.consents]
    end = rows.cursor(rows.CHANGE, found[limit - 1]) if found[limit:] else until
    return ChangesPage(tuple(items), f"{_INDEX}|{max(began, end)}", bool(found[limit:]))


def _read(place: str, latest: str) -> tuple[str, str, str]:
    """The kind of a place, the time or row from which on the index is read, and the partition after
    which the scan goes on. Raises Gone for one that this module has not given: it may be ahead by what
    two instances know of the account's time, and no more."""
    found = _PLACE.fullmatch(place)
    if found is None:
        raise Gone("it is of another kind of store")
    began = found[2] or found[4]
    if began > latest:
        raise Gone("it is of another account")
    return found[1] or _INDEX, began, found[3] or ""

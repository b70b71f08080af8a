"""Evidence about anybody in the order of its arrival, a page at a time."""

import sqlite3

from optout.domain.model import Evidence
from optout.domain.search import ANYTHING, Search
from optout.store import codec
from optout.store.protocol import JournalPage

# So many rows are looked at for one page: half a second, in which somebody who searches sees that it
# goes on.
EXAMINED_ROWS = 50_000


def read_journal(
    connection: sqlite3.Connection,
    which: str,
    limit: int,
    after: str | None,
    *,
    newest_first: bool = False,
    search: Search = ANYTHING,
) -> JournalPage:
    """A page of the evidence that meets a condition and is looked for; no two of a recipient have the
    same time."""
    order, beyond, start = ("DESC", "<", "~") if newest_first else ("ASC", ">", "")
    received_at, _, recipient = (after or start).partition("|")
    if newest_first and search.until is not None:
        received_at, recipient = min((received_at, recipient), (codec.stamp(search.until), ""))
    conditions, values = [which], [received_at, recipient]
    if search.since is not None:
        conditions.append("received_at >= ?")
        values.append(codec.stamp(search.since))
    if search.sender is not None:
        conditions.append("sender = ?")
        values.append(search.sender)
    if search.activity is not None:
        conditions.append("activity = ?")
        values.append(str(search.activity))
    rows = connection.execute(
        f"SELECT received_at, recipient, body FROM evidence WHERE (received_at, recipient) {beyond} "
        f"(?, ?) AND {' AND '.join(conditions)} "
        f"ORDER BY received_at {order}, recipient {order} LIMIT {EXAMINED_ROWS + 1}",
        values,
    )
    items: list[Evidence] = []
    place: str | None = None
    try:
        for examined, (received_at, recipient, body) in enumerate(rows):
            if len(items) == limit or examined == EXAMINED_ROWS:
                return JournalPage(tuple(items), place)
            place = f"{received_at}|{recipient}"
            if search.may_be_in(body) and search.takes(found := codec.load(body)):
                items.append(found)
        return JournalPage(tuple(items), None)
    finally:
        rows.close()

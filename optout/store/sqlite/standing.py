"""Everybody's consents as they are at one moment, and who has changed since another: each query is a
snapshot of its own."""

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from optout.domain.errors import Gone
from optout.domain.model import Consents, ConsentSnapshot
from optout.store.protocol import ChangesPage
from optout.store.sqlite.schema import CONSENT_COLUMNS, consent_of, scope_of

_SNAPSHOT = f"""
    SELECT (SELECT max(number) FROM evidence WHERE evidence.recipient = asked.recipient),
        {CONSENT_COLUMNS.replace("recipient", "consent.recipient")}
    FROM (SELECT ? AS recipient) AS asked LEFT JOIN consent ON consent.recipient = asked.recipient
"""
_CHANGES = f"""
    WITH page AS MATERIALIZED
        (SELECT recipient, change FROM standing WHERE change > ? ORDER BY change LIMIT ?)
    SELECT change, (SELECT max(number) FROM evidence WHERE evidence.recipient = page.recipient),
        {CONSENT_COLUMNS.replace("recipient", "consent.recipient")}
    FROM page CROSS JOIN consent ON consent.recipient = page.recipient ORDER BY change
"""


def read_snapshot(connection: sqlite3.Connection, recipient: str) -> ConsentSnapshot:
    rows = connection.execute(_SNAPSHOT, (recipient,)).fetchall()
    return ConsentSnapshot(recipient, rows[0][0] or 0, _consents(row[1:] for row in rows if row[1]))


def read_changes(connection: sqlite3.Connection, limit: int, after: str | None) -> ChangesPage:
    """Raises Gone for a number that no change has had yet."""
    since = _number(after)
    rows = connection.execute(_CHANGES, (since, limit + 1)).fetchall()
    people = [list(group) for _, group in groupby(rows, key=itemgetter(0))]
    if not people and since > _last_change(connection):
        raise Gone("it is of another database")
    page = people[:limit]
    items = tuple(
        ConsentSnapshot(rows[0][3], rows[0][1], _consents(row[2:] for row in rows)) for rows in page
    )
    return ChangesPage(items, str(page[-1][0][0] if page else since), len(people) > limit)


def _number(after: str | None) -> int:
    if after is None:
        return 0
    if not after.isdecimal() or len(after) > 18:
        raise Gone("it is of another kind of store")
    return int(after)


def _last_change(connection: sqlite3.Connection) -> int:
    (last,) = connection.execute("SELECT coalesce(max(change), 0) FROM standing").fetchone()
    return int(last)


def _consents(rows: Iterable[Sequence[Any]]) -> Consents:
    return {scope_of(row[0]): consent_of(row) for row in rows}

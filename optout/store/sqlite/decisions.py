"""What a decision needs of a recipient, and writing it, on one connection."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice, takewhile

from optout.domain.model import Consent, Decision, Evidence, Inquiry, RecipientState, Scope
from optout.store import codec
from optout.store.sqlite.schema import (
    CONSENT_COLUMNS,
    INSERT_EVIDENCE,
    NUMBER_CHANGE,
    REPLACE_CONSENT,
    consent_of,
    consent_row,
    evidence_row,
)
from optout.store.sqlite.standing import read_snapshot

# How far back recent messages are looked for, so that a long history costs no more than a short one.
RECENT_ROWS = 200


def read_state(connection: sqlite3.Connection, inquiry: Inquiry) -> RecipientState:
    """What the inquiry asks."""
    recipient = inquiry.recipient
    newest = connection.execute(
        "SELECT number, received_at FROM evidence WHERE recipient = ? ORDER BY number DESC LIMIT 1",
        (recipient,),
    ).fetchone()
    if newest is None:
        return RecipientState()
    same = connection.execute(
        "SELECT body FROM evidence WHERE id = ? AND recipient = ?", (inquiry.evidence_id, recipient)
    ).fetchone()
    return RecipientState(
        evidence=codec.load(same[0]) if same else None,
        last_number=newest[0],
        last_received_at=codec.moment(newest[1]),
        consents=read_snapshot(connection, recipient).consents,
        recent=tuple(_recent(connection, inquiry)),
        timeline=partial(read_timeline, connection, recipient),
    )


def _recent(connection: sqlite3.Connection, inquiry: Inquiry) -> Iterator[Evidence]:
    """The recent keyword messages, newest first."""
    if inquiry.recent_since is None:
        return
    since = codec.stamp(inquiry.recent_since)
    rows = connection.execute(
        "SELECT received_at, sender, is_keyword, body FROM evidence WHERE recipient = ? "
        "ORDER BY number DESC LIMIT ?",
        (inquiry.recipient, RECENT_ROWS),
    )
    current = takewhile(lambda row: row[0] >= since, rows)
    keywords = (row for row in current if row[1] == inquiry.sender and row[2])
    for *_, body in islice(keywords, inquiry.recent_limit):
        yield codec.load(body)


def read_timeline(connection: sqlite3.Connection, recipient: str) -> tuple[Evidence, ...]:
    rows = connection.execute(
        "SELECT body FROM evidence WHERE recipient = ? ORDER BY number", (recipient,)
    )
    return tuple(codec.load(body) for (body,) in rows)


def insert_decision(connection: sqlite3.Connection, decision: Decision) -> None:
    evidence = decision.evidence
    connection.execute(INSERT_EVIDENCE, evidence_row(evidence))
    connection.executemany(
        REPLACE_CONSENT,
        [
            consent_row(scope, evidence.recipient, consent)
            for scope, consent in decision.consents.items()
        ],
    )
    if decision.consents:
        connection.execute(NUMBER_CHANGE, (evidence.recipient,))
    if evidence.about is not None:
        connection.execute("UPDATE evidence SET review_pending = 0 WHERE id = ?", (evidence.about,))


def read_consents(
    connection: sqlite3.Connection, recipients: Sequence[str], scopes: Sequence[Scope]
) -> dict[str, dict[Scope, Consent]]:
    by_name = {str(scope): scope for scope in scopes}
    rows = connection.execute(
        f"SELECT {CONSENT_COLUMNS} FROM json_each(?) AS wanted CROSS JOIN consent "
        f"WHERE scope IN ({', '.join('?' * len(by_name))}) AND recipient = wanted.value",
        (json.dumps(list(recipients)), *by_name),
    )
    found: dict[str, dict[Scope, Consent]] = {}
    for row in rows:
        found.setdefault(row[1], {})[by_name[row[0]]] = consent_of(row)
    return found

"""The first evidence about many people at once: rows that differ in nothing but the person, the time
and the id are made once, with gaps, and filled in for each."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

from optout.domain.model import Decision
from optout.store import codec
from optout.store.protocol import Entry
from optout.store.sqlite.schema import (
    INSERT_EVIDENCE,
    NUMBER_CHANGE,
    REPLACE_CONSENT,
    consent_row,
    evidence_row,
)

CACHE_KIB = 65_536
# No evidence has this time, so its stamp can mark the gap for another.
_NO_TIME = datetime(1, 1, 1, microsecond=1, tzinfo=UTC)
_Row = tuple[object, ...]


class DecisionTemplate:
    """The rows of a decision about nobody in particular, with gaps for what an entry says."""

    def __init__(self, decision: Decision) -> None:
        written = codec.dump(decision.evidence)
        recipient, identifier = _unused("recipient", written), _unused("id", written)
        evidence = replace(decision.evidence, recipient=recipient, at=_NO_TIME, id=identifier)
        gaps = {recipient: "recipient", codec.stamp(_NO_TIME): "at", identifier: "id"}
        self._evidence = _Gapped(evidence_row(evidence), gaps)
        self._consents = [
            _Gapped(
                consent_row(
                    scope,
                    recipient,
                    replace(consent, since=_NO_TIME, at=_NO_TIME, evidence_id=identifier),
                ),
                gaps,
            )
            for scope, consent in decision.consents.items()
        ]

    def insert(self, connection: sqlite3.Connection, entries: Sequence[Entry]) -> None:
        values = [
            {"recipient": recipient, "at": codec.stamp(at), "id": identifier}
            for recipient, at, identifier in entries
        ]
        connection.executemany(INSERT_EVIDENCE, map(self._evidence.fill, values))
        for consents in self._consents:
            connection.executemany(REPLACE_CONSENT, map(consents.fill, values))
        if self._consents:
            connection.executemany(NUMBER_CHANGE, [(entry.recipient,) for entry in entries])


def _unused(name: str, text: str) -> str:
    """A mark that does not occur in a text."""
    return next(mark for number in count() if (mark := f"<{name} {number}>") not in text)


class _Gapped:
    """A row in which some texts, or parts of a text, are still to come."""

    def __init__(self, row: _Row, gaps: dict[str, str]) -> None:
        self._constant = list(row)
        self._whole = [(place, gaps[value]) for place, value in enumerate(row) if value in gaps]
        self._parts = [
            (place, _pattern(value, gaps))
            for place, value in enumerate(row)
            if isinstance(value, str) and value not in gaps and any(mark in value for mark in gaps)
        ]

    def fill(self, said: dict[str, str]) -> list[object]:
        row = self._constant.copy()
        for place, name in self._whole:
            row[place] = said[name]
        for place, pattern in self._parts:
            row[place] = pattern % said
        return row


def _pattern(text: str, gaps: dict[str, str]) -> str:
    text = text.replace("%", "%%")
    for mark, name in gaps.items():
        text = text.replace(mark, f"%({name})s")
    return text


@contextmanager
def large_cache(connection: sqlite3.Connection) -> Iterator[None]:
    """Numbers in any order touch pages all over the tables: with more of them at hand, fewer are
    written twice."""
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    try:
        yield
    finally:
        connection.execute("PRAGMA cache_size = -2000")


def with_evidence(connection: sqlite3.Connection, recipients: Sequence[str]) -> set[str]:
    """Those about whom there is evidence, because they have a first piece."""
    rows = connection.execute(
        "SELECT wanted.value FROM json_each(?) AS wanted CROSS JOIN evidence "
        "WHERE evidence.recipient = wanted.value AND evidence.number = 1",
        (json.dumps(list(recipients)),),
    )
    return {recipient for (recipient,) in rows}

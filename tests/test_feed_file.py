"""What is SQLite's own of the feed: a file of the version before it, and what a poll asks."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from optout.domain.enums import EvidenceKind, ReplyStatus
from optout.domain.model import NOBODY, Announcement, Evidence, Unfinished
from optout.store import codec
from optout.store.sqlite import schema
from optout.store.sqlite.store import SqliteStore
from tests.support.reader import PEOPLE, Reader, current, say
from tests.support.records import LIST, OUT, SCOPE, evidence
from tests.support.world import NOON, Clock, replied

SETTLED = replace(replied(evidence()), status=ReplyStatus.SENT)


def older_row(item: Evidence, **body: object) -> tuple[object, ...]:
    """A piece of evidence as the version before the feed wrote it."""
    *columns, _ = schema.evidence_row(item)
    columns[8] = json.dumps({**json.loads(codec.dump(item)), **body})
    return tuple(columns)


def older_file(path: Path, *people: str, pieces: tuple[tuple[object, ...], ...] = ()) -> Path:
    """A file of schema 3, in which some people are out."""
    with closing(sqlite3.connect(path)) as connection:
        for statement in filter(str.strip, ";".join(schema.UPGRADES[:3]).split(";")):
            connection.execute(statement)
        connection.execute("PRAGMA user_version = 3")
        settled = (older_row(evidence(1, person, reply=SETTLED)) for person in people)
        marks = ", ".join("?" * 11)
        connection.executemany(f"INSERT INTO evidence VALUES ({marks})", [*settled, *pieces])
        for scope in (SCOPE, LIST):
            rows = [schema.consent_row(scope, person, OUT) for person in people]
            connection.executemany(schema.REPLACE_CONSENT, rows)
        connection.commit()
    return path


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_everybody_of_an_older_file(tmp_path: Path, account_time: Clock, limit: int) -> None:
    """Each once, as one by one; whoever is changed then comes again, and so does who is new."""
    path = older_file(tmp_path / "optout.db", *PEOPLE[:5])
    for _ in range(2):
        with closing(SqliteStore(path)) as store:
            reader = Reader()
            assert sorted(reader.catch_up(store, account_time, limit)) == PEOPLE[:5]
            assert reader.held == current(store)
    with closing(SqliteStore(path)) as store:
        say(store, PEOPLE[3], out=False)
        say(store, PEOPLE[7])
        assert reader.catch_up(store, account_time, limit) == [PEOPLE[3], PEOPLE[7]]
        assert reader.held == current(store)


def test_what_is_pending_in_an_older_file(tmp_path: Path) -> None:
    """Replies and announcements are found, of people and of imports as a whole, oldest first; what is
    settled is not."""
    whole = evidence(1, NOBODY, kind=EvidenceKind.IMPORT, reply=None, announcement=Announcement())
    pieces = (
        older_row(evidence(3, PEOPLE[0])),
        older_row(evidence(4, PEOPLE[0], reply=None, announcement=Announcement())),
        older_row(evidence(5, PEOPLE[1], reply=SETTLED, announcement=Announcement(NOON))),
        older_row(replace(whole, received_at=NOON + timedelta(seconds=9))),
        older_row(evidence(2, PEOPLE[1], announcement=Announcement())),
    )
    path = older_file(tmp_path / "optout.db", PEOPLE[4], pieces=pieces)
    with closing(SqliteStore(path)) as store:
        assert store.pending() == tuple(
            Unfinished(person, evidence(number, person).id)
            for person, number in ((PEOPLE[1], 2), (PEOPLE[0], 3), (PEOPLE[0], 4), (NOBODY, 1))
        )
        found = store.find(PEOPLE[0], evidence(3).id.replace(evidence(3).id, evidence(3, PEOPLE[0]).id))
        assert found is not None
        assert found.is_reply_pending
        assert store.settle_reply(found, SETTLED)
        assert len(store.pending()) == 3


def test_an_announcement_as_it_was_then(tmp_path: Path) -> None:
    """One that was published without a version is read, and one that said each scope that turned is
    pending still."""
    pieces = (
        older_row(evidence(1, PEOPLE[0]), announcement={"published_at": "2026-06-01T12:00:00Z"}),
        older_row(evidence(1, PEOPLE[1], announcement=Announcement()), announcement={}),
    )
    path = older_file(tmp_path / "optout.db", pieces=pieces)
    with closing(SqliteStore(path)) as store:
        (published,), (pending,) = (store.timeline(person) for person in PEOPLE[:2])
        assert published.announcement == Announcement(NOON, None)
        assert pending.announcement == Announcement()


def test_what_a_poll_asks(tmp_path: Path, account_time: Clock) -> None:
    """A page is one query, whatever the file holds; a poll when nothing happened is two, and neither
    reads a table from end to end."""
    path = tmp_path / "optout.db"
    with closing(SqliteStore(path)) as store:
        for person in PEOPLE:
            say(store, person)
        reader = Reader()
        asked: list[str] = []
        with store._file.reading() as connection:
            connection.set_trace_callback(asked.append)
        reader.read(store)
        assert len(asked) == 1
        reader.read(store)
        assert len(asked) == 3
        with store._file.reading() as connection:
            connection.set_trace_callback(None)
            for statement in [*asked, *numbering()]:
                plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
                read = [str(step[3]) for step in plan]
                assert not [step for step in read if step.startswith(("SCAN evidence", "SCAN consent"))]
                assert [step for step in read if "standing" in step]
                assert not [step for step in read if step == "SCAN standing"], read


def numbering() -> list[str]:
    """The statement by which a change gets its number, for somebody."""
    return [schema.NUMBER_CHANGE.replace("?", "'+14255550123'")]

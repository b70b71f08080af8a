"""The feed in tables: what a scan meets, an account whose time nobody knows, and what it costs."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

import pytest
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import SansIOHTTPPolicy

from optout.domain.errors import StoreAway
from optout.domain.model import Decision
from optout.store.tables import client, feed, rows, scan
from optout.store.tables.client import AccountClock
from optout.store.tables.store import TablesStore
from tests.support.places import Place
from tests.support.reader import PEOPLE, Reader, current, say
from tests.support.records import LIST, OUT, SCOPE, evidence
from tests.support.wire import READ, Wire, requests_of
from tests.support.world import NOON, PERSON, Clock, write


def test_a_change_between_two_pages_of_the_scan(
    tables: Place, account_time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person whose rows are on two pages of a query comes as one moment has them."""
    monkeypatch.setattr(scan, "PAGE_ROWS", 2)
    with closing(tables.open()) as other:
        for person in PEOPLE[:3]:
            say(other, person)
        for number in range(1, 6):

            def write_first(wire: Wire, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
                for person in PEOPLE[:3]:
                    say(other, person, out=False)
                return wire.pass_on(request)

            with closing(tables.open(Wire({number: write_first}))) as store:
                found = store.changes(100, None).items
            assert [item.recipient for item in found] == PEOPLE[:3]
            for item in found:
                there = {consent.evidence_id for consent in item.consents.values()}
                newest = other.history(item.recipient, 1, other.snapshot(item.recipient).number + 1)
                numbers = {each.id: each.number for each in other.timeline(item.recipient)}
                assert newest.items
                assert {numbers[name] for name in there} == {item.number}


def test_a_person_with_much_evidence(tables: Place, account_time: Clock) -> None:
    """Three thousand pieces of it fill pages of the scan: the person comes whole, and so does whoever
    stands before and behind."""
    with closing(tables.open()) as store:
        assert isinstance(store, TablesStore)
        for person in PEOPLE[:3]:
            say(store, person)
        for first in range(2, 3002, 100):
            many = [evidence(number, PEOPLE[1]) for number in range(first, first + 100)]
            store._recipients.write([("create", rows.evidence_row(item)) for item in many])
        reader = Reader()
        assert reader.catch_up(store, account_time) == PEOPLE[:3]
        assert reader.held == current(store)
        assert reader.held[PEOPLE[1]]["version"] % 2**32 == 3001
        by_one = Reader()
        assert by_one.catch_up(store, account_time, 1) == PEOPLE[:3]
        assert by_one.held == reader.held


# -- The account's time ------------------------------------------------------------------------------


class Says(SansIOHTTPPolicy[Any, Any]):
    """Answers with another Date than the account's, or with none."""

    def __init__(self, off: timedelta | None) -> None:
        self.off = off

    def on_response(self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]) -> None:
        said = response.http_response.headers.pop("Date")
        if self.off is not None:
            response.http_response.headers["Date"] = format_datetime(
                parsedate_to_datetime(said) + self.off, usegmt=True
            )


def test_an_account_without_a_time(tables: Place) -> None:
    """A writer that cannot know it fails, and has written nothing; neither can anybody read the
    feed. What changes no consent needs no time."""
    says = Says(None)
    with closing(tables.open(says)) as store:
        with pytest.raises(StoreAway, match="Date"):
            say(store, PERSON)
        with pytest.raises(StoreAway, match="Date"):
            store.changes(10, None)
    with closing(tables.open()) as store:
        assert isinstance(store, TablesStore)
        assert store.timeline(PERSON) == ()
        assert store.list_out(LIST, 10, None).items == ()
        assert list(store._index._table.pages("PartitionKey ge ''")) == []
    with closing(tables.open(says)) as store:
        write(store, Decision(evidence()))
        assert len(store.timeline(PERSON)) == 1


@pytest.mark.parametrize("hours", [-11, 14])
def test_clocks_that_are_hours_off(tables: Place, monkeypatch: pytest.MonkeyPatch, hours: int) -> None:
    """Ours against the account's: writers and readers go by the account's, each by its own answers."""
    monkeypatch.setattr(feed, "BEHIND", timedelta(seconds=2))
    off = Says(timedelta(hours=hours))
    reader = Reader()
    with closing(tables.open(off)) as store:
        say(store, PEOPLE[0])
        reader.read(store)
        for person in PEOPLE[:3]:
            with closing(tables.open(off)) as other:
                say(other, person, out=False)
            reader.read(store, 1)
        deadline = time.monotonic() + 10
        while reader.held != current(store) and time.monotonic() < deadline:
            time.sleep(0.2)
            reader.read(store)
        assert reader.held == current(store)
        (place, *_) = str(reader.token).partition("|")[2].split("_")
        said = datetime.fromisoformat(place.removeprefix("index|").replace(".2E", "."))
        away = said - datetime.now(UTC) - timedelta(hours=hours)
        assert abs(away) < timedelta(seconds=20)


class Answer:
    """As much of an answer as the clock looks at."""

    def __init__(self, date: str | None) -> None:
        self.http_response = self
        self.headers = {} if date is None else {"Date": date}


def test_the_time_is_carried_on() -> None:
    """By our timer for half a minute; an answer that says none that can be read changes nothing."""
    timer = [100.0]
    clock = AccountClock(lambda: timer[0])
    assert clock.now() is None
    clock.on_response(Any, Answer(format_datetime(NOON, usegmt=True)))  # type: ignore[arg-type]
    timer[0] += 2.5
    assert clock.now() == NOON + timedelta(seconds=2.5)
    for unread in (None, "", "yesterday", "Mon, 99 Jun 2026 12:00:00 GMT"):
        clock.on_response(Any, Answer(unread))  # type: ignore[arg-type]
    timer[0] += client.CARRIED_SECONDS - 2.5
    assert clock.now() == NOON + timedelta(seconds=client.CARRIED_SECONDS)
    timer[0] += 0.001
    assert clock.now() is None


# -- What it costs -----------------------------------------------------------------------------------


@contextmanager
def followed(tables: Place, account_time: Clock) -> Iterator[tuple[TablesStore, Wire, Reader]]:
    """A store with some people, its wire, and somebody who has read all of it."""
    wire = Wire()
    with closing(tables.open(wire)) as store:
        assert isinstance(store, TablesStore)
        for person in PEOPLE:
            say(store, person)
        reader = Reader()
        reader.catch_up(store, account_time)
        reader.catch_up(store, account_time)
        yield store, wire, reader


def test_requests_of_the_feed(tables: Place, account_time: Clock) -> None:
    """A poll when nothing happened asks each bucket once; then one request for each who changed; a
    page of the scan is one."""
    with followed(tables, account_time) as (store, wire, reader):
        assert requests_of(wire, lambda: reader.read(store)) == []  # in the same moment
        account_time.move(seconds=1)
        assert requests_of(wire, lambda: reader.read(store)) == ["GET index"] * 16
        for person in PEOPLE[:3]:
            say(store, person, out=False)
        account_time.move(seconds=66)
        found = requests_of(wire, lambda: reader.read(store))
        assert sorted(found) == ["GET index"] * 16 + [READ] * 3
        assert requests_of(wire, lambda: Reader().read(store)) == [READ]


def test_an_account_that_was_silent(tables: Place) -> None:
    """Whoever has not heard of the account for half a minute asks it for its time: one request more."""
    wire = Wire()
    with closing(tables.open(wire)) as store:
        assert isinstance(store, TablesStore)
        store.begin_generation(1)
        place = "index|2026-01-01T00:00:00.2E000000Z"
        store._account._clock._newest = None
        assert requests_of(wire, lambda: store.changes(10, place)) == [READ] + ["GET index"] * 16


def test_more_consents_than_are_read_at_once(tables: Place, account_time: Clock) -> None:
    """Somebody with more of them than a page of the scan has rows."""
    with closing(tables.open()) as store, pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "PAGE_ROWS", 3)
        patch.setattr("optout.store.tables.recipients.READ_ROWS", 3)
        for person in PEOPLE[:3]:
            write(store, Decision(evidence(1, person), dict.fromkeys((SCOPE, LIST), OUT)))
            more = {rows._scope(f"sender:{number}"): OUT for number in range(40_000, 40_012)}
            write(store, Decision(evidence(2, person), more))
        reader = Reader()
        assert sorted(reader.catch_up(store, account_time)) == PEOPLE[:3]
        assert {len(each["senders"]) for each in reader.held.values()} == {13}
        assert reader.held == current(store)

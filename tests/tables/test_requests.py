"""What is the tables' own: requests on the wire, faults between, keys, sizes, the index."""

import logging
import re
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import SansIOHTTPPolicy

from optout.domain.enums import Activity, ScopeKind
from optout.domain.errors import StoreAway
from optout.domain.model import (
    Decision,
    Inquiry,
    Quarantined,
    RecipientState,
    Scope,
)
from optout.domain.search import Search
from optout.operations.naming import find_target
from optout.store.tables import client, recipients
from optout.store.tables.store import TablesStore
from tests.support import wire as faults
from tests.support.in_turn import InTurn
from tests.support.payloads import sms_event
from tests.support.places import Place, new_tables
from tests.support.records import LIST, OUT, SCOPE, evidence, state_of
from tests.support.wire import INDEX, READ, SETTLE, WRITE, Wire, requests_of
from tests.support.world import NOON, PERSON, World, write


class Announced:
    """A publisher that takes everything."""

    def publish(self, evidence: object) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture
def world(tables: Place, wire: Wire) -> Iterator[World]:
    """A world whose requests are counted, on tables that exist."""
    with World(tables, policies=[wire], publisher=Announced()) as opened:
        opened.receive("STOP", person="+14255550199")
        opened.receive("hello", person="+14255550199")
        opened.store.quarantine(Quarantined("id", NOON, "reason", "{}"))
        yield opened


@pytest.mark.parametrize(
    ("text", "to", "expected"),
    [
        ("hello", "12345", [READ, INDEX, WRITE]),
        ("HELP", "12345", [READ, INDEX, WRITE, SETTLE]),
        ("STOP", "+18335550100", [READ, INDEX, WRITE, READ, SETTLE]),
        ("STOP", "12345", [READ, INDEX, WRITE, SETTLE, READ, SETTLE]),
        ("STOP ALL", "12345", [READ, INDEX, WRITE, SETTLE, READ, SETTLE]),
        # Nobody was suppressed: there is no news to announce.
        ("START", "12345", [READ, INDEX, WRITE, SETTLE]),
    ],
)
def test_requests_of_a_message(
    world: World, wire: Wire, text: str, to: str, expected: list[str]
) -> None:
    """At most three, one for the reply, and two for the announcement, which reads the standing."""
    assert requests_of(wire, lambda: world.receive(text, to))[:-1] == expected


def test_requests_of_a_redelivery(world: World, wire: Wire) -> None:
    """One, that finds it all done."""
    event = sms_event("STOP", at=NOON)
    world.handler.handle(event)
    assert requests_of(wire, lambda: world.handler.handle(event)) == [READ]


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (lambda world: world.check(), 1),
        (lambda world: world.store.history(PERSON, 50, None), 1),
        (lambda world: world.store.timeline(PERSON), 1),
        (lambda world: world.store.snapshot(PERSON), 1),
        (lambda world: world.store.changes(10, None), 1),
        (lambda world: world.store.find(PERSON, world.newest().id), 3),
        (lambda world: world.store.find_quarantined("id"), 1),
        (lambda world: world.store.release("id"), 2),
        (lambda world: world.store.check(), 1),
        (lambda world: world.store.was_ever_out(LIST), 16),
        (lambda world: world.store.list_out(LIST, 10, None), 16 + 2),
        (lambda world: world.store.list_quarantine(10, None), 16 + 1),
        (lambda world: world.changes.record(
            find_target(world.directory, "12345", None, False), PERSON, out=False, actor="a", reason="r"
        ), 4),
        (lambda world: world.store.journal(10, None), 16 + 3),
        (lambda world: world.store.journal(10, None, Search(text="stop")), 16 + 3),
        (lambda world: world.store.journal(10, None, Search(sender="54321")), 16),
        (lambda world: world.store.journal(10, None, Search(activity=Activity.HELP)), 16),
        (lambda world: world.store.counts(NOON), 16),
        (lambda world: world.store.list_reviews(10, None), 16),
        (lambda world: world.store.find_review("id"), 16),
    ],
)  # fmt: skip
def test_requests_of_the_rest(
    world: World, wire: Wire, action: Callable[[World], object], expected: int
) -> None:
    """One for a recipient; for a list and for quarantine one for each bucket, and each entry's own."""
    world.receive("STOP")
    assert len(requests_of(wire, lambda: action(world))) == expected


def test_a_page_larger_than_one_of_the_storage(tables: Place) -> None:
    """However many are asked for, no request asks for more rows than Table Storage gives at once."""
    asked: list[int] = []

    class Limits(SansIOHTTPPolicy[Any, Any]):
        def on_request(self, request: PipelineRequest[Any]) -> None:
            asked.extend(map(int, re.findall(r"top=(\d+)", request.http_request.url)))

    store = tables.open(Limits())
    write(store, Decision(evidence(), {LIST: OUT}))
    assert [number for number, _ in store.list_out(LIST, 20_000, None).items] == [PERSON]
    assert store.journal(20_000, None).items == (evidence(),)
    assert store.history(PERSON, 20_000, None).items == (evidence(),)
    assert max(asked) == client.PAGE_ROWS
    store.close()


def test_threads_are_handed_in(azurite: str) -> None:
    """An account does what it does side by side on what it is given, also in turn; and ends it."""
    connected = client.connect(None, azurite)
    threads = InTurn()
    account = client.Account(connected._client, connected._transport, threads, connected._clock)
    store = TablesStore(account, new_tables(azurite).prefix)
    write(store, Decision(evidence(), {LIST: OUT}))
    before = threading.active_count()
    assert [number for number, _ in store.list_out(LIST, 10, None).items] == [PERSON]
    assert threading.active_count() <= before
    store.close()
    connected.close()


MANY = [Scope(ScopeKind.SENDER, f"{number}") for number in range(40000, 40010)]


def test_more_consents_than_a_page(
    tables: Place, store: TablesStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All are read, and evidence with them."""
    monkeypatch.setattr(recipients, "READ_ROWS", 4)
    write(store, Decision(evidence(), dict.fromkeys(MANY, OUT)))
    write(store, Decision(evidence(2)))
    known = state_of(store, sender="12345")
    assert set(known.consents) == set(MANY)
    assert known.last_number == 2
    assert [item.number for item in known.recent] == [2, 1]


@pytest.mark.parametrize("between", [1, 2, 3, 4])
def test_a_write_between_two_pages(
    tables: Place, monkeypatch: pytest.MonkeyPatch, between: int
) -> None:
    """Pages are not one snapshot: who writes between them is seen before anything is written."""
    monkeypatch.setattr(recipients, "READ_ROWS", 4)
    other = tables.open()
    write(other, Decision(evidence(), dict.fromkeys(MANY, OUT)))
    back = replace(OUT, out=False)

    def write_first(wire: Wire, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        write(other, Decision(evidence(2), dict.fromkeys(MANY, back)))
        return wire.pass_on(request)

    store = tables.open(Wire({between: write_first}))
    decided: list[RecipientState] = []

    def decide(state: RecipientState) -> Decision:
        decided.append(state)
        return Decision(evidence(state.last_number + 1, id="third"))

    store.update(Inquiry(PERSON, "third", "12345", NOON, 20), decide)
    assert set(decided[-1].consents.values()) == {back}
    assert [item.number for item in store.timeline(PERSON)] == [1, 2, 3]
    store.close()
    other.close()


def test_no_number_in_a_log(tables: Place, caplog: pytest.LogCaptureFixture, wire: Wire) -> None:
    """Neither the SDK's log nor an error's cause names a person."""
    caplog.set_level(logging.INFO)
    with World(tables, policies=[wire]) as world:
        world.receive("STOP")
        first = len(wire.requests) + 1
        wire.faults.update(dict.fromkeys(range(first, first + 50), faults.unavailable))
        with pytest.raises(StoreAway) as problem:
            world.receive("STOP")
    nothing_listens = "AccountName=a;AccountKey=a2V5;TableEndpoint=http://127.0.0.1:9/a"
    away = Place(connection_string=nothing_listens, prefix="t").open()
    with pytest.raises(StoreAway) as unreachable:
        away.lookup([PERSON], [SCOPE])
    away.close()
    shown = "".join(
        [record.getMessage() for record in caplog.records]
        + [
            line
            for raised in (problem, unreachable)
            for line in traceback.format_exception(raised.value)
        ]
    )
    assert "message" in shown
    assert PERSON.removeprefix("+") not in shown

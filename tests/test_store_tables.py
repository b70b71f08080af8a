"""What is the tables' own: requests on the wire, faults between, keys, sizes, the index."""

import logging
import random
import re
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import SansIOHTTPPolicy
from hypothesis import example, given
from hypothesis import strategies as st

from optout import service, settings
from optout.domain.enums import Effect, Intent, ProbablePolicy, ReplyStatus, ScopeKind
from optout.domain.errors import ConfigurationError, StoreAway
from optout.domain.model import (
    EVERYTHING,
    Decision,
    Evidence,
    Inquiry,
    Quarantined,
    RecipientState,
    Scope,
)
from optout.operations.naming import find_target
from optout.operations.reply_delivery import ReplyDelayed
from optout.operations.retention import TextRetention
from optout.store.tables import client, recipients, rows
from optout.store.tables import index as table_index
from optout.store.tables import store as tables_store
from optout.store.tables.store import TablesStore
from tests.support import wire as faults
from tests.support.payloads import sms_event
from tests.support.places import Place, file_in, new_tables
from tests.support.wire import Fault, Killed, Wire
from tests.support.world import NOON, PERSON, Clock, InTurn, World, write
from tests.test_store import LIST, OUT, SCOPE, evidence, journal, state_of

READ = "GET recipients"
WRITE = "POST recipients"
SETTLE = "PUT recipients"
INDEX = "POST index"


def requests_of(wire: Wire, action: Callable[[], object]) -> list[str]:
    """The requests that an action makes, attempts included."""
    before = len(wire.requests)
    action()
    return wire.requests[before:]


class Announced:
    """A publisher that takes everything."""

    def publish(self, evidence: object) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def world(tables: Place, wire: Wire) -> Iterator[World]:
    """A world whose requests are counted, on tables that exist."""
    with World(tables, policies=[wire], publisher=Announced()) as opened:
        opened.receive("STOP", person="+14255550199")
        opened.receive("hello", person="+14255550199")
        opened.store.quarantine(Quarantined("id", NOON, "reason", "{}"))
        yield opened


@pytest.fixture
def store(tables: Place, wire: Wire) -> Iterator[TablesStore]:
    opened = tables.open(wire)
    assert isinstance(opened, TablesStore)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("text", "to", "expected"),
    [
        ("hello", "12345", [READ, INDEX, WRITE]),
        ("HELP", "12345", [READ, INDEX, WRITE, SETTLE]),
        ("STOP", "+18335550100", [READ, INDEX, WRITE, SETTLE]),
        ("STOP", "12345", [READ, INDEX, WRITE, SETTLE, SETTLE]),
        ("STOP ALL", "12345", [READ, INDEX, WRITE, SETTLE, SETTLE]),
        ("START", "12345", [READ, INDEX, WRITE, SETTLE, SETTLE]),
    ],
)
def test_requests_of_a_message(
    world: World, wire: Wire, text: str, to: str, expected: list[str]
) -> None:
    """At most three, and one for each external effect: the reply, the announcement."""
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
        (lambda world: world.store.unannounced(PERSON), 1),
        (lambda world: world.store.find(PERSON, world.newest().id), 3),
        (lambda world: world.store.find_quarantined("id"), 1),
        (lambda world: world.store.release("id"), 2),
        (lambda world: world.store.check(), 1),
        (lambda world: world.store.was_ever_out(LIST), 16),
        (lambda world: world.store.list_out(LIST, 10, None), 16 + 2),
        (lambda world: world.store.list_quarantine(10, None), 16 + 1),
        (lambda world: world.changes.record(
            find_target(world.directory, "12345", None, False), PERSON, out=False, actor="a", reason="r"
        ), 5),
        (lambda world: world.store.journal(10, None), 16 + 3),
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


CONVERSATION = ("hello", "STOP")
ONCE: tuple[Fault, ...] = (
    faults.throttled,
    faults.done_but_failed,
    faults.done_but_lost,
    faults.killed_before,
    faults.killed_after,
)


def play(place: Place, injected: dict[int, Fault]) -> tuple[object, int]:
    """A conversation in which some requests fail; each event is delivered until it is handled, by a
    process of its own. What a person and an auditor see at the end, and the number of requests."""
    clock, wire = Clock(NOON), Wire(injected)
    world = World(place, clock=clock, policies=[wire])
    phone = world.phone
    for number, text in enumerate(CONVERSATION):
        clock.now = NOON + timedelta(seconds=number)
        event = sms_event(text, at=clock.now, message_id=f"m{number}")
        while True:
            try:
                world.handler.handle(event)
                break
            except (Killed, StoreAway, ReplyDelayed):
                world.__exit__()
                world = World(place, clock=clock, replies=phone, policies=[wire])
    requests = len(wire.requests)
    with world:
        seen = (
            world.consents(PERSON, ["12345"]),
            world.store.list_out(LIST, 10, None),
            [
                (item.message_id, item.effect, item.reply and item.reply.status)
                for item in world.history()
            ],
            phone.received,
            [item.message_id for item in world.store.journal(10, None).items],
            world.store.counts(NOON),
        )
    return seen, requests


@pytest.mark.parametrize("fault", ONCE, ids=lambda fault: fault.__name__)
def test_a_fault_at_every_request(azurite: str, fault: Fault) -> None:
    """Whichever request fails, and however: it ends as if none had."""
    undisturbed, requests = play(new_tables(azurite), {})
    assert requests > 10
    for number in range(1, requests + 1):
        disturbed, _ = play(new_tables(azurite), {number: fault})
        assert disturbed == undisturbed, f"request {number}"


@pytest.mark.parametrize("fault", [faults.done_but_lost, faults.unavailable])
def test_a_fault_that_lasts(azurite: str, fault: Fault) -> None:
    """The same where the SDK's own attempts fail, too, and the event is delivered again."""
    undisturbed, requests = play(new_tables(azurite), {})
    assert requests > 10
    for number in range(1, requests + 1, 3):
        disturbed, _ = play(new_tables(azurite), dict.fromkeys(range(number, number + 3), fault))
        assert disturbed == undisturbed, f"request {number}"


TRIED = ("STOP", "START", "STOP", "by hand", "go away", "STOP ALL")


class Racing:
    """Processes that race each other and are killed. What they left is taken up at the end: events by
    their redelivery, a change by hand by whoever made it."""

    def __init__(self, place: Place, chance: random.Random) -> None:
        self.place = place
        self.chance = chance
        self.clock = Clock(NOON)
        self.unfinished: list[tuple[int, str]] = []

    def run(self, work: list[tuple[int, str]]) -> None:
        """Each piece of work by a process of its own; at some of its requests the next one comes first,
        or it is killed."""
        while work:
            self._work(work.pop(0), work)

    def _work(self, task: tuple[int, str], later: list[tuple[int, str]]) -> None:
        def overtaken(wire: Wire, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
            if later:
                self._work(later.pop(0), later)
            return wire.pass_on(request)

        happens = [overtaken, overtaken, faults.killed_before, faults.killed_after, Wire.pass_on]
        # The requests before the transaction and at it, and those of the next attempt.
        injected: dict[int, Fault] = {
            number: self.chance.choice(happens)
            for number in range(1, 8)
            if later and self.chance.random() < 0.6
        }
        self.clock.move(microseconds=self.chance.choice((0, 0, 1)))
        try:
            self.attempt(task, Wire(injected))
        except (Killed, StoreAway):
            self.unfinished.append(task)

    def attempt(self, task: tuple[int, str], *policies: Wire) -> None:
        number, text = task
        with World(self.place, clock=self.clock, policies=policies) as world:
            if text == "by hand":
                target = find_target(world.directory, "12345", None, False)
                world.changes.record(target, PERSON, out=True, actor="ann", reason="phoned")
            else:
                world.handler.handle(sms_event(text, at=NOON, message_id=f"m{number}"))


@pytest.mark.parametrize("seed", range(8))
def test_counts_after_conflicts_and_kills(azurite: str, tmp_path: Path, seed: int) -> None:
    """Once everything is handled, what finds evidence across people agrees with SQLite."""
    place, chance = new_tables(azurite), random.Random(seed)
    racing = Racing(place, chance)
    deliveries = [*enumerate(TRIED)] * 2
    chance.shuffle(deliveries)
    racing.run(deliveries)
    for task in racing.unfinished:
        racing.attempt(task)
    store, expected = place.open(), file_in(tmp_path).open()
    for item in store.all_evidence(1_000, None):
        write(expected, Decision(item))
    assert len(store.timeline(PERSON)) == len(TRIED) + 1
    assert store.counts(NOON) == expected.counts(NOON)
    assert journal(store.journal, 3) == journal(expected.journal, 3)
    assert journal(store.list_reviews, 3) == journal(expected.list_reviews, 3)
    store.close()
    expected.close()


def test_counts_ask_only_where_there_were_attempts(tables: Place, wire: Wire) -> None:
    """One request for each attempt at what was tried twice; what changed nothing needs none."""
    with World(tables) as other, World(tables, policies=[wire]) as world:

        def stop_first(wire: Wire, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
            other.receive("STOP")
            return wire.pass_on(request)

        world.receive("STOP", person="+14255550199")
        wire.faults[len(wire.requests) + 3] = stop_first
        world.receive("STOP")
        attempts = 2  # one of either at the first number; the second changed nothing
        assert len(requests_of(wire, lambda: world.store.counts(NOON))) == 16 + attempts
        assert [count.times for count in world.store.counts(NOON)] == [2]


def test_two_writers_in_one_microsecond(tables: Place) -> None:
    """Both are in the journal: the one who was too late took nothing of the other's."""
    with World(tables) as other:

        def write_first(wire: Wire, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
            other.receive("HELP", message_id="first")
            return wire.pass_on(request)

        with World(tables, policies=[Wire({2: write_first})]) as world:
            world.receive("HELP", message_id="second")
        assert [item.message_id for item in other.store.journal(10, None).items] == ["second", "first"]
        assert [count.times for count in other.store.counts(NOON)] == [2]


def test_a_message_in_two_processes_at_once(tables: Place) -> None:
    """Of two attempts at one message in one microsecond, the index names the one that was written."""
    earlier, request_for_review = Clock(NOON - timedelta(seconds=1)), "go away"
    with World(tables, clock=earlier) as first, World(tables) as other:

        def handle_first(wire: Wire, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
            first.receive("HELP", message_id="before")
            other.receive(request_for_review, message_id="same")
            return wire.pass_on(request)

        with World(tables, policies=[Wire({2: handle_first})]) as world:
            world.receive(request_for_review, message_id="same")
        assert [item.message_id for item in other.store.journal(10, None).items] == ["same", "before"]
        assert [item.message_id for item in other.store.list_reviews(10, None).items] == ["same"]
        assert len(other.history()) == 2


def test_counts_of_what_was_killed_and_changed_nothing_later(tables: Place) -> None:
    """A STOP that was killed before it was written, and by its redelivery is not the first any more, is
    not counted: although nobody who counts took its number."""
    stop = sms_event("STOP", at=NOON, message_id="stop")
    with World(tables) as world:
        world.receive("START")
        killed = World(tables, policies=[Wire({3: faults.killed_before})])
        with killed, suppress(Killed):
            killed.handler.handle(stop)
        world.receive("START")
        world.receive("STOP", at=NOON)
        world.handler.handle(stop)
        assert len(world.history()) == 4
        assert [count.times for count in world.store.counts(NOON)] == [1, 1]


def test_a_review_that_was_only_tried(store: TablesStore) -> None:
    """What is not for review by what was written in the end is not found as such."""
    tried = evidence(policy=ProbablePolicy.REVIEW)
    store._index.note(tried, {})
    write(store, Decision(replace(tried, policy=ProbablePolicy.IGNORE, received_at=NOON)))
    assert store.find_review(tried.id) is None
    assert store.list_reviews(10, None).items == ()


def test_rows_of_the_first_version(store: TablesStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Index rows named by time and recipient, or time and id, are still read, between newer ones."""
    made = rows.evidence_index_rows

    def first_version(item: Evidence) -> list[rows.Row]:
        """The journal by its recipient, reviews and texts by id; what changed nothing is `other`."""
        stamp = rows.key(item.received_at.isoformat(timespec="microseconds").replace("+00:00", "Z"))
        names = {
            "j": f"{rows.journal_key(item.received_at)}_{rows.key(item.recipient)}",
            "r": f"r_{stamp}_{rows.key(item.id)}",
            "t": f"t_{stamp}_{rows.key(item.id)}",
        }
        return [
            {
                **row,
                "RowKey": names.get(row["RowKey"].split("_")[0], row["RowKey"]),
                "activity": str(item.activity),
            }
            for row in made(item)
        ]

    people = [f"+1425555010{number}" for number in range(6)]
    for place, person in enumerate(people):
        version = first_version if place % 2 == 0 else made
        monkeypatch.setattr(rows, "evidence_index_rows", version)
        same_time = NOON + timedelta(microseconds=place // 4)
        probable = evidence(1, person, policy=ProbablePolicy.REVIEW, received_at=same_time)
        write(store, Decision(probable))
        later = NOON + timedelta(seconds=1, microseconds=place)
        text = evidence(2, person, intent=Intent.NONE, effect=Effect.NONE, received_at=later)
        write(store, Decision(text))
    for size in (1, 2, 100):
        assert sorted(item.recipient for item in journal(store.journal, size)) == sorted(people * 2)
        reviews = journal(store.list_reviews, size)
        assert sorted(item.recipient for item in reviews) == people
        assert {item.recipient for item in reviews[4:]} == set(people[4:])
    assert [count.times for count in store.counts(NOON)] == [6]
    assert store.forget_texts(NOON + timedelta(days=1)) == 6


@pytest.mark.parametrize("again", [NOON, NOON + timedelta(hours=1)])
@pytest.mark.parametrize("fault", [faults.killed_before, faults.killed_after, faults.done_but_lost])
def test_a_fault_while_events_come_and_go(tables: Place, fault: Fault, again: datetime) -> None:
    """Wherever adding and removing break off, an event is in quarantine once or not at all, and what
    finds it agrees with what lists it."""
    first, second = Quarantined("id", NOON, "a", "{}"), Quarantined("id", again, "b", "{}")
    seen = tables.open()
    assert isinstance(seen, TablesStore)
    seen.quarantine(replace(first, id="another", received_at=NOON + timedelta(minutes=1)))

    def there() -> list[Quarantined]:
        listed = [item for item in seen.list_quarantine(10, None).items if item.id == "id"]
        found = seen.find_quarantined("id")
        assert listed == ([] if found is None else [found])
        return listed

    number = 0
    while True:
        number += 1
        wire = Wire({number: fault})
        store = tables.open(wire)
        for event in (first, None, second, None):
            with suppress(Killed):
                store.quarantine(event) if event else store.release("id")
            there()
        store.close()
        if len(wire.requests) < number:
            break
        seen.quarantine(second)
        assert len(there()) == 1
        seen.release("id")
        left = chain.from_iterable(seen._tables[2].pages("id eq 'id'"))
        assert (there(), list(left)) == ([], [])
    assert number > 6
    seen.close()


def test_an_event_whose_removal_was_cut_short(store: TablesStore) -> None:
    """As earlier versions may have left one: the event gone, its place in the order still there."""
    first = Quarantined("id", NOON, "reason", "{}")
    store.quarantine(first)
    store._tables[2].delete(rows.held_row(first))
    assert store.list_quarantine(10, None).items == ()
    again = replace(first, received_at=NOON + timedelta(hours=1))
    store.quarantine(again)
    assert store.list_quarantine(10, None).items == (again,)
    store.release("id")
    store.quarantine(first)
    assert store.list_quarantine(10, None).items == (first,)
    store._tables[2].delete(rows.held_order_row(first))
    store.release("id")
    assert store.find_quarantined("id") is None


def test_settling_twice_because_the_answer_was_lost(store: TablesStore, wire: Wire) -> None:
    """The second attempt finds the first one's work, and does not take it for somebody else's."""
    pending = evidence()
    write(store, Decision(pending))
    assert pending.reply is not None
    wire.faults[len(wire.requests) + 1] = faults.done_but_lost
    assert store.settle_reply(pending, replace(pending.reply, status=ReplyStatus.SENT))


def test_another_process_settled(tables: Place, store: TablesStore) -> None:
    """What is remembered of a record is not believed after somebody else wrote it."""
    pending = evidence()
    write(store, Decision(pending))
    assert pending.reply is not None
    other = tables.open()
    assert other.settle_reply(pending, replace(pending.reply, error="429"))
    assert store.settle_reply(pending, replace(pending.reply, error="503"))
    assert other.settle_reply(pending, replace(pending.reply, status=ReplyStatus.SENT))
    assert not store.settle_reply(pending, replace(pending.reply, status=ReplyStatus.UNKNOWN))
    other.close()


@pytest.mark.parametrize("fault", [faults.unavailable, faults.throttled, faults.reset])
def test_it_gives_up_soon(tables: Place, fault: Fault) -> None:
    """A storage that stays away, or asks for an hour, is StoreAway within five seconds."""
    wire = Wire(dict.fromkeys(range(1, 100), fault))
    store = tables.open(wire)
    started = time.monotonic()
    for action in (store.check, lambda: write(store, Decision(evidence(), {SCOPE: OUT}))):
        with pytest.raises(StoreAway, match="Table Storage: "):
            action()
    assert time.monotonic() - started < 5
    assert len(wire.requests) <= 6
    store.close()


def test_a_storage_that_never_answers() -> None:
    """Two time-outs, and it is StoreAway."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        text = f"AccountName=a;AccountKey=a2V5;TableEndpoint=http://127.0.0.1:{port}/a"
        store = Place(connection_string=text, prefix="t").open()
        started = time.monotonic()
        with pytest.raises(StoreAway):
            store.check()
        assert time.monotonic() - started < 5.5
        store.close()


def test_an_old_record_of_the_same_message(tables: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that comes again when many others have followed is found by its conflict."""
    monkeypatch.setattr(recipients, "READ_ROWS", 5)
    monkeypatch.setattr(recipients, "RECENT_ROWS", 5)
    with World(tables) as world:
        events = [sms_event("hello", message_id=f"m{n}", at=NOON) for n in range(12)]
        for event in (*events, events[0], events[1]):
            world.handler.handle(event)
        assert [item.message_id for item in world.history()] == [f"m{n}" for n in range(12)]


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
    account = client.Account(connected._client, connected._transport, threads)
    store = TablesStore(account, new_tables(azurite).prefix)
    write(store, Decision(evidence(), {LIST: OUT}))
    before = threading.active_count()
    assert [number for number, _ in store.list_out(LIST, 10, None).items] == [PERSON]
    assert threading.active_count() == before
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
    known = state_of(store, scopes=tuple(MANY), sender="12345")
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

    store.update(Inquiry(PERSON, "third", tuple(MANY), "12345", NOON, 20), decide)
    assert set(decided[-1].consents.values()) == {back}
    assert [item.number for item in store.timeline(PERSON)] == [1, 2, 3]
    store.close()
    other.close()


PARTS = st.lists(st.text(alphabet="a_.~/é#") | st.text(), min_size=1, max_size=2)


@given(PARTS, PARTS)
@example(["a_", "b"], ["a", "_b"])
def test_any_key(parts: list[str], others: list[str]) -> None:
    """Only what Table Storage takes, never too long, and no two things under one key."""
    made = rows.key(*parts)
    assert re.fullmatch(r"[A-Za-z0-9:._~-]*", made)
    assert len(made) <= 500
    if len(parts) == len(others):
        assert (made == rows.key(*others)) == (parts == others)
    assert rows.key("x" * 600, *parts[:1]) != rows.key("x" * 601, *parts[:1])


@given(st.lists(st.from_regex(r"\A\+?[1-9][0-9]{2,14}\Z"), max_size=20))
def test_keys_sort_as_numbers_do(numbers: list[str]) -> None:
    """So that a list in the order of its keys is in the order of its numbers."""
    assert sorted(numbers) == sorted(numbers, key=rows.key)


@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_the_newest_evidence_is_first(one: int, other: int) -> None:
    """And a number comes back from its key."""
    assert (one > other) == (rows.number_key(one) < rows.number_key(other))
    assert rows.number({"RowKey": rows.number_key(one)}) == one


@pytest.mark.parametrize("alphabet", [range(128), (*range(0x80, 0x7FF),), (*range(0x10000, 0x10FFFF),)])
def test_the_most_stubborn_text_fits(alphabet: Sequence[int]) -> None:
    """A mebibyte of random text is smaller than an entity may be, and so is each property."""
    size = len(chr(alphabet[-1]).encode())
    body = "".join(map(chr, random.Random(1).choices(alphabet, k=1024 * 1024 // size)))
    row = rows.held_row(Quarantined("id", NOON, "reason", body))
    assert rows.quarantined(row).body == body
    assert max(len(value) for value in row.values()) <= 64 * 1024
    sizes = [len(value) if isinstance(value, bytes) else 2 * len(value) for value in row.values()]
    assert sum(sizes) + sum(2 * len(name) + 8 for name in row) <= 1024 * 1024


def test_a_list_of_people_who_come_and_go(store: TablesStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever came back is not shown, nor who was only announced to the index; a page may be short."""
    monkeypatch.setattr(tables_store, "EXAMINED_ROWS", 3)
    people = [f"+142555501{number:02}" for number in range(20)]
    for number, person in enumerate(people):
        write(store, Decision(evidence(recipient=person), {LIST: OUT}))
        if number % 4:
            write(store, Decision(evidence(2, recipient=person), {LIST: replace(OUT, out=False)}))
    store._index.note(evidence(recipient="+14255550150"), {LIST: OUT})
    found: list[str] = []
    after = None
    while True:
        page = store.list_out(LIST, 3, after)
        found += [recipient for recipient, _ in page.items]
        if (after := page.after) is None:
            break
    assert found == people[::4]


@pytest.mark.parametrize(("page_rows", "worth"), [(1000, 20), (4, 2), (4, 20)])
def test_a_check_of_many(
    store: TablesStore, wire: Wire, monkeypatch: pytest.MonkeyPatch, page_rows: int, worth: int
) -> None:
    """Whether the index answers or each is asked: who is out is found, in each scope, no one else."""
    monkeypatch.setattr(tables_store, "GROUPED_FROM", 20)
    monkeypatch.setattr(table_index, "PAGE_ROWS", page_rows)
    monkeypatch.setattr(table_index, "PAGE_IS_WORTH", worth)
    many = [f"+1425555{number:04}" for number in range(1000)]
    numbers = [number for number in many if rows.bucket(number) in ("00", "01")]
    scopes = (SCOPE, LIST, EVERYTHING)
    out = {number: scopes[min(place % 9, 2)] for place, number in enumerate(numbers[::2])}
    for number, scope in out.items():
        write(store, Decision(evidence(recipient=number), {scope: OUT}))
    write(store, Decision(evidence(recipient="+15005550100"), {LIST: OUT}))
    before = len(wire.requests)
    found = store.lookup(numbers, scopes)
    assert {number: set(consents) for number, consents in found.items()} == {
        number: {scope} for number, scope in out.items()
    }
    if page_rows == 1000:
        assert len(wire.requests) - before == 2 * 3 + len(out)


def test_what_a_check_of_many_does_not_look_up(tables: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of so many that the index answers: that somebody opted in is not said to be unknown, nor that
    nothing is on record; of fewer, and of whoever was ever out, it is known."""
    monkeypatch.setattr(tables_store, "GROUPED_FROM", 3)
    people = ["+14255550123", "+14255550124", "+14255550125"]
    with World(tables) as world:
        world.receive("START", person=people[0])
        world.receive("STOP", person=people[1])
        world.clock.move(seconds=1)
        world.receive("START", person=people[1])
        sender = world.directory.sender("12345")
        assert [each.state for each in world.checks.check(sender, people)] == [None, "in", None]
        assert [each.state for each in world.checks.check(sender, people[:2])] == ["in", "in"]
        assert world.check(person=people[2]).state == "none"


def test_a_check_that_takes_too_long(tables: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the deadline the whole check is StoreAway: nobody is taken for one who may be texted."""

    def slow(wire: Wire, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        time.sleep(0.1)
        return wire.pass_on(request)

    monkeypatch.setattr(tables_store, "DEADLINE_SECONDS", 0.05)
    store = tables.open(Wire(dict.fromkeys(range(1, 1000), slow)))
    with pytest.raises(StoreAway, match="too slow"):
        store.lookup([f"+1425555{number:04}" for number in range(100)], [SCOPE])
    store.close()


def test_one_answer_is_missing(store: TablesStore, wire: Wire) -> None:
    """A check of many in which one cannot be read is StoreAway, too."""
    wire.faults.update(dict.fromkeys(range(40, 100), faults.unavailable))
    with pytest.raises(StoreAway):
        store.lookup([f"+1425555{number:04}" for number in range(60)], [SCOPE])


def hello(number: int) -> Evidence:
    return evidence(number, intent=Intent.NONE, text="hello", reply=None)


def test_texts_are_forgotten_a_few_at_a_time(
    store: TablesStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that no event waits long; nothing else is read, and nothing is left in the end."""
    monkeypatch.setattr(tables_store, "FORGET_AT_ONCE", 2)
    for number in range(1, 6):
        write(store, Decision(hello(number)))
    later = NOON + timedelta(days=1)
    assert [store.forget_texts(later) for _ in range(4)] == [2, 2, 1, 0]
    assert {item.text for item in store.timeline(PERSON)} == {None}
    assert not any(store._index.texts(NOON + timedelta(days=1), 10))


def test_forgetting_goes_on_while_some_are_left(
    store: TablesStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few seconds later, where otherwise it rests for an hour."""
    clock = Clock(NOON + timedelta(days=31))
    monkeypatch.setattr(tables_store, "FORGET_AT_ONCE", 2)
    for number in range(1, 4):
        write(store, Decision(hello(number)))
    texts = TextRetention(store, clock, days=30)
    left = []
    for seconds in (0, 0, 5, 5, 60):
        clock.move(seconds=seconds)
        texts.forget_when_due()
        left.append(sum(item.text is not None for item in store.timeline(PERSON)))
    write(store, Decision(hello(4)))
    texts.forget_when_due()
    left.append(sum(item.text is not None for item in store.timeline(PERSON)))
    assert left == [1, 1, 0, 0, 0, 1]


def test_a_text_that_is_still_on_its_way(tables: Place, store: TablesStore) -> None:
    """An index entry waits an hour for its evidence, which may be being written; then it goes."""
    wire = Wire()
    other = tables.open(wire)
    write(other, Decision(hello(1)))
    forgotten: list[int] = []

    def forget_first(wire: Wire, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        forgotten.append(store.forget_texts(NOON + timedelta(minutes=5)))
        return wire.pass_on(request)

    wire.faults[len(wire.requests) + 2] = forget_first
    write(other, Decision(hello(2)))
    assert wire.requests[-2:] == [INDEX, WRITE]
    assert [*forgotten, store.forget_texts(NOON + timedelta(minutes=5))] == [1, 1]
    store._index.note(hello(3), {})
    assert store.forget_texts(NOON + timedelta(hours=2)) == 0
    assert not any(store._index.texts(NOON + timedelta(days=1), 10))
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


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({"OPTOUT_STORE": "tables"}, "set OPTOUT_TABLES_ENDPOINT, for example https://"),
        ({"OPTOUT_TABLES_ENDPOINT": "https://a.table.core.windows.net"}, "set OPTOUT_STORE=tables"),
        ({"OPTOUT_TABLES_CONNECTION_STRING": "x"}, "set OPTOUT_STORE=tables"),
        (
            {
                "OPTOUT_STORE": "tables",
                "OPTOUT_TABLES_ENDPOINT": "https://a.table.core.windows.net",
                "OPTOUT_TABLES_CONNECTION_STRING": "x",
            },
            "keep one of the two ways",
        ),
        (
            {"OPTOUT_STORE": "tables", "OPTOUT_TABLES_ENDPOINT": "http://localhost:10002/x"},
            "OPTOUT_TABLES_ENDPOINT: write https://ACCOUNT",
        ),
        ({"OPTOUT_STORE": "table"}, "sqlite:PATH, for example sqlite:.data/optout.db, or tables"),
        ({"WEBSITE_SITE_NAME": "app"}, "Set OPTOUT_STORE=tables"),
    ],
)
def test_settings_that_cannot_be_right(environment: dict[str, str], complaint: str) -> None:
    """Each says what to change."""
    with pytest.raises(ConfigurationError, match=re.escape(complaint)):
        settings.load(environment)


@pytest.mark.parametrize("text", ["x", "AccountName=a", "AccountName=a;AccountKey=a2V5;EndpointSuffix"])
def test_a_connection_string_that_is_none(text: str) -> None:
    """The error names the setting, and not what is in it."""
    with pytest.raises(ConfigurationError, match=r"OPTOUT_TABLES_CONNECTION_STRING: .* Copy it whole"):
        client.connect(None, text)


def test_the_service_uses_it(azurite: str) -> None:
    """From settings to a store that answers; an endpoint takes the identity of the process."""
    environment = {"OPTOUT_STORE": "tables", "OPTOUT_TABLES_CONNECTION_STRING": azurite}
    running = service.build(settings.load(environment))
    running.store.check()
    running.close()
    client.connect("https://contoso.table.core.windows.net", None).close()


def test_its_libraries_are_imported_only_when_used(tmp_path: Path) -> None:
    """A laptop's SQLite does not pay for them."""
    code = (
        "import sys; from optout import service, settings; "
        f"service.build(settings.load({{'OPTOUT_STORE': 'sqlite:{tmp_path}/optout.db'}})).close(); "
        "print('azure.data' in sys.modules, 'requests' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "False False\n"

"""Requests that fail, come late, race or are cut short: nothing is lost, nothing counted twice."""

import random
import socket
import time
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from azure.core.pipeline import PipelineRequest, PipelineResponse

from optout.domain.enums import Effect, Intent, ProbablePolicy, ReplyStatus
from optout.domain.errors import StoreAway
from optout.domain.model import (
    Decision,
    Evidence,
    Quarantined,
)
from optout.operations.naming import find_target
from optout.store.tables import recipients, rows
from optout.store.tables.store import TablesStore
from tests.support import wire as faults
from tests.support.payloads import sms_event
from tests.support.places import Place, file_in, new_tables
from tests.support.records import LIST, OUT, SCOPE, evidence, journal
from tests.support.wire import Fault, Killed, Wire, requests_of
from tests.support.world import NOON, PERSON, Clock, World, write

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
            except (Killed, StoreAway):
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

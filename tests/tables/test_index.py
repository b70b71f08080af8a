"""Keys, and the index: order, sizes, checks of many, texts that are forgotten."""

import random
import re
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from azure.core.pipeline import PipelineRequest, PipelineResponse
from hypothesis import example, given
from hypothesis import strategies as st

from optout.domain.enums import Intent
from optout.domain.errors import StoreAway
from optout.domain.model import (
    EVERYTHING,
    Decision,
    Evidence,
    Quarantined,
)
from optout.operations.retention import TextRetention
from optout.store.tables import index as table_index
from optout.store.tables import rows
from optout.store.tables import store as tables_store
from optout.store.tables.store import TablesStore
from tests.support import wire as faults
from tests.support.places import Place
from tests.support.records import LIST, OUT, SCOPE, evidence
from tests.support.wire import INDEX, WRITE, Wire
from tests.support.world import NOON, PERSON, Clock, World, write

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

"""A copy of the tables and what is restored from it: every row of every type, also while others write,
cut short, and run again."""

import gzip
from contextlib import closing, suppress
from itertools import count
from uuid import UUID

import pytest
from azure.data.tables import EdmType, EntityProperty

from optout.decisions.target import Target
from optout.domain.enums import ReviewVerdict
from optout.domain.errors import ConfigurationError, Gone, StoreAway
from optout.domain.model import Quarantined
from optout.operations import feed
from optout.operations.evidence_pages import all_evidence
from optout.operations.recompute import recompute_all
from optout.operations.transfer.rows import ImportedRow
from optout.store.tables import backup, restore, rows
from optout.store.tables.store import TABLES, tables_of
from tests.support import wire as faults
from tests.support.copies import (
    Found,
    copy_meanwhile,
    copy_of,
    opened,
    restored,
    stored,
    without_generation,
)
from tests.support.payloads import sms_event
from tests.support.places import Place, new_tables
from tests.support.reader import PEOPLE, Reader, current, say
from tests.support.records import LIST
from tests.support.wire import Fault, Killed, Wire
from tests.support.world import NOON, PERSON, Clock, World

# One value of each type, and those at its ends.
PROPERTIES: dict[str, object] = {
    "text": "Zoë, \u2028 \U0001f6d1 ' \" \\ \x01",
    "empty": "",
    "yes": True,
    "no": False,
    "small": -(2**31),
    "large": EntityProperty(2**63 - 1, EdmType.INT64),
    "looks small": EntityProperty(5, EdmType.INT64),
    "ticks": EntityProperty("2026-06-01T12:00:00.1234567Z", EdmType.DATETIME),
    "long ago": EntityProperty("1601-01-01T00:00:00Z", EdmType.DATETIME),
    "whole": 5.0,
    "fraction": 0.1,
    "huge": 1.7976931348623157e308,
    "nan": float("nan"),
    "infinite": float("-inf"),
    "bytes": bytes(range(256)),
    "no bytes": b"",
    "guid": UUID("803eeef5-750e-4ca8-bb14-7907df43d9c6"),
}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test waits for a storage that is away to come back."""
    monkeypatch.setattr(backup, "_SECONDS_BETWEEN", 0.0)
    monkeypatch.setattr(restore, "_SECONDS_BETWEEN", 0.0)


def write_rows(place: Place, name: str, *written: rows.Row) -> None:
    with opened(place) as account:
        table = tables_of(account, place.prefix)[name]
        for row in written:
            table.write([("upsert", row, {"mode": "replace"})])


def test_every_row_of_every_type(tables: Place, target: Place) -> None:
    """As the service says it, to the digit; in keys with quotes, in a partition without a name."""
    for name in TABLES:
        for partition, key in (("", "e_1"), ("it's", "o'clock"), ("00", "x"), ("00", "y")):
            write_rows(tables, name, {**rows.keys(partition, key), **PROPERTIES})
    restored(target, copy_of(tables))
    assert len(stored(tables)) == 12
    assert without_generation(stored(target)) == stored(tables)


def play(world: World, people: int = 3) -> None:
    """Something of everything that is stored."""
    for number in range(people):
        for text in ("STOP", "hello", "please cancel", "START", "STOP ALL", "HELP"):
            world.clock.move(seconds=1)
            world.receive(text, person=f"+1425555020{number}")
    world.receive("a" * 70_000 + "\n")
    world.store.quarantine(Quarantined("q1", NOON, "odd", "x" * 100_000))
    for item in world.store.list_reviews(1, None).items:
        world.reviews.judge(item.id, ReviewVerdict.CONFIRM, "pat", "read it")
    with world.importer(Target(list="contoso-alerts")) as importing:
        importing.record([ImportedRow("+14255550209", NOON)])
    world.store.set_rules_version(2)
    world.store.begin_generation(7)


def test_a_whole_store(tables: Place, target: Place) -> None:
    """Long texts in many columns, the index, the quarantine, the rules; and a new generation."""
    with World(tables) as world:
        play(world)
    before = stored(tables)
    assert {name for name, _, _ in before} == set(TABLES)
    begun = restored(target, copy_of(tables))
    assert without_generation(stored(target)) == without_generation(before)
    with closing(target.open()) as store:
        assert store.generation() == begun > 7
        store.ensure_whole()


def test_whoever_follows_begins_again(tables: Place, target: Place, account_time: Clock) -> None:
    """They get 410 at once, and end with the list; what comes then goes before all they have heard."""
    reader = Reader()
    with closing(tables.open()) as store:
        for person in PEOPLE:
            say(store, person)
        reader.catch_up(store, account_time)
        copy = copy_of(tables)
        for _ in range(5):
            say(store, PEOPLE[0], out=False)
        reader.catch_up(store, account_time)
    restored(target, copy)
    with closing(target.open()) as store:
        with pytest.raises(Gone, match="restored from a backup"):
            feed.changes(store, 10, reader.token)
        again = Reader()
        again.catch_up(store, account_time)
        assert again.held == current(store)
        say(store, PEOPLE[0])
        for item in feed.changes(store, 100, None).items:
            reader.hear(item)
        assert reader.held == current(store)


class Busy:
    """What happens to a store behind every page of its copy: one more of each kind, and what was there
    before it began is judged and replayed. `told` is whose word was recorded before the copy began."""

    def __init__(self, world: World) -> None:
        self.world, self.numbers = world, count(1000)
        self.told = [PERSON, *(self.speak() for _ in range(4))]
        for _ in range(4):
            self.world.receive("STOP")
            self.world.clock.move(seconds=1)
        self.open = [self.ask() for _ in range(4)]
        self.held = [self.hold() for _ in range(4)]
        self.expected = [(person, world.check(person=person).suppressed) for person in self.told]

    def person(self) -> str:
        self.world.clock.move(seconds=1)
        return f"+1425555{next(self.numbers)}"

    def speak(self, text: str = "STOP") -> str:
        person = self.person()
        self.world.receive(text, person=person)
        return person

    def ask(self) -> str:
        """A probable request, which waits for somebody to read it."""
        return self.world.newest(self.speak("please cancel")).id

    def hold(self) -> tuple[str, str]:
        """A STOP in quarantine: its id, and whose it is. They sort before all others, so that whoever
        reads the recipients has passed them when it is recorded."""
        person = self.person().replace("+1425", "+1206")
        event = sms_event("STOP", from_=person, at=self.world.clock.now)
        self.world.store.quarantine(Quarantined(f"id-{person}", self.world.clock.now, "odd", event))
        return f"id-{person}", person

    def go_on(self, table: str) -> None:
        """Someone new, someone known, and what waits is done; in every table while it is read."""
        self.speak()
        self.world.receive("HELP")
        if self.open:
            self.world.reviews.judge(self.open.pop(), ReviewVerdict.CONFIRM, "pat", "read it")
            self.world.store.list_reviews(100, None)
        if self.held and table == "recipients":
            self.world.handler.replay(self.held.pop()[0])
        self.world.store.set_rules_version(2)


@pytest.mark.parametrize("size", [3, 1000])
def test_while_others_write(size: int, tables: Place, target: Place) -> None:
    """What was recorded before it began is there; whoever is there is whole, and is found."""
    with World(tables) as world:
        world.store.set_rules_version(1)
        busy = Busy(world)
        asked, held = list(busy.open), list(busy.held)
        left = iter(range(25))
        copy = copy_meanwhile(
            tables, lambda table: busy.go_on(table) if next(left, None) is not None else None, size
        )
    restored(target, copy)
    with World(target, clock=world.clock) as world:
        assert [(one, world.check(person=one).suppressed) for one in busy.told] == busy.expected
        evidence = list(all_evidence(world.store))
        for name in asked:
            (found,) = (item for item in evidence if item.id == name)
            judged = {item.recipient for item in evidence if item.verdict is not None}
            assert found.recipient in judged or name in [
                i.id for i in world.store.list_reviews(100, None).items
            ]
        waiting = [event.id for event in world.store.list_quarantine(100, None).items]
        for name, person in held:
            assert name in waiting or world.check(person=person).suppressed
        assert whole(stored(target))
        assert [*recompute_all(world.recorder)] == []
        everybody = {item.recipient for item in evidence}
        out = {person for person in everybody if world.check(person=person).suppressed}
        assert out == {person for person, _ in world.store.list_out(LIST, 1000, None).items}
        for person in {*busy.told, *sorted(everybody)[-3:]}:
            world.clock.move(seconds=1)
            world.receive("HELP", person=person)


def whole(found: Found) -> bool:
    """Whether all evidence about a person is numbered from 1, each number has its id, and no event is
    held without its place."""
    numbers: dict[str, list[int]] = {}
    ids: dict[str, list[int]] = {}
    for (name, partition, key), row in found.items():
        if name == "recipients" and key.startswith("e_"):
            numbers.setdefault(partition, []).append(rows.number(row))
        if name == "recipients" and key.startswith("i_"):
            ids.setdefault(partition, []).append(int(row["number"]))
    held = {
        row["id"] for (name, _, key), row in found.items() if name == "quarantine" and key[0] == "i"
    }
    placed = {
        row["id"] for (name, _, key), row in found.items() if name == "quarantine" and key[0] == "o"
    }
    return (
        all(sorted(each) == [*range(1, len(each) + 1)] for each in numbers.values())
        and {name: sorted(each) for name, each in ids.items()}
        == {name: sorted(each) for name, each in numbers.items()}
        and held == placed
    )


def test_rules_that_are_computed_meanwhile(tables: Place, target: Place) -> None:
    """The copy says the earlier rules, because some of its consents are by them: they are due again."""
    with World(tables) as world:
        play(world)
        world.store.set_rules_version(3)
        copy = copy_meanwhile(tables, lambda table: world.store.set_rules_version(4))
    restored(target, copy)
    with closing(target.open()) as store:
        assert store.rules_version() == 3


def test_a_storage_that_comes_and_goes(tables: Place, target: Place) -> None:
    """A request fails now and then, and more often than the client tries: it goes on where it was."""
    with World(tables) as world:
        play(world)
    shaken: dict[int, Fault] = {
        number: faults.reset for start in (9, 19, 29) for number in range(start, start + 5)
    }
    reading, writing = Wire(dict(shaken)), Wire(dict(shaken))
    copy = copy_of(tables, reading)
    restored(target, copy, writing)
    assert min(len(reading.requests), len(writing.requests)) > 35
    assert without_generation(stored(target)) == without_generation(stored(tables))


def test_a_copy_goes_on_where_it_was(tables: Place) -> None:
    """Behind whichever page the storage is away: no row is left out, and none is read twice for it."""
    with World(tables) as world:
        play(world)
    turn = count(1)

    def fail_often(table: str) -> None:
        if next(turn) % 3 == 0:
            raise StoreAway("away")

    copies = copy_of(tables), copy_meanwhile(tables, fail_often)
    undisturbed, disturbed = (gzip.decompress(copy).splitlines()[1:] for copy in copies)
    assert disturbed == undisturbed


def test_a_storage_that_stays_away(tables: Place, target: Place) -> None:
    """It ends with an error that names nobody."""
    with World(tables) as world:
        play(world)
    copy = copy_of(tables)
    away: dict[int, Fault] = dict.fromkeys(range(9, 1000), faults.reset)
    for work in (lambda: copy_of(tables, Wire(away)), lambda: restored(target, copy, Wire(away))):
        with pytest.raises(StoreAway) as raised:
            work()
        assert "1425555" not in str(raised.value)


def test_a_restore_that_is_killed(tables: Place, azurite: str) -> None:
    """Wherever it ends, the app and another copy are refused; run again, all is there."""
    with World(tables) as world:
        play(world, 2)
    copy, other = copy_of(tables), copy_of(tables)
    for number in range(3, 1000, 3):
        target, wire = new_tables(azurite), Wire({number: faults.killed_after})
        with suppress(Killed):
            restored(target, copy, wire)
        if not stored(target):  # it had not begun
            continue
        if wire.requests[-1].startswith("DELETE"):  # it had ended
            break
        with closing(target.open()) as store, pytest.raises(ConfigurationError, match="has not ended"):
            store.ensure_whole()
        with pytest.raises(ConfigurationError, match="a part of another copy"):
            restored(target, other)
        with pytest.raises(ConfigurationError, match="a part of a backup"):
            copy_of(target)
        restored(target, copy)
        assert without_generation(stored(target)) == without_generation(stored(tables)), number
    assert number > 15


@pytest.mark.parametrize("name", TABLES)
def test_tables_that_are_not_empty(name: str, tables: Place, target: Place) -> None:
    """A row of anybody's is in the way, and stays as it is."""
    write_rows(tables, "recipients", rows.keys("a", "b"))
    write_rows(target, name, rows.keys("someone", "c_1"))
    before = stored(target)
    with pytest.raises(ConfigurationError, match=f"there are rows in the table {name}.*deploy.md"):
        restored(target, copy_of(tables))
    assert stored(target) == before


def test_tables_in_which_there_is_nobody(tables: Place, target: Place) -> None:
    """What an app writes at its start is in nobody's way."""
    with World(tables) as world:
        play(world)
    with closing(target.open()) as store:
        store.set_rules_version(1)
        store.begin_generation(10**7)
        store.check_writable()
    assert restored(target, copy_of(tables)) > 7
    assert without_generation(stored(target)) == without_generation(stored(tables))


def test_nothing_to_copy(tables: Place) -> None:
    """Tables that are not there are those of another account."""
    with pytest.raises(ConfigurationError, match="set OPTOUT_TABLES_ENDPOINT as the app has it"):
        copy_of(tables)

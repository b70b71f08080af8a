"""The feed: everybody once, then whoever changed, each as they are now."""

import pytest

from optout.decisions.target import Target
from optout.domain.enums import ScopeKind
from optout.domain.model import Decision, Scope
from optout.operations import feed
from optout.operations.transfer.exporting import everyone_out
from optout.operations.transfer.rows import ImportedRow
from optout.store.protocol import Store
from tests.support.places import Place
from tests.support.reader import PEOPLE, Reader, current, say
from tests.support.records import OUT, evidence
from tests.support.world import CONTOSO, PERSON, Clock, World, write


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_from_the_beginning(store: Store, account_time: Clock, limit: int) -> None:
    """Everybody of whom anything is known, each once, however it falls into pages; then nothing."""
    for person in PEOPLE[:7]:
        say(store, person)
    say(store, PEOPLE[3], out=False)
    account_time.move(seconds=66)
    reader = Reader()
    assert sorted(reader.catch_up(store, account_time, limit)) == PEOPLE[:7]
    assert reader.held == current(store)
    assert reader.catch_up(store, account_time, limit) == []


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_whoever_changed(store: Store, account_time: Clock, limit: int) -> None:
    """Each once, as they are now, and nobody else."""
    for person in PEOPLE:
        say(store, person)
    account_time.move(seconds=66)
    reader = Reader()
    reader.catch_up(store, account_time, limit)
    for person, out in ((PEOPLE[2], False), (PEOPLE[5], False), (PEOPLE[2], True), (PEOPLE[8], False)):
        account_time.move(seconds=1)
        say(store, person, out=out)
    assert set(reader.catch_up(store, account_time, limit)) == {PEOPLE[2], PEOPLE[5], PEOPLE[8]}
    assert reader.held == current(store)
    assert reader.catch_up(store, account_time, limit) == []


def test_each_once_on_a_page(store: Store, account_time: Clock) -> None:
    """Whoever changed often since is there once."""
    reader = Reader()
    reader.catch_up(store, account_time)
    for number in range(6):
        account_time.move(seconds=1)
        say(store, PEOPLE[number % 2], out=number % 3 == 0)
    assert sorted(reader.catch_up(store, account_time)) == PEOPLE[:2]


def test_what_changes_no_consent(store: Store, account_time: Clock) -> None:
    """HELP and chatter are nobody's news, and whoever only chats is not in the feed."""
    say(store, PEOPLE[0])
    reader = Reader()
    reader.catch_up(store, account_time)
    write(store, Decision(evidence(2, PEOPLE[0])))
    write(store, Decision(evidence(1, PEOPLE[1])))
    assert reader.catch_up(store, account_time) == []
    assert Reader().catch_up(store, account_time) == [PEOPLE[0]]


def test_an_empty_store(store: Store, account_time: Clock) -> None:
    """It has a first page, and a place to go on from."""
    reader = Reader()
    page = reader.read(store)
    assert (page.items, page.more) == ((), False)
    say(store, PERSON)
    assert reader.catch_up(store, account_time) == [PERSON]


def test_more_is_said_before_it_is_read(store: Store, account_time: Clock) -> None:
    """A page says whether there is more already, so that nobody asks in vain or waits in vain."""
    for person in PEOPLE[:4]:
        say(store, person)
    account_time.move(seconds=66)
    assert feed.changes(store, 3, None).more
    assert not feed.changes(store, 4, None).more


ODD = [
    "12345", "+1", "a_b", "a.b", "a|b", "a'b", "‘n’", "x" * 300, "y" * 300, "rules2", "nobody2",
    "+4915112345678", "~", "é🛑", " ", "A", "a",
]  # fmt: skip


@pytest.mark.parametrize("limit", [1, 4, 100])
def test_odd_names(store: Store, account_time: Clock, limit: int) -> None:
    """Whatever ACS calls a person, they are in the feed, under that name."""
    for name in ODD:
        say(store, name)
    account_time.move(seconds=66)
    reader = Reader()
    assert sorted(reader.catch_up(store, account_time, limit)) == sorted(ODD)
    for name in ODD:
        say(store, name, out=False)
    assert sorted(reader.catch_up(store, account_time, limit)) == sorted(ODD)


def test_more_consents_than_a_page(store: Store, account_time: Clock) -> None:
    """A person with many consents comes whole."""
    many = [Scope(ScopeKind.SENDER, f"{number}") for number in range(30_000, 30_090)]
    for part in (many[:45], many[45:]):
        number = store.snapshot(PERSON).number + 1
        write(store, Decision(evidence(number), dict.fromkeys(part, OUT)))
    say(store, PEOPLE[0])
    more = [Scope(ScopeKind.SENDER, f"{number}") for number in range(40_000, 40_090)]
    write(store, Decision(evidence(3), dict.fromkeys(more, OUT)))
    account_time.move(seconds=66)
    reader = Reader()
    reader.catch_up(store, account_time)
    assert len(reader.held[PERSON]["senders"]) == 180
    assert reader.held[PERSON]["version"] == store.generation() * 2**32 + 3


def test_an_import(place: Place, account_time: Clock) -> None:
    """Whoever it names is in the feed, new or known; the import as a whole is nobody."""
    with World(place) as world:
        world.receive("START", person=PEOPLE[0])
        reader = Reader()
        reader.catch_up(world.store, account_time)
        with world.importer(Target(list="contoso-alerts")) as importer:
            importer.record(ImportedRow(person, world.clock.now, True, ()) for person in PEOPLE[:4])
        assert sorted(reader.catch_up(world.store, account_time)) == PEOPLE[:4]
        assert sorted(Reader().catch_up(world.store, account_time)) == PEOPLE[:4]
        assert reader.held == current(world.store)


# -- It agrees with everything else that is read ---------------------------------------------------


def test_it_agrees_with_the_lists(place: Place, account_time: Clock) -> None:
    """Who is out of a list, by its own word or by everything's, a sender or everything: as `export`
    writes it."""
    texts = (("STOP", "12345"), ("START", "12345"), ("STOP ALL", "78787"), ("STOP", "54321"))
    with World(place) as world:
        for number, person in enumerate(PEOPLE):
            for turn in range(3):
                text, to = texts[(number * 7 + turn * (number + 1)) % len(texts)]
                world.clock.move(seconds=1)
                world.receive(text, to, person)
        reader = Reader()
        reader.catch_up(world.store, account_time)
        held = reader.held.values()

        def exported(kind: ScopeKind, name: str = "") -> set[str]:
            return {person for person, _ in everyone_out(world.store, Scope(kind, name))}

        everything = exported(ScopeKind.EVERYTHING)
        assert everything == {each["recipient"] for each in held if each["other_lists"]["suppressed"]}
        for name in CONTOSO.senders:
            told = {
                each["recipient"]
                for each in held
                if name in each["senders"] and each["senders"][name]["suppressed"]
            }
            assert told == exported(ScopeKind.SENDER, name)
        for name in CONTOSO.lists:
            told = {
                each["recipient"]
                for each in held
                if each["lists"].get(name, each["other_lists"])["suppressed"]
            }
            assert exported(ScopeKind.LIST, name) <= told <= exported(ScopeKind.LIST, name) | everything
        assert everything
        for sender in CONTOSO.senders.values():
            world.checks.forget(PEOPLE)
            for person, answer in world.checks.answers(sender, PEOPLE).items():
                lists = (sender.list, *sender.formerly)
                assert reader.suppressed(person, sender.name, lists) is answer.suppressed

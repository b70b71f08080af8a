"""Where a follower is: nothing committed before its place was given is ever missed, and a place that is
gone is said to be."""

import shutil
import threading
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from optout.domain.errors import BadRequest, Gone
from optout.operations import feed
from optout.store.protocol import Store
from optout.store.sqlite.backup import write_backup
from optout.store.sqlite.store import SqliteStore
from optout.store.tables import feed as tables_feed
from optout.store.tables import scan
from tests.support.places import Place, Places, file_in, new_tables
from tests.support.reader import PEOPLE, Reader, current, say
from tests.support.world import PERSON, Clock

ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.sampled_from(PEOPLE[:5])),
        st.tuples(st.just("read"), st.integers(1, 3)),
        st.tuples(st.just("wait"), st.sampled_from([0, 0.000_001, 0.3, 0.8, 1, 30, 64.7, 65])),
        st.just(("fork", 0)),
    ),
    max_size=25,
)

# A place, and a change later in the same second.
WITHIN_A_SECOND: list[tuple[str, str | float]] = [
    ("read", 3), ("wait", 0.8), ("say", PEOPLE[0]), ("wait", 64.7), ("read", 3),
]  # fmt: skip


@pytest.mark.parametrize("places", ["model", "sqlite", "fake tables"], indirect=True)
@settings(max_examples=25, suppress_health_check=list(HealthCheck), print_blob=True)
@given(actions=ACTIONS)
@example(actions=WITHIN_A_SECOND)
def test_nothing_is_missed(
    places: Places,
    account_time: Clock,
    monkeypatch: pytest.MonkeyPatch,
    actions: list[tuple[str, str | float]],
) -> None:
    """Whoever goes on from any place that was ever given ends in the state of the list, whatever was
    written between two pages and however the pages fall."""
    monkeypatch.setattr(scan, "PAGE_ROWS", 4)
    follow(places(), account_time, actions)


@settings(max_examples=6, suppress_health_check=list(HealthCheck), print_blob=True)
@given(actions=ACTIONS)
@example(actions=WITHIN_A_SECOND)
def test_nothing_is_missed_in_tables(
    azurite: str,
    account_time: Clock,
    monkeypatch: pytest.MonkeyPatch,
    actions: list[tuple[str, str | float]],
) -> None:
    """The same, where reading and writing are requests."""
    monkeypatch.setattr(scan, "PAGE_ROWS", 4)
    follow(new_tables(azurite), account_time, actions)


def follow(place: Place, account_time: Clock, actions: list[tuple[str, str | float]]) -> None:
    with closing(place.open()) as store:
        readers = [Reader()]
        for turn, (what, how) in enumerate(actions):
            match what:
                case "say":
                    say(store, str(how), out=turn % 3 != 0)
                case "read":
                    readers[0].read(store, int(how))
                case "wait":
                    account_time.move(seconds=float(how))
                case "fork":
                    readers.append(readers[0].copy())
        for reader in readers:
            reader.catch_up(store, account_time, 2)
            assert reader.held == current(store)
            assert reader.catch_up(store, account_time) == []


def test_while_many_write(place: Place, account_time: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads with a store of their own write as fast as they can: none of it is missed, from whichever
    place a follower goes on."""
    monkeypatch.setattr(tables_feed, "BEHIND", timedelta(seconds=20))
    place.open().close()

    def work(part: int) -> None:
        with closing(place.open()) as store:
            for turn in range(12):
                say(store, PEOPLE[(2 * part + turn) % 5 + 5 * (part % 2)], out=turn % 3 != 0)

    def say_on(part: int) -> None:
        with suppress(BaseException):
            work(part)
            done.append(part)

    done: list[int] = []
    threads = [threading.Thread(target=say_on, args=(part,)) for part in range(4)]
    with closing(place.open()) as store:
        reader, forks = Reader(), []
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            account_time.move(seconds=1)
            reader.read(store, 2)
            forks.append(reader.copy())
        for thread in threads:
            thread.join()
        assert sorted(done) == [0, 1, 2, 3]
        for each in [reader, *forks[:: max(1, len(forks) // 10)]]:
            each.catch_up(store, account_time)
            assert each.held == current(store)


def place_of(store: Store) -> str:
    return feed.changes(store, 10, None).next


def test_another_generation(store: Store) -> None:
    """Whoever holds a place of an earlier life of the store begins again."""
    say(store, PERSON)
    before = place_of(store)
    assert feed.changes(store, 10, before).next
    store.begin_generation(store.generation() + 1)
    with pytest.raises(Gone, match=r"restored from a backup.* begin again without since"):
        feed.changes(store, 10, before)
    page = feed.changes(store, 10, None)
    assert all(item["version"] >> 32 == store.generation() for item in page.items)


def test_a_restored_backup(tmp_path: Path) -> None:
    """The copy is another store than the one that was lost."""
    path, backup, copy = (tmp_path / name for name in ("optout.db", "backup.db", "copy.db"))
    clock = Clock()
    with closing(SqliteStore(path, clock)) as store:
        say(store, PERSON)
        before = place_of(store)
    write_backup(path, backup)
    shutil.copyfile(backup, copy)
    clock.move(minutes=15)
    with closing(SqliteStore(copy, clock)) as store, pytest.raises(Gone, match="restored"):
        feed.changes(store, 10, before)


def test_another_file(tmp_path: Path) -> None:
    """A file that was made anew, in the place of one that was lost."""
    clock = Clock()
    with closing(SqliteStore(tmp_path / "lost.db", clock)) as store:
        say(store, PERSON)
        before = place_of(store)
    clock.move(minutes=15)
    with closing(SqliteStore(tmp_path / "new.db", clock)) as store, pytest.raises(Gone):
        feed.changes(store, 10, before)


def test_a_place_that_no_change_has_had(tmp_path: Path) -> None:
    """Of two files of one generation, one that has fewer changes notices a place of the other's."""
    with closing(SqliteStore(tmp_path / "a.db")) as store:
        say(store, PEOPLE[0])
        say(store, PEOPLE[1])
        before = place_of(store)
        generation = store.generation()
    with closing(SqliteStore(tmp_path / "b.db")) as store:
        store.begin_generation(generation)
        say(store, PERSON)
        with pytest.raises(Gone, match="another database"):
            feed.changes(store, 10, before)


def test_another_kind_of_store(tmp_path: Path, azurite: str, account_time: Clock) -> None:
    """A place in a file is none in tables, and the other way round, though the generation is one."""
    with (
        closing(file_in(tmp_path).open()) as file,
        closing(new_tables(azurite).open()) as tables,
    ):
        for store in (file, tables):
            store.begin_generation(7)
            for person in PEOPLE[:3]:
                say(store, person)
        account_time.move(seconds=66)
        for one, other in ((file, tables), (tables, file)):
            for limit in (1, 10):
                with pytest.raises(Gone, match="another kind of store"):
                    feed.changes(other, 10, feed.changes(one, limit, None).next)


@pytest.mark.parametrize(
    "since", ["", "x", "|", "1", "+14255550123", "contoso-alerts|+14255550123", "-1|5", "1|", " 1|5"]
)
def test_what_is_no_place(store: Store, since: str) -> None:
    """A cursor of another list, or anything else that the feed never gave, is a mistake: nobody is told
    to forget a copy for that."""
    say(store, PERSON)
    with pytest.raises(BadRequest, match="is not a `next` of this feed"):
        feed.changes(store, 10, since)


@pytest.mark.parametrize(
    "given_as",
    [
        *("x", "-1", "5|6", "9" * 19, "٣", "scan", "index", "index|", "index|x", "scan|x|y", "scan||"),
        "index|2999-01-01T00:00:00.000000Z",
        "index|2026-06-01T12:00:00.2E000000Z' or RowKey gt '",
        "scan|2026-06-01T12:00:00.2E000000Z|x' or PartitionKey gt '",
        "scan|2026-06-01T12:00:00.2E000000Z|a/b\\c#?\t",
        "scan|2999-01-01T00:00:00.2E000000Z|",
        "index|2999-01-01T00:00:00.2E000000Z",
        "index|2026-06-01T12:00:00.2E000000Z|x|y",
    ],
)
def test_a_place_that_was_never_given(store: Store, account_time: Clock, given_as: str) -> None:
    """Whatever stands in it, it is Gone, and never asks the storage for what it says."""
    say(store, PERSON)
    account_time.move(seconds=66)
    with pytest.raises(Gone):
        feed.changes(store, 10, f"{store.generation()}|{given_as}")

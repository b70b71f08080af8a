"""What every store gives in pages: all of it, once, in order, whatever the size of a page."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from optout.domain.enums import (
    ProbablePolicy,
    ScopeKind,
)
from optout.domain.ids import verdict_id
from optout.domain.model import (
    EVERYTHING,
    Decision,
    Quarantined,
    Scope,
)
from optout.store.protocol import JournalPage, QuarantinePage, Store
from tests.support.places import Places
from tests.support.records import LIST, OUT, evidence
from tests.support.world import NOON, PERSON, write


def test_history_in_pages(store: Store) -> None:
    """Newest first; the next page goes on where the last one ended; others are not read."""
    for number in range(1, 8):
        write(store, Decision(evidence(number)))
    write(store, Decision(evidence(1, recipient="+14255550124")))
    found, below = [], None
    while True:
        page = store.history(PERSON, 3, below)
        found += [item.number for item in page.items]
        below = page.below
        if below is None:
            break
    assert found == [7, 6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 7, 100])
def test_all_evidence_in_pages(store: Store, limit: int) -> None:
    """Everything about everybody, once, by recipient and number, however it falls into pages."""
    pieces = {"+14255550123": 3, "+442079460000": 1, "12345": 5, "+14255550122": 2}
    for person, count in pieces.items():
        for number in range(1, count + 1):
            write(store, Decision(evidence(number, person), {LIST: OUT}))
    found: list[tuple[str, int]] = []
    while page := store.all_evidence(limit, found[-1] if found else None):
        assert len(page) <= limit
        found += [(item.recipient, item.number) for item in page]
    assert found == sorted((person, n + 1) for person, count in pieces.items() for n in range(count))


def test_all_evidence_finds_what_was_added(store: Store) -> None:
    """Evidence that is written about a recipient between two pages is on the next."""
    write(store, Decision(evidence(1)))
    assert store.all_evidence(10, None) == (evidence(1),)
    write(store, Decision(evidence(2)))
    assert store.all_evidence(10, (PERSON, 1)) == (evidence(2),)


def test_a_list_in_pages(store: Store) -> None:
    """Everyone who is out of a scope, once, in order; nobody who is back in, nobody of another."""
    people = [f"+142555501{number:02}" for number in range(10)]
    for number, person in enumerate(people):
        consent = replace(OUT, out=number != 4)
        write(store, Decision(evidence(recipient=person), {LIST: consent}))
    write(store, Decision(evidence(recipient="+14255550150"), {EVERYTHING: OUT}))
    found, after = [], None
    while True:
        page = store.list_out(LIST, 4, after)
        found += [recipient for recipient, _ in page.items]
        after = page.after
        if after is None:
            break
    assert found == people[:4] + people[5:]
    assert store.was_ever_out(EVERYTHING)
    assert not store.was_ever_out(Scope(ScopeKind.LIST, "other"))


Turn = Callable[[int, str | None], tuple[list[str], str | None]]


def all_pages(turn: Turn, size: int) -> list[str]:
    """What is on all pages of a size, from the first to the last."""
    found: list[str] = []
    after = None
    for _ in range(100):
        ids, after = turn(size, after)
        assert len(ids) <= size
        found += ids
        if after is None:
            return found
    raise AssertionError("the pages never end")


def by_id(read: Callable[[int, str | None], JournalPage | QuarantinePage]) -> Turn:
    """Turns pages and tells the ids of what is on them."""

    def turn(size: int, after: str | None) -> tuple[list[str], str | None]:
        page = read(size, after)
        return [item.id for item in page.items], page.after

    return turn


def in_pages(store: Store, size: int) -> dict[str, list[str]]:
    """Whatever is given in pages, each by its ids or its people."""

    def people(size: int, after: str | None) -> tuple[list[str], str | None]:
        page = store.list_out(LIST, size, after)
        return [recipient for recipient, _ in page.items], page.after

    return {
        "journal": all_pages(by_id(store.journal), size),
        "reviews": all_pages(by_id(store.list_reviews), size),
        "quarantine": all_pages(by_id(store.list_quarantine), size),
        "list": all_pages(people, size),
    }


# Times that fall into one second, or into one microsecond, and ids with whatever a key must not have.
CLOSE = st.sampled_from([0, 1, 2, 100_000, 999_999, 1_000_000])
ANY_ID = st.text(alphabet="aZ09_.|~+-'/ #é🛑", min_size=1, max_size=8) | st.sampled_from(
    ["x" * 300, "y" * 300]
)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arrivals=st.dictionaries(ANY_ID, CLOSE, min_size=3, max_size=8), size=st.integers(1, 3))
@example(arrivals=dict.fromkeys(["a", "b", "c"], 0), size=1)
@example(arrivals=dict.fromkeys(["a", "b", "c"], 0), size=2)
def test_pages_of_any_size(places: Places, arrivals: dict[str, int], size: int) -> None:
    """However much falls into one microsecond, pages of any size give everything once and in order."""
    store = places().open()
    at = {name: NOON + timedelta(microseconds=offset) for name, offset in arrivals.items()}
    people = [f"+1425555010{number}" for number in range(len(at))]
    for person, (name, moment) in zip(people, at.items(), strict=True):
        item = evidence(1, person, id=name, policy=ProbablePolicy.SUPPRESS, received_at=moment)
        write(store, Decision(item, {LIST: OUT}))
        store.quarantine(Quarantined(name, moment, "reason", "{}"))
    whole = in_pages(store, 100)
    oldest_first = sorted(at.values())
    for kind, order in (("journal", -1), ("reviews", 1), ("quarantine", 1)):
        assert sorted(whole[kind]) == sorted(at)
        assert [at[name] for name in whole[kind]] == oldest_first[::order]
    assert whole["list"] == people
    assert in_pages(store, size) == whole
    store.close()


@pytest.mark.parametrize("size", [1, 2, 3])
def test_pages_of_what_goes_meanwhile(store: Store, size: int) -> None:
    """Who works everything off page by page, so that nothing of a page is left, sees all of it once."""
    people = [f"+1425555010{number}" for number in range(7)]
    for person in people:
        made = evidence(1, person, policy=ProbablePolicy.SUPPRESS, received_at=NOON)
        write(store, Decision(replace(made, id=person), {LIST: OUT}))
        store.quarantine(Quarantined(person, NOON, "reason", "{}"))

    def judge(size: int, after: str | None) -> tuple[list[str], str | None]:
        ids, after = by_id(store.list_reviews)(size, after)
        for name in ids:
            write(store, Decision(evidence(2, name, id=verdict_id(name, name), about=name)))
        return ids, after

    def release(size: int, after: str | None) -> tuple[list[str], str | None]:
        ids, after = by_id(store.list_quarantine)(size, after)
        for name in ids:
            store.release(name)
        return ids, after

    def opt_in(size: int, after: str | None) -> tuple[list[str], str | None]:
        page = store.list_out(LIST, size, after)
        for person, _ in page.items:
            write(store, Decision(evidence(3, person), {LIST: replace(OUT, out=False)}))
        return [person for person, _ in page.items], page.after

    for work in (judge, release, opt_in):
        assert sorted(all_pages(work, size)) == people
        assert all_pages(work, size) == []


@pytest.mark.parametrize("cursor", ["", "x", "'", "a b", "/\\#?\t", "+1" * 2000])
def test_any_cursor(store: Store, cursor: str) -> None:
    """A cursor that no page gave is a place in the order like any other."""
    write(store, Decision(evidence(), {LIST: OUT}))
    store.quarantine(Quarantined("id", NOON, "reason", "{}"))
    assert len(store.list_out(LIST, 3, cursor).items) <= 1
    assert len(store.list_quarantine(3, cursor).items) <= 1
    assert len(store.journal(3, cursor).items) <= 1
    assert len(store.list_reviews(3, cursor).items) == 0

    assert len(store.all_evidence(3, (cursor, 10**18 - 1))) <= 1


def test_quarantine_in_pages(store: Store) -> None:
    """Oldest first; the same event again is held once, with the newest reason."""
    for number in range(5):
        at = NOON + timedelta(seconds=number)
        store.quarantine(Quarantined(f"id-{9 - number}", at, "reason", "{}"))
    store.quarantine(Quarantined("id-9", NOON, "another reason", "{}"))
    first = store.list_quarantine(3, None)
    rest = store.list_quarantine(3, first.after)
    assert [event.id for event in first.items + rest.items] == ["id-9", "id-8", "id-7", "id-6", "id-5"]
    assert first.items[0].reason == "another reason"
    assert rest.after is None
    store.release("id-7")
    assert store.find_quarantined("id-7") is None
    assert store.find_quarantined("id-8") == Quarantined(
        "id-8", NOON + timedelta(seconds=1), "reason", "{}"
    )

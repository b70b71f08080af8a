"""Looking for something in the journal: what is found, and that pages of any size find it all, once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optout.domain.enums import Activity, Effect, EvidenceKind, Intent, ScopeKind
from optout.domain.ids import evidence_id
from optout.domain.model import Decision, Evidence, Principal, Scope
from optout.domain.search import ANYTHING, Search
from optout.store.protocol import Store
from optout.store.sqlite import journal as sqlite_journal
from optout.store.tables import search as tables_search
from tests.support.places import Places
from tests.support.records import evidence, journal
from tests.support.world import NOON, write

BY_HAND = evidence(
    kind=EvidenceKind.MANUAL,
    sender=None,
    list="contoso-uk",
    scopes=(Scope(ScopeKind.LIST, "contoso-uk"),),
    text=None,
    actor="Ann Müller",
    reason="Brief vom 2. Mai",
    principal=Principal("id-1", "ann@contoso.example"),
)
SAID = evidence(text="Arrêtez tout, s'il vous plaît!")
ALL_LISTS = evidence(scopes=(Scope(ScopeKind.LIST, "contoso-uk"), Scope(ScopeKind.EVERYTHING)))
ASKED = evidence(intent=Intent.HELP, effect=Effect.NONE)
AT = SAID.received_at
TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("search", "item", "is_found"),
    [
        (ANYTHING, SAID, True),
        (Search(since=AT), SAID, True),
        (Search(since=AT + TICK), SAID, False),
        (Search(until=AT), SAID, False),
        (Search(until=AT + TICK), SAID, True),
        (Search(sender="12345"), SAID, True),
        (Search(sender="1234"), SAID, False),
        (Search(sender="12345"), BY_HAND, False),
        (Search(list="contoso-alerts"), SAID, True),
        (Search(list="contoso-uk"), SAID, False),
        (Search(list="contoso-uk"), BY_HAND, True),
        (Search(list="contoso-uk"), ALL_LISTS, True),
        (Search(kind=EvidenceKind.MANUAL), BY_HAND, True),
        (Search(kind=EvidenceKind.MANUAL), SAID, False),
        (Search(activity=Activity.HELP), ASKED, True),
        (Search(activity=Activity.OPTED_OUT), ASKED, False),
        (Search(activity=Activity.OPTED_OUT), SAID, True),
        (Search(actor="muller"), BY_HAND, True),
        (Search(actor="ANN@contoso"), BY_HAND, True),
        (Search(actor="id-1"), BY_HAND, True),
        (Search(actor="bob"), BY_HAND, False),
        (Search(actor="ann"), SAID, False),
        (Search(text="arretez TOUT"), SAID, True),
        (Search(text="brief"), BY_HAND, True),
        (Search(text="brief"), SAID, False),
        (Search(text="425 555-01"), SAID, True),
        (Search(text="+1 (425) 555"), SAID, True),
        (Search(text="425 556"), SAID, False),
        (Search(text="12"), SAID, False),
        (Search(text="tout", sender="54321"), SAID, False),
    ],
)
def test_what_is_found(search: Search, item: Evidence, is_found: bool) -> None:
    """All that is said must be so; words whatever their case and accents, numbers however they are
    spaced."""
    assert search.takes(item) is is_found


def test_a_text_that_was_forgotten_is_not_found() -> None:
    assert not Search(text="stop").takes(evidence(text=None, reason=None))


def written(store: Store, kinds: Sequence[int]) -> list[Evidence]:
    """What happened, a piece for each kind: several in one microsecond, some of them imported."""
    made = []
    for place, kind in enumerate(kinds):
        person = f"+142555501{place:02}"
        item = (SAID, BY_HAND, ALL_LISTS, ASKED, replace(SAID, kind=EvidenceKind.IMPORT))[kind % 5]
        item = replace(
            item,
            recipient=person,
            id=evidence_id(EvidenceKind.MESSAGE, f"m{place}", person),
            received_at=NOON + timedelta(seconds=kind // 5),
            sender=("12345", "54321")[kind % 2] if item.sender else None,
        )
        write(store, Decision(item))
        made.append(item)
    return made


SEARCHES = st.builds(
    Search,
    since=st.sampled_from([None, NOON, NOON + timedelta(seconds=2)]),
    until=st.sampled_from(
        [None, NOON + timedelta(seconds=2), NOON + timedelta(seconds=2, microseconds=1)]
    ),
    sender=st.sampled_from([None, None, "12345", "54321"]),
    list=st.sampled_from([None, None, "contoso-uk"]),
    activity=st.sampled_from([None, None, *Activity]),
    actor=st.sampled_from([None, None, "ann"]),
    text=st.sampled_from([None, None, "tout", "stop"]),
)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kinds=st.lists(st.integers(0, 24), min_size=4, max_size=14),
    searches=st.lists(SEARCHES, min_size=6, max_size=6),
    size=st.integers(1, 3),
    examined=st.integers(1, 4),
)
def test_pages_find_everything_once(
    places: Places, kinds: list[int], searches: list[Search], size: int, examined: int
) -> None:
    """However much is looked at for one page, and however much is asked for: all of it, once,
    the newest first."""
    store = places().open()
    made = written(store, kinds)
    with pytest.MonkeyPatch.context() as bounded:
        bounded.setattr(sqlite_journal, "EXAMINED_ROWS", examined)
        for name in ("EXAMINED_ROWS", "READ_ROWS", "READ_AT_ONCE"):
            bounded.setattr(tables_search, name, examined)
        for search in searches:
            found = journal(partial(store.journal, search=search), size)
            expected = [each for each in made if each.activity and search.takes(each)]
            assert [each.received_at for each in found] == sorted(
                (each.received_at for each in expected), reverse=True
            )
            assert sorted(each.id for each in found) == sorted(each.id for each in expected)
    store.close()


def test_counts_end_where_they_are_asked_to(store: Store) -> None:
    """What was received at the end of a period or later is of the next one."""
    midnight = NOON + timedelta(hours=12)
    for place, at in enumerate((midnight - TICK, midnight, midnight + timedelta(minutes=30))):
        write(store, Decision(evidence(1, f"+1425555010{place}", received_at=at)))
    assert [each.times for each in store.counts(NOON, midnight)] == [1]
    assert [each.times for each in store.counts(midnight)] == [2]

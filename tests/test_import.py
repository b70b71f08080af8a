"""An import gives the consents that the rule gives, whatever was there before and however often it is
repeated; and its commands, from file to file."""

import tempfile
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optout.decisions.target import Target
from optout.operations.evidence_pages import all_evidence
from optout.operations.transfer.rows import ImportedRow
from tests.support.places import Place, file_in, new_tables
from tests.support.records import journal
from tests.support.world import CONTOSO, NOON, PERSON, World

PEOPLE = ("+14255550123", "+14255550124")
# The senders that people text, with their lists.
SENDERS = {"12345": "contoso-alerts", "+18335550100": "contoso-alerts"}
TARGETS = {
    "list": Target(list="contoso-alerts"),
    "sender": Target(sender=CONTOSO.sender("12345")),
    "toll-free": Target(sender=CONTOSO.sender("+18335550100")),
    "everything": Target(everything=True),
}
# What an import into each target speaks about.
SPEAKS_OF = {
    "list": {"list:contoso-alerts"},
    "sender": {"sender:12345", "list:contoso-alerts"},
    "toll-free": {"sender:+18335550100", "list:contoso-alerts"},
    "everything": {"everything"},
}
WORDS = {"STOP": True, "STOP ALL": True, "START": False}
# Who texted what to whom, and when, in minutes.
Text = tuple[str, str, str, int]


def minute(number: int) -> datetime:
    return NOON + timedelta(minutes=number)


class Statement(NamedTuple):
    """Somebody is out, or in, by what was said at a time; out sorts last, and wins a tie."""

    at: datetime
    out: bool


def expected_consents(
    texts: Sequence[Text], rows: Sequence[ImportedRow], target: str
) -> dict[str, dict[str, tuple[bool, datetime, datetime]]]:
    """Rule 2 once more, by sorting: for each person and scope the last statement, since when nothing
    else was said, and when it was said last."""
    said: dict[str, dict[str, list[Statement]]] = {person: {} for person in PEOPLE}
    for person, sender, text, at in texts:
        if text in WORDS:
            scopes = {f"sender:{sender}", f"list:{SENDERS[sender]}"}
            for scope in scopes | ({"everything"} if text == "STOP ALL" else set()):
                said[person].setdefault(scope, []).append(Statement(minute(at), WORDS[text]))
    for row in rows:
        for scope in SPEAKS_OF[target]:
            said[row.recipient].setdefault(scope, []).append(Statement(row.at, row.out))
    return {
        person: {scope: _last_run(statements) for scope, statements in scopes.items()}
        for person, scopes in said.items()
    }


def _last_run(statements: list[Statement]) -> tuple[bool, datetime, datetime]:
    *before, last = sorted(statements)
    since = last.at
    for statement in reversed(before):
        if statement.out is not last.out:
            break
        since = statement.at
    return last.out, since, last.at


def actual_consents(world: World) -> dict[str, dict[str, tuple[bool, datetime, datetime]]]:
    return {
        person: {
            str(scope): (consent.out, consent.since, consent.at)
            for scope, consent in world.consents(person, list(SENDERS)).items()
        }
        for person in PEOPLE
    }


imported_rows = st.builds(
    ImportedRow,
    st.sampled_from(PEOPLE),
    st.integers(0, 40).map(minute),
    st.sampled_from([True, True, False]),
    st.just(()),
)
messages = st.tuples(
    st.sampled_from(PEOPLE),
    st.sampled_from(sorted(SENDERS)),
    st.sampled_from(["STOP", "START", "STOP ALL", "HELP", "hello"]),
    st.integers(0, 40),
)


def held_to_the_rule(
    place: Place,
    texts: list[Text],
    target: str,
    rows: list[ImportedRow],
    batches: list[list[ImportedRow]],
) -> None:
    """Texts, then batches of an import: the consents are those of the rule, each statement is in the
    history once, and importing it all again changes nothing."""
    with World(place) as world:
        for number, (person, sender, text, at) in enumerate(texts):
            world.clock.now = minute(at)
            world.receive(text, sender, person, message_id=f"m{number}")
        world.clock.now = minute(60)
        importing = world.importer(TARGETS[target])
        for batch in batches:
            importing.record(batch)
        assert set(importing.record(rows)) <= {"recorded"}
        assert actual_consents(world) == expected_consents(texts, rows, target)
        for person in PEOPLE:
            told = [minute(at) for who, _, _, at in texts if who == person]
            told += [row.at for row in {*rows} if row.recipient == person]
            assert sorted(item.at for item in world.history(person)) == sorted(told)


@st.composite
def imports(draw: st.DrawFn) -> tuple[list[ImportedRow], list[list[ImportedRow]]]:
    """Rows, and what of them comes in which batch: split anywhere, some of them twice."""
    rows = draw(st.lists(imported_rows, min_size=4, max_size=10))
    repeated = draw(st.lists(st.sampled_from(rows), max_size=5))
    shuffled = draw(st.permutations(rows + repeated))
    cuts = sorted(draw(st.lists(st.integers(0, len(shuffled)), max_size=3)))
    edges = [0, *cuts, len(shuffled)]
    return rows, [shuffled[a:b] for a, b in pairwise(edges) if a < b]


@given(st.lists(messages, max_size=8), st.sampled_from(sorted(TARGETS)), imports())
@settings(max_examples=60, deadline=None)
def test_an_import_keeps_to_the_rule(
    texts: list[Text],
    target: str,
    imported: tuple[list[ImportedRow], list[list[ImportedRow]]],
) -> None:
    """Whatever was there before and however the rows fall into batches, over SQLite."""
    if target == "toll-free" and any(not row.out for row in imported[0]):
        # What a block leaves of an opt-in depends on which came first.
        target = "list"
    with tempfile.TemporaryDirectory() as name:
        held_to_the_rule(file_in(Path(name)), texts, target, *imported)


@given(st.lists(messages, max_size=5), imports())
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_import_keeps_to_the_rule_in_tables(
    azurite: str,
    texts: list[Text],
    imported: tuple[list[ImportedRow], list[list[ImportedRow]]],
) -> None:
    """The same over tables."""
    held_to_the_rule(new_tables(azurite), texts, "sender", *imported)


def held_to_the_forecast(
    place: Place, texts: list[Text], target: str, batches: list[list[ImportedRow]]
) -> None:
    """A dry run, which leaves nothing, and the run: batch by batch the same counts; and once more."""
    with World(place) as world:
        for number, (person, sender, text, at) in enumerate(texts):
            world.clock.now = minute(at)
            world.receive(text, sender, person, message_id=f"m{number}")
        world.clock.now = minute(30)
        for _ in range(2):
            before = [world.history(person) for person in PEOPLE]
            with world.importer(TARGETS[target], dry_run=True) as tried:
                foreseen = [tried.record(batch) for batch in batches]
            assert [world.history(person) for person in PEOPLE] == before
            importing = world.importer(TARGETS[target])
            assert [importing.record(batch) for batch in batches] == foreseen


@given(st.lists(messages, max_size=6), st.sampled_from(sorted(TARGETS)), imports())
@settings(max_examples=100, deadline=None)
def test_a_dry_run_foresees_the_run(
    texts: list[Text],
    target: str,
    imported: tuple[list[ImportedRow], list[list[ImportedRow]]],
) -> None:
    """Whoever was known before, whoever is there twice, in one batch or in several; over SQLite."""
    with tempfile.TemporaryDirectory() as name:
        held_to_the_forecast(file_in(Path(name)), texts, target, imported[1])


@given(st.lists(messages, max_size=5), imports())
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_dry_run_foresees_the_run_in_tables(
    azurite: str,
    texts: list[Text],
    imported: tuple[list[ImportedRow], list[list[ImportedRow]]],
) -> None:
    """The same over tables."""
    held_to_the_forecast(new_tables(azurite), texts, "toll-free", imported[1])


@pytest.mark.parametrize(
    ("before", "row", "effect", "suppressed"),
    [
        ([], ImportedRow(PERSON, minute(5)), "opted_out", True),
        ([("START", 10)], ImportedRow(PERSON, minute(5)), "outdated", False),
        ([("START", 1)], ImportedRow(PERSON, minute(5)), "opted_out", True),
        ([("START", 5)], ImportedRow(PERSON, minute(5)), "opted_out", True),
        ([("STOP", 10)], ImportedRow(PERSON, minute(5)), "confirmed", True),
        ([("STOP", 1)], ImportedRow(PERSON, minute(5)), "confirmed", True),
        ([("STOP", 1)], ImportedRow(PERSON, minute(5), False), "opted_in", False),
        ([("STOP", 10)], ImportedRow(PERSON, minute(5), False), "outdated", True),
        ([], ImportedRow(PERSON, minute(999)), "opted_out", True),
    ],
)
def test_what_an_imported_row_does(
    place: Place, before: list[tuple[str, int]], row: ImportedRow, effect: str, suppressed: bool
) -> None:
    """Rule 2: an older import never undoes a newer keyword. The dry run says the same and writes
    nothing; the second run finds everything recorded."""
    with World(place) as world:
        for text, at in before:
            world.clock.now = minute(at)
            world.receive(text)
        world.clock.now = minute(60)
        with world.importer(TARGETS["sender"], dry_run=True) as tried:
            assert tried.record([row]) == Counter({effect: 1})
        assert len(world.history()) == len(before)
        importing = world.importer(TARGETS["sender"])
        assert importing.record([row]) == Counter({effect: 1})
        assert importing.record([row]) == Counter({"recorded": 1})
        assert world.check().suppressed is suppressed
        newest = world.newest()
        assert (newest.actor, newest.reason, newest.kind) == ("ann", "moved", "import")
        assert ("future_time" in newest.flags) is (row.at > minute(60))


def test_an_import_lifts_no_block_of_a_carrier(place: Place) -> None:
    """Rule 12: an opt-in from a list does not pretend that the carrier lets messages through."""
    with World(place) as world:
        world.receive("STOP", "+18335550100")
        world.clock.now = minute(60)
        importing = world.importer(TARGETS["toll-free"])
        assert importing.record([ImportedRow(PERSON, minute(5), out=False)]) == Counter({"none": 1})
        assert world.check("+18335550100").suppressed
        assert world.newest().flags == ("blocked",)


def opt_ins(*people: str, at: int = 5) -> list[ImportedRow]:
    return [ImportedRow(person, minute(at), out=False) for person in people]


def test_an_import_that_opts_people_in_is_one_event(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    """However many its batches; an import that frees nobody is none. It is about nobody: no number."""
    with World(place) as world:
        world.clock.now = minute(60)
        world.receive("STOP", at=minute(50))
        with world.importer(TARGETS["list"]) as importing:
            importing.record([ImportedRow("+14255550199", minute(5)), *opt_ins(PERSON)])
        assert world.store.journal(10, None).items == world.history()[:1]
        people = [f"+1425555010{last}" for last in range(6)]
        world.clock.move(minutes=1)
        with world.importer(TARGETS["sender"]) as importing:
            for batch in (people[:2], people[2:5], [*people[4:], PERSON]):
                importing.record(opt_ins(*batch))
        whole, _ = journal(world.store.journal, 10)
        assert (whole.effect, whole.actor, whole.reason) == ("opted_in", "ann", "moved")
        assert (whole.sender, whole.list, whole.scopes) == ("12345", "contoso-alerts", ())
        assert whole.counts == {"opted_in": 6, "recorded": 1, "outdated": 1}
        assert world.store.counts(NOON - timedelta(days=1))[0].activity == "opted_out"
        assert len(world.store.counts(NOON - timedelta(days=1))) == 1
        assert [each for each in all_evidence(world.store) if each.counts] == [whole]
        assert caplog.text.count("opt_ins_imported") == 1


def test_an_import_that_is_given_up_has_opted_in_whom_it_has(place: Place) -> None:
    """Whatever ends it: what it has recorded stays, and so it is told."""

    def give_up(world: World) -> None:
        with world.importer(TARGETS["list"]) as importing:
            importing.record(opt_ins(PERSON))
            raise KeyboardInterrupt

    with World(place) as world:
        world.clock.now = minute(60)
        with pytest.raises(KeyboardInterrupt):
            give_up(world)
        (whole,) = world.store.journal(10, None).items
        assert whole.counts == {"opted_in": 1}

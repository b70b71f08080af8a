"""The document that others keep: it says what a check says, and whoever keeps the newest is right."""

import tempfile
from collections.abc import Sequence
from datetime import timedelta
from itertools import chain, combinations, product
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from optout.domain.enums import EvidenceKind, Party, ReviewVerdict, ScopeKind
from optout.domain.model import EVERYTHING, Consent, Consents, Decision, Scope
from optout.programs.directory import Directory
from tests.support.follower import Follower, Recording, is_suppressed
from tests.support.program_files import load
from tests.support.records import evidence
from tests.support.steps import (
    FILES,
    HISTORIES,
    LISTS,
    OTHERS,
    SENDERS,
    Step,
    everybody,
    happen,
    later,
    standing,
)
from tests.support.world import NOON, PERSON, World, write

# Whatever lists a sender may have and have had.
ANY_LISTS = tuple(chain.from_iterable(combinations(LISTS, count) for count in range(5)))


CHECKED = settings(max_examples=80, suppress_health_check=list(HealthCheck), print_blob=True)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Directory]:
    """The program file in each of its states."""
    folder = tmp_path_factory.mktemp("programs")
    return [load(folder, text + OTHERS) for text in FILES]


def assert_formula(world: World, files: Sequence[Directory]) -> None:
    """What the document says of each sender of each program file is what a check says."""
    held = standing(world.store)
    for directory in files:
        for sender in directory.senders.values():
            world.checks.forget([PERSON])
            (answer,) = world.checks.check(sender, [PERSON])
            lists = (sender.list, *sender.formerly)
            assert is_suppressed(held, sender.name, lists) is answer.suppressed, (sender.name, held)


# -- Every state -------------------------------------------------------------------------------------


def states(scope: Scope, times: Sequence[int]) -> list[Consents]:
    """Nothing, out and in at some minutes."""
    return [{}] + [
        {
            scope: Consent(
                out,
                NOON + timedelta(minutes=minute),
                NOON + timedelta(minutes=minute),
                EvidenceKind.MESSAGE,
                "STOP",
                Party.SERVICE,
                "id",
            )
        }
        for minute in times
        for out in (True, False)
    ]


def test_every_state(tmp_path: Path, files: list[Directory]) -> None:
    """The formula is what a check says: whatever a sender, its list, its former lists and everything
    say, and of whatever times; in the feed as beside the status."""
    mixed = product(
        states(Scope(ScopeKind.SENDER, "12345"), [1]),
        states(Scope(ScopeKind.LIST, "new"), [1, 2]),
        states(Scope(ScopeKind.LIST, "old"), [1, 2]),
        states(Scope(ScopeKind.LIST, "older"), [2]),
        states(EVERYTHING, [1, 2]),
    )
    people = {
        f"+1425555{number:04}": {scope: one for each in parts for scope, one in each.items()}
        for number, parts in enumerate(mixed)
    }
    with World(tmp_path) as world:
        for person, consents in people.items():
            write(world.store, Decision(evidence(1, person), consents))
        told = {each["recipient"]: each for each in everybody(world.store)}
        assert set(told) == {person for person, consents in people.items() if consents}
        for sender in chain.from_iterable(directory.senders.values() for directory in files):
            lists = (sender.list, *sender.formerly)
            world.checks.forget(people)
            for answer in world.checks.answers(sender, list(people)).values():
                found = told.get(str(answer.recipient))
                assert is_suppressed(found, sender.name, lists) is answer.suppressed
        assert all(told[person] == standing(world.store, person) for person in list(told)[::50])


# -- Every history --------------------------------------------------------------------------------


@CHECKED
@given(history=HISTORIES)
def test_every_history(files: list[Directory], history: list[Step]) -> None:
    """However a person came to where they stand, the document says of each sender what a check says;
    and the version has grown by each piece of evidence."""
    with tempfile.TemporaryDirectory() as folder, World(Path(folder)) as world:
        later(world)
        version = 0
        for number, step in enumerate(history):
            happen(world, files, number, step)
            assert_formula(world, files)
            held = standing(world.store)
            assert held["version"] == world.store.generation() * 2**32 + len(world.history())
            assert held["version"] >= version
            version = held["version"]


def came_back(first: int) -> list[Step]:
    """A STOP under the list's first name, a START of some minute under its last one, and another."""
    joined = "+14255550100"
    return [
        Step("STOP", "12345", 2, 0),
        Step("START", joined, first, 2),
        Step("START", joined, 3, 2),
    ]


@CHECKED
@example(history=came_back(1), refusals=[], order=Random(1))
@example(history=came_back(2), refusals=[], order=Random(1))
@given(history=HISTORIES, refusals=st.lists(st.booleans(), max_size=12), order=st.randoms())
def test_whoever_follows_is_right(
    files: list[Directory],
    history: list[Step],
    refusals: list[bool],
    order: Random,
) -> None:
    """Who keeps the newest of what was announced, heard in any order and more than once, ends in the
    state of the list: for each sender, whatever its lists are and were."""
    topic = Recording(refusals=list(refusals))
    with tempfile.TemporaryDirectory() as folder:
        with World(Path(folder), publisher=topic) as world:
            topic.feed = lambda: everybody(world.store)
            later(world)
            for number, step in enumerate(history):
                happen(world, files, number, step)
                world.finish()
            while world.queue.waiting:
                world.clock.move(hours=1)
                world.finish()
            assert not world.store.pending()
            held = standing(world.store)
        heard = topic.documents * 2
        order.shuffle(heard)
        follower = Follower()
        for each in heard:
            follower.hear(each)
        for sender, lists in product((*SENDERS, "99999"), ANY_LISTS):
            told = follower.suppressed(PERSON, sender, lists)
            assert told is is_suppressed(held, sender, lists), (sender, lists, held)


def test_what_was_taken_back(tmp_path: Path) -> None:
    """Of a request that was lifted nothing is left but the version: nobody ever was in or out."""
    with World(tmp_path) as world:
        request = world.receive("please cancel")
        world.reviews.judge(request.id, ReviewVerdict.LIFT, "ann", "an appointment")
        assert standing(world.store) == {
            "recipient": PERSON,
            "version": world.store.generation() * 2**32 + 2,
            "lists": {},
            "other_lists": {"suppressed": False, "since": None, "at": None},
            "senders": {},
        }

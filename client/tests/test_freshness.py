"""How old a copy is, by two clocks, and when it is too old."""

import itertools

import pytest

from optout_client import StaleReplica
from optout_client._freshness import Freshness, Moment
from optout_client._held import Held, pauses

from .copies import PAT, check
from .documents import SENDERS, out, page


class Clocks:
    """A wall clock that can be set, and a monotonic one that cannot."""

    def __init__(self) -> None:
        self.wall, self.monotonic = 1_800_000_000.0, 5_000.0

    def pass_by(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds

    def freshness(self) -> Freshness:
        return Freshness(lambda: self.wall, lambda: self.monotonic)


def test_age() -> None:
    """The age counts from when the refresh began, by both clocks."""
    clocks = Clocks()
    freshness = clocks.freshness()
    assert freshness.age(None) is None
    began = freshness.now()
    clocks.pass_by(7)
    freshness.learn(began)
    assert freshness.age(began.wall) == 7
    clocks.pass_by(3)
    assert freshness.age(began.wall) == 10
    clocks.wall += 100
    assert freshness.age(began.wall) == 110


def test_age_of_another_process() -> None:
    """What another process has refreshed has the age that its wall clock says."""
    clocks = Clocks()
    assert clocks.freshness().age(clocks.wall - 20) == 20


def test_clock_set_back_a_little() -> None:
    """Where the wall clock says less than this process knows to have passed, that counts."""
    clocks = Clocks()
    freshness = clocks.freshness()
    began = clocks.wall - 50
    assert freshness.age(began) == 50
    clocks.pass_by(400)
    clocks.wall -= 430
    assert freshness.age(began) == 450


def test_clock_set_back() -> None:
    """What was written at a time that is still to come is stale, also when that time has come."""
    clocks = Clocks()
    freshness = clocks.freshness()
    began = freshness.now()
    freshness.learn(began)
    clocks.wall -= 1_000
    assert freshness.age(began.wall) is None
    clocks.pass_by(1_001)
    assert freshness.age(began.wall) is None
    freshness.learn(again := Moment(clocks.wall, clocks.monotonic))
    assert freshness.age(again.wall) == 0


def test_clock_set_back_in_a_refresh(held: Held) -> None:
    """The process that has refreshed knows by its own clock how long ago that began."""
    clocks = Clocks()
    held.freshness = clocks.freshness()
    began = held.freshness.now()
    clocks.pass_by(100)
    clocks.wall -= 90
    held.keep(held.place(), page([out(PAT)]), SENDERS, began)
    assert held.age == 100


def test_stale(held: Held) -> None:
    """A copy that is too old says so, and how old it is."""
    began = held.freshness.now()
    old = Moment(began.wall - 301, began.monotonic - 301)
    held.keep(held.place(), page([out(PAT)]), SENDERS, old)
    with pytest.raises(StaleReplica, match="301 seconds old, and may be 300"):
        check(held, PAT)


def test_future(held: Held) -> None:
    """A copy from a time to come says that the clock was set back."""
    began = held.freshness.now()
    held.copy.keep(held.place(), page([out(PAT)]), SENDERS, began.wall + 60)
    with pytest.raises(StaleReplica, match="clock was set back"):
        check(held, PAT)


def test_pauses() -> None:
    """After a failure the first pause is short, and none is longer than between two refreshes."""
    assert list(itertools.islice(pauses(30), 7)) == [1, 2, 4, 8, 16, 30, 30]
    assert list(itertools.islice(pauses(0.5), 2)) == [0.5, 0.5]

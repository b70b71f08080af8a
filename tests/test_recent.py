"""What a check keeps for some seconds: whom it knows, and when it forgets."""

import pytest

from optout.operations import recent
from optout.operations.recent import Recent

ANN, BOB, CAT = "+14255550101", "+14255550102", "+14255550103"


class Timer:
    """A monotonic clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def timer() -> Timer:
    return Timer()


@pytest.fixture
def kept(timer: Timer) -> Recent[str]:
    return Recent(30, timer)


def known(kept: Recent[str], sender: str = "12345") -> dict[str, str]:
    return kept.find(sender, dict.fromkeys((ANN, BOB, CAT)))


def test_by_person_and_sender(kept: Recent[str]) -> None:
    """Only who is asked about, and what was found for that sender."""
    kept.keep("12345", {ANN: "a", BOB: "b"})
    kept.keep("54321", {BOB: "x"})
    assert known(kept) == {ANN: "a", BOB: "b"}
    assert known(kept, "54321") == {BOB: "x"}
    assert kept.find("12345", {BOB: None, "+14255550199": None}) == {BOB: "b"}
    assert known(kept, "99999") == {}


@pytest.mark.parametrize(("seconds", "there"), [(29.9, True), (30.0, False), (1000.0, False)])
def test_for_so_many_seconds(kept: Recent[str], timer: Timer, seconds: float, there: bool) -> None:
    kept.keep("12345", {ANN: "a"})
    timer.now += seconds
    assert bool(known(kept)) is there


def test_one_person_has_one_age(kept: Recent[str], timer: Timer) -> None:
    """What is found later about another sender is not kept longer; once forgotten, it begins anew."""
    kept.keep("12345", {ANN: "a"})
    timer.now += 20
    kept.keep("54321", {ANN: "x", BOB: "b"})
    timer.now += 10
    assert (known(kept, "12345"), known(kept, "54321")) == ({}, {BOB: "b"})
    kept.keep("12345", {ANN: "again"})
    timer.now += 29
    assert known(kept, "12345") == {ANN: "again"}
    assert known(kept, "54321") == {}


def test_what_is_forgotten(kept: Recent[str]) -> None:
    """For every sender, and nobody else; somebody unknown is no error."""
    kept.keep("12345", {ANN: "a", BOB: "b"})
    kept.keep("54321", {ANN: "x"})
    kept.forget([ANN, CAT])
    assert (known(kept), known(kept, "54321")) == ({BOB: "b"}, {})


def test_who_is_old_takes_no_room(kept: Recent[str], timer: Timer) -> None:
    """They are gone as soon as something else is kept."""
    kept.keep("12345", {ANN: "a"})
    timer.now += 1
    kept.forget([ANN])
    kept.keep("12345", {BOB: "b", ANN: "a"})
    timer.now += 30
    kept.keep("12345", {CAT: "c"})
    assert list(kept._people) == [CAT]


def test_so_many_people(kept: Recent[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more, those who were found first are forgotten."""
    monkeypatch.setattr(recent, "PEOPLE", 2)
    kept.keep("12345", {ANN: "a"})
    kept.keep("12345", {BOB: "b", CAT: "c"})
    assert known(kept) == {BOB: "b", CAT: "c"}

"""Rule 3: once, unless it says something else."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from optout.domain.model import Evidence
from tests.support.world import NOON, World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as opened:
        yield opened


def arrive(world: World, *messages: tuple[str, str]) -> tuple[Evidence, ...]:
    """Messages under one id, each a second after the one before; what is recorded then."""
    for text, to in messages:
        world.receive(text, to, at=world.clock.now, message_id="one")
        world.clock.move(seconds=1)
    return world.history()


def test_the_same_message_again(world: World) -> None:
    """Nothing is recorded or answered twice."""
    assert len(arrive(world, ("STOP", "12345"), ("STOP", "12345"), ("STOP", "12345"))) == 1
    assert len(world.phone.received) == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("hello", "12345"), ("STOP", "12345")),
        (("START", "12345"), ("STOP", "12345")),
        (("hello", "55555"), ("STOP", "12345")),
        (("STOP", "55555"), ("STOP", "12345")),
    ],
    ids=["another text", "another word", "another sender and text", "another sender"],
)
def test_another_message_under_the_same_id(
    world: World, first: tuple[str, str], second: tuple[str, str]
) -> None:
    """It is a message of its own, flagged, and a STOP in it counts; both may come again."""
    both = arrive(world, first, second, first, second)
    assert [item.text for item in both] == [first[0], second[0]]
    assert ["message_id_again" in item.flags for item in both] == [False, True]
    assert len({item.id for item in both}) == 2
    assert world.check("12345").suppressed


def test_a_third_one(world: World) -> None:
    """Each text has a record of its own, however many come under one id."""
    texts = arrive(world, ("hello", "12345"), ("STOP", "12345"), ("START", "12345"), ("STOP", "12345"))
    assert [item.text for item in texts] == ["hello", "STOP", "START"]


def test_what_was_forgotten_counts_as_the_same(world: World) -> None:
    """Nobody knows any more what it said; only an opt-out is taken for another message."""
    arrive(world, ("hello", "12345"))
    world.store.forget_texts(NOON + timedelta(days=1))
    assert len(arrive(world, ("hello", "12345"))) == 1
    assert len(arrive(world, ("STOP", "12345"))) == 2
    assert world.check("12345").suppressed

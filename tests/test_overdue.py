"""Somebody hears of a request that nobody has read for days."""

import json
from collections.abc import Iterator

import pytest

from optout.domain.enums import ReviewVerdict
from optout.domain.errors import StoreAway
from optout.operations.overdue import OverdueReviews, is_overdue
from tests.support.places import Place
from tests.support.world import World

OTHER = "+14255550188"


@pytest.fixture
def world(place: Place) -> Iterator[World]:
    with World(place) as opened:
        yield opened


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[str, int | None]]:
    """The name and the days of each line about reviews."""
    lines = [json.loads(record.getMessage()) for record in caplog.records]
    return [(line["event"], line.get("days")) for line in lines if line["event"].startswith("review")]


def test_the_oldest_request_is_told_once_it_is_overdue(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """After three days, with the days it has waited, a few times a day; a verdict ends it."""
    caplog.set_level("INFO")
    overdue = OverdueReviews(world.store, world.clock, 3)

    def after(hours: int) -> list[tuple[str, int | None]]:
        caplog.clear()
        world.clock.move(hours=hours)
        overdue.tell_when_due()
        return told(caplog)

    first = world.receive("please cancel")
    assert after(0) == []
    world.clock.move(days=2)
    world.receive("please cancel", person=OTHER)
    steps = [after(hours) for hours in (24, 1, 5, 1, 5, 24)]
    three, four = ("review_overdue", 3), ("review_overdue", 4)
    assert steps == [[], [], [three], [], [three], [four]]
    world.reviews.judge(first.id, ReviewVerdict.CONFIRM, "pat", "read it")
    assert [after(hours) for hours in (6, 12)] == [[], [three]]


def test_a_store_that_is_away_fails_no_event(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The look is left out, and said."""

    def away(limit: int, after: str | None) -> None:
        raise StoreAway("away")

    monkeypatch.setattr(world.store, "list_reviews", away)
    OverdueReviews(world.store, world.clock, 3).tell_when_due()
    assert told(caplog) == [("reviews_not_read", None)]


@pytest.mark.parametrize("days", [1, 14])
def test_how_long_is_a_setting(days: int, world: World, caplog: pytest.LogCaptureFixture) -> None:
    """It is told once it has waited for longer than that, and not before."""
    caplog.set_level("INFO")
    overdue = OverdueReviews(world.store, world.clock, days)
    request = world.receive("please cancel")
    world.clock.move(days=days)
    overdue.tell_when_due()
    assert told(caplog) == []
    assert not is_overdue(request, world.clock.now, days)
    world.clock.move(hours=7)
    overdue.tell_when_due()
    assert told(caplog) == [("review_overdue", days)]
    assert is_overdue(request, world.clock.now, days)

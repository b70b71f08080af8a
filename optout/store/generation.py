"""Which life of a store this is: a number that only grows, and that comes from the clock, because a
backup does not know what was restored from it before."""

from datetime import UTC, datetime, timedelta

from optout.domain.times import aware

# A version, generation × 2³² + number of evidence, stays below the 2⁵³ that JSON is sure of until 2085.
_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
_STEP = timedelta(minutes=15)


def first(now: datetime) -> int:
    """The generation of a store that is new, perhaps in the place of one that was lost a step ago or
    earlier; 1 is that of those who were there before there were generations."""
    return max(2, _steps(now))


def following(number: int, now: datetime) -> int:
    """The generation that begins now and goes before `number`, and before any that began a step ago or
    earlier."""
    return max(number + 1, _steps(now) + 1)


def _steps(now: datetime) -> int:
    return (aware(now) - _BEGINNING) // _STEP

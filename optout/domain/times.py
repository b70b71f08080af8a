"""Moments in time: always with a zone, and never before Azure Communication Services existed."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]

# Earlier than any text-message program: a serialiser's default value or a slip, not a time.
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


def aware(moment: datetime) -> datetime:
    """The moment in UTC; a naive one is a bug and raises ValueError."""
    if moment.tzinfo is None:
        raise ValueError("a datetime without a time zone")
    return moment.astimezone(UTC)

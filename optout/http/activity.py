"""What happened to everybody: counts by day and sender, and the newest items."""

from datetime import date, timedelta
from typing import Annotated

from pydantic import ConfigDict, Field, WithJsonSchema, with_config
from typing_extensions import TypedDict

from optout.domain import enums
from optout.http.exchange import Body, Request, decode_cursor, encode_cursor, parse_query
from optout.http.history import Journal
from optout.http.values import PageQuery
from optout.operations.documents import journal_item
from optout.operations.shapes import Shape, Time, shown
from optout.service import Service, now_utc

MOST_DAYS = 366
Times = Annotated[int, Field(ge=0)]


class ActivityQuery(Body):
    """How far back?"""

    days: int = Field(30, ge=1, le=MOST_DAYS, description="how many, with today")


class Count(Shape):
    """What happened on a day with a sender."""

    day: Annotated[str, WithJsonSchema({"type": "string", "format": "date", "description": "in UTC"})]
    sender: str | None
    opted_out: Times
    opted_in: Times
    help: Times


# "from" is a keyword of Python and cannot be a field of a class.
_Period = TypedDict("_Period", {"from": Time, "to": Time})


@with_config(ConfigDict(extra="forbid"))
class Activity(_Period):
    """The counts; days without any are left out."""

    counts: list[Count]


COUNTS = {
    "from": "2026-05-03T00:00:00.000000Z",
    "to": "2026-06-01T12:00:00.000000Z",
    "counts": [{"day": "2026-06-01", "sender": "12345", "opted_out": 2, "opted_in": 1, "help": 0}],
}


def counts(request: Request, service: Service) -> Activity:
    """How many opted out, opted in and asked for help, by day and sender."""
    query = parse_query(ActivityQuery, request)
    now = now_utc()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    since = midnight - timedelta(days=query.days - 1)
    days: dict[tuple[date, str | None], dict[enums.Activity, int]] = {}
    for count in service.store.counts(since):
        days.setdefault((count.day, count.sender), {})[count.activity] = count.times
    return {
        "from": shown(since),
        "to": shown(now),
        "counts": [_count(day, sender, times) for (day, sender), times in days.items()],
    }


def journal(request: Request, service: Service) -> Journal:
    """What happened last, to everybody, newest first; without what was imported."""
    query = parse_query(PageQuery, request)
    page = service.store.journal(query.limit, decode_cursor(query.cursor))
    return {"items": list(map(journal_item, page.items)), "cursor": encode_cursor(page.after)}


def _count(day: date, sender: str | None, times: dict[enums.Activity, int]) -> Count:
    return {
        "day": day.isoformat(),
        "sender": sender,
        "opted_out": times.get(enums.Activity.OPTED_OUT, 0),
        "opted_in": times.get(enums.Activity.OPTED_IN, 0),
        "help": times.get(enums.Activity.HELP, 0),
    }

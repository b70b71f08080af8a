"""What happened to everybody: counts by day and sender, and the newest items."""

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator, with_config
from typing_extensions import TypedDict

from optout.domain import enums
from optout.domain.errors import BadRequest
from optout.domain.search import Search
from optout.http.exchange import (
    Body,
    Request,
    decode_cursor,
    encode_cursor,
    parse_body,
    parse_query,
)
from optout.http.history import Journal
from optout.http.values import Cursor, Limit, ListName, Moment, PageQuery, SenderName
from optout.operations.documents import journal_item
from optout.operations.naming import find_sender
from optout.operations.shapes import Shape, Time, shown
from optout.service import Service, now_utc

MOST_DAYS = 366
Times = Annotated[int, Field(ge=0)]


Words = Annotated[str, Field(min_length=1, max_length=100)]


def _one_of(choices: type[StrEnum]) -> BeforeValidator:
    """Takes a choice by its name, as JSON says it."""

    def chosen(value: object) -> object:
        if isinstance(value, str) and value not in list(choices):
            raise ValueError(f"is none of {', '.join(choices)}")
        return choices(value) if isinstance(value, str) else value

    return BeforeValidator(chosen)


# Without a name in the description of the interface, where the counts have it.
ActivityName = Annotated[
    enums.Activity,
    _one_of(enums.Activity),
    WithJsonSchema({"type": "string", "enum": list(enums.Activity)}),
]


class ActivityQuery(Body):
    """How far back, or from which day to which?"""

    days: int = Field(30, ge=1, le=MOST_DAYS, description="how many, with today")
    first: date | None = Field(
        None, alias="from", description="the first day, in UTC, in place of `days`"
    )
    last: date | None = Field(None, alias="to", description="the last day, in UTC; by default today")

    @model_validator(mode="after")
    def _is_a_period(self) -> Self:
        if self.last is not None and self.first is None:
            raise ValueError('"to" needs "from"')
        if self.first is not None and self.last is not None and self.last < self.first:
            raise ValueError('"to" is before "from"')
        return self


class JournalSearch(Body):
    """What is looked for: all that is said here."""

    text: Words | None = Field(
        None,
        description="A part of a message's words, of a reason, or of the person's number, whatever its "
        "case and accents.",
    )
    sender: SenderName | None = None
    list: ListName | None = None
    kind: Annotated[enums.EvidenceKind, _one_of(enums.EvidenceKind)] | None = None
    activity: ActivityName | None = Field(None, description="what it counts as")
    actor: Words | None = Field(
        None, description="A part of the name of who did it, as they said it or signed in."
    )
    since: Moment | None = Field(None, description="received at this time or later")
    until: Moment | None = Field(None, description="received before this time")
    limit: Limit = 50
    cursor: Cursor = None


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


SEARCHES = {
    "text": {"text": "take me off", "since": "2026-05-01T00:00:00Z", "limit": 20},
    "opt_outs": {"sender": "12345", "activity": "opted_out"},
}


def counts(request: Request, service: Service) -> Activity:
    """How many opted out, opted in and asked for help, by day and sender."""
    now = now_utc()
    since, until = _period(parse_query(ActivityQuery, request), now)
    days: dict[tuple[date, str | None], dict[enums.Activity, int]] = {}
    for count in service.store.counts(since, until):
        days.setdefault((count.day, count.sender), {})[count.activity] = count.times
    return {
        "from": shown(since),
        "to": shown(min(until - timedelta(microseconds=1), now)),
        "counts": [_count(day, sender, times) for (day, sender), times in days.items()],
    }


def _period(query: ActivityQuery, now: datetime) -> tuple[datetime, datetime]:
    """The midnights between which it is. Raises BadRequest for too many days."""
    first = query.first or now.date() - timedelta(days=query.days - 1)
    last = min(query.last or now.date(), now.date())
    if first > last:
        raise BadRequest("from: is in the future")
    if (last - first).days >= MOST_DAYS:
        raise BadRequest(f"from: at most {MOST_DAYS} days at once; say an earlier to")
    since, until = (datetime.combine(day, time(), UTC) for day in (first, last + timedelta(days=1)))
    return since, until


def journal(request: Request, service: Service) -> Journal:
    """What happened last, to everybody, newest first; without what was imported."""
    query = parse_query(PageQuery, request)
    page = service.store.journal(query.limit, decode_cursor(query.cursor))
    return {"items": list(map(journal_item, page.items)), "cursor": encode_cursor(page.after)}


def search_journal(request: Request, service: Service) -> Journal:
    """What happened to everybody and is looked for, newest first; without what was imported.

    A page may be shorter than the limit, and even empty, where much was looked at in vain; there is
    more until the cursor is null.
    """
    body = parse_body(JournalSearch, request)
    page = service.store.journal(body.limit, decode_cursor(body.cursor), _search(body, service))
    return {"items": list(map(journal_item, page.items)), "cursor": encode_cursor(page.after)}


def _search(body: JournalSearch, service: Service) -> Search:
    sender = body.sender and find_sender(service.directory, body.sender, allow_unconfigured=True)
    return Search(
        since=body.since,
        until=body.until,
        sender=sender.id if sender else None,
        list=body.list,
        kind=body.kind,
        activity=body.activity,
        actor=body.actor,
        text=body.text,
    )


def _count(day: date, sender: str | None, times: dict[enums.Activity, int]) -> Count:
    return {
        "day": day.isoformat(),
        "sender": sender,
        "opted_out": times.get(enums.Activity.OPTED_OUT, 0),
        "opted_in": times.get(enums.Activity.OPTED_IN, 0),
        "help": times.get(enums.Activity.HELP, 0),
    }

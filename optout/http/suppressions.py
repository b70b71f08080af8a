"""Check, look up and list."""

from collections.abc import Iterator, Sequence
from itertools import starmap
from typing import Annotated, Any, Literal

from pydantic import Field

from optout.domain.enums import ConsentState
from optout.http.exchange import (
    Body,
    Request,
    decode_cursor,
    encode_cursor,
    parse_body,
    parse_query,
    validate_as,
)
from optout.http.values import (
    AllowUnconfigured,
    Cursor,
    Limit,
    ListName,
    NextCursor,
    Number,
    SenderName,
)
from optout.operations.check import Checked as Found
from optout.operations.check import CheckResult, Reach
from optout.operations.documents import ListItem, Recipient, State, list_item, state
from optout.operations.listing import list_out
from optout.operations.naming import find_scope, find_sender
from optout.operations.shapes import Shape
from optout.service import Service

CHECK_LIMIT = 10_000


class CheckRequest(Body):
    """May these be texted from this sender?"""

    sender: SenderName
    recipients: list[Any] = Field(
        min_length=1,
        max_length=CHECK_LIMIT,
        description="Numbers as people write them; an entry that is not certainly a number is answered "
        "with an error in its place.",
    )
    only: Literal["suppressed"] | None = Field(
        None, description="suppressed leaves out those who may be texted."
    )
    allow_unconfigured: AllowUnconfigured = False


class LookUpPath(Body):
    """Whom to look up, and for which sender."""

    sender: SenderName
    recipient: Number


class LookUpQuery(Body):
    """Of which senders."""

    allow_unconfigured: AllowUnconfigured = False


class ListQuery(Body):
    """Who is on a list?"""

    list: ListName | None = None
    sender: str | None = Field(None, description="One of our senders.")
    everything: bool = False
    allow_unconfigured: AllowUnconfigured = False
    limit: Limit = 100
    cursor: Cursor = None


class PersonState(Recipient, State):
    """Whether one person may be texted."""


class Place(Shape):
    """Which entry of the request it is about."""

    index: Annotated[int, Field(ge=0, description="of the recipient in the request, from 0")]


class Result(Place, PersonState):
    """Whether one person may be texted, and whether the sender reaches them."""

    state: Annotated[
        ConsentState | None,
        Field(
            description="in: an opt-in is on record; none: nothing is on record; null: not suppressed, "
            "and of so many at once no more was looked up"
        ),
    ]
    reachable: Annotated[
        bool, Field(description="false: the number is of a country that the sender does not reach")
    ]


class NotANumber(Place):
    """An entry that is not certainly a number counts as suppressed."""

    recipient: Annotated[Any, Field(description="as given")]
    suppressed: Annotated[bool, Field(description="always true: do not send")]
    error: str


class Checked(Shape):
    """An answer for each recipient, or for each who may not be texted."""

    sender: str
    list: str
    configured: Annotated[bool, Field(description="false: no program names this sender")]
    results: Sequence[Result | NotANumber]


class List(Shape):
    """A page of people, in the order of their numbers."""

    items: list[ListItem]
    cursor: NextCursor


CHECKS = {
    "two": {"sender": "12345", "recipients": ["+14255550123", "(425) 555-0124"]},
    "only": {"sender": "12345", "recipients": ["+14255550123"], "only": "suppressed"},
}
OUT = {
    "index": 0,
    "recipient": "+14255550123",
    "suppressed": True,
    "since": "2026-06-01T12:00:00.000000Z",
    "scope": "sender",
    "source": "message",
    "keyword": "STOP",
    "blocked_by": "service",
    "state": "out",
    "reachable": True,
}
FREE = {
    "index": 1,
    "recipient": "+14255550124",
    "suppressed": False,
    "since": None,
    "scope": None,
    "source": None,
    "keyword": None,
    "blocked_by": None,
    "state": "none",
    "reachable": True,
}
CHECKED = {"sender": "12345", "list": "contoso-alerts", "configured": True, "results": [OUT, FREE]}
LOOKED_UP = {**CHECKED, "results": [OUT]}
LISTED = {
    "items": [
        {
            "recipient": "+14255550123",
            "since": "2026-06-01T12:00:00.000000Z",
            "at": "2026-06-01T12:00:00.000000Z",
            "source": "message",
            "keyword": "STOP",
            "blocked_by": "service",
        }
    ],
    "cursor": None,
}


def check(request: Request, service: Service) -> Checked:
    """May these people be texted from this sender?

    1 to 10,000 recipients, answered in the order asked. Any answer other than 200 means: do not send.
    """
    return _check(service, parse_body(CheckRequest, request))


def look_up(request: Request, service: Service) -> Checked:
    """May this person be texted from this sender?

    For a person at a terminal: the number lands in access logs. Services use check.
    """
    query = parse_query(LookUpQuery, request)
    asked = {
        "sender": request.path["sender"],
        "recipients": [request.path["recipient"]],
        "allow_unconfigured": query.allow_unconfigured,
    }
    return _check(service, validate_as(CheckRequest, asked))


def list_suppressions(request: Request, service: Service) -> List:
    """Who is out of a list, a sender, or everything.

    Exactly one of list, sender and everything. A person can be off a list through everything, too: that
    is a list of its own.
    """
    query = parse_query(ListQuery, request)
    scope = find_scope(
        service.directory,
        query.sender,
        query.list,
        query.everything,
        allow_unconfigured=query.allow_unconfigured,
    )
    page = list_out(service.directory, service.store, scope, query.limit, decode_cursor(query.cursor))
    return {"items": list(starmap(list_item, page.items)), "cursor": encode_cursor(page.after)}


def _check(service: Service, asked: CheckRequest) -> Checked:
    directory = service.directory
    sender = find_sender(directory, asked.sender, allow_unconfigured=asked.allow_unconfigured)
    found = service.checks.check(sender, asked.recipients, directory.countries_meant([sender]))
    return {
        "sender": sender.name,
        "list": sender.list,
        "configured": sender.configured,
        "results": list(_results(found, Reach(sender), everybody=asked.only is None)),
    }


def _results(found: Found, reach: Reach, *, everybody: bool) -> Iterator[Result | NotANumber]:
    """A result for each entry, or for each who may not be texted.

    Of most people nothing is on record: what is the same for all of them is made once.
    """
    free = state(CheckResult("", suppressed=False))
    for index, entry in enumerate(found.asked):
        if not isinstance(entry, str):
            yield _not_a_number(index, entry)
        elif (result := found.on_record.get(entry)) is None:
            if everybody:
                yield {
                    "index": index,
                    "recipient": entry,
                    **free,
                    "state": found.others,
                    "reachable": reach.of(entry),
                }
        elif everybody or result.suppressed:
            yield _result(index, result, reach)


def person_state(answer: CheckResult) -> PersonState:
    """The answer about one recipient, as every operation shows it."""
    return {"recipient": str(answer.recipient), **state(answer)}


def _result(index: int, answer: CheckResult, reach: Reach) -> Result:
    return {
        "index": index,
        **person_state(answer),
        "state": answer.state,
        "reachable": reach.of(str(answer.recipient)),
    }


def _not_a_number(index: int, answer: CheckResult) -> NotANumber:
    return {
        "index": index,
        "recipient": answer.recipient,
        "suppressed": True,
        "error": answer.error or "",
    }

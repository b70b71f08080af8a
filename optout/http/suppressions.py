"""Check, look up and list."""

from collections.abc import Sequence
from itertools import starmap
from typing import Annotated, Any

from pydantic import Field

from optout.http.exchange import Body, Request, decode_cursor, encode_cursor, parse_body, parse_query
from optout.http.values import Cursor, Limit, ListName, NextCursor, Number, SenderName
from optout.operations.check import CheckResult
from optout.operations.documents import ListItem, Recipient, Shape, State, list_item, state
from optout.operations.listing import list_out
from optout.operations.naming import find_scope, find_sender
from optout.service import Service

CHECK_LIMIT = 10_000


class CheckRequest(Body):
    """May these be texted from this sender?"""

    sender: SenderName
    recipients: list[Any] = Field(
        min_length=1,
        max_length=CHECK_LIMIT,
        description="Numbers in international form; any other entry is answered with an error in its "
        "place.",
    )


class LookUpPath(Body):
    """Whom to look up, and for which sender."""

    sender: SenderName
    recipient: Number


class ListQuery(Body):
    """Who is on a list?"""

    list: ListName | None = None
    sender: str | None = Field(None, description="One of our senders.")
    everything: bool = False
    limit: Limit = 100
    cursor: Cursor = None


class Result(Recipient, State):
    """Whether one person may be texted."""


class NotANumber(Shape):
    """An entry that is not a number counts as suppressed."""

    recipient: Annotated[Any, Field(description="as given")]
    suppressed: Annotated[bool, Field(description="always true: do not send")]
    error: str


class Checked(Shape):
    """An answer for each recipient."""

    sender: str
    list: str
    configured: Annotated[bool, Field(description="false: no program names this sender")]
    results: Sequence[Result | NotANumber]


class List(Shape):
    """A page of people, in the order of their numbers."""

    items: list[ListItem]
    cursor: NextCursor


CHECKS = {"two": {"sender": "12345", "recipients": ["+14255550123", "+14255550124"]}}
OUT = {
    "recipient": "+14255550123",
    "suppressed": True,
    "since": "2026-06-01T12:00:00.000000Z",
    "scope": "sender",
    "source": "message",
    "keyword": "STOP",
    "blocked_by": "service",
}
FREE = {
    "recipient": "+14255550124",
    "suppressed": False,
    "since": None,
    "scope": None,
    "source": None,
    "keyword": None,
    "blocked_by": None,
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
    body = parse_body(CheckRequest, request)
    return _check(service, body.sender, body.recipients)


def look_up(request: Request, service: Service) -> Checked:
    """May this person be texted from this sender?

    For a person at a terminal: the number lands in access logs. Services use check.
    """
    return _check(service, request.path["sender"], [request.path["recipient"]])


def list_suppressions(request: Request, service: Service) -> List:
    """Who is out of a list, a sender, or everything.

    Exactly one of list, sender and everything. A person can be off a list through everything, too: that
    is a list of its own.
    """
    query = parse_query(ListQuery, request)
    scope = find_scope(service.directory, query.sender, query.list, query.everything)
    page = list_out(service.directory, service.store, scope, query.limit, decode_cursor(query.cursor))
    return {"items": list(starmap(list_item, page.items)), "cursor": encode_cursor(page.after)}


def _check(service: Service, sender_name: str, recipients: list[Any]) -> Checked:
    sender = find_sender(service.directory, sender_name)
    answers = service.checks.check(sender, recipients)
    return {
        "sender": sender.name,
        "list": sender.list,
        "configured": sender.configured,
        "results": [_not_a_number(answer) if answer.error else result(answer) for answer in answers],
    }


def result(answer: CheckResult) -> Result:
    """The answer about one recipient, as every operation shows it."""
    return {"recipient": str(answer.recipient), **state(answer)}


def _not_a_number(answer: CheckResult) -> NotANumber:
    return {"recipient": answer.recipient, "suppressed": True, "error": answer.error or ""}

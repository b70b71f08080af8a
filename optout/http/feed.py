"""Everybody's standing, and whose has changed: for whoever keeps a copy."""

from typing import Annotated

from pydantic import Field

from optout.domain.enums import Party
from optout.domain.errors import BadRequest
from optout.http.exchange import Body, Request, decode_cursor, encode_cursor, parse_query
from optout.http.values import Limit
from optout.operations.feed import changes, not_a_place
from optout.operations.shapes import Shape
from optout.operations.standing import Standing
from optout.service import Service


class FeedQuery(Body):
    """From the beginning, or from where another page ended."""

    limit: Limit = 500
    since: Annotated[str | None, Field(max_length=1_000, description="`next` of the page before")] = (
        None
    )


class Changes(Shape):
    """Some people, each as they are now, in no particular order."""

    items: list[Standing]
    next: Annotated[
        str, Field(description="where to go on, now or whenever something may have changed")
    ]
    more: Annotated[bool, Field(description="whether there is more already")]


STANDING: Standing = {
    "recipient": "+14255550123",
    "version": 8_985_148_522_497,
    "lists": {
        "contoso-alerts": {
            "suppressed": True,
            "since": "2026-06-01T12:00:00.000000Z",
            "at": "2026-06-01T12:00:00.000000Z",
        }
    },
    "other_lists": {"suppressed": False, "since": None, "at": None},
    "senders": {
        "12345": {
            "suppressed": True,
            "since": "2026-06-01T12:00:00.000000Z",
            "at": "2026-06-01T12:00:00.000000Z",
            "blocked_by": Party.SERVICE,
        }
    },
}
CHANGES = {"items": [STANDING], "next": "MjA5Mnwx", "more": False}


def list_changes(request: Request, service: Service) -> Changes:
    """Everybody's standing, and from then on whose has changed.

    Without `since` it begins with everybody of whom anything is known. With the `next` of another
    page it goes on there: first with the rest, then with everybody whose standing has changed since,
    each as it is now. What was recorded before a `next` was given is never missed; some may come
    twice, and what comes twice has the same version. Keep of each person the document with the
    highest version, keep `next`, and ask again.

    410: the place does not exist any more, because the store was restored from a backup or is another
    one. Forget the copy, its versions included, and begin again without `since`.
    """
    asked = parse_query(FeedQuery, request)
    try:
        since = decode_cursor(asked.since)
    except BadRequest:
        raise not_a_place() from None
    page = changes(service.store, asked.limit, since)
    return {"items": list(page.items), "next": encode_cursor(page.next) or "", "more": page.more}

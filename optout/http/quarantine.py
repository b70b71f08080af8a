"""The events that could not be understood."""

from typing import Annotated

from pydantic import Field, WithJsonSchema

from optout.domain.errors import NotFound
from optout.domain.model import Quarantined
from optout.http.exchange import Body, Request, decode_cursor, encode_cursor, parse_body, parse_query
from optout.http.values import Id, NextCursor, PageQuery
from optout.operations.handle import Result
from optout.operations.shapes import Shape, Time, shown
from optout.service import Service


class ReplayRequest(Body):
    """Handle a quarantined event again."""

    id: Id


class HeldEvent(Shape):
    """An event that could not be understood."""

    id: str
    received_at: Time
    reason: str
    body: Annotated[str, Field(description="the event as it came")]


class Quarantine(Shape):
    """A page of events."""

    items: list[HeldEvent]
    cursor: NextCursor


class Replayed(Shape):
    """How it ended; handled and ignored leave quarantine."""

    id: str
    result: Annotated[str, WithJsonSchema({"type": "string", "enum": list(Result)})]
    reason: str | None


HELD_ID = "b7d55bf4-7057-5113-85c8-141871bf7635"
HELD_REASON = "data.from: field required"
HELD = {
    "items": [
        {
            "id": HELD_ID,
            "received_at": "2026-06-01T12:00:00.000000Z",
            "reason": HELD_REASON,
            "body": "{}",
        }
    ],
    "cursor": None,
}
REPLAYS = {"one": {"id": HELD_ID}}
REPLAYED = {"id": HELD_ID, "result": "quarantined", "reason": HELD_REASON}


def list_events(request: Request, service: Service) -> Quarantine:
    """The events that could not be understood, oldest first."""
    query = parse_query(PageQuery, request)
    page = service.store.list_quarantine(query.limit, decode_cursor(query.cursor))
    return {"items": [_held(event) for event in page.items], "cursor": encode_cursor(page.after)}


def replay(request: Request, service: Service) -> Replayed:
    """Handle an event in quarantine again."""
    body = parse_body(ReplayRequest, request)
    result = service.events.replay(body.id)
    if result is None:
        raise NotFound("no event with this id is in quarantine")
    held = service.store.find_quarantined(body.id)
    return {"id": body.id, "result": result, "reason": held.reason if held else None}


def _held(event: Quarantined) -> HeldEvent:
    return {
        "id": event.id,
        "received_at": shown(event.received_at),
        "reason": event.reason,
        "body": event.body,
    }

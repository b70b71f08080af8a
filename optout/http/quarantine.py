"""The events that could not be understood."""

from typing import Any

from optout.domain.errors import NotFound
from optout.domain.model import Quarantined
from optout.http.exchange import Body, Request, decoded, encoded, parsed, queried
from optout.http.values import Id, PageQuery, shown
from optout.service import Service


class ReplayBody(Body):
    """Handle a quarantined event again."""

    id: Id


def listed(request: Request, service: Service) -> Any:
    """GET /api/quarantine"""
    query = queried(PageQuery, request)
    page = service.store.list_quarantine(query.limit, decoded(query.cursor))
    return {"items": [_held(event) for event in page.items], "cursor": encoded(page.after)}


def replay(request: Request, service: Service) -> Any:
    """POST /api/quarantine/replay"""
    body = parsed(ReplayBody, request)
    result = service.events.replay(body.id)
    if result is None:
        raise NotFound("no event with this id is in quarantine")
    held = service.store.find_quarantined(body.id)
    return {"id": body.id, "result": result, "reason": held.reason if held else None}


def _held(event: Quarantined) -> dict[str, Any]:
    return {
        "id": event.id,
        "received_at": shown(event.received_at),
        "reason": event.reason,
        "body": event.body,
    }

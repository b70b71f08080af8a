"""What happened to a number."""

from typing import Any

from optout.http.exchange import Body, Request, bad_cursor, decode_cursor, encode_cursor, parse_body
from optout.http.values import Cursor, Limit, NextCursor, Number
from optout.operations.documents import HistoryItem, JournalItem, history_item
from optout.operations.naming import read_recipient_to_show
from optout.operations.shapes import Shape
from optout.service import Service

# How many digits the largest number of a piece of evidence has in any store.
_NUMBER_DIGITS = 18


class HistoryRequest(Body):
    """What happened to this number?"""

    recipient: Number
    limit: Limit = 50
    cursor: Cursor = None


class History(Shape):
    """A page of evidence, and the number that it is about."""

    recipient: str
    items: list[HistoryItem]
    cursor: NextCursor


class Journal(Shape):
    """A page of evidence about anybody."""

    items: list[JournalItem]
    cursor: NextCursor


PAGES = {"first": {"recipient": "+14255550123", "limit": 50}}

STOPPED: dict[str, Any] = {
    "recipient": "+14255550123",
    "items": [
        {
            "id": "5b2c8a9e-6d53-5c54-9a1e-2f6f0a0f6a11",
            "kind": "message",
            "at": "2026-06-01T12:00:00.000000Z",
            "received_at": "2026-06-01T12:00:01.250000Z",
            "sender": "12345",
            "list": "contoso-alerts",
            "message_id": "Incoming_1",
            "text": "STOP",
            "intent": "stop",
            "certainty": "certain",
            "rule": "house:STOP",
            "language": "en",
            "matched": "STOP",
            "policy": None,
            "scopes": ["sender:12345", "list:contoso-alerts"],
            "effect": "opted_out",
            "flags": [],
            "reply": {
                "text": "Contoso Alerts: You opted out and will not receive any more messages.",
                "answered_by": "service",
                "status": "sent",
                "sent_at": "2026-06-01T12:00:01.600000Z",
                "message_id": "Outgoing_1",
                "error": None,
                "delivery": {
                    "delivered": True,
                    "at": "2026-06-01T12:00:03.000000Z",
                    "details": "No error.",
                },
            },
            "announcement": {
                "type": "optout.standing",
                "id": "0d3f4c58-2f5e-5f0e-8a43-8e9f3f1f2b10",
                "published_at": "2026-06-01T12:00:01.900000Z",
            },
            "actor": None,
            "reason": None,
            "about": None,
            "verdict": None,
            "principal": None,
        }
    ],
    "cursor": None,
}

# An example for operations about everybody: a probable request.
ASKED: dict[str, Any] = {
    "items": [
        {
            "recipient": "+14255550123",
            "id": "b7d55bf4-7057-5113-85c8-141871bf7635",
            "kind": "message",
            "at": "2026-06-01T12:00:00.000000Z",
            "received_at": "2026-06-01T12:00:01.000000Z",
            "sender": "12345",
            "list": "contoso-alerts",
            "message_id": "Incoming_1",
            "text": "please cancel",
            "intent": "stop",
            "certainty": "probable",
            "rule": "en:word",
            "language": "en",
            "matched": "cancel",
            "policy": "suppress",
            "scopes": ["sender:12345", "list:contoso-alerts"],
            "effect": "opted_out",
            "flags": ["probable"],
            "reply": {
                "text": None,
                "answered_by": "nobody",
                "status": "none",
                "sent_at": None,
                "message_id": None,
                "error": None,
                "delivery": None,
            },
            "announcement": None,
            "actor": None,
            "reason": None,
            "about": None,
            "verdict": None,
            "principal": None,
            "counts": None,
        }
    ],
    "cursor": None,
}


def history(request: Request, service: Service) -> History:
    """What happened to a number, newest first."""
    body = parse_body(HistoryRequest, request)
    below = decode_cursor(body.cursor)
    if below is not None and not (below.isdecimal() and len(below) <= _NUMBER_DIGITS):
        raise bad_cursor()
    recipient = read_recipient_to_show(body.recipient, service.directory.countries_meant())
    page = service.store.history(recipient, body.limit, int(below) if below is not None else None)
    return {
        "recipient": recipient,
        "items": [history_item(evidence) for evidence in page.items],
        "cursor": encode_cursor(None if page.below is None else str(page.below)),
    }

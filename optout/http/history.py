"""What happened to a number."""

from typing import Any

from pydantic import Field

from optout.azure.topic import event_type
from optout.domain.ids import announcement_id
from optout.domain.model import Evidence
from optout.http.exchange import Body, Request, bad_cursor, decoded, encoded, parsed
from optout.http.values import PAGE_LIMIT, shown
from optout.operations.naming import recipient_number
from optout.service import Service

# The largest number of a piece of evidence that any store can hold has this many digits.
_NUMBER_DIGITS = 18


class HistoryBody(Body):
    """What happened to this number?"""

    recipient: str
    limit: int = Field(50, ge=1, le=PAGE_LIMIT)
    cursor: str | None = None


def history(request: Request, service: Service) -> Any:
    """POST /api/suppressions/history"""
    body = parsed(HistoryBody, request)
    below = decoded(body.cursor)
    if below is not None and not (below.isdecimal() and len(below) <= _NUMBER_DIGITS):
        raise bad_cursor()
    page = service.store.history(
        recipient_number(body.recipient), body.limit, int(below) if below is not None else None
    )
    return {
        "items": [item(evidence) for evidence in page.items],
        "cursor": encoded(None if page.below is None else str(page.below)),
    }


def item(evidence: Evidence) -> dict[str, Any]:
    """A piece of evidence, as every answer shows it."""
    reply = evidence.reply
    return {
        "id": evidence.id,
        "kind": evidence.kind,
        "at": shown(evidence.at),
        "received_at": shown(evidence.received_at),
        "sender": evidence.sender,
        "list": evidence.list,
        "message_id": evidence.message_id,
        "text": evidence.text,
        "intent": evidence.intent,
        "certainty": evidence.certainty,
        "rule": evidence.rule,
        "language": evidence.language,
        "matched": evidence.matched,
        "policy": evidence.policy,
        "effect": evidence.effect,
        "flags": evidence.flags,
        "reply": reply
        and {
            "text": reply.text,
            "answered_by": reply.answered_by,
            "status": reply.status,
            "sent_at": shown(reply.sent_at),
            "message_id": reply.message_id,
            "error": reply.error,
            "delivery": reply.delivery
            and {
                "delivered": reply.delivery.delivered,
                "at": shown(reply.delivery.at),
                "details": reply.delivery.details,
            },
        },
        "announcement": _announcement(evidence),
        "actor": evidence.actor,
        "reason": evidence.reason,
        "about": evidence.about,
        "verdict": evidence.verdict,
        "principal": evidence.principal
        and {"id": evidence.principal.id, "name": evidence.principal.name},
    }


def item_of_anybody(evidence: Evidence) -> dict[str, Any]:
    """A piece of evidence where it does not go without saying whom it is about."""
    return {"recipient": evidence.recipient, **item(evidence)}


def _announcement(evidence: Evidence) -> dict[str, Any] | None:
    announcement = evidence.announcement
    if announcement is None:
        return None
    return {
        "type": event_type(evidence),
        "events": [
            {"id": announcement_id(evidence.id, scope), "scope": scope.kind}
            for scope in announcement.scopes
        ],
        "published_at": shown(announcement.published_at),
    }

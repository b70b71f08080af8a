"""The HTTP operations: what each takes, does and answers, as JSON.

The routes themselves are in function_app.py, what all operations share in http.py.
"""

import json
from datetime import datetime
from functools import lru_cache
from importlib import resources
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

from optout import __version__
from optout.announce import event_type
from optout.domain import (
    EVERYTHING,
    Evidence,
    Quarantined,
    Scope,
    ScopeKind,
    announcement_id,
    aware,
)
from optout.http import Body, Request, bad_cursor, decoded, encoded, parsed, queried
from optout.service import Service
from optout.store import codec
from optout.suppressions import Answer, BadRequest, Changed, NotFound, Target

CHECK_LIMIT = 10_000
PAGE_LIMIT = 1_000

# The largest number of a piece of evidence that any store can hold has this many digits.
_NUMBER_DIGITS = 18

_Said = Annotated[str, Field(min_length=1, max_length=500)]


def _time_from_text(value: object) -> object:
    """A time is text in JSON; a number would be taken for seconds since 1970."""
    if not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value.upper())
    except ValueError:
        raise ValueError("is no time; write it as 2026-01-31T09:00:00Z") from None
    return moment


def _in_utc(moment: datetime) -> datetime:
    try:
        return aware(moment)
    except OverflowError:
        raise ValueError("is no time that can be; correct the year") from None


_Moment = Annotated[AwareDatetime, BeforeValidator(_time_from_text), AfterValidator(_in_utc)]


class CheckBody(Body):
    """May these be texted from this sender?"""

    sender: str
    recipients: list[Any] = Field(min_length=1, max_length=CHECK_LIMIT)


class ChangeBody(Body):
    """Opt somebody out or in by hand."""

    sender: str | None = None
    list: str | None = None
    everything: bool = False
    recipient: str
    reason: _Said
    actor: _Said
    at: _Moment | None = None


class HistoryBody(Body):
    """What happened to this number?"""

    recipient: str
    limit: int = Field(50, ge=1, le=PAGE_LIMIT)
    cursor: str | None = None


class ListQuery(Body):
    """Who is on a list?"""

    list: str | None = None
    sender: str | None = None
    everything: bool = False
    limit: int = Field(100, ge=1, le=PAGE_LIMIT)
    cursor: str | None = None


class PageQuery(Body):
    """A page of something."""

    limit: int = Field(50, ge=1, le=PAGE_LIMIT)
    cursor: str | None = None


class ReplayBody(Body):
    """Handle a quarantined event again."""

    id: str


def check(request: Request, service: Service) -> Any:
    """POST /api/suppressions/check"""
    body = parsed(CheckBody, request)
    return _checked(service, body.sender, body.recipients)


def look_up(request: Request, service: Service) -> Any:
    """GET /api/suppressions/{sender}/{recipient}"""
    return _checked(service, request.path["sender"], [request.path["recipient"]])


def opt_out(request: Request, service: Service) -> Any:
    """POST /api/suppressions/opt-out"""
    return _changed(request, service, out=True)


def opt_in(request: Request, service: Service) -> Any:
    """POST /api/suppressions/opt-in"""
    return _changed(request, service, out=False)


def listed(request: Request, service: Service) -> Any:
    """GET /api/suppressions?list=…"""
    query = queried(ListQuery, request)
    if (query.list is not None) + (query.sender is not None) + query.everything != 1:
        raise BadRequest("add exactly one of ?list=, ?sender= and ?everything=true")
    if query.sender is not None:
        scope = Scope(ScopeKind.SENDER, service.suppressions.sender(query.sender).id)
    else:
        scope = Scope(ScopeKind.LIST, query.list) if query.list is not None else EVERYTHING
    page = service.suppressions.listed(scope, query.limit, decoded(query.cursor))
    return {
        "items": [
            {
                "recipient": recipient,
                "since": _time(consent.since),
                "source": consent.source,
                "keyword": consent.keyword,
                "blocked_by": consent.blocked_by,
            }
            for recipient, consent in page.items
        ],
        "cursor": encoded(page.after),
    }


def history(request: Request, service: Service) -> Any:
    """POST /api/suppressions/history"""
    body = parsed(HistoryBody, request)
    below = decoded(body.cursor)
    if below is not None and not (below.isdecimal() and len(below) <= _NUMBER_DIGITS):
        raise bad_cursor()
    page = service.suppressions.history(
        body.recipient, body.limit, int(below) if below is not None else None
    )
    return {
        "items": [_history_item(evidence) for evidence in page.items],
        "cursor": encoded(None if page.below is None else str(page.below)),
    }


def quarantine(request: Request, service: Service) -> Any:
    """GET /api/quarantine"""
    query = queried(PageQuery, request)
    page = service.store.held(query.limit, decoded(query.cursor))
    return {"items": [_held(event) for event in page.items], "cursor": encoded(page.after)}


def replay(request: Request, service: Service) -> Any:
    """POST /api/quarantine/replay"""
    body = parsed(ReplayBody, request)
    result = service.events.replay(body.id)
    if result is None:
        raise NotFound("no event with this id is in quarantine")
    held = service.store.held_one(body.id)
    return {"id": body.id, "result": result, "reason": held.reason if held else None}


def health(request: Request, service: Service) -> Any:
    """GET /api/health"""
    service.store.check()
    return {"status": "ok", "version": __version__}


def openapi(request: Request, service: Service) -> Any:
    """GET /api/openapi.json"""
    return _openapi()


@lru_cache(maxsize=1)
def _openapi() -> Any:
    return json.loads(resources.files("optout").joinpath("openapi.json").read_text("utf-8"))


def _checked(service: Service, sender_name: str, recipients: list[Any]) -> Any:
    sender = service.suppressions.sender(sender_name)
    answers = service.suppressions.check(sender, recipients)
    return {
        "sender": sender.name,
        "list": sender.list,
        "configured": sender.configured,
        "results": [_result(answer) for answer in answers],
    }


def _changed(request: Request, service: Service, *, out: bool) -> Any:
    body = parsed(ChangeBody, request)
    target = service.suppressions.target(body.sender, body.list, body.everything)
    changed = service.suppressions.change(
        target, body.recipient, out=out, actor=body.actor, reason=body.reason, at=body.at
    )
    return {**_about(target), **_result(changed.answer), **_outcome(changed, target)}


def _about(target: Target) -> dict[str, Any]:
    if target.sender:
        return {"sender": target.sender.name, "list": target.sender.list}
    return {"everything": True} if target.everything else {"list": target.list}


def _outcome(changed: Changed, target: Target) -> dict[str, Any]:
    """The effect, and what a person at a desk cannot do."""
    outcome: dict[str, Any] = {"effect": changed.effect}
    if target.sender and changed.blocks:
        outcome["remedy"] = changed.blocks[0].remedy
    elif changed.blocks:
        outcome["still_blocked"] = [
            {
                "sender": block.sender.name,
                "blocked_by": block.blocked_by,
                "remedy": block.remedy,
            }
            for block in changed.blocks
        ]
    return outcome


def _result(answer: Answer) -> dict[str, Any]:
    if answer.error:
        return {"recipient": answer.recipient, "suppressed": True, "error": answer.error}
    return {
        "recipient": answer.recipient,
        "suppressed": answer.suppressed,
        "since": _time(answer.since),
        "scope": answer.scope,
        "source": answer.source,
        "keyword": answer.keyword,
        "blocked_by": answer.blocked_by,
    }


def _history_item(evidence: Evidence) -> dict[str, Any]:
    reply = evidence.reply
    return {
        "id": evidence.id,
        "kind": evidence.kind,
        "at": _time(evidence.at),
        "received_at": _time(evidence.received_at),
        "sender": evidence.sender,
        "list": evidence.list,
        "message_id": evidence.message_id,
        "text": evidence.text,
        "intent": evidence.intent,
        "certainty": evidence.certainty,
        "rule": evidence.rule,
        "effect": evidence.effect,
        "flags": evidence.flags,
        "reply": reply
        and {
            "text": reply.text,
            "answered_by": reply.answered_by,
            "status": reply.status,
            "sent_at": _time(reply.sent_at),
            "message_id": reply.message_id,
            "error": reply.error,
            "delivery": reply.delivery
            and {
                "delivered": reply.delivery.delivered,
                "at": _time(reply.delivery.at),
                "details": reply.delivery.details,
            },
        },
        "announcement": _announcement(evidence),
        "actor": evidence.actor,
        "reason": evidence.reason,
    }


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
        "published_at": _time(announcement.published_at),
    }


def _held(event: Quarantined) -> dict[str, Any]:
    return {
        "id": event.id,
        "received_at": _time(event.received_at),
        "reason": event.reason,
        "body": event.body,
    }


def _time(moment: datetime | None) -> str | None:
    return codec.stamp(moment) if moment else None

"""Check, look up, opt out, opt in and list."""

from typing import Any

from pydantic import Field

from optout.decisions.target import Target
from optout.domain.model import Consent
from optout.http.exchange import Body, Request, decoded, encoded, parsed, principal, queried
from optout.http.values import PAGE_LIMIT, Moment, Said, shown
from optout.operations.changes import Changed
from optout.operations.check import CheckResult
from optout.operations.listing import list_out
from optout.operations.naming import find_scope, find_sender, find_target, recipient_number
from optout.operations.status import recipient_status
from optout.service import Service

CHECK_LIMIT = 10_000


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
    reason: Said
    actor: Said
    at: Moment | None = None


class StatusBody(Body):
    """Where does this person stand?"""

    recipient: str


class ListQuery(Body):
    """Who is on a list?"""

    list: str | None = None
    sender: str | None = None
    everything: bool = False
    limit: int = Field(100, ge=1, le=PAGE_LIMIT)
    cursor: str | None = None


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


def status(request: Request, service: Service) -> Any:
    """POST /api/suppressions/status"""
    recipient = recipient_number(parsed(StatusBody, request).recipient)
    return {
        "recipient": recipient,
        "lists": [
            {
                "list": each.list,
                **_standing(each.answer),
                "senders": [
                    {
                        "sender": sender.name,
                        "program": sender.program,
                        "configured": sender.configured,
                        **_standing(answer),
                    }
                    for sender, answer in each.senders
                ],
            }
            for each in recipient_status(recipient, service.directory, service.store)
        ],
    }


def listed(request: Request, service: Service) -> Any:
    """GET /api/suppressions?list=…"""
    query = queried(ListQuery, request)
    scope = find_scope(service.directory, query.sender, query.list, query.everything)
    page = list_out(service.directory, service.store, scope, query.limit, decoded(query.cursor))
    return {
        "items": [on_list(item) for item in page.items],
        "cursor": encoded(page.after),
    }


def on_list(item: tuple[str, Consent]) -> dict[str, Any]:
    """Somebody who is out: since when, and when the newest request to stop was."""
    recipient, consent = item
    return {
        "recipient": recipient,
        "since": shown(consent.since),
        "at": shown(consent.at),
        "source": consent.source,
        "keyword": consent.keyword,
        "blocked_by": consent.blocked_by,
    }


def _checked(service: Service, sender_name: str, recipients: list[Any]) -> Any:
    sender = find_sender(service.directory, sender_name)
    answers = service.checks.check(sender, recipients)
    return {
        "sender": sender.name,
        "list": sender.list,
        "configured": sender.configured,
        "results": [result(answer) for answer in answers],
    }


def _changed(request: Request, service: Service, *, out: bool) -> Any:
    body = parsed(ChangeBody, request)
    target = find_target(service.directory, body.sender, body.list, body.everything)
    changed = service.changes.record(
        target,
        body.recipient,
        out=out,
        actor=body.actor,
        reason=body.reason,
        at=body.at,
        principal=principal(request),
    )
    return {**about(target), **result(changed.answer), **_outcome(changed, target)}


def about(target: Target) -> dict[str, Any]:
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


def result(answer: CheckResult) -> dict[str, Any]:
    """The answer about one recipient, as every operation shows it."""
    if answer.error:
        return {"recipient": answer.recipient, "suppressed": True, "error": answer.error}
    return {"recipient": answer.recipient, **_standing(answer)}


def _standing(answer: CheckResult) -> dict[str, Any]:
    return {
        "suppressed": answer.suppressed,
        "since": shown(answer.since),
        "scope": answer.scope,
        "source": answer.source,
        "keyword": answer.keyword,
        "blocked_by": answer.blocked_by,
    }

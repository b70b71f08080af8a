"""Probable requests that a person should look at, and the verdicts on them."""

from typing import Any, Literal

from optout.domain.enums import ReviewVerdict
from optout.http import history
from optout.http.exchange import Body, Request, decoded, encoded, parsed, principal, queried
from optout.http.suppressions import result
from optout.http.values import Id, PageQuery, Said
from optout.operations.naming import find_sender
from optout.service import Service


class VerdictBody(Body):
    """What was it?"""

    id: Id
    verdict: Literal["confirm", "lift"]
    actor: Said
    reason: Said


def listed(request: Request, service: Service) -> Any:
    """GET /api/reviews"""
    query = queried(PageQuery, request)
    page = service.store.list_reviews(query.limit, decoded(query.cursor))
    return {"items": list(map(history.item_of_anybody, page.items)), "cursor": encoded(page.after)}


def judge(request: Request, service: Service) -> Any:
    """POST /api/reviews"""
    body = parsed(VerdictBody, request)
    given = service.reviews.judge(
        body.id, ReviewVerdict(body.verdict), body.actor, body.reason, principal(request)
    )
    sender = find_sender(service.directory, given.sender or "")
    (answer,) = service.checks.check(sender, [given.recipient])
    return {
        "id": given.about,
        "verdict": given.verdict,
        "sender": sender.name,
        "list": sender.list,
        **result(answer),
        "effect": given.effect,
    }

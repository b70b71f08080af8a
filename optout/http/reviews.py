"""Probable requests that a person should look at, and the verdicts on them."""

from typing import Annotated, Literal

from pydantic import Field

from optout.domain.enums import Effect, ReviewVerdict
from optout.http.changes import OPTED_IN
from optout.http.exchange import (
    Body,
    Request,
    decode_cursor,
    encode_cursor,
    parse_body,
    parse_query,
    principal,
)
from optout.http.history import ASKED
from optout.http.suppressions import PersonState, person_state
from optout.http.values import FreeText, Id, NextCursor, PageQuery
from optout.operations.documents import JournalItem, journal_item
from optout.operations.overdue import is_overdue
from optout.operations.shapes import Shape
from optout.service import Service


class VerdictRequest(Body):
    """What was it?"""

    id: Id
    verdict: Literal["confirm", "lift"]
    actor: FreeText
    reason: FreeText


class ReviewItem(JournalItem):
    """A probable request."""

    overdue: Annotated[bool, Field(description="it has waited for longer than OPTOUT_REVIEW_DAYS")]


class Waiting(Shape):
    """A page of probable requests, the oldest first."""

    items: list[ReviewItem]
    cursor: NextCursor


class Judged(PersonState):
    """Recorded. What now holds for the recipient and the sender of the request."""

    id: str
    verdict: ReviewVerdict
    sender: str
    list: str
    effect: Effect


REQUEST_ID = "b7d55bf4-7057-5113-85c8-141871bf7635"
VERDICTS = {
    "lift": {
        "id": REQUEST_ID,
        "verdict": "lift",
        "actor": "pat@contoso.example",
        "reason": "meant an appointment",
    }
}
WAITING = {"items": [{**ASKED["items"][0], "overdue": False}], "cursor": None}
JUDGED = {**OPTED_IN, "id": REQUEST_ID, "verdict": "lift"}


def list_reviews(request: Request, service: Service) -> Waiting:
    """Probable requests that nobody has judged yet, oldest first.

    A page may be shorter than the limit; there is more until the cursor is null.
    """
    query = parse_query(PageQuery, request)
    page = service.store.list_reviews(query.limit, decode_cursor(query.cursor))
    now, days = service.recorder.clock(), service.settings.review_days
    items: list[ReviewItem] = [
        {**journal_item(each), "overdue": is_overdue(each, now, days)} for each in page.items
    ]
    return {"items": items, "cursor": encode_cursor(page.after)}


def judge(request: Request, service: Service) -> Judged:
    """Say what a probable request was.

    confirm opts out at the request's time, lift takes back what rests on it alone.
    """
    body = parse_body(VerdictRequest, request)
    verdict = ReviewVerdict(body.verdict)
    given = service.reviews.judge(body.id, verdict, body.actor, body.reason, principal(request))
    sender = service.directory.sender(given.sender or "", given.recipient)
    answer = service.checks.answers(sender, [given.recipient])[given.recipient]
    return {
        "id": given.about or body.id,
        "verdict": given.verdict or verdict,
        "sender": sender.name,
        "list": sender.list,
        **person_state(answer),
        "effect": given.effect,
    }

"""Evidence, people on a list and where a person stands, as JSON: what HTTP answers and what the command
line writes."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import Field, WithJsonSchema

from optout.domain import model, numbers, readings
from optout.domain.enums import (
    Certainty,
    ConsentState,
    Effect,
    EvidenceKind,
    Intent,
    Party,
    ProbablePolicy,
    ReplyStatus,
    ReviewVerdict,
    ScopeKind,
)
from optout.operations import status as statuses
from optout.operations.check import CheckResult
from optout.operations.shapes import Blocker, Shape, Time, shown
from optout.operations.standing import IMPORTED, STANDING, Standing, announced_as, is_import


class State(Shape):
    """Whether somebody may be texted, and if not, why."""

    suppressed: Annotated[bool, Field(description="true: do not send")]
    since: Time | None
    scope: ScopeKind | None
    source: EvidenceKind | None
    keyword: str | None
    blocked_by: Blocker | None


class Delivery(Shape):
    """What ACS reported of a reply."""

    delivered: bool
    at: Time
    details: str | None


class Reply(Shape):
    """The answer to a message, and what became of it."""

    text: str | None
    answered_by: Party
    status: ReplyStatus
    sent_at: Time | None
    message_id: str | None
    error: str | None
    delivery: Delivery | None


class Announcement(Shape):
    """That others are told of a change: by which CloudEvent, and when. The id is null until then, and
    for what was announced before there were standings."""

    type: Annotated[str, WithJsonSchema({"type": "string", "enum": [STANDING, IMPORTED]})]
    id: str | None
    published_at: Time | None


class Principal(Shape):
    """Who made a change by hand or gave a verdict, as App Service Authentication verified it; null
    if that is not in front of the app."""

    id: str
    name: str | None


class HistoryItem(Shape):
    """A piece of evidence."""

    id: str
    kind: EvidenceKind
    at: Time
    received_at: Time
    sender: str | None
    list: str | None
    message_id: str | None
    text: str | None
    intent: Intent
    certainty: Certainty | None
    rule: str | None
    language: Annotated[str | None, Field(description="of the rule")]
    matched: Annotated[str | None, Field(description="the words of the text that the rule found")]
    policy: Annotated[
        ProbablePolicy | None, Field(description="the program's policy, for a probable request")
    ]
    scopes: Annotated[
        Sequence[str],
        Field(
            description="What it is about: sender:12345, list:contoso-alerts, everything. Empty where "
            "it changes nothing"
        ),
    ]
    effect: Effect
    flags: Annotated[
        Sequence[str],
        Field(
            description="What had to be assumed or is odd: no_time, event_time, future_time, probable, "
            "out_of_reach (the recipient's country is not one that the sender reaches), "
            "no_country_code (the number is none of any country), blocked"
        ),
    ]
    reply: Reply | None
    announcement: Announcement | None
    actor: str | None
    reason: str | None
    about: Annotated[str | None, Field(description="the id of the request that a verdict is about")]
    verdict: ReviewVerdict | None
    principal: Principal | None


class Recipient(Shape):
    """Whom an entry is about."""

    recipient: str


class JournalItem(HistoryItem):
    """A piece of evidence, and whom it is about. An import that opted people in has one of its own."""

    recipient: Annotated[str | None, Field(description="null: an import as a whole")]
    counts: Annotated[
        Mapping[str, int] | None,
        Field(description="of an import as a whole: how many rows had which effect"),
    ]


class ListItem(Recipient):
    """Somebody who is out: since when, and when the newest request to stop was."""

    since: Time
    at: Annotated[Time, Field(description="of the newest request to stop; UTC, RFC 3339")]
    source: EvidenceKind
    keyword: str | None
    blocked_by: Blocker


class KnownState(State):
    """The same, and what is on record about somebody who may be texted."""

    state: Annotated[
        ConsentState, Field(description="out; in: an opt-in is on record; none: nothing is")
    ]
    in_since: Annotated[Time | None, Field(description="the opt-in that stands; null unless in")]


class SenderStatus(KnownState):
    """Where a person stands with a sender."""

    sender: str
    program: Annotated[str | None, Field(description="null: no program names this sender")]
    configured: bool


class ListStatus(KnownState):
    """Where a person stands with a list and its senders."""

    list: str
    senders: Annotated[
        Sequence[SenderStatus],
        Field(description="Empty where the program file no longer has the list."),
    ]


class Status(Shape):
    """Every list, with its senders."""

    recipient: str
    spelled: Annotated[str, Field(description="the number as people read it: +1 425 555 0123")]
    country: Annotated[
        str | None, Field(description="the number's country; null where its digits show none")
    ]
    lists: list[ListStatus]
    standing: Standing


def state(answer: CheckResult) -> State:
    return {
        "suppressed": answer.suppressed,
        "since": shown(answer.since),
        "scope": answer.scope,
        "source": answer.source,
        "keyword": answer.keyword,
        "blocked_by": answer.blocked_by,
    }


def _known_state(answer: CheckResult) -> KnownState:
    return {
        **state(answer),
        "state": answer.state or ConsentState.NONE,
        "in_since": shown(answer.in_since),
    }


def status(recipient: str, standings: Sequence[statuses.ListStatus], standing: Standing) -> Status:
    """Where one person stands with every list and sender."""
    return {
        "recipient": recipient,
        "spelled": readings.spaced(recipient),
        "country": numbers.describe(recipient)[1],
        "lists": [_list_status(each) for each in standings],
        "standing": standing,
    }


def list_item(recipient: str, consent: model.Consent) -> ListItem:
    return {
        "recipient": recipient,
        "since": shown(consent.since),
        "at": shown(consent.at),
        "source": consent.source,
        "keyword": consent.keyword,
        "blocked_by": consent.blocked_by,
    }


def journal_item(evidence: model.Evidence) -> JournalItem:
    """A piece of evidence with its recipient, for documents about several people."""
    return {
        "recipient": None if evidence.recipient == model.NOBODY else evidence.recipient,
        **history_item(evidence),
        "counts": evidence.counts,
    }


def history_item(evidence: model.Evidence) -> HistoryItem:
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
        "scopes": [str(scope) for scope in evidence.scopes],
        "effect": evidence.effect,
        "flags": evidence.flags,
        "reply": _reply(evidence.reply) if evidence.reply else None,
        "announcement": _announcement(evidence),
        "actor": evidence.actor,
        "reason": evidence.reason,
        "about": evidence.about,
        "verdict": evidence.verdict,
        "principal": _principal(evidence.principal) if evidence.principal else None,
    }


def _list_status(standing: statuses.ListStatus) -> ListStatus:
    senders: list[SenderStatus] = [
        {
            "sender": sender.name,
            "program": sender.program,
            "configured": sender.configured,
            **_known_state(answer),
        }
        for sender, answer in standing.senders
    ]
    return {"list": standing.list, **_known_state(standing.answer), "senders": senders}


def _reply(reply: model.Reply) -> Reply:
    return {
        "text": reply.text,
        "answered_by": reply.answered_by,
        "status": reply.status,
        "sent_at": shown(reply.sent_at),
        "message_id": reply.message_id,
        "error": reply.error,
        "delivery": _delivery(reply.delivery) if reply.delivery else None,
    }


def _delivery(delivery: model.Delivery) -> Delivery:
    return {"delivered": delivery.delivered, "at": shown(delivery.at), "details": delivery.details}


def _principal(principal: model.Principal) -> Principal:
    return {"id": principal.id, "name": principal.name}


def _announcement(evidence: model.Evidence) -> Announcement | None:
    announcement = evidence.announcement
    if announcement is None:
        return None
    return {
        "type": IMPORTED if is_import(evidence) else STANDING,
        "id": announced_as(evidence),
        "published_at": shown(announcement.published_at),
    }

"""What one message does: to consents, and whether it is answered, by whom and with what.

Pure: no I/O and no clock; `now` is passed in. The numbers in the comments are the rules of
docs/rules.md. Nothing here may know how anything is stored or sent.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from optout import consent
from optout.domain import (
    EVERYTHING,
    Announcement,
    Certainty,
    Consent,
    Consents,
    Decision,
    Delivery,
    Effect,
    Evidence,
    EvidenceKind,
    Intent,
    Known,
    Match,
    Party,
    Reply,
    ReplyStatus,
    Scope,
    ScopeKind,
    aware,
    evidence_id,
    reply_send_id,
)
from optout.events import DeliveryReport, InboundSms
from optout.programs import Sender
from optout.rules import Keyword

# Rule 2: a clock may be wrong by this much before its time is not believed.
CLOCK_TOLERANCE = timedelta(minutes=5)
OPTED_OUT_RULE = "delivery_report:opted_out"
# Rule 5, from the FCC: a confirmation within five minutes is presumed to be covered by consent.
REPLY_LIFETIME = timedelta(minutes=5)
# Rule 6.
REPEAT_WINDOW = timedelta(minutes=5)
RECENT_WINDOW = timedelta(hours=1)
REPLIES_AN_HOUR = 6
# A pair with this many keyword messages within the hour is not answered; reading stops there.
RECENT_LIMIT = 20


@dataclass(frozen=True, slots=True)
class Timing:
    """When a message counts as sent, and what had to be assumed."""

    at: datetime
    flags: tuple[str, ...]


def timing(message: InboundSms, match: Match, now: datetime) -> Timing | None:
    """Rule 2: the time of a message, None where none is readable and it is no clear STOP."""
    now = aware(now)
    if message.at is None:
        is_clear_stop = match.intent.opts_out and match.certainty is Certainty.CERTAIN
        return Timing(now, ("no_time",)) if is_clear_stop else None
    if message.at > now + CLOCK_TOLERANCE:
        return Timing(now, (*message.flags, "future_time"))
    if match.intent is Intent.START:
        # Ahead of its time it would outdate a STOP that is sent before then.
        return Timing(min(message.at, now), message.flags)
    return Timing(message.at, message.flags)


def message_scopes(match: Match, sender: Sender) -> tuple[Scope, ...]:
    """Rule 1: the consents that a message speaks about."""
    if not match.intent.changes_consent:
        return ()
    own, list_scope, _ = consent.sender_scopes(sender.id, sender.list)
    if match.intent is Intent.STOP_ALL:
        return own, list_scope, EVERYTHING
    return own, list_scope


def is_late(evidence: Evidence, known: Known) -> bool:
    """Whether the timeline is needed: a newer consent stands in some scope."""
    return any(consent.comes_late(known.consents.get(scope), evidence) for scope in evidence.scopes)


def message_evidence(
    message: InboundSms, match: Match, when: Timing, sender: Sender, now: datetime
) -> Evidence:
    """The record of a message, before its effect and reply are decided."""
    keyword = sender.rules.keyword(match.keyword)
    return Evidence(
        id=evidence_id(EvidenceKind.MESSAGE, message.message_id, message.recipient),
        number=0,
        kind=EvidenceKind.MESSAGE,
        recipient=message.recipient,
        at=when.at,
        received_at=now,
        sender=sender.id,
        list=sender.list,
        scopes=message_scopes(match, sender),
        message_id=message.message_id,
        text=message.text,
        intent=match.intent,
        certainty=match.certainty,
        rule=match.rule,
        keyword=match.keyword,
        language=match.language,
        blocked_by=_blocker(keyword, sender),
        flags=(*when.flags, "probable") if match.certainty is Certainty.PROBABLE else when.flags,
    )


def report_evidence(report: DeliveryReport, sender: Sender, now: datetime) -> Evidence:
    """Rule 11: the record of a report that the recipient has opted out of a sender.

    It is about the time of the attempt that was blocked: a block that stood after an older START
    evidently remains. It is the carrier's or ACS's where they manage opt-out; elsewhere it can be
    lifted by hand, and if it remains the next report says so.
    """
    now = aware(now)
    at, flags = (report.at, report.flags) if report.at else (now, ("no_time",))
    if at > now + CLOCK_TOLERANCE:
        at, flags = now, (*flags, "future_time")
    return Evidence(
        id=evidence_id(EvidenceKind.DELIVERY_REPORT, report.message_id, report.recipient),
        number=0,
        kind=EvidenceKind.DELIVERY_REPORT,
        recipient=report.recipient,
        at=at,
        received_at=now,
        sender=sender.id,
        list=sender.list,
        scopes=consent.sender_scopes(sender.id, sender.list)[:1],
        message_id=report.message_id,
        intent=Intent.STOP,
        certainty=Certainty.CERTAIN,
        rule=OPTED_OUT_RULE,
        blocked_by=sender.managed_by if sender.managed_by.is_external else Party.SERVICE,
        flags=flags,
        reason=report.details,
    )


def delivered_reply(reply: Reply, report: DeliveryReport, now: datetime) -> Reply:
    """A reply of ours after its delivery report, which also ends any doubt that it was taken."""
    delivery = Delivery(report.delivered, report.at or aware(now), report.details)
    status = ReplyStatus.SENT if report.delivered else ReplyStatus.FAILED
    return replace(
        reply,
        status=status,
        sent_at=reply.sent_at or report.at,
        message_id=reply.message_id or report.message_id,
        error=None if report.delivered else report.details,
        in_doubt=False,
        delivery=delivery,
    )


def decide(
    evidence: Evidence, sender: Sender, known: Known, now: datetime, *, announce: bool
) -> Decision:
    """The whole decision about a message, given what is known about its recipient."""
    decision = apply(evidence, known, announce=announce)
    evidence, consents = decision.evidence, {**known.consents, **decision.consents}
    if evidence.intent is Intent.NONE:
        return decision
    reply = _reply(evidence, sender, consents, known.recent, aware(now))
    return Decision(replace(evidence, reply=reply), decision.consents)


def apply(evidence: Evidence, known: Known, *, announce: bool) -> Decision:
    """Rule 2: number the evidence, find its effect and the consents that change by it.

    With `announce`, the scopes in which a recipient went out or came in are to be announced.
    """
    received_at = aware(evidence.received_at)
    if known.last_received_at is not None:
        # Two processes' clocks differ; the order of writing is what the history shows.
        received_at = max(received_at, known.last_received_at + timedelta(microseconds=1))
    evidence = replace(evidence, number=known.last_number + 1, received_at=received_at)
    changed: dict[Scope, Consent] = {}
    effects: set[Effect] = set()
    for scope in evidence.scopes:
        before = known.consents.get(scope)
        if consent.comes_late(before, evidence):
            effects.add(Effect.OUTDATED)
            after = consent.rebuild((*known.timeline, evidence), scope)
        else:
            effects.add(_effect(before, evidence))
            after = consent.advance(before, evidence, scope)
        if after is not None and after != before:
            changed[scope] = after
    evidence = replace(evidence, effect=_strongest(effects))
    turned = tuple(scope for scope, after in changed.items() if _turned(known, scope, after))
    if announce and turned:
        evidence = replace(evidence, announcement=Announcement(turned))
    return Decision(evidence, changed)


def _turned(known: Known, scope: Scope, after: Consent) -> bool:
    before = known.consents.get(scope)
    return before is None or before.out != after.out


def _effect(before: Consent | None, evidence: Evidence) -> Effect:
    out = evidence.intent.opts_out
    if before is not None and before.out == out:
        return Effect.CONFIRMED
    return Effect.OPTED_OUT if out else Effect.OPTED_IN


def _strongest(effects: set[Effect]) -> Effect:
    for effect in (Effect.OPTED_OUT, Effect.OPTED_IN, Effect.CONFIRMED, Effect.OUTDATED):
        if effect in effects:
            return effect
    return Effect.NONE


def _blocker(keyword: Keyword | None, sender: Sender) -> Party:
    """Who blocks after this word; no carrier does where the service answers in its place."""
    if keyword is None or not keyword.intent.opts_out or sender.answers is Party.SERVICE:
        return Party.SERVICE
    return keyword.blocked_by


def _answer(evidence: Evidence, sender: Sender) -> tuple[Party, str | None]:
    """Who answers, with what text; a party without a text to give is nobody."""
    if evidence.certainty is Certainty.PROBABLE:
        # A confirmation would tell a person something that they may not have asked for.
        return Party.NOBODY, None
    keyword = sender.rules.keyword(evidence.keyword)
    party = keyword.answered_by if keyword else Party.SERVICE
    text = sender.reply(evidence.intent, evidence.language)
    if keyword is not None and keyword.reply is not None:
        text = keyword.reply
        party = sender.answers or party
    if party is Party.SERVICE and (text is None or sender.answers is Party.NOBODY):
        party = Party.NOBODY
    return party, None if party is Party.NOBODY else text


def _reply(
    evidence: Evidence,
    sender: Sender,
    consents: Consents,
    recent: tuple[Evidence, ...],
    now: datetime,
) -> Reply:
    """Rules 5, 6 and 7: the one answer, and why there is none where there is none."""
    party, text = _answer(evidence, sender)
    settled = {
        Party.NOBODY: ReplyStatus.NONE,
        Party.CARRIER: ReplyStatus.BY_CARRIER,
        Party.PLATFORM: ReplyStatus.BY_PLATFORM,
    }.get(party)
    if settled is not None:
        return Reply(party, settled, text)
    expires_at = min(evidence.at, now) + REPLY_LIFETIME
    status = _not_due(evidence, consents, expires_at, now)
    if status is None and _is_loop(evidence, recent):
        status = ReplyStatus.GUARDED
    if status is not None:
        return Reply(party, status, text, expires_at=expires_at)
    return Reply(
        party,
        ReplyStatus.PENDING,
        text,
        send_id=reply_send_id(evidence.id),
        first_attempt_at=now,
        expires_at=expires_at,
        in_doubt=True,
    )


def still_due(evidence: Evidence, consents: Consents, now: datetime) -> ReplyStatus | None:
    """Rule 5, asked again before a pending reply is resent: None if it is still due, else what
    becomes of it. `consents` are those of the sender, its list and everything."""
    reply = evidence.reply
    if reply is None or reply.expires_at is None:
        raise ValueError("this evidence has no reply to send")
    status = _not_due(evidence, consents, reply.expires_at, aware(now))
    if status is not None and reply.in_doubt:
        # An attempt was made and nobody knows whether it was taken.
        return ReplyStatus.UNKNOWN
    return status


def beside_another(reply: Reply, stored: Reply) -> Reply:
    """What became of a reply, where another delivery has set out to send it meanwhile: that it was
    taken or refused is certain, that it was not sent is not."""
    if reply.status not in (ReplyStatus.SENT, ReplyStatus.PRINTED, ReplyStatus.FAILED):
        reply = replace(reply, status=ReplyStatus.UNKNOWN, in_doubt=True)
    return replace(reply, resend=stored.resend)


def _not_due(
    evidence: Evidence, consents: Consents, expires_at: datetime, now: datetime
) -> ReplyStatus | None:
    if not _stands(evidence, consents):
        return ReplyStatus.SUPERSEDED
    if _is_blocked(evidence, consents):
        return ReplyStatus.BLOCKED
    if now >= expires_at:
        return ReplyStatus.EXPIRED
    return None


def _stands(evidence: Evidence, consents: Consents) -> bool:
    """Whether what the reply would say is true: the change was applied and no newer one stands."""
    if not evidence.intent.changes_consent:
        return True
    scopes = (*evidence.scopes[:2], EVERYTHING)
    newest = consents.get(evidence.scopes[0])
    if evidence.effect is Effect.OUTDATED or newest is None:
        return False
    suppressed = consent.verdict(consents, scopes).suppressed
    return (
        newest.out == evidence.intent.opts_out == suppressed
        and newest.since <= evidence.at <= newest.at
    )


def _is_blocked(evidence: Evidence, consents: Consents) -> bool:
    """Whether a carrier or ACS would stop our reply to this person."""
    own = consents.get(Scope(ScopeKind.SENDER, evidence.sender or ""))
    return own is not None and own.out and own.blocked_by.is_external


def _is_loop(evidence: Evidence, recent: Iterable[Evidence]) -> bool:
    """Rule 6: the same request again without a change between, or too many answers an hour."""
    messages = list(recent)
    answered = [
        item for item in messages if item.reply is not None and item.reply.status.may_have_been_sent
    ]
    if len(messages) >= RECENT_LIMIT or len(answered) >= REPLIES_AN_HOUR:
        return True
    if evidence.effect.is_change:
        return False
    for item in messages:
        if evidence.received_at - item.received_at > REPEAT_WINDOW:
            return False
        if item.intent is evidence.intent and item in answered:
            return True
        if item.effect.is_change:
            return False
    return False

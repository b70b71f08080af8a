"""The record of what happened, before anything is decided about it: a message, a delivery report, a
verdict. The numbers in the comments are the rules of docs/rules.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from optout.decisions import consent
from optout.domain import numbers
from optout.domain.enums import Certainty, EvidenceKind, Intent, Party, ProbablePolicy, ReviewVerdict
from optout.domain.ids import evidence_id, verdict_id
from optout.domain.inbound import DeliveryReport, InboundSms
from optout.domain.model import EVERYTHING, Evidence, Match, Scope
from optout.domain.times import aware
from optout.language.rules import Keyword
from optout.programs.directory import Sender

# Rule 2: a clock may be wrong by this much before its time is not believed.
CLOCK_TOLERANCE = timedelta(minutes=5)
OPTED_OUT_RULE = "delivery_report:opted_out"


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
    """Rule 1: the consents that a message speaks about; a probable request may have none."""
    if not match.intent.changes_consent:
        return ()
    if policy(match, sender) in (ProbablePolicy.REVIEW, ProbablePolicy.IGNORE):
        return ()
    return requested_scopes(match.intent, sender)


def policy(match: Match, sender: Sender) -> ProbablePolicy | None:
    """The policy that a match comes under, None for one that is certain."""
    is_probable = match.intent.opts_out and match.certainty is Certainty.PROBABLE
    return sender.probable if is_probable else None


def requested_scopes(intent: Intent, sender: Sender) -> tuple[Scope, ...]:
    """The consents that an opt-out or opt-in to a sender speaks about."""
    own, list_scope, _ = consent.sender_scopes(sender.id, sender.list)
    if intent is Intent.STOP_ALL:
        return own, list_scope, EVERYTHING
    return own, list_scope


def message_evidence(
    message: InboundSms, match: Match, sender: Sender, now: datetime
) -> Evidence | None:
    """The record of a message; None where it has no time and is no clear STOP."""
    when = timing(message, match, now)
    if when is None:
        return None
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
        matched=match.matched,
        policy=policy(match, sender),
        blocked_by=_blocker(keyword, sender),
        flags=(*when.flags, *_flags(message, match, sender)),
    )


def _flags(message: InboundSms, match: Match, sender: Sender) -> Iterator[str]:
    """What a person who reads the record should know about the message."""
    if match.certainty is Certainty.PROBABLE:
        yield "probable"
    possible, reach = numbers.possible_countries(message.recipient), sender.reach
    if reach and possible and possible.isdisjoint(reach):
        # No carrier should have delivered it; the request counts all the same.
        yield "out_of_reach"
    if message.recipient.startswith("+") and not numbers.is_plausible(message.recipient):
        # As of a number that lacks its country code; nobody can say which it would be.
        yield "no_country_code"


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


def verdict_evidence(
    judged: Evidence, verdict: ReviewVerdict, sender: Sender, actor: str, reason: str, now: datetime
) -> Evidence:
    """The record of a verdict on a probable request, at the time of that request.

    To confirm is to opt out by it; what the person has asked since then stands. What a verdict lifts is
    found by `lifted`.
    """
    confirms = verdict is ReviewVerdict.CONFIRM
    return Evidence(
        id=verdict_id(judged.id, judged.recipient),
        number=0,
        kind=EvidenceKind.MANUAL,
        recipient=judged.recipient,
        at=judged.at,
        received_at=aware(now),
        sender=judged.sender,
        list=judged.list,
        scopes=requested_scopes(judged.intent, sender) if confirms else (),
        intent=judged.intent if confirms else Intent.START,
        certainty=Certainty.CERTAIN,
        actor=actor,
        reason=reason,
        about=judged.id,
        verdict=verdict,
    )


def _blocker(keyword: Keyword | None, sender: Sender) -> Party:
    """Who blocks after this word; no carrier does where the service answers in its place."""
    if keyword is None or not keyword.intent.opts_out or sender.answers is Party.SERVICE:
        return Party.SERVICE
    return keyword.blocked_by

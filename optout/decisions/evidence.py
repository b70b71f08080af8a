"""The record of what happened, before anything is decided about it: a message, a delivery report, a
verdict. The numbers in the comments are the rules of docs/rules.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from optout.decisions import consent
from optout.domain import numbers
from optout.domain.enums import (
    Certainty,
    EvidenceKind,
    Intent,
    Party,
    ProbablePolicy,
    ReviewVerdict,
    ScopeKind,
)
from optout.domain.ids import evidence_id, verdict_id
from optout.domain.inbound import DeliveryReport, InboundSms
from optout.domain.model import EVERYTHING, Evidence, Match, Scope
from optout.domain.text import is_bare_word
from optout.domain.times import aware
from optout.language.rules import Keyword
from optout.programs.directory import Sender

# Rule 2: how far ahead a clock may be and still be believed.
CLOCK_TOLERANCE = timedelta(minutes=5)
# What flags a time that is not the message's or the report's own.
NO_TIME, FUTURE_TIME = "no_time", "future_time"
UNBELIEVED = frozenset((NO_TIME, FUTURE_TIME))
OPTED_OUT_RULE = "delivery_report:opted_out"
BY_SERVICE_RULE = "delivery_report:by_service"


@dataclass(frozen=True, slots=True)
class Timing:
    """When a message counts as sent, and what had to be assumed."""

    at: datetime
    flags: tuple[str, ...]


def timing(message: InboundSms, match: Match, now: datetime) -> Timing | None:
    """Rule 2: the time of a message; None if it cannot be read and it is not a clear STOP."""
    now = aware(now)
    if message.at is None:
        is_clear_stop = match.intent.opts_out and match.certainty is Certainty.CERTAIN
        return Timing(now, (NO_TIME,)) if is_clear_stop else None
    if message.at > now + CLOCK_TOLERANCE:
        return Timing(now, (*message.flags, FUTURE_TIME))
    if match.intent is Intent.START:
        # With a time in the future it would outdate a STOP that is sent before then.
        return Timing(min(message.at, now), message.flags)
    return Timing(message.at, message.flags)


def message_scopes(match: Match, sender: Sender, at: datetime) -> tuple[Scope, ...]:
    """Rule 1: the consents that a message of a time speaks about; a probable request may have none, and
    a word that a program adds may be about a list alone."""
    if not match.intent.changes_consent:
        return ()
    if policy(match, sender) in (ProbablePolicy.REVIEW, ProbablePolicy.IGNORE):
        return ()
    keyword = sender.rules.keyword(match.keyword)
    if keyword is None or keyword.list is None:
        return requested_scopes(match.intent, sender, at)
    scopes = (Scope(ScopeKind.LIST, keyword.list),)
    return reaching(scopes, sender, at) if match.intent.opts_out else scopes


def policy(match: Match, sender: Sender) -> ProbablePolicy | None:
    """The policy that applies to a match, None for one that is certain."""
    if not match.intent.opts_out or match.certainty is not Certainty.PROBABLE:
        return None
    return sender.unsure if match.unsure else sender.probable


def requested_scopes(intent: Intent, sender: Sender, at: datetime) -> tuple[Scope, ...]:
    """The consents that an opt-out or opt-in to a sender speaks about, by its time."""
    scopes = consent.word_scopes(sender)
    if intent is Intent.STOP_ALL:
        return *scopes, EVERYTHING
    return reaching(scopes, sender, at) if intent.opts_out else scopes


def reaching(scopes: tuple[Scope, ...], sender: Sender, at: datetime) -> tuple[Scope, ...]:
    """The consents that an opt-out speaks about, and everything if its program's opt-outs reach so far
    at its time."""
    if EVERYTHING in scopes or not sender.ends_everything(at):
        return scopes
    return *scopes, EVERYTHING


def message_evidence(
    message: InboundSms, match: Match, sender: Sender, now: datetime
) -> Evidence | None:
    """The record of a message; None if it has no time and is not a clear STOP."""
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
        list=(keyword.list if keyword else None) or sender.list,
        scopes=message_scopes(match, sender, when.at),
        message_id=message.message_id,
        text=message.text,
        intent=match.intent,
        certainty=match.certainty,
        rule=match.rule,
        keyword=match.keyword,
        language=match.language,
        matched=match.matched,
        policy=policy(match, sender),
        blocked_by=_blocker(message, keyword, sender),
        flags=(*when.flags, *_flags(message, match, sender)),
    )


def as_another(evidence: Evidence) -> Evidence:
    """Rule 3: a message that comes under the id of another one, as a message of its own: its id is
    derived from its sender and text, too."""
    name = f"{evidence.message_id}\n{evidence.sender}\n{evidence.text}"
    return replace(
        evidence,
        id=evidence_id(EvidenceKind.MESSAGE, name, evidence.recipient),
        flags=(*evidence.flags, "message_id_again"),
    )


def says_the_same(evidence: Evidence, recorded: Evidence) -> bool:
    """Rule 3: whether a message is the one that is recorded under its id. One whose text is forgotten
    counts as the same, unless the new one opts out."""
    if evidence.sender != recorded.sender:
        return False
    if recorded.text is None:
        return not evidence.intent.opts_out
    return evidence.text == recorded.text


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

    Its time is that of the attempt that was blocked: a block that was there after an older START
    evidently remains. It is the carrier's or ACS's if they manage opt-out; otherwise it can be
    lifted by hand, and if it remains the next report says so.
    """
    now = aware(now)
    at, flags = (report.at, report.flags) if report.at else (now, (NO_TIME,))
    if at > now + CLOCK_TOLERANCE:
        at, flags = now, (*flags, FUTURE_TIME)
    return Evidence(
        id=evidence_id(EvidenceKind.DELIVERY_REPORT, report.message_id, report.recipient),
        number=0,
        kind=EvidenceKind.DELIVERY_REPORT,
        recipient=report.recipient,
        at=at,
        received_at=now,
        sender=sender.id,
        list=sender.list,
        scopes=consent.own_scopes(sender),
        message_id=report.message_id,
        intent=Intent.STOP,
        certainty=Certainty.CERTAIN,
        rule=OPTED_OUT_RULE,
        blocked_by=sender.managed_by if sender.managed_by.is_external else Party.SERVICE,
        flags=flags,
        reason=report.details,
    )


def service_report_evidence(report: DeliveryReport, sender: Sender, now: datetime) -> Evidence:
    """Rule 11: the record of what ACS said to a sending service, by that service's word.

    No message id is known: the report's own names what was said, so that the same is the same evidence.
    """
    return replace(report_evidence(report, sender, now), message_id=None, rule=BY_SERVICE_RULE)


def verdict_evidence(
    judged: Evidence, verdict: ReviewVerdict, sender: Sender, actor: str, reason: str, now: datetime
) -> Evidence:
    """The record of a verdict on a probable request, at the time of that request.

    To confirm is to opt out by it, of what it did and of all that such a request does by the program
    file of now; what the person has asked since then counts. What a verdict lifts is decided with it.
    """
    confirms = verdict is ReviewVerdict.CONFIRM
    meant = dict.fromkeys((*requested_scopes(judged.intent, sender, judged.at), *judged.scopes))
    return Evidence(
        id=verdict_id(judged.id, judged.recipient),
        number=0,
        kind=EvidenceKind.MANUAL,
        recipient=judged.recipient,
        at=judged.at,
        received_at=aware(now),
        sender=judged.sender,
        list=judged.list,
        scopes=tuple(meant) if confirms else (),
        intent=judged.intent if confirms else Intent.START,
        certainty=Certainty.CERTAIN,
        actor=actor,
        reason=reason,
        about=judged.id,
        verdict=verdict,
    )


def _blocker(message: InboundSms, keyword: Keyword | None, sender: Sender) -> Party:
    """Who blocks after this word; no carrier does where the service answers in its place, or, by rule
    15, where there is more than the word."""
    if keyword is None or not keyword.intent.opts_out:
        return Party.SERVICE
    if sender.answers is Party.SERVICE and keyword.reply is not None:
        return Party.SERVICE
    if not is_bare_word(message.text, keyword.word, may_close=True):
        return Party.SERVICE
    return keyword.blocked_by

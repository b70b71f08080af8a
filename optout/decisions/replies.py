"""Whether a message is answered, by whom and with what; whether that is still due; what became of it.

Pure: no I/O and no clock; `now` is passed in. The numbers in the comments are the rules of
docs/rules.md. Nothing here may know how anything is stored or sent.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from optout.decisions import consent
from optout.decisions.evidence import CLOCK_TOLERANCE
from optout.domain.enums import Effect, Intent, Party, ReplyStatus, ScopeKind
from optout.domain.ids import reply_send_id
from optout.domain.inbound import DeliveryReport
from optout.domain.model import (
    EVERYTHING,
    Consents,
    Delivery,
    Evidence,
    RecipientState,
    Reply,
    Scope,
)
from optout.domain.times import aware
from optout.programs.directory import Sender

# Rule 5, from the FCC: a confirmation within five minutes is presumed to be covered by consent.
REPLY_LIFETIME = timedelta(minutes=5)
# Rule 6.
REPEAT_WINDOW = timedelta(minutes=5)
RECENT_WINDOW = timedelta(hours=1)
REPLIES_AN_HOUR = 6
# A pair with this many keyword messages within the hour is not answered; reading stops there.
RECENT_LIMIT = 20


def reply_language(evidence: Evidence, sender: Sender, state: RecipientState) -> str | None:
    """The language to answer in: that of the word or, where there is none or it is the same in all of
    them, that of the person's last word that had one."""
    keyword = sender.rules.keyword(evidence.keyword)
    shows_it = evidence.intent is not Intent.NONE and (keyword is None or not keyword.international)
    if shows_it or len(sender.replies) < 2:
        return evidence.language
    words = [
        item
        for item in state.timeline()
        if item.language is not None and not _is_international(item, sender)
    ]
    last = max(words, key=lambda item: item.at, default=evidence)
    return last.language


def _is_international(evidence: Evidence, sender: Sender) -> bool:
    keyword = sender.rules.keyword(evidence.keyword)
    return keyword is not None and keyword.international


def answers_unknown(
    evidence: Evidence, sender: Sender, consents: Consents, recent: Iterable[Evidence]
) -> bool:
    """Whether a text that asks for nothing is answered: where carriers demand it, at most once an hour
    to a pair, and never to somebody who is out."""
    if evidence.intent is not Intent.NONE or not sender.rules.answers_unknown:
        return False
    if not _stands(evidence, sender, consents):
        return False
    # Only answered ones are among what is recent.
    return all(item.intent is not Intent.NONE for item in recent)


def reply_to(
    evidence: Evidence,
    sender: Sender,
    language: str | None,
    consents: Consents,
    recent: tuple[Evidence, ...],
    now: datetime,
    *,
    again: bool = False,
) -> Reply:
    """Rules 5, 6 and 7: the one answer, and why there is none where there is none. `again` says that
    the person was out before."""
    party, text = _answer(evidence, sender, language, again=again)
    settled = {
        Party.NOBODY: ReplyStatus.NONE,
        Party.CARRIER: ReplyStatus.BY_CARRIER,
        Party.PLATFORM: ReplyStatus.BY_PLATFORM,
    }.get(party)
    if settled is not None:
        return Reply(party, settled, text)
    expires_at = min(evidence.at, now) + REPLY_LIFETIME
    status = _not_due(evidence, sender, consents, expires_at, now)
    asks_again = again and evidence.intent.opts_out and sender.asks(text or "")
    if status is None and (asks_again or _is_loop(evidence, recent)):
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


def _answer(
    evidence: Evidence, sender: Sender, language: str | None, *, again: bool
) -> tuple[Party, str | None]:
    """Who answers, with what text; a party without a text to give is nobody."""
    if evidence.policy is not None and not (evidence.scopes and sender.answers_probable):
        # A confirmation would tell a person something that they may not have asked for.
        return Party.NOBODY, None
    keyword = sender.rules.keyword(evidence.keyword)
    is_foreign = keyword is not None and not keyword.of_program
    if is_foreign and sender.managed_by.is_external and not evidence.is_bare_keyword:
        # Rule 15: nobody else has understood it.
        keyword = None
    party = keyword.answered_by if keyword else Party.SERVICE
    text = sender.reply(evidence.intent, language, again=again)
    if text is None and evidence.intent is Intent.NONE:
        text = sender.reply(Intent.HELP, language)
    if keyword is not None and (keyword.reply is not None or keyword.may_be_answered):
        text = keyword.reply or text
        party = sender.answers or party
    if party is Party.SERVICE and (text is None or sender.answers is Party.NOBODY):
        party = Party.NOBODY
    return party, None if party is Party.NOBODY else text


def still_due(
    evidence: Evidence, sender: Sender, consents: Consents, now: datetime
) -> ReplyStatus | None:
    """Rule 5, checked again before a pending reply is resent: None if it is still due, else what
    becomes of it."""
    reply = evidence.reply
    if reply is None or reply.expires_at is None:
        raise ValueError("this evidence has no reply to send")
    status = _not_due(evidence, sender, consents, reply.expires_at, aware(now))
    if status is not None and reply.in_doubt:
        # An attempt was made, and nobody knows whether it was accepted.
        return ReplyStatus.UNKNOWN
    return status


def beside_another(reply: Reply, stored: Reply) -> Reply:
    """What became of a reply if another delivery has begun to send it meanwhile: that it was
    accepted or refused is certain; that it was not sent is not."""
    if reply.status not in (ReplyStatus.SENT, ReplyStatus.PRINTED, ReplyStatus.FAILED):
        reply = replace(reply, status=ReplyStatus.UNKNOWN, in_doubt=True)
    return replace(reply, resend=stored.resend)


def delivered_reply(reply: Reply, report: DeliveryReport, now: datetime) -> Reply:
    """A reply of ours after its delivery report, which also shows that it was accepted."""
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


def _not_due(
    evidence: Evidence, sender: Sender, consents: Consents, expires_at: datetime, now: datetime
) -> ReplyStatus | None:
    if evidence.effect is Effect.NONE and evidence.needs_no_block:
        return ReplyStatus.BLOCKED
    if not _stands(evidence, sender, consents):
        return ReplyStatus.SUPERSEDED
    if _is_blocked(evidence, consents):
        return ReplyStatus.BLOCKED
    if now >= expires_at:
        return ReplyStatus.EXPIRED
    return None


def _stands(evidence: Evidence, sender: Sender, consents: Consents) -> bool:
    """Whether what the reply would say is true: the change was applied and is still the newest."""
    suppressed = _is_suppressed(evidence, sender, consents)
    if evidence.intent is Intent.NONE:
        # Nobody asked for this answer: it is not for those who are out.
        return not suppressed
    if not evidence.intent.changes_consent:
        return True
    newest = consents.get(evidence.scopes[0])
    if evidence.effect is Effect.OUTDATED or newest is None:
        return False
    return (
        newest.out == evidence.intent.opts_out == suppressed
        and newest.since <= evidence.at <= newest.at
    )


def _is_suppressed(evidence: Evidence, sender: Sender, consents: Consents) -> bool:
    """Whether a recipient is out of what a reply is about: the sender, or the other list that a
    program's word is about."""
    is_own = any(scope.kind is ScopeKind.SENDER for scope in evidence.scopes)
    if is_own or not evidence.scopes or evidence.list == sender.list:
        return consent.suppression_from(consents, sender).suppressed
    other = (scope for scope in evidence.scopes if scope.kind is ScopeKind.LIST)
    formerly = consent.word_list_scopes(sender.rules.keyword(evidence.keyword))
    return consent.suppression(consents, (*other, *formerly, EVERYTHING)).suppressed


def _is_blocked(evidence: Evidence, consents: Consents) -> bool:
    """Whether a carrier or ACS would stop our reply to this person."""
    own = consents.get(Scope(ScopeKind.SENDER, evidence.sender or ""))
    return own is not None and own.out and own.blocked_by.is_external


def _is_loop(evidence: Evidence, recent: Iterable[Evidence]) -> bool:
    """Rule 6: the same request again without a change between, or too many answers an hour."""
    # What a clock wrote that was far ahead is not recent.
    messages = [item for item in recent if item.received_at <= evidence.received_at + CLOCK_TOLERANCE]
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

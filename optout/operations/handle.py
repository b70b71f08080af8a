"""The path of one event: gather, decide, apply; then the reply, and one log line.

Suppression first, reply second. Whatever fails halfway is finished by the redelivery, which finds
the record and does what is still pending. An exception tells Event Grid to deliver again.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import NAMESPACE_OID, uuid4, uuid5

from optout import log
from optout.azure import events
from optout.azure.sms import Outcome, ReplySender, Sending
from optout.azure.topic import Publisher
from optout.decisions import consent, decide, replies
from optout.domain.enums import Intent, ReplyStatus
from optout.domain.errors import Retryable
from optout.domain.inbound import DeliveryReport, InboundSms
from optout.domain.model import Consents, Decision, Evidence, Known, Match, Quarantined, Reply
from optout.language import classify
from optout.operations.recorder import Recorded, publish_pending, record
from optout.programs.directory import Directory, Sender
from optout.store.protocol import Store

# Rule 8: at most about five seconds in process, then Event Grid's turn.
RETRY_SECONDS = 5.0
RETRY_DELAYS = (0.25, 0.5, 1.0, 2.0)


# Marks our own replies among the delivery reports of all that is sent.
REPLY_TAG = "optout:"


class Result(StrEnum):
    """How an event ended."""

    HANDLED = "handled"
    IGNORED = "ignored"
    QUARANTINED = "quarantined"


class ReplyDelayed(Retryable):
    """The reply could not be sent yet and is still due."""


@dataclass(frozen=True)
class EventHandler:
    """Handles events with the parts it is given; safe to share between threads."""

    directory: Directory
    store: Store
    replies: ReplySender
    clock: Callable[[], datetime]
    publisher: Publisher | None = None
    expected_source: str | None = None
    on_change: Callable[[str], None] = lambda recipient: None
    sleep: Callable[[float], None] = time.sleep

    def handle(self, raw: str) -> Result:
        """One event as JSON text. Raises Retryable where it must be delivered again."""
        try:
            event = events.parse(raw, self.expected_source)
        except events.WrongSource as problem:
            if self._opts_out(problem.event):
                log.stop_not_recorded(None, problem)
            return self._quarantine(raw, str(problem))
        except events.Malformed as problem:
            return self._quarantine(raw, str(problem))
        if isinstance(event, events.Ignored):
            log.logger.info(log.line("ignored", type=event.event_type[:100]))
            return Result.IGNORED
        if isinstance(event, DeliveryReport):
            return self._report(event)
        return self._message(event, raw)

    def _opts_out(self, event: InboundSms | DeliveryReport) -> bool:
        if isinstance(event, DeliveryReport):
            return event.says_opted_out
        rules = self.directory.sender(event.sender).rules
        return classify.classify(event.text, rules).intent.opts_out

    def _message(self, message: InboundSms, raw: str) -> Result:
        sender = self.directory.sender(message.sender)
        match = classify.classify(message.text, sender.rules)
        when = decide.timing(message, match, self.clock())
        if when is None:
            return self._quarantine(raw, "no readable time: neither receivedTimestamp nor eventTime")
        if not sender.configured and match.intent is not Intent.NONE:
            log.logger.warning(log.line("unconfigured_sender", sender=sender.id))
        recorded = self._recorded(message, match, when, sender)
        evidence = self._finished(recorded, sender)
        log.logger.info(log.evidence_line("message" if recorded.is_new else "message_again", evidence))
        return Result.HANDLED

    def _recorded(
        self, message: InboundSms, match: Match, when: decide.Timing, sender: Sender
    ) -> Recorded:
        evidence = decide.message_evidence(message, match, when, sender, self.clock())

        def decision(known: Known) -> Decision:
            now = self.clock()
            return decide.decide(
                replace(evidence, received_at=now), sender, known, now, announce=self._announces
            )

        return self._record(evidence, sender, decision)

    def _report(self, report: DeliveryReport) -> Result:
        """Rule 11, and what became of our own replies; any other report changes nothing."""
        sender = self.directory.sender(report.sender)
        if report.is_unverified:
            log.logger.error(
                log.line(
                    "toll_free_not_verified",
                    sender=sender.id,
                    remedy="submit the toll-free verification form in the Azure portal; unverified "
                    "toll-free numbers have been blocked since 31 January 2024",
                )
            )
        if report.says_opted_out:
            self._block(report, sender)
        if report.tag.startswith(REPLY_TAG):
            self._complete(report, report.tag.removeprefix(REPLY_TAG))
        return Result.HANDLED

    def _block(self, report: DeliveryReport, sender: Sender) -> None:
        """Record that the recipient has opted out of the sender."""
        evidence = decide.report_evidence(report, sender, self.clock())
        recorded = self._record(
            evidence, sender, lambda known: decide.apply(evidence, known, announce=self._announces)
        )
        evidence = self._finished(recorded, sender)
        log.logger.info(log.evidence_line("delivery_report", evidence))

    def _complete(self, report: DeliveryReport, evidence_id: str) -> None:
        """Put a delivery report of our own reply beside that reply."""
        while evidence := self.store.find(report.recipient, evidence_id):
            reply = evidence.reply
            if reply is None or reply.delivery is not None:
                return
            completed = replies.delivered_reply(reply, report, self.clock())
            if self.store.settle(evidence, completed):
                log.logger.info(log.evidence_line("reply_report", replace(evidence, reply=completed)))
                return

    def _record(
        self, evidence: Evidence, sender: Sender, decision: Callable[[Known], Decision]
    ) -> Recorded:
        scopes = consent.sender_scopes(sender.id, sender.list)
        try:
            recorded = record(self.store, evidence, scopes, decision)
        except Exception as problem:
            if evidence.intent.opts_out:
                log.stop_not_recorded(evidence.id, problem)
            raise
        self.on_change(evidence.recipient)
        return recorded

    @property
    def _announces(self) -> bool:
        return self.publisher is not None

    def _finished(self, recorded: Recorded, sender: Sender) -> Evidence:
        """The reply and the announcement, whichever is still pending; neither waits for the other.

        Raises what kept one of them from being done, after both were tried.
        """
        try:
            evidence = self._answered(recorded, sender)
        except ReplyDelayed:
            publish_pending(self.store, self.publisher, recorded.evidence, self.clock())
            raise
        return publish_pending(self.store, self.publisher, evidence, self.clock())

    def _answered(self, recorded: Recorded, sender: Sender) -> Evidence:
        """Send the reply if one is pending, and settle what became of it.

        The first attempt follows the transaction that found the reply due; every later one asks
        again. Raises ReplyDelayed where the reply is still due after the attempts of this delivery.
        """
        evidence, consents = recorded.evidence, recorded.consents
        reply = evidence.reply
        if reply is None or reply.status is not ReplyStatus.PENDING:
            return evidence
        if recorded.is_new:
            reply = replace(reply, in_doubt=False)
        elif status := replies.still_due(evidence, consents, self.clock()):
            return self._settle(evidence, replace(reply, status=status))
        else:
            evidence, reply = self._resending(evidence, reply)
        started = self.clock()
        for delay in (*RETRY_DELAYS, RETRY_SECONDS):
            outcome = self.replies.send(sender.name, evidence.recipient, reply, REPLY_TAG + evidence.id)
            reply = _after(reply, outcome, self.clock())
            if reply.status is not ReplyStatus.PENDING:
                return self._settle(evidence, reply)
            wait = max(delay, outcome.retry_after or 0.0)
            if (self.clock() - started).total_seconds() + wait > RETRY_SECONDS:
                break
            self.sleep(wait)
            evidence = replace(evidence, reply=reply)
            if status := replies.still_due(evidence, self._consents(evidence), self.clock()):
                return self._settle(evidence, replace(reply, status=status))
        evidence = self._settle(evidence, reply)
        log.logger.warning(log.evidence_line("reply_delayed", evidence))
        raise ReplyDelayed(f"the reply to {evidence.id} is still due: {log.code(reply.error)}")

    def _consents(self, evidence: Evidence) -> Consents:
        scopes = consent.sender_scopes(evidence.sender or "", evidence.list or "")
        found = self.store.lookup([evidence.recipient], scopes)
        return found.get(evidence.recipient, {})

    def _resending(self, evidence: Evidence, reply: Reply) -> tuple[Evidence, Reply]:
        """Write down that one more delivery sets out to send the reply, and that it is in doubt until
        this delivery says otherwise. Raises ReplyDelayed where another one was faster."""
        marked = replace(reply, resend=uuid4().hex, in_doubt=True)
        if not self.store.settle(evidence, marked):
            raise ReplyDelayed(f"another delivery of {evidence.id} is sending its reply")
        return replace(evidence, reply=marked), replace(marked, in_doubt=reply.in_doubt)

    def _settle(self, evidence: Evidence, reply: Reply) -> Evidence:
        """Write down what became of the reply, unless another delivery has done so."""
        while not self.store.settle(evidence, reply):
            found = self.store.find(evidence.recipient, evidence.id)
            if found is None or found.reply is None or found.reply.status is not ReplyStatus.PENDING:
                break
            if reply.status is ReplyStatus.PENDING:
                break
            evidence, reply = found, replies.beside_another(reply, found.reply)
        evidence = replace(evidence, reply=reply)
        if reply.status is ReplyStatus.FAILED:
            log.logger.error(log.evidence_line("reply_failed", evidence))
        return evidence

    def _quarantine(self, raw: str, reason: str) -> Result:
        body = raw.encode("utf-8", "replace").decode()
        event = Quarantined(str(uuid5(NAMESPACE_OID, body)), self.clock(), reason, body)
        try:
            self.store.quarantine(event)
        except Exception as problem:
            # Nobody can say that it was no STOP.
            log.stop_not_recorded(event.id, problem)
            raise
        log.logger.error(log.line("quarantined", id=event.id, reason=reason))
        return Result.QUARANTINED

    def replay(self, event_id: str) -> Result | None:
        """Handle a quarantined event again, and release it if it is understood; None: not there."""
        held = self.store.held_one(event_id)
        if held is None:
            return None
        result = self.handle(held.body)
        if result is not Result.QUARANTINED:
            self.store.release(event_id)
        return result


def _after(reply: Reply, outcome: Outcome, now: datetime) -> Reply:
    """The reply after one attempt."""
    in_doubt = reply.in_doubt or outcome.in_doubt
    match outcome.sending:
        case Sending.TAKEN:
            return replace(
                reply,
                status=outcome.status or ReplyStatus.SENT,
                sent_at=now,
                message_id=outcome.message_id,
                in_doubt=False,
                error=None,
            )
        case Sending.REFUSED:
            return replace(reply, status=ReplyStatus.FAILED, error=outcome.error)
        case Sending.TOO_OLD:
            status = ReplyStatus.UNKNOWN if in_doubt else ReplyStatus.EXPIRED
            return replace(reply, status=status, error=outcome.error)
        case Sending.AGAIN:
            return replace(reply, in_doubt=in_doubt, error=outcome.error)

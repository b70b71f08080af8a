"""Sending the reply to a message, once: the states of a pending reply, and what became of it.

ACS takes the same repeatability id once. What one attempt finds out about the reply is written down,
and another, of the event's redelivery or from the queue, goes on from there.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from optout import log
from optout.azure.sms import Outcome, ReplySender, Sending
from optout.decisions import replies
from optout.domain.enums import ReplyStatus
from optout.domain.errors import StoreAway
from optout.domain.inbound import DeliveryReport
from optout.domain.model import Evidence, Recorded, Reply
from optout.domain.times import Clock
from optout.programs.directory import Sender
from optout.store.protocol import Store

# Marks our own replies among the delivery reports of all that is sent.
REPLY_TAG = "optout:"


@dataclass(frozen=True)
class ReplyDelivery:
    """Sends pending replies; safe to share between threads.

    `new_id` gives an id that nobody else has.
    """

    store: Store
    sms: ReplySender
    clock: Clock
    new_id: Callable[[], str]

    def send_pending(self, recorded: Recorded, sender: Sender) -> Evidence:
        """Try once to send the reply if one is pending, and write down what became of it; the evidence
        with that.

        It is recorded already: a store that goes away meanwhile fails nothing, and the evidence comes
        back as it was. The first attempt follows the transaction that found the reply due; every
        later one asks again. The reply is still pending where it is still due after this attempt, or
        where another delivery is sending it.
        """
        try:
            return self._send_pending(recorded, sender)
        except StoreAway as problem:
            log.warning("not_settled", recorded.evidence, problem=str(problem))
            return recorded.evidence

    def _send_pending(self, recorded: Recorded, sender: Sender) -> Evidence:
        evidence, reply = recorded.evidence, recorded.evidence.reply
        if reply is None or not evidence.is_reply_pending:
            return evidence
        if recorded.is_new:
            reply = replace(reply, in_doubt=False)
        elif status := replies.still_due(evidence, sender, recorded.consents, self.clock()):
            return self._settle(evidence, replace(reply, status=status))
        else:
            # One more delivery sets out to send it: in doubt until this one says otherwise.
            marked = replace(reply, resend=self.new_id(), in_doubt=True)
            if not self.store.settle_reply(evidence, marked):
                return evidence
            evidence, reply = replace(evidence, reply=marked), replace(marked, in_doubt=reply.in_doubt)
        return self._attempt(evidence, reply, sender)

    def note_report(self, report: DeliveryReport) -> None:
        """Record a delivery report with our reply that it is about; any other report is left alone."""
        if not report.tag.startswith(REPLY_TAG):
            return
        evidence_id = report.tag.removeprefix(REPLY_TAG)
        while evidence := self.store.find(report.recipient, evidence_id):
            reply = evidence.reply
            if reply is None or reply.delivery is not None:
                return
            completed = replies.delivered_reply(reply, report, self.clock())
            if self.store.settle_reply(evidence, completed):
                log.info("reply_report", replace(evidence, reply=completed))
                return

    def _attempt(self, evidence: Evidence, reply: Reply, sender: Sender) -> Evidence:
        """Send it once; it is accepted, refused, no longer due, or still pending."""
        outcome = self.sms.send(sender.name, evidence.recipient, reply, REPLY_TAG + evidence.id)
        evidence = self._settle(evidence, _after_attempt(reply, outcome, self.clock()))
        if evidence.is_reply_pending:
            log.warning("reply_delayed", evidence)
        return evidence

    def _settle(self, evidence: Evidence, reply: Reply) -> Evidence:
        """Write down what became of the reply, unless another delivery has done so."""
        while not self.store.settle_reply(evidence, reply):
            found = self.store.find(evidence.recipient, evidence.id)
            if found is None or found.reply is None or not found.is_reply_pending:
                break
            if reply.status is ReplyStatus.PENDING:
                break
            evidence, reply = found, replies.beside_another(reply, found.reply)
        evidence = replace(evidence, reply=reply)
        if reply.status is ReplyStatus.FAILED:
            log.error("reply_failed", evidence)
        return evidence


def _after_attempt(reply: Reply, outcome: Outcome, now: datetime) -> Reply:
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

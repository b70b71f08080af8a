"""The path of one event: parse it, find the sender, classify the text, record it, send the reply,
announce the change, log.

Suppression first, reply second. An event that is recorded is done: what its one attempt at the reply
and at the announcement leaves is handed over to a queue. An exception tells Event Grid to deliver
again, and a redelivery finds the record and does what is still pending.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from uuid import NAMESPACE_OID, uuid5

from optout import log
from optout.azure import events
from optout.decisions.decide import decide_message
from optout.decisions.evidence import (
    as_another,
    message_evidence,
    report_evidence,
    says_the_same,
)
from optout.domain.enums import Intent
from optout.domain.inbound import DeliveryReport, InboundSms
from optout.domain.model import Evidence, Quarantined, Recorded
from optout.language.classify import classify
from optout.operations.recorder import Recorder
from optout.operations.reply_delivery import ReplyDelivery
from optout.operations.reports import record_block
from optout.programs.directory import Directory, Sender


class Result(StrEnum):
    """How an event ended."""

    HANDLED = "handled"
    IGNORED = "ignored"
    QUARANTINED = "quarantined"


@dataclass(frozen=True)
class EventHandler:
    """Handles events with the parts it is given; safe to share between threads."""

    directory: Directory
    recorder: Recorder
    replies: ReplyDelivery
    expected_source: str | None = None
    # What is done once in a while, beside the events.
    beside: Sequence[Callable[[], None]] = ()

    def handle(self, raw: str) -> Result:
        """Handle one event, given as JSON text. Raises Retryable if it must be delivered again."""
        result = self._handle(raw)
        for work in self.beside:
            work()
        return result

    def _handle(self, raw: str) -> Result:
        try:
            event = events.parse(raw, self.expected_source)
        except events.WrongSource as problem:
            if self._opts_out(problem.event):
                log.stop_not_recorded(None, problem)
            return self._quarantine(raw, str(problem))
        except events.Malformed as problem:
            return self._quarantine(raw, str(problem))
        match event:
            case InboundSms():
                return self._handle_message(event, raw)
            case DeliveryReport():
                return self._handle_report(event)
            case events.Ignored():
                log.info("ignored", type=event.event_type[:100])
                return Result.IGNORED

    def _handle_message(self, message: InboundSms, raw: str) -> Result:
        sender = self.directory.sender(message.sender, message.recipient)
        match = classify(message.text, sender.rules)
        evidence = message_evidence(message, match, sender, self.recorder.clock())
        if evidence is None:
            return self._quarantine(raw, "no readable time: neither receivedTimestamp nor eventTime")
        if not sender.configured and match.intent is not Intent.NONE:
            log.warning("unconfigured_sender", sender=sender.id)
        recorded = self._record(evidence, sender)
        evidence = self.replies.send_pending(recorded, sender)
        evidence = self.recorder.announce(evidence)
        self.recorder.hand_over(evidence)
        log.info("message" if recorded.is_new else "message_again", evidence)
        return Result.HANDLED

    def _record(self, evidence: Evidence, sender: Sender) -> Recorded:
        """Record a message; one that comes under the id of another one is another one, too."""
        decide = partial(decide_message, sender=sender)
        needs_recent = sender.rules.answers_unknown
        recorded = self.recorder.record(evidence, decide, needs_recent=needs_recent)
        if says_the_same(evidence, recorded.evidence):
            return recorded
        return self.recorder.record(as_another(evidence), decide, needs_recent=needs_recent)

    def _handle_report(self, report: DeliveryReport) -> Result:
        """Rule 11, and what became of our own replies; any other report changes nothing."""
        sender = self.directory.sender(report.sender, report.recipient)
        if report.is_unverified:
            log.error(
                "toll_free_not_verified",
                sender=sender.id,
                remedy="submit the toll-free verification form in the Azure portal; unverified "
                "toll-free numbers have been blocked since 31 January 2024",
            )
        if report.says_opted_out:
            record_block(self.recorder, report_evidence(report, sender, self.recorder.clock()))
        self.replies.note_report(report)
        return Result.HANDLED

    def _opts_out(self, event: InboundSms | DeliveryReport) -> bool:
        if isinstance(event, DeliveryReport):
            return event.says_opted_out
        rules = self.directory.sender(event.sender, event.recipient).rules
        return classify(event.text, rules).intent.opts_out

    def _quarantine(self, raw: str, reason: str) -> Result:
        body = raw.encode("utf-8", "replace").decode()
        event = Quarantined(str(uuid5(NAMESPACE_OID, body)), self.recorder.clock(), reason, body)
        self.recorder.quarantine(event)
        log.error("quarantined", id=event.id, reason=reason)
        return Result.QUARANTINED

    def replay(self, event_id: str) -> Result | None:
        """Handle a quarantined event again, and release it if it is understood; None: not there."""
        store = self.recorder.store
        event = store.find_quarantined(event_id)
        if event is None:
            return None
        result = self.handle(event.body)
        if result is not Result.QUARANTINED:
            store.release(event_id)
        return result

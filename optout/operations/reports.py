"""That a recipient has opted out elsewhere: as ACS reports it, and as it told a sending service."""

from dataclasses import dataclass, replace
from datetime import datetime

from optout import log
from optout.decisions.decide import decide_dated
from optout.decisions.evidence import service_report_evidence
from optout.domain.ids import fingerprint
from optout.domain.inbound import DeliveryReport
from optout.domain.model import Evidence, Principal
from optout.domain.times import EARLIEST
from optout.operations.naming import read_recipient
from optout.operations.recorder import Recorder
from optout.programs.directory import Directory, Sender


def record_block(recorder: Recorder, evidence: Evidence) -> None:
    """Record that a recipient has opted out of a sender, and announce it. Raises StoreAway, and
    NotFinished for what is recorded."""
    recorded = recorder.record(evidence, decide_dated).evidence
    recorder.hand_over(recorder.announce(recorded))
    log.info("delivery_report", recorded)


@dataclass(frozen=True)
class Reports:
    """Records what sending services were told; safe to share between threads."""

    directory: Directory
    recorder: Recorder

    def record(
        self,
        sender: Sender,
        recipient: str,
        at: datetime,
        details: str,
        principal: Principal | None = None,
    ) -> bool:
        """Record what ACS said, at a time, to a service that texted a recipient. False, and nothing is
        recorded, where that does not say that the recipient has opted out (rule 11).

        The same again is the same evidence, and announces what an earlier call could not. Raises
        BadRequest for a recipient that is not certainly a number, StoreAway, and NotFinished for what
        is recorded.
        """
        number = read_recipient(recipient, self.directory.countries_meant([sender]))
        report = DeliveryReport(
            message_id=fingerprint(sender.id, number, at.isoformat(), details),
            recipient=number,
            sender=sender.id,
            delivered=False,
            details=details,
            tag="",
            # As in an event: such a time is a default value or a slip, and the block is there.
            at=at if at >= EARLIEST else None,
            flags=(),
        )
        if not report.says_opted_out:
            return False
        sender = sender.for_recipient(number)
        evidence = service_report_evidence(report, sender, self.recorder.clock())
        record_block(self.recorder, replace(evidence, principal=principal))
        return True

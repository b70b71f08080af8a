"""Verdicts on probable requests."""

from dataclasses import dataclass, replace
from functools import partial

from optout import log
from optout.decisions.decide import decide_verdict
from optout.decisions.evidence import verdict_evidence
from optout.domain.enums import ReviewVerdict
from optout.domain.errors import NotFound, NotNow
from optout.domain.model import Evidence, Principal
from optout.operations.recorder import Recorder
from optout.programs.directory import Directory


@dataclass(frozen=True)
class Reviews:
    """Records verdicts; safe to share between threads."""

    directory: Directory
    recorder: Recorder

    def judge(
        self,
        evidence_id: str,
        verdict: ReviewVerdict,
        actor: str,
        reason: str,
        principal: Principal | None = None,
    ) -> Evidence:
        """Record a verdict on a probable request, and what it changes; the record of it.

        The same verdict again finishes what an earlier call could not. Raises NotFound, NotNow where a
        consent no longer rests on the request or the other verdict was given, and NotFinished
        for a change that is recorded.
        """
        judged = self.recorder.store.find_review(evidence_id)
        if judged is None:
            raise NotFound("no message with this id was ever up for review")
        sender = self.directory.sender(judged.sender or "", judged.recipient)
        evidence = replace(
            verdict_evidence(judged, verdict, sender, actor, reason, self.recorder.clock()),
            principal=principal,
        )
        # Repeating a verdict finishes what an earlier call could not, whatever was said since.
        given = self.recorder.store.find(judged.recipient, evidence.id)
        decide = partial(decide_verdict, judged=judged)
        evidence = given or self.recorder.record(evidence, decide).evidence
        if evidence.verdict is not verdict:
            raise NotNow(f"{evidence.actor} has given the other verdict already; opt in or out by hand")
        log.info("verdict", evidence)
        evidence = self.recorder.announce(evidence)
        self.recorder.hand_over(evidence)
        return evidence

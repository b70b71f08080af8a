"""Probable requests that a person should look at, and the verdicts on them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from optout import log
from optout.azure.topic import Publisher
from optout.decisions import decide
from optout.domain.enums import ReviewVerdict
from optout.domain.errors import NotFound, NotNow
from optout.domain.model import Decision, Evidence, Known, Principal
from optout.operations.recorder import publish_pending, record
from optout.programs.directory import Directory
from optout.store.protocol import Journal, Store


@dataclass(frozen=True)
class Reviews:
    """The operations on the review list; safe to share between threads."""

    directory: Directory
    store: Store
    clock: Callable[[], datetime]
    on_change: Callable[[str], None]
    publisher: Publisher | None = None

    def pending(self, limit: int, after: str | None) -> Journal:
        """The requests that nobody has judged yet, oldest first."""
        return self.store.to_review(limit, after)

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
        consent does not rest on the request any more or the other verdict was given, and NotAnnounced
        for a change that is recorded.
        """
        judged = self.store.reviewable(evidence_id)
        if judged is None:
            raise NotFound("no message with this id was ever to be reviewed")
        sender = self.directory.sender(judged.sender or "")
        given = replace(
            decide.verdict_evidence(judged, verdict, sender, actor, reason, self.clock()),
            principal=principal,
        )

        def decision(known: Known) -> Decision:
            new = given
            if verdict is ReviewVerdict.LIFT:
                known = replace(known, timeline=self.store.timeline(judged.recipient))
                new = _lifted(given, judged, known)
            return decide.apply(new, known, announce=self.publisher is not None)

        # Its sender may be on another list by now.
        requested = decide.requested_scopes(judged.intent, sender)
        scopes = tuple(dict.fromkeys((*judged.scopes, *requested)))
        try:
            recorded = record(self.store, given, scopes, decision)
        except NotNow:
            raise
        except Exception as problem:
            if verdict is ReviewVerdict.CONFIRM:
                log.stop_not_recorded(given.id, problem)
            raise
        self.on_change(judged.recipient)
        evidence = recorded.evidence
        if evidence.verdict is not verdict:
            raise NotNow(
                f"{evidence.actor} has given the other verdict before; opt the person in or out by hand"
            )
        log.logger.info(log.evidence_line("verdict", evidence))
        return publish_pending(self.store, self.publisher, evidence, self.clock())


def _lifted(given: Evidence, judged: Evidence, known: Known) -> Evidence:
    lifted = decide.lifted(given, judged, known)
    if lifted is None:
        raise NotNow(
            "the consent does not rest on this message any more: the person or somebody here has said "
            "something else since. See the history; confirm takes it off the review list and changes "
            "nothing that is newer"
        )
    return lifted

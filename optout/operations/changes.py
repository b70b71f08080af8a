"""Opt-outs and opt-ins by hand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from optout import log
from optout.decisions import consent
from optout.decisions.decide import decide_entered
from optout.decisions.evidence import CLOCK_TOLERANCE
from optout.decisions.target import Block, Target
from optout.domain.enums import Effect, EvidenceKind, ScopeKind
from optout.domain.errors import BadRequest, KeyReused
from optout.domain.ids import change_id, evidence_id, fingerprint
from optout.domain.model import EVERYTHING, Consents, Evidence, Principal, Scope
from optout.domain.times import EARLIEST, aware
from optout.operations.check import CheckResult
from optout.operations.naming import countries_of, read_recipient
from optout.operations.recorder import Recorder
from optout.programs.directory import Directory, Sender


@dataclass(frozen=True, slots=True)
class Changed:
    """The outcome of a change by hand: the answer that now holds, what the change did when it was
    recorded, whether that was before, and the blocks that remain."""

    answer: CheckResult
    effect: Effect
    blocks: tuple[Block, ...] = ()
    repeated: bool = False


@dataclass(frozen=True)
class Changes:
    """Records changes by hand; safe to share between threads.

    `new_id` gives an id that nobody else has.
    """

    directory: Directory
    recorder: Recorder
    new_id: Callable[[], str]

    def record(
        self,
        target: Target,
        recipient: str,
        *,
        out: bool,
        actor: str,
        reason: str,
        at: datetime | None = None,
        principal: Principal | None = None,
        key: str | None = None,
    ) -> Changed:
        """Opt a recipient out or in by hand, and record who did it and why.

        `actor` is who the caller says it is, `principal` who the platform verified, if it did. `at` is
        when the person asked, by default now; a time in the past takes its place in the order. A block
        by a carrier or ACS is not lifted. What cannot be announced now is left to the queue.

        With a `key` it is one change however often and whenever it is repeated: what the person has
        said since stands, and the answer is what holds now.
        Raises BadRequest, KeyReused, and NotFinished for a change that is recorded.
        """
        number = read_recipient(recipient, countries_of(self.directory, target))
        target = target.about(number)
        evidence = replace(
            self._evidence(target, number, out, at), actor=actor, reason=reason, principal=principal
        )
        if key is not None:
            evidence = replace(
                evidence,
                id=change_id("opt-out" if out else "opt-in", key, evidence.recipient),
                asked=_fingerprint(target, actor, reason, at),
            )
        own = {Scope(ScopeKind.SENDER, sender.id): sender for sender in self._reached(target)}
        decisive = self._decisive(target)
        decide = partial(decide_entered, is_now=at is None, decisive=decisive, sender=target.sender)
        recorded = self.recorder.record(evidence, decide)
        if recorded.evidence.asked != evidence.asked:
            raise KeyReused(
                "this key stands for another change of this recipient: repeat that one as it was, or "
                "give this one a key of its own"
            )
        log.info("manual" if recorded.is_new else "manual_again", recorded.evidence)
        self.recorder.hand_over(self.recorder.announce(recorded.evidence))
        return Changed(
            self._answer(target, number, recorded.consents),
            recorded.evidence.effect,
            () if out else _blocks(own, recorded.consents),
            repeated=not recorded.is_new,
        )

    def _evidence(self, target: Target, number: str, out: bool, at: datetime | None) -> Evidence:
        now = aware(self.recorder.clock())
        at = aware(at or now)
        if at > now + CLOCK_TOLERANCE:
            raise BadRequest("at: is in the future; leave it out for now")
        if not out:
            # Ahead of its time it would outdate a STOP that is sent before then.
            at = min(at, now)
        if at < EARLIEST:
            raise BadRequest(f"at: is before {EARLIEST.year}; correct the year")
        return replace(
            target.evidence(EvidenceKind.MANUAL, out=out, now=now, at=at),
            id=evidence_id(EvidenceKind.MANUAL, self.new_id(), number),
            recipient=number,
        )

    def _decisive(self, target: Target) -> tuple[Scope, ...]:
        """The consents that say whether the recipient may be texted from what a target is about."""
        if target.sender is not None:
            return consent.sender_scopes(target.sender)
        if target.list is not None:
            return consent.list_scopes(target.list, self.directory.formerly.get(target.list, ()))
        return (EVERYTHING,)

    def _answer(self, target: Target, number: str, consents: Consents) -> CheckResult:
        """Whether a recipient may be texted from what a target is about."""
        if target.sender is not None:
            return CheckResult.of_sender(number, consents, target.sender)
        return CheckResult.of(number, consents, self._decisive(target))

    def _reached(self, target: Target) -> Sequence[Sender]:
        """The senders that a target reaches, of those that are known."""
        if target.sender:
            return [target.sender]
        if target.everything:
            return list(self.directory.every)
        return self.directory.on_list(target.list or "")


def _fingerprint(target: Target, actor: str, reason: str, at: datetime | None) -> str:
    """Of what the caller said, not of what it means by now: a sender may be on another list."""
    about = (target.sender.id, None) if target.sender else (None, target.list)
    return fingerprint(*about, actor, reason, aware(at).isoformat() if at else None)


def _blocks(own: dict[Scope, Sender], consents: Consents) -> tuple[Block, ...]:
    """The senders that this recipient is out of by a consent of their own."""
    return tuple(
        Block(sender, found.blocked_by)
        for scope, sender in own.items()
        if (found := consents.get(scope)) is not None and found.out
    )

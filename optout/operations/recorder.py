"""The one way to write evidence: what must happen around every write stands here and nowhere else."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

from optout import log
from optout.azure.queue import NotQueued, PendingQueue
from optout.azure.topic import NotAnnounced, Notice, Publisher
from optout.decisions import replies
from optout.decisions.decide import mark_announcement
from optout.domain.enums import EvidenceKind
from optout.domain.errors import NotFinished, Refusal, StoreAway
from optout.domain.model import (
    Announcement,
    Decision,
    Evidence,
    Inquiry,
    Quarantined,
    RecipientState,
    Recorded,
    Unfinished,
)
from optout.domain.times import Clock
from optout.operations import standing
from optout.store.protocol import Entry, Store

# What evidence does to what is known of its recipient. Its `received_at` is the moment of the decision.
Decide = Callable[[Evidence, RecipientState], Decision]

_EVENTS = frozenset((EvidenceKind.MESSAGE, EvidenceKind.DELIVERY_REPORT))
# The first attempt to finish what this process could not.
_SOON = timedelta(seconds=10)
# Longer than any function runs: by then evidence that was announced ahead is recorded, or never will
# be.
_AHEAD = timedelta(minutes=2)


@dataclass(frozen=True)
class Recorder:
    """Records evidence; safe to share between threads.

    Around every write: an alarm where an opt-out could not be recorded, a cache that forgets whom it
    was about, a mark of what is to be announced, and somebody who remembers what is still pending.
    `forget` takes the recipients to forget.
    """

    store: Store
    clock: Clock
    forget: Callable[[Iterable[str]], None] = lambda recipients: None
    publisher: Publisher | None = None
    queue: PendingQueue | None = None

    def record(self, evidence: Evidence, decide: Decide, *, needs_recent: bool = False) -> Recorded:
        """Record evidence once, however often and from wherever it comes, with what is decided about
        it. A keyword message is decided with what is recent, others where they need it.

        Raises StoreAway, and what `decide` refuses.
        """

        def decide_now(state: RecipientState) -> Decision:
            decision = decide(replace(evidence, received_at=self.clock()), state)
            return mark_announcement(decision, state) if self.publisher else decision

        if self.publisher is not None and not _is_delivered_again(evidence):
            self._queue_ahead(evidence)
        with self._writing([evidence.recipient], evidence.id, evidence.intent.opts_out):
            return self.store.update(_inquiry(evidence, needs_recent), decide_now)

    def record_imported(self, evidence: Evidence, decide: Decide) -> Recorded:
        """The same for an entry of an import, which is not announced by itself."""
        return replace(self, publisher=None).record(evidence, decide)

    def insert_first(self, decision: Decision, entries: Sequence[Entry]) -> list[Entry]:
        """Record the first evidence about many people; the entries about people who are known come
        back. Raises StoreAway."""
        people = [entry.recipient for entry in entries]
        with self._writing(people, None, decision.evidence.intent.opts_out):
            return self.store.insert_first(decision, entries)

    def quarantine(self, event: Quarantined) -> None:
        """Keep an event that could not be understood: it may have been a STOP."""
        with self._writing([], event.id, opts_out=True):
            self.store.quarantine(event)

    def announce(self, evidence: Evidence) -> Evidence:
        """Publish what evidence has changed, in one attempt, if that is still to be done; the evidence
        with that, or as it was, where the topic does not take it or the store goes away."""
        if self.publisher is None or not evidence.is_announcement_pending:
            return evidence
        try:
            notice = self._notice(evidence)
            self.publisher.publish(notice)
            announcement = Announcement(self.clock(), notice.data.get("version"))
            self.store.settle_announcement(evidence, announcement)
        except (NotAnnounced, StoreAway) as problem:
            log.warning("not_announced", evidence, problem=str(problem))
            return evidence
        return replace(evidence, announcement=announcement)

    def is_unfinished(self, evidence: Evidence) -> bool:
        """Whether something about it is still to be done here."""
        is_to_announce = self.publisher is not None and evidence.is_announcement_pending
        return evidence.is_reply_pending or is_to_announce

    def hand_over(self, evidence: Evidence) -> None:
        """Leave to the queue what is still pending. Raises NotFinished where no queue takes it."""
        if not self.is_unfinished(evidence):
            return
        if self.queue is None:
            raise NotFinished("it is recorded, and no queue is configured that remembers what is left")
        try:
            self.queue.put(Unfinished(evidence.recipient, evidence.id), _SOON)
        except NotQueued as problem:
            raise NotFinished(f"it is recorded, but not finished: {problem}") from problem
        log.warning("handed_over", evidence)

    def _notice(self, evidence: Evidence) -> Notice:
        if standing.is_import(evidence):
            return standing.import_notice(evidence)
        snapshot = self.store.snapshot(evidence.recipient)
        return standing.notice(evidence, snapshot, self.store.generation())

    def _queue_ahead(self, evidence: Evidence) -> None:
        """Remember to announce what is about to be recorded, should this process end in between. Where
        the queue is away, it is recorded all the same."""
        if self.queue is None:
            return
        try:
            self.queue.put(Unfinished(evidence.recipient, evidence.id), _AHEAD)
        except NotQueued as problem:
            log.warning("not_queued", evidence, problem=str(problem))

    @contextmanager
    def _writing(
        self, recipients: Sequence[str], evidence_id: str | None, opts_out: bool
    ) -> Iterator[None]:
        try:
            yield
        except Refusal:
            raise
        except Exception as problem:
            if opts_out:
                log.stop_not_recorded(evidence_id, problem)
            raise
        finally:
            # Also after a failure: it may have been written although no answer says so.
            self.forget(recipients)


def _is_delivered_again(evidence: Evidence) -> bool:
    """Whether Event Grid brings it until it is acknowledged; nobody repeats the rest, not a report by a
    service either, which has no message id."""
    return evidence.kind in _EVENTS and evidence.message_id is not None


def _inquiry(evidence: Evidence, needs_recent: bool) -> Inquiry:
    asked = Inquiry(evidence.recipient, evidence.id)
    if not evidence.is_keyword and not needs_recent:
        return asked
    return replace(
        asked,
        sender=evidence.sender,
        recent_since=evidence.received_at - replies.RECENT_WINDOW,
        recent_limit=replies.RECENT_LIMIT,
    )

"""The one way to write evidence: what must happen around every write stands here and nowhere else."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from optout import log
from optout.azure.topic import Publisher
from optout.decisions import replies
from optout.decisions.decide import mark_announcement
from optout.domain.errors import Refusal
from optout.domain.model import (
    Decision,
    Evidence,
    Inquiry,
    Quarantined,
    RecipientState,
    Recorded,
    Scope,
)
from optout.domain.times import Clock
from optout.store.protocol import Entry, Store

# What evidence does to what is known of its recipient. Its `received_at` is the moment of the decision.
Decide = Callable[[Evidence, RecipientState], Decision]


@dataclass(frozen=True)
class Recorder:
    """Records evidence; safe to share between threads.

    Around every write: an alarm where an opt-out could not be recorded, a cache that forgets whom it
    was about, and a mark of what is to be announced. `forget` takes the recipients to forget.
    """

    store: Store
    clock: Clock
    forget: Callable[[Iterable[str]], None] = lambda recipients: None
    publisher: Publisher | None = None

    def record(self, evidence: Evidence, scopes: Sequence[Scope], decide: Decide) -> Recorded:
        """Record evidence once, however often and from wherever it comes, with what is decided about
        it; `scopes` are the consents that the decision and the caller need.

        Raises StoreAway, and what `decide` refuses.
        """

        def decide_now(state: RecipientState) -> Decision:
            decision = decide(replace(evidence, received_at=self.clock()), state)
            return mark_announcement(decision, state) if self.publisher else decision

        with self._writing([evidence.recipient], evidence.id, evidence.intent.opts_out):
            return self.store.update(_inquiry(evidence, scopes), decide_now)

    def record_imported(self, evidence: Evidence, scopes: Sequence[Scope], decide: Decide) -> Recorded:
        """The same for an entry of an import, which is not announced."""
        return replace(self, publisher=None).record(evidence, scopes, decide)

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
        """Publish what evidence changed, if that is still to be done. Raises NotAnnounced."""
        announcement = evidence.announcement
        if self.publisher is None or announcement is None or not announcement.is_pending:
            return evidence
        self.publisher.publish(evidence)
        announcement = replace(announcement, published_at=self.clock())
        self.store.settle_announcement(evidence, announcement)
        return replace(evidence, announcement=announcement)

    def announce_all(self, recipient: str) -> None:
        """Publish whatever is still to be announced about a recipient. Raises NotAnnounced."""
        if self.publisher is not None:
            for evidence in self.store.unannounced(recipient):
                self.announce(evidence)

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


def _inquiry(evidence: Evidence, scopes: Sequence[Scope]) -> Inquiry:
    asked = Inquiry(evidence.recipient, evidence.id, tuple(scopes))
    if not evidence.is_keyword:
        return asked
    return replace(
        asked,
        sender=evidence.sender,
        recent_since=evidence.received_at - replies.RECENT_WINDOW,
        recent_limit=replies.RECENT_LIMIT,
    )

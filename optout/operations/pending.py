"""Finishing what an event or a change by hand left pending: its reply, its announcement.

It is done from a queue, so that no event waits for it and none fails for it.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from optout import log
from optout.domain.errors import Retryable
from optout.domain.model import Evidence, Recorded, Unfinished
from optout.domain.times import aware
from optout.operations.recorder import Recorder
from optout.operations.reply_delivery import ReplyDelivery
from optout.programs.directory import Directory

_FIRST_DELAY = timedelta(seconds=10)
_LONGEST_DELAY = timedelta(hours=1)
# A reply is due for five minutes: what it waits for may be over long before.
_LONGEST_FOR_REPLY = timedelta(seconds=30)
# A reply has expired long before; whoever missed an announcement for so long has the feed.
GIVE_UP = timedelta(days=7)


@dataclass(frozen=True)
class Finisher:
    """Finishes what is pending; safe to share between threads."""

    directory: Directory
    recorder: Recorder
    replies: ReplyDelivery

    def finish(self, work: Unfinished) -> None:
        """Try once to finish what is pending of a piece of evidence, and nothing else; what is still
        pending then goes back to the queue, for later. Raises Retryable where the queue is away, too.
        """
        try:
            left = self._try(work)
        except Retryable as problem:
            log.warning("not_finished", id=work.evidence_id, attempt=work.attempt, problem=str(problem))
            self._put_back(work)
            return
        if left is None:
            return
        if aware(self.recorder.clock()) - left.received_at > GIVE_UP:
            log.gave_up(work, "it has been pending for too long")
        else:
            self._put_back(work, _LONGEST_FOR_REPLY if left.is_reply_pending else _LONGEST_DELAY)

    def _try(self, work: Unfinished) -> Evidence | None:
        """The evidence, if something about it is still pending."""
        store = self.recorder.store
        evidence = store.find(work.recipient, work.evidence_id)
        if evidence is None or not self.recorder.is_unfinished(evidence):
            return None
        if evidence.is_reply_pending:
            consents = store.snapshot(work.recipient).consents
            found = Recorded(evidence, consents, is_new=False)
            sender = self.directory.sender(evidence.sender or "", evidence.recipient)
            evidence = self.replies.send_pending(found, sender)
        evidence = self.recorder.announce(evidence)
        if self.recorder.is_unfinished(evidence):
            return evidence
        log.info("finished", evidence, attempt=work.attempt)
        return None

    def _put_back(self, work: Unfinished, longest: timedelta = _LONGEST_DELAY) -> None:
        if self.recorder.queue is not None:
            following = work.attempt + 1
            wait = min(delay(following), longest)
            self.recorder.queue.put(replace(work, attempt=following), wait)


def delay(attempt: int) -> timedelta:
    """How long an attempt waits after the one before: twice as long each time, at most an hour."""
    return min(_LONGEST_DELAY, _FIRST_DELAY * (1 << min(attempt - 1, 20)))

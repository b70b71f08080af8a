"""Rule 14: the text of a message without a keyword is kept for a number of days."""

import threading
from datetime import UTC, datetime, timedelta

from optout import log
from optout.domain.errors import Retryable
from optout.domain.times import Clock
from optout.store.protocol import Store

FORGET_EVERY = timedelta(hours=1)
# A store may forget a few texts at a time: while some were left, it is asked again sooner.
FORGET_AGAIN = timedelta(seconds=5)


class TextRetention:
    """Forgets texts beside the events, at most once an hour in each process: a timer trigger would need
    a storage account on every laptop."""

    def __init__(self, store: Store, clock: Clock, days: int) -> None:
        self._store = store
        self._clock = clock
        self._days = timedelta(days=days)
        self._next = datetime.min.replace(tzinfo=UTC)
        self._lock = threading.Lock()

    def forget_when_due(self) -> None:
        """Forget texts that need not be kept any more, unless that was done a short while ago."""
        now = self._clock()
        with self._lock:
            if now < self._next:
                return
            self._next = now + FORGET_EVERY
        try:
            if forgotten := self._store.forget_texts(now - self._days):
                with self._lock:
                    self._next = now + FORGET_AGAIN
                log.info("texts_forgotten", messages=forgotten)
        except Retryable as problem:
            log.warning("texts_not_forgotten", problem=str(problem))

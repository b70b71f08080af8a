"""Work that is done beside the events, once in a while: a timer trigger would need a storage account on
every laptop."""

import threading
from datetime import UTC, datetime, timedelta

from optout.domain.times import Clock


class Seldom:
    """Says when such work is due again, in each process by itself; safe to share between threads."""

    def __init__(self, clock: Clock, every: timedelta) -> None:
        self._clock = clock
        self._every = every
        self._next = datetime.min.replace(tzinfo=UTC)
        self._lock = threading.Lock()

    def due(self) -> datetime | None:
        """The time now, for the one who is to do it; None unless it is due."""
        now = self._clock()
        with self._lock:
            if now < self._next:
                return None
            self._next = now + self._every
            return now

    def again_in(self, delay: timedelta) -> None:
        """It is due sooner than that, because something was left."""
        with self._lock:
            self._next = self._clock() + delay

"""The queue of a process that has none, on a laptop: its own memory, and what the store says is
pending.

Whatever it forgets, because the process ends, is in the store and is found at the next start.
"""

import heapq
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count

from optout import log
from optout.domain.errors import OptoutError
from optout.domain.model import Unfinished
from optout.domain.times import Clock
from optout.store.protocol import Store

# How often it looks whether something is due.
POLL_SECONDS = 0.5


class OwnQueue:
    """A PendingQueue for a store that finds what is pending. A thread finishes it, once started."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._waiting: list[tuple[datetime, int, Unfinished]] = []
        self._numbers = count()
        self._lock = threading.Lock()
        self._is_closed = threading.Event()
        self._thread: threading.Thread | None = None

    def put(self, work: Unfinished, delay: timedelta) -> None:
        with self._lock:
            heapq.heappush(self._waiting, (self._clock() + delay, next(self._numbers), work))

    def start(self, finish: Callable[[Unfinished], None]) -> None:
        """Finish what is pending in the store, and from now on what is put here, in a thread."""
        self._thread = threading.Thread(target=self._run, args=(finish,), name="pending", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Wait for what has begun."""
        self._is_closed.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, finish: Callable[[Unfinished], None]) -> None:
        is_loaded = False
        while not self._is_closed.is_set():
            try:
                is_loaded = is_loaded or self._load()
                while (work := self._next_due()) and not self._is_closed.is_set():
                    finish(work)
            except OptoutError as problem:
                log.warning("not_finished", problem=str(problem))
            except Exception:
                log.exception("unexpected_error")
            self._is_closed.wait(POLL_SECONDS)

    def _load(self) -> bool:
        for work in self._store.pending() or ():
            self.put(work, timedelta())
        return True

    def _next_due(self) -> Unfinished | None:
        with self._lock:
            if self._waiting and self._waiting[0][0] <= self._clock():
                return heapq.heappop(self._waiting)[2]
        return None

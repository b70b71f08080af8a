"""Whether the store answers, asked as often as anybody likes and looked up every few seconds."""

import threading
from collections.abc import Callable

from optout.domain.errors import StoreAway
from optout.store.protocol import Store

# Anybody may ask. Without it, who asks a lot would make the store work and hold threads that events
# need.
SECONDS = 5.0


class StoreHealth:
    """Safe to share between threads. `timer` is a monotonic clock, in seconds."""

    def __init__(self, store: Store, timer: Callable[[], float]) -> None:
        self._store = store
        self._timer = timer
        self._asking = threading.Lock()
        self._asked_at: float | None = None
        self._problem: str | None = "whether the store answers is not known yet"

    def check(self) -> None:
        """Raises StoreAway unless the store answers, or answered when it was asked a few seconds ago.

        One thread asks at a time; meanwhile the others go by what it said last, or before it has said
        anything raise, too. None of them waits.
        """
        if self._is_stale() and self._asking.acquire(blocking=False):
            try:
                if self._is_stale():
                    self._ask()
            finally:
                self._asking.release()
        problem = self._problem
        if problem is not None:
            raise StoreAway(problem)

    def _is_stale(self) -> bool:
        return self._asked_at is None or self._timer() - self._asked_at >= SECONDS

    def _ask(self) -> None:
        try:
            self._store.check()
            self._problem = None
        except StoreAway as problem:
            self._problem = str(problem)
        self._asked_at = self._timer()

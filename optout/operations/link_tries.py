"""How many links that no key has made came from one network address: who tries them is told apart from
who mistypes one."""

import threading
from collections.abc import Callable

from cachetools import TTLCache

# A carrier hides a town behind one address, and a seal has 128 bits: this spares nobody's secret, it
# makes trying visible and cheap.
TRIES, SECONDS, ADDRESSES = 100, 600, 10_000


class Tries:
    """Counts them; safe to share between threads. `timer` is a monotonic clock, in seconds."""

    def __init__(self, timer: Callable[[], float]) -> None:
        self._counts: TTLCache[str, int] = TTLCache(ADDRESSES, SECONDS, timer)
        self._lock = threading.Lock()

    def count(self, address: str) -> int:
        """How many it is now within the last minutes, this one included."""
        with self._lock:
            found = self._counts.get(address, 0) + 1
            self._counts[address] = found
            return found

"""How old a copy is."""

import threading
import time
from collections.abc import Callable
from typing import NamedTuple


class Moment(NamedTuple):
    """When something began: seconds since 1970 by the wall clock, which other processes have, too; and by
    this process's monotonic clock, which nobody sets."""

    wall: float
    monotonic: float


class Freshness:
    """The age of a copy by two clocks, of which the one that says older is believed.

    What was written at a time that is still to come tells no age: the wall clock was set back, and until the
    copy is refreshed nobody knows by how much. It is stale then, also once that time has come. Safe to share
    between threads.
    """

    def __init__(
        self, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        # When the copy that is there began to be read, and whether that can be believed.
        self._known = Moment(float("nan"), 0.0)
        self._is_believed = False
        self._lock = threading.Lock()

    def now(self) -> Moment:
        return Moment(self._wall(), self._monotonic())

    def learn(self, began: Moment) -> None:
        """This process has read the copy itself."""
        with self._lock:
            self._know(began)

    def age(self, began: float | None) -> float | None:
        """Seconds since the last whole refresh began, which was at `began` by the wall clock; None where
        there was none, or where nobody can tell."""
        if began is None:
            return None
        now = self.now()
        with self._lock:
            if began != self._known.wall:
                self._know(Moment(began, now.monotonic - max(now.wall - began, 0.0)))
            if now.wall < began:
                self._is_believed = False
            if not self._is_believed:
                return None
            return max(now.wall - began, now.monotonic - self._known.monotonic)

    def _know(self, began: Moment) -> None:
        self._known, self._is_believed = began, True

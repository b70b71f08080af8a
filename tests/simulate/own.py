"""The queue of a process that has none (optout/own_queue.py): its thread is a task like any other."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from optout.domain.model import Unfinished
from optout.domain.times import Clock
from optout.own_queue import POLL_SECONDS, OwnQueue
from optout.store.protocol import Store
from tests.simulate.scheduler import Life, Scheduler, Task

POLL = round(POLL_SECONDS * 1000)


class SimulatedQueue(OwnQueue):
    """As it is, but for its thread: it is a task that sleeps until something is put."""

    def __init__(self, store: Store, clock: Clock, scheduler: Scheduler) -> None:
        super().__init__(store, clock)
        self._scheduler = scheduler
        self._is_loaded = False
        self._task: Task | None = None

    def put(self, work: Unfinished, delay: timedelta) -> None:
        super().put(work, delay)
        if self._task is not None:
            self._scheduler.wake(self._task)

    def begin(self, life: Life, finish: Callable[[Unfinished], None]) -> None:
        """What `start` does, in a task of a process."""
        closed: Any = _Closed(self, life)
        self._is_closed = closed

        def run() -> None:
            self._task = self._scheduler.task
            self._task.life = life
            self._run(finish)

        self._scheduler.start(f"pending {life.name}", None, self._scheduler.now, run)

    def _load(self) -> bool:
        self._is_loaded = super()._load()
        return self._is_loaded

    def wait(self) -> None:
        """Until something may be due."""
        if not self._is_loaded:
            self._scheduler.pause(POLL)
        elif self._waiting:
            left = self._waiting[0][0] - self._clock()
            self._scheduler.pause(max(POLL, round(left.total_seconds() * 1000)))
        else:
            self._scheduler.sleep()


class _Closed:
    """In the place of the event on which the thread waits."""

    def __init__(self, queue: SimulatedQueue, life: Life) -> None:
        self._queue = queue
        self._life = life

    def is_set(self) -> bool:
        return self._life.is_over

    def wait(self, seconds: float) -> None:
        self._queue.wait()

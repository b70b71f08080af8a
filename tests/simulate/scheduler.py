"""Tasks that take turns: a task gives control back where it waits, and the one that is due next goes
on. Time is a number, of milliseconds, and passes only while everybody waits."""

import hashlib
import heapq
from collections.abc import Callable
from contextlib import suppress
from itertools import count

from greenlet import getcurrent, greenlet  # type: ignore[import-untyped]


class Killed(BaseException):
    """The process is gone; no code under test catches this."""


class Violation(BaseException):
    """Something is not as it must be. The message begins with the name of the check. No code under test
    catches this."""


class Life:
    """One process from its start to its end."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_over = False


class Task:
    """Some work under a name, about an operation; `life` is the process that does it, and at most until
    `ends`. While it is `undisturbed` it does not wait, and nobody else goes on."""

    def __init__(
        self, name: str, about: int | None, work: Callable[[], None], parent: greenlet
    ) -> None:
        self.name = name
        self.about = about
        self.life: Life | None = None
        self.ends: int | None = None
        self.undisturbed = 0
        self.greenlet = greenlet(work, parent)


class Scheduler:
    """Who goes on when. `trace` holds every turn that was given, and what was said meanwhile."""

    def __init__(self) -> None:
        self.now = 0
        self.trace: list[str] = []
        self._asleep: list[Task] = []
        self._agenda: list[tuple[int, int, Task]] = []
        self._numbers = count()
        self._current: Task | None = None
        self._main = getcurrent()
        self._is_over = False
        self.timed_out: Callable[[Task], None] = lambda task: None

    @property
    def task(self) -> Task:
        """The task whose turn it is."""
        if self._current is None:
            raise AssertionError("nobody's turn")
        return self._current

    @property
    def name(self) -> str:
        """The name of that task."""
        return self.task.name if self._current else "main"

    def start(self, name: str, about: int | None, due: int, work: Callable[[], None]) -> None:
        """Let a new task begin at its time."""
        if not self._is_over:
            self._wait(max(due, self.now), Task(name, about, work, self._main))

    def _wait(self, due: int, task: Task) -> None:
        # Of those who are due at once, the one goes on who has waited longest.
        heapq.heappush(self._agenda, (due, next(self._numbers), task))

    @property
    def is_over(self) -> bool:
        return self._is_over

    def run(self, most_turns: int = 50_000) -> None:
        """Until nothing is left to be done."""
        while self._agenda:
            due, number, task = heapq.heappop(self._agenda)
            if number > most_turns:
                raise Violation("endless: it never comes to an end")
            self.now = max(self.now, due)
            self.trace.append(f"{self.now} {task.name}")
            self._turn(task)

    def _turn(self, task: Task) -> None:
        self._current = task
        # Of a process that is killed all is gone.
        with suppress(Killed):
            task.greenlet.switch()
        self._current = None

    def pause(self, milliseconds: int) -> None:
        """Others may go on. Here a task finds that its process is gone."""
        task = self.task
        if task.undisturbed:
            return
        until = self.now + milliseconds
        is_too_long = task.ends is not None and until > task.ends
        if not self._is_over:
            self._wait(task.ends if is_too_long and task.ends else until, task)
            self._main.switch()
        if is_too_long:
            self.timed_out(task)
        if self._is_over or (task.life is not None and task.life.is_over):
            raise Killed

    def sleep(self) -> None:
        """Until somebody wakes this task, if ever."""
        task = self.task
        self._asleep.append(task)
        self._main.switch()
        if self._is_over or (task.life is not None and task.life.is_over):
            raise Killed

    def wake(self, task: Task) -> None:
        if task in self._asleep:
            self._asleep.remove(task)
            self._wait(self.now, task)

    def say(self, what: str) -> None:
        """Put something into the trace."""
        self.trace.append(f"{self.now} {self.task.name}: {what}")

    def close(self) -> None:
        """End every task where it is."""
        self._is_over = True
        left = [*(task for *_, task in sorted(self._agenda, key=_first)), *self._asleep]
        self._agenda.clear()
        for task in left:
            if task.greenlet:  # it has begun
                self._turn(task)

    def digest(self) -> str:
        """The same for the same history, or something is not deterministic."""
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()[:16]


def _first(entry: tuple[int, int, Task]) -> tuple[int, int]:
    return entry[:2]

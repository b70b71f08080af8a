"""Everything that a process does to the outside goes through here: others may go on before it and after
it, it may fail before it was done and after, and the process may be killed."""

from collections.abc import Callable
from typing import TypeVar

from tests.simulate.choices import Choices
from tests.simulate.faults import (
    FINE,
    KILLED_AFTER,
    KILLED_BEFORE,
    LOST_AFTER,
    LOST_BEFORE,
    REPEATED,
    Faults,
)
from tests.simulate.scheduler import Killed, Life, Scheduler, Task

Value = TypeVar("Value")


class Effects:
    """The effects of all processes. `killed` is told of a process that is gone, `done` that something
    may have changed outside."""

    def __init__(self, scheduler: Scheduler, choices: Choices, faults: Faults) -> None:
        self._scheduler = scheduler
        self._choices = choices
        self._faults = faults
        self.count = 0
        # What has failed in which task, and of which operation.
        self.failed: dict[str, set[str]] = {}
        self.failed_of: dict[int | None, set[str]] = {}
        self.killed: Callable[[Life], None] = lambda life: None
        self.done: Callable[[], None] = lambda: None
        scheduler.timed_out = self.end_life

    def around(
        self, kind: str, name: str, work: Callable[[], Value], failure: type[Exception]
    ) -> Value:
        """The result of some work; or the failure, whether it was done or not."""
        fate = self.begin(kind, name)
        if fate == LOST_BEFORE:
            raise failure(f"{name}: {fate}")
        value = work()
        if fate == REPEATED:
            value = work()
        self.done()
        self._scheduler.say(f"{name}{told(value)}")
        self.end(kind, name, fate)
        if fate == LOST_AFTER:
            raise failure(f"{name}: {fate}")
        return value

    def begin(self, kind: str, name: str) -> str:
        """What will become of an effect that is on its way; it has reached the outside now."""
        task = self._scheduler.task
        if task.undisturbed:
            return FINE
        self.count += 1
        now = self._scheduler.now
        fate = self._choices.one_of(
            f"{task.name} {name} fate", self._faults.odds(kind, task.about, now)
        )
        self._wait(kind, f"{name} before")
        if fate:
            self._scheduler.say(f"{name} {fate}")
            self.failed.setdefault(task.name, set()).add(kind)
            self.failed_of.setdefault(task.about, set()).add(kind)
        if fate == KILLED_BEFORE:
            self._kill()
        return fate

    def end(self, kind: str, name: str, fate: str) -> None:
        """The answer to an effect is on its way back."""
        if self._scheduler.task.undisturbed:
            return
        if fate == KILLED_AFTER:
            self._kill()
        self._wait(kind, f"{name} after")

    def _wait(self, kind: str, what: str) -> None:
        task = self._scheduler.task
        waits = self._faults.waits(kind, task.about, self._scheduler.now)
        self._scheduler.pause(self._choices.milliseconds(f"{task.name} {what}", waits))

    def _kill(self) -> None:
        self.end_life(self._scheduler.task)
        raise Killed

    def end_life(self, task: Task) -> None:
        """The process of a task is gone, with all that it does."""
        life = task.life
        if life is not None and not life.is_over:
            life.is_over = True
            self.killed(life)


def told(value: object) -> str:
    """A result in the trace: only what is the same in every run."""
    if isinstance(value, bool | int | str):
        return f" {value}"
    is_new, evidence = getattr(value, "is_new", None), getattr(value, "evidence", None)
    if is_new is None or evidence is None:
        return ""
    return f" {'new' if is_new else 'there'} {evidence.number} {evidence.effect}"

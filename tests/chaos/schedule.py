"""What is due when, on the campaign's clock: everybody's tasks in the order of their times, some of
them side by side."""

import heapq
import json
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from itertools import count
from typing import Any, NamedTuple

from tests.chaos.faults import Rates
from tests.chaos.fleet import Fleet
from tests.chaos.shared import Log, SharedClock

IN_FLIGHT = 16
# While anything is on its way the clock moves in small steps, as it would by itself.
LARGEST_STEP = 3.0
WAIT_SECONDS = 30.0


class Answer(NamedTuple):
    """What a worker answered; status 0: it did not."""

    status: int
    body: bytes = b""

    def json(self) -> Any:
        return json.loads(self.body)


NO_ANSWER = Answer(0)


@dataclass
class Stage:
    """What every task needs of the campaign."""

    fleet: Fleet
    clock: SharedClock
    log: Log
    rates: Rates
    chance: random.Random
    # Whether the feed stays behind what is recorded.
    stays_behind: bool = False

    def kill_sometimes(self) -> None:
        if self.chance.random() < self.rates.killed:
            self.log.write("fault", kind="SIGKILL from outside")
            self.fleet.kill(self.chance)


@dataclass(kw_only=True)
class Task(ABC):
    """Something that is due. `is_background`: nobody waits for it to be over."""

    due: float
    is_background: bool = False
    port: int = 0

    def prepare(self, stage: Stage) -> None:
        """In the order of the clock: which worker it is for."""
        stage.kill_sometimes()
        self.port = stage.fleet.port(stage.chance)

    @abstractmethod
    def run(self, stage: Stage) -> Iterable["Task"]:
        """Beside others; what is due because of it, perhaps itself again."""

    def ask(
        self,
        method: str,
        target: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = WAIT_SECONDS,
    ) -> Answer:
        """What the worker answers; a worker that is gone answers nothing."""
        content = (
            body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        )
        return ask(self.port, method, target, content, headers, seconds)


def ask(
    port: int,
    method: str,
    target: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    seconds: float = WAIT_SECONDS,
) -> Answer:
    connection = HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request(method, target, body, dict(headers or {}))
        response = connection.getresponse()
        return Answer(response.status, response.read())
    except (OSError, HTTPException):
        return NO_ANSWER
    finally:
        connection.close()


def _run(task: Task, stage: Stage) -> list[Task]:
    return list(task.run(stage))


@dataclass
class Schedule:
    """Runs tasks. `more` gives those that arise while others run."""

    stage: Stage
    more: Callable[[], Iterable[Task]] = tuple
    _waiting: list[tuple[float, int, Task]] = field(default_factory=list)
    _order: "count[int]" = field(default_factory=count)
    _pending: int = 0

    def add(self, tasks: Iterable[Task]) -> None:
        for task in tasks:
            self._pending += not task.is_background
            heapq.heappush(self._waiting, (task.due, next(self._order), task))

    def run(self) -> None:
        """Until only what goes on for ever is left."""
        on_the_way: dict[Future[list[Task]], Task] = {}
        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            self.add(self.more())
            while self._pending:
                while self._may_start(len(on_the_way)):
                    due, _, task = heapq.heappop(self._waiting)
                    self.stage.clock.advance(due)
                    task.prepare(self.stage)
                    on_the_way[pool.submit(_run, task, self.stage)] = task
                done, _ = wait(on_the_way, return_when=FIRST_COMPLETED)
                for each in done:
                    self.add(each.result())
                    self._pending -= not on_the_way.pop(each).is_background
                self.add(self.more())
            self.add(again for each in on_the_way for again in each.result())

    def _may_start(self, on_the_way: int) -> bool:
        if not self._waiting or on_the_way >= IN_FLIGHT:
            return False
        return not on_the_way or self._waiting[0][0] - self.stage.clock.seconds <= LARGEST_STEP

"""One history, played: the app's own code in several processes, everything around it simulated."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import cast

from optout.domain.enums import ProbablePolicy, ReviewVerdict
from optout.domain.errors import OptoutError, Refusal, Retryable
from optout.domain.model import Unfinished
from optout.operations.transfer.rows import ImportedRow
from optout.programs.directory import Directory
from optout.store import codec
from optout.store.protocol import Store
from tests.simulate.choices import Choices, Spans, Value
from tests.simulate.consumers import Consumers
from tests.simulate.effects import Effects
from tests.simulate.ending import findings
from tests.simulate.expected import Operations
from tests.simulate.faults import Faults
from tests.simulate.lines import REACHES_FROM
from tests.simulate.operations import FORMERLY, POLICIES, Operation, moment
from tests.simulate.outside import Acs, Queue
from tests.simulate.own import SimulatedQueue
from tests.simulate.plan import History, Plan, drawn
from tests.simulate.process import ACTOR, Process
from tests.simulate.remains import Remains
from tests.simulate.scheduler import Killed, Life, Scheduler, Violation
from tests.simulate.stores import Disturbed, InFile, InMemory, InTables, Storage
from tests.simulate.watch import Watch
from tests.support.world import CONTOSO

STORES = ("model", "sqlite", "tables")
# When Event Grid, and whoever enters a change, comes again.
BACK_OFF = (10_000, 30_000, 60_000, 300_000, 600_000)
# `functionTimeout` of host.json: what runs for longer is ended with its process.
TIME_OUT = 60_000
# What happens between two steps that are no effects of their own: reading the clock, for one.
MEANWHILE = Spans(0, 92, (1, 50, 5), (50, 2_000, 3))

Work = Callable[[Process], object]


@dataclass(frozen=True)
class Outcome:
    """What became of a history: what is wrong, if anything, and what was chosen. `digest` is that of
    its trace."""

    history: History
    problem: str | None
    trace: list[str]
    digest: str
    effects: int

    @property
    def kind(self) -> str | None:
        """The check that found something."""
        return self.problem.partition(":")[0] if self.problem else None


def simulate(seed: int, store: str) -> Outcome:
    """Draw a history from its seed, and play it."""
    return _play(drawn(seed, store), Choices.drawn(seed))


def replay(history: History) -> Outcome:
    """Play a history as it was."""
    return _play(history.plan, Choices(None, history.choices))


def _play(plan: Plan, choices: Choices) -> Outcome:
    simulation = Simulation(plan, choices)
    problem = None
    with _quiet():
        try:
            simulation.run()
        except Violation as found:
            problem = str(found)
        finally:
            simulation.close()
    made: dict[str, Value] = choices.made
    scheduler = simulation.scheduler
    return Outcome(
        History(plan, made), problem, scheduler.trace, scheduler.digest(), simulation.effects.count
    )


class Simulation:
    """All that is in a history."""

    def __init__(self, plan: Plan, choices: Choices) -> None:
        self._choices = choices
        self._plan = plan
        self.scheduler = Scheduler()
        self.effects = Effects(self.scheduler, choices, Faults(plan))
        self.operations = Operations(plan.operations)
        self.watch = Watch(self.scheduler, self.operations, plan.skew)
        self._storage = self._opened(plan.store)
        self.watch.plain, self.watch.newest = self._storage.plain, self._storage.newest
        self.effects.done, self.effects.killed = self.watch.changed, self._replace
        self.acs = Acs(self.scheduler, choices, self.effects, self.watch.check_sms, self._report)
        is_prompt = plan.roughness == "calm"
        self.queue = Queue(self.scheduler, choices, self.effects, self._finish, is_prompt=is_prompt)
        self.consumers = Consumers(self.scheduler, self.effects)
        self._owed: set[str] = set()
        self._processes = [self._started(f"P{n}.0", skew) for n, skew in enumerate(plan.skews)]
        self._skews = plan.skews

    def _opened(self, store: str) -> Storage:
        if store == "sqlite":
            return InFile(self.scheduler, self.effects)
        if store == "tables":
            return InTables(self.scheduler, self.effects)
        return InMemory(self.scheduler, self._choices, self.effects, self._meanwhile)

    def _started(self, name: str, skew: int) -> Process:
        def clock() -> datetime:
            self._meanwhile()
            return moment(self.scheduler.now + skew)

        store = cast(Store, Disturbed(self._storage, self.watch))
        # It reads the clock while it has its lock: nobody goes on then.
        own = SimulatedQueue(store, lambda: moment(self.scheduler.now + skew), self.scheduler)
        has_own = self._plan.queue == "own"
        process = Process(
            name,
            directory(),
            store,
            self.acs,
            self.consumers.topic,
            own if has_own else self.queue,
            clock,
            timer=lambda: self.scheduler.now / 1000,
        )
        if has_own:
            own.begin(process, lambda work: self._finish_own(process, work))
        return process

    def _meanwhile(self) -> None:
        name = f"{self.scheduler.name} meanwhile"
        if waits := self._choices.milliseconds(name, MEANWHILE):
            self.scheduler.pause(waits)

    def _replace(self, gone: Life) -> None:
        """A process was killed: another one takes its place."""
        place = next(n for n, each in enumerate(self._processes) if each is gone)
        name, _, life = gone.name.partition(".")
        self._processes[place] = self._started(f"{name}.{int(life) + 1}", self._skews[place])

    # --- deliveries ---

    def run(self) -> None:
        for each in self.operations.all:
            for copy, due in enumerate(each.deliveries):
                self._deliver(f"{each.kind} {each.number}.{copy}", each.number, due, self._work(each))
        self.scheduler.run()
        if self._owed:
            raise Violation(f"acknowledged: never: {sorted(self._owed)}")
        for item in self._storage.plain.all_evidence(1_000, None):
            self.scheduler.trace.append(codec.dump(item))
        remains = Remains(
            self._plan,
            self.operations,
            self._storage.plain,
            directory(),
            self.watch,
            self.acs,
            self.consumers,
            self.effects.failed_of,
        )
        for finding in findings(remains):
            raise Violation(finding)

    def _deliver(self, name: str, about: int | None, due: int, work: Work, attempt: int = 0) -> None:
        """At its time a process takes it; what fails or is killed comes again."""
        self._owed.add(name)
        person = self.operations.by_number[about].person if about is not None else None

        def run() -> None:
            task = self.scheduler.task
            number = self._choices.number(f"{task.name} process", len(self._processes))
            process = self._processes[number]
            task.life, task.ends = process, self.scheduler.now + TIME_OUT
            self.scheduler.say(f"begins in {process.name}")
            try:
                result = work(process)
                self.watch.finished(process.name, person)
            except (Retryable, Killed) as problem:
                if not self.scheduler.is_over:
                    self._check_refused(task.name, problem)
                    self.scheduler.say(f"fails: {type(problem).__name__}")
                    self.effects.failed_of.setdefault(about, set()).add("process")
                    again = self.scheduler.now + BACK_OFF[min(attempt, len(BACK_OFF) - 1)]
                    self._deliver(name, about, again, work, attempt + 1)
            except OptoutError:
                raise
            except Exception as problem:
                raise Violation(f"errors: {type(problem).__name__}: {problem}") from problem
            else:
                self.scheduler.say(f"done: {result}")
                self._owed.discard(name)

        self.scheduler.start(f"{name}.{attempt}", about, due, run)

    def _check_refused(self, name: str, problem: BaseException) -> None:
        """Rule 8: nothing waits for ACS or the topic, so that nothing fails for them."""
        failed = self.effects.failed.get(name, set())
        if isinstance(problem, Retryable) and not failed & {"store", "request", "queue"}:
            raise Violation(f"acknowledged: {name} is not: {type(problem).__name__}: {problem}")

    def _report(self, name: str, due: int, event: str) -> None:
        """A delivery report of ACS about an SMS of ours."""
        self._deliver(
            name, self.scheduler.task.about, due, lambda process: process.events.handle(event)
        )

    def _finish(self, name: str, due: int, work: Unfinished) -> None:
        """A message of the queue, handed over."""
        about = self.scheduler.task.about
        self._deliver(name, about, due, lambda process: process.finisher.finish(work))

    def _finish_own(self, process: Process, work: Unfinished) -> None:
        """What a process finishes by itself."""
        item = self._storage.plain.find(work.recipient, work.evidence_id)
        operation = self.operations.of(item) if item else None
        self.scheduler.task.about = operation.number if operation else None
        process.finisher.finish(work)

    def _work(self, operation: Operation) -> Work:
        """An operation, as its caller would make it of a process."""
        match operation.kind:
            case "manual":
                return lambda process: _refusable(lambda: self._change(operation, process))
            case "link":
                return lambda process: process.tap(operation)
            case "import":
                return lambda process: self._import(operation, process)
            case "verdict":
                return lambda process: _refusable(lambda: self._judge(operation, process))
            case "poll":
                return lambda process: self._poll(operation, process)
            case "check":
                return lambda process: self._check(operation, process)
        event = operation.event()
        return lambda process: process.events.handle(event)

    def _change(self, operation: Operation, process: Process) -> object:
        changed = process.changes.record(
            process.target(operation),
            operation.person,
            out=bool(operation.out),
            actor=ACTOR,
            reason=str(operation.number),
            at=operation.time if operation.clock == "own" else None,
            key=f"key {operation.number}" if operation.key else None,
        )
        return changed.effect

    def _import(self, operation: Operation, process: Process) -> object:
        with process.importer(operation) as importing:
            row = ImportedRow(operation.person, operation.time, bool(operation.out))
            return sorted(importing.record([row]).items())

    def _judge(self, operation: Operation, process: Process) -> object:
        verdict = ReviewVerdict(operation.says)
        judged = next(
            (
                item.id
                for item in self._storage.plain.timeline(operation.person)
                if item.verdict is None
                and (other := self.operations.of(item)) is not None
                and other.number == operation.about
            ),
            "nothing",
        )
        return process.reviews.judge(judged, verdict, ACTOR, str(operation.number)).effect

    def _poll(self, operation: Operation, process: Process) -> object:
        name, how = operation.says.split()
        limit = 1 + operation.at % 3
        return self.consumers.poll(name, process.store, limit, restarts=how == "restarts")

    def _check(self, operation: Operation, process: Process) -> object:
        asked = self.watch.asks(process.name, operation.person)
        sender = process.directory.sender(operation.sender)
        (answer,) = process.checks.check(sender, [operation.person])
        self.watch.check_answer(operation, asked, answer.suppressed)
        return answer.suppressed

    def close(self) -> None:
        self.scheduler.close()
        self._storage.close()


def _refusable(work: Callable[[], object]) -> object:
    """What a caller is told: also where it is no."""
    try:
        return work()
    except Refusal as problem:
        return type(problem).__name__


@cache
def directory() -> Directory:
    """Contoso's programs, some of which do not take other words for a request at once; and others."""
    own = Directory.load(Path(__file__).with_name("programs.toml"))
    senders = {
        name: replace(
            sender,
            probable=ProbablePolicy(POLICIES.get(sender.list, "suppress")),
            formerly=tuple(FORMERLY[sender.list] for _ in "1" if sender.list in FORMERLY),
        )
        for name, sender in CONTOSO.senders.items()
    }
    for name, sender in own.senders.items():
        begins = moment(REACHES_FROM[name]) if name in REACHES_FROM else None
        senders[name] = replace(sender, everything_from=begins)
    return Directory(senders, others=own.others)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without a log: what it says is not looked at."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)

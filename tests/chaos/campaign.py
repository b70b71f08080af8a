"""One campaign: the plan, the processes, everything that fails, and what the oracle finds."""

import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from optout import settings as product
from optout.store.protocol import Store
from tests.chaos import agreement, closing, consumers, desk, oracle
from tests.chaos.broken import FORMULAS
from tests.chaos.consumers import Pushes
from tests.chaos.expected import POLICIES
from tests.chaos.faults import CALM, NEVER, AcsFaults, Rates, TopicFaults, Window
from tests.chaos.fleet import Fleet, Worker
from tests.chaos.grid import DeliveryReports, EventGrid
from tests.chaos.plan import SECONDS_A_MESSAGE, plan
from tests.chaos.queue_host import QueueHost
from tests.chaos.remains import Remains
from tests.chaos.schedule import Schedule, Stage, Task
from tests.chaos.shared import Log, SharedClock
from tests.chaos.worker import BEHIND_SECONDS, Job
from tests.support.acs import LoopbackAcs
from tests.support.places import Place
from tests.support.topic import LoopbackTopic

# How the clock goes on when nothing comes any more: while replies are still due in small steps, then,
# while announcements wait for their next attempt, in large ones.
QUIET_STEPS = (*(15.0,) * 40, *(600.0,) * 60)
QUIET_PAUSE = 0.06
# The messages of a queue come back by the clock of this machine.
QUEUE_PAUSE = 0.5


@dataclass(frozen=True)
class Settings:
    """What a campaign is made of; `broken` names a rule to break on purpose."""

    seed: int
    messages: int = 20_000
    workers: int = 4
    people: int | None = None
    # How much more than usual is entered by hand.
    entered: float = 1.0
    rates: Rates = field(default_factory=Rates)
    broken: str | None = None
    # How many seconds there are for a message, and when ACS and the topic are away.
    pace: float = SECONDS_A_MESSAGE
    away: Window = NEVER
    # Of a queue service, for a store that cannot say what is pending.
    queue: str | None = None


@dataclass
class Outcome:
    """What was injected and what was found."""

    settings: Settings
    injected: Counter[str]
    statuses: Counter[str]
    figures: dict[str, float]
    violations: Sequence[str] = field(default_factory=list)
    # By consumer and kind of disagreement.
    followed: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)


def run(settings: Settings, place: Place, folder: Path) -> Outcome:
    """A whole campaign in an empty place; its log is kept in the folder."""
    return Campaign(settings, place, folder).run()


@dataclass
class Campaign:
    """The parts of a campaign, while it runs."""

    settings: Settings
    place: Place
    folder: Path

    def __post_init__(self) -> None:
        given = self.settings
        self.planned = plan(given.seed, given.messages, given.people, given.entered, given.pace)
        self.clock, self.log = SharedClock(self.folder / "clock"), Log(self.folder / "log")
        self.following = consumers.everybody(given.seed)
        if given.broken in FORMULAS:
            for consumer in self.following:
                consumer.formula = FORMULAS[given.broken]
        self.grid = EventGrid()
        # What else is due.
        self.extra: list[Task] = []
        self.stack = ExitStack()

    def chance(self, name: str) -> random.Random:
        return random.Random(f"{self.settings.seed}-{name}")

    def run(self) -> Outcome:
        with self.stack:
            self._begin()
            self._play()
            self._calm_down()
            return self._look()

    def _begin(self) -> None:
        rates = self.settings.rates
        self.acs = self.stack.enter_context(LoopbackAcs(self.clock))
        self.topic = self.stack.enter_context(LoopbackTopic())
        self.acs_faults = AcsFaults(self.chance("acs"), self.log, self.clock, rates)
        self.topic_faults = TopicFaults(self.chance("topic"), self.log, self.clock, rates)
        self.acs_faults.away = self.topic_faults.away = self.settings.away
        self.acs.fail_with(self.acs_faults)
        self.topic.fail_with(self.topic_faults)
        self.topic.hang_seconds = 0.4
        self.job = Job(
            self.folder,
            self.place,
            self._environment(),
            self.settings.seed,
            rates,
            self.settings.broken,
        )
        self.fleet = self.stack.enter_context(Fleet(self.job, self.settings.workers))
        self.host = None
        if self.settings.queue:
            host = QueueHost(self.settings.queue, self.fleet, self.chance("queue"))
            self.host = self.stack.enter_context(host)
        self.reports = DeliveryReports(self.acs, self.clock, self.chance("reports"))
        self.pushes = Pushes(self.topic.events, self.following, self.chance("pushes"))
        stage = Stage(self.fleet, self.clock, self.log, rates, self.chance("grid"))
        stage.stays_behind = bool(self.place.connection_string)
        self.schedule = Schedule(stage, self._new)

    def _environment(self) -> dict[str, str]:
        programs = self.folder / "programs.toml"
        programs.write_text(_programs())
        given = {
            "OPTOUT_PROGRAMS": str(programs),
            "OPTOUT_ACS_ENDPOINT": self.acs.endpoint,
            "OPTOUT_ACS_KEY": self.acs.key,
            "OPTOUT_TOPIC_ENDPOINT": self.topic.endpoint,
            "OPTOUT_TOPIC_KEY": self.topic.key,
        }
        if self.settings.queue:
            given[product.QUEUE] = self.settings.queue
        if self.place.connection_string:
            given["OPTOUT_STORE"] = "tables"
            given["OPTOUT_TABLES_CONNECTION_STRING"] = self.place.connection_string
        return given

    def _new(self) -> Iterator[Task]:
        """What has arisen: reports of our replies, pushes of what the topic took."""
        yield from map(self.grid.delivery, self.reports.new())
        yield from self.pushes.new(self.clock.seconds)

    def _play(self) -> None:
        self.schedule.add(map(self.grid.delivery, self.planned.posts))
        self.schedule.add(desk.calls(self.planned.acts))
        messages = len(self.planned.messages)
        self.schedule.add(desk.staff(self.settings.seed, self.people, messages, self.planned.span))
        for consumer in self.following:
            if consumer.by_feed:
                self.schedule.add([consumers.Poll(due=5.0, consumer=consumer, is_background=True)])
        self.schedule.add(self.extra)
        self.schedule.run()

    def _calm_down(self) -> None:
        """Until nothing is pending: outages end, nobody new asks for anything, and time goes on."""
        self.acs_faults.is_calm = self.topic_faults.is_calm = True
        store = self.place.open()
        for step in QUIET_STEPS:
            self.fleet.start_all()
            self.schedule.run()
            if not self._is_pending(store):
                break
            self.clock.advance(self.clock.seconds + step)
            time.sleep(QUEUE_PAUSE if self.host else QUIET_PAUSE)
        self.schedule.run()
        store.close()

    def _is_pending(self, store: Store) -> bool:
        if self.host is not None:
            return self.host.waiting > 0
        return bool(closing.patiently(store.pending))

    def _look(self) -> Outcome:
        """What the consumers hold, and what each operation says, where nothing fails."""
        calm = Worker(replace(self.job, rates=CALM, number=self.settings.workers))
        self.stack.callback(calm.kill)
        if self.host is not None:
            # The feed on tables stays behind.
            time.sleep(BEHIND_SECONDS + 1)
        for consumer in self.following:
            consumers.catch_up(consumer, calm.port())
        remains = closing.remains(self.place, self.planned, self.acs, self.topic, self.log)
        reader = agreement.Reader(calm.port())
        disagreements = list(agreement.violations(remains, reader))
        followed = {
            each.name: consumers.disagreements(each, remains.states, remains.imported)
            for each in self.following
        }
        return self._outcome(remains, disagreements, followed)

    @property
    def people(self) -> list[str]:
        return list(dict.fromkeys(message.person for message in self.planned.messages))

    def _outcome(
        self,
        remains: Remains,
        disagreements: Sequence[str],
        followed: Mapping[str, Mapping[str, Sequence[str]]],
    ) -> Outcome:
        violations = [
            *(f"given up: {post.events}" for post in self.grid.given_up),
            *(f"put aside: {text}" for text in (self.host.put_aside if self.host else ())),
            *oracle.violations(remains),
            *disagreements,
            *(
                f"consumers: {name} {kind}: {problem}"
                for name, kinds in followed.items()
                for kind, problems in kinds.items()
                for problem in problems
            ),
        ]
        self.remains = remains
        return Outcome(
            self.settings,
            remains.faults,
            closing.statuses(remains),
            closing.figures(remains, self.grid, self.fleet.restarts, self.host),
            violations,
            followed,
        )


def _programs() -> str:
    """Contoso's programs, with policies for probable requests by program and country."""
    text = (product.ROOT / "programs.toml").read_text("utf-8")
    for name, policy in POLICIES.items():
        text = text.replace(f'list = "{name}"\n', f'list = "{name}"\n\n{policy}', 1)
    return text

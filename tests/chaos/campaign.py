"""One campaign: the plan, the processes, everything that fails, and what the oracle finds."""

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from optout.domain.enums import ScopeKind
from optout.domain.errors import StoreAway
from optout.domain.model import EVERYTHING, Consents, Scope
from optout.store.protocol import Store
from tests.chaos import oracle
from tests.chaos.expected import LINES
from tests.chaos.faults import AcsFaults, Rates
from tests.chaos.fleet import Fleet
from tests.chaos.grid import EventGrid
from tests.chaos.plan import Plan, Post, plan
from tests.chaos.remains import Remains
from tests.chaos.shared import Log, SharedClock
from tests.chaos.worker import Job
from tests.support.acs import LoopbackAcs
from tests.support.payloads import report_event
from tests.support.places import Place

Found = TypeVar("Found")

REPORTED_SHARE = 0.3
SCOPES = (
    *(Scope(ScopeKind.SENDER, sender) for sender in LINES),
    *dict.fromkeys(Scope(ScopeKind.LIST, line.list) for line in LINES.values()),
    EVERYTHING,
)


@dataclass(frozen=True)
class Settings:
    """What a campaign is made of; `broken` names a rule to break on purpose."""

    seed: int
    messages: int = 20_000
    workers: int = 4
    people: int | None = None
    rates: Rates = field(default_factory=Rates)
    broken: str | None = None


@dataclass
class Outcome:
    """What was injected and what was found."""

    settings: Settings
    injected: Counter[str]
    statuses: Counter[str]
    figures: dict[str, float]
    violations: Sequence[str] = field(default_factory=list)


def run(settings: Settings, place: Place, folder: Path) -> Outcome:
    """A whole campaign in an empty place; its log is kept in the folder."""
    planned = plan(settings.seed, settings.messages, settings.people)
    clock, log = SharedClock(folder / "clock"), Log(folder / "log")
    chance = random.Random(f"{settings.seed}-grid")
    with LoopbackAcs(clock) as acs:
        acs.fail_with(AcsFaults(random.Random(f"{settings.seed}-acs"), log, clock, settings.rates))
        given = {"OPTOUT_ACS_ENDPOINT": acs.endpoint, "OPTOUT_ACS_KEY": acs.key}
        job = Job(folder, place, given, settings.seed, settings.rates, settings.broken)
        with Fleet(job, settings.workers) as fleet:
            reports = DeliveryReports(acs, clock, random.Random(f"{settings.seed}-reports"))
            grid = EventGrid(fleet, clock, log, settings.rates, chance, reports.new)
            grid.deliver(planned.posts)
            restarts = fleet.restarts
        remains = _remains(place.open(), planned, acs, log)
    return _outcome(settings, remains, grid, restarts)


@dataclass
class DeliveryReports:
    """Some of our own replies are reported as delivered, a little later."""

    acs: LoopbackAcs
    clock: SharedClock
    chance: random.Random
    seen: int = 0

    def new(self) -> Iterator[Post]:
        accepted = self.acs.messages[self.seen :]
        self.seen += len(accepted)
        for sms in accepted:
            if self.chance.random() < REPORTED_SHARE:
                at = self.clock()
                event = report_event(
                    "2000: No error.", status="Delivered", from_=sms.sender, to=sms.recipient, at=at,
                    attempts=[at], tag=sms.tag, message_id=sms.id,
                )  # fmt: skip
                yield Post(self.clock.seconds + self.chance.uniform(0, 90), (event,))


def _remains(store: Store, planned: Plan, acs: LoopbackAcs, log: Log) -> Remains:
    people = list(dict.fromkeys(message.person for message in planned.messages))

    def consents(person: str) -> Consents:
        return store.lookup([person], SCOPES).get(person, {})

    remains = Remains(
        plan=planned,
        histories={person: _patiently(partial(store.timeline, person)) for person in people},
        consents={person: _patiently(partial(consents, person)) for person in people},
        quarantined=_patiently(lambda: list(_quarantined(store))),
        sms=list(acs.messages),
        rejected=list(acs.rejected),
        log=list(log.read()),
    )
    store.close()
    log.close()
    return remains


def _patiently(read: Callable[[], Found]) -> Found:
    """What a store holds; an emulator that has grown large answers late, and some requests too late."""
    for _ in range(20):
        try:
            return read()
        except StoreAway:
            time.sleep(0.5)
    return read()


def _quarantined(store: Store) -> Iterator[str]:
    """The ids of the events in quarantine."""
    after = None
    while True:
        page = store.list_quarantine(100, after)
        yield from (str(json.loads(event.body)["id"]) for event in page.items)
        if page.after is None:
            return
        after = page.after


def _outcome(settings: Settings, remains: Remains, grid: EventGrid, restarts: int) -> Outcome:
    planned = remains.plan
    statuses = Counter(
        str(evidence.reply.status)
        for evidence, message in remains.by_id.values()
        if evidence.reply is not None and message.is_keyword
    )
    lost = [f"given up: {post.events}" for post in grid.given_up]
    figures = {
        "messages": len(planned.messages),
        "people": len(remains.of_person),
        "events delivered": sum(len(post.events) for post in planned.posts),
        "malformed events": len(planned.malformed),
        "events of other types": planned.ignored,
        "POSTs": grid.posted,
        "POSTs that failed and came again": grid.failed,
        "processes started again": restarts,
        "records": sum(map(len, remains.histories.values())),
        "attempts to send": len(remains.attempts),
        "SMS received": len(remains.sms),
        "seconds from the decision to the last answer, at most": round(remains.slowest, 1),
    }
    violations = [*lost, *oracle.violations(remains)]
    return Outcome(settings, remains.faults, statuses, figures, violations)


def table(title: str, rows: Iterable[tuple[str, float]]) -> str:
    """Rows under a title, as text."""
    lines = (f"  {number:>9,}  {name}" for name, number in rows)
    return "\n".join((title, *lines))


def report(outcome: Outcome, longest: int = 20) -> str:
    """What was injected and what was found, as text."""
    kinds = Counter(violation.partition(":")[0] for violation in outcome.violations)
    parts = [
        table("what happened", outcome.figures.items()),
        table("what was injected", sorted(outcome.injected.items())),
        table("what became of the replies", outcome.statuses.most_common()),
        table("violations", kinds.items()) if kinds else "no violations",
        *outcome.violations[:longest],
    ]
    return "\n".join(parts)

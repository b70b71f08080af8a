"""Event Grid as the campaign plays it: POSTs, back-off, redelivery of the whole POST."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.chaos.plan import Post
from tests.chaos.schedule import WAIT_SECONDS, Stage, Task
from tests.chaos.shared import SharedClock
from tests.support.acs import LoopbackAcs
from tests.support.client import NOTIFICATION, WEBHOOK
from tests.support.payloads import report_event

# Event Grid's own back-off and attempts. On the campaign's clock they need not be shortened.
BACK_OFF_SECONDS = (10, 30, 60, 300, 600, 1800, 3600)
ATTEMPTS = 30
IMPATIENT_SECONDS = 0.03
REPORTED_SHARE = 0.3


@dataclass
class EventGrid:
    """What became of the posts. `first_failed` are the statuses of first deliveries that failed."""

    given_up: list[Post] = field(default_factory=list)
    posted: int = 0
    failed: int = 0
    first_failed: list[int] = field(default_factory=list)

    def delivery(self, post: Post) -> "Delivery":
        return Delivery(due=post.due, grid=self, post=post)


@dataclass(kw_only=True)
class Delivery(Task):
    """One attempt to deliver a post."""

    grid: EventGrid
    post: Post
    seconds: float = WAIT_SECONDS

    def prepare(self, stage: Stage) -> None:
        super().prepare(stage)
        self.grid.posted += 1
        self.seconds = WAIT_SECONDS
        if stage.chance.random() < stage.rates.abandoned:
            stage.log.write("fault", kind="Event Grid: stops waiting")
            self.seconds = IMPATIENT_SECONDS

    def run(self, stage: Stage) -> Iterable[Task]:
        body = f"[{','.join(self.post.events)}]".encode()
        status = self.ask("POST", WEBHOOK, body, NOTIFICATION, self.seconds).status
        if status == 202:
            return
        if not self.post.attempts:
            self.grid.first_failed.append(status)
        self.grid.failed += 1
        back_off = BACK_OFF_SECONDS[min(self.post.attempts, len(BACK_OFF_SECONDS) - 1)]
        self.post.attempts += 1
        if self.post.attempts >= ATTEMPTS:
            self.grid.given_up.append(self.post)
            return
        self.due = stage.clock.seconds + back_off
        yield self


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

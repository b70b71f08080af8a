"""What goes wrong, and notes of what was attempted: around the store, around sending, and inside ACS.

Every fault is written to the log before it happens, so that a kill loses none.
"""

import os
import random
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

from optout.azure.sms import Outcome, ReplySender
from optout.domain.errors import StoreAway
from optout.domain.model import Reply
from optout.operations.reply_delivery import REPLY_TAG
from tests.chaos.shared import Log, SharedClock
from tests.support.acs import Failure

READS = (
    "timeline", "find", "lookup", "consents", "snapshot", "changes", "pending", "history", "list_out",
    "journal", "counts", "list_reviews", "find_review", "all_evidence", "list_quarantine", "generation",
)  # fmt: skip
WRITES = ("update", "insert_first", "settle_reply", "settle_announcement", "quarantine")


@dataclass(frozen=True)
class Rates:
    """How often each fault happens: of the store's operations, of requests to tables, to the queue, to
    ACS and to the topic, of whatever a worker is asked."""

    store_before: float = 0.012
    store_after: float = 0.015
    store_slow: float = 0.003
    killed_inside: float = 0.0006
    wire: float = 0.05
    acs: float = 0.1
    acs_outage: float = 0.85
    topic: float = 0.12
    topic_outage: float = 1.0
    killed: float = 0.004
    abandoned: float = 0.02


CALM = Rates(*[0.0] * len(fields(Rates)))
SLOW_SECONDS = 0.08
# ACS is down for a while, again and again, so that answers expire and attempts stay in doubt.
OUTAGE_EVERY_SECONDS = 900
OUTAGE_SECONDS = 330
# The topic refuses everything: again and again for some minutes, now and then for most of an hour, and
# with 401 for as long as somebody has changed its key.
TOPIC_OUTAGES = ((400, 150, 300), (10_000, 3000, 5600))
WRONG_KEY = (1300, 900, 1000)
# Longer than the worker waits for an answer of ACS or of the topic.
HANG_SECONDS = 0.4

# From when until when somebody is away altogether, in seconds of the campaign.
Window = tuple[float, float]
NEVER: Window = (0.0, 0.0)
READ_SECONDS = 0.2


@dataclass
class Basis:
    """What a thread last saw of the store: when it began to read, and what it recorded with that."""

    real: float = 0.0
    clock: float = 0.0
    recorded: str | None = None


class _Local(threading.local):
    def __init__(self) -> None:
        self.basis = Basis()


@dataclass
class Witness:
    """Writes down what one worker does; `local` keeps what each of its threads last saw."""

    log: Log
    clock: SharedClock
    local: _Local = field(default_factory=_Local)

    @property
    def basis(self) -> Basis:
        return self.local.basis

    def saw(
        self, name: str, real: float, clock: float, arguments: tuple[Any, ...], result: Any
    ) -> None:
        """An operation of the store that has succeeded."""
        if name in ("consents", "snapshot"):
            self.local.basis = Basis(real, clock)
        elif name == "update":
            new = result.evidence.id if result.is_new else None
            self.local.basis = Basis(real, clock, new)
            if new:
                self.log.write("record", id=new, began=real, clock=clock)
        elif name == "settle_reply":
            evidence, reply = arguments
            self.log.write("settle", id=evidence.id, status=reply.status, clock=clock)


@dataclass
class FaultyStore:
    """A store that fails at random: before the operation, after it, slowly, or by a kill."""

    store: Any
    witness: Witness
    rates: Rates
    chance: random.Random

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self.store, name)
        return self._around(name, operation) if name in READS + WRITES else operation

    def _around(self, name: str, operation: Callable[..., Any]) -> Callable[..., Any]:
        def faulty(*arguments: Any) -> Any:
            self._slow(name)
            self._killed(f"before {name}")
            self._away(f"before {name}", self.rates.store_before)
            real, clock = time.monotonic(), self.witness.clock.seconds
            result = operation(*arguments)
            self.witness.saw(name, real, clock, arguments, result)
            if name in WRITES:
                self._killed(f"after {name}")
                self._away(f"after {name}", self.rates.store_after)
            return result

        return faulty

    def _happens(self, share: float, fault: str) -> bool:
        happens = self.chance.random() < share
        if happens:
            self.witness.log.write("fault", kind=fault)
        return happens

    def _slow(self, name: str) -> None:
        if self._happens(self.rates.store_slow, f"store: slow {name}"):
            time.sleep(SLOW_SECONDS)

    def _away(self, where: str, share: float) -> None:
        if self._happens(share, f"store: error {where}"):
            raise StoreAway(f"injected: {where}")

    def _killed(self, where: str) -> None:
        if self._happens(self.rates.killed_inside, f"SIGKILL {where}"):
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class WitnessedReplies:
    """Notes each attempt to send, and on what sight of the store it was made."""

    replies: ReplySender
    witness: Witness

    def send(self, sender: str, recipient: str, reply: Reply, tag: str) -> Outcome:
        evidence, basis = tag.removeprefix(REPLY_TAG), self.witness.basis
        clock = self.witness.clock
        self.witness.log.write(
            "attempt",
            id=evidence,
            clock=clock.seconds,
            basis=basis.real,
            seen=basis.clock,
            first=basis.recorded == evidence,
        )
        outcome = self.replies.send(sender, recipient, reply, tag)
        self.witness.log.write("answer", id=evidence, sending=outcome.sending.name, clock=clock.seconds)
        return outcome

    def close(self) -> None:
        self.replies.close()


def _acs_failures() -> dict[str, tuple[int, Callable[[random.Random], Failure]]]:
    return {
        "429": (20, lambda _: Failure.status(429)),
        "429 with Retry-After": (15, lambda chance: Failure.status(429, chance.choice((1, 3, 8)))),
        "500": (15, lambda _: Failure.status(500)),
        "503": (5, lambda _: Failure.status(503)),
        "500 after accepting": (5, lambda _: Failure.accept_then_status(500)),
        "connection dropped": (8, lambda _: Failure.drop()),
        "connection dropped after accepting": (8, lambda _: Failure.accept_then_drop()),
        "time-out": (2, lambda _: Failure.hang(HANG_SECONDS)),
        "time-out after accepting": (4, lambda _: Failure.accept_then_hang(HANG_SECONDS)),
        "slow": (2, lambda _: Failure.process_slowly(HANG_SECONDS)),
        "429 inside a 202": (7, lambda _: Failure.recipient(429, "too many requests")),
        "500 inside a 202": (5, lambda _: Failure.recipient(500, "internal error")),
        "400 inside a 202": (2, lambda _: Failure.recipient(400, "invalid recipient")),
    }


TOPIC_FAILURES: dict[int | str, int] = {
    400: 2, 401: 2, 429: 10, 500: 20, 503: 10, "drop": 15, "take and drop": 25, "hang": 4,
}  # fmt: skip


@dataclass
class TopicFaults:
    """What the topic does wrong with each request. `is_calm`: no outage comes any more."""

    chance: random.Random
    log: Log
    clock: SharedClock
    rates: Rates
    is_calm: bool = False
    away: Window = NEVER

    def __call__(self) -> int | str | None:
        failure = self._failure()
        if failure is not None:
            self.log.write("fault", kind=f"topic: {failure}")
        return failure

    def _failure(self) -> int | str | None:
        if self.away[0] <= self.clock.seconds < self.away[1]:
            return self.chance.choice((401, 403, 500, 503, "drop"))
        if not self.is_calm and self.rates.topic and self._is_in(WRONG_KEY):
            return 401
        is_outage = not self.is_calm and any(map(self._is_in, TOPIC_OUTAGES))
        if self.chance.random() >= (self.rates.topic_outage if is_outage else self.rates.topic):
            return None
        names = [name for name in TOPIC_FAILURES if not (is_outage and name == "take and drop")]
        return self.chance.choices(names, [TOPIC_FAILURES[name] for name in names])[0]

    def _is_in(self, outage: tuple[int, int, int]) -> bool:
        every, begins, ends = outage
        return begins <= self.clock.seconds % every < ends


class AcsFaults:
    """What ACS does wrong with each request; more of it while it has an outage. `is_calm`: none comes
    any more."""

    is_calm = False
    away: Window = NEVER

    def __init__(self, chance: random.Random, log: Log, clock: SharedClock, rates: Rates) -> None:
        self._chance = chance
        self._log = log
        self._clock = clock
        self._rates = rates
        self._failures = _acs_failures()

    def __call__(self, request: int) -> Failure | None:
        if self.away[0] <= self._clock.seconds < self.away[1]:
            self._log.write("fault", kind="ACS: away")
            return self._chance.choice((Failure.status(503), Failure.drop()))
        in_outage = self._clock.seconds % OUTAGE_EVERY_SECONDS < OUTAGE_SECONDS
        is_outage = in_outage and not self.is_calm
        if self._chance.random() >= (self._rates.acs_outage if is_outage else self._rates.acs):
            return None
        names = list(self._failures)
        (name,) = self._chance.choices(names, [self._failures[name][0] for name in names])
        self._log.write("fault", kind=f"ACS: {name}")
        return self._failures[name][1](self._chance)

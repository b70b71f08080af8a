"""A handler on a real store, with a clock that tests move and a phone that they look at."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from optout import settings
from optout.azure.queue import NotQueued, PendingQueue
from optout.azure.sms import Outcome, ReplySender, Sending
from optout.azure.topic import Publisher
from optout.decisions import consent
from optout.decisions.target import Target
from optout.domain.enums import ReplyStatus
from optout.domain.model import Consents, Decision, Evidence, Inquiry, Recorded, Reply, Unfinished
from optout.operations.changes import Changes
from optout.operations.check import CheckResult, Checks
from optout.operations.handle import EventHandler, Result
from optout.operations.pending import Finisher
from optout.operations.recorder import Recorder
from optout.operations.reply_delivery import ReplyDelivery
from optout.operations.reports import Reports
from optout.operations.reviews import Reviews
from optout.operations.transfer.importing import Importer, ImportPurpose
from optout.programs.directory import Directory
from optout.service import new_id
from optout.store.protocol import Store
from tests.support.in_turn import InTurn
from tests.support.payloads import sms_event
from tests.support.places import Place, file_in

CONTOSO = Directory.load(settings.ROOT / "programs.toml")
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
ALERTS_STOP = "Contoso Alerts: You opted out and will not receive any more messages."
PERSON = "+14255550123"


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Queue:
    """Keeps work until its time has come by a clock, as a queue in Azure Storage does; `is_away` while
    it takes nothing."""

    clock: Clock
    waiting: list[tuple[datetime, Unfinished]] = field(default_factory=list)
    is_away: bool = False

    def put(self, work: Unfinished, delay: timedelta) -> None:
        if self.is_away:
            raise NotQueued("away")
        self.waiting.append((self.clock.now + delay, work))

    def due(self) -> list[Unfinished]:
        """What is due, in its order; it is gone from here."""
        due = sorted(
            (each for each in self.waiting if each[0] <= self.clock.now), key=lambda each: each[0]
        )
        self.waiting = [each for each in self.waiting if each not in due]
        return [work for _, work in due]

    def close(self) -> None:
        pass


@dataclass(frozen=True)
class Sms:
    """What a phone was sent."""

    recipient: str
    sender: str
    text: str
    tag: str


@dataclass
class Phone:
    """Takes replies as ACS does: the same id again is the same SMS. `outcomes` go first."""

    received: list[Sms] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    on_send: Callable[[str, str, Reply], None] = lambda sender, recipient, reply: None
    ids: set[str] = field(default_factory=set)

    def send(self, sender: str, recipient: str, reply: Reply, tag: str) -> Outcome:
        self.on_send(sender, recipient, reply)
        if self.outcomes:
            return self.outcomes.pop(0)
        if str(reply.send_id) not in self.ids:
            self.ids.add(str(reply.send_id))
            self.received.append(Sms(recipient, sender, str(reply.text), tag))
        return Outcome(Sending.TAKEN, ReplyStatus.SENT, message_id=f"sms-{reply.send_id}")

    def close(self) -> None:
        pass


class World:
    """Contoso's service on a store: SQLite in a folder, or what is at another place."""

    def __init__(
        self,
        where: Path | Place,
        *,
        directory: Directory = CONTOSO,
        replies: ReplySender | None = None,
        clock: Clock | None = None,
        publisher: Publisher | None = None,
        queue: PendingQueue | None = None,
        policies: Sequence[Any] = (),
    ) -> None:
        self.clock = clock or Clock()
        self.phone = Phone()
        self.directory = directory
        place = file_in(where) if isinstance(where, Path) else where
        self.store: Store = place.open(*policies)
        self.replies: ReplySender = replies or self.phone
        self.publisher = publisher
        self.queue: Any = queue or Queue(self.clock)
        self.checks = Checks(self.store, 30, time.monotonic)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.store.close()

    @property
    def recorder(self) -> Recorder:
        return Recorder(self.store, self.clock, self.checks.forget, self.publisher, self.queue)

    @property
    def changes(self) -> Changes:
        return Changes(self.directory, self.recorder, new_id)

    @property
    def reviews(self) -> Reviews:
        return Reviews(self.directory, self.recorder)

    @property
    def reports(self) -> Reports:
        return Reports(self.directory, self.recorder)

    @property
    def handler(self) -> EventHandler:
        return EventHandler(self.directory, self.recorder, self.delivery)

    @property
    def delivery(self) -> ReplyDelivery:
        return ReplyDelivery(self.store, self.replies, self.clock, new_id)

    @property
    def finisher(self) -> Finisher:
        return Finisher(self.directory, self.recorder, self.delivery)

    def importer(self, target: Target, *, dry_run: bool = False) -> Importer:
        """An importer without threads: everything in turn."""
        purpose = ImportPurpose(target, "ann", "moved")
        return Importer(self.recorder, purpose, InTurn(), new_id, dry_run=dry_run)

    def receive(
        self,
        text: str,
        to: str = "12345",
        person: str = PERSON,
        *,
        at: datetime | None = None,
        message_id: str | None = None,
    ) -> Evidence:
        """Deliver one message, sent now unless said otherwise; the record it left."""
        event = sms_event(text, to=to, from_=person, at=at or self.clock.now, message_id=message_id)
        assert self.handler.handle(event) is Result.HANDLED
        return self.newest(person)

    def finish(self) -> None:
        """Do what is due of what was left pending."""
        for work in self.queue.due():
            self.finisher.finish(work)

    def newest(self, person: str = PERSON) -> Evidence:
        return self.store.history(person, 1, None).items[0]

    def history(self, person: str = PERSON) -> tuple[Evidence, ...]:
        """All evidence about a person, oldest first."""
        return self.store.timeline(person)

    def check(self, sender: str = "12345", person: str = PERSON) -> CheckResult:
        return self.checks.answers(self.directory.sender(sender.lower()), [person])[person]

    def consents(self, person: str, senders: Sequence[str]) -> Consents:
        """The consents that decide about some senders."""
        scopes = dict.fromkeys(
            scope
            for sender in map(self.directory.sender, senders)
            for scope in consent.sender_scopes(sender)
        )
        return self.store.consents(person, list(scopes))


def write(store: Store, decision: Decision) -> Recorded:
    """Write a decision as it is, whatever is known of its recipient."""
    evidence = decision.evidence
    return store.update(Inquiry(evidence.recipient, evidence.id), lambda state: decision)


def replied(evidence: Evidence) -> Reply:
    """The reply of a message that has one."""
    assert evidence.reply is not None
    return evidence.reply

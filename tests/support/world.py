"""A handler on a real store, with a clock that tests move and a phone that they look at."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from optout import settings
from optout.azure.sms import Outcome, ReplySender, Sending
from optout.azure.topic import Publisher
from optout.decisions import consent
from optout.domain.enums import ReplyStatus
from optout.domain.model import Consents, Evidence, Reply
from optout.operations.handle import EventHandler, Result
from optout.operations.reviews import Reviews
from optout.operations.suppressions import Answer, Suppressions
from optout.programs.directory import Directory
from optout.store.protocol import Store
from tests.support.payloads import sms_event
from tests.support.places import Place, file_in

CONTOSO = Directory.load(settings.ROOT / "programs.toml")
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
PERSON = "+14255550123"


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)

    def sleep(self, seconds: float) -> None:
        self.move(seconds=seconds)


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
        policies: Sequence[Any] = (),
    ) -> None:
        self.clock = clock or Clock()
        self.phone = Phone()
        self.directory = directory
        place = file_in(where) if isinstance(where, Path) else where
        self.store: Store = place.open(*policies)
        self.replies: ReplySender = replies or self.phone
        self.publisher = publisher
        self.suppressions = Suppressions(directory, self.store, self.clock, 30, publisher)
        self.reviews = Reviews(directory, self.store, self.clock, self.suppressions.forget, publisher)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.store.close()

    @property
    def handler(self) -> EventHandler:
        return EventHandler(
            self.directory,
            self.store,
            self.replies,
            self.clock,
            publisher=self.publisher,
            on_change=self.suppressions.forget,
            sleep=self.clock.sleep,
        )

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

    def newest(self, person: str = PERSON) -> Evidence:
        return self.store.history(person, 1, None).items[0]

    def history(self, person: str = PERSON) -> tuple[Evidence, ...]:
        """All evidence about a person, oldest first."""
        return self.store.timeline(person)

    def check(self, sender: str = "12345", person: str = PERSON) -> Answer:
        return self.suppressions.check(self.suppressions.sender(sender), [person])[0]

    def consents(self, person: str, senders: Sequence[str]) -> Consents:
        """The consents that decide about some senders."""
        scopes = dict.fromkeys(
            scope
            for sender in map(self.directory.sender, senders)
            for scope in consent.sender_scopes(sender.id, sender.list)
        )
        return self.store.lookup([person], list(scopes)).get(person, {})

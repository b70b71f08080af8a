"""A message: the whole path of a STOP with its reply, and what of it is the store's bare work."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from bench.measure import seconds
from optout import settings
from optout.azure.sms import Outcome, Sending
from optout.domain.enums import ReplyStatus
from optout.domain.model import Decision, Evidence, Inquiry, RecipientState, Recorded, Reply
from optout.operations.handle import EventHandler
from optout.operations.recorder import Recorder
from optout.operations.reply_delivery import ReplyDelivery
from optout.programs.directory import Directory
from optout.service import new_id, now_utc
from optout.store.protocol import Store
from tests.support.payloads import sms_event

_Item = TypeVar("_Item")


class TakesAll:
    """A phone that takes every reply at once."""

    def send(self, sender: str, recipient: str, reply: Reply, tag: str) -> Outcome:
        return Outcome(Sending.TAKEN, ReplyStatus.SENT, "id")

    def close(self) -> None:
        """Nothing to let go of."""


class Remembers:
    """A store that knows nobody, and remembers what it is asked to write: a decision, and the
    evidence once its reply is settled."""

    def __init__(self) -> None:
        self.written: list[tuple[Decision, Evidence]] = []
        self._decisions: list[Decision] = []

    def update(self, inquiry: Inquiry, decide: Callable[[RecipientState], Decision]) -> Recorded:
        decision = decide(RecipientState())
        self._decisions.append(decision)
        return Recorded(decision.evidence, decision.consents, is_new=True)

    def settle_reply(self, evidence: Evidence, reply: Reply) -> bool:
        self.written.append((self._decisions.pop(), replace(evidence, reply=reply)))
        return True


def stops(recipients: Iterable[str]) -> list[str]:
    """A STOP from each."""
    now = datetime.now(UTC)
    return [sms_event("STOP", from_=recipient, at=now) for recipient in recipients]


def handler(store: Store) -> EventHandler:
    directory = Directory.load(settings.ROOT / "programs.toml")
    delivery = ReplyDelivery(store, TakesAll(), now_utc, new_id)
    return EventHandler(directory, Recorder(store, now_utc), delivery)


def written(recipients: Iterable[str]) -> list[tuple[Decision, Evidence]]:
    """All that a store has to write for a STOP from each."""
    store = Remembers()
    handling = handler(cast(Any, store))
    for body in stops(recipients):
        handling.handle(body)
    return store.written


def took(work: Callable[[_Item], object], items: Sequence[_Item], in_flight: int) -> float:
    """Seconds for all items, so many at a time."""
    left = iter(items)

    def some(_: int = 0) -> None:
        for item in left:
            work(item)

    with ThreadPoolExecutor(in_flight) as pool:
        return seconds(some if in_flight == 1 else lambda: list(pool.map(some, range(in_flight))))

"""Rules broken on purpose, one at a time, in every worker: the campaign must notice each."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

from optout.azure.sms import AcsReplies, Outcome
from optout.decisions import consent, replies
from optout.domain.errors import StoreAway
from optout.domain.model import Decision, Inquiry, RecipientState, Recorded, Reply
from optout.operations import handle
from optout.store.sqlite.store import SqliteStore

Document = dict[str, Any]


def order_of_arrival() -> None:
    """No message ever comes late."""
    consent.comes_late = lambda consent, evidence: False


def unconditional_record() -> None:
    """A message that comes again is recorded again, under an id of its own."""
    conditional = SqliteStore.update

    def unconditional(
        self: SqliteStore, inquiry: Inquiry, decide: Callable[[RecipientState], Decision]
    ) -> Recorded:
        if self.find(inquiry.recipient, inquiry.evidence_id) is None:
            return conditional(self, inquiry, decide)
        another = str(uuid4())

        def decide_again(state: RecipientState) -> Decision:
            decision = decide(state)
            return replace(decision, evidence=replace(decision.evidence, id=another))

        return conditional(self, replace(inquiry, evidence_id=another), decide_again)

    SqliteStore.update = unconditional  # type: ignore[method-assign]


def fresh_send_ids() -> None:
    """As the SDK does by itself: a new repeatability id for each attempt."""
    send = AcsReplies.send

    def fresh(self: AcsReplies, sender: str, recipient: str, reply: Reply, tag: str) -> Outcome:
        return send(self, sender, recipient, replace(reply, send_id=str(uuid4())), tag)

    AcsReplies.send = fresh  # type: ignore[method-assign]


def always_due() -> None:
    """A pending reply is sent, however old and whatever has happened since."""
    replies.still_due = lambda evidence, sender, consents, now: None


def lost_settlement() -> None:
    """What became of a reply is not written down."""
    SqliteStore.settle_reply = lambda self, evidence, reply: True  # type: ignore[method-assign]


def swallowed_failure() -> None:
    """An event that could not be recorded is acknowledged."""
    recorded = handle.EventHandler.handle

    def swallowing(self: handle.EventHandler, raw: str) -> handle.Result:
        try:
            return recorded(self, raw)
        except StoreAway:
            return handle.Result.HANDLED

    handle.EventHandler.handle = swallowing  # type: ignore[method-assign]


def never_expires() -> None:
    """An answer that is still true is still given a day later."""
    replies.REPLY_LIFETIME = timedelta(days=1)


def unguarded() -> None:
    """Every keyword is answered, however many come."""
    replies._is_loop = lambda evidence, recent: False


def thawed_text() -> None:
    """The text of an answer is made anew for each attempt."""
    send = AcsReplies.send

    def thawed(self: AcsReplies, sender: str, recipient: str, reply: Reply, tag: str) -> Outcome:
        return send(self, sender, recipient, replace(reply, text=f"{reply.text} {uuid4()}"), tag)

    AcsReplies.send = thawed  # type: ignore[method-assign]


def hasty_quarantine() -> None:
    """An event that could not be recorded is held, as if it could not be understood."""
    recorded = handle.EventHandler.handle

    def holding(self: handle.EventHandler, raw: str) -> handle.Result:
        try:
            return recorded(self, raw)
        except StoreAway:
            return self._quarantine(raw, "the store was away")

    handle.EventHandler.handle = holding  # type: ignore[method-assign]


BROKEN: dict[str, Callable[[], None]] = {
    rule.__name__: rule
    for rule in (
        order_of_arrival,
        unconditional_record,
        fresh_send_ids,
        always_due,
        lost_settlement,
        swallowed_failure,
        never_expires,
        unguarded,
        thawed_text,
        hasty_quarantine,
    )
}


FORMULAS: dict[str, Callable[[str, Document | None], bool]] = {}

"""At most one answer, and only a true one, broken."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

from optout.azure.sms import Outcome
from optout.decisions import replies
from optout.domain.model import Evidence, Reply
from optout.operations.reply_delivery import ReplyDelivery
from tests.simulate.broken.patching import STORES, Patch, around
from tests.simulate.outside import Acs


def always_due(patch: Patch) -> None:
    """A pending reply is sent, however old and whatever has happened since."""
    patch.setattr(replies, "still_due", lambda *_: None)


def never_expires(patch: Patch) -> None:
    """An answer that is still true is still given a day later."""
    patch.setattr(replies, "REPLY_LIFETIME", timedelta(days=1))


def unguarded(patch: Patch) -> None:
    """Every keyword is answered, however many come."""
    patch.setattr(replies, "_is_loop", lambda evidence, recent: False)


def asked_again(patch: Patch) -> None:
    """Whoever was out already is asked once more which messages to keep."""

    def made(reply_to: Callable[..., Reply]) -> Callable[..., Reply]:
        return lambda *said, again: reply_to(*said, again=False)

    around(patch, replies, "reply_to", made)


def doubt_forgotten(patch: Patch) -> None:
    """After an unclear attempt, a later delivery that finds the reply not due calls it not sent."""

    def made(still_due: Callable[..., Any]) -> Callable[..., Any]:
        def sure(item: Evidence, *rest: Any) -> Any:
            reply = item.reply and replace(item.reply, in_doubt=False)
            return still_due(replace(item, reply=reply), *rest)

        return sure

    around(patch, replies, "still_due", made)


def not_asked_again(patch: Patch) -> None:
    """Every delivery takes the reply for one that it has just found due."""

    def made(send: Callable[..., Evidence]) -> Callable[..., Evidence]:
        return lambda self, recorded, *rest: send(self, replace(recorded, is_new=True), *rest)

    around(patch, ReplyDelivery, "send_pending", made)


def unmarked_resend(patch: Patch) -> None:
    """A later delivery does not write down that it sets out to send."""
    for store in STORES:
        around(patch, store, "settle_reply", _without_marks)


def _without_marks(settle: Callable[..., bool]) -> Callable[..., bool]:
    def unmarked(self: Any, item: Evidence, reply: Reply) -> bool:
        before = item.reply
        is_mark = before is not None and reply.resend != before.resend
        if not is_mark or before is None:
            return settle(self, item, reply)
        return settle(self, item, replace(before))

    return unmarked


def settled_over_others(patch: Patch) -> None:
    """What became of a reply is written down, whatever another delivery has found out meanwhile."""

    def made(settle: Callable[..., bool]) -> Callable[..., bool]:
        def careless(self: Any, item: Evidence, reply: Reply) -> bool:
            stored = self.find(item.recipient, item.id)
            return settle(self, stored or item, reply)

        return careless

    for store in STORES:
        around(patch, store, "settle_reply", made)


def lost_settlement(patch: Patch) -> None:
    """What became of a reply is not written down."""
    for store in STORES:
        patch.setattr(store, "settle_reply", lambda self, evidence, reply: True)


def fresh_send_ids(patch: Patch) -> None:
    """As the SDK does by itself: a new repeatability id for each attempt."""
    numbers = count()
    _sends(patch, lambda reply: replace(reply, send_id=f"fresh {next(numbers)}"))


def thawed_text(patch: Patch) -> None:
    """The text of an answer is made anew for each attempt."""
    numbers = count()
    _sends(patch, lambda reply: replace(reply, text=f"{reply.text} {next(numbers)}"))


def _sends(patch: Patch, other: Callable[[Reply], Reply]) -> None:
    def made(send: Callable[..., Outcome]) -> Callable[..., Outcome]:
        return lambda self, sender, recipient, reply, tag: send(
            self, sender, recipient, other(reply), tag
        )

    around(patch, Acs, "send", made)


RULES = (
    asked_again,
    always_due,
    never_expires,
    unguarded,
    doubt_forgotten,
    not_asked_again,
    unmarked_resend,
    settled_over_others,
    lost_settlement,
    fresh_send_ids,
    thawed_text,
)

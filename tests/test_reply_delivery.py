"""Replies that fail, are throttled, or come too late."""

from datetime import timedelta

import pytest

from optout.azure.sms import Outcome, Sending
from optout.domain.enums import Intent, ReplyStatus
from optout.operations.handle import Result
from tests.support.payloads import sms_event
from tests.support.world import ALERTS_STOP, NOON, World, replied

AGAIN = Outcome(Sending.AGAIN, error="503")
IN_DOUBT = Outcome(Sending.AGAIN, error="ServiceResponseError", in_doubt=True)
THROTTLED = Outcome(Sending.AGAIN, error="429")
REFUSED = Outcome(Sending.REFUSED, error="400 no such number")
TOO_OLD = Outcome(Sending.TOO_OLD, error="412")


@pytest.mark.parametrize(
    ("late_by", "status"),
    [(299, ReplyStatus.SENT), (300, ReplyStatus.EXPIRED), (86_400, ReplyStatus.EXPIRED)],
)
def test_a_reply_expires(world: World, late_by: int, status: ReplyStatus) -> None:
    """Five minutes after receipt it is too late to answer, never to suppress."""
    evidence = world.receive("STOP", at=NOON - timedelta(seconds=late_by))
    assert replied(evidence).status is status
    assert world.check().suppressed


@pytest.mark.parametrize(
    ("outcome", "status", "later"),
    [
        (REFUSED, "failed", "failed"),
        (AGAIN, "pending", "sent"),
        (IN_DOUBT, "pending", "sent"),
        (TOO_OLD, "expired", "expired"),
        (THROTTLED, "pending", "sent"),
    ],
)
def test_one_attempt(world: World, outcome: Outcome, status: str, later: str) -> None:
    """Rule 8: the event is done after one attempt, and the queue makes the next ten seconds later."""
    world.phone.outcomes = [outcome]
    world.receive("STOP")
    assert replied(world.newest()).status == status
    assert world.clock.now == NOON
    assert world.check().suppressed
    world.clock.move(seconds=9)
    world.finish()
    assert replied(world.newest()).status == status
    world.clock.move(seconds=1)
    world.finish()
    assert replied(world.newest()).status == later
    assert len(world.phone.received) == (later == "sent")
    assert not world.queue.waiting


def test_a_throttled_reply_within_five_minutes(world: World) -> None:
    """Rule 5: Event Grid's redelivery sends what was refused for certain, while it is still due."""
    world.phone.outcomes = [THROTTLED, THROTTLED]
    event = sms_event("STOP", at=NOON)
    for minutes in (0, 1):
        world.clock.move(minutes=minutes)
        world.handler.handle(event)
    world.clock.move(minutes=3, seconds=59)
    assert world.handler.handle(event) is Result.HANDLED
    assert replied(world.newest()).status is ReplyStatus.SENT
    assert [sms.text for sms in world.phone.received] == [ALERTS_STOP]


@pytest.mark.parametrize(
    ("outcome", "end"), [(THROTTLED, ReplyStatus.EXPIRED), (IN_DOUBT, ReplyStatus.UNKNOWN)]
)
def test_a_reply_that_never_gets_through(world: World, outcome: Outcome, end: ReplyStatus) -> None:
    """After five minutes it is expired, or unknown if an attempt may have been taken."""
    world.phone.outcomes = [outcome] * 20
    event = sms_event("STOP", at=NOON)
    world.handler.handle(event)
    world.clock.move(minutes=5)
    assert world.handler.handle(event) is Result.HANDLED
    assert replied(world.newest()).status is end
    assert not world.phone.received


def test_a_newer_message_while_waiting_to_try_again(world: World) -> None:
    """Each attempt after the first asks whether what it says is still true."""
    world.phone.outcomes = [AGAIN]
    world.receive("STOP")
    world.clock.move(seconds=9)
    world.receive("START")
    world.clock.move(seconds=1)
    world.finish()
    stop = next(item for item in world.history() if item.intent is Intent.STOP)
    assert replied(stop).status is ReplyStatus.SUPERSEDED
    assert [sms.text[:13] for sms in world.phone.received] == ["Contoso Promo"]

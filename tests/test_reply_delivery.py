"""Replies that fail, are throttled, or come too late."""

import contextlib
from datetime import timedelta

import pytest

from optout.azure.sms import Outcome, Sending
from optout.domain.enums import Intent, ReplyStatus
from optout.operations.handle import Result
from optout.operations.reply_delivery import ReplyDelayed
from tests.support.payloads import sms_event
from tests.support.world import ALERTS_STOP, NOON, World, replied

AGAIN = Outcome(Sending.AGAIN, error="503")
IN_DOUBT = Outcome(Sending.AGAIN, error="ServiceResponseError", in_doubt=True)
THROTTLED = Outcome(Sending.AGAIN, error="429", retry_after=60)
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
    ("outcomes", "status", "sent", "raises"),
    [
        ([REFUSED], "failed", 0, False),
        ([AGAIN], "sent", 1, False),
        ([AGAIN, IN_DOUBT], "sent", 1, False),
        ([TOO_OLD], "expired", 0, False),
        ([IN_DOUBT, TOO_OLD], "unknown", 0, False),
        ([THROTTLED], "pending", 0, True),
        ([AGAIN] * 9, "pending", 0, True),
    ],
)
def test_attempts(world: World, outcomes: list[Outcome], status: str, sent: int, raises: bool) -> None:
    """Rule 8: what may help is tried for about five seconds, then Event Grid comes again."""
    world.phone.outcomes = list(outcomes)
    if raises:
        with pytest.raises(ReplyDelayed):
            world.receive("STOP")
    else:
        world.receive("STOP")
    assert replied(world.newest()).status == status
    assert len(world.phone.received) == sent
    assert world.clock.now - NOON <= timedelta(seconds=5)
    assert world.check().suppressed


@pytest.mark.parametrize(
    ("retry_after", "status", "waited"),
    [(None, "sent", 0.25), (0, "sent", 0.25), (3, "sent", 3), (5, "sent", 5), (5.5, "pending", 0)],
)
def test_retry_after_is_obeyed(
    world: World, retry_after: float | None, status: str, waited: float
) -> None:
    """Rule 8: a 429 says how long to wait; what is beyond five seconds is left to Event Grid."""
    world.phone.outcomes = [Outcome(Sending.AGAIN, error="429", retry_after=retry_after)]
    with contextlib.nullcontext() if status == "sent" else pytest.raises(ReplyDelayed):
        world.receive("STOP")
    assert replied(world.newest()).status == status
    assert world.clock.now - NOON == timedelta(seconds=waited)


def test_a_throttled_reply_within_five_minutes(world: World) -> None:
    """Rule 5: Event Grid's redelivery sends what was refused for certain, while it is still due."""
    world.phone.outcomes = [THROTTLED, THROTTLED]
    event = sms_event("STOP", at=NOON)
    for minutes in (0, 1):
        world.clock.move(minutes=minutes)
        with pytest.raises(ReplyDelayed):
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
    with pytest.raises(ReplyDelayed):
        world.handler.handle(event)
    world.clock.move(minutes=5)
    assert world.handler.handle(event) is Result.HANDLED
    assert replied(world.newest()).status is end
    assert not world.phone.received


def test_a_newer_message_while_waiting_to_try_again(world: World) -> None:
    """Each attempt after the first asks whether what it says is still true."""

    def changes_mind(seconds: float) -> None:
        if not world.phone.received:
            world.phone.outcomes = []
            world.receive("START", message_id="newer")

    world.phone.outcomes = [AGAIN]
    world.clock.sleep = changes_mind  # type: ignore[method-assign]
    world.clock.move(seconds=1)
    world.handler.handle(sms_event("STOP", at=NOON))
    stop = next(item for item in world.history() if item.intent is Intent.STOP)
    assert replied(stop).status is ReplyStatus.SUPERSEDED
    assert [sms.text[:13] for sms in world.phone.received] == ["Contoso Promo"]

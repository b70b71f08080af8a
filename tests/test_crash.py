"""A kill at every step of `handle`, before and after each effect; then Event Grid delivers again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from azure.core.credentials import AzureKeyCredential

from optout.azure.sms import AcsReplies, Outcome, Sending
from optout.domain.enums import ReplyStatus
from optout.domain.model import Reply
from optout.operations.handle import Result
from optout.operations.reply_delivery import REPLY_TAG
from tests.support.acs import LoopbackAcs
from tests.support.payloads import sms_event
from tests.support.places import Place, Places
from tests.support.world import NOON, PERSON, Clock, World


class Killed(BaseException):
    """The process is gone: nothing catches this."""


class KillSwitch:
    """Counts the points where a process can die and, at the chosen one, dies."""

    def __init__(self, at: int) -> None:
        self._at = at
        self._passed = 0

    def point(self) -> None:
        self._passed += 1
        if self._passed == self._at:
            raise Killed

    @property
    def was_reached(self) -> bool:
        return self._passed >= self._at

    def around(self, effect: Callable[..., Any]) -> Callable[..., Any]:
        """The same effect with a point before it and one after it."""

        def guarded(*arguments: Any, **named: Any) -> Any:
            self.point()
            result = effect(*arguments, **named)
            self.point()
            return result

        return guarded


@dataclass
class Guarded:
    """Any part with kill points around the methods that have an effect."""

    part: Any
    switch: KillSwitch
    effects: tuple[str, ...]

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self.part, name)
        return self.switch.around(attribute) if name in self.effects else attribute


CONVERSATION = (
    ("STOP", "12345"),
    ("HELP", "12345"),
    ("START", "12345"),
    ("STOP", "+18335550100"),
    ("QUIT", "+14255550100"),
    ("hello", "12345"),
)


def conversation() -> list[str]:
    """Events a few seconds apart, each with an id of its own."""
    return [
        sms_event(text, to=to, at=NOON + timedelta(seconds=number), message_id=f"crash-{number}")
        for number, (text, to) in enumerate(CONVERSATION)
    ]


def outcome(world: World, acs: LoopbackAcs) -> object:
    """What a person and an auditor would see in the end, without times of sending."""
    return (
        world.consents(PERSON, [to for _, to in CONVERSATION]),
        [
            (item.message_id, item.effect, item.reply and (item.reply.status, item.reply.text))
            for item in world.history()
        ],
        acs.phones[PERSON],
    )


def play(place: Place, kill_at: int) -> tuple[object, bool]:
    """The conversation with one kill; what was being handled then is delivered again."""
    clock = Clock(NOON)
    switch = KillSwitch(kill_at)
    with LoopbackAcs(clock) as acs:
        replies = AcsReplies(acs.endpoint, AzureKeyCredential(acs.key))
        with World(place, replies=replies, clock=clock) as world:
            store = world.store
            for number, event in enumerate(conversation()):
                clock.now = NOON + timedelta(seconds=number)
                world.store = Guarded(store, switch, ("update", "settle_reply"))
                world.replies = Guarded(replies, switch, ("send",))
                try:
                    world.handler.handle(event)
                except Killed:
                    world.store, world.replies = store, replies
                    assert world.handler.handle(event) is Result.HANDLED
            world.store, world.replies = store, replies
            return outcome(world, acs), switch.was_reached


def test_a_kill_at_every_step(places: Places) -> None:
    """Wherever the process dies, the redelivery ends as if it had not: no second SMS, none lost."""
    undisturbed, _ = play(places(), kill_at=0)
    for step in count(1):
        disturbed, was_reached = play(places(), kill_at=step)
        assert disturbed == undisturbed, f"killed at step {step}"
        if not was_reached:
            break
    # Six messages, each with a record before and after; four replies, each sent and settled.
    assert step == 6 * 2 + 4 * 4 + 1


def test_a_redelivery_after_the_reply_has_expired(place: Place) -> None:
    """An attempt whose end nobody knows is unknown after five minutes, and is not made again."""
    clock = Clock(NOON)
    event = sms_event("STOP", at=NOON)
    with LoopbackAcs(clock) as acs:
        replies = AcsReplies(acs.endpoint, AzureKeyCredential(acs.key))
        with World(place, replies=replies, clock=clock) as world:
            switch = KillSwitch(at=4)
            world.store = Guarded(world.store, switch, ("update",))
            world.replies = Guarded(replies, switch, ("send",))
            with pytest.raises(Killed):
                world.handler.handle(event)
            assert len(acs.phones[PERSON]) == 1
            clock.move(minutes=5)
            world.handler.handle(event)
            assert reply(world).status is ReplyStatus.UNKNOWN
            assert len(acs.phones[PERSON]) == 1


def test_a_redelivery_hours_later(place: Place) -> None:
    """A record that is not among the newest any more is found all the same: nothing is done twice."""
    clock = Clock(NOON)
    with World(place, clock=clock) as world:
        first = world.receive("STOP", message_id="first")
        clock.move(hours=2)
        world.receive("START")
        clock.move(hours=2)
        newest = world.receive("HELP")
        world.receive("STOP", at=NOON, message_id="first")
        assert [world.history()[0], world.newest()] == [first, newest]
        assert len(world.history()) == len(world.phone.received) == 3


def test_a_redelivery_after_a_newer_message(place: Place) -> None:
    """A confirmation that was never sent is not sent after the person has changed their mind."""
    with World(place) as world:
        event = sms_event("STOP", at=NOON)

        def dies(sender: str, recipient: str, reply: Reply, tag: str) -> Outcome:
            raise Killed

        world.phone.send = dies  # type: ignore[method-assign]
        with pytest.raises(Killed):
            world.handler.handle(event)
        del world.phone.send
        world.clock.move(seconds=30)
        world.receive("START")
        world.handler.handle(event)
        stop, start = world.history()
        assert stop.reply is not None
        assert start.reply is not None
        # The attempt may have been taken before the process died.
        assert stop.reply.status is ReplyStatus.UNKNOWN
        assert start.reply.status is ReplyStatus.SENT
        assert [sms.tag for sms in world.phone.received] == [REPLY_TAG + start.id]
        assert not world.check().suppressed


def reply(world: World) -> Reply:
    """The reply to the newest message."""
    found = world.newest().reply
    assert found is not None
    return found


def test_a_kill_of_the_second_delivery(place: Place) -> None:
    """The first delivery knows that nothing was taken; after the second one died, nobody does."""
    with World(place) as world:
        event = sms_event("STOP", at=NOON)
        world.phone.outcomes = [Outcome(Sending.AGAIN, error="429")]
        world.handler.handle(event)
        switch = KillSwitch(at=2)
        world.replies = Guarded(world.phone, switch, ("send",))
        with pytest.raises(Killed):
            world.handler.handle(event)
        assert len(world.phone.received) == 1
        world.replies = world.phone
        world.clock.move(seconds=30)
        world.receive("START")
        world.handler.handle(event)
        stop, _ = world.history()
        assert stop.reply is not None
        assert stop.reply.status is ReplyStatus.UNKNOWN


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Outcome(Sending.AGAIN, error="429"), ReplyStatus.SENT),
        (Outcome(Sending.TOO_OLD, error="412"), ReplyStatus.UNKNOWN),
    ],
)
def test_two_deliveries_at_once(outcome: Outcome, status: ReplyStatus, place: Place) -> None:
    """While the first one's attempt is refused, the second one's is taken, and then it dies."""
    with World(place) as world:
        event = sms_event("STOP", at=NOON)

        def second_delivery(sender: str, recipient: str, reply: Reply) -> None:
            world.phone.on_send = lambda sender, recipient, reply: None
            switch = KillSwitch(at=2)
            world.replies = Guarded(world.phone, switch, ("send",))
            with pytest.raises(Killed):
                world.handler.handle(event)
            world.phone.outcomes = [outcome]

        world.phone.on_send = second_delivery
        world.handler.handle(event)
        world.replies = world.phone
        world.handler.handle(event)
        assert len(world.phone.received) == 1
        assert reply(world).status is status

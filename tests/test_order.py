"""Order, duplicates and delays: whatever arrives when, the end is what sorting by time gives."""

import tempfile
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optout.decisions import consent
from optout.decisions.replies import REPLIES_AN_HOUR, REPLY_LIFETIME
from optout.domain.enums import Party, ReplyStatus, ScopeKind
from optout.domain.model import EVERYTHING, Reply, Scope
from optout.operations.reply_delivery import REPLY_TAG
from tests.support.payloads import sms_event
from tests.support.places import Place, file_in, new_tables
from tests.support.world import CONTOSO, NOON, Phone, World

PEOPLE = ("+14255550123", "+14255550124")
SENDERS = ("12345", "+18335550100", "54321")
TEXTS = ("STOP", "START", "HELP", "QUIT", "STOP ALL", "UNSTOP", "hello")


@dataclass(frozen=True)
class Message:
    """A message that a person sent at a minute."""

    number: int
    person: str
    sender: str
    text: str
    minute: int

    @property
    def at(self) -> datetime:
        return NOON + timedelta(minutes=self.minute)

    @property
    def event(self) -> str:
        return sms_event(
            self.text, to=self.sender, from_=self.person, at=self.at, message_id=f"m{self.number}"
        )


@st.composite
def conversations(draw: st.DrawFn) -> list[tuple[datetime, Message]]:
    """Messages of several people to several senders, each delivered one to three times, late."""
    sent = draw(
        st.lists(
            st.tuples(
                st.sampled_from(PEOPLE),
                st.sampled_from(SENDERS),
                st.sampled_from(TEXTS),
                st.integers(0, 40),
            ),
            min_size=1,
            max_size=14,
        )
    )
    messages = [Message(number, *entry) for number, entry in enumerate(sent)]
    delays = st.lists(st.sampled_from([0, 1, 7, 90, 299, 301, 2400]), min_size=1, max_size=3)
    deliveries = [
        (message.at + timedelta(seconds=delay, microseconds=order), message)
        for order, message in enumerate(messages)
        for delay in draw(delays)
    ]
    return sorted(deliveries, key=lambda delivery: delivery[0])


def sorted_by_time(
    messages: list[Message], person: str
) -> dict[Scope, tuple[bool, datetime, datetime]]:
    """The oracle: (out, since, at) of each scope, from the messages in the order of their times."""
    state: dict[Scope, tuple[bool, datetime, datetime]] = {}
    outs = ("STOP", "QUIT", "STOP ALL")
    mine = [message for message in messages if message.person == person]
    for message in sorted(mine, key=lambda item: (item.at, item.text in outs)):
        out = message.text in outs
        if not out and message.text not in ("START", "UNSTOP"):
            continue
        scopes = [
            Scope(ScopeKind.SENDER, message.sender),
            Scope(ScopeKind.LIST, CONTOSO.senders[message.sender].list),
        ] + [EVERYTHING] * (message.text == "STOP ALL")
        for scope in scopes:
            before = state.get(scope)
            since = before[1] if before and before[0] == out else message.at
            state[scope] = (out, since, message.at)
    return state


class WatchfulPhone(Phone):
    """A phone that notices a text which is untrue, or too late, at the moment it is sent."""

    world: World

    def __init__(self) -> None:
        super().__init__(on_send=self.watch)
        self.complaints: list[str] = []

    def watch(self, sender: str, recipient: str, reply: Reply) -> None:
        assert reply.expires_at is not None
        evidence = next(
            item
            for item in self.world.history(recipient)
            if item.reply and item.reply.send_id == reply.send_id
        )
        consents = self.world.consents(recipient, [sender])
        scopes = consent.sender_scopes(CONTOSO.senders[sender])
        suppressed = consent.suppression(consents, scopes).suppressed
        if self.world.clock.now >= reply.expires_at:
            self.complaints.append(f"too late: {evidence}")
        if evidence.intent.changes_consent and suppressed != evidence.intent.opts_out:
            self.complaints.append(f"untrue: {evidence}")
        if evidence.at + REPLY_LIFETIME <= self.world.clock.now:
            self.complaints.append(f"long after the message: {evidence}")


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
@given(conversations())
def test_any_interleaving(deliveries: list[tuple[datetime, Message]]) -> None:
    """Duplicated, delayed and reordered messages end in the right consents and true answers."""
    with tempfile.TemporaryDirectory() as folder:
        check_interleaving(deliveries, file_in(Path(folder)))


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
@given(conversations())
def test_any_interleaving_in_tables(azurite: str, deliveries: list[tuple[datetime, Message]]) -> None:
    """The same, where reading and writing are requests."""
    check_interleaving(deliveries, new_tables(azurite))


def check_interleaving(deliveries: list[tuple[datetime, Message]], place: Place) -> None:
    messages = list(dict.fromkeys(message for _, message in deliveries))
    phone = WatchfulPhone()
    with World(place, replies=phone) as world:
        phone.world = world
        for arrival, message in deliveries:
            world.clock.now = arrival
            world.handler.handle(message.event)
        for person in PEOPLE:
            found = world.consents(person, SENDERS)
            told = {scope: (one.out, one.since, one.at) for scope, one in found.items()}
            assert told == sorted_by_time(messages, person)
            check_records(world, messages, person)
        assert not phone.complaints
        check_answers(world, phone)


def check_records(world: World, messages: list[Message], person: str) -> None:
    """Each message is in the history exactly once."""
    recorded = Counter(item.message_id for item in world.history(person))
    expected = Counter(f"m{message.number}" for message in messages if message.person == person)
    assert recorded == expected


def check_answers(world: World, phone: Phone) -> None:
    """At most one SMS for each message, and a reason wherever there is none."""
    sms = Counter(text.tag for text in phone.received)
    assert set(sms.values()) <= {1}
    explained = {
        ReplyStatus.SUPERSEDED,
        ReplyStatus.EXPIRED,
        ReplyStatus.GUARDED,
        ReplyStatus.BLOCKED,
        ReplyStatus.BY_CARRIER,
        ReplyStatus.BY_PLATFORM,
        ReplyStatus.NONE,
    }
    for person in PEOPLE:
        for item in world.history(person):
            if item.text == "hello":
                assert item.reply is None
                continue
            assert item.reply is not None
            if item.reply.status is ReplyStatus.SENT:
                assert item.reply.answered_by is Party.SERVICE
                assert sms[REPLY_TAG + item.id] == 1
            else:
                assert item.reply.status in explained
                assert sms[REPLY_TAG + item.id] == 0
        for sender in SENDERS:
            answered = [
                item.received_at
                for item in world.history(person)
                if item.sender == sender and sms[REPLY_TAG + item.id]
            ]
            for first, later in zip(answered, answered[REPLIES_AN_HOUR:], strict=False):
                assert later - first > timedelta(hours=1)

"""Announcements: each change of consent once or more, with the same id, whatever fails."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.core.credentials import AzureKeyCredential

from optout.azure import topic as azure_topic
from optout.azure.topic import NotAnnounced, TopicPublisher
from optout.domain.enums import ReviewVerdict
from optout.domain.model import Evidence
from optout.operations.handle import Result
from optout.operations.naming import find_target
from tests.support.payloads import report_event, sms_event
from tests.support.topic import LoopbackTopic
from tests.support.world import NOON, PERSON, World


@pytest.fixture
def topic() -> Iterator[LoopbackTopic]:
    with LoopbackTopic() as service:
        yield service


@pytest.fixture
def world(tmp_path: Path, topic: LoopbackTopic) -> Iterator[World]:
    publisher = TopicPublisher(topic.endpoint, AzureKeyCredential(topic.key), "/acs")
    with World(tmp_path, publisher=publisher) as opened:
        yield opened
    publisher.close()


def pending(world: World) -> tuple[Evidence, ...]:
    return world.store.unannounced(PERSON)


def test_what_is_announced(world: World, topic: LoopbackTopic) -> None:
    """One CloudEvent for each scope that went out, with all that a consumer needs."""
    evidence = world.receive("STOP", message_id="m1")
    sender, on_list = topic.events
    assert sender == {
        "id": sender["id"],
        "source": "/acs",
        "specversion": "1.0",
        "type": "optout.suppressed",
        "time": "2026-06-01T12:00:00.000Z",
        "data": {
            "recipient": PERSON,
            "sender": "12345",
            "list": "contoso-alerts",
            "scope": "sender",
            "at": "2026-06-01T12:00:00Z",
            "source": "message",
            "keyword": "STOP",
            "messageId": "m1",
        },
    }
    assert on_list["data"]["scope"] == "list"
    assert on_list["id"] != sender["id"]
    assert evidence.announcement is not None
    assert evidence.announcement.published_at == NOON
    assert not pending(world)


@pytest.mark.parametrize(
    ("texts", "types"),
    [
        (["STOP", "STOP"], ["suppressed"] * 2),
        (["STOP", "START"], ["suppressed"] * 2 + ["lifted"] * 2),
        (["HELP", "hello"], []),
        (["STOP ALL"], ["suppressed"] * 3),
        (["QUIT", "STOP ALL"], ["suppressed"] * 3),
    ],
)
def test_only_changes(world: World, topic: LoopbackTopic, texts: list[str], types: list[str]) -> None:
    """A second STOP, HELP and ordinary messages turn nothing, and announce nothing."""
    for text in texts:
        world.receive(text)
        world.clock.move(seconds=1)
    assert [event["type"] for event in topic.events] == [f"optout.{kind}" for kind in types]


@pytest.mark.parametrize(
    "failures",
    [
        [500] * 9,
        [503] * 9,
        [429] * 9,
        [401],
        [403],
        [413],
        [400],
        ["drop"] * 9,
        ["take and drop"] * 9,
    ],
    ids=str,
)
def test_a_topic_that_fails(world: World, topic: LoopbackTopic, failures: list[int | str]) -> None:
    """The change stands, the person is answered, the event comes again and finishes it."""
    event = sms_event("STOP", at=NOON)
    topic.fail_next(*failures)
    with pytest.raises(NotAnnounced):
        world.handler.handle(event)
    assert world.check().suppressed
    assert len(world.phone.received) == 1
    assert len(pending(world)) == 1
    topic._failures.clear()
    assert world.handler.handle(event) is Result.HANDLED
    assert not pending(world)
    assert len({event["id"] for event in topic.events}) == 2
    assert len(world.phone.received) == 1


def test_a_topic_that_stumbles(world: World, topic: LoopbackTopic) -> None:
    """One failure is got over without Event Grid."""
    topic.fail_next(503)
    world.receive("STOP")
    assert len(topic.events) == 2


def test_a_topic_that_hangs(
    tmp_path: Path, topic: LoopbackTopic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A time-out leaves the announcement pending, long before Event Grid loses patience."""
    monkeypatch.setattr(azure_topic, "READ_SECONDS", 0.2)
    publisher = TopicPublisher(topic.endpoint, AzureKeyCredential(topic.key), "/acs")
    with World(tmp_path, publisher=publisher) as world:
        topic.fail_next("hang")
        started = time.monotonic()
        with pytest.raises(NotAnnounced):
            world.receive("STOP")
        assert time.monotonic() - started < 5
        assert len(pending(world)) == 1
    publisher.close()


def test_a_topic_that_asks_to_wait(world: World, topic: LoopbackTopic) -> None:
    """Retry-After is for Event Grid's redelivery to honour, not for a thread that others need."""
    topic.fail_next(*[429] * 9)
    started = time.monotonic()
    with pytest.raises(NotAnnounced):
        world.receive("STOP")
    assert time.monotonic() - started < 10
    assert topic.requests == 3


def test_nothing_personal_in_the_sdks_log(
    world: World, topic: LoopbackTopic, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the person nor the key, and no complaint about our own options."""
    topic.fail_next(503)
    world.receive("STOP")
    assert PERSON[3:] not in caplog.text
    assert topic.key not in caplog.text
    assert "not a known attribute" not in caplog.text


def test_a_wrong_key(tmp_path: Path, topic: LoopbackTopic) -> None:
    """The topic turns it down, and the announcement stays pending."""
    publisher = TopicPublisher(topic.endpoint, AzureKeyCredential("wrong"), "/acs")
    with World(tmp_path, publisher=publisher) as world:
        with pytest.raises(NotAnnounced):
            world.receive("STOP")
        assert topic.rejected == [401]
        assert len(pending(world)) == 1
    publisher.close()


def test_a_change_by_hand(world: World, topic: LoopbackTopic) -> None:
    """A change that could not be announced is, when the call is repeated; the ids stay the same."""
    target = find_target(world.directory, "12345", None, everything=False)

    def opt_out() -> None:
        world.changes.record(target, PERSON, out=True, actor="ann", reason="phoned")

    topic.fail_next("take and drop")
    with pytest.raises(NotAnnounced):
        opt_out()
    assert world.check().suppressed
    opt_out()
    assert not pending(world)
    assert len({event["id"] for event in topic.events}) == 2
    assert {event["data"]["source"] for event in topic.events} == {"manual"}


def test_a_verdict(world: World, topic: LoopbackTopic) -> None:
    """A request that is lifted is announced as later than itself, after a topic that was away, too."""
    request = world.receive("please cancel")

    def lift() -> None:
        world.reviews.judge(request.id, ReviewVerdict.LIFT, "ann", "an appointment")

    topic.fail_next("take and drop")
    with pytest.raises(NotAnnounced):
        lift()
    assert not world.check().suppressed
    lift()
    assert not pending(world)
    suppressed, lifted = (
        {event["data"]["at"] for event in topic.events if event["type"] == f"optout.{kind}"}
        for kind in ("suppressed", "lifted")
    )
    assert max(suppressed) == "2026-06-01T12:00:00Z"
    assert lifted == {"2026-06-01T12:00:00.000001Z"}


def test_a_delivery_report(world: World, topic: LoopbackTopic) -> None:
    """A block that a report reveals is announced, too."""
    world.handler.handle(report_event("4007", from_="54321", to=PERSON, attempts=[NOON]))
    (event,) = topic.events
    assert (event["type"], event["data"]["source"]) == ("optout.suppressed", "delivery_report")


def test_no_topic(tmp_path: Path) -> None:
    """Without a topic nothing is stored as pending."""
    with World(tmp_path) as world:
        assert world.receive("STOP").announcement is None
        assert not pending(world)


def test_a_late_message_that_changes_nothing(world: World, topic: LoopbackTopic) -> None:
    """`since` is corrected without a word: nobody went out or came in."""
    world.receive("STOP")
    before = len(topic.events)
    world.receive("STOP", at=NOON.replace(hour=11))
    assert world.check().since == NOON.replace(hour=11)
    assert len(topic.events) == before


def test_many_at_once(world: World, topic: LoopbackTopic) -> None:
    """The publisher is shared between threads."""
    people = [f"+1425555{number:04}" for number in range(100, 120)]
    threads = [
        threading.Thread(target=world.handler.handle, args=(sms_event("STOP", from_=person, at=NOON),))
        for person in people
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {event["data"]["recipient"] for event in topic.events} == set(people)

"""Announcements: the standing of whoever changed, once or more, with the same id, whatever fails."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AzureKeyCredential

from optout.azure import topic as azure_topic
from optout.azure.topic import TopicPublisher
from optout.decisions.target import Target
from optout.domain.enums import ReviewVerdict
from optout.domain.errors import NotFinished
from optout.domain.model import Unfinished
from optout.operations.handle import Result
from optout.operations.naming import find_target
from optout.operations.transfer.rows import ImportedRow
from tests.support.payloads import report_event, sms_event
from tests.support.topic import LoopbackTopic
from tests.support.world import NOON, PERSON, World


@pytest.fixture
def world(tmp_path: Path, topic: LoopbackTopic) -> Iterator[World]:
    publisher = TopicPublisher(topic.endpoint, AzureKeyCredential(topic.key), "/acs")
    with World(tmp_path, publisher=publisher) as opened:
        yield opened
    publisher.close()


def pending(world: World) -> tuple[Unfinished, ...]:
    return world.store.pending() or ()


def causes(topic: LoopbackTopic) -> list[Any]:
    return [event["data"]["cause"]["kind"] for event in topic.events]


def opt_out(world: World) -> None:
    target = find_target(world.directory, "12345", None, everything=False)
    world.changes.record(target, PERSON, out=True, actor="ann", reason="phoned")


def report(world: World) -> None:
    sender = world.directory.sender("12345")
    assert world.reports.record(sender, PERSON, world.clock.now, "4007")


def test_what_is_announced(world: World, topic: LoopbackTopic) -> None:
    """One CloudEvent with the whole standing, and what caused it."""
    evidence = world.receive("STOP", message_id="m1")
    (event,) = topic.events
    out = {
        "suppressed": True,
        "since": "2026-06-01T12:00:00.000000Z",
        "at": "2026-06-01T12:00:00.000000Z",
    }
    assert event == {
        "id": event["id"],
        "source": "/acs",
        "specversion": "1.0",
        "type": "optout.standing",
        "time": "2026-06-01T12:00:00.000Z",
        "data": {
            "recipient": PERSON,
            "version": world.store.generation() * 2**32 + 1,
            "lists": {"contoso-alerts": out},
            "other_lists": {"suppressed": False, "since": None, "at": None},
            "senders": {"12345": {**out, "blocked_by": "service"}},
            "cause": {
                "kind": "message",
                "at": "2026-06-01T12:00:00.000000Z",
                "sender": "12345",
                "list": "contoso-alerts",
                "keyword": "STOP",
                "message_id": "m1",
            },
        },
    }
    assert evidence.announcement is not None
    assert evidence.announcement.published_at == NOON
    assert evidence.announcement.version == event["data"]["version"]
    assert not pending(world)


@pytest.mark.parametrize(
    ("texts", "times"),
    [
        ([("STOP", "12345"), ("STOP", "12345")], 2),
        ([("STOP", "12345"), ("START", "12345")], 2),
        ([("START", "12345"), ("START", "12345")], 0),
        ([("HELP", "12345"), ("hello", "12345")], 0),
        ([("STOP ALL", "12345")], 1),
        ([("QUIT", "12345"), ("STOP ALL", "12345")], 2),
        # Everything is confirmed, and another list goes out by that.
        ([("STOP ALL", "12345"), ("START", "78787"), ("STOP ALL", "12345")], 3),
        # A list that was in is freed by another word to it.
        ([("START", "78787"), ("STOP ALL", "12345"), ("START", "78787")], 2),
    ],
)
def test_only_news(
    world: World, topic: LoopbackTopic, texts: list[tuple[str, str]], times: int
) -> None:
    """Whatever changes a verdict or confirms an opt-out is announced once, and nothing else is."""
    for text, to in texts:
        world.receive(text, to)
        world.clock.move(seconds=1)
    assert [event["type"] for event in topic.events] == ["optout.standing"] * times
    assert len({event["id"] for event in topic.events}) == times


@pytest.mark.parametrize(
    "failures",
    [[500], [503], [429], [401], [403], [413], [400], ["drop"], ["take and drop"]],
    ids=str,
)
def test_a_topic_that_fails(world: World, topic: LoopbackTopic, failures: list[int | str]) -> None:
    """The event is done, the person is answered, and the queue announces it later, under the same
    id."""
    topic.fail_next(*failures)
    world.receive("STOP")
    assert world.check().suppressed
    assert len(world.phone.received) == 1
    assert len(pending(world)) == 1
    world.clock.move(seconds=10)
    world.finish()
    assert not pending(world)
    assert len({event["id"] for event in topic.events}) == 1
    assert len(world.phone.received) == 1
    assert not world.queue.waiting


def test_a_topic_and_a_queue_that_fail(world: World, topic: LoopbackTopic) -> None:
    """Only where nothing remembers what is left, the event comes again and finishes it."""
    event = sms_event("STOP", at=NOON)
    topic.fail_next(503)
    world.queue.is_away = True
    with pytest.raises(NotFinished):
        world.handler.handle(event)
    assert world.check().suppressed
    assert world.handler.handle(event) is Result.HANDLED
    assert len(topic.events) == 1
    assert not pending(world)


def test_a_topic_that_hangs(
    tmp_path: Path, topic: LoopbackTopic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A time-out leaves the announcement pending, long before Event Grid loses patience."""
    monkeypatch.setattr(azure_topic, "READ_SECONDS", 0.2)
    publisher = TopicPublisher(topic.endpoint, AzureKeyCredential(topic.key), "/acs")
    with World(tmp_path, publisher=publisher) as world:
        topic.fail_next("hang")
        started = time.monotonic()
        world.receive("STOP")
        assert time.monotonic() - started < 5
        assert len(pending(world)) == 1
    publisher.close()


def test_a_topic_that_asks_to_wait(world: World, topic: LoopbackTopic) -> None:
    """Retry-After is for the queue to honour, not for a thread that others need: one request."""
    topic.fail_next(*[429] * 9)
    started = time.monotonic()
    world.receive("STOP")
    assert time.monotonic() - started < 5
    assert topic.requests == 1


def test_a_topic_that_is_away_for_days(world: World, topic: LoopbackTopic) -> None:
    """It is asked less and less often, and announced in the end."""
    topic.fail_next(*[503] * 60)
    world.receive("STOP")
    tries = []
    while world.queue.waiting:
        world.clock.now = world.queue.waiting[0][0]
        tries.append(world.clock.now - NOON)
        world.finish()
    assert tries[:3] == [timedelta(seconds=seconds) for seconds in (10, 30, 70)]
    assert tries[-1] - tries[-2] == timedelta(seconds=3600)
    assert len(topic.events) == 1
    assert not pending(world)


def test_after_a_week_it_is_given_up(
    world: World, topic: LoopbackTopic, caplog: pytest.LogCaptureFixture
) -> None:
    """A line of its own says so, for an alert; the feed still tells whoever asks."""
    topic.fail_next(*[503] * 9)
    world.receive("STOP")
    world.clock.move(days=8)
    world.finish()
    (line,) = [record for record in caplog.records if '"gave_up"' in record.getMessage()]
    assert line.levelname == "CRITICAL"
    assert PERSON[3:] not in caplog.text
    assert not world.queue.waiting


def test_nothing_personal_in_the_sdks_log(
    world: World, topic: LoopbackTopic, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the person nor the key, and no complaint about our own options."""
    topic.fail_next(503)
    world.receive("STOP")
    world.clock.move(seconds=10)
    world.finish()
    assert PERSON[3:] not in caplog.text
    assert topic.key not in caplog.text
    assert "not a known attribute" not in caplog.text


def test_a_wrong_key(tmp_path: Path, topic: LoopbackTopic) -> None:
    """The topic turns it down, and the announcement stays pending."""
    publisher = TopicPublisher(topic.endpoint, AzureKeyCredential("wrong"), "/acs")
    with World(tmp_path, publisher=publisher) as world:
        world.receive("STOP")
        assert topic.rejected == [401]
        assert len(pending(world)) == 1
    publisher.close()


def test_a_change_by_hand(world: World, topic: LoopbackTopic) -> None:
    """It is done once it is recorded: the queue announces it."""
    topic.fail_next("take and drop")
    opt_out(world)
    assert world.check().suppressed
    world.clock.move(seconds=10)
    world.finish()
    assert not pending(world)
    assert len({event["id"] for event in topic.events}) == 1
    assert set(causes(topic)) == {"manual"}


@pytest.mark.parametrize(("change", "cause"), [(opt_out, "manual"), (report, "delivery_report")])
def test_a_process_that_ends_between_a_change_and_its_announcement(
    world: World, topic: LoopbackTopic, change: Callable[[World], None], cause: str
) -> None:
    """Nobody delivers it again: the queue was told before it was written, and finds it there."""
    world.publisher, publisher = Ending(), world.publisher
    with pytest.raises(Ended):
        change(world)
    world.publisher = publisher
    assert not topic.events
    world.clock.move(minutes=2)
    world.finish()
    assert causes(topic) == [cause]
    assert not pending(world)


def test_a_change_that_was_never_recorded(world: World, topic: LoopbackTopic) -> None:
    """What the queue was told ahead is not there: nothing to do."""
    world.queue.put(Unfinished(PERSON, "never recorded"), timedelta())
    world.finish()
    assert not topic.events
    assert not world.queue.waiting


class Ended(BaseException):
    """The process is gone."""


class Ending:
    """A topic that the process does not live to ask."""

    def publish(self, notice: object) -> None:
        raise Ended

    def close(self) -> None:
        pass


def test_a_verdict(world: World, topic: LoopbackTopic) -> None:
    """A request that is lifted is announced, and so is an older STOP that arrives after that: the
    higher version is right, whatever the times are."""
    request = world.receive("please cancel")
    topic.fail_next("take and drop")
    world.reviews.judge(request.id, ReviewVerdict.LIFT, "ann", "an appointment")
    assert not world.check().suppressed
    world.clock.move(seconds=10)
    world.finish()
    world.receive("STOP", at=NOON - timedelta(minutes=1), message_id="late")
    newest = max(topic.events, key=lambda event: event["data"]["version"])["data"]
    assert world.check().suppressed
    assert newest["senders"]["12345"]["suppressed"]
    assert causes(topic) == ["message", "manual", "manual", "message"]
    assert len({event["id"] for event in topic.events}) == 3


def test_an_import(world: World, topic: LoopbackTopic) -> None:
    """It is one announcement, with its counts and what it was about: the people are in the feed."""
    target = Target(list="contoso-alerts")
    people = [f"+1425555{number:04}" for number in range(100, 103)]
    with world.importer(target) as importer:
        importer.record(ImportedRow(person, NOON, True, ()) for person in people[:2])
        importer.record(ImportedRow(person, NOON, True, ()) for person in people)
    (event,) = topic.events
    assert (event["type"], event["data"]) == (
        "optout.imported",
        {
            "sender": None,
            "list": "contoso-alerts",
            "everything": False,
            "counts": {"opted_out": 3, "recorded": 2},
            "at": "2026-06-01T12:00:00.000000Z",
        },
    )
    assert {item.recipient for item in world.store.changes(10, None).items} == set(people)


def test_a_delivery_report(world: World, topic: LoopbackTopic) -> None:
    """A block that a report reveals is announced, too."""
    world.handler.handle(report_event("4007", from_="54321", to=PERSON, attempts=[NOON]))
    (event,) = topic.events
    assert event["data"]["senders"]["54321"]["suppressed"]
    assert causes(topic) == ["delivery_report"]


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

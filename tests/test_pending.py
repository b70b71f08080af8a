"""What an event leaves pending is finished: by the queue's function in Microsoft's runtime and on the
local host, and by a process without a queue from its store, also after a restart."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.storage.queue import QueueClient

from optout import own_queue, service
from optout.azure.queue import QUEUE
from optout.azure.sms import Outcome, Sending
from optout.domain.model import Unfinished
from optout.operations import recorder
from optout.own_queue import OwnQueue
from optout.settings import ROOT
from tests.support.acs import Failure, LoopbackAcs
from tests.support.client import App, HttpHost, environment, serving
from tests.support.functions_runtime import FunctionsRuntime
from tests.support.payloads import sms_event
from tests.support.topic import LoopbackTopic
from tests.support.world import PERSON, World

SECONDS = 30


@pytest.fixture
def given(database: Path, acs: LoopbackAcs, topic: LoopbackTopic) -> dict[str, str]:
    """The settings of an app with ACS and a topic, of which each fails once."""
    acs.fail_next(Failure.status(503))
    topic.fail_next(401)
    return environment(
        database,
        OPTOUT_ACS_ENDPOINT=acs.endpoint,
        OPTOUT_ACS_KEY=acs.key,
        OPTOUT_TOPIC_ENDPOINT=topic.endpoint,
        OPTOUT_TOPIC_KEY=topic.key,
    )


@pytest.fixture
def app(given: dict[str, str], local_port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """The app on the local host, without a queue."""
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    yield App(HttpHost(local_port))
    service.shutdown()


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.1)


def is_finished(app: App) -> bool:
    (item,) = app.history(PERSON)
    told: Any = item["announcement"]["published_at"]
    return item["reply"]["status"] == "sent" and told is not None


def test_the_function_in_microsofts_runtime(
    given: dict[str, str], queues: str, acs: LoopbackAcs, topic: LoopbackTopic
) -> None:
    """The event is acknowledged although ACS and the topic are away, and its message finishes it. What
    is no message is given up at once."""
    with FunctionsRuntime(ROOT, {**given, "OptoutQueue": queues}) as runtime:
        (binding,) = runtime.functions["finish_pending"]
        assert (binding["queueName"], binding["connection"]) == (QUEUE, "OptoutQueue")
        app = App(runtime)
        assert app.deliver(sms_event("STOP")) == 202
        assert not is_finished(app)
        with QueueClient.from_connection_string(queues, QUEUE) as client:
            assert client.get_queue_properties().approximate_message_count == 1
        (item,) = app.history(PERSON)
        message = json.dumps({"recipient": PERSON, "evidence_id": item["id"], "attempt": 1})
        assert runtime.hand_message("finish_pending", message) is None
        assert is_finished(app)
        assert runtime.hand_message("finish_pending", "not a message") is None
    assert len(acs.messages) == len(topic.events) == 1


def test_the_local_host_polls_the_queue(
    given: dict[str, str], queues: str, acs: LoopbackAcs, topic: LoopbackTopic
) -> None:
    """With Azurite it is the real queue, on a laptop, too."""
    with serving({**given, "OptoutQueue": queues}) as served:
        assert served.app.deliver(sms_event("STOP")) == 202
        wait_for(lambda: is_finished(served.app))
    assert len(acs.messages) == len(topic.events) == 1


def test_a_process_without_a_queue(
    app: App, acs: LoopbackAcs, topic: LoopbackTopic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It finishes by itself what it could not."""
    monkeypatch.setattr(recorder, "_SOON", timedelta())
    assert app.deliver(sms_event("STOP")) == 202
    wait_for(lambda: is_finished(app))
    assert len(acs.messages) == len(topic.events) == 1


def test_a_process_that_is_started_again(app: App, acs: LoopbackAcs, topic: LoopbackTopic) -> None:
    """What the earlier one left is in the store, messages and changes by hand alike."""
    topic.fail_next(401)
    assert app.deliver(sms_event("STOP")) == 202
    changed = app.change("opt-out", "+14255550124", sender="12345")
    assert changed["suppressed"]
    service.shutdown()
    wait_for(lambda: is_finished(app))
    wait_for(lambda: len(topic.events) == 2)
    assert service.current().store.pending() == ()


def test_while_acs_hangs(app: App, acs: LoopbackAcs, topic: LoopbackTopic) -> None:
    """Rule 8: an event is answered within six seconds."""
    app.deliver(sms_event("STOP", from_="+14255550124"))  # ACS and the topic fail once, at once
    acs.fail_next(Failure.hang(30))
    started = time.monotonic()
    assert app.deliver(sms_event("STOP")) == 202
    assert time.monotonic() - started < 6
    assert len(topic.events) == 1


def test_the_own_queue_keeps_the_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is due first comes first, nothing comes before its time, and an error ends nothing."""
    monkeypatch.setattr(own_queue, "POLL_SECONDS", 0.01)
    waiting = OwnQueue(world.store, world.clock)
    finished: list[str] = []

    def finish(work: Unfinished) -> None:
        finished.append(work.evidence_id)
        if work.evidence_id == "second":
            raise ValueError("not this one")

    for name, minutes in (("third", 3), ("first", 1), ("second", 2)):
        waiting.put(Unfinished(PERSON, name), timedelta(minutes=minutes))
    waiting.start(finish)
    world.clock.move(minutes=1)
    wait_for(lambda: finished == ["first"])
    world.clock.move(minutes=2)
    wait_for(lambda: finished == ["first", "second", "third"])
    waiting.close()


def test_a_reply_is_tried_again_while_it_is_due(tmp_path: Path) -> None:
    """An attempt at a reply never waits longer than half a minute: ACS may be back long before it
    expires."""
    with World(tmp_path) as world:
        world.phone.outcomes = [Outcome(Sending.AGAIN)] * 9
        world.receive("STOP")
        while len(world.phone.outcomes):
            ((due, _),) = world.queue.waiting
            assert due - world.clock.now <= timedelta(seconds=30)
            world.clock.now = due
            world.finish()
        world.clock.move(seconds=30)
        world.finish()
        assert [sms.recipient for sms in world.phone.received] == [PERSON]

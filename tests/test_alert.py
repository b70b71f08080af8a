"""The worst case has a name of its own: whatever keeps an understood STOP from being recorded."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from optout import service, settings
from optout.domain.enums import ReplyStatus
from optout.domain.errors import ConfigurationError, StoreAway
from optout.operations.handle import Result
from optout.operations.naming import find_target
from optout.operations.reply_delivery import REPLY_TAG
from optout.store.sqlite import decisions as sqlite_decisions
from tests.support.payloads import report_event, sms_event
from tests.support.world import NOON, PERSON, World, replied


def failing(problem: Exception) -> Callable[..., Any]:
    """A method that always fails."""

    def fail(*arguments: object, **named: object) -> Any:
        raise problem

    return fail


def alerts(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The lines that an alert would see."""
    return [
        record.message
        for record in caplog.records
        if record.levelname == "CRITICAL" and '"event": "stop_not_recorded"' in record.message
    ]


def stop_by_text(world: World) -> None:
    world.handler.handle(sms_event("STOP", at=NOON))


def stop_by_report(world: World) -> None:
    world.handler.handle(report_event("4007", to=PERSON, attempts=[NOON]))


def stop_by_hand(world: World) -> None:
    target = find_target(world.directory, "12345", None, everything=False)
    world.changes.record(target, PERSON, out=True, actor="ann", reason="phoned")


@pytest.mark.parametrize("way", [stop_by_text, stop_by_report, stop_by_hand])
@pytest.mark.parametrize(
    ("method", "problem"),
    [
        ("update", StoreAway("cannot be written")),
        ("update", RuntimeError("a bug")),
    ],
    ids=["away", "bug"],
)
def test_a_stop_that_is_not_recorded(
    world: World,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    way: Callable[[World], None],
    method: str,
    problem: Exception,
) -> None:
    """Each way to opt out, each way to fail: an alert, an exception, and nothing of the person."""
    monkeypatch.setattr(world.store, method, failing(problem))
    with pytest.raises((StoreAway, RuntimeError)):
        way(world)
    assert len(alerts(caplog)) == 1
    assert PERSON not in caplog.text


def test_a_late_stop_whose_timeline_cannot_be_read(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A late STOP needs one more read, which can fail, too."""
    world.receive("START")
    monkeypatch.setattr(sqlite_decisions, "read_timeline", failing(StoreAway("away")))
    with pytest.raises(StoreAway):
        world.receive("STOP", at=NOON.replace(hour=11))
    assert len(alerts(caplog)) == 1


def test_a_service_that_cannot_start(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can say that the event was no STOP."""
    monkeypatch.setenv("OPTOUT_PROGRAMS", "no/such/file.toml")
    service.shutdown()
    with pytest.raises(ConfigurationError):
        service.receive(sms_event("STOP"))
    assert len(alerts(caplog)) == 1


def test_an_event_that_cannot_even_be_quarantined(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can say that it was no STOP."""
    monkeypatch.setattr(world.store, "quarantine", failing(StoreAway("away")))
    with pytest.raises(StoreAway):
        world.handler.handle("not an event")
    assert len(alerts(caplog)) == 1


@pytest.mark.parametrize(
    ("event", "count"),
    [
        (sms_event("STOP"), 1),
        (report_event("4007"), 1),
        (sms_event("hello"), 0),
        (report_event("4004"), 0),
    ],
    ids=["stop", "block", "hello", "other report"],
)
def test_a_stop_from_a_resource_that_the_settings_do_not_name(
    world: World, caplog: pytest.LogCaptureFixture, event: str, count: int
) -> None:
    """A slip in OPTOUT_EVENT_SOURCE must not hold back every STOP in silence."""
    guarded = replace(world.handler, expected_source="/another/resource")
    assert guarded.handle(event) is Result.QUARANTINED
    assert len(alerts(caplog)) == count


def test_a_block_is_recorded_before_its_reply_is_looked_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report about a reply of ours that met a block: the block comes first."""
    monkeypatch.setattr(world.store, "find", failing(StoreAway("away")))
    with pytest.raises(StoreAway):
        world.handler.handle(report_event("4007", to=PERSON, tag=REPLY_TAG + "any", attempts=[NOON]))
    assert world.check("+18335550100").suppressed


def test_a_failure_after_the_record_is_no_alert(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reply that cannot be settled is left to the queue; the STOP is safe, and so is its event."""
    with monkeypatch.context() as away:
        away.setattr(world.store, "settle_reply", failing(StoreAway("away")))
        stop_by_text(world)
    assert alerts(caplog) == []
    assert world.check().suppressed
    world.clock.move(seconds=10)
    world.finish()
    assert replied(world.newest()).status is ReplyStatus.SENT
    assert len(world.phone.received) == 1


@pytest.mark.parametrize("text", ["HELP", "START", "hello"])
def test_other_messages_are_no_alert(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """They come again, and nobody is woken up."""
    monkeypatch.setattr(world.store, "update", failing(StoreAway("away")))
    with pytest.raises(StoreAway):
        world.handler.handle(sms_event(text))
    assert alerts(caplog) == []


def test_the_name_is_in_the_documents() -> None:
    """An alert is set on this name."""
    assert "stop_not_recorded" in (settings.ROOT / "docs/architecture.md").read_text("utf-8")

"""Events as Event Grid hands them over: every known spelling, and everything that can be wrong."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from azure.eventgrid import SystemEventNames

from optout.azure import events
from optout.azure.events import Ignored, Malformed
from optout.domain.inbound import InboundSms
from tests.support.payloads import payload, sms_event

RECEIVED = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
EVENT_TIME = datetime(2026, 3, 1, 12, 0, 2, tzinfo=UTC)
SECRET = "my secret is a text of words"
SOURCE = payload("sms_received")["topic"]


def message(change: Callable[[dict[str, Any]], object] = lambda event: None, **data: Any) -> str:
    """An event with some of its data, and whatever else, changed."""
    written = sms_event(
        SECRET, at=RECEIVED, event_time=EVENT_TIME, from_="14255550123", message_id="Incoming_1"
    )
    event = json.loads(written)
    event["data"].update({name.removesuffix("_"): value for name, value in data.items()})
    change(event)
    return json.dumps(event)


def parsed(raw: str) -> InboundSms:
    event = events.parse(raw)
    assert isinstance(event, InboundSms)
    return event


def without(*path: str) -> Callable[[dict[str, Any]], object]:
    """A change: the event without one of its fields."""

    def change(event: dict[str, Any]) -> None:
        *outer, name = path
        for part in outer:
            event = event[part]
        del event[name]

    return change


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "name",
    [
        "sms_received",
        "sms_received_pascal_case",
        "sms_received_cloud_events",
        "sms_received_spec_version",
    ],
)
def test_published_samples(name: str) -> None:
    """Every published spelling of the same event is the same message."""
    assert events.parse(json.dumps(payload(name)), SOURCE.upper()) == InboundSms(
        message_id="Incoming_20200918002745d29ebbea-3341-4466-9690-0a03af35228e",
        recipient="+15555555555",
        sender="+15555555555",
        text="Great to connect with Azure Communication Services events",
        at=datetime(2020, 9, 18, 0, 27, 45, 320_000, tzinfo=UTC),
        flags=(),
    )


@pytest.mark.parametrize("schema", ["event_grid", "cloud_events"])
def test_the_events_of_these_tests(schema: Any) -> None:
    """The builder writes what it is asked for, in both schemas, under a new id each time."""
    first, second = (
        parsed(sms_event("STOP", to="78787", from_="+447700900123", at=RECEIVED, schema=schema))
        for _ in range(2)
    )
    assert first == InboundSms(first.message_id, "+447700900123", "78787", "STOP", RECEIVED, ())
    assert first.message_id != second.message_id


def test_the_event_type_is_the_sdks() -> None:
    """The constant is what azure-eventgrid calls the event."""
    assert SystemEventNames.AcsSmsReceivedEventName.value == events.SMS_RECEIVED


LENIENT: list[tuple[str, str, dict[str, Any]]] = [
    ("as published", message(), {"recipient": "+14255550123", "sender": "12345", "text": SECRET}),
    ("numbers with plus", message(from_="+14255550123"), {"recipient": "+14255550123"}),
    ("a short code with plus", message(to="+12345"), {"sender": "12345"}),
    ("to a long code without plus", message(to="14255550100"), {"sender": "+14255550100"}),
    ("to a sender ID", message(to="CONTOSO"), {"sender": "contoso"}),
    (
        "JSON numbers as phone numbers",
        message(from_=14255550123, to=12345),
        {"recipient": "+14255550123", "sender": "12345"},
    ),
    (
        "data as JSON text",
        message(lambda event: event.update(data=json.dumps(event["data"]))),
        {"recipient": "+14255550123", "text": SECRET},
    ),
    (
        "keys in capitals",
        json.dumps({name.upper(): value for name, value in json.loads(message()).items()}),
        {"text": SECRET, "at": RECEIVED},
    ),
    (
        "the type in another case",
        message(lambda event: event.update(eventType=event["eventType"].upper())),
        {"text": SECRET},
    ),
    ("an empty message", message(message=""), {"text": ""}),
    ("a message that is a number", message(message=1), {"text": "1"}),
    ("a lone surrogate", message(message="STOP \ud83d"), {"text": "STOP ?"}),
    ("both halves of an emoji", message(message="STOP \ud83d\uded1"), {"text": "STOP 🛑"}),
    ("a null byte", message(message="STOP\0"), {"text": "STOP\0"}),
    (
        "a huge number where none is read",
        message().replace('"segmentCount": 1', f'"segmentCount": {"9" * 10_000}'),
        {"text": SECRET},
    ),
    ("deep nesting where nothing is read", message(more=nested(500)), {"text": SECRET}),
    ("unknown fields", message(more={"a": 1}), {"text": SECRET}),
    ("a null beside the value", message(FROM=None), {"recipient": "+14255550123"}),
    ("seven digits of a second", message(receivedTimestamp="2026-03-01T12:00:00.1234567Z"),
     {"at": RECEIVED.replace(microsecond=123456), "flags": ()}),
    ("another zone", message(receivedTimestamp="2026-03-01T13:30:00+01:30"), {"at": RECEIVED}),
    ("small letters", message(receivedTimestamp="2026-03-01t12:00:00z"), {"at": RECEIVED}),
    ("no message id", message(without("data", "messageId")), {"message_id": "Incoming_1"}),
    ("a null message id", message(messageId=None, id="other"), {"message_id": "Incoming_1"}),
    ("a blank message id", message(messageId=" "), {"message_id": "Incoming_1"}),
    ("a message id that is a number", message(messageId=7), {"message_id": "7"}),
    ("a message id before the event's", message(messageId="mine"), {"message_id": "mine"}),
]  # fmt: skip


@pytest.mark.parametrize(("situation", "raw", "expected"), LENIENT, ids=[row[0] for row in LENIENT])
def test_read_leniently(situation: str, raw: str, expected: dict[str, Any]) -> None:
    """What differs between events and does not matter changes nothing."""
    event = parsed(raw)
    assert {name: getattr(event, name) for name in expected} == expected


@pytest.mark.parametrize(
    "unreadable",
    [
        "",
        "yesterday",
        "2026-03-01",
        "2026-03-01T12:00:00",
        "0001-01-01T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "1999-12-31T23:59:59Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026-02-30T12:00:00Z",
        "2026-03-01T12:00:60Z",
        1772366400,
        1.5,
        True,
        None,
        nested(500),
        {"value": "2026-03-01T12:00:00Z"},
    ],
    ids=lambda value: str(value)[:30],
)
def test_unreadable_times(unreadable: object) -> None:
    """No time, none with a zone, or a default value: the event's own time, flagged; then none."""
    fallback = parsed(message(receivedTimestamp=unreadable))
    assert (fallback.at, fallback.flags) == (EVENT_TIME, ("event_time",))
    neither = parsed(
        message(lambda event: event.update(eventTime=unreadable), receivedTimestamp=unreadable)
    )
    assert (neither.at, neither.flags) == (None, ())


def test_missing_times() -> None:
    """A time that is not there is like one that cannot be read."""
    missing = message(without("data", "receivedTimestamp"))
    assert (parsed(missing).at, parsed(missing).flags) == (EVENT_TIME, ("event_time",))


def test_no_id_at_all() -> None:
    """Without any id, the same event is the same message, and another is another."""

    def bare(text: str) -> str:
        return message(without("id"), messageId=None, message=text)

    assert parsed(bare("STOP")).message_id == parsed(bare("STOP")).message_id
    assert parsed(bare("STOP")).message_id != parsed(bare("START")).message_id


MALFORMED: list[tuple[str, str, str]] = [
    ("nothing", "", "not JSON"),
    ("no JSON", SECRET, "not JSON"),
    ("JSON that breaks off", message()[:-1], "not JSON"),
    ("an array", f"[{message()}]", "not a JSON object"),
    ("a text", json.dumps(SECRET), "not a JSON object"),
    ("a number", "9" * 10_000, "not a JSON object"),
    ("deep nesting", "[" * 100_000, "not JSON"),
    ("an unpaired bracket, deep", '{"data":' + "[" * 100_000, "not JSON"),
    ("no type", message(without("eventType")), "type"),
    ("an empty type", message(lambda event: event.update(eventType="")), "type"),
    ("a type that is a list", message(lambda event: event.update(eventType=[SECRET])), "type"),
    ("no data", message(without("data")), "data"),
    ("data that is a list", message(lambda event: event.update(data=[SECRET])), "data"),
    ("data that is some text", message(lambda event: event.update(data=SECRET)), "data"),
    ("data that is deep", message(lambda event: event.update(data="[" * 100_000)), "data"),
    ("no from", message(without("data", "from")), "data.from"),
    ("no to", message(without("data", "to")), "data.to"),
    ("no message", message(without("data", "message")), "data.message"),
    ("from is null", message(from_=None), "data.from"),
    ("from is empty", message(from_=""), "data.from"),
    ("from is a name", message(from_="Contoso"), "data.from"),
    ("from is a fraction", message(from_=14255550123.5), "data.from"),
    ("from is infinite", message(from_=float("inf")), "data.from"),
    ("from is true", message(from_=True), "data.from"),
    ("from is an object", message(from_={"phoneNumber": "+14255550123"}), "data.from"),
    ("from is far too long", message(from_="1" * 5_000), "data.from"),
    ("from is a huge number", message().replace('"14255550123"', "9" * 10_000), "data.from"),
    ("from is a surrogate", message(from_="\ud83d"), "data.from"),
    ("to is a sentence", message(to=SECRET), "data.to"),
    ("to is empty", message(to=""), "data.to"),
    ("to is a list", message(to=["12345"]), "data.to"),
    ("message is null", message(message=None), "data.message"),
    ("message is an object", message(message={"text": SECRET}), "data.message"),
    ("the message id is a list", message(messageId=[1]), "data.messageid"),
]  # fmt: skip


@pytest.mark.parametrize(("situation", "raw", "names"), MALFORMED, ids=[row[0] for row in MALFORMED])
def test_malformed(situation: str, raw: str, names: str) -> None:
    """The reason names the field and never quotes the text."""
    with pytest.raises(Malformed) as caught:
        events.parse(raw)
    assert names in str(caught.value)
    assert "secret" not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_every_missing_field_is_named() -> None:
    """One reason names all fields that are wrong."""
    with pytest.raises(Malformed, match=r"data\.to.*data\.from.*data\.message"):
        events.parse(message(lambda event: event.update(data={})))


@pytest.mark.parametrize("data", [{"a": 1}, None, [1], "text", "{}"], ids=str)
def test_other_types(data: object) -> None:
    """An event that is not ours is ignored, whatever its data."""
    kind = "Microsoft.Communication.ChatMessageReceived"
    other = message(lambda event: event.update(eventType=kind, data=data))
    assert events.parse(other, "/subscriptions/another") == Ignored(kind)


@pytest.mark.parametrize("schema", ["event_grid", "cloud_events"])
def test_expected_source(schema: Any) -> None:
    """An event of another resource is refused, one of the expected resource taken in any case."""
    raw = sms_event("STOP", schema=schema)
    event = json.loads(raw)
    source = event.get("topic") or event["source"]
    assert events.parse(raw, source.upper()) == events.parse(raw)
    with pytest.raises(Malformed, match="OPTOUT_EVENT_SOURCE"):
        events.parse(raw, source + "2")


@pytest.mark.parametrize("change", [without("topic"), lambda event: event.update(topic=None)])
def test_no_source_where_one_is_expected(change: Callable[[dict[str, Any]], object]) -> None:
    """An event that names no resource is not from the expected one."""
    with pytest.raises(Malformed, match="OPTOUT_EVENT_SOURCE"):
        events.parse(message(change), SOURCE)

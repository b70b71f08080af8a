"""Event JSON from Event Grid, in both schemas, read leniently.

Published samples and real events differ: `messageId` and `MessageId`, numbers with and without `+`,
fractions of seven digits, `specversion` and `specVersion`, `data` as an object or as JSON text.
Source: Azure Communication Services as an Event Grid source, Event Grid event schema, CloudEvents
1.0. Nothing here may know what a message means.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from optout.domain import numbers
from optout.domain.inbound import DeliveryReport, InboundSms
from optout.domain.times import EARLIEST, aware

# The values of azure.eventgrid.SystemEventNames, which takes 94 ms to import; a test compares them.
SMS_RECEIVED = "Microsoft.Communication.SMSReceived"
DELIVERY_REPORT = "Microsoft.Communication.SMSDeliveryReportReceived"


class Malformed(ValueError):
    """An event that cannot be understood; the message says why, without quoting its text."""


class WrongSource(Malformed):
    """An event that can be understood and comes from a resource that should not send it here."""

    def __init__(self, event: "InboundSms | DeliveryReport") -> None:
        super().__init__(
            "the event comes from another resource than OPTOUT_EVENT_SOURCE names; correct the "
            "subscription or the setting, then replay it"
        )
        self.event = event


@dataclass(frozen=True, slots=True)
class Ignored:
    """An event of a type that this app does not handle."""

    event_type: str


Event = InboundSms | DeliveryReport | Ignored


def _as_text(value: object) -> object:
    """Text with lone surrogates, which no store accepts, replaced."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    return value


Text = Annotated[str, BeforeValidator(_as_text)]


_Model = TypeVar("_Model", bound=BaseModel)


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Envelope(_Lenient):
    type: Text = Field(min_length=1)
    source: Text = ""
    id: Text = ""
    time: Any = None
    data: Any = None


class _SmsReceived(_Lenient):
    messageid: Text = ""
    sender: Text = Field(alias="to")
    recipient: Text = Field(alias="from")
    message: Text
    receivedtimestamp: Any = None


class _DeliveryReport(_Lenient):
    messageid: Text = ""
    sender: Text = Field(alias="from")
    recipient: Text = Field(alias="to")
    deliverystatus: Text
    deliverystatusdetails: Text = ""
    deliveryattempts: Any = None
    receivedtimestamp: Any = None
    tag: Text = ""


def parse(raw: str, expected_source: str | None = None) -> Event:
    """One event as the trigger delivers it.

    `expected_source`, where given, is the ACS resource id that the event must name, compared without
    regard to case. Raises Malformed, and WrongSource for that.
    """
    envelope = _envelope(_object(raw, "the event"))
    reader = _READERS.get(envelope.type.lower())
    if reader is None:
        return Ignored(envelope.type)
    event = reader(envelope, raw)
    if expected_source and envelope.source.lower() != expected_source.lower():
        raise WrongSource(event)
    return event


def _object(value: object, name: str) -> dict[str, Any]:
    """An object with its keys in lower case and without nulls. `value` may be its JSON text.

    Whole numbers are kept as text, because phone numbers are text and may have any length.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value, parse_int=str)
        except (ValueError, RecursionError) as problem:
            raise Malformed(f"{name} is not JSON ({type(problem).__name__})") from None
    if not isinstance(value, dict):
        raise Malformed(f"{name} is not a JSON object")
    return {key.lower(): item for key, item in value.items() if item is not None}


def _envelope(event: dict[str, Any]) -> _Envelope:
    """Both schemas under one set of names: Event Grid's eventType, topic and eventTime, CloudEvents'
    type, source and time."""
    for ours, theirs in (("type", "eventtype"), ("source", "topic"), ("time", "eventtime")):
        if theirs in event:
            event.setdefault(ours, event[theirs])
    return _validated(_Envelope, event)


def _sms(envelope: _Envelope, raw: str) -> InboundSms:
    data = _validated(_SmsReceived, _object(envelope.data, "data"), "data.")
    recipient, sender = _person("data.from", data.recipient), _sender("data.to", data.sender)
    at, flags = _first_time(data.receivedtimestamp, envelope.time)
    return InboundSms(
        message_id=data.messageid.strip() or envelope.id.strip() or _digest(raw),
        recipient=recipient,
        sender=sender,
        text=data.message,
        at=at,
        flags=flags,
    )


def _report(envelope: _Envelope, raw: str) -> DeliveryReport:
    data = _validated(_DeliveryReport, _object(envelope.data, "data"), "data.")
    recipient, sender = _person("data.to", data.recipient), _sender("data.from", data.sender)
    attempts = data.deliveryattempts if isinstance(data.deliveryattempts, list) else []
    times = [
        time
        for attempt in attempts
        if isinstance(attempt, dict) and (time := _time(_object(attempt, "").get("timestamp")))
    ]
    at, flags = (min(times), ()) if times else _first_time(data.receivedtimestamp, envelope.time)
    return DeliveryReport(
        message_id=data.messageid.strip() or envelope.id.strip() or _digest(raw),
        recipient=recipient,
        sender=sender,
        delivered=data.deliverystatus.lower() == "delivered",
        details=data.deliverystatusdetails,
        tag=data.tag,
        at=at,
        flags=flags,
    )


_READERS: dict[str, Callable[[_Envelope, str], InboundSms | DeliveryReport]] = {
    SMS_RECEIVED.lower(): _sms,
    DELIVERY_REPORT.lower(): _report,
}


def _person(field: str, value: str) -> str:
    try:
        return numbers.normalise(value)
    except numbers.NotANumber as problem:
        raise Malformed(f"{field} is {problem}") from None


def _sender(field: str, value: str) -> str:
    try:
        return numbers.sender_id(value)
    except numbers.NotANumber:
        raise Malformed(f"{field} is not a phone number, short code or sender ID") from None


def _first_time(received: object, event_time: object) -> tuple[datetime | None, tuple[str, ...]]:
    if at := _time(received):
        return at, ()
    if at := _time(event_time):
        return at, ("event_time",)
    return None, ()


def _time(value: object) -> datetime | None:
    """A time with its zone; None if it is not a time, has no zone, or is a default value."""
    if not isinstance(value, str):
        return None
    try:
        at = aware(datetime.fromisoformat(value.strip().upper()))
    except (ValueError, OverflowError):
        return None
    return at if at >= EARLIEST else None


def _validated(model: type[_Model], value: dict[str, Any], prefix: str = "") -> _Model:
    try:
        return model.model_validate(value)
    except ValidationError as problem:
        raise Malformed(
            "; ".join(
                f"{prefix}{'.'.join(map(str, error['loc']))}: {error['msg'].lower()}"
                for error in problem.errors(include_input=False, include_url=False)
            )
        ) from None


def _digest(raw: str) -> str:
    """An id for a message that carries none: the same for the same event."""
    return hashlib.sha256(raw.encode("utf-8", "replace")).hexdigest()

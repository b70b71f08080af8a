"""Events as Event Grid hands them over: the published samples, and new ones for a test's own story."""

import json
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

_FOLDER = Path(__file__).parent.parent / "payloads"
_SOURCE = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourcegroups/contoso"
    "/providers/microsoft.communication/communicationservices/contoso"
)


def payload(name: str) -> dict[str, Any]:
    """The event in tests/payloads/NAME.json; its origin is in the README beside it."""
    event: dict[str, Any] = json.loads((_FOLDER / f"{name}.json").read_text("utf-8"))
    return event


def sms_event(
    text: str,
    *,
    to: str = "12345",
    from_: str = "+14255550123",
    at: datetime | str | None = None,
    event_time: datetime | str | None = None,
    message_id: str | None = None,
    schema: Literal["event_grid", "cloud_events"] = "event_grid",
) -> str:
    """One SMSReceived event as JSON text.

    `at` is when ACS received the message, by default now; text is written as it is. The event's own
    time is the same unless it is given. Every message has an id of its own unless one is given.
    """
    at = datetime.now(UTC) if at is None else at
    message_id = message_id or f"Incoming_{uuid.uuid4()}"
    data = {
        "messageId": message_id,
        "from": from_,
        "to": to,
        "message": text,
        "receivedTimestamp": _written(at),
        "segmentCount": 1,
    }
    common = {"id": message_id, "subject": f"/phonenumber/{to}", "data": data}
    time = _written(at if event_time is None else event_time)
    kind = "Microsoft.Communication.SMSReceived"
    if schema == "cloud_events":
        event = {"source": _SOURCE, "type": kind, "time": time, "specversion": "1.0", **common}
    else:
        event = {
            "topic": _SOURCE, "eventType": kind, "eventTime": time,
            "dataVersion": "1.0", "metadataVersion": "1", **common,
        }  # fmt: skip
    return json.dumps(event)


def report_event(
    details: str | None,
    *,
    status: str = "Failed",
    from_: str = "+18335550100",
    to: str = "+14255550123",
    at: datetime | str | None = None,
    attempts: list[datetime] | None = None,
    tag: str | None = None,
    message_id: str | None = None,
) -> str:
    """One SMSDeliveryReportReceived event as JSON text, about a message from us to a person.

    `at` is the time of the report, by default now; `attempts` are those of delivering the message.
    """
    at = _written(datetime.now(UTC) if at is None else at)
    message_id = message_id or f"Outgoing_{uuid.uuid4()}"
    return json.dumps(
        {
            "id": message_id, "topic": _SOURCE, "subject": f"/phonenumber/{from_}",
            "eventType": "Microsoft.Communication.SMSDeliveryReportReceived", "eventTime": at,
            "dataVersion": "1.0", "metadataVersion": "1",
            "data": {
                "messageId": message_id, "from": from_, "to": to, "deliveryStatus": status,
                "deliveryStatusDetails": details, "receivedTimestamp": at, "tag": tag,
                "deliveryAttempts": [
                    {"timestamp": _written(time), "segmentsSucceeded": 0, "segmentsFailed": 1}
                    for time in attempts or ()
                ],
            },
        }
    )  # fmt: skip


def _written(time: datetime | str) -> str:
    return time if isinstance(time, str) else time.isoformat()

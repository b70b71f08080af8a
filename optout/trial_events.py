"""Events as Azure Communication Services publishes them, for trying things without it."""

from datetime import datetime
from typing import Any, Literal

from optout.azure.events import DELIVERY_REPORT, SMS_RECEIVED

Reported = Literal["delivered", "failed", "blocked"]

# What stands for the ACS resource where nobody says which is meant.
SOURCE = "local"
# By what is reported: the status of the delivery, and what ACS says of it.
_DELIVERIES: dict[Reported, tuple[str, str]] = {
    "delivered": ("Delivered", "No error."),
    "failed": ("Failed", "Destination unreachable."),
    "blocked": ("Failed", "Sender blocked for given recipient."),
}


def received(
    sender: str, recipient: str, text: str, *, message_id: str, at: datetime | None, now: datetime
) -> dict[str, Any]:
    """A message from a person to one of our senders, in the schema of Event Grid: received by ACS at a
    time, or at none, and published now."""
    data = {
        "messageId": message_id,
        "from": recipient.removeprefix("+"),
        "to": sender,
        "message": text,
        "segmentCount": 1,
    }
    if at is not None:
        data["receivedTimestamp"] = at.isoformat()
    # The event's own time would stand in for the message's.
    return _event(SMS_RECEIVED, message_id, f"/phonenumber/{sender}", data, at and now)


def reported(
    sender: str,
    recipient: str,
    what: Reported,
    *,
    message_id: str,
    tag: str | None,
    at: datetime,
) -> dict[str, Any]:
    """What became of a message from one of our senders to a person; `tag` is what it was sent with."""
    status, details = _DELIVERIES[what]
    data = {
        "messageId": message_id,
        "from": sender,
        "to": recipient.removeprefix("+"),
        "deliveryStatus": status,
        "deliveryStatusDetails": details,
        "receivedTimestamp": at.isoformat(),
        "tag": tag,
        "deliveryAttempts": [
            {
                "timestamp": at.isoformat(),
                "segmentsSucceeded": int(what == "delivered"),
                "segmentsFailed": int(what != "delivered"),
            }
        ],
    }
    return _event(DELIVERY_REPORT, message_id, f"/phonenumber/{sender}", data, at)


def as_cloud_event(event: dict[str, Any]) -> dict[str, Any]:
    """The same event in CloudEvents 1.0."""
    changed = {
        "id": event["id"],
        "source": event["topic"],
        "subject": event["subject"],
        "type": event["eventType"],
        "specversion": "1.0",
        "data": event["data"],
    }
    return changed | ({"time": event["eventTime"]} if "eventTime" in event else {})


def _event(
    kind: str, identifier: str, subject: str, data: dict[str, Any], at: datetime | None
) -> dict[str, Any]:
    event = {
        "id": identifier,
        "topic": SOURCE,
        "subject": subject,
        "eventType": kind,
        "dataVersion": "1.0",
        "metadataVersion": "1",
        "data": data,
    }
    return event | ({"eventTime": at.isoformat()} if at else {})

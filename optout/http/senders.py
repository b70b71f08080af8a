"""The senders of the program file."""

from typing import Annotated

from pydantic import Field

from optout.domain.enums import NumberType
from optout.http.exchange import Request
from optout.operations.shapes import Blocker, Shape, Time, shown
from optout.programs.directory import Sender
from optout.service import Service


class ConfiguredSender(Shape):
    """A sender of the program file."""

    sender: str
    type: NumberType
    country: str | None
    program: str
    list: str
    lists: list[str]
    managed_by: Blocker
    stands_for: Annotated[
        str | None,
        Field(
            description="the sender ID, in lower case, in whose place networks show this number: who "
            "is out of it may not be texted from here either"
        ),
    ]
    everything_from: Annotated[
        Time | None,
        Field(description="when its opt-outs begin to end everything; null: they end its list alone"),
    ]


class Senders(Shape):
    """In the order of the file."""

    items: list[ConfiguredSender]


SENDERS = {
    "items": [
        {
            "sender": "12345",
            "type": "short_code",
            "country": "US",
            "program": "Contoso Alerts",
            "list": "contoso-alerts",
            "lists": ["contoso-alerts"],
            "managed_by": "service",
            "stands_for": None,
            "everything_from": None,
        }
    ]
}


def list_senders(request: Request, service: Service) -> Senders:
    """The senders of the program file."""
    return {"items": [_configured(sender) for sender in service.directory.every]}


def _configured(sender: Sender) -> ConfiguredSender:
    return {
        "sender": sender.name,
        "type": sender.number_type,
        "country": sender.country,
        "program": sender.program or "",
        "list": sender.list,
        "lists": [sender.list, *sender.formerly],
        "managed_by": sender.managed_by,
        "stands_for": sender.stands_for,
        "everything_from": shown(sender.everything_from),
    }

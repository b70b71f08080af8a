"""What ACS said to a sending service about an opt-out."""

from typing import Annotated

from pydantic import Field

from optout.http.exchange import Body, Request, parse_body, principal
from optout.http.values import Moment, Number, SenderName
from optout.operations.naming import find_sender
from optout.operations.shapes import Shape
from optout.service import Service


class ReportRequest(Body):
    """What ACS said when a recipient was texted."""

    sender: SenderName
    recipient: Number
    at: Moment = Field(description="When the message was sent; one in the future counts as now.")
    # pydantic measures it, and so refuses invalid Unicode, which no store accepts.
    details: str = Field(
        max_length=500, description="The error as ACS words it, or its code, for example 4007."
    )


class Reported(Shape):
    """Whether it is on record now."""

    recorded: Annotated[
        bool, Field(description="false: the details do not say that the recipient has opted out")
    ]


REPORTS = {
    "blocked": {
        "sender": "+18335550100",
        "recipient": "+14255550123",
        "at": "2026-06-01T12:00:00Z",
        "details": "Sender blocked for given recipient.",
    }
}
RECORDED = {"recorded": True}


def report(request: Request, service: Service) -> Reported:
    """Report that ACS refused a message because the recipient has opted out.

    The list then knows it at once, without waiting for the delivery report. Anything else that ACS may
    say records nothing. The same report again is the same evidence.
    """
    body = parse_body(ReportRequest, request)
    sender = find_sender(service.directory, body.sender)
    recorded = service.reports.record(sender, body.recipient, body.at, body.details, principal(request))
    return {"recorded": recorded}

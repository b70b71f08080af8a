"""Links that opt a person out, for messages that nobody can answer."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from optout.http.exchange import Body, Request, parse_body
from optout.http.values import AllowUnconfigured, SenderName
from optout.operations.links import MadeLink
from optout.operations.naming import find_sender
from optout.operations.shapes import Shape
from optout.service import Service

LIMIT = 10_000


class LinksRequest(Body):
    """Whom a link of a sender is for."""

    sender: SenderName
    recipients: list[Any] = Field(
        min_length=1,
        max_length=LIMIT,
        description="Numbers as people write them; an entry that is not certainly a number is answered "
        "with an error in its place.",
    )
    allow_unconfigured: AllowUnconfigured = False


class Link(Shape):
    """One recipient's link, always the same."""

    recipient: Annotated[str, Field(description="in E.164")]
    url: Annotated[str, Field(description="opts this recipient out of this sender, and nothing else")]


class NoLink(Shape):
    """An entry that is not certainly a number has no link."""

    recipient: Annotated[Any, Field(description="as given")]
    error: str


class Made(Shape):
    """A link for each recipient, in the order given."""

    results: Sequence[Link | NoLink]


LINKS = {"two": {"sender": "CONTOSO", "recipients": ["+447700900123", "07700 900124"]}}
MADE = {
    "results": [
        {
            "recipient": "+447700900123",
            "url": "https://o.contoso.com/o/ATokenOf34To44LettersDigitsAndSigns_-A",
        },
        {"recipient": "nobody", "error": "not a phone number; write it with + and the country code"},
    ]
}


def make(request: Request, service: Service) -> Made:
    """Make the links of a sender's recipients.

    Each opts its recipient out with one tap, for ever, and does nothing else. Nothing is recorded by
    making one; the same recipient and sender always have the same link.
    """
    body = parse_body(LinksRequest, request)
    sender = find_sender(service.directory, body.sender, allow_unconfigured=body.allow_unconfigured)
    countries = service.directory.countries_meant([sender])
    return {
        "results": [_shown(each) for each in service.links.make(sender, body.recipients, countries)]
    }


def _shown(made: MadeLink) -> Link | NoLink:
    if made.url is None or made.recipient is None:
        return {"recipient": made.given, "error": made.error or ""}
    return {"recipient": made.recipient, "url": made.url}

"""Where a person stands."""

from optout.http import feed
from optout.http.exchange import Body, Request, parse_body
from optout.http.values import Number
from optout.operations import documents
from optout.operations.naming import read_recipient_to_show
from optout.operations.standing import document
from optout.operations.status import recipient_status
from optout.service import Service


class StatusRequest(Body):
    """Where does this person stand?"""

    recipient: Number


NUMBERS = {"one": {"recipient": "+14255550123"}}
STATUS = {
    "recipient": "+14255550123",
    "spelled": "+1 425 555 0123",
    "country": "US",
    "lists": [
        {
            "list": "contoso-alerts",
            "suppressed": True,
            "since": "2026-06-01T12:00:00.000000Z",
            "scope": "list",
            "source": "message",
            "keyword": "STOP",
            "blocked_by": "service",
            "state": "out",
            "in_since": None,
            "senders": [
                {
                    "sender": "12345",
                    "program": "Contoso Alerts",
                    "configured": True,
                    "suppressed": True,
                    "since": "2026-06-01T12:00:00.000000Z",
                    "scope": "sender",
                    "source": "message",
                    "keyword": "STOP",
                    "blocked_by": "service",
                    "state": "out",
                    "in_since": None,
                }
            ],
        }
    ],
    "standing": feed.STANDING,
}


def status(request: Request, service: Service) -> documents.Status:
    """Where a person stands with every list and sender.

    The lists of the program file, then those that only the history names. For a person who looks a
    number up: it is always read, and never from a cache. `recipient` says as which number the text was
    read.
    """
    asked = parse_body(StatusRequest, request).recipient
    recipient = read_recipient_to_show(asked, service.directory.countries_meant())
    store = service.store
    return documents.status(
        recipient,
        recipient_status(recipient, service.directory, store),
        document(store.snapshot(recipient), store.generation()),
    )

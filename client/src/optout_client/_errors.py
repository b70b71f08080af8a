"""What can go wrong, as azure-core's callers know it: everything is an AzureError."""

import json
from collections.abc import Sequence
from typing import Any

from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    ResourceNotFoundError,
    ServiceRequestError,
)

UNKNOWN_SENDER = "urn:optout:unknown-sender"
# The caller's own mistakes, which another attempt does not mend: a body that is wrong, a change that cannot
# be made now, a key that was used for another change.
_OF_THE_CALLER = frozenset({400, 409, 413, 422})


class OptoutUnavailable(ServiceRequestError):
    """The list has not answered: nobody may be texted.

    Raised for no connection, a time-out, 401, 403, 429, any 5xx, a 404 that does not come from the app, and
    an answer that is not what was asked for. It is a ServiceRequestError: nothing was sent, and whoever asks
    again later is right. `status_code` is the HTTP status, None where there was none; `__cause__` is what
    azure-core raised.
    """

    def __init__(self, message: str, status_code: int | None = None) -> None:
        super().__init__(message)
        self.status_code = status_code


class UnknownSender(ResourceNotFoundError):
    """No program of the app names this sender; mistyped, most likely. Nobody may be texted from it.

    `nearest` are the senders that are most like it, nearest first.
    """

    def __init__(self, message: str, nearest: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.nearest = tuple(nearest)


class FeedGone(HttpResponseError):
    """The place in the feed does not exist any more: forget the copy, versions included, and begin again
    without `since`."""


class StaleReplica(AzureError):
    """A copy of the list that is not complete, or older than it may be: it answers nothing."""


class UnusableReplica(AzureError):
    """The file of a copy cannot be read or written; the message says what to do. Nobody may be texted."""


def problem_of(status_code: int, body: str) -> AzureError:
    """The error that an answer other than 200 is. `body` is problem+json (RFC 9457), if the app wrote it."""
    told = _told(body)
    detail = str(told.get("detail") or f"HTTP {status_code}")
    if status_code == 404 and told.get("type") == UNKNOWN_SENDER:
        nearest = told.get("nearest")
        return UnknownSender(detail, nearest if isinstance(nearest, list) else ())
    if status_code == 410:
        return _with_status(FeedGone(message=detail), status_code)
    if status_code in _OF_THE_CALLER and told:
        return _with_status(HttpResponseError(message=detail), status_code)
    return OptoutUnavailable(
        f"the list has not answered ({status_code}): {_advice(status_code, detail)}", status_code
    )


def _with_status(error: HttpResponseError, status_code: int) -> HttpResponseError:
    error.status_code = status_code
    return error


def _advice(status_code: int, detail: str) -> str:
    if status_code in (401, 403):
        return "its key does not open this operation; make one of the right role"
    if status_code == 404:
        return "this is not the address of the app, or of a version that has no such operation"
    return detail


def _told(body: str) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) and isinstance(told.get("detail"), str) else {}

"""What a guarded send answers about each recipient."""

import copy
from http import HTTPStatus
from typing import Any, Literal

from azure.communication.sms import SmsSendResult

Reason = Literal["opted_out", "not_a_number", "refused", "not_sent", "unknown"]


class GuardedSmsResult(SmsSendResult):
    """SmsSendResult, and why a recipient was not texted.

    `to` is as it was given. `suppressed` is True for whoever may not be texted: ACS has not heard of them.
    `reason`, None for a message that ACS accepted, is one of

    - "opted_out": they said no; `error_message` says since when.
    - "not_a_number": it is not certainly a phone number.
    - "refused": ACS did not accept it; `http_status_code` and `error_message` are ACS's.
    - "not_sent": nothing was sent, because the list, or ACS, stopped answering before. May be sent again.
    - "unknown": ACS may have sent it, and its answer did not arrive. Sending it again may text somebody
      twice.

    `http_status_code` is ACS's; for what never got an answer of ACS's it is 403, 400, 503 or 504.
    """

    def __init__(self, *, suppressed: bool = False, reason: Reason | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.suppressed = suppressed
        self.reason = reason


_STATUS: dict[Reason, HTTPStatus] = {
    "opted_out": HTTPStatus.FORBIDDEN,
    "not_a_number": HTTPStatus.BAD_REQUEST,
    "refused": HTTPStatus.BAD_REQUEST,
    "not_sent": HTTPStatus.SERVICE_UNAVAILABLE,
    "unknown": HTTPStatus.GATEWAY_TIMEOUT,
}


def unsent(to: str, reason: Reason, message: str, status: int | None = None) -> GuardedSmsResult:
    """The result of somebody of whom ACS has said nothing by themselves."""
    return GuardedSmsResult(
        to=to,
        http_status_code=status or int(_STATUS[reason]),
        successful=False,
        error_message=message,
        suppressed=reason in ("opted_out", "not_a_number"),
        reason=reason,
    )


def told(result: SmsSendResult) -> GuardedSmsResult:
    """What ACS said of one message."""
    return GuardedSmsResult(
        to=result.to,
        message_id=result.message_id,
        http_status_code=result.http_status_code,
        successful=result.successful,
        error_message=result.error_message,
        reason=None if result.successful else "refused",
    )


def as_named(to: str, result: GuardedSmsResult) -> GuardedSmsResult:
    """A result about somebody as they were named."""
    named = copy.copy(result)
    named.to = to
    return named

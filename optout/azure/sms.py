"""Sending a reply: through Azure Communication Services, or printed where none is configured.

A failure is a value that says what may be done about it; nothing here decides whether a reply is due.

ACS follows Microsoft's repeatable requests: an id and the time of its first attempt make a resend
the same SMS. It tracks an id for five minutes; 409 means that the first attempt is still under way,
412 that the id is too old. That the SMS service keeps this protocol is assumed: the published
reference names its fields, not its behaviour.
"""

import json
import re
import sys
import threading
import time
from base64 import b64decode
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from email.utils import format_datetime
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from cachetools import TTLCache

from optout.azure import messaging_connect
from optout.azure.messaging_connect import Connection, Connections
from optout.domain import numbers
from optout.domain.enums import ReplyStatus
from optout.domain.errors import ConfigurationError
from optout.domain.model import Reply
from optout.domain.times import aware

if TYPE_CHECKING:
    from azure.core.pipeline import PipelineRequest

CONNECT_SECONDS = 2
READ_SECONDS = 3
# The address of an ACS resource: https, or http for one on loopback.
ACS_ENDPOINT = r"^https?://[^/\s\[\]]+/?$"
# How long ACS tracks a repeatability id.
REPEATABILITY_SECONDS = 300


class Sending(Enum):
    """How an attempt ended."""

    TAKEN = auto()
    REFUSED = auto()
    AGAIN = auto()
    TOO_OLD = auto()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one attempt.

    `in_doubt`: the SMS may have been accepted although no answer says so.
    """

    sending: Sending
    status: ReplyStatus | None = None
    message_id: str | None = None
    error: str | None = None
    in_doubt: bool = False


class ReplySender(Protocol):
    """Whatever takes a reply to a person's phone."""

    def send(self, sender: str, recipient: str, reply: Reply, tag: str) -> Outcome:
        """One attempt; `tag` comes back in the delivery report. Does not raise for a failed one."""

    def close(self) -> None:
        """Close connections."""


class PrintedReplies:
    """Prints replies: for a laptop without ACS. Like ACS, it takes the same id only once."""

    def __init__(
        self, output: TextIO | None = None, timer: Callable[[], float] = time.monotonic
    ) -> None:
        self._output = output
        self._taken: TTLCache[str, bool] = TTLCache(10_000, REPEATABILITY_SECONDS, timer)
        self._lock = threading.Lock()

    def send(self, sender: str, recipient: str, reply: Reply, tag: str) -> Outcome:
        with self._lock:
            if reply.send_id not in self._taken:
                self._taken[str(reply.send_id)] = True
                print(
                    f"SMS from {sender} to {numbers.mask(recipient)}: {reply.text}",
                    file=self._output or sys.stdout,
                    flush=True,
                )
        return Outcome(Sending.TAKEN, ReplyStatus.PRINTED)

    def close(self) -> None:
        """Nothing to close."""


@dataclass(frozen=True, slots=True)
class _Particulars:
    """What the SDK does not say of the reply being sent."""

    request_id: str
    first_sent: str
    connection: Connection | None


_CURRENT: ContextVar[_Particulars] = ContextVar("particulars")


class AcsReplies:
    """Sends replies with the official SDK.

    The SDK makes a fresh repeatability id for each call, and knows of no partner; a policy, which runs
    before the request is signed, puts the reply's own id in its place, and adds what goes through one.
    """

    def __init__(self, endpoint: str, credential: Any, connections: Connections | None = None) -> None:
        # Imported here: it takes 155 ms, which a lookup or the command line should not spend.
        from azure.communication.sms import SmsClient

        self._connections = connections or {}
        # Any: the SDK's annotations call its own `self` a str.
        self._client: Any = SmsClient(
            endpoint.rstrip("/"),
            credential,
            per_call_policies=[_particulars_policy()],
            # Waiting is up to the caller, who notices if the reply is superseded in the meantime.
            retry_total=0,
            connection_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
        )

    def send(self, sender: str, recipient: str, reply: Reply, tag: str) -> Outcome:
        from azure.core.exceptions import (
            AzureError,
            ClientAuthenticationError,
            HttpResponseError,
            ServiceRequestError,
        )

        if reply.send_id is None or reply.first_attempt_at is None:
            raise ValueError("a reply without a repeatability id")
        connection = self._connections.get(sender)
        if connection and connection.problem:
            # Only who runs the app can mend it, and by then the reply is too late.
            return Outcome(Sending.REFUSED, error=connection.problem)
        first_sent = format_datetime(aware(reply.first_attempt_at), usegmt=True)
        token = _CURRENT.set(_Particulars(reply.send_id, first_sent, connection))
        try:
            (result,) = self._client.send(
                sender, recipient, reply.text or "", enable_delivery_report=True, tag=tag
            )
        except ClientAuthenticationError as problem:
            # Without an answer, it was the identity that failed: nothing was sent.
            return _outcome(problem.status_code or 401, type(problem).__name__)
        except HttpResponseError as problem:
            return _outcome(problem.status_code or 500, str(problem.reason))
        except ServiceRequestError as problem:
            # The request never left: nothing was taken.
            return Outcome(Sending.AGAIN, error=type(problem).__name__)
        except AzureError as problem:
            return Outcome(Sending.AGAIN, error=type(problem).__name__, in_doubt=True)
        finally:
            _CURRENT.reset(token)
        if result.successful:
            return Outcome(Sending.TAKEN, ReplyStatus.SENT, result.message_id)
        return _outcome(result.http_status_code, result.error_message or "")

    def probe(self) -> int | None:
        """The status that ACS answers to a request without a recipient, so that nobody is texted: 401
        or 403 to a caller who may not send, 400 to one who may. None: there was no answer."""
        from azure.core.exceptions import AzureError

        try:
            self._client.send("optout", [], "")
        except AzureError as problem:
            return getattr(problem, "status_code", None)
        return 202

    def close(self) -> None:
        """The SDK's client has no close of its own; its connections go with it."""


def _outcome(status: int, message: str) -> Outcome:
    """What an HTTP status means, for the whole request or for the recipient inside a 202."""
    error = f"{status} {message}".strip()
    if status == 412:
        return Outcome(Sending.TOO_OLD, error=error)
    if status == 409:
        return Outcome(Sending.AGAIN, error=error, in_doubt=True)
    # An operator can fix a wrong key or role: the reply is tried again while it is due.
    if status in (401, 403, 408, 429):
        return Outcome(Sending.AGAIN, error=error)
    if status >= 500:
        return Outcome(Sending.AGAIN, error=error, in_doubt=True)
    return Outcome(Sending.REFUSED, error=error)


def _particulars_policy() -> Any:
    from azure.core.pipeline.policies import SansIOHTTPPolicy

    class ParticularsPolicy(SansIOHTTPPolicy[Any, Any]):
        """Gives each request the repeatability of the reply being sent, and its way to a partner."""

        def on_request(self, request: "PipelineRequest[Any]") -> None:
            body = json.loads(request.http_request.body)
            if not body["smsRecipients"]:  # nobody is texted
                return
            particulars = _CURRENT.get()
            for recipient in body["smsRecipients"]:
                recipient["repeatabilityRequestId"] = particulars.request_id
                recipient["repeatabilityFirstSent"] = particulars.first_sent
            if particulars.connection:
                options = body.setdefault("smsSendOptions", {})
                options["messagingConnect"] = particulars.connection.options()
                request.http_request.url = messaging_connect.versioned(request.http_request.url)
            request.http_request.set_json_body(body)

    return ParticularsPolicy()


def acs(
    endpoint: str | None,
    key: str | None,
    connection_string: str | None,
    connections: Connections | None = None,
) -> AcsReplies | None:
    """The ACS sender that is configured, None if there is none. Raises ConfigurationError."""
    if connection_string:
        endpoint, key = _from_connection_string(connection_string)
    if not endpoint:
        return None
    if key:
        from azure.core.credentials import AzureKeyCredential

        return AcsReplies(endpoint, AzureKeyCredential(_base64(key)), connections)
    from azure.identity import DefaultAzureCredential

    return AcsReplies(endpoint, DefaultAzureCredential(), connections)


def _from_connection_string(text: str) -> tuple[str, str]:
    parts = {
        name.strip().lower(): value
        for name, _, value in (part.partition("=") for part in text.strip().split(";"))
    }
    for name in ("endpoint", "accesskey"):
        if not parts.get(name):
            raise ConfigurationError(
                f"OPTOUT_ACS_CONNECTION_STRING has no {name}: copy it whole from the Keys page of the "
                "Azure Communication Services resource."
            )
    if not re.fullmatch(ACS_ENDPOINT, parts["endpoint"]):
        raise ConfigurationError(
            "OPTOUT_ACS_CONNECTION_STRING: its endpoint is not https://NAME.communication.azure.com"
        )
    return parts["endpoint"], parts["accesskey"]


def _base64(key: str) -> str:
    """An access key that can sign. Raises ConfigurationError, without the key."""
    try:
        b64decode(key, validate=True)
    except ValueError:
        raise ConfigurationError(
            "the access key of Azure Communication Services is not base64: copy it whole from the Keys "
            "page of the resource"
        ) from None
    return key

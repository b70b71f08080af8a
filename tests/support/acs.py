"""A loopback stand-in for the SMS endpoint of Azure Communication Services (ACS).

It checks what the real service checks: the HMAC signature, the operation, the required fields, and
Microsoft's published protocol for repeatable requests
(https://learn.microsoft.com/rest/api/communication/repeatable-requests). Four choices are ours:

- That page does not cover SMS, where the repeatability id travels per recipient inside the body. So
  a refusal (400, 409, 412) is that recipient's `httpStatusCode` inside a 202; with
  `whole_request=True` it is the HTTP status of the whole request, and nobody is sent a text.
- An outcome is answered again if it is a 2xx or a 4xx, but not after a 5xx or a 429: then the
  message is processed afresh. An id is remembered for five minutes from its first use.
- A number of a Messaging Connect partner is refused without `messagingConnect` or with another
  partner's, in the words of Microsoft's page about it, Synchronous Validation; a wrong key of a
  partner is refused with 401, of which the page only says that there is an error at once. For any other
  number `messagingConnect` is a mismatch. The older version of the API does not know the field.
- Repeatability follows the `clock` given here; the date of the signature follows real time, because
  the official client signs with real time.
"""

import base64
import contextlib
import hashlib
import hmac
import json
import re
import secrets
import socket
import socketserver
import sys
import threading
import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import Message as HttpHeaders
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import Any, NamedTuple, Self

OPERATION = "/sms?api-version=2021-03-07"
WITH_PARTNERS = "/sms?api-version=2026-01-23"
SIGNED_HEADERS = "x-ms-date;host;x-ms-content-sha256"
WINDOW = timedelta(minutes=5)
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
E164 = re.compile(r"\+[1-9][0-9]{1,14}")

Item = dict[str, Any]  # what the service answers for one recipient


class Refusal(NamedTuple):
    """Why a request, or one recipient of it, is turned down."""

    status: int
    reason: str
    retry_after: int | None = None


@dataclass(frozen=True)
class Failure:
    """What goes wrong with one request; the defaults are a request with which nothing does."""

    accepts: bool = True  # the texts are sent
    delivers: bool = True  # the ordinary answer reaches the client
    error: Refusal | None = None  # what does instead; None closes the connection
    answer_after: float = 0  # seconds, when all processing is done
    process_for: float = 0  # seconds, in which a repetition is refused with 409
    recipient_error: Refusal | None = None  # what each new recipient gets in place of the text

    @classmethod
    def status(cls, status: int, retry_after: int | None = None) -> Self:
        error = Refusal(status, "scripted", retry_after)
        return cls(accepts=False, delivers=False, error=error)

    @classmethod
    def hang(cls, seconds: float) -> Self:
        return cls(accepts=False, delivers=False, answer_after=seconds)

    @classmethod
    def drop(cls) -> Self:
        return cls(accepts=False, delivers=False)

    @classmethod
    def accept_then_status(cls, status: int) -> Self:
        return cls(delivers=False, error=Refusal(status, "scripted"))

    @classmethod
    def accept_then_hang(cls, seconds: float) -> Self:
        return cls(delivers=False, answer_after=seconds)

    @classmethod
    def accept_then_drop(cls) -> Self:
        return cls(delivers=False)

    @classmethod
    def process_slowly(cls, seconds: float) -> Self:
        return cls(process_for=seconds)

    @classmethod
    def recipient(cls, status: int, message: str) -> Self:
        return cls(recipient_error=Refusal(status, message))


@dataclass(frozen=True)
class Partner:
    """A Messaging Connect partner, as ACS knows the one of a number."""

    name: str = "infobip"
    key: str = field(default_factory=lambda: secrets.token_urlsafe())


@dataclass(frozen=True)
class Message:
    """One text to one phone; equal to another one if it may be taken for its repetition."""

    sender: str
    recipient: str
    text: str
    tag: str | None = field(compare=False)
    delivery_report: bool = field(compare=False)
    repeatability_id: str | None = field(compare=False)
    first_sent: datetime | None = field(compare=False)
    id: str = field(compare=False, default_factory=lambda: str(uuid.uuid4()))


@dataclass
class Sending:
    """A message on its way; without an outcome while it is being processed."""

    message: Message
    received: datetime
    outcome: Item | None = None


class LoopbackAcs(socketserver.ThreadingTCPServer):
    """The service, on a port of its own, for the duration of a `with` block."""

    request_queue_size = 128

    def __init__(
        self,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        whole_request: bool = False,
        partners: Mapping[str, Partner] | None = None,
    ) -> None:
        """`partners` are those of the numbers that are not ACS's own."""
        super().__init__(("127.0.0.1", 0), _Connection)
        self.endpoint = f"http://127.0.0.1:{self.server_address[1]}"
        self.key = base64.b64encode(secrets.token_bytes(32)).decode()
        self.requests = 0
        self.messages: list[Message] = []  # accepted, oldest first
        self.rejected: list[str] = []  # "status reason" of what broke a rule; not the script's
        self._clock = clock
        self._whole_request = whole_request
        self._partners = partners or {}
        self._tracked: dict[str, Sending] = {}
        self._script: deque[Failure] = deque()
        self._campaign: Callable[[int], Failure | None] = lambda request: None
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._connections: set[socket.socket] = set()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._closing.set()
        self.shutdown()
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):  # the client has gone already
                    connection.shutdown(socket.SHUT_RDWR)
        self.server_close()  # waits for the threads of the connections
        self._thread.join()

    @property
    def phones(self) -> dict[str, list[str]]:
        """The texts each phone received, oldest first; any other phone has an empty list."""
        phones = defaultdict(list)
        for message in self.messages:
            phones[message.recipient].append(message.text)
        return phones

    def fail_next(self, *failures: Failure) -> None:
        """Let the next requests that break no rule of the whole request fail, in this order."""
        self._script.extend(failures)

    def fail_with(self, campaign: Callable[[int], Failure | None]) -> None:
        """Once the script is used up, ask `campaign`, given the request's number from 1."""
        self._campaign = campaign

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # a client that has timed out
            super().handle_error(request, client_address)

    def answer(self, request: "_Connection", content: bytes) -> list[Item] | Refusal | None:
        """What to answer; None closes the connection."""
        with self._lock:
            self.requests += 1
            if refusal := _wrong_request(request, content, self.key):
                return self._reject(refusal)
            if refusal := self._wrong_partner(request.path, json.loads(content)):
                return self._reject(refusal)
            scripted = self._script.popleft() if self._script else self._campaign(self.requests)
        failure = scripted or Failure()
        answer = self._send(json.loads(content), failure) if failure.accepts else None
        self._closing.wait(failure.answer_after)
        return answer if failure.delivers else failure.error

    def _reject(self, refusal: Refusal) -> Refusal:
        self.rejected.append(f"{refusal.status} {refusal.reason}")
        return refusal

    def _wrong_partner(self, path: str, body: dict[str, Any]) -> Refusal | None:
        """What is wrong with the way to a partner that a request names, or does not."""
        partner = self._partners.get(body["from"])
        options = body.get("smsSendOptions") or {}
        connect = options.get("messagingConnect") if path == WITH_PARTNERS else None
        if connect is None:
            missing = Refusal(400, "MessagingConnect option hasn't been provided.")
            return missing if partner else None
        match connect:
            case {"partner": str(name), "partnerParams": {"apiKey": str(key)}}:
                if partner is None or name != partner.name:
                    return Refusal(
                        400, "MessagingConnect option is not matching with the number information."
                    )
                return None if key == partner.key else Refusal(401, "not the partner's key")
        return Refusal(400, "a field of messagingConnect is missing or malformed")

    def _send(self, body: dict[str, Any], failure: Failure) -> list[Item] | Refusal:
        with self._lock:
            tracked = dict(self._tracked)
            verdicts = [self._judge(body, recipient) for recipient in body["smsRecipients"]]
            refusals = [self._reject(each) for each in verdicts if isinstance(each, Refusal)]
            if self._whole_request and refusals:
                self._tracked = tracked
                return refusals[0]
        self._closing.wait(failure.process_for)
        with self._lock:
            return [
                _item(recipient["to"], "rejected", verdict)
                if isinstance(verdict, Refusal)
                else verdict.outcome or self._process(verdict, failure.recipient_error)
                for recipient, verdict in zip(body["smsRecipients"], verdicts, strict=True)
            ]

    def _judge(self, body: dict[str, Any], recipient: dict[str, Any]) -> Sending | Refusal:
        """The rules of repeatable requests: a new or repeated sending, or a refusal."""
        sending = Sending(_message(body, recipient), self._clock())
        first_sent = sending.message.first_sent
        if recipient.keys().isdisjoint({"repeatabilityRequestId", "repeatabilityFirstSent"}):
            return sending
        request_id = str(sending.message.repeatability_id).lower()
        if not GUID.fullmatch(request_id) or first_sent is None:
            return Refusal(400, "malformed repeatability id or date")
        if sending.received - first_sent > WINDOW:
            return Refusal(412, "first sent too long ago")
        earlier = self._tracked.get(request_id)
        if earlier is None or sending.received - earlier.received > WINDOW:
            self._tracked[request_id] = sending
            return sending
        if sending.message != earlier.message:
            return Refusal(400, "repeatability id of another message")
        return earlier if earlier.outcome else Refusal(409, "still being processed")

    def _process(self, sending: Sending, error: Refusal | None) -> Item:
        message = sending.message
        if not E164.fullmatch(message.recipient):
            error = self._reject(Refusal(400, "recipient not in E.164 format"))
        if error is None:
            self.messages.append(message)
        elif error.status == 429 or error.status >= 500:
            self._tracked.pop(str(message.repeatability_id).lower(), None)
        result = "accepted" if message.repeatability_id else None
        sending.outcome = _item(message.recipient, result, error or message.id)
        return sending.outcome


def _message(body: dict[str, Any], recipient: dict[str, Any]) -> Message:
    options = body.get("smsSendOptions") or {}
    return Message(
        sender=body["from"],
        recipient=recipient["to"],
        text=body["message"],
        tag=options.get("tag"),
        delivery_report=options.get("enableDeliveryReport", False),
        repeatability_id=recipient.get("repeatabilityRequestId"),
        first_sent=_http_date(recipient.get("repeatabilityFirstSent")),
    )


def _item(recipient: str, repeatability: str | None, outcome: str | Refusal) -> Item:
    item: Item = {"to": recipient, "httpStatusCode": 202, "successful": True}
    if isinstance(outcome, Refusal):
        item |= {"httpStatusCode": outcome.status, "errorMessage": outcome.reason}
        item["successful"] = False
    else:
        item["messageId"] = outcome
    return item | ({"repeatabilityResult": repeatability} if repeatability else {})


def _http_date(text: object) -> datetime | None:
    """An IMF-fixdate, and nothing that merely resembles one."""
    try:
        date = datetime.strptime(str(text), "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    except ValueError:
        return None
    return date if format_datetime(date, usegmt=True) == text else None


def _wrong_request(request: "_Connection", content: bytes, key: str) -> Refusal | None:
    if request.command != "POST" or request.path not in (OPERATION, WITH_PARTNERS):
        return Refusal(404, "no such operation")
    if reason := _wrong_signature(request.path, request.headers, content, key):
        return Refusal(401, reason)
    return None if _is_complete(content) else Refusal(400, "a field is missing or malformed")


def _wrong_signature(path: str, headers: HttpHeaders, content: bytes, key: str) -> str | None:
    date = headers.get("x-ms-date", "")
    signed_at = _http_date(date)
    if signed_at is None or abs(datetime.now(UTC) - signed_at) > WINDOW:
        return "bad date"
    content_hash = base64.b64encode(hashlib.sha256(content).digest()).decode()
    if headers.get("x-ms-content-sha256") != content_hash:
        return "bad body hash"
    to_sign = f"POST\n{path}\n{date};{headers.get('host')};{content_hash}"
    digest = hmac.digest(base64.b64decode(key), to_sign.encode(), hashlib.sha256)
    signature = base64.b64encode(digest).decode()
    expected = f"HMAC-SHA256 SignedHeaders={SIGNED_HEADERS}&Signature={signature}"
    return None if headers.get("Authorization") == expected else "bad signature"


def _is_complete(content: bytes) -> bool:
    try:
        body = json.loads(content)
    except ValueError:
        return False
    match body:
        case {"from": str(sender), "message": str(text), "smsRecipients": [_, *_] as recipients}:
            phones = [each.get("to") for each in recipients if isinstance(each, dict)]
            all_named = len(phones) == len(recipients) and all(isinstance(to, str) for to in phones)
            return all_named and sender != "" and len(text) <= 2048 and len(phones) <= 100
    return False


class _Connection(BaseHTTPRequestHandler):
    """One connection from a client, kept alive between requests."""

    protocol_version = "HTTP/1.1"
    # Head and body of an answer leave in one packet, at once: Nagle's algorithm would add 40 ms.
    disable_nagle_algorithm = True
    wbufsize = -1
    server: LoopbackAcs

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        content = self.rfile.read(length)
        if len(content) < length:
            self.close_connection = True  # the client died while it was sending
            return
        answer = self.server.answer(self, content)
        if answer is None:
            self.close_connection = True
        elif isinstance(answer, Refusal):
            error = {"code": str(answer.status), "message": answer.reason}
            self._answer(answer.status, {"error": error}, answer.retry_after)
        else:
            self._answer(202, {"value": answer})

    do_GET = do_PUT = do_PATCH = do_DELETE = do_POST

    def _answer(self, status: int, body: object, retry_after: int | None = None) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        if retry_after is not None:
            self.send_header("Retry-After", str(retry_after))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""

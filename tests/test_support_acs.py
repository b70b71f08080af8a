"""The loopback ACS, seen through the official client."""

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from azure.communication.sms import SmsClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)
from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy

from tests.support.acs import Failure, LoopbackAcs

SENDER, PHONE, TEXT = "+18005550100", "+14255550101", "You are unsubscribed."
IDENTITY = str(uuid.UUID(int=0xABC))

Send = Callable[..., Any]


def http_date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def http_date(self) -> str:
        return http_date(self.now)


class ChangeBody(SansIOHTTPPolicy[Any, Any]):
    """Lets `send(change=...)` change the body before it is signed."""

    def on_request(self, request: PipelineRequest[Any]) -> None:
        change = request.context.options.pop("change", None)
        if change:
            body = json.loads(request.http_request.body)
            change(body)
            request.http_request.set_json_body(body)


def client_of(acs: LoopbackAcs, key: str | None = None) -> Any:  # its annotations are wrong
    credential = AzureKeyCredential(key or acs.key)
    policies = [ChangeBody()]
    return SmsClient(acs.endpoint, credential, retry_total=0, per_call_policies=policies)


def sender_to(acs: LoopbackAcs, clock: Clock) -> Send:
    """`send` for one text to one phone; further keywords are fields of the recipient."""
    client = client_of(acs)

    def send(
        text: str = TEXT, to: str = PHONE, sender: str = SENDER, patience: float = 30, **fields: Any
    ) -> Any:
        def change(body: dict[str, Any]) -> None:
            first_sent = {"repeatabilityFirstSent": clock.http_date()}
            body["smsRecipients"][0].update(first_sent | fields)

        return client.send(sender, to, text, change=change, read_timeout=patience)[0]

    return send


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def acs(clock: Clock) -> Iterator[LoopbackAcs]:
    with LoopbackAcs(clock) as acs:
        yield acs


@pytest.fixture
def send(acs: LoopbackAcs, clock: Clock) -> Send:
    return sender_to(acs, clock)


def test_accepted(acs: LoopbackAcs) -> None:
    """Every recipient gets the text, and the caller a message id for each."""
    phones = [PHONE, "+14255550102"]
    results = client_of(acs).send(SENDER, phones, TEXT, enable_delivery_report=True, tag="42")
    assert [result.to for result in results] == phones
    assert all(result.successful and result.http_status_code == 202 for result in results)
    assert [message.id for message in acs.messages] == [result.message_id for result in results]
    assert acs.phones == {phone: [TEXT] for phone in phones}
    message = acs.messages[0]
    assert (message.sender, message.tag, message.delivery_report) == (SENDER, "42", True)
    assert message.repeatability_id
    assert message.first_sent
    assert (acs.requests, acs.rejected) == (1, [])


def test_without_repeatability(acs: LoopbackAcs) -> None:
    """Recipients that name no repeatability id get every text."""

    def forget(body: dict[str, Any]) -> None:
        body["smsRecipients"] = [{"to": PHONE}]

    client = client_of(acs)
    for _ in range(2):
        client.send(SENDER, PHONE, TEXT, change=forget)
    assert acs.phones == {PHONE: [TEXT, TEXT]}


def test_each_service_has_its_own_key() -> None:
    """The key of one instance is no good for another."""
    with LoopbackAcs() as acs, LoopbackAcs() as other:
        with pytest.raises(ClientAuthenticationError):
            client_of(acs, other.key).send(SENDER, PHONE, TEXT)
        assert acs.rejected == ["401 bad signature"]
        assert acs.phones == {}


OLD, AHEAD = (http_date(datetime.now(UTC) + timedelta(minutes=by)) for by in (-6, 60))


@pytest.mark.parametrize(
    ("header", "value", "reason"),
    [
        ("Authorization", "HMAC-SHA256 forged", "bad signature"),
        ("Host", "127.0.0.1", "bad signature"),
        ("x-ms-content-sha256", "forged", "bad body hash"),
        ("x-ms-date", "yesterday", "bad date"),
        ("x-ms-date", OLD, "bad date"),
        ("x-ms-date", AHEAD, "bad date"),
    ],
    ids=["signature", "host", "body hash", "no date", "old", "ahead"],
)
def test_forged_header(acs: LoopbackAcs, header: str, value: str, reason: str) -> None:
    """Every header that takes part in the signature is checked."""

    def forge(request: PipelineRequest[Any]) -> None:
        request.http_request.headers[header] = value

    with pytest.raises(ClientAuthenticationError):
        client_of(acs).send(SENDER, PHONE, TEXT, raw_request_hook=forge)
    assert acs.rejected == [f"401 {reason}"]


def test_body_changed_after_signing(acs: LoopbackAcs) -> None:
    """A body that is not the signed one is refused."""

    def tamper(request: PipelineRequest[Any]) -> None:
        body = request.http_request.body
        request.http_request.body = body.replace(PHONE, "+14255550199")

    with pytest.raises(ClientAuthenticationError):
        client_of(acs).send(SENDER, PHONE, TEXT, raw_request_hook=tamper)
    assert acs.rejected == ["401 bad body hash"]


def test_other_operation(acs: LoopbackAcs) -> None:
    """There is one operation only."""
    acs.endpoint += "/v2"
    with pytest.raises(ResourceNotFoundError):
        client_of(acs).send(SENDER, PHONE, TEXT)


@pytest.mark.parametrize(
    "fields",
    [
        {"from": ""},
        {"from": None},
        {"message": None},
        {"message": "x" * 2049},
        {"smsRecipients": []},
        {"smsRecipients": [{}]},
        {"smsRecipients": ["+14255550101"]},
        {"smsRecipients": [{"to": PHONE}] * 101},
    ],
)
def test_malformed_body(acs: LoopbackAcs, fields: dict[str, Any]) -> None:
    """A field that is missing, empty or too long fails the whole request."""
    with pytest.raises(HttpResponseError) as caught:
        client_of(acs).send(SENDER, PHONE, TEXT, change=lambda body: body.update(fields))
    assert caught.value.status_code == 400
    assert acs.rejected == ["400 a field is missing or malformed"]


@pytest.mark.parametrize("phone", ["4255550101", "+1 425 555 0101", "+", "+0123456789", ""])
def test_recipient_that_is_no_phone(acs: LoopbackAcs, phone: str) -> None:
    """A recipient that is not in E.164 format fails alone."""
    good, bad = client_of(acs).send(SENDER, [PHONE, phone], TEXT)
    assert good.successful
    assert (bad.successful, bad.http_status_code, bad.message_id) == (False, 400, None)
    assert acs.phones == {PHONE: [TEXT]}


@pytest.mark.parametrize(
    ("failure", "exception", "status", "sent"),
    [
        (Failure.status(429, retry_after=1), HttpResponseError, 429, False),
        (Failure.status(500), HttpResponseError, 500, False),
        (Failure.hang(9), ServiceResponseTimeoutError, None, False),
        (Failure.drop(), ServiceResponseError, None, False),
        (Failure.accept_then_status(500), HttpResponseError, 500, True),
        (Failure.accept_then_hang(9), ServiceResponseTimeoutError, None, True),
        (Failure.accept_then_drop(), ServiceResponseError, None, True),
    ],
)
def test_failure(
    acs: LoopbackAcs,
    send: Send,
    failure: Failure,
    exception: type[AzureError],
    status: int | None,
    sent: bool,
) -> None:
    """A failure hits one request; a repetition leaves one text on the phone."""
    send("Before.")
    acs.fail_next(failure)
    with pytest.raises(exception) as caught:
        send(repeatabilityRequestId=IDENTITY, patience=0.3)
    assert getattr(caught.value, "status_code", None) == status
    assert acs.phones[PHONE] == (["Before.", TEXT] if sent else ["Before."])
    assert send(repeatabilityRequestId=IDENTITY).message_id == acs.messages[1].id
    assert acs.phones == {PHONE: ["Before.", TEXT]}
    assert (acs.requests, acs.rejected) == (3, [])


def test_retry_after(acs: LoopbackAcs, send: Send) -> None:
    """A throttled client is told how long to wait."""
    acs.fail_next(Failure.status(429, retry_after=7))
    with pytest.raises(HttpResponseError) as caught:
        send()
    response: Any = caught.value.response
    assert response.headers["Retry-After"] == "7"


@pytest.mark.parametrize(("status", "again"), [(400, False), (429, True), (500, True)])
def test_failure_of_the_recipient(acs: LoopbackAcs, send: Send, status: int, again: bool) -> None:
    """A refusal is repeated; a message that was throttled or broke something is tried again."""
    acs.fail_next(Failure.recipient(status, "no such luck"))
    first = send(repeatabilityRequestId=IDENTITY)
    assert (first.successful, first.http_status_code) == (False, status)
    assert (first.message_id, first.error_message) == (None, "no such luck")
    assert send(repeatabilityRequestId=IDENTITY).successful == again
    assert acs.phones[PHONE] == [TEXT] * again


def test_campaign(acs: LoopbackAcs, send: Send) -> None:
    """A function decides what happens to each request, after the script."""
    acs.fail_with(lambda request: Failure.status(503) if request == 3 else None)
    acs.fail_next(Failure.recipient(400, "scripted"))
    assert [send().successful, send().successful] == [False, True]
    with pytest.raises(HttpResponseError):
        send()
    assert send().successful


def test_repetition(acs: LoopbackAcs, send: Send) -> None:
    """The same id, in either case of its letters, is answered the same and sent once."""
    first = send(repeatabilityRequestId=IDENTITY)
    again = send(repeatabilityRequestId=IDENTITY.upper())
    assert again.message_id == first.message_id
    assert acs.phones == {PHONE: [TEXT]}


@pytest.mark.parametrize(
    ("repetition", "changes"),
    [
        (("Another text.",), {}),
        ((TEXT, "+14255550102"), {}),
        ((), {"sender": "+18005550109"}),
    ],
)
def test_id_of_another_message(
    acs: LoopbackAcs, send: Send, repetition: tuple[str, ...], changes: dict[str, str]
) -> None:
    """An id stands for one sender, recipient and text."""
    send(repeatabilityRequestId=IDENTITY)
    result = send(*repetition, **changes, repeatabilityRequestId=IDENTITY)
    assert (result.successful, result.http_status_code) == (False, 400)
    assert acs.rejected == ["400 repeatability id of another message"]
    assert acs.phones == {PHONE: [TEXT]}


@pytest.mark.parametrize(
    "fields",
    [
        {"repeatabilityRequestId": "42"},
        {"repeatabilityFirstSent": "2026-01-31T12:00:00Z"},
        {"repeatabilityFirstSent": "Mon, 31 Jan 2026 12:00:00 GMT"},
        {"repeatabilityFirstSent": None},
    ],
)
def test_malformed_repeatability(acs: LoopbackAcs, send: Send, fields: dict[str, Any]) -> None:
    """The id is a GUID, and the time an HTTP-date with the right day of the week."""
    assert send(**fields).http_status_code == 400
    assert acs.rejected == ["400 malformed repeatability id or date"]


@pytest.mark.parametrize(("seconds", "status"), [(299, 202), (301, 412)])
def test_first_sent_long_ago(send: Send, clock: Clock, seconds: int, status: int) -> None:
    """What may have been forgotten is not sent again."""
    first_sent = clock.http_date()
    send(repeatabilityRequestId=IDENTITY)
    clock.now += timedelta(seconds=seconds)
    again = send(repeatabilityRequestId=IDENTITY, repeatabilityFirstSent=first_sent)
    assert again.http_status_code == status


def test_forgotten_id(acs: LoopbackAcs, send: Send, clock: Clock) -> None:
    """After five minutes an id with a new date is a new message."""
    send(repeatabilityRequestId=IDENTITY)
    clock.now += timedelta(minutes=6)
    assert send(repeatabilityRequestId=IDENTITY).successful
    assert acs.phones == {PHONE: [TEXT, TEXT]}


def test_repetition_while_processing(acs: LoopbackAcs, send: Send) -> None:
    """A repetition that comes too early is refused, and a later one gets the first's answer."""
    acs.fail_next(Failure.process_slowly(1))
    with pytest.raises(ServiceResponseTimeoutError):
        send(repeatabilityRequestId=IDENTITY, patience=0.2)
    assert send(repeatabilityRequestId=IDENTITY).http_status_code == 409
    deadline = time.monotonic() + 5
    while not acs.messages and time.monotonic() < deadline:
        time.sleep(0.01)
    assert send(repeatabilityRequestId=IDENTITY).message_id == acs.messages[0].id
    assert acs.phones == {PHONE: [TEXT]}
    assert acs.rejected == ["409 still being processed"]


def test_refusal_of_the_whole_request(clock: Clock) -> None:
    """On request, one refused recipient fails all, and none of their ids is used up."""
    with LoopbackAcs(clock, whole_request=True) as acs:
        identities = [str(uuid.UUID(int=number)) for number in range(2)]

        def repeat(body: dict[str, Any]) -> None:
            for recipient, identity in zip(body["smsRecipients"], identities, strict=True):
                recipient["repeatabilityRequestId"] = identity

        sender_to(acs, clock)("Another text.", repeatabilityRequestId=identities[1])
        client = client_of(acs)
        with pytest.raises(HttpResponseError) as caught:
            client.send(SENDER, ["+14255550102", PHONE], TEXT, change=repeat)
        assert caught.value.status_code == 400
        assert acs.phones == {PHONE: ["Another text."]}
        identities[1] = str(uuid.UUID(int=2))
        assert client.send(SENDER, ["+14255550102", PHONE], TEXT, change=repeat)[0].successful


def test_many_clients_at_once(acs: LoopbackAcs, send: Send) -> None:
    """Parallel repetitions send one text for each id, at more than 50 requests a second."""

    def work(number: int) -> str | None:
        identity = str(uuid.UUID(int=number % 20))
        message_id: str | None = send(repeatabilityRequestId=identity).message_id
        return message_id

    started = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(work, range(200)))
    assert time.monotonic() - started < 4
    assert len(acs.messages) == 20
    assert {answer for answer in answers if answer} == {message.id for message in acs.messages}


def test_no_thread_is_left(clock: Clock) -> None:
    """Closing ends kept-alive connections and hanging requests at once."""
    before = set(threading.enumerate())
    with LoopbackAcs(clock) as acs:
        send = sender_to(acs, clock)
        send()
        acs.fail_next(Failure.hang(60))
        with pytest.raises(ServiceResponseTimeoutError):
            send(patience=0.2)
        started = time.monotonic()
    assert time.monotonic() - started < 1
    assert set(threading.enumerate()) <= before

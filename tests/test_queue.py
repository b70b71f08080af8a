"""The queue of what is still to be done: a real Azurite, the official SDK, and Microsoft's runtime as
the one who reads it."""

import json
import logging
import re
import secrets
import socket
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from azure.storage.queue import QueueClient, QueueServiceClient

from optout import settings
from optout.azure import queue
from optout.azure.queue import QUEUE, NotQueued, StorageQueue
from optout.domain.errors import ConfigurationError
from optout.domain.model import Unfinished
from tests.support.client import free_port
from tests.support.functions_runtime import FunctionsRuntime
from tests.support.functions_runtime.host import message_metadata

PERSON = "+14255550123"
WORK = Unfinished(PERSON, "9d2c5e7a")
AT_ONCE = timedelta()
HOST = json.loads((settings.ROOT / "host.json").read_text("utf-8"))["extensions"]["queues"]


@pytest.fixture
def opened() -> Iterator[Callable[[str], StorageQueue]]:
    """Opens the queue by a connection string; it is closed at the end."""
    found: list[StorageQueue] = []

    def open_queue(connection_string: str) -> StorageQueue:
        made = queue.queue(connection_string, None, None)
        assert made is not None
        found.append(made)
        return made

    yield open_queue
    for each in found:
        each.close()


@pytest.fixture
def waiting(queues: str, opened: Callable[[str], StorageQueue]) -> StorageQueue:
    """The queue, which is not there yet."""
    with QueueServiceClient.from_connection_string(queues) as service:
        for each in service.list_queues():
            service.delete_queue(each.name)
    return opened(queues)


@pytest.fixture
def reader(queues: str) -> Iterator[QueueClient]:
    """Somebody else who reads the queue."""
    with QueueClient.from_connection_string(queues, QUEUE) as client:
        yield client


def texts(reader: QueueClient) -> list[str]:
    """What is visible now; it is taken out of sight."""
    return [str(message.content) for message in reader.receive_messages(messages_per_page=32)]


def with_another_key(connection_string: str) -> str:
    """A connection string that is refused."""
    key = connection_string.split("AccountKey=")[1].split(";")[0]
    return connection_string.replace(key, b64encode(secrets.token_bytes(64)).decode())


def test_the_first_message_makes_the_queue(waiting: StorageQueue, reader: QueueClient) -> None:
    """Nobody has to prepare a laptop."""
    waiting.put(WORK, AT_ONCE)
    assert [queue.load(text) for text in texts(reader)] == [WORK]


def test_nothing_is_seen_before_its_time(waiting: StorageQueue, reader: QueueClient) -> None:
    """What waits longer comes later, whatever the order in which it was put."""
    later, now = Unfinished(PERSON, "later", 2), Unfinished(PERSON, "now")
    waiting.put(later, timedelta(seconds=0.2))  # a second: it is never early
    waiting.put(now, AT_ONCE)
    assert texts(reader) == [queue.dump(now)]
    time.sleep(0.5)
    assert texts(reader) == []
    time.sleep(0.8)
    assert texts(reader) == [queue.dump(later)]


@pytest.mark.parametrize(
    ("delay", "hidden"),
    [
        (timedelta(days=7), timedelta(days=7)),
        (timedelta(days=8), timedelta(days=7)),
        (timedelta(seconds=-5), timedelta()),
    ],
)
def test_any_delay_is_taken(
    delay: timedelta, hidden: timedelta, waiting: StorageQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At most seven days, which is all that the service hides a message for, and never less than
    nothing."""
    sent: list[Any] = []
    waiting.put(WORK, AT_ONCE)
    send = waiting._client.send_message

    def watched(*arguments: Any, **options: Any) -> Any:
        sent.append(send(*arguments, **options))
        return sent[-1]

    monkeypatch.setattr(waiting._client, "send_message", watched)
    waiting.put(WORK, delay)
    assert abs(sent[0].next_visible_on - datetime.now(UTC) - hidden) < timedelta(seconds=5)


def test_nothing_expires(waiting: StorageQueue, reader: QueueClient) -> None:
    """Without a word the service forgets after seven days; an announcement may be due for longer."""
    waiting.put(WORK, AT_ONCE)
    (message,) = reader.receive_messages()
    assert message.expires_on == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_one_encoding_on_both_sides(waiting: StorageQueue, reader: QueueClient) -> None:
    """What lies in the queue is the text itself, and host.json makes the trigger take it so. Were it
    base64 for one of the two, every message would end in the poison queue."""
    bodies: list[str] = []
    waiting.put(WORK, AT_ONCE)
    list(
        reader.receive_messages(raw_response_hook=lambda seen: bodies.append(seen.http_response.text()))
    )
    (lying,) = [node.text or "" for node in ElementTree.fromstring(bodies[0]).iter("MessageText")]
    assert lying.encode() == queue.dump(WORK).encode()
    taken = lying if HOST["messageEncoding"] == "none" else b64decode(lying, validate=True).decode()
    assert queue.load(taken) == WORK


def test_the_trigger_is_quick_and_patient() -> None:
    """Polled within five seconds, as a reply is due within five minutes. A function that fails because
    the store is away is tried for a day, as long as Event Grid would."""
    minutes, seconds = map(int, HOST["visibilityTimeout"].split(":")[1:])
    again = timedelta(minutes=minutes, seconds=seconds)
    assert HOST["maxPollingInterval"] == "00:00:05"
    assert again <= timedelta(minutes=1)
    assert again * HOST["maxDequeueCount"] >= timedelta(days=1)


def test_many_threads(
    waiting: StorageQueue, reader: QueueClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Each of their messages is there once, also those of the threads that make the queue together; and
    no line says where they went."""
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.INFO, "azure.core")
    works = [Unfinished(PERSON, str(number)) for number in range(200)]
    with ThreadPoolExecutor(32) as threads:
        list(threads.map(lambda work: waiting.put(work, AT_ONCE), works))
    found = [queue.load(text) for text in texts(reader)]
    assert len(found) == 200
    assert set(found) == set(works)
    assert not re.search("4255550123|visibilitytimeout", caplog.text)
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


def test_what_goes_wrong_is_said_without_addresses(
    queues: str, opened: Callable[[str], StorageQueue], caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody there, somebody who says nothing, a wrong key: an error within seconds, of few words."""
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.INFO, "azure.core")
    port = queues.rsplit(":", 1)[1].split("/")[0]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        cases = {
            queues.replace(port, str(free_port())): "ServiceRequestError",
            queues.replace(port, str(silent.getsockname()[1])): "ServiceResponseTimeoutError",
            with_another_key(queues): "403 AuthenticationFailed",
        }
        for connection_string, says in cases.items():
            started = time.monotonic()
            with pytest.raises(NotQueued) as caught:
                opened(connection_string).put(WORK, AT_ONCE)
            assert time.monotonic() - started < 5
            assert str(caught.value) == f"Queue Storage: {says}"
            assert caught.value.__cause__ is None
    assert not re.search("4255550123|127.0.0.1|visibilitytimeout", caplog.text)


def test_an_identity_that_may_not_make_the_queue(waiting: StorageQueue, queues: str) -> None:
    """The message says what to do. A signature that may only add stands for the role."""
    from azure.storage.queue import AccountSasPermissions, ResourceTypes, generate_account_sas

    with QueueClient.from_connection_string(queues, QUEUE) as client:
        key = client.credential.account_key
        signature = generate_account_sas(
            str(client.account_name), key, ResourceTypes(object=True), AccountSasPermissions(add=True),
            expiry=datetime.now(UTC) + timedelta(hours=1),
        )  # fmt: skip
        address = client.url.removesuffix(f"/{QUEUE}")
    adding = queue.queue(f"QueueEndpoint={address};SharedAccessSignature={signature}", None, None)
    assert adding is not None
    with pytest.raises(NotQueued) as caught:
        adding.put(WORK, AT_ONCE)
    assert "there is no queue optout-pending, and this identity may not make it" in str(caught.value)
    waiting.put(WORK, AT_ONCE)
    adding.put(WORK, AT_ONCE)  # what the role is for
    assert adding.probe() == 400
    adding.close()


def test_a_probe_leaves_nothing(
    waiting: StorageQueue, reader: QueueClient, opened: Callable[[str], StorageQueue], queues: str
) -> None:
    """It asks for what no queue does: 400 to one who may put, 403 to one who may not."""
    waiting.put(WORK, timedelta(hours=1))
    assert waiting.probe() == 400
    assert reader.get_queue_properties().approximate_message_count == 1
    assert opened(with_another_key(queues)).probe() == 403
    port = queues.rsplit(":", 1)[1].split("/")[0]
    assert opened(queues.replace(port, str(free_port()))).probe() is None


def test_which_queue_is_configured() -> None:
    """By connection string, by address and identity, or none."""
    assert queue.queue(None, None, None) is None
    for client_id in (None, "00000000-0000-0000-0000-000000000000"):
        named = queue.queue(None, "https://contoso.queue.core.windows.net/", client_id)
        assert named is not None
        assert named._client.url == f"https://contoso.queue.core.windows.net/{QUEUE}"
        named.close()
    emulated = queue.queue("UseDevelopmentStorage=true", None, None)
    assert emulated is not None
    assert emulated._client.url == f"http://127.0.0.1:10001/devstoreaccount1/{QUEUE}"
    emulated.close()


@pytest.mark.parametrize("wrong", ["AccountName=a", "the-words-that-nobody-may-read"])
def test_a_connection_string_that_is_none(wrong: str) -> None:
    """The setting is named, its value is not."""
    with pytest.raises(ConfigurationError, match="OptoutQueue: ") as caught:
        queue.queue(wrong, None, None)
    assert "nobody" not in str(caught.value)


@pytest.mark.parametrize("work", [WORK, Unfinished("nobody", "ä/\"<&>' \u2028", 1_000_000)])
def test_what_is_written_is_read(work: Unfinished) -> None:
    """Whatever an id looks like, as ASCII that no XML changes."""
    assert queue.load(queue.dump(work)) == work
    assert queue.dump(work).isascii()


def said(**fields: object) -> str:
    """A message with some fields changed; None leaves one out."""
    right = {"recipient": PERSON, "evidence_id": "1", "attempt": 1}
    return json.dumps({name: value for name, value in (right | fields).items() if value is not None})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it is not JSON"),
        (said()[:-1], "it is not JSON"),
        (b64encode(said().encode()).decode(), "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        (f'["{PERSON}"]', "input should be an object"),
        (f'"{PERSON}"', "input should be an object"),
        (said(evidence_id=None), "evidence_id: field required"),
        (said(attempt=None), "attempt: field required"),
        (said(recipient=14255550123), "recipient: input should be a valid string"),
        (said(recipient=""), "recipient: string should have at least 1 character"),
        (said(attempt="1"), "attempt: input should be a valid integer"),
        (said(attempt=True), "attempt: input should be a valid integer"),
        (said(attempt=0), "attempt: input should be greater than or equal to 1"),
        (said(**{PERSON: 1}), "extra inputs are not permitted"),
    ],
)
def test_anything_else_is_refused(text: str, says: str) -> None:
    """With what is wrong, and nothing of what it said."""
    with pytest.raises(ValueError, match="not a message") as caught:
        queue.load(text)
    assert str(caught.value) == f"not a message of the queue optout-pending: {says}"


APP = """
import azure.functions as func

app = func.FunctionApp()


@app.function_name("finish")
@app.queue_trigger(arg_name="message", queue_name="optout-pending", connection="OptoutQueue")
def finish(message: func.QueueMessage) -> None:
    said = f"{message.dequeue_count} {message.expiration_time} {message.get_body()!r}"
    if message.dequeue_count > 1:
        raise RuntimeError(said)


@app.function_name("finish_text")
@app.queue_trigger(arg_name="text", queue_name="optout-pending", connection="OptoutQueue")
def finish_text(text: str) -> None:
    raise RuntimeError(text)
"""


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FunctionsRuntime]:
    """An app with queue functions, in Microsoft's runtime."""
    folder: Path = tmp_path_factory.mktemp("app")
    (folder / "function_app.py").write_text(APP)
    with FunctionsRuntime(folder) as running:
        yield running


def test_the_runtime_takes_a_message(runtime: FunctionsRuntime) -> None:
    """As func.QueueMessage: the bytes of the text and how often it was given out, also of a message
    that never expires. What the function raises is told to the host, which gives it out again."""
    (trigger,) = runtime.functions["finish"]
    assert (trigger["queueName"], trigger["connection"]) == (QUEUE, "OptoutQueue")
    assert runtime.hand_message("finish", queue.dump(WORK)) is None
    failed = runtime.hand_message("finish", queue.dump(WORK), dequeue_count=3)
    assert failed is not None
    assert f"3 9999-12-31 23:59:59+00:00 {queue.dump(WORK).encode()!r}" in failed
    assert runtime.hand_message("finish", "not JSON") is None


def test_the_runtime_takes_a_text(runtime: FunctionsRuntime) -> None:
    """As str: the text alone."""
    failed = runtime.hand_message("finish_text", queue.dump(WORK))
    assert failed is not None
    assert f"RuntimeError: {queue.dump(WORK)}" in failed


def test_no_name_of_a_message_is_the_hosts() -> None:
    """The host would take ours for its own: a message named id would have another id."""
    ours = set(json.loads(queue.dump(WORK)))
    assert not ours & {name.lower() for name in message_metadata("", 1)}

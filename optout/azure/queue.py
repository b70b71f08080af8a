"""What is still to be done about evidence, as messages in an Azure Storage queue.

A message waits for as long as it is told to, is then given to the function that finishes the work, and
never expires. It may come twice, and before the evidence is there. Nothing here may know what is to be
done, or do it.
"""

import json
import logging
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from optout.domain.errors import ConfigurationError, Retryable, in_short
from optout.domain.model import Unfinished

if TYPE_CHECKING:
    from azure.storage.queue import QueueClient

# The template makes it, and a second one of the name that the Functions host derives: NAME-poison.
QUEUE = "optout-pending"
# What the service takes.
LONGEST_DELAY = timedelta(days=7)
FOR_EVER = -1

# One try: whoever waits for an event to be answered waits for this, too.
PATIENCE: dict[str, Any] = {"connection_timeout": 2, "read_timeout": 3, "retry_total": 0}
# As many as there are threads in a worker; with fewer connections the pool warns, with the address.
CONNECTIONS = 32


class NotQueued(Retryable):
    """What is still to be done could not be put into the queue."""


class PendingQueue(Protocol):
    """Whatever keeps work until its time has come."""

    def put(self, work: Unfinished, delay: timedelta) -> None:
        """Have the work done after a delay, at the earliest. Raises NotQueued."""

    def close(self) -> None:
        """Close connections."""


class StorageQueue:
    """A queue in Azure Storage, through the official SDK; one for all threads."""

    def __init__(self, client: "QueueClient", credential: Any = None) -> None:
        self._client = client
        self._credential = credential

    def put(self, work: Unfinished, delay: timedelta) -> None:
        """Have the work done after a delay, at the earliest; after seven days at the latest, which is
        the longest that the service hides a message. Makes the queue where it is missing and this
        identity may. Raises NotQueued."""
        from azure.core.exceptions import ResourceNotFoundError

        seconds = math.ceil(max(timedelta(), min(delay, LONGEST_DELAY)).total_seconds())
        with _errors():
            try:
                self._send(dump(work), seconds, FOR_EVER)
            except ResourceNotFoundError:
                self._make()
                self._send(dump(work), seconds, FOR_EVER)

    def work_off(self, handle: Callable[[str], None]) -> int:
        """Give the text of each message that is due to a handler, as the Functions host does: one that
        it raises for comes back in a minute. How many there were. Raises NotQueued."""
        with _errors():
            due = list(self._client.receive_messages(max_messages=16, visibility_timeout=60))
            for message in due:
                with suppress(Exception):  # the handler has logged it
                    handle(message.content)
                    self._client.delete_message(message)
        return len(due)

    def probe(self) -> int | None:
        """The status that the queue answers to a message that no queue takes, because it would show
        itself after it has expired: 401 or 403 to a caller who may not put, 400 to one who may, 404
        where there is no queue yet. None: there was no answer."""
        from azure.core.exceptions import AzureError

        try:
            self._send("", visibility_timeout=2, time_to_live=1)
        except AzureError as problem:
            return getattr(problem, "status_code", None)
        return 201

    def close(self) -> None:
        self._client.close()
        if self._credential is not None:
            self._credential.close()

    def _send(self, text: str, visibility_timeout: int, time_to_live: int) -> None:
        self._client.send_message(
            text, visibility_timeout=visibility_timeout, time_to_live=time_to_live
        )

    def _make(self) -> None:
        from azure.core.exceptions import HttpResponseError, ResourceExistsError

        try:
            with suppress(ResourceExistsError):  # somebody else was faster
                self._client.create_queue()
        except HttpResponseError as problem:
            if problem.status_code != 403:
                raise
            raise NotQueued(
                f"Queue Storage: there is no queue {QUEUE}, and this identity may not make it: deploy "
                "the template again"
            ) from None


class _Message(BaseModel):
    """An Unfinished as it is written. Another field is refused: nobody here knows what it would mean.

    The Functions host puts these names among its own words about a message, in whatever case, and over
    them: none may be one of its own, such as id.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    recipient: str = Field(min_length=1)
    evidence_id: str = Field(min_length=1)
    attempt: int = Field(ge=1, le=1_000_000)


def dump(work: Unfinished) -> str:
    """The text of a message: JSON in ASCII, which travels inside of XML as it is."""
    return json.dumps(asdict(work))


def load(text: str) -> Unfinished:
    """The work that a message's text says. Raises ValueError, which says what is wrong with the text
    and repeats nothing of it."""
    try:
        return Unfinished(**dict(_Message.model_validate_json(text)))
    except ValidationError as problem:
        error = problem.errors(include_input=False, include_url=False)[0]
        # The name of a field that should not be there is somebody else's text.
        known = error["loc"] and error["loc"][0] in _Message.model_fields
        where = f"{error['loc'][0]}: " if known else ""
        said = "it is not JSON" if error["type"] == "json_invalid" else where + error["msg"].lower()
    raise ValueError(f"not a message of the queue {QUEUE}: {said}")


def queue(
    connection_string: str | None, service_uri: str | None, client_id: str | None
) -> StorageQueue | None:
    """The queue that is configured, None if there is none: by connection string, Azurite's too, or at a
    service's address with an identity, `client_id` where that is a user-assigned one. Raises
    ConfigurationError."""
    if connection_string:
        return _by_connection_string(connection_string)
    if service_uri:
        return _by_identity(service_uri, client_id)
    return None


def _by_connection_string(connection_string: str) -> StorageQueue:
    # Imported here and below: what does without a queue should not spend the time.
    from azure.storage.queue import QueueClient

    try:
        return StorageQueue(QueueClient.from_connection_string(connection_string, QUEUE, **_options()))
    except ValueError as problem:
        raise ConfigurationError(
            f"OptoutQueue: {str(problem).rstrip('.')}. Copy it whole from the Access keys page of the "
            "storage account."
        ) from None


def _by_identity(service_uri: str, client_id: str | None) -> StorageQueue:
    from azure.identity import DefaultAzureCredential
    from azure.storage.queue import QueueClient

    # Not as None, which would hide AZURE_CLIENT_ID.
    which = {"managed_identity_client_id": client_id} if client_id else {}
    credential = DefaultAzureCredential(**which)
    return StorageQueue(QueueClient(service_uri, QUEUE, credential, **_options()), credential)


def _options() -> dict[str, Any]:
    import requests
    from azure.core.pipeline.transport import RequestsTransport

    session = requests.Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, requests.adapters.HTTPAdapter(pool_maxsize=CONNECTIONS))
    # The SDK logs every URL, and a connection string may put a signature there.
    logger = logging.getLogger(__name__)
    logger.setLevel(logging.WARNING)
    return {**PATIENCE, "transport": RequestsTransport(session=session, **PATIENCE), "logger": logger}


@contextmanager
def _errors() -> Iterator[None]:
    """Raises NotQueued in place of the SDK's errors, which may contain an address with a signature."""
    from azure.core.exceptions import AzureError

    try:
        yield
    except AzureError as problem:
        raise NotQueued(f"Queue Storage: {in_short(problem)}") from None

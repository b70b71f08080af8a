"""Telling other services of changes: CloudEvents to an Event Grid topic.

Published at least once; the id is the same each time. Nothing here decides what a change is.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from optout.domain.errors import Retryable

CLOUD_EVENTS = "application/cloudevents-batch+json; charset=utf-8"

CONNECT_SECONDS = 2
READ_SECONDS = 3


class NotAnnounced(Retryable):
    """What is to be announced is recorded, but could not be published yet."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What others are told: an event's id, its type, the time of what it is about, and its data."""

    id: str
    type: str
    time: datetime
    data: Mapping[str, Any]


class Publisher(Protocol):
    """Whatever takes announcements to other services."""

    def publish(self, notice: Notice) -> None:
        """Publish an announcement, in one attempt. Raises NotAnnounced."""

    def close(self) -> None:
        """Close connections."""


class TopicPublisher:
    """Publishes to an Event Grid topic with the official SDK."""

    def __init__(self, endpoint: str, credential: Any, source: str) -> None:
        # Imported here: it takes 94 ms, which a lookup or the command line should not spend.
        from azure.eventgrid import EventGridPublisherClient

        self._source = source
        self._client = EventGridPublisherClient(endpoint, credential)
        # It warns about every option of a call that the events have no such field.
        logging.getLogger("azure.eventgrid._legacy._generated._serialization").setLevel(logging.ERROR)

    def publish(self, notice: Notice) -> None:
        from azure.core.exceptions import AzureError, HttpResponseError
        from azure.core.messaging import CloudEvent

        event = CloudEvent(
            source=self._source,
            type=notice.type,
            id=notice.id,
            time=notice.time,
            data=dict(notice.data),
        )
        try:
            self._send([event])
        except HttpResponseError as problem:
            raise NotAnnounced(f"the topic answered {problem.status_code}") from problem
        except AzureError as problem:
            raise NotAnnounced(f"the topic: {type(problem).__name__}") from problem

    def probe(self) -> int | None:
        """The status that the topic answers to something that is not an event: 401 or 403 to a
        caller who may not publish, 400 to one who may. None: there was no answer."""
        from azure.core.exceptions import AzureError, ResourceNotFoundError

        try:
            self._send([{}], content_type=CLOUD_EVENTS)
        except ResourceNotFoundError:  # the SDK raises it without the answer
            return 404
        except AzureError as problem:
            return getattr(problem, "status_code", None)
        return 200

    def _send(self, events: Sequence[Any], **options: Any) -> None:
        # The topic client accepts these only per call; its defaults are minutes.
        self._client.send(
            list(events),
            connection_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retry_total=0,
            **options,
        )

    def close(self) -> None:
        self._client.close()


def topic(endpoint: str | None, key: str | None, source: str | None) -> TopicPublisher | None:
    """The publisher that is configured, None if there is none."""
    if not endpoint:
        return None
    if key:
        from azure.core.credentials import AzureKeyCredential

        return TopicPublisher(endpoint, AzureKeyCredential(key), source or "/optout")
    from azure.identity import DefaultAzureCredential

    return TopicPublisher(endpoint, DefaultAzureCredential(), source or "/optout")

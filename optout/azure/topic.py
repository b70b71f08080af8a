"""Telling other services about changes of consent: CloudEvents to an Event Grid topic.

Published at least once. The id is derived from the change, so that a consumer can drop what it has
seen. Nothing here decides what a change is.
"""

import logging
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from optout.domain.enums import ScopeKind
from optout.domain.errors import Retryable
from optout.domain.ids import announcement_id
from optout.domain.model import Announcement, Evidence, Scope

if TYPE_CHECKING:
    from azure.core.messaging import CloudEvent

SUPPRESSED = "optout.suppressed"
LIFTED = "optout.lifted"
CLOUD_EVENTS = "application/cloudevents-batch+json; charset=utf-8"

CONNECT_SECONDS = 2
READ_SECONDS = 3
RETRY_DELAYS = (0.25, 0.75)
# Statuses after which another try may help; what hangs or breaks is left to the redelivery.
TRANSIENT = (408, 429, 500, 502, 503, 504)


class NotAnnounced(Retryable):
    """A change of consent is recorded, but could not be published yet."""


class Publisher(Protocol):
    """Whatever takes announcements to other services."""

    def publish(self, evidence: Evidence) -> None:
        """Publish the pending changes of one piece of evidence. Raises NotAnnounced."""

    def close(self) -> None:
        """Close connections."""


class TopicPublisher:
    """Publishes to an Event Grid topic with the official SDK."""

    def __init__(
        self,
        endpoint: str,
        credential: Any,
        source: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        # Imported here: it takes 94 ms, which a lookup or the command line should not spend.
        from azure.eventgrid import EventGridPublisherClient

        self._source = source
        self._sleep = sleep
        self._client = EventGridPublisherClient(endpoint, credential)
        # It warns about every option of a call that the events have no such field.
        logging.getLogger("azure.eventgrid._legacy._generated._serialization").setLevel(logging.ERROR)

    def publish(self, evidence: Evidence) -> None:
        from azure.core.exceptions import AzureError, HttpResponseError

        announcement = evidence.announcement
        if announcement is None:
            raise ValueError("this evidence has nothing to announce")
        events = cloud_events(evidence, announcement, self._source)
        for delay in (*RETRY_DELAYS, None):
            try:
                self._send(events)
            except HttpResponseError as problem:
                if delay is None or problem.status_code not in TRANSIENT:
                    raise NotAnnounced(f"the topic answered {problem.status_code}") from problem
                self._sleep(delay)
            except AzureError as problem:
                raise NotAnnounced(f"the topic: {type(problem).__name__}") from problem
            else:
                return

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


def cloud_events(
    evidence: Evidence, announcement: Announcement, source: str
) -> Sequence["CloudEvent[dict[str, Any]]"]:
    """One CloudEvent for each scope that a piece of evidence changed."""
    from azure.core.messaging import CloudEvent

    return [
        CloudEvent(
            source=source,
            type=event_type(evidence, scope),
            id=announcement_id(evidence.id, scope),
            time=evidence.at,
            data=_data(evidence, scope),
        )
        for scope in announcement.scopes
    ]


def event_type(evidence: Evidence, scope: Scope) -> str:
    """What is announced of a scope that evidence turned."""
    announcement = evidence.announcement
    if announcement is None or announcement.out is None:
        return SUPPRESSED if evidence.intent.opts_out else LIFTED
    return SUPPRESSED if scope in announcement.out else LIFTED


def _data(evidence: Evidence, scope: Scope) -> dict[str, Any]:
    return {
        "recipient": evidence.recipient,
        "sender": scope.name if scope.kind is ScopeKind.SENDER else evidence.sender,
        "list": scope.name if scope.kind is ScopeKind.LIST else evidence.list,
        "scope": str(scope.kind),
        "at": evidence.at.isoformat().replace("+00:00", "Z"),
        "source": str(evidence.kind),
        "keyword": evidence.keyword,
        "messageId": evidence.message_id,
    }


def topic(endpoint: str | None, key: str | None, source: str | None) -> TopicPublisher | None:
    """The publisher that is configured, None if there is none."""
    if not endpoint:
        return None
    if key:
        from azure.core.credentials import AzureKeyCredential

        return TopicPublisher(endpoint, AzureKeyCredential(key), source or "/optout")
    from azure.identity import DefaultAzureCredential

    return TopicPublisher(endpoint, DefaultAzureCredential(), source or "/optout")

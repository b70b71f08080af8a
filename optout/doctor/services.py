"""The services that the app needs, each asked whether it answers and lets the app in.

Nobody is texted, nothing is published or queued, and what is written to the store is removed. No
finding contains a secret, or the value of a setting that may be one.
"""

import re
from collections.abc import Iterator

from optout import service
from optout.azure import queue, sms, topic
from optout.doctor.diagnosis import Condition, Diagnosis, wrong
from optout.domain.errors import ConfigurationError, StoreAway
from optout.operations.left_lists import lists_without_sender
from optout.operations.overdue import is_overdue, oldest_review
from optout.programs.directory import Directory
from optout.programs.findings import Finding
from optout.settings import Settings
from optout.store.protocol import Store


def check_store(configured: Settings) -> Iterator[Diagnosis]:
    """Whether the store can be read and written; then, what it says about the program file."""
    subject = "store"
    if configured.store == "tables" and not (
        configured.tables_endpoint or configured.tables_connection_string
    ):
        return
    try:
        store = service.open_store(configured)
        try:
            store.check_writable()
            store.check()
            store.ensure_whole()
            left = _left_lists(configured, store)
            waits = list(_overdue_review(configured, store))
        finally:
            store.close()
    except ConfigurationError as problem:
        yield from wrong(subject, problem)
    except StoreAway as problem:
        yield Diagnosis(Condition.WRONG, subject, str(problem), _store_remedy(configured, str(problem)))
    else:
        yield Diagnosis(Condition.OK, subject, "it can be read and written")
        for finding in left:
            says = f"{finding.entry}: {finding.problem}"
            yield Diagnosis(Condition.WARNING, "lists", says, finding.remedy)
        yield from waits


def _left_lists(configured: Settings, store: Store) -> list[Finding]:
    """What the store says about the program file, where that can be read."""
    try:
        return lists_without_sender(Directory.load(configured.programs_path), store)
    except ConfigurationError:
        return []


def _overdue_review(configured: Settings, store: Store) -> Iterator[Diagnosis]:
    """Whether a probable request has waited for too long to be read. Raises StoreAway."""
    oldest, now = oldest_review(store), service.now_utc()
    if oldest is not None and is_overdue(oldest, now, configured.review_days):
        yield Diagnosis(
            Condition.WARNING,
            "reviews",
            f"the oldest request has waited for {(now - oldest.received_at).days} days, and "
            f"OPTOUT_REVIEW_DAYS is {configured.review_days}",
            "Judge what waits, in the console or with /api/reviews: the FCC allows ten business days.",
        )


def _store_remedy(configured: Settings, problem: str) -> str:
    if configured.store != "tables":
        return ""  # the message says what to check
    if re.search(r"\b(401|403)\b|Signing", problem):
        if configured.tables_connection_string:
            return "Copy OPTOUT_TABLES_CONNECTION_STRING again from the Access keys page."
        return (
            "Give the identity the role Storage Table Data Contributor, and check that the "
            "network rules of the storage account let it in."
        )
    if re.search(r"\b\d{3}\b", problem):
        return "It answers, but not as it should: try again, and see Azure's status page."
    if configured.tables_connection_string:
        return "Nothing answers at the address in OPTOUT_TABLES_CONNECTION_STRING. Is Azurite running?"
    return "Nothing answers there: correct OPTOUT_TABLES_ENDPOINT."


def check_acs(configured: Settings) -> Iterator[Diagnosis]:
    """Whether texts may be sent, where ACS is configured."""
    try:
        sender = sms.acs(configured.acs_endpoint, configured.acs_key, configured.acs_connection_string)
    except ConfigurationError as problem:
        yield from wrong("ACS", problem)
        return
    if sender is None:
        return
    if configured.acs_connection_string:
        remedy = "Copy OPTOUT_ACS_CONNECTION_STRING again from the Keys page of the resource."
    elif configured.acs_key:
        remedy = "Copy OPTOUT_ACS_KEY again from the Keys page of the resource."
    else:
        remedy = "Give the identity the role Communication and Email Service Owner on the resource."
    yield _answered("ACS", sender.probe(), remedy, "OPTOUT_ACS_ENDPOINT")


def check_topic(configured: Settings) -> Iterator[Diagnosis]:
    """Whether changes may be announced, where there is a topic."""
    publisher = topic.topic(configured.topic_endpoint, configured.topic_key, configured.event_source)
    if publisher is None:
        return
    if configured.topic_key:
        remedy = "Copy OPTOUT_TOPIC_KEY again from the Access keys page of the topic."
    else:
        remedy = "Give the identity the role EventGrid Data Sender on the topic."
    try:
        yield _answered("topic", publisher.probe(), remedy, "OPTOUT_TOPIC_ENDPOINT")
    finally:
        publisher.close()


def check_queue(configured: Settings) -> Iterator[Diagnosis]:
    """Whether messages may be put into the queue, where there is one."""
    try:
        pending = queue.queue(
            configured.queue_connection_string,
            configured.queue_service_uri,
            configured.queue_client_id,
        )
    except ConfigurationError as problem:
        yield from wrong("queue", problem)
        return
    if pending is None:
        return
    try:
        yield _queue_answered(configured, pending.probe())
    finally:
        pending.close()


def _queue_answered(configured: Settings, status: int | None) -> Diagnosis:
    if configured.queue_connection_string:
        setting = "OptoutQueue"
        remedy = "Copy OptoutQueue again from the Access keys page of the storage account."
    else:
        setting = "OptoutQueue__queueServiceUri"
        remedy = (
            "Give the identity the role Storage Queue Data Contributor on the queue "
            f"{queue.QUEUE}, and check that the network rules of the storage account let it in."
        )
    if status == 404:
        return Diagnosis(Condition.OK, "queue", "it answers; the first message makes the queue")
    return _answered("queue", status, remedy, setting)


def _answered(subject: str, status: int | None, remedy: str, endpoint: str) -> Diagnosis:
    """What a service's answer to a harmless request says about the way to it; `endpoint` is the setting
    that names the way."""
    if status is None:
        return Diagnosis(
            Condition.WRONG, subject, "nothing answers there",
            f"Correct {endpoint}, and see that this machine reaches it.",
        )  # fmt: skip
    if status in (401, 403):
        return Diagnosis(Condition.WRONG, subject, f"it refuses these credentials ({status})", remedy)
    if status == 429 or status >= 500:
        return Diagnosis(Condition.WARNING, subject, f"it is busy ({status})", "Try again later.")
    if status in (200, 202, 400):
        return Diagnosis(Condition.OK, subject, "it answers, and lets the app in")
    return Diagnosis(
        Condition.WRONG, subject, f"something else answers there ({status})", f"Correct {endpoint}."
    )

"""Puts the parts together: built once, when first needed, from the settings."""

import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from optout import log, settings
from optout.azure import messaging_connect, queue, sms, topic
from optout.azure.queue import PendingQueue
from optout.azure.sms import ReplySender
from optout.domain.errors import ConfigurationError, OptoutError, StoreAway
from optout.language.grammar import grammar
from optout.operations import recompute
from optout.operations.changes import Changes
from optout.operations.check import Checks
from optout.operations.handle import EventHandler, Result
from optout.operations.health import StoreHealth
from optout.operations.left_lists import lists_without_sender
from optout.operations.link_key_file import KeyFile
from optout.operations.link_tries import Tries
from optout.operations.links import Links
from optout.operations.overdue import OverdueReviews
from optout.operations.pending import Finisher
from optout.operations.recorder import Recorder
from optout.operations.reply_delivery import ReplyDelivery
from optout.operations.reports import Reports
from optout.operations.retention import TextRetention
from optout.operations.reviews import Reviews
from optout.operations.transfer.importing import Importer, ImportPurpose
from optout.own_queue import OwnQueue
from optout.programs.directory import Directory
from optout.programs.findings import Finding
from optout.settings import Settings
from optout.store.protocol import Store

# So much evidence is computed anew within seconds.
SMALL = 10_000
# Requests in flight; over SQLite, writers who share a commit.
IMPORT_THREADS = 32


@dataclass(frozen=True)
class Service:
    """Everything that a trigger, a route or the command line needs."""

    settings: Settings
    directory: Directory
    store: Store
    recorder: Recorder
    checks: Checks
    changes: Changes
    reports: Reports
    reviews: Reviews
    links: Links
    link_tries: Tries
    events: EventHandler
    finisher: Finisher
    health: StoreHealth

    @contextmanager
    def importing(self, purpose: ImportPurpose, *, dry_run: bool) -> Iterator[Importer]:
        """An importer, with threads for those about whom something is known already."""
        with (
            ThreadPoolExecutor(IMPORT_THREADS, thread_name_prefix="import") as threads,
            Importer(self.recorder, purpose, threads, new_id, dry_run=dry_run) as importer,
        ):
            yield importer

    def close(self) -> None:
        """Close files and connections."""
        for part in (self.recorder.queue, self.recorder.publisher):
            if part is not None:
                part.close()
        self.finisher.replies.sms.close()
        self.store.close()


def now_utc() -> datetime:
    """The clock of the service."""
    return datetime.now(UTC)


def new_id() -> str:
    """An id that nobody else has."""
    return str(uuid4())


def build(configured: Settings, replies: ReplySender | None = None) -> Service:
    """A service for the settings. Replies go through ACS if it is set, else where `replies` takes
    them, else they are printed. Raises ConfigurationError and StoreAway."""
    directory = Directory.load(configured.programs_path, now_utc().date())
    _log_advice(directory.advice)
    store = open_store(configured)
    _refuse_half_restored(store)
    with suppress(StoreAway):  # no start fails for advice
        _log_advice(lists_without_sender(directory, store))
    acs = sms.acs(
        configured.acs_endpoint,
        configured.acs_key,
        configured.acs_connection_string,
        messaging_connect.connections(directory.senders.values(), configured.messaging_connect_keys),
    )
    publisher = topic.topic(configured.topic_endpoint, configured.topic_key, configured.event_source)
    checks = Checks(store, configured.cache_seconds, time.monotonic)
    recorder = Recorder(store, now_utc, checks.forget, publisher, _queue(configured, store))
    _apply_rules(recorder, configured)
    delivery = ReplyDelivery(store, acs or replies or sms.PrintedReplies(), now_utc, new_id)
    return Service(
        settings=configured,
        directory=directory,
        store=store,
        recorder=recorder,
        checks=checks,
        changes=Changes(directory, recorder, new_id),
        reports=Reports(directory, recorder),
        reviews=Reviews(directory, recorder),
        links=_links(configured, directory, recorder),
        link_tries=Tries(time.monotonic),
        events=EventHandler(
            directory,
            recorder,
            delivery,
            configured.event_source,
            beside=(
                TextRetention(store, now_utc, configured.text_days).forget_when_due,
                OverdueReviews(store, now_utc, configured.review_days).tell_when_due,
            ),
        ),
        finisher=Finisher(directory, recorder, delivery),
        health=StoreHealth(store, time.monotonic),
    )


def _links(configured: Settings, directory: Directory, recorder: Recorder) -> Links:
    path = configured.local_key_path
    return Links(
        directory,
        recorder,
        new_id,
        configured.address_of_links,
        configured.link_keys,
        KeyFile(path) if path else None,
    )


def _refuse_half_restored(store: Store) -> None:
    """Whoever is missing in it would be texted. Where the store is away, whatever needs it says so."""
    try:
        with suppress(StoreAway):
            store.ensure_whole()
    except ConfigurationError:
        store.close()
        raise


def _queue(configured: Settings, store: Store) -> PendingQueue | None:
    """The queue that is configured. Without one, a store on this machine is asked what is pending."""
    found = queue.queue(
        configured.queue_connection_string, configured.queue_service_uri, configured.queue_client_id
    )
    return found or (OwnQueue(store, now_utc) if configured.store != "tables" else None)


def _apply_rules(recorder: Recorder, configured: Settings) -> None:
    """After an upgrade that changed the rules: a small file is brought up to date at once. Otherwise a
    command does it, because no event may wait for it."""
    with suppress(StoreAway):  # as for advice
        if not recompute.is_due(recorder.store):
            return
        is_file = configured.store != "tables"
        if is_file and len(recorder.store.all_evidence(SMALL + 1, None)) <= SMALL:
            people = sum(1 for _ in recompute.recompute_all(recorder))
            log.info("rules_changed", corrected=people)
        else:
            log.warning("rules_changed", remedy="run: optout recompute")


def _log_advice(found: Iterable[Finding]) -> None:
    for advice in found:
        log.warning(
            "program_file",
            entry=advice.entry,
            rule=advice.rule,
            problem=advice.problem,
            remedy=advice.remedy,
            source=advice.source,
        )


def open_store(configured: Settings) -> Store:
    """The configured store; only its own libraries are imported. Raises ConfigurationError and
    StoreAway."""
    if configured.store == "tables":
        from optout.store.tables import client
        from optout.store.tables.store import TablesStore

        return TablesStore(
            client.connect(configured.tables_endpoint, configured.tables_connection_string)
        )
    from optout.store.sqlite.store import SqliteStore

    return SqliteStore(configured.sqlite_path)


_current: Service | None = None
_building = threading.Lock()


def current() -> Service:
    """The service of this process, built at the first call.

    Raises ConfigurationError or StoreAway, at every call until it can be built: an event then fails
    and is delivered again, where an app that does not load at all would lose it to a 404.
    """
    global _current
    if _current is None:
        with _building:
            if _current is None:
                # The languages take a moment to compile, and no message is to wait for them.
                threading.Thread(target=grammar, name="languages", daemon=True).start()
                _current = build(settings.load())
                _finish_by_itself(_current)
    return _current


def _finish_by_itself(running: Service) -> None:
    """Where there is no queue with a function of its own, a thread of this process does its work."""
    if isinstance(running.recorder.queue, OwnQueue):
        running.recorder.queue.start(running.finisher.finish)


def receive(raw: str) -> Result:
    """One event, for the service of this process.

    If the service cannot be built, the event may be a STOP that is not recorded: that is an alert.
    """
    try:
        running = current()
    except OptoutError as problem:
        log.stop_not_recorded(None, problem)
        raise
    return running.events.handle(raw)


def finish(message: str) -> None:
    """What a message of the queue asks for, for the service of this process. Raises OptoutError where
    it is neither finished nor back in the queue."""
    try:
        work = queue.load(message)
    except ValueError as problem:
        log.critical("gave_up", problem=str(problem))
    else:
        current().finisher.finish(work)


def shutdown() -> None:
    """Close the service of this process; the next call builds a new one."""
    global _current
    with _building:
        if _current is not None:
            _current.close()
            _current = None

"""The parts put together: built once, when first needed, from the settings."""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from optout import log, settings
from optout.azure import sms, topic
from optout.domain.errors import OptoutError, Retryable
from optout.operations.handle import EventHandler, Result
from optout.operations.reviews import Reviews
from optout.operations.suppressions import Suppressions
from optout.programs.directory import Directory
from optout.settings import Settings
from optout.store.protocol import Store

FORGET_EVERY = timedelta(hours=1)
# A store may forget a few texts at a time: while some were left, it is asked again sooner.
FORGET_AGAIN = timedelta(seconds=5)


@dataclass(frozen=True)
class Service:
    """Everything that a trigger, a route or the command line needs."""

    settings: Settings
    directory: Directory
    store: Store
    suppressions: Suppressions
    reviews: Reviews
    events: EventHandler
    texts: "TextRetention"

    def handle(self, raw: str) -> Result:
        """One event; now and then, texts that need not be kept are forgotten on the way."""
        result = self.events.handle(raw)
        self.texts.forget_now_and_then()
        return result

    def close(self) -> None:
        """Let go of files and connections."""
        self.events.replies.close()
        if self.events.publisher is not None:
            self.events.publisher.close()
        self.store.close()


class TextRetention:
    """Rule 14: the text of a message without a keyword is kept for a number of days.

    It runs beside the events, at most once an hour in each process: a timer trigger would need a
    storage account on every laptop.
    """

    def __init__(self, store: Store, days: int) -> None:
        self._store = store
        self._days = timedelta(days=days)
        self._next = datetime.min.replace(tzinfo=UTC)
        self._lock = threading.Lock()

    def forget_now_and_then(self) -> None:
        now = now_utc()
        with self._lock:
            if now < self._next:
                return
            self._next = now + FORGET_EVERY
        try:
            if forgotten := self._store.forget_texts(now - self._days):
                with self._lock:
                    self._next = now + FORGET_AGAIN
                log.logger.info(log.line("texts_forgotten", messages=forgotten))
        except Retryable as problem:
            log.logger.warning(log.line("texts_not_forgotten", problem=str(problem)))


def now_utc() -> datetime:
    """The clock of the service."""
    return datetime.now(UTC)


def build(configured: Settings) -> Service:
    """A service for the settings. Raises ConfigurationError and StoreAway."""
    directory = Directory.load(configured.programs_path)
    for advice in directory.advice:
        log.logger.warning(
            log.line(
                "program_file",
                entry=advice.entry,
                rule=advice.rule,
                problem=advice.problem,
                remedy=advice.remedy,
                source=advice.source,
            )
        )
    store = open_store(configured)
    acs = sms.acs(configured.acs_endpoint, configured.acs_key, configured.acs_connection_string)
    publisher = topic.topic(configured.topic_endpoint, configured.topic_key, configured.event_source)
    suppressions = Suppressions(directory, store, now_utc, configured.cache_seconds, publisher)
    handler = EventHandler(
        directory=directory,
        store=store,
        replies=acs or sms.PrintedReplies(),
        clock=now_utc,
        publisher=publisher,
        expected_source=configured.event_source,
        on_change=suppressions.forget,
    )
    reviews = Reviews(directory, store, now_utc, suppressions.forget, publisher)
    texts = TextRetention(store, configured.text_days)
    return Service(configured, directory, store, suppressions, reviews, handler, texts)


def open_store(configured: Settings) -> Store:
    """The store that is set; only its own libraries are imported. Raises ConfigurationError and
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
                _current = build(settings.load())
    return _current


def handle(raw: str) -> Result:
    """One event, by the service of this process.

    Where the service cannot be built, nobody can say that the event is no STOP: that is an alert.
    """
    try:
        running = current()
    except OptoutError as problem:
        log.stop_not_recorded(None, problem)
        raise
    return running.handle(raw)


def shutdown() -> None:
    """Close the service of this process; the next call builds a new one."""
    global _current
    with _building:
        if _current is not None:
            _current.close()
            _current = None

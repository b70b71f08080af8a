"""Replica: a copy of the list, in a file."""

import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType

from . import _requests
from ._client import OptoutClient
from ._errors import FeedGone
from ._freshness import Moment
from ._held import CHECK_SIZE, PAGE_SIZE, Held, in_words, interval, pauses
from ._models import CheckResult, Sender

_log = logging.getLogger(__name__)
# A request that is under way when the refresher is stopped may take longer; nobody waits for it.
_STOP_SECONDS = 5.0


class Replica:
    """A copy of the list: a check costs microseconds and no network. Safe to share between threads.

    Several processes may share its file; each makes its own Replica, after it was forked. A copy answers only
    if it was complete and is not too old: call `refresh` now and then, or `start` once.

    :param OptoutClient optout: The app, with a key of the role feed. It is not closed with the copy.
    :param path: An SQLite file on a disk of this machine, of this app only; made if there is none, with mode
     600, because it has people's numbers. 75 MB for a million people.
    :keyword float max_age: How many seconds old the copy may be; 300. Its age counts from when the refresh
     began. Where the app uses Azure Tables, the feed itself is about a minute behind.
    :raises UnusableReplica: if the file is something else, or of another version of this package.
    """

    def __init__(self, optout: OptoutClient, path: str | os.PathLike[str], *, max_age: float = 300.0) -> None:
        self._optout = optout
        self._max_age = max_age
        self._held = Held(path, optout.endpoint, max_age)
        self._refreshing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    @property
    def age(self) -> float | None:
        """How many seconds ago the last refresh began that ended; None if there was none, or if the clock was
        set back since, so that nobody can tell."""
        return self._held.age

    def check(self, sender: str, recipients: str | Iterable[str]) -> Iterator[CheckResult]:
        """May these people be texted from this sender, as of the last refresh?

        One result for each recipient, in the order given. Any number of them: they are read as the results
        are taken. What the copy does not know is not told: `source`, `keyword`, who blocks a list, and
        whether the sender reaches the number. `scope` is "everything" also where a list is out by the same
        word.

        :param str sender: One of your numbers, short codes or sender IDs, as the program file has it.
        :param recipients: Numbers in E.164.
        :raises ValueError: if a recipient is not in E.164.
        :raises UnknownSender: if no program names the sender.
        :raises StaleReplica: if the copy is not complete or too old: nobody may be texted.
        :raises UnusableReplica: if the file cannot be read: nobody may be texted.
        """
        for first, page in _requests.pages(recipients, CHECK_SIZE):
            yield from self._held.check(sender, first, page)

    def refresh(self) -> None:
        """Read what has changed; the first time, everybody. What was read stays, if it is interrupted.

        :raises OptoutUnavailable: if the app does not answer.
        :raises FeedGone: if the feed has begun anew twice; the first time, everything is read anew.
        :raises UnusableReplica: if the file cannot be written.
        """
        self._refresh(lambda: False)

    def start(self, every: float = 30.0) -> None:
        """Refresh in the background from now on, in a daemon thread. What goes wrong is logged as a warning,
        and tried again.

        :param float every: Seconds from the beginning of one refresh to that of the next.
        :raises ValueError: if that is not less than `max_age`.
        :raises RuntimeError: if it has been started already.
        """
        interval(every, self._max_age)
        if self._thread is not None:
            raise RuntimeError("the copy is being refreshed already")
        # Of this thread only: one that has not ended yet keeps its own.
        self._stopping = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(every, self._stopping), name="optout-replica", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop refreshing in the background. A request that is under way is not waited for longer than five
        seconds."""
        self._stopping.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_STOP_SECONDS)
        self._thread = None

    def close(self) -> None:
        """Stop, and close the file."""
        self.stop()
        self._held.copy.close()

    def __enter__(self) -> "Replica":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _refresh(self, is_over: Callable[[], bool]) -> None:
        with self._refreshing:
            self._read_feed(is_over)
            # What has changed while everybody was read.
            if self._held.is_slow and not is_over():
                self._read_feed(is_over)

    def _read_feed(self, is_over: Callable[[], bool]) -> None:
        began = self._held.freshness.now()
        senders = self._optout.senders()
        try:
            self._read_all(senders, began, is_over)
        except FeedGone:
            # What there was is forgotten. Once: of several instances of an app that was restored, each may
            # call the other's places gone, until the last of them was restarted.
            self._read_all(senders, began, is_over)

    def _read_all(self, senders: Sequence[Sender], began: Moment, is_over: Callable[[], bool]) -> None:
        while not self._read_on(senders, began, is_over):
            pass

    def _read_on(self, senders: Sequence[Sender], began: Moment, is_over: Callable[[], bool]) -> bool:
        """Whether that was all; or else the copy is at another place now."""
        place = self._held.place()
        try:
            for page in self._optout.changes(place.token, limit=PAGE_SIZE):
                kept = self._held.keep(place, page, senders, began)
                if is_over():
                    return True
                if kept is None:
                    return False
                place = kept
        except FeedGone:
            self._held.forget(place)
            raise
        return True

    def _run(self, every: float, stopping: threading.Event) -> None:
        """The thread: it ends when it is told to, and by nothing that goes wrong."""
        failures = pauses(every)
        pause = 0.0
        while not stopping.wait(pause):
            began = self._held.freshness.now().monotonic
            try:
                self._refresh(stopping.is_set)
            except Exception as problem:
                pause = next(failures)
                if not stopping.is_set():
                    _log.warning("the copy is not refreshed: %s; again in %g s", in_words(problem), pause)
            else:
                failures = pauses(every)
                pause = max(every - (self._held.freshness.now().monotonic - began), 0.0)

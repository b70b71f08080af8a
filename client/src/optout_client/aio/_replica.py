"""Replica for asyncio: as the one without, with await."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Iterable, Sequence
from types import TracebackType

from .. import _requests
from .._errors import FeedGone
from .._freshness import Moment
from .._held import CHECK_SIZE, PAGE_SIZE, Held, in_words, interval, pauses
from .._models import CheckResult, Sender
from ._client import OptoutClient

_log = logging.getLogger(__name__)


class Replica:
    """A copy of the list: a check costs microseconds and no network. Safe to share between tasks.

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
        self._refreshing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    @property
    def age(self) -> float | None:
        """How many seconds ago the last refresh began that ended; None if there was none, or if the clock was
        set back since, so that nobody can tell."""
        return self._held.age

    async def check(self, sender: str, recipients: str | Iterable[str]) -> AsyncIterator[CheckResult]:
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
            # Without a thread: handing it over takes longer than looking up one recipient, and readers wait
            # for no writer. Between two pages others have their turn.
            for result in self._held.check(sender, first, page):
                yield result
            if len(page) == CHECK_SIZE:
                await asyncio.sleep(0)

    async def refresh(self) -> None:
        """Read what has changed; the first time, everybody. What was read stays, if it is interrupted.

        :raises OptoutUnavailable: if the app does not answer.
        :raises FeedGone: if the feed has begun anew twice; the first time, everything is read anew.
        :raises UnusableReplica: if the file cannot be written.
        """
        async with self._refreshing:
            await self._read_feed()
            # What has changed while everybody was read.
            if self._held.is_slow:
                await self._read_feed()

    def start(self, every: float = 30.0) -> None:
        """Refresh in the background from now on, in a task of the running loop. What goes wrong is logged as
        a warning, and tried again.

        :param float every: Seconds from the beginning of one refresh to that of the next.
        :raises ValueError: if that is not less than `max_age`.
        :raises RuntimeError: if it has been started already, or no loop is running.
        """
        interval(every, self._max_age)
        if self._task is not None:
            raise RuntimeError("the copy is being refreshed already")
        self._task = asyncio.get_running_loop().create_task(self._run(every), name="optout-replica")

    async def stop(self) -> None:
        """Stop refreshing in the background."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def close(self) -> None:
        """Stop, and close the file."""
        await self.stop()
        await asyncio.to_thread(self._held.copy.close)

    async def __aenter__(self) -> "Replica":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _read_feed(self) -> None:
        began = self._held.freshness.now()
        senders = await self._optout.senders()
        try:
            await self._read_all(senders, began)
        except FeedGone:
            # What there was is forgotten. Once: of several instances of an app that was restored, each may
            # call the other's places gone, until the last of them was restarted.
            await self._read_all(senders, began)

    async def _read_all(self, senders: Sequence[Sender], began: Moment) -> None:
        while not await self._read_on(senders, began):
            pass

    async def _read_on(self, senders: Sequence[Sender], began: Moment) -> bool:
        """Whether that was all; or else the copy is at another place now.

        A page is written in a thread: it takes some tens of milliseconds, and perhaps waits for another
        process.
        """
        place = await asyncio.to_thread(self._held.place)
        try:
            async for page in self._optout.changes(place.token, limit=PAGE_SIZE):
                kept = await asyncio.to_thread(self._held.keep, place, page, senders, began)
                if kept is None:
                    return False
                place = kept
        except FeedGone:
            await asyncio.to_thread(self._held.forget, place)
            raise
        return True

    async def _run(self, every: float) -> None:
        """The task: it ends when it is cancelled, and by nothing that goes wrong."""
        failures = pauses(every)
        pause = 0.0
        while True:
            await asyncio.sleep(pause)
            began = self._held.freshness.now().monotonic
            try:
                await self.refresh()
            except Exception as problem:
                pause = next(failures)
                _log.warning("the copy is not refreshed: %s; again in %g s", in_words(problem), pause)
            else:
                failures = pauses(every)
                pause = max(every - (self._held.freshness.now().monotonic - began), 0.0)

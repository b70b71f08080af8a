"""Event Grid as the campaign plays it: POSTs, back-off, redelivery of the whole POST; and its clock."""

import heapq
import random
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from itertools import count

from tests.chaos.faults import Rates
from tests.chaos.fleet import Fleet
from tests.chaos.plan import Post
from tests.chaos.shared import Log, SharedClock
from tests.support.client import NOTIFICATION, WEBHOOK

# Event Grid's own back-off and attempts. On the campaign's clock they need not be shortened.
BACK_OFF_SECONDS = (10, 30, 60, 300, 600, 1800, 3600)
ATTEMPTS = 30
IN_FLIGHT = 16
# While anything is on its way the clock moves in small steps, as it would by itself.
LARGEST_STEP = 3.0
WAIT_SECONDS = 30.0
IMPATIENT_SECONDS = 0.03


@dataclass
class EventGrid:
    """Delivers posts to a fleet. `more` gives posts that arise while it delivers."""

    fleet: Fleet
    clock: SharedClock
    log: Log
    rates: Rates
    chance: random.Random
    more: Callable[[], Iterable[Post]] = tuple
    given_up: list[Post] = field(default_factory=list)
    posted: int = 0
    failed: int = 0

    def deliver(self, posts: Iterable[Post]) -> None:
        """Until everything is acknowledged, or was delivered as often as Event Grid does."""
        order = count()
        waiting = [(post.due, next(order), post) for post in posts]
        heapq.heapify(waiting)
        on_the_way: dict[Future[bool], Post] = {}
        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            while waiting or on_the_way:
                while self._may_post(waiting, len(on_the_way)):
                    due, _, post = heapq.heappop(waiting)
                    self.clock.advance(due)
                    on_the_way[self._submit(pool, post)] = post
                done, _ = wait(on_the_way, return_when=FIRST_COMPLETED)
                again = [post for each in done if not each.result() and (post := on_the_way[each])]
                for each in done:
                    del on_the_way[each]
                for post in (*filter(self._comes_again, again), *self.more()):
                    heapq.heappush(waiting, (post.due, next(order), post))

    def _may_post(self, waiting: list[tuple[float, int, Post]], on_the_way: int) -> bool:
        if not waiting or on_the_way >= IN_FLIGHT:
            return False
        return not on_the_way or waiting[0][0] - self.clock.seconds <= LARGEST_STEP

    def _submit(self, pool: ThreadPoolExecutor, post: Post) -> Future[bool]:
        self.posted += 1
        if self.chance.random() < self.rates.killed:
            self.log.write("fault", kind="SIGKILL from outside")
            self.fleet.kill(self.chance)
        seconds = WAIT_SECONDS
        if self.chance.random() < self.rates.abandoned:
            self.log.write("fault", kind="Event Grid: stops waiting")
            seconds = IMPATIENT_SECONDS
        return pool.submit(self._post, self.fleet.port(self.chance), post, seconds)

    def _comes_again(self, post: Post) -> bool:
        """Set when a failed post comes again; whether it does."""
        self.failed += 1
        back_off = BACK_OFF_SECONDS[min(post.attempts, len(BACK_OFF_SECONDS) - 1)]
        post.attempts += 1
        post.due = self.clock.seconds + back_off
        if post.attempts >= ATTEMPTS:
            self.given_up.append(post)
        return post.attempts < ATTEMPTS

    def _post(self, port: int, post: Post, seconds: float) -> bool:
        """Whether it was acknowledged; a worker that is gone acknowledges nothing."""
        connection = HTTPConnection("127.0.0.1", port, timeout=seconds)
        try:
            body = f"[{','.join(post.events)}]".encode()
            connection.request("POST", WEBHOOK, body, NOTIFICATION)
            response = connection.getresponse()
            response.read()
            return response.status == 202
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

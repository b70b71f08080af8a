"""Requests that wait for somebody to read them: a log line says so when one has waited for days."""

from datetime import datetime, timedelta

from optout import log
from optout.domain.errors import Retryable
from optout.domain.model import Evidence
from optout.domain.times import Clock
from optout.operations.seldom import Seldom
from optout.store.protocol import Store

LOOK_EVERY = timedelta(hours=6)


def is_overdue(request: Evidence, now: datetime, days: int) -> bool:
    """Whether a request has waited for longer than a number of days. Where a policy does not suppress,
    who asked still gets messages meanwhile."""
    return now - request.received_at > timedelta(days=days)


def oldest_review(store: Store) -> Evidence | None:
    """The request that has waited longest, None where none waits. Raises StoreAway."""
    page = store.list_reviews(1, None)
    while not page.items and page.after:
        page = store.list_reviews(1, page.after)
    return next(iter(page.items), None)


class OverdueReviews:
    """Looks at the oldest request beside the events, a few times a day in each process. `days` is how
    long one may wait."""

    def __init__(self, store: Store, clock: Clock, days: int) -> None:
        self._store = store
        self._seldom = Seldom(clock, LOOK_EVERY)
        self._days = days

    def tell_when_due(self) -> None:
        """Log how many days the oldest request has waited, if it is overdue, for an alert; unless that
        was looked at a short while ago."""
        now = self._seldom.due()
        if now is None:
            return
        try:
            oldest = oldest_review(self._store)
        except Retryable as problem:
            log.warning("reviews_not_read", problem=str(problem))
            return
        if oldest is not None and is_overdue(oldest, now, self._days):
            log.warning("review_overdue", oldest, days=(now - oldest.received_at).days)

"""Requests that wait for somebody to read them: a log line says so when one has waited for days."""

from datetime import timedelta

from optout import log
from optout.domain.errors import Retryable
from optout.domain.model import Evidence
from optout.domain.times import Clock
from optout.operations.seldom import Seldom
from optout.store.protocol import Store

LOOK_EVERY = timedelta(hours=6)
# Longer than a weekend. Where a policy does not suppress, who asked still gets messages meanwhile.
OVERDUE_AFTER = timedelta(days=3)


class OverdueReviews:
    """Looks at the oldest request beside the events, a few times a day in each process."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._seldom = Seldom(clock, LOOK_EVERY)

    def tell_when_due(self) -> None:
        """Log how many days the oldest request has waited, if it is overdue, for an alert; unless that
        was looked at a short while ago."""
        now = self._seldom.due()
        if now is None:
            return
        try:
            oldest = self._oldest()
        except Retryable as problem:
            log.warning("reviews_not_read", problem=str(problem))
            return
        if oldest is not None and now - oldest.received_at > OVERDUE_AFTER:
            log.warning("review_overdue", oldest, days=(now - oldest.received_at).days)

    def _oldest(self) -> Evidence | None:
        page = self._store.list_reviews(1, None)
        while not page.items and page.after:
            page = self._store.list_reviews(1, page.after)
        return next(iter(page.items), None)

"""Rule 14: the text of a message without a keyword is kept for a number of days."""

from datetime import timedelta

from optout import log
from optout.domain.errors import Retryable
from optout.domain.times import Clock
from optout.operations.seldom import Seldom
from optout.store.protocol import Store

FORGET_EVERY = timedelta(hours=1)
# A store may forget a few texts at a time: while some were left, it is asked again sooner.
FORGET_AGAIN = timedelta(seconds=5)


class TextRetention:
    """Forgets texts beside the events, at most once an hour in each process."""

    def __init__(self, store: Store, clock: Clock, days: int) -> None:
        self._store = store
        self._days = timedelta(days=days)
        self._seldom = Seldom(clock, FORGET_EVERY)

    def forget_when_due(self) -> None:
        """Forget texts that need not be kept any more, unless that was done a short while ago."""
        now = self._seldom.due()
        if now is None:
            return
        try:
            if forgotten := self._store.forget_texts(now - self._days):
                self._seldom.again_in(FORGET_AGAIN)
                log.info("texts_forgotten", messages=forgotten)
        except Retryable as problem:
            log.warning("texts_not_forgotten", problem=str(problem))

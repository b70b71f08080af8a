"""May these people be texted from this sender?

A lookup errs towards suppression: only answers of *suppressed* are cached, *may send* is always read.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from cachetools import TTLCache

from optout.decisions import consent
from optout.domain import readings
from optout.domain.enums import ConsentState, EvidenceKind, Party, ScopeKind
from optout.domain.model import Consents, Scope
from optout.domain.numbers import NotANumber
from optout.domain.times import EARLIEST
from optout.programs.directory import Sender
from optout.store.protocol import Store

CACHE_ENTRIES = 100_000
_SHOWS_WHERE = len("+1425")


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Whether one recipient may be texted; `recipient` is in E.164, or as given where it is not
    certainly a number.

    `scope` is the consent that says no. `error` stands for an entry that is not certainly a number,
    which counts as suppressed. `state` tells an opt-in on record from nothing on record; it is None
    where that was not looked up.
    """

    recipient: object
    suppressed: bool
    state: ConsentState | None = ConsentState.OUT
    since: datetime | None = None
    scope: ScopeKind | None = None
    source: EvidenceKind | None = None
    keyword: str | None = None
    blocked_by: Party | None = None
    error: str | None = None

    @classmethod
    def of(cls, recipient: str, consents: Consents, scopes: Sequence[Scope]) -> "CheckResult":
        """What a recipient's consents in these scopes say."""
        found = consent.suppression(consents, scopes)
        if not found.suppressed or found.consent is None or found.scope is None:
            return cls(recipient, False, _state_of_one_in(consents, scopes))
        return cls(
            recipient,
            suppressed=True,
            since=found.consent.since,
            scope=found.scope.kind,
            source=found.consent.source,
            keyword=found.consent.keyword,
            blocked_by=found.consent.blocked_by,
        )


class Checks:
    """Answers checks; safe to share between threads. `timer` is a monotonic clock, in seconds."""

    def __init__(self, store: Store, cache_seconds: float, timer: Callable[[], float]) -> None:
        self._store = store
        # By recipient, so that a change drops all that is known of one; entries share its age.
        self._suppressed: TTLCache[str, dict[str, CheckResult]] = TTLCache(
            CACHE_ENTRIES, cache_seconds or 1e-9, timer
        )
        # By lookup under way: those who have changed since it began.
        self._overtaken: dict[object, set[str]] = {}
        self._lock = threading.Lock()

    def check(
        self, sender: Sender, recipients: Sequence[object], countries: Collection[str] = ()
    ) -> list[CheckResult]:
        """Who may be texted from a sender, in the order asked. A number without a country code is one
        of the countries that are meant."""
        asked = [_read(raw, countries) for raw in recipients]
        answers = self.answers(sender, {number for number in asked if isinstance(number, str)})
        return [answers[number] if isinstance(number, str) else number for number in asked]

    def answers(self, sender: Sender, numbers: Collection[str]) -> dict[str, CheckResult]:
        """Who may be texted from a sender, of people as the store names them."""
        cached = self._from_cache(sender, numbers)
        unknown = sorted(number for number in numbers if number not in cached)
        return self._look_up(sender, unknown) | cached if unknown else cached

    def forget(self, recipients: Iterable[str]) -> None:
        """Drop what the cache holds of some recipients, after a change, and what is being read."""
        dropped = frozenset(recipients)
        with self._lock:
            for forgotten in self._overtaken.values():
                forgotten |= dropped
            for recipient in dropped:
                self._suppressed.pop(recipient, None)

    def _look_up(self, sender: Sender, numbers: Sequence[str]) -> dict[str, CheckResult]:
        """What the store says of people; in the cache, too, but for those who change meanwhile."""
        scopes = consent.sender_scopes(sender)
        with self._overtaking() as overtaken:
            found = self._store.lookup(numbers, scopes)
            known = {
                number: CheckResult.of(number, consents, scopes) for number, consents in found.items()
            }
            with self._lock:
                for number, result in known.items():
                    if result.suppressed and number not in overtaken:
                        self._suppressed.setdefault(number, {})[sender.id] = result
        state = ConsentState.NONE if self._store.finds_opt_ins(len(numbers)) else None
        free = {number: CheckResult(number, False, state) for number in numbers if number not in known}
        return free | known

    @contextmanager
    def _overtaking(self) -> Iterator[set[str]]:
        """Those who are forgotten while something is read."""
        reading, overtaken = object(), set[str]()
        with self._lock:
            self._overtaken[reading] = overtaken
        try:
            yield overtaken
        finally:
            with self._lock:
                del self._overtaken[reading]

    def _from_cache(self, sender: Sender, asked: Iterable[str]) -> dict[str, CheckResult]:
        with self._lock:
            return {
                number: results[sender.id]
                for number in asked
                if (results := self._suppressed.get(number)) is not None and sender.id in results
            }


class Reach(dict[str, bool]):
    """Whether a sender may reach numbers, by their beginnings: nothing beyond the country code and the
    area code shows where a number is."""

    def __init__(self, sender: Sender) -> None:
        super().__init__()
        self._sender = sender

    def __missing__(self, beginning: str) -> bool:
        reaches = self[beginning] = self._sender.reaches(beginning)
        return reaches

    def of(self, number: str) -> bool:
        return self[number[:_SHOWS_WHERE]]


def _state_of_one_in(consents: Consents, scopes: Iterable[Scope]) -> ConsentState:
    """The state of somebody who is not suppressed. A request that was lifted is as if it was not."""
    found = (consents[scope] for scope in scopes if scope in consents)
    said = any(not each.out and each.at != EARLIEST for each in found)
    return ConsentState.IN if said else ConsentState.NONE


def _read(raw: object, countries: Collection[str]) -> str | CheckResult:
    """The number, or the result for an entry that is not certainly one."""
    text = str(raw) if isinstance(raw, str | int) else ""
    try:
        return readings.read(text, countries)
    except NotANumber as problem:
        return CheckResult(raw, suppressed=True, error=str(problem))

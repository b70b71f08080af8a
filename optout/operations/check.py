"""May these people be texted from this sender?

A lookup errs towards suppression: only answers of *suppressed* are cached, *may send* is always read.
"""

import threading
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime

from cachetools import TTLCache

from optout.decisions import consent
from optout.domain import numbers
from optout.domain.enums import EvidenceKind, Party, ScopeKind
from optout.domain.model import Consents, Scope
from optout.programs.directory import Sender
from optout.store.protocol import Store

CACHE_ENTRIES = 100_000


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Whether one recipient may be texted; `recipient` is in E.164, or as given where it is not
    a number.

    `scope` is the consent that says no. `error` stands for an entry that is not a number, which counts
    as suppressed. `remedy` says what the person must do if we cannot lift the block.
    """

    recipient: object
    suppressed: bool
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
            return cls(recipient, suppressed=False)
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

    def check(self, sender: Sender, recipients: Sequence[object]) -> list[CheckResult]:
        """Who may be texted from a sender, in the order asked."""
        asked = [_number(raw) for raw in recipients]
        cached = self._from_cache(sender, asked)
        unknown = {number for number in asked if isinstance(number, str) and number not in cached}
        results = self._read(sender, unknown) | cached
        return [results[number] if isinstance(number, str) else number for number in asked]

    def forget(self, recipients: Iterable[str]) -> None:
        """Drop what the cache holds of some recipients, after a change, and what is being read."""
        dropped = frozenset(recipients)
        with self._lock:
            for forgotten in self._overtaken.values():
                forgotten |= dropped
            for recipient in dropped:
                self._suppressed.pop(recipient, None)

    def _read(self, sender: Sender, recipients: Set[str]) -> dict[str, CheckResult]:
        """What the store says; in the cache, too, but for those who change while it is read."""
        if not recipients:
            return {}
        scopes = consent.sender_scopes(sender)
        reading = object()
        with self._lock:
            overtaken = self._overtaken[reading] = set()
        try:
            found = self._store.lookup(sorted(recipients), scopes)
            read = {
                number: CheckResult.of(number, found.get(number, {}), scopes) for number in recipients
            }
            with self._lock:
                for number, result in read.items():
                    if result.suppressed and number not in overtaken:
                        self._suppressed.setdefault(number, {})[sender.id] = result
        finally:
            with self._lock:
                del self._overtaken[reading]
        return read

    def _from_cache(self, sender: Sender, asked: Sequence[str | CheckResult]) -> dict[str, CheckResult]:
        with self._lock:
            return {
                number: results[sender.id]
                for number in asked
                if isinstance(number, str)
                and (results := self._suppressed.get(number)) is not None
                and sender.id in results
            }


def _number(raw: object) -> str | CheckResult:
    """The number, or the result for an entry that is not one."""
    text = str(raw) if isinstance(raw, str | int) else ""
    try:
        number = numbers.normalise(text)
        if "+" not in text and number.startswith("+") and not numbers.country_code(number):
            raise numbers.NotANumber("no country has a number like this; begin with the country code")
        return number
    except numbers.NotANumber as problem:
        return CheckResult(raw, suppressed=True, error=str(problem))

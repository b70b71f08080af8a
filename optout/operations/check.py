"""May these people be texted from this sender?

A lookup errs towards suppression: only answers of *suppressed* are cached, *may send* is always read.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from optout.decisions import consent
from optout.domain import numbers, readings
from optout.domain.enums import ConsentState, EvidenceKind, Party, ScopeKind
from optout.domain.model import Consents, Scope
from optout.domain.numbers import NotANumber
from optout.operations.recent import Recent
from optout.programs.directory import Sender
from optout.store.protocol import Store

_SHOWS_WHERE = len("+1425")


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Whether one recipient may be texted; `recipient` is in E.164, or as given where it is not
    certainly a number.

    `scope` is the consent that says no. `error` stands for an entry that is not certainly a number,
    which counts as suppressed. `state` tells an opt-in on record from nothing on record; it is None
    where that was not looked up. `in_since` is the time of that opt-in.
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
    in_since: datetime | None = None

    @classmethod
    def of(cls, recipient: str, consents: Consents, scopes: Sequence[Scope]) -> "CheckResult":
        """What a recipient's consents in these scopes say."""
        return cls._of(recipient, consents, scopes, consent.suppression(consents, scopes))

    @classmethod
    def of_sender(cls, recipient: str, consents: Consents, sender: Sender) -> "CheckResult":
        """What a recipient's consents say of a sender; of several with the same digits, of the one that
        can reach it."""
        meant = sender.for_recipient(recipient)
        found = consent.suppression_from(consents, meant)
        return cls._of(recipient, consents, consent.sender_scopes(meant), found)

    @classmethod
    def _of(
        cls, recipient: str, consents: Consents, scopes: Sequence[Scope], found: consent.Suppression
    ) -> "CheckResult":
        if not found.suppressed or found.consent is None or found.scope is None:
            since = consent.in_since(consents, scopes)
            state = ConsentState.IN if since else ConsentState.NONE
            return cls(recipient, False, state, in_since=since)
        return cls(
            recipient,
            suppressed=True,
            since=found.consent.since,
            scope=found.scope.kind,
            source=found.consent.source,
            keyword=found.consent.keyword,
            blocked_by=found.consent.blocked_by,
        )


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found about everybody who was asked about.

    `asked` has, in the order asked, the number in E.164, or the result for an entry that is not
    certainly one. `on_record` are those of whom a consent is on record. All others may be texted, and
    `others` is their state.
    """

    asked: Sequence[str | CheckResult]
    on_record: Mapping[str, CheckResult]
    others: ConsentState | None

    def __iter__(self) -> Iterator[CheckResult]:
        """A result for each entry, in the order asked."""
        return map(self.of, self.asked)

    def of(self, entry: str | CheckResult) -> CheckResult:
        """The result of one entry."""
        if not isinstance(entry, str):
            return entry
        return self.on_record.get(entry) or CheckResult(entry, suppressed=False, state=self.others)


class Checks:
    """Answers checks; safe to share between threads. `timer` is a monotonic clock, in seconds.

    What is suppressed is known for `cache_seconds` without the store; with 0 it is always asked.
    """

    def __init__(self, store: Store, cache_seconds: float, timer: Callable[[], float]) -> None:
        self._store = store
        self._suppressed = Recent[CheckResult](cache_seconds, timer) if cache_seconds else None
        # By lookup under way: those who have changed since it began.
        self._overtaken: dict[object, set[str]] = {}
        self._lock = threading.Lock()

    def check(
        self, sender: Sender, recipients: Sequence[object], countries: Collection[str] = ()
    ) -> Checked:
        """Who may be texted from a sender. A number without a country code is one of the countries that
        are meant."""
        plain = numbers.PLAIN_E164.fullmatch
        asked = [
            raw if isinstance(raw, str) and plain(raw) else _read(raw, countries) for raw in recipients
        ]
        return self._find(sender, asked)

    def answers(self, sender: Sender, people: Collection[str]) -> dict[str, CheckResult]:
        """Who may be texted from a sender, of people as the store names them."""
        found = self._find(sender, list(people))
        return {person: found.of(person) for person in people}

    def forget(self, recipients: Iterable[str]) -> None:
        """Drop what the cache holds of some recipients, after a change, and what is being read."""
        dropped = frozenset(recipients)
        with self._lock:
            for forgotten in self._overtaken.values():
                forgotten |= dropped
            if self._suppressed is not None:
                self._suppressed.forget(dropped)

    def _find(self, sender: Sender, asked: Sequence[str | CheckResult]) -> Checked:
        # Each once, in the order asked: most callers' lists are sorted, and so take no time to sort.
        people = dict.fromkeys(entry for entry in asked if isinstance(entry, str))
        known = self._from_cache(sender, people)
        unknown = (
            sorted(person for person in people if person not in known) if known else sorted(people)
        )
        state = ConsentState.NONE if self._store.finds_opt_ins(len(unknown)) else None
        found = self._look_up(sender, unknown) if unknown else {}
        return Checked(asked, {**found, **known}, state)

    def _look_up(self, sender: Sender, people: Sequence[str]) -> dict[str, CheckResult]:
        """What the store says of people; in the cache, too, but for those who change meanwhile."""
        scopes = consent.sender_scopes(sender)
        with self._overtaking() as overtaken:
            found = self._store.lookup(people, scopes)
            results = {
                person: CheckResult.of_sender(person, consents, sender)
                if sender.alike
                else CheckResult.of(person, consents, scopes)
                for person, consents in found.items()
            }
            if self._suppressed is not None:
                with self._lock:
                    kept = {
                        person: result
                        for person, result in results.items()
                        if result.suppressed and person not in overtaken
                    }
                    self._suppressed.keep(sender.id, kept)
        return results

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

    def _from_cache(self, sender: Sender, people: dict[str, None]) -> dict[str, CheckResult]:
        if self._suppressed is None:
            return {}
        with self._lock:
            return self._suppressed.find(sender.id, people)


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


def _read(raw: object, countries: Collection[str]) -> str | CheckResult:
    """The number, or the result for an entry that is not certainly one."""
    text = str(raw) if isinstance(raw, str | int) else ""
    try:
        return readings.read(text, countries)
    except NotANumber as problem:
        return CheckResult(raw, suppressed=True, error=str(problem))

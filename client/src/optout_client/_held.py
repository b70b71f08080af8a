"""What a copy answers, and how it is kept fresh: all that replicas for threads and for asyncio have in
common."""

import os
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from ._copy import Copy, Known, Place, State
from ._errors import StaleReplica, UnknownSender
from ._freshness import Freshness, Moment
from ._models import ChangesPage, CheckResult, Entry, Sender, forbidding
from ._rows import LIST, OTHER_LISTS, SENDER, readings, unpacked

# How many are looked up at once, and how many a page of the feed has: as many as the app gives.
CHECK_SIZE, PAGE_SIZE = 500, 1_000
# How alike two spellings of one sender must be, as in the app.
_LIKENESS = 0.8
_NOTHING = Entry(False)


class _Scopes(NamedTuple):
    """The numbers of what decides about a sender."""

    own: Sequence[int]
    lists: Sequence[int]


class Held:
    """A copy in a file, of the app at `source`."""

    def __init__(self, path: str | os.PathLike[str], source: str, max_age: float) -> None:
        if max_age <= 0:
            raise ValueError("max_age is a number of seconds above 0")
        self.copy = Copy(path)
        self.freshness = Freshness()
        self._source = source
        self._max_age = max_age

    @property
    def age(self) -> float | None:
        return self._age(self.copy.state())

    @property
    def is_slow(self) -> bool:
        """Whether a refresh that has just ended took so long that another one should follow at once."""
        age = self.age
        return age is None or age > self._max_age / 2

    def check(self, sender: str, first: int, recipients: Sequence[str]) -> list[CheckResult]:
        """The results for some recipients, the first of whom has the place `first` among all."""
        meant = [_readings(first + place, each) for place, each in enumerate(recipients)]
        state, known, found = self.copy.look_up({each for several in meant for each in several})
        self._refuse_if_stale(state)
        scopes = [_scopes(known, each) for each in _senders(known, sender)]
        results = []
        for index, (recipient, several) in enumerate(zip(recipients, meant, strict=True), first):
            rows = [found[each] for each in several if each in found]
            results.append(_result(index, recipient, rows, scopes, known.names))
        return results

    def place(self) -> Place:
        return self.copy.place(self._source)

    def keep(self, place: Place, page: ChangesPage, senders: Sequence[Sender], began: Moment) -> Place | None:
        """As `Copy.keep`, and this process knows by its own clock how old the copy is."""
        kept = self.copy.keep(place, page, senders, began.wall)
        if kept is not None and not page.more:
            self.freshness.learn(began)
        return kept

    def forget(self, place: Place) -> None:
        """The place does not exist any more."""
        self.copy.forget(place)

    def _age(self, state: State) -> float | None:
        return self.freshness.age(state.began if state.source == self._source else None)

    def _refuse_if_stale(self, state: State) -> None:
        age = self._age(state)
        if age is not None and age <= self._max_age:
            return
        if state.began is None or state.source != self._source:
            why = "is not complete yet"
        elif age is None:
            why = "tells no age, because the clock was set back"
        else:
            why = f"is {age:,.0f} seconds old, and may be {self._max_age:,.0f}"
        raise StaleReplica(f"the copy of the list {why}: refresh it. Until then nobody may be texted")


def pauses(every: float) -> Iterator[float]:
    """How many seconds to wait after one failure after another: soon at first, then as always."""
    pause = min(1.0, every)
    while True:
        yield pause
        pause = min(2 * pause, every)


def interval(every: float, max_age: float) -> float:
    """Raises ValueError for an interval at which a copy would be stale between two refreshes."""
    if not 0 < every < max_age:
        raise ValueError(f"every is a number of seconds above 0, and below max_age, which is {max_age:g}")
    return every


def in_words(problem: BaseException) -> str:
    """For a log: no text that anybody else has written, in which a number might be."""
    status = getattr(problem, "status_code", None)
    return type(problem).__name__ + (f" ({status})" if status else "")


def _readings(index: int, recipient: str) -> tuple[int, ...]:
    found = readings(recipient)
    if found is None:
        raise ValueError(f"recipient {index}: write a number in E.164, for example +14255550123")
    return found


def _senders(known: Known, name: str) -> Sequence[Sender]:
    """Those of a name. Which of two countries' short codes is meant, a copy does not know."""
    found = known.senders.get(name.lower())
    if found is not None:
        return found
    near = get_close_matches(name.lower(), known.senders, cutoff=_LIKENESS)
    nearest = [known.senders[each][0].sender for each in near]
    meant = f"did you mean {' or '.join(nearest)}?" if nearest else "correct it"
    raise UnknownSender(f"no program names the sender {name}; {meant}", nearest)


def _scopes(known: Known, sender: Sender) -> _Scopes:
    own = [(SENDER, name.lower()) for name in (sender.sender, sender.stands_for) if name]
    lists = [(LIST, name) for name in sender.lists]
    numbers = known.numbers
    return _Scopes(*([numbers[each] for each in names if each in numbers] for names in (own, lists)))


def _result(
    index: int, recipient: str, rows: Sequence[bytes], scopes: Sequence[_Scopes], names: Mapping[int, str]
) -> CheckResult:
    """What the rows say of whoever may be meant, from whichever sender may be: suppressed, if one is."""
    if not rows:
        return CheckResult(index, recipient, False, "none")
    results = [_verdict(index, recipient, row, each, names) for row in rows for each in scopes]
    return max(results, key=lambda result: result.suppressed)


def _verdict(
    index: int, recipient: str, row: bytes, scopes: _Scopes, names: Mapping[int, str]
) -> CheckResult:
    entries = unpacked(row, {*scopes.own, *scopes.lists, OTHER_LISTS}, names)
    own = [entries[each] for each in scopes.own if each in entries]
    lists = [entries[each] for each in scopes.lists if each in entries]
    other_lists = entries.get(OTHER_LISTS, _NOTHING)
    found = forbidding(own, lists, other_lists)
    if found is None:
        said = any(entry.at for entry in entries.values())
        return CheckResult(index, recipient, False, "in" if said else "none")
    is_own = any(found is each for each in own)
    return CheckResult(
        index,
        recipient,
        True,
        "out",
        since=found.since,
        scope="sender" if is_own else "everything" if found == other_lists else "list",
        blocked_by=found.blocked_by,
    )

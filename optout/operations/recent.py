"""What was found about people, for some seconds: so that asking again needs no store.

A dictionary of its own, because a check asks for 10,000 people at once, of whom it holds few or none:
what both have in common is found without a look at each.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Generic, NamedTuple, TypeVar

# So many people; of more, the oldest are forgotten.
PEOPLE = 100_000

_Found = TypeVar("_Found")


class _Kept(NamedTuple, Generic[_Found]):
    """What was found about a person, by sender, and when all of it is forgotten."""

    until: float
    by_sender: dict[str, _Found]


class Recent(Generic[_Found]):
    """What was found about a person for a sender. All about one person is as old as the first of it, so
    that the oldest come first. `timer` is a monotonic clock, in seconds. Not safe to share between
    threads: whoever shares it has a lock."""

    def __init__(self, seconds: float, timer: Callable[[], float]) -> None:
        self._seconds = seconds
        self._timer = timer
        self._people: OrderedDict[str, _Kept[_Found]] = OrderedDict()

    def find(self, sender: str, people: Mapping[str, object]) -> dict[str, _Found]:
        """What is known of some people, by person."""
        now = self._timer()
        return {
            person: kept.by_sender[sender]
            for person in self._people.keys() & people.keys()
            if (kept := self._people[person]).until > now and sender in kept.by_sender
        }

    def keep(self, sender: str, found: Mapping[str, _Found]) -> None:
        """Know this from now on."""
        now = self._timer()
        self._forget_old(now)
        for person, result in found.items():
            if person not in self._people:
                self._people[person] = _Kept(now + self._seconds, {})
            self._people[person].by_sender[sender] = result
        while len(self._people) > PEOPLE:
            self._people.popitem(last=False)

    def forget(self, people: Iterable[str]) -> None:
        """Know nothing of some people any more."""
        for person in people:
            self._people.pop(person, None)

    def _forget_old(self, now: float) -> None:
        while self._people and next(iter(self._people.values())).until <= now:
            self._people.popitem(last=False)

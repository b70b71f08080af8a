"""Handling events again that were given up or put aside, on the path of every other event.

Nothing is done twice: what was handled before is recognised by its id, and a reply that is late by now
expires like any other.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from optout.azure import dead_letters
from optout.azure.dead_letters import Place, Unreadable
from optout.domain.errors import OptoutError
from optout.operations.handle import EventHandler, Result
from optout.store.protocol import Store

PAGE = 1_000

# Handles an event as JSON text.
Handle = Callable[[str], Result]
# Shows progress, and passes on what it is given.
Progress = Callable[[Sequence[str]], Iterable[str]]


@dataclass
class ReplaySummary:
    """What became of the events: how many ended how, and what failed, with the reason."""

    results: Counter[Result] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def add(self, name: str, work: Callable[[], Result | None]) -> bool:
        """Count the result of some work; returns whether it was done."""
        try:
            result = work()
        except Exception as problem:
            self.failures.append(f"{name}: {_reason(problem)}")
            return False
        if result is not None:
            self.results[result] += 1
        return True

    def __str__(self) -> str:
        counts = ", ".join(f"{self.results[result]} {result}" for result in Result)
        return f"{counts}, {len(self.failures)} failed"


def replay_dead_letters(
    place: Place, handle: Handle, progress: Progress, *, delete: bool
) -> ReplaySummary:
    """Handle the events of every file. A file is deleted, if that is asked for, once all its events are
    handled, ignored or in quarantine; otherwise it stays. Raises Unreadable
    where there is no list."""
    report = ReplaySummary()
    for name in progress(place.names()):
        if _replay_file(name, place, handle, report) and delete:
            report.add(name, partial(place.delete, name))
    return report


def _replay_file(name: str, place: Place, handle: Handle, report: ReplaySummary) -> bool:
    try:
        events = dead_letters.events(place.read(name))
    except Unreadable as problem:
        report.failures.append(f"{name}: {_reason(problem)}")
        return False
    done = [
        report.add(f"{name}, event {number}", partial(handle, event))
        for number, event in enumerate(events, start=1)
    ]
    return all(done)


def replay_quarantine(handler: EventHandler, progress: Progress) -> ReplaySummary:
    """Handle every event in quarantine again; those that are understood now leave it."""
    report = ReplaySummary()
    for event_id in progress(_list_quarantined(handler.recorder.store)):
        report.add(event_id, partial(handler.replay, event_id))
    return report


def _list_quarantined(store: Store) -> Sequence[str]:
    """All that is there now: what comes back while it is replayed is not replayed again."""
    ids: list[str] = []
    page = store.list_quarantine(PAGE, None)
    while True:
        ids += [event.id for event in page.items]
        if page.after is None:
            return ids
        page = store.list_quarantine(PAGE, page.after)


def _reason(problem: Exception) -> str:
    """The reason for a failure: our own messages name nobody, somebody else's may."""
    return str(problem) if isinstance(problem, OptoutError) else type(problem).__name__

"""Events that were given up or put aside, on the path of every other event once more.

Nothing is done twice: what was handled before is recognised by its id, and a reply that is late by now
expires like any other.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from optout import dead_letters
from optout.dead_letters import Place, Unreadable
from optout.domain import ConfigurationError, OptoutError
from optout.handle import Result
from optout.service import Service

PAGE = 1_000

# Shows how far it is; what it is given comes out again.
Progress = Callable[[Sequence[str]], Iterable[str]]


@dataclass
class Report:
    """What became of the events: how many ended how, and what failed, with the reason."""

    results: Counter[Result] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def add(self, name: str, work: Callable[[], Result | None]) -> bool:
        """Count what comes of some work; whether it was done."""
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


def replay_dead_letters(place: Place, service: Service, progress: Progress, *, delete: bool) -> Report:
    """Handle the events of every file. A file is deleted, if that is asked for, once all its events are
    handled, ignored or in quarantine; otherwise it stays. Raises Unreadable where there is no list."""
    if delete and not isinstance(place, dead_letters.Folder) and service.settings.store != "tables":
        raise ConfigurationError(
            "--delete: OPTOUT_STORE is a file of this machine, where the app whose dead letters these "
            "are will never look. Set OPTOUT_STORE=tables and OPTOUT_TABLES_ENDPOINT, as the app does."
        )
    report = Report()
    for name in progress(place.names()):
        if _replay_file(name, place, service, report) and delete:
            report.add(name, partial(place.delete, name))
    return report


def _replay_file(name: str, place: Place, service: Service, report: Report) -> bool:
    try:
        events = dead_letters.events(place.read(name))
    except Unreadable as problem:
        report.failures.append(f"{name}: {_reason(problem)}")
        return False
    done = [
        report.add(f"{name}, event {number}", partial(service.handle, event))
        for number, event in enumerate(events, start=1)
    ]
    return all(done)


def replay_quarantine(service: Service, progress: Progress) -> Report:
    """Handle every event in quarantine again; those that are understood now leave it."""
    report = Report()
    for event_id in progress(_quarantined(service)):
        report.add(event_id, partial(service.events.replay, event_id))
    return report


def _quarantined(service: Service) -> Sequence[str]:
    """All that is there now: what comes back while it is replayed is not replayed again."""
    ids: list[str] = []
    page = service.store.held(PAGE, None)
    while True:
        ids += [event.id for event in page.items]
        if page.after is None:
            return ids
        page = service.store.held(PAGE, page.after)


def _reason(problem: Exception) -> str:
    """Our own words name nobody; somebody else's may."""
    return str(problem) if isinstance(problem, OptoutError) else type(problem).__name__

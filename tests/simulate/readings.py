"""Whatever reads the store agrees with whatever else does, and whoever follows it holds exactly the
list."""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain

from optout.domain.enums import EvidenceKind
from optout.domain.model import Evidence, Scope
from optout.operations.evidence_pages import all_evidence
from optout.operations.status import recipient_status
from optout.store.protocol import JournalPage, Store
from tests.chaos.shared import BEGIN
from tests.simulate import known
from tests.simulate.expected import suppressed
from tests.simulate.remains import Remains
from tests.simulate.watch import SCOPES

COUNTED = ("opted_out", "opted_in", "help")


def readings(remains: Remains) -> Iterator[str]:
    """Where two of them say something else."""
    return chain(
        _of_one(remains), _lists(remains), _journals(remains), _reviews(remains), _followers(remains)
    )


def _of_one(remains: Remains) -> Iterator[str]:
    for person, history in remains.histories.items():
        if tuple(reversed(_history(remains.store, person))) != history:
            yield f"readings: the history of {person} in pages is another one"
        for listed in recipient_status(person, remains.directory, remains.store):
            for sender, answer in listed.senders:
                if answer.suppressed != suppressed(sender.id, remains.states[person]):
                    yield f"readings: {person} is {answer.suppressed} for {sender.id}"


def _history(store: Store, person: str) -> list[Evidence]:
    found: list[Evidence] = []
    below: int | None = None
    while True:
        page = store.history(person, 3, below)
        found += page.items
        if (below := page.below) is None:
            return found


def _lists(remains: Remains) -> Iterator[str]:
    for scope in SCOPES:
        states = remains.states.items()
        out = [who for who, state in states if (one := state.get(str(scope))) and one.out]
        listed = _listed(remains.store, scope)
        if listed != out:
            yield f"readings: on the list of {scope} are {listed}, not {out}"


def _listed(store: Store, scope: Scope) -> list[str]:
    found: list[str] = []
    after: str | None = None
    while True:
        page = store.list_out(scope, 2, after)
        found += [who for who, _ in page.items]
        if (after := page.after) is None:
            return found


def _journals(remains: Remains) -> Iterator[str]:
    """Everything is in the export, in the journal and in the counts."""
    everything = remains.everything
    if list(filter(remains.is_of, all_evidence(remains.store))) != everything:
        yield "readings: the export is not what the histories say"
    activities = [item for item in everything if item.kind is not EvidenceKind.IMPORT]
    journal = filter(remains.is_of, _pages(remains.store.journal))
    if Counter(map(_id, journal)) != Counter(map(_id, activities)):
        yield "readings: the journal is not what the histories say"
    counted = sum(count.times for count in remains.store.counts(BEGIN.replace(hour=0)))
    changes = sum(str(item.activity) in COUNTED for item in activities)
    if counted < changes or (counted > changes and not _may_be_more(remains)):
        yield f"readings: {counted} are counted, and there are {changes}"


def _may_be_more(remains: Remains) -> bool:
    everything = remains.operations.all
    failed = (each for each in everything if remains.failures(each))
    is_known = (known.counted_too_often(each, everything) for each in failed)
    return remains.plan.store == "tables" and any(is_known)


def _reviews(remains: Remains) -> Iterator[str]:
    """What is for review and has no verdict is on the list."""
    judged = {item.about for item in remains.everything}
    waiting = {
        item.id
        for item in remains.everything
        if (operation := remains.operations.of(item))
        and item.verdict is None
        and operation.is_reviewed
        and item.id not in judged
    }
    if set(map(_id, _pages(remains.store.list_reviews))) != waiting:
        yield "readings: the review list is not what the histories say"


def _followers(remains: Remains) -> Iterator[str]:
    """By push alone, one must read the feed for those in an import, of which one is told."""
    consumers, imported = remains.consumers, remains.imported
    yield from consumers.findings(remains.store, remains.states, imported | remains.untold)
    told = max((each.at for each in consumers.topic.imports()), default=-1)
    for item in remains.everything:
        if item.kind is EvidenceKind.IMPORT and remains.watch.written_at(item) > told:
            yield f"consumers: nobody was told of an import: {remains.operations.of(item)}"


def _pages(turn: Callable[[int, str | None], JournalPage]) -> list[Evidence]:
    found: list[Evidence] = []
    after: str | None = None
    while True:
        page = turn(7, after)
        found += page.items
        if (after := page.after) is None:
            return found


def _id(item: Evidence) -> str:
    return item.id

"""What must hold at the end, when nothing is left to be done: nothing is lost, nothing is pending, and
whatever reads the store agrees with whatever else does."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise

from optout.domain.enums import EvidenceKind
from optout.domain.model import Evidence, Reply
from optout.operations.evidence_pages import all_evidence
from optout.operations.status import recipient_status
from optout.programs.directory import Directory
from optout.store.protocol import JournalPage, Store
from tests.chaos.shared import BEGIN
from tests.simulate.consumers import Consumers
from tests.simulate.expected import Operations, suppressed
from tests.simulate.operations import Operation
from tests.simulate.outside import Acs
from tests.simulate.watch import SCOPES, Watch

HOUR = timedelta(hours=1)
REPEAT_WINDOW = timedelta(minutes=5)
REPLIES_AN_HOUR = 6
WITH_SMS = {"sent", "unknown", "failed"}
WITHOUT_SMS = {
    "superseded", "expired", "guarded", "blocked", "failed", "unknown", "none", "by_carrier",
    "by_platform",
}  # fmt: skip


class Ending:
    """The checks at the end of one history. Each finding is a sentence that begins with its check."""

    def __init__(
        self,
        operations: Operations,
        store: Store,
        directory: Directory,
        watch: Watch,
        acs: Acs,
        was_disturbed: Callable[[Evidence], bool],
        consumers: Consumers,
        *,
        names_too_much: bool,
    ) -> None:
        self._operations = operations
        self._store = store
        self._directory = directory
        self._watch = watch
        self._acs = acs
        self._was_disturbed = was_disturbed
        self._consumers = consumers
        self._names_too_much = names_too_much
        people = sorted({each.person for each in operations.all})
        self._histories = {person: store.timeline(person) for person in people}

    def findings(self) -> Iterator[str]:
        yield from self._nothing_lost()
        yield from self._order()
        yield from self._replies()
        yield from self._readings()
        yield from self._journals()
        yield from self._followers()

    def _everything(self) -> list[Evidence]:
        return [item for history in self._histories.values() for item in history]

    def _nothing_lost(self) -> Iterator[str]:
        """Each operation has left what it must leave, once."""
        found = Counter(
            operation.number
            for item in self._everything()
            if (operation := self._operations.of(item)) is not None
        )
        for each in self._operations.all:
            is_once = each.is_recorded or (each.kind == "manual" and each.key)
            if is_once and found[each.number] != 1:
                yield f"history: {each} is there {found[each.number]} times"
            is_entered = each.kind in ("manual", "import")
            if is_entered and not any(found[same.number] for same in self._same(each)):
                yield f"history: {each} is lost"
        held = len(self._store.list_quarantine(1_000, None).items)
        expected = sum(each.is_quarantined for each in self._operations.all)
        # The same message that nobody can date comes as one event, however often.
        if held != expected:
            yield f"quarantine: {held} events instead of {expected}"

    def _same(self, entered: Operation) -> list[Operation]:
        """What says the same: of two equal rows of an import one is recorded."""
        return [
            each
            for each in self._operations.all
            if each is entered
            or (
                each.kind == entered.kind == "import"
                and (each.person, each.scopes, each.at) == (entered.person, entered.scopes, entered.at)
                and each.out == entered.out
            )
        ]

    def _order(self) -> Iterator[str]:
        for person, history in self._histories.items():
            self._watch.check_consents(person, history)
            if [item.number for item in history] != list(range(1, len(history) + 1)):
                yield f"history: the numbers of {person} have a gap"
            if any(later.received_at <= earlier.received_at for earlier, later in pairwise(history)):
                yield f"history: the evidence of {person} is not in order"

    def _replies(self) -> Iterator[str]:
        """Nothing is pending for ever, every status agrees with the phone, and there is a reason for
        what was not sent."""
        for history in self._histories.values():
            for item in history:
                if item.is_announcement_pending and not self._is_told_of(item):
                    yield f"announcements: never made: {item}"
                if item.reply is not None:
                    yield from self._reply(item, item.reply, history)

    def _is_told_of(self, item: Evidence) -> bool:
        """Whether something newer was announced, where a caller without a key has made another change
        of the one that failed: nobody comes back to the first."""
        operation = self._operations.of(item)
        is_another = operation is not None and operation.kind == "manual" and not operation.key
        versions = [
            document["version"] % 2**32
            for document in self._consumers.topic.standings()
            if document["recipient"] == item.recipient
        ]
        return is_another and item.number <= max(versions, default=0)

    def _reply(self, item: Evidence, reply: Reply, history: tuple[Evidence, ...]) -> Iterator[str]:
        status, sent = str(reply.status), self._acs.sms[item.id] > 0
        about = f"{self._operations.of(item)} is {status}"
        if status not in (WITH_SMS if sent else WITHOUT_SMS):
            yield f"statuses: {about}, and {'an' if sent else 'no'} SMS was sent"
        failed = reply.delivery is not None and not reply.delivery.delivered
        if failed and status != "failed":
            yield f"statuses: {about}, and was not delivered"
        if status == "unknown" and not self._was_disturbed(item):
            yield f"statuses: {about}, and nothing was unclear"
        if status == "guarded" and not _recent(item, history):
            yield f"statuses: {about} for nothing"
        if sent and not failed:
            yield from self._loops(item, history)

    def _loops(self, item: Evidence, history: tuple[Evidence, ...]) -> Iterator[str]:
        """Rule 6: no more than six answers an hour, and not the same again for nothing."""
        hour = [
            other
            for other in history
            if other.sender == item.sender
            and other.reply is not None
            and self._acs.sms[other.id]
            and str(other.reply.status) != "failed"
            and timedelta() <= item.received_at - other.received_at < HOUR
        ]
        if len(hour) > REPLIES_AN_HOUR:
            yield f"too many: seven SMS within an hour, the last to {self._operations.of(item)}"
        for other in hour:
            is_same = other.id != item.id and other.intent == item.intent
            if is_same and item.received_at - other.received_at < REPEAT_WINDOW:
                between = history[other.number : item.number]
                if not any(each.effect.is_change for each in between):
                    yield f"too many: the same again is answered: {self._operations.of(item)}"

    def _readings(self) -> Iterator[str]:
        """Whoever asks about one person or a list gets the same."""
        states = {who: self._operations.state(history) for who, history in self._histories.items()}
        for person, history in self._histories.items():
            pages: list[Evidence] = []
            below: int | None = None
            while True:
                page = self._store.history(person, 3, below)
                pages += page.items
                if (below := page.below) is None:
                    break
            if tuple(reversed(pages)) != history:
                yield f"readings: the history of {person} in pages is another one"
            for listed in recipient_status(person, self._directory, self._store):
                for sender, answer in listed.senders:
                    if answer.suppressed != suppressed(sender.id, states[person]):
                        yield f"readings: {person} is {answer.suppressed} for {sender.id}"
        for scope in SCOPES:
            out = [who for who, state in states.items() if (one := state.get(str(scope))) and one.out]
            after, listed_out = None, []
            while True:
                found = self._store.list_out(scope, 2, after)
                listed_out += [who for who, _ in found.items]
                if (after := found.after) is None:
                    break
            if listed_out != out:
                yield f"readings: on the list of {scope} are {listed_out}, not {out}"

    def _followers(self) -> Iterator[str]:
        """Whoever follows what is published holds exactly the list."""
        states = {who: self._operations.state(history) for who, history in self._histories.items()}
        imported = {
            who
            for who, history in self._histories.items()
            if any(item.kind is EvidenceKind.IMPORT for item in history)
        }
        yield from self._consumers.findings(self._store, states, imported)
        for item in (item for who in sorted(imported) for item in self._histories[who]):
            told = max((each.at for each in self._consumers.topic.imports()), default=-1)
            if item.kind is EvidenceKind.IMPORT and self._watch.written_at(item) > told:
                yield f"consumers: nobody was told of an import: {self._operations.of(item)}"

    def _journals(self) -> Iterator[str]:
        """Everything is in the export, in the journal, in the counts, and on the review list where it
        is for review."""
        everything = self._everything()
        exported = [item for item in all_evidence(self._store) if item.recipient in self._histories]
        if exported != everything:
            yield "readings: the export is not what the histories say"
        activities = [item for item in everything if item.kind is not EvidenceKind.IMPORT]
        journal = [each for each in _pages(self._store.journal) if each.recipient in self._histories]
        if Counter(map(_id, journal)) != Counter(map(_id, activities)):
            yield "readings: the journal is not what the histories say"
        counted = sum(count.times for count in self._store.counts(BEGIN - HOUR))
        changes = sum(str(item.activity) in ("opted_out", "opted_in", "help") for item in activities)
        if counted < changes or (counted > changes and not self._names_too_much):
            yield f"readings: {counted} are counted, and there are {changes}"
        judged = {item.about for item in everything}
        waiting = {
            item.id
            for item in everything
            if (operation := self._operations.of(item))
            and item.verdict is None
            and operation.is_reviewed
            and item.id not in judged
        }
        if {item.id for item in _pages(self._store.list_reviews)} != waiting:
            yield "readings: the review list is not what the histories say"


def _pages(turn: Callable[[int, str | None], JournalPage]) -> list[Evidence]:
    found: list[Evidence] = []
    after = None
    while True:
        page = turn(7, after)
        found += page.items
        if (after := page.after) is None:
            return found


def _id(item: Evidence) -> str:
    return item.id


def _recent(item: Evidence, history: tuple[Evidence, ...]) -> list[Evidence]:
    """The messages to the same sender within the hour before."""
    return [
        other
        for other in history[: item.number - 1]
        if other.sender == item.sender and item.received_at - other.received_at <= HOUR
    ]

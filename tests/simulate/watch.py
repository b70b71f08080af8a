"""What must hold at every moment: checked whenever something may have changed outside, and whenever a
process acts on what it has seen of the store."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any

from optout.domain.enums import ReplyStatus, ReviewVerdict, ScopeKind
from optout.domain.model import EVERYTHING, Evidence, Reply, Scope
from optout.store.protocol import Store
from tests.chaos.expected import State
from tests.simulate.expected import (
    NEVER_OUT,
    Operations,
    is_blocked,
    is_true,
    may_be_lifted,
    suppressed,
)
from tests.simulate.lines import LINES, QUESTION
from tests.simulate.operations import Operation, moment
from tests.simulate.scheduler import Scheduler, Violation

LIFETIME = timedelta(minutes=5)
# How long an answer of *suppressed* may be cached.
CACHED = 30_000
SCOPES = (
    *(Scope(ScopeKind.SENDER, sender) for sender in LINES),
    *dict.fromkeys(Scope(ScopeKind.LIST, line.list) for line in LINES.values()),
    EVERYTHING,
)
KEPT_BACK = (ReplyStatus.SUPERSEDED, ReplyStatus.BLOCKED, ReplyStatus.EXPIRED)


@dataclass(frozen=True)
class Sight:
    """What a task last saw of a recipient: after how much evidence at least and at most, and when it
    began to look."""

    first: int
    last: int
    began: int


@dataclass(frozen=True)
class Asked:
    """When a check began, and how much evidence its process had recorded itself by then."""

    at: int
    known: int


class Watch:
    """Sees what all processes do, whose clocks differ by some `skew`. `plain` is the store that nobody
    disturbs, `newest` says how much evidence there is about a recipient."""

    def __init__(self, scheduler: Scheduler, operations: Operations, skew: int) -> None:
        self._scheduler = scheduler
        self._operations = operations
        self._skew = timedelta(milliseconds=skew)
        self.plain: Store
        self.newest: Callable[[str], int]
        self._people = sorted({each.person for each in operations.all})
        self._sights: dict[tuple[str, str], Sight] = {}
        # What each task wrote, and what each process knows to be written.
        self._wrote: dict[tuple[str, str], int] = {}
        self._known: dict[tuple[str, str], int] = {}
        # When there was how much evidence about whom.
        self._grown: dict[str, list[tuple[int, int]]] = {person: [(0, 0)] for person in self._people}

    # --- what is in the store ---

    def changed(self) -> None:
        """Something may have been written."""
        for person in self._people:
            number, known = self.newest(person), self._grown[person][-1][1]
            if number == known:
                continue
            self._grown[person].append((self._scheduler.now, number))
            history = self.plain.timeline(person)
            self.check_consents(person, history)
            for written in history[known:]:
                self._check_written(written, history[: written.number])

    def check_consents(self, person: str, history: Iterable[Evidence]) -> None:
        """The consents are what sorting by time gives."""
        found = {
            str(scope): State(one.out, one.since, one.at, one.blocked_by.is_external)
            for scope, one in self.plain.consents(person, SCOPES).items()
        }
        found = {scope: state for scope, state in found.items() if state != NEVER_OUT}
        expected = self._operations.state(history)
        for scope in sorted(found.keys() | expected.keys()):
            if found.get(scope) != expected.get(scope):
                raise Violation(
                    f"consents: {person} {scope} is {found.get(scope)}, by time {expected.get(scope)}"
                )

    def _check_written(self, written: Evidence, history: tuple[Evidence, ...]) -> None:
        """A piece of evidence, and the history up to it."""
        operation = self._operations.of(written)
        if operation is None:
            raise Violation(f"history: nobody said this: {written}")
        before = self._operations.state(history[:-1])
        if written.verdict is ReviewVerdict.LIFT:
            said = self._operations.told(history[:-1])
            if not all(
                may_be_lifted(*said, str(scope), str(written.about)) for scope in written.scopes
            ):
                raise Violation(f"lifted: more than the request: {written}")
        if written.verdict is None:
            self._check_time(written, operation, before)
        if operation.kind in ("manual", "import") and not operation.out:
            self._check_blocked(written, operation, history)
        if written.reply is not None and written.reply.status in KEPT_BACK:
            self._check_kept_back(written, written.reply, range(written.number, written.number + 1))

    def _check_time(self, written: Evidence, operation: Operation, before: Mapping[str, State]) -> None:
        """Rule 2: its own time or, where that cannot be believed, one at which a STOP takes effect."""
        if operation.clock == "own":
            is_right = written.at == operation.time
        else:
            now = moment(self._scheduler.now)
            standing = [each.at for scope in operation.scopes if (each := before.get(scope))]
            is_late = operation.out and all(written.at > at for at in standing)
            is_right = written.at >= operation.time - self._skew and (
                bool(is_late) or written.at <= now + self._skew
            )
            is_right = is_right and (bool(is_late) or not operation.out)
        if not is_right:
            raise Violation(f"time: {operation} is of {written.at}")

    def _check_blocked(
        self, written: Evidence, operation: Operation, history: tuple[Evidence, ...]
    ) -> None:
        """Rule 12: it says so where a carrier or ACS blocks at its time."""
        if operation.target != "sender":
            return
        earlier = [
            item
            for item in history[:-1]
            if (other := self._operations.of(item)) and _time(item, other) <= written.at
        ]
        blocked = is_blocked(operation.sender, self._operations.state(earlier))
        if blocked != ("blocked" in written.flags):
            raise Violation(f"blocked: {operation} has the flags {written.flags}")

    # --- what a process has seen, and acts on ---

    def begins(self, name: str, arguments: tuple[Any, ...]) -> tuple[int, dict[str, int]]:
        """An operation of the store begins: now, and how much there is about whom it asks."""
        people = _asked_about(name, arguments)
        return self._scheduler.now, {one: self.newest(one) for one in people}

    def saw(
        self, name: str, arguments: tuple[Any, ...], value: Any, began: tuple[int, dict[str, int]]
    ) -> None:
        """It has been done."""
        when, counts = began
        for person, first in counts.items():
            last = self.newest(person)
            if name == "update" and value.is_new:
                first = last = value.evidence.number
                self._wrote[self._scheduler.name, person] = last
            self._sights[self._scheduler.name, person] = Sight(first, last, when)
        if name == "settle_reply" and value:
            evidence, reply = arguments
            if reply.status in KEPT_BACK:
                self._check_kept_back(evidence, reply, self._seen(evidence.recipient))

    def written_at(self, item: Evidence) -> int:
        """When it was written."""
        grown = self._grown[item.recipient]
        return next(when for when, number in grown if number >= item.number)

    def _sight(self, person: str) -> Sight:
        nothing = Sight(0, self.newest(person), self._scheduler.now)
        return self._sights.get((self._scheduler.name, person), nothing)

    def _seen(self, person: str) -> range:
        sight = self._sight(person)
        return range(sight.first, sight.last + 1)

    def _states(self, person: str, numbers: Iterable[int]) -> list[dict[str, State]]:
        """The consents after each amount of evidence."""
        history = self.plain.timeline(person)
        return [self._operations.state(history[:number]) for number in numbers]

    def _check_kept_back(self, kept: Evidence, reply: Reply, seen: range) -> None:
        """What keeps an answer back is there."""
        operation = self._operations.of(kept)
        if operation is None:
            return
        states = self._states(kept.recipient, seen)
        history = self.plain.timeline(kept.recipient)[: seen[-1]]
        others = [self._operations.of(item) for item in history if item.id != kept.id]
        scopes = {*operation.scopes, "everything"}
        is_newer = any(
            item is not None and scopes & {*item.scopes} and item.kind != "check" for item in others
        )
        match reply.status:
            case ReplyStatus.SUPERSEDED:
                is_right = is_newer or not all(is_true(operation, kept.at, each) for each in states)
            case ReplyStatus.BLOCKED:
                by_hand = "blocked" in kept.flags
                is_right = by_hand or any(is_blocked(operation.sender, each) for each in states)
            case _:
                is_right = moment(self._scheduler.now) >= self.expiry(kept, operation) - 2 * self._skew
        if not is_right:
            raise Violation(f"kept back: {reply.status} for nothing: {operation}")

    def expiry(self, kept: Evidence, operation: Operation) -> Any:
        """When an answer is too late."""
        at = operation.time if operation.clock == "own" else kept.received_at
        return at + LIFETIME

    def check_sms(self, answered: str, recipient: str, sender: str, reply: Reply) -> None:
        """An attempt at an SMS: it was true, due and in time when the task looked."""
        kept = self.plain.find(recipient, answered)
        operation = self._operations.of(kept) if kept else None
        if kept is None or kept.reply is None or operation is None:
            raise Violation(f"phones: an SMS that answers nothing: {answered}")
        if (sender.lower(), reply.text) != (operation.sender, kept.reply.text):
            raise Violation(f"phones: another SMS than was recorded: {operation}")
        before = self._operations.state(self.plain.timeline(recipient)[: kept.number - 1])
        if QUESTION in str(reply.text) and suppressed(operation.sender, before):
            raise Violation(f"asked again: {operation} was answered by a question, after {before}")
        states = self._states(recipient, self._seen(recipient))
        if all(is_blocked(operation.sender, each) for each in states):
            raise Violation(f"stale: an SMS that is blocked: {operation}")
        if not any(is_true(operation, kept.at, each) for each in states):
            raise Violation(f"stale: {operation} was answered after {states[-1]}")
        if moment(self._sight(recipient).began) >= self.expiry(kept, operation) + self._skew:
            raise Violation(f"too late: {operation} was answered at {self._scheduler.now}")

    def finished(self, process: str, person: str | None) -> None:
        """A task has ended: what it wrote itself, its process has nothing older of in its cache."""
        number = self._wrote.get((self._scheduler.name, person or ""), 0)
        if person is not None and number:
            self._known[process, person] = max(number, self._known.get((process, person), 0))

    def asks(self, process: str, person: str) -> Asked:
        """A check begins in a process."""
        return Asked(self._scheduler.now, self._known.get((process, person), 0))

    def check_answer(self, operation: Operation, asked: Asked, is_suppressed: bool) -> None:
        """Nobody who is out may be texted; who is in may have to wait for the cache, where another
        process has recorded it."""
        person, sender = operation.person, operation.sender
        if not is_suppressed:
            sight = self._sight(person)
            seen = self._states(person, self._seen(person))
            if sight.began < asked.at or all(suppressed(sender, each) for each in seen):
                raise Violation(f"checks: may be texted: {operation}")
            return
        grown = [*self._grown[person], (self._scheduler.now + 1, -1)]
        since = asked.at - CACHED - 1_000
        lately = [
            number
            for (_, number), (until, _) in pairwise(grown)
            if until >= since and number >= asked.known
        ]
        if not any(suppressed(sender, each) for each in self._states(person, lately)):
            raise Violation(f"checks: suppressed for nothing: {operation}")


def _asked_about(name: str, arguments: tuple[Any, ...]) -> list[str]:
    """The recipients that an operation of the store reads."""
    match name:
        case "update":
            return [arguments[0].recipient]
        case "consents" | "snapshot":
            return [arguments[0]]
        case "lookup":
            return list(arguments[0])
    return []


def _time(item: Evidence, operation: Operation) -> Any:
    return operation.time if operation.clock == "own" else item.at

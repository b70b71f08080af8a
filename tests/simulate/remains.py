"""What is left of a history when nothing is left to be done: all that the checks at the end look at."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from functools import cached_property

from optout.domain.enums import EvidenceKind
from optout.domain.model import Evidence
from optout.programs.directory import Directory
from optout.store.protocol import Store
from tests.chaos.expected import State
from tests.simulate import known
from tests.simulate.consumers import Consumers
from tests.simulate.expected import Operations
from tests.simulate.operations import Operation
from tests.simulate.outside import Acs
from tests.simulate.plan import Plan
from tests.simulate.watch import Watch


@dataclass
class Remains:
    """`failed` says of an operation's number what has failed of it: store, request, acs, topic, queue,
    or the process."""

    plan: Plan
    operations: Operations
    store: Store
    directory: Directory
    watch: Watch
    acs: Acs
    consumers: Consumers
    failed: Mapping[int | None, Set[str]]

    @cached_property
    def histories(self) -> dict[str, tuple[Evidence, ...]]:
        """All evidence about everybody who is in the history."""
        people = sorted({each.person for each in self.operations.all})
        return {person: self.store.timeline(person) for person in people}

    @cached_property
    def states(self) -> dict[str, dict[str, State]]:
        """The consents of everybody, by time."""
        return {who: self.operations.state(history) for who, history in self.histories.items()}

    @cached_property
    def everything(self) -> list[Evidence]:
        return [item for history in self.histories.values() for item in history]

    def is_of(self, item: Evidence) -> bool:
        """Whether evidence is about somebody in the history, and not of an import as a whole."""
        return item.recipient in self.histories

    def failures(self, operation: Operation | None) -> Set[str]:
        return self.failed.get(operation.number, frozenset()) if operation else frozenset()

    def was_disturbed(self, item: Evidence) -> bool:
        """Whether anything happened to a message that may leave open what became of its answer: it was
        delivered more than once, or something failed."""
        operation = self.operations.of(item)
        return operation is None or len(operation.deliveries) > 1 or bool(self.failures(operation))

    @cached_property
    def imported(self) -> set[str]:
        """The people in an import."""
        return {item.recipient for item in self.everything if item.kind is EvidenceKind.IMPORT}

    def is_left(self, item: Evidence) -> bool:
        """Whether nobody comes back to an announcement that is pending: a caller without a key has made
        another change of the one that failed. Something newer must have been announced."""
        operation = self.operations.of(item)
        if operation is None or not operation.is_new_each_time:
            return False
        is_told = item.number <= self.consumers.topic.newest(item.recipient)
        return is_told or known.untold(operation, self.failures(operation))

    @cached_property
    def untold(self) -> set[str]:
        """The people of whom a change is not announced, as is known."""
        left = (item for item in self.everything if item.is_announcement_pending)
        return {
            item.recipient
            for item in left
            if (operation := self.operations.of(item))
            and known.untold(operation, self.failures(operation))
        }

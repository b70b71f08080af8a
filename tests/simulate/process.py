"""One process: the app's own parts, on a store, ACS, a topic and a clock that are simulated."""

from collections.abc import Callable
from datetime import datetime
from itertools import count

from optout.azure.queue import PendingQueue
from optout.azure.sms import ReplySender
from optout.azure.topic import Publisher
from optout.decisions.target import Target
from optout.domain.enums import Effect
from optout.domain.link_keys import KEY_BYTES, LinkKey
from optout.operations.changes import Changes
from optout.operations.check import Checks
from optout.operations.handle import EventHandler
from optout.operations.links import Links
from optout.operations.naming import find_target
from optout.operations.pending import Finisher
from optout.operations.recorder import Recorder
from optout.operations.reply_delivery import ReplyDelivery
from optout.operations.reviews import Reviews
from optout.operations.transfer.importing import Importer, ImportPurpose
from optout.programs.directory import Directory
from optout.store.protocol import Store
from tests.simulate.lines import LINES
from tests.simulate.operations import Operation
from tests.simulate.scheduler import Life
from tests.support.in_turn import InTurn

ACTOR = "ann"
# The same in each process, as in the settings; each history must be the same again.
_KEY = LinkKey("k1", bytes(range(KEY_BYTES)))


class Process(Life):
    """The parts put together, as `service.build` does it; its ids count."""

    def __init__(
        self,
        name: str,
        directory: Directory,
        store: Store,
        acs: ReplySender,
        publisher: Publisher,
        queue: PendingQueue,
        clock: Callable[[], datetime],
        timer: Callable[[], float],
    ) -> None:
        super().__init__(name)
        self.directory = directory
        self.store = store
        self._numbers = count()
        self.checks = Checks(self.store, 30, timer)
        self.recorder = Recorder(self.store, clock, self.checks.forget, publisher, queue)
        self.changes = Changes(directory, self.recorder, self._new_id)
        self.links = Links(directory, self.recorder, self._new_id, "https://o.contoso.example", (_KEY,))
        self.reviews = Reviews(directory, self.recorder)
        replies = ReplyDelivery(self.store, acs, clock, self._new_id)
        self.events = EventHandler(directory, self.recorder, replies)
        self.finisher = Finisher(directory, self.recorder, replies)

    def _new_id(self) -> str:
        return f"{self.name}-{next(self._numbers)}"

    def tap(self, operation: Operation) -> Effect | None:
        """Make a person's link, and tap on it."""
        (made,) = self.links.make(self.directory.sender(operation.sender), [operation.person])
        link = self.links.follow(str(made.url).rpartition("/")[2])
        assert link is not None, f"a link that was just made is none: {made}"
        return self.links.tap(link).effect

    def target(self, operation: Operation) -> Target:
        """What a change by hand or an import is about."""
        listed = LINES[operation.sender].list
        return find_target(
            self.directory,
            operation.sender if operation.target == "sender" else None,
            listed if operation.target == "list" else None,
            operation.target == "everything",
            allow_unconfigured=True,
        )

    def importer(self, operation: Operation) -> Importer:
        purpose = ImportPurpose(self.target(operation), ACTOR, str(operation.number))
        return Importer(self.recorder, purpose, InTurn(), self._new_id)

"""Somebody who keeps a copy by the feed, and what there is for them to read."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

from optout.domain.enums import EvidenceKind
from optout.domain.model import Consent, Decision, Inquiry, RecipientState
from optout.operations import feed
from optout.operations.feed import FeedPage
from optout.operations.standing import document
from optout.store.protocol import Store
from tests.support.follower import Document, Follower
from tests.support.records import LIST, OUT, SCOPE, evidence
from tests.support.world import NOON, Clock

PEOPLE = [f"+142555501{number:02}" for number in range(10)]


def say(store: Store, person: str, *, out: bool = True) -> None:
    """One more piece of evidence about somebody, by which a consent changes."""
    name = str(uuid4())

    def decide(state: RecipientState) -> Decision:
        number = state.last_number + 1
        at = NOON + timedelta(minutes=number)
        consent = Consent(out, at, at, EvidenceKind.MESSAGE, "STOP", OUT.blocked_by, name)
        written = evidence(number, person, id=name, at=at)
        return Decision(written, {LIST: consent, SCOPE: consent})

    store.update(Inquiry(person, name), decide)


@dataclass
class Reader(Follower):
    """A follower that reads the feed, and remembers where it is."""

    token: str | None = None
    heard: list[Document] = field(default_factory=list)

    def read(self, store: Store, limit: int = 100) -> FeedPage:
        page = feed.changes(store, limit, self.token)
        assert len(page.items) <= limit
        for item in page.items:
            self.hear(item)
        self.heard += page.items
        self.token = page.next
        return page

    def catch_up(self, store: Store, account_time: Clock, limit: int = 100) -> list[str]:
        """Read all that is there once the reader may see it; whom it was about."""
        account_time.move(seconds=66)
        before = len(self.heard)
        for _ in range(1000):
            if not self.read(store, limit).more:
                return [item["recipient"] for item in self.heard[before:]]
        raise AssertionError("the feed never ends")

    def copy(self) -> "Reader":
        return Reader(dict(self.held), self.token)


def current(store: Store) -> dict[str, Document]:
    """The standing of everybody who has one, asked one by one."""
    generation = store.generation()
    found = (document(store.snapshot(person), generation) for person in PEOPLE)
    return {each["recipient"]: each for each in found if each["lists"] or each["senders"]}

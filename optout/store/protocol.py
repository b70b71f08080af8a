"""What any store must do.

A store keeps, and decides nothing. Every method may raise StoreAway if the storage cannot answer: then
a write may or may not have been done, and may be repeated. If people change while a page is
read, it may show them as they were before or after.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple, Protocol

from optout.domain.enums import Activity
from optout.domain.model import (
    Announcement,
    Consent,
    Consents,
    ConsentSnapshot,
    Decision,
    Evidence,
    Inquiry,
    Quarantined,
    RecipientState,
    Recorded,
    Reply,
    Scope,
    Unfinished,
)
from optout.domain.search import ANYTHING, Search


class HistoryPage(NamedTuple):
    """Some evidence of a recipient, newest first, and the number below which to go on, if any."""

    items: tuple[Evidence, ...]
    below: int | None


class ListPage(NamedTuple):
    """Some recipients who are out of a scope, and the one after whom to go on, if any."""

    items: tuple[tuple[str, Consent], ...]
    after: str | None


class QuarantinePage(NamedTuple):
    """Some quarantined events, oldest first, and where to go on, if there are more."""

    items: tuple[Quarantined, ...]
    after: str | None


class JournalPage(NamedTuple):
    """Some evidence about anybody, and where to go on, if there is more."""

    items: tuple[Evidence, ...]
    after: str | None


class ChangesPage(NamedTuple):
    """Some people whose consents have changed, where to go on, and whether more is there already."""

    items: tuple[ConsentSnapshot, ...]
    next: str
    more: bool


class Count(NamedTuple):
    """How often an activity occurred on a day (UTC) with a sender; None: with no single sender."""

    day: date
    sender: str | None
    activity: Activity
    times: int


class Entry(NamedTuple):
    """What is particular to one piece of evidence of an import."""

    recipient: str
    at: datetime
    id: str


class Store(Protocol):
    """Where everything is kept."""

    def update(self, inquiry: Inquiry, decide: Callable[[RecipientState], Decision]) -> Recorded:
        """Read what the inquiry asks, call `decide` with it and write its decision, atomically: nobody
        writes about the recipient in between. If the evidence exists already, it is returned and
        nothing is decided.

        `decide` may be called more than once, each time with a newer state, and from another thread;
        what it raises is raised, and nothing is written. A store may overlook evidence of the same id
        that is not among the recipient's newest until it writes, and then finds it.
        """

    def insert_first(self, decision: Decision, entries: Sequence[Entry]) -> list[Entry]:
        """Write a decision about nobody in particular for each of many people of whom nothing is known,
        each at most once: with what the entry says in the place of the decision's own recipient, time
        and id, in its consents, too. The entries about people who are known come back, unwritten."""

    def without_evidence(self, recipients: Sequence[str]) -> set[str]:
        """Those about whom there is no evidence."""

    def timeline(self, recipient: str) -> tuple[Evidence, ...]:
        """All evidence about a recipient, oldest first."""

    def find(self, recipient: str, evidence_id: str) -> Evidence | None:
        """One piece of evidence about a recipient, None if it does not exist."""

    def settle_reply(self, evidence: Evidence, reply: Reply) -> bool:
        """Replace a reply by what became of it; False if its status or its resend is no longer the
        evidence's: somebody else settled it, or has begun to send it."""

    def settle_announcement(self, evidence: Evidence, announcement: Announcement) -> None:
        """Replace the pending announcement by the published one."""

    def pending(self) -> tuple[Unfinished, ...] | None:
        """All evidence whose reply or announcement is pending, oldest first; None where that cannot be
        found, so that a queue has to remember it."""

    def snapshot(self, recipient: str) -> ConsentSnapshot:
        """All consents of a recipient and the number of the newest evidence, at one moment."""

    def changes(self, limit: int, after: str | None) -> ChangesPage:
        """Some of those who have a consent, or only those in whom one has changed since `next` of
        another page was given, each as they are now.

        Whoever is changed by a write that returned before a `next` was given was in the pages up to
        it or is after it; some may be in both. There may be less than the limit although there is
        more. Raises Gone for an `after` that was not given by this store.
        """

    def lookup(self, recipients: Sequence[str], scopes: Sequence[Scope]) -> Mapping[str, Consents]:
        """The consents of many recipients in some scopes. One who is out of one of them is in the
        answer, with all their consents in them. One who is out of none may be missing, also where they
        opted in, unless `finds_opt_ins` says so."""

    def finds_opt_ins(self, asked: int) -> bool:
        """Whether a lookup of so many recipients answers with everybody who has a consent, and not only
        with those who are out."""

    def consents(self, recipient: str, scopes: Sequence[Scope]) -> Consents:
        """All consents of one recipient in some scopes, as the newest write left them."""

    def list_out(self, scope: Scope, limit: int, after: str | None) -> ListPage:
        """The recipients who are out of a scope, in the order of their numbers. There may be fewer
        than the limit although there is more to come."""

    def was_ever_out(self, scope: Scope) -> bool:
        """Whether anybody ever opted out of a scope; where people only opted in, it may say either."""

    def list_names(self) -> tuple[str, ...]:
        """The names of the lists that anybody ever opted out of, in order; one of which people only
        opted in may be among them."""

    def history(self, recipient: str, limit: int, below: int | None) -> HistoryPage:
        """The evidence about a recipient, newest first."""

    def journal(self, limit: int, after: str | None, search: Search = ANYTHING) -> JournalPage:
        """The evidence about everybody that is looked for, newest first, without what was imported.
        There may be less than the limit although there is more to come: a page ends, too, where
        much was looked at in vain."""

    def counts(self, since: datetime, until: datetime | None = None) -> tuple[Count, ...]:
        """What happened since then and before `until`, except for OTHER and what was imported, by day
        and sender."""

    def list_reviews(self, limit: int, after: str | None) -> JournalPage:
        """The evidence that is for review and has no verdict, oldest first. There may be less than the
        limit although there is more to come."""

    def find_review(self, evidence_id: str) -> Evidence | None:
        """Evidence that is or was for review, whoever it is about; None if there is none."""

    def all_evidence(self, limit: int, after: tuple[str, int] | None) -> tuple[Evidence, ...]:
        """Evidence about everybody, by recipient and then number, after a recipient's number. There
        may be less than the limit although there is more to come; at the end there is none."""

    def quarantine(self, event: Quarantined) -> None:
        """Keep an event; keeping it again only updates the reason."""

    def list_quarantine(self, limit: int, after: str | None) -> QuarantinePage:
        """The events in quarantine."""

    def find_quarantined(self, event_id: str) -> Quarantined | None:
        """One event in quarantine, None if it does not exist."""

    def release(self, event_id: str) -> None:
        """Take an event out of quarantine after it was understood."""

    def forget_texts(self, before: datetime) -> int:
        """Forget texts of messages without a keyword received before then: all, or the next few
        where that takes long; how many it was."""

    def rules_version(self) -> int:
        """The version of the rules by which the consents were last computed; 1 if nobody has said."""

    def set_rules_version(self, version: int) -> None:
        """Say by which version of the rules all consents are computed now."""

    def generation(self) -> int:
        """Which life of the store this is: one that begins with a backup is a new one, with a higher
        number than any before."""

    def begin_generation(self, number: int) -> None:
        """Say that what is stored was restored, and which life of it begins."""

    def ensure_whole(self) -> None:
        """Raises ConfigurationError while only a part of a backup has been restored."""

    def check(self) -> None:
        """Raises StoreAway unless the storage answers."""

    def check_writable(self) -> None:
        """Raises StoreAway unless the storage takes writes, too; leaves nothing behind."""

    def close(self) -> None:
        """Close connections."""

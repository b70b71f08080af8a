"""Keeping evidence, consents and quarantined events: what any store must do.

A store keeps; it decides nothing. Every method may raise StoreAway when the storage cannot answer.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple, Protocol

from optout.domain.enums import Activity
from optout.domain.model import (
    Announcement,
    Consent,
    Consents,
    Decision,
    Evidence,
    Known,
    Quarantined,
    Reply,
    Scope,
)


class Page(NamedTuple):
    """Some evidence of a recipient, newest first, and the number to go on below, if any."""

    items: tuple[Evidence, ...]
    below: int | None


class Listed(NamedTuple):
    """Some recipients who are out of a scope, and the one to go on after, if any."""

    items: tuple[tuple[str, Consent], ...]
    after: str | None


class Held(NamedTuple):
    """Some quarantined events, oldest first, and where to go on, if there are more."""

    items: tuple[Quarantined, ...]
    after: str | None


class Journal(NamedTuple):
    """Some evidence about anybody, and where to go on, if there is more."""

    items: tuple[Evidence, ...]
    after: str | None


class Count(NamedTuple):
    """How often an activity was on a day (UTC) at a sender; none: at no single one."""

    day: date
    sender: str | None
    activity: Activity
    times: int


class Entry(NamedTuple):
    """What one piece of evidence of an import says of its own."""

    recipient: str
    at: datetime
    id: str


class Store(Protocol):
    """Where everything is kept."""

    def read(
        self,
        recipient: str,
        evidence_id: str | None,
        scopes: Sequence[Scope],
        sender: str | None,
        recent_since: datetime,
    ) -> Known:
        """What a decision needs: the record of the same message if there is one, the consents in
        the scopes, and the newest keyword messages to the sender since then. No timeline.

        A store may overlook a record of the same message that is not among the recipient's newest;
        `record` then raises Conflict, and `find` has it."""

    def timeline(self, recipient: str) -> tuple[Evidence, ...]:
        """All evidence about a recipient, oldest first."""

    def record(self, decision: Decision) -> None:
        """Evidence, its consents and its pending reply, in one transaction; a verdict also takes what
        it is about off the review list.

        Raises Conflict, and writes nothing, if the evidence's number or id is already taken: somebody
        wrote about the recipient since it was read.
        """

    def record_first(self, form: Evidence, entries: Sequence[Entry]) -> list[Entry]:
        """Record evidence about many people, each at most once, of whom there is none yet, with the
        consents that it gives: like the form but for what an entry says, and not announced. The
        entries about people who are known come back, unwritten."""

    def strangers(self, recipients: Sequence[str]) -> set[str]:
        """Those about whom there is no evidence."""

    def find(self, recipient: str, evidence_id: str) -> Evidence | None:
        """One piece of evidence about a recipient, None if it is not there."""

    def settle(self, evidence: Evidence, reply: Reply) -> bool:
        """Put what became of a reply in its place; False if its status or its resend is not the
        evidence's any more: somebody else settled it, or has set out to send it."""

    def unannounced(self, recipient: str) -> tuple[Evidence, ...]:
        """The evidence about a recipient whose announcement is pending, oldest first."""

    def announced(self, evidence: Evidence, announcement: Announcement) -> None:
        """Put a published announcement in the place of the pending one."""

    def lookup(self, recipients: Sequence[str], scopes: Sequence[Scope]) -> Mapping[str, Consents]:
        """The consents of many recipients; one who has none is missing from the answer, and one
        who was never out of any scope may be."""

    def listed(self, scope: Scope, limit: int, after: str | None) -> Listed:
        """The recipients who are out of a scope, in the order of their numbers. There may be fewer
        than the limit although there is more to come."""

    def knows(self, scope: Scope) -> bool:
        """Whether anybody ever opted out of a scope; a store may know who only opted in, too."""

    def history(self, recipient: str, limit: int, below: int | None) -> Page:
        """The evidence about a recipient, newest first."""

    def journal(self, limit: int, after: str | None) -> Journal:
        """The evidence about everybody, newest first, without what was imported."""

    def counts(self, since: datetime) -> tuple[Count, ...]:
        """What happened since then, except for OTHER and what was imported, by day and sender."""

    def to_review(self, limit: int, after: str | None) -> Journal:
        """The evidence that is for review and has no verdict, oldest first. There may be less than the
        limit although there is more to come."""

    def reviewable(self, evidence_id: str) -> Evidence | None:
        """Evidence that is or was for review, whoever it is about; None if there is none."""

    def all_evidence(self, limit: int, after: tuple[str, int] | None) -> tuple[Evidence, ...]:
        """Evidence about everybody, by recipient and then number, after a recipient's number. There
        may be less than the limit although there is more to come; at the end there is none."""

    def quarantine(self, event: Quarantined) -> None:
        """Hold an event; the same event again changes nothing."""

    def held(self, limit: int, after: str | None) -> Held:
        """The events in quarantine."""

    def held_one(self, event_id: str) -> Quarantined | None:
        """One event in quarantine, None if it is not there."""

    def release(self, event_id: str) -> None:
        """Take an event out of quarantine, after it was understood."""

    def forget_texts(self, before: datetime) -> int:
        """Forget texts of messages without a keyword received before then: all, or the next few
        where that takes long; how many it was."""

    def check(self) -> None:
        """Raises StoreAway unless the storage answers."""

    def check_writable(self) -> None:
        """Raises StoreAway unless the storage takes writes, too; leaves nothing behind."""

    def close(self) -> None:
        """Let go of connections."""

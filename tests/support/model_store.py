"""A Store in memory, as simply as it can be said: the reference for what a store may do.

It takes every freedom that the contract leaves (optout/store/protocol.py): what reads a recipient may
see others write meanwhile, decide may be asked again, pages may be short, who is in may be missing.
Which of them it takes is asked of `draw`, what happens meanwhile is said by `meanwhile`; that an
operation fails before or after it was done is up to whoever calls it.
"""

import random
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from optout.domain.enums import Activity, ScopeKind
from optout.domain.errors import Gone
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
from optout.store import codec
from optout.store.protocol import (
    ChangesPage,
    Count,
    Entry,
    HistoryPage,
    JournalPage,
    ListPage,
    QuarantinePage,
)

# Asked for a freedom by its name and in how many ways it can be taken; 0 is not to take it.
Draw = Callable[[str, int], int]


def by_chance(chance: random.Random) -> Draw:
    """Each way as likely as any other."""
    return lambda freedom, ways: chance.randrange(ways)


@dataclass(eq=False)
class Kept:
    """What is kept, in one process and for as long as it lives. Consents never go; `out` remembers who
    was ever out of what, `changed` who changed in what order."""

    people: dict[str, list[Evidence]] = field(default_factory=dict)
    consents: dict[str, dict[Scope, Consent]] = field(default_factory=dict)
    out: set[tuple[Scope, str]] = field(default_factory=set)
    changed: list[str] = field(default_factory=list)
    held: dict[str, Quarantined] = field(default_factory=dict)
    rules: int = 1
    generation: int = 1
    lock: threading.RLock = field(default_factory=threading.RLock)

    def of(self, recipient: str) -> tuple[Evidence, ...]:
        """All evidence about a recipient, oldest first."""
        return tuple(self.people.get(recipient, ()))

    def everything(self) -> list[Evidence]:
        """All evidence about everybody, by recipient and number."""
        return [item for person in sorted(self.people) for item in self.people[person]]


class ModelStore:
    """A Store; safe to share between threads, and with whoever else has what is kept."""

    def __init__(self, kept: Kept, draw: Draw, meanwhile: Callable[[], None] = lambda: None) -> None:
        self._kept = kept
        self._draw = draw
        self._meanwhile = meanwhile
        # A lookup of more people than this leaves out who is in, where it likes.
        self._found_whole = (10**9, 1, 0)[draw("asks an index", 3)]
        self._finds_pending = not draw("does not find what is pending", 2)

    # --- one recipient ---

    def update(self, inquiry: Inquiry, decide: Callable[[RecipientState], Decision]) -> Recorded:
        overlooks = bool(self._draw("overlooks what is old", 2))
        while True:
            state = self._state(inquiry, overlooks)
            if state.evidence is not None:
                return Recorded(state.evidence, state.consents, is_new=False)
            decision = decide(state)
            self._meanwhile()
            overlooks = False  # whoever has tried to write finds what is there
            if self._draw("decides again", 3) != 2 and self._write(decision, state.last_number):
                consents = {**state.consents, **decision.consents}
                return Recorded(decision.evidence, consents, is_new=True)

    def _state(self, inquiry: Inquiry, overlooks: bool) -> RecipientState:
        told = self._kept.of(inquiry.recipient)
        self._meanwhile()  # consents may be newer than the evidence: then the decision is in vain
        found = (item for item in told[-1 if overlooks else 0 :] if item.id == inquiry.evidence_id)
        since = inquiry.recent_since
        recent = [
            item
            for item in reversed(told)
            if since is not None
            and item.is_keyword
            and item.sender == inquiry.sender
            and item.received_at >= since
        ]
        return RecipientState(
            evidence=next(found, None),
            last_number=told[-1].number if told else 0,
            last_received_at=told[-1].received_at if told else None,
            consents=self._all_consents(inquiry.recipient),
            recent=tuple(recent[: inquiry.recent_limit]),
            timeline=partial(self.timeline, inquiry.recipient),
        )

    def _write(self, decision: Decision, last_number: int) -> bool:
        """False, and nothing is written, where somebody wrote about the recipient since it was read,
        or the evidence is there."""
        evidence, kept = decision.evidence, self._kept
        with kept.lock:
            told = kept.of(evidence.recipient)
            if (told[-1].number if told else 0) != last_number:
                return False
            if any(item.id == evidence.id for item in told):
                return False
            kept.people.setdefault(evidence.recipient, []).append(evidence)
            if decision.consents:
                kept.consents.setdefault(evidence.recipient, {}).update(decision.consents)
                kept.changed.append(evidence.recipient)
            kept.out |= {
                (scope, evidence.recipient) for scope, new in decision.consents.items() if new.out
            }
            return True

    def insert_first(self, decision: Decision, entries: Sequence[Entry]) -> list[Entry]:
        known = []
        for entry in entries:
            self._meanwhile()
            if not self._write(_particular(decision, entry), 0):
                known.append(entry)
        return known

    def without_evidence(self, recipients: Sequence[str]) -> set[str]:
        return {one for one in recipients if not self._kept.of(one)}

    def timeline(self, recipient: str) -> tuple[Evidence, ...]:
        self._meanwhile()
        return self._kept.of(recipient)

    def find(self, recipient: str, evidence_id: str) -> Evidence | None:
        return next((item for item in self._kept.of(recipient) if item.id == evidence_id), None)

    def settle_reply(self, evidence: Evidence, reply: Reply) -> bool:
        before = evidence.reply
        with self._kept.lock:
            stored = self.find(evidence.recipient, evidence.id)
            if stored is None or stored.reply is None or before is None:
                return False
            if (stored.reply.status, stored.reply.resend) != (before.status, before.resend):
                return False
            self._amend(replace(stored, reply=reply))
            return True

    def settle_announcement(self, evidence: Evidence, announcement: Announcement) -> None:
        with self._kept.lock:
            stored = self.find(evidence.recipient, evidence.id)
            if stored is not None:
                self._amend(replace(stored, announcement=announcement))

    def _amend(self, amended: Evidence) -> None:
        told = self._kept.people[amended.recipient]
        told[:] = [amended if item.number == amended.number else item for item in told]

    def history(self, recipient: str, limit: int, below: int | None) -> HistoryPage:
        told = [item for item in self._kept.of(recipient) if below is None or item.number < below]
        items = tuple(reversed(told[-limit:]))
        return HistoryPage(items, items[-1].number if told[:-limit] else None)

    # --- consents ---

    def snapshot(self, recipient: str) -> ConsentSnapshot:
        with self._kept.lock:
            told = self._kept.of(recipient)
            number = told[-1].number if told else 0
            return ConsentSnapshot(recipient, number, self._all_consents(recipient))

    def changes(self, limit: int, after: str | None) -> ChangesPage:
        """A place is how many changes there were. Of one who changed twice, the later change counts."""
        if after is not None and not (after.isdecimal() and int(after) <= len(self._kept.changed)):
            raise Gone("it is not of this store")
        start = int(after or 0)
        latest = {one: place for place, one in enumerate(self._kept.changed, start=1) if place > start}
        left = sorted(latest.items(), key=lambda each: each[1])
        page = left[: self._shortened(limit)]
        self._meanwhile()
        items = tuple(self.snapshot(one) for one, _ in page)
        return ChangesPage(items, str(page[-1][1] if page else start), len(page) < len(left))

    def pending(self) -> tuple[Unfinished, ...] | None:
        if not self._finds_pending:
            return None
        left = sorted(filter(_is_pending, self._kept.everything()), key=_place)
        return tuple(Unfinished(item.recipient, item.id) for item in left)

    def consents(self, recipient: str, scopes: Sequence[Scope]) -> Consents:
        return self._consents(recipient, scopes)

    def _consents(self, recipient: str, scopes: Sequence[Scope]) -> dict[Scope, Consent]:
        with self._kept.lock:
            known = self._kept.consents.get(recipient, {})
            return {scope: known[scope] for scope in scopes if scope in known}

    def _all_consents(self, recipient: str) -> dict[Scope, Consent]:
        with self._kept.lock:
            return dict(self._kept.consents.get(recipient, {}))

    def lookup(self, recipients: Sequence[str], scopes: Sequence[Scope]) -> Mapping[str, Consents]:
        finds_all = self.finds_opt_ins(len(recipients))
        found: dict[str, Consents] = {}
        for recipient in recipients:
            self._meanwhile()
            known = self._consents(recipient, scopes)
            is_out = any(one.out for one in known.values())
            if known and (is_out or finds_all or not self._draw("leaves out who is in", 2)):
                found[recipient] = known
        return found

    def finds_opt_ins(self, asked: int) -> bool:
        return asked <= self._found_whole

    def list_out(self, scope: Scope, limit: int, after: str | None) -> ListPage:
        people = [one for which, one in self._kept.out if which == scope and one > (after or "")]
        people.sort()
        page = people[: self._shortened(limit)]
        self._meanwhile()
        now = [(one, self._consents(one, [scope])[scope]) for one in page]
        is_last = len(page) == len(people)
        return ListPage(tuple(each for each in now if each[1].out), None if is_last else page[-1])

    def was_ever_out(self, scope: Scope) -> bool:
        return any(which == scope for which, _ in self._kept.out) or self._may_be_named(scope)

    def _may_be_named(self, scope: Scope) -> bool:
        """Of one that people only opted in to, either may be said."""
        known = any(scope in consents for consents in self._kept.consents.values())
        return known and bool(self._draw("names what nobody was out of", 2))

    def list_names(self) -> tuple[str, ...]:
        known = {scope for consents in self._kept.consents.values() for scope in consents}
        lists = sorted(scope.name for scope in known if scope.kind is ScopeKind.LIST)
        return tuple(name for name in lists if self.was_ever_out(Scope(ScopeKind.LIST, name)))

    # --- everybody's evidence ---

    def journal(self, limit: int, after: str | None, search: Search = ANYTHING) -> JournalPage:
        """Whatever was imported is passed over, so that a page may be short, and even empty."""
        return self._page(
            limit, after, lambda it: it.activity is not None and search.takes(it), newest_first=True
        )

    def counts(self, since: datetime, until: datetime | None = None) -> tuple[Count, ...]:
        counted = Counter(
            (item.received_at.date(), item.sender, item.activity)
            for item in self._kept.everything()
            if item.activity not in (None, Activity.OTHER)
            and item.received_at >= since
            and (until is None or item.received_at < until)
        )
        order = sorted(
            counted.items(), key=lambda each: (each[0][0], each[0][1] or "", str(each[0][2]))
        )
        return tuple(
            Count(day, sender, activity, times) for (day, sender, activity), times in order if activity
        )

    def list_reviews(self, limit: int, after: str | None) -> JournalPage:
        judged = {item.about for item in self._kept.everything()}
        return self._page(limit, after, lambda item: item.is_for_review and item.id not in judged)

    def find_review(self, evidence_id: str) -> Evidence | None:
        found = (item for item in self._kept.everything() if item.id == evidence_id)
        return next((item for item in found if item.is_for_review), None)

    def _page(
        self,
        limit: int,
        after: str | None,
        is_shown: Callable[[Evidence], bool],
        *,
        newest_first: bool = False,
    ) -> JournalPage:
        places = sorted(((_place(item), item) for item in self._kept.everything()), key=_first)
        if newest_first:
            left = [each for each in reversed(places) if after is None or each[0] < after]
        else:
            left = [each for each in places if after is None or each[0] > after]
        page = left[: self._shortened(limit)]
        items = tuple(item for _, item in page if is_shown(item))
        return JournalPage(items, page[-1][0] if len(page) < len(left) else None)

    def all_evidence(self, limit: int, after: tuple[str, int] | None) -> tuple[Evidence, ...]:
        start = after or ("", 0)
        left = [item for item in self._kept.everything() if (item.recipient, item.number) > start]
        return tuple(left[: self._shortened(limit)])

    def _shortened(self, limit: int) -> int:
        """How many rows a page is made of: one at least."""
        return limit - self._draw("gives a short page", limit)

    def forget_texts(self, before: datetime) -> int:
        old = [
            item
            for item in self._kept.everything()
            if item.has_forgettable_text and item.received_at < before
        ]
        some = old[: len(old) - self._draw("forgets only a few", len(old) or 1)]
        with self._kept.lock:
            for item in some:
                self._amend(replace(item, text=None))
        return len(some)

    # --- quarantine, and the store itself ---

    def quarantine(self, event: Quarantined) -> None:
        with self._kept.lock:
            there = self._kept.held.get(event.id)
            self._kept.held[event.id] = replace(there, reason=event.reason) if there else event

    def list_quarantine(self, limit: int, after: str | None) -> QuarantinePage:
        places = sorted(
            (f"{codec.stamp(event.received_at)}|{event.id}", event)
            for event in self._kept.held.values()
        )
        left = [each for each in places if each[0] > (after or "")]
        items = tuple(event for _, event in left[:limit])
        return QuarantinePage(items, left[limit - 1][0] if left[limit:] else None)

    def find_quarantined(self, event_id: str) -> Quarantined | None:
        return self._kept.held.get(event_id)

    def release(self, event_id: str) -> None:
        self._kept.held.pop(event_id, None)

    def rules_version(self) -> int:
        return self._kept.rules

    def set_rules_version(self, version: int) -> None:
        self._kept.rules = version

    def generation(self) -> int:
        return self._kept.generation

    def begin_generation(self, number: int) -> None:
        self._kept.generation = number

    def ensure_whole(self) -> None:
        """Nothing is restored into it."""

    def check(self) -> None:
        """It always answers."""

    def check_writable(self) -> None:
        """It takes every write."""

    def close(self) -> None:
        """Nothing to close."""


def _particular(decision: Decision, entry: Entry) -> Decision:
    """A decision about nobody in particular, about somebody."""
    recipient, at, identifier = entry
    consents = {
        scope: replace(new, since=at, at=at, evidence_id=identifier)
        for scope, new in decision.consents.items()
    }
    evidence = replace(decision.evidence, recipient=recipient, at=at, id=identifier)
    return Decision(evidence, consents)


def _is_pending(item: Evidence) -> bool:
    return item.is_pending


def _place(item: Evidence) -> str:
    """Where evidence stands among all, by the time it was received."""
    return f"{codec.stamp(item.received_at)}|{item.recipient}|{item.number:09}"


def _first(pair: tuple[str, Evidence]) -> str:
    return pair[0]

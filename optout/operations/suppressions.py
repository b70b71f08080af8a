"""What other services and people ask of the list: check, opt out, opt in, list, history.

HTTP and the command line call these. A lookup errs towards suppression: only answers of *suppressed*
are cached, *may send* is always read.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

from cachetools import TTLCache

from optout import log
from optout.azure.topic import Publisher
from optout.decisions import consent, decide
from optout.domain import numbers
from optout.domain.enums import Certainty, Effect, EvidenceKind, Intent, Party, ScopeKind
from optout.domain.errors import BadRequest, NotFound
from optout.domain.ids import evidence_id
from optout.domain.model import EVERYTHING, Consents, Decision, Evidence, Known, Principal, Scope
from optout.domain.times import EARLIEST, aware
from optout.operations.recorder import publish_pending, record
from optout.programs.directory import Directory, Sender
from optout.store.protocol import Listed, Page, Store

CACHE_ENTRIES = 100_000


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether one recipient may be texted; `recipient` is in E.164, or as given where it is no number.

    `scope` is the consent that says no. `error` stands for an entry that is no number, which counts
    as suppressed. `remedy` says what the person must do where we cannot lift the block.
    """

    recipient: object
    suppressed: bool
    since: datetime | None = None
    scope: ScopeKind | None = None
    source: EvidenceKind | None = None
    keyword: str | None = None
    blocked_by: Party | None = None
    error: str | None = None

    @classmethod
    def of(cls, recipient: str, consents: Consents, scopes: Sequence[Scope]) -> "Answer":
        """What a recipient's consents in these scopes say."""
        verdict = consent.verdict(consents, scopes)
        if not verdict.suppressed or verdict.consent is None or verdict.scope is None:
            return cls(recipient, suppressed=False)
        return cls(
            recipient,
            suppressed=True,
            since=verdict.consent.since,
            scope=verdict.scope.kind,
            source=verdict.consent.source,
            keyword=verdict.consent.keyword,
            blocked_by=verdict.consent.blocked_by,
        )


@dataclass(frozen=True, slots=True)
class Target:
    """What a manual change is about: a sender (and its list, as the person's own word would be), a
    list, or everything."""

    sender: Sender | None = None
    list: str | None = None
    everything: bool = False

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """The consents that are changed."""
        if self.sender:
            return consent.sender_scopes(self.sender.id, self.sender.list)[:2]
        return (EVERYTHING,) if self.everything else (Scope(ScopeKind.LIST, self.list or ""),)

    def evidence(self, kind: EvidenceKind, *, out: bool, now: datetime) -> Evidence:
        """The evidence of an opt-out or opt-in that somebody else enters; whom it is about, its id and
        who enters it are still to be said."""
        opted_out = Intent.STOP_ALL if self.everything else Intent.STOP
        return Evidence(
            id="",
            number=0,
            kind=kind,
            recipient="",
            at=now,
            received_at=now,
            sender=self.sender.id if self.sender else None,
            list=self.sender.list if self.sender else self.list,
            scopes=self.scopes,
            intent=opted_out if out else Intent.START,
            certainty=Certainty.CERTAIN,
        )


@dataclass(frozen=True, slots=True)
class Block:
    """An opt-out from one sender that a change leaves in place, and what would lift it."""

    sender: Sender
    blocked_by: Party

    @property
    def remedy(self) -> str:
        if not self.blocked_by.is_external:
            return (
                f"The person opted out of {self.sender.name} itself: opt in with that sender, too, if "
                "that is what they ask."
            )
        words = " or ".join(
            keyword.word
            for keyword in self.sender.rules.keywords.values()
            if keyword.intent is Intent.START and keyword.answered_by is self.blocked_by
        )
        whom = "The carrier" if self.blocked_by is Party.CARRIER else "ACS"
        return (
            f"{whom} blocks messages from {self.sender.name} to this person, and only the person can "
            f"lift that: ask them to text {words or 'START'} to {self.sender.name}."
        )


@dataclass(frozen=True, slots=True)
class Changed:
    """The outcome of a manual change: the answer that now holds, and the blocks that remain."""

    answer: Answer
    effect: Effect
    blocks: tuple[Block, ...] = ()


class Suppressions:
    """The operations on the list; safe to share between threads."""

    def __init__(
        self,
        directory: Directory,
        store: Store,
        clock: Callable[[], datetime],
        cache_seconds: float,
        publisher: Publisher | None = None,
    ) -> None:
        self._publisher = publisher
        self._directory = directory
        self._store = store
        self._clock = clock
        # By recipient, so that a change drops all that is known of one; entries share its age.
        self._suppressed: TTLCache[str, dict[str, Answer]] = TTLCache(
            CACHE_ENTRIES, cache_seconds or 1e-9
        )
        self._lock = threading.Lock()

    def sender(self, raw: str) -> Sender:
        """The sender that somebody names. Raises BadRequest for what is none."""
        try:
            return self._directory.sender(numbers.sender_id(raw))
        except numbers.NotANumber as problem:
            raise BadRequest(f"sender: {problem}") from None

    def check(self, sender: Sender, recipients: Sequence[object]) -> list[Answer]:
        """Who may be texted from a sender, in the order asked."""
        normalised = [_normalised(raw) for raw in recipients]
        cached = self._from_cache(sender, normalised)
        asked = {number for number in normalised if isinstance(number, str) and number not in cached}
        scopes = consent.sender_scopes(sender.id, sender.list)
        found = self._store.lookup(sorted(asked), scopes) if asked else {}
        read = {number: Answer.of(number, found.get(number, {}), scopes) for number in asked}
        self._to_cache(sender, read)
        known = read | cached
        return [known[number] if isinstance(number, str) else number for number in normalised]

    def forget(self, recipient: str) -> None:
        """Drop what the cache holds of a recipient, after a change."""
        with self._lock:
            self._suppressed.pop(recipient, None)

    def target(self, sender: str | None, list_name: str | None, everything: bool) -> Target:
        """What a manual change is about. Raises BadRequest."""
        if (sender is not None) + (list_name is not None) + everything != 1:
            raise BadRequest('name exactly one of "sender", "list" and "everything": true')
        if sender is not None:
            return Target(sender=self.sender(sender))
        if list_name is not None and list_name not in self._directory.lists:
            raise BadRequest(
                f"list: the program file has no list {list_name!r}; "
                f"it has {', '.join(sorted(self._directory.lists)) or 'none'}"
            )
        return Target(list=list_name, everything=everything)

    def change(
        self,
        target: Target,
        recipient: str,
        *,
        out: bool,
        actor: str,
        reason: str,
        at: datetime | None = None,
        principal: Principal | None = None,
    ) -> Changed:
        """Opt a recipient out or in by hand, and record who did it and why.

        `actor` is who the caller says it is, `principal` who the platform verified, if it did. `at` is
        when the person asked, by default now; a time in the past takes its place in the order. A block
        of a carrier's or ACS's is not lifted. Repeating it announces what an earlier call could not.
        Raises BadRequest, and NotAnnounced for a change that is recorded.
        """
        now = aware(self._clock())
        evidence = replace(
            self._manual(target, recipient, out, actor, reason, at or now, now), principal=principal
        )
        senders = self._senders(target)
        own = {Scope(ScopeKind.SENDER, sender.id): sender for sender in senders}
        scopes = tuple(dict.fromkeys((*target.scopes, EVERYTHING, *own)))

        def decision(known: Known) -> Decision:
            new = without_lifting(evidence, target, known.consents)
            return decide.apply(new, known, announce=self._publisher is not None)

        try:
            recorded = record(self._store, evidence, scopes, decision)
        except Exception as problem:
            if out:
                log.stop_not_recorded(evidence.id, problem)
            raise
        self.forget(evidence.recipient)
        log.logger.info(log.evidence_line("manual", recorded.evidence))
        if self._publisher is not None:
            for pending in self._store.unannounced(evidence.recipient):
                publish_pending(self._store, self._publisher, pending, self._clock())
        about = (*target.scopes, EVERYTHING)
        return Changed(
            Answer.of(evidence.recipient, recorded.consents, about),
            recorded.evidence.effect,
            () if out else _blocks(own, recorded.consents),
        )

    def _senders(self, target: Target) -> Sequence[Sender]:
        """The senders that a target reaches, of those that are known."""
        if target.sender:
            return [target.sender]
        if target.everything:
            return list(self._directory.senders.values())
        return self._directory.on_list(target.list or "")

    def _manual(
        self,
        target: Target,
        recipient: str,
        out: bool,
        actor: str,
        reason: str,
        at: datetime,
        now: datetime,
    ) -> Evidence:
        if aware(at) > now:
            raise BadRequest("at: is in the future; leave it out for now")
        if aware(at) < EARLIEST:
            raise BadRequest(f"at: is before {EARLIEST.year}; correct the year")
        number = recipient_number(recipient)
        return replace(
            target.evidence(EvidenceKind.MANUAL, out=out, now=now),
            id=evidence_id(EvidenceKind.MANUAL, str(uuid4()), number),
            recipient=number,
            at=aware(at),
            actor=actor,
            reason=reason,
        )

    def scope(self, sender: str | None, list_name: str | None, everything: bool) -> Scope:
        """What a list is of. Raises BadRequest."""
        if (sender is not None) + (list_name is not None) + everything != 1:
            raise BadRequest("add exactly one of ?list=, ?sender= and ?everything=true")
        if sender is not None:
            return Scope(ScopeKind.SENDER, self.sender(sender).id)
        return EVERYTHING if list_name is None else Scope(ScopeKind.LIST, list_name)

    def listed(self, scope: Scope, limit: int, after: str | None) -> Listed:
        """Who is out of a scope. Raises NotFound for a list that never was."""
        known = scope.kind is not ScopeKind.LIST or scope.name in self._directory.lists
        if not known and not self._store.knows(scope):
            raise NotFound(
                f"there is no list {scope.name!r}; "
                f"the program file has {', '.join(sorted(self._directory.lists)) or 'none'}"
            )
        return self._store.listed(scope, limit, after)

    def history(self, recipient: str, limit: int, below: int | None) -> Page:
        """All evidence about a recipient, newest first. Raises BadRequest."""
        return self._store.history(recipient_number(recipient), limit, below)

    def _from_cache(self, sender: Sender, normalised: Sequence["str | Answer"]) -> dict[str, Answer]:
        with self._lock:
            return {
                number: answers[sender.id]
                for number in normalised
                if isinstance(number, str)
                and (answers := self._suppressed.get(number)) is not None
                and sender.id in answers
            }

    def _to_cache(self, sender: Sender, read: dict[str, Answer]) -> None:
        with self._lock:
            for number, answer in read.items():
                if answer.suppressed:
                    self._suppressed.setdefault(number, {})[sender.id] = answer


def _normalised(raw: object) -> str | Answer:
    """The number, or the answer for an entry that is none."""
    text = str(raw) if isinstance(raw, str | int) else ""
    try:
        number = numbers.normalise(text)
        if "+" not in text and number.startswith("+") and not numbers.country_code(number):
            raise numbers.NotANumber("no country has a number like this; begin with the country code")
        return number
    except numbers.NotANumber as problem:
        return Answer(raw, suppressed=True, error=str(problem))


def recipient_number(raw: str) -> str:
    """The number that somebody names. Raises BadRequest for what is none."""
    try:
        return numbers.normalise(raw)
    except numbers.NotANumber as problem:
        raise BadRequest(f"recipient: {problem}") from None


def _blocks(own: dict[Scope, Sender], consents: Consents) -> tuple[Block, ...]:
    """The senders that this recipient is out of by a consent of their own."""
    return tuple(
        Block(sender, found.blocked_by)
        for scope, sender in own.items()
        if (found := consents.get(scope)) is not None and found.out
    )


def without_lifting(evidence: Evidence, target: Target, consents: Consents) -> Evidence:
    """Rule 12: an opt-in with a sender whose messages a carrier or ACS blocks changes nothing; only the
    person can lift that."""
    if evidence.intent.opts_out or target.sender is None:
        return evidence
    own = consents.get(target.scopes[0])
    if own is None or not own.out or not own.blocked_by.is_external:
        return evidence
    return replace(evidence, scopes=(), flags=(*evidence.flags, "blocked"))

"""Wishes from elsewhere, recorded as evidence: with the same result as one by one, only faster.

Rule 2 keeps the order: what is older than a newer keyword changes nothing. The id of evidence is
derived from what the row says, so that the same row again, after a crash for example, finds itself.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from operator import attrgetter

from optout import log
from optout.decisions import decide
from optout.domain.enums import Effect, EvidenceKind
from optout.domain.ids import evidence_id
from optout.domain.model import EVERYTHING, Decision, Evidence, Known, Principal
from optout.domain.times import aware
from optout.operations.recorder import record
from optout.operations.suppressions import Target, without_lifting
from optout.operations.transfer.wishes import Wish
from optout.store.protocol import Entry, Store

# Requests in flight; over SQLite, writers who share a commit.
WORKERS = 32
RECORDED = "recorded"

# Evidence that differs in nothing but its entry: whether it says out, and its flags.
_Kind = tuple[bool, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Order:
    """What an import is about, and who wants it and why; `principal` is who the platform says it is."""

    target: Target
    actor: str
    reason: str
    principal: Principal | None = None

    def form(self, kind: _Kind, now: datetime) -> Evidence:
        """The evidence of an entry, without what the entry says."""
        out, flags = kind
        return replace(
            self.target.evidence(EvidenceKind.IMPORT, out=out, now=now),
            flags=flags,
            actor=self.actor,
            principal=self.principal,
            reason=self.reason,
        )


class Importer:
    """Takes wishes a batch at a time; with `dry_run` it only foresees what they would do."""

    def __init__(
        self, store: Store, order: Order, clock: Callable[[], datetime], *, dry_run: bool = False
    ) -> None:
        self._store = store
        self._order = order
        self._clock = clock
        self._dry_run = dry_run
        self._about = "\n".join(map(str, order.target.scopes))
        self._scopes = tuple(dict.fromkeys((*order.target.scopes, EVERYTHING)))
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="import")

    def take(self, wishes: Iterable[Wish]) -> Counter[str]:
        """Record a batch: how many wishes had which effect, RECORDED being those that were there.

        Raises StoreAway: what was recorded stays, and the batch can be taken again.
        """
        now = aware(self._clock())
        entries = self._entries(wishes, now)
        if self._dry_run:
            return self._foreseen(entries, now)
        try:
            return self._recorded(entries, now)
        except Exception as problem:
            log.stop_not_recorded(None, problem)
            raise

    def close(self) -> None:
        self._workers.shutdown()

    def _entries(self, wishes: Iterable[Wish], now: datetime) -> list[tuple[_Kind, Entry]]:
        """Each wish once. One of the future is of now, as a message would be."""
        entries: dict[str, tuple[_Kind, Entry]] = {}
        for recipient, at, out, flags in wishes:
            name = f"{self._about}\n{at.isoformat()}\n{out}"
            identifier = evidence_id(EvidenceKind.IMPORT, name, recipient)
            if at > now:
                at, flags = now, (*flags, "future_time")
            entries[identifier] = (out, flags), Entry(recipient, at, identifier)
        return list(entries.values())

    def _recorded(self, entries: Sequence[tuple[_Kind, Entry]], now: datetime) -> Counter[str]:
        counts: Counter[str] = Counter()
        firsts: dict[_Kind, dict[str, Entry]] = {}
        rest: dict[str, list[Evidence]] = {}
        people: set[str] = set()
        for kind, entry in entries:
            if entry.recipient in people:
                rest.setdefault(entry.recipient, []).append(self._evidence(kind, entry, now))
            else:
                people.add(entry.recipient)
                firsts.setdefault(kind, {})[entry.recipient] = entry
        for kind, group in firsts.items():
            # In the order of the rows in the store, which are then written page after page.
            ordered = sorted(group.values(), key=attrgetter("recipient"))
            known = self._store.record_first(self._order.form(kind, now), ordered)
            effect = Effect.OPTED_OUT if kind[0] else Effect.OPTED_IN
            counts.update({effect: len(group) - len(known)})
            for entry in known:
                rest.setdefault(entry.recipient, []).append(self._evidence(kind, entry, now))
        for effects in self._workers.map(self._record_in_turn, rest.values()):
            counts.update(effects)
        return +counts  # without those that are 0

    def _record_in_turn(self, pieces: Sequence[Evidence]) -> list[str]:
        """Several about one person would only get in each other's way."""
        effects = []
        for evidence in pieces:
            recorded = record(self._store, evidence, self._scopes, self._decision(evidence))
            effects.append(str(recorded.evidence.effect) if recorded.is_new else RECORDED)
        return effects

    def _decision(self, evidence: Evidence) -> Callable[[Known], Decision]:
        def decided(known: Known) -> Decision:
            new = without_lifting(evidence, self._order.target, known.consents)
            return decide.apply(new, known, announce=False)

        return decided

    def _foreseen(self, entries: Sequence[tuple[_Kind, Entry]], now: datetime) -> Counter[str]:
        people: dict[str, list[Evidence]] = {}
        for kind, entry in entries:
            people.setdefault(entry.recipient, []).append(self._evidence(kind, entry, now))
        strangers = self._store.strangers(list(people))
        counts: Counter[str] = Counter()
        for pieces in (people.pop(stranger) for stranger in strangers):
            counts.update(self._foresee(pieces, Known()))
        for effects in self._workers.map(self._foresee_known, people.values()):
            counts.update(effects)
        return counts

    def _foresee_known(self, pieces: Sequence[Evidence]) -> list[str]:
        recipient = pieces[0].recipient
        timeline = self._store.timeline(recipient)
        consents = self._store.lookup([recipient], self._scopes).get(recipient, {})
        return self._foresee(pieces, Known(consents=consents, timeline=timeline))

    def _foresee(self, pieces: Sequence[Evidence], known: Known) -> list[str]:
        """The effects of evidence about one person, each after those before it."""
        effects = []
        there = {evidence.id for evidence in known.timeline}
        for evidence in pieces:
            if evidence.id in there:
                effects.append(RECORDED)
                continue
            made = self._decision(evidence)(known)
            effects.append(str(made.evidence.effect))
            known = replace(
                known,
                consents={**known.consents, **made.consents},
                timeline=(*known.timeline, made.evidence),
            )
        return effects

    def _evidence(self, kind: _Kind, entry: Entry, now: datetime) -> Evidence:
        recipient, at, identifier = entry
        return replace(self._order.form(kind, now), recipient=recipient, at=at, id=identifier)

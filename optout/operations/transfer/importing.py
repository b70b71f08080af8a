"""Recording a list from elsewhere as evidence: the result is the same as entry by entry, only faster.

Rule 2 keeps the order: what is older than a newer keyword changes nothing. The id of evidence is
derived from what the row says, so that the same row again, after a crash for example, finds itself.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import chain
from operator import attrgetter
from typing import Self

from optout import log
from optout.decisions.decide import decide, decide_entered, decide_import
from optout.decisions.target import Target
from optout.domain.enums import Effect, EvidenceKind
from optout.domain.ids import evidence_id
from optout.domain.model import NOBODY, Evidence, Principal, RecipientState
from optout.domain.times import aware
from optout.operations.recorder import Recorder
from optout.operations.transfer.rows import ImportedRow
from optout.store.protocol import Entry
from optout.store.sqlite.scratch import Said, Scratch

RECORDED = "recorded"

# Evidence that differs in nothing but its entry: whether it says out, and its flags.
_Kind = tuple[bool, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class ImportPurpose:
    """An import's target, who asked for it and why; `principal` is who the platform says that is."""

    target: Target
    actor: str
    reason: str
    principal: Principal | None = None

    def draft(self, kind: _Kind, now: datetime) -> Evidence:
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
    """Records rows a batch at a time, some of them side by side; with `dry_run` it only foresees what
    they would do, each after those before it, in whichever batch. `new_id` gives an id that nobody else
    has. It is a context: at its end the import is one event of its own."""

    def __init__(
        self,
        recorder: Recorder,
        purpose: ImportPurpose,
        threads: Executor,
        new_id: Callable[[], str],
        *,
        dry_run: bool = False,
    ) -> None:
        self._recorder = recorder
        self._purpose = purpose
        self._threads = threads
        self._new_id = new_id
        self._about = "\n".join(map(str, purpose.target.scopes))
        self._foreseen = Scratch() if dry_run else None
        self._counts: Counter[str] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        """Also where the import was given up: what it has recorded stays."""
        if self._foreseen is not None:
            self._foreseen.close()
        elif self._counts[Effect.OPTED_IN] or (self._counts and self._recorder.publisher):
            self._record_whole()

    def record(self, rows: Iterable[ImportedRow]) -> Counter[str]:
        """Record a batch: how many rows had which effect, RECORDED being those that were there.

        Raises StoreAway: what was recorded stays, and the batch can be recorded again.
        """
        now = aware(self._recorder.clock())
        if self._foreseen is not None:
            return self._foresee(list(rows), now, self._foreseen)
        counts: Counter[str] = Counter()
        try:
            self._record(self._entries(rows, now), now, counts)
        finally:
            self._counts += counts
        return +counts  # without those that are 0

    def _entries(self, rows: Iterable[ImportedRow], now: datetime) -> list[tuple[_Kind, Entry]]:
        """Each row once. A time in the future counts as now, as for a message."""
        entries: dict[str, tuple[_Kind, Entry]] = {}
        for recipient, at, out, flags in rows:
            name = f"{self._about}\n{at.isoformat()}\n{out}"
            identifier = evidence_id(EvidenceKind.IMPORT, name, recipient)
            if at > now:
                at, flags = now, (*flags, "future_time")
            entries[identifier] = (out, flags), Entry(recipient, at, identifier)
        return list(entries.values())

    def _record(
        self, entries: Sequence[tuple[_Kind, Entry]], now: datetime, counts: Counter[str]
    ) -> None:
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
            decision = decide(self._purpose.draft(kind, now), RecipientState())
            known = self._recorder.insert_first(decision, ordered)
            effect = Effect.OPTED_OUT if kind[0] else Effect.OPTED_IN
            counts.update({effect: len(group) - len(known)})
            for entry in known:
                rest.setdefault(entry.recipient, []).insert(0, self._evidence(kind, entry, now))
        for effects in self._threads.map(self._record_in_turn, rest.values()):
            counts.update(effects)

    def _record_in_turn(self, pieces: Sequence[Evidence]) -> list[str]:
        """Record evidence about one person in turn: side by side it would only get in its own way."""
        effects = []
        for evidence in pieces:
            recorded = self._recorder.record_imported(evidence, decide_entered)
            effects.append(str(recorded.evidence.effect) if recorded.is_new else RECORDED)
        return effects

    def _foresee(self, rows: Sequence[ImportedRow], now: datetime, foreseen: Scratch) -> Counter[str]:
        people = self._pieces(rows, now)
        before = self._pieces((ImportedRow(*said) for said in foreseen.about(people)), now)
        foreseen.add(Said(row.recipient, row.at, row.out) for row in rows)
        unknown = self._recorder.store.without_evidence(list(people))
        counts: Counter[str] = Counter()
        for recipient in unknown:
            pieces, earlier = people.pop(recipient), before.get(recipient, [])
            counts.update(_foresee_in_turn(earlier, pieces, (), RecipientState()))
        earlier_of_known = [before.get(recipient, []) for recipient in people]
        effects = self._threads.map(self._foresee_known, earlier_of_known, people.values())
        counts.update(chain.from_iterable(effects))
        return counts

    def _foresee_known(self, earlier: Sequence[Evidence], pieces: Sequence[Evidence]) -> list[str]:
        recipient, store = pieces[0].recipient, self._recorder.store
        timeline = store.timeline(recipient)
        state = RecipientState(consents=store.snapshot(recipient).consents)
        return _foresee_in_turn(earlier, pieces, timeline, state)

    def _pieces(self, rows: Iterable[ImportedRow], now: datetime) -> dict[str, list[Evidence]]:
        """What rows say of each person, in their order."""
        pieces: dict[str, list[Evidence]] = {}
        for kind, entry in self._entries(rows, now):
            pieces.setdefault(entry.recipient, []).append(self._evidence(kind, entry, now))
        return pieces

    def _evidence(self, kind: _Kind, entry: Entry, now: datetime) -> Evidence:
        recipient, at, identifier = entry
        return replace(self._purpose.draft(kind, now), recipient=recipient, at=at, id=identifier)

    def _record_whole(self) -> None:
        """One entry of the journal, which leaves the many out, and one announcement: who hears it reads
        the feed. It is announced also where all was there before: the process that recorded it may
        have been ended.
        Raises StoreAway, and NotFinished where it is recorded and not announced."""
        if self._counts[Effect.OPTED_IN]:
            self._warn_of_opt_ins()
        now = aware(self._recorder.clock())
        whole = replace(
            self._purpose.draft((False, ()), now),
            id=evidence_id(EvidenceKind.IMPORT, self._new_id(), NOBODY),
            recipient=NOBODY,
            scopes=(),
            counts=dict(self._counts),
        )
        recorded = self._recorder.record(whole, decide_import)
        self._recorder.hand_over(self._recorder.announce(recorded.evidence))

    def _warn_of_opt_ins(self) -> None:
        """Whoever may import opt-ins may free everybody: an alert reads this line."""
        target = self._purpose.target
        log.warning(
            "opt_ins_imported",
            sender=target.sender and target.sender.id,
            list=target.sender.list if target.sender else target.list,
            everything=target.everything or None,
            actor=self._purpose.actor,
            counts=dict(self._counts),
        )


def _foresee_in_turn(
    earlier: Sequence[Evidence],
    pieces: Sequence[Evidence],
    timeline: tuple[Evidence, ...],
    state: RecipientState,
) -> list[str]:
    """The effects of evidence about one person, each after those before it; what is earlier counts as
    recorded by then."""
    effects = []
    there = {evidence.id for evidence in timeline}
    for evidence in (*earlier, *pieces):
        if evidence.id in there:
            effects.append(RECORDED)
            continue
        decision = decide_entered(evidence, replace(state, timeline=partial(tuple, timeline)))
        effects.append(str(decision.evidence.effect))
        there.add(evidence.id)
        state = replace(state, consents={**state.consents, **decision.consents})
        timeline = (*timeline, decision.evidence)
    return effects[len(earlier) :]

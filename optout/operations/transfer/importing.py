"""Recording a list from elsewhere as evidence: the result is the same as entry by entry, only faster.

Rule 2 keeps the order: what is older than a newer keyword changes nothing. The id of evidence is
derived from what the row says, so that the same row again, after a crash for example, finds itself.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from operator import attrgetter

from optout.decisions.decide import decide, decide_entered
from optout.decisions.target import Target
from optout.domain.enums import Effect, EvidenceKind
from optout.domain.ids import evidence_id
from optout.domain.model import EVERYTHING, Evidence, Principal, RecipientState
from optout.domain.times import aware
from optout.operations.recorder import Recorder
from optout.operations.transfer.rows import ImportedRow
from optout.store.protocol import Entry

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
    they would do."""

    def __init__(
        self, recorder: Recorder, purpose: ImportPurpose, threads: Executor, *, dry_run: bool = False
    ) -> None:
        self._recorder = recorder
        self._purpose = purpose
        self._threads = threads
        self._dry_run = dry_run
        self._about = "\n".join(map(str, purpose.target.scopes))
        self._scopes = tuple(dict.fromkeys((*purpose.target.scopes, EVERYTHING)))

    def record(self, rows: Iterable[ImportedRow]) -> Counter[str]:
        """Record a batch: how many rows had which effect, RECORDED being those that were there.

        Raises StoreAway: what was recorded stays, and the batch can be recorded again.
        """
        now = aware(self._recorder.clock())
        entries = self._entries(rows, now)
        return self._foresee(entries, now) if self._dry_run else self._record(entries, now)

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

    def _record(self, entries: Sequence[tuple[_Kind, Entry]], now: datetime) -> Counter[str]:
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
            decision = decide(self._purpose.draft(kind, now), RecipientState())
            known = self._recorder.insert_first(decision, ordered)
            effect = Effect.OPTED_OUT if kind[0] else Effect.OPTED_IN
            counts.update({effect: len(group) - len(known)})
            for entry in known:
                rest.setdefault(entry.recipient, []).append(self._evidence(kind, entry, now))
        for effects in self._threads.map(self._record_in_turn, rest.values()):
            counts.update(effects)
        return +counts  # without zeros

    def _record_in_turn(self, pieces: Sequence[Evidence]) -> list[str]:
        """Record evidence about one person in turn: side by side it would only get in its own way."""
        effects = []
        for evidence in pieces:
            recorded = self._recorder.record_imported(evidence, self._scopes, decide_entered)
            effects.append(str(recorded.evidence.effect) if recorded.is_new else RECORDED)
        return effects

    def _foresee(self, entries: Sequence[tuple[_Kind, Entry]], now: datetime) -> Counter[str]:
        people: dict[str, list[Evidence]] = {}
        for kind, entry in entries:
            people.setdefault(entry.recipient, []).append(self._evidence(kind, entry, now))
        unknown = self._recorder.store.without_evidence(list(people))
        counts: Counter[str] = Counter()
        for pieces in (people.pop(recipient) for recipient in unknown):
            counts.update(_foresee_in_turn(pieces, (), RecipientState()))
        for effects in self._threads.map(self._foresee_known, people.values()):
            counts.update(effects)
        return counts

    def _foresee_known(self, pieces: Sequence[Evidence]) -> list[str]:
        recipient, store = pieces[0].recipient, self._recorder.store
        timeline = store.timeline(recipient)
        state = RecipientState(consents=store.consents(recipient, self._scopes))
        return _foresee_in_turn(pieces, timeline, state)

    def _evidence(self, kind: _Kind, entry: Entry, now: datetime) -> Evidence:
        recipient, at, identifier = entry
        return replace(self._purpose.draft(kind, now), recipient=recipient, at=at, id=identifier)


def _foresee_in_turn(
    pieces: Sequence[Evidence], timeline: tuple[Evidence, ...], state: RecipientState
) -> list[str]:
    """The effects of evidence about one person, each after those before it."""
    effects = []
    there = {evidence.id for evidence in timeline}
    for evidence in pieces:
        if evidence.id in there:
            effects.append(RECORDED)
            continue
        decision = decide_entered(evidence, replace(state, timeline=partial(tuple, timeline)))
        effects.append(str(decision.evidence.effect))
        state = replace(state, consents={**state.consents, **decision.consents})
        timeline = (*timeline, decision.evidence)
    return effects

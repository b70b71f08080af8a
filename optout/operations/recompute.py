"""The consents by the rules of today, where an earlier version's made something else of the evidence.

docs/rules.md says which rules changed. Evidence of what was changed is written about each person, and
running it again changes nothing.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from optout import log
from optout.decisions.decide import NothingNew, decide_anew
from optout.domain.enums import EvidenceKind
from optout.domain.errors import NotFinished
from optout.domain.ids import evidence_id
from optout.domain.model import Evidence
from optout.operations.evidence_pages import all_evidence
from optout.operations.recorder import Recorder
from optout.store.protocol import Store

# Counts up when a change of the rules may make other consents of what is stored.
RULES_VERSION = 2


def is_due(store: Store) -> bool:
    """Whether consents may still be as earlier rules gave them. A store without evidence is noted as
    one of today's rules. Raises StoreAway."""
    if store.rules_version() >= RULES_VERSION:
        return False
    if store.all_evidence(1, None):
        return True
    store.set_rules_version(RULES_VERSION)
    return False


def recompute_all(recorder: Recorder) -> Iterator[Evidence]:
    """Compute everybody's consents anew; the evidence of each change as it is made.

    Each is announced, or handed over to the queue; without one it is in the feed all the same. Raises
    StoreAway: run it again.
    """
    for recipient, found in groupby(all_evidence(recorder.store), attrgetter("recipient")):
        for corrected in _recompute(recorder, recipient, list(found)):
            _announce(recorder, corrected)
            log.info("recomputed", corrected)
            yield corrected
    recorder.store.set_rules_version(RULES_VERSION)


def _recompute(recorder: Recorder, recipient: str, known: Sequence[Evidence]) -> Iterator[Evidence]:
    """Correct one person's consents, in as many steps as it takes."""
    last_number = known[-1].number
    with suppress(NothingNew):
        while True:
            # Whoever wrote by other rules meanwhile is corrected by the next run.
            evidence = _evidence(recipient, last_number, recorder.clock())
            corrected = recorder.record(evidence, decide_anew).evidence
            last_number = corrected.number
            yield corrected


def _announce(recorder: Recorder, corrected: Evidence) -> None:
    try:
        recorder.hand_over(recorder.announce(corrected))
    except NotFinished as problem:
        log.error("not_finished", corrected, problem=str(problem))


def _evidence(recipient: str, last_number: int, now: datetime) -> Evidence:
    return Evidence(
        id=evidence_id(EvidenceKind.RULES, f"{RULES_VERSION}\n{last_number}", recipient),
        number=0,
        kind=EvidenceKind.RULES,
        recipient=recipient,
        at=now,
        received_at=now,
        rule=f"rules:{RULES_VERSION}",
    )

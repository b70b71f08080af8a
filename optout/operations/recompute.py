"""The consents by the rules of today, where an earlier version's made something else of the evidence.

docs/rules.md says which rules changed. Evidence of what was changed is written about each person, and
running it again changes nothing.
"""

from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, groupby
from operator import attrgetter

from optout import log
from optout.decisions.decide import NothingNew, decide_anew
from optout.domain.enums import EvidenceKind
from optout.domain.ids import evidence_id
from optout.domain.model import Evidence
from optout.operations.evidence_pages import all_evidence
from optout.operations.recorder import Recorder

# Counts up when a change of the rules may make other consents of what is stored.
RULES_VERSION = 2


def recompute_all(recorder: Recorder) -> Iterator[Evidence]:
    """Compute everybody's consents anew; the evidence of each change as it is made.

    Raises StoreAway and NotAnnounced: run it again.
    """
    for recipient, pieces in groupby(all_evidence(recorder.store), attrgetter("recipient")):
        scopes = tuple(dict.fromkeys(chain.from_iterable(item.scopes for item in pieces)))
        now = recorder.clock()
        evidence = Evidence(
            id=evidence_id(EvidenceKind.RULES, f"{RULES_VERSION}", recipient),
            number=0,
            kind=EvidenceKind.RULES,
            recipient=recipient,
            at=now,
            received_at=now,
            rule=f"rules:{RULES_VERSION}",
        )
        with suppress(NothingNew):
            recorded = recorder.record(evidence, scopes, decide_anew)
            # What an earlier run could not announce is announced now.
            corrected = recorder.announce(recorded.evidence)
            if recorded.is_new:
                log.info("recomputed", corrected)
                yield corrected

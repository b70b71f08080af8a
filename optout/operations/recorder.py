"""Writing one piece of evidence: read, decide, write on condition that nothing changed meanwhile;
and announcing what it changed."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from optout.azure.topic import Publisher
from optout.decisions import decide, replies
from optout.domain.errors import Conflict, StoreAway
from optout.domain.model import Consents, Decision, Evidence, Known, Scope
from optout.store.protocol import Store

# Each conflict means that somebody else got on. Waiting a little longer each time lets all of them
# through; after about five seconds of it the caller comes back later.
ATTEMPTS = 40
SHORTEST_PAUSE, LONGEST_PAUSE = 0.002, 0.25


@dataclass(frozen=True, slots=True)
class Recorded:
    """The evidence as it stands in the store, the consents in the scopes that were asked about, and
    whether it was written now or found there."""

    evidence: Evidence
    consents: Consents
    is_new: bool


def record(
    store: Store,
    evidence: Evidence,
    scopes: Sequence[Scope],
    decision: Callable[[Known], Decision],
) -> Recorded:
    """Record evidence once, however often and from wherever it comes. Raises StoreAway."""
    since = evidence.received_at - replies.RECENT_WINDOW
    for attempt in range(ATTEMPTS):
        # A conflict may be with an old record of the same message, which reading may overlook. It is
        # looked for first: consents that are read after it are never older than it.
        overlooked = store.find(evidence.recipient, evidence.id) if attempt else None
        known = store.read(evidence.recipient, evidence.id, scopes, evidence.sender, since)
        if found := known.evidence or overlooked:
            return Recorded(found, known.consents, is_new=False)
        if decide.is_late(evidence, known):
            known = replace(known, timeline=store.timeline(evidence.recipient))
        made = decision(known)
        try:
            store.record(made)
        except Conflict:
            # Writers that met once would meet again and again if they all came back at once.
            time.sleep(random.uniform(0, min(LONGEST_PAUSE, SHORTEST_PAUSE * 2**attempt)))
            continue
        return Recorded(made.evidence, {**known.consents, **made.consents}, is_new=True)
    raise StoreAway("too many changes of one recipient at the same time")


def publish_pending(
    store: Store, publisher: Publisher | None, evidence: Evidence, now: datetime
) -> Evidence:
    """Publish the changes of evidence that are not announced yet. Raises NotAnnounced."""
    announcement = evidence.announcement
    if publisher is None or announcement is None or announcement.published_at is not None:
        return evidence
    publisher.publish(evidence)
    announcement = replace(announcement, published_at=now)
    store.announced(evidence, announcement)
    return replace(evidence, announcement=announcement)

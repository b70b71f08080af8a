"""What a campaign left behind, read from where it is, and in figures."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from optout.domain.enums import ScopeKind
from optout.domain.errors import StoreAway
from optout.domain.model import EVERYTHING, Consents, Scope
from optout.store.protocol import Store
from tests.chaos.expected import LINES
from tests.chaos.grid import EventGrid
from tests.chaos.plan import Plan
from tests.chaos.queue_host import QueueHost
from tests.chaos.remains import Remains
from tests.chaos.shared import Log
from tests.support.acs import LoopbackAcs
from tests.support.places import Place
from tests.support.topic import LoopbackTopic

Found = TypeVar("Found")

SCOPES = (
    *(Scope(ScopeKind.SENDER, sender) for sender in LINES),
    *dict.fromkeys(Scope(ScopeKind.LIST, line.list) for line in LINES.values()),
    EVERYTHING,
)


def remains(place: Place, planned: Plan, acs: LoopbackAcs, topic: LoopbackTopic, log: Log) -> Remains:
    """What a campaign left behind."""
    store = place.open()

    def consents(person: str) -> Consents:
        return store.lookup([person], SCOPES).get(person, {})

    people = list(dict.fromkeys(message.person for message in planned.messages))
    found = Remains(
        plan=planned,
        histories={person: patiently(partial(store.timeline, person)) for person in people},
        consents={person: patiently(partial(consents, person)) for person in people},
        quarantined=patiently(lambda: list(_quarantined(store))),
        sms=list(acs.messages),
        rejected=list(acs.rejected),
        announced=list(topic.events),
        log=list(log.read()),
        is_in_tables=bool(place.connection_string),
    )
    store.close()
    return found


def statuses(remains: Remains) -> Counter[str]:
    """What became of the replies to keywords."""
    return Counter(
        str(evidence.reply.status)
        for evidence, message in remains.by_id.values()
        if evidence.reply is not None and message.is_keyword
    )


def figures(
    remains: Remains, grid: EventGrid, restarts: int, host: QueueHost | None
) -> dict[str, float]:
    """What happened, in numbers."""
    planned = remains.plan
    calls = Counter(str(line["status"]) for line in remains.lines("answer to act"))
    verdicts = Counter(f"{line['verdict']}, {line['status']}" for line in remains.lines("verdict"))
    found = {
        "messages": len(planned.messages),
        "people": len(remains.of_person),
        "events delivered": sum(len(post.events) for post in planned.posts),
        "malformed events": len(planned.malformed),
        "events of other types": planned.ignored,
        "POSTs": grid.posted,
        "POSTs that failed and came again": grid.failed,
        "processes started again": restarts,
        "changes by hand": sum(not act.is_import for act in planned.acts),
        "imports": sum(act.is_import for act in planned.acts),
        "calls for changes and imports": calls.total(),
        **{f"calls for a verdict: {what}": number for what, number in sorted(verdicts.items())},
        "records": sum(map(len, remains.histories.values())),
        "attempts to send": len(remains.attempts),
        "SMS received": len(remains.sms),
        "announcements that the topic took": len(remains.announced),
        "of imports": sum(each["type"] == "optout.imported" for each in remains.announced),
        "seconds from the decision to the last answer, at most": round(remains.slowest, 1),
    }
    if host is not None:
        found["messages of the queue that were finished"] = host.finished
        found["messages of the queue that failed and came again"] = host.failed
    return found


def patiently(read: Callable[[], Found]) -> Found:
    """What a store holds; an emulator that has grown large answers late, and some requests too late."""
    for _ in range(20):
        try:
            return read()
        except StoreAway:
            time.sleep(0.5)
    return read()


def _quarantined(store: Store) -> Iterator[str]:
    """The ids of the events in quarantine."""
    after = None
    while True:
        page = store.list_quarantine(100, after)
        yield from (str(json.loads(event.body)["id"]) for event in page.items)
        if page.after is None:
            return
        after = page.after

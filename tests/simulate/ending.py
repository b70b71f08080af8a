"""What must hold at the end, when nothing is left to be done: nothing is lost, and nothing is pending.
Every finding is a sentence that begins with the name of its check."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import chain, pairwise

from optout.domain.model import Evidence, Reply
from tests.simulate.expected import is_blocked, is_true
from tests.simulate.operations import Operation, moment
from tests.simulate.readings import readings
from tests.simulate.remains import Remains

HOUR = timedelta(hours=1)
REPEAT_WINDOW = timedelta(minutes=5)
REPLIES_AN_HOUR = 6
WITH_SMS = {"sent", "unknown", "failed"}
WITHOUT_SMS = {
    "superseded", "expired", "guarded", "blocked", "failed", "unknown", "none", "by_carrier",
    "by_platform",
}  # fmt: skip
# Within its five minutes, an answer is tried again at least so many milliseconds before their end.
IN_TIME = 240_000


def findings(remains: Remains) -> Iterator[str]:
    """Everything that is not as it must be."""
    return chain(nothing_lost(remains), order(remains), replies(remains), readings(remains))


def nothing_lost(remains: Remains) -> Iterator[str]:
    """Each operation has left what it must leave, once."""
    operations = remains.operations
    found = Counter(each.number for item in remains.everything if (each := operations.of(item)))
    for each in operations.all:
        is_once = each.is_recorded or (each.kind == "manual" and each.key)
        if is_once and found[each.number] != 1:
            yield f"history: {each} is there {found[each.number]} times"
        same = [other for other in operations.all if says_the_same(each, other)]
        is_entered = each.kind in ("manual", "import")
        if is_entered and not any(found[other.number] for other in same):
            yield f"history: {each} is lost"
        if each.kind == "link" and operations.first_tap(each.person, each.sender) is each:
            taps = [other for other in operations.all if is_same_link(each, other)]
            if found[each.number] < sum(len(other.deliveries) for other in taps):
                yield f"history: a tap like {each} is lost"
    held = len(remains.store.list_quarantine(1_000, None).items)
    expected = sum(each.is_quarantined for each in operations.all)
    if held != expected:
        yield f"quarantine: {held} events instead of {expected}"


def says_the_same(one: Operation, other: Operation) -> bool:
    """Of two equal rows of an import, one is recorded."""
    if one is other:
        return True
    said = [(each.kind, each.person, each.scopes, each.at, each.out) for each in (one, other)]
    return one.kind == "import" and said[0] == said[1]


def is_same_link(one: Operation, other: Operation) -> bool:
    """Whether two taps are on the same link."""
    said = [(each.kind, each.person, each.sender) for each in (one, other)]
    return said[0] == said[1]


def order(remains: Remains) -> Iterator[str]:
    """The consents are what sorting by time gives, and the history is in the order of writing."""
    for person, history in remains.histories.items():
        remains.watch.check_consents(person, history)
        if [item.number for item in history] != list(range(1, len(history) + 1)):
            yield f"history: the numbers of {person} have a gap"
        if any(later.received_at <= earlier.received_at for earlier, later in pairwise(history)):
            yield f"history: the evidence of {person} is not in order"


def replies(remains: Remains) -> Iterator[str]:
    """Nothing is pending for ever, every status agrees with the phone, and there is a reason for what
    was not sent."""
    for item in remains.everything:
        if item.is_announcement_pending and not remains.is_left(item):
            yield f"announcements: never made: {item}"
        if item.reply is not None:
            yield from _reply(remains, item, item.reply)


def _reply(remains: Remains, item: Evidence, reply: Reply) -> Iterator[str]:
    history = remains.histories[item.recipient]
    status, sent = str(reply.status), remains.acs.sms[item.id] > 0
    about = f"{remains.operations.of(item)} is {status}"
    if status not in (WITH_SMS if sent else WITHOUT_SMS):
        yield f"statuses: {about}, and {'an' if sent else 'no'} SMS was sent"
    failed = reply.delivery is not None and not reply.delivery.delivered
    if failed and status != "failed":
        yield f"statuses: {about}, and was not delivered"
    if status == "unknown" and not remains.was_disturbed(item):
        yield f"statuses: {about}, and nothing was unclear"
    if status in ("expired", "unknown") and not sent and _acs_was_back(remains, item):
        yield f"statuses: {about}, and ACS was there in time"
    if status == "guarded" and not _recent(item, history):
        yield f"statuses: {about} for nothing"
    if sent and not failed:
        yield from _loops(remains, item, history)


def _acs_was_back(remains: Remains, item: Evidence) -> bool:
    """Whether nothing else went wrong than that ACS was away, it was back in time, and what the answer
    says was true all the time."""
    operation, plan = remains.operations.of(item), remains.plan
    if operation is None or plan.roughness != "calm" or operation.clock != "own":
        return False
    last = operation.at + IN_TIME
    is_away = any(each.what == "acs" and each.begins <= last < each.ends for each in plan.away)
    if is_away or moment(last) <= item.received_at:
        return False
    history = remains.histories[item.recipient]
    later = (remains.operations.state(history[:n]) for n in range(item.number, len(history) + 1))
    return all(
        is_true(operation, item.at, states) and not is_blocked(operation.sender, states)
        for states in later
    )


def _loops(remains: Remains, item: Evidence, history: tuple[Evidence, ...]) -> Iterator[str]:
    """Rule 6: no more than six answers an hour, and not the same again for nothing."""
    hour = [
        other
        for other in history
        if other.sender == item.sender
        and other.reply is not None
        and remains.acs.sms[other.id]
        and str(other.reply.status) != "failed"
        and timedelta() <= item.received_at - other.received_at < HOUR
    ]
    operation = remains.operations.of(item)
    if len(hour) > REPLIES_AN_HOUR:
        yield f"too many: seven SMS within an hour, the last to {operation}"
    for other in hour:
        is_same = other.id != item.id and other.intent == item.intent
        if is_same and item.received_at - other.received_at < REPEAT_WINDOW:
            between = history[other.number : item.number]
            if not any(each.effect.is_change for each in between):
                yield f"too many: the same again is answered: {operation}"


def _recent(item: Evidence, history: tuple[Evidence, ...]) -> list[Evidence]:
    """The messages to the same sender within the hour before."""
    return [
        other
        for other in history[: item.number - 1]
        if other.sender == item.sender and item.received_at - other.received_at <= HOUR
    ]

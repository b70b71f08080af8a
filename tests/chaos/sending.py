"""Was an SMS true and in time when it was sent?

When is one stale, where processes race? Each attempt to send was made on one sight of the store. A
first attempt follows the transaction that recorded the message: it saw the evidence up to that and
nothing else, and the window between that commit and the attempt is the design's. A later attempt saw
at least what was committed before its reading began, and at most what had begun to be written when it
was made. It is stale if its answer was untrue after each number of evidence that it can have seen. So
every attempt is judged, whether ACS took it or not, and nothing has to be tolerated. It is too late if
the answer had expired when its reading began.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta

from optout.domain.model import Evidence
from tests.chaos.expected import Message, by_time, is_stale
from tests.chaos.remains import Attempt, Remains
from tests.chaos.shared import BEGIN

LIFETIME_SECONDS = 300
HOUR = timedelta(hours=1)
REPLIES_AN_HOUR = 6


def stale(remains: Remains) -> Iterator[str]:
    """No attempt was made to send what was untrue, or would have been blocked."""
    for attempt in remains.attempts:
        evidence, message = remains.by_id[attempt.evidence]
        history = remains.histories[message.person]
        first, last = _sight(remains, attempt, evidence, history)
        seen = range(first, last + 1)
        if all(is_stale(message, by_time(remains.said_in(history[:number]))) for number in seen):
            yield f"stale: {message}, sent after number {first} to {last} of {len(history)}"


def too_late(remains: Remains) -> Iterator[str]:
    """No attempt was made on a sight of the store that was had after the answer expired."""
    for attempt in remains.attempts:
        _, message = remains.by_id[attempt.evidence]
        if attempt.read_at_clock >= expiry(remains, attempt.evidence, message):
            yield f"too late: {message} was answered at {attempt.clock:.1f} s"


def too_many(remains: Remains) -> Iterator[str]:
    """No more than six automatic answers an hour to a person from one number."""
    answered = defaultdict(list)
    for history in remains.histories.values():
        for each in history:
            if remains.phones[each.id]:
                answered[each.recipient, each.sender].append(each.received_at)
    for pair, times in answered.items():
        for first, later in zip(times, times[REPLIES_AN_HOUR:], strict=False):
            if later - first <= HOUR:
                yield f"too many: seven SMS within an hour for {pair}"


def expiry(remains: Remains, evidence_id: str, message: Message) -> float:
    """In seconds of the campaign: five minutes after the message or, if earlier, the first attempt,
    which is no earlier than the decision to make it."""
    attempts = [each.clock for each in remains.attempts_of.get(evidence_id, ())]
    return LIFETIME_SECONDS + min(((message.at - BEGIN).total_seconds(), *attempts))


def _sight(
    remains: Remains, attempt: Attempt, evidence: Evidence, history: Sequence[Evidence]
) -> tuple[int, int]:
    """The least and the most evidence that an attempt can have seen."""
    if attempt.is_first:
        return evidence.number, evidence.number
    never, unknown = float("inf"), float("-inf")
    least = [each.number for each in history if remains.committed.get(each.id, never) < attempt.read_at]
    most = [each.number for each in history if remains.began.get(each.id, unknown) < attempt.real]
    first = max((evidence.number, *least))
    return first, max((first, *most))

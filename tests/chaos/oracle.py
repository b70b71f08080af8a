"""Holds what a campaign left behind against what sorting by time gives. Every finding is a violation, a
sentence that begins with the name of its check."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from optout.domain.model import Evidence, Reply
from optout.operations.reply_delivery import REPLY_TAG
from tests.chaos import sending
from tests.chaos.entered import changes, verdicts
from tests.chaos.expected import EVERYTHING, LINES, Message, State
from tests.chaos.remains import Remains
from tests.chaos.shared import BEGIN

HOUR = timedelta(hours=1)
LONG_AGO = datetime(2010, 1, 1, tzinfo=UTC)
WITH_SMS = {"sent", "unknown"}
WITHOUT_SMS = {"superseded", "expired", "guarded", "blocked", "failed", "unknown"}


def violations(remains: Remains) -> list[str]:
    """Everything that is not as it must be."""
    checks = (
        consents, history, changes, verdicts, quarantine, phones, statuses, announcements, refusals,
        odd, sending.stale, sending.too_late, sending.too_many,
    )  # fmt: skip
    return [violation for check in checks for violation in check(remains)]


def consents(remains: Remains) -> Iterator[str]:
    """The consents are what sorting by time gives: state, since, at, and who else blocks."""
    for person, expected in remains.states.items():
        found = {
            str(scope): State(one.out, one.since, one.at, one.blocked_by.is_external)
            for scope, one in remains.consents[person].items()
            # What only stands for something that was taken back says nothing.
            if one.out or one.at > LONG_AGO
        }
        for scope in sorted(found.keys() | expected.keys()):
            is_now, should_be = found.get(scope), expected.get(scope)
            if is_now != should_be:
                yield f"consents: {person} {scope} is {is_now}, by time {should_be}"


def history(remains: Remains) -> Iterator[str]:
    """Every message once and as it was sent, numbered without a gap, in the order of writing; and
    nothing that nobody said."""
    for person, items in remains.histories.items():
        recorded = Counter(str(each.message_id) for each in items if each.message_id is not None)
        expected = Counter(message.id for message in remains.of_person[person])
        for message_id in (recorded - expected) + (expected - recorded):
            yield f"history: {message_id} of {person} is there {recorded[message_id]} times"
        if [evidence.number for evidence in items] != list(range(1, len(items) + 1)):
            yield f"history: the numbers of {person} have a gap"
        if any(later.received_at <= earlier.received_at for earlier, later in pairwise(items)):
            yield f"history: the evidence of {person} is not in order"
        for each in items:
            if each.id not in remains.by_id and each.id not in remains.said:
                yield f"history: nobody said {each}"
    for evidence, message in remains.by_id.values():
        text = None if message.is_report else message.text
        if (evidence.at, evidence.sender, evidence.text) != (message.at, message.sender, text):
            yield f"history: {message} is not as it was sent: {evidence}"


def announcements(remains: Remains) -> Iterator[str]:
    """Nothing is left to be announced, and what has the same id is the same document."""
    for items in remains.histories.values():
        for each in items:
            if each.announcement is not None and each.announcement.is_pending:
                yield f"announcements: one is still pending: {each}"
    documents: dict[str, object] = {}
    for event in remains.announced:
        standing = {name: value for name, value in event["data"].items() if name != "cause"}
        if documents.setdefault(event["id"], standing) != standing:
            yield f"announcements: {event['id']} is two: {documents[event['id']]} and {standing}"


def odd(remains: Remains) -> Iterator[str]:
    """No operation answered anything but what it should, or that it is not the time."""
    for line in remains.lines("odd answer"):
        yield f"odd: {line['operation']} answered {line['status']}"


def quarantine(remains: Remains) -> Iterator[str]:
    """The malformed events, each once, and nothing else."""
    held, expected = Counter(remains.quarantined), Counter(remains.plan.malformed)
    for event in (held - expected) + (expected - held):
        yield f"quarantine: {event} is there {held[event]} times"


def phones(remains: Remains) -> Iterator[str]:
    """At most one SMS for each message, to the right person, with the text that was recorded."""
    for sms in remains.sms:
        evidence, message = remains.by_id.get(str(sms.tag).removeprefix(REPLY_TAG), (None, None))
        if evidence is None or message is None or evidence.reply is None:
            yield f"phones: an SMS that answers no message: {sms}"
            continue
        expected = (message.person, message.sender, evidence.reply.text)
        if (sms.recipient, sms.sender.lower(), sms.text) != expected:
            yield f"phones: another SMS than was recorded: {sms}"
    for evidence_id, number in remains.phones.items():
        if number > 1:
            yield f"phones: {number} SMS for one message, {evidence_id}"


def refusals(remains: Remains) -> Iterator[str]:
    """ACS may say that a repetition met the first attempt (409) or came too late (412), no more."""
    for reason, number in Counter(remains.rejected).items():
        if not reason.startswith(("409", "412")):
            yield f"refusals: ACS refused {number} requests: {reason}"
    replies = [evidence.reply for evidence, _ in remains.by_id.values() if evidence.reply]
    failed = sum(str(reply.status) == "failed" for reply in replies)
    if failed > remains.faults["ACS: 400 inside a 202"]:
        yield f"refusals: {failed} replies failed, but fewer were refused"


def statuses(remains: Remains) -> Iterator[str]:
    """Every keyword has a status that is final, agrees with the phone, and explains a missing SMS."""
    for evidence, message in remains.by_id.values():
        problem = _problem(remains, evidence, message, evidence.reply)
        if problem is not None:
            status = evidence.reply and str(evidence.reply.status)
            yield f"statuses: {message} has {status}: {problem}"


def _problem(remains: Remains, evidence: Evidence, message: Message, reply: Reply | None) -> str | None:
    if message.is_probable:
        is_none = reply is not None and str(reply.status) == "none"
        return None if is_none else "a probable request is not answered"
    is_unknown = not message.is_report and not message.is_keyword
    answers_unknown = is_unknown and LINES[message.sender].answers_unknown
    if (message.is_report or is_unknown) and not answers_unknown:
        return "there is nothing to answer" if reply else None
    if reply is None:
        return None if answers_unknown else "an answer must have a status"
    status, was_sent = str(reply.status), remains.phones[evidence.id] > 0
    if answers_unknown and _answered_within_the_hour(remains, evidence, message):
        return "what asks for nothing was answered within the hour"
    if message.settled_elsewhere is not None:
        wrong = was_sent or status != message.settled_elsewhere
        return f"it should be {message.settled_elsewhere}" if wrong else None
    if status not in (WITH_SMS if was_sent else WITHOUT_SMS):
        return f"{'an' if was_sent else 'no'} SMS was sent"
    is_explained = was_sent or _is_explained(remains, evidence, message, status)
    return None if is_explained else "nothing explains it"


def _answered_within_the_hour(remains: Remains, evidence: Evidence, message: Message) -> bool:
    """Whether another message of the pair that asked for nothing has an answer as recent."""
    earlier = remains.histories[message.person][: evidence.number - 1]
    others = (each for each in earlier if each.sender == evidence.sender and each.reply is not None)
    return any(
        str(each.intent) == "none" and evidence.received_at - each.received_at < HOUR for each in others
    )


def _is_explained(remains: Remains, evidence: Evidence, message: Message, status: str) -> bool:
    """Whether there is what is said to have kept the answer back."""
    history = remains.histories[message.person]
    others = [each for each in remains.said_in(history) if each.id != evidence.id]
    match status:
        case "superseded":
            scopes = {*message.scopes, EVERYTHING}
            return any(each.at >= message.at and scopes & {*each.scopes} for each in others)
        case "blocked":
            return any(each.blocks and message.asked[0] in each.scopes for each in others)
        case "guarded":
            earlier = remains.histories[message.person][: evidence.number - 1]
            return any(
                each.sender == evidence.sender and evidence.received_at - each.received_at <= HOUR
                for each in earlier
            )
        case "expired":
            recorded = (evidence.received_at - BEGIN).total_seconds()
            settled = remains.settled.get(evidence.id, recorded)
            # A repeatability date has whole seconds.
            return settled >= sending.expiry(remains, evidence.id, message) - 1
    return True

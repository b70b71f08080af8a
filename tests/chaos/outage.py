"""One scripted campaign: ACS is away for an hour, and the topic refuses everything.

Nothing else fails, so that what is left is theirs: no event may wait for either of them, every reply
that is still due when they are back is sent, and every announcement made.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from tests.chaos.campaign import Campaign, Outcome, Settings
from tests.chaos.expected import Message
from tests.chaos.faults import CALM
from tests.chaos.plan import Plan, Post
from tests.chaos.schedule import Stage, Task
from tests.chaos.sending import LIFETIME_SECONDS
from tests.chaos.shared import BEGIN
from tests.chaos.worker import HURRY
from tests.support.payloads import sms_event
from tests.support.places import Place

BEGINS, ENDS = 60.0, 3660.0
LASTS = 4200.0
MESSAGES = 80
LAST_WORDS = 20
LAST_WORD_SECONDS = 20.0
# The clock waits for those who finish what is pending: all the while a little, and while a reply may
# still be due no less than the messages of the queue are hidden.
TICK_SECONDS = 10.0
TICK_PAUSE = 0.02
CLOSE_SECONDS = 400.0
# The longest wait before the next attempt at a reply, and the two steps of the clock around it; a queue
# hides messages for whole seconds, which are `HURRY` of the campaign.
NEXT_ATTEMPT_SECONDS = 30 + 2 * TICK_SECONDS


@dataclass(kw_only=True)
class Tick(Task):
    """Time goes by."""

    def prepare(self, stage: Stage) -> None:
        """For nobody."""

    def run(self, stage: Stage) -> Iterable[Task]:
        is_close = abs(self.due - ENDS) < CLOSE_SECONDS
        time.sleep(TICK_SECONDS / HURRY if is_close else TICK_PAUSE)
        return ()


@dataclass(frozen=True)
class Hour:
    """What came of it: beside an outcome the first deliveries that were not answered by 202, and how
    many replies were sent after the hour, or were still due and were not."""

    outcome: Outcome
    first_failed: list[int]
    handed_over: int
    sent_after: int
    expired: int
    not_sent: list[str]
    announced_within: int
    announced_after: int

    def __str__(self) -> str:
        return "\n".join(
            (
                f"  {len(self.first_failed):>9,}  first deliveries that were not answered by 202",
                f"  {self.handed_over:>9,}  pieces of evidence that waited for an announcement",
                f"  {self.announced_after:>9,}  announcements made after the hour",
                f"  {self.sent_after:>9,}  replies sent after the hour to messages from within it",
                f"  {self.expired:>9,}  replies that had expired by then",
                f"  {len(self.not_sent):>9,}  replies that were still due and not sent",
            )
        )


def play(seed: int, place: Place, folder: Path, queue: str | None = None) -> Hour:
    """The hour, on a store."""
    settings = Settings(
        seed,
        MESSAGES,
        2,
        people=40,
        rates=CALM,
        pace=LASTS / MESSAGES,
        away=(BEGINS, ENDS),
        queue=queue,
    )
    campaign = Campaign(settings, place, folder)
    campaign.planned = _with_last_words(campaign.planned)
    campaign.extra = [Tick(due=TICK_SECONDS * n) for n in range(int((LASTS + 600) / TICK_SECONDS))]
    outcome = campaign.run()
    remains = campaign.remains
    margin = NEXT_ATTEMPT_SECONDS + (2 * HURRY if queue else 0)
    sent, expired, not_sent = 0, 0, []
    for evidence, message in remains.by_id.values():
        reply = evidence.reply
        if reply is None or not _is_within(evidence.received_at):
            continue
        due_until = LIFETIME_SECONDS + min(_seconds(message.at), _seconds(evidence.received_at))
        status = str(reply.status)
        sent += status == "sent"
        expired += status in ("expired", "unknown")
        if status in ("expired", "unknown", "pending") and due_until > ENDS + margin:
            not_sent.append(f"{message}: {status}")
    announcements = list(_announced(campaign))
    return Hour(
        outcome,
        campaign.grid.first_failed,
        handed_over=sum(_is_within(recorded) for recorded, _ in announcements),
        sent_after=sent,
        expired=expired,
        not_sent=not_sent,
        announced_within=sum(_is_within(published) for _, published in announcements),
        announced_after=sum(_seconds(published) >= ENDS for _, published in announcements),
    )


def _with_last_words(planned: Plan) -> Plan:
    """People who text shortly before the hour is over, each once and promptly delivered: some of their
    replies are still due when ACS is back."""
    messages = [
        Message(
            f"last-{number}",
            f"+1206300{number:04}",
            "12345",
            "STOP" if number % 2 else "HELP",
            BEGIN + timedelta(seconds=ENDS - LAST_WORD_SECONDS * number),
        )
        for number in range(1, LAST_WORDS + 1)
    ]
    posts = [
        Post(
            _seconds(each.at) + 1,
            (sms_event(each.text, to=each.sender, from_=each.person, at=each.at, message_id=each.id),),
        )
        for each in messages
    ]
    return replace(planned, messages=(*planned.messages, *messages), posts=(*planned.posts, *posts))


def _announced(campaign: Campaign) -> Iterator[tuple[datetime, datetime]]:
    """When each piece of evidence was recorded and announced."""
    for history in campaign.remains.histories.values():
        for each in history:
            if each.announcement is not None and each.announcement.published_at is not None:
                yield each.received_at, each.announcement.published_at


def _is_within(moment: datetime) -> bool:
    return BEGINS <= _seconds(moment) < ENDS


def _seconds(moment: datetime) -> float:
    return (moment - BEGIN) / timedelta(seconds=1)

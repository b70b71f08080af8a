"""What is outside of the processes: ACS and the queue. What ACS is given is checked at once."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from optout.azure import queue
from optout.azure.sms import Outcome, Sending
from optout.domain.enums import ReplyStatus
from optout.domain.model import Reply, Unfinished
from optout.operations.reply_delivery import REPLY_TAG
from tests.simulate.choices import Choices, Odds, Spans
from tests.simulate.effects import Effects
from tests.simulate.faults import LOST_AFTER, LOST_BEFORE, NOT_TAKEN, REFUSED, UNCLEAR
from tests.simulate.operations import moment
from tests.simulate.scheduler import Scheduler, Violation
from tests.support.payloads import report_event

# How long ACS tracks a repeatability id, and how long an attempt is under way.
TRACKED = timedelta(seconds=300)
UNDER_WAY = 3_000
FAILED = {
    NOT_TAKEN: Outcome(Sending.AGAIN, error="429"),
    UNCLEAR: Outcome(Sending.AGAIN, error="503", in_doubt=True),
    LOST_BEFORE: Outcome(Sending.AGAIN, error="time-out", in_doubt=True),
}
# How many reports come of an SMS, what they say, and after how long.
REPORTS = Odds({"0": 50, "1": 40, "2": 10})
ARRIVAL = Odds({"Delivered": 90, "Failed": 10})
REPORT_DELAYS = Spans(3_000, 60, (1_000, 60_000, 30), (60_000, 330_000, 10))
# How often a message of the queue is handed over, and how long after its time.
TIMES = Odds({"1": 95, "2": 5})
PROMPT = Spans(1_000, 1)
QUEUE_DELAYS = Spans(1_000, 80, (0, 5_000, 15), (5_000, 300_000, 5))

# An event that arrives at a time: its name, and the event.
Deliver = Callable[[str, int, str], None]


class Acs:
    """Honours repeatability ids: one SMS for each, 409 while the first attempt is under way, 412 where
    the id is too old. `sms` counts what reached a phone, `attempts` are those that asked for it."""

    def __init__(
        self,
        scheduler: Scheduler,
        choices: Choices,
        effects: Effects,
        check: Callable[[str, str, str, Reply], None],
        deliver: Deliver,
    ) -> None:
        self._scheduler = scheduler
        self._choices = choices
        self._effects = effects
        self._check = check
        self._deliver = deliver
        self._taken: dict[str, int] = {}
        self._refused: set[str] = set()
        self.sms: Counter[str] = Counter()
        self.attempts: dict[str, tuple[object, ...]] = {}

    def send(self, sender: str, recipient: str, reply: Reply, tag: str) -> Outcome:
        answered = tag.removeprefix(REPLY_TAG)
        self._same_as_before(answered, sender, recipient, reply)
        self._check(answered, recipient, sender, reply)
        fate = self._effects.begin("acs", "send")
        outcome = FAILED.get(fate) or self._take(answered, sender, recipient, reply, fate == REFUSED)
        self._scheduler.say(f"send {outcome.sending.name} {outcome.error or ''}")
        self._effects.end("acs", "send", fate)
        return FAILED[LOST_BEFORE] if fate == LOST_AFTER else outcome

    def _same_as_before(self, answered: str, sender: str, recipient: str, reply: Reply) -> None:
        same = (sender, recipient, reply.text, reply.send_id, reply.first_attempt_at)
        if self.attempts.setdefault(answered, same) != same:
            raise Violation(f"attempts: another SMS than before for {answered}")

    def _take(self, answered: str, sender: str, recipient: str, reply: Reply, refuses: bool) -> Outcome:
        now, send_id = self._scheduler.now, str(reply.send_id)
        if send_id in self._taken:
            if now - self._taken[send_id] < UNDER_WAY:
                return Outcome(Sending.AGAIN, error="409", in_doubt=True)
            return Outcome(Sending.TAKEN, ReplyStatus.SENT, f"sms-{send_id}")
        if reply.first_attempt_at is None or moment(now) - reply.first_attempt_at > TRACKED:
            return Outcome(Sending.TOO_OLD, error="412")
        if refuses or send_id in self._refused:
            self._refused.add(send_id)
            return Outcome(Sending.REFUSED, error="400")
        self._taken[send_id] = now
        self.sms[answered] += 1
        if self.sms[answered] > 1:
            raise Violation(f"phones: two SMS for one message, {answered}")
        self._report(answered, sender, recipient)
        return Outcome(Sending.TAKEN, ReplyStatus.SENT, f"sms-{send_id}")

    def _report(self, answered: str, sender: str, recipient: str) -> None:
        """Some SMS are reported as delivered, or as not, some twice and some never."""
        about = f"{self._scheduler.task.name} sms"
        status = self._choices.one_of(f"{about} status", ARRIVAL)
        for copy in range(int(self._choices.one_of(f"{about} reports", REPORTS))):
            due = self._scheduler.now + self._choices.milliseconds(f"{about} report", REPORT_DELAYS)
            event = report_event(
                "4006: no" if status == "Failed" else None,
                status=status,
                from_=sender,
                to=recipient,
                at=moment(due),
                tag=REPLY_TAG + answered,
                message_id=f"out-{answered}",
            )
            self._deliver(f"{about} report {copy}", due, event)

    def close(self) -> None:
        """Nothing to close."""


class Queue:
    """Keeps messages until their time has come, hands each over at least once, and again where the
    function that got it failed."""

    def __init__(
        self,
        scheduler: Scheduler,
        choices: Choices,
        effects: Effects,
        deliver: Callable[[str, int, Unfinished], None],
        *,
        is_prompt: bool,
    ) -> None:
        self._scheduler = scheduler
        self._choices = choices
        self._effects = effects
        self._deliver = deliver
        self._delays = PROMPT if is_prompt else QUEUE_DELAYS
        self._count = 0

    def put(self, work: Unfinished, delay: timedelta) -> None:
        text = queue.dump(work)
        self._effects.around("queue", "put", lambda: self._keep(text, delay), queue.NotQueued)

    def _keep(self, text: str, delay: timedelta) -> None:
        self._count += 1
        name = f"queue {self._count}"
        due = self._scheduler.now + round(delay.total_seconds() * 1000)
        for copy in range(int(self._choices.one_of(f"{name} times", TIMES))):
            arrives = due + self._choices.milliseconds(f"{name} arrival", self._delays)
            self._deliver(f"{name}.{copy}", arrives, queue.load(text))

    def close(self) -> None:
        """Nothing to close."""

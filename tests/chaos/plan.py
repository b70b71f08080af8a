"""What happens in a campaign, drawn from its seed: who texts what when, and how it is delivered."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from tests.chaos.acts import Act, acts
from tests.chaos.expected import LINES, REPORT, Message
from tests.chaos.shared import BEGIN
from tests.support.payloads import report_event, sms_event

MESSAGES_EACH = 60
SECONDS_A_MESSAGE = 0.5
LARGEST_POST = 5
TEXTS = {
    "STOP": 20, "stop": 3, "QUIT": 5, "ARRET": 3, "STOP ALL": 4, "START": 26, "UNSTOP": 3, "HELP": 12,
    "Thanks, see you at 5": 10, "please stop by on Friday": 4, REPORT: 4, "how do I unsubscribe?": 12,
}  # fmt: skip
# How long Event Grid takes with a delivery: most are prompt, some are late, a few wait for an hour.
DELAYS = ((0, 3, 60), (3, 30, 18), (30, 290, 8), (290, 320, 5), (320, 2400, 9))
# Everybody's clocks differ a little: a message from the near future.
AHEAD_SECONDS = 120
AHEAD_SHARE = 0.01
TIE_SHARE = 0.04
OTHER_SHARE = 0.01


@dataclass
class Post:
    """One POST of Event Grid, delivered again as a whole until it is acknowledged."""

    due: float
    events: tuple[str, ...]
    attempts: int = 0


@dataclass(frozen=True)
class Plan:
    """A campaign before anything goes wrong."""

    messages: tuple[Message, ...]
    malformed: frozenset[str]
    ignored: int
    posts: tuple[Post, ...]
    acts: tuple[Act, ...]
    # For how long anybody texts, in seconds.
    span: float


def plan(
    seed: int,
    count: int,
    people: int | None = None,
    entered: float = 1.0,
    pace: float = SECONDS_A_MESSAGE,
) -> Plan:
    """The same for the same seed; `entered` says how much more than usual is entered by
    hand, `pace` how many seconds there are for a message."""
    span = count * pace
    chance = random.Random(f"{seed}-plan")
    messages = tuple(_messages(chance, count, people or max(8, count // MESSAGES_EACH), span))
    events = [
        # An opt-in from the future counts as now, which sorting by time does not know.
        (_seconds(message), message.out is not False, _event(message, chance))
        for message in messages
    ]
    others = max(4, int(count * OTHER_SHARE))
    malformed = {f"malformed-{number}": _malformed(number) for number in range(others)}
    ignored = [_ignored(number) for number in range(others)]
    events += [(chance.uniform(0, span), True, event) for event in (*malformed.values(), *ignored)]
    posts = tuple(_posts(events, chance))
    entries = acts(seed, messages, span, entered)
    return Plan(messages, frozenset(malformed), len(ignored), posts, entries, span)


def _messages(chance: random.Random, count: int, people: int, span: float) -> Iterator[Message]:
    """Conversations: a person texts one or two of our numbers a few times, seconds apart."""
    numbers = [f"+1206{2000000 + 7 * person}" for person in range(people)]
    left = count
    while left:
        person = chance.choice(numbers)
        senders = chance.choices(list(LINES), k=2)
        at = chance.uniform(0, span)
        for _ in range(min(left, chance.randint(1, 7))):
            at += 0 if chance.random() < TIE_SHARE else chance.choice((0.2, 2, 9, 40, 310))
            yield Message(
                id=f"m{left}",
                person=person,
                sender=chance.choice(senders),
                text=chance.choices(list(TEXTS), list(TEXTS.values()))[0],
                at=BEGIN + timedelta(milliseconds=int(at * 1000)),
            )
            left -= 1


def _seconds(message: Message) -> float:
    return (message.at - BEGIN).total_seconds()


def _event(message: Message, chance: random.Random) -> str:
    if message.is_report:
        return report_event(
            chance.choice(("4007: Recipient has opted out", "Sender blocked for given recipient.")),
            from_=message.sender,
            to=message.person,
            at=message.at + timedelta(seconds=3),
            attempts=[message.at, message.at + timedelta(seconds=2)],
            message_id=message.id,
        )
    return sms_event(
        message.text,
        to=chance.choice((message.sender, message.sender.lstrip("+"))),
        from_=chance.choice((message.person, message.person.lstrip("+"))),
        at=message.at,
        message_id=message.id,
        schema=chance.choice(("event_grid", "cloud_events")),
    )


def _malformed(number: int) -> str:
    """Events that nobody can understand, whatever the time."""
    event = json.loads(sms_event("STOP", at=BEGIN, message_id=f"malformed-{number}"))
    match number % 3:
        case 0:
            event["data"]["from"] = "nobody"
        case 1:
            del event["data"]["message"]
        case 2:
            event["data"] = "no data"
    return json.dumps(event)


def _ignored(number: int) -> str:
    event = json.loads(sms_event("STOP", at=BEGIN, message_id=f"ignored-{number}"))
    event[next(name for name in ("type", "eventType") if name in event)] = "Contoso.Other"
    return json.dumps(event)


def _posts(events: list[tuple[float, bool, str]], chance: random.Random) -> Iterator[Post]:
    """Each event one to three times, each time with a delay; neighbours share a POST."""
    copies = sorted(
        (max(0.0, at + _delay(chance, may_be_ahead)), chance.random(), event)
        for at, may_be_ahead, event in events
        for _ in range(chance.choices((1, 2, 3), (50, 35, 15))[0])
    )
    waiting = iter(copies)
    while together := list(islice(waiting, chance.randint(1, LARGEST_POST))):
        chance.shuffle(together)
        yield Post(max(due for due, _, _ in together), tuple(event for _, _, event in together))


def _delay(chance: random.Random, may_be_ahead: bool) -> float:
    if may_be_ahead and chance.random() < AHEAD_SHARE:
        return -chance.uniform(0, AHEAD_SECONDS)
    return delay(chance)


def delay(chance: random.Random) -> float:
    """How long Event Grid takes with a delivery."""
    ((shortest, longest, _),) = chance.choices(DELAYS, [weight for _, _, weight in DELAYS])
    return chance.uniform(shortest, longest)

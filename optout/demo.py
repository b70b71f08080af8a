"""A conversation with Contoso's programs, played through the real path of events.

It uses its own store in a temporary folder and sends nothing: it prints what a phone would show.
"""

import io
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from optout import service, story, trial_events
from optout.azure.sms import PrintedReplies
from optout.domain.enums import ReviewVerdict
from optout.operations.documents import history_item, state
from optout.programs.directory import Sender
from optout.service import Service, now_utc
from optout.settings import Settings

PERSON, OTHER = "+14255550123", "+14255550124"
# Who got a message from a sender that nobody can answer.
READER, ONE_WAY = "+447700900123", "contoso"


@dataclass(frozen=True, slots=True)
class Texts:
    """The person texts a sender. The message reaches us `late`: it is so much older than what came
    before it. With `again` Event Grid delivers the event twice. `shows` says what to look at."""

    sender: str
    text: str
    shows: str = ""
    late: timedelta = timedelta(0)
    again: bool = False
    person: str = PERSON


@dataclass(frozen=True, slots=True)
class Judges:
    """Somebody at a desk says what the oldest request that waits for review was."""

    verdict: ReviewVerdict
    shows: str


@dataclass(frozen=True, slots=True)
class Taps:
    """The person opens the link in a message, and taps on the button of its page."""

    sender: str
    person: str
    shows: str


# Each type of number, with its peculiarities; then what is hard. Another kind of step is another class
# here and another case in `play`.
CONVERSATION: tuple[Texts | Judges | Taps, ...] = (
    Texts("12345", "Hi, is this Contoso?"),
    Texts("12345", "HELP"),
    Texts("12345", "Stop."),
    Texts("+14255550100", "weekend plans?"),
    Texts("12345", "START"),
    Texts("+18335550100", "STOP"),
    Texts("12345", "start"),
    Texts("+18335550100", "UNSTOP"),
    Texts("+14255550100", "opt-out"),
    Texts("54321", "“UNSUBSCRIBE”"),
    Texts("54321", "START"),
    Texts("55555", "Arrêt"),
    Texts("55555", "AIDE"),
    Texts("78787", "STOP ALL"),
    Texts("99999", "STOP"),
    Texts("12345", "please take me off this list", "In the person's own words.", person=OTHER),
    Texts("12345", "START", "Delivered twice: one record, one answer.", again=True, person=OTHER),
    Texts(
        "12345",
        "STOP",
        "It reaches us ten minutes late, from before the START: nothing changes, nobody is answered.",
        late=timedelta(minutes=10),
        person=OTHER,
    ),
    Texts("12345", "please cancel", "Perhaps a request: suppressed, for review.", person=OTHER),
    Judges(ReviewVerdict.LIFT, "It was about an appointment: what rests on it alone is lifted."),
    Taps(ONE_WAY, READER, "A sender that nobody can answer: its messages have a link."),
)


def play(show: Callable[[str], None]) -> None:
    """Play the conversation, a block of lines for each message."""
    with tempfile.TemporaryDirectory() as folder:
        configured = Settings(store=f"sqlite:{folder}/demo.db", cache_seconds=0)
        played = service.build(configured, PrintedReplies(output=io.StringIO()))
        start = now_utc() - timedelta(minutes=1)
        for number, step in enumerate(CONVERSATION):
            if isinstance(step, Texts):
                show("\n".join(_texts(played, step, number, start + timedelta(seconds=number))))
            elif isinstance(step, Judges):
                show("\n".join(_judges(played, step)))
            else:
                show("\n".join(_taps(played, step)))
        played.close()


def _texts(played: Service, step: Texts, number: int, at: datetime) -> Iterator[str]:
    event = trial_events.received(
        step.sender, step.person, step.text, message_id=f"demo-{number}", at=at - step.late, now=at
    )
    for _ in range(1 + step.again):
        played.events.handle(json.dumps(event))
    history = played.store.history(step.person, len(CONVERSATION), None).items
    if step.shows:
        yield f"# {step.shows}"
    sender = played.directory.sender(step.sender)
    yield f"{step.person} → {sender.name} ({_kind(sender)}): {step.text}"
    for evidence in history:
        if evidence.message_id == f"demo-{number}":
            yield from story.lines(history_item(evidence))
    yield _standing(played, sender, step.person)
    yield ""


def _judges(played: Service, step: Judges) -> Iterator[str]:
    waiting = played.store.list_reviews(1, None).items[0]
    given = played.reviews.judge(waiting.id, step.verdict, "pat@contoso.example", "an appointment")
    yield f"# {step.shows}"
    yield f"{waiting.recipient}, a verdict on: {waiting.text}"
    yield from story.lines(history_item(given))
    yield _standing(played, played.directory.sender(waiting.sender or ""), waiting.recipient)
    yield ""


def _taps(played: Service, step: Taps) -> Iterator[str]:
    sender = played.directory.sender(step.sender)
    (made,) = played.links.make(sender, [step.person])
    url = made.url or ""
    link = played.links.follow(url.rpartition("/")[2])
    if link is None:
        raise AssertionError("no link was made")
    tapped = played.links.tap(link)
    yield f"# {step.shows}"
    yield f"{step.person} taps {url}, from {sender.name} ({_kind(sender)})"
    yield from story.lines(history_item(tapped))
    yield _standing(played, sender, step.person)
    yield ""


def _standing(played: Service, sender: Sender, person: str) -> str:
    answer = played.checks.answers(sender, [person])[person]
    return story.standing(sender.list, state(answer))


def _kind(sender: Sender) -> str:
    kind = str(sender.number_type).replace("_", " ")
    where = f" {sender.country}" if sender.country else ""
    if not sender.configured:
        return f"{kind}, not in the program file"
    return f"{kind}{where}, opt-out managed by {sender.managed_by}"

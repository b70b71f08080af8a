"""SIGKILL in the middle of a burst, a new start, and Event Grid's redelivery of everything."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from optout.domain.enums import EvidenceKind
from optout.domain.ids import evidence_id
from optout.operations.reply_delivery import REPLY_TAG
from tests.support.acs import LoopbackAcs
from tests.support.client import App, Served, environment, serving
from tests.support.payloads import sms_event

# The fictional numbers of two area codes; none is a sender's. And two senders of one list.
PEOPLE = [f"+1{area}55501{number:02}" for area in (206, 253) for number in range(50)]
SENDERS = ("12345", "+14255550100")
WORDS = ("STOP", "STOP", "START", "HELP", "thanks")
MESSAGES_EACH = 5
CONNECTIONS = 8
DELIVERIES = 5
# None of them is pending, which a redelivery would have to go on with.
FINAL = {"no reply", "sent", "superseded", "guarded", "unknown"}


@dataclass(frozen=True)
class Message:
    """One message of the burst, and the id that its record must have."""

    person: str
    sender: str
    text: str
    at: datetime
    id: str

    @property
    def event(self) -> str:
        return sms_event(self.text, to=self.sender, from_=self.person, at=self.at, message_id=self.id)

    @property
    def record(self) -> str:
        return evidence_id(EvidenceKind.MESSAGE, self.id, self.person)


def burst(chance: random.Random) -> list[Message]:
    """Five hundred messages of the last minute, in no order."""
    begin = datetime.now(UTC) - timedelta(minutes=1)
    messages = [
        Message(
            person=person,
            sender=chance.choice(SENDERS),
            text=chance.choice(WORDS),
            at=begin + timedelta(seconds=10 * number),
            id=f"{person}-{number}",
        )
        for person in PEOPLE
        for number in range(MESSAGES_EACH)
    ]
    chance.shuffle(messages)
    return messages


def batches(messages: Sequence[Message], chance: random.Random) -> list[list[Message]]:
    """As Event Grid delivers: some alone, some together."""
    waiting, made = list(messages), []
    while waiting:
        size = chance.randint(1, 6)
        made.append(waiting[:size])
        del waiting[:size]
    return made


def post(app: App, batch: Iterable[Message]) -> bool:
    """Whether the delivery was acknowledged; a server that is gone acknowledges nothing."""
    try:
        return app.deliver(*(message.event for message in batch)) == 202
    except OSError:
        return False


def post_until_killed(served: Served, deliveries: list[list[Message]], kill_after: int) -> int:
    """Post over several connections, and kill the server once so many are acknowledged."""
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        posted = [pool.submit(post, served.app, batch) for batch in deliveries]
        acknowledged = 0
        for each in as_completed(posted):
            acknowledged += each.result()
            if acknowledged == kill_after:
                served.process.kill()
    return acknowledged


def redeliver(app: App, deliveries: list[list[Message]]) -> None:
    """Everything again, acknowledged or not, until all is acknowledged."""
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for _ in range(DELIVERIES):
            taken = list(pool.map(lambda batch: post(app, batch), deliveries))
            deliveries = [batch for batch, ok in zip(deliveries, taken, strict=True) if not ok]
            if not deliveries:
                return
    raise AssertionError(f"never acknowledged: {deliveries}")


def suppressed_by_time(messages: Iterable[Message], person: str) -> dict[str, bool]:
    """For each sender, what the messages of one person come to in the order of their times."""
    own = dict.fromkeys(SENDERS, False)
    whole_list = False
    theirs = [message for message in messages if message.person == person]
    for message in sorted(theirs, key=lambda each: each.at):
        if message.text in ("STOP", "START"):
            own[message.sender] = whole_list = message.text == "STOP"
    return {sender: own[sender] or whole_list for sender in SENDERS}


def test_a_kill_in_the_middle_of_a_burst(database: Path) -> None:
    """Nothing is lost, nothing is counted or answered twice, and the consents are right."""
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    messages = burst(chance)
    deliveries = batches(messages, chance)
    with LoopbackAcs() as acs:
        given = environment(database, OPTOUT_ACS_ENDPOINT=acs.endpoint, OPTOUT_ACS_KEY=acs.key)
        with serving(given) as served:
            kill_after = chance.randrange(len(deliveries) // 10, len(deliveries) * 9 // 10)
            acknowledged = post_until_killed(served, deliveries, kill_after)
        assert kill_after <= acknowledged < len(deliveries), f"not in the middle; seed {seed}"
        with serving(given) as served:
            chance.shuffle(deliveries)
            redeliver(served.app, deliveries)
            with ThreadPoolExecutor(CONNECTIONS) as pool:
                histories = dict(zip(PEOPLE, pool.map(served.app.history, PEOPLE), strict=True))
            suppressed = {sender: check_all(served.app, sender) for sender in SENDERS}

    output = "".join(served.output)
    assert [person for person in PEOPLE if person[1:] in output] == []
    assert "Request URL" not in output, "the SDKs log addresses"

    items = [item for history in histories.values() for item in history]
    recorded = Counter((item["id"], item["text"], item["sender"]) for item in items)
    assert recorded == Counter((each.record, each.text, each.sender) for each in messages), seed

    for person in PEOPLE:
        now = {sender: suppressed[sender][person] for sender in SENDERS}
        assert now == suppressed_by_time(messages, person), f"{person}, seed {seed}"

    sent = Counter(message.tag for message in acs.messages)
    assert set(sent.values()) == {1}, f"a second SMS, seed {seed}"
    assert acs.rejected == [], seed
    for item in items:
        status = item["reply"]["status"] if item["reply"] else "no reply"
        assert status in FINAL, f"{item}, seed {seed}"
        # What is recorded as sent was sent, and nothing else; unknown is what it says.
        assert status == "unknown" or (status == "sent") is (REPLY_TAG + item["id"] in sent), (
            f"{item}, seed {seed}"
        )


def check_all(app: App, sender: str) -> dict[str, bool]:
    answer = app.post("suppressions/check", {"sender": sender, "recipients": PEOPLE})
    assert answer.status == 200, answer.body
    return {each["recipient"]: each["suppressed"] for each in answer.json()["results"]}

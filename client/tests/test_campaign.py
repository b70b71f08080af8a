"""A campaign through the guard while people text STOP in the middle of it, and while everything fails that
can: whoever had said STOP before their chunk was checked gets nothing, and nobody gets anything twice."""

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from azure.communication.sms import SmsClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import AzureError

from optout_client import CheckResult, GuardedSmsClient, GuardedSmsResult, OptoutClient

from .support import App

# Between the check of a chunk and its text, on a machine that is slow and with an SDK that tries again.
LATEST = 2.0
Trouble = Callable[[int], Any]


class Timed(OptoutClient):
    """Notes when each recipient was last asked about."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.asked: dict[str, float] = {}

    def check(self, sender: str, recipients: str | Iterable[str], **options: Any) -> Iterator[CheckResult]:
        each = list(recipients)
        self.asked.update(dict.fromkeys(each, time.monotonic()))
        yield from super().check(sender, each, **options)


@dataclass
class People:
    """Who texts STOP while the campaign goes on, and when that was recorded."""

    app: App
    everybody: Sequence[str]
    seed: int
    recorded: dict[str, float] = field(default_factory=dict)
    is_over: threading.Event = field(default_factory=threading.Event)

    def text(self) -> None:
        for person in random.Random(self.seed).sample(self.everybody, len(self.everybody) // 10):
            while not self.is_over.wait(0.005):
                try:
                    self.app.text(person, "STOP")
                except OSError:
                    continue  # Event Grid tries again
                self.recorded[person] = time.monotonic()
                break


def send_until_done(
    guarded: GuardedSmsClient, everybody: Sequence[str], seconds: float
) -> dict[str, GuardedSmsResult]:
    """What a sending service does: whoever may be tried again is tried again."""
    results: dict[str, GuardedSmsResult] = {}
    remaining = list(everybody)
    deadline = time.monotonic() + seconds
    while remaining:
        assert time.monotonic() < deadline, f"{len(remaining)} remain"
        try:
            answered = guarded.send("12345", remaining, "Hi")
        except AzureError:
            time.sleep(0.2)  # nobody was texted
            continue
        assert [each.to for each in answered] == remaining
        results.update({each.to: each for each in answered})
        remaining = [each.to for each in answered if each.reason == "not_sent"]
    return results


def play(app: App, acs: Any, count: int, seed: int, trouble: Trouble | None = None) -> tuple[int, int]:
    """Text so many people; how many were texted, and how many had said STOP in time."""
    everybody = [f"+1425{4_000_000 + number}" for number in range(count)]
    optout = Timed(app.endpoint, retry_total=1, retry_backoff_factor=0.1)
    sms = SmsClient(acs.endpoint, AzureKeyCredential(acs.key), retry_total=2, retry_backoff_factor=0.1)
    accepted: dict[str, float] = {}

    def watch(request: int) -> Any:
        """When each text was accepted, at the earliest: an oracle that knows nothing of checks."""
        accepted.update({each.recipient: now[-1] for each in acs.messages[len(accepted) :]})
        now.append(time.monotonic())
        return trouble(request) if trouble else None

    now = [time.monotonic()]
    acs.fail_with(watch)
    people = People(app, everybody, seed)
    texting = threading.Thread(target=people.text)
    texting.start()
    try:
        results = send_until_done(GuardedSmsClient(sms, optout), everybody, 90)
    finally:
        people.is_over.set()
        texting.join()
    in_time = {who for who, recorded in people.recorded.items() if recorded < optout.asked[who]}
    texted = {message.recipient for message in acs.messages}
    assert len(acs.messages) == len(texted), "somebody was texted twice"
    assert texted.isdisjoint(in_time)
    late = {who: accepted[who] - at for who, at in people.recorded.items() if who in accepted}
    assert max(late.values(), default=0) < LATEST, "a check that was too old"
    assert list(results) == everybody
    for recipient, result in results.items():
        assert result.successful == (recipient in texted) or result.reason == "unknown"
        assert result.suppressed == (result.reason == "opted_out")
        assert recipient in people.recorded or not result.suppressed
    return len(texted), len(in_time)


def test_while_people_text_stop(own_app: App, acs: Any) -> None:
    """20,000 recipients, and somebody says STOP every few milliseconds."""
    texted, in_time = play(own_app, acs, 20_000, 1)
    assert texted > 15_000
    assert in_time > 20


def test_while_the_app_is_killed(own_app: App, acs: Any) -> None:
    """And started again: what was not sent is sent afterwards, once."""

    def kill(request: int) -> None:
        if request in (5, 20):
            own_app.kill()
            threading.Timer(0.5, own_app.start).start()

    texted, _ = play(own_app, acs, 4_000, 2, kill)
    assert texted > 3_000


def test_while_storage_is_away(own_app: App, acs: Any, tmp_path: Path) -> None:
    """The app answers 503: nobody is texted until it is back."""
    database = tmp_path / "optout.db"

    def take_away(request: int) -> None:
        if request == 5:
            database.rename(tmp_path / "away.db")
            threading.Timer(1, lambda: (tmp_path / "away.db").rename(database)).start()

    texted, _ = play(own_app, acs, 4_000, 3, take_away)
    assert texted > 3_000


def test_while_acs_is_busy(own_app: App, acs: Any, loopback: ModuleType) -> None:
    """429, with and without Retry-After, more often than the SDK tries again."""
    draw = random.Random(4)

    def throttle(request: int) -> Any:
        if draw.random() < 0.6:
            return loopback.Failure.status(429, draw.choice([None, 0]))
        return None

    texted, _ = play(own_app, acs, 2_000, 4, throttle)
    assert texted > 1_500


@pytest.mark.parametrize("seed", [5])
def test_while_answers_are_lost(own_app: App, acs: Any, loopback: ModuleType, seed: int) -> None:
    """ACS takes a chunk and does not say so: nobody gets it twice, whatever is said of them."""
    draw = random.Random(seed)
    failures = [
        loopback.Failure.accept_then_drop(),
        loopback.Failure.accept_then_status(500),
        loopback.Failure.drop(),
    ]

    def lose(request: int) -> Any:
        return draw.choice(failures) if draw.random() < 0.2 else None

    play(own_app, acs, 2_000, seed, lose)

"""Where carriers demand an answer to a text that asks for nothing: at most once an hour to a pair, and
never to somebody who is out."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from optout.azure.sms import Outcome, Sending
from optout.domain.enums import Effect, Intent, ReplyStatus
from optout.programs.directory import Directory
from tests.support.places import Place
from tests.support.program_files import load, program
from tests.support.world import World, replied

CODE, LONG, PERSON, OTHER = "55555", "+16045550100", "+16045550123", "+16045550199"
SHORT_CODE = f'number = "{CODE}"\ntype = "short_code"\ncountry = "CA"'
LONG_CODE = f'number = "{LONG}"\ntype = "long_code"'
HELP = 'replies.help = "Help"\nreplies.fr.help = "Aide"'
UNKNOWN = f'{HELP}\nreplies.unknown = "Unknown"\nreplies.fr.unknown = "Inconnu"'


def directory(folder: Path, rest: str = UNKNOWN) -> Directory:
    return load(folder, program(SHORT_CODE, LONG_CODE, rest=f'replies.stop = "Out"\n{rest}'))


@pytest.fixture
def world(place: Place, tmp_path: Path) -> Iterator[World]:
    with World(place, directory=directory(tmp_path)) as opened:
        yield opened


def received(world: World) -> list[str]:
    return [sms.text for sms in world.phone.received]


@pytest.mark.parametrize(
    ("rest", "texts", "answers"),
    [
        (UNKNOWN, ["hello"], ["Unknown"]),
        (UNKNOWN, ["AIDE", "bonjour"], ["Aide", "Inconnu"]),
        (UNKNOWN, ["🙂"], ["Unknown"]),
        (HELP, ["hello"], ["Help"]),
        (HELP, ["AIDE", "bonjour"], ["Aide", "Aide"]),
        ("", ["hello"], []),
        (UNKNOWN, ["STOP", "hello"], ["Out"]),
        (UNKNOWN, ["hello", "STOP", "hello"], ["Unknown", "Out"]),
        (UNKNOWN, ["hello", "hello", "and now"], ["Unknown"]),
        (UNKNOWN, ["hello", "HELP", "hello", "HELP"], ["Unknown", "Help"]),
    ],
)
def test_what_is_answered(rest: str, texts: list[str], answers: list[str], tmp_path: Path) -> None:
    """With a text of its own or HELP's, in the language of the person's last word; it changes nothing,
    and HELP is answered beside it."""
    with World(tmp_path, directory=directory(tmp_path, rest)) as world:
        for text in texts:
            world.clock.move(seconds=20)
            recorded = world.receive(text, CODE, PERSON)
        assert received(world) == answers
        if recorded.intent is Intent.NONE:
            assert (recorded.effect, recorded.scopes) == (Effect.NONE, ())


def test_once_an_hour_to_a_pair(world: World) -> None:
    """After an hour again; somebody else, and another sender, are another pair."""
    for minutes, answers in ((0, 1), (1, 1), (30, 1), (28, 1), (2, 2), (59, 2), (2, 3)):
        world.clock.move(minutes=minutes)
        world.receive("hello", CODE, PERSON)
        assert len(received(world)) == answers, minutes
    world.receive("hello", CODE, OTHER)
    assert len(received(world)) == 4


def test_only_where_it_is_demanded(world: World) -> None:
    """A long code of the same country answers only what it understands."""
    assert world.receive("hello", LONG, PERSON).reply is None
    assert received(world) == []


def test_a_redelivery_is_not_another_text(world: World) -> None:
    """The same event again finds the answer that was given."""
    for _ in range(3):
        world.receive("hello", CODE, PERSON, at=world.clock.now, message_id="m1")
    assert received(world) == ["Unknown"]


def test_a_late_message_is_not_answered(world: World) -> None:
    """Five minutes after it was sent nobody expects an answer; and the next one gets it."""
    late = world.receive("hello", CODE, PERSON, at=world.clock.now - timedelta(minutes=6))
    assert replied(late).status is ReplyStatus.EXPIRED
    assert received(world) == []


def test_who_is_out_meanwhile_gets_no_answer(world: World) -> None:
    """An answer that could not be sent is not sent behind a STOP."""
    world.phone.outcomes.append(Outcome(Sending.AGAIN, in_doubt=False, error="busy"))
    recorded = world.receive("hello", CODE, PERSON)
    assert replied(recorded).status is ReplyStatus.PENDING
    world.clock.move(seconds=1)
    world.receive("STOP", CODE, PERSON)
    world.clock.move(seconds=30)
    world.finish()
    found = world.store.find(PERSON, recorded.id)
    assert found is not None
    assert replied(found).status is ReplyStatus.SUPERSEDED
    assert received(world) == ["Out"]


def test_two_automatic_repliers(world: World) -> None:
    """One that answers each text of ours with another gets one in an hour; STOP counts all along."""
    for _ in range(50):
        world.clock.move(seconds=30)
        world.receive("I am driving and will call you back", CODE, PERSON)
    assert received(world) == ["Unknown"]
    world.receive("STOP", CODE, PERSON)
    assert received(world) == ["Unknown", "Out"]

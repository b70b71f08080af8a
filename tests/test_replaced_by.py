"""Where a network shows a number in place of a sender ID, it belongs to the ID and its list."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from optout.decisions.target import Target
from optout.domain.enums import Intent, NumberType, Party
from optout.programs.directory import Directory
from tests.support.payloads import report_event
from tests.support.program_files import load, program
from tests.support.world import World

OPTED_OUT = "4007: Recipient has opted out"
NUMBER, PERSON = "+447400123456", "+447700900123"
ID = (
    'number = "Contoso"\ntype = "alphanumeric"\ncountry = "GB"\n'
    'opt_out_by = "text STOP to the number"\nreplaced_by = ["+44 7400 123456"]'
)
OTHER = 'number = "+447400999999"\ntype = "long_code"'
REPLIES = 'replies.stop = "Contoso: out"\nreplies.start = "Contoso: in"\nreplies.help = "Contoso: help"'


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    return load(tmp_path, program(ID, OTHER, rest=REPLIES))


@pytest.fixture
def world(directory: Directory, tmp_path: Path) -> Iterator[World]:
    with World(tmp_path, directory=directory) as opened:
        yield opened


def test_it_is_a_sender_without_an_entry(directory: Directory) -> None:
    """A number of its country, on the list of the ID, answered with the same texts."""
    number, contoso = directory.sender(NUMBER), directory.sender("contoso")
    assert number.configured
    assert (number.number_type, number.country, number.managed_by) == (
        NumberType.LONG_CODE,
        "GB",
        Party.SERVICE,
    )
    assert (number.list, number.program, number.stands_for) == ("contoso", "Contoso", "contoso")
    assert number.replies == contoso.replies
    assert contoso.stands_for is None


@pytest.mark.parametrize(
    ("text", "intent", "answer", "suppressed"),
    [
        ("STOP", Intent.STOP, "Contoso: out", True),
        ("please stop texting me", Intent.STOP, "Contoso: out", True),
        ("HELP", Intent.HELP, "Contoso: help", False),
        ("hello", Intent.NONE, None, False),
    ],
)
def test_a_text_to_the_number(
    world: World, text: str, intent: Intent, answer: str | None, suppressed: bool
) -> None:
    """It is one to the ID's program: it ends the list, and is answered from the number."""
    assert world.receive(text, NUMBER, PERSON).intent is intent
    assert [(sms.sender, sms.text) for sms in world.phone.received] == (
        [(NUMBER, answer)] if answer else []
    )
    for sender in (NUMBER, "Contoso", "+447400999999"):
        assert world.check(sender, PERSON).suppressed is suppressed


@pytest.mark.parametrize("reported", [NUMBER, "Contoso"])
def test_a_block_of_the_number_is_one_of_the_id(world: World, reported: str) -> None:
    """What the network reports of the one is so for the other, as far as it was sent in its place; only
    a word to the number takes it back."""
    report = report_event(OPTED_OUT, from_=reported, to=PERSON, at=world.clock.now)
    world.handler.handle(report)
    assert world.check("Contoso", PERSON).suppressed
    assert world.check(NUMBER, PERSON).suppressed
    assert not world.check("+447400999999", PERSON).suppressed
    world.clock.move(minutes=1)
    world.receive("START", NUMBER, PERSON)
    assert not world.check("Contoso", PERSON).suppressed
    assert not world.check(NUMBER, PERSON).suppressed


def test_out_of_the_id_by_hand(world: World) -> None:
    """Whoever is out of the ID is out of the number that stands for it, until they text it START."""
    target = Target(sender=world.directory.sender("contoso"))
    world.changes.record(target, PERSON, out=True, actor="ann", reason="phoned")
    assert world.check(NUMBER, PERSON).suppressed
    world.clock.move(minutes=1)
    world.receive("START", NUMBER, PERSON)
    assert world.phone.received[-1].text == "Contoso: in"
    assert not world.check("Contoso", PERSON).suppressed


def test_a_number_that_shows_no_country(tmp_path: Path) -> None:
    """It is of the country that its ID goes to, and nothing limits whom it reaches."""
    replaced = ID.replace("+44 7400 123456", "+447700900999")
    number = load(tmp_path, program(replaced)).sender("+447700900999")
    assert (number.country, number.reach) == ("GB", None)

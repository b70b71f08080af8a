"""The same digits as the short code of two countries: the recipient's country says which is meant, and
where that shows none, who is out of either is suppressed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from optout.decisions.target import Target
from optout.domain.errors import BadRequest
from optout.domain.model import Scope
from optout.operations.naming import for_many
from optout.operations.status import recipient_status
from optout.programs.directory import Directory
from tests.support.payloads import report_event
from tests.support.program_files import load, program
from tests.support.world import World

OPTED_OUT = "4007: Recipient has opted out"
CODE, LONG = "12345", "+14255550100"
US, CANADIAN, ELSEWHERE = "+14255550123", "+16045550123", "+447700900123"


def short_code(country: str) -> str:
    return f'number = "{CODE}"\ntype = "short_code"\ncountry = "{country}"'


def replies(name: str) -> str:
    return f'replies.stop = "{name}: out"\nreplies.start = "{name}: in"\nreplies.help = "{name}: help"'


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    return load(
        tmp_path,
        program(short_code("US"), f'number = "{LONG}"\ntype = "long_code"', rest=replies("Contoso"))
        + program(short_code("CA"), name="Fabrikam", rest=replies("Fabrikam")),
    )


@pytest.fixture
def world(directory: Directory, tmp_path: Path) -> Iterator[World]:
    with World(tmp_path, directory=directory) as opened:
        yield opened


def names(scopes: tuple[Scope, ...]) -> list[str]:
    return [str(scope) for scope in scopes]


@pytest.mark.parametrize(
    ("person", "lists", "answered"),
    [
        (US, ["list:contoso"], "Contoso"),
        ("+17875550123", ["list:contoso"], "Contoso"),
        (CANADIAN, ["list:fabrikam"], "Fabrikam"),
        (ELSEWHERE, ["list:contoso", "list:fabrikam"], "Contoso"),
        ("+19995550123", ["list:contoso", "list:fabrikam"], "Contoso"),
    ],
    ids=[
        "of the US",
        "of a territory",
        "of Canada",
        "of neither",
        "of an area code that is not in use",
    ],
)
def test_whose_stop_it_is(world: World, person: str, lists: list[str], answered: str) -> None:
    """It is about the digits, and the list of the program that can reach the person: where neither or
    both can, about both lists. START takes back what STOP did."""
    stop = world.receive("STOP", CODE, person)
    assert names(stop.scopes) == [f"sender:{CODE}", *lists]
    assert world.phone.received[-1].text == f"{answered}: out"
    assert world.check(CODE, person).suppressed
    world.clock.move(minutes=6)
    start = world.receive("START", CODE, person)
    assert names(start.scopes) == names(stop.scopes)
    assert world.phone.received[-1].text == f"{answered}: in"
    assert not world.check(CODE, person).suppressed


@pytest.mark.parametrize(
    ("out_of", "person", "suppressed"),
    [
        ("contoso", US, True),
        ("fabrikam", US, False),
        ("contoso", CANADIAN, False),
        ("fabrikam", CANADIAN, True),
        ("contoso", ELSEWHERE, True),
        ("fabrikam", ELSEWHERE, True),
    ],
)
def test_whose_list_counts(world: World, out_of: str, person: str, suppressed: bool) -> None:
    """Of the two lists the one of the country; both, where nothing shows which. Also where the other
    list's opt-in is newer."""
    target = Target(list=out_of)
    world.changes.record(target, person, out=True, actor="ann", reason="letter")
    world.clock.move(minutes=1)
    other = {"contoso": "fabrikam", "fabrikam": "contoso"}[out_of]
    world.changes.record(Target(list=other), person, out=False, actor="ann", reason="letter")
    assert world.check(CODE, person).suppressed is suppressed
    by_list = {each.list: each for each in recipient_status(person, world.directory, world.store)}
    for each in by_list.values():
        for sender, answer in each.senders:
            if sender.id == CODE:
                assert answer.suppressed is (each.list == out_of)


def test_many_at_once(world: World) -> None:
    """A check of people of both countries answers each by their own list; the cache does, too."""
    for person in (US, CANADIAN):
        world.changes.record(Target(list="contoso"), person, out=True, actor="ann", reason="letter")
    people = [CANADIAN, US, ELSEWHERE]
    for _ in range(2):
        found = world.checks.check(world.directory.sender(CODE), people)
        assert [each.suppressed for each in found] == [False, True, False]


def test_by_hand_and_by_report(world: World) -> None:
    """A change that names the digits, and a report about them, are about the one the recipient has."""
    target = Target(sender=world.directory.sender(CODE))
    changed = world.changes.record(target, CANADIAN, out=True, actor="ann", reason="phoned")
    assert changed.answer.suppressed
    assert names(world.newest(CANADIAN).scopes) == [f"sender:{CODE}", "list:fabrikam"]
    assert not world.check(LONG, CANADIAN).suppressed
    report = report_event(OPTED_OUT, from_=CODE, to=US, at=world.clock.now)
    world.handler.handle(report)
    assert names(world.newest(US).scopes) == [f"sender:{CODE}"]
    assert world.check(CODE, US).suppressed
    world.clock.move(minutes=1)
    assert not world.changes.record(
        target, CANADIAN, out=False, actor="ann", reason="phoned"
    ).answer.suppressed


def test_an_import_names_the_list(directory: Directory) -> None:
    """Whose rows they are would be another question for each: it is refused, with the lists."""
    with pytest.raises(BadRequest, match="name the list: contoso, fabrikam"):
        for_many(Target(sender=directory.sender(CODE)))
    for target in (Target(list="contoso"), Target(sender=directory.sender(LONG))):
        assert for_many(target) is target


def test_both_are_senders(directory: Directory) -> None:
    """Each of the two is on its list, and is a sender by itself."""
    assert [(each.id, each.country) for each in directory.every] == [
        (CODE, "US"),
        (CODE, "CA"),
        (LONG, "US"),
    ]
    assert [each.country for each in directory.on_list("fabrikam")] == ["CA"]
    assert directory.sender(CODE).reach == frozenset({"US", "AS", "GU", "MP", "PR", "VI", "CA"})
    assert directory.sender(CODE, CANADIAN).program == "Fabrikam"
    assert directory.countries_meant([directory.sender(CODE)]) >= {"US", "CA"}


def test_a_stop_in_words_of_one_country(world: World) -> None:
    """What the words mean depends on who writes: INFO is a word of Canada's short codes."""
    assert world.receive("INFO", CODE, CANADIAN).intent == "help"
    assert world.receive("INFO", CODE, US).intent == "none"


WORDS = """
[[program.keyword]]
words = ["{joins}"]
intent = "start"

[[program.keyword]]
words = ["{ends}"]
intent = "stop"
"""


@pytest.fixture
def wordy(tmp_path: Path) -> Iterator[World]:
    """Each of the two programs adds words of its own."""
    text = program(
        short_code("US"), rest=replies("Contoso") + WORDS.format(joins="DEAL", ends="MUTE")
    ) + program(
        short_code("CA"),
        name="Fabrikam",
        rest=replies("Fabrikam") + WORDS.format(joins="OFFER", ends="HUSH"),
    )
    with World(tmp_path, directory=load(tmp_path, text)) as opened:
        yield opened


@pytest.mark.parametrize(
    ("text", "person", "scopes", "answer"),
    [
        ("MUTE", US, [f"sender:{CODE}", "list:contoso"], "Contoso: out"),
        ("HUSH", US, [], None),
        ("HUSH", CANADIAN, [f"sender:{CODE}", "list:fabrikam"], "Fabrikam: out"),
        ("MUTE", ELSEWHERE, [f"sender:{CODE}", "list:contoso", "list:fabrikam"], "Contoso: out"),
        ("HUSH", ELSEWHERE, [f"sender:{CODE}", "list:contoso", "list:fabrikam"], "Contoso: out"),
        ("DEAL", ELSEWHERE, ["list:contoso"], "Contoso: in"),
        # What the first program would say is not true of the other's list.
        ("OFFER", ELSEWHERE, ["list:fabrikam"], None),
    ],
)
def test_words_of_two_programs(
    wordy: World, text: str, person: str, scopes: list[str], answer: str | None
) -> None:
    """Those of the program that can reach the person; where nothing shows which, those of both count,
    and a word of either that stops ends both lists."""
    assert names(wordy.receive(text, CODE, person).scopes) == scopes
    assert [sms.text for sms in wordy.phone.received] == ([answer] if answer else [])

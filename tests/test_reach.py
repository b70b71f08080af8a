"""How far a STOP reaches: its list, or everything, from a day on."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from optout.decisions.target import Target
from optout.domain.enums import EvidenceKind, Intent, ReviewVerdict, ScopeKind
from optout.domain.model import EVERYTHING, Evidence
from optout.operations.recompute import recompute_all
from optout.operations.status import recipient_status
from optout.operations.transfer.rows import ImportedRow
from optout.programs.directory import Directory
from tests.support.payloads import report_event, sms_event
from tests.support.places import Place, file_in
from tests.support.program_files import load
from tests.support.world import PERSON, Clock, World

# 00:00 UTC of the day from which the promo program's STOP ends everything.
DAY = datetime(2027, 1, 31, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
PROMO, ALERTS, TOLL_FREE = "12345", "+14255550100", "+18335550100"
ALL = (PROMO, ALERTS, TOLL_FREE)
PROBABLE = "How do I cancel these?"

PROGRAMS = """
[[program]]
name = "Contoso Promo"
list = "promo"
{promo}
[program.replies]
stop = "Contoso: You opted out of all messages and will not receive any more."

[[program.sender]]
number = "12345"
type = "short_code"
country = "US"

[[program]]
name = "Contoso Alerts"
list = "alerts"

[[program.sender]]
number = "+14255550100"
type = "long_code"

[[program.sender]]
number = "+18335550100"
type = "toll_free"
verified = true
"""
FROM_DAY = 'reach = "everything"\nreach_from = 2027-01-31'


def programs(folder: Path, promo: str = FROM_DAY, top: str = "") -> Directory:
    return load(folder, top + PROGRAMS.format(promo=promo))


@pytest.fixture
def world(place: Place, tmp_path: Path) -> Iterator[World]:
    """The program's day has come, and is an hour old."""
    clock = Clock(DAY + timedelta(hours=1))
    with World(place, directory=programs(tmp_path), clock=clock) as opened:
        yield opened


def out(world: World) -> list[str]:
    return [sender for sender in ALL if world.check(sender).suppressed]


def manual(world: World, stops: bool, at: datetime | None = None, sender: str = PROMO) -> None:
    target = Target(sender=world.directory.sender(sender))
    world.changes.record(target, PERSON, out=stops, actor="ann", reason="phoned", at=at)


@pytest.mark.parametrize(
    ("promo", "top", "before", "after"),
    [
        ("", "", [PROMO], [PROMO]),
        ('reach = "list"', "", [PROMO], [PROMO]),
        (FROM_DAY, "", [PROMO], [*ALL]),
        ('reach = "everything"', "", [*ALL], [*ALL]),
        ("", 'reach = "everything"\n', [*ALL], [*ALL]),
        ("", f"{FROM_DAY}\n", [PROMO], [*ALL]),
        ("reach_from = 2027-01-31", 'reach = "everything"\n', [PROMO], [*ALL]),
        # A program that says how far it reaches says since when, too.
        ('reach = "everything"', f"{FROM_DAY}\n", [*ALL], [*ALL]),
        ('reach = "list"', 'reach = "everything"\n', [PROMO], [PROMO]),
    ],
)
def test_who_says_how_far(
    promo: str, top: str, before: list[str], after: list[str], tmp_path: Path
) -> None:
    """The program, or else the file; before its day a STOP ends its list, and from 00:00 UTC on all."""
    for at, expected in ((DAY - MOMENT, before), (DAY, after)):
        with World(
            file_in(tmp_path / f"{at.year}"), directory=programs(tmp_path, promo, top), clock=Clock(at)
        ) as world:
            world.receive("STOP", PROMO)
            assert out(world) == expected, at


@pytest.mark.parametrize(
    ("text", "to", "at", "expected"),
    [
        ("STOP", PROMO, DAY, [*ALL]),
        ("STOP", PROMO, DAY - MOMENT, [PROMO]),
        ("please stop texting me", PROMO, DAY, [*ALL]),
        (PROBABLE, PROMO, DAY, [*ALL]),
        (PROBABLE, PROMO, DAY - MOMENT, [PROMO]),
        ("STOP ALL", PROMO, DAY - MOMENT, [*ALL]),
        ("STOP", ALERTS, DAY, [ALERTS, TOLL_FREE]),
        ("HELP", PROMO, DAY, []),
        ("see you at eight", PROMO, DAY, []),
    ],
)
def test_what_reaches_everything(
    world: World, text: str, to: str, at: datetime, expected: list[str]
) -> None:
    """Each request to stop, certain or probable, by its own time, however late it arrives; nothing
    else, and not what is said to another program."""
    evidence = world.receive(text, to, at=at)
    assert out(world) == expected
    assert (EVERYTHING in evidence.scopes) is (expected == [*ALL])
    assert evidence.intent is not Intent.STOP_ALL or text == "STOP ALL"


def test_start_in_between(world: World) -> None:
    """START lifts its sender and its list only; on everything, the newest of each list counts."""
    world.receive("STOP", PROMO, at=DAY - timedelta(days=2))
    world.receive("START", PROMO, at=DAY - timedelta(days=1))
    world.receive("START", ALERTS, at=DAY - timedelta(days=1))
    assert out(world) == []
    world.receive("STOP", PROMO, at=DAY)
    assert out(world) == [*ALL]
    world.receive("START", PROMO, at=DAY + timedelta(minutes=1))
    assert out(world) == [ALERTS, TOLL_FREE]
    world.receive("START", ALERTS, at=DAY + timedelta(minutes=2))
    assert out(world) == []


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1), (1, 3, 0, 2)])
def test_in_whatever_order_they_arrive(world: World, order: tuple[int, ...]) -> None:
    """A STOP before the day and a START to the other; on the day, the same again."""
    said = [
        ("STOP", PROMO, DAY - timedelta(minutes=9)),
        ("START", ALERTS, DAY - timedelta(minutes=8)),
        ("STOP", PROMO, DAY + timedelta(minutes=1)),
        ("START", ALERTS, DAY + timedelta(minutes=2)),
    ]
    for text, to, at in (said[place] for place in order):
        world.receive(text, to, at=at)
    assert out(world) == [PROMO]
    assert world.store.consents(PERSON, [EVERYTHING])[EVERYTHING].since == DAY + timedelta(minutes=1)


@pytest.mark.parametrize(("now", "expected"), [(DAY - MOMENT, [PROMO]), (DAY, [*ALL])])
def test_an_undated_stop(world: World, now: datetime, expected: list[str]) -> None:
    """It is of now where nothing stands, and reaches as far as that time says."""
    world.clock.now = now
    world.handler.handle(sms_event("STOP", to=PROMO, at="never", event_time="never"))
    assert "no_time" in world.newest().flags
    assert out(world) == expected


def test_a_stop_that_is_ahead(world: World) -> None:
    """A clock that is ahead is not believed: before the day, it is of now."""
    world.clock.now = DAY - timedelta(hours=1)
    world.receive("STOP", PROMO, at=DAY + timedelta(hours=1))
    assert out(world) == [PROMO]


def test_an_undated_stop_just_after_what_stands(world: World) -> None:
    """What stands is of a host whose clock is ahead, past midnight: so is the STOP, and its reach."""
    world.receive("START", PROMO, at=DAY)
    world.clock.now = DAY - timedelta(minutes=10)
    world.handler.handle(sms_event("STOP", to=PROMO, at="never", event_time="never"))
    assert world.newest().at == DAY + MOMENT
    assert out(world) == [*ALL]


def test_by_hand(world: World) -> None:
    """An opt-out that names the sender, at the time that it names, or by its effective time."""
    manual(world, True, DAY - MOMENT)
    assert out(world) == [PROMO]
    manual(world, True)
    assert out(world) == [*ALL]
    world.clock.move(minutes=1)
    manual(world, False)
    assert out(world) == [ALERTS, TOLL_FREE]


def test_by_hand_just_after_what_stands(world: World) -> None:
    """By a clock that is behind, it is of the time just after what stands, and reaches as far."""
    world.receive("START", PROMO, at=DAY)
    world.clock.now = DAY - timedelta(minutes=10)
    manual(world, True)
    assert out(world) == [*ALL]


def test_by_hand_of_a_list(world: World) -> None:
    """What names the list is about the list."""
    target = Target(list="promo")
    world.changes.record(target, PERSON, out=True, actor="ann", reason="phoned")
    assert out(world) == [PROMO]


def test_what_does_not_reach(world: World) -> None:
    """A delivery report is about its sender, and a list from elsewhere about what it names."""
    world.handler.handle(report_event("4007", to=PERSON, from_=PROMO))
    assert [scope.kind for scope in world.newest().scopes] == [ScopeKind.SENDER]
    other = "+14255550124"
    with world.importer(Target(sender=world.directory.sender(PROMO))) as importer:
        importer.record([ImportedRow(other, DAY, True, ())])
    assert world.newest(other).kind is EvidenceKind.IMPORT
    assert not world.check(ALERTS, other).suppressed
    assert world.check(PROMO, other).suppressed


def judge(world: World, evidence: Evidence, verdict: ReviewVerdict) -> Evidence:
    return world.reviews.judge(evidence.id, verdict, "pat", "read it")


def test_a_probable_request_is_lifted_whole(world: World) -> None:
    """Everything that rests on it alone is as it was; what a clear STOP has made stays."""
    evidence = world.receive(PROBABLE, PROMO)
    assert out(world) == [*ALL]
    judge(world, evidence, ReviewVerdict.LIFT)
    assert out(world) == []
    again = world.receive(PROBABLE, PROMO)
    world.clock.move(minutes=1)
    world.receive("STOP", ALERTS)
    judge(world, again, ReviewVerdict.LIFT)
    assert out(world) == [ALERTS, TOLL_FREE]


@pytest.mark.parametrize(
    ("policy", "then", "now", "expected"),
    [
        ("suppress", FROM_DAY, FROM_DAY, [*ALL]),
        ("review", FROM_DAY, FROM_DAY, [*ALL]),
        # What was recorded is not lessened by a file that has changed since.
        ("suppress", FROM_DAY, 'reach = "list"', [*ALL]),
        ("suppress", "", FROM_DAY, [*ALL]),
        ("review", "", "", [PROMO]),
    ],
)
def test_a_probable_request_is_confirmed(
    place: Place, tmp_path: Path, policy: str, then: str, now: str, expected: list[str]
) -> None:
    """By the request's own time, it does what such a request does, and nothing less than it did."""
    probable = f'\n[program.probable]\npolicy = "{policy}"\n'
    clock = Clock(DAY)
    with World(place, directory=programs(tmp_path, then + probable), clock=clock) as world:
        evidence = world.receive(PROBABLE, PROMO)
        world.directory = programs(tmp_path, now + probable)
        clock.move(days=1)
        confirmed = judge(world, evidence, ReviewVerdict.CONFIRM)
        assert out(world) == expected
        assert set(evidence.scopes) <= set(confirmed.scopes)
        assert (EVERYTHING in confirmed.scopes) is (expected == [*ALL])


def test_old_evidence_stays_as_it_was(world: World, tmp_path: Path) -> None:
    """A file that reaches further changes nothing that is recorded, also where all is computed anew."""
    world.directory = programs(tmp_path, "")
    world.receive("STOP", PROMO)
    world.directory = programs(tmp_path, 'reach = "everything"')
    assert list(recompute_all(world.recorder)) == []
    assert out(world) == [PROMO]
    world.directory = programs(tmp_path, "")
    world.clock.move(minutes=10)
    world.directory = programs(tmp_path, 'reach = "everything"')
    world.receive("STOP", PROMO)
    world.directory = programs(tmp_path, "")
    assert list(recompute_all(world.recorder)) == []
    assert out(world) == [*ALL]


def test_the_status_says_it(world: World) -> None:
    """Of the other lists: everything, since the STOP; of a list that is back: in, since START."""
    world.receive("STOP", PROMO)
    world.clock.move(minutes=1)
    world.receive("START", PROMO)
    promo, alerts = recipient_status(PERSON, world.directory, world.store)
    assert (promo.answer.suppressed, promo.answer.in_since) == (False, world.clock.now)
    assert (alerts.answer.scope, alerts.answer.keyword) == (ScopeKind.EVERYTHING, "STOP")

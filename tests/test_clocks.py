"""Rule 2 where clocks disagree: no STOP is lost to one, and none that ran ahead is followed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from optout.decisions.target import Target
from optout.domain.enums import Effect, EvidenceKind, ReplyStatus, ReviewVerdict
from optout.domain.errors import BadRequest
from optout.domain.model import Decision, Evidence
from optout.operations.transfer.rows import ImportedRow
from tests.support.payloads import report_event, sms_event
from tests.support.world import CONTOSO, NOON, PERSON, Clock, World, write

SENDER = Target(sender=CONTOSO.sender("12345"))


def by_hand(world: World, out: bool, **ahead: float) -> Effect:
    at = world.clock.now + timedelta(**ahead) if ahead else None
    return world.changes.record(SENDER, PERSON, out=out, actor="ann", reason="phoned", at=at).effect


def without_time(text: str) -> str:
    return sms_event(text, at=None, event_time=None)


@pytest.mark.parametrize("hours", [0.1, 24, 24 * 365])
@pytest.mark.parametrize("when", ["missing", "ahead"])
def test_a_stop_on_a_host_whose_clock_is_behind(world: World, when: str, hours: float) -> None:
    """It takes effect, just after the START that another host took before it."""
    world.receive("START")
    world.clock.now -= timedelta(hours=hours)
    at = None if when == "missing" else NOON + timedelta(hours=1)
    event = without_time("STOP") if at is None else sms_event("STOP", at=at)
    world.handler.handle(event)
    assert world.newest().effect is Effect.OPTED_OUT
    assert world.newest().at == NOON + timedelta(microseconds=1)
    assert world.check().suppressed
    before = world.consents(PERSON, ["12345"])
    world.clock.now = NOON + timedelta(hours=2)
    world.handler.handle(event)
    assert world.consents(PERSON, ["12345"]) == before


def test_a_block_without_a_time_on_a_host_whose_clock_is_behind(world: World) -> None:
    """What ACS reports of an opt-out takes effect as well."""
    world.receive("START", "+18335550100")
    world.clock.now -= timedelta(hours=3)
    world.handler.handle(report_event("4007", to=PERSON, attempts=[], at="no time"))
    assert world.check("+18335550100").suppressed


def test_an_opt_out_by_hand_on_a_host_whose_clock_is_behind(world: World) -> None:
    """Without a time of its own it is of now, which is after what stands."""
    world.receive("START")
    world.clock.now -= timedelta(hours=3)
    assert by_hand(world, out=True) is Effect.OPTED_OUT
    assert world.check().suppressed


def test_an_opt_in_without_a_time_stays_behind_a_newer_stop(world: World) -> None:
    """When in doubt, the person is out."""
    world.receive("STOP")
    world.clock.now -= timedelta(hours=3)
    assert by_hand(world, out=False) is Effect.OUTDATED
    assert world.check().suppressed


@pytest.mark.parametrize(("out", "at"), [(True, 0.1), (True, 299), (False, 0.1), (False, 299)])
def test_a_desk_whose_clock_is_a_little_ahead(world: World, out: bool, at: float) -> None:
    """Five minutes are tolerated, as for messages; an opt-in is never ahead of its time."""
    world.receive("START" if out else "STOP")
    world.clock.move(seconds=1)
    by_hand(world, out=out, seconds=at)
    assert world.check().suppressed is out
    expected = world.clock.now + timedelta(seconds=at if out else 0)
    assert world.newest().at == expected


def test_a_desk_whose_clock_is_far_ahead(world: World) -> None:
    """More is refused, and nothing is recorded."""
    with pytest.raises(BadRequest, match="future"):
        by_hand(world, out=True, seconds=301)
    assert world.history() == ()


def test_one_record_of_a_clock_far_ahead(world: World) -> None:
    """It does not make the pair guarded for as long as that clock was ahead, nor date what follows."""
    ahead = World.__new__(World)
    ahead.__dict__.update(world.__dict__)
    ahead.clock = Clock(NOON + timedelta(days=30))
    ahead.receive("HELP", at=NOON)
    for _ in range(3):
        world.clock.move(minutes=10)
        recorded = world.receive("HELP")
        assert recorded.received_at < world.clock.now + timedelta(minutes=1)
        assert recorded.reply
        assert recorded.reply.status is ReplyStatus.SENT


def test_an_old_everything_beside_a_lifted_request(world: World) -> None:
    """A list of 2012 that opts out of everything is not undone by a verdict, older than all."""
    everything = world.importer(Target(everything=True))
    everything.record([ImportedRow(PERSON, datetime(2012, 1, 1, tzinfo=UTC))])
    probable = world.receive("stop everything")
    assert probable.policy is not None
    world.reviews.judge(probable.id, ReviewVerdict.LIFT, "pat", "read it")
    assert world.check().suppressed


def test_two_opt_outs_at_one_moment(tmp_path: Path) -> None:
    """Which keyword stands does not depend on which arrives first."""
    stood = set()
    for number, order in enumerate(
        (["STOP", "QUIT", "END"], ["END", "QUIT", "STOP"], ["QUIT", "STOP", "END"])
    ):
        with World(tmp_path / str(number)) as world:
            for text in order:
                world.receive(text, at=NOON, message_id=text)
            stood.add(world.check().keyword)
    assert len(stood) == 1


def test_a_late_stop_before_a_probable_one_is_confirmed(world: World) -> None:
    """The person is out by a request that nobody answered: the STOP that arrives late is answered."""
    world.clock.move(minutes=1)
    assert world.receive("stop everything").policy is not None
    recorded = world.receive("STOP", at=NOON)
    assert recorded.effect is Effect.CONFIRMED
    assert recorded.reply
    assert recorded.reply.status is ReplyStatus.SENT
    assert world.check().since == NOON


def test_a_late_message_that_repeats_reads_no_history(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it is: only one that contradicts what stands needs it."""
    world.receive("STOP", at=NOON)
    world.clock.move(minutes=3)
    world.receive("STOP")
    from optout.store.sqlite import decisions

    monkeypatch.setattr(decisions, "read_timeline", lambda *asked: pytest.fail("it was read"))
    assert world.receive("STOP", at=NOON + timedelta(minutes=1)).effect is Effect.CONFIRMED
    monkeypatch.undo()
    assert world.check().since == NOON


def imported(at: datetime, identifier: str) -> Evidence:
    made = SENDER.evidence(EvidenceKind.IMPORT, out=True, now=at)
    return replace(made, id=identifier, recipient=PERSON, at=at)


def test_evidence_of_any_order_gives_one_consent(tmp_path: Path) -> None:
    """Texts with times of their own, in many orders of arrival: the same in every field."""
    draw = Random(7)
    texts = [("STOP", 1), ("QUIT", 1), ("START", 2), ("END", 3), ("STOP", 3), ("START", 3), ("QUIT", 5)]
    results = []
    for number in range(12):
        with World(tmp_path / str(number)) as world:
            world.clock.move(hours=1)
            for text, minute in draw.sample(texts, len(texts)):
                world.receive(text, at=NOON + timedelta(minutes=minute), message_id=f"{text}{minute}")
            results.append(world.consents(PERSON, ["12345"]))
    assert all(result == results[0] for result in results)


def test_a_decision_is_written_as_it_is(world: World) -> None:
    """What the helpers of these tests rely on."""
    write(world.store, Decision(replace(imported(NOON, "an id"), number=1)))
    assert [item.id for item in world.history()] == ["an id"]


@pytest.mark.parametrize("way", ["by hand", "by text", "by list"])
def test_what_stands_in_a_wider_scope_counts_as_well(world: World, way: str) -> None:
    """An opt-in to everything by a host that is ahead does not stand against a STOP of now."""
    everything, on_list = Target(everything=True), Target(list="contoso-alerts")
    world.clock.move(minutes=2)
    world.changes.record(everything, PERSON, out=False, actor="ann", reason="phoned")
    world.clock.now = NOON
    match way:
        case "by hand":
            world.changes.record(on_list, PERSON, out=True, actor="ann", reason="phoned")
        case "by text":
            world.handler.handle(sms_event("STOP", at=NOON + timedelta(days=1)))
        case _:
            world.importer(on_list).record([ImportedRow(PERSON, NOON + timedelta(days=1))])
    assert world.check("12345").suppressed
    assert world.check("+18335550100").suppressed

"""Delivery reports: a block that ACS knows of, our own replies, and everything else."""

from datetime import datetime, timedelta

import pytest

from optout.azure.sms import Outcome, Sending
from optout.domain.enums import Effect, EvidenceKind, Party, ReplyStatus, ScopeKind
from optout.domain.model import Reply
from optout.operations.handle import Result
from optout.operations.naming import find_target
from optout.operations.reply_delivery import REPLY_TAG
from tests.support.payloads import report_event, sms_event
from tests.support.world import NOON, PERSON, World

TOLL_FREE = "+18335550100"


def reported(world: World, details: str, sender: str = TOLL_FREE, **said: object) -> None:
    """Deliver a failed report about a message to PERSON."""
    event = report_event(details, from_=sender, to=PERSON, **said)  # type: ignore[arg-type]
    assert world.handler.handle(event) is Result.HANDLED


@pytest.mark.parametrize(
    "details",
    [
        "4007",
        "4007: Recipient has opted out",
        "4007 : The recipient has opted out.",
        "Error 4007",
        "Sender blocked for given recipient.",
        "sender blocked for given recipient",
        "Sender  Blocked for given recipient (STOP).",
    ],
)
def test_the_recipient_has_opted_out(world: World, details: str) -> None:
    """Any form in which ACS says so suppresses the sender, and the history says why."""
    reported(world, details, attempts=[NOON])
    answer = world.check(TOLL_FREE)
    assert (answer.suppressed, answer.scope, answer.blocked_by) == (
        True,
        ScopeKind.SENDER,
        Party.CARRIER,
    )
    assert answer.source is EvidenceKind.DELIVERY_REPORT
    evidence = world.newest()
    assert (evidence.effect, evidence.reason) == (Effect.OPTED_OUT, details)
    assert evidence.reply is None
    assert not world.check("12345").suppressed


@pytest.mark.parametrize(
    ("status", "details"),
    [
        ("Delivered", "No error."),
        ("Delivered", "2000: No Error"),
        ("Delivered", "4007"),
        ("Failed", "4004: no such number"),
        ("Failed", "14007: not this code"),
        ("Failed", ""),
        ("Failed", None),
    ],
)
def test_other_reports_change_nothing(world: World, status: str, details: str | None) -> None:
    """They leave no evidence, and cost no read at all."""
    store, world.store = world.store, None  # type: ignore[assignment]
    event = report_event(details, status=status, from_=TOLL_FREE, to=PERSON, tag="marketing")
    assert world.handler.handle(event) is Result.HANDLED
    world.store = store
    assert world.history() == ()


@pytest.mark.parametrize(
    ("attempts", "at"),
    [
        ([NOON - timedelta(hours=1), NOON], NOON - timedelta(hours=1)),
        ([NOON, NOON - timedelta(hours=1)], NOON - timedelta(hours=1)),
        ([], NOON - timedelta(minutes=1)),
    ],
)
def test_the_time_of_the_earliest_attempt(world: World, attempts: list[datetime], at: datetime) -> None:
    """Else the time of the report."""
    reported(world, "4007", attempts=attempts, at=NOON - timedelta(minutes=1))
    assert world.newest().at == at


def test_a_block_that_stood_after_a_start(world: World) -> None:
    """An attempt after a START that was still blocked suppresses; one before it does not."""
    world.receive("STOP", TOLL_FREE, at=NOON - timedelta(hours=3))
    world.receive("START", TOLL_FREE, at=NOON - timedelta(hours=2))
    reported(world, "4007", attempts=[NOON - timedelta(hours=2, minutes=30)])
    assert world.newest().effect is Effect.OUTDATED
    assert not world.check(TOLL_FREE).suppressed
    reported(world, "4007", attempts=[NOON - timedelta(hours=1)])
    assert world.newest().effect is Effect.OPTED_OUT
    assert world.check(TOLL_FREE).since == NOON - timedelta(hours=1)


def test_acs_blocks_where_no_carrier_does(world: World) -> None:
    """A report about a short code is a block of the platform's; only the person can lift it."""
    reported(world, "4007", "54321", attempts=[NOON])
    assert world.check("54321").blocked_by is Party.PLATFORM


@pytest.mark.parametrize("sender", ["CONTOSO", "78787", "12345"])
def test_a_block_where_nobody_else_manages_opt_out(world: World, sender: str) -> None:
    """It can be lifted by hand: nobody can text START to a sender ID."""
    reported(world, "4007", sender, attempts=[NOON])
    assert world.check(sender).blocked_by is Party.SERVICE
    world.clock.move(seconds=1)
    target = find_target(world.directory, sender, None, everything=False)
    changed = world.changes.record(target, PERSON, out=False, actor="ann", reason="phoned")
    assert not changed.answer.suppressed


def test_a_report_twice(world: World) -> None:
    """The same report again is the same evidence."""
    for _ in range(2):
        reported(world, "4007", message_id="m", attempts=[NOON])
    assert len(world.history()) == 1


def delivered(world: World, tag: str) -> None:
    """Deliver a report that a message from the short code has arrived."""
    event = report_event("No error.", status="Delivered", from_="12345", to=PERSON, tag=tag)
    assert world.handler.handle(event) is Result.HANDLED


def replied(world: World) -> Reply:
    reply = world.newest().reply
    assert reply is not None
    return reply


@pytest.mark.parametrize(
    ("status", "details", "ends", "error"),
    [
        ("Delivered", "No error.", ReplyStatus.SENT, None),
        ("Failed", "4005: blocked by carrier", ReplyStatus.FAILED, "4005: blocked by carrier"),
    ],
)
def test_a_report_about_our_own_reply(
    world: World, status: str, details: str, ends: ReplyStatus, error: str | None
) -> None:
    """The reply in the history says whether it arrived, and why not; the consent stays."""
    evidence = world.receive("STOP")
    event = report_event(
        details, status=status, from_="12345", to=PERSON, tag=REPLY_TAG + evidence.id,
        attempts=[NOON + timedelta(seconds=2)],
    )  # fmt: skip
    for _ in range(2):
        assert world.handler.handle(event) is Result.HANDLED
    reply = replied(world)
    assert (reply.status, reply.error) == (ends, error)
    assert reply.delivery is not None
    assert reply.delivery.delivered is (status == "Delivered")
    assert reply.delivery.at == NOON + timedelta(seconds=2)
    assert len(world.history()) == 1
    assert world.check().suppressed


def test_a_report_ends_the_doubt_about_a_reply(world: World) -> None:
    """A reply of which nobody knew is sent after all, when its report comes."""
    world.phone.outcomes = [Outcome(Sending.AGAIN, error="time-out", in_doubt=True)] * 9
    stop = sms_event("STOP", at=NOON)
    world.handler.handle(stop)
    world.clock.move(minutes=6)
    world.handler.handle(stop)
    assert replied(world).status is ReplyStatus.UNKNOWN
    tag = REPLY_TAG + world.newest().id
    world.handler.handle(
        report_event("No error.", status="Delivered", from_="12345", to=PERSON, tag=tag)
    )
    assert (replied(world).status, replied(world).in_doubt) == (ReplyStatus.SENT, False)


def test_our_own_reply_was_blocked(world: World) -> None:
    """A report that our reply met a block does both: it completes the reply and suppresses."""
    evidence = world.receive("HELP")
    reported(world, "4007", "12345", tag=REPLY_TAG + evidence.id, attempts=[NOON])
    help_, report = world.history()
    assert help_.reply is not None
    assert help_.reply.status is ReplyStatus.FAILED
    assert report.kind is EvidenceKind.DELIVERY_REPORT
    assert world.check("12345").suppressed


@pytest.mark.parametrize("tag", [REPLY_TAG, REPLY_TAG + "no such evidence", "other"])
def test_a_tag_that_leads_nowhere(world: World, tag: str) -> None:
    """A tag that is not one of our replies changes nothing."""
    world.receive("HELP")
    world.handler.handle(
        report_event("No error.", status="Delivered", to=PERSON, from_="12345", tag=tag)
    )
    assert replied(world).delivery is None


def test_an_unverified_toll_free_number(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Code 4010 is logged as an error that names the remedy."""
    reported(world, "4010: not verified")
    (line,) = [record for record in caplog.records if "toll_free_not_verified" in record.message]
    assert line.levelname == "ERROR"
    assert "toll-free verification form" in line.message
    assert TOLL_FREE in line.message
    assert PERSON not in caplog.text

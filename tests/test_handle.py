"""One message at a time: what it does, who answers with what, and what the record says."""

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from optout.azure.sms import Outcome, Sending
from optout.domain.enums import Effect, Party, ReplyStatus, ScopeKind
from optout.domain.model import Quarantined
from optout.operations.handle import Result
from optout.programs.directory import Directory
from tests.support.payloads import sms_event
from tests.support.world import ALERTS_STOP, CONTOSO, NOON, PERSON, World, replied

CARRIER_STOP = (
    "NETWORK MSG: You replied with the word STOP, which blocks all texts sent from this number. "
    "Text back UNSTOP to receive messages again."
)
CARRIER_START = (
    "NETWORK MSG: You have replied UNSTOP and will begin receiving messages again from this number."
)
ALERTS_HELP = "Thanks for texting Contoso! Call 1-800-800-8000 for support."
FRENCH_STOP = "Contoso Canada : vous êtes désabonné et ne recevrez plus de messages."
CANADIAN_HELP = CONTOSO.senders["55555"].replies[""]["help"]
FRENCH_HELP = CONTOSO.senders["55555"].replies["fr"]["help"]


@pytest.mark.parametrize(
    ("to", "text", "effect", "answered_by", "status", "answer", "blocked_by"),
    [
        ("12345", "STOP", "opted_out", "service", "sent", ALERTS_STOP, "service"),
        ("12345", "Opt-Out!", "opted_out", "service", "sent", ALERTS_STOP, "service"),
        ("12345", "HELP", "none", "service", "sent", ALERTS_HELP, None),
        ("12345", "see you at the weekend", "none", None, None, None, None),
        ("+18335550100", "STOP", "opted_out", "carrier", "by_carrier", CARRIER_STOP, "carrier"),
        ("+18335550100", "QUIT", "opted_out", "service", "sent", ALERTS_STOP, "service"),
        ("+18335550100", "UNSTOP", "opted_in", "carrier", "by_carrier", CARRIER_START, None),
        ("+18335550100", "HELP", "none", "service", "sent", ALERTS_HELP, None),
        ("+14255550100", "REVOKE", "opted_out", "service", "sent", ALERTS_STOP, "service"),
        ("54321", "CANCEL", "opted_out", "platform", "by_platform", ALERTS_STOP, "platform"),
        ("54321", "UNSTOP", "opted_in", "nobody", "none", None, None),
        ("54321", "HELP", "none", "platform", "by_platform", ALERTS_HELP, None),
        ("54321", "Arrêt", "opted_out", "service", "sent", ALERTS_STOP, "service"),
        ("55555", "ARRET", "opted_out", "service", "sent", FRENCH_STOP, "service"),
        ("55555", "aide", "none", "service", "sent", FRENCH_HELP, None),
        ("55555", "UNSTOP", "none", "service", "sent", CANADIAN_HELP, None),
        ("78787", "Stop all", "opted_out", "service", "sent", None, "service"),
        ("CONTOSO", "STOP", "opted_out", "nobody", "none", None, "service"),
        ("99999", "STOP", "opted_out", "nobody", "none", None, "service"),
        ("99999", "HELP", "none", "nobody", "none", None, None),
        ("+18445550100", "STOP", "opted_out", "carrier", "by_carrier", CARRIER_STOP, "carrier"),
        ("+447700900900", "STOP", "opted_out", "nobody", "none", None, "service"),
    ],
)
def test_each_sender(
    world: World,
    to: str,
    text: str,
    effect: str,
    answered_by: str | None,
    status: str | None,
    answer: str | None,
    blocked_by: str | None,
) -> None:
    """The matrix: effect, who answers with what, and who blocks, for each kind of sender."""
    evidence = world.receive(text, to)
    assert evidence.effect == effect
    assert (evidence.reply and evidence.reply.answered_by) == answered_by
    assert (evidence.reply and evidence.reply.status) == status
    if answer is not None:
        assert replied(evidence).text == answer
    assert [sms.text for sms in world.phone.received] == (
        [replied(evidence).text] if status == "sent" else []
    )
    assert world.check(to).blocked_by == blocked_by
    assert evidence.text == text


def test_start_on_one_sender_leaves_the_carriers_block(world: World) -> None:
    """START to the short code does not pretend that the toll-free block of the same list is gone."""
    world.receive("STOP", "+18335550100")
    assert world.check("12345").scope is ScopeKind.LIST
    world.clock.move(minutes=1)
    world.receive("START", "12345")
    assert not world.check("12345").suppressed
    assert world.check("+18335550100").blocked_by is Party.CARRIER


def test_stop_all_reaches_every_list_until_a_later_start(world: World) -> None:
    """STOP ALL ends everything; a later START to one program brings that one back alone."""
    world.receive("STOP ALL", "78787")
    assert world.check("12345").scope is ScopeKind.EVERYTHING
    world.clock.move(minutes=1)
    world.receive("START", "12345")
    assert not world.check("12345").suppressed
    assert world.check("55555").scope is ScopeKind.EVERYTHING
    assert world.check("78787").scope is ScopeKind.SENDER


def test_an_ordinary_message_opts_nobody_in(world: World) -> None:
    """Only an explicit word opts a person in."""
    world.receive("STOP")
    for text in ("yes please", "hello", "start sending me things", "START NOW"):
        world.clock.move(minutes=1)
        world.receive(text)
    assert world.check().suppressed


def test_a_carriers_block_survives_other_words(world: World) -> None:
    """QUIT after STOP keeps `since` and the carrier's block, and cannot be answered through it."""
    world.receive("STOP", "+18335550100")
    world.clock.move(minutes=10)
    quit_ = world.receive("QUIT", "+18335550100")
    assert quit_.effect is Effect.CONFIRMED
    assert replied(quit_).status is ReplyStatus.BLOCKED
    answer = world.check("+18335550100")
    assert (answer.since, answer.blocked_by) == (NOON, Party.CARRIER)


def test_help_while_opted_out(world: World) -> None:
    """Answered where the block is ours, recorded as blocked where a carrier would stop it."""
    for to, status in (("55555", ReplyStatus.SENT), ("+18335550100", ReplyStatus.BLOCKED)):
        world.receive("STOP", to)
        assert replied(world.receive("HELP", to)).status is status


@pytest.mark.parametrize(
    ("texts", "minutes", "expected"),
    [
        (["STOP", "STOP"], 1, ["sent", "guarded"]),
        (["STOP", "STOP"], 6, ["sent", "sent"]),
        (["HELP", "HELP", "HELP"], 3, ["sent", "guarded", "sent"]),
        (["HELP", "STOP", "HELP"], 1, ["sent", "sent", "sent"]),
        (["STOP", "START", "STOP", "START"], 1, ["sent"] * 4),
        (["STOP", "STOP ALL"], 1, ["sent", "sent"]),
        (["HELP"] * 9, 7, ["sent"] * 6 + ["guarded"] * 3),
        (["STOP", "START"] * 4, 1, ["sent"] * 6 + ["guarded"] * 2),
    ],
)
def test_loops(world: World, texts: list[str], minutes: int, expected: list[str]) -> None:
    """Rule 6: the same request again within five minutes, or more than six answers an hour."""
    found = []
    for text in texts:
        found.append(replied(world.receive(text)).status)
        world.clock.move(minutes=minutes)
    assert found == expected


def test_a_loop_of_a_machine_stays_silent(world: World) -> None:
    """However long two machines talk to each other, six answers an hour is the most."""
    for _ in range(120):
        world.receive("STOP")
        world.clock.move(seconds=30)
        world.receive("START")
        world.clock.move(seconds=30)
    assert len(world.phone.received) <= 2 * 6
    assert len(world.history()) == 240


def test_the_published_sample(world: World) -> None:
    """A message of 2020 suppresses; its reply has expired."""
    evidence = world.receive("STOP", at=datetime(2020, 9, 18, 0, 27, 45, 320000, UTC))
    assert (evidence.effect, replied(evidence).status) == (Effect.OPTED_OUT, ReplyStatus.EXPIRED)


@pytest.mark.parametrize(
    ("ahead", "at", "flags"),
    [
        (timedelta(minutes=5), NOON + timedelta(minutes=5), ()),
        (timedelta(minutes=5, seconds=1), NOON, ("future_time",)),
        (timedelta(days=400), NOON, ("future_time",)),
    ],
)
def test_a_time_in_the_future(
    world: World, ahead: timedelta, at: datetime, flags: tuple[str, ...]
) -> None:
    """Beyond what a clock may be wrong by, a time in the future counts as now, and is flagged."""
    evidence = world.receive("STOP", at=NOON + ahead)
    assert (evidence.at, evidence.flags) == (at, flags)
    # The reply's time runs from its first attempt where that is earlier than the receipt.
    assert replied(evidence).expires_at == NOON + timedelta(minutes=5)


def test_an_opt_in_ahead_of_its_time(world: World) -> None:
    """It counts as now, so that it cannot outdate a STOP that is sent before its stamp."""
    world.receive("STOP", at=NOON - timedelta(hours=1))
    assert world.receive("START", at=NOON + timedelta(minutes=4)).at == NOON
    world.clock.move(minutes=1)
    world.receive("STOP")
    assert world.check().suppressed


def test_what_others_write_is_not_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """ACS's own words may name a number or quote a text: the history keeps them, the log a code."""
    caplog.set_level(logging.INFO)
    world.phone.outcomes = [Outcome(Sending.REFUSED, error=f"400 The number {PERSON} said HELP")]
    world.receive("STOP")
    assert PERSON not in caplog.text
    assert "said" not in caplog.text
    assert '"reply_error": "400"' in caplog.text
    assert PERSON in str(replied(world.newest()).error)


def test_no_time_at_all(world: World) -> None:
    """A clear STOP is applied at arrival and flagged; anything else waits in quarantine."""
    stop = sms_event("STOP", at="yesterday", message_id="s")
    start = sms_event("START", at="yesterday", message_id="t")
    assert world.handler.handle(stop) is Result.HANDLED
    assert (world.newest().at, world.newest().flags) == (NOON, ("no_time",))
    assert world.handler.handle(start) is Result.QUARANTINED
    assert world.check().suppressed
    world.clock.move(hours=1)
    assert world.handler.handle(stop) is Result.HANDLED
    assert len(world.history()) == 1


def test_a_late_message_is_outdated(world: World) -> None:
    """An older START after a STOP changes nothing, is answered by nothing, and is recorded."""
    world.receive("STOP")
    late = world.receive("START", at=NOON - timedelta(minutes=1))
    assert (late.effect, replied(late).status) == (Effect.OUTDATED, ReplyStatus.SUPERSEDED)
    assert world.check().suppressed


def test_on_a_tie_stop_wins(world: World) -> None:
    """STOP and START at the same instant, in either order, end in out."""
    for first, second, person in (("STOP", "START", PERSON), ("START", "STOP", "+14255550124")):
        world.receive(first, person=person, at=NOON)
        world.receive(second, person=person, at=NOON)
        assert world.check(person=person).suppressed


def test_a_start_that_another_list_member_outdates(world: World) -> None:
    """START is not confirmed to a person whom a newer STOP keeps off the list."""
    world.receive("STOP", "12345")
    evidence = world.receive("START", "+14255550100", at=NOON - timedelta(seconds=30))
    assert evidence.effect is Effect.OUTDATED
    assert replied(evidence).status is ReplyStatus.SUPERSEDED
    assert world.check("+14255550100").scope is ScopeKind.LIST


@pytest.mark.parametrize(
    ("to", "person", "flags"),
    [
        ("12345", "+14255550123", ()),
        ("12345", "+16045550123", ("out_of_reach",)),
        ("12345", "+17875550123", ()),
        ("12345", "+18095550123", ("out_of_reach",)),
        ("12345", "+447700900123", ("out_of_reach",)),
        ("55555", "+16045550123", ()),
        ("55555", "+14255550123", ("out_of_reach",)),
        ("78787", "+447700900123", ()),
        ("78787", "+353871234567", ("out_of_reach",)),
        ("+18335550100", "+14255550123", ()),
        ("+18335550100", "+16045550123", ()),
        ("+18335550100", "+17875550123", ()),
        ("+18335550100", "+447700900123", ("out_of_reach",)),
        ("+18335550100", "+18095550123", ("out_of_reach",)),
        ("+14255550100", "+16045550123", ("out_of_reach",)),
        ("+14255550100", "+16715550123", ()),
        ("+14255550100", "+19995550123", ()),
        ("+14255550100", "54321", ()),
        ("99999", "+447700900123", ()),
    ],
)
def test_out_of_reach(world: World, to: str, person: str, flags: tuple[str, ...]) -> None:
    """A message from where the sender does not reach is honoured and flagged; in doubt it is not."""
    assert world.receive("STOP", to, person).flags == flags
    assert world.check(to, person).suppressed


def test_a_request_in_other_words(world: World) -> None:
    """Plain wording counts like the word: suppressed and answered, on a toll-free number by us."""
    for number, (text, to) in enumerate(
        [("please take me off your list", "12345"), ("stop texting me", "+18335550100")]
    ):
        evidence = world.receive(text, to, person=f"+1425555014{number}")
        assert (evidence.effect, replied(evidence).status) == (Effect.OPTED_OUT, ReplyStatus.SENT)
        assert world.check(to, f"+1425555014{number}").blocked_by is Party.SERVICE


def test_quarantine_and_replay(world: World) -> None:
    """What cannot be understood is kept once, and can be handled when it can be understood."""
    broken = '{"eventType": "Microsoft.Communication.SMSReceived", "data": {}}'
    for _ in range(2):
        assert world.handler.handle(broken) is Result.QUARANTINED
    (held,) = world.store.list_quarantine(10, None).items
    assert held.body == broken
    assert world.handler.replay(held.id) is Result.QUARANTINED
    assert world.handler.replay("no such id") is None
    event = sms_event("STOP", at=NOON, message_id="r")
    world.store.quarantine(Quarantined("mended", NOON, "an older version did not know it", event))
    assert world.handler.replay("mended") is Result.HANDLED
    assert world.store.find_quarantined("mended") is None
    assert world.check().suppressed


def test_other_events_are_ignored(world: World) -> None:
    """An event type that is not ours leaves nothing behind."""
    event = sms_event("STOP").replace("SMSReceived", "ChatMessageReceived")
    assert world.handler.handle(event) is Result.IGNORED
    assert not world.store.list_quarantine(1, None).items


def test_a_toll_free_number_without_a_carrier(tmp_path: Path) -> None:
    """answers = "service" sends exactly the carrier's texts, and the block is ours."""
    file = tmp_path / "programs.toml"
    file.write_text(
        '[[program]]\nname = "P"\nlist = "p"\n[[program.sender]]\nnumber = "+18335550100"\n'
        'type = "toll_free"\nanswers = "service"\n'
    )
    with World(tmp_path, directory=Directory.load(file)) as world:
        assert replied(world.receive("STOP", "+18335550100")).status is ReplyStatus.SENT
        assert world.check("+18335550100").blocked_by is Party.SERVICE
        world.clock.move(minutes=1)
        world.receive("UNSTOP", "+18335550100")
        assert [sms.text for sms in world.phone.received] == [CARRIER_STOP, CARRIER_START]


def test_a_long_code_that_something_else_answers(tmp_path: Path) -> None:
    """answers = "nobody": the change is made, and nothing is sent."""
    file = tmp_path / "programs.toml"
    file.write_text(
        '[[program]]\nname = "P"\nlist = "p"\nreplies = { stop = "Bye." }\n[[program.sender]]\n'
        'number = "+14255550100"\ntype = "long_code"\nanswers = "nobody"\n'
    )
    with World(tmp_path, directory=Directory.load(file)) as world:
        evidence = world.receive("STOP", "+14255550100")
        assert replied(evidence).answered_by is Party.NOBODY
        assert replied(evidence).status is ReplyStatus.NONE
        assert world.check("+14255550100").suppressed


def test_a_sender_that_joins_a_program_keeps_its_opt_outs(tmp_path: Path) -> None:
    """The sender's own consent outlives the list it stood alone on."""
    with World(tmp_path, directory=Directory({})) as alone:
        alone.receive("STOP", "12345")
        assert alone.check("12345").suppressed
    with World(tmp_path) as joined:
        assert joined.check("12345").scope is ScopeKind.SENDER
        assert not joined.check("+14255550100").suppressed

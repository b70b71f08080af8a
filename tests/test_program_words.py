"""Words that a program adds, and the one question that a confirmation may ask."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from optout.decisions.target import Target
from optout.domain.enums import Certainty, Effect, Intent, ReplyStatus
from optout.language.classify import classify
from optout.programs.directory import Directory
from tests.support.payloads import sms_event
from tests.support.places import Place, file_in
from tests.support.program_files import load
from tests.support.world import PERSON, World, replied

PROMO, ALERTS, TOLL_FREE = "12345", "+14255550100", "+18335550100"
QUESTION = "Contoso: You will receive no more messages. To keep account alerts, reply ALERTS."
CONFIRMED = "Contoso: You opted out of all messages and will not receive any more."
KEPT = "Contoso: You keep account alerts, 3 msgs/month. Reply STOP to end them."
JOINED = "Contoso Promo: 3 msgs/week. Reply STOP to opt out."
PROGRAMS = f"""
reach = "everything"

[[program]]
name = "Contoso Promo"
list = "promo"

[program.replies]
stop = "{QUESTION}"
stop_again = "{CONFIRMED}"
start = "{JOINED}"
help = "Contoso Promo: Call 1-800-800-8000."
fr.start = "Contoso Promo : bienvenue."

[[program.keyword]]
words = ["ALERTS", "KEEP ALERTS"]
intent = "start"
list = "alerts"
reply = "{KEPT}"

[[program.keyword]]
words = ["JOIN"]
intent = "start"

[[program.keyword]]
words = ["NEWS"]
intent = "start"
list = "alerts"

[[program.keyword]]
words = ["INFO"]
intent = "help"

[[program.keyword]]
words = ["ENOUGH DEALS"]
intent = "stop"

[[program.keyword]]
words = ["MUTE ALERTS"]
intent = "stop"
list = "alerts"
reply = "Contoso: No more account alerts."

[[program.keyword]]
words = ["STOPE"]
intent = "start"

[[program.sender]]
number = "12345"
type = "short_code"
country = "US"

[[program.sender]]
number = "+18335550100"
type = "toll_free"
verified = true

[[program]]
name = "Contoso Alerts"
list = "alerts"

[[program.sender]]
number = "+14255550100"
type = "long_code"
"""


def programs(folder: Path, text: str = PROGRAMS) -> Directory:
    return load(folder, text)


@pytest.fixture
def world(place: Place, tmp_path: Path) -> Iterator[World]:
    with World(place, directory=programs(tmp_path)) as opened:
        yield opened


@pytest.fixture
def listed(place: Place, tmp_path: Path) -> Iterator[World]:
    """The same programs, whose STOP ends one list."""
    with World(place, directory=programs(tmp_path, PROGRAMS.replace("everything", "list"))) as opened:
        yield opened


def texts(world: World) -> list[str]:
    return [sms.text for sms in world.phone.received]


def out(world: World) -> list[str]:
    return [sender for sender in (PROMO, ALERTS, TOLL_FREE) if world.check(sender).suppressed]


@pytest.mark.parametrize(
    ("text", "intent", "rule"),
    [
        ("JOIN", Intent.START, "program:JOIN"),
        (" join! 🎉", Intent.START, "program:JOIN"),
        ("keep-alerts", Intent.START, "program:KEEP ALERTS"),
        ("Info", Intent.HELP, "program:INFO"),
        ("enough deals.", Intent.STOP, "program:ENOUGH DEALS"),
        # Only the bare word: courtesy, a signature and a sentence make it an ordinary message.
        ("JOIN please", Intent.NONE, None),
        ("JOIN\nSent from my phone", Intent.NONE, None),
        ("JION", Intent.NONE, None),
        ("I want to join", Intent.NONE, None),
        # Whatever else asks to stop counts before it.
        ("STOPE", Intent.STOP, None),
        ("JOIN\nSTOP", Intent.STOP, "house:STOP"),
        ("STOP JOIN", Intent.STOP, None),
        # Of two words to stop, the one that is about the sender.
        ("MUTE ALERTS\nSTOP", Intent.STOP, "house:STOP"),
        ("ENOUGH DEALS\nsent from my phone", Intent.STOP, "program:ENOUGH DEALS"),
        ("START", Intent.START, "us.short_code.service:START"),
    ],
)
def test_what_is_understood(text: str, intent: Intent, rule: str | None, tmp_path: Path) -> None:
    """The word alone, compared like every other; it is certain, and the rule names the program."""
    match = classify(text, programs(tmp_path).sender(PROMO).rules)
    assert match.intent is intent
    if rule:
        assert (match.rule, match.certainty) == (rule, Certainty.CERTAIN)


def test_other_programs_do_not_know_them(world: World) -> None:
    """A word means nothing to a sender of another program."""
    assert world.receive("JOIN", ALERTS).intent is Intent.NONE


def test_a_word_that_joins(world: World) -> None:
    """Somebody new is in the list, on the word's evidence, and answered in the program's language."""
    world.receive("ARRET", PROMO, "+14255550124")
    evidence = world.receive("JOIN", PROMO)
    assert (evidence.effect, evidence.rule, evidence.language) == (
        Effect.OPTED_IN,
        "program:JOIN",
        None,
    )
    assert [str(scope) for scope in evidence.scopes] == ["list:promo"]
    assert texts(world)[-1] == JOINED
    assert world.check(PROMO).in_since == world.clock.now


def test_a_stopped_sender_stays_out(listed: World) -> None:
    """The word brings the list back, for its other senders; it is not answered as if it did more."""
    listed.receive("STOP", PROMO)
    listed.clock.move(minutes=1)
    evidence = listed.receive("JOIN", PROMO)
    assert evidence.effect is Effect.OPTED_IN
    assert out(listed) == [PROMO]
    assert replied(evidence).status is ReplyStatus.SUPERSEDED
    listed.clock.move(minutes=1)
    listed.receive("START", PROMO)
    assert out(listed) == []


@pytest.mark.parametrize("text", ["ALERTS", "alerts!"])
def test_a_carriers_block_stays(listed: World, text: str) -> None:
    """To a toll-free number that the carrier blocks, a word for another list starts that list only;
    the answer would not arrive."""
    listed.receive("STOP", ALERTS)
    listed.receive("STOP", TOLL_FREE)
    listed.clock.move(minutes=1)
    evidence = listed.receive(text, TOLL_FREE)
    assert (evidence.effect, replied(evidence).status) == (Effect.OPTED_IN, ReplyStatus.BLOCKED)
    assert listed.check(TOLL_FREE).blocked_by == "carrier"
    listed.clock.move(minutes=1)
    listed.receive("START", ALERTS)
    assert out(listed) == [PROMO, TOLL_FREE]


def test_a_word_that_stops(listed: World) -> None:
    """One of the own list acts like STOP; one of another list stops that alone, and says so."""
    listed.receive("MUTE ALERTS", PROMO)
    assert out(listed) == [ALERTS]
    assert texts(listed) == ["Contoso: No more account alerts."]
    assert [str(scope) for scope in listed.newest().scopes] == ["list:alerts"]
    listed.clock.move(minutes=1)
    listed.receive("ENOUGH DEALS", PROMO)
    assert [str(scope) for scope in listed.newest().scopes] == ["sender:12345", "list:promo"]


def test_a_word_that_stops_reaches_as_far(world: World) -> None:
    """Where a STOP ends everything, so does a program's word."""
    world.receive("MUTE ALERTS", PROMO)
    assert out(world) == [PROMO, ALERTS, TOLL_FREE]


def test_no_answer_that_is_not_true(world: World) -> None:
    """A word for another list is not answered with what the program says of its own."""
    evidence = world.receive("NEWS", PROMO)
    assert (evidence.effect, replied(evidence).status) == (Effect.OPTED_IN, ReplyStatus.NONE)
    assert texts(world) == []


def test_the_clarifying_dialogue(world: World) -> None:
    """STOP ends everything and asks what to keep; the answer brings back that list alone."""
    world.receive("JOIN", PROMO)
    world.receive("START", ALERTS)
    world.clock.move(minutes=1)
    world.receive("STOP", PROMO)
    assert out(world) == [PROMO, ALERTS, TOLL_FREE]
    assert texts(world)[-1] == QUESTION
    world.clock.move(minutes=1)
    world.receive("alerts", PROMO)
    assert out(world) == [PROMO, TOLL_FREE]
    assert texts(world)[-1] == KEPT
    assert world.check(ALERTS).in_since == world.clock.now


@pytest.mark.parametrize("answer", ["STOP", "no, stop texting me", "STOP ALL", "UNSUBSCRIBE"])
@pytest.mark.parametrize("minutes", [1, 20, 60 * 24])
def test_no_second_question(world: World, answer: str, minutes: int) -> None:
    """Whoever says STOP to the question is not asked again, however late; nobody comes back by it."""
    world.receive("STOP", PROMO)
    world.clock.move(minutes=minutes)
    world.receive(answer, PROMO)
    assert texts(world).count(QUESTION) == 1
    assert set(texts(world)) <= {QUESTION, CONFIRMED}
    assert texts(world)[-1] == CONFIRMED or minutes < 5
    assert out(world) == [PROMO, ALERTS, TOLL_FREE]


def test_without_another_confirmation_nothing_is_said(place: Place, tmp_path: Path) -> None:
    """A program without stop_again does not ask a second time either: the answer is held back."""
    text = PROGRAMS.replace(f'stop_again = "{CONFIRMED}"\n', "")
    with World(place, directory=programs(tmp_path, text)) as world:
        world.receive("STOP", PROMO)
        world.clock.move(hours=1)
        assert replied(world.receive("STOP", PROMO)).status is ReplyStatus.GUARDED
        assert texts(world) == [QUESTION]


@pytest.mark.parametrize(
    ("french", "answer"),
    [
        ("stop = 'Contoso : fini.'", "Contoso : fini."),
        ("stop = 'Contoso : fini. ALERTS ?'", CONFIRMED),
        ("stop = 'Contoso : fini. ALERTS ?'\nstop_again = 'Contoso : oui.'", "Contoso : oui."),
        ("help = 'Contoso : aide.'", CONFIRMED),
    ],
)
def test_a_confirmation_in_the_words_language(tmp_path: Path, french: str, answer: str) -> None:
    """Whoever was out is answered in their language, unless all that there is in it asks."""
    table = f'[program.replies.fr]\n{french}\n\n[[program.keyword]]\nwords = ["JOIN"]'
    text = PROGRAMS.replace("fr.start", "nb.start").replace(
        '[[program.keyword]]\nwords = ["JOIN"]', table
    )
    with World(file_in(tmp_path), directory=programs(tmp_path, text)) as world:
        world.receive("STOP", PROMO)
        world.clock.move(hours=1)
        world.receive("ARRET", PROMO)
        assert texts(world) == [QUESTION, answer]


def test_a_new_stop_after_the_answer_is_a_new_request(world: World) -> None:
    """Who keeps alerts and then texts STOP to them is answered by that program; everything is out."""
    world.receive("STOP", PROMO)
    world.clock.move(minutes=1)
    world.receive("ALERTS", PROMO)
    world.clock.move(minutes=1)
    world.receive("STOP", ALERTS)
    assert out(world) == [PROMO, ALERTS, TOLL_FREE]
    world.clock.move(minutes=1)
    world.receive("STOP", PROMO)
    assert texts(world).count(QUESTION) == 1


def test_an_answer_that_comes_late_or_twice(world: World) -> None:
    """A STOP that was said after the answer counts, whichever comes first; a redelivery is nothing."""
    start = world.clock.now
    world.receive("STOP", PROMO)
    world.clock.move(minutes=10)
    world.receive("STOP", PROMO, at=datetime(2026, 6, 1, 12, 9, tzinfo=UTC))
    late = world.receive("ALERTS", PROMO, at=start.replace(minute=5), message_id="once")
    assert late.effect is Effect.OUTDATED
    assert out(world) == [PROMO, ALERTS, TOLL_FREE]
    newest = world.receive("ALERTS", PROMO, message_id="twice")
    assert world.receive("ALERTS", PROMO, message_id="twice", at=newest.at) == world.newest()
    assert out(world) == [PROMO, TOLL_FREE]
    assert texts(world).count(KEPT) == 1


def renamed(place: Place, folder: Path) -> World:
    """The list of the alerts had another name before."""
    text = PROGRAMS.replace("everything", "list").replace(
        'list = "alerts"\n\n[[program.sender]]',
        'list = "alerts"\nformerly = ["old"]\n\n[[program.sender]]',
    )
    return World(place, directory=programs(folder, text))


def test_a_word_about_a_list_that_was_renamed(place: Place, tmp_path: Path) -> None:
    """Who is out of its former name since is out: the late word is not answered as if they were in."""
    with renamed(place, tmp_path) as world:
        begun = world.clock.now
        world.clock.move(minutes=2)
        world.changes.record(Target(list="old"), PERSON, out=True, actor="ann", reason="letter")
        late = world.receive("ALERTS", PROMO, at=begun)
        assert out(world) == [ALERTS]
        assert replied(late).status is ReplyStatus.SUPERSEDED
        assert texts(world) == []


def test_an_undated_word_that_stops_a_list_that_was_renamed(place: Place, tmp_path: Path) -> None:
    """It takes effect whatever stands, also under the former name, by a clock that is ahead."""
    with renamed(place, tmp_path) as world:
        world.clock.move(minutes=2)
        world.changes.record(Target(list="old"), PERSON, out=False, actor="ann", reason="letter")
        world.clock.move(minutes=-1)
        world.handler.handle(sms_event("MUTE ALERTS", to=PROMO, at="never", event_time="never"))
        assert "no_time" in world.newest().flags
        assert out(world) == [ALERTS]

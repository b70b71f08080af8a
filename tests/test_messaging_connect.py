"""Numbers that ACS has from a partner: who blocks after each word, who answers it, and what a desk can
lift."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from optout.decisions.target import Target
from optout.domain.enums import Effect, Intent, Party, ReplyStatus
from optout.operations.handle import Result
from optout.operations.recompute import recompute_all
from optout.operations.transfer.rows import ImportedRow
from optout.programs.directory import Directory
from tests.support.messaging_connect import DANISH, FABRIKAM, OWN, PERSON, PROGRAMS
from tests.support.payloads import report_event
from tests.support.places import Place
from tests.support.program_files import load
from tests.support.world import World, replied

# As Microsoft's page lists them.
THEIR_STOPS = ("STOP", "ARRET", "QUIT", "END", "REVOKE", "OPT OUT", "CANCEL", "UNSUBSCRIBE")
THEIR_STARTS = ("START", "UNSTOP")
ANSWERED_BY_US = (Party.SERVICE, ReplyStatus.SENT)
UNANSWERED = (Party.NOBODY, ReplyStatus.NONE)


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    return load(tmp_path, PROGRAMS)


@pytest.fixture
def world(place: Place, directory: Directory) -> Iterator[World]:
    """Contoso's service, in every store."""
    with World(place, directory=directory) as opened:
        yield opened


def receive(world: World, text: str, to: str = DANISH) -> tuple[Party, ReplyStatus]:
    """Who answers a message, and what became of the answer."""
    world.clock.move(minutes=6)
    reply = replied(world.receive(text, to, PERSON))
    return reply.answered_by, reply.status


def lifted_by_desk(world: World) -> bool:
    """Whether an opt-in by hand opens the number again."""
    world.clock.move(minutes=1)
    target = Target(sender=world.directory.sender(DANISH))
    changed = world.changes.record(target, PERSON, out=False, actor="ann", reason="phoned")
    assert changed.answer.suppressed == world.check(DANISH, PERSON).suppressed
    return not changed.answer.suppressed


@dataclass(frozen=True)
class Form:
    """A way to write an opt-out word; whether ACS acts on it."""

    name: str
    pattern: str
    is_theirs: bool

    def of(self, word: str) -> str:
        return self.pattern.format(word, word.lower(), word.title())


FORMS = [
    Form("bare", "{0}", True),
    Form("lower case", "{1}", True),
    Form("a capital", "{2}", True),
    Form("spaces", "  {0}\n", True),
    Form("full stop", "{0}.", True),
    Form("anger", "{1}!!", True),
    Form("courtesy", "{0} please", False),
    Form("courtesy before", "please {1}", False),
    Form("emoji", "{0} 🛑", False),
    Form("signature", "{0}\n--\nJane Doe", False),
    Form("quotes", '"{0}"', False),
    Form("twice", "{0} {0}", False),
]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
@pytest.mark.parametrize("word", THEIR_STOPS)
def test_each_opt_out_word_in_each_form(
    word: str, form: Form, tmp_path: Path, directory: Directory
) -> None:
    """On its exact word ACS blocks, nobody answers, because ACS would stop that, and no desk lifts it;
    with anything more, it is ours: blocked, answered once, lifted from a desk. START lifts both."""
    with World(tmp_path, directory=directory) as world:
        answered = receive(world, form.of(word))
        blocker = Party.PLATFORM if form.is_theirs else Party.SERVICE
        found = world.check(DANISH, PERSON)
        assert (found.suppressed, found.blocked_by) == (True, blocker)
        assert world.check(OWN, PERSON).suppressed
        assert world.newest(PERSON).blocked_by is blocker
        if world.newest(PERSON).policy is None:
            assert answered == (UNANSWERED if form.is_theirs else ANSWERED_BY_US)
        assert len(world.phone.received) == (answered == ANSWERED_BY_US)
        assert lifted_by_desk(world) is not form.is_theirs
        assert receive(world, "START") == UNANSWERED
        assert not world.check(DANISH, PERSON).suppressed
        assert list(recompute_all(world.recorder)) == []


@pytest.mark.parametrize(
    ("text", "lifts"),
    [
        *((word, True) for word in THEIR_STARTS),
        ("start", True),
        (" Unstop\n", True),
        ("START.", False),
        ("START please", False),
        ("START 🙂", False),
        ("START\n--\nJane Doe", False),
        ("S T A R T", False),
        ("YES", False),
        ("JOIN", False),
    ],
)
def test_each_opt_in_word_in_each_form(world: World, text: str, lifts: bool) -> None:
    """ACS lets messages through again on the bare word and on nothing else, and so do we; we tell
    nobody that they are back, as the partner may do it."""
    receive(world, "STOP")
    world.clock.move(minutes=6)
    effect = world.receive(text, DANISH, PERSON).effect
    assert effect is (Effect.OPTED_IN if lifts else Effect.NONE)
    assert world.check(DANISH, PERSON).suppressed is not lifts
    assert world.check(OWN, PERSON).suppressed is not lifts
    assert world.phone.received == []


@pytest.mark.parametrize("text", ["START please", "Unstop thanks"])
def test_courtesy_is_no_opt_in(world: World, text: str) -> None:
    """As on all numbers that ACS manages: it changes nothing, also where the block is ours."""
    receive(world, "please stop")
    world.clock.move(minutes=6)
    assert world.receive(text, DANISH, PERSON).intent is Intent.NONE
    assert world.check(DANISH, PERSON).suppressed
    receive(world, "START")
    assert not world.check(DANISH, PERSON).suppressed


def test_what_is_ours_beside_their_words(world: World) -> None:
    """HELP and STOP ALL are no words of ACS's: answered once, by us."""
    assert receive(world, "HELP") == ANSWERED_BY_US
    assert receive(world, "STOP ALL") == ANSWERED_BY_US
    assert world.check(FABRIKAM, PERSON).suppressed
    assert world.check(DANISH, PERSON).blocked_by is Party.SERVICE
    assert [sms.text for sms in world.phone.received] == [
        "Contoso: call 1-800-800-8000.",
        "Contoso: You opted out and will not receive any more messages.",
    ]


def test_while_acs_blocks_nothing_of_ours_is_sent(world: World) -> None:
    """ACS would stop it: the history says so, and nobody believes in an answer that never came."""
    receive(world, "STOP")
    assert receive(world, "HELP") == (Party.SERVICE, ReplyStatus.BLOCKED)
    assert receive(world, "please stop texting me") == (Party.SERVICE, ReplyStatus.BLOCKED)
    assert world.check(DANISH, PERSON).blocked_by is Party.PLATFORM
    assert world.phone.received == []


@pytest.mark.parametrize("asked", ["by hand", "by list"])
def test_what_a_desk_is_told(world: World, asked: str) -> None:
    """What the person must text; a list of opt-ins lifts no more than a desk does."""
    receive(world, "QUIT")
    target = Target(sender=world.directory.sender(DANISH))
    world.clock.move(minutes=6)
    if asked == "by hand":
        changed = world.changes.record(target, PERSON, out=False, actor="ann", reason="phoned")
        (block,) = changed.blocks
        assert block.remedy == (
            f"ACS blocks messages from {DANISH} to this person, and only the person can lift that: ask "
            f"them to text START or UNSTOP to {DANISH}."
        )
    else:
        world.importer(target).record([ImportedRow(PERSON, world.clock.now, out=False)])
    assert world.check(DANISH, PERSON).blocked_by is Party.PLATFORM
    assert world.check(OWN, PERSON).suppressed


def test_a_report_of_a_block(world: World) -> None:
    """What ACS stopped before the partner got it: its block, whatever made it."""
    world.handler.handle(report_event("4007", from_=DANISH, to=PERSON, attempts=[world.clock.now]))
    assert world.check(DANISH, PERSON).blocked_by is Party.PLATFORM
    assert not lifted_by_desk(world)


def test_a_report_that_names_the_partners_message(world: World) -> None:
    """No sample of such an event is published; the REST API's delivery report has the partner's id
    beside the fields that an event has, and whoever adds it there breaks nothing."""
    event = json.loads(report_event("4007", from_=DANISH, to=PERSON, attempts=[world.clock.now]))
    event["data"]["messagingConnectPartnerMessageId"] = "4f1b0d2e"
    assert world.handler.handle(json.dumps(event)) is Result.HANDLED
    assert world.check(DANISH, PERSON).blocked_by is Party.PLATFORM


def test_start_is_answered_where_the_program_says_so(place: Place, tmp_path: Path) -> None:
    """The partner does not: we do, once, in place of nobody. An opt-out stays ACS's."""
    said = 'partner = "infobip"\nanswers = "service"'
    directory = load(tmp_path, PROGRAMS.replace('partner = "infobip"', said))
    with World(place, directory=directory) as world:
        assert receive(world, "STOP") == UNANSWERED
        assert world.check(DANISH, PERSON).blocked_by is Party.PLATFORM
        assert receive(world, "START") == ANSWERED_BY_US
        assert [sms.text for sms in world.phone.received] == [
            directory.sender(DANISH).reply(Intent.START, "en")
        ]


def test_nothing_is_answered_where_the_partner_does(place: Place, tmp_path: Path) -> None:
    """`answers = "nobody"`: HELP and wordings are the partner's, too."""
    said = 'partner = "infobip"\nanswers = "nobody"'
    directory = load(tmp_path, PROGRAMS.replace('partner = "infobip"', said))
    with World(place, directory=directory) as world:
        for text in ("HELP", "STOP please", "STOP", "START"):
            assert receive(world, text) == UNANSWERED
        assert world.phone.received == []

"""Senders that no program names, and the program that catches all of them."""

from pathlib import Path

import pytest

from optout.domain.enums import Effect, Party, ReplyStatus, ScopeKind
from optout.domain.errors import UnknownSender
from optout.domain.model import EVERYTHING
from optout.operations.naming import find_sender, find_target
from tests.support.places import Place
from tests.support.program_files import SHORT_CODE, load, program, refused
from tests.support.world import World, replied

FRENCH, CODE, TOLL_FREE = "+33644607659", "99999", "+18335550199"
# STOP to a French number is answered in French.
STOP_IN_FRENCH = "Contoso : vous ne recevrez plus de messages."
STOP = "Contoso: You opted out and will not receive any more messages."
HELP = "Contoso: Call 1-800-800-8000 for support."
CATCHES = f"""
[unconfigured]
name = "Contoso"
list = "others"

[unconfigured.replies]
stop = "{STOP}"
help = "{HELP}"
fr.stop = "{STOP_IN_FRENCH}"
"""
OWN = program(SHORT_CODE)


@pytest.mark.parametrize(
    ("text", "to", "list_name", "status", "reply"),
    [
        (OWN, FRENCH, f"sender:{FRENCH}", ReplyStatus.NONE, None),
        (OWN + CATCHES, FRENCH, "others", ReplyStatus.SENT, STOP_IN_FRENCH),
        (OWN + CATCHES, CODE, "others", ReplyStatus.SENT, STOP),
        (OWN + '[unconfigured]\nlist = "others"\n', FRENCH, "others", ReplyStatus.NONE, None),
        (OWN + '[unconfigured]\nlist = "contoso"\n', CODE, "contoso", ReplyStatus.NONE, None),
    ],
)
def test_a_stop_to_it(
    place: Place,
    tmp_path: Path,
    text: str,
    to: str,
    list_name: str,
    status: ReplyStatus,
    reply: str | None,
) -> None:
    """It counts, on the list of all such senders if there is one, and is answered as that says."""
    with World(place, directory=load(tmp_path, text)) as world:
        evidence = world.receive("STOP", to)
        assert (evidence.list, evidence.effect) == (list_name, Effect.OPTED_OUT)
        assert (replied(evidence).status, replied(evidence).text) == (status, reply)
        assert world.check(to).suppressed
        assert world.check(FRENCH).suppressed is (to == FRENCH or ":" not in list_name)
        assert world.check("12345").suppressed is (list_name == "contoso")


def test_what_else_is_answered(tmp_path: Path) -> None:
    """HELP, and each word in its language; what a carrier answers is the carrier's."""
    with World(tmp_path, directory=load(tmp_path, OWN + CATCHES)) as world:
        assert replied(world.receive("HELP", FRENCH)).text == HELP
        assert str(replied(world.receive("ARRET", FRENCH)).text).startswith("Contoso : vous")
        carrier = world.receive("STOP", TOLL_FREE)
        assert replied(carrier).status is ReplyStatus.BY_CARRIER
        assert (carrier.blocked_by, carrier.list) == (Party.CARRIER, "others")


@pytest.mark.parametrize("text", [OWN, OWN + CATCHES])
def test_it_makes_no_sender_known(tmp_path: Path, text: str) -> None:
    """Everything but an event still refuses a sender that no program names, unless the caller says."""
    directory = load(tmp_path, text)
    with pytest.raises(UnknownSender):
        find_sender(directory, FRENCH)
    found = find_sender(directory, FRENCH, allow_unconfigured=True)
    assert not found.configured
    assert FRENCH not in directory.senders


def test_its_list_can_be_named(tmp_path: Path) -> None:
    """People can be opted out of it by hand."""
    with World(tmp_path, directory=load(tmp_path, OWN + CATCHES)) as world:
        target = find_target(world.directory, None, "others", everything=False)
        world.changes.record(target, "+14255550123", out=True, actor="ann", reason="phoned")
        assert world.check(FRENCH).scope is ScopeKind.LIST


@pytest.mark.parametrize(
    ("text", "everything"),
    [
        (OWN, False),
        ('reach = "everything"\n' + OWN, True),
        ('reach = "everything"\n' + OWN + CATCHES, True),
        (OWN + CATCHES.replace('name = "Contoso"', 'reach = "everything"'), True),
        ('reach = "everything"\n' + OWN + CATCHES.replace('name = "Contoso"', 'reach = "list"'), False),
    ],
)
def test_how_far_a_stop_to_it_reaches(tmp_path: Path, text: str, everything: bool) -> None:
    """As the table says, or else the file, also where it has no table."""
    with World(tmp_path, directory=load(tmp_path, text)) as world:
        assert (EVERYTHING in world.receive("STOP", FRENCH).scopes) is everything


@pytest.mark.parametrize(
    ("policy", "suppressed"), [("suppress", True), ("review", False), ("ignore", False)]
)
def test_a_probable_request_to_it(tmp_path: Path, policy: str, suppressed: bool) -> None:
    """Has the policy of the table."""
    text = OWN + CATCHES + f'[unconfigured.probable]\npolicy = "{policy}"\n'
    with World(tmp_path, directory=load(tmp_path, text)) as world:
        world.receive("How do I cancel these?", FRENCH)
        assert world.check(FRENCH).suppressed is suppressed


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[unconfigured]\nlist = 'Others'", "unconfigured.list: it is not a valid list name"),
        ("[unconfigured]\nname = 'Contoso'", "unconfigured.list: it is missing"),
        ("[unconfigured]\nlist = 'a'\nsender = []", "unconfigured.sender: there is no such field"),
        (
            "[unconfigured]\nlist = 'a'\nreplies.help = 'See bit.ly/x'",
            "unconfigured, replies.help: bit.ly is a public URL shortener",
        ),
    ],
)
def test_a_table_that_is_refused(tmp_path: Path, text: str, says: str) -> None:
    """The line names the field and the problem."""
    (line,) = refused(tmp_path, OWN + text)
    assert says in line

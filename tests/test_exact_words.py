"""Rule 15: a carrier and ACS act on their exact word. Whatever else a person writes is ours to block
and to answer, and an opt-in that is not the bare word lifts no block of theirs."""

import pytest

from optout.decisions import consent
from optout.decisions.target import Target
from optout.domain.enums import Effect, Intent, Party, ReplyStatus
from tests.support.world import CONTOSO, World

TOLL_FREE, MANAGED_BY_ACS, CANADIAN = "+18335550100", "54321", "55555"
MANAGED = {TOLL_FREE: Party.CARRIER, MANAGED_BY_ACS: Party.PLATFORM}


@pytest.mark.parametrize("to", MANAGED)
@pytest.mark.parametrize("text", ["STOP", "stop", "  Stop \n", "STOP.", "stop!!", "STOP?", "Stop…"])
def test_the_word_alone_is_theirs(world: World, to: str, text: str) -> None:
    """Case, spaces and closing punctuation aside, they block and answer."""
    recorded = world.receive(text, to)
    assert recorded.blocked_by is MANAGED[to]
    assert recorded.reply
    assert recorded.reply.answered_by is MANAGED[to]
    assert world.phone.received == []


@pytest.mark.parametrize("to", MANAGED)
@pytest.mark.parametrize(
    "text",
    [
        "STOP\n--\nJane Doe",
        "STOP 🛑",
        "S T O P",
        "ＳＴＯＰ",
        "Please stop",
        "STOP please",
        '"STOP"',
        "STOP STOP",
    ],
    ids=["signature", "emoji", "apart", "wide", "courtesy", "courtesy behind", "quotes", "twice"],
)
def test_anything_more_is_ours(world: World, to: str, text: str) -> None:
    """They may not have understood it: we block, we answer, and a desk can lift it."""
    recorded = world.receive(text, to)
    assert (recorded.intent, recorded.blocked_by) == (Intent.STOP, Party.SERVICE)
    assert len(world.phone.received) == 1
    assert world.check(to).blocked_by is Party.SERVICE
    world.clock.move(seconds=1)
    target = Target(sender=CONTOSO.sender(to))
    changed = world.changes.record(target, recorded.recipient, out=False, actor="ann", reason="phoned")
    assert not changed.answer.suppressed


@pytest.mark.parametrize("to", MANAGED)
@pytest.mark.parametrize("text", ["START", "unstop", " Start\n"])
def test_the_bare_word_lifts_their_block(world: World, to: str, text: str) -> None:
    """They let messages through again, and so do we."""
    world.receive("STOP", to)
    world.clock.move(seconds=1)
    world.receive(text, to)
    assert not world.check(to).suppressed


@pytest.mark.parametrize("to", MANAGED)
@pytest.mark.parametrize("text", ["START 🙂", "START\n--\nJane Doe", "S T A R T", "START!", "UNSTOP."])
def test_more_than_the_bare_word_lifts_nothing_of_theirs(world: World, to: str, text: str) -> None:
    """They still block: neither the sender nor its list is lifted, and nothing says otherwise."""
    world.receive("STOP", to)
    world.clock.move(seconds=1)
    recorded = world.receive(text, to)
    assert (recorded.intent, recorded.effect) == (Intent.START, Effect.NONE)
    assert recorded.flags == ("blocked",)
    assert recorded.reply
    assert recorded.reply.status in (ReplyStatus.BLOCKED, ReplyStatus.NONE)
    sender, whole_list, _ = consent.sender_scopes(CONTOSO.sender(to))
    consents = world.consents(recorded.recipient, [to])
    assert consents[sender].out
    assert consents[whole_list].out
    assert world.phone.received == []


@pytest.mark.parametrize("to", MANAGED)
def test_our_own_block_is_lifted_by_more(world: World, to: str) -> None:
    """Where nobody else blocks, START with a signature is an opt-in like any other."""
    world.receive("Please stop", to)
    world.clock.move(seconds=1)
    assert world.receive("START\n--\nJane Doe", to).effect is Effect.OPTED_IN
    assert not world.check(to).suppressed


@pytest.mark.parametrize("text", ["UNSTOP please", "START please"])
@pytest.mark.parametrize("to", MANAGED)
def test_courtesy_is_no_opt_in_where_others_manage(world: World, to: str, text: str) -> None:
    """ACS and the carrier do not take it for the word, so it changes nothing and is not answered."""
    world.receive("STOP", to)
    world.clock.move(seconds=1)
    assert world.receive(text, to).intent is Intent.NONE
    assert world.check(to).suppressed
    assert world.phone.received == []


@pytest.mark.parametrize(
    "text", ["Please STOP ALL", "STOP ALL NOW", "Stopall please", "STOP STOP ALL", "stop all, thanks"]
)
def test_stop_all_with_courtesy_ends_everything(world: World, text: str) -> None:
    """The other lists are closed, too."""
    assert world.receive(text, "12345").intent is Intent.STOP_ALL
    assert world.check(CANADIAN).suppressed


@pytest.mark.parametrize("text", ["STOP ALL texts", "stop all of your messages", "stop all of this"])
def test_all_of_something_ends_the_list(world: World, text: str) -> None:
    """All messages of this sender are not everything that the company sends."""
    assert world.receive(text, "12345").intent is not Intent.STOP_ALL
    assert not world.check(CANADIAN).suppressed


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["ARRET"], "messages/sem"),
        (["AIDE", "STOP"], "msgs"),
        (["STOP"], "msgs"),
        (["STOP", "ARRET"], "messages/sem"),
        (["ARRET", "bonjour"], "messages/sem"),
        ([], "msgs"),
    ],
)
def test_start_is_answered_in_the_persons_language(world: World, words: list[str], answer: str) -> None:
    """START is the same word in every language: the last word that had one says which to answer in,
    also a day later."""
    for word in words:
        world.receive(word, CANADIAN)
        world.clock.move(hours=25)
    reply = world.receive("START", CANADIAN).reply
    assert reply
    assert answer in str(reply.text)

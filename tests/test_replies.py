"""Sending through the official SDK, against a loopback ACS that checks signatures and repeats."""

import logging
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import ClientAuthenticationError

from optout.azure import sms
from optout.azure.sms import AcsReplies, Outcome, PrintedReplies, Sending
from optout.domain.enums import Party, ReplyStatus
from optout.domain.errors import ConfigurationError
from optout.domain.ids import reply_send_id
from optout.domain.model import Reply
from tests.support.acs import Failure, LoopbackAcs
from tests.support.world import NOON, PERSON, Clock

KEY = b64encode(b"any").decode()
REPLY = Reply(
    Party.SERVICE,
    ReplyStatus.PENDING,
    "You opted out.",
    send_id=reply_send_id("evidence"),
    first_attempt_at=NOON,
    expires_at=NOON + timedelta(minutes=5),
)


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON)


@pytest.fixture(params=[False, True], ids=["per-recipient", "whole-request"])
def acs(clock: Clock, request: pytest.FixtureRequest) -> Iterator[LoopbackAcs]:
    """ACS in both ways in which it may report a repetition that it refuses."""
    with LoopbackAcs(clock, whole_request=request.param) as service:
        yield service


def send(acs: LoopbackAcs, reply: Reply = REPLY) -> Outcome:
    """One attempt by a process of its own: nothing is shared between attempts but the reply."""
    sender = AcsReplies(acs.endpoint, AzureKeyCredential(acs.key))
    return sender.send("12345", PERSON, reply, "evidence")


def test_sent(acs: LoopbackAcs) -> None:
    """The text arrives once, tagged with its evidence, and asks for a delivery report."""
    outcome = send(acs)
    (message,) = acs.messages
    assert (outcome.sending, outcome.status) == (Sending.TAKEN, ReplyStatus.SENT)
    assert outcome.message_id == message.id
    assert (message.sender, message.recipient, message.text) == ("12345", PERSON, REPLY.text)
    assert (message.tag, message.delivery_report) == ("evidence", True)
    assert (message.repeatability_id, message.first_sent) == (REPLY.send_id, NOON)


def test_a_resend_is_the_same_sms(acs: LoopbackAcs, clock: Clock) -> None:
    """Another process that sends the reply again gets the same answer; the phone shows one text."""
    first = send(acs)
    clock.move(minutes=4)
    assert send(acs) == first
    assert acs.phones[PERSON] == [REPLY.text]


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (Failure.status(400), Outcome(Sending.REFUSED)),
        (Failure.status(401), Outcome(Sending.AGAIN)),
        (Failure.status(403), Outcome(Sending.AGAIN)),
        (Failure.status(429), Outcome(Sending.AGAIN)),
        (Failure.status(500), Outcome(Sending.AGAIN, in_doubt=True)),
        (Failure.status(503), Outcome(Sending.AGAIN, in_doubt=True)),
        (Failure.drop(), Outcome(Sending.AGAIN, in_doubt=True)),
        (Failure.accept_then_drop(), Outcome(Sending.AGAIN, in_doubt=True)),
        (Failure.accept_then_status(500), Outcome(Sending.AGAIN, in_doubt=True)),
        (Failure.recipient(400, "no such number"), Outcome(Sending.REFUSED)),
        (Failure.recipient(429, "slow down"), Outcome(Sending.AGAIN)),
        (Failure.recipient(500, "sorry"), Outcome(Sending.AGAIN, in_doubt=True)),
    ],
)
def test_failures_are_values(acs: LoopbackAcs, failure: Failure, expected: Outcome) -> None:
    """What may be tried again, what may have been taken, and what is final."""
    acs.fail_next(failure)
    outcome = send(acs)
    assert outcome.error
    assert replace(outcome, error=None) == expected
    if expected.sending is Sending.AGAIN:
        assert send(acs).sending is Sending.TAKEN
        assert acs.phones[PERSON] == [REPLY.text]


@pytest.mark.parametrize("failure", [Failure.hang(2), Failure.accept_then_hang(2)])
def test_a_time_out(acs: LoopbackAcs, failure: Failure, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that does not come in time leaves it open whether the SMS was taken."""
    monkeypatch.setattr(sms, "READ_SECONDS", 0.2)
    acs.fail_next(failure)
    outcome = send(acs)
    assert (outcome.sending, outcome.in_doubt) == (Sending.AGAIN, True)
    assert send(acs).sending is Sending.TAKEN
    assert acs.phones[PERSON] == [REPLY.text]


def test_nobody_listens() -> None:
    """A connection that is refused is certain not to have been taken."""
    with LoopbackAcs() as acs:
        endpoint, key = acs.endpoint, acs.key
    outcome = AcsReplies(endpoint, AzureKeyCredential(key)).send("12345", PERSON, REPLY, "e")
    assert (outcome.sending, outcome.in_doubt) == (Sending.AGAIN, False)


def test_too_old(acs: LoopbackAcs, clock: Clock) -> None:
    """After five minutes ACS refuses the id, and the reply is not sent under a new one."""
    clock.move(minutes=5, seconds=1)
    assert send(acs).sending is Sending.TOO_OLD
    assert acs.phones[PERSON] == []


def test_a_different_text_under_the_same_id(acs: LoopbackAcs) -> None:
    """The loopback ACS is strict: a frozen text is not optional."""
    send(acs)
    assert send(acs, replace(REPLY, text="Something else")).sending is Sending.REFUSED


def test_a_wrong_key(acs: LoopbackAcs) -> None:
    """A wrong key is worth another try: an operator can mend it while the reply is due."""
    sender = AcsReplies(acs.endpoint, AzureKeyCredential(b64encode(b"wrong").decode()))
    assert sender.send("12345", PERSON, REPLY, "e").sending is Sending.AGAIN
    assert acs.rejected == ["401 bad signature"]


def test_nothing_personal_in_the_sdks_log(acs: LoopbackAcs, caplog: pytest.LogCaptureFixture) -> None:
    """Neither number nor text of a reply reaches the log, and no key."""
    caplog.set_level(logging.DEBUG)
    acs.fail_next(Failure.status(500))
    send(acs)
    send(acs)
    assert PERSON[3:] not in caplog.text
    assert str(REPLY.text) not in caplog.text
    assert acs.key not in caplog.text


def test_an_identity_that_fails() -> None:
    """Nothing was sent, and the error says what failed."""

    class Nobody:
        def get_token(self, *scopes: str, **options: object) -> object:
            raise ClientAuthenticationError("no identity here")

    sender = AcsReplies("https://127.0.0.1:9", Nobody())
    outcome = sender.send("12345", PERSON, REPLY, "e")
    assert (outcome.sending, outcome.in_doubt) == (Sending.AGAIN, False)
    assert outcome.error == "401 ClientAuthenticationError"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("https://x.example.com", "not base64!!", None), "is not base64"),
        ((None, None, f"endpoint=abc;accesskey={KEY}"), "its endpoint is not https"),
        ((None, None, "endpoint=;accesskey="), "has no endpoint"),
        ((None, None, "endpoint=https://x.example.com;accesskey="), "has no accesskey"),
        ((None, None, "endpoint=https://x.example.com;accesskey=???"), "is not base64"),
    ],
)
def test_what_cannot_sign_is_refused_at_the_start(
    given: tuple[str | None, str | None, str | None], message: str
) -> None:
    """Before a reply is lost by it, and without telling the key."""
    with pytest.raises(ConfigurationError, match=message) as refused:
        sms.acs(*given)
    assert "!!" not in str(refused.value)


def test_connection_string() -> None:
    """Both ways of naming ACS make a sender; nothing named makes none."""
    assert sms.acs(None, None, None) is None
    assert sms.acs("https://x.communication.azure.com", KEY, None)
    assert sms.acs(None, None, f"endpoint=https://x.communication.azure.com/;accesskey={KEY}")
    with pytest.raises(ConfigurationError, match="OPTOUT_ACS_CONNECTION_STRING has no accesskey"):
        sms.acs(None, None, "endpoint=https://x.communication.azure.com/")


def test_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """Without ACS a reply is printed once, with the number masked."""
    printed = PrintedReplies()
    for _ in range(2):
        assert printed.send("12345", PERSON, REPLY, "e") == Outcome(Sending.TAKEN, ReplyStatus.PRINTED)
    assert capsys.readouterr().out == "SMS from 12345 to +14*******23: You opted out.\n"

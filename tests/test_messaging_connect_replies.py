"""Replies through a partner of Messaging Connect, with the official SDK against a loopback ACS."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.core.credentials import AzureKeyCredential

from optout import log, settings
from optout.azure import messaging_connect
from optout.azure.messaging_connect import Connection
from optout.azure.sms import AcsReplies
from optout.domain.enums import ReplyStatus
from optout.programs.directory import Directory
from tests.support.acs import WITH_PARTNERS, Failure, LoopbackAcs, Partner
from tests.support.client import environment, serving
from tests.support.messaging_connect import DANISH, FABRIKAM, OWN, PERSON, PROGRAMS
from tests.support.payloads import sms_event
from tests.support.places import Place
from tests.support.program_files import load
from tests.support.world import Clock, World, replied


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    return load(tmp_path, PROGRAMS)


@pytest.fixture
def partners() -> dict[str, Partner]:
    """Both numbers are of one partner, where we have one key."""
    return dict.fromkeys((DANISH, FABRIKAM), Partner("infobip"))


@pytest.fixture
def acs(partners: dict[str, Partner]) -> Iterator[LoopbackAcs]:
    with LoopbackAcs(Clock(), partners=partners) as service:
        yield service


def through(acs: LoopbackAcs, directory: Directory, **keys: str) -> AcsReplies:
    """Replies by the official SDK, with these partners' keys."""
    found = messaging_connect.connections(directory.senders.values(), keys)
    return AcsReplies(acs.endpoint, AzureKeyCredential(acs.key), found)


def test_a_reply_through_the_partner(
    place: Place, directory: Directory, acs: LoopbackAcs, partners: dict[str, Partner]
) -> None:
    """It has what ACS asks of such a number, keeps its repeatability, and is the same SMS when it is
    sent again; a number of ACS's own has nothing of it."""
    replies = through(acs, directory, infobip=partners[DANISH].key)
    with World(place, directory=directory, replies=replies) as world:
        acs.fail_next(Failure.accept_then_status(503))
        world.receive("HELP", DANISH, PERSON)
        world.clock.move(seconds=15)
        world.finish()
        evidence = world.newest(PERSON)
        assert replied(evidence).status is ReplyStatus.SENT
        (message,) = acs.messages
        assert (message.sender, message.recipient) == (DANISH, PERSON)
        assert message.repeatability_id == replied(evidence).send_id
        assert message.tag == f"optout:{evidence.id}"
        world.receive("HELP", OWN, PERSON)
        assert [each.sender for each in acs.messages] == [DANISH, OWN]
    assert acs.rejected == []


WRONG = [
    ("no key", {}, "NoPartnerKey: OPTOUT_MESSAGING_CONNECT_KEY_INFOBIP is not set"),
    ("a blank key", {"infobip": " \n"}, "NoPartnerKey: OPTOUT_MESSAGING_CONNECT_KEY_INFOBIP"),
    ("another partner's", {"telco": "key"}, "NoPartnerKey: OPTOUT_MESSAGING_CONNECT_KEY_INFOBIP"),
    (
        "a vault that cannot be read",
        {"infobip": "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/k)"},
        "NoPartnerKey: the Key Vault reference in OPTOUT_MESSAGING_CONNECT_KEY_INFOBIP",
    ),
]


@pytest.mark.parametrize(("keys", "says"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_without_a_key(
    keys: dict[str, str],
    says: str,
    tmp_path: Path,
    directory: Directory,
    acs: LoopbackAcs,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The reply fails for good and the log says by what; ACS is not asked, the opt-out stands, and
    numbers of ACS's own go on being answered."""
    caplog.set_level(logging.INFO, log.logger.name)
    with World(tmp_path, directory=directory, replies=through(acs, directory, **keys)) as world:
        evidence = world.receive("please stop", DANISH, PERSON)
        reply = replied(evidence)
        assert reply.status is ReplyStatus.FAILED
        assert str(reply.error).startswith(says)
        assert world.check(DANISH, PERSON).suppressed
        assert acs.requests == 0
        world.receive("HELP", OWN, "+14255550123")
        assert len(acs.messages) == 1
    lines = [json.loads(record.message) for record in caplog.records]
    (failed,) = [line for line in lines if line["event"] == "reply_failed"]
    assert failed["reply_error"] == "NoPartnerKey"
    assert failed["sender"] == DANISH


def test_a_partner_that_is_not_said(directory: Directory) -> None:
    """The only key there is says which; of several, none does."""
    senders = directory.senders.values()

    def found(**keys: str) -> Connection:
        return messaging_connect.connections(senders, keys)[FABRIKAM]

    assert found(infobip="a key\n") == Connection("infobip", "a key")
    assert found(infobip="a", telco="b").problem == found().problem
    assert str(found().problem).startswith("NoPartner: the program file does not say")


def test_the_key_is_shown_nowhere(
    directory: Directory,
    acs: LoopbackAcs,
    partners: dict[str, Partner],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not by the SDK at any level, not by what holds it, and not in the history."""
    caplog.set_level(logging.DEBUG)
    key = partners[DANISH].key
    with World(tmp_path, directory=directory, replies=through(acs, directory, infobip=key)) as world:
        acs.fail_next(Failure.status(500), Failure.status(400))
        for person in ("+4561123456", "+4561123457", "+4561123458"):
            evidence = world.receive("HELP", DANISH, person)
            assert key not in repr(evidence)
    assert len(acs.messages) == 1
    assert key not in caplog.text
    assert key not in repr(messaging_connect.connections(directory.senders.values(), {"infobip": key}))


@pytest.mark.parametrize(
    ("sender", "partner", "key", "refusal"),
    [
        (DANISH, None, None, "400 MessagingConnect option hasn't been provided."),
        (DANISH, "telco", None, "400 MessagingConnect option is not matching"),
        (DANISH, "infobip", "another", "401 not the partner's key"),
        (DANISH, "", None, "400 MessagingConnect option is not matching"),
        (OWN, "infobip", None, "400 MessagingConnect option is not matching"),
    ],
)
def test_what_acs_refuses(
    sender: str,
    partner: str | None,
    key: str | None,
    refusal: str,
    directory: Directory,
    acs: LoopbackAcs,
    partners: dict[str, Partner],
    tmp_path: Path,
) -> None:
    """The loopback ACS is as strict as the page says; a key may be mended while the reply is due, the
    rest is final."""
    connection = Connection(partner, key or partners[DANISH].key)
    found = {} if partner is None else {sender: connection}
    replies = AcsReplies(acs.endpoint, AzureKeyCredential(acs.key), found)
    with World(tmp_path, directory=directory, replies=replies) as world:
        reply = replied(world.receive("HELP", sender, PERSON))
    assert acs.messages == []
    (rejected,) = acs.rejected
    assert rejected.startswith(refusal)
    assert reply.status is (ReplyStatus.PENDING if rejected[:3] == "401" else ReplyStatus.FAILED)


def test_the_older_version_knows_no_partner(
    tmp_path: Path,
    directory: Directory,
    acs: LoopbackAcs,
    partners: dict[str, Partner],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without the newer version of the API the field would be ignored, and the number refused."""
    assert messaging_connect.API_VERSION in WITH_PARTNERS
    monkeypatch.setattr(messaging_connect, "versioned", lambda url: url)
    replies = through(acs, directory, infobip=partners[DANISH].key)
    with World(tmp_path, directory=directory, replies=replies) as world:
        reply = replied(world.receive("HELP", DANISH, PERSON))
    assert reply.status is ReplyStatus.FAILED
    assert acs.rejected == ["400 MessagingConnect option hasn't been provided."]


def test_from_beginning_to_end(tmp_path: Path, partners: dict[str, Partner]) -> None:
    """The app with its settings, over sockets: HELP is answered through the partner, STOP by nobody,
    and a desk hears what the person must text."""
    (tmp_path / "programs.toml").write_text(PROGRAMS)
    with LoopbackAcs(partners=partners) as acs:
        configured = environment(
            tmp_path / "optout.db",
            OPTOUT_PROGRAMS=str(tmp_path / "programs.toml"),
            OPTOUT_ACS_ENDPOINT=acs.endpoint,
            OPTOUT_ACS_KEY=acs.key,
            OPTOUT_MESSAGING_CONNECT_KEY_INFOBIP=partners[DANISH].key,
        )
        with serving(configured) as served:
            for text in ("HELP", "STOP"):
                assert served.app.deliver(sms_event(text, to=DANISH, from_=PERSON)) == 202
            assert served.app.check(DANISH, PERSON)["blocked_by"] == "platform"
            answer = served.app.change("opt-in", PERSON, sender=DANISH)
            # The other number of the same partner, which the file does not name.
            assert served.app.deliver(sms_event("HELP", to=FABRIKAM, from_=PERSON)) == 202
    assert answer["suppressed"]
    assert "text START or UNSTOP" in answer["remedy"]
    assert [(message.sender, message.text) for message in acs.messages] == [
        (DANISH, "Contoso: call 1-800-800-8000."),
        (FABRIKAM, "Fabrikam: call 0800 800 8000."),
    ]
    assert acs.rejected == []


def test_a_key_in_the_program_file_is_refused(tmp_path: Path) -> None:
    """There is no field for it, and what stands there is not repeated."""
    path = tmp_path / "programs.toml"
    path.write_text(PROGRAMS.replace('partner = "infobip"', 'partner = "infobip"\nkey = "very-secret"'))
    checked = subprocess.run(
        [sys.executable, "-m", "optout", "check-programs", str(path)],
        cwd=settings.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 2
    assert "there is no such field" in checked.stdout + checked.stderr
    assert "very-secret" not in checked.stdout + checked.stderr

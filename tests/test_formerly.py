"""A list that was renamed: its people stay out, whatever it is called now."""

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from optout import service, settings
from optout.decisions import consent
from optout.domain.enums import EvidenceKind, Party, ReplyStatus, ScopeKind
from optout.domain.errors import StoreAway
from optout.domain.model import EVERYTHING, Consent, Scope
from optout.operations.left_lists import lists_without_sender
from optout.operations.naming import find_target
from optout.operations.status import recipient_status
from optout.store.sqlite.store import SqliteStore
from tests.support.program_files import LONG_CODE, SHORT_CODE, load, program
from tests.support.world import NOON, PERSON, World

REPLIES = 'replies.stop = "Contoso: out."\nreplies.start = "Contoso: in."'
BEFORE = program(SHORT_CODE, name="Old", rest=REPLIES)
AFTER = program(SHORT_CODE, LONG_CODE, name="New", rest=f'formerly = ["older", "old"]\n{REPLIES}')
NEW, OLD, OTHER = (Scope(ScopeKind.LIST, name) for name in ("new", "old", "other"))
OWN = Scope(ScopeKind.SENDER, "12345")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A person who texted STOP before the list was renamed, and a new number of the program."""
    with World(tmp_path, directory=load(tmp_path, BEFORE)) as opened:
        opened.receive("STOP")
        opened.clock.move(minutes=1)
        opened.directory = load(tmp_path, AFTER)
        opened.checks.forget([PERSON])
        yield opened


def test_its_people_stay_out(world: World) -> None:
    """Of every sender that is on the list by now, also of one that they never texted."""
    answer = world.check("+14255550100")
    assert (answer.suppressed, answer.scope, answer.since) == (True, ScopeKind.LIST, NOON)
    assert world.check("12345").suppressed
    assert not world.check("+14255550100", "+14255550124").suppressed


def test_a_start_brings_them_back(world: World) -> None:
    """What is newer goes before what was said under another name, and the answer is true."""
    started = world.receive("START", "+14255550100")
    assert started.scopes == (Scope(ScopeKind.SENDER, "+14255550100"), NEW)
    assert started.reply is not None
    assert started.reply.status is ReplyStatus.SENT
    assert not world.check("+14255550100").suppressed
    assert world.check("12345").scope is ScopeKind.SENDER


def test_a_start_that_is_older(world: World) -> None:
    """It does not free a person who texted STOP since, and nobody tells them that it does."""
    late = world.receive("START", "+14255550100", at=NOON - timedelta(seconds=30))
    assert late.reply is not None
    assert late.reply.status is ReplyStatus.SUPERSEDED
    assert world.phone.received[-1].text == "Contoso: out."
    assert world.check("+14255550100").suppressed


@pytest.mark.parametrize("by", ["sender", "list"])
@pytest.mark.parametrize(("minutes_ago", "suppressed"), [(0, False), (30, True)])
def test_an_opt_in_by_hand(by: str, minutes_ago: int, suppressed: bool, world: World) -> None:
    """The answer is what holds then, and that is also what a check says."""
    name = {"sender": "+14255550100", "list": "new"}[by]
    target = find_target(
        world.directory, name if by == "sender" else None, name if by == "list" else None, False
    )
    at = world.clock.now - timedelta(minutes=minutes_ago)
    changed = world.changes.record(target, PERSON, out=False, actor="ann", reason="phoned", at=at)
    assert changed.answer.suppressed is suppressed
    assert world.check("+14255550100").suppressed is suppressed


def test_the_status_has_one_list(world: World) -> None:
    """That with the new name, where the person is out; the old one is no list without senders."""
    (status,) = recipient_status(PERSON, world.directory, world.store)
    assert (status.list, status.answer.suppressed) == ("new", True)
    assert [(sender.id, answer.suppressed) for sender, answer in status.senders] == [
        ("12345", True),
        ("+14255550100", True),
    ]
    world.receive("START", "+14255550100")
    (status,) = recipient_status(PERSON, world.directory, world.store)
    assert not status.answer.suppressed


def said(out: bool, minute: int) -> Consent:
    at = NOON + timedelta(minutes=minute)
    return Consent(out, at, at, EvidenceKind.MESSAGE, "STOP", Party.SERVICE, "id")


@pytest.mark.parametrize(
    ("consents", "by"),
    [
        ({}, None),
        ({OLD: said(True, 1)}, OLD),
        ({OLD: said(True, 1), NEW: said(False, 2)}, None),
        ({OLD: said(True, 2), NEW: said(False, 1)}, OLD),
        ({OLD: said(True, 1), NEW: said(False, 1)}, OLD),
        ({OLD: said(False, 1), NEW: said(True, 1)}, NEW),
        ({OLD: said(True, 1), NEW: said(True, 1)}, NEW),
        ({OLD: said(True, 1), EVERYTHING: said(False, 2)}, None),
        ({OLD: said(False, 1), EVERYTHING: said(True, 1)}, EVERYTHING),
        ({OLD: said(False, 3), NEW: said(True, 1), EVERYTHING: said(True, 2)}, None),
        ({OLD: said(False, 3), OWN: said(True, 1)}, OWN),
        ({OLD: said(True, 1), OWN: said(False, 2)}, OLD),
        ({OTHER: said(True, 1)}, None),
    ],
)
def test_the_latest_of_all_names_decides(
    consents: dict[Scope, Consent], by: Scope | None, world: World
) -> None:
    """The sender's own consent first; then the latest of its lists' and everything's, on a tie out."""
    scopes = consent.sender_scopes(world.directory.sender("12345"))
    assert [str(scope) for scope in scopes] == [
        "sender:12345", "list:new", "list:older", "list:old", "everything",
    ]  # fmt: skip
    found = consent.suppression(consents, scopes)
    assert (found.suppressed, found.scope) == (by is not None, by)
    assert found.consent == (consents[by] if by else None)


def test_programs_that_share_a_list(tmp_path: Path) -> None:
    """Its former names hold for all of them, whichever says them and however often."""
    first = program(SHORT_CODE, name="First", rest='formerly = ["a", "b", "a"]')
    second = program(LONG_CODE, name="Second", rest='formerly = ["b", "c"]').replace(
        'list = "second"', 'list = "first"'
    )
    directory = load(tmp_path, first + second)
    assert [sender.formerly for sender in directory.senders.values()] == [("a", "b", "c")] * 2
    assert directory.lists == {"first"}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (BEFORE, []),
        (AFTER, []),
        (AFTER.replace('"older", "old"', '"older"'), ["old"]),
        (program(name="Old"), ["old"]),
        ("", ["old"]),
    ],
    ids=["not renamed", "renamed", "renamed in silence", "without senders", "no program"],
)
def test_what_is_left_without_a_sender(
    text: str, left: list[str], world: World, tmp_path: Path
) -> None:
    """A list with people is a sender's, by its name or a former one; a sender without a program has
    a list of its own."""
    world.receive("STOP", "99999")
    found = lists_without_sender(load(tmp_path, text), world.store)
    assert [finding.entry for finding in found] == [f'list "{name}"' for name in left]


@pytest.mark.parametrize(("text", "rules"), [(AFTER, []), (program(), ["list_without_sender"])])
def test_it_is_logged_at_the_start(
    text: str, rules: list[str], world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With what to write in the program file."""
    load(tmp_path, f'reach = "list"\n{text}')
    configured = settings.Settings(
        programs=tmp_path / "programs.toml", store=f"sqlite:{tmp_path}/optout.db"
    )
    with caplog.at_level(logging.WARNING):
        service.build(configured).close()
    lines = [json.loads(record.getMessage()) for record in caplog.records]
    found = [line for line in lines if line["rule"] not in ("program_not_named", "stop_not_final")]
    assert [line["rule"] for line in found if not line["rule"].startswith("start_")] == rules
    assert all('formerly = ["old"]' in line["remedy"] for line in found if line["rule"] in rules)


def test_a_start_does_not_wait_for_advice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that cannot be asked for its lists keeps nobody from texting STOP."""

    def away(self: object) -> object:
        raise StoreAway("away")

    monkeypatch.setattr(SqliteStore, "list_names", away)
    configured = settings.Settings(store=f"sqlite:{tmp_path}/optout.db")
    service.build(configured).close()

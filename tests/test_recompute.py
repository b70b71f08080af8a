"""The upgrade of what an earlier version recorded: consents that the rules of today give otherwise."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from azure.core.credentials import AzureKeyCredential

from optout import service
from optout.azure.topic import TopicPublisher
from optout.decisions.target import Target
from optout.domain.enums import Effect, EvidenceKind, Intent, Party
from optout.domain.ids import evidence_id
from optout.domain.model import Consent, Decision, Evidence
from optout.operations import recompute
from optout.operations.recompute import recompute_all
from optout.settings import Settings
from tests.support.places import Place
from tests.support.topic import LoopbackTopic
from tests.support.world import CONTOSO, NOON, PERSON, World, write

TOLL_FREE = CONTOSO.sender("+18335550100")
SCOPES = Target(sender=TOLL_FREE).scopes


@pytest.fixture
def world(place: Place) -> Iterator[World]:
    with World(place) as opened:
        yield opened


def stop(number: int, text: str, minute: int) -> Evidence:
    """A STOP as the earlier version recorded it: the carrier's, whatever else was written."""
    at = NOON + timedelta(minutes=minute)
    return Evidence(
        id=evidence_id(EvidenceKind.MESSAGE, f"m{number}", PERSON),
        number=number,
        kind=EvidenceKind.MESSAGE,
        recipient=PERSON,
        at=at,
        received_at=NOON + timedelta(hours=number),
        sender=TOLL_FREE.id,
        list=TOLL_FREE.list,
        scopes=SCOPES,
        text=text,
        intent=Intent.STOP,
        keyword="STOP",
        blocked_by=Party.CARRIER,
        effect=Effect.OPTED_OUT,
    )


def consent(evidence: Evidence, *, out: bool, blocked_by: Party = Party.SERVICE) -> Consent:
    return Consent(out, evidence.at, evidence.at, evidence.kind, None, blocked_by, evidence.id)


def test_a_block_that_was_not_the_carriers(world: World) -> None:
    """STOP with an emoji is ours by rule 15: now a desk can lift it."""
    old = stop(1, "STOP 🛑", 0)
    carriers = consent(old, out=True, blocked_by=Party.CARRIER)
    write(world.store, Decision(old, {SCOPES[0]: carriers, SCOPES[1]: consent(old, out=True)}))
    (corrected,) = recompute_all(world.recorder)
    assert (corrected.effect, corrected.scopes) == (Effect.CONFIRMED, (SCOPES[0],))
    assert world.check(TOLL_FREE.id).blocked_by is Party.SERVICE
    assert list(recompute_all(world.recorder)) == []


def test_an_opt_in_by_hand_that_the_carriers_block_overrules(world: World) -> None:
    """A STOP of 12:01 that arrived after an opt-in by hand of 12:03: the person is out by rule 12."""
    at = NOON + timedelta(minutes=3)
    by_hand = replace(
        Target(sender=TOLL_FREE).evidence(EvidenceKind.MANUAL, out=False, now=at),
        id="by hand",
        number=1,
        recipient=PERSON,
        effect=Effect.OPTED_IN,
    )
    late = replace(stop(2, "STOP", 1), effect=Effect.OUTDATED)
    write(world.store, Decision(by_hand, dict.fromkeys(SCOPES, consent(by_hand, out=False))))
    write(world.store, Decision(late))
    assert not world.check(TOLL_FREE.id).suppressed
    world.clock.move(days=1)
    (corrected,) = recompute_all(world.recorder)
    assert corrected.effect is Effect.OPTED_OUT
    assert set(corrected.scopes) == set(SCOPES)
    world.checks.forget([PERSON])
    assert world.check(TOLL_FREE.id).suppressed
    assert world.check("12345").suppressed
    assert list(recompute_all(world.recorder)) == []


def test_what_is_right_stays_as_it_is(world: World) -> None:
    """Nothing is written about people whose consents the rules of today give, too."""
    for minute, (text, to) in enumerate(
        (("STOP", "12345"), ("START", "12345"), ("STOP", TOLL_FREE.id), ("hello", "54321"))
    ):
        world.receive(text, to, at=NOON + timedelta(minutes=minute))
    assert list(recompute_all(world.recorder)) == []
    assert len(world.history()) == 4


def test_a_file_is_brought_up_to_date_at_the_start(tmp_path: Path) -> None:
    """The first start after an upgrade corrects what is stored, and the next has nothing to do."""
    old = stop(1, "STOP 🛑", 0)
    configured = Settings(store=f"sqlite:{tmp_path}/optout.db")
    store = service.open_store(configured)
    carriers = consent(old, out=True, blocked_by=Party.CARRIER)
    write(store, Decision(old, {SCOPES[0]: carriers, SCOPES[1]: consent(old, out=True)}))
    assert store.rules_version() == 1
    store.close()
    for _ in range(2):
        built = service.build(configured)
        assert [item.kind for item in built.store.timeline(PERSON)] == ["message", "rules"]
        assert not recompute.is_due(built.store)
        (found,) = built.checks.check(TOLL_FREE, [PERSON])
        assert found.blocked_by is Party.SERVICE
        built.close()


def test_a_new_store_has_nothing_to_correct(world: World) -> None:
    """It is noted as one of today's rules, and stays so."""
    assert not recompute.is_due(world.store)
    world.receive("STOP")
    assert not recompute.is_due(world.store)


def test_the_version_of_the_rules_is_kept(world: World) -> None:
    """It is 1 until somebody has computed all consents, or nothing was ever recorded."""
    write(world.store, Decision(stop(1, "STOP", 0)))
    assert recompute.is_due(world.store)
    assert len(list(recompute_all(world.recorder))) == 1
    assert not recompute.is_due(world.store)
    assert world.store.rules_version() == recompute.RULES_VERSION


def test_a_stop_that_was_lost_to_a_clock(world: World) -> None:
    """One without a time of its own, taken for older than a START before it, takes effect now; what
    comes later finds it in its place."""
    start = replace(stop(1, "START", 5), intent=Intent.START, keyword="START", effect=Effect.OPTED_IN)
    lost = replace(stop(2, "STOP", 3), flags=("no_time",), effect=Effect.OUTDATED)
    write(world.store, Decision(start, dict.fromkeys(SCOPES, consent(start, out=False))))
    write(world.store, Decision(lost))
    world.clock.move(days=1)
    assert Effect.OPTED_OUT in [each.effect for each in recompute_all(world.recorder)]
    assert world.check(TOLL_FREE.id).suppressed
    world.receive("START", TOLL_FREE.id, at=NOON)
    assert world.check(TOLL_FREE.id).suppressed
    assert list(recompute_all(world.recorder)) == []


def test_whoever_is_written_by_other_rules_meanwhile(world: World) -> None:
    """An instance of the earlier version that still runs: the next run corrects what it wrote."""
    old = stop(1, "STOP 🛑", 0)
    carriers = consent(old, out=True, blocked_by=Party.CARRIER)
    for number in (1, 3):
        again = replace(old, id=f"id-{number}", number=number)
        write(world.store, Decision(again, {SCOPES[0]: carriers, SCOPES[1]: consent(old, out=True)}))
        assert len(list(recompute_all(world.recorder))) == 1


def test_what_is_announced_of_a_correction(place: Place) -> None:
    """That people are out now, in so many words; after one refusal the topic is not asked again."""
    with LoopbackTopic() as topic:
        publisher = TopicPublisher(topic.endpoint, AzureKeyCredential(topic.key), "/acs")
        with World(place, publisher=publisher) as world:
            at = NOON + timedelta(minutes=3)
            by_hand = replace(
                Target(sender=TOLL_FREE).evidence(EvidenceKind.MANUAL, out=False, now=at),
                id="by hand",
                number=1,
                recipient=PERSON,
            )
            write(world.store, Decision(by_hand, dict.fromkeys(SCOPES, consent(by_hand, out=False))))
            write(world.store, Decision(replace(stop(2, "STOP", 1), effect=Effect.OUTDATED)))
            list(recompute_all(world.recorder))
        publisher.close()
        newest = topic.events[-1]["data"]
        assert newest["cause"]["kind"] == "rules"
        assert newest["senders"][TOLL_FREE.id]["suppressed"]
        assert newest["lists"][TOLL_FREE.list]["suppressed"]

"""Probable requests: what each policy makes of them, and what a person says of them afterwards."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from azure.core.credentials import AzureKeyCredential
from hypothesis import given
from hypothesis import strategies as st

from optout.azure.topic import TopicPublisher
from optout.domain.enums import (
    Certainty,
    Effect,
    EvidenceKind,
    Intent,
    Party,
    ProbablePolicy,
    ReplyStatus,
    ReviewVerdict,
    ScopeKind,
)
from optout.domain.errors import NotFinished, NotFound, NotNow
from optout.domain.ids import verdict_id
from optout.domain.model import Decision, Evidence, Inquiry, RecipientState, Recorded
from optout.programs.directory import Directory
from tests.support.payloads import report_event
from tests.support.places import Place
from tests.support.topic import LoopbackTopic
from tests.support.world import NOON, PERSON, World

CONFIRM, LIFT = ReviewVerdict.CONFIRM, ReviewVerdict.LIFT
PROBABLE = "please cancel"
PROGRAM = """
[[program]]
name = "Contoso"
list = "contoso"

[program.replies]
stop = "Contoso: You opted out and will not receive any more messages."

[program.probable]
{own}

[program.probable.GB]
{britain}

[[program.sender]]
number = "12345"
type = "short_code"
country = "US"

[[program.sender]]
number = "78787"
type = "short_code"
country = "GB"
"""


def directory(folder: Path, own: str = "", britain: str = "") -> Directory:
    path = folder / "programs.toml"
    path.write_text(PROGRAM.format(own=own, britain=britain), "utf-8")
    return Directory.load(path)


@pytest.fixture
def world(place: Place) -> Iterator[World]:
    with World(place) as opened:
        yield opened


def judged(world: World, evidence: Evidence, verdict: ReviewVerdict) -> Evidence:
    return world.reviews.judge(evidence.id, verdict, "pat", "read it")


def waiting(world: World) -> list[str]:
    return [item.id for item in world.store.list_reviews(10, None).items]


def test_by_default(world: World) -> None:
    """It suppresses, is flagged and waits for review, and is not answered; the words are named."""
    evidence = world.receive(PROBABLE)
    assert (evidence.intent, evidence.certainty) == (Intent.STOP, Certainty.PROBABLE)
    assert (evidence.flags, evidence.policy) == (("probable",), ProbablePolicy.SUPPRESS)
    assert evidence.matched == "cancel"
    assert evidence.reply is not None
    assert (evidence.reply.answered_by, evidence.reply.status) == (Party.NOBODY, ReplyStatus.NONE)
    assert world.check().suppressed
    assert waiting(world) == [evidence.id]


@pytest.mark.parametrize(
    ("own", "britain", "to", "suppressed", "reviewed", "answered"),
    [
        ("", "", "12345", True, True, False),
        ("answered = true", "", "12345", True, True, True),
        ('policy = "review"', "", "12345", False, True, False),
        ('policy = "review"\nanswered = true', "", "12345", False, True, False),
        ('policy = "ignore"', "", "12345", False, False, False),
        ("", 'policy = "ignore"', "12345", True, True, False),
        ("", 'policy = "ignore"', "78787", False, False, False),
        ('policy = "ignore"', 'policy = "suppress"', "78787", True, True, False),
        ("answered = true", 'policy = "suppress"', "78787", True, True, True),
        ("answered = true", "answered = false", "78787", True, True, False),
    ],
)
def test_the_policy_of_a_program_and_country(
    tmp_path: Path, own: str, britain: str, to: str, suppressed: bool, reviewed: bool, answered: bool
) -> None:
    """A country's table goes before the program's own, field by field; a certain request needs none."""
    with World(tmp_path, directory=directory(tmp_path, own, britain)) as world:
        evidence = world.receive(PROBABLE, to)
        assert world.check(to).suppressed is suppressed
        assert waiting(world) == [evidence.id] * reviewed
        assert len(world.phone.received) == answered
        assert evidence.text == PROBABLE
        assert world.receive("STOP", to, "+14255550124").effect is Effect.OPTED_OUT


def test_confirm(world: World) -> None:
    """The consent stands as it was; the verdict is in the history, and the list is empty."""
    evidence = world.receive(PROBABLE)
    before = world.consents(PERSON, ["12345"])
    world.clock.move(hours=1)
    verdict = judged(world, evidence, CONFIRM)
    assert (verdict.kind, verdict.effect) == (EvidenceKind.MANUAL, Effect.CONFIRMED)
    assert (verdict.about, verdict.verdict) == (evidence.id, CONFIRM)
    assert (verdict.actor, verdict.reason) == ("pat", "read it")
    assert world.newest() == verdict
    assert world.consents(PERSON, ["12345"]) == before
    assert waiting(world) == []


def test_confirm_what_only_waited(tmp_path: Path) -> None:
    """Under the policy of review the verdict opts out, as of the time of the message."""
    with World(tmp_path, directory=directory(tmp_path, 'policy = "review"')) as world:
        evidence = world.receive(PROBABLE)
        world.clock.move(hours=1)
        assert judged(world, evidence, CONFIRM).effect is Effect.OPTED_OUT
        assert world.check().since == evidence.at
        assert world.check("78787").suppressed


def test_confirm_after_a_newer_start(tmp_path: Path) -> None:
    """What the person has asked since then stands."""
    with World(tmp_path, directory=directory(tmp_path, 'policy = "review"')) as world:
        evidence = world.receive(PROBABLE)
        world.clock.move(minutes=1)
        world.receive("START")
        assert judged(world, evidence, CONFIRM).effect is Effect.OUTDATED
        assert not world.check().suppressed


def test_lift(world: World) -> None:
    """The consents that rest on the message go, and everything it said stays in the history."""
    evidence = world.receive(PROBABLE)
    world.clock.move(hours=1)
    verdict = judged(world, evidence, LIFT)
    assert (verdict.effect, verdict.scopes) == (Effect.OPTED_IN, evidence.scopes)
    assert not world.check().suppressed
    assert not world.check("+14255550100").suppressed
    assert [item.id for item in world.history()] == [evidence.id, verdict.id]
    assert waiting(world) == []


def test_opting_in_after_a_lift(world: World) -> None:
    """The person is in since they said so, and not since ever."""
    evidence = world.receive(PROBABLE)
    judged(world, evidence, LIFT)
    world.clock.move(minutes=1)
    start = world.receive("START")
    assert {one.since for one in world.consents(PERSON, ["12345"]).values()} == {start.at}


def test_lift_what_only_waited(tmp_path: Path) -> None:
    """There is no consent to lift, so it goes off the list and changes nothing."""
    with World(tmp_path, directory=directory(tmp_path, 'policy = "review"')) as world:
        evidence = world.receive(PROBABLE)
        assert judged(world, evidence, LIFT).effect is Effect.NONE
        assert (waiting(world), world.consents(PERSON, ["12345"])) == ([], {})


def test_an_opt_in_after_a_lift_begins_with_itself(world: World) -> None:
    """What a lift leaves behind says nothing: an opt-in is not since then."""
    judged(world, world.receive(PROBABLE), LIFT)
    world.clock.move(hours=1)
    start = world.receive("START")
    consents = world.consents(PERSON, ["12345"])
    assert {(each.since, each.evidence_id) for each in consents.values()} == {(start.at, start.id)}


@pytest.mark.parametrize("since", ["STOP", "START"])
def test_lift_only_what_rests_on_it(world: World, since: str) -> None:
    """A newer word of the person, or an older STOP, is what the consent rests on."""
    evidence = world.receive(PROBABLE)
    world.clock.move(minutes=1)
    newer = world.receive(since)
    with pytest.raises(NotNow, match="confirm takes it off"):
        judged(world, evidence, LIFT)
    assert world.newest() == newer
    assert waiting(world) == [evidence.id]
    judged(world, evidence, CONFIRM)
    assert (waiting(world), world.check().suppressed) == ([], since == "STOP")


def test_an_older_stop_stays(world: World) -> None:
    """Who was out before the probable request is not opted in by lifting it."""
    world.receive("STOP")
    world.clock.move(minutes=1)
    evidence = world.receive(PROBABLE)
    with pytest.raises(NotNow):
        judged(world, evidence, LIFT)
    assert world.check().suppressed


def test_lift_of_what_a_carrier_blocks(world: World) -> None:
    """A block that a delivery report showed is no part of the request: only the list is lifted."""
    evidence = world.receive(PROBABLE, "+18335550100")
    world.clock.move(minutes=1)
    world.handler.handle(report_event("4007: opted out", at=world.clock.now))
    verdict = judged(world, evidence, LIFT)
    assert verdict.scopes == evidence.scopes[1:]
    assert world.check("+18335550100").blocked_by is Party.CARRIER
    assert not world.check("12345").suppressed


@pytest.mark.parametrize("verdict", [CONFIRM, LIFT])
def test_several_probable_requests(world: World, verdict: ReviewVerdict) -> None:
    """Lifting one takes back that one: what nobody has judged yet suppresses until somebody has."""
    first = world.receive(PROBABLE)
    world.clock.move(minutes=1)
    second = world.receive(PROBABLE)
    world.clock.move(minutes=1)
    assert judged(world, first, LIFT).effect is Effect.NONE
    assert (world.check().since, waiting(world)) == (second.at, [second.id])
    judged(world, second, verdict)
    assert (world.check().suppressed, waiting(world)) == (verdict is CONFIRM, [])


def test_a_confirmed_request_among_several(world: World) -> None:
    """What somebody has confirmed is a request like any other: the consent rests on it."""
    first = world.receive(PROBABLE)
    world.clock.move(minutes=1)
    second = world.receive(PROBABLE)
    judged(world, first, CONFIRM)
    with pytest.raises(NotNow):
        judged(world, second, LIFT)
    assert world.check().suppressed


def test_a_stop_that_was_on_its_way(world: World) -> None:
    """A STOP after the probable request counts, although it arrives after the verdict."""
    evidence = world.receive(PROBABLE)
    world.clock.move(hours=1)
    judged(world, evidence, LIFT)
    late = world.receive("STOP", at=NOON + timedelta(minutes=1))
    assert late.effect is Effect.OPTED_OUT
    assert world.check().suppressed


def test_a_late_stop_from_before_the_request(world: World) -> None:
    """It is later than all that still counts."""
    world.clock.move(hours=1)
    judged(world, world.receive(PROBABLE), LIFT)
    assert world.receive("STOP", at=NOON).effect is Effect.OPTED_OUT
    assert world.check().since == NOON


def test_an_older_stop_all_stays(world: World) -> None:
    """What a person has asked of everybody is not undone by what they did not ask of one."""
    world.receive("STOP ALL", "78787")
    world.clock.move(minutes=1)
    evidence = world.receive(PROBABLE)
    judged(world, evidence, LIFT)
    assert world.check().scope is ScopeKind.EVERYTHING


def test_a_sender_that_has_moved_to_another_list(tmp_path: Path) -> None:
    """The consents that the request gave are lifted, wherever its sender is now."""
    with World(tmp_path, directory=directory(tmp_path)) as world:
        evidence = world.receive(PROBABLE)
        text = PROGRAM.format(own="", britain="").replace('list = "contoso"', 'list = "renamed"')
        (tmp_path / "programs.toml").write_text(text, "utf-8")
        moved = replace(world.reviews, directory=Directory.load(tmp_path / "programs.toml"))
        assert moved.judge(evidence.id, LIFT, "pat", "read it").scopes == evidence.scopes


def test_the_same_verdict_again(world: World) -> None:
    """It is recorded once; the other verdict is refused with who gave the first."""
    evidence = world.receive(PROBABLE)
    once = judged(world, evidence, LIFT)
    assert judged(world, evidence, LIFT) == once
    with pytest.raises(NotNow, match="pat has given the other verdict"):
        judged(world, evidence, CONFIRM)
    assert len(world.history()) == 2


def test_a_lift_that_could_not_be_announced(place: Place) -> None:
    """Repeating it hours and many messages later announces it, although the consent rests on something
    else by then."""
    with LoopbackTopic() as topic:
        publisher = TopicPublisher(topic.endpoint, AzureKeyCredential(topic.key), "/acs")
        with World(place, publisher=publisher) as world:
            evidence = world.receive(PROBABLE)
            world.clock.move(minutes=1)
            topic.fail_next(403)
            world.queue.is_away = True
            with pytest.raises(NotFinished):
                judged(world, evidence, LIFT)
            world.queue.is_away = False
            for _ in range(110):
                world.clock.move(minutes=2)
                world.receive("hello")
            world.receive("STOP")
            told = len(topic.events)
            lifted = judged(world, evidence, LIFT)
            assert lifted.announcement
            assert lifted.announcement.published_at is not None
            (event,) = topic.events[told:]
            assert event["data"]["cause"]["kind"] == "manual"
            assert event["data"]["senders"]["12345"]["suppressed"]  # as it is now
        publisher.close()


def test_only_what_was_to_be_reviewed(world: World) -> None:
    """No verdict on a keyword, nor on what is not there."""
    certain = world.receive("STOP")
    for unknown in (certain.id, "another"):
        with pytest.raises(NotFound):
            world.reviews.judge(unknown, LIFT, "pat", "read it")


def test_a_stop_between_reading_and_writing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A verdict is decided anew when the person texts meanwhile."""
    evidence = world.receive(PROBABLE)
    world.clock.move(minutes=1)
    update, texts = world.store.update, iter(["STOP"])

    def texted_first(inquiry: Inquiry, decide: Callable[[RecipientState], Decision]) -> Recorded:
        if inquiry.evidence_id == verdict_id(evidence.id, PERSON) and (text := next(texts, None)):
            world.receive(text)
        return update(inquiry, decide)

    monkeypatch.setattr(world.store, "update", texted_first)
    with pytest.raises(NotNow):
        judged(world, evidence, LIFT)
    assert world.check().suppressed


@given(
    said=st.lists(st.sampled_from(["STOP", "START", "STOP ALL", PROBABLE]), max_size=5),
    order=st.randoms(use_true_random=False),
    judged_after=st.integers(0, 5),
)
def test_lift_is_as_if_it_had_not_been_said(
    tmp_path_factory: pytest.TempPathFactory, said: list[str], order: Random, judged_after: int
) -> None:
    """Among any other words, in whatever order they arrive before and after the verdict: the same
    people are out, since the same time. A refused verdict leaves all as it was."""
    texts = list(enumerate((PROBABLE, *said)))
    times = order.sample(range(10), len(texts))
    arrivals = order.sample(texts, len(texts))
    with (
        World(tmp_path_factory.mktemp("world")) as world,
        World(tmp_path_factory.mktemp("other"), clock=world.clock) as other,
    ):
        world.clock.move(hours=1)
        lifts, heard = False, None
        for arrived, (index, text) in enumerate(arrivals):
            sender = "78787" if text == "STOP ALL" else "12345"
            at = NOON + timedelta(minutes=times[index])
            evidence = world.receive(text, sender, at=at)
            heard = heard if index else evidence
            if index:
                other.receive(text, sender, at=at)
            if heard and not lifts and arrived >= judged_after:
                before = world.consents(PERSON, ["12345", "78787"])
                try:
                    lifts = judged(world, heard, LIFT).verdict is LIFT
                except NotNow:
                    assert world.consents(PERSON, ["12345", "78787"]) == before
        if lifts:
            assert [world.check(to) for to in ("12345", "78787")] == [
                other.check(to) for to in ("12345", "78787")
            ]

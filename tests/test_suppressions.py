"""Lookups and manual changes below HTTP: the cache, and blocks that nobody at a desk can lift."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from optout.domain.enums import Effect, Party
from optout.domain.errors import StoreAway
from optout.operations.changes import Changed
from optout.operations.check import Checks
from optout.operations.naming import find_sender, find_target
from optout.store.protocol import Store
from tests.support.world import NOON, PERSON, World


class Away:
    """A store that cannot answer."""

    def lookup(self, *asked: object) -> object:
        raise StoreAway("away")

    def finds_opt_ins(self, asked: int) -> bool:
        return True


def opt(world: World, out: bool, *, at_hours_ago: int = 0, **target: str) -> Changed:
    """A manual change by the support desk."""
    about = find_target(
        world.directory,
        target.get("sender"),
        target.get("list"),
        everything="everything" in target,
        allow_unconfigured=True,
    )
    at = world.clock.now - timedelta(hours=at_hours_ago)
    return world.changes.record(about, PERSON, out=out, actor="ann", reason="phoned", at=at)


def test_the_cache_knows_only_who_is_suppressed(world: World) -> None:
    """While the store is away, a known *suppressed* is still answered, *may send* never."""
    world.receive("STOP")
    assert world.check().suppressed
    assert not world.check("54321").suppressed
    world.checks._store = Away()  # type: ignore[assignment]
    assert world.check().suppressed
    with pytest.raises(StoreAway):
        world.check("54321")


def test_our_own_writes_drop_the_cache(world: World) -> None:
    """After START by text, and after an opt-in by hand, the next answer is read anew."""
    world.receive("STOP")
    assert world.check().suppressed
    world.clock.move(seconds=1)
    world.receive("START")
    assert not world.check().suppressed
    opt(world, out=True, sender="12345")
    assert world.check().suppressed
    world.clock.move(seconds=1)
    opt(world, out=False, sender="12345")
    assert not world.check().suppressed


class Overtaken:
    """A store in which something happens while a lookup is under way, after it was read."""

    def __init__(self, store: Store, happens: Callable[[], object]) -> None:
        self.store = store
        self.happens = happens

    def finds_opt_ins(self, asked: int) -> bool:
        return True

    def lookup(self, *asked: Any) -> object:
        found = self.store.lookup(*asked)
        self.happens()
        return found


def test_a_lookup_that_a_start_overtakes(world: World) -> None:
    """What was read before the START does not come back into the cache after it."""
    world.receive("STOP")
    world.clock.move(seconds=1)
    checks = world.checks
    checks._store = Overtaken(world.store, lambda: world.receive("START"))  # type: ignore[assignment]
    assert world.check().suppressed
    checks._store = world.store
    assert not world.check().suppressed


def test_a_lookup_that_others_changes_overtake(world: World) -> None:
    """Only those who changed are left out of the cache, and only of lookups that were under way."""
    another = "+14255550124"
    world.receive("STOP")
    checks = world.checks
    overtaken = Overtaken(world.store, lambda: checks.forget([another]))
    checks._store = overtaken  # type: ignore[assignment]
    assert world.check().suppressed
    world.receive("STOP", person=another)
    overtaken.happens = lambda: None
    assert world.check(person=another).suppressed
    checks._store = Away()  # type: ignore[assignment]
    assert world.check().suppressed
    assert world.check(person=another).suppressed


def test_lookups_side_by_side_are_overtaken_alike(world: World) -> None:
    """One that ends in the middle of another takes nothing of what the other must know."""
    world.receive("STOP")
    world.clock.move(seconds=1)
    checks = world.checks

    def another_and_start() -> None:
        checks._store = world.store
        assert not world.check("54321").suppressed
        world.receive("START")

    checks._store = Overtaken(world.store, another_and_start)  # type: ignore[assignment]
    assert world.check().suppressed
    assert not world.check().suppressed


def test_the_cache_forgets_in_time(world: World) -> None:
    """What another process changed is seen after at most the cache's seconds."""
    world.checks = Checks(world.store, 0, time.monotonic)
    world.receive("STOP")
    assert world.check().suppressed
    world.checks._store = Away()  # type: ignore[assignment]
    with pytest.raises(StoreAway):
        world.check()


@pytest.mark.parametrize(
    ("to", "whose", "words"),
    [("+18335550100", Party.CARRIER, "START or UNSTOP"), ("54321", Party.PLATFORM, "START")],
)
def test_a_block_that_is_not_ours(world: World, to: str, whose: Party, words: str) -> None:
    """Opting in by hand changes nothing there, and says what the person must text."""
    world.receive("STOP", to)
    changed = opt(world, out=False, sender=to)
    assert (changed.answer.suppressed, changed.answer.blocked_by) == (True, whose)
    (block,) = changed.blocks
    assert f"text {words} to {to}" in block.remedy
    assert changed.effect is Effect.NONE
    assert world.newest().flags == ("blocked",)
    assert world.check(to).suppressed


def test_a_list_is_lifted_around_a_block(world: World) -> None:
    """Opting in to a list lifts it, and names the sender that stays blocked."""
    world.receive("STOP", "+18335550100")
    world.clock.move(seconds=1)
    changed = opt(world, out=False, list="contoso-alerts")
    assert not changed.answer.suppressed
    assert [block.sender.id for block in changed.blocks] == ["+18335550100"]
    assert not world.check("12345").suppressed
    assert world.check("+18335550100").suppressed


@pytest.mark.parametrize("target", [{"list": "contoso-alerts"}, {"everything": "true"}])
def test_an_opt_out_from_the_sender_itself_remains(world: World, target: dict[str, Any]) -> None:
    """Opting in to something wider does not lift it, and the answer says so."""
    world.receive("STOP", "12345")
    world.clock.move(seconds=1)
    (block,) = opt(world, out=False, **target).blocks
    assert (block.sender.id, block.blocked_by) == ("12345", Party.SERVICE)
    assert "opt them in with that sender" in block.remedy
    assert world.check("12345").suppressed


@pytest.mark.parametrize("entry", ["4255550123", 4255550123])
def test_a_number_without_its_country(world: World, entry: object) -> None:
    """Where it may be of two countries, or no country is meant, it counts as suppressed, with the
    reason."""
    sender = find_sender(world.directory, "12345")
    for countries in ({"US", "GB"}, set[str]()):
        (answer,) = world.checks.check(sender, [entry], countries)
        assert answer.suppressed
        assert "with + and the country code" in str(answer.error)
    (answer,) = world.checks.check(sender, [entry], {"US"})
    assert (answer.recipient, answer.error) == (PERSON, None)


def test_manual_changes_take_their_place_in_the_order(world: World) -> None:
    """What the person said two hours ago does not undo what they texted since."""
    world.receive("START", at=NOON - timedelta(hours=1))
    changed = opt(world, out=True, at_hours_ago=2, sender="12345")
    assert (changed.effect, changed.answer.suppressed) == (Effect.OUTDATED, False)
    changed = opt(world, out=True, sender="12345")
    assert (changed.effect, changed.answer.suppressed) == (Effect.OPTED_OUT, True)
    assert opt(world, out=True, sender="12345").effect is Effect.CONFIRMED


def test_opting_in_deletes_nothing(world: World) -> None:
    """The opt-out before it stays in the history, with who said what and why."""
    opt(world, out=True, everything="true")
    world.clock.move(seconds=1)
    opt(world, out=False, everything="true")
    assert [(item.effect, item.actor, item.reason) for item in world.history()] == [
        (Effect.OPTED_OUT, "ann", "phoned"),
        (Effect.OPTED_IN, "ann", "phoned"),
    ]


def test_unconfigured_senders_stand_alone(world: World) -> None:
    """An opt-out from a sender that no program names touches no other sender."""
    opt(world, out=True, sender="99999")
    assert world.check("99999").suppressed
    assert not world.check("12345").suppressed

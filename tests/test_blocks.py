"""Rule 12: what a desk or a list enters lifts no block of a carrier's or ACS's, whatever is first."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optout.decisions.target import Target
from optout.domain.enums import Effect
from optout.operations.recompute import recompute_all
from optout.operations.transfer.rows import ImportedRow
from tests.support.payloads import report_event
from tests.support.places import file_in
from tests.support.world import CONTOSO, NOON, PERSON, World

TOLL_FREE = "+18335550100"
TARGET = Target(sender=CONTOSO.sender(TOLL_FREE))


@dataclass(frozen=True)
class Said:
    """What happens at a minute: a text, a delivery report, an opt-in by hand or from a list."""

    what: str
    minute: int

    @property
    def at(self) -> datetime:
        return NOON + timedelta(minutes=self.minute)


def happen(world: World, said: Said) -> None:
    match said.what:
        case "by hand":
            world.changes.record(TARGET, PERSON, out=False, actor="ann", reason="phoned", at=said.at)
        case "by list":
            world.importer(TARGET).record([ImportedRow(PERSON, said.at, out=False)])
        case "report":
            world.handler.handle(
                report_event("4007", to=PERSON, attempts=[said.at], message_id=f"r{said.minute}")
            )
        case text:
            # STOP ALL comes to a sender of another list.
            to = "54321" if text == "STOP ALL" else TOLL_FREE
            world.receive(text, to, at=said.at, message_id=f"m{said.minute}")


def expected(story: Sequence[Said]) -> tuple[bool, bool]:
    """Whether the sender and another one of its list are suppressed, by walking through the story in
    the order of its times: only the bare START ends the carrier's block, and while that stands nobody
    else opts anybody in."""
    own = blocked = False
    listed, everything = (-1, False), (-1, False)
    for said in sorted(story, key=lambda each: each.minute):
        match said.what:
            case "STOP":
                own, blocked, listed = True, True, (said.minute, True)
            case "please stop":
                own, listed = True, (said.minute, True)
            case "STOP ALL":
                everything = (said.minute, True)
            case "report":
                own = blocked = True
            case "START":
                own, blocked, listed = False, False, (said.minute, False)
            case "by hand" | "by list" if not blocked:
                own, listed = False, (said.minute, False)
    _, wider = max(listed, everything)
    return own or wider, wider


def actual(world: World) -> tuple[bool, bool]:
    return world.check(TOLL_FREE).suppressed, world.check("12345").suppressed


def play(folder: Path, arrivals: Sequence[Said]) -> tuple[bool, bool]:
    with World(file_in(folder)) as world:
        world.clock.now = NOON + timedelta(hours=1)
        for said in arrivals:
            happen(world, said)
        return actual(world)


@pytest.mark.parametrize("entered", ["by hand", "by list"])
@pytest.mark.parametrize("block", ["STOP", "report"])
def test_a_block_that_arrives_after_the_opt_in(tmp_path: Path, entered: str, block: str) -> None:
    """An opt-in of 12:03 that is written before the carrier's STOP of 12:01 arrives has no effect."""
    arrivals = [Said("please stop", 0), Said(entered, 3), Said(block, 1)]
    assert play(tmp_path, arrivals) == (True, True)


@pytest.mark.parametrize("entered", ["by hand", "by list"])
def test_a_start_that_arrives_after_the_opt_in(tmp_path: Path, entered: str) -> None:
    """An opt-in that had no effect has one, once it is known that the block had ended before it."""
    arrivals = [Said("STOP", 0), Said("please stop", 3), Said(entered, 4), Said("START", 1)]
    assert play(tmp_path, arrivals) == (False, False)


stories = st.lists(
    st.tuples(
        st.sampled_from(["STOP", "please stop", "STOP ALL", "report", "START", "by hand", "by list"]),
        st.integers(0, 30),
    ),
    max_size=7,
    unique_by=lambda each: each[1],
).map(lambda pairs: [Said(*pair) for pair in pairs])


@given(stories.flatmap(lambda story: st.tuples(st.just(story), st.permutations(story))))
@settings(max_examples=120, deadline=None)
def test_in_whatever_order_things_arrive(story: tuple[list[Said], list[Said]]) -> None:
    """Whom the carrier's sender and another one of its list may text is as the story by its times says,
    and computing everything anew finds nothing to correct."""
    told, arrivals = story
    with tempfile.TemporaryDirectory() as folder:
        assert play(Path(folder), arrivals) == expected(told)
        with World(file_in(Path(folder))) as world:
            assert list(recompute_all(world.recorder)) == []


def test_an_opt_in_that_proves_to_be_without_effect(tmp_path: Path) -> None:
    """It does not stand against an older STOP ALL, whatever arrives first."""
    story = [Said("STOP ALL", 0), Said("report", 1), Said("by hand", 3)]
    for number, arrivals in enumerate(permutations(story)):
        assert play(tmp_path / str(number), arrivals) == (True, True)


def test_a_block_at_the_moment_of_an_opt_in(tmp_path: Path) -> None:
    """It stands already: the opt-in has no effect on the list either."""
    story = [Said("please stop", 3), Said("by hand", 10), Said("report", 10)]
    for number, arrivals in enumerate(permutations(story)):
        assert play(tmp_path / str(number), arrivals) == (True, True)


def test_a_block_that_arrives_late_is_an_opt_out(tmp_path: Path) -> None:
    """Whoever was free and is out by it is counted as such."""
    with World(file_in(tmp_path)) as world:
        world.clock.now = NOON + timedelta(hours=1)
        happen(world, Said("by hand", 3))
        happen(world, Said("STOP", 1))
        assert world.newest().effect is Effect.OPTED_OUT

"""The simulation in short: nothing is violated, the same seed gives the same history, and every check
can fail."""

import os
import subprocess
import sys
from typing import Any

import pytest

from optout import settings
from tests.simulate.broken import broken
from tests.simulate.operations import Operation
from tests.simulate.plan import History, Plan
from tests.simulate.shrinking import Shrinking, as_test
from tests.simulate.simulation import STORES, replay, simulate

# Some seconds in all.
HISTORIES = {"model": 60, "sqlite": 20, "tables": 20}
# Fixed ones, so that whoever runs the tests plays the same; `make simulate` draws new ones.
FIRST_SEED = 1_000
# What is found at once; `make simulate SIMULATE="--broken each"` tries all of them.
QUICK = {
    "order_of_arrival": "consents",
    "unconditional_record": "history",
    "hasty_quarantine": "quarantine",
    "lost_settlement": "statuses",
    "always_due": "stale",
    "never_expires": "too late",
    "unguarded": "too many",
    "fresh_send_ids": "attempts",
    "thawed_text": "phones",
    "only_own_scopes_are_news": "consumers",
    "reaches_too_early": "consents",
    "word_is_start": "consents",
    "asked_again": "asked again",
    "unnamed_by_itself": "consents",
    "partner_blocks_nothing": "consents",
}


@pytest.mark.parametrize("store", STORES)
def test_nothing_is_violated(store: str) -> None:
    """Whatever fails, whoever goes on, and whoever is killed."""
    for seed in range(FIRST_SEED, FIRST_SEED + HISTORIES[store]):
        outcome = simulate(seed, store)
        assert not outcome.problem, f"seed {seed} over {store}: {outcome.problem}"


def digests(count: int = 3) -> list[str]:
    """Of some histories over each store."""
    return [simulate(seed, store).digest for store in STORES for seed in range(count)]


def test_the_same_seed_gives_the_same_history() -> None:
    """Here, again, and in another process, in which sets have another order."""
    here = digests()
    assert digests() == here
    program = "from tests.test_simulate import digests; print(*digests())"
    there = subprocess.run(
        [sys.executable, "-c", program],
        cwd=settings.ROOT,
        env=os.environ | {"PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert there.split() == here


@pytest.mark.parametrize("store", STORES)
def test_a_history_is_what_was_chosen(store: str) -> None:
    """Without the seed, its operations and choices give the same trace."""
    for seed in range(3):
        played = simulate(seed, store)
        assert replay(played.history).trace == played.trace


@pytest.mark.parametrize("rule", QUICK)
def test_a_broken_rule_is_found(rule: str) -> None:
    """By the check that is meant for it."""
    with broken(rule):
        assert any(simulate(seed, "model").kind == QUICK[rule] for seed in range(40))


def test_a_failure_is_shrunk_and_written_as_a_test() -> None:
    """What is left fails in the same way; as a test it fails until the rule is mended."""
    with broken("lost_settlement"):
        failed = next(each for seed in range(20) if (each := simulate(seed, "model")).problem)
        small = Shrinking(failed).run()
        assert small.kind == failed.kind
        assert len(small.history.plan.operations) == 1
        assert len(small.history.choices) <= 1
        written: dict[str, Any] = {
            "History": History, "Plan": Plan, "Operation": Operation, "replay": replay,
        }  # fmt: skip
        exec(as_test(small, "small"), written)
        with pytest.raises(AssertionError):
            written["test_small"]()
    written["test_small"]()

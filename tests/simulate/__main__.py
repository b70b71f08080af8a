"""`python -m tests.simulate`: play histories until one of them fails, and print it as a test."""

import argparse
import random
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass

from tests.simulate.broken import BROKEN, ONLY_IN, broken
from tests.simulate.known import strictly
from tests.simulate.shrinking import Shrinking, as_test
from tests.simulate.simulation import STORES, Outcome, simulate


@dataclass
class Played:
    """How much was played, and what failed first."""

    store: str
    histories: int = 0
    operations: int = 0
    effects: int = 0
    faults: int = 0
    seconds: float = 0.0
    failed: Outcome | None = None
    seed: int = 0

    def __str__(self) -> str:
        each_minute = f"{self.histories / self.seconds * 60:,.0f}"
        return (
            f"{self.store}: {self.histories:,} histories, {self.operations:,} operations, "
            f"{self.effects:,} effects, {self.faults:,} faults in {self.seconds:.1f} s; "
            f"{each_minute} histories a minute"
        )


def play(store: str, seeds: Iterator[int], seconds: float) -> Played:
    """Histories over a store, until one fails or the time is over."""
    played, began = Played(store), time.perf_counter()
    for seed in seeds:
        outcome = simulate(seed, store)
        choices = outcome.history.choices
        played.histories += 1
        played.operations += len(outcome.history.plan.operations)
        played.effects += outcome.effects
        played.faults += sum(" fate" in name for name in choices)
        played.seconds, played.seed = time.perf_counter() - began, seed
        if outcome.problem:
            played.failed = outcome
            break
        if played.seconds > seconds:
            break
    return played


def show(failed: Outcome, seed: int, rule: str | None) -> None:
    """A failure, as small as it gets, and how it comes about."""
    print(f"seed {seed}: {failed.problem}\n", flush=True)
    small = Shrinking(failed).run()
    name = f"{rule or 'seed'}_{seed}_{small.history.plan.store}"
    print(as_test(small, name, rule), "\n", flush=True)
    print("\n".join(line for line in small.trace if ": " in line or line.endswith("}")))


def main() -> int:
    """0 if nothing was violated."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulate", description=__doc__)
    parser.add_argument("--seed", type=int, help="the first one; without it, new ones are drawn")
    parser.add_argument("--seeds", type=int, default=10**9, help="how many histories at most")
    parser.add_argument("--minutes", type=float, default=1.0, help="how long at most, over each store")
    parser.add_argument("--store", choices=(*STORES, "all"), default="all")
    parser.add_argument("--strict", action="store_true", help="also find what is known (known.py)")
    parser.add_argument("--broken", choices=(*BROKEN, "each"), help="a rule to break on purpose")
    given = parser.parse_args()
    first = random.randrange(10**9) if given.seed is None else given.seed
    rules = list(BROKEN) if given.broken == "each" else [given.broken]
    is_right = True
    for store in STORES if given.store == "all" else (given.store,):
        print(f"{store}: from --seed {first} on", flush=True)
        for rule in rules:
            if ONLY_IN.get(str(rule), store) != store:
                continue
            with broken(rule), strictly() if given.strict else nullcontext():
                played = play(store, iter(range(first, first + given.seeds)), given.minutes * 60)
                if rule and len(rules) > 1:
                    print(row(rule, played), flush=True)
                    continue
                print(played, flush=True)
                if played.failed:
                    show(played.failed, played.seed, rule)
            is_right &= played.failed is None
    return 0 if is_right else 1


def row(rule: str, played: Played) -> str:
    """How long a rule that is broken on purpose has lived."""
    found = played.failed.kind if played.failed else "NOT FOUND"
    return f"  {rule:28}{played.histories:>7,} histories {played.seconds:>7.1f} s  {found}"


if __name__ == "__main__":
    sys.exit(main())

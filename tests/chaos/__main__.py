"""`python -m tests.chaos`: run the campaign and print what was injected and what was found."""

import argparse
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.chaos import figures, outage
from tests.chaos.campaign import Settings, run
from tests.chaos.telling import report
from tests.support.azurite import azurite
from tests.support.places import Place, file_in, new_tables


def main() -> int:
    """0 if nothing was violated."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--workers", type=int, default=4, help="processes that share the store")
    parser.add_argument("--seed", type=int, help="draws what another campaign drew")
    parser.add_argument("--store", choices=("sqlite", "tables", "both", "none"), default="both")
    figures.add_options(parser)
    given = parser.parse_args()
    # So that no process stays behind when this one is told to end.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    seed = random.randrange(2**32) if given.seed is None else given.seed
    settings = Settings(seed, given.messages, given.workers)
    is_right = True
    if given.store in ("sqlite", "both"):
        folder = Path(tempfile.mkdtemp(prefix="optout-chaos-"))
        is_right = play("SQLite", settings, file_in(folder), folder)
        is_right &= hour("SQLite", seed, file_in)
    if given.store in ("tables", "both"):
        folder = Path(tempfile.mkdtemp(prefix="optout-chaos-"))
        with azurite(folder) as tables, azurite(folder, "queue") as queue:
            is_right &= play("tables", replace(settings, queue=queue), new_tables(tables), folder)
            is_right &= hour("tables", seed, lambda folder: new_tables(tables), queue)
    is_right &= figures.play(given, seed)
    return 0 if is_right else 1


def play(store: str, settings: Settings, place: Place, folder: Path) -> bool:
    """One campaign, told; whether nothing was violated. Only then its folder goes."""
    what = f"{settings.messages:,} messages, {settings.workers} workers, seed {settings.seed}"
    print(f"{store}: {what}", flush=True)
    began = time.monotonic()
    outcome = run(settings, place, folder)
    print(report(outcome))
    print(f"took {time.monotonic() - began:.0f} s; to repeat it: --seed {settings.seed}\n", flush=True)
    if outcome.violations:
        print(f"the log of all that was attempted is in {folder}")
        return False
    shutil.rmtree(folder)
    return True


def hour(store: str, seed: int, place: Callable[[Path], Place], queue: str | None = None) -> bool:
    """ACS away for an hour, and a topic that refuses everything, told."""
    with tempfile.TemporaryDirectory(prefix="optout-chaos-") as name:
        played = outage.play(seed, place(Path(name)), Path(name), queue)
    print(f"{store}: ACS is away for an hour, and the topic refuses everything\n{played}")
    print("\n".join((*played.outcome.violations[:20], *played.not_sent)), flush=True)
    return not (played.outcome.violations or played.first_failed or played.not_sent)


if __name__ == "__main__":
    sys.exit(main())

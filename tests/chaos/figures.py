"""The part of the campaign that is not about faults: bad input and load, told as figures."""

import argparse
import tempfile
from pathlib import Path

from tests.chaos import badinput, load


def add_options(parser: argparse.ArgumentParser) -> None:
    """How much of it; 0 leaves it out."""
    parser.add_argument("--fuzz", type=int, default=6_000, metavar="N", help="bad inputs")
    parser.add_argument("--load", type=float, default=3, metavar="MINUTES", help="held for so long")


def play(given: argparse.Namespace, seed: int) -> bool:
    """Both, told; whether nothing was violated."""
    is_right = True
    with tempfile.TemporaryDirectory(prefix="optout-chaos-") as folder:
        if given.fuzz:
            figures = badinput.fuzz(Path(folder), given.fuzz, seed)
            print(figures.report(), flush=True)
            is_right = not figures.violations
        if given.load:
            held = load.hold(Path(folder), given.load)
            print(held.report(), flush=True)
            is_right &= not held.violations
    return is_right

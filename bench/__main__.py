"""make bench: every figure in one table, with its ratio and its floor."""

import argparse
import logging
import sys
from collections.abc import Callable, Iterable

from bench import classification, feed, guard, hosting, lists, replica, sqlite, tables
from bench.measure import Figure

PARTS: dict[str, Callable[[], Iterable[Figure]]] = {
    "sqlite": sqlite.figures,
    "tables": tables.figures,
    "lists": lists.figures,
    "feed": feed.figures,
    "hosting": hosting.figures,
    "guard": guard.figures,
    "replica": replica.figures,
    "classification": classification.figures,
}


def main() -> int:
    """Measure everything, or the parts that are named; 1 if a floor was missed."""
    asked = argparse.ArgumentParser(prog="bench", description=__doc__)
    asked.add_argument("part", nargs="*", default=list(PARTS), help=", ".join(PARTS))
    parts = asked.parse_args().part
    if unknown := set(parts) - set(PARTS):
        asked.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    logging.disable(logging.CRITICAL)
    print(f"{'what':54} {'value':>26} {'ratio':>7} {'floor':>8}")
    missed = 0
    for part in parts:
        for figure in PARTS[part]():
            ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
            mark = {True: "", False: "  missed", None: ""}[figure.met]
            print(f"{figure.name:54} {figure.value:>26} {ratio:>7} {figure.floor:>8}{mark}", flush=True)
            missed += figure.met is False
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

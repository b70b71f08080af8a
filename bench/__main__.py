"""make bench: every figure in one table, with its ratio and its floor."""

import logging
import sys

from bench import classification, hosting, lookups, messages


def main() -> int:
    """Measure everything; 1 if a floor was missed."""
    logging.disable(logging.CRITICAL)
    print(f"{'what':54} {'value':>26} {'ratio':>7} {'floor':>8}")
    missed = 0
    for part in (messages, lookups, hosting, classification):
        for figure in part.figures():
            ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
            mark = {True: "", False: "  missed", None: ""}[figure.met]
            print(f"{figure.name:54} {figure.value:>26} {ratio:>7} {figure.floor:>8}{mark}", flush=True)
            missed += figure.met is False
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

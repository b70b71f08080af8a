"""What it costs to understand a message."""

import timeit
from collections.abc import Callable
from functools import partial

from bench.measure import Figure
from optout.domain.enums import NumberType
from optout.language import rules
from optout.language.classify import classify

TEXTS = {
    "an ordinary message of 160 characters": (
        "Hi, thanks for the quick answer yesterday! We would love to come by on Saturday around "
        "noon and have a look at the garden, if that still suits you and the kids."
    ),
    "a keyword": "STOP",
    "a keyword in disguise": "“Ｓｔｏｐ”!!! 🛑",
}


def figures() -> list[Figure]:
    """Microseconds for each kind of message."""
    ruleset = rules.unconfigured(NumberType.SHORT_CODE, None)
    return [
        Figure(f"classify {name}", f"{_once(partial(classify, text, ruleset)) * 1e6:.1f} µs")
        for name, text in TEXTS.items()
    ]


def _once(work: Callable[[], object]) -> float:
    """Seconds for one, at the best of several tries: what disturbs can only make it slower."""
    return min(timeit.repeat(work, number=2000, repeat=7)) / 2000


if __name__ == "__main__":
    for figure in figures():
        print(figure)

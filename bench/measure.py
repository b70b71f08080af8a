"""Timing two ways of doing the same work against each other."""

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line of the table: what was measured, its value and, where there is one, its floor."""

    name: str
    value: str
    ratio: float | None = None
    floor: str = ""
    met: bool | None = None


def rate(count: int, work: Callable[[], object]) -> float:
    """How many of something a second."""
    started = time.perf_counter()
    work()
    return count / (time.perf_counter() - started)


def seconds(work: Callable[[], object]) -> float:
    """How long something takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def paired(ours: Callable[[], float], theirs: Callable[[], float], rounds: int) -> tuple[float, float]:
    """The medians of two measurements taken in turn, so that a noisy moment meets both."""
    first, second = [], []
    for _ in range(rounds):
        gc.collect()
        first.append(ours())
        second.append(theirs())
    return statistics.median(first), statistics.median(second)


def at_least(name: str, value: str, ratio: float, floor: float) -> Figure:
    """A ratio that must not fall below a floor."""
    return Figure(name, value, ratio, f"≥ {floor}", ratio >= floor)


def at_most(name: str, value: str, ratio: float, ceiling: float) -> Figure:
    """A ratio that must not rise above a ceiling."""
    return Figure(name, value, ratio, f"≤ {ceiling}", ratio <= ceiling)

"""Bad input and load in short; and everything that their figures hold can be violated."""

import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import strategies as st

from tests.chaos import badinput, load
from tests.chaos.badinput import Figures, Kind


def test_nothing_raises_and_nothing_hangs(tmp_path: Path) -> None:
    """A few of each kind, all of them ended in a way that has a name."""
    figures = badinput.fuzz(tmp_path, 240)
    assert not figures.violations, figures.report()
    assert set(figures.tried) == {
        "events", "HTTP bodies", "queries", "program files", "import files", "queue messages",
    }  # fmt: skip
    assert min(figures.tried.values()) >= 20


@pytest.mark.parametrize("problem", [ValueError, RecursionError, MemoryError])
def test_what_raises_is_told(problem: type[Exception]) -> None:
    """With the kind, the error and the input."""

    def give(value: str) -> str:
        raise problem

    figures = Figures()
    badinput.try_kind(Kind("letters", st.just("abc"), give), 1, 1, figures)
    (violation,) = figures.violations
    assert violation.startswith(f"letters: {problem.__name__}")
    assert "'abc'" in figures.report()


def test_what_costs_too_much_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processor time counts, not the time for which others had the processor."""
    monkeypatch.setattr(badinput, "COSTLY_SECONDS", 0.2)

    def give(value: float) -> str:
        end = time.process_time() + value
        while time.process_time() < end:
            pass
        time.sleep(0.3)
        return "done"

    figures = Figures()
    badinput.try_kind(Kind("quick", st.just(0.0), give), 1, 1, figures)
    assert not figures.violations
    badinput.try_kind(Kind("slow", st.just(0.3), give), 1, 1, figures)
    assert figures.violations[0].startswith("slow: took 0.")


def test_some_seconds_of_load(tmp_path: Path) -> None:
    """Everything is answered, and the figures say how much it was."""
    held = load.hold(tmp_path, 0.1)
    # Memory is flat after minutes only.
    assert not held.failed, held.report()
    assert set(held.asked) == {"events", "checks", "histories", "bad bodies"}
    assert 20 < held.before < held.after * 2 < 2000


def test_what_fails_and_what_grows_is_told() -> None:
    """An answer that is wrong, and memory."""
    assert not load.Held(1, before=100, after=105).violations
    (grown,) = load.Held(1, before=100, after=120).violations
    assert grown == "load: memory grew from 100 to 120 MiB"
    assert load.Held(1, failed=Counter({"checks: 500": 2})).violations == ["load: 2 checks: 500"]

"""Bad input and load in short; and everything that their figures hold can be violated."""

import os
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.message import Message
from http.client import BadStatusLine, IncompleteRead
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optout.http import table
from optout.http.exchange import Request
from tests.chaos import badinput, load
from tests.chaos.badinput import Figures, Kind
from tests.support.client import Answer, HttpAnswer, Served, serving


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


@given(badinput.queries())
def test_an_operation_is_asked_by_its_own_method(asked: tuple[str, Request]) -> None:
    """Whatever it is: a 405 would be all that is ever said of one that is posted without a body."""
    name, request = asked
    assert request.method in {
        each.method for each in table.OPERATIONS if (each.function or each.name) == name
    }


def test_some_seconds_of_load(tmp_path: Path) -> None:
    """Everything is answered as it should be, and the memory that is noted is that of an app."""
    held = load.hold(tmp_path, 0.1)
    # That it does not grow shows after minutes only: `make chaos` judges it.
    assert not held.failed, held.report()
    assert held.ended is None
    assert set(held.asked) == {"events", "checks", "histories", "bad bodies"}
    assert all(20 < mebibytes < 1000 for mebibytes in (held.before, held.after))


def test_memory_is_what_a_process_holds() -> None:
    """What is judged shows 64 MiB as 64, and not any more once they are let go."""
    before = load.memory(os.getpid())
    ballast = b"x" * (64 * 1024 * 1024)
    during = load.memory(os.getpid())
    del ballast
    assert 60 < during - before < 68
    assert 60 < during - load.memory(os.getpid()) < 68


def test_an_app_that_dies_ends_the_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told with its exit code, and no client goes on against nobody."""

    @contextmanager
    def dying(given: Mapping[str, str]) -> Iterator[Served]:
        with serving(given) as served:
            end = threading.Timer(0.5, served.process.kill)
            end.start()
            yield served
            end.join()

    monkeypatch.setattr(load, "serving", dying)
    began, threads = time.monotonic(), threading.active_count()
    held = load.hold(tmp_path, 2)
    assert time.monotonic() - began < 60
    assert threading.active_count() <= threads
    assert "load: the app ended, with -9" in held.violations


class Answering:
    """A host whose answers are given: a status, or what is raised; after them all is over."""

    def __init__(self, *answers: int | Exception) -> None:
        self.answers = list(answers)
        self.is_over = threading.Event()

    def request(
        self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        answer = self.answers.pop()
        if not self.answers:
            self.is_over.set()
        if isinstance(answer, Exception):
            raise answer
        return HttpAnswer(answer, b"", Message())


def asked_by_one(*answers: int | Exception) -> Counter[str]:
    """What failed of the requests of one client."""
    host, held = Answering(*answers), load.Held(1)
    load.ask(host, 1, held, host.is_over)
    return held.failed


def test_an_answer_that_breaks_off_does_not_end_a_client() -> None:
    """Each is told, whatever the layer in which it broke."""
    failed = asked_by_one(BadStatusLine(""), IncompleteRead(b""), ConnectionResetError())
    assert sorted(each.partition(": ")[2] for each in failed.elements()) == [
        "BadStatusLine", "ConnectionResetError", "IncompleteRead",
    ]  # fmt: skip


@pytest.mark.parametrize("status", [200, 202, 400, 405, 500])
def test_only_the_right_status_is_right(status: int) -> None:
    """200 is wrong for a body that is none, as 400 is for one that is right."""
    failed = asked_by_one(*[status] * 300)
    right = {200: {"checks", "histories"}, 202: {"events"}}.get(status, set())
    assert {each.partition(": ")[0] for each in failed} == {
        "events", "checks", "histories", "bad bodies",
    } - right  # fmt: skip


def test_what_fails_and_what_grows_is_told() -> None:
    """An answer that is wrong, and memory."""
    assert not load.Held(1, before=100, after=105).violations
    (grown,) = load.Held(1, before=100, after=120).violations
    assert grown == "load: memory grew from 100 to 120 MiB"
    assert load.Held(1, failed=Counter({"checks: 500": 2})).violations == ["load: 2 checks: 500"]

"""Copies of the list in a file, and pages for them, without an app."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from optout_client import CheckResult
from optout_client._held import Held

from .documents import SENDERS, Document, page
from .support import WHO, App

APP = "https://contoso-optout.azurewebsites.net"
PAT, SAM = "+14255550123", "+14255550124"


@pytest.fixture
def copy_path(tmp_path: Path) -> Path:
    return tmp_path / "copy.db"


@pytest.fixture
def held_in(copy_path: Path) -> Iterator[Callable[..., Held]]:
    """Makes copies in one file, as several processes do."""
    made: list[Held] = []

    def make(source: str = APP, max_age: float = 300.0) -> Held:
        made.append(Held(copy_path, source, max_age))
        return made[-1]

    yield make
    for each in made:
        each.copy.close()


@pytest.fixture
def held(held_in: Callable[..., Held]) -> Held:
    return held_in()


def keep(held: Held, items: Sequence[Document], next_: str = "end", *, more: bool = False) -> bool:
    """One page, asked for from where the copy is; whether it was kept."""
    kept = held.keep(held.place(), page(items, next_, more=more), SENDERS, held.freshness.now())
    return kept is not None


def check(held: Held, recipient: str, sender: str = "12345") -> CheckResult:
    (result,) = held.check(sender, 0, [recipient])
    return result


def imported(app: App, people: Sequence[str]) -> None:
    """Opt-outs of Contoso Alerts' list, of another system."""
    rows = [{"recipient": person} for person in people]
    app.post("api/suppressions/import", {"list": "contoso-alerts", "rows": rows, **WHO})


def within(seconds: float, is_so: Callable[[], bool]) -> None:
    """Wait until something is so; after so many seconds it should have been."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)

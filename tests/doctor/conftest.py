"""Configurations for the doctor to look at, and what it says of them."""

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import wait
from datetime import UTC, datetime
from pathlib import Path

import pytest

from optout.doctor import examination
from optout.doctor.diagnosis import Condition, Diagnosis
from tests.support.client import environment

SOURCE = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/contoso"
    "/providers/Microsoft.Communication/CommunicationServices/contoso"
)
PROGRAMS = """[[program]]
name = "Northwind"
list = "northwind"

[[program.sender]]
number = "12345"
type = "short_code"
country = "US"
"""

# Long before any day on which more is asked of a program.
TODAY = datetime(2026, 6, 1, tzinfo=UTC)

Examined = Callable[..., list[Diagnosis]]


@pytest.fixture
def examined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Examined:
    """The findings about a configuration: SQLite and somebody's own programs, unless changed."""
    programs = tmp_path / "programs.toml"
    programs.write_text(PROGRAMS)

    def examine(changes: Mapping[str, str]) -> list[Diagnosis]:
        right = {"OPTOUT_PROGRAMS": str(programs), "OPTOUT_EVENT_SOURCE": SOURCE}
        # However this machine is signed in to Azure: no identity but one that a test gives.
        nobody = {"AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential"}
        for name, value in (
            environment(tmp_path / "optout.db") | right | nobody | dict(changes)
        ).items():
            monkeypatch.setenv(name, value)
        return list(examination.examine(lambda: TODAY))

    return examine


@pytest.fixture
def end_of_hanging() -> Iterator[threading.Event]:
    """What a check waits for that hangs; with the test it ends, so that the next one may begin it."""
    is_over = threading.Event()
    yield is_over
    is_over.set()
    assert not wait(examination._running.values(), 10).not_done


def conditions(findings: list[Diagnosis]) -> dict[str, Condition]:
    return {finding.subject: finding.condition for finding in findings}

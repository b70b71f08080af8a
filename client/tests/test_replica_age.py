"""Replica over the running app: how old the copy is, and that it refuses when it is too old."""

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from optout_client import OptoutClient, Replica, StaleReplica

from .support import People


@pytest.fixture
def replica(optout: OptoutClient, copy_path: Path) -> Iterator[Replica]:
    with Replica(optout, copy_path) as replica:
        yield replica


def test_no_copy_yet(replica: Replica, people: People) -> None:
    """Before the first refresh nobody may be texted."""
    assert replica.age is None
    with pytest.raises(StaleReplica, match="not complete yet"):
        list(replica.check("12345", people(1)))


def test_age(replica: Replica, people: People, copy_path: Path) -> None:
    """The copy is as old as its refresh says, and refuses when that is too old or to come."""
    (person,) = people(1)
    replica.refresh()
    assert replica.age is not None
    assert replica.age < 5
    for shift, why in ((-301, "seconds old, and may be 300"), (+60, "clock was set back")):
        with sqlite3.connect(copy_path) as connection:
            connection.execute("UPDATE state SET began = ?", (time.time() + shift,))
        connection.close()
        with pytest.raises(StaleReplica, match=why):
            list(replica.check("12345", [person]))
        replica.refresh()
        assert len(list(replica.check("12345", [person]))) == 1


def test_from_when_it_began(optout: OptoutClient, replica: Replica, monkeypatch: pytest.MonkeyPatch) -> None:
    """The age counts from the beginning of a refresh, not from its end."""
    senders = optout.senders

    def slowly(**options: Any) -> Any:
        time.sleep(1)
        return senders(**options)

    monkeypatch.setattr(optout, "senders", slowly)
    replica.refresh()
    assert replica.age is not None
    assert replica.age >= 1


def test_slow_refresh(optout: OptoutClient, copy_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where reading everybody took longer than a copy may be old, what changed meanwhile is read at once."""
    asked: list[str | None] = []
    changes = optout.changes

    def slowly(since: str | None = None, **options: Any) -> Any:
        asked.append(since)
        time.sleep(0.6 if since is None else 0)
        return changes(since, **options)

    monkeypatch.setattr(optout, "changes", slowly)
    with Replica(optout, copy_path, max_age=0.5) as replica:
        replica.refresh()
        list(replica.check("12345", ["+14255550123"]))
    assert len(asked) == 2
    assert asked[1] is not None

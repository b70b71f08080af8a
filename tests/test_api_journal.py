"""What happened to everybody, over HTTP: looked for by what it says, and counted for a period."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.client import App
from tests.support.payloads import report_event, sms_event
from tests.support.world import Clock, World

PERSON, OTHER = "+14255550123", "+447700900123"


def ago(**duration: float) -> datetime:
    return datetime.now(UTC) - timedelta(**duration)


@pytest.fixture
def told(app: App) -> App:
    """Somebody texts, somebody is opted out by hand, and a carrier blocks."""
    app.deliver(sms_event("Please take me off this list", at=ago(seconds=3)))
    app.deliver(sms_event("HELP", to="78787", from_=OTHER, at=ago(seconds=2)))
    app.change("opt-out", OTHER, list="contoso-uk", reason="letter", actor="Ann")
    app.deliver(report_event("4007", from_="+18335550100", to=OTHER))
    return app


@pytest.mark.parametrize(
    ("search", "kinds"),
    [
        ({}, ["delivery_report", "manual", "message", "message"]),
        ({"text": "OFF THIS"}, ["message"]),
        ({"text": "7700 900"}, ["delivery_report", "manual", "message"]),
        ({"sender": "+1 833 555 0100"}, ["delivery_report"]),
        ({"sender": "99999"}, []),
        ({"list": "contoso-uk"}, ["manual", "message"]),
        ({"list": "a list of old"}, []),
        ({"kind": "manual"}, ["manual"]),
        ({"activity": "help"}, ["message"]),
        ({"activity": "opted_out", "kind": "message"}, ["message"]),
        ({"actor": "ann"}, ["manual"]),
        ({"until": "2020-01-01T00:00:00Z"}, []),
        ({"since": "2020-01-01T00:00:00+02:00", "actor": "ANN"}, ["manual"]),
    ],
)
def test_what_is_looked_for(told: App, search: dict[str, str], kinds: list[str]) -> None:
    """All that is said counts; the newest is first."""
    items = told.post("journal", search).json()["items"]
    assert [item["kind"] for item in items] == kinds


def test_its_pages(told: App) -> None:
    """Each goes on where the one before ended."""
    found, cursor = [], None
    while True:
        page = told.post("journal", {"text": "+447700900123", "limit": 1, "cursor": cursor}).json()
        found += [item["kind"] for item in page["items"]]
        if (cursor := page["cursor"]) is None:
            break
    assert found == ["delivery_report", "manual", "message"]


@pytest.mark.parametrize(
    ("search", "problem"),
    [
        ({"kind": "letter"}, "kind: is none of message, delivery_report, manual"),
        ({"activity": 1}, "activity: input should be"),
        ({"text": ""}, "text: string should have at least 1 character"),
        ({"since": "2026-01-31"}, "since: needs a time zone"),
        ({"sender": "no sender, but many words"}, "sender: "),
        ({"cursor": "!"}, "cursor: is not a valid cursor"),
        ({"recipient": PERSON}, "recipient: there is no such field"),
    ],
)
def test_what_cannot_be_looked_for(app: App, search: dict[str, object], problem: str) -> None:
    answer = app.post("journal", search)
    assert answer.status == 400
    assert problem in answer.json()["detail"]


def test_counts_of_a_period(app: App, tmp_path: Path) -> None:
    """From a day to a day, both in it; without an end to today."""
    with World(tmp_path, clock=Clock()) as world:
        for days in (9, 5, 4, 0):
            world.clock.now = ago(days=days)
            world.receive("STOP", person=f"+1425555010{days}")
    first, last = (ago(days=days).date().isoformat() for days in (5, 4))

    def days_of(query: str) -> list[str]:
        return [each["day"] for each in app.get(f"activity?{query}").json()["counts"]]

    assert days_of(f"from={first}&to={last}") == [first, last]
    assert days_of(f"from={last}") == [last, datetime.now(UTC).date().isoformat()]
    answer = app.get(f"activity?from={first}&to={last}").json()
    assert (answer["from"], answer["to"]) == (f"{first}T00:00:00.000000Z", f"{last}T23:59:59.999999Z")


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("from=2026-01-02&to=2026-01-01", '"to" is before "from"'),
        ("to=2026-01-01", '"to" needs "from"'),
        ("from=2020-01-01", "at most 366 days at once"),
        ("from=9999-12-31", "from: is in the future"),
        ("from=yesterday", "from: input should be a valid date"),
    ],
)
def test_what_is_no_period(app: App, query: str, problem: str) -> None:
    answer = app.get(f"activity?{query}")
    assert answer.status == 400
    assert problem in answer.json()["detail"]

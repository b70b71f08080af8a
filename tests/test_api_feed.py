"""The feed over HTTP, as whoever keeps a copy of the list reads it."""

import base64
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from optout import service
from optout.http import table
from optout.http.operation import Role
from optout.store.sqlite.backup import write_backup
from tests.support.client import App
from tests.support.follower import Follower
from tests.support.payloads import sms_event

PEOPLE = [f"+1425555010{number}" for number in range(5)]


def page(app: App, since: str | None = None, limit: int | None = None) -> dict[str, Any]:
    asked = {"since": since, "limit": limit}
    given = {name: value for name, value in asked.items() if value is not None}
    answer = app.get(f"changes?{urlencode(given)}")
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json()
    return found


def follow(app: App, follower: Follower, since: str | None = None, limit: int = 500) -> str:
    """Read all that is there; where to go on."""
    while True:
        found = page(app, since, limit)
        assert len(found["items"]) <= limit
        for item in found["items"]:
            follower.hear(item)
        since = str(found["next"])
        if not found["more"]:
            return since


@pytest.mark.parametrize("limit", [1, 2, 500])
def test_everybody_and_then_whoever_changed(app: App, limit: int) -> None:
    """By the documented loop; and what the copy says is what a check says, of every sender."""
    texts = ("STOP", "START", "STOP ALL", "please cancel", "HELP")
    for person, text in zip(PEOPLE, texts, strict=True):
        app.deliver(sms_event(text, from_=person))
    follower = Follower()
    since = follow(app, follower, None, limit)
    assert sorted(follower.held) == PEOPLE[:4]
    for person, text in zip(PEOPLE, reversed(texts), strict=True):
        app.deliver(sms_event(text, from_=person, to="54321"))
    app.change("opt-in", PEOPLE[0], sender="12345")
    before = dict(follower.held)
    since = follow(app, follower, since, limit)
    assert page(app, since)["items"] == []
    senders = app.get("senders").json()["items"]
    assert senders
    for each in senders:
        for person in PEOPLE:
            told = follower.suppressed(person, each["sender"], each["lists"])
            assert told is app.check(each["sender"], person)["suppressed"]
    assert before[PEOPLE[0]] != follower.held[PEOPLE[0]]


def test_it_is_what_the_status_says(app: App) -> None:
    """One document, wherever it is read."""
    app.deliver(sms_event("STOP ALL", from_=PEOPLE[0]), sms_event("START", from_=PEOPLE[0], to="54321"))
    (item,) = page(app)["items"]
    status = app.post("suppressions/status", {"recipient": PEOPLE[0]}).json()
    assert status["standing"] == item
    nobody = app.post("suppressions/status", {"recipient": PEOPLE[1]}).json()["standing"]
    assert (nobody["lists"], nobody["senders"]) == ({}, {})
    assert nobody["version"] == item["version"] // 2**32 * 2**32


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("since=%21%21", "since: is not a `next` of this feed"),
        ("since=x", "since: is not a `next` of this feed"),
        (f"since={base64.urlsafe_b64encode(PEOPLE[0].encode()).decode()}", "since: is not a `next`"),
        (f"since={'A' * 1001}", "since"),
        ("limit=0", "limit"),
        ("limit=x", "limit"),
        ("limit=1000000", "limit"),
        ("after=x", "after: there is no such field"),
        ("since=x&limit=0", "limit"),
    ],
)
def test_what_is_refused(app: App, query: str, said: str) -> None:
    """400 says what to change; the copy is not to be forgotten for it."""
    app.deliver(sms_event("STOP", from_=PEOPLE[0]))
    answer = app.get(f"changes?{query}")
    assert answer.status == 400, answer.body
    assert said in answer.json()["detail"]
    assert "orget" not in answer.json()["detail"]


def test_a_cursor_of_something_else(app: App) -> None:
    """Of a list or the journal: a mistake, not the end of the copy."""
    for person in PEOPLE:
        app.deliver(sms_event("STOP", from_=person))
    for other in ("suppressions?list=contoso-alerts&limit=2", "journal?limit=2"):
        cursor = app.get(other).json()["cursor"]
        assert app.get(f"changes?since={quote(cursor)}").status == 400


def test_after_a_restore(app: App, database: Path) -> None:
    """410, a problem that says what to do; and from the beginning all is there, of higher versions."""
    for person in PEOPLE[:2]:
        app.deliver(sms_event("STOP", from_=person))
    service.shutdown()
    backup = database.with_name("backup.db")
    write_backup(database, backup)
    app.deliver(sms_event("START", from_=PEOPLE[0]), sms_event("START", from_=PEOPLE[1]))
    follower = Follower()
    since = follow(app, follower)
    service.shutdown()
    for path in database.parent.glob("optout.db*"):
        path.unlink()
    shutil.copyfile(backup, database)
    answer = app.get(f"changes?since={quote(since)}")
    assert (answer.status, answer.json()["title"]) == (410, "Gone")
    assert "Forget your copy, its versions included, and begin again" in answer.json()["detail"]
    follow(app, follower)
    assert [follower.suppressed(person, "12345", ["contoso-alerts"]) for person in PEOPLE[:2]] == [
        True,
        True,
    ]


def test_the_role_of_whoever_follows() -> None:
    """Its key opens the feed and the senders, and nothing that changes anything."""
    opened = {
        (operation.method.value, operation.route)
        for operation in table.OPERATIONS
        if Role.FEED in operation.roles
    }
    assert opened == {("GET", "api/changes"), ("GET", "api/senders")}
    (feed,) = (operation for operation in table.OPERATIONS if operation.route == "api/changes")
    assert feed.roles == (Role.FEED,)

"""Lists in and out over HTTP: a page of rows to record, and pages of all that happened."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.support.client import WHO, App
from tests.support.payloads import sms_event

PERSON, OTHER = "+14255550123", "+14255550124"
IMPORT = "suppressions/import"
LONG_AGO = "2024-07-01T12:30:00Z"


def imported(app: App, rows: Sequence[object], **body: object) -> dict[str, Any]:
    answer = app.post(IMPORT, {"list": "contoso-alerts", **WHO, "rows": rows, **body})
    assert answer.status == 200, answer.body
    result: dict[str, Any] = answer.json()
    return result


def counted(result: dict[str, Any]) -> dict[str, int]:
    return {effect: count for effect, count in result["counts"].items() if count}


def test_a_page_of_rows(app: App) -> None:
    """What is understood is recorded, what is not is refused by itself, by its index."""
    rows = [
        {"recipient": PERSON, "at": LONG_AGO},
        {"recipient": "14255550124"},
        {"recipient": "nobody"},
        {"recipient": OTHER, "at": "1999-01-01T00:00:00Z"},
        {"recipient": OTHER, "at": "yesterday"},
        {"recipient": OTHER, "since": LONG_AGO},
        {"at": LONG_AGO},
        PERSON,
    ]
    tried = imported(app, rows, dry_run=True)
    assert (tried["dry_run"], counted(tried)) == (True, {"opted_out": 2})
    assert not app.check("12345", PERSON)["suppressed"]
    result = imported(app, rows)
    assert (result["dry_run"], counted(result)) == (False, {"opted_out": 2})
    assert result["refused"] == tried["refused"]
    assert [each["index"] for each in result["refused"]] == [2, 3, 4, 5, 6, 7]
    assert all(each["reason"] for each in result["refused"])
    assert app.check("12345", PERSON)["since"] == "2024-07-01T12:30:00.000000Z"
    assert app.check("12345", OTHER)["source"] == "import"
    assert counted(imported(app, rows[:1])) == {"recorded": 1}


def test_a_newer_start_stands(app: App) -> None:
    """An older row changes nothing; an opt-in by a row does, and the answer is not an old one."""
    app.deliver(sms_event("START"), sms_event("STOP", from_=OTHER))
    assert app.check("12345", OTHER)["suppressed"]
    rows = [{"recipient": PERSON, "at": LONG_AGO}, {"recipient": OTHER, "out": False}]
    assert counted(imported(app, rows, list=None, sender="12345")) == {"outdated": 1, "opted_in": 1}
    assert not app.check("12345", PERSON)["suppressed"]
    assert not app.check("12345", OTHER)["suppressed"]


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"rows": []}, "rows: needs at least one entry"),
        ({"rows": [{"recipient": PERSON}] * 10_001}, "send it in parts"),
        ({"list": "nothing"}, "has no list 'nothing'"),
        ({"everything": True}, "exactly one of"),
        ({"actor": ""}, "actor"),
    ],
)
def test_pages_that_cannot_be(app: App, change: dict[str, object], detail: str) -> None:
    """A request that is wrong as a whole says what to change, and records nothing."""
    body = {"list": "contoso-alerts", **WHO, "rows": [{"recipient": PERSON}], **change}
    answer = app.post(IMPORT, body)
    assert answer.status == 400
    assert detail in answer.json()["detail"]
    assert app.history(PERSON) == []


def test_everything_in_pages(app: App) -> None:
    """Each piece once, person by person, the oldest first, as the history shows it."""
    app.deliver(sms_event("STOP", from_=OTHER), sms_event("STOP"), sms_event("hello"))
    imported(app, [{"recipient": OTHER, "at": LONG_AGO}])
    found: list[dict[str, Any]] = []
    page = app.get("export?limit=1").json()
    while page["items"]:
        found += page["items"]
        page = app.get(f"export?limit=1&cursor={page['cursor']}").json()
    assert page["cursor"] is None
    assert [item.pop("recipient") for item in found] == [PERSON, PERSON, OTHER, OTHER]
    assert found == [*reversed(app.history(PERSON)), *reversed(app.history(OTHER))]


@pytest.mark.parametrize("cursor", ["x", "eHh4", "OTk5OTk5OTk5OTk5OTk5OTk5OTl8eA"])
def test_a_cursor_of_no_page(app: App, cursor: str) -> None:
    """A cursor that none of ours could be is refused."""
    answer = app.get(f"export?cursor={cursor}")
    assert (answer.status, answer.json()["detail"][:6]) == (400, "cursor")

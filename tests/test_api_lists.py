"""Lists in and out over HTTP: a page of rows to record, and pages of all that happened."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.client import WHO, App
from tests.support.payloads import sms_event

PERSON, OTHER = "+14255550123", "+14255550124"
IMPORT, OPT_INS = "suppressions/import", "suppressions/import-opt-ins"
LONG_AGO = "2024-07-01T12:30:00Z"


def imported(
    app: App, rows: Sequence[object], operation: str = IMPORT, **body: object
) -> dict[str, Any]:
    answer = app.post(operation, {"list": "contoso-alerts", **WHO, "rows": rows, **body})
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
    """An older row changes nothing."""
    app.deliver(sms_event("START"))
    rows = [{"recipient": PERSON, "at": LONG_AGO}]
    assert counted(imported(app, rows, list=None, sender="12345")) == {"outdated": 1}
    assert not app.check("12345", PERSON)["suppressed"]


def in_an_hour() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).isoformat()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({}, "at: is missing"),
        ({"at": None}, "at: "),
        ({"at": "2199-01-01T00:00:00Z"}, "still to come"),
        ({"at": in_an_hour()}, "still to come"),
        ({"at": "1999-01-01T00:00:00Z"}, "at: is before"),
        ({"at": LONG_AGO, "out": True}, "out: opt-outs are imported by POST /api/suppressions/import"),
    ],
)
def test_an_opt_in_needs_a_time_that_is_over(app: App, row: dict[str, Any], reason: str) -> None:
    """A row that could undo a newer STOP is refused, and the person stays out."""
    app.deliver(sms_event("STOP"))
    result = imported(app, [{"recipient": PERSON, **row}], OPT_INS)
    assert counted(result) == {}
    (refused,) = result["refused"]
    assert reason in refused["reason"]
    assert app.check("12345", PERSON)["suppressed"]
    assert len(app.history(PERSON)) == 1


def test_opt_outs_and_opt_ins_are_apart(app: App) -> None:
    """A key that may import opt-outs frees nobody, and is told where opt-ins go."""
    app.deliver(sms_event("STOP", at=datetime.now(UTC) - timedelta(hours=2)))
    now = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    row = {"recipient": PERSON, "at": now, "out": False}
    result = imported(app, [row])
    assert (counted(result), result["refused"][0]["index"]) == ({}, 0)
    assert "POST /api/suppressions/import-opt-ins" in result["refused"][0]["reason"]
    assert app.check("12345", PERSON)["suppressed"]
    who = {"list": None, "sender": "12345"}
    assert counted(imported(app, [row], OPT_INS, **who, dry_run=True)) == {"opted_in": 1}
    assert app.check("12345", PERSON)["suppressed"]
    assert counted(imported(app, [row], OPT_INS, **who)) == {"opted_in": 1}
    assert not app.check("12345", PERSON)["suppressed"]


def test_an_import_of_opt_ins_is_one_event(app: App, caplog: pytest.LogCaptureFixture) -> None:
    """One line in the log, with counts and actor and no number, and one entry of the journal; none for
    a dry run, for rows that were there and for opt-outs."""
    rows = [{"recipient": f"+1425555012{last}", "at": LONG_AGO} for last in range(3)]
    imported(app, rows[:2], OPT_INS, dry_run=True)
    imported(app, rows[:2], OPT_INS)
    imported(app, rows[:2], OPT_INS)
    imported(app, [{"recipient": OTHER, "at": LONG_AGO}])
    imported(app, [*rows, rows[2]], OPT_INS, reason="a form", list=None, everything=True)
    told = [json.loads(each.message) for each in caplog.records if "opt_ins_imported" in each.message]
    who = {"event": "opt_ins_imported", "actor": WHO["actor"]}
    assert told == [
        {**who, "list": "contoso-alerts", "counts": {"opted_in": 2}},
        {**who, "everything": True, "counts": {"opted_in": 3}},
    ]
    assert "425555" not in caplog.text
    second, first = app.get("journal").json()["items"]
    for item in (first, second):
        assert (item["kind"], item["effect"], item["recipient"]) == ("import", "opted_in", None)
        assert item["actor"] == WHO["actor"]
    assert (first["list"], first["reason"], first["counts"]) == (
        "contoso-alerts", WHO["reason"], {"opted_in": 2},
    )  # fmt: skip
    assert (second["list"], second["reason"], second["counts"]) == (None, "a form", {"opted_in": 3})
    assert app.get("activity").json()["counts"] == []
    exported = app.get("export?limit=1000").json()["items"]
    assert [item["counts"] for item in exported if item["recipient"] is None] == [
        {"opted_in": 2}, {"opted_in": 3},
    ]  # fmt: skip
    assert len(app.history(rows[0]["recipient"])) == 2


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
    assert [item.pop("counts") for item in found] == [None] * 4
    assert found == [*reversed(app.history(PERSON)), *reversed(app.history(OTHER))]


@pytest.mark.parametrize("cursor", ["x", "eHh4", "OTk5OTk5OTk5OTk5OTk5OTk5OTl8eA"])
def test_a_cursor_of_no_page(app: App, cursor: str) -> None:
    """A cursor that none of ours could be is refused."""
    answer = app.get(f"export?cursor={cursor}")
    assert (answer.status, answer.json()["detail"][:6]) == (400, "cursor")

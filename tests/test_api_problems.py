"""What the HTTP interface refuses, and how it says what to change."""

import json
import re
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from optout.domain.errors import NotFinished
from optout.http import exchange, table
from optout.store.sqlite.store import SqliteStore
from tests.support.client import Answer, App
from tests.support.payloads import sms_event

PERSON = "+14255550123"
CHECK, OPT_OUT, OPT_IN = "suppressions/check", "suppressions/opt-out", "suppressions/opt-in"
HISTORY, REPLAY, REVIEWS = "suppressions/history", "quarantine/replay", "reviews"
WHO = {"actor": "ann", "reason": "read it"}
ONE = {"sender": "12345", "recipients": [PERSON]}
BY_HAND = {"sender": "12345", "recipient": PERSON, "reason": "by phone", "actor": "pat"}


def problem(answer: Answer, status: int) -> dict[str, Any]:
    """The problem of an answer, which must be one as RFC 9457 has it."""
    assert answer.status == status, answer.body
    assert answer.headers.get_content_type() == "application/problem+json"
    content: dict[str, Any] = answer.json()
    assert content.keys() == {"type", "title", "status", "detail"}
    assert content["status"] == status
    return content


def without(body: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in names}


TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()
WRONG_BODIES: list[tuple[str, object, str]] = [
    (CHECK, b"", "the body is not JSON"),
    (CHECK, b"{", "the body is not JSON"),
    (CHECK, b"\xff\xfe{", "the body is not JSON"),
    (CHECK, b"[" * 100_000, "the body is not JSON"),
    (CHECK, b'{"sender": "12345", "recipients": [NaN]}', "the body is not JSON"),
    (CHECK, b'{"sender": "12345", "recipients": [1e999]}', "the body is not JSON"),
    (CHECK, [ONE], "the body is not a JSON object"),
    (CHECK, "12345", "the body is not a JSON object"),
    (CHECK, without(ONE, "sender"), "sender: is missing"),
    (CHECK, without(ONE, "recipients"), "recipients: is missing"),
    (CHECK, {**ONE, "recipient": PERSON}, "recipient: there is no such field; remove it"),
    (CHECK, {**ONE, "recipients": PERSON}, "recipients: input should be a valid list"),
    (CHECK, {**ONE, "recipients": []}, "recipients: needs at least one entry"),
    (CHECK, {**ONE, "recipients": [PERSON] * 10_001}, "at most 10000 items"),
    (CHECK, {**ONE, "sender": 12345}, "sender: input should be a valid string"),
    (CHECK, {**ONE, "sender": ""}, "sender: a sender is"),
    (CHECK, {**ONE, "sender": "12"}, "sender: a sender is"),
    (CHECK, {**ONE, "sender": "Contoso GmbH & Co"}, "up to 11 letters, digits and spaces"),
    (CHECK, {**ONE, "sender": "\ud800"}, "sender: "),
    (OPT_OUT, without(BY_HAND, "reason"), "reason: is missing"),
    (OPT_OUT, without(BY_HAND, "actor"), "actor: is missing"),
    (OPT_OUT, without(BY_HAND, "reason", "actor"), "reason: is missing; actor: is missing"),
    (OPT_OUT, {**BY_HAND, "reason": ""}, "reason: string should have at least 1 character"),
    (OPT_OUT, {**BY_HAND, "actor": "a" * 501}, "actor: string should have at most 500 characters"),
    (OPT_OUT, without(BY_HAND, "recipient"), "recipient: is missing"),
    (OPT_OUT, {**BY_HAND, "recipient": "nobody"}, "recipient: not a phone number; write it with +"),
    (OPT_OUT, without(BY_HAND, "sender"), "name exactly one of"),
    (OPT_OUT, {**BY_HAND, "list": "contoso-alerts"}, "name exactly one of"),
    (OPT_OUT, {**BY_HAND, "everything": True}, "name exactly one of"),
    (OPT_OUT, {**BY_HAND, "sender": "12"}, "sender: a sender is"),
    (OPT_OUT, {**without(BY_HAND, "sender"), "list": "fabrikam"}, "no list 'fabrikam'; it has cont"),
    (OPT_OUT, {**BY_HAND, "at": TOMORROW}, "at: is in the future; leave it out for now"),
    (OPT_OUT, {**BY_HAND, "at": "2026-01-31T09:00:00"}, "needs a time zone, for example 2026-"),
    (OPT_OUT, {**BY_HAND, "at": "yesterday"}, "at: is not a time; write it as 2026-01-31T09:00:00Z"),
    (OPT_OUT, {**BY_HAND, "at": 0}, "at: "),
    (OPT_OUT, {**BY_HAND, "at": "1700000000"}, "at: is not a time"),
    (OPT_OUT, {**BY_HAND, "at": "0001-01-01T00:00:00Z"}, "at: is before 2000; correct the year"),
    (OPT_OUT, {**without(BY_HAND, "sender"), "everything": 1}, "everything: input should be a valid b"),
    (OPT_OUT, {**without(BY_HAND, "sender"), "everything": "yes"}, "everything: input should be"),
    (HISTORY, {"recipient": PERSON, "limit": True}, "limit: input should be a valid integer"),
    (
        OPT_OUT,
        {**BY_HAND, "at": "0001-01-01T00:00:00+14:00"},
        "at: is not a time in UTC; correct the year",
    ),
    (
        OPT_OUT,
        {**BY_HAND, "at": "9999-12-31T23:59:59-14:00"},
        "at: is not a time in UTC; correct the year",
    ),
    (OPT_IN, {**BY_HAND, "at": TOMORROW}, "at: is in the future"),
    (OPT_IN, without(BY_HAND, "sender"), "name exactly one of"),
    (HISTORY, {}, "recipient: is missing"),
    (HISTORY, {"recipient": "nobody"}, "recipient: not a phone number"),
    (HISTORY, {"recipient": PERSON, "limit": 0}, "limit: input should be greater than or equal to 1"),
    (HISTORY, {"recipient": PERSON, "limit": 1001}, "limit: input should be less than or equal"),
    (HISTORY, {"recipient": PERSON, "cursor": "!"}, "cursor: is not a valid cursor"),
    (HISTORY, {"recipient": PERSON, "cursor": "YWJj"}, "cursor: is not a valid cursor"),
    (
        HISTORY,
        {"recipient": PERSON, "cursor": exchange.encode_cursor("9" * 30)},
        "cursor: is not a valid cursor",
    ),
    (REPLAY, {}, "id: is missing"),
    (REPLAY, {"id": "\ud800"}, "id: input should be a valid string"),
    (REVIEWS, {"id": "\ud800", "verdict": "lift", **WHO}, "id: input should be a valid string"),
    (REVIEWS, {"id": "a", "verdict": "undo", **WHO}, "verdict: input should be 'confirm' or 'lift'"),
]


@pytest.mark.parametrize(
    ("target", "body", "detail"),
    WRONG_BODIES,
    ids=[f"{target.split('/')[-1]}-{detail[:30]}" for target, _, detail in WRONG_BODIES],
)
def test_a_wrong_body_is_refused(app: App, target: str, body: object, detail: str) -> None:
    """400, with a sentence that names the field and what it needs."""
    assert detail in problem(app.post(target, body), 400)["detail"]


@pytest.mark.parametrize(
    ("target", "detail"),
    [
        ("suppressions", "add exactly one of ?list=, ?sender= and ?everything=true"),
        ("suppressions?list=a&sender=12345", "add exactly one of"),
        ("suppressions?sender=1", "sender: a sender is"),
        ("suppressions?list=contoso-alerts&limit=0", "limit: input should be greater than"),
        ("suppressions?list=contoso-alerts&limit=many", "limit: input should be a valid integer"),
        ("suppressions?list=contoso-alerts&page=2", "page: there is no such field; remove it"),
        ("suppressions?list=contoso-alerts&cursor=!", "cursor: is not a valid cursor"),
        ("suppressions?list=contoso-alerts&cursor=%C3%A9", "cursor: is not a valid cursor"),
        ("quarantine?cursor=a", "cursor: is not a valid cursor"),
        ("quarantine?limit=1001", "limit: input should be less than"),
        ("suppressions/1/14255550123", "sender: a sender is"),
    ],
    ids=str,
)
def test_a_wrong_query_is_refused(app: App, target: str, detail: str) -> None:
    """400, with a sentence that names the parameter and what it needs."""
    assert detail in problem(app.get(target), 400)["detail"]


@pytest.mark.parametrize(
    ("ask", "detail"),
    [
        (
            lambda app: app.get("suppressions?list=fabrikam"),
            "there is no list 'fabrikam'; the program file has contoso-",
        ),
        (lambda app: app.post(REPLAY, {"id": "no such id"}), "no event with this id is in quarantine"),
    ],
    ids=["list", "event"],
)
def test_what_is_not_there(app: App, ask: Callable[[App], Answer], detail: str) -> None:
    """404, which says what was looked for."""
    assert detail in problem(ask(app), 404)["detail"]


def unknown(body: dict[str, Any], **changes: object) -> dict[str, Any]:
    return {**body, "sender": "12354", **changes}


IMPORT = "suppressions/import"
ROWS = {"rows": [{"recipient": PERSON}], **WHO}
NAMED: list[tuple[str, Callable[[App], Answer], Callable[[App], Answer]]] = [
    (operation, partial(App.post, target=operation, body=unknown(body)),
     partial(App.post, target=operation, body=unknown(body, allow_unconfigured=True)))
    for operation, body in ((CHECK, ONE), (OPT_OUT, BY_HAND), (OPT_IN, BY_HAND), (IMPORT, ROWS))
]  # fmt: skip
NAMED += [
    (path, partial(App.get, target=path),
     partial(App.get, target=f"{path}{sign}allow_unconfigured=true"))
    for path, sign in (("suppressions/12354/+14255550123", "?"), ("suppressions?sender=12354", "&"))
]  # fmt: skip
each_named = pytest.mark.parametrize(
    ("ask", "allowed"), [each[1:] for each in NAMED], ids=[each[0] for each in NAMED]
)


@each_named
def test_a_mistyped_sender(
    app: App, ask: Callable[[App], Answer], allowed: Callable[[App], Answer]
) -> None:
    """404 by a type that programs can tell, with the senders that may be meant; nothing is recorded,
    unless the caller says that a sender of no program may be."""
    answer = ask(app)
    assert (answer.status, answer.headers.get_content_type()) == (404, "application/problem+json")
    assert answer.json() == {
        "type": "urn:optout:unknown-sender",
        "title": "Not Found",
        "status": 404,
        "detail": "no program names the sender 12354; did you mean 12345? If it is right all the same, "
        "say allow_unconfigured",
        "nearest": ["12345"],
    }
    assert app.history(PERSON) == []
    assert allowed(app).status == 200


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        (CHECK, {**ONE, "recipients": []}),
        (CHECK, {**ONE, "only": "free"}),
        (CHECK, {**ONE, "allow_unconfigured": "yes"}),
        (OPT_OUT, without(BY_HAND, "reason")),
        (OPT_IN, {**BY_HAND, "list": "contoso-alerts"}),
        (IMPORT, {**ROWS, "rows": []}),
    ],
)
def test_a_body_is_validated_before_the_sender_is_looked_up(
    app: App, operation: str, body: dict[str, Any]
) -> None:
    """400 for what is wrong with the body, whatever the sender."""
    problem(app.post(operation, unknown(body)), 400)


@pytest.mark.parametrize("sender", ["99999", "fabrikam", "+447700900123"])
def test_a_sender_that_is_like_no_other(app: App, sender: str) -> None:
    """Refused as well, with nobody to name."""
    answer = app.post(CHECK, {**ONE, "sender": sender})
    assert (answer.status, answer.json()["nearest"]) == (404, [])
    assert f"no program names the sender {sender}; correct it" in answer.json()["detail"]


ROUTES = [
    ("api/suppressions/check", "POST"), ("api/suppressions/report", "POST"),
    ("api/suppressions/12345/14255550123", "GET"), ("api/suppressions/opt-out", "POST"),
    ("api/suppressions/opt-in", "POST"), ("api/suppressions/history", "POST"),
    ("api/suppressions/status", "POST"), ("api/suppressions", "GET"),
    ("api/suppressions/import", "POST"), ("api/suppressions/import-opt-ins", "POST"),
    ("api/export", "GET"), ("api/activity", "GET"),
    ("api/journal", "GET, POST"), ("api/changes", "GET"),
    ("api/reviews", "GET, POST"), ("api/quarantine", "GET"),
    ("api/quarantine/replay", "POST"), ("api/senders", "GET"),
    ("api/links", "POST"), ("api/doctor", "POST"),
    ("api/console", "GET"), ("api/console/main.js", "GET"),
    ("api/health", "GET"), ("api/openapi.json", "GET"),
    ("o/token", "GET, POST"),
]  # fmt: skip


def test_every_route_is_asked() -> None:
    """None of the table is left out above."""
    patterns = [re.sub(r"{\w+}", "[^/]+", function.route) for function in table.functions()]
    for pattern in patterns:
        assert any(re.fullmatch(pattern, route) for route, _ in ROUTES), pattern
    assert len(ROUTES) == len(patterns)


@pytest.mark.parametrize(("route", "allowed"), ROUTES)
def test_a_wrong_method_is_told_the_right_one(app: App, route: str, allowed: str) -> None:
    """405 with Allow, for every route and every other method."""
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - set(allowed.split(", ")):
        answer = app.host.request(method, f"/{route}")
        assert problem(answer, 405)["detail"] == f"use {allowed} here"
        assert answer.headers["Allow"] == allowed


def test_a_body_over_a_mebibyte_is_too_large(app: App) -> None:
    """413; one byte less is read."""
    body = json.dumps({**ONE, "recipients": [PERSON]}).encode()
    assert app.post(CHECK, body.ljust(exchange.BODY_LIMIT)).status == 200
    detail = problem(app.post(CHECK, body.ljust(exchange.BODY_LIMIT + 1)), 413)["detail"]
    assert detail == "the body is larger than 1048576 bytes; send it in parts"


OPERATIONS: list[tuple[str, str, object]] = [
    ("POST", CHECK, ONE),
    ("GET", "suppressions/12345/14255550123", None),
    ("POST", OPT_OUT, BY_HAND),
    ("POST", OPT_IN, BY_HAND),
    ("POST", HISTORY, {"recipient": PERSON}),
    ("GET", "suppressions?list=contoso-alerts", None),
    ("GET", "quarantine", None),
    ("POST", REPLAY, {"id": "1"}),
    ("GET", "health", None),
]
each_operation = pytest.mark.parametrize(
    ("method", "target", "body"), OPERATIONS, ids=[target for _, target, _ in OPERATIONS]
)


def ask(app: App, method: str, target: str, body: object) -> Answer:
    return app.get(target) if method == "GET" else app.post(target, body)


def lose_the_tables(database: Path) -> None:
    """Leave a file that is no store any more, as another program or a bad disk would."""
    connection = sqlite3.connect(database)
    for name in ("evidence", "consent", "quarantine"):
        connection.execute(f"ALTER TABLE {name} RENAME TO lost_{name}")
    connection.commit()
    connection.close()


@each_operation
def test_while_the_store_is_away_nobody_must_send(
    app: App, database: Path, method: str, target: str, body: object
) -> None:
    """503 for the whole request, with Retry-After; no answer is made up."""
    assert app.get("quarantine").status == 200  # not health, whose answer holds for seconds
    lose_the_tables(database)
    answer = ask(app, method, target, body)
    assert problem(answer, 503)["detail"] == (
        "the store cannot answer now. Do not send; ask again later"
    )
    assert answer.headers["Retry-After"] == "5"


def test_a_store_whose_file_is_removed(
    app: App, database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A STOP is not acknowledged and raises the alarm, health says so, and the log what to do."""
    app.deliver(sms_event("STOP"))
    database.unlink()
    assert app.deliver(sms_event("STOP ALL")) == 500
    alarms = [record.getMessage() for record in caplog.records if record.levelname == "CRITICAL"]
    assert "stop_not_recorded" in alarms[0]
    assert "removed while it was in use" in alarms[0]
    problem(app.get("health"), 503)


@each_operation
def test_a_store_that_cannot_be_opened(
    app: App, database: Path, method: str, target: str, body: object
) -> None:
    """503 from the first request on, until it can be opened: then the app works without a restart."""
    database.mkdir()
    assert "the store cannot answer now" in problem(ask(app, method, target, body), 503)["detail"]
    database.rmdir()
    assert ask(app, method, target, body).status in (200, 404)


@each_operation
def test_a_bad_configuration_is_for_the_log_only(
    app: App,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    method: str,
    target: str,
    body: object,
) -> None:
    """503 without details to whoever asks; the log says what to change."""
    monkeypatch.setenv("OPTOUT_CACHE_SECONDS", "a while")
    detail = problem(ask(app, method, target, body), 503)["detail"]
    assert (
        detail
        == "the service is misconfigured; its log says what to change. Do not send until it is fixed"
    )
    assert "OPTOUT_CACHE_SECONDS" in caplog.text


def test_a_cached_answer_does_not_outlive_the_store(app: App, database: Path) -> None:
    """Suppressed may come from the cache; may-send never does, and one of them asks for both."""
    app.deliver(sms_event("STOP"))
    assert app.check("12345", PERSON)["suppressed"] is True
    lose_the_tables(database)
    assert app.check("12345", PERSON)["suppressed"] is True
    both = app.post(CHECK, {"sender": "12345", "recipients": [PERSON, "+14255550124"]})
    problem(both, 503)


def test_an_error_of_ours_shows_nothing_of_it(
    app: App, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """500 for what nobody expected, with the traceback in the log alone."""

    def fail(*arguments: object) -> None:
        raise RuntimeError("what nobody expected")

    monkeypatch.setattr(SqliteStore, "list_quarantine", fail)
    answer = app.get("quarantine")
    assert problem(answer, 500)["detail"] == "an internal error; it has been logged"
    assert "what nobody expected" in caplog.text


def test_what_is_recorded_and_not_finished_is_named() -> None:
    """503 where a replayed message is recorded and its reply has to wait: it is not the store."""

    def replay(request: exchange.Request) -> None:
        raise NotFinished("no queue")

    response = exchange.respond(exchange.Request("POST"), {"POST": replay})
    assert response.status == 503
    assert "it is recorded, but not finished or announced yet" in str(response.body)

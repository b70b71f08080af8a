"""What ACS said to a sending service, reported back over HTTP: evidence of an opt-out, or nothing."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from optout.domain.times import EARLIEST
from tests.support.client import App, HttpHost, environment, serving
from tests.support.front import asking_for_keys
from tests.support.payloads import sms_event
from tests.support.roles import KEYS, OPENED_BY
from tests.support.topic import LoopbackTopic

PERSON, OTHER = "+14255550123", "+14255550124"
TOLL_FREE = "+18335550100"
REPORT = "suppressions/report"
BLOCKED = "Sender blocked for given recipient."


def body(**changes: object) -> dict[str, object]:
    """A report about a message that was sent a minute ago."""
    at = datetime.now(UTC) - timedelta(minutes=1)
    said = {"sender": TOLL_FREE, "recipient": PERSON, "at": at.isoformat(), "details": BLOCKED}
    return {**said, **changes}


def reported(app: App, **changes: object) -> bool:
    answer = app.post(REPORT, body(**changes))
    assert answer.status == 200, answer.body
    assert answer.json().keys() == {"recorded"}
    return bool(answer.json()["recorded"])


@pytest.mark.parametrize(
    ("sender", "whose"), [(TOLL_FREE, "carrier"), ("54321", "platform"), ("12345", "service")]
)
def test_what_acs_says_is_evidence(app: App, sender: str, whose: str) -> None:
    """At once, about the sender alone, as a delivery report would be; the history says who reported."""
    given = body(sender=sender)
    assert app.check(sender, PERSON)["suppressed"] is False
    assert app.post(REPORT, given).json() == {"recorded": True}
    result = app.check(sender, PERSON)
    assert (result["suppressed"], result["scope"], result["blocked_by"]) == (True, "sender", whose)
    assert result["source"] == "delivery_report"
    (item,) = app.history(PERSON)
    assert (item["kind"], item["reason"], item["effect"]) == ("delivery_report", BLOCKED, "opted_out")
    assert (item["rule"], item["message_id"]) == ("delivery_report:by_service", None)
    assert datetime.fromisoformat(item["at"]) == datetime.fromisoformat(str(given["at"]))
    assert app.check("78787", PERSON)["suppressed"] is False


@pytest.mark.parametrize(
    ("details", "says"),
    [
        ("4007", True),
        ("4007: Recipient has opted out", True),
        ("sender  BLOCKED for given recipient (STOP)", True),
        ("x" * 495 + " 4007", True),
        ("4004: no such number", False),
        ("14007", False),
        ("Unauthorized", False),
        ("the recipient is blocked", False),
        ("", False),
    ],
)
def test_only_an_opt_out_is_recorded(app: App, details: str, says: bool) -> None:
    """By the words and the code of rule 11; of anything else there is no evidence."""
    assert reported(app, details=details) is says
    assert app.check(TOLL_FREE, PERSON)["suppressed"] is says
    assert [item["reason"] for item in app.history(PERSON)] == ([details] if says else [])


def test_the_same_again_is_the_same_evidence(app: App) -> None:
    """However often and however written: another spelling, another zone. What differs is another."""
    noon = "2026-06-01T12:00:00Z"
    for at, recipient in ((noon, PERSON), ("2026-06-01t14:00:00+02:00", "(425) 555-0123")):
        assert reported(app, at=at, recipient=recipient)
    assert len(app.history(PERSON)) == 1
    different: list[dict[str, object]] = [
        {"at": "2026-06-01T12:00:00.000001Z"},
        {"details": "4007"},
        {"sender": "54321"},
    ]
    for count, changes in enumerate(different, 2):
        assert reported(app, **{"at": noon, **changes})
        assert len({item["id"] for item in app.history(PERSON)}) == count
    assert reported(app, at=noon, recipient=OTHER)
    assert len(app.history(OTHER)) == 1


@pytest.mark.parametrize(
    ("ahead", "flags"),
    [
        (timedelta(minutes=-10), []),
        (timedelta(minutes=4), []),
        (timedelta(minutes=10), ["future_time"]),
        (timedelta(days=3650), ["future_time"]),
    ],
)
def test_a_clock_that_is_ahead(app: App, ahead: timedelta, flags: list[str]) -> None:
    """Beyond five minutes it counts as now, flagged, and is the same evidence when it comes again."""
    given = body(at=(datetime.now(UTC) + ahead).isoformat())
    for _ in range(2):
        assert app.post(REPORT, given).json() == {"recorded": True}
    (item,) = app.history(PERSON)
    assert item["flags"] == flags
    assert (item["at"] == item["received_at"]) is bool(flags)
    assert app.check(TOLL_FREE, PERSON)["suppressed"] is True


def test_a_time_before_there_were_any(app: App) -> None:
    """A clock that was never set loses no opt-out: it counts as of now, as in an event."""
    assert reported(app, at=(EARLIEST - timedelta(seconds=1)).isoformat())
    assert app.history(PERSON)[0]["flags"] == ["no_time"]
    assert app.check(TOLL_FREE, PERSON)["suppressed"] is True


def test_what_the_person_has_said_since(app: App) -> None:
    """A START after the attempt stands; an attempt after it that was blocked counts."""
    app.deliver(sms_event("START", to="54321", at=datetime.now(UTC) - timedelta(minutes=2)))
    hour_ago = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    assert reported(app, sender="54321", at=hour_ago)
    assert app.history(PERSON)[0]["effect"] == "outdated"
    assert app.check("54321", PERSON)["suppressed"] is False
    assert reported(app, sender="54321")
    assert app.check("54321", PERSON)["suppressed"] is True


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({"sender": "12354"}, 404, "did you mean 12345?"),
        ({"sender": "12354", "details": "4004"}, 404, "did you mean 12345?"),
        ({"sender": "12354", "at": "2026-06-01T12:00:00"}, 400, "at: needs a time zone"),
        ({"sender": "!"}, 400, "sender: "),
        ({"recipient": "nobody"}, 400, "recipient: "),
        ({"recipient": "nobody", "details": "4004"}, 400, "recipient: "),
        ({"at": "yesterday"}, 400, "at: is not a time"),
        ({"at": 1780000000}, 400, "at: "),
        ({"at": None}, 400, "at: "),
        ({"at": "9999-12-31T23:59:59-14:00"}, 400, "at: is not a time in UTC"),
        ({"details": "4007 " + "x" * 496}, 400, "details: "),
        ({"details": "4007 \ud800"}, 400, "details: "),
        ({"details": 4007}, 400, "details: "),
        ({"details": None}, 400, "details: "),
        ({"allow_unconfigured": True}, 400, "allow_unconfigured: there is no such field"),
    ],
    ids=str,
)
def test_what_is_refused(app: App, changes: dict[str, Any], status: int, says: str) -> None:
    """With a reason, and nothing is recorded; the body is looked at before the sender."""
    answer = app.post(REPORT, body(**changes))
    assert (answer.status, says in answer.json()["detail"]) == (status, True), answer.body
    type_ = "urn:optout:unknown-sender" if status == 404 else "about:blank"
    assert answer.json()["type"] == type_
    assert app.history(PERSON) == []


@pytest.mark.parametrize("missing", ["sender", "recipient", "at", "details"])
def test_each_field_is_needed(app: App, missing: str) -> None:
    given = body()
    del given[missing]
    answer = app.post(REPORT, given)
    assert (answer.status, answer.json()["detail"]) == (400, f"{missing}: is missing")


def test_a_number_as_people_write_it(app: App) -> None:
    """Rule 13: of the countries that the named sender reaches; one that may be two is refused."""
    assert reported(app, recipient="(425) 555-0123")
    assert app.check(TOLL_FREE, PERSON)["suppressed"] is True
    answer = app.post(REPORT, body(recipient="020 7946 0123"))
    assert (answer.status, "recipient: " in answer.json()["detail"]) == (400, True)


def test_a_report_is_announced(topic: LoopbackTopic, tmp_path: Path) -> None:
    """As any change of a standing: once, with what was reported as its cause."""
    settings = environment(
        tmp_path / "optout.db", OPTOUT_TOPIC_ENDPOINT=topic.endpoint, OPTOUT_TOPIC_KEY=topic.key
    )
    with serving(settings) as served:
        given = body()
        for _ in range(2):
            assert served.app.post(REPORT, given).json() == {"recorded": True}
    (event,) = topic.events
    assert event["data"]["senders"][TOLL_FREE]["suppressed"] is True
    assert event["data"]["cause"]["kind"] == "delivery_report"


@pytest.mark.parametrize(
    ("role", "status"), [("guard", 200), ("lookup", 401), ("support", 401), ("feed", 401)]
)
def test_who_may_report(app: App, local_port: int, role: str, status: int) -> None:
    """A guard, and nobody else."""
    with asking_for_keys(local_port, OPENED_BY) as port:
        answer = HttpHost(port).request(
            "POST",
            f"/api/{REPORT}",
            json.dumps(body()).encode(),
            {"x-functions-key": KEYS[role]},
        )
    assert answer.status == status
    assert len(app.history(PERSON)) == (status == 200)


def test_a_guard_can_only_silence(app: App) -> None:
    """A stolen key blocks, also where a desk cannot lift it; the person's own START does."""
    assert reported(app, sender="54321")
    stays = app.change("opt-in", PERSON, sender="54321")
    assert (stays["suppressed"], stays["blocked_by"]) == (True, "platform")
    app.deliver(sms_event("START", to="54321"))
    assert app.check("54321", PERSON)["suppressed"] is False

"""Looking back over HTTP: history, lists, quarantine, health; and what the logs say of it all."""

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from optout import service
from tests.support.client import WHO, App
from tests.support.payloads import payload, sms_event

PERSON = "+14255550123"


def ago(**duration: float) -> datetime:
    return datetime.now(UTC) - timedelta(**duration)


# The interface's fields, then those that help to find a message in Azure's own logs.
HISTORY_FIELDS = {
    "id", "kind", "at", "received_at", "sender", "list", "text", "intent", "certainty", "rule",
    "effect", "flags", "reply", "actor", "reason", "message_id",
    "announcement", "language", "matched", "policy", "about", "verdict",
    "principal", "scopes",
}  # fmt: skip
REPLY_FIELDS = {"text", "answered_by", "status", "sent_at", "message_id", "error", "delivery"}


def test_history_shows_everything_newest_first(app: App) -> None:
    """Messages, what became of their replies, and manual changes with who and why."""
    app.deliver(sms_event("STOP", at=ago(minutes=3), message_id="m1"))
    app.deliver(sms_event("see you", at=ago(minutes=2), message_id="m2"))
    app.change("opt-in", PERSON, sender="12345")
    manual, chat, stop = app.history("14255550123")
    assert all(item.keys() == HISTORY_FIELDS for item in (manual, chat, stop))
    assert manual["received_at"] > chat["received_at"] > stop["received_at"]
    assert {**stop, "id": 0, "at": 0, "received_at": 0, "reply": 0} == {
        "id": 0, "kind": "message", "at": 0, "received_at": 0, "sender": "12345",
        "list": "contoso-alerts", "text": "STOP", "intent": "stop", "certainty": "certain",
        "rule": "house:STOP", "effect": "opted_out", "flags": [], "reply": 0, "actor": None,
        "reason": None, "message_id": "m1", "announcement": None, "language": "en",
        "matched": "STOP", "policy": None, "about": None, "verdict": None, "principal": None,
        "scopes": ["sender:12345", "list:contoso-alerts"],
    }  # fmt: skip
    assert stop["reply"].keys() == REPLY_FIELDS
    assert stop["reply"]["text"].startswith("Contoso Alerts: You opted out")
    assert (stop["reply"]["answered_by"], stop["reply"]["status"]) == ("service", "printed")
    assert stop["reply"]["sent_at"] >= stop["received_at"]
    assert (chat["text"], chat["intent"], chat["effect"]) == ("see you", "none", "none")
    assert (chat["certainty"], chat["rule"], chat["reply"]) == (None, None, None)
    assert (manual["kind"], manual["intent"], manual["effect"]) == ("manual", "start", "opted_in")
    assert (manual["text"], manual["reply"]) == (None, None)
    assert (manual["actor"], manual["reason"]) == (WHO["actor"], WHO["reason"])


NETWORK = "NETWORK MSG: You replied with the word STOP"
ALERTS = "Contoso Alerts: You opted out"


@pytest.mark.parametrize(
    ("sender", "blocked_by", "answered_by", "status", "text"),
    [
        ("12345", "service", "service", "printed", ALERTS),
        ("+18335550100", "carrier", "carrier", "by_carrier", NETWORK),
        ("+14255550100", "service", "service", "printed", ALERTS),
        ("54321", "platform", "platform", "by_platform", ALERTS),
        ("55555", "service", "service", "printed", "Contoso Canada: You opted out"),
        ("78787", "service", "service", "printed", "Contoso UK: You have opted out"),
        ("67890", "service", "nobody", "none", ""),
    ],
    ids=str,
)
@pytest.mark.parametrize("age", ["now", "2020"])
def test_the_published_sample_to_each_sender(
    app: App, sender: str, blocked_by: str, answered_by: str, status: str, text: str, age: str
) -> None:
    """STOP to each kind of sender: who blocks, who answers what, and the evidence.

    As published, from 2020, it counts all the same; an answer of ours would come too late.
    """
    event = payload("sms_received")
    event["data"] |= {"message": "STOP", "to": sender, "from": PERSON.removeprefix("+")}
    if age == "now":
        event["data"]["receivedTimestamp"] = ago().isoformat()
    elif status == "printed":
        status = "expired"
    assert app.deliver(json.dumps(event)) == 202
    answer = app.check(sender, PERSON, allow_unconfigured=True)
    assert (answer["suppressed"], answer["blocked_by"]) == (True, blocked_by)
    (item,) = app.history(PERSON)
    assert (item["sender"], item["text"], item["effect"]) == (sender, "STOP", "opted_out")
    reply = item["reply"]
    assert (reply["answered_by"], reply["status"]) == (answered_by, status)
    assert (reply["text"] or "").startswith(text)


def test_history_in_pages(app: App) -> None:
    """The cursor leads through all of it once, also while more arrives."""
    for number in range(5):
        app.deliver(sms_event(f"message {number}", at=ago(minutes=10 - number)))
    seen, body = [], {"recipient": PERSON, "limit": 2}
    while True:
        page = app.post("suppressions/history", body).json()
        seen += [item["text"] for item in page["items"]]
        app.deliver(sms_event("meanwhile"))
        if page["cursor"] is None:
            break
        body["cursor"] = page["cursor"]
    assert seen == [f"message {number}" for number in (4, 3, 2, 1, 0)]


def test_the_list_in_pages(app: App) -> None:
    """Who is out, in the order of the numbers, and nobody who came back."""
    people = [f"+142555501{number:02}" for number in range(5)]
    app.deliver(*(sms_event("STOP", from_=person) for person in people))
    app.deliver(sms_event("START", from_=people[3]))
    first = app.get("suppressions?list=contoso-alerts&limit=3").json()
    rest = app.get(f"suppressions?list=contoso-alerts&limit=3&cursor={first['cursor']}").json()
    items = first["items"] + rest["items"]
    assert [item["recipient"] for item in items] == [*people[:3], people[4]]
    assert items[0].keys() == {"recipient", "since", "at", "source", "keyword", "blocked_by"}
    assert rest["cursor"] is None


@pytest.mark.parametrize("query", ["sender=12345", "list=contoso-alerts", "everything=true"])
def test_each_scope_has_a_list(app: App, query: str) -> None:
    """STOP ALL reaches the sender's, its list's and everything's; a key in the query is the host's."""
    app.deliver(sms_event("STOP ALL"))
    for key in ("", "&code=k3y", "&clientId=default&code=k3y"):
        answer = app.get(f"suppressions?{query}{key}")
        assert [item["recipient"] for item in answer.json()["items"]] == [PERSON], answer.body


def test_quarantine_and_replay(app: App) -> None:
    """What cannot be understood is kept whole, listed in pages, and taken once it is understood."""
    app.deliver('{"id": "no type"}', "[]", sms_event("START", at="yesterday", message_id="m1"))
    held: list[dict[str, Any]] = []
    target = "quarantine?limit=2"
    while len(held) < 3:
        page = app.get(target).json()
        held += page["items"]
        target = f"quarantine?limit=2&cursor={page['cursor']}"
    assert page["cursor"] is None
    assert all(item.keys() == {"id", "received_at", "reason", "body"} for item in held)
    (timeless,) = (item for item in held if "m1" in item["body"])
    assert "no readable time" in timeless["reason"]
    again = app.post("quarantine/replay", {"id": timeless["id"]})
    assert again.json() == {"id": timeless["id"], "result": "quarantined", "reason": timeless["reason"]}


def test_a_replay_applies_what_is_understood_now(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event of a wrong subscription is held; after the setting is mended, replaying it counts."""
    monkeypatch.setenv("OPTOUT_EVENT_SOURCE", "/subscriptions/other")
    app.deliver(sms_event("STOP"))
    assert app.check("12345", PERSON)["suppressed"] is False
    (held,) = app.get("quarantine").json()["items"]
    monkeypatch.delenv("OPTOUT_EVENT_SOURCE")
    service.shutdown()
    answer = app.post("quarantine/replay", {"id": held["id"]})
    assert answer.json() == {"id": held["id"], "result": "handled", "reason": None}
    assert app.check("12345", PERSON)["suppressed"] is True
    assert app.get("quarantine").json() == {"items": [], "cursor": None}


def test_a_review_lifts(app: App) -> None:
    """A probable request waits with its words; a verdict takes it off, once, and is in the history."""
    app.deliver(sms_event("please cancel", at=ago(minutes=2)))
    (item,) = app.get("reviews").json()["items"]
    assert item.keys() == HISTORY_FIELDS | {"recipient", "counts", "overdue"}
    assert (item["recipient"], item["matched"], item["policy"]) == (PERSON, "cancel", "suppress")
    assert item["overdue"] is False
    assert app.check("12345", PERSON)["suppressed"] is True
    answer = app.post("reviews", {**WHO, "id": item["id"], "verdict": "lift"})
    assert (answer.status, answer.json()["effect"], answer.json()["suppressed"]) == (
        200, "opted_in", False,
    )  # fmt: skip
    assert app.get("reviews").json() == {"items": [], "cursor": None}
    verdict, _ = app.history(PERSON)
    assert (verdict["about"], verdict["verdict"]) == (item["id"], "lift")
    assert (verdict["actor"], verdict["reason"]) == (WHO["actor"], WHO["reason"])
    other = app.post("reviews", {**WHO, "id": item["id"], "verdict": "confirm"})
    assert (other.status, other.json()["title"]) == (409, "Conflict")


def test_a_review_that_is_moot(app: App) -> None:
    """Once the person has said it plainly, there is nothing to lift: 409, and confirm ends it."""
    app.deliver(sms_event("please cancel", at=ago(minutes=2)))
    app.deliver(sms_event("STOP", at=ago(minutes=1)))
    (item,) = app.get("reviews").json()["items"]
    assert app.post("reviews", {**WHO, "id": item["id"], "verdict": "lift"}).status == 409
    assert app.check("12345", PERSON)["suppressed"] is True
    assert app.post("reviews", {**WHO, "id": item["id"], "verdict": "confirm"}).status == 200
    assert app.get("reviews").json()["items"] == []
    assert app.post("reviews", {**WHO, "id": "another", "verdict": "lift"}).status == 404


def test_activity_and_journal(app: App) -> None:
    """What happened to everybody: counted by day and sender, and the newest of it in pages."""
    people = ["+14255550131", "+14255550132"]
    app.deliver(*(sms_event("STOP", from_=person) for person in people))
    app.deliver(sms_event("HELP", to="78787"))
    app.deliver(sms_event("hello"))
    app.change("opt-in", people[0], list="contoso-alerts")
    today = datetime.now(UTC).date().isoformat()
    answer = app.get("activity?days=2").json()
    assert answer["counts"] == [
        {"day": today, "sender": None, "opted_out": 0, "opted_in": 1, "help": 0},
        {"day": today, "sender": "12345", "opted_out": 2, "opted_in": 0, "help": 0},
        {"day": today, "sender": "78787", "opted_out": 0, "opted_in": 0, "help": 1},
    ]
    first = app.get("journal?limit=2").json()
    rest = app.get(f"journal?cursor={first['cursor']}").json()
    items = first["items"] + rest["items"]
    assert [(item["kind"], item["text"]) for item in items[:3]] == [
        ("manual", None), ("message", "hello"), ("message", "HELP"),
    ]  # fmt: skip
    assert {item["recipient"] for item in items} == {PERSON, *people}
    assert len(items) == 5


def test_health_names_the_version(app: App) -> None:
    """200 while the store answers, for monitors and people."""
    answer = app.get("health")
    assert answer.status == 200
    assert answer.json().keys() == {"status", "version"}


def test_logs_mask_people_and_keep_their_texts_out(app: App, caplog: pytest.LogCaptureFixture) -> None:
    """Over a whole conversation, with what goes wrong in one."""
    caplog.set_level(logging.DEBUG)
    texts = ["STOP", "please call my lawyer", "START", "HELP", "UNSUBSCRIBE"]
    for to in ("12345", "+18335550100", "67890"):
        app.deliver(*(sms_event(text, to=to) for text in texts))
    app.deliver(sms_event("call my lawyer", at="yesterday"), json.dumps({"from": PERSON}))
    app.change("opt-out", PERSON, sender="12345")
    app.post("suppressions/check", {"sender": "12345", "recipients": [PERSON, "call my lawyer"]})
    app.history(PERSON)
    app.get(f"suppressions/12345/{PERSON}")
    app.post("suppressions/opt-out", {"recipient": PERSON})
    assert "opted_out" in caplog.text
    assert "+14*******23" in caplog.text
    assert "4255550123" not in caplog.text
    assert "lawyer" not in caplog.text

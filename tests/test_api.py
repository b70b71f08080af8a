"""Asking and changing over HTTP: check, look-up, opt-out, opt-in, on the app's own functions."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.client import App
from tests.support.payloads import sms_event

PERSON, OTHER = "+14255550123", "+14255550124"
CHECK = "suppressions/check"
IN = {
    "recipient": PERSON,
    "suppressed": False,
    "since": None,
    "scope": None,
    "source": None,
    "keyword": None,
    "blocked_by": None,
}
FREE = {"index": 0, **IN, "state": "none", "reachable": True}


def ago(**duration: float) -> datetime:
    return datetime.now(UTC) - timedelta(**duration)


def check_many(app: App, recipients: list[Any], sender: str = "12345") -> list[dict[str, Any]]:
    answer = app.post(CHECK, {"sender": sender, "recipients": recipients})
    assert answer.status == 200, answer.body
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


def test_check_answers_in_the_order_asked(app: App) -> None:
    """Each entry has its own result, duplicates and other spellings included."""
    app.deliver(sms_event("STOP", from_=OTHER))
    spellings = [OTHER, PERSON, "14255550124", OTHER, "+1 (425) 555-0124", 14255550124, PERSON]
    results = check_many(app, spellings)
    assert [result["recipient"] for result in results] == [
        OTHER, PERSON, OTHER, OTHER, OTHER, OTHER, PERSON,
    ]  # fmt: skip
    assert [result["suppressed"] for result in results] == [
        True, False, True, True, True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "nobody",
        "call me",
        "12",
        7,
        1.5,
        14255550123.0,
        True,
        None,
        [],
        {"number": PERSON},
        "\ud800",
    ],
    ids=repr,
)
def test_an_entry_that_is_no_number_is_suppressed(app: App, entry: object) -> None:
    """It comes back as given, with the error, between neighbours that are answered."""
    before, result, after = check_many(app, [PERSON, entry, PERSON])
    assert (before, after) == (FREE, {**FREE, "index": 2})
    assert result.keys() == {"index", "recipient", "suppressed", "error"}
    assert (result["index"], result["recipient"], result["suppressed"]) == (1, entry, True)
    assert "with + and the country code" in result["error"]


def test_an_answer_says_which_entry_it_is_about(app: App) -> None:
    """Only those who may not be texted, where that is asked: each with its place, errors among them."""
    app.deliver(sms_event("STOP", from_=OTHER), sms_event("START"))
    asked = {"sender": "12345", "recipients": [PERSON, OTHER, "nobody", "+14255550125", OTHER]}
    everybody = app.post(CHECK, asked).json()
    told = [(each["index"], each.get("state")) for each in everybody["results"]]
    assert told == [(0, "in"), (1, "out"), (2, None), (3, "none"), (4, "out")]
    only = app.post(CHECK, {**asked, "only": "suppressed"}).json()
    kept = [each for each in everybody["results"] if each["suppressed"]]
    assert only == {**everybody, "results": kept}
    assert [each["index"] for each in kept] == [1, 2, 4]
    nobody = app.post(CHECK, {**asked, "recipients": [PERSON], "only": "suppressed"})
    assert (nobody.status, nobody.json()["results"]) == (200, [])


def test_what_is_on_record(app: App) -> None:
    """A state for each sender: in after an opt-in to it, its list or everything; none where nothing
    was said to any of them, and where a request was lifted."""

    def state(sender: str) -> str:
        return str(app.check(sender, PERSON)["state"])

    assert state("12345") == "none"
    app.change("opt-in", PERSON, list="contoso-alerts")
    assert (state("12345"), state("54321")) == ("in", "none")
    app.change("opt-in", PERSON, everything=True)
    assert state("54321") == "in"
    app.change("opt-out", PERSON, sender="54321")
    assert (state("12345"), state("54321")) == ("in", "out")
    app.deliver(sms_event("please cancel", from_=OTHER))
    assert app.check("12345", OTHER)["state"] == "out"
    (review,) = app.get("reviews").json()["items"]
    verdict = {"id": review["id"], "verdict": "lift", "actor": "ann", "reason": "an appointment"}
    assert app.post("reviews", verdict).status == 200
    assert app.check("12345", OTHER)["state"] == "none"


@pytest.mark.parametrize(
    ("sender", "recipient", "reachable"),
    [
        ("12345", PERSON, True),
        ("12345", "+17875550123", True),
        ("12345", "+16045550123", False),
        ("12345", "+447700900123", False),
        ("12345", "+212612345678", False),
        ("12345", "+4255550123", True),
        ("+18335550100", "+16045550123", True),
        ("55555", PERSON, False),
        ("78787", "+447700900123", True),
        ("78787", PERSON, False),
        ("CONTOSO", "+4520123456", True),
    ],
)
def test_whom_a_sender_reaches(app: App, sender: str, recipient: str, reachable: bool) -> None:
    """By country and area code; where number or sender shows none, it may."""
    result = app.check(sender, recipient)
    assert (result["reachable"], result["suppressed"]) == (reachable, False)


@pytest.mark.parametrize(
    ("sender", "name", "list_name", "configured"),
    [
        ("12345", "12345", "contoso-alerts", True),
        ("18335550100", "+18335550100", "contoso-alerts", True),
        ("+18335550100", "+18335550100", "contoso-alerts", True),
        ("contoso", "CONTOSO", "contoso-uk", True),
        ("CoNToSo", "CONTOSO", "contoso-uk", True),
        ("67890", "67890", "sender:67890", False),
        ("Fabrikam", "fabrikam", "sender:fabrikam", False),
    ],
    ids=str,
)
def test_check_names_the_sender_and_its_list(
    app: App, sender: str, name: str, list_name: str, configured: bool
) -> None:
    """Any well-formed sender has an answer; one that no program names is on a list of its own, and
    has to be allowed."""
    answer = app.post(
        CHECK, {"sender": sender, "recipients": [PERSON], "allow_unconfigured": not configured}
    )
    assert (answer.status, answer.json()) == (
        200,
        {
            "sender": name,
            "list": list_name,
            "configured": configured,
            "results": [FREE],
        },
    )


def test_check_takes_ten_thousand_recipients(app: App) -> None:
    """The documented limit, in one request."""
    app.deliver(sms_event("STOP", from_="+14255550199"))
    results = check_many(app, [f"+1425555{number:04}" for number in range(10_000)])
    assert [result["recipient"] for result in results if result["suppressed"]] == ["+14255550199"]
    assert len(results) == 10_000


def test_a_look_up_says_what_a_check_says(app: App) -> None:
    """GET is the same answer with one result."""
    app.deliver(sms_event("STOP"))
    looked_up = app.get("suppressions/12345/14255550123")
    checked = app.post(CHECK, {"sender": "12345", "recipients": [PERSON]})
    assert (looked_up.status, looked_up.json()) == (200, checked.json())
    assert looked_up.json()["results"][0]["suppressed"] is True


def test_a_stop_is_seen_and_a_start_lifts_it(app: App) -> None:
    """The answer says since when, by what and who blocks; an ordinary message changes nothing."""
    at = ago(minutes=2).replace(microsecond=0)
    app.deliver(sms_event("STOP", at=at))
    expected = {
        "recipient": PERSON,
        "suppressed": True,
        "since": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "scope": "sender",
        "source": "message",
        "keyword": "STOP",
        "blocked_by": "service",
        "index": 0,
        "state": "out",
        "reachable": True,
    }
    assert app.check("12345", PERSON) == expected
    assert app.check("+14255550100", PERSON) == {**expected, "scope": "list"}
    app.deliver(sms_event("thanks a lot", at=ago(minutes=1)))
    assert app.check("12345", PERSON) == expected
    app.deliver(sms_event("START"))
    assert app.check("12345", PERSON) == {**FREE, "state": "in"}


TARGETS: list[tuple[dict[str, Any], dict[str, Any], str, str]] = [
    ({"sender": "12345"}, {"sender": "12345", "list": "contoso-alerts"}, "sender", "12345"),
    ({"sender": "conTOSO"}, {"sender": "CONTOSO", "list": "contoso-uk"}, "sender", "Contoso"),
    ({"sender": "67890"}, {"sender": "67890", "list": "sender:67890"}, "sender", "67890"),
    ({"list": "contoso-uk"}, {"list": "contoso-uk"}, "list", "78787"),
    ({"everything": True}, {"everything": True}, "everything", "55555"),
]


@pytest.mark.parametrize(
    ("target", "named", "scope", "sender"), TARGETS, ids=[str(t[0]) for t in TARGETS]
)
def test_opt_out_and_opt_in_by_hand(
    app: App, target: dict[str, Any], named: dict[str, Any], scope: str, sender: str
) -> None:
    """Each kind of target goes out, again without harm, and in again."""
    unconfigured = {"allow_unconfigured": sender == "67890"}
    target = {**target, **unconfigured}
    first = app.change("opt-out", "001 425 555 0123", **target)
    assert first == {
        **named,
        "recipient": PERSON,
        "suppressed": True,
        "since": first["since"],
        "scope": scope,
        "source": "manual",
        "keyword": None,
        "blocked_by": "service",
        "effect": "opted_out",
    }
    assert app.change("opt-out", PERSON, **target) == {**first, "effect": "confirmed"}
    assert app.check(sender, PERSON, **unconfigured)["scope"] == scope
    assert app.change("opt-in", PERSON, **target) == {**named, **IN, "effect": "opted_in"}
    assert app.check(sender, PERSON, **unconfigured)["state"] == "in"


def test_a_time_in_the_past_takes_its_place(app: App) -> None:
    """What a person asked for yesterday does not undo what they wrote since."""
    app.deliver(sms_event("START", at=ago(hours=1)))
    late = app.change("opt-out", PERSON, sender="12345", at=ago(days=1).isoformat())
    assert (late["effect"], late["suppressed"]) == ("outdated", False)
    newer = app.change("opt-out", PERSON, sender="12345", at=ago(minutes=1).isoformat())
    assert (newer["effect"], newer["suppressed"]) == ("opted_out", True)


@pytest.mark.parametrize(
    ("sender", "blocked_by", "words"),
    [("+18335550100", "carrier", "START or UNSTOP"), ("54321", "platform", "START")],
)
def test_nobody_at_a_desk_lifts_a_block_of_others(
    app: App, sender: str, blocked_by: str, words: str
) -> None:
    """The answer stays suppressed, says who blocks and what the person must text."""
    app.deliver(sms_event("STOP", to=sender))
    answer = app.change("opt-in", PERSON, sender=sender)
    assert (answer["suppressed"], answer["blocked_by"], answer["effect"]) == (True, blocked_by, "none")
    assert f"ask them to text {words} to {sender}" in answer["remedy"]
    assert app.check(sender, PERSON)["suppressed"] is True
    app.deliver(sms_event("START", to=sender))
    assert app.check(sender, PERSON) == {**FREE, "state": "in"}


def test_opting_a_list_in_tells_who_still_blocks(app: App) -> None:
    """The list is lifted; the toll-free number of the same list stays blocked by the carrier."""
    app.deliver(sms_event("STOP", to="+18335550100"))
    answer = app.change("opt-in", PERSON, list="contoso-alerts")
    (block,) = answer["still_blocked"]
    assert (answer["suppressed"], answer["effect"]) == (False, "opted_in")
    assert (block["sender"], block["blocked_by"]) == ("+18335550100", "carrier")
    assert "UNSTOP" in block["remedy"]
    assert app.check("12345", PERSON) == {**FREE, "state": "in"}
    assert app.check("+18335550100", PERSON)["blocked_by"] == "carrier"

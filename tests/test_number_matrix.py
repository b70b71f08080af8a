"""Rule 13 at every way in: each way of writing a number, for senders of three countries, never becomes
the number of somebody else. The table below is the oracle; it shares no code with what reads."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest

from optout import service
from optout.cli.main import main
from tests.support.client import WHO, Answer, App
from tests.support.payloads import sms_event

US, CA, GB = "12345", "55555", "78787"
SENDERS = (US, CA, GB)
ALICE, BOB, CAROL, DAN = "+14255550123", "+16045550123", "+447700900123", "+12125550123"
HOW_TO_WRITE_IT = "with + and the country code"


class Written(NamedTuple):
    """A text, and the number that it is for a sender of each country, for everybody's programs, and
    where it is only shown; None: refused."""

    text: str
    us: str | None
    ca: str | None
    gb: str | None
    everybody: str | None
    shown: str | None

    def to(self, sender: str) -> str | None:
        return {US: self.us, CA: self.ca, GB: self.gb}[sender]


def everywhere(text: str, number: str | None) -> Written:
    """A text that is the same number whoever asks."""
    return Written(text, number, number, number, number, number)


def national(text: str, number: str, as_british: str) -> Written:
    """Ten digits: at home a number of +1, in Britain one that nobody has."""
    return Written(text, number, number, as_british, None, number)


MATRIX = [
    everywhere("+14255550123", ALICE),
    everywhere("+1 (425) 555-0123", ALICE),
    everywhere("tel:+1-425-555-0123", ALICE),
    everywhere("001 425 555 0123", ALICE),
    everywhere("＋１４２５５５５０１２３", ALICE),
    everywhere("+44 (0)7700 900123", CAROL),
    everywhere("0044 7700 900123", CAROL),
    everywhere("００４４７７００９００１２３", CAROL),
    national("4255550123", ALICE, "+444255550123"),
    national("(425) 555-0123", ALICE, "+444255550123"),
    national("425.555.0123", ALICE, "+444255550123"),
    national("４２５５５５０１２３", ALICE, "+444255550123"),
    national("604 555 0123", BOB, "+446045550123"),
    national("2125550123", DAN, "+442125550123"),
    national("310-555-6306", "+13105556306", "+443105556306"),
    Written("14255550123", ALICE, ALICE, None, ALICE, ALICE),
    Written("1 (604) 555-0123", BOB, BOB, None, BOB, BOB),
    Written("07700 900123", None, None, CAROL, CAROL, CAROL),
    Written("(07700) 900 123", None, None, CAROL, CAROL, CAROL),
    Written("447700900123", None, None, CAROL, CAROL, CAROL),
    Written("44 (0)7700 900123", None, None, CAROL, CAROL, CAROL),
    Written("7700 900123", "+17700900123", "+17700900123", CAROL, None, None),
    Written("2072345678", "+12072345678", "+12072345678", "+442072345678", None, None),
    everywhere("4" * 65, None),
    everywhere("+1425555012" + "3" * 60, None),
    everywhere("4255550123, 4255550124", None),
    everywhere("425555O123", None),
    everywhere("12345", None),
    everywhere("", None),
]
each_text = pytest.mark.parametrize("written", MATRIX, ids=[row.text[:20] or "empty" for row in MATRIX])


def recorded(app: App) -> set[str]:
    """Whom anything was recorded about."""
    return {item["recipient"] for item in app.get("export?limit=1000").json()["items"]}


def understood(answer: Answer) -> str | None:
    """The number of an answer, None for a refusal, which must say how to write one."""
    if answer.status == 400:
        assert HOW_TO_WRITE_IT in answer.json()["detail"] or "64" in answer.json()["detail"]
        return None
    assert answer.status == 200, answer.body
    number: str = answer.json()["recipient"]
    return number


def checked(result: dict[str, Any]) -> str | None:
    """The number of a check, None for an error; then nobody may be texted."""
    if "error" not in result:
        return str(result["recipient"])
    assert result["suppressed"]
    assert HOW_TO_WRITE_IT in result["error"] or "64" in result["error"]
    return None


@each_text
def test_what_is_asked(app: App, written: Written) -> None:
    """Check and look-up read it for the sender; whoever is out is out however they are written."""
    app.deliver(*(sms_event("STOP ALL", from_=number) for number in set(written[1:]) if number))
    people = recorded(app)
    for sender in SENDERS:
        result = app.check(sender, written.text)
        assert (checked(result), result["suppressed"]) == (written.to(sender), True)
        if written.text:
            looked_up = app.get(f"suppressions/{sender}/{quote(written.text, safe='')}").json()
            assert looked_up["results"] == [result]
    assert recorded(app) == people


@each_text
def test_what_is_shown(app: App, written: Written) -> None:
    """Status and history name no sender: they show as which number they read it."""
    for operation in ("status", "history"):
        answer = app.post(f"suppressions/{operation}", {"recipient": written.text})
        assert understood(answer) == written.shown


@each_text
@pytest.mark.parametrize("operation", ["opt-out", "opt-in"])
def test_what_is_changed(app: App, operation: str, written: Written) -> None:
    """For the sender, its list and everything; nothing is recorded about anybody else."""
    expected: set[str | None] = set()
    lists = {US: "contoso-alerts", CA: "contoso-canada", GB: "contoso-uk"}
    for sender in SENDERS:
        targets: list[dict[str, str]] = [{"sender": sender}, {"list": lists[sender]}]
        for target in targets:
            answer = app.post(f"suppressions/{operation}", {**WHO, **target, "recipient": written.text})
            assert understood(answer) == written.to(sender)
            expected.add(written.to(sender))
            assert recorded(app) == expected - {None}
    answer = app.post(
        f"suppressions/{operation}", {**WHO, "everything": True, "recipient": written.text}
    )
    assert understood(answer) == written.everybody
    assert recorded(app) == (expected | {written.everybody}) - {None}
    for sender in SENDERS:
        out = {item["recipient"] for item in app.get(f"suppressions?sender={sender}").json()["items"]}
        assert out == ({written.to(sender)} - {None} if operation == "opt-out" else set())


@each_text
def test_what_is_imported_over_http(app: App, written: Written) -> None:
    """Each row for the target; a refused one says what to write."""
    expected: set[str | None] = set()
    targets: list[tuple[dict[str, Any], str | None]] = [
        ({"sender": sender}, written.to(sender)) for sender in SENDERS
    ]
    for target, number in (*targets, ({"everything": True}, written.everybody)):
        body: dict[str, Any] = {**WHO, **target, "rows": [{"recipient": written.text}]}
        answer = app.post("suppressions/import", body).json()
        assert [row["index"] for row in answer["refused"]] == ([] if number else [0])
        for row in answer["refused"] if written.text else ():
            assert HOW_TO_WRITE_IT in row["reason"] or "64" in row["reason"]
        expected.add(number)
        assert recorded(app) == expected - {None}


@each_text
def test_what_is_imported_from_a_file(app: App, written: Written, tmp_path: Path) -> None:
    """The same by the command, between rows with country codes."""
    expected = {"+14255550190", "+14255550191", "+14255550192"}
    given = tmp_path / "list.csv"
    given.write_text("phone\n" + "\n".join(f'"{each}"' for each in (*expected, written.text)), "utf-8")
    for sender in SENDERS:
        assert app.get("health").status == 200
        code = main(["import", str(given), "--sender", sender, "--actor", "ann"])
        number = written.to(sender)
        assert code == (0 if number else 1)
        expected |= {number} if number else set()
        assert recorded(app) == expected


EVENTS = [
    ("+14255550123", ALICE, []),
    ("14255550123", ALICE, []),
    ("447700900123", CAROL, []),
    ("+447700900123", CAROL, []),
    ("4255550123", "+4255550123", ["no_country_code"]),
    ("4255550324", "+4255550324", ["no_country_code"]),
    ("2125550123", "+2125550123", ["out_of_reach", "no_country_code"]),
    ("+15555555555", "+15555555555", []),
]


@pytest.mark.parametrize(("given", "number", "flags"), EVENTS)
@pytest.mark.parametrize("sender", SENDERS)
def test_what_an_event_says(app: App, given: str, number: str, flags: list[str], sender: str) -> None:
    """Events keep ACS's form: international digits. What lacks its country is recorded, and flagged."""
    app.deliver(sms_event("STOP", to=sender, from_=given))
    (item,) = app.history(number)
    assert item["effect"] == "opted_out"
    assert [
        flag for flag in item["flags"] if flag != "out_of_reach" or "out_of_reach" in flags
    ] == flags
    assert recorded(app) == {number}


MANY = "4" * 1_000_000
BODIES: list[tuple[str, Callable[[str], dict[str, Any]]]] = [
    ("suppressions/check", lambda number: {"sender": US, "recipients": [number]}),
    ("suppressions/status", lambda number: {"recipient": number}),
    ("suppressions/history", lambda number: {"recipient": number}),
    ("suppressions/opt-out", lambda number: {**WHO, "sender": US, "recipient": number}),
    ("suppressions/opt-in", lambda number: {**WHO, "everything": True, "recipient": number}),
    ("suppressions/import", lambda number: {**WHO, "sender": US, "rows": [{"recipient": number}]}),
    ("suppressions/check", lambda number: {"sender": number, "recipients": [ALICE]}),
]


@pytest.mark.parametrize("text", [MANY, "+" + MANY[1:], MANY[:-1] + "é", MANY[:-2] + ".0", "(" * 10**6])
@pytest.mark.parametrize(("operation", "body"), BODIES, ids=[each[0] for each in BODIES])
def test_a_million_characters(
    app: App, operation: str, body: Callable[[str], dict[str, Any]], text: str
) -> None:
    """Nothing looks at a number longer than 64 characters: the answer is there at once."""
    app.get("health")
    content = body(text[:1_000_000])
    began = time.process_time()
    answer = app.post(operation, content)
    assert time.process_time() - began < 1
    assert re.search("no number has more than 64|a sender is", answer.body.decode())
    assert recorded(app) == set()


def test_a_million_characters_in_an_event_or_a_file(app: App, tmp_path: Path) -> None:
    """The same for what a machine writes: one is quarantined, the other refused."""
    began = time.process_time()
    app.deliver(sms_event("STOP", from_=MANY))
    (held,) = app.get("quarantine").json()["items"]
    assert "1000000 characters" in held["reason"]
    given = tmp_path / "list.ndjson"
    given.write_text('{"phone": "+14255550123"}\n{"phone": "' + MANY + '"}\n', "utf-8")
    assert main(["import", str(given), "--sender", US, "--actor", "ann"]) == 1
    assert time.process_time() - began < 3
    assert recorded(app) == {ALICE}
    service.shutdown()

"""What somebody with a key, or a page in a browser, might try on the operations."""

import json
from http.client import HTTPConnection

import pytest

from optout import service
from optout.http import console_page, table
from optout.http.exchange import Request
from tests.support.client import WHO, App

PERSON = "+14255550123"
CHANGE = {"list": "contoso-alerts", "recipient": PERSON, **WHO}


@pytest.mark.parametrize(
    "body",
    [
        b'{"sender": "12345", "sender": "54321", "recipients": ["+14255550123"]}',
        b'{"sender": "12345", "recipients": ["+14255550123"], "recipients": []}',
        b'{"sender": "12345", "recipients": [{"a": 1, "a": 2}]}',
        b'{"sender": "12345", "recipients": ["+1425\xff"]}',
        b'\xed\xa0\x80{"sender": "12345", "recipients": ["+14255550123"]}',
        b'{"sender": "12345", "recipients": [' + b"9" * 5000 + b"]}",
        b'{"sender": ' + b"9" * 4000 + b', "recipients": ["+14255550123"]}',
        b'{"sender": 1e400, "recipients": ["+14255550123"]}',
        b'{"sender": "12345", "recipients": ["+14255550123"], "__proto__": {"suppressed": false}}',
        b'["sender", "12345"]',
    ],
    ids=[
        "a sender twice", "recipients twice", "twice within", "not UTF-8", "a surrogate in UTF-8",
        "a number of 5,000 digits", "one of 4,000", "infinity", "a field of another language",
        "an array",
    ],
)  # fmt: skip
def test_bodies_that_two_readers_may_read_in_two_ways(app: App, body: bytes) -> None:
    """400 with a reason, never a guess."""
    answer = app.post("suppressions/check", body)
    assert answer.status == 400, answer.body
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    "name", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method"]
)
def test_a_method_is_the_method(app: App, name: str) -> None:
    """No header makes a POST of what a browser may GET."""
    assert (
        app.host.request("GET", f"/api/suppressions/opt-out?{name}=POST", b"", {name: "POST"}).status
        == 405
    )


@pytest.mark.parametrize(
    "path",
    [
        "../exchange.py", "..%2fexchange.py", "..%5cexchange.py", "%2e%2e%2fexchange.py",
        "....//exchange.py", "/etc/passwd", "%2fetc%2fpasswd", "main.js%00.css", "main.js/",
        "main.js/..", "MAIN.JS", ".", "..", "",
        "__init__.py", "index.html", "main.js.", "main.js ", "main.js::$DATA", "file:main.js",
    ],
)  # fmt: skip
def test_only_the_files_of_the_page(app: App, path: str) -> None:
    """A file is looked up by its name among those that there are, never on the disk."""
    connection = HTTPConnection("127.0.0.1", app.host.port)  # type: ignore[attr-defined]
    connection.putrequest("GET", "/api/console/" + path.replace(" ", "%20"))
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    # A slash at the end is left out, by both hosts.
    assert answer.status == (200 if path in ("", "main.js/") else 404), body
    (served,) = [each for each in table.functions() if each.name == "console_file"]
    request = Request("GET", path={"file": path})
    assert served.respond(request, lambda: pytest.fail("no store is asked")).status == 404
    assert path not in console_page._files()


@pytest.mark.parametrize(
    "text",
    [
        "ann\r\nSet-Cookie: a=b", "ann\nX: y", "<script>alert(1)</script>", "\x00", "\ud800",
        "\u202egnp",
        '"}\n{"event": "opted_in"}', "%s%n{0.__class__}", "=cmd|' /C calc'!A0", "a" * 100_000,
    ],
)  # fmt: skip
def test_words_are_words(app: App, text: str, caplog: pytest.LogCaptureFixture) -> None:
    """A reason and an actor come back as they were written or are refused: in no header, and on one
    line of the log."""
    body = json.dumps({**CHANGE, "actor": text, "reason": text}).encode()
    answer = app.post("suppressions/opt-out", body)
    assert answer.status in (200, 400), answer.body
    assert not {"Set-Cookie", "X"} & set(answer.headers)
    for item in app.history(PERSON):
        assert (item["actor"], item["reason"]) == (text, text)
    assert not [record for record in caplog.records if "\n" in record.getMessage()]


@pytest.mark.parametrize(
    "key", ["a\r\nSet-Cookie: a=b", '"' + "a" * 100_000 + '"', "\x00", "é", '""', ""]
)
def test_keys_of_changes(app: App, key: str) -> None:
    """As a front could pass them on: refused, or taken as a text, never an internal error."""
    (served,) = [each for each in table.functions() if each.name == "opt_out"]
    request = Request("POST", json.dumps(CHANGE).encode(), headers={"idempotency-key": key})
    answer = served.respond(request, service.current)
    assert answer.status in (200, 400)
    assert not any("\n" in value for value in answer.headers.values())

"""What the page is served with, and the operations made for it: status and senders."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from optout.settings import ROOT
from optout.store import codec
from tests.support.client import App
from tests.support.payloads import sms_event

PERSON = "+14255550123"
FOLDER = ROOT / "optout/http/console"
FREE = {
    "suppressed": False,
    "since": None,
    "scope": None,
    "source": None,
    "keyword": None,
    "blocked_by": None,
}


@pytest.mark.parametrize(
    ("target", "file", "kind"),
    [
        ("console", "index.html", "text/html; charset=utf-8"),
        ("console/style.css", "style.css", "text/css; charset=utf-8"),
        ("console/main.js", "main.js", "text/javascript; charset=utf-8"),
        ("console/icon.svg", "icon.svg", "image/svg+xml"),
    ],
)
def test_the_files_and_their_headers(app: App, target: str, file: str, kind: str) -> None:
    """Each with its media type, asked about each time, and with a policy that lets nothing else in."""
    answer = app.get(target)
    assert (answer.status, answer.headers["Content-Type"]) == (200, kind)
    local = b'data-place="azure"', b'data-place="local"'
    assert answer.body == (FOLDER / file).read_bytes().replace(*local)
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    assert policy.pop("require-trusted-types-for") == "'script'"
    assert {name: value for name, value in policy.items() if value != "'none'"} == {
        "script-src": "'self'",
        "style-src": "'self'",
        "connect-src": "'self'",
        "img-src": "'self'",
    }


@pytest.mark.parametrize("target", ["console", "console/style.css"])
@pytest.mark.parametrize("written", ["{}", "W/{}", '"other", {}'])
def test_what_the_browser_has_is_not_sent_again(app: App, target: str, written: str) -> None:
    """304 for the same content, in each form in which a browser or a proxy asks."""
    tag = app.get(target).headers["ETag"]
    headers = {"If-None-Match": written.format(tag)}
    again = app.host.request("GET", f"/api/{target}", headers=headers)
    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", tag)
    other = app.host.request("GET", f"/api/{target}", headers={"If-None-Match": '"other"'})
    assert other.status == 200


@pytest.mark.parametrize(
    "name", ["index.html", "unknown.js", "..%2Fsettings.py", "%2e%2e%5csettings.py", "STYLE.css", "."]
)
def test_no_other_file_is_served(app: App, name: str) -> None:
    """Only what the page asks for: names, never paths."""
    assert app.get(f"console/{name}").status == 404


@pytest.mark.parametrize("target", ["console", "console/style.css"])
def test_another_method(app: App, target: str) -> None:
    """405 says which is right."""
    answer = app.post(target, {})
    assert (answer.status, answer.headers["Allow"]) == (405, "GET")


def test_the_page_is_there_while_the_app_is_misconfigured(
    app: App, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It shows people what is wrong; in Azure it asks for a key."""
    assert b'data-place="local"' in app.get("console").body
    monkeypatch.setenv("WEBSITE_SITE_NAME", "contoso")
    assert app.get("health").status == 503
    answer = app.get("console")
    assert (answer.status, b'data-place="azure"' in answer.body) == (200, True)


def test_no_file_makes_markup_of_text() -> None:
    """Nothing in the scripts parses markup or runs text; the page has no script or style in itself."""
    for path in FOLDER.glob("*.js"):
        script = path.read_text("utf-8")
        for word in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "DOMParser",
        ):
            assert word not in script, f"{path.name}: {word}"
    page = (FOLDER / "index.html").read_text("utf-8")
    assert "<style" not in page
    assert " style=" not in page
    assert page.count("<script") == 1
    assert "//" not in page.replace("<!doctype", "")


def test_the_status_of_somebody_unknown(app: App) -> None:
    """Every list and sender of the program file, and all may text."""
    answer = app.post("suppressions/status", {"recipient": "1 (425) 555-0123"}).json()
    assert answer["recipient"] == PERSON
    assert [(each["list"], [one["sender"] for one in each["senders"]]) for each in answer["lists"]] == [
        ("contoso-alerts", ["12345", "+18335550100", "+14255550100"]),
        ("contoso-promo", ["54321"]),
        ("contoso-canada", ["55555"]),
        ("contoso-uk", ["78787", "CONTOSO"]),
    ]
    for each in answer["lists"]:
        for part in (each, *each["senders"]):
            assert {name: part[name] for name in FREE} == FREE
    first = answer["lists"][0]["senders"][0]
    assert (first["program"], first["configured"]) == ("Contoso Alerts", True)


def test_the_status_agrees_with_check(app: App) -> None:
    """After words to several senders, one of them in no program: what check says of each sender."""
    said = [("STOP", "+18335550100"), ("START", "12345"), ("STOP", "55501"), ("STOP ALL", "78787")]
    for text, sender in said:
        app.deliver(sms_event(text, to=sender))
        lists = app.post("suppressions/status", {"recipient": PERSON}).json()["lists"]
        for each in lists:
            for one in each["senders"]:
                checked = app.check(one["sender"], PERSON, allow_unconfigured=True)
                assert {name: one[name] for name in FREE} == {name: checked[name] for name in FREE}
    by_name = {each["list"]: each for each in lists}
    assert by_name["contoso-canada"]["scope"] == "everything"
    (own,) = by_name["sender:55501"]["senders"]
    assert (own["sender"], own["program"], own["configured"]) == ("55501", None, False)
    assert by_name["contoso-alerts"]["senders"][1]["blocked_by"] == "carrier"


def ago(minutes: float) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)


def test_the_status_says_what_is_on_record(app: App) -> None:
    """Of a list and of each sender: out, in since START, or nothing; check says the same."""
    started = ago(minutes=5)
    app.deliver(sms_event("START", to="12345", at=started))
    app.deliver(sms_event("STOP", to="78787", at=ago(minutes=4)))
    lists = app.post("suppressions/status", {"recipient": PERSON}).json()["lists"]
    told = {each["list"]: (each["state"], each["in_since"]) for each in lists}
    since = codec.stamp(started)
    assert told == {
        "contoso-alerts": ("in", since),
        "contoso-promo": ("none", None),
        "contoso-canada": ("none", None),
        "contoso-uk": ("out", None),
    }
    for each in lists:
        for one in each["senders"]:
            assert (one["state"], one["in_since"]) == told[each["list"]]
            assert app.check(one["sender"], PERSON)["state"] == one["state"]


def test_in_since_what_stands(app: App) -> None:
    """A second START keeps the first one's time; after STOP ALL, another list's START is a new one."""
    first, third = ago(minutes=9), ago(minutes=5)
    for text, at in (("START", first), ("START", ago(minutes=8))):
        app.deliver(sms_event(text, to="78787", at=at))
    assert since_of(app, "contoso-uk") == codec.stamp(first)
    app.deliver(sms_event("STOP ALL", to="55555", at=ago(minutes=6)))
    app.deliver(sms_event("START", to="78787", at=third))
    assert since_of(app, "contoso-uk") == codec.stamp(third)


def since_of(app: App, name: str) -> object:
    lists = app.post("suppressions/status", {"recipient": PERSON}).json()["lists"]
    return next(each["in_since"] for each in lists if each["list"] == name)


def test_the_status_of_a_list_that_is_gone(
    app: App, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A list that the program file no longer has is still a list that the person is on."""
    from optout import service

    app.change("opt-out", PERSON, list="contoso-uk")
    programs = (ROOT / "programs.toml").read_text("utf-8").replace('"contoso-uk"', '"contoso-gb"')
    (tmp_path / "programs.toml").write_text(programs, "utf-8")
    service.shutdown()
    monkeypatch.setenv("OPTOUT_PROGRAMS", str(tmp_path / "programs.toml"))
    lists = app.post("suppressions/status", {"recipient": PERSON}).json()["lists"]
    by_name = {each["list"]: (each["suppressed"], len(each["senders"])) for each in lists}
    assert (by_name["contoso-gb"], by_name["contoso-uk"]) == ((False, 2), (True, 0))


@pytest.mark.parametrize("recipient", ["nobody", "", "12"])
def test_the_status_of_no_number(app: App, recipient: str) -> None:
    """400 that says how to write one."""
    answer = app.post("suppressions/status", {"recipient": recipient})
    assert answer.status == 400
    assert "write it with + and the country code" in answer.json()["detail"]


def test_the_senders(app: App) -> None:
    """Those of the program file, in its order."""
    items = app.get("senders").json()["items"]
    assert len(items) == 7
    assert items[1] == {
        "sender": "+18335550100",
        "type": "toll_free",
        "country": "US",
        "program": "Contoso Alerts",
        "list": "contoso-alerts",
        "lists": ["contoso-alerts"],
        "managed_by": "carrier",
        "stands_for": None,
        "everything_from": None,
    }

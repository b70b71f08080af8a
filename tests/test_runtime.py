"""The app in Microsoft's own Python runtime, and the local host held against it."""

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from optout.domain.link_content import LinkContent
from optout.domain.link_keys import KEY_BYTES, LinkKey, written
from optout.operations.link_tokens import Tokens
from optout.settings import ROOT
from tests.support.client import NOTIFICATION, WEBHOOK, WHO, Answer, App, Host, environment
from tests.support.functions_runtime import FunctionsRuntime
from tests.support.payloads import sms_event

PERSON = "+14255550123"
KEY = LinkKey("k1", secrets.token_bytes(KEY_BYTES))
LINKS = {"OPTOUT_LINK_BASE": "https://o.contoso.com", "OPTOUT_LINK_KEYS": written(KEY)}
TOKEN = Tokens([KEY]).seal(LinkContent("contoso", PERSON, 0))


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FunctionsRuntime]:
    """function_app.py as it runs in Azure, on a store of its own."""
    database = tmp_path_factory.mktemp("runtime") / "optout.db"
    with FunctionsRuntime(ROOT, environment(database)) as running:
        yield running


@pytest.fixture
def there(runtime: FunctionsRuntime) -> App:
    """The app in the runtime. Its store is shared by this file: each test has people of its own."""
    return App(runtime)


def test_each_function_is_found_with_its_trigger(runtime: FunctionsRuntime) -> None:
    """One function for each operation, and a key for each but health, the description and the page."""
    triggers = {name: bindings[0] for name, bindings in runtime.functions.items()}
    assert triggers.pop("sms_events")["type"] == "eventGridTrigger"
    routes = {name: (each["route"], each["authLevel"].lower()) for name, each in triggers.items()}
    assert routes == {
        "check_suppressions": ("api/suppressions/check", "function"),
        "report_suppression": ("api/suppressions/report", "function"),
        "look_up_suppression": ("api/suppressions/{sender}/{recipient}", "function"),
        "opt_out": ("api/suppressions/opt-out", "function"),
        "opt_in": ("api/suppressions/opt-in", "function"),
        "history": ("api/suppressions/history", "function"),
        "list_suppressions": ("api/suppressions", "function"),
        "activity": ("api/activity", "function"),
        "journal": ("api/journal", "function"),
        "reviews": ("api/reviews", "function"),
        "suppression_status": ("api/suppressions/status", "function"),
        "list_senders": ("api/senders", "function"),
        "changes": ("api/changes", "function"),
        "links": ("api/links", "function"),
        "link": ("o/{token}", "anonymous"),
        "doctor": ("api/doctor", "function"),
        "import_suppressions": ("api/suppressions/import", "function"),
        "import_opt_ins": ("api/suppressions/import-opt-ins", "function"),
        "export": ("api/export", "function"),
        "list_quarantine": ("api/quarantine", "function"),
        "replay_quarantine": ("api/quarantine/replay", "function"),
        "console": ("api/console", "anonymous"),
        "console_file": ("api/console/{file}", "anonymous"),
        "health": ("api/health", "anonymous"),
        "openapi": ("api/openapi.json", "anonymous"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("schema", "person"), [("event_grid", "+14255550131"), ("cloud_events", "+14255550132")]
)
def test_a_stop_and_a_start_in_both_schemas(there: App, schema: Any, person: str) -> None:
    """From the event to the answer of a check, to the evidence with its reply."""
    assert there.deliver(sms_event("STOP", from_=person, schema=schema)) == 202
    assert there.check("12345", person)["suppressed"] is True
    assert there.deliver(sms_event("START", from_=person, schema=schema)) == 202
    assert there.check("12345", person)["suppressed"] is False
    start, stop = there.history(person)
    assert (stop["effect"], stop["reply"]["status"]) == ("opted_out", "printed")
    assert (start["effect"], start["reply"]["status"]) == ("opted_in", "printed")


def test_a_malformed_event_does_not_disturb_its_neighbours(there: App) -> None:
    """202 for all: it is quarantined with a reason, they are handled."""
    people = ("+14255550133", "+14255550134")
    events = [sms_event("STOP", from_=person) for person in people]
    malformed = sms_event("STOP", from_="nobody", message_id="malformed")
    assert there.deliver(events[0], malformed, events[1]) == 202
    assert [there.check("12345", person)["suppressed"] for person in people] == [True, True]
    (held,) = (item for item in there.get("quarantine").json()["items"] if "malformed" in item["body"])
    assert held["reason"].startswith("data.from is not a phone number")
    replayed = there.post("quarantine/replay", {"id": held["id"]})
    assert (replayed.status, replayed.json()["result"]) == (200, "quarantined")


def test_logs_are_lines_without_people(runtime: FunctionsRuntime, there: App) -> None:
    """What Azure would keep: who is masked, what was written is left out, the SDKs are quiet."""
    there.deliver(sms_event("call my lawyer", from_="+14255550135"))
    there.deliver(sms_event("STOP", from_="+14255550135"))
    ours = [record for record in runtime.logs if record.category == "optout"]
    assert json.loads(ours[-1].message)["recipient"] == "+14*******35"
    everything = " ".join(record.message for record in runtime.logs)
    assert "4255550135" not in everything
    assert "lawyer" not in everything


def test_a_broken_configuration_loses_no_event(tmp_path: Path) -> None:
    """Events fail with 500, so that they come back, never 404; health and checks say 503."""
    programs = tmp_path / "programs.toml"
    programs.write_text('[[program]]\nname = "Contoso"\n')
    broken = environment(tmp_path / "optout.db", OPTOUT_PROGRAMS=str(programs))
    with FunctionsRuntime(ROOT, broken) as running:
        app = App(running)
        assert app.deliver(sms_event("STOP")) == 500
        assert app.get("health").status == 503
        checked = app.post("suppressions/check", {"sender": "12345", "recipients": [PERSON]})
        assert checked.status == 503
        assert "its log says what to change" in checked.json()["detail"]
        assert any("programs.toml" in record.message for record in running.logs)


def _event(text: str, number: int, **changes: Any) -> tuple[str, str, bytes]:
    event = sms_event(text, message_id=f"m{number}", **changes)
    return "POST", WEBHOOK, f"[{event}]".encode()


def _post(operation: str, body: object) -> tuple[str, str, bytes]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return "POST", f"/api/{operation}", content


def _get(target: str) -> tuple[str, str, bytes]:
    return "GET", f"/api/{target}", b""


CHECK, HISTORY = "suppressions/check", "suppressions/history"
REPORT = {"sender": "54321", "recipient": PERSON, "at": "2026-06-01T12:00:00Z"}


def _conversation() -> list[tuple[str, str, bytes]]:
    """Everything that can be asked, and everything that is refused."""
    return [
        _get("health"),
        _event("STOP", 1),
        _event("STOP", 1),
        _event("STOP", 2, to="+18335550100"),
        _event("hello", 3),
        _event("START", 4, schema="cloud_events"),
        _event("HELP", 5, to="54321"),
        _event("Arrêt 🛑", 6, to="55555"),
        _event("STOP", 7, from_="nobody"),
        ("POST", WEBHOOK, b'[{"eventType": "Microsoft.Communication.SMSSent", "data": {}}]'),
        ("POST", WEBHOOK, b"[]"),
        ("POST", WEBHOOK.replace("sms_events", "other"), b"[]"),
        _post(CHECK, {"sender": "12345", "recipients": [PERSON, "nobody", None, 14255550124]}),
        _post(CHECK, {"sender": "18335550100", "recipients": [PERSON]}),
        _post(CHECK, {"sender": "contoso", "recipients": [PERSON]}),
        _post(CHECK, {"sender": "é", "recipients": [PERSON]}),
        _post(CHECK, {"sender": "12345", "recipients": []}),
        _post(CHECK, b"no json"),
        _post(CHECK, b" " * (1024 * 1024 + 1)),
        _get("suppressions/12345/14255550123"),
        _get("suppressions/55555/%2B14255550123"),
        _get("suppressions/Fabrikam%201/+14255550123"),
        _post("suppressions/opt-out", {"sender": "CONTOSO", "recipient": PERSON, **WHO}),
        _post("suppressions/opt-out", {"everything": True, "recipient": "+14255550124", **WHO}),
        _post("suppressions/opt-out", {"list": "fabrikam", "recipient": PERSON, **WHO}),
        _post("suppressions/report", {**REPORT, "details": "4007"}),
        _post("suppressions/report", {**REPORT, "details": "4004"}),
        _post("suppressions/report", {**REPORT, "details": "\ud800"}),
        _post("suppressions/opt-in", {"sender": "+18335550100", "recipient": PERSON, **WHO}),
        _post("suppressions/opt-in", {"list": "contoso-alerts", "recipient": PERSON, **WHO}),
        _post("suppressions/opt-in", {"sender": "CONTOSO", "recipient": PERSON}),
        _post(HISTORY, {"recipient": PERSON}),
        _post(HISTORY, {"recipient": PERSON, "limit": 2}),
        _post(HISTORY, {"recipient": PERSON, "cursor": "?"}),
        _get("suppressions?list=contoso-alerts"),
        _get("suppressions?list=contoso-alerts&limit=1&code=k3y"),
        _get("suppressions?list=contoso-alerts&limit="),
        _get("suppressions?list=contoso-alerts&limit=1&limit=2"),
        _get("suppressions?sender=%2B18335550100"),
        _get("suppressions?sender=+18335550100"),
        _get("suppressions?everything=true"),
        _get("suppressions?list=fabrikam"),
        _get("suppressions"),
        _post("suppressions/status", {"recipient": PERSON}),
        _post("suppressions/status", {"recipient": "nobody"}),
        _get("senders"),
        _get("openapi.json"),
        _post("links", {"sender": "CONTOSO", "recipients": [PERSON, "nobody", None]}),
        _post("links", {"sender": "CONTOSA", "recipients": [PERSON]}),
        ("GET", "/o/none", b""),
        ("POST", "/o/none", b"List-Unsubscribe=One-Click"),
        ("PUT", "/o/none", b""),
        ("GET", f"/o/{TOKEN}", b""),
        ("POST", f"/o/{TOKEN}", b"List-Unsubscribe=One-Click"),
        ("GET", "/o/", b""),
        _get("console/unknown.js"),
        ("POST", "/api/console", b""),
        _get("quarantine"),
        _get("quarantine?limit=none"),
        _post("quarantine/replay", {"id": "no such id"}),
        _get("quarantine/replay"),
        ("DELETE", "/api/suppressions", b""),
        ("PUT", "/api/health", b"{}"),
        ("OPTIONS", "/api/health", b""),
        _get("unknown"),
        _get("suppressions/a/b/c"),
        ("TRACE", "/api/health", b""),
        ("GET", "/unknown", b""),
    ]


def test_the_page_comes_as_it_is(app: App, there: App) -> None:
    """Bytes, media types and headers are the same from both hosts; what is known is not sent again."""
    names = [path.name for path in (ROOT / "optout/http/console").iterdir() if path.suffix != ".html"]
    for target in ("/api/console", *(f"/api/console/{name}" for name in names)):
        local, real = (host.request("GET", target) for host in (app.host, there.host))
        assert (local.status, real.status) == (200, 200)
        assert local.body == real.body
        for header in (
            "Content-Type", "Content-Security-Policy", "ETag",
            "Cache-Control", "X-Content-Type-Options",
        ):  # fmt: skip
            assert local.headers[header] == real.headers[header], header
        again = there.host.request("GET", target, headers={"if-none-match": real.headers["ETag"]})
        assert (again.status, again.body) == (304, b"")


MOMENTARY = {"id", "since", "at", "received_at", "sent_at", "body"}


def _lasting(value: Any) -> Any:
    """A JSON value without what differs from run to run."""
    if isinstance(value, list):
        return [_lasting(item) for item in value]
    if isinstance(value, dict):
        return {
            name: "…" if name in MOMENTARY and item is not None else _lasting(item)
            for name, item in value.items()
        }
    return value


def _seen(answer: Answer) -> tuple[object, ...]:
    """What a caller sees of an answer. A host answers nothing but text to what is no function's."""
    is_json = "json" in answer.headers.get_content_type()
    content = _lasting(answer.json()) if is_json else answer.body.decode()
    names = ("Content-Type", "Cache-Control", "X-Content-Type-Options") if is_json else ()
    headers = [answer.headers[name] for name in (*names, "Allow", "Retry-After")]
    return answer.status, content, headers


def test_the_local_host_answers_as_the_runtime_does(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same requests, each host with an empty store: status, content type, body and headers."""
    for name, value in LINKS.items():
        monkeypatch.setenv(name, value)
    with FunctionsRuntime(ROOT, environment(tmp_path / "runtime.db", **LINKS)) as running:
        hosts: tuple[Host, Host] = (app.host, running)
        statuses = []
        for method, target, body in _conversation():
            local, real = (_seen(host.request(method, target, body, NOTIFICATION)) for host in hosts)
            assert local == real, f"{method} {target}"
            statuses.append(local[0])
    assert set(statuses) == {200, 202, 400, 404, 405, 413}

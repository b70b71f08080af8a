"""The local host: what `func start` would serve, at its addresses, on a laptop without Core Tools."""

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from optout import local, settings
from optout.domain.errors import ConfigurationError
from tests.support.client import NOTIFICATION, WEBHOOK, App, environment, serving
from tests.support.payloads import sms_event

PERSON, OTHER, THIRD = "+14255550123", "+14255550124", "+14255550125"
VALIDATION = {"aeg-event-type": "SubscriptionValidation"}
CODE = {"validationCode": "C0DE"}


@pytest.mark.parametrize(
    ("headers", "body", "status", "answer"),
    [
        (VALIDATION, json.dumps([{"data": CODE}]), 200, '{"validationResponse": "C0DE"}'),
        (VALIDATION, json.dumps({"data": CODE}), 200, '{"validationResponse": "C0DE"}'),
        (VALIDATION, json.dumps({"data": json.dumps(CODE)}), 200, '{"validationResponse": "C0DE"}'),
        (VALIDATION, "[]", 400, "no data.validationCode in the event"),
        (VALIDATION, "[7]", 400, "no data.validationCode in the event"),
        ({"aeg-event-type": "Unsubscribe"}, "", 202, ""),
        ({"AEG-Event-Type": "notification"}, "[]", 202, ""),
        (NOTIFICATION, "", 400, "the body is not JSON"),
        (NOTIFICATION, "[{]", 400, "the body is not JSON"),
        (NOTIFICATION, "[" * 100_000, 400, "the body is not JSON"),
        ({}, "[]", 400, "header aeg-event-type: write Notification or SubscriptionValidation"),
        ({"aeg-event-type": "News"}, "[]", 400, "header aeg-event-type: write Notification or "),
    ],
)
def test_the_webhook_answers_as_documented(
    app: App, headers: dict[str, str], body: str, status: int, answer: str
) -> None:
    """The handshake of Event Grid, its notifications, and what is neither."""
    got = app.host.request("POST", WEBHOOK, body.encode(), headers)
    assert (got.status, got.body.decode()[: len(answer)]) == (status, answer)
    assert bool(got.body) is bool(answer)


def test_the_handshake_of_cloud_events(app: App) -> None:
    """OPTIONS is answered with the origin that asks."""
    origin = {"WebHook-Request-Origin": "eventgrid.azure.net"}
    got = app.host.request("OPTIONS", WEBHOOK, headers=origin)
    assert (got.status, got.headers["WebHook-Allowed-Origin"]) == (200, "eventgrid.azure.net")


@pytest.mark.parametrize("name", ["other", "", "check_suppressions"])
def test_an_unknown_function(app: App, name: str) -> None:
    """404, in the words of the Functions host; an HTTP function takes no events."""
    target = WEBHOOK.replace("sms_events", name)
    got = app.host.request("POST", target, b"[]", NOTIFICATION)
    assert (got.status, got.body.decode()) == (404, f"cannot find function: '{name}'")


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/"),
        ("GET", "/api"),
        ("GET", "/api/unknown"),
        ("GET", "/health"),
        ("POST", "/api/suppressions/check/1/2"),
        ("TRACE", "/api/health"),
        ("GET", "/runtime/webhooks/other"),
    ],
)
def test_an_unknown_route(app: App, method: str, target: str) -> None:
    """404 without a body, as the Functions host answers."""
    got = app.host.request(method, target)
    assert (got.status, got.body) == (404, b"")


@pytest.mark.parametrize("schema", ["event_grid", "cloud_events"])
def test_one_event_and_several(app: App, schema: Literal["event_grid", "cloud_events"]) -> None:
    """An object and an array, in both schemas: one invocation for each event."""
    single = sms_event("STOP", schema=schema).encode()
    assert app.host.request("POST", WEBHOOK, single, NOTIFICATION).status == 202
    events = [sms_event("STOP", from_=person, schema=schema) for person in (OTHER, THIRD)]
    assert app.deliver(*events) == 202
    for person in (PERSON, OTHER, THIRD):
        assert app.check("12345", person)["suppressed"] is True
        assert len(app.history(person)) == 1


def test_one_failure_fails_the_request_and_no_neighbour(app: App, database: Path) -> None:
    """500 makes Event Grid deliver all of them again: then the one is there and no other is twice."""
    app.get("health")
    with sqlite3.connect(database) as connection:
        connection.execute(
            f"CREATE TRIGGER refuse BEFORE INSERT ON evidence WHEN NEW.recipient = '{OTHER}' "
            "BEGIN SELECT json('{'); END"
        )
    events = [sms_event("STOP", from_=person) for person in (PERSON, OTHER, THIRD)]
    assert app.deliver(*events) == 500
    assert [len(app.history(person)) for person in (PERSON, OTHER, THIRD)] == [1, 0, 1]
    with connection:
        connection.execute("DROP TRIGGER refuse")
    connection.close()
    assert app.deliver(*events) == 202
    assert [len(app.history(person)) for person in (PERSON, OTHER, THIRD)] == [1, 1, 1]


def test_many_requests_do_not_use_up_the_files(app: App) -> None:
    """Requests share the store's connections: a service that runs for weeks must not run out."""
    open_files = Path("/proc/self/fd")
    if not open_files.exists():
        pytest.skip("this system does not show a process's open files")
    for _ in range(local.CONCURRENCY):
        app.get("health")
    before = len(list(open_files.iterdir()))
    for _ in range(4 * local.CONCURRENCY):
        app.get("health")
    assert len(list(open_files.iterdir())) < before + local.CONCURRENCY


@pytest.mark.parametrize(
    ("port", "message"),
    [(70_000, "cannot listen on port 70000"), (-1, "cannot listen on port -1")],
)
def test_a_port_that_cannot_be(local_host: local.LocalHost, port: int, message: str) -> None:
    """The message says which port and what to do, without a traceback."""
    with pytest.raises(ConfigurationError, match=f"{message}.*PORT=7072 make run"):
        local.server(local_host, port)


def test_a_port_in_use(local_host: local.LocalHost, local_port: int) -> None:
    """The message names the port and another one to choose."""
    with pytest.raises(ConfigurationError) as refusal:
        local.server(local_host, local_port)
    assert str(refusal.value) == (
        f"port {local_port} is in use. Stop what uses it, or choose another: "
        f"PORT={local_port + 1} make run"
    )


def test_it_listens_on_loopback_only(local_host: local.LocalHost) -> None:
    """Nobody else in the network reaches it: there is no key to keep them out."""
    server = local.server(local_host, 0)
    try:
        assert server.socket.getsockname()[0] == "127.0.0.1"
        with socket.socket() as probe:
            # The whole of 127/8 is this machine; a server on all addresses would answer here.
            assert probe.connect_ex(("127.0.0.2", server.port)) != 0
    finally:
        server.server_close()


def test_the_banner_names_every_function(local_host: local.LocalHost) -> None:
    """Each address is there, and what the settings make of replies."""
    text = local.banner(local_host, 7071, settings.load({}))
    addresses = re.findall(r"^  http://localhost:7071(\S+)$", text, re.MULTILINE)
    assert sorted(addresses) == sorted(
        [
            WEBHOOK,
            "/api/openapi.json",
            "/api/suppressions/check",
            "/api/suppressions/report",
            "/api/suppressions/{sender}/{recipient}",
            "/api/suppressions/opt-out",
            "/api/suppressions/opt-in",
            "/api/suppressions/history",
            "/api/suppressions/status",
            "/api/senders",
            "/api/changes",
            "/api/links",
            "/api/doctor",
            "/o/{token}",
            "/api/console",
            "/api/console/{file}",
            "/api/suppressions",
            "/api/activity",
            "/api/journal",
            "/api/reviews",
            "/api/suppressions/import",
            "/api/suppressions/import-opt-ins",
            "/api/export",
            "/api/quarantine",
            "/api/quarantine/replay",
            "/api/health",
        ]
    )
    assert "replies are printed here" in text
    assert "\nOpen http://localhost:7071/api/console to text your senders" in text
    through_acs = {"OPTOUT_ACS_ENDPOINT": "https://contoso.example", "OPTOUT_ACS_KEY": "a2V5"}
    assert "sent through ACS" in local.banner(local_host, 7071, settings.load(through_acs))


def test_the_sample_of_the_local_settings_can_be_used() -> None:
    """Copied as it is, it gives what the app takes without it."""
    sample = json.loads((settings.ROOT / "local.settings.sample.json").read_text("utf-8"))
    assert settings.load(sample["Values"]) == settings.load({})


# As much of curl as the banner uses, for systems without it.
CURL = """#!{python}
import sys, urllib.request
url, *options = [each for each in sys.argv[1:] if each not in ("-i", "-s")]
given = dict(zip(options[::2], options[1::2]))
headers = dict([given["-H"].split(": ")]) if "-H" in given else {{}}
request = urllib.request.Request(url, given["-d"].encode(), headers)
print(urllib.request.urlopen(request).read().decode())
"""


def path_with_curl(folder: Path) -> str:
    path = os.environ["PATH"]
    if shutil.which("curl"):
        return path
    stand_in = folder / "curl"
    stand_in.write_text(CURL.format(python=sys.executable))
    stand_in.chmod(0o755)
    return f"{folder}:{path}"


def test_the_commands_of_the_banner_work(
    app: App, local_host: local.LocalHost, local_port: int, tmp_path: Path
) -> None:
    """Pasted into a shell they show a STOP from end to end; pasted again, it is another message."""
    path = path_with_curl(tmp_path)

    def paste(command: str) -> str:
        done = subprocess.run(
            ["sh", "-c", command], capture_output=True, text=True, env={**os.environ, "PATH": path}
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    banner = local.banner(local_host, local_port, settings.load({}))
    stop, check, history = re.findall(r"^  (curl .*?)(?=\n\n)", banner, re.MULTILINE | re.DOTALL)
    assert json.loads(paste(check))["results"][0]["suppressed"] is False
    paste(stop)
    assert json.loads(paste(check))["results"][0]["suppressed"] is True
    time.sleep(1)
    paste(stop)
    texts = [(item["text"], item["effect"]) for item in json.loads(paste(history))["items"]]
    assert texts == [("STOP", "confirmed"), ("STOP", "opted_out")]


@pytest.fixture
def takes_ctrl_c() -> Iterator[None]:
    """What a shell starts in the background ignores Ctrl-C, and so does all that it starts in turn."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("takes_ctrl_c")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_serve_from_start_to_end(database: Path, how: signal.Signals) -> None:
    """`python -m optout serve` prints where it is, takes events, prints replies, and ends cleanly."""
    with serving(environment(database)) as served:
        assert served.app.deliver(sms_event("STOP")) == 202
        assert served.app.check("12345", PERSON)["suppressed"] is True
        served.process.send_signal(how)
        assert served.process.wait(10) == 0
    output = "".join(served.output)
    assert f"store sqlite:{database}, replies are printed here" in output
    assert "SMS from 12345 to +14*******23: Contoso Alerts: You opted out" in output
    assert output.rstrip().endswith("stopping")
    assert "Traceback" not in output
    assert "4255550123" not in output.partition("Ctrl-C stops it.")[2]

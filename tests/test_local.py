"""The local host: what `func start` would serve, at its addresses, on a laptop without Core Tools."""

import json
import re
import signal
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from optout import local, settings
from optout.cli.main import main
from optout.domain.errors import ConfigurationError
from tests.support.client import NOTIFICATION, WEBHOOK, App, environment, serving
from tests.support.payloads import sms_event

PERSON, OTHER, THIRD = "+14255550123", "+14255550124", "+14255550125"
VALIDATION = {"aeg-event-type": "SubscriptionValidation"}
CODE = {"validationCode": "C0DE"}


def command(line: str) -> int:
    """A command line in this process; its exit code."""
    return main(line.split())


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
        ("POST", "/"),
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
    with pytest.raises(
        ConfigurationError, match=f"{message}.*optout serve --port 7072.*PORT=7072 make run"
    ):
        local.server(local_host, port)


def test_a_port_in_use(local_host: local.LocalHost, local_port: int) -> None:
    """The message names the port and another one to choose."""
    with pytest.raises(ConfigurationError) as refusal:
        local.server(local_host, local_port)
    assert str(refusal.value) == (
        f"port {local_port} is in use. Stop what uses it, or choose another: "
        f"`optout serve --port {local_port + 1}` or `PORT={local_port + 1} make run`"
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


def test_the_first_address_leads_to_the_console(app: App) -> None:
    """Whoever opens what the banner says sees the page."""
    answer = app.host.request("GET", "/")
    assert (answer.status, answer.headers["Location"]) == (302, "/api/console")
    from_elsewhere = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    headers = {**from_elsewhere, "Sec-Fetch-Site": "cross-site"}
    assert app.host.request("GET", "/", headers=headers).status == 302


def test_the_banner_fits_a_screen(local_host: local.LocalHost) -> None:
    """20 lines of 80 columns: where to look, what to try, where events go, what becomes of replies."""
    text = local.banner(local_host, 7071, settings.load({}), "python -m optout")
    assert len(text.splitlines()) <= 20
    assert max(map(len, text.splitlines())) <= 80
    assert "\nOpen http://localhost:7071 to text your senders" in text
    assert f"http://localhost:7071{WEBHOOK}\n" in text
    assert "replies are printed here" in text
    through_acs = {"OPTOUT_ACS_ENDPOINT": "https://contoso.example", "OPTOUT_ACS_KEY": "a2V5"}
    assert "sent through ACS" in local.banner(local_host, 7071, settings.load(through_acs))


def test_the_sample_of_the_local_settings_can_be_used() -> None:
    """Copied as it is, it gives what the app takes without it."""
    sample = json.loads((settings.ROOT / "local.settings.sample.json").read_text("utf-8"))
    assert settings.load(sample["Values"]) == settings.load({})


def test_the_commands_of_the_banner_work(
    app: App,
    local_host: local.LocalHost,
    local_port: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One after the other they show a STOP from end to end; again, it is another message."""
    banner = local.banner(local_host, local_port, settings.load({}))
    text, *looks = re.findall(r"^  optout (.*)$", banner, re.MULTILINE)
    assert [command(line) for line in (text, text)] == [0, 0]
    capsys.readouterr()
    assert [command(line) for line in looks] == [0, 0, 1]
    said = capsys.readouterr().out
    assert said.count("STOP\n  understood  stop, by house:STOP") == 2
    assert "+14255550123\tsuppressed" in said


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

"""The local host asks for no key: what a web page, a foreign name or a tunnel can make of that."""

import json
import re
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from werkzeug.wrappers import Request

from optout import guard, settings
from optout.domain.errors import ConfigurationError
from optout.guard import Guard
from tests.support.client import NOTIFICATION, WEBHOOK, App, environment, raw, serving
from tests.support.payloads import sms_event

PERSON = "+14255550123"
CHECK = json.dumps({"sender": "12345", "recipients": [PERSON]}).encode()
EVENT = f"[{sms_event('STOP')}]".encode()
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TEXT = {"Content-Type": "text/plain;charset=UTF-8"}
HERE = "http://localhost:7071"


def ask(
    app: App, headers: Mapping[str, str], target: str = "/api/suppressions/check", body: bytes = CHECK
) -> tuple[int, str]:
    """The status of a POST, and what its answer says."""
    got = app.host.request("POST", target, body, {"Host": "localhost:7071", **headers})
    said = got.json().get("detail", "") if "problem" in got.headers["Content-Type"] else ""
    return got.status, said


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:7071",
        "LOCALHOST:9",
        "127.0.0.1",
        "127.0.0.1:7071",
        "[::1]",
        "[::1]:7071",
    ],
)
def test_names_of_this_machine(app: App, host: str) -> None:
    """Loopback, by each of its names, with any port or none: a port may be forwarded."""
    assert ask(app, {"Host": host}) == (200, "")


@pytest.mark.parametrize(
    "host",
    [
        "rebound.example", "rebound.example:7071", "localhost.rebound.example",
        "127.0.0.1.rebound.example", "localhost@rebound.example", "localhost,rebound.example",
        "rebound.example,localhost", "0.0.0.0", "localhost:7071:7071", "localhost:x", "[::1", "::1",
        "[::2]", "192.168.0.7", "127.1", "2130706433", "localhost.", "", " ",
    ],
)  # fmt: skip
@pytest.mark.parametrize("target", ["/api/suppressions/history", "/api/health", "/", WEBHOOK])
def test_a_name_that_somebody_pointed_here(app: App, host: str, target: str) -> None:
    """DNS rebinding: the page's own name resolves to this machine, so that it may read the answers."""
    status, said = ask(app, {"Host": host, **JSON}, target)
    assert status == 403
    assert "--allow-host" in said


@pytest.mark.parametrize(
    "name",
    ["X-Forwarded-Host", "X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "X-Real-IP", "Via"],
)
def test_a_tunnel_that_nobody_named(app: App, name: str) -> None:
    """Tunnels may call themselves localhost, and say only here that the request is from elsewhere."""
    status, said = ask(app, {name: "localhost"})
    assert status == 403
    assert "--tunnel" in said


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        # A page of any site, with a request that needs no leave.
        ({"Origin": "https://evil.example", **TEXT}, 403),
        ({"Origin": "https://evil.example", **FORM}, 403),
        ({"Origin": "https://evil.example", **JSON}, 403),
        ({"Origin": "null", **TEXT}, 403),
        ({"Origin": "null", **JSON}, 403),
        ({"Origin": "", **JSON}, 403),
        # Another program's page on this machine.
        ({"Origin": "http://localhost:3000", **JSON}, 403),
        ({"Origin": "http://localhost", **JSON}, 403),
        ({"Origin": "http://localhost.evil.example:7071", **JSON}, 403),
        ({"Origin": "http://evil.example/localhost:7071", **JSON}, 403),
        ({"Origin": "http://localhost:7071@evil.example", **JSON}, 403),
        ({"Sec-Fetch-Site": "cross-site", **JSON}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", **JSON}, 403),
        ({"Origin": HERE, "Sec-Fetch-Site": "cross-site", **JSON}, 403),
        ({"Origin": HERE, "Sec-Fetch-Site": "same-origin, cross-site", **JSON}, 403),
        # The page of this host itself, but not with what a form can send.
        ({"Origin": HERE, **TEXT}, 415),
        ({"Origin": HERE, **FORM}, 415),
        ({"Origin": HERE}, 415),
        ({"Sec-Fetch-Site": "same-origin", **TEXT}, 415),
        ({"Sec-Fetch-Site": "none", "Content-Type": "multipart/form-data; boundary=x"}, 415),
        ({"Origin": HERE, "Content-Type": "text/plain; application/json"}, 415),
        # The page of this host.
        ({"Origin": HERE, **JSON}, 200),
        ({"Origin": HERE, "Sec-Fetch-Site": "same-origin", **JSON}, 200),
        ({"Origin": HERE, "Content-Type": "application/json; charset=utf-8"}, 200),
        ({"Sec-Fetch-Site": "same-origin", **JSON}, 200),
        # No browser: curl and urllib say what they like.
        (FORM, 200),
        (TEXT, 200),
        ({}, 200),
    ],
)
@pytest.mark.parametrize("is_event", [False, True], ids=["check", "event"])
def test_what_a_web_page_can_send(
    app: App, headers: dict[str, str], status: int, is_event: bool
) -> None:
    """Only this host's own page, and only as JSON: what any page may send without asking is refused,
    before anything happens."""
    target, body = (WEBHOOK, EVENT) if is_event else ("/api/suppressions/check", CHECK)
    got, said = ask(app, {**headers, **(NOTIFICATION if is_event else {})}, target, body)
    assert got == (202 if is_event and status == 200 else status)
    assert bool(said) is (status >= 400)
    assert bool(app.history(PERSON)) is (got == 202)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
def test_reading_across_sites(app: App, method: str) -> None:
    """No method passes, nor the question of a browser whether it may ask."""
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    got = app.host.request(method, "/api/journal", headers=headers)
    assert got.status == 403
    assert "Access-Control-Allow-Origin" not in got.headers


@pytest.mark.parametrize(
    ("method", "target", "headers", "status"),
    [
        ("GET", "/api/console", {}, 200),
        ("GET", "/api/console", {"Sec-Fetch-Dest": "iframe"}, 403),
        ("GET", "/api/console", {"Sec-Fetch-Mode": "no-cors"}, 403),
        ("GET", "/api/console/main.js", {}, 403),
        ("GET", "/api/journal", {}, 403),
        ("POST", "/api/console", JSON, 403),
    ],
)
def test_a_link_to_the_page(
    app: App, method: str, target: str, headers: dict[str, str], status: int
) -> None:
    """A link on another site may open the console, as a page of its own. It opens nothing else."""
    opened = {
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    }
    assert app.host.request(method, target, headers={**opened, **headers}).status == status


@pytest.mark.parametrize(
    "request_head",
    [
        b"POST /api/suppressions/check HTTP/1.0",
        b"POST /api/suppressions/check HTTP/1.1\r\nHost: localhost\r\nHost: rebound.example",
        b"POST http://rebound.example/api/suppressions/check HTTP/1.1\r\nHost: localhost",
        b"POST /api/suppressions/check HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost"
        b"\r\nOrigin: http://evil.example",
    ],
)
def test_what_no_library_sends(app: App, local_port: int, request_head: bytes) -> None:
    """No Host, two, another one in the request's line, two origins."""
    body = b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    assert raw(local_port, request_head + b"\r\n" + body).startswith(b"HTTP/1.1 403 ")


def test_a_request_in_the_body_of_another(app: App, local_port: int) -> None:
    """What a refused page sent as a body is not read as the next request."""
    inner = b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    outer = (
        b"POST /api/suppressions/check HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\n"
        b"Connection: keep-alive\r\nContent-Length: %d\r\n\r\n" % len(inner)
    )
    assert raw(local_port, outer + inner).count(b"HTTP/1.1 ") == 1


OPEN = Guard(frozenset({"contoso-7071.app.example"}))
TUNNEL = Guard(frozenset(), "contoso.tunnels.example", "s3cret")
BOTH = Guard(frozenset({"contoso-7071.app.example"}), "contoso.tunnels.example", "s3cret")
EVENTS = f"{WEBHOOK}&code=s3cret"


def refused(
    by: Guard, headers: Mapping[str, str], target: str = "/api/journal", method: str = "GET"
) -> int | None:
    """The status with which a guard refuses a request."""
    given = {"Host": "localhost:7071", **headers}
    refusal = by.refusal(Request.from_values(target, method=method, headers=given))
    return None if refusal is None else refusal.status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "contoso-7071.app.example"}, None),
        ({"Host": "CONTOSO-7071.app.example:443", "X-Forwarded-For": "192.0.2.1"}, None),
        # Codespaces call themselves localhost, and the origin of the page, too.
        ({"X-Forwarded-Host": "contoso-7071.app.example", "Origin": "http://localhost:80"}, None),
        ({"X-Forwarded-Host": "contoso-7071.app.example", "Origin": "https://localhost:7071"}, None),
        (
            {
                "X-Forwarded-Host": "contoso-7071.app.example",
                "Origin": "https://contoso-7071.app.example",
                "Sec-Fetch-Site": "same-origin",
            },
            None,
        ),
        ({"X-Forwarded-Host": "contoso-7071.app.example", "Origin": "https://evil.example"}, 403),
        ({"X-Forwarded-Host": "contoso-7071.app.example", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"X-Forwarded-Host": "contoso-7071.app.example, evil.example"}, 403),
        ({"Host": "evil.example", "X-Forwarded-Host": "contoso-7071.app.example"}, 403),
        ({"Host": "contoso-7071.app.example", "X-Forwarded-Host": "evil.example"}, 403),
        ({"X-Forwarded-For": "192.0.2.1"}, 403),
        ({"Host": "app.example"}, 403),
        ({"Host": "x.contoso-7071.app.example"}, 403),
    ],
)
def test_a_name_that_is_allowed(headers: dict[str, str], status: int | None) -> None:
    """`--allow-host`: whoever reaches that name may do everything, and other sites still nothing."""
    assert refused(OPEN, headers) == status


# How tunnels tell of themselves: by their own name, or as localhost with a word of it.
THROUGH = [
    {"Host": "contoso.tunnels.example"},
    {"X-Forwarded-Host": "contoso.tunnels.example"},
    {"X-Forwarded-For": "192.0.2.1"},
    # A visitor pretends.
    {"Host": "contoso.tunnels.example", "X-Forwarded-Host": "localhost"},
    {"X-Forwarded-Host": "localhost:7071", "X-Forwarded-For": "127.0.0.1"},
]


@pytest.mark.parametrize("through", THROUGH, ids=str)
@pytest.mark.parametrize("by", [TUNNEL, BOTH], ids=["tunnel", "both"])
@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/api/journal", 403),
        ("GET", "/api/console", 403),
        ("GET", "/api/health", 403),
        ("POST", "/api/suppressions/check?code=s3cret", 403),
        ("POST", "/api/runtime/webhooks/EventGrid?code=s3cret", 403),
        ("POST", WEBHOOK, 401),
        ("POST", f"{WEBHOOK}&code=", 401),
        ("POST", f"{WEBHOOK}&code=s3cre", 401),
        ("POST", f"{WEBHOOK}&code=s%C3%A9cret", 401),
        ("OPTIONS", WEBHOOK, 401),
        ("POST", EVENTS, None),
        ("OPTIONS", EVENTS, None),
        ("GET", "/o/token", None),
        ("POST", "/o/token", None),
        ("GET", "/o", 403),
        ("GET", "/O/../api/journal", 403),
    ],
)
def test_what_everybody_reaches(
    through: dict[str, str], by: Guard, method: str, target: str, status: int | None
) -> None:
    """`--tunnel`: the Event Grid endpoint with the code, the pages of links, and nothing else."""
    assert refused(by, through, target, method) == status


def test_a_tunnel_takes_nothing_from_this_machine() -> None:
    """Beside it localhost answers as before, and Event Grid's endpoint there asks for no code."""
    assert refused(TUNNEL, {}) is None
    assert refused(TUNNEL, {}, WEBHOOK, "POST") is None
    assert refused(BOTH, {"Host": "contoso-7071.app.example"}) is None
    assert refused(TUNNEL, {"Host": "contoso-7071.app.example"}) == 403


def test_a_link_may_be_followed_from_anywhere() -> None:
    """The pages of links are for whoever has one: a form on them posts no JSON."""
    headers = {**THROUGH[0], "Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site", **FORM}
    assert refused(TUNNEL, headers, "/o/token", "POST") is None


@pytest.mark.parametrize(
    "name", ["https://contoso.example", "contoso.example:443", "*", "*.example", "", "a b", "x/y", ".."]
)
def test_a_name_that_is_none(name: str) -> None:
    """What could never match, or would match too much, is refused at the start."""
    with pytest.raises(ConfigurationError, match="is not the name of a host"):
        guard.of([name], None)
    with pytest.raises(ConfigurationError, match="is not the name of a host"):
        guard.of([], name)


def test_serving_behind_a_tunnel(database: Path) -> None:
    """The address that is printed takes events; the code is a new one at each start."""
    codes = []
    for _ in range(2):
        with serving(environment(database), "--tunnel", "Contoso.tunnels.example") as served:
            outside = {"Host": "contoso.tunnels.example", **NOTIFICATION}
            while not (found := re.search(r"//contoso\.tunnels\.example(\S+)", "".join(served.output))):
                time.sleep(0.05)
            target = found[1]
            host = served.app.host
            assert host.request("POST", WEBHOOK, EVENT, outside).status == 401
            assert host.request("POST", target, EVENT, outside).status == 202
            assert host.request("GET", "/api/journal", headers=outside).status == 403
            assert len(served.app.history(PERSON)) == 1
            codes.append(target.partition("code=")[2])
    assert len(codes[0]) >= 32
    assert codes[0] != codes[1]


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({}, []),
        ({"CODESPACE_NAME": "contoso"}, []),
        (
            {"CODESPACE_NAME": "contoso", "GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN": "app.example"},
            ["contoso-7071.app.example"],
        ),
    ],
    ids=["a laptop", "half of it", "a codespace"],
)
def test_the_name_of_a_codespace(
    given: Mapping[str, str], names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It forwards a port under a name that it says itself, which is allowed there."""
    for name in ("CODESPACE_NAME", "GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert list(settings.forwarded_names(7071)) == names

"""`doctor --url`: the deployed app examines itself, with its own settings and its own identity."""

import json
import secrets
import socketserver
import threading
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from optout.cli.main import main
from optout.doctor import deployed, examination, services
from optout.doctor.diagnosis import Diagnosis
from optout.settings import ROOT, Settings
from tests.support.client import App, environment, free_port
from tests.support.front import asking_for_keys
from tests.support.functions_runtime import FunctionsRuntime
from tests.support.identity import managed_identity
from tests.support.payloads import sms_event
from tests.support.topic import LoopbackTopic

PERSON = "+14255550123"
KEY = secrets.token_urlsafe()
# A finding as an app answers it.
WELL = {"condition": "ok", "subject": "store", "says": "it can be read and written", "remedy": ""}
Said = tuple[int, list[str], str]


@pytest.fixture
def key_file(tmp_path: Path) -> str:
    """As keys.py writes it, and somebody's editor."""
    (tmp_path / "doctor.key").write_text(f"{KEY}\n")
    return str(tmp_path / "doctor.key")


def doctor(capsys: pytest.CaptureFixture[str], *arguments: str) -> Said:
    """The exit code, the lines of the findings, and what was complained of."""
    code = main(["doctor", *arguments])
    said = capsys.readouterr()
    return code, said.out.splitlines(), said.err


def test_the_app_says_what_it_would_say_at_home(
    app: App, local_port: int, key_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same lines, with the version in front; the key opens this and nothing else."""
    app.deliver(sms_event("STOP", from_=PERSON))
    capsys.readouterr()
    here = doctor(capsys)
    with asking_for_keys(local_port, {KEY: ("doctor",)}) as port:
        code, lines, complaint = doctor(
            capsys, "--url", f"http://localhost:{port}/", "--key-file", key_file
        )
    assert lines[0].startswith("ok       app: version ")
    assert (code, lines[1:], complaint) == here
    assert PERSON[2:] not in "".join(lines)
    assert app.check("12345", PERSON)["suppressed"] is True


def test_the_local_host_asks_for_no_key(
    app: App, local_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """A loopback address needs no key file."""
    assert doctor(capsys, "--url", f"http://127.0.0.1:{local_port}")[0] == 0


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"OPTOUT_COLOUR": "red"}, "wrong    settings: OPTOUT_COLOUR: there is no such setting"),
        ({"WEBSITE_SITE_NAME": "contoso"}, "wrong    settings: OPTOUT_STORE is an SQLite file"),
        ({"OPTOUT_PROGRAMS": "/nowhere.toml"}, "wrong    program file: "),
    ],
    ids=["an unknown setting", "a laptop's settings", "no program file"],
)
def test_it_answers_where_nothing_else_does(
    changes: Mapping[str, str],
    line: str,
    app: App,
    local_port: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What keeps the service from being built is what there is to say."""
    for name, value in changes.items():
        monkeypatch.setenv(name, value)
    assert app.get("health").status == 503
    code, lines, _ = doctor(capsys, "--url", f"http://localhost:{local_port}")
    assert code == 1
    assert [each for each in lines if each.startswith(line)]


def test_in_microsofts_runtime(tmp_path: Path) -> None:
    """The findings are about the identity and the settings of the app, and contain no secret."""
    nowhere = f"https://127.0.0.1:{free_port()}"
    secret = b64encode(secrets.token_bytes(32)).decode()
    with managed_identity() as identity:
        given = {
            **identity, "OPTOUT_STORE": "tables", "OPTOUT_TABLES_ENDPOINT": nowhere,
            "OPTOUT_ACS_ENDPOINT": nowhere, "OPTOUT_ACS_KEY": secret,
            "OptoutQueue__queueServiceUri": nowhere,
        }  # fmt: skip
        with FunctionsRuntime(ROOT, environment(tmp_path / "unused.db", **given)) as running:
            answer = App(running).post("doctor", b"")
    assert answer.status == 200
    found = {each["subject"]: each for each in answer.json()["findings"]}
    assert (found["settings"]["says"], found["identity"]["condition"]) == ("store tables", "ok")
    assert found["store"]["remedy"] == "Nothing answers there: correct OPTOUT_TABLES_ENDPOINT."
    assert found["ACS"]["condition"] == found["queue"]["condition"] == "wrong"
    assert secret not in answer.body.decode()


def test_what_hangs_and_who_comes_meanwhile(
    app: App,
    topic: LoopbackTopic,
    monkeypatch: pytest.MonkeyPatch,
    end_of_hanging: threading.Event,
) -> None:
    """The services are asked side by side, each for as long as it may take; a second caller is told."""
    monkeypatch.setattr(examination, "LONGEST_SECONDS", 1.5)

    def hang(_: Settings) -> Iterator[Diagnosis]:
        assert end_of_hanging.wait(30)
        yield from ()

    for check in (services.check_store, services.check_acs):
        monkeypatch.setattr(services, check.__name__, hang)
    monkeypatch.setenv("OPTOUT_TOPIC_ENDPOINT", topic.endpoint)
    monkeypatch.setenv("OPTOUT_TOPIC_KEY", topic.key)
    answers = []
    first = threading.Thread(target=lambda: answers.append(app.post("doctor", b"")))
    started = time.monotonic()
    first.start()
    time.sleep(0.5)
    assert app.post("doctor", b"").status == 409
    first.join()
    assert time.monotonic() - started < 2.5
    found = {each["subject"]: each["says"] for each in answers[0].json()["findings"]}
    assert found["store"] == found["ACS"] == "no answer within 1.5 s"
    assert found["topic"] == "it answers, and lets the app in"
    assert app.post("doctor", b"").status == 200


def test_it_ends_before_a_function_must() -> None:
    """The identity, then the services, and something for the program file."""
    host = json.loads((ROOT / "host.json").read_text("utf-8"))
    hours, minutes, seconds = map(int, host["functionTimeout"].split(":"))
    assert 3600 * hours + 60 * minutes + seconds > 2 * examination.LONGEST_SECONDS + 15


@contextmanager
def answering(status: int, body: bytes, headers: Mapping[str, str]) -> Iterator[tuple[str, list[str]]]:
    """A server that answers everything like that; its address, and what was asked of it."""
    asked = []

    class Server(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def answered(*findings: Mapping[str, object], **changes: object) -> bytes:
    """The answer of an app."""
    return json.dumps({"version": "1.2", "findings": findings, **changes}).encode()


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (401, b"", "it refuses the key, or there is none (401). Make a key of the role doctor"),
        (403, b"", "it refuses to be asked (403). See in the portal whether the app is started"),
        (404, b"", "it has no such function (404). Correct --url, deploy this version"),
        (409, b"{}", "it is being examined already (409). Try again in a minute."),
        (500, b"", "its host does not start, or fails (500). See its log"),
        (502, b"", "its host does not start, or fails (502). See its log"),
        (503, b"", "its host does not start, or fails (503). See its log"),
        (504, b"", "its host does not start, or fails (504). See its log"),
        (302, b"", "something else answers there (302). Write the app's own address"),
        (418, b"", "something else answers there (418)."),
        (202, answered(), "something else answers there (202)."),
        (200, b"<html>", "something else answers there (200)."),
        (200, b"[1]", "something else answers there (200)."),
        (200, b'{"version": "1"}', "something else answers there (200)."),
        (200, answered(), "something else answers there (200)."),
        (200, answered(WELL, version=1), "something else answers there (200)."),
        (200, answered(WELL | {"condition": "well"}), "something else answers there (200)."),
        (200, answered({"condition": "ok"}), "something else answers there (200)."),
        (200, answered(WELL | {"says": 200}), "something else answers there (200)."),
        (200, answered(WELL | {"more": ""}), "something else answers there (200)."),
        (200, answered(WELL | {"says": "\ud800"}), "something else answers there (200)."),
        (200, b"[" * 100_000, "something else answers there (200)."),
        (200, answered(WELL) + b" " * 2**20, "something else answers there (200)."),
    ],
)
@pytest.mark.parametrize("elsewhere", ["", "https://[::1"], ids=["a redirect", "a redirect to nowhere"])
def test_answers_that_are_no_findings(
    status: int,
    body: bytes,
    says: str,
    elsewhere: str,
    key_file: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One line with the remedy. Nobody is followed elsewhere with the key."""
    with (
        answering(200, b"{}", {}) as (there, asked_there),
        answering(status, body, {"Location": elsewhere or there}) as (url, asked),
    ):
        code, (line,), complaint = doctor(capsys, "--url", url, "--key-file", key_file)
    assert (code, complaint, asked, asked_there) == (1, "", ["/api/doctor"], [])
    assert line.startswith(f"wrong    app: {says}")


def test_what_an_app_says_is_one_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever answers could otherwise write lines of findings that there are not."""
    forged = "\x1b[2K\r\nok       ACS:\u2028\u202eit answers\x9b1A\x00"
    body = answered(
        WELL, WELL | {"condition": "wrong", "subject": forged, "says": forged, "remedy": forged},
        version=forged,
    )  # fmt: skip
    with answering(200, body, {}) as (url, _):
        code, lines, complaint = doctor(capsys, "--url", url)
    left = "[2K ok ACS: it answers 1A"
    assert (code, complaint) == (1, "")
    assert lines == [
        f"ok       app: version {left} answers",
        "ok       store: it can be read and written",
        f"wrong    {left}: {left}. {left}",
    ]


@contextmanager
def trickling(beginning: bytes, drop: bytes) -> Iterator[str]:
    """The address of a server that begins an answer, and then sends a drop of it every 50 ms."""
    is_over = threading.Event()

    class Trickle(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(beginning)
            while not is_over.wait(0.05):
                self.request.sendall(drop)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Trickle) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            is_over.set()
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("beginning", "drop"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nX-Header: ", b"."),
        (b"HTTP/1.1 200 OK\r\n\r\n", b" "),
    ],
    ids=["before an answer", "in a header", "in the body"],
)
def test_an_answer_that_does_not_end(
    beginning: bytes, drop: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole of it is waited for, not each piece."""
    monkeypatch.setattr(deployed, "_PATIENCE_SECONDS", 0.5)
    began = time.monotonic()
    with trickling(beginning, drop) as url:
        code, (line,), _ = doctor(capsys, "--url", url)
    assert (code, line[:49]) == (1, "wrong    app: no whole answer within 0.5 s. Try a")
    assert time.monotonic() - began < 3


def test_nobody_there(key_file: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The line says what to correct."""
    url = f"http://127.0.0.1:{free_port()}"
    code, (line,), _ = doctor(capsys, "--url", url, "--key-file", key_file)
    assert (code, line[:40]) == (1, "wrong    app: nothing answers there. Cor")


@pytest.mark.parametrize(
    "url",
    [
        "contoso.azurewebsites.net", "http://contoso.azurewebsites.net", "https://",
        "https://contoso.example/api/doctor?code=a-key", "https://a-key@contoso.example",
        "https://contoso.example/api", "http://localhost.contoso.example", "http://127.0.0.1@evil",
        "file:///etc/passwd", "https://contoso.example?code=a-key",
        "https://[::1", "https://[::1]", "https://contoso.example\\.evil", "https://contoso\x00.example",
        "https://contoso.example\n", "https://contoso.example:", "https://contoso.example:a-key",
        "https://contoso.example:0", "https://contoso.example:65536", "http://localhost:99999",
        "http://localhost:\u0661", "https://conto\u017fo.example", "https://contoso..example",
        "https://-contoso.example", "https://" + "a" * 64 + ".example",
    ],
)  # fmt: skip
def test_addresses_that_get_no_key(url: str, key_file: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Not without encryption, not with a key inside; what was written is not repeated."""
    code, lines, complaint = doctor(capsys, "--url", url, "--key-file", key_file)
    assert (code, lines) == (2, [])
    assert complaint.startswith("optout: --url: write https://FUNCTION_APP.azurewebsites.net")
    assert "a-key" not in complaint


@pytest.mark.parametrize("contents", ["", "\n", "two keys", "a\nb", "a\x00b", "clé"])
def test_files_that_have_no_key(
    contents: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Said before anybody is asked, without what was in the file."""
    (tmp_path / "wrong.key").write_text(contents)
    arguments = ("--url", "https://contoso.invalid", "--key-file", str(tmp_path / "wrong.key"))
    code, lines, complaint = doctor(capsys, *arguments)
    assert (code, lines) == (2, [])
    assert complaint.endswith("wrong.key: the file contains one key and nothing else\n")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--url", "https://contoso.invalid", "--key-file", "/nowhere.key"], "/nowhere.key: cannot be"),
        (["--key-file", "doctor.key"], "--key-file is for the app that --url names: add it"),
    ],
)
def test_a_key_that_is_not_there_or_for_nobody(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, and what to change."""
    code, _, said = doctor(capsys, *arguments)
    assert code == 2
    assert complaint in said

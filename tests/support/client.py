"""The app as callers see it: requests and answers, over HTTP or straight into Microsoft's runtime."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Protocol

from optout.settings import ROOT, variables

WEBHOOK = "/runtime/webhooks/EventGrid?functionName=sms_events"
WHO = {"reason": "asked by phone", "actor": "pat@contoso.example"}
NOTIFICATION = {"aeg-event-type": "Notification"}
SECONDS_TO_START = 20


class Answer(Protocol):
    """What every host answers."""

    @property
    def status(self) -> int: ...
    @property
    def body(self) -> bytes: ...
    @property
    def headers(self) -> Message: ...
    def json(self) -> Any: ...


class Host(Protocol):
    """Whatever hosts the app's functions."""

    def request(
        self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer: ...


@dataclass(frozen=True)
class HttpAnswer:
    status: int
    body: bytes
    headers: Message

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class HttpHost:
    """A host on a port of this machine."""

    port: int

    def request(
        self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> HttpAnswer:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, target, body, dict(headers or {}))
            response = connection.getresponse()
            return HttpAnswer(response.status, response.read(), response.headers)
        finally:
            connection.close()


@dataclass(frozen=True)
class App:
    """What tests ask of the app, wherever it is hosted."""

    host: Host

    def get(self, target: str) -> Answer:
        return self.host.request("GET", f"/api/{target}")

    def post(self, target: str, body: object, headers: Mapping[str, str] | None = None) -> Answer:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.host.request("POST", f"/api/{target}", content, headers)

    def deliver(self, *events: str) -> int:
        """Post events as Event Grid does, several in one request; the status."""
        body = f"[{','.join(events)}]".encode()
        return self.host.request("POST", WEBHOOK, body, NOTIFICATION).status

    def check(self, sender: str, recipient: str, **body: object) -> dict[str, Any]:
        asked = {"sender": sender, "recipients": [recipient], **body}
        answer = self.post("suppressions/check", asked)
        assert answer.status == 200, answer.body
        result: dict[str, Any] = answer.json()["results"][0]
        return result

    def change(self, operation: str, recipient: str, **body: object) -> dict[str, Any]:
        """Opt-out or opt-in by hand; what it is about is in the body."""
        answer = self.post(f"suppressions/{operation}", {**WHO, "recipient": recipient, **body})
        assert answer.status == 200, answer.body
        changed: dict[str, Any] = answer.json()
        return changed

    def history(self, recipient: str, limit: int = 1000) -> list[dict[str, Any]]:
        """Everything about a recipient, newest first."""
        answer = self.post("suppressions/history", {"recipient": recipient, "limit": limit})
        assert answer.status == 200, answer.body
        items: list[dict[str, Any]] = answer.json()["items"]
        return items


def environment(database: Path, **changes: str) -> dict[str, str]:
    """The settings of a test, whatever those of the machine are: an empty one counts as not set."""
    unset = dict.fromkeys(variables().values(), "")
    return {**unset, "OPTOUT_STORE": f"sqlite:{database}", **changes}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Served:
    """`python -m optout serve` in a process of its own."""

    def __init__(self, process: "subprocess.Popen[str]", port: int) -> None:
        self.process = process
        self.port = port
        self.app = App(HttpHost(port))
        self.output: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.output.extend(self.process.stdout)

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + SECONDS_TO_START
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                if self.app.get("health").status == 200:
                    return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(f"the app does not serve: {''.join(self.output)}")

    def stop(self) -> None:
        """End it if it still runs, and release what belongs to it."""
        self.process.kill()
        self.process.wait()
        self._reader.join()
        if self.process.stdout is not None:
            self.process.stdout.close()


@contextmanager
def serving(given: Mapping[str, str], *options: str) -> Iterator[Served]:
    """The app, served by a process of its own with these settings."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "optout", "serve", "--port", str(port), *options],
        cwd=ROOT,
        env={**os.environ, **given},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    served = Served(process, port)
    try:
        served.wait_until_ready()
        yield served
    finally:
        served.stop()


def raw(port: int, request: bytes) -> bytes:
    """What the port answers to bytes, until it closes."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        while received := connection.recv(65536):
            answer += received
    return answer

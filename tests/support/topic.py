"""A loopback Event Grid topic: checks the key and the content type, and fails when told to."""

import json
import secrets
import sys
import threading
from collections import deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

CLOUD_EVENTS = "application/cloudevents-batch+json"
REQUIRED = {"id", "source", "specversion", "type"}


class LoopbackTopic:
    """A topic on a port of its own, for the duration of a `with` block."""

    def __init__(self) -> None:
        self.key = secrets.token_urlsafe(32)
        self.events: list[dict[str, Any]] = []
        self.rejected: list[int] = []
        self.requests = 0
        self.closing = threading.Event()
        self.hang_seconds = 30.0
        self._failures: deque[int | str] = deque()
        self._campaign: Callable[[], int | str | None] = lambda: None
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.topic = self
        self._thread = threading.Thread(target=self._server.serve_forever)
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}/api/events"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def fail_next(self, *failures: int | str) -> None:
        """What the next requests end in: an HTTP status, "drop", "hang", or "take and drop"."""
        self._failures.extend(failures)

    def fail_with(self, campaign: Callable[[], int | str | None]) -> None:
        """Once nothing more is scripted, ask `campaign` what the next request ends in."""
        self._campaign = campaign

    def next_failure(self) -> int | str | None:
        return self._failures.popleft() if self._failures else self._campaign()

    def refusal(self, path: str, headers: Any, body: bytes) -> int | None:
        """The status with which a real topic would turn a request down."""
        if headers.get("aeg-sas-key") != self.key:
            return 401
        if not path.startswith("/api/events?api-version="):
            return 404
        if not headers.get("Content-Type", "").startswith(CLOUD_EVENTS):
            return 415
        events = json.loads(body)
        if not isinstance(events, list) or not all(event.keys() >= REQUIRED for event in events):
            return 400
        return None


class _Server(ThreadingHTTPServer):
    topic: LoopbackTopic

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # a client that has timed out or died
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_POST(self) -> None:
        topic = self.server.topic
        topic.requests += 1
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True  # the client died while it was sending
            return
        if refused := topic.refusal(self.path, self.headers, body):
            topic.rejected.append(refused)
            self._answer(refused)
            return
        failure = topic.next_failure()
        if failure is None or failure == "take and drop":
            topic.events += json.loads(body)
        if isinstance(failure, int):
            self._answer(failure)
        elif failure is None:
            self._answer(200)
        else:
            if failure == "hang":
                topic.closing.wait(topic.hang_seconds)
            self.close_connection = True
            self.connection.close()

    def _answer(self, status: int) -> None:
        self.send_response(status)
        if status == 429:
            self.send_header("Retry-After", "20")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass

"""Requests as bytes on the wire: slow ones, and such as no client means well with."""

import socket
import time

import pytest

from optout import local, request_handler
from tests.support.client import App, raw


def test_a_client_that_sends_a_byte_at_a_time(
    app: App, local_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are, everybody else is answered, and each is let go after a while."""
    monkeypatch.setattr(request_handler, "REQUEST_SECONDS", 1.0)
    head = b"POST /api/suppressions/check HTTP/1.1\r\nHost: localhost\r\n"
    slow = [
        socket.create_connection(("127.0.0.1", local_port), timeout=10)
        for _ in range(2 * local.CONCURRENCY)
    ]
    began = time.monotonic()
    for number, connection in enumerate(slow):
        # Half of them in the middle of their headers.
        connection.sendall(head + (b"Content-Length: 99\r\n\r\n" if number % 2 else b""))
    waiting = set(slow)
    while waiting and time.monotonic() < began + 10:
        assert app.host.request("GET", "/api/health").status == 200
        for connection in set(waiting):
            try:
                connection.sendall(b"x")
            except OSError:
                waiting.remove(connection)
        time.sleep(0.1)
    for connection in slow:
        connection.close()
    assert not waiting


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", b"431"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: a\r\n" * 200 + b"\r\n", b"431"),
        (b"GET /api//health HTTP/1.1\r\nHost: localhost\r\n\r\n", b"404"),
        (b"GET /api/console/../health HTTP/1.1\r\nHost: localhost\r\n\r\n", b"404"),
        (b"GET /api/health HTTP/1.1\r\nHost: localhost\r\nX_Forwarded_Host: x\r\n\r\n", b"200"),
        (b"POST /api/reviews HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST /api/reviews HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n", b"400"),
        (
            b"POST /api/suppressions/check HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Length: 99999999999\r\n\r\n",
            b"413",
        ),
        (
            b"POST /api/suppressions/check HTTP/1.1\r\nHost: localhost\r\n"
            b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFF\r\n",
            b"400",
        ),
        (
            b"GET /api/reviews HTTP/1.1\r\nHost: localhost\r\nX-HTTP-Method-Override: POST\r\n"
            b"X-Method-Override: POST\r\nX-HTTP-Method: POST\r\n\r\n",
            b"200",
        ),
    ],
    ids=range(11),
)  # fmt: skip
def test_requests_that_are_not_meant_well(
    app: App, local_port: int, monkeypatch: pytest.MonkeyPatch, request_head: bytes, status: bytes
) -> None:
    """Refused with a status of the caller's, in bounded time, without a word about the inside."""
    monkeypatch.setattr(request_handler, "REQUEST_SECONDS", 1.0)
    answer = raw(local_port, request_head)
    assert answer.partition(b" ")[2][:3] == status
    assert b"Traceback" not in answer

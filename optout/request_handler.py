"""One connection to the local host: its requests are not logged, and no slow client is waited for."""

import io
import socket
import time
from typing import Any

from werkzeug.serving import WSGIRequestHandler

# Within which a client must have sent its request: Event Grid itself waits no longer for an answer.
REQUEST_SECONDS = 30.0


class _InTime(socket.SocketIO):
    """What a client sends, for as long as there is time. Raises TimeoutError."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(connection, "r")
        self._connection = connection
        self._end = time.monotonic() + REQUEST_SECONDS

    def readinto(self, buffer: Any) -> int | None:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        try:
            return super().readinto(buffer)
        finally:
            self._connection.settimeout(REQUEST_SECONDS)


class QuietHandler(WSGIRequestHandler):
    """Logs no requests: addresses may contain a person's number. Waits for no slow client."""

    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        # The time-out that http.server knows begins anew with every byte.
        self.rfile = io.BufferedReader(_InTime(self.connection))

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass

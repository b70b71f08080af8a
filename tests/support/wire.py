"""What happens between the store and the storage: a policy that counts requests and breaks them."""

import re
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from azure.core.exceptions import ServiceRequestError, ServiceResponseError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import HTTPPolicy

Response = PipelineResponse[Any, Any]
Fault = Callable[["Wire", PipelineRequest[Any]], Response]


class Killed(BaseException):
    """The process is gone: nothing catches this."""


class Wire(HTTPPolicy[Any, Any]):
    """Sees every attempt of every request; `faults` says what happens to which of them."""

    def __init__(self, faults: dict[int, Fault] | None = None) -> None:
        self.faults = faults or {}
        self.requests: list[str] = []
        self._lock = threading.Lock()

    def send(self, request: PipelineRequest[Any]) -> Response:
        with self._lock:
            self.requests.append(_description(request))
            number = len(self.requests)
        fault = self.faults.get(number)
        return fault(self, request) if fault else self.pass_on(request)

    def pass_on(self, request: PipelineRequest[Any]) -> Response:
        return self.next.send(request)


def _description(request: PipelineRequest[Any]) -> str:
    """The method and the table: `GET recipients`; of a transaction the table in its body."""
    http = request.http_request
    path = urlsplit(http.url).path
    if path.endswith("$batch"):
        body = http.body if isinstance(http.body, bytes) else str(http.body).encode()
        path = b"".join(re.findall(rb"(?:POST|PUT|PATCH) (\S+)", body)[:1]).decode()
    table = re.search(r"/t[0-9a-f]{12}([a-z]+)|/(Tables)", path)
    return f"{http.method} {table[1] or table[2] if table else path}"


def reset(wire: Wire, request: PipelineRequest[Any]) -> Response:
    """The connection breaks before anything is sent."""
    raise ServiceRequestError("injected: no connection")


def unavailable(wire: Wire, request: PipelineRequest[Any]) -> Response:
    """503, and nothing is done."""
    url = request.http_request.url
    request.http_request.url = url.split("?")[0] + "nowhere"
    response = wire.pass_on(request)
    request.http_request.url = url
    response.http_response.status_code = 503
    return response


def throttled(wire: Wire, request: PipelineRequest[Any]) -> Response:
    """429, and come back in an hour."""
    response = unavailable(wire, request)
    response.http_response.status_code = 429
    response.http_response.headers["Retry-After"] = "3600"
    return response


def done_but_failed(wire: Wire, request: PipelineRequest[Any]) -> Response:
    """500, and it is done all the same."""
    response = wire.pass_on(request)
    response.http_response.status_code = 500
    return response


def done_but_lost(wire: Wire, request: PipelineRequest[Any]) -> Response:
    """It is done, and the answer never comes."""
    wire.pass_on(request)
    raise ServiceResponseError("injected: time-out")


def killed_before(wire: Wire, request: PipelineRequest[Any]) -> Response:
    raise Killed


def killed_after(wire: Wire, request: PipelineRequest[Any]) -> Response:
    wire.pass_on(request)
    raise Killed


READ = "GET recipients"
WRITE = "POST recipients"
SETTLE = "PUT recipients"
INDEX = "POST index"


def requests_of(wire: Wire, action: Callable[[], object]) -> list[str]:
    """The requests that an action makes, attempts included."""
    before = len(wire.requests)
    action()
    return wire.requests[before:]

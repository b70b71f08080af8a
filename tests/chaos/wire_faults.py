"""What goes wrong between the app and Azure Storage, its tables and its queue: each attempt of each
request may fail before it is done, or after."""

import random
import time
from collections.abc import Callable
from typing import Any

from azure.core.exceptions import ServiceRequestError, ServiceResponseError, ServiceResponseTimeoutError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import HTTPPolicy

from tests.chaos.faults import Rates
from tests.chaos.shared import Log

Response = PipelineResponse[Any, Any]
# Short, so that a campaign ends: what the store makes of a time-out does not depend on how long it was.
HANG_SECONDS = 0.1


class WireFaults(HTTPPolicy[Any, Any]):
    """A policy on the wire. 500 and 503 are the storage's own answers with another status."""

    def __init__(self, what: str, rates: Rates, chance: random.Random, log: Log) -> None:
        self._what = what
        self._rate = rates.wire
        self._chance = chance
        self._log = log
        self._faults: dict[str, Callable[[PipelineRequest[Any]], Response]] = {
            "500": lambda request: self._refused(request, 500),
            "503": lambda request: self._refused(request, 503),
            "500 after it was done": lambda request: self._done_but(request, 500),
            "503 after it was done": lambda request: self._done_but(request, 503),
            "connection reset": self._reset,
            "connection reset after it was done": self._reset_after,
            "time-out": self._hang,
            "time-out after it was done": self._hang_after,
        }

    def send(self, request: PipelineRequest[Any]) -> Response:
        if self._chance.random() >= self._rate:
            return self.next.send(request)
        kind = self._chance.choice(list(self._faults))
        self._log.write("fault", kind=f"{self._what}: {kind}")
        return self._faults[kind](request)

    def _refused(self, request: PipelineRequest[Any], status: int) -> Response:
        """A request to nowhere, so that nothing is done."""
        url = request.http_request.url
        request.http_request.url = url.split("?")[0] + "nowhere"
        response = self._done_but(request, status)
        request.http_request.url = url
        return response

    def _done_but(self, request: PipelineRequest[Any], status: int) -> Response:
        response = self.next.send(request)
        response.http_response.status_code = status
        return response

    def _reset(self, request: PipelineRequest[Any]) -> Response:
        raise ServiceRequestError("injected: connection reset")

    def _reset_after(self, request: PipelineRequest[Any]) -> Response:
        self.next.send(request)
        raise ServiceResponseError("injected: connection reset")

    def _hang(self, request: PipelineRequest[Any]) -> Response:
        time.sleep(HANG_SECONDS)
        raise ServiceResponseTimeoutError("injected: time-out")

    def _hang_after(self, request: PipelineRequest[Any]) -> Response:
        self.next.send(request)
        return self._hang(request)

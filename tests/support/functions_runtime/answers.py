"""What the host answers to an HTTP request."""

import json
from dataclasses import dataclass, field
from http.client import HTTPMessage
from typing import Any

from .process import protos


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer of the host."""

    status: int
    body: bytes = b""
    headers: HTTPMessage = field(default_factory=HTTPMessage)
    """A mapping that ignores case."""
    error: str | None = None
    """What went wrong in the function or the host: in Azure, this shows only in the logs."""

    def json(self) -> Any:
        return json.loads(self.body)


def failure(response: Any) -> str | None:
    """The exception that a response carries, or None if it is a success."""
    if response.result.status == protos.StatusResult.Success:
        return None
    exception = response.result.exception
    return f"{exception.message}\n{exception.stack_trace}"


def http_answer(response: Any) -> Answer:
    """The HTTP answer that an invocation's response stands for."""
    error = failure(response)
    if error is not None:
        return Answer(500, error=error)
    if response.return_value.WhichOneof("data") == "string":
        return Answer(200, response.return_value.string.encode())
    http = response.return_value.http
    headers = HTTPMessage()
    for name, value in http.headers.items():
        headers[name] = value
    return Answer(int(http.status_code), http.body.bytes, headers)

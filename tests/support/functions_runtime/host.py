"""The stub Functions host, with a synchronous face for tests."""

import json
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.client import HTTPMessage
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

from .answers import Answer, failure, http_answer
from .process import LogRecord, WorkerError, WorkerProcess, protos
from .routing import Route, find_route, parse_query

ADDRESS = "http://localhost:7071"
EVENT_GRID_WEBHOOK = "/runtime/webhooks/EventGrid"


class FunctionsRuntime:
    """Runs a function app in Microsoft's Python runtime, in a process of its own.

    Use it in a `with` statement. Its methods may be called from several threads. They raise
    WorkerError if the worker is dead, dies, or takes too long.
    """

    def __init__(
        self,
        app_directory: str | Path,
        environment: Mapping[str, str] | None = None,
        python: str = sys.executable,
        startup_timeout: float = 30,
        invocation_timeout: float = 60,
    ) -> None:
        self.functions: dict[str, list[dict[str, Any]]] = {}
        """The bindings of each function, by its name."""
        self._app_directory = Path(app_directory).resolve()
        self._environment = dict(environment or {})
        self._python = python
        self._startup_timeout = startup_timeout
        self._invocation_timeout = invocation_timeout
        self._function_ids: dict[str, str] = {}
        self._routes: list[Route] = []
        self._worker = WorkerProcess()

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._worker.stop()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self._worker.stop()

    @property
    def logs(self) -> list[LogRecord]:
        """All log records so far; an invocation's own are there when it has been answered."""
        return self._worker.logs

    def kill(self) -> None:
        """Kill the worker with SIGKILL. From here on, requests raise WorkerError."""
        self._worker.kill()

    def request(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send an HTTP request to the host; target is a path, with a query if there is one."""
        path, _, query = target.partition("?")
        # The host passes header names on in lower case.
        lower_headers = {name.lower(): value for name, value in (headers or {}).items()}
        if path.rstrip("/").lower() == EVENT_GRID_WEBHOOK.lower():
            return self._event_grid(method, parse_query(query), body, lower_headers)
        return self._http(method, target, body, lower_headers)

    def deliver(
        self,
        function_name: str,
        events: Sequence[Mapping[str, Any]] | Mapping[str, Any] | bytes,
        event_type: str | None = "Notification",
    ) -> Answer:
        """Post events to the Event Grid webhook of a function."""
        body = events if isinstance(events, bytes) else json.dumps(events).encode()
        headers = {} if event_type is None else {"aeg-event-type": event_type}
        target = f"{EVENT_GRID_WEBHOOK}?{urlencode({'functionName': function_name})}"
        return self.request("POST", target, body, headers)

    def hand_message(self, function_name: str, text: str, dequeue_count: int = 1) -> str | None:
        """Invoke a queue function with the text of a message, as often given out as it says. What went
        wrong, or None: then the host deletes the message."""
        trigger = self._trigger(function_name, "queueTrigger")
        if trigger is None:
            raise ValueError(f"There is no queue function {function_name!r}.")
        data = protos.TypedData(string=text)
        metadata = message_metadata(text, dequeue_count)
        response = self._invoke(function_name, trigger["name"], data, metadata)
        return failure(self._result(function_name, response))

    def _start(self) -> None:
        deadline = time.monotonic() + self._startup_timeout
        self._worker.start(self._python, self._app_directory, self._environment, self._startup_timeout)
        directory = str(self._app_directory)
        self._ask(
            deadline,
            worker_init_request=protos.WorkerInitRequest(function_app_directory=directory),
        )
        metadata = self._ask(
            deadline,
            functions_metadata_request=protos.FunctionsMetadataRequest(
                function_app_directory=directory
            ),
        )
        if not metadata.function_metadata_results:
            raise WorkerError(f"The runtime found no functions in {directory}.")
        for function in metadata.function_metadata_results:
            self._load(function, deadline)

    def _load(self, function: Any, deadline: float) -> None:
        self._ask(
            deadline,
            function_load_request=protos.FunctionLoadRequest(
                function_id=function.function_id, metadata=function
            ),
        )
        self._function_ids[function.name] = function.function_id
        self.functions[function.name] = [json.loads(raw) for raw in function.raw_bindings]
        trigger = self._trigger(function.name, "httpTrigger")
        if trigger is not None:
            self._routes.append(Route.from_binding(function.name, trigger, self._prefix()))

    def _prefix(self) -> str:
        """What host.json says; by default `api`."""
        file = self._app_directory / "host.json"
        configured = json.loads(file.read_text("utf-8")) if file.exists() else {}
        return str(configured.get("extensions", {}).get("http", {}).get("routePrefix", "api"))

    def _ask(self, deadline: float, **content: Any) -> Any:
        """Make one of the requests of the start-up, which must succeed."""
        [kind] = content
        remaining = max(0.0, deadline - time.monotonic())
        late = f"The app took more than {self._startup_timeout:g} s to start, up to {kind}."
        response = self._worker.wait(self._worker.send(**content), remaining, late)
        error = failure(response)
        if error is not None:
            raise WorkerError(f"The runtime failed at {kind}: {error}")
        return response

    def _trigger(self, function_name: str, kind: str) -> dict[str, Any] | None:
        for binding in self.functions.get(function_name, []):
            if binding["type"].lower() == kind.lower():
                return binding
        return None

    def _invoke(
        self,
        function_name: str,
        binding_name: str,
        data: Any,
        metadata: Mapping[str, Any] | None = None,
    ) -> Future[Any]:
        invocation = protos.InvocationRequest(
            invocation_id=str(uuid.uuid4()),
            function_id=self._function_ids[function_name],
            input_data=[protos.ParameterBinding(name=binding_name, data=data)],
            trigger_metadata=metadata,
        )
        return self._worker.send(invocation_request=invocation)

    def _result(self, function_name: str, response: Future[Any]) -> Any:
        late = f"{function_name!r} took more than {self._invocation_timeout:g} s."
        return self._worker.wait(response, self._invocation_timeout, late)

    def _http(self, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        path, _, query = target.partition("?")
        found = find_route(self._routes, method, path)
        if found is None:
            return Answer(404)
        route, parameters = found
        request = protos.RpcHttp(
            method=method.upper(),
            url=ADDRESS + target,
            headers=headers,
            params=parameters,
            query=parse_query(query),
            body=protos.TypedData(bytes=body) if body else None,
        )
        data = protos.TypedData(http=request)
        response = self._invoke(route.function_name, route.binding_name, data)
        return http_answer(self._result(route.function_name, response))

    def _event_grid(
        self, method: str, query: Mapping[str, str], body: bytes, headers: Mapping[str, str]
    ) -> Answer:
        function_name = query.get("functionName", "")
        trigger = self._trigger(function_name, "eventGridTrigger")
        if trigger is None:
            return Answer(404, f"cannot find function: '{function_name}'".encode())
        if method.upper() == "OPTIONS":
            return allow_origin(headers.get("webhook-request-origin", ""))
        match headers.get("aeg-event-type", "").lower():
            case "subscriptionvalidation":
                return validate_subscription(body)
            case "notification":
                return self._notify(function_name, trigger["name"], body)
            case "unsubscribe":
                return Answer(202)
            case _:
                return Answer(400)

    def _notify(self, function_name: str, binding_name: str, body: bytes) -> Answer:
        """Invoke the function once for each event, all at the same time."""
        try:
            content = json.loads(body)
        except ValueError as error:
            return Answer(500, error=f"The body is not JSON: {error}")
        if not isinstance(content, list | dict):
            return Answer(500, error="The body is neither a JSON array nor an object.")
        events = content if isinstance(content, list) else [content]
        responses = [
            self._invoke(function_name, binding_name, protos.TypedData(json=json.dumps(event)))
            for event in events
        ]
        errors = [failure(self._result(function_name, response)) for response in responses]
        failed = [error for error in errors if error is not None]
        if failed:
            text = f"Exception while executing function: Functions.{function_name}"
            return Answer(500, text.encode(), error="\n".join(failed))
        return Answer(202)


def message_metadata(text: str, dequeue_count: int) -> dict[str, Any]:
    """What the host says of a message that never expires, beside its text. The names in a message that
    is a JSON object come with it, as the host adds them."""
    now = datetime.now(UTC).replace(microsecond=0)
    said: dict[str, Any] = {
        "QueueTrigger": text,
        "Id": str(uuid.uuid4()),
        "PopReceipt": "AgAAAAMAAAAAAAAA",
        "DequeueCount": dequeue_count,
        "InsertionTime": now,
        "NextVisibleTime": now + timedelta(minutes=10),
        "ExpirationTime": datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    }
    with suppress(ValueError, TypeError, AttributeError):
        said |= {name: value for name, value in json.loads(text).items() if value is not None}
    return {name: typed_data(value) for name, value in said.items()}


def typed_data(value: object) -> Any:
    """A value as the host hands it over: text as it is, anything else as JSON."""
    if isinstance(value, str):
        return protos.TypedData(string=value)
    return protos.TypedData(json=json.dumps(value, default=datetime.isoformat))


def allow_origin(origin: str) -> Answer:
    """The handshake of CloudEvents."""
    headers = HTTPMessage()
    headers["Webhook-Allowed-Origin"] = origin
    return Answer(200, headers=headers)


def validate_subscription(body: bytes) -> Answer:
    """Give Event Grid its code back, by which it knows that the endpoint wants its events."""
    try:
        content = json.loads(body)
        data = content[0]["data"] if isinstance(content, list) else content["data"]
        # A CloudEvent carries its data as JSON within JSON.
        code = (json.loads(data) if isinstance(data, str) else data)["validationCode"]
    except (ValueError, LookupError, TypeError) as error:
        return Answer(500, error=f"The body has no validation code: {error!r}")
    return Answer(200, json.dumps({"validationResponse": code}).encode())

"""Serves function_app's own functions over HTTP on a laptop where Core Tools are not installed.

The URLs, the port and the Event Grid endpoint's behaviour are those of `func start`: validation and
CloudEvents handshakes, one invocation for each event of an array, 202 only if all succeed. A
queue that is configured is polled, too. Loopback only, and behind a guard (guard.py). What the
functions do is theirs; this module knows triggers, not messages.
"""

import errno
import json
import signal
import socket
import sys
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import azure.functions as func
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import Map, Rule
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wrappers import Request, Response

from optout import __version__, log, service
from optout.azure.queue import NotQueued, StorageQueue
from optout.domain.errors import ConfigurationError
from optout.guard import CONSOLE, EVENT_GRID, Guard, Refusal, is_event_grid
from optout.http import exchange
from optout.request_handler import QuietHandler
from optout.settings import Settings

HOST = "127.0.0.1"
DEFAULT_PORT = 7071
CONCURRENCY = 32
POLL_SECONDS = 1.0
BODY_LIMIT = 16 * 1024 * 1024


class LocalHost:
    """A WSGI application that invokes the functions of a FunctionApp, for whom its guard lets in."""

    def __init__(self, app: func.FunctionApp, guard: Guard | None = None) -> None:
        self.guard = guard or Guard()
        self._event_functions: dict[str, Any] = {}
        self._http_functions: dict[str, Any] = {}
        self._queue_functions: dict[str, Any] = {}
        routes = []
        for function in app.get_functions():
            name = str(function.get_function_name())
            binding = function.get_trigger().get_dict_repr()  # type: ignore[union-attr]
            if binding["type"] == "eventGridTrigger":
                self._event_functions[name] = function.get_user_function()
            elif binding["type"] == "queueTrigger":
                self._queue_functions[name] = function.get_user_function()
            elif binding["type"] == "httpTrigger":
                self._http_functions[name] = function.get_user_function()
                route = _werkzeug_route(binding.get("route") or name)
                methods = [str(method) for method in binding.get("methods", ())] or None
                routes.append(Rule(route, endpoint=name, methods=methods))
        self._routes = Map(routes, strict_slashes=False, merge_slashes=False)
        # Like the Functions worker's own. The store keeps a connection for each of its threads.
        self._pool = ThreadPoolExecutor(CONCURRENCY, thread_name_prefix="function")

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        request.max_content_length = BODY_LIMIT
        try:
            response = self._respond(request)
        except HTTPException as problem:
            response = Response(status=problem.code or 500)
        for name, value in exchange.ON_EVERY_ANSWER.items():
            response.headers.setdefault(name, value)
        return response(environ, start_response)

    def poll(self, queue: StorageQueue, is_over: threading.Event) -> None:
        """Give what comes through the queue to its function, until it is over."""
        (function,) = self._queue_functions.values()

        def handle(text: str) -> None:
            try:
                self._pool.submit(function, func.QueueMessage(body=text)).result()
            except Exception as problem:
                log.error("function_failed", function="finish_pending", problem=str(problem))
                raise

        while not is_over.is_set():
            try:
                came = queue.work_off(handle)
            except NotQueued as problem:
                came = 0
                log.warning("queue_away", problem=str(problem))
            if not came:
                is_over.wait(POLL_SECONDS)

    def routes(self) -> Iterator[str]:
        """The address of every function, for people to see; those for events come first."""
        for name in self._event_functions:
            yield f"{EVENT_GRID}?functionName={name}"
        for rule in self._routes.iter_rules():
            yield rule.rule.replace("<", "{").replace(">", "}")

    def close(self) -> None:
        """Wait for the invocations that have begun."""
        self._pool.shutdown()

    def _respond(self, request: Request) -> Response:
        refusal = self.guard.refusal(request)
        if refusal is not None:
            return _refused(refusal)
        if is_event_grid(request.path):
            return self._event_grid(request)
        return self._http(request)

    def _http(self, request: Request) -> Response:
        if request.path == "/" and request.method == "GET":
            return Response(status=302, headers={"Location": CONSOLE})
        try:
            name, parameters = self._routes.bind(HOST).match(request.path, request.method)
        except (NotFound, MethodNotAllowed):
            # The Functions host answers 404 for both.
            return Response(status=404)
        function_request = func.HttpRequest(
            method=request.method,
            url=request.url,
            headers=dict(request.headers),
            params=_query(request),
            route_params=parameters,
            body=request.get_data(),
        )
        try:
            answer = self._pool.submit(self._http_functions[name], function_request).result()
        except Exception:
            log.exception("function_failed", function=name)
            return Response(status=500)
        text = f"; charset={answer.charset}" if answer.mimetype.startswith("text/") else ""
        return Response(
            answer.get_body(),
            status=answer.status_code,
            headers=list(answer.headers.items()),
            content_type=answer.mimetype + text,
        )

    def _event_grid(self, request: Request) -> Response:
        """As documented for the Event Grid trigger's webhook."""
        name = request.args.get("functionName", "")
        function = self._event_functions.get(name)
        if function is None:
            return Response(f"cannot find function: '{name}'", status=404)
        if request.method == "OPTIONS":
            origin = request.headers.get("WebHook-Request-Origin", "eventgrid.azure.net")
            return Response(headers={"WebHook-Allowed-Origin": origin})
        kind = request.headers.get("aeg-event-type", "").lower()
        if kind == "unsubscribe":
            return Response(status=202)
        if kind not in ("subscriptionvalidation", "notification"):
            return Response(
                "header aeg-event-type: write Notification or SubscriptionValidation", status=400
            )
        try:
            events = json.loads(request.get_data())
            events = events if isinstance(events, list) else [events]
            texts = [json.dumps(event) for event in events]
        except (ValueError, RecursionError):
            return Response("the body is not JSON", status=400)
        if kind == "subscriptionvalidation":
            return _validation(events)
        return self._notification(name, function, texts)

    def _notification(self, name: str, function: Any, events: list[str]) -> Response:
        """One invocation for each event; a single failure fails the whole request."""
        invocations = [self._pool.submit(function, event) for event in events]
        failures = [problem for each in invocations if (problem := each.exception()) is not None]
        for problem in failures:
            log.error("function_failed", function=name, problem=str(problem))
        if failures:
            return Response(f"Exception while executing function: Functions.{name}", status=500)
        return Response(status=202)


def _refused(refusal: Refusal) -> Response:
    body = json.dumps(exchange.problem(refusal.status, refusal.detail))
    return Response(body, refusal.status, content_type=exchange.PROBLEM)


def _query(request: Request) -> dict[str, str]:
    """The query as the Functions host passes it on: repeated values joined, empty ones left out."""
    joined = {name: ",".join(values) for name, values in request.args.lists()}
    return {name: value for name, value in joined.items() if value}


def _werkzeug_route(route: str) -> str:
    # host.json: no prefix.
    return "/" + route.replace("{", "<").replace("}", ">")


def _validation(events: list[Any]) -> Response:
    try:
        data = events[0]["data"]
        data = json.loads(data) if isinstance(data, str) else data
        code = data["validationCode"]
    except (LookupError, TypeError, ValueError, RecursionError):
        return Response("no data.validationCode in the event", status=400)
    return Response(json.dumps({"validationResponse": code}), content_type="application/json")


def server(host: LocalHost, port: int) -> BaseWSGIServer:
    """A server on loopback that is ready to serve. Raises ConfigurationError for a port that it
    cannot have."""
    # Bound here, because werkzeug answers a port in use by ending the process.
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, port))
            listening.listen()
        except (OSError, OverflowError) as problem:
            raise ConfigurationError(_port_problem(port, problem)) from None
        return make_server(
            HOST, port, host, threaded=True, request_handler=QuietHandler, fd=listening.fileno()
        )


def _port_problem(port: int, problem: Exception) -> str:
    if isinstance(problem, OSError) and problem.errno == errno.EADDRINUSE:
        return f"port {port} is in use. Stop what uses it, or choose another: {_on_port(port + 1)}"
    return f"cannot listen on port {port} ({problem}). Choose another: {_on_port(7072)}"


def _on_port(port: int) -> str:
    return f"`optout serve --port {port}` or `PORT={port} make run`"


def serve(app: func.FunctionApp, port: int, guard: Guard, command: str) -> None:
    """Serve until interrupted. `command` is how the command line is called here. Raises
    ConfigurationError before it serves anything."""
    running = service.current()
    host = LocalHost(app, guard)
    listening = server(host, port)
    is_over = threading.Event()
    queue = running.recorder.queue
    if isinstance(queue, StorageQueue):
        threading.Thread(target=host.poll, args=(queue, is_over), daemon=True).start()
    # Before the banner, which says that Ctrl-C stops it; service managers send SIGTERM.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        print(banner(host, listening.port, running.settings, command), flush=True)
        listening.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        print("stopping", file=sys.stderr)
        is_over.set()
        listening.server_close()
        host.close()
        service.shutdown()


_TUNNEL = """
Subscribe this address as a web hook. Through the tunnel only it and the pages of links answer, and the
next start has another code:

  {address}?functionName=sms_events&code={code}
"""


def banner(host: LocalHost, port: int, settings: Settings, command: str = "optout") -> str:
    """The banner: what is served, with which settings, and what to try next; it fits a screen.
    `command` is how the command line is called here."""
    base = f"http://localhost:{port}"
    answers = "sent through ACS" if settings.answers_through_acs else "printed here"
    whose = "\nprograms: Contoso's example, as no programs.toml is here"
    elsewhere = "" if port == DEFAULT_PORT else f" --url {base}"
    tunnel = host.guard.tunnel and _TUNNEL.format(
        address=f"https://{host.guard.tunnel}{EVENT_GRID}", code=host.guard.code
    )
    return f"""optout {__version__}, store {settings.store}, replies are {answers}\
{whose if settings.has_sample_programs else ""}

Open {base} to text your senders from a phone, and to see
what happens. Or try it in another terminal:

  {command} text 12345 STOP{elsewhere}
  {command} status +14255550123
  {command} history +14255550123
  {command} check 12345 +14255550123

{base}/api/openapi.json has every address. Events go to
{base}{next(host.routes())}
{tunnel or ""}
Ctrl-C stops it."""

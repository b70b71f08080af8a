"""The part of Azure's front that asks for keys, before a host on a port of this machine."""

import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from optout.http import table
from tests.support.client import HttpHost
from tests.support.functions_runtime.routing import Route, find_route

TAKEN = ("Idempotency-Key",)
PASSED_ON = ("Content-Type", "ETag", "Cache-Control", "Content-Security-Policy")
FUNCTIONS = {function.name: function for function in table.functions()}
ROUTES = [
    Route.from_binding(name, {"name": "req", "route": function.route})
    for name, function in FUNCTIONS.items()
]


def is_open(method: str, target: str, opened: Collection[str]) -> bool:
    """Whether a request is for a function that wants no key, or that a key opens; what is for no
    function at all is the host's own to refuse."""
    found = find_route(ROUTES, method, target.partition("?")[0])
    return (
        found is None
        or not FUNCTIONS[found[0].function_name].roles
        or (found[0].function_name in opened)
    )


@contextmanager
def asking_for_keys(port: int, keys: Mapping[str, Collection[str]]) -> Iterator[int]:
    """The port of a front that lets through what is anonymous, and the functions that a key opens."""

    class Front(BaseHTTPRequestHandler):
        disable_nagle_algorithm = True

        def log_message(self, *_: object) -> None:
            pass

        def _pass_on(self) -> None:
            opened = keys.get(self.headers.get("x-functions-key", ""), ())
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if not is_open(self.command, self.path, opened):
                self.send_response(401)
                self.end_headers()
                return
            given = {name: self.headers[name] for name in TAKEN if name in self.headers}
            answer = HttpHost(port).request(self.command, self.path, body, given)
            self.send_response(answer.status)
            for name in PASSED_ON:
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            with suppress(ConnectionError):  # a page that was closed meanwhile
                self.end_headers()
                self.wfile.write(answer.body)

        do_GET = do_POST = do_PUT = _pass_on

    server = ThreadingHTTPServer(("127.0.0.1", 0), Front)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

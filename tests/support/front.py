"""The part of Azure's front that asks for keys, before a host on a port of this machine."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.support.client import HttpHost

ANONYMOUS = ("/api/console", "/api/health", "/api/openapi.json")
PASSED_ON = ("Content-Type", "ETag", "Cache-Control", "Content-Security-Policy")


@contextmanager
def asking_for_keys(port: int, keys: Mapping[str, tuple[str, ...]]) -> Iterator[int]:
    """The port of a front that lets through what is anonymous, and what a key opens: the paths that
    begin as its entry says."""

    class Front(BaseHTTPRequestHandler):
        disable_nagle_algorithm = True

        def log_message(self, *_: object) -> None:
            pass

        def _pass_on(self) -> None:
            opened = keys.get(self.headers.get("x-functions-key", ""), ())
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if not self.path.startswith((*ANONYMOUS, *opened)):
                self.send_response(401)
                self.end_headers()
                return
            answer = HttpHost(port).request(self.command, self.path, body)
            self.send_response(answer.status)
            for name in PASSED_ON:
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = _pass_on

    server = ThreadingHTTPServer(("127.0.0.1", 0), Front)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

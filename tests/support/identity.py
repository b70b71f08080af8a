"""The managed identity of a function app, on this machine."""

import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer


class _TokenEndpoint(BaseHTTPRequestHandler):
    """As far as the SDK asks it."""

    def do_GET(self) -> None:
        token = {
            "access_token": secrets.token_urlsafe(), "token_type": "Bearer",
            "expires_on": str(int(time.time()) + 3600), "resource": "https://storage.azure.com",
        }  # fmt: skip
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(token).encode())

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def managed_identity() -> Iterator[Mapping[str, str]]:
    """What the environment says of it, while it gives out tokens."""
    with HTTPServer(("127.0.0.1", 0), _TokenEndpoint) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield {
                "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
                "IDENTITY_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
                "IDENTITY_HEADER": "a header",
            }
        finally:
            server.shutdown()
            thread.join()

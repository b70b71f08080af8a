"""What every answer says to browsers and proxies, whatever it is an answer to."""

import json

import pytest

from tests.support.client import WEBHOOK, App

CHECK = json.dumps({"sender": "12345", "recipients": ["+14255550123"]}).encode()


@pytest.mark.parametrize(
    ("method", "target", "body", "status"),
    [
        ("GET", "/api/health", b"", 200),
        ("GET", "/api/openapi.json", b"", 200),
        ("POST", "/api/suppressions/check", CHECK, 200),
        ("POST", "/api/suppressions/check", b"{", 400),
        ("POST", "/api/suppressions/check", b" " * (1024 * 1024 + 1), 413),
        ("GET", "/api/suppressions?list=nobody", b"", 404),
        ("GET", "/api/suppressions/check", b"", 405),
        ("GET", "/api/console/none.js", b"", 404),
        ("GET", "/api/none", b"", 404),
        ("POST", WEBHOOK, b"[]", 400),
        ("POST", WEBHOOK.replace("sms_events", "<script>"), b"[]", 404),
    ],
)
def test_nobody_keeps_or_guesses(app: App, method: str, target: str, body: bytes, status: int) -> None:
    """No cache keeps an answer, which may name people, and no browser takes it for what it is not."""
    answer = app.host.request(method, target, body)
    assert answer.status == status
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("target", ["console", "console/main.js"])
def test_the_page_is_asked_about_each_time(app: App, target: str) -> None:
    """It names nobody: a browser may keep it, and asks whether it is still the same."""
    headers = app.get(target).headers
    assert headers.get_all("Cache-Control") == ["no-cache"]
    assert headers.get_all("X-Content-Type-Options") == ["nosniff"]

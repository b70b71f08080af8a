"""The OpenAPI document, held against the running app: what it says is so, and nothing else happens."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from optout import settings
from optout.operations.reply_delivery import REPLY_TAG
from tests.support.client import App, environment, serving
from tests.support.payloads import report_event, sms_event

DOCUMENT = json.loads((settings.ROOT / "optout/http/openapi.json").read_text("utf-8"))
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)


def test_the_app_keeps_to_the_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Schemathesis asks what the document allows and what it does not: no surprise, no 500."""
    # Keys are the platform's business: the local host asks for none.
    document = {name: part for name, part in DOCUMENT.items() if name != "security"}
    (tmp_path / "openapi.json").write_text(json.dumps(document), "utf-8")
    with serving(environment(tmp_path / "optout.db")) as served:
        seed(served.app)
        done = subprocess.run(
            [
                str(Path(sys.executable).with_name("schemathesis")), "run",
                "openapi.json", f"--url=http://127.0.0.1:{served.port}/api",
                f"--checks={','.join(CHECKS)}", "--max-examples=60", "--no-color",
                "--generation-database=none", "--seed=1",
            ],
            capture_output=True,
            text=True,
            cwd=tmp_path,
        )  # fmt: skip
    summary = done.stdout[done.stdout.find("SUMMARY") :]
    with capsys.disabled():
        print("\nschemathesis:", re.sub(r"\s*\n\s*", " · ", summary.strip(" =\n"))[:400])
    assert done.returncode == 0, done.stdout[-8000:]


def seed(app: App) -> None:
    """Something of each kind for the answers to hold, at the numbers and ids of the examples."""
    stop = sms_event("STOP", at=datetime.now(UTC) - timedelta(minutes=1))
    assert (
        app.deliver(stop, sms_event("STOP", to="+18335550100"), sms_event("STOP ALL", to="78787"))
        == 202
    )
    tag = REPLY_TAG + app.history("+14255550123")[-1]["id"]
    assert app.deliver(report_event("No error.", status="Delivered", from_="12345", tag=tag)) == 202
    # The example of a replay names the event that this becomes.
    assert app.deliver(report_event("4007"), "5") == 202


def routes() -> set[str]:
    """The routes that function_app declares, in the document's form."""
    source = (settings.ROOT / "function_app.py").read_text("utf-8")
    return {f"/{route}" for route in re.findall(r'@app\.route\("([^"]+)"', source)}


def test_every_route_is_in_the_document() -> None:
    """No operation without a description, no description without an operation."""
    assert set(DOCUMENT["paths"]) == routes()


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """A part of the document, or what it refers to."""
    while "$ref" in part:
        found: Any = DOCUMENT
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return part


def test_every_operation_and_error_has_an_example() -> None:
    """A reader sees what goes in and what comes out, also when something is wrong."""
    for path, item in DOCUMENT["paths"].items():
        for operation in item.values():
            bodies = [resolved(answer) for answer in operation["responses"].values()]
            bodies += [operation["requestBody"]] if "requestBody" in operation else []
            for body in bodies:
                for content in body.get("content", {}).values():
                    assert "example" in content or "examples" in content, path
            assert "summary" in operation

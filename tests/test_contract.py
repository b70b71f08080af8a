"""The OpenAPI document, held against the running app: what it says is so, and nothing else happens."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from optout.http import exchange, table
from optout.http.operation import Operation
from optout.http.table import description
from optout.operations.reply_delivery import REPLY_TAG
from tests.support.client import App, environment, serving
from tests.support.payloads import report_event, sms_event

DOCUMENT = description()
# For each operation and phase.
EXAMPLES = 60 if os.environ.get("CHAOS_LONG") else 25
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)


def test_the_app_keeps_to_the_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Schemathesis asks what the document allows and what it does not: no surprise, no 500."""
    (tmp_path / "openapi.json").write_text(json.dumps(without_keys(strict(DOCUMENT))), "utf-8")
    with serving(environment(tmp_path / "optout.db")) as served:
        seed(served.app)
        done = subprocess.run(
            [
                str(Path(sys.executable).with_name("schemathesis")), "run",
                "openapi.json", f"--url=http://127.0.0.1:{served.port}",
                f"--checks={','.join(CHECKS)}", f"--max-examples={EXAMPLES}", "--no-color",
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


def strict(document: dict[str, Any]) -> dict[str, Any]:
    """The document as it holds for the app of today: no answer has a field that it does not name."""
    components = document["components"]
    schemas = {
        name: {**schema, "additionalProperties": False} if "properties" in schema else schema
        for name, schema in components["schemas"].items()
    }
    return {**document, "components": {**components, "schemas": schemas}}


def without_keys(document: dict[str, Any]) -> dict[str, Any]:
    """The document of the local host, which asks for no key: they are the platform's business."""
    paths = {
        path: {method: {**operation, "security": []} for method, operation in item.items()}
        for path, item in document["paths"].items()
    }
    return {**document, "paths": paths}


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


def test_every_function_is_in_the_description() -> None:
    """No operation without a description, no description without an operation."""
    assert set(DOCUMENT["paths"]) == {f"/{function.route}" for function in table.functions()}


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


def test_an_operation_names_the_roles_that_may_call_it() -> None:
    """In OpenAPI's own words: the alternatives, each with the role whose key opens it."""
    paths = DOCUMENT["paths"]
    roles = {"functionKey": ["support"]}, {"functionKey": ["lists"]}
    assert paths["/api/suppressions"]["get"]["security"] == list(roles)
    assert paths["/api/health"]["get"]["security"] == []


def test_schemas_have_names_for_people() -> None:
    """Two shapes of one name would get the path of their module, and so would generated classes."""
    assert [name for name in DOCUMENT["components"]["schemas"] if "__" in name] == []


def references(part: Any) -> set[str]:
    """Every reference in a part of the document."""
    if isinstance(part, list):
        return set().union(*map(references, part))
    if not isinstance(part, dict):
        return set()
    own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
    return own.union(*map(references, part.values()))


def test_every_reference_leads_somewhere() -> None:
    """And every component is referred to."""
    there = {
        f"#/components/{kind}/{name}"
        for kind in ("responses", "schemas")
        for name in DOCUMENT["components"][kind]
    }
    assert references(DOCUMENT) == there


@pytest.mark.parametrize("operation", table.OPERATIONS, ids=lambda each: each.name)
def test_the_examples_are_what_they_show(operation: Operation) -> None:
    """Each is a body that is taken, or an answer of its shape."""
    if operation.body:
        assert operation.asked
        for body in operation.asked.values():
            exchange.validate_as(operation.body, body, strict=True)
    TypeAdapter(operation.answer).validate_python(operation.answered)


def test_an_answer_with_another_field_is_refused() -> None:
    """A shape says all that there is: the contract would not notice a field that it allows."""
    for operation in table.OPERATIONS:
        if operation.name != "openapi":
            with pytest.raises(ValidationError, match="other"):
                TypeAdapter(operation.answer).validate_python({**operation.answered, "other": 1})

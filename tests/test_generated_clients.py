"""Clients that others generate from the OpenAPI document: made without a warning, and they work."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from optout.http import table
from tests.support.client import Served, environment, serving
from tests.support.payloads import sms_event

PERSON, OTHER = "+14255550123", "+14255550124"


@pytest.fixture
def description(tmp_path: Path) -> Path:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(table.description()), "utf-8")
    return path


def run(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """One of the programs beside this interpreter; the generators look for ruff there, too."""
    programs = Path(sys.executable).parent
    return subprocess.run(
        [str(programs / program), *map(str, arguments)],
        env={**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The package that openapi-python-client makes, once for all who use it."""
    folder = tmp_path_factory.mktemp("client")
    (description := folder / "openapi.json").write_text(json.dumps(table.description()), "utf-8")
    package = folder / "generated_client"
    done = run(
        "openapi-python-client", "generate", "--path", description, "--output-path", package,
        "--meta=none", "--fail-on-warning",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(folder)
        yield importlib.import_module(package.name)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(environment(tmp_path / "optout.db")) as running:
        yield running


@pytest.fixture
def connected(client: ModuleType, served: Served) -> Iterator[Any]:
    """A client of the package, for the running app."""
    asking = client.AuthenticatedClient(
        base_url=f"http://127.0.0.1:{served.port}",
        token="the local host asks for none",
        prefix="",
        auth_header_name="x-functions-key",
    )
    with asking as opened:
        yield opened


def part(client: ModuleType, name: str) -> Any:
    """A module of the generated package."""
    return importlib.import_module(f"{client.__name__}.{name}")


def test_a_generated_client_checks_a_number(client: ModuleType, connected: Any, served: Served) -> None:
    """Who is out, who is not, and what is no number, each as an object of the client's own; or only who
    may not be texted, each with its place."""
    models, check = part(client, "models"), part(client, "api.default.check_suppressions")
    assert served.app.deliver(sms_event("STOP")) == 202
    asked = {"sender": "12345", "recipients": [OTHER, PERSON, "nobody"]}
    checked = check.sync(client=connected, body=models.CheckRequest(**asked))
    only = check.sync(
        client=connected,
        body=models.CheckRequest(**asked, only="suppressed"),
    )
    refused = check.sync(client=connected, body=models.CheckRequest(sender="12345", recipients=[]))
    unknown = check.sync(
        client=connected, body=models.CheckRequest(sender="12354", recipients=[PERSON])
    )
    free, out, wrong = checked.results
    assert [type(each).__name__ for each in checked.results] == ["Result", "Result", "NotANumber"]
    assert (out.recipient, out.suppressed, out.keyword) == (PERSON, True, "STOP")
    assert (free.recipient, free.suppressed, free.since) == (OTHER, False, None)
    assert (free.state, free.reachable) == ("none", True)
    assert (wrong.recipient, wrong.suppressed) == ("nobody", True)
    assert [(each.index, each.recipient) for each in only.results] == [(1, PERSON), (2, "nobody")]
    assert only.results == [out, wrong]
    assert (type(refused).__name__, refused.status) == ("Problem", 400)
    assert (unknown.type_, unknown.nearest) == ("urn:optout:unknown-sender", ["12345"])


def test_a_generated_client_takes_gzip(client: ModuleType, connected: Any, served: Served) -> None:
    """Many recipients come compressed, and the client does not notice."""
    models, check = part(client, "models"), part(client, "api.default.check_suppressions")
    people = [f"+1425555{number:04}" for number in range(1000)]
    body = models.CheckRequest(sender="12345", recipients=people)
    answer = check.sync_detailed(client=connected, body=body)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert [each.recipient for each in answer.parsed.results] == people


def test_a_generated_client_reports(client: ModuleType, connected: Any, served: Served) -> None:
    """What ACS said about an opt-out is recorded, anything else is not; a moment is a datetime."""
    models, report = part(client, "models"), part(client, "api.default.report_suppression")
    said = {"sender": "54321", "recipient": PERSON, "at": datetime.now(UTC)}
    told = [
        report.sync(client=connected, body=models.ReportRequest(**said, details=details)).recorded
        for details in ("4004: no such number", "Sender blocked for given recipient.")
    ]
    assert told == [False, True]
    assert served.app.check("54321", PERSON)["source"] == "delivery_report"


def test_models_are_generated_without_a_warning(
    description: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By datamodel-code-generator; and they take the answer that the document shows, also with fields
    that a later version adds."""
    module = tmp_path / "generated_models.py"
    done = run(
        "datamodel-codegen", "--input", description, "--input-file-type=openapi", "--output", module,
        # What the program asks to be told itself, whatever the document is.
        "--output-model-type=pydantic_v2.BaseModel", "--use-annotated", "--formatters=builtin",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    monkeypatch.syspath_prepend(tmp_path)
    models = importlib.import_module(module.stem)
    operation = table.description()["paths"]["/api/suppressions/check"]["post"]
    example = operation["responses"]["200"]["content"]["application/json"]["example"]
    assert models.Checked.model_validate(example).results[0].suppressed is True
    of_tomorrow = {**example, "results": [{**each, "new": 1} for each in example["results"]], "new": []}
    assert models.Checked.model_validate(of_tomorrow).results[0].suppressed is True

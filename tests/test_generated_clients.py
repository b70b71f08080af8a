"""Clients that others generate from the OpenAPI document: made without a warning, and they work."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from optout.http import table
from tests.support.client import environment, serving
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


@pytest.fixture
def client(description: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The package that openapi-python-client makes."""
    package = tmp_path / "generated_client"
    done = run(
        "openapi-python-client", "generate", "--path", description, "--output-path", package,
        "--meta=none", "--fail-on-warning",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    monkeypatch.syspath_prepend(tmp_path)
    return importlib.import_module(package.name)


def test_a_generated_client_checks_a_number(client: ModuleType, tmp_path: Path) -> None:
    """Who is out, who is not, and what is no number, each as an object of the client's own."""
    models = importlib.import_module(f"{client.__name__}.models")
    check = importlib.import_module(f"{client.__name__}.api.default.check_suppressions")
    with serving(environment(tmp_path / "optout.db")) as served:
        assert served.app.deliver(sms_event("STOP")) == 202
        asking = client.AuthenticatedClient(
            base_url=f"http://127.0.0.1:{served.port}/api",
            token="the local host asks for none",
            prefix="",
            auth_header_name="x-functions-key",
        )
        with asking as connected:
            asked = models.CheckRequest(sender="12345", recipients=[PERSON, OTHER, "nobody"])
            checked = check.sync(client=connected, body=asked)
            refused = check.sync(
                client=connected, body=models.CheckRequest(sender="12345", recipients=[])
            )
    out, free, wrong = checked.results
    assert [type(each).__name__ for each in checked.results] == ["Result", "Result", "NotANumber"]
    assert (out.recipient, out.suppressed, out.keyword) == (PERSON, True, "STOP")
    assert (free.recipient, free.suppressed, free.since) == (OTHER, False, None)
    assert (wrong.recipient, wrong.suppressed) == ("nobody", True)
    assert (type(refused).__name__, refused.status) == ("Problem", 400)


def test_models_are_generated_without_a_warning(
    description: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By datamodel-code-generator; and they take the answer that the document shows."""
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
    operation = table.description()["paths"]["/suppressions/check"]["post"]
    example = operation["responses"]["200"]["content"]["application/json"]["example"]
    assert models.Checked.model_validate(example).results[0].suppressed is True

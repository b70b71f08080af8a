"""What is deployed, as it is deployed: a package of the app and no more, which Microsoft's runtime
starts from an empty folder with requirements.txt alone, on tables and through ACS."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from optout.settings import ROOT
from tests.support import package
from tests.support.acs import LoopbackAcs
from tests.support.client import WHO, App
from tests.support.functions_runtime import FunctionsRuntime
from tests.support.payloads import sms_event

PERSON = "+14255550177"
AZURE = {"WEBSITE_SITE_NAME": "contoso-optout", "WEBSITE_AUTH_ENABLED": "True"}


@dataclass(frozen=True)
class Deployed:
    """The unpacked package, and an interpreter with its requirements alone."""

    folder: Path
    python: str
    environment: Mapping[str, str]

    def start(self, **settings: str) -> FunctionsRuntime:
        return FunctionsRuntime(
            self.folder, {**self.environment, **AZURE, **settings}, python=self.python
        )


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    folder = package.deploy(ROOT, tmp_path_factory.mktemp("deployed"))
    return Deployed(folder, *package.python(folder))


def test_the_app_and_no_more() -> None:
    """Whatever is new in the project's folder is either the app's or named in .funcignore."""
    at_the_top = {name.partition("/")[0] for name in package.names(ROOT)}
    assert at_the_top == {
        "function_app.py", "host.json", "optout", "programs.toml",
        "requirements.txt",
    }  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        ".azure/contoso/.env", ".env", ".env.local", ".data/optout.db", ".git/config",
        ".github/workflows/test.yml", ".venv/bin/python", ".venv-3.13/bin/python",
        ".vscode/launch.json", ".devcontainer/devcontainer.json",
        "azure.yaml", "bench/lookups.py", "docs/api.md", "infra/main.bicep",
        "local.settings.json", "requirements-dev.txt", "requirements.in", "doctor.key", "sbom.json",
        "local.settings.sample.json", "optout/__pycache__/cli.cpython-311.pyc", "README.md",
        "requests.http", "tests/node/node_modules/azurite/index.js", "tests/conftest.py",
    ],
)  # fmt: skip
def test_what_stays_at_home(name: str, tmp_path: Path) -> None:
    """Secrets, data, and what only developers need."""
    shutil.copy(ROOT / ".funcignore", tmp_path)
    for each in (name, "northwind.toml", "optout/language/rules/us.toml"):
        (tmp_path / each).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / each).touch()
    assert set(package.names(tmp_path)) == {"northwind.toml", "optout/language/rules/us.toml"}


def test_it_has_what_it_requires_and_nothing_else(deployed: Deployed) -> None:
    """What only the tests install is not there to be imported by accident."""
    done = subprocess.run(
        [deployed.python, "-c", "import azure.functions, tqdm, pytest"],
        env={**os.environ, **deployed.environment},
        capture_output=True,
        text=True,
    )
    assert done.stderr.splitlines()[-1] == "ModuleNotFoundError: No module named 'pytest'"


def test_it_starts_and_handles_an_event(deployed: Deployed, azurite: str, acs: LoopbackAcs) -> None:
    """From the event to the phone, to the answer of a check, to the evidence; and a change by hand
    with the principal that the platform verified."""
    settings = {
        "OPTOUT_STORE": "tables",
        "OPTOUT_TABLES_CONNECTION_STRING": azurite,
        "OPTOUT_ACS_ENDPOINT": acs.endpoint,
        "OPTOUT_ACS_KEY": acs.key,
    }
    with deployed.start(**settings) as running:
        app = App(running)
        assert app.get("health").status == 200
        assert b'data-place="azure"' in app.get("console").body
        assert app.get("console/main.js").status == 200
        assert app.deliver(sms_event("STOP", from_=PERSON)) == 202
        assert app.check("12345", PERSON)["suppressed"] is True
        (stop,) = app.history(PERSON)
        assert (stop["effect"], stop["reply"]["status"]) == ("opted_out", "sent")
        assert acs.phones[PERSON] == [stop["reply"]["text"]]
        body = json.dumps({**WHO, "sender": "12345", "recipient": PERSON}).encode()
        caller = {"X-MS-CLIENT-PRINCIPAL-ID": "an id", "X-MS-CLIENT-PRINCIPAL-NAME": "pat"}
        assert app.host.request("POST", "/api/suppressions/opt-in", body, caller).status == 200
        assert app.history(PERSON)[0]["principal"] == {"id": "an id", "name": "pat"}


def test_it_refuses_sqlite_in_azure(deployed: Deployed, acs: LoopbackAcs) -> None:
    """Every event fails, so that it comes back; nothing is written; the log says what to change."""
    with deployed.start(OPTOUT_ACS_ENDPOINT=acs.endpoint, OPTOUT_ACS_KEY=acs.key) as running:
        app = App(running)
        assert app.deliver(sms_event("STOP", from_=PERSON)) == 500
        assert app.get("health").status == 503
        said = " ".join(record.message for record in running.logs)
    assert "OPTOUT_STORE is an SQLite file, which Azure Functions loses with the instance" in said
    assert "Set OPTOUT_STORE=tables and OPTOUT_TABLES_ENDPOINT" in said
    assert not (deployed.folder / ".data").exists()

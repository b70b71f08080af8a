"""Whoever opens the project in Codespaces finds what the Makefile, azure.yaml and the template need."""

import json
import re
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from optout.settings import ROOT

CONTAINER: dict[str, Any] = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text("utf-8"))
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")


def only(pattern: str, text: str) -> str:
    """The one thing in a text that a pattern finds."""
    (found,) = re.findall(pattern, text, re.MULTILINE)
    return str(found)


def test_the_python_is_that_of_azure() -> None:
    """The version that the template asks for; the image has no other."""
    deployed = only(r"^var pythonVersion = '([\d.]+)'$", (ROOT / "infra/main.bicep").read_text("utf-8"))
    assert only(r"/python:([\d.]+)-", CONTAINER["image"]) == deployed


def test_the_port_is_that_of_make_run() -> None:
    """It is forwarded, and no other is."""
    port = only(r"^PORT \?= (\d+)$", MAKEFILE)
    assert CONTAINER["forwardPorts"] == [int(port)]
    assert list(CONTAINER["portsAttributes"]) == [port]
    assert CONTAINER["otherPortsAttributes"] == {"onAutoForward": "ignore"}


def test_it_is_set_up_by_make() -> None:
    """By a target that makes all that `make run` and `make test` would make first."""
    target = CONTAINER["postCreateCommand"].removeprefix("make ")
    made = set(only(rf"^{target}: (.*?)(?: ##.*)?$", MAKEFILE).split())
    for name in ("run", "test", "test-client", "lint", "azurite"):
        needed = set(only(rf"^{name}: (.*?)(?: ##.*)?$", MAKEFILE).split())
        assert (
            needed - {"lint", "test-client", "$(VENV)/.app"} <= made
        )  # what tests need contains what the app needs
    assert "requirements-dev.txt requirements-runtime.txt $(VENV)/.app" in MAKEFILE


def test_the_tools_of_a_deployment_are_there() -> None:
    """azd for azure.yaml, az for its hook, which needs Python, and Bicep; func for its host."""
    features = {name.rpartition("/")[2].partition(":")[0] for name in CONTAINER["features"]}
    project = yaml.safe_load((ROOT / "azure.yaml").read_text("utf-8"))
    assert project["services"]["api"]["host"] == "function"
    assert project["hooks"]["postdeploy"]["posix"]["run"].startswith("python3 infra/scripts/")
    assert features == {"azure-cli", "azd", "azure-functions-core-tools"}
    azure_cli = "ghcr.io/devcontainers/features/azure-cli:1"
    assert CONTAINER["features"][azure_cli] == {"installBicep": True}


@pytest.mark.parametrize("name", ["image", *CONTAINER["features"]])
def test_versions_are_said(name: str) -> None:
    """At least the major one: `latest` is whatever it is on the day."""
    assert re.search(r":\d", CONTAINER["image"] if name == "image" else name)


def test_the_editor_is_the_one_of_the_desk() -> None:
    """The extensions that the folder recommends anywhere."""
    recommended = json.loads((ROOT / ".vscode/extensions.json").read_text("utf-8"))
    assert CONTAINER["customizations"]["vscode"]["extensions"] == recommended["recommendations"]

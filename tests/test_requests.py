"""What helps on a laptop: requests.http has every request and each works, the settings of docs/local.md
can be used, and Visual Studio Code finds what its files name."""

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from optout import settings
from optout.http import table
from tests.support.client import WEBHOOK, App
from tests.test_docs import blocks

REQUESTS = (settings.ROOT / "requests.http").read_text("utf-8")
VSCODE = settings.ROOT / ".vscode"


@dataclass(frozen=True)
class Request:
    """One request of requests.http, with its variables in place."""

    name: str
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


def requests() -> Iterator[Request]:
    """The requests in the order of the file."""
    settled = REQUESTS.replace("{{host}}", "").replace("{{key}}", "")
    settled = settled.replace("{{$datetime iso8601}}", datetime.now(UTC).isoformat())
    settled = re.sub(r"\{\{\$guid\}\}", lambda found: str(uuid.uuid4()), settled)
    assert "{{" not in settled
    for part in re.split(r"^### ", settled, flags=re.MULTILINE)[1:]:
        name, _, rest = part.partition("\n")
        head, _, body = rest.partition("\n\n")
        line, *headers = head.splitlines()
        method, target = line.split(" ", 1)
        given = dict(header.split(": ", 1) for header in headers if ": " in header)
        yield Request(name, method, target, given, body.strip().encode())


def test_every_request_is_answered(app: App) -> None:
    """One after the other, as somebody who tries the app clicks through them."""
    for asked in requests():
        answer = app.host.request(asked.method, asked.target, asked.body, asked.headers)
        is_event = asked.headers.get("aeg-event-type") == "Notification"
        assert answer.status == (202 if is_event else 200), f"{asked.name}: {answer.body!r}"
    assert app.check("12345", "+14255550123")["suppressed"] is True
    assert app.check("12345", "+14255550124")["suppressed"] is True
    assert app.check("+18335550100", "+14255550125")["suppressed"] is True


def test_every_operation_has_a_request() -> None:
    """With each parameter of its route filled in; and so has the trigger."""
    asked = {(each.method, each.target.partition("?")[0]) for each in requests()}
    for operation in (*table.OPERATIONS, *table.FILES):
        pattern = re.sub(r"{\w+}", "[^/]+", f"/{operation.route}")
        assert any(
            method == operation.method and re.fullmatch(pattern, target) for method, target in asked
        ), operation.name
    assert ("POST", WEBHOOK.partition("?")[0]) in asked


@pytest.mark.parametrize(
    "values",
    [
        json.loads(text)["Values"]
        for language, text in blocks((settings.ROOT / "docs/local.md").read_text("utf-8"))
        if language == "json"
    ]
    + [json.loads((settings.ROOT / "local.settings.sample.json").read_text("utf-8"))["Values"]],
)
def test_the_local_settings_can_be_used(values: dict[str, str]) -> None:
    """By the app, and by Core Tools, which want to know the language and a storage account."""
    settings.load(values)
    assert values["FUNCTIONS_WORKER_RUNTIME"] == "python"
    assert values["AzureWebJobsStorage"] == "UseDevelopmentStorage=true"


def vscode(name: str) -> Any:
    return json.loads((VSCODE / name).read_text("utf-8"))


def test_visual_studio_code_finds_what_it_starts() -> None:
    """Each task that is named is there, each make target, and the debugger of both hosts."""
    tasks = {task["label"]: task for task in vscode("tasks.json")["tasks"]}
    targets = re.findall(r"^([a-z]+):", (settings.ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for task in tasks.values():
        assert task.get("dependsOn", "azurite") in tasks
        if task["type"] == "shell":
            assert task["command"].removeprefix("make ") in targets
    local, core_tools = vscode("launch.json")["configurations"]
    assert (local["type"], local["module"], local["args"]) == ("debugpy", "optout", ["serve"])
    assert (core_tools["type"], core_tools["request"]) == ("debugpy", "attach")
    assert core_tools["preLaunchTask"] in tasks
    assert "ms-python.debugpy" in vscode("extensions.json")["recommendations"]
    assert vscode("settings.json")["azureFunctions.pythonVenv"] == ".venv"

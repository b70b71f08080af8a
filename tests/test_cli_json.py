"""`--json` of the commands that work on a whole store: one document, and nothing beside it."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from optout import service, settings
from optout.cli.main import main
from optout.store import generation
from tests.support.client import environment
from tests.support.payloads import sms_event

Situation = tuple[tuple[str, ...], int, Callable[[Path], dict[str, Any]]]

# The command, where one event is in quarantine, and one of two files is a dead letter; its exit
# code; the document.
SITUATIONS: list[Situation] = [
    (
        ("backup", "{folder}/copy.db"), 0,
        lambda folder: {
            "copy": f"{folder}/copy.db",
            "bytes": (folder / "copy.db").stat().st_size,
            "store": f"{folder}/optout.db",
        },
    ),
    (("recompute",), 0, lambda _: {"corrected": {}}),
    (
        ("replay-quarantine",), 0,
        lambda folder: {
            "store": f"sqlite:{folder}/optout.db", "results": {"quarantined": 1}, "failures": [],
        },
    ),
    (
        ("replay-dead-letters", "{folder}/letters"), 1,
        lambda folder: {
            "store": f"sqlite:{folder}/optout.db",
            "results": {"handled": 1},
            "failures": ["none.json: it is not JSON"],
        },
    ),
]  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in environment(tmp_path / "optout.db").items():
        monkeypatch.setenv(name, value)
    with closing(service.build(settings.load())) as built:
        built.events.handle(json.dumps({"id": "nobody's"}))
    letters = tmp_path / "letters"
    letters.mkdir()
    (letters / "one.json").write_text(f"[{sms_event('STOP')}]", "utf-8")
    (letters / "none.json").write_text("{", "utf-8")
    return tmp_path


@pytest.mark.parametrize(("arguments", "code", "expected"), SITUATIONS)
def test_one_document(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    code: int,
    expected: Callable[[Path], dict[str, Any]],
) -> None:
    """For a program that goes on with it."""
    assert main([*(each.format(folder=folder) for each in arguments), "--json"]) == code
    assert json.loads(capsys.readouterr().out) == expected(folder)


def test_a_new_generation(capsys: pytest.CaptureFixture[str]) -> None:
    """The one that has begun, and the one before it."""
    assert main(["new-generation", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    with closing(service.open_store(settings.load())) as store:
        assert told["generation"] == store.generation()
    assert (
        told["after"]
        < told["generation"]
        <= generation.following(told["generation"], service.now_utc())
    )

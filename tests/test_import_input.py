"""Import from what is no file, and what is kept when somebody interrupts it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from optout.cli import import_
from optout.cli.main import main
from optout.settings import ROOT
from tests.support.client import environment
from tests.support.places import file_in
from tests.support.world import World

WHO = ("--list", "contoso-alerts", "--actor", "pat")
ROWS = b"phone\n" + b"".join(b"+1425555%04d\n" % number for number in range(100, 110)) + b"nobody\n"


@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
def test_standard_input(name: str, database: Path, tmp_path: Path) -> None:
    """The rows that are refused are in the folder in which it runs, or where somebody says."""
    refused = tmp_path / "refused.csv"
    done = subprocess.run(
        [sys.executable, "-m", "optout", "import", name, *WHO, "--json", "--refused", str(refused)],
        cwd=ROOT, env=environment(database), input=ROWS, capture_output=True, timeout=60,
    )  # fmt: skip
    assert b"Traceback" not in done.stderr
    told = json.loads(done.stdout)
    assert (done.returncode, told["counts"], told["refused"]) == (1, {"opted_out": 10}, 1)
    assert "nobody" in refused.read_text("utf-8")


def test_an_import_that_is_interrupted(
    database: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Ctrl-C in the third part: what was recorded before is counted, there, and recorded once."""
    for name, value in environment(database).items():
        monkeypatch.setenv(name, value)
    given = tmp_path / "list.csv"
    given.write_bytes(ROWS)
    batches = import_.batches

    def interrupted(*arguments: object) -> object:
        for number, batch in enumerate(batches(*arguments)):  # type: ignore[arg-type]
            if number == 2:
                raise KeyboardInterrupt
            yield batch

    monkeypatch.setattr(import_, "BATCH", 3)
    monkeypatch.setattr(import_, "batches", interrupted)
    assert main(["import", str(given), *WHO]) == 130
    said = capsys.readouterr()
    assert "6  opted out" in said.out
    assert "interrupted: what is counted above is recorded" in said.err
    with World(file_in(database.parent)) as world:
        assert len(world.store.all_evidence(100, None)) == 6
    monkeypatch.setattr(import_, "batches", batches)
    assert main(["import", str(given), *WHO]) == 1
    assert "6  recorded by an earlier run" in capsys.readouterr().out


def test_refused_rows_that_cannot_be_kept(
    database: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing is dropped in silence: it stops, and says where else they could go."""
    for name, value in environment(database).items():
        monkeypatch.setenv(name, value)
    given = tmp_path / "list.csv"
    given.write_bytes(ROWS)
    assert main(["import", str(given), *WHO, "--refused", "/nowhere/a.csv"]) == 2
    assert "Name another file by --refused" in capsys.readouterr().err

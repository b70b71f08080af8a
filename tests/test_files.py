"""Files with people's numbers: whatever the machine's habit is, only their owner reads them."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from optout import files
from optout.cli import main
from tests.support.client import environment
from tests.support.world import World

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there the folder's rights decide")


@pytest.fixture(autouse=True)
def open_to_all() -> Iterator[None]:
    """A machine whose new files anybody may read and write."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> str:
    return f"{path.stat().st_mode & 0o777:o}"


def test_a_new_file(tmp_path: Path) -> None:
    """Empty, also in the place of one that was open to all and whose readers keep what they have."""
    path = tmp_path / "numbers.csv"
    path.write_text("old", "utf-8")
    with path.open(encoding="utf-8") as reader:
        files.create(path)
        path.write_text("new", "utf-8")
        assert reader.read() == "old"
    assert mode(path) == "600"


@pytest.mark.parametrize(("before", "after"), [(0o644, "600"), (0o400, "400"), (0o600, "600")])
def test_a_file_that_is_there(before: int, after: str, tmp_path: Path) -> None:
    """It loses the rights of others, and its owner's stay as they are where there are none."""
    path = tmp_path / "optout.db"
    path.touch(before)
    files.keep_private(path)
    assert mode(path) == after


def test_a_file_of_somebody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may not change its rights may use it all the same; and one that is not there is fine."""

    def refuse(*asked: object) -> None:
        raise PermissionError("not the owner")

    monkeypatch.setattr(Path, "chmod", refuse)
    path = tmp_path / "optout.db"
    files.keep_private(path)
    path.touch(0o660)
    files.keep_private(path)
    assert mode(path) == "660"


def test_exports_and_refused_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a file of that name was open to all, or half of one is left of an earlier run."""
    for name, value in environment(tmp_path / "optout.db").items():
        monkeypatch.setenv(name, value)
    with World(tmp_path) as world:
        world.receive("STOP")
    given, exported = tmp_path / "given.csv", tmp_path / "exported.csv"
    given.write_text("phone,date\nnobody,2024-07-01\n", "utf-8")
    for path in (exported, tmp_path / "exported.csv.part", tmp_path / "given.csv.refused.csv"):
        path.write_text("old", "utf-8")
    about = ["--list", "contoso-alerts"]
    assert main.main(["import", str(given), *about, "--actor", "pat"]) == 1
    assert main.main(["export", *about, "--output", str(exported)]) == 0
    assert "+14255550123" in exported.read_text("utf-8")
    refused = tmp_path / "given.csv.refused.csv"
    assert "nobody" in refused.read_text("utf-8")
    assert [mode(path) for path in (exported, refused)] == ["600", "600"]

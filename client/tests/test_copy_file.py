"""The file of a copy: who may read it, and what is said of a file that is none."""

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from optout_client import UnusableReplica
from optout_client._copy import Copy
from optout_client._held import Held

from .copies import APP, PAT, keep
from .documents import out


def test_mode(held: Held, copy_path: Path) -> None:
    """Only their owner reads the files: they are people's numbers."""
    keep(held, [out(PAT)])
    for each in copy_path.parent.glob("copy.db*"):
        assert stat.S_IMODE(each.stat().st_mode) == 0o600, each.name


@pytest.mark.parametrize("content", [b"recipient,at\n" * 100, b"SQLite format 3\0" + bytes(4_080)])
def test_no_database(copy_path: Path, content: bytes) -> None:
    """What is no database is refused with what to do, and stays as it is."""
    copy_path.write_bytes(content)
    with pytest.raises(UnusableReplica, match=r"copy.db.*delete it"):
        Copy(copy_path)
    assert copy_path.read_bytes() == content


def test_another_database(copy_path: Path) -> None:
    """Somebody else's database is refused, and stays as it is."""
    with sqlite3.connect(copy_path) as connection:
        connection.execute("CREATE TABLE orders (id)")
    before = copy_path.read_bytes()
    with pytest.raises(UnusableReplica, match=r"not a copy of a list\. Name another file"):
        Copy(copy_path)
    assert copy_path.read_bytes() == before


def test_another_schema(held: Held, copy_path: Path) -> None:
    """A file of another version says that it is to be deleted."""
    held.copy.close()
    with sqlite3.connect(copy_path) as connection:
        connection.execute("PRAGMA user_version = 1")
    with pytest.raises(UnusableReplica, match=r"another version.*delete it, with .*-wal"):
        Copy(copy_path)


def test_damaged(held: Held, copy_path: Path) -> None:
    """A damaged file answers nothing."""
    keep(held, [out(f"+1425{number:07}") for number in range(2_000)])
    held.copy.close()
    content = bytearray(copy_path.read_bytes())
    content[4_096 * 8 :] = os.urandom(len(content) - 4_096 * 8)
    copy_path.write_bytes(content)
    with pytest.raises(UnusableReplica, match="delete it"):  # noqa: PT012
        broken = Held(copy_path, APP, 300.0)
        broken.check("12345", 0, [f"+1425{number:07}" for number in range(2_000)])

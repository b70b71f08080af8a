"""restore: write a copy of the tables into tables that are empty."""

import argparse
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Never, Protocol

from optout import settings
from optout.cli import Commands
from optout.domain.errors import ConfigurationError, OptoutError

if TYPE_CHECKING:
    from tqdm import tqdm

    from optout.store.tables.archive import Copy

_AT_ONCE = 2**20


class Source(Protocol):
    """Where a copy is. It is read twice."""

    def size(self) -> int:
        """How many bytes it has. Raises OptoutError, as `pieces` does."""

    def pieces(self) -> Iterator[bytes]:
        """What is in it, a piece in memory at a time."""


class File:
    """A copy on this machine."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def size(self) -> int:
        try:
            return self._path.stat().st_size
        except OSError as problem:
            raise OptoutError(f"{self._path}: {problem.strerror}") from None

    def pieces(self) -> Iterator[bytes]:
        try:
            with self._path.open("rb") as file:
                while piece := file.read(_AT_ONCE):
                    yield piece
        except OSError as problem:
            raise OptoutError(f"{self._path}: {problem.strerror}") from None


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "restore",
        help="write a copy of the tables, as `backup` made it, into tables that are empty",
        description="Write a copy of the tables into the tables that the settings name, which must be "
        "empty, and begin a new generation of the store. Stop every instance of the app before, and "
        "start them after it. The copy is checked as a whole before anything is written. If it is cut "
        "short, run it again with the same copy: until it says that it is done, the app refuses to "
        "work on what is there. An SQLite file is restored by copying it: docs/operations.md.",
    )
    parser.add_argument(
        "copy", metavar="COPY",
        help="a file, or the address of a blob, "
        "https://ACCOUNT.blob.core.windows.net/backups/BLOB, read with your identity",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    from optout import service
    from optout.azure import containers
    from optout.azure.backups import Blob
    from optout.store.tables import client, restore, store
    from optout.store.tables.archive import BadCopy, Copy

    settings.adopt_local_settings()
    configured = settings.load()
    if configured.store != "tables":
        raise ConfigurationError(
            "restore: OPTOUT_STORE is an SQLite file, which is restored by copying it: "
            "docs/operations.md, Backup of an SQLite file. For tables set OPTOUT_STORE=tables and "
            "OPTOUT_TABLES_ENDPOINT."
        )
    is_blob = containers.is_address(asked.copy)
    source: Source = Blob(asked.copy) if is_blob else File(Path(asked.copy))
    name = asked.copy.partition("?")[0]
    say: Callable[[str], object] = (lambda _: None) if asked.json else print
    with ExitStack() as stack:
        account = client.connect(configured.tables_endpoint, configured.tables_connection_string)
        stack.callback(account.close)
        tables = store.tables_of(account)
        try:
            checked, total = _check(source)
            moment = checked.header.begun
            say(f"{name}: whole, begun {moment:%Y-%m-%d %H:%M:%S} UTC, rows: {total:,}")
            if restore.begin(tables, checked.header):
                say("an earlier run was cut short; all rows are written once more")
            again = Copy(source.pieces())
            if again.header != checked.header:
                raise BadCopy("it is another one than a moment ago")
            with _bar(total, " rows", "restoring") as bar:
                restore.write(account, tables, again.rows(), bar.update)
        except BadCopy as problem:
            raise OptoutError(f"{name}: {problem}") from None
        begun = restore.finish(tables, service.now_utc())
    say(f"restored into {configured.tables_endpoint or 'the tables'}: generation {begun} has begun")
    say("start the app now; whoever follows the feed gets 410, and reads everybody anew")
    if asked.json:
        said = {"copy": name, "rows": total, "begun": moment.isoformat(), "generation": begun}
        print(json.dumps(said, indent=2))
    return 0


def _check(source: Source) -> tuple["Copy", int]:
    """Read a copy to its end; what it says of itself, and how many rows it has. Raises BadCopy."""
    from optout.store.tables.archive import Copy

    with _bar(source.size(), "B", "checking") as bar:
        copy = Copy(_told(source.pieces(), bar))
        return copy, sum(1 for _ in copy.rows())


def _told(pieces: Iterable[bytes], bar: "tqdm[Never]") -> Iterator[bytes]:
    for piece in pieces:
        bar.update(len(piece))
        yield piece


def _bar(total: int, unit: str, what: str) -> "tqdm[Never]":
    """On a terminal, nothing anywhere else."""
    from tqdm import tqdm

    return tqdm(total=total, unit=unit, unit_scale=True, desc=what, disable=None)

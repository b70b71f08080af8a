"""Copies of a file while it is in use, and the new generation of the store that begins with one.

A copy is marked in its header, whatever the version of its tables: whoever opens it as a store begins a
new generation, and takes the mark away.
"""

import sqlite3
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path

from optout import files
from optout.domain.errors import OptoutError
from optout.store import generation

# "opto", as SQLite's header has room for one number.
COPY = 0x6F70746F


def write_backup(path: Path, target: Path) -> None:
    """Copy a file as it is at one moment, whoever writes to it meanwhile. Raises OptoutError.

    What stands under the name of the target is whole and marked; it is not overwritten.
    """
    if target.exists():
        raise OptoutError(f"{target}: is there already. Name another file, or move it away first.")
    if not path.is_file():
        raise OptoutError(f"{path}: there is no database to copy. Set OPTOUT_STORE as the app has it.")
    part = target.with_name(f"{target.name}.part")
    try:
        files.create(part)
        with closing(_opened(path)) as source, closing(_opened(part)) as copy:
            source.backup(copy)
            copy.execute(f"PRAGMA application_id = {COPY}")
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, with nothing beside it
        part.rename(target)
    except (sqlite3.DatabaseError, OSError) as problem:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise OptoutError(
            f"{target}: cannot be written from {path}: {getattr(problem, 'strerror', None) or problem}"
        ) from problem


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)


def begin(connection: sqlite3.Connection, now: datetime) -> int:
    """The generation of a store that is being opened: a new one where the file is a copy, or new
    itself, perhaps in the place of one that was lost."""
    (number,) = connection.execute("SELECT number FROM generation").fetchone()
    (mark,) = connection.execute("PRAGMA application_id").fetchone()
    is_new = number == 1 and not connection.execute("SELECT 1 FROM evidence LIMIT 1").fetchone()
    if mark != COPY and not is_new:
        return int(number)
    begun = generation.first(now) if is_new else generation.following(int(number), now)
    connection.execute("UPDATE generation SET number = ?", (begun,))
    connection.execute("PRAGMA application_id = 0")
    return begun

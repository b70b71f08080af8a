"""backup: a copy of the store while the app goes on, as a file or as a blob."""

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optout import files, settings
from optout.cli import Commands
from optout.domain.errors import ConfigurationError, OptoutError

if TYPE_CHECKING:
    from optout.settings import Settings

Rows = Iterable[tuple[str, Mapping[str, Any]]]


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "backup",
        help="copy the store, also while the app runs",
        description="Copy the store that OPTOUT_STORE names, also while the app runs: an SQLite file "
        "as it is at one moment; of tables every row, as a gzip'd file that `restore` reads, with all "
        "that was recorded before it began. The file is readable by its owner only. Nothing that is "
        "there is overwritten. docs/operations.md and docs/deploy.md say how to restore.",
    )
    parser.add_argument("file", type=Path, nargs="?", metavar="FILE", help="the copy")
    parser.add_argument(
        "--to", metavar="CONTAINER",
        help="of tables, in place of FILE: a blob in this container, "
        "https://ACCOUNT.blob.core.windows.net/backups, written with your identity; or in the one of "
        "this name, with AZURE_STORAGE_CONNECTION_STRING. The time is in the blob's name",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    settings.adopt_local_settings()
    configured = settings.load()
    if (asked.file is None) == (asked.to is None):
        raise ConfigurationError("backup: name a FILE, or a container by --to, and not both")
    if configured.store == "tables":
        _copy_tables(configured, asked)
        return 0
    if asked.to is not None:
        raise ConfigurationError(
            "--to: OPTOUT_STORE is an SQLite file. Name a FILE, and upload that, for example by "
            "az storage blob upload"
        )
    from optout.store.sqlite.backup import write_backup

    write_backup(configured.sqlite_path, asked.file)
    size = asked.file.stat().st_size
    if asked.json:
        said = {"copy": str(asked.file), "bytes": size, "store": str(configured.sqlite_path)}
        print(json.dumps(said, indent=2))
    else:
        print(f"{asked.file}: {size:,} bytes of {configured.sqlite_path}")
    return 0


def _copy_tables(configured: "Settings", asked: argparse.Namespace) -> None:
    from tqdm import tqdm

    from optout import service
    from optout.azure import backups
    from optout.store.tables import archive, backup, client, store

    container = backups.Backups(asked.to, settings.storage_connection_string()) if asked.to else None
    counts: Counter[str] = Counter()
    with ExitStack() as stack:
        account = client.connect(configured.tables_endpoint, configured.tables_connection_string)
        stack.callback(account.close)
        bar = stack.enter_context(tqdm(unit=" rows", disable=None))

        def counted(rows: Rows) -> Iterator[tuple[str, Mapping[str, Any]]]:
            for table, row in rows:
                counts[table] += 1
                bar.update()
                yield table, row

        header = archive.Header(service.new_id(), service.now_utc(), store.TABLES)
        found = counted(backup.all_rows(account, store.tables_of(account)))
        pieces = archive.written(header, found)
        if container is not None:
            written = container.write(backups.name(header.begun), pieces)
        else:
            written = _write_file(asked.file, pieces)
    if asked.json:
        of_tables = {name: counts[name] for name in store.TABLES}
        said = {"copy": written, "rows": of_tables, "begun": header.begun.isoformat()}
        print(json.dumps(said, indent=2))
        return
    rows = ", ".join(f"{counts[name]:,} of {name}" for name in store.TABLES)
    print(
        f"{written}: {rows}; it has all that was recorded before {header.begun:%Y-%m-%d %H:%M:%S} UTC"
    )


def _write_file(target: Path, pieces: Iterable[bytes]) -> str:
    """What stands under the name of the target is whole, and nothing is overwritten."""
    if target.exists():
        raise OptoutError(f"{target}: is there already. Name another file, or move it away first.")
    part = target.with_name(f"{target.name}.part")
    try:
        files.create(part)
        with part.open("wb") as file:
            file.writelines(pieces)
        part.rename(target)
    except OSError as problem:
        raise OptoutError(f"{target}: cannot be written: {problem.strerror}") from problem
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return str(target)

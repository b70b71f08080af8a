"""backup: the SQLite file as it is at one moment, while the app goes on."""

import argparse
from pathlib import Path

from optout import settings
from optout.cli import Commands
from optout.domain.errors import ConfigurationError


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "backup",
        help="copy the SQLite file, also while the app runs",
        description="Copy the SQLite file that OPTOUT_STORE names, as it is at one moment, also while "
        "the app runs. The copy is readable by its owner only. A file that is there is not "
        "overwritten. docs/operations.md says how to restore it.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the copy")
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    from optout.store.sqlite.backup import write_backup

    settings.adopt_local_settings()
    configured = settings.load()
    if configured.store == "tables":
        raise ConfigurationError(
            "backup: OPTOUT_STORE is tables, and this copies an SQLite file. Azure Data Factory copies "
            "tables, and a lock keeps the account from being deleted: docs/deploy.md, Backup, and back."
        )
    write_backup(configured.sqlite_path, asked.file)
    print(f"{asked.file}: {asked.file.stat().st_size:,} bytes of {configured.sqlite_path}")
    return 0

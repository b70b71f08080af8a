"""import: opt-outs from another system's list."""

import argparse
import csv
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Self, TextIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from optout.cli import Commands
from optout.cli.targets import add_target
from optout.operations.naming import find_target

if TYPE_CHECKING:
    from optout.operations.transfer.reading import FileRow, FileRows
    from optout.operations.transfer.rows import ImportedRow, RowReader

# Large enough that a page of the store is not written again and again, small enough for a transaction
# that others can wait for.
BATCH = 50_000


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "import",
        help="record the opt-outs of another system's list",
        description="Record the opt-outs of a list in CSV or NDJSON, also .gz. The columns of common "
        "systems are recognised. A row is an opt-out unless its status says in; an older one never "
        "undoes a newer START. Rows that cannot be understood are written beside the file, with the "
        "reason. Running it again changes nothing. docs/lists.md has worked examples.",
    )
    parser.add_argument("file", type=Path, metavar="FILE")
    add_target(parser)
    parser.add_argument("--actor", required=True, help="who does it, for the history")
    parser.add_argument("--reason", help="why, for the history; default: import of FILE")
    parser.add_argument("--number", metavar="COLUMN", help="the column of the numbers")
    parser.add_argument("--time", metavar="COLUMN", help="the column of the times")
    parser.add_argument("--status", metavar="COLUMN", help="the column that says out or in")
    parser.add_argument(
        "--no-header", action="store_true", help="the first line is a row; columns are places, from 1"
    )
    parser.add_argument("--country", type=_country, help="of numbers without a country code: US, GB")
    parser.add_argument("--time-format", help="of the times, as in Python: %%m/%%d/%%Y %%H:%%M")
    parser.add_argument(
        "--time-zone", type=_zone, default=UTC, help="of times that name none; default: UTC"
    )
    parser.add_argument(
        "--at",
        type=_moment,
        help="of rows without a time; default: when the file was last changed, which dates no opt-in",
    )
    parser.add_argument(
        "--opt-ins",
        action="store_true",
        help="record rows that say in, too, each of a time that is over; else they are left out",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would change, change nothing")
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    from tqdm import tqdm

    from optout import service, settings
    from optout.operations.transfer import columns, importing, reading, times
    from optout.operations.transfer import rows as row_reading

    settings.adopt_local_settings()
    named = columns.Named(asked.number, asked.time, asked.status)
    with ExitStack() as stack:
        built = service.build(settings.load())
        stack.callback(built.close)
        target = find_target(built.directory, asked.sender, asked.list, asked.everything)
        rows = stack.enter_context(reading.open_rows(asked.file, has_header=not asked.no_header))
        if asked.no_header:
            understood = columns.numbered(len(rows.header), named)
        else:
            understood = columns.recognise(rows.header, named)
            print(understood.described(rows.header), file=sys.stderr)
        reader = row_reading.RowReader(
            understood,
            asked.at or _changed(asked.file),
            times.TimeFormat(asked.time_zone, asked.time_format),
            asked.country,
            row_reading.OptIns(service.now_utc(), asked.at) if asked.opt_ins else None,
        )
        purpose = importing.ImportPurpose(
            target, asked.actor, asked.reason or f"import of {asked.file.name}"
        )
        importer = stack.enter_context(built.importing(purpose, dry_run=asked.dry_run))
        report = stack.enter_context(RefusedRows(asked.file))
        bar = stack.enter_context(
            tqdm(total=asked.file.stat().st_size, unit="B", unit_scale=True, disable=None)
        )
        counts: Counter[str] = Counter()
        for batch in batches(rows, reader, report, counts):
            counts += importer.record(batch)
            bar.update(rows.position - bar.n)
    print(_summary(counts, report, dry_run=asked.dry_run))
    return 1 if report.refused else 0


class RefusedRows:
    """The rows that were refused, with line and reason, in a file beside the list; no file for none."""

    def __init__(self, list_: Path) -> None:
        self.path = list_.with_name(list_.name + ".refused.csv")
        self.refused = 0
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        self.path.unlink(missing_ok=True)
        return self

    def __exit__(self, *problem: object) -> None:
        if self._file is not None:
            self._file.close()

    def refuse(self, row: "FileRow", reason: str) -> None:
        from optout.operations.transfer.cells import guarded

        if self._file is None:
            self._file = self.path.open("w", encoding="utf-8", newline="")
            csv.writer(self._file).writerow(("line", "reason", "row"))
        self.refused += 1
        csv.writer(self._file).writerow((row.line, guarded(reason), guarded(row.raw.rstrip("\r\n"))))


def batches(
    rows: "FileRows", reader: "RowReader", report: RefusedRows, counts: Counter[str]
) -> Iterator[list["ImportedRow"]]:
    """What the rows say, without those that are refused or left out."""
    from optout.operations.transfer.rows import Refused

    while part := list(islice(rows.rows, BATCH)):
        batch = []
        for row in part:
            try:
                said = reader.read(row)
            except Refused as problem:
                report.refuse(row, str(problem))
                continue
            batch += said
            counts["left_out"] += not said
        yield batch


def _summary(counts: Counter[str], report: RefusedRows, *, dry_run: bool) -> str:
    would = "would be " if dry_run else ""
    said = {
        "opted_out": f"{would}opted out",
        "opted_in": f"{would}opted in",
        "confirmed": "were so already",
        "outdated": "older than what is known",
        "none": "blocked by a carrier or ACS, which only the person can lift",
        "recorded": "recorded by an earlier run",
        "left_out": "opt-ins, left out without --opt-ins",
    }
    lines = [f"{counts[name]:>10,}  {words}" for name, words in said.items() if counts[name]]
    if report.refused:
        lines.append(f"{report.refused:>10,}  refused; {report.path} has them with the reasons")
    return "\n".join(lines) or "nothing to import"


def _changed(file: Path) -> datetime:
    """When a list was last changed: those without a time of their own were out by then."""
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError):
        raise argparse.ArgumentTypeError(f"{text!r} is no time zone; write Europe/Paris") from None


def _country(text: str) -> str:
    from optout.domain import numbers

    if not numbers.is_country(text.upper()):
        raise argparse.ArgumentTypeError(f"{text!r} is no country; two letters as in US or GB")
    return text.upper()

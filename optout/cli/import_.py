"""import: record the opt-outs of another system's list."""

import argparse
import csv
import json
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Self, TextIO

from optout import files
from optout.cli import Commands, values
from optout.cli.files import is_standard
from optout.cli.targets import add_target
from optout.domain.errors import BadRequest, OptoutError
from optout.operations.naming import countries_of, find_target, for_many

if TYPE_CHECKING:
    from optout.operations.transfer.reading import FileRow, FileRows
    from optout.operations.transfer.rows import ImportedRow, RowReader
    from optout.programs.directory import Directory
    from optout.service import Service

# Large enough that a page of the store is not written over and over, small enough for a transaction
# that others can wait for.
BATCH = 50_000
# So many rows tell whether a list has country codes, so many numbers of which country they are.
LOOKED_AT, TRIED = 10_000, 100


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "import",
        help="record the opt-outs of another system's list",
        description="Record the opt-outs of a list: CSV, NDJSON, the JSON that aws or an API answers, "
        "also .gz; or a workbook (.xlsx). The columns of common systems are recognised. A row is an "
        "opt-out unless its status says in; an older one never undoes a newer START. Rows that cannot "
        "be understood are written to a file beside the list, with the reason. Running it again "
        "changes nothing. docs/lists.md has worked examples.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="- for standard input")
    add_target(parser)
    parser.add_argument("--actor", required=True, help="who is importing, for the history")
    parser.add_argument("--reason", help="why, for the history; default: import of FILE")
    parser.add_argument("--number", metavar="COLUMN", help="the column of the numbers")
    parser.add_argument("--time", metavar="COLUMN", help="the column of the times")
    parser.add_argument("--status", metavar="COLUMN", help="the column that says out or in")
    parser.add_argument(
        "--no-header",
        action="store_true",
        help="the first line is a row; name columns by position, from 1",
    )
    parser.add_argument(
        "--encoding", type=values.encoding, help="of the text; default: UTF-8, or UTF-16 where it shows"
    )
    parser.add_argument(
        "--country", type=values.country, help="country of numbers without a country code: US, GB"
    )
    parser.add_argument("--time-format", help="format of the times, as in Python: %%m/%%d/%%Y %%H:%%M")
    parser.add_argument(
        "--time-zone",
        type=values.zone,
        default=UTC,
        help="time zone of times without one; default: UTC",
    )
    parser.add_argument(
        "--at",
        type=values.moment,
        help="time of rows without one; default: when the file was last changed, which dates no opt-in",
    )
    parser.add_argument(
        "--opt-ins",
        action="store_true",
        help="also record rows that say in, each of a time that is over; otherwise they are left out",
    )
    parser.add_argument(
        "--refused", type=Path, metavar="FILE",
        help="where the rows go that are refused; default: FILE.refused.csv, beside the list",
    )  # fmt: skip
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would change, but change nothing"
    )
    parser.add_argument("--json", action="store_true", help="print the counts as one JSON document")
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    from optout import service, settings

    settings.adopt_local_settings()
    report = RefusedRows(asked.refused or beside(asked.file))
    counts: Counter[str] = Counter()
    with ExitStack() as stack:
        built = service.build(settings.load())
        stack.callback(built.close)
        try:
            _import(asked, built, stack, stack.enter_context(report), counts)
        except KeyboardInterrupt:
            _print(asked, counts, report)
            print(_INTERRUPTED[asked.dry_run], file=sys.stderr)
            return 130
    _print(asked, counts, report)
    return 1 if report.refused else 0


_INTERRUPTED = {
    False: "interrupted: what is counted above is recorded, and perhaps up to "
    f"{BATCH:,} rows more. Import the file again: rows that are recorded change nothing",
    True: "interrupted: nothing was to be recorded, and nothing is",
}


def _import(
    asked: argparse.Namespace,
    built: "Service",
    stack: ExitStack,
    report: "RefusedRows",
    counts: Counter[str],
) -> None:
    from tqdm import tqdm

    from optout import service
    from optout.operations.transfer import columns, importing, reading, times
    from optout.operations.transfer import rows as row_reading

    named = columns.Named(asked.number, asked.time, asked.status)
    target = for_many(
        find_target(
            built.directory,
            asked.sender,
            asked.list,
            asked.everything,
            allow_unconfigured=asked.allow_unconfigured,
        )
    )
    stream = sys.stdin.buffer if is_standard(asked.file) else None
    rows = stack.enter_context(
        reading.open_rows(
            asked.file, has_header=not asked.no_header, encoding=asked.encoding, stream=stream
        )
    )
    for note in rows.notes:
        print(f"note: {note}", file=sys.stderr)
    if asked.no_header:
        understood = columns.numbered(len(rows.header), named)
    else:
        understood = columns.recognise(rows.header, named)
        print(understood.described(rows.header), file=sys.stderr)
    reader = row_reading.RowReader(
        understood,
        asked.at or _changed(asked.file),
        times.TimeFormat(asked.time_zone, asked.time_format),
        [asked.country] if asked.country else countries_of(built.directory, target),
        row_reading.OptIns(service.now_utc(), asked.at) if asked.opt_ins else None,
    )
    if not asked.country:
        rows = ensure_country_codes(rows, reader, built.directory)
    purpose = importing.ImportPurpose(
        target, asked.actor, asked.reason or f"import of {asked.file.name}"
    )
    importer = stack.enter_context(built.importing(purpose, dry_run=asked.dry_run))
    bar = stack.enter_context(tqdm(total=_size(asked.file), unit="B", unit_scale=True, disable=None))
    for batch in batches(rows, reader, report, counts):
        counts.update(importer.record(batch))
        bar.update(rows.position - bar.n)


def _print(asked: argparse.Namespace, counts: Counter[str], report: "RefusedRows") -> None:
    if not asked.json:
        print(_summary(counts, report, dry_run=asked.dry_run))
        return
    said = {"dry_run": asked.dry_run, "counts": dict(+counts), "refused": report.refused}
    print(json.dumps(said | ({"refused_rows": str(report.path)} if report.refused else {}), indent=2))


class RefusedRows:
    """The rows that were refused, with line and reason, in a file; no file for none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.refused = 0
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        with suppress(OSError):
            self.path.unlink(missing_ok=True)
        return self

    def __exit__(self, *problem: object) -> None:
        if self._file is not None:
            self._file.close()

    def refuse(self, row: "FileRow", reason: str) -> None:
        from optout.operations.transfer.cells import guarded

        if self._file is None:
            try:
                files.create(self.path)
                self._file = self.path.open("w", encoding="utf-8", newline="")
            except OSError as problem:
                raise OptoutError(
                    f"{self.path}: rows that are refused cannot be written there ({problem.strerror}). "
                    "Name another file by --refused"
                ) from None
            csv.writer(self._file).writerow(("line", "reason", "row"))
        self.refused += 1
        csv.writer(self._file).writerow((row.line, guarded(reason), guarded(row.raw.rstrip("\r\n"))))


def batches(
    rows: "FileRows", reader: "RowReader", report: RefusedRows, counts: Counter[str]
) -> Iterator[list["ImportedRow"]]:
    """What the rows say, except those that are refused or left out."""
    from optout.operations.transfer import reading
    from optout.operations.transfer.rows import Refused

    while part := reading.part(rows.rows, BATCH):
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


def ensure_country_codes(rows: "FileRows", reader: "RowReader", directory: "Directory") -> "FileRows":
    """The same rows, unless most of them lack the country without which nobody can tell whose numbers
    they are. Raises BadRequest then, before anything is recorded."""
    from optout.operations.transfer.reading import cell, part

    everybody = directory.countries_meant()
    first = part(rows.rows, LOOKED_AT)
    written = [cell(row, reader.columns.number) for row in first]
    national = [text for text in written if _lacks_country(text, reader.countries, everybody)]
    if 2 * len(national) > len(first):
        country = _likely_country(national[:TRIED], everybody)
        known = f"--country {country}" if country else "--country and its two letters"
        raise BadRequest(
            f"{len(national) * 100 // len(first)} % of the rows have no country code: say {known}; "
            "nothing was recorded"
        )
    return replace(rows, rows=chain(first, rows.rows))


def _lacks_country(written: str, meant: Collection[str], everybody: Collection[str]) -> bool:
    """Whether a number has no country code and cannot be read without it; or can, as one that is not in
    use, while it is in use in a country that nobody meant."""
    from optout.domain import numbers
    from optout.operations.transfer.rows import NoCountryCode, Refused, read_number

    try:
        number = read_number(written, meant)
    except NoCountryCode:
        return True
    except Refused:
        return False
    is_certain = "+" in written or numbers.is_in_use(number)
    return not is_certain and _likely_country([written], everybody) is not None


def _likely_country(written: Sequence[str], countries: Collection[str]) -> str | None:
    """The country of which most of some numbers are, as far as one can tell."""
    fits: Counter[str] = Counter()
    for country in sorted(countries):
        fits[country] = sum(_is_of(raw, country) for raw in written)
    ((country, times),) = fits.most_common(1) or [("", 0)]
    return country if times else None


def _is_of(written: str, country: str) -> bool:
    from optout.domain import numbers, readings

    try:
        return numbers.describe(readings.read(written, [country]))[1] == country
    except numbers.NotANumber:
        return False


def _summary(counts: Counter[str], report: RefusedRows, *, dry_run: bool) -> str:
    would = "would be " if dry_run else ""
    said = {
        "opted_out": f"{would}opted out",
        "opted_in": f"{would}opted in",
        "confirmed": "already so",
        "outdated": "older than what is known",
        "none": "still blocked by a carrier or ACS; only the person can lift that",
        "recorded": "recorded by an earlier run",
        "left_out": "opt-ins, left out without --opt-ins",
    }
    lines = [f"{counts[name]:>10,}  {words}" for name, words in said.items() if counts[name]]
    if report.refused:
        lines.append(f"{report.refused:>10,}  refused; {report.path} lists them with the reasons")
    return "\n".join(lines) or "nothing to import"


def beside(list_: Path) -> Path:
    """Where the rows of a list go that are refused: beside it, or here, where it is no file."""
    name = "stdin" if is_standard(list_) or not list_.name else list_.name
    return (list_ if list_.is_file() else Path(name)).with_name(f"{name}.refused.csv")


def _changed(file: Path) -> datetime:
    """When a list was last changed: people listed without a time were out by then."""
    from optout import service

    return datetime.fromtimestamp(file.stat().st_mtime, UTC) if file.is_file() else service.now_utc()


def _size(file: Path) -> int | None:
    return file.stat().st_size if file.is_file() else None

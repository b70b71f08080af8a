"""links: a link for each recipient of a list."""

import argparse
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from optout.cli import Commands, values
from optout.cli.files import STANDARD, add_output, is_standard, writing
from optout.cli.import_ import RefusedRows, beside
from optout.operations.naming import find_sender

if TYPE_CHECKING:
    from optout.operations.links import MadeLink
    from optout.operations.transfer.reading import FileRow, FileRows


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "links",
        help="make a link that opts out for each recipient of a list",
        description="Make the links of a sender's recipients: each opts one person out with one tap. "
        "Recipients come one a line, as CSV or as NDJSON, in the columns that import knows. Out come "
        "recipient, url, and the number as it was given. Nothing is recorded; the same person and "
        "sender always have the same link. Rows that do not name somebody for certain are left out, "
        "and written to a file beside the list with the reason.",
        epilog="The exit code is 1 where rows were left out.",
    )
    parser.add_argument(
        "file",
        nargs="?",
        type=Path,
        default=Path(STANDARD),
        metavar="FILE",
        help="default: standard input, -",
    )
    parser.add_argument("--sender", required=True, metavar="NUMBER", help="whose messages they are")
    parser.add_argument(
        "--allow-unconfigured",
        action="store_true",
        help="accept a sender that no program names; otherwise it is refused, as it may be mistyped",
    )
    parser.add_argument("--number", metavar="COLUMN", help="the column of the numbers, or its position")
    parser.add_argument("--no-header", action="store_true", help="the first line is a recipient")
    parser.add_argument(
        "--encoding", type=values.encoding, help="of the text; default: UTF-8, or UTF-16 where it shows"
    )
    parser.add_argument(
        "--country", type=values.country, help="country of numbers without a country code: US, GB"
    )
    add_output(parser)
    parser.add_argument(
        "--refused", type=Path, metavar="FILE",
        help="where the rows go that have no link; default: FILE.refused.csv, beside the list, or "
        "standard error for what comes from standard input",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    from optout import service, settings
    from optout.operations.transfer import exporting, reading

    settings.adopt_local_settings()
    report = asked.refused or (None if is_standard(asked.file) else beside(asked.file))
    refused = _Refused(RefusedRows(report) if report else None)
    stream = sys.stdin.buffer if is_standard(asked.file) else None
    with ExitStack() as stack:
        built = service.build(settings.load())
        stack.callback(built.close)
        sender = find_sender(built.directory, asked.sender, allow_unconfigured=asked.allow_unconfigured)
        rows = stack.enter_context(
            reading.open_rows(asked.file, has_header=False, encoding=asked.encoding, stream=stream)
        )
        for note in rows.notes:
            print(f"note: {note}", file=sys.stderr)
        stack.enter_context(refused)
        countries = [asked.country] if asked.country else built.directory.countries_meant([sender])
        place, whole = _numbers(rows, asked.number, no_header=asked.no_header)
        links = built.links.make(sender, _written(whole, place, refused), countries)
        items = _made(links, refused)
        write = exporting.write_csv if asked.format == "csv" else exporting.write_ndjson
        # Whoever has this file can silence everybody in it.
        write(items, stack.enter_context(writing(asked.output)))
    return refused.told()


class _Refused:
    """Rows that have no link: told in a file; where there is none, line by line."""

    def __init__(self, report: RefusedRows | None) -> None:
        self._report = report
        self._count = 0
        self.row: FileRow | None = None

    def __enter__(self) -> None:
        if self._report:
            self._report.__enter__()

    def __exit__(self, *problem: object) -> None:
        if self._report:
            self._report.__exit__(*problem)

    def refuse(self, reason: str) -> None:
        """The row that is being read has no link."""
        self._count += 1
        if self.row is None:
            return
        if self._report:
            self._report.refuse(self.row, reason)
        else:
            print(f"line {self.row.line}: {reason}", file=sys.stderr)

    def told(self) -> int:
        """Say how many they were; the exit code."""
        if not self._count:
            return 0
        where = f"; {self._report.path} lists them with the reasons" if self._report else ""
        print(f"{self._count:,} rows have no link{where}", file=sys.stderr)
        return 1


def _numbers(
    rows: "FileRows", named: str | None, *, no_header: bool
) -> "tuple[int, Iterator[FileRow]]":
    """The place of the numbers in a row, and the rows without a header. A first line that begins with
    a number is a recipient."""
    from optout.operations.transfer import columns
    from optout.operations.transfer.reading import cell

    by_name = columns.Named(number=named)
    if no_header:
        return columns.numbered(len(rows.header), by_name).number, rows.rows
    first = next(rows.rows)
    is_object = first.raw.lstrip().startswith("{")
    if not is_object and columns.looks_like_a_number(cell(first, 0)):
        return columns.numbered(len(rows.header), by_name).number, _again(first, rows.rows)
    place = columns.recognise(rows.header, by_name).number
    return place, (_again(first, rows.rows) if is_object else rows.rows)


def _again(first: "FileRow", rows: "Iterator[FileRow]") -> "Iterator[FileRow]":
    yield first
    yield from rows


def _written(rows: "Iterator[FileRow]", place: int, refused: _Refused) -> Iterator[str]:
    """The numbers as they are written."""
    from optout.operations.transfer.reading import cell

    for row in rows:
        refused.row = row
        if row.problem is not None:
            refused.refuse(row.problem)
        else:
            yield cell(row, place)


def _made(links: "Iterator[MadeLink]", refused: _Refused) -> Iterator[Mapping[str, object]]:
    for made in links:
        if made.url is None:
            refused.refuse(made.error or "")
        else:
            yield {"recipient": made.recipient, "url": made.url, "given": made.given}

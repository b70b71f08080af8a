"""links: a link for each recipient of a list."""

import argparse
import io
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

from optout import files
from optout.cli import Commands
from optout.cli.import_ import RefusedRows, country_code
from optout.operations.naming import find_sender

if TYPE_CHECKING:
    from optout.operations.links import MadeLink
    from optout.operations.transfer.reading import FileRow, FileRows

_STDIN = Path("-")


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
        "file", nargs="?", type=Path, default=_STDIN, metavar="FILE", help="default: standard input, -"
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
        "--country", type=country_code, help="country of numbers without a country code: US, GB"
    )
    parser.add_argument("--format", choices=("csv", "ndjson"), default="csv", help="default: csv")
    parser.add_argument("--output", type=Path, metavar="FILE", help="default: standard output")
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    from optout import service, settings
    from optout.operations.transfer import exporting, reading

    settings.adopt_local_settings()
    refused = _Refused(asked.file)
    with ExitStack() as stack:
        built = service.build(settings.load())
        stack.callback(built.close)
        sender = find_sender(built.directory, asked.sender, allow_unconfigured=asked.allow_unconfigured)
        if asked.file == _STDIN:
            rows = reading.stream_rows(cast(io.BufferedReader, sys.stdin.buffer), has_header=False)
        else:
            rows = stack.enter_context(reading.open_rows(asked.file, has_header=False))
        stack.enter_context(refused)
        countries = [asked.country] if asked.country else built.directory.countries_meant([sender])
        place, whole = _numbers(rows, asked.number, no_header=asked.no_header)
        links = built.links.make(sender, _written(whole, place, refused), countries)
        items = _made(links, refused)
        write = exporting.write_csv if asked.format == "csv" else exporting.write_ndjson
        with nullcontext(sys.stdout) if asked.output is None else _whole(asked.output) as file:
            write(items, file)
    return refused.told()


@contextmanager
def _whole(path: Path) -> Iterator[TextIO]:
    """A file that has its name once it is complete, and that nobody but its owner reads: whoever has
    it can silence everybody in it."""
    part = path.with_name(path.name + ".part")
    files.create(part)
    with part.open("w", encoding="utf-8", newline="") as file:
        yield file
    part.replace(path)


class _Refused:
    """Rows that have no link: told in a file beside the list; where there is none, line by line."""

    def __init__(self, list_: Path) -> None:
        self._report = None if list_ == _STDIN else RefusedRows(list_)
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
    from optout.operations.transfer.rows import Refused, read_number

    by_name = columns.Named(number=named)
    if no_header:
        return columns.numbered(len(rows.header), by_name).number, rows.rows
    first = next(rows.rows)
    is_object = first.raw.lstrip().startswith("{")
    if not is_object and any(character.isdigit() for character in rows.header[0]):
        try:
            read_number("+" + rows.header[0].strip(" '+"), ())
        except Refused:
            pass
        else:
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

"""A workbook as rows: the first of its sheets that has any. Its cells have all digits of a number,
where what a spreadsheet program writes as CSV may have lost them."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date, time, timedelta
from typing import BinaryIO

from optout.domain.errors import BadRequest

# What a file begins with: a zip archive, as .xlsx and .ods are, and an OLE document, as .xls is.
BEGINNINGS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
# A sheet has a million rows at most.
LARGEST = 256 * 1024 * 1024

_Cell = int | float | str | bool | date | time | timedelta | None


def open_sheet(file: BinaryIO) -> tuple[Iterator[tuple[int, list[str]]], list[str]]:
    """The rows of the first sheet that has any, each with its number, and the names of other sheets
    that have some and are not read. Raises BadRequest."""
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ModuleNotFoundError:
        raise BadRequest(
            "a workbook; install the package python-calamine to read it, or save it as CSV UTF-8 with "
            "its numbers as text"
        ) from None
    content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise BadRequest(f"a workbook of more than {LARGEST // 1024**2} MiB; save it as CSV UTF-8")
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheets = [workbook.get_sheet_by_name(name) for name in workbook.sheet_names]
    except (CalamineError, ValueError, OSError) as problem:
        raise BadRequest(
            f"a workbook or an archive that cannot be read ({problem}); unpack it, or save the sheet "
            "as CSV UTF-8"
        ) from None
    filled = [sheet for sheet in sheets if sheet.start is not None]
    if not filled:
        raise BadRequest("the workbook is empty")
    first, *others = filled
    begin = first.start[0] + 1 if first.start else 1
    rows = (
        (number, [_text(cell) for cell in row])
        for number, row in enumerate(first.iter_rows(), start=begin)
    )
    return rows, [sheet.name for sheet in others]


def as_line(cells: Sequence[str]) -> str:
    """A row as a line of CSV, for whoever is told of it."""
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


def _text(cell: _Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)

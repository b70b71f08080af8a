"""A file as rows: CSV or one JSON object per line, read a row at a time however long it is."""

import codecs
import csv
import gzip
import io
import json
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Self

from optout.domain.errors import BadRequest
from optout.operations.transfer.cells import unguarded

_DELIMITERS = ",;\t|"


class FileRow(NamedTuple):
    """The line where a row begins, its cells, the text of its lines, and what is wrong with it."""

    line: int
    cells: Sequence[str]
    raw: str
    problem: str | None = None


@dataclass(frozen=True)
class FileRows:
    """The rows of an open file. `header` is the first where the file has one; `position` says how many
    of its bytes were read."""

    header: Sequence[str]
    rows: Iterator[FileRow]
    file: BinaryIO

    @property
    def position(self) -> int:
        return self.file.tell()


@contextmanager
def open_rows(path: Path, *, has_header: bool = True) -> Iterator[FileRows]:
    """The rows of a file. Raises BadRequest if it is empty or cannot be read."""
    try:
        file = path.open("rb")
    except OSError as problem:
        raise BadRequest(f"{path}: {problem.strerror}") from None
    with file, gzip.GzipFile(fileobj=file) if path.suffix == ".gz" else file as plain:
        try:
            # Bytes that are not text spoil their row, not the file.
            encoding = _encoding(plain.peek(2))
            text = io.TextIOWrapper(plain, encoding=encoding, errors="replace", newline="")
            header, rows = _read(text, has_header)
            yield FileRows(header, rows, file)
        except (EOFError, zlib.error, gzip.BadGzipFile) as problem:
            raise BadRequest(f"{path}: cannot be read to its end ({problem})") from None


def _encoding(start: bytes) -> str:
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-8-sig"


def _read(text: io.TextIOWrapper, has_header: bool) -> tuple[Sequence[str], Iterator[FileRow]]:
    lines = iter(text)
    first = next(lines, "")
    if not first.strip():
        raise BadRequest("the file is empty, or its first line is")
    if first.startswith("["):
        raise BadRequest("a JSON array; write one object per line, for example with jq -c '.[]'")
    if first.startswith("{"):
        return _objects(first, lines)
    delimiter = max(_DELIMITERS, key=first.count)
    rows = _cells(_Lines(chain([first], lines)), delimiter)
    row = next(rows)
    if row.problem is not None:
        raise BadRequest(f"the first line: {row.problem}")
    return row.cells, rows if has_header else chain([row], rows)


class _Lines:
    """Lines, counted, with those of the row that is being read; some can be read again."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._again: deque[str] = deque()
        self.taken: list[str] = []
        self.number = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self.number += 1
        self.taken.append(line)
        return line

    def give_back(self) -> str:
        """Return the first of the lines taken; the others will be read again."""
        first, *rest = self.taken
        self._again.extendleft(reversed(rest))
        self.number -= len(rest)
        return first


def _cells(lines: _Lines, delimiter: str) -> Iterator[FileRow]:
    # Strict: a quote in the wrong place would swallow the rows up to the next one.
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        begin = lines.number + 1
        lines.taken.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            yield FileRow(begin, (), lines.give_back(), f"not CSV: {problem}")
            continue
        if cells:
            yield FileRow(
                begin, cells, lines.taken[0] if len(lines.taken) == 1 else "".join(lines.taken)
            )


def _objects(first: str, lines: Iterator[str]) -> tuple[Sequence[str], Iterator[FileRow]]:
    """Rows of NDJSON; the header is the fields of the first object."""
    try:
        names = list(json.loads(first))
    except ValueError as problem:
        raise BadRequest(f"the first line is not a JSON object: {problem}") from None
    return names, _object_rows(names, chain([first], lines))


def _object_rows(names: Sequence[str], lines: Iterable[str]) -> Iterator[FileRow]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
            cells = [_text(values.get(name)) for name in names]
        except (ValueError, RecursionError, AttributeError):
            yield FileRow(number, (), line, "not a JSON object")
            continue
        yield FileRow(number, cells, line)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value)


def cell(row: FileRow, place: int) -> str:
    """The text of a cell; one that is missing is empty."""
    cells = row.cells
    return unguarded(cells[place].strip()) if place < len(cells) else ""

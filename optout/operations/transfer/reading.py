"""A file as rows: CSV or one JSON object per line, read a row at a time however long it is.

A row is about one person, so there is a limit to it: a file without line breaks, or with a quote that
is never closed, must not be read into memory as one row.
"""

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
ROW_CHARACTERS = 64 * 1024
PART_CHARACTERS = 64 * ROW_CHARACTERS
# So much of a row that is too long is told.
_BEGINNING = 200
_TOO_LONG = f"longer than {ROW_CHARACTERS:,} characters: a row is about one person; it begins like this"


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
            text = _text_of(plain)
            header, rows = _read(text, has_header)
            yield FileRows(header, rows, file)
        except (EOFError, zlib.error, gzip.BadGzipFile) as problem:
            raise BadRequest(f"{path}: cannot be read to its end ({problem})") from None


def stream_rows(stream: io.BufferedReader, *, has_header: bool = True) -> FileRows:
    """The rows of what comes in, standard input for example. Raises BadRequest if nothing does."""
    header, rows = _read(_text_of(stream), has_header)
    return FileRows(header, rows, stream)


def _text_of(plain: io.BufferedReader | gzip.GzipFile) -> io.TextIOWrapper:
    # Bytes that are not text spoil their row, not the file.
    return io.TextIOWrapper(plain, encoding=_encoding(plain.peek(2)), errors="replace", newline="")


def part(rows: Iterator[FileRow], most: int) -> list[FileRow]:
    """The next rows, `most` of them or as many as may be in memory; none at the end."""
    taken: list[FileRow] = []
    characters = 0
    while len(taken) < most and characters < PART_CHARACTERS:
        row = next(rows, None)
        if row is None:
            break
        taken.append(row)
        characters += len(row.raw)
    return taken


def _encoding(start: bytes) -> str:
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-8-sig"


def _read(text: io.TextIOWrapper, has_header: bool) -> tuple[Sequence[str], Iterator[FileRow]]:
    lines = _lines(text)
    first = next(lines, "")
    if not first.strip():
        raise BadRequest("the file is empty, or its first line is")
    if len(first) > ROW_CHARACTERS:
        raise BadRequest(f"line 1: {_TOO_LONG}: {first[:_BEGINNING]}")
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


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    """The lines of a text. One that is longer than a row may be is cut there, one character later."""
    while line := text.readline(ROW_CHARACTERS + 1):
        yield line
        while line and not line.endswith(("\n", "\r")):
            line = text.readline(ROW_CHARACTERS)


class _TooLong(Exception):
    """The row that is being read is longer than a row may be."""


class _Unclosed(Exception):
    """The row that is being read goes on after a line that must be a row by itself."""


class _Lines:
    """Lines, counted, with those of the row that is being read; some can be read again."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._again: deque[str] = deque()
        self._alone = 0
        self._stands_alone = False
        self._characters = 0
        self.taken: list[str] = []
        self.number = 0

    def __iter__(self) -> Self:
        return self

    def begin(self) -> int:
        """Begin another row; the number of its first line."""
        self.taken.clear()
        self._characters = 0
        self._stands_alone = self._alone > 0
        self._alone -= self._stands_alone
        return self.number + 1

    def __next__(self) -> str:
        if self.taken and self._stands_alone:
            raise _Unclosed
        line = self._again.popleft() if self._again else next(self._lines)
        self.number += 1
        self.taken.append(line)
        self._characters += len(line)
        if self._characters > ROW_CHARACTERS:
            raise _TooLong
        return line

    def give_back(self) -> str:
        """Return the first of the lines taken; the others will be read again, each as a row by itself,
        but for the last: it is where the wrong row met the beginning of a right one.

        Otherwise each could again be taken for the beginning of all that follow, and a long file of
        such lines would never end.
        """
        first, *rest = self.taken
        self._again.extendleft(reversed(rest))
        self._alone = max(0, len(rest) - 1)
        self.number -= len(rest)
        return first


def _cells(lines: _Lines, delimiter: str) -> Iterator[FileRow]:
    # Strict: a quote in the wrong place would swallow the rows up to the next one.
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        begin = lines.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            yield FileRow(begin, (), lines.give_back(), f"not CSV: {problem}")
            continue
        except _TooLong:
            yield FileRow(begin, (), lines.give_back()[:_BEGINNING], _TOO_LONG)
            continue
        except _Unclosed:
            yield FileRow(begin, (), lines.taken[0], "not CSV: a quote is not closed")
            continue
        if cells:
            yield FileRow(
                begin, cells, lines.taken[0] if len(lines.taken) == 1 else "".join(lines.taken)
            )


def _objects(first: str, lines: Iterator[str]) -> tuple[Sequence[str], Iterator[FileRow]]:
    """Rows of NDJSON; the header is the fields of the first object."""
    try:
        names = list(json.loads(first))
    except (ValueError, RecursionError) as problem:
        raise BadRequest(f"the first line is not a JSON object: {problem}") from None
    return names, _object_rows(names, chain([first], lines))


def _object_rows(names: Sequence[str], lines: Iterable[str]) -> Iterator[FileRow]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        if len(line) > ROW_CHARACTERS:
            yield FileRow(number, (), line[:_BEGINNING], _TOO_LONG)
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

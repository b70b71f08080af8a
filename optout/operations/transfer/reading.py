"""A file as rows: CSV or one JSON object per line, read a row at a time however long it is; a workbook
and one JSON document as a whole.

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
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Self

from optout.domain.errors import BadRequest
from optout.operations.transfer import envelopes, sheets
from optout.operations.transfer.cells import unguarded

_DELIMITERS = ",;\t|"
ROW_CHARACTERS = 64 * 1024
PART_CHARACTERS = 64 * ROW_CHARACTERS
# So much of a row that is too long is told.
_BEGINNING = 200
_GZIP = b"\x1f\x8b"
_LOOKED_AT = 64 * 1024
# How deep what is around a list in JSON may be nested.
_DEPTH = 8
_TOO_LONG = f"longer than {ROW_CHARACTERS:,} characters: a row is about one person; it begins like this"


class FileRow(NamedTuple):
    """The line where a row begins, its cells, the text of its lines, and what is wrong with it."""

    line: int
    cells: Sequence[str]
    raw: str
    problem: str | None = None


@dataclass(frozen=True)
class FileRows:
    """The rows of an open file. `header` is the first where the file has one; `notes` are what whoever
    imports must know of it; `position` says how many of its bytes were read, if that can be known."""

    header: Sequence[str]
    rows: Iterator[FileRow]
    file: BinaryIO
    notes: tuple[str, ...] = ()

    @property
    def position(self) -> int:
        return self.file.tell() if self.file.seekable() else 0


@contextmanager
def open_rows(
    path: Path, *, has_header: bool = True, encoding: str | None = None, stream: BinaryIO | None = None
) -> Iterator[FileRows]:
    """The rows of a file, or of what is open already, whose name then is only said. `encoding` is that
    of its text, by default UTF-8, or UTF-16 where it shows. Raises BadRequest if it is empty or cannot
    be read."""
    try:
        with ExitStack() as stack:
            file = stack.enter_context(nullcontext(stream) if stream else path.open("rb"))
            yield _rows(file, path, has_header, encoding, stack)
    except (EOFError, zlib.error, gzip.BadGzipFile) as problem:
        raise BadRequest(f"{path}: cannot be read to its end ({problem})") from None
    except UnicodeError as problem:
        raise BadRequest(f"{path}: is not in {encoding} ({problem}): correct --encoding") from None
    except OSError as problem:
        raise BadRequest(f"{path}: {problem.strerror or problem}") from None


def _rows(
    file: BinaryIO, path: Path, has_header: bool, encoding: str | None, stack: ExitStack
) -> FileRows:
    # What is not at hand yet can still be read: a pipe, for example.
    peekable: Any = file
    is_compressed = path.suffix == ".gz" or peekable.peek(2).startswith(_GZIP)
    plain: Any = stack.enter_context(gzip.GzipFile(fileobj=file)) if is_compressed else file
    start = plain.peek(_LOOKED_AT)[:_LOOKED_AT]
    if start.startswith(sheets.BEGINNINGS):
        found, unread = sheets.open_sheet(plain)
        header, rows = _sheet(found, has_header)
        return FileRows(header, rows, file, tuple(f"sheet {name!r} is not read" for name in unread))
    # Bytes that are not text spoil their row, not the file.
    text = io.TextIOWrapper(plain, encoding=encoding or _encoding(start), errors="replace", newline="")
    # Until then somebody must have it: at its end it would close the file.
    stack.callback(text.detach)
    header, rows, notes = _read(text, has_header)
    if encoding is None and _is_no_utf8(start):
        notes = (
            *notes,
            "some bytes are not UTF-8 and were replaced: say --encoding, for example cp1252",
        )
    return FileRows(header, rows, file, notes)


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
    # Latin letters in UTF-16 without its mark: every other byte is zero.
    if len(start) > 1 and 0 in start[:2] and start[:2] != b"\0\0":
        return "utf-16-le" if start[1] == 0 else "utf-16-be"
    return "utf-8-sig"


def _is_no_utf8(start: bytes) -> bool:
    """Whether a beginning shows that a file is in no Unicode encoding."""
    if not _encoding(start).startswith("utf-8"):
        return False
    try:
        # Without an end, at which a letter may be cut.
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return True
    return False


def _read(
    text: io.TextIOWrapper, has_header: bool
) -> tuple[Sequence[str], Iterator[FileRow], tuple[str, ...]]:
    lines = _lines(text)
    first = next(lines, "")
    if not first.strip():
        raise BadRequest("the file is empty, or its first line is")
    if first.startswith(("{", "[")) and len(first) <= ROW_CHARACTERS:
        return _json(first, lines, text)
    if len(first) > ROW_CHARACTERS:
        if _begins_document(first) and (whole := _document(first, text)) is not None:
            return whole
        raise BadRequest(f"line 1: {_TOO_LONG}: {first[:_BEGINNING]}")
    delimiter = max(_DELIMITERS, key=first.count)
    rows = _cells(_Lines(chain([first], lines)), delimiter)
    row = next(rows)
    if row.problem is not None:
        raise BadRequest(f"the first line: {row.problem}")
    return row.cells, rows if has_header else chain([row], rows), ()


def _json(
    first: str, lines: Iterator[str], text: io.TextIOWrapper
) -> tuple[Sequence[str], Iterator[FileRow], tuple[str, ...]]:
    """One object a line, unless the first line is none: then all of it is one document."""
    try:
        value = json.loads(first)
    except (ValueError, RecursionError):
        found = _document(first, text)
        if found is None:
            raise BadRequest(
                "the first line is not a JSON object, and the file is no JSON document; write one "
                "object per line"
            ) from None
        return found
    second = next((line for line in lines if line.strip()), None) if isinstance(value, dict) else None
    if second is None and (enclosed := envelopes.envelope(value)) is not None:
        return _enclosed(enclosed)
    if not isinstance(value, dict):
        raise BadRequest("JSON without a list of objects; write one object per line")
    names, rows = _objects(first, lines if second is None else chain([second], lines))
    return names, rows, ()


def _begins_document(start: str) -> bool:
    """Whether a long line may be a whole list in JSON: it opens about as much as it closes."""
    opened = start.count("{") + start.count("[") - start.count("}") - start.count("]")
    return start.startswith(("{", "[")) and opened <= _DEPTH


def _document(
    first: str, text: io.TextIOWrapper
) -> tuple[Sequence[str], Iterator[FileRow], tuple[str, ...]] | None:
    """The rows of one JSON document, of which the beginning was read; None if it is none."""
    try:
        return _enclosed(envelopes.document(first + text.read(envelopes.LARGEST)))
    except (ValueError, RecursionError):
        return None


def _enclosed(
    found: envelopes.Envelope,
) -> tuple[Sequence[str], Iterator[FileRow], tuple[str, ...]]:
    names = list(dict.fromkeys(name for row in found.rows for name in row))
    if not names:
        raise BadRequest("the list is empty")
    rows = (
        FileRow(number, [_text(row.get(name)) for name in names], json.dumps(row)[:ROW_CHARACTERS])
        for number, row in enumerate(found.rows, start=1)
    )
    more = f"{found.more} says that this is a page of a longer list: get the other pages, too"
    return names, rows, (more,) if found.more else ()


def _sheet(
    found: Iterator[tuple[int, list[str]]], has_header: bool
) -> tuple[Sequence[str], Iterator[FileRow]]:
    number, header = next(found)
    others = found if has_header else chain([(number, header)], found)
    rows = (FileRow(line, cells, sheets.as_line(cells)) for line, cells in others if any(cells))
    return header, rows


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

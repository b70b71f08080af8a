"""A copy of the tables as a file, gzip'd: a line that says what it is, a line for each row, and a last
line that says how many there were. Pure.

Each line is JSON. A row is the name of its table and its properties. A text, a truth value and a number
of 32 bits stand as they are; everything else is a list of its type, as Table Storage names it, and its
text.
"""

import json
import math
import zlib
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from azure.data.tables import EdmType, EntityProperty

from optout.domain.errors import OptoutError
from optout.store import codec
from optout.store.tables.rows import Row

FORMAT = "optout-tables"
VERSION = 1
# A row may have a mebibyte; what is packed in it grows by a third as base64, and by less as JSON.
_LONGEST_LINE = 16 * 2**20
_AT_ONCE = 2**20
_GZIP = 31  # zlib's name for a window of 15 bits in a gzip file

Json = dict[str, Any]


class BadCopy(OptoutError):
    """A file is no whole copy that this version can read; the message says why, and names nobody."""


class Header(NamedTuple):
    """Which copy it is, when it was begun, and the tables that are in it."""

    id: str
    begun: datetime
    tables: tuple[str, ...]


class Line(NamedTuple):
    """A row of a table, and how many bytes it takes as JSON."""

    table: str
    row: Row
    size: int


def written(header: Header, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[bytes]:
    """The file, piece by piece, as its rows come."""
    return _compressed(_lines_of(header, rows))


def _lines_of(header: Header, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[object]:
    counts: Counter[str] = Counter(dict.fromkeys(header.tables, 0))
    yield {
        **{"format": FORMAT, "version": VERSION, "id": header.id, "begun": codec.stamp(header.begun)},
        "tables": list(header.tables),
    }
    for table, row in rows:
        counts[table] += 1
        yield [table, {name: _dumped(value) for name, value in row.items()}]
    yield {"rows": counts}


def _compressed(lines: Iterable[object]) -> Iterator[bytes]:
    gzip = zlib.compressobj(wbits=_GZIP)
    for line in lines:
        if piece := gzip.compress(json.dumps(line, separators=(",", ":")).encode() + b"\n"):
            yield piece
    yield gzip.flush()


class Copy:
    """A copy that is read once, from its first line to its last. Raises BadCopy, as `rows` does."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._lines = _split(_uncompressed(pieces))
        self.header = _header(_json(next(self._lines, b"")))

    def rows(self) -> Iterator[Line]:
        """All rows; BadCopy at the end, if that is not the end of a whole copy."""
        counts: Counter[str] = Counter(dict.fromkeys(self.header.tables, 0))
        for text in self._lines:
            line = _json(text)
            if isinstance(line, dict):
                if line.get("rows") != counts:
                    raise BadCopy("its last line counts other rows than there are")
                if next(self._lines, None) is not None:
                    raise BadCopy("there is something behind its last line")
                return
            table, row = _row(line, self.header.tables)
            counts[table] += 1
            yield Line(table, row, len(text))
        raise BadCopy("it is cut off: its last line is missing")


def _header(line: object) -> Header:
    if not isinstance(line, dict) or line.get("format") != FORMAT:
        raise BadCopy("its first line is not that of a copy of tables")
    if line.get("version") != VERSION:
        raise BadCopy(
            f"it is of version {line.get('version')!r} of the format, and this optout reads version "
            f"{VERSION}: restore it with the version of optout that wrote it"
        )
    try:
        return Header(str(line["id"]), codec.moment(line["begun"]), tuple(map(str, line["tables"])))
    except (LookupError, TypeError, ValueError, AttributeError):
        raise BadCopy("its first line cannot be understood") from None


def _row(line: Any, tables: tuple[str, ...]) -> tuple[str, Row]:
    try:
        table, properties = line
        row = {name: _loaded(value) for name, value in properties.items()}
        if table in tables and all(isinstance(row[name], str) for name in ("PartitionKey", "RowKey")):
            return table, row
    except (LookupError, TypeError, ValueError, AttributeError):
        pass
    raise BadCopy("a line of it cannot be understood")


def _json(text: bytes) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise BadCopy("a line of it is not JSON") from None


def _split(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The lines, as far as they are whole."""
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from lines
        if len(rest) > _LONGEST_LINE:
            raise BadCopy("a line of it is longer than any row")
    if rest:
        raise BadCopy("it is cut off within a line")


def _uncompressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    gzip = zlib.decompressobj(wbits=_GZIP)
    left = b""
    try:
        for piece in pieces:
            left += piece
            while left and not gzip.eof:
                yield gzip.decompress(left, _AT_ONCE)
                left = gzip.unconsumed_tail
        while not gzip.eof and (last := gzip.decompress(gzip.unconsumed_tail, _AT_ONCE)):
            yield last
    except zlib.error:
        raise BadCopy("it is not a gzip file, or it is damaged") from None
    if not gzip.eof:
        raise BadCopy("it is cut off, or empty")
    if gzip.unused_data or left:
        raise BadCopy("there is something behind its end")


def _dumped(value: object) -> object:
    """A property as JSON. Raises TypeError for what Table Storage has not."""
    match value:
        case str() | bool():
            return value
        case EntityProperty():
            return [EdmType(value.edm_type).value, str(value.value)]
        case int():
            return value
        case float():
            return [EdmType.DOUBLE.value, repr(value)]
        case bytes():
            return [EdmType.BINARY.value, b64encode(value).decode()]
        case UUID():
            return [EdmType.GUID.value, str(value)]
        case datetime():
            # As the service wrote it: it knows ticks of 100 ns, and Python does not.
            return [EdmType.DATETIME.value, value.tables_service_value]  # type: ignore[attr-defined]
    raise TypeError(f"{type(value).__name__}: no type of Table Storage")


def _loaded(value: Any) -> object:
    """A property as the SDK takes it. Raises LookupError, TypeError and ValueError."""
    if isinstance(value, str | int):  # truth values are among these
        return value
    name, text = value
    return _LOADED[EdmType(name)](text)


_LOADED: Mapping[EdmType, Callable[[str], object]] = {
    EdmType.INT64: lambda text: EntityProperty(int(text), EdmType.INT64),
    EdmType.DOUBLE: lambda text: EntityProperty(_double(text), EdmType.DOUBLE),
    EdmType.BINARY: lambda text: b64decode(text, validate=True),
    EdmType.GUID: UUID,
    EdmType.DATETIME: lambda text: EntityProperty(str(text), EdmType.DATETIME),
}


def _double(text: str) -> float:
    number = float(text)
    if text not in ("nan", "inf", "-inf") and not math.isfinite(number):
        raise ValueError("not a number as Python writes it")
    return number

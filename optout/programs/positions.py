"""Where in a TOML file something stands: tomllib says what a file contains, and not where.

The file has been read by tomllib: nothing here has to notice what is no TOML.
"""

import re
from bisect import bisect_right
from collections.abc import Mapping
from typing import NamedTuple

# The keys that lead to a value, with the position of an element in an array, from 0.
Path = tuple[str | int, ...]

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_INLINE_SPACE = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'', re.DOTALL
)
# A number, a time, true or false.
_PLAIN = re.compile(r"[^,\]}#\n]*")
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)")


class Place(NamedTuple):
    """A line and a column, both from 1."""

    line: int
    column: int


def places(text: str) -> Mapping[Path, Place]:
    """Where each key, each table and each element of an array is written."""
    found = _Reader(text).read()
    lines = [0, *(match.end() for match in re.finditer("\n", text))]
    return {
        path: Place(line := bisect_right(lines, offset), offset - lines[line - 1] + 1)
        for path, offset in found.items()
    }


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._found: dict[Path, int] = {}
        # How many tables an array of tables has so far.
        self._tables: dict[Path, int] = {}

    def read(self) -> dict[Path, int]:
        """The offset of each path. What stands behind something that is no TOML is left out."""
        table: Path = ()
        self._skip(_SPACE)
        while self._at < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            elif not self._pair(table):
                break
            self._skip(_SPACE)
        return self._found

    def _header(self) -> Path:
        begin = self._at
        is_array = self._text.startswith("[[", begin)
        self._at += 1 + is_array
        *outer, (last, _) = self._key() or [("", 0)]
        table = (*self._within((), [name for name, _ in outer], begin), last)
        self._at = (self._text.find("]", self._at) + 1 or len(self._text)) + is_array
        if is_array:
            self._found.setdefault(table, begin)
            number = self._tables.get(table, 0)
            self._tables[table] = number + 1
            table = (*table, number)
        self._found.setdefault(table, begin)
        return table

    def _within(self, table: Path, names: list[str], begin: int) -> Path:
        """The table that keys lead to: of an array of tables, the newest. One that nothing has named
        before begins here."""
        for name in names:
            table = (*table, name)
            self._found.setdefault(table, begin)
            if table in self._tables:
                table = (*table, self._tables[table] - 1)
        return table

    def _pair(self, table: Path) -> bool:
        key = self._key()
        if not key or not self._text.startswith("=", self._at):
            return False
        for name, begin in key:
            table = (*table, name)
            self._found.setdefault(table, begin)
        self._at += 1
        self._skip(_INLINE_SPACE)
        self._value(table)
        return True

    def _key(self) -> list[tuple[str, int]]:
        """The parts of a dotted key, each with its offset."""
        parts = []
        while True:
            self._skip(_INLINE_SPACE)
            found = _STRING.match(self._text, self._at) or _BARE.match(self._text, self._at)
            if not found:
                return []
            parts.append((_plain(found[0]), self._at))
            self._at = found.end()
            self._skip(_INLINE_SPACE)
            if not self._text.startswith(".", self._at):
                return parts
            self._at += 1

    def _value(self, path: Path) -> None:
        if string := _STRING.match(self._text, self._at):
            self._at = string.end()
        elif self._text.startswith("[", self._at):
            self._elements(path)
        elif self._text.startswith("{", self._at):
            self._inline_table(path)
        else:
            self._skip(_PLAIN)

    def _elements(self, path: Path) -> None:
        number = 0
        self._next()
        while self._at < len(self._text) and not self._text.startswith("]", self._at):
            begin = self._at
            self._found.setdefault((*path, number), begin)
            self._value((*path, number))
            number += 1
            self._separator()
            if self._at == begin:
                return
        self._at += 1

    def _inline_table(self, path: Path) -> None:
        self._next()
        while self._at < len(self._text) and not self._text.startswith("}", self._at):
            if not self._pair(path):
                return
            self._separator()
        self._at += 1

    def _separator(self) -> None:
        self._skip(_SPACE)
        if self._text.startswith(",", self._at):
            self._next()

    def _next(self) -> None:
        self._at += 1
        self._skip(_SPACE)

    def _skip(self, what: re.Pattern[str]) -> None:
        found = what.match(self._text, self._at)
        self._at = found.end() if found else self._at


def _plain(key: str) -> str:
    """A key as it is meant, from how it is written."""
    if key.startswith("'"):
        return key[1:-1]
    return _ESCAPE.sub(_unescaped, key[1:-1]) if key.startswith('"') else key


def _unescaped(escape: re.Match[str]) -> str:
    kind = escape[1]
    if kind[0] in "uU":
        return chr(int(kind[1:], 16))
    return {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}.get(kind, kind)

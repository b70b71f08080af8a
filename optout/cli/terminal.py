"""What a terminal shows: colour and aligned columns; in a pipe, neither."""

import sys
import unicodedata
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import TextIO

from optout import settings
from optout.domain.text import in_one_line

_GAP = "  "


class Colour(StrEnum):
    """By what it means, as ECMA-48 writes it."""

    GOOD = "32"
    BAD = "31"
    WARNING = "33"
    FAINT = "2"
    STRONG = "1"


class Screen:
    """Writes to standard output or standard error, with colour where that is a terminal and nobody has
    said NO_COLOR."""

    def __init__(self, file: TextIO | None = None) -> None:
        self._file = sys.stdout if file is None else file
        self._has_colour = self._file.isatty() and settings.allows_colour()

    def painted(self, text: str, colour: Colour | None) -> str:
        """A text in a colour; as it is where there is none."""
        if colour is None or not self._has_colour or not text:
            return text
        return f"\x1b[{colour}m{text}\x1b[0m"

    def line(self, text: str = "", colour: Colour | None = None) -> None:
        """Write a line."""
        print(self.painted(text, colour), file=self._file)

    def table(
        self, rows: Sequence[Sequence[object]], colours: Sequence[Colour | None] = (), indent: str = ""
    ) -> None:
        """Write rows in aligned columns, each row in its colour, if any. In a pipe a tab is between the
        columns, for programs that cut."""
        texts = [[in_one_line("" if cell is None else str(cell)) for cell in row] for row in rows]
        if not self._file.isatty():
            for cells in texts:
                self.line("\t".join(cells))
            return
        widths = [max(map(width, column)) for column in zip(*texts, strict=True)]
        for number, cells in enumerate(texts):
            padded = [
                cell + " " * (wide - width(cell)) for cell, wide in zip(cells, widths, strict=True)
            ]
            colour = colours[number] if number < len(colours) else None
            self.line(indent + self.painted(_GAP.join(padded).rstrip(), colour))


def width(text: str) -> int:
    """How many columns a text takes: East Asian letters two, what is put on another letter none."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def sentence(words: Iterable[str | None]) -> str:
    """What there is to say of several things, with commas."""
    return ", ".join(in_one_line(word) for word in words if word)

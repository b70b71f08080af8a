"""Which column of a list says what: as columns.toml says, or as somebody names it."""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from optout.domain.data import DataModel
from optout.domain.errors import BadRequest
from optout.domain.nearest import did_you_mean

Says = Literal["out", "in"]

_LIKE_A_NUMBER = re.compile(r"[+(]*[0-9][0-9 ().+/-]{6,24}")
# Where bytes were no text.
_REPLACED = "\ufffd"
_SHOWN = 60


def column_key(name: str) -> str:
    """A column's name, or a word in it, without case, spaces and punctuation."""
    return re.sub(r"[\W_]+", "", name).lower()


Name = Annotated[str, AfterValidator(column_key)]


class Layout(DataModel):
    """The columns of one system's lists."""

    system: str
    source: str
    number: Name | None = None
    times: tuple[Name, ...] = ()
    status: Name | None = None
    true: Says | None = None
    also: tuple[Name, ...] = ()

    @property
    def names(self) -> set[str]:
        """The columns that a list from this system has."""
        return {name for name in (self.number, *self.times, self.status, *self.also) if name}


class _Statuses(DataModel):
    out: tuple[Name, ...]
    in_: tuple[Name, ...] = Field(alias="in")
    word: tuple[Name, ...]


class _Common(DataModel):
    number: tuple[Name, ...]
    times: tuple[Name, ...]
    status: _Statuses


class _Words(DataModel):
    out: frozenset[Name]
    in_: frozenset[Name] = Field(alias="in")
    yes: frozenset[Name]
    no: frozenset[Name]


class _Envelope(DataModel):
    more: tuple[Name, ...]
    page: Name
    pages: Name


class Knowledge(DataModel):
    """What columns.toml says."""

    envelope: _Envelope
    layout: tuple[Layout, ...]
    common: _Common
    words: _Words


@lru_cache(maxsize=1)
def knowledge() -> Knowledge:
    text = resources.files("optout.operations.transfer").joinpath("columns.toml").read_text("utf-8")
    return Knowledge.model_validate(tomllib.loads(text))


@dataclass(frozen=True, slots=True)
class Named:
    """The columns that somebody names: by name, or by position, from 1."""

    number: str | None = None
    time: str | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """The positions of the cells that matter. `true` is what a yes in the status means."""

    number: int
    times: tuple[int, ...] = ()
    status: int | None = None
    true: Says | None = None
    system: str | None = None

    def described(self, header: Sequence[str]) -> str:
        """What was understood, shown to the person who can correct it."""
        parts = [f"numbers from {header[self.number]!r}"]
        if self.times:
            parts.append("times from " + " and ".join(repr(header[place]) for place in self.times))
        if self.status is not None:
            parts.append(f"out or in from {header[self.status]!r}")
        return ", ".join(parts) + (f" ({self.system})" if self.system else "")


def recognise(header: Sequence[str], named: Named) -> Columns:
    """The columns of a list with a header. Raises BadRequest."""
    places = {column_key(name): place for place, name in reversed(list(enumerate(header)))}
    common = knowledge().common
    fitting = [layout for layout in knowledge().layout if layout.names <= places.keys()]
    layout = max(fitting, key=lambda layout: len(layout.names), default=Layout(system="", source=""))
    number = _chosen(named.number, [layout.number], common.number, places)
    times = [_chosen(named.time, [name], (), places) for name in layout.times] or [
        _chosen(named.time, [], common.times, places)
    ]
    every_status = (*common.status.out, *common.status.in_, *common.status.word)
    status = _chosen(named.status, [layout.status], every_status, places)
    if number is None:
        raise _no_number(header)
    return Columns(
        places[number],
        tuple(dict.fromkeys(places[time] for time in times if time is not None)),
        None if status is None else places[status],
        layout.true if status == layout.status else _true(status),
        layout.system or None,
    )


def names_a_number(names: Iterable[str]) -> bool:
    """Whether one of these is the name of a column of numbers, by any layout."""
    known = {layout.number for layout in knowledge().layout} | {*knowledge().common.number}
    return not known.isdisjoint(map(column_key, names))


def looks_like_a_number(cell: str) -> bool:
    """Whether a cell of a first line is no name of a column but a number, right or not."""
    return _LIKE_A_NUMBER.fullmatch(cell.strip()) is not None


def _no_number(header: Sequence[str]) -> BadRequest:
    shown = ", ".join(repr(name[:_SHOWN]) for name in header)
    likely = [place for place, name in enumerate(header, start=1) if looks_like_a_number(name)]
    if likely:
        return BadRequest(
            f"the first line is no header but a row: {shown}. Add --no-header, and --number {likely[0]}"
        )
    if any(_REPLACED in name for name in header):
        return BadRequest(
            f"no column is known for numbers: {shown}. The file is not in UTF-8: say --encoding, for "
            "example cp1252, or save it as CSV UTF-8"
        )
    return BadRequest(
        f"no column is known for numbers; the file has {shown}. Name it "
        "with --number (and --time, --status); with --no-header, by position, from 1"
    )


def numbered(width: int, named: Named) -> Columns:
    """The columns of a list without a header. Raises BadRequest."""
    number, time, status = (
        None if name is None else _place(name, width)
        for name in (named.number or "1", named.time, named.status)
    )
    return Columns(number or 0, () if time is None else (time,), status)


def read_status(status: str, columns: Columns) -> Says | None:
    """What the cell of a status says, out or in; None if neither. An empty one counts as out."""
    words = knowledge().words
    word = column_key(status)
    if not word or word in words.out:
        return "out"
    if word in words.in_:
        return "in"
    if columns.true and word in words.yes | words.no:
        return columns.true if word in words.yes else "in" if columns.true == "out" else "out"
    return None


def _chosen(
    named: str | None, known: Iterable[str | None], common: Iterable[str], places: Mapping[str, int]
) -> str | None:
    """The column that somebody names, or the first known one that the file has."""
    if named is not None:
        if column_key(named) not in places:
            meant = did_you_mean(column_key(named), places)
            raise BadRequest(f"the file has no column {named!r}{meant}; it has {', '.join(places)}")
        return column_key(named)
    return next((name for name in (*known, *common) if name in places), None)


def _true(status: str | None) -> Says | None:
    statuses = knowledge().common.status
    if status in statuses.out:
        return "out"
    return "in" if status in statuses.in_ else None


def _place(name: str, width: int) -> int:
    if not name.isdecimal() or not 1 <= int(name) <= width:
        raise BadRequest(f"{name!r} is not the position of a column: the first row has {width}, from 1")
    return int(name) - 1

"""What the rows of a list say: who is out, or in, since when; or why a row cannot be understood."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from optout.domain import readings
from optout.domain.errors import OptoutError
from optout.domain.numbers import NotANumber
from optout.operations.transfer.columns import Columns, read_status
from optout.operations.transfer.reading import FileRow, cell
from optout.operations.transfer.times import NotATime, TimeFormat

# What a spreadsheet or a statistics program makes of a number; the zero is not one of its digits.
_DECIMAL = re.compile(r"(\+?[0-9]+)\.0+")
# 1.42556E+10: of the digits only the first are left.
_ROUNDED = re.compile(r"\+?([0-9])[.,]?([0-9]*)[Ee]\+?([0-9]{1,2})")


class ImportedRow(NamedTuple):
    """Somebody is out, or in, since a time."""

    recipient: str
    at: datetime
    out: bool = True
    flags: tuple[str, ...] = ()


class Refused(OptoutError):
    """A row that cannot be understood; the message says why."""


class NoCountryCode(Refused):
    """A row whose number has no country code, and is not certainly one of the countries meant."""


def read_number(raw: str, countries: Collection[str]) -> str:
    """A person's number as other systems write it; one without a country code is of the countries that
    are meant. Raises Refused."""
    if rounded := _ROUNDED.fullmatch(raw):
        first, others, exponent = rounded.groups()
        if len(others) < int(exponent):
            raise Refused(
                "a spreadsheet has rounded this number, and its last digits are lost: export the list "
                "again with the numbers as text, or import the workbook (.xlsx) itself"
            )
        raw = (first + others)[: int(exponent) + 1]
    decimal = _DECIMAL.fullmatch(raw) if raw.endswith("0") else None
    try:
        return readings.read(decimal[1] if decimal else raw, countries)
    except readings.NoCountryCode as problem:
        raise NoCountryCode(str(problem)) from None
    except NotANumber as problem:
        raise Refused(str(problem) if raw else "there is no number") from None


def opted_in(recipient: str, at: datetime, now: datetime, flags: tuple[str, ...] = ()) -> ImportedRow:
    """Somebody is in since a time. Rule 2: it must be over, or the opt-in would go before a STOP that
    is still to be texted. Raises Refused."""
    if at > now:
        raise Refused("an opt-in of a time that is still to come; correct the time")
    return ImportedRow(recipient, at, False, flags)


@dataclass(frozen=True, slots=True)
class OptIns:
    """That rows that say in are taken: what time it is, and of what time those are that say none."""

    now: datetime
    undated: datetime | None = None


@dataclass(frozen=True, slots=True)
class RowReader:
    """How the rows of a list are understood. An opt-out without a time gets the time `undated`; opt-ins
    are left out where it is not said how they are taken. Numbers without a country code are of the
    countries that are meant."""

    columns: Columns
    undated: datetime
    times: TimeFormat
    countries: Collection[str] = ()
    opt_ins: OptIns | None = None

    def read(self, row: FileRow) -> list[ImportedRow]:
        """What a row says; nothing where it is left out. Raises Refused."""
        if row.problem is not None:
            raise Refused(row.problem)
        columns = self.columns
        out = columns.status is None or self._out(cell(row, columns.status))
        if not out and self.opt_ins is None:
            return []
        recipient = read_number(cell(row, columns.number), self.countries)
        try:
            times = [
                self.times.read(text, out=out) for place in columns.times if (text := cell(row, place))
            ]
        except NotATime as problem:
            raise Refused(str(problem)) from None
        if self.opt_ins is not None and not out:
            return self._in(recipient, times, self.opt_ins)
        if not times:
            return [ImportedRow(recipient, self.undated, out, ("no_time",))]
        return [ImportedRow(recipient, at, out) for at in dict.fromkeys(times)]

    def _in(self, recipient: str, times: list[datetime], opt_ins: OptIns) -> list[ImportedRow]:
        """Rule 2: no opt-in is of a time that is only supposed."""
        if times:
            return [opted_in(recipient, at, opt_ins.now) for at in dict.fromkeys(times)]
        if opt_ins.undated is None:
            raise Refused(
                "an opt-in without a time; name the column of the times with --time, or say with --at "
                "when these people opted in"
            )
        return [opted_in(recipient, opt_ins.undated, opt_ins.now, ("no_time",))]

    def _out(self, status: str) -> bool:
        says = read_status(status, self.columns)
        if says is None:
            raise Refused(f"{status!r} means neither out nor in")
        return says == "out"

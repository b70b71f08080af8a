"""Times as other systems write them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, tzinfo
from email.utils import parsedate_to_datetime

from optout.domain.times import EARLIEST, aware

_DAY = re.compile(r"\d{4}-\d\d-\d\d|\d{8}")
_EPOCH = re.compile(r"\d{9,13}(\.\d+)?")
_HOUR = re.compile("%[HIXc]")
_MILLISECONDS_FROM = 10**11


class NotATime(ValueError):
    """The text is not a time."""


@dataclass(frozen=True, slots=True)
class TimeFormat:
    """How the times of a list are written: the zone of those that name none, and their format if it
    is not ISO 8601, RFC 5322 or seconds since 1970."""

    zone: tzinfo = UTC
    format: str | None = None

    def read(self, text: str, *, out: bool) -> datetime:
        """The moment in UTC. A mere day means its end for an opt-out and its start for an opt-in: when
        in doubt, the person is out. Raises NotATime."""
        try:
            moment = self._moment(text, out)
            moment = aware(moment if moment.tzinfo else moment.replace(tzinfo=self.zone))
        except (ValueError, OverflowError):
            raise NotATime(
                f"{text!r} is not a time; say how it is written with --time-format, for example "
                "'%m/%d/%Y %H:%M'"
            ) from None
        if moment < EARLIEST:
            raise NotATime(f"{text!r} is before {EARLIEST.year}; correct it, or leave it empty")
        return moment

    def _moment(self, text: str, out: bool) -> datetime:
        if self.format is not None:
            moment = datetime.strptime(text, self.format)  # noqa: DTZ007
            return moment if _HOUR.search(self.format) else _of_day(moment, out)
        is_short = len(text) < len("2026-01-31T09:00:00")
        if is_short and _DAY.fullmatch(text):
            return _of_day(datetime.fromisoformat(text), out)
        if is_short and _EPOCH.fullmatch(text):
            seconds = float(text)
            return datetime.fromtimestamp(
                seconds / 1000 if seconds >= _MILLISECONDS_FROM else seconds, UTC
            )
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            return parsedate_to_datetime(text)


def _of_day(day: datetime, out: bool) -> datetime:
    return datetime.combine(day, time.max if out else time.min)

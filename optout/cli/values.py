"""What people write as an argument: times, durations, zones, countries, ports."""

import argparse
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from optout.domain import numbers

_DURATION = re.compile(r"([0-9]{1,6})\s*(s|m|min|h|d)")
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400}


def moment(text: str) -> datetime:
    """A time in UTC; one without a zone is in UTC. For argparse."""
    try:
        written = datetime.fromisoformat(text.upper())
        return (written if written.tzinfo else written.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a time; write it as 2026-01-31T09:00:00Z, or as 2026-01-31 for the first "
            "moment of that day"
        ) from None


def duration(text: str) -> timedelta:
    """How long: 90s, 10m, 2h, 3d. For argparse."""
    written = _DURATION.fullmatch(text.strip().lower())
    if not written:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration; write 90s, 10m, 2h or 3d")
    return timedelta(seconds=int(written[1]) * _SECONDS[written[2]])


def zone(text: str) -> ZoneInfo:
    """A time zone. For argparse."""
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a time zone; write, for example, Europe/Paris"
        ) from None


def country(text: str) -> str:
    """The two letters of a country, in capitals. For argparse."""
    if not numbers.is_country(text.upper()):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a country; write two letters, such as US or GB"
        )
    return text.upper()


def encoding(text: str) -> str:
    """The name of an encoding of text. For argparse."""
    try:
        "".encode(text)
    except (LookupError, ValueError):
        raise argparse.ArgumentTypeError(
            f"there is no encoding {text!r}; write, for example, utf-8, utf-16, latin-1 or cp1252"
        ) from None
    return text

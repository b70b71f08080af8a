"""How people and what is said of them are written in the file of a copy. Nothing here is read or written."""

import re
import struct
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta, timezone

from ._models import Entry, Standing

# The kinds of names that entries have in place of the names themselves.
LIST, SENDER, BLOCKER = "list", "sender", "blocker"
# What `other_lists` has in place of a name; so does nobody who blocks.
OTHER_LISTS = NOBODY = 0

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
# What the app takes as it is, too. In any other number a digit behind the country code, which has one to
# three digits, may be a trunk prefix, perhaps with a carrier's code: +44 0…, +1 1…, +36 06…
_PLAIN = re.compile(r"\+(?:1[2-9][0-9]{5,13}|7[0-9]{6,14}|[2-9][0-9][1-9][1-9][0-9]{3,11})")
_COUNTRY_CODE_DIGITS = (1, 2, 3)
_TRUNK_PREFIXES = {"0": (1, 2, 3), "1": (1,), "8": (1,)}

# Of one entry: the number of its scope's name and of who blocks, suppressed, since, at.
_ENTRY = struct.Struct("<II?qq")
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)
_NEVER = -(2**63)


def key(number: str) -> int | None:
    """Under which a person is kept; None for what is not in E.164, such as a short code: nobody can ask."""
    return int(number) if _E164.fullmatch(number) else None


def readings(number: str) -> tuple[int, ...] | None:
    """Under which keys to look for a person, their own first; None for what is not in E.164.

    The copy knows people by the one right spelling of their number. Which countries have trunk prefixes it
    does not know, so that whoever may be meant is looked for: +44 0… must not hide an opt-out of +44…
    """
    own = key(number)
    if own is None or _PLAIN.fullmatch(number):
        return None if own is None else (own,)
    others = (
        key(number[: end + 1] + number[end + 1 + length :])
        for end in _COUNTRY_CODE_DIGITS
        for length in _TRUNK_PREFIXES.get(number[end + 1], ())
    )
    return own, *(each for each in others if each is not None)


def packed(standing: Standing, number_of: Callable[[str, str], int]) -> bytes:
    """All entries of a standing. `number_of` gives the number of a kind's name."""

    def row(scope: int, entry: Entry) -> bytes:
        blocker = number_of(BLOCKER, entry.blocked_by) if entry.blocked_by else NOBODY
        return _ENTRY.pack(scope, blocker, entry.suppressed, _micros(entry.since), _micros(entry.at))

    rows = [row(number_of(LIST, name), entry) for name, entry in standing.lists.items()]
    rows += [row(number_of(SENDER, name), entry) for name, entry in standing.senders.items()]
    if standing.other_lists != Entry(False):
        rows.append(row(OTHER_LISTS, standing.other_lists))
    return b"".join(rows)


def unpacked(rows: bytes, scopes: Collection[int], names: Mapping[int, str]) -> dict[int, Entry]:
    """The entries of some scopes. `names` are those of all numbers."""
    return {
        scope: Entry(suppressed, _moment(since), _moment(at), names.get(blocker))
        for scope, blocker, suppressed, since, at in _ENTRY.iter_unpack(rows)
        if scope in scopes
    }


def _micros(moment: datetime | None) -> int:
    return _NEVER if moment is None else (moment - _EPOCH) // _MICROSECOND


def _moment(micros: int) -> datetime | None:
    return None if micros == _NEVER else _EPOCH + timedelta(microseconds=micros)

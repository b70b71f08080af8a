"""Rule 13: numbers as people write them, read as numbers of the countries that are meant.

Events are written by machines and keep the form of `numbers.normalise`. Nothing here may know which
countries those are: the caller says so.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers

from optout.domain import numbers
from optout.domain.numbers import NotANumber

_WRITTEN = re.compile(r"(?i:tel:)?[\s(]*(\+?)[\s(]*([0-9][0-9\s().\-/]*)")
_NO_DIGIT = re.compile(r"[^0-9]")
_HOW_TO_WRITE_IT = "write it with + and the country code"


class NoCountryCode(NotANumber):
    """The text has no country code, and is not certainly a number of one of the countries meant."""


class Ambiguous(NoCountryCode):
    """The text can be read as more than one number, or was perhaps meant as another country's.

    `candidates` are its readings; `only_valid` is the one that is a valid number, where only one is.
    """

    def __init__(self, message: str, candidates: tuple[str, ...], only_valid: str | None) -> None:
        super().__init__(message)
        self.candidates = candidates
        self.only_valid = only_valid


@dataclass(frozen=True, slots=True)
class _Possible:
    """A number that a text may be."""

    number: str
    calling_code: int
    parsed: phonenumbers.PhoneNumber
    countries: Sequence[str]

    @property
    def is_valid(self) -> bool:
        """Whether it is a valid number of a country that is meant; costs as much as parsing it."""
        return any(
            phonenumbers.is_valid_number_for_region(self.parsed, each) for each in self.countries
        )


def read(raw: str, countries: Collection[str]) -> str:
    """The number that a text certainly is, in E.164: what a change or a check may rely on.

    With `+` or `00` it is international, of whatever country. Without, it is of one of the countries
    that are meant. Raises NotANumber: NoCountryCode for digits that are no such number, and Ambiguous
    with the candidates.
    """
    if numbers.PLAIN_E164.fullmatch(raw):
        return raw
    written = _WRITTEN.fullmatch(numbers.visible(raw))
    if not written:
        raise NotANumber(f"not a phone number; {_HOW_TO_WRITE_IT}, for example +14255550123")
    digits = _NO_DIGIT.sub("", written[2])
    if written[1] or digits.startswith("00"):
        return _international(digits.removeprefix("00"))
    meant = _by_calling_code(frozenset(countries))
    if not meant:
        raise NoCountryCode(f"a phone number without its country code; {_HOW_TO_WRITE_IT}")
    possible = list(_possible(digits, meant))
    if not possible:
        codes = _listed(meant, "or")
        raise NoCountryCode(f"not a phone number of {codes} ({len(digits)} digits); {_HOW_TO_WRITE_IT}")
    return _certain(digits, possible)


def read_to_show(raw: str, countries: Collection[str]) -> str:
    """The number that a text most likely is: the only valid one, if it may be several.

    It is for display, with the number shown, and never for a change. Raises as `read` does.
    """
    try:
        return read(raw, countries)
    except Ambiguous as problem:
        if problem.only_valid is None:
            raise
        return problem.only_valid


def spaced(number: str) -> str:
    """A number as people read it: +1 425 555 0123; as it is, where no country has its digits."""
    style = phonenumbers.PhoneNumberFormat.INTERNATIONAL
    try:
        return str(phonenumbers.format_number(phonenumbers.parse(number), style)).replace("-", " ")
    except phonenumbers.NumberParseException:
        return number


def _international(digits: str) -> str:
    number = numbers.normalise(f"+{digits}")
    if not number.startswith("+"):
        raise NotANumber(f"not a phone number; {len(digits)} digits with a country code are too few")
    return number


def _certain(digits: str, possible: list[_Possible]) -> str:
    """The only reading, if no other country that is meant could have it. Raises Ambiguous."""
    if len(possible) == 1:
        return possible[0].number
    valid = tuple(dict.fromkeys(each.number for each in possible if each.is_valid))
    readings = valid or tuple(dict.fromkeys(each.number for each in possible))
    codes = list(dict.fromkeys(each.calling_code for each in possible))
    if len(readings) == len(codes) == 1:
        return readings[0]
    fit = _listed(codes, "and") if len(codes) > 1 else f"more than one number of +{codes[0]}"
    raise Ambiguous(
        f"{len(digits)} digits without + fit {fit}: {_HOW_TO_WRITE_IT}; did you mean "
        f"{_joined(map(spaced, readings), 'or')}?",
        candidates=readings,
        only_valid=valid[0] if len(valid) == 1 else None,
    )


def _possible(digits: str, meant: Mapping[int, Sequence[str]]) -> Iterator[_Possible]:
    """Each number that the digits may be, with the calling code of a country meant or without it."""
    is_short = len(digits) in numbers.SHORT_CODE_DIGITS
    for code, countries in meant.items():
        for national in dict.fromkeys((digits, digits.removeprefix(str(code)))):
            parsed = _parsed(code, national)
            if parsed and (number := numbers.e164(parsed)):
                found = _Possible(number, code, parsed, countries)
                # So few digits are a short code, except where subscribers have no more.
                if not is_short or found.is_valid:
                    yield found


@lru_cache(maxsize=256)
def _by_calling_code(countries: frozenset[str]) -> dict[int, list[str]]:
    """The countries by their calling codes; those that share one share its numbers, too."""
    found: dict[int, list[str]] = {}
    for country in sorted(countries):
        code = numbers.calling_code(country)
        if code:
            found.setdefault(code, []).append(country)
    return found


def _parsed(code: int, national: str) -> phonenumbers.PhoneNumber | None:
    """A national number, without its trunk prefix if it has one; None if it is too short or long."""
    try:
        # The country code in front keeps the library from finding another one in the digits.
        parsed = phonenumbers.parse(f"+{code}{national}")
    except phonenumbers.NumberParseException:
        return None
    reason = phonenumbers.is_possible_number_with_reason(parsed)
    is_possible = reason == phonenumbers.ValidationResult.IS_POSSIBLE
    return parsed if is_possible and parsed.country_code == code else None


def _listed(codes: Iterable[int], conjunction: str) -> str:
    return _joined((f"+{code}" for code in codes), conjunction)


def _joined(words: Iterable[str], conjunction: str) -> str:
    *others, last = words
    return f"{', '.join(others)} {conjunction} {last}" if others else last

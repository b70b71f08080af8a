"""Phone numbers and sender IDs: one spelling for each, and what a number shows about its sender.

Number ranges come from the phonenumbers library, never from our own expressions. A number is
refused only for not being a number: ranges change, and examples and test numbers must work.
Nothing here may know about programs, rules or stores.
"""

import re
import unicodedata
from functools import lru_cache

import phonenumbers

from optout.domain.enums import NumberType

# A number in E.164 form is taken as it is: a parse costs 20 µs, which 10,000 recipients would feel. One
# with the digit of a trunk prefix behind the country code (+44 0…, +1 1…) does not match and is parsed.
PLAIN_E164 = re.compile(r"\+(?:1[2-9][0-9]{5,13}|7[0-9]{6,14}|[2-9][0-9][1-9][1-9][0-9]{3,11})")
_PLAIN_SHORT_CODE = re.compile(r"[0-9]{3,6}")
_NO_DIGITS = re.compile(r"[^0-9]+")
_NATIONAL = re.compile(r"\(?[0-9][0-9\s().\-/]*")
_NUMBER = re.compile(r"(?:tel:)?\s*\+?[0-9][0-9\s().\-/]*")
SHORT_CODE_DIGITS = range(3, 7)
# Longer texts are not examined: a million characters would be seconds of work.
_MOST_CHARACTERS = 64
_E164_DIGITS = range(7, 16)
# By calling code: some, such as +44, are more than one country's.
_REGIONS = {
    str(code): frozenset(regions)
    for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()
    if "001" not in regions  # the world's
}
_ALPHANUMERIC = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")


class NotANumber(ValueError):
    """The text is not a phone number, short code or sender ID."""


def normalise(raw: str) -> str:
    """A phone number as E.164, or a short code as its digits.

    The number is international, with or without `+`; up to six digits are a short code.
    Raises NotANumber.
    """
    if PLAIN_E164.fullmatch(raw) or _PLAIN_SHORT_CODE.fullmatch(raw):
        return raw
    text = visible(raw)
    if not _NUMBER.fullmatch(text):
        raise NotANumber(_complaint(raw))
    digits = re.sub(r"[^0-9]", "", text)
    if len(digits) in SHORT_CODE_DIGITS:
        return digits
    # Every way of writing takes the same path from here, so that none becomes another number.
    international = "+" + digits.removeprefix("00")
    if not PLAIN_E164.fullmatch(international):
        parsed = _parsed(international)
        # If each parse leads to yet another number, the digits mean nothing: they stay as they are.
        international = parsed if _parsed(parsed) == parsed else international
    if len(international) - 1 not in _E164_DIGITS or international.startswith("+0"):
        raise NotANumber(_complaint(raw))
    return international


def of_country(raw: str, country: str) -> str:
    """A phone number as it is written in a country, as E.164. One with `+`, `00` or another country's
    code is international. Raises NotANumber."""
    if PLAIN_E164.fullmatch(raw):
        return raw
    text = visible(raw)
    if _NATIONAL.fullmatch(text) and not text.startswith("00"):
        try:
            # Digits alone: the library looks at every other character for long.
            number = phonenumbers.parse(_NO_DIGITS.sub("", text), country)
        except phonenumbers.NumberParseException:
            return normalise(text)
        if phonenumbers.is_possible_number(number) and (spelled := e164(number)):
            return spelled
    return normalise(text)


def e164(number: phonenumbers.PhoneNumber) -> str | None:
    """A parsed number in its one spelling, None for one of more digits than E.164 has."""
    # As format_number does it, in a quarter of the time.
    digits = f"{number.country_code}{phonenumbers.national_significant_number(number)}"
    return f"+{digits}" if len(digits) in _E164_DIGITS else None


def sender_id(raw: str) -> str:
    """The form in which senders are compared: a number, a short code, or a lower-case sender ID.

    Raises NotANumber.
    """
    try:
        return normalise(raw)
    except NotANumber:
        text = raw.strip() if len(raw) <= _MOST_CHARACTERS else ""
        if _ALPHANUMERIC.fullmatch(text):
            return text.lower()
        raise NotANumber(
            "a sender is a phone number in international form, a short code of 5 or 6 digits, or a "
            "sender ID of up to 11 letters, digits and spaces with at least one letter"
        ) from None


def describe(sender: str) -> tuple[NumberType, str | None]:
    """The type of a sender and the country that its number shows, None where it shows none."""
    if not sender.startswith("+"):
        return (NumberType.SHORT_CODE if sender.isdigit() else NumberType.ALPHANUMERIC), None
    try:
        number = phonenumbers.parse(_with_plain_subscriber(sender))
    except phonenumbers.NumberParseException:
        return NumberType.LONG_CODE, None
    is_toll_free = phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.TOLL_FREE
    return (
        NumberType.TOLL_FREE if is_toll_free else NumberType.LONG_CODE,
        phonenumbers.region_code_for_number(number),
    )


def is_country(code: str) -> bool:
    """Whether two letters are the code of a country that has phone numbers."""
    return code in phonenumbers.SUPPORTED_REGIONS


def possible_countries(number: str) -> frozenset[str]:
    """The countries that a number may be of, by its country and area code; empty if it shows none.

    Looked up, not parsed: it is asked about every message.
    """
    if number.startswith("+1"):
        return _of_area(number[2:5])
    if number.startswith("+"):
        for end in (2, 3, 4):
            if found := _REGIONS.get(number[1:end]):
                return found
    return frozenset()


@lru_cache(maxsize=1000)
def _of_area(area: str) -> frozenset[str]:
    """Many countries share +1; an area code shows which of them, if it is in use."""
    country = describe(f"+1{area}2345678")[1]
    return frozenset({country} if country else ())


def calling_code(country: str) -> int | None:
    """The calling code of a country, None if there is no such country."""
    return phonenumbers.country_code_for_region(country) or None


def is_toll_free(written: str, country: str) -> bool:
    """Whether a number as it is written in a country is toll-free there."""
    try:
        number = of_country(written, country)
    except NotANumber:
        return False
    is_of_country = country_code(number) == calling_code(country)
    return is_of_country and describe(number)[0] is NumberType.TOLL_FREE


def country_code(sender: str) -> int | None:
    """The country calling code of a number in E.164 form, None if no such code exists."""
    try:
        return phonenumbers.parse(sender).country_code
    except phonenumbers.NumberParseException:
        return None


def is_in_use(number: str) -> bool:
    """Whether a number in E.164 form is of a range that its country is known to use."""
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return False


def is_plausible(number: str) -> bool:
    """Whether some country has numbers of such digits, in use or not."""
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return False


def mask(number: str) -> str:
    """A person's number as it may appear in a log."""
    if len(number) <= 6:
        return "*" * len(number)
    return f"{number[:3]}{'*' * (len(number) - 5)}{number[-2:]}"


def _with_plain_subscriber(sender: str) -> str:
    """Behind +1 the first three digits say type and country. The library asks for a valid
    subscriber number, too, which examples such as +1 800 123 4567 do not have."""
    if sender.startswith("+1") and len(sender) == len("+18001234567"):
        return sender[:5] + "2345678"
    return sender


def visible(raw: str) -> str:
    """Without compatibility forms, invisible characters and surrounding space.

    Raises NotANumber if it is too long to be examined.
    """
    if len(raw) > _MOST_CHARACTERS:
        raise NotANumber(_complaint(raw))
    if raw.isascii() and raw.isprintable():
        return raw.strip()
    text = unicodedata.normalize("NFKC", raw)
    return "".join(
        "-" if unicodedata.category(character) == "Pd" else character
        for character in text
        if unicodedata.category(character) not in ("Cf", "Cc")
    ).strip()


def _parsed(international: str) -> str:
    """E.164 by the phonenumbers library, or the digits unchanged if it does not know better."""
    try:
        number = phonenumbers.parse(international)
    except phonenumbers.NumberParseException:
        return international
    if not phonenumbers.is_possible_number(number):
        return international
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _complaint(raw: str) -> str:
    if len(raw) > _MOST_CHARACTERS:
        what = f"{len(raw)} characters, and no number has more than {_MOST_CHARACTERS}"
    else:
        what = f"{sum(character.isdigit() for character in raw)} digits"
    return f"not a phone number ({what}); write it in international form, for example +14255550123"

"""Rule 13: numbers as people write them, and that none becomes a number of somebody else."""

from collections.abc import Callable, Iterator

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from optout.domain import numbers, readings
from optout.domain.numbers import NotANumber
from optout.domain.readings import Ambiguous

# As people write it, the countries that are meant, and the number.
READ = [
    ("+14255550123", "", "+14255550123"),
    ("+14255550123", "GB", "+14255550123"),
    ("00 1 425 555 0123", "GB", "+14255550123"),
    ("+44 (0)7700 900123", "US", "+447700900123"),
    ("(+44) 7700 900123", "US", "+447700900123"),
    ("tel:+1-425-555-0123", "", "+14255550123"),
    ("TEL:425-555-0123", "US", "+14255550123"),
    ("+15555555555", "GB", "+15555555555"),
    ("4255550123", "US", "+14255550123"),
    ("14255550123", "US CA", "+14255550123"),
    ("1 (425) 555-0123", "US", "+14255550123"),
    ("(425) 555-0123", "US CA PR", "+14255550123"),
    ("425.555.0123", "US", "+14255550123"),
    ("425/555/0123", "US", "+14255550123"),
    (" 425 555 0123\n", "US", "+14255550123"),
    ("４２５５５５０１２３", "US", "+14255550123"),
    ("\u202a425\u00a0555\u20110123\u202c", "US", "+14255550123"),
    ("2125550123", "US", "+12125550123"),
    ("6045550123", "US", "+16045550123"),
    ("07700 900123", "GB", "+447700900123"),
    ("7700900123", "GB", "+447700900123"),
    ("447700900123", "GB", "+447700900123"),
    ("44 (0)7700 900123", "GB", "+447700900123"),
    ("07700900123", "GB US", "+447700900123"),
    ("14255550123", "GB US", "+14255550123"),
    ("07797 712345", "GB", "+447797712345"),
    ("20 12 34 56", "DK", "+4520123456"),
    ("4520123456", "DK", "+4520123456"),
    ("20123456", "DK US", "+4520123456"),
    ("06 12345678", "IT", "+390612345678"),
    ("391 234 5678", "IT", "+393912345678"),
    ("8 912 345-67-89", "RU", "+79123456789"),
    ("011 15 2345 6789", "AR", "+5491123456789"),
    ("7012", "NU", "+6837012"),
    ("123456", "AT", "+43123456"),
    ("4255550123", "US XX", "+14255550123"),
]

# What nobody can read, and what the message says.
REFUSED = [
    ("", "US", "not a phone number; write it with"),
    ("Contoso", "US", "not a phone number; write it with"),
    ("+14255550123x5", "US", "not a phone number"),
    ("++14255550123", "US", "not a phone number"),
    ("425555O123", "US", "not a phone number"),
    ("4255550123, 4255550124", "US", "not a phone number"),
    ("-4255550123", "US", "not a phone number"),
    ("14255550123", "", "without its country code; write it with"),
    ("14255550123", "XX", "without its country code"),
    ("5550123", "US", r"not a phone number of \+1 \(7 digits\); write it with"),
    ("+12345", "US", "5 digits with a country code are too few"),
    ("0012345", "US", "5 digits with a country code are too few"),
    ("12345", "US", r"not a phone number of \+1 \(5 digits\)"),
    ("123456", "GB US", r"not a phone number of \+44 or \+1 \(6 digits\)"),
    ("123456", "DE", r"not a phone number of \+49 \(6 digits\)"),
    ("011447700900123", "US GB", r"not a phone number of \+44 or \+1"),
    ("10000000000000", "DE", r"not a phone number of \+49 \(14 digits\)"),
    ("20 12 34 56", "US", r"not a phone number of \+1"),
    ("4" * 65, "US", "65 characters"),
    ("+" + "4" * 64, "US", "65 characters"),
]

# What may be several numbers: the candidates, and the one that may be shown.
AMBIGUOUS = [
    ("2072345678", "GB US", ["+442072345678", "+12072345678"], None),
    ("4255550123", "GB US", ["+14255550123"], "+14255550123"),
    ("4520123456", "DK US", ["+4520123456"], "+4520123456"),
    ("0425555012", "GB US", ["+44425555012", "+10425555012"], None),
    ("4915112345678", "DE", ["+494915112345678", "+4915112345678"], None),
]

COUNTRIES = sorted(phonenumbers.SUPPORTED_REGIONS)
TYPES = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE, PhoneNumberType.TOLL_FREE)


def e164(number: phonenumbers.PhoneNumber) -> str:
    return str(phonenumbers.format_number(number, PhoneNumberFormat.E164))


def examples(country: str) -> list[phonenumbers.PhoneNumber]:
    """One number of each type, as far as the country has them."""
    found = (phonenumbers.example_number_for_type(country, kind) for kind in TYPES)
    return [number for number in found if number]


def ways_of_writing(number: phonenumbers.PhoneNumber) -> Iterator[str]:
    """The ways in which people write a number."""
    national = phonenumbers.national_significant_number(number)
    as_at_home = str(phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL))
    digits = "".join(filter(str.isdigit, as_at_home))
    yield from (as_at_home, digits, national, f"({national[:2]}) {national[2:]}", ".".join(national))
    yield digits.translate({ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"})
    yield f"{number.country_code}{national}"
    yield f"{number.country_code} {as_at_home}"
    yield f"00{number.country_code}{national}"
    for style in (PhoneNumberFormat.E164, PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.RFC3966):
        yield str(phonenumbers.format_number(number, style))


@pytest.mark.parametrize(("written", "countries", "number"), READ)
def test_what_can_be_read(written: str, countries: str, number: str) -> None:
    """A number is read as one of the countries that are meant, with + and 00 as any country's."""
    assert readings.read(written, countries.split()) == number
    assert readings.read_to_show(written, countries.split()) == number
    assert numbers.normalise(number) == number


@pytest.mark.parametrize(
    ("written", "countries", "says"), REFUSED, ids=[row[0][:20] for row in REFUSED]
)
def test_what_cannot_be_read(written: str, countries: str, says: str) -> None:
    """The message says what to change; a short code is nobody's phone."""
    for reader in (readings.read, readings.read_to_show):
        with pytest.raises(NotANumber, match=says) as caught:
            reader(written, countries.split())
        assert not isinstance(caught.value, Ambiguous)


@pytest.mark.parametrize(("written", "countries", "candidates", "shown"), AMBIGUOUS)
def test_what_may_be_several(
    written: str, countries: str, candidates: list[str], shown: str | None
) -> None:
    """A change is refused with the candidates; the only valid one may be shown."""
    with pytest.raises(Ambiguous) as caught:
        readings.read(written, countries.split())
    assert sorted(caught.value.candidates) == sorted(candidates)
    assert caught.value.only_valid == shown
    if shown:
        assert readings.read_to_show(written, countries.split()) == shown
    else:
        with pytest.raises(Ambiguous):
            readings.read_to_show(written, countries.split())


@pytest.mark.parametrize(
    ("written", "countries", "message"),
    [
        (
            "2072345678",
            "GB US",
            "10 digits without + fit +44 and +1: write it with + and the country code; "
            "did you mean +44 20 7234 5678 or +1 207 234 5678?",
        ),
        (
            "4255550123",
            "GB US",
            "10 digits without + fit +44 and +1: write it with + and the country code; "
            "did you mean +1 425 555 0123?",
        ),
        (
            "4915112345678",
            "DE",
            "13 digits without + fit more than one number of +49: write it with + and the country "
            "code; did you mean +49 491 5112345678 or +49 1511 2345678?",
        ),
    ],
)
def test_what_is_asked_back(written: str, countries: str, message: str) -> None:
    """The candidates, in the form in which they are to be written."""
    with pytest.raises(Ambiguous) as caught:
        readings.read(written, countries.split())
    assert str(caught.value) == message


def area_codes() -> list[str]:
    """The area codes of North America that are in use."""
    return [
        code for code in map(str, range(200, 1000)) if numbers.possible_countries(f"+1{code}5550123")
    ]


def test_north_america() -> None:
    """Ten digits are never a number of the country whose code they happen to begin with."""
    codes = area_codes()
    assert len(codes) >= 444
    for code in codes:
        for written in (f"{code}5550123", f"1{code}5550123", f"({code}) 555-0123"):
            assert readings.read(written, {"US"}) == f"+1{code}5550123"


def readings_of(written: str, countries: set[str]) -> list[str]:
    """The number that a text is, or the candidates where it may be several."""
    try:
        return [readings.read(written, countries)]
    except Ambiguous as problem:
        return ["?", *problem.candidates]


@pytest.mark.parametrize("country", COUNTRIES)
def test_every_way_of_writing(country: str) -> None:
    """With its country meant, a number is read as itself, or refused with itself as a candidate."""
    for number in examples(country):
        for written in ways_of_writing(number):
            found = readings_of(written, {country})
            assert found == [e164(number)] or (found[0] == "?" and e164(number) in found), written


def test_ambiguity_within_a_country_is_rare() -> None:
    """Else refusing it would be no rule to live with: only with the country code and without its +."""
    refused = set()
    for country in COUNTRIES:
        for number in examples(country):
            for written in ways_of_writing(number):
                if readings_of(written, {country})[0] == "?":
                    assert written.startswith(str(number.country_code))
                    refused.add(country)
    assert refused <= {"DE", "ID", "NL", "SE", "XK"}


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(COUNTRIES), st.sets(st.sampled_from(COUNTRIES), max_size=4), st.data())
def test_whoever_else_is_meant(country: str, others: set[str], data: st.DataObject) -> None:
    """Other countries make a number ambiguous at most: it is never read as one of theirs."""
    number = data.draw(st.sampled_from(examples(country)))
    written = data.draw(st.sampled_from(list(ways_of_writing(number))))
    found = readings_of(written, {country, *others})
    assert found == [e164(number)] or (found[0] == "?" and "+" not in written)


@settings(deadline=None, max_examples=300)
@given(st.text("0123456789 ()-./", min_size=1), st.sets(st.sampled_from(COUNTRIES), min_size=1))
def test_nobodys_country(written: str, countries: set[str]) -> None:
    """Without + or 00, a number is of a country that is meant, and final."""
    try:
        number = readings.read(written, countries)
    except NotANumber:
        return
    if not "".join(filter(str.isdigit, written)).startswith("00"):
        codes = {numbers.calling_code(country) for country in countries}
        assert numbers.country_code(number) in codes
        assert phonenumbers.is_possible_number(phonenumbers.parse(number))
    assert readings.read(number, ()) == number


@settings(deadline=None)
@given(st.text(), st.sets(st.sampled_from(COUNTRIES)))
def test_any_text(text: str, countries: set[str]) -> None:
    """Any text is a number in E.164 form, or is refused."""
    try:
        number = readings.read(text, countries)
    except NotANumber:
        return
    assert number[0] == "+"
    assert number[1:].isdecimal()
    assert number.isascii()


@pytest.mark.parametrize(
    "reader",
    [
        numbers.normalise,
        numbers.sender_id,
        lambda raw: numbers.of_country(raw, "US"),
        lambda raw: readings.read(raw, {"US"}),
    ],
    ids=["normalise", "sender_id", "of_country", "read"],
)
@pytest.mark.parametrize("text", ["1" * 1_000_000, "½" * 65, "+" + "4" * 64, "(" * 65, "a" * 65])
def test_nothing_looks_at_what_is_too_long(
    reader: Callable[[str], str], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number of more than 64 characters is refused before it costs anything."""
    monkeypatch.setattr("optout.domain.numbers.unicodedata", None)
    monkeypatch.setattr("optout.domain.numbers.phonenumbers", None)
    with pytest.raises(NotANumber):
        reader(text)


def test_64_characters_are_few_enough() -> None:
    """Spaces count, and there is room for them."""
    written = "+1 425 555 0123".ljust(64)
    assert readings.read(written, ()) == numbers.normalise(written) == "+14255550123"
    with pytest.raises(NotANumber, match="65 characters, and no number has more than 64"):
        numbers.normalise(f"{written} ")

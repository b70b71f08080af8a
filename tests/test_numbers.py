"""One spelling for every number and sender ID, and what a sender shows of itself."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optout.domain import numbers
from optout.domain.enums import NumberType
from optout.domain.numbers import NotANumber

SAME = [
    ("+14255550123", "+14255550123"),
    ("14255550123", "+14255550123"),
    ("0014255550123", "+14255550123"),
    ("+1 (425) 555-0123", "+14255550123"),
    ("1.425.555.0123", "+14255550123"),
    ("+1/425/555/0123", "+14255550123"),
    ("tel:+14255550123", "+14255550123"),
    (" +14255550123\n", "+14255550123"),
    ("\u200e+1\u00a0425\u2011555\u20130123\u202c", "+14255550123"),
    ("＋１４２５５５５０１２３", "+14255550123"),
    ("+447700900123", "+447700900123"),
    ("+44 (0)7700 900123", "+447700900123"),
    ("+4407700900123", "+447700900123"),
    ("+390612345678", "+390612345678"),
    ("+1 1 425 555 0123", "+14255550123"),
    ("+114255550123", "+14255550123"),
    ("114255550123", "+14255550123"),
    ("+5215512345678", "+5215512345678"),
    ("+52 1 55 1234 5678", "+5215512345678"),
    ("5215512345678", "+5215512345678"),
    ("12345", "12345"),
    ("123456", "123456"),
    ("+12345", "12345"),
    ("12 345", "12345"),
    ("999", "999"),
]

# Rule 13: no such number need exist.
UNLIKELY = [
    "+15555555555",
    "+4300000000",
    "+10005550100",
    "+99912345678",
    "+18225550100",
    "+1425555012345",
]

NO_NUMBERS = [
    "",
    " ",
    "+",
    "00",
    "12",
    "abc",
    "Contoso",
    "++14255550123",
    "+14255550123x5",
    "+1425555O123",
    "+14255550123, +14255550124",
    "07700900123",
    "+0123456789",
    "1" * 16,
    "+1",
    "-12345",
    "1e10",
    "+1425555🛑0123",
    "\ud83d",
]


@pytest.mark.parametrize(("written", "number"), SAME)
def test_one_spelling(written: str, number: str) -> None:
    """However a number is written, it is one number, and its own spelling stays."""
    assert numbers.normalise(written) == number
    assert numbers.normalise(number) == number
    assert numbers.sender_id(written) == number


@pytest.mark.parametrize("number", UNLIKELY)
def test_never_refused_for_being_invalid(number: str) -> None:
    """A number is a number, whatever ranges are assigned today."""
    assert numbers.normalise(number) == number


@pytest.mark.parametrize("text", NO_NUMBERS, ids=ascii)
def test_no_numbers(text: str) -> None:
    """What is no number is refused with what to write instead."""
    with pytest.raises(NotANumber, match=r"international form, for example \+1425"):
        numbers.normalise(text)


@settings(deadline=None)
@given(st.text() | st.text("+0123456789 ()-.", min_size=5))
def test_any_text(text: str) -> None:
    """Any text is a number, whose spelling is then final, or is refused."""
    try:
        number = numbers.normalise(text)
    except NotANumber:
        return
    assert numbers.normalise(number) == number
    assert number.isascii()
    assert number.removeprefix("+").isdecimal()


@settings(deadline=None)
@given(st.from_regex(r"\+[1-9][0-9]{8,14}", fullmatch=True))
def test_plus_or_not(number: str) -> None:
    """With plus, without, and with 00 instead, a number is the same."""
    expected = numbers.normalise(number)
    assert numbers.normalise(number[1:]) == expected
    assert numbers.normalise("00" + number[1:]) == expected


@pytest.mark.parametrize(
    ("written", "sender"),
    [
        ("Contoso", "contoso"),
        ("CONTOSO", "contoso"),
        (" Contoso ", "contoso"),
        ("My Shop", "my shop"),
        ("4You", "4you"),
        ("ABCDEFGHIJK", "abcdefghijk"),
    ],
)
def test_sender_ids(written: str, sender: str) -> None:
    """Sender IDs compare without regard to case."""
    assert numbers.sender_id(written) == sender
    assert numbers.sender_id(sender) == sender


@pytest.mark.parametrize("text", ["", " ", "Contoso!", "Contøso", "A" * 12, "A-B", "\u200bContoso"])
def test_no_senders(text: str) -> None:
    """What can be no sender is refused with what can."""
    with pytest.raises(NotANumber, match="a sender is"):
        numbers.sender_id(text)


@pytest.mark.parametrize(
    ("sender", "number_type", "country"),
    [
        ("+18335550100", NumberType.TOLL_FREE, "US"),
        ("+18005550100", NumberType.TOLL_FREE, "US"),
        ("+18001234567", NumberType.TOLL_FREE, "US"),
        ("+448001111111", NumberType.TOLL_FREE, "GB"),
        ("+14255550100", NumberType.LONG_CODE, "US"),
        ("+16045550100", NumberType.LONG_CODE, "CA"),
        ("+17875550100", NumberType.LONG_CODE, "PR"),
        ("+15555555555", NumberType.LONG_CODE, None),
        ("+447700900123", NumberType.LONG_CODE, None),
        ("+99912345678", NumberType.LONG_CODE, None),
        ("12345", NumberType.SHORT_CODE, None),
        ("123456", NumberType.SHORT_CODE, None),
        ("contoso", NumberType.ALPHANUMERIC, None),
        ("4you", NumberType.ALPHANUMERIC, None),
    ],
)
def test_what_a_sender_shows(sender: str, number_type: NumberType, country: str | None) -> None:
    """Type and country as the number shows them, none where it shows none."""
    assert numbers.describe(sender) == (number_type, country)


@pytest.mark.parametrize(
    ("sender", "code"),
    [("+14255550100", 1), ("+447700900123", 44), ("+99912345678", None), ("12345", None)],
)
def test_country_codes(sender: str, code: int | None) -> None:
    """The calling code, none where there is none."""
    assert numbers.country_code(sender) == code


@pytest.mark.parametrize(
    ("country", "code"), [("US", 1), ("PR", 1), ("GB", 44), ("JE", 44), ("UK", None), ("", None)]
)
def test_calling_codes(country: str, code: int | None) -> None:
    """Some are more than one country's; what is no country has none."""
    assert numbers.calling_code(country) == code


@pytest.mark.parametrize(
    ("written", "country", "expected"),
    [
        ("1-800-800-8000", "CA", True),
        ("8005550100", "US", True),
        ("604 555 0100", "CA", False),
        ("0800 800 8000", "GB", True),
        ("0800 800 8000", "CA", False),
        ("+1 800 800 8000", "GB", False),
        ("800", "US", False),
        ("Contoso", "US", False),
    ],
)
def test_toll_free_as_it_is_written(written: str, country: str, expected: bool) -> None:
    """A number is toll-free in the country whose it is."""
    assert numbers.is_toll_free(written, country) is expected


@pytest.mark.parametrize(
    ("number", "countries"),
    [
        ("+14255550123", {"US"}),
        ("+16045550123", {"CA"}),
        ("+17875550123", {"PR"}),
        ("+19995550123", set()),
        ("+447700900123", {"GB", "GG", "IM", "JE"}),
        ("+353871234567", {"IE"}),
        ("+79161234567", {"RU", "KZ"}),
        ("+80012345678", set()),
        ("+99912345678", set()),
        ("12345", set()),
        ("contoso", set()),
    ],
)
def test_possible_countries(number: str, countries: set[str]) -> None:
    """By country code, in North America by area code; a code that shows no country shows none."""
    assert numbers.possible_countries(number) == countries


@pytest.mark.parametrize(
    ("code", "expected"), [("US", True), ("PR", True), ("GB", True), ("UK", False)]
)
def test_countries(code: str, expected: bool) -> None:
    """GB is a country's code, UK is not."""
    assert numbers.is_country(code) is expected


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("+14255550123", "+14*******23"),
        ("12345", "*****"),
        ("123456", "******"),
        ("1234567", "123**67"),
    ],
)
def test_masked(number: str, masked: str) -> None:
    """A log shows no whole number."""
    assert numbers.mask(number) == masked

"""How texts travel: the alphabet, the length in it, the segments, and what is like a character."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optout.domain import segments
from optout.domain.segments import Encoding

GSM, UCS = Encoding.GSM_7, Encoding.UCS_2

# (situation, text, encoding, units, segments)
SIZES = [
    ("the FAQ's first example", "Hello world", GSM, 11, 1),
    ("the FAQ's second example", "你好", UCS, 2, 1),
    ("nothing", "", GSM, 0, 1),
    ("one full SMS", "a" * 160, GSM, 160, 1),
    ("one more", "a" * 161, GSM, 161, 2),
    ("two full segments", "a" * 306, GSM, 306, 2),
    ("three segments", "a" * 307, GSM, 307, 3),
    ("four full segments", "a" * 612, GSM, 612, 4),
    ("a euro counts twice", "€" + "a" * 158, GSM, 160, 1),
    ("a euro too many", "€" + "a" * 159, GSM, 161, 2),
    ("every character of the extension counts twice", "\f^{}\\[~]|€", GSM, 20, 1),
    ("a euro is not torn apart", "a" * 152 + "€" + "a" * 152, GSM, 306, 3),
    ("accents that GSM-7 has", "é" * 160, GSM, 160, 1),
    ("an accent that it has not", "ê" + "a" * 69, UCS, 70, 1),
    ("one more with it", "ê" + "a" * 70, UCS, 71, 2),
    ("two full segments with it", "ê" + "a" * 133, UCS, 134, 2),
    ("three with it", "ê" + "a" * 134, UCS, 135, 3),
    ("a euro counts once in UCS-2", "ê€", UCS, 2, 1),
    ("an emoji counts twice", "😀" * 35, UCS, 70, 1),
    ("an emoji too many", "😀" * 36, UCS, 72, 2),
    ("an emoji is not torn apart", "a" * 66 + "😀" + "a" * 66, UCS, 134, 3),
    ("a capital cedilla only", "Ç", GSM, 1, 1),
    ("a small cedilla", "ç", UCS, 1, 1),
    ("a backtick", "`", UCS, 1, 1),
    ("two lines", "a\r\nb", GSM, 4, 1),
]


@pytest.mark.parametrize(
    ("text", "encoding", "units", "count"), [row[1:] for row in SIZES], ids=[row[0] for row in SIZES]
)
def test_sizes(text: str, encoding: Encoding, units: int, count: int) -> None:
    """160 or 153 characters a segment in GSM-7, 70 or 67 in UCS-2."""
    assert segments.size(text) == segments.Size(encoding, units, count)


def test_the_alphabet_is_whole() -> None:
    """The default alphabet of 3GPP TS 23.038 has 127 characters beside the escape, its extension 10."""
    one_unit = [chr(code) for code in range(0x3000) if segments.size(chr(code) * 160).segments == 1]
    assert len(one_unit) == 127
    two_units = [chr(code) for code in range(0x3000) if segments.size(chr(code)).units == 2]
    assert len(two_units) == 10


@given(st.text(max_size=800))
def test_segments_hold_the_text(text: str) -> None:
    """There is room for every unit, and at most one unit a segment is left empty."""
    size = segments.size(text)
    alone, in_parts = (160, 153) if size.encoding is GSM else (70, 67)
    if size.segments == 1:
        assert size.units <= alone
    else:
        assert size.units > alone
        assert (size.segments - 1) * (in_parts - 1) < size.units <= size.segments * in_parts


@pytest.mark.parametrize(
    ("character", "plain"),
    [
        ("’", "'"), ("“", '"'), ("–", "-"), ("…", "..."), ("\u00a0", " "), ("\u200b", ""), ("`", "'"),
        ("ê", "e"), ("ç", "c"), ("Č", "C"), ("½", "1/2"), ("™", "TM"), ("Ａ", "A"), ("ﬁ", "fi"),
        ("好", None), ("Ж", None), ("😀", None), ("→", None),
    ],
)  # fmt: skip
def test_what_is_like_a_character(character: str, plain: str | None) -> None:
    """A plain character that says the same, and nothing where none does."""
    assert segments.plain(character) == plain
    assert segments.outside_gsm_7(character) == (character,)


def test_what_is_suggested_is_gsm_7() -> None:
    """No suggestion forces UCS-2 in its turn."""
    for code in range(0x80, 0x30000):
        plain = segments.plain(chr(code)) if unicodedata.category(chr(code)) != "Cs" else ""
        assert not segments.outside_gsm_7(plain or "")

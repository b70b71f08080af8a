"""Tokens: short, always the same, and nobody makes or alters one without a key."""

import base64
import random
import re
import secrets
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optout.domain import segments
from optout.domain.link_content import LinkContent, NotALink, list_mark, pack, unpack
from optout.domain.link_keys import LinkKey, parse
from optout.operations.link_tokens import Tokens
from tests.links.conftest import new_key, setting

PERSON = "+447700900123"
URLSAFE = string.ascii_letters + string.digits + "-_"
MARK = list_mark("contoso-uk")
PLAIN = LinkContent("contoso", PERSON, MARK)

numbers = st.integers(10**6, 10**15 - 1).map(lambda digits: f"+{digits}")
names = st.text("abcdefghijklmnopqrstuvwxyz0123456789 ", min_size=1, max_size=11)
contents = st.builds(LinkContent, st.one_of(numbers, names), numbers, st.integers(0, 2**16 - 1))


@given(contents)
def test_what_goes_in_comes_out(content: LinkContent) -> None:
    """Of every sender that there can be, and every number."""
    packed = pack(content)
    assert unpack(packed) == content
    assert len(packed) <= 17


@given(st.binary(max_size=20))
def test_no_other_bytes_are_a_link(packed: bytes) -> None:
    """What is read is what would be made again, byte for byte."""
    try:
        content = unpack(packed)
    except NotALink:
        return
    assert pack(content) == packed


@pytest.mark.parametrize(
    ("sender", "length"),
    [
        ("12345", 39),
        ("contoso", 40),
        ("+18335550100", 40),
        ("+447400123456789", 42),
        ("contoso uk1", 44),
        ("zzzzzzzzzzz", 44),
        ("           ", 44),
    ],
)
def test_lengths(sender: str, length: int) -> None:
    """At most 45 characters, all of which SMS has in its own alphabet: with the longest recipient."""
    token = Tokens([new_key()]).seal(LinkContent(sender, "+999999999999999", 2**16 - 1))
    assert len(token) == length <= 45
    assert segments.size(token).units == length


def test_a_message_with_a_name_a_text_and_a_link_is_one_segment() -> None:
    """A sender ID of eleven letters, 15 digits, and some 80 characters to say something."""
    token = Tokens([new_key()]).seal(LinkContent("contoso uk1", "+999999999999999", 1))
    text = "Contoso UK: 20% off everything until Sunday, in all shops and online. Stop: "
    size = segments.size(f"{text}https://o.contoso.com/o/{token}")
    assert (size.encoding, size.segments) == (segments.Encoding.GSM_7, 1)
    assert 160 - len(f"https://o.contoso.com/o/{token}") == 92


@pytest.mark.parametrize(
    "content",
    [
        LinkContent("contoso", "447700900123", 0),
        LinkContent("contoso", "+0447700900", 0),
        LinkContent("contoso", "+4477009001234567", 0),
        LinkContent("Contoso", PERSON, 0),
        LinkContent("contoso-uk", PERSON, 0),
        LinkContent("contoso alerts", PERSON, 0),
        LinkContent("", PERSON, 0),
        LinkContent("contoso", "nobody", 0),
    ],
)
def test_what_does_not_fit(content: LinkContent) -> None:
    """Refused, never cut."""
    with pytest.raises(NotALink):
        pack(content)


def test_a_token_is_always_the_same_and_shows_nothing() -> None:
    """By one key; by another it is another. No digit of the person's can be read in its bytes."""
    first, second = new_key("a"), new_key("b")
    token = Tokens([first]).seal(PLAIN)
    assert Tokens([first, second]).seal(PLAIN) == token != Tokens([second]).seal(PLAIN)
    sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    assert pack(PLAIN) not in sealed
    assert Tokens([first]).seal(LinkContent("contoso", "+447700900124", MARK))[:20] != token[:20]


def test_no_token_ends_in_a_sign_that_phones_cut() -> None:
    """Android's pattern of an address ends it before a "-" that a space follows. Tokens of senders of
    seven letters have a last character with no bits to spare, so that one in 64 would."""
    tokens = Tokens([new_key()])
    people = [f"+4477{number:08}" for number in range(3_000)]
    made = {person: tokens.seal(LinkContent("contoso", person, MARK)) for person in people}
    assert [token for token in made.values() if token.endswith("-")] == []
    assert len({*made.values()}) == len(people)
    assert {len(token) for token in made.values()} == {40}
    opened = {person: tokens.open(token) for person, token in made.items()}
    assert all(each and each.content.recipient == person for person, each in opened.items())
    assert {0, 1} <= {each.content.attempt for each in opened.values() if each}


def test_keys_rotate() -> None:
    """The first makes, all read; without the one that made it a link is nothing."""
    old, new = new_key("2026"), new_key("2027")
    token = Tokens([old]).seal(PLAIN)
    both = Tokens([new, old])
    opened, made = both.open(token), both.open(both.seal(PLAIN))
    assert opened is not None
    assert (opened.content, opened.key) == (PLAIN, "2026")
    assert made is not None
    assert made.key == "2027"
    assert Tokens([new]).open(token) is None


def test_100_000_random_and_altered_tokens() -> None:
    """None is taken: of any length, cut, longer, one character changed, two swapped, one bit turned."""
    chance = random.Random(secrets.randbits(64))
    tokens = Tokens([new_key("a"), new_key("b")])
    made = [
        tokens.seal(LinkContent(sender, f"+1425555{last:04}", MARK))
        for sender in ("contoso", "12345", "contoso uk1", "+18335550100")
        for last in range(50)
    ]
    valid = set(made)
    taken = []
    for turn in range(100_000):
        token = chance.choice(made)
        place = chance.randrange(len(token))
        match turn % 6:
            case 0:
                tried = "".join(chance.choices(URLSAFE, k=chance.randrange(60)))
            case 1:
                tried = token[:place]
            case 2:
                tried = token + chance.choice(URLSAFE)
            case 3:
                tried = token[:place] + chance.choice(URLSAFE) + token[place + 1 :]
            case 4:
                other = chance.choice(made)
                tried = token[:place] + other[place:]
            case _:
                sealed = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
                sealed[chance.randrange(len(sealed))] ^= 1 << chance.randrange(8)
                tried = base64.urlsafe_b64encode(sealed).decode().rstrip("=")
        if tried not in valid and tokens.open(tried) is not None:
            taken.append(tried)
    assert taken == []


def test_only_one_spelling() -> None:
    """The last character has bits that say nothing; padding, spaces and the other alphabet neither."""
    tokens = Tokens([new_key()])
    spare = [
        token
        for last in range(30)
        for token in [tokens.seal(LinkContent("contoso", f"+4477009001{last:02}", MARK))]
    ]
    for token in spare:
        assert tokens.open(token)
        others = [token[:-1] + character for character in URLSAFE if character != token[-1]]
        padded = token + "=" * (-len(token) % 4)
        others += [f" {token}", f"{token}\n", token.lower(), f"{padded}=", f"{token}%00", f"{token}="]
        others += [token.replace("-", "+").replace("_", "/")] if re.search("[-_]", token) else []
        assert [each for each in others if each != token and tokens.open(each)] == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "entry 1 has no name"),
        ("AAAA", "entry 1 has no name"),
        ("a b:AAAA", "entry 1 has no name"),
        ("k1:not base64!", "the key k1 is not base64"),
        ("k1:AAAA", "the key k1 has 3 bytes and needs 32"),
        ("k1:" + "A" * 43, "the key k1 is not random"),
    ],
)
def test_keys_that_are_none(text: str, complaint: str) -> None:
    """Each is told by its name or its place, never by its secret."""
    with pytest.raises(ValueError, match=complaint) as raised:
        parse(text)
    assert "AAAA" not in str(raised.value)


def test_keys_as_they_are_written() -> None:
    """In both alphabets of base64, with padding or without, and spaces around."""
    keys = [new_key("k1"), new_key("2027-01")]
    text = setting(*keys)
    assert parse(text) == tuple(keys)
    assert parse(text.replace("=", "").replace("+", "-").replace("/", "_")) == tuple(keys)
    assert not re.search("[A-Za-z0-9+/]{20}", repr(keys))


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        (lambda: (new_key("a"), new_key("a")), "two keys have the same name"),
        (lambda: (key := new_key("a"), LinkKey("b", key.secret)), "two keys have the same secret"),
    ],
)
def test_two_keys_that_are_one(keys, complaint: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=complaint):
        parse(setting(*keys()))

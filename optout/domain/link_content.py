"""What a link names, in as few bytes as it takes: a recipient, a sender, and a fingerprint of its list.

From the right: 4 bits say how the sender is written, and which attempt this is; 16 are the fingerprint
of the list, 50 the recipient's digits; on the left the digits of a number, or 6 bits for each
character of a short code or a sender ID. Seventeen bytes at most, for the longest sender ID and
fifteen digits. Who may read or make them is not decided here: they are sealed before they leave.
"""

import re
from dataclasses import dataclass, field
from hashlib import blake2s

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_NAME = re.compile(r"[a-z0-9 ]{1,11}")
# The place of a character is its value; 0 is none.
_CHARACTERS = "\0abcdefghijklmnopqrstuvwxyz0123456789 "
_FORM_BITS, _LIST_BITS, _NUMBER_BITS, _CHARACTER_BITS = 4, 16, 50, 6
_NUMBER, _NAMED = 1, 2
# Of the four bits the upper two say nothing: they make other bytes that mean the same.
_ATTEMPT_SHIFT = 2
ATTEMPTS = 1 << _FORM_BITS - _ATTEMPT_SHIFT


class NotALink(ValueError):
    """The bytes are not those of a link, or what should be put into one does not fit."""


@dataclass(frozen=True, slots=True)
class LinkContent:
    """Whom a link opts out, and of which sender; `list_mark` tells which list that sender was on when
    the link was made, should it be gone by the time somebody opens it. `attempt`, below ATTEMPTS, only
    makes other bytes."""

    sender: str
    recipient: str
    list_mark: int
    attempt: int = field(default=0, compare=False)


def list_mark(name: str) -> int:
    """Sixteen bits that tell the lists of a company apart. Two lists with the same, one in 65,536,
    means that a link of a sender that is gone ends one list more."""
    return int.from_bytes(blake2s(name.encode(), digest_size=_LIST_BITS // 8).digest(), "big")


def pack(content: LinkContent) -> bytes:
    """The bytes of a link. Raises NotALink for a recipient that is no number in E.164, or a sender of
    another form than `numbers.sender_id` gives it."""
    if not _E164.fullmatch(content.recipient):
        raise NotALink("not a phone number in E.164")
    if _E164.fullmatch(content.sender):
        form, sender = _NUMBER, int(content.sender)
    elif _NAME.fullmatch(content.sender):
        form, sender = _NAMED, _of_name(content.sender)
    else:
        raise NotALink("not a sender")
    packed = sender
    for value, bits in (
        (int(content.recipient), _NUMBER_BITS),
        (content.list_mark, _LIST_BITS),
        (content.attempt << _ATTEMPT_SHIFT | form, _FORM_BITS),
    ):
        packed = packed << bits | value
    return packed.to_bytes((packed.bit_length() + 7) // 8, "big")


def unpack(packed: bytes) -> LinkContent:
    """What the bytes of a link say. Raises NotALink for any that `pack` does not make."""
    rest = int.from_bytes(packed, "big")
    found = []
    for bits in (_FORM_BITS, _LIST_BITS, _NUMBER_BITS):
        found.append(rest & (1 << bits) - 1)
        rest >>= bits
    kind, mark, recipient = found
    attempt, form = divmod(kind, 1 << _ATTEMPT_SHIFT)
    if form not in (_NUMBER, _NAMED):
        raise NotALink("of a later version")
    sender = f"+{rest}" if form == _NUMBER else _name(rest)
    content = LinkContent(sender, f"+{recipient}", mark, attempt)
    if pack(content) != packed:
        raise NotALink("not as it is made")
    return content


def _of_name(name: str) -> int:
    value = 0
    for character in name:
        value = value << _CHARACTER_BITS | _CHARACTERS.index(character)
    return value


def _name(value: int) -> str:
    found = []
    while value:
        place = value & (1 << _CHARACTER_BITS) - 1
        if not 0 < place < len(_CHARACTERS):
            raise NotALink("not a sender")
        found.append(_CHARACTERS[place])
        value >>= _CHARACTER_BITS
    return "".join(reversed(found))

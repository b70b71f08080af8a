"""How a text travels as SMS: in which alphabet, in how many segments, and what a character costs.

The alphabet is that of 3GPP TS 23.038, clause 6.2.1; the sizes follow from the 140 bytes of one SMS,
6 of which tell the parts of a longer text apart. Nothing here may know whose text it is.
"""

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# These are sent as an escape and a character, so they count twice.
_EXTENSION = frozenset("\f^{}\\[~]|€")

# What word processors and phones put in place of what was typed; the reader sees no difference.
_TYPOGRAPHY = {
    **dict.fromkeys("‘’‚‛′´`", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−•·", "-"),
    **dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u202f\t", " "),
    **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufe0e\ufe0f\ufeff", ""),
    "…": "...",
    "⁄": "/",
    "×": "x",
}


class Encoding(StrEnum):
    """The two alphabets of SMS."""

    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"


# In one SMS, and in each part of a longer text.
_LIMITS = {Encoding.GSM_7: (160, 153), Encoding.UCS_2: (70, 67)}


@dataclass(frozen=True, slots=True)
class Size:
    """A text as SMS. A `unit` is what the limits count: most characters are one, some are two."""

    encoding: Encoding
    units: int
    segments: int

    def __str__(self) -> str:
        parts = f"{self.segments} segment{'' if self.segments == 1 else 's'}"
        return f"{self.encoding}, {self.units} characters, {parts}"


def size(text: str) -> Size:
    """The alphabet that a text needs, and its length in it."""
    encoding = Encoding.UCS_2 if outside_gsm_7(text) else Encoding.GSM_7
    doubled = _EXTENSION if encoding is Encoding.GSM_7 else {c for c in text if c > "\uffff"}
    costs = [2 if character in doubled else 1 for character in text]
    alone, in_parts = _LIMITS[encoding]
    units = sum(costs)
    return Size(encoding, units, 1 if units <= alone else _parts(costs, in_parts))


def _parts(costs: list[int], limit: int) -> int:
    """How many segments a text takes; a character of two units is never split, it begins the next."""
    parts, used = 1, 0
    for cost in costs:
        if used + cost > limit:
            parts, used = parts + 1, 0
        used += cost
    return parts


def outside_gsm_7(text: str) -> tuple[str, ...]:
    """The characters that force UCS-2 on a text, each once, in their order."""
    return tuple(dict.fromkeys(c for c in text if c not in _BASIC and c not in _EXTENSION))


def is_typography(character: str) -> bool:
    """Whether a plain character says the same to every reader."""
    return character in _TYPOGRAPHY


def plain(character: str) -> str | None:
    """What to write instead of a character to stay in GSM-7, None if nothing is like it."""
    if character in _TYPOGRAPHY:
        return _TYPOGRAPHY[character]
    letters = (c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c))
    like = "".join(_TYPOGRAPHY.get(letter, letter) for letter in letters)
    return None if outside_gsm_7(like) else like

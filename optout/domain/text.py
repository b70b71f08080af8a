"""One spelling for texts that look or read the same, so that a rule meets only one of them.

Case, Unicode width and compatibility forms, accents, invisible and control characters, white space,
quotes, punctuation and emoji do not change what a person asked for.
"""

import re
import unicodedata
from functools import lru_cache

# What may stand behind an opt-out word.
_CLOSING = ".!?,;:…"
_NOT_A_WORD = re.compile(r"[\W_]+")
# Emoji that compatibility forms would turn into letters or digits: keycaps, the i of information, TM.
_PICTURES = re.compile("[0-9#*]\ufe0f?\u20e3|[ℹ™]")
# Letters in disguise that have no compatibility form, by their names: 🆂, 🅢, ꜱ, ø, ı.
_DISGUISED_LETTER = re.compile(
    r"(?:NEGATIVE (?:CIRCLED|SQUARED) LATIN CAPITAL LETTER|LATIN LETTER SMALL CAPITAL"
    r"|LATIN (?:SMALL|CAPITAL) LETTER(?: DOTLESS)?) ([A-Z])(?: WITH .+)?"
)
# Control, format and surrogate characters, and what breaks a line.
_STEERS = ("Cc", "Cf", "Cs", "Zl", "Zp")
# Letters by category that show nothing: the fillers of Hangul, the stretch of Arabic, vowels of Khmer.
_NOTHING = "\u115f\u1160\u0640\u17b4\u17b5"
# Marks that are letters in the scripts of South and South-East Asia, by their combining classes: vowel
# signs, the sign that there is none, and in Thai and Lao those below and above.
_LETTER_MARKS = frozenset((0, 9, 84, 91, 103, 107, 118, 122))
_SOUTH_ASIAN = range(0x0900, 0x1800)
# Letters that keyboards of one script exchange.
_EXCHANGED = {"ة": "ه", "ى": "ي", "ی": "ي", "ې": "ي", "ک": "ك", "ہ": "ه", "ھ": "ه", "ۂ": "ه", "ٱ": "ا"}


def plain_text(text: str) -> str:
    """The letters that a text shows, without accents, compatibility forms and what is invisible.

    Lines are kept, and so is the case, which tells a name from a sentence.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKD", _PICTURES.sub("", text))
        text = "".join(map(_plain_character, text))
    return "\n".join(text.splitlines())


@lru_cache(maxsize=4096)
def _plain_character(character: str) -> str:
    if character.isascii():
        return character
    if character in _EXCHANGED:
        return _EXCHANGED[character]
    if character in _NOTHING:
        return ""
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return character if _is_letter_mark(character) else ""
    disguised = _DISGUISED_LETTER.fullmatch(unicodedata.name(character, ""))
    if disguised is None:
        return character
    return disguised[1].lower() if character.islower() else disguised[1]


def _is_letter_mark(character: str) -> bool:
    return (
        ord(character) in _SOUTH_ASIAN
        and unicodedata.combining(character) in _LETTER_MARKS
        and unicodedata.category(character) == "Mn"
    )


def comparison_key(text: str) -> str:
    """The key by which keywords are compared; OPT OUT, opt-out and OPTOUT have the same one."""
    return _NOT_A_WORD.sub("", plain_text(text).casefold())


def is_bare_word(text: str, word: str, *, may_close: bool) -> bool:
    """Rule 15: whether a text is a word and nothing else, as a carrier and ACS look at it: case and the
    spaces around it aside and, where it may close, punctuation behind it."""
    said = text.strip().casefold()
    return (said.rstrip(_CLOSING) if may_close else said) == word.casefold()


def in_one_line(text: str) -> str:
    """A text with nothing in it but what is shown as it is. Strangers write texts: what would steer a
    terminal, or turn the order of its letters, becomes an escape, and a line break a sign."""
    return "".join(map(_shown, text))


def _shown(character: str) -> str:
    # What joins emoji steers nothing.
    if unicodedata.category(character) in _STEERS and character != "\u200d":
        return {"\n": " ⏎ ", "\r": "", "\t": " "}.get(character, ascii(character)[1:-1])
    return character

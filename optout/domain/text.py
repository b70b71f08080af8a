"""One spelling for texts that look or read the same, so that a rule meets only one of them.

Case, Unicode width and compatibility forms, accents, invisible and control characters, white space,
quotes, punctuation and emoji do not change what a person asked for.
"""

import re
import unicodedata
from functools import lru_cache

_NOT_A_WORD = re.compile(r"[\W_]+")
# Emoji that compatibility forms would turn into letters or digits: keycaps, the i of information, TM.
_PICTURES = re.compile("[0-9#*]\ufe0f?\u20e3|[ℹ™]")
# Letters in disguise that have no compatibility form, by their names: 🆂, 🅢, ꜱ, ø, ı.
_DISGUISED_LETTER = re.compile(
    r"(?:NEGATIVE (?:CIRCLED|SQUARED) LATIN CAPITAL LETTER|LATIN LETTER SMALL CAPITAL"
    r"|LATIN (?:SMALL|CAPITAL) LETTER(?: DOTLESS)?) ([A-Z])(?: WITH .+)?"
)
# The fillers of Hangul are letters by category and show nothing.
_FILLERS = "\u115f\u1160"

# A line below which all is signature: a row of dashes and the like, or a mail program's own words.
_SIGNATURE = re.compile(
    r"[-_=~*—–]{2,}"
    r"|\W*(?:sent (?:from|via)|get outlook|envoye (?:de|depuis)|enviado (?:de|desde|do))\b.*",
    re.IGNORECASE,
)
# A line that may open one: a blank one, a dash before a name, a closing.
_CLOSING = re.compile(r"(?:(?:best|kind|warm) regards|regards|cheers|thanks|thank you|merci)\W*", re.I)
_OPENING = re.compile(rf"|[-—–].*|{_CLOSING.pattern}", re.I)
_CONTACT_LINES = 6
_CONTACT_WORDS = 6
_NUMBER_OR_ADDRESS = re.compile(r"\d|\S[@./]\S|^\W+$")
_NAME_PARTICLES = ("and", "da", "de", "der", "di", "du", "for", "la", "le", "of", "van", "von")


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
    if unicodedata.category(character) in ("Mn", "Me", "Cf") or character in _FILLERS:
        return ""
    disguised = _DISGUISED_LETTER.fullmatch(unicodedata.name(character, ""))
    return disguised[1] if disguised else character


def comparison_key(text: str) -> str:
    """What keywords are compared by: OPT OUT, opt-out and OPTOUT have the same."""
    return _NOT_A_WORD.sub("", plain_text(text).casefold())


def without_signature(text: str) -> str:
    """A plain text without the signature block below it.

    Below a row of dashes or what mail programs write, all is signature. Below a blank line, only a
    name, a company, a number and the like are: a sentence there belongs to the message.
    """
    lines = [line.strip() for line in text.strip().split("\n")]
    for number, line in enumerate(lines[1:], start=1):
        if _SIGNATURE.fullmatch(line):
            return "\n".join(lines[:number])
    for number, line in enumerate(lines[1:], start=1):
        if _OPENING.fullmatch(line):
            return "\n".join(lines[:number]) if _is_contact(lines[number:]) else text
    return text


def _is_contact(lines: list[str]) -> bool:
    """Whether lines are a few short ones, each a closing or of words as in names and numbers."""
    said = [line.strip("-—– ") for line in lines if not _CLOSING.fullmatch(line)]
    return (
        len(said) <= _CONTACT_LINES
        and not any(line.endswith(("?", "!", ".")) for line in said)
        and all(len(line.split()) <= _CONTACT_WORDS for line in said)
        and all(_is_of_contact(word) for line in said for word in line.split())
    )


def _is_of_contact(word: str) -> bool:
    """Whether a word is as in names, addresses and numbers. A long one in capitals tells nothing."""
    if word[0].isupper():
        return len(word) <= 3 or not word.isupper()
    return word in _NAME_PARTICLES or bool(_NUMBER_OR_ADDRESS.search(word))

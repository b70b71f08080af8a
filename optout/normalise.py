"""One spelling for texts that look or read the same, so that a rule meets only one of them.

Case, Unicode width and compatibility forms, accents, zero-width and control characters, white
space, quotes, punctuation and emoji do not change what a person asked for.
"""

import re
import unicodedata

_CONTROLS = {code: " " for code in (*range(32), *range(0x7F, 0xA0)) if code != ord("\n")}
_NOT_A_WORD = re.compile(r"[\W_]+")
_BLANK_LINES = re.compile(r"\n[^\S\n]*\n")
_SIGNATURE_LINES = 6
_SIGNATURE_WIDTH = 60
# A line that opens a signature: a row of dashes and the like, or a mail program's own words.
_SIGNATURE_RULE = re.compile(r"[-_=~*—–.]{2,}")
_SENT_FROM = re.compile(
    r"(sent from|sent via|get outlook|envoye de|envoye depuis|enviado desde|enviado do|enviado de)\b"
)


def plain(text: str) -> str:
    """Lower case without accents, compatibility forms and invisible characters; lines are kept."""
    if text.isascii():
        text = text.lower()
    else:
        decomposed = unicodedata.normalize("NFKD", text).casefold()
        text = "".join(
            character
            for character in unicodedata.normalize("NFKD", decomposed)
            if unicodedata.category(character) not in ("Mn", "Me", "Cf")
        )
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_CONTROLS)


def words(text: str) -> str:
    """The words of a plain text with one space between them: no punctuation, no emoji."""
    return _NOT_A_WORD.sub(" ", text).strip()


def key(text: str) -> str:
    """What keywords are compared by: OPT OUT, opt-out and OPTOUT have the same."""
    return _NOT_A_WORD.sub("", plain(text))


def without_signature(text: str) -> str:
    """A plain text without the signature block below it.

    A signature is a few short lines after a blank one, or begins with a row of dashes or with what
    mail programs write.
    """
    head, *below = _BLANK_LINES.split(text.strip(), maxsplit=1)
    if below and not _is_short_block(below[0]):
        return text
    lines = head.split("\n")
    for number, line in enumerate(lines[1:], start=1):
        if _SIGNATURE_RULE.match(line.strip()) or _SENT_FROM.match(words(line)):
            return "\n".join(lines[:number])
    return head


def _is_short_block(text: str) -> bool:
    lines = text.split("\n")
    return (
        len(lines) <= _SIGNATURE_LINES
        and all(len(line) <= _SIGNATURE_WIDTH for line in lines)
        and "?" not in text
    )

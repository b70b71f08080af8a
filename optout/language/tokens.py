"""A text as words and the breaks between them.

Contractions are one word (don't: dont), an elided article is one of its own (m'écrire: m ecrire), and
so is each character of a script that is written without spaces. Nothing here may know a language.
"""

import re
from dataclasses import dataclass

# The breaks: a line, a sentence, and what is weaker than both.
LINE, SENTENCE, PAUSE = "\n", ".", ","
BREAKS = frozenset((LINE, SENTENCE, PAUSE))

_TOKEN = re.compile(
    r"\$?[^\W_]+(?:'(?:t|s|m|re|ll|ve|d|em|all)\b)?"
    r"|\n|\.{2,}|…|[.!?;。！？]+|[,:()—–]|(?<=\s)-+(?=\s)|(?<![\w#])#(?![\w#])",
    re.IGNORECASE,
)
# What stands for a word, or begins one: an amount, a number.
_SYMBOLS = "$#"
_APOSTROPHES = str.maketrans("’‘`´ʼ", "'''''")
_WITHOUT_SPACES = re.compile(r"([\u3040-\u30ff\u3400-\u9fff])")


@dataclass(frozen=True, slots=True)
class Tokens:
    """The words of a text, small, with its breaks among them, and where each stands in it."""

    text: str
    words: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]

    def between(self, start: int, end: int) -> str:
        """The text that a range of words stands for, on one line."""
        return " ".join(self.text[self.spans[start][0] : self.spans[end - 1][1]].split())

    def is_shouted(self, position: int) -> bool:
        """Whether a word is in capitals in a text that otherwise is not."""
        start, end = self.spans[position]
        return self.text[start:end].isupper() and any(map(str.islower, self.text))


def words(text: str) -> list[str]:
    """The words and breaks of a plain text."""
    return [_word(token) for token in _TOKEN.findall(_spaced(text).lower())]


def tokens(text: str) -> Tokens:
    """The words and breaks of a plain text with their places."""
    spaced = _spaced(text)
    found = list(_TOKEN.finditer(spaced))
    return Tokens(
        spaced,
        tuple(_word(match[0].lower()) for match in found),
        tuple(match.span() for match in found),
    )


def phrase(text: str) -> tuple[str, ...]:
    """The words of a phrase of the data."""
    return tuple(words(text))


def is_break(word: str) -> bool:
    return word in BREAKS


def _spaced(text: str) -> str:
    if text.isascii():
        return text
    return _WITHOUT_SPACES.sub(r" \1 ", text.translate(_APOSTROPHES))


def _word(token: str) -> str:
    if token.isalnum():
        return token
    if "'" in token:
        return token.replace("'", "")
    if token == LINE:
        return LINE
    if token[0] in ".…":
        return PAUSE if token[:2] in ("..", "…") else SENTENCE
    if token[0] in "!?;。！？":
        return SENTENCE
    return token if token[0] in _SYMBOLS else PAUSE

"""A text as words and the breaks between them.

Contractions are one word (don't: dont), an elided article is one of its own (m'écrire: m ecrire), and
so is each character of a script that is written without spaces. All censored words (f***ing, s#@t) are
one and the same. What may follow an apostrophe in one word is the languages' data: nothing here may
know a language.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from optout.language.expressions import any_of

# The breaks: a line, a sentence, and what is weaker than both.
LINE, SENTENCE, PAUSE = "\n", ".", ","
BREAKS = frozenset((LINE, SENTENCE, PAUSE))

# What every censored word is read as, also one of the data. Its letter keeps it from being punctuation.
_CENSORED = "f***"
# The rest of one, after up to three letters: f***ing, s#@t.
_CENSORING = r"(?=[*#@]{2})(?:(?<=\b[^\W\d_])|(?<=\b[^\W\d_]{2})|(?<=\b[^\W\d_]{3}))[*#@]{2,9}\w{0,9}"
# What ends a sentence, in Latin, East Asian, Arabic, Indian, Urdu, Armenian and Ethiopian writing.
_ENDS = "!?;。！？؟؛।॥۔։።፧"
# What stands for a word, or begins one: an amount, a number, a stop sign.
_STOP_SIGN = "🛑"
_SYMBOLS = f"$#{_STOP_SIGN}"
_APOSTROPHES = str.maketrans("’‘`´ʼ", "'''''")
# Japanese, Chinese, Thai, Lao, Burmese, Khmer.
_UNSPACED = r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]"
_WITHOUT_SPACES = re.compile(f"({_UNSPACED})")
_ALL_UNSPACED = re.compile(f"{_UNSPACED}+").fullmatch
_SPACED_OUT = re.compile(f"(?<={_UNSPACED}) (?={_UNSPACED})")
# What is part of a word: letters, digits, and the vowel signs of South Asia, but not its full stops.
_LETTER = r"(?:[^\W_]|[\u0900-\u0963\u0970-\u109f\u1780-\u17d3])"
_LETTERS = re.compile(f"{_LETTER}+")


@dataclass(frozen=True, slots=True)
class Tokens:
    """The words of a text in lower case, with its breaks among them, and where each stands in it."""

    text: str
    words: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]

    def between(self, start: int, end: int) -> str:
        """The text that a range of words stands for, on one line."""
        found = " ".join(self.text[self.spans[start][0] : self.spans[end - 1][1]].split())
        return _SPACED_OUT.sub("", found)

    def is_in_capitals(self, position: int) -> bool:
        start, end = self.spans[position]
        return self.text[start:end].isupper()


class Tokenizer:
    """Splits plain texts into words and breaks, given what may follow an apostrophe in one word."""

    def __init__(self, contractions: Iterable[str]) -> None:
        self._token = re.compile(
            rf"\$?{_LETTER}+(?:'{any_of(contractions)}\b|{_CENSORING})?"
            r"|\n|\.{2,}|…|[.!?;。！？؟؛।॥۔։።፧]+|[,:()—–،、፣]|(?<=\s)-+(?=\s)|(?<![\w#])#(?![\w#])|"
            + f"{_STOP_SIGN}+",
            re.IGNORECASE,
        )

    def words(self, text: str) -> list[str]:
        """The words and breaks of a plain text."""
        return [_word(token) for token in self._token.findall(_spaced(text).lower())]

    def tokens(self, text: str) -> Tokens:
        """The words and breaks of a plain text with their places."""
        spaced = _spaced(text)
        found = list(self._token.finditer(spaced))
        return Tokens(
            spaced,
            tuple(_word(match[0].lower()) for match in found),
            tuple(match.span() for match in found),
        )


_WITHOUT_CONTRACTIONS = Tokenizer(())


@lru_cache(maxsize=1 << 18)
def phrase(text: str) -> tuple[str, ...]:
    """The words of a phrase of the data, which is written without apostrophes."""
    parts = text.lower().split()
    if all(map(str.isalnum, parts)) and not _WITHOUT_SPACES.search(text):
        return tuple(parts)
    if all(map(_ALL_UNSPACED, parts)):
        return tuple("".join(parts))
    return tuple(_WITHOUT_CONTRACTIONS.words(text))


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
    if token[0] in _ENDS:
        return SENTENCE
    if token[0] in _SYMBOLS:
        return token[0] if token[0] == _STOP_SIGN else token
    if _LETTERS.fullmatch(token):
        return token
    return _CENSORED if token[0].isalpha() else PAUSE

"""The signature block below a message: a name, a company, what a mail program adds.

The words that show it are the languages' data: nothing here may know a language.
"""

import re
from collections.abc import Sequence
from itertools import chain

from optout.language.expressions import any_of
from optout.language.languages import SignatureEntry

_RULE = "[-_=~*—–]{2,}"
_DASH_BEFORE_NAME = "[-—–].*"
_MOST_LINES = 6
_MOST_WORDS = 6
_NUMBER_OR_ADDRESS = re.compile(r"\d|\S[@./]\S|^\W+$")


class Signatures:
    """Takes signatures away, given the words of mail programs, closings and names."""

    def __init__(self, entries: Sequence[SignatureEntry]) -> None:
        openings = any_of(chain.from_iterable(entry.openings for entry in entries))
        closings = any_of(chain.from_iterable(entry.closings for entry in entries))
        # All below such a line is signature: a row of dashes and the like, or a mail program's words.
        self._begins = re.compile(rf"{_RULE}|\W*{openings}\b.*", re.IGNORECASE)
        self._closes = re.compile(rf"{closings}\W*", re.IGNORECASE)
        # A line that a signature may begin with: a blank one, a dash before a name, a closing.
        self._may_begin = re.compile(rf"|{_DASH_BEFORE_NAME}|{closings}\W*", re.IGNORECASE)
        self._particles = frozenset(chain.from_iterable(entry.particles for entry in entries))

    def without(self, text: str) -> str:
        """A plain text without the signature block below it.

        Below a row of dashes or what mail programs write, all is signature. Below a blank line, only a
        name, a company, a number and the like are: a sentence there belongs to the message.
        """
        lines = [line.strip() for line in text.strip().split("\n")]
        for number, line in enumerate(lines[1:], start=1):
            if self._begins.fullmatch(line):
                return "\n".join(lines[:number])
        for number, line in enumerate(lines[1:], start=1):
            if self._may_begin.fullmatch(line):
                return "\n".join(lines[:number]) if self._is_contact(lines[number:]) else text
        return text

    def _is_contact(self, lines: Sequence[str]) -> bool:
        """Whether lines are few and short, each a closing or made of words as in names and numbers."""
        said = [line.strip("-—– ") for line in lines if not self._closes.fullmatch(line)]
        return (
            len(said) <= _MOST_LINES
            and not any(line.endswith(("?", "!", ".")) for line in said)
            and all(len(line.split()) <= _MOST_WORDS for line in said)
            and all(self._is_of_contact(word) for line in said for word in line.split())
        )

    def _is_of_contact(self, word: str) -> bool:
        """Whether a word is as in a name, an address or a number. A long one in capitals is not."""
        if word[0].isupper():
            return len(word) <= 3 or not word.isupper()
        return word in self._particles or bool(_NUMBER_OR_ADDRESS.search(word))

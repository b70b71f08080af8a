"""The ways in which a documented opt-out word is mistyped.

One edit: letters swapped, doubled or lost, one too many, or a neighbour on the keyboard; letters
repeated as in stoppp; digits and letters of other alphabets that look like the right ones. In other
scripts than Latin, one letter of a long word that is missing, too many or wrong. The data says which
words are mistyped, which other words are never meant, and which are only as a message of their own.
Nothing here may know what a word asks for.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

# A short word has too many neighbours that are words; a long one hardly any.
_LONG = 6
_SHORTEST = 4
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_KEYBOARD = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")

_LOOK_ALIKE = str.maketrans(
    "авекмнорстухіѕјԁԛԝһлпαβεικνορτυχηςϲ",
    "abekmhopctyxisjdqwhnnabeiknoptuxnss",
)
_DIGITS = str.maketrans("013457$", "oieasts")
_DIGITS_ONE_IS_L = str.maketrans("013457$", "oleasts")
_HELD_DOWN = re.compile(r"(.)\1\1")
_HELD_DOWN_LONG = re.compile(r"(.)\1{2,}")
_REPEATED = re.compile(r"(.)\1+")
# Besides letters of other alphabets: characters of misspellings that are not in the table.
_DIGIT = re.compile(r"[0-9$]")
_LATIN_HELD_DOWN = re.compile(r"([A-Za-z])\1\1")


@dataclass(frozen=True, slots=True)
class Spelling:
    """The word that was meant, and whether nothing else can have been."""

    word: str
    sure: bool


@dataclass(frozen=True, slots=True)
class Spelled:
    """The words of a text, mistyped ones corrected, and which of those may have been meant as such."""

    words: Sequence[str]
    unsure: frozenset[int] = frozenset()


class Typos:
    """The misspellings of some words, looked up in constant time, and known words held down."""

    def __init__(
        self,
        words: Collection[str],
        never: Collection[str],
        known: Collection[str],
        alone: Mapping[str, str],
    ) -> None:
        self._alone = alone
        self._words = frozenset(words)
        self._known = self._words.union(known)
        self._never = frozenset(never)
        self._shortened: Mapping[str, str] = {
            form: word
            for word in words
            if not word.isascii() and len(word) >= _LONG
            for form in (word, *_shortened(word))
        }
        # One letter too many at the most.
        self._longest = max(map(len, self._shortened), default=0) + 1
        self._variants: Mapping[str, Spelling] = {
            variant: spelling
            for word in filter(str.isascii, words)
            for variant, spelling in _variants(word)
            if variant not in self._words and variant not in self._never
        }
        self._squeezed = {_REPEATED.sub(r"\1", word): word for word in words}

    def corrected(self, plain: str, words: Sequence[str]) -> Spelled:
        """The words of a plain text as they were meant."""
        if len(words) == 1 and words[0] in self._alone:
            return Spelled((self._alone[words[0]],), frozenset((0,)))
        if self._variants.keys().isdisjoint(words) and not _is_odd(plain):
            return Spelled(words)
        meant = [self.meant(word) for word in words]
        return Spelled(
            [spelling.word if spelling else word for spelling, word in zip(meant, words, strict=True)],
            frozenset(place for place, spelling in enumerate(meant) if spelling and not spelling.sure),
        )

    def meant(self, token: str) -> Spelling | None:
        """What a token that is not a known word was meant to be."""
        if token in self._words or token in self._never:
            return None
        if not token.isascii():
            return self._same(token.translate(_LOOK_ALIKE)) or self._close(token)
        if not token.isalpha():
            return (
                self._same(token.translate(_DIGITS))
                or self._same(token.translate(_DIGITS_ONE_IS_L))
                or self._variants.get(token)
            )
        return self._variants.get(token) or self._repeated(token)

    def _same(self, folded: str) -> Spelling | None:
        return Spelling(folded, True) if folded in self._words else None

    def _close(self, token: str) -> Spelling | None:
        """The long word of another script that a token is one letter away from: without one of theirs,
        the two are the same."""
        if not _LONG <= len(token) <= self._longest or token in self._known:
            return None
        found = (self._shortened.get(form) for form in (token, *_shortened(token)))
        word = next(filter(None, found), None)
        return Spelling(word, False) if word else None

    def _repeated(self, token: str) -> Spelling | None:
        """Letters that are held down: three or more of one, and the rest as it should be."""
        if len(token) < _SHORTEST or not _HELD_DOWN.search(token):
            return None
        word = self._squeezed.get(_REPEATED.sub(r"\1", token))
        for form in (word, *_let_go(token)):
            if form in self._known:
                return Spelling(form, True)
        return None


def _is_odd(plain: str) -> bool:
    """Whether a text has characters of misspellings that are not in the table."""
    return not plain.isascii() or bool(_DIGIT.search(plain) or _LATIN_HELD_DOWN.search(plain))


def _let_go(token: str) -> Iterator[str]:
    """A token with two and with one of each letter that is held down."""
    yield _HELD_DOWN_LONG.sub(r"\1\1", token)
    yield _HELD_DOWN_LONG.sub(r"\1", token)


def _shortened(word: str) -> Iterator[str]:
    for place in range(len(word)):
        yield word[:place] + word[place + 1 :]


def _variants(word: str) -> Iterator[tuple[str, Spelling]]:
    """Every mistyped form; the later ones are surer and replace those before."""
    long = len(word) >= _LONG
    if len(word) >= _SHORTEST:
        for form in _changed(word, long):
            yield form, Spelling(word, long)
    for place in range(len(word) - 1):
        swapped = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
        yield swapped, Spelling(word, len(word) >= _SHORTEST)
    for place in range(len(word)):
        yield word[: place + 1] + word[place:], Spelling(word, True)


def _changed(word: str, long: bool) -> Iterator[str]:
    for place in range(len(word)):
        yield word[:place] + word[place + 1 :]
        for letter in _ALPHABET if long else _neighbours(word[place]):
            yield word[:place] + letter + word[place + 1 :]
    for place in range(len(word) + 1):
        for letter in _ALPHABET:
            yield word[:place] + letter + word[place:]


def _neighbours(letter: str) -> str:
    """The keys around a key."""
    for number, row in enumerate(_KEYBOARD):
        column = row.find(letter)
        if column >= 0:
            beside = row[max(column - 1, 0) : column] + row[column + 1 : column + 2]
            rows = _KEYBOARD[max(number - 1, 0) : number] + _KEYBOARD[number + 1 : number + 2]
            return beside + "".join(other[max(column - 1, 0) : column + 2] for other in rows)
    return ""

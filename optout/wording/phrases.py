"""Patterns over words, as the data writes them, and finding them in a text.

A pattern is elements with spaces between: a word; CLASS, any phrase of a class; a|B, one of several;
each with ? for optional or * for up to four times. Between elements, fillers of the language may stand.

Each element looks at a bounded number of words, so the time is linear in the text's length. Nothing
here may know what a pattern means.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from optout.wording.tokens import is_break, phrase

MOST_REPEATS = 4
_MOST_FILLERS = 3

Classes = Mapping[str, Sequence[str]]


class Phrases:
    """A set of word sequences that is searched at one place of a text."""

    def __init__(self, sequences: Iterable[Sequence[str]]) -> None:
        self._all = frozenset(tuple(sequence) for sequence in sequences if sequence)
        self.single = frozenset(sequence[0] for sequence in self._all if len(sequence) == 1)
        self.first_words = frozenset(sequence[0] for sequence in self._all)
        lengths: dict[str, set[int]] = {}
        for sequence in self._all:
            if len(sequence) > 1:
                lengths.setdefault(sequence[0], set()).add(len(sequence))
        self._longer = {first: tuple(sorted(found)) for first, found in lengths.items()}

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        return iter(self._all)

    def ends(self, words: Sequence[str], start: int) -> list[int]:
        """Where those that begin at a place end, the shortest first."""
        if start >= len(words) or words[start] not in self.first_words:
            return []
        word = words[start]
        found = [start + 1] if word in self.single else []
        for length in self._longer.get(word, ()):
            end = start + length
            if end <= len(words) and tuple(words[start:end]) in self._all:
                found.append(end)
        return found

    def longest(self, words: Sequence[str], start: int) -> int:
        """Where the longest one that begins at a place ends; the place itself where none does."""
        found = self.ends(words, start)
        return found[-1] if found else start


NOTHING = Phrases(())


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a pattern."""

    phrases: Phrases
    least: int = 1
    most: int = 1

    def ends(self, words: Sequence[str], starts: set[int]) -> set[int]:
        """Every place that this element can lead to from some places."""
        reached = set() if self.least else set(starts)
        at = starts
        for _ in range(self.most):
            at = {end for start in at for end in self.phrases.ends(words, start)} - reached
            if not at:
                break
            reached |= at
        return reached


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern. A text without a word of each of `needs` does not have it."""

    elements: tuple[Element, ...]
    needs: tuple[frozenset[str], ...]
    fillers: Phrases

    def end(self, words: Sequence[str], start: int) -> int | None:
        """Where the longest reading that begins at a place ends."""
        at = self.elements[0].ends(words, {start})
        for element in self.elements[1:]:
            if not at:
                return None
            following = element.ends(words, self._past_fillers(words, at))
            at = following if element.least else following | at
        return max(at, default=None)

    def _past_fillers(self, words: Sequence[str], at: set[int]) -> set[int]:
        reached = at
        for _ in range(_MOST_FILLERS):
            at = {end for start in at for end in self.fillers.ends(words, start)} - reached
            if not at:
                break
            reached = reached | at
        return reached


def compile_pattern(
    text: str, classes: Classes, fillers: Phrases = NOTHING, common: Sequence[str] = ()
) -> Iterator[Pattern]:
    """The patterns that a text of the data stands for, each beginning with something mandatory."""
    parts = text.split()
    leading = next(number for number, part in enumerate(parts) if not part.endswith(("?", "*")))
    for kept in product((False, True), repeat=leading):
        chosen = [part for part, keep in zip(parts[:leading], kept, strict=True) if keep]
        elements = tuple(
            _element(part, classes)
            for part in [part.removesuffix("?") for part in chosen] + parts[leading:]
        )
        needs = [_needed(element, common) for element in elements if element.least]
        yield Pattern(
            elements, tuple(sorted(needs, key=lambda need: _frequency(need, common))), fillers
        )


def _needed(element: Element, common: Sequence[str]) -> frozenset[str]:
    """For each phrase of an element its rarest word."""
    return frozenset(rarest(each, common) for each in element.phrases)


def rarest(words: Sequence[str], common: Sequence[str]) -> str:
    """The word of a phrase that fewest texts have."""
    return min(words, key=lambda word: _frequency([word], common))


def _frequency(words: Iterable[str], common: Sequence[str]) -> float:
    """How often one of some words is met, by their places in a list that begins with the commonest."""
    return sum(1 / (1 + common.index(word)) for word in words if word in common)


def sequences(text: str, classes: Classes) -> Iterator[tuple[str, ...]]:
    """Every sequence of words of a pattern without repeats."""
    options = []
    for part in text.split():
        alternatives = [
            each for name in part.rstrip("?").split("|") for each in _spelled(name, classes)
        ]
        options.append([(), *alternatives] if part.endswith("?") else alternatives)
    for choice in product(*options):
        yield tuple(word for each in choice for word in each)


def _element(part: str, classes: Classes) -> Element:
    name = part.rstrip("?*")
    phrases = Phrases(
        each for alternative in name.split("|") for each in _spelled(alternative, classes)
    )
    if part.endswith("*"):
        return Element(phrases, 0, MOST_REPEATS)
    return Element(phrases, 0 if part.endswith("?") else 1)


def _alternatives(names: str, classes: Classes) -> list[tuple[str, ...]]:
    return [each for name in names.split("|") for each in _spelled(name, classes)]


def _spelled(name: str, classes: Classes) -> list[tuple[str, ...]]:
    """The sequences of a class, which may name others, or of a word."""
    if not name.isupper():
        return [phrase(name)]
    return [
        each
        for entry in classes[name]
        for each in (_spelled(entry, classes) if entry.isupper() else [phrase(entry)])
    ]


@dataclass(frozen=True, slots=True)
class Reached:
    """Where skipping led: the place, the first break on the way, and whether a phrase was doubtful."""

    place: int
    pause: str | None = None
    doubtful: bool = False


class Reach:
    """How far phrases and breaks that may be skipped lead from each place of a text.

    What was found for a place is kept, so that all places together take linear time.
    """

    def __init__(self, words: Sequence[str], skipped: Phrases, doubtful: Phrases = NOTHING) -> None:
        self._words = words
        self._skipped = skipped
        self._doubtful = doubtful
        self._found: dict[int, Reached] = {}

    def __call__(self, start: int) -> Reached:
        steps: list[tuple[int, bool]] = []
        at = start
        while at not in self._found:
            following, doubtful = self._step(at)
            if following == at:
                self._found[at] = Reached(at)
            else:
                steps.append((at, doubtful))
                at = following
        reached = self._found[at]
        for place, doubtful in reversed(steps):
            word = self._words[place]
            reached = Reached(
                reached.place,
                word if is_break(word) else reached.pause,
                reached.doubtful or doubtful,
            )
            self._found[place] = reached
        return reached

    def _step(self, at: int) -> tuple[int, bool]:
        if at < len(self._words) and is_break(self._words[at]):
            return at + 1, False
        plain = self._skipped.longest(self._words, at)
        doubtful = self._doubtful.longest(self._words, at)
        return (doubtful, True) if doubtful > plain else (plain, False)

"""Patterns over words, as the data writes them, and finding them in a text.

A pattern is elements with spaces between: a word; CLASS, any phrase of a class; a|B, one of several;
each with ? for optional or * for up to four times; _ is any word. Between elements, fillers of the
language may stand.

Each element looks at a bounded number of words, so the time is linear in the text's length. Nothing
here may know what a pattern means.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain, pairwise, product
from operator import attrgetter
from typing import TypeAlias

from optout.language.tokens import is_break, phrase

MOST_REPEATS = 4
_MOST_FILLERS = 3

Classes = Mapping[str, Sequence[str]]


# What shows that a phrase may be there: a word, or two that follow each other.
Sign: TypeAlias = str | tuple[str, str]


def signs(words: Sequence[str]) -> frozenset[Sign]:
    """All of a text."""
    return frozenset((*words, *pairwise(words)))


class Phrases:
    """A set of word sequences that is searched at one place of a text. Most are never searched, so what
    searching takes is made when it is first needed."""

    def __init__(self, sequences: Iterable[Sequence[str]]) -> None:
        self._given = tuple(sequences)

    @cached_property
    def _all(self) -> frozenset[tuple[str, ...]]:
        return frozenset(tuple(sequence) for sequence in self._given if sequence)

    @cached_property
    def single(self) -> frozenset[str]:
        return frozenset(sequence[0] for sequence in self._all if len(sequence) == 1)

    @cached_property
    def first_words(self) -> frozenset[str]:
        return frozenset(sequence[0] for sequence in self._all)

    @cached_property
    def _longer(self) -> Mapping[str, tuple[int, ...]]:
        lengths: dict[str, set[int]] = {}
        for sequence in self._all:
            if len(sequence) > 1:
                lengths.setdefault(sequence[0], set()).add(len(sequence))
        return {first: tuple(sorted(found)) for first, found in lengths.items()}

    def __iter__(self) -> Iterator[Sequence[str]]:
        return iter(self._given)

    def without(self, removed: Iterable[Sequence[str]]) -> "Phrases":
        """The same but for some; what is long and the same is shared."""
        unwanted = self._all.intersection(map(tuple, removed))
        if any(len(sequence) > 1 for sequence in unwanted):
            return Phrases(self._all - unwanted)
        fewer = copy(self)
        fewer.single = self.single.difference(*unwanted)
        return fewer

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


class AnyWord(Phrases):
    """Whatever is a word, and no break."""

    def __init__(self) -> None:
        super().__init__(())

    def ends(self, words: Sequence[str], start: int) -> list[int]:
        return [start + 1] if start < len(words) and not is_break(words[start]) else []


NOTHING = Phrases(())
ANY_WORD = AnyWord()


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
    """A compiled pattern. A text matches only if it has a sign from each of `needs`."""

    elements: tuple[Element, ...]
    needs: tuple[frozenset[Sign], ...]
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


@dataclass(frozen=True, slots=True)
class _Part:
    """An element, the words of which a text must have one, and how common those are."""

    element: Element
    needs: frozenset[Sign]
    frequency: float


class Compiler:
    """Makes patterns from one language's texts; what several of them share is made once."""

    def __init__(self, classes: Classes, fillers: Phrases, common: Sequence[str]) -> None:
        self._fillers = fillers
        ranked = reversed(list(enumerate(common, start=1)))
        # How common a word is, by its place in a list that begins with the commonest.
        self._common = {word: 1 / number for number, word in ranked}
        self._spelled = cache(lambda name: _spelled(name, classes))
        self._phrases = cache(self._of_names)
        self._needed = cache(self._signs)
        self._sign = cache(self._rarest)
        self._part = cache(self._made)

    def patterns(self, text: str) -> Iterator[Pattern]:
        """The patterns that a text stands for, each beginning with something mandatory."""
        parts = text.split()
        leading = next(number for number, part in enumerate(parts) if not part.endswith(("?", "*")))
        for kept in product((False, True), repeat=leading):
            chosen = [part for part, keep in zip(parts[:leading], kept, strict=True) if keep]
            stated = [part.removesuffix("?") for part in chosen] + parts[leading:]
            made = [self._part(part) for part in stated]
            least = (each for each in made if each.element.least and each.needs)
            needs = sorted(least, key=attrgetter("frequency"))
            yield Pattern(
                tuple(each.element for each in made), tuple(each.needs for each in needs), self._fillers
            )

    def _made(self, part: str) -> "_Part":
        name = part.rstrip("?*")
        if part.endswith("*"):
            return _Part(Element(self._phrases(name), 0, MOST_REPEATS), frozenset(), 0)
        if part.endswith("?"):
            return _Part(Element(self._phrases(name), 0), frozenset(), 0)
        needed = self._needed(name) if name != "_" else frozenset()
        return _Part(Element(self._phrases(name)), needed, sum(map(self._frequency, needed)))

    def _of_names(self, name: str) -> Phrases:
        if name == "_":
            return ANY_WORD
        return Phrases(chain.from_iterable(map(self._spelled, name.split("|"))))

    def _signs(self, name: str) -> frozenset[Sign]:
        return frozenset(map(self._sign, chain.from_iterable(map(self._spelled, name.split("|")))))

    def _rarest(self, phrase: tuple[str, ...]) -> Sign:
        if len(phrase) == 1:
            return phrase[0]
        if len(phrase) == 2 or self._common.keys().isdisjoint(phrase):
            return phrase[0], phrase[1]
        return min(pairwise(phrase), key=self._frequency)

    def _frequency(self, sign: Sign) -> float:
        """How common a word is, or two that follow each other."""
        if isinstance(sign, str):
            return self._common.get(sign, 0)
        return self._common.get(sign[0], 0) * self._common.get(sign[1], 0)


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

    def __init__(
        self, words: Sequence[str], skipped: Sequence[Phrases], doubtful: Phrases = NOTHING
    ) -> None:
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
        undoubted = max(each.longest(self._words, at) for each in self._skipped)
        doubtful = self._doubtful.longest(self._words, at)
        return (doubtful, True) if doubtful > undoubted else (undoubted, False)

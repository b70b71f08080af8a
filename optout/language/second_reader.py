"""A second reading of what the rules refuse: how much a text's n-grams speak for a request to stop.

A linear model. Each sentence is a sum of weights: of its words and the letters in them, of words that
follow each other, and of what stands around the core of a request that the rules refused there. The
text counts as much as its weightiest sentence. `make train` makes the weights; docs/second-reader.md is
their model card. Nothing here may know a language.
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from struct import Struct
from zlib import crc32

from optout.language.tokens import LINE, SENTENCE, is_break

# One weight of eight bits for each; n-grams that fall on the same one share it.
BUCKETS = 1 << 16
WEIGHTS = "second_reader.weights"
# Before the weights: a digest of what they were learnt from, and the two thresholds.
HEAD = Struct("<Iii")
# What is left of the longest word, and of its letters what stands together.
_LONGEST_WORD = 24
_LETTERS = (3, 4)
_MOST_SHOWN = 5
# A shorter sentence without a core is known to the rules, or asks for nothing.
_FEWEST_WORDS = 3
# How far from a core a word still says something about it.
_BESIDE = 2


@dataclass(frozen=True, slots=True)
class Core:
    """What makes a request: where it is in a text, and the rule that knows it."""

    rule: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Weighed:
    """How much a text speaks for a request, and the n-grams of the sentence that said most."""

    score: int
    sentence: Sequence[str]
    core: Core | None


class SecondReader:
    """A model: a weight for each bucket, and what is enough for a request with a core, and without."""

    def __init__(self, weights: Sequence[int], with_core: int, without: int) -> None:
        self.weights = weights
        self.with_core = with_core
        self.without = without
        self.least = min(with_core, without)
        self._of_word = lru_cache(maxsize=1 << 15)(self._summed)

    def read(self, words: Sequence[str], core: Core | None) -> Weighed:
        """The weightiest sentence of a text, given the core of a refused request in it."""
        sentences = list(sentences_of(words, core))
        return max((self._weigh(*each) for each in sentences), key=_score, default=Weighed(0, (), None))

    def shown(self, weighed: Weighed) -> tuple[str, ...]:
        """The n-grams that spoke most for the request, in a way that people can read."""
        grams = (*_all(weighed.sentence), *around(weighed.sentence, weighed.core))
        heaviest = sorted(dict.fromkeys(grams), key=lambda gram: (-self._weight(gram), gram))
        return tuple(gram for gram in heaviest[:_MOST_SHOWN] if self._weight(gram) > 0)

    def _weigh(self, sentence: Sequence[str], core: Core | None) -> Weighed:
        score = sum(map(self._of_word, sentence))
        score += sum(map(self._weight, pairs(sentence)))
        score += sum(map(self._weight, around(sentence, core)))
        return Weighed(score, sentence, core)

    def _summed(self, word: str) -> int:
        return sum(map(self._weight, of_word(word)))

    def _weight(self, gram: str) -> int:
        return self.weights[bucket(gram)]


@lru_cache(maxsize=1)
def second_reader() -> SecondReader:
    """The model that is shipped."""
    data = resources.files(__package__).joinpath(WEIGHTS).read_bytes()
    _, with_core, without = HEAD.unpack_from(data)
    return SecondReader(array("b", data[HEAD.size :]), with_core, without)


def bucket(gram: str) -> int:
    return crc32(gram.encode()) % BUCKETS


def sentences_of(
    words: Sequence[str], core: Core | None
) -> Iterator[tuple[Sequence[str], Core | None]]:
    """The sentences of a text that say enough, and the core in its own, by its place there."""
    begin = 0
    for place in range(len(words) + 1):
        if place < len(words) and (words[place] not in (SENTENCE, LINE) or _within(core, place)):
            continue
        has_core = core is not None and begin <= core.start < place
        if core and has_core:
            yield words[begin:place], Core(core.rule, core.start - begin, core.end - begin)
        elif place - begin >= _FEWEST_WORDS:
            yield words[begin:place], None
        begin = place + 1


def of_word(word: str) -> Iterator[str]:
    """The n-grams of one word: itself, and letters of it that stand together."""
    if is_break(word):
        return
    if word.isdigit():
        word = "0"
    yield f"w:{word}"
    marked = f"<{word[:_LONGEST_WORD]}>"
    for length in _LETTERS:
        for place in range(len(marked) - length + 1):
            yield f"c:{marked[place : place + length]}"


def pairs(sentence: Sequence[str]) -> Iterator[str]:
    """Two words that follow each other, at the ends of a sentence, too."""
    before = "<"
    for word in (*sentence, ">"):
        yield f"p:{before} {word}"
        before = word


def around(sentence: Sequence[str], core: Core | None) -> Iterator[str]:
    """What stands around a core."""
    if core is None:
        return
    kind = core.rule.split(":")[-1]
    yield f"core:{kind}"
    for distance in range(1, _BESIDE + 1):
        left, right = core.start - distance, core.end - 1 + distance
        yield f"left{distance}:{sentence[left] if left >= 0 else '<'}"
        yield f"right{distance}:{sentence[right] if right < len(sentence) else '>'}"


def _within(core: Core | None, place: int) -> bool:
    return core is not None and core.start <= place < core.end


def _all(sentence: Sequence[str]) -> Iterator[str]:
    for word in sentence:
        yield from of_word(word)
    yield from pairs(sentence)


def _score(weighed: Weighed) -> int:
    return weighed.score

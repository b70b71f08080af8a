"""Learning the weights: an averaged perceptron in whole numbers, so that the same data make the same
file to the bit, whatever the machine."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from optout.language import second_reader
from optout.language.second_reader import BUCKETS, Core

EPOCHS = 6
# A message is learnt from until it is this far on its side; one that asks for nothing, further.
_MARGIN = 40
_MARGIN_OF_OTHERS = 60

Sentence = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Learnt:
    """A message as the buckets of each of its sentences."""

    sentences: tuple[Sentence, ...]
    is_request: bool


def learnt(words: Sequence[str], core: Core | None, *, is_request: bool) -> Learnt:
    sentences = second_reader.sentences_of(words, core)
    return Learnt(tuple(tuple(_buckets(*each)) for each in sentences), is_request)


def weights(examples: Sequence[Learnt]) -> list[int]:
    """The weights of eight bits that tell the examples apart, the mean of all steps of learning."""
    now, summed, step = [0] * BUCKETS, [0] * BUCKETS, 0
    for _ in range(EPOCHS):
        for example in examples:
            step += 1
            sentence = max(example.sentences, key=lambda each: _score(now, each), default=())
            score = _score(now, sentence)
            wanted = _MARGIN if example.is_request else -_MARGIN_OF_OTHERS
            if (score >= wanted) if example.is_request else (score <= wanted):
                continue
            change = 1 if example.is_request else -1
            for bucket in sentence:
                now[bucket] += change
                # The mean is what is there less what each change was not yet there for.
                summed[bucket] += change * step
    return _in_eight_bits([total * (step + 1) - late for total, late in zip(now, summed, strict=True)])


def _in_eight_bits(means: Sequence[int]) -> list[int]:
    """The same in proportion; the few that are heaviest are cut."""
    heights = sorted(abs(mean) for mean in means if mean)
    top = heights[len(heights) * 999 // 1000] if heights else 1
    return [max(-127, min(127, (mean * 254 + top) // (2 * top))) for mean in means]


def _score(now: Sequence[int], sentence: Iterable[int]) -> int:
    return sum(map(now.__getitem__, sentence))


def _buckets(sentence: Sequence[str], core: Core | None) -> Iterator[int]:
    for word in sentence:
        yield from map(second_reader.bucket, second_reader.of_word(word))
    yield from map(second_reader.bucket, second_reader.pairs(sentence))
    yield from map(second_reader.bucket, second_reader.around(sentence, core))

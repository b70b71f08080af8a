"""What a history leaves open, chosen by name: drawn from one generator or, in a replay, looked up.

Every choice has a value that it takes where nothing particular happens. Only what was chosen otherwise
is kept, so that leaving any of it out gives a smaller history.
"""

import random
from bisect import bisect
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import accumulate

Value = str | int


class Odds:
    """Some values, each with its weight; the first is the one where nothing happens."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        self.values = tuple(weights)
        self._bounds = list(accumulate(weights.values()))

    def draw(self, chance: random.Random) -> str:
        return self.values[bisect(self._bounds, chance.random() * self._bounds[-1])]


class Spans:
    """Milliseconds: some usual ones, and longer and longer ones, each range with its weight."""

    def __init__(self, usual: int, weight: float, *ranges: tuple[int, int, float]) -> None:
        self.usual = usual
        self._ranges = ((usual, usual), *((low, high) for low, high, _ in ranges))
        self._bounds = list(accumulate((weight, *(each for *_, each in ranges))))

    def draw(self, chance: random.Random) -> int:
        low, high = self._ranges[bisect(self._bounds, chance.random() * self._bounds[-1])]
        return low if low == high else chance.randint(low, high)


class Choices:
    """The choices of one history; `made` are those that were not the usual ones."""

    def __init__(self, chance: random.Random | None, kept: Mapping[str, Value] | None = None) -> None:
        self._chance = chance
        self._kept = kept or {}
        self._asked: Counter[str] = Counter()
        self.made: dict[str, Value] = {}

    @classmethod
    def drawn(cls, seed: int) -> "Choices":
        return cls(random.Random(f"{seed}/choices"))

    def one_of(self, name: str, odds: Odds) -> str:
        usual = odds.values[0]
        value = odds.draw(self._chance) if self._chance else self._looked_up(name, usual)
        return str(self._noted(name, value, usual))

    def milliseconds(self, name: str, spans: Spans) -> int:
        value = spans.draw(self._chance) if self._chance else self._looked_up(name, spans.usual)
        return int(self._noted(name, value, spans.usual))

    def number(self, name: str, ways: int) -> int:
        """Any number below that of the ways; usually 0."""
        value = self._chance.randrange(ways) if self._chance else self._looked_up(name, 0)
        return min(int(self._noted(name, value, 0)), ways - 1)

    def _looked_up(self, name: str, usual: Value) -> Value:
        return self._kept.get(self._numbered(name, self._asked[name] + 1), usual)

    def _noted(self, name: str, value: Value, usual: Value) -> Value:
        """Keep it under its name; asked again under the same name, it is another choice."""
        self._asked[name] += 1
        if value != usual:
            self.made[self._numbered(name, self._asked[name])] = value
        return value

    @staticmethod
    def _numbered(name: str, number: int) -> str:
        return name if number == 1 else f"{name} #{number}"


def weighted(chance: random.Random, weights: Mapping[str, float]) -> str:
    """One of some values, by their weights."""
    return chance.choices(list(weights), list(weights.values()))[0]


def pick(chance: random.Random, values: Sequence[str]) -> str:
    return values[chance.randrange(len(values))]

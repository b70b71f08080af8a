"""Where words stand in a text.

Nothing here may know what the words mean.
"""

from bisect import bisect_left
from collections.abc import Sequence


class Places:
    """The places of words in one text. Each set of words is looked for once, however often asked."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self._found: dict[frozenset[str], list[int]] = {}

    def has_any(self, wanted: frozenset[str], start: int, end: int) -> bool:
        """Whether one of some words stands from one place on and before another."""
        places = self._of(wanted)
        first = bisect_left(places, start)
        return first < len(places) and places[first] < end

    def _of(self, wanted: frozenset[str]) -> list[int]:
        if wanted not in self._found:
            self._found[wanted] = [place for place, word in enumerate(self._words) if word in wanted]
        return self._found[wanted]

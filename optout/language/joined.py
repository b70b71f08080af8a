"""A message that is one word because its spaces were left out: optmeout.

Nothing here may know what the words ask for, or a language.
"""

from collections.abc import Collection

# A shorter one is a word, and a longer one is not a message.
_SHORTEST, _LONGEST = 6, 40


class Joined:
    """Known words, to be found again where they were written together.

    Of those of one letter only some count, or any letters would be words.
    """

    def __init__(self, known: Collection[str], letters: Collection[str]) -> None:
        self._known = frozenset(word for word in known if len(word) > 1 or word in letters)
        self._longest = max(map(len, self._known), default=0)

    def apart(self, token: str) -> list[str]:
        """The fewest known words that a token consists of; none if it is a word itself."""
        if token in self._known or not _SHORTEST <= len(token) <= _LONGEST:
            return []
        fewest: list[list[str] | None] = [[]]
        for end in range(1, len(token) + 1):
            ways = [
                [*before, token[start:end]]
                for start in range(max(0, end - self._longest), end)
                if (before := fewest[start]) is not None and token[start:end] in self._known
            ]
            fewest.append(min(ways, key=len, default=None))
        return fewest[-1] or []

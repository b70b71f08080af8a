"""What stands to the left and to the right of a match, once courtesy is set aside.

Nothing here may know what was matched.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from optout.language.grammar import Around
from optout.language.phrases import NOTHING, Phrases, Reach
from optout.language.places import Places
from optout.language.tokens import LINE, PAUSE, SENTENCE


class Side(IntEnum):
    """What lies between a match and the rest of the message, on one side of it."""

    BLOCKED = 0  # a word that keeps it from being a request
    OPEN = 1  # a word that says nothing about it
    PAUSE = 2
    SENTENCE = 3
    LINE = 4
    MESSAGE = 5  # only courtesy, up to the message's end


_SIDE_OF = {None: Side.OPEN, PAUSE: Side.PAUSE, SENTENCE: Side.SENTENCE, LINE: Side.LINE}


@dataclass(frozen=True, slots=True)
class Beside:
    """One side of a match: what it is, where courtesy ends, and whether it is put as a question."""

    side: Side
    place: int
    asked: bool = False


class Surroundings:
    """The surroundings of all places of one text; each is looked at once."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self._backwards = words[::-1]
        self._places_backwards = Places(self._backwards)
        self._reaches: dict[tuple[Phrases, ...], Reach] = {}

    def right(self, around: Around, end: int) -> Beside:
        reached = self._reach(self._words, (around.right,))(end)
        if reached.place == len(self._words):
            return Beside(Side.MESSAGE, reached.place)
        return Beside(_SIDE_OF[reached.pause], reached.place)

    def left(self, around: Around, start: int) -> Beside:
        """What courtesy leads to."""
        reach = self._reach(self._backwards, (around.left,))
        return self._left(around, reach, len(self._words) - start)

    def left_framed(self, around: Around, start: int, with_subject: bool = False) -> Beside:
        """What courtesy, and what introduces a request, lead to; and past its subject, too."""
        framed = (around.left, around.left_frames)
        reach = self._reach(self._backwards, framed, around.left_asking)
        found = self._left(around, reach, len(self._words) - start)
        if with_subject and found.side < Side.PAUSE:
            behind = around.left_subjects.longest(self._backwards, found.place)
            if behind > found.place:
                return self._left(around, reach, behind)
            start = len(self._words) - start
            if found.place > start and self._backwards[found.place - 1] in around.joins:
                return Beside(Side.PAUSE, found.place, found.asked)
        return found

    def _left(self, around: Around, reach: Reach, start: int) -> Beside:
        reached = reach(start)
        if any(end > start + 1 for end in around.left_blockers.ends(self._backwards, start)):
            return Beside(Side.BLOCKED, start)
        if reached.place == len(self._words):
            return Beside(Side.MESSAGE, reached.place, reached.doubtful)
        side = _SIDE_OF[reached.pause]
        if side is Side.OPEN:
            side = self._unbroken(around, start, reached.place)
        return Beside(side, reached.place, reached.doubtful)

    def _unbroken(self, around: Around, start: int, reached: int) -> Side:
        """What a word is for a match with no break between them."""
        if self._places_backwards.has_any(around.turns, start, reached):
            return Side.PAUSE
        pauses = bool(around.left_pauses.ends(self._backwards, start))
        if around.left_blockers.ends(self._backwards, reached) and not (
            pauses and self._backwards[reached] in around.closers
        ):
            return Side.BLOCKED
        return Side.PAUSE if pauses else Side.OPEN

    def _reach(
        self, words: Sequence[str], skipped: tuple[Phrases, ...], doubtful: Phrases = NOTHING
    ) -> Reach:
        if skipped not in self._reaches:
            self._reaches[skipped] = Reach(words, skipped, doubtful)
        return self._reaches[skipped]

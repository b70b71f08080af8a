"""One text, searched for the requests of the languages' wording.

The wording says what a request is made of; this module decides by what stands around it. Nothing here
may know a language, or who sent the text.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from optout.domain.enums import Certainty, Intent
from optout.language import tokens
from optout.language.grammar import CompiledWording, Grammar
from optout.language.languages import RequestEntry, Weight, WordEntry
from optout.language.places import Places
from optout.language.surroundings import Beside, Side, Surroundings
from optout.language.tokens import LINE, SENTENCE
from optout.language.typos import Spelled


@dataclass(frozen=True, slots=True)
class FoundRequest:
    """A request that a text contains: what it asks, by which rule and in which words. One that is
    `refused` has what makes a request, and something beside it that the rules do not know."""

    intent: Intent
    sure: bool
    rule: str
    language: str
    start: int
    end: int
    matched: str = ""
    refused: bool = False

    @property
    def certainty(self) -> Certainty:
        return Certainty.CERTAIN if self.sure else Certainty.PROBABLE

    @property
    def rank(self) -> tuple[bool, bool, bool, int]:
        """What is no refused one counts; then the surer one; of those, the one that asks for more; of
        those, the longer."""
        return not self.refused, self.sure, self.intent is Intent.STOP_ALL, self.end - self.start


class Reading:
    """One text that is being searched."""

    def __init__(
        self, text: tokens.Tokens, spelled: Spelled, grammar: Grammar, spoken: Collection[str]
    ) -> None:
        self._text = text
        self._words = spelled.words
        self._unsure = spelled.unsure
        self._length = sum(not tokens.is_break(word) for word in spelled.words)
        self._grammar = grammar
        self._spoken = spoken
        self._surroundings = Surroundings(self._words)
        self._places = Places(self._words)
        self._denied: set[int] = set()

    def found(self, wordings: Sequence[CompiledWording]) -> FoundRequest | None:
        """The request that counts. One that the rules refuse is none where another language knows that
        it is denied: do not stop."""
        every = list(self._requests(wordings))
        kept = (
            each
            for each in every
            if not each.refused or self._denied.isdisjoint(range(each.start, each.end))
        )
        return max(kept, key=_rank, default=None)

    def _requests(self, wordings: Sequence[CompiledWording]) -> Iterator[FoundRequest]:
        own = self._before_echo()
        for wording in wordings:
            first_words = wording.pattern.elements[0].phrases.first_words
            for start in range(own):
                if self._words[start] not in first_words:
                    continue
                end = wording.pattern.end(self._words, start)
                if end is None:
                    continue
                if isinstance(wording.entry, RequestEntry):
                    found = self._request(wording, wording.entry, start, end)
                else:
                    found = self._word(wording, wording.entry, start, end)
                if found is not None:
                    yield found

    def _before_echo(self) -> int:
        """Where somebody else's text begins, such as our footer: with the sentence that shows it."""
        sentence = 0
        for place, word in enumerate(self._words):
            if word in (SENTENCE, LINE):
                sentence = place + 1
            elif 0 < self._grammar.echoes.longest(self._words, place) - place < len(self._words):
                # Less than the whole: "reply stop" and nothing else is somebody who did as told.
                return sentence
        return len(self._words)

    @cached_property
    def _doubts(self) -> list[int]:
        """Where something stands that makes a request doubtful: laughter, another way to be reached."""
        doubts = self._grammar.doubts
        return [place for place in range(len(self._words)) if doubts.ends(self._words, place)]

    def _request(
        self, wording: CompiledWording, entry: RequestEntry, start: int, end: int
    ) -> FoundRequest | None:
        """A verb and what it acts on."""
        left = self._surroundings.left_framed(wording.around, start, entry.before != "start")
        if left.side is Side.BLOCKED:
            self._denied.add(start)
            return None
        right = self._surroundings.right(wording.around, end)
        if right.side is Side.OPEN and wording.unless.ends(self._words, right.place):
            return None
        is_doubtful = right.side is Side.OPEN and bool(self._doubts)
        if is_doubtful or not self._may_stand(wording, entry, start, left, right):
            return self._refused(wording, entry.name, start, end)
        sure = (
            entry.certainty is Certainty.CERTAIN
            and not left.asked
            and Side.OPEN not in (left.side, right.side)
        )
        return self._found(wording, entry.name, sure, start, end)

    def _may_stand(
        self, wording: CompiledWording, entry: RequestEntry, start: int, left: Beside, right: Beside
    ) -> bool:
        """Whether the rules let a request stand where it does. Something unknown may follow it if it is
        a new sentence without a full stop before it."""
        if entry.alone:
            return left.side is right.side is Side.MESSAGE
        goes_on = right.side is Side.OPEN and entry.after != "any"
        if goes_on and not wording.around.starters.ends(self._words, right.place):
            return False
        is_open = left.side is Side.OPEN and entry.before != "any"
        return not is_open or self._follows_statement(wording, start)

    def _word(
        self, wording: CompiledWording, entry: WordEntry, start: int, end: int
    ) -> FoundRequest | None:
        """A word that is a request by itself: as the message, its first sentence, or a line of it."""
        if entry.company and not self._has_company(wording, start, end):
            return None
        if entry.weight is Weight.FAINT and wording.unless.ends(self._words, end):
            return None
        left = self._surroundings.left(wording.around, start).side
        right = self._surroundings.right(wording.around, end).side
        whole = left is right is Side.MESSAGE
        strong = entry.weight is Weight.STRONG
        if whole:
            alone = end - start == self._length
            sure = strong or (alone and entry.weight is Weight.WEAK)
            return self._found(wording, "alone" if alone else "courtesy", sure, start, end)
        if entry.weight is Weight.FAINT:
            return None
        if left is Side.MESSAGE and right is Side.SENTENCE:
            return self._found(wording, "sentence", True, start, end)
        if left >= Side.LINE and right >= Side.LINE:
            return self._found(wording, "line", False, start, end)
        if strong and left >= Side.PAUSE and right >= Side.PAUSE:
            return self._found(wording, "sentence", False, start, end)
        if not strong:
            return None
        found = self._strong_word(wording, entry, start, end)
        return found or self._refused(wording, "-".join(self._words[start:end][:3]), start, end)

    def _has_company(self, wording: CompiledWording, start: int, end: int) -> bool:
        """Whether a word that other languages have, too, is of this one: the sender's country speaks
        it, or another word of the text is only in it."""
        beside = (*self._words[:start], *self._words[end:])
        return wording.language in self._spoken or not wording.around.own.isdisjoint(beside)

    def _strong_word(
        self, wording: CompiledWording, entry: WordEntry, start: int, end: int
    ) -> FoundRequest | None:
        """Where hardly anything else is meant: I told you to STOP; STOP and something unknown."""
        around = wording.around
        framed = self._surroundings.left_framed(around, start)
        if framed.side is Side.BLOCKED:
            self._denied.add(start)
        right = self._surroundings.right(around, end)
        if right.side >= Side.SENTENCE and framed.side >= Side.PAUSE:
            return self._found(wording, "frame", False, start, end)
        left = self._surroundings.left(around, start)
        shouted = self._has_small_letters and self._text.is_in_capitals(start)
        if right.side is Side.MESSAGE and left.side is Side.OPEN:
            if shouted:
                return self._found(wording, "shouted", False, start, end)
            if self._is_told(wording, start) and not self._is_governed(wording, start):
                return self._found(wording, "last", False, start, end)
        if entry.topics and left.side is Side.MESSAGE and right.side is Side.OPEN:
            return self._with_topic(wording, start, end, right.place, shouted)
        return None

    def _follows_statement(self, wording: CompiledWording, start: int) -> bool:
        """Whether a match follows a sentence that is whole: I am at work (don't text me)."""
        governed = self._words[start - 1] in wording.around.governors
        return self._is_told(wording, start) and not governed

    def _is_told(self, wording: CompiledWording, start: int) -> bool:
        """Whether the words before a match in its sentence tell something: I have moved (stop)."""
        statements = wording.around.statements.ends(self._words, self._sentences[start])
        return any(end <= start for end in statements)

    def _is_governed(self, wording: CompiledWording, start: int) -> bool:
        """Whether a match may belong to a word before it in its sentence: I want it to (stop)."""
        return self._places.has_any(wording.around.governors, self._sentences[start], start)

    def _is_activity(self, wording: CompiledWording, place: int) -> bool:
        """Whether a word is something that one does and stops: crying."""
        return self._words[place].endswith(wording.around.verb_endings)

    @cached_property
    def _sentences(self) -> list[int]:
        """Where the sentence, or the part of it, begins in which each place is."""
        begin, begins = 0, []
        for place, word in enumerate(self._words):
            begins.append(begin)
            if tokens.is_break(word):
                begin = place + 1
        return begins

    @cached_property
    def _has_small_letters(self) -> bool:
        return any(map(str.islower, self._text.text))

    def _with_topic(
        self, wording: CompiledWording, start: int, end: int, topic: int, shouted: bool
    ) -> FoundRequest | None:
        """STOP with a code, a topic, or a sentence that has no full stop before it."""
        behind = self._surroundings.right(wording.around, topic + 1).side
        if self._words[topic].isdigit() and behind > Side.OPEN:
            return self._found(wording, "code", True, start, topic + 1)
        if wording.unless.ends(self._words, topic) or self._is_activity(wording, topic):
            return None
        if behind is Side.MESSAGE:
            return self._found(wording, "topic", False, start, topic + 1)
        if shouted or wording.around.starters.ends(self._words, topic):
            return self._found(wording, "sentence", False, start, end)
        return None

    def _found(
        self, wording: CompiledWording, name: str, sure: bool, start: int, end: int
    ) -> FoundRequest | None:
        if isinstance(wording.entry, WordEntry):
            name = f"{'-'.join(self._words[start:end][:3])}+{name}"
        sure = sure and self._unsure.isdisjoint(range(start, end))
        if self._doubts and (self._doubts[0] < start or self._doubts[-1] >= end):
            if wording.is_likely_only:
                return self._refused(wording, name, start, end)
            sure = False
        return FoundRequest(wording.entry.intent, sure, name, wording.language, start, end)

    def _refused(self, wording: CompiledWording, name: str, start: int, end: int) -> FoundRequest:
        intent, language = wording.entry.intent, wording.language
        return FoundRequest(intent, False, name, language, start, end, refused=True)


def _rank(found: FoundRequest) -> tuple[bool, bool, bool, int]:
    return found.rank

"""Requests to stop in people's own words.

What makes a request of a verb is what it acts on, to its right, and who is told, to its left: "stop
texting me" against "stop by" and "he won't stop texting me". The wording is the languages' data; this
module decides by what stands around it. Nothing here may know a language, or who sent the text.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from optout.domain.enums import Certainty, Intent
from optout.language import quotes, tokens
from optout.language.grammar import Grammar, Rule, grammar
from optout.language.languages import RequestEntry, Weight, WordEntry
from optout.language.surroundings import Side, Surroundings
from optout.language.tokens import LINE, SENTENCE

# What a misspelling may have that is no plain letter: digits, other alphabets, a letter held down.
_DIGIT = re.compile(r"[0-9$]")
_HELD_DOWN = re.compile(r"([A-Za-z])\1\1")


@dataclass(frozen=True, slots=True)
class Finding:
    """A request that a text contains: what it asks, by which rule and in which words."""

    intent: Intent
    sure: bool
    rule: str
    language: str
    start: int
    end: int
    matched: str = ""

    @property
    def certainty(self) -> Certainty:
        return Certainty.CERTAIN if self.sure else Certainty.PROBABLE

    @property
    def rank(self) -> tuple[bool, bool, int]:
        """The surer one counts; of those, the one that asks for more; of those, the longer."""
        return self.sure, self.intent is Intent.STOP_ALL, self.end - self.start


@dataclass(frozen=True, slots=True)
class _Spelled:
    """The words of a text, mistyped ones corrected, and which of those may have been meant as such."""

    words: Sequence[str]
    unsure: frozenset[int] = frozenset()


def find(plain: str, words: Sequence[str]) -> Finding | None:
    """The request in a plain text, given its words; the surest where there are several."""
    found = _find(plain, words)
    if found is None and words and all(map(tokens.is_break, words[1:])):
        apart = grammar().joined.apart(words[0])
        found = _find(" ".join(apart), apart) if apart else None
        return found and replace(found, sure=False)
    return found


def _find(plain: str, words: Sequence[str]) -> Finding | None:
    compiled = grammar()
    if not compiled.candidates(frozenset(_corrected(plain, words, compiled).words)):
        return None
    own = quotes.own_words(plain, compiled.reactions)
    text = tokens.tokens(own)
    spelled = _corrected(own, text.words, compiled)
    rules = compiled.candidates(frozenset(spelled.words))
    found = max(_Reading(text, spelled, compiled).findings(rules), key=_rank, default=None)
    if found is None:
        return None
    return Finding(
        found.intent,
        found.sure,
        found.rule,
        found.language,
        found.start,
        found.end,
        text.between(found.start, found.end),
    )


def goes_on(plain: str) -> bool:
    """Whether the second line makes another thing of the word that is the first: END, of story."""
    words = tokens.words(plain.strip())
    return any(
        end is not None and words[end : end + 1] == [LINE] and bool(rule.unless.ends(words, end + 1))
        for rule in grammar().candidates(frozenset(words))
        if isinstance(rule.entry, WordEntry)
        for end in (rule.pattern.end(words, 0),)
    )


def _rank(finding: Finding) -> tuple[bool, bool, int]:
    return finding.rank


def _corrected(plain: str, words: Sequence[str], compiled: Grammar) -> _Spelled:
    if len(words) == 1 and words[0] in compiled.typos_alone:
        return _Spelled([compiled.typos_alone[words[0]]], frozenset((0,)))
    if compiled.typos.variants.keys().isdisjoint(words) and not _is_odd(plain):
        return _Spelled(words)
    meant = [compiled.typos.meant(word) for word in words]
    return _Spelled(
        [spelling.word if spelling else word for spelling, word in zip(meant, words, strict=True)],
        frozenset(place for place, spelling in enumerate(meant) if spelling and not spelling.sure),
    )


def _is_odd(plain: str) -> bool:
    return not plain.isascii() or bool(_DIGIT.search(plain) or _HELD_DOWN.search(plain))


class _Reading:
    """One text that is being searched."""

    def __init__(self, text: tokens.Tokens, spelled: _Spelled, compiled: Grammar) -> None:
        self._text = text
        self._words = spelled.words
        self._unsure = spelled.unsure
        self._length = sum(not tokens.is_break(word) for word in spelled.words)
        self._grammar = compiled
        self._surroundings = Surroundings(self._words)

    def findings(self, rules: Sequence[Rule]) -> Iterator[Finding]:
        own = self._before_echo()
        for rule in rules:
            first_words = rule.pattern.elements[0].phrases.first_words
            for start in range(own):
                if self._words[start] not in first_words:
                    continue
                end = rule.pattern.end(self._words, start)
                if end is None:
                    continue
                if isinstance(rule.entry, RequestEntry):
                    found = self._request(rule, rule.entry, start, end)
                else:
                    found = self._word(rule, rule.entry, start, end)
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

    def _request(self, rule: Rule, entry: RequestEntry, start: int, end: int) -> Finding | None:
        """A verb and what it acts on."""
        right = self._surroundings.right(rule.around, end)
        if right.side is Side.OPEN and not self._may_go_on(rule, entry, right.place):
            return None
        left = self._surroundings.left_framed(rule.around, start, entry.before == "subject")
        if left.side is Side.BLOCKED:
            return None
        if left.side is Side.OPEN and entry.before != "any":
            statement = self._statement(rule, start)
            if not statement or statement[-1] in rule.around.governors:
                return None
        if entry.alone and not left.side is right.side is Side.MESSAGE:
            return None
        sure = (
            entry.certainty is Certainty.CERTAIN
            and not left.asked
            and Side.OPEN not in (left.side, right.side)
        )
        return self._finding(rule, entry.name, sure, start, end)

    def _may_go_on(self, rule: Rule, entry: RequestEntry, place: int) -> bool:
        """Whether something unknown may follow; a new sentence without a full stop before it may."""
        if rule.unless.ends(self._words, place):
            return False
        return entry.after == "any" or bool(rule.around.starters.ends(self._words, place))

    def _word(self, rule: Rule, entry: WordEntry, start: int, end: int) -> Finding | None:
        """A word that is a request by itself: as the message, its first sentence, or a line of it."""
        left = self._surroundings.left(rule.around, start).side
        right = self._surroundings.right(rule.around, end).side
        whole = left is right is Side.MESSAGE
        strong = entry.weight is Weight.STRONG
        if whole:
            alone = end - start == self._length
            sure = strong or (alone and entry.weight is Weight.WEAK)
            return self._finding(rule, "alone" if alone else "courtesy", sure, start, end)
        if entry.weight is Weight.FAINT:
            return None
        if left is Side.MESSAGE and right is Side.SENTENCE:
            return self._finding(rule, "sentence", True, start, end)
        if left >= Side.LINE and right >= Side.LINE:
            return self._finding(rule, "line", False, start, end)
        if strong and left >= Side.PAUSE and right >= Side.PAUSE:
            return self._finding(rule, "sentence", False, start, end)
        return self._strong_word(rule, entry, start, end) if strong else None

    def _strong_word(self, rule: Rule, entry: WordEntry, start: int, end: int) -> Finding | None:
        """Where hardly anything else is meant: I told you to STOP; STOP and something unknown."""
        around = rule.around
        framed = self._surroundings.left_framed(around, start)
        right = self._surroundings.right(around, end)
        if right.side >= Side.SENTENCE and framed.side >= Side.PAUSE:
            return self._finding(rule, "frame", False, start, end)
        left = self._surroundings.left(around, start)
        shouted = self._text.is_shouted(start)
        if right.side is Side.MESSAGE and left.side is Side.OPEN:
            if shouted:
                return self._finding(rule, "shouted", False, start, end)
            statement = self._statement(rule, start)
            if statement and rule.around.governors.isdisjoint(statement):
                return self._finding(rule, "last", False, start, end)
        if entry.topics and left.side is Side.MESSAGE and right.side is Side.OPEN:
            return self._with_topic(rule, start, end, right.place, shouted)
        return None

    def _statement(self, rule: Rule, start: int) -> Sequence[str]:
        """The words before a match in its sentence, where they tell something: I have moved (stop)."""
        begin = start
        while begin > 0 and not tokens.is_break(self._words[begin - 1]):
            begin -= 1
        said = self._words[begin:start]
        return said if rule.around.statements.ends(said, 0) else ()

    def _with_topic(
        self, rule: Rule, start: int, end: int, topic: int, shouted: bool
    ) -> Finding | None:
        """STOP with a code, a topic, or a sentence that has no full stop before it."""
        behind = self._surroundings.right(rule.around, topic + 1).side
        if self._words[topic].isdigit() and behind > Side.OPEN:
            return self._finding(rule, "code", True, start, topic + 1)
        if rule.unless.ends(self._words, topic) or self._words[topic].endswith("ing"):
            return None
        if behind is Side.MESSAGE:
            return self._finding(rule, "topic", False, start, topic + 1)
        if shouted or rule.around.starters.ends(self._words, topic):
            return self._finding(rule, "sentence", False, start, end)
        return None

    def _finding(self, rule: Rule, name: str, sure: bool, start: int, end: int) -> Finding | None:
        if isinstance(rule.entry, WordEntry):
            name = f"{'-'.join(self._words[start:end][:3])}+{name}"
        sure = sure and self._unsure.isdisjoint(range(start, end))
        if self._doubts and (self._doubts[0] < start or self._doubts[-1] >= end):
            if rule.is_likely_only:
                return None
            sure = False
        return Finding(rule.entry.intent, sure, name, rule.language, start, end)

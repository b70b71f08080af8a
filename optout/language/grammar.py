"""The languages' wording, compiled once for searching a text.

Nothing here may know the text that is searched.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain

from optout.domain.enums import Certainty, Intent
from optout.domain.text import plain_text
from optout.language.joined import Joined
from optout.language.languages import Language, RequestEntry, WordEntry, languages
from optout.language.phrases import NOTHING, Compiler, Pattern, Phrases, sequences
from optout.language.tokens import phrase
from optout.language.typos import Typos


@dataclass(frozen=True, slots=True)
class Around:
    """What may stand around a request of one language. What is to its left is searched backwards."""

    right: Phrases
    left: Phrases
    left_frames: Phrases
    left_asking: Phrases
    left_subjects: Phrases
    left_pauses: Phrases
    left_blockers: Phrases
    turns: frozenset[str]
    joins: frozenset[str]
    closers: frozenset[str]
    statements: Phrases
    governors: frozenset[str]
    starters: Phrases


@dataclass(frozen=True, slots=True)
class Rule:
    """One word or wording of the data, compiled. The order is that of the files."""

    language: str
    entry: WordEntry | RequestEntry
    pattern: Pattern
    unless: Phrases
    around: Around
    order: int = 0

    @property
    def is_likely_only(self) -> bool:
        """Whether a wording is only likely to be a request even where nothing unknown is beside it."""
        entry = self.entry
        return isinstance(entry, RequestEntry) and entry.certainty is Certainty.PROBABLE


@dataclass(frozen=True, slots=True)
class Grammar:
    """Everything that a text is searched for."""

    rules: Mapping[str, tuple[Rule, ...]]
    triggers: frozenset[str]
    manners: Phrases
    help_words: Mapping[str, str]
    echoes: Phrases
    doubts: Phrases
    reactions: re.Pattern[str]
    typos: Typos
    typos_alone: Mapping[str, str]
    joined: Joined

    def candidates(self, present: frozenset[str]) -> list[Rule]:
        """The rules whose words a text has, in their order; hardly any for an ordinary one."""
        found = [
            rule
            for word in present & self.triggers
            for rule in self.rules[word]
            if not any(map(present.isdisjoint, rule.pattern.needs))
        ]
        return sorted(found, key=_order) if len(found) > 1 else found


@lru_cache(maxsize=1)
def grammar() -> Grammar:
    """The grammar of all language files."""
    every = tuple(map(_without_accents, languages().values()))
    courtesy = _courtesy(every)
    forwards, backwards = Phrases(courtesy), _backwards(courtesy)
    rules: dict[str, list[Rule]] = {}
    count = 0
    for language in every:
        around = _around(language, forwards, backwards)
        for rule in chain(_requests(language, around), _words(language, around)):
            count += 1
            for trigger in rule.pattern.needs[0]:
                rules.setdefault(trigger, []).append(replace(rule, order=count))
    known = {word for each in every for text in _vocabulary(each) for word in phrase(text)}
    return Grammar(
        rules={trigger: tuple(found) for trigger, found in rules.items()},
        triggers=frozenset(rules),
        manners=_phrases((each, each.context.manners) for each in every),
        help_words={
            " ".join(phrase(word)): each.language
            for each in every
            for entry in each.word
            if entry.intent is Intent.HELP
            for word in entry.words
        },
        echoes=_phrases((each, each.context.echoes) for each in every),
        doubts=_phrases((each, each.context.doubts) for each in every),
        reactions=_reactions(every),
        typos=_typos(every, rules, known),
        typos_alone={form: word for each in every for form, word in each.typos.alone.items()},
        joined=Joined(known),
    )


def _without_accents(language: Language) -> Language:
    """The same language, spelled as plain texts are."""
    return Language.model_validate_json(plain_text(language.model_dump_json(exclude={"cases"})))


def _order(rule: Rule) -> int:
    return rule.order


def _courtesy(every: Sequence[Language]) -> frozenset[tuple[str, ...]]:
    """What changes nothing, in any language; so does saying the word again."""
    repeated = (
        phrase(word)
        for each in every
        for entry in each.word
        if entry.intent.opts_out
        for word in entry.words
    )
    said = (_spelled(each, (*each.context.courtesy, *each.context.manners)) for each in every)
    return frozenset(chain(repeated, *said))


def _around(language: Language, courtesy: Phrases, courtesy_backwards: Phrases) -> Around:
    """Courtesy counts in any language, unless it undoes a request in this one."""
    blockers = list(_spelled(language, language.context.blockers))
    return Around(
        right=courtesy.without(blockers),
        left=courtesy_backwards.without(map(_reversed, blockers)),
        left_frames=_backwards(_spelled(language, language.context.frames)),
        left_asking=_backwards(_spelled(language, language.context.asking)),
        left_subjects=_backwards(_spelled(language, language.context.subjects)),
        left_pauses=_backwards(_spelled(language, language.context.pauses)),
        left_blockers=_backwards(blockers),
        turns=frozenset(language.context.turns),
        joins=frozenset(language.context.joins),
        closers=frozenset(language.context.closers),
        statements=_phrases([(language, language.context.statements)]),
        governors=frozenset(language.context.governors),
        starters=_phrases([(language, language.context.starters)]),
    )


def _words(language: Language, around: Around) -> Iterator[Rule]:
    compiler = Compiler(language.classes, NOTHING, language.context.common)
    for entry in language.word:
        if entry.intent.opts_out:
            yield from _rules(language, around, entry, entry.words, compiler)


def _requests(language: Language, around: Around) -> Iterator[Rule]:
    fillers = _phrases([(language, language.context.fillers)])
    compiler = Compiler(language.classes, fillers, language.context.common)
    for entry in language.request:
        yield from _rules(language, around, entry, entry.says, compiler)


def _rules(
    language: Language,
    around: Around,
    entry: WordEntry | RequestEntry,
    texts: Iterable[str],
    compiler: Compiler,
) -> Iterator[Rule]:
    unless = _phrases([(language, entry.unless)])
    for text in texts:
        for pattern in compiler.patterns(text):
            yield Rule(language.language, entry, pattern, unless, around)


def _typos(every: Sequence[Language], triggers: Iterable[str], known: Set[str]) -> Typos:
    """What some language has as a word of its own is no mistyped one."""
    never = {word for each in every for word in each.typos.never}
    words = [word for each in every for word in each.typos.words]
    return Typos(words, known | never | set(triggers), known)


def _vocabulary(language: Language) -> Iterator[str]:
    for entry in language.word:
        yield from entry.words
        yield from entry.unless
    yield from chain(*language.classes.values(), language.context.courtesy)


def _reactions(every: Sequence[Language]) -> re.Pattern[str]:
    """What a telephone writes before the message that somebody reacted to."""
    verbs = "|".join(re.escape(verb) for each in every for verb in each.context.reactions)
    return re.compile(rf"(?:\W*(?:{verbs})\b[^\"“«„‘]{{0,30}}|\W*\bto\s+)[\"“«„‘]", re.IGNORECASE)


def _phrases(groups: Iterable[tuple[Language, Iterable[str]]]) -> Phrases:
    return Phrases(each for language, texts in groups for each in _spelled(language, texts))


def _spelled(language: Language, texts: Iterable[str]) -> Iterator[tuple[str, ...]]:
    for text in texts:
        yield from sequences(text, language.classes)


def _backwards(found: Iterable[Sequence[str]]) -> Phrases:
    return Phrases(map(_reversed, found))


def _reversed(sequence: Sequence[str]) -> Sequence[str]:
    return sequence[::-1]

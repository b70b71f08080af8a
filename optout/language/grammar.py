"""The languages' wording, compiled once for searching a text.

Nothing here may know the text that is searched.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from threading import Lock

from optout.domain.enums import Certainty, Intent
from optout.domain.text import plain_text
from optout.language.joined import Joined
from optout.language.languages import Language, RequestEntry, Weight, WordEntry, languages
from optout.language.lexicon import composed
from optout.language.phrases import NOTHING, Compiler, Pattern, Phrases, Sign, sequences, signs
from optout.language.quotes import Quotes
from optout.language.signatures import Signatures
from optout.language.tokens import Tokenizer, phrase
from optout.language.typos import Typos

_COMPILING = Lock()


@dataclass(frozen=True, slots=True)
class Around:
    """What may stand around a request of one language. What is to its left is searched backwards. Its
    `own` words are those that no other language has."""

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
    verb_endings: tuple[str, ...]
    own: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CompiledWording:
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
        if isinstance(self.entry, WordEntry):
            return self.entry.weight is Weight.FAINT
        return self.entry.certainty is Certainty.PROBABLE


@dataclass(frozen=True, slots=True)
class Grammar:
    """Everything that is used to read and search a text."""

    tokenizer: Tokenizer
    quotes: Quotes
    signatures: Signatures
    wordings: Mapping[Sign, tuple[CompiledWording, ...]]
    triggers: frozenset[Sign]
    manners: Phrases
    help_words: Mapping[str, str]
    echoes: Phrases
    doubts: Phrases
    typos: Typos
    joined: Joined

    def candidates(self, words: Sequence[str]) -> list[CompiledWording]:
        """The wordings whose signs a text has, in their order; hardly any for an ordinary text."""
        present = signs(words)
        found = [
            wording
            for sign in present & self.triggers
            for wording in self.wordings[sign]
            if not any(map(present.isdisjoint, wording.pattern.needs))
        ]
        return sorted(found, key=_order) if len(found) > 1 else found


def grammar() -> Grammar:
    """The grammar of all language files. Whoever asks while it is being compiled waits for that."""
    with _COMPILING:
        return _grammar()


@lru_cache(maxsize=1)
def _grammar() -> Grammar:
    return compiled(languages().values())


def compiled(spoken: Iterable[Language]) -> Grammar:
    """The grammar of some languages. If several read a text in the same way, the first counts."""
    every = tuple(_without_accents(composed(each)) for each in spoken)
    courtesy = _courtesy(every)
    forwards, backwards = Phrases(courtesy), _backwards(courtesy)
    wordings: dict[Sign, list[CompiledWording]] = {}
    of_each = {each.language: _known(each) for each in every}
    own = _own_words(of_each)
    found = chain.from_iterable(
        _of_language(each, forwards, backwards, own[each.language]) for each in every
    )
    for order, wording in enumerate(found):
        ordered = replace(wording, order=order)
        for trigger in wording.pattern.needs[0]:
            wordings.setdefault(trigger, []).append(ordered)
    known = frozenset().union(*of_each.values())
    return Grammar(
        tokenizer=Tokenizer(chain.from_iterable(each.writing.contractions for each in every)),
        quotes=Quotes([each.quotes for each in every]),
        signatures=Signatures([each.signatures for each in every]),
        wordings={trigger: tuple(those) for trigger, those in wordings.items()},
        triggers=frozenset(wordings),
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
        typos=_typos(every, chain.from_iterable(map(_words_of, wordings)), known),
        joined=Joined(known, {letter for each in every for letter in each.writing.letters}),
    )


def _without_accents(language: Language) -> Language:
    """The same language, spelled as plain texts are."""
    return Language.model_validate_json(
        plain_text(language.model_dump_json(exclude={"cases", "lexicon", "affixes"}))
    )


def _words_of(sign: Sign) -> Sequence[str]:
    return (sign,) if isinstance(sign, str) else sign


def _order(wording: CompiledWording) -> int:
    return wording.order


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


def _own_words(known: Mapping[str, frozenset[str]]) -> Mapping[str, frozenset[str]]:
    """The words that each language has for itself."""
    times = Counter(chain.from_iterable(known.values()))
    return {
        language: frozenset(word for word in words if times[word] == 1)
        for language, words in known.items()
    }


def _around(
    language: Language, courtesy: Phrases, courtesy_backwards: Phrases, own: frozenset[str]
) -> Around:
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
        verb_endings=language.context.verb_endings,
        own=own,
    )


def _of_language(
    language: Language, courtesy: Phrases, courtesy_backwards: Phrases, own: frozenset[str]
) -> Iterator[CompiledWording]:
    around = _around(language, courtesy, courtesy_backwards, own)
    yield from _requests(language, around)
    yield from _words(language, around)


def _words(language: Language, around: Around) -> Iterator[CompiledWording]:
    compiler = Compiler(language.classes, NOTHING, language.context.common)
    for entry in language.word:
        if entry.intent.opts_out:
            yield from _wordings(language, around, entry, entry.words, compiler)


def _requests(language: Language, around: Around) -> Iterator[CompiledWording]:
    fillers = _phrases([(language, language.context.fillers)])
    compiler = Compiler(language.classes, fillers, language.context.common)
    for entry in language.request:
        yield from _wordings(language, around, entry, entry.says, compiler)


def _wordings(
    language: Language,
    around: Around,
    entry: WordEntry | RequestEntry,
    texts: Iterable[str],
    compiler: Compiler,
) -> Iterator[CompiledWording]:
    unless = _phrases([(language, entry.unless)])
    for text in texts:
        for pattern in compiler.patterns(text):
            yield CompiledWording(language.language, entry, pattern, unless, around)


def _typos(every: Sequence[Language], triggers: Iterable[str], known: Set[str]) -> Typos:
    """The typos; a word that some language has of its own is never a mistyped one."""
    never = {word for each in every for word in each.typos.never}
    words = [word for each in every for word in each.typos.words]
    alone = {form: word for each in every for form, word in each.typos.alone.items()}
    return Typos(words, known | never | set(triggers), known, alone)


def _known(language: Language) -> frozenset[str]:
    return frozenset(word for text in _vocabulary(language) for word in phrase(text))


def _vocabulary(language: Language) -> Iterator[str]:
    for entry in language.word:
        yield from entry.words
        yield from entry.unless
    yield from chain(*language.classes.values(), language.context.courtesy)


def _phrases(groups: Iterable[tuple[Language, Iterable[str]]]) -> Phrases:
    return Phrases(each for language, texts in groups for each in _spelled(language, texts))


def _spelled(language: Language, texts: Iterable[str]) -> Iterator[tuple[str, ...]]:
    for text in texts:
        yield from sequences(text, language.classes)


def _backwards(found: Iterable[Sequence[str]]) -> Phrases:
    return Phrases(map(_reversed, found))


def _reversed(sequence: Sequence[str]) -> Sequence[str]:
    return sequence[::-1]

"""The language files: every entry is sound and does something, and every case comes out as it says."""

from datetime import UTC, datetime

import pytest

from optout.domain.enums import Intent, NumberType, Party
from optout.domain.model import Match
from optout.domain.text import plain_text
from optout.language import rules
from optout.language.classify import classify
from optout.language.grammar import grammar
from optout.language.languages import Language, RequestEntry, WordEntry, languages
from optout.language.phrases import sequences

LANGUAGES = list(languages().values())
REQUESTS = [(language, entry) for language in LANGUAGES for entry in language.request]
WORDS = [(language, entry) for language in LANGUAGES for entry in language.word]
US = rules.choose(NumberType.SHORT_CODE, "US", Party.SERVICE) or rules.unconfigured(
    NumberType.SHORT_CODE, None
)
# What a context's patterns may stand for; more makes the start slow.
MOST_SEQUENCES = 15_000


def outcome(match: Match) -> str:
    """What a case says of a match."""
    if match.intent.opts_out:
        return str(match.certainty)
    return str(match.intent)


def cases(language: Language) -> list[tuple[str, str]]:
    assert language.cases is not None
    return [
        (expected, text) for expected, texts in language.cases.model_dump().items() for text in texts
    ]


def spelled(language: Language, texts: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [each for text in texts for each in sequences(text, language.classes)]


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.language)
def test_cases(language: Language) -> None:
    """Each text of a language is understood as its case says, whatever the rest of the data is."""
    wrong = [
        (text, expected, classify(text, US))
        for expected, text in cases(language)
        if outcome(classify(text, US)) != expected
    ]
    assert not wrong


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.language)
def test_a_language(language: Language) -> None:
    """A language has a source, a day that has been, and patterns that are few enough."""
    assert language.cases is not None
    assert language.reviewed <= datetime.now(UTC).date()
    context = language.context
    patterns = (context.courtesy, context.manners, context.frames, context.asking, context.echoes)
    assert sum(len(spelled(language, texts)) for texts in patterns) < MOST_SEQUENCES
    assert all(name.isupper() and texts for name, texts in language.classes.items())


@pytest.mark.parametrize(
    ("language", "entry"), REQUESTS, ids=[f"{each.language}-{entry.name}" for each, entry in REQUESTS]
)
def test_every_request_has_a_case(language: Language, entry: RequestEntry) -> None:
    """A wording that no case shows is a guess."""
    rule = f"{language.language}:{entry.name}"
    assert any(classify(text, US).rule == rule for _, text in cases(language))
    names = [other.name for other in language.request]
    assert names.count(entry.name) == 1


@pytest.mark.parametrize(
    ("language", "entry"), WORDS, ids=[f"{each.language}-{entry.words[0]}" for each, entry in WORDS]
)
def test_every_word(language: Language, entry: WordEntry) -> None:
    """Each word means what its entry says, as a message of its own."""
    for word in entry.words:
        match = classify(word, US)
        if entry.intent is Intent.HELP:
            assert match.intent is Intent.HELP
        else:
            assert match.intent.opts_out, word


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.language)
def test_every_class_is_used(language: Language) -> None:
    """A class that no pattern names is a mistake."""
    context = language.context.model_dump(exclude={"reactions"})
    texts = [
        *(text for entry in language.request for text in entry.says),
        *(text for texts in language.classes.values() for text in texts),
        *(text for texts in context.values() for text in texts),
    ]
    named = {part for text in texts for name in text.split() for part in name.rstrip("?*").split("|")}
    assert set(language.classes) <= named


def test_spelling_is_plain() -> None:
    """Small letters, so that an entry can match at all; accents may be written."""
    for language in LANGUAGES:
        for entry in language.word:
            assert [word for word in entry.words if word != word.lower()] == []
        for text in language.context.blockers:
            assert plain_text(text) == plain_text(text).lower()


def test_the_words_that_count_by_themselves_have_no_typos_that_are_words() -> None:
    """What the data lists as another word is nobody's misspelling."""
    for language in LANGUAGES:
        for word in language.typos.never:
            assert grammar().typos.meant(word) is None, word
